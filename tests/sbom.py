"""Of what is Cairn made, and under which licences? A CycloneDX list of it, by ``make sbom``.

    python -m tests.sbom build/sbom.cdx.json

The official tool reads ``requirements.lock``; the licences are those that the installed packages
declare. The same lock gives the same bytes.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
PINNED = re.compile(r"(?m)^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)")

_BY_CLASSIFIER = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_IN_WORDS = {"Apache 2.0": "Apache-2.0", "MIT License": "MIT"}


def locked(text: str) -> dict[str, str]:
    """The packages of a lock and their versions."""
    return dict(PINNED.findall(text))


@cache
def licence_of(package: str) -> str | None:
    """The licence that a package declares, as an SPDX expression; none where it is not here."""
    try:
        declared = metadata(package)
    except PackageNotFoundError:
        return None
    if expression := declared.get("License-Expression"):
        return str(expression)
    named = [line.rpartition(":: ")[2] for line in declared.get_all("Classifier") or ()
             if line.startswith("License ::")]  # fmt: skip
    if named and all(name in _BY_CLASSIFIER for name in named):
        return " OR ".join(_BY_CLASSIFIER[name] for name in named)
    words = str(declared.get("License") or "").strip()
    return _IN_WORDS.get(words, words)


def made() -> str:
    """The list, as the text of a JSON file."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements", "--no-validate",
         "--short-PURLs",
         "--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible", str(LOCK)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    bill: dict[str, Any] = json.loads(done.stdout)
    for part in bill["components"]:
        del part["description"]  # the line of the lock once more, without end
        for place in part.pop("externalReferences", ()):
            part["hashes"] = place["hashes"]  # where it was fetched from is nobody's matter
        if licence := licence_of(part["name"]):
            part["licenses"] = [{"expression": licence}]
    return json.dumps(bill, indent=1, sort_keys=True) + "\n"


def main() -> None:
    place = Path(sys.argv[1])
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(made(), "utf-8")
    print(f"{place}: {len(locked(LOCK.read_text('utf-8')))} packages")  # noqa: T201


if __name__ == "__main__":
    main()
