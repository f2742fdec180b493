"""The connector of the fake Teams: /v3/conversations and what is under it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

from tests.teams import cards
from tests.teams.faults import CODES, refusal
from tests.teams.state import Call, Chat, Json, Message, User

if TYPE_CHECKING:
    from tests.teams.fake import FakeTeams

_CHAT = "/teams/v3/conversations/{conversation}"
_PAGE = (50, 500)
"""The fewest and the most people of a page."""


class RestError(Exception):
    """The connector refuses, with Teams' own code."""

    def __init__(self, status: int, code: str = "") -> None:
        self.status, self.code = status, code or CODES[status]


class Server:
    def __init__(self, fake: FakeTeams) -> None:
        self._fake = fake
        self.application = web.Application(client_max_size=4 * 1024 * 1024)
        add = self.application.router.add_route
        for kind, method, path in (
            ("create", "POST", "/teams/v3/conversations"),
            ("send", "POST", f"{_CHAT}/activities"),
            ("reply", "POST", f"{_CHAT}/activities/{{target}}"),
            ("update", "PUT", f"{_CHAT}/activities/{{target}}"),
            ("delete", "DELETE", f"{_CHAT}/activities/{{target}}"),
            ("member", "GET", f"{_CHAT}/members/{{target}}"),
            ("members", "GET", f"{_CHAT}/pagedmembers"),
            ("channels", "GET", "/teams/v3/teams/{target}/conversations"),
        ):
            add(method, path, self._handler(kind))
        add("*", "/{rest:.*}", self._unknown)

    def _handler(self, kind: str):
        async def handle(request: web.Request) -> web.Response:
            return await self._serve(kind, request)

        return handle

    async def _unknown(self, request: web.Request) -> web.Response:
        self._fake.violate(f"{request.method} {request.path}: no such address")
        return refusal(404, "NotFound")

    async def _serve(self, kind: str, request: web.Request) -> web.Response:
        fake, at = self._fake, request.match_info
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        call = Call(
            kind,
            request.method,
            at.get("conversation", ""),
            at.get("target", ""),
            dict(request.query),
            bearer if scheme == "Bearer" else "",
        )
        fake.calls.append(call)
        raw = await request.read()
        fault = fake.faults.next(kind)
        if fault:
            call.fault = f"{fault.kind} {fault.status}"
            done = self._answer(call, raw).text if fault.after else ""
            return await fake.faults.answer(fault, request, done or "")
        answer = self._answer(call, raw)
        call.status = answer.status
        return answer

    def _answer(self, call: Call, raw: bytes) -> web.Response:
        fake = self._fake
        if fake.bearer and call.bearer != fake.bearer:
            return refusal(401, CODES[401])
        try:
            if call.method in ("POST", "PUT"):
                call.body = _parsed(raw)
            place = call.conversation or call.target or str((call.body or {}).get("members"))
            seconds = fake.pace.wait("write" if call.method != "GET" else "read", place)
            if seconds:
                fake.limited += 1
                return refusal(429, CODES[429], str(seconds))
            run = getattr(self, f"_{call.kind}")
            return run(call)
        except RestError as error:
            return refusal(error.status, error.code)

    # ---- the calls

    def _create(self, call: Call) -> web.Response:
        """Open the personal chat with somebody whom the bot met."""
        fake, body = self._fake, call.body or {}
        members = body.get("members") or []
        if body.get("isGroup") or len(members) != 1:
            fake.violate("create: a chat with other than one person")
            raise RestError(400)
        asked = members[0].get("id")
        user = next((p.user for p in fake.people if asked in (p.user.id, p.user.aad)), None)
        tenant = body.get("tenantId") or ""
        inner = ((body.get("channelData") or {}).get("tenant") or {}).get("id")
        if user is None or tenant != user.tenant or inner not in (None, tenant):
            raise RestError(400)
        if (body.get("bot") or {}).get("id") not in (None, fake.bot["id"]):
            fake.violate(f"create: bot {body['bot']!r} is another")
        chat = fake.personal(user)
        if not chat.bot:
            raise RestError(403, "BotNotInConversationRoster")
        return web.json_response({"id": chat.id}, status=201)

    def _send(self, call: Call) -> web.Response:
        fake = self._fake
        chat, thread = self._chat(call, call.conversation)
        body, only_for = self._message(call, chat)
        if body["type"] == "typing":
            return web.json_response({"id": fake.new_id()}, status=201)
        message = fake.put(chat, fake.bot["id"], body, thread=thread, only_for=only_for)
        return web.json_response({"id": message.id}, status=201)

    def _reply(self, call: Call) -> web.Response:
        chat, _ = self._chat(call, call.conversation)
        if call.target not in chat.all:
            raise RestError(404, "ActivityNotFoundInConversation")
        return self._send(call)

    def _update(self, call: Call) -> web.Response:
        chat, _ = self._chat(call, call.conversation)
        message = self._own(call, chat)
        body, _ = self._message(call, chat)
        message.store(body)
        return web.json_response({"id": message.id})

    def _delete(self, call: Call) -> web.Response:
        chat, _ = self._chat(call, call.conversation)
        self._own(call, chat).deleted = True
        return web.Response()

    def _member(self, call: Call) -> web.Response:
        chat, _ = self._chat(call, call.conversation)
        user = chat.member(call.target)
        if user is None:
            raise RestError(404, "MemberNotFoundInConversation")
        return web.json_response(_told(user))

    def _members(self, call: Call) -> web.Response:
        """The roster, page by page; of a chat all of it at once, whatever was asked for."""
        chat, thread = self._chat(call, call.conversation)
        known = {"pageSize", "continuationToken"}
        asked, token = call.query.get("pageSize", "200"), call.query.get("continuationToken")
        if thread or set(call.query) - known or not asked.isdecimal():
            self._fake.violate(f"members: {call.query} in {call.conversation}")
            raise RestError(400)
        people = [*chat.members.values()]
        page = min(max(int(asked), _PAGE[0]), _PAGE[1])
        if chat.kind != "channel":
            return web.json_response({"members": [_told(user) for user in people]})
        starts = {_token(at): at for at in range(page, len(people), page)}
        if token is not None and token not in starts:
            raise RestError(400)
        start = starts[token] if token is not None else 0
        found: Json = {"members": [_told(user) for user in people[start : start + page]]}
        if start + page < len(people):
            found["continuationToken"] = _token(start + page)
        return web.json_response(found)

    def _channels(self, call: Call) -> web.Response:
        """The channels of a team, and of what sort they are."""
        found = [chat for chat in self._fake.chats.values() if chat.team == call.target]
        if not found:
            raise RestError(404)
        if not any(chat.bot for chat in found):
            raise RestError(403, "BotNotInConversationRoster")
        told = [
            {"id": chat.id, "name": chat.name} | ({"type": chat.sort} if chat.sort else {})
            for chat in found
        ]
        return web.json_response({"conversations": told})

    # ---- underneath

    def _chat(self, call: Call, conversation: str) -> tuple[Chat, str]:
        """The chat, and in a channel the post whose thread it is."""
        chat_id, _, rest = conversation.partition(";")
        thread = rest.removeprefix("messageid=")
        chat = self._fake.chats.get(chat_id)
        if chat is None or (rest and (chat.kind != "channel" or thread not in chat.all)):
            raise RestError(404)
        if chat.blocked or (not chat.bot and chat.kind == "personal"):
            raise RestError(403)
        if not chat.bot:
            raise RestError(403, "BotNotInConversationRoster")
        return chat, thread

    def _own(self, call: Call, chat: Chat) -> Message:
        """The bot's own message that a call is about."""
        message = chat.all.get(call.target)
        if message is None or message.deleted:
            raise RestError(404, "ActivityNotFoundInConversation")
        if message.sender != self._fake.bot["id"]:
            self._fake.violate(f"{call.kind}: a message of somebody else")
            raise RestError(403, "Forbidden")
        if (message.only_for is not None) != _targeted(call):
            self._fake.violate(f"{call.kind}: a message for one person needs isTargetedActivity")
            raise RestError(400)
        return message

    def _message(self, call: Call, chat: Chat) -> tuple[Json, str | None]:
        """The activity of a call, and whom alone it is for; what is wrong with it is noted."""
        fake, body = self._fake, call.body or {}
        if cards.size(body) > cards.TEAMS_BYTES:
            fake.violate(f"{call.kind}: {cards.size(body)} bytes in UTF-16")
            raise RestError(413)
        found = cards.activity(body)
        for name, own in (("from", fake.bot["id"]), ("conversation", call.conversation)):
            if (body.get(name) or {}).get("id", own) != own:
                found.wrong.append(f"{name} is {body[name]['id']!r}, not {own!r}")
        only_for = None
        if _targeted(call):
            user = chat.member((body.get("recipient") or {}).get("id", ""))
            if user is None or chat.kind == "personal":
                found.broken.append("nobody in this chat can be meant alone")
            else:
                only_for = user.id
        fake.violations += [f"{call.kind}: {sentence}" for sentence in found.sentences]
        if found.broken:
            raise RestError(400)
        return body, only_for


def _parsed(raw: bytes) -> Json:
    try:
        found = json.loads(raw)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RestError(400)
    return found


def _token(start: int) -> str:
    """Where a roster goes on: with signs that mean something in an address."""
    return f"{start}+/=&?#{start}"


def _targeted(call: Call) -> bool:
    return call.query.get("isTargetedActivity") == "true"


def _told(user: User) -> Json:
    """A member as the roster tells it."""
    mail = f"{user.name}@ministry.example"
    return {
        **user.account,
        "objectId": user.aad,
        "email": mail,
        "userPrincipalName": f"{user.name}_home.example#EXT#@ministry.example"
        if user.guest
        else mail,
        "tenantId": user.tenant,
        "userRole": "guest" if user.guest else "user",
    }
