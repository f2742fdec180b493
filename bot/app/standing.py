"""What works beside the channels? Pins, reviews, and the desk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from bot.app.parts import Parts, channels_of
from bot.app.reading import utc_now
from bot.conversation import Conversation
from bot.jobs import at_times, by_one
from bot.privacy import OWN, where_of
from bot.settings import Settings

if TYPE_CHECKING:
    from aiohttp import web


_OFTEN: Final = 300.0
_AGAIN: Final = 30.0
_DRAIN: Final = 5.0
"""Seconds that pins which are being brought to what they should be may take at the end."""


def add_pins(application: web.Application, parts: Parts, keys: Sequence[bytes]) -> None:
    """Add the pins, which stand in channels and are kept current."""
    from bot.forms import PINS
    from bot.pins.counter import PinCounter
    from bot.pins.keeper import Keeper
    from bot.pins.port import Board
    from bot.pins.service import Pins
    from bot.seal import Envelope

    async def running(application: web.Application) -> AsyncIterator[None]:
        channels = channels_of(application)
        boards: dict[str, Board] = {name: channel.board for name, channel in channels.items()}
        quiet = {name: parts.quiet.on(name) for name in channels}
        pins = Pins(application[parts.store])
        keeper = Keeper(pins, boards, quiet)
        counter = PinCounter(pins, keeper, boards, parts.quiet, Envelope(keys, utc_now))

        async def left(platform: str, tenant: str, channel: str | None) -> None:
            await pins.forget(platform, tenant, channel)

        for channel in channels.values():
            channel.serve(PINS, counter)
            channel.on_left = left
        parts.conversation.follow(lambda _: keeper.ring())
        keeping = asyncio.create_task(keeper.run())
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            # What does not end in time is done by the next process: a row is its own outbox.
            with suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN):
                    await keeper.drain()
                    await counter.drain()

    application.cleanup_ctx.append(running)


def add_reviews(application: web.Application, settings: Settings, parts: Parts) -> None:
    """Add what tells owners that their guidance is to be reviewed."""
    from bot.desk.port import Letters
    from bot.mail import SmtpLetters
    from bot.reviews import Reviews

    async def running(application: web.Application) -> AsyncIterator[None]:
        server = settings.mail_server
        letters: Letters | None = SmtpLetters(server) if server is not None else None
        platforms = {name: channel.platform for name, channel in channels_of(application).items()}
        reviews = Reviews(application[parts.store], parts.conversation, platforms, letters)
        turn = by_one(application[parts.store], "reviews", reviews.tick)
        task = asyncio.create_task(at_times(turn, _OFTEN))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    application.cleanup_ctx.append(running)


def add_desk(
    application: web.Application, settings: Settings, parts: Parts, keys: Sequence[bytes]
) -> None:
    """Add the desk, which hands over to offices, as soon as the channels are there."""
    from bot.delivery import Delivery
    from bot.desk.archive import Archive
    from bot.desk.cards import Cards
    from bot.desk.counter import DeskCounter
    from bot.desk.directory import Directory
    from bot.desk.port import Letters, Platform
    from bot.desk.posting import Posting
    from bot.desk.readers import Audience
    from bot.desk.service import Desk
    from bot.desk.timekeeping import Timekeeper
    from bot.desk.vault import Vault
    from bot.forms import DESK
    from bot.jobs import keep_time
    from bot.mail import SmtpLetters
    from bot.seal import Envelope

    def start(application: web.Application) -> list[asyncio.Task[None]]:
        """Have the desk of the present guidance and organization served."""
        conversation = parts.conversation
        organization, guidance = conversation.organization, conversation.guidance
        assert organization is not None
        archive = Archive(application[parts.store], Vault(settings.case_key_bytes))
        directory = Directory(organization)
        server = settings.mail_server
        letters: Letters | None = SmtpLetters(server) if server is not None else None
        channels = channels_of(application)
        platforms: dict[str, Platform] = {
            name: channel.platform for name, channel in channels.items()
        }
        delivery = Delivery(
            Posting(archive), directory, Cards(guidance, directory), platforms, letters
        )
        for name, channel in channels.items():
            channel.serve(
                DESK,
                DeskCounter(
                    Desk(archive, directory),
                    directory,
                    Audience(platforms, directory),
                    conversation.on(name, hands_over=True),
                    organization=organization,
                    envelope=Envelope(keys, utc_now),
                    clock=utc_now,
                    ring=delivery.ring,
                ),
            )
        return [
            asyncio.create_task(delivery.run()),
            asyncio.create_task(
                keep_time(Timekeeper(archive, directory), application[parts.store])
            ),
        ]

    async def running(application: web.Application) -> AsyncIterator[None]:
        async with _anew_with_each(parts.conversation, lambda: start(application)):
            yield

    application.cleanup_ctx.append(running)


@asynccontextmanager
async def _anew_with_each(
    conversation: Conversation, start: Callable[[], list[asyncio.Task[None]]]
) -> AsyncIterator[None]:
    """Start tasks, and anew whenever other guidance is said, until the block ends."""
    changed, work = asyncio.Event(), start()
    conversation.follow(lambda _: changed.set())

    async def stop() -> None:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    async def follow() -> None:
        while True:
            await changed.wait()
            changed.clear()
            await stop()
            try:
                work[:] = start()
            except Exception as error:  # noqa: BLE001 else nothing is delivered any more, unseen
                work.clear()
                logging.getLogger(OWN).error(  # noqa: TRY400 a traceback may hold content
                    "%s in %s", type(error).__name__, where_of(error)
                )
                await asyncio.sleep(_AGAIN)
                changed.set()

    following = asyncio.create_task(follow())
    try:
        yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await stop()
