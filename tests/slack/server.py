"""The HTTP side of the fake Slack: /api/<method> and /response/<token>."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

from tests.slack import methods_messages, methods_people, methods_views
from tests.slack.api import METHODS, ApiError, Method, arguments, missing_scope
from tests.slack.state import Call, Json, ResponseUrl, Workspace

if TYPE_CHECKING:
    from tests.slack.fake import FakeSlack

_PARSED = ("blocks", "attachments", "metadata", "view")
"""Arguments that are JSON inside a form or a query."""
_URL_USES, _URL_SECONDS = 5, 30 * 60


class Server:
    def __init__(self, fake: FakeSlack) -> None:
        self._fake = fake
        self.application = web.Application(client_max_size=4 * 1024 * 1024)
        self.application.router.add_route("*", "/api/{method}", self._api)
        self.application.router.add_post("/response/{token}", self._response_url)

    # ---- the Web API

    async def _api(self, request: web.Request) -> web.Response:
        fake, name = self._fake, request.match_info["method"]
        args, how, complaint = await _arguments(request, METHODS.get(name))
        token = _token(request, args)
        call = Call(name, args, how)
        fake.calls.append(call)
        fault = fake.faults.next(name)
        if fault:
            call.fault = f"{fault.kind} {fault.status}{fault.error}"
            if not fault.after:
                call.answer, call.status = {"ok": False, "error": fault.error}, fault.status
                return await fake.faults.answer(fault, request)
        answer, seconds = self._carry_out(name, args, token, complaint)
        call.answer = answer
        if fault:
            return await fake.faults.answer(fault, request, json.dumps(answer))
        headers = self._scopes(token)
        if seconds:
            call.status, headers = 429, {"Retry-After": str(seconds)}
        return web.json_response(answer, status=call.status, headers=headers)

    def _scopes(self, token: str) -> dict[str, str]:
        """What Slack says with each answer of the token that it was given."""
        known = (one for one in self._fake.workspaces.values() if one.bot_token == token)
        workspace = next(known, None)
        return {"X-OAuth-Scopes": ",".join(sorted(workspace.scopes))} if workspace else {}

    def _carry_out(self, name: str, args: Json, token: str, complaint: str) -> tuple[Json, int]:
        fake = self._fake
        known = METHODS.get(name)
        if known is None:
            fake.violate(f"{name}: no such method, or not one that the fake knows")
            return {"ok": False, "error": "unknown_method", "req_method": name}, 0
        try:
            workspace = self._workspace(name, token, known)
            seconds = fake.pace.wait(workspace.id, name, _place(workspace, args))
            if seconds:
                return {"ok": False, "error": "ratelimited"}, seconds
            if complaint:
                return {"ok": False, "error": complaint}, 0
            unknown = set(args) - set(known.required) - set(known.optional) - {"team_id"}
            if unknown:
                fake.violate(f"{name}: unknown arguments {sorted(unknown)}")
            taken = arguments(known, args)
            return {"ok": True, **known.run(fake, workspace, taken)}, 0
        except ApiError as error:
            return error.answer, 0

    def _workspace(self, name: str, token: str, known: Method) -> Workspace:
        fake = self._fake
        if not token:
            raise ApiError("not_authed")
        if name == "apps.connections.open":
            if token != fake.app_token:
                raise ApiError(
                    "not_allowed_token_type" if token.startswith("xoxb") else "invalid_auth"
                )
            return fake.workspace
        if token == fake.app_token:
            raise ApiError("not_allowed_token_type")
        for workspace in fake.workspaces.values():
            if workspace.bot_token == token:
                if workspace.revoked:
                    raise ApiError("token_revoked")
                if known.scope and known.scope not in workspace.scopes:
                    raise missing_scope(workspace, known.scope)
                return workspace
        raise ApiError("invalid_auth")

    # ---- response_url

    async def _response_url(self, request: web.Request) -> web.Response:
        fake = self._fake
        args, how, _ = await _arguments(request, None)
        call = Call("response_url", args, how)
        fake.calls.append(call)
        fault = fake.faults.next("response_url")
        if fault:
            call.fault = f"{fault.kind} {fault.status}{fault.error}"
            if not fault.after:
                call.answer, call.status = {"ok": False, "error": fault.error}, fault.status
                return await fake.faults.answer(fault, request)
        call.answer, call.status = self._respond(request.match_info["token"], args)
        if fault:
            return await fake.faults.answer(fault, request, "ok")
        if call.status == 200:
            return web.Response(text="ok")
        return web.json_response(call.answer, status=call.status)

    def _respond(self, token: str, args: Json) -> tuple[Json, int]:
        fake = self._fake
        url = fake.response_urls.get(token)
        if url is None:
            return {"ok": False, "error": "invalid_url"}, 404
        if fake.clock.monotonic() - url.at > _URL_SECONDS:
            return {"ok": False, "error": "expired_url"}, 404
        if url.uses >= _URL_USES:
            return {"ok": False, "error": "used_url"}, 404
        try:
            fake.take_response(url, args, "response_url")
        except ApiError as error:
            return error.answer, 400
        url.uses += 1
        return {"ok": True}, 200


def new_response(fake: FakeSlack, url: ResponseUrl, args: Json) -> None:
    """A message for one person, or for the channel, by way of a `response_url`."""
    for_all = args.get("response_type") == "in_channel"
    workspace = fake.workspace_of(url.user)
    fake.put(
        url.channel,
        workspace.bot,
        args.get("text", ""),
        args.get("blocks") or [],
        args.get("thread_ts"),
        only_for=None if for_all else url.user.id,
    )


async def _arguments(request: web.Request, known: Method | None) -> tuple[Json, str, str]:
    """The arguments, how they were sent, and what Slack would say of the form of the body."""
    args: Json = dict(request.query)
    how, complaint = f"{request.method} query", ""
    body = await request.read()
    if request.method == "POST" and body:
        if request.content_type == "application/json":
            how = "POST json"
            try:
                sent = json.loads(body)
            except ValueError:
                return args, how, "invalid_json"
            if not isinstance(sent, dict):
                return args, how, "json_not_object"
            if known is None or known.takes_json:
                args |= sent  # a method that takes no JSON does not even look at it
        elif request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
            how = "POST form"
            args |= dict(await request.post())
        else:
            return args, f"POST {request.content_type}", "invalid_post_type"
    for name in _PARSED:
        if isinstance(args.get(name), str):
            try:
                args[name] = json.loads(args[name])
            except ValueError:
                complaint = "invalid_blocks_format" if name == "blocks" else "invalid_arguments"
    return args, how, complaint


def _place(workspace: Workspace, args: Json) -> str:
    """The channel of a call; a conversation with one person is that person's, however named."""
    channel = workspace.channels.get(str(args.get("channel", "")))
    if channel is not None and channel.is_im:
        return next(iter(channel.members - {workspace.bot.id}))
    return str(args.get("channel", ""))


def _token(request: web.Request, args: Json) -> str:
    given = str(args.pop("token", ""))
    bearer = request.headers.get("Authorization", "")
    return bearer.removeprefix("Bearer ") if bearer.startswith("Bearer ") else given


KNOWN = (methods_messages, methods_people, methods_views)
"""Their methods are known once they are imported."""
