"""Can every word of a case be read, answered and taken out, however much was written in it?

Through the real application, in front of both fakes, which refuse what Slack and Teams would.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.channels.slack.forms import view_of
from bot.channels.teams.forms import form_card
from bot.desk.archive import Archive
from bot.desk.exchange import Exchange, page_of
from bot.desk.records import OFFICE as AT_OFFICE
from bot.desk.records import PERSON, Words
from bot.desk.vault import Vault
from bot.forms import Button, Form, Picked, Press, Said, Style, Written
from bot.guidance.model import Guidance
from bot.guidance.words import LANGS, Lang
from bot.pad import Pad
from bot.room import ROOM, taken_up
from bot.store import Store
from tests.both_app import Running, running
from tests.conftest import NOON
from tests.desk import CASE_KEY, CHANNEL, OFFICERS, officer, person, world
from tests.desk_counter import AtCounter, filled, words
from tests.desk_hands import Hand, hand_of, somebody
from tests.slack import limits as slack_limits
from tests.slack.fake import FakeSlack
from tests.teams import cards as teams_cards
from tests.teams.fake import FakeTeams

MOST = 2_000
KINDS = {
    "letters": "é",
    "quotes": '"',
    "emoji": "😀",
    "lines": "b\n",
    "braces": "{",
    "strokes": "\\",
    "tags": "&<",
    "days": "{{DATE(2026-11-20T17:00:00Z)}} ",
}


def message(number: int, fill: str = "", most: int = MOST) -> str:
    """Return what can be told from every other message, at its beginning and at its end."""
    begin, end = f"[{number:02d} begins]", f"[{number:02d} ends]"
    room = most - len(begin) - len(end)
    return begin + (fill * (room // len(fill)) if fill else " ok ") + end


SHORT = tuple(message(number) for number in range(1, 61))
LONG = tuple(message(number, [*KINDS.values()][number % len(KINDS)]) for number in range(1, 31))
LENGTHS = {"60 short": SHORT, "30 long": LONG}


def bare(text: str) -> str:
    """A text without what a screen puts in it: blanks, the ends and the marks of quoted lines."""
    return re.sub(r"(?m)^> |[\s\u2060]+", "", text)


def numbers_in(text: str, messages: Sequence[str]) -> list[int]:
    """Return which messages stand whole in a text, in their order there."""
    shown = bare(text)
    found = [(shown.find(bare(one)), number) for number, one in enumerate(messages)]
    return [number for at, number in sorted(found) if at >= 0]


# ---- the arithmetic of pages


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 500), min_size=1, max_size=40), room=st.integers(-10, 600))
def test_the_pages_of_a_case_hold_each_message_once_both_ways(sizes: list[int], room: int):
    for oldest, do in ((False, "desk:open:before:{}"), (True, "desk:export:from:{}")):
        page, seen = page_of(do.partition(":{")[0], sizes, room, oldest=oldest), []
        while True:
            assert page.first < page.last <= page.count == len(sizes)
            shown = sizes[page.first : page.last]
            assert len(shown) == 1 or sum(shown) <= room
            seen.append((page.first, page.last))
            at = page.last if oldest else page.first
            if at in (0, page.count):
                break
            page = page_of(do.format(at), sizes, room)
        pages = seen if oldest else seen[::-1]
        assert [number for one in pages for number in range(*one)] == [*range(len(sizes))]


@pytest.mark.parametrize("do", [
    "desk:open:before:0", "desk:open:before:999999", "desk:open:from:999999", "desk:open:from:0",
    "desk:open:before:-1", "desk:open:before:x", "desk:open:of:1", "desk:open:from:", "",
])  # fmt: skip
def test_a_page_that_is_not_there_gives_one_that_is(do: str):
    page = page_of(do, [10, 10, 10], 20)
    assert 0 <= page.first < page.last <= 3


@pytest.mark.parametrize("do", ["desk:reply:before:1", "desk:claim:from:0", "desk:hold:from:1"])
async def test_only_what_has_pages_is_done_with_a_page(do: str, tmp_path: Path):
    async with world(f"sqlite:///{tmp_path}/cairn.db") as desk:
        number = await desk.opened()
        before = (await desk.service.look(number)).state
        olive = AtCounter(desk, OFFICERS[0])
        await olive.forge(Press(do, number, written={"reply": "An answer"}))
        assert olive.says("desk_no_case")
        assert (await desk.service.look(number)).state is before


# ---- every page fits on every platform

TEXTS = st.one_of(
    st.text(max_size=MOST),
    st.builds(
        lambda fill, size: (fill * size)[:size],
        st.sampled_from([*KINDS.values(), "{{", "\n"]),
        st.integers(1, MOST),
    ),
)
FORMS = st.builds(
    lambda lang, reply, ticks, names, held: (
        Form(
            lang,
            [
                Said("Demande K7Q-2MX", Style.HEADING),
                Said("De : " + ", ".join(names), Style.PLAIN),
                *([Picked("out", "Qui?", [(f"teams:{n}", one) for n, one in enumerate(names)],
                          many=True, hint="Choisir", optional=True)] if ticks else
                  [Written("reply", "Répondre", reply, MOST, optional=True)]),
            ],
            Button("desk:preview", "Aperçu de la réponse"),
            [Button(f"desk:do{n}", "Marquer comme réglée") for n in range(5)],
            held,
        )
    ),
    st.sampled_from(LANGS), TEXTS, st.booleans(),
    st.lists(
        st.text("abé*_{&<\\'\" ", min_size=1, max_size=12).filter(str.strip),
        min_size=1, max_size=12, unique=True,
    ),
    st.sampled_from(["K7Q-2MX", "1" * 700]),
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(form=FORMS, texts=st.lists(TEXTS, min_size=1, max_size=60), data=st.data())
def test_a_page_of_anything_fits_on_each_platform(
    form: Form, texts: list[str], data: st.DataObject, guidance: Guidance
):
    pad = Pad(guidance, form.lang)
    said = [
        Words((PERSON, AT_OFFICE)[n % 2], NOON + timedelta(minutes=n), text)
        for n, text in enumerate(texts)
    ]
    exchange = Exchange(said, NOON.tzinfo, "desk_person_wrote", "desk_office_wrote")
    way = data.draw(st.sampled_from(["before", "from"]))
    pressed = f"desk:open:{way}:{data.draw(st.integers(0, len(texts)))}"
    for made in (
        exchange.within(form, 2, pad, "desk:open", pressed),
        exchange.copied(form, pad, "desk:export", pressed.replace("open", "export"), "Demande"),
    ):
        fits(made, guidance)


def fits(form: Form, guidance: Guidance) -> None:
    """See that a form is drawn, and keeps to what Slack and Teams take."""
    view = view_of(form, guidance.phrases)
    assert slack_limits.view(dict(view)).sentences() == []
    card = form_card(form, guidance.phrases)
    assert teams_cards.card(card, dialog=True).sentences == []


@settings(deadline=None, max_examples=100)
@given(form=FORMS, texts=st.lists(TEXTS, max_size=3))
def test_a_part_takes_up_no_more_room_than_is_counted(
    form: Form, texts: list[str], guidance: Guidance
):
    parts = [*form.parts, *(Said(text, Style.QUOTED) for text in texts)]
    form = replace(form, parts=parts, held="K7Q-2MX")
    assume(taken_up(form) <= ROOM)
    card = form_card(form, guidance.phrases)
    assert len(card.text.encode("utf-16-le")) // 2 <= taken_up(form) + 300, "300 are around it"


# ---- at the counter, in both languages


@pytest.mark.parametrize("lang", LANGS)
async def test_whoever_is_asked_again_reads_on_and_what_they_ticked_stays(
    lang: Lang, tmp_path: Path
):
    async with world(f"sqlite:///{tmp_path}/cairn.db") as desk:
        alice = AtCounter(desk, person(1), lang)
        number = await alice.sends()
        members = desk.slack.channels[CHANNEL].members
        members.update({f"U0NEW{n}": f"Personne numéro {n} Nom-Composé" for n in range(20)})
        await desk.deliver()
        await written(desk.archive, number, LONG)
        await alice.forge(Press("desk:read", number))
        assert alice.says("desk_state_asking")
        ticked = "slack:u0new3"
        await alice.press(way(alice.ways, "before"), out=ticked)
        assert "desk:agree" not in alice.ways
        for _ in range(3):
            await alice.press(way(alice.ways, "before"))
        await alice.press("desk:read")
        assert filled(alice.form)[0]["out"] == (ticked,)
        await alice.press("desk:agree")
        assert alice.says("desk_state_queued")
        case = await desk.service.look(number)
        assert case.people is not None
        assert ticked in case.people.excluded
        for form in alice.seen:
            fits(form, desk.conversation.guidance)


def way(buttons: Sequence[str], kind: str) -> str:
    (found,) = [do for do in buttons if f":{kind}:" in do]
    return found


def leads(buttons: Sequence[str], kind: str) -> bool:
    return any(f":{kind}:" in do for do in buttons)


async def test_a_page_is_open_to_nobody_to_whom_the_case_is_not(tmp_path: Path):
    async with world(f"sqlite:///{tmp_path}/cairn.db") as desk:
        number = await desk.opened()
        await written(desk.archive, number, LONG)
        for who in (OFFICERS[1], officer(9), person(2), person(1)):
            hand = AtCounter(desk, who)
            for do in ("desk:open", "desk:export", "desk:read"):
                for page in ("before:5", "from:5"):
                    form = await hand.forge(Press(f"{do}:{page}", number))
                    theirs = who == person(1) and do == "desk:read"
                    assert bool(numbers_in(words(form), LONG)) is theirs
                    assert theirs or not leads(hand.ways, "from")


# ---- in front of people, on both platforms


async def written(archive: Archive, number: str, messages: Sequence[str]) -> None:
    """Keep messages of both sides in a case, as if they had been sent."""
    async with archive.records() as records:
        kept = await records.load(number)
        for place, text in enumerate(messages):
            await records.write(kept, (PERSON, AT_OFFICE)[place % 2], text)


@asynccontextmanager
async def talking(platform: str) -> AsyncIterator[tuple[Running, Hand, Hand, str]]:
    """Somebody who has written to an office, and the officer who has opened that."""
    async with (
        FakeSlack(rates=False) as slack,
        FakeTeams(rates=False) as teams,
        running(slack, teams, office_on=platform) as cairn,
    ):
        alice, olive = somebody(cairn, platform, "Alice Asker"), hand_of(cairn, cairn.officers[0])
        await alice.walk("find_office", who="employee", need="post")
        await alice.press("desk:offices")
        await alice.pick("office", "values_ethics")
        await alice.press("desk:write")
        await alice.write("text", "How it began")
        await alice.press("desk:review")
        await alice.pick("agree", "yes")
        await alice.press("desk:send")
        await alice.close()
        await olive.open(card_of(cairn), "desk:claim")
        await olive.press("desk:clear")
        await olive.close()
        ((number, *_),) = cairn.rows("cases")
        yield cairn, alice, olive, str(number)
        for fake in (slack, teams):
            assert fake.violations == []
            assert fake.failures == []


def card_of(cairn: Running):  # type: ignore[no-untyped-def]
    """The newest card in the office's channel."""
    messages = cairn.office.messages
    return [*(messages.values() if isinstance(messages, dict) else messages)][-1]


def archive_of(cairn: Running) -> Archive:
    (store,) = [one for one in cairn.application.values() if isinstance(one, Store)]
    return Archive(store, Vault([CASE_KEY]))


async def read_back(hand: Hand, *always: str) -> AsyncIterator[str]:
    """Yield each page from the newest to the oldest, and see that one can act on every one."""
    while True:
        assert set(always) <= set(hand.buttons), hand.text
        yield hand.text
        if not leads(hand.buttons, "before"):
            return
        await hand.press(way(hand.buttons, "before"))


async def all_read(hand: Hand, messages: Sequence[str], *always: str) -> None:
    """See that somebody can read all messages, in their order, back to the first."""
    pages = [numbers_in(page, messages) async for page in read_back(hand, *always)]
    seen = [number for page in reversed(pages) for number in page]
    assert seen == [*range(len(messages))]
    assert "How it began" in hand.text
    onward = [numbers_in(hand.text, messages)]
    while leads(hand.buttons, "from"):
        await hand.press(way(hand.buttons, "from"))
        onward.append(numbers_in(hand.text, messages))
    assert [number for page in onward for number in page] == seen


@pytest.mark.long
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("platform", ["slack", "teams"])
async def test_every_word_of_a_long_case_is_read_answered_and_taken_out(platform: str, length: str):
    messages = LENGTHS[length]
    async with talking(platform) as (cairn, alice, olive, number):
        await written(archive_of(cairn), number, messages)
        await olive.open(card_of(cairn), "desk:open")
        always = "desk:preview", "desk:resolve", "desk:transfer", "desk:recuse", "desk:export"
        await all_read(olive, messages, *always)
        await taken_out(olive, messages)
        await olive.press("desk:open")
        # The longest answer, written on the page that is the fullest, stays while one reads on.
        answer = message(98, '"')
        await olive.write("reply", answer)
        if leads(olive.buttons, "before"):
            await olive.press(way(olive.buttons, "before"))
        assert olive.fields["reply"] == answer
        await olive.press("desk:preview")
        await olive.press("desk:reply")
        assert numbers_in(olive.text, [answer]) == [0]
        await olive.close()
        await alice.open(alice.own[-1], "desk:read")
        messages = (*messages, answer)
        await all_read(alice, messages, "desk:answer", "desk:mine")
        back = message(99, '"')
        await alice.write("answer", back)
        if leads(alice.buttons, "before"):
            await alice.press(way(alice.buttons, "before"))
        assert alice.fields["answer"] == back
        await alice.press("desk:answer")
        await alice.close()
        messages = (*messages, back)
        await olive.open(card_of(cairn), "desk:open")
        assert numbers_in(olive.text, messages)[-1] == len(messages) - 1, (
            "the newest is shown first"
        )
        await ended(olive, messages)


async def taken_out(hand: Hand, messages: Sequence[str]) -> None:
    """Copy a case page by page, from the beginning to the end."""
    await hand.press("desk:export")
    copied: dict[str, str] = {}
    while True:
        found = {name: text for name, text in hand.fields.items() if name.startswith("copy")}
        assert not found.keys() & copied.keys(), "a window keeps what is in a field of one name"
        copied |= found
        assert "desk:open" in hand.buttons
        if not leads(hand.buttons, "from"):
            break
        assert "desk:recorded" not in hand.buttons, "it is not said to be kept before its end"
        await hand.press(way(hand.buttons, "from"))
    assert "desk:recorded" in hand.buttons
    whole = "".join(copied.values())
    assert all(one in whole for one in messages), "letter by letter"
    assert "How it began" in whole
    assert "Alice Asker" in whole


async def ended(hand: Hand, messages: Sequence[str]) -> None:
    """Resolve a case, and have it taken out and kept as what it was."""
    await hand.press("desk:resolve")
    await hand.pick("reason", "answered")
    await hand.press("desk:resolved")
    await taken_out(hand, messages)
    await hand.pick("record", "exported")
    await hand.press("desk:recorded")
    await hand.press("desk:close")
    assert "desk:export" not in hand.buttons
