"""Does the web chat answer over real HTTP: kindly, with the right status, and keeping nothing?"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from html import unescape

import pytest
from aiohttp import ClientSession, FormData, TCPConnector
from aiohttp.test_utils import TestServer

from bot.app import web_application
from bot.channels.web.server import MAX_BODY, decode
from bot.conversation import Conversation, Look
from bot.guidance.ticket import MAX_LENGTH
from bot.guidance.understand import MAX_TYPED
from bot.settings import read_settings

CANARY = "canary-7f3a-zqx"


@pytest.fixture
async def server(department: Conversation) -> AsyncIterator[TestServer]:
    server = TestServer(web_application(read_settings({}), department))
    await server.start_server(access_log=None)
    yield server
    await server.close()


@pytest.fixture
async def http(server: TestServer) -> AsyncIterator[ClientSession]:
    async with ClientSession(base_url=str(server.make_url("/")), connector=TCPConnector()) as http:
        yield http


async def post(http: ClientSession, **fields: str | list[str]) -> tuple[int, str]:
    pairs = [(k, v) for k, vs in fields.items() for v in ([vs] if isinstance(vs, str) else vs)]
    async with http.post("/", data=pairs) as response:
        return response.status, unescape(await response.text())


async def test_the_first_page_comes_in_the_language_of_the_browser(http: ClientSession):
    for accepted, lang in (("fr-CA,fr;q=0.9", "fr"), ("en", "en"), ("de, fr", "fr"), ("", "en")):
        async with http.get("/", headers={"Accept-Language": accepted}) as response:
            assert response.status == 200
            assert response.headers["Content-Language"] == f"{lang}-CA"
            assert f'<html lang="{lang}-CA">' in await response.text()


async def test_pages_are_not_stored_not_referred_and_run_no_foreign_script(http: ClientSession):
    async with http.get("/") as response:
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in response.headers


async def test_a_walk_goes_on_in_the_body_and_never_in_the_address(http: ClientSession):
    status, page = await post(
        http, place="post_reported", lang="en", do="choose", question="channel", pick="media_query"
    )
    assert status == 200
    assert 'value="post_reported?channel=media_query"' in page
    assert not re.search(r'(?:action|href)="[^"]*post_reported', page)
    assert set(re.findall(r'<form method="(\w+)" action="([^"]*)"', page)) == {("post", "/")}


async def test_the_language_button_keeps_the_place(http: ClientSession):
    fields = {"place": "post_reported?channel=media_query", "lang": "en", "do": "language"}
    status, page = await post(http, **fields)
    assert status == 200
    assert "Avant tout : quelqu’un est-il en danger?" in page.replace("\u00a0", " ")
    assert 'value="post_reported?channel=media_query"' in page


async def test_a_choice_of_the_trail_is_changed_and_the_rest_is_kept(http: ClientSession):
    place = "post_reported?channel=media_query&danger=none"
    _, page = await post(http, place=place, lang="en", do="change:channel")
    assert 'value="media_query" checked' in page
    assert 'name="asking" value="channel"' in page
    _, page = await post(http, place=place, lang="en", do="choose", question="channel",
                         pick="public_comment", asking="channel")  # fmt: skip
    assert 'value="post_reported?channel=public_comment&danger=none"' in page


@pytest.mark.parametrize(("lang", "title"), [("en", "Please read: "), ("fr", "À lire\u00a0: ")])
async def test_what_went_wrong_is_told_in_the_title_and_with_the_field(
    http: ClientSession, lang: str, title: str
):
    _, page = await post(http, place="post_reported", lang=lang, do="choose", question="channel")
    assert f"<title>{title}" in page
    assert '<div class="notice trouble" id="trouble" role="alert">' in page
    assert '<fieldset aria-describedby="trouble">' in page
    _, page = await post(http, place="post_reported", lang=lang, do="look")
    assert title not in page
    assert "<fieldset>" in page


async def test_a_draft_that_would_not_be_read_does_not_fit_in_its_field(http: ClientSession):
    _, page = await post(http, place="draft:own", lang="fr", do="look")
    assert re.search(rf'<textarea [^>]*maxlength="{MAX_TYPED}"', page)
    assert "au plus 2\u00a0000 caractères" in page
    _, page = await post(http, place="draft:own", lang="fr", do="say", text="a" * (MAX_TYPED + 1))
    assert "Écrivez au plus 2\u00a0000 caractères" in page


async def test_without_a_choice_the_question_is_asked_again_kindly(http: ClientSession):
    status, page = await post(http, place="can_i_post", lang="fr", do="choose", question="who")
    assert status == 200
    assert "Choisissez au moins une réponse" in page


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"place": "nowhere", "lang": "fr"}, 404, "Je ne connais pas cet endroit"),
        ({"place": "../../etc/passwd"}, 404, "I do not know that place"),
        ({"place": "can_i_post", "lang": "klingon"}, 400, "I speak English and French"),
        ({"place": "x" * (MAX_LENGTH + 1), "lang": "fr"}, 413, "C’est trop long pour moi"),
        ({"place": "can_i_post?who=" + "x" * 100_000}, 413, "too long for me"),
        ({"place": "can_i_post", "do": "choose", "question": "who", "pick": "me"}, 400,
         "not one of the choices"),
        ({"do": "open:topic:nothing", "lang": "en"}, 404, "I do not know that place"),
        ({}, 200, "What would you like to do?"),
    ],
)  # fmt: skip
async def test_bad_input_gets_a_clear_sentence_and_the_right_status(
    http: ClientSession, fields: dict[str, str], status: int, sentence: str
):
    found, page = await post(http, **fields)
    assert (found, sentence in page) == (status, True)


@pytest.mark.parametrize("path", ["/nothing", "/static/nothing", "/static/..%2f..%2fpyproject.toml",
                                  "/.env", "/dialogs/can_i_post.yaml"])  # fmt: skip
async def test_an_address_that_does_not_exist_says_so_in_the_readers_language(
    http: ClientSession, path: str
):
    async with http.get(path, headers={"Accept-Language": "fr"}) as response:
        assert response.status == 404
        assert "Je ne connais pas cet endroit" in unescape(await response.text())


async def test_other_content_than_a_form_is_refused(http: ClientSession):
    async with http.post("/", json={"place": "can_i_post"}) as response:
        assert response.status == 400
    files = FormData()
    files.add_field("text", b"file", filename="file.txt")
    async with http.post("/", data=files) as response:
        assert response.status == 400


async def test_the_crisis_card_comes_first_for_words_that_say_so(http: ClientSession):
    status, page = await post(http, place="can_i_post", lang="fr", do="say", text="je veux mourir")
    assert status == 200
    assert 'href="tel:911"' in page
    assert 'href="tel:988"' in page


async def test_every_page_offers_the_crisis_card_and_the_promise(http: ClientSession):
    for place in ("home", "can_i_post", "topic:monitoring", "office:psc", "promise", "offices"):
        _, page = await post(http, place=place, lang="en")
        assert 'value="open:crisis"' in page
        assert "I keep no record of what you ask me" in page


async def test_health_is_told_and_the_web_chat_can_be_off(department: Conversation):
    server = TestServer(web_application(read_settings({"CAIRN_WEB": "false"}), department))
    await server.start_server(access_log=None)
    async with ClientSession(base_url=str(server.make_url("/"))) as http:
        async with http.get("/health/live") as response:
            assert await response.text() == "ok\n"
        async with http.get("/health/ready") as response:
            assert (await response.json())["guidance"] == department.guidance.version
        async with http.get("/") as response:
            assert response.status == 404
    await server.close()


# -- nothing typed is kept: the canary


async def test_no_word_of_a_request_reaches_a_log_or_an_error_page(
    server: TestServer,
    http: ClientSession,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
):
    from bot.privacy import set_up_logging

    set_up_logging()
    logging.getLogger().setLevel(logging.DEBUG)
    pages = []
    for do in ("say", "choose", "back", "change:" + CANARY, "open:" + CANARY, "why", CANARY):
        for place in ("home", "can_i_post", CANARY, "topic:" + CANARY):
            fields = {"place": place, "lang": CANARY, "do": do, "text": CANARY,
                      "question": CANARY, "pick": [CANARY, CANARY], "asking": CANARY,
                      "part": CANARY, "came_from": CANARY, CANARY: CANARY}  # fmt: skip
            pages.append((await post(http, **fields))[1])
    async with http.get(f"/{CANARY}?{CANARY}", headers={"Cookie": CANARY}) as response:
        pages.append(await response.text())
    await raw(server, f"GET /{CANARY} HTTP/9.9\r\n{CANARY}\r\n\r\n")
    await raw(server, f"{CANARY}\r\n\r\n")
    form = "Content-Type: application/x-www-form-urlencoded"
    await raw(server, f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n{form}\r\n\r\n{CANARY}")
    assert not any(CANARY in page for page in pages)
    told = capfd.readouterr()
    assert CANARY not in told.out + told.err
    assert set_aside(caplog)


@pytest.mark.parametrize("name", ["aiohttp.server", "asyncio", "root", "jinja2"])
def test_what_libraries_log_is_reduced_to_its_type(name: str, capfd: pytest.CaptureFixture[str]):
    from bot.privacy import set_up_logging

    set_up_logging()
    try:
        int(CANARY)
    except ValueError:
        logging.getLogger(name).exception("body %s", CANARY, stack_info=True)
    logging.getLogger(name).error(CANARY)
    told = capfd.readouterr().err
    assert CANARY not in told
    assert "ValueError" in told


def set_aside(caplog: pytest.LogCaptureFixture) -> bool:
    """Whether the program's own records, at any level, are free of the canary."""
    return not any(CANARY in r.getMessage() for r in caplog.records if r.name == "cairn")


async def raw(server: TestServer, request: str) -> bytes:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(request.encode())
    await writer.drain()
    writer.write_eof()
    answer = await reader.read(200)
    writer.close()
    return answer


async def test_an_error_of_ours_is_answered_kindly_and_logged_by_type_only(
    department: Conversation, capfd: pytest.CaptureFixture[str]
):
    from bot.privacy import set_up_logging

    class Broken(Conversation):
        def respond(self, move: object) -> object:  # type: ignore[override]
            raise RuntimeError(CANARY)

    broken = Broken(department.guidance, None, lambda: None)  # type: ignore[arg-type,return-value]
    server = TestServer(web_application(read_settings({}), broken))
    await server.start_server(access_log=None)
    set_up_logging()
    async with ClientSession(base_url=str(server.make_url("/"))) as http:
        status, page = await post(http, place="home", text=CANARY)
    await server.close()
    assert status == 500
    assert "Un problème est survenu" in page
    assert CANARY not in page
    told = capfd.readouterr()
    assert "RuntimeError in respond:" in told.err
    assert CANARY not in told.out + told.err


async def test_a_form_of_more_fields_than_a_page_has_is_refused(http: ClientSession):
    status, _ = await post(http, place="can_i_post", pick=["employee"] * 100)
    assert status == 400


@pytest.mark.parametrize("charset", ["bogus", "hex", "cp1258", "utf-16"])
async def test_a_form_in_another_character_set_is_refused(http: ClientSession, charset: str):
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    async with http.post("/", data=b"place=home", headers={"Content-Type": kind}) as response:
        assert response.status == 400


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_body_that_cannot_be_unpacked_is_refused(
    http: ClientSession, encoding: str, capfd: pytest.CaptureFixture[str]
):
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": encoding}
    async with http.post("/", data=b"\xff\xffnot packed", headers=headers) as response:
        assert response.status == 400
    assert "ERROR" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [("en;q=0.1, fr;q=1", "fr"), ("fr;q=0", "en"), ("frr", "en"), ("fr;q=x,en;q=0.2", "en")],
)
async def test_the_weights_of_the_browser_count(http: ClientSession, accepted: str, lang: str):
    async with http.get("/", headers={"Accept-Language": accepted}) as response:
        assert response.headers["Content-Language"] == f"{lang}-CA"


def test_fields_that_mean_nothing_mean_look():
    move = decode({"do": ["dance"], "part": ["x"], "lang": ["x"]}, "fr")
    assert (move.place, move.lang, move.act) == ("home", "fr", Look())


async def test_a_form_larger_than_the_limit_is_refused_before_it_is_read(http: ClientSession):
    status, page = await post(http, place="home", lang="en", text="x" * MAX_BODY)
    assert status == 413
    assert "too long for me" in page
