"""What stands in a report of the counts? Every name of the guidance, with what may be shown of it.

The names come from the guidance and not from what was counted, so that a name with a small number
and one without any look the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from bot.counting import (
    ANSWER,
    CHANNEL,
    CHANNELS,
    HELPED,
    KINDS,
    RATINGS,
    TOPIC,
    TREE,
    answer_name,
    card_name,
    is_for_danger,
)
from bot.disclosure import Cell
from bot.guidance.model import Answer, Card, Guidance
from bot.guidance.screen import Sort
from bot.guidance.words import LANGS, Lang, Words
from bot.weeks import DAYS

WEEKS: Final = 12
"""How many weeks a page shows, the last ones."""

_Sent = TypeVar("_Sent", Answer, Card)


@dataclass(frozen=True, slots=True)
class Title:
    """What a name is called: in full, and shortly within a ``group`` of names, if it is in one."""

    full: Words
    short: Words
    group: Words | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A name, its title, and its numbers by language and week: at least so many times."""

    name: str
    title: Title
    least: Mapping[Lang, Mapping[int, int]]

    @property
    def is_quiet(self) -> bool:
        """Whether nothing of it can be shown."""
        return not any(self.least.values())


@dataclass(frozen=True, slots=True)
class Section:
    """What was counted of one kind."""

    kind: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Some weeks, one after the other, and what may be shown of them."""

    weeks: tuple[int, ...]
    sections: tuple[Section, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all can be shown."""
        return all(row.is_quiet for section in self.sections for row in section.rows)


def report(guidance: Guidance, shown: Mapping[Cell, int], last: int, weeks: int | None) -> Report:
    """Return the report of what may be ``shown``, up to the week ``last``.

    It has so many ``weeks``; without that, all of them from the first that shows something.
    """
    first = min((cell.week for cell in shown), default=last)
    if weeks is not None:
        first = last - DAYS * (weeks - 1)
    span = range(first, last + 1, DAYS)
    within = {cell: least for cell, least in shown.items() if cell.week in span}
    sections = (Section(kind, _rows(guidance, kind, within)) for kind in KINDS)
    return Report(tuple(span), tuple(sections))


def _rows(guidance: Guidance, kind: str, shown: Mapping[Cell, int]) -> tuple[Row, ...]:
    titles = dict(_titles(guidance, kind))
    # What the guidance had once is shown by its name, where it may be shown.
    titles |= {
        cell.name: _plain(Words(cell.name, cell.name))
        for cell in sorted(shown)
        if cell.kind == kind and cell.name not in titles
    }
    found: dict[str, dict[Lang, dict[int, int]]] = {
        name: {lang: {} for lang in LANGS} for name in titles
    }
    for cell, least in shown.items():
        for lang in LANGS:
            if (cell.kind, cell.lang) == (kind, lang):
                found[cell.name][lang][cell.week] = least
    return tuple(Row(name, title, found[name]) for name, title in titles.items())


def _titles(guidance: Guidance, kind: str) -> Iterator[tuple[str, Title]]:
    """Return every name that can be counted, with its title, in the order of the guidance."""
    say = guidance.phrases
    if kind == TREE:
        yield from ((tree.id, _plain(tree.title)) for tree in guidance.trees.values())
    elif kind == TOPIC:
        for topic in _counted(guidance.topics.values()):
            yield card_name(Sort.TOPIC, topic.id), _plain(topic.title)
        for summary in _counted(guidance.summaries.values()):
            title = _filled(say["insights_summary"], title=summary.title)
            yield card_name(Sort.SUMMARY, summary.id), _plain(title)
    elif kind == ANSWER:
        for tree in guidance.trees.values():
            for answer in _counted(tree.answers.values()):
                full = _filled(say["insights_answer_of"], tree=tree.title, title=answer.title)
                yield answer_name(tree.id, answer.id), Title(full, answer.title, tree.title)
    elif kind == CHANNEL:
        yield from ((name, _plain(say[f"insights_channel_{name}"])) for name in CHANNELS)
    elif kind == HELPED:
        yield from ((name, _plain(say[f"rate_{name}"])) for name in RATINGS)


def _counted(given: Iterable[_Sent]) -> Iterator[_Sent]:
    return (one for one in given if not is_for_danger(one.offices))


def _plain(words: Words) -> Title:
    return Title(words, words)


def _filled(phrase: Words, **places: Words) -> Words:
    en, fr = (
        phrase[lang].format(**{name: words[lang] for name, words in places.items()})
        for lang in LANGS
    )
    return Words(en, fr)
