"""How is the whole put together, served and kept current?"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.app.parts import Parts, add_store
from bot.app.reading import hands_over, open_conversation, reachable, read_guidance, utc_now
from bot.app.slack import add_slack
from bot.app.standing import add_desk, add_pins, add_reviews
from bot.app.teams import add_teams
from bot.app.watching import add_health, add_metrics, is_held, is_offline, measured_by, not_too_fast
from bot.conversation import Conversation
from bot.errors import ContentError
from bot.guidance.model import Guidance
from bot.health import Health
from bot.organization import Organization
from bot.organization_file import switched_on
from bot.privacy import OWN
from bot.reload import Reload, Source, Stamps
from bot.serving import LINGER, listen
from bot.settings import Settings

if TYPE_CHECKING:
    from aiohttp import web

    from bot.metrics import Metrics
    from bot.store import Store


def web_application(settings: Settings, conversation: Conversation) -> web.Application:
    """Return the web application: health, and every channel that is on."""
    from bot.metrics import Metrics

    return put_together(settings, conversation, Health(), Metrics())[0]


def put_together(
    settings: Settings, conversation: Conversation, health: Health, metrics: Metrics
) -> tuple[web.Application, Conversation]:
    """Return the application, and the conversation that its channels have."""
    from aiohttp import web

    from bot.channels.web.server import MAX_BODY, guarded, no_traceback, web_chat
    from bot.seal import Seal, new_key
    from bot.tally import Tally

    conversation = conversation.of(reachable(conversation.organization, settings))
    application = web.Application(
        middlewares=[measured_by(metrics), no_traceback], client_max_size=MAX_BODY
    )
    application.on_response_prepare.append(guarded)
    add_health(application, conversation, health)
    store: web.AppKey[Store] | None = None
    if settings.slack_on or settings.teams_on:
        keys = settings.keys or (new_key(),)
        tally = Tally(utc_now)
        quiet, conversation = conversation.always(), conversation.counting(tally.count)
        store = add_store(application, settings, keys, health, tally)
        seal = Seal(keys, conversation.guidance, utc_now)
        conversation.follow(seal.follow)
        parts = Parts(
            conversation,
            quiet,
            seal,
            store,
            hands_over(conversation, settings),
            health=health,
            metrics=metrics,
        )
        if settings.slack_on:
            add_slack(application, settings, parts)
        if settings.teams_on:
            add_teams(application, settings, parts)
        add_pins(application, parts, keys)
        add_reviews(application, settings, parts)
        if parts.hands_over:
            add_desk(application, settings, parts, keys)
    if settings.metrics_on:
        add_metrics(application, conversation, health, metrics, store)
    if settings.web_on:
        application.middlewares.append(not_too_fast(metrics))
        application.router.add_routes(web_chat(conversation.on("web")))
    return application, conversation


def serve(
    settings: Settings,
    started: Callable[[Conversation], None],
    log: Callable[[logging.Handler], None],
) -> None:
    """Serve every channel that is on until the process is told to stop.

    ``started`` is called when it listens; ``log`` with what counts the lines of the log.
    """
    from bot.metrics import Metrics

    known = Source(settings.guidance, settings.organization).stamps()
    conversation = open_conversation(settings)
    health, metrics = Health(), Metrics()
    log(metrics.count_lines())
    application, served = put_together(settings, conversation, health, metrics)
    application.cleanup_ctx.append(_reloading(settings, known, served))
    # Kept by itself: the guidance of now, which goes with it, would stay when another one is said.
    organization = conversation.organization
    del conversation

    async def leave_be(_: web.Application) -> None:
        _leave_be()

    def listening() -> None:
        started(served.of(organization))

    def draining() -> None:
        health.draining = True
        logging.getLogger(OWN).info("told to stop; what has begun is finished")

    application.on_startup.append(leave_be)
    logging.getLogger(OWN).info("guidance version %s", served.guidance.version)
    linger = LINGER if settings.several else 0.0
    asyncio.run(
        listen(
            application,
            settings.host,
            settings.port,
            listening=listening,
            draining=draining,
            linger=linger,
        )
    )


def reload_of(
    settings: Settings,
    known: Stamps,
    conversation: Conversation,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Reload:
    """Return what has files said that change while the program runs; ``known`` are the old."""
    handed_over = hands_over(conversation, settings)

    def read() -> tuple[Guidance, Organization | None]:
        try:
            return read_guidance(settings.guidance, settings.organization, utc_now().date())
        except ContentError as error:
            organization, path = conversation.organization, settings.organization
            if organization is None or path is None:
                raise
            switches = switched_on(path)
            held = "legal_hold" in switches and not organization.legal_hold
            if "offline" not in switches and not held:
                raise
            # Whoever mends guidance that is wrong may leave it broken meanwhile, and what was
            # erased in the meantime does not come back.
            logging.getLogger(OWN).error(  # noqa: TRY400 the places say all
                "%s is in force, as the organization's file says; besides, it could not be used:"
                " %s; cairn check says more",
                " and ".join(sorted(switches)),
                error.places,
            )
            return conversation.guidance, replace(
                organization,
                offline=organization.offline or "offline" in switches,
                legal_hold=organization.legal_hold or held,
            )

    def swap(guidance: Guidance, organization: Organization | None) -> None:
        before, held = is_offline(conversation), is_held(conversation)
        conversation.swap(guidance, reachable(organization, settings))
        if hands_over(conversation, settings) != handed_over:
            logging.getLogger(OWN).warning(
                "whether offices take hand-offs has changed: restart Cairn for that"
            )
        if is_offline(conversation) != before:
            logging.getLogger(OWN).warning(
                "guidance is given again" if before else "no guidance is given from now on"
            )
        if is_held(conversation) != held:
            logging.getLogger(OWN).warning(
                "cases are erased again" if held else "no case is erased from now on"
            )
        _leave_be()

    source = Source(settings.guidance, settings.organization)
    return Reload(source, known, read, swap, sleep)


def _reloading(
    settings: Settings, known: Stamps, conversation: Conversation
) -> Callable[[web.Application], AsyncIterator[None]]:
    """Return what reads the files anew for as long as the application runs."""

    async def running(_: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(reload_of(settings, known, conversation).run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return running


def _leave_be() -> None:
    """Have no more looks through what lives as long as the process: they hold everybody up."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
