"""Can every distinct screen be shown in Teams, in the chat and in a dialog, in both languages?

Each card is held against the official schema of version 1.5, and against what Teams and we would
not have beyond it; and what a dialog says, the chat says too.
"""

from __future__ import annotations

import gc
import itertools
import json
import logging
import marshal
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.channels.teams import elements, surfaces
from bot.channels.teams.answers import TeamsAnswers
from bot.channels.teams.decode import Person
from bot.channels.teams.limits import ENVELOPE, MESSAGE, TooLargeError, checked
from bot.channels.teams.pen import pages_of
from bot.conversation import Conversation, Look, Move, Reply
from bot.guidance.model import Guidance
from bot.guidance.pages import Part
from bot.guidance.screen import Sort, Trouble
from bot.guidance.short import longest
from bot.guidance.walk import routes
from bot.guidance.words import LANGS, Lang, Words, plain
from bot.organization import Notice, Organization
from bot.seal import MAX_LENGTH, Seal, Surface, capsule_length, new_key
from tests.conftest import TODAY, still
from tests.feedback import counting
from tests.places import distinct, drawn, pages
from tests.teams import cards, screen
from tests.teams.state import inputs_of
from tests.test_content import TREES
from tests.whole import one_now

_SCHEMES = r"https://\w|mailto:\w"
ALICE = Person("tenant-1", "aad-1", "29:1")
SURFACES = (Surface.MESSAGE, Surface.MODAL)
SHORTEST = 50
"""Letters: no capsule is shorter; most of a card is then its page."""

Json = dict[str, Any]
Places = Callable[[str], Sequence[str]]


def capsule_of(length: int) -> str:
    """As long as a capsule, and no capsule."""
    return "1" + "x" * (length - 1)


LONGEST = capsule_of(MAX_LENGTH)
"""As long as a capsule may be, wherever a person is."""


@pytest.fixture(scope="module", autouse=True)
def _guidance_is_no_garbage(department: Conversation) -> Iterator[None]:
    """What stays is not looked through again and again while half a million cards come and go."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def department(organized: tuple[Guidance, Organization]) -> Conversation:
    """The sample department where answers are counted, so that people are asked if they helped."""
    return counting(*organized).conversation


@pytest.fixture(scope="module")
def places(department: Conversation) -> Places:
    """Every place of a tree that says something else than those before."""
    return lambda tree: [*distinct(department.guidance, tree)]


def shown(reply: Reply, capsule: str = LONGEST) -> Iterator[tuple[Json, Surface]]:
    """Every page of a reply as a card, in the chat and in a dialog."""
    for page in pages_of(reply, len(capsule)):
        for surface in SURFACES:
            yield surfaces.card(reply, page, capsule, surface), surface


def dialogs(reply: Reply) -> list[Json]:
    """Every page of a reply as a card of a dialog."""
    return [card for card, surface in shown(reply) if surface is Surface.MODAL]


def lines_of(card: Json) -> list[str]:
    """What a person reads on a card, line by line."""
    return [line.replace("\u2060", "") for line in screen.lines(card)]


def text_of(*read: Json) -> str:
    """What a person reads on cards, as one line."""
    return " ".join(" ".join(lines_of(card)) for card in read)


def sent(card: Json) -> Json:
    """The message that a card goes out in, with ids longer than those that Teams gives."""
    return {
        **elements.message(card, card["fallbackText"]),
        "from": {"id": "28:" + "x" * 60},
        "conversation": {"id": "19:" + "x" * 200},
    }


def shape(value: Any) -> Any:
    """An element without its words: two of the same shape both keep to the schema, or neither."""
    if isinstance(value, dict):
        return {k: v if k in ("type", "style", "size") else shape(v) for k, v in value.items()}
    return "x" if isinstance(value, str) and value.strip() else value


class Judge:
    """Holds cards against the schema and all else that Teams or we ask of them.

    Each element is looked at once: a text for its links, and for the schema once each shape; all
    else in full. The whole of each card is counted.
    """

    def __init__(self, guidance: Guidance) -> None:
        self.count = 0
        self.most = 0
        self.largest: Json = {}
        self.sizes: dict[object, int] = {}
        self.shells: dict[str, int] = {}
        self.shapes: set[str] = set()
        # Two issuers were read at addresses without encryption; the sources say so.
        self.old_addresses = [
            address
            for source in guidance.sources.values()
            for address in source.url.values()
            if address.startswith("http://")
        ]

    def problems(self, card: Json, surface: Surface) -> list[str]:
        """Return what is wrong with a card, in sentences."""
        self.count += 1
        found, new, total = [], [], self._shell(card)
        for element in card["body"]:
            key = known_by(element, surface)
            size = self.sizes.get(key)
            if size is None:
                size = self.sizes[key] = cards.size(element)
                new.append(element)
            total += size
        if total > self.most:
            self.most, self.largest = total, card
        if total > cards.OUR_BYTES:
            found.append(f"{total} bytes")
        names = [one["id"] for one in card["body"] if "id" in one]
        if len(names) > len(set(names)):
            found.append("an id twice")
        return [*found, *self._parts(card, new, surface)] if new else found

    def _shell(self, card: Json) -> int:
        """The bytes of a message but for the elements of its card, their commas included."""
        if card["lang"] not in self.shells:
            self.shells[card["lang"]] = cards.size(sent({**card, "body": []}))
        return self.shells[card["lang"]] + 2 * (len(card["body"]) - 1)

    def _parts(self, card: Json, new: Sequence[Json], surface: Surface) -> Iterator[str]:
        strange = [one for one in new if self._is_new(one)]
        if strange:
            found = cards.card(
                self.encrypted({**card, "body": strange}), dialog=surface is Surface.MODAL
            )
            yield from found.sentences
        for one in new:
            if one["type"] == "ActionSet" and surface is Surface.MODAL:
                yield from not_for_a_dialog(one["actions"])
            elif one["type"] == "TextBlock":
                for address in re.findall(r"\]\(([^()]*)\)", one["text"]):
                    if address not in self.old_addresses and not re.match(_SCHEMES, address):
                        yield f"a link to {address}"

    def _is_new(self, element: Json) -> bool:
        if element["type"] != "TextBlock":
            return True
        found = json.dumps(shape(element))
        known = found in self.shapes
        self.shapes.add(found)
        return not known

    def encrypted(self, value: Any) -> Any:
        """The same, with `https` in the addresses that are old."""
        text = json.dumps(value)
        for address in self.old_addresses:
            text = text.replace(address, address.replace("http:", "https:"))
        return json.loads(text)


def known_by(element: Json, surface: Surface) -> object:
    """What an element is known by; buttons that will do in the chat may not do in a dialog."""
    if element["type"] == "TextBlock":
        return tuple(element.items())
    return surface, marshal.dumps(element, 2)


def not_for_a_dialog(actions: Sequence[Json]) -> Iterator[str]:
    """What a dialog does not know, or does not do from within itself."""
    for action in actions:
        if action["type"] not in ("Action.Submit", "Action.OpenUrl"):
            yield f"{action['type']} in a dialog"
        if "msteams" in action.get("data", {}):
            yield "a dialog that opens a dialog"


def judged(guidance: Guidance, found: Iterator[tuple[Json, Surface]]) -> list[str]:
    """What is wrong with any of the cards."""
    judge = Judge(guidance)
    return [told for card, surface in found for told in judge.problems(card, surface)]


@pytest.mark.parametrize("lang", one_now("fr", "en"))
@pytest.mark.parametrize("tree", TREES)
def test_every_distinct_screen_is_a_card_that_teams_takes(
    department: Conversation, tree: str, lang: Lang
):
    judge = Judge(department.guidance)
    capsule = capsule_of(
        capsule_length(longest(department.guidance, department.guidance.trees[tree]))
    )
    found = drawn(department.guidance, tree)
    for place in found:
        reply = department.respond(Move(place, lang, Look()))
        for card, surface in shown(reply, capsule):
            assert judge.problems(card, surface) == [], place
    assert judge.count >= 2 * len(found)
    assert len(found) > len(department.guidance.trees[tree].questions)
    # What was counted piece by piece is what goes out, and is not refused by our own limit.
    assert judge.most == cards.size(sent(judge.largest)) == cards.size(sent(checked(judge.largest)))
    assert cards.activity(judge.encrypted(sent(judge.largest))).sentences == []


@pytest.mark.long
@pytest.mark.parametrize("length", [SHORTEST, MAX_LENGTH])
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("tree", TREES)
def test_a_sample_of_them_is_so_with_any_capsule(
    department: Conversation, places: Places, tree: str, lang: Lang, length: int
):
    judge = Judge(department.guidance)
    for place in places(tree)[::60]:
        reply = department.respond(Move(place, lang, Look()))
        for card, surface in shown(reply, capsule_of(length)):
            assert judge.problems(card, surface) == [], place


def test_no_capsule_is_shorter_than_the_shortest(guidance: Guidance):
    answers = TeamsAnswers(Conversation(guidance, None, still), Seal([new_key()], guidance, still))
    assert len(answers.card(answers.at("home", "en"), ALICE, Surface.MESSAGE).capsule) >= SHORTEST


@pytest.mark.parametrize("lang", LANGS)
def test_every_page_outside_the_walks_is_so_too(department: Conversation, lang: Lang):
    for place in pages(department.guidance):
        reply = department.respond(Move(place, lang, Look()))
        assert judged(department.guidance, shown(reply)) == [], place


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("tree", TREES)
def test_why_outline_trail_and_copy_are_so_too(department: Conversation, tree: str, lang: Lang):
    guidance = department.guidance
    furthest = str(max(routes(guidance.trees[tree]), key=lambda t: len(str(t))))
    for part in (Part.WHY, Part.OUTLINE):
        reply = department.respond(Move(furthest, lang, Look(part)))
        assert judged(guidance, shown(reply)) == [], part
    reply = department.respond(Move(furthest, lang, Look()))
    forms = [(surfaces.trail_form(reply, LONGEST, surface), surface) for surface in SURFACES]
    forms += [(form, surface) for surface in SURFACES for form in copies(reply, surface)]
    forms += [
        (surfaces.copy_form(reply, LONGEST, Surface.MODAL, 1, told), Surface.MODAL)
        for told in ("sent_here", "not_sent_here")
    ]
    assert judged(guidance, iter(forms)) == []


def copies(reply: Reply, surface: Surface = Surface.MODAL) -> Iterator[Json]:
    """Every piece of an answer to copy; the button to go on tells whether there is another."""
    for number in itertools.count(1):
        form = surfaces.copy_form(reply, LONGEST, surface, number)
        yield form
        if not any(a.get("style") == "positive" for a in screen.actions(form)):
            return


@pytest.mark.parametrize("lang", LANGS)
def test_the_first_screens_and_what_a_channel_sees_are_so_too(department: Conversation, lang: Lang):
    answers = TeamsAnswers(department, Seal([new_key()], department.guidance, still))
    both, chat = answers.both(), "https://teams.microsoft.com/l/chat/0/0?users=28:" + "x" * 36
    home = [replace(one, notices=(notice(3), notice(3))) for one in both]
    ordered = both if lang == "en" else both[::-1]
    forms = [*shown(home[LANGS.index(lang)])]
    for surface in SURFACES:
        forms += [
            (surfaces.first_card(both, LONGEST, surface), surface),
            (surfaces.first_card((home[0], home[1]), LONGEST, surface), surface),
        ]
    forms += [
        (surfaces.channel_card(ordered, chat, "can_i_post", alone=False), Surface.MESSAGE),
        (surfaces.channel_card(ordered[:1], chat, "home", alone=True), Surface.MESSAGE),
        (surfaces.refusal(both), Surface.MESSAGE),
    ]
    assert judged(department.guidance, iter(forms)) == []


def notice(times: int) -> Notice:
    """A notice of so many sentences."""
    words = "There is an outage; see [the page](https://lakes.example/status). " * times
    return Notice(Words(words, words), TODAY, TODAY, frozenset())


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("tree", TREES)
def test_all_that_can_stand_above_and_below_a_screen_finds_room_there(
    department: Conversation, places: Places, tree: str, lang: Lang
):
    judge = Judge(department.guidance)
    for place in places(tree)[::200]:
        reply = department.respond(Move(place, lang, Look())).with_trouble(Trouble.NOT_UNDERSTOOD)
        by = Words(*["Approved by the Committee on Values and Ethics of the department. " * 3] * 2)
        told = replace(reply, notices=(notice(3), notice(3)), updated=True, approval=by)
        for card, surface in shown(told):
            assert judge.problems(card, surface) == [], place


@pytest.mark.long
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("tree", TREES)
def test_the_chat_and_a_dialog_say_the_same(
    department: Conversation, places: Places, tree: str, lang: Lang
):
    for place in places(tree)[::40]:
        reply = department.respond(Move(place, lang, Look()))
        found = [card for card, _ in shown(reply)]
        for chat, dialog in zip(found[::2], found[1::2], strict=True):
            keeps = elements.small(reply.phrase("chat_keeps_copy"))
            said = [one for one in chat["body"] if one["type"] != "ActionSet" and one != keeps]
            assert said == [one for one in dialog["body"] if one["type"] != "ActionSet"]
            assert keeps in chat["body"]
            private = reply.phrase("open_private")
            assert [b for b in screen.buttons(chat) if b != private] == screen.buttons(dialog)
            assert private in screen.buttons(chat)


@pytest.mark.parametrize("lang", one_now("fr", "en"))
@pytest.mark.parametrize("tree", TREES)
def test_a_screen_says_all_that_the_conversation_does(
    department: Conversation, places: Places, tree: str, lang: Lang
):
    for place in places(tree)[::25]:
        reply = department.respond(Move(place, lang, Look()))
        text = text_of(*dialogs(reply))
        if reply.screen.question is not None:
            assert reply.screen.question.ask[lang] in text
            assert all(o.label[lang] in text for o in reply.screen.question.options)
        for one in reply.screen.said:
            assert flat(one.statement.words[lang]) in text
        for card in reply.cards:
            assert card.office.name[lang] in text or card.contact is not None


def flat(words: str) -> str:
    """Words of the content without their marks, as one line."""
    return plain(words).replace("\n", " ")


@pytest.mark.long
def test_the_statements_of_the_first_screen_come_first(department: Conversation):
    """In English all of them are on the first page; French is longer, and may need the second."""
    answers = TeamsAnswers(department, Seal([new_key()], department.guidance, still))
    tickets = [t for tree in department.guidance.trees.values() for t in [*routes(tree)][::97]]
    for ticket, lang in itertools.product(tickets, LANGS):
        reply = department.respond(Move(str(ticket), lang, Look()))
        found = shown(reply, answers.card(reply, ALICE, Surface.MESSAGE).capsule)
        texts = [text_of(card) for card, surface in found if surface is Surface.MODAL]
        last = max(page_with(texts, flat(one.statement.words[lang])) for one in reply.screen.first)
        assert last <= (0 if lang == "en" else 1)
        offices = reply.phrase("offices_heading")
        assert all(offices not in text for text in texts[:last])
        for one in reply.screen.more:  # an office may say the same of itself
            assert flat(one.statement.words[lang]) not in texts[0].partition(offices)[0]


def page_with(texts: Sequence[str], words: str) -> int:
    return next(number for number, text in enumerate(texts) if words in text)


def test_each_page_names_the_sources_of_its_own_statements(department: Conversation):
    ticket = max(routes(department.guidance.trees["post_reported"]), key=lambda t: len(str(t)))
    reply = department.respond(Move(str(ticket), "en", Look()))
    assert len(dialogs(reply)) > 1
    for card in dialogs(reply):
        lines = lines_of(card)
        text = "\n".join(lines)
        listed = set(re.findall(r"^\[(\d+)\] \S", text.partition("\nSources\n")[2], re.MULTILINE))
        named = {
            mark
            for line in lines
            if line.startswith("- ")
            for mark in re.findall(r"\[(\d+)\]", line)
        }
        assert named
        assert named == listed


def test_a_field_is_named_anew_by_language_and_question_since_clients_keep_what_was_picked(
    conversation: Conversation,
):
    names = set()
    for place in ("post_reported", "post_reported?channel=media_query", "can_i_post"):
        for lang in LANGS:
            reply = conversation.respond(Move(place, lang, Look()))
            names |= {one["id"] for one in inputs_of(dialogs(reply)[0])}
    assert len(names) == 6


def test_what_is_too_large_is_told_by_its_size_only(conversation: Conversation):
    card = dialogs(conversation.respond(Move("home", "en", Look())))[0]
    limit = MESSAGE - ENVELOPE
    assert MESSAGE == cards.OUR_BYTES
    free = limit - len(checked(card).text.encode("utf-16-le"))
    card["body"][0]["text"] += "x" * (free // 2)
    assert cards.size(checked(card)) == limit
    card["body"][0]["text"] += "é"
    with pytest.raises(TooLargeError) as raised:
        checked(card)
    assert str(raised.value) == f"card: {limit + 2} of {limit}"


def test_a_screen_that_does_not_fit_gives_way_to_the_first_one_and_says_so(
    conversation: Conversation,
    guidance: Guidance,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr("bot.channels.teams.limits.MESSAGE", 14_000)
    answers = TeamsAnswers(conversation, Seal([new_key()], guidance, still))
    ticket = max(routes(guidance.trees["post_reported"]), key=lambda t: len(str(t)))
    reply = conversation.respond(Move(str(ticket), "en", Look()))
    with caplog.at_level(logging.ERROR):
        found = [answers.card(reply, ALICE, surface) for surface in SURFACES]
    for card in found:
        assert "too long to show here" in text_of(card)
        assert reply.phrase("what_i_am") in text_of(card)
    assert reply.screen.sort is Sort.ANSWER
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert all(re.fullmatch(r"a screen does not fit: card: \d+ of 12800", one) for one in told)


def test_an_answer_is_copied_without_what_the_person_chose(department: Conversation):
    whole = [str(t) for t in routes(department.guidance.trees["can_i_post"])]
    place = next(one for one in whole if one.startswith("can_i_post?who=employee"))
    reply = department.respond(Move(place, "en", Look()))
    pieces = [inputs_of(form)[0]["value"] for form in copies(reply)]
    text = " ".join("".join(pieces).split())
    for one in reply.screen.said:
        assert flat(one.statement.words.en) in text
    for step in reply.screen.trail:
        assert step.question.ask.en not in text
    assert "because you told us" not in text
