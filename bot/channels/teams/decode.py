"""Who did something in Teams, where, in which language, and with which words?

Who they are comes from the activity that was verified, never from what a button or a field holds.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from bot.channels.steps import Fields
from bot.channels.teams.transport import Chat
from bot.channels.typed import Typed
from bot.guidance.words import LANGS, Lang

Body = Mapping[str, Any]
_MOST: Final = 50
_LONGEST_ID: Final = 400
_MENTION: Final = re.compile(r"<at\b[^<>]*>[^<>]*</at>")
_OWN_ATTACHMENT: Final = "text/html"
"""What Teams adds to a message by itself: the same words as HTML."""

PERSONAL: Final = "personal"


@dataclass(frozen=True, slots=True)
class Person:
    """Who did it: their tenant, who they are in its directory, and their name for the service."""

    tenant: str
    user: str
    id: str

    @property
    def key(self) -> tuple[str, str]:
        """What their work is kept in order by."""
        return (self.tenant, self.user)


@dataclass(frozen=True, slots=True)
class Press:
    """A button: what it does, the capsule with it, and the fields of its card.

    ``lang`` is the language of the card, where the names of its fields tell it.
    """

    do: str
    capsule: object
    fields: Fields
    lang: Lang | None = None


def person_of(activity: Body) -> Person | None:
    """Return who sent an activity; nobody where it does not say."""
    sender = _dict(activity, "from")
    user, tenant = sender.get("id"), tenant_of(activity)
    if not is_id(user) or tenant is None:
        return None
    known = sender.get("aadObjectId")
    return Person(tenant, known if is_id(known) else user, user)


def tenant_of(activity: Body) -> str | None:
    """Return the tenant of an activity: where it stands twice, both must say the same."""
    places = (
        _dict(_dict(activity, "channelData"), "tenant").get("id"),
        _dict(activity, "conversation").get("tenantId"),
    )
    found = {one.lower() for one in places if is_id(one)}
    return found.pop() if len(found) == 1 and all(map(is_id, places)) else None


def team_of(activity: Body) -> str | None:
    """Return the team to whose channel an activity belongs; nothing where it is none."""
    found = _dict(_dict(activity, "channelData"), "team").get("id")
    return found if is_id(found) else None


def chat_of(activity: Body, person: Person) -> Chat | None:
    """Return where an activity is answered."""
    conversation, bot = _dict(activity, "conversation").get("id"), _dict(activity, "recipient")
    address, me = activity.get("serviceUrl"), bot.get("id")
    if not (is_id(conversation) and isinstance(address, str) and is_id(me)):
        return None
    return Chat(address, conversation, person.tenant, me)


def is_personal(activity: Body) -> bool:
    """Tell whether an activity comes from the chat of one person with Cairn."""
    return _dict(activity, "conversation").get("conversationType") == PERSONAL


def language_of(activity: Body) -> Lang | None:
    """Return the language that a person's Teams is in, where it is one of ours."""
    locale = activity.get("locale")
    if not isinstance(locale, str):
        entities = activity.get("entities")
        given = (
            [one.get("locale") for one in entities if isinstance(one, dict)]
            if (isinstance(entities, list))
            else []
        )
        locale = next((one for one in given if isinstance(one, str)), "")
    tongue = locale[:2].lower()
    return next((lang for lang in LANGS if lang == tongue), None)


def typed_of(activity: Body, *, edited: bool = False) -> Typed:
    """Return what somebody typed, without the names that they point at."""
    text = activity.get("text")
    words = _words(_MENTION.sub("", text)).strip() if isinstance(text, str) else ""
    attachments = activity.get("attachments")
    kinds = [
        one.get("contentType")
        for one in (attachments if isinstance(attachments, list) else ())
        if isinstance(one, dict)
    ]
    files = any(kind != _OWN_ATTACHMENT for kind in kinds)
    return Typed(words, has_files=files, is_edited=edited)


def _words(text: str) -> str:
    """Return text with its entities as the letters that they stand for."""
    try:
        return html.unescape(text)
    except ValueError:  # one of them is a number of thousands of digits
        return text


def press_of(data: object, verb: object = None) -> Press:
    """Return what a button means, by the data that came with it; ``verb`` goes before it."""
    given = data if isinstance(data, dict) else {}
    do = verb if isinstance(verb, str) else given.get("do")
    shown = {name.split(":")[1] for name in given if name.count(":") >= 1}
    lang = next((one for one in LANGS if one in shown), None)
    return Press(do if isinstance(do, str) else "", given.get("c"), fields_of(given), lang)


def fields_of(data: Body) -> Fields:
    """Return what the fields of a card hold; what is not of our making is left out."""
    picked: dict[str, tuple[str, ...]] = {}
    question = typed = ""
    for name, value in data.items():
        if not isinstance(value, str):
            continue
        kind, _, rest = name.partition(":")
        if kind == "say":
            typed = value
        elif kind in ("pick", "goto", "change", "lang"):
            picked[kind] = tuple(value.split(",")[:_MOST]) if value else ()
            if kind == "pick":
                question = rest.rpartition(":")[2]
    return Fields(picked, question, typed)


def is_id(value: object) -> TypeGuard[str]:
    """Tell whether a value is a name that a platform gives: printable, and not too long."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= _LONGEST_ID
        and value.isascii()
        and value.isprintable()
    )


def _dict(body: Body, name: str) -> Body:
    found = body.get(name)
    return found if isinstance(found, dict) else {}
