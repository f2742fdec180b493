"""Do keys keep what they must: through a change of keys, against theft, and after erasing?"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from functools import partial
from itertools import combinations, pairwise, permutations
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery import UNOPENED, WAITS
from bot.desk.archive import Archive
from bot.desk.case import Case, NotAllowedError, Reason, Record, State
from bot.desk.records import NoCaseError
from bot.desk.service import MOST_OPEN, Desk, TooManyError
from bot.desk.timekeeping import Timekeeper
from bot.desk.vault import NotLockedHereError, Vault, Wrapped
from bot.errors import CaseKeyError
from bot.forms import Press
from bot.platforms import Who
from bot.store import audit, engine
from bot.store.tables import audit as audit_table
from bot.store.tables import case_keys, cases, messages, metadata, outbox
from tests.desk import CASE_KEY, HOLDERS, NEXT_KEY, OFFICERS, READERS, Clock, World, person, world
from tests.lives import Points, alone, spawn

pytest_plugins = ["tests.postgres"]
pytestmark = pytest.mark.usefixtures("patient")

WORDS, REPLY = "Kanarienvogel im Schacht", "Zaunkönig im Schnee"
THIRD_KEY = bytes([10]) * 32


@dataclass
class Hand:
    """The desk of a replica with keys of its own, on a store that others use too."""

    desk: Desk
    keeper: Timekeeper

    @classmethod
    def of(cls, world: World, *keys: bytes) -> Hand:
        archive = Archive(world.store, Vault(keys))
        return cls(Desk(archive, world.directory), Timekeeper(archive, world.directory))


async def worked_on(world: World, number: int, steps: int = 5) -> str:
    """A case of that person that has come a way of so many steps."""
    desk, who, officer = world.service, person(number), OFFICERS[number % 3]
    excluded = frozenset({READERS[3].id})
    case = await world.send(who, f"{WORDS} {number}", excluded=excluded)
    await world.deliver()
    ways = (
        lambda: desk.claim(case, officer),
        lambda: desk.clear(case, officer),
        lambda: desk.reply(case, officer, f"{REPLY} {number}"),
        lambda: desk.answer(case, who, f"{WORDS} {number}, once more"),
        lambda: desk.resolve(case, officer, Reason.ANSWERED),
    )
    for way in ways[:steps]:
        await way()
    await world.deliver()
    return case


async def all_of(world: World, table: Table) -> list[Any]:
    async with world.store.transaction() as transaction:
        return list(await transaction.connection.execute(select(table)))


# ---- changing keys (T24)


async def read_all(desk: Desk, asked: dict[str, Who]) -> None:
    """Everybody finds their own cases, and all words of them open."""
    for who in {who.id: who for who in asked.values()}.values():
        theirs = {number for number, asker in asked.items() if asker == who}
        assert {case.number for case in await desk.own(who)} == theirs
    for number, who in asked.items():
        words = (await desk.read(number, who)).words
        assert words[0].text.startswith(WORDS)


async def stopped_somewhere(chance: random.Random, work: Any) -> bool:
    """Stop it after some turns of the loop; tell whether it was stopped before its end."""
    task = asyncio.ensure_future(work)
    for _ in range(chance.randrange(40)):
        await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return task.cancelled()


async def test_keys_change_while_people_work_and_it_is_stopped_a_hundred_times(address: str):
    chance, asked, stopped = random.Random(24), {}, 0
    async with world(address) as here:
        old, new = Hand.of(here, CASE_KEY, NEXT_KEY), Hand.of(here, NEXT_KEY, CASE_KEY)
        for number in range(1, 7):
            asked[await worked_on(here, number, number % 6)] = person(number)
        while stopped < 100:
            # One replica has the next key first already, and the other not yet, by turns.
            old, new = new, old
            which = sorted(asked)[stopped % len(asked)]
            traffic = asyncio.gather(
                old.desk.look(which),
                old.desk.claim(which, OFFICERS[0]),
                old.desk.answer(which, asked[which], f"{WORDS}, more"),
                return_exceptions=True,
            )
            stopped += await stopped_somewhere(chance, new.keeper.rekey(most=1 + stopped % 3))
            for done in await traffic:
                assert isinstance(done, (Case, NotAllowedError)), done
            if stopped % 10 == 0:
                number = f"BBB-{stopped:03d}"
                with suppress(TooManyError):
                    await old.desk.open(here.sending(person(7), WORDS, number=number))
                    asked[number] = person(7)
                await read_all(chance.choice([old, new]).desk, asked)
        last = Hand.of(here, NEXT_KEY, CASE_KEY)
        await last.keeper.rekey()
        assert await last.keeper.rekey() == 0
    async with world(address, keys=(NEXT_KEY,)) as here:
        assert len(asked) == 6 + MOST_OPEN
        await read_all(here.service, asked)
        ids = {row.key_id for row in await all_of(here, case_keys)}
        assert ids == {Vault([NEXT_KEY]).key_id}, "none is under the retired key"
        with pytest.raises(TooManyError):
            await here.send(person(7), number="CCC-001")


async def _rekey_and_die(address: str, deadly: int, asked: dict[str, Who]) -> None:
    point, keys = Points(deadly), (NEXT_KEY, CASE_KEY)
    point.watch_databases()
    async with world(address, keys=keys) as here:
        await alone(here.store)
        await read_all(here.service, asked)
        await Hand.of(here, *reversed(keys)).keeper.rekey()
        point.counts = True
        await here.keeper.rekey(most=2)
        point.counts = False
        assert {row.key_id for row in await all_of(here, case_keys)} == {Vault(keys).key_id}
        await read_all(here.service, asked)


@pytest.mark.long
def test_keys_change_though_the_process_is_killed_wherever_it_can_be(address: str):
    async def begin() -> dict[str, Who]:
        async with world(address) as here:
            return {await worked_on(here, number): person(number) for number in range(1, 4)}

    asked, deadly = asyncio.run(begin()), 0
    while spawn(partial(_rekey_and_die, address, deadly, asked)):
        deadly += 1
    assert deadly >= 15, "each point of it was one"


async def test_who_still_has_the_former_key_first_puts_nothing_back_under_it(address: str):
    async with world(address, keys=(CASE_KEY, NEXT_KEY)) as here:
        number = await worked_on(here, 1, 2)
        assert await Hand.of(here, NEXT_KEY, CASE_KEY).keeper.rekey() == 1
        await here.service.reply(number, OFFICERS[1], REPLY)
    async with world(address, keys=(NEXT_KEY,)) as here:
        await read_all(here.service, {number: person(1)})


async def test_limits_hold_while_keys_change(address: str):
    async with world(address) as here:
        for _ in range(2):
            case = await here.opened(person(1))
            await here.service.resolve(case, OFFICERS[0], Reason.ANSWERED)
    async with world(address, keys=(NEXT_KEY, CASE_KEY)) as here:
        await here.send(person(1), number="BBB-001")
        await here.keeper.rekey()
        await here.send(person(1), number="BBB-002")
        await here.service.withdraw("BBB-001", person(1))
        await here.send(person(1), number="BBB-003")
        with pytest.raises(TooManyError):
            await here.send(person(1), number="BBB-004")


async def test_without_the_key_of_a_case_nothing_opens_and_nothing_is_lost(address: str):
    async with world(address) as here:
        read = await worked_on(here, 1)
        waiting = await here.send(person(2), number="BBB-001")
        before = await all_of(here, case_keys), await all_of(here, cases)
    async with world(address, keys=(THIRD_KEY,)) as here:
        with pytest.raises(CaseKeyError):
            await here.keeper.rekey()
        assert await here.service.own(person(1)) == ()
        for number in (read, waiting):
            with pytest.raises(NoCaseError):
                await here.service.look(number)
        assert await here.deliver() == 1
        [left] = await all_of(here, outbox)
        assert not left.parked, "the key can be put back"
        assert await here.keeper.tick() == await here.keeper.purge() == 0
        assert (await all_of(here, case_keys), await all_of(here, cases)) == before
    async with world(address, keys=(THIRD_KEY, CASE_KEY)) as here:
        assert (await here.service.read(read, person(1))).words[0].text == f"{WORDS} 1"
        here.clock.move(seconds=WAITS[-1])
        await here.deliver()
        assert (await here.service.look(waiting)).state is State.OFFERED
        assert await here.keeper.rekey() == 2


async def test_what_does_not_open_within_a_week_is_set_aside(address: str):
    async with world(address) as here:
        await here.send(person(1))
    async with world(address, keys=(THIRD_KEY,)) as here:
        for _ in range(2):
            await here.deliver()
            [left] = await all_of(here, outbox)
            assert not left.parked
            here.clock.move(seconds=UNOPENED.total_seconds() / 2)
        here.clock.move(seconds=WAITS[-1])
        await here.deliver()
        [left] = await all_of(here, outbox)
        assert left.parked, "an operator is told, and it is not tried for ever"


# ---- a stolen or changed database (T21)


class UndoneError(Exception):
    """What was done is not to be kept."""


@asynccontextmanager
async def for_a_while(here: World) -> Any:
    """Change the database within a transaction that is given up at the end."""
    with suppress(UndoneError):
        async with here.archive.records() as records:
            yield records
            raise UndoneError


async def swap(connection: AsyncConnection, table: Table, column: str, *rows: Any) -> None:
    """Give each of two rows what the other had."""
    [key] = [name for name in ("id", "number", "place") if name in table.c][:1]
    one, other = rows
    for row, given in ((one, other), (other, one)):
        where = table.c[key] == getattr(row, key)
        values = {column: getattr(given, column)}
        await connection.execute(update(table).where(where).values(values))


async def opens(here: World, records: Any, number: str) -> bool:
    """Whether a case and all of its words open."""
    try:
        await records.words(await records.load(number))
    except NoCaseError:
        return False
    return True


async def test_what_is_locked_opens_nowhere_else(address: str):
    async with world(address) as here:
        numbers = [await worked_on(here, 1), await worked_on(here, 2)]
        words, keys, rows = [await all_of(here, table) for table in (messages, case_keys, cases)]
        first = [row for row in words if row.number == numbers[0]]
        second = [row for row in words if row.number == numbers[1]]
        assert [row.sender for row in first] == ["person", "office", "person"]
        pairs = [(messages, "body", one, other) for one in first for other in second]
        pairs += [(messages, "body", *two) for two in combinations(first, 2)]
        pairs += [(case_keys, "sealed", *keys), (cases, "people", *rows)]
        for table, column, *two in pairs:
            async with for_a_while(here) as records:
                await swap(records.transaction.connection, table, column, *two)
                assert not await opens(here, records, numbers[0])
        changed: list[tuple[Table, Any, dict[str, Any]]] = [
            (messages, messages.c.id == first[0].id, {"sender": "office"}),
            (messages, messages.c.id == first[1].id, {"sender": "person"}),
            (messages, messages.c.id == first[2].id, {"place": 7}),
            (messages, messages.c.id == first[0].id, {"body": rows[0].people}),
            (cases, cases.c.number == numbers[0], {"people": first[0].body}),
            (cases, cases.c.number == numbers[0], {"people": None}),
            (case_keys, case_keys.c.number == numbers[0], {"key_id": b"another!"}),
        ]
        for table, where, values in changed:
            async with for_a_while(here) as records:
                connection = records.transaction.connection
                await connection.execute(update(table).where(where).values(values))
                assert not await opens(here, records, numbers[0]), values
        async with for_a_while(here) as records:
            assert await opens(here, records, numbers[0]), "as it was"
        for one, other in permutations(keys):
            with pytest.raises(NotLockedHereError):
                Vault([CASE_KEY]).open(one.number, Wrapped(other.key_id, other.sealed))


async def test_whatever_byte_of_it_is_changed_it_does_not_open(address: str):
    async with world(address) as here:
        number = await worked_on(here, 1)
        locked = [
            (table, column, getattr(row, column))
            for table, column in ((messages, "body"), (case_keys, "sealed"), (cases, "people"))
            for row in (await all_of(here, table))[:1]
        ]
        for table, column, value in locked:
            places = random.Random(21).sample(range(len(value)), 12)
            wrong = [value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :] for at in places]
            wrong += [b"", value[:5], value[:12], value[:-1], value + b"\0", value * 2]
            for one in wrong:
                async with for_a_while(here) as records:
                    connection = records.transaction.connection
                    await connection.execute(
                        update(table).values({column: one[: 64 if table is case_keys else None]})
                    )
                    if one[:64] != value:
                        assert not await opens(here, records, number)


def on_disk(folder: Path) -> bytes:
    """Everything that is in the files of SQLite."""
    return b"\n".join(path.read_bytes() for path in sorted(folder.glob("cairn.db*")))


async def dumped(here: World) -> str:
    """Every row of every table; bytes in hexadecimal digits."""
    rows = [tuple(row) for table in metadata.sorted_tables for row in await all_of(here, table)]
    return "\n".join(
        " ".join(one.hex() if isinstance(one, bytes) else str(one) for one in row) for row in rows
    )


def canaries() -> Iterator[str]:
    """What must not be read anywhere: words, names and ids, of the person and of readers."""
    yield from (WORDS, REPLY, "once more", person(1).name, person(1).id, person(1).user, "chat 1")
    for who in READERS:
        yield from (who.id, who.name, who.user, who.user.lower())


def disguised(text: str) -> Iterator[bytes]:
    """A text in each of the ways in which somebody would look for it."""
    for raw in (text.encode(), text.encode("utf-16-le"), text.casefold().encode()):
        yield from (raw, raw.hex().encode(), b64encode(raw).rstrip(b"=")[:-1])


async def test_a_stolen_database_tells_no_words_names_or_ids(address: str, tmp_path: Path):
    async with world(address) as here:
        number = await worked_on(here, 1)
        await here.service.hold(number, HOLDERS[0])
        for purged in (False, True):
            if purged:
                await here.service.keep(number, OFFICERS[1], Record.EXPORTED)
                await here.service.close(number, OFFICERS[1])
                here.clock.move(days=31)
                assert await here.keeper.purge() == 1
            found = (await dumped(here)).encode() + on_disk(tmp_path)
            assert number.encode() in found, "it is looked at in the right place"
            for canary in canaries():
                for form in disguised(canary):
                    assert form not in found, canary


# ---- erasing (T22, T23)


def pieces(locked: bytes) -> list[bytes]:
    """What of something locked could be left, if not all of it is gone."""
    return [locked[at : at + 16] for at in range(0, len(locked) - 15, 16)]


class Locked:
    """Everything locked that was ever in the database."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()

    async def look(self, here: World) -> None:
        columns = ((messages, "body"), (case_keys, "sealed"), (cases, "people"))
        for table, column in columns:
            values = [getattr(row, column) for row in await all_of(here, table)]
            self.seen |= {value for value in values if value is not None}

    def left(self, rows: str, files: bytes) -> int:
        """Of how many something is left, in the rows or in the files."""
        return sum(
            any(piece in files or piece.hex() in rows for piece in pieces(one)) for one in self.seen
        )


async def erased(here: World, locked: Locked, many: int) -> list[str]:
    """Work on cases until they are closed and erased, with short words and long ones."""
    numbers, officer = [], OFFICERS[0]
    for number in range(1, many + 1):
        who = person(number)
        case = await here.send(who, WORDS * (1 + 30 * (number % 4)))
        await here.deliver()
        await locked.look(here)
        for act in (here.service.claim, here.service.clear):
            await act(case, officer)
        await locked.look(here)
        await here.service.reply(case, officer, REPLY * number)
        await here.service.resolve(case, officer, Reason.ANSWERED)
        await locked.look(here)
        await here.service.keep(case, officer, Record.EXPORTED)
        await here.service.close(case, officer)
        numbers.append(case)
    await locked.look(here)
    await here.deliver()
    return numbers


async def test_what_was_erased_is_nowhere_any_more(address: str, tmp_path: Path):
    async with world(address) as here:
        locked = Locked()
        numbers = await erased(here, locked, 12)
        assert len(locked.seen) > 60
        assert locked.left(await dumped(here), on_disk(tmp_path)) > 40, "they are looked for"
        here.clock.move(days=30)
        assert await here.keeper.purge() == len(numbers)
        assert await all_of(here, case_keys) == await all_of(here, messages) == []
        for row in await all_of(here, cases):
            assert (row.state, row.people, row.requester) == ("purged", None, None)
            assert row.topic == row.card == ""
        assert locked.left(await dumped(here), on_disk(tmp_path)) == 0
        assert (await here.keeper.counts()).chain.broken is None
        assert await here.service.own(person(1)) == ()


async def test_what_is_taken_back_is_nowhere_at_once(tmp_path: Path):
    address = f"sqlite:///{tmp_path}/cairn.db"
    async with world(address) as here:
        locked = Locked()
        number = await here.send(text=WORDS * 50)
        await here.deliver()
        await locked.look(here)
        await here.service.withdraw(number, person(1))
        assert locked.left("", on_disk(tmp_path)) == 0


async def test_what_somebody_was_reading_while_it_was_erased_is_gone_an_hour_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(engine, "PATIENCE", 0.2)
    address = f"sqlite:///{tmp_path}/cairn.db"
    async with world(address) as here:
        locked = Locked()
        await erased(here, locked, 2)
        here.clock.move(days=30)
        with closing(sqlite3.connect(tmp_path / "cairn.db", isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM cases").fetchone()
            assert await here.keeper.purge() == 2
            assert locked.left("", on_disk(tmp_path)) > 0, "or this would show nothing"
        await here.keeper.purge()
        assert locked.left("", on_disk(tmp_path)) == 0


async def test_a_key_that_is_changed_leaves_nothing_under_the_retired_one(tmp_path: Path):
    address = f"sqlite:///{tmp_path}/cairn.db"
    async with world(address, keys=(NEXT_KEY, CASE_KEY)) as here:
        old = Hand.of(here, CASE_KEY)
        await old.desk.open(here.sending(person(1)))
        [before] = await all_of(here, case_keys)
        assert await here.keeper.rekey() == 1
        for piece in pieces(before.sealed):
            assert piece not in on_disk(tmp_path)


async def test_what_two_hold_is_never_erased_until_two_lift_it(address: str):
    async with world(address) as here:
        locked = Locked()
        held, alone_held = await erased(here, locked, 2)
        await here.service.hold(held, HOLDERS[0])
        await here.service.hold(alone_held, HOLDERS[0])
        await here.service.hold(held, HOLDERS[1])
        for _ in range(3):
            here.clock.move(days=400)
            await here.keeper.purge()
        assert [row.number for row in await all_of(here, case_keys)] == [held]
        assert (await here.service.read(held, person(1))).words[0].text.startswith(WORDS)
        await here.service.lift(held, HOLDERS[0])
        assert await here.keeper.purge() == 0
        await here.service.lift(held, HOLDERS[1])
        assert await here.keeper.purge() == 1
        assert await all_of(here, case_keys) == []


async def test_what_is_held_is_not_erased_by_taking_it_back(address: str):
    async with world(address) as here:
        number = await here.send()
        await here.deliver()
        for holder in HOLDERS:
            await here.service.hold(number, holder)
        case = await here.service.withdraw(number, person(1))
        assert case.state is State.WITHDRAWN
        here.clock.move(days=400)
        await here.keeper.purge()
        assert [row.number for row in await all_of(here, case_keys)] == [number]
        for holder in HOLDERS:
            await here.service.lift(number, holder)
        await here.deliver()
        assert await here.keeper.purge() == 1
        assert [row.state for row in await all_of(here, cases)] == ["purged"]


async def test_while_the_organization_holds_everything_nothing_is_erased(address: str):
    async with world(address, legal_hold=True) as here:
        locked = Locked()
        [closed] = await erased(here, locked, 1)
        taken_back = await here.send(person(9))
        await here.deliver()
        await here.service.withdraw(taken_back, person(9))
        here.clock.move(days=400)
        assert await here.keeper.purge() == 0
        assert {row.number for row in await all_of(here, case_keys)} == {closed, taken_back}
        now = here.clock.now
    async with world(address, clock=Clock(now)) as here:
        assert await here.keeper.purge() == 2
        assert await all_of(here, case_keys) == []


# ---- what was done (T17)


async def is_broken(connection: AsyncConnection, place: int) -> None:
    chain = await audit.chain(connection)
    assert chain.broken is not None
    assert chain.broken <= place, "from there on nothing can be relied on"


async def test_whoever_changes_what_was_done_breaks_the_chain(address: str):
    async with world(address) as here:
        for number in (1, 2):
            await worked_on(here, number)
        rows = await all_of(here, audit_table)
        before = (await here.keeper.counts()).chain
        assert (before.broken, before.length) == (None, len(rows))
        kept = audit_table.c
        others: dict[str, Callable[[Any], Any]] = {
            "at": lambda at: at + 1,
            "number": lambda number: "AAA-002" if number == "AAA-001" else "AAA-001",
            "act": lambda act: "read" if act != "read" else "open",
            "key_id": lambda one: bytes(8),
            "actor": lambda one: bytes(31) + b"\1",
            "digest": lambda one: bytes(32),
            "place": lambda place: place + 1_000,
        }
        for row in rows:
            for name, other in others.items():
                async with for_a_while(here) as records:
                    connection = records.transaction.connection
                    values = {name: other(getattr(row, name))}
                    assert values != {name: getattr(row, name)}
                    await connection.execute(
                        update(audit_table).where(kept.place == row.place).values(values)
                    )
                    if row.place == rows[-1].place and name == "digest":
                        assert (await audit.chain(connection)).head != before.head
                    await is_broken(connection, row.place)
            async with for_a_while(here) as records:
                connection = records.transaction.connection
                await connection.execute(delete(audit_table).where(kept.place == row.place))
                chain = await audit.chain(connection)
                if row.place == rows[-1].place:
                    assert chain.head != before.head, "what was cut off shows in the head"
                else:
                    assert chain.broken == row.place
        for one, other in pairwise(rows):
            async with for_a_while(here) as records:
                connection = records.transaction.connection
                await swap_places(connection, one.place, other.place)
                await is_broken(connection, one.place)
        for place in range(len(rows) + 1):
            async with for_a_while(here) as records:
                connection = records.transaction.connection
                for row in reversed(rows[place:]):
                    await connection.execute(
                        update(audit_table)
                        .where(kept.place == row.place)
                        .values(place=row.place + 1)
                    )
                forged = {**rows[0]._mapping, "place": place, "act": "erase"}
                await connection.execute(insert(audit_table), forged)
                await is_broken(connection, place)
        assert (await here.keeper.counts()).chain == before


async def swap_places(connection: AsyncConnection, one: int, other: int) -> None:
    kept = audit_table.c
    for old, new in ((one, -1), (other, one), (-1, other)):
        await connection.execute(update(audit_table).where(kept.place == old).values(place=new))


async def test_a_card_whose_name_is_longer_than_any_is_pressed_like_another_one(address: str):
    async with world(address) as here:
        number = await here.send()
        await here.deliver()
        press = Press("desk:claim", number, at="1" * 400)
        await here.counter.press(OFFICERS[0], press, "en")
        assert (await here.service.look(number)).state is State.CHECKING
        await here.deliver()
