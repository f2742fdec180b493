"""How does somebody walk, ask and look at one screen from the command line?"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.app import open_conversation, utc_now
from bot.channels.data import screen_data
from bot.cli.content import tree_named
from bot.cli.reader import reader
from bot.conversation import Conversation, Move, Open, Reply
from bot.guidance.pages import HOME
from bot.guidance.screen import Trouble
from bot.guidance.words import Lang
from bot.settings import Settings

CHANNEL_OF: Final = {
    "screen": "web", "text": "terminal", "html": "web",
    "slack": "slack", "slack-modal": "slack", "teams": "teams",
}  # fmt: skip
"""Whose screen a form is: a channel may keep drafts out."""


def run_chat(arguments: argparse.Namespace, settings: Settings) -> int:
    """Walk in the terminal."""
    from bot.channels.terminal.chat import chat

    conversation = open_conversation(settings, preview=True)
    lang: Lang = arguments.lang or reader()
    place = arguments.tree or HOME
    if arguments.tree:
        tree_named(conversation.guidance, arguments.tree)

    def typed() -> Iterator[str]:
        while True:
            try:
                yield input("> ")
            except (EOFError, KeyboardInterrupt):
                return

    chat(conversation.on("terminal"), lang, place, typed(), print)
    return 0


def run_ask(_: argparse.Namespace, settings: Settings) -> int:
    """Say of each question on standard input what it is about."""
    from bot.channels.terminal.ask import ask

    sys.stdin.reconfigure(encoding="utf-8-sig", errors="replace")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    for line in ask(open_conversation(settings, preview=True).guidance, sys.stdin):
        print(line, flush=True)
    return 0


def run_show(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print one screen as a channel shows it."""
    conversation = open_conversation(settings, preview=True).on(CHANNEL_OF[arguments.form])
    reply = conversation.respond(Move(HOME, arguments.lang, Open(arguments.ticket)))
    if reply.screen.trouble in (Trouble.UNKNOWN_PLACE, Trouble.TOO_LONG):
        print(f"cairn: {reply.phrase(f'trouble_{reply.screen.trouble}')}", file=sys.stderr)
        return 2
    if arguments.form == "screen":
        print(json.dumps(screen_data(reply), ensure_ascii=False, indent=1))
    elif arguments.form == "text":
        from bot.channels.text import render as as_text

        print(as_text(reply), end="")
    elif arguments.form.startswith("slack"):
        print(_as_json(_on_slack(conversation, reply, arguments.form)))
    elif arguments.form == "teams":
        print(_as_json(_on_teams(conversation, reply)))
    else:
        from bot.channels.web.render import renderer

        print(renderer()(reply))
    return 0


def _as_json(found: Mapping[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=1)


def _on_teams(conversation: Conversation, reply: Reply) -> Mapping[str, Any]:
    """Return a screen as the card that Teams gets; its capsule is locked for nobody."""
    from bot.channels.teams.answers import TeamsAnswers
    from bot.channels.teams.decode import Person
    from bot.seal import Seal, Surface, new_key

    answers = TeamsAnswers(conversation, Seal((new_key(),), conversation.guidance, utc_now))
    return answers.card(reply, Person("nowhere", "nobody", "nobody"), Surface.MESSAGE)


def _on_slack(conversation: Conversation, reply: Reply, form: str) -> dict[str, Any]:
    """Return a screen as Slack gets it; its capsule is locked for nobody."""
    from bot.channels.slack.answers import SlackAnswers
    from bot.channels.slack.decode import Person
    from bot.seal import Seal, new_key

    answers = SlackAnswers(conversation, Seal((new_key(),), conversation.guidance, utc_now))
    nobody = Person("T000", "U000")
    shown = answers.message if form == "slack" else answers.modal
    return shown(reply, nobody)
