"""How fast does Teams get its answer? Against bots of the archived SDK, in the same run.

Each round goes through all servers, so that a drift of the machine's speed meets each of them.
Every request carries a token that is looked at; ``bench_teams_load`` says what runs where. Where
others use the machine too, the clock favours who has more threads; then the turns of one core's
second count, which are the same where nobody else does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import ClientSession, web

from bot.app import open_conversation, utc_now
from bot.channels.sessions import new_session
from bot.channels.teams import surfaces
from bot.channels.teams.answers import PLATFORM, TeamsAnswers
from bot.channels.teams.connector import Connector
from bot.channels.teams.decode import person_of, press_of
from bot.channels.teams.elements import message
from bot.channels.teams.ingress import parse
from bot.channels.teams.keys import Keys
from bot.channels.teams.limits import checked
from bot.channels.teams.pen import page_of
from bot.channels.teams.transport import BotFramework
from bot.conversation import Conversation
from bot.seal import Bearer, Seal, Spot, Surface
from bot.settings import read_settings
from tests.bench_slack import KEY, Run, memory_of
from tests.bench_teams_load import (
    CONNECTIONS,
    STOCK,
    TENANTS,
    Server,
    Service,
    environment,
    load,
    service,
    started,
)
from tests.bench_teams_people import Presser, Same, Somebody, Step, Walker
from tests.teams.login import Login

PEOPLE = 500
ROUNDS = 5
TURNS = 50_000
PRESSES = 100
SLOW = 0.3
"""Seconds that each document of the login host takes where it is slow."""

_Found = TypeVar("_Found")


@dataclass
class Contender:
    """Something that is measured: its name, its server, and who asks it."""

    name: str
    server: Server
    people: deque[Presser]
    runs: dict[int, list[Run]] = field(default_factory=dict)
    put: list[int] = field(default_factory=list)
    """How often a run changed a message of the chat."""

    async def run(self, at: Service, connections: int) -> None:
        before = seen = at.calls["PUT"]
        run = await load(self.server, at, self.people, connections)
        while seen != at.calls["PUT"]:  # what goes on after the answers has not ended
            seen = at.calls["PUT"]
            await asyncio.sleep(0.2)
        self.put.append(seen - before)
        self.runs.setdefault(connections, []).append(run)

    def forget_warming_up(self) -> None:
        del self.put[: len(self.runs)]
        for runs in self.runs.values():
            del runs[0]

    def turns(self) -> int:
        return sum(run.requests for runs in self.runs.values() for run in runs)

    def ratios(self, other: Contender) -> str:
        """Its turns of one core's second, and those on the clock, to those of another."""
        pairs = [
            pair
            for connections in CONNECTIONS
            for pair in zip(self.runs[connections], other.runs[connections], strict=True)
        ]
        rate = statistics.median(mine.rate / theirs.rate for mine, theirs in pairs)
        cost = statistics.median(theirs.cost / mine.cost for mine, theirs in pairs)
        return f"{self.name} {cost:.1f} ({rate:.1f})"

    def told(self) -> str:
        runs = self.runs[CONNECTIONS[-1]]
        rate = statistics.median(run.rate for run in runs)
        cost = statistics.median(run.cost for run in runs)
        waits = [
            f"{statistics.median(run.at(share) for run in self.runs[count]):.0f}"
            for count in CONNECTIONS
            for share in (0.5, 0.99)
        ]
        few, many = CONNECTIONS
        return (
            f"  {self.name:32} {cost / 1000:5.2f} ms of processor a turn,"
            f" {1e6 / cost:5,.0f} turns of one core's second, {rate:5,.0f} on the clock;"
            f" p50/p99 {waits[0]}/{waits[1]} ms at {few} connections,"
            f" {waits[2]}/{waits[3]} at {many}; {sum(self.put):,} PUT in {self.turns():,} turns"
        )


async def compare(talk: Conversation, seal: Seal) -> None:
    async with service(Login()) as at:
        with (
            started("cairn", at) as ours,
            started("echo", at) as echo,
            started("waterfall", at) as waterfall,
            started("bare", at) as nothing,
        ):
            people = [Somebody(n, TENANTS[0], at.url) for n in range(PEOPLE)]
            many = [Somebody(n, TENANTS[1 + n % 40], at.url) for n in range(PEOPLE, 9 * PEOPLE)]
            said = [Same(one.message("a colleague posted it")) for one in people]

            def pressing(some: Iterable[Somebody], *, last: bool) -> deque[Presser]:
                return deque(map(Step(talk, seal, last=last).of, some))

            trees = [*talk.guidance.trees]
            question = Contender("a card step", ours, pressing(people, last=False))
            kept = Contender("… kept in the chat each time", ours, pressing(many, last=False))
            answer = Contender("the step to the answer", ours, pressing(people, last=True))
            walks = Contender(
                "whole walks", ours, deque(Walker(one, seal, trees) for one in people)
            )
            stock = Contender("stock echo bot", echo, deque(said))
            dialogs = Contender("stock bot, waterfall of dialogs", waterfall, deque(said))
            token = Contender("bare application, token only", nothing, deque(said))
            contenders = [question, stock, kept, dialogs, answer, token, walks]
            for _ in range(ROUNDS + 1):
                for contender in contenders:
                    for connections in CONNECTIONS:
                        await contender.run(at, connections)
    for contender in contenders:
        contender.forget_warming_up()
    print(f"Teams, {PEOPLE} people, each server on one core; every request with a token")
    ours_all = (question, kept, answer, walks)
    for contender in (*ours_all, stock, dialogs, token):
        print(contender.told())
    print("  turns of one core's second (and those on the clock) to those of")
    for other in (stock, dialogs, token):
        aim = " (aim 6)" if other is stock else ""
        print(f"    {other.name}{aim}: {', '.join(mine.ratios(other) for mine in ours_all)}")


# -- the other questions


def done(work: Coroutine[Any, Any, _Found]) -> _Found:
    """Return what a coroutine returns that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        found: _Found = end.value
        return found
    raise AssertionError


def median(work: Callable[[], object]) -> float:
    """Microseconds of processor time that a piece of work takes."""
    rounds = []
    for _ in range(7):
        begin = time.process_time()
        for _ in range(300):
            work()
        rounds.append((time.process_time() - begin) / 300 * 1e6)
    return statistics.median(rounds)


async def parts(talk: Conversation, seal: Seal) -> None:
    """Print where the time of a step goes, in microseconds of processor time."""
    async with service(Login()) as at, new_session(at.url, frozenset({"127.0.0.1"})) as session:
        keys, sends = Keys(at.login.metadata_url, session), Connector(session, frozenset(), None)
        port = BotFramework(sends, app_id=at.login.app_id, keys=keys)
        token = f"Bearer {at.login.token(serviceurl=at.url)}"
        await port.authenticate(token)
        took = median(lambda: done(port.authenticate(token)))
        print(f"  to look at a token takes {took:.0f} µs")
        for name, last in (("a card step", False), ("the step to the answer", True)):
            body = Step(talk, seal, last=last).of(Somebody(0, TENANTS[0], at.url)).body()
            print(f"  parts of {name}, µs: {parts_of(talk, seal, body)}")


def parts_of(talk: Conversation, seal: Seal, body: bytes) -> str:
    answers, surface = TeamsAnswers(talk, seal), Surface.MESSAGE
    activity = parse(body)
    person, action = person_of(activity), activity["value"]["action"]
    assert person is not None
    press = press_of(action["data"], action["verb"])
    spot = answers.open(press.capsule, person, surface, "en")
    assert isinstance(spot, Spot)
    reply = answers.reply(answers.step(press.do, spot, press.fields))
    bearer = Bearer(PLATFORM, person.tenant, person.user, surface)
    capsule = answers.locked(reply, bearer)
    page = page_of(reply, 1, len(capsule))
    card = surfaces.card(reply, page, capsule, surface)
    work: dict[str, Callable[[], object]] = {
        "parse": lambda: parse(body),
        "open": lambda: answers.open(press.capsule, person, surface, "en"),
        "walk": lambda: answers.reply(answers.step(press.do, spot, press.fields)),
        "seal": lambda: answers.locked(reply, bearer),
        "page": lambda: page_of(reply, 1, len(capsule)).elements,
        "card": lambda: surfaces.card(reply, page, capsule, surface),
        "dump": lambda: checked(card),
        "dump for the chat": lambda: json.dumps(message(card, "x"), ensure_ascii=False),
    }
    found = ", ".join(f"{part} {median(run):.0f}" for part, run in work.items())
    return f"{found} ({len(body):,} bytes in, {len(checked(card).text):,} out)"


def dialog_alone(talk: Conversation, seal: Seal) -> None:
    """Print what a turn costs without HTTP and token, here and with a dialog of the SDK."""
    answers = TeamsAnswers(talk, seal)
    somebody = Somebody(0, TENANTS[0], "http://127.0.0.1/")
    activity = parse(Step(talk, seal, last=False).of(somebody).body())
    person, action = person_of(activity), activity["value"]["action"]
    assert person is not None

    def turn() -> str:
        press = press_of(action["data"], action["verb"])
        spot = answers.open(press.capsule, person, Surface.MESSAGE, "en")
        reply = answers.reply(answers.step(press.do, spot, press.fields))
        return answers.card(reply, person, Surface.MESSAGE).text

    command = [str(environment()), str(STOCK), "dialog", "2000"]
    pairs = []
    for _ in range(3):
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        pairs.append((median(turn), float(told)))
    mine, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"  a turn without HTTP and token: {mine:.0f} µs; of a waterfall of dialogs"
          f" {theirs:.0f} µs, {theirs / mine:.1f} times")  # fmt: skip


class SlowLogin(Login):
    """A login host that thinks about each document."""

    async def _gate(self, request: web.Request, name: str) -> None:
        await asyncio.sleep(SLOW)
        await super()._gate(request, name)


async def held(talk: Conversation, seal: Seal) -> None:
    """Print how long a server answers nobody, with a slow login host, from its first request on.

    What holds it up is there each time, and what the machine adds is not: the best of some tries.
    """
    async with service(SlowLogin()) as at:
        somebody = Somebody(0, TENANTS[0], at.url)
        ours, theirs = Step(talk, seal, last=False).of(somebody), Same(somebody.message("it"))
        found = []
        for kind, presser in (("cairn", ours), ("echo", theirs)):
            tries = []
            for _ in range(ROUNDS):
                with started(kind, at) as server:
                    work = load(server, at, deque([presser]), 1, PRESSES)
                    tries.append(await _longest(server, work))
            found.append(min(tries))
    print(f"  the longest that anybody waits while one person presses {PRESSES} times and the login"
          f" host takes {SLOW * 1000:.0f} ms a document: {found[0]:.0f} ms; stock echo bot"
          f" {found[1]:.0f} ms")  # fmt: skip


async def _longest(server: Server, work: Coroutine[Any, Any, Run]) -> float:
    longest = 0.0
    async with ClientSession() as http:
        pressing = asyncio.create_task(work)
        while not pressing.done():
            begin = time.perf_counter()
            async with http.get(f"http://127.0.0.1:{server.port}/nothing") as answer:
                await answer.read()
            longest = max(longest, time.perf_counter() - begin)
            await asyncio.sleep(0.002)
        await pressing
    return longest * 1000


async def flat(talk: Conversation, seal: Seal, turns: int) -> None:
    """Print whether memory stays flat over many turns of whole walks."""
    async with service(Login()) as at:
        with started("cairn", at) as server:
            trees = [*talk.guidance.trees]
            some = (Somebody(n, TENANTS[0], at.url) for n in range(PEOPLE))
            people: deque[Presser] = deque(Walker(one, seal, trees) for one in some)
            seen = [memory_of(server.process.pid)]
            for _ in range(10):
                await load(server, at, people, CONNECTIONS[-1], turns // 10)
                seen.append(memory_of(server.process.pid))
    steps = " → ".join(f"{megabytes:.1f}" for megabytes in seen)
    print(f"  memory over {turns:,} turns of {PEOPLE} people who walk, MB: {steps}")


async def bench(turns: int = TURNS) -> None:
    """Print every figure."""
    talk = open_conversation(read_settings({}))
    seal = Seal([KEY], talk.guidance, utc_now)
    environment()
    cores = os.sched_getaffinity(0)
    if len(cores) > 1:
        os.sched_setaffinity(0, cores - {0})
    try:
        await compare(talk, seal)
        await parts(talk, seal)
        dialog_alone(talk, seal)
        await held(talk, seal)
        await flat(talk, seal, turns)
    finally:
        os.sched_setaffinity(0, cores)


if __name__ == "__main__":
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("turns", type=int, nargs="?", default=TURNS)
    asyncio.run(bench(reader.parse_args().turns))
