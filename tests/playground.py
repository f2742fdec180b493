"""How does a test get a person in Teams? By the Microsoft 365 Agents Playground, a real client.

    with chromium() as browser, cairn(folder) as endpoint:    # or any other endpoint
        with playground(browser, endpoint, folder) as teams:  # a person's client
            teams.sees("Welcome")           # waits until the newest card has this text
            teams.pick("An executive")      # a radio button;  tick(...) check boxes;  fill(...)
            teams.press("Next")             # waits until the bot has answered
            teams.picture("welcome")        # tests/.pictures/playground-welcome.png
            teams.lang = "fr"               # from here on it is bob's, whose Teams is French

Each `playground` is a process of its own with chats of its own, so that the bot has never seen
them; it takes some seconds to start, so that tests share one, and begin with a card of their own.
The Playground empties the inputs of every card when a message or an edit comes: with `edits`, as
Cairn does them, `press` waits for the edit that follows an answer. In a card it opens no dialogs
(task/fetch), and a button that executes must have a verb.

The verbs, each in the chat that is open, at first the personal one:

    type(text)                  send a message        ask(text)   ... and wait for a new message
    mention(text)               the same with @Cairn before it; in a channel it is a new post
    reply(text)                 in a channel: answer in the thread of the newest post, with @Cairn
    card(), message()           locators of the newest card, and of the newest message as a whole:
                                with what Teams writes under the card; in a channel with its thread
    sees(text), hears(text)     wait until the card, or the message, has this text
    text(), aria()              what the card says, and what assistive technology is told
    pick, tick, untick, fill    inputs of the card, by their labels; pick(label, on=card) and press
                                take a card that is not the newest
    press(button), click        with and without waiting for the bot's answer; click is for a press
                                that sends nothing. Both find what is behind "More options".
    follow(link)                press a button that opens an address, and get the address
    open_group_chat(), open_channel(), open_personal_chat()
    extension(command)          the message extension, from the compose box
    extension_on(text, command) ... on the newest message with exactly this text
    dialog(), close()           the dialog of the extension; while it is open, card() is in there
    draft()                     what stands in the compose box, a card that was put there included
    send(**changes)             a message whose fields are changed, as a "Custom activity"
    home()                      back to the personal chat from wherever a test has ended
    reload()                    the client is opened anew: the app is installed once more
    log()                       what the Playground noted, with "(×)" at what it could not take

`card()`, `message()` and `dialog()` are locators of Playwright: `expect(teams.card())...` waits.
A card, a menu or an answer that does not come in half a minute fails the test.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, ViewportSize, expect, sync_playwright

from tests.command import held_port
from tests.conftest import ROOT
from tests.teams_client import BOT, PEOPLE, SECONDS, TENANT, Teams
from tests.test_browser import CHROMIUM, FLAGS

HERE: Final = Path(__file__).parent
CLI: Final = HERE / "node_modules" / "@microsoft" / "m365agentsplayground" / "cli.js"
NODE: Final = shutil.which("node")

SIZE: Final[ViewportSize] = {"width": 1280, "height": 2800}
"""So high that every card is seen as a whole."""

NEEDS: Final = [
    pytest.mark.browser,
    pytest.mark.xdist_group("playground"),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
    pytest.mark.skipif(NODE is None, reason="needs Node: apt-get install nodejs npm"),
    pytest.mark.skipif(
        not CLI.exists(), reason="needs the Agents Playground: npm ci --prefix tests"
    ),
]
"""The marks of every test file that drives the Playground."""

# It listens on every address of the machine and reports to its makers; neither has an option.
_LOOPBACK_ONLY: Final = """
const net = require("node:net");
const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, port, "127.0.0.1", ...rest.filter((one) => typeof one !== "string"));
};
const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...rest) {
  const { host } = Array.isArray(rest[0]) ? rest[0][0] : rest[0];
  if (["localhost", "127.0.0.1", "::1"].includes(host)) return connect.apply(this, rest);
  process.nextTick(() => this.destroy(new Error("only this machine is spoken with")));
  return this;
};
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, which finds no other machine."""
    rules = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
    with ExitStack() as started:
        chromium = started.enter_context(sync_playwright()).chromium
        yield started.enter_context(chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, rules]))


@contextmanager
def cairn(folder: Path, **settings: str) -> Iterator[str]:
    """`cairn serve` for Teams on this machine alone, as a process; gives its endpoint."""
    with held_port() as port:
        yield from _cairn(folder, port, settings)


def _cairn(folder: Path, port: int, settings: dict[str, str]) -> Iterator[str]:
    given = {
        "port": str(port),
        "web": "false",
        "database_url": f"sqlite:///{folder / 'cairn.db'}",
        "teams_local": "true",
        "teams_tenants": TENANT,
        **settings,
    }
    environ = {
        **{f"CAIRN_{name.upper()}": value for name, value in given.items()},
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    code = "import sys; from bot.cli import main; sys.exit(main(['serve']))"
    with (
        (folder / "cairn.log").open("wb") as out,
        _process([sys.executable, "-c", code], folder, environ, stdout=out, stderr=out) as process,
    ):
        while not _is_ready(f"http://127.0.0.1:{port}/health/ready"):
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
                pytest.fail((folder / "cairn.log").read_text("utf-8"))
        yield f"http://127.0.0.1:{port}/api/messages"


@contextmanager
def playground(
    browser: Browser, endpoint: str, folder: Path, *, edits: bool = True
) -> Iterator[Teams]:
    """A client of Teams in front of a bot, open at the personal chat."""
    place = folder / f"playground-{secrets.token_hex(4)}"
    place.mkdir()
    config = _configuration(secrets.token_hex(8))
    (place / ".m365agentsplayground.yml").write_text(json.dumps(config), "utf-8")
    (place / "loopback.cjs").write_text(_LOOPBACK_ONLY, "utf-8")
    with ExitStack() as started:
        front = started.enter_context(_front(endpoint))
        command = [str(NODE), "--require", "./loopback.cjs", str(CLI), "start",
                   "-e", f"http://127.0.0.1:{front.server_port}/api/messages",
                   "-c", "msteams", "-p", "0", "--disable-telemetry"]  # fmt: skip
        environ = {"PATH": os.environ["PATH"], "HOME": str(place), "BROWSER": "none"}
        out = {"stdout": subprocess.PIPE, "text": True}
        process = started.enter_context(_process(command, place, environ, **out))
        port = _told_port(process, place)
        context = started.enter_context(browser.new_context(viewport=SIZE, reduced_motion="reduce"))
        context.set_default_timeout(SECONDS * 1000)
        expect.set_options(timeout=SECONDS * 1000)
        teams = Teams(context.new_page(), port, config["personalChat"]["id"], edits)
        front.teams = teams
        teams.reload()
        yield teams


@contextmanager
def _process(
    command: list[str], folder: Path, environ: dict[str, str], **streams: Any
) -> Iterator[subprocess.Popen[Any]]:
    """A process with all that it starts; it is surely gone at the end."""
    with subprocess.Popen(
        command, cwd=folder, env=environ, start_new_session=True, **streams
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _is_ready(address: str) -> bool:
    try:
        with urlopen(address) as answer:
            return answer.status == HTTPStatus.OK
    except OSError:
        return False


def _told_port(process: subprocess.Popen[str], folder: Path) -> int:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.fullmatch(r"Listening on (\d+)\s*", line):
            return int(found[1])
    logs = [path.read_text("utf-8") for path in folder.glob("devTools/*.log")]
    pytest.fail("\n".join(["the Playground has ended", *logs]))


def _configuration(mark: str) -> dict[str, Any]:
    """Who is there. `mark` makes the chats others than those of each other Playground."""
    people = [
        {
            **one,
            "userPrincipleName": f"{one['name'].lower()}@department.example",  # they spell it so
            "email": f"{one['name'].lower()}@department.example",
            "givenName": one["name"],
            "surname": "Sample",
        }
        for one in PEOPLE
    ]
    team = f"19:team-{mark}@thread.tacv2"
    return {
        "version": "0.1.1",
        "tenantId": TENANT,
        "bot": BOT,
        "currentUser": people[0],
        "users": people[1:],
        "personalChat": {"id": f"a:personal-{mark}"},
        "groupChat": {"id": f"19:group-{mark}@thread.v2", "name": "Group Chat"},
        "team": {
            "id": team,
            "name": "Sample team",
            "aadGroupId": "44444444-4444-4444-8444-444444444444",
            "channels": [{"id": f"19:help-{mark}@thread.tacv2", "name": "Help"}],
        },
    }


@contextmanager
def _front(endpoint: str) -> Iterator[_Front]:
    """What stands before the endpoint, until the block ends."""
    with _Front(endpoint) as front:
        thread = Thread(target=front.serve_forever)
        thread.start()
        try:
            yield front
        finally:
            front.shutdown()
            thread.join()


class _Front(ThreadingHTTPServer):
    """Tells the bot who is at the client: the Playground knows one person, who speaks English."""

    teams: Teams

    def __init__(self, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handed)
        self.endpoint = urlsplit(endpoint)


class _Handed(BaseHTTPRequestHandler):
    """Hands each activity on as the client of that person sends it."""

    server: _Front

    def do_HEAD(self) -> None:
        """Answer the Playground's question whether anybody is there."""
        self.send_response(HTTPStatus.OK)
        self.end_headers()

    def do_POST(self) -> None:
        """Hand on an activity and what the bot answers."""
        activity = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.teams.lang == "fr":
            activity["from"] = {name: PEOPLE[1][name] for name in activity["from"]}
            for told in (activity, *activity.get("entities", ())):
                if "locale" in told:
                    told["locale"] = "fr-CA"
        endpoint = self.server.endpoint
        bot = HTTPConnection(endpoint.hostname, endpoint.port, timeout=SECONDS)
        kind = {"Content-Type": "application/json"}
        bot.request("POST", endpoint.path, json.dumps(activity), kind)
        answer = bot.getresponse()
        body = answer.read()
        bot.close()
        self.send_response(answer.status)
        for name in ("Content-Type", "Retry-After"):
            if (value := answer.headers[name]) is not None:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
