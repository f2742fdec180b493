"""Does every implementation of the port to Teams let in, send and refuse what it should?

The tests of the port run on each implementation in ``IMPLEMENTATIONS``; another one is added there.
Those of the keys and of our own token are about the parts that the first one is made of.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import aiohttp
import pytest
import requests
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from requests.adapters import HTTPAdapter

from bot.channels.teams import connector, keys, tokens
from bot.channels.teams.connector import Connector, may_send_to
from bot.channels.teams.keys import Keys
from bot.channels.teams.tokens import TokenSource
from bot.channels.teams.transport import (
    BlockedError,
    BotFramework,
    Caller,
    Chat,
    CrowdedError,
    ForeignHostError,
    GoneError,
    LimitedError,
    Member,
    TooLargeError,
    Transport,
    TransportError,
    UnauthorizedError,
    UnreachableError,
)
from tests.conftest import ROOT
from tests.teams.login import Login, b64, ec_key, key_entry, rsa_key

CANARY = "canary-transport-77b2"
HOSTS = frozenset({"smba.trafficmanager.net", "*.botframework.com"})
ALICE = "29:1alice"
BOT = "28:cairn"
CHAT = Chat("https://smba.trafficmanager.net/ca/", "a:1chat", Login.tenant, BOT)
MESSAGE = {"type": "message", "text": "Peut-être « oui »"}
DAY = 24 * 3600.0
ONE_CUT = 2
"""How often aiohttp asks by GET or PUT when the connection is cut: it tries once more by itself."""


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


async def until(condition: Callable[[], bool]) -> None:
    """Let everything else go on until something is so."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 other parts say nothing when they are done
            await asyncio.sleep(0)


# ---- the service of Teams: two hosts on loopback, one of them known as smba.trafficmanager.net


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    query: str
    token: str | None
    raw: bytes
    host: str

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


Script = Callable[[web.Request], Awaitable[web.StreamResponse]]


def says(status: int, body: Any = None, **headers: str) -> Script:
    """An answer: an object as JSON, bytes as they are."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def script(request: web.Request) -> web.Response:
        return web.Response(status=status, body=data, headers=named)

    return script


def fails(status: int, code: str) -> Script:
    """A refusal as the service writes it, with words that are nobody's business."""
    return says(status, {"error": {"code": code, "message": CANARY}})


async def hang(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def break_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b'{"id": "1')
    assert request.transport is not None
    request.transport.abort()
    return response


@cache
def certificate() -> tuple[bytes, bytes]:
    """A certificate for the hosts of Microsoft that we send to, and its key."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
    names = ["smba.trafficmanager.net", "*.botframework.com", "a.b.botframework.com"]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(rsa_key(0).public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False)
        .sign(rsa_key(0), SHA256())
    )
    form = Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    return made.public_bytes(Encoding.PEM), rsa_key(0).private_bytes(*form)


@dataclass
class Service(AbstractResolver):
    """What is sent to, wherever the name points: every name is this machine."""

    folder: Path
    answers: list[Script] = field(default_factory=list)
    """One for each request that comes; then it is 201 and an id."""
    always: Script | None = None
    seen: list[Seen] = field(default_factory=list)
    sockets: list[Any] = field(default_factory=list)
    """Every connection that was so much as begun, to whatever address."""

    async def __aenter__(self) -> Self:
        (self.folder / "cert.pem").write_bytes(b"\n".join(certificate()))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.folder / "cert.pem")
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._https = TestServer(application, scheme="https")
        self._http = TestServer(application)
        await self._https.start_server(ssl=context, access_log=None)
        await self._http.start_server(access_log=None)
        trust = ssl.create_default_context(cadata=certificate()[0].decode())
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self, ssl=trust, socket_factory=self._socket, use_dns_cache=False
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        await self._https.close()
        await self._http.close()

    @property
    def local(self) -> str:
        """The address of the host that is this machine."""
        return f"http://127.0.0.1:{self._http.port}/"

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        found = self._https.port if port == 443 else self._http.port
        assert found is not None
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=found, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        pass

    def _socket(self, address: Any) -> socket.socket:
        self.sockets.append(address)
        family, kind, protocol, _, _ = address
        return socket.socket(family, kind, protocol)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        token = request.headers.get("Authorization")
        self.seen.append(
            Seen(request.method, path, query, token, await request.read(), request.host)
        )
        if self.answers:
            return await self.answers.pop(0)(request)
        return await (self.always or says(201, {"id": "1700000000000"}))(request)


@dataclass
class World:
    """Everything around the port: the login hosts, the service, and a clock that stands."""

    login: Login
    service: Service
    clock: Clock
    hosts: frozenset[str] = HOSTS
    has_app: bool = True

    @property
    def keys(self) -> Keys:
        return Keys(self.login.metadata_url, self.service.session, self.clock)

    @property
    def tokens(self) -> TokenSource:
        login = self.login
        return TokenSource(
            login.app_id,
            login.password,
            login.tenant,
            clock=self.clock,
            http_client=login.http_client,
        )


def on_the_archived_sdk(world: World) -> Transport:
    sends = Connector(world.service.session, world.hosts, world.tokens if world.has_app else None)
    if not world.has_app:
        return BotFramework(sends, app_id=None, keys=None)
    return BotFramework(sends, app_id=world.login.app_id, keys=world.keys)


Make = Callable[[World], Transport]
IMPLEMENTATIONS = [pytest.param(on_the_archived_sdk, id="botbuilder")]


@pytest.fixture(params=IMPLEMENTATIONS)
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


@pytest.fixture
async def login() -> AsyncIterator[Login]:
    async with Login() as login:
        yield login


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with Service(tmp_path) as service:
        yield service


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(login: Login, service: Service, clock: Clock) -> World:
    return World(login, service, clock)


@pytest.fixture
def transport(make: Make, world: World) -> Transport:
    return make(world)


# ---- who is let in

Header = Callable[[Login], str | None]


def bearer(**how: Any) -> Header:
    """A token that is good but for what is said; times are those at which it is made."""
    return lambda login: f"Bearer {login.token(**now(how))}"


def now(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Claims with the times in them as they are now."""
    return {name: value() if callable(value) else value for name, value in claims.items()}


def within(seconds: int) -> int:
    return int(time.time()) + seconds


def with_parts(change: Callable[[list[str]], list[str]]) -> Header:
    """A good token whose three parts are changed after it was signed."""
    return lambda login: "Bearer " + ".".join(change(login.token().split(".")))


def with_keys(change: Callable[[Login], Any], **how: Any) -> Header:
    """A good token, whose key is published in another way."""

    def header(login: Login) -> str:
        login.publish(change(login), key_entry(rsa_key(1), "another"))
        return f"Bearer {login.token(**how)}"

    return header


def flipped(text: str, at: int) -> str:
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def one_byte_off(parts: list[str]) -> list[str]:
    claims = _decoded(parts[1]).replace(b"smba", b"smbb")
    return [parts[0], b64(claims), parts[2]]


def longer_lived(parts: list[str]) -> list[str]:
    """The same claims, but valid for longer than was signed."""
    claims = json.loads(_decoded(parts[1]))
    return [parts[0], b64(json.dumps(claims | {"exp": within(90_000)}).encode()), parts[2]]


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _of_ec(login: Login) -> str:
    login.publish(key_entry(login.key, login.kid), key_entry(ec_key(), "ec"))
    return f"Bearer {login.token(key=ec_key(), alg='ES256', header={'kid': 'ec'})}"


def _short(login: Login) -> str:
    login.publish(key_entry(rsa_key(0, 1024), login.kid), key_entry(rsa_key(1), "another"))
    return f"Bearer {login.token(key=rsa_key(0, 1024))}"


REFUSED: dict[str, tuple[Header, str]] = {
    # the header
    "no header": (lambda _: None, "missing"),
    "an empty header": (lambda _: "", "missing"),
    "not a token": (lambda _: "Bearer not-a-token", "header"),
    "two tokens": (lambda login: f"Bearer {login.token()} {login.token()}", "header"),
    "two tokens with a comma": (lambda login: f"Bearer {login.token()},{login.token()}", "header"),
    "Basic": (lambda login: f"Basic {login.token()}", "header"),
    "the scheme in small letters": (lambda login: f"bearer {login.token()}", "header"),
    "no scheme": (lambda login: login.token(), "header"),
    "two spaces": (lambda login: f"Bearer  {login.token()}", "header"),
    "a line after it": (lambda login: f"Bearer {login.token()}\n", "header"),
    "a token that is too long": (bearer(more="x" * 16_384), "length"),
    "an encrypted token of five parts": (lambda _: "Bearer a.b.c.d.e", "header"),
    # the signature
    "signed by another key": (bearer(key=rsa_key(9)), "signature"),
    "a byte of the payload changed": (with_parts(one_byte_off), "signature"),
    "claims changed": (with_parts(longer_lived), "signature"),
    "a byte of the signature changed": (
        with_parts(lambda p: [*p[:2], flipped(p[2], 20)]), "signature",
    ),
    "the signature of another token": (
        lambda login: ".".join(
            ["Bearer " + login.token().rpartition(".")[0], login.token(x=1).rpartition(".")[2]]
        ), "signature",
    ),
    "no algorithm": (bearer(alg="none"), "algorithm"),
    "no algorithm but a signature": (
        with_parts(lambda p: [b64(b'{"alg":"none","kid":"key-0"}'), *p[1:]]), "algorithm",
    ),
    "HS256 with the public key": (bearer(alg="HS256"), "algorithm"),
    "RS384": (bearer(alg="RS384"), "algorithm"),
    "a header that must be understood": (bearer(header={"crit": ["x"], "x": 1}), "token"),
    "a header that is not JSON": (with_parts(lambda p: [b64(b"{"), *p[1:]]), "token"),
    "claims that are no object": (with_parts(lambda p: [p[0], b64(b"[]"), p[2]]), "token"),
    "claims nested without end": (
        with_parts(lambda p: [p[0], b64(b"[" * 5_000), p[2]]), "token",
    ),
    # the key
    "unknown key": (bearer(header={"kid": "unknown"}), "key"),
    "no key named": (bearer(header={"kid": None}), "key"),
    "an empty name of a key": (bearer(header={"kid": ""}), "key"),
    "a name of a key that is a number": (bearer(header={"kid": 0}), "token"),
    "a key of another type": (_of_ec, "algorithm"),
    "a key that is too short": (_short, "key"),
    "a key to encrypt with": (
        with_keys(lambda login: key_entry(login.key, login.kid, use="enc")), "key",
    ),
    "a key for another algorithm": (
        with_keys(lambda login: key_entry(login.key, login.kid, alg="RS512")), "key",
    ),
    "a key that is said to be of another type": (
        with_keys(lambda login: key_entry(login.key, login.kid, kty="oct")), "key",
    ),
    "a key that may only wrap": (
        with_keys(lambda login: key_entry(login.key, login.kid, key_ops=["wrapKey"])), "key",
    ),
    "a key for other channels": (
        with_keys(lambda login: key_entry(login.key, login.kid, endorsements=["webchat"])),
        "endorsement",
    ),
    "a key without endorsements": (
        with_keys(lambda login: key_entry(login.key, login.kid, endorsements=None)),
        "endorsement",
    ),
    "a key with an empty list of them": (
        with_keys(lambda login: key_entry(login.key, login.kid, endorsements=[])), "endorsement",
    ),
    "a key whose endorsement is a text": (
        with_keys(lambda login: key_entry(login.key, login.kid) | {"endorsements": "msteams"}),
        "endorsement",
    ),
    # the claims
    "expired": (bearer(exp=partial(within, -400)), "expired"),
    "not yet valid": (bearer(nbf=partial(within, 400)), "early"),
    "no end": (bearer(exp=None), "expiry"),
    "an end that is a text": (bearer(exp=lambda: str(within(3600))), "expiry"),
    "an end that is endless": (bearer(exp=float("inf")), "token"),
    "a start that is a text": (bearer(nbf="soon"), "token"),
    "meant for another bot": (bearer(aud="another"), "audience"),
    "meant for several bots": (bearer(aud=[Login.app_id]), "audience"),
    "meant for nobody": (bearer(aud=None), "audience"),
    "another issuer": (bearer(iss="https://sts.windows.net/7e4a/"), "issuer"),
    "the issuer of the emulator": (
        bearer(iss=f"https://login.microsoftonline.com/{Login.tenant}/v2.0"), "issuer",
    ),
    "the beginning of the issuer": (bearer(iss="https://api"), "issuer"),
    "several issuers": (bearer(iss=["https://api.botframework.com"]), "issuer"),
    "no issuer": (bearer(iss=None), "issuer"),
    "no service": (bearer(serviceurl=None), "service"),
    "an empty service": (bearer(serviceurl=""), "service"),
    "a list of services": (bearer(serviceurl=[Login.service_url]), "service"),
}  # fmt: skip


async def test_a_request_with_a_token_of_teams_is_let_in(login, transport):
    assert await transport.authenticate(f"Bearer {login.token()}") == Caller(login.service_url)


@pytest.mark.parametrize("case", REFUSED)
async def test_a_request_without_a_token_of_teams_is_refused(case, login, transport):
    """The word says which check it was, so that no case hides behind another."""
    header, word = REFUSED[case]
    with pytest.raises(UnauthorizedError) as refused:
        await transport.authenticate(header(login))
    assert refused.value.code == word


@pytest.mark.parametrize(
    "claims",
    [{"exp": partial(within, -200)}, {"nbf": partial(within, 200)}, {"nbf": None}],
    ids=["just ended", "about to begin", "without a beginning"],
)
async def test_clocks_may_differ_by_some_minutes(claims, login, transport):
    assert await transport.authenticate(f"Bearer {login.token(**now(claims))}")


async def test_on_this_machine_no_token_is_asked_for(make, world, login):
    transport = make(replace(world, has_app=False))
    assert await transport.authenticate(None) == Caller(None)
    assert await transport.authenticate("Bearer rubbish") == Caller(None)
    assert login.asked.total() == 0


async def test_a_refusal_holds_nothing_of_the_token(login, transport):
    for wrong in (login.token(key=rsa_key(9), sub=CANARY), f"{CANARY}.{CANARY}.{CANARY}"):
        with pytest.raises(UnauthorizedError) as refused:
            await transport.authenticate(f"Bearer {wrong}")
        told = "".join(traceback.format_exception(refused.value))
        assert CANARY not in told
        assert wrong not in told


async def test_a_new_key_is_taken_at_once_and_the_old_one_no_more(login, transport):
    old = f"Bearer {login.token()}"
    assert await transport.authenticate(old)
    login.rotate()
    assert await transport.authenticate(f"Bearer {login.token()}")
    with pytest.raises(UnauthorizedError):
        await transport.authenticate(old)


@pytest.mark.parametrize("kid", [None, ""])
async def test_for_a_token_that_names_no_key_none_is_fetched(kid, login, transport):
    with pytest.raises(UnauthorizedError):
        await transport.authenticate(f"Bearer {login.token(header={'kid': kid})}")
    assert login.asked.total() == 0


async def test_a_flood_of_unknown_keys_is_no_flood_for_the_host_of_the_keys(login, transport):
    good = f"Bearer {login.token()}"
    assert await transport.authenticate(good)
    for number in range(1_000):
        with pytest.raises(UnauthorizedError):
            await transport.authenticate(f"Bearer {login.token(header={'kid': f'k{number}'})}")
    assert login.asked["keys"] <= 3
    assert await transport.authenticate(good)


async def test_known_keys_go_on_while_the_host_of_the_keys_is_down(login, transport, clock):
    good = f"Bearer {login.token()}"
    assert await transport.authenticate(good)
    login.down = True
    clock.advance(3 * DAY)
    assert await transport.authenticate(good)
    with pytest.raises(UnauthorizedError):
        await transport.authenticate(f"Bearer {login.token(header={'kid': 'another'})}")


async def test_without_any_key_a_request_is_put_off_not_refused(login, transport, clock):
    login.down = True
    good = f"Bearer {login.token()}"
    for _ in range(100):
        with pytest.raises(UnreachableError):
            await transport.authenticate(good)
    assert login.asked["metadata"] <= ONE_CUT
    login.down = False
    clock.advance(10)
    assert await transport.authenticate(good)


# ---- the keys


async def test_many_who_need_a_key_at_once_fetch_it_once(world, login):
    known = world.keys
    found = await asyncio.gather(*[known.get(login.kid) for _ in range(50)])
    assert {key.endorsements for key in found} == {
        frozenset(key_entry(login.key, "")["endorsements"])
    }
    assert (login.asked["metadata"], login.asked["keys"]) == (1, 1)


async def test_keys_are_kept_for_a_day(world, login, clock):
    known = world.keys
    await known.get(login.kid)
    clock.advance(DAY - 1)
    await known.get(login.kid)
    assert login.asked["keys"] == 1
    gone = login.kid
    login.rotate()
    clock.advance(2)
    with pytest.raises(UnauthorizedError):
        await known.get(gone)
    assert login.asked["keys"] == 2


async def test_who_guesses_keys_causes_one_request_a_minute(world, login, clock):
    known = world.keys
    await known.get(login.kid)
    for minute in range(1, 6):
        for guess in range(20):
            with pytest.raises(UnauthorizedError):
                await known.get(f"guess-{guess}")
        assert login.asked["keys"] == 1 + minute
        clock.advance(60)


async def test_while_keys_cannot_be_fetched_old_ones_are_used_without_waiting(world, login, clock):
    known = world.keys
    await known.get(login.kid)
    login.down = True
    clock.advance(DAY)
    for _ in range(50):
        await known.get(login.kid)
    assert login.asked["metadata"] <= 1 + ONE_CUT


async def test_who_gives_up_waiting_for_a_key_does_not_end_it_for_others(world, login):
    login.hold = asyncio.Event()
    known = world.keys
    impatient, patient = (asyncio.create_task(known.get(login.kid)) for _ in range(2))
    await until(lambda: login.asked["metadata"] == 1)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    login.hold.set()
    assert await patient
    assert login.asked["metadata"] == 1


async def test_a_host_of_keys_that_does_not_answer_is_not_waited_for(world, login, monkeypatch):
    assert keys._WITHIN <= 5
    monkeypatch.setattr(keys, "_WITHIN", 0.05)
    login.hold = asyncio.Event()
    with pytest.raises(UnreachableError):
        await world.keys.get(login.kid)
    login.hold.set()


async def test_keys_are_not_fetched_from_where_a_redirection_leads(world, login):
    async with Login() as other:
        login.moved_to = other.metadata_url
        with pytest.raises(UnreachableError):
            await world.keys.get(login.kid)
        assert other.asked.total() == 0


METADATA = {
    "not JSON": b"<html>",
    "a list": [],
    "no address": {},
    "an address that is a number": {"jwks_uri": 5},
    "an address that is none": {"jwks_uri": "http://[::1"},
    "a file": {"jwks_uri": "file:///etc/passwd"},
    "not encrypted": {"jwks_uri": "http://keys.example/"},
    "too long": b" " * 600_000 + b"{}",
    "nested without end": b"[" * 100_000,
}


@pytest.mark.parametrize("case", METADATA)
async def test_metadata_that_cannot_be_used_gives_no_keys(case, world, login, service):
    login.metadata = METADATA[case]
    known = world.keys
    for _ in range(2):
        with pytest.raises(UnreachableError):
            await known.get(login.kid)
    assert len(service.sockets) == 1
    assert login.asked == {"metadata": 1}


async def test_a_host_of_keys_that_is_not_this_machine_is_asked_by_https_only(service, clock):
    known = Keys("http://login.botframework.com/", service.session, clock)
    with pytest.raises(UnreachableError):
        await known.get("key")
    assert service.sockets == []


@pytest.mark.parametrize("address", ["http://127.0.0.1/keys", "https://user@smba.example/"])
async def test_a_host_of_keys_cannot_send_us_to_this_machine(address, service, clock):
    service.always = says(200, {"jwks_uri": address})
    known = Keys("https://smba.trafficmanager.net/", service.session, clock)
    with pytest.raises(UnreachableError):
        await known.get("key")
    assert (len(service.seen), len(service.sockets)) == (1, 1)


KEYS = {
    "not JSON": b"<html>",
    "a list": [],
    "no keys": {},
    "keys that are a number": {"keys": 5},
    "an empty list": {"keys": []},
    "keys that are none": {"keys": [5, None, "key", [], {}]},
    "a number that is none": {"keys": [{"kty": "RSA", "kid": "k", "n": "*", "e": 3}]},
    "an even exponent": {"keys": [key_entry(rsa_key(0), "k", e="Ag")]},
}


@pytest.mark.parametrize("case", KEYS)
async def test_keys_that_cannot_be_used_do_not_replace_those_that_can(case, world, login, clock):
    known = world.keys
    await known.get(login.kid)
    login.keys = KEYS[case]
    clock.advance(DAY)
    assert await known.get(login.kid)
    assert login.asked["keys"] == 2


async def test_a_key_that_cannot_be_used_does_not_take_the_others_along(world, login):
    odd: list[Any] = [5, {"kty": "RSA", "kid": [], "n": 1}, key_entry(ec_key(), "ec")]
    odd += [key_entry(rsa_key(0), "k", key_ops=5), key_entry(rsa_key(0), "k", e="Ag")]
    odd += [key_entry(rsa_key(0), "k", n="*"), key_entry(rsa_key(0), "k", n=5)]
    login.publish(*odd, key_entry(login.key, login.kid), *odd)
    assert await world.keys.get(login.kid)


# ---- what is sent


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_an_activity_is_sent_as_ours_and_its_id_comes_back(status, login, service, transport):
    service.answers = [says(status, {"id": "1700"})]
    assert await transport.send(CHAT, {"text": "Peut-être « oui »"}) == "1700"
    (seen,) = service.seen
    assert (seen.method, seen.path, seen.query) == (
        "POST", "/ca/v3/conversations/a%3A1chat/activities", "",
    )  # fmt: skip
    assert seen.json == {
        "type": "message",
        "text": "Peut-être « oui »",
        "from": {"id": BOT},
        "conversation": {"id": CHAT.id},
    }
    assert "« oui »".encode() in seen.raw
    assert seen.token == f"Bearer {login.given[0]}"
    assert seen.host == "smba.trafficmanager.net"


async def test_an_activity_says_by_itself_what_it_is_but_not_who_sends_it(service, transport):
    forged = {"type": "typing", "from": {"id": ALICE}, "conversation": {"id": "another"}}
    service.answers = [says(202)]
    assert await transport.send(CHAT, forged) == ""
    assert service.seen[0].json == {
        "type": "typing",
        "from": {"id": BOT},
        "conversation": {"id": CHAT.id},
    }


async def test_who_we_are_is_not_said_where_it_is_not_known(service, transport):
    nobody = replace(CHAT, bot="")
    service.answers = [says(201, {"id": "1"}), says(201, {"id": "a:2"})]
    await transport.send(nobody, MESSAGE)
    await transport.open_personal(nobody, ALICE)
    assert [name for seen in service.seen for name in ("from", "bot") if name in seen.json] == []


async def test_an_answer_to_a_message_stands_below_it(service, transport):
    await transport.send(CHAT, MESSAGE | {"replyToId": "17/00"})
    assert service.seen[0].path == "/ca/v3/conversations/a%3A1chat/activities/17%2F00"
    assert service.seen[0].json["replyToId"] == "17/00"


async def test_a_message_for_one_person_names_them(service, transport):
    await transport.send(CHAT, MESSAGE, only_for=ALICE)
    assert service.seen[0].query == "isTargetedActivity=true"
    assert service.seen[0].json["recipient"] == {"id": ALICE}


async def test_a_message_gives_way_to_another(service, transport):
    service.answers = [says(200, {"id": "1700"})]
    assert await transport.update(CHAT, "1700", MESSAGE) is None
    (seen,) = service.seen
    assert (seen.method, seen.path) == ("PUT", "/ca/v3/conversations/a%3A1chat/activities/1700")
    assert seen.json == MESSAGE | {"from": {"id": BOT}, "conversation": {"id": CHAT.id}}


async def test_a_personal_chat_is_opened(service, transport):
    service.answers = [says(201, {"id": "a:2", "serviceUrl": "https://evil.example/"})]
    assert await transport.open_personal(CHAT, ALICE) == replace(CHAT, id="a:2")
    (seen,) = service.seen
    assert (seen.method, seen.path) == ("POST", "/ca/v3/conversations")
    assert seen.json == {
        "bot": {"id": BOT},
        "members": [{"id": ALICE}],
        "isGroup": False,
        "tenantId": CHAT.tenant,
        "channelData": {"tenant": {"id": CHAT.tenant}},
    }


@pytest.mark.parametrize(
    ("told", "member"),
    [
        (
            {
                "id": ALICE,
                "aadObjectId": "a",
                "tenantId": "t",
                "userRole": "guest",
                "name": "Alice",
            },
            Member(ALICE, "a", "t", "guest", "Alice"),
        ),
        ({"id": ALICE, "objectId": "a"}, Member(ALICE, "a", None, None)),
        ({"id": ALICE, "objectId": "a", "name": " "}, Member(ALICE, "a", None, None)),
        ({"id": ALICE, "aadObjectId": 5, "userRole": []}, Member(ALICE, None, None, None)),
        (
            {"id": ALICE, "objectId": "a", "givenName": "Alice", "surname": "Lake"},
            Member(ALICE, "a", None, None, "Alice Lake"),
        ),
    ],
)
async def test_somebody_in_a_chat_is_told_of(told, member, service, transport):
    service.answers = [says(200, told)]
    assert await transport.member(CHAT, ALICE) == member
    (seen,) = service.seen
    assert (seen.method, seen.path, seen.raw) == (
        "GET", "/ca/v3/conversations/a%3A1chat/members/29%3A1alice", b"",
    )  # fmt: skip


def people(count: int, first: int = 0) -> list[Any]:
    return [{"id": f"29:{number}", "name": "A"} for number in range(first, first + count)]


async def test_everybody_in_a_chat_is_told_of_part_by_part(service, transport):
    service.answers = [
        says(200, {"members": people(120), "continuationToken": "a+b/c=&d"}),
        says(200, {"members": people(80, 120), "continuationToken": ""}),
    ]
    told = await transport.members(CHAT)
    assert [member.user for member in told] == [f"29:{number}" for number in range(200)]
    first, second = service.seen
    assert first.path == second.path == "/ca/v3/conversations/a%3A1chat/pagedmembers"
    assert first.query == "pageSize=200"
    assert second.query == "pageSize=200&continuationToken=a%2Bb%2Fc%3D%26d"


async def test_more_people_than_are_counted_are_too_many(service, transport):
    service.answers = [
        says(200, {"members": people(200), "continuationToken": "on"}),
        says(200, {"members": people(1, 200)}),
    ]
    with pytest.raises(CrowdedError):
        await transport.members(CHAT)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"members": {}},
        {"members": [None]},
        {"members": [{"name": "without an id"}]},
        {"members": [], "continuationToken": "on"},
        {"members": people(1), "continuationToken": "x" * 4_097},
    ],
)
async def test_a_list_of_people_that_cannot_be_read_is_none(answer, service, transport):
    service.always = says(200, answer)
    with pytest.raises(UnreachableError):
        await transport.members(CHAT)
    assert len(service.seen) == 1


async def test_a_list_of_people_without_an_end_ends(service, transport):
    service.always = says(200, {"members": people(1), "continuationToken": "on"})
    with pytest.raises(CrowdedError):
        await transport.members(CHAT)
    assert len(service.seen) == 201


async def test_a_message_of_ours_is_taken_away(service, transport):
    service.answers = [says(200)]
    await transport.delete(CHAT, "1700")
    (seen,) = service.seen
    path = "/ca/v3/conversations/a%3A1chat/activities/1700"
    assert (seen.method, seen.path, seen.raw) == ("DELETE", path, b"")


async def test_of_what_sort_the_channels_of_a_team_are_is_told_where_the_service_says_it(
    service, transport
):
    listed = [{"id": "19:a", "type": "standard"}, {"id": "19:b", "type": "shared", "name": "B"}]
    unreadable = [{"id": "19:c"}, {"id": "19:d", "type": 1}, {"type": "private"}, None, "19:e"]
    service.answers = [says(200, {"conversations": listed + unreadable})]
    told = await transport.channels(CHAT, "19:team")
    assert told == {"19:a": "standard", "19:b": "shared"}
    assert service.seen[0].path == "/ca/v3/teams/19%3Ateam/conversations"
    for odd in ({}, {"conversations": {}}, {"conversations": None}):
        service.answers = [says(200, odd)]
        assert await transport.channels(CHAT, "19:team") == {}


@pytest.mark.parametrize(
    "odd", ["19:x@thread.tacv2;messageid=1", "a/../b", "a?b=c#d", "é %41", "a\\b"]
)
async def test_ids_stay_one_part_of_the_path(odd, service, transport):
    await transport.send(replace(CHAT, id=odd), MESSAGE)
    assert service.seen[0].path == f"/ca/v3/conversations/{quote(odd, safe='')}/activities"
    assert service.seen[0].query == ""


@pytest.mark.parametrize("odd", ["", ".", "..", "\ud800"])
async def test_an_id_that_would_lead_elsewhere_is_sent_nowhere(odd, service, transport):
    with pytest.raises(ForeignHostError):
        await transport.send(replace(CHAT, id=odd), MESSAGE)
    with pytest.raises(ForeignHostError):
        await transport.update(CHAT, odd, MESSAGE)
    with pytest.raises(ForeignHostError):
        await transport.member(CHAT, odd)
    assert service.sockets == []


@pytest.mark.parametrize("odd", [f"{CANARY}\ud800", float("nan")])
async def test_what_cannot_be_written_is_not_sent(odd, service, transport):
    with pytest.raises(TransportError) as failed:
        await transport.send(CHAT, {"text": odd})
    assert CANARY not in "".join(traceback.format_exception(failed.value))
    assert service.seen == []


async def test_connections_are_kept(service, transport):
    for _ in range(20):
        await transport.send(CHAT, MESSAGE)
    assert (len(service.seen), len(service.sockets)) == (20, 1)


FAILURES: dict[str, tuple[Script, type[TransportError], str]] = {
    "bad request": (fails(400, "BadSyntax"), TransportError, "BadSyntax"),
    "bad request without a code": (says(400, b"<html>"), TransportError, "status_400"),
    "blocked": (fails(403, "MessageWritesBlocked"), BlockedError, "MessageWritesBlocked"),
    "blocked, by an odd code": (fails(403, ALICE), BlockedError, "blocked"),
    "blocked, by a long code": (fails(403, "x" * 41), BlockedError, "blocked"),
    "blocked, without an object": (says(403, [CANARY]), BlockedError, "blocked"),
    "blocked, with much text": (says(403, b"x" * 200_000), BlockedError, "blocked"),
    "gone": (fails(404, "ConversationNotFound"), GoneError, "ConversationNotFound"),
    "gone without a code": (says(404), GoneError, "gone"),
    "precondition": (fails(412, "PreconditionFailed"), UnreachableError, "status_412"),
    "too large": (says(413), TooLargeError, "too_large"),
    "too large by its code": (fails(400, "MessageSizeTooBig"), TooLargeError, "too_large"),
    "limited": (says(429, Retry_After="7"), LimitedError, "limited"),
    "an error of theirs": (fails(500, "ServiceError"), UnreachableError, "status_500"),
    "bad gateway": (says(502), UnreachableError, "status_502"),
    "unavailable": (says(503), UnreachableError, "status_503"),
    "gateway time-out": (says(504), UnreachableError, "status_504"),
    "not JSON": (says(200, f"<html>{CANARY}".encode()), UnreachableError, "unreadable"),
    "not an object": (says(200, [CANARY]), UnreachableError, "unreadable"),
    "not UTF-8": (says(200, b'{"id": "\xff"}'), UnreachableError, "unreadable"),
    "nested without end": (says(200, b"[" * 60_000), UnreachableError, "unreadable"),
    "too long": (says(200, b'{"id": "1"}' + b" " * 270_000), UnreachableError, "unreadable"),
    "connection reset": (reset, UnreachableError, "unreachable"),
    "answer broken off": (break_off, UnreachableError, "unreachable"),
}
CALLS: dict[str, Callable[[Transport], Awaitable[Any]]] = {
    "send": lambda transport: transport.send(CHAT, MESSAGE | {"text": CANARY}),
    "update": lambda transport: transport.update(CHAT, "1700", MESSAGE | {"text": CANARY}),
    "open_personal": lambda transport: transport.open_personal(CHAT, CANARY),
    "member": lambda transport: transport.member(CHAT, CANARY),
    "members": lambda transport: transport.members(CHAT),
    "delete": lambda transport: transport.delete(CHAT, "1700"),
    "channels": lambda transport: transport.channels(CHAT, CANARY),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("case", FAILURES)
async def test_what_goes_wrong_is_told_by_its_kind_and_without_content(
    case, call, service, transport
):
    script, kind, code = FAILURES[case]
    service.always = script
    with pytest.raises(TransportError) as failed:
        await CALLS[call](transport)
    assert type(failed.value) is kind
    assert failed.value.code == str(failed.value) == code
    assert CANARY not in "".join(traceback.format_exception(failed.value))


@pytest.mark.parametrize("case", FAILURES)
async def test_a_message_that_failed_is_not_sent_again(case, service, transport):
    service.always = FAILURES[case][0]
    with pytest.raises(TransportError):
        await transport.send(CHAT, MESSAGE)
    assert len(service.seen) == 1


@pytest.mark.parametrize("call", ["open_personal", "member"])
async def test_an_answer_that_lacks_what_was_asked_for_cannot_be_read(call, service, transport):
    for lacking in (says(200, {}), says(200), says(200, {"id": 5}), says(200, {"id": ""})):
        service.always = lacking
        with pytest.raises(UnreachableError):
            await CALLS[call](transport)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", 7), (" 2.5 ", 2.5), ("0", 1), ("86400", 60), ("-5", 1), ("nan", 1), ("1e3", 1),
        ("9" * 400, 1), ("Fri, 20 Nov 2026 17:00:00 GMT", 1), ("", 1), ("٣", 1),
    ],
)  # fmt: skip
async def test_a_limit_says_how_long_to_wait(header, wait, service, transport):
    service.answers = [says(429, Retry_After=header)]
    with pytest.raises(LimitedError) as limited:
        await transport.send(CHAT, MESSAGE)
    assert limited.value.wait == wait


async def test_a_limit_that_does_not_say_how_long_is_a_second(service, transport):
    service.answers = [fails(429, "Throttled")]
    with pytest.raises(LimitedError) as limited:
        await transport.send(CHAT, MESSAGE)
    assert limited.value.wait == 1


async def test_a_service_that_does_not_answer_is_waited_for_ten_seconds(
    service, transport, monkeypatch
):
    assert connector._WITHIN.total == 10
    monkeypatch.setattr(connector, "_WITHIN", aiohttp.ClientTimeout(total=0.05))
    service.always = hang
    with pytest.raises(UnreachableError):
        await transport.send(CHAT, MESSAGE)
    assert len(service.seen) <= 1


async def test_a_service_that_is_not_there_is_unreachable(make, world):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        transport = make(replace(world, hosts=frozenset({"127.0.0.1"})))
        with pytest.raises(UnreachableError):
            await transport.send(replace(CHAT, service_url=address), MESSAGE)


async def test_a_service_whose_certificate_is_for_another_name_gets_nothing(make, world, service):
    transport = make(replace(world, hosts=frozenset({"other.example.net"})))
    with pytest.raises(UnreachableError):
        await transport.send(replace(CHAT, service_url="https://other.example.net/"), MESSAGE)
    assert service.seen == []


# ---- where it is sent

FOREIGN = """
    http://smba.trafficmanager.net/ca/
    https://smba.trafficmanager.net@evil.example/
    https://user:word@smba.trafficmanager.net/
    https://evil.example/
    https://evil.example/smba.trafficmanager.net/
    https://evil.example?smba.trafficmanager.net
    https://evil.example#smba.trafficmanager.net
    https://smba.trafficmanager.net.evil.example/
    https://smba.trafficmanager.net-evil.example/
    https://evilsmba.trafficmanager.net/
    https://evil.smba.trafficmanager.net/
    https://trafficmanager.net/
    https://smba.trafficmanager.net./
    https://smba.trafficmanager.net:8443/
    https://smba.trafficmanager.net:80/
    https://smba.trafficmanager.net:0443/
    https://smba.trafficmanager.net:443@evil.example/
    https://smba.trafficmanager.net:/
    https://smba.trafficmanager.net\\@evil.example/
    https://evil.example\\.botframework.com/
    https:\\\\smba.trafficmanager.net
    https:/smba.trafficmanager.net/
    https:///smba.trafficmanager.net/
    https://smba.trafficmanager.net//evil.example/
    https://smba.trafficmanager.net/../ca/
    https://smba.trafficmanager.net/ca/..
    https://smba.trafficmanager.net/ca/./
    https://smba.trafficmanager.net/%2e%2e/
    https://smba.trafficmanager.net/ca/?to=https://evil.example/
    https://smba.trafficmanager.net/ca/#evil
    https://smba.trafficmanager.net/ca;evil/
    https://smba.trafficmanager.net/ca@evil.example/
    https://smba.trafficmanager.net%2eevil.example/
    https://smba%2etrafficmanager.net/
    //smba.trafficmanager.net/
    smba.trafficmanager.net
    HTTPS://SMBA.TRAFFICMANAGER.NET/
    https://169.254.169.254/
    https://10.0.0.1.botframework.com.1/
    https://[::1]/
    https://[::ffff:169.254.169.254]/
    https://127.0.0.1/
    http://127.0.0.1/
    http://localhost/
    https://localhost/
    https://2130706433/
    https://0x7f000001/
    https://0177.0.0.1/
    https://botframework.com/
    https://.botframework.com/
    https://a..botframework.com/
    https://-a.botframework.com/
    https://*.botframework.com/
    https://botframework.com.evil.example/
    https://evilbotframework.com/
    https://xn--bots-9ya.botframework.com/
    https://ѕmba.trafficmanager.net/
    https://smba。trafficmanager。net/
    https://smba.trafficmanager.neｔ/
    ftp://smba.trafficmanager.net/
    wss://smba.trafficmanager.net/
    file://smba.trafficmanager.net/etc/passwd
    javascript:alert(1)
    data:,
    https://
""".split()
FOREIGN += [
    "", " https://smba.trafficmanager.net/", "https://smba.trafficmanager.net/ ",
    "https://smba.trafficmanager.net/\n", "https://smba.traffic\tmanager.net/",
    "https://smba.trafficmanager.net/\r\nHost: evil.example", "https://smba.trafficmanager.net/\0",
    "https://smba.trafficmanager.net/\ud800", "https://smba.trafficmanager.net/" + "a/" * 300,
    "https://" + "a" * 64 + ".botframework.com/",
]  # fmt: skip


@pytest.mark.parametrize("address", FOREIGN)
async def test_to_any_other_address_nothing_is_sent(address, login, service, transport):
    assert not may_send_to(address, HOSTS)
    foreign = replace(CHAT, service_url=address)
    for call in (
        transport.send(foreign, MESSAGE),
        transport.update(foreign, "1", MESSAGE),
        transport.open_personal(foreign, ALICE),
        transport.member(foreign, ALICE),
    ):
        with pytest.raises(ForeignHostError) as refused:
            await call
        assert str(refused.value) == "foreign_address"
    assert service.sockets == []
    assert login.asked.total() == 0


@pytest.mark.parametrize(
    "address",
    [
        "https://smba.trafficmanager.net",
        "https://smba.trafficmanager.net/",
        "https://smba.trafficmanager.net:443/ca/",
        "https://smba.trafficmanager.net/amer/7e4a0000-0000-4000-8000-0000000000a1/",
        "https://webchat.botframework.com/",
        "https://a.b.botframework.com/x_y~z/v1.0",
    ],
)
async def test_the_hosts_of_teams_are_sent_to(address, login, service, transport):
    await transport.send(replace(CHAT, service_url=address), MESSAGE)
    assert service.seen[0].token == f"Bearer {login.given[0]}"
    assert f"https://{service.seen[0].host}" == re.match(r"https://[a-z.]+", address)[0]


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("http://127.0.0.1:3978/", True),
        ("http://127.0.0.1:3978/_connector", True),
        ("http://localhost:56150/", True),
        ("http://localhost", True),
        ("http://127.0.0.1:3979/", False),
        ("http://127.0.0.1/", False),
        ("https://127.0.0.1:3978/", False),
        ("https://localhost/", False),
        ("http://127.0.0.2:3978/", False),
        ("http://[::1]:3978/", False),
        ("http://10.0.0.1/", False),
        ("http://0.0.0.0:3978/", False),
        ("http://user@127.0.0.1:3978/", False),
        ("http://localhost.evil.example/", False),
        ("http://smba.trafficmanager.net/", False),
        ("https://10.0.0.1/", False),
    ],
)
def test_this_machine_is_sent_to_only_where_it_is_named(address, may):
    hosts = frozenset({"127.0.0.1:3978", "localhost", "10.0.0.1", "smba.trafficmanager.net", "*"})
    assert may_send_to(address, hosts) is may


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_nothing_follows_a_redirection(status, service, transport):
    service.always = says(status, Location="https://smba.trafficmanager.net/elsewhere")
    for number, call in enumerate(CALLS.values(), 1):
        with pytest.raises(UnreachableError):
            await call(transport)
        assert len(service.seen) == number


async def test_a_token_never_goes_to_this_machine(make, world, login, service):
    host = service.local.removeprefix("http://").rstrip("/")
    transport = make(replace(world, hosts=frozenset({host})))
    assert await transport.send(replace(CHAT, service_url=service.local), MESSAGE)
    service.answers = [says(401)]
    with pytest.raises(TransportError) as failed:
        await transport.send(replace(CHAT, service_url=service.local), MESSAGE)
    assert failed.value.code == "unauthorized_outbound"
    assert [seen.token for seen in service.seen] == [None, None]
    assert login.asked.total() == 0


# ---- a token that the service does not take


async def test_a_refused_token_is_replaced_once_and_at_once(login, service, transport):
    service.answers = [fails(401, "BotNotRegistered"), says(201, {"id": "1700"})]
    assert await transport.send(CHAT, MESSAGE) == "1700"
    assert login.given == ["token-0-of-the-tests", "token-1-of-the-tests"]
    assert [seen.token for seen in service.seen] == [f"Bearer {token}" for token in login.given]
    assert service.seen[0].raw == service.seen[1].raw


async def test_a_service_that_refuses_every_token_is_told_so(login, service, transport, clock):
    service.always = fails(401, "BotNotRegistered")
    for _ in range(20):
        with pytest.raises(TransportError) as failed:
            await transport.send(CHAT, MESSAGE)
        assert type(failed.value) is TransportError
        assert failed.value.code == "unauthorized_outbound"
    assert (len(login.given), len(service.seen)) == (2, 21)
    clock.advance(60)
    with pytest.raises(TransportError):
        await transport.send(CHAT, MESSAGE)
    assert (len(login.given), len(service.seen)) == (3, 23)


async def test_many_who_are_refused_at_once_share_the_new_token(login, service, transport):
    refusing, taking = fails(401, "BotNotRegistered"), says(201, {"id": "1"})

    async def judge(request: web.Request) -> web.StreamResponse:
        is_first = request.headers["Authorization"] == "Bearer token-0-of-the-tests"
        return await (refusing if is_first else taking)(request)

    service.always = judge
    assert await asyncio.gather(*[transport.send(CHAT, MESSAGE) for _ in range(20)]) == ["1"] * 20
    assert len(login.given) == 2


# ---- our own token, from Microsoft's own library


async def test_many_who_need_a_token_at_once_ask_once(world, login):
    ours = world.tokens
    assert set(await asyncio.gather(*[ours.get() for _ in range(50)])) == {login.given[0]}
    assert login.asked == {"tenant": 1, "token": 1}


async def test_a_token_is_kept_until_five_minutes_before_its_end(world, login, clock):
    ours = world.tokens
    first = await ours.get()
    clock.advance(3600 - 301)
    assert await ours.get() == first
    assert login.asked["token"] == 1
    clock.advance(1)
    assert await ours.get() == first
    await until(lambda: ours._flight is None)
    assert await ours.get() == login.given[1] != first
    assert login.asked == {"tenant": 1, "token": 2}


async def test_nobody_waits_for_a_token_that_is_renewed_early(world, login, clock):
    ours = world.tokens
    first = await ours.get()
    login.hold = asyncio.Event()
    clock.advance(3400)
    assert await asyncio.gather(*[ours.get() for _ in range(50)]) == [first] * 50
    await until(lambda: login.asked["token"] == 2)
    assert await ours.get() == first
    login.hold.set()
    await until(lambda: ours._flight is None)
    assert login.asked["token"] == 2


async def test_a_token_that_cannot_be_renewed_is_used_to_its_end(world, login, clock):
    ours = world.tokens
    first = await ours.get()
    login.down = True
    clock.advance(3400)
    for _ in range(19):
        assert await ours.get() == first
        await until(lambda: ours._flight is None)
        clock.advance(10)
    clock.advance(10)
    with pytest.raises(UnreachableError):
        await ours.get()
    login.down = False
    clock.advance(10)
    assert await ours.get() == login.given[1]


async def test_a_late_refusal_of_an_old_token_leaves_the_new_one(world, login, clock):
    ours = world.tokens
    old = await ours.get()
    ours.forget(old)
    new = await ours.get()
    clock.advance(100)
    ours.forget(old)
    assert await ours.get() == new != old


async def test_a_token_that_does_not_live_long_is_not_renewed_each_time(world, login, clock):
    login.lifetime = 100
    ours = world.tokens
    for _ in range(5):
        assert await ours.get() == login.given[0]
        await until(lambda: ours._flight is None)
        clock.advance(9)
    assert login.asked["token"] == 1


@pytest.mark.parametrize(
    ("word", "kind", "code"),
    [
        ("invalid_client", TransportError, "login_invalid_client"),
        ("unauthorized_client", TransportError, "login_unauthorized_client"),
        ("temporarily_unavailable", UnreachableError, "login_unreachable"),
        (CANARY, UnreachableError, "login_unreachable"),
    ],
)
async def test_a_login_host_that_refuses_us_is_told_by_its_word(word, kind, code, world, login):
    login.refuses, ours = word, world.tokens
    with pytest.raises(TransportError) as failed:
        await ours.get()
    assert type(failed.value) is kind
    assert str(failed.value) == code
    told = "".join(traceback.format_exception(failed.value))
    assert "AADSTS" not in told
    assert login.password not in told
    # What may pass is nothing that an operator must mend.
    assert ours.is_accepted is (kind is UnreachableError)


async def test_a_login_host_that_takes_us_again_is_noticed(world, login, clock):
    login.refuses, ours = "invalid_client", world.tokens
    with pytest.raises(TransportError):
        await ours.get()
    login.refuses = ""
    clock.now += 60
    await ours.get()
    assert ours.is_accepted


@pytest.mark.parametrize("lifetime", [0, -1, "3600", None, []])
async def test_a_token_without_an_end_is_none(lifetime, world, login):
    login.lifetime = lifetime
    ours = world.tokens
    for _ in range(2):
        with pytest.raises(UnreachableError):
            await ours.get()
    assert login.asked["token"] == 1


async def test_a_login_host_that_is_down_is_not_asked_each_time(world, login, clock):
    login.down = True
    ours = world.tokens
    for _ in range(20):
        with pytest.raises(UnreachableError):
            await ours.get()
    assert login.asked.total() == 1
    login.down = False
    clock.advance(5)
    assert await ours.get() == login.given[0]


async def test_without_a_token_nothing_is_sent(login, service, transport):
    login.down = True
    with pytest.raises(UnreachableError):
        await transport.send(CHAT, MESSAGE)
    assert service.sockets == []


async def test_a_login_host_that_does_not_answer_is_not_waited_for(world, login, monkeypatch):
    assert tokens._WITHIN <= 10
    monkeypatch.setattr(tokens, "_WITHIN", 0.05)
    login.hold = asyncio.Event()
    ours = world.tokens
    with pytest.raises(UnreachableError):
        await ours.get()
    login.hold.set()
    await until(lambda: ours._flight is None)
    assert await ours.get() == login.given[0]
    assert login.asked["token"] == 1


async def test_who_gives_up_waiting_for_a_token_does_not_end_it_for_others(world, login):
    login.hold = asyncio.Event()
    ours = world.tokens
    impatient, patient = (asyncio.create_task(ours.get()) for _ in range(2))
    await until(lambda: login.asked["tenant"] == 1)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    login.hold.set()
    assert await patient == login.given[0]


# ---- nothing is held up


@pytest.fixture
def blocking(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the thread of the event loop waits for: it must neither connect nor look up names."""
    mine, found = threading.get_ident(), []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def watched_connect(this: socket.socket, address: Any) -> None:
        if threading.get_ident() == mine and this.gettimeout() != 0:
            found.append("connect")
        connect(this, address)

    def watched_look_up(*what: Any, **how: Any) -> Any:
        if threading.get_ident() == mine:
            found.append("getaddrinfo")
        return look_up(*what, **how)

    monkeypatch.setattr(socket.socket, "connect", watched_connect)
    monkeypatch.setattr(socket, "getaddrinfo", watched_look_up)
    return found


async def test_while_microsoft_is_slow_everything_else_goes_on(login, service, transport, blocking):
    """The login hosts answer only after the loop has turned a thousand times without them."""
    login.hold = asyncio.Event()
    turns = 0

    async def heart() -> None:
        nonlocal turns
        await until(lambda: login.asked["metadata"] == 1 and login.asked["tenant"] == 1)
        while turns < 1_000:
            turns += 1
            await asyncio.sleep(0)
        assert login.hold is not None
        login.hold.set()

    _, caller, sent = await asyncio.gather(
        heart(),
        transport.authenticate(f"Bearer {login.token()}"),
        transport.send(CHAT, MESSAGE),
    )
    assert (caller, sent, turns) == (Caller(login.service_url), "1700000000000", 1_000)
    assert login.asked == {"metadata": 1, "keys": 1, "tenant": 1, "token": 1}
    assert blocking == []


async def test_a_blocking_call_would_be_noticed(service, blocking):
    port = service._http.port
    with socket.create_connection(("127.0.0.1", port)):
        pass
    assert blocking == ["getaddrinfo", "connect"]


def test_who_only_needs_the_port_does_not_pay_for_the_sdk():
    code = (
        "import sys, bot.channels.teams.transport as t, bot.channels.teams.keys,"
        " bot.channels.teams.tokens, bot.channels.teams.connector\n"
        "print(sorted({'botbuilder', 'botframework', 'msal', 'msrest'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout == b"[]\n"


@pytest.mark.parametrize("status", [302, 307, 308])
async def test_the_password_follows_nobody_to_another_address(status: int):
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(application)
    await server.start_server(access_log=None)
    try:
        session = tokens._session()
        session.trust_env = False
        address = str(server.make_url("/token"))
        with pytest.raises(requests.exceptions.InvalidSchema):
            session.post(address, data={"a": "b"})  # it is not the login host
        session.mount(address, HTTPAdapter())
        with pytest.raises(requests.TooManyRedirects):
            await asyncio.to_thread(session.post, address, data={"a": "b"})
        session.close()
    finally:
        await server.close()
    assert asked == ["/token"]
