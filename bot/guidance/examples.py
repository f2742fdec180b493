"""What do people ask in their own words? Examples, for each topic, for understanding to rest on.

They stand in ``content/examples/en`` and ``fr``, a file for each topic, one example a line; an
author adds a line. A line that begins with ``#`` is a remark, and begins a part: whoever wrote it.
``out_of_scope.txt`` holds what Cairn has no guidance on, ``crisis.txt`` what is said when a life or
somebody's safety is at risk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.guidance.words import LANGS, Lang

FOLDER: Final = "content/examples"
OUT_OF_SCOPE: Final = "out_of_scope"
CRISIS: Final = "crisis"


@dataclass(frozen=True, slots=True)
class Example:
    """One example: its language, the topic that it belongs to, and where it stands."""

    lang: Lang
    topic: str
    part: int
    text: str = field(repr=False)
    file: str
    line: int


def paths(folder: Path) -> Iterator[tuple[Lang, Path]]:
    """Yield the files of examples of a guidance folder, in order."""
    for lang in LANGS:
        for path in sorted((folder / FOLDER / lang).glob("*.txt")):
            yield lang, path


def examples(folder: Path) -> Iterator[Example]:
    """Yield every example of a guidance folder, in order."""
    for lang, path in paths(folder):
        part = 0
        name = path.relative_to(folder).as_posix()
        rows = path.read_text(encoding="utf-8").splitlines()
        for line, row in enumerate(rows, start=1):
            text = row.strip()
            if text.startswith("#"):
                part += 1
            elif text:
                yield Example(lang, path.stem, part, text, name, line)
