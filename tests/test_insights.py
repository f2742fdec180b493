"""Can anything small be found from what is shown of the counts, and can the page be read by all?"""

from __future__ import annotations

import asyncio
import csv
import io
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, sync_playwright

from bot.cli import main
from bot.counting import ANSWER, CHANNEL, CHANNELS, HELPED, KINDS, TOPIC, TREE
from bot.disclosure import STEP, Cell, shown
from bot.guidance.model import Guidance
from bot.guidance.words import LANGS, Lang
from bot.insights.page import as_html
from bot.insights.plot import BASE, TOP, plot, top_of
from bot.insights.report import WEEKS, report
from bot.insights.table import as_csv
from bot.store import counts, open_store
from bot.weeks import DAYS, last_shown, monday_of, week_of
from tests.conftest import NOON

pytest_plugins = ["tests.postgres"]

CHROMIUM = shutil.which("chromium")
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
WEEK = last_shown(NOON)
World = Mapping[Cell, int]


@pytest.fixture(scope="module")
def names(guidance: Guidance) -> dict[str, list[str]]:
    """Every name that can be counted, by kind, taken from the guidance by hand."""
    danger = "emergency"
    cards = [one.id for one in guidance.topics.values() if danger not in one.offices]
    cards += [f"summary:{s.id}" for s in guidance.summaries.values() if danger not in s.offices]
    answers = [
        f"{tree.id}/{one.id}"
        for tree in guidance.trees.values()
        for one in tree.answers.values()
        if danger not in one.offices
    ]
    channels = list(CHANNELS)
    return {TREE: list(guidance.trees), TOPIC: cards, ANSWER: answers, CHANNEL: channels,
            HELPED: ["yes", "no"]}  # fmt: skip


def cells_of(names: Mapping[str, list[str]], *weeks: int) -> list[Cell]:
    named = [(kind, name) for kind in KINDS for name in names[kind]]
    return [Cell(week, *one, lang) for week in weeks for one in named for lang in LANGS]


def told(guidance: Guidance, world: World, now: datetime = NOON) -> str:
    """Everything that anybody can get out of Cairn about these true counts."""
    found, last = shown(world, now), last_shown(now)
    return "\n".join(
        [as_csv(report(guidance, found, last, None), lang) for lang in LANGS]
        + [as_html(report(guidance, found, last, WEEKS), guidance, lang) for lang in LANGS]
    )


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# -- what nobody can find out


def opened(cell: Cell) -> bool:
    return cell.kind in (TREE, TOPIC)


def could_be(world: World) -> bool:
    """Whether counts could come of what people do, as everybody knows who has read the program.

    No number is negative. Whatever is begun or opened counts once for its channel as well, and a
    channel also counts offices that are opened, which count nowhere else.
    """
    of_channels: dict[tuple[int, str], int] = {}
    for cell, many in world.items():
        key = (cell.week, cell.lang)
        sign = 1 if cell.kind == CHANNEL else -1 if opened(cell) else 0
        of_channels[key] = of_channels.get(key, 0) + sign * many
    return all(many >= 0 for many in world.values()) and min(of_channels.values(), default=0) >= 0


def another_world(world: World, cell: Cell) -> dict[Cell, int] | None:
    """Return counts that could be and look the same, in which a hidden cell has another number."""
    for step in (1, -1):
        other = {**world, cell: world.get(cell, 0) + step}
        if not 0 <= other[cell] < STEP:
            continue
        if could_be(other):
            return other
        for near, many in world.items():  # one more on a channel, or one less of something else
            if (near.week, near.lang) != (cell.week, cell.lang) or near == cell:
                continue
            if near.kind == CHANNEL and many % STEP < STEP - 1:
                mended = {**other, near: many + 1}
            elif opened(near) and many % STEP > 0:
                mended = {**other, near: many - 1}
            else:
                continue
            if could_be(mended):
                return mended
    return None


def world_of(names: Mapping[str, list[str]], seed: int) -> dict[Cell, int]:
    """True counts of a week: of one language or both, near the border or far from it."""
    chance = Random(seed)
    likely = chance.choice([range(13), range(46), [0, 9], [9, 10, 19], [9], [0], [0] * 30 + [1]])
    langs = chance.choice([("en",), ("fr",), LANGS])
    on = chance.sample(CHANNELS, chance.randint(1, len(CHANNELS)))
    world = dict.fromkeys(cells_of(names, WEEK), 0)
    for cell in world:
        if cell.lang in langs and cell.kind != CHANNEL:
            world[cell] = chance.choice(likely)
    for lang in langs:
        left = sum(world[cell] for cell in world if cell.lang == lang and opened(cell))
        left += chance.choice([0, 0, 0, 1, 7])
        for channel in on:
            part = left if channel == on[-1] else chance.randint(0, left)
            world[Cell(WEEK, CHANNEL, channel, lang)] = part
            left -= part
    return world


@pytest.mark.long
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_of_every_hidden_number_another_one_is_as_true_for_all_that_is_shown(
    guidance: Guidance, names: dict[str, list[str]], seed: int
):
    world = world_of(names, seed)
    assert could_be(world)
    hidden = [cell for cell, many in world.items() if many < STEP]
    others = {cell: another_world(world, cell) for cell in hidden}
    for cell, other in others.items():
        assert other is not None, cell
        assert could_be(other)
        assert other[cell] != world[cell]
        assert shown(other, NOON) == shown(world, NOON)
    if hidden:  # what is printed comes of what may be shown alone; so one of them will do
        other = others[hidden[seed % len(hidden)]]
        assert other is not None
        assert told(guidance, other) == told(guidance, world)


def test_even_if_every_number_is_at_its_border_and_the_sum_is_known(
    guidance: Guidance, names: dict[str, list[str]]
):
    """Ten walks with nine each and one channel with ninety: if nothing else counted there, the
    channel would give each of them away."""
    few = {**names, TREE: names[TREE][:5], TOPIC: names[TOPIC][:5], CHANNEL: ["slack"]}
    world = {c: 9 if opened(c) else 90 if c.kind == CHANNEL else 0 for c in cells_of(few, WEEK)}
    assert could_be(world)
    page = told(guidance, world)
    for cell in (cell for cell, many in world.items() if many < STEP):
        other = another_world(world, cell)
        assert other is not None
        assert other[cell] != world[cell]
        assert shown(other, NOON) == shown(world, NOON)
    assert told(guidance, other) == page


@pytest.mark.long
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_small_number_looks_like_none_and_none_like_no_row(
    guidance: Guidance, names: dict[str, list[str]], seed: int
):
    world = world_of(names, seed)
    without = {cell: many for cell, many in world.items() if many >= STEP}
    zeros = {**dict.fromkeys(cells_of(names, WEEK, WEEK - DAYS), 0), **without}
    nines = {**dict.fromkeys(cells_of(names, WEEK, WEEK - DAYS), 9), **without}
    unknown = {**without, Cell(WEEK, TREE, "gone_long_ago", "en"): 9}
    pages = {told(guidance, one) for one in (world, without, zeros, nines, unknown)}
    assert len(pages) == 1


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(
    st.builds(Cell, st.integers(0, 5).map(lambda n: WEEK + DAYS * (n - 3)),
              st.sampled_from(KINDS), st.sampled_from("abc"), st.sampled_from(LANGS)),
    st.integers(0, 10**6)))  # fmt: skip
def test_what_is_shown_of_a_cell_comes_of_that_cell_and_of_nothing_else(world: dict[Cell, int]):
    whole = shown(world, NOON)
    for cell, many in world.items():
        assert whole.get(cell) == shown({cell: many}, NOON).get(cell)
    for cell, least in whole.items():
        assert least % STEP == 0
        assert STEP <= least <= world[cell] < least + STEP
        assert cell.week <= WEEK
    assert list(whole) == sorted(whole)


def test_a_week_is_not_shown_before_it_has_been_over_for_a_day(guidance: Guidance):
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    cell = Cell(week_of(monday - timedelta(days=1)), TREE, "can_i_post", "en")
    before, after = monday + timedelta(hours=23, minutes=59), monday + timedelta(days=1)
    assert told(guidance, {cell: 500}, before) == told(guidance, {}, before)
    assert told(guidance, {cell: 500}, after) != told(guidance, {}, after)


def test_no_number_is_a_sum_of_others(guidance: Guidance, names: dict[str, list[str]]):
    """Each cell has a number of its own, so whatever is shown must be one of them, or an axis."""
    world = {cell: 1_000_010 + 20 * number for number, cell in enumerate(cells_of(names, WEEK))}
    for lang in LANGS:
        page = as_html(report(guidance, shown(world, NOON), WEEK, WEEKS), guidance, lang)
        least = {int(re.sub(r"\D", "", one)) for one in re.findall(r"([\d, \u00a0]{7,})\+", page)}
        assert least == set(world.values())


# -- what is shown


def test_the_table_for_programs_has_a_line_for_each_number_that_is_shown(guidance: Guidance):
    earlier = WEEK - 2 * DAYS
    world = {
        Cell(earlier, TREE, "post_reported", "fr"): 39,
        Cell(WEEK, TREE, "can_i_post", "en"): 120,
        Cell(WEEK, TREE, "can_i_post", "fr"): 9,
        Cell(WEEK, TOPIC, "summary:elections", "en"): 10,
        Cell(WEEK, ANSWER, "find_office/media", "en"): 11,
        Cell(WEEK, CHANNEL, "teams", "en"): 12,
        Cell(WEEK, HELPED, "no", "fr"): 13,
        Cell(WEEK, TREE, "gone_long_ago", "fr"): 14,
    }
    found = rows_of(as_csv(report(guidance, shown(world, NOON), WEEK, None), "en"))
    assert [(row["week"], row["what"], row["name"], row["language"], row["at_least"])
            for row in found] == [
        (monday_of(earlier).isoformat(), "tree", "post_reported", "fr", "30"),
        (monday_of(WEEK).isoformat(), "tree", "can_i_post", "en", "120"),
        (monday_of(WEEK).isoformat(), "tree", "gone_long_ago", "fr", "10"),
        (monday_of(WEEK).isoformat(), "topic", "summary:elections", "en", "10"),
        (monday_of(WEEK).isoformat(), "answer", "find_office/media", "en", "10"),
        (monday_of(WEEK).isoformat(), "channel", "teams", "en", "10"),
        (monday_of(WEEK).isoformat(), "helped", "no", "fr", "10"),
    ]  # fmt: skip
    titles = [row["title"] for row in found]
    assert titles[1] == guidance.trees["can_i_post"].title.en
    assert titles[2] == "gone_long_ago"
    assert guidance.summaries["elections"].title.en in titles[3]
    assert guidance.trees["find_office"].answers["media"].title.en in titles[4]


class Reader(HTMLParser):
    """What a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words += [" ".join(data.split())] if data.strip() else []

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def sample(names: dict[str, list[str]]) -> dict[Cell, int]:
    """Twelve weeks of invented counts, of which some are small and some are nothing."""
    return {
        cell: (7 * number) % 91 + (300 if cell.name == "can_i_post" else 0)
        for number, cell in enumerate(cells_of(names, *range(WEEK - 11 * DAYS, WEEK + 1, DAYS)))
    }


def page_of(guidance: Guidance, world: World, lang: Lang) -> str:
    return as_html(report(guidance, shown(world, NOON), WEEK, WEEKS), guidance, lang)


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_needs_nothing_of_the_outside_and_no_script(
    guidance: Guidance, sample: World, lang: Lang
):
    page = page_of(guidance, sample, lang)
    read = Reader(page)
    tags = {tag for tag, _ in read.tags}
    assert not tags & {"script", "link", "img", "iframe", "form", "object", "a", "image"}
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#hatch)", page)
    assert not [name for _, given in read.tags for name in given if name.startswith("on")]
    policy = next(one["content"] for one in read.of("meta") if "http-equiv" in one)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert read.of("html") == [{"lang": f"{lang}-CA"}]


@pytest.mark.parametrize("lang", LANGS)
def test_every_number_stands_in_a_picture_and_in_a_table_and_each_picture_has_words(
    guidance: Guidance, sample: World, lang: Lang
):
    read = Reader(page_of(guidance, sample, lang))
    visible = shown(sample, NOON)
    bars = [one for one in read.of("rect") if one.get("class") in LANGS]
    assert len(bars) == len(visible) + len(LANGS)  # and two in the legend
    for one in LANGS:
        mine = sum(cell.lang == one for cell in visible)
        assert sum(bar["class"] == one for bar in bars) == mine + 1
    numbers = [word for word in read.words if re.fullmatch(r"[\d,\u00a0]+\+", word)]
    assert sorted(int(re.sub(r"\D", "", word)) for word in numbers) == sorted(visible.values())
    pictures = [one for one in read.of("svg") if one.get("role") == "img"]
    rows = [one for one in read.of("tr") if one.get("class") == "en"]
    assert len(pictures) == len(rows) > 50
    assert all(one["aria-label"] for one in pictures)


@pytest.mark.parametrize("lang", LANGS)
def test_every_name_of_the_guidance_is_on_the_page_whatever_was_counted(
    guidance: Guidance, names: dict[str, list[str]], lang: Lang
):
    world = {Cell(WEEK, TREE, "can_i_post", "en"): 25, Cell(WEEK, TOPIC, "learning", "fr"): 9}
    words = " ".join(Reader(page_of(guidance, world, lang)).words)
    titles = [one.title[lang] for one in guidance.trees.values()]
    titles += [guidance.topics[name].title[lang] for name in names[TOPIC] if ":" not in name]
    titles += [guidance.trees[tree].answers[answer].title[lang]
               for tree, answer in (name.split("/") for name in names[ANSWER])]  # fmt: skip
    assert [title for title in titles if " ".join(title.split()) not in words] == []
    assert "learning" not in words


@pytest.mark.parametrize("lang", LANGS)
def test_where_nothing_can_be_shown_a_kind_sentence_says_so(guidance: Guidance, lang: Lang):
    sentence = guidance.phrases["insights_none"][lang]
    for world in ({}, {Cell(WEEK, TREE, "can_i_post", "en"): 9}):
        page = page_of(guidance, world, lang)
        assert sentence in page
        assert "<table" not in page
    assert sentence not in page_of(guidance, {Cell(WEEK, TREE, "can_i_post", "en"): 10}, lang)


@pytest.mark.parametrize(
    ("most", "top"), [(0, 10), (10, 10), (20, 20), (30, 50), (60, 100), (101, 200), (2_010, 5_000)]
)
def test_pictures_that_are_compared_have_one_scale_and_no_bar_leaves_them(
    guidance: Guidance, most: int, top: int
):
    weeks = range(WEEK - 2 * DAYS, WEEK + 1, DAYS)
    world = {Cell(week, TREE, "can_i_post", "fr"): most for week in weeks}
    (section, *_) = report(guidance, {c: n for c, n in world.items() if n}, WEEK, 3).sections
    assert top_of(section.rows) == top
    for row in section.rows:
        for bar in plot(row, weeks, top).bars:
            assert bar.height is None or 2 <= bar.height <= BASE - TOP


# -- the command


async def keep(address: str, world: World) -> None:
    store = await open_store(address, [bytes(32)], lambda: NOON)
    async with store.transaction() as transaction:
        await counts.add(transaction.connection, world)
    await store.close()


@pytest.fixture
def run(
    address: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Runs `cairn insights` on a database, and gives its status and what it prints."""
    monkeypatch.setenv("CAIRN_DATABASE_URL", address)

    def insights(*arguments: str) -> tuple[int, str, str]:
        status = main(["insights", *arguments])
        return status, *capsys.readouterr()

    return insights


@pytest.mark.long
async def test_the_command_shows_what_may_be_shown_of_the_database(address: str, run, patient):
    week = week_of(datetime.now(UTC)) - 2 * DAYS
    await keep(address, {
        Cell(week, TREE, "can_i_post", "fr"): 47,
        Cell(week, TREE, "find_office", "fr"): 9,
        Cell(week + 2 * DAYS, TREE, "post_reported", "fr"): 70,
    })  # fmt: skip
    status, out, _ = await asyncio.to_thread(run, "--format", "csv", "--lang", "fr")
    assert status == 0
    (row,) = rows_of(out)
    assert (row["name"], row["at_least"]) == ("can_i_post", "40")
    assert row["title"] == "Puis-je publier ceci?"
    status, out, _ = await asyncio.to_thread(run, "--format", "html")
    assert status == 0
    assert "<td>40+</td>" in out
    assert "47" not in Reader(out).words
    assert not [word for word in Reader(out).words if word in ("9+", "70+", "9", "70")]
    assert '<html lang="en-CA">' in out


async def test_the_command_is_kind_about_a_database_without_counts(address: str, run, patient):
    await (await open_store(address, [bytes(32)], lambda: NOON)).close()
    status, out, told = await asyncio.to_thread(run, "--format", "csv")
    assert (status, out) == (0, "week,what,name,title,language,at_least\n")
    assert "nothing to show yet" in told
    status, out, _ = await asyncio.to_thread(run, "--format", "html", "--lang", "fr")
    assert status == 0
    assert "Il n’y a encore rien à montrer." in out


# -- in a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
@pytest.mark.parametrize("lang", LANGS)
def test_the_page_reads_well_in_light_and_dark_on_wide_and_narrow_screens(
    browser: Browser, guidance: Guidance, sample: World, tmp_path: Path, *,
    lang: Lang, scheme: str, width: int,
):  # fmt: skip
    few = {c: many for c, many in sample.items() if c.kind != ANSWER or "media" in c.name}
    (tmp_path / "page.html").write_text(page_of(guidance, few, lang), "utf-8")
    page = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=False
    )
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"file://{tmp_path}/page.html")
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"  # the style is ours
    page.close()
    looked = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    looked.goto(f"file://{tmp_path}/page.html")
    looked.add_script_tag(path=AXE)
    found = looked.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    looked.close()
