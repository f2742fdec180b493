"""Can a person be guided on Slack, in a window where nothing is posted, in both languages?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.app import utc_now
from bot.channels.slack.ingress import Incoming
from bot.conversation import Look, Move
from bot.guidance.model import When
from bot.guidance.ticket import Ticket
from bot.guidance.walk import routes, walk
from bot.guidance.words import LANGS, Lang, plain
from tests.conftest import TODAY
from tests.slack import faults, screen
from tests.slack.fake import FakeSlack
from tests.slack.person import Person
from tests.slack.screen import block_of
from tests.slack.state import Surface
from tests.slack_app import Running, department, guidance_of, running

LOCALES = {"en": "en-CA", "fr": "fr-CA"}
TO_AN_ANSWER = {
    "can_i_post": "can_i_post?who=employee&moment=draft&look=nothing&expect=no",
    "post_reported": "post_reported?channel=media_query&danger=no",
}


class Desk(NamedTuple):
    """A person of the workspace, the fake and the running program."""

    fake: FakeSlack
    cairn: Running
    alice: Person


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        yield Desk(fake, cairn, fake.person("alice", locale="en-CA"))
        await cairn.drain()
        assert fake.violations == []
        assert fake.failures == []


def words(surface: Surface) -> str:
    return screen.text(surface).replace("\u2060", "")


async def opened(desk: Desk, lang: Lang, tree: str) -> None:
    """Open a walk by its shortcut, which says its language."""
    await desk.alice.shortcut(f"{tree}.{lang}")


async def pick_and_go_on(desk: Desk, picked: tuple[str, ...]) -> None:
    view = desk.alice.view
    await desk.alice.pick(view, block_of(view, "pick"), *picked)
    await desk.alice.submit(view)


# -- the window


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("tree", ["can_i_post", "post_reported"])
async def test_both_main_walks_lead_to_an_answer_in_one_round_trip_a_step(
    desk: Desk, tree: str, lang: Lang
):
    guidance = desk.cairn.conversation.guidance
    await opened(desk, lang, tree)
    calls = len(desk.fake.calls)
    place = Ticket(tree)
    while (at := walk(guidance, place, TODAY)).question is not None:
        assert at.question.ask[lang] in words(desk.alice.view)
        picked = (at.question.options[0].id,)
        await pick_and_go_on(desk, picked)
        place = place.with_choice(at.question.id, picked)
    text = words(desk.alice.view)
    assert at.answer is not None
    assert at.answer.title[lang] in text
    for one in at.first:
        assert plain(one.statement.words[lang]) in text
    assert len(desk.fake.calls) == calls
    assert desk.alice.sees() == []


async def test_the_command_opens_the_first_screen_in_both_languages_then_in_the_persons_own(
    desk: Desk,
):
    berthe = desk.fake.person("berthe", locale="fr-CA")
    await berthe.slash("/cairn")
    first = words(berthe.view)
    assert "Can I post this? — Puis-je publier ceci?" in first
    await desk.cairn.drain()
    own = words(berthe.view)
    assert "Puis-je publier ceci?" in own
    assert "Can I post this?" not in own
    # From then on it is remembered: the next window is in French at once.
    await berthe.slash("/cairn")
    assert "Can I post this?" not in words(berthe.view)
    assert [call.method for call in desk.fake.calls].count("users.info") == 1


async def test_the_first_screen_works_where_the_language_cannot_be_looked_up(desk: Desk):
    desk.fake.faults.add("users.info", faults.error("internal_error"), times=None)
    await desk.alice.slash("/cairn")
    await desk.cairn.drain()
    view = desk.alice.view
    await desk.alice.pick(view, "lang", "fr")
    await desk.alice.pick(view, "goto:both", "post_reported")
    await desk.alice.submit(view)
    assert "Comment la publication vous est-elle parvenue?" in words(view)


async def test_who_went_on_meanwhile_is_not_taken_back_to_the_first_screen(desk: Desk):
    berthe = desk.fake.person("berthe", locale="fr-CA")
    desk.fake.faults.add("users.info", faults.stall(1.0))
    await berthe.slash("/cairn")
    view = berthe.view
    await berthe.pick(view, "lang", "en")
    await berthe.pick(view, "goto:both", "can_i_post")
    await berthe.submit(view)
    await desk.cairn.drain()
    assert "Which of these describes you?" in words(view)


@pytest.mark.parametrize(
    ("lang", "back", "again", "other", "home"),
    [
        ("en", "Back", "Start over", "Français", "Home"),
        ("fr", "Retour", "Recommencer", "English", "Accueil"),
    ],
)
async def test_back_start_over_language_and_home_do_what_they_say(
    desk: Desk, lang: Lang, back: str, again: str, other: str, home: str
):
    guidance = desk.cairn.conversation.guidance
    tree = guidance.trees["post_reported"]
    first, second = (tree.questions[name] for name in ("channel", "danger"))
    await opened(desk, lang, "post_reported")
    view = desk.alice.view
    await pick_and_go_on(desk, ("comment",) if "comment" in first.known else (first.options[1].id,))
    assert second.ask[lang] in words(view)

    async def press(label: str) -> str:
        await desk.alice.press(view, label=label)
        await desk.cairn.drain()
        return words(view)

    assert first.ask[lang] in await press(back)
    await desk.alice.submit(view)  # what was picked is still marked
    assert second.ask[lang] in words(view)
    switched: Lang = "fr" if lang == "en" else "en"
    assert second.ask[switched] in await press(other)
    assert second.ask[lang] in await press("English" if lang == "en" else "Français")
    assert first.ask[lang] in await press(again)
    assert guidance.phrases["home_title"][lang] in await press(home)


async def test_a_choice_of_the_trail_is_changed_and_what_fits_is_kept(desk: Desk):
    await opened(desk, "en", "can_i_post")
    await pick_and_go_on(desk, ("employee",))
    view = desk.alice.view
    await desk.alice.press(view, label="Change a choice")
    await desk.cairn.drain()
    await desk.alice.pick(view, "change:en", "who")
    await desk.alice.submit(view)
    assert "Which of these describes you?" in words(view)
    assert "(o) A public servant in a department or agency" in words(view)
    await pick_and_go_on(desk, ("executive",))
    assert "An executive" in words(view)


async def walked(desk: Desk, lang: Lang = "en") -> str:
    """Walk to the first answer of post_reported; return its ticket."""
    guidance = desk.cairn.conversation.guidance
    await opened(desk, lang, "post_reported")
    place = Ticket("post_reported")
    while (at := walk(guidance, place, TODAY)).question is not None:
        picked = (at.question.options[0].id,)
        await pick_and_go_on(desk, picked)
        place = place.with_choice(at.question.id, picked)
    return str(place)


async def test_why_names_each_choice_and_leads_back_to_the_answer(desk: Desk):
    ticket = await walked(desk)
    view, guidance = desk.alice.view, desk.cairn.conversation.guidance
    answer = words(view)
    await desk.alice.press(view, label="Why this answer?")
    await desk.cairn.drain()
    place = Ticket("post_reported")
    for part in ticket.partition("?")[2].split("&"):
        question, _, picked = part.partition("=")
        asked = guidance.trees["post_reported"].questions[question]
        assert asked.ask.en in words(view)
        assert asked.known[picked].label.en in words(view)
        place = place.with_choice(question, (picked,))
    await desk.alice.press(view, label="Back")
    await desk.cairn.drain()
    assert words(view) == answer


async def test_the_rest_of_an_answer_is_one_press_away(desk: Desk):
    guidance = desk.cairn.conversation.guidance
    every = routes(guidance.trees["post_reported"])
    ticket = next(t for t in every if len(walk(guidance, t, TODAY).more) > 3)
    at = walk(guidance, ticket, TODAY)
    await opened(desk, "en", "post_reported")
    for picked in ticket.choices.values():
        await pick_and_go_on(desk, picked)
    seen = words(desk.alice.view)
    for _ in range(5):
        if "[ More (" not in seen.splitlines()[-1]:
            break
        await desk.alice.submit(desk.alice.view)
        seen += "\n" + words(desk.alice.view)
    for one in at.said:
        assert plain(one.statement.words.en) in seen


async def test_an_answer_is_copied_as_text_and_sent_to_the_chat_only_after_the_notice(desk: Desk):
    await walked(desk)
    view = desk.alice.view
    await desk.alice.press(view, label="Copy as text")
    await desk.cairn.drain()
    fields = [b["element"]["initial_value"] for b in view.blocks if b["type"] == "input"]
    assert fields
    assert all(len(one) <= 3000 for one in fields)
    send = next(
        element
        for block in view.blocks
        for element in block.get("elements", ())
        if element["action_id"] == "send"
    )
    assert "keeps its own copy" in send["confirm"]["text"]["text"]
    assert desk.alice.sees() == []
    await desk.alice.press(view, "send")
    await desk.cairn.drain()
    (sent,) = desk.alice.sees()
    assert desk.cairn.conversation.guidance.trees["post_reported"].title.en in words(sent)
    assert "Sent. You will find it" in words(view)
    await desk.alice.submit(view)
    assert "Copy as text" in screen.buttons(view)


async def test_words_after_the_command_are_looked_at_and_are_in_no_call(desk: Desk):
    await desk.alice.slash("/cairn", "can I use ChatGPT for a briefing note?")
    await desk.cairn.drain()
    assert "Is this what you meant?" in words(desk.alice.view)
    assert "ChatGPT for a briefing" not in str([call.arguments for call in desk.fake.calls])


async def test_danger_in_the_words_brings_the_crisis_card_first(desk: Desk):
    for said, number in (("I want to die", "9-8-8"), ("je veux mourir", "9-8-8")):
        await desk.alice.slash("/cairn", said)
        assert number in words(desk.alice.view)


async def test_a_question_that_begins_with_a_reserved_word_is_a_question(desk: Desk):
    title = desk.cairn.conversation.guidance.phrases["pin_title"].en
    for said in ("pin what I may post?", "unpinned", "épingler une photo de mon bureau"):
        await desk.alice.slash("/cairn", said)
        assert title not in words(desk.alice.view)


async def test_a_question_is_typed_in_the_window_too(desk: Desk):
    await desk.alice.slash("/cairn")
    await desk.cairn.drain()
    view = desk.alice.view
    await desk.alice.type(view, block_of(view, "say"), "is it a problem with my account?")
    await desk.alice.submit(view)
    assert "Is this what you meant?" in words(view)
    assert len(screen.options(view)) >= 2


async def test_going_on_without_a_choice_says_so_and_keeps_the_place(desk: Desk):
    await desk.alice.slash("/cairn")
    await desk.cairn.drain()
    await desk.alice.submit(desk.alice.view)
    text = words(desk.alice.view)
    assert "Choose at least one answer" in text
    assert "What would you like to do?" in text


# -- when windows are limited


async def test_when_windows_are_limited_the_command_is_answered_by_a_message_that_goes_on(
    desk: Desk,
):
    team = desk.fake.channel("team", desk.alice)
    desk.fake.faults.add("views.open", faults.limited("30"))
    await desk.alice.slash("/cairn", "", team)
    card = desk.alice.ephemerals[-1]
    assert "Can I post this? — Puis-je publier ceci?" in words(card)
    await desk.alice.pick(card, "lang", "en")
    await desk.alice.pick(card, "goto:both", "can_i_post")
    await desk.alice.press(card, "first")
    await desk.cairn.drain()
    card = desk.alice.ephemerals[-1]
    assert "Which of these describes you?" in words(card)
    await desk.alice.pick(card, "pick:en:who", "employee")
    await desk.alice.press(card, "choose")
    await desk.cairn.drain()
    assert "A public servant in a department or agency" in words(desk.alice.ephemerals[-1])
    # The next window is not even tried while Slack wants none.
    tried = [call.method for call in desk.fake.calls].count("views.open")
    await desk.alice.slash("/cairn", "", team)
    assert [call.method for call in desk.fake.calls].count("views.open") == tried
    assert [m for m in team.messages.values() if m.only_for is None] == []


async def test_when_the_answer_to_a_press_is_lost_the_own_chat_is_still_there(desk: Desk):
    team = desk.fake.channel("team", desk.alice)
    desk.fake.faults.add("views.open", faults.limited("30"))
    await desk.alice.slash("/cairn", "", team)
    card = desk.alice.ephemerals[-1]
    await desk.alice.pick(card, "lang", "en")
    await desk.alice.pick(card, "goto:both", "post_reported")
    desk.fake.faults.add("response_url", faults.error("used_url"), times=None)
    await desk.alice.press(card, "first")
    await desk.cairn.drain()
    text = words(desk.alice.sees()[-1])
    assert "What would you like to do?" in text
    assert "How did the post reach you?" not in text


@pytest.mark.parametrize("how", ["shortcut", "home"])
async def test_when_windows_are_limited_shortcut_and_home_answer_in_the_own_chat(
    desk: Desk, how: str
):
    await desk.alice.open_home()
    await desk.cairn.drain()
    desk.fake.faults.add("views.open", faults.limited("30"))
    if how == "shortcut":
        await desk.alice.shortcut("post_reported.en")
    else:
        await desk.alice.press(desk.alice.home, "start:post_reported")
    await desk.cairn.drain()
    (card,) = desk.alice.sees()
    text = words(card)
    assert "What would you like to do?" in text
    # The chat keeps a copy, so it does not name what they were about to open.
    assert "How did the post reach you?" not in text


async def test_a_button_in_a_message_falls_back_to_the_card_itself(desk: Desk):
    await desk.alice.message("hello")
    await desk.cairn.drain()
    desk.fake.faults.add("views.open", faults.limited("30"))
    await desk.alice.press(desk.alice.sees()[-1], label="Open the private window")
    await desk.cairn.drain()
    assert "What would you like to do?" in words(desk.alice.sees()[-1])


# -- Home


async def test_home_shows_the_walks_and_opens_them_in_a_window(desk: Desk):
    await desk.alice.open_home()
    await desk.cairn.drain()
    home = desk.alice.home
    guidance = desk.cairn.conversation.guidance
    for tree in guidance.trees.values():
        assert tree.title.en in screen.buttons(home)
    for label in ("Topics", "Offices that can help", "Read the whole promise", "In danger now?"):
        assert label in screen.buttons(home)
    assert guidance.promise.line[When.NO_HANDOFF].en in words(home)
    await desk.alice.press(home, "start:can_i_post")
    assert "Which of these describes you?" in words(desk.alice.view)


async def test_home_changes_its_language_and_windows_follow(desk: Desk):
    await desk.alice.open_home()
    await desk.cairn.drain()
    await desk.alice.press(desk.alice.home, label="Français")
    await desk.cairn.drain()
    assert "Que souhaitez-vous faire?" in words(desk.alice.home)
    await desk.alice.press(desk.alice.home, "start:post_reported")
    assert "Comment la publication vous est-elle parvenue?" in words(desk.alice.view)


async def test_home_is_not_published_again_while_it_is_still_good(desk: Desk):
    for _ in range(3):
        await desk.alice.open_home()
        await desk.cairn.drain()
    assert [call.method for call in desk.fake.calls].count("views.publish") == 1


@pytest.mark.parametrize("lang", LANGS)
async def test_the_promise_is_there_in_whole(desk: Desk, lang: Lang):
    await opened(desk, lang, "can_i_post")
    promise = desk.cairn.conversation.guidance.promise
    assert promise.line[When.NO_HANDOFF][lang] in words(desk.alice.view)
    await desk.alice.press(desk.alice.view, "open:home")
    await desk.cairn.drain()
    await desk.alice.press(desk.alice.view, "open:promise")
    await desk.cairn.drain()
    told = promise.told("slack", hands_over=False)
    for sentence in promise.sentences:
        assert (plain(sentence.words[lang]) in words(desk.alice.view)) is (sentence in told)


async def test_the_way_back_from_a_page_leads_to_the_walk(desk: Desk):
    await opened(desk, "en", "post_reported")
    await pick_and_go_on(desk, ("media_query",))
    view = desk.alice.view
    asked = words(view)
    await desk.alice.press(view, label="In danger now?")
    await desk.cairn.drain()
    assert "9-8-8" in words(view)
    await desk.alice.press(view, label="Return to where I was")
    await desk.cairn.drain()
    assert words(view) == asked


async def test_a_walk_leaves_nothing_but_the_window(desk: Desk):
    await walked(desk)
    await desk.cairn.drain()
    assert {call.method for call in desk.fake.calls} <= {"auth.test", "views.open", "users.info"}
    everybody = [m for c in desk.fake.workspace.channels.values() for m in c.messages.values()]
    assert everybody == []


async def test_a_screen_of_the_conversation_and_of_slack_are_the_same(desk: Desk):
    ticket = await walked(desk, "fr")
    reply = desk.cairn.conversation.respond(Move(ticket, "fr", Look()))
    text = words(desk.alice.view)
    for card in reply.cards:
        assert card.office.name.fr in text
    assert reply.approval.fr in text


# -- what people do in between


async def test_words_that_were_not_understood_are_not_asked_again(desk: Desk):
    await desk.alice.slash("/cairn")
    await desk.cairn.drain()
    view = desk.alice.view
    await desk.alice.type(view, block_of(view, "say"), "zzqx wvkj")
    await desk.alice.submit(view)
    assert "I did not understand that." in words(view)
    await desk.alice.pick(view, "goto:en:home", "post_reported")
    await desk.alice.submit(view)
    assert "How did the post reach you?" in words(view)


async def test_a_press_during_the_look_up_of_the_language_is_not_lost(desk: Desk):
    berthe = desk.fake.person("berthe", locale="fr-CA")
    desk.fake.faults.add("users.info", faults.stall(0.3))
    await berthe.slash("/cairn")
    await berthe.press(berthe.view, "danger:fr")
    await desk.cairn.drain()
    assert "9-8-8" in words(berthe.view)


async def test_a_press_on_the_view_before_the_language_came_is_not_lost_either(desk: Desk):
    berthe = desk.fake.person("berthe", locale="fr-CA")
    await berthe.slash("/cairn")
    view = berthe.view
    before = {**view.payload, "id": view.id, "type": "modal", "hash": view.hash}
    await desk.cairn.drain()
    assert view.hash != before["hash"]
    press = {
        "type": "block_actions", "team": {"id": desk.fake.workspace.id}, "user": {"id": berthe.id},
        "view": before, "actions": [{"type": "button", "action_id": "open:crisis"}],
    }  # fmt: skip
    await desk.cairn.channel.answer(Incoming(press))
    await desk.cairn.drain()
    assert "9-8-8" in words(view)


async def test_a_press_that_the_person_has_gone_past_changes_nothing(desk: Desk):
    await opened(desk, "en", "can_i_post")
    view = desk.alice.view
    before = {**view.payload, "id": view.id, "type": "modal", "hash": view.hash}
    await pick_and_go_on(desk, ("employee",))
    newer = words(view)
    press = {
        "type": "block_actions", "team": {"id": desk.fake.workspace.id},
        "user": {"id": desk.alice.id},
        "view": before, "actions": [{"type": "button", "action_id": "open:home"}],
    }  # fmt: skip
    await desk.cairn.channel.answer(Incoming(press))
    await desk.cairn.drain()
    assert words(view) == newer


async def test_what_was_picked_stays_when_the_language_changes(desk: Desk):
    await opened(desk, "en", "can_i_post")
    view = desk.alice.view
    await desk.alice.pick(view, "pick:en:who", "executive")
    await desk.alice.press(view, label="Français")
    await desk.cairn.drain()
    await desk.alice.submit(view)
    assert "Cadre supérieur ou cadre supérieure" in words(view)


async def test_suggestions_stay_when_nothing_was_picked(desk: Desk):
    await desk.alice.slash("/cairn", "is it a problem with my account?")
    offered = screen.options(desk.alice.view)
    await desk.alice.submit(desk.alice.view)
    assert "Choose at least one answer" in words(desk.alice.view)
    assert screen.options(desk.alice.view) == offered


async def test_a_change_without_a_choice_says_so(desk: Desk):
    await desk.alice.message("hello")
    await desk.cairn.drain()
    card = desk.alice.sees()[-1]
    for block, picked, action in (
        ("goto:en:home", "can_i_post", "goto"),
        ("pick:en:who", "employee", "choose"),
    ):
        await desk.alice.pick(card, block, picked)
        await desk.alice.press(card, action)
        await desk.cairn.drain()
    await desk.alice.press(card, "trail")
    await desk.cairn.drain()
    await desk.alice.press(card, "change")
    await desk.cairn.drain()
    assert "Choose at least one answer" in words(card)


async def test_a_language_chosen_in_the_first_message_is_remembered(desk: Desk):
    team = desk.fake.channel("team", desk.alice)
    desk.fake.faults.add("views.open", faults.limited("1"))
    await desk.alice.slash("/cairn", "", team)
    card = desk.alice.ephemerals[-1]
    await desk.alice.pick(card, "lang", "fr")
    await desk.alice.press(card, "first")
    await desk.cairn.drain()
    assert "Que souhaitez-vous faire?" in words(desk.alice.ephemerals[-1])
    await desk.alice.shortcut("home")
    await desk.cairn.drain()
    assert "Que souhaitez-vous faire?" in words(desk.alice.sees()[-1])


async def test_who_picks_no_language_in_the_first_message_gets_that_of_their_profile(desk: Desk):
    berthe = desk.fake.person("berthe", locale="fr-CA")
    team = desk.fake.channel("team", berthe)
    desk.fake.faults.add("views.open", faults.limited("1"))
    await berthe.slash("/cairn", "", team)
    card = berthe.ephemerals[-1]
    await berthe.pick(card, "goto:both", "can_i_post")
    await berthe.press(card, "first")
    await desk.cairn.drain()
    assert "Qu’est-ce qui vous décrit le mieux?" in words(berthe.ephemerals[-1])


async def test_a_new_message_begins_with_neutral_words_and_a_changed_one_does_not(desk: Desk):
    await desk.alice.message("hello")
    await desk.cairn.drain()
    card = desk.alice.sees()[-1]
    neutral = desk.cairn.conversation.guidance.phrases["neutral_text"].en
    assert words(card).startswith(neutral)
    await desk.alice.press(card, "open:promise")
    await desk.cairn.drain()
    assert neutral not in words(card)
    assert card.text == neutral


async def test_home_is_shown_anew_when_a_notice_begins(tmp_path: Path):
    async with FakeSlack(rates=False) as fake:
        alice = fake.person("alice", locale="en-CA")
        for talk in (guidance_of(), department()):
            async with running(fake, conversation=talk, folder=tmp_path) as cairn:
                await alice.open_home()
                await cairn.drain()
        # The sample department has approved nothing either; its notice is what is new.
        notices = department().organization.notices_on(utc_now().date(), frozenset())
        published = [call.method for call in fake.calls].count("views.publish")
        assert published == (2 if notices else 1)


# -- larger organizations


async def test_people_of_an_organization_with_many_workspaces_are_all_ours():
    async with FakeSlack(rates=False) as fake, running(fake, slack_teams="E0ORG") as cairn:
        alice = fake.person("alice", locale="en-CA")
        presses = cairn.channel.answer
        trigger = fake.trigger(alice.user, None).id
        body = {
            "type": "shortcut", "callback_id": "can_i_post.en", "trigger_id": trigger,
            "team": None, "enterprise": {"id": "E0ORG"}, "is_enterprise_install": True,
            "user": {"id": alice.id, "team_id": "T0ELSEWHERE"},
        }  # fmt: skip
        assert (await presses(Incoming(body))).status == 200
        assert "Which of these describes you?" in words(alice.view)
        # The form comes with another workspace, and is the same person's all the same.
        state = {"values": {"pick:en:who": {"pick": {
            "type": "radio_buttons", "selected_option": {"value": "employee"}}}}}  # fmt: skip
        view = {**alice.view.payload, "state": state}
        form = {**body, "type": "view_submission", "view": view, "team": {"id": "T0OTHER"}}
        answer = await presses(Incoming(form))
        assert "pick:en:moment" in answer.body


@pytest.mark.parametrize("sender", ["T0CAIRN", "T0ELSE"])
async def test_in_a_channel_of_another_organization_ours_are_served_and_theirs_are_told(
    sender: str,
):
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        alice = fake.person("alice", locale="en-CA")
        shared = fake.channel("shared", alice, is_ext_shared=True)
        body = {
            "type": "event_callback", "team_id": "T0ELSE", "event_id": f"Ev{sender}",
            "is_ext_shared_channel": True,
            "authorizations": [{"team_id": "T0CAIRN", "enterprise_id": None, "user_id": "U"}],
            "event": {"type": "app_mention", "channel": shared.id, "user": alice.id,
                      "team": sender, "text": "help", "ts": "1.2"},
        }  # fmt: skip
        assert (await cairn.channel.answer(Incoming(body))).status == 200
        await cairn.drain()
        text = words(alice.ephemerals[-1])
        assert ("Let us talk in private" in text) is (sender == "T0CAIRN")
        assert ("serves the people of the organization" in text) is (sender != "T0CAIRN")
