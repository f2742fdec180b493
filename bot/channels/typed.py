"""What does somebody mean who types? An answer to the card they see, or a question anew."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from bot.channels.answers import Answers
from bot.channels.steps import Step, again
from bot.conversation import Reply, Say
from bot.guidance import understand
from bot.guidance.pages import HOME, OWN_DRAFT
from bot.guidance.screen import Sort, Trouble
from bot.guidance.words import Lang
from bot.seal import Spot

_LESS_THAN_FILES: Final = (
    None,
    Trouble.NOT_UNDERSTOOD,
    Trouble.MEANT,
    Trouble.OUT_OF_SCOPE,
    Trouble.SMALL_TALK,
    Trouble.THANKS,
    Trouble.RUDE,
)
"""What need not be said where it must be said that files are not opened."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed in a chat; ``is_edited`` says that they changed what they had typed."""

    text: str = field(repr=False)
    has_files: bool = False
    is_edited: bool = False


def shortened(typed: Typed) -> Typed:
    """Return what is kept while it waits for its turn: what is read, and a letter too many.

    That letter tells that it was too long. Not for words of danger, which are read to the end.
    """
    return replace(typed, text=typed.text[: understand.MAX_TYPED + 1])


def typed_reply(answers: Answers, spot: Spot | None, typed: Typed, lang: Lang) -> Reply:
    """Return the reply to what was typed at ``spot``, the place of the last card if it is known."""
    text = typed.text
    short = len(text) <= understand.MAX_TYPED and understand.is_short_reply(text)
    if spot is not None and short and typed.is_edited:
        # It answered a question that is no longer the one on the card.
        return answers.reply(again(spot)).with_trouble(Trouble.TAP_THE_CARD)
    if spot is None:
        if typed.has_files and not text.strip():
            return answers.at(HOME, lang).with_trouble(Trouble.FILES)
        if short:
            return answers.at(HOME, lang).with_trouble(Trouble.TAP_THE_CARD)
        spot = Spot(HOME, lang)
    if typed.is_edited and spot.place.startswith("marks:"):
        # The draft was changed after it had been marked; it is still a draft.
        spot = replace(spot, place=OWN_DRAFT)
    reply = answers.reply(Step(replace(again(spot).move, act=Say(text))))
    if typed.has_files and reply.screen.trouble in _LESS_THAN_FILES:
        return reply.with_trouble(Trouble.FILES)
    return reply


def goes_on(spot: Spot | None, reply: Reply) -> bool:
    """Tell whether the reply goes on where the card stands, so that the card is changed."""
    if spot is None or reply.screen.sort is Sort.CRISIS:
        return False
    return reply.screen.tree is not None or reply.screen.place == spot.place
