"""The smallest programs to try the fake Slack with."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import ClientSession, web
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack.state import Json

Handler = Callable[[Json], Awaitable[object] | object]


@dataclass
class Program:
    """The smallest program there can be: what it answers is set by each test."""

    answer: Handler = lambda _: None
    got: list[Json] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.headers.append(dict(request.headers))
        if request.content_type == "application/json":
            said = json.loads(body)
        else:
            form = dict(await request.post())
            said = json.loads(str(form["payload"])) if "payload" in form else form
        self.got.append(said)
        answer = self.answer(said)
        if isinstance(answer, Awaitable):
            answer = await answer
        if isinstance(answer, dict):
            return web.json_response(answer)
        if isinstance(answer, web.Response):
            return answer
        return web.Response(text=str(answer or ""))


async def call(slack: AsyncWebClient, method: str, **args: object) -> Json:
    """The answer of a method, errors as well, arguments as JSON."""
    try:
        return dict((await slack.api_call(method, json=args)).data)
    except SlackApiError as error:
        return dict(error.response.data)


async def respond(http: ClientSession, url: str, **args: object) -> tuple[int, str]:
    async with http.post(url, json=args) as response:
        return response.status, await response.text()
