"""Does Slack do for the desk what its port promises, and show what people write as words only?

The desk is on the other side of the port; here a small one stands in its place, which notes what
is pressed and shows the forms that it was given.
"""

from __future__ import annotations

import asyncio
import html
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.slack import form_presses
from bot.channels.slack.desk import SlackDesk
from bot.channels.slack.forms import cleaned, message_of, press_of, view_of
from bot.channels.slack.limits import TooLargeError
from bot.desk.port import Card, Platform
from bot.forms import Button, Counter, Form, Part, Picked, Press, Said, Style, Written, is_of_a_form
from bot.guidance.words import LANGS, Lang
from bot.platforms import GoneError, LaterError, OpenError, Place, PlatformError, RefusedError, Who
from tests.slack import faults, limits, schemas, screen
from tests.slack.delivery import Outcome
from tests.slack.fake import FakeSlack
from tests.slack.faults import Fault
from tests.slack.person import Person
from tests.slack.state import Channel, Json, Message, User, View, elements_of
from tests.slack_app import Running, guidance_of, hurry, logged, running
from tests.test_slack_faults import FINAL, RETRIED
from tests.test_slack_threats import CORPUS

PHRASES = guidance_of().guidance.phrases
CANARY = "canary-desk-77c1"
CARD = Card("A case waits.", ["Case 17", "Media, in English"], [Button("desk:read", "Read")],
            "17", "en")  # fmt: skip
OTHER = Card("A case was taken.", ["Case 17 was taken."], [], "17", "en")
FAILED = {lang: PHRASES["desk_failed"][lang] for lang in LANGS}


def write(*parts: Part, lang: Lang = "en", held: str = "sealed", **more: Any) -> Form:
    """A form that asks for some words."""
    given = parts or (
        Written("words", "Your words", most=2_000),
        Picked("keep", "Who must not read it?", [("U1", "One"), ("U2", "Two")], many=True,
               optional=True),
        Picked("when", "When?", [("now", "Now"), ("later", "Later")]),
    )  # fmt: skip
    return Form(lang, given, Button("desk:review", "Go on"), [Button("desk:back", "Back")], held,
                **more)  # fmt: skip


def told(words: str, lang: Lang = "en") -> Form:
    return Form(lang, [Said(words)])


@dataclass
class Desk:
    """Shows a form for each thing that is done, and notes the presses; `gate` lets it answer."""

    forms: dict[str, Form] = field(default_factory=dict)
    got: list[tuple[Who, Press, Lang]] = field(default_factory=list)
    ended: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def press(self, who: Who, press: Press, lang: Lang) -> Form:
        self.got.append((who, press, lang))
        await self.gate.wait()
        self.ended += 1
        if self.error is not None:
            raise self.error
        return self.forms[press.do]

    @property
    def pressed(self) -> list[Press]:
        return [press for _, press, _ in self.got]


@pytest.fixture
async def fake() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(rates=False) as fake:
        yield fake
    assert fake.violations == []


@pytest.fixture
async def cairn(fake: FakeSlack) -> AsyncIterator[Running]:
    with logged() as log:
        async with running(fake) as cairn:
            hurry(cairn)
            yield cairn
    assert "Traceback" not in log.getvalue()
    assert CANARY not in log.getvalue()


@pytest.fixture
def desk(cairn: Running) -> Desk:
    """A desk that answers at once."""
    desk = Desk({"desk:read": write(), "desk:review": told("Look at it once more."),
                 "desk:back": told("Back again."), "desk:offices": told("Offices.")})  # fmt: skip
    desk.gate.set()
    counter: Counter = desk
    cairn.channel.serve("desk:", counter)
    return desk


@pytest.fixture
def officer(fake: FakeSlack) -> Person:
    return fake.person("officer", real_name="Officer One")


@pytest.fixture
def office(fake: FakeSlack, officer: Person) -> Channel:
    colleague = fake.person("colleague", real_name="an officer")
    return fake.channel("office", officer, colleague, is_private=True)


@pytest.fixture
def platform(cairn: Running) -> Platform:
    return cairn.channel.platform


def at(channel: Channel, tenant: str = "T0CAIRN") -> Place:
    return Place("slack", tenant, channel.id)


def called(fake: FakeSlack, method: str) -> list[Json]:
    return [call.arguments for call in fake.calls if call.method == method]


# ---- who is in an office's channel


async def test_the_readers_of_a_channel_are_its_people_by_their_names(
    fake: FakeSlack, platform: Platform, office: Channel
):
    gone = fake.person("gone", deleted=True)
    other_bot = fake.person("robot", is_bot=True)
    office.members |= {gone.id, other_bot.id}
    readers = await platform.readers(at(office))
    assert [reader.name for reader in readers] == ["an officer", "Officer One"]
    assert {reader.user for reader in readers} < office.members


async def test_who_is_in_a_channel_is_asked_each_time_and_their_names_once(
    fake: FakeSlack, platform: Platform, office: Channel
):
    await platform.readers(at(office))
    assert len(called(fake, "users.info")) == len(office.members) == 3
    late = fake.person("late", real_name="Zoë")
    office.members.add(late.id)
    assert [one.name for one in await platform.readers(at(office))][-1] == "Zoë"
    office.members.remove(late.id)
    assert len(await platform.readers(at(office))) == 2
    assert len(called(fake, "conversations.info")) == 3
    assert len(called(fake, "users.info")) == 4


async def test_readers_on_several_pages_are_all_there(
    fake: FakeSlack, platform: Platform, office: Channel
):
    fake.page = 2
    assert len(await platform.readers(at(office))) == 2
    assert [args.get("cursor") for args in called(fake, "conversations.members")] == [None, "2"]


def _public(channel: Channel) -> None:
    channel.is_private = False


def _flag(name: str) -> Callable[[Channel], None]:
    return lambda channel: setattr(channel, name, True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_public, "not_private"),
        (_flag("is_archived"), "is_archived"),
        (_flag("is_ext_shared"), "shared"),
        (_flag("is_pending_ext_shared"), "shared"),
        (_flag("is_org_shared"), "shared"),
    ],
)
async def test_a_channel_that_is_not_closed_to_others_is_refused(
    fake: FakeSlack,
    platform: Platform,
    office: Channel,
    change: Callable[[Channel], None],
    code: str,
):
    fake.workspace.scopes.add("channels:read")
    await platform.readers(at(office))
    change(office)
    with pytest.raises(OpenError, match=f"^{code}$"):
        await platform.readers(at(office))


@pytest.mark.parametrize(
    "about",
    [
        {"is_restricted": True},
        {"is_restricted": True, "is_ultra_restricted": True},
        {"is_stranger": True, "team": "T0OTHER"},
        {"team": "T0OTHER"},
    ],
)
async def test_a_channel_with_somebody_who_is_no_full_member_is_refused(
    fake: FakeSlack, platform: Platform, office: Channel, about: dict[str, Any]
):
    office.members.add(fake.person("other", **about).id)
    with pytest.raises(OpenError, match=r"^guest_in_channel$"):
        await platform.readers(at(office))


async def test_members_of_other_workspaces_of_the_organization_are_its_members(
    fake: FakeSlack, platform: Platform, office: Channel
):
    for user in fake.workspace.users.values():
        user.enterprise = "E0ORG"
    office.members.add(fake.person("elsewhere", team="T0SECOND", enterprise="E0ORG").id)
    assert len(await platform.readers(at(office, "E0ORG"))) == 3
    with pytest.raises(OpenError):
        await platform.readers(at(office))


async def test_a_channel_that_cairn_may_not_look_into_is_refused(
    fake: FakeSlack, platform: Platform, officer: Person
):
    public = fake.channel("public", officer)
    fake.workspace.scopes.remove("channels:read")
    with pytest.raises(RefusedError, match=r"^missing_scope$"):
        await platform.readers(at(public))
    secret = fake.channel("secret", officer, is_private=True, bot=False)
    with pytest.raises(RefusedError, match=r"^channel_not_found$"):
        await platform.readers(at(secret))
    fake.workspace.scopes.add("im:read")
    with pytest.raises(OpenError, match=r"^not_private$"):
        await platform.readers(at(officer.dm))


async def test_more_people_than_anybody_can_agree_to_are_refused(
    fake: FakeSlack, platform: Platform, office: Channel
):
    people = [fake.person(f"p{number}") for number in range(197)]
    office.members |= {one.id for one in people}
    assert len(office.members) == 200
    assert len(await platform.readers(at(office))) == 199
    office.members.add(fake.person("one more").id)
    with pytest.raises(RefusedError, match=r"^too_many_members$"):
        await platform.readers(at(office))


# ---- every call is tried once, and every failure is one of the port's

Call = Callable[[Platform, Place, str, Person], Awaitable[object]]
CALLS: dict[str, tuple[str, Call]] = {
    "channel": ("conversations.info", lambda p, place, _, __: p.readers(place)),
    "members": ("conversations.members", lambda p, place, _, __: p.readers(place)),
    "names": ("users.info", lambda p, place, _, __: p.readers(place)),
    "post": ("chat.postMessage", lambda p, place, _, __: p.post(place, CARD)),
    "remind": ("chat.postMessage", lambda p, place, ref, _: p.remind(place, ref, "It waits.")),
    "update": ("chat.update", lambda p, place, ref, _: p.update(place, ref, OTHER)),
    "tell": ("chat.postMessage", lambda p, _, __, one: p.tell(_who(one), CARD)),
}


def _who(person: Person) -> Who:
    return Who("slack", "T0CAIRN", person.id)


def _kind(name: str, fault: Fault) -> type[PlatformError]:
    if name in RETRIED or name in TOKEN:
        return LaterError
    return OpenError if fault.error == "is_archived" else RefusedError


TOKEN = ("account_inactive", "invalid_auth", "token_expired", "token_revoked")
"""Our token is not taken, until an operator has seen to it."""

FAULTS = {
    **RETRIED,
    **{n: f for n, f in FINAL.items() if n not in ("expired_trigger_id", "missing_scope")},
    "missing_scope": faults.error("missing_scope"),
    "account_inactive": faults.error("account_inactive"),
    "not_in_channel": faults.error("not_in_channel"),
}


@pytest.mark.parametrize("call", CALLS)
async def test_what_slack_says_no_to_is_tried_once_and_told_as_what_it_is(
    cairn: Running, platform: Platform, office: Channel, officer: Person, call: str
):
    fake, (method, ask) = cairn.fake, CALLS[call]
    ref = await platform.post(at(office), CARD)
    for name, fault in FAULTS.items():
        cairn.channel.outbound._lanes.clear()
        cairn.channel._directory._known._kept.clear()
        fake.calls.clear()
        fake.faults.heal()
        fake.faults.add(method, fault, times=None)
        with pytest.raises(_kind(name, fault)) as raised:
            await ask(platform, at(office), ref, officer)
        tried = len(called(fake, method))
        assert tried == 1 or (call == "names" and tried), name
        assert str(raised.value) == raised.value.code, name
        assert raised.value.__cause__ is None
        if isinstance(raised.value, LaterError):
            assert 0 <= raised.value.wait <= 60, name
            waits = name in TOKEN or (name.startswith("429") and fault.retry_after != "0")
            assert (raised.value.wait > 0) == waits, name


@pytest.mark.parametrize("call", ["post", "remind", "update", "tell"])
@pytest.mark.parametrize("fault", [faults.reset_after(), faults.truncated()])
async def test_what_may_have_been_done_is_told_as_not_known(
    fake: FakeSlack,
    platform: Platform,
    office: Channel,
    officer: Person,
    call: str,
    fault: Fault,
):
    ref = await platform.post(at(office), CARD)
    fake.calls.clear()
    method, ask = CALLS[call]
    fake.faults.add(method, fault)
    with pytest.raises(LaterError, match=r"^unreachable$"):
        await ask(platform, at(office), ref, officer)
    assert len(called(fake, method)) == 1


@pytest.mark.parametrize("call", ["update", "remind"])
async def test_a_card_that_was_deleted_is_gone(
    fake: FakeSlack, platform: Platform, office: Channel, officer: Person, call: str
):
    ref = await platform.post(at(office), CARD)
    del office.messages[ref]
    with pytest.raises(GoneError):
        await CALLS[call][1](platform, at(office), ref, officer)
    fake.violations.clear()  # the fake notes that there is no such thread


async def test_nothing_is_posted_where_cairn_was_removed_or_the_channel_is_archived(
    fake: FakeSlack, platform: Platform, office: Channel
):
    ref = await platform.post(at(office), CARD)
    office.is_archived = True
    with pytest.raises(OpenError):
        await platform.post(at(office), CARD)
    office.is_archived = False
    office.members.remove(fake.workspace.bot.id)
    for call in ("post", "update"):
        with pytest.raises(RefusedError):
            await CALLS[call][1](platform, at(office), ref, fake.person("x"))


async def test_a_card_that_slack_would_refuse_for_its_size_is_never_sent(
    fake: FakeSlack, platform: Platform, office: Channel
):
    fake.calls.clear()
    large = Card("A case waits.", ["x" * 3_001], [], "17", "en")
    with pytest.raises(RefusedError, match=r"^too_large$"):
        await platform.post(at(office), large)
    assert fake.calls == []


async def test_a_method_that_is_limited_is_left_alone_meanwhile(
    fake: FakeSlack, platform: Platform, office: Channel, cairn: Running
):
    clock = hurry(cairn)
    fake.faults.add("chat.postMessage", faults.limited("30"))
    with pytest.raises(LaterError) as first:
        await platform.post(at(office), CARD)
    clock.now += 27
    fake.calls.clear()
    with pytest.raises(LaterError) as second:
        await platform.post(at(office), CARD)
    assert (first.value.wait, second.value.wait) == (30, 3)
    assert fake.calls == []
    clock.now += 3
    await platform.post(at(office), CARD)
    assert clock.slept == []


async def test_a_channel_gets_one_message_a_second_and_a_long_queue_is_not_joined(
    fake: FakeSlack, platform: Platform, office: Channel, cairn: Running
):
    clock, outbound = hurry(cairn), cairn.channel.outbound

    async def standing(seconds: float) -> None:
        clock.slept.append(seconds)

    outbound._sleep = standing
    posting = [platform.post(at(office), CARD) for _ in range(8)]
    done = await asyncio.gather(*posting, return_exceptions=True)
    sent = [one for one in done if isinstance(one, str)]
    later = [one for one in done if isinstance(one, LaterError)]
    assert len(sent) + len(later) == 8
    assert len(office.shown()) == len(sent) == 5
    assert [one.wait for one in later] == pytest.approx([5.25] * 3)
    assert clock.slept == pytest.approx([1.05, 2.1, 3.15, 4.2])


# ---- what a card looks like


async def test_cards_are_posted_changed_answered_and_told(
    fake: FakeSlack, platform: Platform, office: Channel, officer: Person
):
    ref = await platform.post(at(office), CARD)
    card = office.messages[ref]
    assert screen.lines(card) == ["Case 17", "Media, in English", "[ Read ]"]
    assert card.text == "A case waits."
    await platform.remind(at(office), ref, "Case 17 still waits.")
    line = office.shown()[-1]
    assert (line.thread_ts, line.text) == (ref, "Case 17 still waits.")
    assert called(fake, "chat.postMessage")[-1]["reply_broadcast"] is True
    await platform.update(at(office), ref, OTHER)
    assert screen.lines(card) == ["Case 17 was taken."]
    await platform.tell(_who(officer), CARD)
    assert screen.lines(officer.sees()[-1]) == ["Case 17", "Media, in English", "[ Read ]"]
    assert officer.sees()[-1].text == CARD.summary
    for call in called(fake, "chat.postMessage"):
        assert (call["unfurl_links"], call["unfurl_media"]) == (False, False)


@pytest.mark.parametrize("number", range(0, len(CORPUS), 54))
def test_nothing_in_a_card_is_read_as_a_mark_and_its_texts_are_its_own(number: int):
    for _, text in CORPUS[number : number + 54]:
        card = Card(text, [text, "Case 17"], [Button("desk:read", "Read")], "17", "fr")
        payload = message_of(card)
        assert _problems("MessagePayload", payload) == []
        assert _marked(payload["blocks"]) == []
        shown = [html.unescape(b["text"]["text"]) for b in payload["blocks"][:-1]]
        assert shown == [one for one in (cleaned(text), "Case 17") if one.strip()]
        assert html.unescape(payload["text"]).replace("\u2060", "") == cleaned(text).replace(
            "\u2060", ""
        )


def test_a_card_without_lines_says_its_summary():
    payload = message_of(Card("A case waits.", [], [], "17", "en"))
    assert [block["text"]["text"] for block in payload["blocks"]] == ["A case waits."]


# ---- what a form looks like


def _problems(name: str, payload: Mapping[str, Any]) -> list[str]:
    """What Slack, its types or we would not have in a payload; people may write any address."""
    if name == "ModalPayload":
        found = limits.view(dict(payload)).sentences()
    else:
        sent = {"channel": "C1", "unfurl_links": False, "unfurl_media": False, **payload}
        found = limits.message(sent).sentences()
    found = [one for one in found if not one.startswith("an http address")]
    return found + schemas.problems(name, dict(payload))


def _marked(value: Any) -> list[str]:
    """Every text in it of which Slack reads marks."""
    if isinstance(value, dict):
        own = [value["text"]] if value.get("type") == "mrkdwn" else []
        return own + [text for one in value.values() for text in _marked(one)]
    if isinstance(value, list):
        return [text for one in value for text in _marked(one)]
    return []


def _quoted(view: Mapping[str, Any]) -> list[str]:
    """What stands in it as somebody's own words, read back."""
    return [
        "".join(span["text"] for part in block["elements"] for span in part["elements"])
        for block in view["blocks"]
        if block["type"] == "rich_text"
    ]


def _surface(view: Mapping[str, Any]) -> View:
    shown = View("V1", User("U1", "alice", "T0CAIRN"), "modal")
    shown.payload = dict(view)
    shown.show(view["blocks"], itertools.count(1))
    return shown


EVERYTHING = [
    Said("A heading", Style.HEADING),
    Said("Words with **marks**, [a link](https://www.canada.ca/en.html) and <signs>."),
    Said("- one\n- two", Style.SMALL),
    Said("Strong * words\nin two rows", Style.STRONG),
    Said("What *she* wrote <!channel> https://evil.example", Style.QUOTED),
    Said("  ", Style.QUOTED),
    Picked("few", "Few", [("a", "A"), ("b", "B")], ["b"], hint="One."),
    Picked("some", "Some", [("a", "A"), ("b", "B")], ["a", "b"], many=True, optional=True),
    Picked("lots", "Lots", [(f"i{n}", f"Choice {n}") for n in range(100)], ["i7"]),
    Picked("many", "Many", [(f"i{n}", f"Choice {n}") for n in range(100)], ["i7", "i99"],
           many=True),
    Picked("none", "Nothing to pick from", []),
    Picked("long", "Long", [("a", "I have read " + "what goes to whom, " * 4 + "and agree.")]),
    Written("line", "A line", "<b> & *c*", 80, "At most 80.", lines=False),
    Written("text", "A text", optional=True),
]  # fmt: skip


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    "main", [Button("desk:send", "S & end, with more words than there is room")]
)
def test_a_form_with_everything_keeps_to_slacks_types_and_limits(lang: Lang, main: Button):
    buttons = [Button(f"desk:do:{number}", "Do & <that>") for number in range(25)]
    view = view_of(Form(lang, EVERYTHING, main, buttons, "h" * 3_000), PHRASES)
    assert _problems("ModalPayload", view) == []
    lines = screen.lines(_surface(view))
    assert lines[0] == "== Cairn =="
    assert "# A heading" in lines
    assert "> What *she* wrote <!channel> https://evil.example" in lines
    assert "[<b> & *c*]" in lines
    assert "Nothing to pick from" not in lines
    assert "(o) B" in lines
    assert screen.links(_surface(view)) == ["https://www.canada.ca/en.html"]


def test_every_field_has_a_label_and_every_button_words():
    view = view_of(Form("fr", EVERYTHING, Button("desk:send", "Envoyer"), [], "x"), PHRASES)
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    assert [block["label"]["text"] for block in inputs] == [
        "Few", "Some", "Lots", "Many", "Long", "A line", "A text",
    ]  # fmt: skip
    assert [block.get("optional") for block in inputs] == [
        False, True, False, False, False, False, True,
    ]  # fmt: skip
    assert (view["submit"]["text"], view["close"]["text"]) == ("Envoyer", "Fermer")
    placeholders = [b["element"]["placeholder"]["text"] for b in inputs[2:4]]
    assert placeholders == [PHRASES["choose_one"].fr, PHRASES["choose_many"].fr]


def test_without_a_main_button_there_is_nothing_to_send_and_so_no_field():
    view = view_of(Form("en", [Said("Read this.")], None, [Button("desk:back", "Back")]), PHRASES)
    assert "submit" not in view
    assert _problems("ModalPayload", view) == []
    with pytest.raises(TooLargeError, match="fields that nothing sends"):
        view_of(Form("en", [Written("words", "Words")]), PHRASES)


@pytest.mark.parametrize(
    "form",
    [
        Form("en", [Said(f"{n}") for n in range(101)]),
        Form("en", [Said("x" * 2_500, Style.QUOTED)] * 8),
        Form("en", [Said("x")], held="h" * 3_001),
        Form("en", [Said("x")], buttons=[Button("desk:a", "A"), Button("desk:a", "B")]),
        Form("en", [Said("x")], buttons=[Button("desk:a", "A")] * 26),
        write(Picked("who", "Who?", [(f"U{n}", "x") for n in range(101)], many=True)),
        write(Picked("who", "Who?", [("U1", "x"), ("U1", "y")])),
        write(Written("a", "A"), Written("a", "B")),
    ],
)
def test_a_form_that_slack_would_refuse_is_never_sent(form: Form):
    with pytest.raises(TooLargeError):
        view_of(form, PHRASES)


@pytest.mark.parametrize("number", range(0, len(CORPUS), 54))
def test_what_somebody_wrote_stands_there_letter_by_letter(number: int):
    for _, text in CORPUS[number : number + 54]:
        view = view_of(
            Form(
                "en",
                [Said(text, Style.QUOTED), Written("words", "Words", text, 3_000),
                 Picked("who", "Who?", [("U1", text)], many=True)],
                Button("desk:send", "Send"),
            ),
            PHRASES,
        )  # fmt: skip
        assert _problems("ModalPayload", view) == []
        assert _quoted(view) == [cleaned(text)]
        assert _marked(view["blocks"]) == []
        shown = _surface(view)
        assert screen.links(shown) == []
        typed = shown.filled[screen.block_of(shown, "words")]["words"]["value"]
        assert typed == cleaned(text)


@given(st.text(min_size=1, max_size=9_000))
def test_any_text_is_read_back_as_it_was_written_however_long(text: str):
    kept = cleaned(text)
    view = view_of(Form("en", [Said(text, Style.QUOTED)]), PHRASES)
    assert _quoted(view) == ([kept] if kept.strip() else [])
    assert limits.view(dict(view)).sentences() == []


@given(st.text(alphabet="\U0001f9d1a é\n&", min_size=1, max_size=5_000))
def test_letters_are_counted_as_slack_counts_them(text: str):
    parts = [Said(text, Style.QUOTED), Written("words", "Words", text[:3_000], 100)]
    view = view_of(Form("en", parts, Button("desk:send", "Send")), PHRASES)
    assert limits.view(dict(view)).sentences() == []


@given(st.lists(st.tuples(st.sampled_from(Style), st.text(max_size=300)), max_size=8))
def test_words_of_every_style_keep_to_slacks_types_and_limits(said: list[tuple[Style, str]]):
    parts = [Said(words, style) for style, words in said if "://" not in words]
    view = view_of(Form("fr", parts), PHRASES)
    assert _problems("ModalPayload", view) == []


# ---- what a press holds


def test_what_is_picked_and_written_comes_back_by_the_names_of_the_fields():
    shown = _surface(view_of(write(*EVERYTHING), PHRASES))
    press = press_of("desk:review", "sealed", shown.state())
    assert press == Press(
        "desk:review",
        "sealed",
        {"few": ("b",), "some": ("a", "b"), "lots": ("i7",), "many": ("i7", "i99"), "long": ()},
        {"line": "<b> & *c*", "text": ""},
    )


def test_nobody_who_was_picked_is_lost_however_many_they_are():
    people = [(f"U{n}", f"Person {n}") for n in range(100)]
    form = write(Picked("keep", "Who?", people, [user for user, _ in people], many=True))
    press = press_of("desk:review", "", _surface(view_of(form, PHRASES)).state())
    assert press is not None
    assert press.picked == {"keep": tuple(user for user, _ in people)}


def _state(**fields: Json) -> Json:
    return {"values": {name: {name: element} for name, element in fields.items()}}


def _text(value: object) -> Json:
    return {"type": "plain_text_input", "value": value}


@pytest.mark.parametrize(
    "press",
    [
        ("desk:send", "", _state(a=_text("x" * 3_001))),
        ("desk:send", "", _state(a={"selected_options": [{"value": "x"}] * 101})),
        ("desk:send", "", _state(**{f"f{n}": _text("x") for n in range(51)})),
        ("desk:send", "h" * 3_001, {}),
        ("desk:" + "x" * 251, "", {}),
    ],
)
def test_more_than_our_forms_can_hold_is_refused_whole(press: tuple[str, object, object]):
    assert press_of(*press) is None


@pytest.mark.parametrize(
    "state",
    [None, [], {"values": []}, {"values": {"a": []}}, {"values": {"a": {"b": "c"}}}],
)
def test_what_is_no_form_of_ours_holds_nothing(state: object):
    assert press_of("desk:send", None, state) == Press("desk:send")


def test_signs_that_cannot_be_seen_are_not_taken():
    state = _state(words=_text("a\u202eb\x00c\r\nd\ud800"), who={"selected_option": None})
    press = press_of("desk:send", "", state)
    assert press == Press("desk:send", "", {"who": ()}, {"words": "abc\nd"})


# ---- a card opens a window, and the window goes on in itself


async def opened(platform: Platform, office: Channel, officer: Person) -> Message:
    """The card of an office, pressed by somebody who is in its channel."""
    card = office.messages[await platform.post(at(office), CARD)]
    await officer.press(card, label="Read")
    return card


async def test_a_card_opens_a_window_with_what_the_desk_says(
    cairn: Running, desk: Desk, platform: Platform, office: Channel, officer: Person
):
    await opened(platform, office, officer)
    await cairn.drain()
    assert screen.lines(officer.view)[:4] == ["== Cairn ==", "Your words", "[____]",
                                              "Who must not read it? (optional)"]  # fmt: skip
    ((who, press, lang),) = desk.got
    assert (who, who.name) == (Who("slack", "T0CAIRN", officer.id, "Officer One"), "Officer One")
    assert press.at == office.shown()[0].ts
    assert (replace(press, at=""), lang) == (Press("desk:read", "17"), "en")
    assert len(office.shown()) == 1, "the channel learns nothing of it"


async def test_a_form_is_answered_within_its_own_request(
    cairn: Running,
    fake: FakeSlack,
    desk: Desk,
    platform: Platform,
    office: Channel,
    officer: Person,
):
    await opened(platform, office, officer)
    await cairn.drain()
    view = officer.view
    await officer.fill("Your words", f"{CANARY} <!channel> & *more*")
    await officer.fill("Who must not read it?", "Two", "One")
    await officer.fill("When?", "Later")
    fake.calls.clear()
    outcome = await officer.submit()
    assert outcome.ok
    assert fake.calls == [], "their name is remembered, and the answer needs no call"
    assert screen.lines(view)[1] == "Look at it once more."
    assert desk.pressed[-1] == Press(
        "desk:review",
        "sealed",
        {"keep": ("U2", "U1"), "when": ("later",)},
        {"words": f"{CANARY} <!channel> & *more*"},
    )


async def test_a_button_of_a_window_changes_it_and_tells_what_the_fields_hold(
    cairn: Running, desk: Desk, platform: Platform, office: Channel, officer: Person
):
    await opened(platform, office, officer)
    await cairn.drain()
    view = officer.view
    await officer.fill("Your words", CANARY)
    await officer.press(view, label="Back")
    await cairn.drain()
    assert screen.lines(view)[1] == "Back again."
    assert desk.pressed[-1].held == "sealed"
    assert desk.pressed[-1].written == {"words": CANARY}


async def test_a_window_that_was_closed_or_went_on_meanwhile_is_left_alone(
    cairn: Running, desk: Desk, platform: Platform, office: Channel, officer: Person
):
    await opened(platform, office, officer)
    await cairn.drain()
    view = officer.view
    desk.gate.clear()
    await officer.press(view, label="Back")
    await officer.close(view)
    desk.gate.set()
    await cairn.drain()
    assert view.updates == 1


async def test_the_same_form_with_a_trouble_keeps_what_was_typed_and_another_does_not(
    cairn: Running, desk: Desk, platform: Platform, office: Channel, officer: Person
):
    await opened(platform, office, officer)
    await cairn.drain()
    view, form = officer.view, write()
    desk.forms["desk:review"] = write(Said("Please say when.", Style.STRONG), *form.parts)
    await officer.fill("Your words", CANARY)
    await officer.fill("When?", "Now")
    await officer.submit()
    assert "Please say when." in screen.lines(view)
    assert f"[{CANARY}]" in screen.lines(view)
    desk.forms["desk:review"] = write(held="another")
    await officer.submit()
    assert CANARY not in screen.text(view)
    desk.forms["desk:review"] = write(Written("words", "Your words", CANARY), held="a third")
    await officer.fill("Your words", "x")
    await officer.fill("When?", "Now")
    await officer.submit()
    assert f"[{CANARY}]" in screen.lines(view), "what the desk fills in stands there"


@pytest.mark.parametrize("lang", LANGS)
async def test_the_language_of_a_form_is_told_to_the_desk(
    cairn: Running,
    desk: Desk,
    platform: Platform,
    office: Channel,
    officer: Person,
    lang: Lang,
):
    desk.forms["desk:read"] = write(lang=lang)
    await opened(platform, office, officer)
    await cairn.drain()
    await officer.press(officer.view, label="Back")
    await cairn.drain()
    assert [lang for _, _, lang in desk.got] == ["en", lang]


# ---- a desk that is slow, fails, or is not there


async def test_a_form_whose_desk_takes_too_long_stays_and_says_so(
    cairn: Running,
    desk: Desk,
    platform: Platform,
    office: Channel,
    officer: Person,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(form_presses, "ANSWER", 0.05)
    await opened(platform, office, officer)
    await cairn.drain()
    view = officer.view
    await officer.fill("Your words", CANARY)
    await officer.fill("When?", "Now")
    desk.gate.clear()
    for _ in range(2):
        assert (await officer.submit()).ok
        lines = screen.lines(view)
        assert lines.count(FAILED["en"]) == 1
        assert lines[-2] == FAILED["en"], "beside the button that is to be pressed again"
        assert f"[{CANARY}]" in lines
    assert desk.ended == 1, "only the card's"
    desk.gate.set()
    await cairn.drain()
    assert desk.ended == 3, "what was begun is ended"
    first, second = desk.pressed[-2:]
    assert first == second, "pressed again it is the same press"


async def test_a_card_whose_desk_takes_long_opens_a_window_that_asks_to_wait(
    cairn: Running,
    desk: Desk,
    platform: Platform,
    office: Channel,
    officer: Person,
    monkeypatch: pytest.MonkeyPatch,
    fake: FakeSlack,
):
    monkeypatch.setattr(form_presses, "SOON", 0.0)
    desk.gate.clear()
    await opened(platform, office, officer)
    await fake.until(lambda: officer.views)
    view = officer.view
    assert screen.lines(view)[1] == PHRASES["desk_wait"].en
    desk.gate.set()
    await cairn.drain()
    assert officer.view is view
    assert screen.lines(view)[1] == "Your words"


@pytest.mark.parametrize("error", [ValueError(CANARY), KeyError(CANARY), OSError(CANARY)])
async def test_a_desk_that_fails_is_told_and_nothing_of_it_is_logged(
    cairn: Running,
    desk: Desk,
    platform: Platform,
    office: Channel,
    officer: Person,
    error: Exception,
):
    desk.error = error
    await opened(platform, office, officer)
    await cairn.drain()
    assert screen.lines(officer.view)[1] == FAILED["en"]
    desk.error = None
    await opened(platform, office, officer)
    await cairn.drain()
    view = officer.view
    await officer.fill("Your words", CANARY)
    await officer.fill("When?", "Now")
    desk.error = error
    await officer.press(view, label="Back")
    await cairn.drain()
    assert screen.lines(view)[-2] == FAILED["en"]
    assert (await officer.submit()).ok
    assert screen.lines(view).count(FAILED["en"]) == 1
    assert f"[{CANARY}]" in screen.lines(view)
    desk.error = None
    await officer.submit()
    assert screen.lines(view)[1] == "Look at it once more."


async def test_a_form_that_slack_would_refuse_is_told_as_a_failure(
    cairn: Running, desk: Desk, platform: Platform, office: Channel, officer: Person
):
    desk.forms["desk:read"] = Form("en", [Said("x" * 2_500, Style.QUOTED)] * 8)
    await opened(platform, office, officer)
    await cairn.drain()
    assert screen.lines(officer.view)[1] == FAILED["en"]


async def test_before_there_is_a_desk_its_buttons_say_that_it_did_not_work(
    cairn: Running, platform: Platform, office: Channel, officer: Person
):
    await opened(platform, office, officer)
    await cairn.drain()
    assert screen.lines(officer.view)[1] == FAILED["en"]


async def test_a_view_that_cannot_be_shown_again_is_kept_by_slack_itself(
    cairn: Running, fake: FakeSlack, desk: Desk, officer: Person
):
    desk.error = ValueError(CANARY)
    form = Form("en", [Said("x")], Button("desk:review", "Go on"), held="sealed")
    view = fake.open_view(officer.user, view_of(form, PHRASES))
    view.blocks += [{"type": "section", "block_id": f"b{n}", "text": "no object"} for n in (1, 2)]
    outcome = await officer.submit(view)
    assert (outcome.status, outcome.body) == (503, "")
    assert view.open
    fake.failures.clear()


# ---- a window that does not open


@pytest.mark.parametrize(
    "fault", [faults.error("expired_trigger_id"), faults.limited("30"), faults.status(503)]
)
async def test_where_no_window_opens_only_the_person_is_told_to_press_again(
    cairn: Running,
    fake: FakeSlack,
    desk: Desk,
    platform: Platform,
    office: Channel,
    officer: Person,
    fault: Fault,
):
    fake.faults.add("views.open", fault)
    card = await opened(platform, office, officer)
    await cairn.drain()
    assert [line.text for line in officer.ephemerals] == [PHRASES["desk_press_again"].en]
    assert office.shown() == [card]
    assert desk.ended == 1
    cairn.channel.outbound._lanes.clear()
    await officer.press(card, label="Read")
    await cairn.drain()
    assert screen.lines(officer.view)[1] == "Your words"


async def test_a_trigger_that_is_too_old_is_not_tried_and_the_desk_not_asked(
    cairn: Running,
    fake: FakeSlack,
    desk: Desk,
    platform: Platform,
    office: Channel,
    officer: Person,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(form_presses, "STALE", -1.0)
    await opened(platform, office, officer)
    await cairn.drain()
    assert (desk.got, called(fake, "views.open")) == ([], [])
    assert [line.text for line in officer.ephemerals] == [PHRASES["desk_press_again"].en]


async def test_where_the_answer_cannot_be_given_in_the_channel_it_comes_in_their_own_chat(
    cairn: Running,
    fake: FakeSlack,
    desk: Desk,
    platform: Platform,
    office: Channel,
    officer: Person,
):
    fake.faults.add("views.open", faults.error("expired_trigger_id"))
    fake.faults.add("response_url", faults.status(404))
    await opened(platform, office, officer)
    await cairn.drain()
    assert officer.sees()[-1].text == PHRASES["desk_press_again"].en
    assert len(office.shown()) == 1


# ---- who is let in


async def test_a_guest_is_told_so_and_the_desk_hears_nothing(
    cairn: Running, fake: FakeSlack, desk: Desk, platform: Platform, office: Channel
):
    guest = fake.person("guest", is_restricted=True)
    office.members.add(guest.id)
    await opened(platform, office, guest)
    await cairn.drain()
    assert screen.lines(guest.view)[1] == PHRASES["desk_members_only"].en
    view = fake.open_view(guest.user, view_of(write(Said("x")), PHRASES))
    await guest.submit(view)
    await guest.press(fake.open_view(guest.user, view_of(write(), PHRASES)), label="Back")
    await cairn.drain()
    assert screen.lines(view)[1] == PHRASES["desk_members_only"].en
    assert screen.lines(guest.view)[1] == PHRASES["desk_members_only"].en
    assert desk.got == []


async def test_somebody_from_another_organization_is_refused(
    cairn: Running, fake: FakeSlack, desk: Desk, platform: Platform, office: Channel
):
    other = fake.person("other", team="T0OTHER", is_stranger=True)
    office.members.add(other.id)
    await opened(platform, office, other)
    await fake.until(lambda: cairn.channel.tasks.count == 0)
    view = fake.open_view(other.user, view_of(write(Said("x")), PHRASES))
    await other.submit(view)
    await cairn.drain()
    assert not view.open
    assert "serves the people of the organization" in screen.text(other.sees()[-1])
    assert (desk.got, called(fake, "views.open")) == ([], [])
    fake.violations[:] = [one for one in fake.violations if "http" not in one]


async def test_where_the_directory_says_nothing_the_desk_gets_no_name(
    cairn: Running,
    fake: FakeSlack,
    desk: Desk,
    platform: Platform,
    office: Channel,
    officer: Person,
):
    fake.faults.add("users.info", faults.status(503), times=None)
    await opened(platform, office, officer)
    await cairn.drain()
    assert [who.name for who, _, _ in desk.got] == [""]


async def test_a_card_for_several_is_opened_in_the_language_of_whoever_presses(
    cairn: Running, fake: FakeSlack, desk: Desk, platform: Platform, office: Channel
):
    francine = fake.person("francine", locale="fr-CA")
    office.members.add(francine.id)
    for _ in range(2):  # at the first press nobody knows it yet
        await opened(platform, office, francine)
        await cairn.drain()
    assert [lang for _, _, lang in desk.got] == ["en", "fr"]


async def test_who_presses_is_told_by_the_envelope_and_nothing_else(
    cairn: Running, fake: FakeSlack, desk: Desk, officer: Person
):
    other = fake.person("other")
    form = write(Said("x"), held=json.dumps({"user": other.id, "tenant": "T0OTHER"}))
    await officer.submit(fake.open_view(officer.user, view_of(form, PHRASES)))
    assert [(who.tenant, who.user) for who, _, _ in desk.got] == [("T0CAIRN", officer.id)]


# ---- from a screen of the guidance to the offices

OFFICES = {"type": "actions", "block_id": "desk:en", "elements": [
    {"type": "button", "action_id": "desk:offices", "text": {"type": "plain_text", "text": "Write"}}
]}  # fmt: skip


async def walked(cairn: Running, person: Person) -> View:
    """A walk in a window, with the button that leads to the desk."""
    await person.slash()
    await cairn.drain()
    await person.pick(person.view, screen.block_of(person.view, "goto"), "post_reported")
    await person.submit()
    _with_button(cairn.fake, person.view, None)
    return person.view


def _with_button(fake: FakeSlack, view: View, capsule: str | None) -> None:
    shown = {**view.payload, "blocks": [*view.payload["blocks"], OFFICES]}
    if capsule is not None:
        shown["private_metadata"] = capsule
    fake.fill_view(view, shown)


async def test_the_place_of_a_walk_goes_to_the_desk_as_text(
    cairn: Running, fake: FakeSlack, desk: Desk, officer: Person
):
    view = await walked(cairn, officer)
    await officer.press(view, label="Write")
    await cairn.drain()
    assert [(press.do, press.held) for press in desk.pressed] == [("desk:offices", "post_reported")]
    assert screen.lines(officer.view)[1] == "Offices."
    assert officer.view is view


async def test_the_place_of_a_card_in_the_chat_goes_to_the_desk_in_a_window(
    cairn: Running, fake: FakeSlack, desk: Desk, officer: Person
):
    await officer.message("a journalist asked about a post")
    await cairn.drain()
    card = officer.sees()[-1]
    capsule = next(e["value"] for b in card.blocks for e in elements_of(b) if e.get("value"))
    button = {**OFFICES["elements"][0], "value": capsule}
    fake.change(card, card.text, [*card.blocks, {**OFFICES, "elements": [button]}])
    await officer.press(card, label="Write")
    await cairn.drain()
    assert [press.held for press in desk.pressed] != [""]
    assert all(len(press.held) < 60 for press in desk.pressed)
    assert screen.lines(officer.view)[1] == "Offices."


async def test_a_place_that_does_not_open_for_this_person_is_no_place(
    cairn: Running, fake: FakeSlack, desk: Desk, officer: Person
):
    other = fake.person("other")
    theirs = (await walked(cairn, other)).private_metadata
    for capsule in (theirs, "", "post_reported", "sealed"):
        view = fake.open_view(officer.user, view_of(told("x"), PHRASES))
        _with_button(fake, view, capsule)
        await officer.press(view, label="Write")
        await cairn.drain()
    assert [press.held for press in desk.pressed] == [""] * 4


async def test_a_walk_goes_on_where_the_desk_fails(
    cairn: Running, fake: FakeSlack, desk: Desk, officer: Person
):
    view = await walked(cairn, officer)
    desk.error = ValueError(CANARY)
    await officer.press(view, label="Write")
    await cairn.drain()
    assert FAILED["en"] in screen.lines(view)
    await officer.pick(view, screen.block_of(view, "pick"), "media_query")
    await officer.submit(view)
    assert FAILED["en"] not in screen.lines(view)


# ---- through the socket


async def test_a_form_is_answered_through_the_socket_as_well(fake: FakeSlack):
    settings = {"slack_app_token": fake.app_token, "slack_signing_secrets": None}
    desk = Desk({"desk:review": told("Look at it once more.")})
    desk.gate.set()
    officer = fake.person("officer")
    async with running(fake, **settings) as cairn:
        cairn.channel.serve("desk:", desk)
        view = fake.open_view(officer.user, view_of(write(Said("x")), PHRASES))
        outcome: Outcome = await officer.submit(view)
    assert outcome.ok
    assert screen.lines(view)[1] == "Look at it once more."


def test_the_parts_are_what_the_port_asks_for(cairn: Running):
    assert isinstance(cairn.channel.platform, SlackDesk)
    assert is_of_a_form("desk:read")
    assert not any(is_of_a_form(do) for do in ("choose", "desk", "DESK:x", None, 3))
