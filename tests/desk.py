"""A desk to test with: a real store and service, and chats at the port that can fail.

    async with world(address) as desk:
        case = await desk.send()                    # as somebody who asks, ready to be delivered
        await desk.deliver()                        # everything that is due
        await desk.service.claim(case, desk.officers[0])

The clock stands still until it is moved. ``Chat`` is a counterpart of ``bot.desk.port.Platform``:
it holds channels with members and cards, refuses what a platform would, and fails on demand.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType

from bot.app import read_guidance
from bot.conversation import Conversation
from bot.delivery import Delivery
from bot.desk.archive import Archive
from bot.desk.cards import Cards
from bot.desk.case import Case
from bot.desk.counter import DeskCounter
from bot.desk.directory import Directory
from bot.desk.port import Card, Letters, Platform, Reader
from bot.desk.posting import Posting
from bot.desk.readers import Audience
from bot.desk.service import Desk, Sending
from bot.desk.timekeeping import Timekeeper
from bot.desk.vault import Vault
from bot.guidance.model import Guidance
from bot.handoff import MAIL, Mode, OfficeDesk
from bot.organization import Organization
from bot.platforms import GoneError, OpenError, Place, PlatformError, Who
from bot.seal import Envelope
from bot.store import Store, open_store
from tests.conftest import NOON, ROOT, SAMPLE, TODAY

CASE_KEY, NEXT_KEY, SEAL = (bytes([n]) * 32 for n in (7, 8, 9))
OFFICE, OTHER, BY_MAIL = "values_ethics", "conflict_of_interest", "media_relations"
CHANNEL, OTHER_CHANNEL = "C0ETHICS", "C0CONFLICT"
TEAM = "T0CAIRN"


class Clock:
    """A clock that is moved by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Channel:
    """A private channel: who is in it, the cards in it by name, and the lines below each."""

    members: dict[str, str]
    cards: dict[str, Card] = field(default_factory=dict)
    lines: list[tuple[str, str]] = field(default_factory=list)
    is_open: bool = False


class Chat:
    """One platform: its channels, and the own chats of its people."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.channels: dict[str, Channel] = {}
        self.told: list[tuple[str, Card]] = []
        self.fault: Callable[[str], PlatformError | None] = lambda _: None
        self._numbers = itertools.count(1)

    async def readers(self, place: Place) -> tuple[Reader, ...]:
        self._fail("readers")
        channel = self.channels[place.channel]
        if channel.is_open:
            raise OpenError("public")
        return tuple(Reader(user, name) for user, name in channel.members.items())

    async def post(self, place: Place, card: Card) -> str:
        self._fail("post")
        ref = f"{next(self._numbers)}.0"
        self.channels[place.channel].cards[ref] = card
        return ref

    async def update(self, place: Place, ref: str, card: Card) -> None:
        self._fail("update")
        cards = self.channels[place.channel].cards
        if ref not in cards:
            raise GoneError("message_not_found")
        cards[ref] = card

    async def remind(self, place: Place, ref: str, line: str) -> None:
        self._fail("remind")
        if ref not in self.channels[place.channel].cards:
            raise GoneError("message_not_found")
        self.channels[place.channel].lines.append((ref, line))

    async def tell(self, who: Who, card: Card) -> None:
        self._fail("tell")
        self.told.append((who.user, card))

    def _fail(self, call: str) -> None:
        error = self.fault(call)
        if error is not None:
            raise error


class Post:
    """A mail server at the port."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str, str, str]] = []
        self.fault: PlatformError | None = None

    async def send(self, to: str, subject: str, text: str, ident: str) -> None:
        if self.fault is not None:
            raise self.fault
        self.letters.append((to, subject, text, ident))


@cache
def _sample() -> tuple[Guidance, Organization]:
    guidance, organization = read_guidance(ROOT, SAMPLE, TODAY)
    assert organization is not None
    return guidance, organization


def organization_with(desks: Mapping[str, OfficeDesk], **changed: object) -> Organization:
    """The sample organization, in which these offices take hand-offs, and words may go anywhere."""
    _, sample = _sample()
    contacts = {
        name: replace(contact, desk=desks.get(name)) for name, contact in sample.contacts.items()
    }
    open_to_words = {
        "free_text": ("web", "terminal", "slack", "teams"),
        "ceilings": MappingProxyType({"slack": "protected_b", "teams": "protected_b"}),
    }
    return replace(sample, contacts=contacts, **{**open_to_words, **changed})


def desk_on_slack(channel: str = CHANNEL, **more: object) -> OfficeDesk:
    return OfficeDesk(
        Mode.CASE,
        "slack",
        channel,
        TEAM,
        **{
            "deputy": "U0DEPUTY",
            "head": "U0HEAD",
            "holders": ("U0HOLD1", "U0HOLD2"),
            **more,
        },
    )


DESKS: Mapping[str, OfficeDesk] = {
    OFFICE: desk_on_slack(),
    OTHER: desk_on_slack(OTHER_CHANNEL, deputy=None, head=None, holders=()),
    BY_MAIL: OfficeDesk(Mode.INTRODUCTION, MAIL),
}


def officer(number: int) -> Who:
    return Who("slack", TEAM, f"U0OFFICER{number}", f"Officer {number}")


def person(number: int, platform: str = "teams") -> Who:
    tenant = TEAM if platform == "slack" else "a-tenant"
    return Who(platform, tenant, f"asker-{number}", f"Asker {number}", {"chat": f"chat {number}"})


HEAD = Who("slack", TEAM, "U0HEAD", "The head")
DEPUTY = Who("slack", TEAM, "U0DEPUTY", "The deputy")
HOLDERS = tuple(Who("slack", TEAM, f"U0HOLD{n}", f"Holder {n}") for n in (1, 2))
OFFICERS = tuple(officer(number) for number in range(1, 4))
READERS = (*OFFICERS, HEAD, DEPUTY)


@dataclass
class World:
    """All the parts."""

    store: Store
    archive: Archive
    directory: Directory
    service: Desk
    posting: Posting
    keeper: Timekeeper
    delivery: Delivery
    counter: DeskCounter
    slack: Chat
    teams: Chat
    post: Post
    clock: Clock
    conversation: Conversation
    _numbers: Iterable[int] = field(default_factory=lambda: itertools.count(1))

    def number(self) -> str:
        return f"AAA-{next(iter(self._numbers)):03d}"

    def sending(self, who: Who, text: str = "Some words", **changed: object) -> Sending:
        office = changed.get("office", OFFICE)
        channel = CHANNEL if office == OFFICE else OTHER_CHANNEL
        members = self.slack.channels[channel].members
        readers = {Who("slack", TEAM, user).id: name for user, name in members.items()}
        given = {
            "number": changed.pop("number", None) or self.number(),
            "office": OFFICE,
            "topic": "post_reported",
            "lang": "en",
            "mode": "case",
            "who": who,
            "readers": {} if office == BY_MAIL else readers,
            "excluded": frozenset(),
            "text": text,
        }
        return Sending(**{**given, **changed})

    async def send(self, who: Who | None = None, text: str = "Some words", **more: object) -> str:
        case: Case = await self.service.open(self.sending(who or person(1), text, **more))
        return case.number

    async def opened(self, who: Who | None = None, text: str = "Some words") -> str:
        """A case that the first officer has opened."""
        number = await self.send(who, text)
        await self.deliver()
        await self.service.claim(number, OFFICERS[0])
        await self.service.clear(number, OFFICERS[0])
        await self.deliver()
        return number

    async def deliver(self) -> int:
        """Deliver what is due; return how many things that were."""
        done = 0
        while await self.delivery.once():
            done += 1
        return done


@asynccontextmanager
async def world(
    address: str,
    *,
    keys: tuple[bytes, ...] = (CASE_KEY,),
    clock: Clock | None = None,
    desks: Mapping[str, OfficeDesk] = DESKS,
    slack: Chat | None = None,
    teams: Chat | None = None,
    post: Post | None = None,
    platforms: Mapping[str, Platform] | None = None,
    letters: Letters | None = None,
    **changed: object,
) -> AsyncIterator[World]:
    """Open a desk on a database; what is given again is what was there before a restart.

    ``platforms`` and ``letters`` take the places of the chats and of the mail server.
    """
    clock = clock or Clock()
    guidance, _ = _sample()
    organization = organization_with(desks, **changed)
    if slack is None:
        slack = Chat("slack")
        slack.channels = {
            CHANNEL: Channel({who.user: who.name for who in READERS}),
            OTHER_CHANNEL: Channel({"U0ELSE1": "Somebody", "U0ELSE2": "Somebody else"}),
        }
    teams, post = teams or Chat("teams"), post or Post()
    store = await open_store(address, (SEAL,), clock)
    try:
        archive, directory = Archive(store, Vault(keys)), Directory(organization)
        platforms = platforms or {"slack": slack, "teams": teams}
        posting, service = Posting(archive), Desk(archive, directory)
        conversation = Conversation(guidance, organization, clock, hands_over=True)
        audience = Audience(platforms, directory)
        delivery = Delivery(
            posting, directory, Cards(guidance, directory), platforms, letters or post
        )
        yield World(
            store=store,
            archive=archive,
            directory=directory,
            service=service,
            posting=posting,
            keeper=Timekeeper(archive, directory),
            delivery=delivery,
            counter=DeskCounter(
                service,
                directory,
                audience,
                conversation,
                organization=organization,
                envelope=Envelope((SEAL,), clock),
                clock=clock,
                ring=delivery.ring,
            ),
            slack=slack,
            teams=teams,
            post=post,
            clock=clock,
            conversation=conversation,
        )
    finally:
        await store.close()
