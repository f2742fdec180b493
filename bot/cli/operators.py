"""What does an operator run: the service itself, a look at it, its cases, its counts?"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING, Final

from bot.app import examined, read_guidance, serve, shown_counts, timekeeper, utc_now
from bot.cli.reader import reader
from bot.conversation import Conversation
from bot.findings import Grade
from bot.guidance.words import Lang, Words
from bot.operating import told_of_cases
from bot.privacy import set_up_logging
from bot.settings import Settings
from bot.starting import told_at_start
from bot.weeks import last_shown

if TYPE_CHECKING:
    from bot.desk.timekeeping import Counts

_GRADES: Final = {
    Grade.GOOD: Words("ok", "ok"),
    Grade.NOTE: Words("note", "à noter"),
    Grade.FIX: Words("TO DO", "À FAIRE"),
}


def run_serve(_: argparse.Namespace, settings: Settings) -> int:
    """Serve every channel that is on until told to stop."""
    set_up_logging()

    def started(conversation: Conversation) -> None:
        print(
            "\n".join(words[reader()] for words in told_at_start(conversation, settings)),
            flush=True,
        )

    serve(settings, started, set_up_logging)
    return 0


def run_doctor(_: argparse.Namespace, settings: Settings) -> int:
    """Tell what is to be said of all parts; 1 where something is to be done."""

    async def told() -> bool:
        amiss = False
        async for finding in examined(settings, utc_now()):
            amiss = amiss or finding.grade is Grade.FIX
            print(f"{_GRADES[finding.grade][reader()]:<10}{finding.words[reader()]}", flush=True)
        return amiss

    set_up_logging()
    return int(asyncio.run(told()))


def run_cases(_: argparse.Namespace, settings: Settings) -> int:
    """Tell how many cases there are."""

    async def counts() -> Counts:
        async with timekeeper(settings) as keeper:
            return await keeper.counts()

    for words in told_of_cases(asyncio.run(counts())):
        print(words[reader()])
    return 0


def run_purge(_: argparse.Namespace, settings: Settings) -> int:
    """Erase what is due now."""

    async def purged() -> int:
        async with timekeeper(settings) as keeper:
            return await keeper.purge()

    print(
        Words("Cases erased: {}", "Demandes effacées : {}")[reader()].format(asyncio.run(purged()))
    )
    return 0


def run_rekey(_: argparse.Namespace, settings: Settings) -> int:
    """Wrap the keys of cases by the first of the operator’s keys."""

    async def rewrapped() -> int:
        async with timekeeper(settings) as keeper:
            return await keeper.rekey()

    told = Words("Keys wrapped anew: {}", "Clés enveloppées de nouveau : {}")
    print(told[reader()].format(asyncio.run(rewrapped())))
    return 0


def run_insights(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print how often guidance was opened, by week."""
    from bot.insights.page import as_html
    from bot.insights.report import WEEKS, report
    from bot.insights.table import as_csv

    lang: Lang = arguments.lang or reader()
    guidance, _ = read_guidance(settings.guidance, settings.organization, None)
    now = utc_now()
    found = asyncio.run(shown_counts(settings, now))
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    if arguments.format == "html":
        print(as_html(report(guidance, found, last_shown(now), WEEKS), guidance, lang))
        return 0
    if not found:
        print(f"cairn: {guidance.phrases['insights_none'][lang]}", file=sys.stderr)
    print(as_csv(report(guidance, found, last_shown(now), None), lang), end="")
    return 0
