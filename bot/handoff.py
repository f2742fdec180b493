"""How does an office of an organization take hand-offs? Its desk, as the organization describes it.

An office without a desk is a card: people see how to reach it, and nothing is sent.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.guidance.fit import optional_text, text_of
from bot.guidance.model import HANDS_OVER
from bot.guidance.problems import Report
from bot.guidance.read import Node

LEVELS: Final = ("unclassified", "protected_a", "protected_b")
"""How sensitive what is written may be, from the lowest; these are ceilings of a platform."""

MAIL: Final = "mail"
REPLY_WITHIN: Final = 2
"""Working days until the first reply is due, unless the office sets another number."""

SERVICE: Final = "https://smba.trafficmanager.net/teams/"
"""Where the service of Teams is, unless the desk names another address."""

_HOLDERS: Final = 2
_SENSITIVE: Final = "protected_b"
"""What a case may hold unless the office declares otherwise: it is mostly about a person."""

_GUID: Final = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_FORMS: Final = {
    ("slack", "channel"): (
        r"[CG][A-Z0-9]{2,20}",
        "the id of a Slack channel, such as C0123456789",
        "l’identifiant d’un canal Slack, comme C0123456789",
    ),
    ("slack", "tenant"): (
        r"[TE][A-Z0-9]{2,20}",
        "the id of a Slack workspace (T…) or organization (E…)",
        "l’identifiant d’un espace de travail (T…) ou d’une organisation (E…) Slack",
    ),
    ("slack", "person"): (
        r"[UW][A-Z0-9]{2,20}",
        "the member id of a person in Slack, such as U0123456789",
        "l’identifiant de membre d’une personne dans Slack, comme U0123456789",
    ),
    ("teams", "channel"): (
        r"19:[^\s;/@]+@thread\.(?:tacv2|skype|v2)",
        "the id of a Teams channel or group chat, such as 19:…@thread.tacv2",
        "l’identifiant d’un canal ou d’un clavardage de groupe Teams, comme 19:…@thread.tacv2",
    ),
    ("teams", "tenant"): (
        _GUID,
        "the id of a Teams tenant: 32 digits and letters a to f, in five groups",
        "l’identifiant d’un locataire Teams : 32 chiffres et lettres de a à f, en cinq groupes",
    ),
    ("teams", "person"): (
        _GUID,
        "the object id of a person in Entra: 32 digits and letters a to f, in five groups",
        "l’identifiant d’une personne dans Entra : 32 chiffres et lettres (a à f), en cinq groupes",
    ),
}  # what fits, and how it is called in English and in French
_ALWAYS: Final = frozenset({"mode", "on"})
_TEAMS_ONLY: Final = frozenset({"service"})


class Mode(StrEnum):
    """What an office gets: nothing, a name with a way to reach the person, or words as well."""

    CARD = "card"
    INTRODUCTION = "introduction"
    CASE = "case"


@dataclass(frozen=True, slots=True)
class OfficeDesk:
    """How an office takes hand-offs, and who answers for them.

    ``on`` is ``slack``, ``teams`` or ``mail``; ``channel``, ``tenant`` and ``service`` say where,
    and are empty for mail. ``deputy``, ``head`` and ``holders`` are ids of people on that
    platform. ``reply_within`` counts working days. ``non_sensitive`` is the office's declaration
    that its cases hold nothing sensitive.
    """

    mode: Mode
    on: str
    channel: str = ""
    tenant: str = ""
    service: str = ""
    deputy: str | None = None
    head: str | None = None
    holders: tuple[str, ...] = ()
    reply_within: int = REPLY_WITHIN
    non_sensitive: bool = False


def lowest(ceilings: Mapping[str, str], *platforms: str) -> str:
    """Return the lowest ceiling of some platforms; one without a ceiling is unclassified."""
    return min((ceilings.get(platform, LEVELS[0]) for platform in platforms), key=LEVELS.index)


def takes_case(
    desk: OfficeDesk, platform: str, ceilings: Mapping[str, str], free_text: Collection[str]
) -> bool:
    """Return whether words may go from somebody on ``platform`` to a desk."""
    sides = (platform, desk.on)
    return (
        desk.mode is Mode.CASE
        and all(side in HANDS_OVER and side in free_text for side in sides)
        and (desk.non_sensitive or lowest(ceilings, *sides) == _SENSITIVE)
    )


def same_id(platform: str, ident: str) -> str:
    """Return the id of a person or a tenant as it is compared: Teams writes it in either case."""
    return ident.lower() if platform == "teams" else ident


def read_desk(node: Node, office: Node, file: str, report: Report) -> OfficeDesk:
    """Read the desk of an office, both of which fit their shapes; problems go to ``report``."""
    mode, on = Mode(text_of(node["mode"])), text_of(node["on"])
    for key, value in node.entries():
        alien = key not in _ALWAYS if on == MAIL else on != "teams" and key in _TEAMS_ONLY
        if alien:
            report("C712", file, value.line, key=key, rival=f"on: {on}")
    if office.get("does_not_exist") is not None:
        report("C712", file, node.line, key="desk", rival="does_not_exist: true")
    if on == MAIL:
        if mode is Mode.CASE:
            report("C709", file, node["mode"].line)
        if office.get("email") is None:
            report("C710", file, node.line)
        return OfficeDesk(mode, on)

    def ident(key: str, given: Node | None, form: str) -> str | None:
        if given is None:
            return None
        value = text_of(given)
        pattern, en, fr = _FORMS[on, form]
        if not re.fullmatch(pattern, value):
            # The value may be somebody's name, and what is reported at a start goes to a log.
            report("C711", file, given.line, key=key, wanted_en=en, wanted_fr=fr)
        return value if form == "channel" else same_id(on, value)

    for key in ("channel", "tenant"):
        if node.get(key) is None:
            report("C111", file, node.line, key=key)
    hold, days = node.get("hold"), node.get("reply_within")
    held_by = [ident("hold", item, "person") for item in hold.each()] if hold is not None else []
    holders = tuple(dict.fromkeys(one for one in held_by if one is not None))
    if hold is not None and len(holders) < _HOLDERS:
        report("C713", file, hold.line, count=len(holders))
    missing = [key for key in ("deputy", "head", "hold") if node.get(key) is None]
    if mode is Mode.CASE and missing:
        report("C714", file, node.line, missing=", ".join(missing))
    if office.get("hours") is None and office.get("always_open") is None:
        report("C716", file, node.line)
    return OfficeDesk(
        mode=mode,
        on=on,
        channel=ident("channel", node.get("channel"), "channel") or "",
        tenant=ident("tenant", node.get("tenant"), "tenant") or "",
        service=(optional_text(node.get("service")) or SERVICE) if on == "teams" else "",
        deputy=ident("deputy", node.get("deputy"), "person"),
        head=ident("head", node.get("head"), "person"),
        holders=holders,
        reply_within=int(text_of(days)) if days is not None else REPLY_WITHIN,
        non_sensitive=node.get("non_sensitive") is not None,
    )
