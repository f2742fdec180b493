"""A plain proxy before several replicas: the next one in turn gets the next request.

    python -m tests.proxy PORT REPLICA_PORT...      # prints "ready", then serves until it is ended

It knows nothing of people. A replica that refuses the connection is passed over, and so is one
that has said twice that it is not ready, unless none is. What was sent once is sent to nobody else:
where a replica dies over a request, the answer is 502, as with any proxy. `GET /proxy` counts.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator

PATIENCE = 30.0
"""Seconds that a replica may take for an answer."""

LOOKS = 0.5
"""Seconds from one look at /health/ready to the next."""

_LIMIT = 2**20
_LOOK = b"GET /health/ready HTTP/1.1\r\nHost: proxy\r\nConnection: close\r\n\r\n"


class Proxy:
    """Passes requests on, one connection each."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._bad = dict.fromkeys(ports, 0)
        self._turn = 0
        self._counts: Counter[str] = Counter()

    async def look(self) -> None:
        """Ask each replica again and again whether it is ready."""
        while True:
            await asyncio.gather(*map(self._look_at, self._ports))
            await asyncio.sleep(LOOKS)

    async def _look_at(self, port: int) -> None:
        try:
            async with asyncio.timeout(2.0):
                answer = await self._ask(port, _LOOK)
            good = b" 200 " in answer[:20]
        except (OSError, asyncio.IncompleteReadError):  # a time that ran out is an OSError
            good = False
        self._bad[port] = 0 if good else self._bad[port] + 1

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, request by request."""
        try:
            while True:
                request = await _message(reader)
                if request.startswith(b"GET /proxy "):
                    body = json.dumps(self._counts).encode()
                    writer.write(_answer(200, body))
                else:
                    writer.write(await self._pass_on(request))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever asked has gone
        finally:
            writer.close()

    def _in_turn(self) -> Iterator[int]:
        self._turn += 1
        good = [port for port in self._ports if self._bad[port] < 2] or self._ports
        for place in range(len(good)):
            yield good[(self._turn + place) % len(good)]

    async def _pass_on(self, request: bytes) -> bytes:
        for port in self._in_turn():
            try:
                answer = await self._ask(port, request)
            except ConnectionRefusedError:
                self._counts["refused"] += 1
                continue
            except TimeoutError:
                self._counts["late"] += 1
                return _answer(504, b"")
            except (OSError, asyncio.IncompleteReadError):
                self._counts["broken"] += 1
                return _answer(502, b"")
            self._counts[str(port)] += 1
            return answer
        self._counts["nobody"] += 1
        return _answer(503, b"")

    async def _ask(self, port: int, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_LIMIT)
        try:
            async with asyncio.timeout(PATIENCE):
                writer.write(request)
                return await _message(reader)
        finally:
            writer.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """A request or an answer, as its bytes; each of ours says how long it is."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
    # Whether the connection of a replica goes on is nobody else's business.
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join(kept) + (await reader.readexactly(length) if length else b"")


def _answer(status: int, body: bytes) -> bytes:
    return f"HTTP/1.1 {status} Proxy\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def run(port: int, replicas: list[int]) -> None:
    proxy = Proxy(replicas)
    looking = asyncio.create_task(proxy.look())
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", port, limit=_LIMIT, backlog=1024)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()
    looking.cancel()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
