"""What of what a person did is counted? Times by week, never people; and never danger.

Counted is what somebody opens or reaches: a walk that is begun, a topic or a summary, an answer.
To look again, another language, another page, the way back, beginning anew and the promise are not.
Neither is the card for danger, nor anything else that names emergency services, but the list of all
offices, which counts as a visit and as nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from bot.guidance.screen import Screen, Sort
from bot.guidance.words import Lang

TREE: Final = "tree"
TOPIC: Final = "topic"
ANSWER: Final = "answer"
CHANNEL: Final = "channel"
HELPED: Final = "helped"
KINDS: Final = (TREE, TOPIC, ANSWER, CHANNEL, HELPED)

CHANNELS: Final = ("slack", "teams", "web")
"""Where people are counted, if there is a store."""

RATINGS: Final = ("yes", "no")

Count = Callable[[str, str, Lang], None]
"""Is told of a kind, a name and a language."""


def opened(screen: Screen, channel: str) -> Iterator[tuple[str, str]]:
    """Return the kinds and names that count when somebody opens ``screen`` on a channel.

    A walk that is gone on with is not begun. An office counts for the channel alone: which office
    somebody looks for is nobody's business.
    """
    office = screen.sort in (Sort.OFFICE, Sort.OFFICES)
    if screen.sort is not Sort.OFFICES and is_for_danger(one.id for one in screen.offices):
        return
    if screen.card is not None:
        yield TOPIC, card_name(screen.sort, screen.card.id)
    elif screen.tree is not None and not screen.trail:
        yield TREE, screen.tree.id
    elif not office:
        return
    yield CHANNEL, channel


def reached(screen: Screen) -> Iterator[tuple[str, str]]:
    """Return the kind and the name that count when a choice leads to ``screen``."""
    if screen.tree is None or screen.answer is None:
        return
    if not is_for_danger(one.id for one in screen.offices):
        yield ANSWER, answer_name(screen.tree.id, screen.answer.id)


def is_for_danger(offices: Iterable[str]) -> bool:
    """Tell whether what names these offices is for somebody who may be in danger."""
    return "emergency" in offices


def card_name(sort: Sort, name: str) -> str:
    """Return the name that a topic or a summary is counted under."""
    return name if sort is Sort.TOPIC else f"{sort}:{name}"


def answer_name(tree: str, name: str) -> str:
    """Return the name that an answer is counted under."""
    return f"{tree}/{name}"
