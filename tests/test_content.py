"""Is the shipped content whole, and free of problems?"""

from __future__ import annotations

import json
import re
import string
from datetime import date
from pathlib import Path

import pytest

from bot.channels.slack.surfaces import MAIN
from bot.counting import CHANNELS as COUNTED_ON
from bot.counting import KINDS
from bot.desk.cards import STATES as SEEN
from bot.desk.case import State, Why
from bot.desk.officer import REASONS, RECORDS
from bot.guidance import understand
from bot.guidance.check import check
from bot.guidance.check.stories import stories
from bot.guidance.load import Files
from bot.guidance.model import HANDS_OVER, THEMES, Basis, Guidance
from bot.guidance.screen import Trouble
from bot.guidance.shapes import FILES, json_schema
from bot.guidance.words import LANGS
from bot.handoff import LEVELS
from bot.pins.port import Room
from bot.reviews import Stage
from bot.store import tables
from tests.conftest import LOGGED, ROOT

TREES = [
    "can_i_post",
    "post_reported",
    "saw_colleague_post",
    "my_post_questioned",
    "political_activity",
    "generative_ai",
    "find_office",
]
TOPICS = [
    "can_i_post",
    "post_reported",
    "saw_colleague_post",
    "my_post_questioned",
    "political_activity",
    "professional_networking",
    "anonymity_privacy",
    "official_symbols",
    "confidential_information",
    "respectful_conduct",
    "personal_safety",
    "media_contact",
    "lived_experience",
    "executives",
    "generative_ai",
    "ai_disclosure",
    "wrongdoing",
    "conflict_of_interest",
    "find_office",
    "learning",
    "caf_members",
    "feedback",
    "pin_summary",
    "values_code",
    "monitoring",
]
SUMMARIES = [
    "before_you_post",
    "when_a_post_is_reported",
    "elections",
    "generative_ai",
    "where_to_get_help",
]
OFFICES = [
    "manager",
    "values_ethics",
    "conflict_of_interest",
    "ombud",
    "media_relations",
    "labour_relations",
    "security",
    "privacy_atip",
    "psc",
    "dpar",
    "psic",
    "senior_officer_disclosure",
    "eap",
    "union",
    "harassment_recipient",
    "ai_lead",
    "legal",
    "caf_chain",
    "defence_public_affairs",
    "defence_ethics",
    "caf_ombudsman",
    "emergency",
]
WHO = "employee casual_student_contractor separate_agency caf_member executive deputy_head not_sure"


def test_the_shipped_content_has_no_problem_at_all():
    assert check(ROOT, LOGGED).problems == ()


def test_every_tree_topic_summary_and_office_of_the_product_is_there(guidance: Guidance):
    assert sorted(guidance.trees) == sorted(TREES)
    assert sorted(guidance.topics) == sorted(TOPICS)
    assert sorted(guidance.summaries) == sorted(SUMMARIES)
    assert sorted(guidance.offices) == sorted(OFFICES)


@pytest.mark.parametrize("name", ["can_i_post", "political_activity"])
def test_where_the_rules_differ_the_first_question_is_who_is_asking(guidance: Guidance, name: str):
    tree = guidance.trees[name]
    assert [option.id for option in tree.questions[tree.start].options] == WHO.split()


def test_a_reported_post_starts_with_the_five_ways_and_then_asks_about_danger(
    guidance: Guidance,
):
    tree = guidance.trees["post_reported"]
    first = tree.questions[tree.start]
    assert [option.id for option in first.options] == [
        "media_query",
        "public_comment",
        "reported_by_colleague",
        "highlighted_online",
        "professional_page",
    ]
    assert {option.go for option in first.options} == {"danger"}
    assert tree.audience == "managers"


def test_the_two_main_trees_lead_everybody_onward_to_a_named_office(guidance: Guidance):
    for name in ("can_i_post", "post_reported"):
        for answer in guidance.trees[name].answers.values():
            assert answer.offices, f"{name}/{answer.id} names nobody"


@pytest.mark.parametrize(
    "named",
    [
        "TRN125",
        "DDN2-A29",
        "TRN506",
        "Using Generative AI in the Government of Canada",
        "Integrity-Integrite@tbs-sct.gc.ca",
        "CANFORGEN",
        "Defence Learning Network",
    ],
)
def test_what_the_founding_documents_name_is_named_in_the_content(named: str):
    whole = "\n".join(path.read_text() for path in (ROOT / "content").rglob("*.yaml"))
    assert named in whole


def test_pages_on_a_closed_network_are_marked_as_such(guidance: Guidance):
    assert guidance.courses["CANFORGEN-SAFETY"].network == "defence"
    assert guidance.courses["CANFORGEN-OPS"].network == "defence"
    assert guidance.offices["values_ethics"].network == "gc"


def test_every_statement_rests_on_a_catalogued_source(guidance: Guidance):
    for statement in guidance.statements.values():
        assert statement.refs
        assert statement.basis in (Basis.STATED, Basis.PRACTICE)


def test_withdrawn_or_private_texts_are_no_sources(guidance: Guidance):
    titles = " ".join(source.title.en for source in guidance.sources.values())
    for title in ("Guidelines for Discipline (2005)", "Unacceptable Network", "Western Standard"):
        assert title not in titles


def test_there_are_sixty_stories_and_more_than_ten_are_told_in_french(
    files: Files, guidance: Guidance
):
    told = [story.node["story"].text or "" for story in stories(files)]
    assert len(told) >= 60
    assert len(set(told)) == len(told)
    french = [text for text in told if understand.language(guidance, text, "en") == "fr"]
    assert len(french) > 10


def test_every_story_says_something_that_must_and_something_that_must_not_stand(files: Files):
    for story in stories(files):
        expect = story.node["expect"]
        assert expect.get("says") is not None, story.node["story"].text
        assert expect.get("never_says") is not None, story.node["story"].text


def test_the_schemas_for_editors_are_those_of_the_loader():
    for key in FILES:
        path = schema_path(key)
        shipped = json.loads(path.read_text()) if path.exists() else None
        assert shipped == json_schema(key), f"run: python -m tests.write_schemas ({path.name})"


def test_what_a_case_is_about_fits_its_column_whatever_a_topic_is_called():
    most = tables.cases.c.topic.type.length - len("topic:")  # type: ignore[attr-defined]
    name = re.compile(json_schema("topic")["properties"]["topic"]["pattern"])
    assert name.search("a" * most)
    assert not name.search("a" * (most + 1))


def schema_path(key: str) -> Path:
    folder = ROOT / "dialogs" if key in ("tree", "stories") else ROOT / "content" / "schemas"
    return folder / f"{key}.schema.json"


def test_the_program_and_the_phrases_know_the_same_names(guidance: Guidance):
    code = "\n".join(
        path.read_text() for pattern in ("*.py", "*.html") for path in (ROOT / "bot").rglob(pattern)
    )
    used = set(re.findall(r"\b(?:t|phrase|_head)\(\s*f?[\"']([a-z_]+)[\"']", code))
    used |= set(re.findall(r"[\"']([a-z_]+)[\"']", code)) & set(guidance.phrases)
    for family, members in {
        "trouble_": list(Trouble),
        "tone_": ["usual_care", "weigh", "pause", "act_now"],
        "kind_": ["do", "do_not", "know", "keep", "support"],
        "review_": ["passed", "withdrawn"],
        "network_": ["gc", "defence"],
        "language_": list(LANGS),
        "shortcut_": ["about", *MAIN],
        "personal_": ["email", "phone", "pri", "sin", "card"],
        "draft_": ["title", "own", "other"],
        **dict.fromkeys(("desk_goes_", "desk_mode_", "desk_offer_"), ("case", "introduction")),
        "desk_state_": set(State) - {State.WITHDRAWN, State.PURGED},
        "desk_card_": set(SEEN.values()) | {"gone"},
        "desk_reason_": REASONS,
        "desk_record_": RECORDS,
        "desk_no_": [why for why in Why if f"desk_no_{why}" in guidance.phrases],
        "level_": LEVELS,
        "owner_": Stage,
        "pin_done_": HANDS_OVER,
        "pin_how_": HANDS_OVER,
        "pin_lang_": LANGS,
        "pin_no_": set(Room) - {Room.OPEN},
        "learn_on_": THEMES,
        "insights_": [*KINDS, *(f"{kind}_about" for kind in KINDS)],
        "insights_channel_": COUNTED_ON,
    }.items():
        used |= {family + member for member in members}
    used = {name for name in used if not name.endswith("_")}
    assert used - set(guidance.phrases) == set()
    assert set(guidance.phrases) - used == set()


def test_phrases_with_places_to_fill_in_name_simple_places_only(guidance: Guidance):
    for words in guidance.phrases.values():
        for lang in LANGS:
            for _, name, spec, conversion in string.Formatter().parse(words[lang]):
                assert name is None or name.isidentifier()
                assert not spec
                assert not conversion


@pytest.mark.parametrize("text", ["kill time at work", "cette réunion va me tuer", "mort de rire",
                                  "this deadline is killing me", "shoot me an email"])  # fmt: skip
def test_figures_of_speech_do_not_bring_the_crisis_card(guidance: Guidance, text: str):
    assert not understand.is_crisis(guidance, text)


def test_the_review_dates_lie_ahead(guidance: Guidance):
    assert all(tree.review_by > date(2026, 12, 31) for tree in guidance.trees.values())
