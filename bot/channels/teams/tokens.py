"""With which token does Cairn speak to the service of Teams, and to Microsoft Graph?

Microsoft's library for logging in blocks, so it runs in a thread, once for all who wait. A token
is renewed before it ends, while the old one goes on; nobody waits for that.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from bot.channels.teams.transport import TransportError, UnreachableError

_AUTHORITY: Final = "https://login.microsoftonline.com/"
BOT_FRAMEWORK: Final = "https://api.botframework.com/.default"
GRAPH: Final = "https://graph.microsoft.com/.default"
"""What a token is for."""

_EARLY: Final = 300.0
_WITHIN: Final = 10.0
"""Seconds that a sender waits for a token; what it waited for goes on."""

_READING: Final = 5
_PAUSE: Final = 5.0
_BETWEEN_FORGETTING: Final = 60.0
_CODE: Final = re.compile(r"[a-z_]{1,40}", re.ASCII)
_TRANSIENT: Final = frozenset({"temporarily_unavailable", "server_error"})


class TokenSource:
    """The token of an app, renewed when needed."""

    def __init__(
        self,
        app_id: str,
        password: str,
        tenant: str,
        *,
        scope: str = BOT_FRAMEWORK,
        clock: Callable[[], float] = time.monotonic,
        http_client: Any = None,
    ) -> None:
        """Take the registration of the app, what its token is for, and a monotonic clock.

        ``http_client`` is MSAL's client for HTTP; without one it is a session that follows nobody
        elsewhere: the password goes with each request.
        """
        self._app_id = app_id
        self._password = password
        self._tenant = tenant
        self._scope = scope
        self._clock = clock
        self._http_client = http_client
        self._app: Any = None
        self._token: str | None = None
        self._renew_at = 0.0
        self._ends_at = 0.0
        self._closed_until = clock()
        self._kept_until = clock()
        self._refused: str | None = None
        self._flight: asyncio.Task[None] | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the login host has not refused the app when it was last asked."""
        return self._refused is None

    async def get(self) -> str:
        """Return a token that is valid.

        Raises:
            UnreachableError: no answer came from the login host.
            TransportError: it does not know the app; ``code`` is its word for it.

        """
        now = self._clock()
        if self._token is not None and now < self._renew_at:
            return self._token
        if self._flight is None and now >= self._closed_until:
            self._flight = asyncio.create_task(self._renew())
        if self._token is not None and now < self._ends_at:
            return self._token
        if self._flight is not None:
            # Waiting in this way, nobody who gives up ends it for the others.
            await asyncio.wait({self._flight}, timeout=_WITHIN)
        if self._token is not None and self._clock() < self._ends_at:
            return self._token
        if self._refused is not None:
            raise TransportError(self._refused)
        raise UnreachableError("login_unreachable")

    def forget(self, token: str) -> None:
        """Drop a token that the service refused, so that the next one is a new one.

        That helps once a minute at most: a service that refuses all of them is not asked again
        with a new one each time.
        """
        now = self._clock()
        if token == self._token and now >= self._kept_until:
            self._token = None
            self._kept_until = now + _BETWEEN_FORGETTING

    async def _renew(self) -> None:
        started = self._clock()
        try:
            answer = await asyncio.to_thread(self._ask)
        except Exception:  # noqa: BLE001 MSAL and what is below raise many kinds, with addresses
            answer = {}
        finally:
            self._flight = None
        self._refused = _refusal(answer.get("error"))
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if isinstance(token, str) and isinstance(seconds, int) and seconds > 0:
            self._token = token
            self._ends_at = started + seconds
            self._renew_at = self._ends_at - min(_EARLY, seconds / 2)
        else:
            self._closed_until = self._clock() + _PAUSE

    def _ask(self) -> Mapping[str, Any]:
        """Ask for a new token. This blocks, and runs in a thread, one at a time."""
        import msal  # type: ignore[import-untyped]

        if self._http_client is None:
            self._http_client = _session()
        if self._app is None:
            self._app = msal.ConfidentialClientApplication(
                self._app_id,
                client_credential=self._password,
                authority=_AUTHORITY + self._tenant,
                instance_discovery=False,  # else it asks another host what this one is called
                http_client=self._http_client,
            )
        # It would give back the token that it remembers, whether or not the service took it.
        self._app.remove_tokens_for_client()
        answer: Mapping[str, Any] = self._app.acquire_token_for_client([self._scope])
        return answer


def _session() -> Any:
    """Return a session that gives up soon, and is led to no other address."""
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.max_redirects = 0
    # Whatever a document of the login host names: the password goes to that host alone.
    session.adapters.clear()
    session.mount(_AUTHORITY, HTTPAdapter())
    # As MSAL itself does; what it would say of the time it does not say to another's session.
    session.request = partial(session.request, timeout=_READING)  # type: ignore[method-assign]
    return session


def _refusal(error: Any) -> str | None:
    """Return the word with which the login host refused, or nothing where it may change."""
    plain = isinstance(error, str) and _CODE.fullmatch(error) and error not in _TRANSIENT
    return f"login_{error}" if plain else None
