"""What does somebody see of what they have sent, and what can they still do about it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from bot.desk.approach import CHOOSE, MOST_WORDS, Approach, Held
from bot.desk.cards import READ
from bot.desk.case import Case, NotAllowedError, State, Why, people_of
from bot.desk.consent import WITHDRAW
from bot.desk.exchange import Exchange, act_of
from bot.desk.readers import Audience
from bot.desk.service import Desk
from bot.desk.writing import ELSEWHERE, MINE
from bot.forms import Button, Form, Press
from bot.guidance.model import Guidance
from bot.guidance.words import Lang
from bot.pad import Pad, with_trouble
from bot.platforms import PlatformError, Who

ANSWER: Final = "desk:answer"
WITHDRAWN: Final = "desk:withdrawn"
REOPEN: Final = "desk:reopen"
AGREE: Final = "desk:agree"

_CAN_ANSWER: Final = (State.CLAIMED, State.ANSWERED, State.RESOLVED)


class Own:
    """Shows people their own cases."""

    def __init__(
        self,
        desk: Desk,
        audience: Audience,
        guidance: Guidance,
        approach: Approach,
        zone: ZoneInfo,
    ) -> None:
        self._desk = desk
        self._audience = audience
        self._guidance = guidance
        self._approach = approach
        self._zone = zone

    async def mine(self, who: Who, lang: Lang) -> Form:
        """Show the cases of a person that are not erased yet."""
        pad = Pad(self._guidance, lang)
        pad.heading("desk_mine")
        found = await self._desk.own(who)
        if not found:
            pad.text("desk_mine_none")
            return pad.form(buttons=[pad.button(CHOOSE, "back")])
        choices = [
            (case.number, f"{case.number} · {self._approach.name(case.office, lang)}")
            for case in found
        ]
        pad.pick("number", "desk_which", choices, picked=[choices[0][0]])
        return pad.form(pad.button(READ, "desk_read"), buttons=[pad.button(CHOOSE, "back")])

    async def read(self, who: Who, press: Press, lang: Lang) -> Form:
        """Show one of them: where it stands, what was written, and what can be done.

        What the press holds of an answer stays in its field.
        """
        read = await self._desk.read_own(self._number(who, press), who)
        case, pad = read.case, Pad(self._guidance, lang)
        pad.heading("desk_card", number=case.number)
        pad.text("desk_to", office=self._approach.name(case.office, lang))
        again = case.state is State.OFFERED and people_of(case).opened
        pad.text("desk_state_offered_again" if again else f"desk_state_{case.state}")
        if case.state is State.CLAIMED and (reach := self._approach.reach(case.office)):
            pad.plain("desk_directly", reach=reach)
        if self._desk.must_keep(case):
            pad.small("desk_is_held")
        held, least = case.number, 1
        asks = case.state is State.ASKING and act_of(press.do) == press.do
        if case.state is State.ASKING:
            out, least = self._out(who, press), 0
            if asks:
                held = await self._readers(pad, who, case, out)
            else:
                held = self._approach.lock(who, Held(number=case.number, out=tuple(out)))
        below = len(pad.parts)
        main, buttons = self._acts(pad, case, press.written.get("answer", ""), asks=asks)
        exchange = Exchange(read.words, self._zone, "desk_you_wrote", "desk_they_wrote")
        form = pad.form(main, buttons=buttons, held=held)
        return exchange.within(form, below, pad, READ, press.do, least=least)

    def _out(self, who: Who, press: Press) -> Sequence[str]:
        """Return whom somebody keeps away; it stays so while they read on other pages."""
        held = self._approach.open(who, press.held)
        return press.picked.get("out", held.out if held is not None else ())

    def _number(self, who: Who, press: Press) -> str:
        """Return which case a press is about."""
        picked = next(iter(press.picked.get("number", ())), None)
        return picked or self._approach.seen(who, press.held)[0]

    def _acts(
        self, pad: Pad, case: Case, answer: str, *, asks: bool
    ) -> tuple[Button | None, list[Button]]:
        """Write what can be done; ``asks`` says that the form asks to agree to readers."""
        buttons, main = [], None
        if case.state in _CAN_ANSWER and case.mode == "case":
            pad.write("answer", "desk_answer", filled=answer, most=MOST_WORDS, optional=True)
            main = pad.button(ANSWER, "desk_send_answer")
        elif asks:
            main = pad.button(AGREE, "desk_agree_readers")
        elif case.state is State.ASKING:
            buttons.append(pad.button(READ, "back"))
        elif case.state is State.FALLBACK:
            main = pad.button(ELSEWHERE, "desk_other_door")
        if case.can_be_withdrawn:
            buttons.append(pad.button(WITHDRAW, "desk_withdraw"))
        elif case.state in (State.CLAIMED, State.ANSWERED):
            pad.small("desk_withdraw_later")
        if case.state is State.RESOLVED:
            buttons.append(pad.button(REOPEN, "desk_reopen"))
        buttons.append(pad.button(MINE, "desk_mine"))
        return main, buttons

    async def _readers(self, pad: Pad, who: Who, case: Case, out: Sequence[str]) -> str:
        """Show who reads the office's channel now, and who has come since the person agreed.

        Return what the form holds: the case, and whom it shows.
        """
        people = people_of(case)
        try:
            now = await self._audience.of(case.office)
        except PlatformError:
            pad.text("desk_try_later")
            return case.number
        could = {one: name for one, name in now.items() if one not in {*people.excluded, who.id}}
        if new := [name for one, name in could.items() if one not in people.readers]:
            pad.plain("desk_new_readers", names=", ".join(new))
        pad.plain("desk_readers", names=", ".join(could.values()))
        pad.pick(
            "out",
            "desk_out",
            could.items(),
            picked=out,
            many=True,
            hint="desk_out_hint",
            optional=True,
        )
        return self._approach.showing(who, case.number, now)

    async def agree(self, who: Who, press: Press, lang: Lang) -> Form:
        """Have the case offered to those who read the channel now, if they were shown."""
        number, shown = self._approach.seen(who, press.held)
        case = (await self._desk.read_own(number, who)).case
        try:
            now = await self._audience.of(case.office)
        except PlatformError:
            return await self._troubled(who, press, lang, "desk_try_later")
        if set(now) - set(shown):
            return await self._troubled(who, press, lang, "desk_readers_grew")
        out = frozenset(press.picked.get("out", ())) & frozenset(now)
        await self._desk.agree(number, who, now, out, press.once)
        return await self.read(who, Press(READ, number), lang)

    async def _troubled(self, who: Who, press: Press, lang: Lang, name: str) -> Form:
        form = await self.read(who, press, lang)
        return with_trouble(form, Pad(self._guidance, lang).say(name))

    async def answer(self, who: Who, press: Press, lang: Lang) -> Form:
        """Send the office what the person has written in the same form."""
        text = press.written.get("answer", "").strip()
        if not text or len(text) > MOST_WORDS:
            return await self._troubled(who, press, lang, "desk_too_long" if text else "desk_empty")
        await self._desk.answer(press.held, who, text, press.once)
        pad = Pad(self._guidance, lang)
        pad.heading("desk_card", number=press.held)
        pad.text("desk_replied")
        return pad.form(buttons=[pad.button(READ, "desk_read")], held=press.held)

    async def reopen(self, who: Who, press: Press, lang: Lang) -> Form:
        """Open again what was resolved."""
        await self._desk.read_own(press.held, who)
        await self._desk.reopen(press.held, who, press.once)
        return await self.read(who, press, lang)

    async def withdraw(self, who: Who, press: Press, lang: Lang) -> Form:
        """Ask once more before something is taken back."""
        case = (await self._desk.read_own(self._number(who, press), who)).case
        if not case.can_be_withdrawn:
            raise NotAllowedError(Why.TOO_LATE)
        pad = Pad(self._guidance, lang)
        pad.heading("desk_withdraw")
        what = "desk_withdraw_held" if self._desk.must_keep(case) else "desk_withdraw_what"
        pad.text(what, number=case.number)
        buttons = [pad.button(READ, "back")]
        return pad.form(
            pad.button(WITHDRAWN, "desk_withdraw_yes"), buttons=buttons, held=case.number
        )

    async def withdrawn(self, who: Who, press: Press, lang: Lang) -> Form:
        """Take it back."""
        case = await self._desk.withdraw(press.held, who)
        pad = Pad(self._guidance, lang)
        pad.heading("desk_card", number=press.held)
        if self._desk.goes_by_mail(case.office):
            pad.text("desk_withdrawn_mail")
        else:
            pad.text("desk_withdrawn" if case.people is None else "desk_withdrawn_held")
        return pad.form(buttons=[pad.button(MINE, "desk_mine")])
