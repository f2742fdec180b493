"""Has this come before? The store knows; guidance goes on while it does not answer."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Protocol

from bot.privacy import OWN

_PATIENCE: Final = 2.0
"""Seconds that an answer waits for the store."""


class Seen(Protocol):
    """Tells whether an event comes for the first time; the store does."""

    async def first_time(self, platform: str, tenant: str, event: str) -> bool:
        """Return true exactly once for an event of a tenant."""
        ...


async def is_new(seen: Seen, platform: str, tenant: str, event: str) -> bool:
    """Tell whether an event comes for the first time; while the store is away, each one does."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await seen.first_time(platform, tenant, event)
    except Exception as error:  # noqa: BLE001 guidance goes on while the database does not
        logging.getLogger(OWN).error(  # noqa: TRY400 the text may hold content
            "the store does not answer: %s", type(error).__name__
        )
        return True
