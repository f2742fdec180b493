"""What does a person see and do in Teams? Every surface, over real HTTP, with the application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import quote

import pytest

from bot.conversation import Conversation
from bot.guidance.words import LANGS, Lang
from tests.slack_app import department, guidance_of
from tests.teams import payloads, screen
from tests.teams.fake import FakeTeams
from tests.teams.person import Person
from tests.teams.state import Shown
from tests.teams_app import Running, running

Drain = Callable[[], Awaitable[None]]


@asynccontextmanager
async def teams(conversation: Conversation | None = None) -> AsyncIterator[Running]:
    """Teams with Cairn in it; at the end nothing was sent that Teams would not have."""
    async with FakeTeams(rates=False) as fake, running(fake, conversation=conversation) as cairn:
        yield cairn
        await cairn.drain()
        assert fake.violations == fake.failures == fake.inserted == []


def targeted() -> Conversation:
    """The sample department, in whose Teams one person of a channel can be spoken to."""
    found = department()
    assert found.organization is not None
    own = replace(found.organization, targeted_messages=True)
    return Conversation(found.guidance, own, found._clock)


async def at_question(cairn: Running, lang: Lang = "en") -> Person:
    """Somebody at the second question of the managers' walk."""
    alice = cairn.fake.person("alice", locale=f"{lang}-CA")
    await alice.message("menu")
    await cairn.drain()
    await alice.pick(alice.card, f"goto:{lang}:home", "post_reported")
    await alice.press(alice.card, "goto")
    await alice.pick(alice.card, f"pick:{lang}:channel", "media_query")
    await alice.press(alice.card, "choose")
    await cairn.drain()
    return alice


def words(shown: Shown | None) -> str:
    assert shown is not None
    return screen.text(shown)


# -- the beginning


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("en-US", "What would you like to do?"), ("fr-FR", "Que souhaitez-vous faire?")],
)
async def test_who_installs_cairn_is_welcomed_once_in_the_language_of_their_teams(
    locale: str, expected: str
):
    async with teams() as cairn:
        alice = cairn.fake.person("alice", locale=locale, installed=False)
        outcomes = await alice.install()
        await cairn.drain()
        assert expected in words(alice.card)
        assert len(alice.cards) == 1
        for outcome in outcomes:
            await cairn.fake.redeliver(outcome)
        await cairn.drain()
        assert len(alice.cards) == 1


async def test_who_removes_cairn_and_takes_it_again_is_welcomed_again():
    async with teams() as cairn:
        alice = cairn.fake.person("alice", installed=False)
        await alice.install()
        await alice.uninstall()
        await alice.install()
        await cairn.drain()
        assert len(alice.cards) == 2


async def test_somebody_whose_teams_is_in_neither_language_chooses_one_on_the_first_card():
    async with teams() as cairn:
        alice = cairn.fake.person("alice", locale="es-ES", installed=False)
        await alice.install()
        await cairn.drain()
        assert "Puis-je publier ceci?" in words(alice.card)
        assert "Can I post this?" in words(alice.card)
        await alice.pick(alice.card, "lang", "fr")
        await alice.pick(alice.card, "goto:both", "can_i_post")
        await alice.press(alice.card, "first")
        assert "Qu’est-ce qui vous décrit le mieux?" in words(alice.card)


async def test_who_picks_no_language_on_the_first_card_is_not_remembered_to_speak_english():
    async with teams() as cairn:
        alice = cairn.fake.person("alice", locale="es-ES", installed=False)
        await alice.install()
        await cairn.drain()
        await alice.pick(alice.card, "goto:both", "can_i_post")
        await alice.press(alice.card, "first")
        assert "Which of these describes you?" in words(alice.card)
        await alice.uninstall()
        await alice.install()
        await cairn.drain()
        assert "Puis-je publier ceci?" in words(alice.card), "the first card is in both again"


async def test_nothing_is_posted_in_a_team_that_cairn_is_added_to():
    async with teams() as cairn:
        alice = cairn.fake.person("alice")
        team = cairn.fake.channel("team", alice)
        await alice.install(team)
        await cairn.drain()
        assert team.messages == []


# -- the walk


@pytest.mark.parametrize("lang", LANGS)
async def test_a_walk_goes_on_in_one_card_and_stays_there_when_the_chat_is_drawn_anew(lang: Lang):
    async with teams() as cairn:
        alice = await at_question(cairn, lang)
        assert len(alice.cards) == 1
        seen = words(alice.card)
        alice.reload()
        assert words(alice.card) == seen
        await alice.press(alice.card, "back")
        assert f"pick:{lang}:channel" in [field["id"] for field in screen.inputs(alice.card)]


async def test_several_boxes_may_be_ticked_and_stay_ticked_in_the_other_language():
    async with teams() as cairn:
        alice = cairn.fake.person("alice")
        await alice.message("Can I post this?")
        await cairn.drain()
        for question, picked in (("who", "employee"), ("moment", "draft")):
            await alice.pick(alice.card, f"pick:en:{question}", picked)
            await alice.press(alice.card, "choose")
        boxes = screen.inputs(alice.card)[0]
        assert boxes["isMultiSelect"]
        several = [choice["value"] for choice in boxes["choices"]][:2]
        await alice.pick(alice.card, boxes["id"], *several)
        await alice.press(alice.card, "language:whole")
        french = screen.inputs(alice.card)[0]
        assert french["id"] == boxes["id"].replace(":en:", ":fr:")
        assert french["value"] == ",".join(several)
        await alice.press(alice.card, "choose")
        assert screen.inputs(alice.card)[0]["id"] != french["id"]


async def test_going_on_without_a_choice_says_so_and_stays():
    async with teams() as cairn:
        alice = await at_question(cairn)
        await alice.press(alice.card, "choose")
        assert "Choose at least one answer" in words(alice.card)
        assert "pick:en:danger" in [field["id"] for field in screen.inputs(alice.card)]


async def answered(cairn: Running, lang: Lang = "en") -> Person:
    """Somebody at an answer of the managers' walk."""
    alice = await at_question(cairn, lang)
    await alice.pick(alice.card, f"pick:{lang}:danger", "life_at_risk")
    await alice.press(alice.card, "choose")
    await cairn.drain()
    return alice


async def test_an_answer_tells_why_and_is_copied_as_text_and_left_again():
    async with teams(department()) as cairn:
        alice = await answered(cairn)
        seen = words(alice.card)
        await alice.press(alice.card, "why")
        assert "You were asked" in words(alice.card) or "Why" in words(alice.card)
        await alice.press(alice.card, "look")
        assert words(alice.card) == seen
        await alice.press(alice.card, "copy")
        text = screen.inputs(alice.card)[0]["value"]
        assert "911" in text
        assert "media query" not in text
        await alice.press(alice.card, "look")
        assert words(alice.card) == seen


async def test_an_answer_in_several_pages_is_leafed_through_both_ways():
    async with teams(department()) as cairn:
        alice = await at_question(cairn)
        await alice.message("2")
        await cairn.drain()
        while "pick:" in str(screen.inputs(alice.card)):
            await alice.message("1")
            await cairn.drain()
        first = words(alice.card)
        await alice.press(alice.card, "page:whole:2")
        assert words(alice.card) != first
        await alice.press(alice.card, "page:whole:1")
        assert words(alice.card) == first


async def test_a_choice_of_the_trail_is_changed_and_what_still_fits_stays():
    async with teams() as cairn:
        alice = await answered(cairn)
        await alice.press(alice.card, "trail")
        await alice.pick(alice.card, "change:en", "channel")
        await alice.press(alice.card, "change")
        await alice.pick(alice.card, "pick:en:channel", "public_comment")
        await alice.press(alice.card, "choose")
        assert "A comment from a member of the public" in words(alice.card)
        await alice.press(alice.card, "start_over")
        assert "pick:en:channel" in [field["id"] for field in screen.inputs(alice.card)]


async def test_a_client_of_long_ago_submits_and_has_its_card_changed():
    async with teams() as cairn:
        alice = await at_question(cairn)
        await alice.pick(alice.card, "pick:en:danger", "none")
        await alice.press(alice.card, "choose", old_client=True)
        await cairn.drain()
        assert len(alice.cards) == 1
        assert "pick:en:danger" not in [field["id"] for field in screen.inputs(alice.card)]
        await alice.press(alice.card, "back", old_client=True)
        await cairn.drain()
        assert "pick:en:danger" in [field["id"] for field in screen.inputs(alice.card)]


async def test_a_client_of_long_ago_is_told_to_start_again_where_its_place_is_not_remembered():
    async with teams() as cairn:
        alice = await at_question(cairn)
        cairn.channel._events._cards._kept.clear()
        await alice.press(alice.card, "language:whole", old_client=True)
        await cairn.drain()
        assert "Please start again below" in words(alice.card)


# -- what is typed


async def test_typed_answers_go_on_in_the_card():
    async with teams() as cairn:
        alice = await at_question(cairn)
        await alice.message("3")
        await cairn.drain()
        assert len(alice.cards) == 1
        assert "pick:en:danger" not in [field["id"] for field in screen.inputs(alice.card)]


async def test_a_question_of_ones_own_gets_a_card_of_its_own_and_the_earlier_one_still_works():
    async with teams() as cairn:
        alice = await at_question(cairn)
        walk = alice.card
        await alice.message("may I use ChatGPT?")
        await cairn.drain()
        assert len(alice.cards) == 2
        await alice.pick(walk, "pick:en:danger", "none")
        await alice.press(walk, "choose")
        assert "pick:en:danger" not in [field["id"] for field in screen.inputs(walk)]


@pytest.mark.parametrize("lang", LANGS)
async def test_a_command_of_the_menu_opens_its_place(lang: Lang):
    titles = {"en": "A post was reported", "fr": "Publication signalée"}
    async with teams() as cairn:
        alice = cairn.fake.person("alice", locale=f"{lang}-CA")
        await alice.message(titles[lang])
        await cairn.drain()
        assert f"pick:{lang}:channel" in [field["id"] for field in screen.inputs(alice.card)]


async def test_who_asks_for_the_other_language_gets_it_and_keeps_it():
    async with teams() as cairn:
        alice = await at_question(cairn)
        await alice.message("français")
        await cairn.drain()
        assert "pick:fr:danger" in [field["id"] for field in screen.inputs(alice.card)]
        await alice.message("français")
        await cairn.drain()
        assert "pick:fr:danger" in [field["id"] for field in screen.inputs(alice.card)]
        await alice.extension("check_before_post")
        assert "Qu’est-ce qui vous décrit le mieux?" in words(alice.dialog)


async def test_danger_is_answered_first_below_what_was_written():
    async with teams() as cairn:
        alice = await at_question(cairn)
        await alice.message("I want to kill myself")
        await cairn.drain()
        assert len(alice.cards) == 2
        assert "9-8-8" in words(alice.card)


async def test_a_file_is_not_opened_and_that_is_said():
    async with teams() as cairn:
        alice = cairn.fake.person("alice")
        body = payloads.message(alice._made(alice.chat), "")
        picture = {"contentType": "image/*", "contentUrl": "https://files.example/1"}
        await cairn.fake.deliver({**body, "attachments": [picture]})
        await cairn.drain()
        assert "I do not open files" in words(alice.card)


async def test_a_short_answer_that_is_changed_later_does_not_go_on():
    async with teams() as cairn:
        alice = await at_question(cairn)
        await alice.message("3")
        await cairn.drain()
        before = [field["id"] for field in screen.inputs(alice.card)]
        mine = next(shown for shown in alice.sees() if shown.content is None and shown.text == "3")
        await alice.edit(mine.message, "2")
        await cairn.drain()
        assert [field["id"] for field in screen.inputs(alice.card)] == before
        assert "Tap your card" in words(alice.card)


# -- dialogs, and the message extension


async def test_a_card_is_gone_on_with_in_a_dialog_where_nothing_is_posted():
    async with teams() as cairn:
        alice = await at_question(cairn)
        await alice.press(alice.card, "private:whole")
        calls = len(cairn.fake.calls)
        assert "pick:en:danger" in [field["id"] for field in screen.inputs(alice.dialog)]
        await alice.pick(alice.dialog, "pick:en:danger", "life_at_risk")
        await alice.press(alice.dialog, "choose")
        assert "911" in words(alice.dialog)
        await cairn.drain()
        assert len(cairn.fake.calls) == calls


async def test_an_answer_is_sent_to_the_chat_from_a_dialog_only_when_asked_to():
    async with teams() as cairn:
        alice = await answered(cairn)
        await alice.press(alice.card, "private:whole")
        await alice.press(alice.dialog, "copy")
        assert "belongs to your employer" in words(alice.dialog)
        await alice.press(alice.dialog, "send")
        assert "Sent." in words(alice.dialog)
        assert len(alice.cards) == 2


@pytest.mark.parametrize("context", ["compose", "message"])
async def test_check_before_i_post_walks_in_its_dialog_and_inserts_nothing(context: str):
    async with teams() as cairn:
        alice, bob = cairn.fake.person("alice"), cairn.fake.person("bob")
        group = cairn.fake.group("group", alice, bob, bot=False)
        html = "<p>my secret draft</p>" if context == "message" else None
        await alice.extension("check_before_post", context=context, html=html, at=group)
        told = "I did not read that message" in words(alice.dialog)
        assert told is (context == "message")
        for question, picked in (("who", "employee"), ("moment", "draft")):
            await alice.pick(alice.dialog, f"pick:en:{question}", picked)
            await alice.press(alice.dialog, "choose")
        assert screen.inputs(alice.dialog)[0]["isMultiSelect"]
        assert "secret" not in words(alice.dialog)
        await cairn.drain()
        assert cairn.fake.calls == []


# -- channels and groups


@pytest.mark.parametrize("kind", ["channel", "group"])
async def test_a_mention_gets_the_way_to_the_private_chat_and_no_more(kind: str):
    async with teams() as cairn:
        alice = cairn.fake.person("alice", locale="fr-CA")
        chat = getattr(cairn.fake, kind)("ours", alice, cairn.fake.person("bob"))
        await alice.mention(chat, "may I post a picture of the minister?")
        await cairn.drain()
        card = chat.messages[-1]
        said = screen.text(card)
        assert said.index("Parlons plutôt en privé") < said.index("Let us talk in private")
        assert "minister" not in said
        await alice.press(card, "Ouvrir notre clavardage privé")
        bot = quote(cairn.fake.bot["id"], safe="")
        assert alice.opened == [f"https://teams.microsoft.com/l/chat/0/0?users={bot}"]
        await alice.press(card, "Ouvrir la fenêtre privée")
        assert "Que souhaitez-vous faire?" in words(alice.dialog)
        alice.close()
        await alice.press(card, "Open the private window")
        assert "What would you like to do?" in words(alice.dialog)


async def test_a_reply_in_a_thread_is_answered_in_that_thread():
    async with teams() as cairn:
        alice = cairn.fake.person("alice")
        team = cairn.fake.channel("team", alice)
        post = alice.say(team, "good morning")
        await alice.mention(team, "help", thread=post)
        await cairn.drain()
        assert team.messages[-1].thread == post.id


async def test_where_the_tenant_has_them_a_mention_is_answered_to_that_person_only():
    async with teams(targeted()) as cairn:
        alice, bob = cairn.fake.person("alice"), cairn.fake.person("bob")
        team = cairn.fake.channel("team", alice, bob)
        await alice.mention(team, "A post was reported")
        await cairn.drain()
        assert "only you see this reply" in words(alice.whispers[-1])
        assert bob.whispers == []
        await alice.press(alice.whispers[-1], "start:post_reported")
        assert "How did the post reach you?" in words(alice.dialog)


async def test_danger_in_a_channel_is_answered_in_the_persons_own_chat():
    async with teams() as cairn:
        alice = cairn.fake.person("alice")
        team = cairn.fake.channel("team", alice)
        await alice.mention(team, "I want to kill myself")
        await cairn.drain()
        assert "9-8-8" in words(alice.card)
        assert "9-8-8" not in screen.text(team.messages[-1])


async def test_a_message_that_does_not_name_cairn_is_not_read():
    async with teams() as cairn:
        alice = cairn.fake.person("alice")
        team = cairn.fake.channel("team", alice)
        alice.say(team, "who has seen this post?")
        await cairn.drain()
        assert cairn.fake.calls == []


async def test_the_guidance_alone_serves_too():
    async with teams(guidance_of()) as cairn:
        alice = cairn.fake.person("alice")
        await alice.message("hello")
        await cairn.drain()
        assert "What would you like to do?" in words(alice.card)
