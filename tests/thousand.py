"""Random conversations on Slack, in Teams and on the web, and what is left of them afterwards.

    python -m tests.thousand 20000        # as many as wanted; ends with what was found

Everybody types words that stand nowhere else, and presses and picks what is in front of them, the
forms of offices too. Then every table, every file of the database and every record
of the log is searched for them, for their words and for their ids, in many ways of writing.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from random import Random

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from bot.app import web_application
from bot.channels.slack.channel import CHANNEL as SLACK
from bot.channels.slack.channel import PATH as SLACK_PATH
from bot.channels.teams.channel import CHANNEL as TEAMS
from bot.channels.teams.channel import PATH as TEAMS_PATH
from bot.guidance.model import Guidance
from bot.guidance.words import LANGS
from bot.privacy import OWN, NoContent
from bot.settings import read_settings
from tests.both_app import CASE_KEYS, conversation_of, organization_text
from tests.slack import state
from tests.slack.fake import FakeSlack
from tests.slack.hands import RefusedError as SlackRefusedError
from tests.slack.person import Person as OnSlack
from tests.slack_app import settings_for as slack_settings
from tests.teams import screen
from tests.teams.fake import FakeTeams
from tests.teams.person import Person as InTeams
from tests.teams.state import RefusedError as TeamsRefusedError
from tests.teams.state import Shown
from tests.teams_app import settings_for as teams_settings

MARK = "kanarix"
"""Begins every word that somebody types here, and the name of everybody."""

PEOPLE = 40
"""On each platform."""

SAID = (
    "can I post about {}?", "est-ce que je peux publier {}?", "a post about {} was reported to me",
    "mon gestionnaire surveille-t-il {}?", "does my employer monitor {}?", "{}",
    "who can I talk to about {}", "puis-je utiliser ChatGPT pour {}?", "{} 613-555-0142",
    "my boss {} made me do it", "I want to die, {}", "election campaign for {}", "yes {}", "2",
)  # fmt: skip


@dataclass
class Crowd:
    """The people, and what each of them is called anywhere."""

    slack: FakeSlack
    teams: FakeTeams
    url: str
    http: ClientSession
    guidance: Guidance
    application: web.Application
    on_slack: list[OnSlack]
    in_teams: list[InTeams]
    words: int = 0
    acts: Counter[str] = field(default_factory=Counter)

    def said(self, chance: Random) -> str:
        """Something that nobody has said before."""
        self.words += 1
        return chance.choice(SAID).format(f"{MARK}{self.words}")

    @property
    def is_busy(self) -> bool:
        """Whether something is still being done after its answer."""
        parts = self.application[SLACK], self.application[TEAMS]
        return any(part.tasks.count for part in parts)

    def ids(self) -> list[str]:
        """What the platforms call the people."""
        found = [one.id for one in self.on_slack]
        found += [channel.id for channel in self.slack.workspace.channels.values() if channel.is_im]
        found += [one.user.aad for one in self.in_teams]
        found += [one.id for one in self.in_teams] + [one.chat.id for one in self.in_teams]
        return found


# -- what somebody does


async def on_slack(crowd: Crowd, chance: Random, acts: int) -> None:
    """Come to Cairn in one of the ways of Slack, and go on with what is there."""
    person, trees = chance.choice(crowd.on_slack), list(crowd.guidance.trees)
    person.reload()
    await chance.choice([
        lambda: person.slash("/cairn", crowd.said(chance)),
        lambda: person.slash("/cairn"),
        lambda: person.shortcut(f"{chance.choice(trees)}.{chance.choice(LANGS)}"),
        lambda: person.message(crowd.said(chance)),
        person.open_home,
    ])()  # fmt: skip
    for _ in range(acts):
        crowd.acts["slack"] += 1
        surface: state.Surface | None = person.views[-1] if person.views else None
        if surface is None and chance.random() < 0.3:
            await person.message(crowd.said(chance))
        if surface is None:
            seen = [message for message in person.sees() if message.blocks]
            surface = seen[-1] if seen else None
        if surface is not None:
            with suppress(SlackRefusedError):
                await _on_a_surface(crowd, chance, person, surface)


async def _on_a_surface(
    crowd: Crowd, chance: Random, person: OnSlack, surface: state.Surface
) -> None:
    for block in surface.blocks:
        element = block.get("element", {})
        options = [one["value"] for one in state.offered(element)] if element else []
        if options:
            most = 3 if element["type"] == "checkboxes" else 1
            picked = chance.sample(options, min(most, len(options)))
            await person.pick(surface, block["block_id"], *picked)
        elif element.get("type", "").endswith("_text_input") and chance.random() < 0.4:
            await person.type(surface, block["block_id"], crowd.said(chance))
    buttons = [element for block in surface.blocks for element in state.elements_of(block)
               if element["type"] == "button" and "url" not in element]  # fmt: skip
    if isinstance(surface, state.View) and "submit" in surface.payload and chance.random() < 0.7:
        await person.submit(surface)
    elif buttons:
        at_the_desk = [one for one in buttons if one["action_id"].startswith("desk:")]
        pressed = chance.choice(at_the_desk or buttons)
        await person.press(surface, pressed["action_id"], value=pressed.get("value"))


async def in_teams(crowd: Crowd, chance: Random, acts: int) -> None:
    """Come to Cairn in one of the ways of Teams, and go on with what is there."""
    person = chance.choice(crowd.in_teams)
    person.reload()
    started = chance.choice([
        lambda: person.message(crowd.said(chance)),
        lambda: person.message("menu"),
        lambda: person.extension("check_before_post", context="message",
                                 html=f"<p>{crowd.said(chance)}</p>"),
        person.install,
    ])  # fmt: skip
    await started()
    for _ in range(acts):
        crowd.acts["teams"] += 1
        await crowd.teams.until(lambda: not crowd.is_busy)
        if person.dialog is None and chance.random() < 0.2:
            await person.message(crowd.said(chance))
        shown = person.dialog or (person.cards[-1] if person.cards else None)
        if shown is not None:
            with suppress(TeamsRefusedError):
                await _on_a_card(crowd, chance, person, shown)


async def _on_a_card(crowd: Crowd, chance: Random, person: InTeams, shown: Shown) -> None:
    for one in screen.inputs(shown):
        if one["type"] == "Input.ChoiceSet":
            values = [choice["value"] for choice in one["choices"]]
            most = 3 if one.get("isMultiSelect") else 1
            await person.pick(shown, one["id"], *chance.sample(values, min(most, len(values))))
        elif one["type"] == "Input.Text" and chance.random() < 0.4:
            await person.type(shown, one["id"], crowd.said(chance))
    pressed = [action for action in screen.actions(shown.content or {})
               if action["type"] in ("Action.Execute", "Action.Submit")]  # fmt: skip
    if pressed:
        first = pressed[0] if chance.random() < 0.5 else chance.choice(pressed)
        await person.press(shown, str(first.get("title")), nth=0)


class Forms(HTMLParser):
    """The forms of a page: what is hidden in each, its buttons, and what may be picked."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[dict[str, str], list[str], list[str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(({}, [], []))
        elif not self.forms:
            return
        elif tag == "button" and given.get("name") == "do":
            self.forms[-1][1].append(given["value"])
        elif tag == "input" and given.get("type") in ("radio", "checkbox"):
            self.forms[-1][2].append(given["value"])
        elif tag == "input" and given.get("type") == "hidden":
            self.forms[-1][0][given["name"]] = given.get("value", "")


async def on_the_web(crowd: Crowd, chance: Random, acts: int) -> None:
    """Open the page, and go on with its forms."""
    lang = {"Accept-Language": chance.choice(LANGS)}
    async with crowd.http.get(crowd.url, headers=lang) as answer:
        page = await answer.text()
    for _ in range(acts + 1):
        crowd.acts["web"] += 1
        forms = [form for form in Forms(page).forms if form[1]]
        hidden, buttons, options = chance.choice([form for form in forms if form[2]] or forms)
        fields = [*hidden.items(), ("do", chance.choice(buttons))]
        if options:
            fields.append(("pick", chance.choice(options)))
        if chance.random() < 0.3:
            fields[-1 if not options else -2] = ("do", "say")
            fields.append(("text", crowd.said(chance)))
        async with crowd.http.post(crowd.url, data=fields) as answer:
            page = await answer.text()


WAYS: tuple[Callable[[Crowd, Random, int], Awaitable[None]], ...] = (on_slack, in_teams, on_the_web)


# -- Cairn, and what it leaves


@asynccontextmanager
async def crowd_of(folder: Path, people: int = PEOPLE) -> AsyncIterator[Crowd]:
    """Cairn on all its channels with people on each; afterwards it has stopped as it should."""
    async with FakeSlack(rates=False) as slack, FakeTeams(rates=False) as teams:
        officers = [slack.person(name) for name in ("olive", "oscar", "odile")]
        office = slack.channel("ethics", *officers, is_private=True)
        organization = organization_text(
            on="slack", channel=office.id, tenant=slack.workspace.id,
            deputy=officers[1].id, head=officers[2].id,
        )  # fmt: skip
        settings = {
            **teams_settings(teams, folder, None),
            **slack_settings(slack, folder),
            "CAIRN_CASE_KEYS": CASE_KEYS,
            "CAIRN_WEB": "true",
        }
        conversation = conversation_of(organization)
        application = web_application(read_settings(settings), conversation)
        server = TestServer(application)
        await server.start_server(access_log=None, shutdown_timeout=1.0)
        try:
            slack.app_url = str(server.make_url(SLACK_PATH))
            teams.app_url = str(server.make_url(TEAMS_PATH))
            await slack.until(lambda: application[SLACK].is_ready)
            async with ClientSession() as http:
                crowd = Crowd(slack, teams, str(server.make_url("/")), http, conversation.guidance,
                              application, [], [])  # fmt: skip
                for number in range(people):
                    locale = f"{LANGS[number % 2]}-CA"
                    name = f"{MARK}{chr(97 + number % 26)}{number}"
                    crowd.on_slack.append(slack.person(name, locale=locale))
                    crowd.in_teams.append(teams.person(name, locale=locale))
                yield crowd
                await slack.until(lambda: not crowd.is_busy, 60)
        finally:
            await server.close()


async def converse(crowd: Crowd, many: int, seed: int) -> None:
    """Have so many random conversations, one after the other."""
    for number in range(many):
        chance = Random(f"{seed} {number}")
        await WAYS[number % len(WAYS)](crowd, chance, chance.randint(1, 4))
        await crowd.slack.until(lambda: not crowd.is_busy)


@contextmanager
def all_records() -> Iterator[list[str]]:
    """Everything that is logged: our own down to the details, others as they may be logged."""
    told: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(f"{record.getMessage()} {record.__dict__!r}")

    handler = Keeper()
    handler.addFilter(NoContent())
    root, own = logging.getLogger(), logging.getLogger(OWN)
    before = root.level, own.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    own.setLevel(logging.DEBUG)
    try:
        yield told
    finally:
        root.removeHandler(handler)
        root.setLevel(before[0])
        own.setLevel(before[1])


def written(text: str) -> set[bytes]:
    """The ways in which a text may be written: in letters, hex, base64 and so on."""
    forms = {
        text.encode(),
        text.upper().encode(),
        text.encode("utf-16-le"),
        text.encode("utf-16-be"),
    }
    plain = text.replace("-", "")
    forms.add(plain.encode())
    if len(plain) == 32 and all(letter in "0123456789abcdef" for letter in plain):
        forms.add(bytes.fromhex(plain))
    for raw in list(forms):
        forms |= {raw.hex().encode(), raw.hex().upper().encode()}
        for shift in range(3):
            # Whatever stands before and after, these letters come of the text alone.
            whole = base64.b64encode(bytes(shift) + raw)
            inner = whole[4 if shift else 0 : len(whole) - 4]
            if len(inner) >= 8:
                forms |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return forms


def places_of(folder: Path, told: list[str]) -> dict[str, bytes]:
    """Everything that is left: each table row by row, the files as they are, and the log."""
    found = {f"file {path.name}": path.read_bytes() for path in folder.iterdir()}
    found["log"] = "\n".join(told).encode()
    for name, rows in tables_of(folder).items():
        found[f"table {name}"] = b"\n".join(
            one if isinstance(one, bytes) else str(one).encode() for row in rows for one in row
        )
    return found


def tables_of(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every table of the database, and every row of it."""
    with closing(sqlite3.connect(folder / "cairn.db")) as database:
        named = database.execute("select name from sqlite_master where type = 'table'").fetchall()
        return {name: database.execute(f"select * from {name}").fetchall() for (name,) in named}


def traces(places: dict[str, bytes], needles: list[str]) -> list[str]:
    """Where something of these stands, and how it is written there."""
    return [
        f"{needle} in {place}, as {form[:40]!r}"
        for needle in needles
        for form in written(needle)
        for place, content in places.items()
        if form in content
    ]


def main(many: int) -> int:
    since = time.process_time()
    with tempfile.TemporaryDirectory() as spare, all_records() as told:
        folder, ids = Path(spare), list[str]()

        async def run() -> Crowd:
            async with crowd_of(folder) as crowd:
                await converse(crowd, many, int(time.time()))
                ids.extend(crowd.ids())
            return crowd

        crowd = asyncio.run(run())
        found = traces(places_of(folder, told), [MARK, *ids])
        rows = {name: len(rows) for name, rows in tables_of(folder).items() if rows}
    rows_of = ", ".join(f"{name} {many}" for name, many in rows.items())
    acts = ", ".join(f"{channel} {acts}" for channel, acts in crowd.acts.items())
    print(f"{many} conversations; acts: {acts}; texts: {crowd.words}; rows: {rows_of};")  # noqa: T201
    print(f"log records: {len(told)}; {time.process_time() - since:.0f} s of CPU")  # noqa: T201
    print("\n".join(found) or "nothing of anybody was found")  # noqa: T201
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000))
