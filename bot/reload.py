"""Has the guidance changed on the disk, and may what stands there now be said?

A file that is being written is left until it rests. What does not pass its checks is not said: what
was said before stays, and the log tells why.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from bot.errors import ContentError
from bot.guidance.model import Guidance
from bot.organization import Organization
from bot.privacy import OWN, where_of

EVERY: Final = 3.0
"""Seconds from one look at the files to the next."""

_PARTS: Final = ("dialogs", "content")

_Result = TypeVar("_Result")
Read = Callable[[], tuple[Guidance, Organization | None]]
Sleep = Callable[[float], Awaitable[None]]
Stamps = tuple[tuple[str, int, int], ...]
"""Files: the name of each, when it was changed (nanoseconds), and its size in bytes."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the guidance is read from: its folder, and the organization's file if there is one."""

    folder: Path
    organization: Path | None

    def stamps(self) -> Stamps:
        """Return what tells whether any of the files has changed; looks at none of them inside."""
        return tuple(sorted(self._stamps()))

    def _stamps(self) -> Iterator[tuple[str, int, int]]:
        for part in _PARTS:
            yield from _of_files((self.folder / part).rglob("*"))
        if self.organization is not None:
            yield from _of_files([self.organization])


def _of_files(paths: Iterable[Path]) -> Iterator[tuple[str, int, int]]:
    for path in paths:
        try:
            found = path.stat()
        except OSError:  # it went away meanwhile
            continue
        yield str(path), found.st_mtime_ns, found.st_size


class Reload:
    """Reads the files anew when they have changed."""

    def __init__(
        self,
        source: Source,
        known: Stamps,
        read: Read,
        swap: Callable[[Guidance, Organization | None], None],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Take what is known of the files, what reads and checks them, and what has them said.

        ``read`` raises ``ContentError`` where they may not be said.
        """
        self._source = source
        self._read = read
        self._swap = swap
        self._sleep = sleep
        self._known = known
        # Always the same one: each new thread would keep memory of its own for the whole guidance.
        self._thread = ThreadPoolExecutor(1, "reload")

    async def run(self) -> None:
        """Look at the files until cancelled."""
        while True:
            await self._sleep(EVERY)
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 the next look must come
                logging.getLogger(OWN).error(  # noqa: TRY400 no traceback in a log
                    "%s in %s", type(error).__name__, where_of(error)
                )

    async def _beside(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def look(self) -> bool:
        """Have the files said if they have changed and rest; return whether they are said now."""
        found = await self._beside(self._source.stamps)
        if found == self._known:
            return False
        await self._sleep(EVERY)
        if await self._beside(self._source.stamps) != found:
            return False  # somebody is still writing; the next look comes soon
        try:
            guidance, organization = await self._beside(self._read)
        except ContentError as error:
            self._known = found
            # The sentence could repeat a name or an id that stands in the organization's file.
            logging.getLogger(OWN).error(  # noqa: TRY400 the places say all
                "the guidance on the disk is not used, and what was said before stays: %s;"
                " cairn check says more",
                error.places,
            )
            return False
        if await self._beside(self._source.stamps) != found:
            return False  # half of what was read may be older than the rest
        self._known = found
        self._swap(guidance, organization)
        logging.getLogger(OWN).info("guidance version %s is said from now on", guidance.version)
        return True
