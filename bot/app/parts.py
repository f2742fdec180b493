"""What do the channels share, and where is it kept while the program runs?"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.app.reading import utc_now
from bot.conversation import Conversation
from bot.health import Health
from bot.jobs import at_times, by_one
from bot.privacy import OWN
from bot.settings import Settings

if TYPE_CHECKING:
    from aiohttp import web

    from bot.channels.slack.channel import SlackChannel
    from bot.channels.teams.channel import TeamsChannel
    from bot.metrics import Metrics
    from bot.seal import Seal
    from bot.store import Store
    from bot.tally import Tally

_HOUR: Final = 3600.0
_PATIENCE: Final = 40.0
"""Seconds for which a database that does not answer is waited for at the start."""

_PAUSE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What the chat channels share; ``quiet`` is for pins, counts nothing and goes on always."""

    conversation: Conversation
    quiet: Conversation
    seal: Seal
    store: web.AppKey[Store]
    hands_over: bool
    health: Health
    metrics: Metrics


def channels_of(application: web.Application) -> Mapping[str, SlackChannel | TeamsChannel]:
    """Return the chat channels that are there."""
    from bot.channels.slack.channel import CHANNEL as SLACK
    from bot.channels.teams.channel import CHANNEL as TEAMS

    found: dict[str, SlackChannel | TeamsChannel] = {}
    if SLACK in application:
        found["slack"] = application[SLACK]
    if TEAMS in application:
        found["teams"] = application[TEAMS]
    return found


def add_store(
    application: web.Application,
    settings: Settings,
    keys: Sequence[bytes],
    health: Health,
    tally: Tally,
) -> web.AppKey[Store]:
    """Add the store, which lives as long as the application; return where it is kept.

    What people do is counted in it.
    """
    from aiohttp import web

    from bot.store import Store

    kept = web.AppKey("store", Store)

    async def running(application: web.Application) -> AsyncIterator[None]:
        store = await _opened(settings.database_url.get_secret_value(), keys)
        try:
            application[kept] = store
            health.shared["store"] = store.healthy
            async with forgetting(store), tally.running(store):
                yield
        finally:
            await store.close()

    async def written(application: web.Application) -> None:
        # Before all that takes its time at the end: nobody counts again what is lost here.
        await tally.write(application[kept])

    application.cleanup_ctx.append(running)
    application.on_shutdown.append(written)
    return kept


async def _opened(url: str, keys: Sequence[bytes]) -> Store:
    """Open the store; one that does not answer yet, as after a power cut, is waited for.

    Raises:
        StoreError: it cannot be used, or has not answered in the end.

    """
    from bot.store import StoreError, Trouble, open_store

    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return await open_store(url, keys, utc_now)
        except StoreError as error:
            if error.trouble is not Trouble.FAILED or time.monotonic() > until:
                raise
            logging.getLogger(OWN).warning("the store does not answer yet: %s", error.kind)
        await asyncio.sleep(_PAUSE)


@asynccontextmanager
async def forgetting(store: Store) -> AsyncIterator[None]:
    """Have the store forget what is more than a day old, each hour, until the block ends."""
    task = asyncio.create_task(at_times(by_one(store, "forgetting", store.forget_old), _HOUR))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
