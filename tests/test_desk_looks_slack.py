"""Do the forms and cards of the desk draw well on Slack, in both languages?

Drawn by a public renderer of Block Kit; pictures in tests/.pictures for whoever wants to look.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from bot.channels.slack import forms as slack_forms
from bot.guidance.model import Guidance
from bot.guidance.words import LANGS, Lang
from tests.desk_forms import Shown, shown, words_of
from tests.test_slack_browser import WIDTH, draw, drawing, pytestmark
from tests.test_teams_browser import folded

__all__ = ["drawing", "pytestmark", "shown"]


@pytest.mark.long
@pytest.mark.parametrize("lang", LANGS)
def test_the_forms_are_drawn_whole_drawing(
    drawing: Page, shown: dict[Lang, Shown], guidance: Guidance, lang: Lang
):
    forms, cards = shown[lang]
    views = {name: slack_forms.view_of(form, guidance.phrases) for name, form in forms.items()}
    for name, view in views.items():
        seen = draw(drawing, view["blocks"], "light", f"desk-{name}-{lang}")
        seen = folded(seen)
        assert all(folded(line) in seen for line in words_of(forms[name])), name
        assert drawing.evaluate("document.documentElement.scrollWidth") <= WIDTH
    for name, card in cards.items():
        blocks = slack_forms.message_of(card)["blocks"]
        seen = draw(drawing, blocks, "light", f"desk-card-{name}-{lang}")
        assert all(folded(line) in folded(seen) for line in card.lines)
