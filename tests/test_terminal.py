"""Is the terminal the equal of the web chat? Both main flows, walked by typing."""

from __future__ import annotations

import pytest

from bot.channels.terminal.chat import chat
from bot.conversation import Conversation
from bot.guidance.words import Lang


def typed(conversation: Conversation, lang: Lang, place: str, *texts: str) -> list[str]:
    """Type the texts one after the other, and return what was shown."""
    shown: list[str] = []
    chat(conversation, lang, place, iter(texts), shown.append)
    return shown


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("tree", ["can_i_post", "post_reported"])
def test_a_main_flow_is_walked_by_numbers_to_its_answer(
    department: Conversation, tree: str, lang: Lang
):
    shown = typed(department, lang, tree, *["1"] * 9)
    phrases = department.guidance.phrases
    answers = [text for text in shown if phrases["kind_do"][lang].upper() in text]
    assert answers
    assert phrases["offices_heading"][lang].upper() in answers[0]
    assert "SOURCES" in answers[0]


def test_from_home_a_number_opens_a_walk_and_words_lead_about(conversation: Conversation):
    shown = typed(conversation, "en", "home", "2", "1", "change 1", "2", "back", "outline", "back",
                  "français", "quit", "never read")  # fmt: skip
    home, _help, first, second, changed, third, returned, outline, again, french, bye = shown
    assert "What would you like to do?" in home
    assert "How did the post reach you?" in first
    assert "A media query" in second
    assert "[x] A media query" in changed
    assert "A comment from" in third.split("Choose one.")[0]
    assert "[x] A comment from" in returned
    assert "Question 2." in outline
    assert "How did the post reach you?" in again
    assert "Choisissez" in french
    assert bye == "Au revoir. Rien n’a été conservé."


def test_the_checklist_is_shown_ready_to_copy(conversation: Conversation):
    shown = typed(conversation, "en", "post_reported", "1", "1", "checklist", "quit")
    assert [text.count("[ ] ") >= 2 for text in shown].count(True) == 1
    assert shown[-2].count("[ ] ") >= 2


def test_why_tells_each_choice_and_what_it_brought(conversation: Conversation):
    shown = typed(conversation, "en", "post_reported", "1", "1", "why", "quit")
    why = next(text for text in shown if "Why this answer" in text and "> A media query" in text)
    assert "SOURCES" in why


def test_danger_is_one_word_away_and_back_returns_to_the_walk(conversation: Conversation):
    shown = typed(conversation, "en", "post_reported", "1", "danger", "back", "quit")
    assert "911" in shown[3]
    assert "9-8-8" in shown[3]
    assert "is anyone in danger" in shown[4]


def test_what_belongs_to_an_office_or_an_option_is_set_in(department: Conversation):
    offices = typed(department, "en", "office:values_ethics")[0].splitlines()
    assert "   613-555-0155" in offices
    first = typed(department, "en", "post_reported")[0].splitlines()
    assert " 1. A media query" in first


def test_an_office_of_an_answer_is_opened_by_its_number(department: Conversation):
    shown = typed(department, "en", "offices", "2", "quit")
    assert "WHAT MAY BE PROMISED" in shown[2]


def test_the_end_of_the_input_ends_the_chat_kindly(conversation: Conversation):
    assert typed(conversation, "fr", "home")[-1] == "Au revoir. Rien n’a été conservé."
