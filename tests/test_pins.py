"""Does a pinned summary stand once, stay current, and go when it should, whatever happens?"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from bot.forms import Button, Form, Picked, Press, Shown
from bot.guidance.model import Guidance, Materiality
from bot.guidance.words import Words
from bot.organization import Approval, Notice
from bot.pins import counter as counters
from bot.pins import keeper as keepers
from bot.pins.counter import LEAVE, PUT, REMOVE
from bot.pins.port import Room
from bot.platforms import LaterError
from bot.store import engine
from bot.store.pins import LEASE, STANDING
from tests.conftest import TODAY
from tests.desk import Clock
from tests.pins import (
    OTHER,
    SUMMARY,
    TEAM,
    Call,
    Channel,
    Wall,
    World,
    at,
    down,
    loops_of,
    no_fault,
    person,
    plain,
    refuses,
    revised,
    reworded,
    sample,
    says,
    without,
    world,
)

pytest_plugins = ["tests.postgres"]
POSTGRES = pytest.mark.xdist_group("postgres")
DAY = 86_400
SUMMARIES = tuple(plain().summaries)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody gives up because this machine is busy."""
    monkeypatch.setattr(engine, "PATIENCE", 120.0)
    monkeypatch.setattr(counters, "PATIENCE", 60.0)


@pytest.fixture
async def here(sqlite_first: str) -> AsyncIterator[World]:
    async with world(sqlite_first) as here:
        yield here


@pytest.fixture
async def two(sqlite_first: str) -> AsyncIterator[World]:
    """Two processes on one database."""
    async with world(sqlite_first, replicas=2) as here:
        yield here


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def changed(how: Materiality = Materiality.SUBSTANTIVE, name: str = SUMMARY) -> Guidance:
    """The guidance after a change of one summary."""
    return revised(reworded(plain(), name, "Another sentence"), how, name)


def buttons(form: Form) -> list[str]:
    return [one.do for one in (form.main, *form.buttons) if isinstance(one, Button)]


def picked(form: Form, name: str) -> Picked:
    return next(part for part in form.parts if isinstance(part, Picked) and part.name == name)


def down_for_writing(call: Call) -> LaterError | None:
    """What tells what a channel is and who is in it, and does nothing else."""
    return None if call.method in ("room", "has") else LaterError("down")


def everything_else(guidance: Guidance, words: str = "Other") -> Guidance:
    """The guidance in which every summary says something else, and says so."""
    for name in SUMMARIES:
        guidance = revised(reworded(guidance, name, words), Materiality.SUBSTANTIVE, name)
    return guidance


# ---- pinning


async def test_a_summary_is_posted_pinned_and_remembered(here: World):
    form = await here.pin()
    assert says(form, "pin_done")
    [post] = here.slack.posts()
    assert post.text == here.current()
    assert here.slack.channels[TEAM].pinned == ["slack-1"]
    [row] = await here.rows()
    assert (row.state, row.ref, row.held, row.due, row.taken) == (
        STANDING, "slack-1", "pinned", None, 0,
    )  # fmt: skip
    assert row.told == len(plain().revisions)
    await here.rest(hours=2)
    asked = ["room", "room", "has"]
    assert [call.method for call in here.slack.calls] == [*asked, "post", "hold", "address"]


async def test_the_same_summary_in_another_language_takes_the_place_of_the_first(here: World):
    await here.pin(langs="en")
    form = await here.seen(langs="fr")
    assert says(form, "pin_replaces")
    assert says(await here.pin(langs="fr"), "pin_done")
    [post] = here.slack.posts()
    assert post.text == here.current(langs="fr")
    assert len(await here.rows()) == 1
    assert here.slack.channels[TEAM].pinned == ["slack-1"]


async def test_of_what_stands_just_like_this_nothing_has_to_be_done(here: World):
    await here.pin()
    before = len(here.slack.calls)
    form = await here.seen()
    assert says(form, "pin_same")
    assert not any(isinstance(part, Shown) for part in form.parts)
    await here.rest(hours=1)
    assert [call.method for call in here.slack.calls[before:]] == ["room"]


async def test_who_does_not_see_what_stands_here_has_it_posted_anew(here: World):
    """Nobody tells Cairn that a post was deleted by hand."""
    await here.pin()
    here.slack.delete_by_hand()
    form = await here.seen()
    assert form.main is not None
    assert form.main.do == PUT
    assert says(await here.press(person(), Press(PUT, form.held)), "pin_done")
    [post] = here.slack.posts()
    assert post.text == here.current()
    assert here.slack.channels[TEAM].pinned == ["slack-2"]


async def test_in_another_language_it_is_posted_anew_where_it_was_deleted(here: World):
    await here.pin(langs="en")
    here.slack.delete_by_hand()
    assert says(await here.pin(langs="fr"), "pin_done")
    [post] = here.slack.posts()
    assert post.text == here.current(langs="fr")


async def test_what_was_taken_out_of_the_pins_by_hand_is_pinned_by_who_asks_again(here: World):
    await here.pin()
    here.slack.channels[TEAM].pinned.clear()
    form = await here.seen()
    await here.press(person(), Press(PUT, form.held))
    assert here.slack.channels[TEAM].pinned == ["slack-1"]
    assert len(here.slack.posts()) == 1


async def test_a_channel_has_as_many_summaries_as_are_wanted(here: World):
    for name in SUMMARIES:
        await here.pin(summary=name)
    await here.pin(OTHER)
    assert [post.text for post in here.slack.posts()] == [here.current(n) for n in SUMMARIES]
    assert len(here.slack.posts(OTHER)) == 1


async def test_of_two_who_pin_at_once_there_is_one_post(two: World):
    forms = await asyncio.gather(
        two.pin(who=person(1)), two.pin(who=person(2), replica=1), two.pin(who=person(3))
    )
    assert all(says(form, "pin_done") or says(form, "pin_soon") for form in forms)
    await two.rest(minutes=10)
    assert len(two.slack.posts()) == 1
    assert len(two.slack.called("post")) == 1
    assert len(await two.rows()) == 1


async def test_of_two_who_pin_at_once_in_two_languages_the_last_is_done(two: World):
    async def meanwhile(call: Call) -> None:
        if call.method == "post":
            two.slack.gate = None
            form = await two.pin(langs="fr", who=person(2), replica=1)
            assert says(form, "pin_soon"), "somebody else is at it"

    two.slack.gate = meanwhile
    assert says(await two.pin(langs="en"), "pin_soon"), "it becomes something else"
    await two.rest(minutes=10)
    [post] = two.slack.posts()
    assert post.text == two.current(langs="fr")
    assert two.slack.channels[TEAM].pinned == ["slack-1"]


async def test_many_at_once_in_two_processes_end_with_one_post(two: World):
    await asyncio.gather(
        *(
            two.pin(langs=langs, who=person(number), replica=number % 2)
            for number, langs in enumerate(("en", "fr", "both") * 4)
        )
    )
    await two.rest(minutes=10)
    assert len(two.slack.posts()) == 1
    [row] = await two.rows()
    assert (row.state, row.due, row.taken) == (STANDING, None, 0)
    assert two.slack.posts()[0].text == two.current(langs=row.langs)


# ---- taking away


async def test_a_summary_is_taken_away_and_forgotten(here: World):
    await here.pin()
    await here.pin(summary="generative_ai")
    assert says(await here.unpin(), "pin_left")
    assert [post.text for post in here.slack.posts()] == [here.current("generative_ai")]
    assert [row.summary for row in await here.rows()] == ["generative_ai"]
    assert here.slack.channels[TEAM].pinned == ["slack-2"]


async def test_several_are_taken_away_at_once(here: World):
    for name in SUMMARIES:
        await here.pin(summary=name)
    form = await here.press(person(), Press(LEAVE, where=at()))
    chosen = tuple(name for name, _ in picked(form, "pins").choices)
    assert len(chosen) == len(SUMMARIES)
    form = await here.press(person(), Press(REMOVE, form.held, {"pins": chosen}))
    assert says(form, "pin_left")
    assert here.slack.posts() == []
    assert await here.rows() == []


async def test_what_is_unpinned_while_it_is_posted_goes(two: World):
    async def meanwhile(call: Call) -> None:
        if call.method == "post":
            two.slack.gate = None
            assert says(await two.unpin(who=person(2), replica=1), "pin_left_soon")

    two.slack.gate = meanwhile
    await two.pin()
    await two.rest(minutes=10)
    assert two.slack.posts() == []
    assert await two.rows() == []
    assert len(two.slack.called("post")) == 1


async def test_what_is_pinned_again_while_it_is_taken_away_stands(two: World):
    async def meanwhile(call: Call) -> None:
        if call.method == "remove":
            two.slack.gate = None
            assert says(await two.pin(who=person(2), replica=1), "pin_soon")

    await two.pin()
    two.slack.gate = meanwhile
    await two.unpin()
    await two.rest(minutes=10)
    [post] = two.slack.posts()
    assert post.text == two.current()
    assert two.slack.channels[TEAM].pinned == ["slack-2"]


async def test_what_is_pinned_again_after_it_was_perhaps_taken_away_stands(here: World):
    """The platform did it and did not say so; then it is wanted again."""
    await here.pin()
    here.slack.fault_after = lambda call: LaterError("lost") if call.method == "remove" else None
    assert says(await here.unpin(), "pin_left_soon")
    here.slack.fault_after = no_fault
    await here.pin()
    await here.rest(hours=2)
    assert len(here.slack.posts()) == 1
    assert len(here.slack.channels[TEAM].pinned) == 1


async def test_what_is_pinned_again_while_it_may_not_be_taken_away_stands_once(two: World):
    async def meanwhile(call: Call) -> None:
        if call.method == "remove":
            two.slack.gate = None
            await two.pin(langs="fr", who=person(2), replica=1)

    await two.pin()
    two.slack.gate, two.slack.fault = meanwhile, refuses("remove")
    await two.unpin()
    two.slack.fault = no_fault
    await two.rest(minutes=10)
    [post] = two.slack.posts()
    assert post.text == two.current(langs="fr")


async def test_what_may_not_be_deleted_is_said_and_tried_for_a_week(here: World):
    here.round = DAY / 4
    await here.pin()
    await here.pin(summary="generative_ai")
    here.slack.fault = refuses("remove")
    form = await here.unpin()
    assert says(form, "pin_left_by_hand")
    here.say(everything_else(plain()))
    await here.rest(days=2)
    assert "Other" not in here.slack.posts()[0].text, "it is not kept current any more"
    here.slack.fault = no_fault
    await here.rest(days=1)
    assert len(here.slack.posts()) == 1
    here.slack.fault = refuses("remove")
    await here.unpin(summary="generative_ai")
    await here.rest(days=9)
    assert await here.rows() == []
    assert len(here.slack.posts()) == 1


@pytest.mark.parametrize("how", [Materiality.SUBSTANTIVE, Materiality.CLARIFYING])
async def test_what_is_wanted_in_another_language_while_it_is_changed_is(
    two: World, how: Materiality
):
    async def meanwhile(call: Call) -> None:
        if call.method == "update":
            two.slack.gate = None
            assert says(await two.pin(langs="fr", replica=1), "pin_soon")

    await two.pin()
    two.slack.gate = meanwhile
    two.say(changed(how))
    await two.rest(minutes=30)
    [post] = two.slack.posts()
    assert post.text == two.current(langs="fr")
    assert len(post.lines) == (how is Materiality.SUBSTANTIVE)


async def test_what_is_asked_for_again_while_it_is_changed_is_pinned_again(two: World):
    async def meanwhile(call: Call) -> None:
        if call.method == "update":
            two.slack.gate = None
            two.slack.channels[TEAM].pinned.clear()
            await two.pin(replica=1)

    await two.pin()
    two.slack.gate = meanwhile
    two.say(changed())
    await two.rest(minutes=30)
    assert two.slack.channels[TEAM].pinned == ["slack-1"]
    assert len(two.slack.posts()) == 1


async def test_what_is_asked_for_again_at_the_last_refusal_is_not_posted_twice(two: World):
    two.round = DAY / 4
    await two.pin(langs="en")
    two.slack.fault = refuses("update")
    two.say(changed())
    await two.rest(days=6, hours=23)
    [row] = await two.rows()
    assert row.tries == -7

    async def meanwhile(call: Call) -> None:
        if call.method == "update":
            two.slack.gate = None
            await two.pin(langs="fr", replica=1)

    two.slack.gate = meanwhile
    await two.rest(hours=2)
    two.slack.fault = no_fault
    await two.rest(days=2)
    [post] = two.slack.posts()
    assert post.text == two.current(langs="fr")


async def test_what_is_unpinned_while_it_is_changed_goes(two: World):
    async def meanwhile(call: Call) -> None:
        if call.method == "update":
            two.slack.gate = None
            await two.unpin(replica=1)

    await two.pin()
    two.slack.gate = meanwhile
    two.say(changed())
    await two.rest(minutes=30)
    assert two.slack.posts() == []
    assert await two.rows() == []


async def test_what_is_unpinned_and_deleted_while_it_is_changed_is_not_posted_anew(two: World):
    async def meanwhile(call: Call) -> None:
        if call.method == "update":
            two.slack.gate = None
            await two.unpin(replica=1)
            two.slack.delete_by_hand()

    await two.pin()
    two.slack.gate = meanwhile
    two.say(changed())
    await two.rest(minutes=30)
    assert len(two.slack.called("post")) == 1
    assert await two.rows() == []


async def test_the_address_of_the_service_is_that_of_the_last_who_asked(here: World):
    await here.first.pins.put(at("teams"), SUMMARY, "en", 1)
    moved = replace(at("teams"), service="https://elsewhere.example/")
    taken = await here.first.pins.put(moved, SUMMARY, "en", 1)
    [row] = await here.rows()
    assert row.service == taken.pin.service == moved.service


async def test_where_cairn_is_removed_its_pins_are_forgotten(here: World):
    await here.pin()
    await here.pin(OTHER)
    await here.pin(who=person(1, "teams"))
    assert await here.first.pins.forget("slack", "T0CAIRN", TEAM) == 1
    assert [(row.platform, row.channel) for row in await here.rows()] == [
        ("slack", OTHER), ("teams", TEAM),
    ]  # fmt: skip
    assert await here.first.pins.forget("slack", "T0ELSE", None) == 0
    assert await here.first.pins.forget("slack", "T0CAIRN", None) == 1
    assert [row.platform for row in await here.rows()] == ["teams"]


async def test_what_is_forgotten_while_it_is_posted_is_not_remembered(here: World):
    async def meanwhile(call: Call) -> None:
        if call.method == "post":
            await here.first.pins.forget("slack", "T0CAIRN", None)

    here.slack.gate = meanwhile
    await here.pin()
    assert await here.rows() == []
    assert await here.first.keeper.wake() == 0


# ---- kept current


async def test_what_changed_is_changed_in_place_and_said_once_below(here: World):
    await here.pin()
    here.say(changed())
    await here.rest(hours=2)
    [post] = here.slack.posts()
    assert post.text == here.current()
    assert "Another sentence" in post.text
    assert len(post.shown) == 2
    line = plain().phrases["pin_changed"]
    day = TODAY.isoformat()
    assert post.lines == [
        line.en.format(date=day, words="E2") + "\n" + line.fr.format(date=day, words="F2")
    ]
    await here.rest(days=1)
    assert len(here.slack.called("update")) == 1
    assert len(here.slack.called("note")) == 1


@pytest.mark.parametrize("langs", ["en", "fr"])
async def test_what_changed_is_said_in_the_language_of_the_post(here: World, langs: str):
    await here.pin(langs=langs)
    here.say(changed())
    await here.rest(minutes=30)
    [[line]] = [post.lines for post in here.slack.posts()]
    assert ("E2" in line, "F2" in line) == (langs == "en", langs == "fr")


@pytest.mark.parametrize("how", [Materiality.EDITORIAL, Materiality.CLARIFYING])
async def test_a_change_of_words_alone_is_not_said(here: World, how: Materiality):
    await here.pin()
    here.say(changed(how))
    await here.rest(hours=2)
    [post] = here.slack.posts()
    assert post.text == here.current()
    assert post.lines == []


async def test_a_change_of_another_summary_changes_nothing_here(here: World):
    await here.pin()
    here.say(changed(name="generative_ai"))
    await here.rest(hours=2)
    [post] = here.slack.posts()
    assert len(post.shown) == 1
    assert post.lines == []


async def test_a_change_that_does_not_show_is_still_said(here: World):
    await here.pin()
    here.say(revised(plain(), Materiality.SUBSTANTIVE, SUMMARY, on=date(2026, 11, 1)))
    await here.rest(hours=2)
    [post] = here.slack.posts()
    assert len(post.shown) == 1
    assert len(post.lines) == 1


async def test_of_several_changes_each_is_said_in_its_order_and_none_twice(here: World):
    await here.pin(langs="en")
    guidance = changed()
    for number in range(3):
        how = Materiality.CLARIFYING if number == 1 else Materiality.SUBSTANTIVE
        guidance = revised(reworded(guidance, SUMMARY, f"Sentence {number}"), how, SUMMARY)
    here.say(guidance)
    await here.rest(hours=1)
    [[line]] = [post.lines for post in here.slack.posts()]
    assert [one[-2:] for one in line.split("\n")] == ["E2", "E3", "E5"]
    here.say(revised(guidance, Materiality.SUBSTANTIVE, SUMMARY))
    await here.rest(hours=1)
    assert here.slack.posts()[0].lines[1:] == [
        plain().phrases["pin_changed"].en.format(date=TODAY.isoformat(), words="E6")
    ]


async def test_who_pins_after_a_change_need_not_be_told_of_it(here: World):
    here.say(changed())
    await here.pin()
    await here.rest(hours=1)
    assert here.slack.posts()[0].lines == []
    here.say(revised(changed(), Materiality.SUBSTANTIVE, SUMMARY))
    await here.rest(hours=1)
    assert len(here.slack.posts()[0].lines) == 1


async def test_a_change_is_said_although_somebody_pins_it_anew_before(here: World):
    await here.pin(langs="en")
    here.say(changed())
    await here.pin(langs="fr")
    await here.rest(hours=1)
    [[line]] = [post.lines for post in here.slack.posts()]
    assert "F2" in line


async def test_where_the_thread_takes_no_line_the_post_is_kept_current_all_the_same(
    here: World, log: pytest.LogCaptureFixture
):
    here.round = DAY / 4
    await here.pin()
    here.slack.fault = refuses("note")
    here.say(changed())
    await here.rest(hours=1)
    assert here.slack.posts()[0].text == here.current()
    [row] = await here.rows()
    assert row.due is None
    here.say(reworded(changed(), SUMMARY, "A third sentence"))
    await here.rest(days=10)
    assert here.slack.posts()[0].text == here.current()
    assert len(here.slack.called("note")) == 1
    assert "cannot be said below a post: restricted_action" in log.text


async def test_where_pins_are_refused_the_post_stands_and_is_kept_current(here: World):
    here.round = DAY / 4
    here.slack.fault = refuses("hold")
    form = await here.pin()
    assert says(form, "pin_done_slack")
    here.say(changed())
    await here.rest(days=10)
    assert here.slack.posts()[0].text == here.current()
    assert len(here.slack.called("hold")) == 1


async def test_an_approval_changes_the_footer(here: World):
    await here.pin()
    before = here.slack.posts()[0].text
    roles = (Words("Head of values and ethics", "Responsable des valeurs et de l’éthique"),)
    approval = Approval(plain().version, roles, TODAY)
    here.say(plain(), replace(sample()[1], approval=approval))
    await here.rest(hours=1)
    [post] = here.slack.posts()
    assert "Head of values and ethics" not in before
    assert "Head of values and ethics" in post.text
    assert post.lines == []


async def test_once_other_guidance_is_said_nothing_of_the_former_is_kept(here: World):
    """Each one is some 25 megabytes."""
    here.say(replace(plain(), version="of a moment"))
    for langs in ("en", "fr", "en+fr"):
        here.first.keeper.draw("slack", SUMMARY, langs)
    here.say(changed())
    here.first.keeper.draw("slack", SUMMARY, "en")
    gc.collect()
    kept = [one.version for one in gc.get_objects() if type(one) is Guidance]
    assert "of a moment" not in kept


@pytest.mark.long
async def test_a_notice_stands_on_its_days_and_no_longer(here: World):
    begins = TODAY + timedelta(days=2)
    notice = Notice(
        Words("Election period", "Période électorale"),
        begins,
        begins + timedelta(days=1),
        frozenset(),
    )
    here.say(plain(), replace(sample()[1], notices=(notice,)))
    await here.pin()
    seen = []
    for _ in range(5 * 24):
        seen.append("Election period" in here.slack.posts()[0].text)
        await here.rest(hours=1)
    # It is noon in Toronto; two days begin twelve hours later, the day after next.
    assert seen == [False] * 37 + [True] * 48 + [False] * 35
    assert len(here.slack.called("update")) == 2


@pytest.mark.long
async def test_what_is_past_its_review_date_says_so_and_later_gives_way(here: World):
    here.round = DAY / 4
    await here.pin()
    tree = plain().trees[plain().summaries[SUMMARY].tree]
    first = here.slack.posts()[0].text
    await here.rest(days=(tree.review_by - TODAY).days - 1)
    assert here.slack.posts()[0].text == first
    await here.rest(days=3)
    passed = here.slack.posts()[0].text
    assert passed != first
    await here.rest(days=91)
    withdrawn = here.slack.posts()[0].text
    assert withdrawn == here.current()
    assert len(withdrawn) < len(passed)
    assert len(here.slack.called("update")) == 2


async def test_a_summary_that_is_no_more_is_taken_away(here: World):
    await here.pin()
    await here.pin(summary="generative_ai")
    here.say(without(plain(), SUMMARY))
    await here.rest(hours=1)
    assert [post.text for post in here.slack.posts()] == [here.current("generative_ai")]
    assert len(await here.rows()) == 1


async def test_a_summary_that_is_no_more_is_taken_away_also_where_it_was_asked_for_again(
    here: World,
):
    await here.pin(langs="en")
    here.slack.fault = down_for_writing
    assert says(await here.pin(langs="fr"), "pin_soon")
    here.say(without(plain(), SUMMARY))
    here.slack.fault = no_fault
    await here.rest(hours=1)
    assert here.slack.posts() == []
    assert await here.rows() == []


async def test_what_was_never_posted_of_a_summary_that_is_no_more_is_dropped(here: World):
    here.slack.fault = down_for_writing
    assert says(await here.pin(), "pin_soon")
    here.say(without(plain(), SUMMARY))
    here.slack.fault = no_fault
    await here.rest(hours=1)
    assert len(here.slack.called("post")) == 1
    assert here.slack.posts() == []
    assert await here.rows() == []


async def test_what_cannot_be_drawn_stays_as_it_is_until_it_can_be(
    here: World, log: pytest.LogCaptureFixture
):
    here.round = DAY / 4
    await here.pin()
    before = here.slack.posts()[0].text
    here.say(revised(reworded(plain(), SUMMARY, "too large"), Materiality.SUBSTANTIVE, SUMMARY))
    await here.rest(days=20)
    [post] = here.slack.posts()
    assert post.text == before
    assert post.lines == []
    assert "cannot be drawn: too_large" in log.text
    here.say(changed())
    await here.rest(minutes=20)
    assert here.slack.posts()[0].text == here.current()


async def test_what_is_due_and_cannot_be_drawn_any_more_waits_for_what_can(here: World):
    here.round = DAY / 4
    await here.pin()
    here.say(changed())
    await here.first.keeper.wake()
    here.say(reworded(changed(), SUMMARY, "too large"))
    await here.rest(days=20)
    here.say(changed())
    await here.rest(minutes=20)
    assert here.slack.posts()[0].text == here.current()


async def test_a_post_that_was_deleted_is_forgotten_and_not_posted_anew(here: World):
    await here.pin()
    here.slack.delete_by_hand()
    here.say(changed())
    await here.rest(hours=1)
    assert here.slack.posts() == []
    assert await here.rows() == []
    assert len(here.slack.called("post")) == 1


async def test_a_post_that_is_deleted_while_it_is_taken_away_or_wanted_again_is_no_trouble(
    two: World,
):
    async def meanwhile(call: Call) -> None:
        if call.method == "update":
            two.slack.gate = None
            two.slack.delete_by_hand()
            await two.pin(langs="fr", replica=1)

    await two.pin()
    two.slack.gate = meanwhile
    two.say(changed())
    await two.rest(hours=1)
    [post] = two.slack.posts()
    assert post.text == two.current(langs="fr")


async def test_where_cairn_left_unseen_a_change_has_it_forget(here: World):
    await here.pin()
    here.slack.channels[TEAM].room = Room.ABSENT
    here.say(changed())
    await here.rest(hours=1)
    assert await here.rows() == []


# ---- platforms that fail


@pytest.mark.long
async def test_after_a_day_of_outage_everything_is_current_soon(address: str):
    clock = Clock()
    walls = {"slack": Wall("slack", clock)}
    channels = [f"C0{number:03}" for number in range(40)]
    async with world(address, clock=clock, walls=walls) as here:
        here.slack.channels = {name: Channel() for name in channels}
        for name in channels:
            await here.pin(name)
        here.slack.fault = down
        here.say(changed())
        calls = len(here.slack.calls)
        await here.rest(days=1)
        assert len(here.slack.calls) - calls < 400, "it is not called for ever"
        here.slack.fault = no_fault
        await here.rest(minutes=75)
        for name in channels:
            [post] = here.slack.posts(name)
            assert post.text == here.current()
            assert len(post.lines) == 1
        assert all(row.due is None for row in await here.rows())


async def test_what_is_asked_for_during_an_outage_is_done_soon_after(here: World):
    here.slack.fault = down
    form = await here.pin()
    assert says(form, "pin_later"), "nobody knows what kind of channel it is"
    here.slack.fault = lambda call: LaterError("down") if call.method == "post" else None
    assert says(await here.pin(), "pin_soon")
    await here.rest(hours=10)
    here.slack.fault = no_fault
    await here.rest(hours=1)
    assert [post.text for post in here.slack.posts()] == [here.current()]
    assert here.slack.channels[TEAM].pinned == ["slack-1"]


async def test_what_could_not_be_posted_for_a_day_is_not_posted_any_more(
    here: World, log: pytest.LogCaptureFixture
):
    here.slack.fault = lambda call: LaterError("down") if call.method == "post" else None
    await here.pin()
    await here.rest(hours=30)
    assert await here.rows() == []
    assert "could not be posted: down" in log.text
    here.slack.fault = no_fault
    await here.rest(hours=2)
    assert here.slack.posts() == []


async def test_what_stands_is_not_given_up_for_a_wish_that_an_outage_came_between(here: World):
    here.round = DAY / 4
    await here.pin(langs="en")
    here.slack.fault = down_for_writing
    await here.pin(langs="fr")
    await here.rest(days=3)
    here.slack.fault = no_fault
    await here.rest(hours=2)
    [post] = here.slack.posts()
    assert post.text == here.current(langs="fr")


async def test_what_is_to_go_during_an_outage_goes_after_it(here: World):
    here.round = DAY / 4
    await here.pin()
    here.slack.fault = down_for_writing
    assert says(await here.unpin(), "pin_left_soon")
    here.slack.fault = down
    await here.rest(days=4)
    here.slack.fault = no_fault
    await here.rest(hours=2)
    assert here.slack.posts() == []
    assert await here.rows() == []


async def test_once_an_outage_is_over_a_single_failure_costs_a_moment_only(here: World):
    await here.pin()
    here.say(changed())
    here.slack.fault = down
    await here.rest(hours=3)
    here.slack.fault = no_fault
    await here.rest(hours=1)
    here.say(reworded(changed(), SUMMARY, "A third sentence"))
    await here.pin(OTHER, summary="generative_ai")
    before = len(here.slack.calls)
    here.slack.fault = lambda call: (
        LaterError("down") if len(here.slack.calls) == before + 1 else None
    )
    await here.first.keeper.wake()
    await here.rest(seconds=30)
    assert here.slack.posts()[0].text == here.current()


async def test_who_is_told_to_wait_waits(here: World):
    await here.pin()
    await here.pin(OTHER)
    here.say(changed())
    told: list[float] = []

    def limited(call: Call) -> LaterError | None:
        if call.method == "update" and not told:
            told.append(call.at)
            return LaterError("limited", 240)
        return None

    here.slack.fault = limited
    await here.rest(minutes=30)
    [first, second, *_] = here.slack.called("update")
    assert second.at - first.at >= 240
    assert all(row.due is None for row in await here.rows())


async def test_who_is_told_to_wait_long_waits_so_long_although_less_is_said_later(here: World):
    """The board itself sees to it that nobody calls before."""
    await here.pin()
    here.say(changed())
    waits = {"update": 240.0, "post": 0.0}
    here.slack.fault = lambda call: (
        LaterError("limited", waits[call.method]) if call.method in waits else None
    )
    await here.rest(seconds=5)
    assert len(here.slack.called("update")) == 1
    assert says(await here.pin(OTHER), "pin_soon")
    here.slack.fault = no_fault
    await here.rest(minutes=30)
    assert here.slack.posts()[0].text == here.current()


async def test_who_is_told_to_wait_at_the_very_first_call_waits(here: World):
    """Also where it was somebody's own call, and no turn was ever taken before."""
    here.slack.fault = lambda call: LaterError("limited", 240) if call.method == "post" else None
    await here.pin()
    here.slack.fault = no_fault
    await here.pin(OTHER)
    here.say(changed())
    await here.first.keeper.wake()
    start = here.now
    await here.rest(minutes=30)
    later = [call for call in here.slack.calls if not call.waited_for]
    assert later
    assert min(call.at for call in later) - start >= 238


async def test_under_a_limit_of_the_platform_all_is_done_all_the_same(here: World):
    for name in SUMMARIES:
        await here.pin(summary=name)
        await here.pin(OTHER, summary=name)
    here.slack.most_a_minute = 4
    guidance = plain()
    for name in SUMMARIES:
        guidance = revised(reworded(guidance, name, "Other"), Materiality.SUBSTANTIVE, name)
    here.say(guidance)
    await here.rest(hours=3)
    for channel in (TEAM, OTHER):
        assert [post.text for post in here.slack.posts(channel)] == [
            here.current(name) for name in SUMMARIES
        ]
        assert all(len(post.lines) == 1 for post in here.slack.posts(channel))


async def test_what_is_refused_is_tried_again_each_day_and_given_up_after_a_week(
    here: World, log: pytest.LogCaptureFixture
):
    here.round = DAY / 4
    await here.pin()
    here.slack.fault = refuses("update")
    here.say(changed())
    await here.rest(days=7)
    assert len(here.slack.called("update")) == 7
    assert len(await here.rows()) == 1
    await here.rest(days=2)
    assert await here.rows() == []
    assert len(here.slack.called("update")) == 8
    assert "given up: restricted_action" in log.text


async def test_what_is_refused_for_some_days_is_changed_when_it_may_be(here: World):
    here.round = DAY / 4
    await here.pin()
    here.slack.fault = refuses("update")
    here.say(changed())
    await here.rest(days=4)
    here.slack.fault = no_fault
    await here.rest(days=1)
    assert here.slack.posts()[0].text == here.current()


async def test_an_outage_is_not_counted_as_refusals(here: World):
    here.round = DAY / 4
    await here.pin()
    here.slack.fault = down
    here.say(changed())
    await here.rest(days=2)
    here.slack.fault = refuses("update")
    await here.rest(hours=3)
    here.slack.fault = no_fault
    assert len(await here.rows()) == 1
    await here.rest(days=2)
    assert here.slack.posts()[0].text == here.current()


async def test_a_board_that_breaks_holds_up_no_other_pin(here: World):
    """Whatever is wrong with many of them, those after them have their turn."""
    for name in SUMMARIES:
        await here.pin(summary=name)
    await here.pin(OTHER)

    def broken(call: Call) -> None:
        if call.method == "update" and call.channel == TEAM:
            raise KeyError(call.ref)

    here.slack.fault = broken
    guidance = plain()
    for name in SUMMARIES:
        guidance = reworded(guidance, name, "Other")
    here.say(guidance)
    await here.first.keeper.wake()
    for _ in range(60):
        for name in ("slack", "teams"):
            with suppress(KeyError):
                await here.first.keeper.once(name)
        here.clock.move(seconds=14)
    assert here.slack.posts(OTHER)[0].text == here.current()
    assert len(here.slack.called("update")) < 40, "and what is broken is tried ever more rarely"
    here.slack.fault = no_fault
    await here.rest(hours=2)
    assert here.slack.posts()[0].text == here.current(SUMMARIES[0])


async def test_a_wish_comes_before_what_is_only_to_be_changed(here: World):
    for name in SUMMARIES:
        await here.pin(OTHER, summary=name)
    guidance = plain()
    for name in SUMMARIES:
        guidance = reworded(guidance, name, "Other")
    here.say(guidance)
    await here.first.keeper.wake()
    here.clock.move(seconds=30)
    here.slack.fault = lambda call: LaterError("down") if call.method == "post" else None
    await here.pin()
    here.slack.fault = no_fault
    here.clock.move(seconds=10)
    before = len(here.slack.calls)
    await here.rest(minutes=1)
    assert [call.method for call in here.slack.calls[before:]] == ["post", "hold", *["update"] * 5]


async def test_each_call_that_nobody_waits_for_has_its_turn_in_all_processes_together(two: World):
    for name in SUMMARIES:
        await two.pin(summary=name)
        await two.pin(OTHER, summary=name)
    guidance = plain()
    for name in SUMMARIES:
        guidance = revised(reworded(guidance, name, "Other"), Materiality.SUBSTANTIVE, name)
    two.say(guidance)
    start = two.now
    await two.rest(minutes=1)
    made = [call.at for call in two.slack.calls if call.at >= start and not call.waited_for]
    assert len(made) == 20
    assert made[-1] - made[0] < 20 * 2.3, "one after the other, as soon as it may be"


async def test_what_somebody_had_taken_and_never_did_is_done_after_a_minute(here: World):
    await here.pin()
    here.say(changed())
    await here.first.keeper.wake()
    assert await here.first.pins.take("slack", 2.0, 9) is not None
    await here.rest(seconds=LEASE - 5)
    assert here.slack.called("update") == []
    await here.rest(seconds=10)
    assert here.slack.posts()[0].text == here.current()


async def test_after_weeks_of_failures_the_pauses_are_as_long_as_after_an_hour(here: World):
    await here.pin()
    here.slack.fault = down
    here.say(changed())
    here.first.keeper._failed["slack"] = 2_000
    calls = len(here.slack.calls)
    await here.rest(hours=10)
    assert 0 < len(here.slack.calls) - calls < 30
    here.slack.fault = no_fault
    await here.rest(hours=1)
    assert here.slack.posts()[0].text == here.current()


async def test_where_everybody_went_back_to_fewer_entries_the_log_says_what_stays(
    here: World, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    await here.pin()
    here.say(changed())
    await here.rest(hours=1)
    here.say(plain())
    await here.rest(hours=1)
    assert "Another sentence" in here.slack.posts()[0].text
    told = [line for line in caplog.messages if "left as they are" in line]
    assert [line.rsplit(": ")[1] for line in told] == ["1"], "once"
    here.say(changed())
    await here.rest(hours=1)
    assert [line for line in caplog.messages if "left as they are" in line][1:] == [
        told[0].replace(": 1", ": 0")
    ]


async def test_of_a_summary_that_is_gone_the_log_says_how_many_posts_go(
    here: World, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    await here.pin()
    here.say(without(plain(), SUMMARY))
    await here.rest(hours=1)
    assert here.slack.posts() == []
    assert "posts of summaries that are gone are taken away: 1" in caplog.messages


# ---- an older Cairn beside a newer one


async def test_what_a_newer_cairn_changed_an_older_one_leaves_alone(two: World):
    await two.pin()
    newer = two.replicas[1]
    newer.talk.swap(changed(), sample()[1])
    await two.rest(hours=3)
    [post] = two.slack.posts()
    assert "Another sentence" in post.text
    assert len(post.shown) == 2
    assert len(post.lines) == 1


async def test_what_an_older_cairn_posts_a_newer_one_brings_up_to_date(two: World):
    two.replicas[1].talk.swap(changed(), sample()[1])
    await two.pin()
    await two.rest(hours=1)
    [post] = two.slack.posts()
    assert "Another sentence" in post.text
    assert len(post.lines) == 1


async def test_what_somebody_asks_of_an_older_cairn_is_done_and_told_once(two: World):
    await two.pin()
    two.replicas[1].talk.swap(changed(), sample()[1])
    await two.rest(hours=1)
    await two.pin(langs="fr", replica=0)
    assert "Another sentence" not in two.slack.posts()[0].text
    await two.rest(hours=1)
    [post] = two.slack.posts()
    assert "Another sentence fr" in post.text
    assert len(post.lines) == 1, "nobody is told twice"
    assert two.slack.channels[TEAM].pinned == ["slack-1"]


async def test_what_is_asked_of_an_older_cairn_is_done_by_it_where_it_is_alone(two: World):
    await two.pin(langs="en")
    older, newer = two.replicas
    newer.talk.swap(changed(), sample()[1])
    await two.rest(hours=1)
    two.replicas, two.slack.fault = [older], down_for_writing
    assert says(await two.pin(langs="fr"), "pin_soon")
    two.slack.fault = no_fault
    await two.rest(hours=1)
    assert two.slack.posts()[0].text == two.current(langs="fr")
    two.replicas = [older, newer]


async def test_what_is_to_go_goes_although_only_an_older_cairn_is_left(two: World):
    await two.pin()
    older, newer = two.replicas
    newer.talk.swap(changed(), sample()[1])
    await two.rest(hours=1)
    two.replicas, two.slack.fault = [older], down_for_writing
    assert says(await two.unpin(), "pin_left_soon")
    two.slack.fault = no_fault
    await two.rest(hours=1)
    assert two.slack.posts() == []
    two.replicas = [older, newer]


async def test_a_summary_that_only_a_newer_cairn_has_waits_for_it(two: World):
    card = plain().summaries[SUMMARY]
    more = replace(plain(), summaries={**plain().summaries, "brand_new": card})
    older, newer = two.replicas
    newer.talk.swap(revised(more, Materiality.SUBSTANTIVE, "brand_new"), sample()[1])
    two.slack.fault = lambda call: LaterError("down") if call.method == "post" else None
    await two.pin(summary="brand_new", replica=1)
    two.slack.fault = no_fault
    two.replicas = [older]
    await two.rest(hours=2)
    assert two.slack.posts() == []
    assert len(await two.rows()) == 1
    two.replicas = [newer]
    await two.rest(hours=1)
    assert len(two.slack.posts()) == 1
    two.replicas = [older, newer]
    await two.rest(hours=1)
    assert len(two.slack.posts()) == 1


# ---- the loop


async def test_the_loop_finds_what_changed_when_it_is_rung_and_says_how_far_it_is(
    here: World, log: pytest.LogCaptureFixture
):
    channels = [f"C{number}" for number in range(6)]
    here.slack.channels = {channel: Channel() for channel in channels}
    for channel in channels:
        for name in SUMMARIES:
            await here.pin(channel, summary=name)
    async with loops_of(here).running() as loops:
        await loops.let_pass(130)
        assert "current" not in log.text
        here.say(everything_else(plain()))
        here.first.keeper.ring()
        assert await loops.rounds.get() == 30
        await loops.let_pass(240)
    for channel in channels:
        posts = here.slack.posts(channel)
        assert [post.text for post in posts] == [here.current(name) for name in SUMMARIES]
        assert all(len(post.lines) == 1 for post in posts)
    told = [line for line in log.messages if line.startswith("pins ")]
    assert told[0] == "pins to refresh: 30"
    counts = [int(line.split()[3]) for line in told[1:]]
    assert counts == sorted(counts)
    assert told[-1] == "pins on slack: 30 of 30 are current", "and it says when it is through"
    assert len(told) >= 4


async def test_the_loop_looks_again_after_a_quarter_of_an_hour(
    here: World, monkeypatch: pytest.MonkeyPatch
):
    """A day begins without anybody ringing."""
    monkeypatch.setattr(keepers, "_ROUND", 0.01)
    async with loops_of(here).running() as loops:
        assert await loops.rounds.get() == 0


async def test_whoever_rings_while_it_looks_is_heard(here: World):
    await here.pin()
    loops = loops_of(here)
    wake = loops._wake

    async def changed_meanwhile() -> int:
        loops._wake = wake
        woken = await wake()
        here.say(changed())
        here.first.keeper.ring()
        return woken

    loops._wake = changed_meanwhile
    async with loops.running():
        assert await loops.rounds.get() == 1


async def test_a_store_that_fails_for_a_while_stops_nothing_for_good(
    here: World, log: pytest.LogCaptureFixture
):
    await here.pin()
    here.say(changed())
    async with loops_of(here).running() as loops:
        await loops.let_pass(1)
        async with here.first.store.transaction() as transaction:
            await transaction.connection.execute(text("ALTER TABLE pins RENAME TO elsewhere"))
        await loops.let_pass(30)
        async with here.first.store.transaction() as transaction:
            await transaction.connection.execute(text("ALTER TABLE elsewhere RENAME TO pins"))
        await loops.let_pass(90)
    assert "the store: " in log.text
    assert here.slack.posts()[0].text == here.current()


async def test_a_board_that_breaks_is_told_by_its_type_only(
    here: World, log: pytest.LogCaptureFixture
):
    await here.pin()

    def broken(call: Call) -> None:
        if call.method == "update":
            raise KeyError("secret words")

    here.slack.fault = broken
    here.say(changed())
    async with loops_of(here).running() as loops:
        await loops.let_pass(30)
        here.slack.fault = no_fault
        await loops.let_pass(90)
    assert "KeyError in " in log.text
    assert "secret words" not in log.text
    assert here.slack.posts()[0].text == here.current()


@pytest.mark.long
async def test_a_call_that_was_begun_ends_before_the_program_does(here: World):
    arrived, go = asyncio.Event(), asyncio.Event()

    async def slow(call: Call) -> None:
        arrived.set()
        await go.wait()

    await here.pin()
    here.slack.gate = slow
    here.say(changed())
    keeper = here.first.keeper
    running = asyncio.create_task(keeper.run())
    await arrived.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert len(here.slack.posts()[0].shown) == 1
    go.set()
    await keeper.drain()
    assert here.slack.posts()[0].text == here.current()
    [row] = await here.rows()
    assert row.taken == 0, "and it was written down"
