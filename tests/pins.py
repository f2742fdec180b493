"""Pins to test with: the real service, keeper, counter and store, before boards in memory.

    async with world(address) as here:
        form = await here.pin(TEAM, "elections")        # as somebody who chooses, sees and puts it
        await here.rest(hours=1)                        # what the keeper does in an hour
        [post] = here.slack.posts(TEAM)

The clock stands still until it is moved; nothing sleeps. ``Wall`` is a strict counterpart of the
port ``bot.pins.port.Board``: it holds channels with posts, pins and threads, fails in every way of
``bot.platforms`` on demand, and lets nothing pass that the port does not allow.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any, Protocol

from sqlalchemy import delete, select

from bot.app import read_guidance
from bot.channels.pinned import mark, pinned, sources
from bot.channels.slack.pen import PEN
from bot.conversation import Conversation, Reply
from bot.forms import Form, Press, Said
from bot.guidance.model import Guidance, Materiality, Revision
from bot.guidance.words import Lang, Words
from bot.organization import Organization
from bot.pins.counter import CHOOSE, LEAVE, PUT, REMOVE, SEE, PinCounter
from bot.pins.keeper import Keeper
from bot.pins.port import Board, Drawn, Held, Room
from bot.pins.service import Pins
from bot.platforms import GoneError, LaterError, Place, PlatformError, RefusedError, Who
from bot.seal import Envelope
from bot.store import Store, open_store
from bot.store.pins import Pin
from bot.store.tables import metadata, pins, turns
from tests.conftest import ROOT, SAMPLE, TODAY
from tests.desk import SEAL, Clock

TENANTS = {"slack": "T0CAIRN", "teams": "a-tenant"}
TEAM, OTHER = "C0TEAM", "C0OTHER"
SUMMARY = "elections"
TICK, POLL = 0.005, 2.0
WAITED_FOR: ContextVar[bool] = ContextVar("waited_for", default=False)
"""Whether somebody waits for what is being done; tasks that it leads to know it too."""


@contextmanager
def somebody_waits() -> Iterator[None]:
    token = WAITED_FOR.set(True)
    try:
        yield
    finally:
        WAITED_FOR.reset(token)


# ---- a platform


@dataclass
class Post:
    """A post: what it showed from the first time on, and the lines in its thread.

    ``known`` is how many revisions the one knew who posted it.
    """

    shown: list[str]
    known: int
    lines: list[str] = field(default_factory=list)
    deleted: bool = False

    @property
    def text(self) -> str:
        return self.shown[-1]


@dataclass
class Channel:
    """A channel; ``may_pin`` says that Cairn may pin there, ``may_post`` that it may post."""

    room: Room = Room.OPEN
    posts: dict[str, Post] = field(default_factory=dict)
    pinned: list[str] = field(default_factory=list)
    may_pin: bool = True
    may_post: bool = True
    left: set[str] = field(default_factory=set)
    """Who is not in it any more."""


@dataclass(frozen=True)
class Call:
    """Something that was asked of a platform; ``at`` in seconds since 1970."""

    method: str
    channel: str
    ref: str
    at: float
    waited_for: bool


Fault = Callable[[Call], PlatformError | None]


def no_fault(_: Call) -> PlatformError | None:
    return None


class Wall:
    """One platform, as the port ``Board`` wants it."""

    def __init__(self, name: str, clock: Clock, spacing: float = 2.0) -> None:
        self.name = name
        self.spacing = spacing
        self.channels: dict[str, Channel] = {TEAM: Channel(), OTHER: Channel()}
        self.calls: list[Call] = []
        self.fault: Fault = no_fault
        """What goes wrong before something is done."""
        self.fault_after: Fault = no_fault
        """What goes wrong once it is done: whoever called cannot know."""
        self.gate: Callable[[Call], Any] | None = None
        """Awaited before something is done: another may act meanwhile."""
        self.most_a_minute: int | None = None
        self.known = 0
        """How many revisions the one knows who calls."""
        self._clock = clock
        self._numbers = itertools.count(1)
        self._unattended = self.closed_until = 0.0
        self._drawn: dict[str, str] = {}

    # -- what a test looks at

    def posts(self, channel: str = TEAM) -> list[Post]:
        """What everybody in a channel sees, the oldest first."""
        return [post for post in self.channels[channel].posts.values() if not post.deleted]

    def called(self, *methods: str) -> list[Call]:
        return [call for call in self.calls if not methods or call.method in methods]

    def delete_by_hand(self, channel: str = TEAM, ref: str | None = None) -> None:
        """Delete a post, the last one if none is named, as an owner of the channel may."""
        here = self.channels[channel]
        ref = ref or [name for name, post in here.posts.items() if not post.deleted][-1]
        here.posts[ref].deleted = True
        here.pinned = [one for one in here.pinned if one != ref]

    def words_of(self, drawn: Drawn) -> str:
        return self._drawn[drawn.mark]

    # -- the port

    async def room(self, place: Place) -> Room:
        await self._begin("room", place, "")
        channel = self.channels.get(place.channel)
        return channel.room if channel is not None else Room.ABSENT

    async def has(self, place: Place, who: Who) -> bool:
        await self._begin("has", place, "")
        return who.user not in self.channels[place.channel].left

    def draw(self, replies: Sequence[Reply], changed: str | None) -> Drawn:
        assert replies, "a post in no language"
        seen = [block for reply in replies for block in pinned(reply, PEN, changed)]
        seen += sources(replies, PEN)
        words = f"{[reply.lang for reply in replies]} {seen}"
        if "too large" in words:
            raise RefusedError("too_large")
        self._drawn[mark(words)] = words
        return Drawn(mark(words), {"text": words}, seen)

    async def post(self, place: Place, drawn: Drawn) -> str:
        call = await self._begin("post", place, "")
        channel = self._inside(place, RefusedError)
        ref = f"{self.name}-{next(self._numbers)}"
        channel.posts[ref] = Post([self._read(drawn)], self.known)
        self._end(call)
        return ref

    async def update(self, place: Place, ref: str, drawn: Drawn) -> None:
        call = await self._begin("update", place, ref)
        self._standing(place, ref).shown.append(self._read(drawn))
        self._end(call)

    async def hold(self, place: Place, ref: str) -> Held:
        call = await self._begin("hold", place, ref)
        self._standing(place, ref)
        channel = self.channels[place.channel]
        if channel.may_pin and ref not in channel.pinned:
            channel.pinned.append(ref)
        self._end(call)
        return Held.PINNED if channel.may_pin else Held.REFUSED

    async def note(self, place: Place, ref: str, line: str) -> None:
        call = await self._begin("note", place, ref)
        assert line, "an empty line"
        self._standing(place, ref).lines.append(line)
        self._end(call)

    async def remove(self, place: Place, ref: str) -> None:
        call = await self._begin("remove", place, ref)
        channel = self.channels.get(place.channel)
        if channel is not None and channel.room is Room.OPEN:
            channel.posts[ref].deleted = True
            channel.pinned = [one for one in channel.pinned if one != ref]
        self._end(call)

    async def address(self, place: Place, ref: str) -> str | None:
        await self._begin("address", place, ref)
        self._standing(place, ref)
        return f"https://chat.example/{place.channel}/{ref}"

    # -- underneath

    async def _begin(self, method: str, place: Place, ref: str) -> Call:
        assert place.platform == self.name, "another platform's"
        assert place.tenant == TENANTS[self.name]
        now, waited_for = self._clock().timestamp(), WAITED_FOR.get()
        call = Call(method, place.channel, ref, now, waited_for)
        if method in ("post", "room", "has"):
            assert not ref
        else:
            assert ref in self._known(place), f"{method} of a post that never was: {ref!r}"
        if not waited_for:
            assert method != "room", "only people are told what a channel is"
            since = now - self._unattended
            assert since >= self.spacing - 0.001, f"{method} {since} s after the last one"
            assert now >= self.closed_until - 1, "it was told to wait"
            self._unattended = now
        self.calls.append(call)
        if self.gate is not None:
            await self.gate(call)
        if (error := self.fault(call)) is not None:
            if isinstance(error, LaterError) and error.wait:
                self.closed_until = max(self.closed_until, now + error.wait)
            raise error
        if self.most_a_minute is not None and not waited_for:
            recent = [one.at for one in self.calls[:-1] if one.at > now - 60]
            if len(recent) >= self.most_a_minute:
                wait = recent[-self.most_a_minute] + 60 - now
                self.closed_until = now + wait
                raise LaterError("limited", wait)
        return call

    def _end(self, call: Call) -> None:
        if (error := self.fault_after(call)) is not None:
            raise error

    def _known(self, place: Place) -> Mapping[str, Post]:
        channel = self.channels.get(place.channel)
        return channel.posts if channel is not None else {}

    def _inside(self, place: Place, error: type[PlatformError]) -> Channel:
        """The channel, if Cairn may write there."""
        channel = self.channels.get(place.channel)
        if channel is None or channel.room is Room.ABSENT:
            raise error("not_in_channel")
        if channel.room is Room.ARCHIVED:
            raise error("is_archived")
        if not channel.may_post:
            raise RefusedError("restricted_action")
        return channel

    def _standing(self, place: Place, ref: str) -> Post:
        post = self._inside(place, GoneError).posts[ref]
        if post.deleted:
            raise GoneError("message_not_found")
        return post

    def _read(self, drawn: Drawn) -> str:
        assert drawn.message == {"text": self._drawn[drawn.mark]}, "drawn by another board"
        assert 0 < len(drawn.mark) <= 32
        return self._drawn[drawn.mark]


def down(_: Call) -> PlatformError | None:
    return LaterError("down")


def refuses(*methods: str) -> Fault:
    """What refuses each of these methods, whoever asks."""
    return lambda call: RefusedError("restricted_action") if call.method in methods else None


# ---- what is said


@cache
def sample() -> tuple[Guidance, Organization]:
    guidance, organization = read_guidance(ROOT, SAMPLE, TODAY)
    assert organization is not None
    return guidance, organization


@cache
def plain() -> Guidance:
    """The shipped guidance with a change log of one entry, which concerns everything."""
    guidance, _ = sample()
    of = tuple(f"summary:{name}" for name in guidance.summaries)
    first = Revision(date(2026, 11, 1), Materiality.SUBSTANTIVE, of, Words("First.", "Premier."))
    return replace(guidance, revisions=(first,))


def revised(
    guidance: Guidance,
    how: Materiality,
    *names: str,
    on: date = TODAY,
    words: Words | None = None,
) -> Guidance:
    """The guidance with another entry in its change log, about these summaries."""
    number = len(guidance.revisions) + 1
    entry = Revision(
        on,
        how,
        tuple(f"summary:{name}" for name in names),
        words or Words(f"E{number}", f"F{number}"),
    )
    return replace(guidance, revisions=(*guidance.revisions, entry))


def reworded(guidance: Guidance, name: str, words: str) -> Guidance:
    """The guidance in which a summary says something else, first of all."""
    card = guidance.summaries[name]
    first = replace(card.say[0], words=Words(f"{words}.", f"{words} fr."))
    other = replace(card, say=(first, *card.say[1:]))
    version = mark(f"{guidance.version} {name} {words}")[:12]
    return replace(guidance, version=version, summaries={**guidance.summaries, name: other})


def without(guidance: Guidance, name: str) -> Guidance:
    """The guidance without a summary, and with an entry in the change log about that."""
    left = {one: card for one, card in guidance.summaries.items() if one != name}
    return revised(replace(guidance, summaries=left), Materiality.SUBSTANTIVE)


# ---- everything together


@dataclass
class Replica:
    """One process of Cairn."""

    store: Store
    pins: Pins
    keeper: Keeper
    counter: PinCounter
    talk: Conversation


@dataclass
class World:
    """Processes of Cairn on one database, before the same platforms."""

    replicas: list[Replica]
    walls: dict[str, Wall]
    clock: Clock
    envelope: Envelope
    round: float = 900.0
    """Seconds from one look for what changed to the next."""
    next_round: float = 0.0

    @property
    def first(self) -> Replica:
        return self.replicas[0]

    @property
    def slack(self) -> Wall:
        return self.walls["slack"]

    @property
    def teams(self) -> Wall:
        return self.walls["teams"]

    @property
    def now(self) -> float:
        return self.clock().timestamp()

    def say(self, guidance: Guidance, organization: Organization | None = None) -> None:
        """Have all replicas say something else."""
        for replica in self.replicas:
            replica.talk.swap(guidance, organization or replica.talk.organization)

    # -- people

    async def press(self, who: Who, press: Press, lang: Lang = "en", replica: int = 0) -> Form:
        with somebody_waits():
            return await self.acting(replica).counter.press(who, press, lang)

    async def seen(
        self,
        channel: str = TEAM,
        summary: str = SUMMARY,
        langs: str = "both",
        who: Who | None = None,
        lang: Lang = "en",
        replica: int = 0,
    ) -> Form:
        """The form that shows somebody a post before it is put."""
        who = who or person()
        form = await self.press(who, Press(CHOOSE, where=at(who.platform, channel)), lang, replica)
        picked = {"summary": (summary,), "langs": (langs,)}
        return await self.press(who, Press(SEE, form.held, picked), lang, replica)

    async def pin(
        self,
        channel: str = TEAM,
        summary: str = SUMMARY,
        langs: str = "both",
        who: Who | None = None,
        lang: Lang = "en",
        replica: int = 0,
    ) -> Form:
        """Pin a summary, as somebody does; the form that they see at the end."""
        who = who or person()
        form = await self.seen(channel, summary, langs, who, lang, replica)
        return await self.press(who, Press(PUT, form.held), lang, replica)

    async def unpin(
        self, channel: str = TEAM, summary: str = SUMMARY, who: Who | None = None, replica: int = 0
    ) -> Form:
        """Take a summary away, as somebody does."""
        who = who or person()
        place = at(who.platform, channel)
        form = await self.press(who, Press(LEAVE, where=place), replica=replica)
        if not form.held:
            return form
        rows = [row for row in await self.rows() if row.channel == channel]
        picked = tuple(str(row.id) for row in rows if row.summary == summary)
        return await self.press(who, Press(REMOVE, form.held, {"pins": picked}), replica=replica)

    # -- time

    async def rest(self, **time: float) -> None:
        """What all keepers do meanwhile, each call in its own time."""
        start = self.now
        self.clock.move(**time)
        end = self.now
        self.go_to(start)
        while self.now < end:
            if self.now >= self.next_round:
                for replica in self.replicas:
                    await replica.keeper.wake()
                self.next_round = self.now + self.round
            if await self.turn():
                step = min(wall.spacing for wall in self.walls.values()) + TICK
                self.go_to(min(self.now + step, end))
            else:
                self.go_to(min(await self._next(), self.next_round, end))
            # Within a second rows are due at its beginning.
            self.clock.move(milliseconds=1)

    async def turn(self) -> bool:
        """Let each keeper make a call on each platform, if it may; tell whether any did."""
        found = False
        for number in range(len(self.replicas)):
            for name in self.walls:
                found |= await self.acting(number).keeper.once(name)
        return found

    def acting(self, number: int) -> Replica:
        """One of the processes; whatever is done now is done by it."""
        replica = self.replicas[number]
        for wall in self.walls.values():
            wall.known = len(replica.talk.guidance.revisions)
        return replica

    async def _next(self) -> float:
        """When the next thing may be done, at the earliest when somebody looks again."""
        async with self.first.store.transaction() as transaction:
            rows = (await transaction.connection.execute(select(pins))).all()
            held = {row.name: row.at for row in await transaction.connection.execute(select(turns))}
        newest = max(len(replica.talk.guidance.revisions) for replica in self.replicas)
        due = [
            max(row.due, held.get(row.platform, 0) / 1000)
            for row in rows
            if row.due is not None and row.platform in self.walls and row.known <= newest
        ]
        return max(min(due, default=self.now + self.round), self.now + POLL)

    def go_to(self, moment: float) -> None:
        self.clock.move(seconds=moment - self.now)

    # -- what is kept

    async def rows(self) -> list[Pin]:
        async with self.first.store.transaction() as transaction:
            found = await transaction.connection.execute(select(pins).order_by(pins.c.id))
            return [Pin(**row._mapping) for row in found]

    async def empty(self) -> None:
        """Forget everything, as a new database would have."""
        async with self.first.store.transaction() as transaction:
            for table in reversed(metadata.sorted_tables):
                await transaction.connection.execute(delete(table))

    def current(self, summary: str = SUMMARY, langs: str = "en+fr", platform: str = "slack") -> str:
        """What a pin should show now."""
        return self.walls[platform].words_of(self.first.keeper.draw(platform, summary, langs))


class Loops:
    """The loops of a keeper, for which time passes only where a test lets it."""

    def __init__(self, keeper: Keeper, platforms: int, time: Time) -> None:
        self.rounds: asyncio.Queue[int] = asyncio.Queue()
        """What each look for changes has found."""
        self._keeper = keeper
        self._loops = 1 + platforms
        self._time = time
        self._asleep: list[tuple[float, asyncio.Event]] = []
        self._all_asleep = asyncio.Event()
        self._wake = keeper.wake
        keeper._sleep = self._sleep
        keeper.wake = self._woken  # type: ignore[method-assign]

    async def _woken(self) -> int:
        woken = await self._wake()
        self.rounds.put_nowait(woken)
        return woken

    async def _sleep(self, seconds: float) -> None:
        assert seconds > 0
        woken = asyncio.Event()
        self._asleep.append((self._time.now + seconds, woken))
        if len(self._asleep) == self._loops:
            self._all_asleep.set()
        await woken.wait()

    async def let_pass(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Let so many seconds pass, or fewer: ``until`` is asked before each step."""
        end = self._time.now + seconds
        await self._all_asleep.wait()
        while (first := min(self._asleep, key=lambda one: one[0]))[0] <= end:
            if until():
                return
            self._time.go_to(max(first[0], self._time.now))
            self._asleep.remove(first)
            self._all_asleep.clear()
            first[1].set()
            await self._all_asleep.wait()
        self._time.go_to(end)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Loops]:
        running = asyncio.create_task(self._keeper.run())
        try:
            await self.rounds.get()
            yield self
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await self._keeper.drain()


class Time(Protocol):
    """What loops need of a clock."""

    @property
    def now(self) -> float: ...

    def go_to(self, moment: float) -> None: ...


def loops_of(here: World) -> Loops:
    """The loops of the first process."""
    return Loops(here.first.keeper, len(here.walls), here)


def at(platform: str = "slack", channel: str = TEAM) -> Place:
    service = "https://service.example/" if platform == "teams" else ""
    return Place(platform, TENANTS[platform], channel, service)


def person(number: int = 1, platform: str = "slack") -> Who:
    return Who(platform, TENANTS[platform], f"canary-{number}", f"Canary {number}")


def words(form: Form) -> str:
    """All that the bot says in a form."""
    return "\n".join(part.words for part in form.parts if isinstance(part, Said))


def says(form: Form, phrase: str, lang: Lang = "en", **places: object) -> bool:
    """Tell whether a form says a sentence of the bot."""
    return sample()[0].phrases[phrase][lang].format(**places) in words(form)


def replica_on(
    store: Store, walls: Mapping[str, Board], talk: Conversation, clock: Clock, **more: Any
) -> Replica:
    """A process of Cairn on a store."""
    kept = Pins(store)
    keeper = Keeper(kept, walls, {name: talk.on(name) for name in walls}, **more)
    counter = PinCounter(kept, keeper, walls, talk, Envelope((SEAL,), clock))
    return Replica(store, kept, keeper, counter, talk)


@asynccontextmanager
async def world(
    address: str,
    *,
    replicas: int = 1,
    clock: Clock | None = None,
    walls: dict[str, Wall] | None = None,
    guidance: Guidance | None = None,
    department: bool = True,
) -> AsyncIterator[World]:
    """Open pins on a database; what is given again is what was there before a restart.

    The guidance is that of the sample ``department``, or of no organization.
    """
    clock = clock or Clock()
    walls = walls or {"slack": Wall("slack", clock), "teams": Wall("teams", clock, 0.2)}
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(replicas):
            store = await open_store(address, (SEAL,), clock)
            stack.push_async_callback(store.close)
            own = sample()[1] if department else None
            talk = Conversation(guidance or plain(), own, clock)
            made.append(replica_on(store, walls, talk, clock))
        yield World(made, walls, clock, Envelope((SEAL,), clock))
        for replica in made:
            await replica.counter.drain()
