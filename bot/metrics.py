"""What may be measured, and under which name? Times, counts and ages; never a person or a word.

Every label has few values, all of them ours or of a platform's own list of codes, so that neither
what somebody typed nor an id can become one.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from bot.health import State

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
"""Three seconds are what Slack waits for an answer."""

_CODE: Final = re.compile(r"[A-Za-z_]{1,40}|status_[1-5][0-9]{2}", re.ASCII)
"""What a platform's code looks like; but for an HTTP status it holds no digit: it can be no id."""

_MOST_CODES: Final = 60
OTHER: Final = "other"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in the store: rows to send, seconds since the oldest was made, and set aside."""

    count: int
    oldest: float
    parked: int


class Metrics:
    """The numbers of one process."""

    def __init__(self) -> None:
        # Else each number comes with the moment at which it was first more than nothing.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        mine = self._registry
        self._requests = Histogram(
            "cairn_request_seconds", "Time to answer a request, by route and status.",
            ["route", "status"], buckets=_SECONDS, registry=mine,
        )  # fmt: skip
        self._calls = Histogram(
            "cairn_platform_call_seconds", "Time of a call to a platform, by its outcome.",
            ["platform", "outcome"], buckets=_SECONDS, registry=mine,
        )  # fmt: skip
        self._errors = Counter(
            "cairn_platform_errors", "Calls that a platform did not do, by its own code.",
            ["platform", "code"], registry=mine,
        )  # fmt: skip
        self._lines = Counter(
            "cairn_log_lines", "Lines in the log, by level.", ["level"], registry=mine
        )
        self._slowed = Counter(
            "cairn_slowed", "Requests of somebody who asks too fast, by route.", ["route"],
            registry=mine,
        )  # fmt: skip
        self._parts = Gauge(
            "cairn_part_up", "1 where a part does its work.", ["part"], registry=mine
        )
        self._ready = Gauge("cairn_ready", "1 where people are answered here.", registry=mine)
        self._guidance = Gauge(
            "cairn_guidance_info", "The version of the guidance that is said.", ["version"],
            registry=mine,
        )  # fmt: skip
        self._review = Gauge(
            "cairn_guidance_review_days",
            "Days until the next walk is to be reviewed; less than nothing after that.",
            registry=mine,
        )
        self._outbox = Gauge("cairn_outbox_rows", "Things that wait to be sent.", registry=mine)
        self._oldest = Gauge(
            "cairn_outbox_oldest_seconds", "Since when the oldest of them waits.", registry=mine
        )
        self._parked = Gauge(
            "cairn_outbox_parked", "Things that could not be sent and were set aside.",
            registry=mine,
        )  # fmt: skip
        self._work = Gauge(
            "cairn_work_waiting", "Pieces of work that go on after an answer.", ["platform"],
            registry=mine,
        )  # fmt: skip
        self._codes: set[str] = set()

    # -- what happens

    def request(self, route: str, status: int, seconds: float) -> None:
        """Note that a request was answered."""
        self._requests.labels(route, str(status)).observe(seconds)

    def call(self, platform: str, outcome: str, seconds: float) -> None:
        """Note a call to a platform: its HTTP status, ``unreachable`` or ``foreign``."""
        self._calls.labels(platform, outcome).observe(seconds)

    def failed(self, platform: str, code: str) -> None:
        """Note that a platform did not do something, by its word for why."""
        if not _CODE.fullmatch(code) or (
            code not in self._codes and len(self._codes) >= _MOST_CODES
        ):
            code = OTHER
        self._codes.add(code)
        self._errors.labels(platform, code).inc()

    def slowed(self, route: str) -> None:
        """Note that somebody was asked to go slower."""
        self._slowed.labels(route).inc()

    def count_lines(self) -> logging.Handler:
        """Return a handler that counts the lines of a log."""
        return _Lines(self._lines)

    # -- what is so now

    def show(self, state: State, version: str, review_days: int, waiting: Waiting | None) -> None:
        """Note what is true now; what waits is not known where the store does not answer."""
        self._ready.set(state.ready)
        for part, works in state.parts.items():
            self._parts.labels(part).set(works)
        self._guidance.clear()
        self._guidance.labels(version).set(1)
        self._review.set(review_days)
        unknown = float("nan")
        self._outbox.set(waiting.count if waiting is not None else unknown)
        self._oldest.set(waiting.oldest if waiting is not None else unknown)
        self._parked.set(waiting.parked if waiting is not None else unknown)

    def work(self, platform: str, count: int) -> None:
        """Note how much work of a channel has not ended yet."""
        self._work.labels(platform).set(count)

    def page(self) -> bytes:
        """Return all of it in the text form of Prometheus."""
        return generate_latest(self._registry)


class _Lines(logging.Handler):
    def __init__(self, counter: Counter) -> None:
        super().__init__()
        self._counter = counter

    def emit(self, record: logging.LogRecord) -> None:
        self._counter.labels(record.levelname.lower()).inc()
