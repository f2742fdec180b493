"""What does a reply look like as plain text? The text-only twin of every screen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from bot.channels.letter import letter_of, rows_to_copy
from bot.channels.wording import (
    KNOWN_TO_ALL,
    absent_words,
    checklist_text,
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
from bot.guidance.model import Ref, Statement
from bot.guidance.pages import OWN_DRAFT
from bot.guidance.screen import Note, Said, Sort, by_kind, is_stated, notes
from bot.guidance.words import Line, lines

WIDTH: Final = 78


def render(reply: Reply, *, checklist: bool = False) -> str:
    """Return the screen as text, at most 78 columns wide but for addresses."""
    if checklist:
        return checklist_text(reply) + "\n"
    return "\n".join(_Page(reply).rows()).rstrip() + "\n"


def to_copy(reply: Reply) -> str:
    """Return an answer as text to take along: what it says, without what the person chose."""
    return "\n".join(_Page(reply).rows_to_copy()).strip() + "\n"


def in_pieces(text: str, most: int) -> list[str]:
    """Return text in as few pieces of at most that many letters as may be, cut between lines."""
    pieces = [""]
    for row in text.splitlines(keepends=True):
        if pieces[-1] and len(pieces[-1]) + len(row) > most:
            pieces.append("")
        pieces[-1] += row
    return pieces


class _Page:
    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._lang = reply.lang
        self._notes: Mapping[Ref, Note] = notes(reply.screen)

    def rows(self) -> Iterator[str]:
        reply, screen = self._reply, self._reply.screen
        for notice in reply.notices:
            yield from self._wrap(f"! {reply.phrase('notice')}: {_flat(notice.words[self._lang])}")
            yield ""
        for told in told_first(reply):
            yield from self._wrap(f"! {told}")
            yield ""
        if screen.tree is not None and screen.sort is not Sort.OUTLINE:
            yield from self._wrap(screen.tree.title[self._lang])
        title = heading(reply)
        yield from self._wrap(title)
        yield "=" * min(len(title), WIDTH)
        if screen.sort is Sort.HOME or (screen.sort is Sort.QUESTION and not screen.trail):
            yield from self._wrap(_flat(promise_line(reply)))
        yield from self._body()
        yield from self._sources()
        yield ""
        yield from self._footer()

    def rows_to_copy(self) -> Iterator[str]:
        reply, screen = self._reply, self._reply.screen
        yield from self._wrap(heading(reply))
        yield from self._statements(Said(one.statement) for one in screen.said)
        yield ""
        yield from self._wrap(reply.phrase("practice_meaning"))
        if reply.cards:
            yield ""
            yield from self._head("offices_heading")
            for number, card in enumerate(reply.cards, start=1):
                yield from self._contact(card, f"{number}. ")
        yield from self._sources()
        yield ""
        yield from self._footer()

    # -- the sorts of screens

    def _body(self) -> Iterator[str]:
        match self._reply.screen.sort:
            case Sort.HOME:
                yield from self._home()
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
            case Sort.PROMISE:
                for sentence in sentences_of(self._reply, "terminal"):
                    yield from self._wrap("- " + _flat(sentence.words[self._lang]), 2)
                if self._reply.retention is not None:
                    kept = _flat(self._reply.retention[self._lang])
                    yield from self._wrap(f"{self._reply.phrase('organization_adds')} {kept}")
            case Sort.CRISIS:
                yield from self._crisis()
            case Sort.TOPICS | Sort.OFFICES | Sort.UNSURE:
                yield from self._numbered(self._names())

    def _home(self) -> Iterator[str]:
        yield from self._wrap(self._reply.phrase("what_i_am"))
        yield ""
        yield from self._numbered(self._names())

    def _names(self) -> list[str]:
        return [place_words(self._reply, place) for place in places(self._reply)]

    def _question(self) -> Iterator[str]:
        screen = self._reply.screen
        assert screen.question is not None
        question = screen.question
        if not screen.trail and screen.tree is not None and screen.tree.intro is not None:
            yield from self._wrap(_flat(screen.tree.intro[self._lang]))
        if question.hint is not None:
            yield from self._wrap(_flat(question.hint[self._lang]))
        yield from self._trail()
        yield ""
        if (how := how_to_choose(self._reply, question)) is not None:
            yield from self._wrap(how)
        labels = []
        for option in question.options:
            chosen = "[x] " if option.id in screen.picked else ""
            labels.append(chosen + option.label[self._lang])
        yield from self._numbered(labels)

    def _trail(self) -> Iterator[str]:
        trail = self._reply.screen.trail
        if not trail:
            return
        yield ""
        yield from self._wrap(self._reply.phrase("trail_title"))
        for number, step in enumerate(trail, start=1):
            picked = "; ".join(option.label[self._lang] for option in step.picked)
            change = self._reply.phrase("terminal_change", number=number)
            yield from self._wrap(
                f"{number}. {step.question.ask[self._lang]} {picked} ({change})", 3
            )

    def _answer(self) -> Iterator[str]:
        reply, screen = self._reply, self._reply.screen
        yield from self._wrap(
            f"[{reply.phrase(f'tone_{screen.tone}')}] {reply.phrase('tone_meaning')}"
        )
        if screen.review != "withdrawn":
            yield from self._statements(screen.first)
            if screen.more:
                yield ""
                yield from self._wrap(f"-- {reply.phrase('more', count=len(screen.more))} --")
                yield from self._statements(screen.more)
            yield ""
            yield from self._wrap(reply.phrase("practice_meaning"))
        yield from self._trail()
        yield from self._onward()
        yield from self._tools()

    def _onward(self) -> Iterator[str]:
        """Where one may go on: offices and offers share one run of numbers."""
        reply = self._reply
        if reply.cards:
            yield ""
            yield from self._head("offices_heading")
            for number, card in enumerate(reply.cards, start=1):
                yield from self._contact(card, f"{number}. ")
        offers = self._names()[len(reply.cards) :]
        if offers:
            yield ""
            yield from self._head("go_on")
            yield from self._numbered(offers, len(reply.cards) + 1)

    def _tools(self) -> Iterator[str]:
        if not self._reply.tools:
            return
        yield ""
        yield from self._head("tools_title")
        for tool in self._reply.tools:
            level = tool.up_to[self._lang] if tool.up_to else None
            note = f". {self._reply.phrase('tools_up_to', level=level)}" if level else ""
            yield from self._wrap(f"- {_flat(tool.words[self._lang])}{note}", 2)

    def _draft(self) -> Iterator[str]:
        page = self._reply.screen.page
        assert page is not None
        yield from self._wrap(_flat(page.text[self._lang]))
        if self._reply.screen.place == OWN_DRAFT:
            yield from self._wrap(self._reply.phrase("terminal_draft"))
        if self._reply.screen.said:
            yield from self._statements(self._reply.screen.said)
            yield ""
            yield from self._wrap(self._reply.phrase("practice_meaning"))
        yield from self._onward()

    def _why(self) -> Iterator[str]:
        reply, screen = self._reply, self._reply.screen
        assert screen.answer is not None
        yield from self._wrap(reply.phrase("why_intro"))
        for step in screen.trail:
            yield ""
            yield from self._wrap(step.question.ask[self._lang])
            for option in step.picked:
                yield from self._wrap(f"> {option.label[self._lang]}", 2)
                brought = [one for one in screen.said if one.because is option]
                for one in brought:
                    yield from self._said(one, because=False)
                if not brought:
                    yield from self._wrap(f"  {reply.phrase('why_nothing')}", 2)
        yield ""
        yield from self._wrap(f"{reply.phrase('why_own')} — {screen.answer.title[self._lang]}")
        for one in screen.said:
            if one.because is None:
                yield from self._said(one, because=False)

    def _outline(self) -> Iterator[str]:
        reply, screen = self._reply, self._reply.screen
        assert screen.tree is not None
        plan = outline(screen.tree)
        yield from self._wrap(reply.phrase("outline_intro"))
        for asked in plan.questions:
            yield ""
            number = reply.phrase("outline_question", number=asked.number)
            yield from self._wrap(f"{number}. {asked.question.ask[self._lang]}")
            if asked.question.many:
                yield from self._wrap(f"   ({reply.phrase('outline_many')})", 3)
            for option in asked.question.options:
                target = outline_label(plan, option.go, reply.phrase)
                yield from self._wrap(f"- {option.label[self._lang]} → {target}", 2)
        for ended in plan.answers:
            yield ""
            letter = reply.phrase("outline_answer", letter=ended.letter)
            yield from self._wrap(f"{letter}. {ended.answer.title[self._lang]}")
            for statement in ended.answer.say:
                yield from self._wrap(f"- {_flat(statement.words[self._lang])}", 2)

    def _card(self) -> Iterator[str]:
        reply, screen = self._reply, self._reply.screen
        assert screen.card is not None
        if screen.review != "withdrawn":
            yield from self._statements(screen.said)
            yield ""
            yield from self._wrap(reply.phrase("practice_meaning"))
        yield from self._courses()
        yield from self._letter()
        yield from self._onward()

    def _courses(self) -> Iterator[str]:
        listed = courses_of(self._reply)
        if listed:
            yield ""
            yield from self._head("courses")
        for theme, courses in listed:
            if theme is not None:
                yield from self._wrap(theme)
            for course in courses:
                parts = [course.title[self._lang]]
                parts += [f"({course.id})"] if course.url else []
                parts += [f"— {_flat(course.about[self._lang])}"] if course.about else []
                marks = course_marks(self._reply, course)
                parts += [f"({'; '.join(marks)})"] if marks else []
                yield from self._wrap("- " + " ".join(parts), 2)
                if course.url:
                    yield "  " + course.url.get(self._lang, course.url["en"])

    def _letter(self) -> Iterator[str]:
        """The message that the person may send, to copy; a terminal opens no mail program."""
        letter = letter_of(self._reply)
        if letter is None:
            return
        yield ""
        yield from self._head("letter_heading")
        yield from self._wrap(self._reply.phrase("letter_meaning"))
        yield ""
        for row in rows_to_copy(self._reply, letter):
            yield from self._wrap(f"  {row}" if row else "", 2)

    def _office(self) -> Iterator[str]:
        card = self._reply.cards[0]
        yield from self._contact(card, "")
        office = card.office
        parts: tuple[tuple[str, tuple[Statement, ...]], ...] = (
            ("office_does", office.does),
            ("office_does_not", office.does_not),
            ("office_promise", office.promise),
        )
        for name, statements in parts:
            yield ""
            yield from self._head(name)
            for statement in statements:
                yield from self._said(Said(statement))

    def _crisis(self) -> Iterator[str]:
        crisis = self._reply.screen.crisis
        assert crisis is not None
        for number in crisis.numbers:
            marks = self._marks(number.refs)
            yield from self._wrap(f">> {number.number} — {_flat(number.words[self._lang])} {marks}")
        yield from self._statements(self._reply.screen.first)
        for card in self._reply.cards:
            yield from self._contact(card, "- ")

    # -- parts

    def _statements(self, said: Iterable[Said]) -> Iterator[str]:
        for kind, group in by_kind(said):
            yield ""
            yield from self._head(f"kind_{kind}")
            for one in group:
                yield from self._said(one)

    def _said(self, one: Said, *, because: bool = True) -> Iterator[str]:
        reply, statement = self._reply, one.statement
        marks = self._marks(statement.refs)
        tail = marks
        if not is_stated(statement):
            tail = f"({reply.phrase('practice')}; {reply.phrase('related')} {marks})"
        if statement.from_organization:
            tail += f" ({reply.phrase('your_organization')})"
        if because and one.because is not None:
            tail += f" ({reply.phrase('because', choice=one.because.label[self._lang])})"
        yield from self._wrap(f"- {_flat(statement.words[self._lang])} {tail}", 2)

    def _marks(self, refs: Iterable[Ref]) -> str:
        return "".join(f"[{self._notes[ref].number}]" for ref in refs)

    def _contact(self, card: ContactCard, mark: str) -> Iterator[str]:
        reply, lang, contact = self._reply, self._lang, card.contact
        name = contact.name[lang] if contact and contact.name else card.office.name[lang]
        yield from self._wrap(f"{mark}{name}", 3)
        if contact is not None and not contact.exists:
            yield from self._wrap(f"   {absent_words(reply, card)}", 3)
            return
        yield from self._wrap(f"   {_flat(card.office.does[0].words[lang])}", 3)
        found = []
        if contact is not None:
            found += [clock_words(reply, card), contact.phone, contact.email]
            found += [contact.url.get(lang, contact.url["en"])] if contact.url else []
            if contact.languages:
                langs = languages_words(reply, contact.languages)
                found.append(reply.phrase("serves_in", languages=langs))
            found.append(_flat(contact.about[lang]) if contact.about else None)
        elif card.office.page:
            found.append(card.office.page.get(lang, card.office.page["en"]))
        elif card.office.id not in KNOWN_TO_ALL:
            found.append(reply.phrase("office_unknown"))
        for row in found:
            if row:
                yield from self._wrap(f"   {row}", 3)

    def _sources(self) -> Iterator[str]:
        reply, lang = self._reply, self._lang
        if not self._notes:
            return
        yield ""
        yield from self._head("notes")
        for ref, note in self._notes.items():
            source = reply.sources[ref.source]
            parts = [f"[{note.number}] {source.title[lang]}, {source.sections[ref.section][lang]}."]
            parts.append(f"{source.issuer[lang]}. {source.dated[lang]};")
            parts.append(reply.phrase("read_on", date=source.read.isoformat()) + ".")
            if lang not in source.url:
                parts.append(f"({reply.phrase('in_english')})")
            if source.network:
                parts.append(f"({reply.phrase(f'network_{source.network}')})")
            yield from self._wrap(" ".join(parts), 4)
            yield "    " + source.url.get(lang, source.url["en"])

    def _footer(self) -> Iterator[str]:
        version = self._reply.phrase("version", version=self._reply.guidance.version)
        yield from self._wrap(f"{self._reply.approval[self._lang]} {version}.")

    def _head(self, phrase: str) -> Iterator[str]:
        yield from self._wrap(self._reply.phrase(phrase).upper())

    def _numbered(self, labels: Iterable[str], start: int = 1) -> Iterator[str]:
        for number, label in enumerate(labels, start):
            yield from self._wrap(f"{number:>2}. {label}", 4)

    def _wrap(self, text: str, indent: int = 0) -> Iterator[str]:
        """Yield ``text`` in lines of at most ``WIDTH``; a word that is longer stands alone."""
        yield from _wrapped(text, indent)


@lru_cache(maxsize=16384)
def _wrapped(text: str, indent: int) -> tuple[str, ...]:
    """Return text of the content in lines. What is typed is never shown, and never comes here."""
    words = text.lstrip(" ").split(" ")
    rows = []
    row = " " * (len(text) - len(text.lstrip(" "))) + words[0]
    for word in words[1:]:
        if len(row) + 1 + len(word) > WIDTH:
            rows.append(row)
            row = " " * indent + word
        else:
            row = f"{row} {word}"
    return (*rows, row)


@lru_cache(maxsize=16384)
def _flat(text: str) -> str:
    """Return text of the content on one line, with the addresses of its links."""
    return " ".join(_flat_line(line) for line in lines(text))


def _flat_line(line: Line) -> str:
    text = "".join(f"{span.text} ({span.href})" if span.href else span.text for span in line.spans)
    return f"- {text}" if line.bullet else text
