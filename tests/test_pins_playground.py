"""Do pinned summaries stand in a real client of Teams? Shown in the Agents Playground.

It opens no dialog from a card and deletes nothing, so that it shows the card that answers a
command, a post, its change in place, and the line below it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from bot.channels.sessions import new_session
from bot.channels.teams.board import TeamsBoard
from bot.channels.teams.connector import Connector
from bot.channels.teams.outbound import Outbound
from bot.channels.teams.transport import BotFramework
from bot.conversation import Conversation, Look, Move
from bot.guidance.words import LANGS, Lang
from bot.pins.port import Drawn
from bot.platforms import Place
from tests.playground import NEEDS, cairn, chromium, playground
from tests.teams_client import BOT, TENANT, Teams
from tests.test_desk_playground import Run, in_a_thread

pytestmark = [*NEEDS, pytest.mark.long]

SUMMARY = "elections"
Act = Callable[[TeamsBoard], Awaitable[None]]


@dataclass(frozen=True)
class Scene:
    """A client of Teams in front of Cairn, and the ids of its chats."""

    teams: Teams
    run: Run
    group: str
    channel: str

    @property
    def service(self) -> str:
        return f"http://localhost:{self.teams.port}/_connector"

    def acts(self, act: Act) -> None:
        """Do something with a board that speaks with this client."""

        async def steps() -> None:
            async with new_session(self.service, frozenset({"127.0.0.1", "localhost"})) as session:
                hosts = frozenset({f"localhost:{self.teams.port}"})
                port = BotFramework(Connector(session, hosts, None), app_id=None, keys=None)
                await act(
                    TeamsBoard(Outbound(port, time.monotonic), BOT["id"], None, time.monotonic)
                )

        self.run(steps())


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("pins")
    with (
        in_a_thread() as run,
        chromium() as browser,
        cairn(folder) as endpoint,
        playground(browser, endpoint, folder) as teams,
    ):
        teams.card().wait_for()
        [file] = folder.glob("playground-*/.m365agentsplayground.yml")
        config = json.loads(file.read_text("utf-8"))
        yield Scene(teams, run, config["groupChat"]["id"], config["team"]["id"])
        assert "(×)" not in teams.log()


def drawn(board: TeamsBoard, conversation: Conversation, *langs: Lang) -> Drawn:
    here = conversation.on("teams")
    replies = [here.respond(Move(f"summary:{SUMMARY}", lang, Look())) for lang in langs]
    return board.draw(replies, "2026-11-20")


@pytest.mark.parametrize("place", ["group", "channel"])
def test_a_command_about_pins_is_answered_by_a_card_that_opens_dialogs(
    scene: Scene, conversation: Conversation, place: str
):
    teams, say = scene.teams, conversation.guidance.phrases
    if place == "group":
        teams.open_group_chat()
    else:
        teams.open_channel()
    teams.mention("épingler" if place == "channel" else "pin")
    for lang in LANGS:
        teams.hears(say["pin_start"][lang])
    shown = teams.page.locator(".ac-adaptiveCard").count()
    teams.click(say["pin_start_choose"].en)
    # The client knows that a dialog is to be opened, and says that it cannot.
    expect(teams.page.locator("#root")).to_contain_text("Task module (task/fetch)")
    expect(teams.page.locator(".ac-adaptiveCard")).to_have_count(shown)
    teams.picture(f"pin-command-{place}")


@pytest.mark.parametrize("place", ["group", "channel"])
def test_a_summary_stands_there_is_changed_in_place_and_has_a_line_below(
    scene: Scene, conversation: Conversation, place: str
):
    teams, guidance = scene.teams, conversation.guidance
    titles, say = guidance.summaries[SUMMARY].title, guidance.phrases
    channel = scene.group if place == "group" else scene.channel
    where = Place("teams", TENANT, channel, scene.service)
    (teams.open_group_chat if place == "group" else teams.open_channel)()
    refs: list[str] = []

    async def post(board: TeamsBoard) -> None:
        refs.append(await board.post(where, drawn(board, conversation, "en")))

    async def change(board: TeamsBoard) -> None:
        await board.update(where, refs[0], drawn(board, conversation, "fr", "en"))

    async def note(board: TeamsBoard) -> None:
        await board.note(where, refs[0], "What changed: *the permission*")

    scene.acts(post)
    teams.hears(titles.en)
    assert titles.fr not in teams.message().inner_text()
    shown = teams.page.locator(".ac-adaptiveCard").count()
    teams.picture(f"pin-{place}-en")
    scene.acts(change)
    teams.hears(titles.fr)
    teams.hears(titles.en)
    expect(teams.page.locator(".ac-adaptiveCard")).to_have_count(shown)
    for lang in LANGS:
        assert say["pin_ask"][lang] in teams.message().inner_text()
    teams.picture(f"pin-{place}-both")
    scene.acts(note)
    expect(teams.page.locator("#root")).to_contain_text("What changed: *the permission*")
    teams.picture(f"pin-{place}-note")
