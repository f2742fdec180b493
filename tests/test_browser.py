"""Can people walk the web chat in a real browser: by keyboard, without scripts, with assistive
technology?
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from bot.guidance.model import Guidance
from bot.guidance.words import LANGS, Lang
from tests.command import held_port
from tests.conftest import ROOT, SAMPLE
from tests.whole import one_now

CHROMIUM = shutil.which("chromium")
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of `cairn serve`, started as a user would, with the sample organization."""
    command = [sys.executable, "-m", "bot.cli", "serve"]
    with held_port() as port:
        environ = {**os.environ, "CAIRN_PORT": str(port), "CAIRN_ORGANIZATION": str(SAMPLE)}
        with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True) as process:  # fmt: skip
            assert process.stdout is not None
            told = [process.stdout.readline(), process.stdout.readline()]
            assert str(port) in told[1]
            yield f"http://127.0.0.1:{port}/"
            process.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """A function that opens the first page in a context of its own, with the given options."""
    contexts = []

    def open_page(lang: Lang = "en", **options: object) -> Page:
        context = browser.new_context(locale=f"{lang}-CA", **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()


FOCUSED = """() => { const e = document.activeElement;
  return {tag: e.tagName, type: e.type || "", text: (e.innerText || "").trim(),
          value: e.value || "", checked: !!e.checked}; }"""


def tab_to(page: Page, wanted: Callable[[dict[str, object]], bool]) -> None:
    """Press Tab until the focus is on what is wanted, as a person without a mouse does."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted(page.evaluate(FOCUSED)):
            return
    pytest.fail("the keyboard never gets there")


def press_button(page: Page, text: str) -> None:
    tab_to(page, lambda e: e["tag"] == "BUTTON" and str(e["text"]).startswith(text))
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("tree", ["can_i_post", "post_reported"])
def test_a_main_flow_is_walked_by_keyboard_alone(
    guidance: Guidance, new_page: Callable[..., Page], tree: str, lang: Lang
):
    page = new_page(lang)
    phrases = guidance.phrases
    press_button(page, guidance.trees[tree].title[lang])
    for _ in range(12):
        if page.locator(".sort-answer").count():
            break
        tab_to(page, lambda e: e["type"] in ("radio", "checkbox"))
        page.keyboard.press("ArrowDown")  # to another radio button; check boxes ignore it
        page.keyboard.press("Space")
        press_button(page, phrases["next"][lang])
    assert page.locator("h2", has_text=phrases["kind_do"][lang]).count() == 1
    assert page.locator("section.offices li.office").count() >= 1
    assert page.locator("section.sources li a").count() >= 1
    assert page.evaluate("document.title").endswith("· Cairn")
    assert page.url.endswith("/")


def test_the_skip_link_leads_to_the_content(new_page: Callable[..., Page]):
    page = new_page()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_everything_works_without_scripts(new_page: Callable[..., Page]):
    page = new_page("en", java_script_enabled=False)
    page.get_by_role("button", name="A post was brought to my attention").click()
    page.get_by_label("A media query").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Français").click()
    assert page.get_by_role("heading", level=1).inner_text().startswith("Avant tout")
    page.get_by_role("button", name="Modifier").click()
    assert page.get_by_label("Une demande des médias").is_checked()
    page.locator("button[value='open:crisis']").click()
    assert page.get_by_role("link", name="911").first.is_visible()
    page.locator("button.main[value^='open:']").click()
    assert page.get_by_role("heading", level=1).inner_text().startswith("Avant tout")
    assert page.locator("[hidden]").count() == page.locator("[hidden]:not(:visible)").count()


def test_the_page_logs_nothing_and_asks_for_nothing_elsewhere(
    new_page: Callable[..., Page], address: str
):
    page = new_page()
    asked: list[str] = []
    told: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.get_by_role("button", name="Can I post this?").click()
    page.get_by_label("An executive").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="See the whole outline").click()
    assert told == []
    assert asked
    assert all(url.startswith(address) for url in asked)
    assert page.evaluate("document.cookie + localStorage.length + sessionStorage.length") == "00"


def test_a_small_screen_needs_no_sideways_scrolling(new_page: Callable[..., Page]):
    page = new_page("fr", viewport={"width": 320, "height": 700})
    for place in ("home", "can_i_post", "post_reported?channel=media_query", ANSWER, "offices"):
        go(page, place, "fr")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, place


def test_the_checklist_is_copied_with_one_press(new_page: Callable[..., Page]):
    page = new_page("en", permissions=["clipboard-read", "clipboard-write"])
    go(page, ANSWER, "en")
    page.locator("summary", has_text="Checklist to copy").click()
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("textarea").input_value()
    assert copied.count("[ ] ") >= 3


def go(page: Page, place: str, lang: Lang, do: str = "look") -> None:
    """Go to a place by a form, as the buttons do."""
    with page.expect_navigation():
        page.evaluate(
            """([place, lang, what]) => { const f = document.createElement("form");
            f.method = "post"; f.action = "/";
            for (const [n, v] of [["place", place], ["lang", lang], ["do", what]]) {
              const i = document.createElement("input"); i.name = n; i.value = v; f.append(i); }
            document.body.append(f); f.submit(); }""",
            [place, lang, do],
        )


ANSWER = "post_reported?channel=media_query&danger=life_at_risk"
MANY = "can_i_post?who=employee&moment=draft"
KINDS = [
    ("home", "look"), ("can_i_post", "look"), (MANY, "look"), (ANSWER, "look"), (ANSWER, "why"),
    (ANSWER, "change:channel"), ("can_i_post", "outline"), ("topics", "look"),
    ("topic:generative_ai", "look"), ("topic:learning", "look"), ("summary:elections", "look"),
    ("offices", "look"), ("office:psc", "look"), ("promise", "look"), ("crisis", "look"),
    ("nowhere", "look"), ("political_activity", "look"), ("can_i_post", "choose"),
    (ANSWER, "open:crisis"), ("draft", "look"), ("draft:own", "look"),
    ("marks:party+attack+own_work", "look"), ("can_i_post?~=attack&who=employee", "look"),
    ("unsure:wrongdoing+feedback", "look"),
]  # fmt: skip


@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: npm ci --prefix tests")
@pytest.mark.parametrize("width", one_now(360, 1200))
@pytest.mark.parametrize("lang", one_now("fr", "en"))
def test_axe_finds_no_violation_on_any_kind_of_page(
    new_page: Callable[..., Page], lang: Lang, width: int
):
    page = new_page(lang, bypass_csp=True, viewport={"width": width, "height": 900})
    found: list[str] = []
    for place, do in KINDS:
        go(page, place, lang, do)
        for details in page.locator("details").all():
            details.evaluate("d => { d.open = true; }")
        page.add_script_tag(path=AXE)
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found += [
            f"{place} {do}: {v['id']}: {[n['html'][:120] for n in v['nodes']]}"
            for v in result["violations"]
        ]
    assert found == []
