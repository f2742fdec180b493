"""What comes of each thing a person may do?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.text import render as as_text
from bot.channels.web.render import renderer
from bot.conversation import (
    Back,
    Change,
    Choose,
    Conversation,
    Look,
    Move,
    Open,
    Reply,
    Say,
    StartOver,
)
from bot.guidance.pages import Part
from bot.guidance.screen import Sort, Trouble
from bot.guidance.ticket import MAX_LENGTH
from bot.guidance.words import Lang

MEDIA = "post_reported?channel=media_query"


def say(conversation: Conversation, text: str, place: str = "home", lang: Lang = "en") -> Reply:
    return conversation.respond(Move(place, lang, Say(text)))


def test_the_language_changes_and_the_place_stays(conversation: Conversation):
    english = conversation.respond(Move(MEDIA, "en", Look()))
    french = conversation.respond(Move(english.screen.place, "fr", Look()))
    assert french.screen == english.screen
    assert french.lang == "fr"


def test_a_language_change_while_changing_a_choice_stays_at_that_question(
    conversation: Conversation,
):
    asked = conversation.respond(Move(MEDIA, "en", Change("channel")))
    again = conversation.respond(Move(asked.screen.place, "fr", Look(), asking="channel"))
    assert again.screen.question is not None
    assert again.screen.question.id == "channel"
    assert again.screen.picked == ("media_query",)


def test_choosing_goes_on_and_back_returns(conversation: Conversation):
    first = conversation.respond(Move("home", "en", Open("post_reported")))
    assert first.screen.question is not None
    second = conversation.respond(
        Move(first.screen.place, "en", Choose("channel", ("media_query",)))
    )
    assert second.screen.place == MEDIA
    returned = conversation.respond(Move(second.screen.place, "en", Back()))
    assert returned.screen.place == "post_reported"
    assert returned.screen.picked == ("media_query",)
    assert conversation.respond(Move("post_reported", "en", Back())).screen.sort is Sort.HOME


def test_starting_over_keeps_the_tree_and_drops_the_choices(conversation: Conversation):
    assert conversation.respond(Move(MEDIA, "en", StartOver())).screen.place == "post_reported"


def test_from_a_page_one_returns_to_the_walk_one_came_from(conversation: Conversation):
    crisis = conversation.respond(Move(MEDIA, "en", Open("crisis")))
    assert crisis.came_from == MEDIA
    promise = conversation.respond(
        Move(crisis.screen.place, "en", Open("promise"), came_from=crisis.came_from)
    )
    assert promise.came_from == MEDIA
    returned = conversation.respond(Move("promise", "en", Open(MEDIA), came_from=MEDIA))
    assert returned.screen.place == MEDIA
    assert returned.came_from is None


@pytest.mark.parametrize(
    ("place", "trouble"),
    [("nowhere", Trouble.UNKNOWN_PLACE), ("topic:nothing", Trouble.UNKNOWN_PLACE),
     ("../../etc/passwd", Trouble.UNKNOWN_PLACE), ("x" * (MAX_LENGTH + 1), Trouble.TOO_LONG)],
)  # fmt: skip
@pytest.mark.parametrize("act", [Look(), Back(), StartOver(), Choose("who", ("employee",)),
                                 Change("who"), Look(Part.WHY), Look(Part.OUTLINE)])  # fmt: skip
def test_a_place_that_does_not_exist_leads_home_and_says_so(
    conversation: Conversation, place: str, trouble: Trouble, act: Look
):
    reply = conversation.respond(Move(place, "fr", act))
    assert reply.screen.sort is Sort.HOME
    if not isinstance(act, Back | StartOver):
        assert reply.screen.trouble in (trouble, Trouble.UNKNOWN_PLACE)


# -- typing


@pytest.mark.parametrize(
    "text",
    ["I want to kill myself", "j’ai envie de mourir", "JE VEUX MOURIR!!", "i want to  die",
     "can I post this? also someone posted my address online and I want to die"],
)  # fmt: skip
@pytest.mark.parametrize("place", ["home", MEDIA, "nowhere"])
def test_words_of_danger_bring_the_crisis_card_before_anything_else(
    conversation: Conversation, text: str, place: str
):
    reply = say(conversation, text, place)
    assert reply.screen.sort is Sort.CRISIS
    assert [line.number for line in reply.guidance.crisis.numbers][:2] == ["911", "9-8-8"]


def test_words_of_danger_are_seen_at_the_end_of_a_long_message_too(conversation: Conversation):
    assert say(conversation, "blah " * 5000 + "I want to die").screen.sort is Sort.CRISIS


def test_the_crisis_card_speaks_the_language_of_the_words(conversation: Conversation):
    assert say(conversation, "je veux mourir, je ne peux plus", "home", "en").lang == "fr"


@pytest.mark.parametrize(
    "text", ["suicidal", "suicide", "je suis en danger", "on me menace", "someone threatened me"]
)
def test_few_words_of_danger_are_enough(conversation: Conversation, text: str):
    assert say(conversation, text).screen.sort is Sort.CRISIS


def test_typed_back_returns_from_a_page_and_cancels_a_change(conversation: Conversation):
    typed = Say("back")
    page = conversation.respond(Move("crisis", "en", typed, came_from=MEDIA))
    assert page.screen.place == MEDIA
    cancelled = conversation.respond(Move(MEDIA, "en", typed, asking="channel"))
    assert cancelled.screen.place == MEDIA
    assert cancelled.screen.question is not None
    assert cancelled.screen.question.id == "danger"


@pytest.mark.parametrize("text", ["1", "A media query", "a MEDIA query.", "une demande des médias"])
def test_an_option_is_picked_by_number_or_by_label_in_either_language(
    conversation: Conversation, text: str
):
    reply = say(conversation, text, "post_reported")
    assert reply.screen.place == MEDIA


@pytest.mark.parametrize("text", ["1, 3", "1 et 3", "3 1", "1 and 3"])
def test_several_numbers_pick_several_options_where_that_is_possible(
    conversation: Conversation, text: str
):
    place = "can_i_post?who=employee&moment=draft"
    question = conversation.respond(Move(place, "en", Look())).screen.question
    assert question is not None
    assert question.many
    wanted = "+".join(question.options[i].id for i in (0, 2))
    assert say(conversation, text, place).screen.place == f"{place}&{question.id}={wanted}"


@pytest.mark.parametrize("text", ["99", "0", "1, 99", "1 2"])
def test_numbers_that_are_no_options_are_not_guessed_at(conversation: Conversation, text: str):
    reply = say(conversation, text, "post_reported")
    assert reply.screen.place == "post_reported"
    assert reply.screen.trouble is Trouble.NOT_AN_OPTION


@pytest.mark.parametrize(
    ("text", "place"),
    [("back", "post_reported"), ("Retour", "post_reported"), ("start over", "post_reported"),
     ("menu", "home"), ("aide", "home"), ("promesse", "promise")],
)  # fmt: skip
def test_words_of_command_work_everywhere(conversation: Conversation, text: str, place: str):
    assert say(conversation, text, MEDIA).screen.place == place


def test_typing_the_other_language_switches_to_it(conversation: Conversation):
    assert say(conversation, "français", MEDIA).lang == "fr"
    assert say(conversation, "English", MEDIA, "fr").lang == "en"


@pytest.mark.parametrize(
    ("text", "topic", "lang"),
    [
        ("can I use the Canada wordmark in my profile?", "official_symbols", "en"),
        ("ai-je le droit d’utiliser ChatGPT pour résumer un document?", "generative_ai", "fr"),
    ],
)
def test_a_typed_question_shows_its_topic_in_its_own_language(
    conversation: Conversation, text: str, topic: str, lang: Lang
):
    reply = say(conversation, text, lang="en" if lang == "fr" else "fr")
    assert reply.screen.place == f"topic:{topic}"
    assert reply.screen.trouble is Trouble.MEANT
    assert reply.lang == lang


@pytest.mark.parametrize("text", ["zzqx wvkj", "???", "\u202e"])
def test_what_is_not_understood_is_said_kindly_and_the_place_stays(
    conversation: Conversation, text: str
):
    reply = say(conversation, text, MEDIA)
    assert reply.screen.place == MEDIA
    assert reply.screen.trouble is Trouble.NOT_UNDERSTOOD


@pytest.mark.parametrize("text", ["你好", "ᐃᓄᒃᑎᑐᑦ", "помогите", "مرحبا"])
def test_another_script_is_answered_in_both_languages_and_the_place_stays(
    conversation: Conversation, text: str
):
    reply = say(conversation, text, MEDIA)
    assert (reply.screen.place, reply.screen.trouble) == (MEDIA, Trouble.OTHER_LANGUAGE)
    sentence = reply.phrase(f"trouble_{reply.screen.trouble}")
    assert "English" in sentence
    assert "français" in sentence


@pytest.mark.parametrize("text", ["hello", "Bonjour!", "Salut", "good morning"])
def test_a_greeting_is_answered_with_what_one_can_do(conversation: Conversation, text: str):
    reply = say(conversation, text)
    assert (reply.screen.place, reply.screen.trouble) == ("home", None)


def test_the_person_is_told_when_the_guidance_changed_since_their_place_was_made(
    conversation: Conversation,
):
    version = conversation.guidance.version
    for under, updated in ((None, False), (version[:8], False), ("00000000", True)):
        reply = conversation.respond(Move(MEDIA, "en", Look(), under=under))
        assert reply.updated is updated
        assert reply.screen.place == MEDIA


def test_the_topics_that_may_be_meant_stay_when_the_language_changes(conversation: Conversation):
    asked = say(conversation, "is it a problem with my account?", MEDIA)
    again = conversation.respond(Move(asked.screen.place, "fr", Look(), came_from=asked.came_from))
    assert len(asked.screen.offer) >= 2
    assert again.screen.offer == asked.screen.offer
    assert again.came_from == asked.came_from == MEDIA
    lost = conversation.respond(Move("unsure:no_such_topic", "en", Look()))
    assert lost.screen.trouble is Trouble.UNKNOWN_PLACE


def test_what_is_too_long_to_read_is_said_and_the_place_stays(conversation: Conversation):
    reply = say(conversation, "word " * 1000, MEDIA)
    assert (reply.screen.place, reply.screen.trouble) == (MEDIA, Trouble.TOO_LONG)


@given(st.text(max_size=400), st.sampled_from(["home", MEDIA, "can_i_post", "crisis", "x:y", ""]))
def test_any_words_anywhere_get_a_reply_that_does_not_repeat_them(text: str, place: str):
    reply = say(CONVERSATION, f"zqx{text}zqx", place)
    assert "zqx" not in repr(reply.screen.offer) + reply.screen.place
    assert "zqx" not in repr(reply.screen.offer) + reply.screen.place


def test_a_move_does_not_show_typed_words_when_printed():
    assert "secret" not in repr(Move("home", "en", Say("my secret")))


@pytest.fixture(autouse=True, scope="module")
def _share(conversation: Conversation):
    global CONVERSATION  # hypothesis takes no fixture
    CONVERSATION = conversation


CONVERSATION: Conversation


# -- what an organization adds


def test_contacts_hours_and_additions_of_the_organization_are_on_the_screen(
    department: Conversation,
):
    place = "post_reported?channel=media_query&danger=none"
    reply = department.respond(Move("home", "en", Open("office:media_relations")))
    card = reply.cards[0]
    assert card.contact is not None
    assert card.opening is not None
    assert card.opening.is_open
    assert reply.phrase("office_reach")
    assert department.respond(Move(place, "en", Look())).screen.tree is not None


def test_a_dated_notice_stands_above_its_tree_and_nowhere_else(department: Conversation):
    assert department.respond(Move("home", "en", Open("political_activity"))).notices
    assert not department.respond(Move("home", "en", Open("can_i_post"))).notices


def test_listed_ai_tools_stand_where_the_ai_lead_is_named(department: Conversation):
    guidance = department.guidance
    with_lead = next(t for t in guidance.topics.values() if "ai_lead" in t.offices)
    without = next(t for t in guidance.topics.values() if "ai_lead" not in t.offices)
    assert department.respond(Move("home", "en", Open(f"topic:{with_lead.id}"))).tools
    assert not department.respond(Move("home", "en", Open(f"topic:{without.id}"))).tools


def test_guidance_is_not_yet_approved_until_the_organization_says_so(conversation: Conversation):
    reply = conversation.respond(Move("home", "en", Look()))
    assert reply.approval.en == "This guidance is not yet approved by your organization."


def test_what_the_employer_keeps_is_told_with_the_promise(department: Conversation):
    reply = department.respond(Move("home", "fr", Open("promise")))
    assert reply.retention is not None
    assert reply.retention.fr in " ".join(as_text(reply).split())
    assert reply.retention.fr in renderer()(reply)
    assert department.respond(Move("home", "fr", Open("crisis"))).retention is None
