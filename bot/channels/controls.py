"""Which buttons stand under a screen, and what does each of them do? The same on every platform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bot.channels.paging import Page
from bot.channels.wording import asked_again
from bot.conversation import Reply
from bot.guidance.pages import HOME, Part
from bot.guidance.screen import Sort


class Control(NamedTuple):
    """A button: what it does, as ``steps`` reads it, and its words."""

    do: str
    words: str


def onward(reply: Reply, page: Page) -> Control | None:
    """Return the main button; none where there is nothing to go on to."""
    if page.number < page.count:
        words = reply.phrase("page_more", number=page.number + 1, count=page.count)
        return Control(f"page:{part_of(reply)}:{page.number + 1}", words)
    return Control(page.ask, reply.phrase("next")) if page.ask is not None else None


def part_of(reply: Reply) -> Part:
    """Return which part of a place the reply shows."""
    sort = reply.screen.sort
    return Part(sort) if sort in (Sort.WHY, Sort.OUTLINE) else Part.WHOLE


def controls(reply: Reply, page: Page) -> Iterator[Control]:
    """Return the other buttons, in the order in which they stand.

    From the second page on there are fewer: what goes with the whole of a screen is on its first.
    """

    def button(do: str, phrase: str) -> Control:
        return Control(do, reply.phrase(phrase))

    screen = reply.screen
    if page.number > 1:
        yield button(f"page:{part_of(reply)}:{page.number - 1}", "page_previous")
    else:
        yield from _beside(reply)
    yield button(f"language:{part_of(reply)}", "other_language")
    if screen.sort is Sort.HOME:
        yield button("open:promise", "promise_link")
    else:
        yield button(f"open:{HOME}", "home")
    if screen.sort is not Sort.CRISIS:
        yield button("open:crisis", "crisis_button")


def _beside(reply: Reply) -> Iterator[Control]:
    """Return the buttons that go back, and those that tell more of this screen."""

    def button(do: str, phrase: str) -> Control:
        return Control(do, reply.phrase(phrase))

    screen = reply.screen
    walking = screen.sort in (Sort.QUESTION, Sort.ANSWER)
    if screen.sort in (Sort.WHY, Sort.OUTLINE):
        yield button("look", "back")
    elif walking:
        again = asked_again(screen) is not None
        yield button("look" if again else "back", "back")
        if screen.trail:
            yield button("start_over", "start_over")
    elif reply.came_from:
        yield button("return", "return")
    if screen.sort is Sort.ANSWER:
        yield button("why", "why")
        yield button("copy", "copy_as_text")
    if reply.writes:
        yield button("desk:offices", "desk_write_button")
    if walking and screen.trail:
        yield button("trail", "change_choice")
    if screen.sort is Sort.QUESTION:
        yield button("outline", "outline")


def to_private(reply: Reply) -> Control:
    """Return the button that goes on in a window of one's own."""
    return Control(f"private:{part_of(reply)}", reply.phrase("open_private"))
