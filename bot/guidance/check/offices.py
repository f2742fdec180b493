"""Does every office that may be missing lead, by those that stand in for it, to one at the end?"""

from __future__ import annotations

from bot.guidance.load import Files
from bot.guidance.model import Guidance
from bot.guidance.problems import Report


def check_offices(files: Files, guidance: Guidance, report: Report) -> None:
    """Report each circle of offices that stand in for each other, once."""
    at = {name: (document.file, node) for document, name, node in files.entries("offices")}
    done: set[str] = set()
    for start in at:
        path: list[str] = []
        name: str | None = start
        while name is not None and name not in done:
            if name in path:
                circle = [*path[path.index(name) :], name]
                file, node = at[name]
                report("C220", file, node["instead"].line, circle=" → ".join(circle))
                break
            path.append(name)
            name = guidance.offices[name].instead
        done.update(path)
