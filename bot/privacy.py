"""What may be written to a log? Never anything a person typed, and never a request."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

OWN: Final = "cairn"
"""The logger that Cairn writes to itself; its messages hold no data of a request."""


_BETWEEN: Final = 60.0
_MOST_LINES: Final = 1_000


class NoContent(logging.Filter):
    """Lets Cairn's own records through, and reduces any other to its origin and error type.

    Libraries put bodies, headers and addresses into messages and tracebacks; so of a record that
    is not ours only the logger, the level and the type of the exception remain.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Strip a foreign record of everything that may hold content."""
        if record.name != OWN:
            error = record.exc_info[0] if record.exc_info else None
            record.msg = f"{error.__name__}" if error else "message withheld"
            record.args = None
        record.exc_info = None
        record.exc_text = None
        record.stack_info = None
        return True


class NoBadRequests(logging.Filter):
    """Leaves out what the HTTP library tells of requests that are none: anybody can send those."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is of anything else."""
        error = record.exc_info[0] if record.exc_info else None
        return error is None or not error.__module__.startswith("aiohttp.http")


class NotAgain(logging.Filter):
    """Lets the same line of a library through once a minute, so that it buries no other.

    A library may tell of each connection for which there is no room, thousands of times a second.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a monotonic clock in seconds."""
        super().__init__()
        self._clock = clock
        self._told: dict[tuple[str, int, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is ours, or was not told within the last minute."""
        if record.name == OWN:
            return True
        now, line = self._clock(), (record.name, record.levelno, record.getMessage())
        if now < self._told.get(line, now):
            return False
        if len(self._told) >= _MOST_LINES:
            self._told.clear()
        self._told[line] = now + _BETWEEN
        return True


def where_of(error: BaseException) -> str:
    """Return the function and line in which ``error`` was raised; never its words."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "?"


class Lines(logging.Formatter):
    """Writes a record as one line of JSON with four fields, and no other, whatever it holds.

    ``at`` is the time (UTC), ``level`` how grave it is, ``by`` the logger, ``event`` the sentence.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = {
            "at": at,
            "level": record.levelname.lower(),
            "by": record.name,
            "event": record.getMessage(),
        }
        return json.dumps(fields, ensure_ascii=False)


def set_up_logging(counting: logging.Handler | None = None) -> None:
    """Send records to standard error, through the filter; ``counting`` is told of them as well.

    A person at a terminal reads plain lines, whatever gathers logs reads JSON.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(NoContent())
    handler.addFilter(NotAgain())
    plain = "%(asctime)s %(levelname)s %(name)s %(message)s"
    handler.setFormatter(logging.Formatter(plain) if sys.stderr.isatty() else Lines())
    handlers = [handler] if counting is None else [handler, counting]
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    # At each start it tells a dozen times that the tables are as they should be.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("aiohttp.server").addFilter(NoBadRequests())
    logging.captureWarnings(capture=True)
