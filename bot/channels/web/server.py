"""How does the web chat answer a request? Form in, page out, nothing kept.

A ticket travels in the body of a POST, never in an address, so it stands in no log, history or
referrer. Every page is ``no-store``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from importlib.resources import files
from typing import Final

from aiohttp import web

from bot.channels.web.render import renderer
from bot.conversation import (
    Act,
    Back,
    Change,
    Choose,
    Conversation,
    Look,
    Move,
    Open,
    Rate,
    Reply,
    Say,
    StartOver,
)
from bot.guidance.pages import HOME, Part
from bot.guidance.screen import Trouble
from bot.guidance.words import LANGS, Lang
from bot.privacy import OWN, where_of

MAX_BODY: Final = 64 * 1024
"""Bytes of a form; a larger request is refused before it is read."""

_MAX_FIELDS: Final = 40
_SLOWEST: Final = 5.0
"""Seconds within which a form must have come."""

_PAGE_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self';"
    " script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}
_EVERYWHERE: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
"""What each answer tells a browser, unless it says something else itself."""

_STATIC: Final = {
    "cairn.css": "text/css",
    "cairn.js": "text/javascript",
    "cairn.svg": "image/svg+xml",
}
_STATUS: Final = {
    Trouble.UNKNOWN_PLACE: HTTPStatus.NOT_FOUND,
    Trouble.TOO_LONG: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Trouble.NOT_AN_OPTION: HTTPStatus.BAD_REQUEST,
    Trouble.UNKNOWN_LANGUAGE: HTTPStatus.BAD_REQUEST,
}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def web_chat(conversation: Conversation) -> list[web.RouteDef]:
    """Return the routes of the web chat."""
    chat = _Chat(conversation)
    static = files("bot.channels.web") / "static"
    content = {name: (static / name).read_bytes() for name in _STATIC}

    async def file(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in content:
            return chat.trouble(request, Trouble.UNKNOWN_PLACE)
        return web.Response(
            body=content[name],
            content_type=_STATIC[name],
            headers={"Cache-Control": "public, max-age=300"},
        )

    return [
        web.get("/", chat.get),
        web.post("/", chat.post),
        web.get("/static/{name}", file),
        web.route("*", "/{rest:.*}", chat.nowhere),
    ]


class _Chat:
    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._render = renderer()

    async def get(self, request: web.Request) -> web.Response:
        """Answer with the first page, in the language that the browser asks for."""
        return self._page(self._respond(Move(HOME, _wanted(request), Open(HOME))))

    async def post(self, request: web.Request) -> web.Response:
        """Answer a form with the page it leads to."""
        try:
            fields = await _fields(request)
        except web.HTTPRequestEntityTooLarge:
            return self.trouble(request, Trouble.TOO_LONG)
        except TimeoutError:
            return self.trouble(request, Trouble.NOT_AN_OPTION, HTTPStatus.REQUEST_TIMEOUT)
        except (ValueError, web.HTTPException, web.RequestPayloadError):
            return self.trouble(request, Trouble.NOT_AN_OPTION)
        reply = self._respond(decode(fields, _wanted(request)))
        if fields.get("lang", [""])[0] not in (*LANGS, ""):
            reply = reply.with_trouble(Trouble.UNKNOWN_LANGUAGE)
        return self._page(reply)

    async def nowhere(self, request: web.Request) -> web.Response:
        """Answer for an address that does not exist."""
        return self.trouble(request, Trouble.UNKNOWN_PLACE)

    def trouble(
        self, request: web.Request, trouble: Trouble, status: HTTPStatus | None = None
    ) -> web.Response:
        """Answer with the first page and a sentence about what was wrong."""
        reply = self._respond(Move(HOME, _wanted(request), Open(HOME)))
        return self._page(reply.with_trouble(trouble), status)

    def _respond(self, move: Move) -> Reply:
        return self._conversation.respond(move)

    def _page(self, reply: Reply, status: HTTPStatus | None = None) -> web.Response:
        trouble = reply.screen.trouble
        usual = _STATUS.get(trouble, HTTPStatus.OK) if trouble else HTTPStatus.OK
        return web.Response(
            text=self._render(reply),
            content_type="text/html",
            charset="utf-8",
            status=status or usual,
            headers={**_PAGE_HEADERS, "Content-Language": f"{reply.lang}-CA"},
        )


async def _fields(request: web.Request) -> Mapping[str, list[str]]:
    """Read the fields of a plain form; files and other content are refused."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise ValueError
    if (request.charset or "utf-8").lower() != "utf-8":
        raise ValueError
    async with asyncio.timeout(_SLOWEST):
        form = await request.post()
    if len(form) > _MAX_FIELDS:
        raise ValueError
    fields: dict[str, list[str]] = {}
    for name, value in form.items():
        if not isinstance(value, str):
            raise ValueError  # noqa: TRY004 a bad request, not a mistake of ours
        fields.setdefault(name, []).append(value)
    return fields


def decode(fields: Mapping[str, list[str]], otherwise: Lang) -> Move:
    """Return the move that the fields of a form mean; what is missing has a sensible meaning."""

    def first(name: str) -> str:
        return fields.get(name, [""])[0]

    lang = _language(first("lang"), otherwise)
    do, _, rest = first("do").partition(":")
    part = Part(first("part")) if first("part") in tuple(Part) else Part.WHOLE
    asking = first("asking") or None
    act: Act
    match do:
        case "open":
            act, asking = Open(rest), None
        case "choose":
            act = Choose(first("question"), tuple(fields.get("pick", ())))
        case "back":
            act = Back()
        case "change":
            act = Change(rest)
        case "start_over":
            act = StartOver()
        case "rate" if rest in ("yes", "no"):
            act = Rate(helped=rest == "yes")
        case "why" | "outline":
            act = Look(Part(do))
        case "say":
            act = Say(first("text").replace("\r\n", "\n"))
        case "language":
            lang = "en" if lang == "fr" else "fr"
            act = Look(part)
        case _:
            act, asking = Look(), None
    return Move(first("place") or HOME, lang, act, asking, first("came_from") or None)


def _language(given: str, otherwise: Lang) -> Lang:
    return next((lang for lang in LANGS if lang == given), otherwise)


def _wanted(request: web.Request) -> Lang:
    """Return the language of ours that the browser likes best."""
    parts = request.headers.get("Accept-Language", "")[:200].lower().split(",")
    named = [part.strip().partition(";q=") for part in parts]
    liked: dict[Lang, float] = {
        lang: _weight(weight)
        for tag, _, weight in reversed(named)
        for lang in LANGS
        if tag.split("-")[0] == lang
    }
    best = max(liked, key=liked.__getitem__) if liked else "en"
    return best if liked.get(best, 0) > 0 else "en"


def _weight(text: str) -> float:
    """Return the weight of a language, 1 when none is given and 0 when it is no number."""
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


async def guarded(_: web.Request, response: web.StreamResponse) -> None:
    """Give an answer of any route the headers that guard it, and no name of what answers."""
    for name, value in _EVERYWHERE.items():
        response.headers.setdefault(name, value)
    response.headers.popall("Server", None)


@web.middleware
async def no_traceback(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Answer an unexpected error with a plain page; log its type and place, never its words."""
    try:
        return await handler(request)
    except (web.HTTPException, ConnectionError):
        raise
    except Exception as error:  # noqa: BLE001 the last line of defence
        logging.getLogger(OWN).error(  # noqa: TRY400 a traceback may hold content
            "%s in %s", type(error).__name__, where_of(error)
        )
        return web.Response(
            text="Something went wrong on our side. Nothing was kept. Please start again.\n"
            "Un problème est survenu de notre côté. Rien n’a été conservé. Veuillez recommencer.\n",
            status=HTTPStatus.INTERNAL_SERVER_ERROR,
            headers=_PAGE_HEADERS,
        )
