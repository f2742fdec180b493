"""From where was Cairn removed? From a team, a channel or a group chat, as Teams tells of it.

Of a team it tells under the id of the team, which is that of its first channel as well, and says
nothing of the others. That they are gone shows when something there is to be changed. Somebody who
removes Cairn for themselves is met in no channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.channels.teams.decode import is_id, is_personal, tenant_of

Body = Mapping[str, Any]

_REMOVED: Final = ("remove", "remove-upgrade")
_TEAM_GONE: Final = ("teamDeleted", "teamHardDeleted")
_CHANNEL_GONE: Final = "channelDeleted"


@dataclass(frozen=True, slots=True)
class Departure:
    """The tenant and the channel or group chat in which Cairn is not any more."""

    tenant: str
    channel: str


def departure_of(activity: Body) -> Departure | None:
    """Return from where Cairn was removed; nothing where an activity does not tell of that."""
    tenant, told = tenant_of(activity), _dict(activity, "channelData")
    left: object = None
    if tenant is None or is_personal(activity):
        return None
    if activity.get("type") == "installationUpdate" and activity.get("action") in _REMOVED:
        left = _dict(activity, "conversation").get("id")
    elif activity.get("type") == "conversationUpdate":
        event = told.get("eventType")
        if event == _CHANNEL_GONE:
            # It is told under the id of the team, whose first channel is still there.
            left = _dict(told, "channel").get("id")
        elif event in _TEAM_GONE or _names_us(activity):
            left = _dict(activity, "conversation").get("id")
    return Departure(tenant, left.partition(";")[0]) if is_id(left) else None


def _names_us(activity: Body) -> bool:
    """Tell whether Cairn is among those who were removed."""
    removed, us = activity.get("membersRemoved"), _dict(activity, "recipient").get("id")
    people = removed if isinstance(removed, list) else []
    return us is not None and any(isinstance(one, dict) and one.get("id") == us for one in people)


def _dict(body: Body, name: str) -> Body:
    found = body.get(name)
    return found if isinstance(found, dict) else {}
