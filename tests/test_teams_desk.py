"""Does the desk work in Teams: are its forms and cards shown, its presses understood, its calls one
attempt each; and does nobody but the organization's own people get near it?
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.controls import Control
from bot.channels.teams import elements, places, visits
from bot.channels.teams.desk import TeamsDesk
from bot.channels.teams.forms import chat_card, failed_card, form_card, plain, press_in
from bot.channels.teams.limits import TooLargeError
from bot.channels.teams.roster import stranger
from bot.channels.teams.surfaces import control_button
from bot.channels.teams.transport import Member
from bot.desk.port import Card, Reader
from bot.forms import Button, Form, Part, Picked, Press, Said, Style, Written
from bot.guidance.model import Guidance
from bot.guidance.words import LANGS, Lang
from bot.platforms import GoneError, LaterError, OpenError, Place, PlatformError, RefusedError, Who
from bot.seal import Bearer, Spot, Surface
from tests.conftest import NOON
from tests.slack_app import logged
from tests.teams import cards, faults, payloads, screen
from tests.teams.fake import OTHER_TENANT, FakeTeams
from tests.teams.faults import Fault
from tests.teams.person import Person
from tests.teams.state import Chat, Json, Shown, inputs_of, walk
from tests.teams_app import Running, running
from tests.test_teams_threats import seal_at

CANARY = "canary-desk-3f9a"
WORDS = f"J’ai vu « ceci », {CANARY}."
HOSTILE = [
    "**bold** _it_ ~~gone~~ `code`",
    "# heading\n- item\n1. one\n> quote\n    code\n---",
    "[a link](https://evil.example/a) <https://evil.example> https://evil.example",
    "![](https://evil.example/p.png) <img src=x onerror=alert(1)>",
    "<at>everyone</at> <b>b</b> &lt;at&gt; &amp; &#60;",
    "${name} {{DATE(2026-11-20T17:00:00Z, SHORT)}} {{{{x}}}} ${json($root)}",
    '"}],"actions":[{"type":"Action.OpenUrl","url":"https://evil.example"}]',
    "\\*not\\* \\\\ \\",
]
"""What people could try; T12 of the threats."""

CARD = Card(
    "A new request for your office.",
    ("A new request for your office.", "No. 2026-7 *and* [nothing](https://x.example) ${else}"),
    (Button("desk:read", "Read"), Button("desk:recuse", "I should not see this")),
    "2026-7",
    "en",
)


def form_of(lang: Lang = "en", held: str = "locked", *parts: Part, filled: str = "") -> Form:
    return Form(
        lang,
        (
            Said("A form", Style.HEADING),
            Said("This is **ours**, and [linked](https://www.canada.ca/en.html)."),
            Said(f"{WORDS}\n\n- not a list", Style.QUOTED),
            Picked(
                "who", "Is anybody involved?", [("u1", "Ann"), ("u2", "Bob")], ["u2"], many=True
            ),
            Picked(
                "mode", "How?", [("call", "A call"), ("case", "In writing")], hint="Choose one."
            ),
            Written("text:1", "What happened?", filled, hint="In your words.", optional=True),
            Written("line", "One line", most=80, lines=False),
            *parts,
        ),
        Button("desk:send:1", "Send"),
        (Button("desk:back", "Back"), Button("desk:cancel", "Cancel")),
        held,
    )


@dataclass
class Desk:
    """A counter: it answers each press with a form, and notes what was pressed by whom."""

    form: Callable[[Press, Lang], Form] = field(default=lambda _, lang: form_of(lang))
    seen: list[tuple[Who, Press, Lang]] = field(default_factory=list)
    waits: asyncio.Event | None = None
    error: Exception | None = None

    async def press(self, who: Who, press: Press, lang: Lang) -> Form:
        self.seen.append((who, press, lang))
        if self.error is not None:
            raise self.error
        if self.waits is not None:
            await self.waits.wait()
        return self.form(press, lang)

    @property
    def last(self) -> tuple[Who, Press, Lang]:
        return self.seen[-1]


@pytest.fixture
async def fake() -> AsyncIterator[FakeTeams]:
    async with FakeTeams(stands_at=NOON) as fake:
        yield fake
        assert fake.violations == []
        assert fake.failures == []
        assert fake.inserted == []


@pytest.fixture
async def cairn(fake: FakeTeams) -> AsyncIterator[Running]:
    async with running(fake) as cairn:
        yield cairn


@pytest.fixture
def desk(cairn: Running) -> Desk:
    desk = Desk()
    cairn.channel.serve("desk:", desk)
    return desk


@pytest.fixture
def teams(cairn: Running, fake: FakeTeams) -> TeamsDesk:
    return TeamsDesk(cairn.channel.outbound, fake.bot["id"])


@pytest.fixture
def alice(fake: FakeTeams) -> Person:
    return fake.person("alice")


@pytest.fixture
def bob(fake: FakeTeams) -> Person:
    return fake.person("bob", locale="fr-CA")


@pytest.fixture
def office(fake: FakeTeams, alice: Person, bob: Person) -> Chat:
    return fake.channel("office", alice, bob)


def place_of(fake: FakeTeams, chat: Chat) -> Place:
    return Place("teams", fake.tenant, chat.id, fake.service_url)


async def opened(teams: TeamsDesk, fake: FakeTeams, office: Chat, person: Person) -> Shown:
    """The form behind the first button of a card in an office's channel."""
    await teams.post(place_of(fake, office), CARD)
    await person.press(office.messages[-1], "Read")
    assert person.dialog is not None
    return person.dialog


# ---- who can read


@pytest.mark.parametrize("kind", ["channel", "group"])
async def test_the_readers_are_the_people_of_the_channel_by_their_names(
    kind: str, fake: FakeTeams, teams: TeamsDesk, alice: Person, bob: Person
):
    carl = fake.person("Carl")
    chat = getattr(fake, kind)("office", carl, bob, alice)
    found = await teams.readers(place_of(fake, chat))
    assert found == tuple(Reader(p.user.aad, p.user.name) for p in (alice, bob, carl))
    assert [call.kind for call in fake.calls] == ["members"]
    assert "bob" not in repr(found)


@pytest.mark.parametrize(("kind", "count"), [("channel", 200), ("group", 200)])
async def test_two_hundred_readers_are_all_told(
    kind: str, count: int, fake: FakeTeams, teams: TeamsDesk
):
    people = [fake.person(f"p{number}") for number in range(count)]
    chat = getattr(fake, kind)("office", *people)
    found = await teams.readers(place_of(fake, chat))
    assert {reader.user for reader in found} == {person.user.aad for person in people}


async def test_a_channel_that_a_whole_organization_reads_is_no_office(
    fake: FakeTeams, teams: TeamsDesk
):
    chat = fake.channel("all", *(fake.person(f"p{number}") for number in range(201)))
    with pytest.raises(OpenError, match="crowded"):
        await teams.readers(place_of(fake, chat))


@pytest.mark.parametrize("kind", ["channel", "group"])
async def test_with_a_guest_or_somebody_from_elsewhere_in_it_a_channel_is_open(
    kind: str, fake: FakeTeams, teams: TeamsDesk, alice: Person
):
    gail, luc = fake.person("gail", guest=True), fake.person("luc", tenant=OTHER_TENANT)
    for person, why in ((gail, "guest"), (luc, "elsewhere")):
        chat = getattr(fake, kind)(f"with {person.user.name}", alice, person)
        with pytest.raises(OpenError) as refused:
            await teams.readers(place_of(fake, chat))
        assert refused.value.code == str(refused.value) == why


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, None),
        ({"tenant": "TENANT"}, None),
        ({"role": "guest"}, "guest"),
        ({"role": "anonymous"}, "guest"),
        ({"role": "anonymous", "aad": None}, "unknown"),
        ({"role": None}, "unknown"),
        ({"tenant": None}, "unknown"),
        ({"tenant": "another"}, "elsewhere"),
        ({"aad": None}, "unknown"),
        ({"name": None}, "unknown"),
    ],
)
def test_of_whom_too_little_is_told_is_none_of_ours(change: dict[str, Any], why: str | None):
    member = replace(Member("29:1", "aad", "tenant", "user", "Ann"), **change)
    assert stranger(member, "Tenant") == why


# ---- what is posted


async def test_a_card_is_posted_changed_and_reminded_of_in_its_thread(
    fake: FakeTeams, teams: TeamsDesk, office: Chat, alice: Person
):
    place = place_of(fake, office)
    ref = await teams.post(place, CARD)
    (message,) = office.messages
    assert (message.id, message.thread) == (ref, ref)
    assert message.activity["summary"] == CARD.summary
    assert screen.lines(message)[:2] == [*CARD.lines]
    assert screen.links(message) == []
    assert screen.buttons(message) == ["Read", "I should not see this"]
    await teams.update(place, ref, replace(CARD, lines=("Taken.",), buttons=()))
    assert screen.lines(alice.sees(office)[0]) == ["Taken."]
    await teams.remind(place, ref, "Nobody has taken this *yet*.")
    reminder = office.messages[-1]
    assert reminder.thread == ref
    assert (reminder.text, reminder.activity["textFormat"]) == (
        "Nobody has taken this *yet*.",
        "plain",
    )
    assert [call.kind for call in fake.calls] == ["send", "update", "send"]


async def test_in_a_group_chat_which_has_no_threads_a_reminder_stands_below(
    fake: FakeTeams, teams: TeamsDesk, alice: Person
):
    group = fake.group("office", alice)
    ref = await teams.post(place_of(fake, group), CARD)
    await teams.remind(place_of(fake, group), ref, "Nobody has taken this.")
    assert [message.text for message in group.messages] == ["", "Nobody has taken this."]


async def test_a_person_is_told_in_their_own_chat_which_is_opened_where_it_was_not_seen(
    fake: FakeTeams, teams: TeamsDesk, alice: Person
):
    service = {"service": fake.service_url}
    route = {**service, "bot": fake.bot["id"], "id": alice.id}
    for seen, kinds in (
        (route | {"chat": alice.chat.id}, ["send"]),
        (route, ["create", "send"]),
        (service, ["create", "send"]),
    ):
        fake.calls.clear()
        who = Who("teams", fake.tenant, alice.user.aad, "alice", seen)
        await teams.tell(who, CARD)
        assert [call.kind for call in fake.calls] == kinds
        assert screen.lines(alice.card)[:2] == [*CARD.lines]
    assert len(alice.cards) == 3


async def test_who_does_not_have_cairn_is_not_told(fake: FakeTeams, teams: TeamsDesk):
    dana = fake.person("dana", installed=False)
    who = Who("teams", fake.tenant, dana.user.aad, "", {"service": fake.service_url})
    with pytest.raises(RefusedError, match="BotNotInConversationRoster"):
        await teams.tell(who, CARD)


async def test_the_channel_has_what_the_desk_asks_of_teams(
    cairn: Running, fake: FakeTeams, office: Chat
):
    """On this machine without an app, so that who we are is said to nobody."""
    await cairn.channel.platform.post(place_of(fake, office), CARD)
    assert "from" not in (fake.calls[-1].body or {})
    assert len(office.messages) == 1


def test_a_card_in_a_chat_opens_dialogs_and_does_nothing_else():
    card = chat_card(CARD)
    actions = screen.actions(card)
    assert {action["type"] for action in actions} == {"Action.Submit"}
    assert all(action["data"]["msteams"] == {"type": "task/fetch"} for action in actions)
    assert [press_in(action["data"]) for action in actions] == [
        Press("desk:read", "2026-7"),
        Press("desk:recuse", "2026-7"),
    ]
    assert cards.activity(elements.message(card, CARD.summary)).sentences == []


# ---- what goes wrong

CALLS: dict[str, tuple[str, Callable[[TeamsDesk, Place, Who, str], Awaitable[Any]]]] = {
    "readers": ("members", lambda teams, place, who, ref: teams.readers(place)),
    "post": ("send", lambda teams, place, who, ref: teams.post(place, CARD)),
    "update": ("update", lambda teams, place, who, ref: teams.update(place, ref, CARD)),
    "remind": ("send", lambda teams, place, who, ref: teams.remind(place, ref, "A line")),
    "tell": ("create", lambda teams, place, who, ref: teams.tell(who, CARD)),
}
FAULTS: dict[str, tuple[Fault, type[PlatformError], str]] = {
    "401": (faults.status(401), LaterError, "unauthorized_outbound"),
    "403": (faults.status(403), RefusedError, "MessageWritesBlocked"),
    "400": (faults.status(400), RefusedError, "BadArgument"),
    "412": (faults.status(412), LaterError, "status_412"),
    "413": (faults.status(413), RefusedError, "too_large"),
    "429": (faults.limited("7"), LaterError, "limited"),
    "500": (faults.status(500), LaterError, "status_500"),
    "503": (faults.status(503), LaterError, "status_503"),
    "HTML": (faults.html(), LaterError, "unreadable"),
    "time-out": (faults.stall(), LaterError, "late"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("case", FAULTS)
async def test_what_goes_wrong_is_one_attempt_and_told_as_the_desk_knows_it(
    call: str,
    case: str,
    fake: FakeTeams,
    teams: TeamsDesk,
    office: Chat,
    alice: Person,
    monkeypatch: pytest.MonkeyPatch,
):
    kind, run = CALLS[call]
    place = place_of(fake, office)
    ref = await teams.post(place, CARD)
    route = {"service": fake.service_url, "bot": fake.bot["id"], "id": alice.id}
    who = Who("teams", fake.tenant, alice.user.aad, "alice", route)
    fault, wanted, code = FAULTS[case]
    if case == "time-out":
        monkeypatch.setattr(places, "_WITHIN", 1.0)
    fake.calls.clear()
    fake.faults.add(kind, fault)
    with pytest.raises(PlatformError) as failed:
        await run(teams, place, who, ref)
    assert type(failed.value) is wanted
    assert failed.value.code == str(failed.value) == code
    assert failed.value.__cause__ is None
    assert [one.kind for one in fake.calls] == [kind]
    if isinstance(failed.value, LaterError):
        assert failed.value.wait == {"401": 60.0, "429": 7.0}.get(case, 0.0)


async def test_what_is_not_there_any_more_is_gone_where_a_card_is_meant_and_refused_elsewhere(
    fake: FakeTeams, teams: TeamsDesk, office: Chat, alice: Person
):
    place = place_of(fake, office)
    nowhere = replace(place, channel="19:nowhere@thread.tacv2")
    for work in (teams.update(place, "1", CARD), teams.remind(place, "1", "A line")):
        with pytest.raises(GoneError):
            await work
    for other in (
        teams.post(nowhere, CARD),
        teams.readers(nowhere),
        teams.remind(replace(nowhere, channel="19:nowhere@thread.v2"), "1", "A line"),
    ):
        with pytest.raises(RefusedError):
            await other
    office.bot = False
    with pytest.raises(RefusedError, match="BotNotInConversationRoster"):
        await teams.post(place, CARD)


@pytest.mark.parametrize(
    "service", ["https://evil.example/teams/", "http://127.0.0.2:1/", "", "not an address"]
)
async def test_to_an_address_that_is_none_of_the_service_nothing_is_sent(
    service: str, fake: FakeTeams, teams: TeamsDesk, office: Chat
):
    place = replace(place_of(fake, office), service=service)
    for work in (
        teams.readers(place),
        teams.post(place, CARD),
        teams.update(place, "1", CARD),
        teams.remind(place, "1", "A line"),
        teams.tell(Who("teams", fake.tenant, "u", "", {"service": service, "id": "29:1"}), CARD),
    ):
        with pytest.raises(RefusedError, match="foreign_address"):
            await work
    assert fake.calls == []


async def test_rates_are_kept_to_without_waiting(fake: FakeTeams, cairn: Running, office: Chat):
    now = [1_000.0]
    channel = cairn.channel.outbound
    channel._clock = channel._chats._clock = channel._hours._clock = lambda: now[0]
    channel._tenants._clock = lambda: now[0]
    teams, place = TeamsDesk(channel, fake.bot["id"]), place_of(fake, office)
    for _ in range(5):
        await teams.post(place, CARD)
    with pytest.raises(LaterError, match="limited") as limited:
        await teams.post(place, CARD)
    assert len(office.messages) == 5
    now[0] += limited.value.wait + 0.001
    await teams.post(place, CARD)


async def test_who_is_in_a_channel_is_waited_for_a_moment_and_holds_up_nothing_that_is_said(
    fake: FakeTeams, cairn: Running, office: Chat
):
    now, slept = [1_000.0], []
    channel = cairn.channel.outbound
    channel._clock = channel._chats._clock = channel._hours._clock = lambda: now[0]

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds
        fake.clock.advance(seconds)

    channel._sleep = sleep
    teams, place = TeamsDesk(channel, fake.bot["id"]), place_of(fake, office)
    for _ in range(5):
        await teams.readers(place)
    assert sum(slept) < 0.1, "five at once are let through"
    await teams.readers(place)
    assert 0.5 < sum(slept) < 1.5
    await teams.post(place, CARD)
    for _ in range(2):  # two more come at the same moment: the second would wait for too long
        channel._chats.take(f"who is in {place.channel}")
    with pytest.raises(LaterError, match="limited"):
        await teams.readers(place)


async def test_after_a_429_nothing_is_sent_there_until_it_is_over(
    fake: FakeTeams, teams: TeamsDesk, office: Chat
):
    fake.faults.add("send", faults.limited("30"))
    for _ in range(2):
        with pytest.raises(LaterError) as limited:
            await teams.post(place_of(fake, office), CARD)
    assert 29 < limited.value.wait <= 30
    assert len(fake.calls) == 1


# ---- forms


def test_a_form_is_a_card_that_teams_takes_and_says_everything_in_order(guidance: Guidance):
    card = form_card(form_of(filled="draft"), guidance.phrases)
    assert cards.card(card, dialog=True).sentences == []
    assert [line for line in screen.lines(card) if line.strip()] == [
        "A form",
        "This is ours, and linked.",
        WORDS,
        "- not a list",
        "Is anybody involved?",
        "[ ] Ann",
        "[ ] Bob",
        "Choose one.",
        "How?",
        "( ) A call",
        "( ) In writing",
        "In your words.",
        "What happened? (optional)",
        "[____]",
        "One line",
        "[____]",
        "[ Send ]",
        "[ Back ]",
        "[ Cancel ]",
    ]
    assert all(element["label"] for element in inputs_of(card))
    text, line = [element for element in inputs_of(card) if element["type"] == "Input.Text"]
    assert (text["isMultiline"], text["maxLength"], text["value"]) == (True, 2_000, "draft")
    assert (line["isMultiline"], line["maxLength"], "value" in line) == (False, 80, False)
    assert card["lang"] == "en"


@pytest.mark.parametrize("lang", LANGS)
def test_what_a_form_holds_and_its_language_come_back_with_each_of_its_buttons(
    lang: Lang, guidance: Guidance
):
    card = form_card(form_of(lang), guidance.phrases)
    presses = [press_in(action["data"]) for action in screen.actions(card)]
    assert [(press.do, press.held) for press in presses if press] == [
        ("desk:send:1", "locked"),
        ("desk:back", "locked"),
        ("desk:cancel", "locked"),
    ]
    for action in screen.actions(card):
        assert f"desk:{lang}" in action["data"]


def quoted(card: Mapping[str, Any]) -> str:
    """What is quoted in a card, as it stands in its text runs."""
    blocks = [one for one in walk(dict(card)) if one["type"] == "RichTextBlock"]
    assert all({*run} == {"type", "text"} for block in blocks for run in block["inlines"])
    return "\n".join("".join(run["text"] for run in block["inlines"]) for block in blocks)


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    elif isinstance(value, str):
        yield value


def shape(value: Any) -> Any:
    """A card without its words."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return [shape(one) for one in value] if isinstance(value, list) else type(value).__name__


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_a_person_wrote_is_shown_letter_by_letter(hostile: str, guidance: Guidance):
    def card(words: str) -> Mapping[str, Any]:
        parts = (Said(words, Style.QUOTED), Written("text", "Text", words))
        return form_card(Form("en", parts, Button("desk:send", "Send"), (), "h"), guidance.phrases)

    made = card(hostile)
    assert quoted(made) == hostile
    (typed,) = inputs_of(dict(made))
    assert typed["value"] == hostile
    assert screen.links(dict(made)) == []
    assert not any("{{" in run for run in _runs(made))
    # But for where runs end, the card is the same as with any other words of as many lines.
    simple = re.sub(r"[^\n]+", "x", hostile)
    assert shape(_joined(made)) == shape(_joined(card(simple)))


def _runs(card: Mapping[str, Any]) -> list[str]:
    return [one["text"] for one in leaves_of(dict(card), "TextRun")]


def leaves_of(value: Any, kind: str) -> Iterator[Json]:
    """The elements of a kind, wherever they are."""
    if isinstance(value, dict):
        if value.get("type") == kind:
            yield value
        for one in value.values():
            yield from leaves_of(one, kind)
    elif isinstance(value, list):
        for one in value:
            yield from leaves_of(one, kind)


def _joined(card: Mapping[str, Any]) -> Json:
    found: Json = json.loads(json.dumps(card))
    for block in leaves_of(found, "RichTextBlock"):
        block["inlines"] = [{"text": "".join(run["text"] for run in block["inlines"])}]
    return found


@settings(deadline=None, max_examples=200)
@given(words=st.text(max_size=300))
def test_any_words_come_back_from_a_field_and_a_quotation_as_they_are(
    words: str, guidance: Guidance
):
    card = form_card(
        Form("fr", (Said(words, Style.QUOTED), Written("a:b", "Texte", words)), None, ()),
        guidance.phrases,
    )
    kept = plain(words)
    assert quoted(card) == "\n".join(line for line in kept.split("\n") if line.strip())
    press = press_in({"do": "desk:x", "desk:fr:write:a:b": words})
    assert press is not None
    assert press.written == {"a:b": kept}
    kept.encode()
    assert plain(kept) == kept


def test_signs_that_nobody_sees_or_that_turn_the_order_round_are_left_out():
    turned = "\u202eevil\u202c \u2066x\u2069 a\x00b\ud800c\x1b[0m\x7f\u200e"
    assert plain(turned) == "evil x abc[0m"
    assert plain("a\r\nb\rc\u2028d\x0be\tf") == "a\nb\nc\nd\ne\tf"


@pytest.mark.parametrize("name", ["[x](https://evil.example)", "**Ann**", "<at>all</at>", "`a`"])
def test_the_name_of_somebody_who_may_be_picked_is_no_format_and_no_link(
    name: str, guidance: Guidance
):
    part = Picked("who", "Who?", [("u1", name)], many=True)
    card = form_card(Form("en", (part,), Button("desk:x", "Go")), guidance.phrases)
    ((choice,),) = [element["choices"] for element in inputs_of(card)]
    assert screen.plain(choice["title"]) == choice["title"]
    assert not re.search(r"[\[\]*`<]", choice["title"])


def test_many_short_lines_stay_within_what_teams_takes(guidance: Guidance):
    words = "a\n" * 1_000
    card = form_card(
        Form("en", (Said(words, Style.QUOTED),), Button("desk:send", "Send")), guidance.phrases
    )
    assert cards.card(card, dialog=True).sentences == []
    assert quoted(card).replace("\n", "") == "a" * 1_000


READERS = [
    (f"{n:08d}-2b57-4d8e-9a41-c5d7e8f90b12", f"Personne numéro {n} Nom-Composé") for n in range(25)
]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("letter", ["é", '"', "\\", "😀"])
@pytest.mark.parametrize("held", [400, 3_000])
def test_the_longest_text_and_many_readers_fit(
    lang: Lang, letter: str, held: int, guidance: Guidance
):
    """2,000 letters in one part, and what is held, which may hold them once more, locked."""
    words = letter * (2_000 if letter == "é" else 1_000)
    forms = (
        (Said(words, Style.QUOTED), Said("To whom it goes. " * 20)),
        (Written("text", "What happened?", words), Said("To whom it goes. " * 20)),
        (Picked("not", "Who must not read it?", READERS, [READERS[3][0]], many=True),),
    )
    for parts in forms:
        buttons = (Button("desk:back", "Back"), Button("desk:cancel", "Cancel"))
        form = Form(lang, parts, Button("desk:send", "Send"), buttons, "1" + "x" * (held - 1))
        card = form_card(form, guidance.phrases)
        assert cards.card(card, dialog=True).sentences == []
        value = {
            "title": "Cairn",
            "height": "large",
            "width": "medium",
            "card": elements.attachment(card),
        }
        assert cards.too_large({"task": {"type": "continue", "value": value}}) == []
        for action in screen.actions(card):
            fields = {one["id"]: one.get("value", "") for one in inputs_of(card)}
            press = press_in({**action["data"], **fields})
            assert press is not None
            assert press.held == form.held


def test_a_form_that_does_not_fit_says_only_by_how_much(guidance: Guidance):
    form = Form("en", [Said(CANARY * 1_000, Style.QUOTED)], Button("desk:x", "Go"), (), "h")
    with pytest.raises(TooLargeError) as failed:
        form_card(form, guidance.phrases)
    assert CANARY not in str(failed.value)


# ---- presses


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"do": 5},
        {"do": "choose"},
        {"do": "desk"},
        {"do": "desk:" + "x" * 100},
    ],
)
def test_what_is_no_press_of_the_desk_is_none(data: object):
    assert press_in(data) is None


def test_what_is_not_of_our_making_is_left_out_of_a_press():
    data = {
        "do": "desk:x",
        "held": "h" * 8_001,
        "desk:en": "",
        "desk:en:write:text": "w" * 9_000,
        "desk:en:pick:who": "u1,,u2",
        "desk:en:pick:none": "",
        "desk:de:write:text": "Wort",
        "desk:en:odd:text": "x",
        "desk:en:write:number": 5,
        "other:en:write:text": "x",
        "desk:en:write:" + "n" * 100: "x",
    }
    press = press_in(data)
    assert press == Press("desk:x", "", {"who": ("u1", "u2"), "none": ()}, {"text": "w" * 8_000})
    assert "w" * 10 not in repr(press)
    many = {f"desk:en:write:{number}": "x" for number in range(500)}
    found = press_in({"do": "desk:x", **many})
    assert found is not None
    assert len(found.written) == 50


async def test_a_card_in_a_channel_opens_a_form_whose_fields_reach_the_counter(
    fake: FakeTeams, teams: TeamsDesk, desk: Desk, office: Chat, alice: Person
):
    dialog = await opened(teams, fake, office, alice)
    who, press, lang = desk.last
    card = office.messages[-1].id
    where = place_of(fake, office)
    assert (press, lang) == (Press("desk:read", "2026-7", at=card, where=where), "en")
    assert who == Who(
        "teams",
        fake.tenant,
        alice.user.aad,
        "alice",
        {"service": fake.service_url, "bot": fake.bot["id"], "id": alice.id},
    )
    await alice.pick(dialog, "Is anybody involved?", "Ann", "Bob")
    await alice.pick(dialog, "How?", "A call")
    await alice.type(dialog, "What happened? (optional)", HOSTILE[0] + "\r\n" + WORDS)
    await alice.type(dialog, "One line", HOSTILE[5])
    await alice.press(dialog, "Send")
    assert desk.last[1] == Press(
        "desk:send:1",
        "locked",
        {"who": ("u1", "u2"), "mode": ("call",)},
        {"text:1": HOSTILE[0] + "\n" + WORDS, "line": HOSTILE[5]},
    )
    assert alice.dialog is not None
    assert len(office.messages) == 1  # nothing is said where all read it


async def test_in_a_channel_each_reads_their_own_language_and_then_that_of_the_form(
    fake: FakeTeams, teams: TeamsDesk, desk: Desk, office: Chat, bob: Person
):
    dialog = await opened(teams, fake, office, bob)
    assert desk.last[2] == "fr"
    assert dialog.content is not None
    assert dialog.content["lang"] == "fr"
    desk.form = lambda press, lang: form_of("en")
    await bob.press(dialog, "Back")
    assert desk.last[2] == "fr"
    await bob.press(dialog, "Back")
    assert desk.last[2] == "en"


async def test_in_their_own_chat_a_person_reads_the_language_of_the_card_and_can_be_reached_there(
    fake: FakeTeams, teams: TeamsDesk, desk: Desk, alice: Person
):
    route = {"service": fake.service_url, "bot": fake.bot["id"], "chat": alice.chat.id}
    await teams.tell(Who("teams", fake.tenant, alice.user.aad, "", route), replace(CARD, lang="fr"))
    await alice.press(alice.card, "Read")
    who, press, lang = desk.last
    assert (press, lang) == (Press("desk:read", "2026-7"), "fr")
    assert who.route == {**route, "id": alice.id}
    await teams.tell(who, CARD)
    assert len(alice.cards) == 2


async def test_whom_a_press_names_can_be_reached_from_a_channel_and_from_a_group(
    fake: FakeTeams, teams: TeamsDesk, desk: Desk, office: Chat, alice: Person
):
    for chat in (office, fake.group("office", alice)):
        await opened(teams, fake, chat, alice)
        alice.close()
        before = len(alice.cards)
        await teams.tell(desk.last[0], CARD)
        assert len(alice.cards) == before + 1


async def test_from_a_walk_the_counter_is_told_the_place_where_the_person_stands(
    cairn: Running, fake: FakeTeams, desk: Desk, alice: Person
):
    spot = Spot("post_reported?channel=media_query", "fr")
    for surface, name in ((Surface.MESSAGE, "task/fetch"), (Surface.MODAL, "task/submit")):
        bearer = Bearer("teams", fake.tenant, alice.user.aad, surface)
        right = seal_at().lock(spot, bearer)
        wrong = seal_at().lock(spot, replace(bearer, user="somebody else"))
        for capsule, held, lang in ((right, spot.place, "fr"), (wrong, "", "en"), (5, "", "en")):
            data = {"do": "desk:offices", "c": capsule, "held": "forged"}
            made = alice._made(alice.chat)
            await fake.deliver(payloads.invoke(made, name, payloads.task_value(data)))
            assert desk.last[1:] == (Press("desk:offices", held), lang)


async def test_a_dialog_opened_where_cairn_is_not_leads_to_the_desk_too(
    fake: FakeTeams, desk: Desk, alice: Person, bob: Person
):
    elsewhere = fake.group("elsewhere", alice, bob, bot=False)
    await alice.extension("check_before_post", at=elsewhere)
    capsule = screen.actions(alice.dialog.content)[0]["data"]["c"]  # type: ignore[union-attr, arg-type]
    value = alice.dialog.opened_by  # type: ignore[union-attr]
    assert value is not None
    asked = {**value, "data": {"do": "desk:offices", "c": capsule}}
    made = alice._made(elsewhere)
    await fake.deliver(payloads.invoke(made, "composeExtension/submitAction", asked))
    who, press, _ = desk.last
    assert (press.do, press.held) == ("desk:offices", "can_i_post")
    assert who.route["chat"] == alice.chat.id


def test_from_a_chat_the_desk_opens_in_a_dialog_and_in_a_dialog_it_goes_on():
    control, data = Control("desk:offices", "Write to an office"), {"c": "capsule"}
    fetched = control_button(control, data, Surface.MESSAGE)
    sent = control_button(control, data, Surface.MODAL)
    assert {fetched["type"], sent["type"]} == {"Action.Submit"}
    assert sent["data"] == {"c": "capsule", "do": "desk:offices"}
    assert fetched["data"] == {**sent["data"], "msteams": {"type": "task/fetch"}}
    other = control_button(Control("back", "Back"), data, Surface.MESSAGE)
    assert other["type"] == "Action.Execute"


async def test_without_a_counter_a_press_of_the_desk_is_answered_as_any_that_is_not_known(
    cairn: Running, fake: FakeTeams, alice: Person
):
    for name in ("task/fetch", "task/submit", "composeExtension/submitAction"):
        value = payloads.task_value({"do": "desk:send", "held": "x"})
        made = alice._made(alice.chat)
        outcome = await fake.deliver(payloads.invoke(made, name, value))
        assert outcome.json is not None
        assert outcome.json["task"]["type"] == "continue"


async def test_every_other_press_goes_on_as_before(
    fake: FakeTeams, desk: Desk, cairn: Running, alice: Person
):
    await alice.install()
    await cairn.drain()
    await alice.press(alice.card, "Open the private window")
    assert alice.dialog is not None
    await alice.press(alice.dialog, "Home" if "Home" in screen.buttons(alice.dialog) else "Next")
    assert desk.seen == []


# ---- who may not


async def test_guests_and_people_from_elsewhere_do_not_get_near_the_desk(
    fake: FakeTeams, teams: TeamsDesk, desk: Desk, cairn: Running, alice: Person
):
    gail = fake.person("gail", guest=True, locale="fr-CA")
    office = fake.channel("office", alice, gail)
    await teams.post(place_of(fake, office), CARD)
    for _ in range(2):
        await gail.press(office.messages[-1], "Read")
        assert gail.dialog is not None
        told = cairn.channel._answers.guidance.phrases["desk_members_only"].fr
        assert screen.text(gail.dialog).endswith(told)
        gail.close()
    value = payloads.task_value({"do": "desk:read", "held": "2026-7"})
    await fake.deliver(payloads.invoke(gail._made(gail.chat), "task/submit", value))
    assert desk.seen == []


async def test_somebody_whom_the_roster_calls_otherwise_is_turned_away(
    fake: FakeTeams, desk: Desk, office: Chat, alice: Person, bob: Person
):
    value = payloads.task_value({"do": "desk:read", "held": "2026-7"})
    honest = payloads.invoke(alice._made(office), "task/fetch", value)
    for sender in (
        {**honest["from"], "aadObjectId": bob.user.aad},
        {key: one for key, one in honest["from"].items() if key != "aadObjectId"},
    ):
        await fake.deliver(honest | {"from": sender})
    gone = fake.person("gone")
    await fake.deliver(payloads.invoke(gone._made(office), "task/fetch", value))
    assert [who.user for who, _, _ in desk.seen] == [gone.user.aad]  # known from their own chat
    stranger_ = fake.person("luc", tenant=OTHER_TENANT)
    outcome = await fake.deliver(
        payloads.invoke(stranger_._made(office), "task/fetch", value), expect=False
    )
    assert outcome.status == 403
    assert len(desk.seen) == 1


async def test_who_somebody_is_never_comes_from_what_a_button_or_a_field_holds(
    fake: FakeTeams, desk: Desk, office: Chat, alice: Person, bob: Person
):
    forged = {"user": bob.user.aad, "aadObjectId": bob.user.aad, "from": bob.user.account}
    value = payloads.task_value({"do": "desk:read", "held": "1", **forged})
    await fake.deliver(payloads.invoke(alice._made(office), "task/fetch", value | forged))
    assert desk.last[0].user == alice.user.aad
    assert desk.last[1] == Press("desk:read", "1", where=place_of(fake, office))


# ---- when it does not go well


async def test_a_counter_that_takes_too_long_is_not_waited_for_and_nothing_written_is_lost(
    fake: FakeTeams,
    teams: TeamsDesk,
    desk: Desk,
    office: Chat,
    alice: Person,
    monkeypatch: pytest.MonkeyPatch,
):
    dialog = await opened(teams, fake, office, alice)
    monkeypatch.setattr(visits, "_WITHIN", 1.0)
    desk.waits = asyncio.Event()
    await alice.pick(dialog, "Is anybody involved?", "Ann", "Bob")
    await alice.type(dialog, "What happened? (optional)", WORDS)
    await alice.press(dialog, "Send")
    assert "I do not know" in screen.text(dialog) or "whether it was done" in screen.text(dialog)
    first = desk.last[1]
    assert first.written["text:1"] == WORDS
    monkeypatch.setattr(visits, "_WITHIN", 60.0)
    desk.waits.set()
    await alice.press(dialog, "Try again")
    assert desk.last[1] == first
    assert len(desk.seen) == 3


@pytest.mark.parametrize("kind", ["roster", "counter"])
async def test_what_fails_is_told_and_leaves_no_trace_of_what_was_written(
    kind: str, fake: FakeTeams, teams: TeamsDesk, desk: Desk, office: Chat, alice: Person,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    dialog = await opened(teams, fake, office, alice)
    await alice.type(dialog, "What happened? (optional)", CANARY)
    desk.seen.clear()
    if kind == "roster":
        monkeypatch.setattr(visits, "_WITHIN", 0.2)
        fake.faults.add("member", faults.status(503), times=9)
    else:
        desk.error = ValueError(CANARY)
    with logged() as log:
        await alice.press(dialog, "Send")
    assert "whether it was done" in screen.text(dialog)
    assert len(desk.seen) == (kind == "counter")
    assert CANARY not in log.getvalue()


def test_what_is_too_much_to_press_again_is_told_without_a_button(guidance: Guidance):
    press = Press("desk:send", "h" * 8_000, {}, {"text": "w" * 8_000})
    card = failed_card(press, "fr", guidance.phrases)
    assert screen.buttons(dict(card)) == []
    assert cards.card(card, dialog=True).sentences == []


# ---- what a lock screen shows


async def test_notifications_say_what_the_desk_means_to_be_read_by_anybody_and_no_more(
    fake: FakeTeams, teams: TeamsDesk, desk: Desk, office: Chat, alice: Person, guidance: Guidance
):
    """T20 of the threats: a summary and what a client shows in place of a card are neutral."""
    dialog = await opened(teams, fake, office, alice)
    neutral = guidance.phrases["neutral_text"].en
    assert dialog.content is not None
    assert dialog.content["fallbackText"] == neutral
    for message in office.messages:
        assert message.activity["summary"] == CARD.summary
        assert message.content is not None
        assert message.content["fallbackText"] == CARD.summary
    assert CANARY not in json.dumps([call.body for call in fake.calls])
