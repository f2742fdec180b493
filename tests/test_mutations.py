"""Is whatever comes in answered kindly or refused, however broken, and never with an error?

The same as ``python -m tests.mutate --bodies 100000``, with as many bodies as there is time for.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.mutate import FEWEST, MORE_MEMORY, OF_BODIES, changed, whole_run

REFUSED = (400, 401, 403, 404, 413, 415)


@pytest.mark.long
async def test_whatever_comes_in_is_answered_kindly_or_refused_and_leaves_nothing(tmp_path: Path):
    found = await whole_run(tmp_path, FEWEST, seed=1)
    assert found.wrong == []
    assert found.grown < MORE_MEMORY
    assert found.bodies == FEWEST
    # Something of all of them got in, and something was refused: else this would prove nothing.
    for port in ("slack", "teams", "web"):
        statuses = found.statuses[port]
        assert statuses[200] > statuses.total() // 5, port
        assert sum(statuses[one] for one in REFUSED) > statuses.total() // 10, port
    assert found.statuses["slack"][401] > 0
    assert found.statuses["teams"][401] > 0
    assert found.statuses["teams"][403] > 0
    assert found.statuses["socket"][200] > 0
    assert found.statuses["raw"][400] > 0


def test_a_body_is_changed_in_the_same_way_whenever_it_is_asked_for():
    body = {"type": "block_actions", "user": {"id": "U1"}, "actions": [{"value": "x"}]}
    one, other = (changed(random.Random("3 7"), body, OF_BODIES) for _ in range(2))
    assert one == other
    assert any(changed(random.Random(n), body, OF_BODIES) != body for n in range(5))
