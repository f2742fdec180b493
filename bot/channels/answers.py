"""How does a step become a reply, and where does a reply leave the person? Capsules in and out."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from bot.channels.steps import Fields, Step, again, step_of
from bot.channels.wording import asked_again
from bot.conversation import Conversation, Move, Open, Reply
from bot.guidance import understand
from bot.guidance.model import Guidance
from bot.guidance.pages import HOME
from bot.guidance.screen import Trouble
from bot.guidance.words import LANGS, Lang
from bot.seal import Bearer, ExpiredError, NotOpenedError, Seal, Spot


class Stepped(NamedTuple):
    """What a press leads to: the reply, its page, and the language if the person chose one."""

    reply: Reply
    number: int
    chosen: Lang | None


class Answers:
    """Answers steps out of the conversation; a channel adds the forms that it shows them in."""

    def __init__(self, conversation: Conversation, seal: Seal) -> None:
        self._conversation = conversation
        self._seal = seal

    @property
    def guidance(self) -> Guidance:
        """The guidance that answers are taken from."""
        return self._conversation.guidance

    def opened(self, capsule: object, bearer: Bearer, lang: Lang) -> Step | Spot:
        """Return the spot in a capsule, or the step of a friendly restart in ``lang``."""
        try:
            return self._seal.open(capsule if isinstance(capsule, str) else "", bearer)
        except NotOpenedError as error:
            expired = isinstance(error, ExpiredError)
            trouble = Trouble.EXPIRED if expired else Trouble.NOT_OPENED
            return Step(Move(HOME, lang, Open(HOME)), trouble=trouble)

    def step(self, do: str, opened: Step | Spot, fields: Fields) -> Step:
        """Return the step of a press: what it means at its spot, or the restart."""
        return opened if isinstance(opened, Step) else step_of(do, opened, fields)

    def reply(self, step: Step) -> Reply:
        """Return the reply to a step."""
        reply = self._conversation.respond(step.move)
        return reply.with_trouble(step.trouble) if step.trouble else reply

    def stepped(self, do: str, opened: Step | Spot, fields: Fields) -> Stepped:
        """Return what a press leads to; in another language what was picked stays picked."""
        step = self.step(do, opened, fields)
        picked = do == "first" and fields.first("lang") in LANGS
        chose = isinstance(opened, Spot) and (picked or do.startswith("language"))
        reply = self.reply(step)
        if do.startswith("language") and "pick" in fields.picked:
            screen = replace(reply.screen, picked=fields.picked["pick"])
            reply = replace(reply, screen=screen)
        return Stepped(reply, step.number, step.move.lang if chose else None)

    def beside(self, do: str, opened: Step | Spot) -> Reply | None:
        """Return the screen that a form beside the walk is about; none where it has none to show.

        These are the choices of the trail, an answer to copy, and one that was sent to the chat.
        """
        name = do.partition(":")[0]
        if not isinstance(opened, Spot) or name not in ("trail", "copy", "send"):
            return None
        reply = self.reply(again(opened))
        shows = reply.screen.trail if name == "trail" else reply.screen.answer
        return reply if shows else None

    def at(self, place: str, lang: Lang) -> Reply:
        """Return the reply at a place that a person comes to from outside."""
        return self._conversation.respond(Move(HOME, lang, Open(place)))

    def both(self) -> tuple[Reply, Reply]:
        """Return the first screen in both languages."""
        english, french = (self.at(HOME, lang) for lang in LANGS)
        return english, french

    def is_crisis(self, text: str) -> bool:
        """Tell whether what was typed is about danger now."""
        return understand.is_crisis(self._conversation.guidance, text)

    def language(self, text: str, otherwise: Lang) -> Lang:
        """Return the language of what was typed; ``otherwise`` where it shows none."""
        return understand.language(self._conversation.guidance, text, otherwise)

    def locked(self, reply: Reply, bearer: Bearer) -> str:
        """Return where the reply leaves the person, locked for them."""
        screen = reply.screen
        spot = Spot(screen.place, reply.lang, asked_again(screen), reply.came_from)
        return self._seal.lock(spot, bearer)
