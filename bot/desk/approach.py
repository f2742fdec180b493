"""What do the forms on the way to Send share? Where the person was, and how an office is reached.

What a form must know of itself travels in it, locked for the person; nothing is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from bot.conversation import Conversation, Look, Move, Reply
from bot.desk.readers import Audience, claimers, with_claimers
from bot.forms import Form, Press
from bot.guidance.model import Guidance
from bot.guidance.pages import HOME
from bot.guidance.screen import Sort
from bot.guidance.words import Lang
from bot.handoff import Mode
from bot.offices import Way, way
from bot.organization import Organization
from bot.pad import Pad
from bot.platforms import LaterError, PlatformError, Who
from bot.seal import Bearer, Envelope, NotOpenedError, Surface

CHOOSE: Final = "desk:choose"
MOST_WORDS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Held:
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
class Draft:
    """What the person has filled in so far."""

    text: str = field(default="", repr=False)
    choices: bool = False
    out: tuple[str, ...] = field(default=(), repr=False)


class Approach:
    """What is known of a person on the way, and of the offices they may write to."""

    def __init__(
        self,
        audience: Audience,
        conversation: Conversation,
        organization: Organization,
        envelope: Envelope,
        *,
        by_mail: Callable[[str], bool],
    ) -> None:
        """Take the parts, and what tells whether an office is reached by e-mail."""
        self.organization = organization
        self._by_mail = by_mail
        self._audience = audience
        self._conversation = conversation
        self._envelope = envelope

    @property
    def guidance(self) -> Guidance:
        """The guidance that words are taken from."""
        return self._conversation.guidance

    def pad(self, lang: Lang) -> Pad:
        """Return an empty form."""
        return Pad(self.guidance, lang)

    # -- offices

    async def way(
        self, who: Who, office: str, *, now: bool = False
    ) -> tuple[Way, Mapping[str, str]]:
        """Return how an office is reached, and who reads there; a card where nobody may know.

        ``now`` says that it must be asked at this moment, since something goes by it.

        Raises:
            LaterError: it can be told in a moment.

        """
        to = way(self.organization, self.guidance.offices, office, who.platform)
        if to.office != office or self.organization.offline:
            to = replace(to, mode=Mode.CARD)
        if to.mode is Mode.CARD or self._by_mail(office):
            return to, {}
        try:
            ask = self._audience.of if now else self._audience.lately
            readers = await ask(office)
        except LaterError:
            raise
        except PlatformError:
            return replace(to, mode=Mode.CARD), {}
        return with_claimers(to, claimers(readers, [who.id])), readers

    def reach(self, office: str) -> str:
        """Return how an office is reached otherwise; empty where that is not known."""
        contact = self.organization.contacts.get(office)
        found = [contact.phone, contact.email] if contact is not None else []
        return " · ".join(one for one in found if one)

    def name(self, office: str, lang: Lang) -> str:
        """Return what an office is called here."""
        contact = self.organization.contacts.get(office)
        if contact is not None and contact.name is not None:
            return contact.name[lang]
        return self.guidance.offices[office].name[lang]

    def card_only(self, who: Who, held: Held, text: str, lang: Lang, *, few: bool = False) -> Form:
        """Show how an office is reached where nothing can be sent to it now."""
        office = held.office
        pad = self.pad(lang)
        pad.heading("desk_card_only_title", office=self.name(office, lang))
        pad.text("desk_too_few" if few else "desk_not_now")
        pad.words(self.reach(office) or pad.say("office_unknown"))
        keep(pad, text)
        pad.small("desk_nothing_kept")
        where = Held(place=held.place, again=held.again)
        other = pad.button(CHOOSE, "desk_other_door")
        return pad.form(other, held=self.lock(who, where))

    def later(self, who: Who, held: Held, draft: Draft, do: str, lang: Lang) -> Form:
        """Say that it cannot be told now who reads; what was filled in stays for the next try."""
        pad = self.pad(lang)
        pad.heading("desk_write_title", office=self.name(held.office, lang))
        pad.strong("desk_try_later")
        keep(pad, draft.text)
        if draft.choices:
            self.pick_choices(pad, draft)
        return pad.form(
            pad.button(do, "desk_again"),
            buttons=[pad.button(CHOOSE, "back")],
            held=self.lock(who, replace(held, out=draft.out, shown=(), number="")),
        )

    def pick_choices(self, pad: Pad, draft: Draft) -> None:
        """Ask whether the choices that were made go too."""
        pad.pick(
            "choices",
            "desk_choices",
            [("yes", pad.say("desk_choices_yes"))],
            picked=["yes"] if draft.choices else [],
            many=True,
            optional=True,
        )

    # -- where the person was

    def at(self, place: str, lang: Lang) -> Reply:
        """Return what the person saw at a place."""
        return self._conversation.respond(Move(place or HOME, lang, Look()))

    def topic(self, place: str, lang: Lang) -> str:
        """Return what a place is about: the name of a walk or page, without what was chosen."""
        screen = self.at(place, lang).screen
        if screen.tree is not None:
            return screen.tree.id
        return f"topic:{screen.card.id}" if screen.sort is Sort.TOPIC and screen.card else ""

    def choices(self, place: str, lang: Lang) -> list[str]:
        """Return the choices that lead to a place, one a line."""
        return [
            f"- {step.question.ask[lang]} "
            + "; ".join(option.label[lang] for option in step.picked)
            for step in self.at(place, lang).screen.trail
        ]

    def with_choices(self, text: str, place: str, lang: Lang) -> str:
        """Return a text with the choices that lead to a place below it."""
        rows = self.choices(place, lang)
        if not rows:
            return text
        title = self.guidance.phrases["desk_choices_title"][lang]
        return "\n".join([text, "", title, *rows])

    def most(self, held: Held, lang: Lang) -> int:
        """Return how long a text may be with the choices that were added to it."""
        return MOST_WORDS + len(self.with_choices("", held.place, lang))

    # -- what a form holds

    def lock(self, who: Who, held: Held) -> str:
        """Return what a form knows of itself, locked for this person."""
        short = {key: value for key, value in asdict(held).items() if value}
        text = json.dumps(short, separators=(",", ":"))
        return self._envelope.lock(text, _bearer(who))

    def open(self, who: Who, sealed: str) -> Held | None:
        """Return it again; nothing where it is too old, or was made for somebody else."""
        try:
            data = json.loads(self._envelope.open(sealed, _bearer(who)))
        except NotOpenedError:
            return None
        lists = {key: tuple(data[key]) for key in ("out", "shown") if key in data}
        return Held(**{**data, **lists})

    def showing(self, who: Who, number: str, readers: Iterable[str]) -> str:
        """Return what a form holds that shows somebody the readers of their case."""
        return self.lock(who, Held(number=number, shown=tuple(readers)))

    def seen(self, who: Who, sealed: str) -> tuple[str, Sequence[str]]:
        """Return which case a form was about, and which readers it showed; nobody by default."""
        held = self.open(who, sealed)
        return (held.number, held.shown) if held is not None else (sealed, ())


def draft_of(press: Press, held: Held) -> Draft:
    """Return what was filled in; whom they took off stays so in a form that does not ask."""
    return Draft(
        press.written.get("text", ""),
        "yes" in press.picked.get("choices", ()),
        press.picked.get("out", held.out),
    )


def _bearer(who: Who) -> Bearer:
    return Bearer(who.platform, who.tenant, who.user, Surface.DESK)


def keep(pad: Pad, text: str) -> None:
    """Show what was written where it cannot go now, so that it is not lost."""
    if text.strip():
        pad.write("text", "desk_written", filled=text, most=MOST_WORDS, optional=True)
