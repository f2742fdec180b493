"""What must Teams be told about the app? A zip: its manifest, its French, and two pictures.

The app asks for the least: it cannot read what is written in channels and chats unless somebody
names it there, and it opens no file.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlsplit

from bot.channels.teams.icons import color_icon, outline_icon
from bot.channels.teams.menu import Command, commands, pin_commands
from bot.guidance.model import Guidance, When
from bot.guidance.pages import HOME
from bot.guidance.words import Lang

NAME: Final = "cairn.zip"
NO_APP: Final = "00000000-0000-0000-0000-000000000000"
"""Stands in the manifest while there is no app registration; Teams refuses it."""
EXTENSION: Final = "check_before_post"
"""The id of the message extension's one command."""
PERMISSIONS: Final = ("identity", "messageTeamMembers")

_TITLE: Final = "Cairn"
_SCHEMA: Final = "1.25"
_TARGETED_SCHEMA: Final = "1.30"
_ADDRESS: Final = "https://developer.microsoft.com/json-schemas/teams/v{}/MicrosoftTeams.{}"
_COLOUR: Final = "#26374a"
_TRANSLATED: Final = re.compile(
    r"(?:name|description)\.(?:short|full)"
    r"|(?:bots\[0\]\.commandLists\[\d\]|composeExtensions\[0\])\.commands\[\d+\]"
    r"\.(?:title|description)"
)
_OLDEST: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip: the first that a zip can name."""


def package(guidance: Guidance, url: str, app_id: str, *, targeted: bool = False) -> bytes:
    """Return the zip for an app of this id (a GUID), reached at ``url`` (https).

    The same arguments give the same bytes. With ``targeted``, the app takes messages that only it
    sees, in teams and group chats; the tenant must have them.
    """
    zipped = BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        for name, data in files(guidance, url, app_id, targeted=targeted).items():
            entry = zipfile.ZipInfo(name, _OLDEST)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, data)
    return zipped.getvalue()


def files(
    guidance: Guidance, url: str, app_id: str, *, targeted: bool = False
) -> Mapping[str, bytes]:
    """Return what ``package`` puts into the zip, by name."""
    english = _manifest(guidance, url, app_id, "en", targeted=targeted)
    french = _manifest(guidance, url, app_id, "fr", targeted=targeted)
    schema = _ADDRESS.format(english["manifestVersion"], "Localization.schema.json")
    translated = {name: text for name, text in _texts(french, "") if _TRANSLATED.fullmatch(name)}
    return {
        "manifest.json": _json(english),
        "fr.json": _json({"$schema": schema, **translated}),
        "color.png": color_icon(),
        "outline.png": outline_icon(),
    }


def _manifest(
    guidance: Guidance, url: str, app_id: str, lang: Lang, *, targeted: bool
) -> dict[str, Any]:
    """Return the manifest with its texts in one language."""
    say = guidance.phrases
    schema = _TARGETED_SCHEMA if targeted else _SCHEMA
    site = f"{url.rstrip('/')}/"
    return {
        "$schema": _ADDRESS.format(schema, "schema.json"),
        "manifestVersion": schema,
        "version": version("cairn"),
        "id": app_id,
        "localizationInfo": {
            # A language without a country is for all its countries: fr-CA and fr-FR get French.
            "defaultLanguageTag": "en",
            "additionalLanguages": [{"languageTag": "fr", "file": "fr.json"}],
        },
        "developer": {
            "name": _TITLE,
            "websiteUrl": site,
            "privacyUrl": site,
            "termsOfUseUrl": site,
        },
        "name": {"short": _TITLE, "full": f"{_TITLE} · {say['tagline'][lang]}"},
        "description": {
            "short": say["tagline_short"][lang],
            "full": f"{say['what_i_am'][lang]} {guidance.promise.line[When.ALWAYS][lang]}",
        },
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": _COLOUR,
        "bots": [
            {
                "botId": app_id,
                "scopes": ["personal", "team", "groupChat"],
                "isNotificationOnly": False,
                "supportsFiles": False,
                **({"supportsTargetedMessages": True} if targeted else {}),
                "commandLists": _menus(guidance, lang, targeted=targeted),
            }
        ],
        "composeExtensions": [
            {
                "botId": app_id,
                "commands": [
                    {
                        "id": EXTENSION,
                        "type": "action",
                        "context": ["compose", "message"],
                        "fetchTask": True,
                        "title": say["extension_title"][lang],
                        "description": say["extension_about"][lang],
                        **({"triggers": ["slash"]} if targeted else {}),
                    }
                ],
            }
        ],
        "permissions": list(PERMISSIONS),
        # Since 1.25 Teams takes no app for teams that does not say this. It then offers the app in
        # private channels, where an office may work, and in shared ones too.
        "supportsChannelFeatures": "tier1",
        "validDomains": [urlsplit(url).hostname],
        "defaultInstallScope": "personal",
    }


def _menus(guidance: Guidance, lang: Lang, *, targeted: bool) -> list[dict[str, Any]]:
    """Return the menus of commands.

    A mention in a team or a group is read by all, so that its menu offers Home and pins alone:
    that somebody asked about a reported post is nobody's business. A targeted message is read by
    the bot only, and its menu offers everything.
    """
    everything = commands(guidance)
    pins = pin_commands(guidance)
    neutral = (*(one for one in everything if one.place == HOME), *pins)
    shared = ["team", "groupChat"]

    def menu(scopes: list[str], trigger: str, offered: tuple[Command, ...]) -> dict[str, Any]:
        return {
            "scopes": scopes,
            **({"triggers": [trigger]} if targeted else {}),
            "commands": [
                {"title": one.title[lang], "description": one.about[lang]} for one in offered
            ],
        }

    menus = [menu(["personal"], "mention", everything), menu(shared, "mention", neutral)]
    return [*menus, menu(shared, "slash", (*everything, *pins))] if targeted else menus


def _texts(value: object, name: str) -> Iterator[tuple[str, str]]:
    """Yield every text in a value of JSON with its name, as localization files write it."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(one, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _texts(one, f"{name}[{at}]")


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
