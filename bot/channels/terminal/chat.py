"""How does one walk the guidance in a terminal? Type a number or a word, read the next screen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Final

from bot.channels.text import render
from bot.channels.wording import asked_again, places
from bot.conversation import Act, Change, Conversation, Look, Move, Open, Reply, Say
from bot.guidance import understand
from bot.guidance.pages import HOME, OWN_DRAFT, Part
from bot.guidance.screen import Sort
from bot.guidance.words import Lang, fold

_QUIT: Final = frozenset({"quit", "exit", "quitter", "sortir"})
_CHECKLIST: Final = frozenset({"checklist", "liste"})
_DANGER: Final = frozenset({"danger", "crisis", "crise", "urgence"})
_CHANGE: Final = re.compile(r"(?:change|modifier)\s+(\d{1,2})")


def chat(
    conversation: Conversation,
    lang: Lang,
    place: str,
    typed: Iterator[str],
    show: Callable[[str], None],
) -> None:
    """Walk from ``place``: take what is ``typed`` and ``show`` what comes of it, until it ends.

    The place is held here, in memory, and is gone when the program ends.
    """
    reply = conversation.respond(Move(place, lang, Open(place)))
    show(render(reply))
    show(reply.phrase("terminal_help"))
    for text in typed:
        word = fold(text)
        if word in _QUIT:
            break
        if word in _CHECKLIST and reply.screen.sort is Sort.ANSWER:
            show(render(reply, checklist=True))
            continue
        act = _act(reply, text, word)
        if reply.screen.place == OWN_DRAFT and act == Say(text) and not understand.command(text):
            # A draft has lines; an empty one ends it.
            act = Say("\n".join([text, *takewhile(str.strip, typed)]))
        asking = asked_again(reply.screen)
        move = Move(reply.screen.place, reply.lang, act, asking, reply.came_from)
        reply = conversation.respond(move)
        show(render(reply))
    show(reply.phrase("terminal_bye"))


def _act(reply: Reply, text: str, word: str) -> Act:
    screen = reply.screen
    if word in _DANGER:
        return Open("crisis")
    change = _CHANGE.fullmatch(word)
    if change is not None and 1 <= int(change[1]) <= len(screen.trail):
        return Change(screen.trail[int(change[1]) - 1].question.id)
    if screen.sort in (Sort.WHY, Sort.OUTLINE) and word in ("back", "retour"):
        return Look(Part.WHOLE)
    if word.isdigit() and screen.question is None:
        there = places(reply)
        if 1 <= int(word) <= len(there):
            return Open(there[int(word) - 1])
    if word in ("back", "retour") and not screen.trail:
        return Open(reply.came_from or HOME)
    return Say(text)
