"""What becomes of a pin when somebody wants it, changes it or wants it gone? All of it, or nothing.

Of two who want the same at once, one has it done and the other sees that it is being done.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.pins.port import Held
from bot.platforms import Place
from bot.store import Store, Transaction
from bot.store import pins as kept
from bot.store.pins import LEASE, LEAVING, POSTING, Pin, Sort, Standing, Wanted


@dataclass(frozen=True, slots=True)
class Taken:
    """A pin, and whether it is ours to bring to where it belongs; else somebody else has it."""

    pin: Pin
    ours: bool


class Pins:
    """The pins of all channels."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, place: Place) -> tuple[Pin, ...]:
        """Return the pins of a channel that stay."""
        async with self._store.transaction() as transaction:
            return await kept.of_channel(transaction.connection, place.platform, place.channel)

    async def put(self, place: Place, summary: str, langs: str, known: int) -> Taken:
        """Have a summary stand in a channel in these languages, in place of the same one.

        What stands there already is written and pinned once more in any case: who asks for it may
        see that somebody deleted it. ``known`` is of how many revisions they know who see it now.
        """
        async with self._store.transaction() as transaction:
            new = {
                "platform": place.platform,
                "tenant": place.tenant,
                "channel": place.channel,
                "service": place.service,
                "summary": summary,
                "langs": langs,
                "state": POSTING,
                "ref": "",
                "held": Held.UNKNOWN.value,
                "shown": "",
                "told": known,
                "known": known,
                "taken": 0,
                "tries": 0,
            }
            pin = await kept.in_place(transaction.connection, new)
            anew = {"langs": langs, "held": Held.UNKNOWN.value, "shown": ""}
            return await self._want(transaction, pin, state=POSTING, known=known, **anew)

    async def remove(self, place: Place, idents: Iterable[int]) -> tuple[Taken, ...]:
        """Have pins of a channel taken away; those of others are left alone."""
        found = []
        async with self._store.transaction() as transaction:
            for ident in sorted(set(idents)):  # in one order, so that no two wait for each other
                pin = await kept.find(transaction.connection, ident)
                if pin is None or (pin.platform, pin.channel) != (place.platform, place.channel):
                    continue
                found.append(await self._want(transaction, pin, state=LEAVING))
        return tuple(found)

    async def _want(self, transaction: Transaction, pin: Pin, **wanted: str | int) -> Taken:
        """Write down what is wanted of a pin now, and take it unless somebody else has it."""
        now = _seconds(transaction)
        ours = pin.taken <= now
        values = {**wanted, "due": now, "taken": now + LEASE if ours else pin.taken, "tries": 0}
        await kept.change(transaction.connection, pin.id, **values)
        return Taken(replace(pin, **values), ours)  # type: ignore[arg-type]  # by their names

    async def forget(self, platform: str, tenant: str, channel: str | None) -> int:
        """Forget the pins of a channel or a tenant that Cairn was removed from."""
        async with self._store.transaction() as transaction:
            return await kept.forget_all(transaction.connection, platform, tenant, channel)

    async def standing(self, platform: str) -> Standing:
        """Return how many pins there are on a platform, and how many of them wait."""
        async with self._store.transaction() as transaction:
            return await kept.standing(transaction.connection, platform)

    # -- for whoever brings pins to where they belong

    async def sorts(self) -> tuple[Sort, ...]:
        """Return what stands somewhere."""
        async with self._store.transaction() as transaction:
            return tuple(await kept.sorts(transaction.connection))

    async def wake(self, sort: Sort, wanted: Wanted) -> int:
        """Have the pins of a sort changed that do not show what is wanted."""
        async with self._store.transaction() as transaction:
            now = _seconds(transaction)
            return await kept.wake(transaction.connection, sort, wanted, now)

    async def ahead(self, sort: Sort, known: int) -> int:
        """Return how many pins of a sort are left to those who know of more revisions."""
        async with self._store.transaction() as transaction:
            return await kept.ahead(transaction.connection, sort, known)

    async def dismiss(self, sort: Sort, known: int) -> int:
        """Have the pins of a sort taken away, since there is no such summary any more.

        ``known`` is how many revisions the one knows who says so.
        """
        async with self._store.transaction() as transaction:
            now = _seconds(transaction)
            return await kept.dismiss(transaction.connection, sort, known, now)

    async def take(self, platform: str, spacing: float, known: int) -> Pin | None:
        """Take the next pin for which something is to be done, if it is the turn of a platform."""
        async with self._store.transaction() as transaction:
            now = transaction.now
            return await kept.take(transaction.connection, platform, now, spacing, known)

    async def pause(self, platform: str, wait: float) -> None:
        """Leave a platform alone for so many seconds."""
        async with self._store.transaction() as transaction:
            await kept.pause(transaction.connection, platform, transaction.now, wait)

    async def done(self, pin: Pin, now: Pin, *, more: bool, hold: bool) -> bool:
        """Write down what became of a pin; return false if something else is wanted of it now.

        ``more`` says that something is left to be done, and ``hold`` that whoever has it goes on
        with that at once.
        """
        async with self._store.transaction() as transaction:
            row = await kept.find(transaction.connection, pin.id)
            if row is None:
                return False
            same = (row.state, row.langs) == (pin.state, pin.langs)
            at = _seconds(transaction)
            await kept.change(
                transaction.connection,
                pin.id,
                ref=now.ref,
                held=now.held if same else row.held,
                shown=now.shown if same else "",
                told=now.told,
                state=now.state if same else row.state,
                # What is left comes before the pins that wait for their first call.
                due=(0 if more else None) if same else at,
                taken=at + LEASE if more and same and hold else 0,
                tries=0,
            )
            return same

    async def later(self, pin: Pin, wait: float, tries: int) -> None:
        """Have a pin tried again, not before ``wait`` seconds from now."""
        async with self._store.transaction() as transaction:
            row = await kept.find(transaction.connection, pin.id)
            if row is None:
                return
            same = (row.state, row.langs) == (pin.state, pin.langs)
            due = _seconds(transaction) + (round(wait) if same else 0)
            left = {"due": due, "taken": 0, "tries": tries if same else 0}
            await kept.change(transaction.connection, pin.id, **left)

    async def drop(self, pin: Pin, *, gone: bool) -> None:
        """Forget a pin, unless something else is wanted of it now than what was tried.

        ``gone`` says that its post is not there any more: whoever wants it gets a new one.
        """
        async with self._store.transaction() as transaction:
            row = await kept.find(transaction.connection, pin.id)
            if row is None:
                return
            same = (row.state, row.langs) == (pin.state, pin.langs)
            if same or (gone and row.state == LEAVING):
                await kept.forget(transaction.connection, pin.id)
                return
            anew = {"state": POSTING, "ref": "", "held": Held.UNKNOWN.value, "shown": ""}
            left = {"due": _seconds(transaction), "taken": 0, "tries": 0}
            await kept.change(transaction.connection, pin.id, **(anew if gone else {}), **left)


def _seconds(transaction: Transaction) -> int:
    return int(transaction.now.timestamp())
