"""A person in front of Slack: what they start, and (in `hands`) what they do with what they see."""

from __future__ import annotations

from tests.slack import payloads
from tests.slack.api import ApiError
from tests.slack.delivery import Delivery, Outcome
from tests.slack.hands import Hands, RefusedError
from tests.slack.state import Channel, Message, ResponseUrl


class Person(Hands):
    # ---- what starts something

    async def slash(
        self, command: str = "/cairn", text: str = "", channel: Channel | None = None
    ) -> Outcome:
        at = channel or self.dm
        self._be_in(at)
        address = self._fake.response_url(self.user, at)
        body = payloads.slash(self._made(), command, payloads.typed(text, links=False), at, address)
        outcome = await self._fake.deliver(Delivery.of("command", body))
        if outcome.ok and outcome.body.strip():
            self._command_answered(
                outcome, at, self._fake.response_urls[address.rpartition("/")[2]]
            )
        return outcome

    def _command_answered(self, outcome: Outcome, at: Channel, url: ResponseUrl) -> None:
        said = outcome.json
        if said is None:
            said = {"text": outcome.body}
        try:
            self._fake.take_response(url, said, "answer to the command")
        except ApiError as error:
            outcome.failure = f"Slack refuses the answer: {error.answer}"
            self._fake.failures.append(f"command: {outcome.failure}")

    async def shortcut(self, callback_id: str, message: Message | None = None) -> Outcome:
        """A global shortcut, or, with a message, the one in the menu of that message."""
        made = self._made()
        if message is None:
            body = payloads.global_shortcut(made, callback_id)
        else:
            self._be_in(message.channel)
            address = self._fake.response_url(self.user, message.channel)
            body = payloads.message_shortcut(made, callback_id, message, address)
        return await self._interact(body)

    async def open_home(self) -> Outcome:
        return await self._opened("home")

    async def open_messages_tab(self) -> Outcome:
        return await self._opened("messages")

    async def _opened(self, tab: str) -> Outcome:
        home = self.workspace.homes.get(self.id)
        event = payloads.home_opened(self._made(), self.dm, tab, home)
        return await self._fake.event(self.workspace, self.user, event)

    async def message(
        self, text: str, thread_ts: str | None = None, files: list[str] | None = None
    ) -> Outcome:
        """Write to the bot in their own conversation; `files` are names."""
        message = self.say(self.dm, text, thread_ts)
        made = self._made(message.ts)
        numbers = self._fake.numbers
        message.files = [payloads.file(made, name, next(numbers)) for name in files or []]
        event = payloads.direct_message(made, message)
        return await self._fake.event(self.workspace, self.user, event, self.dm)

    async def mention(self, channel: Channel, text: str, thread_ts: str | None = None) -> Outcome:
        """Name the bot in a channel, for everyone there to see."""
        bot = self.workspace.bot.id
        message = self._write(channel, f"<@{bot}> {payloads.typed(text)}", thread_ts)
        event = payloads.app_mention(self._made(message.ts), message)
        return await self._fake.event(self.workspace, self.user, event, channel)

    def say(self, channel: Channel, text: str, thread_ts: str | None = None) -> Message:
        """Write in a channel; the program is not told."""
        return self._write(channel, payloads.typed(text), thread_ts)

    def _write(self, channel: Channel, text: str, thread_ts: str | None) -> Message:
        self._be_in(channel)
        return self._fake.put(channel, self.user, text, thread_ts=thread_ts)

    async def edit(self, ts: str, text: str) -> Outcome:
        """Change a message of theirs in the conversation with the bot."""
        message = self._mine(ts)
        made = self._made(ts)
        before = payloads.direct_message(made, message)
        message.text, message.edited = payloads.typed(text), message.edited + 1
        event = payloads.message_changed(made, message, before, self._fake.stamp())
        return await self._fake.event(self.workspace, self.user, event, self.dm)

    async def delete(self, ts: str) -> Outcome:
        message = self._mine(ts)
        before = payloads.direct_message(self._made(ts), message)
        self._fake.remove(message)
        event = payloads.message_deleted(message, before, self._fake.stamp())
        return await self._fake.event(self.workspace, self.user, event, self.dm)

    def _mine(self, ts: str) -> Message:
        message = self.dm.messages.get(ts)
        if message is None or message.user != self.id:
            raise RefusedError(f"{ts} is no message of {self.user.name}")
        return message


__all__ = ["Person", "RefusedError"]
