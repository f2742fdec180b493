"""What many tests share: the shipped guidance, a clock that stands still, and conversations."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.app import read_guidance
from bot.conversation import Conversation
from bot.guidance.load import Files, gather
from bot.guidance.model import Guidance
from bot.guidance.problems import Report
from bot.organization import Organization

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "deploy" / "organization.yaml"
TODAY = date(2026, 11, 20)
LOGGED = max(
    TODAY,
    *map(
        date.fromisoformat,
        re.findall(r"(?m)^  - on: (\S+)", (ROOT / "content" / "changes.yaml").read_text()),
    ),
)
"""A day on which the content may be checked whole: no entry of the change log lies ahead."""

NOON = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
"""A Friday, noon in Toronto."""


def still() -> datetime:
    """The clock of the tests."""
    return NOON


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    """Where everything is installed (CI=true), a skipped test is a failure."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped, and nothing may be skipped here: {report.longrepr}"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of whoever runs the tests reaches them."""
    for name in list(os.environ):
        if name.startswith("CAIRN_") or name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def files() -> Files:
    report = Report()
    found = gather(ROOT, report)
    assert report.problems == []
    return found


@pytest.fixture(scope="session")
def guidance() -> Guidance:
    return read_guidance(ROOT, None, TODAY)[0]


@pytest.fixture(scope="session")
def organized() -> tuple[Guidance, Organization]:
    guidance, organization = read_guidance(ROOT, SAMPLE, TODAY)
    assert organization is not None
    return guidance, organization


@pytest.fixture(scope="session")
def conversation(guidance: Guidance) -> Conversation:
    return Conversation(guidance, None, still)


@pytest.fixture(scope="session")
def department(organized: tuple[Guidance, Organization]) -> Conversation:
    return Conversation(*organized, still)


@pytest.fixture
def clock_at() -> Callable[[str], Callable[[], datetime]]:
    """A clock that stands still at a moment written as ISO 8601 with its offset."""

    def at(moment: str) -> Callable[[], datetime]:
        return lambda: datetime.fromisoformat(moment)

    return at
