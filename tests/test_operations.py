"""Can an operator see how Cairn is, and stop it without a lost press?"""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession, web
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as families
from sqlalchemy import insert

from bot import serving as stopping
from bot.app import utc_now
from bot.errors import AddressError
from bot.health import Health, State
from bot.jobs import by_one
from bot.metrics import Metrics, Waiting
from bot.privacy import OWN, Lines, NoContent, NotAgain
from bot.serving import listen
from bot.store import open_store
from bot.store.tables import outbox
from tests.slack import faults
from tests.slack.fake import FakeSlack
from tests.slack_app import Running, running, served
from tests.teams import faults as teams_faults
from tests.teams.fake import FakeTeams
from tests.teams_app import running as teams_running

pytest_plugins = ["tests.postgres"]
CANARY = "Kanarienvogel"


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


# ---- is it well?


async def test_what_all_replicas_share_makes_none_of_them_unready_and_is_told():
    state = await Health({"slack": yes}, {"store": no}).state()
    assert (state.ready, state.whole, state.parts) == (True, False, {"slack": True, "store": False})


async def test_where_one_platform_is_out_the_people_of_the_other_are_answered():
    state = await Health({"slack": no, "teams": yes}, {"store": yes}).state()
    assert (state.ready, state.whole) == (True, False)
    assert not (await Health({"slack": no, "teams": no}, {}).state()).ready


async def test_a_check_that_fails_is_a_part_that_does_not_work():
    async def fails() -> bool:
        raise ZeroDivisionError

    state = await Health({"slack": yes}, {"store": fails}).state()
    assert (state.ready, state.parts["store"]) == (True, False)


async def test_where_nobody_can_be_answered_and_while_it_is_stopped_it_is_unready():
    assert not (await Health({"slack": no}, {"store": yes}).state()).ready
    health = Health({"slack": yes}, {"store": yes})
    assert (await health.state()).whole
    health.draining = True
    state = await health.state()
    assert (state.ready, state.draining, state.whole) == (False, True, False)


async def test_a_part_that_does_not_say_how_it_is_keeps_nobody_waiting():
    async def silent() -> bool:
        await asyncio.Event().wait()
        return True

    async with asyncio.timeout(20):
        state = await Health({"slack": yes}, {"store": silent, "mail": silent}).state()
    assert (state.ready, state.parts) == (True, {"slack": True, "store": False, "mail": False})


@pytest.fixture
async def fake() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(rates=False) as fake:
        yield fake


@pytest.fixture
async def cairn(fake: FakeSlack, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(fake, folder=tmp_path) as cairn:
        yield cairn


async def numbers(cairn: Running) -> dict[tuple[str, ...], float]:
    """Every number of the page, by its name and the values of its labels in their order."""
    async with ClientSession() as http, http.get(f"{cairn.url}metrics") as page:
        assert page.content_type == "text/plain"
        text = await page.text()
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families(text)
        for sample in family.samples
    }


async def test_the_page_of_numbers_tells_of_requests_calls_and_parts(
    cairn: Running, fake: FakeSlack
):
    alice = fake.person("alice")
    await alice.slash()
    await cairn.drain()
    fake.faults.add("views.open", faults.error("fatal_error"), times=1)
    await alice.slash()
    await cairn.drain()
    found = await numbers(cairn)
    assert found["cairn_request_seconds_count", "slack", "200"] == 2
    assert found["cairn_platform_call_seconds_count", "200", "slack"] >= 3
    assert found["cairn_platform_errors_total", "fatal_error", "slack"] == 1
    assert found["cairn_part_up", "slack"] == found["cairn_part_up", "store"] == 1
    assert found["cairn_ready",] == 1
    assert found["cairn_guidance_info", cairn.conversation.guidance.version] == 1
    assert found["cairn_work_waiting", "slack"] == 0
    assert found["cairn_outbox_rows",] == 0


async def test_the_age_of_what_waits_longest_is_told(cairn: Running):
    from bot.store import Store

    store = next(one for one in cairn.application.values() if isinstance(one, Store))
    row = {"number": "AB12CD", "kind": "offer", "detail": "", "due": 2**33, "tries": 0}
    async with store.transaction() as transaction:
        made = int(transaction.now.timestamp()) - 600
        for parked in (False, False, True):
            new = {**row, "made": made, "parked": parked}
            await transaction.connection.execute(insert(outbox), new)
    found = await numbers(cairn)
    assert (found["cairn_outbox_rows",], found["cairn_outbox_parked",]) == (2, 1)
    assert 600 <= found["cairn_outbox_oldest_seconds",] < 660


async def test_no_word_or_id_of_anybody_becomes_a_label(cairn: Running, fake: FakeSlack):
    alice = fake.person("alice")
    await alice.slash(text=CANARY)
    await alice.message(CANARY)
    async with ClientSession() as http:
        for path in (CANARY, f"slack/{CANARY}", f"static/{CANARY}"):
            async with http.get(f"{cairn.url}{path}?{CANARY}"):
                pass
        await cairn.drain()
        async with http.get(f"{cairn.url}metrics") as page:
            text = await page.text()
    assert CANARY not in text
    assert alice.user.id not in text
    assert 'route="other"' in text


@given(code=st.text(max_size=60))
def test_a_code_that_is_none_becomes_another_word(code: str):
    metrics = Metrics()
    metrics.failed("slack", code)
    [sample] = [
        sample
        for family in families(metrics.page().decode())
        for sample in family.samples
        if sample.name == "cairn_platform_errors_total"
    ]
    told = sample.labels["code"]
    assert told == "other" or (told == code and code.replace("_", "a").isalpha())


def test_the_status_of_an_http_answer_is_a_code():
    metrics = Metrics()
    for code in ("status_503", "status_5030", "status_999", "U0503"):
        metrics.failed("teams", code)
    text = metrics.page().decode()
    assert 'code="status_503",platform="teams"} 1.0' in text
    assert 'code="other",platform="teams"} 3.0' in text


def test_however_many_codes_there_are_labels_are_bounded():
    metrics = Metrics()
    for number in range(26**2):
        metrics.failed("slack", f"{chr(97 + number // 26)}{chr(97 + number % 26)}")
    text = metrics.page().decode()
    assert text.count("cairn_platform_errors_total{") == 61


def test_of_a_store_that_does_not_answer_nothing_is_claimed():
    metrics = Metrics()
    metrics.show(State(ready=True, draining=False, parts={"store": True}), "v", 9, Waiting(3, 1, 0))
    metrics.show(State(ready=True, draining=False, parts={"store": False}), "w", 9, None)
    text = metrics.page().decode()
    for name in ("rows", "oldest_seconds", "parked"):
        assert f"cairn_outbox_{name} NaN" in text
    assert 'cairn_part_up{part="store"} 0.0' in text
    assert 'version="v"' not in text


async def test_those_who_ask_at_once_are_told_of_the_same_look():
    looks, gate = 0, asyncio.Event()

    async def look() -> bool:
        nonlocal looks
        looks += 1
        await gate.wait()
        return True

    health = Health(shared={"store": look})
    asking = [asyncio.create_task(health.state()) for _ in range(50)]
    await asyncio.sleep(0)
    asking[0].cancel()
    health.draining = True
    gate.set()
    told = await asyncio.gather(*asking[1:])
    assert looks == 1
    assert {(one.ready, one.parts["store"]) for one in told} == {(False, True)}
    gate.set()
    assert (await health.state()).parts == {"store": True}
    assert looks == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("switched", [None, "true", "false"])
def test_the_page_is_there_for_this_machine_or_where_it_is_switched_on(
    host: str, switched: str | None
):
    from bot.settings import read_settings

    environ = {"CAIRN_HOST": host} | ({"CAIRN_METRICS": switched} if switched else {})
    expected = switched == "true" if switched else host == "127.0.0.1"
    assert read_settings(environ).metrics_on is expected


# ---- the log


def logged(record: logging.LogRecord) -> dict[str, str]:
    """The line of a record as it is written where a program reads the log."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(NoContent())
    handler.setFormatter(Lines())
    handler.handle(record)
    [line] = stream.getvalue().splitlines()
    return json.loads(line)


def test_a_line_has_four_fields_and_no_more():
    record = logging.makeLogRecord(
        {
            "name": OWN,
            "levelname": "ERROR",
            "msg": "a %s\nof lines",
            "args": ("couple",),
            "created": 1_795_700_000.5,
            "user": CANARY,
            "request": CANARY,
        }
    )
    assert logged(record) == {
        "at": "2026-11-26T13:33:20.500+00:00",
        "level": "error",
        "by": "cairn",
        "event": "a couple\nof lines",
    }


def test_of_a_library_only_the_kind_of_its_error_is_written():
    try:
        int(CANARY)
    except ValueError:
        told = sys.exc_info()
    record = logging.makeLogRecord(
        {"name": "aiohttp.server", "levelname": "ERROR", "msg": CANARY, "exc_info": told}
    )
    line = logged(record)
    assert (line["by"], line["event"]) == ("aiohttp.server", "ValueError")
    assert CANARY not in json.dumps(line)


def test_the_same_line_of_a_library_is_told_once_a_minute_and_ours_always():
    now = 0.0
    seldom = NotAgain(lambda: now)

    def passes(name: str, message: str) -> bool:
        return seldom.filter(logging.LogRecord(name, logging.ERROR, "", 0, message, (), None))

    assert [passes("asyncio", "OSError") for _ in range(3)] == [True, False, False]
    assert passes("asyncio", "ValueError")
    assert passes("aiohttp.server", "OSError")
    assert all([passes(OWN, "the same") for _ in range(3)])
    now = 61.0
    assert [passes("asyncio", "OSError") for _ in range(2)] == [True, False]
    assert all([passes("asyncio", str(number)) for number in range(5_000)])
    assert len(seldom._told) <= 1_000


# ---- it is stopped


class Slow:
    """An application whose answers come when they are let."""

    def __init__(self) -> None:
        self.gate, self.begun = asyncio.Event(), asyncio.Event()
        self.application = web.Application()
        self.application.router.add_get("/slow", self.answer)
        self.application.router.add_get("/quick", self.quick)
        self.listening, self.draining = asyncio.Event(), asyncio.Event()
        self.ended: list[str] = []
        self.application.on_cleanup.append(self.cleaned)

    async def answer(self, _: web.Request) -> web.Response:
        self.begun.set()
        await self.gate.wait()
        self.ended.append("answered")
        return web.Response(text="done")

    async def quick(self, _: web.Request) -> web.Response:
        return web.Response(text="done")

    async def cleaned(self, _: web.Application) -> None:
        self.ended.append("cleaned")

    async def listens(self) -> None:
        async with asyncio.timeout(60):
            await self.listening.wait()

    def start(self, port: int, linger: float) -> asyncio.Task[None]:
        told = {"listening": self.listening.set, "draining": self.draining.set}
        return asyncio.create_task(
            listen(self.application, "127.0.0.1", port, **told, linger=linger)
        )


async def test_told_to_stop_it_goes_on_answering_and_then_finishes_what_has_begun(
    unused_tcp_port: int,
):
    slow, url = Slow(), f"http://127.0.0.1:{unused_tcp_port}"
    serving = slow.start(unused_tcp_port, linger=3.0)
    async with ClientSession() as http:
        await slow.listens()
        begun = asyncio.create_task(http.get(f"{url}/slow"))
        await slow.begun.wait()
        signal.raise_signal(signal.SIGTERM)
        await slow.draining.wait()
        async with http.get(f"{url}/quick") as late:
            assert late.status == 200
            assert late.headers["Connection"] == "close", "the next one goes elsewhere"
        async with asyncio.timeout(20):
            while True:  # until it listens no more
                try:
                    async with http.get(f"{url}/quick"):
                        await asyncio.sleep(0.01)
                except ClientConnectionError:
                    break
        assert not serving.done()
        slow.gate.set()
        assert await (await begun).text() == "done"
        await serving
    assert slow.ended == ["answered", "cleaned"]


async def test_told_twice_it_does_not_wait_for_those_who_may_come(unused_tcp_port: int):
    slow = Slow()
    serving = slow.start(unused_tcp_port, linger=3600.0)
    await slow.listens()
    signal.raise_signal(signal.SIGTERM)
    await slow.draining.wait()
    signal.raise_signal(signal.SIGINT)
    async with asyncio.timeout(20):
        await serving
    assert slow.ended == ["cleaned"]


async def test_told_again_while_it_finishes_it_breaks_off(unused_tcp_port: int):
    slow = Slow()
    finishing = asyncio.Event()

    async def for_ever(_: web.Application) -> None:
        finishing.set()
        await asyncio.Event().wait()

    slow.application.on_shutdown.append(for_ever)
    serving = slow.start(unused_tcp_port, linger=0.0)
    await slow.listens()
    signal.raise_signal(signal.SIGTERM)
    await finishing.wait()
    assert not serving.done()
    signal.raise_signal(signal.SIGTERM)
    async with asyncio.timeout(20):
        await serving


async def test_what_does_not_end_by_itself_is_broken_off(
    unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
):
    slow = Slow()

    async def for_ever(_: web.Application) -> None:
        await asyncio.Event().wait()

    slow.application.on_shutdown.append(for_ever)
    monkeypatch.setattr(stopping, "LONGEST_STOP", 0.1)
    serving = slow.start(unused_tcp_port, linger=0.0)
    await slow.listens()
    signal.raise_signal(signal.SIGTERM)
    async with asyncio.timeout(20):
        await serving


async def test_told_to_stop_while_it_starts_it_ends_there(unused_tcp_port: int):
    slow, starting = Slow(), asyncio.Event()

    async def waits(_: web.Application) -> AsyncIterator[None]:
        starting.set()
        await asyncio.Event().wait()  # for a database that does not answer
        yield

    slow.application.cleanup_ctx.append(waits)
    serving = slow.start(unused_tcp_port, linger=0.0)
    await starting.wait()
    signal.raise_signal(signal.SIGTERM)
    async with asyncio.timeout(20):
        await serving
    assert not slow.draining.is_set()


async def test_an_address_that_is_taken_is_told_and_no_other_error_is_told_as_that(
    unused_tcp_port: int,
):
    slow = Slow()
    with (
        socket.create_server(("127.0.0.1", unused_tcp_port)),
        pytest.raises(AddressError, match=f"127.0.0.1:{unused_tcp_port}"),
    ):
        await slow.start(unused_tcp_port, linger=0.0)
    assert not slow.listening.is_set(), "nothing says that it can be opened there"

    async def late(_: web.Application) -> None:
        raise TimeoutError

    slow = Slow()
    slow.application.on_startup.append(late)
    with pytest.raises(TimeoutError):
        await slow.start(unused_tcp_port, linger=0.0)


async def test_what_comes_packed_is_not_unpacked(unused_tcp_port: int):
    """A few kilobytes of anybody could become hundreds of megabytes, before a door is reached."""
    slow, url = Slow(), f"http://127.0.0.1:{unused_tcp_port}"
    came: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        came.append(await request.read())
        return web.Response()

    slow.application.router.add_post("/take", take)
    serving, packed = slow.start(unused_tcp_port, linger=0.0), gzip.compress(bytes(10_000))
    async with ClientSession() as http:
        await slow.listens()
        async with http.post(
            f"{url}/take", data=packed, headers={"Content-Encoding": "gzip"}
        ) as answer:
            assert answer.status == 200
    assert came == [packed]
    signal.raise_signal(signal.SIGTERM)
    await serving


async def test_the_command_ends_in_order_and_says_so(fake: FakeSlack, tmp_path: Path):
    async with served(fake, tmp_path) as cairn:
        await fake.person("alice").slash()
        cairn.process.terminate()
        assert await asyncio.wait_for(cairn.process.wait(), 30) == 0
    lines = [json.loads(line) for line in (tmp_path / "stderr").read_text().splitlines()]
    assert "told to stop; what has begun is finished" in [line["event"] for line in lines]
    assert {line["level"] for line in lines} == {"info"}


# ---- one replica at a time


@pytest.mark.xdist_group("postgres")
async def test_of_two_replicas_one_does_the_work_and_the_other_leaves_it_out(address: str):
    first, second = [await open_store(address, [b"k" * 32], utc_now) for _ in range(2)]
    done: list[str] = []
    gate, inside = asyncio.Event(), asyncio.Event()

    async def long() -> None:
        inside.set()
        await gate.wait()
        done.append("first")

    async def short() -> None:
        done.append("second")

    try:
        working = asyncio.create_task(by_one(first, "cases", long)())
        await inside.wait()
        await by_one(second, "cases", short)()
        alone = done == []
        await by_one(second, "reviews", short)()
        gate.set()
        await working
        await by_one(second, "cases", short)()
        several = address.startswith("postgresql")
        assert alone is several, "SQLite has one process"
        assert done[-3:] == ["second", "first", "second"]
    finally:
        gate.set()
        await first.close()
        await second.close()


@pytest.mark.xdist_group("postgres")
async def test_work_that_fails_lets_go_of_its_turn(address: str):
    first, second = [await open_store(address, [b"k" * 32], utc_now) for _ in range(2)]
    done: list[str] = []

    async def fails() -> None:
        raise ZeroDivisionError

    async def works() -> None:
        done.append("works")

    try:
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await by_one(first, "cases", fails)()
        await by_one(second, "cases", works)()
        assert done == ["works"]
    finally:
        await first.close()
        await second.close()


async def test_what_teams_did_not_do_is_told_by_its_code():
    async with FakeTeams() as fake, teams_running(fake) as cairn:
        fake.faults.add("send", teams_faults.status(403), times=None)
        await fake.person("alice").message("hello")
        await cairn.drain()
        async with ClientSession() as http, http.get(f"{cairn.url}metrics") as page:
            text = await page.text()
    errors = [line for line in text.splitlines() if line.startswith("cairn_platform_errors")]
    assert errors == [
        'cairn_platform_errors_total{code="MessageWritesBlocked",platform="teams"} 1.0'
    ]
