"""Does Slack know us, and may we do what we need? Asked once, for ``cairn doctor``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.sessions import hosts_of, new_session, proxy_for
from bot.channels.slack.channel import SlackSettings
from bot.channels.slack.manifest import OPTIONAL, SCOPES
from bot.channels.slack.outbound import TRANSIENT, LimitedError, UnreachableError, told_by
from bot.findings import Finding, fix, good, note


async def examine(settings: SlackSettings) -> tuple[list[Finding], str | None]:
    """Return what is found, and the time that Slack says it is, if it answers."""
    async with new_session(settings.api_url, hosts_of(settings.api_url)) as session:
        proxy = proxy_for(settings.api_url)
        client = AsyncWebClient(
            token=settings.bot_token,
            base_url=settings.api_url,
            session=session,
            retry_handlers=[],
            proxy=proxy,
        )
        client.proxy = proxy
        answer, problem = await _asked(client, "auth.test", None)
        if answer is None:
            return [_refused("CAIRN_SLACK_BOT_TOKEN", problem)], None
        found = [_known(answer.data), *_scopes(answer.headers), *_workspaces(settings, answer.data)]
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


async def _asked(client: AsyncWebClient, method: str, token: str | None) -> tuple[Any, str]:
    """Return an answer of Slack, or nothing and its word for why."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        return await client.api_call(method, headers=headers), ""
    except SlackApiError as error:
        told = told_by(error.response)
        passing = isinstance(told, UnreachableError | LimitedError) or told.code in TRANSIENT
        return None, "unreachable" if passing else told.code
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None, "unreachable"


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
