"""chat.* and pins.*"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.slack import payloads
from tests.slack.api import ApiError, channel_at, message_at, method
from tests.slack.state import Channel, Json, Message, Workspace

if TYPE_CHECKING:
    from tests.slack.fake import FakeSlack


_TEXT = ("text", "blocks", "attachments", "metadata", "parse", "link_names", "unfurl_links",
         "unfurl_media", "mrkdwn", "as_user")  # fmt: skip


@method("chat.postMessage", "chat:write", ("channel",),
        (*_TEXT, "thread_ts", "reply_broadcast", "markdown_text", "username", "icon_emoji",
         "icon_url", "client_msg_id"))  # fmt: skip
def chat_post_message(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    target = args["channel"]
    if target in at.users:
        user = at.users[target]
        if user.is_bot:
            raise ApiError("cannot_dm_bot")
        if user.deleted:
            raise ApiError("channel_not_found")
        channel = at.dm(user.id) or fake.open_dm(at, user)
    else:
        channel = _writable(at, target)
    fake.check_message(args, "chat.postMessage")
    thread = args.get("thread_ts")
    if thread and thread not in channel.messages:
        fake.violate(f"chat.postMessage: no message {thread} to answer in a thread")
        raise ApiError("thread_not_found")
    message = fake.put(channel, at.bot, args.get("text", ""), args.get("blocks") or [], thread)
    message.metadata = args.get("metadata")
    return {"channel": channel.id, "ts": message.ts, "message": _posted(at, message)}


def _posted(at: Workspace, message: Message) -> Json:
    return payloads.shown(message) | {"bot_id": at.bot_id, "team": at.id}


def _writable(at: Workspace, channel_id: str) -> Channel:
    channel = channel_at(at, channel_id)
    if channel.is_archived:
        raise ApiError("is_archived")
    if at.bot.id not in channel.members and "chat:write.public" not in at.scopes:
        raise ApiError("not_in_channel")
    if channel.is_read_only:
        raise ApiError("restricted_action_read_only_channel")
    return channel


@method("chat.postEphemeral", "chat:write", ("channel", "user"),
        (*_TEXT, "thread_ts", "username", "icon_emoji", "icon_url"))  # fmt: skip
def chat_post_ephemeral(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    channel = channel_at(at, args["channel"])
    if at.bot.id not in channel.members:
        raise ApiError("not_in_channel")
    if args["user"] not in channel.members:
        raise ApiError("user_not_in_channel")
    if args.get("metadata"):
        fake.violate("chat.postEphemeral: metadata is ignored here")
    fake.check_message(args, "chat.postEphemeral")
    thread = args.get("thread_ts")
    message = fake.put(channel, at.bot, args.get("text", ""), args.get("blocks") or [], thread,
                       only_for=args["user"])  # fmt: skip
    return {"message_ts": message.ts}


@method("chat.update", "chat:write", ("channel", "ts"), (*_TEXT, "file_ids", "reply_broadcast"))
def chat_update(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    if args["channel"] in at.users:  # the id of the conversation is needed here, not the person's
        raise ApiError("channel_not_found")
    message = _changeable(at, args)
    if message.channel.is_archived:
        raise ApiError("is_inactive")
    if message.user != at.bot.id:
        raise ApiError("cant_update_message")
    if message.blocks and "blocks" not in args:
        fake.violate("chat.update: without blocks the old ones stay; say which are meant")
    fake.check_message({"blocks": message.blocks, **args}, "chat.update", sent=args)
    fake.change(message, args.get("text", message.text), args.get("blocks"))
    if "metadata" in args:
        message.metadata = args["metadata"]
    return {
        "channel": message.channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": _posted(at, message),
    }


@method("chat.delete", "chat:write", ("channel", "ts"), ("as_user",))
def chat_delete(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    message = _changeable(at, args)
    if message.user != at.bot.id:
        raise ApiError("cant_delete_message")
    fake.remove(message)
    return {"channel": message.channel.id, "ts": message.ts}


def _changeable(at: Workspace, args: Json) -> Message:
    channel = channel_at(at, args["channel"])
    if at.bot.id not in channel.members and not channel.is_archived:
        raise ApiError("not_in_channel")
    return message_at(at, args["channel"], args["ts"])


@method("chat.getPermalink", "", ("channel", "message_ts"), takes_json=False,
        needed_error="channel_not_found")  # fmt: skip
def chat_get_permalink(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    message = message_at(at, args["channel"], args["message_ts"])
    channel, name = message.channel, f"p{message.ts.replace('.', '')}"
    address = f"https://{at.domain}.slack.com/archives/{channel.id}/{name}"
    thread = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.thread_ts else ""
    return {"channel": channel.id, "permalink": f"{address}{thread}"}


@method("pins.add", "pins:write", ("channel",), ("timestamp",))
def pins_add(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    channel = _pinnable(at, args)
    if args["timestamp"] in channel.pins:
        raise ApiError("already_pinned")
    if len(channel.pins) >= 100:
        raise ApiError("too_many_pins")
    channel.pins.append(args["timestamp"])
    fake.notice(channel, "pinned a message to this channel.")
    return {}


@method("pins.remove", "pins:write", ("channel",), ("timestamp",))
def pins_remove(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    channel = _pinnable(at, args)
    if args["timestamp"] not in channel.pins:
        raise ApiError("no_pin")
    channel.pins.remove(args["timestamp"])
    return {}


@method("pins.list", "pins:read", ("channel",), takes_json=False)
def pins_list(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    channel = channel_at(at, args["channel"])
    pinned = [channel.messages[ts] for ts in reversed(channel.pins)]
    return {
        "items": [
            {
                "type": "message",
                "channel": channel.id,
                "created": 1700000000,
                "created_by": at.bot.id,
                "message": payloads.shown(message) | {"pinned_to": [channel.id]},
            }
            for message in pinned
        ]
    }


def _pinnable(at: Workspace, args: Json) -> Channel:
    channel = channel_at(at, args["channel"])
    if channel.is_archived:
        raise ApiError("is_archived")
    if at.bot.id not in channel.members:
        raise ApiError("not_in_channel")
    if channel.pins_restricted:
        raise ApiError("restricted_action")
    if not args.get("timestamp"):
        raise ApiError("no_item_specified")
    if message_at(at, channel.id, args["timestamp"]).is_notice:
        raise ApiError("not_pinnable")
    return channel
