"""Does Slack know us, and may we do what we need? Asked once, for ``cairn doctor``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.sessions import hosts_of, new_session
from bot.channels.slack.client import SlackSettings, client_of
from bot.channels.slack.desk import SlackDesk
from bot.channels.slack.directory import Directory
from bot.channels.slack.errors import TRANSIENT, UNREADABLE, UnreachableError, told_by
from bot.channels.slack.manifest import OPTIONAL, SCOPES
from bot.channels.slack.outbound import Outbound
from bot.desk.case import MIN_CLAIMERS
from bot.desk.readers import MOST
from bot.findings import Finding, Heard, fix, good, note
from bot.guidance.words import Words
from bot.platforms import LaterError, OpenError, Place, PlatformError

_OPEN: Final = {
    "is_archived": Words(
        "is archived. Unarchive it, or name another one.",
        "est archivé. Désarchivez-le, ou indiquez-en un autre.",
    ),
    "not_private": Words(
        "is public, so nothing is posted there. Make it private.",
        "est public; rien n’y est donc publié. Rendez-le privé.",
    ),
    "shared": Words(
        "is shared with another workspace or organization, so nothing is posted there. End the"
        " sharing.",
        "est partagé avec un autre espace de travail ou une autre organisation; rien n’y est"
        " donc publié. Mettez fin au partage.",
    ),
    "guest_in_channel": Words(
        "holds somebody who is no full member of the workspace, so nothing is posted there."
        " Take them out of it.",
        "compte une personne qui n’est pas membre à part entière de l’espace de travail; rien"
        " n’y est donc publié. Retirez-la du canal.",
    ),
}
"""What an open channel is, by the words of the desk."""

_NOT_IN_IT: Final = frozenset({"channel_not_found", "not_in_channel"})


async def examine(
    settings: SlackSettings, desks: Mapping[str, Place]
) -> tuple[list[Finding], Heard | None]:
    """Return what is found, and the time that Slack says it is, if it answers.

    ``desks`` are the channels of the offices that take hand-offs here.
    """
    async with new_session(settings.api_url, hosts_of(settings.api_url)) as session:
        client = client_of(settings, session)
        answer, problem = await _asked(client, "auth.test", None)
        heard = datetime.now(UTC)
        if answer is None:
            return [_refused("CAIRN_SLACK_BOT_TOKEN", problem)], None
        found = [_known(answer.data), *_scopes(answer.headers), *_workspaces(settings, answer.data)]
        outbound = Outbound(client, session, time.monotonic)
        desk = SlackDesk(outbound, Directory(outbound, time.monotonic))
        for office, place in desks.items():
            found.append(await _channel_of(office, place, desk))
        if settings.app_token is not None:
            socket, problem = await _asked(client, "apps.connections.open", settings.app_token)
            if socket is None:
                found.append(_refused("CAIRN_SLACK_APP_TOKEN", problem))
            else:
                found.append(
                    good(
                        "Slack gives the address of a socket (Socket Mode).",
                        "Slack donne l’adresse d’un socket (mode Socket).",
                    )
                )
        return found, Heard(answer.headers.get("Date"), heard)


async def _asked(client: AsyncWebClient, method: str, token: str | None) -> tuple[Any, str]:
    """Return an answer of Slack, or nothing and its word for why."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        return await client.api_call(method, headers=headers), ""
    except SlackApiError as error:
        return None, told_by(error.response).code
    except UNREADABLE:
        return None, UnreachableError().code


async def _channel_of(office: str, place: Place, desk: SlackDesk) -> Finding:
    """Return whether an office's channel may be posted in, by the rules of the desk itself."""
    try:
        readers = await desk.readers(place)
    except OpenError as error:
        what = _OPEN[error.code]
        return fix(
            f"Slack: the channel of {office} {what.en}",
            f"Slack : le canal de {office} {what.fr}",
        )
    except LaterError as error:
        return note(
            f"Slack: nothing was said of the channel of {office} now ({error.code}). Run this"
            " again.",
            f"Slack : rien n’a été dit pour l’instant du canal de {office} ({error.code}). Relancez"
            " cette commande.",
        )
    except PlatformError as error:
        if error.code not in _NOT_IN_IT:
            return fix(
                f"Slack: nothing was said of the channel of {office} ({error.code}).",
                f"Slack : rien n’a été dit du canal de {office} ({error.code}).",
            )
        return fix(
            f"Slack: Cairn is not in the channel of {office}. Write /invite @Cairn there; a private"
            " channel that Cairn is not in cannot be told from one that does not exist.",
            f"Slack : Cairn n’est pas dans le canal de {office}. Écrivez-y /invite @Cairn; un canal"
            " privé où Cairn n’est pas ne se distingue pas d’un canal qui n’existe pas.",
        )
    if len(readers) < MIN_CLAIMERS:
        return fix(
            f"Slack: fewer than {MIN_CLAIMERS} people are in the channel of {office}, so nothing is"
            " sent there. Invite its people.",
            f"Slack : le canal de {office} compte moins de {MIN_CLAIMERS} personnes; rien n’y est"
            " donc envoyé. Invitez-y ses membres.",
        )
    if len(readers) > MOST:
        return fix(
            f"Slack: more than {MOST} people are in the channel of {office}, so nothing is sent"
            " there: whoever writes is shown each of them by name. Take some out of it.",
            f"Slack : le canal de {office} compte plus de {MOST} personnes; rien n’y est donc"
            " envoyé, puisque le nom de chacune est montré à qui écrit. Retirez-en quelques-unes.",
        )
    return good(
        f"Slack: the channel of {office} is private, and Cairn is in it.",
        f"Slack : le canal de {office} est privé, et Cairn y est.",
    )


def _refused(name: str, problem: str) -> Finding:
    if problem in TRANSIENT:
        return fix(
            f"Slack has no answer just now ({problem}). Run this again.",
            f"Slack n’a pas de réponse pour l’instant ({problem}). Relancez cette commande.",
        )
    if problem == UnreachableError().code:
        return fix(
            "Slack: no answer. Let Cairn call out to Slack’s address over HTTPS; a proxy is taken"
            " from HTTPS_PROXY.",
            "Slack : aucune réponse. Laissez Cairn joindre l’adresse de Slack par HTTPS; un"
            " mandataire se règle par HTTPS_PROXY.",
        )
    return fix(
        f"Slack does not accept {name} ({problem}). Copy it anew from the app’s page.",
        f"Slack n’accepte pas {name} ({problem}). Recopiez-le depuis la page de l’application.",
    )


def _known(told: Any) -> Finding:
    team = str(told.get("team_id", ""))
    return good(
        f"Slack accepts the token; its workspace is {team}.",
        f"Slack accepte le jeton; son espace de travail est {team}.",
    )


def _scopes(headers: Any) -> Iterator[Finding]:
    granted = {one.strip() for one in str(headers.get("x-oauth-scopes") or "").split(",")} - {""}
    if not granted:
        yield note(
            "Slack: which scopes were granted was not said.",
            "Slack : les portées accordées n’ont pas été indiquées.",
        )
        return
    lacking = [one for one in SCOPES if one not in granted and one not in OPTIONAL]
    extra = sorted(granted.difference(SCOPES))
    if lacking:
        named = ", ".join(lacking)
        yield fix(
            f"Slack: scopes that are lacking: {named}. Write the manifest anew (cairn manifest"
            " slack), put it into the app, and install the app again.",
            f"Slack : portées manquantes : {named}. Écrivez de nouveau le manifeste (cairn"
            " manifest slack), collez-le sur la page de l’application et réinstallez-la.",
        )
    if extra:
        named = ", ".join(extra)
        yield note(
            f"Slack: scopes that Cairn does not need: {named}. Take them away from the app.",
            f"Slack : portées inutiles à Cairn : {named}. Retirez-les de l’application.",
        )
    for one in OPTIONAL:
        if one not in granted:
            yield note(
                f"Slack: without {one}, people pin by hand what Cairn has posted.",
                f"Slack : sans {one}, les gens épinglent eux-mêmes ce que Cairn a publié.",
            )
    if not lacking:
        yield good("Slack: all scopes are there.", "Slack : toutes les portées y sont.")


def _workspaces(settings: SlackSettings, told: Any) -> Iterator[Finding]:
    served = set(settings.workspaces)
    own = {told.get("team_id"), told.get("enterprise_id")}
    if served and served.isdisjoint(own):
        yield fix(
            "CAIRN_SLACK_TEAMS does not hold the workspace of the token, so nobody is served"
            " there. Add it.",
            "CAIRN_SLACK_TEAMS ne contient pas l’espace de travail du jeton; personne n’y est"
            " servi. Ajoutez-le.",
        )
