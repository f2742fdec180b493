"""How is Teams put together with the rest?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING

from bot.app.parts import Parts
from bot.settings import Settings

if TYPE_CHECKING:
    from aiohttp import web

    from bot.channels.teams.tokens import TokenSource


def token_source(settings: Settings, scope: str | None = None) -> TokenSource | None:
    """Return with which tokens Teams is called; nothing where it is off, or on this machine."""
    from bot.channels.teams.tokens import BOT_FRAMEWORK, TokenSource

    app_id, password = settings.teams_app_id, settings.teams_app_password
    tenant = settings.teams_tenant
    if app_id is None or password is None or tenant is None:
        return None
    return TokenSource(app_id, password.get_secret_value(), tenant, scope=scope or BOT_FRAMEWORK)


def add_teams(
    application: web.Application,
    settings: Settings,
    parts: Parts,
) -> None:
    """Add the Teams channel: its session and tasks live as long as the application."""
    from bot.channels.sessions import host_of, new_session
    from bot.channels.teams.channel import CHANNEL, PATH, TeamsChannel, TeamsSettings
    from bot.channels.teams.connector import Connector
    from bot.channels.teams.graph import HOST, Graph
    from bot.channels.teams.keys import Keys
    from bot.channels.teams.tokens import GRAPH
    from bot.channels.teams.transport import BotFramework

    app_id = settings.teams_app_id
    organization = parts.conversation.organization
    teams = TeamsSettings(
        tenants=settings.teams_tenants_served,
        hosts=settings.teams_hosts,
        targeted=organization is not None and organization.targeted_messages,
        app_id=app_id,
    )

    tokens = token_source(settings)

    async def running(application: web.Application) -> AsyncIterator[None]:
        # Without an app nothing but this machine is called, and no proxy is asked for that.
        calls = settings.teams_metadata_url if app_id is not None else "http://127.0.0.1/"
        by_graph = organization is not None and organization.pin_by_graph
        own = {host_of(calls), HOST} if by_graph else {host_of(calls)}
        hosts = own | {name.partition(":")[0] for name in teams.hosts}
        called = partial(parts.metrics.call, "teams")
        failed = partial(parts.metrics.failed, "teams")
        async with new_session(calls, frozenset(hosts), called) as session:
            keys = Keys(settings.teams_metadata_url, session) if tokens is not None else None
            graph = None
            if by_graph and tokens is not None:
                its_own = token_source(settings, GRAPH)
                graph = Graph(Connector(session, frozenset({HOST}), its_own, failed))
            sends = Connector(session, teams.hosts, tokens, failed)
            transport = BotFramework(sends, app_id=app_id, keys=keys)
            store = application[parts.store]
            channel = TeamsChannel(
                teams,
                parts.conversation.on("teams", hands_over=parts.hands_over),
                parts.seal,
                store,
                transport,
                graph=graph,
                slowed=partial(parts.metrics.slowed, "teams"),
            )
            application[CHANNEL] = channel
            async with channel.running():
                yield

    async def post(request: web.Request) -> web.StreamResponse:
        return await application[CHANNEL].post(request)

    async def is_ready() -> bool:
        return CHANNEL in application

    async def is_accepted() -> bool:
        return tokens is None or tokens.is_accepted

    application.cleanup_ctx.append(running)
    application.router.add_post(PATH, post)
    parts.health.vital["teams"] = is_ready
    parts.health.shared["teams_login"] = is_accepted
