"""Is everybody who writes to Cairn on Slack answered kindly, and in private?"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import tracemalloc
from collections.abc import Callable
from datetime import timedelta

import pytest
from aiohttp import ClientSession

from bot.channels.slack.ingress import Incoming
from bot.guidance.understand import MAX_TYPED
from bot.guidance.words import Lang
from bot.privacy import OWN
from bot.tasks import _MOST_OF_ONE, _MOST_URGENT
from tests.lines import held
from tests.slack import faults, screen
from tests.slack.fake import FakeSlack
from tests.slack.person import Person
from tests.slack.state import Channel, Json, Message
from tests.slack_app import Running, hurry, running
from tests.test_slack_walk import Desk, desk, words

__all__ = ["desk"]


async def write(desk: Desk, text: str, **how: object) -> list[Message]:
    """Write to Cairn; return the cards in the chat."""
    await desk.alice.message(text, **how)  # type: ignore[arg-type]
    await desk.cairn.drain()
    return cards(desk)


def cards(desk: Desk) -> list[Message]:
    return [message for message in desk.alice.sees() if message.user != desk.alice.id]


# -- the private chat


async def test_a_greeting_is_answered_with_the_first_screen_and_what_the_chat_keeps(desk: Desk):
    (card,) = await write(desk, "hello")
    text = words(card)
    assert "What would you like to do?" in text
    assert "This chat belongs to your employer, which keeps its own copy." in text
    assert "Open the private window" in screen.buttons(card)


async def test_one_card_is_changed_in_place_while_a_walk_goes_on(desk: Desk):
    (card,) = await write(desk, "hello")
    await desk.alice.pick(card, "goto:en:home", "post_reported")
    await desk.alice.press(card, "goto")
    await desk.cairn.drain()
    assert "How did the post reach you?" in words(card)
    (same,) = await write(desk, "1")
    tree = desk.cairn.conversation.guidance.trees["post_reported"]
    first = tree.questions["channel"].options[0]
    assert tree.questions[first.go].ask.en in words(same)
    (same,) = await write(desk, "back")
    assert "How did the post reach you?" in words(same)
    (same,) = await write(desk, first.label.en.upper())
    assert tree.questions[first.go].ask.en in words(same)
    assert [m.method for m in desk.fake.calls].count("chat.postMessage") == 1


async def test_a_new_question_gets_a_card_of_its_own_and_the_earlier_one_still_works(desk: Desk):
    (card,) = await write(desk, "hello")
    await desk.alice.pick(card, "goto:en:home", "can_i_post")
    await desk.alice.press(card, "goto")
    await desk.cairn.drain()
    phrase = "is it a problem with my account?"
    first, second = await write(desk, phrase)
    assert "Is this what you meant?" in words(second)
    await desk.alice.pick(first, "pick:en:who", "employee")
    await desk.alice.press(first, "choose")
    await desk.cairn.drain()
    assert "A public servant in a department or agency" in words(first)


async def test_a_short_reply_without_a_card_in_memory_is_pointed_to_the_card(desk: Desk):
    for typed in ("yes", "2", "oui"):
        card = (await write(desk, typed))[0]
        assert "Tap your card to go on" in words(card)
        await forget(desk)


async def forget(desk: Desk) -> None:
    """Let half an hour pass for the memory of the channel."""
    memory = desk.cairn.channel._cards._memory
    clock = memory._clock
    memory._clock = lambda: clock() + 1801
    memory.sweep()
    memory._clock = clock
    assert len(memory) == 0


async def test_what_is_not_understood_is_said_on_the_card_and_the_place_stays(desk: Desk):
    await write(desk, "hello")
    (card,) = await write(desk, "zzqx wvkj")
    assert "I did not understand that." in words(card)


async def test_a_message_that_is_edited_is_read_again_in_place(desk: Desk):
    await write(desk, "helo thre")
    mine = next(m for m in desk.alice.sees() if m.user == desk.alice.id)
    await desk.alice.edit(mine.ts, "hello")
    await desk.cairn.drain()
    (card,) = cards(desk)
    assert "I did not understand" not in words(card)


async def test_answers_in_a_thread_stay_in_the_thread(desk: Desk):
    start = desk.alice.say(desk.alice.dm, "before")
    (card,) = await write(desk, "hello", thread_ts=start.ts)
    assert card.thread_ts == start.ts


async def test_a_card_that_was_deleted_is_shown_anew(desk: Desk):
    (card,) = await write(desk, "hello")
    desk.fake.remove(card)
    (fresh,) = await write(desk, "menu")
    assert fresh.ts != card.ts
    assert "What would you like to do?" in words(fresh)


async def test_files_are_not_opened_and_the_person_is_told(desk: Desk):
    (card,) = await write(desk, "", files=["screenshot.png"])
    assert "I do not open files or pictures." in words(card)
    phrase = "is it a problem with my account?"
    last = (await write(desk, phrase, files=["post.pdf"]))[-1]
    assert "Is this what you meant?" in words(last)
    assert "I do not open files or pictures." in words(last)
    assert {call.method for call in desk.fake.calls}.isdisjoint({"files.info", "files.list"})


async def test_a_very_long_message_is_asked_to_be_shorter_and_danger_in_it_is_still_seen(
    desk: Desk,
):
    (card,) = await write(desk, "word " * (MAX_TYPED // 4))
    assert "That is too long for me to read." in words(card)
    last = (await write(desk, "word " * MAX_TYPED + " I want to die"))[-1]
    assert "9-8-8" in words(last)


@pytest.mark.parametrize("text", ["ᐃᓄᒃᑎᑐᑦ", "你好", "Здравствуйте"])
async def test_another_script_is_answered_in_both_languages(desk: Desk, text: str):
    (card,) = await write(desk, text)
    assert "I read English and French only." in words(card)
    assert "Je lis seulement le français et l’anglais." in words(card)


async def test_the_language_is_the_profiles_and_a_profile_in_neither_gets_english_with_the_switch(
    desk: Desk,
):
    for locale, said in (
        ("fr-FR", "Que souhaitez-vous faire?"),
        ("en-GB", "What would you like to do?"),
        ("de-DE", "What would you like to do?"),
    ):
        who = desk.fake.person(f"somebody-{locale[:2].lower()}", locale=locale)
        await who.message("menu")
        await desk.cairn.drain()
        card = who.sees()[-1]
        assert said in words(card)
        assert {"Français", "English"} & set(screen.buttons(card))


async def test_danger_is_answered_before_anything_is_looked_up(desk: Desk):
    desk.fake.faults.add("users.info", faults.stall(30), times=None)
    last = (await write(desk, "somebody threatens to kill me"))[-1]
    assert "911" in words(last)
    assert "users.info" not in [call.method for call in desk.fake.calls]


async def test_when_the_database_is_gone_people_are_still_answered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    async def fails(*_: object) -> bool:
        raise OSError

    monkeypatch.setattr(desk.cairn.channel._router._events._seen, "first_time", fails)
    assert await write(desk, "hello")


# -- machines and strangers


async def test_no_machine_is_answered_and_ourselves_least_of_all(desk: Desk):
    await write(desk, "hello")
    calls = len(desk.fake.calls)
    await desk.fake.echo()
    await desk.cairn.drain()
    assert len(desk.fake.calls) == calls


async def test_somebody_from_elsewhere_gets_one_sentence_and_the_public_address(desk: Desk):
    shared = desk.fake.channel("shared", desk.alice, is_ext_shared=True)
    other = desk.fake.person("bob", team="T0OTHER", is_stranger=True)
    shared.members.add(other.id)
    await other.mention(shared, "help me")
    await desk.cairn.drain()
    (said,) = other.ephemerals
    assert "serves the people of the organization that runs it" in words(said)
    assert any("canada.ca" in link for link in screen.links(said))
    assert screen.buttons(said) == []


@pytest.mark.parametrize(("lang", "text"), [("en", "I want to die"), ("fr", "je veux mourir")])
async def test_somebody_from_elsewhere_who_is_in_danger_is_told_who_helps(
    desk: Desk, lang: Lang, text: str
):
    shared = desk.fake.channel("shared", desk.alice, is_ext_shared=True)
    other = desk.fake.person("bob", team="T0OTHER", is_stranger=True)
    shared.members.add(other.id)
    await other.mention(shared, text)
    await desk.cairn.drain()
    (said,) = other.ephemerals
    assert "9-8-8" in words(said)
    guidance = desk.cairn.conversation.guidance
    title, neutral = guidance.crisis.title[lang], guidance.phrases["neutral_text"][lang]
    assert title in words(said)
    assert neutral not in words(said)
    other.dm.is_ext_shared = True
    await other.message(text)
    await desk.cairn.drain()
    assert title in words(other.sees()[-1])
    assert words(other.sees()[-1]).startswith(neutral), "a desktop shows how a new message begins"


async def test_danger_in_a_mention_where_cairn_may_not_write_brings_help_to_the_own_chat(
    desk: Desk,
):
    team = desk.fake.channel("team", desk.alice, bot=False)
    await desk.alice.mention(team, "I want to die")
    await desk.cairn.drain()
    (card,) = cards(desk)
    assert "9-8-8" in words(card)
    assert words(card).startswith(desk.cairn.conversation.guidance.phrases["neutral_text"].en)


async def test_a_guest_of_the_workspace_gets_the_guidance(desk: Desk):
    guest = desk.fake.person("guest", is_restricted=True)
    await guest.shortcut("can_i_post.en")
    assert "Which of these describes you?" in words(guest.view)


# -- a channel


@pytest.mark.parametrize("in_thread", [False, True])
async def test_a_mention_is_answered_to_that_person_only_with_the_way_to_a_private_talk(
    desk: Desk, in_thread: bool
):
    bob = desk.fake.person("bob")
    team = desk.fake.channel("team", desk.alice, bob)
    thread = desk.alice.say(team, "before").ts if in_thread else None
    await desk.alice.mention(team, "can I post this?", thread_ts=thread)
    await desk.cairn.drain()
    (said,) = desk.alice.ephemerals
    assert said.thread_ts == thread
    assert "Let us talk in private" in words(said)
    assert bob.ephemerals == []
    assert posted_for_all(team, desk) == []
    await desk.alice.press(said, label="Open the private window")
    await desk.cairn.drain()
    assert "What would you like to do?" in words(desk.alice.view)


def posted_for_all(channel: Channel, desk: Desk) -> list[Message]:
    bot = desk.fake.workspace.bot.id
    return [m for m in channel.messages.values() if m.only_for is None and m.user == bot]


async def test_danger_in_a_mention_brings_the_crisis_card_to_that_person_only(desk: Desk):
    team = desk.fake.channel("team", desk.alice)
    await desk.alice.mention(team, "I want to die")
    await desk.cairn.drain()
    (said,) = desk.alice.ephemerals
    assert "9-8-8" in words(said)
    assert posted_for_all(team, desk) == []


async def test_a_mention_where_cairn_may_not_write_is_answered_in_the_own_chat(desk: Desk):
    team = desk.fake.channel("team", desk.alice, bot=False)
    await desk.alice.mention(team, "help")
    await desk.cairn.drain()
    (card,) = cards(desk)
    assert "Let us talk in private" in words(card)


# -- capsules in time


async def test_a_card_that_is_a_day_old_gets_a_friendly_restart():
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        alice = fake.person("alice", locale="fr-CA")
        await alice.message("bonjour")
        await cairn.drain()
        card = alice.sees()[-1]
        seal = cairn.channel._router._events._answers._seal
        clock = seal._clock
        seal._clock = lambda: clock() + timedelta(hours=24)
        await alice.pick(card, "goto:fr:home", "can_i_post")
        await alice.press(card, "goto")
        await cairn.drain()
        assert "Cette carte date de plus de 24 heures" in words(card)
        assert "Que souhaitez-vous faire?" in words(card)
        assert fake.violations == fake.failures == []


async def test_after_a_restart_with_the_same_keys_yesterdays_card_goes_on(tmp_path):
    async with FakeSlack(rates=False) as fake:
        alice = fake.person("alice", locale="en-CA")
        async with running(fake, folder=tmp_path) as cairn:
            await alice.message("hello")
            await cairn.drain()
        card = alice.sees()[-1]
        async with running(fake, folder=tmp_path) as cairn:
            await alice.pick(card, "goto:en:home", "can_i_post")
            await alice.press(card, "goto")
            await cairn.drain()
            assert "Which of these describes you?" in words(card)


async def test_bolt_has_no_hold_of_the_log_that_is_let_through_unfiltered(desk: Desk):
    logger = logging.getLogger(OWN)
    before = (logger.level, logger.disabled)
    await desk.alice.slash("/cairn")
    assert (logger.level, logger.disabled) == before


async def test_when_the_app_is_removed_cairn_says_that_it_is_not_ready():
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        assert cairn.channel.is_ready
        await fake.uninstall()
        await fake.until(lambda: not cairn.channel.is_ready)


async def test_a_revoked_token_of_somebody_else_stops_nothing():
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        for tokens in ({"oauth": ["U1"]}, {"bot": ["U2"]}):
            body = {"type": "event_callback", "team_id": fake.workspace.id, "event_id": "Ev1",
                    "event": {"type": "tokens_revoked", "tokens": tokens}}  # fmt: skip
            assert (await cairn.channel.answer(Incoming(body))).status == 200
        # Where it could be ours, Slack is asked, and says that all is well.
        await fake.until(lambda: [c.method for c in fake.calls].count("auth.test") == 2)
        assert cairn.channel.is_ready


async def test_when_a_call_shows_that_the_token_is_revoked_it_is_told_until_it_is_accepted(
    caplog: pytest.LogCaptureFixture,
):
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        assert await parts_of(cairn) == {"store": True, "slack_token": True, "slack": True}
        fake.workspace.revoked = True
        alice = fake.person("alice")
        await alice.message("menu")
        await fake.until(lambda: not cairn.channel.people.is_accepted)
        assert "Slack does not accept the token: token_revoked" in caplog.messages
        # Whoever asks by a command is answered in the same breath, so it stays ready.
        assert await parts_of(cairn) == {"store": True, "slack_token": False, "slack": True}
        fake.workspace.revoked = False
        asking = asyncio.create_task(cairn.channel.people.keep_identity(hurry(cairn).sleep))
        await fake.until(lambda: cairn.channel.people.is_accepted)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def parts_of(cairn: Running) -> Json:
    async with ClientSession() as http, http.get(f"{cairn.url}health/ready") as answer:
        assert answer.status == 200
        return dict((await answer.json())["parts"])


async def test_while_slack_cannot_be_asked_who_we_are_people_are_served_as_before(
    caplog: pytest.LogCaptureFixture,
):
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        hurry(cairn)
        fake.faults.add("auth.test", faults.status(503), times=None)
        cairn.channel.people.doubt_identity(removed=False)
        told = "Slack cannot be asked who we are: unreachable"
        await fake.until(lambda: told in caplog.messages)
        alice = fake.person("alice")
        await alice.slash()
        await cairn.drain()
        assert alice.view.title == "Cairn"
        assert cairn.channel.is_ready


async def test_words_of_danger_wait_for_nothing_that_was_asked_before(desk: Desk):
    desk.fake.faults.add("views.publish", faults.stall(5.0), times=None)
    desk.fake.faults.add("chat.postMessage", faults.stall(5.0))
    await desk.alice.open_home()
    await desk.alice.message("hello")
    await desk.alice.message("I want to die")
    await desk.fake.until(lambda: any("9-8-8" in words(m) for m in cards(desk)))
    desk.fake.faults.heal()


# -- somebody who floods


def key_of(person: Person) -> tuple[str, str]:
    return person.workspace.id, person.id


async def test_who_floods_has_so_many_answers_and_takes_no_turn_of_others(desk: Desk):
    hurry(desk.cairn)
    bob = desk.fake.person("bob")
    async with held(desk.cairn.channel.tasks, *key_of(desk.alice)):
        statuses = {(await desk.alice.message("hello")).status for _ in range(3 * _MOST_OF_ONE)}
        # Not one is refused: Slack would send it again, and at last take the app for broken.
        assert statuses == {200}
        assert desk.cairn.channel.tasks.count == 1 + _MOST_OF_ONE
        await bob.message("hello")
        await desk.fake.until(lambda: len(bob.sees()) == 2)
        assert cards(desk) == []
        said = len(desk.fake.calls)
    await desk.cairn.drain()
    answers = [one for one in desk.fake.calls[said:] if one.method.startswith("chat.")]
    assert len(answers) == _MOST_OF_ONE
    said = len(desk.fake.calls)
    await write(desk, "menu")
    assert len(desk.fake.calls) > said


async def test_words_of_danger_of_who_floods_are_answered_at_once_and_by_a_few_cards(desk: Desk):
    hurry(desk.cairn)
    async with held(desk.cairn.channel.tasks, *key_of(desk.alice)):
        for _ in range(2 * _MOST_OF_ONE):
            await desk.alice.message("hello")
        assert (await desk.alice.message("I want to die")).status == 200
        await desk.fake.until(lambda: len(cards(desk)) == 1)
        async with held(desk.cairn.channel.tasks, *key_of(desk.alice), "crisis"):
            statuses = {(await desk.alice.message("I want to die")).status for _ in range(50)}
            assert statuses == {200}
            assert desk.cairn.channel.tasks.count == 1 + _MOST_OF_ONE + 1 + _MOST_URGENT
        await desk.fake.until(lambda: len(cards(desk)) == 1 + _MOST_URGENT)
        assert all("9-8-8" in words(one) for one in cards(desk))


async def test_danger_in_a_mention_waits_for_nothing_that_was_asked_before(desk: Desk):
    team = desk.fake.channel("team", desk.alice)
    async with held(desk.cairn.channel.tasks, *key_of(desk.alice)):
        await desk.alice.mention(team, "hello")
        await desk.alice.mention(team, "I want to die")
        await desk.fake.until(lambda: len(desk.alice.ephemerals) == 1)
        assert "9-8-8" in words(desk.alice.ephemerals[0])


async def test_with_too_much_to_do_slack_is_asked_to_send_again_but_who_is_in_danger_is_answered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    (card,) = await write(desk, "hello")
    monkeypatch.setattr("bot.tasks._MOST", 2)
    tasks = desk.cairn.channel.tasks
    async with held(tasks, "somebody"), held(tasks, "somebody else"):
        assert (await desk.alice.message("hello")).status == 503
        await desk.alice.pick(card, "goto:en:home", "post_reported")
        assert (await desk.alice.press(card, "goto")).status == 503
        assert (await desk.alice.open_home()).status == 503
        desk.fake.failures.clear()
        for name in ("bob", "carol", "dan"):
            person = desk.fake.person(name)
            assert (await person.message("I want to die")).status == 200
            await desk.fake.until(lambda person=person: len(person.sees()) == 2)
            assert "9-8-8" in words(person.sees()[-1])
    await desk.cairn.drain()
    assert (await desk.alice.message("hello")).status == 200


async def test_of_a_message_that_waits_no_more_is_kept_than_is_read(desk: Desk):
    team = desk.fake.channel("team", desk.alice)
    outcomes = [
        await desk.alice.message("before"),
        await desk.alice.mention(team, "before"),
        await desk.alice.open_home(),
    ]
    await desk.cairn.drain()
    key, take = key_of(desk.alice), desk.cairn.channel._router._events.take
    async with held(desk.cairn.channel.tasks, *key), held(desk.cairn.channel.tasks, *key, "home"):
        for outcome in outcomes:
            body = json.loads(outcome.delivery.body)
            body["event"]["text"] = "x " * 15_000
            body["event"]["blocks"] = [{"type": "rich_text", "elements": ["y" * 15_000]}]
            body["event"].setdefault("view", {})["blocks"] = ["z" * 15_000]
            sent = json.dumps(body)
            assert kept(lambda sent=sent: take(json.loads(sent))) < 10_000


def kept(take: Callable[[], bool]) -> float:
    """How many bytes are kept of something that is taken and waits."""
    tracemalloc.start()
    try:
        assert all([take() for _ in range(10)])
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / 10
    finally:
        tracemalloc.stop()


async def test_a_short_answer_that_is_edited_chooses_nothing_further(desk: Desk):
    (card,) = await write(desk, "hello")
    await desk.alice.pick(card, "goto:en:home", "can_i_post")
    await desk.alice.press(card, "goto")
    await desk.cairn.drain()
    await write(desk, "1")
    asked = words(card)
    mine = [m for m in desk.alice.sees() if m.user == desk.alice.id][-1]
    await desk.alice.edit(mine.ts, "2")
    await desk.cairn.drain()
    assert "I do not know what that refers to." in words(card)
    assert [line for line in asked.splitlines() if line.startswith("( )")] == [
        line for line in words(card).splitlines() if line.startswith("( )")
    ]


async def test_a_reply_in_the_thread_of_the_card_is_understood(desk: Desk):
    (card,) = await write(desk, "hello")
    await desk.alice.pick(card, "goto:en:home", "can_i_post")
    await desk.alice.press(card, "goto")
    await desk.cairn.drain()
    (same,) = await write(desk, "1", thread_ts=card.ts)
    assert "A public servant in a department or agency" in words(same)


async def test_french_words_are_answered_in_french_where_slack_does_not_tell(desk: Desk):
    desk.fake.faults.add("users.info", faults.error("internal_error"), times=None)
    (card,) = await write(desk, "qu’est-ce que je peux faire avec mon gazouillis")
    assert "Est-ce bien ce que vous vouliez dire?" in words(card)


async def test_without_a_socket_cairn_that_needs_one_is_not_ready():
    async with FakeSlack(rates=False) as fake:
        fake.faults.add("apps.connections.open", faults.error("invalid_auth"), times=None)
        how = {"slack_signing_secrets": None, "slack_app_token": fake.app_token}
        async with running(fake, ready=False, **how) as cairn:
            await fake.until(lambda: cairn.channel.people.identity is not None)
            assert not cairn.channel.is_ready


async def test_nobody_is_listed_in_memory_a_second_after_they_were_answered(desk: Desk):
    await write(desk, "hello")
    outbound = desk.cairn.channel.outbound
    clock = outbound._clock
    outbound._clock = lambda: clock() + 2
    desk.cairn.channel.sweep()
    assert outbound._next == {}
    assert desk.alice.dm.id not in repr(desk.cairn.channel._cards._memory._kept)
