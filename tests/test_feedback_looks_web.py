"""Do the two small buttons, the letter and the courses look well on the web page?

Seen by Chromium, with and without scripts; pictures in tests/.pictures for whoever wants to look.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from playwright.sync_api import Browser, Page, expect

from bot.app import web_application
from bot.channels.letter import letter_of
from bot.conversation import Move, Open
from bot.guidance.model import Guidance
from bot.guidance.words import LANGS, Lang
from bot.organization import Organization
from bot.settings import read_settings
from tests.feedback import Counted, answer_of, counting
from tests.test_browser import AXE, browser, pytestmark

__all__ = ["browser", "pytestmark"]

PICTURES = Path(__file__).parent / ".pictures"


@pytest.fixture(scope="module")
def counted(organized: tuple[Guidance, Organization]) -> Counted:
    return counting(*organized)


@pytest.fixture(scope="module")
def address(counted: Counted) -> Iterator[str]:
    """The address of a web chat that counts, served from a thread of its own."""
    loop, port = asyncio.new_event_loop(), 0

    async def start() -> web.AppRunner:
        nonlocal port
        runner = web.AppRunner(web_application(read_settings({}), counted.conversation))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        return runner

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(start(), loop).result(20)
    yield f"http://127.0.0.1:{port}/"
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)


def go(page: Page, place: str, lang: Lang) -> None:
    """Send the form of a page with another place in it, as its own buttons do."""
    page.evaluate(
        """([place, lang]) => { const form = document.querySelector("form.brand");
          for (const [name, value] of Object.entries({place, lang, do: "look"})) {
            let field = form.querySelector(`[name=${name}][type=hidden]`);
            if (!field) { field = document.createElement("input"); form.append(field); }
            field.type = "hidden"; field.name = name; field.value = value;
          }
          form.submit(); }""",
        [place, lang],
    )
    page.wait_for_load_state()


def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"web-{name}.png", full_page=True)


def violations(page: Page) -> list[str]:
    page.add_script_tag(content=AXE.read_text())
    return [v["id"] for v in page.evaluate("axe.run(document)")["violations"]]


@pytest.mark.long
@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: npm ci --prefix tests")
@pytest.mark.parametrize("lang", LANGS)
def test_a_tap_brings_the_same_page_with_the_thanks_in_view_and_axe_finds_nothing(
    browser: Browser, address: str, counted: Counted, lang: Lang
):
    phrases = counted.conversation.guidance.phrases
    context = browser.new_context(
        locale=f"{lang}-CA", bypass_csp=True, viewport={"width": 1100, "height": 800}
    )
    page = context.new_page()
    page.goto(address)
    go(page, answer_of(counted.conversation), lang)
    title = page.locator("h1").inner_text()
    picture(page, f"rate-answer-{lang}")
    assert violations(page) == []
    counted.told.clear()
    page.get_by_role("button", name=phrases["rate_no"][lang], exact=True).click()
    thanks = page.get_by_role("status").filter(has_text=phrases["rate_thanks_no"][lang])
    expect(thanks).to_be_in_viewport()
    assert page.locator("h1").inner_text() == title
    assert counted.told == [("helped", "no", lang)]
    expect(page.locator('[value^="rate:"]')).to_have_count(0)
    picture(page, f"rate-no-{lang}")
    assert violations(page) == []
    page.locator("form.rating").get_by_role("button", name=phrases["feedback"][lang]).click()
    reply = counted.conversation.respond(
        Move(answer_of(counted.conversation), lang, Open("topic:feedback"))
    )
    letter = letter_of(reply)
    assert letter is not None
    link = page.get_by_role("link", name=phrases["letter_open"][lang])
    expect(link).to_have_attribute("href", letter.address)
    page.locator("section.letter summary").click()
    picture(page, f"rate-letter-{lang}")
    assert violations(page) == []
    go(page, "topic:learning", lang)
    picture(page, f"rate-learning-{lang}")
    assert violations(page) == []
    context.close()


def test_it_works_without_scripts_and_needs_no_sideways_scrolling_on_a_phone(
    browser: Browser, address: str, counted: Counted
):
    phrases = counted.conversation.guidance.phrases
    context = browser.new_context(
        locale="fr-CA", java_script_enabled=False, viewport={"width": 320, "height": 640}
    )
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name=phrases["topics_title"].fr).click()
    page.get_by_role(
        "button", name=counted.conversation.guidance.topics["monitoring"].title.fr
    ).click()
    page.get_by_role("button", name=phrases["rate_yes"].fr, exact=True).click()
    expect(page.get_by_text(phrases["rate_thanks_yes"].fr)).to_be_in_viewport()
    box = page.locator("form.rating").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 320
    context.close()
