"""What does a reply look like as a web page? Server-rendered HTML that needs no script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jinja2
from markupsafe import Markup, escape

from bot.channels.wording import clock_words
from bot.conversation import ContactCard, Reply
from bot.guidance.model import Kind, Ref
from bot.guidance.screen import Note, Said, by_kind, checklist, is_stated, notes
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
    environment.globals.update(
        by_kind=by_kind, checklist=checklist, is_stated=is_stated, kinds=Kind
    )
    environment.filters.update(rich=_rich, plain=plain)
    template = environment.get_template("page.html")

    def render(reply: Reply) -> str:
        return template.render(_context(reply))

    return render


def _context(reply: Reply) -> Mapping[str, Any]:
    lang = reply.lang
    screen = reply.screen
    numbered = notes(screen)

    def say(words: Words) -> Markup:
        return _rich(words[lang])

    def numbers(one: Said) -> list[Note]:
        return [numbered[ref] for ref in one.statement.refs]

    def opens(card: ContactCard) -> str | None:
        return clock_words(reply, card)

    return {
        "reply": reply,
        "screen": screen,
        "guidance": reply.guidance,
        "lang": lang,
        "t": reply.phrase,
        "say": say,
        "numbers": numbers,
        "opens": opens,
        "notes": [_Source(reply, ref, note.number) for ref, note in numbered.items()],
    }


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


def _rich(text: str) -> Markup:
    """Return text with its marks as HTML; everything else is escaped."""
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
