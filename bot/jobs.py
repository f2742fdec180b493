"""What is done at regular times, without anybody asking for it?

Each replica does all of it: a timer is recorded in the transaction that acts on it, so that
whoever comes second finds nothing left to do.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from bot.desk.timekeeping import Timekeeper
from bot.errors import CairnError
from bot.privacy import OWN, where_of

_EVERY: Final = 30.0
_PURGE: Final = 120
"""How many rounds go by from one purge to the next: an hour."""


async def keep_time(keeper: Timekeeper) -> None:
    """Do what is due, every half minute, until cancelled."""
    rounds = 0
    while True:
        try:
            await keeper.tick()
            if rounds % _PURGE == 0:
                await keeper.purge()
        except CairnError as error:
            logging.getLogger(OWN).error("the store: %s", error.words.en)  # noqa: TRY400
        except Exception as error:  # noqa: BLE001 the next round must come
            logging.getLogger(OWN).error(  # noqa: TRY400 a traceback may hold content
                "%s in %s", type(error).__name__, where_of(error)
            )
        rounds += 1
        await asyncio.sleep(_EVERY)
