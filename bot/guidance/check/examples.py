"""Do the examples of what people type belong to topics, each to one, and can they be read?"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bot.guidance.examples import CRISIS, OUT_OF_SCOPE, examples, paths
from bot.guidance.model import Guidance
from bot.guidance.problems import Report, nearest
from bot.guidance.words import fold

_LONGEST: Final = 600


def check_examples(folder: Path, guidance: Guidance, report: Report) -> None:
    """Report every example of a guidance folder that cannot be learnt from."""
    known = {*guidance.topics, OUT_OF_SCOPE, CRISIS}
    for _, path in paths(folder):
        name = path.relative_to(folder).as_posix()
        if path.stem not in known:
            report("C813", name, 1, id=path.stem, near=nearest(path.stem, known))
        try:
            path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            report("C816", name, 1)
            return
    seen: dict[tuple[str, str], str] = {}
    for one in examples(folder):
        if len(one.text) > _LONGEST:
            report("C815", one.file, one.line, count=len(one.text))
        other = seen.setdefault((one.lang, fold(one.text)), one.file)
        if other != one.file:
            report("C814", one.file, one.line, other=other)
