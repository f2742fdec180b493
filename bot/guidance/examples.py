"""What do people ask in their own words? Examples, for each topic, for understanding to rest on.

They stand in ``content/examples/en`` and ``fr``, a file for each topic, one example a line; an
author adds a line. A line such as ``# voice1`` names who wrote the lines after it.
Some files belong to no topic: ``out_of_scope.txt`` holds what Cairn has no guidance on,
``small_talk.txt``, ``thanks.txt`` and ``rude.txt`` what people say to Cairn itself, ``crisis.txt``
what is said when a life or somebody's safety is at risk, and ``no_crisis.txt`` what only sounds
like it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.guidance.words import LANGS, Lang

FOLDER: Final = "content/examples"
OUT_OF_SCOPE: Final = "out_of_scope"
SMALL_TALK: Final = "small_talk"
THANKS: Final = "thanks"
RUDE: Final = "rude"
ASIDE: Final = (OUT_OF_SCOPE, SMALL_TALK, THANKS, RUDE)
"""What is no question about the guidance."""

CRISIS: Final = "crisis"
NO_CRISIS: Final = "no_crisis"
"""What only sounds like danger; it is no topic, and teaches nothing else."""

_WRITER: Final = "# "


@dataclass(frozen=True, slots=True)
class Example:
    """One example: its language, the topic that it belongs to, its writer, and where it stands."""

    lang: Lang
    topic: str
    writer: str
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
        writer = ""
        name = path.relative_to(folder).as_posix()
        rows = path.read_text(encoding="utf-8").splitlines()
        for line, row in enumerate(rows, start=1):
            text = row.strip()
            if text.startswith(_WRITER):
                writer = text.removeprefix(_WRITER).strip()
            elif text:
                yield Example(lang, path.stem, writer, text, name, line)
