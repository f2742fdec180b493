"""Where does a ticket lead? Replay its choices from the start of the tree, and compose the screen.

Everything here is a pure function of the guidance, the ticket and the day. Nothing is stored:
back drops the last choice, change replaces one, and choices that no longer fit are dropped and
named on the screen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from bot.guidance.model import (
    FIRST_SCREEN,
    TONE_RANK,
    Answer,
    Guidance,
    Office,
    Option,
    Question,
    Tree,
)
from bot.guidance.screen import Review, Said, Screen, Sort, Step, Trouble
from bot.guidance.ticket import MARKS, Ticket

_NO_TONE: Final = -1
Choices = Mapping[str, tuple[str, ...]]

GRACE: Final = timedelta(days=90)
"""How long an answer stays up after its review date; then only sources and offices remain."""


def walk(guidance: Guidance, ticket: Ticket, today: date) -> Screen:
    """Return the screen that ``ticket`` leads to.

    A ticket that names no tree leads to the home screen with a sentence about it.
    """
    tree = guidance.trees.get(ticket.tree) or _renamed(guidance, ticket.tree)
    if tree is None:
        return Screen(Sort.HOME, "home", trouble=Trouble.UNKNOWN_PLACE)
    made = {name: given for name, given in ticket.choices.items() if name != MARKS}
    steps, at = _replay(tree, made)
    choices = _choices(steps)
    review = review_of(tree, today)
    dropped: tuple[Option, ...] = ()
    forgotten = 0
    if choices != made:
        dropped, forgotten = _set_aside(tree, made, steps)
    if isinstance(at, Question):
        marks = _marks(guidance, tree, ticket)
        suggested = _suggested(guidance, at, marks)
        return Screen(
            Sort.QUESTION,
            str(_with_marks(Ticket(tree.id, choices), marks)),
            tree,
            steps,
            question=at,
            picked=suggested,
            suggested=bool(suggested),
            dropped=dropped,
            forgotten=forgotten,
            review=review,
        )
    picked = [option for step in steps for option in step.picked]
    said = _compose(at, picked)
    names = set(at.offices)
    tone = at.tone
    for option in picked:
        adds = option.adds
        names.update(adds.offices)
        if adds.tone is not None and TONE_RANK[adds.tone] > TONE_RANK[tone]:
            tone = adds.tone
    return Screen(
        Sort.ANSWER,
        str(Ticket(tree.id, choices)),
        tree,
        steps,
        answer=at,
        tone=tone,
        first=said[:FIRST_SCREEN],
        more=said[FIRST_SCREEN:],
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
    if asked.tree is not None:
        earlier = _with_marks(earlier, _marks(guidance, asked.tree, ticket))
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


# -- the marks of a draft


def _marks(guidance: Guidance, tree: Tree, ticket: Ticket) -> tuple[str, ...]:
    """Return the marks that a ticket names and this guidance knows."""
    given = ticket.choices.get(MARKS, ()) if tree.id == guidance.draft.tree else ()
    return tuple([name for name in given if name in guidance.draft.marks])


def _with_marks(ticket: Ticket, marks: tuple[str, ...]) -> Ticket:
    return Ticket(ticket.tree, {MARKS: marks, **ticket.choices}) if marks else ticket


def _suggested(guidance: Guidance, question: Question, marks: tuple[str, ...]) -> tuple[str, ...]:
    """Return the options of a question that the marks of a draft suggest."""
    named = [guidance.draft.marks[name].picks.get(question.id, ()) for name in marks]
    picked = tuple(dict.fromkeys(option for options in named for option in options))
    return picked if question.many else picked[:1]


# -- replay


def _replay(tree: Tree, choices: Choices) -> tuple[tuple[Step, ...], Question | Answer]:
    steps: list[Step] = []
    at = tree.start
    questions = tree.questions
    while (question := questions.get(at)) is not None:
        options = _picked(question, _given(question, choices))
        if not options:
            return tuple(steps), question
        steps.append(Step(question, options))
        at = options[0].go
    return tuple(steps), tree.answers[at]


def _given(question: Question, choices: Choices) -> tuple[str, ...]:
    given = choices.get(question.id)
    if given is None and question.was is not None:
        given = choices.get(question.was)
    return given or ()


def _picked(question: Question, given: tuple[str, ...]) -> tuple[Option, ...]:
    """Return the options that ``given`` names, in the order of the list.

    Where only one may be chosen the first one counts. An option that stands alone gives way to
    the others.
    """
    known = question.known
    if len(given) == 1:
        only = known.get(given[0])
        return (only,) if only is not None else ()
    if not question.many:
        return tuple([known[name] for name in given if name in known][:1])
    named = {known[name].id for name in given if name in known}
    options = tuple([option for option in question.options if option.id in named])
    if len(options) > 1 and options[-1].alone:
        options = options[:-1]
    return options


def _set_aside(
    tree: Tree, choices: Choices, steps: tuple[Step, ...]
) -> tuple[tuple[Option, ...], int]:
    """Return the options that are off the route, and how many parts this guidance lacks."""
    on_route = {(step.question.id, option.id) for step in steps for option in step.picked}
    dropped = []
    forgotten = 0
    for name, given in choices.items():
        question = tree.questions.get(tree.renamed.get(name, name))
        for option_id in given:
            option = question.known.get(option_id) if question is not None else None
            if question is None or option is None:
                forgotten += 1
            elif (question.id, option.id) not in on_route:
                dropped.append(option)
    return tuple(dropped), forgotten


def _choices(trail: tuple[Step, ...]) -> dict[str, tuple[str, ...]]:
    return {step.question.id: tuple([o.id for o in step.picked]) for step in trail}


def _renamed(guidance: Guidance, name: str) -> Tree | None:
    for tree in guidance.trees.values():
        if tree.renamed.get(name) == tree.id:
            return tree
    return None


def review_of(tree: Tree, today: date) -> Review:
    """Return whether the owner of a tree still vouches for it."""
    if today <= tree.review_by:
        return Review.CURRENT
    return Review.PASSED if today <= tree.review_by + GRACE else Review.WITHDRAWN


# -- composition


def _compose(answer: Answer, picked: list[Option]) -> tuple[Said, ...]:
    """Return the answer's own statements and what the options add, each once, urgent ones first.

    How urgent a statement is follows from the strongest tone of all that bring it; the answer's
    own come first among equals, then the order of the route.
    """
    said = {statement.id: Said(statement) for statement in answer.say}
    urgency = dict.fromkeys(said, TONE_RANK[answer.tone])
    for option in picked:
        rank = _NO_TONE if option.adds.tone is None else TONE_RANK[option.adds.tone]
        for statement in option.adds.say:
            name = statement.id
            if name not in said:
                said[name] = Said(statement, option)
                urgency[name] = rank
            elif rank > urgency[name]:
                urgency[name] = rank
    order = sorted(said, key=urgency.__getitem__, reverse=True)
    return tuple([said[name] for name in order])


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
    return tuple([office for name, office in guidance.offices.items() if name in names])
