"""How does a test hold up what is asked of Cairn under one key, and let it go on?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.tasks import Tasks


@asynccontextmanager
async def held(tasks: Tasks, *key: str) -> AsyncIterator[asyncio.Event]:
    """Let all under that key wait until the event is set, or the block ends."""
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    assert tasks.spawn(key, wait)
    await asyncio.sleep(0)
    try:
        yield gate
    finally:
        gate.set()
