"""Is somebody who pins told what they must know at each step, and nobody else anything?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from bot.forms import Button, Form, Picked, Press, Shown
from bot.guidance.model import Materiality
from bot.guidance.words import LANGS, Lang
from bot.pins import counter as counters
from bot.pins.counter import CHOOSE, LEAVE, PUT, REMOVE, SEE
from bot.pins.port import Room
from bot.store import engine
from tests.pins import (
    OTHER,
    SUMMARY,
    TEAM,
    Call,
    World,
    at,
    down,
    no_fault,
    person,
    plain,
    refuses,
    revised,
    reworded,
    says,
    without,
    words,
    world,
)

pytest_plugins = ["tests.postgres"]


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody gives up because this machine is busy."""
    monkeypatch.setattr(engine, "PATIENCE", 120.0)
    monkeypatch.setattr(counters, "PATIENCE", 60.0)


@pytest.fixture
async def here(address: str) -> AsyncIterator[World]:
    async with world(address) as here:
        yield here


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def buttons(form: Form) -> list[str]:
    return [one.do for one in (form.main, *form.buttons) if isinstance(one, Button)]


def picked(form: Form, name: str) -> Picked:
    return next(part for part in form.parts if isinstance(part, Picked) and part.name == name)


@pytest.mark.parametrize("lang", LANGS)
async def test_the_summaries_and_the_languages_are_offered(here: World, lang: Lang):
    form = await here.press(person(), Press(CHOOSE, where=at()), lang)
    assert form.lang == lang
    assert says(form, "pin_title", lang)
    summaries = plain().summaries
    assert picked(form, "summary").choices == [(n, c.title[lang]) for n, c in summaries.items()]
    assert [name for name, _ in picked(form, "langs").choices] == ["both", "en", "fr"]
    assert picked(form, "langs").picked == ["both"]
    assert buttons(form) == [SEE]


@pytest.mark.parametrize("lang", LANGS)
async def test_while_no_guidance_is_given_nothing_is_pinned_and_what_stands_can_go(
    here: World, lang: Lang
):
    await here.pin()
    form = await here.seen(summary="generative_ai")
    talk = here.first.talk
    assert talk.organization is not None
    talk.swap(talk.guidance, replace(talk.organization, offline=True))
    for press in (Press(CHOOSE, where=at()), Press(SEE, form.held), Press(PUT, form.held)):
        assert says(await here.press(person(), press, lang), "pin_offline", lang)
    assert len(here.slack.posts()) == 1
    await here.unpin()
    assert here.slack.posts() == []


@pytest.mark.parametrize(("lang", "langs"), [("en", "en+fr"), ("fr", "fr+en")])
async def test_of_both_languages_the_readers_own_comes_first(here: World, lang: Lang, langs: str):
    await here.pin(lang=lang)
    [row] = await here.rows()
    assert row.langs == langs
    assert here.slack.posts()[0].text == here.current(langs=langs)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("langs", ["both", "en", "fr"])
async def test_what_is_seen_is_what_will_stand(here: World, lang: Lang, langs: str):
    form = await here.seen(langs=langs, lang=lang)
    [shown] = [part for part in form.parts if isinstance(part, Shown)]
    assert says(form, "pin_preview", lang)
    assert says(form, "pin_buttons", lang)
    assert buttons(form) == [PUT, CHOOSE]
    assert here.slack.called("post") == []
    await here.press(person(), Press(PUT, form.held), lang)
    assert str(shown.elements) in here.slack.posts()[0].text


async def test_who_goes_back_finds_what_was_chosen(here: World):
    form = await here.seen(summary="generative_ai", langs="fr")
    form = await here.press(person(), Press(CHOOSE, form.held))
    assert picked(form, "summary").picked == ["generative_ai"]
    assert picked(form, "langs").picked == ["fr"]


async def test_what_stands_here_is_marked(here: World):
    await here.pin()
    form = await here.press(person(), Press(CHOOSE, where=at()))
    titles = dict(picked(form, "summary").choices)
    title = plain().summaries[SUMMARY].title.en
    assert titles[SUMMARY] == plain().phrases["pin_here_already"].en.format(title=title)
    form = await here.press(person(), Press(CHOOSE, where=at(channel=OTHER)))
    assert dict(picked(form, "summary").choices)[SUMMARY] == title


@pytest.mark.long
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("platform", ["slack", "teams"])
@pytest.mark.parametrize("room", [room for room in Room if room is not Room.OPEN])
async def test_where_nothing_can_be_pinned_it_is_said_and_what_to_do_instead(
    here: World, platform: str, room: Room, lang: Lang
):
    here.walls[platform].channels[TEAM].room = room
    form = await here.press(person(1, platform), Press(CHOOSE, where=at(platform)), lang)
    assert says(form, f"pin_no_{room}", lang)
    here_instead = room in (Room.ABSENT, Room.PERSONAL)
    assert says(form, f"pin_how_{platform}", lang) == here_instead
    assert says(form, "pin_link", lang) != here_instead
    assert ("](https://" in words(form)) != here_instead
    assert buttons(form) == []
    assert form.held == ""


async def test_a_channel_that_became_another_kind_meanwhile_gets_no_post(here: World):
    form = await here.seen()
    here.slack.channels[TEAM].room = Room.SHARED
    form = await here.press(person(), Press(PUT, form.held))
    assert says(form, "pin_no_shared")
    assert here.slack.posts() == []
    assert await here.rows() == []


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("platform", ["slack", "teams"])
async def test_who_was_taken_out_of_the_channel_meanwhile_changes_nothing_there(
    here: World, platform: str, lang: Lang
):
    who, wall = person(1, platform), here.walls[platform]
    await here.pin(who=who)
    put = await here.seen(who=who, summary="generative_ai")
    take = await here.press(who, Press(LEAVE, where=at(platform)))
    picked_pins = {"pins": picked(take, "pins").picked}
    wall.channels[TEAM].left.add(who.user)
    for press in (Press(PUT, put.held), Press(REMOVE, take.held, picked_pins)):
        form = await here.press(who, press, lang)
        assert says(form, "pin_expired", lang)
        assert buttons(form) == []
    assert len(wall.posts()) == len(await here.rows()) == 1


async def test_where_it_cannot_be_told_who_is_in_the_channel_nothing_changes_there(here: World):
    await here.pin()
    put = await here.seen(summary="generative_ai")
    take = await here.press(person(), Press(LEAVE, where=at()))
    picked_pins = {"pins": picked(take, "pins").picked}
    here.slack.fault = lambda call: down(call) if call.method == "has" else None
    for press in (Press(PUT, put.held), Press(REMOVE, take.held, picked_pins)):
        assert says(await here.press(person(), press), "pin_later")
    assert len(here.slack.posts()) == len(await here.rows()) == 1


@pytest.mark.parametrize("lang", LANGS)
async def test_where_the_platform_refuses_the_post_it_is_said_and_forgotten(
    here: World, lang: Lang
):
    here.slack.channels[TEAM].may_post = False
    form = await here.pin(lang=lang)
    assert says(form, "pin_no_restricted", lang)
    assert await here.rows() == []


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("platform", ["slack", "teams"])
async def test_where_nobody_lets_cairn_pin_it_says_how_to_do_it_by_hand(
    here: World, platform: str, lang: Lang
):
    here.walls[platform].channels[TEAM].may_pin = False
    form = await here.pin(who=person(1, platform), lang=lang)
    assert says(form, f"pin_done_{platform}", lang)
    address = f"https://chat.example/{TEAM}/{platform}-1"
    assert f"[{plain().phrases['pin_address'][lang]}]({address})" in words(form)


async def test_without_an_address_it_is_done_all_the_same(here: World):
    here.slack.fault = refuses("address")
    form = await here.pin()
    assert says(form, "pin_done")
    assert "](" not in words(form)


@pytest.mark.parametrize("lang", LANGS)
async def test_who_picks_nothing_is_asked_to(here: World, lang: Lang):
    form = await here.press(person(), Press(CHOOSE, where=at()), lang)
    for chosen in ({}, {"summary": ("no_such",), "langs": ("en",)}, {"summary": (SUMMARY,)},
                   {"summary": (SUMMARY,), "langs": ("de",)}):  # fmt: skip
        again = await here.press(person(), Press(SEE, form.held, chosen), lang)
        assert says(again, "trouble_nothing_picked", lang)
        assert buttons(again) == [SEE]
        put = await here.press(person(), Press(PUT, again.held), lang)
        assert says(put, "pin_expired", lang), "nobody was shown it"
    assert await here.rows() == []


@pytest.mark.parametrize("lang", LANGS)
async def test_what_does_not_fit_into_one_message_is_said(here: World, lang: Lang):
    here.say(reworded(plain(), SUMMARY, "too large"))
    form = await here.seen(lang=lang)
    assert says(form, "pin_too_large", lang)
    assert buttons(form) == [SEE]


@pytest.mark.parametrize("lang", LANGS)
async def test_where_it_cannot_be_told_what_the_channel_is_one_may_try_again(
    here: World, lang: Lang
):
    here.slack.fault = down
    form = await here.press(person(), Press(CHOOSE, where=at()), lang)
    assert says(form, "pin_later", lang)
    assert buttons(form) == [CHOOSE]
    here.slack.fault = no_fault
    again = await here.press(person(), Press(CHOOSE, form.held), lang)
    assert says(again, "pin_title", lang)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("do", [SEE, PUT, REMOVE, "pin:nothing"])
async def test_a_form_that_knows_its_channel_no_more_says_so(here: World, do: str, lang: Lang):
    form = await here.seen()
    old = (form.held, "", "1abc", "x" * 5_000)
    here.clock.move(hours=24)
    for held in old:
        answer = await here.press(person(), Press(do, held, {"pins": ("1",)}), lang)
        assert says(answer, "pin_expired", lang)
        assert buttons(answer) == []
    assert here.slack.called("post") == []


async def test_a_form_of_somebody_else_opens_nothing(here: World):
    form = await here.seen()
    others = [
        person(2),
        replace(person(1), tenant="T0ELSE"),
        replace(person(1, "teams"), tenant="T0CAIRN"),
    ]
    for who in others:
        assert says(await here.press(who, Press(PUT, form.held)), "pin_expired")
    assert here.slack.called("post") == []


@pytest.mark.parametrize("do", [SEE, PUT, REMOVE])
async def test_only_the_first_step_may_say_which_channel_it_is_about(here: World, do: str):
    """Else a press that somebody made up would pass by the look at the channel."""
    await here.pin(OTHER)
    chosen = {"summary": (SUMMARY,), "langs": ("en",), "pins": ("1",)}
    form = await here.press(person(), Press(do, "", chosen, where=at(channel=OTHER)))
    assert says(form, "pin_expired")
    assert form.held == ""
    assert len(here.slack.posts(OTHER)) == 1


async def test_a_summary_that_went_meanwhile_is_not_posted(here: World):
    form = await here.seen()
    here.say(without(plain(), SUMMARY))
    assert says(await here.press(person(), Press(PUT, form.held)), "pin_expired")
    assert await here.rows() == []


@pytest.mark.parametrize("lang", LANGS)
async def test_what_takes_longer_is_noted_and_then_stands(
    here: World, lang: Lang, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(counters, "PATIENCE", 0.0)
    arrived, go = asyncio.Event(), asyncio.Event()

    async def slow(call: Call) -> None:
        if call.method in ("post", "remove"):
            arrived.set()
            await go.wait()

    here.slack.gate = slow
    assert says(await here.pin(lang=lang), "pin_soon", lang)
    await arrived.wait()
    assert here.slack.posts() == []
    go.set()
    await here.first.counter.drain()
    assert len(here.slack.posts()) == 1
    assert here.slack.channels[TEAM].pinned == ["slack-1"]
    form = await here.press(person(), Press(LEAVE, where=at()), lang)
    chosen = {"pins": picked(form, "pins").picked}
    form = await here.press(person(), Press(REMOVE, form.held, chosen), lang)
    assert says(form, "pin_left_soon", lang)
    await here.first.counter.drain()
    assert here.slack.posts() == []


@pytest.mark.parametrize("lang", LANGS)
async def test_where_the_store_fails_the_person_may_press_again(
    here: World, lang: Lang, monkeypatch: pytest.MonkeyPatch
):
    form = await here.seen(lang=lang)
    async with here.first.store.transaction() as transaction:
        await transaction.connection.execute(text("ALTER TABLE pins RENAME TO elsewhere"))
    failed = await here.press(person(), Press(PUT, form.held), lang)
    assert says(failed, "pin_failed", lang)
    assert buttons(failed) == [PUT]
    async with here.first.store.transaction() as transaction:
        await transaction.connection.execute(text("ALTER TABLE elsewhere RENAME TO pins"))
    done = await here.press(person(), Press(PUT, failed.held), lang)
    assert says(done, "pin_done", lang)
    assert len(here.slack.posts()) == 1


@pytest.mark.parametrize("lang", LANGS)
async def test_what_can_be_taken_away_is_listed(here: World, lang: Lang):
    form = await here.press(person(), Press(LEAVE, where=at()), lang)
    assert says(form, "pin_leave_none", lang)
    assert buttons(form) == []
    await here.pin()
    await here.pin(OTHER, summary="generative_ai")
    form = await here.press(person(), Press(LEAVE, where=at()), lang)
    assert says(form, "pin_leave_title", lang)
    [(ident, title)] = picked(form, "pins").choices
    assert title == plain().summaries[SUMMARY].title[lang]
    assert list(picked(form, "pins").picked) == [ident], "where there is one, it is meant"
    assert buttons(form) == [REMOVE]
    await here.pin(summary="generative_ai")
    form = await here.press(person(), Press(LEAVE, where=at()), lang)
    assert len(picked(form, "pins").choices) == 2
    assert list(picked(form, "pins").picked) == []
    none = await here.press(person(), Press(REMOVE, form.held), lang)
    assert says(none, "trouble_nothing_picked", lang)


async def test_nobody_takes_away_what_stands_in_another_channel(here: World):
    await here.pin()
    await here.pin(OTHER)
    await here.pin(who=person(1, "teams"))
    rows = {(row.platform, row.channel): str(row.id) for row in await here.rows()}
    form = await here.press(person(), Press(LEAVE, where=at()))
    foreign = (rows["slack", OTHER], rows["teams", TEAM], "0", "-1", "999", "x", "9" * 30, "²")
    await here.press(person(), Press(REMOVE, form.held, {"pins": foreign}))
    assert len(await here.rows()) == 3
    assert len(here.slack.posts(OTHER)) == 1


async def test_what_was_taken_away_meanwhile_is_away(here: World):
    await here.pin()
    form = await here.press(person(), Press(LEAVE, where=at()))
    chosen = {"pins": picked(form, "pins").picked}
    assert says(await here.press(person(2), Press(LEAVE, where=at())), "pin_leave_title")
    await here.unpin(who=person(2))
    assert says(await here.press(person(), Press(REMOVE, form.held, chosen)), "pin_left")


async def test_what_is_gone_from_the_guidance_can_be_taken_away(here: World):
    await here.pin()
    here.say(without(plain(), SUMMARY))
    form = await here.press(person(), Press(LEAVE, where=at()))
    assert [name for _, name in picked(form, "pins").choices] == [SUMMARY]
    assert says(await here.unpin(), "pin_left")
    assert here.slack.posts() == []


async def test_nothing_of_a_person_is_in_a_table_or_in_the_log(
    here: World, log: pytest.LogCaptureFixture
):
    log.set_level(logging.DEBUG)
    await here.pin()
    here.slack.fault = refuses("post")
    await here.pin(OTHER)
    here.slack.fault = down
    await here.pin(OTHER, who=person(2))
    here.slack.fault = no_fault
    await here.unpin(who=person(3))
    await here.pin()
    here.say(revised(reworded(plain(), SUMMARY, "Other"), Materiality.SUBSTANTIVE, SUMMARY))
    await here.rest(hours=1)
    dump = []
    async with here.first.store.transaction() as transaction:
        for table in ("pins", "turns", "seen", "counts", "outbox"):
            rows = await transaction.connection.execute(text(f"SELECT * FROM {table}"))
            dump += [str(row) for row in rows]
    assert dump
    assert "anary" not in " ".join(dump)
    assert "anary" not in log.text
