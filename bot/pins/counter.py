"""How does somebody pin a summary, or take one away? In forms, which only they see.

Nothing is kept of who it was. The channel travels in the forms, locked for the person.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter as Counts
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Final

from bot.conversation import Conversation
from bot.errors import CairnError
from bot.forms import Form, Press, Shown
from bot.guidance.model import Guidance, Source
from bot.guidance.words import LANGS, Lang
from bot.pad import Pad, with_trouble
from bot.pins.keeper import Keeper, langs_of
from bot.pins.port import Board, Held, Room
from bot.pins.service import Pins, Taken
from bot.platforms import LaterError, Place, PlatformError, Who
from bot.privacy import OWN
from bot.seal import Bearer, Envelope, NotOpenedError, Surface
from bot.store.pins import Pin

CHOOSE: Final = "pin:choose"
SEE: Final = "pin:see"
PUT: Final = "pin:put"
LEAVE: Final = "pin:leave"
REMOVE: Final = "pin:remove"

BOTH: Final = "both"
PATIENCE: Final = 1.8
"""Seconds that somebody waits until a post stands; after that it is brought about without them."""

Way = Callable[[Who, Press, Lang], Awaitable[Form]]


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the forms know of themselves: the channel, and what was chosen for it so far."""

    place: Place
    summary: str = ""
    langs: str = ""


class _NoPlaceError(Exception):
    """A form does not say any more which channel it is about, or the person has left that."""


class PinCounter:
    """Answers presses about pins."""

    def __init__(
        self,
        pins: Pins,
        keeper: Keeper,
        boards: Mapping[str, Board],
        conversation: Conversation,
        envelope: Envelope,
    ) -> None:
        """Take the parts; the boards by platform."""
        self._pins = pins
        self._keeper = keeper
        self._boards = boards
        self._conversation = conversation
        self._envelope = envelope
        self._work: set[asyncio.Task[Pin | None]] = set()
        self._ways: Mapping[str, Way] = {
            CHOOSE: self._choose,
            SEE: self._see,
            PUT: self._put,
            LEAVE: self._leave,
            REMOVE: self._remove,
        }

    @property
    def _guidance(self) -> Guidance:
        return self._conversation.guidance

    async def press(self, who: Who, press: Press, lang: Lang) -> Form:
        """Do what a press means; return what the person sees next."""
        way = self._ways.get(press.do)
        pad = Pad(self._guidance, lang)
        if way is None:
            pad.text("pin_expired")
            return pad.form()
        organization = self._conversation.organization
        if organization is not None and organization.offline and press.do in (CHOOSE, SEE, PUT):
            pad.text("pin_offline")
            return pad.form()
        try:
            return await way(who, press, lang)
        except _NoPlaceError:
            pad.text("pin_expired")
            return pad.form()
        except PlatformError as error:
            _log().error("what kind of channel it is, or who is in it, is not told: %s", error.code)
            pad.text("pin_later")
        except CairnError as error:
            _log().error("the store: %s", error.words.en)
            pad.text("pin_failed")
        with suppress(_NoPlaceError):
            wish = self._wish(who, press)
            return pad.form(pad.button(press.do, "pin_again"), held=self._held(who, wish))
        return pad.form()

    async def drain(self) -> None:
        """Wait until everything that was begun has ended."""
        while self._work:
            await asyncio.wait(set(self._work))

    # -- pinning

    async def _choose(self, who: Who, press: Press, lang: Lang) -> Form:
        wish = self._wish(who, press)
        room = await self._boards[who.platform].room(wish.place)
        if room is not Room.OPEN:
            return self._no_room(who, room, lang)
        return await self._asked(who, wish, lang)

    async def _asked(self, who: Who, wish: _Wish, lang: Lang) -> Form:
        """Return the form that asks which summary, and in which language."""
        pad = Pad(self._guidance, lang)
        pad.heading("pin_title")
        pad.text("pin_intro")
        here = {pin.summary for pin in await self._pins.of(wish.place)}
        titles = {name: card.title[lang] for name, card in self._guidance.summaries.items()}
        choices = [
            (name, pad.say("pin_here_already", title=title) if name in here else title)
            for name, title in titles.items()
        ]
        tongues = [(BOTH, pad.say("pin_lang_both"))]
        tongues += [(one, pad.say(f"pin_lang_{one}")) for one in LANGS]
        pad.pick("summary", "pin_which", choices, picked=[wish.summary] if wish.summary else ())
        chosen = wish.langs if wish.langs in LANGS else BOTH
        pad.pick("langs", "pin_lang", tongues, picked=[chosen])
        return pad.form(pad.button(SEE, "pin_see"), held=self._held(who, wish))

    async def _see(self, who: Who, press: Press, lang: Lang) -> Form:
        """Show the post just as it will stand in the channel."""
        wish = self._wish(who, press)
        summary = next(iter(press.picked.get("summary", ())), "")
        tongue = next(iter(press.picked.get("langs", ())), "")
        wish = replace(wish, summary=summary, langs=_langs(tongue, lang))
        pad = Pad(self._guidance, lang)
        if summary not in self._guidance.summaries or not wish.langs:
            form = await self._asked(who, wish, lang)
            return with_trouble(form, pad.say("trouble_nothing_picked"))
        try:
            drawn = self._keeper.draw(who.platform, summary, wish.langs)
        except PlatformError:
            form = await self._asked(who, wish, lang)
            return with_trouble(form, pad.say("pin_too_large"))
        back = pad.button(CHOOSE, "back")
        standing = [pin for pin in await self._pins.of(wish.place) if pin.summary == summary]
        if any(pin.shown == drawn.mark and pin.langs == wish.langs for pin in standing):
            pad.text("pin_same")
            again = pad.button(PUT, "pin_put_again")
            return pad.form(again, buttons=[back], held=self._held(who, wish))
        if standing:
            pad.strong("pin_replaces")
        pad.text("pin_preview")
        pad.small("pin_buttons")
        pad.parts.append(Shown(drawn.elements))
        return pad.form(pad.button(PUT, "pin_put"), buttons=[back], held=self._held(who, wish))

    async def _put(self, who: Who, press: Press, lang: Lang) -> Form:
        wish, until = self._wish(who, press), _soon()
        if wish.summary not in self._guidance.summaries or not langs_of(wish.langs):
            raise _NoPlaceError
        # It may be another kind of channel than when they began, or one that nobody looked at.
        room = await self._boards[who.platform].room(wish.place)
        if room is not Room.OPEN:
            return self._no_room(who, room, lang)
        await self._must_be_there(who, wish)
        known = self._keeper.revisions(who.platform)
        taken = await self._pins.put(wish.place, wish.summary, wish.langs, known)
        try:
            pin = await self._brought(taken, until)
        except (LaterError, TimeoutError):
            pin = None
        except PlatformError:
            # Whatever kept it out, the channel tells it best.
            room = await self._boards[who.platform].room(wish.place)
            return self._no_room(who, Room.RESTRICTED if room is Room.OPEN else room, lang)
        pad = Pad(self._guidance, lang)
        if pin is None:
            pad.text("pin_soon")
            return pad.form()
        by_hand = pin.held == Held.REFUSED
        pad.text(f"pin_done_{who.platform}" if by_hand else "pin_done")
        with suppress(PlatformError, TimeoutError):
            async with asyncio.timeout_at(until):
                address = await self._boards[who.platform].address(wish.place, pin.ref)
            if address:
                pad.small_words(f"[{pad.say('pin_address')}]({address})")
        return pad.form()

    # -- taking away

    async def _leave(self, who: Who, press: Press, lang: Lang) -> Form:
        wish = self._wish(who, press)
        pad = Pad(self._guidance, lang)
        pins = await self._pins.of(wish.place)
        if not pins:
            pad.text("pin_leave_none")
            return pad.form()
        pad.heading("pin_leave_title")
        choices = [(str(pin.id), self._title(pin, lang)) for pin in pins]
        alone = [choices[0][0]] if len(choices) == 1 else ()
        pad.pick("pins", "pin_leave_which", choices, picked=alone, many=True)
        return pad.form(pad.button(REMOVE, "pin_leave"), held=self._held(who, wish))

    async def _remove(self, who: Who, press: Press, lang: Lang) -> Form:
        wish, until = self._wish(who, press), _soon()
        pad = Pad(self._guidance, lang)
        picked = [int(one) for one in press.picked.get("pins", ()) if _is_number(one)]
        if not picked:
            form = await self._leave(who, press, lang)
            return with_trouble(form, pad.say("trouble_nothing_picked"))
        await self._must_be_there(who, wish)
        taken = await self._pins.remove(wish.place, picked)
        outcomes = [self._outcome(one, until) for one in taken]
        found = {*await asyncio.gather(*outcomes)}
        worst = next((one for one in ("pin_left_by_hand", "pin_left_soon") if one in found), None)
        pad.text(worst or "pin_left")
        return pad.form()

    async def _outcome(self, taken: Taken, until: float) -> str:
        """Take a pin away; return the phrase that says what became of it."""
        try:
            await self._brought(taken, until)
        except (LaterError, TimeoutError):
            return "pin_left_soon"
        except PlatformError:
            return "pin_left_by_hand"
        return "pin_left"

    # -- parts of them

    async def _brought(self, taken: Taken, until: float) -> Pin | None:
        """Bring a pin to where it belongs, and wait for that until then.

        Raises:
            TimeoutError: it takes longer, or somebody else is at it.
            PlatformError: the platform did not do it.

        """
        if not taken.ours:
            raise TimeoutError
        task = asyncio.ensure_future(self._keeper.bring(taken.pin))
        self._work.add(task)
        task.add_done_callback(self._ended)
        await asyncio.wait([task], timeout=max(until - _now(), 0.0))
        if not task.done():
            raise TimeoutError
        return task.result()

    def _ended(self, task: asyncio.Task[Pin | None]) -> None:
        self._work.discard(task)
        if not task.cancelled():
            task.exception()  # it was written down what follows from it

    async def _must_be_there(self, who: Who, wish: _Wish) -> None:
        """See to it that nobody changes a channel who was taken out of it since they asked.

        Raises:
            _NoPlaceError: they were.
            PlatformError: it cannot be told.

        """
        if not await self._boards[who.platform].has(wish.place, who):
            raise _NoPlaceError

    def _no_room(self, who: Who, room: Room, lang: Lang) -> Form:
        """Say why nothing can be pinned in a channel, and what can be done instead."""
        pad = Pad(self._guidance, lang)
        pad.text(f"pin_no_{room}")
        if room in (Room.ABSENT, Room.PERSONAL):
            pad.text(f"pin_how_{who.platform}")
        else:
            source = published(self._guidance)
            address = source.url.get(lang, source.url["en"])
            pad.words(f"{pad.say('pin_link')} [{source.title[lang]}]({address})")
        return pad.form()

    def _title(self, pin: Pin, lang: Lang) -> str:
        card = self._guidance.summaries.get(pin.summary)
        return card.title[lang] if card is not None else pin.summary

    def _held(self, who: Who, wish: _Wish) -> str:
        return self._envelope.lock(json.dumps(asdict(wish), ensure_ascii=True), _bearer(who))

    def _wish(self, who: Who, press: Press) -> _Wish:
        """Return what a form knows of itself, or else where it was asked for."""
        with suppress(NotOpenedError):
            held = json.loads(self._envelope.open(press.held, _bearer(who)))
            return _Wish(Place(**held["place"]), held["summary"], held["langs"])
        if press.where is None or press.do not in (CHOOSE, LEAVE):
            raise _NoPlaceError  # whoever goes on is in a form that was made for them
        return _Wish(press.where)


def published(guidance: Guidance) -> Source:
    """Return the source that the summaries lean on most."""
    named = Counts(
        ref.source for card in guidance.summaries.values() for one in card.say for ref in one.refs
    )
    return guidance.sources[named.most_common(1)[0][0]]


def _now() -> float:
    return asyncio.get_running_loop().time()


def _soon() -> float:
    """Return until when somebody waits who presses now."""
    return _now() + PATIENCE


def _langs(tongue: str, lang: Lang) -> str:
    """Return the languages of a post in their order: of both, the reader's comes first."""
    if tongue == BOTH:
        return "fr+en" if lang == "fr" else "en+fr"
    return tongue if tongue in LANGS else ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18  # noqa: PLR2004 of a database


def _bearer(who: Who) -> Bearer:
    return Bearer(who.platform, who.tenant, who.user, Surface.PINS)


def _log() -> logging.Logger:
    return logging.getLogger(OWN)
