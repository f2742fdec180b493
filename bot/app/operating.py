"""What can an operator ask of a store that perhaps serves at the same time?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from bot.app.reading import read_guidance, utc_now
from bot.app.slack import slack_settings
from bot.app.teams import token_source
from bot.disclosure import Cell, shown
from bot.errors import ContentError, Mistake, SettingsError
from bot.findings import Finding, Grade
from bot.settings import Settings
from bot.weeks import last_shown

if TYPE_CHECKING:
    from bot.desk.timekeeping import Timekeeper
    from bot.organization import Organization
    from bot.platforms import Place


@asynccontextmanager
async def timekeeper(settings: Settings) -> AsyncIterator[Timekeeper]:
    """Open the cases for an operator's command.

    Raises:
        SettingsError: the keys of cases or the organization's file are not set.
        StoreError: the database cannot be used, or has not the tables of this version.

    """
    from bot.desk.archive import Archive
    from bot.desk.directory import Directory
    from bot.desk.timekeeping import Timekeeper
    from bot.desk.vault import Vault
    from bot.seal import new_key
    from bot.store import open_current

    for name in ("case_keys", "organization"):
        if not getattr(settings, name):
            raise SettingsError(Mistake.MISSING, f"CAIRN_{name.upper()}")
    _, organization = read_guidance(settings.guidance, settings.organization, None)
    assert organization is not None
    keys = settings.keys or (new_key(),)
    store = await open_current(settings.database_url.get_secret_value(), keys, utc_now)
    try:
        archive = Archive(store, Vault(settings.case_key_bytes))
        yield Timekeeper(archive, Directory(organization))
    finally:
        await store.close()


async def examined(settings: Settings, now: datetime) -> AsyncIterator[Finding]:
    """Yield what there is to say of all parts, without changing any; see ``doctor``."""
    from bot import doctor

    organization = None
    try:
        guidance, organization = read_guidance(settings.guidance, settings.organization, now.date())
    except ContentError as error:
        yield Finding(Grade.FIX, error.words)
    else:
        today = now.astimezone(organization.zone if organization else None).date()
        for finding in doctor.of_guidance(guidance, organization, today):
            yield finding
    contacts = organization.contacts.values() if organization else ()
    takes = any(contact.desk is not None for contact in contacts)
    for finding in doctor.of_settings(settings, hands_over=takes):
        yield finding
    if settings.slack_on or settings.teams_on:
        for finding in await doctor.of_database(settings, now):
            yield finding
    if settings.slack_on:
        from bot.channels.slack import checkup

        found, heard = await checkup.examine(slack_settings(settings), _on_slack(organization))
        if heard is not None:
            found += doctor.of_date(heard.date, heard.at, "Slack’s", "celle de Slack")
        for finding in found:
            yield finding
    if (tokens := token_source(settings)) is not None:
        from bot.channels.teams.checkup import examine

        found, heard = await examine(tokens, settings.teams_metadata_url)
        if heard is not None:
            found += doctor.of_date(heard.date, heard.at, "Microsoft’s", "celle de Microsoft")
        for finding in found:
            yield finding
    for finding in await doctor.of_mail(settings):
        yield finding


def _on_slack(organization: Organization | None) -> dict[str, Place]:
    """Return the channels of the offices that take hand-offs on Slack."""
    from bot.desk.directory import Directory

    if organization is None:
        return {}
    directory = Directory(organization)
    places = {name: directory.place(name) for name in organization.contacts}
    return {name: at for name, at in places.items() if at is not None and at.platform == "slack"}


async def shown_counts(settings: Settings, now: datetime) -> dict[Cell, int]:
    """Return what may be shown of the counts in the store, and nothing else of them.

    Raises:
        StoreError: the database cannot be used, or has not the tables of this version.

    """
    from bot.seal import new_key
    from bot.store import counts, open_current

    keys = settings.keys or (new_key(),)
    store = await open_current(settings.database_url.get_secret_value(), keys, utc_now)
    try:
        async with store.transaction() as transaction:
            return shown(await counts.read(transaction.connection, last_shown(now)), now)
    finally:
        await store.close()
