"""Does `cairn doctor` find what is amiss, say what to do, and tell no secret?"""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from aiosmtpd.smtp import SMTP
from sqlalchemy import insert

from bot.app import examined, read_guidance, utc_now
from bot.app.slack import slack_settings
from bot.channels.slack import checkup as slack_checkup
from bot.channels.teams import checkup
from bot.channels.teams.tokens import TokenSource
from bot.conversation import Conversation
from bot.desk.vault import Vault
from bot.doctor import of_clock, of_database, of_date, of_guidance, of_settings
from bot.findings import Finding, Grade
from bot.organization import Approval
from bot.platforms import Place
from bot.settings import Settings, read_settings
from bot.store import StoreError, Trouble, engine, open_store
from bot.store.tables import case_keys, cases, outbox
from tests.conftest import ROOT, SAMPLE, TODAY
from tests.slack import faults
from tests.slack.fake import FakeSlack
from tests.slack.state import Channel
from tests.slack_app import SEAL_KEYS, settings_for
from tests.teams.login import Login

pytest_plugins = ["tests.postgres"]

CASE_KEYS = base64.b64encode(b"k" * 32).decode()
NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)


CASE = {
    "number": "AB12CD", "office": "values_ethics", "state": "offered", "lang": "en", "topic": "",
    "mode": "case", "turn": 1, "opened": 0, "since": 0, "replied": False, "record": "none",
    "held": False, "card": "",
}  # fmt: skip


def to_do(findings: list[Finding]) -> str:
    """Everything that must be mended, in English."""
    return "\n".join(one.words.en for one in findings if one.grade is Grade.FIX)


def said(findings: list[Finding]) -> str:
    return "\n".join(f"{one.grade}: {one.words.en}" for one in findings)


async def examine(environ: dict[str, str]) -> list[Finding]:
    return [one async for one in examined(read_settings(environ), utc_now())]


# ---- the content


def test_an_overdue_walk_is_to_be_reviewed_and_one_that_will_be_is_noted():
    guidance, _ = read_guidance(ROOT, None, TODAY)
    trees = list(guidance.trees.values())
    for days, grade in ((-200, Grade.FIX), (-1, Grade.NOTE), (20, Grade.NOTE), (90, None)):
        tree = replace(trees[0], review_by=TODAY + timedelta(days=days))
        others = {one.id: replace(one, review_by=TODAY + timedelta(days=400)) for one in trees}
        changed = replace(guidance, trees={**others, tree.id: tree})
        found = [one for one in of_guidance(changed, None, TODAY) if tree.id in one.words.en]
        assert [one.grade for one in found] == ([grade] if grade else [])


def test_what_the_organization_has_switched_is_said():
    guidance, organization = read_guidance(ROOT, SAMPLE, TODAY)
    assert organization is not None
    approved = Approval(guidance.version, (), TODAY)
    quiet = replace(organization, approval=approved)
    assert {one.grade for one in of_guidance(guidance, quiet, TODAY)} == {Grade.GOOD}
    loud = replace(organization, offline=True, legal_hold=True)
    told = said(list(of_guidance(guidance, loud, TODAY)))
    for words in ("not approved", "offline: true", "legal_hold: true"):
        assert words in told


async def test_guidance_with_an_error_is_told_by_its_line(tmp_path: Path):
    (tmp_path / "dialogs").mkdir()
    (tmp_path / "content").mkdir()
    (tmp_path / "dialogs" / "broken.yaml").write_text("tree: [\n")
    told = to_do(await examine({"CAIRN_GUIDANCE": str(tmp_path)}))
    assert "dialogs/broken.yaml:" in told


# ---- the settings and the database


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "CAIRN_SEAL_KEYS is not set"),
        ({"CAIRN_SEAL_KEYS": CASE_KEYS}, "share a key"),
        ({"CAIRN_SEAL_KEYS": SEAL_KEYS, "CAIRN_CASE_KEYS": ""}, "nothing can be sent"),
        ({"CAIRN_SEAL_KEYS": SEAL_KEYS}, ""),
    ],
)
def test_keys_that_are_missing_or_the_same_are_told(environ: dict[str, str], words: str):
    given = {
        "CAIRN_SLACK_BOT_TOKEN": "xoxb-1",
        "CAIRN_SLACK_SIGNING_SECRETS": "secret",
        "CAIRN_CASE_KEYS": CASE_KEYS,
        **environ,
    }
    settings = read_settings({name: value for name, value in given.items() if value})
    told = to_do(list(of_settings(settings, hands_over=True)))
    assert words in told
    assert bool(told) is bool(words)


def with_database(address: str, case_keys: str | None = CASE_KEYS) -> Settings:
    given = {
        "CAIRN_DATABASE_URL": address,
        "CAIRN_SEAL_KEYS": SEAL_KEYS,
        "CAIRN_SLACK_BOT_TOKEN": "xoxb-1",
        "CAIRN_SLACK_SIGNING_SECRETS": "secret",
    }
    return read_settings(given | ({"CAIRN_CASE_KEYS": case_keys} if case_keys else {}))


@pytest.mark.xdist_group("postgres")
async def test_a_database_is_looked_at_and_not_changed(address: str):
    settings = with_database(address)
    assert "makes its tables" in said(await of_database(settings, NOW))
    assert "makes its tables" in said(await of_database(settings, NOW)), "it made none"
    store = await open_store(address, settings.keys, utc_now)
    try:
        told = await of_database(settings, utc_now())
        assert to_do(told) == ""
        assert ("clock agrees" in said(told)) is settings.several
    finally:
        await store.close()


@pytest.mark.xdist_group("postgres")
async def test_a_key_that_cases_need_is_missed_and_one_that_none_needs_is_let_go(address: str):
    former, present = base64.b64decode(CASE_KEYS), b"n" * 32
    both = ",".join(base64.b64encode(key).decode() for key in (present, former))
    store = await open_store(address, [b"s" * 32], utc_now)
    try:
        async with store.transaction() as transaction:
            row = {"number": "AB12CD", "key_id": Vault([former]).key_id, "sealed": b"x"}
            await transaction.connection.execute(insert(cases), CASE)
            await transaction.connection.execute(insert(case_keys), row)
        first_only = both.partition(",")[0]
        assert "cairn rekey" in to_do(await of_database(with_database(address, first_only), NOW))
        missing = await of_database(with_database(address, None), NOW)
        assert "CAIRN_CASE_KEYS is not set" in to_do(missing)
        assert to_do(await of_database(with_database(address, both), utc_now())) == ""
        async with store.transaction() as transaction:
            changed = case_keys.update().values(key_id=Vault([present]).key_id)
            await transaction.connection.execute(changed)
        rotated = await of_database(with_database(address, both), utc_now())
        assert "the others may go" in said(rotated)
    finally:
        await store.close()


@pytest.mark.xdist_group("postgres")
async def test_what_waits_too_long_and_what_was_set_aside_are_told(address: str):
    store = await open_store(address, [b"s" * 32], utc_now)
    row = {"number": "AB12CD", "kind": "offer", "detail": "", "due": 0, "tries": 0}
    now = utc_now()
    try:
        async with store.transaction() as transaction:
            made = int(now.timestamp())
            for age, parked in ((60, False), (7200, True)):
                new = {**row, "made": made - age, "parked": parked}
                await transaction.connection.execute(insert(outbox), new)
        told = await of_database(with_database(address), now)
        assert to_do(told) == ""
        assert "Set aside, since they could not be sent: 1." in said(told)
        late = await of_database(with_database(address), now + timedelta(minutes=20))
        assert "more than 15 minutes" in to_do(late)
    finally:
        await store.close()


class Files:
    """A database of SQLite as something left it, and all that is in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "cai#rn é.db"
        self.address = f"sqlite:///{self.file}"

    @property
    def held(self) -> dict[str, bytes]:
        # The index of the log is locked and counted in by whoever reads, and holds nothing.
        left = [path for path in self.folder.iterdir() if not path.name.endswith("-shm")]
        return {path.name: path.read_bytes() for path in left}

    @property
    def has_index(self) -> bool:
        return any(path.name.endswith("-shm") for path in self.folder.iterdir())


@asynccontextmanager
async def serving(files: Files) -> AsyncIterator[None]:
    """As long as somebody serves; what they wrote is still in the log."""
    store = await open_store(files.address, [b"s" * 32], utc_now)
    try:
        async with store.transaction() as transaction:
            await transaction.connection.execute(insert(cases), CASE)
        yield
    finally:
        await store.close()


@asynccontextmanager
async def closed(files: Files) -> AsyncIterator[None]:
    async with serving(files):
        pass
    assert list(files.held) == [files.file.name]
    yield


@asynccontextmanager
async def killed(files: Files) -> AsyncIterator[None]:
    """What stands on the disk when a process is killed, perhaps on another machine."""
    lives = Files(files.folder / "lives")
    lives.folder.mkdir()
    async with serving(lives):
        shutil.copy(lives.file, files.file)
        shutil.copy(f"{lives.file}-wal", f"{files.file}-wal")
    shutil.rmtree(lives.folder)
    yield


@asynccontextmanager
async def touched(files: Files) -> AsyncIterator[None]:
    files.file.touch()
    yield


@asynccontextmanager
async def missing(files: Files) -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def foreign(files: Files) -> AsyncIterator[None]:
    """A database of something else, which keeps no write-ahead log."""
    with closing(sqlite3.connect(files.file)) as connection, connection:
        connection.execute("CREATE TABLE other (number INTEGER)")
    yield


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (serving, "it answers and can be written in"),
        (closed, "it answers and can be written in"),
        (killed, "it answers and can be written in"),
        (touched, "makes its tables"),
        (missing, "makes its tables"),
        (foreign, "makes its tables"),
    ],
)
async def test_no_byte_of_a_database_is_changed_and_nothing_is_left_beside_it(
    tmp_path: Path, state: Callable[[Files], AbstractAsyncContextManager[None]], words: str
):
    files = Files(tmp_path)
    async with state(files):
        before = files.held
        assert words in said(await of_database(with_database(files.address), NOW))
        assert files.held == before
        assert files.has_index is (state in (serving, killed)), "only where there is a log"


async def test_a_folder_that_is_a_file_is_told(tmp_path: Path):
    (tmp_path / "data").touch()
    told = await of_database(with_database(f"sqlite:///{tmp_path}/data/cairn.db"), NOW)
    assert "The folder of the database file does not exist" in to_do(told)
    assert (tmp_path / "data").read_bytes() == b""


def as_user(address: str) -> tuple[str, str]:
    """A user for this test alone, and the address with which that one comes in."""
    name = f"newcomer_{address.partition('?')[0].rpartition('/')[2]}"
    assert "//postgres:@" in address
    return name, address.replace("//postgres:@", f"//{name}:@")


async def tell(address: str, *commands: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(address)
    try:
        found: list[asyncpg.Record] = []
        for command in commands:
            found = await connection.fetch(command)
        return found
    finally:
        await connection.close()


VERSION = "SELECT ctid, xmin, version_num FROM alembic_version"
EVERYTHING = "SELECT oid, relname, relfilenode FROM pg_class ORDER BY oid"


@pytest.mark.xdist_group("postgres")
async def test_a_user_who_may_make_no_tables_is_told_before_the_first_start(
    new_database: Callable[[], str],
):
    address = new_database()
    name, theirs = as_user(address)
    await tell(address, f"CREATE ROLE {name} LOGIN")
    told = await of_database(with_database(theirs), NOW)
    assert "names lacks rights" in to_do(told)
    assert "makes its tables" not in said(told)
    with pytest.raises(StoreError) as error:
        await open_store(theirs, [b"s" * 32], utc_now)
    assert error.value.trouble is Trouble.DENIED
    await tell(address, f"ALTER DATABASE {name.removeprefix('newcomer_')} OWNER TO {name}")
    assert to_do(await of_database(with_database(theirs), NOW)) == ""
    await (await open_store(theirs, [b"s" * 32], utc_now)).close()
    assert "can be written in" in said(await of_database(with_database(theirs), utc_now()))


@pytest.mark.xdist_group("postgres")
@pytest.mark.parametrize(
    ("rights", "enough"),
    [
        ((), False),
        (("SELECT ON ALL TABLES",), False),
        (("SELECT, UPDATE, DELETE ON ALL TABLES",), False),
        (("ALL ON ALL TABLES",), False),
        (("ALL ON ALL SEQUENCES", "ALL ON ALL TABLES"), True),
    ],
)
async def test_a_user_who_may_not_write_in_the_tables_is_told(
    new_database: Callable[[], str], *, rights: tuple[str, ...], enough: bool
):
    address = new_database()
    await (await open_store(address, [b"s" * 32], utc_now)).close()
    name, theirs = as_user(address)
    await tell(address, f"CREATE ROLE {name} LOGIN")
    for right in rights:
        await tell(address, f"GRANT {right} IN SCHEMA public TO {name}")
    told = await of_database(with_database(theirs), utc_now())
    assert ("names lacks rights" in to_do(told)) is not enough
    assert ("can be written in" in said(told)) is enough


@pytest.mark.xdist_group("postgres")
@pytest.mark.parametrize("version", ["", "0001", "head"])
async def test_a_database_that_can_only_be_read_is_told(
    new_database: Callable[[], str], version: str
):
    address = new_database()
    name, theirs = as_user(address)
    if version:
        await (await open_store(address, [b"s" * 32], utc_now)).close()
    if version == "0001":
        await tell(address, f"UPDATE alembic_version SET version_num = '{version}'")
    database = name.removeprefix("newcomer_")
    await tell(address, f"CREATE ROLE {name} LOGIN SUPERUSER")
    for of in (f"DATABASE {database}", f"ROLE {name}"):
        await tell(address, f"ALTER {of} SET default_transaction_read_only = on")
        told = await of_database(with_database(theirs), utc_now())
        assert "The database can only be read" in to_do(told)
        assert "can be written in" not in said(told)
        change = f"ALTER {of} RESET default_transaction_read_only"
        await tell(address, "SET default_transaction_read_only = off", change)
    assert to_do(await of_database(with_database(theirs), utc_now())) == ""


@pytest.mark.xdist_group("postgres")
async def test_a_database_that_answers_but_keeps_nothing_is_told(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
):
    address = new_database()
    await (await open_store(address, [b"s" * 32], utc_now)).close()
    stuck = await asyncpg.connect(address)
    await stuck.execute("BEGIN")
    await stuck.execute("SELECT 1 FROM alembic_version FOR UPDATE")
    with monkeypatch.context() as impatient:
        impatient.setattr(engine, "PATIENCE", 1.0)
        told = await of_database(with_database(address), utc_now())
    await stuck.close()
    assert "did not answer as it should" in to_do(told)
    assert to_do(await of_database(with_database(address), utc_now())) == ""


@pytest.mark.xdist_group("postgres")
@pytest.mark.parametrize("made", [False, True])
async def test_what_is_tried_on_a_server_leaves_nothing_there(
    new_database: Callable[[], str], *, made: bool
):
    address = new_database()
    if made:
        await (await open_store(address, [b"s" * 32], utc_now)).close()
    seen = [EVERYTHING, VERSION] if made else [EVERYTHING]
    before = [await tell(address, one) for one in seen]
    assert to_do(await of_database(with_database(address), utc_now())) == ""
    assert [await tell(address, one) for one in seen] == before


async def test_a_database_that_cannot_be_used_is_told_without_its_address(tmp_path: Path):
    path = tmp_path / "kanarienvogel.db"
    path.write_bytes(b"no database at all" * 100)
    told = await of_database(with_database(f"sqlite:///{path}"), NOW)
    assert to_do(told)
    assert "kanarienvogel" not in said(told)


async def test_an_older_and_a_newer_database_are_told(tmp_path: Path):
    path = tmp_path / "cairn.db"
    store = await open_store(f"sqlite:///{path}", [b"s" * 32], utc_now)
    await store.close()
    for version, words in (("0001", "of an older version"), ("9999", "by a newer version")):
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
        connection.close()
        assert words in said(await of_database(with_database(f"sqlite:///{path}"), NOW))


# ---- the clock


@pytest.mark.parametrize(
    ("seconds", "grade"),
    [(0, Grade.GOOD), (20, Grade.GOOD), (-90, Grade.NOTE), (300, Grade.FIX), (-300, Grade.FIX)],
)
def test_a_clock_that_is_off_is_told(seconds: int, grade: Grade):
    [found] = of_clock(NOW + timedelta(seconds=seconds), NOW, "Slack’s", "celle de Slack")
    assert found.grade is grade


def test_a_database_s_clock_that_is_off_is_noted_since_nobody_knows_which_one_it_is():
    [found] = of_clock(NOW + timedelta(hours=1), NOW, "its", "la sienne", judges=False)
    assert found.grade is Grade.NOTE


@pytest.mark.parametrize("header", [None, "", "yesterday", "Fri, 99 Nov 2026 17:00:00 GMT"])
def test_a_date_that_cannot_be_read_says_nothing(header: str | None):
    assert of_date(header, NOW, "Slack’s", "celle de Slack") == []


# ---- Slack


@pytest.fixture
async def fake() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(rates=False) as fake:
        yield fake


async def test_a_slack_that_is_as_it_should_be_leaves_nothing_to_do(
    fake: FakeSlack, tmp_path: Path
):
    found = await examine(settings_for(fake, tmp_path))
    assert to_do(found) == ""
    told = said(found)
    assert "accepts the token; its workspace is T0CAIRN" in told
    assert "all scopes are there" in told
    assert "clock agrees with Slack’s" in told
    assert {call.method for call in fake.calls} == {"auth.test"}, "nothing else is done"


async def test_a_scope_that_lacks_or_is_too_much_is_told(tmp_path: Path):
    async with FakeSlack(
        rates=False, scopes={"commands", "chat:write", "channels:history"}
    ) as fake:
        found = await examine(settings_for(fake, tmp_path))
    assert "scopes that are lacking: app_mentions:read, channels:read, groups:read" in to_do(found)
    told = said(found)
    assert "does not need: channels:history" in told
    assert "without pins:write" in told


async def test_a_token_that_slack_does_not_accept_is_told_by_its_name_only(
    fake: FakeSlack, tmp_path: Path
):
    wrong = "xoxb-kanarienvogel"
    found = await examine(settings_for(fake, tmp_path, slack_bot_token=wrong))
    assert "does not accept CAIRN_SLACK_BOT_TOKEN (invalid_auth)" in to_do(found)
    assert wrong not in said(found)


async def test_a_slack_that_does_not_answer_is_told(tmp_path: Path):
    async with FakeSlack(rates=False) as fake:
        settings = settings_for(fake, tmp_path)
    assert "Slack: no answer" in to_do(await examine(settings))


async def test_workspaces_that_leave_out_the_tokens_own_are_told(fake: FakeSlack, tmp_path: Path):
    found = await examine(settings_for(fake, tmp_path, slack_teams="T0OTHER"))
    assert "does not hold the workspace of the token" in to_do(found)


CHANNELS: dict[str, tuple[dict[str, bool], str]] = {
    "as it should be": ({}, ""),
    "public": ({"is_private": False}, "values_ethics is public"),
    "shared with an organization": ({"is_ext_shared": True}, "is shared with another workspace"),
    "shared with a workspace": ({"is_org_shared": True}, "is shared with another workspace"),
    "archived": ({"is_archived": True}, "is archived"),
}


@pytest.mark.parametrize("kind", CHANNELS)
async def test_the_channel_of_an_office_is_looked_at_by_the_rules_of_the_desk(
    fake: FakeSlack, tmp_path: Path, kind: str
):
    how, words = CHANNELS[kind]
    people = [fake.person("olive"), fake.person("oscar")]
    room = fake.channel("office", *people, is_private=True)
    for name, value in how.items():
        setattr(room, name, value)
    found = await of_desk(fake, tmp_path, room)
    assert words in to_do(found)
    assert bool(to_do(found)) is bool(words)


async def test_an_office_whose_channel_cairn_was_not_invited_to_is_told(
    fake: FakeSlack, tmp_path: Path
):
    people = [fake.person("olive"), fake.person("oscar")]
    room = fake.channel("office", *people, bot=False, is_private=True)
    found = await of_desk(fake, tmp_path, room)
    assert "Cairn is not in the channel of values_ethics" in to_do(found)


async def test_who_is_in_the_channel_of_an_office_is_looked_at(fake: FakeSlack, tmp_path: Path):
    alone = fake.channel("alone", fake.person("olive"), is_private=True)
    assert "fewer than 2 people are in the channel" in to_do(await of_desk(fake, tmp_path, alone))
    many = [fake.person(f"p{number}") for number in range(26)]
    crowd = fake.channel("crowd", *many, is_private=True)
    assert "more than 25 people are in the channel" in to_do(await of_desk(fake, tmp_path, crowd))
    crowd.members.discard(many[0].id)
    assert to_do(await of_desk(fake, tmp_path, crowd)) == ""
    guest = fake.person("gus", is_restricted=True)
    room = fake.channel("office", fake.person("oscar"), guest, is_private=True)
    found = await of_desk(fake, tmp_path, room)
    assert "holds somebody who is no full member" in to_do(found)
    assert guest.id not in said(found)


async def test_what_slack_cannot_tell_now_is_not_held_against_the_channel(
    fake: FakeSlack, tmp_path: Path
):
    room = fake.channel("office", fake.person("olive"), fake.person("oscar"), is_private=True)
    fake.faults.add("conversations.members", faults.status(503), times=None)
    found = await of_desk(fake, tmp_path, room)
    assert to_do(found) == ""
    assert "nothing was said of the channel of values_ethics now" in said(found)


async def of_desk(fake: FakeSlack, tmp_path: Path, room: Channel) -> list[Finding]:
    """What is found of one office, which has that channel."""
    settings = slack_settings(read_settings(settings_for(fake, tmp_path)))
    place = Place("slack", fake.workspace.id, room.id)
    found, _ = await slack_checkup.examine(settings, {"values_ethics": place})
    return found


# ---- Teams and mail


async def test_the_token_and_the_keys_of_teams_are_asked_for():
    async with Login() as login:

        def tokens() -> TokenSource:
            client = login.http_client
            return TokenSource(login.app_id, login.password, login.tenant, http_client=client)

        found, at = await checkup.examine(tokens(), login.metadata_url)
        assert [one.grade for one in found] == [Grade.GOOD, Grade.GOOD]
        assert at is not None
        login.refuses = "invalid_client"
        found, _ = await checkup.examine(tokens(), login.metadata_url)
        assert "does not accept the app (login_invalid_client)" in to_do(found)
        assert login.password not in said(found)
        login.refuses, login.down = "", True
        found, _ = await checkup.examine(tokens(), login.metadata_url)
        assert [one.grade for one in found] == [Grade.FIX, Grade.FIX]


async def test_the_mail_server_is_greeted_and_no_letter_is_sent():
    class Post:
        async def handle_DATA(self, *_: object) -> str:
            raise AssertionError("a letter was sent")

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Post()), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    environ = {"CAIRN_SMTP_URL": f"smtp://127.0.0.1:{port}?from=cairn@lakes.example"}
    async with server:
        assert "The mail server lets Cairn in." in said(await examine(environ))
    assert "The mail server does not take letters (connection)" in to_do(await examine(environ))


# ---- the command


def doctor(**environ: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", "doctor"],
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8", **environ},
        cwd=ROOT,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )


def test_the_command_ends_with_one_where_something_is_to_be_done(tmp_path: Path):
    well = doctor(LANG="fr_CA.UTF-8")
    assert (well.returncode, well.stderr) == (0, "")
    assert "ok        Orientations version" in well.stdout
    (tmp_path / "dialogs").mkdir()
    (tmp_path / "content").mkdir()
    ill = doctor(LANG="fr_CA.UTF-8", CAIRN_GUIDANCE=str(tmp_path))
    assert (ill.returncode, ill.stderr) == (1, "")
    assert "À FAIRE   Les orientations ne peuvent pas être utilisées" in ill.stdout


def test_every_sentence_is_there_in_both_languages(department: Conversation):
    organization = department.organization
    assert organization is not None
    found = list(of_guidance(department.guidance, organization, TODAY))
    found += of_settings(with_database("sqlite:///x.db", None), hands_over=True)
    assert all(one.words.en and one.words.fr and one.words.en != one.words.fr for one in found)
