"""Is there anything of anybody in the database or the log after many conversations?

In `make proof` there are a thousand.
"""

from __future__ import annotations

import base64
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.counting import CHANNELS, KINDS
from bot.guidance.model import Guidance
from bot.guidance.words import LANGS
from bot.weeks import monday_of
from tests.thousand import (
    MARK,
    all_records,
    converse,
    crowd_of,
    places_of,
    tables_of,
    traces,
    written,
)
from tests.whole import sized

MANY = sized(250, 1_000)


@pytest.mark.long
async def test_many_conversations_leave_numbers_and_nothing_of_anybody(
    tmp_path: Path, guidance: Guidance
):
    with all_records() as told:
        async with crowd_of(tmp_path) as crowd:
            await converse(crowd, MANY, 7)
            # While Cairn runs, no batch has been written yet; the files must be clean even so.
            ids = crowd.ids()
            assert traces(places_of(tmp_path, told), [MARK, *ids]) == []
        assert traces(places_of(tmp_path, told), [MARK, *ids]) == []
        log = "\n".join(told)
    assert crowd.words > MANY / 2
    assert all(crowd.acts[channel] > MANY / 2 for channel in CHANNELS)
    rows = tables_of(tmp_path)["counts"]
    assert all(monday_of(week).weekday() == 0 for week, *_ in rows)
    assert {kind for _, kind, *_ in rows} == set(KINDS)
    assert {lang for *_, lang, _ in rows} == set(LANGS)
    named = {name for _, kind, name, *_ in rows if kind == "channel"}
    assert named == set(CHANNELS)
    # What a row is called comes of the guidance, and is told to no log.
    answers = {f"{tree.id}/{one}" for tree in guidance.trees.values() for one in tree.answers}
    cards = {*guidance.topics, *(f"summary:{name}" for name in guidance.summaries)}
    named = {name for _, kind, name, *_ in rows if kind not in ("channel", "helped")}
    assert named <= {*guidance.trees, *answers, *cards}
    assert [name for name in named if name in log] == []
    assert all(many < 2 * MANY for *_, many in rows)


@pytest.mark.parametrize(
    "way",
    [
        lambda text: text.encode(),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode().hex().encode(),
        lambda text: b"{" + base64.b64encode(text.encode()) + b"}",
        lambda text: base64.urlsafe_b64encode(b"U1 " + text.encode() + b" and more"),
        lambda text: base64.b64encode(b"12" + text.encode() + b"?"),
    ],
)
def test_the_search_finds_what_it_looks_for_however_it_is_written(tmp_path: Path, way):
    with closing(sqlite3.connect(tmp_path / "cairn.db")) as database, database:
        database.execute("CREATE TABLE notes (words BLOB)")
        database.execute("INSERT INTO notes VALUES (?)", (way(f"U0{MARK}7"),))
    found = traces(places_of(tmp_path, []), [f"U0{MARK}7"])
    assert {place.split(" in ")[1].split(",")[0] for place in found} == {
        "table notes",
        "file cairn.db",
    }


def test_ids_that_are_numbers_are_looked_for_as_numbers_too():
    forms = written("3f2504e0-4f89-11d3-9a0c-0305e82c3301")
    assert bytes.fromhex("3f2504e04f8911d39a0c0305e82c3301") in forms
    assert (
        b"3F2504E04F8911D39A0C0305E82C3301" in forms or b"3f2504e04f8911d39a0c0305e82c3301" in forms
    )


@pytest.mark.parametrize("record", ["a word of {}", "{} pressed"])
def test_the_search_finds_what_was_logged(tmp_path: Path, record: str):
    with closing(sqlite3.connect(tmp_path / "cairn.db")):
        pass
    with all_records() as told:
        logging.getLogger("cairn").debug(record.format(f"{MARK}5"))
    assert traces(places_of(tmp_path, told), [MARK])
