"""What happens when somebody presses a button of a form? Its counter answers with the next one.

Who they are is what the verified activity says, and what the roster confirms: guests and people
of another tenant are turned away. The answer goes back in the same request, so that after three
seconds it is no longer waited for.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Final

from bot.channels.teams.answers import PLATFORM, TeamsAnswers
from bot.channels.teams.came import Came
from bot.channels.teams.decode import is_id, is_personal
from bot.channels.teams.forms import (
    capsule_in,
    failed_card,
    form_card,
    plain,
    press_in,
    refusal_card,
)
from bot.channels.teams.limits import Checked
from bot.channels.teams.outbound import Outbound
from bot.channels.teams.roster import stranger
from bot.channels.teams.transport import BlockedError, GoneError
from bot.forms import Counter, Press
from bot.guidance.words import Lang
from bot.platforms import Place, Who
from bot.privacy import OWN, where_of
from bot.seal import Spot, Surface

_WITHIN: Final = 3.0
"""Seconds that somebody in front of a dialog waits."""

_LONGEST_NAME: Final = 200


class Visits:
    """Takes presses to their counter, and brings back what the person sees next."""

    def __init__(self, answers: TeamsAnswers, outbound: Outbound) -> None:
        self._answers = answers
        self._outbound = outbound
        self._counters: dict[str, Counter] = {}

    def serve(self, kind: str, counter: Counter) -> None:
        """Have presses that begin with ``kind`` answered."""
        self._counters[kind] = counter

    async def answer(self, came: Came, shown: Lang | None, surface: Surface) -> Checked | None:
        """Return the next card of a dialog; nothing where no counter answers it.

        ``shown`` is the language of what was pressed, ``surface`` where that was.
        """
        value = came.activity.get("value")
        data = value.get("data") if isinstance(value, dict) else None
        press = press_in(data)
        counter = self._counters.get(f"{press.do.partition(':')[0]}:") if press else None
        if press is None or counter is None:
            return None
        lang = _language(came, shown, surface)
        if (capsule := capsule_in(data)) is not None:
            opened = self._answers.open(capsule, came.person, surface, lang)
            if isinstance(opened, Spot):
                press, lang = Press(press.do, opened.place), opened.lang
            else:
                press = Press(press.do)
        elif surface is Surface.MESSAGE and not is_personal(came.activity):
            card = came.activity.get("replyToId")
            press = replace(press, at=card if is_id(card) else "", where=_where(came))
        if is_id(event := came.activity.get("id")):
            press = replace(press, once=f"{came.chat.id} {event}")
        say = self._answers.guidance.phrases
        try:
            async with asyncio.timeout(_WITHIN):
                if (who := await self._who(came)) is None:
                    return refusal_card(press, lang, say)
                return form_card(await counter.press(who, press, lang), say)
        except Exception as error:  # noqa: BLE001 whatever it is, nobody is left without an answer
            logging.getLogger(OWN).error(  # noqa: TRY400 a traceback may hold content
                "%s in %s", type(error).__name__, where_of(error)
            )
            return failed_card(press, lang, say)

    async def _who(self, came: Came) -> Who | None:
        """Return who pressed; nobody where they are none of the organization's own people."""
        person, chat = came.person, came.chat
        try:
            member = await self._outbound.member(chat, person.id)
        except (BlockedError, GoneError):
            # Cairn is not in the chat where they opened its dialog; it is in their own.
            chat = await self._outbound.open_personal(chat, person.id)
            member = await self._outbound.member(chat, person.id)
        if stranger(member, person.tenant) is not None or member.aad != person.user:
            return None
        route = {"service": chat.service_url, "bot": chat.bot, "id": person.id}
        if is_personal(came.activity) or chat is not came.chat:
            route["chat"] = chat.id
        return Who(PLATFORM, person.tenant, person.user.lower(), _name(came), route)


def _where(came: Came) -> Place:
    """Return the channel or group chat that something was pressed in, not one of its threads."""
    chat = came.chat
    return Place(PLATFORM, chat.tenant, chat.id.partition(";")[0], chat.service_url)


def _language(came: Came, shown: Lang | None, surface: Surface) -> Lang:
    """Return the language that a person reads: of their own card or form, else of their Teams.

    A card that others read too says nothing of theirs.
    """
    known = (shown, came.lang)
    if surface is Surface.MESSAGE and not is_personal(came.activity):
        known = (came.lang, shown)
    return known[0] or known[1] or "en"


def _name(came: Came) -> str:
    """Return what Teams calls whoever pressed."""
    sender = came.activity.get("from")
    name = sender.get("name") if isinstance(sender, dict) else None
    return " ".join(plain(name).split())[:_LONGEST_NAME] if isinstance(name, str) else ""
