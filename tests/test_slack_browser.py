"""Do our blocks draw well in a browser, in both themes? And what would a screen reader be told?

The drawing is by a public renderer of Block Kit, not by Slack. It shows what a person would see,
broken marks and cut words included; that payloads are valid is shown elsewhere.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from bot.channels.slack import surfaces
from bot.channels.slack.answers import SlackAnswers
from bot.channels.slack.pen import pages_of
from bot.conversation import Conversation, Look, Move, Reply
from bot.guidance.pages import Part
from bot.guidance.walk import routes
from bot.guidance.words import LANGS, Lang, plain
from bot.seal import Seal, new_key
from tests.conftest import still
from tests.test_browser import CHROMIUM, FLAGS

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
PICTURES = HERE / ".pictures"
CAPSULE = "1" + "x" * 180
WIDTH = 760

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
    pytest.mark.skipif(
        not (MODULES / "slack-blocks-to-jsx").exists() or not (MODULES / "esbuild").exists(),
        reason="needs a renderer from npm: npm ci --prefix tests",
    ),
]


@pytest.fixture(scope="module")
def drawing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page that draws blocks."""
    folder = tmp_path_factory.mktemp("drawing")
    subprocess.run(
        [MODULES / ".bin" / "esbuild", HERE / "slack" / "browser.jsx", "--bundle",
         f"--outfile={folder / 'drawing.js'}", '--define:process.env.NODE_ENV="production"',
         "--log-level=error", "--loader:.svg=dataurl"],
        check=True, timeout=120,
    )  # fmt: skip
    (folder / "index.html").write_text(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Blocks</title>"
        "<link rel=stylesheet href=drawing.css>"
        "<style>body{margin:0;padding:16px;font:15px/1.46 'Liberation Sans',sans-serif}"
        "body.dark{background:#1a1d21;color:#d1d2d3}</style>"
        "<div id=place></div><script src=drawing.js></script></html>"
    )
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH, "height": 900})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((folder / "index.html").as_uri())
        yield page
        assert errors == []
        browser.close()


def draw(page: Page, blocks: list[dict[str, Any]], theme: str, name: str, width: int = 720) -> str:
    """Draw blocks, keep the picture for whoever wants to look, and return the text that is seen."""
    page.reload()
    # Slack formats a text that is `verbatim` and leaves addresses alone; this renderer does not.
    formatted = json.loads(json.dumps(blocks).replace(', "verbatim": true', ""))
    page.evaluate("([b, t, w]) => window.draw(b, t, w)", [formatted, theme, width])
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}-{theme}.png", full_page=True)
    return page.inner_text("#place").replace("\u2060", "")


def sample(department: Conversation, lang: Lang) -> dict[str, Reply]:
    """A question of either sort, an answer, its reasons, and each sort of page."""

    def at(place: str, part: Part = Part.WHOLE) -> Reply:
        return department.respond(Move(place, lang, Look(part)))

    ticket = str(max(routes(department.guidance.trees["post_reported"]), key=lambda t: len(str(t))))
    return {
        "question": at("can_i_post"),
        "several": at("can_i_post?who=employee&moment=draft"),
        "answer": at(ticket),
        "why": at(ticket, Part.WHY),
        "outline": at("generative_ai", Part.OUTLINE),
        "topic": at("topic:generative_ai"),
        "summary": at("summary:elections"),
        "office": at("office:values_ethics"),
        "crisis": at("crisis"),
        "promise": at("promise"),
        "draft": at("draft"),
        "paste": at("draft:own"),
        "marks": at("marks:party+attack+own_work"),
    }  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("lang", LANGS)
def test_a_sample_of_screens_is_drawn_with_every_word_and_no_stray_mark(
    drawing: Page, department: Conversation, lang: Lang, theme: str
):
    for name, reply in sample(department, lang).items():
        seen = ""
        for page in pages_of(reply):
            blocks = surfaces.message(reply, page, CAPSULE)["blocks"]
            text = draw(drawing, blocks, theme, f"{name}-{page.number}-{lang}")
            seen += " " + " ".join(text.split())
            assert drawing.evaluate("document.documentElement.scrollWidth") <= WIDTH
        assert not any(mark in seen for mark in ("**", "&lt;", "&gt;", "<http", "|http", "*W"))
        for one in reply.screen.said:
            assert " ".join(plain(one.statement.words[lang]).split()) in seen


@pytest.mark.parametrize("lang", LANGS)
def test_home_and_the_first_screens_are_drawn(drawing: Page, department: Conversation, lang: Lang):
    answers = SlackAnswers(department, Seal([new_key()], department.guidance, still))
    home = answers.at("home", lang)
    forms = {
        "home": surfaces.home_tab(home, CAPSULE),
        "start": surfaces.modal(home, pages_of(home)[0], CAPSULE),
        "both": surfaces.first_modal(answers.both(), CAPSULE),
        "mention": surfaces.channel_reply(home, "https://slack.com/app_redirect"),
    }
    for name, payload in forms.items():
        seen = draw(drawing, payload["blocks"], "light", f"{name}-{lang}")
        assert all(text in seen for text in headings(payload["blocks"]))


def headings(blocks: list[dict[str, Any]]) -> list[str]:
    return [block["text"]["text"] for block in blocks if block["type"] == "header"]


def test_a_screen_is_readable_on_a_narrow_phone(drawing: Page, department: Conversation):
    drawing.set_viewport_size({"width": 400, "height": 800})
    reply = sample(department, "fr")["answer"]
    draw(drawing, surfaces.message(reply, pages_of(reply)[0], CAPSULE)["blocks"], "light", "narrow",
         360)  # fmt: skip
    assert drawing.evaluate("document.documentElement.scrollWidth") <= 400
    drawing.set_viewport_size({"width": WIDTH, "height": 900})
