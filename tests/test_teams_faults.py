"""What becomes of a person when Teams fails: another way where there is one, and never silence?"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import ClientTimeout, TraceConfig, TraceRequestStartParams

from bot.channels.teams import connector as connector_module
from bot.channels.teams.outbound import TRIES, Outbound
from bot.channels.teams.transport import BotFramework
from bot.conversation import Move, Open
from bot.seal import Bearer, Spot, Surface
from tests.slack_app import Hurry, guidance_of, logged
from tests.teams import faults, payloads, screen
from tests.teams.delivery import Outcome
from tests.teams.fake import FakeTeams
from tests.teams.faults import Fault
from tests.teams.person import Person
from tests.teams.state import Chat, Json, Message
from tests.teams_app import Running, running
from tests.test_teams_threats import (
    CRISIS,
    DANGER,
    at_question,
    capsule_of,
    hurry,
    in_dialog,
    phrase,
    pressed,
    seal_at,
    shown_by,
    unjudged,
)

__all__ = ["unjudged"]

CANARY = "canary-faults-8c1e"

RETRIED: dict[str, Fault] = {
    "429, at once": faults.limited("0"),
    "429, in a second": faults.limited("1"),
    "429, in a minute": faults.limited("60"),
    "429, in a day": faults.limited("86400"),
    "429, without a time": faults.limited(None),
    "429, at a date": faults.limited("Fri, 20 Nov 2026 17:00:00 GMT"),
    "429, in words": faults.limited("soon"),
    "429, no number": faults.limited("nan"),
    "412": faults.status(412),
    "500": faults.status(500),
    "502": faults.status(502),
    "503": faults.status(503),
    "504": faults.status(504),
    "a reset": faults.reset(),
    "HTML": faults.html(),
}
"""What may be over in a moment."""

AMBIGUOUS: dict[str, Fault] = {
    "a reset afterwards": faults.reset_after(),
    "half an answer": faults.truncated(),
    "502 afterwards": faults.status(502, after=True),
}
"""Teams has done it, and nobody can know."""

FINAL: dict[str, Fault] = {
    "400": faults.status(400),
    "401": faults.status(401),
    "403": faults.status(403),
    "404": faults.status(404),
    "413": faults.status(413),
}
"""Teams has said no, and will say so again."""

FAULTS = RETRIED | AMBIGUOUS | FINAL


@pytest.fixture
async def fake() -> AsyncIterator[FakeTeams]:
    async with FakeTeams(rates=False) as fake:
        yield fake
    assert fake.violations == []
    assert fake.failures == []


@pytest.fixture
async def cairn(fake: FakeTeams) -> AsyncIterator[Running]:
    """Cairn, whose log holds no traceback and nothing that was typed, whatever happens."""
    with logged() as told:
        async with running(fake, teams_tenants=fake.tenant) as cairn:
            yield cairn
    assert "Traceback" not in told.getvalue()
    assert CANARY not in told.getvalue()
    assert CANARY not in json.dumps([call.body for call in fake.calls])


# ---- the ways in, and what a person sees of each


@dataclass
class Scene:
    """One person who is about to do one thing."""

    cairn: Running
    person: Person
    clock: Hurry
    group: Chat

    @property
    def fake(self) -> FakeTeams:
        return self.cairn.fake

    def seen(self) -> int:
        """How often something has changed before the person's eyes."""
        messages = [*self.person.chat.all.values(), *self.group.all.values()]
        return sum(1 + m.updates for m in messages if m.sender == self.fake.bot["id"])

    @property
    def cards(self) -> list[Message]:
        messages = [*self.person.chat.all.values(), *self.group.all.values()]
        return [m for m in messages if m.sender == self.fake.bot["id"]]

    async def card(self) -> None:
        await self.person.message("menu")

    async def send(self) -> Outcome:
        """Press the button of a dialog that sends an answer to the chat."""
        mine = Bearer("teams", self.person.user.tenant, self.person.user.aad, Surface.MODAL)
        capsule = seal_at().lock(Spot(an_answer(), "en"), mine)
        return await self.fake.deliver(in_dialog(self.person, "task/submit", capsule, "send"))


def an_answer() -> str:
    """The place to which the first options of a walk lead."""
    place = "post_reported"
    while question := guidance_of().respond(Move("home", "en", Open(place))).screen.question:
        mark = "&" if "?" in place else "?"
        place = f"{place}{mark}{question.id}={question.options[0].id}"
    return place


Do = Callable[[Scene], Awaitable[Outcome | list[Outcome] | None]]


@dataclass(frozen=True)
class Way:
    """A way in: the calls that it leans on, what comes before, and what the person does."""

    kind: str
    do: Do
    before: Callable[[Scene], Awaitable[None]] | None = None
    other: bool = True
    """Whether there is another way to reach the person."""


async def _press(scene: Scene) -> Outcome:
    outcome = await scene.person.press(scene.person.card, "outline")
    assert outcome is not None
    return outcome


async def _submit(scene: Scene) -> Outcome:
    outcome = await scene.person.press(scene.person.card, "language:whole", old_client=True)
    assert outcome is not None
    return outcome


WAYS: dict[str, Way] = {
    "the welcome": Way("send", lambda s: s.person.install(), other=False),
    "a message": Way("send", lambda s: s.person.message(f"what? {CANARY}"), other=False),
    "a message that goes on": Way(
        "update", lambda s: s.person.message(f"what? {CANARY}"), Scene.card
    ),
    "a press of a client of long ago": Way("update", _submit, Scene.card),
    "a mention": Way("send", lambda s: s.person.mention(s.group, CANARY), other=False),
    "a mention by somebody who must be looked up": Way(
        "member", lambda s: s.person.mention(s.group, CANARY)
    ),
    "danger in a mention": Way(
        "create", lambda s: s.person.mention(s.group, f"{CANARY} {DANGER['en']}")
    ),
    "danger in a mention, the card": Way(
        "send", lambda s: s.person.mention(s.group, f"{CANARY} {DANGER['en']}"), other=False
    ),
    "an answer that is sent to the chat": Way("send", Scene.send, other=False),
    "the chat that an answer is sent to": Way("create", Scene.send, other=False),
}  # fmt: skip


async def scene_of(cairn: Running, way: Way, number: int) -> Scene:
    person = cairn.fake.person(f"person{number}")
    group = cairn.fake.channel(f"team{number}", person)
    clock = cairn.channel.outbound._clock
    scene = Scene(cairn, person, clock if isinstance(clock, Hurry) else hurry(cairn), group)
    if way.before is not None:
        await way.before(scene)
        await cairn.drain()
    cairn.fake.calls.clear()
    scene.clock.slept.clear()
    return scene


async def played(scene: Scene, way: Way, fault: Fault, times: int | None) -> int:
    """Let the person do it while the fault holds; return how much more they see then."""
    before = scene.seen()
    scene.fake.faults.add(way.kind, fault, times)
    await way.do(scene)
    await scene.cairn.drain()
    scene.fake.faults.heal()
    return scene.seen() - before


def tries(scene: Scene, way: Way, fault: Fault) -> int:
    """How often the call was made that fails, without what was done instead."""
    made = len([call for call in scene.fake.calls if call.kind == way.kind and call.fault])
    # What can do no harm twice aiohttp sends again by itself, when the line was cut.
    twice = fault.kind in ("reset", "stall") and way.kind in ("update", "member")
    return -(-made // 2) if twice else made


def waited(scene: Scene, fault: Fault, tried: int) -> None:
    """No busy loop: before each new try some time has passed, and as much as was asked for."""
    slept = scene.clock.slept
    again = tried - -(-tried // TRIES)
    assert all(0 <= seconds <= 61 for seconds in slept)
    assert sum(slept) >= again
    if fault.retry_after in ("1", "60"):
        assert sum(slept) >= float(fault.retry_after) * again


@pytest.mark.parametrize("name", WAYS)
async def test_what_fails_once_costs_nobody_the_answer(name: str, cairn: Running, unjudged: None):
    way = WAYS[name]
    for number, (about, fault) in enumerate(FAULTS.items()):
        scene = await scene_of(cairn, way, number)
        more = await played(scene, way, fault, times=1)
        told = [(c.kind, c.status, c.fault) for c in scene.fake.calls]
        assert tries(scene, way, fault) == 1, (about, told)
        assert len(scene.fake.calls) <= 5, (about, told)
        if about in RETRIED | AMBIGUOUS:
            again = [c for c in scene.fake.calls if c.kind == way.kind and not c.fault]
            assert len(again) >= 1, (about, told)
            if fault.kind != "reset" or way.kind not in ("update", "member"):
                waited(scene, fault, 2)
        if way.other or about in RETRIED | AMBIGUOUS:
            assert more >= 1, (about, told)


@pytest.mark.parametrize("name", WAYS)
async def test_what_fails_for_good_is_tried_a_few_times_and_the_person_is_reached_otherwise(
    name: str, cairn: Running, unjudged: None
):
    way = WAYS[name]
    for number, (about, fault) in enumerate(FAULTS.items()):
        scene = await scene_of(cairn, way, number)
        more = await played(scene, way, fault, times=None)
        told = [(c.kind, c.status, c.fault) for c in scene.fake.calls]
        tried = tries(scene, way, fault)
        assert 1 <= tried <= 3 * TRIES, (about, told)
        assert len(scene.fake.calls) <= 4 * TRIES, (about, told)
        if about not in FINAL:
            waited(scene, fault, tried)
        if way.other:
            assert more >= 1, (about, told)
        if about in FINAL:
            assert tried <= 3, (about, told)


async def test_only_where_nobody_can_know_a_card_is_there_twice_and_then_both_work(
    cairn: Running,
):
    way = WAYS["a message"]
    some = {name: RETRIED[name] for name in ("429, in a second", "503", "a reset", "HTML")}
    for number, (about, fault) in enumerate((AMBIGUOUS | some).items()):
        scene = await scene_of(cairn, way, number)
        more = await played(scene, way, fault, times=1)
        assert more == (2 if about in AMBIGUOUS else 1), about
        for card in scene.person.cards:
            await scene.person.pick(card, "goto:en:home", "post_reported")
            await scene.person.press(card, "goto")
            assert "How did the post reach you?" in screen.text(card), about
        await cairn.drain()


async def test_in_a_place_a_card_is_never_there_twice(cairn: Running, unjudged: None):
    for first, name in enumerate(("a message that goes on", "a press of a client of long ago")):
        some = {about: RETRIED[about] for about in ("429, in a second", "412", "503", "a reset")}
        for number, (about, fault) in enumerate((AMBIGUOUS | some).items()):
            scene = await scene_of(cairn, WAYS[name], 100 * first + number)
            before = len(scene.cards)
            await played(scene, WAYS[name], fault, times=1)
            assert len(scene.cards) == before, about


# ---- what the person sees in the end


async def test_who_removed_or_blocked_cairn_hears_nothing_and_nobody_is_told(
    cairn: Running, fake: FakeTeams
):
    with logged() as told:
        for number, go in enumerate((Person.block, Person.uninstall)):
            for way in ("a message", "a message that goes on", "a press of a client of long ago"):
                scene = await scene_of(cairn, WAYS[way], number)
                person = scene.person
                await _deliver_then(scene, WAYS[way], go)
                told_calls = [(call.kind, call.status) for call in fake.calls]
                assert {status for _, status in told_calls} <= {403}, told_calls
                assert len(told_calls) <= 2, told_calls
                person.chat.bot, person.chat.blocked = True, False
    assert '"level": "error"' not in told.getvalue()
    assert '"level": "warning"' not in told.getvalue()


async def _deliver_then(scene: Scene, way: Way, go: Callable[[Person], object]) -> None:
    """They do it, and are gone before it is answered."""
    fake = scene.fake
    taken: list[Json] = []

    async def take(activity: Json, **_: object) -> Outcome:
        taken.append(activity)
        return Outcome(activity, 200)

    deliver, fake.deliver = fake.deliver, take  # type: ignore[method-assign, assignment]
    await way.do(scene)
    fake.deliver = deliver  # type: ignore[method-assign]
    gone = go(scene.person)
    if asyncio.iscoroutine(gone):
        await gone
    fake.calls.clear()
    for activity in taken:
        await fake.deliver(activity)
    await scene.cairn.drain()


@pytest.mark.parametrize("name", ["a message", "a message that goes on",
                                  "a press of a client of long ago"])  # fmt: skip
async def test_a_card_that_teams_finds_too_large_gives_way_to_one_that_says_so(
    name: str, cairn: Running, fake: FakeTeams
):
    way = WAYS[name]
    scene = await scene_of(cairn, way, 0)
    fake.faults.add("update", faults.status(413), times=None)
    fake.faults.add("send", faults.status(413), times=1)
    with logged() as told:
        await way.do(scene)
        await cairn.drain()
    fake.faults.heal()
    tongue = "fr" if "client" in name else "en"
    assert phrase("trouble_not_shown", tongue) in screen.text(scene.person.card)
    assert "Teams says that a card is too large" in told.getvalue()
    # And they go on from there.
    await scene.person.pick(scene.person.card, f"goto:{tongue}:home", "can_i_post")
    await scene.person.press(scene.person.card, "goto")
    assert guidance_of().guidance.trees["can_i_post"].title[tongue] in screen.text(
        scene.person.card
    )


@pytest.mark.parametrize("name", ["a message that goes on", "a press of a client of long ago"])
async def test_where_the_card_was_deleted_or_cannot_be_changed_there_is_a_new_one(
    name: str, cairn: Running, fake: FakeTeams
):
    way = WAYS[name]
    for number, fault in enumerate((None, faults.status(400), faults.status(403), faults.reset())):
        scene = await scene_of(cairn, way, number)
        card = scene.cards[-1]
        if fault is None:
            card.deleted = name == "a message that goes on"
            fake.faults.add("update", faults.status(404))
        else:
            fake.faults.add("update", fault, times=None)
        await way.do(scene)
        await cairn.drain()
        fake.faults.heal()
        assert len(scene.cards) == 2
        assert scene.cards[-1].id != card.id
        # What is typed next is read from there, and changes the new one.
        await scene.person.message("menu")
        await cairn.drain()
        assert phrase("home_title", "fr" if "client" in name else "en") in screen.text(
            scene.person.card
        )


async def test_somebody_whose_answer_could_not_be_sent_is_told_so(cairn: Running, fake: FakeTeams):
    cases = (("send", FAULTS["503"]), ("create", FAULTS["403"]), ("send", FAULTS["413"]),
             ("create", FAULTS["429, in a day"]), ("send", None))  # fmt: skip
    for number, (kind, fault) in enumerate(cases):
        scene = await scene_of(cairn, WAYS["an answer that is sent to the chat"], number)
        if fault is not None:
            fake.faults.add(kind, fault, times=None)
        outcome = await scene.send()
        await cairn.drain()
        fake.faults.heal()
        assert phrase("not_sent_here" if fault else "sent_here") in shown_by(outcome)
        assert len(scene.person.cards) == (0 if fault else 1)


async def test_who_names_cairn_where_it_is_not_any_more_is_answered_in_their_own_chat(
    cairn: Running, fake: FakeTeams
):
    for number, (about, fault) in enumerate(FAULTS.items()):
        scene = await scene_of(cairn, WAYS["a mention"], number)
        activity = payloads.mention(scene.person._made(scene.group), "help")
        if about == "403":
            scene.group.bot = False
        else:
            fake.faults.add("send", fault, times=TRIES if about in RETRIED | AMBIGUOUS else 1)
        await fake.deliver(activity)
        await cairn.drain()
        fake.faults.heal()
        (card,) = scene.person.cards
        assert phrase("home_title") in screen.text(card), about


# ---- the answer to a press never waits

PRESSES: dict[str, Callable[[Person, str], Json]] = {
    "a press": lambda p, c: pressed(p, c, do="outline"),
    "a dialog": lambda p, c: payloads.invoke(
        p._made(p.chat), "task/fetch", payloads.task_value({"do": "private:whole", "c": c})
    ),
    "the message extension": lambda p, c: payloads.invoke(
        p._made(p.chat), "composeExtension/fetchTask",
        payloads.extension_value("check", "compose", "r", None),
    ),
}  # fmt: skip


async def test_the_answer_to_a_press_waits_for_no_call_and_fails_with_none(
    cairn: Running, fake: FakeTeams, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.channels.teams.outbound._SETTLE", 1.0)
    clock = hurry(cairn)
    for number, (about, fault) in enumerate({"no answer": faults.stall(), **FAULTS}.items()):
        clock.now += 10
        person = fake.person(f"person{number}")
        await person.message(phrase("shortcut_post_reported"))
        await cairn.drain()
        card = person.card
        assert card.message is not None
        before = card.message.content
        fake.calls.clear()
        with logged() as told:
            fake.faults.add("*", fault, times=None)
            for name, make in PRESSES.items():
                activity = make(person, capsule_of(card)) | {"replyToId": card.message.id}
                outcome = await fake.deliver(activity)
                assert (outcome.status, outcome.failure) == (200, ""), (about, name)
                assert shown_by(outcome)
            await cairn.drain(5)
            fake.faults.heal()
        # One try to keep it in the chat, and no word of it.
        assert {call.kind for call in fake.calls} == {"update"}, about
        assert len(fake.calls) == (2 if fault.kind == "reset" else 1), about
        assert '"level": "error", "by": "cairn"' not in told.getvalue(), about
        assert (card.message.content == before) is (about not in AMBIGUOUS), about
        # What is typed next is read from what the answer showed.
        await person.message("outline")
        await cairn.drain()
        assert len(person.cards) == 1


async def test_a_dialog_waits_a_moment_for_what_is_sent_to_the_chat_and_no_longer(
    cairn: Running, fake: FakeTeams, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.channels.teams.presses._URGENT", 0.1)
    for number, kind in enumerate(("create", "send")):
        scene = await scene_of(cairn, WAYS["an answer that is sent to the chat"], number)
        fake.faults.add(kind, faults.stall(), times=None)
        outcome = await scene.send()
        assert phrase("not_sent_here") in shown_by(outcome)
        fake.faults.heal()


@pytest.mark.long
@pytest.mark.parametrize("name", ["the welcome", "a message", "a message that goes on", "a mention",
                                  "a mention by somebody who must be looked up",
                                  "danger in a mention"])  # fmt: skip
async def test_a_call_that_never_ends_is_given_up_and_tried_again(
    name: str, cairn: Running, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connector_module, "_WITHIN", ClientTimeout(total=0.1))
    way = WAYS[name]
    for number, times in enumerate((1, None)):
        scene = await scene_of(cairn, way, number)
        more = await played(scene, way, faults.stall(), times)
        assert more >= (1 if way.other or times else 0)
        tried = tries(scene, way, faults.stall())
        assert 1 <= tried <= 2 * TRIES
        waited(scene, faults.stall(), tried)


# ---- the rates that Teams allows, on a clock of the test

WINDOWS = ((1.0, 7), (2.0, 8), (30.0, 60), (3600.0, 1800))
"""What a conversation takes: seconds, and how many within them."""

OF_A_TENANT = 30
"""How many a tenant takes in a second."""


@dataclass
class Time:
    """A clock that goes on to the next who waits, as soon as nothing else goes on."""

    now: float = 0.0
    inside: int = 0
    """Calls that are on their way."""
    came: list[tuple[float, str, str]] = field(default_factory=list)
    """When each call was made, what it was, and where."""
    _waiting: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)
    _number: itertools.count[int] = field(default_factory=itertools.count)

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((self.now + seconds, next(self._number), future))
        await future

    async def pass_until(self, done: Callable[[], bool]) -> None:
        quiet = 0
        async with asyncio.timeout(120):
            while not done():
                await asyncio.sleep(0.0005)
                self._waiting = [one for one in self._waiting if not one[2].done()]
                quiet = 0 if self.inside else quiet + 1
                if quiet > 5 and self._waiting:
                    self._waiting.sort(key=lambda one: one[:2])
                    self.now = max(self.now, self._waiting[0][0])
                    self._waiting[0][2].set_result(None)
                    quiet = 0

    def of(self, kind: str, place: str) -> list[float]:
        return [at for at, what, where in self.came if what == kind and where == place]


class Noted:
    """Tells whether an event comes for the first time, at once."""

    def __init__(self) -> None:
        self._events: set[str] = set()

    async def first_time(self, _: str, __: str, event: str) -> bool:
        is_new = event not in self._events
        self._events.add(event)
        return is_new


def on_time_of_the_test(cairn: Running) -> Time:
    """Let the fake and what Cairn says to it live on one clock, which notes every call."""
    time, outbound = Time(), cairn.channel.outbound
    outbound._clock, outbound._sleep = time.monotonic, time.sleep
    for pace in (outbound._chats, outbound._hours, outbound._tenants):
        pace._clock = time.monotonic
        pace._buckets.clear()
    # The store works in a thread, for which this clock would not wait.
    cairn.channel._events._seen = Noted()
    cairn.fake.pace._clock = time  # type: ignore[assignment]
    cairn.fake.pace._calls.clear()
    cairn.channel._clock = time.monotonic

    async def begins(_: object, __: object, told: TraceRequestStartParams) -> None:
        time.inside += 1
        parts = told.url.raw_path.split("/")[4:]
        kind = "member" if "members" in parts else "create" if not parts else "message"
        place = told.url.path.split("/")[4].partition(";")[0] if parts else ""
        time.came.append((time.now, kind, place))

    async def ends(*_: object) -> None:
        time.inside -= 1

    config = TraceConfig()
    config.on_request_start.append(begins)
    config.on_request_end.append(ends)
    config.on_request_exception.append(ends)
    config.freeze()
    outbound._transport._connector._session.trace_configs.append(config)  # type: ignore[attr-defined]
    return time


def most_within(times: list[float], seconds: float) -> int:
    """The greatest number of them that fall within so many seconds."""
    ordered, first, most = sorted(times), 0, 0
    for number, at in enumerate(ordered):
        while at - ordered[first] > seconds - 1e-6:
            first += 1
        most = max(most, number - first + 1)
    return most


def keeps_to_the_rates(time: Time, fake: FakeTeams) -> bool:
    """Whether no window of a conversation or of the tenant was ever exceeded."""
    places = {where for _, kind, where in time.came if kind == "message"}
    for place in places:
        times = time.of("message", place)
        for seconds, most in WINDOWS:
            assert most_within(times, seconds) <= most, (place, seconds, times[:20])
    assert most_within([at for at, _, _ in time.came], 1.0) <= OF_A_TENANT
    assert [call.kind for call in fake.calls if call.status == 429] == []
    return True


@pytest.fixture
async def teams(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeTeams]:
    """Teams with its rates, and nobody who looks at the clock on the wall."""
    monkeypatch.setattr("bot.channels.teams.mentions._ROSTER", 600)
    monkeypatch.setattr("bot.channels.teams.mentions._DANGER", 600)
    async with FakeTeams() as fake:
        yield fake
    assert fake.violations == []
    assert fake.failures == []


async def test_a_hundred_presses_at_once_are_answered_at_once_and_settled_a_few_times(
    teams: FakeTeams,
):
    async with running(teams) as cairn:
        alice = teams.person("alice")
        card = await at_question(cairn, alice)
        assert card.message is not None
        time = on_time_of_the_test(cairn)
        before, capsule = card.message.updates, capsule_of(card)
        dos = ("outline", "look", "back", "language:whole", "open:home")
        sent = [pressed(alice, capsule, do=dos[n % 5]) for n in range(100)]
        outcomes = await asyncio.gather(
            *(teams.deliver(one | {"replyToId": card.message.id}) for one in sent)
        )
        assert {outcome.status for outcome in outcomes} == {200}
        await time.pass_until(lambda: cairn.channel.tasks.count == 0)
        assert time.now == 0.0
        assert 1 <= card.message.updates - before <= 5
        # What stays in the chat is what was answered last, and what is typed next is read there.
        kept = cairn.channel._events._cards.recall(
            (alice.user.tenant, alice.user.aad, alice.chat.id)
        )
        assert kept is not None
        assert capsule_of(alice.sees()[-1]) == kept.capsule
        assert keeps_to_the_rates(time, teams)


async def test_somebody_who_presses_quickly_for_long_sees_their_card_kept_and_the_rates_kept_to(
    teams: FakeTeams, unjudged: None
):
    async with running(teams) as cairn:
        alice = teams.person("alice")
        card = await at_question(cairn, alice)
        assert card.message is not None
        time = on_time_of_the_test(cairn)
        for number in range(120):
            time.now += 0.5
            press = pressed(alice, capsule_of(card), do=("outline", "look")[number % 2])
            assert (await teams.deliver(press | {"replyToId": card.message.id})).status == 200
            await time.pass_until(lambda: cairn.channel.tasks.count == 0)
        assert time.now == 60.0
        assert card.message.updates > 60
        assert keeps_to_the_rates(time, teams)


async def test_a_flood_in_one_group_is_answered_in_time_and_holds_up_nobody_else(
    teams: FakeTeams, unjudged: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.channels.teams.mentions._ROSTER", 0)
    async with running(teams, teams_tenants=teams.tenant) as cairn:
        people = [teams.person(f"p{number}") for number in range(120)]
        alice, group = teams.person("alice"), teams.channel("team", *people)
        time = on_time_of_the_test(cairn)
        await asyncio.gather(*(person.mention(group, "help") for person in people))
        place = group.id
        await time.pass_until(lambda: len(time.of("message", place)) > 20)
        assert time.now > 3
        now, time.now = time.now, time.now + 0.001
        await asyncio.gather(alice.message("menu"), alice.message("1"))
        await people[0].mention(group, DANGER["en"])
        await people[1].message("menu")
        await time.pass_until(lambda: cairn.channel.tasks.count == 0)
        for person in (alice, people[0], people[1]):
            assert person.cards
            assert max(time.of("message", person.chat.id)) < now + 3
        answers = [m for m in group.messages if m.sender == teams.bot["id"]]
        assert len(answers) == len(people) + 1
        assert keeps_to_the_rates(time, teams)


async def test_who_names_cairn_again_and_again_in_one_place_is_shown_the_way_once_at_a_time(
    teams: FakeTeams, unjudged: None
):
    """However slow Teams is, there is never more than one piece of work for it."""
    async with running(teams, teams_tenants=teams.tenant) as cairn:
        alice = teams.person("alice")
        group, other = teams.group("g", alice), teams.group("o", alice)
        time = on_time_of_the_test(cairn)
        for number in range(20):
            await alice.mention(group, f"help {number}")
            assert cairn.channel.tasks.count <= 1
        await alice.mention(other, "help")
        await alice.mention(group, DANGER["en"])
        await time.pass_until(lambda: cairn.channel.tasks.count == 0)
        assert len([m for m in other.messages if m.sender == teams.bot["id"]]) == 1
        assert 1 <= len([m for m in group.messages if m.sender == teams.bot["id"]]) < 20
        assert CRISIS.en in screen.text(alice.card)
        await alice.mention(group, "help")
        await time.pass_until(lambda: cairn.channel.tasks.count == 0)
        assert group.messages[-1].sender == teams.bot["id"]


async def test_in_an_hour_a_chat_gets_no_more_than_teams_takes():
    clock = Hurry(0.0)
    outbound, times = Outbound(Nothing(), clock, clock.sleep), []
    for number in range(4_000):
        await outbound._turn("a chat", "a tenant")
        times.append(clock.now)
        if number % 700 == 699:
            clock.now += 400  # a pause, after which several go at once
    assert times[-1] > 3_600
    for seconds, most in WINDOWS:
        assert most_within(times, seconds) <= most, seconds


class Nothing(BotFramework):
    """A port that nothing goes through."""

    def __init__(self) -> None:
        pass


async def test_when_everybody_comes_at_once_the_tenant_is_not_exceeded(
    teams: FakeTeams, unjudged: None
):
    async with running(teams, teams_tenants=teams.tenant) as cairn:
        people = [teams.person(f"p{number}") for number in range(80)]
        groups = [teams.channel(f"t{number}", *people[number::5]) for number in range(5)]
        time = on_time_of_the_test(cairn)
        for number, person in enumerate(people):
            await person.message("menu")
            await person.message("hello")
            if number % 2:
                await person.mention(groups[number % 5], "help")
        await time.pass_until(lambda: cairn.channel.tasks.count == 0)
        assert all(person.cards for person in people)
        assert len(time.came) >= 240
        assert keeps_to_the_rates(time, teams)


async def test_a_chat_that_was_limited_is_left_alone_for_as_long_as_teams_says(
    teams: FakeTeams,
):
    async with running(teams) as cairn:
        alice, bob = teams.person("alice"), teams.person("bob")
        time = on_time_of_the_test(cairn)
        teams.faults.add("send", faults.limited("40"))
        for text in ("menu", "hello"):
            await alice.message(text)
        await teams.until(lambda: teams.faults.left == 0)
        await bob.message("menu")
        await time.pass_until(lambda: cairn.channel.tasks.count == 0)
        first, *later = time.of("message", alice.chat.id)
        assert first == 0.0
        assert len(later) == 2
        assert all(at >= 40.0 for at in later)
        assert max(time.of("message", bob.chat.id)) < 1


async def test_after_a_press_that_was_limited_nothing_is_kept_until_it_is_over(teams: FakeTeams):
    async with running(teams) as cairn:
        alice = teams.person("alice")
        card = await at_question(cairn, alice)
        assert card.message is not None
        time = on_time_of_the_test(cairn)
        teams.faults.add("update", faults.limited("20"))
        for at, kept in ((0, 1), (1, 1), (19, 1), (21, 2)):
            time.now = float(at)
            press = pressed(alice, capsule_of(card), do="outline")
            assert (await teams.deliver(press | {"replyToId": card.message.id})).status == 200
            await time.pass_until(lambda: cairn.channel.tasks.count == 0)
            assert len(time.of("message", alice.chat.id)) == kept, at


# ---- the end


async def test_what_has_begun_is_finished_before_the_end(fake: FakeTeams):
    alice, bob = fake.person("alice"), fake.person("bob")
    held = asyncio.Event()

    async def until_then(_: float) -> None:
        await held.wait()

    async def once_it_ends(place: tuple[str, int]) -> None:
        """Let it go on as soon as nobody is let in any more."""
        while True:
            try:
                _, writer = await asyncio.open_connection(*place)
            except OSError:
                held.set()
                return
            writer.close()
            await asyncio.sleep(0.01)

    async with running(fake) as cairn:
        cairn.channel.outbound._sleep = until_then
        fake.faults.add("send", faults.status(503), times=2)
        for person in (alice, bob):
            assert (await person.message("can I post this?")).status == 200
        await fake.until(lambda: fake.faults.left == 0)
        assert not alice.cards
        host, port = fake.app_url.split("/")[2].split(":")
        ending = asyncio.create_task(once_it_ends((host, int(port))))
    await ending
    assert len(alice.cards) == len(bob.cards) == 1
    assert cairn.channel.tasks.count == 0


async def test_the_end_does_not_wait_for_what_never_ends(
    fake: FakeTeams, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.channels.teams.channel.DRAIN", 0.05)
    alice = fake.person("alice")
    with logged() as told:
        async with running(fake) as cairn:
            fake.faults.add("send", faults.stall(), times=None)
            await alice.message(CANARY)
            await fake.until(lambda: fake.calls)
    assert cairn.channel.tasks.count == 0
    assert "some answers to Teams were not finished in time" in told.getvalue()
    assert "Traceback" not in told.getvalue()
    assert CANARY not in told.getvalue()
