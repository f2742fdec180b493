"""What did a person do? A press or a form of Slack becomes a move.

Who they are comes from the envelope that was verified, never from what a button or a field
holds; where they were comes from a capsule that opens for them only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.conversation import (
    Act,
    Back,
    Change,
    Choose,
    Look,
    Move,
    Open,
    Say,
    StartOver,
)
from bot.guidance.pages import HOME, Part
from bot.guidance.screen import Trouble
from bot.guidance.words import LANGS, Lang
from bot.seal import Spot

Body = Mapping[str, Any]
_MOST: Final = 50
_POINTERS: Final = re.compile(
    r"<(?:[@#!][^<>|]*|(?P<link>(?:https?|mailto|tel):[^<>|]*))(?:\|(?P<label>[^<>]*))?>"
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who did it, from the envelope: the workspace, the user, and the workspace they belong to."""

    team: str
    user: str
    home: str

    @property
    def key(self) -> tuple[str, str]:
        """What their work is kept in order by."""
        return (self.team, self.user)


@dataclass(frozen=True, slots=True)
class Fields:
    """What the fields of a form hold: what was picked, by field, and what was typed."""

    picked: Mapping[str, tuple[str, ...]]
    question: str = ""
    typed: str = field(default="", repr=False)

    def first(self, name: str) -> str | None:
        """Return the first thing picked in a field."""
        found = self.picked.get(name, ())
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Step:
    """A move, and the page of the reply that is asked for."""

    move: Move
    number: int = 1
    trouble: Trouble | None = None


def person_of(body: Body) -> Person | None:
    """Return who sent a command, a press or an event; nobody where the envelope does not say."""
    event = body.get("event")
    if isinstance(event, dict):
        inner = event.get("message") if event.get("subtype") == "message_changed" else event
        source = inner if isinstance(inner, dict) else event
        user, team = source.get("user"), body.get("team_id")
        home = source.get("user_team") or source.get("team")
    elif isinstance(body.get("user"), dict):
        user, home = body["user"].get("id"), body["user"].get("team_id")
        team = _dict(body, "team").get("id") or home
    else:
        user, team, home = body.get("user_id"), body.get("team_id"), None
    if not isinstance(user, str) or not isinstance(team, str) or not user or not team:
        return None
    return Person(team, user, home if isinstance(home, str) and home else team)


def workspace_of(body: Body) -> tuple[str, ...]:
    """Return the workspace and the organization that a request says it comes from."""
    found = [body.get("team_id"), _dict(body, "team").get("id"), _dict(body, "user").get("team_id")]
    first = next((one for one in found if isinstance(one, str) and one), None)
    whole = body.get("enterprise_id") or _dict(body, "enterprise").get("id")
    return tuple(one for one in (first, whole) if isinstance(one, str) and one)


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


def step_of(do: str, spot: Spot, fields: Fields) -> Step:
    """Return the move that a press means at ``spot``; what is not understood looks again."""
    name, _, rest = do.partition(":")
    lang, asking = spot.lang, spot.asking
    act: Act = Look()
    number, trouble = 1, None
    match name:
        case "first":
            picked = fields.first("lang")
            lang = next((one for one in LANGS if one == picked), lang)
            act = Say(fields.typed) if fields.typed.strip() else Open(fields.first("goto") or HOME)
        case "choose":
            act = Choose(fields.question, fields.picked.get("pick", ()))
        case "goto":
            place = fields.first("goto")
            if fields.typed.strip():
                act = Say(fields.typed)
            elif place:
                act = Open(place)
            else:
                trouble = Trouble.NOTHING_PICKED
        case "open":
            act, asking = Open(rest), None
        case "return":
            act, asking = Open(spot.came_from or HOME), None
        case "back":
            act = Back()
        case "change":
            act = Change(fields.first("change") or rest)
        case "start_over":
            act, asking = StartOver(), None
        case "why" | "outline" | "private":
            act = Look(_part(rest or name))
        case "language":
            lang = "en" if lang == "fr" else "fr"
            act = Look(_part(rest))
        case "page":
            part, _, page = rest.partition(":")
            act = Look(_part(part))
            number = int(page) if page.isdecimal() and len(page) <= 2 else 1  # noqa: PLR2004
        case _:
            asking = None
    move = Move(spot.place, lang, act, asking, spot.came_from, spot.version or None)
    return Step(move, number, trouble)


def _part(name: str) -> Part:
    return Part(name) if name in tuple(Part) else Part.WHOLE


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
