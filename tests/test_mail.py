"""Does a letter reach an office as it was written, and does a failure tell nothing of it?"""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import logging
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.mail import SmtpLetters, _letter
from bot.platforms import LaterError, PlatformError, RefusedError
from bot.settings import MailServer, Tls

SENDER = "cairn@lakes.example"
OFFICE = "ethics-ethique@lakes.example"
ENGLISH = "Somebody would like a call.\n\nName: Étoile O’Lac\n. a line that begins with a dot\n"
FRENCH = "Une personne souhaite qu’on l’appelle.\n\nNom : Étoile O’Lac « 北 »\n.\nFrom là-bas\n"
WORDS = ("Étoile", "O’Lac", "Somebody", "souhaite", "Nom", OFFICE, "ethics", SENDER)
USER, PASSWORD = "postmaster", "pass-secret"


class Post:
    """An aiosmtpd handler that keeps what it takes, and says at one step what it is told to."""

    def __init__(self, **says: str) -> None:
        self.says = says
        self.taken: list[Envelope] = []
        self.met: list[Session] = []
        self.tried: list[bytes | None] = []
        self.parted = False

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.says.get("mail", "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.says.get("rcpt", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if "data" not in self.says:
            self.taken.append(envelope)
            self.met.append(session)
        return self.says.get("data", "250 OK")

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.parted = True
        return self.says.get("quit", "221 Bye")

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        login = cast("LoginPassword", data)
        self.tried.append(login.password)
        right = login == LoginPassword(USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)


def read(sent: bytes | str | None) -> EmailMessage:
    """Return what an office's program reads in what was sent."""
    assert isinstance(sent, bytes)
    return cast("EmailMessage", message_from_bytes(sent, policy=policy.default))


def text_of(letter: EmailMessage) -> str:
    return letter.get_content().replace("\r\n", "\n")


def only(post: Post) -> EmailMessage:
    """Return the only letter that was taken."""
    (envelope,) = post.taken
    return read(envelope.content)


@asynccontextmanager
async def serving(make: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None = None):
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def smtpd(post: Post, **options: object) -> Callable[[], SMTP]:
    """What makes a real aiosmtpd server for each connection."""
    return lambda: SMTP(post, loop=asyncio.get_running_loop(), **options)


def to(port: int, tls: Tls = Tls.NONE, password: str | None = None, within: float = 10):
    user = USER if password else None
    server = MailServer("127.0.0.1", port, tls, SENDER, user, password)
    return SmtpLetters(server, within)


@asynccontextmanager
async def scripted(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """A server that says what aiosmtpd never would."""

    over = asyncio.Event()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except ConnectionError:
            pass  # the client has left
        finally:
            writer.close()
            over.set()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await over.wait()


async def fails(letters: SmtpLetters, text: str = FRENCH) -> PlatformError:
    """Send a letter, and return the error, which holds nothing of it."""
    with pytest.raises(PlatformError) as raised:
        await letters.send(OFFICE, f"Étoile O’Lac {text[:20]}".replace("\n", " "), text, "case-7")
    error = raised.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert not any(word in repr(error) + str(error) for word in WORDS)
    return error


# ---- what arrives


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Cairn: somebody would like a call", ENGLISH),
        ("Cairn\u00a0: une personne souhaite qu’on l’appelle, à Lacs-et-Portages", FRENCH),
        ("é" * 300, "no line break, and a long line: " + "ça " * 1_000),
    ],
    ids=["English", "French", "long"],
)
async def test_a_letter_arrives_as_it_was_written(subject: str, text: str):
    post = Post()
    async with serving(smtpd(post)) as port:
        await to(port).send(OFFICE, subject, text, "case-7.1")
    letter = only(post)
    assert letter["Subject"] == subject
    assert text_of(letter) == (text if text.endswith("\n") else text + "\n")
    assert letter.get_content_type() == "text/plain"
    assert letter.get_content_charset() == "utf-8"
    assert (letter["From"], letter["To"]) == (SENDER, OFFICE)
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Message-ID"] == "<case-7%2E1@cairn.lakes.example>"
    sent = letter["Date"].datetime
    assert abs(dt.datetime.now(dt.UTC) - sent) < dt.timedelta(days=1)
    assert len(letter.keys()) == len(set(letter.keys())) == 9
    assert not letter.defects


async def test_a_letter_goes_to_one_address_and_fits_any_server():
    post = Post()
    async with serving(smtpd(post)) as port:
        await to(port).send(OFFICE, "é", FRENCH + "ç" * 5_000, "case-7")
    (envelope,), (session,) = post.taken, post.met
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [OFFICE])
    assert session.host_name == "lakes.example"
    assert post.parted
    assert envelope.content.isascii()
    assert max(len(line) for line in envelope.content.splitlines()) <= 78


LINES = st.text().map(lambda text: text.replace("\r\n", "\n").replace("\r", "\n"))


@given(LINES)
@settings(deadline=None)
def test_any_text_can_be_read_again_letter_by_letter(text: str):
    sent = _letter(SENDER, OFFICE, "s", text, "1").as_bytes()
    assert text_of(read(sent)).removesuffix("\n") == text.removesuffix("\n")
    assert sent.isascii()


def test_half_of_a_character_does_not_stop_a_letter():
    sent = _letter(SENDER, OFFICE, "a\ud83db", "a\ud83db", "1").as_bytes()
    assert (read(sent)["Subject"], text_of(read(sent))) == ("a b", "a?b\n")


TRICKS = st.lists(
    st.sampled_from(
        ["\r", "\n", "\r\n", "\0", "\x0b", "\x85", "\u2028", "\u2029", "\u202e", "\ud800", "=?",
         "?=", "=?utf-8?q?", "=0A", "=0D=0A=0D=0A", "=?utf-8?b?Cg==?=", "Bcc: thief@lakes.example",
         ":", "a", "é", " ", "\u00a0", "_", "«", "=", "?", "x" * 90, "é" * 90, ","]
    ) | st.characters()
).map("".join)  # fmt: skip


@given(TRICKS)
@settings(deadline=None)
def test_no_subject_can_add_a_header_or_a_body(subject: str):
    sent = _letter(SENDER, OFFICE, subject, "text\n", "1").as_bytes()
    plain = _letter(SENDER, OFFICE, "s", "text\n", "1").as_bytes()
    assert read(sent).keys() == read(plain).keys()
    assert text_of(read(sent)) == "text\n"
    assert not any(letter in read(sent)["Subject"] for letter in "\r\n\0\u2028\u202e")
    assert sent.isascii()


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1))
@settings(deadline=None)
def test_a_subject_of_words_is_read_as_it_was_written(subject: str):
    sent = _letter(SENDER, OFFICE, subject, "text", "1").as_bytes()
    assert read(sent)["Subject"].strip() == subject.replace("=?", "= ?").strip()


@pytest.mark.parametrize(
    "subject",
    [
        "Hello\r\nBcc: thief@lakes.example",
        "Hello\nBcc: thief@lakes.example",
        "Hello\r\n\r\nanother body",
        "=?utf-8?q?Hello=0D=0ABcc=3A_thief@lakes.example?=",
        "=?utf-8?b?SGVsbG8KQmNjOiB0aGllZkBsYWtlcy5leGFtcGxl?=",
    ],
)
async def test_a_subject_that_tries_to_add_a_receiver_stays_a_subject(subject: str):
    post = Post()
    async with serving(smtpd(post)) as port:
        await to(port).send(OFFICE, subject, ENGLISH, "case-7")
    assert post.taken[0].rcpt_tos == [OFFICE]
    assert "Bcc" not in only(post)
    assert "thief" not in "".join(only(post).keys())
    assert only(post)["To"] == OFFICE
    assert text_of(only(post)) == ENGLISH


@pytest.mark.parametrize(
    "address",
    [
        "", "ethics", "@lakes.example", "ethics@", "ethics@lakes", "ethics@lakes..example",
        "a..b@lakes.example", ".a@lakes.example", "a@b@lakes.example", "a b@lakes.example",
        "ethics@lakes.example\n", "ethics@lakes.example\r\nBcc: thief@lakes.example",
        "ethics@lakes.example, thief@lakes.example", "ethics@lakes.example;thief@lakes.example",
        "Ethics <ethics@lakes.example>", "<ethics@lakes.example>", '"ethics"@lakes.example',
        "ethics@lakes.example>\r\nRCPT TO:<thief@lakes.example", "éthique@lakes.example",
        "ethics@[127.0.0.1]", "ethics@lakes.example SIZE=1", "ethics@-lakes.example",
        "=?utf-8?q?a=0ABcc=3A_b=40lakes.example?=@lakes.example", "a" * 65 + "@lakes.example",
        "a@" + "b.c" * 90 + ".example", "ethics(ethics)@lakes.example", "ethics@lakes.example\0",
    ],
)  # fmt: skip
async def test_what_is_no_plain_address_is_refused_and_nothing_is_sent(address: str):
    post = Post()
    async with serving(smtpd(post)) as port:
        with pytest.raises(RefusedError) as raised:
            await to(port).send(address, "s", ENGLISH, "case-7")
    assert str(raised.value) == "address"
    assert post.taken == []


@pytest.mark.parametrize(
    "address", ["a@b.ca", "o'lac+desk@lakes.example", "X_1-2.3@sub-1.lakes.example"]
)
async def test_common_addresses_are_taken(address: str):
    post = Post()
    async with serving(smtpd(post)) as port:
        await to(port).send(address, "s", ENGLISH, "case-7")
    assert post.taken[0].rcpt_tos == [address]
    assert only(post)["To"] == address


@given(st.text(min_size=1), st.text(min_size=1))
@settings(deadline=None)
def test_the_same_letter_has_the_same_id_and_another_one_has_another(one: str, other: str):
    def name(ident: str) -> str:
        sent = _letter(SENDER, OFFICE, "s", "t", ident).as_bytes()
        assert not read(sent)["Message-ID"].defects
        return str(read(sent)["Message-ID"])

    assert name(one) == name(one)
    assert (name(one) == name(other)) is (one == other)


async def test_a_second_try_can_be_recognised():
    post = Post()
    async with serving(smtpd(post)) as port:
        for ident in ("case-7", "case-7", "case-8"):
            await to(port).send(OFFICE, "s", ENGLISH, ident)
    first, second, third = (read(envelope.content)["Message-ID"] for envelope in post.taken)
    assert first == second != third


# ---- what the server says


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (f"450 4.2.1 {OFFICE} is busy", LaterError, "smtp_450"),
        (f"421 {OFFICE} Somebody", LaterError, "smtp_421"),
        ("452-too\r\n452 much", LaterError, "smtp_452"),
        (f"550 5.1.1 <{OFFICE}> unknown", RefusedError, "smtp_550"),
        ("500 no", RefusedError, "smtp_500"),
        ("599 no", RefusedError, "smtp_599"),
        ("650 what", LaterError, "smtp_650"),
    ],
)
async def test_what_a_server_says_at_any_step_is_for_later_or_for_good(
    step: str, answer: str, kind: type[PlatformError], code: str
):
    post = Post(**{step: answer})
    async with serving(smtpd(post)) as port:
        error = await fails(to(port))
    assert (type(error), error.code) == (kind, code)
    assert post.taken == []


@pytest.mark.parametrize(
    ("greeting", "kind", "code"),
    [
        ("421 4.3.2 not now", LaterError, "smtp_421"),
        ("554 5.3.2 not here", RefusedError, "smtp_554"),
        ("HTTP/1.1 400 Bad Request", LaterError, "smtp_-1"),
        ("220 come in\r\n554 or not", LaterError, "connection"),
    ],
)
async def test_a_server_may_refuse_at_the_door(greeting: str, kind: type[PlatformError], code: str):
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting.encode() + b"\r\n")
        await writer.drain()

    async with scripted(talk) as port:
        error = await fails(to(port))
    assert (type(error), error.code) == (kind, code)


async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, until: bytes) -> None:
    """Be a server until a line that begins with ``until``, which is not answered."""
    writer.write(b"220 mail.lakes.example\r\n")
    data = False
    while line := await reader.readline():
        if line.startswith(until):
            return
        if not data or line == b".\r\n":
            writer.write(b"354 go\r\n" if line.startswith(b"DATA") else b"250 fine\r\n")
        data = line.startswith(b"DATA") or (data and line != b".\r\n")


def reset(writer: asyncio.StreamWriter) -> None:
    """Break the connection off, so that the other side gets a reset."""
    plug = cast("socket.socket", writer.get_extra_info("socket"))
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.mark.parametrize("until", [b"EHLO", b"MAIL", b"RCPT", b"DATA", b"From:", b".\r\n"])
@pytest.mark.parametrize("roughly", [True, False])
async def test_a_connection_that_breaks_off_is_for_later(until: bytes, roughly: bool):
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await speak(reader, writer, until)
        if roughly:
            reset(writer)

    async with scripted(talk) as port:
        error = await fails(to(port))
    assert (type(error), error.code) == (LaterError, "connection")


async def test_where_nobody_listens_it_is_for_later():
    async with serving(smtpd(Post())) as port:
        pass
    error = await fails(to(port))
    assert (type(error), error.code) == (LaterError, "connection")


@pytest.mark.parametrize("until", [None, b"EHLO", b"RCPT", b".\r\n"])
async def test_silence_ends_with_the_time_for_the_whole_letter(until: bytes | None):
    done = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if until is not None:
            await speak(reader, writer, until)
        await done.wait()

    async with scripted(talk) as port:
        error = await fails(to(port, within=0.1))
        done.set()
    assert (type(error), error.code) == (LaterError, "timeout")


@pytest.mark.parametrize("tls", [Tls.FROM_THE_START, Tls.STARTTLS])
async def test_silence_before_encryption_ends_too(tls: Tls):
    done = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.lakes.example\r\n" if tls is Tls.STARTTLS else b"")
        await reader.readline()
        writer.write(b"250-mail.lakes.example\r\n250 STARTTLS\r\n" if tls is Tls.STARTTLS else b"")
        await reader.readline()
        writer.write(b"220 go\r\n" if tls is Tls.STARTTLS else b"")
        await done.wait()

    async with scripted(talk) as port:
        error = await fails(to(port, tls, within=0.1))
        done.set()
    assert isinstance(error, LaterError)


async def test_one_try_is_made_and_no_second_one():
    calls = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(1)
        await speak(reader, writer, b"DATA")

    async with scripted(talk) as port:
        await fails(to(port))
    assert len(calls) == 1


@pytest.mark.parametrize("farewell", ["500 never", "421 gone", "break"])
async def test_a_letter_that_was_taken_is_sent_however_the_two_part(farewell: str):
    if farewell == "break":

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await speak(reader, writer, b"QUIT")
            reset(writer)

        async with scripted(talk) as port:
            await to(port).send(OFFICE, "s", FRENCH, "case-7")
        return
    post = Post(quit=farewell)
    async with serving(smtpd(post)) as port:
        await to(port).send(OFFICE, "s", FRENCH, "case-7")
    assert text_of(only(post)) == FRENCH


# ---- encryption and passwords


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Self-signed certificates for a name or an address, each with its key in one file."""
    folder = tmp_path_factory.mktemp("certificates")

    def make(name: str) -> Path:
        path = folder / f"{name}.pem"
        if path.exists():
            return path
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        alternative: x509.GeneralName = (
            x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
        )
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        return path

    return make


def context(path: Path) -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)
    return tls


@asynccontextmanager
async def encrypted(post: Post, tls: Tls, path: Path) -> AsyncIterator[int]:
    if tls is Tls.STARTTLS:
        made, direct = smtpd(post, tls_context=context(path), require_starttls=True), None
    else:
        made, direct = smtpd(post), context(path)
    async with serving(made, direct) as port:
        yield port


@pytest.mark.parametrize("tls", [Tls.FROM_THE_START, Tls.STARTTLS])
async def test_a_certificate_that_is_trusted_opens_an_encrypted_way(
    tls: Tls, certificates: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
):
    path = certificates("127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    post = Post()
    async with encrypted(post, tls, path) as port:
        await to(port, tls).send(OFFICE, "s", FRENCH, "case-7")
    assert text_of(only(post)) == FRENCH
    if tls is Tls.STARTTLS:
        assert post.met[0].ssl is not None


@pytest.mark.parametrize("tls", [Tls.FROM_THE_START, Tls.STARTTLS])
@pytest.mark.parametrize("trusted", [True, False])
async def test_a_certificate_that_nobody_vouches_for_or_of_another_host_is_refused(
    tls: Tls, trusted: bool, certificates: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
):
    path = certificates("other.lakes.example" if trusted else "127.0.0.1")
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    post = Post()
    async with encrypted(post, tls, path) as port:
        error = await fails(to(port, tls, PASSWORD))
    assert (type(error), error.code) == (RefusedError, "certificate")
    assert (post.taken, post.tried) == ([], [])


async def test_a_server_without_starttls_gets_neither_letter_nor_password():
    post = Post()
    options = {"authenticator": post.authenticate, "auth_require_tls": False}
    async with serving(smtpd(post, **options)) as port:
        error = await fails(to(port, Tls.STARTTLS, PASSWORD))
    assert (type(error), error.code) == (RefusedError, "unsupported")
    assert (post.taken, post.tried) == ([], [])


async def test_a_server_that_does_not_encrypt_at_all_is_no_server_for_smtps():
    post = Post()
    async with serving(smtpd(post)) as port:
        error = await fails(to(port, Tls.FROM_THE_START))
    assert (type(error), error.code) == (LaterError, "connection")
    assert post.taken == []


@pytest.mark.parametrize("right", [True, False])
async def test_a_wrong_password_is_for_an_operator_and_not_for_later(right: bool):
    post = Post()
    options = {"authenticator": post.authenticate, "auth_require_tls": False}
    async with serving(smtpd(post, **options)) as port:
        if right:
            await to(port, password=PASSWORD).send(OFFICE, "s", FRENCH, "case-7")
            assert post.met[0].authenticated
            return
        error = await fails(to(port, password="wrong-secret"))
    assert (type(error), error.code) == (RefusedError, "smtp_535")
    assert "secret" not in repr(error)
    assert post.taken == []


async def test_a_server_that_knows_no_log_in_gets_no_letter():
    post = Post()
    async with serving(smtpd(post)) as port:
        error = await fails(to(port, password=PASSWORD))
    assert (type(error), error.code) == (RefusedError, "unsupported")
    assert post.taken == []


async def challenge(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, what: bytes
) -> None:
    writer.write(b"220 mail.lakes.example\r\n")
    await reader.readline()
    writer.write(b"250-mail.lakes.example\r\n250 AUTH CRAM-MD5\r\n")
    await reader.readline()
    writer.write(b"334 " + what + b"\r\n")
    await reader.readline()


async def test_a_challenge_that_makes_no_sense_is_an_error_like_any_other():
    async with scripted(lambda *ends: challenge(*ends, b"a")) as port:
        error = await fails(to(port, password=PASSWORD))
    assert (type(error), error.code) == (LaterError, "smtp_334")


async def test_a_log_in_that_this_machine_forbids_is_for_an_operator(
    monkeypatch: pytest.MonkeyPatch,
):
    def no_md5(*given: object, **more: object) -> None:
        raise ValueError("unsupported hash type")  # as Python says where FIPS 140 is enforced

    monkeypatch.setattr("aiosmtplib.auth.hmac.new", no_md5)
    async with scripted(lambda *ends: challenge(*ends, b"YQ==")) as port:
        error = await fails(to(port, password=PASSWORD))
    assert (type(error), error.code) == (RefusedError, "unsupported")


async def test_nothing_of_a_letter_is_logged_whether_it_arrives_or_not(
    caplog: pytest.LogCaptureFixture, certificates: Callable[[str], Path]
):
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    async with serving(smtpd(Post())) as port:
        await to(port).send(OFFICE, "Étoile", FRENCH, "case-7")
    async with serving(smtpd(Post(rcpt=f"550 {OFFICE} unknown"))) as port:
        await fails(to(port))
    async with encrypted(Post(), Tls.STARTTLS, certificates("127.0.0.1")) as port:
        await fails(to(port, Tls.STARTTLS, PASSWORD))
    # aiosmtpd, which stands for the mail server here, keeps a log of its own.
    ours = [record for record in caplog.records if not record.name.startswith("mail.")]
    told = "".join(f"{record.getMessage()} {record.exc_text or ''}" for record in ours)
    assert not any(word in told for word in (*WORDS, PASSWORD, USER))


def test_a_mail_server_shows_no_password_when_it_is_printed():
    server = MailServer("mail.lakes.example", 465, Tls.FROM_THE_START, SENDER, USER, PASSWORD)
    assert PASSWORD not in repr(server)
    assert USER not in repr(server)
