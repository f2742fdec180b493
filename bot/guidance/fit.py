"""Does a file fit its shape, and what are the values in one that does?"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from bot.guidance.problems import Report, nearest
from bot.guidance.read import Document, Node
from bot.guidance.shapes import DATE, FILES, Either, ListOf, Record, Shape, TableOf, Text
from bot.guidance.words import LANGS, Lang, Words

_LANGUAGE: Final = {"en": ("English", "anglais"), "fr": ("French", "français")}


def validate(document: Document, report: Report) -> bool:
    """Report all that does not fit the shape of the file; true when everything fits."""
    shape = FILES.get(document.key)
    if shape is None:
        near = nearest(document.key, FILES)
        known = ", ".join(FILES)
        report("C108", document.file, document.root.line, key=document.key, near=near, known=known)
        return False
    before = len(report.problems)
    _fits(document.root, shape, document.file, report)
    return len(report.problems) == before


def _fits(node: Node, shape: Shape, file: str, report: Report) -> None:
    match shape:
        case Text():
            _fits_text(node, shape, file, report)
        case ListOf():
            if node.kind != "list" and not shape.single:
                _wrong(node, "a list", "une liste", file, report)
                return
            for item in node.each():
                _fits(item, shape.of, file, report)
        case TableOf():
            if node.table is None:
                _wrong(node, "a table of ids", "une table d’identifiants", file, report)
                return
            for key, value in node.entries():
                _fits_text(Node(value.line, text=key), shape.key, file, report)
                _fits(value, shape.of, file, report)
        case Either():
            if node.table is None:
                _wrong(node, f"“{shape.key}: id” or a statement of its own",
                       f"« {shape.key}: id » ou un énoncé complet", file, report)  # fmt: skip
                return
            chosen = shape.first if node.get(shape.key) is not None else shape.second
            _fits(node, chosen, file, report)
        case Record():
            _fits_record(node, shape, file, report)


def _fits_record(node: Node, shape: Record, file: str, report: Report) -> None:
    if node.table is None:
        wanted = ", ".join(shape.must) or ", ".join(shape.may)
        _wrong(node, f"a table with the keys {wanted}", f"une table avec les clés {wanted}",
               file, report)  # fmt: skip
        return
    for key, value in node.entries():
        part = shape.must.get(key) or shape.may.get(key)
        if part is None:
            known = [*shape.must, *shape.may]
            report("C110", file, value.line, key=key, near=nearest(key, known),
                   known=", ".join(known))  # fmt: skip
        else:
            _fits(value, part, file, report)
    for key in shape.must:
        if node.get(key) is None:
            if shape.bilingual and key in _LANGUAGE:
                en, fr = _LANGUAGE[key]
                report("C112", file, node.line, language_en=en, language_fr=fr)
            else:
                report("C111", file, node.line, key=key)


def _fits_text(node: Node, shape: Text, file: str, report: Report) -> None:
    text = node.text
    if text is None:
        _wrong(node, shape.en, shape.fr, file, report)
    elif shape.values:
        if text not in shape.values:
            near = nearest(text, shape.values)
            _wrong(node, shape.en, shape.fr, file, report, near=near)
    elif not re.fullmatch(shape.pattern, text) or (shape is DATE and not _is_date(text)):
        _wrong(node, shape.en, shape.fr, file, report)
    elif shape.quoted and not node.quoted:
        report("C114", file, node.line, text=text[:40])


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _wrong(
    node: Node, en: str, fr: str, file: str, report: Report, *, near: str | None = None
) -> None:
    report("C113", file, node.line, wanted_en=en, wanted_fr=fr, near=near)


# -- values of nodes that fit their shapes


def text_of(node: Node) -> str:
    """Return the text of a node that its shape says is one."""
    assert node.text is not None
    return node.text


def optional_text(node: Node | None) -> str | None:
    """Return the text of a node, or nothing where there is no node."""
    return node.text if node is not None else None


def words_of(node: Node) -> Words:
    """Return the words of a node that has both languages."""
    return Words(text_of(node["en"]).strip(), text_of(node["fr"]).strip())


def urls_of(node: Node | None) -> dict[Lang, str]:
    """Return the addresses of a node by language; nothing where there is no node."""
    if node is None:
        return {}
    return {lang: text_of(node[lang]) for lang in LANGS if node.get(lang) is not None}


def phrases_of(node: Node) -> dict[Lang, tuple[str, ...]]:
    """Return the lists of phrases of a node by language."""
    found: dict[Lang, tuple[str, ...]] = {}
    for lang in LANGS:
        listed = node.get(lang)
        found[lang] = tuple(text_of(item) for item in listed.each()) if listed is not None else ()
    return found
