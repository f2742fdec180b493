"""What does a reply say on Slack? Parts of blocks, the same for a modal, a message and Home."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.channels.slack import blocks
from bot.channels.slack.blocks import Block
from bot.channels.slack.mrkdwn import link, literal, mrkdwn
from bot.channels.wording import (
    KNOWN_TO_ALL,
    clock_words,
    heading,
    languages_words,
    place_words,
    places,
    told_first,
)
from bot.conversation import ContactCard, Reply
from bot.guidance.draw import outline, outline_label
from bot.guidance.model import Ref, Statement
from bot.guidance.screen import Said, Sort, by_kind, is_stated, notes

_SECTION: Final = 2_800
_RADIO: Final = 10


@dataclass(slots=True)
class Part:
    """Blocks that stay together, how long they are, and the sources they name."""

    blocks: list[Block]
    size: int
    refs: list[Ref] = field(default_factory=list)
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """The form field that a reply ends with, and what its button does."""

    part: Part
    ask: str | None


class Composer:
    """Puts one reply into blocks."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._lang = reply.lang
        self._screen = reply.screen
        self._notes = notes(reply.screen)
        self._say = reply.phrase
        self._texts: dict[Ref, str] = {}
        self._practice = literal(f"{reply.phrase('practice')}; {reply.phrase('related')}")

    # -- above and below every page

    def above(self) -> Iterator[Block]:
        """What must be read first: notices, and what went wrong or was set aside."""
        for notice in self._reply.notices:
            words = mrkdwn(notice.words[self._lang])
            yield blocks.section(f"*{literal(self._say('notice'))}* {words}")
        for text in told_first(self._reply):
            yield blocks.section(f"*{literal(text)}*")

    def title(self, number: int, count: int) -> Iterator[Block]:
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
            yield blocks.context(literal(" · ".join(kicker)))
        if screen.sort not in _TITLED_BY_THEIR_FIELD:
            yield blocks.header(heading(reply))

    def below(self) -> Iterator[Block]:
        """Whether anyone approved what was said, and its version."""
        reply = self._reply
        version = self._say("version", version=reply.guidance.version)
        yield blocks.context(literal(f"{reply.approval[self._lang]} {version}."))

    def notes(self, refs: Iterable[Ref]) -> Iterator[Block]:
        """The sources that a page leans on, by their numbers."""
        wanted = {ref for ref in refs if ref in self._notes}
        if not wanted:
            return
        rows = [self._note(ref) for ref in self._notes if ref in wanted]
        yield blocks.header(self._say("notes"))
        yield from (blocks.context(text) for text in _joined(rows))

    def note_size(self, ref: Ref) -> int:
        """Return how many letters a source takes; none where the screen does not number it."""
        return len(self._note(ref)) if ref in self._notes else 0

    def _note(self, ref: Ref) -> str:
        if (known := self._texts.get(ref)) is None:
            known = self._texts[ref] = self._written(ref)
        return known

    def _written(self, ref: Ref) -> str:
        source, lang = self._reply.sources[ref.source], self._lang
        address = source.url.get(lang, source.url["en"])
        title = link(address, source.title[lang])
        tail = [
            f"{source.sections[ref.section][lang]}. {source.issuer[lang]}. {source.dated[lang]};"
        ]
        tail.append(self._say("read_on", date=source.read.isoformat()) + ".")
        if lang not in source.url:
            tail.append(f"({self._say('in_english')})")
        if source.network:
            tail.append(f"({self._say(f'network_{source.network}')})")
        return f"[{self._notes[ref].number}] {title}, {literal(' '.join(tail))}"

    # -- the form field at the end

    def asks(self) -> Asked:
        """The field that the screen ends with: the options of a question, or where to go on."""
        question = self._screen.question
        if self._screen.sort is Sort.QUESTION and question is not None:
            options = [blocks.option(o.id, o.label[self._lang]) for o in question.options]
            build = blocks.boxes if question.many else blocks.radio
            hint = self._say("choose_many" if question.many else "choose_one")
            if question.hint is not None:
                hint = f"{question.hint[self._lang]} {hint}"
            # The language and the question stand in the name, since Slack keeps what was picked
            # in a field for as long as its name stays.
            name = f"pick:{self._lang}:{question.id}"
            element = build("pick", options, self._screen.picked)
            asked = blocks.labelled(name, question.ask[self._lang], element, hint=hint)
            return Asked(Part([asked, *self._trail()], _field_size(asked)), "choose")
        there = places(self._reply)
        if not there:
            return Asked(Part([], 0), None)
        options = [blocks.option(p, place_words(self._reply, p)) for p in there]
        titled = self._screen.sort in _TITLED_BY_THEIR_FIELD
        element = (
            blocks.radio("goto", options)
            if len(options) <= _RADIO
            else blocks.select("goto", options, self._say("choose_one"))
        )
        label = heading(self._reply) if titled else self._say("go_on")
        name = f"goto:{self._lang}:{self._screen.sort}"
        asked = blocks.labelled(name, label, element, optional=True)
        return Asked(Part([asked], _field_size(asked)), "goto")

    def _trail(self) -> Iterator[Block]:
        if not self._screen.trail:
            return
        rows = [f"*{literal(self._say('trail_title'))}*"]
        for number, step in enumerate(self._screen.trail, start=1):
            picked = "; ".join([option.label[self._lang] for option in step.picked])
            rows.append(f"{number}. {literal(step.question.ask[self._lang])} _{literal(picked)}_")
        yield from (blocks.context(text) for text in _joined(rows))

    # -- the sorts of screens

    def parts(self) -> Iterator[Part]:
        """What the screen says, in parts that stay together."""
        match self._screen.sort:
            case Sort.HOME:
                yield self._text(literal(self._say("what_i_am")))
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
            yield self._text(mrkdwn(screen.tree.intro[self._lang]))
        yield self._promise_line()

    def _answer(self) -> Iterator[Part]:
        screen = self._screen
        tone = literal(self._say(f"tone_{screen.tone}"))
        yield self._text(f"*{tone}.* {literal(self._say('tone_meaning'))}")
        if screen.review == "withdrawn":
            refs = [ref for one in screen.said for ref in one.statement.refs]
            yield Part([], 0, refs)
        else:
            yield from self._statements(screen.first)
            yield self._small(self._say("practice_meaning"))
        yield from self._contacts(self._reply.cards)
        yield from self._tools()
        if screen.more and screen.review != "withdrawn":
            more = [*self._statements(screen.more)]
            more[0].blocks.insert(0, blocks.header(self._say("more", count=len(screen.more))))
            more[0].begins = True
            yield from more

    def _card(self) -> Iterator[Part]:
        yield from self._statements(self._screen.said)
        yield self._small(self._say("practice_meaning"))
        yield from self._courses()
        yield from self._contacts(self._reply.cards)
        yield from self._tools()

    def _why(self) -> Iterator[Part]:
        screen = self._screen
        assert screen.answer is not None
        yield self._text(literal(self._say("why_intro")))
        for step in screen.trail:
            title = f"*{literal(step.question.ask[self._lang])}*"
            for option in step.picked:
                brought = [one for one in screen.said if one.because is option]
                rows = [f"{title}\n{literal(option.label[self._lang])}"]
                rows += [self._said(one, because=False) for one in brought]
                if not brought:
                    rows.append(f"_{literal(self._say('why_nothing'))}_")
                yield self._listed(rows, brought)
        own = [one for one in screen.said if one.because is None]
        rows = [f"*{literal(self._say('why_own'))}*\n{literal(screen.answer.title[self._lang])}"]
        yield self._listed(rows + [self._said(one, because=False) for one in own], own)
        yield self._small(self._say("practice_meaning"))

    def _outline(self) -> Iterator[Part]:
        screen, lang = self._screen, self._lang
        assert screen.tree is not None
        plan = outline(screen.tree)
        yield self._text(literal(self._say("outline_intro")))
        for asked in plan.questions:
            number = self._say("outline_question", number=asked.number)
            rows = [f"*{literal(f'{number}. {asked.question.ask[lang]}')}*"]
            if asked.question.many:
                rows.append(f"_{literal(self._say('outline_many'))}_")
            for option in asked.question.options:
                target = outline_label(plan, option.go, self._say)
                rows.append(f"• {literal(option.label[lang])} → {literal(target)}")
            yield self._listed(rows)
        for ended in plan.answers:
            letter = self._say("outline_answer", letter=ended.letter)
            rows = [f"*{literal(f'{letter}. {ended.answer.title[lang]}')}*"]
            rows += [f"• {mrkdwn(statement.words[lang])}" for statement in ended.answer.say]
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
            f"• {mrkdwn(sentence.words[lang])}"
            for sentence in self._reply.guidance.promise.sentences
            if "slack" in sentence.channels
        ]
        if self._reply.retention is not None:
            adds = literal(self._say("organization_adds"))
            rows.append(f"*{adds}* {mrkdwn(self._reply.retention[lang])}")
        yield self._listed(rows)

    def _crisis(self) -> Iterator[Part]:
        crisis = self._screen.crisis
        assert crisis is not None
        rows = [
            f"*{literal(line.number)}* — {mrkdwn(line.words[self._lang])}{self._marks(line.refs)}"
            for line in crisis.numbers
        ]
        part = self._listed(rows)
        part.refs += [ref for line in crisis.numbers for ref in line.refs]
        yield part
        yield from self._statements(self._screen.first)
        yield from self._contacts(self._reply.cards)

    # -- parts of them

    def _text(self, text: str) -> Part:
        return Part([blocks.section(text)], len(text))

    def _small(self, text: str) -> Part:
        return Part([blocks.context(literal(text))], len(text))

    def _promise_line(self) -> Part:
        return self._small(self._reply.guidance.promise.line[self._lang])

    def _listed(self, rows: Sequence[str], said: Sequence[Said] = ()) -> Part:
        texts = _joined(rows)
        refs = [ref for one in said for ref in one.statement.refs]
        return Part([blocks.section(text) for text in texts], sum(map(len, texts)), refs)

    def _headed(self, title: str, said: Sequence[Said]) -> Part:
        part = self._listed([self._said(one) for one in said], said)
        part.blocks.insert(0, blocks.header(title))
        part.size += len(title)
        return part

    def _statements(self, said: Iterable[Said]) -> Iterator[Part]:
        for kind, group in by_kind(said):
            yield self._headed(self._say(f"kind_{kind}"), group)

    def _said(self, one: Said, *, because: bool = True) -> str:
        statement = one.statement
        text = f"• {mrkdwn(statement.words[self._lang])}{self._basis(statement)}"
        if statement.from_organization:
            text += f" ({literal(self._say('your_organization'))})"
        if because and one.because is not None:
            told = self._say("because", choice=one.because.label[self._lang])
            text += f" _({literal(told)})_"
        return text

    def _basis(self, statement: Statement) -> str:
        marks = self._marks(statement.refs)
        return marks if is_stated(statement) else f" ({self._practice}{marks})"

    def _marks(self, refs: Iterable[Ref]) -> str:
        return "".join([f" [{self._notes[ref].number}]" for ref in refs])

    def _contacts(self, cards: Sequence[ContactCard]) -> Iterator[Part]:
        for index, card in enumerate(cards):
            part = self._text(self._contact(card))
            if index == 0:
                title = self._say("offices_heading")
                part.blocks.insert(0, blocks.header(title))
                part.size += len(title)
            yield part

    def _contact(self, card: ContactCard, *, named: bool = True) -> str:
        lang, contact = self._lang, card.contact
        name = contact.name[lang] if contact and contact.name else card.office.name[lang]
        rows = [f"*{literal(name)}*"] if named else []
        if contact is not None and not contact.exists:
            return "\n".join([*rows, literal(self._say("office_absent"))])
        rows.append(mrkdwn(card.office.does[0].words[lang]))
        if contact is not None:
            if told := clock_words(self._reply, card):
                rows.append(literal(told))
            reach = [literal(contact.phone)] if contact.phone else []
            reach += [link(f"mailto:{contact.email}", contact.email)] if contact.email else []
            if contact.url:
                address = contact.url.get(lang, contact.url["en"])
                reach.append(link(address, self._say("office_page")))
            rows += [" · ".join(reach)] if reach else []
            if contact.languages:
                served = languages_words(self._reply, contact.languages)
                rows.append(literal(self._say("serves_in", languages=served)))
            rows += [mrkdwn(contact.about[lang])] if contact.about else []
        elif card.office.page:
            page = link(
                card.office.page.get(lang, card.office.page["en"]), self._say("office_page")
            )
            other = "" if lang in card.office.page else f" ({literal(self._say('in_english'))})"
            rows.append(page + other)
        elif card.office.id not in KNOWN_TO_ALL:
            rows.append(f"_{literal(self._say('office_unknown'))}_")
        return "\n".join(rows)

    def _tools(self) -> Iterator[Part]:
        rows = []
        for tool in self._reply.tools:
            words = mrkdwn(tool.words[self._lang])
            if tool.url:
                words = link(tool.url.get(self._lang, tool.url["en"]), tool.words[self._lang])
            level = tool.up_to[self._lang] if tool.up_to else None
            note = f". {literal(self._say('tools_up_to', level=level))}" if level else ""
            rows.append(f"• {words}{note}")
        if rows:
            part = self._listed(rows)
            part.blocks.insert(0, blocks.header(self._say("tools_title")))
            yield part

    def _courses(self) -> Iterator[Part]:
        assert self._screen.card is not None
        rows = []
        for name in self._screen.card.courses:
            course = self._reply.guidance.courses[name]
            title = course.title[self._lang]
            text = literal(title)
            if course.url:
                address = course.url.get(self._lang, course.url["en"])
                text = f"{link(address, title)} ({literal(name)})"
            if course.about:
                text += f". {mrkdwn(course.about[self._lang])}"
            if course.network:
                text += f" ({literal(self._say(f'network_{course.network}'))})"
            rows.append(f"• {text}")
        if rows:
            part = self._listed(rows)
            part.blocks.insert(0, blocks.header(self._say("courses")))
            yield part


_KICKERS: Final = {Sort.TOPIC: "topic_of", Sort.SUMMARY: "summary_of", Sort.OFFICE: "office_of"}
_TITLED_BY_THEIR_FIELD: Final = frozenset({Sort.HOME, Sort.QUESTION, Sort.TOPICS, Sort.UNSURE})
"""Screens whose heading is the label of their field, so that it is read just once."""


def _field_size(field_block: Block) -> int:
    return sum(len(one["text"]["text"]) for one in field_block["element"]["options"])


def _joined(rows: Iterable[str]) -> list[str]:
    """Return rows in as few texts as Slack's length for one allows."""
    texts: list[str] = []
    for row in rows:
        if texts and len(texts[-1]) + 1 + len(row) <= _SECTION:
            texts[-1] = f"{texts[-1]}\n{row}"
        else:
            texts.append(row)
    return texts
