"""How does somebody come to send something, knowing what goes and to whom?

They choose an office, write, see exactly what goes and who can read it, and press Send. Until then
nothing is kept: what they write is in the form on their screen, what the form must know of itself
travels in it, locked. Who reads the office's channel is asked anew at each step.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Final

from bot.conversation import Conversation, Look, Move, Reply
from bot.desk.cards import topic_words
from bot.desk.case import Case
from bot.desk.offices import Offer, Way, because, claimers, offers, way, with_claimers
from bot.desk.pad import Pad, with_trouble
from bot.desk.port import Form, LaterError, PlatformError, Press, Who
from bot.desk.readers import Audience
from bot.desk.service import Desk, Sending, TooFewError, TooManyError
from bot.errors import CairnError
from bot.guidance.model import Guidance
from bot.guidance.pages import HOME
from bot.guidance.screen import Sort
from bot.guidance.understand import is_crisis
from bot.guidance.words import Lang
from bot.handoff import Mode
from bot.organization import Organization
from bot.personal import personal_data
from bot.seal import Bearer, Envelope, NotOpenedError, Surface

OFFICES: Final = "desk:offices"
"""What stands on screens of the guidance; it comes with the place that the person is at."""

CHOOSE: Final = "desk:choose"
ELSEWHERE: Final = "desk:elsewhere"
WRITE: Final = "desk:write"
REVIEW: Final = "desk:review"
SEND: Final = "desk:send"
MINE: Final = "desk:mine"
WITHDRAW: Final = "desk:withdraw"

MOST_WORDS: Final = 2_000
MOST_REACH: Final = 100
_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without those that are taken for others when they are read aloud or written by hand."""

_PHONE: Final = re.compile(r"\+?[0-9][0-9 ().-]{5,20}(?:\s*(?:ext\.?|poste|x)\s*[0-9]{1,6})?")
_EMAIL: Final = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")


@dataclass(frozen=True, slots=True)
class _Held:
    """What the forms on the way to Send know of themselves.

    ``place`` is where the person was, ``again`` the case whose words they send elsewhere,
    ``out`` whom they took off, ``shown`` the readers who were shown to them and who remain.
    """

    place: str = field(default="", repr=False)
    office: str = ""
    again: str = ""
    out: tuple[str, ...] = field(default=(), repr=False)
    shown: tuple[str, ...] = field(default=(), repr=False)
    number: str = ""


@dataclass(frozen=True, slots=True)
class _Goes:
    """What goes: in which way, who can read it by name, and the text, letter by letter."""

    to: Way
    readers: Mapping[str, str] = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Draft:
    """What the person has filled in so far."""

    text: str = field(default="", repr=False)
    choices: bool = False
    out: tuple[str, ...] = field(default=(), repr=False)


class Consent:
    """Shows the forms from the choice of an office to Send."""

    def __init__(
        self,
        desk: Desk,
        audience: Audience,
        conversation: Conversation,
        organization: Organization,
        *,
        envelope: Envelope,
        clock: Callable[[], datetime],
    ) -> None:
        self._desk = desk
        self._audience = audience
        self._conversation = conversation
        self._organization = organization
        self._envelope = envelope
        self._clock = clock

    @property
    def _guidance(self) -> Guidance:
        return self._conversation.guidance

    # -- which office

    async def offices(
        self, who: Who, place: str, lang: Lang, again: str = "", text: str = ""
    ) -> Form:
        """Show the offices that can be written to from a place, the best first, and why.

        ``text`` is what the person has written already, for another office.
        """
        pad = Pad(self._guidance, lang)
        reply = self._at(place, lang)
        found = self._offers(reply, who, lang)
        pad.heading("desk_offices_title")
        if not found:
            pad.text("desk_offices_none")
            _keep(pad, text)
            return pad.form(buttons=[pad.button(MINE, "desk_mine")])
        pad.text("desk_offices_intro")
        for offer in found:
            name = self.name(offer.way.office, lang)
            mode = pad.say(f"desk_offer_{offer.way.mode}")
            told = " ".join([*because(self._guidance, offer, lang), mode])
            pad.words(f"**{name}.** {told}")
        choices = [(one.way.office, self.name(one.way.office, lang)) for one in found]
        pad.pick("office", "desk_office", choices, picked=[choices[0][0]])
        _keep(pad, text)
        held = self._lock(who, _Held(place=place, again=again))
        return pad.form(
            pad.button(WRITE, "next"), buttons=[pad.button(MINE, "desk_mine")], held=held
        )

    async def choose(self, who: Who, press: Press, lang: Lang) -> Form:
        """Show the offices again, on the way back from one of them."""
        held = self._open(who, press.held) or _Held()
        text = press.written.get("text", "")
        return await self.offices(who, held.place, lang, held.again, text)

    async def elsewhere(self, who: Who, number: str, lang: Lang) -> Form:
        """Show the offices to which somebody can send what another office has not taken."""
        read = await self._desk.read_own(number, who)
        return await self.offices(who, read.case.topic, lang, again=number)

    def _offers(self, reply: Reply, who: Who, lang: Lang) -> list[Offer]:
        named = [card.office.id for card in reply.cards] if reply.screen.sort in _NAMING else []
        ranked = offers(
            self._guidance,
            self._organization,
            who.platform,
            named,
            lang=lang,
            now=self._clock(),
        )
        return [one for one in ranked if one.way.mode is not Mode.CARD]

    # -- writing

    async def write(self, who: Who, press: Press, lang: Lang) -> Form:
        """Show the form to write in, with the readers of the office by name."""
        held = self._open(who, press.held)
        if held is None:
            return await self._begin_again(who, press, lang)
        office = next(iter(press.picked.get("office", ())), held.office)
        draft = _draft(press, held)
        if office not in self._guidance.offices:
            form = await self.offices(who, held.place, lang, held.again, draft.text)
            return with_trouble(form, Pad(self._guidance, lang).say("trouble_nothing_picked"))
        if held.again and not draft.text:
            draft = replace(draft, text=await self._text_of(held.again, who))
        held = replace(held, office=office)
        try:
            return await self._written(who, held, draft, lang)
        except LaterError:
            return self._later(who, held, draft, WRITE, lang)

    async def _text_of(self, number: str, who: Who) -> str:
        read = await self._desk.read_own(number, who)
        return read.words[0].text if read.words else ""

    async def _written(self, who: Who, held: _Held, draft: _Draft, lang: Lang) -> Form:
        pad = Pad(self._guidance, lang)
        to, readers = await self._way(who, held.office)
        name = self.name(held.office, lang)
        if to.mode is Mode.CARD:
            return self._card_only(who, held, draft.text, lang)
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
            if self._choices(held.place, lang):
                self._pick_choices(pad, draft)
        else:
            self._reach(pad, draft.text)
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
            held=self._lock(who, replace(held, out=(), shown=(), number="")),
        )

    # -- seeing what goes

    async def review(self, who: Who, press: Press, lang: Lang) -> Form:
        """Show exactly what goes, to whom, and who can read it."""
        held = self._open(who, press.held)
        if held is None or not held.office:
            return await self._begin_again(who, press, lang)
        draft = _draft(press, held)
        try:
            to, readers = await self._way(who, held.office)
        except LaterError:
            return self._later(who, held, draft, REVIEW, lang)
        if to.mode is Mode.CARD:
            return self._card_only(who, held, draft.text, lang)
        trouble = _wrong(to, draft.text, MOST_WORDS)
        if trouble is not None:
            form = await self._written(who, held, draft, lang)
            return with_trouble(form, Pad(self._guidance, lang).say(trouble))
        text = draft.text.strip()
        if draft.choices and to.mode is Mode.CASE:
            text = self._with_choices(text, held.place, lang)
        out = tuple(dict.fromkeys(one for one in draft.out if one in readers))
        held = replace(held, out=out, number=_number())
        return self._reviewed(who, held, _Goes(to, readers, text), lang)

    def _reviewed(self, who: Who, held: _Held, goes: _Goes, lang: Lang) -> Form:
        pad, readers = Pad(self._guidance, lang), goes.readers
        left = claimers(readers, [*held.out, who.id])
        if readers and with_claimers(goes.to, left).mode is Mode.CARD:
            return self._card_only(who, held, goes.text, pad.lang, few=True)
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
            held=self._lock(who, held),
        )

    def _goes(self, pad: Pad, who: Who, held: _Held, goes: _Goes) -> None:
        to, text = goes.to, goes.text
        pad.text("desk_to", office=self.name(held.office, pad.lang))
        pad.plain("desk_from", name=who.name)
        pad.text(f"desk_goes_{to.mode}")
        language = pad.say(f"language_{pad.lang}")
        if to.mode is Mode.CASE:
            topic = topic_words(self._guidance, self._topic(held.place, pad.lang), pad.lang)
            pad.text("desk_shows_case", topic=topic, language=language)
        elif goes.readers:
            pad.text("desk_shows_introduction", language=language)
        if to.mode is Mode.CASE:
            level = pad.say(f"level_{to.level}")
            most = self._most(held, pad.lang)
            pad.write(
                "text",
                "desk_exact",
                filled=text,
                most=most,
                hint=pad.say("desk_text_hint", level=level),
            )
        else:
            self._reach(pad, text)

    def _reach(self, pad: Pad, filled: str) -> None:
        pad.write(
            "text",
            "desk_reach",
            filled=filled,
            most=MOST_REACH,
            hint=pad.say("desk_reach_hint"),
            lines=False,
            optional=True,
        )

    def _warn(self, pad: Pad, text: str) -> None:
        """Say first what somebody who writes this may need more than an office."""
        if is_crisis(self._guidance, text):
            crisis = self._guidance.crisis
            pad.words(f"**{crisis.title[pad.lang]}**")
            for line in crisis.numbers:
                pad.words(f"**{line.number}** — {line.words[pad.lang]}")
        kinds = [kind for kind in personal_data(text) if kind in _SENSITIVE]
        if kinds:
            told = ", ".join(pad.say(f"personal_{kind}") for kind in kinds)
            pad.strong("desk_personal", kinds=told)

    # -- sending

    async def send(self, who: Who, press: Press, lang: Lang) -> Form:
        """Send what the person has just seen, unless somebody else could read it now."""
        held = self._open(who, press.held)
        if held is None or not held.number:
            return await self._begin_again(who, press, lang)
        pad, draft = Pad(self._guidance, lang), _draft(press, held)
        try:
            goes = _Goes(*await self._way(who, held.office), draft.text.strip())
            trouble = self._lacking(who, held, goes, press, lang)
            if trouble is None:
                now = await self._way(who, held.office, now=True)
                goes = _Goes(*now, draft.text.strip())
                trouble = self._lacking(who, held, goes, press, lang)
        except LaterError:
            return self._later(who, held, draft, REVIEW, lang)
        if goes.to.mode is Mode.CARD:
            return self._card_only(who, held, draft.text, lang)
        if trouble is None:
            try:
                case = await self._desk.open(self._sending(who, held, goes, lang))
            except TooManyError:
                trouble = "desk_too_many"
            except TooFewError:
                return self._card_only(who, held, goes.text, lang, few=True)
            except CairnError:
                trouble = "desk_not_kept"
            else:
                return self.sent(case, lang)
        return with_trouble(self._reviewed(who, held, goes, lang), pad.say(trouble))

    def _lacking(self, who: Who, held: _Held, goes: _Goes, press: Press, lang: Lang) -> str | None:
        """Return the sentence about what is in the way of sending, if anything is."""
        if not who.name:
            return "desk_no_name"
        if set(goes.readers) - {*held.shown, *held.out}:
            return "desk_readers_grew"
        most = self._most(held, lang)
        if (wrong := _wrong(goes.to, goes.text, most)) is not None:
            return wrong
        return None if "yes" in press.picked.get("agree", ()) else "desk_not_agreed"

    def _sending(self, who: Who, held: _Held, goes: _Goes, lang: Lang) -> Sending:
        return Sending(
            number=held.number,
            office=held.office,
            topic=self._topic(held.place, lang) if goes.to.mode is Mode.CASE else "",
            lang=lang,
            mode=str(goes.to.mode),
            who=who,
            readers=goes.readers,
            excluded=frozenset(held.out),
            text=goes.text,
        )

    def sent(self, case: Case, lang: Lang) -> Form:
        """Show that it was sent, its number, and what comes next."""
        pad = Pad(self._guidance, lang)
        pad.heading("desk_sent_title")
        pad.text("desk_sent", number=case.number, office=self.name(case.office, lang))
        if self._desk.goes_by_mail(case.office):
            pad.text("desk_next_mail")
            return pad.form(held=case.number)
        pad.text("desk_next")
        pad.text("desk_can_withdraw")
        return pad.form(buttons=[pad.button(WITHDRAW, "desk_withdraw")], held=case.number)

    # -- parts of them

    async def _way(
        self, who: Who, office: str, *, now: bool = False
    ) -> tuple[Way, Mapping[str, str]]:
        """Return how an office is reached, and who reads there; a card where nobody may know.

        ``now`` says that it must be asked at this moment, since something goes by it.

        Raises:
            LaterError: it can be told in a moment.

        """
        to = way(self._organization, self._guidance.offices, office, who.platform)
        if to.office != office:
            to = replace(to, mode=Mode.CARD)
        if to.mode is Mode.CARD or self._desk.goes_by_mail(office):
            return to, {}
        try:
            ask = self._audience.of if now else self._audience.lately
            readers = await ask(office)
        except LaterError:
            raise
        except PlatformError:
            return replace(to, mode=Mode.CARD), {}
        return with_claimers(to, claimers(readers, [who.id])), readers

    def _card_only(
        self, who: Who, held: _Held, text: str, lang: Lang, *, few: bool = False
    ) -> Form:
        """Show how an office is reached where nothing can be sent to it now."""
        office = held.office
        pad = Pad(self._guidance, lang)
        pad.heading("desk_card_only_title", office=self.name(office, lang))
        pad.text("desk_too_few" if few else "desk_not_now")
        pad.words(self.reach(office) or pad.say("office_unknown"))
        _keep(pad, text)
        pad.small("desk_nothing_kept")
        where = _Held(place=held.place, again=held.again)
        other = pad.button(CHOOSE, "desk_other_door")
        return pad.form(other, held=self._lock(who, where))

    def _later(self, who: Who, held: _Held, draft: _Draft, do: str, lang: Lang) -> Form:
        """Say that it cannot be told now who reads; what was filled in stays for the next try."""
        pad = Pad(self._guidance, lang)
        pad.heading("desk_write_title", office=self.name(held.office, lang))
        pad.strong("desk_try_later")
        _keep(pad, draft.text)
        if draft.choices:
            self._pick_choices(pad, draft)
        return pad.form(
            pad.button(do, "desk_again"),
            buttons=[pad.button(CHOOSE, "back")],
            held=self._lock(who, replace(held, out=draft.out, shown=(), number="")),
        )

    async def _begin_again(self, who: Who, press: Press, lang: Lang) -> Form:
        form = await self.offices(who, "", lang, text=press.written.get("text", ""))
        return with_trouble(form, Pad(self._guidance, lang).say("trouble_expired"))

    def _pick_choices(self, pad: Pad, draft: _Draft) -> None:
        pad.pick(
            "choices",
            "desk_choices",
            [("yes", pad.say("desk_choices_yes"))],
            picked=["yes"] if draft.choices else [],
            many=True,
            optional=True,
        )

    def _most(self, held: _Held, lang: Lang) -> int:
        """Return how long a text may be with the choices that were added to it."""
        return MOST_WORDS + len(self._with_choices("", held.place, lang))

    def showing(self, who: Who, number: str, readers: Iterable[str]) -> str:
        """Return what a form holds that shows somebody the readers of their case."""
        return self._lock(who, _Held(number=number, shown=tuple(readers)))

    def seen(self, who: Who, sealed: str) -> tuple[str, Sequence[str]]:
        """Return which case a form was about, and which readers it showed; nobody by default."""
        held = self._open(who, sealed)
        return (held.number, held.shown) if held is not None else (sealed, ())

    def reach(self, office: str) -> str:
        """Return how an office is reached otherwise; empty where that is not known."""
        contact = self._organization.contacts.get(office)
        found = [contact.phone, contact.email] if contact is not None else []
        return " · ".join(one for one in found if one)

    def name(self, office: str, lang: Lang) -> str:
        """Return what an office is called here."""
        contact = self._organization.contacts.get(office)
        if contact is not None and contact.name is not None:
            return contact.name[lang]
        return self._guidance.offices[office].name[lang]

    def _at(self, place: str, lang: Lang) -> Reply:
        return self._conversation.respond(Move(place or HOME, lang, Look()))

    def _topic(self, place: str, lang: Lang) -> str:
        """Return what a place is about: the name of a walk or page, without what was chosen."""
        screen = self._at(place, lang).screen
        if screen.tree is not None:
            return screen.tree.id
        return f"topic:{screen.card.id}" if screen.sort is Sort.TOPIC and screen.card else ""

    def _choices(self, place: str, lang: Lang) -> list[str]:
        """Return the choices that lead to a place, one a line."""
        return [
            f"- {step.question.ask[lang]} "
            + "; ".join(option.label[lang] for option in step.picked)
            for step in self._at(place, lang).screen.trail
        ]

    def _with_choices(self, text: str, place: str, lang: Lang) -> str:
        rows = self._choices(place, lang)
        if not rows:
            return text
        title = self._guidance.phrases["desk_choices_title"][lang]
        return "\n".join([text, "", title, *rows])

    def _lock(self, who: Who, held: _Held) -> str:
        short = {key: value for key, value in asdict(held).items() if value}
        text = json.dumps(short, separators=(",", ":"))
        return self._envelope.lock(text, _bearer(who))

    def _open(self, who: Who, sealed: str) -> _Held | None:
        try:
            data = json.loads(self._envelope.open(sealed, _bearer(who)))
        except NotOpenedError:
            return None
        lists = {key: tuple(data[key]) for key in ("out", "shown") if key in data}
        return _Held(**{**data, **lists})


_NAMING: Final = frozenset({Sort.ANSWER, Sort.TOPIC, Sort.SUMMARY, Sort.OFFICE})
"""Screens whose offices were chosen for the person; others show all there are."""

_SENSITIVE: Final = ("sin", "card", "pri")


def _bearer(who: Who) -> Bearer:
    return Bearer(who.platform, who.tenant, who.user, Surface.DESK)


def _draft(press: Press, held: _Held) -> _Draft:
    """Return what was filled in; whom they took off stays so in a form that does not ask."""
    return _Draft(
        press.written.get("text", ""),
        "yes" in press.picked.get("choices", ()),
        press.picked.get("out", held.out),
    )


def _keep(pad: Pad, text: str) -> None:
    """Show what was written where it cannot go now, so that it is not lost."""
    if text.strip():
        pad.write("text", "desk_written", filled=text, most=MOST_WORDS, optional=True)


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
