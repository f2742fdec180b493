"""Who is told that guidance is to be reviewed, and when? Its owner: before, when, and long after.

The owner of a tree is an office. It reads of it in its channel; where it has none, in its mailbox;
and where it has neither, the log tells the operator. Each is told once, in the office's hours.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.conversation import Conversation
from bot.desk.directory import Directory
from bot.desk.hours import is_open
from bot.desk.port import Card, Letters, Platform
from bot.guidance.model import Guidance, Tree
from bot.guidance.walk import GRACE
from bot.guidance.words import LANGS, Lang
from bot.organization import Contact, Organization, stand_in
from bot.platforms import LaterError, Place, PlatformError
from bot.privacy import OWN
from bot.store import Store, reviews
from bot.store.reviews import Review

BEFORE: Final = timedelta(days=30)
"""How long before the date its owner is told."""

WAITS: Final = (60, 300, 1_800, 3_600)
"""Seconds after the first, the second and each later attempt."""

_MOST: Final = 100
"""Attempts at telling an owner: some four days."""

_LATER: Final = timedelta(minutes=30)
"""How long after a closed office is looked at again."""


class Stage(StrEnum):
    """How far a review is due; a later one stands in for those that nobody was told of."""

    SOON = "soon"
    OVER = "over"
    WITHDRAWN = "withdrawn"


def stage_of(tree: Tree, today: date) -> Stage | None:
    """Return the stage that has begun last; nothing while there is plenty of time."""
    if today > tree.review_by + GRACE:
        return Stage.WITHDRAWN
    if today > tree.review_by:
        return Stage.OVER
    return Stage.SOON if today >= tree.review_by - BEFORE else None


@dataclass(frozen=True, slots=True)
class _Notice:
    """What one owner is told at once: of trees with the same date and at the same stage."""

    owner: str
    review_by: date
    stage: Stage
    trees: tuple[Tree, ...]
    rows: tuple[Review, ...]


class Reviews:
    """Tells owners of what is to be reviewed."""

    def __init__(
        self,
        store: Store,
        conversation: Conversation,
        platforms: Mapping[str, Platform],
        letters: Letters | None,
    ) -> None:
        """Take the store, the conversation whose guidance is looked at, and the ways to owners."""
        self._store = store
        self._conversation = conversation
        self._platforms = platforms
        self._letters = letters

    async def tick(self) -> int:
        """Tell whoever is to be told now; return how many were told."""
        guidance, organization = self._conversation.guidance, self._conversation.organization
        async with self._store.transaction() as transaction:
            now, connection = transaction.now, transaction.connection
            today = now.astimezone(organization.zone if organization else None).date()
            begun = {
                Review(tree.id, tree.review_by.isoformat(), stage): tree
                for tree in guidance.trees.values()
                if (stage := stage_of(tree, today)) is not None
            }
            for review in begun:
                await reviews.add(connection, review, int(now.timestamp()))
            due = await reviews.take(connection, int(now.timestamp()))
            for row in due:
                if replace(row, tries=0) not in begun:
                    # It was reviewed meanwhile, or has come further.
                    await reviews.settle(connection, row, None)
        current = [row for row in due if replace(row, tries=0) in begun]
        told = 0
        for notice in _notices(guidance, current):
            told += await self._tell(notice, now)
        return told

    async def _tell(self, notice: _Notice, now: datetime) -> bool:
        """Tell one owner, if it may be told now; return whether it was."""
        guidance, organization = self._conversation.guidance, self._conversation.organization
        contact = _contact(guidance, organization, notice.owner)
        place = Directory(organization).place(contact.office) if organization and contact else None
        if contact is None or not (place or (contact.email and self._letters)):
            names = ", ".join(tree.id for tree in notice.trees)
            _log().warning(
                "to be reviewed by %s: %s; there is no way to tell its owner, %s",
                notice.review_by.isoformat(), names, notice.owner,
            )  # fmt: skip
            await self._settle(notice, None)
            return False
        if not is_open(contact, now):
            await self._settle(notice, now + _LATER)
            return False
        tries = notice.rows[0].tries
        try:
            await self._bring(notice, contact, place)
        except LaterError as error:
            if tries < _MOST:
                wait = max(error.wait, float(WAITS[min(tries, len(WAITS) - 1)]))
                await self._settle(notice, now + timedelta(seconds=wait), tried=True)
                return False
            _log().error("an owner cannot be told of a review: %s", error.code)
        except PlatformError as error:
            _log().error("an owner cannot be told of a review: %s", error.code)
        await self._settle(notice, None)
        return True

    async def _bring(self, notice: _Notice, contact: Contact, place: Place | None) -> None:
        guidance, langs = self._conversation.guidance, contact.languages or LANGS
        say = guidance.phrases
        subject = " · ".join(say["owner_subject"][lang] for lang in langs)
        texts = [_text(guidance, notice, lang) for lang in langs]
        if place is not None:
            await self._platforms[place.platform].post(
                place, Card(subject, [subject, *texts], (), "", langs[0])
            )
        else:
            assert self._letters is not None
            assert contact.email is not None
            ident = f"review-{notice.owner}-{notice.stage}-{notice.review_by.isoformat()}"
            await self._letters.send(contact.email, subject, "\n\n".join(texts) + "\n", ident)

    async def _settle(self, notice: _Notice, due: datetime | None, *, tried: bool = False) -> None:
        """Write down that an owner was told, or when to try again."""
        at = int(due.timestamp()) if due is not None else None
        async with self._store.transaction() as transaction:
            for row in notice.rows:
                await reviews.settle(transaction.connection, row, at, tried=tried)


def _notices(guidance: Guidance, rows: Iterable[Review]) -> Iterator[_Notice]:
    """Yield what each owner is told at once."""
    found: dict[tuple[str, date, Stage], list[Review]] = {}
    for row in rows:
        tree = guidance.trees[row.tree]
        found.setdefault((tree.owner, tree.review_by, Stage(row.stage)), []).append(row)
    for (owner, review_by, stage), mine in found.items():
        trees = tuple(guidance.trees[row.tree] for row in mine)
        yield _Notice(owner, review_by, stage, trees, tuple(mine))


def _contact(guidance: Guidance, organization: Organization | None, owner: str) -> Contact | None:
    """Return how an owner is reached, or the office that stands in for it."""
    if organization is None:
        return None
    contact = organization.contacts.get(owner)
    if contact is not None and contact.exists:
        return contact
    instead = stand_in(owner, guidance.offices, organization.contacts)
    return organization.contacts.get(instead) if instead is not None else None


def _text(guidance: Guidance, notice: _Notice, lang: Lang) -> str:
    say = guidance.phrases
    last = notice.review_by + GRACE
    titles = "; ".join(tree.title[lang] for tree in notice.trees)
    told = say[f"owner_{notice.stage}"][lang].format(
        titles=titles, date=notice.review_by.isoformat(), last=last.isoformat()
    )
    return f"{told} {say['owner_how'][lang]}"


def _log() -> logging.Logger:
    return logging.getLogger(OWN)
