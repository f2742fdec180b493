"""How does the pen of Teams write? Markdown in cards, and pages as large as a card may be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bot.channels import paging
from bot.channels.paging import Page, Sheet
from bot.channels.pen import Element, Field, Pen
from bot.channels.teams import elements, markdown
from bot.conversation import Reply

_ELEMENTS: Final = 60
_FIRST: Final = 8_150
_OTHER: Final = 8_900
"""Letters of JSON that are left for what a page says, beside its buttons, title and last line."""

_RATED: Final = 8_660
"""The same for a first page that also asks whether it helped, with two buttons more."""

_BUTTONS: Final = 11
_FEWER: Final = 7
"""How often a capsule stands in a card: once a button, and twice in the one to go on with."""

_TEXT: Final = 2_400
_MEMBER: Final = 18
_FIELD: Final = 180
_CHOICE: Final = 30


class TeamsPen(Pen):
    """Writes Markdown, and puts it into the elements of a card."""

    channel = "teams"

    literal = staticmethod(markdown.literal)
    link = staticmethod(markdown.link)
    bullet = staticmethod(markdown.bullet)
    text = staticmethod(elements.text)
    small = staticmethod(elements.small)

    @staticmethod
    def strong(words: str) -> str:
        """Return words in bold."""
        return f"**{markdown.literal(words)}**"

    @staticmethod
    def emphasis(words: str) -> str:
        """Return words in italics."""
        return f"_{markdown.literal(words)}_"

    @staticmethod
    def below(rows: Sequence[str]) -> str:
        """Return rows one below the other."""
        return markdown.below(list(rows))

    @staticmethod
    def joined(rows: Iterable[str]) -> list[str]:
        """Return rows in texts that are not too long to stay on one page."""
        texts: list[list[str]] = []
        size = 0
        for row in rows:
            if not texts or size + len(row) > _TEXT:
                texts.append([])
                size = 0
            texts[-1].append(row)
            size += len(row)
        return [markdown.below(some) for some in texts]

    @staticmethod
    def kicker(words: str) -> Element:
        """Return the line above the title: the walk or sort of page."""
        return {**elements.heading(markdown.literal(words)), "isSubtle": True}

    @staticmethod
    def title(words: str) -> Element:
        """Return the title of a screen."""
        return elements.title(markdown.literal(words))

    @staticmethod
    def heading(words: str) -> Element:
        """Return the heading of a part."""
        return elements.heading(markdown.literal(words))

    @staticmethod
    def field(field: Field) -> list[Element]:
        """Return a form field; what helps to choose is read before it."""
        asked = elements.choices(
            field.name, field.label, field.choices, field.picked, many=field.many
        )
        if field.hint is None:
            return [asked]
        return [elements.small(markdown.literal(field.hint)), asked]

    @staticmethod
    def weigh(element: Element) -> int:
        """Return how many letters of JSON an element takes, about.

        Of a small one its words count only: nearly all are sources, many of them in one element.
        """
        if "choices" in element:
            size = sum([len(c["title"]) + len(c["value"]) + _CHOICE for c in element["choices"]])
            return size + len(element["label"]) + _FIELD
        words: str = element["text"]
        size = len(words) + words.count("\n") + words.count('"') + words.count("\\")
        return size if element.get("size") == "Small" else size + _MEMBER * len(element)


PEN: Final = TeamsPen()


def pages_of(reply: Reply, capsule: int) -> tuple[Page, ...]:
    """Return the reply in pages of elements; there is at least one.

    ``capsule`` is the length of its capsule: the longer it is, the less else a card may hold. The
    same goes for the line that says who approved the guidance.
    """
    approval = len(reply.approval[reply.lang])
    # Only a capsule longer than any of today takes room from a page that asks whether it helped.
    first = min(_FIRST - _BUTTONS * capsule, _RATED - (_BUTTONS + 2) * capsule)
    sheet = Sheet(
        first=first - approval,
        other=_OTHER - approval - _FEWER * capsule,
        elements=_ELEMENTS,
    )
    return paging.pages_of(reply, PEN, sheet)


def page_of(reply: Reply, number: int, capsule: int) -> Page:
    """Return one page of the reply; a number that is too high gives the last one."""
    return paging.page_of(pages_of(reply, capsule), number)
