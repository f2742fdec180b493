"""How does the program listen, and how does it stop without a lost press?

Told to stop, it says at once that it is not ready, and goes on answering for a few seconds, until
whoever sends requests here has noticed. Then it listens no more, and finishes what has begun.
"""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import Callable, Coroutine
from typing import Any, Final

from aiohttp import web

from bot.errors import AddressError

LINGER: Final = 5.0
"""Seconds for which requests are still answered after the word to stop, behind a proxy."""

_LAST_ANSWERS: Final = 2.5
"""Seconds that requests which have come in by then may take, and again once they are ended."""

LONGEST_STOP: Final = 55.0
"""Seconds that all of a stop may take: lingering, the last answers, and what goes on after them."""

_QUIET: Final = 75.0
"""Seconds after which a connection on which no whole request has come is closed."""

_CONNECTIONS: Final = 65_536
"""How many may be open, where the system lets us: half of a request may hold one for a while."""

_CUT: Final = 1.0
"""Seconds in which what is broken off may end."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


async def listen(
    application: web.Application,
    host: str,
    port: int,
    *,
    listening: Callable[[], None],
    draining: Callable[[], None],
    linger: float,
) -> None:
    """Serve until the process is told to stop, and then end in order.

    ``listening`` is called once it listens, ``draining`` when it is told to stop. ``linger`` is how
    many seconds it then goes on, unless it is told again; told while it finishes what has begun, it
    breaks that off. Told while it starts, it ends there.

    Raises:
        AddressError: the address is in use, or cannot be had.

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
    _allow_connections()
    runner = web.AppRunner(
        application,
        access_log=None,
        # A few kilobytes of anybody could become hundreds of megabytes to be unpacked.
        auto_decompress=False,
        shutdown_timeout=_LAST_ANSWERS,
        keepalive_timeout=_QUIET,
    )
    try:
        if await _before(stop, runner.setup()):
            try:
                await web.TCPSite(runner, host, port).start()
            except OSError as error:
                raise AddressError(host, port, error.strerror) from None
            listening()
            await stop.wait()
            is_draining = True
            draining()
            try:
                async with asyncio.timeout(linger):
                    await now.wait()
            except TimeoutError:
                pass
    finally:
        now.clear()
        await _before(now, runner.cleanup(), LONGEST_STOP - linger)
        for one in _SIGNALS:
            loop.remove_signal_handler(one)


async def _before(
    event: asyncio.Event, work: Coroutine[Any, Any, None], most: float | None = None
) -> bool:
    """Do the work; break it off when the event comes, or after ``most`` seconds.

    Return whether it was done.
    """
    doing, waiting = asyncio.ensure_future(work), asyncio.ensure_future(event.wait())
    await asyncio.wait({doing, waiting}, timeout=most, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if doing.done():
        await doing
        return True
    doing.cancel()
    await asyncio.wait({doing}, timeout=_CUT)
    return False


def _allow_connections() -> None:
    """Have as many files and connections as the system allows, within reason."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS if most == resource.RLIM_INFINITY else min(most, _CONNECTIONS)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
