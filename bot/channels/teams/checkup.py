"""Does Microsoft know us, and can its signatures be checked? Asked once, for ``cairn doctor``."""

from __future__ import annotations

from datetime import UTC, datetime

import aiohttp

from bot.channels.sessions import host_of, new_session
from bot.channels.teams.keys import Keys
from bot.channels.teams.tokens import TokenSource
from bot.channels.teams.transport import TransportError, UnauthorizedError, UnreachableError
from bot.findings import Finding, Heard, fix, good


async def examine(tokens: TokenSource, metadata_url: str) -> tuple[list[Finding], Heard | None]:
    """Return what is found, and the time that the Bot Framework says it is, if it answers."""
    found = [await _token(tokens)]
    heard = None
    async with new_session(metadata_url, frozenset({host_of(metadata_url)})) as session:
        try:
            await Keys(metadata_url, session).get("")
        except UnauthorizedError:
            # There is no key of no name; that it is said shows that the others are there.
            found.append(
                good(
                    "Teams: the keys that its requests are signed with can be read.",
                    "Teams : les clés qui signent ses requêtes peuvent être lues.",
                )
            )
        except UnreachableError:
            host = host_of(metadata_url)
            found.append(
                fix(
                    f"Teams: the keys of its requests cannot be read. Let Cairn call out to {host}"
                    " over HTTPS; until then every request is put off.",
                    f"Teams : les clés de ses requêtes ne peuvent pas être lues. Laissez Cairn"
                    f" joindre {host} par HTTPS; d’ici là, toute requête est remise à plus tard.",
                )
            )
        try:
            async with session.get(metadata_url, allow_redirects=False) as answer:
                heard = Heard(answer.headers.get("Date"), datetime.now(UTC))
        except (aiohttp.ClientError, TimeoutError, OSError):
            heard = None
    return found, heard


async def _token(tokens: TokenSource) -> Finding:
    try:
        await tokens.get()
    except UnreachableError:
        return fix(
            "Teams: no token, since the login host did not answer. Let Cairn call out to"
            " login.microsoftonline.com over HTTPS.",
            "Teams : aucun jeton, car l’hôte de connexion n’a pas répondu. Laissez Cairn joindre"
            " login.microsoftonline.com par HTTPS.",
        )
    except TransportError as error:
        return fix(
            f"Teams: Microsoft does not accept the app ({error.code}). Check CAIRN_TEAMS_APP_ID and"
            " CAIRN_TEAMS_APP_TENANT, and whether the password of CAIRN_TEAMS_APP_PASSWORD has"
            " ended.",
            f"Teams : Microsoft n’accepte pas l’application ({error.code}). Vérifiez"
            " CAIRN_TEAMS_APP_ID et CAIRN_TEAMS_APP_TENANT, et que le mot de passe de"
            " CAIRN_TEAMS_APP_PASSWORD n’a pas expiré.",
        )
    return good("Teams: Microsoft gives a token.", "Teams : Microsoft accorde un jeton.")
