"""What a person sees of Teams, and what they do with it: pick, type, press, close."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.teams import cards, payloads, screen
from tests.teams.delivery import Outcome
from tests.teams.state import CARD, Chat, Json, Message, RefusedError, Shown, User, inputs_of

if TYPE_CHECKING:
    from tests.teams.fake import FakeTeams

_WORDS = "application/vnd.microsoft.activity.message"
_DIALOG_KEYS = {"title", "height", "width", "card"}
_SIZES = ("small", "medium", "large")
_VALUED = ("Input.Text", "Input.Number", "Input.Date", "Input.Time")


class Hands:
    def __init__(self, fake: FakeTeams, user: User) -> None:
        self._fake = fake
        self.user = user
        self.dialog: Shown | None = None
        """What stands before everything else, until it is closed."""
        self.opened: list[str] = []
        """The links that they followed."""
        self.told: list[str] = []
        """What Teams showed for a moment: the words of an answer that was no card."""

    @property
    def id(self) -> str:
        return self.user.id

    # ---- what they see

    @property
    def chat(self) -> Chat:
        """Their conversation with the bot."""
        return self._fake.personal(self.user)

    def sees(self, chat: Chat | None = None) -> list[Shown]:
        """The messages of a chat (or of the conversation with the bot) as they see them now."""
        return [m.seen_by(self.user) for m in (chat or self.chat).all.values() if self._sees(m)]

    def _sees(self, message: Message) -> bool:
        mine = message.only_for in (None, self.id)
        return mine and not message.deleted and self.id in message.chat.members

    @property
    def cards(self) -> list[Shown]:
        """The cards in the conversation with the bot, newest last."""
        return [shown for shown in self.sees() if shown.content is not None]

    @property
    def card(self) -> Shown:
        """The newest of them."""
        if not self.cards:
            raise RefusedError(f"{self.user.name} has no card")
        return self.cards[-1]

    @property
    def whispers(self) -> list[Shown]:
        """What only they see, in any chat."""
        found = [shown for chat in self._fake.chats.values() for shown in self.sees(chat)]
        return [shown for shown in found if shown.message and shown.message.only_for]

    def reload(self) -> None:
        """Start Teams again: cards are as they are stored, and no dialog is open."""
        self.close()
        for chat in self._fake.chats.values():
            for shown in self.sees(chat):
                if shown.message is not None:
                    shown.show(shown.message.content, shown.message.text)

    def close(self) -> None:
        """Close the dialog; the program does not hear of it."""
        if self.dialog is not None:
            self.dialog.open = False
        self.dialog = None

    # ---- what they do with what they see

    async def pick(self, where: Shown | Message, name: str, *choices: str) -> None:
        """Choose by value or by title in the field with that id or label; none clears it."""
        shown, field = self._field(where, name, "Input.ChoiceSet")
        if len(choices) > 1 and not field.get("isMultiSelect"):
            raise RefusedError(f"one choice can be picked in {name!r}, not {len(choices)}")
        offered = {choice["title"]: choice["value"] for choice in field["choices"]}
        values = [offered.get(choice, choice) for choice in choices]
        if set(values) - set(offered.values()):
            raise RefusedError(f"no such choice as {choices} in {name!r}; there are {offered}")
        inside = [value for value in offered.values() if value in values]
        shown.filled[field["id"]] = ",".join(inside)

    async def toggle(self, where: Shown | Message, name: str, *, on: bool = True) -> None:
        shown, field = self._field(where, name, "Input.Toggle")
        value = field.get("valueOn", "true") if on else field.get("valueOff", "false")
        shown.filled[field["id"]] = value

    async def type(self, where: Shown | Message, name: str, text: str) -> None:
        """Write in the field with that id or label, in place of what is in it."""
        shown, field = self._field(where, name, *_VALUED)
        if len(text) > field.get("maxLength", len(text)):
            raise RefusedError(f"the field takes {field['maxLength']} characters")
        shown.filled[field["id"]] = text

    async def press(
        self,
        where: Shown | Message,
        label: str,
        *,
        nth: int | None = None,
        old_client: bool = False,
    ) -> Outcome | None:
        """Press by title, verb, id, or by `do` in its data; `nth` (from 0) where several fit.

        `old_client`: one that knows no Action.Execute, and sends empty fields as empty texts.
        """
        shown = self._look(where)
        content = shown.content or {}
        fitting = [
            action
            for action in screen.actions(content)
            if label in (action.get("title"), action.get("verb"), action.get("id"))
            or label == (action.get("data") or {}).get("do")
        ]
        if nth is None and len({str(action) for action in fitting}) == 1:
            nth = 0
        if nth is None or nth >= len(fitting):
            there = [action.get("title") for action in screen.actions(content)]
            raise RefusedError(f"{len(fitting)} buttons fit {label!r}: {there}")
        action = fitting[nth]
        if not action.get("isEnabled", True):
            raise RefusedError(f"{label!r} cannot be pressed")
        if action["type"] == "Action.OpenUrl":
            self.opened.append(action["url"])
            return None
        if old_client and action["type"] == "Action.Execute":
            action = action["fallback"]
        data = {**action.get("data", {}), **self._values(shown, action, empty=old_client)}
        if action["type"] == "Action.Execute":
            return await self._execute(shown, action, data)
        return await self._submit(shown, data)

    def _values(self, shown: Shown, action: Json, *, empty: bool) -> Json:
        """What is filled in; what the client itself would not let pass is refused."""
        if action.get("associatedInputs") == "none":
            return {}
        found = {}
        for field in inputs_of(shown.content or {}):
            value = shown.filled.get(field["id"], "")
            missing = not value
            if field["type"] == "Input.Toggle":
                missing = value != field.get("valueOn", "true")
            if missing and field.get("isRequired") and field.get("isVisible", True):
                raise RefusedError(f"please complete: {field.get('label') or field['id']}")
            if value or empty:
                found[field["id"]] = value
        return found

    # ---- Action.Execute

    async def _execute(self, shown: Shown, action: Json, data: Json) -> Outcome:
        value = payloads.execute_value(action, data)
        outcome = await self._invoke(shown.chat, "adaptiveCard/action", value, shown.message)
        if outcome.ok:
            self._card_answered(shown, outcome)
        return outcome

    def _card_answered(self, shown: Shown, outcome: Outcome) -> None:
        """Show what the answer says, to this person alone."""
        said = outcome.json or {}
        if set(said) != {"statusCode", "type", "value"}:
            self._refuse(outcome, "no statusCode, type and value")
        elif said["statusCode"] != 200:
            self._refuse(outcome, f"statusCode {said['statusCode']}")
        elif said["type"] == _WORDS and said["value"] and isinstance(said["value"], str):
            self.told.append(said["value"])
        elif said["type"] == CARD and isinstance(said["value"], dict):
            found = cards.card(said["value"], dialog=False)
            if self._judge(outcome, found):
                shown.show(said["value"])
        else:
            self._refuse(outcome, f"an answer of type {said['type']!r}, or an empty one")

    # ---- Action.Submit, and dialogs

    async def _submit(self, shown: Shown, data: Json) -> Outcome:
        if shown.message is None:
            return await self._submit_dialog(shown, data)
        if data.get("msteams") == {"type": "task/fetch"}:
            value = payloads.task_value(data)
            return await self._fetch(shown.chat, "task/fetch", value, shown.message)
        made = self._made(shown.chat, thread=shown.message.thread)
        return await self._fake.deliver(payloads.submit(made, data, shown.message))

    async def _submit_dialog(self, shown: Shown, data: Json) -> Outcome:
        if shown.opened_by is None:
            name, value = "task/submit", payloads.task_value(data)
        else:
            name, value = "composeExtension/submitAction", {**shown.opened_by, "data": data}
        outcome = await self._invoke(shown.chat, name, value)
        if outcome.ok and not outcome.body.strip(" \n{}"):
            self.close()
        elif outcome.ok:
            self._dialog_answered(shown, outcome)
        return outcome

    async def _fetch(
        self, chat: Chat, name: str, value: Json, pressed: Message | None = None
    ) -> Outcome:
        outcome = await self._invoke(chat, name, value, pressed)
        if outcome.ok:
            dialog = Shown(self.user, chat)
            dialog.opened_by = value if name.startswith("composeExtension") else None
            self._dialog_answered(dialog, outcome)
        return outcome

    def _dialog_answered(self, dialog: Shown, outcome: Outcome) -> None:
        said = outcome.json or {}
        task = said.get("task")
        if "composeExtension" in said and dialog.opened_by is not None:
            self._fake.inserted.append(said["composeExtension"])
            self.close()
        elif not isinstance(task, dict) or set(task) != {"type", "value"}:
            self._refuse(outcome, "no task with type and value")
        elif task["type"] == "message" and isinstance(task["value"], str):
            self.told.append(task["value"])
            self.close()
        elif task["type"] == "continue" and isinstance(task["value"], dict):
            self._continue(dialog, task["value"], outcome)
        else:
            self._refuse(outcome, f"a task of type {task['type']!r}")

    def _continue(self, dialog: Shown, value: Json, outcome: Outcome) -> None:
        found = cards.envelope(value.get("card"), dialog=True)
        if set(value) != _DIALOG_KEYS or not isinstance(value.get("title"), str):
            found.broken.append(f"a dialog with {sorted(value)}, not {sorted(_DIALOG_KEYS)}")
        elif not value["title"].strip():
            found.wrong.append("a dialog without a title")
        for side in ("height", "width"):
            if not isinstance(value.get(side), int) and value.get(side) not in _SIZES:
                found.broken.append(f"the {side} of a dialog is {value.get(side)!r}")
        if self._judge(outcome, found):
            dialog.title = value["title"]
            dialog.show(value["card"]["content"])
            self.dialog = dialog

    # ---- underneath

    def _judge(self, outcome: Outcome, found: cards.Finding) -> bool:
        """Note what is wrong with an answer; whether Teams can show it."""
        found.wrong += cards.too_large(outcome.json)
        name = outcome.activity["name"]
        self._fake.violations += [f"answer to {name}: {s}" for s in found.sentences]
        if found.broken:
            self._refuse(outcome, "; ".join(found.broken))
        return not found.broken

    def _refuse(self, outcome: Outcome, why: str) -> None:
        outcome.failure = f"Teams cannot use the answer: {why}"
        self._fake.failures.append(f"{outcome.activity['name']}: {outcome.failure}")

    def _made(self, chat: Chat, thread: str = "", made_id: str = "") -> payloads.Made:
        fake = self._fake
        return payloads.Made(
            made_id or fake.new_id(), fake.clock.now(), fake.service_url, fake.bot, self.user, chat,
            thread,
        )  # fmt: skip

    async def _invoke(
        self, chat: Chat, name: str, value: Json, pressed: Message | None = None
    ) -> Outcome:
        made = self._made(chat, pressed.thread if pressed else "", f"f:{self._fake.new_id()}")
        return await self._fake.deliver(payloads.invoke(made, name, value, pressed))

    def _look(self, where: Shown | Message) -> Shown:
        """A person can only use what is in front of them."""
        shown = where.seen_by(self.user) if isinstance(where, Message) else where
        message = shown.message
        there = self._sees(message) if message else shown is self.dialog
        behind = self.dialog is not None and shown is not self.dialog
        if shown.user is not self.user or not there or behind:
            raise RefusedError(f"{shown} is not in front of {self.user.name}")
        return shown

    def _field(self, where: Shown | Message, name: str, *kinds: str) -> tuple[Shown, Json]:
        shown = self._look(where)
        fields = screen.inputs(shown)
        for field in fields:
            if name in (field["id"], field.get("label")) and field["type"] in kinds:
                return shown, field
        there = [(field["id"], field.get("label")) for field in fields]
        raise RefusedError(f"no {kinds} {name!r}; there are {there}")
