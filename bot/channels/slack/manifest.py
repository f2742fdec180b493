"""What must Slack be told about the app? Its manifest, with the least that the app may do.

No scope reads what is written in channels: ``im:history`` is for the person's own chat with
Cairn, and ``app_mentions:read`` for messages that name it. ``groups:read`` tells who is in a
private channel that Cairn was invited to, and whether it is still private. With ``channels:read``
it tells the same of a public one before a summary is posted there: whether Cairn is in it, and
whether another organization reads it. Both are needed to hear that Cairn was taken out of a
channel. ``pins:write`` an administrator may refuse: people then pin what Cairn posted.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from bot.channels.slack.channel import PATH
from bot.channels.slack.router import COMMAND
from bot.channels.slack.surfaces import MAIN, TITLE
from bot.guidance.model import Guidance, When
from bot.guidance.words import LANGS

NAME: Final = "manifest.yaml"
SCOPES: Final = (
    "app_mentions:read",
    "channels:read",
    "chat:write",
    "commands",
    "groups:read",
    "im:history",
    "im:write",
    "pins:write",
    "users:read",
)
OPTIONAL: Final = ("pins:write",)
"""Those of them that an administrator may refuse; Slack wants them in both lists."""

EVENTS: Final = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_left",
    "group_left",
    "message.im",
    "tokens_revoked",
)
_COLOUR: Final = "#26374a"


def manifest(guidance: Guidance, url: str | None) -> dict[str, Any]:
    """Return the manifest of an app reached at ``url``; without one, over Socket Mode."""
    phrases = guidance.phrases
    address = f"{url.rstrip('/')}{PATH}" if url else None
    reached = {"request_url": address} if address else {}
    tagline, ask, pin = phrases["tagline"], phrases["type_button"], phrases["slack_pin_hint"]
    shortcuts = [
        {
            "name": phrases[f"shortcut_{tree}"][lang],
            "type": "global",
            "callback_id": f"{tree}.{lang}",
            "description": phrases["shortcut_about"][lang],
        }
        for lang in LANGS
        for tree in MAIN
    ]
    command = {
        "command": COMMAND,
        "description": f"{phrases['shortcut_about'].en} · {phrases['shortcut_about'].fr}",
        "usage_hint": f"[{ask.en.lower()} · {ask.fr.lower()}] | {pin.en} · {pin.fr}",
        "should_escape": True,
    }
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": TITLE,
            "description": f"{tagline.en} · {tagline.fr}",
            "long_description": "\n\n".join(
                f"{phrases['what_i_am'][lang]} {guidance.promise.line[When.ALWAYS][lang]}"
                for lang in LANGS
            ),
            "background_color": _COLOUR,
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": TITLE, "always_online": True},
            "shortcuts": shortcuts,
            "slash_commands": [{**command, **({"url": address} if address else {})}],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES), "bot_optional": list(OPTIONAL)}},
        "settings": {
            "event_subscriptions": {**reached, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **reached},
            "org_deploy_enabled": False,
            "socket_mode_enabled": address is None,
            "token_rotation_enabled": False,
        },
    }


def as_yaml(guidance: Guidance, url: str | None) -> str:
    """Return the manifest as Slack's page takes it."""
    found = manifest(guidance, url)
    text: str = yaml.safe_dump(found, allow_unicode=True, sort_keys=False, width=100)
    return text
