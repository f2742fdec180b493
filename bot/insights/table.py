"""What is a report of the counts as a table for other programs? One line a number that is shown."""

from __future__ import annotations

import csv
import io
from typing import Final

from bot.guidance.words import LANGS, Lang
from bot.insights.report import Report
from bot.weeks import monday_of

_HEAD: Final = ("week", "what", "name", "title", "language", "at_least")


def as_csv(report: Report, lang: Lang) -> str:
    """Return the report as CSV, with titles in one language.

    ``at_least`` is the number rounded down to tens. What is under ten has no line, and neither has
    what was never opened.
    """
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write(_HEAD)
    for week in report.weeks:
        for section in report.sections:
            for row in section.rows:
                for one in LANGS:
                    if least := row.least[one].get(week):
                        monday = monday_of(week).isoformat()
                        write((monday, section.kind, row.name, row.title.full[lang], one, least))
    return out.getvalue()
