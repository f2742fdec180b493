"""JSON Schemas made from Slack's own published types, at test time, and validators over them.

`problems("ModalPayload", view)` answers a list of sentences, each with a JSON pointer; an empty
list means that the payload is what the types say. The names are those that `types.ts` exports.
Node makes the schemas once for given versions of the packages; they are kept in a cache under
`node_modules` and never committed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import pytest
from jsonschema import Draft7Validator, ValidationError
from jsonschema.exceptions import best_match
from jsonschema.validators import extend

HERE = Path(__file__).parent
MODULES = HERE.parent.parent / "node_modules"
CACHE = MODULES / ".cache" / "cairn-slack"
PACKAGES = ("@slack/types", "@slack/bolt", "@slack/web-api", "ts-json-schema-generator")
NODE = shutil.which("node")
HOW = "npm ci --prefix tests"


def missing() -> str | None:
    """Why the schemas cannot be made here, or nothing."""
    if NODE is None:
        return f"needs Node (apt-get install nodejs npm), then: {HOW}"
    if not all((MODULES / name / "package.json").exists() for name in PACKAGES):
        return f"needs Slack's types from npm: {HOW}"
    return None


@cache
def definitions() -> dict[str, Any]:
    """All schemas by name; where they cannot be made, the test is skipped and says the command."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    digest = hashlib.sha256()
    for name in PACKAGES:
        package = json.loads((MODULES / name / "package.json").read_text("utf-8"))
        digest.update(f"{name}@{package['version']}\n".encode())
    for name in ("generate.mjs", "types.ts", "tsconfig.json"):
        digest.update((HERE / name).read_bytes())
    made = CACHE / f"{digest.hexdigest()[:32]}.json"
    if not made.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with (CACHE / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # one of the xdist workers makes them, the rest wait
            if not made.exists():
                half = made.with_suffix(".half")
                assert NODE is not None
                command = [NODE, str(HERE / "generate.mjs"), str(half)]
                subprocess.run(command, check=True, timeout=120)
                half.rename(made)
    found: dict[str, Any] = json.loads(made.read_text("utf-8"))["definitions"]
    return found


def problems(name: str, payload: object) -> list[str]:
    """What the types do not allow in the payload, as sentences with a JSON pointer.

    Whether there is anything wrong is found out quickly, and what it is only where there is.
    """
    if _judge(name).is_valid(payload):
        return []
    found = [_sentence(error) for error in _validator(name).iter_errors(payload)]
    assert found, f"{name}: one validator refuses what the other takes"
    return found


def _sentence(error: ValidationError) -> str:
    if error.context:
        error = best_match([error]) or error
    pointer = "".join(f"/{part}" for part in error.absolute_path)
    return f"{error.message[:200]} [json-pointer:{pointer}]"


@cache
def _judge(name: str) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(_schema(name), validate_formats=False)


@cache
def _validator(name: str) -> Draft7Validator:
    validator: Draft7Validator = _Validator(_schema(name))
    return validator


def _schema(name: str) -> dict[str, Any]:
    made = definitions()
    if name not in made:
        raise KeyError(f"types.ts exports no {name}")
    return {"$ref": f"#/definitions/{name}", "definitions": made}


def _consts(branch: dict[str, Any]) -> frozenset[str] | None:
    """The values of `type` that a branch of a union is for; None where it is for no certain one."""
    if "$ref" in branch:
        target = definitions()[unquote(branch["$ref"].removeprefix("#/definitions/"))]
        return _consts(target)
    if "anyOf" in branch:
        parts = [_consts(part) for part in branch["anyOf"]]
        if any(part is None for part in parts):
            return None
        return frozenset().union(*[part for part in parts if part is not None])
    said = branch.get("properties", {}).get("type", {})
    if "const" in said:
        return frozenset([said["const"]])
    return frozenset(said["enum"]) if "enum" in said else None


_branches: dict[int, list[frozenset[str] | None]] = {}


def _any_of(
    validator: Draft7Validator, branches: list[dict[str, Any]], instance: object, schema: object
) -> Iterator[ValidationError]:
    """Like the keyword `anyOf`, but a `type` picks the branch: errors are exact, and it is fast."""
    kind = instance.get("type") if isinstance(instance, dict) else None
    fitting = list(enumerate(branches))
    if isinstance(kind, str):
        consts = _branches.setdefault(id(branches), [_consts(branch) for branch in branches])
        fitting = [(at, branches[at]) for at, of in enumerate(consts) if of is None or kind in of]
        if not fitting:
            known = sorted(frozenset().union(*[of for of in consts if of is not None]))
            yield ValidationError(f"{kind!r} is not one of the types known here: {known}")
            return
    fewest: list[ValidationError] | None = None
    for at, branch in fitting:
        errors = list(validator.descend(instance, branch, schema_path=at))
        if not errors:
            return
        if fewest is None or len(errors) < len(fewest):
            fewest = errors
    yield from fewest or []


_Validator = extend(Draft7Validator, {"anyOf": _any_of})
