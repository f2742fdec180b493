"""May this content be shown to people? Every rule over every file, each problem with its line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from bot.guidance.build import build
from bot.guidance.check.examples import check_examples
from bot.guidance.check.log import check_log, check_told
from bot.guidance.check.offices import check_offices
from bot.guidance.check.open import report_open
from bot.guidance.check.promise import check_promise
from bot.guidance.check.stories import check_stories
from bot.guidance.check.text import check_words
from bot.guidance.check.trees import check_trees
from bot.guidance.fit import validate
from bot.guidance.load import Files, gather
from bot.guidance.model import Guidance
from bot.guidance.problems import Problem, Report
from bot.guidance.read import read

__all__ = ["Checked", "check", "check_among", "check_file", "check_files"]


@dataclass(frozen=True, slots=True)
class Checked:
    """The guidance, when it could be built at all, and every problem found."""

    files: Files
    guidance: Guidance | None
    problems: tuple[Problem, ...]

    @property
    def failed(self) -> bool:
        """Whether at least one problem is an error."""
        return any(problem.severity == "error" for problem in self.problems)


def check(folder: Path, today: date, *, settle: bool = False) -> Checked:
    """Check the guidance in ``folder``; with ``settle``, list what a person must still settle."""
    report = Report()
    files = gather(folder, report)
    checked = check_files(files, today, report, settle=settle)
    if checked.guidance is not None:
        check_examples(folder, checked.guidance, report)
        if not report.failed:
            # What is still being mended need not be described yet.
            check_told(files, checked.guidance, today, report)
    return replace(checked, problems=tuple(report.sorted()))


def check_file(folder: Path, path: Path, today: date, *, settle: bool = False) -> Checked:
    """Check one file as it would stand in the guidance of ``folder``, and report only on it.

    Where the file is fine but others break with it, they are reported instead.

    A tree, topic or summary stands in for the one of the same name; the entries of any other
    file for the entries of the same name.
    """
    shipped = Report()
    files = gather(folder, shipped)
    if shipped.failed:
        return Checked(files, None, tuple(shipped.sorted()))
    return check_among(files, path, today, settle=settle)


def check_among(files: Files, path: Path, today: date, *, settle: bool = False) -> Checked:
    """Check one file as ``check_file`` does, among files that were read already."""
    report = Report()
    document = read(path, path.name, report)
    if document is None or not validate(document, report):
        return Checked(files, None, tuple(report.sorted()))
    checked = check_files(files.with_overlay(document), today, report, settle=settle)
    mine = tuple(problem for problem in checked.problems if problem.file == path.name)
    if checked.failed and not mine:
        # The file is fine by itself, but others no longer build or hold with it.
        mine = tuple(problem for problem in checked.problems if problem.severity == "error")
    return Checked(checked.files, checked.guidance, mine)


def check_files(files: Files, today: date, report: Report, *, settle: bool = False) -> Checked:
    """Check files that were read already; ``report`` holds what reading them found."""
    guidance = None if report.failed else build(files, report)
    if guidance is not None and not report.failed:
        check_words(files.all(), files, guidance.hosts, report)
        check_trees(files, guidance, today, report)
        check_offices(files, guidance, report)
        check_promise(files, guidance, report)
        check_log(files, guidance, report)
        check_stories(files, guidance, today, report)
        if settle:
            report_open(files, guidance, report)
    return Checked(files, guidance, tuple(report.sorted()))
