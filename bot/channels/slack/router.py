"""Which of our functions answers which request of Slack? Bolt finds it; the answer is ours.

Bolt gets only bodies that were verified and parsed. Its listeners return the whole HTTP answer,
and work that comes later is done by ``bot.tasks``, never by Bolt.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.response import BoltResponse

from bot.channels.pinned import asked
from bot.channels.slack.decode import person_of, plain_words
from bot.channels.slack.events import Events
from bot.channels.slack.form_presses import FormPresses
from bot.channels.slack.presses import Press, Presses
from bot.forms import is_of_a_form

Body = Mapping[str, Any]
COMMAND: Final = "/cairn"
_ANY: Final = re.compile(r".*", re.DOTALL)
_BOLT_READS: Final = (
    "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET",
    "SLACK_VERIFICATION_TOKEN",
)  # fmt: skip
_EVENTS: Final = (
    "message", "app_mention", "app_home_opened", "app_uninstalled", "tokens_revoked",
    "channel_left", "group_left",
)  # fmt: skip
Listener = Callable[[Body, Mapping[str, Any]], Awaitable[BoltResponse]]
_JSON: Final[dict[str, str | Sequence[str]]] = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: its status, and its body, which is JSON unless it is empty."""

    status: int
    body: str = ""


class Router:
    """Has each request answered by what is meant for it."""

    def __init__(self, presses: Presses, forms: FormPresses, events: Events) -> None:
        self._presses = presses
        self._forms = forms
        self._events = events
        self._bolt = _bolt()
        self._bolt.view(_ANY)(_ours(self._view))
        self._bolt.action(_ANY)(_ours(self._action))
        self._bolt.command(COMMAND)(_ours(self._command))
        self._bolt.shortcut(_ANY)(_ours(self._shortcut))
        for event in _EVENTS:
            self._bolt.event(event)(_ours(self._event))

    async def dispatch(self, body: dict[str, Any], age: float = 0.0) -> Answer:
        """Return the answer to a request that may come in; ``age`` in seconds since it was sent."""
        if body.get("type") == "url_verification":
            return Answer(200, json.dumps({"challenge": body.get("challenge") or ""}))
        if body.get("ssl_check"):
            return Answer(200)
        # As in Socket Mode Bolt takes the body as it was parsed, and does not parse it again.
        reached: list[Listener] = []
        given = {"age": age, "reached": reached}
        try:
            request = AsyncBoltRequest(body=body, mode="socket_mode", context=given)
            response = await self._bolt.async_dispatch(request)
        except (AttributeError, KeyError, TypeError, ValueError, IndexError):
            response = BoltResponse(status=500)
        if response.status == 500 and not reached:  # noqa: PLR2004 Bolt could not read it
            return Answer(400)
        if response.status == 404:  # noqa: PLR2004 nobody here answers it
            # Slack would send an event again and again, and show a failure for a press.
            return Answer(200)
        return Answer(response.status, response.body)

    # -- the listeners

    async def _view(self, body: Body, context: Mapping[str, Any]) -> BoltResponse:
        person = person_of(body)
        if person is None or body.get("type") != "view_submission":
            return _done()
        if is_of_a_form(body["view"]["callback_id"]):
            answer = await self._forms.submit(body, person, context["age"])
            # Without one Slack says that it did not work, and keeps what was typed.
            return _done(answer) if answer else BoltResponse(status=503, body="")
        return _done(self._presses.submit(body, person))

    async def _action(self, body: Body, context: Mapping[str, Any]) -> BoltResponse:
        person, pressed = person_of(body), body.get("actions")
        first = pressed[0] if isinstance(pressed, list) and pressed else None
        if person is None or not isinstance(first, dict):
            return _done()
        press = Press(body, person, str(first.get("action_id", "")), first.get("value"))
        if is_of_a_form(press.do):
            taken = self._forms.press(press, context["age"])
        else:
            taken = await self._presses.press(press, context["age"])
        return _done() if taken else BoltResponse(status=503, body="")

    async def _command(self, body: Body, context: Mapping[str, Any]) -> BoltResponse:
        person = person_of(body)
        if person is None:
            return _done()
        about_pins = asked(plain_words(body.get("text")))
        if about_pins is not None:
            return _done(self._forms.command(*about_pins, body, person, context["age"]))
        return _done(await self._presses.command(body, person, context["age"]))

    async def _shortcut(self, body: Body, context: Mapping[str, Any]) -> BoltResponse:
        person = person_of(body)
        if person is not None:
            await self._presses.shortcut(body, person, context["age"])
        return _done()

    async def _event(self, body: Body, _: Mapping[str, Any]) -> BoltResponse:
        # With too much to do, Slack is asked to send it again.
        return _done() if self._events.take(body) else BoltResponse(status=503, body="")


def _ours(listener: Listener) -> Listener:
    """Return the listener, noting when it is reached: before that, errors are the request's."""

    async def noting(body: Body, context: Mapping[str, Any]) -> BoltResponse:
        context["reached"].append(listener)
        return await listener(body, context)

    return noting


def _done(body: Mapping[str, Any] | None = None) -> BoltResponse:
    if not body:
        return BoltResponse(status=200, body="")
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return BoltResponse(status=200, body=text, headers=_JSON)


class _Always(AsyncAuthorize):
    """Says yes without a call: the workspace was looked at before, and Bolt's client is unused."""

    async def __call__(self, **told: Any) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=told.get("enterprise_id"),
            team_id=told.get("team_id"),
            bot_token="unused",  # noqa: S106 no token; Bolt wants a word here
        )


def _bolt() -> AsyncApp:
    for name in _BOLT_READS:
        # Bolt would read these by itself, and with some of them keep tokens in files.
        os.environ.pop(name, None)
    return AsyncApp(
        # Not the name of our own log, which is let through as it is: Bolt logs under this one.
        name="slack-router",
        authorize=_Always(),  # type: ignore[no-untyped-call]
        process_before_response=True,
        request_verification_enabled=False,
        ignoring_self_events_enabled=False,
        ssl_check_enabled=False,
        url_verification_enabled=False,
        attaching_function_token_enabled=False,
    )
