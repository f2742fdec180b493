"""What does it mean to the rest of the program that Slack did not do something?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from bot.channels.slack.errors import TOKEN, TRANSIENT, LimitedError, SlackError, UnreachableError
from bot.channels.slack.limits import TooLargeError
from bot.platforms import GoneError, LaterError, PlatformError, RefusedError

_LATER: Final = TRANSIENT | {
    "rate_limited", "message_limit_exceeded", "org_login_required", "team_added_to_org",
    "fetch_members_failed", "external_channel_migrating", "update_failed",
}  # fmt: skip
_UNSIGNED: Final = 60.0
"""Seconds until a call with a token that Slack does not take is worth another attempt: an operator
must see to it."""

_GONE: Final = frozenset({
    "message_not_found", "thread_not_found", "cannot_reply_to_message", "cant_update_message",
    "edit_window_closed",
})  # fmt: skip


Meanings = Mapping[str, type[PlatformError]]


@contextmanager
def platform_errors(here: Meanings | None = None) -> Iterator[None]:
    """Turn every way in which Slack fails into an error that knows no platform.

    ``here`` says which codes of Slack mean something else where it is called.

    Raises:
        PlatformError: always one of its kinds.

    """
    try:
        yield
    except SlackError as error:
        raise _told(error, here or {}) from None
    except TimeoutError:
        raise LaterError("unreachable") from None
    except TooLargeError:
        raise RefusedError("too_large") from None


def _told(error: SlackError, here: Meanings) -> PlatformError:
    if error.code in here:
        return here[error.code](error.code)
    if isinstance(error, LimitedError):
        return LaterError(error.code, error.wait)
    if isinstance(error, UnreachableError) or error.code in _LATER:
        return LaterError(error.code)
    if error.code in TOKEN:
        return LaterError(error.code, _UNSIGNED)
    return GoneError(error.code) if error.code in _GONE else RefusedError(error.code)
