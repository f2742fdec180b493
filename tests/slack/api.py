"""What the methods of the Web API share: how one is named, and how it says no."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.slack.state import Channel, Json, Message, Workspace

if TYPE_CHECKING:
    from tests.slack.fake import FakeSlack


class ApiError(Exception):
    """`{"ok": false, "error": ...}`"""

    def __init__(self, error: str, *messages: str, **more: object) -> None:
        super().__init__(error)
        self.answer: Json = {"ok": False, "error": error, **more}
        if messages:
            self.answer["response_metadata"] = {"messages": [f"[ERROR] {m}" for m in messages]}


@dataclass(frozen=True)
class Method:
    run: Callable[[FakeSlack, Workspace, Json], Json]
    scope: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    takes_json: bool
    needed_error: str


METHODS: dict[str, Method] = {}


def method(
    name: str,
    scope: str = "",
    required: tuple[str, ...] = (),
    optional: tuple[str, ...] = (),
    *,
    takes_json: bool = True,
    needed_error: str = "invalid_arguments",
) -> Callable[[Callable[[FakeSlack, Workspace, Json], Json]], Callable[..., Json]]:
    """Name a function as a method; `needed_error` is the answer when something required lacks."""

    def keep(run: Callable[[FakeSlack, Workspace, Json], Json]) -> Callable[..., Json]:
        METHODS[name] = Method(run, scope, required, optional, takes_json, needed_error)
        return run

    return keep


def missing_scope(at: Workspace, needed: str) -> ApiError:
    return ApiError("missing_scope", needed=needed, provided=",".join(sorted(at.scopes)))


def channel_at(at: Workspace, channel_id: str) -> Channel:
    """A channel that the bot may know of: a private one only from the inside."""
    channel = at.channels.get(channel_id)
    hidden = channel is not None and (channel.is_private or channel.is_im)
    if channel is None or (hidden and at.bot.id not in channel.members):
        raise ApiError("channel_not_found")
    return channel


def message_at(at: Workspace, channel_id: str, ts: str) -> Message:
    channel = channel_at(at, channel_id)
    message = channel.messages.get(ts)
    if message is None or message.deleted or message.only_for is not None:
        raise ApiError("message_not_found")
    return message


def true(value: object) -> bool:
    return value in (True, 1, "1", "true", "True")


def arguments(of: Method, args: Json) -> Json:
    """The arguments as the method takes them, or the error that says what lacks."""
    lacking = [name for name in of.required if args.get(name) in (None, "")]
    if lacking:
        raise ApiError(of.needed_error, *(f"missing required field: {name}" for name in lacking))
    return copy.deepcopy({name: value for name, value in args.items() if value is not None})
