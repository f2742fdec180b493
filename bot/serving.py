"""How does the program listen, and how does it stop without a lost press?

Told to stop, it says at once that it is not ready, and goes on answering for a few seconds, until
whoever sends requests here has noticed. Then it listens no more, and finishes what has begun.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Final

from aiohttp import web

LINGER: Final = 5.0
"""Seconds for which requests are still answered after the word to stop, behind a proxy."""

_LAST_ANSWERS: Final = 5.0
"""Seconds that requests which have come in by then may take."""

LONGEST_STOP: Final = 55.0
"""Seconds that all of a stop may take: lingering, the last answers, and what goes on after them."""

_QUIET: Final = 75.0
"""Seconds after which a connection on which no whole request has come is closed."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


async def listen(
    application: web.Application,
    host: str,
    port: int,
    *,
    draining: Callable[[], None],
    linger: float,
) -> None:
    """Serve until the process is told to stop, and then end in order; told twice, end at once.

    ``draining`` is called when it is told to. ``linger`` is how many seconds it then goes on.

    Raises:
        OSError: the address is in use, or cannot be had.

    """
    stop, now = asyncio.Event(), asyncio.Event()

    def told() -> None:
        (now if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for one in _SIGNALS:
        loop.add_signal_handler(one, told)
    is_draining = False

    async def close_after(_: web.Request, response: web.StreamResponse) -> None:
        if is_draining:
            # A connection that is kept would be cut while the next request is on its way.
            response.force_close()
            response.headers["Connection"] = "close"

    application.on_response_prepare.append(close_after)
    runner = web.AppRunner(
        application,
        access_log=None,
        shutdown_timeout=_LAST_ANSWERS,
        keepalive_timeout=_QUIET,
    )
    try:
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        await stop.wait()
        is_draining = True
        draining()
        try:
            async with asyncio.timeout(linger):
                await now.wait()
        except TimeoutError:
            pass
    finally:
        await runner.cleanup()
        for one in _SIGNALS:
            loop.remove_signal_handler(one)
