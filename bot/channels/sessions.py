"""By which session does a channel call its platform? One, without cookies, by the proxy if any."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp


def new_session(address: str) -> AbstractAsyncContextManager[aiohttp.ClientSession]:
    """Return the one HTTP session for all that goes to a platform, which answers at ``address``."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=100, limit_per_host=100),
        timeout=aiohttp.ClientTimeout(total=30, connect=5),
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=proxy_for(address),
    )


def proxy_for(address: str) -> str | None:
    """Return the proxy that the environment names for an address, unless it exempts the host.

    It is looked up at the start; to leave that to the session would cost a thread a request.
    """
    parts = urlsplit(address)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
