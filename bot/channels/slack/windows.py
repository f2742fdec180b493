"""How does the next view take the place of an open one? Unless the person went on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bot.channels.memory import Memory
from bot.channels.slack.errors import SlackError
from bot.channels.slack.limits import Checked
from bot.channels.slack.outbound import Outbound

_WENT_ON: Final = ("hash_conflict", "not_found", "view_not_found")


class Windows:
    """Changes open modals, and remembers those that it changed by itself."""

    def __init__(self, outbound: Outbound, clock: Callable[[], float]) -> None:
        """Take a monotonic clock in seconds."""
        self._outbound = outbound
        self._swapped: Memory[str] = Memory(clock)

    async def swap(self, view_id: str, known: str, shown: Checked) -> None:
        """Change a view that nobody has pressed, at once or not at all.

        Raises:
            SlackError: it was not changed.

        """
        new = await self._outbound.swap_view(view_id, shown, known)
        # Whoever pressed something meanwhile pressed it on the view that was there before.
        self._swapped.keep((view_id, known), new)

    async def update(self, view_id: str, shown: Checked, unless_changed: object) -> None:
        """Put another view in place of the one that was pressed, which had that hash.

        Raises:
            SlackError: it was not done, and not because the person went on or closed the window.

        """
        known = unless_changed if isinstance(unless_changed, str) else None
        try:
            await self._outbound.update_view(view_id, shown, known)
        except SlackError as error:
            swapped = self._swapped.recall((view_id, known or ""))
            if error.code == "hash_conflict" and swapped is not None:
                await self.update(view_id, shown, swapped)
            elif error.code not in _WENT_ON:
                raise
            # Else what they see is newer.

    def sweep(self) -> None:
        """Drop what is older than half an hour."""
        self._swapped.sweep()
