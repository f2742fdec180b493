"""What is a report of the counts as a page? HTML that needs nothing else: no script, no address."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from typing import Final

import jinja2
from markupsafe import Markup

from bot.disclosure import STEP
from bot.guidance.model import Guidance
from bot.guidance.words import Lang
from bot.insights import plot
from bot.insights.plot import Plot, top_of
from bot.insights.report import Report, Row, Section
from bot.weeks import monday_of

_UNDER: Final = f"<{STEP}"
_EXAMPLE: Final = 3 * STEP


@dataclass(frozen=True, slots=True)
class _Line:
    """A name with its picture."""

    row: Row
    plot: Plot
    alternative: str


@dataclass(frozen=True, slots=True)
class _Group:
    """Names of one section that belong together; ``title`` is nothing where all of them do."""

    title: str | None
    lines: tuple[_Line, ...]


def as_html(report: Report, guidance: Guidance, lang: Lang) -> str:
    """Return the report as one page in one language."""
    folder = files("bot.insights") / "templates"
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bot.insights"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    style = (folder / "page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    def phrase(name: str, **places: object) -> str:
        return guidance.phrases[name][lang].format(**places)

    def least(row: Row, week: int, one: Lang) -> str:
        return _number(row.least[one].get(week), lang)

    return environment.get_template("page.html").render(
        lang=lang,
        report=report,
        days=[monday_of(week) for week in report.weeks],
        sections=[_section(one, report, guidance, lang) for one in report.sections],
        style=Markup(style),  # noqa: S704 a file of ours
        digest=digest,
        under=_UNDER,
        example=_number(_EXAMPLE, lang),
        t=phrase,
        least=least,
        number=lambda many: _grouped(many, lang),
        place=plot,
    )


def _section(
    section: Section, report: Report, guidance: Guidance, lang: Lang
) -> Mapping[str, object]:
    loud = [row for row in section.rows if not row.is_quiet]
    top = top_of(loud)

    def line(row: Row) -> _Line:
        words = guidance.phrases["insights_most"][lang].format(
            title=row.title.full[lang],
            en=_number(max(row.least["en"].values(), default=None), lang),
            fr=_number(max(row.least["fr"].values(), default=None), lang),
        )
        return _Line(row, plot.plot(row, report.weeks, top), words)

    groups = [
        _Group(title[lang] if title else None, tuple(line(row) for row in rows))
        for title, rows in groupby(loud, lambda row: row.title.group)
    ]
    quiet = [row.title.full[lang] for row in section.rows if row.is_quiet]
    return {"kind": section.kind, "groups": groups, "quiet": quiet}


def _number(least: int | None, lang: Lang) -> str:
    """Return a number that is rounded down; what is not shown is under the least that is."""
    return f"{_grouped(least, lang)}+" if least else _UNDER


def _grouped(many: int, lang: Lang) -> str:
    return f"{many:,}" if lang == "en" else f"{many:,}".replace(",", "\u00a0")
