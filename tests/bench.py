"""How fast is Cairn? Figures against a baseline measured in the same run: `make bench`.

Nothing here judges; read the ratios, since the machine's speed drifts from run to run.
"""

from __future__ import annotations

import asyncio
import gc
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path

from aiohttp import ClientSession, TCPConnector, web
from aiohttp.test_utils import TestServer

from bot.app import read_guidance, web_application
from bot.conversation import Conversation, Look, Move
from bot.guidance.check import check
from bot.guidance.model import Guidance
from bot.guidance.ticket import Ticket, read_ticket
from bot.guidance.walk import count_routes, routes, walk
from bot.settings import HOME, read_settings
from tests import bench_desk, bench_slack, bench_teams, bench_understand

TODAY = date(2026, 11, 20)
READERS = 50
REQUESTS = 3000


def now() -> datetime:
    return datetime(2026, 11, 20, 17, tzinfo=UTC)


def timed(run: Callable[[], int], rounds: int = 5) -> float:
    """Return how many things a second `run` does, the median of some rounds."""
    rates = []
    for _ in range(rounds):
        begin = time.perf_counter()
        count = run()
        rates.append(count / (time.perf_counter() - begin))
    return statistics.median(rates)


def bench_walk(guidance: Guidance) -> None:
    tickets = [ticket for tree in guidance.trees.values() for ticket in routes(tree)]
    steps = [
        Ticket(t.tree, dict(list(t.choices.items())[:n]))
        for t in tickets[::7]
        for n in range(len(t.choices) + 1)
    ]
    texts = [str(ticket) for ticket in steps]
    gc.freeze()

    def answers() -> int:
        for ticket in tickets:
            walk(guidance, ticket, TODAY)
        return len(tickets)

    def screens() -> int:
        for ticket in steps:
            walk(guidance, ticket, TODAY)
        return len(steps)

    def read_and_walk() -> int:
        for text in texts:
            walk(guidance, read_ticket(text), TODAY)
        return len(texts)

    def replay_only() -> int:
        for ticket in steps:
            tree = guidance.trees[ticket.tree]
            at = tree.start
            while (question := tree.questions.get(at)) is not None:
                given = ticket.choices.get(at)
                if given is None:
                    break
                at = question.known[given[0]].go
        return len(steps)

    baseline = timed(replay_only)
    print(f"walk, one core (baseline: following the arrows only, {baseline:,.0f}/s)")
    for name, run in (("every step of a walk", screens), ("answers only", answers),
                      ("ticket read from text, then walked", read_and_walk)):  # fmt: skip
        rate = timed(run)
        print(f"  {name:38} {rate:>10,.0f} screens/s   {rate / baseline:.2f} of the baseline")

    def enumerate_routes() -> int:
        return sum(1 for tree in guidance.trees.values() for _ in routes(tree))

    def count() -> int:
        return sum(count_routes(tree).routes for tree in guidance.trees.values())

    listed = timed(enumerate_routes)
    print(f"routes: {listed:,.0f} listed a second; counted {timed(count):,.0f} a second")


def bench_check() -> None:
    print("check (baseline: the shipped content, 1x)")
    seconds = {}
    for factor in (1, 10, 100):
        with tempfile.TemporaryDirectory() as folder:
            multiply(Path(folder), factor)
            begin = time.perf_counter()
            checked = check(Path(folder), TODAY)
            seconds[factor] = time.perf_counter() - begin
            assert checked.guidance is not None
            assert len(checked.guidance.trees) == 7 * factor
        ratio = seconds[factor] / seconds[1] / factor
        print(f"  {factor:>4}x  {seconds[factor]:>8.2f} s   {ratio:.2f} of linear")


def multiply(folder: Path, factor: int) -> None:
    """Write the shipped content ``factor`` times: every tree, topic and statement anew."""
    for part in ("dialogs", "content"):
        shutil.copytree(HOME / part, folder / part)
    names = set()
    for path in (HOME / "content" / "statements").glob("*.yaml"):
        names |= set(re.findall(r"^  (\w+):", path.read_text(), re.MULTILINE))
    names -= {"not_a_clearance", "no_action_is_full"}
    pattern = re.compile(
        r"\b(" + "|".join(sorted(names, key=len, reverse=True)) + r")\b(?=[,\]}:\n])"
    )
    trees = sorted(path.stem for path in (HOME / "dialogs").glob("*.yaml"))
    topics = sorted(path.stem for path in (HOME / "content" / "topics").glob("*.yaml"))
    for copy in range(1, factor):
        tail = f"_x{copy}"
        for path in (HOME / "content" / "statements").glob("*.yaml"):
            text = pattern.sub(lambda m, tail=tail: m[1] + tail, path.read_text())
            text = re.sub(r"(?ms)^  (not_a_clearance|no_action_is_full):.*?(?=^  \w+:)", "", text)
            (folder / "content" / "statements" / f"{path.stem}{tail}.yaml").write_text(text)
        for kind, stems in (("dialogs", trees), ("content/topics", topics)):
            for stem in stems:
                text = pattern.sub(
                    lambda m, tail=tail: m[1] + tail, (HOME / kind / f"{stem}.yaml").read_text()
                )
                text = re.sub(rf"(?m)^(tree|topic): {stem}$", rf"\1: {stem}{tail}", text, count=1)
                (folder / kind / f"{stem}{tail}.yaml").write_text(text)


async def bench_web(guidance: Guidance) -> None:
    conversation = Conversation(guidance, None, now)
    application = web_application(read_settings({}), conversation)
    ticket = str(next(routes(guidance.trees["post_reported"])))
    page = len(conversation.respond(Move(ticket, "en", Look())).screen.said)

    async def bare(request: web.Request) -> web.Response:
        await request.post()
        return web.Response(text="x" * 20_000, content_type="text/html")

    plain = web.Application()
    plain.router.add_post("/", bare)
    print(f"pages for {READERS} readers at once (baseline: a bare aiohttp page of 20 kB)")
    base = await latency(plain, {"place": ticket})
    for name, app, fields in (
        ("bare aiohttp page", None, {}),
        ("a question", application, {"place": "can_i_post", "lang": "en"}),
        (f"an answer with {page} statements", application, {"place": ticket, "lang": "en"}),
    ):
        p50, p99, rate = base if app is None else await latency(app, fields)
        print(
            f"  {name:34} p50 {p50:7.1f} ms  p99 {p99:7.1f} ms  {rate:7.0f}/s"
            f"   {rate / base[2]:.2f} of the bare page"
        )


async def latency(app: web.Application, fields: dict[str, str]) -> tuple[float, float, float]:
    """Return p50 and p99 in milliseconds, and requests a second, server and readers together."""
    server = TestServer(app)
    await server.start_server(access_log=None)
    taken: list[float] = []
    async with ClientSession(connector=TCPConnector(limit=READERS)) as http:
        url = server.make_url("/")

        async def read(times: int) -> None:
            for _ in range(times):
                begin = time.perf_counter()
                async with http.post(url, data=fields) as response:
                    await response.read()
                taken.append((time.perf_counter() - begin) * 1000)

        await read(20)
        taken.clear()
        begin = time.perf_counter()
        work: list[Awaitable[None]] = [read(REQUESTS // READERS) for _ in range(READERS)]
        await asyncio.gather(*work)
        rate = len(taken) / (time.perf_counter() - begin)
    await server.close()
    taken.sort()
    return taken[len(taken) // 2], taken[int(len(taken) * 0.99)], rate


def main() -> None:
    guidance, _ = read_guidance(HOME, None, TODAY)
    gc.freeze()  # as `cairn serve` does
    bench_walk(guidance)
    bench_understand.bench(guidance)
    asyncio.run(bench_web(guidance))
    asyncio.run(bench_slack.bench())
    asyncio.run(bench_teams.bench())
    bench_desk.main()
    bench_check()


if __name__ == "__main__":
    main()
