"""What Slack sends: the bodies of commands, interactions and events, shaped as the types say.

`tests/test_slack_fake.py` proves every one of them against the schemas of Slack's own types.
"""

from __future__ import annotations

import copy
import html
import re
from dataclasses import dataclass

from tests.slack.state import Channel, Json, Message, User, View, Workspace

TOKEN = "verification-token-that-nobody-should-use"


@dataclass(frozen=True)
class Made:
    """What every interaction carries: whose it is, and its moment."""

    app_id: str
    workspace: Workspace
    user: User
    ts: str
    trigger_id: str

    @property
    def team(self) -> Json:
        return {"id": self.workspace.id, "domain": self.workspace.domain}

    def common(self, *, username: bool) -> Json:
        user: Json = {"id": self.user.id, "name": self.user.name, "team_id": self.user.team}
        if username:
            user["username"] = self.user.name
        return {
            "team": self.team,
            "user": user,
            "api_app_id": self.app_id,
            "token": TOKEN,
            "trigger_id": self.trigger_id,
            "is_enterprise_install": False,
        }


def slash(made: Made, command: str, text: str, channel: Channel, response_url: str) -> Json:
    """A form; every field of it is a string, `is_enterprise_install` too."""
    return {
        "token": TOKEN,
        "team_id": made.workspace.id,
        "team_domain": made.workspace.domain,
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.is_im else _shown_name(channel),
        "user_id": made.user.id,
        "user_name": made.user.name,
        "command": command,
        "text": text,
        "api_app_id": made.app_id,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": made.trigger_id,
    }


def _shown_name(channel: Channel) -> str:
    return "privategroup" if channel.is_private else channel.name


def global_shortcut(made: Made, callback_id: str) -> Json:
    user = {"id": made.user.id, "username": made.user.name, "team_id": made.user.team}
    body = made.common(username=False)
    del body["api_app_id"]
    return {
        "type": "shortcut",
        **body,
        "user": user,
        "callback_id": callback_id,
        "action_ts": made.ts,
    }


def message_shortcut(made: Made, callback_id: str, message: Message, response_url: str) -> Json:
    body = made.common(username=True)
    del body["api_app_id"]
    return {
        "type": "message_action",
        **body,
        "callback_id": callback_id,
        "action_ts": made.ts,
        "message_ts": message.ts,
        "message": shown(message),
        "channel": {"id": message.channel.id, "name": message.channel.name},
        "response_url": response_url,
    }


def action_in_message(made: Made, action: Json, message: Message, response_url: str) -> Json:
    """A press in a message, or in one that only this person sees."""
    body = {
        "type": "block_actions",
        **made.common(username=True),
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel.id,
            "is_ephemeral": message.only_for is not None,
        },
        "channel": {"id": message.channel.id, "name": _container_name(message.channel)},
        "state": message.state(),
        "response_url": response_url,
        "actions": [action],
    }
    if message.only_for is None:  # what only one person sees is not kept, nor sent back
        body["message"] = shown(message)
    if message.thread_ts:
        body["container"]["thread_ts"] = message.thread_ts
    return body


def _container_name(channel: Channel) -> str:
    return "directmessage" if channel.is_im else _shown_name(channel)


def action_in_view(made: Made, action: Json, view: View) -> Json:
    return {
        "type": "block_actions",
        **made.common(username=True),
        "container": {"type": "view", "view_id": view.id},
        "view": view_output(made, view),
        "actions": [action],
    }


def view_submission(made: Made, view: View) -> Json:
    return {
        "type": "view_submission",
        **made.common(username=False),
        "view": view_output(made, view),
        "response_urls": [],
    }


def view_closed(made: Made, view: View, *, cleared: bool) -> Json:
    body = made.common(username=False)
    del body["trigger_id"]
    view_of = view_output(made, view)
    return {"type": "view_closed", **body, "view": view_of, "is_cleared": cleared}


def view_output(made: Made, view: View) -> Json:
    """A view as Slack gives it back: everything that was sent, and what Slack knows of it."""
    sent = view.payload
    output = {
        "id": view.id,
        "team_id": made.workspace.id,
        "app_id": made.app_id,
        "app_installed_team_id": made.workspace.id,
        "bot_id": made.workspace.bot_id,
        "type": view.type,
        "callback_id": sent.get("callback_id", ""),
        "title": sent.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
        "close": sent.get("close"),
        "submit": sent.get("submit"),
        "blocks": view.blocks,
        "private_metadata": sent.get("private_metadata", ""),
        "external_id": sent.get("external_id", ""),
        "state": view.state(),
        "hash": view.hash,
        "clear_on_close": sent.get("clear_on_close", False),
        "notify_on_close": sent.get("notify_on_close", False),
        "root_view_id": (view.root or view).id,
        "previous_view_id": view.previous.id if view.previous else None,
    }
    return copy.deepcopy(output)


def shown(message: Message) -> Json:
    """A message as other parts of Slack show it."""
    body: Json = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text}
    if message.blocks:
        body["blocks"] = copy.deepcopy(message.blocks)
    if message.thread_ts:
        body["thread_ts"] = message.thread_ts
    return body


# ---- events


def envelope(made: Made, event: Json, event_id: str, channel: Channel | None = None) -> Json:
    authorization = {
        "enterprise_id": None,
        "team_id": made.workspace.id,
        "user_id": made.workspace.bot.id,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": TOKEN,
        "team_id": made.workspace.id,
        "context_team_id": made.workspace.id,
        "context_enterprise_id": None,
        "api_app_id": made.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(float(made.ts)),
        "authorizations": [authorization],
        "is_ext_shared_channel": bool(channel and channel.is_ext_shared),
        "event_context": f"4-{event_id}",
    }


def app_mention(made: Made, message: Message) -> Json:
    event = {
        "type": "app_mention",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": made.user.team,
        "channel": message.channel.id,
        "event_ts": message.ts,
        "client_msg_id": f"client-{message.ts}",
    }
    return _threaded(event, message)


def direct_message(made: Made, message: Message) -> Json:
    """A message of a person in the conversation with the bot, with or without files."""
    event: Json = {
        "type": "message",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "channel": message.channel.id,
        "channel_type": "im",
        "event_ts": message.ts,
    }
    if message.files:
        event |= {"subtype": "file_share", "files": message.files, "upload": False}
    else:
        event |= {"client_msg_id": f"client-{message.ts}", "team": made.user.team}
        event["blocks"] = copy.deepcopy(message.blocks) or _rich(message.text)
    return _threaded(event, message)


def bot_message(made: Made, message: Message) -> Json:
    """The bot's own message, which Slack tells the bot as well: no subtype, but a bot_id."""
    event: Json = {
        "type": "message",
        "user": message.user,
        "bot_id": made.workspace.bot_id,
        "text": message.text,
        "ts": message.ts,
        "team": made.workspace.id,
        "channel": message.channel.id,
        "channel_type": "im",
        "event_ts": message.ts,
    }
    if message.blocks:
        event["blocks"] = copy.deepcopy(message.blocks)
    return _threaded(event, message)


def integration_message(message: Message, bot_id: str) -> Json:
    """A message of another, older integration: with the subtype bot_message."""
    return {
        "type": "message",
        "subtype": "bot_message",
        "bot_id": bot_id,
        "username": "another integration",
        "text": message.text,
        "ts": message.ts,
        "channel": message.channel.id,
        "channel_type": "im",
        "event_ts": message.ts,
    }


def message_changed(made: Made, message: Message, before: Json, ts: str) -> Json:
    now = bot_message(made, message) if message.by_app else direct_message(made, message)
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "channel": message.channel.id,
        "channel_type": "im",
        "ts": ts,
        "event_ts": ts,
        "message": {**now, "edited": {"user": message.user, "ts": ts}},
        "previous_message": before,
    }


def message_deleted(message: Message, before: Json, ts: str) -> Json:
    return {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "channel": message.channel.id,
        "channel_type": "im",
        "ts": ts,
        "event_ts": ts,
        "deleted_ts": message.ts,
        "previous_message": before,
    }


def home_opened(made: Made, channel: Channel, tab: str, view: View | None) -> Json:
    event = {
        "type": "app_home_opened",
        "user": made.user.id,
        "channel": channel.id,
        "tab": tab,
        "event_ts": made.ts,
    }
    if view is not None and tab == "home":
        event["view"] = view_output(made, view)
    return event


def app_uninstalled() -> Json:
    return {"type": "app_uninstalled"}


def left(channel: Channel, by: User, ts: str) -> Json:
    kind = "group_left" if channel.is_private else "channel_left"
    return {"type": kind, "channel": channel.id, "actor_id": by.id, "event_ts": ts}


def tokens_revoked(made: Made) -> Json:
    return {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [made.workspace.bot.id]}}


def file(made: Made, name: str, number: int) -> Json:
    return {
        "id": f"F{number:08}",
        "created": int(float(made.ts)),
        "name": name,
        "title": name,
        "mimetype": "image/png",
        "filetype": "png",
        "pretty_type": "PNG",
        "user": made.user.id,
        "editable": False,
        "size": 1234,
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": False,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": f"https://files.example.invalid/{name}",
        "permalink": f"https://files.example.invalid/p/{name}",
        "channels": [],
        "groups": [],
    }


def typed(words: str, *, links: bool = True) -> str:
    """Words as Slack keeps and sends what a person typed: three signs escaped, addresses marked."""
    escaped = html.escape(words, quote=False)
    return re.sub(r"https?://[^\s<>|]+", r"<\g<0>>", escaped) if links else escaped


def _rich(text: str) -> list[Json]:
    """What the editor of Slack makes of typed words."""
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return [{"type": "rich_text", "block_id": "typed", "elements": [section]}]


def _threaded(event: Json, message: Message) -> Json:
    if message.thread_ts:
        event["thread_ts"] = message.thread_ts
    return event
