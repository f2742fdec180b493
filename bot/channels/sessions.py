"""By which session does a channel call its platform, and whom can it reach? Named hosts only.

One session, without cookies, by the proxy if there is one. Whatever the code above it means to do,
a request to a host that was not named ends here, before its name is looked up.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

FOREIGN: Final = "foreign"
UNREACHABLE: Final = "unreachable"
Told = Callable[[str, float], None]
"""Is told of each call: its HTTP status or one of the words above, and its seconds."""


class ForeignHostError(aiohttp.ClientError):
    """A request was to go to a host that was not named."""


def new_session(
    address: str, hosts: frozenset[str], told: Told | None = None
) -> aiohttp.ClientSession:
    """Return an HTTP session for all that goes to a platform, which answers at ``address``.

    ``hosts`` are the names that may be called, ``*.name`` all below one.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=100, limit_per_host=100),
        timeout=aiohttp.ClientTimeout(total=30, connect=5),
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=proxy_for(address),
        middlewares=(_only_to(hosts, told),),
    )


def _only_to(hosts: frozenset[str], told: Told | None) -> aiohttp.ClientMiddlewareType:
    async def only(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        began, outcome = time.monotonic(), FOREIGN
        try:
            # As it is looked up; to read a name that is written in another way may fail.
            if not is_named(request.url.raw_host or "", hosts):
                raise ForeignHostError
            outcome = UNREACHABLE
            response = await handler(request)
            outcome = str(response.status)
            return response
        finally:
            if told is not None:
                told(outcome, time.monotonic() - began)

    return only


def is_named(host: str, hosts: frozenset[str]) -> bool:
    """Tell whether a host is among those that may be called."""
    return host in hosts or any(
        name.startswith("*.") and host.endswith(name[1:]) and host != name[2:] for name in hosts
    )


def hosts_of(address: str) -> frozenset[str]:
    """Return the host of an address, and all below it."""
    home = host_of(address)
    return frozenset({home, f"*.{home}"})


def host_of(address: str) -> str:
    """Return the name of the host of an address."""
    return urlsplit(address).hostname or ""


def proxy_for(address: str) -> str | None:
    """Return the proxy that the environment names for an address, unless it exempts the host.

    It is looked up at the start; to leave that to the session would cost a thread a request.
    """
    parts = urlsplit(address)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
