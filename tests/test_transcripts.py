"""Do all channels show the same screens? One transcript, walked in each of them.

A channel's driver does what a person would do there, and returns the words that they then see.
Each step must show what the conversation itself answers: the heading, every option, every
statement and every office, in both languages.
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Protocol

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from bot.app import web_application
from bot.channels.slack.surfaces import MAIN
from bot.channels.terminal.chat import chat
from bot.channels.wording import places
from bot.conversation import (
    Back,
    Change,
    Choose,
    Conversation,
    Look,
    Move,
    Open,
    Reply,
    Say,
    StartOver,
)
from bot.guidance.pages import Part
from bot.guidance.words import LANGS, Lang, plain
from bot.settings import read_settings
from tests.conftest import still
from tests.slack import screen
from tests.slack.fake import FakeSlack
from tests.slack.state import Surface
from tests.slack_app import running
from tests.teams import screen as teams_screen
from tests.teams.fake import FakeTeams
from tests.teams.state import Shown
from tests.teams_app import running as in_teams

Step = tuple[str, ...]

MANAGER: tuple[Step, ...] = (
    ("pick", "channel", "reported_by_colleague"),
    ("pick", "danger", "not_sure"),
    ("back",),
    ("pick", "danger", "none"),
    ("language",),
    ("language",),
    ("change", "channel"),
    ("pick", "channel", "media_query"),
    ("back",),
    ("pick", "danger", "life_at_risk"),
    ("language",),
    ("start_over",),
)
EMPLOYEE: tuple[Step, ...] = (
    ("pick", "who", "employee"),
    ("pick", "moment", "draft"),
    ("pick", "look", "none"),
    ("back",),
    ("start_over",),
    ("pick", "who", "caf_member"),
)


DRAFTED: tuple[Step, ...] = (
    ("goto", "draft:own"),
    ("say", "Vote for the NDP! Posted from my work laptop."),
    ("goto", "can_i_post?~=party+work_time"),
    ("pick", "who", "employee"),
    ("pick", "moment", "draft"),
    ("pick", "look", "work_means"),
)


class Driver(Protocol):
    """A person at a channel."""

    async def start(self, tree: str, lang: Lang) -> str:
        """Open a walk."""
        ...

    async def do(self, step: Step, reply: Reply, after: Reply) -> str:
        """Do a step at the screen of ``reply``; ``after`` is what must come of it."""
        ...


# -- the channels


class Web:
    def __init__(self, http: ClientSession, address: str) -> None:
        self.http, self.address = http, address
        self.fields: dict[str, str] = {}

    async def start(self, tree: str, lang: Lang) -> str:
        return await self._send({"do": f"open:{tree}", "lang": lang})

    async def do(self, step: Step, reply: Reply, after: Reply) -> str:
        do, *rest = step
        form = dict(self.fields)
        match do:
            case "pick":
                form |= {"do": "choose", "question": rest[0], "pick": rest[1]}
            case "change":
                form["do"] = f"change:{rest[0]}"
            case "goto":
                form["do"] = f"open:{rest[0]}"
            case "say":
                form |= {"do": "say", "text": rest[0]}
            case _:
                form["do"] = do
        return await self._send(form)

    async def _send(self, form: dict[str, str]) -> str:
        async with self.http.post(self.address, data=form) as response:
            page = await response.text()
        names = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
        self.fields = {k: html.unescape(v) for k, v in names if k in ("place", "lang", "asking")}
        body = re.sub(r"<(style|script).*?</\1>", " ", page, flags=re.DOTALL)
        # A mark of a source stands inside its sentence's line, not in the sentence.
        body = re.sub(r'<a class="mark".*?</a>', "", body)
        return html.unescape(re.sub(r"<[^>]+>", "", body))


class Terminal:
    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.tree, self.lang = "", "en"
        self.typed: list[str] = []

    async def start(self, tree: str, lang: Lang) -> str:
        self.tree, self.lang = tree, lang
        return self._last()

    async def do(self, step: Step, reply: Reply, after: Reply) -> str:
        do, *rest = step
        words = {
            "back": "back",
            "start_over": "start over",
            "language": "français" if reply.lang == "en" else "english",
        }
        if do == "pick":
            question = reply.screen.question
            assert question is not None
            ids = [option.id for option in question.options]
            self.typed.append(str(ids.index(rest[1]) + 1))
        elif do == "change":
            asked = [one.question.id for one in reply.screen.trail]
            self.typed.append(f"change {asked.index(rest[0]) + 1}")
        elif do == "goto":
            self.typed.append(str(places(reply).index(rest[0]) + 1))
        elif do == "say":
            self.typed += [rest[0], ""]
        else:
            self.typed.append(words[do])
        return self._last()

    def _last(self) -> str:
        shown: list[str] = []
        chat(self.conversation, self.lang, self.tree, iter(self.typed), shown.append)
        return shown[-2] if self.typed else shown[0]


class SlackWindow:
    def __init__(self, fake: FakeSlack, drain: Callable[[], object], *, private: bool) -> None:
        self.fake, self.drain, self.private = fake, drain, private
        self.person = fake.person(f"person-{next(NUMBERS)}", locale="en-CA")

    async def start(self, tree: str, lang: Lang) -> str:
        if self.private and tree in MAIN:
            await self.person.shortcut(f"{tree}.{lang}")
            return self._seen()
        self.person.user.locale = f"{lang}-CA"
        if self.private:
            await self.person.slash()
        else:
            await self.person.message("menu")
        await self._settle()
        await self.person.pick(self._card, f"goto:{lang}:home", tree)
        await self._go_on("goto")
        await self._settle()
        return self._seen()

    async def do(self, step: Step, reply: Reply, after: Reply) -> str:
        do, *rest = step
        if do == "pick":
            await self.person.pick(self._card, f"pick:{reply.lang}:{rest[0]}", rest[1])
            await self._go_on("choose")
        elif do == "change":
            await self.person.press(self._card, "trail")
            await self._settle()
            await self.person.pick(self._card, f"change:{reply.lang}", rest[0])
            await self._go_on("change")
        elif do == "goto":
            await self.person.pick(self._card, goto_of(reply), rest[0])
            await self._go_on("goto")
        elif do == "say" and self.private:
            await self.person.type(self._card, screen.block_of(self._card, "say"), rest[0])
            await self._go_on("goto")
        elif do == "say":
            await self.person.message(rest[0])
        else:
            await self.person.press(self._card, "language:whole" if do == "language" else do)
        await self._settle()
        return self._seen()

    async def _go_on(self, action: str) -> None:
        if self.private:
            await self.person.submit(self.person.view)
        else:
            await self.person.press(self._card, action)

    @property
    def _card(self) -> Surface:
        return self.person.view if self.private else self.person.sees()[-1]

    async def _settle(self) -> None:
        await self.drain()  # type: ignore[misc]

    def _seen(self) -> str:
        return screen.text(self._card).replace("\u2060", "")


class TeamsCard:
    def __init__(self, fake: FakeTeams, drain: Callable[[], object], *, private: bool) -> None:
        self.fake, self.drain, self.private = fake, drain, private
        self.person = fake.person("alice")

    async def start(self, tree: str, lang: Lang) -> str:
        self.person.user.locale = f"{lang}-CA"
        await self.person.message("menu")
        await self._settle()
        if self.private:
            await self.person.press(self.person.card, "private:whole")
        await self.person.pick(self._card, f"goto:{lang}:home", tree)
        return await self._press("goto")

    async def do(self, step: Step, reply: Reply, after: Reply) -> str:
        do, *rest = step
        if do == "pick":
            await self.person.pick(self._card, f"pick:{reply.lang}:{rest[0]}", rest[1])
            return await self._press("choose")
        if do == "change":
            await self._press("trail")
            await self.person.pick(self._card, f"change:{reply.lang}", rest[0])
        if do == "goto":
            await self.person.pick(self._card, goto_of(reply), rest[0])
            return await self._press("goto")
        if do == "say" and self.private:
            await self.person.type(self._card, "say", rest[0])
            return await self._press("goto")
        if do == "say":
            await self.person.message(rest[0])
            await self._settle()
            return teams_screen.text(self._card)
        return await self._press("language:whole" if do == "language" else do)

    async def _press(self, do: str) -> str:
        await self.person.press(self._card, do)
        await self._settle()
        return teams_screen.text(self._card)

    @property
    def _card(self) -> Shown:
        found = self.person.dialog if self.private else self.person.card
        assert found is not None
        return found

    async def _settle(self) -> None:
        await self.drain()  # type: ignore[misc]


def goto_of(reply: Reply) -> str:
    """The name of the field that says where to go on."""
    return f"goto:{reply.lang}:{reply.screen.sort}"


NUMBERS = itertools.count()


@asynccontextmanager
async def web(conversation: Conversation) -> AsyncIterator[Driver]:
    server = TestServer(web_application(read_settings({}), conversation))
    await server.start_server(access_log=None)
    try:
        async with ClientSession() as http:
            yield Web(http, str(server.make_url("/")))
    finally:
        await server.close()


@asynccontextmanager
async def terminal(conversation: Conversation) -> AsyncIterator[Driver]:
    yield Terminal(conversation)


@asynccontextmanager
async def slack(conversation: Conversation, *, private: bool) -> AsyncIterator[Driver]:
    async with (
        FakeSlack(rates=False) as fake,
        running(fake, conversation=conversation) as cairn,
    ):
        yield SlackWindow(fake, cairn.drain, private=private)
        assert fake.violations == fake.failures == []


def slack_window(conversation: Conversation) -> AbstractAsyncContextManager[Driver]:
    return slack(conversation, private=True)


def slack_chat(conversation: Conversation) -> AbstractAsyncContextManager[Driver]:
    return slack(conversation, private=False)


@asynccontextmanager
async def teams(conversation: Conversation, *, private: bool) -> AsyncIterator[Driver]:
    async with (
        FakeTeams(rates=False) as fake,
        in_teams(fake, conversation=conversation) as cairn,
    ):
        yield TeamsCard(fake, cairn.drain, private=private)
        assert fake.violations == fake.failures == fake.inserted == []


def teams_chat(conversation: Conversation) -> AbstractAsyncContextManager[Driver]:
    return teams(conversation, private=False)


def teams_dialog(conversation: Conversation) -> AbstractAsyncContextManager[Driver]:
    return teams(conversation, private=True)


# -- the transcript


def expected(reply: Reply) -> list[str]:
    """What a screen must say in every channel, in the order in which it does."""
    page, lang = reply.screen, reply.lang
    found = []
    if page.question is not None:
        found += [page.question.ask[lang]]
        found += [option.label[lang] for option in page.question.options]
    if page.answer is not None:
        found += [page.answer.title[lang]]
    if page.page is not None:
        found += [page.page.title[lang], plain(page.page.text[lang])]
    found += [plain(one.statement.words[lang]) for one in page.first]
    return found


def flat(text: str) -> str:
    return " ".join(re.sub(r"\s*\[\d+\]", "", text).split())


def move_of(step: Step, reply: Reply) -> Move:
    do, *rest = step
    screen_ = reply.screen
    asked = screen_.question
    later = asked is not None and f"{asked.id}=" in screen_.place
    asking = asked.id if asked is not None and later else None
    lang = reply.lang
    match do:
        case "pick":
            act = Choose(rest[0], (rest[1],))
        case "back":
            act = Back()
        case "change":
            act = Change(rest[0])
        case "start_over":
            act, asking = StartOver(), None
        case "goto":
            act = Open(rest[0])
        case "say":
            act = Say(rest[0])
        case _:
            act, lang = Look(Part.WHOLE), "fr" if lang == "en" else "en"
    return Move(screen_.place, lang, act, asking)


@pytest.fixture
def everywhere(department: Conversation) -> Conversation:
    """The conversation of a department that lets people paste drafts in each channel."""
    own = department.organization
    assert own is not None
    allowed = replace(own, free_text=("web", "terminal", "slack", "teams"))
    return Conversation(department.guidance, allowed, still)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    ("tree", "steps"),
    [("post_reported", MANAGER), ("can_i_post", EMPLOYEE), ("draft", DRAFTED)],
)
@pytest.mark.parametrize(
    "channel", [web, terminal, slack_window, slack_chat, teams_chat, teams_dialog]
)
async def test_one_transcript_shows_the_same_screens_in_every_channel(
    everywhere: Conversation,
    channel: Callable[[Conversation], AbstractAsyncContextManager[Driver]],
    tree: str,
    steps: tuple[Step, ...],
    lang: Lang,
):
    conversation = everywhere
    async with channel(conversation) as driver:
        reply = conversation.respond(Move("home", lang, Open(tree)))
        seen = await driver.start(tree, lang)
        for step in (None, *steps):
            if step is not None:
                after = conversation.respond(move_of(step, reply))
                assert after.screen.trouble is None, step
                seen = await driver.do(step, reply, after)
                reply = after
            text, at = flat(seen), 0
            for words in expected(reply):
                found = text.find(flat(words), at)
                assert found >= 0, (step, words)
                if reply.screen.question is not None:
                    at = found
