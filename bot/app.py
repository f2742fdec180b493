"""How are the parts put together? The one place that knows all of them."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.conversation import Conversation
from bot.disclosure import Cell, shown
from bot.errors import CairnError, ContentError, Mistake, SettingsError
from bot.findings import Finding, Grade
from bot.guidance.build import build
from bot.guidance.check import check_files
from bot.guidance.load import GuidanceError, gather
from bot.guidance.model import Guidance
from bot.guidance.problems import RULES, Report
from bot.handoff import MAIL
from bot.health import Health
from bot.jobs import at_times, by_one
from bot.organization import Organization, extend
from bot.organization_file import read_organization
from bot.privacy import OWN
from bot.reload import Reload, Source, Stamps
from bot.serving import LINGER, listen
from bot.settings import Settings, is_loopback
from bot.weeks import last_shown

_OF_AUTHORS: Final = frozenset(code for code in RULES if code.startswith("C8"))
"""What authors mend while people are served: stories, examples and the change log."""

_HOUR: Final = 3600.0
_OFTEN: Final = 300.0
_ROUTES: Final = {"/slack/events": "slack", "/api/messages": "teams", "/": "web"}
"""What a route is called in the metrics; each other one is "other"."""
_NOT_WEB: Final = frozenset(
    {"/slack/events", "/api/messages", "/health/live", "/health/ready", "/metrics"}
)
_WEB_BURST: Final = 200
_WEB_RATE: Final = 50.0
"""Pages of one address: many people may share it."""

if TYPE_CHECKING:
    from aiohttp import web

    from bot.channels.slack.channel import SlackChannel, SlackSettings
    from bot.channels.teams.channel import TeamsChannel
    from bot.channels.teams.tokens import TokenSource
    from bot.desk.timekeeping import Timekeeper
    from bot.metrics import Metrics, Waiting
    from bot.seal import Seal
    from bot.store import Store
    from bot.tally import Tally


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the chat channels share; ``quiet`` is for pins, counts nothing and goes on always."""

    conversation: Conversation
    quiet: Conversation
    seal: Seal
    store: web.AppKey[Store]
    hands_over: bool
    health: Health
    metrics: Metrics


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
    from bot.metrics import Metrics

    return _put_together(settings, conversation, Health(), Metrics())[0]


def _put_together(
    settings: Settings, conversation: Conversation, health: Health, metrics: Metrics
) -> tuple[web.Application, Conversation]:
    """Return the application, and the conversation that its channels have."""
    from aiohttp import web

    from bot.channels.web.server import MAX_BODY, guarded, no_traceback, web_chat
    from bot.seal import Seal, new_key
    from bot.tally import Tally

    conversation = conversation.of(_reachable(conversation.organization, settings))
    application = web.Application(
        middlewares=[_measured(metrics), no_traceback], client_max_size=MAX_BODY
    )
    application.on_response_prepare.append(guarded)
    _add_health(application, conversation, health)
    if settings.metrics_on:
        _add_metrics(application, conversation, health, metrics)
    if settings.slack_on or settings.teams_on:
        keys = settings.keys or (new_key(),)
        tally = Tally(utc_now)
        quiet, conversation = conversation.always(), conversation.counting(tally.count)
        store = _add_store(application, settings, keys, health, tally)
        seal = Seal(keys, conversation.guidance, utc_now)
        conversation.follow(seal.follow)
        parts = _Parts(
            conversation,
            quiet,
            seal,
            store,
            hands_over(conversation, settings),
            health=health,
            metrics=metrics,
        )
        if settings.slack_on:
            _add_slack(application, settings, parts)
        if settings.teams_on:
            _add_teams(application, settings, parts)
        _add_pins(application, parts, keys)
        _add_reviews(application, settings, parts)
        if parts.hands_over:
            _add_desk(application, settings, parts, keys)
    if settings.web_on:
        application.middlewares.append(_not_too_fast(metrics))
        application.router.add_routes(web_chat(conversation.on("web")))
    return application, conversation


def _reachable(organization: Organization | None, settings: Settings) -> Organization | None:
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


def _measured(metrics: Metrics) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Return the middleware that measures how long each request takes."""
    from aiohttp import web

    @web.middleware
    async def measured(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        began, status = time.monotonic(), HTTPStatus.INTERNAL_SERVER_ERROR.value
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as answered:
            status = answered.status
            raise
        finally:
            route = _ROUTES.get(request.path, "other")
            metrics.request(route, status, time.monotonic() - began)
        return response

    return measured


def _not_too_fast(metrics: Metrics) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Return the middleware that keeps one address from taking the web chat from all others.

    This machine is let through: what comes from it comes from a proxy, which knows the addresses.
    """
    from aiohttp import web

    from bot.channels.speed import Speed

    speed = Speed(time.monotonic, burst=_WEB_BURST, rate=_WEB_RATE)

    @web.middleware
    async def not_too_fast(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        name = request.remote or ""
        if request.path in _NOT_WEB or is_loopback(name) or speed.allows(name):
            return await handler(request)
        metrics.slowed("web")
        return web.Response(
            text="Too many requests. Please wait a few seconds.\n"
            "Trop de demandes. Veuillez attendre quelques secondes.\n",
            status=HTTPStatus.TOO_MANY_REQUESTS,
            headers={"Retry-After": "5", "Cache-Control": "no-store"},
        )

    return not_too_fast


def _add_health(application: web.Application, conversation: Conversation, health: Health) -> None:
    from aiohttp import web

    async def live(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def is_ready(_: web.Request) -> web.Response:
        state = await health.state()
        body = {
            "ready": state.ready,
            "whole": state.whole,
            "draining": state.draining,
            "guidance": conversation.guidance.version,
            "parts": dict(state.parts),
        }
        status = HTTPStatus.OK if state.ready else HTTPStatus.SERVICE_UNAVAILABLE
        return web.Response(text=json.dumps(body), content_type="application/json", status=status)

    application.router.add_get("/health/live", live)
    application.router.add_get("/health/ready", is_ready)


def _add_metrics(
    application: web.Application, conversation: Conversation, health: Health, metrics: Metrics
) -> None:
    """Add the page of numbers."""
    from aiohttp import web

    from bot.metrics import CONTENT_TYPE

    async def page(_: web.Request) -> web.Response:
        guidance = conversation.guidance
        dates = [tree.review_by for tree in guidance.trees.values()]
        days = (min(dates) - conversation.today).days if dates else 0
        metrics.show(await health.state(), guidance.version, days, await _waiting(application))
        for name, channel in _channels(application).items():
            metrics.work(name, channel.tasks.count)
        return web.Response(body=metrics.page(), headers={"Content-Type": CONTENT_TYPE})

    application.router.add_get("/metrics", page)


async def _waiting(application: web.Application) -> Waiting | None:
    """Return what waits in the store; nothing where there is none, or none that answers."""
    from bot.metrics import Waiting
    from bot.store import Store, outbox

    store = next((one for one in application.values() if isinstance(one, Store)), None)
    if store is None:
        return None
    try:
        async with store.transaction() as transaction:
            found = await outbox.waiting(transaction.connection)
            now = transaction.now.timestamp()
    except CairnError:
        return None
    oldest = max(0.0, now - found.oldest) if found.oldest is not None else 0.0
    return Waiting(found.count, oldest, found.parked)


def _add_store(
    application: web.Application,
    settings: Settings,
    keys: Sequence[bytes],
    health: Health,
    tally: Tally,
) -> web.AppKey[Store]:
    """Add the store, which lives as long as the application; return where it is kept.

    What people do is counted in it.
    """
    from aiohttp import web

    from bot.store import Store, open_store

    kept = web.AppKey("store", Store)

    async def running(application: web.Application) -> AsyncIterator[None]:
        store = await open_store(settings.database_url.get_secret_value(), keys, utc_now)
        try:
            application[kept] = store
            health.shared["store"] = store.healthy
            async with forgetting(store), tally.running(store):
                yield
        finally:
            await store.close()

    application.cleanup_ctx.append(running)
    return kept


def _slack_settings(settings: Settings) -> SlackSettings:
    """Return what the operator set for Slack, which is on."""
    from bot.channels.slack.channel import SlackSettings

    assert settings.slack_bot_token is not None
    app_token = settings.slack_app_token
    return SlackSettings(
        bot_token=settings.slack_bot_token.get_secret_value(),
        signing_secrets=settings.slack_secrets,
        app_token=app_token.get_secret_value() if app_token is not None else None,
        api_url=settings.slack_api_url,
        workspaces=settings.slack_workspaces,
    )


def _add_slack(
    application: web.Application,
    settings: Settings,
    parts: _Parts,
) -> None:
    """Add the Slack channel: its session and tasks live as long as the application."""
    from bot.channels.sessions import host_of, new_session
    from bot.channels.slack.channel import CHANNEL, PATH, SlackChannel

    slack = _slack_settings(settings)

    async def running(application: web.Application) -> AsyncIterator[None]:
        home = host_of(slack.api_url)
        hosts = frozenset({home, f"*.{home}"})
        called = partial(parts.metrics.call, "slack")
        async with new_session(slack.api_url, hosts, called) as session:
            store = application[parts.store]
            channel = SlackChannel(
                slack,
                parts.conversation.on("slack", hands_over=parts.hands_over),
                parts.seal,
                store,
                session,
                clock=utc_now,
                failed=partial(parts.metrics.failed, "slack"),
                slowed=partial(parts.metrics.slowed, "slack"),
            )
            application[CHANNEL] = channel
            async with channel.running():
                yield

    async def post(request: web.Request) -> web.Response:
        return await application[CHANNEL].post(request)

    application.cleanup_ctx.append(running)
    if slack.signing_secrets:
        application.router.add_post(PATH, post)

    async def is_ready() -> bool:
        return CHANNEL in application and application[CHANNEL].is_ready

    parts.health.vital["slack"] = is_ready


def _tokens(settings: Settings, scope: str | None = None) -> TokenSource | None:
    """Return with which tokens Teams is called; nothing where it is off, or on this machine."""
    from bot.channels.teams.tokens import BOT_FRAMEWORK, TokenSource

    app_id, password = settings.teams_app_id, settings.teams_app_password
    tenant = settings.teams_tenant
    if app_id is None or password is None or tenant is None:
        return None
    return TokenSource(app_id, password.get_secret_value(), tenant, scope=scope or BOT_FRAMEWORK)


def _add_teams(
    application: web.Application,
    settings: Settings,
    parts: _Parts,
) -> None:
    """Add the Teams channel: its session and tasks live as long as the application."""
    from bot.channels.sessions import host_of, new_session
    from bot.channels.teams.channel import CHANNEL, PATH, TeamsChannel, TeamsSettings
    from bot.channels.teams.connector import Connector
    from bot.channels.teams.graph import HOST, Graph
    from bot.channels.teams.keys import Keys
    from bot.channels.teams.tokens import GRAPH
    from bot.channels.teams.transport import BotFramework

    app_id = settings.teams_app_id
    organization = parts.conversation.organization
    teams = TeamsSettings(
        tenants=settings.teams_tenants_served,
        hosts=settings.teams_hosts,
        targeted=organization is not None and organization.targeted_messages,
        app_id=app_id,
    )

    async def running(application: web.Application) -> AsyncIterator[None]:
        # Without an app nothing but this machine is called, and no proxy is asked for that.
        calls = settings.teams_metadata_url if app_id is not None else "http://127.0.0.1/"
        by_graph = organization is not None and organization.pin_by_graph
        own = {host_of(calls), HOST} if by_graph else {host_of(calls)}
        hosts = own | {name.partition(":")[0] for name in teams.hosts}
        called = partial(parts.metrics.call, "teams")
        async with new_session(calls, frozenset(hosts), called) as session:
            tokens = _tokens(settings)
            keys = Keys(settings.teams_metadata_url, session) if tokens is not None else None
            graph = None
            if by_graph and tokens is not None:
                its_own = _tokens(settings, GRAPH)
                graph = Graph(Connector(session, frozenset({HOST}), its_own))
            transport = BotFramework(
                Connector(session, teams.hosts, tokens), app_id=app_id, keys=keys
            )
            store = application[parts.store]
            channel = TeamsChannel(
                teams,
                parts.conversation.on("teams", hands_over=parts.hands_over),
                parts.seal,
                store,
                transport,
                graph=graph,
                slowed=partial(parts.metrics.slowed, "teams"),
            )
            application[CHANNEL] = channel
            async with channel.running():
                yield

    async def post(request: web.Request) -> web.StreamResponse:
        return await application[CHANNEL].post(request)

    async def is_ready() -> bool:
        return CHANNEL in application

    application.cleanup_ctx.append(running)
    application.router.add_post(PATH, post)
    parts.health.vital["teams"] = is_ready


def _channels(application: web.Application) -> Mapping[str, SlackChannel | TeamsChannel]:
    """Return the chat channels that are there."""
    from bot.channels.slack.channel import CHANNEL as SLACK
    from bot.channels.teams.channel import CHANNEL as TEAMS

    found: dict[str, SlackChannel | TeamsChannel] = {}
    if SLACK in application:
        found["slack"] = application[SLACK]
    if TEAMS in application:
        found["teams"] = application[TEAMS]
    return found


def _add_pins(application: web.Application, parts: _Parts, keys: Sequence[bytes]) -> None:
    """Add the pins, which stand in channels and are kept current."""
    from bot.forms import PINS
    from bot.pins.counter import PinCounter
    from bot.pins.keeper import Keeper
    from bot.pins.port import Board
    from bot.pins.service import Pins
    from bot.seal import Envelope

    async def running(application: web.Application) -> AsyncIterator[None]:
        channels = _channels(application)
        boards: dict[str, Board] = {name: channel.board for name, channel in channels.items()}
        quiet = {name: parts.quiet.on(name) for name in channels}
        pins = Pins(application[parts.store])
        keeper = Keeper(pins, boards, quiet)
        counter = PinCounter(pins, keeper, boards, parts.quiet, Envelope(keys, utc_now))

        async def left(platform: str, tenant: str, channel: str | None) -> None:
            await pins.forget(platform, tenant, channel)

        for channel in channels.values():
            channel.serve(PINS, counter)
            channel.on_left = left
        parts.conversation.follow(lambda _: keeper.ring())
        keeping = asyncio.create_task(keeper.run())
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await keeper.drain()
            await counter.drain()

    application.cleanup_ctx.append(running)


def _add_reviews(application: web.Application, settings: Settings, parts: _Parts) -> None:
    """Add what tells owners that their guidance is to be reviewed."""
    from bot.desk.port import Letters
    from bot.mail import SmtpLetters
    from bot.reviews import Reviews

    async def running(application: web.Application) -> AsyncIterator[None]:
        server = settings.mail_server
        letters: Letters | None = SmtpLetters(server) if server is not None else None
        platforms = {name: channel.platform for name, channel in _channels(application).items()}
        reviews = Reviews(application[parts.store], parts.conversation, platforms, letters)
        turn = by_one(application[parts.store], "reviews", reviews.tick)
        task = asyncio.create_task(at_times(turn, _OFTEN))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    application.cleanup_ctx.append(running)


def _add_desk(
    application: web.Application, settings: Settings, parts: _Parts, keys: Sequence[bytes]
) -> None:
    """Add the desk, which hands over to offices, as soon as the channels are there."""
    from bot.delivery import Delivery
    from bot.desk.archive import Archive
    from bot.desk.cards import Cards
    from bot.desk.counter import DeskCounter
    from bot.desk.directory import Directory
    from bot.desk.port import Letters, Platform
    from bot.desk.posting import Posting
    from bot.desk.readers import Audience
    from bot.desk.service import Desk
    from bot.desk.timekeeping import Timekeeper
    from bot.desk.vault import Vault
    from bot.forms import DESK
    from bot.jobs import keep_time
    from bot.mail import SmtpLetters
    from bot.seal import Envelope

    def start(application: web.Application) -> list[asyncio.Task[None]]:
        """Have the desk of the present guidance and organization served."""
        conversation = parts.conversation
        organization, guidance = conversation.organization, conversation.guidance
        assert organization is not None
        archive = Archive(application[parts.store], Vault(settings.case_key_bytes))
        directory = Directory(organization)
        server = settings.mail_server
        letters: Letters | None = SmtpLetters(server) if server is not None else None
        channels = _channels(application)
        platforms: dict[str, Platform] = {
            name: channel.platform for name, channel in channels.items()
        }
        delivery = Delivery(
            Posting(archive), directory, Cards(guidance, directory), platforms, letters
        )
        for name, channel in channels.items():
            channel.serve(
                DESK,
                DeskCounter(
                    Desk(archive, directory),
                    directory,
                    Audience(platforms, directory),
                    conversation.on(name, hands_over=True),
                    organization=organization,
                    envelope=Envelope(keys, utc_now),
                    clock=utc_now,
                    ring=delivery.ring,
                ),
            )
        return [
            asyncio.create_task(delivery.run()),
            asyncio.create_task(
                keep_time(Timekeeper(archive, directory), application[parts.store])
            ),
        ]

    async def running(application: web.Application) -> AsyncIterator[None]:
        async with _anew_with_each(parts.conversation, lambda: start(application)):
            yield

    application.cleanup_ctx.append(running)


@asynccontextmanager
async def _anew_with_each(
    conversation: Conversation, start: Callable[[], list[asyncio.Task[None]]]
) -> AsyncIterator[None]:
    """Start tasks, and anew whenever other guidance is said, until the block ends."""
    changed, work = asyncio.Event(), start()
    conversation.follow(lambda _: changed.set())

    async def stop() -> None:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    async def follow() -> None:
        while True:
            await changed.wait()
            changed.clear()
            await stop()
            work[:] = start()

    following = asyncio.create_task(follow())
    try:
        yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await stop()


@asynccontextmanager
async def timekeeper(settings: Settings) -> AsyncIterator[Timekeeper]:
    """Open the cases for an operator's command.

    Raises:
        SettingsError: the keys of cases or the organization's file are not set.
        StoreError: the database cannot be used.

    """
    from bot.desk.archive import Archive
    from bot.desk.directory import Directory
    from bot.desk.timekeeping import Timekeeper
    from bot.desk.vault import Vault
    from bot.seal import new_key
    from bot.store import open_store

    for name in ("case_keys", "organization"):
        if not getattr(settings, name):
            raise SettingsError(Mistake.MISSING, f"CAIRN_{name.upper()}")
    _, organization = read_guidance(settings.guidance, settings.organization, None)
    assert organization is not None
    keys = settings.keys or (new_key(),)
    store = await open_store(settings.database_url.get_secret_value(), keys, utc_now)
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

        found, at = await checkup.examine(_slack_settings(settings))
        for finding in found + doctor.of_date(at, utc_now(), "Slack’s", "celle de Slack"):
            yield finding
    if (tokens := _tokens(settings)) is not None:
        from bot.channels.teams.checkup import examine

        found, at = await examine(tokens, settings.teams_metadata_url)
        theirs = doctor.of_date(at, utc_now(), "Microsoft’s", "celle de Microsoft")
        for finding in found + theirs:
            yield finding
    for finding in await doctor.of_mail(settings):
        yield finding


async def shown_counts(settings: Settings, now: datetime) -> dict[Cell, int]:
    """Return what may be shown of the counts in the store, and nothing else of them.

    Raises:
        StoreError: the database cannot be used.

    """
    from bot.seal import new_key
    from bot.store import counts, open_store

    keys = settings.keys or (new_key(),)
    store = await open_store(settings.database_url.get_secret_value(), keys, utc_now)
    try:
        async with store.transaction() as transaction:
            return shown(await counts.read(transaction.connection, last_shown(now)), now)
    finally:
        await store.close()


@asynccontextmanager
async def forgetting(store: Store) -> AsyncIterator[None]:
    """Have the store forget what is more than a day old, each hour, until the block ends."""
    task = asyncio.create_task(at_times(by_one(store, "forgetting", store.forget_old), _HOUR))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _reloading(
    settings: Settings, known: Stamps, conversation: Conversation
) -> Callable[[web.Application], AsyncIterator[None]]:
    """Return what has files said that change while the application runs; ``known`` are the old."""
    handed_over = hands_over(conversation, settings)

    def read() -> tuple[Guidance, Organization | None]:
        return read_guidance(settings.guidance, settings.organization, utc_now().date())

    def swap(guidance: Guidance, organization: Organization | None) -> None:
        conversation.swap(guidance, _reachable(organization, settings))
        if hands_over(conversation, settings) != handed_over:
            logging.getLogger(OWN).warning(
                "whether offices take hand-offs has changed: restart Cairn for that"
            )
        _leave_be()

    async def running(_: web.Application) -> AsyncIterator[None]:
        source = Source(settings.guidance, settings.organization)
        task = asyncio.create_task(Reload(source, known, read, swap).run())
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
    application, served = _put_together(settings, conversation, health, metrics)
    application.cleanup_ctx.append(_reloading(settings, known, served))

    async def tell(_: web.Application) -> None:
        _leave_be()
        started(conversation)

    def draining() -> None:
        health.draining = True
        logging.getLogger(OWN).info("told to stop; what has begun is finished")

    application.on_startup.append(tell)
    logging.getLogger(OWN).info("guidance version %s", conversation.guidance.version)
    linger = LINGER if settings.several else 0.0
    asyncio.run(listen(application, settings.host, settings.port, draining=draining, linger=linger))
