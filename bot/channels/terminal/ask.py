"""What is understood of a question? A line of JSON in, a line of JSON out, and nothing kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from bot.guidance import understand
from bot.guidance.model import Guidance
from bot.guidance.words import Words

_BAD = Words(
    'Each line is an object of JSON with a "text", such as {"text": "Can I post this?"}.',
    'Chaque ligne est un objet JSON avec « text », par exemple {"text": "Puis-je publier?"}.',
)


def ask(guidance: Guidance, lines: Iterable[str]) -> Iterator[str]:
    """Yield for each question what it is about; for a line that is none, what a line must be.

    ``topics`` are ids, the best first; a text in which nothing is known has none.
    """
    for line in lines:
        yield json.dumps(_understood(guidance, line), ensure_ascii=False)


def _understood(guidance: Guidance, line: str) -> dict[str, Any]:
    try:
        text = json.loads(line)["text"]
    except (ValueError, TypeError, KeyError, RecursionError):
        text = None
    if not isinstance(text, str):
        return {"error": {"en": _BAD.en, "fr": _BAD.fr}}
    meant = understand.meaning(guidance, text, None)
    return {
        "topics": [*meant.topics],
        "in_scope": meant.in_scope,
        "lang": meant.lang,
        "crisis": meant.crisis,
    }
