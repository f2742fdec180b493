"""Which things does the guidance consist of, and what would a person see of each of them?

A thing is what the change log can name: a tree by its id, ``topic:…``, ``summary:…``, ``office:…``,
and ``courses``, ``sources``, ``crisis``, ``promise`` and ``draft``, each as a whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, Final

from bot.guidance.model import Guidance, Statement
from bot.guidance.words import Words

_DIGITS: Final = 8
_UNSEEN: Final = frozenset({"known", "renamed", "was"})
"""What only keeps walks under way that began before a rename."""

_UNORDERED: Final = frozenset({"channels", "offices", "refs"})
"""Lists whose order nobody sees: offices come in the order of content/offices.yaml."""

WHOLE: Final[Mapping[str, Words]] = {
    "courses": Words("Courses", "Cours"),
    "sources": Words("Sources", "Sources"),
    "crisis": Words("The card for danger", "La carte en cas de danger"),
    "promise": Words("The promise", "La promesse"),
    "draft": Words("The check of a draft", "La vérification d’une ébauche"),
}
"""Things that exist once, with what people call them."""


def things(guidance: Guidance) -> dict[str, Any]:
    """Return every thing by its name, in the order in which people see them."""
    return {
        **guidance.trees,
        **{f"topic:{name}": card for name, card in guidance.topics.items()},
        **{f"summary:{name}": card for name, card in guidance.summaries.items()},
        **{f"office:{name}": office for name, office in guidance.offices.items()},
        **{name: getattr(guidance, name) for name in WHOLE},
    }


def title(guidance: Guidance, thing: str) -> Words:
    """Return what people call a thing; one that is not there any more keeps its name."""
    sort, _, name = thing.rpartition(":")
    if not sort and thing in guidance.trees:
        return guidance.trees[thing].title
    if thing in WHOLE:
        return WHOLE[thing]
    if sort == "topic" and name in guidance.topics:
        return _led("Topic", "Sujet", guidance.topics[name].title)
    if sort == "summary" and name in guidance.summaries:
        return _led("Summary", "Résumé", guidance.summaries[name].title)
    if sort == "office" and name in guidance.offices:
        return _led("Office", "Bureau", guidance.offices[name].name)
    return Words(thing, thing)


def _led(en: str, fr: str, words: Words) -> Words:
    return Words(f"{en}: {words.en}", f"{fr}\u00a0: {words.fr}")


def digests(guidance: Guidance) -> dict[str, str]:
    """Return a short digest of the meaning of each thing, in both languages.

    It is for the shared guidance, before an organization adds to it. The layout of the files, the
    order of their keys, comments, and whether a sentence is shared do not change it.
    """
    return {name: digest(thing) for name, thing in things(guidance).items()}


def digest(thing: Any) -> str:
    """Return eight hexadecimal digits of what a person would see of ``thing``."""
    text = json.dumps(seen(thing), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def seen(value: Any) -> Any:
    """Return what a person would see of a part of the guidance, as plain data.

    What says nothing is left out, so that a digest outlives a new kind of field that nobody uses.
    """
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: seen(one) for name, one in value.items() if one not in (None, ())}
    if isinstance(value, tuple):
        return [seen(one) for one in value]
    if is_dataclass(value):
        found = {}
        for field in fields(value):
            one = getattr(value, field.name)
            if field.name in _UNORDERED:
                one = tuple(sorted(one, key=str))
            # The id of a statement is its place in a file, or what a file calls it.
            hidden = isinstance(value, Statement) and field.name == "id"
            if field.name not in _UNSEEN and not hidden and one not in (None, False, (), {}):
                found[field.name] = seen(one)
        return found
    return value
