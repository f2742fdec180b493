"""auth.test, users.* and conversations.*, and the way to the socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.slack.api import ApiError, channel_at, method, missing_scope, true
from tests.slack.state import Channel, Json, User, Workspace

if TYPE_CHECKING:
    from tests.slack.fake import FakeSlack


@method("auth.test")
def auth_test(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    return {
        "url": f"https://{at.domain}.slack.com/",
        "team": at.domain,
        "user": at.bot.name,
        "team_id": at.id,
        "user_id": at.bot.id,
        "bot_id": at.bot_id,
        "is_enterprise_install": False,
    }


@method("users.info", "users:read", ("user",), ("include_locale",), takes_json=False,
        needed_error="user_not_found")  # fmt: skip
def users_info(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    user = at.users.get(args["user"])
    if user is None:
        raise ApiError("user_not_found")
    return {"user": _user(user, locale=true(args.get("include_locale")))}


def _user(user: User, *, locale: bool) -> Json:
    body: Json = {
        "id": user.id,
        "team_id": user.team,
        "name": user.name,
        "deleted": user.deleted,
        "real_name": user.real_name or user.name,
        "tz": user.tz,
        "tz_label": "Eastern Standard Time",
        "tz_offset": -18000,
        "profile": {
            "real_name": user.real_name or user.name,
            "display_name": user.name,
            "team": user.team,
        },
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": 1700000000,
    }
    if not user.deleted:
        body |= {
            "is_admin": user.is_admin,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": user.is_restricted,
            "is_ultra_restricted": user.is_ultra_restricted,
        }
    if user.is_stranger:
        body["is_stranger"] = True
    if user.enterprise:
        body["enterprise_user"] = {"id": user.id, "enterprise_id": user.enterprise}
    if locale:
        body["locale"] = user.locale
    return body


@method("conversations.open", "im:write", (), ("users", "channel", "return_im", "prevent_creation"))
def conversations_open(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    users = args.get("users", [])
    ids = [one for one in (users.split(",") if isinstance(users, str) else users) if one]
    if "channel" in args:
        channel = channel_at(at, args["channel"])
        return {"no_op": True, "already_open": True, "channel": {"id": channel.id}}
    if not ids:
        raise ApiError("users_list_not_supplied")
    if len(ids) > 1:
        raise ApiError("not_enough_users", "several people: the fake has no group conversations")
    user = at.users.get(ids[0].strip())
    if user is None:
        raise ApiError("user_not_found")
    if user.deleted:
        raise ApiError("user_disabled")
    if user.is_bot:
        raise ApiError("cannot_dm_bot")
    known = at.dm(user.id)
    channel = known or fake.open_dm(at, user)
    body: Json = {"id": channel.id}
    if true(args.get("return_im")):
        body = _conversation(at, channel)
    answer: Json = {"channel": body}
    return {"no_op": True, "already_open": True, **answer} if known else answer


_READ = {"im": "im:read", "mpim": "mpim:read", "private": "groups:read", "public": "channels:read"}


@method("conversations.info", "", ("channel",), ("include_locale", "include_num_members"),
        takes_json=False)  # fmt: skip
def conversations_info(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    channel = _readable(at, args["channel"])
    body = _conversation(at, channel)
    if true(args.get("include_num_members")):
        body["num_members"] = len(channel.members)
    return {"channel": body}


@method("conversations.members", "", ("channel",), ("cursor", "limit"), takes_json=False)
def conversations_members(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    channel = _readable(at, args["channel"])
    members = sorted(channel.members)
    limit = int(args.get("limit") or 100)
    if not 1 <= limit <= 1000:
        raise ApiError("invalid_limit")
    cursor = str(args.get("cursor") or "")
    if cursor and not cursor.isdigit():
        raise ApiError("invalid_cursor")
    start = int(cursor or 0)
    limit = min(limit, fake.page)
    more = str(start + limit) if start + limit < len(members) else ""
    page = members[start : start + limit]
    return {"members": page, "response_metadata": {"next_cursor": more}}


def _readable(at: Workspace, channel_id: str) -> Channel:
    channel = at.channels.get(channel_id)
    if channel is None:
        if not at.scopes & set(_READ.values()):
            raise missing_scope(at, "channels:read,groups:read,mpim:read,im:read")
        raise ApiError("channel_not_found")
    kind = "im" if channel.is_im else "private" if channel.is_private else "public"
    kind = "mpim" if channel.is_mpim else kind
    if _READ[kind] not in at.scopes:
        raise missing_scope(at, _READ[kind])
    if kind != "public" and at.bot.id not in channel.members:
        raise ApiError("channel_not_found")
    return channel


def _conversation(at: Workspace, channel: Channel) -> Json:
    body: Json = {
        "id": channel.id,
        "created": 1700000000,
        "is_archived": channel.is_archived,
        "is_im": channel.is_im,
        "is_org_shared": channel.is_org_shared,
        "context_team_id": at.id,
        "updated": 1700000000000,
    }
    if channel.is_im:
        other = next(iter(channel.members - {at.bot.id}))
        return body | {"user": other, "is_user_deleted": at.users[other].deleted, "is_open": True}
    return body | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": True,
        "is_group": False,
        "is_mpim": channel.is_mpim,
        "is_private": channel.is_private,
        "is_general": False,
        "is_shared": channel.is_ext_shared or channel.is_org_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_pending_ext_shared": channel.is_pending_ext_shared,
        "is_member": at.bot.id in channel.members,
        "is_read_only": channel.is_read_only,
    }


@method("apps.connections.open", "connections:write")
def apps_connections_open(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    return {"url": fake.socket.url()}
