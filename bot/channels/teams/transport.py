"""How do we speak with the Bot Framework? One port, and its implementation on the archived SDK.

Activities are plain dicts in both directions. Every failure is one of the errors below and holds
no content:

    TransportError
    ├── UnauthorizedError   a request has no token of the Bot Framework for us
    ├── LimitedError        too much was sent; ``wait`` seconds from now it goes on
    ├── UnreachableError    no answer, or none that can be read; whether it was done is not known
    ├── BlockedError        the person removed or blocked the app, or we are not in that chat
    ├── GoneError           the chat or the message is not there any more
    ├── CrowdedError        more people are in a chat than are counted
    ├── TooLargeError       the message is larger than Teams takes
    └── ForeignHostError    the address is none that anything may be sent to
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote

if TYPE_CHECKING:
    from bot.channels.teams.connector import Connector
    from bot.channels.teams.keys import Key, Keys

Activity = Mapping[str, Any]
MOST_MEMBERS: Final = 200
"""People of a chat that are counted; the service tells of as many at a time."""


class TransportError(Exception):
    """Something did not get through; ``code`` says why in a word, and holds no content."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class UnauthorizedError(TransportError):
    """A request came without a token of the Bot Framework for this bot."""


class LimitedError(TransportError):
    """Too much was sent; it may be tried again ``wait`` seconds from now."""

    def __init__(self, wait: float) -> None:
        self.wait = wait
        super().__init__("limited")


class UnreachableError(TransportError):
    """No answer came, or none that can be read; whether it was done is not known."""


class BlockedError(TransportError):
    """The person removed or blocked the app, or the app is not in that chat."""


class GoneError(TransportError):
    """The chat or the message is not there any more."""


class CrowdedError(TransportError):
    """More people are in a chat than are counted."""


class TooLargeError(TransportError):
    """The message is larger than Teams takes."""


class ForeignHostError(TransportError):
    """The address is none that anything may be sent to."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, by its token: the service that it may name as its own.

    ``service_url`` is nothing where requests need no token, on this machine only.
    """

    service_url: str | None


@dataclass(frozen=True, slots=True)
class Chat:
    """Where something is sent: the service, the conversation, its tenant, and who we are there."""

    service_url: str
    id: str
    tenant: str
    bot: str


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a chat, as far as the service tells of them.

    ``tenant`` is their own, that of a guest the one whose guest they are; ``role`` is ``user``,
    ``guest`` or ``anonymous``.
    """

    user: str
    aad: str | None
    tenant: str | None
    role: str | None
    name: str | None = field(default=None, repr=False)


class Transport(Protocol):
    """What the channel needs of the Bot Framework."""

    async def authenticate(self, authorization: str | None) -> Caller:
        """Return who sent a request, by its Authorization header.

        Raises:
            UnauthorizedError: it is missing, wrong, too old, or meant for another bot or channel.

        """
        ...

    async def send(self, chat: Chat, activity: Activity, *, only_for: str | None = None) -> str:
        """Send an activity, to one person only where ``only_for`` names them; return its id."""
        ...

    async def update(self, chat: Chat, activity_id: str, activity: Activity) -> None:
        """Put another activity in place of one of ours."""
        ...

    async def delete(self, chat: Chat, activity_id: str) -> None:
        """Take one of our activities away."""
        ...

    async def open_personal(self, chat: Chat, user: str) -> Chat:
        """Return the personal chat with ``user``, whom we know from ``chat``."""
        ...

    async def member(self, chat: Chat, user: str) -> Member:
        """Return what the service tells of somebody in a chat."""
        ...

    async def members(self, chat: Chat) -> tuple[Member, ...]:
        """Return what the service tells of everybody in a chat.

        Raises:
            CrowdedError: there are more than ``MOST_MEMBERS``.

        """
        ...

    async def channels(self, chat: Chat, team: str) -> Mapping[str, str]:
        """Return what sort each channel of a team is, by its id, where the service says it.

        It is ``standard``, ``private`` or ``shared``; ``chat`` is any of them.
        """
        ...


# ---- the implementation

_ISSUER: Final = "https://api.botframework.com"
_CHANNEL: Final = "msteams"
_LEEWAY: Final = 5 * 60
_LONGEST_HEADER: Final = 16 * 1024
_BEARER: Final = re.compile(r"Bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)", re.ASCII)
_ALGORITHM: Final = "RS256"
_CONVERSATIONS: Final = ("v3", "conversations")
_TEAMS: Final = ("v3", "teams")
_LONGEST_PLACE: Final = 4_096
"""Letters that may say where a list goes on."""


class BotFramework:
    """The port on Microsoft's archived SDK, which reads the tokens; all else is plain HTTP."""

    def __init__(self, connector: Connector, *, app_id: str | None, keys: Keys | None) -> None:
        """Take what sends, who we are, and the keys of the Bot Framework.

        Without ``app_id`` requests need no token. That is for trying on this machine only.
        """
        self._connector = connector
        self._callers: _Callers | None = None
        if app_id is not None:
            if keys is None:
                raise ValueError("keys are needed")
            self._callers = _Callers(app_id, keys)

    async def authenticate(self, authorization: str | None) -> Caller:
        """Return who sent a request, by its Authorization header: ``Bearer``, a space, a token.

        Raises:
            UnauthorizedError: it is missing, wrong, too old, or meant for another bot or channel.
            UnreachableError: no key is known, since none could be fetched.

        """
        if self._callers is None:
            return Caller(None)
        return await self._callers.identify(authorization)

    async def send(self, chat: Chat, activity: Activity, *, only_for: str | None = None) -> str:
        """Send an activity, and return its id: empty where there is none, as for ``typing``."""
        body = _from_us(chat, activity)
        path = [*_CONVERSATIONS, chat.id, "activities"]
        if reply_to := _text(activity, "replyToId"):
            path.append(reply_to)
        query = ""
        if only_for is not None:
            body["recipient"] = {"id": only_for}
            query = "isTargetedActivity=true"
        answer = await self._connector.call("POST", chat.service_url, path, body, query)
        return _text(answer, "id") or ""

    async def update(self, chat: Chat, activity_id: str, activity: Activity) -> None:
        """Put another activity in place of one of ours."""
        path = [*_CONVERSATIONS, chat.id, "activities", activity_id]
        await self._connector.call("PUT", chat.service_url, path, _from_us(chat, activity))

    async def delete(self, chat: Chat, activity_id: str) -> None:
        """Take one of our activities away."""
        path = [*_CONVERSATIONS, chat.id, "activities", activity_id]
        await self._connector.call("DELETE", chat.service_url, path)

    async def open_personal(self, chat: Chat, user: str) -> Chat:
        """Return the personal chat with ``user``; it is the same one each time."""
        body = {
            **_us("bot", chat),
            "members": [{"id": user}],
            "isGroup": False,
            "tenantId": chat.tenant,
            "channelData": {"tenant": {"id": chat.tenant}},
        }
        answer = await self._connector.call("POST", chat.service_url, _CONVERSATIONS, body)
        return replace(chat, id=_needed(answer, "id"))

    async def member(self, chat: Chat, user: str) -> Member:
        """Return what the service tells of somebody in a chat."""
        path = [*_CONVERSATIONS, chat.id, "members", user]
        return _member(await self._connector.call("GET", chat.service_url, path))

    async def members(self, chat: Chat) -> tuple[Member, ...]:
        """Return what the service tells of everybody in a chat, part by part.

        Raises:
            CrowdedError: there are more than ``MOST_MEMBERS``.

        """
        path = [*_CONVERSATIONS, chat.id, "pagedmembers"]
        first = query = f"pageSize={MOST_MEMBERS}"
        found: list[Member] = []
        while True:
            answer = await self._connector.call("GET", chat.service_url, path, query=query)
            part, more = answer.get("members"), _text(answer, "continuationToken")
            # A part that does not help on would be asked for without end.
            if not isinstance(part, list) or (more and not (part and len(more) <= _LONGEST_PLACE)):
                raise UnreachableError("unreadable")
            found += [_member(one if isinstance(one, dict) else {}) for one in part]
            if len(found) > MOST_MEMBERS:
                raise CrowdedError("crowded")
            if more is None:
                return tuple(found)
            query = f"{first}&continuationToken={quote(more, safe='')}"

    async def channels(self, chat: Chat, team: str) -> Mapping[str, str]:
        """Return what sort each channel of a team is, by its id, where the service says it."""
        path = [*_TEAMS, team, "conversations"]
        answer = await self._connector.call("GET", chat.service_url, path)
        listed = answer.get("conversations")
        found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        sorts = {_text(one, "id"): _text(one, "type") for one in found}
        return {name: sort for name, sort in sorts.items() if name and sort}


class _Callers:
    """Tells by a token who sent a request; what the SDK leaves open is closed here."""

    def __init__(self, app_id: str, keys: Keys) -> None:
        # The SDK takes half a second of CPU, so nobody pays for it who only needs the port.
        import jwt
        from botframework.connector.auth.jwt_token_extractor import (  # type: ignore[import-untyped]
            JwtTokenExtractor,
        )
        from botframework.connector.auth.verify_options import (  # type: ignore[import-untyped]
            VerifyOptions,
        )

        # As a list, the SDK would let through a token whose issuer is that same list.
        options = VerifyOptions((_ISSUER,), None, _LEEWAY, ignore_expiration=False)
        self._app_id = app_id
        self._extractor = JwtTokenExtractor(options, _ISSUER, [_ALGORITHM])
        # In place of its own look, which reads and copies the whole token letter by letter.
        self._extractor._has_allowed_issuer = _names_the_issuer  # noqa: SLF001
        # In place of its own cache, which blocks and does not survive that a key changes.
        self._extractor.open_id_metadata = _TeamsKeys(keys)
        self._words: Mapping[type[Exception], str] = {
            jwt.ExpiredSignatureError: "expired",
            jwt.ImmatureSignatureError: "early",
            jwt.InvalidSignatureError: "signature",
        }

    async def identify(self, authorization: str | None) -> Caller:
        token = _token(authorization)
        try:
            if _part(token, 0).get("alg") != _ALGORITHM:
                raise UnauthorizedError("algorithm")  # noqa: TRY301 what it reads may raise as well
            identity = await self._extractor.get_identity("Bearer", token, _CHANNEL)
        except TransportError:
            raise
        except Exception as error:  # noqa: BLE001 whatever it trips over, it lets nobody in
            raise UnauthorizedError(self._words.get(type(error), "token")) from None
        claims = identity.claims if identity else {}
        if claims.get("iss") != _ISSUER:
            raise UnauthorizedError("issuer")
        if claims.get("aud") != self._app_id:
            raise UnauthorizedError("audience")
        if type(claims.get("exp")) not in (int, float):
            raise UnauthorizedError("expiry")
        if (service_url := _text(claims, "serviceurl")) is None:
            raise UnauthorizedError("service")
        return Caller(service_url)


class _TeamsKeys:
    """The keys as the SDK asks for them; one that may not sign for Teams is none."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    async def get(self, key_id: str | None) -> Key:
        if not key_id:
            raise UnauthorizedError("key")
        key = await self._keys.get(key_id)
        # The SDK skips this where a key has no endorsement at all.
        if _CHANNEL not in key.endorsements:
            raise UnauthorizedError("endorsement")
        return key


def _token(authorization: str | None) -> str:
    if not authorization:
        raise UnauthorizedError("missing")
    if len(authorization) > _LONGEST_HEADER:
        raise UnauthorizedError("length")
    found = _BEARER.fullmatch(authorization)
    if found is None:
        raise UnauthorizedError("header")
    return found[1]


def _names_the_issuer(token: str) -> bool:
    return bool(_part(token, 1).get("iss") == _ISSUER)


def _part(token: str, number: int) -> Any:
    """Return what the header or the claims of a token say; nothing of it is proved yet."""
    part = token.split(".")[number]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _from_us(chat: Chat, activity: Activity) -> dict[str, Any]:
    return {"type": "message", **activity, **_us("from", chat), "conversation": {"id": chat.id}}


def _us(name: str, chat: Chat) -> dict[str, Any]:
    """Return who we are under a name; nothing where that is not known."""
    return {name: {"id": chat.bot}} if chat.bot else {}


def _member(answer: Mapping[str, Any]) -> Member:
    """Return somebody as the service tells of them; to some it gives their name in two parts."""
    parts = (_text(answer, "givenName"), _text(answer, "surname"))
    return Member(
        user=_needed(answer, "id"),
        aad=_text(answer, "aadObjectId") or _text(answer, "objectId"),
        tenant=_text(answer, "tenantId"),
        role=_text(answer, "userRole"),
        name=_text(answer, "name") or " ".join(filter(None, parts)) or None,
    )


def _text(answer: Mapping[str, Any], name: str) -> str | None:
    """Return a text of an answer, or nothing where there is none or it is blank."""
    found = answer.get(name)
    return found if isinstance(found, str) and found.strip() else None


def _needed(answer: Mapping[str, Any], name: str) -> str:
    """Return a text that an answer makes no sense without."""
    found = _text(answer, name)
    if found is None:
        raise UnreachableError("unreadable")
    return found
