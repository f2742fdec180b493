"""What do an operator's commands tell of cases? Counts that give nobody away, and what to do."""

from __future__ import annotations

import asyncio
import base64
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli import main
from bot.conversation import Conversation
from bot.desk.timekeeping import Counts
from bot.guidance.words import LANGS, Lang
from bot.operating import FEWEST, told_of_cases
from bot.settings import read_settings
from bot.starting import told_at_start
from bot.store.audit import Chain
from bot.store.outbox import Waiting
from tests.conftest import SAMPLE
from tests.desk import CASE_KEY, NEXT_KEY, OFFICE, person, world
from tests.slack_app import department, guidance_of
from tests.whole import one_now

STATES = ("queued", "offered", "claimed", "closed", "purged", "fallback")


def counts(cases: dict[tuple[str, str], int], broken: int | None = None) -> Counts:
    return Counts(cases, Waiting(3, 1_800_000_000, 2), Chain(40, b"\xab" * 32, broken))


def told(found: Counts, lang: Lang) -> list[str]:
    return [words[lang] for words in told_of_cases(found)]


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["values_ethics", "security"]), st.sampled_from(STATES)),
        st.integers(1, 30),
    ),
    st.sampled_from(LANGS),
)
def test_no_count_of_people_under_ten_is_told_and_none_can_be_found_from_the_others(
    cases: dict[tuple[str, str], int], lang: Lang
):
    of_people = told(counts(cases), lang)[:-2]
    numbers = [int(word) for row in of_people for word in row.split() if word.isdecimal()]
    ended = {"closed", "purged", "fallback"}
    sums: dict[tuple[str, bool], int] = {}
    for (office, state), many in cases.items():
        sums[office, state in ended] = sums.get((office, state in ended), 0) + many
    shown = sorted(many for many in sums.values() if many >= FEWEST)
    hidden = [many for many in sums.values() if many < FEWEST]
    # Where one is hidden, the row says ten and nothing else; there is no sum to subtract from.
    assert sorted(numbers) == sorted(shown + [FEWEST] * len(hidden))
    assert len(of_people) == max(len(sums), 1)


@pytest.mark.parametrize("lang", LANGS)
def test_what_waits_what_was_set_aside_and_the_head_of_the_chain_are_told(lang: Lang):
    *_, waits, chain = told(counts({}), lang)
    assert "3" in waits
    assert "2" in waits
    assert "ab" * 32 in chain


@pytest.mark.parametrize(("lang", "word"), [("en", "BROKEN"), ("fr", "ROMPUE")])
def test_a_broken_chain_is_told_with_its_place_and_what_to_do(lang: Lang, word: str):
    row = told(counts({}, broken=17), lang)[-1]
    assert word in row
    assert "17" in row


def key(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with a case that is due to be erased, and the settings of an operator."""
    path = tmp_path / "cairn.db"

    async def fill() -> None:
        async with world(f"sqlite:///{path}") as desk:
            await desk.send(person(1), "canary words")
            number = await desk.send(person(2), "other words")
            await desk.service.withdraw(number, person(2))

    asyncio.run(fill())
    monkeypatch.setenv("CAIRN_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("CAIRN_ORGANIZATION", str(SAMPLE))
    monkeypatch.setenv("CAIRN_CASE_KEYS", key(CASE_KEY))
    monkeypatch.setenv("LC_ALL", "C")
    return path


def run(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str, str]:
    status = main(list(command))
    found = capsys.readouterr()
    return status, found.out, found.err


def test_cases_tells_counts_and_never_words(database: Path, capsys: pytest.CaptureFixture[str]):
    status, out, err = run(capsys, "cases")
    assert (status, err) == (0, "")
    assert f"{OFFICE}, open: fewer than 10" in out
    assert "whole" in out
    for word in ("canary", "Asker", "asker-1", "AAA-"):
        assert word not in out


def test_purge_and_rekey_tell_how_many(
    database: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    assert run(capsys, "purge") == (0, "Cases erased: 0\n", "")
    monkeypatch.setenv("CAIRN_CASE_KEYS", f"{key(NEXT_KEY)},{key(CASE_KEY)}")
    assert run(capsys, "rekey") == (0, "Keys wrapped anew: 1\n", "")
    assert run(capsys, "rekey") == (0, "Keys wrapped anew: 0\n", "")
    with closing(sqlite3.connect(database)) as connection:
        assert len(connection.execute("SELECT DISTINCT key_id FROM case_keys").fetchall()) == 1


def test_rekey_without_the_former_key_says_to_put_it_back(
    database: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CAIRN_CASE_KEYS", key(NEXT_KEY))
    status, out, err = run(capsys, "rekey")
    assert (status, out) == (2, "")
    assert "Put the former key back" in err


@pytest.mark.parametrize("missing", ["CAIRN_CASE_KEYS", "CAIRN_ORGANIZATION"])
@pytest.mark.parametrize("command", ["cases", "purge", "rekey"])
def test_a_command_that_lacks_a_setting_names_it(
    database: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    missing: str,
):
    monkeypatch.delenv(missing)
    status, _, err = run(capsys, command)
    assert status == 2
    assert missing in err


VERSIONS = {
    "UPDATE alembic_version SET version_num = '0001'": (
        "an older version of Cairn, and this command does not upgrade it",
        "une version antérieure de Cairn, et cette commande ne la met pas à niveau",
    ),
    "UPDATE alembic_version SET version_num = '9'": (
        "by a newer version of Cairn. Install that version",
        "une version plus récente de Cairn. Installez cette version",
    ),
    "DROP TABLE alembic_version": ("no tables of Cairn yet", "encore aucune table de Cairn"),
    "": ("no tables of Cairn yet", "encore aucune table de Cairn"),
}


@pytest.mark.parametrize("command", ["cases", "purge", "rekey", "insights --format csv"])
@pytest.mark.parametrize("change", one_now(*VERSIONS))
@pytest.mark.parametrize("lang", LANGS)
def test_no_command_upgrades_a_database_or_makes_one(
    database: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    command: str,
    change: str,
    lang: Lang,
):
    if change:
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute(change)
    else:
        database.unlink()
    before = {path.name: path.read_bytes() for path in database.parent.iterdir()}
    monkeypatch.setenv("LC_ALL", f"{lang}_CA.UTF-8")
    status, out, err = run(capsys, *command.split())
    assert (status, out) == (2, "")
    assert VERSIONS[change][LANGS.index(lang)] in err
    assert str(database) not in err
    assert {path.name: path.read_bytes() for path in database.parent.iterdir()} == before


def at_start(conversation: Conversation, **more: str) -> str:
    environ = {
        "CAIRN_SLACK_BOT_TOKEN": "xoxb-1",
        "CAIRN_SLACK_SIGNING_SECRETS": "s",
        "CAIRN_SEAL_KEYS": key(CASE_KEY),
        **more,
    }
    return "\n".join(words.en for words in told_at_start(conversation, read_settings(environ)))


def test_the_start_says_whether_people_can_write_to_offices_and_what_is_missing():
    smtp = "smtp://127.0.0.1?from=cairn@lakes.example"
    assert "Hand-off" not in at_start(guidance_of())
    without = at_start(department())
    assert "CAIRN_CASE_KEYS" in without
    keys = {"CAIRN_CASE_KEYS": key(CASE_KEY)}
    only_mail = at_start(department(), **keys)
    assert "CAIRN_SMTP_URL" in only_mail
    assert "Hand-off" not in only_mail
    whole = at_start(department(), **keys, CAIRN_SMTP_URL=smtp)
    assert "CAIRN_SMTP_URL" not in whole
    assert "Hand-off" in whole
