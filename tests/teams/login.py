"""The hosts that Microsoft logs in with, on loopback: the keys of its tokens, and our own token.

    from tests.teams.login import Login

    async with Login() as login:
        Keys(login.metadata_url, session)            # what the program is started with
        TokenSource(login.app_id, login.password, login.tenant, http_client=login.http_client)

        login.token()                                # as Teams sends it, for login.service_url
        f"Bearer {login.token(aud='another')}"       # any claim in place of the usual one
        login.token(exp=None)                        # None leaves a claim out
        login.token(header={"kid": None})            # the same for the header
        login.token(key=rsa_key(9))                  # signed by a key that is not published
        login.token(alg="none"); login.token(alg="HS256")    # the latter with the public key

        login.rotate()                               # another key from now on; the old one is gone
        login.publish(key_entry(rsa_key(0), "k0", endorsements=None))   # any keys in their place
        login.moved_to = "https://..."               # the keys are answered by a 302
        login.down = True                            # connections are cut
        login.hold = asyncio.Event()                 # answers wait until it is set
        login.refuses = "invalid_client"             # the word in which no token is given
        login.lifetime = 3600                        # seconds of the tokens that it gives
        login.given                                  # the tokens that it gave us
        login.asked["metadata"], ["keys"], ["tenant"], ["token"], ["other"]    # requests so far

It answers on the event loop of the test, so whatever blocks that loop never gets an answer. The
``http_client`` is MSAL's way to it: what goes to login.microsoftonline.com arrives here.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections import Counter
from functools import cache
from typing import Any, Self

import requests
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from requests.adapters import HTTPAdapter

ISSUER = "https://api.botframework.com"
ENTRA = "https://login.microsoftonline.com"
SCOPE = "https://api.botframework.com/.default"
GRAPH = "https://graph.microsoft.com/.default"
ENDORSEMENTS = ("msteams", "skypeforbusiness", "webchat")
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(number: int, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key, made once in a process: `Login` begins with the one of number 0."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(number: int) -> str:
    return b64(number.to_bytes((number.bit_length() + 7) // 8))


def key_entry(
    key: PrivateKey, kid: str, *, endorsements: Any = ENDORSEMENTS, **more: Any
) -> dict[str, Any]:
    """A key as it is published; `endorsements=None` leaves them out, `more` puts in what else."""
    public = key.public_key().public_numbers()
    if isinstance(public, rsa.RSAPublicNumbers):
        kind = {"kty": "RSA", "n": _number(public.n), "e": _number(public.e)}
    else:
        kind = {"kty": "EC", "crv": "P-256", "x": _number(public.x), "y": _number(public.y)}
    named = {} if endorsements is None else {"endorsements": list(endorsements)}
    return {"use": "sig", "kid": kid, "x5t": kid, **kind, **named, **more}


def sign(key: PrivateKey, alg: str, signed: bytes) -> bytes:
    if alg == "none":
        return b""
    if alg == "HS256":
        form = Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        return hmac.new(key.public_key().public_bytes(*form), signed, hashlib.sha256).digest()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)
    return key.sign(signed, padding.PKCS1v15(), {"RS256": SHA256(), "RS384": SHA384()}[alg])


def token(key: PrivateKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A token of any kind: what is None is left out, and `alg` says how it is signed."""
    parts = [
        b64(json.dumps({name: said for name, said in part.items() if said is not None}).encode())
        for part in (header, claims)
    ]
    signature = sign(key, header["alg"], ".".join(parts).encode())
    return ".".join([*parts, b64(signature)])


class Login:
    """login.botframework.com and login.microsoftonline.com in one, on loopback."""

    app_id = "0a1b2c3d-0000-4000-8000-00000000ca11"
    tenant = "7e4a0000-0000-4000-8000-0000000000a1"
    password = "password-of-the-tests"
    service_url = "https://smba.trafficmanager.net/ca/"

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.down = False
        self.hold: asyncio.Event | None = None
        self.refuses = ""
        self.lifetime = 3600
        self.given: list[str] = []
        self.metadata: Any = {}
        """What the metadata says; bytes are sent as they are. The same holds for `keys`."""
        self.keys: Any = {}
        self.moved_to = ""
        """Where the metadata and the keys are said to be now, by a 302."""
        self.key: PrivateKey
        self.kid: str
        self._turn = -1
        application = web.Application()
        application.router.add_get("/v1/.well-known/openidconfiguration", self._metadata)
        application.router.add_get("/v1/.well-known/keys", self._keys)
        application.router.add_get("/{tenant}/v2.0/.well-known/openid-configuration", self._tenant)
        application.router.add_post("/{tenant}/oauth2/v2.0/token", self._token)
        application.router.add_route("*", "/{path:.*}", self._other)
        self._server = TestServer(application)

    async def __aenter__(self) -> Self:
        await self._server.start_server(access_log=None)
        self.metadata = {
            "issuer": ISSUER,
            "authorization_endpoint": "https://invalid.example/",
            "jwks_uri": self.address("/v1/.well-known/keys"),
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        }
        self.rotate()
        self.http_client = requests.Session()
        self.http_client.trust_env = False
        self.http_client.mount(ENTRA, _Detour(self.address("")))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.http_client.close()
        await self._server.close()

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.port}{path}"

    @property
    def metadata_url(self) -> str:
        return self.address("/v1/.well-known/openidconfiguration")

    # ---- the tokens that Teams sends us

    def rotate(self) -> None:
        """From now on another key signs, and it is the only one."""
        self._turn += 1
        self.key, self.kid = rsa_key(self._turn), f"key-{self._turn}"
        self.publish(key_entry(self.key, self.kid))

    def publish(self, *entries: Any) -> None:
        self.keys = {"keys": list(entries)}

    def token(
        self,
        *,
        key: PrivateKey | None = None,
        alg: str = "RS256",
        header: dict[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        now = int(time.time())
        usual = {
            "serviceurl": self.service_url,
            "nbf": now - 10,
            "exp": now + 3600,
            "iss": ISSUER,
            "aud": self.app_id,
        }
        named = {"typ": "JWT", "alg": alg, "kid": self.kid, "x5t": self.kid, **(header or {})}
        return token(key or self.key, named, usual | claims)

    # ---- what it answers

    async def _gate(self, request: web.Request, name: str) -> None:
        self.asked[name] += 1
        if self.hold is not None:
            await self.hold.wait()
        if self.down:
            assert request.transport is not None
            request.transport.abort()
            raise web.HTTPServiceUnavailable

    async def _metadata(self, request: web.Request) -> web.Response:
        await self._gate(request, "metadata")
        return self._document(self.metadata)

    async def _keys(self, request: web.Request) -> web.Response:
        await self._gate(request, "keys")
        return self._document(self.keys)

    def _document(self, said: Any) -> web.Response:
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        if self.moved_to:
            return web.Response(status=302, headers={"Location": self.moved_to})
        return web.Response(body=body, content_type="application/json")

    async def _tenant(self, request: web.Request) -> web.Response:
        await self._gate(request, "tenant")
        base = f"{ENTRA}/{request.match_info['tenant']}"
        return web.json_response(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }
        )

    async def _other(self, request: web.Request) -> web.Response:
        await self._gate(request, "other")
        raise web.HTTPNotFound

    async def _token(self, request: web.Request) -> web.Response:
        await self._gate(request, "token")
        form = await request.post()
        if self.refuses:
            return _refusal(401, self.refuses)
        if request.match_info["tenant"] != self.tenant or form.get("client_id") != self.app_id:
            return _refusal(400, "unauthorized_client")
        if form.get("client_secret") != self.password:
            return _refusal(401, "invalid_client")
        scope = form.get("scope")
        if form.get("grant_type") != "client_credentials" or scope not in (SCOPE, GRAPH):
            return _refusal(400, "invalid_scope")
        kind = "graph" if scope == GRAPH else "token"
        self.given.append(f"{kind}-{len(self.given)}-of-the-tests")
        return web.json_response(
            {
                "token_type": "Bearer",
                "expires_in": self.lifetime,
                "ext_expires_in": self.lifetime,
                "access_token": self.given[-1],
            }
        )


def _refusal(status: int, error: str) -> web.Response:
    said = {"error": error, "error_description": "AADSTS7000215: words of the login host"}
    return web.json_response(said, status=status)


class _Detour(HTTPAdapter):
    """Takes what is meant for Microsoft's login host to the one on loopback."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        assert request.url is not None
        request.url = self._base + request.url.removeprefix(ENTRA)
        return super().send(request, *args, **kwargs)
