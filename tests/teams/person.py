"""A person in front of Teams: what they start, and (in `hands`) what they do with what they see."""

from __future__ import annotations

from dataclasses import replace

from tests.teams import payloads
from tests.teams.delivery import Outcome
from tests.teams.hands import Hands
from tests.teams.state import Chat, Json, Message, RefusedError


class Person(Hands):
    async def install(self, chat: Chat | None = None, *, action: str = "add") -> list[Outcome]:
        """Add the app for themselves, or to a chat that they are in; two activities come of it."""
        at = chat or self.chat
        at.bot, at.blocked = True, False
        there = [self._fake.bot, self.user.account] if at is self.chat else [self._fake.bot]
        told = [payloads.installation(self._made(at), action)]
        if action == "add":
            told.append(payloads.members(self._made(at), "membersAdded", there))
        return [await self._fake.deliver(activity) for activity in told]

    async def uninstall(self, chat: Chat | None = None) -> list[Outcome]:
        at = chat or self.chat
        for one in self._fake.chats.values():
            if one is at or (at.team and one.team == at.team):
                one.bot = False
        # Of a team it is told under the id of the team.
        made = self._made(replace(at, id=at.team) if at.team else at)
        told = [payloads.installation(made, "remove")]
        if at is not self.chat:
            told.append(payloads.members(made, "membersRemoved", [self._fake.bot]))
        return [await self._fake.deliver(activity) for activity in told]

    async def delete_channel(self, chat: Chat) -> Outcome:
        """Delete a channel; that is told under the id of its team."""
        del self._fake.chats[chat.id]
        return await self._fake.deliver(payloads.channel_deleted(self._made(chat)))

    def block(self) -> None:
        """Block the bot; it is not told."""
        self.chat.blocked = True

    async def join(self, chat: Chat) -> Outcome:
        """Come into a group chat or a team with the bot in it."""
        chat.members[self.id] = self.user
        return await self._fake.deliver(
            payloads.members(self._made(chat), "membersAdded", [self.user.account])
        )

    async def message(self, text: str) -> Outcome:
        """Write to the bot in their own conversation."""
        self._be_in(self.chat)
        activity = payloads.message(self._made(self.chat), text)
        self._put(self.chat, activity, text)
        return await self._fake.deliver(activity)

    async def edit(self, message: Message, text: str) -> Outcome:
        """Change what they wrote to the bot."""
        if message.chat is not self.chat or message.sender != self.id:
            raise RefusedError(f"{message.id} is no message of {self.user.name}")
        message.store({"type": "message", "text": text})
        return await self._fake.deliver(
            payloads.edited(self._made(self.chat, "", message.id), text)
        )

    async def mention(self, chat: Chat, text: str, thread: Message | None = None) -> Outcome:
        """Name the bot for everyone there to see; in a channel as a post, or in a thread."""
        self._be_in(chat)
        new = self._fake.new_id()
        root = self._thread(chat, thread, new)
        activity = payloads.mention(self._made(chat, root, new), text)
        self._put(chat, activity, f"{self._fake.bot['name']} {text}", root)
        return await self._fake.deliver(activity)

    def say(self, chat: Chat, text: str, thread: Message | None = None) -> Message:
        """Write in a group chat or a channel without naming the bot: it is not told."""
        new = self._fake.new_id()
        root = self._thread(chat, thread, new)
        activity = payloads.message(self._made(chat, root, new), text)
        return self._put(chat, activity, text, root)

    async def extension(
        self,
        command: str,
        context: str = "compose",
        *,
        html: str | None = None,
        at: Chat | None = None,
    ) -> Outcome:
        """Start a command of the message extension in any chat, with or without the bot in it.

        With `context="message"` it is started on a message, whose body is `html`.
        """
        chat = at or self.chat
        if self.id not in chat.members:
            raise RefusedError(f"{self.user.name} is not in {chat.name}")
        if (html is not None) != (context == "message"):
            raise RefusedError("a command is started on a message, or in the compose box")
        written = None if html is None else payloads.message_payload(self._made(chat), html)
        value = payloads.extension_value(command, context, self._fake.new_id(), written)
        return await self._fetch(chat, "composeExtension/fetchTask", value)

    # ---- underneath

    def _thread(self, chat: Chat, thread: Message | None, new: str) -> str:
        if chat.kind != "channel":
            return ""
        return thread.thread if thread else new

    def _put(self, chat: Chat, activity: Json, text: str, thread: str = "") -> Message:
        kept = {"type": "message", "text": text}
        return self._fake.put(chat, self.id, kept, thread=thread, made_id=activity["id"])

    def _be_in(self, chat: Chat) -> None:
        if self.id not in chat.members or not chat.bot:
            raise RefusedError(f"{self.user.name} or the bot is not in {chat.name}")


__all__ = ["Person", "RefusedError"]
