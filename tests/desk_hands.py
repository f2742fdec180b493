"""A person in front of the desk, alike in both chats: what they see in a form, fill in and press.

    hand = hand_of(cairn, cairn.slack.person("alice"))
    await hand.walk("find_office", who="employee", need="post")
    await hand.press("desk:offices")
    await hand.pick("office", "values_ethics")
    await hand.press("desk:write")          # the form's main button, or another one
    hand.text, hand.fields, hand.buttons, hand.held

A field is called what the desk calls it, a button by what it does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.channels.teams.channel import CHANNEL as TEAMS
from tests.both_app import Running
from tests.slack import screen as slack_screen
from tests.slack import state as slack_state
from tests.slack.person import Person as OnSlack
from tests.slack.state import STATEFUL, elements_of
from tests.teams import screen as teams_screen
from tests.teams import state as teams_state
from tests.teams.person import Person as InTeams
from tests.teams.state import inputs_of

Shown = slack_state.Message | teams_state.Message | teams_state.Shown


class Hand(ABC):
    """Somebody, and what stands in front of them."""

    platform: str

    def __init__(self, cairn: Running) -> None:
        self.cairn = cairn
        self.capsules: list[str] = []
        """Those in every button and form of the walk that they were shown, the last one last."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What the platform calls them."""

    @property
    @abstractmethod
    def ids(self) -> tuple[str, ...]:
        """Who they are to the platform, in all its ways; the first one is in its directory."""

    @abstractmethod
    async def walk(self, tree: str, **choices: str) -> None:
        """Go to an answer of a tree, one choice a question."""

    @property
    @abstractmethod
    def tenant(self) -> str:
        """Where they belong."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The form in front of them, as it reads."""

    @property
    @abstractmethod
    def fields(self) -> Mapping[str, str]:
        """What stands in each field to write in."""

    @property
    @abstractmethod
    def buttons(self) -> list[str]:
        """What the buttons of the form do."""

    @property
    @abstractmethod
    def held(self) -> str:
        """What the form holds, beside what is in its fields."""

    @property
    @abstractmethod
    def own(self) -> list[Shown]:
        """What stands in their own chat with Cairn."""

    @abstractmethod
    async def press(self, do: str) -> None:
        """Press a button of what is in front of them."""

    @abstractmethod
    async def open(self, card: Shown, do: str) -> None:
        """Press a button of a card in a chat."""

    @abstractmethod
    async def write(self, field: str, text: str) -> None:
        """Write in a field, in place of what is in it."""

    @abstractmethod
    async def pick(self, field: str, *choices: str) -> None:
        """Choose in a field, by value or by words."""

    @abstractmethod
    async def close(self) -> None:
        """Close the window or dialog."""


class SlackHand(Hand):
    platform = "slack"

    def __init__(self, cairn: Running, person: OnSlack) -> None:
        super().__init__(cairn)
        self.person = person

    @property
    def name(self) -> str:
        return self.person.user.real_name or self.person.user.name

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.person.id,)

    async def walk(self, tree: str, **choices: str) -> None:
        await self.person.slash()
        await self.cairn.settle()
        await self._go("goto:en:home", tree)
        for question, choice in choices.items():
            await self._go(f"pick:en:{question}", choice)

    async def _go(self, block: str, choice: str) -> None:
        await self.person.pick(self.person.view, block, choice)
        await self.person.submit()
        await self.cairn.settle()
        view = self.person.view
        elements = [element for block in view.blocks for element in elements_of(block)]
        self.capsules += [one["value"] for one in elements if "value" in one]
        self.capsules.append(view.private_metadata)

    @property
    def tenant(self) -> str:
        return self.person.workspace.id

    @property
    def text(self) -> str:
        return slack_screen.text(self.person.view)

    @property
    def fields(self) -> Mapping[str, str]:
        view, found = self.person.view, {}
        for block in view.blocks:
            for element in elements_of(block):
                if STATEFUL.get(element["type"]) == "value":
                    filled = view.filled[block["block_id"]][element["action_id"]]
                    found[block["block_id"].split(":")[0]] = filled["value"] or ""
        return found

    @property
    def buttons(self) -> list[str]:
        payload = self.person.view.payload
        main = [payload["callback_id"]] if "submit" in payload else []
        elements = [one for block in payload["blocks"] for one in elements_of(block)]
        return main + [one["action_id"] for one in elements if one["type"] == "button"]

    @property
    def held(self) -> str:
        return self.person.view.private_metadata

    @property
    def own(self) -> list[Shown]:
        return [*self.person.sees()]

    async def press(self, do: str) -> None:
        payload = self.person.view.payload
        if "submit" in payload and payload["callback_id"] == do:
            await self.person.submit()
        else:
            await self.person.press(self.person.view, do)
        await self.cairn.settle()

    async def open(self, card: Shown, do: str) -> None:
        assert isinstance(card, slack_state.Message)
        await self.person.press(card, do)
        await self.cairn.settle()

    async def write(self, field: str, text: str) -> None:
        view = self.person.view
        await self.person.type(view, slack_screen.block_of(view, field), text)

    async def pick(self, field: str, *choices: str) -> None:
        view = self.person.view
        await self.person.pick(view, slack_screen.block_of(view, field), *choices)

    async def close(self) -> None:
        await self.person.close(everything=True)
        await self.cairn.settle()


class TeamsHand(Hand):
    platform = "teams"

    def __init__(self, cairn: Running, person: InTeams) -> None:
        super().__init__(cairn)
        self.person = person

    @property
    def name(self) -> str:
        return self.person.user.name

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.person.user.aad, self.person.user.id)

    async def walk(self, tree: str, **choices: str) -> None:
        await self.person.message("home")
        await self.cairn.settle()
        await self._go("goto:en:home", tree, "goto")
        for question, choice in choices.items():
            await self._go(f"pick:en:{question}", choice, "choose")

    async def _go(self, field: str, choice: str, do: str) -> None:
        await self.person.pick(self.person.card, field, choice)
        await self.press(do)
        actions = teams_screen.actions(self.person.card.content or {}, hidden=True)
        self.capsules += [one["data"]["c"] for one in actions if "data" in one]

    @property
    def tenant(self) -> str:
        return self.person.user.tenant

    @property
    def text(self) -> str:
        return teams_screen.text(self._dialog)

    @property
    def fields(self) -> Mapping[str, str]:
        named = self._named("write")
        return {name: self._dialog.filled.get(field["id"], "") for name, field in named.items()}

    @property
    def buttons(self) -> list[str]:
        return [str(data["do"]) for data in self._data]

    @property
    def held(self) -> str:
        return str(self._data[0]["held"])

    @property
    def own(self) -> list[Shown]:
        return [*self.person.sees()]

    async def press(self, do: str) -> None:
        self._wait()
        await self.person.press(self.person.dialog or self.person.card, do)
        await self.cairn.settle()

    def _wait(self) -> None:
        """Let a while go by since Cairn spoke last, so that it may speak again."""
        outbound = self.cairn.application[TEAMS].outbound
        for pace in (outbound._chats, outbound._hours, outbound._tenants):
            pace._buckets.clear()

    async def open(self, card: Shown, do: str) -> None:
        assert not isinstance(card, slack_state.Message)
        self._wait()
        await self.person.press(card, do)
        await self.cairn.settle()

    async def write(self, field: str, text: str) -> None:
        await self.person.type(self._dialog, self._named("write")[field]["id"], text)

    async def pick(self, field: str, *choices: str) -> None:
        await self.person.pick(self._dialog, self._named("pick")[field]["id"], *choices)

    async def close(self) -> None:
        self.person.close()

    @property
    def _dialog(self) -> teams_state.Shown:
        assert self.person.dialog is not None
        return self.person.dialog

    @property
    def _data(self) -> list[dict[str, Any]]:
        actions = teams_screen.actions(self._dialog.content or {})
        return [one["data"] for one in actions if "data" in one]

    def _named(self, kind: str) -> dict[str, dict[str, Any]]:
        """The fields of a kind by what the desk calls them."""
        parts = {field["id"]: field for field in inputs_of(self._dialog.content or {})}
        return {
            name.split(":")[-1]: field
            for name, field in parts.items()
            if name.split(":")[2:3] == [kind]
        }


def hand_of(cairn: Running, person: OnSlack | InTeams) -> Hand:
    """Return the hand of a person."""
    if isinstance(person, OnSlack):
        return SlackHand(cairn, person)
    return TeamsHand(cairn, person)


def somebody(cairn: Running, platform: str, name: str) -> Hand:
    """Return somebody new, who reads English and has Cairn."""
    if platform == "slack":
        called = name.split(maxsplit=1)[0].lower()
        return hand_of(cairn, cairn.slack.person(called, real_name=name, locale="en-CA"))
    return hand_of(cairn, cairn.teams.person(name, locale="en-CA"))


@dataclass(frozen=True)
class Posted:
    """One state of a message of Cairn: in which chat, for whom, and all that is in it."""

    chat: str
    to: frozenset[str]
    body: str


def posted(cairn: Running) -> list[Posted]:
    """Return every message of Cairn in any chat, in all its states; forms are none."""
    found, bot = [], cairn.slack.workspace.bot.id
    for channel in cairn.slack.workspace.channels.values():
        for message in channel.messages.values():
            if message.user == bot:
                to = {message.only_for} if message.only_for else channel.members - {bot}
                found += [Posted(channel.id, frozenset(to), str(one)) for one in message.history]
    for call in cairn.teams.calls:
        if call.kind in ("send", "reply", "update") and call.body is not None:
            chat = cairn.teams.chats[call.conversation.partition(";")[0]]
            alone = call.query.get("isTargetedActivity") == "true"
            to = {call.body["recipient"]["id"]} if alone else set(chat.members)
            said = {key: value for key, value in call.body.items() if key not in _ADDRESS}
            found.append(Posted(chat.id, frozenset(to), str(said)))
    return found


_ADDRESS = ("from", "recipient", "conversation")


def screen_of(shown: Shown) -> list[str]:
    """Return a message as it reads, line by line."""
    if isinstance(shown, slack_state.Message):
        return slack_screen.lines(shown)
    return teams_screen.lines(shown)
