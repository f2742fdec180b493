"""Who did something on Slack, in which form, and with which words?

Who they are comes from the envelope that was verified, never from what a button or a field
holds; where they were comes from a capsule that opens for them only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from bot.channels.steps import Fields
from bot.guidance.words import LANGS, Lang

Body = Mapping[str, Any]
_MOST: Final = 50
_LONGEST_ID: Final = 64
_POINTERS: Final = re.compile(
    r"<(?:[@#!][^<>]*|(?P<link>(?:https?|mailto|tel):[^<>|]*)(?:\|(?P<label>[^<>]*))?)>"
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who did it, from the envelope: the organization or else the workspace, and the user.

    ``outside`` says that they belong to another organization and write in a shared channel.
    """

    tenant: str
    user: str
    outside: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What their work is kept in order by."""
        return (self.tenant, self.user)


def person_of(body: Body) -> Person | None:
    """Return who sent a command, a press or an event; nobody where the envelope does not say."""
    event = _dict(body, "event")
    changed = event.get("subtype") == "message_changed"
    source = _dict(event, "message") if changed else event
    user = source.get("user") or _dict(body, "user").get("id") or body.get("user_id")
    where = workspace_of(body)
    if not _is_id(user) or not where:
        return None
    # Within one organization people belong to other workspaces; only a channel that is shared
    # with another organization has people from outside.
    if event:
        home = source.get("user_team") or source.get("team")
        shared = body.get("is_ext_shared_channel") is True
    else:
        home, shared = _dict(body, "user").get("team_id"), len(where) == 1
    return Person(where[-1], user, shared and home is not None and home not in where)


def workspace_of(body: Body) -> tuple[str, ...]:
    """Return the workspace that a request is for, then its organization if it has one.

    In a channel that is shared, an event names the workspace of whoever wrote; the one that
    Cairn is installed in stands in its authorizations.
    """
    given = next(iter(_list(body, "authorizations")), None)
    held: Body = given if isinstance(given, dict) else {}
    teams = (
        held.get("team_id"),
        body.get("context_team_id"),
        body.get("team_id"),
        _dict(body, "team").get("id"),
        _dict(body, "user").get("team_id"),
    )
    wholes = (
        held.get("enterprise_id"),
        body.get("context_enterprise_id"),
        body.get("enterprise_id"),
        _dict(body, "enterprise").get("id"),
    )
    found = (_first(teams), _first(wholes))
    return tuple(one for one in found if one is not None)


def _first(candidates: tuple[object, ...]) -> str | None:
    return next((one for one in candidates if _is_id(one)), None)


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value.isascii() and 0 < len(value) <= _LONGEST_ID


def fields_of(state: object) -> Fields:
    """Return what the fields of ``state.values`` hold; what is not of our making is left out."""
    picked: dict[str, tuple[str, ...]] = {}
    question = typed = ""
    values = state.get("values") if isinstance(state, dict) else None
    for block, held in (values if isinstance(values, dict) else {}).items():
        for name, element in (held if isinstance(held, dict) else {}).items():
            if not isinstance(element, dict):
                continue
            if name == "say":
                typed = element["value"] if isinstance(element.get("value"), str) else ""
                continue
            picked[name] = _picked(element)
            if name == "pick":
                question = block.rpartition(":")[2]
    return Fields(picked, question, typed)


def _picked(element: Body) -> tuple[str, ...]:
    several = element.get("selected_options")
    options = several if isinstance(several, list) else [element.get("selected_option")]
    values = [one.get("value") for one in options[:_MOST] if isinstance(one, dict)]
    return tuple(value for value in values if isinstance(value, str))


def _list(body: Body, name: str) -> list[Any]:
    found = body.get(name)
    return found if isinstance(found, list) else []


def _dict(body: Body, name: str) -> Mapping[str, Any]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def language_shown(body: Body) -> Lang | None:
    """Return the language of the card that was pressed, by the names of its blocks."""
    names = list(_dict(_dict(body, "state"), "values"))
    view = _dict(body, "view")
    for block in (*_list(body, "actions"), *_list(view, "blocks")):
        name = block.get("block_id") if isinstance(block, dict) else None
        names.append(name if isinstance(name, str) else "")
    for name in names:
        for lang in LANGS:
            if lang in name.split(":")[1:2]:
                return lang
    return None


def plain_words(text: object) -> str:
    """Return what somebody typed as they typed it, without the names they point at."""
    if not isinstance(text, str):
        return ""
    words = _POINTERS.sub(lambda found: found["label"] or found["link"] or "", text)
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def language_of(profile: Body) -> Lang | None:
    """Return the language of a person's profile, where it is one of ours."""
    locale = profile.get("locale")
    tongue = locale[:2].lower() if isinstance(locale, str) else ""
    return next((lang for lang in LANGS if lang == tongue), None)
