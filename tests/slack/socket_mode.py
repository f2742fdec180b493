"""The socket in place of requests: hello, envelopes, acknowledgements, and its ways to die."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from tests.slack.state import Json

if TYPE_CHECKING:
    from tests.slack.fake import FakeSlack


class SocketMode:
    def __init__(self, fake: FakeSlack) -> None:
        self._fake = fake
        self.open: list[web.WebSocketResponse] = []
        self.connections = 0
        """How many were ever made."""
        self.refused: list[Json] = []
        """Acknowledgements of envelopes that nobody sent, or twice."""
        self._dead: list[web.WebSocketResponse] = []
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Json | None]] = {}
        self._arrived = asyncio.Event()

    def url(self) -> str:
        """An address that works once."""
        ticket = f"ticket-{next(self._fake.numbers)}"
        self._tickets.add(ticket)
        return f"{self._fake.url.replace('http', 'ws', 1)}link?ticket={ticket}&app_id=A0CAIRN"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404)
        self._tickets.remove(ticket)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self.open.append(socket)
        self.connections += 1
        await socket.send_json(
            {
                "type": "hello",
                "num_connections": len(self.open),
                "connection_info": {"app_id": self._fake.app_id},
                "debug_info": {
                    "host": "fake",
                    "build_number": 1,
                    "approximate_connection_time": 18060,
                },
            }
        )
        self._arrived.set()
        async for message in socket:
            if socket in self._dead:
                continue
            if message.type is WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._acknowledged(message.json())
        self._gone(socket)
        return socket

    def _gone(self, socket: web.WebSocketResponse) -> None:
        if socket in self.open:
            self.open.remove(socket)

    def _acknowledged(self, said: Json) -> None:
        waiting = self._waiting.pop(str(said.get("envelope_id")), None)
        if waiting is None or waiting.done():
            self.refused.append(said)
            return
        payload = said.get("payload")
        waiting.set_result(payload or None)

    async def connected(self, seconds: float = 5.0) -> None:
        """Wait until the program is connected, or connected again."""
        async with asyncio.timeout(seconds):
            while not self.open:
                self._arrived.clear()
                await self._arrived.wait()

    async def send(
        self, kind: str, payload: Json, seconds: float, retry: int = 0, reason: str = ""
    ) -> Json | None:
        """One envelope to one connection, and the payload of its acknowledgement."""
        number = f"envelope-{next(self._fake.numbers)}"
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        envelope: Json = {
            "envelope_id": number,
            "payload": payload,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": retry, "retry_reason": reason}
        if not self.open:
            raise ConnectionError("the program is not connected")
        if self.open[-1] not in self._dead:
            await self.open[-1].send_json(envelope)
        return await asyncio.wait_for(waiting, seconds)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Slack says that it will close, and closes; reason `link_disabled`, `warning` too."""
        for socket in list(self.open):
            await socket.send_json({"type": "disconnect", "reason": reason})
            if reason != "warning":
                self._gone(socket)
                await socket.close()

    def silence(self) -> None:
        """Silent death: the connections of now stay, but nothing comes, no answer to a ping too."""
        self._dead += self.open

    async def cut(self) -> None:
        """The connection ends without a word."""
        for socket in list(self.open):
            self._gone(socket)
            await socket.close()

    async def close(self) -> None:
        for waiting in self._waiting.values():
            waiting.cancel()
        await self.cut()
