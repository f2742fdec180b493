"""What a person sees of Slack, and what they do with it: press, pick, type, submit, close."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from tests.slack import limits, payloads, schemas
from tests.slack.delivery import Delivery, Outcome
from tests.slack.payloads import Made
from tests.slack.state import (
    STATEFUL,
    Channel,
    Json,
    Message,
    Surface,
    User,
    View,
    Workspace,
    elements_of,
    offered,
)

if TYPE_CHECKING:
    from tests.slack.fake import FakeSlack


class RefusedError(AssertionError):
    """Slack's own client does not let a person do that: there is no such button, or it is empty."""


class Hands:
    def __init__(self, fake: FakeSlack, workspace: Workspace, user: User) -> None:
        self._fake = fake
        self.workspace = workspace
        self.user = user

    @property
    def id(self) -> str:
        return self.user.id

    # ---- what they see

    @property
    def views(self) -> list[View]:
        """Their open modals, the lowest first."""
        return list(self._fake.stacks[self.id])

    @property
    def view(self) -> View:
        """The modal in front of them."""
        if not self.views:
            raise RefusedError(f"{self.user.name} has no modal open")
        return self.views[-1]

    @property
    def home(self) -> View:
        if self.id not in self.workspace.homes:
            raise RefusedError(f"nothing was published for the home of {self.user.name}")
        return self.workspace.homes[self.id]

    @property
    def dm(self) -> Channel:
        """Their conversation with the bot; it is opened by looking at it."""
        return self.workspace.dm(self.id) or self._fake.open_dm(self.workspace, self.user)

    def sees(self, channel: Channel | None = None) -> list[Message]:
        """The messages of a channel (or of the conversation with the bot) as they see them.

        A private channel, and a conversation of others, shows nothing from the outside.
        """
        where = channel or self.dm
        closed = where.is_private or where.is_im
        found = () if closed and self.id not in where.members else where.messages.values()
        return [m for m in found if not m.deleted and m.only_for in (None, self.id)]

    @property
    def ephemerals(self) -> list[Message]:
        """What only they see, in any channel, oldest first."""
        channels = self.workspace.channels.values()
        found = [m for channel in channels for m in channel.messages.values()]
        mine = [m for m in found if m.only_for == self.id and not m.deleted]
        return sorted(mine, key=lambda message: message.ts)

    def reload(self) -> None:
        """Start Slack again: what only they saw is gone, and so are open modals."""
        for message in self.ephemerals:
            message.deleted = True
        for view in self._fake.stacks[self.id]:
            view.open = False
        self._fake.stacks[self.id] = []

    # ---- what they do with what they see

    async def press(
        self,
        where: Surface,
        action_id: str | None = None,
        *,
        label: str | None = None,
        value: str | None = None,
        block_id: str | None = None,
    ) -> Outcome:
        """Press the one button that fits: by action_id, by its words, or by its value."""
        self._look(where)
        fitting = [
            (block, element)
            for block in where.blocks
            for element in elements_of(block)
            if element["type"] in ("button", "icon_button", "workflow_button")
            and action_id in (None, element["action_id"])
            and block_id in (None, block["block_id"])
            and label in (None, element["text"]["text"])
            and value in (None, element.get("value"))
        ]
        if len(fitting) != 1:
            there = [
                (e["action_id"], e["text"]["text"])
                for b in where.blocks
                for e in elements_of(b)
                if e["type"] == "button"
            ]
            raise RefusedError(
                f"{len(fitting)} buttons fit {action_id or label or value!r}: {there}"
            )
        block, element = fitting[0]
        action = {
            "type": element["type"],
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "text": element["text"],
            "action_ts": self._fake.stamp(),
            **{key: element[key] for key in ("value", "url", "style", "confirm") if key in element},
        }
        return await self._act(where, action)

    async def pick(
        self, where: Surface, block_id: str, *values: str, action_id: str | None = None
    ) -> Outcome | None:
        """Pick options by value or by words; none clears check boxes. Where the program wants to
        know at once (no input block, or dispatch_action), it is told.
        """
        self._look(where)
        block, element = self._element(where, block_id, action_id)
        options = [self._option(element, value) for value in values]
        key = "selected_option" if element["type"] == "overflow" else STATEFUL.get(element["type"])
        if key not in ("selected_option", "selected_options"):
            raise RefusedError(f"nothing to pick in a {element['type']}")
        if key == "selected_option" and len(options) != 1:
            raise RefusedError(f"one option is picked in a {element['type']}, not {len(options)}")
        chosen = options[0] if key == "selected_option" else options
        if element["type"] != "overflow":
            filled = {"type": element["type"], key: chosen}
            where.filled[block["block_id"]][element["action_id"]] = filled
        if block["type"] == "input" and not block.get("dispatch_action"):
            return None
        action = {
            "type": element["type"],
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            key: chosen,
            "action_ts": self._fake.stamp(),
        }
        return await self._act(where, action)

    def _option(self, element: Json, value: str) -> Json:
        options = offered(element)
        for option in options:
            if value in (option.get("value"), option["text"]["text"]):
                return option
        there = [(o.get("value"), o["text"]["text"]) for o in options]
        raise RefusedError(f"no option {value!r}; there are {there}")

    async def type(
        self, where: Surface, block_id: str, text: str, *, enter: bool = False
    ) -> Outcome | None:
        """Type into a field; nothing goes out, unless the block wants to know of the Enter key."""
        self._look(where)
        block, element = self._element(where, block_id, None)
        if not element["type"].endswith("_input"):
            raise RefusedError(f"nobody can type into a {element['type']}")
        if len(text) > element.get("max_length", 3000):
            raise RefusedError(f"the field takes {element.get('max_length', 3000)} characters")
        filled = {"type": element["type"], "value": text or None}
        where.filled[block["block_id"]][element["action_id"]] = filled
        if not (enter and block.get("dispatch_action")):
            return None
        action = {
            "type": element["type"],
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "value": text,
            "action_ts": self._fake.stamp(),
        }
        return await self._act(where, action)

    async def fill(self, label: str, *given: str, where: Surface | None = None) -> Outcome | None:
        """Fill the one field of that label: type a text, or pick options by their words."""
        surface = where or self.view
        named = {
            b["block_id"]: b["element"]["type"]
            for b in surface.blocks
            if b["type"] == "input" and html.unescape(b["label"]["text"]) == label
        }
        if len(named) != 1:
            raise RefusedError(f"{len(named)} fields are called {label!r}")
        ((block_id, kind),) = named.items()
        if kind.endswith("_input"):
            return await self.type(surface, block_id, *given)
        return await self.pick(surface, block_id, *given)

    async def submit(self, view: View | None = None) -> Outcome:
        """Press the button at the end of a modal, and see what the program answers."""
        shown = view or self.view
        self._look(shown)
        if "submit" not in shown.payload:
            raise RefusedError("the modal has no button to submit it")
        lacking = self._lacking(shown)
        if lacking:
            raise RefusedError(f"please complete: {lacking}")
        shown.errors = {}
        outcome = await self._interact(payloads.view_submission(self._made(view=shown), shown))
        if outcome.ok:
            self._submitted(shown, outcome)
        return outcome

    def _lacking(self, view: View) -> list[str]:
        """The labels of fields that the client itself would not let pass."""
        found = []
        for block in view.blocks:
            if block["type"] != "input":
                continue
            element = block["element"]
            filled = view.filled[block["block_id"]][element["action_id"]]
            value = filled[STATEFUL[element["type"]]]
            short = isinstance(value, str) and len(value) < element.get("min_length", 0)
            if short or (value in (None, "", []) and not block.get("optional")):
                found.append(block["label"]["text"])
        return found

    def _submitted(self, view: View, outcome: Outcome) -> None:
        """Do with the modal what the answer says."""
        stack = self._fake.stacks[self.id]
        if not outcome.body.strip():
            view.open = False
            if view in stack:
                stack.remove(view)
            return
        said = outcome.json
        wrong = ["no JSON object"] if said is None else schemas.problems("ViewAnswer", said)
        if said and said.get("response_action") == "errors" and not wrong:
            inputs = {b["block_id"] for b in view.blocks if b["type"] == "input"}
            wrong = [f"no input block {b!r}" for b in said["errors"] if b not in inputs]
            wrong += ["no error said"] if not said["errors"] else []
        if said and "view" in said and not wrong:
            found = limits.view(said["view"])
            self._fake.violations += [f"answer to the modal: {s}" for s in found.sentences()]
            wrong = found.refused
            if said["response_action"] == "push" and len(stack) >= 3:
                wrong = ["a fourth modal on the stack"]
        if wrong or said is None:
            outcome.failure = f"Slack refuses the answer: {wrong}"
            self._fake.failures.append(f"view_submission: {outcome.failure}")
            self._fake.violations += [f"answer to the modal: {sentence}" for sentence in wrong]
            return
        action = said["response_action"]
        if action == "errors":
            view.errors = said["errors"]
        elif action == "update":
            self._fake.fill_view(view, said["view"])
        elif action == "push":
            self._fake.push_view(self.user, said["view"])
        else:
            self._clear()

    def _clear(self) -> None:
        for view in self._fake.stacks[self.id]:
            view.open = False
        self._fake.stacks[self.id] = []

    async def close(self, view: View | None = None, *, everything: bool = False) -> Outcome | None:
        """Close a modal, or all of them; the program hears of it only if it asked to."""
        shown = view or self.view
        self._look(shown)
        cleared = everything or bool(shown.payload.get("clear_on_close"))
        body = payloads.view_closed(self._made(view=shown), shown, cleared=cleared)
        if cleared:
            self._clear()
        else:
            shown.open = False
            self._fake.stacks[self.id].remove(shown)
        if not shown.payload.get("notify_on_close"):
            return None
        return await self._interact(body)

    # ---- underneath

    def _made(self, ts: str | None = None, view: View | None = None) -> Made:
        trigger = self._fake.trigger(self.user, view)
        stamp = ts or self._fake.stamp()
        return Made(self._fake.app_id, self.workspace, self.user, stamp, trigger.id)

    def _be_in(self, channel: Channel) -> None:
        if self.id not in channel.members:
            raise RefusedError(f"{self.user.name} is not in {channel.name}")

    def _look(self, where: Surface) -> None:
        """A person can only use what is in front of them."""
        if isinstance(where, View):
            mine = where.user.id == self.id
            front = where.type == "home" or where in self._fake.stacks[self.id][-1:]
            if not (mine and where.open and front):
                raise RefusedError(f"{where} is not in front of {self.user.name}")
        elif isinstance(where, Message) and where not in self.sees(where.channel):
            raise RefusedError(f"{self.user.name} does not see {where}")

    def _element(self, where: Surface, block_id: str, action_id: str | None) -> tuple[Json, Json]:
        block = where.block(block_id)
        fitting = [
            element
            for element in elements_of(block)
            if action_id in (None, element["action_id"])
            and (element["type"] in STATEFUL or element["type"] == "overflow")
        ]
        if len(fitting) != 1:
            raise RefusedError(f"{len(fitting)} fields in block {block_id!r} fit {action_id!r}")
        return block, fitting[0]

    async def _act(self, where: Surface, action: Json) -> Outcome:
        if isinstance(where, View):
            made = self._made(view=where)
            return await self._interact(payloads.action_in_view(made, action, where))
        assert isinstance(where, Message)
        address = self._fake.response_url(self.user, where.channel, where)
        made = self._made()
        return await self._interact(payloads.action_in_message(made, action, where, address))

    async def _interact(self, body: Json) -> Outcome:
        outcome = await self._fake.deliver(Delivery.of("interaction", body))
        if outcome.ok and outcome.body.strip() and body["type"] != "view_submission":
            self._fake.violate(f"answer to {body['type']}: Slack ignores {outcome.body[:80]!r}")
        return outcome
