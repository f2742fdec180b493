"""Where do tickets lead? Properties that hold for every tree, ticket and choice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.app import read_guidance
from bot.guidance.model import TONE_RANK, Question, Tree
from bot.guidance.screen import Review, Sort, Trouble, by_kind, checklist, notes
from bot.guidance.ticket import MAX_LENGTH, Ticket, read_ticket
from bot.guidance.walk import (
    GRACE,
    at_question,
    back,
    choose,
    count_routes,
    picks,
    routes,
    walk,
)
from bot.guidance.words import LANGS
from tests.conftest import ROOT, TODAY

GUIDANCE = read_guidance(ROOT, None, TODAY)[0]

settings.register_profile("cairn", max_examples=300, deadline=None)
settings.load_profile("cairn")

mangled = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="abcdefgh_?=&+: \u202e\x00é", max_size=200),
    st.builds(
        lambda tree, rest: f"{tree}?{rest}", st.sampled_from(sorted(GUIDANCE.trees)), st.text()
    ),
)


@st.composite
def walks(draw: st.DrawFn) -> Ticket:
    """A ticket that was really walked, up to some question or to the answer."""
    tree = draw(st.sampled_from(sorted(GUIDANCE.trees)))
    ticket = Ticket(tree)
    for _ in range(draw(st.integers(0, 12))):
        question = walk(GUIDANCE, ticket, TODAY).question
        if question is None:
            break
        ticket = ticket.with_choice(question.id, draw(picked_at(question)))
    return ticket


def picked_at(question: Question) -> st.SearchStrategy[tuple[str, ...]]:
    ids = [option.id for option in question.options]
    if not question.many:
        return st.sampled_from(ids).map(lambda one: (one,))
    return st.lists(st.sampled_from(ids), min_size=1, unique=True).map(tuple)


@given(mangled)
def test_any_ticket_however_mangled_leads_to_a_screen(text: str):
    screen = walk(GUIDANCE, read_ticket(text), TODAY)
    assert screen.sort in (Sort.HOME, Sort.QUESTION, Sort.ANSWER)
    again = walk(GUIDANCE, read_ticket(screen.place), TODAY)
    assert again.place == screen.place
    assert (again.dropped, again.forgotten) == ((), 0)


@given(walks())
def test_the_place_on_a_screen_leads_back_to_the_same_screen(ticket: Ticket):
    screen = walk(GUIDANCE, ticket, TODAY)
    again = walk(GUIDANCE, read_ticket(screen.place), TODAY)
    assert again == replace(screen, dropped=(), forgotten=0)


@given(walks(), st.data())
def test_back_undoes_a_step(ticket: Ticket, data: st.DataObject):
    before = walk(GUIDANCE, ticket, TODAY)
    if before.question is None:
        return
    picked = data.draw(picked_at(before.question))
    here = read_ticket(before.place)
    after = choose(GUIDANCE, here, before.question.id, picked, TODAY)
    undone = back(GUIDANCE, read_ticket(after.place), TODAY)
    assert undone.place == before.place
    assert undone.question is before.question
    assert set(undone.picked) <= set(picked)
    assert undone.picked


@given(walks(), st.data())
def test_change_keeps_every_later_choice_that_still_fits(ticket: Ticket, data: st.DataObject):
    before = walk(GUIDANCE, ticket, TODAY)
    if not before.trail:
        return
    step = data.draw(st.sampled_from(before.trail))
    asked = at_question(GUIDANCE, read_ticket(before.place), step.question.id, TODAY)
    assert asked.question is step.question
    assert asked.picked == tuple(option.id for option in step.picked)
    assert asked.place == before.place
    picked = data.draw(picked_at(step.question))
    after = choose(GUIDANCE, read_ticket(asked.place), step.question.id, picked, TODAY)
    old = {s.question.id: s.picked for s in before.trail if s.question.id != step.question.id}
    for later in after.trail:
        if later.question.id in old:
            assert later.picked == old.pop(later.question.id)
    set_aside = {option.id for option in after.dropped}
    assert {option.id for options in old.values() for option in options} <= set_aside


@given(walks(), st.data())
def test_choosing_more_never_loses_an_office_nor_lowers_the_tone(
    ticket: Ticket, data: st.DataObject
):
    """More chosen at a question, and the same way onward: nothing gets lost."""
    screen = walk(GUIDANCE, ticket, TODAY)
    if screen.tree is None or not screen.trail:
        return
    many = [s for s in screen.trail if s.question.many and not s.picked[0].alone]
    if not many:
        return
    step = data.draw(st.sampled_from(many))
    options = step.question.options
    later = [o for o in options[options.index(step.picked[0]) + 1 :] if not o.alone]
    extra = data.draw(st.lists(st.sampled_from(later), unique_by=lambda o: o.id)) if later else []
    ids = (*(o.id for o in step.picked), *(o.id for o in extra))
    more = choose(GUIDANCE, read_ticket(screen.place), step.question.id, ids, TODAY)
    assert [s.question.id for s in more.trail] == [s.question.id for s in screen.trail]
    if screen.answer is not None and screen.tone is not None and more.tone is not None:
        assert {o.id for o in screen.offices} <= {o.id for o in more.offices}
        assert TONE_RANK[more.tone] >= TONE_RANK[screen.tone]
        said = {one.statement.id for one in screen.said}
        assert said <= {one.statement.id for one in more.said}


@given(walks())
def test_both_languages_walk_the_same_graph(ticket: Ticket):
    """A screen points at the same words in both languages, and both are there."""
    screen = walk(GUIDANCE, ticket, TODAY)
    words = [one.statement.words for one in screen.said]
    words += [office.name for office in screen.offices]
    if screen.question is not None:
        words += [screen.question.ask, *(option.label for option in screen.question.options)]
    for lang in LANGS:
        assert all(w[lang].strip() for w in words)


@given(walks())
def test_an_answer_says_each_thing_once_and_the_urgent_ones_first(ticket: Ticket):
    screen = walk(GUIDANCE, ticket, TODAY)
    ids = [one.statement.id for one in screen.said]
    assert len(ids) == len(set(ids))
    assert len(screen.first) <= 12
    if screen.answer is not None:
        brought = [(s, screen.answer.tone) for s in screen.answer.say]
        options = [option for step in screen.trail for option in step.picked]
        brought += [(s, o.adds.tone) for o in options for s in o.adds.say]
        strongest = dict.fromkeys(ids, -1)
        for statement, tone in brought:
            rank = -1 if tone is None else TONE_RANK[tone]
            strongest[statement.id] = max(strongest[statement.id], rank)
        ranks = [strongest[name] for name in ids]
        assert ranks == sorted(ranks, reverse=True)


@given(walks())
def test_an_answer_holds_all_that_it_and_the_choices_bring_and_nothing_else(ticket: Ticket):
    screen = walk(GUIDANCE, ticket, TODAY)
    answer = screen.answer
    if answer is None:
        return
    options = [option for step in screen.trail for option in step.picked]
    offices = {*answer.offices, *(name for o in options for name in o.adds.offices)}
    assert [o.id for o in screen.offices] == [n for n in GUIDANCE.offices if n in offices]
    said = {s.id for s in answer.say} | {s.id for o in options for s in o.adds.say}
    assert {one.statement.id for one in screen.said} == said
    tones = [answer.tone, *(o.adds.tone for o in options if o.adds.tone)]
    assert screen.tone == max(tones, key=TONE_RANK.__getitem__)


@given(walks())
def test_notes_number_every_source_of_the_screen_without_a_gap(ticket: Ticket):
    screen = walk(GUIDANCE, ticket, TODAY)
    numbered = notes(screen)
    assert [note.number for note in numbered.values()] == list(range(1, len(numbered) + 1))
    for one in screen.said:
        assert set(one.statement.refs) <= set(numbered)


def test_a_ticket_too_long_to_be_one_is_not_read():
    assert read_ticket("can_i_post?who=employee&" + "x" * MAX_LENGTH) == Ticket("")


def test_a_choice_that_does_not_exist_asks_the_question_again():
    screen = choose(GUIDANCE, Ticket("can_i_post"), "who", ("nobody",), TODAY)
    assert screen.question is not None
    assert screen.question.id == "who"
    assert screen.trouble is Trouble.NOT_AN_OPTION


def test_no_choice_at_all_asks_for_one_and_keeps_the_place():
    here = walk(GUIDANCE, Ticket("post_reported", {"channel": ("media_query",)}), TODAY)
    assert here.question is not None
    screen = choose(GUIDANCE, read_ticket(here.place), here.question.id, (), TODAY)
    assert screen.trouble is Trouble.NOTHING_PICKED
    assert screen.place == here.place


def test_a_ticket_of_older_guidance_keeps_what_fits_and_counts_what_it_lost():
    ticket = read_ticket("post_reported?channel=media_query&danger=volcano&planet=mars")
    screen = walk(GUIDANCE, ticket, TODAY)
    assert screen.place == "post_reported?channel=media_query"
    assert screen.forgotten == 2


def test_renamed_ids_are_found_under_their_old_names():
    tree = GUIDANCE.trees["post_reported"]
    first = tree.questions["channel"]
    renamed_option = replace(first.options[0], id="press", was="media_query")
    question = replace(
        first,
        id="way",
        was="channel",
        options=(renamed_option, *first.options[1:]),
        known={o.id: o for o in first.options[1:]}
        | {"press": renamed_option, "media_query": renamed_option},
    )
    rest = {k: v for k, v in tree.questions.items() if k != "channel"}
    newer = replace(
        tree,
        id="reported",
        start="way",
        questions={"way": question, **rest},
        renamed={"channel": "way", "post_reported": "reported"},
    )
    trees = {k: v for k, v in GUIDANCE.trees.items() if k != "post_reported"}
    guidance = replace(GUIDANCE, trees={**trees, "reported": newer})
    screen = walk(guidance, read_ticket("post_reported?channel=media_query"), TODAY)
    assert screen.place == "reported?way=press"
    assert (screen.dropped, screen.forgotten) == ((), 0)


def test_an_option_that_stands_alone_gives_way_to_the_others():
    for tree in GUIDANCE.trees.values():
        for ticket in _with_alone(tree):
            screen = walk(GUIDANCE, ticket, TODAY)
            assert not any(o.alone for s in screen.trail for o in s.picked if len(s.picked) > 1)


def _with_alone(tree: Tree) -> list[Ticket]:
    found = []
    for ticket in _every_question(tree):
        question = walk(GUIDANCE, ticket, TODAY).question
        if question is not None and question.many and question.options[-1].alone:
            ids = tuple(option.id for option in question.options)
            found.append(ticket.with_choice(question.id, ids))
    return found


def _every_question(tree: Tree) -> list[Ticket]:
    """A ticket to each question of a tree, by the shortest way."""
    found: dict[str, Ticket] = {}
    todo = [(tree.start, Ticket(tree.id))]
    while todo:
        name, ticket = todo.pop(0)
        if name in found or name not in tree.questions:
            continue
        found[name] = ticket
        todo += [(o.go, ticket.with_choice(name, (o.id,))) for o in tree.questions[name].options]
    return list(found.values())


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, Review.CURRENT), (1, Review.PASSED), (90, Review.PASSED), (91, Review.WITHDRAWN)],
)
def test_the_review_date_of_a_tree_is_honoured(days: int, expected: Review):
    assert timedelta(days=90) == GRACE
    due = GUIDANCE.trees["can_i_post"].review_by
    assert walk(GUIDANCE, Ticket("can_i_post"), due + timedelta(days=days)).review is expected


def test_routes_are_counted_as_they_are_walked():
    tree = GUIDANCE.trees["generative_ai"]
    tickets = [str(ticket) for ticket in routes(tree)]
    assert len(tickets) == len(set(tickets)) == count_routes(tree).routes
    assert max(map(len, tickets)) == count_routes(tree).longest_ticket


def test_a_route_takes_each_option_alone_each_pair_and_all_of_them():
    many = next(q for q in GUIDANCE.trees["can_i_post"].questions.values() if q.many)
    together = [o for o in many.options if not o.alone]
    count = len(together)
    assert len(picks(many)) == len(many.options) + count * (count - 1) // 2 + 1


def test_the_checklist_holds_what_to_do_and_what_to_keep_only():
    ticket = next(routes(GUIDANCE.trees["post_reported"]))
    screen = walk(GUIDANCE, ticket, TODAY)
    assert screen.answer is not None
    kinds = {statement.kind for statement in checklist(screen)}
    assert kinds == {"do", "keep"}
    grouped = [kind for kind, _ in by_kind(screen.said)]
    assert grouped[0] == "do"


def test_the_day_alone_changes_nothing_before_the_review_date():
    ticket = next(routes(GUIDANCE.trees["find_office"]))
    early = walk(GUIDANCE, ticket, date(2026, 1, 1))
    assert early == walk(GUIDANCE, ticket, TODAY)
