"""What do pins need of a platform? A board: it posts, changes, pins and removes one message.

Pins know no platform. Each call is tried once, within ten seconds; it raises one of the errors of
``bot.platforms``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from bot.conversation import Reply
from bot.platforms import Place, Who


class Room(StrEnum):
    """What is known of a channel: whether a post may stand there, or why not."""

    OPEN = "open"
    ABSENT = "absent"
    """Cairn is not in it."""
    SHARED = "shared"
    """People of another organization read it."""
    ARCHIVED = "archived"
    PERSONAL = "personal"
    """It is somebody's own chat, with Cairn or with others."""
    RESTRICTED = "restricted"
    """Not everybody may post there, and Cairn may not."""


class Held(StrEnum):
    """Whether a post is among the pins of its channel."""

    UNKNOWN = "unknown"
    """It was not tried yet."""
    PINNED = "pinned"
    REFUSED = "refused"
    """The platform does not let us; somebody who may can do it by hand."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A post as a platform draws it.

    ``mark`` is a digest, the same for the same post, at most 32 letters. ``elements`` are what is
    seen of it before it is posted: all of it but the buttons.
    """

    mark: str
    message: Mapping[str, Any] = field(repr=False)
    elements: Sequence[Mapping[str, Any]] = field(repr=False)


class Board(Protocol):
    """What pins ask of Slack and of Teams."""

    spacing: float
    """Seconds from one change that nobody waits for to the next, in all channels together: so
    that the limits of the platform leave room for people."""

    async def room(self, place: Place) -> Room:
        """Return what is known of a channel; ``OPEN`` only where it is certain."""
        ...

    async def has(self, place: Place, who: Who) -> bool:
        """Tell whether somebody may see a channel now, or could by themselves."""
        ...

    def draw(self, replies: Sequence[Reply], changed: str | None) -> Drawn:
        """Return a summary in one language or in both, as it stands in a channel.

        ``changed`` is the day, as YYYY-MM-DD, on which it was changed last.

        Raises:
            RefusedError: ``too_large``: it does not fit into one message.

        """
        ...

    async def post(self, place: Place, drawn: Drawn) -> str:
        """Post it; return what it is called there."""
        ...

    async def update(self, place: Place, ref: str, drawn: Drawn) -> None:
        """Put it in place of what stands there.

        Raises:
            GoneError: the post was deleted, or Cairn is not in the channel any more.

        """
        ...

    async def hold(self, place: Place, ref: str) -> Held:
        """Put a post among the pins of its channel, where it may be done; again does no harm."""
        ...

    async def note(self, place: Place, ref: str, line: str) -> None:
        """Write a line in the thread of a post, or below it where there are no threads."""
        ...

    async def remove(self, place: Place, ref: str) -> None:
        """Take a post away, and out of the pins; one that is gone already does no harm."""
        ...

    async def address(self, place: Place, ref: str) -> str | None:
        """Return the address of a post, for a bookmark; nothing where the platform has none."""
        ...


Left = Callable[[str, str, str | None], Awaitable[None]]
"""Tells that Cairn was removed: from which platform, of which tenant, and from which channel; from
the whole tenant where there is none."""
