"""What is a ticket? A tree and the named choices a person made in it, as a short text.

``post_reported?channel=media_query&about=harm+work``. It holds only public ids, never typed
words, and it is the whole state of a walk. Reading never fails: what cannot be a ticket reads as
one that names nothing, and the walk says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MARKS: Final = "~"
"""Stands for a question where a ticket names the marks of a draft; no question can be called so."""

MAX_LENGTH: Final = 2000
"""A longer text is not read at all; the longest real ticket has some 200 characters."""

_ID = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")


@dataclass(frozen=True, slots=True)
class Ticket:
    """A tree and the choices made in it: question id to the ids of the options picked.

    Under ``MARKS`` stand the marks of a draft that the person goes through the tree with.
    """

    tree: str
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.choices:
            return self.tree
        parts = "&".join([f"{q}={'+'.join(picked)}" for q, picked in self.choices.items()])
        return f"{self.tree}?{parts}"

    def with_choice(self, question: str, picked: tuple[str, ...]) -> Ticket:
        """Return the ticket with the choice at ``question`` replaced, or added last."""
        return Ticket(self.tree, {**self.choices, question: picked})


def read_ticket(text: str) -> Ticket:
    """Read a ticket; parts that are no ids are left out."""
    if len(text) > MAX_LENGTH:
        return Ticket("")
    tree, _, rest = text.partition("?")
    if not _ID.match(tree):
        return Ticket("")
    choices = {}
    for part in rest.split("&") if rest else ():
        question, _, picked = part.partition("=")
        ids = tuple(dict.fromkeys(p for p in picked.split("+") if _ID.match(p)))
        known = question == MARKS or _ID.match(question)
        if ids and known and question not in choices:
            choices[question] = ids
    return Ticket(tree, choices)
