"""Does the desk withstand those who would misuse it? A group of tests for each threat, by number.

T21 to T24 are proved by ``test_desk_keys.py``, T25 by ``test_desk_time.py``, T26 by
``test_desk_crash.py``. What is not the desk's own (T1 to T3, T6, T7, T9 to T14) is proved at the
doors of each platform, which every press of the desk goes through as well.
"""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import json
import logging
import pkgutil
import random
import sqlite3
import traceback
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing, suppress
from itertools import count, product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError

import bot.desk
from bot.app import utc_now
from bot.channels.slack.channel import CHANNEL as SLACK_CHANNEL
from bot.channels.teams.channel import CHANNEL as TEAMS_CHANNEL
from bot.conversation import Conversation, Look, Move
from bot.desk import approach
from bot.desk.cards import Cards, topic_words
from bot.desk.case import Case, NotAllowedError, People, Reason, State
from bot.desk.port import Reader
from bot.desk.records import Words
from bot.desk.service import MOST_A_DAY, MOST_OPEN, Read, Sending
from bot.forms import Counter, Form, Picked, Press, Said, Written
from bot.guidance.model import Tree
from bot.guidance.ticket import Ticket
from bot.guidance.walk import routes
from bot.guidance.words import LANGS, Lang
from bot.handoff import Mode, OfficeDesk
from bot.platforms import GoneError, LaterError, OpenError, PlatformError, RefusedError, Who
from bot.privacy import OWN
from bot.store import audit
from bot.store.tables import audit as audit_table
from bot.store.tables import cases, messages, metadata, outbox
from tests import both_app, teams_app
from tests.both_app import CASE_KEYS
from tests.conftest import NOON, SAMPLE
from tests.desk import (
    BY_MAIL,
    CHANNEL,
    DEPUTY,
    DESKS,
    HEAD,
    HOLDERS,
    OFFICE,
    OFFICERS,
    OTHER,
    READERS,
    TEAM,
    Clock,
    World,
    desk_on_slack,
    officer,
    organization_with,
    person,
    world,
)
from tests.desk_counter import AtCounter, choices, posted, words
from tests.slack import payloads as slack_payloads
from tests.slack.fake import FakeSlack
from tests.slack_app import guidance_of
from tests.teams import payloads as teams_payloads
from tests.teams.fake import FakeTeams
from tests.test_desk_end_to_end import asked
from tests.whole import one_now

CANARY = "zq7canary"
ELSEWHERE = tuple(Who("slack", TEAM, f"U0ELSE{n}", f"Else {n}") for n in (1, 2))
"""The officers of the other office."""

STRANGER = Who("slack", TEAM, "U0STRANGER", "A stranger")
NUMBER_OF_NOTHING = "ZZZ-999"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[World]:
    async with world(f"sqlite:///{tmp_path}/cairn.db") as one:
        yield one


async def rows(desk: World, table: Any) -> list[Any]:
    async with desk.store.transaction() as transaction:
        return list(await transaction.connection.execute(select(table)))


async def acts_of(desk: World, number: str) -> list[str]:
    async with desk.store.transaction() as transaction:
        return [entry.act for entry in await audit.of_case(transaction.connection, number)]


def doings() -> list[str]:
    """Everything that can be pressed."""
    modules = [
        importlib.import_module(f"bot.desk.{one.name}")
        for one in pkgutil.iter_modules(bot.desk.__path__)
    ]
    found = {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, str) and value.startswith("desk:")
    }
    return sorted(found)


DOINGS = doings()
OF_NO_CASE = ("desk:offices", "desk:choose", "desk:write", "desk:review", "desk:send", "desk:mine")
OF_A_CASE = [do for do in DOINGS if do not in OF_NO_CASE]
FIELDS: Mapping[str, tuple[str, ...]] = {
    "to": ("office",), "reason": ("answered",), "record": ("none",), "out": (), "agree": ("yes",),
}  # fmt: skip
TYPED = {"reply": f"{CANARY} reply", "answer": f"{CANARY} answer", "text": f"{CANARY} text"}


def forged(do: str, number: str) -> Press:
    """A press with every field filled in, on a case of which one knows the number."""
    return Press(do, number, FIELDS, TYPED)


async def in_every_state(desk: World) -> dict[str, str]:
    """The number of a case in each state, each sent by somebody else."""
    found: dict[str, str] = {}
    service, olive = desk.service, OFFICERS[0]
    people = (person(number) for number in count(100))

    async def fresh(*acts: Any) -> str:
        number = await desk.send(next(people))
        await desk.deliver()
        for act in acts:
            await act(number)
        return number

    async def claimed(number: str) -> None:
        await service.claim(number, olive)
        await service.clear(number, olive)

    async def resolved(number: str) -> None:
        await claimed(number)
        await service.resolve(number, olive, Reason.ANSWERED)

    found["offered"] = await fresh()
    found["checking"] = await fresh(lambda number: service.claim(number, olive))
    found["claimed"] = await fresh(claimed)
    found["answered"] = await fresh(claimed, lambda number: service.reply(number, olive, "Yes"))
    found["resolved"] = await fresh(resolved)
    found["closed"] = await fresh(resolved, lambda number: service.close(number, olive))
    withdrawn = await desk.send(who := next(people))
    await service.withdraw(withdrawn, who)
    found["withdrawn"] = withdrawn
    lost = await fresh()
    for one in READERS:
        await service.recuse(lost, one)
    found["fallback"] = lost
    found["asking"] = await desk.send(next(people))
    desk.slack.channels[CHANNEL].members["U0LATE"] = "Late"
    await desk.deliver()
    del desk.slack.channels[CHANNEL].members["U0LATE"]
    found["queued"] = await desk.send(next(people))
    assert {State((await service.look(number)).state) for number in found.values()} == {
        State(one) for one in found
    }
    return found


def same(one: Form, other: Form) -> bool:
    return (one.parts, one.main, one.buttons) == (other.parts, other.main, other.buttons)


# ---- T5: what comes twice is done once


async def test_t5_send_three_times_at_once_is_one_case_and_one_thing_to_send(desk: World):
    alice = AtCounter(desk, person(1))
    await alice.start("post_reported")
    await alice.press("desk:write", office=OFFICE)
    await alice.press("desk:review", text="Some words")
    send = Press("desk:send", alice.form.held, {"agree": ("yes",)}, {"text": "Some words"})
    forms = await asyncio.gather(*(desk.counter.press(alice.who, send, "en") for _ in range(3)))
    assert len({form.held for form in forms}) == 1
    assert [len(await rows(desk, table)) for table in (cases, messages, outbox)] == [1, 1, 1]
    again = await desk.counter.press(alice.who, send, "en")
    assert again.held == forms[0].held
    assert len(await rows(desk, cases)) == 1


async def test_t5_send_again_with_other_words_never_passes_for_sent(desk: World):
    alice = AtCounter(desk, person(1))
    await alice.start("post_reported")
    await alice.press("desk:write", office=OFFICE)
    await alice.press("desk:review", text="The first words")
    old = alice.form.held
    await alice.press("desk:send", agree="yes")
    number = alice.form.held
    await alice.forge(Press("desk:send", old, {"agree": ("yes",)}, {"text": "Other words"}))
    assert alice.says("desk_no_already")
    assert not alice.says("desk_sent_title")
    assert (await desk.service.read(number, alice.who)).words[0].text == "The first words"


async def test_t5_a_send_that_was_taken_back_does_not_come_to_life_again(desk: World):
    alice = AtCounter(desk, person(1))
    await alice.start("post_reported")
    await alice.press("desk:write", office=OFFICE)
    await alice.press("desk:review", text="Some words")
    send = Press("desk:send", alice.form.held, {"agree": ("yes",)}, {"text": "Some words"})
    await alice.forge(send)
    await desk.service.withdraw(alice.form.held, alice.who)
    await alice.forge(send)
    assert alice.says("desk_no_case")
    assert await desk.deliver() >= 0
    assert not desk.slack.channels[CHANNEL].cards


async def test_t5_a_reply_and_an_answer_three_times_at_once_are_one_each(desk: World):
    alice, olive = person(1), OFFICERS[0]
    number = await desk.opened(alice)
    reply = Press("desk:reply", number, {}, {"reply": "An answer"})
    await asyncio.gather(*(desk.counter.press(olive, reply, "en") for _ in range(3)))
    answer = Press("desk:answer", number, {}, {"answer": "Thanks"})
    await asyncio.gather(*(desk.counter.press(alice, answer, "en") for _ in range(3)))
    read = await desk.service.read(number, alice)
    assert [one.text for one in read.words] == ["Some words", "An answer", "Thanks"]
    await desk.deliver()
    assert [user for user, _ in desk.teams.told] == [alice.user]
    await desk.service.reply(number, olive, "An answer")
    assert len((await desk.service.read(number, alice)).words) == 4, "the same words later are new"


@pytest.mark.parametrize("way", ["handed over", "opened again"])
async def test_t5_the_same_words_after_the_case_has_moved_on_are_a_new_reply(desk: World, way: str):
    alice, (olive, oscar) = person(1), OFFICERS[:2]
    number = await desk.opened(alice)
    await desk.service.reply(number, olive, "Please call us")
    desk.clock.move(minutes=5)
    officer = olive
    if way == "handed over":
        await desk.service.hand_over(number, olive, oscar)
        await desk.service.clear(number, oscar)
        officer = oscar
    else:
        await desk.service.resolve(number, olive, Reason.ANSWERED)
        await desk.service.reopen(number, alice)
    desk.clock.move(minutes=5)
    for _ in range(2):  # the second one is the same press
        case = await desk.service.reply(number, officer, "Please call us")
        assert case.state is State.ANSWERED
        assert len((await desk.service.read(number, alice)).words) == 3


async def test_t5_the_same_words_after_the_office_was_done_open_it_again(desk: World):
    alice, olive = person(1), OFFICERS[0]
    number = await desk.opened(alice)
    await desk.service.answer(number, alice, "Please")
    await desk.service.resolve(number, olive, Reason.ANSWERED)
    case = await desk.service.answer(number, alice, "Please")
    assert case.state is State.CLAIMED
    assert len((await desk.service.read(number, alice)).words) == 3


async def test_t5_a_request_that_comes_again_acts_no_more_whatever_has_happened_since(desk: World):
    alice, olive = AtCounter(desk, person(1)), AtCounter(desk, OFFICERS[0])
    number = await desk.opened(alice.who)
    reply = Press("desk:reply", number, {}, {"reply": "An answer"}, once="1")
    answer = Press("desk:answer", number, {}, {"answer": "Thanks"}, once="2")
    for _ in range(3):
        await olive.forge(reply)
        assert olive.says("desk_replied")
        await alice.forge(answer)
        assert alice.says("desk_replied")
    assert len((await desk.service.read(number, alice.who)).words) == 3
    done = Press("desk:resolved", number, {"reason": ("answered",)}, once="3")
    await olive.forge(done)
    await alice.forge(Press("desk:reopen", number, once="4"))
    await olive.forge(done)
    assert (await desk.service.look(number)).state is State.CLAIMED
    await olive.forge(dataclasses.replace(done, once="5"))
    await olive.forge(Press("desk:closed", number, FIELDS, once="6"))
    assert (await desk.service.look(number)).state is State.CLOSED, "one press may do two things"


async def test_t5_the_mark_of_a_request_that_did_nothing_is_not_kept(desk: World):
    number = await desk.opened(person(1))
    olive = AtCounter(desk, OFFICERS[0])
    reply = Press("desk:reply", number, {}, {"reply": "An answer"}, once="1")
    await desk.service.resolve(number, olive.who, Reason.ANSWERED)
    await olive.forge(reply)
    await desk.service.reopen(number, person(1))
    await olive.forge(reply)
    assert olive.says("desk_replied")
    assert len((await desk.service.read(number, person(1))).words) == 2


async def test_t5_claim_pressed_twice_by_one_officer_is_one_claim(desk: World):
    number = await desk.send(person(1))
    await desk.deliver()
    olive = AtCounter(desk, OFFICERS[0])
    for _ in range(2):
        await olive.forge(Press("desk:claim", number))
        assert olive.says("desk_check")
    for _ in range(2):
        await olive.forge(Press("desk:clear", number))
        assert "Some words" in olive.words
    assert (await acts_of(desk, number)).count("claim") == 1


# ---- T8: what is not yours


@pytest.mark.parametrize("lang", one_now("fr", "en"))
async def test_t8_nobody_can_tell_a_number_of_somebody_elses_from_one_that_there_is_not(
    desk: World, lang: str
):
    numbers = await in_every_state(desk)
    nosy = [STRANGER, person(1), *ELSEWHERE, officer(9)]
    desk.slack.channels[CHANNEL].members[officer(9).user] = "Newcomer"
    for do, who in product(OF_A_CASE, nosy):
        hand = AtCounter(desk, who, "fr" if lang == "fr" else "en")
        nothing = await hand.forge(forged(do, NUMBER_OF_NOTHING))
        for state, number in numbers.items():
            desk.slack.fault = lambda _: LaterError("down")  # also where nobody can be asked
            down = await hand.forge(forged(do, number))
            desk.slack.fault = lambda _: None
            shown = await hand.forge(forged(do, number))
            assert same(shown, nothing), (do, who.user, state)
            assert same(down, nothing), (do, who.user, state)
            assert number not in words(shown)


async def test_t8_whoever_was_taken_off_or_stepped_aside_is_told_no_more_than_a_stranger(
    desk: World,
):
    off, aside = OFFICERS[1], OFFICERS[2]
    number = await desk.send(person(1), excluded=frozenset({off.id}))
    await desk.deliver()
    await desk.service.recuse(number, aside)
    for who, do in product((off, aside), OF_A_CASE):
        strangers = await AtCounter(desk, STRANGER).forge(forged(do, number))
        shown = await AtCounter(desk, who).forge(forged(do, number))
        assert same(shown, strangers), (who.user, do)


async def test_t8_an_officer_who_asked_is_told_by_the_card_no_more_than_a_stranger(desk: World):
    olive = OFFICERS[0]
    number = await desk.send(olive)
    await desk.deliver()
    own = ("desk:read", "desk:answer", "desk:withdraw", "desk:withdrawn", "desk:reopen",
           "desk:agree", "desk:elsewhere")  # fmt: skip
    for do in OF_A_CASE:
        if do not in own:
            strangers = await AtCounter(desk, STRANGER).forge(forged(do, number))
            assert same(await AtCounter(desk, olive).forge(forged(do, number)), strangers), do
    for other in OFFICERS[1:]:
        hand = AtCounter(desk, other)
        await hand.forge(Press("desk:transfer", number))
        assert olive.name not in hand.words


async def test_t8_who_could_take_a_case_is_shown_to_those_alone_who_may_hand_it_over(desk: World):
    off = OFFICERS[2]
    number = await desk.send(person(1), excluded=frozenset({off.id}))
    await desk.deliver()
    for who in (*READERS, *HOLDERS):
        hand = AtCounter(desk, who)
        await hand.forge(Press("desk:transfer", number))
        assert "Officer" not in hand.words, who.user
    await desk.service.claim(number, OFFICERS[0])
    for who in (*READERS, *HOLDERS):
        await AtCounter(desk, who).forge(Press("desk:transfer", number))
    await desk.service.clear(number, OFFICERS[0])
    for who in (*READERS, *HOLDERS):
        hand = AtCounter(desk, who)
        await hand.forge(Press("desk:transfer", number))
        assert ("Officer 2" in hand.words) == (who in (OFFICERS[0], HEAD)), who.user


async def test_t8_an_officer_of_another_office_is_refused_and_that_is_written_down_once(
    desk: World,
):
    number = await desk.opened(person(1))
    for _ in range(3):
        for do in OF_A_CASE:
            await AtCounter(desk, ELSEWHERE[0]).forge(forged(do, number))
    await AtCounter(desk, ELSEWHERE[1]).forge(Press("desk:read", "", {"number": (number,)}))
    assert (await acts_of(desk, number)).count("refused") == 2
    case = await desk.service.look(number)
    assert case.state is State.CLAIMED
    assert len((await desk.service.read(number, person(1))).words) == 1
    await AtCounter(desk, STRANGER).forge(forged("desk:open", NUMBER_OF_NOTHING))
    assert NUMBER_OF_NOTHING not in {row.number for row in await rows(desk, audit_table)}


async def test_t8_no_press_of_anybody_else_changes_a_case_in_any_state(desk: World):
    numbers = await in_every_state(desk)

    async def standing() -> list[tuple[object, ...]]:
        kept = await rows(desk, cases)
        return [(row.number, row.state, row.turn, row.record, row.held) for row in kept]

    before, said = (
        await standing(),
        [len(await rows(desk, messages)), len(await rows(desk, outbox))],
    )
    for who, do in product((STRANGER, person(1), *ELSEWHERE), OF_A_CASE):
        for number in numbers.values():
            await desk.counter.press(who, forged(do, number), "en")
    assert await standing() == before
    assert [len(await rows(desk, messages)), len(await rows(desk, outbox))] == said


async def test_t8_an_old_form_opens_for_nobody_else_nowhere_else_and_not_after_a_day(desk: World):
    alice = AtCounter(desk, person(1, "slack"))
    await alice.start("post_reported")
    await alice.press("desk:write", office=OFFICE)
    await alice.press("desk:review", text="Some words")
    send = Press("desk:send", alice.form.held, {"agree": ("yes",)}, {"text": "Some words"})
    mine = alice.who
    others = [
        dataclasses.replace(mine, user="asker-2"),
        dataclasses.replace(mine, platform="teams"),
        dataclasses.replace(mine, tenant="T0OTHER"),
    ]
    for who in others:
        hand = AtCounter(desk, who)
        for do in ("desk:send", "desk:review", "desk:write"):
            await hand.forge(dataclasses.replace(send, do=do))
            assert hand.says("trouble_expired")
    desk.clock.move(days=1)
    await alice.forge(send)
    assert alice.says("trouble_expired")
    assert not await rows(desk, cases)


async def test_t8_no_form_with_a_bit_turned_is_taken(desk: World):
    alice = AtCounter(desk, person(1))
    await alice.start("post_reported")
    await alice.press("desk:write", office=OFFICE)
    await alice.press("desk:review", text="Some words")
    held = alice.form.held
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    turned = [
        held[:at] + letters[letters.index(held[at]) ^ (1 << bit)] + held[at + 1 :]
        for at in range(1, len(held))
        for bit in range(6)
    ]
    for sealed in (*turned, "", held[:-1], held + "A", held * 2, "1", "é" * 50, "\ud800"):
        await alice.forge(Press("desk:send", sealed, {"agree": ("yes",)}, {"text": "Some words"}))
        assert alice.says("trouble_expired"), sealed
    assert not await rows(desk, cases)


async def test_t8_what_a_form_holds_and_a_button_says_names_nobody_in_clear(desk: World):
    alice = AtCounter(desk, person(1))
    number = await alice.sends(out=(OFFICERS[1].id,))
    await desk.deliver()
    olive = AtCounter(desk, OFFICERS[0])
    await olive.forge(Press("desk:claim", number))
    await olive.press("desk:clear")
    for form in (*alice.seen, *olive.seen):
        for ident in ("asker", "officer", "post_reported", "values_ethics"):
            assert ident not in form.held.casefold()
    (card,) = desk.slack.channels[CHANNEL].cards.values()
    assert card.value == number


TAMPERED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "nobody's office": {"office": ("nobody",)},
    "an office that takes nothing": {"office": ("ombud",)},
    "an office that is not ours": {"office": ("../../etc",)},
    "half of a character": {"office": ("\ud800",)},
    "two offices": {"office": ("ombud", OFFICE)},
    "no office": {"office": ()},
}


@pytest.mark.parametrize("tampered", TAMPERED)
async def test_t8_an_office_that_was_not_offered_gets_nothing(desk: World, tampered: str):
    alice = AtCounter(desk, person(1))
    await alice.start("post_reported")
    held = alice.form.held
    await alice.forge(Press("desk:write", held, TAMPERED[tampered], {"text": "Some words"}))
    assert "desk:review" not in alice.ways
    assert "Some words" in alice.words
    assert not await rows(desk, cases)


async def test_t8_whom_one_takes_off_can_only_be_a_reader(desk: World):
    alice = AtCounter(desk, person(1))
    await alice.start("post_reported")
    await alice.press("desk:write", office=OFFICE)
    out = (
        "\ud800",
        "slack:u0nobody",
        OFFICERS[0].id,
        OFFICERS[0].id,
        "x" * 3_000,
        *map(str, range(99)),
    )
    await alice.forge(Press("desk:review", alice.form.held, {"out": out}, {"text": "Some words"}))
    await alice.press("desk:send", agree="yes")
    people = (await desk.service.look(alice.form.held)).people
    assert people is not None
    assert people.excluded == {OFFICERS[0].id}


async def test_t8_a_case_goes_only_to_a_reader_who_may_take_it(desk: World):
    off, new = OFFICERS[2], officer(9)
    number = await desk.send(person(1), excluded=frozenset({off.id}))
    await desk.deliver()
    await desk.service.claim(number, OFFICERS[0])
    await desk.service.clear(number, OFFICERS[0])
    desk.slack.channels[CHANNEL].members[new.user] = new.name
    olive = AtCounter(desk, OFFICERS[0])
    ids = ("", "slack:u0nobody", new.id, off.id, person(1).id, STRANGER.id, "\ud800", "x" * 9_999)
    for to in ids:
        await olive.forge(Press("desk:hand_over", number, {"to": (to,)}))
        people = (await desk.service.look(number)).people
        assert people is not None
        assert people.claimer == OFFICERS[0], to
    assert (await desk.service.look(number)).state is State.CLAIMED


async def test_t8_no_words_go_where_only_an_introduction_may(tmp_path: Path):
    ceilings = {"slack": "unclassified", "teams": "unclassified"}
    async with world(f"sqlite:///{tmp_path}/cairn.db", ceilings=ceilings) as desk:
        alice, olive = AtCounter(desk, person(1)), AtCounter(desk, OFFICERS[0])
        await alice.start("post_reported")
        await alice.press("desk:write", office=OFFICE)
        assert alice.says("desk_offer_introduction")
        for do in ("desk:review", "desk:send"):
            await alice.forge(
                Press(do, alice.form.held, {"agree": ("yes",)}, {"text": f"my {CANARY}"})
            )
            assert not await rows(desk, cases)
        await alice.start("post_reported")
        await alice.press("desk:write", office=OFFICE)
        await alice.press("desk:review", text="613 555 0100")
        reviewed = alice.form.held
        await alice.forge(
            Press("desk:send", reviewed, {"agree": ("yes",)}, {"text": f"my {CANARY}"})
        )
        assert alice.says("desk_reach_wrong")
        await alice.press("desk:send", agree="yes", text="613 555 0100")
        number = alice.form.held
        await desk.deliver()
        await alice.forge(Press("desk:answer", number, {}, {"answer": CANARY}))
        await olive.forge(Press("desk:claim", number))
        await olive.press("desk:clear")
        assert "desk:preview" not in olive.ways
        for do in ("desk:preview", "desk:reply"):
            await olive.forge(Press(do, number, {}, {"reply": CANARY}))
        read = await desk.service.read(number, alice.who)
        assert [one.text for one in read.words] == ["613 555 0100"]
        await alice.forge(Press("desk:answer", number, {}, {"answer": CANARY}))
        assert [one.text for one in (await desk.service.read(number, alice.who)).words] == [
            "613 555 0100"
        ]
        assert CANARY not in str(posted(desk))


async def test_t8_nothing_goes_without_the_tick_the_review_and_a_name(desk: World):
    alice = AtCounter(desk, person(1))
    await alice.start("post_reported")
    offices = alice.form.held
    await alice.press("desk:write", office=OFFICE)
    written = alice.form.held
    await alice.press("desk:review", text="Some words")
    reviewed = alice.form.held
    text = {"text": "Some words"}
    for press in (
        Press("desk:send", offices, {"agree": ("yes",)}, text),
        Press("desk:send", written, {"agree": ("yes",)}, text),
        Press("desk:send", reviewed, {}, text),
        Press("desk:send", reviewed, {"agree": ()}, text),
        Press("desk:send", reviewed, {"agree": ("no", "true", "1")}, text),
        Press("desk:send", reviewed, {"agree": ("yes",)}, {}),
        Press("desk:send", reviewed, {"agree": ("yes",)}, {"text": "x" * 100_000}),
        Press("desk:send", "AAA-001", {"agree": ("yes",)}, text),
    ):
        await alice.forge(press)
        assert not await rows(desk, cases), press
        assert not await rows(desk, outbox)


async def test_t8_half_a_character_in_words_and_names_breaks_nothing(desk: World):
    odd = "half \ud83d of one \x00"
    desk.slack.channels[CHANNEL].members["U0ODD"] = odd
    alice = AtCounter(desk, dataclasses.replace(person(1), name=odd))
    number = await alice.sends(odd)
    await desk.deliver()
    olive = AtCounter(desk, OFFICERS[0])
    await olive.forge(Press("desk:claim", number))
    await olive.press("desk:clear")
    assert odd.strip() in olive.words
    for do in OF_A_CASE:
        for held in ("\ud800", "\x00", "x" * 10_000, "'; DROP TABLE cases;--"):
            form = await AtCounter(desk, STRANGER).forge(forged(do, held))
            assert form.parts


# ---- at each moment that matters: who is in the channel, and is it private


async def reading(desk: World, number: str, who: Who) -> bool:
    """Whether any press shows somebody of the office the words of a case."""
    shown = [
        words(await desk.counter.press(who, Press(do, number), "en"))
        for do in OF_A_CASE
        if do not in ("desk:withdrawn", "desk:recuse", "desk:closed")
    ]
    return any("Some words" in one for one in shown)


async def test_a_claimer_who_has_left_the_channel_reads_no_more(desk: World):
    number = await desk.opened(person(1))
    assert await reading(desk, number, OFFICERS[0])
    del desk.slack.channels[CHANNEL].members[OFFICERS[0].user]
    assert not await reading(desk, number, OFFICERS[0])
    olive = AtCounter(desk, OFFICERS[0])
    for do in ("desk:reply", "desk:preview", "desk:resolved", "desk:recorded", "desk:closed"):
        await olive.forge(forged(do, number))
    assert len((await desk.service.read(number, person(1))).words) == 1
    assert (await desk.service.look(number)).state is State.CLAIMED


SPECIAL = {"claimer": OFFICERS[0], "deputy": DEPUTY, "head": HEAD}
ALSO_OUTSIDE = ("desk:hold", "desk:lift", "desk:recuse")
"""What needs nobody in the channel: to hold, and to step aside."""


@pytest.fixture
async def all_hold(tmp_path: Path) -> AsyncIterator[World]:
    """A desk whose deputy, head and first officer may also hold cases."""
    holders = tuple(who.user for who in SPECIAL.values())
    desks = {**DESKS, OFFICE: desk_on_slack(holders=holders)}
    async with world(f"sqlite:///{tmp_path}/cairn.db", desks=desks) as one:
        yield one


@pytest.mark.parametrize("who", SPECIAL.values(), ids=SPECIAL)
async def test_whoever_was_taken_out_of_the_channel_gets_at_nothing_whatever_their_part(
    all_hold: World, who: Who
):
    desk, service = all_hold, all_hold.service
    numbers = [await desk.send(person(n)) for n in range(1, 5)]
    await desk.deliver()
    _, checking, claimed, resolved = numbers
    for number in (checking, claimed, resolved):
        await service.claim(number, who)
    for number in (claimed, resolved):
        await service.clear(number, who)
    await service.resolve(resolved, who, Reason.ANSWERED)
    assert await reading(desk, claimed, who)
    del desk.slack.channels[CHANNEL].members[who.user]
    before = [await service.look(number) for number in numbers]
    hand = AtCounter(desk, who)
    for number, do in product(numbers, OF_A_CASE):
        if do not in ALSO_OUTSIDE:
            await hand.forge(forged(do, number))
            assert hand.says("desk_no_case") or hand.ways == ["desk:hold"], do
    assert "Some words" not in "".join(words(form) for form in hand.seen)
    assert [await service.look(number) for number in numbers] == before
    assert len((await service.read(claimed, person(3))).words) == 1


@pytest.mark.parametrize("who", SPECIAL.values(), ids=SPECIAL)
async def test_whoever_was_taken_out_of_the_channel_can_still_hold_and_sees_the_number_alone(
    all_hold: World, who: Who
):
    desk = all_hold
    number = await desk.opened(person(1))
    del desk.slack.channels[CHANNEL].members[who.user]
    hand = AtCounter(desk, who)
    await hand.forge(Press("desk:open", number))
    await hand.press("desk:hold")
    assert hand.says("desk_hold_asked")
    for form in hand.seen:
        assert next(one.words for one in form.parts if isinstance(one, Said)).endswith(number)
        assert topic_words(desk.conversation.guidance, "post_reported", "en") not in words(form)


async def test_a_claimer_who_has_left_the_channel_is_told_nothing_and_the_head_is(desk: World):
    number = await desk.opened(person(1))
    del desk.slack.channels[CHANNEL].members[OFFICERS[0].user]
    await desk.service.answer(number, person(1), "Anybody there?")
    await desk.deliver()
    assert [user for user, _ in desk.slack.told] == [HEAD.user]
    head = AtCounter(desk, HEAD)
    await head.open(desk.slack.told[0][1], "desk:open")
    await head.press("desk:transfer")
    await head.press("desk:hand_over", to=OFFICERS[1].id)
    await desk.deliver()
    assert desk.slack.told[-1][0] == OFFICERS[1].user


async def test_where_neither_claimer_nor_head_is_left_nobody_is_told_and_the_log_says_so(
    desk: World, caplog: pytest.LogCaptureFixture
):
    number = await desk.opened(person(1))
    for who in (OFFICERS[0], HEAD):
        del desk.slack.channels[CHANNEL].members[who.user]
    await desk.service.answer(number, person(1), "Anybody there?")
    await desk.deliver()
    assert desk.slack.told == []
    assert "claimer_left" in caplog.text


async def test_a_head_and_a_deputy_who_have_left_the_channel_are_told_nothing(desk: World):
    offered = await desk.send(person(1))
    await desk.opened(person(2))
    for who in (HEAD, DEPUTY):
        del desk.slack.channels[CHANNEL].members[who.user]
    desk.clock.move(days=4)
    await desk.keeper.tick()
    assert {"deputy", "head"} <= {*await acts_of(desk, offered), *await acts_of(desk, "AAA-002")}
    await desk.deliver()
    assert desk.slack.told == []


@pytest.mark.parametrize("how", ["public", "down"])
async def test_nobody_is_told_while_who_is_in_the_channel_is_not_known(desk: World, how: str):
    number = await desk.opened(person(1))
    channel = desk.slack.channels[CHANNEL]
    channel.is_open = how == "public"
    desk.slack.fault = lambda call: (
        LaterError("down") if [call, how] == ["readers", "down"] else None
    )
    await desk.service.answer(number, person(1), "Anybody there?")
    await desk.deliver()
    assert desk.slack.told == []
    channel.is_open, desk.slack.fault = False, lambda _: None
    desk.clock.move(minutes=15)
    await desk.deliver()
    assert [user for user, _ in desk.slack.told] == [OFFICERS[0].user]


@pytest.mark.parametrize("how", ["public", "crowded", "down", "gone"])
async def test_where_the_channel_is_not_private_any_more_nothing_opens_or_goes(
    desk: World, how: str
):
    number = await desk.opened(person(1))
    waiting = await desk.send(person(2))
    channel = desk.slack.channels[CHANNEL]
    before = dict(channel.members)
    match how:
        case "public":
            channel.is_open = True
        case "crowded":
            channel.members |= {f"U0CROWD{n}": f"Crowd {n}" for n in range(30)}
        case "down" | "gone":
            error = LaterError("down") if how == "down" else RefusedError("gone")
            desk.slack.fault = lambda call: error if call == "readers" else None
    assert not await reading(desk, number, OFFICERS[0])
    cards = dict(channel.cards)
    await desk.deliver()
    assert channel.cards == cards
    olive = AtCounter(desk, OFFICERS[0])
    await olive.forge(Press("desk:reply", number, {}, {"reply": "An answer"}))
    assert len((await desk.service.read(number, person(1))).words) == 1
    channel.is_open, channel.members = False, before
    desk.slack.fault = lambda _: None
    if how != "gone":
        desk.clock.move(minutes=15)
        await desk.deliver()
        assert (await desk.service.look(waiting)).state is State.OFFERED
    assert await reading(desk, number, OFFICERS[0])


async def test_a_channel_that_becomes_public_gets_no_new_card_and_no_line(desk: World):
    number = await desk.send(person(1))
    await desk.deliver()
    channel = desk.slack.channels[CHANNEL]
    channel.cards.clear()
    channel.is_open = True
    await desk.service.claim(number, OFFICERS[0])
    await desk.deliver()
    assert not channel.cards, "a card that somebody deleted does not come back in public"
    another = await desk.send(person(2))
    channel.is_open = False
    desk.clock.move(minutes=15)
    await desk.deliver()
    assert len(channel.cards) == 2
    channel.is_open = True
    desk.clock.move(days=3)
    await desk.keeper.tick()
    await desk.deliver()
    assert not channel.lines
    assert another


async def test_whoever_comes_between_posting_and_opening_can_never_open_it(desk: World):
    number = await desk.send(person(1))
    await desk.deliver()
    new = officer(9)
    desk.slack.channels[CHANNEL].members[new.user] = new.name
    hand = AtCounter(desk, new)
    for do in OF_A_CASE:
        await hand.forge(forged(do, number))
        assert "Some words" not in hand.words
    assert (await desk.service.look(number)).state is State.OFFERED


async def test_nobody_can_be_agreed_to_who_was_not_shown(desk: World):
    alice = AtCounter(desk, person(1))
    number = await alice.sends()
    desk.slack.channels[CHANNEL].members["U0NEW"] = "Newcomer"
    await desk.deliver()
    for held in (number, "", alice.form.held):
        await alice.forge(Press("desk:agree", held))
        assert (await desk.service.look(number)).state is State.ASKING
    await alice.forge(Press("desk:read", number))
    asked = alice.form
    desk.slack.channels[CHANNEL].members["U0LATER"] = "Later"
    await alice.forge(Press("desk:agree", asked.held))
    assert alice.says("desk_readers_grew")
    assert (await desk.service.look(number)).state is State.ASKING
    thief = AtCounter(desk, person(2))
    await thief.forge(Press("desk:agree", asked.held))
    assert thief.says("desk_no_case")


async def test_a_head_and_a_deputy_who_were_taken_off_are_told_nothing(desk: World):
    out = frozenset({HEAD.id, DEPUTY.id})
    number = await desk.send(person(1), excluded=out)
    await desk.deliver()
    desk.clock.move(days=3)
    await desk.keeper.tick()
    await desk.deliver()
    other = await desk.send(person(2), excluded=out)
    await desk.deliver()
    await desk.service.claim(other, OFFICERS[0])
    await desk.service.clear(other, OFFICERS[0])
    desk.clock.move(days=4)
    await desk.keeper.tick()
    await desk.deliver()
    assert desk.slack.told == []
    for who, do in product((HEAD, DEPUTY), OF_A_CASE):
        await AtCounter(desk, who).forge(forged(do, other))
    case = await desk.service.look(other)
    assert case.people is not None
    assert case.people.claimer == OFFICERS[0]
    assert number


async def test_a_deputy_who_asked_is_not_told_of_their_own_case(desk: World):
    await desk.send(DEPUTY)
    await desk.deliver()
    desk.clock.move(hours=14, days=2)
    await desk.keeper.tick()
    await desk.deliver()
    assert DEPUTY.user not in [
        user for user, card in desk.slack.told if card.buttons[0].do == "desk:open"
    ]


async def test_stepping_aside_does_not_make_the_person_wait_longer(desk: World):
    number = await desk.send(person(1))
    await desk.deliver()
    before = await desk.service.look(number)
    desk.clock.move(hours=2)
    after = await desk.service.recuse(number, OFFICERS[0])
    assert (after.since, after.turn) == (before.since, before.turn)


# ---- delivery never turns in circles


@pytest.mark.parametrize(
    "error", [LaterError("down"), LaterError("limited", 30.0), OpenError("public"),
              RefusedError("gone"), GoneError("gone"), ValueError("a defect")],
    ids=lambda error: f"{type(error).__name__}",
)  # fmt: skip
@pytest.mark.parametrize("call", ["readers", "post", "update", "remind", "tell"])
async def test_whatever_a_platform_does_it_is_tried_at_most_six_times_in_ten_minutes(
    desk: World, call: str, error: Exception
):
    number = await desk.opened(person(1))
    tried = 0

    def fault(asked: str) -> Any:
        nonlocal tried
        tried += asked == call
        return error if asked == call else None

    desk.slack.fault = desk.teams.fault = fault
    await desk.send(person(2))
    await desk.service.reply(number, OFFICERS[0], "An answer")
    for _ in range(120):
        for _ in range(50):
            with suppress(ValueError):
                if not await desk.delivery.once():
                    break
        else:
            pytest.fail("it turns in circles")
        desk.clock.move(seconds=5)
    assert tried <= 6 * 3, tried


async def test_what_cannot_be_opened_stops_nothing_else_and_is_set_aside_in_the_end(
    tmp_path: Path,
):
    address, clock = f"sqlite:///{tmp_path}/cairn.db", Clock()
    async with world(address, keys=(bytes([1]) * 32,), clock=clock) as desk:
        await desk.send(person(1))
        await desk.send(person(1), office=BY_MAIL, mode="introduction")
    async with world(address, keys=(bytes([2]) * 32,), clock=clock) as desk:
        other = await desk.send(person(2), number="BBB-001")
        assert await desk.deliver() >= 3
        assert (await desk.service.look(other)).state is State.OFFERED
        assert [row.parked for row in await rows(desk, outbox)] == [False, False]
        desk.clock.move(days=8)
        await desk.deliver()
        assert [row.parked for row in await rows(desk, outbox)] == [True, True]
        desk.clock.move(days=1)
        assert await desk.deliver() == 0


# ---- T4, T19: at the doors of both platforms


class Recording:
    """A counter that notes what reaches it, and does nothing."""

    def __init__(self) -> None:
        self.heard: list[Press] = []

    async def press(self, who: Who, press: Press, lang: Lang) -> Form:
        self.heard.append(press)
        return Form(lang, [Said("Nothing")])


async def test_t4_a_press_that_is_too_large_or_too_deep_never_reaches_the_counter():
    """That nothing else of it is looked at either is proved by the tests of each door.

    See ``test_what_is_too_large_is_refused`` and ``test_what_is_nested_too_deep_is_refused`` in
    ``test_slack_ingress.py`` and ``test_teams_ingress.py``.
    """
    async with (
        FakeSlack(rates=False) as slack,
        FakeTeams(rates=False) as teams,
        both_app.running(slack, teams) as cairn,
    ):
        counter = Recording()
        for channel in (cairn.application[SLACK_CHANNEL], cairn.application[TEAMS_CHANNEL]):
            channel.serve("desk:", counter)
        small = {"type": "block_actions", "actions": [{"action_id": "desk:claim", "value": CANARY}]}
        deep = "[" * 5_000 + "]" * 5_000
        pressed = json.dumps(small)
        for inner in (
            pressed[:-1] + f', "x": "{"y" * 300_000}"}}',
            pressed[:-1] + f', "x": {deep}}}',
        ):
            form = ("payload=" + quote(inner)).encode()
            answered = await slack.send(form, content_type="application/x-www-form-urlencoded")
            assert answered.status in (400, 413)
        for inner in ('"' + "y" * 300_000 + '"', deep):
            body = (
                '{"type": "invoke", "name": "task/submit", "value": {"data": {"do": "desk:claim",'
                f' "held": "{CANARY}", "x": {inner}}}}}}}'
            ).encode()
            assert (await teams.send(body, teams.headers())).status in (400, 413)
        await cairn.settle()
        assert counter.heard == []


MESSAGES = 1_000
NOTES = (
    "The person who asked is wrong", "reply: please call me", "@Alice Asker thank you", "2",
    "/reply yes", "close", "claim", "desk:reply", "note: nobody must read this", "oui",
)  # fmt: skip
"""What officers write to each other, and what other desks take for a reply."""


@pytest.mark.long
async def test_t19_of_a_thousand_messages_in_a_case_channel_of_slack_none_reaches_the_person():
    async with (
        FakeSlack(rates=False) as slack,
        FakeTeams(rates=False) as teams,
        both_app.running(slack, teams) as cairn,
    ):
        alice = await asked(cairn, "en")
        olive, chance = cairn.officers[0], random.Random(19)
        card = next(one for one in cairn.office.messages.values() if not one.deleted)
        await olive.press(card, "desk:claim")
        await cairn.settle()
        await olive.press(olive.view, "desk:clear")
        await cairn.settle()
        alice.close()
        stood = [str(one.activity) for one in alice.chat.messages]
        kept = cairn.rows("messages")
        for number in range(MESSAGES):
            who = cairn.officers[number % 3]
            text = f"{chance.choice(NOTES)} {CANARY} {number}"
            thread = chance.choice((None, card.ts))
            if number % 50 == 0:
                await who.mention(cairn.office, text, thread)
            elif number % 25 == 0:
                await who.message(text)
            else:
                # As if the app were told of what is written in channels, which it is not.
                message = who.say(cairn.office, text, thread)
                event = slack_payloads.direct_message(who._made(message.ts), message)
                event["channel_type"] = "group"
                await slack.event(who.workspace, who.user, event, cairn.office)
        await cairn.settle(60.0)
        assert [str(one.activity) for one in alice.chat.messages] == stood
        assert cairn.rows("messages") == kept
        assert len(kept) == 1
        assert cairn.mail.letters == []


@pytest.mark.long
async def test_t19_of_a_thousand_messages_in_a_case_channel_of_teams_none_reaches_the_person():
    async with FakeTeams(rates=False) as teams:
        olive, oscar, alice = (teams.person(name) for name in ("olive", "oscar", "Alice Asker"))
        office = teams.channel("ethics", olive, oscar)
        desk = OfficeDesk(
            Mode.CASE, "teams", office.id, teams.tenant, teams.service_url,
            deputy=olive.user.aad, head=oscar.user.aad,
        )  # fmt: skip
        organization = organization_with({OFFICE: desk})
        conversation = Conversation(guidance_of().guidance, organization, utc_now)
        async with teams_app.running(
            teams, conversation=conversation, case_keys=CASE_KEYS, organization=str(SAMPLE)
        ) as cairn:
            chance = random.Random(19)
            store = cairn.folder / "cairn.db"
            counter = cairn.channel._visits._counters["desk:"]
            who = Who("teams", teams.tenant, alice.user.aad, "Alice Asker", {"chat": alice.chat.id})
            number = await sent_by(counter, who)
            await teams.until(lambda: office.messages)
            (card,) = office.messages
            phrases = guidance_of().guidance.phrases
            await olive.press(card, " · ".join(phrases["desk_claim"][lang] for lang in LANGS))
            await olive.press(olive.dialog, phrases["desk_clear"].en)
            await cairn.drain()
            stood, kept = len(alice.chat.messages), rows_of(store, "messages")
            for one in range(MESSAGES):
                officer = chance.choice((olive, oscar))
                text = f"{chance.choice(NOTES)} {CANARY} {one}"
                thread = chance.choice((None, card))
                if one % 50 == 0:
                    await officer.mention(office, text, thread)
                elif one % 25 == 0:
                    await officer.message(text)
                else:
                    # As if the app were told of what does not name it, which it is not.
                    officer.say(office, text, thread)
                    made = officer._made(office, card.thread, teams.new_id())
                    await teams.deliver(teams_payloads.message(made, text))
            await cairn.drain(60.0)
            assert len(alice.chat.messages) == stood
            assert rows_of(store, "messages") == kept
            assert len(kept) == 1
            assert rows_of(store, "outbox") == []
            assert number


async def sent_by(counter: Counter, who: Who) -> str:
    """Have somebody go the whole way to Send; return the number."""
    form = await counter.press(who, Press("desk:offices"), "en")
    form = await counter.press(who, Press("desk:write", form.held, {"office": (OFFICE,)}), "en")
    text = {"text": "Some words"}
    form = await counter.press(who, Press("desk:review", form.held, {}, text), "en")
    form = await counter.press(who, Press("desk:send", form.held, {"agree": ("yes",)}, text), "en")
    return form.held


def rows_of(file: Path, table: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(f"SELECT * FROM {table}").fetchall()


# ---- T15: nobody learns that somebody asked


def ways(tree: Tree) -> Iterator[Ticket]:
    """A way to each answer of a tree, and every fiftieth of all."""
    met: set[str] = set()
    for number, ticket in enumerate(routes(tree)):
        question, picked = list(ticket.choices.items())[-1]
        options = tree.questions[question].options
        answer = next(option.go for option in options if option.id == picked[0])
        if answer not in met or number % 50 == 0:
            met.add(answer)
            yield ticket


async def test_t15_on_no_path_of_the_guidance_does_anybody_hear_of_it_or_is_a_row_written(
    desk: World,
):
    guidance = desk.conversation.guidance
    # A way to each answer of each tree, and every fiftieth of more than fifty thousand ways.
    places = [str(ticket) for tree in guidance.trees.values() for ticket in ways(tree)]
    screens = [desk.conversation.respond(Move(one, "en", Look())).screen for one in places]
    reached = {(one.tree.id, one.answer.id) for one in screens if one.tree and one.answer}
    assert reached == {(tree.id, name) for tree in guidance.trees.values() for name in tree.answers}
    places += [f"topic:{name}" for name in guidance.topics] + ["", "offices", "promise", "nowhere"]
    asked: list[str] = []
    desk.slack.fault = desk.teams.fault = asked.append
    alice = AtCounter(desk, HEAD)
    for number, place in enumerate(places):
        await alice.start(place)
        if "desk:write" not in alice.ways or number % 20:
            continue
        await alice.press("desk:write")
        if "desk:review" in alice.ways:
            await alice.press("desk:review", text="613 555 0100")
            await alice.press("desk:write")
            await alice.press("desk:choose")
        alice.seen.clear()
    await alice.forge(Press("desk:mine"))
    assert set(asked) <= {"readers"}, "the platform is asked who reads, and told nothing"
    for table in metadata.sorted_tables:
        assert not await rows(desk, table), table.name
    assert not any(posted(desk).values())
    assert await desk.deliver() == 0


# ---- T16: never to whom it is about

PLACES = st.sampled_from(["post_reported", "can_i_post", ""])


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_t16_nobody_who_was_taken_off_ever_reads_it_whatever_the_readers(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
):
    many = data.draw(st.integers(0, 8), "readers")
    crowd = [officer(number) for number in range(many)]
    asker = data.draw(st.sampled_from([person(1), *crowd]), "who asks")
    roles = data.draw(st.lists(st.sampled_from([*crowd, officer(99)]), min_size=2, max_size=2))
    desks = {**DESKS, OFFICE: desk_on_slack(head=roles[0].user, deputy=roles[1].user, holders=())}
    folder = tmp_path_factory.mktemp("t16")
    async with world(f"sqlite:///{folder}/cairn.db", desks=desks) as desk:
        channel = desk.slack.channels[CHANNEL]
        channel.members = {one.user: one.name for one in crowd}
        alice = AtCounter(desk, asker)
        await alice.start(data.draw(PLACES, "place"))
        await alice.press("desk:write", office=OFFICE)
        out: list[str] = []
        if "desk:review" in alice.ways:
            offered = choices(alice.form, "out")
            assert asker.id not in offered
            out = data.draw(st.lists(st.sampled_from(offered), unique=True), "taken off")
            await alice.press("desk:review", text="Some words", out=out)
        left = {one.id for one in crowd} - {*out, asker.id}
        if len(left) < 2:
            assert "desk:send" not in alice.ways
            assert alice.says("desk_too_few") or alice.says("desk_not_now")
            assert not await rows(desk, cases)
            return
        await alice.press("desk:send", agree="yes")
        number = alice.form.held
        if data.draw(st.booleans(), "somebody joins"):
            channel.members["U0JOINED"] = "Joined"
        if data.draw(st.booleans(), "somebody leaves"):
            channel.members.pop(data.draw(st.sampled_from(crowd)).user)
        await desk.deliver()
        case = await desk.service.look(number)
        if case.state is State.ASKING:
            await alice.forge(Press("desk:read", number))
            new = choices(alice.form, "out")
            assert not set(out) & set(new)
            more = data.draw(st.lists(st.sampled_from(new), unique=True), "taken off now")
            await alice.press("desk:agree", out=more)
            out += more
            await desk.deliver()
        joined = Who("slack", TEAM, "U0JOINED", "Joined")
        await tries(desk, data, number, [*crowd, joined, officer(99)], {*out, asker.id})


async def tries(
    desk: World, data: st.DataObject, number: str, everybody: list[Who], never: set[str]
) -> None:
    """Have everybody try to read a case; ``never`` are those who must not."""
    members = desk.slack.channels[CHANNEL].members
    for who in data.draw(st.permutations(everybody), "who tries"):
        for do in ("desk:claim", "desk:clear", "desk:open", "desk:export"):
            shown = words(await desk.counter.press(who, Press(do, number), "en"))
            if who.id in never or who.user not in members:
                assert "Some words" not in shown
        if data.draw(st.booleans(), "hands it over"):
            to = data.draw(st.sampled_from(everybody), "to").id
            await desk.counter.press(who, Press("desk:hand_over", number, {"to": (to,)}), "en")
        people = (await desk.service.look(number)).people
        assert people is not None
        assert people.claimer is None or people.claimer.id not in never
    for user, card in desk.slack.told:
        if card.buttons[0].do == "desk:open":
            assert f"slack:{user}".casefold() not in never


# ---- T17: only whoever needs to reads, and each reading is written down


async def test_t17_it_opens_to_the_claimer_alone_and_only_after_no_conflict(desk: World):
    number = await desk.send(person(1))
    await desk.deliver()
    everybody = [*READERS, *HOLDERS, *ELSEWHERE, STRANGER, person(2)]

    async def readers() -> list[Who]:
        found = []
        for who in everybody:
            shown = [
                words(await desk.counter.press(who, Press(do, number), "en"))
                for do in ("desk:open", "desk:export", "desk:read", "desk:preview", "desk:resolve",
                           "desk:transfer", "desk:elsewhere", "desk:withdraw", "desk:close")
            ]  # fmt: skip
            with suppress(NotAllowedError):
                await desk.service.read(number, who)
                shown.append("Some words")
            if any("Some words" in one or "Asker" in one for one in shown):
                found.append(who)
        return found

    assert await readers() == []
    await desk.service.claim(number, OFFICERS[0])
    assert await readers() == []
    await desk.service.clear(number, OFFICERS[0])
    assert await readers() == [OFFICERS[0]]
    await desk.service.hand_over(number, OFFICERS[0], OFFICERS[1])
    assert await readers() == []
    await desk.service.clear(number, OFFICERS[1])
    assert await readers() == [OFFICERS[1]]
    await desk.service.recuse(number, OFFICERS[1])
    assert await readers() == []


async def test_t17_every_reading_of_an_officer_is_a_row_of_the_chain(desk: World):
    number = await desk.opened(person(1))
    olive = AtCounter(desk, OFFICERS[0])
    read = (await acts_of(desk, number)).count("read")
    for do in ("desk:open", "desk:export", "desk:open"):
        await olive.forge(Press(do, number))
        assert "Some words" in olive.words
        read += 1
        assert (await acts_of(desk, number)).count("read") == read
    await AtCounter(desk, person(1)).forge(Press("desk:read", number))
    assert (await acts_of(desk, number)).count("read") == read, "their own is nobody's business"


async def test_t17_a_row_that_was_changed_removed_or_moved_is_found_out(desk: World):
    await desk.opened(person(1))
    kept = await rows(desk, audit_table)
    assert len(kept) >= 4
    changes: list[dict[str, object]] = [
        {"at": 0}, {"number": "XXX-000"}, {"act": "clear"}, {"actor": bytes(32)},
        {"key_id": bytes(8)}, {"digest": bytes(32)},
    ]  # fmt: skip

    async def broken() -> int | None:
        async with desk.store.transaction() as transaction:
            return (await audit.chain(transaction.connection)).broken

    assert await broken() is None
    for row, change in product(kept[:-1], changes):
        was = {name: getattr(row, name) for name in change}
        if was == change:
            continue
        at = audit_table.c.place == row.place
        async with desk.store.transaction() as transaction:
            await transaction.connection.execute(update(audit_table).where(at).values(change))
        assert await broken() in (row.place, row.place + 1)
        async with desk.store.transaction() as transaction:
            await transaction.connection.execute(update(audit_table).where(at).values(was))
    assert await broken() is None
    async with desk.store.transaction() as transaction:
        await transaction.connection.execute(audit_table.delete().where(audit_table.c.place == 1))
    assert await broken() == 1


# ---- T18, T20: nothing of a case stands in a chat


async def whole_way(desk: World) -> str:
    """Everything that makes the desk write something somewhere, with the canary in every word."""
    service = desk.service
    for who, name in list(desk.slack.channels[CHANNEL].members.items()):
        desk.slack.channels[CHANNEL].members[who] = f"{CANARY} {name}"
    asker = Who("teams", "a-tenant", f"{CANARY}-asker", f"{CANARY} Asker", {"chat": "chat 1"})
    alice = AtCounter(desk, asker)
    number = await alice.sends(
        f"{CANARY} text", place="post_reported?channel=media_query&about=harm"
    )
    desk.slack.channels[CHANNEL].members["U0NEW"] = f"{CANARY} Newcomer"
    await desk.deliver()
    await alice.forge(Press("desk:read", number))
    await alice.press("desk:agree")
    await desk.deliver()
    for hours in (67, 2, 2):  # on Monday, until everybody has been reminded of it
        desk.clock.move(hours=hours)
        await desk.keeper.tick()
        await desk.deliver()
    assert desk.slack.channels[CHANNEL].lines
    olive = AtCounter(desk, OFFICERS[0])
    second = await AtCounter(desk, dataclasses.replace(asker, user=f"{CANARY}-2")).sends(
        f"{CANARY} second"
    )
    await desk.deliver()
    await olive.forge(Press("desk:claim", second))
    await olive.press("desk:clear")
    await olive.press("desk:preview", reply=f"{CANARY} reply")
    await olive.press("desk:reply")
    await desk.deliver()
    bob = AtCounter(desk, dataclasses.replace(asker, user=f"{CANARY}-2"))
    await bob.forge(Press("desk:read", second))
    await bob.press("desk:answer", answer=f"{CANARY} answer")
    await desk.deliver()
    await olive.forge(Press("desk:transfer", second))
    await olive.press("desk:hand_over", to=OFFICERS[1].id)
    await desk.deliver()
    desk.clock.move(days=3)
    await desk.keeper.tick()
    await desk.deliver()
    third = await AtCounter(desk, dataclasses.replace(asker, user=f"{CANARY}-3")).sends(
        f"{CANARY} third"
    )
    await desk.deliver()
    await service.withdraw(third, dataclasses.replace(asker, user=f"{CANARY}-3"))
    await desk.deliver()
    return second


async def test_t18_no_word_name_or_choice_of_a_case_stands_in_any_card_line_or_notice(desk: World):
    await whole_way(desk)
    shown = posted(desk)
    assert shown["cards"]
    assert shown["told"]
    assert CANARY not in str(shown)
    assert "asker" not in str(shown).casefold()
    option = desk.conversation.guidance.trees["post_reported"].questions["channel"].options[0]
    for lang in LANGS:
        assert option.label[lang] not in str(shown)


async def test_t18_a_letter_holds_a_name_and_how_to_reach_it_and_nothing_else(desk: World):
    bob = AtCounter(desk, Who("teams", "a-tenant", "bob", "Bob Asker"))
    await bob.start("post_reported?channel=media_query&about=harm")
    await bob.press("desk:write", office=BY_MAIL)
    await bob.press("desk:review", text="bob@lakes.example")
    await bob.press("desk:send", agree="yes")
    await desk.deliver()
    ((_, subject, text, _),) = desk.post.letters
    assert "Bob" not in subject
    title = desk.conversation.guidance.trees["post_reported"].title
    for lang in LANGS:
        assert title[lang] not in subject + text
    assert "post_reported" not in text


async def test_t20_what_a_notification_shows_is_one_of_a_few_sentences(desk: World):
    phrases, cards = (
        desk.conversation.guidance.phrases,
        Cards(desk.conversation.guidance, desk.directory),
    )
    fixed = {
        lang: {phrases[name][lang] for name in ("desk_summary", "desk_waiting", "desk_notice")}
        for lang in LANGS
    }
    assert all(len(sentences) <= 6 for sentences in fixed.values())
    await whole_way(desk)
    told = [card for chat in (desk.slack, desk.teams) for _, card in chat.told]
    stood = [card for one in desk.slack.channels.values() for card in one.cards.values()]
    who = person(1)
    made = [
        make(
            Case("AAA-001", office, "post_reported", lang, mode, state, 0, NOON, NOON, People(who))
        )
        for make in (cards.office, cards.elsewhere, cards.waiting, cards.notice)
        for office, lang, mode, state in product(
            (OFFICE, OTHER), LANGS, ("case", "introduction"), State
        )
    ]
    for card in (*told, *stood, *made):
        for sentence in card.summary.split(" · "):
            assert sentence in fixed["en"] | fixed["fr"], card.summary


# ---- T29: misuse


async def test_t29_taking_back_does_not_make_room_for_more_in_a_day(desk: World):
    alice = AtCounter(desk, person(1))
    for _ in range(MOST_A_DAY):
        number = await alice.sends()
        assert alice.says("desk_sent_title")
        await desk.deliver()
        await desk.service.withdraw(number, alice.who)
    await alice.sends()
    assert alice.says("desk_too_many")
    assert "Some words" in alice.words
    await desk.deliver()
    assert len(desk.slack.channels[CHANNEL].cards) == MOST_A_DAY
    desk.clock.move(days=1, seconds=1)
    await alice.sends()
    assert alice.says("desk_sent_title")


async def test_t29_opening_forms_again_and_again_does_not_keep_an_office_from_its_channel(
    desk: World,
):
    asked: list[str] = []
    desk.slack.fault = asked.append
    alice = AtCounter(desk, person(1))
    await alice.start("post_reported")
    await alice.press("desk:write", office=OFFICE)
    for _ in range(50):
        await alice.press("desk:review", text="Some words")
        await alice.press("desk:send")
        assert alice.says("desk_not_agreed")
        await alice.press("desk:write")
    assert asked == ["readers"]
    await alice.press("desk:review")
    await alice.press("desk:send", agree="yes")
    assert asked == ["readers", "readers"], "for Send it is asked anew"


async def test_t29_where_somebody_has_sent_enough_the_guidance_answers_as_ever(desk: World):
    alice = AtCounter(desk, person(1))
    free = await alice.start("post_reported")
    for _ in range(MOST_OPEN):
        await alice.sends()
    await alice.sends()
    assert alice.says("desk_too_many")
    again = await alice.start("post_reported")
    assert (again.parts, again.main, again.buttons) == (free.parts, free.main, free.buttons)
    bob = AtCounter(desk, person(2))
    await bob.sends()
    assert bob.says("desk_sent_title"), "what one has sent is no limit to another"


async def test_t29_an_officer_can_say_that_a_case_is_misuse_and_the_person_reads_no_reproach(
    desk: World,
):
    number = await desk.opened(person(1))
    olive, alice = AtCounter(desk, OFFICERS[0]), AtCounter(desk, person(1))
    await olive.forge(Press("desk:resolve", number))
    await olive.press("desk:resolved", reason="misuse")
    assert (await desk.service.look(number)).reason is Reason.MISUSE
    await alice.forge(Press("desk:read", number))
    assert alice.says("desk_state_resolved")
    assert not alice.says("desk_reason_misuse")
    for reason in ("no_answer", "delivered", "", "x", "\ud800"):
        other = await desk.opened(person(3))
        await olive.forge(Press("desk:resolved", other, {"reason": (reason,)}))
        assert (await desk.service.look(other)).reason is None
        await desk.service.recuse(other, OFFICERS[0])
        for who in READERS[1:]:
            await desk.service.recuse(other, who)
        desk.clock.move(days=1, seconds=1)


async def test_t29_no_form_takes_a_file_and_no_field_more_than_its_letters(desk: World):
    await whole_way(desk)
    alice = AtCounter(desk, person(7))
    await alice.sends()
    parts = [part for form in alice.seen for part in form.parts]
    assert {type(part) for part in parts} <= {Said, Picked, Written}
    number = alice.form.held
    await desk.deliver()
    await desk.service.claim(number, OFFICERS[0])
    await desk.service.clear(number, OFFICERS[0])
    long = "x" * 1_000_000
    await desk.counter.press(OFFICERS[0], Press("desk:reply", number, {}, {"reply": long}), "en")
    await desk.counter.press(alice.who, Press("desk:answer", number, {}, {"answer": long}), "en")
    assert len((await desk.service.read(number, alice.who)).words) == 1
    for do in DOINGS:
        await desk.counter.press(
            alice.who, Press(do, number, {}, {"file": long, "attachment": long}), "en"
        )
    assert long[:100] not in str([row.body for row in await rows(desk, messages)])


# ---- nothing of it is ever found in a log, an error or a name of a thing


class Listening(logging.Handler):
    """Keeps everything that any logger says, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.getMessage()} {record.args} {record.__dict__}")
        if record.exc_info and record.exc_info[1] is not None:
            self.said.append("".join(traceback.format_exception(record.exc_info[1])))


@pytest.fixture
def log() -> Iterator[Listening]:
    root, handler = logging.getLogger(), Listening()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.getLogger(OWN).setLevel(logging.DEBUG)
    try:
        yield handler
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        logging.getLogger(OWN).setLevel(logging.NOTSET)


FAULTS: list[PlatformError | None] = [
    None, LaterError("down"), LaterError("limited", 5.0), OpenError("public"), RefusedError("gone"),
    GoneError("gone"),
]  # fmt: skip


async def test_nothing_of_a_case_is_found_in_a_log_or_an_error_whatever_fails(
    desk: World, log: Listening
):
    second = await whole_way(desk)
    errors: list[BaseException] = []
    asker = Who("teams", "a-tenant", f"{CANARY}-2", f"{CANARY} Asker")
    actors = [asker, OFFICERS[1], HEAD, HOLDERS[0]]
    for fault in FAULTS:
        desk.slack.fault = desk.teams.fault = lambda _, error=fault: error
        desk.post.fault = fault
        for who, do in product(actors, DOINGS):
            for held in (second, f"1{CANARY}", "\ud800"):
                try:
                    press = Press(
                        do, held, {**FIELDS, "to": (f"{CANARY}-to",), "out": (CANARY,)}, TYPED
                    )
                    await desk.counter.press(who, press, "en")
                except Exception as error:  # noqa: BLE001 each one is looked at
                    errors.append(error)
        desk.clock.move(minutes=11)
        await desk.keeper.tick()
        for _ in range(40):
            try:
                if not await desk.delivery.once():
                    break
            except Exception as error:  # noqa: BLE001 each one is looked at
                errors.append(error)
    assert errors == [], "the counter answers whatever comes"
    assert log.said
    found = [one for one in log.said if CANARY in one]
    assert not found, found[:3]


async def test_nothing_of_a_case_is_found_in_the_errors_of_a_store_that_fails(
    desk: World, log: Listening, monkeypatch: pytest.MonkeyPatch
):
    number = await whole_way(desk)
    actors = [Who("teams", "a-tenant", f"{CANARY}-2", f"{CANARY} Asker"), *READERS]
    for nth in range(1, 12):
        steps = 0

        def stumble(*_: object, at: int = nth) -> None:
            nonlocal steps
            steps += 1
            if steps == at:
                raise OperationalError(f"SELECT {CANARY}", {"text": CANARY}, ValueError(CANARY))

        event_on = desk.store._engine.sync_engine
        from sqlalchemy import event

        event.listen(event_on, "before_cursor_execute", stumble)
        try:
            for who, do in product(actors[:2], DOINGS):
                steps = 0
                await desk.counter.press(who, forged(do, number), "en")
        finally:
            event.remove(event_on, "before_cursor_execute", stumble)
    assert any("store" in one for one in log.said)
    assert not [one for one in log.said if CANARY in one]


@pytest.mark.parametrize("table", ["cases", "case_keys", "messages", "outbox", "audit"])
async def test_what_the_driver_itself_cannot_do_is_a_trouble_of_the_store(
    desk: World, log: Listening, table: str
):
    alice = AtCounter(desk, person(1))
    await alice.start("post_reported")
    await alice.press("desk:write", office=OFFICE)
    await alice.press("desk:review", text=CANARY)
    async with desk.store.transaction() as transaction:
        await transaction.connection.execute(text(f"ALTER TABLE {table} RENAME TO gone"))
    await alice.press("desk:send", agree="yes")
    assert alice.says("desk_not_kept")
    assert CANARY in alice.words
    assert not [one for one in log.said if CANARY in one]


def test_no_thing_that_holds_words_or_ids_shows_them_when_it_is_printed():
    who = Who("slack", TEAM, f"{CANARY}-user", f"{CANARY} name", {"chat": CANARY})
    some = frozenset({CANARY})
    people = People(who, {CANARY: CANARY}, some, some, who, (CANARY,), (CANARY,))
    case = Case("AAA-001", OFFICE, "", "en", "case", State.CLAIMED, 0, NOON, NOON, people)
    said, spoken = Said(CANARY), Words("person", NOON, CANARY)
    field = Written("text", "What?", CANARY)
    choice = Picked("out", "Who?", [(CANARY, CANARY)], [CANARY])
    things = [
        who,
        Reader(CANARY, CANARY),
        Press("desk:send", CANARY, {"out": (CANARY,)}, {"text": CANARY}),
        Form("en", [said, choice, field], held=CANARY),
        people,
        case,
        Sending("AAA-001", OFFICE, "", "en", "case", who, {CANARY: CANARY}, some, CANARY),
        Read(case, (spoken,)),
        approach.Held(place=CANARY, out=(CANARY,), shown=(CANARY,)),
        approach.Draft(CANARY, out=(CANARY,)),
    ]
    for thing in things:
        assert CANARY not in repr(thing), type(thing).__name__


def test_every_kind_of_thing_of_the_desk_was_thought_of_in_that():
    """A new dataclass with a field of words has to hide it, or to be named here as holding none."""
    hidden = {"text", "words", "name", "names", "readers", "excluded", "recused", "requester",
              "claimer", "written", "picked", "held", "filled", "shown", "out", "user", "who",
              "people", "body", "sealed", "key", "holds", "lifts", "choices", "place"}  # fmt: skip
    known = {
        ("Button", "words"): "the bot's own sentence",
        ("Written", "name"): "of the field",
        ("Picked", "name"): "of the field",
        ("Draft", "choices"): "yes or no",
        ("CaseRow", "held"): "yes or no",
        ("MessageRow", "place"): "a count",
    }
    modules = [
        importlib.import_module(f"bot.desk.{one.name}")
        for one in pkgutil.iter_modules(bot.desk.__path__)
    ]
    modules.append(importlib.import_module("bot.store.cases"))
    for module in modules:
        for kind in vars(module).values():
            if (
                isinstance(kind, type)
                and dataclasses.is_dataclass(kind)
                and kind.__module__ == module.__name__
            ):
                for one in dataclasses.fields(kind):
                    if one.name in hidden and (kind.__name__, one.name) not in known:
                        assert not one.repr, f"{kind.__name__}.{one.name}"
