"""What is done at regular times, without anybody asking for it?

One replica at a time does it, whichever comes first. Nothing depends on that alone: a timer is
recorded in the transaction that acts on it, so that whoever comes second finds nothing left to do.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from bot.errors import CairnError
from bot.privacy import OWN, where_of

if TYPE_CHECKING:
    from bot.desk.timekeeping import Timekeeper
    from bot.store import Store

Work = Callable[[], Awaitable[object]]

_EVERY: Final = 30.0
_PURGE: Final = 120
"""How many rounds go by from one purge to the next: an hour."""


async def keep_time(keeper: Timekeeper, store: Store) -> None:
    """Do with cases what is due, every half minute, until cancelled."""
    rounds = 0

    async def one() -> None:
        nonlocal rounds
        await keeper.tick()
        if rounds % _PURGE == 0:
            await keeper.purge()
        rounds += 1

    await at_times(by_one(store, "cases", one), _EVERY)


def by_one(store: Store, name: str, work: Work) -> Work:
    """Return the work, which is left out while another replica does it."""

    async def turn() -> None:
        async with store.alone(name) as mine:
            if mine:
                await work()

    return turn


async def at_times(work: Work, pause: float) -> None:
    """Do something every ``pause`` seconds until cancelled; errors stop nothing."""
    while True:
        try:
            await work()
        except CairnError as error:
            logging.getLogger(OWN).error("the store: %s", error.words.en)  # noqa: TRY400
        except Exception as error:  # noqa: BLE001 the next round must come
            logging.getLogger(OWN).error(  # noqa: TRY400 a traceback may hold content
                "%s in %s", type(error).__name__, where_of(error)
            )
        await asyncio.sleep(pause)
