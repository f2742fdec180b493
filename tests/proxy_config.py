"""How does the shipped configuration behave in a real nginx, in a folder of its own?"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PATIENCE = 10.0
"""Seconds that anything here may take: far more than it does."""


@dataclass
class Nginx:
    """A running proxy, what reached the server behind it, and what it wrote.

    ``port`` is what the outside reaches, ``inner_port`` what its own container asks.
    """

    port: int
    inner_port: int
    folder: Path
    problems: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, body: bytes) -> tuple[int, str]:
        """Ask as a platform would; return the status and what was answered."""
        trusting = ssl.create_default_context(cafile=str(self.folder / "certificate"))
        asking = HTTPSConnection("localhost", self.port, timeout=PATIENCE, context=trusting)
        try:
            asking.request(method, path, body)
            answer = asking.getresponse()
            return answer.status, answer.read().decode()
        finally:
            asking.close()

    def ask_within(self, path: str) -> int:
        """Ask as the health check of compose does; return the status."""
        asking = HTTPConnection("127.0.0.1", self.inner_port, timeout=PATIENCE)
        try:
            asking.request("GET", path)
            return asking.getresponse().status
        finally:
            asking.close()

    def written(self) -> str:
        """Return all that was logged, but for the word on the socket that it was given."""
        path = self.folder / "written"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return "\n".join(line for line in lines if "using inherited sockets" not in line)


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


@contextmanager
def _backend(seen: list[str]) -> Iterator[int]:
    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.path)))
            self.end_headers()
            self.wfile.write(self.path.encode())

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serving(config: Path, *, start: bool) -> Iterator[Nginx]:
    """Test a configuration with nginx itself, and start it on loopback.

    Only what is of Docker is put in place of itself: folders, the certificate, the names of
    services, and the port.
    """
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("needs nginx: apt-get install nginx-light")
    with (
        tempfile.TemporaryDirectory() as at,
        socket.create_server(("127.0.0.1", 0)) as outer,
        socket.create_server(("127.0.0.1", 0)) as inner,
    ):
        folder = Path(at)
        proxy = Nginx(outer.getsockname()[1], inner.getsockname()[1], folder)
        _certificate(folder)
        with _backend(proxy.seen) as behind:
            text = config.read_text(encoding="utf-8")
            for old, new in (
                (" /tmp/", f" {folder}/"),
                ("/run/secrets/tls_certificate;", f"{folder}/certificate;"),
                ("/run/secrets/tls_key;", f"{folder}/key;"),
                ("/dev/stderr", f"{folder}/written"),
                ("listen 8443", f"listen 127.0.0.1:{proxy.port}"),
                ("listen 127.0.0.1:8081", f"listen 127.0.0.1:{proxy.inner_port}"),
                ("cairn:8080", f"127.0.0.1:{behind}"),
            ):
                assert old in text, old
                text = text.replace(old, new)
            (folder / "nginx.conf").write_text(text, encoding="utf-8")
            # As root, nginx would give its workers another user, who could not enter the folder.
            own = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
            command = [program, "-p", at, "-c", "nginx.conf", "-e", f"{at}/written", "-g", own]
            # Nginx takes over sockets that listen already, so nobody has to wait for it.
            sockets = [outer.fileno(), inner.fileno()]
            taken = {"env": {"NGINX": "".join(f"{n};" for n in sockets)}, "pass_fds": sockets}
            tested = subprocess.run(
                [*command, "-t", "-q"], check=False, capture_output=True, text=True, **taken
            )
            if tested.returncode:
                proxy.problems.append(tested.stderr + proxy.written())
            if not start or proxy.problems:
                yield proxy
                return
            running = subprocess.Popen(command, stderr=subprocess.DEVNULL, **taken)
            outer.close()
            inner.close()
            try:
                yield proxy
            finally:
                running.terminate()
                running.wait(PATIENCE)
