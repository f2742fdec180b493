"""Whom do we serve, and in which language? The token's own workspace, unless more are listed.

A language is looked up once and remembered for half an hour, in memory only. The look-up never
holds a person up: until it is there, the first screen is in both languages.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from bot.channels.memory import Memory
from bot.channels.slack.decode import Person, language_of
from bot.channels.slack.errors import TOKEN, SlackError
from bot.channels.slack.outbound import Outbound, Sleep
from bot.guidance.words import Lang
from bot.privacy import OWN

_RETRY: Final = 30.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who our token is: the workspace and the bot's user."""

    team: str
    user: str


class People:
    """Tells whom Cairn serves, who Cairn itself is, and which language somebody reads."""

    def __init__(
        self, allowed: Iterable[str], outbound: Outbound, clock: Callable[[], float]
    ) -> None:
        """Take the allowed workspaces and organizations; none: the token's own workspace."""
        self._allowed = frozenset(allowed)
        self._outbound = outbound
        self._tongues: Memory[Lang] = Memory(clock)
        self._identity: Identity | None = None
        self._accepted = True
        self._removed = False
        self._doubted = asyncio.Event()
        self._doubted.set()

    @property
    def identity(self) -> Identity | None:
        """Who our token is; nothing until Slack has said so."""
        return self._identity

    @property
    def is_accepted(self) -> bool:
        """Whether Slack has not refused the token when it last spoke of it."""
        return self._accepted

    async def keep_identity(self, sleep: Sleep = asyncio.sleep) -> None:
        """Ask Slack who the token is, at the start and whenever that is in doubt."""
        while True:
            await self._doubted.wait()
            self._doubted.clear()
            try:
                told = await self._outbound.identity()
            except SlackError as error:
                # While Slack cannot be asked, what it said before holds.
                if error.code in TOKEN:
                    self._accepted = False
                    if self._removed:
                        self._identity = None
                    about = "Slack does not accept the token: %s"
                else:
                    about = "Slack cannot be asked who we are: %s"
                logging.getLogger(OWN).error(about, error.code)  # noqa: TRY400 the code is all
                self._doubted.set()
                await sleep(_RETRY)
                continue
            self._identity = Identity(str(told.get("team_id", "")), str(told.get("user_id", "")))
            self._accepted, self._removed = True, False

    def doubt_identity(self, *, removed: bool) -> None:
        """Have Slack asked again: it said that the app was ``removed``, or refused the token.

        With a token that is refused, people are still answered where they asked.
        """
        self._removed = self._removed or removed
        self._doubted.set()

    def serves(self, workspace: tuple[str, ...]) -> bool | None:
        """Tell whether requests of a workspace are served; nothing while that is not known."""
        if self._allowed:
            return not self._allowed.isdisjoint(workspace)
        if self._identity is None:
            return None
        return self._identity.team in workspace

    # -- languages

    def tongue(self, person: Person) -> Lang | None:
        """Return the language that is remembered of somebody."""
        return self._tongues.recall(person.key)

    def remember(self, person: Person, lang: Lang) -> None:
        """Remember somebody's language for half an hour."""
        self._tongues.keep(person.key, lang)

    async def learn_tongue(self, person: Person) -> Lang | None:
        """Return the language of somebody's profile, asked for once and without waiting."""
        if (known := self._tongues.recall(person.key)) is not None:
            return known
        try:
            found = language_of(await self._outbound.person(person.user))
        except SlackError:
            return None
        if found is not None:
            self.remember(person, found)
        return found

    def sweep(self) -> None:
        """Drop what is older than half an hour."""
        self._tongues.sweep()
