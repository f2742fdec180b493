"""How is somebody asked whether a screen helped? A line and two small buttons, on every platform.

Once they have said so, the buttons are gone, and the line thanks them. Where it did not help, it
points to the offices on the screen, and a button leads to comments on the guidance. What was said
is counted, and nothing is kept of who said it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.channels.controls import Control
from bot.conversation import Reply

_FEEDBACK: Final = "topic:feedback"


@dataclass(frozen=True, slots=True)
class Rating:
    """What is said below a screen of whether it helped, and the buttons that go with it."""

    words: str
    buttons: tuple[Control, ...]


def rating_of(reply: Reply) -> Rating | None:
    """Return what asks whether a screen helped, or thanks for having said so."""
    if reply.rated is None:
        return _ask(reply) if reply.may_rate else None
    if reply.rated:
        return Rating(reply.phrase("rate_thanks_yes"), ())
    comment = Control(f"open:{_FEEDBACK}", reply.phrase("feedback"))
    return Rating(reply.phrase("rate_thanks_no"), (comment,))


def _ask(reply: Reply) -> Rating:
    buttons = (
        Control("rate:yes", reply.phrase("rate_yes")),
        Control("rate:no", reply.phrase("rate_no")),
    )
    return Rating(reply.phrase("rate_ask"), buttons)
