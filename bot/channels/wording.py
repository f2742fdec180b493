"""How are hours, days and lists said in each language? Shared by every channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bot.conversation import ContactCard, Reply
from bot.guidance.model import THEMES, Course, Option, PromiseSentence, Question, When
from bot.guidance.pages import DRAFT, OWN_DRAFT
from bot.guidance.screen import Screen, Sort, checklist
from bot.guidance.ticket import read_ticket
from bot.guidance.words import Lang, plain
from bot.moments import day_words, hour_words, zone_words

KNOWN_TO_ALL: Final = ("emergency", "manager")
"""Offices that nobody needs to look up in a directory."""

_FEW_COURSES: Final = 4
"""So many courses are read at a glance; more of them are listed by what they are about."""


def clock_words(reply: Reply, card: ContactCard) -> str | None:
    """Return whether the office is open, in words, on its own clock; nothing when unknown."""
    if card.contact is None or card.opening is None:
        return None
    opening = card.opening
    if opening.changes is None:
        return reply.phrase("open_always" if opening.is_open else "closed")
    at, lang = opening.changes, reply.lang
    said = {"time": hour_words(at, lang), "zone": zone_words(at, lang)}
    if opening.is_open:
        return reply.phrase("open_until", **said)
    return reply.phrase("closed_until", day=day_words(at, lang), **said)


def absent_words(reply: Reply, card: ContactCard) -> str:
    """Return that the organization has no such office, and where to ask instead."""
    told = reply.phrase("office_absent")
    if card.office.instead is None:
        return told
    office = reply.guidance.offices[card.office.instead].name[reply.lang]
    return f"{told} {reply.phrase('office_instead', office=office)}"


def languages_words(reply: Reply, langs: tuple[Lang, ...]) -> str:
    """Return the languages of service, in words."""
    return ", ".join(reply.phrase(f"language_{lang}") for lang in langs)


def heading(reply: Reply) -> str:
    """Return the heading of a screen."""
    screen, lang = reply.screen, reply.lang
    titles = {
        Sort.HOME: "home_title",
        Sort.TOPICS: "topics_title",
        Sort.OFFICES: "offices_title",
        Sort.PROMISE: "promise_title",
        Sort.UNSURE: "unsure_title",
        Sort.WHY: "why_title",
    }
    if screen.sort in titles:
        return reply.phrase(titles[screen.sort])
    if screen.sort is Sort.OUTLINE and screen.tree is not None:
        return reply.phrase("outline_of", title=screen.tree.title[lang])
    if screen.question is not None:
        return screen.question.ask[lang]
    for part in (screen.answer, screen.card, screen.crisis, screen.page):
        if part is not None:
            return part.title[lang]
    return screen.offices[0].name[lang]


def how_to_choose(reply: Reply, question: Question) -> str | None:
    """Return whether one or several options may be chosen; nothing where the question says it."""
    words = reply.phrase("choose_many" if question.many else "choose_one")
    return None if question.ask[reply.lang].endswith(words) else words


def both(replies: Sequence[Reply], phrase: str) -> str:
    """Return a phrase in the language of each reply, once where it is the same."""
    return " · ".join(dict.fromkeys(reply.phrase(phrase) for reply in replies))


def told_first(reply: Reply) -> list[str]:
    """Return what must be read before a screen: what went wrong, changed or was set aside."""
    screen = reply.screen
    told = []
    if screen.near is not None:
        told.append(reply.phrase("trouble_nearly", choice=quoted([screen.near], reply.lang)))
    elif screen.trouble:
        told.append(reply.phrase(f"trouble_{screen.trouble}"))
    if reply.personal:
        told.append(personal_words(reply))
    if screen.suggested:
        told.append(reply.phrase("draft_marked"))
    if reply.updated:
        told.append(reply.phrase("guidance_updated"))
    if screen.dropped:
        told.append(reply.phrase("dropped", choices=quoted(screen.dropped, reply.lang)))
    if screen.forgotten:
        told.append(reply.phrase("forgotten"))
    if screen.review != "current":
        told.append(review_words(reply))
    return told


def review_words(reply: Reply) -> str:
    """Return that the review of what is shown is due, or that it is withdrawn until then."""
    screen = reply.screen
    tree = screen.tree or (reply.guidance.trees[screen.card.tree] if screen.card else None)
    assert tree is not None
    return reply.phrase(f"review_{screen.review}", date=tree.review_by.isoformat())


def promise_line(reply: Reply) -> str:
    """Return the line of the promise that is true where the reply is shown."""
    when = When.HANDOFF if reply.hands_over else When.NO_HANDOFF
    return reply.guidance.promise.line[when][reply.lang]


def sentences_of(reply: Reply, channel: str) -> tuple[PromiseSentence, ...]:
    """Return the sentences of the promise that are true where the reply is shown."""
    return reply.guidance.promise.told(channel, hands_over=reply.hands_over)


def personal_words(reply: Reply) -> str:
    """Return what is said of personal data that was typed: its kinds, and never itself."""
    kinds = ", ".join(reply.phrase(f"personal_{kind}") for kind in reply.personal)
    return reply.phrase("personal_data", kinds=kinds)


def places(reply: Reply) -> list[str]:
    """Return the places that one may go to from this screen, in order; none at a question."""
    screen, guidance = reply.screen, reply.guidance
    match screen.sort:
        case Sort.HOME:
            return [*guidance.trees, *screen.offer, "topics", "offices"]
        case Sort.TOPICS:
            summaries = [f"summary:{name}" for name in guidance.summaries]
            return [*(f"topic:{name}" for name in guidance.topics), *summaries]
        case Sort.OFFICES:
            return [f"office:{name}" for name in guidance.offices]
        case Sort.UNSURE:
            return [f"topic:{name}" for name in screen.offer]
        case Sort.ANSWER | Sort.TOPIC | Sort.SUMMARY | Sort.DRAFT:
            offers = [f"topic:{n}" if n in guidance.topics and n not in guidance.trees else n
                      for n in screen.offer]  # fmt: skip
            return [*(f"office:{card.office.id}" for card in reply.cards), *offers]
    return []


def place_words(reply: Reply, place: str) -> str:
    """Return what a place is called, in the language of the reply."""
    guidance, lang = reply.guidance, reply.lang
    name, _, rest = place.partition(":")
    if read_ticket(place).choices:
        return reply.phrase("draft_go_on")
    if place in guidance.trees:
        tree = guidance.trees[place]
        hint = f" ({reply.phrase('for_managers')})" if tree.audience == "managers" else ""
        return tree.title[lang] + hint
    match name:
        case "topic":
            return guidance.topics[rest].title[lang]
        case "summary":
            return f"{reply.phrase('summary_of')} — {guidance.summaries[rest].title[lang]}"
        case "office":
            return guidance.offices[rest].name[lang]
        case "draft" if rest == "own" and reply.screen.place != DRAFT:
            return reply.phrase("draft_again")
        case "draft" if rest:
            return reply.phrase(f"draft_{rest}")
    return reply.phrase(f"{place}_title")


def courses_of(reply: Reply) -> list[tuple[str | None, list[Course]]]:
    """Return the courses of a card by what they are about; a short list has no headings."""
    card = reply.screen.card
    courses = [reply.guidance.courses[name] for name in card.courses] if card else []
    if len(courses) <= _FEW_COURSES:
        return [(None, courses)] if courses else []
    themes = [theme for theme in THEMES if any(one.theme == theme for one in courses)]
    return [
        (reply.phrase(f"learn_on_{theme}"), [one for one in courses if one.theme == theme])
        for theme in themes
    ]


def course_marks(reply: Reply, course: Course) -> list[str]:
    """Return what must be known before a course is looked for: language, network, address."""
    marks = []
    if course.url and reply.lang not in course.url:
        marks.append(reply.phrase("in_english"))
    if course.network:
        marks.append(reply.phrase(f"network_{course.network}"))
    if course.url_unverified:
        marks.append(reply.phrase("learn_address"))
    return marks


def takes_words(screen: Screen) -> bool:
    """Whether a window shows a field to type in: at home, and where a draft is pasted."""
    return screen.sort is Sort.HOME or screen.place == OWN_DRAFT


def typing_label(screen: Screen) -> str:
    """Return the name of the phrase that a field to type in is labelled with."""
    return "draft_label" if screen.place == OWN_DRAFT else "type_label"


def asked_again(screen: Screen) -> str | None:
    """Return the question that is being changed, so that other moves come back to it."""
    question = screen.question
    if question is None or f"{question.id}=" not in screen.place:
        return None
    return question.id if question.id in read_ticket(screen.place).choices else None


def quoted(options: Iterable[Option], lang: Lang) -> str:
    """Return the labels of options as a quoted list."""
    marks = "«\u00a0{}\u00a0»" if lang == "fr" else "“{}”"
    return ", ".join(marks.format(option.label[lang]) for option in options)


def checklist_text(reply: Reply) -> str:
    """Return the checklist of a screen as text to copy; it holds no choice and no name."""
    items = checklist(reply.screen)
    if not items or reply.screen.answer is None:
        return ""
    lines = [reply.screen.answer.title[reply.lang], ""]
    lines += [f"[ ] {plain(statement.words[reply.lang])}" for statement in items]
    return "\n".join(lines)
