"""Which sentences of the privacy promise are proved, and what do several proofs need?"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from bot.guidance.model import CHANNELS, HANDS_OVER, Guidance, Promise
from bot.guidance.words import LANGS
from tests.slack.fake import FakeSlack
from tests.teams.fake import FakeTeams

MARK = "promise-canary-4b1d"
VARIANTS = [(channel, False) for channel in CHANNELS] + [(channel, True) for channel in HANDS_OVER]
"""Each channel, and whether something can be sent to an office from it."""


class Claim(NamedTuple):
    """A sentence as it is said on a channel, where something can be sent or where nothing can."""

    sentence: str
    channel: str
    hands_over: bool


PROVED: set[Claim] = set()
Drain = Callable[[], Awaitable[None]]


def proves(
    sentence: str, *channels: str, handoff: bool = False
) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Mark a test as the proof of a sentence, on these channels.

    ``handoff`` says that it proves it where something can be sent to an office.
    """

    def mark(test: Callable[..., object]) -> Callable[..., object]:
        PROVED.update(Claim(sentence, channel, handoff) for channel in channels)
        return test

    return mark


def claims(promise: Promise) -> set[Claim]:
    """Return what the promise claims, sentence by sentence, on every channel."""
    return {
        Claim(sentence.id, channel, hands_over)
        for channel, hands_over in VARIANTS
        for sentence in promise.told(channel, hands_over=hands_over)
    }


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def kept_in(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every table of the database that holds something, and its rows."""
    with closing(sqlite3.connect(folder / "cairn.db")) as database:
        tables = database.execute("select name from sqlite_master where type = 'table'")
        kept = {name: database.execute(f"select * from {name}").fetchall() for (name,) in tables}
    return {name: rows for name, rows in kept.items() if rows}


def seen_only(folder: Path) -> int:
    """Return how many events the database has seen, when it holds nothing else but counts."""
    kept = kept_in(folder)
    assert set(kept) <= {"seen", "counts", "alembic_version"}
    assert all(len(digest) == 32 and isinstance(hour, int) for digest, hour in kept["seen"])
    return len(kept["seen"])


def counted_only(folder: Path, guidance: Guidance) -> set[str]:
    """Return the kinds that are counted, when rows hold nothing but weeks and names of ours."""
    names = {*guidance.trees, *guidance.topics, "yes", "no", "slack", "teams", "web"}
    names |= {f"summary:{name}" for name in guidance.summaries}
    names |= {f"{tree.id}/{answer}" for tree in guidance.trees.values() for answer in tree.answers}
    rows = kept_in(folder).get("counts", [])
    for week, _, name, lang, many in rows:
        assert (date(1970, 1, 1) + timedelta(days=week)).weekday() == 0
        assert name in names
        assert lang in LANGS
        assert isinstance(many, int)
    return {kind for _, kind, *_ in rows}


async def on_slack(fake: FakeSlack, drain: Drain) -> str:
    """Walk, write and ask in every way that Slack knows; return what was typed."""
    typed = f"{MARK} can I post this?"
    alice = fake.person("alice", locale="en-CA")
    team = fake.channel("team", alice, fake.person("bob"))
    await alice.slash("/cairn", typed, team)
    await alice.mention(team, typed)
    await alice.message(typed)
    await alice.message("post")
    await alice.shortcut("post_reported.en")
    view = alice.view
    await alice.pick(view, "pick:en:channel", "media_query")
    await alice.submit(view)
    await alice.press(view, "back")
    await alice.open_home()
    await drain()
    return typed


async def on_teams(fake: FakeTeams, drain: Drain) -> str:
    """Walk, write and ask in every way that Teams knows; return what was typed."""
    typed = f"{MARK} can I post this?"
    alice = fake.person("alice", installed=False)
    team = fake.channel("team", alice, fake.person("bob"))
    await alice.install()
    await alice.message(typed)
    await drain()
    await alice.mention(team, typed)
    await drain()
    await alice.message("menu")
    await drain()
    await alice.type(alice.card, "say", typed)
    await alice.press(alice.card, "goto")
    await drain()
    await alice.press(alice.card, "private:whole")
    await alice.press(alice.dialog, "open:crisis")
    await alice.extension("check_before_post", context="message", html=f"<p>{typed}</p>", at=team)
    await alice.pick(alice.dialog, "pick:en:who", "employee")
    await alice.press(alice.dialog, "choose")
    await drain()
    return typed
