"""Is everything as it should be before people come? Settings, database, keys, clock, platforms.

Nothing is changed, nobody is written to, and no value of a setting is ever told.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from bot.errors import CairnError, CaseKeyError
from bot.findings import Finding, Grade, fix, good, note
from bot.guidance.model import Guidance
from bot.guidance.walk import GRACE
from bot.organization import Organization
from bot.reviews import BEFORE
from bot.settings import Settings

_TOLERABLE: Final = timedelta(seconds=30)
_FATAL: Final = timedelta(minutes=4)
"""Slack refuses what is five minutes off, and so do we."""

_STUCK: Final = timedelta(minutes=15)


def of_guidance(
    guidance: Guidance, organization: Organization | None, today: date
) -> Iterator[Finding]:
    """Yield what is to be said of the content: its version, its dates, and who approved it."""
    trees = len(guidance.trees)
    yield good(
        f"Guidance version {guidance.version}, {trees} walks.",
        f"Orientations version {guidance.version}, {trees} parcours.",
    )
    for tree in guidance.trees.values():
        day = tree.review_by.isoformat()
        if today > tree.review_by + GRACE:
            yield fix(
                f"The walk {tree.id} was to be reviewed by {day}; its answers are withdrawn. Have"
                " its owner review it, then change review_by.",
                f"Le parcours {tree.id} devait être revu au plus tard le {day}; ses réponses sont"
                " retirées. Faites-le revoir par le bureau responsable, puis changez review_by.",
            )
        elif today > tree.review_by - BEFORE:
            yield note(
                f"The walk {tree.id} is to be reviewed by {day}.",
                f"Le parcours {tree.id} doit être revu au plus tard le {day}.",
            )
    if organization is None:
        yield note(
            "CAIRN_ORGANIZATION is not set: offices are named without their contacts.",
            "CAIRN_ORGANIZATION n’est pas défini : les bureaux sont nommés sans leurs coordonnées.",
        )
        return
    if organization.approval is None or organization.approval.version != guidance.version:
        yield note(
            "This version of the guidance is not approved, and every screen says so.",
            "Cette version des orientations n’est pas approuvée, et chaque écran le dit.",
        )
    if organization.offline:
        yield note(
            "offline: true stands in the organization’s file: no guidance is given.",
            "offline: true figure dans le fichier de l’organisation : aucune orientation n’est"
            " donnée.",
        )
    if organization.legal_hold:
        yield note(
            "legal_hold: true stands in the organization’s file: nothing is erased.",
            "legal_hold: true figure dans le fichier de l’organisation : rien n’est effacé.",
        )


def of_settings(settings: Settings, *, hands_over: bool) -> Iterator[Finding]:
    """Yield what is to be said of the settings; ``hands_over``: an office takes hand-offs."""
    if not settings.slack_on and not settings.teams_on:
        yield note(
            "Neither Slack nor Teams is on; only the web chat and the terminal are.",
            "Ni Slack ni Teams n’est activé; seuls le clavardage Web et le terminal le sont.",
        )
        return
    if not settings.keys:
        yield fix(
            "CAIRN_SEAL_KEYS is not set: people’s places are lost at each restart. Make a key with"
            " openssl rand -base64 32.",
            "CAIRN_SEAL_KEYS n’est pas défini : les gens perdent leur place à chaque redémarrage."
            " Créez une clé avec openssl rand -base64 32.",
        )
    if set(settings.keys) & set(settings.case_key_bytes):
        yield fix(
            "CAIRN_SEAL_KEYS and CAIRN_CASE_KEYS share a key. Make another one: whoever gets one of"
            " them must not have the other.",
            "CAIRN_SEAL_KEYS et CAIRN_CASE_KEYS ont une clé en commun. Créez-en une autre : qui"
            " obtient l’une ne doit pas avoir l’autre.",
        )
    if hands_over and not settings.case_key_bytes:
        yield fix(
            "Offices take hand-offs, but CAIRN_CASE_KEYS is not set, so nothing can be sent. Make a"
            " key with openssl rand -base64 32.",
            "Des bureaux reçoivent des demandes, mais CAIRN_CASE_KEYS n’est pas défini; rien ne"
            " peut être envoyé. Créez une clé avec openssl rand -base64 32.",
        )


async def of_database(settings: Settings, now: datetime) -> list[Finding]:
    """Return what is to be said of the database, and of the keys that cases need."""
    from bot.desk.vault import Vault
    from bot.store.look import look
    from bot.store.upgrade import Age

    try:
        seen = await look(settings.database_url.get_secret_value())
    except CairnError as error:
        return [Finding(Grade.FIX, error.words)]
    found = [Finding(Grade.FIX, seen.obstacle.value)] if seen.obstacle else []
    match seen.age:
        case Age.ABSENT:
            return found or [
                good(
                    "Database: empty; the first start makes its tables.",
                    "Base de données : vide; le premier démarrage crée ses tables.",
                )
            ]
        case Age.OLDER:
            return [
                *found,
                note(
                    "Database: of an older version; the next start brings it to this one. Back it"
                    " up before.",
                    "Base de données : d’une version antérieure; le prochain démarrage la met à"
                    " jour. Faites-en d’abord une sauvegarde.",
                ),
            ]
        case Age.NEWER:
            return [
                fix(
                    "Database: made by a newer version of Cairn. Install that version, or restore"
                    " the backup made before the upgrade.",
                    "Base de données : créée par une version plus récente de Cairn. Installez cette"
                    " version ou restaurez la sauvegarde faite avant la mise à niveau.",
                )
            ]
    found = found or [
        good(
            "Database: it answers and can be written in, with the tables of this version.",
            "Base de données : elle répond et accepte l’écriture, avec les tables de cette"
            " version.",
        )
    ]
    if seen.clock is not None and seen.asked is not None:
        whose = ("the database’s", "celle de la base de données")
        found += of_clock(seen.clock, seen.asked, *whose, judges=False)
    if seen.keys and (keys := settings.case_key_bytes):
        held = Vault(keys).key_ids
        if not held.issuperset(seen.keys):
            found.append(Finding(Grade.FIX, CaseKeyError().words))
        elif len(keys) > 1 and seen.keys <= {Vault(keys).key_id}:
            found.append(
                note(
                    "All cases are locked by the first of CAIRN_CASE_KEYS: the others may go, once"
                    " no backup needs them.",
                    "Toutes les demandes sont verrouillées par la première de CAIRN_CASE_KEYS : les"
                    " autres peuvent être retirées dès qu’aucune sauvegarde n’en a besoin.",
                )
            )
    if seen.keys and not settings.case_key_bytes:
        found.append(
            fix(
                "The database holds cases, but CAIRN_CASE_KEYS is not set. Set the key that locks"
                " them.",
                "La base contient des demandes, mais CAIRN_CASE_KEYS n’est pas défini. Inscrivez-y"
                " la clé qui les verrouille.",
            )
        )
    if (waiting := seen.waiting) is not None:
        if waiting.parked:
            found.append(
                note(
                    f"Set aside, since they could not be sent: {waiting.parked}. The log says why.",
                    f"Envois impossibles, mis de côté : {waiting.parked}. Le journal dit pourquoi.",
                )
            )
        if waiting.oldest is not None and now.timestamp() - waiting.oldest > _STUCK.total_seconds():
            found.append(
                fix(
                    f"Something has waited for more than 15 minutes to be sent ({waiting.count} in"
                    " all). See whether Cairn runs, and what its log says of the platform.",
                    f"Quelque chose attend d’être envoyé depuis plus de 15 minutes ({waiting.count}"
                    " en tout). Vérifiez que Cairn fonctionne et ce que son journal dit de la"
                    " plateforme.",
                )
            )
    return found


def of_clock(
    theirs: datetime, ours: datetime, whose: str, celle: str, *, judges: bool = True
) -> list[Finding]:
    """Return what is to be said of this machine’s clock, held against another one."""
    off = abs(theirs - ours)
    seconds = int(off.total_seconds())
    if off > _FATAL and judges:
        return [
            fix(
                f"This machine’s clock differs from {whose} by {seconds} seconds: requests are"
                " refused. Set it by NTP.",
                f"L’horloge de cette machine s’écarte de {seconds} secondes de {celle} : les"
                " requêtes sont refusées. Réglez-la par NTP.",
            )
        ]
    if off > _TOLERABLE:
        return [
            note(
                f"This machine’s clock differs from {whose} by {seconds} seconds. Set it by NTP.",
                f"L’horloge de cette machine s’écarte de {seconds} secondes de {celle}. Réglez-la"
                " par NTP.",
            )
        ]
    return [
        good(
            f"This machine’s clock agrees with {whose}.",
            f"L’horloge de cette machine concorde avec {celle}.",
        )
    ]


def of_date(header: str | None, ours: datetime, whose: str, celle: str) -> list[Finding]:
    """Return the same of the date that stands in an answer; nothing where there is none."""
    try:
        theirs = parsedate_to_datetime(header) if header else None
    except ValueError:
        theirs = None
    if theirs is None or theirs.tzinfo is None:
        return []
    return of_clock(theirs, ours, whose, celle)


async def of_mail(settings: Settings) -> list[Finding]:
    """Return whether the mail server can be reached and lets us in; no letter is sent."""
    from bot.mail import SmtpLetters
    from bot.platforms import PlatformError

    server = settings.mail_server
    if server is None:
        return []
    try:
        await SmtpLetters(server).greet()
    except PlatformError as error:
        return [
            fix(
                f"The mail server does not take letters ({error.code}). Check CAIRN_SMTP_URL, and"
                " that Cairn may reach the server.",
                f"Le serveur de courriel n’accepte pas de courriels ({error.code}). Vérifiez"
                " CAIRN_SMTP_URL, et que Cairn peut joindre le serveur.",
            )
        ]
    return [good("The mail server lets Cairn in.", "Le serveur de courriel accepte Cairn.")]
