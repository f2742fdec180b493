"""What becomes of a press that a counter answers? A form, in a window only this person sees.

A form that is sent is answered in the same request. A button in a window changes the window; one
on a card opens it. Where the desk fails or is slow, whether it did something is not known: the
window then stays as it is, with all that was typed, and says so below. Pressed again, what was done
is not done twice: the desk knows the same words, and refuses what a case has moved beyond.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final

from bot.channels.slack import blocks, forms
from bot.channels.slack.answers import PLATFORM, SlackAnswers
from bot.channels.slack.decode import Person, language_shown
from bot.channels.slack.directory import Directory
from bot.channels.slack.errors import SlackError
from bot.channels.slack.limits import Checked, TooLargeError, checked_message
from bot.channels.slack.mrkdwn import literal
from bot.channels.slack.outbound import Outbound
from bot.channels.slack.people import People
from bot.channels.slack.presses import STALE
from bot.channels.slack.presses import Press as Pressed
from bot.channels.slack.windows import Windows
from bot.forms import PINS, Counter, Form, Press, Said, Style
from bot.guidance.words import Lang
from bot.platforms import Place, Who
from bot.privacy import OWN, where_of
from bot.seal import Spot, Surface
from bot.tasks import Tasks

Body = Mapping[str, Any]
Payload = dict[str, Any]
OFFICES: Final = "desk:offices"
"""What a screen of the guidance asks the desk; its place goes with it, out of its capsule."""

ANSWER: Final = 2.5
"""Seconds after which a form that was sent is answered in any case: Slack waits three."""

SOON: Final = 1.0
"""Seconds of a trigger that the desk may take before a window is opened that asks to wait."""

_CHANNELS: Final = ("C", "G")
"""How the ids of channels begin; those of people's own chats do so otherwise."""


class FormPresses:
    """Answers the presses of forms by what their counter says: that of the desk, or of pins."""

    def __init__(
        self,
        answers: SlackAnswers,
        people: People,
        directory: Directory,
        outbound: Outbound,
        tasks: Tasks,
        *,
        windows: Windows,
        clock: Callable[[], float],
    ) -> None:
        """Take the parts of the channel, and a monotonic clock in seconds."""
        self._answers = answers
        self._people = people
        self._directory = directory
        self._outbound = outbound
        self._tasks = tasks
        self._windows = windows
        self._clock = clock
        self._counters: dict[str, Counter] = {}

    def serve(self, kind: str, counter: Counter) -> None:
        """Have presses that begin with ``kind`` answered; before that each of them fails."""
        self._counters[kind] = counter

    # -- a form that is sent

    async def submit(self, body: Body, person: Person, age: float) -> Payload | None:
        """Answer a form in the body of the HTTP answer; nothing where there is none to give.

        Slack itself then says that it did not work, and keeps the form open.
        """
        if person.outside:
            self._refuse(person)
            return {"response_action": "clear"}
        view, lang = _dict(body, "view"), self._lang(body, person)
        do, held = str(view.get("callback_id", "")), view.get("private_metadata")
        press = _marked(forms.press_of(do, held, view.get("state")), body)
        shown: asyncio.Future[Checked | None] = asyncio.get_running_loop().create_future()

        async def work() -> None:
            try:
                found = await self._shown(person, press, lang)
                if not shown.done():
                    shown.set_result(found)
            finally:
                if not shown.done():
                    shown.set_result(None)

        # What the desk has begun it ends, also when nobody waits for it any more.
        answer = None
        if self._spawn(person, work):
            await asyncio.wait([shown], timeout=max(ANSWER - age, 0.0))
            answer = shown.result() if shown.done() else None
        answer = answer or self._again(view, press, lang)
        return {"response_action": "update", "view": answer} if answer else None

    # -- a command

    def command(self, do: str, lang: Lang, body: Body, person: Person, age: float) -> Payload:
        """Have a command answered in a window; return the body of the HTTP answer.

        ``lang`` is the language of the word that was typed. Where there is no window to be had, or
        nothing that answers, the HTTP answer says so.
        """
        channel, trigger = body.get("channel_id"), body.get("trigger_id")
        known = self._people.tongue(person) or lang
        if person.outside:
            self._refuse(person)
            return {}
        if self._counter(do) is None:
            return {"response_type": "ephemeral", **self._line("slack_pin_off", known)}
        if isinstance(channel, str) and isinstance(trigger, str) and trigger and age <= STALE:
            press = Press(do, where=Place(PLATFORM, person.tenant, channel))
            came = self._clock() - age
            if self._spawn(person, lambda: self._commanded(press, lang, body, person, came)):
                return {}
        return {"response_type": "ephemeral", **self._line("slack_pin_again", known)}

    async def _commanded(
        self, press: Press, lang: Lang, body: Body, person: Person, came: float
    ) -> None:
        known = await self._tongue(person) or lang
        if not await self._open(str(body["trigger_id"]), person, press, known, came):
            await self._aside(body, person, self._line("slack_pin_again", known))

    async def _tongue(self, person: Person) -> Lang | None:
        """Return the language of somebody; the directory is asked for their profile anyway."""
        known = self._people.tongue(person)
        if known is None:
            with suppress(SlackError):
                known = (await self._directory.find(person.user)).lang
            if known is not None:
                self._people.remember(person, known)
        return known

    # -- a button

    def press(self, pressed: Pressed, age: float) -> bool:
        """Have a button answered in a moment; return false when there is too much to do."""
        person = pressed.person
        if person.outside:
            return self._refuse(person)
        if _dict(pressed.body, "view").get("type") == "modal":
            return self._spawn(person, lambda: self._in_window(pressed))
        came = self._clock() - age
        return self._spawn(person, lambda: self._to_window(pressed, came))

    async def _in_window(self, pressed: Pressed) -> None:
        """Answer a button of a window in that window."""
        body, person = pressed.body, pressed.person
        view = _dict(body, "view")
        press, lang = self._read(pressed, view.get("private_metadata"), view.get("state"))
        shown = await self._shown(person, press, lang) or self._again(view, press, lang)
        if shown is not None:
            await self._windows.update(str(view.get("id", "")), shown, view.get("hash"))

    async def _to_window(self, pressed: Pressed, came: float) -> None:
        """Answer a button of a card or of Home in a new window; ``came`` is when it was pressed.

        A trigger lives three seconds. A desk that takes longer gets a window that asks to wait.
        """
        body, person = pressed.body, pressed.person
        trigger, view = body.get("trigger_id"), _dict(body, "view")
        press, lang = self._read(pressed, view.get("private_metadata") or pressed.value, None)
        if (
            not isinstance(trigger, str)
            or not trigger
            or self._clock() - came > STALE
            or not await self._open(trigger, person, press, lang, came)
        ):
            await self._aside(body, person, self._line("desk_press_again", lang))

    async def _open(
        self, trigger: str, person: Person, press: Press | None, lang: Lang, came: float
    ) -> bool:
        """Open a window with what a press leads to; return false where Slack opens none."""
        answer = asyncio.ensure_future(self._shown_or_failed(person, press, lang))
        try:
            await asyncio.wait([answer], timeout=max(came + SOON - self._clock(), 0.0))
            first = answer.result() if answer.done() else self._told("desk_wait", lang)
            try:
                opened = await self._outbound.open_view(trigger, first, self._clock() - came)
            except SlackError:
                await answer
                return False
            shown = await answer
        finally:
            answer.cancel()
        if shown is not first:
            await self._windows.update(str(opened.get("id", "")), shown, opened.get("hash"))
        return True

    def _read(self, pressed: Pressed, held: object, state: object) -> tuple[Press | None, Lang]:
        """Return what a button means to the desk, and the language that the person reads."""
        lang = self._lang(pressed.body, pressed.person)
        press = _marked(forms.press_of(pressed.do, held, state), pressed.body)
        if press is not None and (card := _card_of(pressed.body)) is not None:
            press = replace(press, at=card)
        if press is None or not f"{pressed.do}:".startswith(f"{OFFICES}:"):
            return press, lang
        opened = self._answers.open(held, pressed.person, _surface(pressed.body), lang)
        if not isinstance(opened, Spot):
            return replace(press, held=""), lang
        return replace(press, held=opened.place), opened.lang

    # -- what the counters say

    def _counter(self, do: str) -> Counter | None:
        return self._counters.get(f"{do.partition(':')[0]}:")

    async def _shown(self, person: Person, press: Press | None, lang: Lang) -> Checked | None:
        """Return the form that a press leads to as a view; nothing where the desk fails."""
        counter = self._counter(press.do) if press is not None else None
        if press is None or counter is None:
            return None
        try:
            form = await self._form(counter, person, press, lang)
            return forms.view_of(form, self._answers.guidance.phrases)
        except TooLargeError as error:
            logging.getLogger(OWN).error("a form does not fit: %s", error)  # noqa: TRY400
        except Exception as error:  # noqa: BLE001 the person must be told all the same
            logging.getLogger(OWN).error(  # noqa: TRY400 a traceback may hold content
                "%s in %s", type(error).__name__, where_of(error)
            )
        return None

    async def _form(self, counter: Counter, person: Person, press: Press, lang: Lang) -> Form:
        """Return what a counter says to a full member of the organization.

        Where the directory says nothing, their name is not known and the desk takes nothing from
        them; whoever answers a case must be in its channel, where no guest may be. About pins
        nobody is answered then.

        Raises:
            SlackError: the directory does not say whether they are a member, and that matters.

        """
        name, about_pins = "", press.do.startswith(PINS)
        try:
            profile = await self._directory.find(person.user)
        except SlackError:
            if about_pins:
                raise
            profile = None
        if profile is not None:
            if not profile.is_member(person.tenant):
                return self._say("pin_members_only" if about_pins else "desk_members_only", lang)
            name = forms.cleaned(profile.name)
        return await counter.press(Who(PLATFORM, person.tenant, person.user, name), press, lang)

    async def _shown_or_failed(self, person: Person, press: Press | None, lang: Lang) -> Checked:
        shown = await self._shown(person, press, lang)
        if shown is None and press is not None and press.where is not None:
            return self._told("slack_pin_again", lang)
        return shown or self._told("desk_failed", lang)

    def _again(self, view: Body, press: Press | None, lang: Lang) -> Checked | None:
        about_pins = press is not None and press.do.startswith(PINS)
        words = self._phrase("pin_failed" if about_pins else "desk_failed", lang)
        return forms.shown_again(view, words, lang)

    def _told(self, phrase: str, lang: Lang) -> Checked:
        return forms.view_of(self._say(phrase, lang), self._answers.guidance.phrases)

    def _say(self, phrase: str, lang: Lang) -> Form:
        return Form(lang, [Said(self._phrase(phrase, lang), Style.STRONG)])

    def _phrase(self, phrase: str, lang: Lang) -> str:
        return self._answers.guidance.phrases[phrase][lang]

    # -- where no window can be had

    def _line(self, phrase: str, lang: Lang) -> Checked:
        words = literal(self._phrase(phrase, lang))
        return checked_message({"text": words, "blocks": [blocks.section(words)]})

    async def _aside(self, body: Body, person: Person, line: Checked) -> None:
        """Say to this person only that no window opened; in their own chat if need be."""
        try:
            address = str(body.get("response_url") or "")
            await self._outbound.respond(address, line, replace=False)
        except SlackError:
            await self._outbound.post(person.user, line)

    def _refuse(self, person: Person) -> bool:
        """Tell somebody from another organization that nothing is taken from them."""

        async def refuse() -> None:
            await self._outbound.post(person.user, self._answers.refusal())

        return self._spawn(person, refuse)

    def _lang(self, body: Body, person: Person) -> Lang:
        shown, known = language_shown(body), self._people.tongue(person)
        if not _is_for_several(body):
            return shown or known or "en"
        if known is None:
            # Nobody waits for it; their next window is in their language.
            async def learn() -> None:
                await self._people.learn_tongue(person)

            self._tasks.spawn((*person.key, "tongue"), learn)
        return known or shown or "en"

    def _spawn(self, person: Person, work: Callable[[], Any]) -> bool:
        # In a line of its own, so that no press of the desk waits for the guidance.
        return self._tasks.spawn((*person.key, "desk"), work)


def _marked(press: Press | None, body: Body) -> Press | None:
    """Return a press with the mark of its request: what Slack has signed may be sent once more."""
    if press is None:
        return None
    sent = json.dumps(body, sort_keys=True).encode()
    return replace(press, once=blake2b(sent, digest_size=16).hexdigest())


def _surface(body: Body) -> Surface:
    kind = _dict(body, "view").get("type")
    if kind == "modal":
        return Surface.MODAL
    return Surface.HOME if kind == "home" else Surface.MESSAGE


def _card_of(body: Body) -> str | None:
    """Return what a card is called that was pressed in a channel; nothing in somebody's own chat.

    What only one person sees there is no card of ours.
    """
    container = _dict(body, "container")
    channel, ts = container.get("channel_id"), container.get("message_ts")
    if container.get("is_ephemeral") or not isinstance(channel, str) or not isinstance(ts, str):
        return None
    return ts if channel.startswith(_CHANNELS) else None


def _dict(body: Body, name: str) -> Body:
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def _is_for_several(body: Body) -> bool:
    """Tell whether a card was pressed that several people read, each in a language of their own."""
    channel = str(_dict(body, "channel").get("id", ""))
    return not _dict(body, "view") and bool(channel) and not channel.startswith("D")
