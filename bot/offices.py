"""Which office can take a hand-off, in which way, and which offices are offered in which order?

Nothing here asks a platform: whether it is switched on and whether a channel is private is seen
to by others, as is the exclusion of the person who asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.guidance.model import HANDS_OVER, Guidance, Office
from bot.guidance.words import Lang
from bot.handoff import LEVELS, Mode, lowest, takes_case
from bot.moments import day_words, hour_words, zone_words
from bot.organization import Contact, Opening, Organization, opening, stand_in

ANSWER: Final = "office_because_answer"
INSTEAD: Final = "office_because_instead"
LANGUAGE: Final = "office_because_language"
OPEN: Final = "office_because_open"
OPENS: Final = "office_because_opens"


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody reaches an office, and how sensitive what they write to it may be.

    ``stands_for`` is the office that was asked for, where the organization does not have it.
    """

    office: str
    mode: Mode
    level: str
    stands_for: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """An office that is offered, with the names of the phrases that say why.

    ``opening`` is nothing where the hours of the office are not known.
    """

    way: Way
    reasons: tuple[str, ...]
    opening: Opening | None = None


def way(organization: Organization, kinds: Mapping[str, Office], office: str, platform: str) -> Way:
    """Return how somebody on ``platform`` reaches an office, or the one that stands in for it.

    An office that the organization does not have, and for which none stands in, is a card: it
    says so itself.
    """
    asked: str | None = None
    if not _exists(organization, office):
        instead = stand_in(office, kinds, organization.contacts)
        if instead is not None:
            office, asked = instead, office
    contact = organization.contacts.get(office)
    desk = contact.desk if contact is not None and contact.exists else None
    if desk is None or kinds[office].card_only or platform not in HANDS_OVER:
        mode, level = Mode.CARD, LEVELS[0]
    else:
        mode = Mode.INTRODUCTION
        if takes_case(desk, platform, organization.ceilings, organization.free_text):
            mode = Mode.CASE
        level = lowest(organization.ceilings, platform, desk.on)
    return Way(office, mode, level, asked)


def offers(
    guidance: Guidance,
    organization: Organization,
    platform: str,
    named: Sequence[str],
    *,
    lang: Lang,
    now: datetime,
) -> tuple[Offer, ...]:
    """Return the offices to choose from, each once, the best first.

    ``named`` are those of the person's answer, and their order stays. Without an answer all that
    have a desk are offered: those that serve the person's language first, then those open now.
    """
    known = [name for name in named if name in guidance.offices]
    asked = known or [name for name in guidance.offices if _has_desk(organization, name)]
    found: dict[str, Offer] = {}
    for name in asked:
        one = way(organization, guidance.offices, name, platform)
        if one.office in known:
            one = replace(one, stands_for=None)
        if one.office not in found and _exists(organization, one.office):
            contact = organization.contacts.get(one.office)
            found[one.office] = _offer(one, contact, lang, now, answered=bool(known))
    ranked = list(found.values())
    return tuple(ranked if known else sorted(ranked, key=_rank))


def because(guidance: Guidance, offer: Offer, lang: Lang) -> tuple[str, ...]:
    """Return the sentences that say why an office is offered."""
    places: dict[str, str] = {}
    if offer.way.stands_for is not None:
        places["office"] = guidance.offices[offer.way.stands_for].name[lang]
    if offer.opening is not None and offer.opening.changes is not None:
        at = offer.opening.changes
        places |= {"day": day_words(at, lang), "time": hour_words(at, lang),
                   "zone": zone_words(at, lang)}  # fmt: skip
    return tuple(guidance.phrases[name][lang].format(**places) for name in offer.reasons)


def _offer(
    way: Way, contact: Contact | None, lang: Lang, now: datetime, *, answered: bool
) -> Offer:
    reasons = []
    if way.stands_for is not None:
        reasons.append(INSTEAD)
    elif answered:
        reasons.append(ANSWER)
    if contact is None:
        return Offer(way, tuple(reasons))
    if lang in contact.languages:
        reasons.append(LANGUAGE)
    hours = opening(contact, now)
    if hours is not None and hours.is_open:
        reasons.append(OPEN)
    elif hours is not None and hours.changes is not None:
        reasons.append(OPENS)
    return Offer(way, tuple(reasons), hours)


def _rank(offer: Offer) -> tuple[bool, bool]:
    return LANGUAGE not in offer.reasons, OPEN not in offer.reasons


def _exists(organization: Organization, office: str) -> bool:
    contact = organization.contacts.get(office)
    return contact is None or contact.exists


def _has_desk(organization: Organization, office: str) -> bool:
    contact = organization.contacts.get(office)
    return contact is not None and contact.exists and contact.desk is not None
