"""How is content checked from the command line, and how are its problems told?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bot.app import utc_now
from bot.cli.reader import reader
from bot.errors import UsageError
from bot.guidance.build import build
from bot.guidance.check import check, check_file
from bot.guidance.load import gather
from bot.guidance.problems import Problem, Report
from bot.guidance.read import read
from bot.guidance.words import Lang, Words
from bot.organization_file import read_organization
from bot.settings import Settings

_SEVERITY: Final = {
    "error": Words("error", "erreur"),
    "warning": Words("warning", "avertissement"),
    "open": Words("to settle", "à régler"),
}

_MORE_FOLLOWS: Final = Words(
    "Form comes first, then what points elsewhere, then words and stories: put these right and"
    " check again.",
    "La forme d’abord, puis les renvois, puis les textes et les récits : corrigez et vérifiez de"
    " nouveau.",
)


def run_check(arguments: argparse.Namespace, settings: Settings) -> int:
    """Check content; 1 where something in it is wrong."""
    path: Path = arguments.path or settings.guidance
    today = utc_now().date()
    if not path.exists():
        raise UsageError(
            Words(
                f"There is no file or folder {path}.",
                f"Il n’y a ni fichier ni dossier {path}.",
            )
        )
    if path.is_dir():
        checked = check(path, today, settle=arguments.open)
        problems = checked.problems
        if settings.organization and arguments.path is None and checked.guidance is not None:
            problems += _check_organization(settings.organization, settings, arguments)
    elif _first_key(path) == "organization":
        problems = _check_organization(path, settings, arguments)
    else:
        problems = _check_one(path, settings, arguments)
    if arguments.open:
        problems = tuple(p for p in problems if p.severity == "open")
    _print_problems(problems, arguments)
    return int(any(problem.severity == "error" for problem in problems))


def _check_one(
    path: Path, settings: Settings, arguments: argparse.Namespace
) -> tuple[Problem, ...]:
    today, home = utc_now().date(), settings.guidance.resolve()
    inside = path.resolve()
    if inside.is_relative_to(home / "dialogs") or inside.is_relative_to(home / "content"):
        name = inside.relative_to(home).as_posix()
        checked = check(home, today, settle=arguments.open)
        mine = tuple(problem for problem in checked.problems if problem.file == name)
        # Errors of others end the check early; then "no problem" would be a false all-clear.
        return mine if mine or not checked.failed else checked.problems
    return check_file(settings.guidance, path, today, settle=arguments.open).problems


def _first_key(path: Path) -> str:
    document = read(path, path.name, Report())
    return document.key if document is not None else ""


def _check_organization(
    path: Path, settings: Settings, arguments: argparse.Namespace
) -> tuple[Problem, ...]:
    report = Report()
    files = gather(settings.guidance, report)
    guidance = None if report.failed else build(files, report)
    if guidance is not None and not report.failed:
        read_organization(path, files, guidance, report, settle=arguments.open)
    return tuple(report.sorted())


def _print_problems(problems: Sequence[Problem], arguments: argparse.Namespace) -> None:
    if arguments.json:
        fields = ("code", "file", "line", "severity", "en", "fr")
        print(json.dumps([{f: getattr(p, f) for f in fields} for p in problems],
                         ensure_ascii=False, indent=1))  # fmt: skip
        return
    lang = reader()
    for p in problems:
        print(f"{p.file}:{p.line}: {_SEVERITY[p.severity][lang]} {p.code}: {getattr(p, lang)}")
    shown = ("open",) if arguments.open else ("error", "warning")
    count = {name: sum(p.severity == name for p in problems) for name in shown}
    print(", ".join(f"{n} {_plural(name, n, lang)}" for name, n in count.items()))
    if count.get("error"):
        print(_MORE_FOLLOWS[lang])


def _plural(name: str, count: int, lang: Lang) -> str:
    """Return the word for a number of problems; French has no plural for zero."""
    word = _SEVERITY[name][lang]
    one = count == 1 or (lang == "fr" and count == 0)
    return word if one or name == "open" else f"{word}s"
