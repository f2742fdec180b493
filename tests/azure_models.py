"""Are the resources of a Bicep template such as Microsoft's own models of them say?

No Bicep compiler is to be had from a package index. The template is read by a parser (pycep), and
each resource is held against the models in Microsoft's libraries for Python, which are made from
the same published descriptions as Bicep's types: every name, fixed choice and type of a value.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final

from pycep import BicepParser

MODELS: Final = {
    "Microsoft.App/containerApps": ("appcontainers", "ContainerApp"),
    "Microsoft.App/managedEnvironments": ("appcontainers", "ManagedEnvironment"),
    "Microsoft.App/managedEnvironments/httpRouteConfigs": ("appcontainers", "HttpRouteConfig"),
    "Microsoft.BotService/botServices": ("botservice", "Bot"),
    "Microsoft.BotService/botServices/channels": ("botservice", "BotChannel"),
    "Microsoft.DBforPostgreSQL/flexibleServers": ("postgresqlflexibleservers", "Server"),
    "Microsoft.DBforPostgreSQL/flexibleServers/databases": (
        "postgresqlflexibleservers",
        "Database",
    ),
    "Microsoft.KeyVault/vaults/secrets": ("keyvault", "SecretCreateOrUpdateParameters"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": ("msi.v2024_11_30", "Identity"),
    "Microsoft.Network/privateDnsZones": ("privatedns", "PrivateZone"),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": ("privatedns", "VirtualNetworkLink"),
    "Microsoft.Network/virtualNetworks": ("network", "VirtualNetwork"),
    "Microsoft.OperationalInsights/workspaces": ("loganalytics", "Workspace"),
}
"""For each type of resource, the library and the model in it."""

_OF_BICEP: Final = {"name", "parent", "scope", "dependsOn"}
_LEFT_OPEN: Final = ("operator", "function")
"""What stands for a value that is known only when the template is deployed."""


@dataclass(frozen=True, slots=True)
class Field:
    """What a field may hold; ``within`` are fields that a library has one level higher."""

    kind: Any
    is_read_only: bool
    within: dict[str, Field] = field(default_factory=dict)


def read(file: Path) -> dict[str, Any]:
    """Return what a template says."""
    return _parsed(file.read_text(encoding="utf-8"))


@functools.cache
def _parsed(text: str) -> dict[str, Any]:
    found: dict[str, Any] = BicepParser().parse(text=text)
    return found


def problems(template: Mapping[str, Any]) -> list[str]:
    """Return what Microsoft's models do not know of a template, each with its place."""
    known = {*template.get("parameters", {}), *template.get("variables", {})}
    found: list[str] = []
    for name, resource in template["resources"].items():
        if resource["existing"]:
            continue
        library, model = MODELS[resource["type"]]
        module = importlib.import_module(f"azure.mgmt.{library}.models")
        body = {key: value for key, value in resource["config"].items() if key not in _OF_BICEP}
        found += _of_model(body, getattr(module, model), module, known, name)
    return found


def _of_model(
    value: Any, model: type, module: types.ModuleType, known: set[str], at: str
) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: holds no {model.__name__}"
        return
    for discriminator, subtypes in getattr(model, "_subtype_map", {}).items():
        written = model._attribute_map[discriminator]["key"]  # type: ignore[attr-defined]
        model = getattr(module, subtypes.get(value.get(written), model.__name__))
    yield from _of_fields(value, _fields(model, module), model.__name__, module, known, at)


def _of_fields(
    value: Mapping[str, Any],
    fields: Mapping[str, Field],
    name: str,
    module: types.ModuleType,
    known: set[str],
    at: str,
) -> Iterator[str]:
    for key, inner in value.items():
        if key not in fields:
            yield f"{at}.{key}: {name} has no such name"
            continue
        known_field = fields[key]
        if known_field.is_read_only:
            yield f"{at}.{key}: only Azure sets it"
        if known_field.within:
            yield from _of_fields(inner, known_field.within, name, module, known, f"{at}.{key}")
        else:
            yield from _of_kind(inner, known_field.kind, module, known, f"{at}.{key}")


def _of_kind(  # noqa: C901  # one kind after the other
    value: Any, kind: Any, module: types.ModuleType, known: set[str], at: str
) -> Iterator[str]:
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _LEFT_OPEN:
        return
    if isinstance(value, str) and value in known:
        return
    shape, inner = (
        typing.get_origin(kind),
        [k for k in typing.get_args(kind) if k is not type(None)],
    )
    if shape is list:
        if not isinstance(value, list):
            yield f"{at}: is no list"
            return
        for number, one in enumerate(value):
            yield from _of_kind(one, inner[0], module, known, f"{at}[{number}]")
    elif shape is dict:
        if not isinstance(value, dict):
            yield f"{at}: is no object"
            return
        for key, one in value.items():
            yield from _of_kind(one, inner[1], module, known, f"{at}.{key}")
    elif inner:
        # A choice of several kinds: with fixed words among them, nothing but those words.
        words = [k for k in inner if isinstance(k, type) and issubclass(k, Enum)]
        for one in words or inner[:1]:
            yield from _of_kind(value, one, module, known, at)
    elif issubclass(kind, Enum):
        allowed = [choice.value for choice in kind]
        if value not in allowed:
            yield f"{at}: {value!r} is none of {', '.join(allowed)}"
    elif kind in (bool, int, str):
        if type(value) is not kind:
            yield f"{at}: {value!r} is no {kind.__name__}"
    elif kind not in (float, object, dt.datetime):
        yield from _of_model(value, kind, module, known, at)


def _fields(model: type, module: types.ModuleType) -> dict[str, Field]:
    """Return the fields of a model by the names that Azure has for them."""
    old = getattr(model, "_attribute_map", None)
    if old is None:
        return _fields_of_new(model, module)
    found: dict[str, Field] = {}
    for name, told in old.items():
        *folders, last = told["key"].split(".")
        within = found
        for folder in folders:
            within = within.setdefault(folder, Field(object, is_read_only=False, within={})).within
        is_read_only = bool(model._validation.get(name, {}).get("readonly"))  # type: ignore[attr-defined]
        within[last] = Field(_kind_of_old(told["type"], module), is_read_only=is_read_only)
    return found


def _fields_of_new(model: type, module: types.ModuleType) -> dict[str, Field]:
    names = {**vars(sys.modules[model.__module__]), **vars(module), "_models": module}
    names["datetime"] = dt
    hints = typing.get_type_hints(model, globalns=names, localns=names)
    return {
        told._rest_name_input or name: Field(hints[name], is_read_only=told._visibility == ["read"])
        for parent in reversed(model.__mro__)
        for name, told in vars(parent).items()
        if type(told).__name__ == "_RestField"
    }


def _kind_of_old(text: str, module: types.ModuleType) -> Any:
    if text[0] == "[":
        return list[_kind_of_old(text[1:-1], module)]  # type: ignore[misc]
    if text[0] == "{":
        return dict[str, _kind_of_old(text[1:-1], module)]  # type: ignore[misc]
    plain = {"str": str, "bool": bool, "int": int, "float": float, "object": object,
             "long": int, "iso-8601": dt.datetime}  # fmt: skip
    return plain.get(text) or getattr(module, text)
