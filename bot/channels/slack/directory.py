"""Who is somebody, by the workspace's directory? Asked once in half an hour, in memory only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.channels.memory import Memory
from bot.channels.slack.decode import language_of
from bot.channels.slack.errors import UnreachableError
from bot.channels.slack.outbound import Outbound
from bot.guidance.words import Lang

_OWN_BOT: Final = "USLACKBOT"
"""Slack's own bot; the directory does not call it one."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What the directory says of somebody.

    ``homes`` are the workspace and the organization that they belong to.
    """

    user: str
    name: str = field(repr=False)
    homes: frozenset[str]
    is_bot: bool
    is_gone: bool
    is_guest: bool
    is_stranger: bool
    lang: Lang | None

    def is_member(self, tenant: str) -> bool:
        """Tell whether they are a full member of a workspace or organization."""
        return tenant in self.homes and not (self.is_guest or self.is_stranger)


class Directory:
    """Looks people up, and remembers them for half an hour."""

    def __init__(self, outbound: Outbound, clock: Callable[[], float]) -> None:
        """Take a monotonic clock in seconds."""
        self._outbound = outbound
        self._known: Memory[Profile] = Memory(clock)

    async def find(self, user: str) -> Profile:
        """Return the profile of somebody, asked for without waiting.

        Raises:
            SlackError: the directory does not say who that is.

        """
        if (known := self._known.recall((user,))) is not None:
            return known
        found = _profile(await self._outbound.person(user))
        if found.user != user:
            raise UnreachableError
        self._known.keep((user,), found)
        return found

    def sweep(self) -> None:
        """Drop what is older than half an hour."""
        self._known.sweep()


def _profile(said: Mapping[str, Any]) -> Profile:
    user = str(said.get("id") or "")
    inner, whole = said.get("profile"), said.get("enterprise_user")
    names = (
        said.get("real_name"),
        inner.get("real_name") if isinstance(inner, dict) else None,
        said.get("name"),
    )
    homes = (said.get("team_id"), whole.get("enterprise_id") if isinstance(whole, dict) else None)
    return Profile(
        user,
        next((one for one in names if isinstance(one, str) and one.strip()), user),
        frozenset(home for home in homes if isinstance(home, str) and home),
        is_bot=bool(said.get("is_bot") or said.get("is_workflow_bot")) or user == _OWN_BOT,
        is_gone=bool(said.get("deleted")),
        is_guest=bool(said.get("is_restricted") or said.get("is_ultra_restricted")),
        is_stranger=bool(said.get("is_stranger")),
        lang=language_of(said),
    )
