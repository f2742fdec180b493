"""Is a known vulnerability in what Cairn runs on? ``make audit`` asks the advisory services.

    python -m tests.audit           # 0: none is known; 1: one is; 2: it could not be asked

The versions are those of ``requirements.lock``, by their hashes. A service that does not know a
package says nothing about it, and ``pip-audit`` takes that for good; here it counts as not asked.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"
SERVICES = ("pypi", "osv")
NONE_KNOWN, VULNERABLE, NOT_ASKED = 0, 1, 2


def asked(service: str) -> tuple[str, str]:
    """What ``pip-audit`` says of the lock, and what it complains about."""
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip",
               "-r", str(LOCK), "-s", service, "-f", "json", "--progress-spinner", "off",
               "--timeout", "15"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout, done.stderr


def verdict(service: str, output: str, complaint: str) -> tuple[int, list[str]]:
    """What follows from an answer, and the lines that say so."""
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError):
        last = (complaint.strip().splitlines() or ["no answer"])[-1]
        return NOT_ASKED, [f"{service}: could not be asked: {last[:200]}"]
    found = [
        f"{one['name']} {one['version']}: {flaw['id']}, mended in "
        f"{', '.join(flaw['fix_versions']) or 'no version yet'}"
        for one in packages
        for flaw in one.get("vulns", ())
    ]
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    if found:
        return VULNERABLE, found
    if skipped or not packages:
        told = f"{service}: {len(skipped)} of {len(packages)} packages could not be asked about"
        return NOT_ASKED, [told]
    return NONE_KNOWN, [f"{service}: no known vulnerability in {len(packages)} packages"]


def audit(answers: Iterator[tuple[str, str, str]]) -> tuple[int, list[str]]:
    """The verdict of the first service that knows all packages, or else that nobody could tell."""
    told: list[str] = []
    for service, output, complaint in answers:
        status, lines = verdict(service, output, complaint)
        told += lines
        if status != NOT_ASKED:
            return status, told
    return NOT_ASKED, [*told, "the audit was NOT made: run it where an advisory service answers"]


def main(services: Sequence[str] = SERVICES) -> int:
    status, lines = audit((service, *asked(service)) for service in services)
    print("\n".join(lines))  # noqa: T201
    return status


if __name__ == "__main__":
    sys.exit(main())
