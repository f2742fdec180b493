"""How much is tried: what fits into ten minutes (`make test`), or all of it (`make proof`)?"""

from __future__ import annotations

import os
from typing import Final

WHOLE: Final = os.environ.get("WHOLE") == "1"
"""Set by `make proof`; the tests are the same, only more or longer."""


def sized(some: int, whole: int) -> int:
    """Return how many, or how long, by which of the two runs."""
    return whole if WHOLE else some
