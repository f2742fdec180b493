"""What is said, and by whose organization? The guidance, the file, and what can be reached."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from bot.conversation import Conversation
from bot.errors import ContentError
from bot.guidance.build import build
from bot.guidance.check import check_files
from bot.guidance.load import GuidanceError, gather
from bot.guidance.model import Guidance
from bot.guidance.problems import RULES, Report
from bot.handoff import MAIL
from bot.organization import Organization, extend
from bot.organization_file import read_organization
from bot.settings import Settings

_OF_AUTHORS: Final = frozenset(code for code in RULES if code.startswith("C8"))
"""What authors mend while people are served: stories, examples and the change log."""


def read_guidance(
    folder: Path, organization: Path | None, today: date | None
) -> tuple[Guidance, Organization | None]:
    """Read the guidance and the organization's file, and put the one into the other.

    With ``today`` the guidance is checked as well, as it must be before people are served; a
    preview does without, so that authors see what they are still mending.

    Raises:
        ContentError: one of them has an error; Cairn says nothing rather than something wrong.

    """
    report = Report()
    files = gather(folder, report)
    if report.failed:
        guidance = None
    elif today is None:
        guidance = build(files, report)
    else:
        guidance = check_files(files, today, report).guidance
    own = None
    if guidance is not None and organization is not None:
        own = read_organization(organization, files, guidance, report)
    blocking = [p for p in report.sorted() if p.severity == "error" and p.code not in _OF_AUTHORS]
    if blocking or guidance is None:
        raise ContentError(GuidanceError(blocking))
    return (extend(guidance, own), own) if own is not None else (guidance, None)


def utc_now() -> datetime:
    """Return the present time; the one clock of the program."""
    return datetime.now(UTC)


def open_conversation(settings: Settings, *, preview: bool = False) -> Conversation:
    """Return the conversation that the settings describe; a preview is not checked."""
    today = None if preview else utc_now().date()
    guidance, organization = read_guidance(settings.guidance, settings.organization, today)
    return Conversation(guidance, organization, utc_now)


def reachable(organization: Organization | None, settings: Settings) -> Organization | None:
    """Return an organization in which an office takes what can reach it, and nothing else."""
    if organization is None:
        return None
    on = {
        "slack": settings.slack_on,
        "teams": settings.teams_on,
        MAIL: settings.mail_server is not None,
    }
    contacts = {
        name: contact
        if contact.desk is None or on[contact.desk.on]
        else replace(contact, desk=None)
        for name, contact in organization.contacts.items()
    }
    return replace(organization, contacts=contacts)


def hands_over(conversation: Conversation, settings: Settings) -> bool:
    """Tell whether something can be sent to an office: an office takes it, and a key locks it."""
    organization = conversation.organization
    takes = organization is not None and any(
        contact.desk is not None for contact in organization.contacts.values()
    )
    return takes and bool(settings.case_key_bytes) and (settings.slack_on or settings.teams_on)
