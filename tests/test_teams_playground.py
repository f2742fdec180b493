"""Does the driver of the Agents Playground do what a person does? Shown with a bot of few words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Semaphore, Thread, Timer
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from tests.playground import NEEDS, chromium, playground
from tests.teams_client import BOT, PEOPLE, SECONDS, TENANT, Teams

pytestmark = [*NEEDS, pytest.mark.long]

Json = dict[str, Any]


@pytest.fixture(scope="module")
def only_bot() -> Iterator[Bot]:
    with tiny_bot() as bot:
        yield bot


@pytest.fixture(scope="module")
def only_client(only_bot: Bot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Teams]:
    folder = tmp_path_factory.mktemp("teams")
    with chromium() as browser, playground(browser, only_bot.endpoint, folder) as teams:
        teams.card().wait_for()
        yield teams
    assert _listening(teams.port) == []


@pytest.fixture
def bot(only_bot: Bot) -> Bot:
    only_bot.got.clear()
    only_bot.broken = only_bot.edits = False
    return only_bot


@pytest.fixture
def teams(only_client: Teams, bot: Bot) -> Teams:
    """The client with a card of one's own; to open it anew each time would take far longer."""
    only_client.lang, only_client.edits = "en", False
    only_client.home()
    only_client.ask("a card, please")
    only_client.sees("Asked: a card, please")
    bot.got.clear()
    return only_client


def test_the_playground_listens_to_this_machine_alone(only_client: Teams):
    assert _listening(only_client.port) == ["0100007F"]


def test_a_person_fills_in_a_card_and_its_answer_takes_its_place(teams: Teams, bot: Bot):
    before = teams.page.locator(".ac-adaptiveCard").count()
    teams.pick("A media query")
    teams.tick("Red", "Green", "Blue")
    teams.untick("Green")
    teams.fill("Say more", "l’été\n« oui »")
    teams.press("Next (1/2)")
    inputs = {"one": "a", "many": "r,b", "text": "l’été\n« oui »"}
    assert bot.of("invoke")[-1]["value"]["action"]["data"] == {"step": 0, **inputs}
    assert teams.text().startswith("Step 1")
    assert 'heading "Step 1"' in teams.aria()
    expect(teams.message()).to_contain_text("Your response was sent to the app")
    expect(teams.page.locator(".ac-adaptiveCard")).to_have_count(before)
    teams.picture("driver-card")


def test_a_press_without_a_required_choice_sends_nothing_and_one_behind_more_options_does(
    teams: Teams, bot: Bot
):
    teams.click("Next (1/2)")
    teams.sees("Choose one.")
    teams.press("Last of all")
    assert [one["value"]["action"]["data"] for one in bot.of("invoke")] == [{"step": 7}]
    with pytest.raises(pytest.fail.Exception, match="no button 'Nothing'"):
        teams.click("Nothing")


def test_what_is_picked_after_a_press_is_not_lost_to_the_edit_that_follows_it(
    teams: Teams, bot: Bot
):
    bot.edits = teams.edits = True
    teams.press("Last of all")
    teams.pick("Something else")
    assert bot.edited.acquire(timeout=SECONDS)
    teams.press("Next (1/2)")
    assert bot.edited.acquire(timeout=SECONDS)
    assert bot.of("invoke")[-1]["value"]["action"]["data"] == {"step": 70, "one": "s"}


def test_a_question_is_answered_by_a_new_message_and_may_have_other_fields(teams: Teams, bot: Bot):
    before = teams.page.locator(".ac-adaptiveCard").count()
    teams.ask("l’été & “that”?")
    teams.sees("Asked: l’été & “that”?")
    expect(teams.page.locator(".ac-adaptiveCard")).to_have_count(before + 1)
    teams.send(text="bonjour", locale="fr-CA", id="mine")
    teams.sees("bonjour")
    message, changed = bot.of("message")
    assert (changed["locale"], changed["id"]) == ("fr-CA", "mine")
    assert message["from"] == PEOPLE[0]
    assert message["recipient"] == BOT
    assert message["channelData"]["tenant"]["id"] == TENANT
    assert {"locale": "en-US", "authorization": None}.items() <= message.items()


def test_opened_anew_the_client_is_empty_and_in_french_it_is_that_of_somebody_else(
    teams: Teams, bot: Bot
):
    teams.lang = "fr"
    teams.reload()
    teams.sees("Welcome")
    expect(teams.page.locator(".ac-adaptiveCard")).to_have_count(1)
    teams.ask("bonjour")
    teams.press("Last of all")
    assert {one["from"]["id"] for one in bot.got} == {PEOPLE[1]["id"]}
    told = [one for one in bot.got if "locale" in one]
    assert {one["type"] for one in told} == {"installationUpdate", "message", "invoke"}
    assert {one["locale"] for one in told} == {"fr-CA"}
    assert {e["locale"] for one in told for e in one["entities"]} == {"fr-CA"}


def test_in_a_group_only_a_mention_reaches_the_bot(teams: Teams, bot: Bot):
    teams.open_group_chat()
    teams.type("among us")
    teams.mention("help")
    teams.hears("help")
    (message,) = bot.of("message")
    assert message["text"] == "<at>Cairn</at> help"
    assert message["conversation"]["conversationType"] == "groupChat"
    teams.open_personal_chat()
    teams.sees("a card, please")


def test_the_message_extension_is_started_on_one_message_of_several_and_walked_in_its_dialog(
    teams: Teams, bot: Bot
):
    for text in ("my draft", "another"):
        teams.ask(text)
    teams.extension_on("my draft", "check")
    teams.sees("Step 0")
    value = bot.of("invoke")[-1]["value"]
    assert (value["commandId"], value["commandContext"]) == ("check", "message")
    assert value["messagePayload"]["body"]["content"] == "my draft"
    teams.pick("A media query")
    teams.press("Submit")
    teams.sees("Step 1")
    assert bot.of("invoke")[-1]["value"]["data"] == {"step": 0, "one": "a"}
    teams.picture("driver-dialog")
    teams.close()
    teams.sees("another")


def test_what_the_playground_could_not_take_stands_in_its_log(teams: Teams, bot: Bot):
    assert "(×)" not in teams.log()
    bot.broken = True
    teams.extension("check")
    assert teams.dialog().inner_text().endswith("Unable to reach app. Please try again.")
    teams.close()
    assert "(×)" in teams.log()


def _listening(port: int) -> list[str]:
    """The addresses that this port is listened to at, as the system writes them."""
    ends = [
        line.split()[1].split(":")
        for name in ("tcp", "tcp6")
        for line in Path("/proc/net", name).read_text("ascii").splitlines()[1:]
        if line.split()[3] == "0A"
    ]
    return [address for address, end in ends if int(end, 16) == port]


# ---- a bot of few words


class Bot(ThreadingHTTPServer):
    """It keeps what it gets, and answers everything with a card."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.got: list[Json] = []
        self.broken = False
        """Whether it answers presses with nothing that a client can take."""
        self.edits = False
        """Whether it edits a card some time after the answer to a press."""
        self.edited = Semaphore(0)

    def of(self, kind: str) -> list[Json]:
        """The activities of a kind that it got."""
        return [one for one in self.got if one["type"] == kind]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api/messages"


@contextmanager
def tiny_bot() -> Iterator[Bot]:
    with Bot() as bot:
        thread = Thread(target=bot.serve_forever)
        thread.start()
        try:
            yield bot
        finally:
            bot.shutdown()
            thread.join()


class _Answers(BaseHTTPRequestHandler):
    server: Bot

    def do_POST(self) -> None:
        activity = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got.append({**activity, "authorization": self.headers["Authorization"]})
        if activity["type"] == "message":
            _send(activity, _card(f"Asked: {activity['text']}", 0))
        elif (activity["type"], activity.get("action")) == ("installationUpdate", "add"):
            _send(activity, _card("Welcome", 0))
        answer = {} if self.server.broken or activity["type"] != "invoke" else _answer(activity)
        body = json.dumps(answer).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if self.server.edits and activity["type"] == "invoke":
            # Later than a person at a keyboard is slow, so that it is surely later than an answer.
            Timer(0.5, self._edit, [activity]).start()

    def _edit(self, activity: Json) -> None:
        _send(activity, _card("Step 70", 70), activity["replyToId"])
        self.server.edited.release()

    def log_message(self, *_: object) -> None:
        pass


def _answer(activity: Json) -> Json:
    value = activity["value"]
    if activity["name"] == "adaptiveCard/action":
        step = value["action"]["data"]["step"] + 1
        kind = "application/vnd.microsoft.card.adaptive"
        return {"statusCode": 200, "type": kind, "value": _card(f"Step {step}", step)}
    step = value["data"]["step"] + 1 if "data" in value else 0
    task = {"title": "Check", "card": _attached(_card(f"Step {step}", step))}
    return {"task": {"type": "continue", "value": task}}


def _send(activity: Json, card: Json, instead: str = "") -> None:
    """Send a card, or put it `instead` of one."""
    chat = quote(activity["conversation"]["id"], safe="")
    request = Request(
        f"{activity['serviceUrl']}/v3/conversations/{chat}/activities/{instead}".rstrip("/"),
        json.dumps({"type": "message", "from": BOT, "attachments": [_attached(card)]}).encode(),
        {"Content-Type": "application/json"},
        method="PUT" if instead else "POST",
    )
    with urlopen(request) as answer:
        assert answer.status in (HTTPStatus.OK, HTTPStatus.CREATED)


def _attached(card: Json) -> Json:
    return {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}


def _card(title: str, step: int) -> Json:
    def choices(*titles: str) -> list[Json]:
        return [{"title": one, "value": one[0].lower()} for one in titles]

    def go(step: int) -> Json:
        return {"verb": "go", "data": {"step": step}}  # the Playground sends nothing without a verb

    return {
        "type": "AdaptiveCard",
        "version": "1.5",
        "body": [
            {"type": "TextBlock", "text": title, "style": "heading", "wrap": True},
            {
                "type": "Input.ChoiceSet", "id": "one", "label": "Which one?", "style": "expanded",
                "isRequired": True, "errorMessage": "Choose one.",
                "choices": choices("A media query", "Something else"),
            },
            {
                "type": "Input.ChoiceSet", "id": "many", "label": "Which ones?",
                "style": "expanded", "isMultiSelect": True,
                "choices": choices("Red", "Green", "Blue"),
            },
            {"type": "Input.Text", "id": "text", "label": "Say more", "isMultiline": True},
            {
                "type": "ActionSet",
                "actions": [
                    {"type": "Action.Execute", "title": "Next (1/2)", **go(step)},
                    {"type": "Action.Submit", "title": "Submit", "data": {"step": step}},
                    {
                        "type": "Action.Execute", "title": "Last of all", **go(7),
                        "mode": "secondary", "associatedInputs": "none",
                    },
                ],
            },
        ],
    }  # fmt: skip
