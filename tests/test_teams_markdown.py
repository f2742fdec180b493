"""Does the Markdown that we write read as it is meant? Asked of the parser of Microsoft's renderer.

It runs in Node, one process for all of these tests, and answers with HTML.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.channels.pen import Element
from bot.channels.teams import surfaces
from bot.channels.teams.markdown import below, bullet, link, literal
from bot.channels.teams.pen import PEN, pages_of
from bot.conversation import Conversation, Look, Move, Reply
from bot.guidance.model import Guidance
from bot.guidance.pages import Part
from bot.guidance.walk import routes
from bot.guidance.words import LANGS, Lang, lines
from bot.seal import Surface
from tests.places import distinct, pages
from tests.teams import screen
from tests.teams.state import inputs_of
from tests.test_content import TREES
from tests.test_slack_threats import CORPUS, our_words

HERE = Path(__file__).parent
CAPSULE = "1" + "x" * 200

pytestmark = pytest.mark.skipif(
    not (HERE / "node_modules" / "markdown-it").exists(),
    reason="needs a parser from npm: npm ci --prefix tests",
)

_NO_WIDTH = str.maketrans({"\u2060": None, "\ufeff": None, "\x00": "\ufffd"})
_VOID = ("br", "hr", "img")


@dataclass(frozen=True)
class Run:
    """Letters in a row that look the same."""

    text: str
    tag: str = ""
    href: str | None = None


@dataclass
class Block:
    """A paragraph, or an item of a list."""

    bullet: bool
    runs: list[Run] = field(default_factory=list)


class Read(HTMLParser):
    """What is seen of HTML: its tags, and its letters by paragraphs and items."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.blocks: list[Block] = []
        self._open: list[tuple[str, str | None]] = []
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        return folded("\n".join("".join(r.text for r in b.runs) for b in self.blocks))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in _VOID:
            self._open.append((tag, dict(attrs).get("href")))
        if tag not in ("strong", "em", "a", "s", "code") and not self._is_new_item():
            self.blocks.append(Block(bullet="li" in [one for one, _ in self._open]))

    def _is_new_item(self) -> bool:
        """A paragraph that an item begins with is no block of its own."""
        return len(self._open) > 1 and self._open[-2][0] == "li" and not self.blocks[-1].runs

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        inline = [(tag, href) for tag, href in self._open if tag in ("strong", "em", "a")]
        between = not self._open or self._open[-1][0] in ("ul", "ol", "li")
        if data.strip("\n") or not between:
            tag, href = inline[-1] if inline else ("", None)
            self.blocks[-1].runs.append(Run(data, tag, href))


def folded(text: str) -> str:
    """A text with its blanks as a browser shows them, and without letters of no width."""
    return " ".join(text.translate(_NO_WIDTH).split())


Parse = Callable[..., Read]


@pytest.fixture(scope="module")
def parse() -> Iterator[Parse]:
    """The parser; `loose` lets HTML through, as no client of Teams is known to do."""
    command = ["node", str(HERE / "teams_markdown.mjs")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(text: str, parser: str = "strict") -> Read:
            process.stdin.write(json.dumps([parser, text]) + "\n")
            process.stdin.flush()
            return Read(json.loads(process.stdout.readline()))

        yield ask


def blocks_of(found: Read) -> list[tuple[bool, list[tuple[str, str, str | None]]]]:
    """The blocks that are seen, with runs of the same kind as one."""
    return [(b.bullet, joined((r.text, r.tag, r.href) for r in b.runs)) for b in found.blocks
            if b.runs]  # fmt: skip


def meant(text: str) -> list[tuple[bool, list[tuple[str, str, str | None]]]]:
    """The lines of a text of the content, as they are meant."""
    found = []
    for line in lines(text):
        tags = ["a" if s.href else "strong" * s.strong or "em" * s.emphasis for s in line.spans]
        runs = [(s.text, tag, s.href) for s, tag in zip(line.spans, tags, strict=True)]
        found.append((line.bullet, joined(iter(runs))))
    return found


def joined(
    runs: Iterator[tuple[str, str, str | None]],
) -> list[tuple[str, str, str | None]]:
    found: list[tuple[str, str, str | None]] = []
    for text, tag, href in runs:
        if found and found[-1][1:] == (tag, href):
            found[-1] = (found[-1][0] + text, tag, href)
        elif text:
            found.append((text, tag, href))
    return [(folded(f"({text})")[1:-1], tag, href) for text, tag, href in found]


@pytest.mark.parametrize("parser", ["strict", "loose"])
def test_the_parser_sees_what_it_should(parse: Parse, parser: str):
    """A parser that sees nothing would prove nothing."""
    for text, tags in {
        "**a** b": {"p", "strong"}, "_a_": {"p", "em"}, "`a`": {"p", "code"}, "~~a~~": {"p", "s"},
        "[a](https://b.c)": {"p", "a"}, "<https://a.b>": {"p", "a"}, "# a": {"h1"},
        "> a": {"blockquote", "p"}, "- a": {"ul", "li"}, "1. a": {"ol", "li"}, "    a":
        {"pre", "code"}, "a|b\n-|-": {"table", "thead", "tr", "th"}, "a\n=": {"h1"}, "---": {"hr"},
        "![x](https://a.b/c.png)": {"p", "img"}, "[a]\n\n[a]: https://b.c": {"p", "a"},
        "a  \nb": {"p", "br"},
    }.items():  # fmt: skip
        assert set(parse(text, parser).tags) == tags, text
    assert "DATE" not in parse("{{DATE(2026-11-20T12:00:00Z)}}", parser).text
    assert ("b" in parse("<b>x</b>", parser).tags) == (parser == "loose")


_TRICKY = st.lists(
    st.sampled_from([*"*_~`:<>&|!@#()[]{}\\/-+=.'\"• \n\t\r", "a", "é", "10", "1.", "2)", "**",
                     "```", "~~~", "&lt;", "&#65;", "&amp", "<b>", "<!--", "<https://a.b>", "    ",
                     "https://a.b", "](", "]: ", "[a]", "\n\n", "- ", "\u2060", "\u202e", "𝕘",
                     "\u200b", "\u0301", "{{DATE(2026-11-20T12:00:00Z)}}",
                     "{{TIME(2026-11-20T12:00:00Z)}}"]), max_size=30,
).map("".join)  # fmt: skip
_ANY = st.one_of(_TRICKY, st.text(max_size=120))
_LINE = _ANY.map(folded).filter(bool)
"""One line that something is to be seen of."""


def shows_just(parse: Parse, text: str) -> None:
    for parser in ("strict", "loose"):
        found = parse(literal(text), parser)
        assert set(found.tags) <= {"p"}
        assert found.text == folded(text)
        # Whether a client looks for functions before it reads the marks, or after.
        assert not any("{{" in run.text for block in found.blocks for run in block.runs)
    assert "{{" not in literal(text)


@pytest.mark.long
@given(_ANY)
@settings(max_examples=3_000, deadline=None)
@example("a|b\n-|-")
@example(">quoted")
@example("a\r- b")
@example("    four blanks")
@example("broken  \nline")
@example("{{DATE(2026-11-20T12:00:00Z)}}")
@example("{{{DATE(2026-11-20T12:00:00Z)}}}")
@example("[a]: https://b.c")
def test_words_are_shown_as_they_are_and_as_nothing_else(parse: Parse, text: str):
    shows_just(parse, text)


def test_what_people_could_try_is_shown_as_it_is_and_as_nothing_else(parse: Parse):
    assert len(CORPUS) >= 300
    for _, text in CORPUS:
        shows_just(parse, text)


@given(_LINE)
@settings(max_examples=500, deadline=None)
def test_bold_and_italics_hold_all_of_their_words(parse: Parse, words: str):
    for text, tag in ((PEN.strong(words), "strong"), (PEN.emphasis(words), "em")):
        found = parse(f"x {text}")
        assert found.tags == ["p", tag]
        assert found.text == f"x {words}"


_ADDRESS = st.text("abcxyz0189-._~:/?#[]@!$&'()*+,;=%\\| <>\"`{}^é", max_size=40).map(
    lambda rest: f"https://www.canada.ca/{rest}"
)


@given(_ADDRESS, _LINE)
@settings(max_examples=1_000, deadline=None)
@example("https://www.canada.ca/?a=1&copy;=2", "a function of the address")
def test_a_link_is_just_one_to_its_address(parse: Parse, address: str, words: str):
    found = parse(f"x {link(address, words)} y")
    assert found.tags == ["p", "a"]
    [href] = [run.href for block in found.blocks for run in block.runs if run.tag == "a"]
    assert unquote(href or "") == unquote(address)
    assert found.text == f"x {folded(words.replace('[', '(').replace(']', ')'))} y"


@given(st.lists(_LINE, min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_what_stands_in_an_item_stays_in_it(parse: Parse, rows: list[str]):
    item = bullet(below([*map(literal, rows), *(f"- {literal(row)}" for row in rows)]))
    found = parse(below(["before", item, item, "after"]))
    outer = [b.bullet for b in found.blocks if b.runs]
    assert outer == [False, *[True] * 4 * len(rows), False]
    assert set(found.tags) <= {"p", "ul", "li"}


def test_our_words_read_in_teams_as_they_are_meant(parse: Parse):
    words = our_words()
    assert len(words) > 2_000
    for text in words:
        if "\n\n" in text:
            continue  # a letter, which nobody reads as marks: it stands in a field to copy from
        assert blocks_of(parse(PEN.marked(text))) == meant(text), text
        shows_just(parse, text)


def texts(reply: Reply) -> Iterator[str]:
    """Every text of a reply in which marks are read."""
    for page in pages_of(reply, len(CAPSULE)):
        yield from (one["text"] for one in page.elements if one["type"] == "TextBlock")


def some(department: Conversation, tree: str) -> Iterator[Reply]:
    """A sample of the screens of a tree in both languages, and what stands beside them."""
    ticket = str(max(routes(department.guidance.trees[tree]), key=lambda t: len(str(t))))
    looks = [Move(place, "en", Look()) for place in [*distinct(department.guidance, tree)][::150]]
    looks += [Move(ticket, "en", Look(part)) for part in (Part.WHY, Part.OUTLINE)]
    for look in looks:
        yield from (department.respond(replace(look, lang=lang)) for lang in LANGS)


@pytest.mark.long
@pytest.mark.parametrize("tree", [*TREES, ""])
def test_what_is_put_together_reads_as_the_parts_do(
    parse: Parse, department: Conversation, tree: str
):
    """And as the fake reads it, which other tests rely on."""
    outside = (
        department.respond(Move(place, lang, Look()))
        for place in pages(department.guidance)
        for lang in LANGS
    )
    for reply in some(department, tree) if tree else outside:
        for text in texts(reply):
            found = parse(text)
            assert set(found.tags) <= {"p", "strong", "em", "a", "ul", "li"}
            assert not any(mark in found.text for mark in ("**", "\\", "](", " _", "_ ")), text
            read = [row.strip().removeprefix("- ") for row in screen.plain(text).splitlines()]
            assert found.text == folded(" ".join(read))


@pytest.mark.parametrize("lang", LANGS)
def test_choices_and_labels_read_the_same_whether_marks_are_read_or_not(
    parse: Parse, department: Conversation, lang: Lang
):
    """Microsoft's renderer reads Markdown in choices; its phones do not."""
    guidance = department.guidance
    seen = set(places_and_options(guidance, lang))
    for tree in guidance.trees.values():
        furthest = str(max(routes(tree), key=lambda t: len(str(t))))
        reply = department.respond(Move(furthest, lang, Look()))
        seen |= set(words_of(surfaces.trail_form(reply, CAPSULE, Surface.MODAL)))
        for page in pages_of(reply, len(CAPSULE)):
            seen |= set(words_of(surfaces.card(reply, page, CAPSULE, Surface.MODAL)))
    for place in pages(guidance):
        reply = department.respond(Move(place, lang, Look()))
        for page in pages_of(reply, len(CAPSULE)):
            seen |= set(words_of(surfaces.card(reply, page, CAPSULE, Surface.MODAL)))
    both = [department.respond(Move("home", one, Look())) for one in LANGS]
    seen |= set(words_of(surfaces.first_card((both[0], both[1]), CAPSULE, Surface.MODAL)))
    assert len(seen) > 200
    for words in seen:
        found = parse(words)
        assert (found.tags, found.text) == (["p"], folded(words))


def places_and_options(guidance: Guidance, lang: Lang) -> Iterator[str]:
    for tree in guidance.trees.values():
        for question in tree.questions.values():
            yield question.ask[lang]
            yield from (option.label[lang] for option in question.options)
    yield from (office.name[lang] for office in guidance.offices.values())


def words_of(card: Element) -> Iterator[str]:
    """The words of fields and buttons, in which no marks are meant."""
    for one in inputs_of(card):
        yield one["label"]
        yield from (choice["title"] for choice in one.get("choices", []))
    yield from screen.buttons(card)
