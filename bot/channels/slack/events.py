"""What happens when somebody writes to Cairn, names it in a channel, or opens its Home?

Slack sends an event again when it was not answered in time, so each is looked up by its id first.
Cairn answers the person only, in their own chat; in a channel only they see it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from bot.channels.slack.answers import PLATFORM, Answers
from bot.channels.slack.cards import Card, Cards
from bot.channels.slack.decode import Fields, Person, Step, person_of, plain_words, step_of
from bot.channels.slack.outbound import Outbound, SlackError
from bot.channels.slack.people import People
from bot.conversation import Reply, Say
from bot.guidance import understand
from bot.guidance.pages import HOME
from bot.guidance.screen import Sort, Trouble
from bot.guidance.words import Lang
from bot.privacy import OWN
from bot.seal import Spot, Surface
from bot.tasks import Tasks

Body = Mapping[str, Any]
_TYPED: Final = frozenset({None, "file_share", "thread_broadcast"})


class Seen(Protocol):
    """Tells whether an event comes for the first time; the store does."""

    async def first_time(self, platform: str, tenant: str, event: str) -> bool:
        """Return true exactly once for an event of a tenant."""
        ...


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody wrote to Cairn."""

    person: Person
    channel: str
    thread: str | None
    text: str
    has_files: bool


class Events:
    """Answers what Slack tells of by itself."""

    def __init__(
        self,
        answers: Answers,
        people: People,
        outbound: Outbound,
        tasks: Tasks,
        cards: Cards,
        *,
        seen: Seen,
    ) -> None:
        """Take the parts of the channel, and what tells whether an event is new."""
        self._answers = answers
        self._people = people
        self._outbound = outbound
        self._tasks = tasks
        self._seen = seen
        self._cards = cards

    def take(self, body: Body) -> None:
        """Have an event answered, in its turn."""
        event, person = body.get("event"), person_of(body)
        if not isinstance(event, dict):
            return
        if event.get("type") in ("app_uninstalled", "tokens_revoked"):
            logging.getLogger(OWN).error("Slack says that the app was removed")
            self._people.forget_identity()
            return
        if person is None or self._is_machine(event, person):
            return
        work: Callable[[], Any]
        match event.get("type"):
            case "message":
                typed = _typed(event, person)
                if typed is None:
                    return
                work = lambda: self._written(typed)  # noqa: E731 each is bound to its event
            case "app_mention":
                work = lambda: self._mentioned(event, person)  # noqa: E731
            case "app_home_opened" if event.get("tab") == "home":
                work = lambda: self._home(event, person)  # noqa: E731
            case _:
                return
        self._tasks.spawn(person.key, lambda: self._once(body, person, work))

    def _is_machine(self, event: Body, person: Person) -> bool:
        """Tell whether a program wrote it, ourselves included: no machine is answered."""
        inner = event.get("message")
        sources = [event, inner if isinstance(inner, dict) else {}]
        if any(one.get("bot_id") or one.get("subtype") == "bot_message" for one in sources):
            return True
        identity = self._people.identity
        return identity is not None and person.user == identity.user

    async def _once(self, body: Body, person: Person, work: Callable[[], Any]) -> None:
        event = body.get("event_id")
        if isinstance(event, str) and not await self._is_new(person.team, event):
            return
        await work()

    async def _is_new(self, team: str, event: str) -> bool:
        try:
            return await self._seen.first_time(PLATFORM, team, event)
        except Exception as error:  # noqa: BLE001 guidance goes on while the database does not
            logging.getLogger(OWN).error(  # noqa: TRY400 the text may hold content
                "the store does not answer: %s", type(error).__name__
            )
            return True

    # -- the private chat

    async def _written(self, typed: Typed) -> None:
        person = typed.person
        if not self._people.is_ours(person):
            refusal = self._answers.refusal()
            await self._outbound.post(typed.channel, refusal, typed.thread)
            return
        card = self._cards.recall(person, typed.channel, typed.thread)
        known = self._people.tongue(person)
        crisis = self._answers.is_crisis(typed.text)
        # In danger nothing is waited for, not even the language.
        lang = known or (None if crisis else await self._people.learn_tongue(person)) or "en"
        spot = self._spot(card, person, lang)
        reply = self._reply(typed, spot, lang)
        await self._show(typed, reply, card if self._goes_on(spot, reply) else None)

    def _spot(self, card: Card | None, person: Person, lang: Lang) -> Spot | None:
        if card is None:
            return None
        opened = self._answers.open(card.capsule, person, Surface.MESSAGE, lang)
        return opened if isinstance(opened, Spot) else None

    def _reply(self, typed: Typed, spot: Spot | None, lang: Lang) -> Reply:
        text = typed.text
        if spot is None:
            short = len(text) <= understand.MAX_TYPED and understand.is_short_reply(text)
            if typed.has_files and not text.strip():
                return self._answers.at(HOME, lang).with_trouble(Trouble.FILES)
            if short:
                return self._answers.at(HOME, lang).with_trouble(Trouble.TAP_THE_CARD)
            spot = Spot(HOME, lang)
        look = step_of("look", spot, Fields({})).move
        move = replace(look, act=Say(text), asking=spot.asking)
        reply = self._answers.reply(Step(move))
        if typed.has_files and reply.screen.trouble in (None, Trouble.NOT_UNDERSTOOD):
            return reply.with_trouble(Trouble.FILES)
        return reply

    @staticmethod
    def _goes_on(spot: Spot | None, reply: Reply) -> bool:
        """Tell whether the reply goes on where the card stands, so that the card is changed."""
        if spot is None or reply.screen.sort in (Sort.CRISIS, Sort.UNSURE):
            return False
        return reply.screen.tree is not None or reply.screen.place == spot.place

    async def _show(self, typed: Typed, reply: Reply, card: Card | None) -> None:
        """Change the card in place, or show a new one below what was written."""
        person = typed.person
        message = self._answers.message(reply, person)
        capsule = self._answers.capsule(reply, person, Surface.MESSAGE)
        if card is not None:
            try:
                await self._outbound.update(card.channel, card.ts, message)
            except SlackError:
                card = None  # it was deleted, or is too old to be changed
        if card is None:
            posted = await self._outbound.post(typed.channel, message, typed.thread)
            channel, _, ts = posted.partition(":")
        else:
            channel, ts = card.channel, card.ts
        self._cards.keep(person, typed.thread, Card(capsule, channel, ts))

    # -- a channel

    async def _mentioned(self, event: Body, person: Person) -> None:
        """Answer to that person only; what they wrote stays unread but for signs of danger."""
        channel, thread = event.get("channel"), event.get("thread_ts")
        if not isinstance(channel, str):
            return
        if not self._people.is_ours(person):
            message = self._answers.refusal()
        else:
            text = plain_words(event.get("text"))
            crisis = self._answers.is_crisis(text)
            lang = self._people.tongue(person) or (
                None if crisis else await self._people.learn_tongue(person)
            )
            spoken = lang or understand.language(text[: understand.MAX_TYPED], "en")
            if crisis:
                message = self._answers.message(self._answers.at("crisis", spoken), person)
            else:
                reply = self._answers.at(HOME, spoken)
                message = self._answers.channel_reply(reply, self._chat_address(person))
        thread = thread if isinstance(thread, str) else None
        try:
            await self._outbound.whisper(channel, person.user, message, thread)
        except SlackError:
            # Cairn or the person is not in that channel any more; their own chat is.
            await self._outbound.post(person.user, message)

    def _chat_address(self, person: Person) -> str:
        identity = self._people.identity
        bot = identity.user if identity is not None else ""
        return self._outbound.chat_address(person.team, bot)

    # -- Home

    async def _home(self, event: Body, person: Person) -> None:
        """Show Home, unless what is shown there is still good."""
        view = event.get("view")
        shown = view if isinstance(view, dict) else {}
        chosen = self._answers.open(shown.get("private_metadata"), person, Surface.HOME, "en")
        if not self._people.is_ours(person):
            return
        if isinstance(chosen, Spot):
            if self._answers.is_current(chosen):
                return
            lang = chosen.lang
        else:
            lang = await self._people.learn_tongue(person) or "en"
        home = self._answers.home(self._answers.at(HOME, lang), person)
        await self._outbound.publish_home(person.user, home)


def _typed(event: Body, person: Person) -> Typed | None:
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
    if message.get("subtype") not in _TYPED or not isinstance(channel, str):
        return None
    thread = message.get("thread_ts")
    return Typed(
        person,
        channel,
        thread if isinstance(thread, str) else None,
        plain_words(message.get("text")),
        bool(message.get("files")),
    )
