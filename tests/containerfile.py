"""What does the Containerfile say, and which files does a builder get to see?"""

from __future__ import annotations

import io
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dockerfile_parse import DockerfileParser

ROOT: Final = Path(__file__).resolve().parent.parent
FILE: Final = ROOT / "deploy" / "container" / "Containerfile"
_SKIPPED: Final = {".git", ".venv", "node_modules"}
"""Large folders that are not even looked through; the test of .dockerignore holds them out too."""


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction, its lines joined."""

    instruction: str
    value: str
    line: int


def steps_of(file: Path) -> list[Step]:
    """Return the instructions of a Containerfile in order, without comments."""
    parser = DockerfileParser(fileobj=io.BytesIO(file.read_bytes()))
    return [
        Step(one["instruction"], re.sub(r"\s{2,}", " ", one["value"]), one["startline"] + 1)
        for one in parser.structure
        if one["instruction"] != "COMMENT"
    ]


def stages(file: Path) -> list[tuple[str, str, list[Step]]]:
    """Return for each stage what it begins with, its name, and its steps."""
    found: list[tuple[str, str, list[Step]]] = []
    for step in steps_of(file):
        if step.instruction == "FROM":
            source, _, name = step.value.split(" ")
            found.append((source, name, []))
        else:
            found[-1][2].append(step)
    return found


def words(value: str) -> list[str]:
    """Return the words of an instruction, quotation marks resolved."""
    return shlex.split(value)


def is_offered(path: str, rules: list[str]) -> bool:
    """Tell whether .dockerignore lets a file through; the last rule that matches decides."""
    offered = True
    for rule in rules:
        pattern = re.escape(rule.removeprefix("!")).replace(r"\*\*/", "(?:.*/)?")
        if re.fullmatch(pattern.replace(r"\*", "[^/]*") + "(?:/.*)?", path):
            offered = rule.startswith("!")
    return offered


def rules_of(folder: Path) -> list[str]:
    """Return the rules of a folder's .dockerignore."""
    lines = (folder / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def context(folder: Path) -> list[Path]:
    """Return the files of a folder that a builder gets to see, by their paths in it."""
    rules = rules_of(folder)
    found = []
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - _SKIPPED)
        paths = [(Path(at) / name).relative_to(folder) for name in sorted(files)]
        found += [path for path in paths if is_offered(path.as_posix(), rules)]
    return found
