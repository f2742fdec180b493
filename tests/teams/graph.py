"""The part of Microsoft Graph that pins messages in chats, over TLS on loopback.

    async with Login() as login, FakeTeams() as fake, FakeGraph(fake, login) as graph:
        Graph(Connector(graph.session, frozenset({HOST}), tokens))    # what the program is given
        graph.granted = False                # the tenant did not grant the permission
        graph.answers.append(limited("7"))   # what is answered in place of the next answer
        graph.pinned(chat)                   # the ids of the messages that are pinned there
        graph.calls                          # method and path of each request

It takes tokens that the login host gave for Graph and no others, and notes among the violations
of the fake Teams what Graph does not know.
"""

from __future__ import annotations

import json
import socket
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.teams.fake import FakeTeams
from tests.teams.login import Login, rsa_key
from tests.teams.state import Chat, Json

HOST = "graph.microsoft.com"
BASE = f"https://{HOST}/v1.0"


def limited(retry_after: str | None) -> web.Response:
    """HTTP 429."""
    return refusal(429, "TooManyRequests", retry_after)


def refusal(status: int, code: str, retry_after: str | None = None) -> web.Response:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return web.json_response({"error": {"code": code}}, status=status, headers=headers)


class FakeGraph(AbstractResolver):
    """One host, at whatever address it is looked for."""

    def __init__(self, fake: FakeTeams, login: Login) -> None:
        self._fake, self._login = fake, login
        self.granted = True
        self.again = "Conflict"
        """What is said where a message is pinned already; it is not documented."""
        self.answers: list[web.Response] = []
        self.calls: list[tuple[str, str]] = []
        self.session: aiohttp.ClientSession
        self._pins: dict[str, list[str]] = {}
        self._server: TestServer

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._server = TestServer(application, scheme="https")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        with tempfile.TemporaryDirectory() as folder:
            chain = Path(folder) / "chain.pem"
            chain.write_bytes(b"\n".join(_certificate()))
            context.load_cert_chain(chain)
        await self._server.start_server(ssl=context, access_log=None)
        trust = ssl.create_default_context(cadata=_certificate()[0].decode())
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=self, ssl=trust),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        await self._server.close()

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        if (host, port) != (HOST, 443):
            raise OSError(f"{host} is not to be asked")
        assert self._server.port is not None
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=self._server.port,
                family=socket.AF_INET,
                proto=0,
                flags=0,
            )
        ]

    async def close(self) -> None:
        pass

    def pinned(self, chat: Chat) -> list[str]:
        """The messages that are pinned in a chat; one that was deleted is not any more."""
        return [one for one in self._pins.get(chat.id, ()) if not chat.all[one].deleted]

    async def _serve(self, request: web.Request) -> web.Response:
        path = unquote(request.raw_path)
        self.calls.append((request.method, path))
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        ours = [one for one in self._login.given if one.startswith("graph-")]
        if scheme != "Bearer" or token not in ours:
            return refusal(401, "InvalidAuthenticationToken")
        if self.answers:
            return self.answers.pop(0)
        if not self.granted:
            return refusal(403, "Forbidden")
        body = await request.read()
        found = json.loads(body) if body else None
        return self._answer(request.method, path.split("/"), found)

    def _answer(self, method: str, parts: list[str], body: Json | None) -> web.Response:
        if len(parts) != 5 or (parts[1], parts[2], parts[4]) != ("v1.0", "chats", "pinnedMessages"):
            return self._wrong(f"{method} {'/'.join(parts)}: no such address")
        chat = self._fake.chats.get(parts[3])
        if chat is None or chat.kind != "groupChat":
            return self._wrong(f"nothing is pinned in {parts[3]}")
        if method == "GET":
            return web.json_response({"value": [{"id": one} for one in self.pinned(chat)]})
        if method != "POST" or not isinstance(body, dict) or set(body) != {"message@odata.bind"}:
            return self._wrong(f"{method} with {body}")
        return self._pin(chat, body)

    def _pin(self, chat: Chat, body: Json) -> web.Response:
        place, _, message = str(body["message@odata.bind"]).rpartition("/messages/")
        if place != f"{BASE}/chats/{chat.id}":
            return self._wrong(f"a message of {place} in {chat.id}")
        if message not in chat.all or chat.all[message].deleted:
            return refusal(404, "NotFound")
        if message in self.pinned(chat):
            return refusal(409, self.again)
        self._pins.setdefault(chat.id, []).append(message)
        return web.json_response({"id": message}, status=201)

    def _wrong(self, sentence: str) -> web.Response:
        self._fake.violate(f"graph: {sentence}")
        return refusal(400, "BadRequest")


@cache
def _certificate() -> tuple[bytes, bytes]:
    """A certificate for the host, and its key."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(rsa_key(0).public_key())
        .serial_number(2)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), False)
        .sign(rsa_key(0), SHA256())
    )
    form = Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    return made.public_bytes(Encoding.PEM), rsa_key(0).private_bytes(*form)
