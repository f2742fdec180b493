"""Who can read a case? Those who are in the office's channel, asked anew each time it matters."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bot.desk.case import MIN_CLAIMERS
from bot.desk.directory import Directory
from bot.desk.port import Platform
from bot.handoff import Mode
from bot.offices import Way
from bot.platforms import OpenError, RefusedError, Who, ident

MOST: Final = 25
"""An office with more readers is not shown by name to somebody who decides whom to trust."""

LATELY: Final = 30.0
"""Seconds for which who was there may be shown again; nothing is sent or opened by that."""


class Audience:
    """Asks platforms who is in the channels of offices."""

    def __init__(self, platforms: Mapping[str, Platform], directory: Directory) -> None:
        self._platforms = platforms
        self._directory = directory
        self._seen: dict[str, tuple[float, Mapping[str, str]]] = {}

    async def lately(self, office: str) -> Mapping[str, str]:
        """Return who was in an office's channel a moment ago, or is now.

        Nobody who opens one form after the other keeps an office from asking.

        Raises:
            PlatformError: it cannot be told.

        """
        at, readers = self._seen.get(office, (-LATELY, {}))
        return readers if time.monotonic() - at < LATELY else await self.of(office)

    async def of(self, office: str) -> Mapping[str, str]:
        """Return who is in an office's channel now: names by id, in the order of the names.

        An office that is reached by e-mail has nobody whom we could name.

        Raises:
            PlatformError: it cannot be told; then nothing may be sent there.

        """
        place = self._directory.place(office)
        if place is None:
            return {}
        platform = self._platforms.get(place.platform)
        if platform is None:
            raise RefusedError("platform_off")
        self._seen.pop(office, None)
        found = await platform.readers(place)
        if len(found) > MOST:
            raise OpenError("too_many_readers")
        readers = sorted(found, key=lambda one: (one.name.casefold(), one.user))
        now = {ident(place.platform, one.user): one.name for one in readers}
        self._seen[office] = (time.monotonic(), now)
        return now

    async def person(self, office: str, wanted: str) -> Who | None:
        """Return somebody who is in an office's channel, as they can be written to.

        Raises:
            PlatformError: it cannot be told.

        """
        place = self._directory.place(office)
        platform = self._platforms.get(place.platform) if place is not None else None
        if place is None or platform is None:
            return None
        for one in await platform.readers(place):
            if ident(place.platform, one.user) == wanted:
                route = {"service": place.service} if place.service else {}
                return Who(place.platform, place.tenant, one.user, one.name, route)
        return None

    async def has(self, office: str, who: Who) -> bool:
        """Tell whether somebody is in an office's channel now.

        Raises:
            PlatformError: it cannot be told.

        """
        return who.id in await self.of(office)


def claimers(readers: Iterable[str], excluded: Iterable[str]) -> tuple[str, ...]:
    """Return those of the readers who are not excluded, each once, in their order.

    An id is the same in capital and small letters: no platform tells two people apart by that.
    """
    out = {one.casefold() for one in excluded}
    left: dict[str, str] = {}
    for one in readers:
        if one.casefold() not in out:
            left.setdefault(one.casefold(), one)
    return tuple(left.values())


def with_claimers(way: Way, claimers: Sequence[str]) -> Way:
    """Return the way to an office in a chat, or a card where fewer than two could take it."""
    return way if len(claimers) >= MIN_CLAIMERS else replace(way, mode=Mode.CARD)
