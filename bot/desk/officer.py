"""What does an officer see of a case, and what can they do? By their part, and where it stands.

Before somebody has said that they have no conflict, they see number, topic, language and age.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bot.desk.acts import may_close, may_hand_over, may_work
from bot.desk.approach import MOST_WORDS
from bot.desk.cards import CLAIM, OPEN, RECUSE, Cards
from bot.desk.case import (
    WORKED_ON,
    Case,
    NotAllowedError,
    Reason,
    Record,
    Roles,
    State,
    Why,
    people_of,
)
from bot.desk.directory import Directory
from bot.desk.exchange import Exchange
from bot.desk.readers import Audience
from bot.desk.records import Words
from bot.desk.service import Desk
from bot.forms import Button, Form, Press
from bot.guidance.model import Guidance
from bot.guidance.words import Lang
from bot.pad import Pad, with_trouble
from bot.platforms import Who

CLEAR: Final = "desk:clear"
PREVIEW: Final = "desk:preview"
REPLY: Final = "desk:reply"
TRANSFER: Final = "desk:transfer"
HAND_OVER: Final = "desk:hand_over"
RESOLVE: Final = "desk:resolve"
RESOLVED: Final = "desk:resolved"
CLOSE: Final = "desk:close"
CLOSED: Final = "desk:closed"
OPEN_AGAIN: Final = "desk:open_again"
EXPORT: Final = "desk:export"
RECORDED: Final = "desk:recorded"
HOLD: Final = "desk:hold"
LIFT: Final = "desk:lift"

_TO_ALL: Final = "office"
REASONS: Final = (Reason.ANSWERED, Reason.REFERRED, Reason.MISUSE)


class Officer:
    """Shows officers the cases of their office."""

    def __init__(
        self, desk: Desk, directory: Directory, audience: Audience, guidance: Guidance
    ) -> None:
        self._desk = desk
        self._directory = directory
        self._audience = audience
        self._guidance = guidance
        self._cards = Cards(guidance, directory)

    # -- before it is read

    async def claim(self, who: Who, press: Press, lang: Lang) -> Form:
        """Claim a case, and ask about a conflict; the same press once more finds it claimed."""
        case = await self._present(press.held, who)
        if not _has(case, who):
            case = await self._desk.claim(case.number, who, press.once)
        return await self._shown(who, case, lang)

    def _check(self, case: Case, lang: Lang) -> Form:
        pad = self._begun(case, lang)
        pad.text("desk_check")
        return pad.form(
            buttons=[pad.button(CLEAR, "desk_clear"), pad.button(RECUSE, "desk_recuse")],
            held=case.number,
        )

    async def clear(self, who: Who, press: Press, lang: Lang) -> Form:
        """Open the case to somebody who has no conflict."""
        case = await self._present(press.held, who)
        if case.state is State.CHECKING or not _has(case, who):
            case = await self._desk.clear(case.number, who, press.once)
        return await self._shown(who, case, lang)

    async def recuse(self, who: Who, press: Press, lang: Lang) -> Form:
        """Never show it to somebody who should not see it."""
        case = await self._desk.recuse(press.held, who, press.once)
        pad = self._numbered(case, lang)
        pad.text("desk_recused")
        return pad.form()

    async def open(self, who: Who, press: Press, lang: Lang) -> Form:
        """Show a case as far as somebody may see it; a reply that the press holds stays.

        Whoever may hold it can do that without being in the channel; then they see its number.
        """
        case = await self._desk.look(press.held)
        if await self._is_present(case, who):
            reply = press.written.get("reply", "")
            return await self._shown(who, case, lang, reply, press.do)
        pad = self._numbered(case, lang)
        buttons = [*_holding(pad, case, who, self._directory.roles(case.office))]
        if not buttons:
            raise NotAllowedError(Why.NOT_YOURS)
        return pad.form(buttons=buttons, held=case.number)

    async def _shown(
        self, who: Who, case: Case, lang: Lang, reply: str = "", pressed: str = OPEN
    ) -> Form:
        """Show a case to somebody who is known to be in the channel at this moment."""
        people, roles = people_of(case), self._directory.roles(case.office)
        if _has(case, who):
            if case.state is State.CHECKING:
                return self._check(case, lang)
            return await self._read(who, case, lang, reply, pressed)
        pad = self._begun(case, lang)
        buttons = [*self._for_others(pad, case, who, roles)]
        if not buttons:
            raise NotAllowedError(Why.TAKEN if who.id in people.claimers else Why.CONFLICT)
        return pad.form(buttons=buttons, held=case.number)

    def _for_others(self, pad: Pad, case: Case, who: Who, roles: Roles) -> Iterator[Button]:
        """What those can do who have not claimed it."""
        may_claim = who.id in people_of(case).claimers
        if case.state is State.OFFERED and may_claim:
            yield pad.button(CLAIM, "desk_claim")
            yield pad.button(RECUSE, "desk_recuse")
        if who.id == roles.head and may_claim:
            if case.state in WORKED_ON:
                yield pad.button(TRANSFER, "desk_transfer")
            if case.state is State.RESOLVED:
                yield pad.button(CLOSE, "desk_close")
                yield pad.button(OPEN_AGAIN, "desk_reopen")
            if case.state is State.CLOSED and case.record is Record.OPEN:
                yield pad.button(CLOSE, "desk_record")
        yield from _holding(pad, case, who, roles)

    async def _present(self, number: str, who: Who) -> Case:
        """Return a case to somebody who is among its readers, and in the channel at this moment.

        Raises:
            NotAllowedError: they are not.
            PlatformError: it cannot be told.

        """
        case = await self._desk.look(number)
        if not await self._is_present(case, who):
            raise NotAllowedError(Why.NOT_YOURS)
        return case

    async def _is_present(self, case: Case, who: Who) -> bool:
        return who.id in people_of(case).readers and await self._audience.has(case.office, who)

    async def _cleared(self, number: str, who: Who) -> Case:
        """Return a case to whoever has opened it, and is in the channel at this moment.

        Raises:
            NotAllowedError: they have not, or are not.
            PlatformError: it cannot be told.

        """
        case = await self._present(number, who)
        may_work(case, who)
        return case

    # -- while it is worked on

    async def _read(self, who: Who, case: Case, lang: Lang, reply: str, pressed: str) -> Form:
        read, roles = await self._desk.read(case.number, who), self._directory.roles(case.office)
        pad = self._begun(case, lang)
        pad.plain("desk_from", name=people_of(case).requester.name)
        main, buttons, below = None, [], len(pad.parts)
        if case.state in WORKED_ON:
            if case.mode == "case":
                pad.write("reply", "desk_reply", filled=reply, most=MOST_WORDS, optional=True)
                main = pad.button(PREVIEW, "desk_preview")
            buttons = [
                pad.button(RESOLVE, "desk_resolve"),
                pad.button(TRANSFER, "desk_transfer"),
                pad.button(RECUSE, "desk_recuse"),
            ]
        elif case.state is State.RESOLVED:
            buttons = [pad.button(CLOSE, "desk_close"), pad.button(OPEN_AGAIN, "desk_reopen")]
        if case.record is Record.OPEN:
            buttons.append(pad.button(EXPORT, "desk_export"))
        else:
            pad.small(f"desk_record_{case.record}")
        buttons += _holding(pad, case, who, roles)
        form = pad.form(main, buttons=buttons, held=case.number)
        return self._exchange(case, read.words).within(form, below, pad, OPEN, pressed)

    async def preview(self, who: Who, press: Press, lang: Lang) -> Form:
        """Show exactly what the person will read."""
        case = await self._cleared(press.held, who)
        text = press.written.get("reply", "").strip()
        if not text or len(text) > MOST_WORDS:
            form = await self._shown(who, case, lang, text)
            name = "desk_too_long" if text else "desk_empty"
            return with_trouble(form, Pad(self._guidance, lang).say(name))
        pad = self._begun(case, lang)
        pad.plain("desk_preview_to", name=people_of(case).requester.name)
        pad.write("reply", "desk_exact_reply", filled=text, most=MOST_WORDS)
        return pad.form(
            pad.button(REPLY, "desk_send"), buttons=[pad.button(OPEN, "back")], held=case.number
        )

    async def reply(self, who: Who, press: Press, lang: Lang) -> Form:
        """Send the person what was previewed."""
        text = press.written.get("reply", "").strip()
        if not text or len(text) > MOST_WORDS:
            return await self.preview(who, press, lang)
        await self._cleared(press.held, who)
        case = await self._desk.reply(press.held, who, text, press.once)
        form = await self._shown(who, case, lang)
        return with_trouble(form, Pad(self._guidance, lang).say("desk_replied"))

    async def transfer(self, who: Who, press: Press, lang: Lang) -> Form:
        """Ask to whom a case is handed."""
        case = await self._present(press.held, who)
        may_hand_over(case, who, self._directory.roles(case.office))
        people = people_of(case)
        pad = self._begun(case, lang)
        claimer = people.claimer.id if people.claimer is not None else ""
        choices = [(_TO_ALL, pad.say("desk_to_all"))]
        choices += [
            (ident, name)
            for ident, name in people.readers.items()
            if ident in people.claimers and ident != claimer
        ]
        pad.pick("to", "desk_transfer_to", choices, picked=[_TO_ALL])
        return pad.form(
            pad.button(HAND_OVER, "desk_transfer"),
            buttons=[pad.button(OPEN, "back")],
            held=case.number,
        )

    async def hand_over(self, who: Who, press: Press, lang: Lang) -> Form:
        """Hand it over."""
        case = await self._present(press.held, who)
        wanted = next(iter(press.picked.get("to", ())), "")
        to = None
        if wanted != _TO_ALL:
            to = await self._audience.person(case.office, wanted)
            if to is None:
                raise NotAllowedError(Why.NOT_NOW)
        case = await self._desk.hand_over(case.number, who, to, press.once)
        pad = self._begun(case, lang)
        pad.text("desk_transferred")
        return pad.form()

    # -- at its end

    async def resolve(self, who: Who, press: Press, lang: Lang) -> Form:
        """Ask why there is nothing left to do."""
        pad = self._begun(await self._cleared(press.held, who), lang)
        choices = [(str(one), pad.say(f"desk_reason_{one}")) for one in REASONS]
        pad.pick("reason", "desk_reason", choices, picked=[choices[0][0]])
        return pad.form(
            pad.button(RESOLVED, "desk_resolve"),
            buttons=[pad.button(OPEN, "back")],
            held=press.held,
        )

    async def resolved(self, who: Who, press: Press, lang: Lang) -> Form:
        """Say that there is nothing left to do."""
        wanted = next(iter(press.picked.get("reason", ())), "")
        reason = next((one for one in REASONS if one == wanted), None)
        if reason is None:
            return await self.resolve(who, press, lang)
        await self._cleared(press.held, who)
        return await self._shown(
            who, await self._desk.resolve(press.held, who, reason, press.once), lang
        )

    async def close(self, who: Who, press: Press, lang: Lang) -> Form:
        """Ask what became of the office's record before a case is closed, or after."""
        case = await self._present(press.held, who)
        may_close(case, who, self._directory.roles(case.office))
        if case.record is not Record.OPEN:
            return await self._closed(who, case, press.once, lang)
        pad = self._begun(case, lang)
        pad.text("desk_close_what")
        self._records(pad)
        return pad.form(
            pad.button(CLOSED, "desk_close"), buttons=[pad.button(OPEN, "back")], held=case.number
        )

    def _records(self, pad: Pad) -> None:
        choices = [(str(one), pad.say(f"desk_record_{one}")) for one in RECORDS]
        pad.pick("record", "desk_record", choices)

    async def closed(self, who: Who, press: Press, lang: Lang) -> Form:
        """Close it."""
        wanted = next(iter(press.picked.get("record", ())), "")
        record = next((one for one in RECORDS if one == wanted), None)
        if record is None:
            form = await self.close(who, press, lang)
            return with_trouble(form, Pad(self._guidance, lang).say("trouble_nothing_picked"))
        await self._present(press.held, who)
        case = await self._desk.keep(press.held, who, record, press.once)
        return await self._closed(who, case, press.once, lang)

    async def _closed(self, who: Who, case: Case, once: str, lang: Lang) -> Form:
        if case.state is not State.CLOSED:
            case = await self._desk.close(case.number, who, once)
        pad = self._begun(case, lang)
        pad.text("desk_closed")
        return pad.form()

    async def open_again(self, who: Who, press: Press, lang: Lang) -> Form:
        """Open again what was resolved."""
        case = await self._present(press.held, who)
        may_close(case, who, self._directory.roles(case.office))
        return await self._shown(who, await self._desk.reopen(press.held, who, press.once), lang)

    async def export(self, who: Who, press: Press, lang: Lang) -> Form:
        """Show what a case holds in fields to copy from, for the office's own record."""
        if not _has(await self._present(press.held, who), who):
            raise NotAllowedError(Why.NOT_YOURS)
        read = await self._desk.read(press.held, who)
        case = read.case
        pad = self._begun(case, lang)
        pad.text("desk_export_what")
        self._records(pad)
        form = pad.form(
            pad.button(RECORDED, "desk_record_keep"),
            buttons=[pad.button(OPEN, "back")],
            held=case.number,
        )
        number = pad.say("desk_card", number=case.number)
        head = f"{number}\n{pad.say('desk_from', name=people_of(case).requester.name)}"
        return self._exchange(case, read.words).copied(form, pad, EXPORT, press.do, head)

    async def recorded(self, who: Who, press: Press, lang: Lang) -> Form:
        """Note what became of the office's record."""
        wanted = next(iter(press.picked.get("record", ())), "")
        record = next((one for one in RECORDS if one == wanted), None)
        if record is None:
            form = await self.export(who, press, lang)
            return with_trouble(form, Pad(self._guidance, lang).say("trouble_nothing_picked"))
        await self._present(press.held, who)
        return await self._shown(
            who, await self._desk.keep(press.held, who, record, press.once), lang
        )

    async def hold(self, who: Who, press: Press, lang: Lang) -> Form:
        """Ask that nothing be erased."""
        case = await self._desk.hold(press.held, who, press.once)
        return self._held(case, "desk_is_held" if case.is_held else "desk_hold_asked", lang)

    async def lift(self, who: Who, press: Press, lang: Lang) -> Form:
        """Ask that it be erased in its time again."""
        case = await self._desk.lift(press.held, who, press.once)
        return self._held(case, "desk_hold_asked" if case.is_held else "desk_lifted", lang)

    def _held(self, case: Case, told: str, lang: Lang) -> Form:
        pad = self._numbered(case, lang)
        pad.text(told)
        return pad.form()

    # -- parts of them

    def _numbered(self, case: Case, lang: Lang) -> Pad:
        pad = Pad(self._guidance, lang)
        pad.heading("desk_card", number=case.number)
        return pad

    def _begun(self, case: Case, lang: Lang) -> Pad:
        """Return a form that says what an office sees of a case in any state."""
        pad = self._numbered(case, lang)
        if case.topic or case.mode != "case":
            pad.small_words(self._cards.about(case, lang))
        return pad

    def _exchange(self, case: Case, words: Sequence[Words]) -> Exchange:
        zone = self._directory.contact(case.office).zone
        return Exchange(words, zone, "desk_person_wrote", "desk_office_wrote")


RECORDS: Final = (Record.EXPORTED, Record.NONE)


def _has(case: Case, who: Who) -> bool:
    claimer = people_of(case).claimer
    return claimer is not None and claimer.id == who.id


def _holding(pad: Pad, case: Case, who: Who, roles: Roles) -> Iterator[Button]:
    if who.id in roles.holders:
        yield pad.button(LIFT, "desk_lift") if case.is_held else pad.button(HOLD, "desk_hold")
