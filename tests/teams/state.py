"""What a Teams tenant remembers: people, chats, messages, and the cards in front of each person."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

CARD = "application/vnd.microsoft.card.adaptive"
PARTS = ("body", "items", "columns", "rows", "cells", "actions", "inlines", "images")
"""Where an element keeps the elements in it, in the order in which they are read."""


class RefusedError(AssertionError):
    """Teams' own client does not let a person do that: there is no such button, or it is empty."""


@dataclass(eq=False)
class User:
    id: str
    """`29:...`, what the bot calls them."""
    name: str
    aad: str
    tenant: str
    locale: str
    guest: bool = False

    @property
    def account(self) -> Json:
        return {"id": self.id, "name": self.name, "aadObjectId": self.aad}


def walk(element: Json, *, hidden: bool = True) -> Iterator[Json]:
    """The elements and actions in a card, in reading order; without `hidden`, those to be seen."""
    for part in PARTS:
        for child in element.get(part, []):
            if isinstance(child, dict) and (hidden or child.get("isVisible", True)):
                yield child
                yield from walk(child, hidden=hidden)
    for single in ("inlineAction", "selectAction"):
        if isinstance(element.get(single), dict):
            yield element[single]


def inputs_of(content: Json, *, hidden: bool = True) -> list[Json]:
    found = walk(content, hidden=hidden)
    return [element for element in found if element.get("type", "").startswith("Input.")]


class Shown:
    """What one person has in front of them: a message, or a dialog; it stays the same object
    while what it shows changes.
    """

    def __init__(self, user: User, chat: Chat, message: Message | None = None) -> None:
        self.user = user
        self.chat = chat
        self.message = message
        """None: this is a dialog."""
        self.title = ""
        self.text = ""
        self.opened_by: Json | None = None
        """Of a dialog of the message extension: what its invoke carried."""
        self.open = True
        self.content: Json | None = None
        """The card, if there is one."""
        self.filled: dict[str, str] = {}
        """What was filled in, as it would be submitted."""

    def show(self, content: Json | None, text: str = "") -> None:
        """Show something else; what was filled in is lost, as in Teams."""
        self.content, self.text = copy.deepcopy(content), text
        self.filled = {}
        for field_ in inputs_of(content or {}):
            if field_.get("value") not in (None, ""):
                self.filled[field_["id"]] = str(field_["value"])
            elif field_["type"] == "Input.Toggle":
                self.filled[field_["id"]] = "false"

    def __repr__(self) -> str:
        what = "dialog" if self.message is None else f"message {self.message.id}"
        return f"<{what} as {self.user.name} sees it: {self.title or self.text!r}>"


@dataclass(eq=False)
class Message:
    """Something in a chat, and how it looks to each person who looked at it."""

    id: str
    chat: Chat
    sender: str
    activity: Json
    thread: str = ""
    """In a channel, the id of the post that it belongs to; of a post, its own."""
    only_for: str | None = None
    deleted: bool = False
    updates: int = 0
    views: dict[str, Shown] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return str(self.activity.get("text") or "")

    @property
    def content(self) -> Json | None:
        """The card that is stored: what is seen by people who did not press anything."""
        for attachment in self.activity.get("attachments") or []:
            if attachment.get("contentType") == CARD:
                found: Json = attachment["content"]
                return found
        return None

    def seen_by(self, user: User) -> Shown:
        if user.id not in self.views:
            self.views[user.id] = Shown(user, self.chat, self)
            self.views[user.id].show(self.content, self.text)
        return self.views[user.id]

    def store(self, activity: Json) -> None:
        """Replace it for everybody, whatever an answer to a press showed to one of them."""
        self.activity = activity
        self.updates += 1
        for shown in self.views.values():
            shown.show(self.content, self.text)


@dataclass(eq=False)
class Chat:
    id: str
    kind: str
    """`personal`, `groupChat` or `channel`, as `conversationType` says it."""
    name: str
    tenant: str
    members: dict[str, User] = field(default_factory=dict)
    bot: bool = True
    """Whether the bot is in it."""
    blocked: bool = False
    team: str = ""
    """In a channel, the id of the team, which is that of its first channel."""
    sort: str = "standard"
    """Of a channel: `standard`, `private` or `shared`; empty: it is not told."""
    all: dict[str, Message] = field(default_factory=dict)

    @property
    def messages(self) -> list[Message]:
        """What everyone in it sees, oldest first."""
        return [m for m in self.all.values() if not m.deleted and m.only_for is None]

    def member(self, user: str) -> User | None:
        for member in self.members.values():
            if user in (member.id, member.aad):
                return member
        return None


@dataclass
class Call:
    """One request of the program to the connector."""

    kind: str
    """`create`, `send`, `reply`, `update`, `delete`, `member`, `members` or `channels`."""
    method: str
    conversation: str
    target: str
    """The id of the activity, or of the member."""
    query: dict[str, str]
    bearer: str
    """The token that came with it; empty: none came."""
    body: Json | None = None
    status: int = 0
    """0: a fault, which `fault` names."""
    fault: str = ""
