"""What do people and officers see at the counter, form by form, and does each lead on?"""

from __future__ import annotations

import re
import string
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.desk import readers
from bot.desk.approach import MOST_WORDS
from bot.desk.case import Reason, Record, State, Why
from bot.forms import Press, Said, Style, Written
from bot.guidance.model import Guidance
from bot.guidance.words import LANGS, Lang
from bot.handoff import LEVELS, Mode
from bot.platforms import LaterError, OpenError, PlatformError, RefusedError, Who
from bot.store.errors import StoreError, Trouble
from tests.conftest import ROOT
from tests.desk import (
    BY_MAIL,
    CHANNEL,
    HEAD,
    HOLDERS,
    OFFICE,
    OFFICERS,
    OTHER,
    World,
    officer,
    person,
    world,
)
from tests.desk_counter import AtCounter, choices, field, filled, words

PLACE = "post_reported?channel=media_query&about=harm"
TEXT = (
    "Bonjour, a <b>post</b> of *mine* [here](https://example.org).\n\n  Second line: 100 % {x} 😀"
)
LONG = "é" * MOST_WORDS
ENDS = ("desk_recused", "desk_transferred", "desk_closed", "desk_is_held", "desk_hold_asked",
        "desk_next_mail", "desk_lifted")  # fmt: skip
"""What the forms say from which there is nowhere to go, since nothing is left to do."""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[World]:
    async with world(f"sqlite:///{tmp_path}/cairn.db") as one:
        yield one


def look_at(hand: AtCounter) -> None:
    """See to it that every form that was shown is whole, and leads on."""
    phrases = hand.desk.conversation.guidance.phrases
    for form in hand.seen:
        shown = words(form)
        assert form.parts, "a form is never empty"
        assert not [
            part for part in form.parts if isinstance(part, Said) and not part.words.strip()
        ]
        assert not re.search(r"\{[a-z]{2,}\}|None|desk_|State\.", shown), shown
        names = [part.name for part in form.parts if not isinstance(part, Said)]
        assert len(names) == len(set(names)), "no two fields have one name"
        assert form.lang == hand.lang
        if form.main is None and not form.buttons:
            sentences = [phrases[name][form.lang] for name in ENDS]
            assert any(sentence in shown for sentence in sentences), shown
        for button in [*form.buttons, *([form.main] if form.main else [])]:
            assert button.do.startswith("desk:")


async def to_the_office(desk: World, hand: AtCounter, officer: AtCounter) -> str:
    """Have something sent, delivered and opened; return its number."""
    number = await hand.sends()
    await desk.deliver()
    await officer.open(
        desk.slack.channels[CHANNEL].cards[(await card_of(desk, number))], "desk:claim"
    )
    await officer.press("desk:clear")
    await desk.deliver()
    return number


async def card_of(desk: World, number: str) -> str:
    return (await desk.posting.opened(number)).card


# ---- the whole way


@pytest.mark.parametrize("lang", LANGS)
async def test_the_whole_way_of_somebody_who_asks_and_of_an_officer_who_answers(
    desk: World, lang: Lang
):
    alice, olive = AtCounter(desk, person(1), lang), AtCounter(desk, OFFICERS[0], lang)
    await alice.start(PLACE)
    assert alice.says("desk_offices_intro")
    await alice.press("desk:write", office=OFFICE)
    assert alice.says("desk_nothing_yet")
    assert all(name in alice.words for name in ("Officer 1", "The head", "The deputy"))
    await alice.press("desk:review", text=TEXT, choices="yes")
    exact = field(alice.form, "text")
    assert isinstance(exact, Written)
    assert exact.filled.startswith(TEXT)
    assert alice.says("desk_readers", names="Officer 1, Officer 2, Officer 3, The deputy, The head")
    assert alice.says("desk_from", name="Asker 1")
    assert not await desk.service.own(alice.who), "nothing is kept before Send"
    await alice.press("desk:send", agree="yes")
    number = alice.form.held
    assert alice.says("desk_can_withdraw")
    kept = await desk.service.read(number, alice.who)
    assert kept.words[0].text == exact.filled, "what was previewed is what is kept"
    await desk.deliver()

    card = desk.slack.channels[CHANNEL].cards[await card_of(desk, number)]
    await olive.open(card, "desk:claim")
    assert olive.says("desk_check")
    assert TEXT not in olive.words
    assert "Asker 1" not in olive.words
    await olive.press("desk:clear")
    assert [
        part.words
        for part in olive.form.parts
        if isinstance(part, Said) and part.style is Style.QUOTED
    ] == [exact.filled]
    await olive.press("desk:preview", reply=f"  {TEXT}\n")
    assert olive.says("desk_preview_to", name="Asker 1")
    shown = field(olive.form, "reply")
    assert isinstance(shown, Written)
    assert len((await desk.service.read(number, alice.who)).words) == 1, "a preview sends nothing"
    await olive.press("desk:reply")
    assert olive.says("desk_replied")
    kept = await desk.service.read(number, alice.who)
    assert kept.words[1].text == shown.filled == TEXT
    await desk.deliver()
    assert [user for user, _ in desk.teams.told] == ["asker-1"]

    await alice.open(desk.teams.told[-1][1], "desk:read")
    assert TEXT in alice.words
    assert alice.says("desk_state_answered")
    await alice.press("desk:answer", answer="And then?")
    await alice.press("desk:read")
    assert "And then?" in alice.words
    assert filled(alice.form)[1]["answer"] == "", (
        "what was sent does not stand there to be sent again"
    )

    await ended(alice, olive, number)
    for hand in (alice, olive):
        look_at(hand)


async def ended(alice: AtCounter, olive: AtCounter, number: str) -> None:
    """Have the officer resolve and close a case, and the person look at it."""
    await olive.forge(Press("desk:open", number))
    assert "And then?" in olive.words
    await olive.press("desk:resolve")
    await olive.press("desk:resolved", reason="answered")
    await olive.press("desk:close")
    assert olive.says("desk_close_what")
    await olive.press("desk:closed", record="exported")
    assert olive.says("desk_closed")
    await alice.forge(Press("desk:mine"))
    await alice.press("desk:read", number=number)
    assert alice.says("desk_state_closed")


@pytest.mark.parametrize("lang", LANGS)
async def test_somebody_takes_back_what_nobody_has_opened(desk: World, lang: Lang):
    alice = AtCounter(desk, person(1), lang)
    number = await alice.sends()
    await desk.deliver()
    await alice.forge(Press("desk:read", number))
    assert alice.says("desk_state_offered")
    await alice.press("desk:withdraw")
    assert alice.says("desk_withdraw_what", number=number)
    await alice.press("desk:read")
    await alice.press("desk:withdraw")
    await alice.press("desk:withdrawn")
    assert alice.says("desk_withdrawn")
    await alice.press("desk:mine")
    assert alice.says("desk_mine_none")
    look_at(alice)


async def test_what_must_be_kept_is_not_said_to_be_erased(tmp_path: Path):
    async with world(f"sqlite:///{tmp_path}/cairn.db", legal_hold=True) as desk:
        alice = AtCounter(desk, person(1))
        await alice.sends()
        await alice.press("desk:withdraw")
        assert not alice.says("desk_withdraw_what", number=alice.form.held)
        assert alice.says("desk_withdraw_held", number=alice.form.held)
        await alice.press("desk:withdrawn")
        assert alice.says("desk_withdrawn_held")
        assert not alice.says("desk_withdrawn")


async def test_while_no_guidance_is_given_no_office_takes_anything(tmp_path: Path):
    address = f"sqlite:///{tmp_path}/cairn.db"
    async with world(address) as desk:
        alice = AtCounter(desk, person(1))
        await alice.forge(Press("desk:offices"))
        before = alice.form.held
    async with world(address, offline=True) as desk:
        alice = AtCounter(desk, person(1))
        await alice.forge(Press("desk:offices"))
        assert alice.says("desk_offices_none")
        # From a window that was opened before.
        await alice.forge(Press("desk:write", before, picked={"office": ("values_ethics",)}))
        assert not [part for part in alice.form.parts if isinstance(part, Written)]


async def test_what_was_opened_and_given_back_is_not_said_to_be_unread_nor_taken_back(desk: World):
    alice, olive = AtCounter(desk, person(1)), AtCounter(desk, OFFICERS[0])
    number = await to_the_office(desk, alice, olive)
    await alice.forge(Press("desk:read", number))
    assert "desk:withdraw" not in alice.ways
    await olive.press("desk:recuse")
    await alice.forge(Press("desk:read", number))
    assert alice.says("desk_state_offered_again")
    assert not alice.says("desk_state_offered")
    assert "desk:withdraw" not in alice.ways
    await alice.forge(Press("desk:withdraw", number))
    assert alice.says("desk_no_too_late")
    await alice.forge(Press("desk:withdrawn", number))
    assert alice.says("desk_no_too_late")
    assert (await desk.service.look(number)).people is not None
    look_at(alice)
    look_at(olive)


@pytest.mark.parametrize("lang", LANGS)
async def test_a_case_is_handed_to_another_who_is_asked_about_a_conflict_first(
    desk: World, lang: Lang
):
    alice, olive, oscar = (AtCounter(desk, who, lang) for who in (person(1), *OFFICERS[:2]))
    number = await to_the_office(desk, alice, olive)
    await olive.press("desk:transfer")
    await olive.press("desk:hand_over", to=oscar.who.id)
    assert olive.says("desk_transferred")
    await olive.forge(Press("desk:open", number))
    assert olive.says("desk_no_taken")
    await desk.deliver()
    assert [user for user, _ in desk.slack.told] == [oscar.who.user]
    await oscar.open(desk.slack.told[-1][1], "desk:open")
    assert oscar.says("desk_check")
    assert "Some words" not in oscar.words
    await oscar.press("desk:clear")
    assert "Some words" in oscar.words
    await oscar.press("desk:transfer")
    await oscar.press("desk:hand_over", to="office")
    await olive.forge(Press("desk:open", number))
    assert "desk:claim" in olive.ways
    for hand in (alice, olive, oscar):
        look_at(hand)


@pytest.mark.parametrize("lang", LANGS)
async def test_two_hold_a_case_and_two_lift_that(desk: World, lang: Lang):
    alice, one, two = (AtCounter(desk, who, lang) for who in (person(1), *HOLDERS))
    number = await alice.sends()
    await desk.deliver()
    await one.forge(Press("desk:open", number))
    assert "Some words" not in one.words
    assert "Asker" not in one.words
    assert one.ways == ["desk:hold"]
    await one.press("desk:hold")
    assert one.says("desk_hold_asked")
    await two.forge(Press("desk:open", number))
    await two.press("desk:hold")
    assert two.says("desk_is_held")
    await alice.forge(Press("desk:read", number))
    assert alice.says("desk_is_held")
    for hand in (one, two):
        await hand.forge(Press("desk:open", number))
        await hand.press("desk:lift")
    await alice.forge(Press("desk:read", number))
    assert not alice.says("desk_is_held")
    for hand in (alice, one, two):
        look_at(hand)


async def test_a_press_of_an_officer_asks_once_who_is_in_the_channel(desk: World):
    alice, olive = AtCounter(desk, person(1)), AtCounter(desk, OFFICERS[0])
    number = await alice.sends()
    await desk.deliver()
    asked: list[str] = []
    desk.slack.fault = asked.append
    for do, fields in (
        ("desk:claim", {}),
        ("desk:clear", {}),
        ("desk:preview", {"reply": "An answer"}),
        ("desk:reply", {}),
        ("desk:resolve", {}),
        ("desk:resolved", {}),
        ("desk:export", {}),
        ("desk:recorded", {"record": "none"}),
    ):
        if do == "desk:claim":
            await olive.forge(Press(do, number))
        else:
            await olive.press(do, **fields)
        assert asked.count("readers") == 1, do
        asked.clear()


@pytest.mark.parametrize("by_the_office", [True, False])
async def test_whoever_opens_a_case_again_is_not_told_of_it_and_the_other_side_is(
    desk: World, by_the_office: bool
):
    alice, olive = AtCounter(desk, person(1)), AtCounter(desk, OFFICERS[0])
    number = await to_the_office(desk, alice, olive)
    await desk.service.resolve(number, olive.who, Reason.ANSWERED)
    await desk.deliver()
    await desk.service.read_own(number, alice.who)  # who has not looked is not told again at once
    desk.teams.told.clear()
    desk.slack.told.clear()
    await desk.service.reopen(number, olive.who if by_the_office else alice.who)
    await desk.deliver()
    told = [who for who, _ in (*desk.teams.told, *desk.slack.told)]
    assert told == [alice.who.user if by_the_office else olive.who.user]


@pytest.mark.parametrize("lang", LANGS)
async def test_what_no_office_takes_can_be_sent_to_another(desk: World, lang: Lang):
    alice = AtCounter(desk, person(1), lang)
    await alice.start(PLACE)
    await alice.press("desk:write", office=OFFICE)
    await alice.press("desk:review", text=TEXT)
    await alice.press("desk:send", agree="yes")
    number = alice.form.held
    await desk.deliver()
    for who in desk.slack.channels[CHANNEL].members:
        await AtCounter(desk, Who("slack", "T0CAIRN", who)).forge(Press("desk:recuse", number))
    await desk.deliver()
    await alice.open(desk.teams.told[-1][1], "desk:read")
    assert alice.says("desk_state_fallback")
    await alice.press("desk:elsewhere")
    await alice.press("desk:write", office=OTHER)
    assert filled(alice.form)[1]["text"] == TEXT, "the words need not be typed again"
    await alice.press("desk:review")
    await alice.press("desk:send", agree="yes")
    again = alice.form.held
    assert again != number
    kept = await desk.service.read(again, alice.who)
    assert (kept.case.office, kept.words[0].text) == (OTHER, TEXT)
    assert kept.case.topic == "post_reported"
    look_at(alice)


@pytest.mark.parametrize("lang", LANGS)
async def test_where_more_people_read_the_person_is_asked_again_and_may_take_them_off(
    desk: World, lang: Lang
):
    alice, new = AtCounter(desk, person(1), lang), AtCounter(desk, officer(9), lang)
    number = await alice.sends(out=(OFFICERS[2].id,))
    members = desk.slack.channels[CHANNEL].members
    members[new.who.user] = "Newcomer"
    await desk.deliver()
    assert not desk.slack.channels[CHANNEL].cards
    await alice.open(desk.teams.told[-1][1], "desk:read")
    assert alice.says("desk_state_asking")
    assert alice.says("desk_new_readers", names="Newcomer")
    assert "Officer 3" not in alice.words, "whoever was taken off is not said to be able to open it"
    members["U0LATER"] = "Later still"
    await alice.press("desk:agree", out=(new.who.id,))
    assert alice.says("desk_readers_grew")
    assert alice.says("desk_new_readers", names="Later still, Newcomer")
    assert filled(alice.form)[0]["out"] == (new.who.id,), "whoever was ticked stays so"
    assert (await desk.service.look(number)).state is State.ASKING
    await alice.press("desk:agree")
    assert alice.says("desk_state_queued")
    await desk.deliver()
    for who in (new.who, OFFICERS[2]):
        hand = AtCounter(desk, who, lang)
        await hand.forge(Press("desk:claim", number))
        assert hand.says("desk_no_case")
    later = AtCounter(desk, Who("slack", "T0CAIRN", "U0LATER"), lang)
    await later.forge(Press("desk:claim", number))
    assert later.says("desk_check")
    look_at(alice)


@pytest.mark.parametrize("lang", LANGS)
async def test_an_introduction_tells_a_name_and_a_way_to_reach_it_and_takes_no_words(
    desk: World, lang: Lang
):
    alice = AtCounter(desk, person(1), lang)
    await alice.start(PLACE)
    await alice.press("desk:write", office=BY_MAIL)
    assert alice.says("desk_offer_introduction")
    for wrong in ("call me about my post", "a" * 65 + "@lakes.example", "1" * 30,
                  f"{'a' * 60}@{'b' * 60}.{'c' * 60}.example"):  # fmt: skip
        await alice.press("desk:review", text=wrong)
        assert alice.says("desk_reach_wrong")
        assert filled(alice.form)[1]["text"] == wrong
    await alice.press("desk:review", text="alice@lakes.example")
    assert alice.says("desk_by_mail")
    await alice.press("desk:send", agree="yes")
    await desk.deliver()
    ((_, subject, letter, _),) = desk.post.letters
    assert "Asker 1" in letter
    assert "alice@lakes.example" in letter
    assert "media" not in subject.casefold()
    look_at(alice)


async def test_the_head_closes_what_nobody_closed_and_settles_its_record(desk: World):
    alice, olive, head = (
        AtCounter(desk, person(1)),
        AtCounter(desk, OFFICERS[0]),
        AtCounter(desk, HEAD),
    )
    number = await to_the_office(desk, alice, olive)
    await desk.service.resolve(number, olive.who, Reason.ANSWERED)
    del desk.slack.channels[CHANNEL].members[olive.who.user]
    await head.forge(Press("desk:open", number))
    assert "Some words" not in head.words
    await head.press("desk:close")
    await head.press("desk:closed", record="none")
    assert head.says("desk_closed")
    case = await desk.service.look(number)
    assert (case.state, case.record) == (State.CLOSED, Record.NONE)
    look_at(head)


async def test_what_time_closed_is_erased_once_the_head_has_settled_its_record(desk: World):
    alice, olive, head = (
        AtCounter(desk, person(1)),
        AtCounter(desk, OFFICERS[0]),
        AtCounter(desk, HEAD),
    )
    number = await to_the_office(desk, alice, olive)
    await desk.service.resolve(number, olive.who, Reason.ANSWERED)
    del desk.slack.channels[CHANNEL].members[olive.who.user]
    desk.clock.move(days=17, hours=-2)  # a Monday, while the office is open
    await desk.keeper.tick()
    assert (await desk.service.look(number)).state is State.CLOSED
    desk.clock.move(days=30)
    assert await desk.keeper.purge() == 0
    await head.forge(Press("desk:open", number))
    await head.press("desk:close")
    await head.press("desk:closed", record="exported")
    assert await desk.keeper.purge() == 1
    look_at(head)


# ---- what goes wrong


LATER = LaterError("down")
TROUBLES = (LATER, OpenError("public"), RefusedError("gone"))


def fails(desk: World, call: str, error: PlatformError | None) -> None:
    desk.slack.fault = lambda asked: error if asked == call else None


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("error", TROUBLES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("do", ["desk:review", "desk:send"])
async def test_what_is_typed_is_not_lost_where_nobody_knows_who_reads(
    desk: World, do: str, error: PlatformError, lang: Lang, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(readers, "LATELY", 0.0)
    alice, out = AtCounter(desk, person(1), lang), (OFFICERS[1].id,)
    await alice.start(PLACE)
    await alice.press("desk:write", office=OFFICE)
    if do == "desk:send":
        await alice.press("desk:review", text=TEXT, out=out)
        fails(desk, "readers", error)
        await alice.press(do, agree="yes")
    else:
        fails(desk, "readers", error)
        await alice.press(do, text=TEXT, out=out)
    assert TEXT in alice.words
    if error is not LATER:
        assert alice.says("desk_not_now")
        await alice.press("desk:choose")
        assert TEXT in alice.words
    else:
        assert alice.says("desk_try_later")
        fails(desk, "readers", None)
        await alice.press("desk:review")
        assert alice.says("desk_review_title")
        assert filled(alice.form)[1]["text"] == TEXT
        assert alice.says("desk_taken_off", names="Officer 2"), "whom they took off stays so"
    assert not await desk.service.own(alice.who)
    look_at(alice)


async def test_whom_somebody_took_off_stays_so_on_the_way_back_and_forth(desk: World):
    alice = AtCounter(desk, person(1))
    await alice.start(PLACE)
    await alice.press("desk:write", office=OFFICE)
    await alice.press("desk:review", text=TEXT, out=(OFFICERS[1].id, HEAD.id))
    await alice.press("desk:write")
    assert filled(alice.form)[0]["out"] == (OFFICERS[1].id, HEAD.id)
    assert filled(alice.form)[1]["text"] == TEXT
    await alice.press("desk:review", out=(HEAD.id,))
    assert alice.says("desk_taken_off", names="The head")
    await alice.press("desk:write")
    await alice.press("desk:review", out=())
    assert not alice.says("desk_taken_off", names="The head")
    await alice.press("desk:send", agree="yes")
    people = (await desk.service.look(alice.form.held)).people
    assert people is not None
    assert people.excluded == frozenset()


async def test_what_is_typed_goes_along_to_another_office_and_through_a_form_that_is_too_old(
    desk: World,
):
    alice = AtCounter(desk, person(1))
    await alice.start(PLACE)
    await alice.press("desk:write", office=OFFICE)
    await alice.press("desk:choose", text=TEXT)
    assert TEXT in alice.words
    await alice.press("desk:write", office=OTHER)
    assert filled(alice.form)[1]["text"] == TEXT
    for do in ("desk:review", "desk:write", "desk:send"):
        await alice.forge(Press(do, "1" + "A" * 60, {}, {"text": TEXT}))
        assert alice.says("trouble_expired")
        assert TEXT in alice.words
    await alice.press("desk:write", office=OFFICE)
    assert filled(alice.form)[1]["text"] == TEXT
    desk.clock.move(days=1)
    await alice.press("desk:review")
    assert alice.says("trouble_expired")
    assert TEXT in alice.words
    look_at(alice)


@pytest.mark.parametrize("lang", LANGS)
async def test_every_trouble_of_sending_says_what_to_do_and_keeps_the_text(desk: World, lang: Lang):
    alice = AtCounter(desk, person(1), lang)
    await alice.start(PLACE)
    await alice.press("desk:write", office=OFFICE)
    for text, name in (("", "desk_empty"), (" \n ", "desk_empty"), (LONG + "x", "desk_too_long")):
        await alice.press("desk:review", text=text)
        assert alice.says(name)
        assert filled(alice.form)[1]["text"] == text
    await alice.press("desk:review", text=LONG, choices="yes")
    exact = filled(alice.form)[1]["text"]
    await alice.press("desk:send")
    assert alice.says("desk_not_agreed")
    await alice.press("desk:send", agree="yes", text=exact + "x" * 2_000)
    assert alice.says("desk_too_long")
    await alice.press("desk:send", agree="yes", text=exact)
    assert (await desk.service.read(alice.form.held, alice.who)).words[0].text == exact
    nameless = AtCounter(desk, Who("teams", "a-tenant", "asker-9"), lang)
    await nameless.start(PLACE)
    await nameless.press("desk:write", office=OFFICE)
    await nameless.press("desk:review", text=TEXT)
    await nameless.press("desk:send", agree="yes")
    assert nameless.says("desk_no_name")
    assert filled(nameless.form)[1]["text"] == TEXT
    for hand in (alice, nameless):
        look_at(hand)


async def test_whoever_joins_before_send_is_shown_before_anything_goes(desk: World):
    alice = AtCounter(desk, person(1))
    await alice.start(PLACE)
    await alice.press("desk:write", office=OFFICE)
    await alice.press("desk:review", text=TEXT, out=(OFFICERS[0].id,))
    desk.slack.channels[CHANNEL].members["U0NEW"] = "Newcomer"
    await alice.press("desk:send", agree="yes")
    assert alice.says("desk_readers_grew")
    assert "Newcomer" in alice.words
    assert alice.says("desk_taken_off", names="Officer 1")
    assert filled(alice.form)[1]["text"] == TEXT
    assert filled(alice.form)[0]["agree"] == (), "to a longer list they agree anew"
    assert not await desk.service.own(alice.who)
    await alice.press("desk:send", agree="yes")
    people = (await desk.service.look(alice.form.held)).people
    assert people is not None
    assert people.excluded == {OFFICERS[0].id}


@pytest.mark.parametrize("most", [25])
async def test_as_many_readers_as_are_shown_fit_whoever_is_taken_off(desk: World, most: int):
    members = {f"U0{'X' * 36}{number}": f"Reader {number}" for number in range(most)}
    desk.slack.channels[CHANNEL].members = members
    alice = AtCounter(desk, person(1))
    await alice.start(PLACE)
    await alice.press("desk:write", office=OFFICE)
    everybody = choices(alice.form, "out")
    await alice.press("desk:review", text=TEXT, out=everybody[2:])
    assert len(alice.form.held) <= 2_900
    await alice.press("desk:send", agree="yes")
    assert alice.says("desk_sent_title"), alice.words


async def test_with_too_few_left_nothing_goes_and_the_text_stays(desk: World):
    alice = AtCounter(desk, person(1))
    await alice.start(PLACE)
    await alice.press("desk:write", office=OFFICE)
    everybody = choices(alice.form, "out")
    await alice.press("desk:review", text=TEXT, out=everybody[1:])
    assert alice.says("desk_too_few")
    assert TEXT in alice.words
    look_at(alice)


@pytest.mark.parametrize("lang", LANGS)
async def test_an_officers_reply_is_not_lost_on_any_trouble(desk: World, lang: Lang):
    alice, olive = AtCounter(desk, person(1), lang), AtCounter(desk, OFFICERS[0], lang)
    number = await to_the_office(desk, alice, olive)
    await olive.press("desk:preview", reply=LONG + "x")
    assert olive.says("desk_too_long")
    assert filled(olive.form)[1]["reply"] == LONG + "x"
    await olive.press("desk:preview", reply="  ")
    assert olive.says("desk_empty")
    await olive.press("desk:preview", reply=TEXT)
    await olive.press("desk:open")
    assert filled(olive.form)[1]["reply"] == TEXT
    fails(desk, "readers", LATER)
    await olive.press("desk:preview")
    assert olive.says("desk_try_later")
    assert filled(olive.form)[1]["reply"] == TEXT
    fails(desk, "readers", None)
    await olive.press("desk:preview")
    assert olive.says("desk_exact_reply")
    fails(desk, "readers", LATER)
    await olive.press("desk:reply")
    assert filled(olive.form)[1]["reply"] == TEXT
    assert len((await desk.service.read(number, alice.who)).words) == 1
    fails(desk, "readers", None)
    await olive.press("desk:reply")
    assert olive.says("desk_replied")
    assert filled(olive.form)[1]["reply"] == ""
    look_at(olive)


@pytest.mark.parametrize("lang", LANGS)
async def test_what_the_person_answers_is_not_lost_on_any_trouble(desk: World, lang: Lang):
    alice, olive = AtCounter(desk, person(1), lang), AtCounter(desk, OFFICERS[0], lang)
    number = await to_the_office(desk, alice, olive)
    await alice.forge(Press("desk:read", number))
    await alice.press("desk:answer", answer=LONG + "x")
    assert alice.says("desk_too_long")
    assert filled(alice.form)[1]["answer"] == LONG + "x"
    await alice.press("desk:answer", answer="")
    assert alice.says("desk_empty")
    with failing_store(desk):
        await alice.press("desk:answer", answer=TEXT)
    assert alice.says("desk_failed")
    assert filled(alice.form)[1]["answer"] == TEXT
    await alice.press("desk:answer")
    assert alice.says("desk_replied")
    look_at(alice)


@pytest.mark.parametrize("lang", LANGS)
async def test_what_was_typed_is_not_lost_where_the_case_has_moved_on_meanwhile(
    desk: World, lang: Lang
):
    alice, olive = AtCounter(desk, person(1), lang), AtCounter(desk, OFFICERS[0], lang)
    number = await to_the_office(desk, alice, olive)
    await alice.forge(Press("desk:read", number))
    await olive.press("desk:preview", reply=TEXT)
    await desk.service.hand_over(number, OFFICERS[0], OFFICERS[1])
    for who, do, name in ((olive, "desk:reply", "reply"), (alice, "desk:answer", "answer")):
        await who.press(do, **{name: TEXT})
        assert filled(who.form)[1][name] == TEXT
        look_at(who)
    assert len((await desk.service.read(number, alice.who)).words) == 1


class failing_store:  # noqa: N801 it reads as what it does
    """A store that opens no transaction for a while."""

    def __init__(self, desk: World) -> None:
        self._store = desk.store
        self._engine = desk.store._engine

    def __enter__(self) -> None:
        self._store._engine = Broken()

    def __exit__(self, *_: object) -> None:
        self._store._engine = self._engine


class Broken:
    def begin(self) -> None:
        raise StoreError(Trouble.FAILED)


async def test_where_the_store_fails_what_was_picked_is_asked_for_again(desk: World):
    alice, olive = AtCounter(desk, person(1)), AtCounter(desk, OFFICERS[0])
    number = await to_the_office(desk, alice, olive)
    await olive.press("desk:transfer")
    with failing_store(desk):
        await olive.press("desk:hand_over", to=OFFICERS[1].id)
    assert olive.says("desk_failed")
    await olive.press("desk:transfer")
    await olive.press("desk:hand_over", to=OFFICERS[1].id)
    assert olive.says("desk_transferred")
    await alice.forge(Press("desk:mine"))
    with failing_store(desk):
        await alice.press("desk:read", number=number)
    await alice.press("desk:mine")
    await alice.press("desk:read", number=number)
    assert "Some words" in alice.words
    look_at(alice)
    look_at(olive)


@pytest.mark.parametrize("lang", LANGS)
async def test_where_it_could_not_be_kept_the_log_says_so_and_send_may_be_pressed_again(
    desk: World, lang: Lang, caplog: pytest.LogCaptureFixture
):
    alice = AtCounter(desk, person(1), lang)
    await alice.start(PLACE)
    await alice.press("desk:write", office=OFFICE)
    await alice.press("desk:review", text=TEXT)
    with failing_store(desk):
        await alice.press("desk:send", agree="yes")
    assert alice.says("desk_not_kept")
    assert [line for line in caplog.messages if line.startswith("the store: ")]
    assert filled(alice.form)[1]["text"] == TEXT
    await alice.press("desk:send", agree="yes")
    assert alice.says("desk_sent_title")
    look_at(alice)


# ---- more than the text


async def test_danger_and_personal_data_are_told_before_anything_goes(desk: World):
    alice = AtCounter(desk, person(1))
    await alice.start(PLACE)
    await alice.press("desk:write", office=OFFICE)
    await alice.press("desk:review", text="I want to kill myself. My SIN is 130 692 544.")
    crisis = desk.conversation.guidance.crisis
    first = [part.words for part in alice.form.parts[:4] if isinstance(part, Said)]
    assert crisis.title["en"] in first[0]
    assert all(line.number in alice.words for line in crisis.numbers)
    kind = desk.conversation.guidance.phrases["personal_sin"]["en"]
    assert alice.says("desk_personal", kinds=kind)


async def test_a_name_that_somebody_chose_is_shown_letter_by_letter(desk: World):
    name = "[The Ombud](https://evil.example) **x**"
    alice = AtCounter(desk, Who("teams", "a-tenant", "asker-1", name))
    desk.slack.channels[CHANNEL].members["U0NAMED"] = name
    olive = AtCounter(desk, OFFICERS[0])
    number = await to_the_office(desk, alice, olive)
    await olive.press("desk:preview", reply="An answer")
    await alice.forge(Press("desk:read", number))
    for hand in (alice, olive):
        parts = [part for form in hand.seen for part in form.parts if isinstance(part, Said)]
        assert any(name in part.words for part in parts)
        for part in parts:
            assert name not in part.words or part.style is Style.PLAIN


# ---- the words themselves

FAMILIES = {
    "desk_state_": [str(one) for one in State if one not in (State.WITHDRAWN, State.PURGED)],
    "desk_no_": [str(one) for one in Why if one not in (Why.NOT_YOURS, Why.CONFLICT)],
    "desk_reason_": [str(one) for one in (Reason.ANSWERED, Reason.REFERRED, Reason.MISUSE)],
    "desk_record_": [str(one) for one in (Record.EXPORTED, Record.NONE)],
    "desk_offer_": [str(one) for one in Mode if one is not Mode.CARD],
    "desk_goes_": [str(one) for one in Mode if one is not Mode.CARD],
    "desk_mode_": [str(one) for one in Mode if one is not Mode.CARD],
    "desk_card_": ["new", "taken", "resolved", "closed", "gone"],
    "level_": list(LEVELS),
}
"""Phrases whose names are put together, by what they begin with."""


def test_every_phrase_of_the_desk_is_used_and_every_one_that_is_used_is_there(guidance: Guidance):
    code = "\n".join(path.read_text() for path in (ROOT / "bot").rglob("*.py"))
    named = {name for name in re.findall(r"[\"'](desk_[a-z_]+)[\"']", code) if name[-1] != "_"}
    made = {begin + end for begin, ends in FAMILIES.items() for end in ends}
    for begin in FAMILIES:
        assert f'f"{begin}{{' in code, begin
    there = {name for name in guidance.phrases if name.startswith(("desk_", "level_"))}
    named -= {"form_presses"}
    assert (named | made) - there == set()
    assert there - named - made == set()


def test_the_phrases_of_the_desk_say_the_same_in_both_languages(guidance: Guidance):
    for name, phrase in guidance.phrases.items():
        if not name.startswith("desk_"):
            continue
        assert phrase.en.strip(), name
        assert phrase.fr.strip(), name
        places = [
            sorted(field for _, field, _, _ in string.Formatter().parse(phrase[lang]) if field)
            for lang in LANGS
        ]
        assert places[0] == places[1], name
        assert not re.search("[^\u00a0 ]:(?!//)|[^\u00a0]:| :|« | »|'", phrase.fr), name
