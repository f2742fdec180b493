"""What does a reply look like as a web page? Server-rendered HTML that needs no script."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jinja2
from markupsafe import Markup, escape

from bot.channels.letter import letter_of, rows_to_copy
from bot.channels.rating import rating_of
from bot.channels.wording import (
    KNOWN_TO_ALL,
    absent_words,
    asked_again,
    checklist_text,
    clock_words,
    course_marks,
    courses_of,
    heading,
    languages_words,
    place_words,
    promise_line,
    sentences_of,
    told_first,
    typing_label,
)
from bot.conversation import Reply
from bot.guidance.draw import outline, outline_label
from bot.guidance.model import Option, Ref
from bot.guidance.pages import OWN_DRAFT
from bot.guidance.screen import Said, Sort, by_kind, is_stated, notes
from bot.guidance.words import Lang, Words, lines, plain


def renderer() -> Callable[[Reply], str]:
    """Return the function that turns a reply into a page; templates are compiled once."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bot.channels.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals.update(by_kind=by_kind, known_to_all=KNOWN_TO_ALL)
    environment.filters.update(rich=_rich, plain=plain, dial=_dial)
    template = environment.get_template("page.html")

    def render(reply: Reply) -> str:
        return template.render(_context(reply))

    return render


@dataclass(frozen=True, slots=True)
class _Place:
    """A button that leads to a place, with its words."""

    place: str
    title: str
    hint: str | None = None


def _context(reply: Reply) -> Mapping[str, Any]:
    lang, screen, guidance = reply.lang, reply.screen, reply.guidance
    numbered = notes(screen)
    plan = outline(screen.tree) if screen.tree is not None and screen.sort is Sort.OUTLINE else None

    def say(words: Words) -> Markup:
        return _rich(words[lang])

    # Pages hold dozens of these, so they are put together by hand; every part is escaped.
    practice = escape(f"{reply.phrase('practice')}; {reply.phrase('related')}")
    mark_of = {
        ref: f' <a class="mark" href="#note-{note.number}" aria-label="'
        f'{escape(reply.phrase("note_short", number=note.number))}">{note.number}</a>'
        for ref, note in numbered.items()
    }

    def marks(refs: Iterable[Ref]) -> Markup:
        return Markup("".join([mark_of[ref] for ref in refs]))  # noqa: S704 escaped above

    def note_marks(one: Said) -> Markup:
        links = marks(one.statement.refs)
        if is_stated(one.statement):
            return links
        inner = f'({practice}<span class="together">{links})</span>'
        return Markup(f'<span class="basis"> {inner}</span>')  # noqa: S704 escaped above

    def brought_by(option: Option | None) -> list[Said]:
        return [one for one in screen.said if one.because is option]

    held, letter = _state(reply), letter_of(reply)
    return {
        "reply": reply,
        "state": lambda: held,
        "screen": screen,
        "guidance": guidance,
        "lang": lang,
        "t": reply.phrase,
        "say": say,
        "heading": heading(reply),
        "kicker": _kicker(reply),
        "asking": asked_again(screen),
        "marks": marks,
        "note_marks": note_marks,
        "notes": [_Source(reply, ref, note.number) for ref, note in numbered.items()],
        "absent": lambda card: absent_words(reply, card),
        "opens": lambda card: clock_words(reply, card),
        "languages": lambda card: languages_words(reply, card.contact.languages),
        "brought_by": brought_by,
        "wrapped": lambda statements: [Said(statement) for statement in statements],
        "plan": plan,
        "outline_label": lambda name: outline_label(plan, name, reply.phrase) if plan else "",
        "to_copy": checklist_text(reply),
        "offers": [_place_of(reply, name) for name in screen.offer],
        "told": told_first(reply),
        "promise_line": _rich(promise_line(reply)),
        "promise": sentences_of(reply, "web"),
        "typing_label": typing_label(screen),
        "takes_draft": screen.place == OWN_DRAFT,
        "maybe": [*(_place_of(reply, f"topic:{name}") for name in screen.offer
                    if screen.sort is Sort.UNSURE),
                  _Place(reply.came_from or "home", reply.phrase("unsure_none"))],
        "trees": [_tree_place(reply, name) for name in guidance.trees],
        "topics": [_Place(f"topic:{n}", card.title[lang]) for n, card in guidance.topics.items()],
        "summaries": [_Place(f"summary:{n}", card.title[lang])
                      for n, card in guidance.summaries.items()],
        "more_pages": [*(_place_of(reply, name) for name in screen.offer),
                       _Place("topics", reply.phrase("topics_title")),
                       _Place("offices", reply.phrase("offices_title"))],
        "courses": courses_of(reply),
        "course_marks": lambda course: course_marks(reply, course),
        "letter": letter,
        "letter_rows": rows_to_copy(reply, letter) if letter else [],
        "rating": rating_of(reply),
    }  # fmt: skip


def _state(reply: Reply) -> Markup:
    """Return the hidden fields that say where the person is; every form of a page holds them."""
    screen = reply.screen
    part = screen.sort if screen.sort in (Sort.WHY, Sort.OUTLINE) else None
    fields = (
        ("place", screen.place),
        ("lang", reply.lang),
        ("asking", asked_again(screen)),
        ("part", part),
        ("came_from", reply.came_from),
    )
    return Markup("").join(
        Markup('<input type="hidden" name="{}" value="{}">').format(name, value)
        for name, value in fields
        if value
    )


def _kicker(reply: Reply) -> str | None:
    """Return the small line above a heading: what the screen belongs to."""
    screen = reply.screen
    if screen.tree is not None and screen.sort is not Sort.OUTLINE:
        return screen.tree.title[reply.lang]
    names = {Sort.TOPIC: "topic_of", Sort.SUMMARY: "summary_of", Sort.OFFICE: "office_of"}
    return reply.phrase(names[screen.sort]) if screen.sort in names else None


def _place_of(reply: Reply, name: str) -> _Place:
    """Return a button for what a screen offers: a tree, a topic, or another place."""
    if name in reply.guidance.trees:
        return _tree_place(reply, name)
    if name in reply.guidance.topics:
        name = f"topic:{name}"
    hint = reply.phrase("topic_of") if name.startswith("topic:") else None
    return _Place(name, place_words(reply, name), hint)


def _tree_place(reply: Reply, name: str) -> _Place:
    tree = reply.guidance.trees[name]
    hint = reply.phrase("for_managers") if tree.audience == "managers" else None
    return _Place(name, tree.title[reply.lang], hint)


class _Source:
    """A numbered note with what the template shows of its source."""

    def __init__(self, reply: Reply, ref: Ref, number: int) -> None:
        source = reply.sources[ref.source]
        self.number = number
        self.source = source
        self.section = source.sections[ref.section][reply.lang]
        self.title = source.title[reply.lang]
        self.issuer = source.issuer[reply.lang]
        self.dated = source.dated[reply.lang]
        self.href_lang: Lang = reply.lang if reply.lang in source.url else "en"
        self.href = source.url[self.href_lang]
        self.read = source.read.isoformat()


@lru_cache(maxsize=16384)
def _rich(text: str) -> Markup:
    """Return text of the content with its marks as HTML; everything else is escaped."""
    out = []
    in_list = False
    for line in lines(text):
        if line.bullet != in_list:
            out.append("<ul>" if line.bullet else "</ul>")
            in_list = line.bullet
        inner = "".join(str(_span(span.text, span.strong, span.emphasis, span.href))
                        for span in line.spans)  # fmt: skip
        out.append(f"<li>{inner}</li>" if line.bullet else inner)
    if in_list:
        out.append("</ul>")
    return Markup("".join(out))  # noqa: S704 every part was escaped by _span


def _span(text: str, strong: bool, emphasis: bool, href: str | None) -> Markup:  # noqa: FBT001
    if strong:
        return Markup("<strong>{}</strong>").format(text)
    if emphasis:
        return Markup("<em>{}</em>").format(text)
    if href:
        return Markup('<a href="{}" rel="noreferrer">{}</a>').format(href, text)
    return escape(text)


def _dial(number: str) -> str:
    """Return what a telephone dials: the digits, and a plus sign in front if there was one."""
    digits = "".join(c for c in number if c.isdigit())
    return f"+{digits}" if number.strip().startswith("+") else digits
