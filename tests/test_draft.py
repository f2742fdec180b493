"""Does the check of a draft mark what it should, explain it, judge nobody and keep nothing?"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.terminal.chat import chat
from bot.channels.text import render
from bot.channels.web.server import decode
from bot.conversation import Back, Choose, Conversation, Look, Move, Open, Reply, Say
from bot.guidance import draft
from bot.guidance.model import Basis, Guidance
from bot.guidance.pages import DRAFT, OTHERS_DRAFT, OWN_DRAFT
from bot.guidance.screen import Sort, Trouble
from bot.guidance.short import Shorthand
from bot.guidance.words import LANGS, Lang, fold
from bot.personal import personal_data
from tests.conftest import still

DRAFTS = [
    json.loads(row)
    for row in (Path(__file__).parent / "questions" / "drafts.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
MARKED = "can_i_post?~={}"


def marks_of(guidance: Guidance, text: str) -> tuple[str, ...]:
    return draft.marks(guidance, text, personal=bool(personal_data(text)))


def pasted(conversation: Conversation, text: str, lang: Lang = "en") -> Reply:
    return conversation.respond(Move(OWN_DRAFT, lang, Say(text)))


# -- what is marked


def test_there_are_enough_drafts_of_each_kind_in_both_languages():
    for lang in LANGS:
        mine = [one for one in DRAFTS if one["lang"] == lang]
        assert len(mine) >= 60
        assert sum(not one["marks"] for one in mine) >= 20
        for mark in ("party", "own_work", "official", "marking", "personal", "attack", "work_time"):
            assert sum(mark in one["marks"] for one in mine) >= 4, (lang, mark)


@pytest.mark.parametrize("one", DRAFTS, ids=range(len(DRAFTS)))
def test_a_draft_gets_the_marks_that_a_fair_reader_expects(guidance: Guidance, one: dict):
    assert {*marks_of(guidance, one["text"])} == {*one["marks"]}


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("I WORK FOR THE ARC", ("own_work",)),
        ("l'arc-en-ciel était superbe", ()),
        ("arc lights", ()),
        ("PROTÉGÉ B", ("marking",)),
        ("protege   b", ("marking",)),
        ("a protégé of mine", ()),
        ("les libéraux", ("party",)),
        ("LES LIBERAUX!!!", ("party",)),
        ("my liberal arts degree", ()),
        ("the incompetently built shed", ("attack",)),
        ("ARC EN CIEL", ()),
        ("Un bel ARC-en-ciel", ()),
    ],
)
def test_words_are_whole_and_capitals_and_accents_count_where_they_should(
    guidance: Guidance, text: str, marks: tuple[str, ...]
):
    assert marks_of(guidance, text) == marks


def test_the_name_of_ones_own_organization_is_marked(guidance: Guidance):
    text = "a good day at the Sample Department of Rivers"
    names = ("Sample Department of Rivers", "Ministère fictif des Rivières")
    assert draft.marks(guidance, text, personal=False) == ()
    assert draft.marks(guidance, text, personal=False, names=names) == ("own_work",)


# -- what is said of it


def test_every_mark_is_explained_with_its_source(guidance: Guidance):
    for mark in guidance.draft.marks.values():
        assert mark.says.refs
        assert mark.says.basis in (Basis.STATED, Basis.PRACTICE)
        assert mark.picks


def test_no_mark_judges_or_forbids(guidance: Guidance):
    said = [mark.says.words for mark in guidance.draft.marks.values()]
    said += [page.text for page in guidance.draft.pages.values()]
    for words in said:
        for lang in LANGS:
            text = fold(words[lang])
            for verdict in ("violation", "infraction", "not allowed", "interdit", "you must not",
                            "breach", "approved", "approuve"):  # fmt: skip
                assert verdict not in text


@pytest.mark.parametrize("lang", LANGS)
def test_the_marks_are_listed_with_their_sources_and_a_way_on(
    conversation: Conversation, lang: Lang
):
    reply = pasted(conversation, "Vote for the NDP! Sent from my work laptop.", lang)
    assert reply.screen.place == "marks:party+work_time"
    assert [one.statement.id for one in reply.screen.said] == ["draft.party", "draft.work_time"]
    assert reply.screen.offer[0] == MARKED.format("party+work_time")
    shown = render(reply)
    assert "NDP" not in shown
    assert reply.phrase("draft_go_on") in shown


@pytest.mark.parametrize("lang", LANGS)
def test_a_draft_without_marks_is_not_cleared(conversation: Conversation, lang: Lang):
    reply = pasted(conversation, "Bread is in the oven", lang)
    assert (reply.screen.place, reply.screen.said) == ("marks:", ())
    text = fold(reply.screen.page.text[lang] if reply.screen.page else "")
    assert ("not a clearance" if lang == "en" else "pas une autorisation") in text


# -- whose it is


@pytest.mark.parametrize("text", ["yes", "Oui", "1", "Yes, I wrote it", "oui elle est de moi"])
def test_that_it_is_their_own_can_be_typed(conversation: Conversation, text: str):
    assert conversation.respond(Move(DRAFT, "en", Say(text))).screen.place == OWN_DRAFT


@pytest.mark.parametrize("text", ["no", "non", "2", "non, elle est de quelqu'un d'autre"])
def test_that_it_is_somebody_elses_can_be_typed(conversation: Conversation, text: str):
    assert conversation.respond(Move(DRAFT, "en", Say(text))).screen.place == OTHERS_DRAFT


def test_what_somebody_else_wrote_gets_no_marks_and_the_right_walks(conversation: Conversation):
    reply = conversation.respond(Move(DRAFT, "en", Open(OTHERS_DRAFT)))
    assert reply.screen.said == ()
    assert reply.screen.offer == ("saw_colleague_post", "post_reported")
    typed = conversation.respond(Move(OTHERS_DRAFT, "en", Say("those Tories are idiots")))
    assert not typed.screen.place.startswith("marks")


def test_a_draft_is_looked_at_only_where_one_is_asked_for(conversation: Conversation):
    for place in ("home", DRAFT, "can_i_post"):
        reply = conversation.respond(
            Move(place, "en", Say("Vote for the NDP, the Tories are scum"))
        )
        assert not reply.screen.place.startswith("marks")


# -- going on


def test_the_options_of_the_walk_are_marked_beforehand_until_they_are_answered(
    conversation: Conversation,
):
    reply = pasted(conversation, "The Tories are scum. Posted from my work phone.")
    at = conversation.respond(Move(reply.screen.place, "en", Open(reply.screen.offer[0])))
    assert at.screen.question is not None
    assert (at.screen.question.id, at.screen.picked) == ("who", ())
    at = conversation.respond(Move(at.screen.place, "en", Choose("who", ("employee",))))
    at = conversation.respond(Move(at.screen.place, "en", Choose("moment", ("draft",))))
    assert at.screen.question is not None
    assert at.screen.question.id == "look"
    assert {*at.screen.picked} == {"hurt", "work_means"}
    assert at.phrase("draft_marked") in " ".join(render(at).split())
    changed = conversation.respond(Move(at.screen.place, "en", Choose("look", ("none",))))
    assert changed.screen.question is not None
    assert (changed.screen.question.id, changed.screen.picked) == ("touches", ("party",))
    back = conversation.respond(Move(changed.screen.place, "en", Back()))
    assert (back.screen.question.id, back.screen.picked) == ("look", ("none",))  # type: ignore[union-attr]
    again = conversation.respond(Move(back.screen.place, "en", Choose("look", ("none",))))
    assert again.screen.picked == ("party",)


def test_an_answer_names_no_marks_of_the_draft(conversation: Conversation):
    place = MARKED.format("party") + "&who=employee&moment=draft&look=none&touches=everyday"
    reply = conversation.respond(Move(place, "en", Look()))
    assert reply.screen.sort is Sort.ANSWER
    assert "~" not in reply.screen.place


@given(st.text(max_size=60))
def test_no_place_with_marks_fails(conversation: Conversation, text: str):
    for place in (MARKED.format(text), f"marks:{text}", f"draft:{text}", f"generative_ai?~={text}"):
        reply = conversation.respond(Move(place, "en", Look()))
        assert isinstance(reply.screen.sort, Sort)
        assert render(reply)


def test_marks_travel_in_the_short_form_of_a_place(guidance: Guidance):
    every = "+".join(guidance.draft.marks)
    place = MARKED.format(every) + "&who=employee&moment=draft"
    shorthand = Shorthand(guidance)
    assert shorthand.lengthen(shorthand.shorten(place)) == (place, b"")


# -- where it may be


def test_where_free_text_is_kept_out_the_walk_takes_its_place(guidance: Guidance):
    without = Conversation(guidance, None, still, drafts=False)
    for place in (DRAFT, OWN_DRAFT, "marks:party"):
        reply = without.respond(Move("home", "en", Open(place)))
        assert reply.screen.tree is not None
        assert (reply.screen.tree.id, reply.screen.trouble) == ("can_i_post", Trouble.NO_DRAFTS)
    assert DRAFT not in without.respond(Move("home", "en", Look())).screen.offer
    typed = without.respond(Move(OWN_DRAFT, "en", Say("Vote for the NDP")))
    assert not typed.screen.place.startswith("marks")


def test_slack_has_no_drafts_unless_the_organization_allows_them(
    guidance: Guidance, department: Conversation
):
    bare = Conversation(guidance, None, still)
    for channel, offered in (("web", True), ("teams", True), ("terminal", True), ("slack", False)):
        for conversation in (bare, department):
            home = conversation.on(channel).respond(Move("home", "en", Look()))
            assert (DRAFT in home.screen.offer) is offered


def test_nothing_of_a_draft_stands_in_the_reply(conversation: Conversation):
    reply = pasted(conversation, "The Tories are scum, call 613-555-0142 zebracanary")
    assert "zebracanary" not in repr(reply.screen)
    assert "555" not in repr(reply.screen)
    assert reply.personal == ("phone",)


@pytest.mark.parametrize("text", ["Привет, это мой пост", "我的帖子", "هذا منشوري"])
def test_a_draft_in_another_script_is_not_cleared(conversation: Conversation, text: str):
    reply = pasted(conversation, text)
    assert (reply.screen.place, reply.screen.trouble) == (OWN_DRAFT, Trouble.OTHER_LANGUAGE)


def test_back_from_the_first_question_of_a_marked_walk_leads_to_the_marks(
    conversation: Conversation,
):
    reply = conversation.respond(Move(MARKED.format("party"), "en", Back()))
    assert reply.screen.place == "marks:party"


def test_what_the_person_chose_themselves_is_not_said_to_come_from_the_draft(
    conversation: Conversation,
):
    place = MARKED.format("attack+party") + "&who=employee&moment=draft"
    at = conversation.respond(Move(place, "en", Choose("look", ("official",))))
    back = conversation.respond(Move(at.screen.place, "en", Back()))
    assert (back.screen.picked, back.screen.suggested) == (("official",), False)


def test_marks_are_named_once(conversation: Conversation):
    reply = conversation.respond(Move("marks:party+party+attack+party", "en", Look()))
    assert reply.screen.place == "marks:party+attack"


def test_a_draft_in_the_terminal_has_many_lines(guidance: Guidance):
    shown: list[str] = []
    typed = iter(["A good day at the lake", "2", "but the Tories are scum", "", "quit"])
    chat(Conversation(guidance, None, still), "en", OWN_DRAFT, typed, shown.append)
    assert "A party, a candidate or an election" in shown[2]
    assert len(shown) == 4


def test_a_draft_on_the_web_may_have_lines_of_its_own():
    move = decode({"do": ["say"], "text": ["one\r\ntwo"], "place": [OWN_DRAFT]}, "en")
    assert move.act == Say("one\ntwo")


def test_a_draft_that_is_too_long_is_told_so(conversation: Conversation):
    reply = pasted(conversation, "word " * 1000)
    assert (reply.screen.place, reply.screen.trouble) == (OWN_DRAFT, Trouble.TOO_LONG)


def test_the_lists_of_names_were_read_within_the_year(guidance: Guidance):
    for name in ("applied_titles", "registered_parties", "quebec_parties"):
        assert guidance.sources[name].read > date(2026, 11, 1)
