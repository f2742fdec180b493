"""Is the privacy and security sheet true? Columns, threats and their tests, in both languages."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot import seal
from bot.channels import memory
from bot.channels.teams import graph, tokens
from bot.desk import acts, readers
from bot.disclosure import STEP
from bot.metrics import Metrics
from bot.privacy import Lines
from bot.settings import Settings
from bot.store import seen
from bot.store.tables import metadata
from tests.conftest import ROOT

SHEETS = ("docs/security/security.md", "docs/security/securite.md")
STARTERS = ("docs/security/pia.md", "docs/security/efvp.md")
GUIDES = ("docs/operators/running.md", "docs/operators/exploitation.md")
PAGES = (
    *SHEETS,
    *STARTERS,
    *GUIDES,
    "SECURITY.md",
    "docs/operators/slack.md",
    "docs/operators/slack-fr.md",
    "docs/operators/teams.md",
    "docs/operators/teams-fr.md",
)
TWINS = (
    SHEETS,
    STARTERS,
    GUIDES,
    ("docs/operators/slack.md", "docs/operators/slack-fr.md"),
    ("docs/operators/teams.md", "docs/operators/teams-fr.md"),
)
THREATS = [f"T{number}" for number in range(1, 33)]
NOT_COVERED = ("Not covered, because ", "Non couvert, parce qu")
TEST = re.compile(r"`(test_\w+\.py)::(\w+)`")
COLUMN = re.compile(r"`([a-z_]+)\.([a-z_]+)`")
OURS = re.compile(
    r"`((?:bot|content|deploy|dialogs|docs|tests)/[\w./-]+|requirements\.lock|Makefile)`"
)


def section(page: str, number: int) -> str:
    """Return the section of a page that begins with ``## number.``."""
    text = (ROOT / page).read_text()
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found is not None, f"{page} has no section {number}"
    return found[0]


def rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of each row of the tables of a text, without their heads."""
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("| |"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


@cache
def names_of(name: str) -> frozenset[str]:
    """Return the names of the tests of a file."""
    path = ROOT / "tests" / name
    assert path.exists(), f"{name} does not exist"
    tree = ast.parse(path.read_text())
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    ) | frozenset(
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.startswith("test_")
    )


@pytest.mark.parametrize("page", SHEETS)
def test_every_column_of_the_database_is_in_the_sheet_and_no_other(page: str):
    named = COLUMN.findall(section(page, 3))
    real = {
        (table.name, column.name) for table in metadata.sorted_tables for column in table.columns
    }
    assert set(named) == real
    assert len(named) == len(set(named)), "a column stands there twice"


@pytest.mark.parametrize("page", SHEETS)
def test_each_column_has_its_form_its_time_its_readers_and_its_reason(page: str):
    found = [cells for cells in rows(section(page, 3)) if COLUMN.search(cells[1])]
    assert found
    for cells in found:
        assert len(cells) == 6
        assert all(cells), cells


@pytest.mark.parametrize("page", [*PAGES])
def test_every_test_that_a_page_names_exists(page: str):
    for file, name in TEST.findall((ROOT / page).read_text()):
        assert name in names_of(file), f"{file} has no {name}"


@pytest.mark.parametrize("page", [*SHEETS, *STARTERS])
def test_every_file_that_a_page_names_exists(page: str):
    for name in OURS.findall((ROOT / page).read_text()):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize(("page", "says"), list(zip(SHEETS, NOT_COVERED, strict=True)))
def test_every_threat_has_a_control_and_a_test_or_says_why_not(page: str, says: str):
    found = {cells[0]: cells for cells in rows(section(page, 10)) if cells[0] in THREATS}
    assert list(found) == THREATS
    for cells in found.values():
        assert len(cells) == 5
        assert cells[1], cells[0]
        assert cells[2], cells[0]
        assert OURS.search(cells[3]), cells[0]
        assert TEST.search(cells[4]) or cells[4].startswith(says), cells[0]


def test_both_languages_of_the_sheet_name_the_same_code_and_tests():
    for number in (10, 11, 12):
        english, french = (list(rows(section(page, number)))[1:] for page in SHEETS)
        assert len(english) == len(french)
        for one, other in zip(english, french, strict=True):
            assert TEST.findall(" ".join(one)) == TEST.findall(" ".join(other))
            assert OURS.findall(" ".join(one)) == OURS.findall(" ".join(other))
            assert re.findall(r"\bT\d+\b", one[-1]) == re.findall(r"\bT\d+\b", other[-1])


@pytest.mark.parametrize("page", SHEETS)
def test_every_chapter_of_the_asvs_is_looked_at_and_every_threat_it_points_to_is_there(page: str):
    chapters = [cells[0].split()[0] for cells in rows(section(page, 11))][1:]
    assert chapters == [f"V{number}" for number in range(1, 18)]
    for number in (11, 12):
        assert set(re.findall(r"\bT\d+\b", section(page, number))) <= set(THREATS)


@pytest.mark.parametrize(
    ("page", "number", "days"),
    [
        (page, number, days)
        for page, words in zip(SHEETS, ("days", "jours"), strict=True)
        for number, days in (
            (3, f"{acts.KEPT.days} {words}"),
            (3, f"{acts.KEPT_TO_RESEND.days} {words}"),
        )
    ],
)
def test_the_times_in_the_sheet_are_those_of_the_program(page: str, number: int, days: str):
    assert re.search(rf"\b{days}", section(page, number))


def test_what_the_sheet_says_of_memory_and_places_is_what_the_program_does():
    assert seal.LIFE.total_seconds() == 24 * 3600
    assert memory.LIFE_SECONDS == 30 * 60
    assert readers.LATELY == 30
    assert STEP == 10
    assert seen._KEPT == 24
    for page in SHEETS:
        held = section(page, 4)
        assert "30 minutes" in held
        assert re.search(r"30 sec", held)
        assert re.search(r"24 h", held)
        assert re.search(r"24 h", section(page, 3))


@pytest.mark.parametrize("page", [*SHEETS, *GUIDES])
def test_the_fields_of_a_line_of_the_log_are_those_that_a_page_names(page: str):
    line = Lines().format(logging.LogRecord("cairn", logging.INFO, "", 0, "said", None, None))
    fields = set(re.findall(r'"(\w+)": ', line))
    assert fields
    for name in fields:
        assert f"`{name}`" in (ROOT / page).read_text(), name


@pytest.mark.parametrize("page", PAGES)
def test_the_settings_that_a_page_names_exist(page: str):
    known = {f"CAIRN_{field.upper()}" for field in Settings.model_fields}
    named = set(re.findall(r"\bCAIRN_[A-Z_]+[A-Z]\b", (ROOT / page).read_text()))
    assert {name.removesuffix("_FILE") for name in named} <= known


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page_lead_somewhere(page: str):
    path = ROOT / page
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize(("english", "french"), TWINS)
def test_twins_have_the_same_headings_tables_and_samples(english: str, french: str):
    one, other = (shape(ROOT / page) for page in (english, french))
    assert one == other


def shape(path: Path) -> list[str]:
    """Return what a page is made of, without its words: headings, rows of tables, samples."""
    found: list[str] = []
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            found.append(line.split(" ")[0])
        elif line.startswith("| "):
            found.append(f"{line.count('|')} cells")
        elif line.startswith(("```", "- ")) or re.match(r"\d+\. ", line):
            found.append(line.split(" ")[0])
    return found


@pytest.mark.parametrize("page", [french for _, french in TWINS])
def test_french_pages_have_the_spaces_and_signs_of_french(page: str):
    text = re.sub(
        r"```.*?```|`[^`]*`|https?://\S+", "x", (ROOT / page).read_text(), flags=re.DOTALL
    )
    text = "\n".join(line for line in text.splitlines() if not line.startswith("    "))
    for sign in (" :\n", " : ", "« ", " »", " %", "'", " ;"):
        assert sign not in text, sign
    assert not re.search(r"[^\u00a0] ?»", text)
    assert not re.search(r"«[^\u00a0]", text)


@pytest.mark.parametrize("page", STARTERS)
def test_the_consent_in_the_starter_is_what_people_read(page: str):
    phrases = (ROOT / "content/phrases.yaml").read_text()
    quoted = [
        line.removeprefix("> ")
        for line in (ROOT / page).read_text().splitlines()
        if line.startswith("> ")
    ]
    assert len(quoted) == 6
    for line in quoted:
        assert f'"{line}"' in phrases, line


@pytest.mark.parametrize("page", GUIDES)
def test_the_guide_explains_every_metric_and_no_other(page: str):
    told = Metrics().page().decode()
    ours = {
        f"{name}_total" if kind == "counter" and not name.endswith("_total") else name
        for name, kind in re.findall(r"^# TYPE (cairn_\w+) (\w+)$", told, re.MULTILINE)
        if not name.endswith("_created")
    }
    assert ours
    assert {cells[0].strip("`") for cells in rows(section(page, 7))} - {"name", "nom"} == ours


@pytest.mark.parametrize("page", GUIDES)
def test_the_firewall_opens_to_every_host_that_is_called(page: str):
    listed = section(page, 9)
    settings = Settings()
    for name in (*settings.teams_service_hosts.split(","), graph.HOST):
        assert f"`{name}`" in listed, name
    for address in (settings.slack_api_url, settings.teams_metadata_url, tokens._AUTHORITY):
        assert f"`{urlsplit(address).hostname}`" in listed, address
