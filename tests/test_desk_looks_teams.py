"""Do the forms and cards of the desk draw well in Teams, in both languages?

Drawn by Microsoft's own renderer; pictures in tests/.pictures for whoever wants to look.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from bot.channels.teams import forms as teams_forms
from bot.guidance.model import Guidance
from bot.guidance.words import LANGS, Lang
from tests.desk_forms import Shown, shown, words_of
from tests.test_browser import AXE
from tests.test_teams_browser import _OF_THE_PAGE, WIDTH, draw, drawing, folded, pytestmark

__all__ = ["drawing", "pytestmark", "shown"]


@pytest.mark.long
@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: npm ci --prefix tests")
@pytest.mark.parametrize("lang", LANGS)
def test_the_forms_are_drawn_whole_drawing_and_axe_finds_nothing_that_is_ours(
    drawing: Page, shown: dict[Lang, Shown], guidance: Guidance, lang: Lang
):
    forms, cards = shown[lang]
    for name, form in forms.items():
        card = dict(teams_forms.form_card(form, guidance.phrases))
        seen = draw(drawing, card, f"desk-{name}-{lang}")
        assert all(folded(line) in seen for line in words_of(form)), name
        assert drawing.evaluate("document.documentElement.scrollWidth") <= WIDTH + 16
        drawing.add_script_tag(path=AXE)
        result = drawing.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert {v["id"] for v in result["violations"]} <= _OF_THE_PAGE, name
    for name, one in cards.items():
        seen = draw(drawing, dict(teams_forms.chat_card(one)), f"desk-card-{name}-{lang}")
        assert all(folded(line) in seen for line in one.lines)
