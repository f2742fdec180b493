"""How do requests come in where no address of ours can be reached? Over a socket that we open.

The library's client keeps the socket alive. Sockets have been seen to die in silence all the
same, so a watchdog replaces one that is not connected, and now and then one on which nothing has
come; the new one is open before the old one is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp
from aiohttp import WSMessage
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.requests import RefusedError
from bot.channels.slack.ingress import Incoming, parse
from bot.channels.slack.router import Answer
from bot.privacy import OWN

_CONNECT: Final = 30.0
_FINISH: Final = 5.0
"""Seconds that answers which have begun may take once no more are wanted."""

_OK: Final = 200


class SocketMode:
    """Takes requests over Slack's socket and answers them there."""

    def __init__(
        self,
        app_token: str,
        client: AsyncWebClient,
        answer: Callable[[Incoming], Awaitable[Answer]],
        *,
        session: Callable[[], aiohttp.ClientSession],
        every: float = 5.0,
        silent: float = 1800.0,
    ) -> None:
        """Take the app's token, the client to ask for a socket with, and what answers.

        ``session`` makes the session of a socket, which reaches Slack's own hosts only.

        The watchdog looks ``every`` so many seconds, and replaces a socket on which nothing came
        for ``silent`` seconds.
        """
        self._app_token = app_token
        self._client = client
        self._answer = answer
        self._session = session
        self._every = every
        self._silent = silent
        self._heard = 0.0
        self._open: set[asyncio.Task[None]] = set()
        self._connected = False

    @property
    def is_connected(self) -> bool:
        """Whether the socket was alive when the watchdog last looked."""
        return self._connected

    async def run(self) -> None:
        """Keep a socket open until cancelled; then finish what has begun, and close it."""
        socket = await self._connect()
        try:
            while True:
                await asyncio.sleep(self._every)
                if await self._is_alive(socket):
                    continue
                self._connected = await socket.is_connected()
                if not self._connected:
                    logging.getLogger(OWN).warning("the socket to Slack is gone; opening another")
                fresh = await self._connect()
                await _close(socket)
                socket = fresh
        finally:
            if self._open:
                await asyncio.wait(self._open, timeout=_FINISH)
            await _close(socket)

    async def _connect(self) -> SocketModeClient:
        wait = 1.0
        while True:
            socket = SocketModeClient(
                self._app_token,
                web_client=self._client,
                # Only the watchdog opens another one; two that do would undo each other's work.
                auto_reconnect_enabled=False,
                on_message_listeners=[self._hear],
                ping_interval=10,
            )
            # By itself the library would take a proxy that is not meant for this address.
            socket.proxy = self._client.proxy
            # And a session that goes wherever an answer leads it.
            await socket.aiohttp_client_session.close()
            socket.aiohttp_client_session = self._session()
            socket.socket_mode_request_listeners.append(self._take)
            try:
                async with asyncio.timeout(_CONNECT):
                    socket.wss_uri = await socket.issue_new_wss_url()
                    await socket.connect()  # type: ignore[no-untyped-call]
            except asyncio.CancelledError:
                await _close(socket)
                raise
            except Exception as error:  # noqa: BLE001 whatever it was, another try may do
                await _close(socket)
                logging.getLogger(OWN).error(  # noqa: TRY400 the text may hold a token
                    "no socket to Slack: %s", type(error).__name__
                )
                await asyncio.sleep(wait)
                wait = min(wait * 2, self._every)
                continue
            self._heard = asyncio.get_running_loop().time()
            self._connected = True
            return socket

    async def _is_alive(self, socket: SocketModeClient) -> bool:
        if asyncio.get_running_loop().time() - self._heard >= self._silent:
            return False
        # When Slack renews a connection, the library moves to the new one by itself.
        return socket.connect_operation_lock.locked() or await socket.is_connected()

    async def _hear(self, _: WSMessage) -> None:
        self._heard = asyncio.get_running_loop().time()

    async def _take(self, socket: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        # The library keeps no hold of what it runs; whoever is being answered must be.
        task = asyncio.create_task(self._respond(socket, request))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        await asyncio.shield(task)

    async def _respond(self, socket: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        try:
            # It is read as what comes over HTTP is: of the same shape, and within the same bounds.
            body = parse("application/json", json.dumps(request.payload).encode())
        except RefusedError:
            return
        answer = await self._answer(Incoming(body, 0.0))
        if answer.status != _OK:
            return  # unanswered, Slack sends an event again
        payload = json.loads(answer.body) if answer.body else None
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            await socket.send_socket_mode_response(
                SocketModeResponse(envelope_id=request.envelope_id, payload=payload)
            )


async def _close(socket: SocketModeClient) -> None:
    with contextlib.suppress(Exception):
        await socket.close()  # type: ignore[no-untyped-call]
