"""What Teams sends: activities and the values of invokes, which tests may also forge."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.teams.state import Chat, Json, Message, User

ZONE = "America/Toronto"
_CONTEXT = {"theme": "default"}


@dataclass(frozen=True)
class Made:
    """What every activity carries: whose it is, where, and when."""

    id: str
    at: datetime
    service_url: str
    bot: Json
    """`{"id": "28:<app id>", "name": ...}`"""
    user: User
    chat: Chat
    thread: str = ""

    def activity(self, kind: str, **more: object) -> Json:
        local = self.at.astimezone(ZoneInfo(ZONE))
        return {
            "type": kind,
            "id": self.id,
            "timestamp": _stamp(self.at).replace("+00:00", "Z"),
            "localTimestamp": _stamp(local),
            "localTimezone": ZONE,
            "channelId": "msteams",
            "serviceUrl": self.service_url,
            "from": self.user.account,
            "conversation": conversation(self.chat, self.thread),
            "recipient": dict(self.bot),
            "channelData": channel_data(self.user, self.chat),
            **more,
        }

    @property
    def client_info(self) -> Json:
        return {
            "type": "clientInfo",
            "locale": self.user.locale,
            "country": "CA",
            "platform": "Web",
            "timezone": ZONE,
        }

    def from_client(self, kind: str, **more: object) -> Json:
        """What a person causes in the client: it also tells what client it is."""
        found = {"locale": self.user.locale, "entities": [self.client_info], **more}
        return self.activity(kind, **found)


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def conversation(chat: Chat, thread: str = "") -> Json:
    found: Json = {"conversationType": chat.kind, "tenantId": chat.tenant, "id": chat.id}
    if thread:
        found["id"] = f"{chat.id};messageid={thread}"
    if chat.kind != "personal":
        found |= {"isGroup": True}
    if chat.kind == "channel":
        found |= {"name": chat.name}
    return found


def channel_data(user: User, chat: Chat) -> Json:
    found: Json = {"tenant": {"id": user.tenant}}
    if chat.team:
        found |= {
            "team": {"id": chat.team},
            "channel": {"id": chat.id},
            "teamsTeamId": chat.team,
            "teamsChannelId": chat.id,
        }
    return found


def message(made: Made, text: str) -> Json:
    """What somebody types to the bot; Teams sends it a second time as HTML."""
    return made.from_client(
        "message",
        text=text,
        textFormat="plain",
        attachments=[_html(f"<p>{html.escape(text, quote=False)}</p>")],
    )


def edited(made: Made, text: str) -> Json:
    """Somebody changed what they had typed; the id is that of the message."""
    found = message(made, text) | {"type": "messageUpdate"}
    found["channelData"]["eventType"] = "editMessage"
    return found


def mention(made: Made, text: str) -> Json:
    """The same, with the name of the bot before it."""
    name = str(made.bot["name"])
    span = '<span itemscope="" itemtype="http://schema.skype.com/Mention" itemid="0">'
    written = f"<p>{span}{name}</span>&nbsp;{html.escape(text, quote=False)}</p>"
    named = {"type": "mention", "mentioned": dict(made.bot), "text": f"<at>{name}</at>"}
    return made.from_client(
        "message",
        text=f"<at>{name}</at> {text}",
        textFormat="plain",
        attachments=[_html(written)],
        entities=[named, made.client_info],
    )


def _html(content: str) -> Json:
    return {"contentType": "text/html", "content": content}


def submit(made: Made, value: Json, pressed: Message) -> Json:
    """Action.Submit: a message without a text."""
    found = made.from_client("message", value=value, replyToId=pressed.id)
    return _with_source(found, "message", pressed)


def invoke(made: Made, name: str, value: Json, pressed: Message | None = None) -> Json:
    found = made.from_client("invoke", name=name, value=value)
    if pressed is not None:
        found["replyToId"] = pressed.id
    return _with_source(found, "message" if pressed else "compose", pressed)


def _with_source(activity: Json, name: str, pressed: Message | None) -> Json:
    activity["channelData"]["source"] = {"name": name}
    if pressed is not None:
        activity["channelData"]["legacy"] = {"replyToId": pressed.id}
    return activity


def execute_value(action: Json, data: Json) -> Json:
    """Of `adaptiveCard/action`."""
    kept = {key: action[key] for key in ("type", "id", "title", "verb") if key in action}
    return {"action": {**kept, "data": data}, "trigger": "manual"}


def task_value(data: Json) -> Json:
    """Of `task/fetch` and `task/submit`."""
    return {"data": data, "context": dict(_CONTEXT)}


def extension_value(command: str, context: str, request: str, written: Json | None) -> Json:
    """Of `composeExtension/fetchTask`; `submitAction` carries the same with `data`."""
    found: Json = {
        "commandId": command,
        "commandContext": context,
        "requestId": request,
        "context": dict(_CONTEXT),
    }
    if written is not None:
        found["messagePayload"] = written
    return found


def message_payload(made: Made, content: str) -> Json:
    """The message on which somebody opens the message extension; `content` is HTML."""
    sender = {"userIdentityType": "aadUser", "id": made.user.aad, "displayName": made.user.name}
    return {
        "id": made.id,
        "replyToId": None,
        "createdDateTime": _stamp(made.at),
        "lastModifiedDateTime": None,
        "deleted": False,
        "subject": None,
        "summary": None,
        "importance": "normal",
        "locale": made.user.locale.lower(),
        "body": {"contentType": "html", "content": content},
        "from": {"device": None, "conversation": None, "user": sender, "application": None},
        "reactions": [],
        "mentions": [],
        "attachments": [],
    }


def installation(made: Made, action: str) -> Json:
    """`add`, `add-upgrade`, `remove` or `remove-upgrade`; it tells the locale, not the client."""
    found = made.activity("installationUpdate", action=action, locale=made.user.locale)
    found["channelData"]["settings"] = {"selectedChannel": {"id": made.chat.id}}
    return found


def members(made: Made, key: str, accounts: list[Json]) -> Json:
    """`membersAdded` or `membersRemoved`, the bot's own account among them when it is about it."""
    found = made.activity("conversationUpdate", **{key: accounts})
    if made.chat.team:
        kind = "teamMemberAdded" if key == "membersAdded" else "teamMemberRemoved"
        found["channelData"]["eventType"] = kind
    return found


def channel_deleted(made: Made) -> Json:
    """The conversation is that of the team; which channel it was stands in the data."""
    found = made.activity("conversationUpdate")
    found["conversation"] = {**found["conversation"], "id": made.chat.team, "name": ""}
    found["channelData"]["eventType"] = "channelDeleted"
    return found
