"""How does Slack's pen write? mrkdwn in blocks, and pages no longer than Slack shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bot.channels import paging
from bot.channels.paging import Page, Sheet
from bot.channels.pen import Element, Field, Pen
from bot.channels.slack import blocks, mrkdwn
from bot.conversation import Reply

SHEET: Final = Sheet(first=8_000, other=8_000, elements=40)
"""With headings and buttons a page stays below 9,000 letters."""

_SECTION: Final = 2_800
_RADIO: Final = 10


class SlackPen(Pen):
    """Writes mrkdwn, and puts it into blocks."""

    channel = "slack"

    literal = staticmethod(mrkdwn.literal)
    link = staticmethod(mrkdwn.link)
    title = staticmethod(blocks.header)
    heading = staticmethod(blocks.header)
    text = staticmethod(blocks.section)
    small = staticmethod(blocks.context)

    @staticmethod
    def kicker(words: str) -> Element:
        """Return the line above the title: the walk or sort of page."""
        return blocks.context(mrkdwn.literal(words))

    @staticmethod
    def strong(words: str) -> str:
        """Return words in bold."""
        return f"*{mrkdwn.literal(words)}*"

    @staticmethod
    def emphasis(words: str) -> str:
        """Return words in italics."""
        return f"_{mrkdwn.literal(words)}_"

    @staticmethod
    def bullet(text: str) -> str:
        """Return one item of a list."""
        return f"• {text}"

    @staticmethod
    def below(rows: Sequence[str]) -> str:
        """Return rows one below the other."""
        return "\n".join(rows)

    @staticmethod
    def joined(rows: Iterable[str]) -> list[str]:
        """Return rows in as few texts as a section may hold."""
        texts: list[str] = []
        for row in rows:
            if texts and len(texts[-1]) + 1 + len(row) <= _SECTION:
                texts[-1] = f"{texts[-1]}\n{row}"
            else:
                texts.append(row)
        return texts

    @staticmethod
    def field(field: Field) -> list[Element]:
        """Return a form field; a list to open where Slack shows no more than ten choices."""
        options = [blocks.option(value, words) for value, words in field.choices]
        if field.many:
            element = blocks.boxes(field.kind, options, field.picked)
        elif len(options) <= _RADIO:
            element = blocks.radio(field.kind, options, field.picked)
        else:
            element = blocks.select(field.kind, options, field.placeholder or field.label)
        return [
            blocks.labelled(
                field.name, field.label, element, hint=field.hint, optional=field.optional
            )
        ]

    @staticmethod
    def weigh(element: Element) -> int:
        """Return how many letters an element shows."""
        if "text" in element:
            return len(element["text"]["text"])
        if "element" in element:
            return sum([len(one["text"]["text"]) for one in element["element"]["options"]])
        return sum([len(one["text"]) for one in element.get("elements", ())])


PEN: Final = SlackPen()


def pages_of(reply: Reply) -> tuple[Page, ...]:
    """Return the reply in pages of blocks; there is at least one."""
    return paging.pages_of(reply, PEN, SHEET)


def page_of(reply: Reply, number: int) -> Page:
    """Return one page of the reply; a number that is too high gives the last one."""
    return paging.page_of(pages_of(reply), number)
