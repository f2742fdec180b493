"""Is what Cairn runs on fixed, declared, licensed and listed?"""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.audit import NONE_KNOWN, NOT_ASKED, VULNERABLE, audit, verdict
from tests.sbom import LOCK, ROOT, licence_of, locked, made

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = (LOCK, ROOT / "requirements-dev.lock")

ALLOWED = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0",
    "PSF-2.0",
}  # fmt: skip
"""Licences under which a department may run, change and hand on what it got."""

DATA = {"tzdata"}
"""Declared and not imported: the standard library reads it."""

LEARNS = {"numpy", "scipy", "scikit-learn"}
"""For ``make learn`` alone, which is no part of what runs."""

COMES_WITH = {
    "botframework-connector": "botbuilder-core",
    "markupsafe": "jinja2",
    "pydantic": "pydantic-settings",
    "pyjwt": "msal",
    "yarl": "aiohttp",
}
"""What we import of a dependency's own dependency, and by which one it comes."""


def declared() -> set[str]:
    return {canonicalize_name(Requirement(one).name) for one in PROJECT["project"]["dependencies"]}


def imported(folder: Path) -> dict[str, set[str]]:
    """The packages that the modules of a folder import, and which modules do."""
    owners = packages_distributions()
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names.append(node.module or "")
            for name in names:
                top = name.partition(".")[0]
                if top in sys.stdlib_module_names or top == "bot":
                    continue
                for owner in _owners(name, owners.get(top, [top])):
                    found.setdefault(canonicalize_name(owner), set()).add(path.name)
    return found


def _owners(name: str, owners: list[str]) -> list[str]:
    """The packages that a name comes from; the SDK of Microsoft shares its first part."""
    if len(set(owners)) < 2:
        return owners[:1]
    return [one for one in set(owners) if name.replace(".", "-").startswith(one)] or owners[:1]


# ---- the lock


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_everything_is_pinned_to_one_version_with_hashes_and_nothing_names_an_index(lock: Path):
    text = lock.read_text("utf-8")
    entries = [one for one in re.split(r"(?m)^(?=[A-Za-z0-9])", text) if one.strip()
               and not one.startswith("#")]  # fmt: skip
    assert len(entries) > 40
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+(\[[\w,-]+\])?==[^\s;=]+", entry), entry[:60]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry[:60]
    assert not re.search(r"https?://|--index|--find-links|--trusted|@ |\bgit\+", text)


def test_the_lock_holds_all_that_is_declared_in_the_version_that_is_declared():
    versions = {canonicalize_name(name): version for name, version in
                locked(LOCK.read_text("utf-8")).items()}  # fmt: skip
    for one in map(Requirement, PROJECT["project"]["dependencies"]):
        assert versions[canonicalize_name(one.name)] in one.specifier, one


# ---- what is imported


def test_what_is_imported_is_declared():
    found = imported(ROOT / "bot")
    missing = set(found) - declared() - LEARNS - set(COMES_WITH)
    assert {name: found[name] for name in missing} == {}
    assert set(COMES_WITH) <= set(found), "no exception without a use"


@pytest.mark.parametrize(("name", "through"), sorted(COMES_WITH.items()))
def test_what_comes_with_a_dependency_is_what_that_one_itself_needs(name: str, through: str):
    assert through in declared()
    needs = {canonicalize_name(Requirement(one).name) for one in requires(through) or ()}
    assert name in needs


def test_what_is_declared_is_imported():
    found = set(imported(ROOT / "bot"))
    assert declared() - found - {COMES_WITH[name] for name in found & set(COMES_WITH)} == DATA


def test_what_learns_is_imported_by_nothing_that_runs():
    found = imported(ROOT / "bot")
    assert set.union(*(found.get(name, set()) for name in LEARNS)) <= {"learn.py"}


# ---- licences


def test_every_package_that_runs_has_a_licence_that_is_allowed():
    for name in locked(LOCK.read_text("utf-8")):
        licence = licence_of(name)
        assert licence is not None, f"{name} is not installed"
        parts = re.split(r" (?:AND|OR|WITH) ", licence.replace("(", "").replace(")", ""))
        assert set(parts) <= ALLOWED, (name, licence)


# ---- the list of parts


@pytest.fixture(scope="module")
def bill() -> str:
    return made()


def test_the_list_of_parts_is_what_its_schema_wants(bill: str):
    version = SchemaVersion.from_version(json.loads(bill)["specVersion"])
    assert JsonStrictValidator(version).validate_str(bill) is None
    broken = bill.replace('"bomFormat"', '"bomFormatt"')
    assert JsonStrictValidator(version).validate_str(broken) is not None


def test_the_list_of_parts_names_all_of_the_lock_with_licences_and_hashes(bill: str):
    parts = json.loads(bill)["components"]
    assert {p["name"]: p["version"] for p in parts} == locked(LOCK.read_text("utf-8"))
    assert all(part["hashes"] and part["licenses"] for part in parts)
    assert json.loads(bill)["metadata"]["component"]["name"] == PROJECT["project"]["name"]
    assert "://" not in json.dumps(parts), "it names no place that somebody fetched from"


def test_the_same_lock_gives_the_same_list(bill: str):
    assert made() == bill


# ---- the audit


def answer(*packages: dict[str, object]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


GOOD = {"name": "one", "version": "1", "vulns": []}
SKIPPED = {"name": "two", "skip_reason": "Dependency not found on PyPI"}
FLAW = {"id": "PYSEC-1", "fix_versions": ["2"], "aliases": [], "description": "long"}
BAD = {"name": "three", "version": "1", "vulns": [FLAW]}


@pytest.mark.parametrize(
    ("output", "status", "words"),
    [
        (answer(GOOD), NONE_KNOWN, "no known vulnerability in 1 packages"),
        (answer(GOOD, BAD), VULNERABLE, "three 1: PYSEC-1, mended in 2"),
        (answer(GOOD, SKIPPED, BAD), VULNERABLE, "PYSEC-1"),
        (answer(GOOD, SKIPPED), NOT_ASKED, "1 of 2 packages could not be asked about"),
        (answer(), NOT_ASKED, "0 of 0"),
        ("", NOT_ASKED, "could not be asked: no route"),
        ("{}", NOT_ASKED, "could not be asked"),
    ],
)
def test_only_an_answer_about_every_package_is_an_all_clear(output: str, status: int, words: str):
    found, lines = verdict("pypi", output, "much ado\nno route\n")
    assert found == status
    assert words in lines[0]


def test_where_nobody_could_be_asked_it_says_so_and_is_no_success():
    status, lines = audit(iter([("pypi", "", "x"), ("osv", answer(SKIPPED), "")]))
    assert status == NOT_ASKED
    assert "NOT made" in lines[-1]


def test_where_one_service_does_not_answer_the_other_is_asked():
    status, _ = audit(iter([("pypi", "", "x"), ("osv", answer(GOOD), "")]))
    assert status == NONE_KNOWN
