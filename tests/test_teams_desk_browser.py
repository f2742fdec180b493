"""Does Microsoft's own renderer show a form of the desk with every word as it was written?"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from bot.channels.teams.forms import form_card, press_in
from bot.forms import Button, Form, Picked, Press, Said, Style, Written
from bot.guidance.model import Guidance
from bot.guidance.words import LANGS, Lang
from tests.test_browser import AXE
from tests.test_teams_browser import (
    _OF_THE_PAGE,
    PHONE,
    WIDTH,
    draw,
    drawing,
    folded,
    plain_spaces,
    pytestmark,
    told,
)
from tests.test_teams_desk import HOSTILE, form_of

__all__ = ["drawing", "pytestmark"]


@pytest.mark.long
@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_a_person_wrote_is_drawn_letter_by_letter(
    drawing: Page, guidance: Guidance, hostile: str
):
    parts = (
        Said("They wrote:", Style.STRONG),
        Said(hostile, Style.QUOTED),
        Picked("who", "Who?", [("u1", "[Ann](https://evil.example) **A** <b>")], many=True),
        Written("text", "Your text", hostile),
    )
    card = form_card(Form("en", parts, Button("desk:send", "Send"), (), "h"), guidance.phrases)
    seen = draw(drawing, dict(card), "desk-hostile", width=WIDTH)
    for line in hostile.splitlines():
        assert folded(line) in seen
    assert drawing.locator("#place a, #place img, #place script, #place strong").count() == 1
    assert drawing.get_by_role("textbox").input_value() == hostile
    drawing.get_by_role("checkbox").check()
    drawing.get_by_role("button", name="Send").click()
    [sent] = drawing.evaluate("window.pressed")
    assert press_in(sent["data"]) == Press("desk:send", "h", {"who": ("u1",)}, {"text": hostile})


def test_each_line_of_what_a_person_wrote_stands_on_its_own(drawing: Page, guidance: Guidance):
    form = Form("en", (Said("one\ntwo\n\nthree", Style.QUOTED),), Button("desk:x", "Go"))
    draw(drawing, dict(form_card(form, guidance.phrases)), "desk-lines")
    tops = [
        drawing.get_by_text(word, exact=True).bounding_box() for word in ("one", "two", "three")
    ]
    heights = [box["y"] for box in tops if box]
    assert heights[1] - heights[0] < heights[2] - heights[1]
    assert heights[0] < heights[1]


@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: npm ci --prefix tests")
@pytest.mark.parametrize(("theme", "width"), [("light", WIDTH), ("dark", WIDTH), ("light", PHONE)])
@pytest.mark.parametrize("lang", LANGS)
def test_a_form_is_drawn_whole_its_fields_have_names_and_axe_finds_nothing_that_is_ours(
    drawing: Page, guidance: Guidance, lang: Lang, theme: str, width: int
):
    card = dict(form_card(form_of(lang, filled="draft"), guidance.phrases))
    draw(drawing, card, f"desk-{lang}", theme, width)
    assert drawing.evaluate("document.documentElement.scrollWidth") <= width + 16
    drawing.add_script_tag(path=AXE)
    result = drawing.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert {v["id"] for v in result["violations"]} <= _OF_THE_PAGE
    roles = {"heading", "radio", "checkbox", "textbox", "button"}
    found = [(role, plain_spaces(words)) for role, words, _ in told(drawing) if role in roles]
    optional = guidance.phrases["optional"][lang]
    assert found == [
        ("heading", "A form"),
        ("checkbox", "Is anybody involved? Ann"),
        ("checkbox", "Bob"),
        ("radio", "How? A call"),
        ("radio", "In writing"),
        ("textbox", f"What happened? ({optional})"),
        ("textbox", "One line"),
        ("button", "Send"),
        ("button", "Back"),
        ("button", "Cancel"),
    ]
