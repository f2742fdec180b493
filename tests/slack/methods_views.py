"""views.*"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.slack.api import ApiError, method
from tests.slack.state import Json, View, Workspace

if TYPE_CHECKING:
    from tests.slack.fake import FakeSlack


@method("views.open", "", ("view",), ("trigger_id", "interactivity_pointer"))
def views_open(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    fake.check_view(args["view"], "views.open", "modal")
    _new(fake, at, args["view"])
    trigger = fake.exchange(at, str(args.get("trigger_id", "")))
    return {"view": fake.shown_view(at, fake.open_view(trigger.user, args["view"]))}


@method("views.push", "", ("view",), ("trigger_id", "interactivity_pointer"))
def views_push(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    fake.check_view(args["view"], "views.push", "modal")
    _new(fake, at, args["view"])
    trigger = fake.exchange(at, str(args.get("trigger_id", "")))
    if trigger.view is None or not trigger.view.open or trigger.view.type != "modal":
        raise ApiError("not_found")
    if len(fake.stacks[trigger.user.id]) >= 3:
        raise ApiError("push_limit_reached")
    return {"view": fake.shown_view(at, fake.push_view(trigger.user, args["view"]))}


@method("views.update", "", ("view",), ("view_id", "external_id", "hash"))
def views_update(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    view = _view(fake, at, args)
    fake.check_view(args["view"], "views.update", view.type)
    if args.get("hash") and args["hash"] != view.hash:
        raise ApiError("hash_conflict")
    fake.fill_view(view, args["view"])
    return {"view": fake.shown_view(at, view)}


def _new(fake: FakeSlack, at: Workspace, payload: Json) -> None:
    """A name of the program's own is of one view in the workspace."""
    name = payload.get("external_id")
    open_views = [view for view in fake.views.values() if view.open and view.user.id in at.users]
    if name and any(view.payload.get("external_id") == name for view in open_views):
        raise ApiError("duplicate_external_id")


def _view(fake: FakeSlack, at: Workspace, args: Json) -> View:
    if not args.get("view_id") and not args.get("external_id"):
        raise ApiError("invalid_arguments", "either view_id or external_id is required")
    for view in fake.views.values():
        external = view.payload.get("external_id")
        named = args.get("view_id") in (None, view.id)
        named = named and args.get("external_id") in (None, external)
        if named and view.open and view.user.id in at.users:
            return view
    raise ApiError("not_found")


@method("views.publish", "", ("user_id", "view"), ("hash",))
def views_publish(fake: FakeSlack, at: Workspace, args: Json) -> Json:
    user = at.users.get(args["user_id"])
    if user is None or user.deleted or user.is_bot:
        raise ApiError("invalid_arguments", "no such user [json-pointer:/user_id]")
    fake.check_view(args["view"], "views.publish", "home")
    home = at.homes.get(user.id)
    if args.get("hash") and home is not None and args["hash"] != home.hash:
        raise ApiError("hash_conflict")
    if home is None:
        home = at.homes[user.id] = fake.new_view(user, "home")
    fake.fill_view(home, args["view"])
    return {"view": fake.shown_view(at, home)}
