"""How much is tried each time (`make test`), beside it (`make long`), or at most (`make proof`)?"""

from __future__ import annotations

import os
from typing import Final

import pytest

WHOLE: Final = os.environ.get("WHOLE") == "1"
"""Set by `make proof`; the tests are the same, only more or longer."""


def sized(some: int, whole: int) -> int:
    """Return how many, or how long: as usual, or at the whole size."""
    return whole if WHOLE else some


def one_now(*values: object) -> list[object]:
    """Return values for a test: `make test` takes the first, `make long` all others."""
    first, *others = values
    return [first, *(pytest.param(other, marks=pytest.mark.long) for other in others)]
