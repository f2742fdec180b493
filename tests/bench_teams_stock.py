"""What is Cairn held against in Teams? Bots of the archived SDK, as its own samples write them.

It runs in an environment of its own, which ``bench_teams_load`` makes of ``bench_teams_stock.txt``,
and knows nothing of Cairn:

    python bench_teams_stock.py echo PORT METADATA_URL APP_ID TENANT        # says it again
    python bench_teams_stock.py waterfall PORT METADATA_URL APP_ID TENANT   # asks five questions
    python bench_teams_stock.py dialog TURNS    # the same questions without HTTP

The first two run on the SDK's ``CloudAdapter`` and look at each token as it does. One thing is
ours, in their favour: the token for their answers is at hand, where the SDK would ask for one in
each turn.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from botbuilder.core import (
    ActivityHandler,
    ConversationState,
    MemoryStorage,
    MessageFactory,
    TurnContext,
)
from botbuilder.core.adapters import TestAdapter
from botbuilder.dialogs import (
    DialogSet,
    DialogTurnStatus,
    WaterfallDialog,
    WaterfallStepContext,
)
from botbuilder.dialogs.prompts import PromptOptions, TextPrompt
from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
from botbuilder.schema import Activity
from botframework.connector.auth import (
    ChannelValidation,
    MicrosoftAppCredentials,
    PasswordServiceClientCredentialFactory,
)

QUESTIONS = ("Who posted it?", "Where?", "When?", "About what?", "Who saw it?")


class Echo(ActivityHandler):
    async def on_message_activity(self, turn_context: TurnContext) -> None:
        await turn_context.send_activity(MessageFactory.text(f"Echo: {turn_context.activity.text}"))


class Waterfall(ActivityHandler):
    """Five questions, each answered by a text; then they begin anew."""

    def __init__(self) -> None:
        self._state = ConversationState(MemoryStorage())
        self._dialogs = DialogSet(self._state.create_property("DialogState"))
        self._dialogs.add(TextPrompt("text"))
        steps = [self._asking(question) for question in QUESTIONS]
        self._dialogs.add(WaterfallDialog("walk", [*steps, self._end]))

    async def on_turn(self, turn_context: TurnContext) -> None:
        await super().on_turn(turn_context)
        await self._state.save_changes(turn_context)

    async def on_message_activity(self, turn_context: TurnContext) -> None:
        dialog = await self._dialogs.create_context(turn_context)
        result = await dialog.continue_dialog()
        if result.status in (DialogTurnStatus.Empty, DialogTurnStatus.Complete):
            await dialog.begin_dialog("walk")

    @staticmethod
    def _asking(question: str) -> Any:
        async def ask(step: WaterfallStepContext) -> Any:
            return await step.prompt("text", PromptOptions(prompt=MessageFactory.text(question)))

        return ask

    @staticmethod
    async def _end(step: WaterfallStepContext) -> Any:
        return await step.end_dialog()


@dataclass(frozen=True)
class Config:
    APP_ID: str
    APP_TENANTID: str
    APP_PASSWORD: str = "a secret of no use"
    APP_TYPE: str = "SingleTenant"


class _AtHand(MicrosoftAppCredentials):
    """Credentials whose token is there already."""

    def get_access_token(self, force_refresh: bool = False) -> str:
        return "a token for the service"


class _Credentials(PasswordServiceClientCredentialFactory):
    async def create_credentials(self, app_id: str, *args: Any, **named: Any) -> _AtHand:
        return _AtHand(app_id, self.password)


def bot_application(kind: str, config: Config, metadata_url: str) -> web.Application:
    # A setting of the SDK: everything else about the keys is as it does it.
    ChannelValidation.open_id_metadata_endpoint = metadata_url
    credentials = _Credentials(config.APP_ID, config.APP_PASSWORD, config.APP_TENANTID)
    adapter = CloudAdapter(
        ConfigurationBotFrameworkAuthentication(config, credentials_factory=credentials)
    )
    bot = Echo() if kind == "echo" else Waterfall()

    async def messages(request: web.Request) -> web.StreamResponse:
        answer = await adapter.process(request, bot)
        assert answer is not None
        return answer

    application = web.Application()
    application.router.add_post("/api/messages", messages)
    return application


async def dialog_alone(turns: int) -> None:
    """Print how many microseconds of processor time a turn of the dialog takes, without HTTP."""
    bot = Waterfall()
    adapter = TestAdapter(bot.on_turn)
    for count in (turns // 10, turns):
        begin = time.process_time()
        for number in range(count):
            said = Activity(type="message", text=f"answer {number}")
            await adapter.process_activity(said, bot.on_turn)
            asked = [activity.text for activity in adapter.activity_buffer]
            assert asked == [QUESTIONS[number % len(QUESTIONS)]]
            adapter.activity_buffer.clear()
        took = time.process_time() - begin
    print(f"{took / turns * 1e6:.0f}", flush=True)


def main() -> None:
    reader = argparse.ArgumentParser()
    reader.add_argument("kind", choices=("echo", "waterfall", "dialog"))
    reader.add_argument("rest", nargs="+")
    given = reader.parse_args()
    if given.kind == "dialog":
        asyncio.run(dialog_alone(int(given.rest[0])))
        return
    port, metadata_url, app_id, tenant = given.rest
    application = bot_application(given.kind, Config(app_id, tenant), metadata_url)
    print("starts", flush=True)
    web.run_app(application, host="127.0.0.1", port=int(port), access_log=None, print=None)


if __name__ == "__main__":
    main()
