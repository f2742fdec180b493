"""What do a command, a shortcut, a form and a button do? What somebody waits for, at once.

A form is answered within the same request. Whatever opens a window makes one call to Slack; when
that is refused, the same first screen comes another way, so that nobody gets silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from bot.channels.slack.answers import SlackAnswers
from bot.channels.slack.cards import Card, Cards
from bot.channels.slack.decode import (
    Person,
    fields_of,
    language_shown,
    plain_words,
)
from bot.channels.slack.errors import SlackError
from bot.channels.slack.limits import Checked
from bot.channels.slack.outbound import Outbound
from bot.channels.slack.people import People
from bot.channels.slack.windows import Windows
from bot.channels.steps import Fields, Step, again
from bot.conversation import Move, Reply, Say
from bot.guidance.pages import HOME
from bot.guidance.screen import Trouble
from bot.guidance.words import LANGS, Lang
from bot.seal import Spot, Surface
from bot.tasks import Tasks, Work

Body = Mapping[str, Any]
Payload = dict[str, Any]
STALE: Final = 2.0
"""Seconds after which a trigger is no longer worth trying: it lives three."""


@dataclass(frozen=True, slots=True)
class Press:
    """A button that was pressed: what it does, the capsule with it, and where it stands."""

    body: Body = field(repr=False)
    person: Person
    do: str
    value: object = field(repr=False)


class Presses:
    """SlackAnswers commands, shortcuts, forms and buttons."""

    def __init__(
        self,
        answers: SlackAnswers,
        people: People,
        outbound: Outbound,
        tasks: Tasks,
        cards: Cards,
        *,
        windows: Windows,
    ) -> None:
        """Take the parts of the channel."""
        self._answers = answers
        self._people = people
        self._outbound = outbound
        self._tasks = tasks
        self._cards = cards
        self._windows = windows

    # -- what opens a window

    async def command(self, body: Body, person: Person, age: float) -> Payload:
        """Answer ``/cairn`` with or without words; return the body of the HTTP answer."""
        text = plain_words(body.get("text")).strip()
        first = self._commanded(person, text)
        opened = await self._open(body, person, age, first, sure=first.sure)
        if opened:
            return {}
        return {"response_type": "ephemeral", **first.message()}

    def _commanded(self, person: Person, text: str) -> _First:
        known = self._people.tongue(person)
        if not text:
            return self._at(person, HOME, known)
        lang = self._answers.language(text, known or "en")
        reply = self._answers.reply(Step(Move(HOME, lang, Say(text))))
        sure = known is not None or lang == self._answers.language(text, "fr")
        return _First(self._answers, person, reply, sure=sure)

    def _at(self, person: Person, place: str, lang: Lang | None) -> _First:
        """Return the first screen at a place; in both languages where none is known."""
        if lang is None:
            return _First(self._answers, person, None, sure=False)
        return _First(self._answers, person, self._answers.at(place, lang), sure=True)

    async def shortcut(self, body: Body, person: Person, age: float) -> None:
        """Answer a global shortcut; its name says the walk and the language."""
        place, _, tongue = str(body.get("callback_id", "")).partition(".")
        lang = next((one for one in LANGS if one == tongue), self._people.tongue(person))
        await self._start(body, person, age, place or HOME, lang)

    async def _start(
        self, body: Body, person: Person, age: float, place: str, lang: Lang | None
    ) -> None:
        """Open a walk in a window; where that is refused, in the person's chat."""
        if person.outside:
            self._spawn(person, partial(self._refuse, person))
            return
        first = self._at(person, place, lang)
        if await self._open(body, person, age, first, sure=first.sure):
            return
        # What they meant to open is not named there: the chat keeps a copy.
        home = self._at(person, HOME, lang)
        address = body.get("response_url")
        if isinstance(address, str) and address:
            self._spawn(person, partial(self._answer, address, person, first, home))
        else:
            self._spawn(person, partial(self._post, person, home))

    async def _answer(self, address: str, person: Person, first: _First, home: _First) -> None:
        try:
            await self._outbound.respond(address, first.message(), replace=False)
        except SlackError:
            await self._post(person, home)

    async def _refuse(self, person: Person) -> None:
        await self._outbound.post(person.user, self._answers.refusal())

    async def _post(self, person: Person, home: _First) -> None:
        await self._outbound.post(person.user, home.message(new=True))

    async def _open(
        self, body: Body, person: Person, age: float, first: _First, *, sure: bool
    ) -> bool:
        """Open the window; return false where that cannot be done any more."""
        trigger = body.get("trigger_id")
        if not isinstance(trigger, str) or not trigger or age > STALE:
            return False
        try:
            view = await self._outbound.open_view(trigger, first.modal(), age)
        except SlackError:
            return False
        if not sure:
            # In a line of its own, so that no press has to wait for it.
            key = (*person.key, "tongue")
            self._tasks.spawn(key, partial(self._in_their_language, person, first, view))
        return True

    async def _in_their_language(self, person: Person, first: _First, view: Body) -> None:
        """Show the first screen again in the language of the profile, if nobody went on."""
        lang = await self._people.learn_tongue(person)
        view_id, known = str(view.get("id", "")), str(view.get("hash", ""))
        if lang is None or lang == first.lang or self._tasks.is_busy(person.key):
            return
        reply = self._answers.at(HOME, lang) if first.reply is None else self._same(first, lang)
        try:
            await self._windows.swap(view_id, known, self._answers.modal(reply, person))
        except SlackError:
            return  # they went on, or Slack has no time: the first screen does as well

    def _same(self, first: _First, lang: Lang) -> Reply:
        assert first.reply is not None
        return replace(first.reply, lang=lang)

    # -- forms

    def submit(self, body: Body, person: Person) -> Payload:
        """Answer a form with the next screen, in the body of the HTTP answer."""
        view = body.get("view")
        view = view if isinstance(view, dict) else {}
        lang = self._lang(body, person)
        opened = self._answers.open(view.get("private_metadata"), person, Surface.MODAL, lang)
        press = Press(body, person, str(view.get("callback_id", "")), None)
        reply, number = self._stepped(press, opened, view.get("state"))
        shown = self._answers.modal(reply, person, number)
        return {"response_action": "update", "view": shown}

    def _lang(self, body: Body, person: Person) -> Lang:
        return language_shown(body) or self._people.tongue(person) or "en"

    # -- buttons

    async def press(self, press: Press, age: float) -> bool:
        """Answer a button: open a window, or have the card changed in a moment.

        Return false when there is too much to do.
        """
        body, person = press.body, press.person
        name, _, rest = press.do.partition(":")
        view = body.get("view")
        if name == "start":
            await self._start(body, person, age, rest, self._home_lang(body, person))
        elif name == "chat":
            pass  # a link; Slack has opened it
        elif isinstance(view, dict) and view.get("type") == "modal":
            return self._spawn(person, lambda: self._in_modal(press, view))
        elif isinstance(view, dict):
            return self._spawn(person, lambda: self._in_home(press))
        elif name in ("private", "copy"):
            await self._out_of_message(press, age)
        else:
            return self._spawn(person, lambda: self._in_message(press))
        return True

    def _home_lang(self, body: Body, person: Person) -> Lang | None:
        """Return the language that Home or the message is shown in, or that is remembered."""
        view, shown = body.get("view"), language_shown(body)
        if isinstance(view, dict) and view.get("type") == "home":
            opened = self._answers.open(view.get("private_metadata"), person, Surface.HOME, "en")
            return opened.lang if isinstance(opened, Spot) else shown
        if shown is not None and _speaks_both(body):
            return shown  # they chose it by the button that they pressed
        return self._people.tongue(person) or shown

    async def _in_modal(self, press: Press, view: Body) -> None:
        person, answers = press.person, self._answers
        lang = self._lang(press.body, person)
        opened = answers.open(view.get("private_metadata"), person, Surface.MODAL, lang)
        reply = answers.beside(press.do, opened)
        if reply is not None:
            if press.do == "trail":
                shown = answers.trail(reply, person, Surface.MODAL)
            else:
                told = await self._send(reply, person) if press.do == "send" else None
                shown = answers.copy(reply, person, sent=told)
        else:
            reply, number = self._stepped(press, opened, view.get("state"))
            shown = answers.modal(reply, person, number)
        await self._windows.update(str(view.get("id", "")), shown, view.get("hash"))

    def _stepped(self, press: Press, opened: Step | Spot, state: object) -> tuple[Reply, int]:
        """Return the reply to a press and its page."""
        reply, number, chosen = self._answers.stepped(press.do, opened, fields_of(state))
        if chosen is not None:
            self._people.remember(press.person, chosen)  # their next window opens in it
        return reply, number

    async def _send(self, reply: Reply, person: Person) -> str:
        """Send an answer to the person's chat; return the phrase that says what became of it."""
        try:
            await self._outbound.post(person.user, self._answers.posted(reply, person))
        except SlackError:
            return "not_sent_here"
        return "sent_here"

    async def _in_home(self, press: Press) -> None:
        person = press.person
        shown = self._home_lang(press.body, person) or "en"
        lang: Lang = "en" if shown == "fr" else "fr"
        self._people.remember(person, lang)
        home = self._answers.home(self._answers.at(HOME, lang), person)
        await self._outbound.publish_home(person.user, home)

    async def _out_of_message(self, press: Press, age: float) -> None:
        """Open the place of a message in a window, where nothing is posted."""
        body, person, answers = press.body, press.person, self._answers
        lang = self._lang(body, person)
        opened = answers.open(press.value, person, Surface.MESSAGE, lang)
        step = answers.step(press.do, opened, Fields({}))
        reply = answers.reply(step if press.do != "copy" else _looking(opened))
        first = _First(answers, person, reply, sure=True, copied=press.do == "copy")
        if not await self._open(body, person, age, first, sure=True):
            here = answers.message(reply.with_trouble(Trouble.NO_WINDOW), person)
            self._spawn(person, lambda: self._replace(press, here))

    async def _in_message(self, press: Press) -> None:
        person, answers = press.person, self._answers
        lang = self._lang(press.body, person)
        opened = answers.open(press.value, person, Surface.MESSAGE, lang)
        reply = answers.beside(press.do, opened)
        if reply is not None:
            shown = answers.trail(reply, person, Surface.MESSAGE)
        else:
            state = press.body.get("state")
            unsaid = press.do == "first" and fields_of(state).first("lang") is None
            if unsaid and isinstance(opened, Spot):
                # Nothing makes them pick a language in a message.
                opened = replace(opened, lang=await self._people.learn_tongue(person) or lang)
            reply, number = self._stepped(press, opened, state)
            shown = answers.message(reply, person, number)
        await self._replace(press, shown)
        self._remember(press, answers.capsule(reply, person, Surface.MESSAGE))

    def _remember(self, press: Press, capsule: str) -> None:
        """Remember the card, so that what is typed next is read from there."""
        channel, ts, thread = _stands_at(press.body)
        if channel is not None and ts is not None:
            self._cards.keep(press.person, channel, thread, Card(capsule, ts))

    async def _replace(self, press: Press, shown: Checked) -> None:
        """Put the next screen in place of the card that was pressed."""
        address = press.body.get("response_url")
        channel, ts, _ = _stands_at(press.body)
        try:
            await self._outbound.respond(str(address or ""), shown, replace=True)
        except SlackError:
            if channel is not None and ts is not None:
                await self._outbound.update(channel, ts, shown)
                return
            # Only they saw the card, and nothing can change it any more. Their own chat keeps a
            # copy, so it says nothing of where they were.
            home = self._answers.at(HOME, self._lang(press.body, press.person))
            await self._outbound.post(press.person.user, self._answers.posted(home, press.person))

    def _spawn(self, person: Person, work: Work) -> bool:
        # What goes beyond what one person has waiting is dropped: they pressed often enough.
        return self._tasks.spawn(person.key, work) or not self._tasks.is_full


def _stands_at(body: Body) -> tuple[str | None, str | None, str | None]:
    """Return the channel, the name and the thread of the message that was pressed.

    Nothing of a message that only one person sees: it can be changed through its answer only.
    """
    container = body.get("container")
    held = container if isinstance(container, dict) else {}
    if held.get("is_ephemeral"):
        return None, None, None
    found = [held.get(name) for name in ("channel_id", "message_ts", "thread_ts")]
    channel, ts, thread = (one if isinstance(one, str) else None for one in found)
    return channel, ts, thread


def _speaks_both(body: Body) -> bool:
    """Tell whether the message that was pressed has buttons in each language."""
    message = body.get("message")
    found = message.get("blocks") if isinstance(message, dict) else None
    rows = [one.get("block_id") for one in found or () if isinstance(one, dict)]
    return all(f"controls:{lang}" in rows for lang in LANGS)


def _looking(opened: Step | Spot) -> Step:
    return again(opened) if isinstance(opened, Spot) else opened


@dataclass(frozen=True, slots=True)
class _First:
    """The first screen of a window, and the same as a message; ``reply`` none: both languages."""

    answers: SlackAnswers
    person: Person
    reply: Reply | None
    sure: bool
    copied: bool = False

    @property
    def lang(self) -> Lang | None:
        """The language that it is shown in, if it is one."""
        return self.reply.lang if self.reply is not None else None

    def modal(self) -> Checked:
        """Return it as a modal."""
        if self.reply is None:
            return self.answers.first(self.person, Surface.MODAL)
        if self.copied:
            return self.answers.copy(self.reply, self.person)
        return self.answers.modal(self.reply, self.person)

    def message(self, *, new: bool = False) -> Checked:
        """Return it as a message; as a new one, it begins with neutral words."""
        if self.reply is None:
            return self.answers.first(self.person, Surface.MESSAGE)
        if new:
            return self.answers.posted(self.reply, self.person)
        return self.answers.message(self.reply, self.person)
