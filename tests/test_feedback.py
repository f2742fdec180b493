"""Can people learn more, comment on the guidance, and say in one tap whether an answer helped?

A comment is a message that they send from their own mail. A tap is counted, and nothing is kept of
who gave it; each channel is looked at through real HTTP.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from bot.app import web_application
from bot.channels.letter import Letter, letter_of
from bot.channels.rating import rating_of
from bot.channels.slack import surfaces as slack_surfaces
from bot.channels.slack.limits import checked_message, checked_view
from bot.channels.slack.pen import pages_of as slack_pages
from bot.channels.teams import surfaces as teams_surfaces
from bot.channels.teams.limits import checked
from bot.channels.teams.pen import pages_of as teams_pages
from bot.channels.text import render as as_text
from bot.channels.web.render import renderer
from bot.conversation import Conversation, Move, Open, Rate, Reply
from bot.guidance.model import THEMES, Course, Guidance
from bot.guidance.print import print_html, print_markdown
from bot.guidance.screen import Sort
from bot.guidance.words import LANGS, Lang
from bot.organization import Organization
from bot.seal import MAX_LENGTH, Surface
from bot.settings import read_settings
from tests.conftest import still
from tests.feedback import Counted, answer_of, at, counting, rated, written
from tests.places import distinct, pages
from tests.slack.fake import FakeSlack
from tests.slack_app import running as on_slack
from tests.teams.fake import FakeTeams
from tests.teams_app import running as in_teams
from tests.test_slack_walk import words as slack_words
from tests.test_teams_walk import words as teams_words

CHOSEN = "can_i_post?who=employee&moment=draft"
ASKED: dict[Lang, str] = {
    "en": "Does my employer monitor my social media?",
    "fr": "Est-ce que mon employeur surveille mes médias sociaux?",
}
"""What leads to the topic about monitoring."""

LONGEST = "1" + "x" * (MAX_LENGTH - 1)
MAILBOX = "Integrity-Integrite@tbs-sct.gc.ca"
FITS = {
    "TRN125": {"learning", "professional_networking", "executives"},
    "TRN1-V13": {"learning", "can_i_post"},
    "DDN2-A29": {"learning", "anonymity_privacy", "personal_safety", "professional_networking",
                 "confidential_information"},
    "TRN506": {"learning", "can_i_post"},
    "GENAI": {"learning", "generative_ai", "ai_disclosure"},
    "FON3-V02": {"learning", "values_code", "conflict_of_interest", "respectful_conduct"},
    "DLN": {"learning", "caf_members"},
    "CANFORGEN-SAFETY": {"learning", "caf_members"},
    "CANFORGEN-OPS": {"learning", "caf_members"},
}  # fmt: skip
"""The topics that each course fits."""

SEEN = {
    "TRN1-V13": ("https://www.csps-efpc.gc.ca/video/navigating-social-media-eng.aspx",
                 "https://myschool.gc.ca/video/navigating-social-media-fra.aspx"),
    "FON3-V02": ("https://catalogue.csps-efpc.gc.ca/product?catalog=FON3-V02&cm_locale=en",
                 "https://catalogue.csps-efpc.gc.ca/product?catalog=FON3-V02&cm_locale=fr"),
}  # fmt: skip
"""The courses whose pages were seen; the address of any other is marked or missing."""


@pytest.fixture
def counted(organized: tuple[Guidance, Organization]) -> Counted:
    return counting(*organized)


def drawn(reply: Reply) -> dict[str, str]:
    """The whole of a reply in each channel, as one text."""
    slack = [slack_surfaces.message(reply, page, "") for page in slack_pages(reply)]
    teams = [teams_surfaces.card(reply, page, "", Surface.MODAL) for page in teams_pages(reply, 0)]
    return {
        "slack": unescape(json.dumps(slack, ensure_ascii=False)).replace("\u2060", ""),
        "teams": json.dumps(teams, ensure_ascii=False),
        "web": unescape(renderer()(reply)),
        "terminal": re.sub(r"[ \n]+", " ", as_text(reply)),
    }


# -- courses


def test_each_course_is_named_on_every_topic_that_it_fits(guidance: Guidance):
    found = {name: {t.id for t in guidance.topics.values() if name in t.courses}
             for name in guidance.courses}  # fmt: skip
    assert found == FITS


def test_an_address_that_nobody_saw_is_marked_and_one_that_was_seen_is_in_both_languages(
    guidance: Guidance,
):
    for course in guidance.courses.values():
        if course.id in SEEN:
            assert (course.url["en"], course.url["fr"]) == SEEN[course.id]
            assert not course.url_unverified
        else:
            assert course.url_unverified is bool(course.url), course.id


def test_a_french_title_that_nobody_saw_stands_beside_the_exact_english_one(guidance: Guidance):
    for course in guidance.courses.values():
        if course.fr_unverified:
            english = course.title.en.removeprefix("CANFORGEN: ")
            assert f"«\u00a0{english}\u00a0»" in course.title.fr


@pytest.mark.parametrize("lang", LANGS)
def test_the_learning_topic_lists_courses_by_what_they_are_about(
    conversation: Conversation, lang: Lang
):
    reply = conversation.respond(at("topic:learning", lang))
    for channel, text in drawn(reply).items():
        listed = text[text.index(reply.phrase("learn_on_social_media")) :]
        places = [0]
        for theme in THEMES:
            places.append(listed.index(reply.phrase(f"learn_on_{theme}")))
            for course in reply.guidance.courses.values():
                if course.theme == theme:
                    places.append(listed.index(course.title[lang], places[-1]))
        assert places == sorted(places), channel


@pytest.mark.parametrize("lang", LANGS)
def test_a_course_has_its_link_in_the_readers_language_and_its_marks_in_every_channel(
    conversation: Conversation, lang: Lang
):
    reply = conversation.respond(at("topic:learning", lang))
    phrases = reply.guidance.phrases
    for channel, text in drawn(reply).items():
        listed = text[text.index(phrases["learn_on_social_media"][lang]) :]
        for course in reply.guidance.courses.values():
            row = re.split(r"•|\\n- | - |<li>", listed[listed.index(course.title[lang]) :])[0]
            assert (phrases["learn_address"][lang] in row) is course.url_unverified, channel
            network = phrases[f"network_{course.network or 'gc'}"][lang]
            assert (network in row) is (course.network is not None), channel
            assert not course.url or course.url[lang] in text, channel


def test_a_course_with_a_page_in_english_only_says_so_to_a_french_reader(guidance: Guidance):
    course = guidance.courses["FON3-V02"]
    english = replace(course, url={"en": course.url["en"]})
    other = replace(guidance, courses={**guidance.courses, "FON3-V02": english})
    talk = Conversation(other, None, still)
    for lang in LANGS:
        reply = talk.respond(at("topic:values_code", lang))
        before = Conversation(guidance, None, still).respond(at("topic:values_code", lang))
        mark, old = reply.phrase("in_english"), drawn(before)
        for channel, text in drawn(reply).items():
            assert text.count(mark) - old[channel].count(mark) == (lang == "fr"), channel
    tree = other.trees[other.topics["values_code"].tree]
    assert "page en anglais seulement" in print_markdown(other, [tree]).partition("## Learning")[2]


def test_the_print_out_lists_the_courses_of_the_topics_that_lead_to_a_tree(guidance: Guidance):
    def named(text: str, course: Course) -> bool:
        return course.title.en in text and course.title.fr in text

    for tree in guidance.trees.values():
        wanted = {name for topic in guidance.topics.values() if topic.tree == tree.id
                  for name in topic.courses}  # fmt: skip
        for text in (print_markdown(guidance, [tree]), unescape(print_html(guidance, [tree]))):
            part = text.partition("Learning / Apprentissage")[2]
            assert {c.id for c in guidance.courses.values() if named(part, c)} == wanted


# -- a comment on the guidance


def read_mailto(address: str) -> tuple[str, str, str]:
    """What a mail program makes of an address: to whom, which subject, which body."""
    parts = urlsplit(address)
    fields = parse_qs(parts.query, strict_parsing=True, max_num_fields=2)
    assert parts.scheme == "mailto"
    return unquote(parts.path), fields["subject"][0], fields["body"][0].replace("\r\n", "\n")


@given(st.text(), st.text())
def test_whatever_a_letter_says_a_mail_program_reads_the_same(subject: str, body: str):
    body = body.replace("\r", "").encode("utf-8", "ignore").decode()
    subject = subject.encode("utf-8", "ignore").decode()
    letter = Letter(MAILBOX, subject or "x", body or "x")
    assert letter.address.isascii()
    assert not re.search(r"[\s<>()\[\]|\"']", letter.address)
    assert read_mailto(letter.address) == (letter.to, letter.subject, letter.body)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("place", [CHOSEN, "topic:monitoring", "home"])
def test_the_letter_names_where_one_came_from_the_version_and_the_language_and_no_choice(
    conversation: Conversation, place: str, lang: Lang
):
    reply = conversation.respond(Move(place, lang, Open("topic:feedback")))
    letter = letter_of(reply)
    assert letter is not None
    assert letter.to == MAILBOX
    guidance = reply.guidance
    title = {
        CHOSEN: guidance.trees["can_i_post"].title[lang],
        "topic:monitoring": guidance.topics["monitoring"].title[lang],
        "home": guidance.phrases["letter_general"][lang],
    }[place]
    assert title in letter.body
    assert guidance.version in letter.body
    assert {"en": "in English", "fr": "en français"}[lang] in letter.body
    assert letter.body.endswith("\n\n")
    tree = guidance.trees["can_i_post"]
    labels = [o.label[lang] for q in tree.questions.values() for o in q.options]
    for part in (letter.subject, letter.body):
        assert not any(label in part for label in labels)
        assert "employee" not in part
    # In the other language it still names the same.
    turned = conversation.respond(
        Move(reply.screen.place, lang, Open(reply.screen.place), came_from=reply.came_from)
    )
    assert letter_of(turned) == letter


@pytest.mark.parametrize("lang", LANGS)
def test_every_channel_shows_the_letter_to_open_or_to_copy_and_says_who_sends_it(
    conversation: Conversation, lang: Lang
):
    reply = conversation.respond(Move(CHOSEN, lang, Open("topic:feedback")))
    letter = letter_of(reply)
    assert letter is not None
    for channel, text in drawn(reply).items():
        assert reply.phrase("letter_meaning") in text, channel
        for line in (letter.to, letter.subject, *filter(None, letter.body.split("\n"))):
            assert line in text, channel
        assert (letter.address in text) is (channel != "terminal"), channel


def test_from_comments_one_returns_to_the_walk_or_the_topic_one_came_from(
    conversation: Conversation,
):
    for place in (CHOSEN, "topic:monitoring"):
        reply = conversation.respond(Move(place, "en", Open("topic:feedback")))
        assert reply.came_from == place
    move = Move("topic:monitoring", "en", Open("topic:feedback"), came_from=CHOSEN)
    both = conversation.respond(move)
    assert both.came_from == CHOSEN
    assert conversation.respond(Move("home", "en", Open("topic:feedback"))).came_from is None
    # On other pages a topic is nothing to return to, as before.
    assert conversation.respond(Move("topic:monitoring", "en", Open("offices"))).came_from is None


# -- whether it helped


def test_it_is_asked_of_answers_and_topics_only_and_not_where_somebody_may_be_in_danger(
    counted: Counted,
):
    talk = counted.conversation
    for place in pages(talk.guidance):
        reply = talk.respond(at(place))
        wanted = (
            reply.screen.sort is Sort.TOPIC
            and place != "topic:feedback"
            and all(office.id != "emergency" for office in reply.screen.offices)
        )
        assert reply.may_rate is wanted, place
    for place in [*distinct(talk.guidance, "post_reported")][::50]:
        reply = talk.respond(at(place))
        danger = any(office.id == "emergency" for office in reply.screen.offices)
        assert reply.may_rate is (reply.screen.answer is not None and not danger)


def test_without_a_count_nobody_is_asked(department: Conversation):
    place = "topic:monitoring"
    assert not department.respond(at(place)).may_rate
    reply = rated(department, place, "en", helped=True)
    assert rating_of(reply) is None
    assert reply.screen.place == place


@pytest.mark.parametrize("helped", [True, False])
@pytest.mark.parametrize("lang", LANGS)
def test_a_tap_counts_yes_or_no_and_the_language_and_shows_the_same_screen_without_the_buttons(
    counted: Counted, lang: Lang, helped: bool
):
    talk = counted.conversation
    for place in (answer_of(talk), "topic:monitoring"):
        before = talk.respond(at(place, lang))
        counted.told.clear()
        reply = rated(talk, place, lang, helped=helped)
        assert counted.told == [("helped", "yes" if helped else "no", lang)]
        assert reply.screen == before.screen
        rating = rating_of(reply)
        assert rating is not None
        assert rating.words == reply.phrase(f"rate_thanks_{'yes' if helped else 'no'}")
        onward = [] if helped else ["open:topic:feedback"]
        assert [button.do for button in rating.buttons] == onward


@pytest.mark.parametrize("place", ["crisis", "home", "can_i_post", "topic:feedback",
                                   "topic:personal_safety", "nowhere", "x" * 3000])  # fmt: skip
def test_a_tap_that_no_screen_asked_for_counts_nothing(counted: Counted, place: str):
    reply = rated(counted.conversation, place, "en", helped=True)
    assert counted.told == []
    assert reply.rated is None


def test_every_channel_has_its_own_conversation_and_one_count(counted: Counted):
    for channel in ("slack", "teams", "web"):
        rated(counted.conversation.on(channel), "topic:monitoring", "fr", helped=False)
    assert counted.told == [("helped", "no", "fr")] * 3


@pytest.mark.long
@pytest.mark.parametrize("lang", LANGS)
def test_a_screen_fits_with_the_question_and_with_the_thanks_on_both_platforms(
    counted: Counted, lang: Lang
):
    """The longest of each tree; the tests of all screens count the rest."""
    talk = counted.conversation
    for tree in talk.guidance.trees:
        for place in [*distinct(talk.guidance, tree)][::120]:
            for reply in (
                talk.respond(at(place, lang)),
                rated(talk, place, lang, helped=True),
                rated(talk, place, lang, helped=False),
            ):
                for page in slack_pages(reply):
                    checked_message(slack_surfaces.message(reply, page, LONGEST))
                    checked_view(slack_surfaces.modal(reply, page, LONGEST))
                for page in teams_pages(reply, len(LONGEST)):
                    for surface in (Surface.MESSAGE, Surface.MODAL):
                        checked(teams_surfaces.card(reply, page, LONGEST, surface))


# -- the same through real HTTP


@pytest.fixture
async def http(counted: Counted) -> AsyncIterator[ClientSession]:
    server = TestServer(web_application(read_settings({}), counted.conversation))
    await server.start_server(access_log=None)
    async with ClientSession(base_url=str(server.make_url("/"))) as session:
        yield session
    await server.close()


async def test_on_the_web_a_button_is_pressed_and_the_page_thanks(
    http: ClientSession, counted: Counted
):
    counted.told.clear()
    fields = {"place": "topic:monitoring", "lang": "fr"}
    async with http.post("/", data=fields) as response:
        page = unescape(await response.text())
    assert 'value="rate:yes"' in page
    async with http.post("/", data={**fields, "do": "rate:no"}) as response:
        page = unescape(await response.text())
    assert counted.told == [("helped", "no", "fr")]
    assert "Merci. Votre réponse est comptée, sans votre nom." in page
    assert "rate:" not in page
    assert 'value="open:topic:feedback"' in page
    async with http.post("/", data={**fields, "do": "rate:perhaps"}) as response:
        assert 'value="rate:yes"' in await response.text()
    assert len(counted.told) == 1


@pytest.mark.parametrize("lang", LANGS)
async def test_on_slack_a_button_of_a_window_and_of_a_message_is_counted_and_gone(
    department: Conversation, tmp_path: Path, lang: Lang
):
    phrases = department.guidance.phrases
    async with (
        FakeSlack(rates=False) as fake,
        on_slack(fake, conversation=department, folder=tmp_path) as cairn,
    ):
        alice = fake.person("alice", locale=f"{lang}-CA")
        await alice.shortcut(f"topic:monitoring.{lang}")
        await cairn.drain()
        await alice.press(alice.view, label=phrases["rate_yes"][lang])
        await cairn.drain()
        seen = slack_words(alice.view)
        assert phrases["rate_thanks_yes"][lang] in seen
        assert phrases["rate_ask"][lang] not in seen

        await alice.message(ASKED[lang])
        await cairn.drain()
        await alice.press(alice.sees()[-1], label=phrases["rate_no"][lang])
        await cairn.drain()
        seen = slack_words(alice.sees()[-1])
        assert phrases["rate_thanks_no"][lang] in seen
        assert phrases["rate_ask"][lang] not in seen
        await alice.press(alice.sees()[-1], label=phrases["feedback"][lang])
        await cairn.drain()
        seen = slack_words(alice.sees()[-1])
        assert phrases["letter_meaning"][lang] in seen
        assert department.guidance.topics["monitoring"].title[lang] in seen
        assert fake.violations == fake.failures == []
    assert written(tmp_path) == [("no", lang, 1), ("yes", lang, 1)]


@pytest.mark.parametrize("lang", LANGS)
async def test_in_teams_a_button_of_a_card_and_of_a_dialog_is_counted_and_gone(
    department: Conversation, tmp_path: Path, lang: Lang
):
    phrases = department.guidance.phrases
    async with (
        FakeTeams(rates=False) as fake,
        in_teams(fake, conversation=department, folder=tmp_path) as cairn,
    ):
        alice = fake.person("alice", locale=f"{lang}-CA")
        await alice.message(ASKED[lang])
        await cairn.drain()
        await alice.press(alice.card, phrases["open_private"][lang])
        await alice.press(alice.dialog, phrases["rate_yes"][lang])
        assert phrases["rate_thanks_yes"][lang] in teams_words(alice.dialog)
        assert phrases["rate_ask"][lang] not in teams_words(alice.dialog)
        alice.close()
        await alice.press(alice.card, phrases["rate_no"][lang])
        await cairn.drain()
        assert phrases["rate_thanks_no"][lang] in teams_words(alice.card)
        assert phrases["rate_ask"][lang] not in teams_words(alice.card)
        await alice.press(alice.card, phrases["feedback"][lang])
        await cairn.drain()
        assert phrases["letter_meaning"][lang] in teams_words(alice.card)
        assert department.guidance.topics["monitoring"].title[lang] in teams_words(alice.card)
        assert fake.violations == fake.failures == []
    assert written(tmp_path) == [("no", lang, 1), ("yes", lang, 1)]


async def test_a_press_on_a_card_that_cannot_be_opened_begins_again_kindly_and_counts_nothing(
    department: Conversation, tmp_path: Path
):
    phrases = department.guidance.phrases
    async with FakeTeams(rates=False) as fake:
        alice = fake.person("alice")
        async with in_teams(fake, conversation=department, folder=tmp_path) as cairn:
            await alice.message(ASKED["en"])
            await cairn.drain()
        other = b64encode(bytes(reversed(range(32)))).decode()
        async with in_teams(
            fake, conversation=department, folder=tmp_path, seal_keys=other
        ) as cairn:
            await alice.press(alice.card, phrases["rate_yes"].en)
            await cairn.drain()
            assert phrases["trouble_not_opened"].en in teams_words(alice.card)
    assert written(tmp_path) == []


async def test_nothing_of_a_person_is_handed_to_the_count(
    organized: tuple[Guidance, Organization],
):
    told: list[tuple[object, ...]] = []
    talk = Conversation(*organized, still, count=lambda *given: told.append(given))
    place = answer_of(talk)
    told.clear()
    talk.respond(Move(place, "fr", Rate(helped=True), came_from=CHOSEN, under="0" * 8))
    assert [one for one in told if one[0] == "helped"] == [("helped", "yes", "fr")]
    assert not any(place in str(one) or "=" in str(one) for one in told)
