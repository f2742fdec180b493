"""Where does a ticket lead? Replay its choices from the start of the tree, and compose the screen.

Everything here is a pure function of the guidance, the ticket and the day. Nothing is stored:
back drops the last choice, change replaces one, and choices that no longer fit are dropped and
named on the screen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from bot.guidance.model import (
    FIRST_SCREEN,
    TONE_RANK,
    Adds,
    Answer,
    Guidance,
    Office,
    Option,
    Question,
    Tree,
)
from bot.guidance.screen import Review, Said, Screen, Sort, Step, Trouble
from bot.guidance.ticket import Ticket

GRACE: Final = timedelta(days=90)
"""How long an answer stays up after its review date; then only sources and offices remain."""


def walk(guidance: Guidance, ticket: Ticket, today: date) -> Screen:
    """Return the screen that ``ticket`` leads to.

    A ticket that names no tree leads to the home screen with a sentence about it.
    """
    tree = guidance.trees.get(ticket.tree) or _renamed(guidance, ticket.tree)
    if tree is None:
        return Screen(Sort.HOME, "home", trouble=Trouble.UNKNOWN_PLACE)
    steps, at, used = _replay(tree, ticket)
    place = str(_canonical(tree, steps))
    review = _review(tree, today)
    dropped, forgotten = _set_aside(tree, ticket, used) if ticket.choices else ((), 0)
    if isinstance(at, Question):
        return Screen(
            Sort.QUESTION,
            place,
            tree,
            steps,
            question=at,
            dropped=dropped,
            forgotten=forgotten,
            review=review,
        )
    added = [(option, option.adds) for step in steps for option in step.picked]
    said = _compose(at, added)
    names = {*at.offices, *(name for _, adds in added for name in adds.offices)}
    tones = [at.tone, *(adds.tone for _, adds in added if adds.tone)]
    return Screen(
        Sort.ANSWER,
        place,
        tree,
        steps,
        answer=at,
        tone=max(tones, key=TONE_RANK.__getitem__),
        first=tuple(said[:FIRST_SCREEN]),
        more=tuple(said[FIRST_SCREEN:]),
        offices=offices_of(guidance, names),
        offer=at.offer,
        dropped=dropped,
        forgotten=forgotten,
        review=review,
    )


def at_question(guidance: Guidance, ticket: Ticket, question: str, today: date) -> Screen:
    """Return the screen that asks ``question`` again, with what was picked there before.

    The place on the screen still holds every later choice, so that those that fit are kept.
    """
    whole = walk(guidance, ticket, today)
    for index, step in enumerate(whole.trail):
        if step.question.id == question:
            return Screen(
                Sort.QUESTION,
                whole.place,
                whole.tree,
                whole.trail[:index],
                question=step.question,
                picked=tuple(option.id for option in step.picked),
                review=whole.review,
            )
    return whole


def back(guidance: Guidance, ticket: Ticket, today: date) -> Screen:
    """Return the screen before the one ``ticket`` leads to, with its choice still marked."""
    trail = walk(guidance, ticket, today).trail
    if not trail:
        return walk(guidance, Ticket(ticket.tree), today)
    last = trail[-1].question.id
    asked = at_question(guidance, ticket, last, today)
    earlier = Ticket(asked.tree.id if asked.tree else ticket.tree, _choices(asked.trail))
    return Screen(
        Sort.QUESTION,
        str(earlier),
        asked.tree,
        asked.trail,
        question=asked.question,
        picked=asked.picked,
        review=asked.review,
    )


def choose(
    guidance: Guidance, ticket: Ticket, question: str, picked: tuple[str, ...], today: date
) -> Screen:
    """Return the screen after ``picked`` was chosen at ``question``.

    A choice that is no option of the question, or none at all, asks the question again.
    """
    tree = guidance.trees.get(ticket.tree) or _renamed(guidance, ticket.tree)
    asked = tree.questions.get(tree.renamed.get(question, question)) if tree else None
    if tree is None or asked is None:
        return walk(guidance, ticket, today)
    options = _picked(asked, picked)
    if not options:
        trouble = Trouble.NOT_AN_OPTION if picked else Trouble.NOTHING_PICKED
        return _asked_again(guidance, ticket, asked, trouble, today)
    return walk(guidance, ticket.with_choice(asked.id, tuple(o.id for o in options)), today)


def _asked_again(
    guidance: Guidance, ticket: Ticket, asked: Question, trouble: Trouble, today: date
) -> Screen:
    before = walk(guidance, ticket, today)
    if before.question is not asked:
        before = at_question(guidance, ticket, asked.id, today)
    return replace(before, trouble=trouble)


# -- replay


def _replay(
    tree: Tree, ticket: Ticket
) -> tuple[tuple[Step, ...], Question | Answer, set[tuple[str, str]]]:
    choices = ticket.choices
    used: set[tuple[str, str]] = set()
    steps: list[Step] = []
    at = tree.start
    while (question := tree.questions.get(at)) is not None:
        name = question.id
        given = choices.get(name)
        if given is None and question.was is not None:
            name = question.was
            given = choices.get(name)
        options = _picked(question, given) if given else ()
        if not given or not options:
            return tuple(steps), question, used
        for option in options:
            used.add((name, option.id))
            if option.was is not None:
                used.add((name, option.was))
        steps.append(Step(question, options))
        at = options[0].go
    return tuple(steps), tree.answers[at], used


def _picked(question: Question, given: tuple[str, ...]) -> tuple[Option, ...]:
    """Return the options that ``given`` names, in the order of the list.

    Where only one may be chosen the first one counts. An option that stands alone gives way to
    the others.
    """
    if not question.many:
        return tuple(question.known[name] for name in given if name in question.known)[:1]
    named = {id(option) for name in given if (option := question.known.get(name)) is not None}
    options = tuple(option for option in question.options if id(option) in named)
    if len(options) > 1:
        options = tuple(option for option in options if not option.alone)
    return options


def _set_aside(
    tree: Tree, ticket: Ticket, used: set[tuple[str, str]]
) -> tuple[tuple[Option, ...], int]:
    """Return the options of the ticket that are off its route, and how many parts are unknown."""
    dropped = []
    forgotten = 0
    for name, given in ticket.choices.items():
        question = tree.questions.get(name) or tree.questions.get(tree.renamed.get(name, ""))
        for option_id in given:
            if (name, option_id) in used:
                continue
            option = question.known.get(option_id) if question is not None else None
            if option is None:
                forgotten += 1
            else:
                dropped.append(option)
    return tuple(dropped), forgotten


def _choices(trail: tuple[Step, ...]) -> dict[str, tuple[str, ...]]:
    return {step.question.id: tuple(o.id for o in step.picked) for step in trail}


def _canonical(tree: Tree, trail: tuple[Step, ...]) -> Ticket:
    return Ticket(tree.id, _choices(trail))


def _renamed(guidance: Guidance, name: str) -> Tree | None:
    for tree in guidance.trees.values():
        if tree.renamed.get(name) == tree.id:
            return tree
    return None


def _review(tree: Tree, today: date) -> Review:
    if today <= tree.review_by:
        return Review.CURRENT
    return Review.PASSED if today <= tree.review_by + GRACE else Review.WITHDRAWN


# -- composition


def _compose(answer: Answer, added: list[tuple[Option, Adds]]) -> list[Said]:
    seen = {statement.id for statement in answer.say}
    said = [Said(statement) for statement in answer.say]
    for option, adds in added:
        for statement in adds.say:
            if statement.id not in seen:
                seen.add(statement.id)
                said.append(Said(statement, option))
    return said


# -- routes

PAIR: Final = 2
Picks = tuple[tuple[Option, ...], ...]


@dataclass(frozen=True, slots=True)
class RouteCount:
    """How large a tree is: its routes and the length of its longest ticket, in characters."""

    routes: int
    longest_ticket: int


def picks(question: Question) -> Picks:
    """Return what may be picked in one route: each option alone, each pair, and all together."""
    alone = [(option,) for option in question.options]
    if not question.many:
        return tuple(alone)
    together = [option for option in question.options if not option.alone]
    pairs = [(a, b) for i, a in enumerate(together) for b in together[i + 1 :]]
    every = [tuple(together)] if len(together) > PAIR else []
    return (*alone, *pairs, *every)


def routes(tree: Tree) -> Iterator[Ticket]:
    """Yield a ticket for every route of the tree."""

    def onward(at: str, choices: dict[str, tuple[str, ...]]) -> Iterator[Ticket]:
        question = tree.questions.get(at)
        if question is None:
            yield Ticket(tree.id, choices)
            return
        for picked in picks(question):
            names = tuple(option.id for option in picked)
            yield from onward(picked[0].go, {**choices, at: names})

    return onward(tree.start, {})


def count_routes(tree: Tree) -> RouteCount:
    """Count the routes of a tree and measure its longest ticket, without walking each route."""
    known: dict[str, tuple[int, int]] = {}

    def measure(at: str) -> tuple[int, int]:
        question = tree.questions.get(at)
        if question is None:
            return 1, 0
        if at not in known:
            count = longest = 0
            for picked in picks(question):
                routes_on, length_on = measure(picked[0].go)
                own = len(at) + 2 + len("+".join(option.id for option in picked))
                count += routes_on
                longest = max(longest, own + length_on)
            known[at] = count, longest
        return known[at]

    count, longest = measure(tree.start)
    return RouteCount(count, len(tree.id) + longest)


def offices_of(guidance: Guidance, names: Collection[str]) -> tuple[Office, ...]:
    """Return the offices called ``names``, in the order of content/offices.yaml."""
    return tuple(office for name, office in guidance.offices.items() if name in names)
