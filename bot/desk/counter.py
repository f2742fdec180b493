"""What does a press mean, and what is shown next? The only way from a channel to the desk.

Whatever cannot be done is said in a form: what happened, and what to do.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

from bot.conversation import Conversation
from bot.desk import cards, consent, officer, own, writing
from bot.desk.approach import CHOOSE, Approach
from bot.desk.case import NotAllowedError, Why
from bot.desk.consent import Consent
from bot.desk.directory import Directory
from bot.desk.exchange import act_of
from bot.desk.officer import Officer
from bot.desk.own import Own
from bot.desk.readers import Audience
from bot.desk.records import NoCaseError
from bot.desk.service import Desk
from bot.desk.writing import Writing
from bot.errors import CairnError
from bot.forms import Form, Press
from bot.guidance.words import Lang
from bot.organization import Organization
from bot.pad import Pad
from bot.platforms import PlatformError, Who
from bot.privacy import OWN
from bot.seal import Envelope

Way = Callable[[Who, Press, Lang], Awaitable[Form]]


class DeskCounter:
    """Answers presses of people and of officers."""

    def __init__(
        self,
        desk: Desk,
        directory: Directory,
        audience: Audience,
        conversation: Conversation,
        *,
        organization: Organization,
        envelope: Envelope,
        clock: Callable[[], datetime],
        ring: Callable[[], None],
    ) -> None:
        """Take the parts, a clock of aware times, and what tells that something is to be sent."""
        guidance = conversation.guidance
        self._guidance = guidance
        self._desk = desk
        self._ring = ring
        approach = Approach(
            audience, conversation, organization, envelope, by_mail=desk.goes_by_mail
        )
        wrote = Writing(desk, approach, clock)
        asked = Consent(desk, approach, wrote)
        theirs = Own(desk, audience, guidance, approach, organization.zone)
        office = Officer(desk, directory, audience, guidance)
        self._ways: Mapping[str, Way] = {
            writing.OFFICES: lambda who, press, lang: wrote.offices(who, press.held, lang),
            CHOOSE: wrote.choose,
            writing.ELSEWHERE: lambda who, press, lang: wrote.elsewhere(who, press.held, lang),
            writing.WRITE: wrote.write,
            writing.REVIEW: asked.review,
            consent.SEND: asked.send,
            writing.MINE: lambda who, _, lang: theirs.mine(who, lang),
            cards.READ: theirs.read,
            own.ANSWER: theirs.answer,
            consent.WITHDRAW: theirs.withdraw,
            own.WITHDRAWN: theirs.withdrawn,
            own.REOPEN: theirs.reopen,
            own.AGREE: theirs.agree,
            cards.CLAIM: office.claim,
            cards.RECUSE: office.recuse,
            cards.OPEN: office.open,
            officer.CLEAR: office.clear,
            officer.PREVIEW: office.preview,
            officer.REPLY: office.reply,
            officer.TRANSFER: office.transfer,
            officer.HAND_OVER: office.hand_over,
            officer.RESOLVE: office.resolve,
            officer.RESOLVED: office.resolved,
            officer.CLOSE: office.close,
            officer.CLOSED: office.closed,
            officer.OPEN_AGAIN: office.open_again,
            officer.EXPORT: office.export,
            officer.RECORDED: office.recorded,
            officer.HOLD: office.hold,
            officer.LIFT: office.lift,
        }

    async def press(self, who: Who, press: Press, lang: Lang) -> Form:
        """Do what a press means, if this person may; return what they see next."""
        act = act_of(press.do)
        way = self._ways.get(act)
        if way is None or act not in (press.do, *_IN_PAGES):
            return self._told("desk_no_case", lang, press)
        try:
            return await self._answer(way, who, press, lang)
        except PlatformError as error:
            logging.getLogger(OWN).error("who reads a channel cannot be told: %s", error.code)  # noqa: TRY400
            return self._later("desk_try_later", press, lang)
        except CairnError as error:
            logging.getLogger(OWN).error("the store: %s", error.words.en)  # noqa: TRY400
            return self._later("desk_failed", press, lang)
        finally:
            self._ring()

    async def _answer(self, way: Way, who: Who, press: Press, lang: Lang) -> Form:
        """Return what a press leads to, or why it does not.

        To whom a case is not open is told the same as where there is none, so that nobody can
        find out whether there is, or whether they were taken off. That they tried is written down.
        """
        try:
            if press.at and press.do in _ON_CARDS:
                await self._desk.pressed(press.held, press.at, who)
            return await way(who, press, lang)
        except NotAllowedError as error:
            if error.why not in (Why.NOT_YOURS, Why.CONFLICT):
                return self._told(f"desk_no_{error.why}", lang, press)
        except NoCaseError:
            return self._told("desk_no_case", lang, press)
        number = next(iter(press.picked.get("number", ())), press.held)
        with suppress(NoCaseError):
            await self._desk.refused(number, who)
        return self._told("desk_no_case", lang, press)

    def _told(self, name: str, lang: Lang, press: Press) -> Form:
        """Say why it cannot be, with what was written: it can be copied from here."""
        pad = Pad(self._guidance, lang)
        pad.text(name)
        self._written(pad, press)
        return pad.form(buttons=[pad.button(writing.MINE, "desk_mine")])

    def _later(self, name: str, press: Press, lang: Lang) -> Form:
        """Say that it did not work, with what was written, and a button to try again.

        What was picked is asked for again: it may be whom to keep away.
        """
        pad = Pad(self._guidance, lang)
        pad.strong(name)
        self._written(pad, press)
        again = _BEFORE.get(press.do, press.do) if press.picked else press.do
        return pad.form(pad.button(again, "desk_again"), held=press.held)

    @staticmethod
    def _written(pad: Pad, press: Press) -> None:
        for field, text in press.written.items():
            if text.strip():
                pad.write(field, "desk_written", filled=text, most=len(text), optional=True)


_IN_PAGES: Final = (cards.READ, cards.OPEN, officer.EXPORT)
_ON_CARDS: Final = (cards.CLAIM, cards.RECUSE, cards.OPEN)
_BEFORE: Final = {
    cards.READ: writing.MINE,
    own.AGREE: cards.READ,
    writing.WRITE: CHOOSE,
    consent.SEND: writing.WRITE,
    officer.HAND_OVER: officer.TRANSFER,
    officer.RESOLVED: officer.RESOLVE,
    officer.CLOSED: officer.CLOSE,
    officer.RECORDED: officer.EXPORT,
}
"""The form in which something is picked, by what is done with it."""
