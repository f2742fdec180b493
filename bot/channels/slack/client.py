"""With which client is Slack called? One on our session, which tries once and knows one proxy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.sessions import proxy_for


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """What the operator set for Slack."""

    bot_token: str = field(repr=False)
    signing_secrets: Sequence[str] = field(repr=False)
    app_token: str | None = field(repr=False)
    api_url: str
    workspaces: Iterable[str]


def client_of(settings: SlackSettings, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Return the client that speaks with the bot's token."""
    proxy = proxy_for(settings.api_url)
    client = AsyncWebClient(
        token=settings.bot_token,
        base_url=settings.api_url,
        session=session,
        retry_handlers=[],
        proxy=proxy,
    )
    # By itself the library would take a proxy that is not meant for this address.
    client.proxy = proxy
    return client
