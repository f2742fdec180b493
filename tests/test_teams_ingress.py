"""Does only what the Bot Framework sent from our tenant come in, and all else leave no trace?"""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, web

from bot.app import utc_now
from bot.channels.requests import MAX_BODY, MAX_DEPTH, RefusedError
from bot.channels.teams.ingress import parse
from bot.conversation import Conversation, Move, Reply
from tests.slack_app import guidance_of, logged
from tests.teams import payloads
from tests.teams.fake import OTHER_TENANT, FakeTeams
from tests.teams.login import Login, key_entry, rsa_key
from tests.teams.person import Person
from tests.teams.state import Json
from tests.teams_app import Running, running

CANARY = "canary-ingress-71e4"
JSON = "application/json; charset=utf-8"


@dataclass
class Listening(Conversation):
    """The conversation, which notes that it was asked."""

    asked: list[Move] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(guidance_of().guidance, None, utc_now)

    def respond(self, move: Move) -> Reply:
        self.asked.append(move)
        return super().respond(move)


def as_served(cairn: Running, *, goes_on: bool = True) -> None:
    """Whether a request is worked on when its line breaks off: so it is where Cairn is served."""
    for server in [one for one in gc.get_objects() if type(one) is web.Server]:
        if getattr(server.request_handler, "__self__", None) is cairn.application:
            server.handler_cancellation = not goes_on
            return
    raise AssertionError


@asynccontextmanager
async def connected(
    cairn: Running,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    parts = urlsplit(cairn.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    async with asyncio.timeout(10):
        yield reader, writer
    writer.transport.abort()


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """Whatever comes in, no traceback and none of its words reaches the operator's log."""
    with logged() as told:
        yield
    assert "Traceback" not in told.getvalue()
    assert CANARY not in told.getvalue()


@pytest.fixture
async def login() -> AsyncIterator[Login]:
    async with Login() as login:
        yield login


@pytest.fixture
async def fake(login: Login) -> AsyncIterator[FakeTeams]:
    async with FakeTeams(login=login, rates=False) as fake:
        yield fake
    assert fake.violations == []


@pytest.fixture
def talk() -> Listening:
    return Listening()


@pytest.fixture
async def cairn(fake: FakeTeams, talk: Listening, login: Login) -> AsyncIterator[Running]:
    async with running(fake, conversation=talk, login=login) as cairn:
        yield cairn


@pytest.fixture
def alice(fake: FakeTeams) -> Person:
    return fake.person("alice")


async def came_to_nothing(cairn: Running) -> bool:
    """Whether nothing that stands behind the door has heard of what was sent."""
    await cairn.drain()
    assert isinstance(cairn.conversation, Listening)
    with closing(sqlite3.connect(cairn.folder / "cairn.db")) as database:
        rows = database.execute("SELECT count(*) FROM seen").fetchone()[0]
    return cairn.conversation.asked == [] and cairn.fake.calls == [] and rows == 0


# ---- what Teams sends, with the canary in it


def message(person: Person) -> Json:
    return payloads.message(person._made(person.chat), f"can I post this {CANARY}")


def mention(person: Person) -> Json:
    team = person._fake.channel("team", person)
    return payloads.mention(person._made(team), CANARY)


def press(person: Person) -> Json:
    value = {"action": {"type": "Action.Execute", "verb": "look", "data": {"c": CANARY}}}
    return payloads.invoke(person._made(person.chat), "adaptiveCard/action", value)


def dialog(person: Person) -> Json:
    value = payloads.task_value({"do": "start:home", "say": CANARY})
    return payloads.invoke(person._made(person.chat), "task/fetch", value)


def extension(person: Person) -> Json:
    made = person._made(person.chat)
    written = payloads.message_payload(made, CANARY)
    value = payloads.extension_value("check", "message", "r1", written)
    return payloads.invoke(made, "composeExtension/fetchTask", value)


def installed(person: Person) -> Json:
    return payloads.installation(person._made(person.chat), "add")


KINDS: dict[str, Callable[[Person], Json]] = {
    "message": message, "mention": mention, "press": press, "dialog": dialog,
    "extension": extension, "installed": installed,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
async def test_what_teams_sends_from_our_tenant_comes_in(
    kind: str, cairn: Running, fake: FakeTeams, alice: Person
):
    outcome = await fake.deliver(KINDS[kind](alice))
    assert outcome.status == 200
    assert outcome.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in outcome.headers
    assert bool(outcome.body) is (kind in ("press", "dialog", "extension"))
    assert not await came_to_nothing(cairn)


# ---- T6: the token


def bearer(token: str) -> str:
    return f"Bearer {token}"


def now() -> int:
    return int(time.time())


def _changed(token: str) -> str:
    head, claims, signature = token.split(".")
    return f"{head}.{claims}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def _of_another_token(login: Login, service_url: str) -> str:
    claims = login.token(serviceurl=service_url, aud="another").split(".")[1]
    head, _, signature = login.token(serviceurl=service_url).split(".")
    return f"{head}.{claims}.{signature}"


Made = Callable[[Login, str], str | None]
TOKENS: dict[str, tuple[Made, int]] = {
    "no Authorization": (lambda s, u: None, 401),
    "an empty one": (lambda s, u: "", 401),
    "no token": (lambda s, u: "Bearer", 401),
    "not a token": (lambda s, u: bearer(CANARY), 401),
    "three parts that are none": (lambda s, u: bearer("a.b.c"), 401),
    "five parts": (lambda s, u: bearer(s.token(serviceurl=u) + ".e30.e30"), 401),
    "another scheme": (lambda s, u: f"Basic {s.token(serviceurl=u)}", 401),
    "the token alone": (lambda s, u: s.token(serviceurl=u), 401),
    "two tokens": (lambda s, u: f"{bearer(s.token(serviceurl=u))}, {bearer('a.b.c')}", 401),
    "expired": (lambda s, u: bearer(s.token(serviceurl=u, exp=now() - 400)), 401),
    "not valid yet": (lambda s, u: bearer(s.token(serviceurl=u, nbf=now() + 400)), 401),
    "without an end": (lambda s, u: bearer(s.token(serviceurl=u, exp=None)), 401),
    "a signature that was changed": (lambda s, u: bearer(_changed(s.token(serviceurl=u))), 401),
    "claims that were changed": (lambda s, u: bearer(_of_another_token(s, u)), 401),
    "another key": (lambda s, u: bearer(s.token(serviceurl=u, key=rsa_key(9))), 401),
    "an unknown key": (lambda s, u: bearer(s.token(serviceurl=u, header={"kid": "other"})), 401),
    "no key named": (lambda s, u: bearer(s.token(serviceurl=u, header={"kid": None})), 401),
    "not signed": (lambda s, u: bearer(s.token(serviceurl=u, alg="none")), 403),
    "signed with the public key": (lambda s, u: bearer(s.token(serviceurl=u, alg="HS256")), 403),
    "for another bot": (lambda s, u: bearer(s.token(serviceurl=u, aud="another")), 401),
    "for nobody": (lambda s, u: bearer(s.token(serviceurl=u, aud=None)), 401),
    "for several": (lambda s, u: bearer(s.token(serviceurl=u, aud=[s.app_id, "x"])), 401),
    "by another issuer": (
        lambda s, u: bearer(s.token(serviceurl=u, iss="https://sts.windows.net/x/")), 401
    ),
    "by several issuers": (
        lambda s, u: bearer(s.token(serviceurl=u, iss=["https://api.botframework.com"])), 401
    ),
    "by nobody": (lambda s, u: bearer(s.token(serviceurl=u, iss=None)), 401),
    "for another service": (lambda s, u: bearer(s.token()), 401),
    "for no service": (lambda s, u: bearer(s.token(serviceurl=None)), 401),
    "for a service but for its end": (lambda s, u: bearer(s.token(serviceurl=u[:-1])), 401),
}  # fmt: skip
"""Tokens that let nobody in, by the service that is written to, and what they are answered."""


@pytest.mark.parametrize("kind", KINDS)
async def test_without_a_token_of_the_bot_framework_for_us_nothing_comes_in(
    kind: str, cairn: Running, fake: FakeTeams, login: Login, alice: Person
):
    assert len(TOKENS) >= 24
    activity, wrong = KINDS[kind](alice), {}
    for name, (make, status) in TOKENS.items():
        authorization = make(login, fake.service_url)
        headers = {"Content-Type": JSON}
        headers |= {} if authorization is None else {"Authorization": authorization}
        outcome = await fake.send(activity, headers)
        if (outcome.status, outcome.body) != (status, ""):
            wrong[name] = outcome.status
    assert wrong == {}
    assert await came_to_nothing(cairn)


@pytest.mark.parametrize("endorsements", [("webchat",), (), None, ("MSTEAMS", "msteams2")])
async def test_a_key_that_may_not_sign_for_teams_opens_nothing(
    endorsements: tuple[str, ...] | None,
    cairn: Running,
    fake: FakeTeams,
    login: Login,
    alice: Person,
):
    login.publish(key_entry(login.key, login.kid, endorsements=endorsements))
    for make in KINDS.values():
        outcome = await fake.deliver(make(alice), expect=False)
        assert (outcome.status, outcome.body) == (403, "")
    assert await came_to_nothing(cairn)


async def test_a_token_anywhere_but_in_its_header_is_none(
    cairn: Running, fake: FakeTeams, login: Login, alice: Person
):
    token = login.token(serviceurl=fake.service_url)
    there = fake.app_url
    fake.app_url = f"{there}?access_token={token}&authorization=Bearer%20{token}"
    activity = message(alice) | {"authorization": bearer(token), "token": token}
    headers = {"Content-Type": JSON, "X-Authorization": bearer(token), "Cookie": f"token={token}"}
    assert (await fake.send(activity, headers)).status == 401
    assert await came_to_nothing(cairn)


async def test_without_a_token_the_body_is_not_waited_for(cairn: Running, fake: FakeTeams):
    """Whoever has none of ours costs us neither memory nor time."""
    head = "POST /api/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{}\r\n"
    for more in ("Content-Length: 200\r\n", "Content-Length: 90000000\r\n",
                 "Transfer-Encoding: chunked\r\n", "Authorization: Bearer a.b.c\r\n"):  # fmt: skip
        async with connected(cairn) as (reader, writer):
            writer.write(head.format(more).encode())  # and no more of it ever comes
            assert (await reader.readline()).split()[1] == b"401", more
    assert await came_to_nothing(cairn)


async def test_another_key_takes_the_place_of_the_first_one_without_a_pause(
    cairn: Running, fake: FakeTeams, login: Login, alice: Person
):
    old = fake.headers()
    assert (await fake.send(press(alice), old)).status == 200
    login.rotate()
    assert (await fake.deliver(press(alice))).status == 200
    assert (await fake.send(press(alice), old)).status == 401
    assert login.asked["keys"] == 2
    assert fake.failures == []
    await cairn.drain()


async def test_while_the_host_of_the_keys_is_down_requests_are_put_off(
    cairn: Running, fake: FakeTeams, login: Login, alice: Person
):
    login.down = True
    for make in KINDS.values():
        outcome = await fake.deliver(make(alice), expect=False)
        assert (outcome.status, outcome.body) == (503, "")
    assert (await fake.send(message(alice), {"Content-Type": JSON})).status == 401
    assert await came_to_nothing(cairn)


async def test_with_keys_that_are_known_nobody_notices_that_their_host_is_down(
    cairn: Running, fake: FakeTeams, login: Login, alice: Person
):
    assert (await fake.deliver(press(alice))).status == 200
    login.down = True
    for make in KINDS.values():
        assert (await fake.deliver(make(alice))).status == 200
    unknown = bearer(login.token(serviceurl=fake.service_url, header={"kid": "other"}))
    headers = {"Content-Type": JSON, "Authorization": unknown}
    assert (await fake.send(message(alice), headers)).status == 401
    await cairn.drain()


# ---- from where


def without(body: Json, *path: str) -> Json:
    made = json.loads(json.dumps(body))
    at = made
    for part in path[:-1]:
        at = at[part]
    del at[path[-1]]
    return made  # type: ignore[no-any-return]


def put(body: Json, value: object, *path: str) -> Json:
    made = json.loads(json.dumps(body))
    at = made
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    return made  # type: ignore[no-any-return]


PLACES = (("channelData", "tenant", "id"), ("conversation", "tenantId"))
NO_TENANT = (None, "", 7, True, [], {}, ["x"], "é", "x" * 401, " ", "*", CANARY, "null", "\x00")


def elsewhere(body: Json, tenant: str) -> Iterator[tuple[str, Json]]:
    """The same from another place, and what does not say from where it is."""
    both = put(put(body, OTHER_TENANT, *PLACES[0]), OTHER_TENANT, *PLACES[1])
    yield "another tenant", both
    for place in PLACES:
        yield f"nothing in {place}", without(body, *place)
        yield f"another in {place}", put(body, OTHER_TENANT, *place)
        yield f"several in {place}", put(body, f"{tenant},{OTHER_TENANT}", *place)
        yield f"a list in {place}", put(body, [tenant], *place)
        for junk in NO_TENANT:
            yield f"{junk!r} in {place}", put(body, junk, *place)
    yield "nowhere", without(without(body, *PLACES[0]), *PLACES[1])
    yield "no tenant at all", without(body, "channelData")
    yield "no chat", without(body, "conversation")
    for channel in (None, "", "webchat", "emulator", "directline", "MSTEAMS", "msteams ", 7, [],
                    ["msteams"], {"id": "msteams"}, True):  # fmt: skip
        yield f"by {channel!r}", put(body, channel, "channelId")
    yield "by nothing", without(body, "channelId")


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_not_from_a_tenant_that_is_served_is_refused(
    kind: str, cairn: Running, fake: FakeTeams, alice: Person
):
    headers = fake.headers()
    for name, activity in elsewhere(KINDS[kind](alice), fake.tenant):
        outcome = await fake.send(activity, headers)
        assert (outcome.status, outcome.body) == (403, ""), name
    assert await came_to_nothing(cairn)


async def test_several_tenants_may_be_served(
    fake: FakeTeams, login: Login, talk: Listening, alice: Person
):
    luc = fake.person("luc", tenant=OTHER_TENANT)
    tenants = {"teams_tenants": f"{fake.tenant.upper()}, {OTHER_TENANT}",
               "teams_app_tenant": fake.tenant}  # fmt: skip
    async with running(fake, conversation=talk, login=login, **tenants) as cairn:
        for person in (alice, luc):
            assert (await person.message("can I post this?")).status == 200
            await cairn.drain()
            assert person.cards
        stranger = fake.person("sam", tenant="11111111-1111-4111-8111-111111111111")
        outcome = await fake.deliver(message(stranger), expect=False)
        assert outcome.status == 403


async def test_a_service_that_is_not_listed_is_refused_even_where_the_token_names_it(
    cairn: Running, fake: FakeTeams, alice: Person
):
    for name in (None, "", "http://elsewhere.example/", "HTTP://127.0.0.1/", "x"):
        for make in KINDS.values():
            activity = put(make(alice), name, "serviceUrl")
            outcome = await fake.send(activity, fake.headers(serviceurl=name))
            # A token that names no service is none; it is looked at first.
            assert (outcome.status, outcome.body) == (403 if name else 401, ""), name
    assert await came_to_nothing(cairn)


# ---- what cannot be read

NOT_OBJECTS = (
    b"", b" ", b"null", b"true", b"1", b'"x"', b"[]", f'["{CANARY}"]'.encode(), b"{", b"}", b"{}{}",
    f'{{"{CANARY}'.encode(), f"{{'text': '{CANARY}'}}".encode(), b"\xff\xfe\xfd", b"9" * 5_000,
    b'{"type":"message","text":"\xc3\x28"}', b'{"type":"message","n":' + b"9" * 5_000 + b"}",
    b"\xef\xbb\xbf{}", b'{"type":"message"}\x00', b"payload=%7B%7D", b"{} // x",
)  # fmt: skip


async def test_what_is_no_object_is_a_bad_request(cairn: Running, fake: FakeTeams):
    for body in NOT_OBJECTS:
        outcome = await fake.send(body, fake.headers())
        assert (outcome.status, outcome.body) == (400, ""), body[:60]
    assert await came_to_nothing(cairn)


async def test_a_number_that_is_none_and_a_name_that_stands_twice_are_bad_requests(
    cairn: Running, fake: FakeTeams, alice: Person
):
    """Another reader would read something else there than we do."""
    whole = json.dumps(message(alice))
    for more in ('"x": NaN', '"x": Infinity', '"x": -Infinity', '"x": {"y": [1, NaN]}',
                 '"type": "message"', '"serviceUrl": "https://evil.example/"',
                 '"channelId": "webchat"', '"x": {"a": 1, "b": 2, "a": 3}', '"x": 1, "x": 1',
                 '"chann\\u0065lId": "msteams"'):  # fmt: skip
        for body in (f"{whole[:-1]}, {more}}}", f"{{{more}, {whole[1:]}"):
            outcome = await fake.send(body.encode(), fake.headers())
            assert (outcome.status, outcome.body) == (400, ""), more
    assert await came_to_nothing(cairn)
    words = message(alice) | {"text": "NaN Infinity", "value": None}
    assert (await fake.deliver(words)).status == 200
    await cairn.drain()


JUNK = (True, 7, 1.5, "x", "", [], {}, [None], {"id": None}, {"id": {}}, "\ud800")
OF_KIND = {
    "type": str, "id": str, "name": str, "action": str, "text": str, "locale": str,
    "replyToId": str, "from": dict, "recipient": dict, "entities": list, "attachments": list,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
async def test_a_field_of_another_kind_is_a_bad_request_and_never_an_error(
    kind: str, cairn: Running, fake: FakeTeams, alice: Person
):
    activity, headers = KINDS[kind](alice), fake.headers()
    for name in sorted({*activity, *OF_KIND, "value"}):
        kinds = (OF_KIND.get(name, object), type(None))
        for junk in (None, *JUNK[name < "m" :: 2]):
            outcome = await fake.send(put(activity, junk, name), headers)
            if not isinstance(junk, kinds) or (name == "type" and not junk):
                assert (outcome.status, outcome.body) == (400, ""), (name, junk)
            else:
                assert outcome.status in (200, 400, 401, 403, 501), (name, junk)
    await cairn.drain()


OTHER_TYPES = (
    None, "", "text/plain", "text/html", "application/xml", "multipart/form-data", "x" * 1000,
    "application/x-www-form-urlencoded", "application/json+x", "application/vnd.api+json", ";",
    "text/json", "*/*", "application/jsonx", "application/json,text/html",
)  # fmt: skip


async def test_json_of_another_name_is_not_taken_for_json(
    cairn: Running, fake: FakeTeams, alice: Person
):
    for kind in OTHER_TYPES:
        headers = {n: v for n, v in fake.headers().items() if n != "Content-Type"}
        headers |= {} if kind is None else {"Content-Type": kind}
        outcome = await fake.send(message(alice), headers)
        assert (outcome.status, outcome.body) == (415, ""), kind
    assert await came_to_nothing(cairn)


async def test_json_is_known_by_its_name_however_it_is_written(
    cairn: Running, fake: FakeTeams, alice: Person, talk: Listening
):
    for kind in ("application/json", "APPLICATION/JSON", "application/json ;x=y", JSON):
        talk.asked.clear()
        outcome = await fake.send(message(alice), fake.headers() | {"Content-Type": kind})
        assert outcome.status == 200, kind
        await cairn.drain()
        assert talk.asked, kind


async def test_a_packed_body_is_not_unpacked(cairn: Running, fake: FakeTeams):
    bomb = gzip.compress(b" " * 20_000_000)
    assert len(bomb) < MAX_BODY
    for coding in ("gzip", "deflate", "identity", "x", ""):
        for body in (bomb, CANARY.encode()):
            packed = fake.headers() | {"Content-Encoding": coding}
            assert (await fake.send(body, packed)).status == 415
            del packed["Authorization"]
            assert (await fake.send(body, packed)).status == 401
    for coding in ("br", "zstd"):  # which aiohttp refuses by itself, where it has no library
        packed = fake.headers() | {"Content-Encoding": coding}
        assert (await fake.send(CANARY.encode(), packed)).status in (400, 415)
    assert await came_to_nothing(cairn)


# ---- too large, too deep, too slow


def head_of(fake: FakeTeams, *more: str) -> bytes:
    rows = [f"{name}: {value}" for name, value in {"Host": "x", **fake.headers()}.items()]
    return "\r\n".join(["POST /api/messages HTTP/1.1", *rows, *more, "", ""]).encode()


async def test_what_is_too_large_is_refused(cairn: Running, fake: FakeTeams):
    for size, status in ((MAX_BODY, b"400"), (MAX_BODY + 1, b"413"), (5_000_000, b"413")):
        body = b"[" + CANARY.encode().ljust(size - 1, b" ")
        async with connected(cairn) as (reader, writer):
            writer.write(head_of(fake, f"Content-Length: {size}") + body)
            assert (await reader.readline()).split()[1] == status, size
    assert await came_to_nothing(cairn)


async def test_the_answer_does_not_wait_for_the_end_of_what_is_too_large(
    cairn: Running, fake: FakeTeams
):
    part = b"x" * 65_536
    declared = head_of(fake, "Content-Length: 5000000")
    chunked = head_of(fake, "Transfer-Encoding: chunked")
    for begun in (declared, declared + part, chunked + (b"%x\r\n%b\r\n" % (len(part), part)) * 5):
        async with connected(cairn) as (reader, writer):
            writer.write(begun)  # and no more of it ever comes
            assert (await reader.readline()).split()[1] == b"413"
    assert await came_to_nothing(cairn)


async def test_what_is_nested_too_deep_is_refused(cairn: Running, fake: FakeTeams, alice: Person):
    deep = b"[" * 5_000 + b"]" * 5_000
    whole = json.dumps(message(alice) | {"value": {}}).encode()
    for body in (deep, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b"[" * 200_000, b'{"a":[' * 40_000,
                 whole.replace(b'"value": {}', b'"value": ' + deep)):  # fmt: skip
        outcome = await fake.send(body, fake.headers())
        assert (outcome.status, outcome.body) == (400, ""), body[:40]
        assert (await fake.send(body, {"Content-Type": JSON})).status == 401
    assert await came_to_nothing(cairn)


def test_an_activity_of_teams_is_far_from_the_greatest_depth():
    def nested(levels: int) -> bytes:
        return b'{"type":"message","a":' + b'{"a":' * (levels - 1) + b"1" + b"}" * levels

    assert parse(nested(MAX_DEPTH))
    with pytest.raises(RefusedError):
        parse(nested(MAX_DEPTH + 1))


async def test_a_body_that_does_not_come_is_not_waited_for(
    cairn: Running, fake: FakeTeams, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.channels.requests._SLOWEST", 0.05)
    for begun in (b"", b'{"type":'):
        async with connected(cairn) as (reader, writer):
            writer.write(head_of(fake, "Content-Length: 100") + begun)
            assert (await reader.readline()).split()[1] == b"408"
    assert await came_to_nothing(cairn)


async def test_a_request_that_breaks_off_is_no_error_of_ours(
    cairn: Running, fake: FakeTeams, alice: Person
):
    body = json.dumps(message(alice)).encode()
    whole = head_of(fake, f"Content-Length: {len(body)}") + body
    with logged() as told:
        for goes_on in (True, False):
            as_served(cairn, goes_on=goes_on)
            for size in (10, len(whole) - len(body), len(whole) - 1):
                async with connected(cairn) as (reader, writer):
                    writer.write(whole[:size])
                    writer.write_eof()
                    await reader.read()
        assert await came_to_nothing(cairn)
    assert '"level": "error"' not in told.getvalue()
    assert (await fake.deliver(message(alice))).status == 200
    await cairn.drain()


async def test_only_posts_to_its_own_path_are_answered(
    cairn: Running, fake: FakeTeams, alice: Person
):
    body, headers = json.dumps(message(alice)).encode(), fake.headers()
    async with ClientSession() as http:
        for way in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"):
            async with http.request(way, fake.app_url, data=body, headers=headers) as answer:
                assert answer.status == 405, way
        for path in ("api", "api/messages/", "api/messages/x", "slack/events", "api/Messages"):
            async with http.post(f"{cairn.url}{path}", data=body, headers=headers) as answer:
                assert answer.status == 404, path
    assert await came_to_nothing(cairn)
