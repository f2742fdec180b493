"""What does a person do in a client of Teams? Its verbs are listed in tests/playground.py."""

from __future__ import annotations

import json
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Locator, Page, Response, WebSocket, expect
from playwright.sync_api import TimeoutError as TooLateError

from bot.guidance.words import Lang

PICTURES: Final = Path(__file__).parent / ".pictures"
SECONDS: Final = 30
"""After which something that does not come fails the test."""
FEW: Final = 8
"""Cards in a chat that is not yet long."""
EDIT: Final = 3
"""Seconds that the edit of a card is waited for."""
TENANT: Final = "11111111-1111-4111-8111-111111111111"
BOT: Final = {"id": "28:22222222-2222-4222-8222-222222222222", "name": "Cairn"}
PEOPLE: Final = [
    {
        "id": f"29:{name}",
        "name": name.capitalize(),
        "aadObjectId": f"33333333-3333-4333-8333-33333333333{number}",
    }
    for number, name in enumerate(("alice", "bob", "third", "fourth", "fifth", "sixth"), 1)
]
"""Alice, whose Teams is English, bob, whose Teams is French, and as many as must be there."""

_NEXT_FRAMES: Final = """() => new Promise(
  (done) => requestAnimationFrame(() => requestAnimationFrame(done)))"""

_FORGOTTEN: Final = "() => new Promise((done) => setTimeout(done, 300))"
"""Waits for what the Playground has begun: 300 ms after each message that comes to stand in a chat,
it forgets what a dialog of the message extension was answered, and leaves that one empty. A timer
of the same length that is set later fires later.
"""


@dataclass
class Teams:
    """A client of Teams, open at one of its chats."""

    page: Page
    port: int
    personal_chat: str
    edits: bool
    """Whether the bot edits a card once more after the answer to a press, as Cairn does."""
    lang: Lang = "en"
    """The language of the client; in French it is bob's."""
    _is_personal: bool = field(init=False, default=True)
    """Whether the personal chat is the one that is open."""
    _stream: WebSocket = field(init=False)
    """By which the Playground tells the client what the bot sends."""
    edited: int = field(init=False, default=0)
    """How many edits have come by it."""

    def reload(self) -> None:
        """Open the client anew, at an empty personal chat; the app is installed once more."""
        with (
            self.page.expect_websocket(lambda one: "_ws_conversation" in one.url) as stream,
            self.page.expect_response(re.compile(r"/installation$")),
        ):
            self.page.goto(f"http://127.0.0.1:{self.port}/")
        self._is_personal = True
        self._stream = stream.value
        self._stream.on("framereceived", self._count)
        self.page.get_by_role("button", name="Hide log panel").click()

    def _count(self, frame: str | bytes) -> None:
        self.edited += _is_edit(frame)

    # ---- chats

    def home(self) -> None:
        """Go back to the personal chat, from wherever a test has ended.

        The Playground draws the whole of a chat at each step, so a long one is opened anew.
        """
        if not self._is_personal:
            self.open_personal_chat()
        if self.dialog().count() or self.page.locator(".ac-adaptiveCard").count() > FEW:
            self.reload()
            self.card().wait_for()

    def open_personal_chat(self) -> None:
        self._open("Personal Chat")
        self._is_personal = True
        expect(self._post_button).to_have_count(0)

    def open_group_chat(self) -> None:
        """Open the group chat; at the first time the app is installed there."""
        self._open("Group Chat")
        expect(self._post_button).to_have_count(0)

    def open_channel(self) -> None:
        """Open the channel General; at the first time the app is installed in its team."""
        self._open("General")
        self._post_button.wait_for()

    def _open(self, name: str) -> None:
        self.page.get_by_role("treeitem", name=name).click()
        self._is_personal = False

    @property
    def _post_button(self) -> Locator:
        return self.page.get_by_role("button", name="Post", exact=True)

    @property
    def _messages(self) -> Locator:
        """One button of each message that is shown, whoever wrote it."""
        return self.page.get_by_role("button", name="Show more information")

    @property
    def _editors(self) -> Locator:
        return self.page.locator("div[data-lexical-editor=true]")

    # ---- writing

    def type(self, text: str) -> None:
        """Send a message; in a channel, as a new post."""
        self._write(self._editors.first, text)

    def mention(self, text: str) -> None:
        """Send a message that begins with @Cairn; in a channel, as a new post."""
        self._write(self._editors.first, text, mention=True)

    def reply(self, text: str) -> None:
        """Answer in the thread of the newest post, with @Cairn."""
        self._write(self._editors.nth(1), text, mention=True)

    def ask(self, text: str) -> None:
        """Send a message and wait until there is a new one of the bot's."""
        before = self._messages.count()
        self.type(text)
        self._messages.nth(before + 1).wait_for()

    def send(self, **changes: object) -> None:
        """Send a message to the bot, some of its fields changed; the chat does not show it."""
        activity = {
            "type": "message",
            "id": secrets.token_hex(8),
            "timestamp": datetime.now(UTC).isoformat(),
            "channelId": "msteams",
            "serviceUrl": f"http://localhost:{self.port}/_connector",
            "from": PEOPLE[0],
            "recipient": BOT,
            "conversation": {
                "id": self.personal_chat,
                "conversationType": "personal",
                "tenantId": TENANT,
            },
            "channelData": {"tenant": {"id": TENANT}},
            "locale": "en-US",
            **changes,
        }
        address = f"http://127.0.0.1:{self.port}/_internal/v1/customActivities"
        assert self.page.request.post(address, data=activity).ok

    def draft(self) -> str:
        """What stands in the compose box of the chat, a card that was put there included."""
        return self._editors.first.inner_text().strip()

    def _write(self, editor: Locator, text: str, *, mention: bool = False) -> None:
        before = self._messages.count()
        editor.click()
        if mention:
            self.page.keyboard.type(f"@{BOT['name']}")
            people = self.page.get_by_role("listbox", name="Typeahead menu")
            people.get_by_role("menuitem", name=BOT["name"]).click()
            expect(editor.locator(".mention")).to_have_text(BOT["name"])
            text = f" {text}"
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Enter")
        self._messages.nth(before).wait_for()

    # ---- reading

    def card(self) -> Locator:
        """The newest card; while a dialog is open, the card in it."""
        dialog = self.dialog()
        place = dialog if dialog.count() else self._place()
        return place.locator(".ac-adaptiveCard").last

    def message(self) -> Locator:
        """The newest message of the bot; in a channel, the newest post with its thread."""
        return self._place() if self._post_button.count() else self._said.last

    @property
    def _said(self) -> Locator:
        return self.page.locator(".fai-OutputCard")

    def _place(self) -> Locator:
        """Where the newest message stands: chats grow downwards, channels upwards."""
        if self._post_button.count():
            return self.page.get_by_role("group").filter(has=self._messages).first
        return self.page.locator("#root")

    def sees(self, text: str) -> None:
        """Wait until the newest card has this text."""
        expect(self.card()).to_contain_text(text)

    def hears(self, text: str) -> None:
        """Wait until the newest message has this text."""
        expect(self.message()).to_contain_text(text)

    def text(self) -> str:
        return self.card().inner_text()

    def aria(self) -> str:
        return self.card().aria_snapshot()

    def picture(self, name: str) -> None:
        """Keep the newest message, or the dialog, for whoever wants to look."""
        PICTURES.mkdir(exist_ok=True)
        shown = self.dialog() if self.dialog().count() else self.message()
        shown.screenshot(path=PICTURES / f"playground-{name}.png")

    def log(self) -> str:
        hide = self.page.get_by_role("button", name="Hide log panel")
        if not hide.count():
            self.page.get_by_role("button", name="Toggle Log Panel").click()
            hide.wait_for()
        told = self.page.locator("#root").inner_text().partition("Log Panel")[2]
        hide.click()
        return told

    # ---- the card

    def pick(self, label: str, *, on: Locator | None = None) -> None:
        """Pick a choice; `on` is the card, if it is not the newest."""
        (on or self.card()).get_by_role("radio", name=_all_of(label)).check()

    def tick(self, *labels: str) -> None:
        for label in labels:
            self.card().get_by_role("checkbox", name=_end_of(label)).check()

    def untick(self, *labels: str) -> None:
        for label in labels:
            self.card().get_by_role("checkbox", name=_end_of(label)).uncheck()

    def fill(self, label: str, text: str) -> None:
        self.card().get_by_role("textbox", name=_all_of(label)).fill(text)

    def press(self, button: str, *, on: Locator | None = None) -> None:
        """Press a button of the card and wait until what the bot answers is shown."""
        awaits_edit, before = self.edits and not self.dialog().count(), self.edited
        with self.page.expect_response(_is_answer) as answer:
            self.click(button, on=on)
        answer.value.finished()
        if awaits_edit and self.edited == before:
            # An edit empties the inputs, so nothing may be picked before it has come. Cairn leaves
            # it out when a chat is busy.
            with suppress(TooLateError):
                self._stream.wait_for_event("framereceived", _is_edit, timeout=EDIT * 1000)
        self.page.evaluate(_NEXT_FRAMES)

    def click(self, button: str, *, on: Locator | None = None) -> None:
        """Press a button of the card, also one behind "More options"."""
        card, name = on or self.card(), _all_of(button)
        shown = card.get_by_role("button", name=name)
        if shown.count():
            shown.click()
            return
        menu = self.page.get_by_role("menu", name="More options")
        for more in card.get_by_role("button", name="More options").all():
            more.click()
            menu.wait_for()
            if menu.get_by_role("menuitem", name=name).count():
                menu.get_by_role("menuitem", name=name).click()
                return
            self.page.keyboard.press("Escape")
            menu.wait_for(state="hidden")
        pytest.fail(f"no button {button!r} in: {card.aria_snapshot()}")

    def follow(self, link: str) -> str:
        """Press a button that opens an address, and return that; no machine answers there."""
        button = self.card().get_by_role("link", name=_all_of(link))
        with (
            self.page.context.expect_event("request") as asked,
            self.page.expect_popup() as opened,
        ):
            button.click()
        opened.value.close()
        return asked.value.url

    # ---- the message extension

    def extension(self, command: str) -> None:
        """Start the message extension from the compose box and wait for its dialog."""
        self.page.get_by_role("button", name="Trigger Message Extension App").first.click()
        self._start(command)

    def extension_on(self, text: str, command: str) -> None:
        """Start the message extension on the newest message with exactly this text."""
        words = self.page.get_by_text(text, exact=True)
        message = self.page.locator("div").filter(has=self._messages).filter(has=words).last
        message.locator(self._messages).click()
        self._start(command)

    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def close(self) -> None:
        self.dialog().get_by_role("button", name="Close").click()
        expect(self.dialog()).to_have_count(0)

    def _start(self, command: str) -> None:
        self.page.get_by_role("menuitem", name="Action Command").click()
        self.dialog().get_by_role("textbox", name="Command ID").fill(command)
        self.page.evaluate(_FORGOTTEN)
        with self.page.expect_response(_is_answer) as answer:
            self.dialog().get_by_role("button", name="Create").click()
        answer.value.finished()
        expect(self.dialog().get_by_role("button", name="Create")).to_have_count(0)


def _is_answer(response: Response) -> bool:
    return response.request.method == "POST" and "/_conversation/v1/" in response.url


def _is_edit(frame: str | bytes) -> bool:
    return json.loads(frame)["action"] == "updateMessage"


def _all_of(label: str) -> re.Pattern[str]:
    """A name, whatever white space is in it: French has several kinds."""
    return re.compile(rf"^\s*{_spaced(label)}\s*$")


def _end_of(label: str) -> re.Pattern[str]:
    """The name of a check box, which has the question's before its own."""
    return re.compile(rf"(^|\s){_spaced(label)}\s*$")


def _spaced(label: str) -> str:
    # Playwright writes a pattern between slashes, and leaves those within as they are.
    return r"\s+".join(map(re.escape, label.split())).replace("/", r"\/")
