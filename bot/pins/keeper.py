"""How do pins come to show what is said now? One call to a platform at a time, until they do.

A pin is brought from what stands to what should stand. What may be done twice is done twice rather
than not at all: an edit made again changes nothing, a post or a line is seen twice at the worst.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Final

from bot.conversation import Conversation, Move, Open, Reply
from bot.errors import CairnError
from bot.guidance.model import Guidance, Materiality, Revision
from bot.guidance.pages import HOME
from bot.guidance.words import LANGS, Lang
from bot.organization import Organization
from bot.pins.port import Board, Drawn, Held
from bot.pins.service import Pins
from bot.platforms import GoneError, LaterError, Place, PlatformError, RefusedError
from bot.privacy import OWN, where_of
from bot.store.pins import LEAVING, POSTING, STANDING, Pin, Wanted

WAITS: Final = (5, 15, 60, 300, 1_800, 3_600)
"""Seconds after the first, the second and each later attempt at one pin."""

_REFUSED: Final = 86_400.0
_MOST_REFUSED: Final = 7
"""Days on which a platform may refuse to change a post, or to let it go, until it is given up."""

_LONGEST_POSTING: Final = 20
"""Attempts at a first post: most of a day. After that nobody expects it any more."""

_LONGEST_PAUSE: Final = 300.0
_POLL: Final = 2.0
_ROUND: Final = 900.0
"""Seconds from one look for what has changed to the next: a day ends, a notice begins."""

_TICK: Final = 0.005
"""Seconds that a turn is waited for longer, so that it is surely there."""

_TELL: Final = 60.0
"""Seconds from one line about the progress to the next."""

Sleep = Callable[[float], Awaitable[None]]


_Now = tuple[Guidance, Organization | None, date]
"""All that a post depends on, besides which one it is."""


class Keeper:
    """Brings the pins of all platforms to where they belong."""

    def __init__(
        self,
        pins: Pins,
        boards: Mapping[str, Board],
        conversations: Mapping[str, Conversation],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Take the boards and the conversations by platform; nothing said there is counted."""
        self._pins = pins
        self._boards = boards
        self._conversations = conversations
        self._sleep = sleep
        self._failed = dict.fromkeys(boards, 0)
        self._behind: set[str] = set()
        self._begun: set[asyncio.Future[bool]] = set()
        self._ahead = 0
        """Pins that are left to guidance with more revisions, as was said last."""
        self._bell = asyncio.Event()
        self._now: _Now | None = None
        self._drawn: dict[tuple[str, str, str], Drawn] = {}

    # -- what should stand

    def draw(self, platform: str, summary: str, langs: str) -> Drawn:
        """Return a summary as it should stand on a platform.

        Raises:
            RefusedError: it does not fit into one message.

        """
        talk, key = self._conversations[platform], (platform, summary, langs)
        now = (talk.guidance, talk.organization, talk.today)
        if self._now is None or not _same(self._now, now):
            # Of what was said before nothing is kept: each post would keep a whole guidance.
            self._now, self._drawn = now, {}
        if key in self._drawn:
            return self._drawn[key]
        replies = [_reply(talk, summary, lang) for lang in langs_of(langs)]
        concerned = revisions_of(talk.guidance, summary)
        changed = concerned[-1][1].on.isoformat() if concerned else None
        board = self._boards[platform]
        try:
            drawn = board.draw(replies, changed)
        except RefusedError:
            # Names alone are better than a post that goes stale, or none.
            drawn = board.draw([_brief(reply) for reply in replies], changed)
        self._drawn[key] = drawn
        return drawn

    def revisions(self, platform: str) -> int:
        """Return how many revisions the guidance has had."""
        return len(self._conversations[platform].guidance.revisions)

    async def wake(self) -> int:
        """Find the pins that show something else than they should; return how many those are."""
        woken = leaving = ahead = 0
        for sort in await self._pins.sorts():
            talk = self._conversations.get(sort.platform)
            if talk is None:
                continue
            guidance = talk.guidance
            ahead += await self._pins.ahead(sort, len(guidance.revisions))
            if sort.summary not in guidance.summaries:
                leaving += await self._pins.dismiss(sort, len(guidance.revisions))
                continue
            try:
                drawn = self.draw(sort.platform, sort.summary, sort.langs)
            except PlatformError as error:
                _log().error("a pinned summary cannot be drawn: %s", error.code)
                continue
            told = max([n for n, _ in _substantive(guidance, sort.summary)], default=0)
            wanted = Wanted(drawn.mark, told, len(guidance.revisions))
            woken += await self._pins.wake(sort, wanted)
        if leaving:
            _log().warning("posts of summaries that are gone are taken away: %d", leaving)
        if ahead != self._ahead:
            self._ahead = ahead
            # While replicas are replaced that is as it should be; it must not stay so.
            _log().warning(
                "pins that were changed by guidance with more entries in content/changes.yaml are"
                " left as they are: %d",
                ahead,
            )
        return woken + leaving

    # -- bringing it about

    async def once(self, platform: str) -> bool:
        """Make one call for the pin that is due longest; return false where there is none."""
        known = self.revisions(platform)
        pin = await self._pins.take(platform, self._boards[platform].spacing, known)
        if pin is None:
            return False
        await self.step(pin)
        return True

    async def bring(self, pin: Pin) -> Pin | None:
        """Do all that is to be done for a pin that was taken, at once: somebody waits for it.

        Return the pin as it is then, and nothing where it is gone or somebody wants otherwise.

        Raises:
            LaterError: it is tried again later.
            PlatformError: and each of the others: it is given up.

        """
        while True:
            after, more = await self._stepped(pin, hold=True)
            if after is None or not more:
                return after
            pin = after

    async def step(self, pin: Pin) -> None:
        """Make one call for a pin that was taken; what is left has its own turn."""
        with suppress(PlatformError):  # it was written down what follows from it
            await self._stepped(pin, hold=False)

    async def _stepped(self, pin: Pin, *, hold: bool) -> tuple[Pin | None, bool]:
        """Make one call for a pin; return it as it is then, and whether more is to be done."""
        try:
            after, more = await self._call(pin)
        except GoneError:
            await self._pins.drop(pin, gone=True)
            raise
        except LaterError as error:
            await self._later(pin, error)
            raise
        except PlatformError as error:
            await self._refused(pin, error)
            raise
        except Exception:
            # What nobody foresaw must not come first for ever, before all the others.
            await self._pins.later(pin, _wait(pin), _failures(pin) + 1)
            raise
        self._failed[pin.platform] = 0
        if after is None:
            await self._pins.drop(pin, gone=True)
            return None, False
        same = await self._pins.done(pin, after, more=more, hold=hold)
        return (after if same else None), more and same

    async def _call(self, pin: Pin) -> tuple[Pin | None, bool]:
        """Make the next call for a pin; return what it is then, and whether another call follows.

        Nothing is returned in place of a pin that was taken away.
        """
        guidance = self._conversations[pin.platform].guidance
        if pin.state == LEAVING or (pin.state == POSTING and pin.summary not in guidance.summaries):
            if pin.ref:
                await self._boards[pin.platform].remove(_place(pin), pin.ref)
            return None, False
        if pin.state == POSTING:
            return await self._posted(pin, guidance), True
        return await self._kept(pin, guidance)

    async def _posted(self, pin: Pin, guidance: Guidance) -> Pin:
        """Have stand what somebody wants, where a post of it stands as well as where none does."""
        board, place = self._boards[pin.platform], _place(pin)
        drawn = self.draw(pin.platform, pin.summary, pin.langs)
        stands = replace(pin, state=STANDING, shown=drawn.mark)
        if not pin.ref:
            ref = await board.post(place, drawn)
            return replace(stands, ref=ref, told=len(guidance.revisions))
        try:
            await board.update(place, pin.ref, drawn)
        except GoneError:
            return replace(pin, ref="")  # the next call posts it
        return stands

    async def _kept(self, pin: Pin, guidance: Guidance) -> tuple[Pin, bool]:
        """Have a post show what is said now, tell what changed, and put it among the pins."""
        board, place, known = self._boards[pin.platform], _place(pin), len(guidance.revisions)
        drawn = self._wanted(pin, guidance)
        loose = pin.held == Held.UNKNOWN
        news = [one for n, one in _substantive(guidance, pin.summary) if n > pin.told]
        told = pin.told if news or drawn is None else max(pin.told, known)
        if drawn is not None and pin.shown != drawn.mark:
            await board.update(place, pin.ref, drawn)
            return replace(pin, shown=drawn.mark, told=told), bool(news) or loose
        if drawn is not None and news:
            try:
                await board.note(place, pin.ref, _line(guidance, news, langs_of(pin.langs)))
            except RefusedError as error:  # the post says it too
                _log().error("what changed cannot be said below a post: %s", error.code)
            return replace(pin, told=known), loose
        if loose:
            try:
                held = await board.hold(place, pin.ref)
            except RefusedError:
                held = Held.REFUSED
            return replace(pin, held=held.value, told=told), False
        return replace(pin, told=told), False

    def _wanted(self, pin: Pin, guidance: Guidance) -> Drawn | None:
        """Return what a pin that stands should show; nothing where it is left as it is."""
        if pin.summary not in guidance.summaries:
            return None  # ``wake`` has it taken away
        try:
            return self.draw(pin.platform, pin.summary, pin.langs)
        except PlatformError:
            return None  # ``wake`` says so, and comes back to it

    async def _later(self, pin: Pin, error: LaterError) -> None:
        failed = self._failed[pin.platform] = self._failed[pin.platform] + 1
        pause = min(2.0 ** min(failed, 10), _LONGEST_PAUSE)
        await self._pins.pause(pin.platform, max(error.wait, pause))
        if pin.state == POSTING and not pin.ref and pin.tries >= _LONGEST_POSTING:
            _log().error("a summary could not be posted: %s", error.code)
            await self._pins.drop(pin, gone=False)
            return
        await self._pins.later(pin, max(error.wait, _wait(pin)), _failures(pin) + 1)

    async def _refused(self, pin: Pin, error: PlatformError) -> None:
        tries = min(pin.tries, 0) - 1
        if not pin.ref or tries < -_MOST_REFUSED:
            _log().error("a pinned summary is given up: %s", error.code)
            await self._pins.drop(pin, gone=False)
            return
        _log().error("a pinned summary cannot be changed: %s", error.code)
        await self._pins.later(pin, _REFUSED, tries)

    # -- for ever

    def ring(self) -> None:
        """Say that something else may have to stand than before."""
        self._bell.set()

    async def run(self) -> None:
        """Keep the pins until cancelled; ``drain`` then waits for the calls that were begun."""
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(self._guarded(self._round))
            lanes.create_task(self._guarded(self._tell))
            for platform in self._boards:
                lanes.create_task(self._guarded(partial(self._lane, platform)))

    async def drain(self) -> None:
        """Wait until every call that was begun has ended."""
        while self._begun:
            await asyncio.wait(set(self._begun))

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except CairnError as error:
                _log().error("the store: %s", error.words.en)
                await self._sleep(_POLL)
            except Exception as error:  # noqa: BLE001 the next round must come
                _log().error("%s in %s", type(error).__name__, where_of(error))
                await self._sleep(_POLL)

    async def _round(self) -> None:
        self._bell.clear()
        if woken := await self.wake():
            _log().info("pins to refresh: %d", woken)
        with suppress(TimeoutError):
            async with asyncio.timeout(_ROUND):
                await self._bell.wait()

    async def _lane(self, platform: str) -> None:
        # A post that is being made is not given up half-way: it would be made once more.
        call = asyncio.ensure_future(self.once(platform))
        self._begun.add(call)
        call.add_done_callback(self._begun.discard)
        found = await asyncio.shield(call)
        await self._sleep(self._boards[platform].spacing + _TICK if found else _POLL)

    async def _tell(self) -> None:
        for platform in self._boards:
            standing = await self._pins.standing(platform)
            if standing.waiting or platform in self._behind:
                at = (platform, standing.count - standing.waiting, standing.count)
                _log().info("pins on %s: %d of %d are current", *at)
            change = self._behind.add if standing.waiting else self._behind.discard
            change(platform)
        await self._sleep(_TELL)


def langs_of(langs: str) -> tuple[Lang, ...]:
    """Return the languages of a pin in their order."""
    named = langs.split("+")
    return tuple(sorted((lang for lang in LANGS if lang in named), key=named.index))


def revisions_of(guidance: Guidance, summary: str) -> list[tuple[int, Revision]]:
    """Return the revisions that concern a summary, each with its place among all, from 1 on."""
    numbered = enumerate(guidance.revisions, start=1)
    return [(n, one) for n, one in numbered if f"summary:{summary}" in one.of]


def _substantive(guidance: Guidance, summary: str) -> list[tuple[int, Revision]]:
    concerned = revisions_of(guidance, summary)
    return [(n, one) for n, one in concerned if one.how is Materiality.SUBSTANTIVE]


def _line(guidance: Guidance, news: list[Revision], langs: tuple[Lang, ...]) -> str:
    """Return what changed, a line for each language and change."""
    said = guidance.phrases["pin_changed"]
    return "\n".join(
        said[lang].format(date=one.on.isoformat(), words=one.words[lang])
        for lang in langs
        for one in news
    )


def _failures(pin: Pin) -> int:
    """Return how often it was tried in a row to no avail, refusals not counted."""
    return max(pin.tries, 0)


def _wait(pin: Pin) -> float:
    """Return the seconds until a pin is tried again."""
    return float(WAITS[min(_failures(pin), len(WAITS) - 1)])


def _brief(reply: Reply) -> Reply:
    """Return a summary that names its offices, and not how each is reached."""
    cards = [
        replace(card, contact=replace(card.contact, phone=None, email=None, url={}))
        if card.contact is not None
        else card
        for card in reply.cards
    ]
    return replace(reply, cards=tuple(cards), tools=())


def _same(before: _Now, now: _Now) -> bool:
    """Tell whether a post that was drawn before would be drawn just so."""
    return before[0] is now[0] and before[1] is now[1] and before[2] == now[2]


def _reply(talk: Conversation, summary: str, lang: Lang) -> Reply:
    return talk.respond(Move(HOME, lang, Open(f"summary:{summary}")))


def _place(pin: Pin) -> Place:
    return Place(pin.platform, pin.tenant, pin.channel, pin.service)


def _log() -> logging.Logger:
    return logging.getLogger(OWN)
