"""`cairn serve` as a process of its own, with files of its own, which a test may search afterwards.

async with command(folder, environ) as cairn:     # it is ready, or has told why it is not
    ...
    await cairn.stop()                            # as an operator does
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientError, ClientSession

from tests.conftest import ROOT
from tests.unhurried import UNHURRIED

AT_DEBUG = """
import logging, bot.privacy
quiet = bot.privacy.set_up_logging
bot.privacy.set_up_logging = lambda *a: (quiet(*a), logging.getLogger().setLevel(logging.DEBUG))
"""
"""Python to run before: it then logs all that it can."""

_STOPS = 60


@contextmanager
def held_port() -> Iterator[int]:
    """A port that nobody else is given meanwhile; whoever names it may listen on it."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


async def answers(http: ClientSession, address: str) -> bool:
    """Whether an address answers, and well."""
    try:
        async with http.get(address) as response:
            return response.status == 200
    except ClientError:
        return False


def told_in(folder: Path) -> str:
    """What a process with that folder has written to standard output and to standard error."""
    return "".join((folder / name).read_text("utf-8") for name in ("stdout", "stderr"))


class Listening:
    """What listens on a port of this machine, and writes to a folder."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        """Where it listens, with a slash at its end."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def told(self) -> str:
        """What it has written to standard output and to standard error."""
        return told_in(self.folder)


@dataclass(frozen=True)
class Command(Listening):
    """The process; everything that it writes lies in `folder`."""

    process: asyncio.subprocess.Process
    port: int
    folder: Path

    @property
    def memory(self) -> int:
        """Bytes of memory that it holds."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def written(self) -> Iterator[tuple[str, bytes]]:
        """Every file that it has written, by its name."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield path.name, path.read_bytes()

    async def stop(self) -> int:
        """Ask it to end, as an operator does; return its status."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(_STOPS):
            return await self.process.wait()


@asynccontextmanager
async def command(
    folder: Path, environ: Mapping[str, str], *, start: str = "", ready: str = "health/ready"
) -> AsyncIterator[Command]:
    """Start it with these settings; `start` is Python to run before, `ready` what must answer."""
    with held_port() as port:
        async with _command(folder, environ, port, start, ready) as cairn:
            yield cairn


@asynccontextmanager
async def _command(
    folder: Path, environ: Mapping[str, str], port: int, start: str, ready: str
) -> AsyncIterator[Command]:
    given = {
        **environ,
        "CAIRN_PORT": str(port),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(folder),
    }
    code = f"import sys; {UNHURRIED}\n{start}\nfrom bot.cli import main\nsys.exit(main(['serve']))"
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, cwd=folder, env=given, stdout=out, stderr=err
        )
    cairn = Command(process, port, folder)
    try:
        async with ClientSession() as http, asyncio.timeout(60):
            while not await answers(http, f"{cairn.url}{ready}"):
                assert process.returncode is None, cairn.told
                await asyncio.sleep(0.05)
        yield cairn
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
