"""Is anything lost, or done too often, where the process dies at any point on the way?

A life is a process that is killed at a point of its own, by SIGKILL, and the next life finds out
what the one before has left. A point lies before each statement or message to the database, before
each call of a platform and after it, and after each acknowledgement; they are numbered by counting
them, so that there is one for each thing that the outside can see. What platforms and people have
seen is in a file that outlives every life.

``python -m tests.test_desk_crash 500`` does several things at once, with faults of the platforms,
and dies at random points, as often as it is told.
"""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.desk import cards, consent, officer, own, writing
from bot.desk.case import State
from bot.desk.port import Card, Reader
from bot.desk.records import OFFICE as BY_OFFICE
from bot.desk.records import PERSON
from bot.forms import Press, Said
from bot.platforms import LaterError, Place, PlatformError, Who
from bot.seal import Bearer, Envelope, Surface
from bot.store import audit, engine
from bot.store.tables import case_keys, cases, outbox
from tests.conftest import NOON
from tests.desk import (
    BY_MAIL,
    CHANNEL,
    OFFICE,
    OFFICERS,
    OTHER,
    OTHER_CHANNEL,
    READERS,
    SEAL,
    Channel,
    Chat,
    Clock,
    Post,
    World,
    person,
    world,
)
from tests.desk import officer as another_officer
from tests.lives import Points, alone, spawn
from tests.whole import one_now

pytest_plugins = ["tests.postgres"]
POSTGRES = pytest.mark.xdist_group("postgres")

NEWCOMER = another_officer(9)
CALLED, SAID, REACH = "what was written", "what was answered", "613-555-0100"
PATIENCE = 120.0


class Diary:
    """What the outside has seen, in a file."""

    def __init__(self, folder: Path, point: Points) -> None:
        self._folder = folder
        self._path = folder / "diary"
        self.point = point

    def databases(self) -> list[Path]:
        """The files of SQLite beside it, if it is SQLite."""
        return [*self._folder.glob("cairn.db*")]

    def add(self, *what: object) -> None:
        with self._path.open("ab") as file:
            pickle.dump(what, file)

    def entries(self) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        if self._path.exists():
            with self._path.open("rb") as file:
                while file.peek(1):
                    found.append(pickle.load(file))
        return found


class Lasting(Chat):
    """A chat that outlives the process."""

    def __init__(self, name: str, diary: Diary) -> None:
        super().__init__(name)
        self._diary = diary
        self.channels = {
            CHANNEL: Channel({who.user: who.name for who in READERS}),
            OTHER_CHANNEL: Channel({"U0ELSE1": "Somebody", "U0ELSE2": "Somebody else"}),
        }

    async def remember(self) -> None:
        for target, method, args in self._diary.entries():
            if target == self.name:
                await getattr(super(), method)(*args)

    async def _done(self, method: str, *args: object) -> Any:
        self._diary.point()
        done = await getattr(super(), method)(*args)
        self._diary.add(self.name, method, args)
        self._diary.point()
        return done

    async def readers(self, place: Place) -> tuple[Reader, ...]:
        self._diary.point()
        return await super().readers(place)

    async def post(self, place: Place, card: Card) -> str:
        return str(await self._done("post", place, card))

    async def update(self, place: Place, ref: str, card: Card) -> None:
        await self._done("update", place, ref, card)

    async def remind(self, place: Place, ref: str, line: str) -> None:
        await self._done("remind", place, ref, line)

    async def tell(self, who: Who, card: Card) -> None:
        await self._done("tell", who, card)


class LastingPost(Post):
    """A mail server that outlives the process."""

    def __init__(self, diary: Diary) -> None:
        super().__init__()
        self._diary = diary

    async def remember(self) -> None:
        for target, _, args in self._diary.entries():
            if target == "post":
                await super().send(*args)

    async def send(self, to: str, subject: str, text: str, ident: str) -> None:
        self._diary.point()
        await super().send(to, subject, text, ident)
        self._diary.add("post", "send", (to, subject, text, ident))
        self._diary.point()


# ---- errands


@dataclass(frozen=True, slots=True)
class Errand:
    """Something that is asked of the desk: who presses what, in which case."""

    kind: str
    number: str
    asker: Who
    by: Who
    press: Press
    sign: str
    """The sentence by which the desk acknowledges it."""
    key: bytes = b""


@dataclass(slots=True)
class Life:
    """One process, from its start to its end."""

    world: World
    diary: Diary
    point: Points

    async def errand(self, kind: str, asker: Who) -> Errand:
        """Come to the point at which a press is all that is missing."""
        if kind in ("offer", "letter", "asking"):
            office = {"letter": BY_MAIL, "asking": OTHER}.get(kind, OFFICE)
            text = REACH if kind == "letter" else CALLED
            press = await self._reviewed(asker, office, text)
            number = _number_in(press, asker, self.world.clock)
            return Errand(kind, number, asker, asker, press, "desk_sent_title")
        number = asker.user.removeprefix("asker-").zfill(8)
        await self.world.send(asker, CALLED, number=number)
        await self.world.deliver()
        if kind == "reply":
            await self.world.service.claim(number, OFFICERS[0])
            await self.world.service.clear(number, OFFICERS[0])
            await self.world.deliver()
            press = Press(officer.REPLY, number, written={"reply": SAID})
            return Errand(kind, number, asker, OFFICERS[0], press, "desk_replied")
        key = await self._key(number)
        assert key is not None
        press = Press(own.WITHDRAWN, number)
        return Errand(kind, number, asker, asker, press, "desk_withdrawn", key)

    async def _reviewed(self, who: Who, office: str, text: str) -> Press:
        counter = self.world.counter
        form = await counter.press(who, Press(writing.OFFICES, "post_reported"), "en")
        chosen = Press(writing.WRITE, form.held, {"office": (office,)})
        form = await counter.press(who, chosen, "en")
        form = await counter.press(
            who, Press(writing.REVIEW, form.held, written={"text": text}), "en"
        )
        return Press(consent.SEND, form.held, {"agree": ("yes",)}, {"text": text})

    async def act(self, errand: Errand) -> None:
        """Press, and deliver what comes of it."""
        if await self.press(errand):
            self.diary.add("acknowledged", "", errand.number)
            self.point()
        if errand.kind == "asking":
            self.world.slack.channels[OTHER_CHANNEL].members[NEWCOMER.user] = NEWCOMER.name
        await self.world.deliver()

    async def press(self, errand: Errand) -> bool:
        """Press; tell whether it was acknowledged."""
        form = await self.world.counter.press(errand.by, errand.press, "en")
        sign = self.world.conversation.guidance.phrases[errand.sign]["en"]
        return any(isinstance(part, Said) and part.words == sign for part in form.parts)

    # -- what was left

    async def settle(self) -> None:
        """Find out what the last life has left; let people go on, and look at what comes of it."""
        entries = self.diary.entries()
        begun = [place for place, entry in enumerate(entries) if entry[0] == "life"]
        if not begun:
            return
        since = entries[begun[-1] :]
        acknowledged = {number for target, _, number in since if target == "acknowledged"}
        for errand in entries[begun[-1]][2]:
            settle = getattr(self, f"_settle_{errand.kind}")
            await settle(errand, errand.number in acknowledged)
        async with self.world.store.transaction() as transaction:
            assert (await audit.chain(transaction.connection)).broken is None
        self.diary.add("life", "settled", [])

    async def drain(self) -> None:
        """Deliver everything; what waits because a platform failed gets its time."""
        for _ in range(12):
            await self.world.deliver()
            async with self.world.store.transaction() as transaction:
                left = (await transaction.connection.execute(select(outbox))).all()
            if not left:
                return
            assert not any(row.parked for row in left)
            self.world.clock.move(minutes=10)
        raise AssertionError(left)

    async def _settle_offer(self, errand: Errand, acknowledged: bool) -> None:
        await self._settle_sent(errand, acknowledged)
        number = errand.number
        row, words = await self._row(number), await self._words(errand.asker, number)
        assert row.state == State.OFFERED
        assert words == [(PERSON, CALLED)]
        shown = self._shown(CHANNEL, number)
        assert row.card in shown, "the card that is known is there"
        assert len(shown) in (1, 2), "and at most one more"
        stale = set(shown) - {row.card}
        self._count(errand.kind, stale)
        at = next(iter(stale), row.card)
        await self.world.counter.press(OFFICERS[0], Press(cards.CLAIM, number, at=at), "en")
        assert (await self._row(number)).state == State.CHECKING, "a card that stands twice works"
        await self.drain()
        shown = self._shown(CHANNEL, number)
        assert [ref for ref, card in shown.items() if card.buttons] == [row.card], "then once"
        assert await self._acts(number) == ["open", "offer", "claim"]

    async def _settle_letter(self, errand: Errand, acknowledged: bool) -> None:
        await self._settle_sent(errand, acknowledged)
        assert (await self._row(errand.number)).state == State.CLOSED
        letters = [one for one in self.world.post.letters if one[3] == errand.number]
        assert len(letters) in (1, 2)
        assert len(set(letters)) == 1, "a mail server can tell that it is the same"
        self._count(errand.kind, letters[1:])
        assert await self._acts(errand.number) == ["open", "letter"]

    async def _settle_asking(self, errand: Errand, acknowledged: bool) -> None:
        members = self.world.slack.channels[OTHER_CHANNEL].members
        members.pop(NEWCOMER.user, None)
        assert await self._press_send_again(errand, acknowledged)
        members[NEWCOMER.user] = NEWCOMER.name
        await self.drain()
        assert (await self._row(errand.number)).state == State.ASKING
        assert not self._shown(OTHER_CHANNEL, errand.number), "nothing before they have agreed"
        self._count(errand.kind, self._told(errand)[1:])
        counter, asker = self.world.counter, errand.asker
        form = await counter.press(asker, Press(cards.READ, errand.number), "en")
        await counter.press(asker, Press(own.AGREE, form.held), "en")
        await self.drain()
        assert (await self._row(errand.number)).state == State.OFFERED
        assert len(self._shown(OTHER_CHANNEL, errand.number)) == 1
        assert await self._acts(errand.number) == ["open", "ask_again", "agree", "offer"]
        del members[NEWCOMER.user]

    async def _settle_reply(self, errand: Errand, acknowledged: bool) -> None:
        number = errand.number
        kept = len(await self._words(errand.asker, number)) == 2
        assert kept or not acknowledged
        if not kept:
            assert await self.press(errand)
        await self.drain()
        words = await self._words(errand.asker, number)
        assert words == [(PERSON, CALLED), (BY_OFFICE, SAID)]
        assert (await self._row(number)).state == State.ANSWERED
        self._count(errand.kind, self._told(errand)[1:])
        assert len(self._shown(CHANNEL, number)) == 1
        acts = [act for act in await self._acts(number) if act != "read"]
        assert acts == ["open", "offer", "claim", "clear", "reply"]

    async def _settle_withdraw(self, errand: Errand, acknowledged: bool) -> None:
        number = errand.number
        withdrawn = (await self._row(number)).state in (State.WITHDRAWN, State.PURGED)
        assert withdrawn or not acknowledged
        assert (await self._key(number) is None) == withdrawn, "both, or none"
        if not withdrawn:
            assert await self.press(errand)
        assert await self._key(number) is None
        for path in self.diary.databases():
            assert errand.key not in path.read_bytes(), f"its key lives on in {path.name}"
        await self.drain()
        [card] = self._shown(CHANNEL, number).values()
        assert not card.buttons
        await self.world.keeper.purge()
        assert (await self._row(number)).state == State.PURGED
        assert await self._acts(number) == ["open", "offer", "withdraw", "erase"]

    async def _settle_sent(self, errand: Errand, acknowledged: bool) -> None:
        assert await self._press_send_again(errand, acknowledged)
        await self.drain()

    async def _press_send_again(self, errand: Errand, acknowledged: bool) -> bool:
        """Whoever does not know whether it was sent presses Send once more."""
        assert await self._row(errand.number) is not None or not acknowledged, "it is lost"
        return await self.press(errand)

    def _count(self, kind: str, more: Sequence[object] | set[str]) -> None:
        """Note where something was seen once more than needed; never more than once more."""
        assert len(more) <= 1, kind
        self.diary.add("twice", kind, len(more))

    def _told(self, errand: Errand) -> list[Card]:
        told = [card for user, card in self.world.teams.told if user == errand.asker.user]
        assert told, "the person is told"
        assert {card.value for card in told} == {errand.number}
        return told

    def _shown(self, channel: str, number: str) -> dict[str, Card]:
        found = self.world.slack.channels[channel].cards
        return {ref: card for ref, card in found.items() if card.value == number}

    async def _row(self, number: str) -> Any:
        async with self.world.store.transaction() as transaction:
            found = await transaction.connection.execute(
                select(cases).where(cases.c.number == number)
            )
            return found.one_or_none()

    async def _key(self, number: str) -> bytes | None:
        async with self.world.store.transaction() as transaction:
            found = select(case_keys.c.sealed).where(case_keys.c.number == number)
            return (await transaction.connection.execute(found)).scalar_one_or_none()

    async def _words(self, who: Who, number: str) -> list[tuple[str, str]]:
        words = (await self.world.service.read(number, who)).words
        return [(one.sender, one.text) for one in words]

    async def _acts(self, number: str) -> list[str]:
        async with self.world.store.transaction() as transaction:
            return [one.act for one in await audit.of_case(transaction.connection, number)]


def _number_in(press: Press, who: Who, clock: Clock) -> str:
    """The number that a case will have once this is pressed."""
    bearer = Bearer(who.platform, who.tenant, who.user, Surface.DESK)
    return str(json.loads(Envelope((SEAL,), clock).open(press.held, bearer))["number"])


# ---- lives


@dataclass(frozen=True, slots=True)
class Plan:
    """Where lives take place, and what each of them does."""

    address: str
    folder: Path
    kinds: Sequence[str]
    seed: int | None = None

    async def live(self, life: int, deadly: int) -> None:
        """Settle what the last life has left, then do something; die on the way."""
        chance = random.Random(self.seed)
        point = Points(deadly)
        point.watch_databases()
        diary = Diary(self.folder, point)
        slack, teams = Lasting("slack", diary), Lasting("teams", diary)
        post, clock = LastingPost(diary), Clock(NOON + timedelta(hours=life))
        async with world(self.address, clock=clock, slack=slack, teams=teams, post=post) as here:
            for outside in (slack, teams, post):
                await outside.remember()
            mine = Life(here, diary, point)
            await alone(here.store)
            await mine.settle()
            askers = [person(1_000 + life * 10 + place) for place in range(len(self.kinds))]
            errands = [await mine.errand(*one) for one in zip(self.kinds, askers, strict=True)]
            diary.add("life", life, errands)
            if self.seed is not None:
                slack.fault = teams.fault = partial(_sometimes, chance)
            point.counts = True
            await asyncio.gather(*(mine.act(errand) for errand in errands))
            point.counts = False
            slack.fault = teams.fault = lambda _: None
            clock.move(minutes=10)
            await mine.settle()

    def lived(self, life: int, deadly: int) -> bool:
        """Live in a process of its own; tell whether that was killed before the end."""
        warm()
        return spawn(partial(self.live, life, deadly))

    def twice(self) -> Counter[str]:
        """How often each kind of thing was seen once more than needed."""
        twice: Counter[str] = Counter()
        for target, kind, many in Diary(self.folder, Points()).entries():
            if target == "twice":
                twice[kind] += many
        return twice


@cache
def warm() -> None:
    """Read and import once, in the parent of all lives, what each of them needs."""

    async def once() -> None:
        async with world(f"sqlite:///{folder}/cairn.db") as here:
            mine = Life(here, Diary(Path(folder), Points()), Points())
            await mine.act(await mine.errand("offer", person(1)))

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(once())


def _sometimes(chance: random.Random, _: str) -> PlatformError | None:
    return LaterError("down") if chance.random() < 0.2 else None


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody gives up because this machine is busy."""
    monkeypatch.setattr(engine, "PATIENCE", PATIENCE)


LEAST = {"offer": 30, "reply": 40, "letter": 30, "asking": 30, "withdraw": 20}
"""How many points there are at the least, or they were not seen."""


def die_everywhere(plan: Plan) -> None:
    """Die at each point once."""
    [kind], deadly = plan.kinds, 0
    while plan.lived(deadly, deadly):
        deadly += 1
    assert deadly >= LEAST[kind]
    # What goes out is not noted at once, so some who died in between did it once more. To take
    # something back tells nobody, and a card that is changed twice is still one.
    assert (plan.twice()[kind] > 0) == (kind != "withdraw")


@pytest.mark.parametrize("kind", one_now(*reversed(LEAST)))
def test_nothing_is_lost_wherever_the_process_dies_on_sqlite(kind: str, tmp_path: Path):
    die_everywhere(Plan(f"sqlite:///{tmp_path}/cairn.db", tmp_path, [kind]))


@pytest.mark.long
@POSTGRES
@pytest.mark.parametrize("kind", ["offer", "reply", "withdraw"])
def test_nothing_is_lost_wherever_the_process_dies_on_postgresql(
    kind: str, tmp_path: Path, new_database: Callable[[], str]
):
    die_everywhere(Plan(new_database(), tmp_path, [kind]))


KINDS = ("offer", "offer", "reply", "letter", "withdraw")


def die_at_random(address: str, folder: Path, seeds: int) -> Counter[str]:
    """Do several things at once and die somewhere, once for each seed."""
    chance = random.Random(seeds)
    for seed in range(seeds):
        plan = Plan(address, folder, chance.choices(KINDS, k=3), seed)
        plan.lived(seed, chance.randrange(150))
    plan = Plan(address, folder, [])
    plan.lived(seeds, -1)
    return plan.twice()


def test_nothing_is_lost_where_it_dies_while_several_things_go_on(tmp_path: Path):
    die_at_random(f"sqlite:///{tmp_path}/cairn.db", tmp_path, 12)


if __name__ == "__main__":
    logging.disable()
    engine.PATIENCE = PATIENCE
    with tempfile.TemporaryDirectory() as made:
        where = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{made}/cairn.db"
        print(dict(die_at_random(where, Path(made), int(sys.argv[1]))))  # noqa: T201
