"""How long does it take to understand what is typed, and how much memory? `make bench` runs it too.

    python -m tests.bench_understand

The baseline is folding the same texts, which anything that compares words must do.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bot.app import read_guidance
from bot.conversation import Conversation, Move, Say
from bot.guidance import draft, understand
from bot.guidance.learnt import FILE, read
from bot.guidance.model import Guidance
from bot.guidance.words import fold
from bot.settings import HOME
from tests.long_texts import PIECES, of_bytes, readings

QUESTIONS = Path(__file__).parent / "questions"
ROUNDS = 5


def texts(*names: str) -> list[str]:
    rows = [row for name in names for row in (QUESTIONS / f"{name}.jsonl").open(encoding="utf-8")]
    return [json.loads(row)["text"] for row in rows]


def taken(run: Callable[[str], object], given: list[str]) -> list[float]:
    """Milliseconds for each text, sorted: of each text the median of some rounds."""
    found = []
    for text in given:
        rounds = []
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            run(text)
            rounds.append((time.perf_counter() - begin) * 1000)
        found.append(sorted(rounds)[ROUNDS // 2])
    return sorted(found)


def bench(guidance: Guidance) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    kept = read(HOME / FILE)
    loading = time.perf_counter() - begin
    used = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    size = len(kept.words.lanes) + len(kept.pieces.lanes)
    print(f"weights: {size:,} features, read in {loading:.2f} s, {used:.0f} MB more memory")
    conversation = Conversation(guidance, None, lambda: datetime(2026, 11, 20, 17, tzinfo=UTC))
    asked = texts("ordinary", "indirect", "crisis")
    drafts = texts("drafts")
    many = " ".join(f"{at * 7919 % 99991}x" for at in range(400))
    longest = [many[: understand.MAX_TYPED]]

    def replied(text: str) -> object:
        return conversation.respond(Move("home", "en", Say(text)))

    def marked(text: str) -> object:
        return draft.marks(guidance, text, personal=False)

    base = taken(fold, asked)
    middle = base[len(base) // 2]
    print(f"each text, one core (baseline: folding it, p50 {middle:.3f} ms)")
    for name, run, given in (
        ("topic, scope and language", lambda text: understand.meaning(guidance, text, "en"), asked),
        ("danger or not", lambda text: understand.is_crisis(guidance, text), asked),
        ("the whole reply", replied, asked),
        ("the marks of a draft", marked, drafts),
        ("the longest text that is read", replied, longest),
    ):
        found = taken(run, given)
        p50, p99 = found[len(found) // 2], found[int(len(found) * 0.99)]
        print(
            f"  {name:30} p50 {p50:7.2f} ms  p99 {p99:7.2f} ms   {p50 / middle:.1f} of the baseline"
        )
    bench_growth(guidance)


def bench_growth(guidance: Guidance) -> None:
    """Four times the letters: four where work grows with the length, sixteen with its square."""
    most: dict[str, tuple[float, str]] = {}
    for kind, name, read_text in readings(guidance):
        less, more = (least(read_text, of_bytes(PIECES[kind], size)) for size in (30_000, 120_000))
        most[name] = max(most.get(name, (0.0, "")), (more / less, kind))
    print("a text four times as long: so many times the work, of the kind for which it is most")
    for name, (times, kind) in most.items():
        print(f"  {name:30} {times:5.1f}   {kind}")


def least(run: Callable[[str], object], text: str) -> float:
    """Seconds, the least of some rounds: what else the machine does can only add."""
    found = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        run(text)
        found.append(time.perf_counter() - begin)
    return min(found)


if __name__ == "__main__":
    bench(read_guidance(HOME, None, None)[0])
