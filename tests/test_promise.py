"""Is each sentence of the privacy promise true? Each has its tests, and none is without one.

A sentence is claimed on each of its channels, where something can be sent to an office and where
nothing can. Each of these claims has a proof of its own, or the build fails. What is said of
sending is proved in ``test_promise_handoff``.
"""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

import tests.test_promise_handoff  # noqa: F401 its proofs count
from bot.app import utc_now, web_application
from bot.channels.slack.answers import SlackAnswers
from bot.channels.slack.decode import Person as SlackPerson
from bot.channels.teams.answers import TeamsAnswers
from bot.channels.teams.decode import Person as TeamsPerson
from bot.channels.terminal.chat import chat
from bot.channels.text import render as as_text
from bot.channels.web.render import renderer
from bot.channels.web.server import web_chat
from bot.channels.wording import promise_line, sentences_of
from bot.conversation import Conversation, Look, Move, Open, Reply
from bot.disclosure import Cell
from bot.disclosure import shown as shown_of
from bot.guidance.model import (
    CHANNELS,
    HANDS_OVER,
    Guidance,
    PromiseSentence,
    When,
)
from bot.guidance.words import LANGS, Lang, Words, plain
from bot.seal import Bearer, ExpiredError, Seal, Surface
from bot.settings import read_settings
from tests.promise import (
    MARK,
    PROVED,
    VARIANTS,
    Claim,
    claims,
    contents,
    counted_only,
    kept_in,
    on_slack,
    on_teams,
    proves,
    seen_only,
)
from tests.slack import screen
from tests.slack.fake import FakeSlack
from tests.slack_app import SEAL_KEY, running
from tests.teams import screen as teams_screen
from tests.teams.fake import FakeTeams
from tests.teams_app import running as in_teams
from tests.thousand import MARK as PEOPLE_MARK
from tests.thousand import all_records, converse, crowd_of, places_of, traces


def files_open_for_writing() -> set[str]:
    """Return the files that this process may write to, standard streams and pipes aside."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
            info = Path(f"/proc/self/fdinfo/{link.name}").read_text()
            flags = int(info.split("flags:")[1].split()[0], 8)
        except (OSError, IndexError):
            continue
        if target.startswith("/") and not target.startswith("/dev/") and flags & 0o3:
            found.add(target)
    return found


def nothing_in(folder: Path) -> bool:
    """Whether a folder is empty."""
    return not list(folder.rglob("*"))


def held_in_memory(text: str) -> int:
    """Count the strings in memory that hold ``text``, other than ``text`` itself."""
    gc.collect()
    return sum(
        isinstance(held, str) and text in held and held is not text
        for holder in gc.get_objects()
        if not isinstance(holder, FrameType)
        for held in gc.get_referents(holder)
    )


def fresh(text: str) -> str:
    """Return a copy that is another object, as if it had come from outside."""
    return "".join(list(text))


def walk_in_terminal(conversation: Conversation, *texts: str) -> list[str]:
    shown: list[str] = []
    chat(conversation, "en", "can_i_post", iter(texts), shown.append)
    return shown


async def ask(conversation: Conversation, **fields: str) -> str:
    server = TestServer(web_application(read_settings({}), conversation))
    await server.start_server(access_log=None)
    async with ClientSession() as http, http.post(server.make_url("/"), data=fields) as response:
        page = await response.text()
    await server.close()
    return page


def test_every_sentence_on_every_channel_has_its_proof(guidance: Guidance):
    told = [
        f"{claim.sentence} on {claim.channel}, hand-off {'on' if claim.hands_over else 'off'}"
        for claim in sorted(claims(guidance.promise) - PROVED)
    ]
    assert not told, "promised and not proved:\n" + "\n".join(told)


def test_no_proof_is_of_a_sentence_that_is_not_said(guidance: Guidance):
    assert claims(guidance.promise) >= PROVED


@pytest.mark.parametrize("when", When)
def test_a_sentence_without_a_proof_is_found_on_every_channel(guidance: Guidance, when: When):
    new = PromiseSentence("new", CHANNELS, Words("New.", "Nouveau."), when)
    more = replace(guidance.promise, sentences=(*guidance.promise.sentences, new))
    expected = {
        Claim("new", channel, hands_over)
        for channel, hands_over in VARIANTS
        if when is When.ALWAYS or hands_over is (when is When.HANDOFF)
    }
    assert claims(more) - claims(guidance.promise) - PROVED == expected


def test_a_sentence_that_is_said_on_one_more_channel_needs_one_more_proof(guidance: Guidance):
    sentences = tuple(
        replace(one, channels=CHANNELS) if one.id == "place_web" else one
        for one in guidance.promise.sentences
    )
    more = replace(guidance.promise, sentences=sentences)
    assert {claim.channel for claim in claims(more) - claims(guidance.promise) - PROVED} == {
        "terminal", "slack", "teams",
    }  # fmt: skip


# -- what is said where


def shown(conversation: Conversation, channel: str, lang: Lang, place: str) -> str:
    """Return a page as its reader has it on a channel, on one line."""
    reply = conversation.respond(Move("home", lang, Open(place)))
    if channel == "web":
        text = renderer()(reply)
    elif channel == "terminal":
        text = as_text(reply)
    elif channel == "slack":
        answers = SlackAnswers(conversation, Seal([SEAL_KEY], conversation.guidance, utc_now))
        view = answers.modal(reply, SlackPerson("T000", "U000"))
        text = "\n".join(screen.plain(b["text"]) for b in said_in(view))
    else:
        cards = TeamsAnswers(conversation, Seal([SEAL_KEY], conversation.guidance, utc_now))
        card = cards.card(reply, TeamsPerson("nowhere", "nobody", "nobody"), Surface.MODAL)
        text = teams_screen.text(dict(card))
    return " ".join(text.split())


def said_in(view: object) -> Iterator[dict[str, object]]:
    """Yield every part of a payload that has a text to be read."""
    if isinstance(view, dict):
        if isinstance(view.get("text"), dict):
            yield view
        view = list(view.values())
    if isinstance(view, list):
        for part in view:
            if isinstance(part, dict) and part.get("type") == "mrkdwn":
                yield {"text": part}
            else:
                yield from said_in(part)


def one_line(words: str) -> str:
    return " ".join(plain(words).split())


def told(conversation: Conversation, sentence: str, *variants: tuple[str, bool]) -> bool:
    """Whether the promise pages of channels show a sentence in both languages."""
    words = next(s.words for s in conversation.guidance.promise.sentences if s.id == sentence)
    return all(
        one_line(words[lang])
        in shown(conversation.on(channel, hands_over=hands_over), channel, lang, "promise")
        for channel, hands_over in variants
        for lang in LANGS
    )


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("channel", "hands_over"), VARIANTS)
def test_each_channel_tells_its_own_sentences_and_no_others(
    conversation: Conversation, channel: str, hands_over: bool, lang: Lang
):
    promise = conversation.guidance.promise
    mine = promise.told(channel, hands_over=hands_over)
    page = shown(conversation.on(channel, hands_over=hands_over), channel, lang, "promise")
    at = [page.find(one_line(sentence.words[lang])) for sentence in mine]
    assert -1 not in at
    assert at == sorted(at)
    others = [sentence for sentence in promise.sentences if sentence not in mine]
    # The bare "nobody is told that you came" is no part of the one with "unless".
    assert not [one.id for one in others if one_line(one.words[lang]) in page]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("channel", "hands_over"), VARIANTS)
@pytest.mark.parametrize("place", ["home", "can_i_post"])
def test_a_first_screen_has_the_line_that_is_true_there(
    conversation: Conversation, channel: str, hands_over: bool, lang: Lang, place: str
):
    line = conversation.guidance.promise.line
    page = shown(conversation.on(channel, hands_over=hands_over), channel, lang, place)
    assert (one_line(line[When.HANDOFF][lang]) in page) is hands_over
    assert (one_line(line[When.NO_HANDOFF][lang]) in page) is not hands_over


@pytest.mark.parametrize("hands_over", [False, True])
def test_home_and_the_first_screen_in_both_languages_have_it_too(
    conversation: Conversation, hands_over: bool
):
    line = conversation.guidance.promise.line
    right = When.HANDOFF if hands_over else When.NO_HANDOFF
    wrong = When.NO_HANDOFF if hands_over else When.HANDOFF
    seal = Seal([SEAL_KEY], conversation.guidance, utc_now)
    slack = SlackAnswers(conversation.on("slack", hands_over=hands_over), seal)
    teams = TeamsAnswers(conversation.on("teams", hands_over=hands_over), seal)
    on_slack, in_teams = SlackPerson("T000", "U000"), TeamsPerson("nowhere", "nobody", "nobody")
    for surface in (Surface.MODAL, Surface.MESSAGE):
        for payload in (slack.first(on_slack, surface), teams.first(in_teams, None, surface)):
            page = json.dumps(payload, ensure_ascii=False)
            for lang in LANGS:
                assert line[right][lang] in page
                assert line[wrong][lang] not in page
    for lang in LANGS:
        home = json.dumps(slack.home(slack.at("home", lang), on_slack), ensure_ascii=False)
        assert line[right][lang] in home
        assert line[wrong][lang] not in home


@pytest.mark.parametrize("channel", ["web", "terminal"])
def test_where_nobody_knows_who_somebody_is_nothing_can_be_sent_and_it_says_so(
    conversation: Conversation, channel: str
):
    reply = conversation.on(channel, hands_over=True).respond(Move("home", "en", Open("promise")))
    assert not reply.hands_over
    assert "nothing_sent" in {sentence.id for sentence in sentences_of(reply, channel)}
    assert "Send" not in promise_line(reply)


def test_what_is_said_of_sending_is_said_only_where_something_can_be_sent(guidance: Guidance):
    for channel, hands_over in VARIANTS:
        said = [s.words for s in guidance.promise.told(channel, hands_over=hands_over)]
        for lang, button in (("en", "“Send”"), ("fr", "«\u00a0Envoyer\u00a0»")):
            assert any(button in words[lang] for words in said) is hands_over


@pytest.mark.parametrize(("channel", "hands_over"), VARIANTS)
def test_every_variant_says_what_is_kept_who_is_told_and_where_its_limits_are(
    guidance: Guidance, channel: str, hands_over: bool
):
    said = {s.id for s in guidance.promise.told(channel, hands_over=hands_over)}
    for one_of in (
        {"no_record"}, {"place_sealed", "place_web", "place_terminal"},
        {"nobody_told", "nobody_told_unsent"}, {"nothing_sent", "send_only"},
        {"employer_copy", "employer_network", "screen_history"}, {"not_anonymous"},
        {"doors_outside"},
    ):  # fmt: skip
        assert len(said & one_of) == 1, one_of
    sent = {s.id for s in guidance.promise.sentences if s.when is When.HANDOFF}
    assert said & sent == (sent if hands_over else set())


# -- what is kept, and who is told


@proves("no_record", "web", "terminal")
async def test_nothing_asked_is_recorded(
    conversation: Conversation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    typed = MARK[::-1]
    before = files_open_for_writing()
    await ask(conversation, place="can_i_post", do="say", text=fresh(typed), lang="en")
    walk_in_terminal(conversation, "1", fresh(typed))
    assert files_open_for_writing() <= before
    assert nothing_in(tmp_path)
    assert held_in_memory(typed) == 0


@proves("no_record", "slack")
async def test_nothing_asked_on_slack_is_recorded_but_that_an_event_came(tmp_path: Path):
    async with FakeSlack(rates=False) as fake, running(fake, folder=tmp_path) as cairn:
        await on_slack(cairn.fake, cairn.drain)
    assert seen_only(tmp_path) == 4  # a mention, two messages and Home; presses leave no row
    written = contents(tmp_path)
    assert set(written) <= {"cairn.db", "cairn.db-wal", "cairn.db-shm"}
    assert not any(MARK.encode() in data for data in written.values())


@proves("no_record", "teams")
async def test_nothing_asked_in_teams_is_recorded_but_that_a_message_came(tmp_path: Path):
    async with FakeTeams(rates=False) as fake, in_teams(fake, folder=tmp_path) as cairn:
        await on_teams(cairn.fake, cairn.drain)
        assert fake.violations == fake.failures == fake.inserted == []
    assert seen_only(tmp_path) == 4  # installed, two messages and a mention; presses leave no row
    written = contents(tmp_path)
    assert set(written) <= {"cairn.db", "cairn.db-wal", "cairn.db-shm"}
    assert not any(MARK.encode() in data for data in written.values())


def shown_to_nobody(folder: Path) -> bool:
    """Whether nothing is shown of these counts, ever: each of them is under ten."""
    rows = kept_in(folder)["counts"]
    assert all(many < 10 for *_, many in rows)
    world = {Cell(*row[:-1]): row[-1] for row in rows}
    return not any(shown_of(world, utc_now() + timedelta(days=days)) for days in (0, 9, 400))


@proves("counted", "slack")
async def test_what_is_opened_on_slack_is_counted_by_week_and_not_by_person(tmp_path: Path):
    async with FakeSlack(rates=False) as fake, running(fake, folder=tmp_path) as cairn:
        await on_slack(cairn.fake, cairn.drain)
    assert {"tree", "topic", "channel"} <= counted_only(tmp_path, cairn.conversation.guidance)
    assert shown_to_nobody(tmp_path)


@proves("counted", "teams")
async def test_what_is_opened_in_teams_is_counted_by_week_and_not_by_person(tmp_path: Path):
    async with FakeTeams(rates=False) as fake, in_teams(fake, folder=tmp_path) as cairn:
        await on_teams(cairn.fake, cairn.drain)
    assert {"tree", "topic", "channel"} <= counted_only(tmp_path, cairn.conversation.guidance)
    assert shown_to_nobody(tmp_path)


@proves("counted", "web")
async def test_what_is_opened_on_the_web_is_counted_by_week_and_not_by_person(tmp_path: Path):
    """Where there is a database; without one nothing is counted (see ``no_record``)."""
    place = "find_office?who=employee"
    fields = {"place": place, "lang": "en", "question": "need", "pick": "media"}
    acts = ({"do": "open:can_i_post"}, {"do": "choose"}, {"do": "say", "text": MARK})
    async with (
        FakeTeams(rates=False) as fake,
        in_teams(fake, folder=tmp_path, web="true") as cairn,
        ClientSession() as http,
    ):
        for act in acts:
            await http.post(cairn.url, data={**fields, **act})
    assert counted_only(tmp_path, cairn.conversation.guidance) == {"tree", "answer", "channel"}
    assert shown_to_nobody(tmp_path)
    assert not any(MARK.encode() in data for data in contents(tmp_path).values())


@proves("counted", *HANDS_OVER, handoff=True)
async def test_where_something_can_be_sent_it_is_counted_without_people_too(tmp_path: Path):
    with all_records() as told:
        async with crowd_of(tmp_path, 4) as crowd:
            await converse(crowd, 30, 16)
    assert {"tree", "channel"} <= counted_only(tmp_path, crowd.guidance)
    assert traces(places_of(tmp_path, told), [PEOPLE_MARK, *crowd.ids()]) == []


@proves("place_sealed", "teams")
async def test_in_teams_the_place_is_locked_in_buttons_and_expires():
    async with FakeTeams(rates=False) as fake, in_teams(fake) as cairn:
        alice = fake.person("alice")
        await alice.message("A post was reported")
        await cairn.drain()
        await alice.pick(alice.card, "pick:en:channel", "media_query")
        await alice.press(alice.card, "choose")
        await alice.press(alice.card, "private:whole")
        places = [(alice.card, Surface.MESSAGE), (alice.dialog, Surface.MODAL)]
        seal = Seal([SEAL_KEY], cairn.conversation.guidance, utc_now)
        tomorrow = Seal(
            [SEAL_KEY], cairn.conversation.guidance, lambda: utc_now() + timedelta(hours=24)
        )
        for shown, surface in places:
            assert "media_query" not in str(shown.content)
            bearer = Bearer("teams", alice.user.tenant, alice.user.aad, surface)
            locked = {action["data"]["c"] for action in teams_screen.actions(shown.content)}
            for capsule in locked:
                assert seal.open(capsule, bearer).place == "post_reported?channel=media_query"
                with pytest.raises(ExpiredError):
                    tomorrow.open(capsule, bearer)


@proves("place_memory", "teams")
async def test_in_teams_the_last_place_is_in_memory_locked_and_for_half_an_hour():
    async with FakeTeams(rates=False) as fake, in_teams(fake) as cairn:
        await on_teams(cairn.fake, cairn.drain)
        memory = cairn.channel._events._cards
        kept = [card for _, card in memory._kept.values()]
        assert kept
        for card in kept:
            assert set(card.__slots__) == {"capsule", "id"}
            assert card.capsule.startswith("1")
        for remembers in (memory, cairn.channel.people._tongues):
            clock = remembers._clock
            remembers._clock = lambda clock=clock: clock() + 30 * 60
        cairn.channel.sweep()
        assert len(memory) == len(cairn.channel.people._tongues) == 0


@proves("nobody_told", "teams")
@proves("nothing_sent", "teams")
async def test_in_teams_everything_goes_to_the_person_who_asked_but_the_way_to_their_chat():
    async with FakeTeams(rates=False) as fake, in_teams(fake) as cairn:
        typed = await on_teams(cairn.fake, cairn.drain)
        alice, bob = fake.people
        ours = [
            message
            for chat in fake.chats.values()
            for message in chat.all.values()
            if message.sender.startswith("28:")
        ]
        shared = [message for message in ours if message.chat is not alice.chat]
        assert len(ours) > len(shared) == 1
        words = teams_screen.text(shared[0])
        assert "Let us talk in private" in words
        assert typed not in str([message.content for message in ours])
        assert not {alice.user.name, alice.user.aad} & set(words.split())
        assert all(call.conversation != bob.chat.id for call in fake.calls)


@proves("employer_copy", "teams")
async def test_teams_tells_that_the_employer_keeps_a_copy_where_something_is_posted():
    async with FakeTeams(rates=False) as fake, in_teams(fake) as cairn:
        alice = fake.person("alice")
        await alice.message("hello")
        await cairn.drain()
        assert "belongs to your employer, which keeps its own copy" in teams_screen.text(alice.card)
        await alice.press(alice.card, "open:promise")
        assert "belongs to your employer and keeps its own copy" in teams_screen.text(alice.card)


@proves("place_sealed", "slack")
async def test_on_slack_the_place_is_locked_in_buttons_and_forms_and_expires():
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        alice = fake.person("alice", locale="en-CA")
        await alice.shortcut("post_reported.en")
        view = alice.view
        await alice.pick(view, "pick:en:channel", "media_query")
        await alice.submit(view)
        await alice.message("menu")
        await cairn.drain()
        locked = [view.private_metadata]
        locked += [
            element["value"]
            for block in alice.sees()[-1].blocks
            for element in block.get("elements", ())
            if "value" in element
        ]
        assert len(locked) > 4
        seal = Seal([SEAL_KEY], cairn.conversation.guidance, utc_now)
        tomorrow = Seal(
            [SEAL_KEY], cairn.conversation.guidance, lambda: utc_now() + timedelta(hours=24)
        )
        team = fake.workspace.id
        for number, capsule in enumerate(locked):
            assert "post_reported" not in capsule
            surface = Surface.MESSAGE if number else Surface.MODAL
            bearer = Bearer("slack", team, alice.id, surface)
            assert seal.open(capsule, bearer).lang == "en"
            with pytest.raises(ExpiredError):
                tomorrow.open(capsule, bearer)


@proves("place_memory", "slack")
async def test_on_slack_the_last_place_is_in_memory_locked_and_for_half_an_hour():
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        await on_slack(cairn.fake, cairn.drain)
        memory = cairn.channel._cards._memory
        kept = [card for _, card in memory._kept.values()]
        assert kept
        for card in kept:
            assert set(card.__slots__) == {"capsule", "ts"}
            assert card.capsule.startswith("1")
        for remembers in (memory, cairn.channel.people._tongues):
            clock = remembers._clock
            remembers._clock = lambda clock=clock: clock() + 30 * 60
        cairn.channel.sweep()
        assert len(memory) == len(cairn.channel.people._tongues) == 0


@proves("nobody_told", "slack")
@proves("nothing_sent", "slack")
async def test_on_slack_everything_goes_to_the_person_who_asked():
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        await on_slack(cairn.fake, cairn.drain)
        alice = next(u for u in fake.workspace.users.values() if u.name == "alice")
        bob = next(u for u in fake.workspace.users.values() if u.name == "bob")
        bot = fake.workspace.bot.id
        ours = [
            (channel, message)
            for channel in fake.workspace.channels.values()
            for message in channel.messages.values()
            if message.user == bot
        ]
        assert ours
        for channel, message in ours:
            assert alice.id == message.only_for or channel.members == {alice.id, bot}
        assert bob.id not in str([call.arguments for call in fake.calls])


@proves("employer_copy", "slack")
async def test_slack_tells_that_the_employer_keeps_a_copy_where_something_is_posted():
    async with FakeSlack(rates=False) as fake, running(fake) as cairn:
        alice = fake.person("alice", locale="en-CA")
        await alice.message("hello")
        await cairn.drain()
        assert "belongs to your employer, which keeps its own copy" in screen.text(alice.sees()[-1])
        await alice.shortcut("can_i_post.en")
        await alice.press(alice.view, "open:home")
        await cairn.drain()
        await alice.press(alice.view, "open:promise")
        await cairn.drain()
        assert "belongs to your employer and keeps its own copy" in screen.text(alice.view)


@proves("place_web", "web")
async def test_on_the_web_the_place_is_in_the_form_only_and_does_not_expire(
    guidance: Guidance, clock_at: Callable[[str], Callable[[], datetime]]
):
    now = Conversation(guidance, None, clock_at("2026-11-20T12:00:00-05:00"))
    page = await ask(now, place="can_i_post", do="choose", question="who",
                     pick="separate_agency", lang="en")  # fmt: skip
    place = "can_i_post?who=" + fresh("separate_agency")
    assert f'name="place" value="{place}"' in page
    assert 'href="/?' not in page
    del page
    assert held_in_memory(place) == 0
    later = Conversation(guidance, None, clock_at("2027-03-30T12:00:00-04:00"))
    assert place in await ask(later, place=fresh(place), lang="en")


@proves("place_terminal", "terminal")
def test_in_the_terminal_the_place_is_gone_at_the_end(conversation: Conversation):
    place = "can_i_post?who=" + fresh("separate_agency")
    walk_in_terminal(conversation, "3", "quit")
    assert held_in_memory(place) == 0


def outward(conversation: Conversation) -> set[str]:
    """Return the addresses that the program connected to while people walked about."""
    import socket

    reached: set[str] = set()
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        reached.add(str(address))
        real(self, address)  # type: ignore[arg-type]

    socket.socket.connect = connect  # type: ignore[method-assign]
    try:
        for place in ("can_i_post?who=employee", "crisis", "office:psc", "topic:monitoring"):
            conversation.respond(Move(place, "en", Look()))
        walk_in_terminal(conversation, "1", "danger", "back", "home")
    finally:
        socket.socket.connect = real  # type: ignore[method-assign]
    return reached


@proves("nobody_told", "web", "terminal")
def test_nobody_is_told_that_somebody_came(conversation: Conversation):
    assert outward(conversation) == set()


@proves("nothing_sent", "web", "terminal")
def test_nothing_can_be_sent_from_here(department: Conversation):
    reply = department.respond(Move("home", "en", Open("office:values_ethics")))
    assert reply.cards[0].contact is not None
    assert "effects" not in Reply.__dataclass_fields__
    assert {route.method for route in web_chat(department)} == {"GET", "POST", "*"}


# -- what is only told: limits, and the doors outside


@proves("employer_copy", *HANDS_OVER, handoff=True)
def test_that_the_employer_keeps_a_copy_is_told_where_something_can_be_sent_too(
    conversation: Conversation,
):
    assert told(conversation, "employer_copy", *((channel, True) for channel in HANDS_OVER))


@proves("office_keeps", *HANDS_OVER, handoff=True)
def test_that_the_office_keeps_its_own_record_is_told(conversation: Conversation):
    assert told(conversation, "office_keeps", *((channel, True) for channel in HANDS_OVER))


@proves("employer_network", "web")
def test_the_web_chat_tells_of_the_employers_network(conversation: Conversation):
    assert told(conversation, "employer_network", ("web", False))


@proves("screen_history", "terminal")
def test_the_terminal_tells_of_the_history_of_its_window(conversation: Conversation):
    assert told(conversation, "screen_history", ("terminal", False))


@proves("not_anonymous", *CHANNELS)
@proves("not_anonymous", *HANDS_OVER, handoff=True)
def test_nobody_is_led_to_believe_that_this_is_anonymous(conversation: Conversation):
    assert told(conversation, "not_anonymous", *VARIANTS)
    for name, words in conversation.guidance.phrases.items():
        for said in (words.en, words.fr):
            rest = re.sub("not an anonymous channel|pas un canal anonyme", "", said)
            assert not re.search(r"anonym", rest, re.IGNORECASE), name


@proves("doors_outside", *CHANNELS)
@proves("doors_outside", *HANDS_OVER, handoff=True)
def test_the_doors_outside_are_there_with_what_they_may_promise(conversation: Conversation):
    for name in ("union", "eap", "ombud", "psic"):
        reply = conversation.respond(Move("home", "fr", Open(f"office:{name}")))
        assert reply.screen.offices[0].promise
    assert told(conversation, "doors_outside", *VARIANTS)
