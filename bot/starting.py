"""What is on when Cairn starts, and what is missing for the rest?"""

from __future__ import annotations

from collections.abc import Iterator

from bot.conversation import Conversation
from bot.guidance.words import Words
from bot.handoff import MAIL
from bot.settings import Settings


def told_at_start(conversation: Conversation, settings: Settings) -> Iterator[Words]:
    """Yield a sentence for each channel, and for what people would miss."""
    address, version = f"http://{settings.host}:{settings.port}", conversation.guidance.version
    yield Words(f"Cairn, guidance version {version}.", f"Cairn, orientations version {version}.")
    if settings.web_on:
        yield Words(f"Web chat: {address}/", f"Clavardage Web : {address}/")
    else:
        yield Words(
            "Web chat: off. Set CAIRN_WEB=true to switch it on for this address.",
            "Clavardage Web : désactivé. CAIRN_WEB=true l’active pour cette adresse.",
        )
    if settings.slack_on:
        ways = [f"{address}/slack/events"] if settings.slack_secrets else []
        ways += ["Socket Mode"] if settings.slack_app_token else []
        yield Words(f"Slack: on ({', '.join(ways)}).", f"Slack : activé ({', '.join(ways)}).")
    else:
        yield Words(
            "Slack: off. CAIRN_SLACK_BOT_TOKEN with CAIRN_SLACK_SIGNING_SECRETS switches it on.",
            "Slack : désactivé. CAIRN_SLACK_BOT_TOKEN et CAIRN_SLACK_SIGNING_SECRETS l’activent.",
        )
    if settings.teams_app_id is not None:
        way = f"{address}/api/messages"
        yield Words(f"Microsoft Teams: on ({way}).", f"Microsoft Teams : activé ({way}).")
    elif settings.teams_on:
        yield Words(
            f"Microsoft Teams: on for trying, without credentials ({address}/api/messages).",
            f"Microsoft Teams : activé à l’essai, sans identifiants ({address}/api/messages).",
        )
    else:
        yield Words(
            "Microsoft Teams: off. CAIRN_TEAMS_APP_ID, CAIRN_TEAMS_APP_PASSWORD and"
            " CAIRN_TEAMS_TENANTS switch it on.",
            "Microsoft Teams : désactivé. CAIRN_TEAMS_APP_ID, CAIRN_TEAMS_APP_PASSWORD et"
            " CAIRN_TEAMS_TENANTS l’activent.",
        )
    yield from _hand_off(conversation, settings)
    if conversation.guidance.learnt is None:
        yield Words(
            "What people type is not understood: content/learnt.bin is missing or cannot be read."
            " Run: make learn",
            "Ce que les gens tapent n’est pas compris : content/learnt.bin est absent ou illisible."
            " Lancez : make learn",
        )
    if (settings.slack_on or settings.teams_on) and not settings.keys:
        yield Words(
            "CAIRN_SEAL_KEYS is not set: a key was made for this run, and cards made before a"
            " restart cannot be opened after it.",
            "CAIRN_SEAL_KEYS n’est pas défini : une clé a été créée pour cette exécution, et les"
            " cartes faites avant un redémarrage ne pourront plus être ouvertes ensuite.",
        )


def _hand_off(conversation: Conversation, settings: Settings) -> Iterator[Words]:
    """Yield what is to be said of offices that people can write to."""
    contacts = conversation.organization.contacts if conversation.organization else {}
    desks = [one.desk for one in contacts.values() if one.desk is not None]
    if not desks or not (settings.slack_on or settings.teams_on):
        return
    if not settings.case_keys:
        yield Words(
            "Hand-off to offices: off. CAIRN_CASE_KEYS, which locks what people send, is not set.",
            "Transmission aux bureaux : désactivée. CAIRN_CASE_KEYS, qui verrouille ce que les gens"
            " envoient, n’est pas défini.",
        )
        return
    mail = settings.mail_server is not None
    on = {"slack": settings.slack_on, "teams": settings.teams_on, MAIL: mail}
    if many := sum(on[desk.on] for desk in desks):
        yield Words(
            f"Hand-off to offices: on ({many}).", f"Transmission aux bureaux : activée ({many})."
        )
    if not mail and any(desk.on == MAIL for desk in desks):
        yield Words(
            "Introductions by e-mail: off. CAIRN_SMTP_URL is not set, so these offices are shown"
            " with their contacts only.",
            "Mises en relation par courriel : désactivées. CAIRN_SMTP_URL n’est pas défini; seules"
            " les coordonnées de ces bureaux sont affichées.",
        )
    for name in sorted({d.on.capitalize() for d in desks if d.on != MAIL and not on[d.on]}):
        yield Words(
            f"{name} is off: of the offices that work there, only the contacts are shown.",
            f"{name} est désactivé : on n’affiche que les coordonnées des bureaux qui y"
            " travaillent.",
        )
