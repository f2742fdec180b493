"""Do the examples of what people type belong to topics, each to one, and can they be read?"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bot.guidance.examples import ASIDE, CRISIS, FOLDER, NO_CRISIS, examples, paths
from bot.guidance.learnt import FILE, fingerprint
from bot.guidance.model import Guidance
from bot.guidance.problems import Report, nearest
from bot.guidance.words import LANGS, fold

_LONGEST: Final = 600
_NO_TOPICS: Final = frozenset((*ASIDE, CRISIS, NO_CRISIS))


def check_examples(folder: Path, guidance: Guidance, report: Report) -> None:
    """Report every example of a guidance folder that cannot be learnt from."""
    for name in _NO_TOPICS & {*guidance.topics}:
        report("C818", f"content/topics/{name}.yaml", 1, id=name)
    known = {*guidance.topics, *_NO_TOPICS}
    for _, path in paths(folder):
        name = path.relative_to(folder).as_posix()
        if path.stem not in known:
            report("C813", name, 1, id=path.stem, near=nearest(path.stem, known))
        try:
            path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            report("C816", name, 1)
            return
    for lang in LANGS:
        for name in {*guidance.topics} - {path.stem for of, path in paths(folder) if of == lang}:
            report("C817", f"{FOLDER}/{lang}/{name}.txt", 1, id=name)
    seen: dict[tuple[str, str], str] = {}
    for one in examples(folder):
        if len(one.text) > _LONGEST:
            report("C815", one.file, one.line, count=len(one.text))
        if one.topic == NO_CRISIS:
            continue
        other = seen.setdefault((one.lang, fold(one.text)), one.file)
        if other != one.file:
            report("C814", one.file, one.line, other=other)
    if guidance.learnt is None:
        report("C811", FILE, 1)
    elif guidance.learnt.fingerprint != fingerprint(folder):
        report("C812", FILE, 1)
