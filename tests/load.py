"""Does a fleet carry a whole department, while replicas are killed and the database restarts?

    python -m tests.load presses --rate 50 --seconds 600    # a kill each minute, one restart
    python -m tests.load burst                              # 3,000 people within ten seconds
    python -m tests.load rolling                            # each replica is replaced in its turn

People press by the clock, whether or not those before them were answered, and how long an answer
takes counts from when its request should have been sent. Whoever gets none presses again, as people
do; an event Slack sends again. It ends with 1 where something was lost or done twice.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from urllib.parse import quote_plus

from tests.fleet import DUE, NUMBER, Fleet, Replica, fleet
from tests.slack import payloads, screen
from tests.slack.delivery import Delivery, Outcome
from tests.slack.hands import RefusedError
from tests.slack.person import Person
from tests.slack.state import Channel, Message, View, elements_of, offered

OFFICE = "values_ethics"
PEOPLE = 3_000
TRIES = 12
"""How often somebody presses who gets no answer."""

PATIENCE = 90.0
"""Seconds that somebody spends on one form of a hand-off, or of an answer to one."""

SHOWN = 5.0
"""Seconds after which somebody presses again who has seen nothing happen."""

WRITES, HANDS_OVER = 0.04, 0.006
"""Of all presses, those that write to Cairn and those that begin a hand-off."""

TOLD_AGAIN = 0.3
"""Of all events, those that Slack sends again although they were answered."""

CLAIMED = 0.7
_ALLOWED = ("back", "language", "open", "why", "start_over", "page", "outline", "return")
_SELECTS = ("radio_buttons", "checkboxes", "static_select")
_UNSURE = "the store does not answer"


# ---- what people do


class Patience:
    """How long somebody goes on, who begins to lose patience anew with each new form they see."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._until = 0.0

    def lasts(self, person: Person) -> bool:
        form = str(person.view.payload.get("callback_id", "")) if person.views else "none"
        if form not in self._forms:
            self._forms.add(form)
            self._until = time.perf_counter() + PATIENCE
        return time.perf_counter() < self._until


@dataclass
class Crowd:
    """Everybody in front of a fleet, and what became of what they did."""

    cairn: Fleet
    chance: Random = field(default_factory=lambda: Random(8))
    idle: deque[Person] = field(default_factory=deque)
    names: int = 0
    lags: list[float] = field(default_factory=list)
    """Seconds by which this program itself was late with a press."""
    again: int = 0
    """Presses that were made again."""
    failed: list[str] = field(default_factory=list)
    """What did not work in the end."""
    sent: dict[str, Person] = field(default_factory=dict)
    """Who sent a case, by its number, once that was acknowledged."""
    asked: int = 0
    """How many have begun to send one."""
    replied: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    over: bool = False
    """Whether officers claim nothing more."""
    written: dict[str, tuple[Channel, int, bool]] = field(default_factory=dict)
    """Each chat in which somebody wrote, how often they did, and whether that was in an outage."""
    events: int = 0
    outages: list[tuple[float, float]] = field(default_factory=list)
    """From when to when the database was away."""
    kills: int = 0

    def newcomer(self, kind: str) -> Person:
        self.names += 1
        name = f"{kind}{self.names}"
        return self.cairn.somebody(name, real_name=f"{kind.title()} {self.names}")

    # -- a walk

    async def walk(self, due: float) -> None:
        """Make the next press of somebody's walk."""
        person = self.idle.popleft() if self.idle else self.newcomer("walker")
        DUE.set(due)
        try:
            await self._step(person)
        except RefusedError as error:  # the window changed under their hands
            self.failed.append(f"a walk: {error}")
        self.idle.append(person)

    async def _step(self, person: Person) -> None:
        if person.views and self.chance.random() < 0.03:
            await person.close(everything=True)
        if not person.views:
            await self._until(
                lambda: person.slash("/cairn", "", self.cairn.team),
                lambda outcome: bool(person.views or outcome.body),
                "a command",
            )
            return
        view = person.view
        before = view.updates
        buttons = [
            element["action_id"]
            for block in view.blocks
            for element in elements_of(block)
            if element["type"] == "button" and element["action_id"].startswith(_ALLOWED)
        ]
        if "submit" in view.payload and (not buttons or self.chance.random() < 0.85):
            await _fill(person, view, self.chance)
            await self._until(
                lambda: person.submit(view), lambda _: view.updates > before, "a step"
            )
        else:
            button = self.chance.choice(buttons)
            await self._until(
                lambda: person.press(view, button), lambda _: view.updates > before, "a button"
            )

    async def _until(
        self, press: Callable[[], Awaitable[Outcome]], done: Callable[[Outcome], bool], what: str
    ) -> bool:
        """Press until there is an answer and what it leads to is shown."""
        outcome = None
        for turn in range(TRIES):
            if turn:
                self.again += 1
                await asyncio.sleep(0.5)
            outcome = await press()
            if outcome.ok and await _seen(lambda: done(outcome)):  # noqa: B023 awaited here
                return True
        self.failed.append(f"{what}: {outcome.failure if outcome else ''}")
        return False

    # -- an event

    async def write(self, due: float) -> None:
        """Write to Cairn, and have Slack tell of it once, or more often."""
        person = self.newcomer("writer")
        chat = person.dm
        for turn in range(3):
            DUE.set(due if not turn else None)
            self.events += 1
            began = time.perf_counter()
            outcome = await person.message(f"can I post this photo? {turn}")
            retry = 1
            while not outcome.ok and retry <= 3:  # as Slack does, but sooner
                await asyncio.sleep(retry - 1)
                outcome = await self.cairn.slack.redeliver(outcome, retry=retry)
                retry += 1
            if self.chance.random() < TOLD_AGAIN:
                told = (self.cairn.slack.redeliver(outcome, retry=n) for n in (1, 2))
                await asyncio.gather(*told)
            self.written[chat.id] = (chat, turn + 1, self._is_away(began))
            if outcome.ok and await _seen(lambda: _answers(chat) > 0, 15.0):
                return
            self.again += 1
        self.failed.append("a message: no answer")

    def _is_away(self, began: float) -> bool:
        now = time.perf_counter()
        return any(since - 3 < now and began < until + 3 for since, until in self.outages)

    # -- a case

    async def hand_over(self, due: float) -> None:
        """Send a case, through all its forms."""
        self.asked += 1
        person = self.newcomer("asker")
        DUE.set(due)
        number, patience = None, Patience()
        while patience.lasts(person):
            try:
                await self._go_on(person, f"My words of {person.user.name}")
            except RefusedError:  # the window has changed meanwhile
                await asyncio.sleep(0.1)
            if person.views and (number := _number_sent(person.view)):
                break
            await asyncio.sleep(0.2 + 0.3 * self.chance.random())
        if number is None:
            self.failed.append("a hand-off")
        else:
            self.sent[number] = person
            await person.close(everything=True)

    async def _go_on(self, person: Person, words: str) -> None:
        """Press once what comes next in sending a case."""
        if not person.views:
            outcome = await person.slash("/cairn", "", self.cairn.team)
            await _seen(lambda: bool(person.views))
            self.again += not outcome.ok
            return
        view = person.view
        before, do = view.updates, view.payload.get("callback_id", "")
        match do:
            case "desk:write":
                await person.pick(view, screen.block_of(view, "office"), OFFICE)
            case "desk:review":
                await person.type(view, screen.block_of(view, "text"), words)
            case "desk:send":
                await person.pick(view, screen.block_of(view, "agree"), "yes")
        if do.startswith("desk:") and "submit" in view.payload:
            outcome = await person.submit(view)
        else:
            outcome = await person.press(view, "desk:offices")
        moved = await _seen(lambda: view.updates > before)
        self.again += not outcome.ok or not moved

    # -- the office

    async def work(self) -> None:
        """Have officers claim most of the cases that come, and answer them."""
        free = deque(self.cairn.officers[:4])
        async with asyncio.TaskGroup() as group:
            while not self.over:
                for number in self.cairn.cards():
                    if number not in self.seen and free:
                        self.seen.add(number)
                        if self.chance.random() < CLAIMED:
                            group.create_task(self._answer(free.popleft(), number, free))
                await asyncio.sleep(0.3)

    async def _answer(self, officer: Person, number: str, free: deque[Person]) -> None:
        words, patience = f"The office has read {number}", Patience()
        while patience.lasts(officer):
            await asyncio.sleep(0.2 + 0.3 * self.chance.random())
            with suppress(RefusedError):
                if await self._claimed(officer, number, words):
                    self.replied.add(number)
                    break
        else:
            self.failed.append("an answer of the office")
        with suppress(RefusedError):
            await officer.close(everything=True)
        free.append(officer)

    async def _claimed(self, officer: Person, number: str, words: str) -> bool:
        """Press once what comes next in answering a case; tell whether that was the last."""
        if not officer.views:
            card, do = _button(self.cairn.cards()[number])
            outcome = await officer.press(card, do)
            self.again += not (outcome.ok and await _seen(lambda: bool(officer.views)))
            return False
        view = officer.view
        before, do = view.updates, view.payload.get("callback_id", "")
        # What stands in a field is what they typed, and not yet what Cairn keeps.
        kept = any(words in json.dumps(one) for one in view.blocks if one["type"] != "input")
        if do != "desk:reply" and kept and "submit" in view.payload:
            return True
        if do == "desk:preview":
            await officer.type(view, screen.block_of(view, "reply"), words)
        if do in ("desk:preview", "desk:reply"):
            outcome = await officer.submit(view)
        elif "desk:clear" in _actions(view):
            outcome = await officer.press(view, "desk:clear")
        else:  # it says that it did not work, or asks to wait
            if not await _seen(lambda: view.updates > before):
                await officer.close(everything=True)
            return False
        moved = await _seen(lambda: view.updates > before)
        self.again += not outcome.ok or not moved
        return False

    # -- all of it

    async def press(
        self, rate: float, seconds: float, plan: asyncio.Future[None] | None = None
    ) -> None:
        """Press by the clock for so long, and until the plan is through; see all of it through."""
        office = asyncio.create_task(self.work())
        began = at = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            while at < began + seconds or (plan is not None and not plan.done()):
                at += self.chance.expovariate(rate)
                await asyncio.sleep(max(at - time.perf_counter(), 0.0))
                self.lags.append(time.perf_counter() - at)
                chosen = self.chance.random()
                if chosen < HANDS_OVER:
                    group.create_task(self.hand_over(at))
                elif chosen < HANDS_OVER + WRITES:
                    group.create_task(self.write(at))
                else:
                    group.create_task(self.walk(at))
        await self.cairn.delivered(PATIENCE)
        self.over = True
        await office


async def _fill(person: Person, view: View, chance: Random) -> None:
    for block in view.blocks:
        element = block.get("element", {})
        if block["type"] == "input" and element["type"] in _SELECTS:
            options = [one["value"] for one in offered(element)]
            await person.pick(view, block["block_id"], chance.choice(options))


async def _seen(done: Callable[[], bool], within: float = SHOWN) -> bool:
    until = time.perf_counter() + within
    while not done():
        if time.perf_counter() > until:
            return False
        await asyncio.sleep(0.03)
    return True


def _actions(where: View | Message) -> list[str]:
    found = [element for block in where.blocks for element in elements_of(block)]
    return [element["action_id"] for element in found if element["type"] == "button"]


def _button(cards: Sequence[Message]) -> tuple[Message, str]:
    """The card of a case that works, and its button."""
    for card in cards:
        for do in ("desk:claim", "desk:open"):
            if do in _actions(card):
                return card, do
    raise RefusedError("no card works")


def _number_sent(view: View) -> str | None:
    if "desk:withdraw" not in _actions(view):
        return None
    return next(iter(NUMBER.findall(screen.text(view))), None)


def _answers(chat: Channel) -> int:
    """How often Cairn has answered in a chat: by new messages, and by changing them."""
    return sum(1 + one.edited for one in chat.messages.values() if one.by_app)


# ---- what happens to the fleet meanwhile


async def keep_tidy(cairn: Fleet) -> None:
    """Forget what is over, and look at the memory of the replicas, until cancelled."""
    while True:
        await asyncio.sleep(2)
        cairn.slack.tidy()
        for one in cairn.replicas:
            one.look()


async def kill(crowd: Crowd, replica: Replica) -> None:
    """Kill a replica, and start it again as an orchestrator would."""
    crowd.kills += 1
    await replica.kill()
    await asyncio.sleep(1.0)
    await replica.start()


async def restart_database(crowd: Crowd, mode: str = "immediate") -> None:
    began = time.perf_counter()
    crowd.outages.append((began, float("inf")))
    await crowd.cairn.database.restart(mode)
    crowd.outages[-1] = (began, time.perf_counter())


async def roll(cairn: Fleet) -> None:
    """Replace each replica in its turn."""
    for replica in cairn.replicas:
        status = await replica.stop()
        assert status == 0, replica.told
        await replica.start()
        await asyncio.sleep(1.5)  # until the proxy has seen it


@asynccontextmanager
async def meanwhile(*work: Awaitable[None]) -> AsyncIterator[None]:
    """Do things while the block lasts; what has begun is finished, what goes on is stopped."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        yield
    finally:
        tasks[0].cancel()
        await asyncio.gather(*tasks[:1], return_exceptions=True)
        await asyncio.gather(*tasks[1:])


async def at_times(*what: tuple[float, Callable[[], Awaitable[None]]]) -> None:
    """Do things one after the other, each at its second."""
    began = time.perf_counter()
    for at, work in what:
        await asyncio.sleep(max(began + at - time.perf_counter(), 0.0))
        await work()


# ---- what became of it


async def verdict(crowd: Crowd, patience: float) -> list[str]:
    """What was lost or done twice, once everything is through; nothing if all is well."""
    cairn, wrong = crowd.cairn, [*crowd.failed]
    if not await cairn.delivered(patience):
        wrong.append(f"{(await cairn.waiting())[0]} rows still wait in the outbox")
    if parked := (await cairn.waiting())[1]:
        wrong.append(f"{parked} rows were set aside")
    kept = {row[0] for row in await cairn.rows("SELECT number FROM cases")}
    if len(crowd.sent) != crowd.asked or kept != set(crowd.sent):
        wrong.append(f"{crowd.asked} people sent, {len(crowd.sent)} were told so,"
                     f" {len(kept)} cases are kept")  # fmt: skip
    wrong += await _cards_are_right(crowd)
    wrong += await _words_are_right(crowd)
    twice = sum(
        not in_outage and _answers(chat) > often
        for chat, often, in_outage in crowd.written.values()
    )
    # What the store does not say in time Cairn answers all the same, and says so.
    unsure = sum(event.count(_UNSURE) for one in cairn.replicas for event in troubles(one))
    if twice > unsure:
        wrong.append(f"events that were handled twice: {twice}")
    wrong += [f"Slack would not have had: {one}" for one in _violations(cairn)]
    wrong += [f"{one.name} has shown a traceback" for one in cairn.replicas
              if "Traceback" in one.told]  # fmt: skip
    return wrong


async def _cards_are_right(crowd: Crowd) -> list[str]:
    """Each case has come to its office: once, or twice where somebody died over it."""
    cairn, wrong = crowd.cairn, []
    cards = cairn.cards()
    lost = [number for number in crowd.sent if number not in cards]
    if lost:
        wrong.append(f"cases that have not come to the office: {len(lost)}")
    more = {number: found for number, found in cards.items() if len(found) > 1}
    extra = sum(len(found) - 1 for found in more.values())
    if extra > crowd.kills + len(crowd.outages):
        wrong.append(f"cards too many: {extra}")
    for found in more.values():  # the other one is put right as soon as it is pressed
        for card in found:
            for do in {"desk:claim", "desk:open"} & set(_actions(card)):
                await cairn.officers[0].press(card, do)
                await _seen(lambda: bool(cairn.officers[0].views))
                cairn.officers[0]._clear()
    await cairn.delivered(30)
    return wrong + [
        "a case that has not exactly one card which works"
        for found in cairn.cards().values()
        if sum(bool({"desk:claim", "desk:open"} & set(_actions(card))) for card in found) != 1
    ]


async def _words_are_right(crowd: Crowd) -> list[str]:
    """Each case has its words and those of the office once, and whoever asked was told."""
    found = await crowd.cairn.rows(
        "SELECT number, sum((sender = 'person')::int), sum((sender = 'office')::int)"
        " FROM messages GROUP BY number"
    )
    wrong = [
        f"words of {asked} and {replied}"
        for number, asked, replied in found
        if (asked, replied) != (1, int(number in crowd.replied))
    ]
    untold = twice = 0
    for number in crowd.replied:
        chat = crowd.cairn.slack.workspace.dm(crowd.sent[number].id)
        told = sum(number in str(one.blocks) for one in chat.shown()) if chat is not None else 0
        untold += not told
        twice += max(told - 1, 0)
    if untold or twice > crowd.kills + len(crowd.outages):
        wrong.append(f"of {len(crowd.replied)} replies {untold} were not told of, {twice} twice")
    return wrong


def _violations(cairn: Fleet) -> set[str]:
    # Two sources were read at addresses without encryption, and stand in no other way anywhere.
    known = ("an http address", "must be written")
    return {one for one in cairn.slack.violations if not any(words in one for words in known)}


def troubles(replica: Replica) -> list[str]:
    """What a replica has said that somebody should see to."""
    lines = [json.loads(line) for line in replica.told.splitlines() if line.startswith("{")]
    return [str(line["event"]) for line in lines if line["level"] in ("error", "critical")]


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def share(times: Sequence[float], at: float) -> float:
    """Milliseconds within which that share of answers was there."""
    return sorted(times)[min(int(len(times) * at), len(times) - 1)] * 1000 if times else 0.0


def figures(times: Sequence[float]) -> str:
    shown = ", ".join(f"p{at * 100:g} {share(times, at):.0f}" for at in (0.5, 0.95, 0.99))
    return f"{len(times):,}: {shown}, max {share(times, 1.0):.0f} ms"


def tell(crowd: Crowd, seconds: float, proxied: dict[str, int]) -> None:
    """Print what a run was like."""
    cairn = crowd.cairn
    acks = cairn.slack.acks
    good = [one.seconds for one in acks if one.ok]
    say(f"answered {figures(good)} ({len(good) / seconds:.1f} a second)")
    names = Counter(one.name for one in acks)
    for name, _ in names.most_common():
        say(f"  {name} {figures([one.seconds for one in acks if one.ok and one.name == name])}")
    refused = Counter(one.status for one in acks if not one.ok)
    say(f"not answered: {dict(refused) or 0}; pressed again: {crowd.again}")
    say(f"this program itself was late: {figures(crowd.lags)}")
    say(f"cases {len(crowd.sent)}, answered by the office {len(crowd.replied)};"
          f" messages {crowd.events}; kills {crowd.kills}; outages of the database"
          f" {[f'{until - since:.1f} s' for since, until in crowd.outages]}")  # fmt: skip
    say(f"proxy: {proxied}")
    for one in cairn.replicas:
        lives = "; ".join(
            f"{life[min(5, len(life) - 1)]:.0f} → {life[-1]:.0f}" for life in one.memory if life
        )
        errors = Counter(event[:70] for event in troubles(one))
        say(f"{one.name}: processor {one.spent():.1f} s; memory {lives} MB; {dict(errors)}")
    say(f"calls of Slack: {cairn.slack.called}")


# ---- the three commands


async def presses(cairn: Fleet, rate: float, seconds: float) -> list[str]:
    """Ten minutes of a department: a kill each minute, and the database restarts once."""
    crowd = Crowd(cairn)
    each = min(60.0, seconds / 3)
    kills = [
        (each * (turn + 0.5), lambda one=one: kill(crowd, one))
        for turn, one in enumerate(cairn.replicas * int(seconds))
        if each * (turn + 0.5) < seconds
    ]
    halfway = each * (len(kills) // 2)
    plan = sorted([*kills, (halfway, lambda: restart_database(crowd))], key=lambda one: one[0])
    spent = sum(one.spent() for one in cairn.replicas)
    async with meanwhile(keep_tidy(cairn), at_times(*plan)):
        await crowd.press(rate, seconds)
    spent = sum(one.spent() for one in cairn.replicas) - spent
    tell(crowd, seconds, await cairn.proxied())
    say(f"processor of the replicas, starts included: {spent / len(cairn.slack.acks) * 1e3:.2f}"
          " ms a request")  # fmt: skip
    return await verdict(crowd, 200.0)


async def rolling(cairn: Fleet, rate: float, seconds: float) -> list[str]:
    """Replace each replica under load: no press is lost, not even at its first try."""
    crowd = Crowd(cairn)
    began = time.perf_counter()
    plan = asyncio.ensure_future(at_times((3.0, lambda: roll(cairn))))
    plan.add_done_callback(lambda _: took.append(time.perf_counter() - began))
    took: list[float] = []
    async with meanwhile(keep_tidy(cairn), plan):
        await crowd.press(rate, seconds, plan)
    tell(crowd, seconds, await cairn.proxied())
    say(f"all three were replaced within {took[0] - 3:.0f} s")
    wrong = [f"{one.name}: {one.status or 'no answer'}" for one in cairn.slack.acks if not one.ok]
    return wrong + await verdict(crowd, 60.0)


async def burst(cairn: Fleet, people: int, within: float) -> list[str]:
    """Everybody presses the button of the same pin at once, and Slack opens few windows a minute.

    Each gets the first screen: in a window, or as a message that only they see.
    """
    pin = await _pinned(cairn)
    crowd = [cairn.somebody(f"p{number}") for number in range(people)]
    taps, lags = Taps(cairn, pin), list[float]()
    began = time.perf_counter()
    async with meanwhile(keep_tidy(cairn)), asyncio.TaskGroup() as group:
        for place, person in enumerate(crowd):
            due = began + place * within / people
            await asyncio.sleep(max(due - time.perf_counter(), 0.0))
            lags.append(time.perf_counter() - due)
            group.create_task(taps.by(person, due))
    acks = [one for one in cairn.slack.acks if one.at > began]
    whispers = _whispers(cairn)
    while len(served := _served(crowd, whispers)) < people and time.perf_counter() < began + 120:
        await asyncio.sleep(0.2)
        whispers = _whispers(cairn)
    took = time.perf_counter() - began
    say(f"answered {figures([one.seconds for one in acks if one.ok])}")
    say(f"this program itself was late: {figures(lags)}")
    say(f"{len(served):,} of {people:,} have the first screen after {took:.1f} s,"
          f" {sum(bool(one.views) for one in crowd)} of them in a window")  # fmt: skip
    cairn.slack.tidy()
    say(f"calls of Slack: {cairn.slack.called}\nproxy: {await cairn.proxied()}")
    wrong = [f"{one.name}: {one.status or 'no answer'}" for one in acks if not one.ok]
    wrong += [f"nothing for {people - len(served)} people"] if len(served) < people else []
    wrong += [f"{one.name}: {event}" for one in cairn.replicas for event in troubles(one)]
    return wrong + [f"Slack would not have had: {one}" for one in _violations(cairn)]


async def _pinned(cairn: Fleet) -> Message:
    """Pin a summary for everybody, from the command to the end."""
    person = cairn.somebody("pinner")
    await person.slash("/cairn", "pin", cairn.team)
    assert await _seen(lambda: bool(person.views) and "submit" in person.view.payload)
    for _ in range(2):
        await _fill(person, person.view, Random(8))
        before = person.view.updates
        await person.submit()
        assert await _seen(lambda: person.view.updates > before)  # noqa: B023 awaited here
    assert await _seen(lambda: bool(cairn.team.pins), 20.0)
    return cairn.team.messages[cairn.team.pins[0]]


class Taps:
    """Presses of one button by many: what Slack sends differs by who, and by two addresses."""

    def __init__(self, cairn: Fleet, pin: Message) -> None:
        self._cairn = cairn
        self._pin = pin
        block, button = next(
            (block, element)
            for block in pin.blocks
            for element in elements_of(block)
            if element["type"] == "button" and element["action_id"].startswith("start:")
        )
        action = {"type": "button", "action_id": button["action_id"], "action_ts": "1.1",
                  "block_id": block["block_id"], "text": button["text"]}  # fmt: skip
        somebody = cairn.somebody("somebody")
        self._user = somebody.id
        body = payloads.action_in_message(somebody._made(), action, pin, "THE-ADDRESS")
        body["trigger_id"] = "THE-TRIGGER"
        self._like = Delivery.of("interaction", body)

    async def by(self, person: Person, due: float) -> None:
        DUE.set(due)
        slack, body = self._cairn.slack, self._like.body
        address = slack.response_url(person.user, self._cairn.team, self._pin)
        for name, value in ((self._user, person.id), ("THE-ADDRESS", quote_plus(address)),
                            ("THE-TRIGGER", slack.trigger(person.user).id)):  # fmt: skip
            body = body.replace(name.encode(), value.encode())
        await slack.deliver(replace(self._like, body=body))


def _whispers(cairn: Fleet) -> set[str]:
    """Who has a message that only they see."""
    return {one.only_for for one in cairn.team.messages.values() if one.only_for is not None}


def _served(crowd: Sequence[Person], whispers: set[str]) -> list[Person]:
    return [one for one in crowd if one.views or one.id in whispers]


def _ended(wrong: list[str]) -> int:
    for one, often in Counter(wrong).items():
        say(f"WRONG: {one}" + (f" ({often} times)" if often > 1 else ""))
    say("nothing was lost, nothing was done twice" if not wrong else "it has failed")
    return 1 if wrong else 0


async def main(arguments: Sequence[str]) -> int:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("what", choices=("presses", "burst", "rolling"))
    reader.add_argument("--rate", type=float, default=50.0)
    reader.add_argument("--seconds", type=float, default=600.0)
    given = reader.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        async with fleet(Path(folder), generous=given.what != "burst") as cairn:
            match given.what:
                case "presses":
                    return _ended(await presses(cairn, given.rate, given.seconds))
                case "rolling":
                    return _ended(await rolling(cairn, given.rate, 30.0))
                case _:
                    return _ended(await burst(cairn, PEOPLE, 10.0))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
