"""How are the parts put together? The one place that knows all of them."""

from __future__ import annotations

import gc
import json
import logging
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.conversation import Conversation
from bot.errors import ContentError
from bot.guidance.build import build
from bot.guidance.check import check_files
from bot.guidance.load import GuidanceError, gather
from bot.guidance.model import Guidance
from bot.guidance.problems import RULES, Report
from bot.organization import Organization, extend, read_organization
from bot.privacy import OWN
from bot.settings import Settings

_OF_AUTHORS: Final = frozenset(code for code in RULES if code.startswith("C8"))
"""Stories that no longer come true are for authors to mend; people are served meanwhile."""

if TYPE_CHECKING:
    from aiohttp import web


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


def web_application(settings: Settings, conversation: Conversation) -> web.Application:
    """Return the web application: health, and every channel that is on."""
    from aiohttp import web

    from bot.channels.web.server import MAX_BODY, no_traceback, web_chat

    version = conversation.guidance.version

    async def live(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def ready(_: web.Request) -> web.Response:
        body = json.dumps({"ready": True, "guidance": version})
        return web.Response(text=body, content_type="application/json")

    application = web.Application(middlewares=[no_traceback], client_max_size=MAX_BODY)
    application.router.add_get("/health/live", live)
    application.router.add_get("/health/ready", ready)
    if settings.web_on:
        application.router.add_routes(web_chat(conversation))
    return application


def serve(settings: Settings, started: Callable[[Conversation], None]) -> None:
    """Serve every channel that is on until the process is told to stop."""
    from aiohttp import web

    conversation = open_conversation(settings)
    # The guidance lives as long as the process: the collector need not look through it each time.
    gc.freeze()
    application = web_application(settings, conversation)

    async def tell(_: web.Application) -> None:
        started(conversation)

    application.on_startup.append(tell)
    logging.getLogger(OWN).info("guidance version %s", conversation.guidance.version)
    web.run_app(
        application,
        host=settings.host,
        port=settings.port,
        access_log=None,
        print=None,
        handle_signals=True,
    )
