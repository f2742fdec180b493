"""Does a capsule open for the right person, in the right place, in time, and for nobody else?"""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.guidance.check.trees import MAX_SHORT
from bot.guidance.model import Guidance
from bot.guidance.short import Shorthand, collisions, longest, tag, tree_collisions
from bot.guidance.ticket import Ticket
from bot.guidance.walk import routes
from bot.seal import (
    MAX_LENGTH,
    Bearer,
    ExpiredError,
    NotOpenedError,
    Seal,
    Spot,
    Surface,
    capsule_length,
    new_key,
)
from tests.conftest import NOON

KEY, OLDER = new_key(), new_key()
PERSON = Bearer("slack", "T1", "U1", Surface.MODAL)
MEDIA = "post_reported?channel=media_query"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def seal(guidance: Guidance, clock: Clock) -> Seal:
    return Seal([KEY], guidance, clock)


def places(guidance: Guidance) -> list[str]:
    """One of the longest routes of each tree, some pages, and a place that does not exist."""
    found = [max(map(str, routes(tree)), key=len) for tree in guidance.trees.values()]
    pages = ["home", "topics", "topic:monitoring", "office:values_ethics", "summary:elections"]
    return [*found, *pages, "no_such_tree?a=b", ""]


def test_what_was_locked_is_found_again(seal: Seal, guidance: Guidance):
    for place in places(guidance):
        for lang in ("en", "fr"):
            for asking, came_from in ((None, None), ("channel", None), (None, MEDIA)):
                spot = Spot(place, lang, asking, came_from, guidance.version[:8])
                assert seal.open(seal.lock(spot, PERSON), PERSON) == spot


def test_no_reachable_place_makes_a_capsule_of_over_400_letters(seal: Seal, guidance: Guidance):
    for tree in guidance.trees.values():
        every = {
            name: tuple(option.id for option in question.options)
            for name, question in tree.questions.items()
        }
        route = max((t.choices for t in routes(tree)), key=len)
        most = Ticket(tree.id, {name: every[name] for name in route})
        assert len(seal.lock(Spot(str(most), "fr", "x" * 40), PERSON)) <= MAX_LENGTH
        assert capsule_length(longest(guidance, tree)) <= MAX_LENGTH


def test_the_checker_refuses_trees_before_a_capsule_could_grow_too_long():
    assert capsule_length(MAX_SHORT) <= MAX_LENGTH < capsule_length(MAX_SHORT + 4)


def test_the_longest_capsule_that_is_told_is_never_exceeded(seal: Seal, guidance: Guidance):
    for tree in guidance.trees.values():
        told = capsule_length(longest(guidance, tree))
        assert all(len(seal.lock(Spot(str(t), "fr"), PERSON)) <= told for t in routes(tree))


@pytest.mark.parametrize(
    "other",
    [
        replace(PERSON, platform="teams"),
        replace(PERSON, tenant="T2"),
        replace(PERSON, user="U2"),
        replace(PERSON, surface=Surface.MESSAGE),
        # The same letters, divided otherwise between two parts.
        replace(PERSON, tenant="T", user="1U1"),
    ],
)
def test_a_capsule_opens_for_its_own_bearer_only(seal: Seal, other: Bearer):
    capsule = seal.lock(Spot(MEDIA, "en"), PERSON)
    with pytest.raises(NotOpenedError):
        seal.open(capsule, other)


def test_every_changed_bit_is_noticed(seal: Seal):
    capsule = seal.lock(Spot(MEDIA, "en"), PERSON)
    accepted = []
    for at in range(len(capsule)):
        for bit in range(7):
            changed = capsule[:at] + chr(ord(capsule[at]) ^ 1 << bit) + capsule[at + 1 :]
            try:
                accepted.append(seal.open(changed, PERSON))
            except NotOpenedError:
                continue
    assert accepted == []


def test_a_capsule_has_one_spelling_only(seal: Seal):
    letters = string.ascii_letters + string.digits + "-_"
    for place in ("home", "topics", "crisis", "offices", "promise"):  # of several lengths
        capsule = seal.lock(Spot(place, "en"), PERSON)
        for letter in letters.replace(capsule[-1], ""):
            with pytest.raises(NotOpenedError):
                seal.open(capsule[:-1] + letter, PERSON)


@pytest.mark.parametrize("cut", [0, 1, 5, -1, -4])
def test_a_piece_of_a_capsule_does_not_open(seal: Seal, cut: int):
    capsule = seal.lock(Spot(MEDIA, "en"), PERSON)
    with pytest.raises(NotOpenedError):
        seal.open(capsule[:cut] if cut <= 0 else capsule[cut:], PERSON)


@settings(max_examples=300)
@given(st.text(max_size=500))
def test_no_text_but_a_capsule_opens(guidance: Guidance, text: str):
    with pytest.raises(NotOpenedError):
        Seal([KEY], guidance, lambda: NOON).open("1" + text, PERSON)


def test_a_capsule_dies_after_24_hours_and_not_before(seal: Seal, clock: Clock):
    capsule = seal.lock(Spot(MEDIA, "en"), PERSON)
    clock.now += timedelta(hours=23, minutes=59)
    assert seal.open(capsule, PERSON).place == MEDIA
    clock.now += timedelta(minutes=1)
    with pytest.raises(ExpiredError):
        seal.open(capsule, PERSON)


def test_a_capsule_from_a_clock_far_ahead_does_not_open(seal: Seal, clock: Clock):
    clock.now += timedelta(minutes=6)
    ahead = seal.lock(Spot(MEDIA, "en"), PERSON)
    clock.now -= timedelta(minutes=6)
    with pytest.raises(NotOpenedError):
        seal.open(ahead, PERSON)


def test_while_keys_change_both_open_and_the_first_one_seals(guidance: Guidance, clock: Clock):
    before = Seal([OLDER], guidance, clock)
    during = Seal([KEY, OLDER], guidance, clock)
    after = Seal([KEY], guidance, clock)
    old, new = (seal.lock(Spot(MEDIA, "en"), PERSON) for seal in (before, during))
    assert during.open(old, PERSON).place == MEDIA
    assert after.open(new, PERSON).place == MEDIA
    with pytest.raises(NotOpenedError):
        after.open(old, PERSON)
    with pytest.raises(NotOpenedError):
        before.open(new, PERSON)


def test_two_capsules_of_one_place_look_unlike(seal: Seal):
    spot = Spot(MEDIA, "en")
    assert len({seal.lock(spot, PERSON) for _ in range(50)}) == 50


def test_a_capsule_shows_nothing_of_what_is_in_it(seal: Seal):
    bearer = Bearer("slack", "T0TENANT", "U0SOMEBODY", Surface.MODAL)
    capsule = seal.lock(Spot("topic:monitoring", "en"), bearer)
    words = ("topic", "monitoring", "TENANT", "SOMEBODY", "slack", "modal")
    assert not any(word in capsule for word in words)


# -- the short form


def test_choices_that_the_guidance_no_longer_has_are_counted_as_forgotten(guidance: Guidance):
    tree = guidance.trees["post_reported"]
    gone = replace(tree.questions["channel"], options=(), known={})
    smaller = replace(
        guidance,
        trees={**guidance.trees, tree.id: replace(tree, questions={"channel": gone})},
    )
    place = "post_reported?channel=media_query&danger=no"
    found, rest = Shorthand(smaller).lengthen(Shorthand(guidance).shorten(place))
    assert rest == b""
    assert found.startswith("post_reported?channel=lost_")
    assert found.count("lost_") == 3


def test_an_id_that_was_renamed_is_found_by_its_old_name(guidance: Guidance):
    tree = guidance.trees["post_reported"]
    renamed = replace(
        guidance,
        trees={"reported": replace(tree, id="reported", renamed={"post_reported": "reported"})},
    )
    found, _ = Shorthand(renamed).lengthen(Shorthand(guidance).shorten(MEDIA))
    assert found == "reported?channel=media_query"


def test_a_tree_that_is_gone_leads_home_with_a_word_about_it(guidance: Guidance):
    fewer = replace(guidance, trees={})
    found, _ = Shorthand(fewer).lengthen(Shorthand(guidance).shorten(MEDIA))
    assert found.startswith("lost_")


@given(st.binary(max_size=60))
def test_any_bytes_read_as_a_place_or_as_an_error(guidance: Guidance, data: bytes):
    try:
        place, rest = Shorthand(guidance).lengthen(data)
    except ValueError:
        return
    assert isinstance(place, str)
    assert data.endswith(rest)


def test_ids_of_one_tree_have_tags_of_their_own(guidance: Guidance):
    assert [pair for tree in guidance.trees.values() for pair in collisions(tree)] == []


def test_two_trees_with_one_tag_are_refused(guidance: Guidance):
    assert list(tree_collisions(guidance)) == []
    assert tag("tree_114") == tag("tree_581")
    tree = guidance.trees["can_i_post"]
    two = {name: replace(tree, id=name) for name in ("tree_114", "tree_581")}
    assert list(tree_collisions(replace(guidance, trees=two))) == [("tree_114", "tree_581")]


def test_a_tag_means_the_same_in_every_version():
    assert tag("channel") == tag("channel") != tag("channels")
