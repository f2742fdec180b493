"""How does somebody choose an office, and write to it? Nothing is kept or sent by that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from bot.conversation import Reply
from bot.desk.approach import CHOOSE, MOST_WORDS, Approach, Draft, Held, draft_of, keep
from bot.desk.service import Desk
from bot.forms import Form, Press
from bot.guidance.screen import Sort
from bot.guidance.words import Lang
from bot.handoff import Mode
from bot.offices import Offer, because, offers
from bot.pad import Pad, with_trouble
from bot.platforms import LaterError, Who

OFFICES: Final = "desk:offices"
"""What stands on screens of the guidance; it comes with the place that the person is at."""

ELSEWHERE: Final = "desk:elsewhere"
WRITE: Final = "desk:write"
REVIEW: Final = "desk:review"
MINE: Final = "desk:mine"

MOST_REACH: Final = 100

_NAMING: Final = frozenset({Sort.ANSWER, Sort.TOPIC, Sort.SUMMARY, Sort.OFFICE})
"""Screens whose offices were chosen for the person; others show all there are."""


class Writing:
    """Shows the forms from the choice of an office to what is written."""

    def __init__(self, desk: Desk, approach: Approach, clock: Callable[[], datetime]) -> None:
        self._desk = desk
        self._approach = approach
        self._clock = clock

    async def offices(
        self, who: Who, place: str, lang: Lang, again: str = "", text: str = ""
    ) -> Form:
        """Show the offices that can be written to from a place, the best first, and why.

        ``text`` is what the person has written already, for another office.
        """
        pad = self._approach.pad(lang)
        reply = self._approach.at(place, lang)
        found = self._offers(reply, who, lang)
        pad.heading("desk_offices_title")
        if not found:
            pad.text("desk_offices_none")
            keep(pad, text)
            return pad.form(buttons=[pad.button(MINE, "desk_mine")])
        pad.text("desk_offices_intro")
        for offer in found:
            name = self._approach.name(offer.way.office, lang)
            mode = pad.say(f"desk_offer_{offer.way.mode}")
            told = " ".join([*because(self._approach.guidance, offer, lang), mode])
            pad.words(f"**{name}.** {told}")
        choices = [(one.way.office, self._approach.name(one.way.office, lang)) for one in found]
        pad.pick("office", "desk_office", choices, picked=[choices[0][0]])
        keep(pad, text)
        held = self._approach.lock(who, Held(place=place, again=again))
        return pad.form(
            pad.button(WRITE, "next"), buttons=[pad.button(MINE, "desk_mine")], held=held
        )

    async def choose(self, who: Who, press: Press, lang: Lang) -> Form:
        """Show the offices again, on the way back from one of them."""
        held = self._approach.open(who, press.held) or Held()
        text = press.written.get("text", "")
        return await self.offices(who, held.place, lang, held.again, text)

    async def elsewhere(self, who: Who, number: str, lang: Lang) -> Form:
        """Show the offices to which somebody can send what another office has not taken."""
        read = await self._desk.read_own(number, who)
        return await self.offices(who, read.case.topic, lang, again=number)

    def _offers(self, reply: Reply, who: Who, lang: Lang) -> list[Offer]:
        if self._approach.organization.offline:
            return []
        named = [card.office.id for card in reply.cards] if reply.screen.sort in _NAMING else []
        ranked = offers(
            self._approach.guidance,
            self._approach.organization,
            who.platform,
            named,
            lang=lang,
            now=self._clock(),
        )
        return [one for one in ranked if one.way.mode is not Mode.CARD]

    async def write(self, who: Who, press: Press, lang: Lang) -> Form:
        """Show the form to write in, with the readers of the office by name."""
        held = self._approach.open(who, press.held)
        if held is None:
            return await self.begin_again(who, press, lang)
        office = next(iter(press.picked.get("office", ())), held.office)
        draft = draft_of(press, held)
        if office not in self._approach.guidance.offices:
            form = await self.offices(who, held.place, lang, held.again, draft.text)
            return with_trouble(form, self._approach.pad(lang).say("trouble_nothing_picked"))
        if held.again and not draft.text:
            draft = replace(draft, text=await self._text_of(held.again, who))
        held = replace(held, office=office)
        try:
            return await self.written(who, held, draft, lang)
        except LaterError:
            return self._approach.later(who, held, draft, WRITE, lang)

    async def _text_of(self, number: str, who: Who) -> str:
        read = await self._desk.read_own(number, who)
        return read.words[0].text if read.words else ""

    async def written(self, who: Who, held: Held, draft: Draft, lang: Lang) -> Form:
        """Show the form to write in with what is written so far."""
        pad = self._approach.pad(lang)
        to, readers = await self._approach.way(who, held.office)
        name = self._approach.name(held.office, lang)
        if to.mode is Mode.CARD:
            return self._approach.card_only(who, held, draft.text, lang)
        pad.heading("desk_write_title", office=name)
        pad.text(f"desk_offer_{to.mode}")
        if to.mode is Mode.CASE:
            level = pad.say(f"level_{to.level}")
            pad.write(
                "text",
                "desk_text",
                filled=draft.text,
                most=MOST_WORDS,
                hint=pad.say("desk_text_hint", level=level),
            )
            if self._approach.choices(held.place, lang):
                self._approach.pick_choices(pad, draft)
        else:
            reach_field(pad, draft.text)
        if readers:
            theirs = [(ident, named) for ident, named in readers.items() if ident != who.id]
            pad.pick(
                "out",
                "desk_out",
                theirs,
                picked=draft.out,
                many=True,
                hint="desk_out_hint",
                optional=True,
            )
        pad.small("desk_nothing_yet")
        return pad.form(
            pad.button(REVIEW, "desk_review"),
            buttons=[pad.button(CHOOSE, "back")],
            held=self._approach.lock(who, replace(held, out=(), shown=(), number="")),
        )

    async def begin_again(self, who: Who, press: Press, lang: Lang) -> Form:
        """Show the offices again to somebody whose form is too old; what they wrote stays."""
        form = await self.offices(who, "", lang, text=press.written.get("text", ""))
        return with_trouble(form, self._approach.pad(lang).say("trouble_expired"))


def reach_field(pad: Pad, filled: str) -> None:
    """Ask how the person can be reached."""
    pad.write(
        "text",
        "desk_reach",
        filled=filled,
        most=MOST_REACH,
        hint=pad.say("desk_reach_hint"),
        lines=False,
        optional=True,
    )
