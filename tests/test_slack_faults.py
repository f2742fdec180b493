"""What becomes of a person when Slack fails: another way where there is one, and never silence?"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import ClientConnectionError, ClientSession, TCPConnector, web
from aiohttp.test_utils import TestServer
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack import outbound as outbound_module
from bot.channels.slack.answers import SlackAnswers
from bot.channels.slack.decode import Person as Somebody
from bot.channels.slack.errors import LimitedError, SlackError
from bot.channels.slack.outbound import Outbound
from bot.guidance.words import LANGS
from tests.slack import faults, screen
from tests.slack.delivery import Outcome
from tests.slack.fake import FakeSlack
from tests.slack.faults import Fault
from tests.slack.person import Person
from tests.slack.state import Message, elements_of
from tests.slack_app import Hurry, Running, guidance_of, hurry, logged, running
from tests.test_slack_threats import seal_at
from tests.whole import one_now

CANARY = "canary-faults-2e8b"
TRIES = 6
"""How often anything is tried, at the most."""

RETRIED: dict[str, Fault] = {
    "429, at once": faults.limited("0"),
    "429, in a second": faults.limited("1"),
    "429, in a minute": faults.limited("60"),
    "429, in a day": faults.limited("86400"),
    "429, without a time": faults.limited(None),
    "429, at a date": faults.limited("Fri, 20 Nov 2026 17:00:00 GMT"),
    "429, in words": faults.limited("soon"),
    "429, before": faults.limited("-5"),
    "500": faults.status(500),
    "502": faults.status(502),
    "503": faults.status(503),
    "504": faults.status(504),
    "a reset": faults.reset(),
    "HTML": faults.html(),
    "text": faults.text(),
    "fatal_error": faults.error("fatal_error"),
    "internal_error": faults.error("internal_error"),
    "service_unavailable": faults.error("service_unavailable"),
    "request_timeout": faults.error("request_timeout"),
}
"""What may be over in a moment."""

AMBIGUOUS: dict[str, Fault] = {
    "a reset afterwards": faults.reset_after(),
    "half an answer": faults.truncated(),
}
"""Slack has done it, and nobody can know."""

FINAL: dict[str, Fault] = {
    name: faults.error(name)
    for name in (*faults.ERRORS, "token_revoked", "invalid_auth", "missing_scope",
                 "channel_not_found", "expired_trigger_id")
    if name not in RETRIED
}  # fmt: skip
"""Slack has said no, and will say so again."""

FAULTS = RETRIED | AMBIGUOUS | FINAL


@pytest.fixture
async def fake() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(rates=False) as fake:
        yield fake
    assert fake.violations == []


@pytest.fixture
async def cairn(fake: FakeSlack) -> AsyncIterator[Running]:
    """Cairn, whose log holds no traceback and nothing that was typed, whatever happens."""
    with logged() as told:
        async with running(fake) as cairn:
            yield cairn
    assert "Traceback" not in told.getvalue()
    assert CANARY not in told.getvalue()
    assert CANARY not in json.dumps([call.arguments for call in fake.calls])


# ---- the ways in, and what a person sees of each


@dataclass
class Scene:
    """One person who is about to do one thing."""

    cairn: Running
    person: Person
    clock: Hurry
    said: list[Message] = field(default_factory=list)

    @property
    def fake(self) -> FakeSlack:
        return self.cairn.fake

    def seen(self) -> int:
        """How often something has changed before the person's eyes."""
        person, fake = self.person, self.fake
        mine = [view for view in fake.views.values() if view.user.id == person.id]
        return sum(v.updates for v in mine) + sum(1 + m.edited for m in self.cards())

    def cards(self) -> list[Message]:
        found = {id(m): m for m in (*self.person.sees(), *self.person.ephemerals) if m.by_app}
        return list(found.values())

    async def window(self) -> None:
        await self.person.slash()
        await self.cairn.drain()

    async def card(self) -> Message:
        await self.person.message("can I post this?")
        await self.cairn.drain()
        return self.cards()[-1]


Do = Callable[[Scene], Awaitable[Outcome | None]]


@dataclass(frozen=True)
class Way:
    """A way in: the method that it leans on, what comes before, and what the person does."""

    method: str
    do: Do
    before: Callable[[Scene], Awaitable[object]] | None = None
    other: bool = True
    """Whether there is another way to reach the person."""


async def _team(scene: Scene) -> None:
    scene.fake.channel("team", scene.person)


async def _whisper(scene: Scene) -> None:
    team = scene.fake.channel("team", scene.person)
    await scene.person.mention(team, "help")
    await scene.cairn.drain()


async def _home(scene: Scene) -> None:
    await scene.person.open_home()
    await scene.cairn.drain()


async def _answer(scene: Scene) -> None:
    """The window with the text to copy, whose button sends it to the chat."""
    answers = SlackAnswers(scene.cairn.conversation, seal_at())
    person = scene.person
    who = Somebody(person.workspace.id, person.id, person.user.team)
    place = "post_reported"
    while (question := answers.at(place, "en").screen.question) is not None:
        mark = "&" if "?" in place else "?"
        place = f"{place}{mark}{question.id}={question.options[0].id}"
    scene.fake.open_view(person.user, answers.copy(answers.at(place, "en"), who))


def _team_of(scene: Scene):
    channels = scene.person.workspace.channels.values()
    return next(c for c in channels if not c.is_im and scene.person.id in c.members)


WAYS: dict[str, Way] = {
    "the command": Way("views.open", lambda s: s.person.slash("/cairn", CANARY)),
    "the command in a channel": Way(
        "views.open", lambda s: s.person.slash(channel=_team_of(s)), _team
    ),
    "a shortcut": Way("views.open", lambda s: s.person.shortcut("post_reported.fr")),
    "a shortcut without a language": Way("views.open", lambda s: s.person.shortcut("home")),
    "a button of Home": Way(
        "views.open", lambda s: s.person.press(s.person.home, "start:can_i_post"), _home
    ),
    "a button of a card that opens a window": Way(
        "views.open", lambda s: s.person.press(s.cards()[-1], "private:whole"), Scene.card
    ),
    "the button of a whisper": Way(
        "views.open", lambda s: s.person.press(s.person.ephemerals[-1], "start:home"), _whisper
    ),
    "a button of a card": Way(
        "response_url", lambda s: s.person.press(s.cards()[-1], "language:whole"), Scene.card
    ),
    "a message": Way(
        "chat.postMessage", lambda s: s.person.message(f"what? {CANARY}"), other=False
    ),
    "a message that goes on": Way(
        "chat.update", lambda s: s.person.message(f"thanks a lot! {CANARY}"), Scene.card
    ),
    "a mention": Way(
        "chat.postEphemeral", lambda s: s.person.mention(_team_of(s), CANARY), _team
    ),
    "a message whose language is not known": Way(
        "users.info", lambda s: s.person.message(f"what? {CANARY}")
    ),
    "the command of somebody whose language is not known": Way(
        "users.info", lambda s: s.person.slash()
    ),
    "Home": Way("views.publish", lambda s: s.person.open_home(), other=False),
    "the language of Home": Way(
        "views.publish", lambda s: s.person.press(s.person.home, "home_language"), _home,
        other=False,
    ),
    "a button of a window": Way(
        "views.update", lambda s: s.person.press(s.person.view, "language:whole"), Scene.window,
        other=False,
    ),
    "a button that sends an answer to the chat": Way(
        "chat.postMessage", lambda s: s.person.press(s.person.view, "send"), _answer
    ),
}  # fmt: skip


async def scene_of(cairn: Running, way: Way, number: int) -> Scene:
    scene = Scene(cairn, cairn.fake.person(f"person{number}"), hurry(cairn))
    # What one person met is no reason for the next one to wait.
    cairn.channel.outbound._lanes.clear()
    if way.before is not None:
        await way.before(scene)
    cairn.fake.calls.clear()
    scene.clock.slept.clear()
    return scene


async def played(scene: Scene, way: Way, fault: Fault, times: int | None) -> tuple[int, Outcome]:
    """Let the person do it while the fault holds; return how much more they see then."""
    before = scene.seen()
    scene.fake.faults.add(way.method, fault, times)
    outcome = await way.do(scene)
    await scene.cairn.drain()
    scene.fake.faults.heal()
    assert outcome is not None
    assert outcome.status == 200
    assert outcome.seconds < scene.fake.deadline
    return scene.seen() - before, outcome


def tries(scene: Scene, way: Way) -> int:
    return len([call for call in scene.fake.calls if call.method == way.method])


def waited(scene: Scene, fault: Fault, tried: int) -> None:
    """No busy loop: before each new try some time has passed, and as much as was asked for."""
    slept = scene.clock.slept
    assert all(math.isfinite(seconds) and seconds >= 0 for seconds in slept)
    assert len(slept) >= tried - 1
    if fault.kind != "limited":
        assert sum(slept) >= tried - 1
    elif fault.retry_after in ("1", "60"):
        assert sum(slept) >= float(fault.retry_after) * (tried - 1)


@pytest.mark.parametrize("name", WAYS)
async def test_what_fails_once_costs_nobody_the_answer(name: str, cairn: Running, fake: FakeSlack):
    way = WAYS[name]
    for number, (about, fault) in enumerate(FAULTS.items()):
        scene = await scene_of(cairn, way, number)
        more, _ = await played(scene, way, fault, times=1)
        tried = tries(scene, way)
        assert 1 <= tried <= TRIES, about
        waited(scene, fault, max(1, tried))
        if way.other or about in RETRIED | AMBIGUOUS:
            assert more >= 1, (about, [(c.method, c.error, c.fault) for c in fake.calls])
        if fault.kind == "limited" and way.method not in ("views.open", "users.info"):
            assert tried == 2, about
    assert fake.failures == []


@pytest.mark.parametrize("name", one_now(*WAYS))
async def test_what_fails_for_good_is_tried_a_few_times_and_the_person_is_reached_otherwise(
    name: str, cairn: Running, fake: FakeSlack
):
    way = WAYS[name]
    for number, (about, fault) in enumerate(FAULTS.items()):
        scene = await scene_of(cairn, way, number)
        more, _ = await played(scene, way, fault, times=None)
        tried = tries(scene, way)
        assert 1 <= tried <= TRIES, about
        assert len(fake.calls) <= 2 * TRIES + 2, about
        waited(scene, fault, max(1, tried))
        if way.other:
            assert more >= 1, (about, [(c.method, c.error, c.fault) for c in fake.calls])
        if about in FINAL:
            assert tried == 1, about
    assert fake.failures == []


@pytest.mark.long
@pytest.mark.parametrize("name", WAYS)
async def test_only_where_nobody_can_know_a_card_is_there_twice_and_then_both_work(
    name: str, cairn: Running, fake: FakeSlack
):
    way = WAYS[name]
    some = {name: FAULTS[name] for name in ("429, in a second", "503", "a reset", "is_archived")}
    for number, (about, fault) in enumerate((AMBIGUOUS | some).items()):
        scene = await scene_of(cairn, way, number)
        kept = len(scene.cards()) + len(scene.person.views)
        await played(scene, way, fault, times=1)
        new = len(scene.cards()) + len(scene.person.views) - kept
        assert new <= (2 if about in AMBIGUOUS else 1), about
        for card in scene.cards():
            buttons = [e["action_id"] for b in card.blocks for e in elements_of(b)]
            if "open:home" in buttons:
                await scene.person.press(card, "open:home")
                await cairn.drain()
                title = guidance_of().guidance.phrases["home_title"]
                assert any(title[lang] in screen.text(card) for lang in LANGS), about
    assert fake.failures == []


@pytest.mark.parametrize("said", ["nan", "-nan", "inf", "-inf", "1e999", "1_0", "٣"])
async def test_a_time_that_is_no_number_of_seconds_is_not_waited_for(
    said: str, cairn: Running, fake: FakeSlack
):
    way = WAYS["a message"]
    scene = await scene_of(cairn, way, 0)
    more, _ = await played(scene, way, faults.limited(said), times=1)
    assert more == 1
    assert tries(scene, way) == 2
    assert all(math.isfinite(seconds) for seconds in scene.clock.slept)


async def test_a_person_whose_answer_could_not_be_sent_is_told_so(cairn: Running, fake: FakeSlack):
    phrases = guidance_of().guidance.phrases
    for number, fault in enumerate((FAULTS["500"], FAULTS["is_archived"])):
        scene = await scene_of(cairn, WAYS["a button that sends an answer to the chat"], number)
        way = WAYS["a button that sends an answer to the chat"]
        await played(scene, way, fault, times=None)
        assert phrases["not_sent_here"].en in screen.text(scene.person.view)
        assert scene.cards() == []


async def test_what_is_shown_instead_of_a_window_is_its_first_screen_and_works(
    cairn: Running, fake: FakeSlack
):
    """The command is answered within its own answer, which nobody else sees."""
    scene = await scene_of(cairn, WAYS["the command in a channel"], 0)
    person, team = scene.person, fake.channel("team", scene.person)
    fake.faults.add("*", faults.status(503), times=None)
    outcome = await person.slash(channel=team)
    fake.faults.heal()
    assert outcome.json is not None
    assert outcome.json["response_type"] == "ephemeral"
    (whisper,) = person.ephemerals
    await person.pick(whisper, "lang", "fr")
    await person.pick(whisper, "goto:both", "post_reported")
    await person.press(whisper, "first")
    await cairn.drain()
    assert whisper.block("pick:fr:channel")
    assert fake.failures == []


@pytest.mark.parametrize("about", ["429, in a minute", "503", "HTML", "restricted_action"])
async def test_where_two_ways_fail_the_third_one_is_taken(
    about: str, cairn: Running, fake: FakeSlack
):
    """No window, and no answer to the press: there is still the person's own chat."""
    scene = await scene_of(cairn, WAYS["the button of a whisper"], 0)
    fake.faults.add("views.open", FAULTS[about], times=None)
    fake.faults.add("response_url", FAULTS[about], times=None)
    await scene.person.press(scene.person.ephemerals[-1], "start:home")
    await cairn.drain()
    assert [m for m in scene.person.sees() if m.by_app]


async def test_what_is_shown_in_the_chat_instead_of_a_window_does_not_say_what_was_meant(
    cairn: Running, fake: FakeSlack
):
    """The chat keeps a copy, and a window would not have."""
    scene = await scene_of(cairn, WAYS["a shortcut"], 0)
    fake.faults.add("views.open", faults.limited(), times=None)
    await scene.person.shortcut("post_reported.fr")
    await cairn.drain()
    (card,) = scene.cards()
    shown = json.dumps(card.blocks, ensure_ascii=False)
    assert "pick:fr:channel" not in shown
    assert card.block("goto:fr:home")


@pytest.mark.parametrize("method", ["views.open", "users.info"])
async def test_a_call_that_never_ends_does_not_make_the_command_late(
    method: str, cairn: Running, fake: FakeSlack
):
    """In real time, since the three seconds of Slack are."""
    person = fake.person("alice")
    fake.faults.add(method, faults.stall(), times=None)
    outcome = await person.slash()
    await cairn.drain()
    assert outcome.seconds < fake.deadline
    assert bool(person.views) is (method == "users.info")
    assert bool(person.ephemerals) is (method == "views.open")
    assert fake.failures == []


@pytest.mark.long
@pytest.mark.parametrize("name", ["a message", "a button of a card", "a mention"])
async def test_a_call_that_never_ends_is_given_up_and_tried_again(
    name: str, cairn: Running, fake: FakeSlack, monkeypatch: pytest.MonkeyPatch
):
    way = WAYS[name]
    scene = await scene_of(cairn, way, 0)
    monkeypatch.setattr(outbound_module, "_PATIENT", 2.0)
    more, _ = await played(scene, way, faults.stall(), times=1)
    assert more == 1
    assert tries(scene, way) == 2
    waited(scene, faults.stall(), 2)


async def test_while_the_token_is_revoked_everybody_still_gets_the_first_screen(
    cairn: Running, fake: FakeSlack
):
    fake.workspace.revoked = True
    for number in range(3):
        person = fake.person(f"person{number}")
        outcome = await person.slash("/cairn", CANARY)
        await cairn.drain()
        assert outcome.json is not None
        assert outcome.json["blocks"]
        await person.message(CANARY)
        await person.open_home()
        await cairn.drain()
    assert fake.failures == []
    assert len(fake.calls) < 20


# ---- auth.test


@pytest.mark.long
@pytest.mark.parametrize("about", FAULTS)
async def test_the_token_is_asked_for_until_slack_answers(about: str, fake: FakeSlack):
    fake.faults.add("auth.test", FAULTS[about], times=None)
    with logged() as told:
        async with running(fake, ready=False) as cairn:
            clock = hurry(cairn)
            channel = cairn.channel
            await fake.until(lambda: fake.calls)
            asking = asyncio.create_task(channel.people.keep_identity(clock.sleep))
            await fake.until(lambda: len(fake.calls) > 2 * TRIES + 2)
            assert not channel.is_ready
            asked, passed = len(fake.calls), clock.now - 1_000.0
            assert passed >= 30 * (asked // (2 * TRIES) - 1)
            fake.faults.heal()
            await fake.until(lambda: channel.is_ready)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            person = fake.person("alice")
            assert (await person.slash()).status == 200
            await cairn.drain()
            assert person.view
    assert "Traceback" not in told.getvalue()
    assert fake.bot_token not in told.getvalue()


# ---- pacing: the rates that Slack asks for, on a clock of the test


class Time:
    """A clock that goes on to the next who waits, as soon as everybody waits for it."""

    def __init__(self) -> None:
        self.now = 0.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = itertools.count()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((self.now + seconds, next(self._number), future))
        await future

    async def run(self, *work: Awaitable[object]) -> list[object]:
        """Do it all at once; the time that passes is that of the clock."""
        tasks = [asyncio.ensure_future(one) for one in work]
        done = asyncio.gather(*tasks, return_exceptions=True)
        quiet = 0
        while not done.done():
            await asyncio.sleep(0.001)
            quiet = 0 if self._busy() else quiet + 1
            if quiet > 5 and self._waiting:
                self._waiting.sort(key=lambda one: one[:2])
                until = self._waiting[0][0]
                self.now = max(self.now, until)
                while self._waiting and self._waiting[0][0] <= until:
                    self._waiting.pop(0)[2].set_result(None)
                quiet = 0
        return await done

    def _busy(self) -> bool:
        return self.server.inside > 0

    server: Server


@dataclass
class Server:
    """A Slack that notes when each call came, and how many were there at once."""

    clock: Time
    answers: dict[str, list[web.Response]] = field(default_factory=dict)
    came: list[tuple[str, str, float]] = field(default_factory=list)
    inside: int = 0
    most: int = 0

    async def api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        args = await request.json() if request.content_type == "application/json" else {}
        self.came.append((method, args.get("channel", ""), self.clock()))
        self.inside += 1
        self.most = max(self.most, self.inside)
        await asyncio.sleep(0.002)
        self.inside -= 1
        waiting = self.answers.get(method, [])
        if waiting:
            return waiting.pop(0)
        return web.json_response({"ok": True, "channel": "D1", "ts": "1.1"})

    def times(self, method: str, channel: str | None = None) -> list[float]:
        return [at for m, c, at in self.came if m == method and channel in (None, c)]


def limited(seconds: int) -> web.Response:
    headers = {"Retry-After": str(seconds)}
    return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)


@asynccontextmanager
async def speaking(answer: Callable[[web.Request], Awaitable[web.Response]] | None = None):
    """An Outbound on a clock of its own, and the server that it speaks to."""
    clock = Time()
    server = clock.server = Server(clock)
    application = web.Application()
    application.router.add_route("*", "/api/{method}", server.api)
    if answer is not None:
        application.router.add_post("/response/{token}", answer)
    place = TestServer(application)
    await place.start_server(access_log=None)
    try:
        async with ClientSession() as session:
            client = AsyncWebClient("xoxb-1", base_url=str(place.make_url("/api/")),
                                    session=session, retry_handlers=[])  # fmt: skip
            yield Outbound(client, session, clock, clock.sleep), server, clock, place
    finally:
        await place.close()


@pytest.fixture(scope="module")
def message():
    """A message of ours, as the channel makes it."""
    answers = SlackAnswers(guidance_of(), seal_at())
    return answers.message(answers.at("crisis", "en"), Somebody("T1", "U1", "T1"))


@pytest.fixture(scope="module")
def window():
    answers = SlackAnswers(guidance_of(), seal_at())
    return answers.modal(answers.at("crisis", "en"), Somebody("T1", "U1", "T1"))


def gaps(times: list[float]) -> list[float]:
    return [later - sooner for sooner, later in itertools.pairwise(times)]


async def test_messages_to_one_channel_are_a_second_apart(message):
    async with speaking() as (outbound, server, clock, _):
        await clock.run(*(outbound.post("C1", message) for _ in range(4)))
        assert all(1.0 <= gap <= 1.5 for gap in gaps(server.times("chat.postMessage")))
        assert len(server.came) == 4


async def test_messages_to_several_channels_do_not_wait_for_each_other(message):
    async with speaking() as (outbound, server, clock, _):
        await clock.run(*(outbound.post(f"C{number}", message) for number in range(20)))
        assert server.times("chat.postMessage") == [0.0] * 20


async def test_a_change_of_a_message_and_a_whisper_count_as_messages_of_their_channel(message):
    async with speaking() as (outbound, server, clock, _):
        await clock.run(
            outbound.post("C1", message),
            outbound.update("C1", "1.1", message),
            outbound.whisper("C1", "U1", message),
            outbound.post("C2", message),
        )
        assert server.came[0][2] == 0.0
        assert all(gap >= 1.0 for gap in gaps([at for _, c, at in server.came if c == "C1"]))
        assert server.times("chat.postMessage", "C2") == [0.0]


async def test_after_a_limit_those_who_wait_go_one_by_one(message):
    async with speaking() as (outbound, server, clock, _):
        server.answers["chat.postMessage"] = [limited(30)]
        await clock.run(outbound.post("C0", message), _later(clock, outbound, message, 12))
        times = server.times("chat.postMessage")
        assert times[0] == 0.0
        assert all(at >= 30.0 for at in times[1:])
        assert len(times) == 14
        assert server.most == 1


async def _later(clock: Time, outbound: Outbound, message, count: int) -> None:
    """Once the limit is known, many more want to say something."""
    await clock.sleep(1.0)
    posts = [asyncio.create_task(outbound.post(f"C{n}", message)) for n in range(1, count + 1)]
    await asyncio.gather(*posts)


async def test_a_limit_is_of_its_method_alone(message, window):
    async with speaking() as (outbound, server, clock, _):
        server.answers["chat.postMessage"] = [limited(30)]

        async def others() -> None:
            await clock.sleep(1.0)
            await outbound.whisper("C2", "U1", message)
            await outbound.publish_home("U1", window)
            await outbound.open_view("trigger", window, 0.0)

        await clock.run(outbound.post("C1", message), others())
        for method in ("chat.postEphemeral", "views.publish", "views.open"):
            assert server.times(method) == [1.0]


async def test_what_cannot_wait_is_not_sent_at_all_while_its_method_is_limited(window):
    async with speaking() as (outbound, server, clock, _):
        server.answers["views.open"] = [limited(30)]
        told = await clock.run(*(_opened(clock, outbound, window, at) for at in (0, 1, 29, 31)))
        assert [isinstance(one, LimitedError) for one in told] == [True, True, True, False]
        assert server.times("views.open") == [0.0, 31.0]


async def _opened(clock: Time, outbound: Outbound, window, at: float) -> object:
    await clock.sleep(at)
    return await outbound.open_view("trigger", window, 0.0)


async def test_a_method_that_is_always_limited_is_left_after_a_few_tries(message):
    async with speaking() as (outbound, server, clock, _):
        server.answers["chat.postMessage"] = [limited(10) for _ in range(50)]
        (told,) = await clock.run(outbound.post("C1", message))
        assert isinstance(told, LimitedError)
        assert len(server.came) == TRIES
        assert all(gap >= 10 for gap in gaps(server.times("chat.postMessage")))


async def test_many_who_were_limited_at_once_do_not_come_back_at_once(message):
    async with speaking() as (outbound, server, clock, _):
        count = 30
        server.answers["chat.postMessage"] = [limited(5) for _ in range(count)]
        told = await clock.run(*(outbound.post(f"C{n}", message) for n in range(count)))
        assert not any(isinstance(one, Exception) for one in told)
        again = server.times("chat.postMessage")[count:]
        assert len(again) == count
        assert all(at >= 5.0 for at in again)
        assert len(set(again)) > count // 2


# ---- addresses that are not Slack's


class Recording(TCPConnector):
    """Notes where a connection would have gone, and makes none."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def connect(self, req, traces, timeout):  # noqa: ASYNC109 the library's own signature
        self.asked.append(str(req.url))
        raise ClientConnectionError


FOREIGN = (
    "", "x", "/", "//", "hooks.slack.com/actions/1", "//hooks.slack.com/actions/1",
    "http://hooks.slack.com/actions/1", "http://slack.com/actions/1", "ftp://hooks.slack.com/1",
    "file:///etc/passwd", "javascript:alert(1)", "data:text/plain,x", "ws://hooks.slack.com/1",
    "https://hooks.slack.com.evil.example/1", "https://evil.example/hooks.slack.com",
    "https://evil.example/?https://hooks.slack.com/", "https://evil.example#hooks.slack.com",
    "https://hooks.slack.com@evil.example/1", "https://hooks.slack.com:443@evil.example/1",
    "https://user@hooks.slack.com/1", "https://user:word@hooks.slack.com/1",
    "https://@hooks.slack.com/1", "https://hooks.slack.com%40evil.example/1",
    "https://hooks.slack.com%2eevil.example/", "https://hooks.slack.com\\@evil.example/1",
    "https://evil.example\\.hooks.slack.com/1", "https:\\\\evil.example/1", "https:/evil.example/1",
    "https:evil.example/1", "https:///evil.example/1", "https://hooks.slack.com./actions/1",
    "https://hooks.slack.com:8443/1", "https://hooks.slack.com:22/1", "https://hooks.slack.com:/1",
    "https://hooks.slack.com:99999/1", "https://evil-hooks.slack.com/1",
    "https://xhooks.slack.com/1", "https://hooks.slack.co/1", "https://hooksxslack.com/1",
    "https://a.hooks.slack.com/1", "https://files.slack.com/1", "https://api.slack.com/1",
    "https://xn--hoks-5ve.slack.com/1", "https://hооks.slack.com/1", "https://hooks.ѕlack.com/1",
    "https://ｈooks.slack.com/1", "https://hooks。slack。com/1", "https://HOOKS.SLACK.EVIL/1",
    "https://127.0.0.1/1", "https://0/1", "https://2130706433/1", "https://0x7f000001/1",
    "https://[::1]/1", "https://[::ffff:127.0.0.1]/1", "https://[fe80::1%25eth0]/1", "https://[::1",
    "https://[hooks.slack.com]/1", "https://localhost/1", "https://169.254.169.254/latest/meta-data",
    "http://169.254.169.254/latest/meta-data", "https://metadata.google.internal/1",
    "https://hooks.slack.com\n.evil.example/1", "https://hooks.slack.com\t@evil.example/",
    "https://evil.example/\r\nHost: hooks.slack.com", "https://hooks.slack.com\x00.evil.example/1",
    " https://evil.example/1", "https://hooks.slack.com .evil.example/", "https://", "https://:443/",
    "https://slack.com.evil.example/api/", "https://slack.com@evil.example/", "\ud800",
    "https://hooks.slack.com\ud800/1", "https://hooks.slack-gov.com/1", "https://slack-gov.com/1",
)  # fmt: skip


async def test_nothing_is_sent_to_an_address_that_is_not_slacks(message):
    connector = Recording()
    async with ClientSession(connector=connector) as session:
        client = AsyncWebClient("xoxb-1", base_url="https://slack.com/api/", session=session,
                                retry_handlers=[])  # fmt: skip
        clock = Hurry()
        outbound = Outbound(client, session, clock, clock.sleep)
        wrong = []
        for address in FOREIGN:
            try:
                await outbound.respond(address, message, replace=True)
            except SlackError as error:
                if error.code != "foreign_response_url":
                    wrong.append((address, error.code))
            except Exception as error:  # noqa: BLE001 each of them is told
                wrong.append((address, type(error).__name__))
        assert connector.asked == []
        assert wrong == []
        for address in ("https://hooks.slack.com/actions/T1/2/3", "https://slack.com/x"):
            with pytest.raises(SlackError):
                await outbound.respond(address, message, replace=True)
        assert len(connector.asked) == 2 * TRIES  # so the recorder does see connections


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_an_answer_that_points_elsewhere_is_not_followed_and_is_no_success(
    status: int, message
):
    elsewhere: list[str] = []

    async def away(request: web.Request) -> web.Response:
        target = "http://127.0.0.1:9/" if request.path.endswith("out") else "/api/elsewhere"
        return web.Response(status=status, headers={"Location": target})

    async with speaking(away) as (outbound, server, clock, place):
        for end in ("out", "back"):
            address = str(place.make_url(f"/response/{end}"))
            (told,) = await clock.run(outbound.respond(address, message, replace=True))
            elsewhere += [method for method, _, _ in server.came]
            assert isinstance(told, SlackError)
        assert elsewhere == []


async def test_a_page_of_a_proxy_is_not_taken_for_the_answer_of_slack(message):
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html>Sign in</html>", content_type="text/html")

    async with speaking(page) as (outbound, _, clock, place):
        address = str(place.make_url("/response/1"))
        (told,) = await clock.run(outbound.respond(address, message, replace=True))
        assert isinstance(told, SlackError)


async def test_a_press_with_a_foreign_address_is_answered_in_its_own_card(
    cairn: Running, fake: FakeSlack
):
    knocks: list[str] = []

    async def knock(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        knocks.append("somebody")
        writer.close()

    listener = await asyncio.start_server(knock, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    scene = await scene_of(cairn, WAYS["a button of a card"], 0)
    card = scene.cards()[-1]
    for address in (f"http://127.0.0.1:{port}/x", f"{fake.url[:-1]}@127.0.0.1:{port}/", "http://["):
        before = card.edited
        for known in list(fake.response_urls.values()):
            del fake.response_urls[known.token]
        body = _press(scene, card, address)
        outcome = await fake.deliver(body)
        await cairn.drain()
        assert outcome.status == 200
        assert card.edited == before + 1, address
    listener.close()
    await listener.wait_closed()
    assert knocks == []


def _press(scene: Scene, card: Message, address: str):
    from tests.slack import payloads
    from tests.slack.delivery import Delivery

    block = next(block for block in card.blocks if block["block_id"].startswith("controls"))
    element = next(e for e in block["elements"] if e["action_id"] == "language:whole")
    action = {**element, "block_id": block["block_id"], "action_ts": "1.1"}
    made = scene.person._made()
    return Delivery.of("interaction", payloads.action_in_message(made, action, card, address))
