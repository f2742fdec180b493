"""What happens when a person does something? Move in, Reply out: the only way to the guidance.

A channel decodes what it received into a Move and encodes the Reply. What a person types is read
here, used, and let go: it is not kept, not logged and not echoed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final

from bot.counting import HELPED, Count, opened, reached
from bot.guidance import draft, examples, pages, understand
from bot.guidance.model import HANDS_OVER, Guidance, Office, Source
from bot.guidance.pages import Part
from bot.guidance.screen import Review, Screen, Sort, Trouble
from bot.guidance.ticket import MARKS, MAX_LENGTH, Ticket, read_ticket
from bot.guidance.understand import Meaning
from bot.guidance.walk import at_question, back, choose
from bot.guidance.words import Lang, Words, fold
from bot.handoff import Mode
from bot.offices import way
from bot.organization import FREE_TEXT, Contact, Notice, Opening, Organization, Tool, opening
from bot.personal import personal_data

_NOTHING: Final = Words("", "")
_WITH_OFFICES: Final = frozenset({Sort.ANSWER, Sort.TOPIC, Sort.SUMMARY, Sort.OFFICE, Sort.OFFICES})
"""Screens on which somebody may want to write to an office; not while a question is open."""

_WITHOUT_GUIDANCE: Final = frozenset({Sort.OFFICES, Sort.OFFICE, Sort.PROMISE, Sort.CRISIS})
"""Screens that stay while an organization gives no guidance: whom to turn to, and the promise."""


@dataclass(frozen=True, slots=True)
class Open:
    """Go to a place: a tree, ``topic:…``, ``promise`` or another page."""

    place: str


@dataclass(frozen=True, slots=True)
class Look:
    """Stay where one is: the same place again, or a part of it."""

    part: Part = Part.WHOLE


@dataclass(frozen=True, slots=True)
class Choose:
    """Pick options of a question by their ids."""

    question: str
    picked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Back:
    """Go back by one question."""


@dataclass(frozen=True, slots=True)
class Change:
    """Ask a question of the trail again, with what was picked still marked."""

    question: str


@dataclass(frozen=True, slots=True)
class StartOver:
    """Begin the same tree again."""


@dataclass(frozen=True, slots=True)
class Say:
    """Type words, at the question on screen or anywhere else."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rate:
    """Say whether the screen helped, and stay there; it is counted, and nobody is named."""

    helped: bool


Act = Open | Look | Choose | Back | Change | StartOver | Say | Rate


@dataclass(frozen=True, slots=True)
class Move:
    """What a person did, after any channel: where they were, in which language, and the act.

    ``asking`` is the question of the trail that is being changed, ``came_from`` the walk that a
    page was opened from, so that the person can return to it. ``under`` is the version of the
    guidance, or its first digits, under which the place was made, where the channel knows it.
    """

    place: str
    lang: Lang
    act: Act
    asking: str | None = None
    came_from: str | None = None
    under: str | None = None


@dataclass(frozen=True, slots=True)
class ContactCard:
    """An office on a screen: what it is, and how this organization's one is reached now."""

    office: Office
    contact: Contact | None
    opening: Opening | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a channel shows: the screen, the language, and what the organization adds to it.

    ``approval`` is the sentence of the footer, ``retention`` what the employer says that it keeps,
    shown with the promise. ``updated`` says that the guidance has changed since the person's place
    was made, ``personal`` which kinds of personal data they typed. ``hands_over`` says whether
    something can be sent to an office here, which decides what is promised, and ``writes`` whether
    one of the offices of this screen takes it. ``may_rate`` says that the person may tell whether
    the screen helped; ``rated`` is what they have just told.
    """

    screen: Screen
    lang: Lang
    guidance: Guidance
    cards: tuple[ContactCard, ...] = ()
    notices: tuple[Notice, ...] = ()
    tools: tuple[Tool, ...] = ()
    approval: Words = _NOTHING
    came_from: str | None = None
    retention: Words | None = None
    updated: bool = False
    personal: tuple[str, ...] = ()
    hands_over: bool = False
    writes: bool = False
    may_rate: bool = False
    rated: bool | None = None

    def phrase(self, name: str, **places: object) -> str:
        """Return one of the bot's own sentences in the language of the reply, filled in."""
        words = self.guidance.phrases[name][self.lang]
        return words.format(**places) if places else words

    def with_trouble(self, trouble: Trouble) -> Reply:
        """Return the same reply with a sentence about what was wrong with the request.

        Where no guidance is given, that is all there is to say.
        """
        if self.is_offline:
            return self
        return replace(self, screen=replace(self.screen, trouble=trouble))

    @property
    def is_offline(self) -> bool:
        """Whether the organization gives no guidance for now."""
        return self.screen.trouble is Trouble.OFFLINE

    @property
    def sources(self) -> Mapping[str, Source]:
        """Every source that a note of the screen may name."""
        return self.guidance.sources


@dataclass(slots=True)
class _Said:
    """What is said now, by all channels of a conversation."""

    guidance: Guidance
    organization: Organization | None
    followers: list[Callable[[Guidance], None]] = field(default_factory=list)


class Conversation:
    """Answers moves out of the guidance and the organization of now; remembers nothing."""

    def __init__(
        self,
        guidance: Guidance,
        organization: Organization | None,
        clock: Callable[[], datetime],
        *,
        drafts: bool = True,
        hands_over: bool = False,
        count: Count | None = None,
    ) -> None:
        """Take the guidance, extended by the organization, and a clock of aware times.

        ``drafts`` says whether people may paste a draft here, ``hands_over`` whether something
        can be sent to an office from here. ``count`` is told of what is counted without people: a
        kind, a name and the language; without it nobody is asked whether an answer helped.
        """
        self._said = _Said(guidance, organization)
        self._clock = clock
        self._drafts = drafts
        self._hands_over = hands_over
        self._count = count
        self._channel = ""
        self._always = False

    def on(self, channel: str, *, hands_over: bool = False) -> Conversation:
        """Return the same conversation as a channel has it: free text only where it may be.

        ``hands_over`` holds only where the platform proves who the person is.
        """
        same = copy(self)
        same._hands_over = hands_over and channel in HANDS_OVER  # noqa: SLF001 it is one of us
        same._channel = channel  # noqa: SLF001 the same
        return same

    def counting(self, count: Count) -> Conversation:
        """Return the same conversation, which tells ``count`` of what is counted."""
        same = copy(self)
        same._count = count  # noqa: SLF001 it is one of us
        return same

    def always(self) -> Conversation:
        """Return the same conversation, which goes on where the organization gives no guidance.

        It is for what stands in channels already: to take that away is for whoever pinned it.
        """
        same = copy(self)
        same._always = True  # noqa: SLF001 it is one of us
        return same

    def of(self, organization: Organization | None) -> Conversation:
        """Return a conversation that goes on by itself, with another organization."""
        same = copy(self)
        same._said = _Said(self.guidance, organization)  # noqa: SLF001 it is one of us
        return same

    def swap(self, guidance: Guidance, organization: Organization | None) -> None:
        """Answer out of these from now on, on every channel, and tell those who follow."""
        self._said.guidance, self._said.organization = guidance, organization
        for follow in self._said.followers:
            follow(guidance)

    def follow(self, follower: Callable[[Guidance], None]) -> None:
        """Call ``follower`` with the guidance whenever it is another one."""
        self._said.followers.append(follower)

    @property
    def guidance(self) -> Guidance:
        """The guidance that answers are taken from."""
        return self._said.guidance

    @property
    def organization(self) -> Organization | None:
        """The organization that the answers are extended by."""
        return self._said.organization

    @property
    def today(self) -> date:
        """The day that it is, on the organization's clock."""
        return self._now().date()

    @property
    def _takes_drafts(self) -> bool:
        """Whether people may paste a draft here, as the organization has it now."""
        allowed = self.organization.free_text if self.organization else FREE_TEXT
        return self._drafts and (not self._channel or self._channel in allowed)

    def respond(self, move: Move) -> Reply:
        """Return the reply to a move; any move has one."""
        now = self._now()
        if isinstance(move.act, Say):
            reply = self._typed(move, move.act.text, now)
            reply = replace(reply, personal=personal_data(move.act.text))
        elif isinstance(move.act, Rate):
            reply = self._rated(move, helped=move.act.helped, now=now)
        else:
            reply = self._acted(move, move.lang, now)
        updated = bool(move.under) and not self.guidance.version.startswith(move.under or "")
        return replace(reply, came_from=self._came_from(move, reply.screen), updated=updated)

    def _acted(self, move: Move, lang: Lang, now: datetime) -> Reply:
        """Return the reply to an act that is no text any more, and count what it did."""
        reply = self._reply(self._screen(move, now), lang, now)
        match move.act:
            case Open(place) if place != move.came_from:  # else they only go back to it
                self._tell(opened(reply.screen, self._channel), lang)
            case Choose() if reply.screen.trouble is None:
                self._tell(reached(reply.screen), lang)
        return reply

    def _tell(self, counted: Iterable[tuple[str, str]], lang: Lang) -> None:
        if self._count is not None:
            for kind, name in counted:
                self._count(kind, name, lang)

    def _rated(self, move: Move, *, helped: bool, now: datetime) -> Reply:
        """Return the screen once more, and count whether it helped, where that is asked."""
        screen = self._screen(replace(move, act=Look()), now)
        reply = self._reply(screen, move.lang, now)
        if self._count is None or not reply.may_rate:
            return reply
        self._count(HELPED, "yes" if helped else "no", move.lang)
        return replace(reply, may_rate=False, rated=helped)

    def _came_from(self, move: Move, screen: Screen) -> str | None:
        """Return the walk to return to from a page; nothing within a walk, or at home.

        Who asked for something else in the middle of a walk is at home without wanting to be.
        """
        asked = screen.trouble is Trouble.OUT_OF_SCOPE
        if screen.tree is not None or (screen.sort is Sort.HOME and not asked):
            return None
        places = (move.place, move.came_from or "")
        for place in places:
            ticket = read_ticket(place)
            if ticket.tree in self.guidance.trees:
                return str(ticket)
        if screen.card is not None and screen.card.mailbox is not None:
            # A comment is about the topic that was read last, where that was on no walk.
            topics = {f"topic:{name}" for name in self.guidance.topics} - {screen.place}
            return next((place for place in places if place in topics), None)
        return None

    def _now(self) -> datetime:
        now = self._clock()
        return now.astimezone(self.organization.zone) if self.organization else now

    def _screen(self, move: Move, now: datetime) -> Screen:
        guidance, today = self.guidance, now.date()
        ticket = read_ticket(move.place)
        match move.act:
            case Open(place):
                return pages.at_place(guidance, place, today)
            case _ if len(move.place) > MAX_LENGTH:
                return pages.at_place(guidance, move.place, today)
            case Choose(question, picked):
                return choose(guidance, ticket, question, picked, today)
            case Back():
                return self._back(ticket, today)
            case Change(question):
                return at_question(guidance, ticket, question, today)
            case StartOver():
                return pages.at_place(guidance, ticket.tree or pages.HOME, today)
            case Look(part):
                screen = pages.at_place(guidance, move.place, today, part)
                if move.asking and part is Part.WHOLE:
                    return at_question(guidance, ticket, move.asking, today)
                return screen
        raise AssertionError(move.act)

    def _back(self, ticket: Ticket, today: date) -> Screen:
        marks = ticket.choices.get(MARKS, ())
        if len(ticket.choices) > bool(marks):
            return back(self.guidance, ticket, today)
        return (
            pages.at_place(self.guidance, f"marks:{'+'.join(marks)}", today)
            if marks
            else pages.home()
        )

    def _typed(self, move: Move, text: str, now: datetime) -> Reply:
        guidance = self.guidance
        meant = understand.meaning(guidance, text, move.lang)
        here = self._screen(replace(move, act=Look()), now)
        question = here.question
        picked = understand.options(question, text) if question is not None else ()
        # What stands on screen is no alarm, unless it says danger in so many words.
        if meant.crisis and (not picked or understand.says_danger(guidance, text)):
            return self._reply(pages.crisis(guidance), meant.lang, now)
        if len(text) > understand.MAX_TYPED:
            return self._reply(replace(here, trouble=Trouble.TOO_LONG), move.lang, now)
        if not text.strip():
            trouble = Trouble.NOTHING_PICKED if question is not None else Trouble.NOT_UNDERSTOOD
            return self._reply(replace(here, trouble=trouble), move.lang, now)
        if question is not None and picked:
            act = Choose(question.id, picked)
            return self._acted(replace(move, act=act), move.lang, now)
        return self._read(move, here, text, meant, now)

    def _read(self, move: Move, here: Screen, text: str, meant: Meaning, now: datetime) -> Reply:
        """Return the reply to words that pick nothing on screen."""
        if understand.is_other_script(text):
            return self._reply(replace(here, trouble=Trouble.OTHER_LANGUAGE), move.lang, now)
        if here.page is not None and (drafted := self._drafted(here, text, now)) is not None:
            return self._reply(drafted, move.lang, now)
        if (command := understand.command(text)) is not None:
            return self._commanded(move, command, now)
        if (near := _nearly(here, text)) is not None:
            return self._reply(near, move.lang, now)
        return self._asked(here, meant, move.lang, now)

    def _asked(self, here: Screen, meant: Meaning, lang: Lang, now: datetime) -> Reply:
        """Return the reply to a question of one's own, asked while ``here`` was on screen."""
        match meant.aside:
            case None if not meant.topics:
                return self._reply(replace(here, trouble=Trouble.NOT_UNDERSTOOD), lang, now)
            case examples.OUT_OF_SCOPE:
                screen = replace(pages.home(), trouble=Trouble.OUT_OF_SCOPE)
                return self._reply(screen, meant.lang, now)
            case str(aside):
                # Nothing was asked, so what is on screen stays there.
                return self._reply(replace(here, trouble=Trouble(aside)), meant.lang, now)
        if not meant.sure:
            return self._reply(pages.unsure(meant.topics), meant.lang, now)
        first, *others = meant.topics
        card = pages.at_place(self.guidance, f"topic:{first}", now.date())
        offer = (*card.offer, *(f"topic:{name}" for name in others if name not in card.offer))
        if first == self.guidance.draft.tree and self._takes_drafts:
            offer = (pages.DRAFT, *offer)
        self._tell(opened(card, self._channel), meant.lang)
        return self._reply(replace(card, offer=offer, trouble=Trouble.MEANT), meant.lang, now)

    def _drafted(self, here: Screen, text: str, now: datetime) -> Screen | None:
        """Return what follows from words typed where a draft is asked for: whose it is, or it."""
        guidance, today = self.guidance, now.date()
        if here.place == pages.DRAFT:
            place = _whose(guidance, text)
            return pages.at_place(guidance, place, today) if place else None
        if here.place != pages.OWN_DRAFT or understand.command(text) is not None:
            return None
        name = self.organization.name if self.organization else _NOTHING
        names = [one for one in (name.en, name.fr) if one]
        personal = bool(personal_data(text))
        return pages.marked(guidance, draft.marks(guidance, text, personal=personal, names=names))

    def _commanded(self, move: Move, command: str, now: datetime) -> Reply:
        lang = move.lang
        act: Act
        match command:
            case "english" | "french":
                lang = "en" if command == "english" else "fr"
                act = Look()
            case "back" if move.asking:
                act = Look()
                move = replace(move, asking=None)
            case "back":
                act = Open(move.came_from) if move.came_from else Back()
            case "start_over":
                act = StartOver()
            case "why":
                act = Look(Part.WHY)
            case "outline":
                act = Look(Part.OUTLINE)
            case _:
                act = Open(command)
        return self._acted(replace(move, act=act), lang, now)

    def _reply(self, screen: Screen, lang: Lang, now: datetime) -> Reply:
        organization = self.organization
        offline = organization is not None and organization.offline and not self._always
        if offline and screen.sort not in _WITHOUT_GUIDANCE:
            offices_page = pages.at_place(self.guidance, pages.OFFICES, now.date())
            screen = replace(offices_page, trouble=Trouble.OFFLINE)
        if screen.page is not None and not self._takes_drafts:
            tree = pages.at_place(self.guidance, self.guidance.draft.tree, now.date())
            screen = replace(tree, trouble=Trouble.NO_DRAFTS)
        elif screen.sort is Sort.HOME and self._takes_drafts:
            screen = replace(screen, offer=(pages.DRAFT,))
        offices = (
            tuple(self.guidance.offices.values()) if screen.sort is Sort.OFFICES else screen.offices
        )
        return Reply(
            screen=screen,
            lang=lang,
            guidance=self.guidance,
            cards=tuple(self._card(office, now) for office in offices),
            notices=organization.notices_on(now.date(), _names(screen)) if organization else (),
            tools=organization.tools if organization and _about_ai(screen) else (),
            approval=self._approval(),
            retention=organization.retention
            if organization and screen.sort is Sort.PROMISE
            else None,
            hands_over=self._hands_over,
            writes=not offline and self._writes(screen, offices),
            may_rate=self._count is not None and _can_help(screen),
        )

    def _writes(self, screen: Screen, offices: Iterable[Office]) -> bool:
        """Tell whether one of these offices takes a hand-off from here; at home, whether any."""
        if not self._hands_over or self.organization is None:
            return False
        kinds = self.guidance.offices
        if screen.sort is Sort.HOME:
            offices = kinds.values()
        elif screen.sort not in _WITH_OFFICES:
            return False
        ways = (way(self.organization, kinds, one.id, self._channel) for one in offices)
        return any(one.mode is not Mode.CARD for one in ways)

    def _card(self, office: Office, now: datetime) -> ContactCard:
        contact = self.organization.contacts.get(office.id) if self.organization else None
        return ContactCard(office, contact, opening(contact, now) if contact else None)

    def _approval(self) -> Words:
        phrases = self.guidance.phrases
        approval = self.organization.approval if self.organization else None
        if approval is None or approval.version != self.guidance.version:
            return phrases["not_approved"]
        by = Words(*(", ".join(role[lang] for role in approval.by) for lang in ("en", "fr")))
        return Words(
            phrases["approved_by"].en.format(by=by.en, on=approval.on.isoformat()),
            phrases["approved_by"].fr.format(by=by.fr, on=approval.on.isoformat()),
        )


def _nearly(here: Screen, text: str) -> Screen | None:
    """Return the screen again, where a short text is nearly an answer to it, or is none."""
    question = here.question
    if question is not None and (near := understand.nearly(question, text)) is not None:
        return replace(here, near=near, trouble=Trouble.NEARLY)
    if understand.is_short_reply(text):
        trouble = Trouble.NOT_AN_OPTION if question is not None else Trouble.NOT_UNDERSTOOD
        return replace(here, trouble=trouble)
    return None


def _whose(guidance: Guidance, text: str) -> str | None:
    """Return where it leads when somebody types whose draft it is: yes, no, or a label."""
    said, phrases = fold(text), guidance.phrases
    for place, word, number in ((pages.OWN_DRAFT, "yes", "1"), (pages.OTHERS_DRAFT, "no", "2")):
        label = phrases[place.replace(":", "_")]
        if said in (number, fold(label.en), fold(label.fr)) or understand.yes_or_no(text) == word:
            return place
    return None


def _names(screen: Screen) -> frozenset[str]:
    """Return the names by which an organization may place a notice on the screen."""
    names = set()
    if screen.tree is not None:
        names.add(screen.tree.id)
        if screen.answer is not None:
            names.add(f"{screen.tree.id}/{screen.answer.id}")
    if screen.card is not None:
        names.add(f"topic:{screen.card.id}")
    return frozenset(names)


def _can_help(screen: Screen) -> bool:
    """Tell whether to ask if a screen helped; never where somebody may be in danger."""
    if screen.review is Review.WITHDRAWN or any(one.id == "emergency" for one in screen.offices):
        return False
    about_comments = screen.card is not None and screen.card.mailbox is not None
    return screen.sort is Sort.ANSWER or (screen.sort is Sort.TOPIC and not about_comments)


def _about_ai(screen: Screen) -> bool:
    return any(office.id == "ai_lead" for office in screen.offices)
