"""How are the manifests of Slack and Teams written?"""

from __future__ import annotations

import argparse
import re
import sys
from typing import Final

from bot.app import open_conversation, read_guidance
from bot.cli.reader import reader
from bot.errors import UsageError
from bot.guidance.words import Words
from bot.settings import Settings

_ADDRESS: Final = re.compile(r"https://[^\s/?#@]+(?:/[^\s?#]*)?")


def run_manifest(arguments: argparse.Namespace, settings: Settings) -> int:
    """Write the manifest of a platform."""
    made = _slack_manifest if arguments.platform == "slack" else _teams_package
    name, content = made(arguments.url, settings)
    target = arguments.out / name
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as error:
        raise UsageError(
            Words(
                f"The file {target} cannot be written ({error.strerror}).",
                f"Le fichier {target} ne peut pas être écrit ({error.strerror}).",
            )
        ) from None
    print(target)
    return 0


def _slack_manifest(url: str | None, settings: Settings) -> tuple[str, bytes]:
    from bot.channels.slack.manifest import NAME, as_yaml

    if url is not None and not _ADDRESS.fullmatch(url):
        raise UsageError(
            Words(
                "Slack calls only addresses that begin with https://. Write the public address of"
                " Cairn, or leave --url out for Socket Mode.",
                "Slack n’appelle que des adresses qui commencent par https://. Écrivez l’adresse"
                " publique de Cairn, ou omettez --url pour le mode Socket.",
            )
        )
    return NAME, as_yaml(open_conversation(settings, preview=True).guidance, url).encode()


def _teams_package(url: str | None, settings: Settings) -> tuple[str, bytes]:
    from bot.channels.teams.manifest import NAME, NO_APP, package

    if url is None or not _ADDRESS.fullmatch(url):
        raise UsageError(
            Words(
                "Teams calls only addresses that begin with https://. Write the public address of"
                " Cairn, such as --url https://cairn.lakes.example.",
                "Teams n’appelle que des adresses qui commencent par https://. Écrivez l’adresse"
                " publique de Cairn, par exemple --url https://cairn.lakes.example.",
            )
        )
    guidance, organization = read_guidance(settings.guidance, settings.organization, None)
    if not settings.teams_app_id:
        told = Words(
            "CAIRN_TEAMS_APP_ID is not set. The app in this zip has an id of zeros, which Teams"
            " does not take: set it to the id of your app registration and run this again.",
            "CAIRN_TEAMS_APP_ID n’est pas défini. L’application dans ce fichier zip porte un"
            " identifiant fait de zéros, que Teams n’accepte pas : donnez à ce réglage"
            " l’identifiant de votre inscription d’application, puis relancez la commande.",
        )
        print(f"cairn: {told[reader()]}", file=sys.stderr)
    targeted = organization is not None and organization.targeted_messages
    app_id = settings.teams_app_id or NO_APP
    return NAME, package(guidance, url, app_id, targeted=targeted)
