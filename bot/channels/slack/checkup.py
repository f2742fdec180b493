"""Does Slack know us, and may we do what we need? Asked once, for ``cairn doctor``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.sessions import hosts_of, new_session
from bot.channels.slack.client import SlackSettings, client_of
from bot.channels.slack.manifest import OPTIONAL, SCOPES
from bot.channels.slack.outbound import TRANSIENT, LimitedError, UnreachableError, told_by
from bot.findings import Finding, fix, good, note


async def examine(
    settings: SlackSettings, desks: Mapping[str, str]
) -> tuple[list[Finding], str | None]:
    """Return what is found, and the time that Slack says it is, if it answers.

    ``desks`` are the channels of the offices that take hand-offs here.
    """
    async with new_session(settings.api_url, hosts_of(settings.api_url)) as session:
        client = client_of(settings, session)
        answer, problem = await _asked(client, "auth.test", None)
        if answer is None:
            return [_refused("CAIRN_SLACK_BOT_TOKEN", problem)], None
        found = [_known(answer.data), *_scopes(answer.headers), *_workspaces(settings, answer.data)]
        for office, channel in desks.items():
            found.append(await _desk(client, office, channel))
        if settings.app_token is not None:
            socket, problem = await _asked(client, "apps.connections.open", settings.app_token)
            if socket is None:
                found.append(_refused("CAIRN_SLACK_APP_TOKEN", problem))
            else:
                found.append(
                    good(
                        "Slack opens a socket (Socket Mode).",
                        "Slack ouvre un socket (mode Socket).",
                    )
                )
        return found, answer.headers.get("Date")


async def _asked(
    client: AsyncWebClient, method: str, token: str | None, **arguments: str
) -> tuple[Any, str]:
    """Return an answer of Slack, or nothing and its word for why."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        return await client.api_call(method, headers=headers, data=arguments), ""
    except SlackApiError as error:
        told = told_by(error.response)
        passing = isinstance(told, UnreachableError | LimitedError) or told.code in TRANSIENT
        return None, "unreachable" if passing else told.code
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None, "unreachable"


async def _desk(client: AsyncWebClient, office: str, channel: str) -> Finding:
    answer, problem = await _asked(client, "conversations.info", None, channel=channel)
    data = answer.data.get("channel") if answer is not None else None
    told = data if isinstance(data, dict) else {}
    if problem == "channel_not_found" or (told and told.get("is_member") is not True):
        return fix(
            f"Slack: Cairn is not in the channel of {office}. Write /invite @Cairn there; a private"
            " channel that Cairn is not in cannot be told from one that does not exist.",
            f"Slack : Cairn n’est pas dans le canal de {office}. Écrivez-y /invite @Cairn; un canal"
            " privé où Cairn n’est pas ne se distingue pas d’un canal qui n’existe pas.",
        )
    if not told:
        return fix(
            f"Slack: nothing was said of the channel of {office} ({problem}).",
            f"Slack : rien n’a été indiqué du canal de {office} ({problem}).",
        )
    shared = ("is_ext_shared", "is_pending_ext_shared")
    if told.get("is_private") is not True or any(told.get(one) for one in shared):
        return fix(
            f"Slack: the channel of {office} is public, or shared with another organization, so"
            " nothing is posted there. Make it private, and end the sharing.",
            f"Slack : le canal de {office} est public, ou partagé avec une autre organisation; rien"
            " n’y est donc publié. Rendez-le privé et mettez fin au partage.",
        )
    return good(
        f"Slack: the channel of {office} is private, and Cairn is in it.",
        f"Slack : le canal de {office} est privé, et Cairn y est.",
    )


def _refused(name: str, problem: str) -> Finding:
    if problem == "unreachable":
        return fix(
            "Slack: no answer. Let Cairn call out to Slack’s address over HTTPS; a proxy is taken"
            " from HTTPS_PROXY.",
            "Slack : aucune réponse. Laissez Cairn joindre l’adresse de Slack par HTTPS; un"
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
                f"Slack : sans {one}, les gens épinglent eux-mêmes ce que Cairn a publié.",
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
