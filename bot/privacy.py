"""What may be written to a log? Never anything a person typed, and never a request."""

from __future__ import annotations

import logging
import sys
from typing import Final

OWN: Final = "cairn"
"""The logger that Cairn writes to itself; its messages hold no data of a request."""


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


def where_of(error: BaseException) -> str:
    """Return the function and line in which ``error`` was raised; never its words."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "?"


def set_up_logging() -> None:
    """Send records to standard error, through the filter."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(NoContent())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # At each start it tells a dozen times that the tables are as they should be.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
