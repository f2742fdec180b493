"""Do pinned summaries draw well in Teams, in English, in French and in both?

Drawn by Microsoft's own renderer; pictures in tests/.pictures for whoever wants to look.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from playwright.sync_api import Page

from bot.channels.teams.answers import TeamsAnswers
from bot.channels.teams.board import TeamsBoard
from bot.channels.teams.menu import Pinning
from bot.conversation import Conversation, Look, Move
from bot.guidance.words import Lang
from bot.pins.port import Drawn
from bot.seal import Seal
from tests.conftest import still
from tests.slack_app import SEAL_KEY
from tests.test_browser import AXE
from tests.test_teams_browser import _OF_THE_PAGE, PHONE, WIDTH, draw, drawing, folded, pytestmark

__all__ = ["drawing", "pytestmark"]

SUMMARIES = (
    "before_you_post",
    "when_a_post_is_reported",
    "elections",
    "generative_ai",
    "where_to_get_help",
)
TONGUES: tuple[tuple[Lang, ...], ...] = (("en",), ("fr",), ("en", "fr"))


def drawn_in(department: Conversation, summary: str, langs: Sequence[Lang]) -> Drawn:
    board = TeamsBoard(None, "28:0", None, time.monotonic)  # type: ignore[arg-type]
    here = department.on("teams")
    replies = [here.respond(Move(f"summary:{summary}", lang, Look())) for lang in langs]
    return board.draw(replies, "2026-11-20")


@pytest.mark.long
@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: npm ci --prefix tests")
@pytest.mark.parametrize("summary", SUMMARIES)
@pytest.mark.parametrize("langs", TONGUES)
def test_a_pinned_summary_is_drawn_whole_and_axe_finds_nothing_that_is_ours(
    drawing: Page, department: Conversation, summary: str, langs: tuple[Lang, ...]
):
    card = drawn_in(department, summary, langs).message["attachments"][0]["content"]
    guidance = department.guidance
    for width in (WIDTH, PHONE):
        seen = draw(drawing, card, f"pin-{summary}-{'-'.join(langs)}", width=width)
        for lang in langs:
            assert guidance.summaries[summary].title[lang] in seen
            assert folded(guidance.phrases["pin_ask"][lang]) in seen
        assert drawing.evaluate("document.documentElement.scrollWidth") <= width + 16
    buttons = drawing.locator("button").all_inner_texts()
    assert len(buttons) == 3 * len(langs)
    drawing.add_script_tag(path=AXE)
    result = drawing.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert {v["id"] for v in result["violations"]} <= _OF_THE_PAGE


@pytest.mark.parametrize("pinning", Pinning)
def test_what_opens_the_dialogs_is_drawn_whole(
    drawing: Page, department: Conversation, pinning: Pinning
):
    answers = TeamsAnswers(department, Seal((SEAL_KEY,), department.guidance, still))
    for alone, name in ((True, "alone"), (False, "shared")):
        card = dict(answers.pin_card("fr", pinning, alone=alone))
        seen = draw(drawing, card, f"pin-{pinning.name.lower()}-{name}")
        assert folded(department.guidance.phrases["pin_start"]["fr"]) in seen
        assert (folded(department.guidance.phrases["pin_start"]["en"]) in seen) is not alone
