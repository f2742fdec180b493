"""Who presses what in the benchmark of Teams: the bodies of requests, and people who walk.

What is sent looks as Teams sends it. A step is pressed again and again, each time by the next of
many people; a walker reads the card that comes back, and presses what is on it.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from bot.channels.teams.answers import PLATFORM
from bot.conversation import Conversation
from bot.guidance.pages import HOME
from bot.guidance.ticket import Ticket
from bot.guidance.walk import routes
from bot.guidance.words import LANGS
from bot.seal import Bearer, Seal, Spot, Surface
from tests.teams import payloads
from tests.teams.login import Login
from tests.teams.state import Chat, Json, Message, User, inputs_of, walk

TREE = "post_reported"
FRENCH = 2
"""One of so many walkers reads French."""

_NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)
_BOT = {"id": f"28:{Login.app_id}", "name": "Cairn"}


class Presser(Protocol):
    """Somebody who sends one request after the other."""

    def body(self) -> bytes:
        """What they send next."""
        ...

    def take(self, answer: bytes) -> None:
        """See what came back."""
        ...


@dataclass
class Somebody:
    """A person with their own chat, and the card in it."""

    number: int
    tenant: str
    service_url: str
    user: User = field(init=False)
    chat: Chat = field(init=False)
    card: Message = field(init=False)

    def __post_init__(self) -> None:
        aad = f"00000000-0000-4000-8000-{self.number:012}"
        self.user = User(f"29:1{self.number:060}", "alice", aad, self.tenant, "en-CA")
        self.chat = Chat(f"a:1{self.number:090}", "personal", "alice", self.tenant)
        self.card = Message(f"{1_700_000_000_000 + self.number}", self.chat, _BOT["id"], {})

    @property
    def bearer(self) -> Bearer:
        return Bearer(PLATFORM, self.tenant, self.user.aad, Surface.MESSAGE)

    def _made(self) -> payloads.Made:
        return payloads.Made("f:1", _NOON, self.service_url, _BOT, self.user, self.chat)

    def press(self, verb: str, data: Json) -> bytes:
        """A button of a card: what its answer shows takes the card's place."""
        value = payloads.execute_value({"type": "Action.Execute", "verb": verb}, data)
        activity = payloads.invoke(self._made(), "adaptiveCard/action", value, self.card)
        return json.dumps(activity).encode()

    def message(self, text: str) -> bytes:
        return json.dumps(payloads.message(self._made(), text)).encode()


@dataclass
class Same:
    """Sends the same each time, and knows a part of what must come back."""

    sent: bytes
    expected: bytes = b""

    def body(self) -> bytes:
        return self.sent

    def take(self, answer: bytes) -> None:
        assert self.expected in answer, answer[:2000]


class Step:
    """A press in the longest walk: in its middle, or the last one, which leads to the answer."""

    def __init__(self, talk: Conversation, seal: Seal, *, last: bool) -> None:
        tree = talk.guidance.trees[TREE]
        whole = max(routes(tree), key=lambda ticket: len(ticket.choices))
        questions = [*whole.choices]
        at = len(questions) - 1 if last else len(questions) // 2
        done = Ticket(tree.id, {name: whole.choices[name] for name in questions[:at]})
        asked = questions[at]
        self._seal = seal
        self._spot = Spot(str(done), "en")
        self._picked = {f"pick:en:{asked}": ",".join(whole.choices[asked])}
        self._expected = '"verb":"why' if last else f'"id":"pick:en:{questions[at + 1]}"'

    def of(self, somebody: Somebody) -> Same:
        data = {"c": self._seal.lock(self._spot, somebody.bearer), **self._picked}
        return Same(somebody.press("choose", data), self._expected.encode())


class Walker:
    """Walks from card to card: mostly on, sometimes back, aside, or in the other language."""

    def __init__(self, somebody: Somebody, seal: Seal, trees: list[str]) -> None:
        self._somebody = somebody
        self._seal = seal
        self._trees = trees
        self._chance = random.Random(somebody.number)
        self._sent = self._begin()

    def body(self) -> bytes:
        return self._sent

    def take(self, answer: bytes) -> None:
        card = json.loads(answer)["value"]
        fields = {one["id"].partition(":")[0]: one for one in inputs_of(card)}
        buttons = [one for one in walk(card) if one.get("type") == "Action.Execute"]
        main = [one for one in buttons if one.get("style") == "positive"]
        ends = any(one["verb"].startswith("why") for one in buttons)
        if ends and self._chance.random() < 0.5:
            self._sent = self._begin()
            return
        goes_on = main and self._chance.random() < 0.8
        button = main[0] if goes_on else self._chance.choice(buttons)
        filled = {one["id"]: self._picked(one) for one in fields.values() if "choices" in one}
        self._sent = self._somebody.press(button["verb"], {**button["data"], **filled})

    def _begin(self) -> bytes:
        lang = LANGS[self._somebody.number % FRENCH]
        capsule = self._seal.lock(Spot(HOME, lang), self._somebody.bearer)
        return self._somebody.press(f"open:{self._chance.choice(self._trees)}", {"c": capsule})

    def _picked(self, field: Json) -> str:
        values = [choice["value"] for choice in field["choices"]]
        most = min(3, len(values)) if field.get("isMultiSelect") else 1
        return ",".join(self._chance.sample(values, self._chance.randint(1, most)))
