"""Can every distinct screen be shown on Slack, as a modal and as a message, in both languages?

Each is held against Slack's own published types and against a second table of limits that knows
nothing of ours; and what a modal says, a message says too.
"""

from __future__ import annotations

import itertools
import json
import marshal
import re
from collections.abc import Iterator
from typing import Any

import pytest

from bot.channels.slack import surfaces
from bot.channels.slack.answers import SlackAnswers
from bot.channels.slack.decode import Person
from bot.channels.slack.limits import TooLargeError, checked_message, checked_view
from bot.channels.slack.pen import pages_of
from bot.conversation import Conversation, Look, Move, Reply
from bot.guidance.model import Guidance
from bot.guidance.pages import Part
from bot.guidance.screen import Sort
from bot.guidance.walk import routes
from bot.guidance.words import LANGS, Lang, plain
from bot.organization import Organization
from bot.seal import MAX_LENGTH, Seal, new_key
from tests.conftest import still
from tests.feedback import counting
from tests.places import distinct, drawn, pages
from tests.slack import limits, schemas, screen
from tests.slack.state import User, View
from tests.test_content import TREES
from tests.whole import one_now

LONGEST = "1" + "x" * (MAX_LENGTH - 1)
"""As long as a capsule may be, wherever a person is."""

ALICE = Person("T1", "U1")


@pytest.fixture(scope="module")
def department(organized: tuple[Guidance, Organization]) -> Conversation:
    """The sample department where answers are counted, so that people are asked if they helped."""
    return counting(*organized).conversation


def shown(reply: Reply) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every page of a reply, as a message and as a modal."""
    for page in pages_of(reply):
        yield "MessagePayload", surfaces.message(reply, page, LONGEST)
        yield "ModalPayload", surfaces.modal(reply, page, LONGEST)


def modals(reply: Reply) -> list[dict[str, Any]]:
    """Every page of a reply as a modal."""
    return [payload for name, payload in shown(reply) if name == "ModalPayload"]


def as_sent(name: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The payload with what Outbound adds to a message."""
    if name != "MessagePayload":
        return payload
    return {"channel": "C1", "unfurl_links": False, "unfurl_media": False, **payload}


def lines_of(payload: dict[str, Any]) -> list[str]:
    """What a person reads in a modal or message, line by line."""
    view = View("V1", User("U1", "alice", "T1", "Alice"), "modal")
    view.payload = payload
    view.show(payload["blocks"], itertools.count(1))
    return [line.replace("\u2060", "") for line in screen.lines(view)]


def shape(value: Any) -> Any:
    """A payload without its words: two of the same shape are both valid, or neither."""
    if isinstance(value, dict):
        return {k: v if k in ("type", "style") else shape(v) for k, v in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value]
    return "x" if isinstance(value, str) and value else value


class Judge:
    """Holds payloads against Slack's types and limits.

    Each block is looked at once, and each shape of a block once against the types; the whole of
    each payload is counted.
    """

    def __init__(self, guidance: Guidance) -> None:
        self.sizes: dict[bytes, int] = {}
        self.last: dict[int, tuple[dict[str, Any], bytes]] = {}
        self.shapes: set[str] = set()
        # Two issuers were read at addresses without encryption; the sources say so.
        self.old_addresses = [
            address
            for source in guidance.sources.values()
            for address in source.url.values()
            if address.startswith("http://")
        ]

    def problems(self, name: str, payload: dict[str, Any]) -> list[str]:
        keys = [self._key(block) for block in payload["blocks"]]
        self.last = {id(b): (b, key) for b, key in zip(payload["blocks"], keys, strict=True)}
        new = {
            key: block
            for key, block in zip(keys, payload["blocks"], strict=True)
            if key not in self.sizes
        }
        few = [json.loads(self._encrypted(json.dumps(block))) for block in new.values()]
        self.sizes |= {k: sum(map(len, words(b))) for k, b in zip(new, few, strict=True)}
        found = counted(name, payload, sum(self.sizes[key] for key in keys))
        if few:
            look = limits.message if name == "MessagePayload" else limits.view
            found += look(as_sent(name, {**payload, "blocks": few})).sentences()
        strange = [block for block in few if self._is_new(block)]
        if strange:
            found += schemas.problems(name, {**payload, "blocks": strange})
        return found

    def _key(self, block: dict[str, Any]) -> bytes:
        """What a block is known by; a modal and a message of one page share most of theirs."""
        known = self.last.get(id(block))
        return known[1] if known else marshal.dumps(block, 2)

    def _is_new(self, block: dict[str, Any]) -> bool:
        key = json.dumps(shape(block))
        known = key in self.shapes
        self.shapes.add(key)
        return not known

    def _encrypted(self, text: str) -> str:
        for address in self.old_addresses:
            text = text.replace(address, address.replace("http:", "https:"))
        return text


def counted(name: str, payload: dict[str, Any], total: int) -> list[str]:
    """What is wrong with the whole: too many blocks, too much text, a name twice."""
    found = []
    most = 50 if name == "MessagePayload" else 100
    if len(payload["blocks"]) > most:
        found.append(f"{len(payload['blocks'])} blocks")
    if total > limits.BUDGET:
        found.append(f"{total} letters")
    names = [block["block_id"] for block in payload["blocks"] if "block_id" in block]
    if len(names) > len(set(names)):
        found.append("a block_id twice")
    return found


def words(value: Any) -> Iterator[str]:
    """All texts in a value."""
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for one in value.values():
            yield from words(one)
    elif isinstance(value, list):
        for one in value:
            yield from words(one)


@pytest.mark.parametrize("lang", one_now("fr", "en"))
@pytest.mark.parametrize("tree", TREES)
def test_every_distinct_screen_keeps_to_slacks_types_and_limits(
    department: Conversation, tree: str, lang: Lang
):
    judge = Judge(department.guidance)
    count = 0
    for place in drawn(department.guidance, tree):
        reply = department.respond(Move(place, lang, Look()))
        for name, payload in shown(reply):
            assert judge.problems(name, payload) == [], place
            count += 1
    assert count > len(department.guidance.trees[tree].questions)


@pytest.mark.parametrize("lang", LANGS)
def test_every_page_outside_the_walks_keeps_to_them_too(department: Conversation, lang: Lang):
    judge = Judge(department.guidance)
    for place in pages(department.guidance):
        reply = department.respond(Move(place, lang, Look()))
        for name, payload in shown(reply):
            assert judge.problems(name, payload) == [], place


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("tree", TREES)
def test_why_outline_trail_and_copy_keep_to_them_too(
    department: Conversation, tree: str, lang: Lang
):
    judge = Judge(department.guidance)
    guidance = department.guidance
    longest = max(routes(guidance.trees[tree]), key=lambda t: len(str(t)))
    for part in (Part.WHY, Part.OUTLINE):
        reply = department.respond(Move(str(longest), lang, Look(part)))
        for name, payload in shown(reply):
            assert judge.problems(name, payload) == [], part
    reply = department.respond(Move(str(longest), lang, Look()))
    forms = [
        ("ModalPayload", surfaces.trail_modal(reply, LONGEST)),
        ("MessagePayload", surfaces.trail_message(reply, LONGEST)),
        ("ModalPayload", surfaces.copy_modal(reply, LONGEST)),
        ("ModalPayload", surfaces.copy_modal(reply, LONGEST, "sent_here")),
    ]
    for name, payload in forms:
        assert judge.problems(name, payload) == []


@pytest.mark.parametrize("lang", LANGS)
def test_home_and_the_first_screens_keep_to_them_too(department: Conversation, lang: Lang):
    judge = Judge(department.guidance)
    answers = SlackAnswers(department, Seal([new_key()], department.guidance, still))
    home = answers.at("home", lang)
    both = answers.both()
    forms = [
        ("HomePayload", surfaces.home_tab(home, LONGEST)),
        ("ModalPayload", surfaces.first_modal(both, LONGEST)),
        ("MessagePayload", surfaces.first_message(both, LONGEST)),
        ("MessagePayload", surfaces.channel_reply(home, "https://slack.com/app_redirect")),
        ("MessagePayload", surfaces.refusal(both)),
    ]
    for name, payload in forms:
        assert judge.problems(name, payload) == [], name


@pytest.mark.long
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("tree", TREES)
def test_a_modal_and_a_message_say_the_same(department: Conversation, tree: str, lang: Lang):
    places = [*distinct(department.guidance, tree)][::40]
    for place in places:
        reply = department.respond(Move(place, lang, Look()))
        for page in pages_of(reply):
            modal = surfaces.modal(reply, page, LONGEST)["blocks"]
            message = surfaces.message(reply, page, LONGEST)["blocks"]
            assert said(modal) == said(message)


def said(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The blocks that say something: no buttons, and not the sentence on what the chat keeps."""
    keeps = ("keeps its own copy", "garde sa propre copie")
    return [
        block
        for block in found
        if block["type"] != "actions"
        and block.get("block_id") != "say"
        and not any(words in json.dumps(block, ensure_ascii=False) for words in keeps)
    ]


@pytest.mark.parametrize("lang", one_now("fr", "en"))
@pytest.mark.parametrize("tree", TREES)
def test_a_screen_says_all_that_the_conversation_does(
    department: Conversation, tree: str, lang: Lang
):
    for place in [*distinct(department.guidance, tree)][::25]:
        reply = department.respond(Move(place, lang, Look()))
        text = " ".join(" ".join(lines_of(payload)) for payload in modals(reply))
        if reply.screen.question is not None:
            assert reply.screen.question.ask[lang] in text
            assert all(o.label[lang] in text for o in reply.screen.question.options)
        for one in reply.screen.said:
            assert plain(one.statement.words[lang]) in text
        for card in reply.cards:
            assert card.office.name[lang] in text or card.contact is not None


def test_the_first_screen_of_an_answer_is_on_its_first_page(department: Conversation):
    for tree in department.guidance.trees.values():
        for ticket in [*routes(tree)][::97]:
            reply = department.respond(Move(str(ticket), "fr", Look()))
            text = " ".join(lines_of(modals(reply)[0]))
            for one in reply.screen.first:
                assert plain(one.statement.words.fr) in text
            for one in reply.screen.more:
                assert plain(one.statement.words.fr) not in text


def test_each_page_names_the_sources_of_its_own_statements(department: Conversation):
    ticket = max(routes(department.guidance.trees["post_reported"]), key=lambda t: len(str(t)))
    reply = department.respond(Move(str(ticket), "en", Look()))
    assert len(pages_of(reply)) > 1
    for payload in modals(reply):
        lines = lines_of(payload)
        text = "\n".join(lines)
        listed = set(re.findall(r"\[(\d+)\] \S", text.partition("# Sources")[2]))
        named = {
            mark
            for line in lines
            if line.startswith("•")
            for mark in re.findall(r"\[(\d+)\]", line)
        }
        assert named
        assert named <= listed


def test_a_field_is_named_anew_by_language_and_question_since_slack_keeps_what_was_picked(
    conversation: Conversation,
):
    names = set()
    for place in ("post_reported", "post_reported?channel=media_query", "can_i_post"):
        for lang in LANGS:
            reply = conversation.respond(Move(place, lang, Look()))
            names |= {b["block_id"] for b in pages_of(reply)[0].elements if b["type"] == "input"}
    assert len(names) == 6


def test_what_is_too_large_is_told_by_where_and_size_only(conversation: Conversation):
    view = modals(conversation.respond(Move("home", "en", Look())))[0]
    view["blocks"][0]["text"]["text"] = "secret words " * 300
    with pytest.raises(TooLargeError) as raised:
        checked_view(view)
    assert str(raised.value) == "section: 3900 of 3000"
    many = {"text": "x", "blocks": [{"type": "divider"}] * 51}
    with pytest.raises(TooLargeError, match="blocks: 51 of 50"):
        checked_message(many)


def test_a_screen_that_does_not_fit_gives_way_to_the_first_one_and_says_so(
    conversation: Conversation, guidance: Guidance, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.channels.slack.limits.SUM", 2_000)
    answers = SlackAnswers(conversation, Seal([new_key()], guidance, still))
    ticket = max(routes(guidance.trees["post_reported"]), key=lambda t: len(str(t)))
    reply = conversation.respond(Move(str(ticket), "en", Look()))
    view = answers.modal(reply, ALICE)
    assert "too long to show here" in "\n".join(lines_of(view))
    assert reply.screen.sort is Sort.ANSWER


def test_an_answer_is_copied_without_what_the_person_chose(department: Conversation):
    ticket = "can_i_post?who=employee"
    reply = department.respond(
        Move(str(next(t for t in routes(department.guidance.trees["can_i_post"])
                      if str(t).startswith(ticket))), "en", Look())
    )  # fmt: skip
    view = surfaces.copy_modal(reply, LONGEST)
    text = "".join(
        block["element"]["initial_value"] for block in view["blocks"] if block["type"] == "input"
    )
    flat = " ".join(text.split())
    for one in reply.screen.said:
        assert plain(one.statement.words.en) in flat
    for step in reply.screen.trail:
        assert step.question.ask.en not in flat
    assert "because you told us" not in flat
