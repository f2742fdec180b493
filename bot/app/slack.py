"""How is Slack put together with the rest?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING

from bot.app.parts import Parts
from bot.app.reading import utc_now
from bot.settings import Settings

if TYPE_CHECKING:
    from aiohttp import web

    from bot.channels.slack.client import SlackSettings


def slack_settings(settings: Settings) -> SlackSettings:
    """Return what the operator set for Slack, which is on."""
    from bot.channels.slack.client import SlackSettings

    assert settings.slack_bot_token is not None
    app_token = settings.slack_app_token
    return SlackSettings(
        bot_token=settings.slack_bot_token.get_secret_value(),
        signing_secrets=settings.slack_secrets,
        app_token=app_token.get_secret_value() if app_token is not None else None,
        api_url=settings.slack_api_url,
        workspaces=settings.slack_workspaces,
    )


def add_slack(
    application: web.Application,
    settings: Settings,
    parts: Parts,
) -> None:
    """Add the Slack channel: its session and tasks live as long as the application."""
    from bot.channels.sessions import hosts_of, new_session
    from bot.channels.slack.channel import CHANNEL, PATH, SlackChannel

    slack = slack_settings(settings)

    async def running(application: web.Application) -> AsyncIterator[None]:
        called = partial(parts.metrics.call, "slack")
        async with new_session(slack.api_url, hosts_of(slack.api_url), called) as session:
            store = application[parts.store]
            channel = SlackChannel(
                slack,
                parts.conversation.on("slack", hands_over=parts.hands_over),
                parts.seal,
                store,
                session,
                clock=utc_now,
                failed=partial(parts.metrics.failed, "slack"),
                slowed=partial(parts.metrics.slowed, "slack"),
            )
            application[CHANNEL] = channel
            async with channel.running():
                yield

    async def post(request: web.Request) -> web.Response:
        return await application[CHANNEL].post(request)

    application.cleanup_ctx.append(running)
    if slack.signing_secrets:
        application.router.add_post(PATH, post)

    async def is_ready() -> bool:
        return CHANNEL in application and application[CHANNEL].is_ready

    async def is_accepted() -> bool:
        return CHANNEL in application and application[CHANNEL].people.is_accepted

    parts.health.vital["slack"] = is_ready
    parts.health.shared["slack_token"] = is_accepted
