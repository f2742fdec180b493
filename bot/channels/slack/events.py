"""What happens when somebody writes to Cairn, names it in a channel, or opens its Home?

Slack sends an event again when it was not answered in time, so each is looked up by its id first.
Cairn answers the person only, in their own chat; in a channel only they see it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from bot.channels.seen import Seen, is_new
from bot.channels.slack.answers import PLATFORM, SlackAnswers
from bot.channels.slack.cards import Card, Cards
from bot.channels.slack.decode import Person, person_of, plain_words, workspace_of
from bot.channels.slack.errors import SlackError
from bot.channels.slack.outbound import Outbound
from bot.channels.slack.people import People
from bot.channels.typed import Typed, goes_on, shortened, typed_reply
from bot.conversation import Reply
from bot.guidance.pages import HOME
from bot.guidance.words import Lang
from bot.pins.port import Left
from bot.privacy import OWN
from bot.seal import Spot, Surface
from bot.tasks import Tasks

Body = Mapping[str, Any]
_LEFT: Final = ("channel_left", "group_left")
"""Events of being taken out of a channel; of who did it nothing is read."""

_CRISIS: Final = "crisis"
"""The line of words of danger: it has its turn whatever else waits."""

_TYPED: Final = frozenset({None, "file_share", "thread_broadcast"})


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody wrote to Cairn, and where."""

    person: Person
    channel: str
    thread: str | None
    typed: Typed


@dataclass(frozen=True, slots=True)
class Mention:
    """Where somebody named Cairn, and with which words; ``team`` is the workspace."""

    person: Person
    channel: str
    thread: str | None
    team: str
    typed: Typed


@dataclass(frozen=True, slots=True)
class Home:
    """Somebody's Home as it stands: what is locked in it, and which one it is."""

    person: Person
    capsule: object = field(repr=False)
    name: object


class Events:
    """SlackAnswers what Slack tells of by itself."""

    def __init__(
        self,
        answers: SlackAnswers,
        people: People,
        outbound: Outbound,
        tasks: Tasks,
        cards: Cards,
        *,
        seen: Seen,
        on_left: Left,
    ) -> None:
        """Take the parts of the channel, and what tells whether an event is new.

        ``on_left`` is told where Cairn was removed.
        """
        self._on_left = on_left
        self._answers = answers
        self._people = people
        self._outbound = outbound
        self._tasks = tasks
        self._seen = seen
        self._cards = cards

    def take(self, body: Body) -> bool:
        """Have an event answered, in its turn; return false when there is too much to do."""
        event, person = body.get("event"), person_of(body)
        if not isinstance(event, dict):
            return True
        kind = event.get("type")
        if kind == "app_uninstalled" or (kind == "tokens_revoked" and _has_bot_tokens(event)):
            logging.getLogger(OWN).error("Slack says that the app was removed")
            self._people.doubt_identity(removed=True)
            # A token that was revoked may be followed by another one; the posts stay ours.
            return kind != "app_uninstalled" or self._left(body, None)
        if kind in _LEFT and isinstance(event.get("channel"), str):
            return self._left(body, event["channel"])
        if person is None or self._is_machine(event, person):
            return True
        # What waits keeps what it needs, and not the event: many could wait.
        work: Callable[[], Any]
        line = ""
        match kind:
            case "message" if (written := _read(event, person)) is not None:
                typed, line = self._kept(written.typed)
                work = partial(self._written, replace(written, typed=typed))
            case "app_mention" if (mention := _mention(event, person)) is not None:
                typed, line = self._kept(mention.typed)
                work = partial(self._mentioned, replace(mention, typed=typed))
            case "app_home_opened" if event.get("tab") == "home":
                work, line = partial(self._home, _home_of(event, person)), "home"
            case _:
                return True
        key = (*person.key, line) if line else person.key
        once = partial(self._once, body.get("event_id"), person, work)
        urgent = line == _CRISIS
        # What goes beyond what one person has waiting is dropped. Slack would send it three times
        # more, and take the app for broken; who is in danger has the same card on its way to them.
        return self._tasks.spawn(key, once, urgent=urgent) or urgent or not self._tasks.is_full

    def _kept(self, typed: Typed) -> tuple[Typed, str]:
        """Return what to keep of words, and their line: in danger nothing else is waited for."""
        if self._answers.is_crisis(typed.text):
            return typed, _CRISIS
        return shortened(typed), ""

    def _left(self, body: Body, channel: str | None) -> bool:
        """Have told that Cairn was removed from a channel, or altogether.

        Slack names the workspace in one request and the organization in the next, so both are.
        """

        async def tell() -> None:
            for tenant in workspace_of(body):
                await self._on_left(PLATFORM, tenant, channel)

        return self._tasks.spawn(("left", *workspace_of(body), channel), tell)

    def _is_machine(self, event: Body, person: Person) -> bool:
        """Tell whether a program wrote it, ourselves included: no machine is answered."""
        inner = event.get("message")
        sources = [event, inner if isinstance(inner, dict) else {}]
        if any(one.get("bot_id") or one.get("subtype") == "bot_message" for one in sources):
            return True
        identity = self._people.identity
        return identity is not None and person.user == identity.user

    async def _once(self, event: object, person: Person, work: Callable[[], Any]) -> None:
        if isinstance(event, str) and not await is_new(self._seen, PLATFORM, person.tenant, event):
            return
        await work()

    # -- the private chat

    async def _written(self, written: Written) -> None:
        person, typed = written.person, written.typed
        if person.outside:
            answers, message = self._answers, self._answers.refusal()
            if answers.is_crisis(typed.text):
                message = answers.posted(await self._help(person, typed.text), person)
            await self._outbound.post(written.channel, message, written.thread)
            return
        card = self._cards.recall(person, written.channel, written.thread)
        lang = await self._language(person, typed.text)
        spot = self._spot(card, person, lang)
        reply = typed_reply(self._answers, spot, typed, lang)
        await self._show(written, reply, card if goes_on(spot, reply) else None)

    async def _language(self, person: Person, text: str) -> Lang:
        """Return the language to answer in: the profile's, else that of what was written."""
        known = self._people.tongue(person)
        if known is None and not self._answers.is_crisis(text):
            known = await self._people.learn_tongue(person)
        return known or self._answers.language(text, "en")

    def _spot(self, card: Card | None, person: Person, lang: Lang) -> Spot | None:
        if card is None:
            return None
        opened = self._answers.open(card.capsule, person, Surface.MESSAGE, lang)
        return opened if isinstance(opened, Spot) else None

    async def _show(self, written: Written, reply: Reply, card: Card | None) -> None:
        """Change the card in place, or show a new one below what was written."""
        person = written.person
        capsule = self._answers.capsule(reply, person, Surface.MESSAGE)
        ts = ""
        if card is not None:
            try:
                message = self._answers.message(reply, person)
                await self._outbound.update(written.channel, card.ts, message)
                ts = card.ts
            except SlackError:
                ts = ""  # it was deleted, or is too old to be changed
        if not ts:
            message = self._answers.posted(reply, person)
            ts = await self._outbound.post(written.channel, message, written.thread)
        self._cards.keep(person, written.channel, written.thread, Card(capsule, ts))

    async def _help(self, person: Person, text: str) -> Reply:
        """Return who helps now, for whoever is in danger."""
        return self._answers.at("crisis", await self._language(person, text))

    # -- a channel

    async def _mentioned(self, mention: Mention) -> None:
        """Answer to that person only; what they wrote stays unread but for signs of danger."""
        person, text, answers = mention.person, mention.typed.text, self._answers
        if answers.is_crisis(text):
            crisis = await self._help(person, text)
            message, alone = answers.message(crisis, person), answers.posted(crisis, person)
        elif person.outside:
            message = alone = answers.refusal()
        else:
            reply = answers.at(HOME, await self._language(person, text))
            message = alone = answers.channel_reply(reply, self._chat_address(mention))
        try:
            await self._outbound.whisper(mention.channel, person.user, message, mention.thread)
        except SlackError:
            # Cairn or the person is not in that channel any more; their own chat is.
            await self._outbound.post(person.user, alone)

    def _chat_address(self, mention: Mention) -> str:
        identity = self._people.identity
        team, bot = (identity.team, identity.user) if identity is not None else ("", "")
        return self._outbound.chat_address(team or mention.team, bot)

    # -- Home

    async def _home(self, shown: Home) -> None:
        """Show Home, unless what is shown there is still good."""
        person = shown.person
        chosen = self._answers.open(shown.capsule, person, Surface.HOME, "en")
        known = chosen.lang if isinstance(chosen, Spot) else self._people.tongue(person)
        lang = known or await self._people.learn_tongue(person) or "en"
        home = self._answers.home(self._answers.at(HOME, lang), person)
        if not isinstance(chosen, Spot) or shown.name != home["callback_id"]:
            await self._outbound.publish_home(person.user, home)


def _has_bot_tokens(event: Body) -> bool:
    tokens = event.get("tokens")
    return isinstance(tokens, dict) and bool(tokens.get("bot"))


def _read(event: Body, person: Person) -> Written | None:
    """Return what somebody wrote in their own chat with Cairn, or changed there."""
    if event.get("channel_type") != "im":
        return None
    channel, message = event.get("channel"), event
    if event.get("subtype") == "message_changed":
        now, before = event.get("message"), event.get("previous_message")
        if not isinstance(now, dict) or not isinstance(before, dict):
            return None
        if now.get("text") == before.get("text"):
            return None  # Slack added a preview of a link
        message = now
    edited = message is not event
    if message.get("subtype") not in _TYPED or not isinstance(channel, str):
        return None
    words, has_files = plain_words(message.get("text")), bool(message.get("files"))
    typed = Typed(words, has_files=has_files, is_edited=edited)
    return Written(person, channel, _thread(message), typed)


def _mention(event: Body, person: Person) -> Mention | None:
    """Return where somebody named Cairn; nothing where that is not said."""
    channel = event.get("channel")
    if not isinstance(channel, str):
        return None
    typed = Typed(plain_words(event.get("text")))
    return Mention(person, channel, _thread(event), str(event.get("team", "")), typed)


def _home_of(event: Body, person: Person) -> Home:
    view = event.get("view")
    shown = view if isinstance(view, dict) else {}
    return Home(person, shown.get("private_metadata"), shown.get("callback_id"))


def _thread(message: Body) -> str | None:
    thread = message.get("thread_ts")
    return thread if isinstance(thread, str) else None
