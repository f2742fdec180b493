"""Who is somebody on a platform, where is something, and how does a platform fail?

Every failure of a platform is one of the errors below and holds no content:

    PlatformError
    ├── LaterError    it may be tried again, not before ``wait`` seconds from now
    ├── GoneError     what was to be changed is not there any more
    ├── OpenError     the office's channel is not private any more, so nothing is posted there
    └── RefusedError  the platform will not do it, however often it is asked
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class PlatformError(Exception):
    """A platform did not do what was asked; ``code`` says why in a word, and holds no content."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class LaterError(PlatformError):
    """It may be tried again ``wait`` seconds from now; whether it was done is not known."""

    def __init__(self, code: str, wait: float = 0.0) -> None:
        self.wait = wait
        super().__init__(code)


class GoneError(PlatformError):
    """What was to be changed is not there any more."""


class OpenError(PlatformError):
    """The office's channel is not private: public, shared with others, or archived."""


class RefusedError(PlatformError):
    """The platform will not do it: no such channel, the app was removed or blocked."""


# ---- who and where


def ident(platform: str, user: str) -> str:
    """Return somebody's name among the people of all platforms.

    No platform tells two people apart by capital letters, and a file may write an id in either.
    """
    return f"{platform}:{user}".casefold()


@dataclass(frozen=True, slots=True)
class Who:
    """A person as the verified envelope names them.

    ``user`` is who they are in the platform's directory; ``name`` is what it calls them, empty
    where it was not asked. ``route`` is what the platform needs to reach their own chat later.
    """

    platform: str
    tenant: str
    user: str = field(repr=False)
    name: str = field(default="", repr=False)
    route: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def id(self) -> str:
        """Their name among the people of all platforms.

        Without the tenant: Slack names the workspace in one request and the organization in the
        next, and a user's own id is the same in both. Whom we serve at all is seen to before.
        """
        return ident(self.platform, self.user)


@dataclass(frozen=True, slots=True)
class Place:
    """A channel on Slack, a channel or group chat in Teams.

    ``service`` is the address of the service in Teams.
    """

    platform: str
    tenant: str
    channel: str
    service: str = ""
