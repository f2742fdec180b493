"""How is the program looked at from outside? Health, numbers, and who asks too fast."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from bot.app.parts import channels_of
from bot.conversation import Conversation
from bot.health import Health, soon
from bot.settings import is_loopback

if TYPE_CHECKING:
    from aiohttp import web

    from bot.metrics import Metrics, Waiting
    from bot.store import Store

_ROUTES: Final = {"/slack/events": "slack", "/api/messages": "teams", "/": "web"}
"""What a route is called in the metrics; each other one is "other"."""

_NOT_WEB: Final = frozenset(
    {"/slack/events", "/api/messages", "/health/live", "/health/ready", "/metrics"}
)
_WEB_BURST: Final = 200
_WEB_RATE: Final = 50.0
"""Pages of one address: many people may share it."""


def measured_by(metrics: Metrics) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Return the middleware that measures how long each request takes."""
    from aiohttp import web

    @web.middleware
    async def measured(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        began, status = time.monotonic(), HTTPStatus.INTERNAL_SERVER_ERROR.value
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as answered:
            status = answered.status
            raise
        finally:
            route = _ROUTES.get(request.path, "other")
            metrics.request(route, status, time.monotonic() - began)
        return response

    return measured


def not_too_fast(metrics: Metrics) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Return the middleware that keeps one address from taking the web chat from all others.

    This machine is let through: what comes from it comes from a proxy, which knows the addresses.
    """
    from aiohttp import web

    from bot.channels.speed import Speed

    speed = Speed(time.monotonic, burst=_WEB_BURST, rate=_WEB_RATE)

    @web.middleware
    async def not_too_fast(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        name = request.remote or ""
        resource = request.match_info.route.resource
        is_another = resource is not None and resource.canonical in _NOT_WEB
        if is_another or is_loopback(name) or speed.allows(name):
            return await handler(request)
        metrics.slowed("web")
        return web.Response(
            text="Too many requests. Please wait a few seconds.\n"
            "Trop de demandes. Veuillez attendre quelques secondes.\n",
            status=HTTPStatus.TOO_MANY_REQUESTS,
            headers={"Retry-After": "5", "Cache-Control": "no-store"},
        )

    return not_too_fast


def add_health(application: web.Application, conversation: Conversation, health: Health) -> None:
    """Add the two addresses that tell whether the process lives, and whether it is ready."""
    from aiohttp import web

    async def live(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def is_ready(_: web.Request) -> web.Response:
        state = await health.state()
        body = {
            "ready": state.ready,
            "whole": state.whole,
            "draining": state.draining,
            "guidance": conversation.guidance.version,
            "offline": is_offline(conversation),
            "parts": dict(state.parts),
        }
        status = HTTPStatus.OK if state.ready else HTTPStatus.SERVICE_UNAVAILABLE
        return web.Response(text=json.dumps(body), content_type="application/json", status=status)

    application.router.add_get("/health/live", live)
    application.router.add_get("/health/ready", is_ready)


def is_offline(conversation: Conversation) -> bool:
    """Tell whether the organization gives no guidance for now."""
    return conversation.organization is not None and conversation.organization.offline


def is_held(conversation: Conversation) -> bool:
    """Tell whether the organization has every case kept, for the law."""
    return conversation.organization is not None and conversation.organization.legal_hold


def add_metrics(
    application: web.Application,
    conversation: Conversation,
    health: Health,
    metrics: Metrics,
    kept: web.AppKey[Store] | None,
) -> None:
    """Add the page of numbers; ``kept`` is where the store is, if there is one."""
    from aiohttp import web

    from bot.metrics import CONTENT_TYPE

    async def waiting() -> Waiting | None:
        return await _waiting(application[kept]) if kept is not None else None

    async def page(_: web.Request) -> web.Response:
        guidance = conversation.guidance
        dates = [tree.review_by for tree in guidance.trees.values()]
        days = (min(dates) - conversation.today).days if dates else 0
        state, waits = await asyncio.gather(health.state(), soon(waiting()))
        metrics.show(state, guidance.version, days, waits)
        for name, channel in channels_of(application).items():
            metrics.work(name, channel.tasks.count)
        return web.Response(body=metrics.page(), headers={"Content-Type": CONTENT_TYPE})

    application.router.add_get("/metrics", page)


async def _waiting(store: Store) -> Waiting:
    """Return what waits in the store.

    Raises:
        StoreError: the store does not answer.

    """
    from bot.metrics import Waiting
    from bot.store import outbox

    async with store.transaction() as transaction:
        found = await outbox.waiting(transaction.connection)
        now = transaction.now.timestamp()
    oldest = max(0.0, now - found.oldest) if found.oldest is not None else 0.0
    return Waiting(found.count, oldest, found.parked)
