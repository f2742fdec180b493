"""How does somebody come to send something, knowing what goes and to whom?

They see exactly what goes and who can read it, and press Send. Until then nothing is kept: what
they write is in the form on their screen. Who reads the office's channel is asked anew at Send.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bot.desk.approach import MOST_WORDS, Approach, Held, draft_of
from bot.desk.cards import topic_words
from bot.desk.case import Case
from bot.desk.readers import claimers, with_claimers
from bot.desk.service import Desk, Sending, TooFewError, TooManyError
from bot.desk.writing import MOST_REACH, REVIEW, WRITE, Writing, reach_field
from bot.errors import CairnError
from bot.forms import Form, Press
from bot.guidance.understand import is_crisis
from bot.guidance.words import Lang
from bot.handoff import Mode
from bot.offices import Way
from bot.pad import Pad, with_trouble
from bot.personal import personal_data
from bot.platforms import LaterError, Who
from bot.privacy import OWN

SEND: Final = "desk:send"
WITHDRAW: Final = "desk:withdraw"

_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without those that are taken for others when they are read aloud or written by hand."""

_PHONE: Final = re.compile(r"\+?[0-9][0-9 ().-]{5,20}(?:\s*(?:ext\.?|poste|x)\s*[0-9]{1,6})?")
_EMAIL: Final = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_SENSITIVE: Final = ("sin", "card", "pri")


@dataclass(frozen=True, slots=True)
class _Goes:
    """What goes: in which way, who can read it by name, and the text, letter by letter."""

    to: Way
    readers: Mapping[str, str] = field(repr=False)
    text: str = field(repr=False)


class Consent:
    """Shows what goes, and sends it."""

    def __init__(self, desk: Desk, approach: Approach, writing: Writing) -> None:
        self._desk = desk
        self._approach = approach
        self._writing = writing

    async def review(self, who: Who, press: Press, lang: Lang) -> Form:
        """Show exactly what goes, to whom, and who can read it."""
        held = self._approach.open(who, press.held)
        if held is None or not held.office:
            return await self._writing.begin_again(who, press, lang)
        draft = draft_of(press, held)
        try:
            to, readers = await self._approach.way(who, held.office)
        except LaterError:
            return self._approach.later(who, held, draft, REVIEW, lang)
        if to.mode is Mode.CARD:
            return self._approach.card_only(who, held, draft.text, lang)
        trouble = _wrong(to, draft.text, MOST_WORDS)
        if trouble is not None:
            form = await self._writing.written(who, held, draft, lang)
            return with_trouble(form, self._approach.pad(lang).say(trouble))
        text = draft.text.strip()
        if draft.choices and to.mode is Mode.CASE:
            text = self._approach.with_choices(text, held.place, lang)
        out = tuple(dict.fromkeys(one for one in draft.out if one in readers))
        held = replace(held, out=out, number=_number())
        return self._reviewed(who, held, _Goes(to, readers, text), lang)

    def _reviewed(self, who: Who, held: Held, goes: _Goes, lang: Lang) -> Form:
        pad, readers = self._approach.pad(lang), goes.readers
        left = claimers(readers, [*held.out, who.id])
        if readers and with_claimers(goes.to, left).mode is Mode.CARD:
            return self._approach.card_only(who, held, goes.text, pad.lang, few=True)
        self._warn(pad, goes.text)
        pad.heading("desk_review_title")
        self._goes(pad, who, held, goes)
        if readers:
            names = ", ".join(readers[one] for one in left)
            pad.plain("desk_readers", names=names)
            if out := ", ".join(readers[one] for one in held.out if one in readers):
                pad.plain("desk_taken_off", names=out)
        else:
            pad.text("desk_by_mail")
        pad.text("desk_kept")
        pad.small("desk_platform_keeps")
        pad.pick("agree", "desk_agree", [("yes", pad.say("desk_agree_yes"))], many=True)
        held = replace(held, shown=tuple(one for one in readers if one not in held.out))
        return pad.form(
            pad.button(SEND, "desk_send"),
            buttons=[pad.button(WRITE, "back")],
            held=self._approach.lock(who, held),
        )

    def _goes(self, pad: Pad, who: Who, held: Held, goes: _Goes) -> None:
        to, text = goes.to, goes.text
        pad.text("desk_to", office=self._approach.name(held.office, pad.lang))
        pad.plain("desk_from", name=who.name)
        pad.text(f"desk_goes_{to.mode}")
        language = pad.say(f"language_{pad.lang}")
        if to.mode is Mode.CASE:
            topic = self._approach.topic(held.place, pad.lang)
            topic = topic_words(self._approach.guidance, topic, pad.lang)
            pad.text("desk_shows_case", topic=topic, language=language)
        elif goes.readers:
            pad.text("desk_shows_introduction", language=language)
        if to.mode is Mode.CASE:
            level = pad.say(f"level_{to.level}")
            most = self._approach.most(held, pad.lang)
            pad.write(
                "text",
                "desk_exact",
                filled=text,
                most=most,
                hint=pad.say("desk_text_hint", level=level),
            )
        else:
            reach_field(pad, text)

    def _warn(self, pad: Pad, text: str) -> None:
        """Say first what somebody who writes this may need more than an office."""
        if is_crisis(self._approach.guidance, text):
            crisis = self._approach.guidance.crisis
            pad.words(f"**{crisis.title[pad.lang]}**")
            for line in crisis.numbers:
                pad.words(f"**{line.number}** — {line.words[pad.lang]}")
        kinds = [kind for kind in personal_data(text) if kind in _SENSITIVE]
        if kinds:
            told = ", ".join(pad.say(f"personal_{kind}") for kind in kinds)
            pad.strong("desk_personal", kinds=told)

    async def send(self, who: Who, press: Press, lang: Lang) -> Form:
        """Send what the person has just seen, unless somebody else could read it now."""
        held = self._approach.open(who, press.held)
        if held is None or not held.number:
            return await self._writing.begin_again(who, press, lang)
        pad, draft = self._approach.pad(lang), draft_of(press, held)
        try:
            goes = _Goes(*await self._approach.way(who, held.office), draft.text.strip())
            trouble = self._lacking(who, held, goes, press, lang)
            if trouble is None:
                now = await self._approach.way(who, held.office, now=True)
                goes = _Goes(*now, draft.text.strip())
                trouble = self._lacking(who, held, goes, press, lang)
        except LaterError:
            return self._approach.later(who, held, draft, REVIEW, lang)
        if goes.to.mode is Mode.CARD:
            return self._approach.card_only(who, held, draft.text, lang)
        if trouble is None:
            try:
                case = await self._desk.open(self._sending(who, held, goes, lang))
            except TooManyError:
                trouble = "desk_too_many"
            except TooFewError:
                return self._approach.card_only(who, held, goes.text, lang, few=True)
            except CairnError as error:
                logging.getLogger(OWN).error("the store: %s", error.words.en)  # noqa: TRY400
                trouble = "desk_not_kept"
            else:
                return self.sent(case, lang)
        return with_trouble(self._reviewed(who, held, goes, lang), pad.say(trouble))

    def _lacking(self, who: Who, held: Held, goes: _Goes, press: Press, lang: Lang) -> str | None:
        """Return the sentence about what is in the way of sending, if anything is."""
        if not who.name:
            return "desk_no_name"
        if set(goes.readers) - {*held.shown, *held.out}:
            return "desk_readers_grew"
        most = self._approach.most(held, lang)
        if (wrong := _wrong(goes.to, goes.text, most)) is not None:
            return wrong
        return None if "yes" in press.picked.get("agree", ()) else "desk_not_agreed"

    def _sending(self, who: Who, held: Held, goes: _Goes, lang: Lang) -> Sending:
        return Sending(
            number=held.number,
            office=held.office,
            topic=self._approach.topic(held.place, lang) if goes.to.mode is Mode.CASE else "",
            lang=lang,
            mode=str(goes.to.mode),
            who=who,
            readers=goes.readers,
            excluded=frozenset(held.out),
            text=goes.text,
        )

    def sent(self, case: Case, lang: Lang) -> Form:
        """Show that it was sent, its number, and what comes next."""
        pad = self._approach.pad(lang)
        pad.heading("desk_sent_title")
        pad.text("desk_sent", number=case.number, office=self._approach.name(case.office, lang))
        if self._desk.goes_by_mail(case.office):
            pad.text("desk_next_mail")
            return pad.form(held=case.number)
        pad.text("desk_next")
        pad.text("desk_can_withdraw")
        return pad.form(buttons=[pad.button(WITHDRAW, "desk_withdraw")], held=case.number)


def _wrong(to: Way, text: str, most: int) -> str | None:
    """Return the name of what is to be said of what was written, where it cannot go."""
    text = text.strip()
    if to.mode is Mode.CASE:
        if not text:
            return "desk_empty"
        return "desk_too_long" if len(text) > most else None
    reached = _PHONE.fullmatch(text) or _EMAIL.fullmatch(text)
    if text and (not reached or len(text) > MOST_REACH):
        return "desk_reach_wrong"
    return None


def _number() -> str:
    letters = [secrets.choice(_LETTERS) for _ in range(6)]
    return "".join(letters[:3]) + "-" + "".join(letters[3:])
