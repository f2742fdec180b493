"""How does an introduction reach an office by e-mail?

In plain text, over one connection a letter, which is tried once. What the server will not take is
refused, and so is what an operator must look at first: a wrong password, a certificate that cannot
be trusted, a server that does not encrypt or knows no log-in. Trouble on the way is for later.
Errors hold codes only, since servers repeat addresses in what they answer. Nothing is logged.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import unicodedata
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as LINES
from typing import Final
from urllib.parse import quote

from aiosmtplib import SMTP, SMTPException, SMTPRecipientsRefused, SMTPResponseException

from bot.platforms import LaterError, PlatformError, RefusedError
from bot.settings import MAIL_ADDRESS, MailServer, Tls

_SECONDS: Final = 10.0
_UNSEEN: Final = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode categories of what does not belong in a line: breaks, controls, turns of direction."""

_CODED: Final = re.compile(r"=(?=\?)")
_FOREVER: Final = range(500, 600)


class SmtpLetters:
    """Sends letters through a mail server."""

    def __init__(self, server: MailServer, timeout: float = _SECONDS) -> None:
        """Take the server, and the seconds that a letter may take from first to last."""
        self._server = server
        self._timeout = timeout
        self._tls = None if server.tls is Tls.NONE else ssl.create_default_context()

    async def send(self, to: str, subject: str, text: str, ident: str) -> None:
        """Send a letter to one address; the same ``ident`` gives the same Message-ID.

        Raises:
            LaterError: the server was not reached, did not answer in time, or said to try later.
            RefusedError: the address is not a plain one, the server will not take the letter, or
                an operator must look at the server or at CAIRN_SMTP_URL.

        """
        if not MAIL_ADDRESS.fullmatch(to):
            raise RefusedError("address")
        letter = _letter(self._server.sender, to, subject, text, ident)
        client = self._client()
        taken, failed = False, None
        try:
            async with asyncio.timeout(self._timeout):
                await client.connect()
                await client.sendmail(self._server.sender, to, letter.as_bytes())
                taken = True
                await client.quit()
        except (SMTPException, OSError, ValueError) as error:
            failed = _meaning(error)
        finally:
            client.close()
        # Once the server has taken the letter, it does not matter how the two part. It is raised
        # out here, so that the server's own error, which may repeat the address, is not tied to it.
        if failed is not None and not taken:
            raise failed

    async def greet(self) -> None:
        """Go in and out again without a letter, to see whether one would be taken.

        Raises:
            LaterError: the server was not reached, or did not answer in time.
            RefusedError: an operator must look at the server or at CAIRN_SMTP_URL.

        """
        client, failed = self._client(), None
        try:
            async with asyncio.timeout(self._timeout):
                await client.connect()
                await client.quit()
        except (SMTPException, OSError, ValueError) as error:
            failed = _meaning(error)
        finally:
            client.close()
        if failed is not None:
            raise failed

    def _client(self) -> SMTP:
        server = self._server
        return SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            # How we call ourselves; the name of this machine is nobody's business.
            local_hostname=_domain(server.sender),
            timeout=None,  # the whole is timed, not each step
            use_tls=server.tls is Tls.FROM_THE_START,
            start_tls=server.tls is Tls.STARTTLS,
            tls_context=self._tls,
        )


def _letter(sender: str, to: str, subject: str, text: str, ident: str) -> EmailMessage:
    """Return a letter whose lines are ASCII, so that any server takes it."""
    letter = EmailMessage(policy=LINES)
    letter["From"] = sender
    letter["To"] = to
    letter["Subject"] = _line(subject)
    letter["Date"] = datetime.now(UTC)
    unique = quote(ident, safe="").replace(".", "%2E")
    letter["Message-ID"] = f"<{unique}@cairn.{_domain(sender)}>"
    letter["Auto-Submitted"] = "auto-generated"
    # Half of a surrogate pair, which chats let through, has no bytes.
    whole = text.encode("utf-8", errors="replace").decode("utf-8")
    letter.set_content(whole, charset="utf-8", cte="quoted-printable")
    return letter


def _line(words: str) -> str:
    """Return words as one line that a header can hold, and that is only read as words.

    Python reads a coded word (``=?…?=``) where it stands in the value of a header, and writes what
    it stood for: a line break, and then another header.
    """
    seen = (" " if unicodedata.category(letter) in _UNSEEN else letter for letter in words)
    return _CODED.sub("= ", "".join(seen))


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _meaning(error: Exception) -> PlatformError:
    """Return what the failure of a letter means for the desk."""
    if isinstance(error, SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, SMTPResponseException):
        code = f"smtp_{error.code}"
        return RefusedError(code) if error.code in _FOREVER else LaterError(code)
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in (error, error.__cause__)):
        return RefusedError("certificate")
    if isinstance(error, TimeoutError):
        return LaterError("timeout")
    if isinstance(error, OSError):
        return LaterError("connection")
    return RefusedError("unsupported")
