"""What must a person still settle? French names to confirm, addresses to find, pages to read."""

from __future__ import annotations

from collections.abc import Iterator

from bot.guidance.load import Files
from bot.guidance.model import Guidance
from bot.guidance.problems import Report
from bot.guidance.read import Document, Node


def report_open(files: Files, guidance: Guidance, report: Report) -> None:
    """Report all that is marked as not yet verified, not found or read only in part."""
    for document in files.all():
        for line, name in _unverified(document):
            report("C901", document.file, line, id=name)
    for document, name, node in files.entries("sources"):
        source = guidance.sources[name]
        if "fr" not in source.url:
            report("C902", document.file, node["url"].line, id=name)
        if source.extent != "whole":
            report("C903", document.file, node["extent"].line, id=name)
    for document, name, node in files.entries("courses"):
        if guidance.courses[name].url_unverified:
            report("C907", document.file, node["url_status"].line, id=name)


def _unverified(document: Document) -> Iterator[tuple[int, str]]:
    def visit(node: Node, name: str) -> Iterator[tuple[int, str]]:
        mark = node.get("fr_status")
        if mark is not None:
            yield mark.line, name
        for key, value in node.entries():
            yield from visit(value, key if value.table is not None else name)
        for item in node.items or ():
            yield from visit(item, name)

    own = document.root[document.key].text
    yield from visit(document.root, own or document.key)
