"""Do our cards draw well in Microsoft's own renderer? And what would a screen reader be told?

It draws as its hosts tell it to, here much as Teams does. What a press would send is read by our
own decoding. That cards are valid is shown elsewhere.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from bot.channels.steps import Step, step_of
from bot.channels.teams import surfaces
from bot.channels.teams.decode import press_of
from bot.channels.teams.pen import pages_of
from bot.channels.wording import how_to_choose
from bot.conversation import Act, Change, Choose, Conversation, Look, Move, Open, Reply, Say
from bot.guidance.pages import Part
from bot.guidance.screen import Trouble
from bot.guidance.walk import routes
from bot.guidance.words import LANGS, Lang, plain
from bot.seal import Spot, Surface
from tests.teams import screen
from tests.test_browser import AXE, CHROMIUM, FLAGS

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
PICTURES = HERE / ".pictures"
CAPSULE = "1" + "x" * 180
CHAT = "https://teams.microsoft.com/l/chat/0/0?users=28%3A0"
WIDTH, PHONE = 560, 304

Json = dict[str, Any]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
    pytest.mark.skipif(
        not (MODULES / "adaptivecards").exists() or not (MODULES / "esbuild").exists(),
        reason="needs a renderer from npm: npm ci --prefix tests",
    ),
]

_STYLE = """
* { box-sizing: border-box; }
body { margin: 0; padding: 8px; background: #f5f5f5; }
body.dark { background: #1f1f1f; color: #fff; }
#place { border: 1px solid #d1d1d1; border-radius: 8px; overflow: hidden; }
.ac-pushButton { font: 600 14px 'Segoe UI', 'Liberation Sans', sans-serif; height: 32px;
  padding: 0 12px; border: 1px solid #767676; border-radius: 4px; background: none; color: inherit;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.ac-actionSet { flex-wrap: wrap; row-gap: 8px; }
.ac-pushButton.style-positive { background: #5b5fc7; border-color: #5b5fc7; color: #fff; }
.ac-anchor { color: #4f52b2; }
.dark .ac-anchor { color: #9299f7; }
.ac-textInput { font: 14px 'Segoe UI', 'Liberation Sans', sans-serif; width: 100%; height: 72px;
  background: none; color: inherit; }
ul { padding-left: 24px; }
"""


@pytest.fixture(scope="module")
def drawing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page that draws cards."""
    folder = tmp_path_factory.mktemp("drawing")
    subprocess.run(
        [MODULES / ".bin" / "esbuild", HERE / "teams_browser.js", "--bundle",
         f"--outfile={folder / 'drawing.js'}", "--log-level=error"],
        check=True, timeout=120,
    )  # fmt: skip
    (folder / "index.html").write_text(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Card</title>"
        f"<style>{_STYLE}</style><main id=place></main><script src=drawing.js></script></html>"
    )
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": WIDTH + 16, "height": 900})
        told: list[str] = []
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("console", lambda message: told.append(message.text))
        page.goto((folder / "index.html").as_uri())
        yield page
        assert told == []
        browser.close()


def draw(page: Page, card: Json, name: str, theme: str = "light", width: int = WIDTH) -> str:
    """Draw a card, keep the picture for whoever wants to look, and return the text that is seen."""
    page.set_viewport_size({"width": width + 16, "height": 900})
    page.reload()  # the renderer takes the language of every other card for a wrong one
    assert page.evaluate("([c, t, w]) => window.draw(c, t, w)", [card, theme, width]) == []
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"teams-{name}-{theme}-{width}.png", full_page=True)
    return folded(page.inner_text("#place"))


def folded(text: str) -> str:
    """A text with its blanks as a browser shows them, and without letters of no width."""
    return " ".join(text.replace("\u2060", "").split())


def card_of(reply: Reply, number: int = 1, surface: Surface = Surface.MESSAGE) -> Json:
    """A page of a reply as a card; page 0 is the last."""
    return surfaces.card(reply, pages_of(reply, len(CAPSULE))[number - 1], CAPSULE, surface)


def at(department: Conversation, lang: Lang, place: str, part: Part = Part.WHOLE) -> Reply:
    return department.respond(Move(place, lang, Look(part)))


def longest(department: Conversation) -> str:
    """An answer with much to say."""
    tree = department.guidance.trees["post_reported"]
    return str(max(routes(tree), key=lambda t: len(str(t))))


SEVERAL = "can_i_post?who=employee&moment=draft"


def sample(department: Conversation, lang: Lang) -> dict[str, Json]:
    """A card of each sort: of questions, of what they lead to, and of what stands beside."""

    def card(place: str, part: Part = Part.WHOLE) -> Json:
        return card_of(at(department, lang, place, part))

    ticket = longest(department)
    answer = at(department, lang, ticket)
    both = (at(department, "en", "home"), at(department, "fr", "home"))
    return {
        "question": card("can_i_post"),
        "later": card("can_i_post?who=employee"),
        "several": card(SEVERAL),
        "answer": card(ticket),
        "last": card_of(answer, 0),
        "why": card(ticket, Part.WHY),
        "outline": card("generative_ai", Part.OUTLINE),
        "topic": card("topic:generative_ai"),
        "summary": card("summary:elections"),
        "office": card("office:values_ethics"),
        "crisis": card("crisis"),
        "promise": card("promise"),
        "draft": card("draft"),
        "paste": card_of(at(department, lang, "draft:own"), 1, Surface.MODAL),
        "marks": card("marks:party+attack+own_work"),
        "home": card("home"),
        "first": surfaces.first_card(both, CAPSULE, Surface.MESSAGE),
        "trail": surfaces.trail_form(answer, CAPSULE, Surface.MESSAGE),
        "copy": surfaces.copy_form(answer, CAPSULE, Surface.MODAL),
        "channel": surfaces.channel_card(both, CHAT, "home", alone=False),
        "dialog": card_of(answer, 1, Surface.MODAL),
    }


def expected(card: Json) -> Iterator[tuple[str, str]]:
    """What the parts of a card are to a screen reader, and their words, in order."""
    for one in card["body"]:
        if one["type"] == "TextBlock":
            yield "heading" if one.get("style") == "heading" else "text", screen.plain(one["text"])
        elif one["type"] == "Input.Text":
            yield "textbox", one["label"]
        elif one["type"] == "Input.ChoiceSet":
            role = "checkbox" if one.get("isMultiSelect") else "radio"
            yield "text", one["label"]
            yield from ((role, choice["title"]) for choice in one["choices"])
        else:
            for action in one["actions"]:
                yield "link" if action["type"] == "Action.OpenUrl" else "button", action["title"]


@pytest.mark.long
@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: npm ci --prefix tests")
@pytest.mark.parametrize(("theme", "width"), [("light", WIDTH), ("dark", WIDTH), ("light", PHONE)])
@pytest.mark.parametrize("lang", LANGS)
def test_cards_are_drawn_with_every_word_and_no_stray_mark_and_axe_finds_nothing_that_is_ours(
    drawing: Page, department: Conversation, lang: Lang, theme: str, width: int
):
    for name, card in sample(department, lang).items():
        seen = draw(drawing, card, f"{name}-{lang}", theme, width)
        for _, words in expected(card):
            for line in words.splitlines():
                assert folded(line.strip().removeprefix("- ")) in seen, name
        assert not any(mark in seen for mark in ("**", "\\", "](", " _", "_ ", "&", "{{", "<")), (
            name
        )
        assert drawing.evaluate("document.documentElement.scrollWidth") <= width + 16, name
        drawing.add_script_tag(path=AXE)
        result = drawing.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert {v["id"] for v in result["violations"]} <= _OF_THE_PAGE, name


_OF_THE_PAGE = {"page-has-heading-one"}
"""The page is that of Teams; Microsoft gives the headings of a card the second level."""


@pytest.mark.parametrize("lang", LANGS)
def test_every_statement_of_an_answer_is_seen_on_one_of_its_pages(
    drawing: Page, department: Conversation, lang: Lang
):
    reply = at(department, lang, longest(department))
    count = len(pages_of(reply, len(CAPSULE)))
    found = [draw(drawing, card_of(reply, n), f"page{n}-{lang}") for n in range(1, count + 1)]
    assert len(reply.screen.said) > 12
    for one in reply.screen.said:
        assert any(folded(plain(one.statement.words[lang])) in seen for seen in found)


@pytest.mark.long
@pytest.mark.parametrize("lang", LANGS)
def test_no_button_is_cut_where_rows_do_not_break(
    drawing: Page, department: Conversation, lang: Lang
):
    """Teams breaks rows today; this renderer does not, nor did Teams for long."""
    for name, card in sample(department, lang).items():
        draw(drawing, card, f"rows-{name}-{lang}", width=480)
        drawing.add_style_tag(content=".ac-actionSet { flex-wrap: nowrap !important; }")
        assert drawing.evaluate(_CUT) == [], name


_CUT = """[...document.querySelectorAll('.ac-pushButton, .ac-pushButton div')]
  .filter(e => e.scrollWidth > e.clientWidth).map(e => e.innerText)"""


def told(page: Page) -> Iterator[tuple[str, str, int]]:
    """What Chromium tells a screen reader of: roles, names and levels, in order."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    known = {node["nodeId"]: node for node in nodes}
    waiting = [nodes[0]]
    while waiting:
        node = waiting.pop()
        waiting += [known[child] for child in reversed(node.get("childIds", []))]
        if not node["ignored"]:
            levels = [p["value"]["value"] for p in node["properties"] if p["name"] == "level"]
            name = node.get("name", {}).get("value", "")
            yield node["role"]["value"], folded(name), levels[0] if levels else 0


_ROLES = {"heading", "radio", "checkbox", "textbox", "button", "link"}


@pytest.mark.long
@pytest.mark.parametrize("lang", LANGS)
def test_a_screen_reader_is_told_of_each_part_by_its_role_and_name_in_order(
    drawing: Page, department: Conversation, lang: Lang
):
    for name, card in sample(department, lang).items():
        draw(drawing, card, f"{name}-{lang}")
        wanted = [(role, folded(words)) for role, words in expected(card) if role in _ROLES]
        own = {words for _, words in wanted}
        found = [(role, words, level) for role, words, level in told(drawing) if role in _ROLES]
        labels = [folded(one["label"]) for one in card["body"] if "choices" in one]
        # A link within a text is no part of its own; the first choice is told with the label.
        got = [
            (role, unlabelled(words, labels), level)
            for role, words, level in found
            if role != "link" or words in own
        ]
        assert [(role, words) for role, words, _ in got] == wanted, name
        assert {level for role, _, level in got if role == "heading"} <= {2}
        with_label = [words for role, words, _ in found if role != "link" and words not in own]
        fields = [one for one in card["body"] if "choices" in one]
        assert with_label == [
            folded(f"{one['label']} {one['choices'][0]['title']}") for one in fields
        ]


def unlabelled(words: str, labels: list[str]) -> str:
    for label in labels:
        words = words.removeprefix(f"{label} ")
    return words


def plain_spaces(text: str) -> str:
    """A text whose spaces are all alike, as a renderer may give it back."""
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("place", ["can_i_post", SEVERAL])
def test_a_question_is_read_from_its_heading_over_what_helps_to_its_field_and_buttons(
    drawing: Page, department: Conversation, place: str, lang: Lang
):
    reply = at(department, lang, place)
    draw(drawing, card_of(reply), "order")
    question = reply.screen.question
    assert question is not None
    kinds = {"heading": "heading", "radio": "field", "checkbox": "field", "button": "button"}
    hint = reply.phrase("choose_many" if question.many else "choose_one")
    asked = plain_spaces(question.ask[lang])
    order = [
        "help" if role == "StaticText" and words.endswith(hint) else kinds.get(role, "")
        for role, words, _ in told(drawing)
        if role != "StaticText" or not plain_spaces(words).startswith(asked)
    ]
    runs = [one for n, one in enumerate(order) if one and one not in order[:n]]
    helped = ["help"] if question.hint or how_to_choose(reply, question) else []
    assert runs == ["heading", *helped, "field", "button"]


# -- what is pressed is understood


def pressed(page: Page, button: str, spot: Spot) -> Step:
    """Press a button, and read what Microsoft's renderer makes of it as Cairn would."""
    page.get_by_role("button", name=button, exact=True).click()
    [sent] = page.evaluate("window.pressed")
    press = press_of(sent["data"], sent.get("verb"))
    assert press.capsule == CAPSULE
    assert press.lang in (spot.lang, None)
    return step_of(press.do, spot, press.fields)


@pytest.mark.long
@pytest.mark.parametrize("surface", [Surface.MESSAGE, Surface.MODAL])
@pytest.mark.parametrize("lang", LANGS)
def test_what_is_picked_and_typed_is_what_is_understood(
    drawing: Page, department: Conversation, lang: Lang, surface: Surface
):
    def go_on(place: str, *picked: str, typed: str = "") -> Step:
        reply = at(department, lang, place)
        draw(drawing, card_of(reply, 0, surface), "pressed")
        for label in picked:
            drawing.get_by_text(label, exact=True).click()
        if typed:
            drawing.get_by_role("textbox").fill(typed)
        return pressed(drawing, reply.phrase("next"), Spot(place, lang))

    def act(place: str, *picked: str, typed: str = "") -> Act:
        return go_on(place, *picked, typed=typed).move.act

    def labels(place: str, *options: str) -> list[str]:
        question = at(department, lang, place).screen.question
        assert question is not None
        return [option.label[lang] for option in question.options if option.id in options]

    trees, tricky = department.guidance.trees, 'May I "post", <b>now</b> & here? — *é*'
    assert act("can_i_post", *labels("can_i_post", "executive")) == Choose("who", ("executive",))
    several = labels(SEVERAL, "secret", "work_means")
    assert act(SEVERAL, *several) == Choose("look", ("secret", "work_means"))
    assert act("home", trees["find_office"].title[lang]) == Open("find_office")
    assert act("home", typed=tricky) == Say(tricky)
    for place in ("can_i_post", longest(department)):
        assert go_on(place).trouble is Trouble.NOTHING_PICKED


def test_the_first_screen_is_understood_in_the_language_that_was_picked(
    drawing: Page, department: Conversation
):
    draw(drawing, sample(department, "en")["first"], "pressed")
    drawing.get_by_text("Français", exact=True).click()
    title = department.guidance.trees["find_office"].title
    drawing.get_by_text(f"{title.en} · {title.fr}", exact=True).click()
    step = pressed(drawing, "Next · Suivant", Spot("home", "en"))
    assert (step.move.lang, step.move.act) == ("fr", Open("find_office"))


@pytest.mark.parametrize("lang", LANGS)
def test_a_choice_to_change_is_understood(drawing: Page, department: Conversation, lang: Lang):
    reply = at(department, lang, longest(department))
    draw(drawing, sample(department, lang)["trail"], "pressed")
    drawing.get_by_role("radio").nth(1).check()
    step = pressed(drawing, reply.phrase("next"), Spot(reply.screen.place, lang))
    assert step.move.act == Change(reply.screen.trail[1].question.id)
