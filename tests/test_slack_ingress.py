"""Does only what Slack signed just now come in, and is everything else refused without a trace?"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from aiohttp import ClientSession, StreamReader
from aiohttp.base_protocol import BaseProtocol
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.app import utc_now
from bot.channels.requests import MAX_BODY, MAX_DEPTH, RefusedError
from bot.channels.slack.ingress import Door, parse
from bot.cli import main
from bot.conversation import Conversation, Move, Reply
from bot.errors import SettingsError
from bot.settings import read_settings
from tests.conftest import NOON
from tests.slack import faults, payloads
from tests.slack.delivery import ABSENT, Delivery, Outcome
from tests.slack.fake import FakeSlack
from tests.slack.person import Person
from tests.slack_app import Running, guidance_of, logged, running, served

CANARY = "canary-ingress-5d1c"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Listening(Conversation):
    """The conversation, which notes that it was asked."""

    asked: list[Move] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(guidance_of().guidance, None, utc_now)

    def respond(self, move: Move) -> Reply:
        self.asked.append(move)
        return super().respond(move)


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """Whatever comes in, no traceback and none of its words reaches the operator's log."""
    with logged() as told:
        yield
    assert "Traceback" not in told.getvalue()
    assert CANARY not in told.getvalue()


@pytest.fixture
async def fake() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
def talk() -> Listening:
    return Listening()


@pytest.fixture
async def cairn(fake: FakeSlack, talk: Listening) -> AsyncIterator[Running]:
    async with running(fake, conversation=talk) as cairn:
        fake.calls.clear()
        yield cairn


@pytest.fixture
def alice(fake: FakeSlack) -> Person:
    return fake.person("alice")


async def came_to_nothing(cairn: Running) -> bool:
    """Whether nothing that stands behind the door has heard of what was sent."""
    await cairn.drain()
    assert isinstance(cairn.conversation, Listening)
    return cairn.conversation.asked == [] and cairn.fake.calls == []


# ---- what Slack sends, with the canary in it


def command(person: Person) -> Delivery:
    fake, made = person._fake, person._made()
    address = fake.response_url(person.user, person.dm)
    return Delivery.of("command", payloads.slash(made, "/cairn", CANARY, person.dm, address))


def event(person: Person, text: str = f"can I post this {CANARY}") -> Delivery:
    made = person._made()
    said = payloads.direct_message(made, person.say(person.dm, text))
    number = next(person._fake.numbers)
    return Delivery.of("event", payloads.envelope(made, said, f"Ev{number:08}", person.dm))


def interaction(person: Person) -> Delivery:
    body = payloads.global_shortcut(person._made(), "can_i_post.en")
    return Delivery.of("interaction", {**body, "state": CANARY})


KINDS: dict[str, Callable[[Person], Delivery]] = {
    "command": command, "event": event, "interaction": interaction,
}  # fmt: skip


async def sent(fake: FakeSlack, what: Delivery, **how: object) -> Outcome:
    return await fake.send(what.body, content_type=what.content_type, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
async def test_what_slack_signed_comes_in(kind: str, cairn: Running, alice: Person):
    outcome = await sent(cairn.fake, KINDS[kind](alice))
    assert outcome.status == 200
    assert not await came_to_nothing(cairn)


# ---- T1: forged


Forgery = Callable[[FakeSlack, bytes], dict[str, object]]


def _signed(fake: FakeSlack, body: bytes) -> str:
    return fake.sign(body)["X-Slack-Signature"]


FORGERIES: dict[str, Forgery] = {
    "nothing signed": lambda f, b: {
        "headers": {"X-Slack-Signature": ABSENT, "X-Slack-Request-Timestamp": ABSENT}
    },
    "no signature": lambda f, b: {"headers": {"X-Slack-Signature": ABSENT}},
    "no timestamp": lambda f, b: {"headers": {"X-Slack-Request-Timestamp": ABSENT}},
    "an empty signature": lambda f, b: {"signature": ""},
    "a made-up signature": lambda f, b: {"signature": "v0=" + "0" * 64},
    "another version": lambda f, b: {"signature": _signed(f, b).replace("v0=", "v1=")},
    "no version": lambda f, b: {"signature": _signed(f, b).removeprefix("v0=")},
    "in capitals": lambda f, b: {"signature": "v0=" + _signed(f, b)[3:].upper()},
    "cut short": lambda f, b: {"signature": _signed(f, b)[:-1]},
    "one digit more": lambda f, b: {"signature": _signed(f, b) + "0"},
    "not of this alphabet": lambda f, b: {"signature": "v0=" + "é" * 64},
    "the signature twice": lambda f, b: {"signature": f"{_signed(f, b)},{_signed(f, b)}"},
    "of another body": lambda f, b: {"signature": _signed(f, b + b" ")},
    "of another moment": lambda f, b: {
        "signature": f.sign(b, timestamp=f.clock.time() - 2)["X-Slack-Signature"]
    },
    "by another app": lambda f, b: {"secret": "the-signing-secret-of-another-app"},
    "with an empty secret": lambda f, b: {"secret": ""},
    "with the bot token": lambda f, b: {"secret": f.bot_token},
    "with part of the secret": lambda f, b: {"secret": f.secret[:-1]},
    "with a space after the secret": lambda f, b: {"secret": f.secret + " "},
}


@pytest.mark.parametrize("kind", KINDS)
async def test_what_slack_did_not_sign_reaches_nothing(
    kind: str, cairn: Running, fake: FakeSlack, alice: Person
):
    for name, forge in FORGERIES.items():
        what = KINDS[kind](alice)
        outcome = await sent(fake, what, **forge(fake, what.body))
        assert (outcome.status, outcome.body) == (401, ""), name
    assert await came_to_nothing(cairn)


async def test_one_changed_byte_of_the_body_breaks_the_signature(
    cairn: Running, fake: FakeSlack, alice: Person
):
    what = event(alice)
    signed = _signed(fake, what.body)
    for at in range(0, len(what.body), 7):
        tampered = bytearray(what.body)
        tampered[at] ^= 1
        outcome = await fake.send(bytes(tampered), signature=signed)
        assert outcome.status == 401, at
    for other in (what.body[:-1], what.body + b"\n", b"", b"\xef\xbb\xbf" + what.body):
        assert (await fake.send(other, signature=signed)).status == 401
    assert await came_to_nothing(cairn)


async def test_what_is_not_signed_is_refused_before_it_is_read(cairn: Running, fake: FakeSlack):
    """Rubbish that is not signed is unsigned before it is rubbish: no library has seen it."""
    for body, kind in RUBBISH:
        outcome = await fake.send(body, content_type=kind, secret="another")
        assert outcome.status == 401, body[:40]
    assert await came_to_nothing(cairn)


async def test_two_secrets_are_accepted_while_one_takes_the_place_of_the_other(
    fake: FakeSlack, talk: Listening, alice: Person
):
    async with running(
        fake, conversation=talk, slack_signing_secrets=f"the-old-one,{fake.secret}"
    ) as cairn:
        for secret, status in (("the-old-one", 200), (fake.secret, 200), ("a-third", 401)):
            talk.asked.clear()
            outcome = await sent(fake, command(alice), secret=secret)
            assert outcome.status == status
            assert bool(talk.asked) is (status == 200)
        joined = f"the-old-one,{fake.secret}"
        assert (await sent(fake, command(alice), secret=joined)).status == 401
        await cairn.drain()


@pytest.mark.parametrize("secrets", ["", " ", ",", " , ", None])
def test_without_a_signing_secret_nothing_starts(secrets: str | None):
    given = {"CAIRN_SLACK_BOT_TOKEN": "xoxb-1", "CAIRN_WEB": "false"}
    if secrets is not None:
        given["CAIRN_SLACK_SIGNING_SECRETS"] = secrets
    with pytest.raises(SettingsError):
        read_settings(given)


def test_the_command_ends_with_an_error_where_the_secret_is_empty(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("CAIRN_SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("CAIRN_SLACK_SIGNING_SECRETS", ",")
    assert main(["serve"]) == 2


def test_a_door_without_secrets_is_closed(fake: FakeSlack):
    body = b"{}"
    for secret in ("", "any"):
        with pytest.raises(RefusedError) as refused:
            Door((), fake.clock.now).verify(fake.sign(body, secret=secret), body)
        assert refused.value.status == 401


async def test_the_two_questions_of_slack_are_answered_only_when_signed(
    cairn: Running, fake: FakeSlack
):
    challenge = json.dumps({"type": "url_verification", "challenge": CANARY}).encode()
    check = urlencode({"ssl_check": "1", "token": CANARY}).encode()
    assert (await fake.send(challenge, secret="another")).status == 401
    assert (await fake.send(check, content_type=FORM, secret="another")).status == 401
    answered = await fake.send(challenge)
    assert (answered.status, answered.json) == (200, {"challenge": CANARY})
    assert (await fake.send(check, content_type=FORM)).status == 200
    assert await came_to_nothing(cairn)


async def test_no_answer_may_be_stored(cairn: Running, fake: FakeSlack, alice: Person):
    for secret in (None, "another"):
        outcome = await sent(fake, command(alice), secret=secret)
        assert outcome.headers is not None
        stored = outcome.headers.get("Cache-Control", "")
        assert stored == "no-store" or outcome.body == ""
        assert "Set-Cookie" not in outcome.headers


# ---- T2: replayed


@pytest.mark.parametrize(
    "stamp",
    [
        "abc", "", "1e9", "nan", "-1", "inf", "0", "9" * 400, "1" * 11, "1" * 9, "0x65432100",
        "1_700_000_00", "+170000000", "170000000.", "١٧٠٠٠٠٠٠٠٠", "１７０００００００００",
    ],
)  # fmt: skip
async def test_a_timestamp_that_is_no_moment_is_refused(
    stamp: str, cairn: Running, fake: FakeSlack, alice: Person
):
    outcome = await sent(fake, command(alice), timestamp=stamp)
    assert (outcome.status, outcome.body) == (401, "")
    assert await came_to_nothing(cairn)


async def test_only_ten_plain_digits_are_a_moment_even_where_it_is_the_present_one(
    cairn: Running, fake: FakeSlack, alice: Person
):
    now = str(int(fake.clock.time()))
    arabic, wide = (
        now.translate({48 + n: base + n for n in range(10)}) for base in (0x660, 0xFF10)
    )
    for stamp in (arabic, wide, f"+{now}", f"0{now}", f"{now}.0", f"{now}e0", f"{now},{now}",
                  f"{now[:4]}_{now[4:]}", hex(int(now)), f"-{now}", f"{now}\u00a0"):  # fmt: skip
        outcome = await sent(fake, command(alice), timestamp=stamp)
        assert (outcome.status, outcome.body) == (401, ""), stamp
    assert await came_to_nothing(cairn)


async def test_what_was_signed_long_ago_or_in_the_future_is_refused(
    cairn: Running, fake: FakeSlack, alice: Person
):
    now = int(fake.clock.time())
    for stamp in (now - 301, now - 3600, now + 330, now + 3600, 1_000_000_000, 9_999_999_999):
        outcome = await sent(fake, command(alice), timestamp=stamp)
        assert outcome.status == 401, stamp - now
    assert await came_to_nothing(cairn)


@pytest.mark.parametrize(("seconds", "comes_in"), [(299, True), (300, True), (301, False)])
@pytest.mark.parametrize("way", [1, -1])
def test_five_minutes_are_the_limit_either_way(
    seconds: int, way: int, comes_in: bool, fake: FakeSlack
):
    body = b"{}"
    door = Door((fake.secret,), lambda: NOON)
    signed = fake.sign(body, timestamp=NOON.timestamp() + way * seconds)
    if comes_in:
        door.verify(signed, body)
    else:
        with pytest.raises(RefusedError):
            door.verify(signed, body)


async def test_the_same_event_has_one_effect_however_often_it_comes(
    fake: FakeSlack, tmp_path: Path, alice: Person
):
    what = event(alice, "can I post this?")
    signed = fake.sign(what.body)

    async def replay() -> None:
        outcomes = await asyncio.gather(*(sent(fake, what, headers=signed) for _ in range(3)))
        assert [outcome.status for outcome in outcomes] == [200, 200, 200]

    for _ in range(2):  # the second time after a restart
        async with running(fake, folder=tmp_path) as cairn:
            await replay()
            await cairn.drain()
            assert len([m for m in alice.sees() if m.by_app]) == 1
    async with running(fake, folder=tmp_path) as cairn:
        assert (await sent(fake, event(alice, "and this?"))).status == 200
        await cairn.drain()
        assert len([m for m in alice.sees() if m.by_app]) == 2


# ---- T4: too large, too deep, too much


async def test_what_is_too_large_is_refused(cairn: Running, fake: FakeSlack):
    for size, status in ((MAX_BODY, b"400"), (MAX_BODY + 1, b"413"), (5_000_000, b"413")):
        body = b"[" + CANARY.encode().ljust(size - 1, b" ")
        async with connected(cairn) as (reader, writer):
            writer.write(head_of(fake, body, "application/json", fake.secret) + body)
            assert (await reader.readline()).split()[1] == status, size
    assert await came_to_nothing(cairn)


async def test_the_answer_does_not_wait_for_the_end_of_what_is_too_large(
    cairn: Running, fake: FakeSlack
):
    head = b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    declared = head + b"Content-Length: 5000000\r\n\r\n"
    part = b"x" * 65_536
    chunk = b"%x\r\n%b\r\n" % (len(part), part)
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 5
    for begun in (declared, declared + part, chunked):
        async with connected(cairn) as (reader, writer):
            writer.write(begun)  # and no more of it ever comes
            assert (await reader.readline()).split()[1] == b"413"
    assert await came_to_nothing(cairn)


DEEP = "[" * 5_000 + "]" * 5_000
DEEP_BODIES = [
    (DEEP.encode(), "application/json"),
    (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "application/json"),
    (json.dumps({"event": {}}).replace("{}", DEEP).encode(), "application/json"),
    (("payload=" + quote('{"type":"block_actions","x":' + DEEP + "}")).encode(), FORM),
    (b"[" * 200_000, "application/json"),
    (b'{"a":[' * 40_000, "application/json"),
]


async def test_what_is_nested_too_deep_is_refused(cairn: Running, fake: FakeSlack):
    for body, kind in DEEP_BODIES:
        for secret, status in ((None, 400), ("another", 401)):
            outcome = await fake.send(body, content_type=kind, secret=secret)
            assert (outcome.status, outcome.body) == (status, ""), body[:40]
    assert await came_to_nothing(cairn)


def test_a_form_of_slack_is_far_from_the_greatest_depth():
    def nested(levels: int) -> bytes:
        return b'{"a":' * levels + b"1" + b"}" * levels

    assert parse("application/json", nested(MAX_DEPTH))
    with pytest.raises(RefusedError):
        parse("application/json", nested(MAX_DEPTH + 1))


@pytest.mark.long
async def test_ten_thousand_bad_requests_leave_no_memory_behind(fake: FakeSlack, tmp_path: Path):
    big = CANARY.encode().ljust(20_000, b"x")
    bad = [
        head_of(fake, body, kind, secret) + body
        for body, kind in ((big, "application/json"), *RUBBISH, *DEEP_BODIES[:1])
        for secret in (fake.secret, "another")
    ]
    async with served(fake, tmp_path) as cairn:

        async def some(count: int) -> None:
            for at in range(count):
                async with connected(cairn) as (reader, writer):
                    writer.write(bad[at % len(bad)])
                    assert (await reader.readline()).split()[1][:1] == b"4"

        await asyncio.gather(*(some(50) for _ in range(20)))
        before = cairn.memory
        await asyncio.gather(*(some(500) for _ in range(20)))
        assert cairn.memory - before < 20_000_000
        assert (await sent(fake, command(fake.person("bob")))).status == 200
        assert await cairn.stop() == 0
        assert CANARY not in cairn.told
        assert "Traceback" not in cairn.told


def head_of(fake: FakeSlack, body: bytes, kind: str, secret: str) -> bytes:
    rows = {"Host": "x", "Content-Type": kind, "Content-Length": len(body)}
    rows |= fake.sign(body, secret=secret)
    told = "".join(f"{name}: {value}\r\n" for name, value in rows.items())
    return f"POST /slack/events HTTP/1.1\r\n{told}\r\n".encode()


class HasUrl:
    url: str


@asynccontextmanager
async def connected(
    cairn: HasUrl,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    parts = urlsplit(cairn.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    async with asyncio.timeout(10):
        yield reader, writer
    writer.transport.abort()


# ---- signed, and no request


def _form(**fields: str) -> bytes:
    return urlencode(fields).encode()


RUBBISH = [
    (b"", "application/json"),
    (b"", FORM),
    (b"\xff\xfe\xfd", "application/json"),
    (b'{"type": "event_callback", "text": "\xc3\x28"}', "application/json"),
    (b"command=%2Fcairn&text=\xff", FORM),
    (b"command=%2Fcairn&text=%ff%fe", FORM),
    (b"[]", "application/json"),
    (f'["{CANARY}"]'.encode(), "application/json"),
    (f'"{CANARY}"'.encode(), "application/json"),
    (b"null", "application/json"),
    (b"true", "application/json"),
    (b"1", "application/json"),
    (b"1" * 5_000, "application/json"),
    (b'{"type": ' + b"9" * 5_000 + b"}", "application/json"),
    (f'{{"{CANARY}'.encode(), "application/json"),
    (f"{{'text': '{CANARY}'}}".encode(), "application/json"),
    (b"payload=null", FORM),
    (b"payload=%7B", FORM),
    (b"payload=", FORM),
    (b"payload=%5B%5D", FORM),
    (b"payload=1", FORM),
    (_form(payload=f'"{CANARY}"'), FORM),
    (_form(payload=f'{{"type": "{CANARY}'), FORM),
    (_form(**{f"field{number}": CANARY for number in range(65)}), FORM),
    (b"&".join([b"text=" + CANARY.encode()] * 65), FORM),
]


async def test_what_is_signed_and_cannot_be_read_is_a_bad_request(cairn: Running, fake: FakeSlack):
    for body, kind in RUBBISH:
        outcome = await fake.send(body, content_type=kind)
        if body:
            assert (outcome.status, outcome.body) == (400, ""), body[:60]
        else:
            assert outcome.status in (400, 403)
    assert await came_to_nothing(cairn)


async def test_sixty_four_fields_are_still_read(cairn: Running, fake: FakeSlack, alice: Person):
    form = command(alice).payload
    form |= {f"field{number}": "x" for number in range(64 - len(form))}
    assert len(form) == 64
    outcome = await fake.send(urlencode(form).encode(), content_type=FORM)
    assert outcome.status == 200


@given(
    st.lists(
        st.tuples(st.text(max_size=20), st.text(max_size=60)), max_size=20, unique_by=lambda p: p[0]
    )
)
@settings(max_examples=300, deadline=None)
def test_a_form_is_read_as_it_was_written(fields: list[tuple[str, str]]):
    readable = [(k, v) for k, v in fields if k != "payload"]
    assert parse(FORM, urlencode(readable).encode()) == dict(readable)


@given(st.lists(st.sampled_from([*"ab=&%+;\n\r \t_.~", "%41", "%3D", "%26", "%0a", "%25", "é"])))
@settings(max_examples=500, deadline=None)
def test_a_form_reads_as_the_standard_library_reads_it(parts: list[str]):
    raw = "".join(parts)
    whole = re.search(r"%(?![0-9A-Fa-f]{2})", raw) is None and len(raw.split("&")) <= 64
    try:
        meant = dict(parse_qsl(raw, keep_blank_values=True, errors="strict")) if whole else None
    except UnicodeDecodeError:
        meant = None
    if meant is not None:
        assert parse(FORM, raw.encode()) == meant
    else:
        with pytest.raises(RefusedError):
            parse(FORM, raw.encode())


@given(st.text(st.characters() | st.characters(categories=["Cs"]), max_size=20))
@settings(max_examples=300, deadline=None)
def test_half_a_character_is_read_as_the_sign_for_what_is_lost(typed: str):
    body = {"type": typed, "x": [{typed: typed}]}
    # Joined first: two halves that stand beside each other are one character.
    joined = typed.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    meant = re.sub("[\ud800-\udfff]", "\ufffd", joined)
    assert parse("application/json", json.dumps(body).encode()) == {
        "type": meant, "x": [{meant: meant}]
    }  # fmt: skip


@pytest.mark.parametrize(
    "kind",
    [
        ABSENT, "", "text/plain", "text/html", "application/xml", "multipart/form-data",
        "multipart/form-data; boundary=x", "application/octet-stream", "x" * 1000, "a/b/c",
        "application/json+x", "application/vnd.api+json", "text/json", ";", "*/*",
    ],
)  # fmt: skip
async def test_json_of_another_name_is_not_taken_for_json(
    kind: str, cairn: Running, fake: FakeSlack, alice: Person
):
    outcome = await fake.send(event(alice).body, content_type=kind)
    assert outcome.status in (400, 403, 415)
    assert await came_to_nothing(cairn)


async def test_json_is_known_by_its_name_however_it_is_written(
    cairn: Running, fake: FakeSlack, alice: Person, talk: Listening
):
    for kind in ("application/json; charset=utf-8", "APPLICATION/JSON", "application/json ;x=y"):
        talk.asked.clear()
        assert (await fake.send(event(alice, "help").body, content_type=kind)).status == 200
        assert not await came_to_nothing(cairn), kind


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "identity", "x"])
async def test_a_packed_body_that_cannot_be_unpacked_is_refused_like_any_other(
    coding: str, cairn: Running, fake: FakeSlack
):
    """Anybody may send this, so it must be no error of ours, nor a line in the log for each."""
    body = CANARY.encode()
    with logged() as told:
        outcome = await fake.send(body, secret="another", headers={"Content-Encoding": coding})
    assert outcome.status in (400, 401, 415)
    assert " cairn " not in told.getvalue()
    assert await came_to_nothing(cairn)


async def test_a_body_that_does_not_come_is_not_waited_for(
    cairn: Running, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.channels.requests._SLOWEST", 0.05)
    async with connected(cairn) as (reader, writer):
        writer.write(b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
        assert b" 408 " in await reader.readline()
    assert await came_to_nothing(cairn)


async def test_a_packed_body_is_not_unpacked(cairn: Running, fake: FakeSlack):
    body = gzip.compress(b" " * 50_000_000)
    assert len(body) < MAX_BODY
    outcome = await fake.send(body, headers={"Content-Encoding": "gzip"})
    assert outcome.status == 415
    assert await came_to_nothing(cairn)


async def test_a_request_that_breaks_off_is_no_error_of_ours(
    cairn: Running, fake: FakeSlack, alice: Person
):
    what = event(alice)
    whole = head_of(fake, what.body, what.content_type, fake.secret) + what.body
    with logged() as told:
        for size in (10, 200, len(whole) - 1):
            async with connected(cairn) as (reader, writer):
                writer.write(whole[:size])
                writer.write_eof()
                await reader.read()
        assert await came_to_nothing(cairn)
    assert '"level": "error", "by": "cairn"' not in told.getvalue()
    assert (await sent(fake, command(alice))).status == 200


async def test_only_posts_to_its_own_path_are_answered(
    cairn: Running, fake: FakeSlack, alice: Person
):
    what = command(alice)
    signed = {**fake.sign(what.body), "Content-Type": FORM}
    async with ClientSession() as http:
        for way in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"):
            async with http.request(way, fake.app_url, data=what.body, headers=signed) as answer:
                assert answer.status == 405
        for path in ("slack", "slack/events/", "slack/events/x", "slack/install", "api/messages"):
            async with http.post(f"{cairn.url}{path}", data=what.body, headers=signed) as answer:
                assert answer.status == 404
    assert await came_to_nothing(cairn)


# ---- from whom


def _elsewhere(body: dict[str, object]) -> dict[str, object]:
    """The same body, from a workspace that is not served."""
    return json.loads(json.dumps(body).replace("T0CAIRN", "T0OTHER"))  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", KINDS)
async def test_another_workspace_is_refused(
    kind: str, cairn: Running, fake: FakeSlack, alice: Person
):
    what = KINDS[kind](alice)
    outcome = await sent(fake, Delivery.of(what.kind, _elsewhere(what.payload)))
    assert (outcome.status, outcome.body) == (403, "")
    assert await came_to_nothing(cairn)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_listed_workspace_is_served_and_no_other(
    kind: str, fake: FakeSlack, talk: Listening, alice: Person
):
    async with running(fake, conversation=talk, slack_teams="T0OTHER,E0WHOLE") as cairn:
        fake.calls.clear()
        what = KINDS[kind](alice)
        assert (await sent(fake, what)).status == 403
        assert await came_to_nothing(cairn)
        listed = Delivery.of(what.kind, _elsewhere(what.payload))
        assert (await sent(fake, listed)).status == 200
        of_whole = {"enterprise": {"id": "E0WHOLE"}, "enterprise_id": "E0WHOLE"}
        assert (
            await sent(fake, Delivery.of(what.kind, {**what.payload, **of_whole}))
        ).status == 200
        await cairn.drain()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_request_that_names_no_workspace_is_refused(
    kind: str, cairn: Running, fake: FakeSlack, alice: Person
):
    what = KINDS[kind](alice)
    names = ("team_id", "team", "user", "context_team_id", "authorizations")
    bare = {k: v for k, v in what.payload.items() if k not in names}
    assert (await sent(fake, Delivery.of(what.kind, bare))).status == 403
    assert await came_to_nothing(cairn)


@pytest.mark.parametrize("kind", KINDS)
async def test_until_slack_has_accepted_the_token_requests_are_put_off(
    kind: str, fake: FakeSlack, talk: Listening, alice: Person
):
    fake.faults.add("auth.test", faults.error("invalid_auth"), times=None)
    async with running(fake, conversation=talk, ready=False) as cairn:
        await fake.until(lambda: fake.calls)
        fake.calls.clear()
        outcome = await sent(fake, KINDS[kind](alice))
        assert (outcome.status, outcome.body) == (503, "")
        assert await came_to_nothing(cairn)
        async with ClientSession() as http, http.get(f"{cairn.url}health/ready") as answer:
            assert answer.status == 503
        assert (await sent(fake, KINDS[kind](alice), secret="another")).status == 401


async def test_once_the_app_is_removed_requests_are_put_off(
    cairn: Running, fake: FakeSlack, alice: Person
):
    await fake.uninstall()
    await fake.until(lambda: not cairn.channel.is_ready)
    fake.calls.clear()
    assert (await sent(fake, command(alice))).status == 503
    assert not cairn.channel.is_ready
    assert await came_to_nothing(cairn)


# ---- how late it is


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


async def age_of(door: Door, fake: FakeSlack, stamp: datetime) -> float:
    body = b"{}"
    stream = StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**16)
    stream.feed_data(body)
    stream.feed_eof()
    headers = {**fake.sign(body, timestamp=stamp.timestamp()), "Content-Type": "application/json"}
    return (await door.read(headers, stream, len(body))).age


async def test_the_age_of_a_request_is_told_without_trust_in_either_clock(fake: FakeSlack):
    clock = Clock()
    door = Door((fake.secret,), clock)
    slack = NOON - timedelta(seconds=40)  # its clock is forty seconds behind ours
    assert await age_of(door, fake, slack) == 0
    clock.now += timedelta(seconds=2.5)
    assert await age_of(door, fake, slack) == 2.5
    assert await age_of(door, fake, slack + timedelta(seconds=2)) == 0.5


async def test_one_stamp_from_the_future_does_not_make_everything_after_it_old(fake: FakeSlack):
    """One host of Slack with a wrong clock, or one leap of ours, must not end all windows."""
    clock = Clock()
    door = Door((fake.secret,), clock)
    await age_of(door, fake, NOON)
    await age_of(door, fake, NOON + timedelta(seconds=100))
    for _ in range(100):
        clock.now += timedelta(minutes=10)
        latest = await age_of(door, fake, clock.now)
    assert latest < 2


async def test_moments_are_of_one_zone():
    assert utc_now().tzinfo is UTC


async def test_a_clock_that_is_off_is_told_now_and_then_and_nothing_of_the_request(
    fake: FakeSlack, caplog: pytest.LogCaptureFixture
):
    clock, body = Clock(), b"Kanarienvogel"
    door = Door((fake.secret,), clock)
    old = (NOON - timedelta(minutes=15)).timestamp()
    for secret in ("another", fake.secret, fake.secret):
        with pytest.raises(RefusedError):
            door.verify(fake.sign(body, timestamp=old, secret=secret), body)
    [record] = caplog.records
    assert "it is 900 seconds old; set the clock by NTP" in record.getMessage()
    assert "Kanarienvogel" not in record.getMessage()
