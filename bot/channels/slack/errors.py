"""In which ways does Slack not do what was asked, and how does its answer tell?"""

from __future__ import annotations

import re
from typing import Any, Final

import aiohttp

_LONGEST_WAIT: Final = 60.0
"""Seconds that a method is left alone at most, whatever Slack says."""

_SECONDS: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?", re.ASCII)
_CODE: Final = re.compile(r"[a-z0-9_]{1,60}", re.ASCII)
"""What a code of Slack looks like. It holds no capital letter, so it can be no id."""

TRANSIENT: Final = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited"}
)
TOKEN: Final = frozenset(
    {"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"}
)
"""Codes with which Slack takes the token no longer."""

UNREADABLE: Final = (aiohttp.ClientError, AttributeError, TimeoutError, OSError, ValueError)
"""With what a call to Slack ends that had no answer, or one that is not of Slack's making.

Where something in between answers with text, the SDK fails with an ``AttributeError``.
"""

SERVER_ERROR: Final = 500
LIMITED: Final = 429


class SlackError(Exception):
    """Slack did not do what was asked; ``code`` is its own word for why, and holds no content."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class LimitedError(SlackError):
    """Slack wants this method to be left alone for ``wait`` seconds."""

    def __init__(self, wait: float) -> None:
        self.wait = wait
        super().__init__("ratelimited")


class ScopeError(SlackError):
    """The app lacks one of the scopes ``needed``, by Slack's own names."""

    def __init__(self, needed: str) -> None:
        self.needed = frozenset(needed.split(","))
        super().__init__("missing_scope")


class UnreachableError(SlackError):
    """No answer came, or none that can be read; whether Slack did it is not known."""

    def __init__(self) -> None:
        super().__init__("unreachable")


def told_by(response: Any) -> SlackError:
    """Return what an answer that Slack refused with means."""
    status = getattr(response, "status_code", 0)
    if status == LIMITED:
        return LimitedError(retry_after(response.headers.get("Retry-After")))
    data = getattr(response, "data", None)
    code = data.get("error") if isinstance(data, dict) else None
    if status >= SERVER_ERROR or not isinstance(code, str):
        return UnreachableError()
    if code == "missing_scope":
        return ScopeError(str(data.get("needed") or "") if isinstance(data, dict) else "")
    return SlackError(code if _CODE.fullmatch(code) else "unknown_code")


def retry_after(text: str | None) -> float:
    """Return the seconds of a Retry-After header: one where it says nothing that can be read."""
    return min(float(text), _LONGEST_WAIT) if text and _SECONDS.fullmatch(text.strip()) else 1.0
