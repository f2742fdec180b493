"""What a Slack workspace remembers: people, channels, messages, views, and what they were told."""

from __future__ import annotations

import copy
import itertools
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

STATEFUL = {
    "radio_buttons": "selected_option",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "checkboxes": "selected_options",
    "multi_static_select": "selected_options",
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "rich_text_input": "rich_text_value",
}
"""The elements that a person fills, and the name of their value in `state.values`."""
STARTS = {
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "value": "initial_value",
    "selected_date": "initial_date",
    "selected_time": "initial_time",
    "selected_date_time": "initial_date_time",
    "selected_user": "initial_user",
    "selected_users": "initial_users",
    "selected_channel": "initial_channel",
    "selected_conversation": "initial_conversation",
    "rich_text_value": "initial_value",
}


class Clock:
    """The time of Slack, moved by the test: `advance` adds seconds to both of its readings.

    With a moment to stand at it only moves by `advance`; without one it also runs.
    """

    def __init__(self, stands_at: datetime | None = None) -> None:
        self._stands_at = stands_at
        self._moved = 0.0

    def advance(self, seconds: float) -> None:
        self._moved += seconds

    def time(self) -> float:
        """Seconds since 1970."""
        return self._moved + (self._stands_at.timestamp() if self._stands_at else time.time())

    def monotonic(self) -> float:
        return self._moved + (0.0 if self._stands_at else time.monotonic())

    def now(self) -> datetime:
        """For the program under test, so that both live in the same moment."""
        return datetime.fromtimestamp(self.time(), UTC)


@dataclass
class User:
    id: str
    name: str
    team: str
    real_name: str = ""
    locale: str = "en-US"
    tz: str = "America/Toronto"
    is_bot: bool = False
    is_admin: bool = False
    is_restricted: bool = False
    """A guest in several channels."""
    is_ultra_restricted: bool = False
    """A guest in one channel."""
    is_stranger: bool = False
    """Somebody from another organization, met in a shared channel."""
    deleted: bool = False
    enterprise: str = ""
    """The organization of several workspaces that they belong to, if there is one."""


class Surface:
    """Blocks that a person sees and fills: a message, a view, a home."""

    def __init__(self) -> None:
        self.blocks: list[Json] = []
        self.filled: dict[str, dict[str, Json]] = {}
        """`state.values`: block_id -> action_id -> what is filled in."""
        self.errors: dict[str, str] = {}

    def show(self, blocks: list[Json], new_id: itertools.count[int]) -> None:
        """Put other blocks there. Where block_id and action_id stay, what was filled in stays."""
        self.blocks = copy.deepcopy(blocks)
        self.errors = {}
        before, self.filled = self.filled, {}
        for block in self.blocks:
            block.setdefault("block_id", f"b{next(new_id)}")
            for element in elements_of(block):
                element.setdefault("action_id", f"a{next(new_id)}")
                key = STATEFUL.get(element["type"])
                if key is None:
                    continue
                value = _start(element, key)
                kept = before.get(block["block_id"], {}).get(element["action_id"])
                if kept and kept["type"] == element["type"] and _still_offered(kept, element):
                    value = kept
                self.filled.setdefault(block["block_id"], {})[element["action_id"]] = value

    def state(self) -> Json:
        return {"values": copy.deepcopy(self.filled)}

    def block(self, block_id: str) -> Json:
        for block in self.blocks:
            if block["block_id"] == block_id:
                return block
        raise AssertionError(
            f"no block {block_id!r}; there are {[b['block_id'] for b in self.blocks]}"
        )


def elements_of(block: Json) -> list[Json]:
    """The elements of a block that carry an action_id."""
    found = (
        list(block.get("elements", [])) if block["type"] in ("actions", "context_actions") else []
    )
    found += [block[key] for key in ("accessory", "element") if key in block]
    found += block.get("actions", []) if block["type"] == "card" else []
    return [element for element in found if element.get("type") != "image"]


def _start(element: Json, key: str) -> Json:
    start = element.get(STARTS[key])
    if start is None and key in ("selected_options", "selected_users"):
        start = []
    return {"type": element["type"], key: copy.deepcopy(start)}


def offered(element: Json) -> list[Json]:
    """All options of an element, those in groups too."""
    groups = element.get("option_groups", [])
    return [*element.get("options", []), *(o for group in groups for o in group["options"])]


def _still_offered(kept: Json, element: Json) -> bool:
    options = offered(element)
    if "selected_option" in kept:
        return kept["selected_option"] is None or kept["selected_option"] in options
    return all(option in options for option in kept.get("selected_options", []))


class Message(Surface):
    """A message, or one that only one person sees (then `only_for` is their id)."""

    def __init__(self, channel: Channel, ts: str, user: str, text: str) -> None:
        super().__init__()
        self.channel = channel
        self.ts = ts
        self.user = user
        self.text = text
        self.thread_ts: str | None = None
        self.only_for: str | None = None
        self.by_app = False
        self.metadata: Json | None = None
        self.files: list[Json] = []
        self.edited = 0
        self.deleted = False
        self.is_notice = False
        """A line of Slack's own."""
        self.history: list[Json] = []
        """Every version that was shown, oldest first: what the employer may keep."""

    def __repr__(self) -> str:
        return f"<Message {self.ts} in {self.channel.name}: {self.text!r}>"


class View(Surface):
    """A modal or a home of one person; the object stays the same while the view is updated."""

    def __init__(self, view_id: str, user: User, kind: str) -> None:
        super().__init__()
        self.id = view_id
        self.user = user
        self.type = kind
        self.payload: Json = {}
        self.hash = ""
        self.updates = 0
        self.open = True
        self.root: View | None = None
        self.previous: View | None = None

    @property
    def title(self) -> str:
        return str(self.payload.get("title", {}).get("text", ""))

    @property
    def private_metadata(self) -> str:
        return str(self.payload.get("private_metadata", ""))

    def __repr__(self) -> str:
        return f"<View {self.id} {self.type} {self.title!r}>"


@dataclass(eq=False)
class Channel:
    id: str
    name: str
    team: str
    members: set[str] = field(default_factory=set)
    is_private: bool = False
    is_im: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    """Another organization was invited, and has not come yet."""
    is_org_shared: bool = False
    """Shared with other workspaces of the same organization."""
    is_mpim: bool = False
    """A chat of several people."""
    is_read_only: bool = False
    """Only some may post there, and the bot may not."""
    pins_restricted: bool = False
    """Administrators may forbid pinning."""
    messages: dict[str, Message] = field(default_factory=dict)
    pins: list[str] = field(default_factory=list)

    def shown(self) -> list[Message]:
        """What everyone in it sees, oldest first."""
        return [m for m in self.messages.values() if not m.deleted and m.only_for is None]


@dataclass
class Workspace:
    id: str
    domain: str
    bot: User
    bot_id: str
    bot_token: str
    scopes: set[str]
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    homes: dict[str, View] = field(default_factory=dict)
    revoked: bool = False

    def dm(self, user_id: str) -> Channel | None:
        """The conversation of a person with the bot, if it was opened."""
        for channel in self.channels.values():
            if channel.is_im and channel.members == {user_id, self.bot.id}:
                return channel
        return None


@dataclass
class Trigger:
    id: str
    user: User
    at: float
    view: View | None
    """The view in which it was made, if it was in one."""
    used: bool = False


@dataclass
class ResponseUrl:
    token: str
    user: User
    channel: Channel
    original: Message | None
    at: float
    uses: int = 0


@dataclass
class Call:
    """One request of the program: to a method, or to a `response_url`."""

    method: str
    arguments: Json
    how: str
    """`POST json`, `POST form`, `POST query`, `GET query`"""
    answer: Json | None = None
    status: int = 200
    fault: str = ""

    @property
    def error(self) -> str:
        return str((self.answer or {}).get("error", ""))
