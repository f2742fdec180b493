"""What becomes of Cairn when the machine below it fails? Each test states an outcome.

``python -m tests.outcomes`` runs them by the names that docs/operators/outcomes.md uses.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import fields
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from aiohttp import ClientSession
from sqlalchemy import select

from bot.channels.slack.channel import CHANNEL as SLACK
from bot.channels.slack.ingress import Door, RefusedError
from bot.desk.case import State
from bot.desk.hours import is_open
from bot.desk.records import NoCaseError, moment
from bot.doctor import of_database
from bot.findings import Finding, Grade
from bot.forms import Press
from bot.guidance.words import LANGS, Lang, Words
from bot.platforms import LaterError
from bot.seal import LIFE, Bearer, ExpiredError, NotOpenedError, Seal, Spot, Surface
from bot.settings import Settings, read_settings
from bot.store import StoreError, Trouble, audit, engine, open_store
from bot.store.outbox import FARTHEST, Waiting, waiting
from bot.store.tables import audit as audit_table
from bot.store.tables import case_keys, cases, messages, outbox, reminders
from tests.both_app import Running, running
from tests.conftest import NOON
from tests.desk import OFFICE, OFFICERS, SEAL, Clock, World, person, world
from tests.desk_counter import AtCounter
from tests.desk_hands import SlackHand, somebody
from tests.slack.fake import FakeSlack
from tests.slack_app import guidance_of
from tests.teams.fake import FakeTeams

pytest_plugins = ["tests.postgres"]

PHRASES = guidance_of().guidance.phrases
POSTGRES = pytest.mark.xdist_group("postgres")
WORDS = "Kanarienvogel im Schacht"
PAGE = 4096


# ---- the whole program, on a disk or a database that fails


class Alone(Running):
    """The application, whose database is not looked into: it may not answer."""

    async def settle(self, seconds: float = 20.0) -> None:
        tasks = self.application[SLACK].tasks
        await self.slack.until(lambda: tasks.count == 0, seconds)


@asynccontextmanager
async def program(**settings: str) -> AsyncIterator[Alone]:
    async with (
        FakeSlack(rates=False, deadline=30.0) as slack,
        FakeTeams(rates=False) as teams,
        running(slack, teams, **settings) as app,
    ):
        yield Alone(**{one.name: getattr(app, one.name) for one in fields(app)})


async def parts_of(cairn: Running) -> tuple[int, dict[str, bool]]:
    """What readiness says: its status, and each part."""
    async with (
        ClientSession() as http,
        http.get(cairn.slack.app_url.replace("/slack/events", "/health/ready")) as answer,
    ):
        return answer.status, (await answer.json())["parts"]


async def at_send(cairn: Running, name: str) -> SlackHand:
    """Somebody in front of everything that goes, who has agreed."""
    hand = somebody(cairn, "slack", name)
    assert isinstance(hand, SlackHand)
    await hand.walk("find_office", who="employee", need="post")
    await hand.press("desk:offices")
    await hand.pick("office", OFFICE)
    await hand.press("desk:write")
    await hand.write("text", WORDS)
    await hand.press("desk:review")
    await hand.pick("agree", "yes")
    return hand


async def is_guided(cairn: Running, name: str) -> bool:
    """Whether somebody new gets an answer of the guidance."""
    hand = somebody(cairn, "slack", name)
    await hand.walk("find_office", who="employee", need="post")
    return "desk:offices" in hand.buttons


async def refused_and_then_sent(
    cairn: Running, fail: Callable[[], Awaitable[None]], mend: Callable[[], Awaitable[None]]
) -> None:
    """Guidance goes on while something fails; what was refused goes once it is mended."""
    alice = await at_send(cairn, "Alice Asker")
    assert (await parts_of(cairn))[1]["store"]
    await fail()
    await alice.press("desk:send")
    assert PHRASES["desk_not_kept"].en in alice.text
    assert alice.fields["text"] == WORDS, "nothing has to be written again"
    assert await is_guided(cairn, "Bob Bystander")
    status, parts = await parts_of(cairn)
    assert (status, parts["store"], parts["slack"]) == (200, False, True)
    await mend()
    assert (await parts_of(cairn))[1]["store"]
    await alice.pick("agree", "yes")
    await alice.press("desk:send")
    assert PHRASES["desk_sent_title"].en in alice.text
    await cairn.slack.until(cairn.office.shown)


# ---- a full disk


@pytest.fixture
def disk() -> Iterator[Path]:
    """A disk of two megabytes."""
    with tempfile.TemporaryDirectory(prefix="cairn-disk-") as folder:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder],
            capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            pytest.skip("only root may mount a small disk: run this as root")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path) -> Path:
    """Write until there is no space left, not for one page."""
    path = disk / "other-files"
    file = os.open(path, os.O_CREAT | os.O_WRONLY)
    for size in (PAGE, 1):
        with suppress(OSError):
            while True:
                os.write(file, bytes(size))
    os.close(file)
    return path


def take_no_connections(disk: Path) -> None:
    """Have a server refuse new connections once its disk is full.

    It makes this file at the next one, and refuses that where it cannot. It throws the file away
    by itself too, so that of a full disk either may be heard.
    """
    for made in disk.rglob("pg_internal.init"):
        made.unlink()


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


def remove(path: Path) -> None:
    path.unlink()


async def checkpointed(path: Path) -> None:
    """Empty the log, in which there may be room left, into the file.

    Since somebody else has written, every connection forgets the pages that it has read.
    """
    # In a thread: what it waits for, a transaction of Cairn's own, goes on in this loop.
    await asyncio.to_thread(_checkpointed, path)


def _checkpointed(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = version_num")
    with closing(sqlite3.connect(path)) as connection:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert not busy


async def test_while_the_disk_is_full_guidance_goes_on_and_a_send_is_refused(disk: Path):
    async with program(database_url=f"sqlite:///{disk}/cairn.db") as cairn:

        async def full() -> None:
            await checkpointed(disk / "cairn.db")
            fill(disk)

        async def empty() -> None:
            remove(disk / "other-files")

        await refused_and_then_sent(cairn, full, empty)


@pytest.mark.parametrize("lang", LANGS)
async def test_a_full_disk_leaves_nothing_half_and_says_so_in_the_persons_language(
    disk: Path, lang: Lang, caplog: pytest.LogCaptureFixture
):
    async with world(f"sqlite:///{disk}/cairn.db") as desk:
        before = await desk.opened(person(1), WORDS)
        asker = AtCounter(desk, person(2), lang)
        await asker.start("post_reported")
        await asker.press("desk:write", office=OFFICE)
        await asker.press("desk:review", text=WORDS)
        rows = await everything(desk)
        await desk.store.leave_nothing()
        fill(disk)
        await asker.press("desk:send", agree="yes")
        assert asker.says("desk_not_kept")
        with pytest.raises(StoreError) as error:
            await desk.service.reply(before, OFFICERS[0], WORDS)
        assert error.value.trouble is Trouble.FULL
        assert not await desk.store.healthy()
        assert await everything(desk) == rows, "nothing is kept, and nothing half"
        assert WORDS not in caplog.text
        (disk / "other-files").unlink()
        assert await desk.store.healthy()
        await asker.press("desk:send", agree="yes")
        assert asker.says("desk_sent_title")
        await desk.deliver()
        await desk.service.reply(before, OFFICERS[0], "A reply")
        assert len(await desk.service.own(person(2))) == 1
        assert (await desk.keeper.counts()).chain.broken is None


async def everything(desk: World) -> list[tuple[object, ...]]:
    """Every row that an act of a case would leave."""
    found: list[tuple[object, ...]] = []
    async with desk.archive._store._engine.connect() as connection:
        await connection.execution_options(**engine.READING)
        for table in (cases, case_keys, messages, outbox, reminders, audit_table):
            found += [(table.name, *row) for row in await connection.execute(select(table))]
    return found


async def test_a_start_on_a_full_disk_says_so(disk: Path):
    fill(disk)
    with pytest.raises(StoreError) as error:
        await open_store(f"sqlite:///{disk}/cairn.db", (SEAL,), Clock())
    assert error.value.trouble is Trouble.FULL
    assert "plein" in error.value["fr"]


@pytest.fixture
def small(new_database: Callable[[], str], disk: Path) -> Iterator[str]:
    """A database of PostgreSQL on a small disk."""
    address = new_database()
    head, _, folder = address.partition("?host=")
    data, tables = Path(folder), disk / "tables"
    remount(disk, "size=24m")
    disk.chmod(0o755)
    tables.mkdir(mode=0o700)
    os.chown(tables, data.stat().st_uid, data.stat().st_gid)

    async def tell(*commands: str) -> None:
        connection = await asyncpg.connect(address)
        try:
            for command in commands:
                await connection.execute(command)
        finally:
            await connection.close()

    made = (
        f"CREATE TABLESPACE small LOCATION '{tables}'",
        "CREATE DATABASE onsmall TABLESPACE small",
    )
    asyncio.run(tell(*made))
    yield f"{head.rpartition('/')[0]}/onsmall?host={folder}"
    asyncio.run(tell("DROP DATABASE onsmall WITH (FORCE)", "DROP TABLESPACE small"))


@POSTGRES
async def test_while_the_disk_of_postgresql_is_full_nothing_half_is_kept(small: str, disk: Path):
    async with world(small) as desk:
        kept = [await desk.send(person(1), WORDS, number="AAA-000")]
        fill(disk)

        async def send_on() -> None:
            for number in range(1, 400):
                await desk.send(person(number + 1), WORDS * 50, number=f"B{number:03}")
                kept.append(f"B{number:03}")

        with pytest.raises(StoreError) as error:
            await send_on()
        assert error.value.trouble is Trouble.FULL
        async with desk.store.transaction() as transaction:
            connection = transaction.connection
            found = set((await connection.execute(select(cases.c.number))).scalars())
            words = set((await connection.execute(select(messages.c.number))).scalars())
            assert found == words == set(kept)
            assert (await audit.chain(connection)).broken is None
        (disk / "other-files").unlink()
        await desk.send(person(400), WORDS, number="C001")
        assert await desk.deliver() == len(kept) + 1


@pytest.mark.parametrize("made", [False, True])
async def test_the_doctor_says_that_the_disk_is_full_or_takes_nothing(disk: Path, *, made: bool):
    file = disk / "cairn.db"
    if made:
        await (await open_store(f"sqlite:///{file}", (SEAL,), Clock())).close()
    assert to_do(await of_database(with_database(file), NOON)) == []
    fill(disk)
    assert to_do(await of_database(with_database(file), NOON)) == [Trouble.FULL.value]
    (disk / "other-files").unlink()
    remount(disk, "ro")
    assert to_do(await of_database(with_database(file), NOON)) == [Trouble.READ_ONLY.value]
    remount(disk, "rw")
    assert to_do(await of_database(with_database(file), NOON)) == []


@POSTGRES
@pytest.mark.parametrize("answers", [False, True])
@pytest.mark.parametrize("made", [False, True])
async def test_the_doctor_says_that_the_disk_of_postgresql_is_full(
    small: str, disk: Path, *, made: bool, answers: bool
):
    if made:
        await (await open_store(small, (SEAL,), Clock())).close()
    assert to_do(await of_database(with_database(small), NOON)) == []
    if not answers:
        take_no_connections(disk)
    fill(disk)
    assert to_do(await of_database(with_database(small), NOON)) == [Trouble.FULL.value]
    (disk / "other-files").unlink()
    assert to_do(await of_database(with_database(small), NOON)) == []


def with_database(place: Path | str) -> Settings:
    address = f"sqlite:///{place}" if isinstance(place, Path) else place
    return read_settings({"CAIRN_DATABASE_URL": address})


def to_do(findings: list[Finding]) -> list[Words]:
    return [one.words for one in findings if one.grade is Grade.FIX]


# ---- a corrupt page


async def with_cases(folder: Path) -> dict[str, str]:
    """A database in which people have worked; what was written in each case, by number."""
    written: dict[str, str] = {}
    async with world(f"sqlite:///{folder}/cairn.db") as desk:
        for number in range(1, 6):
            words = f"{WORDS} {number} " * 12
            case = await desk.opened(person(number), words)
            await desk.service.reply(case, OFFICERS[0], words.upper())
            written[case] = words
        await desk.deliver()
        await desk.store.first_time("slack", "T1", "Ev1")
    return written


def spoil(path: Path, page: int, chance: random.Random, many: int = PAGE) -> None:
    """Have chance write over some bytes of a page of a file, or over all of it."""
    with path.open("r+b") as file:
        start = chance.randrange(PAGE - many + 1)
        file.seek(page * PAGE + start)
        file.write(chance.randbytes(many))


def spoil_all_but_the_first(path: Path, copy: Path) -> None:
    shutil.copy(path, copy)
    for page in range(1, path.stat().st_size // PAGE):
        spoil(path, page, random.Random(page))


def put_back(copy: Path, path: Path) -> None:
    with copy.open("rb") as good, path.open("r+b") as bad:
        shutil.copyfileobj(good, bad)


def root_pages(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0")
        return dict(rows.fetchall())


async def test_a_damaged_database_is_refused_at_the_start_with_what_to_do(tmp_path: Path):
    await with_cases(tmp_path)
    whole = tmp_path / "cairn.db"
    for name, page in root_pages(whole).items():
        copy = tmp_path / f"{name}.db"
        shutil.copy(whole, copy)
        spoil(copy, page - 1, random.Random(name))
        with pytest.raises(StoreError) as error:
            await open_store(f"sqlite:///{copy}", (SEAL,), Clock())
        assert error.value.trouble is Trouble.DAMAGED, name
        assert "docs/operators/backup.md" in error.value["en"]
        assert "docs/operators/sauvegarde.md" in error.value["fr"]


async def test_whatever_page_is_damaged_no_wrong_word_is_shown(tmp_path: Path):
    written, whole, seen = await with_cases(tmp_path), tmp_path / "cairn.db", Counter[str]()
    for page in range(1, whole.stat().st_size // PAGE):
        copy = tmp_path / f"{page}.db"
        shutil.copy(whole, copy)
        spoil(copy, page, random.Random(page), 24)
        try:
            async with world(f"sqlite:///{copy}") as desk:
                seen["opened"] += 1
                for number, words in written.items():
                    await _reads_right_or_not_at_all(desk, number, words, seen)
                await desk.keeper.tick()
                await desk.deliver()
        except StoreError as error:
            seen[error.trouble.name] += 1
        copy.unlink()
    assert set(seen) >= {"opened", "DAMAGED", "right", "refused"}, seen


async def _reads_right_or_not_at_all(
    desk: World, number: str, words: str, seen: Counter[str]
) -> None:
    asker = person(int(number[-3:]))
    try:
        found = (await desk.service.read(number, asker)).words
    except (NoCaseError, StoreError):
        seen["refused"] += 1
    else:
        assert [one.text for one in found] in ([words], [words, words.upper()])
        seen["right"] += 1


async def test_while_the_database_is_damaged_guidance_goes_on_and_a_send_is_refused():
    async with program() as cairn:
        path, copy = cairn.folder / "cairn.db", cairn.folder / "copy.db"

        async def damage() -> None:
            await checkpointed(path)
            spoil_all_but_the_first(path, copy)

        async def restore() -> None:
            put_back(copy, path)
            await checkpointed(path)

        await refused_and_then_sent(cairn, damage, restore)


@pytest.mark.parametrize("lang", LANGS)
async def test_a_case_that_was_tampered_with_is_refused_and_the_others_open(
    address: str, lang: Lang, caplog: pytest.LogCaptureFixture
):
    async with world(address) as desk:
        numbers = [await desk.opened(person(n), f"{WORDS} {n}") for n in (1, 2, 3)]
        async with desk.store.transaction() as transaction:
            connection = transaction.connection
            rows = (await connection.execute(select(messages).order_by(messages.c.id))).all()
            one, other = rows[0], rows[1]
            for row, given in ((one, other), (other, one)):
                values = {"body": given.body}
                await connection.execute(
                    messages.update().where(messages.c.id == row.id).values(values)
                )
        for number, n in zip(numbers, (1, 2, 3), strict=True):
            asker = AtCounter(desk, person(n), lang)
            await asker.start()
            await asker.press("desk:mine")
            await asker.forge(Press("desk:read", number))
            if n == 3:
                assert f"{WORDS} 3" in asker.words
            else:
                assert asker.says("desk_no_case")
                assert WORDS not in asker.words
        assert WORDS not in caplog.text


# ---- a clock that jumps


JUMPS = (timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1))


@pytest.mark.long
@pytest.mark.parametrize("jump", JUMPS, ids=str)
async def test_a_clock_that_jumps_brings_no_reminder_twice_and_none_at_night(
    tmp_path: Path, jump: timedelta
):
    async with world(f"sqlite:///{tmp_path}/cairn.db") as desk:
        number = await desk.send(person(1), WORDS)
        await desk.deliver()
        half_hours = 0
        while (await desk.service.look(number)).state is State.OFFERED:
            half_hours += 1
            assert half_hours < 2 * 24 * 9, "it has come to its end"
            # Right for two hours, wrong for two, and so on: each reminder meets a jump.
            if half_hours % 4 == 0:
                desk.clock.now += jump if half_hours % 8 else -jump
            desk.clock.move(minutes=30)
            await desk.keeper.tick()
            await desk.deliver()
        async with desk.store.transaction() as transaction:
            connection = transaction.connection
            recorded = list((await connection.execute(select(reminders))).mappings())
            entries = await audit.of_case(connection, number)
            assert await waiting(connection) == Waiting(0, None, 0)
        assert Counter(row["name"] for row in recorded) == dict.fromkeys(
            ("again", "deputy", "nobody"), 1
        )
        contact = desk.directory.contact(OFFICE)
        assert all(is_open(contact, moment(row["at"])) for row in recorded)
        acts = Counter(one.act for one in entries)
        assert acts == {"open": 1, "offer": 1, "again": 1, "deputy": 1, "fall_back": 1}
        lines = [line for channel in desk.slack.channels.values() for line in channel.lines]
        assert len(lines) == 1
        assert Counter(user for user, _ in desk.slack.told) == {"U0DEPUTY": 1}
        assert Counter(user for user, _ in desk.teams.told) == {person(1).user: 1}


@pytest.mark.parametrize("jump", JUMPS, ids=str)
async def test_a_clock_that_was_put_back_holds_up_nothing_that_waits(address: str, jump: timedelta):
    async with world(address) as desk:
        await desk.send(person(1), WORDS)
        desk.slack.fault = lambda call: LaterError("503") if call == "post" else None
        await desk.deliver()
        desk.clock.now += jump
        await desk.send(person(2), WORDS)
        await desk.deliver()
        desk.slack.fault = lambda _: None
        waited = timedelta()
        while await desk.deliver() or (await desk.keeper.counts()).waiting.count:
            desk.clock.move(seconds=60)
            waited += timedelta(seconds=60)
            assert waited <= timedelta(seconds=FARTHEST)
        for n in (1, 2):
            [case] = await desk.service.own(person(n))
            assert case.state is State.OFFERED


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_card_outlives_no_jump_of_the_clock_for_ever(jump: timedelta):
    clock, bearer = Clock(), Bearer("slack", "T0", "U0", Surface.MESSAGE)
    seal = Seal((SEAL,), guidance_of().guidance, clock)

    def opens(capsule: str) -> bool:
        try:
            seal.open(capsule, bearer)
        except NotOpenedError:
            return False
        return True

    def hours(capsule: str) -> int:
        """For how many hours it opens from now on, of four days."""
        found = 0
        for _ in range(96):
            found += opens(capsule)
            clock.move(hours=1)
        assert not opens(capsule)
        clock.move(hours=-96)
        return found

    before = seal.lock(Spot("home", "en"), bearer)
    clock.now += jump
    during = seal.lock(Spot("home", "en"), bearer)
    assert opens(during), "who comes meanwhile is served"
    assert hours(before) <= LIFE // timedelta(hours=1)
    clock.now -= jump
    assert opens(before)
    assert hours(during) <= LIFE // timedelta(hours=1)
    clock.move(hours=25)
    with pytest.raises(ExpiredError):
        seal.open(before, bearer)


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_while_the_clock_is_wrong_requests_are_refused_and_then_taken(jump: timedelta):
    clock, raw, secret = Clock(), b"payload=1", "a-signing-secret"
    door, stamp = Door([secret], clock), str(int(NOON.timestamp()))
    signed = hmac.digest(secret.encode(), f"v0:{stamp}:".encode() + raw, sha256).hex()
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed}"}
    assert door.verify(headers, raw)
    clock.now += jump
    with pytest.raises(RefusedError):
        door.verify(headers, raw)
    clock.now -= jump
    assert door.verify(headers, raw)


@pytest.mark.parametrize("jump", JUMPS, ids=str)
async def test_what_has_come_is_known_though_the_clock_jumps(address: str, jump: timedelta):
    clock = Clock()
    store = await open_store(address, (SEAL,), clock)
    try:
        assert await store.first_time("slack", "T1", "Ev1")
        clock.now += jump
        await store.forget_old()
        assert not await store.first_time("slack", "T1", "Ev1")
        clock.now -= jump
        await store.forget_old()
        assert not await store.first_time("slack", "T1", "Ev1")
    finally:
        await store.close()


# ---- a day without the platform


async def test_a_day_without_the_platform_loses_nothing_and_asks_seldom(tmp_path: Path):
    calls: Counter[str] = Counter()
    async with world(f"sqlite:///{tmp_path}/cairn.db") as desk:

        def away(call: str) -> LaterError:
            calls[call] += 1
            return LaterError("503")

        before = [await desk.opened(person(n)) for n in range(1, 4)]
        desk.clock.move(days=3)  # a Monday
        desk.slack.fault = desk.teams.fault = away
        sent = [await desk.send(person(n + 10), f"{WORDS} {n}") for n in range(6)]
        for number in before:
            await desk.service.reply(number, OFFICERS[0], "A reply")
        for _ in range(20):
            desk.clock.move(minutes=1)
            await desk.deliver()
        for half_hour in range(2 * 23):
            desk.clock.move(minutes=30)
            await desk.deliver()
            if half_hour % 8 == 0:
                await desk.keeper.tick()
        rows = (await desk.keeper.counts()).waiting
        assert rows.parked == 0, "a day is not too long"
        tries = sum(calls.values())
        assert tries <= (rows.count + 3) * (6 + 24 * 6 + 1), "six in ten minutes, then one each ten"
        cards_before = len(desk.slack.channels["C0ETHICS"].cards)
        desk.slack.fault = desk.teams.fault = lambda _: None
        for _ in range(16):
            desk.clock.move(minutes=1)
            await desk.deliver()
        assert (await desk.keeper.counts()).waiting.count == 0
        cards = desk.slack.channels["C0ETHICS"].cards.values()
        assert len(cards) == cards_before + len(sent)
        assert Counter(card.value for card in cards) == dict.fromkeys((*before, *sent), 1)
        for n, number in enumerate(sent):
            case = await desk.service.look(number)
            assert case.state is State.OFFERED
            read = await desk.service.read(number, person(n + 10))
            assert read.words[0].text == f"{WORDS} {n}"
        told = Counter(user for user, _ in desk.teams.told)
        assert all(told[person(n).user] == 1 for n in range(1, 4)), (
            "each is told of the reply, once"
        )
        assert (await desk.keeper.counts()).chain.broken is None


# ---- the database is away


@POSTGRES
async def test_while_postgresql_is_away_guidance_goes_on_and_it_mends_itself(line):
    async with program(database_url=line.address) as cairn:
        alice = await at_send(cairn, "Alice Asker")
        await line.cut()
        await alice.press("desk:send")
        assert PHRASES["desk_not_kept"].en in alice.text
        assert await is_guided(cairn, "Bob Bystander")
        status, parts = await parts_of(cairn)
        assert (status, parts["store"]) == (200, False)
        await line.mend()
        assert (await parts_of(cairn))[1]["store"]
        await alice.pick("agree", "yes")
        await alice.press("desk:send")
        assert PHRASES["desk_sent_title"].en in alice.text
        await cairn.slack.until(cairn.office.shown)
