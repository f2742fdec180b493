"""Is what the documents say true? Settings, commands, the tree of the guides, and clean files."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from bot.cli.arguments import parser_of_all
from bot.guidance.check import check_file
from bot.settings import Settings
from tests.conftest import ROOT, TODAY

READMES = ("README.md", "LISEZMOI.md")
GUIDES = ("docs/authors/README.md", "docs/authors/LISEZMOI.md")


@pytest.mark.parametrize("name", READMES)
def test_every_setting_is_documented_and_no_other(name: str):
    documented = set(re.findall(r"`(CAIRN_[A-Z_]+)`", (ROOT / name).read_text()))
    assert documented == {f"CAIRN_{field.upper()}" for field in Settings.model_fields}


@pytest.mark.parametrize("name", GUIDES)
def test_every_command_that_a_guide_names_exists(name: str):
    named = set(re.findall(r"`cairn ([a-z]+)", (ROOT / name).read_text()))
    known = parser_of_all()._subparsers
    assert known is not None
    commands = set(known._group_actions[0].choices or ())
    assert named <= commands
    assert {"check", "chat", "show", "graph", "print", "routes"} <= named


@pytest.mark.parametrize("name", GUIDES)
def test_the_tree_of_a_guide_passes_the_check(name: str, tmp_path: Path):
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)
    tree = tmp_path / "tree.yaml"
    tree.write_text("".join(blocks[:3]))
    problems = check_file(ROOT, tree, TODAY).problems
    assert {problem.code for problem in problems} == {"C805"}


@pytest.mark.parametrize("name", [*READMES, *GUIDES, "tests/README.md"])
def test_links_within_the_repository_lead_somewhere(name: str):
    path = ROOT / name
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_no_file_names_a_path_of_a_machine_or_the_address_of_an_index():
    listed = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    names = [name for name in listed.stdout.decode().split("\0") if name]
    assert names
    forbidden = re.compile(
        r"/(?:home|root|Users)/[a-z]|(?<!emit-)index[-]url|\"resolved\": *\"http"
    )
    for name in names:
        path = ROOT / name
        if path.suffix in (".png", ".svg"):
            continue
        text = path.read_bytes().decode("utf-8", errors="replace")
        assert not forbidden.search(text), name
