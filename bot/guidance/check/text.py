"""Are the words fit to be shown? Two languages alike, plain, within limits, nothing forbidden."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from bot.guidance.load import Files
from bot.guidance.problems import Report
from bot.guidance.read import Document, Node
from bot.guidance.words import LANGS, Lang, Words, fold, lines, links, plain

SENTENCE_WORDS: Final = 25
LIX_LIMIT: Final[Mapping[Lang, int]] = {"en": 60, "fr": 62}
LIX_MIN_WORDS: Final = 60
"""A shorter text has too few words for its reading level to mean anything."""

LIMITS: Final[Mapping[str, int]] = {
    "options": 75,  # Slack: text of an option
    "ask": 150,  # Slack: header
    "hint": 150,
    "name": 75,
    "tree title": 75,  # Slack: text of an option, where titles are the choices
    "title": 150,
    "other": 320,
}
RATIO: Final = 2.2
_RATIO_FROM: Final = 40
_SAME_WORDS: Final = 2
_LONG_WORD: Final = 6
_SHOWN: Final = 60

_LANGUAGE: Final = {"en": ("English", "anglais"), "fr": ("French", "français")}
_NUMBER: Final = re.compile(r"\d+")
_END: Final = re.compile(r"(?<=[.!?…])[\s\u00a0]+(?=[A-ZÀ-ÖØ-Þ«“\d*_[])")
_WORD: Final = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")
_FOREIGN_MARK: Final = re.compile(
    r"^#{1,6} |^[>*+] |<[a-zA-Z/!][^>]*>|^\s*\|.*\|\s*$|`|^\s*\d+\. |~~|!\[|\{|\}|\$\{",
    re.MULTILINE,
)
_BARE: Final = re.compile(r"(?:https?://|www\.)\S+")
_PLACE: Final = re.compile(r"\{(\w+)\}")
_FRENCH: Final = (
    (re.compile(r"['\"]"), "use ’ or « », not ' or \"", "utilisez ’ ou « », pas ' ni \""),
    (
        re.compile(r"«(?![\u00a0\u202f])|(?<![\u00a0\u202f])»"),
        "« and » take a non-breaking space inside",
        "les guillemets « et » prennent une espace insécable à l’intérieur",
    ),
    (
        re.compile(r"[ \u00a0\u202f][;?!]"),
        "no space before ; ? !",
        "pas d’espace avant ; ? !",
    ),
    (
        re.compile(r"(?<![\u00a0\u202f:/\dA-Za-z]):(?=\s|$)|(?<=\w):(?=\s|$)"),
        "a non-breaking space before a colon",
        "une espace insécable avant le deux-points",
    ),
)
_ADDRESSES: Final = frozenset({"url", "page"})
_NAMES_OF_OTHERS: Final = frozenset({"sources", "courses"})


@dataclass(frozen=True, slots=True)
class Pair:
    """The same words in both languages, with where they stand."""

    file: str
    lines: Mapping[Lang, int]
    path: tuple[str, ...]
    words: Words


def pairs(document: Document) -> Iterator[Pair]:
    """Yield every pair of words of a file that people may see."""
    yield from _pairs(document.root, (document.key,), document.file)


def _pairs(node: Node, path: tuple[str, ...], file: str) -> Iterator[Pair]:
    if node.items is not None:
        for item in node.items:
            yield from _pairs(item, path, file)
    elif node.table is not None:
        en, fr = node.get("en"), node.get("fr")
        # An address has both languages too; it is looked at by _check_addresses.
        if (en and en.text) and (fr and fr.text) and not en.text.startswith("http"):
            yield Pair(file, {"en": en.line, "fr": fr.line}, path, Words(en.text, fr.text))
        for key, value in node.entries():
            if value.text is None:
                yield from _pairs(value, (*path, key), file)


def check_words(
    documents: Iterable[Document], files: Files, hosts: frozenset[str], report: Report
) -> None:
    """Check all words of ``documents``; ``files`` hold the words to avoid."""
    avoid = _avoided(files)
    for document in documents:
        if document.key in ("avoid", "stories", "hosts"):
            continue
        whole: dict[Lang, list[str]] = {"en": [], "fr": []}
        owner = document.root[document.key].text
        managers = document.key == "tree" and document.root["for"].text == "managers"
        for pair in pairs(document):
            _check_pair(pair, hosts, report)
            if document.key in _NAMES_OF_OTHERS:
                continue
            _check_sentences(pair, report)
            _check_avoided(pair, avoid, report)
            if managers:
                _check_asking(pair, files, report)
            for lang in LANGS:
                whole[lang].append(plain(pair.words[lang]))
        _check_addresses(document.root, hosts, document.file, report)
        _check_reading(whole, owner or document.key, document, report)


def _check_pair(pair: Pair, hosts: frozenset[str], report: Report) -> None:
    en, fr = pair.words.en, pair.words.fr
    file, line_fr = pair.file, pair.lines["fr"]
    # An official title stands in both; where no French one was seen, a description stands by it.
    named = pair.path[0] in _NAMES_OF_OTHERS
    if Counter(map(_host, links(en))) != Counter(map(_host, links(fr))):
        report("C401", file, line_fr, en_links=_listed(links(en)), fr_links=_listed(links(fr)))
    numbers_en, numbers_fr = _numbers(en), _numbers(fr)
    if numbers_en != numbers_fr:
        report(
            "C402", file, line_fr, en_numbers=_listed(numbers_en), fr_numbers=_listed(numbers_fr)
        )
    if _marks(en) != _marks(fr):
        report("C403", file, line_fr)
    if en == fr and len(_PLACE.sub("", en).split()) > _SAME_WORDS and not named:
        report("C404", file, line_fr, text=_short(en))
    lengths = len(plain(en)), len(plain(fr))
    longer, shorter = max(lengths), max(1, min(lengths))
    if longer > _RATIO_FROM and longer / shorter > RATIO and not named:
        report("C405", file, line_fr, ratio=f"{longer / shorter:.1f}")
    if set(_PLACE.findall(en)) != set(_PLACE.findall(fr)):
        places = sorted(set(_PLACE.findall(en)) ^ set(_PLACE.findall(fr)))
        report("C407", file, line_fr, places=_listed(places))
    for pattern, what_en, what_fr in _FRENCH:
        if pattern.search(_without_links(fr)):
            report("C406", file, line_fr, what_en=what_en, what_fr=what_fr)
    limit = _limit(pair.path)
    for lang in LANGS:
        text, at = pair.words[lang], pair.lines[lang]
        if len(plain(text)) > limit:
            report("C601", file, at, count=len(plain(text)), limit=limit, text=_short(text))
        shown = _PLACE.sub("", text) if pair.path[0] == "phrases" else text
        if (mark := _FOREIGN_MARK.search(shown)) is not None:
            report("C503", file, at, mark=mark.group().strip())
        for href in (*links(text), *_BARE.findall(plain(text))):
            if not _may_link(href, hosts):
                report("C504", file, at, href=href)


def _check_addresses(node: Node, hosts: frozenset[str], file: str, report: Report) -> None:
    """Hold the addresses of sources, offices, courses and tools against the list of hosts.

    A source may still have an http address: some issuers offer no other.
    """
    for key, value in node.entries():
        if key in _ADDRESSES and value.table is not None:
            for _, address in value.entries():
                href = (address.text or "").replace("http://", "https://", 1)
                if href.startswith("https://") and not _may_link(href, hosts):
                    report("C504", file, address.line, href=address.text)
        _check_addresses(value, hosts, file, report)
    for item in node.items or ():
        _check_addresses(item, hosts, file, report)


def _check_sentences(pair: Pair, report: Report) -> None:
    for lang in LANGS:
        en, fr = _LANGUAGE[lang]
        for sentence in sentences(plain(pair.words[lang])):
            count = len(_WORD.findall(sentence))
            if count > SENTENCE_WORDS:
                report(
                    "C506",
                    pair.file,
                    pair.lines[lang],
                    count=count,
                    limit=SENTENCE_WORDS,
                    language_en=en,
                    language_fr=fr,
                )


def _check_reading(
    whole: Mapping[Lang, list[str]], owner: str, document: Document, report: Report
) -> None:
    for lang in LANGS:
        texts = whole[lang]
        if sum(len(_WORD.findall(text)) for text in texts) < LIX_MIN_WORDS:
            continue
        found = lix(texts)
        if found > LIX_LIMIT[lang]:
            en, fr = _LANGUAGE[lang]
            report(
                "C507",
                document.file,
                document.root.line,
                id=owner,
                lix=round(found),
                limit=LIX_LIMIT[lang],
                language_en=en,
                language_fr=fr,
            )


def sentences(text: str) -> list[str]:
    """Split plain text into its sentences."""
    return [part for line in text.split("\n") for part in _END.split(line) if part.strip()]


def lix(texts: list[str]) -> float:
    """Return the reading level of texts: words a sentence plus the share of long words.

    Björnsson's LIX; the same formula serves both languages. 40 to 50 is ordinary prose, above 60
    is hard.
    """
    words = [word for text in texts for word in _WORD.findall(text)]
    count = max(1, sum(len(sentences(text)) for text in texts))
    long = sum(len(word) > _LONG_WORD for word in words)
    return len(words) / count + 100 * long / max(1, len(words))


# -- words to avoid


@dataclass(frozen=True, slots=True)
class _Avoided:
    word: str
    folded: str
    instead: Words
    unless: tuple[str, ...]


def _avoided(files: Files) -> Mapping[Lang, tuple[_Avoided, ...]]:
    found: dict[Lang, tuple[_Avoided, ...]] = {}
    for lang in LANGS:
        listed = []
        for document in files.of("avoid"):
            for item in document.root["avoid"][lang].each():
                unless = item.get("unless")
                instead = item["instead"]
                listed.append(
                    _Avoided(
                        item["word"].text or "",
                        f" {fold(item['word'].text or '')} ",
                        Words(instead["en"].text or "", instead["fr"].text or ""),
                        tuple(f" {fold(u.text or '')} " for u in unless.each()) if unless else (),
                    )
                )
        found[lang] = tuple(listed)
    return found


def _check_avoided(pair: Pair, avoid: Mapping[Lang, tuple[_Avoided, ...]], report: Report) -> None:
    for lang in LANGS:
        padded = f" {fold(plain(pair.words[lang]))} "
        for avoided in avoid[lang]:
            if avoided.folded not in padded:
                continue
            rest = padded
            for exception in avoided.unless:
                rest = rest.replace(exception, " ")
            if avoided.folded in rest:
                report(
                    "C505",
                    pair.file,
                    pair.lines[lang],
                    word=avoided.word,
                    instead_en=avoided.instead.en,
                    instead_fr=avoided.instead.fr,
                )


def _check_asking(pair: Pair, files: Files, report: Report) -> None:
    if pair.path[1:2] not in (("questions",), ("intro",)):
        return
    for lang, words in _never_asked(files).items():
        padded = f" {fold(plain(pair.words[lang]))} "
        for word in words:
            if f" {fold(word)} " in padded:
                report("C508", pair.file, pair.lines[lang], word=word)


def _never_asked(files: Files) -> Mapping[Lang, tuple[str, ...]]:
    found: dict[Lang, tuple[str, ...]] = {}
    for lang in LANGS:
        found[lang] = tuple(
            item.text or ""
            for document in files.of("avoid")
            for item in document.root["never_asked"][lang].each()
        )
    return found


# -- small things


def _numbers(text: str) -> tuple[str, ...]:
    return tuple(sorted(number.lstrip("0") or "0" for number in _NUMBER.findall(plain(text))))


def _marks(text: str) -> tuple[int, int, int]:
    spans = [span for line in lines(text) for span in line.spans]
    return (
        sum(span.strong for span in spans),
        sum(span.emphasis for span in spans),
        sum(line.bullet for line in lines(text)),
    )


def _without_links(text: str) -> str:
    return plain(text)


def _may_link(href: str, hosts: frozenset[str]) -> bool:
    return href.startswith("https://") and _host(href) in hosts


@lru_cache(maxsize=1024)
def _host(href: str) -> str:
    try:
        return urlsplit(href).hostname or href
    except ValueError:
        return href


def _limit(path: tuple[str, ...]) -> int:
    last = path[-1]
    if last == "title" and path[:-1] in (("tree",), ("topic",), ("summary",)):
        return LIMITS["tree title"]
    if last == "title" and path[0] in _NAMES_OF_OTHERS:
        return LIMITS["other"]
    return LIMITS.get(last, LIMITS["other"])


def _listed(items: tuple[str, ...] | list[str]) -> str:
    return ", ".join(items) or "—"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
