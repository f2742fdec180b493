"""Is what the promise says true where something can be sent to an office?

Somebody in one chat and an office in the other press what stands there; Cairn itself runs before
both, and before a real mail server. Where time or the store matters, the desk is used directly.
"""

from __future__ import annotations

import asyncio
import gc
import re
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

import pytest

from bot.app import utc_now
from bot.channels.slack.channel import CHANNEL as SLACK
from bot.channels.teams.channel import CHANNEL as TEAMS
from bot.desk import approach, consent, own, writing
from bot.desk import cards as on_cards
from bot.desk import officer as at_office
from bot.desk.archive import Archive
from bot.desk.case import NotAllowedError, Reason, Record, State, Why
from bot.desk.directory import Directory
from bot.desk.port import Card
from bot.desk.posting import Posting
from bot.desk.records import Kept, NoCaseError
from bot.desk.service import Desk, Sending
from bot.desk.timekeeping import Timekeeper
from bot.desk.vault import NotLockedHereError, Vault, Wrapped
from bot.forms import Form, Press
from bot.guidance.model import HANDS_OVER, Guidance
from bot.guidance.words import LANGS
from bot.handoff import Mode, OfficeDesk
from bot.jobs import keep_time
from bot.organization import Organization
from bot.platforms import Place, Who
from bot.seal import Bearer, Envelope, ExpiredError, NotOpenedError, Seal, Surface
from bot.store import open_store
from tests import desk as desks
from tests.both_app import Running, running
from tests.conftest import NOON
from tests.desk_hands import Hand, Posted, Shown, hand_of, posted, screen_of, somebody
from tests.promise import MARK, contents, on_slack, on_teams, proves
from tests.slack.fake import FakeSlack
from tests.slack_app import SEAL_KEY, guidance_of
from tests.teams.fake import FakeTeams

pytestmark = pytest.mark.xdist_group("promise")  # each visit is made once, for several proofs

PHRASES = guidance_of().guidance.phrases
OTHER = {"slack": "teams", "teams": "slack"}
ASKER = "Alice Asker"
TREE = "find_office"
CHOICES = {"who": "employee", "need": "post"}
PLACE = "find_office?who=employee&need=post"
WORDS = (
    f"Perplexed-{MARK} *zany* _quirk_ <@U0123> &amp; {{{{DATE(x)}}}} [gnu](https://gnu.example)\n"
    f"\n  - « jabot » 🙂 `vex`, and\\so <at>on</at>"
)
CHANGE = "\nAdded-in-the-preview."
REPLY = "Xylophones, quixotically."
AGAIN = "Zeppelins, marzipan."
PHONE = "613-555-0199"


def say(phrase: str, **places: object) -> str:
    """Return a sentence of Cairn in English, as it reads."""
    return PHRASES[phrase].en.format(**places)


# -- everything but Send is pressed


@dataclass
class Visit:
    """What somebody at the desk saw and pressed."""

    hand: Hand
    offered: set[str] = field(default_factory=set)
    pressed: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    fields: list[Mapping[str, str]] = field(default_factory=list)
    held: list[str] = field(default_factory=list)

    async def press(self, do: str) -> None:
        await self.hand.press(do)
        self.pressed.add(do)
        self.offered |= set(self.hand.buttons)
        self.texts.append(self.hand.text)
        self.fields.append(dict(self.hand.fields))
        self.held.append(self.hand.held)

    async def to(self, office: str) -> None:
        await self.hand.pick("office", office)
        await self.press(writing.WRITE)


async def all_but_send(hand: Hand) -> Visit:
    """Go through every form of the desk on the way to Send, and through every button but that."""
    visit = Visit(hand)
    await visit.press(writing.OFFICES)
    await visit.to(desks.OFFICE)
    await hand.write("text", WORDS)
    await visit.press(approach.CHOOSE)
    await visit.to(desks.OFFICE)
    await hand.pick("choices", "yes")
    await hand.pick("out", "odile")
    await visit.press(writing.REVIEW)
    await hand.write("text", hand.fields["text"] + CHANGE)
    await hand.pick("agree", "yes")
    await visit.press(writing.WRITE)
    await hand.pick("out", "odile", "oscar")
    await visit.press(writing.REVIEW)
    await visit.press(approach.CHOOSE)
    await visit.to(desks.BY_MAIL)
    await hand.write("text", f"{MARK}, the matter")
    await visit.press(writing.REVIEW)
    await hand.write("text", PHONE)
    await visit.press(writing.REVIEW)
    await hand.pick("agree", "yes")
    await visit.press(writing.WRITE)
    await visit.press(approach.CHOOSE)
    await visit.press(writing.MINE)
    await visit.press(approach.CHOOSE)
    await hand.close()
    return visit


@dataclass(frozen=True)
class Unsent:
    """What is there after somebody has pressed everything but Send."""

    visit: Visit
    told: list[Posted]
    at_office: int
    letters: int
    rows: dict[str, int]
    files: dict[str, bytes]
    guidance: Guidance
    remembered: set[str]
    left: int


@cache
def unsent(platform: str) -> Unsent:
    """Return what is there after somebody on a platform has pressed everything but Send."""
    return asyncio.run(_unsent(platform))


async def _unsent(platform: str) -> Unsent:
    async with app_for(platform) as cairn:
        if platform == "slack":
            await on_slack(cairn.slack, cairn.settle)
        else:
            await on_teams(cairn.teams, cairn.settle)
        before = posted(cairn)
        hand = somebody(cairn, platform, ASKER)
        await hand.walk(TREE, **CHOICES)
        visit = await all_but_send(hand)
        channels = cairn.application[SLACK], cairn.application[TEAMS]
        return Unsent(
            visit=visit,
            told=[one for one in posted(cairn) if one not in before],
            at_office=len(cairn.office.messages),
            letters=len(cairn.mail.letters),
            rows=rows_of(cairn),
            files=contents(cairn.folder),
            guidance=cairn.conversation.guidance,
            remembered=strings_in(*channels),
            left=_half_an_hour_later(cairn),
        )


@asynccontextmanager
async def app_for(platform: str, **settings: str) -> AsyncIterator[Running]:
    """Cairn, for somebody on a platform and an office on the other one."""
    async with (
        FakeSlack(rates=False) as slack,
        FakeTeams(rates=False) as teams,
        running(slack, teams, office_on=OTHER[platform], **settings) as cairn,
    ):
        yield cairn
        assert slack.violations == teams.violations == slack.failures == teams.failures == []


def rows_of(cairn: Running) -> dict[str, int]:
    """Return how many rows each table has that has any."""
    with closing(sqlite3.connect(cairn.folder / "cairn.db")) as database:
        tables = database.execute("select name from sqlite_master where type = 'table'").fetchall()
        counted = {
            name: database.execute(f"select count(*) from {name}").fetchone()[0]
            for (name,) in tables
        }
    return {name: count for name, count in counted.items() if count}


def strings_in(*roots: object) -> set[str]:
    """Return every text that objects of Cairn hold, the guidance aside."""
    found: set[str] = set()
    waiting, seen = [*roots], set()
    while waiting:
        held = waiting.pop()
        if isinstance(held, str | bytes):
            found.add(held if isinstance(held, str) else held.decode("latin-1"))
        elif id(held) not in seen:
            seen.add(id(held))
            waiting += _held_by(held)
    return found


def _held_by(held: object) -> list[object]:
    if isinstance(held, MethodType):
        return [held.__self__]
    if isinstance(held, FunctionType):
        return [cell.cell_contents for cell in held.__closure__ or ()]
    module = type(held).__module__
    ours = module.startswith("bot.") and not module.startswith("bot.guidance.")
    if ours or isinstance(held, dict | list | tuple | set):
        return [one for one in gc.get_referents(held) if not isinstance(one, type)]
    return []


def _half_an_hour_later(cairn: Running) -> int:
    """Return how much is remembered of anybody half an hour later."""
    slack, teams = cairn.application[SLACK], cairn.application[TEAMS]
    memories = [
        slack._cards._memory, slack._directory._known, slack._windows._swapped,
        slack.people._tongues, teams._events._cards, teams.people._tongues,
    ]  # fmt: skip
    assert any(len(memory) for memory in memories)
    for memory in memories:
        clock = memory._clock
        memory._clock = lambda clock=clock: clock() + 30 * 60
    slack.sweep()
    teams.sweep()
    return sum(len(memory) for memory in memories)


on_each = pytest.mark.parametrize("platform", HANDS_OVER)


@proves("nobody_told_unsent", *HANDS_OVER, handoff=True)
@on_each
def test_until_send_is_pressed_nobody_is_told_whatever_else_is_pressed(platform: str):
    there = unsent(platform)
    assert there.visit.offered - there.visit.pressed == {consent.SEND}
    assert there.at_office == there.letters == 0
    assert "outbox" not in there.rows
    ids = set(there.visit.hand.ids)
    assert all(one.to <= ids for one in there.told)


@proves("send_only", *HANDS_OVER, handoff=True)
@on_each
def test_who_stops_before_send_has_sent_nothing(platform: str):
    there = unsent(platform)
    assert set(there.rows) <= {"seen", "alembic_version"}
    assert any(CHANGE.strip() in str(fields) for fields in there.visit.fields)
    assert any(say("desk_too_few") in text for text in there.visit.texts)


@proves("no_record", *HANDS_OVER, handoff=True)
@on_each
def test_nothing_asked_or_written_is_recorded_where_something_can_be_sent(platform: str):
    there = unsent(platform)
    assert set(there.rows) <= {"seen", "alembic_version"}
    # Four events as where nothing can be sent, and in Teams the word that began the visit.
    assert there.rows["seen"] == (4 if platform == "slack" else 5)
    assert set(there.files) <= {"cairn.db", "cairn.db-wal", "cairn.db-shm"}
    for secret in (MARK, ASKER, PHONE, PLACE, *there.visit.hand.ids):
        assert not any(secret.encode() in data for data in there.files.values())


@proves("place_sealed", *HANDS_OVER, handoff=True)
@on_each
def test_the_place_is_locked_for_one_person_and_a_day_in_the_forms_of_the_desk_too(platform: str):
    there = unsent(platform)
    hand, guidance = there.visit.hand, there.guidance
    tomorrow = lambda: utc_now() + timedelta(hours=24)  # noqa: E731
    surface = Surface.MODAL if platform == "slack" else Surface.MESSAGE
    mine = Bearer(platform, hand.tenant, hand.ids[0], surface)
    seals = Seal([SEAL_KEY], guidance, utc_now), Seal([SEAL_KEY], guidance, tomorrow)
    assert seals[0].open(hand.capsules[-1], mine).place == PLACE
    for capsule in hand.capsules:
        seals[0].open(capsule, mine)
        with pytest.raises(ExpiredError):
            seals[1].open(capsule, mine)
        with pytest.raises(NotOpenedError):
            seals[0].open(capsule, replace(mine, user="somebody"))
    mine = replace(mine, surface=Surface.DESK)
    held = [one for one in there.visit.held if one]
    envelopes = Envelope([SEAL_KEY], utc_now), Envelope([SEAL_KEY], tomorrow)
    assert len(held) == len(there.visit.held) - 1  # the list of one's cases has no place
    assert PLACE in envelopes[0].open(held[0], mine)
    for sealed in held:
        envelopes[0].open(sealed, mine)
        with pytest.raises(ExpiredError):
            envelopes[1].open(sealed, mine)
        with pytest.raises(NotOpenedError):
            envelopes[0].open(sealed, replace(mine, user="somebody"))


@proves("place_memory", *HANDS_OVER, handoff=True)
@on_each
def test_memory_holds_the_last_place_locked_and_for_half_an_hour_after_the_desk_too(platform: str):
    there = unsent(platform)
    assert there.remembered
    for secret in (PLACE, "need=post", MARK, PHONE, writing.REVIEW):
        assert not [one for one in there.remembered if secret in one]
    assert there.left == 0


# -- Send is pressed, and the office answers


@dataclass
class Sent:
    """A case from its beginning to its end, as those who took part saw it."""

    hand: Hand
    number: str = ""
    first: str = ""
    preview: str = ""
    goes: str = ""
    rows: dict[str, int] = field(default_factory=dict)
    kept: Kept | None = None
    texts: list[str] = field(default_factory=list)
    before: list[Posted] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)
    office: str = ""
    offered: list[str] = field(default_factory=list)
    refused: str = ""
    unopened: str = ""
    opened: str = ""
    copied: str = ""
    notices: list[list[str]] = field(default_factory=list)

    async def look(self, cairn: Running) -> None:
        """See what is kept of the case, with the key that opens it."""
        self.number = str(cairn.rows("cases")[0][0])
        address = f"sqlite:///{cairn.folder / 'cairn.db'}"
        async with desks.world(address) as desk, desk.archive.records() as records:
            self.kept = await records.load(self.number)
            self.texts = [one.text for one in await records.words(self.kept)]


@cache
def sent(platform: str) -> Sent:
    """Return what a whole case of somebody on a platform looked like."""
    return asyncio.run(_sent(platform))


async def _sent(platform: str) -> Sent:
    async with app_for(platform) as cairn:
        hand = somebody(cairn, platform, ASKER)
        found = Sent(hand)
        await _send(cairn, found)
        found.offered = screen_of(newest(cairn))
        officer, odile = hand_of(cairn, cairn.officers[0]), hand_of(cairn, cairn.officers[2])
        await odile.open(newest(cairn), on_cards.CLAIM)
        found.refused = odile.text
        await _answered(cairn, found, officer)
        found.office = cairn.office.id
        found.posted = [one for one in posted(cairn) if one not in found.before]
        return found


async def _send(cairn: Running, found: Sent) -> None:
    hand = found.hand
    await hand.walk(TREE, **CHOICES)
    await hand.press(writing.OFFICES)
    await hand.pick("office", desks.OFFICE)
    await hand.press(writing.WRITE)
    await hand.write("text", WORDS)
    await hand.pick("choices", "yes")
    await hand.pick("out", "odile")
    await hand.press(writing.REVIEW)
    found.first = hand.fields["text"]
    await hand.write("text", found.first + CHANGE)
    await hand.pick("agree", "yes")
    found.preview, found.goes = hand.text, hand.fields["text"]
    found.rows, found.before = rows_of(cairn), posted(cairn)
    await hand.press(consent.SEND)
    await found.look(cairn)
    await hand.close()


async def _answered(cairn: Running, found: Sent, officer: Hand) -> None:
    hand = found.hand
    await officer.open(newest(cairn), on_cards.CLAIM)
    found.unopened = officer.text
    await officer.press(at_office.CLEAR)
    found.opened = officer.text
    await officer.press(at_office.EXPORT)
    (found.copied,) = [text for name, text in officer.fields.items() if name[:4] == "copy"]
    await officer.press(on_cards.OPEN)
    await officer.write("reply", REPLY)
    await officer.press(at_office.PREVIEW)
    await officer.press(at_office.REPLY)
    await officer.close()
    await hand.open(hand.own[-1], on_cards.READ)
    assert REPLY in hand.text
    await hand.write("answer", AGAIN)
    await hand.press(own.ANSWER)
    await hand.close()
    await officer.open(officer.own[-1], on_cards.OPEN)
    assert AGAIN in officer.text
    await officer.press(at_office.RESOLVE)
    await officer.press(at_office.RESOLVED)
    await officer.press(at_office.CLOSE)
    await officer.pick("record", "none")
    await officer.press(at_office.CLOSED)
    await officer.close()
    found.notices = [screen_of(one) for one in hand.own[-2:]]


def newest(cairn: Running) -> Shown:
    """Return the newest card in the office's channel."""
    messages = cairn.office.messages
    return [*(messages.values() if isinstance(messages, dict) else messages)][-1]


def title(tree: str, lang: str) -> str:
    return guidance_of().guidance.trees[tree].title[lang]


@proves("send_only", *HANDS_OVER, handoff=True)
@on_each
def test_what_the_office_reads_is_what_stood_in_the_preview_letter_by_letter(platform: str):
    case = sent(platform)
    assert set(case.rows) <= {"seen", "alembic_version"}
    assert case.goes == case.first + CHANGE
    assert case.first.startswith(WORDS)
    assert say("desk_choices_title") in case.first
    assert case.texts == [case.goes]
    assert case.copied.endswith(f"\n{case.goes}")
    for line in case.goes.split("\n"):
        assert line in case.opened
    assert CHANGE.strip() not in case.unopened


@proves("send_only", *HANDS_OVER, handoff=True)
@on_each
def test_it_goes_to_those_who_stood_in_the_preview_and_to_no_others(platform: str):
    case = sent(platform)
    assert case.kept is not None
    people = case.kept.case.people
    assert people is not None
    names = [people.readers[one] for one in people.readers if one in people.claimers]
    assert names == ["olive", "oscar"]
    assert say("desk_readers", names=", ".join(names)) in case.preview
    assert say("desk_taken_off", names="odile") in case.preview
    assert say("desk_to", office="Values and Ethics, Lakes and Portages") in case.preview
    assert say("desk_no_case") in case.refused
    assert ASKER not in case.refused


@proves("send_only", *HANDS_OVER, handoff=True)
@on_each
def test_what_a_channel_shows_of_it_stood_in_the_preview(platform: str):
    case = sent(platform)
    shows = say("desk_shows_case", topic=title(TREE, "en"), language=say("language_en"))
    assert shows in case.preview
    assert case.kept is not None
    assert case.kept.case.topic == TREE


@proves("send_only", *HANDS_OVER, handoff=True)
def test_the_button_is_called_as_the_promise_calls_it(guidance: Guidance):
    sentence = next(one for one in guidance.promise.sentences if one.id == "send_only")
    for lang, quoted in (("en", "“{}”"), ("fr", "«\u00a0{}\u00a0»")):
        assert quoted.format(PHRASES["desk_send"][lang]) in sentence.words[lang]


@proves("no_record", *HANDS_OVER, handoff=True)
@on_each
def test_of_a_walk_nothing_is_kept_after_send_but_what_stood_in_the_preview(platform: str):
    for case in (sent(platform), mailed(platform)):
        assert case.kept is not None
        kept = case.kept.case
        assert kept.people is not None
        assert kept.people.requester.name == ASKER
        shown = case.kept, [*kept.people.requester.route.values()]
        for secret in (PLACE, *CHOICES.values(), MARK):
            assert secret not in str(shown)
        assert case.texts == [case.goes]
    assert mailed(platform).kept.case.topic == ""  # type: ignore[union-attr]


@proves("send_name", *HANDS_OVER, handoff=True)
@on_each
def test_the_name_stands_in_the_preview_and_with_whoever_has_taken_it(platform: str):
    case = sent(platform)
    told = say("desk_from", name=ASKER)
    assert told in case.preview
    assert say("desk_agree_yes") in case.preview
    assert "name" in say("desk_agree_yes")
    assert told in case.opened
    assert ASKER not in case.unopened


@proves("send_name", *HANDS_OVER, handoff=True)
@on_each
def test_the_name_stands_in_the_letter_too(platform: str):
    case = mailed(platform)
    assert say("desk_from", name=ASKER) in case.preview
    assert case.letters[0].count(ASKER) == len(LANGS)


@proves("send_name", *HANDS_OVER, handoff=True)
@on_each
@pytest.mark.parametrize("office", [desks.OFFICE, desks.BY_MAIL])
async def test_without_a_name_nothing_goes(platform: str, office: str, tmp_path: Path):
    async with desks.world(f"sqlite:///{tmp_path / 'cairn.db'}") as desk:
        who = replace(desks.person(1, platform), name="")
        text = PHONE if office == desks.BY_MAIL else "Some words"
        form = await to_send(desk, who, office, text)
        assert form.parts[0].words == say("desk_no_name")  # type: ignore[union-attr]
        assert await desk.deliver() == 0
        assert await desk.service.own(who) == ()
        form = await to_send(desk, replace(who, name=ASKER), office, text)
        assert len(await desk.service.own(who)) == 1


async def to_send(desk: desks.World, who: Who, office: str, text: str) -> Form:
    """Press what leads to Send, and Send; return the form that comes."""
    counter = desk.counter
    form = await counter.press(who, Press(writing.OFFICES, "post_reported"), "en")
    picked = {"office": (office,)}
    form = await counter.press(who, Press(writing.WRITE, form.held, picked), "en")
    written = {"text": text}
    form = await counter.press(who, Press(writing.REVIEW, form.held, {}, written), "en")
    agreed = {"agree": ("yes",)}
    return await counter.press(who, Press(consent.SEND, form.held, agreed, written), "en")


# -- by e-mail


@dataclass
class Mailed(Sent):
    """An introduction by e-mail."""

    letters: list[str] = field(default_factory=list)
    refusal: str = ""
    after: list[str] = field(default_factory=list)
    body: str = ""


@cache
def mailed(platform: str) -> Mailed:
    """Return what an introduction by e-mail of somebody on a platform looked like."""
    return asyncio.run(_mailed(platform))


async def _mailed(platform: str) -> Mailed:
    async with app_for(platform) as cairn:
        hand = somebody(cairn, platform, ASKER)
        found = Mailed(hand)
        await hand.walk(TREE, **CHOICES)
        await hand.press(writing.OFFICES)
        await hand.pick("office", desks.BY_MAIL)
        await hand.press(writing.WRITE)
        await hand.write("text", f"{MARK}, the matter")
        await hand.press(writing.REVIEW)
        found.refusal = hand.text
        await hand.write("text", PHONE)
        await hand.press(writing.REVIEW)
        await hand.pick("agree", "yes")
        found.preview, found.goes = hand.text, hand.fields["text"]
        found.rows = rows_of(cairn)
        await hand.press(consent.SEND)
        await hand.close()
        await found.look(cairn)
        await hand.walk(TREE, **CHOICES)
        await hand.press(writing.OFFICES)
        await hand.press(writing.MINE)
        await hand.press(on_cards.READ)
        found.after = hand.buttons
        for letter in cairn.mail.letters:
            found.body = letter.get_content().replace("\r\n", "\n")
            headers = "\n".join(f"{name}: {value}" for name, value in letter.items())
            found.letters.append(f"{headers}\n\n{found.body}")
        return found


@proves("sent_by_email", *HANDS_OVER, handoff=True)
@on_each
def test_a_letter_has_the_name_and_how_to_reach_the_person_and_nothing_of_the_matter(platform: str):
    case = mailed(platform)
    assert len(case.letters) == 1
    assert case.body == "".join(
        "\n\n".join(
            PHRASES["desk_letter"][lang].format(
                name=ASKER, reach=PHONE, language=PHRASES["language_en"][lang], number=case.number
            )
            for lang in LANGS
        )
        + "\n"
    )
    guidance = guidance_of().guidance
    chosen = [
        option.label[lang]
        for question in guidance.trees[TREE].questions.values()
        for option in question.options
        if option.id in CHOICES.values()
        for lang in LANGS
    ]
    assert chosen
    for secret in (MARK, PLACE, TREE, title(TREE, "en"), title(TREE, "fr"), *chosen):
        assert secret not in case.letters[0]


@proves("sent_by_email", *HANDS_OVER, handoff=True)
@on_each
def test_words_of_the_matter_cannot_be_put_where_the_phone_number_goes(platform: str):
    case = mailed(platform)
    assert say("desk_reach_wrong") in case.refusal
    assert consent.SEND not in case.refusal


@proves("sent_by_email", *HANDS_OVER, handoff=True)
@on_each
def test_before_a_letter_goes_the_person_reads_that_it_is_one(platform: str):
    case = mailed(platform)
    assert say("desk_by_mail") in case.preview
    assert say("desk_goes_introduction") in case.preview
    assert set(case.rows) <= {"seen", "alembic_version"}
    assert consent.WITHDRAW not in case.after


@proves("sent_by_email", *HANDS_OVER, handoff=True)
@on_each
async def test_a_letter_that_has_gone_cannot_be_called_back(platform: str, tmp_path: Path):
    async with desks.world(f"sqlite:///{tmp_path / 'cairn.db'}") as desk:
        who = desks.person(1, platform)
        form = await to_send(desk, who, desks.BY_MAIL, PHONE)
        await desk.deliver()
        assert len(desk.post.letters) == 1
        for do in (consent.WITHDRAW, own.WITHDRAWN):
            told = await desk.counter.press(who, Press(do, form.held), "en")
            assert [one.words for one in told.parts] == [say("desk_no_too_late")]  # type: ignore[union-attr]
        assert await desk.deliver() == 0
        assert len(desk.post.letters) == 1


# -- notices


@proves("notices_neutral", *HANDS_OVER, handoff=True)
@on_each
def test_no_message_in_any_chat_has_a_word_or_the_name_or_an_id_of_the_person(platform: str):
    case = sent(platform)
    said = f"{WORDS}{CHANGE} {REPLY} {AGAIN}"
    words = set(re.findall(r"[^\W_]{4,}", said))
    chosen = {line for line in case.first.removeprefix(WORDS).split("\n") if line}
    secrets = {*words, *chosen, *ASKER.split(), *case.hand.ids}
    assert len(secrets) > 15
    assert len(case.posted) > 6
    for one in case.posted:
        assert not {secret for secret in secrets if secret in one.body}


@proves("notices_neutral", *HANDS_OVER, handoff=True)
@on_each
def test_the_topic_and_the_language_stand_on_the_offices_card_and_nowhere_else(platform: str):
    case = sent(platform)
    for lang in LANGS:
        lines = [line for line in case.offered if title(TREE, lang) in line]
        assert len(lines) == 1
        assert PHRASES["language_en"][lang] in lines[0]
    for one in case.posted:
        if one.chat != case.office:
            assert not any(title(TREE, lang) in one.body for lang in LANGS)
    assert {case.office} < {one.chat for one in case.posted}


@proves("notices_neutral", *HANDS_OVER, handoff=True)
@on_each
def test_a_persons_own_notice_shows_only_that_there_is_a_case(platform: str):
    case = sent(platform)
    only = [say("desk_notice"), say("desk_card", number=case.number), f"[ {say('desk_read')} ]"]
    assert case.notices == [only, only]


class Recording(desks.Chat):
    """A chat that keeps every state of everything that was in it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.said: list[tuple[str, Any]] = []

    async def post(self, place: Place, card: Card) -> str:
        self.said.append(("office", card))
        return await super().post(place, card)

    async def update(self, place: Place, ref: str, card: Card) -> None:
        self.said.append(("office", card))
        await super().update(place, ref, card)

    async def remind(self, place: Place, ref: str, line: str) -> None:
        self.said.append(("line", line))
        await super().remind(place, ref, line)

    async def tell(self, who: Who, card: Card) -> None:
        self.said.append((who.user, card))
        await super().tell(who, card)


@proves("notices_neutral", *HANDS_OVER, handoff=True)
@on_each
@pytest.mark.parametrize("mode", [Mode.CASE, Mode.INTRODUCTION])
async def test_what_is_said_when_time_goes_by_is_as_neutral(
    platform: str, mode: Mode, tmp_path: Path
):
    slack, teams = Recording("slack"), Recording("teams")
    people = {who.user: who.name for who in desks.READERS}
    slack.channels = {desks.CHANNEL: desks.Channel(people)}
    desk_here = replace(desks.desk_on_slack(), mode=mode)
    address = f"sqlite:///{tmp_path / 'cairn.db'}"
    async with desks.world(
        address, slack=slack, teams=teams, desks={desks.OFFICE: desk_here}
    ) as desk:
        who = desks.person(1, platform)
        text = MARK if mode is Mode.CASE else PHONE
        await to_send(desk, who, desks.OFFICE, text)
        await desk.deliver()
        (case,) = await desk.service.own(who)
        await _time_goes_by(desk, hours=10 * 24)
        assert (await desk.service.look(case.number)).state is State.FALLBACK
        said = [*slack.said, *teams.said]
        assert {to for to, _ in said} == {"office", "line", desks.DEPUTY.user, who.user}
        for to, card in said:
            for secret in (text, who.name, who.user, who.route["chat"]):
                assert secret not in str(card)
            for lang in LANGS:
                shows = mode is Mode.CASE and to == "office" and bool(card.buttons)
                assert (title("post_reported", lang) in str(card)) is shows
                if to == "office" and card.buttons:
                    assert PHRASES["language_en"][lang] in str(card)


async def _time_goes_by(desk: desks.World, hours: int) -> None:
    for _ in range(hours):
        desk.clock.move(hours=1)
        await desk.keeper.tick()
        await desk.deliver()


@proves("notices_neutral", *HANDS_OVER, handoff=True)
@on_each
async def test_the_offices_card_shows_the_language_where_there_is_no_topic_too(
    platform: str, tmp_path: Path
):
    async with desks.world(f"sqlite:///{tmp_path / 'cairn.db'}") as desk:
        await desk.send(desks.person(1, platform), topic="")
        await desk.deliver()
        (card,) = desk.slack.channels[desks.CHANNEL].cards.values()
        for lang in LANGS:
            assert PHRASES["desk_topic_other"][lang] in str(card)
            assert PHRASES["language_en"][lang] in str(card)


# -- erasing, by itself


class Watched(Timekeeper):
    """One that tells when it has purged."""

    def __init__(self, archive: Archive, directory: Directory) -> None:
        super().__init__(archive, directory)
        self.has_purged = asyncio.Event()

    async def purge(self) -> int:
        try:
            return await super().purge()
        finally:
            self.has_purged.set()


async def keep_time_once(desk: desks.World) -> None:
    """Let Cairn keep time until it has purged for the first time."""
    keeper = Watched(desk.archive, desk.directory)
    task = asyncio.create_task(keep_time(keeper, desk.store))
    async with asyncio.timeout(30):
        await keeper.has_purged.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def closed_case(desk: desks.World, platform: str, record: Record | None) -> str:
    """Return a case that was answered and closed, with the office's word on its own record."""
    number, officer = await desk.opened(desks.person(1, platform), MARK), desks.OFFICERS[0]
    await desk.service.resolve(number, officer, Reason.ANSWERED)
    if record is not None:
        await desk.service.keep(number, officer, record)
    await desk.service.close(number, officer)
    await desk.deliver()
    return number


def locked_in(file: Path) -> int:
    """Return how much is left of names and words: keys, words, and whom cases name."""
    with closing(sqlite3.connect(file)) as database:
        count = "select count(*) from "
        of = ("case_keys", "messages", "cases where people is not null or requester is not null")
        return sum(database.execute(count + one).fetchone()[0] for one in of)


@proves("send_erased", *HANDS_OVER, handoff=True)
@on_each
@pytest.mark.parametrize("record", [Record.EXPORTED, Record.NONE])
async def test_cairn_erases_by_itself_thirty_days_after_closing(
    platform: str, record: Record, tmp_path: Path
):
    file = tmp_path / "cairn.db"
    async with desks.world(f"sqlite:///{file}") as desk:
        await closed_case(desk, platform, record)
        desk.clock.move(days=30, seconds=-1)
        await keep_time_once(desk)
        assert locked_in(file) > 0
        desk.clock.move(seconds=1)
        await keep_time_once(desk)
        assert locked_in(file) == 0


@proves("send_erased", *HANDS_OVER, handoff=True)
@on_each
async def test_cairn_waits_for_the_office_to_have_its_own_record(platform: str, tmp_path: Path):
    file = tmp_path / "cairn.db"
    async with desks.world(f"sqlite:///{file}") as desk:
        number = await closed_case(desk, platform, None)
        desk.clock.move(days=60)
        await keep_time_once(desk)
        assert locked_in(file) > 0
        await desk.service.keep(number, desks.OFFICERS[0], Record.EXPORTED)
        await keep_time_once(desk)
        assert locked_in(file) == 0


@proves("send_erased", *HANDS_OVER, handoff=True)
@on_each
async def test_a_name_without_words_is_erased_in_the_same_way(platform: str, tmp_path: Path):
    file = tmp_path / "cairn.db"
    async with desks.world(f"sqlite:///{file}") as desk:
        await to_send(desk, desks.person(1, platform), desks.BY_MAIL, PHONE)
        await desk.deliver()
        desk.clock.move(days=30, seconds=-1)
        await keep_time_once(desk)
        assert locked_in(file) > 0
        desk.clock.move(seconds=1)
        await keep_time_once(desk)
        assert locked_in(file) == 0


@proves("send_erased", *HANDS_OVER, handoff=True)
@on_each
async def test_cairn_erases_as_soon_as_it_runs_what_became_due_while_it_did_not(
    platform: str, tmp_path: Path
):
    file = tmp_path / "cairn.db"
    clock = desks.Clock(utc_now() - timedelta(days=31))
    async with desks.world(f"sqlite:///{file}", clock=clock) as desk:
        await closed_case(desk, platform, Record.EXPORTED)
    assert locked_in(file) > 0
    async with app_for(platform, database_url=f"sqlite:///{file}") as cairn:
        await cairn.slack.until(lambda: locked_in(file) == 0)


# -- what is sent to an office: how it is kept, who opens it, and when it is gone

NAME = "name-canary-77c2"
ROUTE = "route-canary-90ab"
CASE_KEY = bytes(range(100, 132))
OFFICE = "values_ethics"
MAILED = "conflict_of_interest"
NUMBER = "K4T7"


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, **time: float) -> None:
        self.now += timedelta(**time)


class Office:
    """A desk in a folder, with one office on a platform and one that is reached by e-mail."""

    def __init__(self, platform: str, folder: Path, organization: Organization) -> None:
        self.platform = platform
        self.folder = folder
        self.clock = Clock()
        self.organization = organization
        self.asker = Who(platform, "T1", "asker-canary", NAME, {"chat": ROUTE})
        self.readers = {f"{platform}:reader{n}": f"Reader {n}" for n in range(3)}
        self.excluded = f"{platform}:reader2"
        self.desk: Desk
        self.posting: Posting
        self.time: Timekeeper

    def who(self, user: str) -> Who:
        return Who(self.platform, "T1", user)

    def sending(self, number: str = NUMBER, office: str = OFFICE) -> Sending:
        mode = "introduction" if office == MAILED else "case"
        readers = {} if office == MAILED else self.readers
        excluded = frozenset() if office == MAILED else frozenset({self.excluded})
        return Sending(
            number, office, "my_post_questioned", "en", mode, self.asker, readers, excluded, MARK
        )

    async def arrived(self, number: str = NUMBER) -> None:
        """Open a case and bring it to the office."""
        await self.desk.open(self.sending(number))
        thing = await self.posting.take()
        assert thing is not None
        await self.posting.offered(thing, "card")

    async def cleared(self, number: str = NUMBER) -> Who:
        """Bring a case to where somebody may read it; return who."""
        await self.arrived(number)
        reader = self.who("reader0")
        await self.desk.claim(number, reader)
        await self.desk.clear(number, reader)
        return reader

    async def closed(self, record: Record | None) -> None:
        """Bring a case to its end."""
        reader = await self.cleared()
        if record is not None:
            await self.desk.keep(NUMBER, reader, record)
        await self.desk.resolve(NUMBER, reader, Reason.ANSWERED)
        await self.desk.close(NUMBER, reader)

    async def hold(self, *users: str) -> None:
        for user in users:
            await self.desk.hold(NUMBER, self.who(user))

    def rows(self, table: str) -> list[dict[str, object]]:
        with closing(sqlite3.connect(self.folder / "cairn.db")) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(f"select * from {table}")]

    @property
    def erased(self) -> bool:
        """Whether there is neither a key nor anything locked by one."""
        people = [row["people"] for row in self.rows("cases")]
        return not self.rows("case_keys") and not self.rows("messages") and set(people) == {None}


@asynccontextmanager
async def an_office(
    platform: str, folder: Path, organization: Organization, **changed: bool
) -> AsyncIterator[Office]:
    contacts = dict(organization.contacts)
    on_platform = OfficeDesk(
        mode=Mode.CASE, on=platform, channel="C1", tenant="T1", head="head", deputy="deputy",
        holders=("holder0", "holder1"),
    )  # fmt: skip
    by_mail = OfficeDesk(mode=Mode.INTRODUCTION, on="mail")
    contacts[OFFICE] = replace(contacts[OFFICE], desk=on_platform)
    contacts[MAILED] = replace(contacts[MAILED], desk=by_mail)
    office = Office(platform, folder, replace(organization, contacts=contacts, **changed))
    store = await open_store(f"sqlite:///{folder / 'cairn.db'}", [SEAL_KEY], office.clock)
    try:
        archive, directory = Archive(store, Vault([CASE_KEY])), Directory(office.organization)
        office.desk = Desk(archive, directory)
        office.posting = Posting(archive)
        office.time = Timekeeper(archive, directory)
        yield office
    finally:
        await store.close()


Organized = tuple[Guidance, Organization]


@proves("send_encrypted", *HANDS_OVER, handoff=True)
@on_each
async def test_names_and_words_are_kept_under_a_key_of_their_own(
    platform: str, tmp_path: Path, organized: Organized
):
    async with an_office(platform, tmp_path, organized[1]) as office:
        for number in ("K4T7", "M2P9"):
            await office.arrived(number)
        for data in contents(tmp_path).values():
            for secret in (MARK, NAME, ROUTE, "asker-canary", *office.readers, "Reader 0"):
                assert secret.encode() not in data
        vault, keys = Vault([CASE_KEY]), office.rows("case_keys")
        raw = [vault._unwrap(k["number"], Wrapped(k["key_id"], k["sealed"])) for k in keys]
        assert len(set(raw)) == len(raw) == 2
        for key in keys:
            with pytest.raises(NotLockedHereError):
                Vault([SEAL_KEY]).open(key["number"], Wrapped(key["key_id"], key["sealed"]))
        assert (await office.desk.read("K4T7", office.asker)).words[0].text == MARK
        await office.desk.withdraw("K4T7", office.asker)
        assert (await office.desk.read("M2P9", office.asker)).words[0].text == MARK


@proves("who_reads", *HANDS_OVER, handoff=True)
@on_each
async def test_only_those_whom_the_person_agreed_to_can_open_it(
    platform: str, tmp_path: Path, organized: Organized
):
    async with an_office(platform, tmp_path, organized[1]) as office:
        desk = office.desk
        await office.arrived()
        others = ["reader1", "reader2", "head", "deputy", "holder0", "holder1", "newcomer"]
        for user in ("reader2", "head", "deputy", "holder0", "newcomer"):
            with pytest.raises(NotAllowedError):
                await desk.claim(NUMBER, office.who(user))
        reader = office.who("reader0")
        await desk.claim(NUMBER, reader)
        for user in ("reader0", *others):
            with pytest.raises(NotAllowedError):
                await desk.read(NUMBER, office.who(user))
        await desk.clear(NUMBER, reader)
        for user in others:
            with pytest.raises(NotAllowedError):
                await desk.read(NUMBER, office.who(user))
            if user != "reader1":
                with pytest.raises(NotAllowedError):
                    await desk.hand_over(NUMBER, reader, office.who(user))
        for who in (reader, office.asker):
            read = await desk.read(NUMBER, who)
            assert [words.text for words in read.words] == [MARK]
        assert read.case.people is not None
        assert read.case.people.readers == office.readers


@proves("withdraw", *HANDS_OVER, handoff=True)
@on_each
@pytest.mark.parametrize("until", ["sent", "arrived", "claimed"])
async def test_until_it_is_opened_it_can_be_withdrawn_and_is_gone_at_once(
    platform: str, until: str, tmp_path: Path, organized: Organized
):
    async with an_office(platform, tmp_path, organized[1]) as office:
        if until == "sent":
            await office.desk.open(office.sending())
        else:
            await office.arrived()
        if until == "claimed":
            await office.desk.claim(NUMBER, office.who("reader0"))
        sealed = [bytes(row["sealed"]) for row in office.rows("case_keys")]
        await office.desk.withdraw(NUMBER, office.asker)
        assert office.erased
        assert not [data for data in contents(tmp_path).values() if sealed[0] in data]
        with pytest.raises(NotAllowedError):
            await office.desk.claim(NUMBER, office.who("reader0"))
        with pytest.raises((NotAllowedError, NoCaseError)):
            await office.desk.read(NUMBER, office.asker)


@on_each
async def test_what_the_office_has_opened_cannot_be_withdrawn(
    platform: str, tmp_path: Path, organized: Organized
):
    async with an_office(platform, tmp_path, organized[1]) as office:
        await office.cleared()
        with pytest.raises(NotAllowedError) as refused:
            await office.desk.withdraw(NUMBER, office.asker)
        assert refused.value.why is Why.TOO_LATE


@proves("held_longer", *HANDS_OVER, handoff=True)
@on_each
@pytest.mark.parametrize("by", ["holder", "law"])
async def test_two_who_may_hold_it_keep_it_and_so_does_a_hold_on_all_files(
    platform: str, by: str, tmp_path: Path, organized: Organized
):
    async with an_office(platform, tmp_path, organized[1], legal_hold=by == "law") as office:
        if by == "law":
            await office.closed(Record.EXPORTED)
            await office.arrived("M2P9")
            await office.desk.withdraw("M2P9", office.asker)
        else:
            await office.closed(Record.EXPORTED)
            await office.hold("holder0", "holder1")
        office.clock.move(days=400)
        assert await office.time.purge() == 0
        assert (await office.desk.read(NUMBER, office.asker)).words[0].text == MARK
        kept = [row["number"] for row in office.rows("case_keys")]
        assert kept == ([NUMBER, "M2P9"] if by == "law" else [NUMBER])


@proves("held_longer", *HANDS_OVER, handoff=True)
@on_each
async def test_one_alone_cannot_hold_it_nor_can_the_office(
    platform: str, tmp_path: Path, organized: Organized
):
    async with an_office(platform, tmp_path, organized[1]) as office:
        await office.closed(Record.EXPORTED)
        await office.hold("holder0")
        for user in ("holder0", "reader0", "head", "asker-canary"):
            with pytest.raises(NotAllowedError):
                await office.hold(user)
        office.clock.move(days=30)
        assert await office.time.purge() == 1
        assert office.erased


@proves("send_erased", *HANDS_OVER, handoff=True)
@on_each
@pytest.mark.parametrize("record", [Record.EXPORTED, Record.NONE])
async def test_thirty_days_after_it_was_closed_it_is_erased(
    platform: str, record: Record, tmp_path: Path, organized: Organized
):
    async with an_office(platform, tmp_path, organized[1]) as office:
        await office.closed(record)
        sealed = [bytes(row["sealed"]) for row in office.rows("case_keys")]
        office.clock.move(days=30, seconds=-1)
        assert await office.time.purge() == 0
        office.clock.move(seconds=1)
        assert await office.time.purge() == 1
        assert office.erased
        assert not [data for data in contents(tmp_path).values() if sealed[0] in data]


@proves("send_erased", *HANDS_OVER, handoff=True)
@on_each
async def test_before_the_office_has_settled_its_own_record_it_is_not_erased(
    platform: str, tmp_path: Path, organized: Organized
):
    async with an_office(platform, tmp_path, organized[1]) as office:
        await office.closed(None)
        office.clock.move(days=40)
        assert await office.time.purge() == 0
        await office.desk.keep(NUMBER, office.who("reader0"), Record.EXPORTED)
        assert await office.time.purge() == 1
        assert office.erased


@proves("send_erased", *HANDS_OVER, handoff=True)
@on_each
async def test_an_introduction_by_letter_is_erased_thirty_days_after_it_went(
    platform: str, tmp_path: Path, organized: Organized
):
    async with an_office(platform, tmp_path, organized[1]) as office:
        await office.desk.open(office.sending(office=MAILED))
        thing = await office.posting.take()
        assert thing is not None
        await office.posting.mailed(thing)
        office.clock.move(days=30, seconds=-1)
        assert await office.time.purge() == 0
        office.clock.move(seconds=1)
        assert await office.time.purge() == 1
        assert office.erased
