"""What does a reply say where it is drawn from blocks? The same parts on Slack and in Teams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.channels.letter import letter_of, rows_to_copy
from bot.channels.pen import Element, Field, Pen
from bot.channels.wording import (
    KNOWN_TO_ALL,
    absent_words,
    clock_words,
    course_marks,
    courses_of,
    heading,
    how_to_choose,
    languages_words,
    place_words,
    places,
    promise_line,
    sentences_of,
    told_first,
)
from bot.conversation import ContactCard, Reply
from bot.guidance.draw import outline, outline_label
from bot.guidance.model import Course, Ref, Statement
from bot.guidance.screen import Note, Said, Sort, by_kind, is_stated, notes
from bot.organization import Tool


@dataclass(slots=True)
class Part:
    """Elements that stay together, and the sources they name."""

    elements: list[Element]
    refs: list[Ref] = field(default_factory=list)
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """The form field that a reply ends with, and what its button does."""

    part: Part
    ask: str | None


class Composer:
    """Puts one reply into the elements of a channel."""

    def __init__(self, reply: Reply, pen: Pen) -> None:
        self.pen = pen
        self._reply = reply
        self._lang = reply.lang
        self._screen = reply.screen
        self._notes = notes(reply.screen)
        self._say = reply.phrase
        self._texts = {ref: self._written(note) for ref, note in self._notes.items()}
        self._weights = {ref: pen.weigh(pen.small(text)) for ref, text in self._texts.items()}
        self._practice = pen.literal(f"{reply.phrase('practice')}; {reply.phrase('related')}")

    # -- above and below every page

    def above(self) -> Iterator[Element]:
        """What must be read first: notices, and what went wrong or was set aside."""
        for notice in self._reply.notices:
            words = self.pen.marked(notice.words[self._lang])
            yield self.pen.text(f"{self.pen.strong(self._say('notice'))} {words}")
        for text in told_first(self._reply):
            yield self.pen.text(self.pen.strong(text))

    def title(self, number: int, count: int) -> Iterator[Element]:
        """The tree or sort of page that the screen belongs to, and its heading."""
        reply, screen = self._reply, self._screen
        kicker = []
        if screen.tree is not None and screen.sort is not Sort.OUTLINE:
            kicker.append(screen.tree.title[self._lang])
        elif screen.sort in _KICKERS:
            kicker.append(self._say(_KICKERS[screen.sort]))
        if count > 1:
            kicker.append(self._say("page_number", number=number, count=count))
        if kicker:
            yield self.pen.kicker(" · ".join(kicker))
        if screen.sort not in _TITLED_BY_THEIR_FIELD:
            yield self.pen.title(heading(reply))

    def below(self) -> Iterator[Element]:
        """Whether anyone approved what was said, and its version."""
        reply = self._reply
        version = self._say("version", version=reply.guidance.version)
        yield self.pen.small(self.pen.literal(f"{reply.approval[self._lang]} {version}."))

    def notes(self, refs: Iterable[Ref]) -> Iterator[Element]:
        """The sources that a page leans on, by their numbers."""
        wanted = set(refs)
        rows = [text for ref, text in self._texts.items() if ref in wanted]
        if not rows:
            return
        yield self.pen.heading(self._say("notes"))
        yield from (self.pen.small(text) for text in self.pen.joined(rows))

    def note_weight(self, ref: Ref) -> int:
        """Return how much a source takes; nothing where the screen does not number it."""
        return self._weights.get(ref, 0)

    def _written(self, note: Note) -> str:
        ref = note.ref
        source, lang = self._reply.sources[ref.source], self._lang
        address = source.url.get(lang, source.url["en"])
        title = self.pen.link(address, source.title[lang])
        tail = [
            f"{source.sections[ref.section][lang]}. {source.issuer[lang]}. {source.dated[lang]};"
        ]
        tail.append(self._say("read_on", date=source.read.isoformat()) + ".")
        if lang not in source.url:
            tail.append(f"({self._say('in_english')})")
        if source.network:
            tail.append(f"({self._say(f'network_{source.network}')})")
        number = self.pen.literal(f"[{note.number}]")
        return f"{number} {title}, {self.pen.literal(' '.join(tail))}"

    # -- the form field at the end

    def asks(self) -> Asked:
        """The field that the screen ends with: the options of a question, or where to go on."""
        question = self._screen.question
        if self._screen.sort is Sort.QUESTION and question is not None:
            told = [question.hint[self._lang]] if question.hint is not None else []
            if (how := how_to_choose(self._reply, question)) is not None:
                told.append(how)
            choices = [(option.id, option.label[self._lang]) for option in question.options]
            asked = Field(
                f"pick:{self._lang}:{question.id}",
                "pick",
                question.ask[self._lang],
                choices,
                self._screen.picked,
                many=question.many,
                hint=" ".join(told) or None,
            )
            return Asked(self._asked(asked, *self._trail()), "choose")
        there = places(self._reply)
        if not there:
            return Asked(Part([]), None)
        titled = self._screen.sort in _TITLED_BY_THEIR_FIELD
        asked = Field(
            f"goto:{self._lang}:{self._screen.sort}",
            "goto",
            heading(self._reply) if titled else self._say("go_on"),
            [(place, place_words(self._reply, place)) for place in there],
            placeholder=self._say("choose_one"),
            optional=True,
        )
        return Asked(self._asked(asked), "goto")

    def _asked(self, asked: Field, *more: Element) -> Part:
        return Part([*self.pen.field(asked), *more])

    def _trail(self) -> Iterator[Element]:
        if not self._screen.trail:
            return
        rows = [self.pen.strong(self._say("trail_title"))]
        for number, step in enumerate(self._screen.trail, start=1):
            picked = "; ".join([option.label[self._lang] for option in step.picked])
            ask = self.pen.literal(f"{number}. {step.question.ask[self._lang]}")
            rows.append(f"{ask} {self.pen.emphasis(picked)}")
        yield from (self.pen.small(text) for text in self.pen.joined(rows))

    # -- the sorts of screens

    def parts(self) -> Iterator[Part]:
        """What the screen says, in parts that stay together."""
        match self._screen.sort:
            case Sort.HOME:
                yield self._text(self.pen.literal(self._say("what_i_am")))
                yield self._promise_line()
            case Sort.QUESTION:
                yield from self._question()
            case Sort.ANSWER:
                yield from self._answer()
            case Sort.WHY:
                yield from self._why()
            case Sort.OUTLINE:
                yield from self._outline()
            case Sort.TOPIC | Sort.SUMMARY:
                yield from self._card()
            case Sort.DRAFT:
                yield from self._draft()
            case Sort.OFFICE:
                yield from self._office()
            case Sort.OFFICES:
                yield from self._offices()
            case Sort.PROMISE:
                yield from self._promise()
            case Sort.CRISIS:
                yield from self._crisis()

    def _question(self) -> Iterator[Part]:
        screen = self._screen
        if screen.trail or screen.tree is None:
            return
        if screen.tree.intro is not None:
            yield self._text(self.pen.marked(screen.tree.intro[self._lang]))
        yield self._promise_line()

    def _answer(self) -> Iterator[Part]:
        screen = self._screen
        tone = self.pen.strong(self._say(f"tone_{screen.tone}") + ".")
        yield self._text(f"{tone} {self.pen.literal(self._say('tone_meaning'))}")
        if screen.review == "withdrawn":
            yield self._only_sources()
        else:
            yield from self._statements(screen.first)
            yield self._small(self._say("practice_meaning"))
        yield from self._contacts(self._reply.cards)
        yield from self._tools()
        if screen.more and screen.review != "withdrawn":
            more = [*self._statements(screen.more)]
            more[0].elements.insert(0, self.pen.heading(self._say("more", count=len(screen.more))))
            more[0].begins = True
            yield from more

    def _only_sources(self) -> Part:
        """Return what is left of an answer that nobody vouches for any more."""
        return Part([], [ref for one in self._screen.said for ref in one.statement.refs])

    def _card(self) -> Iterator[Part]:
        if self._screen.review == "withdrawn":
            yield self._only_sources()
        else:
            yield from self._statements(self._screen.said)
            yield self._small(self._say("practice_meaning"))
        yield from self._courses()
        yield from self._letter()
        yield from self._contacts(self._reply.cards)
        yield from self._tools()

    def _draft(self) -> Iterator[Part]:
        page = self._screen.page
        assert page is not None
        yield self._text(self.pen.marked(page.text[self._lang]))
        if self._screen.said:
            yield from self._statements(self._screen.said)
            yield self._small(self._say("practice_meaning"))

    def _why(self) -> Iterator[Part]:
        screen = self._screen
        assert screen.answer is not None
        yield self._text(self.pen.literal(self._say("why_intro")))
        for step in screen.trail:
            title = self.pen.strong(step.question.ask[self._lang])
            for option in step.picked:
                brought = [one for one in screen.said if one.because is option]
                rows = [self.pen.below([title, self.pen.literal(option.label[self._lang])])]
                rows += [self._said(one, because=False) for one in brought]
                if not brought:
                    rows.append(self.pen.emphasis(self._say("why_nothing")))
                yield self._listed(rows, brought)
        own = [one for one in screen.said if one.because is None]
        title = self.pen.strong(self._say("why_own"))
        rows = [self.pen.below([title, self.pen.literal(screen.answer.title[self._lang])])]
        yield self._listed(rows + [self._said(one, because=False) for one in own], own)
        yield self._small(self._say("practice_meaning"))

    def _outline(self) -> Iterator[Part]:
        screen, lang = self._screen, self._lang
        assert screen.tree is not None
        plan = outline(screen.tree)
        yield self._text(self.pen.literal(self._say("outline_intro")))
        for asked in plan.questions:
            number = self._say("outline_question", number=asked.number)
            rows = [self.pen.strong(f"{number}. {asked.question.ask[lang]}")]
            if asked.question.many:
                rows.append(self.pen.emphasis(self._say("outline_many")))
            for option in asked.question.options:
                target = outline_label(plan, option.go, self._say)
                goes = self.pen.literal(f"{option.label[lang]} → {target}")
                rows.append(self.pen.bullet(goes))
            yield self._listed(rows)
        for ended in plan.answers:
            letter = self._say("outline_answer", letter=ended.letter)
            rows = [self.pen.strong(f"{letter}. {ended.answer.title[lang]}")]
            rows += [
                self.pen.bullet(self.pen.marked(statement.words[lang]))
                for statement in ended.answer.say
            ]
            yield self._listed(rows)

    def _office(self) -> Iterator[Part]:
        card = self._reply.cards[0]
        yield self._text(self._contact(card, named=False))
        office = card.office
        for name, statements in (
            ("office_does", office.does),
            ("office_does_not", office.does_not),
            ("office_promise", office.promise),
        ):
            if statements:
                said = [Said(statement) for statement in statements]
                yield self._headed(self._say(name), said)

    def _offices(self) -> Iterator[Part]:
        for card in self._reply.cards:
            yield self._text(self._contact(card))

    def _promise(self) -> Iterator[Part]:
        lang = self._lang
        rows = [
            self.pen.bullet(self.pen.marked(sentence.words[lang]))
            for sentence in sentences_of(self._reply, self.pen.channel)
        ]
        if self._reply.retention is not None:
            adds = self.pen.strong(self._say("organization_adds"))
            rows.append(f"{adds} {self.pen.marked(self._reply.retention[lang])}")
        yield self._listed(rows)

    def _crisis(self) -> Iterator[Part]:
        crisis = self._screen.crisis
        assert crisis is not None
        rows = [
            f"{self.pen.strong(line.number)} — {self.pen.marked(line.words[self._lang])}"
            f"{self._marks(line.refs)}"
            for line in crisis.numbers
        ]
        part = self._listed(rows)
        part.refs += [ref for line in crisis.numbers for ref in line.refs]
        yield part
        yield from self._statements(self._screen.first)
        yield from self._contacts(self._reply.cards)

    # -- parts of them

    def _text(self, text: str) -> Part:
        return Part([self.pen.text(text)])

    def _small(self, text: str) -> Part:
        return Part([self.pen.small(self.pen.literal(text))])

    def _promise_line(self) -> Part:
        return self._small(promise_line(self._reply))

    def _listed(self, rows: Sequence[str], said: Sequence[Said] = ()) -> Part:
        texts = self.pen.joined(rows)
        refs = [ref for one in said for ref in one.statement.refs]
        return Part([self.pen.text(text) for text in texts], refs)

    def _headed(self, title: str, said: Sequence[Said]) -> Part:
        part = self._listed([self._said(one) for one in said], said)
        part.elements.insert(0, self.pen.heading(title))
        return part

    def _statements(self, said: Iterable[Said]) -> Iterator[Part]:
        for kind, group in by_kind(said):
            yield self._headed(self._say(f"kind_{kind}"), group)

    def _said(self, one: Said, *, because: bool = True) -> str:
        statement = one.statement
        text = f"{self.pen.marked(statement.words[self._lang])}{self._basis(statement)}"
        if statement.from_organization:
            text += f" ({self.pen.literal(self._say('your_organization'))})"
        if because and one.because is not None:
            told = self._say("because", choice=one.because.label[self._lang])
            text += f" {self.pen.emphasis(f'({told})')}"
        return self.pen.bullet(text)

    def _basis(self, statement: Statement) -> str:
        marks = self._marks(statement.refs)
        return marks if is_stated(statement) else f" ({self._practice}{marks})"

    def _marks(self, refs: Iterable[Ref]) -> str:
        return "".join([f" {self.pen.literal(f'[{self._notes[ref].number}]')}" for ref in refs])

    def _contacts(self, cards: Sequence[ContactCard]) -> Iterator[Part]:
        for index, card in enumerate(cards):
            part = self._text(self._contact(card))
            if index == 0:
                title = self._say("offices_heading")
                part.elements.insert(0, self.pen.heading(title))
            yield part

    def _contact(self, card: ContactCard, *, named: bool = True) -> str:
        lang, contact = self._lang, card.contact
        name = contact.name[lang] if contact and contact.name else card.office.name[lang]
        rows = [self.pen.strong(name)] if named else []
        if contact is not None and not contact.exists:
            return self.pen.below([*rows, self.pen.literal(absent_words(self._reply, card))])
        rows.append(self.pen.marked(card.office.does[0].words[lang]))
        if contact is not None:
            if told := clock_words(self._reply, card):
                rows.append(self.pen.literal(told))
            reach = [self.pen.literal(contact.phone)] if contact.phone else []
            if contact.email:
                reach.append(self.pen.link(f"mailto:{contact.email}", contact.email))
            if contact.url:
                address = contact.url.get(lang, contact.url["en"])
                reach.append(self.pen.link(address, self._say("office_page")))
            rows += [" · ".join(reach)] if reach else []
            if contact.languages:
                served = languages_words(self._reply, contact.languages)
                rows.append(self.pen.literal(self._say("serves_in", languages=served)))
            rows += [self.pen.marked(contact.about[lang])] if contact.about else []
        elif card.office.page:
            page = self.pen.link(
                card.office.page.get(lang, card.office.page["en"]), self._say("office_page")
            )
            if lang not in card.office.page:
                page += f" {self.pen.literal('(' + self._say('in_english') + ')')}"
            rows.append(page)
        elif card.office.id not in KNOWN_TO_ALL:
            rows.append(self.pen.emphasis(self._say("office_unknown")))
        return self.pen.below(rows)

    def _tools(self) -> Iterator[Part]:
        if self._reply.tools:
            part = self._listed([*map(self._tool, self._reply.tools)])
            part.elements.insert(0, self.pen.heading(self._say("tools_title")))
            yield part

    def _tool(self, tool: Tool) -> str:
        words = self.pen.marked(tool.words[self._lang])
        if tool.url:
            address = tool.url.get(self._lang, tool.url["en"])
            words = self.pen.link(address, tool.words[self._lang])
        level = tool.up_to[self._lang] if tool.up_to else None
        note = f". {self.pen.literal(self._say('tools_up_to', level=level))}" if level else ""
        return self.pen.bullet(f"{words}{note}")

    def _courses(self) -> Iterator[Part]:
        for number, (theme, courses) in enumerate(courses_of(self._reply)):
            rows = [self.pen.strong(theme)] if theme is not None else []
            part = self._listed([*rows, *(self._course(course) for course in courses)])
            if number == 0:
                part.elements.insert(0, self.pen.heading(self._say("courses")))
            yield part

    def _course(self, course: Course) -> str:
        title = course.title[self._lang]
        text = self.pen.literal(title)
        if course.url:
            address = course.url.get(self._lang, course.url["en"])
            text = f"{self.pen.link(address, title)} ({self.pen.literal(course.id)})"
        if course.about:
            text += f". {self.pen.marked(course.about[self._lang])}"
        if marks := course_marks(self._reply, course):
            text += f" ({self.pen.literal('; '.join(marks))})"
        return self.pen.bullet(text)

    def _letter(self) -> Iterator[Part]:
        """The message that the person may send to the mailbox of the guidance."""
        letter = letter_of(self._reply)
        if letter is None:
            return
        link = self.pen.link(letter.address, self._say("letter_open"))
        yield Part(
            [
                self.pen.heading(self._say("letter_heading")),
                self.pen.text(
                    self.pen.below([self.pen.literal(self._say("letter_meaning")), link])
                ),
            ]
        )
        rows = [self.pen.literal(row) for row in rows_to_copy(self._reply, letter) if row]
        yield self._text(self.pen.below([self.pen.strong(self._say("letter_copy")), *rows]))


_KICKERS: Final = {Sort.TOPIC: "topic_of", Sort.SUMMARY: "summary_of", Sort.OFFICE: "office_of"}
_TITLED_BY_THEIR_FIELD: Final = frozenset({Sort.HOME, Sort.QUESTION, Sort.TOPICS, Sort.UNSURE})
"""Screens whose heading is the label of their field, so that it is read just once."""
