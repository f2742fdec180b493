"""Does each rule of the checker fire on its broken example, on the right line, and alone?"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tracemalloc
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property
from pathlib import Path

import pytest

from bot.guidance.build import build
from bot.guidance.check import check, check_among, check_file
from bot.guidance.load import Files, gather
from bot.guidance.problems import RULES, Problem, Report
from bot.guidance.read import read, read_bytes
from bot.organization_file import read_organization
from tests.conftest import LOGGED, ROOT, TODAY

BAD = Path(__file__).parent / "bad"
DIRECT = {
    "C101", "C107", "C115", "C116", "C117", "C119", "C120", "C811", "C812", "C813", "C814",
    "C815", "C816", "C817", "C818", "C821", "C822", "C826",
}  # fmt: skip
"""Rules about more than one file, or about none: each has a test of its own below."""


@dataclass
class Example:
    """A broken file and what its first comment lines say of it."""

    path: Path

    def said(self, name: str) -> str | None:
        text = self.path.read_bytes().decode("utf-8", errors="replace")
        found = re.search(rf"^# {name}: (.+)$", text, re.MULTILINE)
        return found[1].split("  ")[0].strip() if found else None

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        today = date.fromisoformat(self.said("today") or TODAY.isoformat())
        settle = self.said("settle") == "true"
        text = self.path.read_bytes().decode("utf-8", errors="replace")
        if re.search(r"^organization:", text, re.MULTILINE):
            found = organization_problems(self.path, settle=settle)
        else:
            found = check_among(shipped(), self.path, today, settle=settle).problems
        also = (self.said("also") or "").split()
        return tuple(p for p in found if p.code not in also)


@cache
def shipped() -> Files:
    """The shipped guidance, read once."""
    report = Report()
    files = gather(ROOT, report)
    assert not report.problems
    return files


def organization_problems(path: Path, *, settle: bool = False) -> tuple[Problem, ...]:
    report, files = Report(), shipped()
    guidance = build(files, report)
    assert guidance is not None
    read_organization(path, files, guidance, report, settle=settle)
    return tuple(report.sorted())


EXAMPLES = [Example(path) for path in sorted(BAD.glob("*.yaml"))]
EACH = pytest.mark.parametrize(
    "example",
    # What is asked of one example is asked in one process, so that it is checked once.
    [pytest.param(e, marks=pytest.mark.xdist_group(e.path.stem)) for e in EXAMPLES],
    ids=[e.path.stem for e in EXAMPLES],
)


@EACH
def test_the_broken_example_gives_its_problem_on_its_line_and_no_other(example: Example):
    found = [(p.code, p.line) for p in example.problems]
    assert found == [(example.said("code"), int(example.said("line") or 0))]


@EACH
def test_the_problem_is_said_in_both_languages_with_nothing_left_to_fill_in(example: Example):
    for problem in example.problems:
        assert problem.en != problem.fr
        for sentence in (problem.en, problem.fr):
            assert "{" not in sentence.replace("{{", "")
            assert sentence.strip()[-1] in ".?”»"


def test_every_rule_has_a_broken_example():
    shown = {example.said("code") for example in EXAMPLES}
    assert set(RULES) - shown - DIRECT == set()


def test_a_near_miss_is_answered_with_what_was_meant():
    example = next(e for e in EXAMPLES if e.said("code") == "C201")
    assert "Did you mean" in example.problems[0].en
    assert "Vouliez-vous dire" in example.problems[0].fr


# -- rules about more than one file


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the shipped content that a test may break."""
    for part in ("dialogs", "content"):
        shutil.copytree(ROOT / part, tmp_path / part)
    return tmp_path


def codes(folder: Path) -> dict[str, str]:
    return {p.code: p.file for p in check(folder, LOGGED).problems}


def test_a_folder_without_content_says_so(tmp_path: Path):
    assert set(codes(tmp_path)) == {"C101"}


def test_a_file_that_may_not_be_opened_says_so(copy: Path):
    (copy / "content" / "nowhere.yaml").symlink_to(copy / "missing.yaml")
    assert codes(copy) == {"C101": "content/nowhere.yaml"}


def test_a_file_too_large_to_be_written_by_hand_is_refused(copy: Path):
    (copy / "content" / "large.yaml").write_text("# " + "x" * 1_000_000)
    assert codes(copy)["C107"] == "content/large.yaml"


def test_a_file_of_a_disk_image_is_refused_without_being_read(tmp_path: Path):
    path, report = tmp_path / "image.yaml", Report()
    with path.open("wb") as file:
        file.truncate(50_000_000)
    tracemalloc.start()
    try:
        assert read(path, "image.yaml", report) is None
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert [(p.code, p.line) for p in report.problems] == [("C107", 1)]
    assert "50000000" in report.problems[0].en


def test_an_id_used_in_two_files_is_reported_once_with_the_place_of_the_first(copy: Path):
    again = 'statements:\n  stay_calm:\n    {kind: do, en: "Pause.", fr: "Attendez.", basis:'
    (copy / "content" / "statements" / "zz.yaml").write_text(
        again + " practice, rests_on: privacy_act s4}\n"
    )
    problems = [p for p in check(copy, LOGGED).problems if p.code == "C115"]
    assert [(p.file, p.line) for p in problems] == [("content/statements/zz.yaml", 2)]
    assert "common.yaml" in problems[0].en


def test_a_tree_under_another_file_name_is_reported(copy: Path):
    (copy / "dialogs" / "find_office.yaml").rename(copy / "dialogs" / "offices.yaml")
    assert codes(copy)["C116"] == "dialogs/offices.yaml"


def test_a_missing_file_that_cairn_needs_is_named(copy: Path):
    (copy / "content" / "crisis.yaml").unlink()
    assert codes(copy) == {"C117": "content/crisis.yaml"}


def test_a_file_with_another_ending_is_told_rather_than_left_out(copy: Path):
    (copy / "content" / "hosts.yaml").rename(copy / "content" / "hosts.yml")
    assert codes(copy) == {"C119": "content/hosts.yml"}


def test_a_second_file_of_a_kind_that_exists_once_is_reported(copy: Path):
    shutil.copy(copy / "content" / "promise.yaml", copy / "content" / "promise2.yaml")
    assert codes(copy) == {"C120": "content/promise2.yaml"}


def test_a_file_that_is_fine_but_breaks_others_says_which(tmp_path: Path):
    path = tmp_path / "sources.yaml"
    text = (ROOT / "content" / "sources.yaml").read_text()
    path.write_text(re.sub(r"\n\s+s113: .*", "", text, count=1))
    assert {p.code for p in check_file(ROOT, path, TODAY).problems} == {"C205"}


def test_an_approval_of_another_version_is_told(tmp_path: Path):
    path = tmp_path / "organization.yaml"
    path.write_text(
        (ROOT / "deploy" / "organization.yaml").read_text()
        + 'approval: {version: "0123456789ab", on: 2026-11-01, by: [{en: "Head of ethics",'
        ' fr: "Responsable de l’éthique"}, {en: "Head of communications",'
        ' fr: "Responsable des communications"}]}\n'
    )
    assert [p.code for p in organization_problems(path)] == ["C705"]


def test_the_sample_organization_has_no_problem():
    path = ROOT / "deploy" / "organization.yaml"
    assert organization_problems(path) == ()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\x00", b"- a\n- b\n", b"just words", b"tree: {" * 5000, b"a: &x [*x]",
        b"%YAML 9\n---\n", b"tree: \xff", "tree: \ud7ff\u202e".encode(), b"? [a]\n: b\n",
        b"!!python/object:os.system x", b"a: " + b"[" * 40_000, b"crisis: 1", b"tree: [\n",
    ],
)  # fmt: skip
def test_no_content_whatever_makes_the_checker_crash(tmp_path: Path, content: bytes):
    path = tmp_path / "strange.yaml"
    path.write_bytes(content)
    problems = check_file(ROOT, path, TODAY).problems
    assert problems
    assert all(p.file == "strange.yaml" for p in problems)


DEEPEST = 20
"""How deep a file may go; the lists below are one below the table that holds them."""

NESTED = {
    "dashes": lambda deep: b"a:\n  " + b"- " * deep + b"x\n",
    "question marks": lambda deep: b"? " * deep + b"x\n",
    "question marks in a table": lambda deep: b"a:\n  " + b"? " * deep + b"x\n",
    "indentation": lambda deep: b"".join(b" " * n + b"a:\n" for n in range(min(deep, 1_300))),
    "dashes and keys": lambda deep: b"a:\n" + b"".join(
        b" " * 2 * n + b"- a:\n" for n in range(1, min(deep, 700))
    ),
    "brackets": lambda deep: b"a:\n  " + b"[" * deep,
    "braces": lambda deep: b"a:\n  " + b"{a: " * deep,
    "brackets and braces": lambda deep: b"a:\n  " + b"[{a: " * (deep // 2),
}  # fmt: skip


@pytest.mark.parametrize("name", NESTED)
def test_no_depth_whatever_ends_the_process_that_reads_a_file(name: str):
    """In a process of its own: it was the end of the one that served people."""
    said = subprocess.run(
        [sys.executable, "-c", READS],
        input=NESTED[name](160_000),
        capture_output=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    assert (said.returncode, said.stderr.decode()) == (0, "")
    (code, line), *more = (one.split() for one in said.stdout.decode().splitlines())
    assert (code, more) == ("C105", [])
    deepest = {"question marks": 1, "indentation": DEEPEST + 1, "dashes and keys": 11}
    assert int(line) == deepest.get(name, 2)


READS = """
import sys
from bot.guidance.problems import Report
from bot.guidance.read import read_bytes
report = Report()
read_bytes(sys.stdin.buffer.read(), "deep.yaml", report)
for one in report.problems:
    print(one.code, one.line)
"""


@pytest.mark.parametrize(
    ("levels", "ok"), [(1, True), (DEEPEST - 1, True), (DEEPEST, False), (DEEPEST + 1, False)]
)
@pytest.mark.parametrize("by", ["dashes", "indentation"])
def test_a_file_goes_as_deep_as_it_may_and_no_deeper(by: str, levels: int, ok: bool):
    content = NESTED["dashes"](levels)
    if by == "indentation":
        content = NESTED["indentation"](levels) + b" " * levels + b"a: x\n"
    report = Report()
    assert (read_bytes(content, "deep.yaml", report) is not None) is ok
    assert [p.code for p in report.problems] == ([] if ok else ["C105"])


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"a: &x one\nb: *x\n", "C105", 2),
        (b"a: &x one\nb:\n  - two\n  - *x\n", "C105", 4),
        (b"&x a: one\n*x : two\n", "C105", 2),
        (b"a: &x\n  - *x\n", "C105", 2),
        (b"a: *bold* words\n", "C102", 1),
        (b"a: &x one\nb: &x two\n", "C102", 2),
        (b"a: one\n---\nb: two\n", "C102", 2),
        (b"a: one\n[b]: two\n", "C102", 2),
    ],
)
def test_what_stands_for_something_else_is_reported_where_it_stands(
    content: bytes, code: str, line: int
):
    report = Report()
    assert read_bytes(content, "short.yaml", report) is None
    assert [(p.code, p.line) for p in report.problems] == [(code, line)]


# -- the change log


def in_log(folder: Path, before: str, after: str) -> list[tuple[str, int]]:
    """What is reported once the change log says something else."""
    path = folder / "content" / "changes.yaml"
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))
    problems = check(folder, LOGGED).problems
    assert {p.file for p in problems} <= {"content/changes.yaml"}
    return [(p.code, p.line) for p in problems]


def line_of(folder: Path, start: str) -> int:
    lines = (folder / "content" / "changes.yaml").read_text().split("\n")
    return next(number for number, line in enumerate(lines, start=1) if line.startswith(start))


def digest_of(folder: Path, thing: str) -> str:
    text = (folder / "content" / "changes.yaml").read_text()
    found = re.search(rf'^  {thing}: "(\w+)"', text, re.MULTILINE)
    assert found is not None
    return found[1]


def test_a_change_that_is_not_told_is_reported_with_what_to_write(copy: Path):
    right = digest_of(copy, "crisis")
    at = line_of(copy, "  crisis: ")
    assert in_log(copy, f'  crisis: "{right}"', '  crisis: "00000000"') == [("C821", at)]
    problem = check(copy, LOGGED).problems[0]
    for sentence in (problem.en, problem.fr):
        assert f'crisis: "{right}"' in sentence
    assert in_log(copy, '"00000000"', f'"{right}"') == []


def test_a_thing_that_nobody_presented_is_reported_with_its_line(copy: Path):
    right = digest_of(copy, "topic:learning")
    found = in_log(copy, f'  topic:learning: "{right}"\n', "")
    assert found == [("C822", line_of(copy, "known:"))]
    assert f'topic:learning: "{right}"' in check(copy, LOGGED).problems[0].fr


@pytest.mark.long
def test_what_was_taken_out_stays_in_the_log_as_gone(copy: Path):
    assert in_log(copy, "known:\n", 'known:\n  topic:former: "gone"\n') == []
    assert in_log(copy, "of: [crisis]", "of: [crisis, topic:former]") == []
    right = digest_of(copy, "crisis")
    at = line_of(copy, "  crisis: ")
    assert in_log(copy, f'  crisis: "{right}"', '  crisis: "gone"') == [("C821", at)]


def test_an_entry_is_not_dated_ahead(copy: Path):
    path = copy / "content" / "changes.yaml"
    ahead = (LOGGED + timedelta(days=1)).isoformat()
    entry = f"  - on: {ahead}\n    how: editorial\n    of: [crisis]\n"
    text = path.read_text().replace("known:\n", f'{entry}    en: "A."\n    fr: "Un."\nknown:\n')
    path.write_text(text)
    found = [(p.code, p.line) for p in check(copy, LOGGED).problems]
    assert found == [("C826", line_of(copy, f"  - on: {ahead}"))]
    assert check(copy, LOGGED + timedelta(days=1)).problems == ()


def test_what_is_still_being_mended_need_not_be_described_yet(copy: Path):
    path = copy / "content" / "crisis.yaml"
    path.write_text(path.read_text().replace("Your safety comes first", "**Safety** comes first"))
    assert {p.code for p in check(copy, LOGGED).problems} == {"C403"}


def test_guidance_of_before_the_change_log_is_not_asked_for_one(copy: Path):
    (copy / "content" / "changes.yaml").unlink()
    assert check(copy, LOGGED).problems == ()


def copied(tmp_path: Path) -> Path:
    """A guidance folder to break."""
    folder = tmp_path / "guidance"
    for part in ("dialogs", "content"):
        shutil.copytree(ROOT / part, folder / part)
    return folder


def with_examples(tmp_path: Path, **files: bytes) -> list[tuple[str, str, int]]:
    """What is reported of these files of examples, in a guidance that has no others."""
    folder = copied(tmp_path)
    shutil.rmtree(folder / "content" / "examples")
    home = folder / "content" / "examples" / "en"
    home.mkdir(parents=True)
    for name, content in files.items():
        (home / f"{name}.txt").write_bytes(content)
    found = check(folder, LOGGED).problems
    return [(p.code, Path(p.file).name, p.line) for p in found if p.code not in ("C812", "C817")]


@pytest.mark.long
def test_what_was_learnt_can_be_read(tmp_path: Path):
    folder = copied(tmp_path)
    for content in (b"", b"no weights", (ROOT / "content" / "learnt.bin").read_bytes()[:-9]):
        (folder / "content" / "learnt.bin").write_bytes(content)
        assert [p.code for p in check(folder, LOGGED).problems] == ["C811"]
    (folder / "content" / "learnt.bin").unlink()
    assert [p.code for p in check(folder, LOGGED).problems] == ["C811"]


def test_what_was_learnt_is_as_old_as_the_examples(tmp_path: Path):
    folder = copied(tmp_path)
    with (folder / "content" / "examples" / "fr" / "learning.txt").open("a") as file:
        file.write("un exemple de plus\n")
    assert [p.code for p in check(folder, LOGGED).problems] == ["C812"]


def test_a_topic_is_not_called_what_other_examples_are_called(tmp_path: Path):
    folder = copied(tmp_path)
    topics = folder / "content" / "topics"
    text = (topics / "learning.yaml").read_text().replace("topic: learning", "topic: thanks")
    (topics / "thanks.yaml").write_text(text)
    found = [p.code for p in check(folder, LOGGED).problems]
    assert found == ["C818"]


def test_each_topic_has_examples_in_both_languages(tmp_path: Path):
    folder = copied(tmp_path)
    (folder / "content" / "examples" / "fr" / "learning.txt").unlink()
    found = [(p.code, p.file) for p in check(folder, LOGGED).problems if p.code != "C812"]
    assert found == [("C817", "content/examples/fr/learning.txt")]


def test_examples_belong_to_a_topic_of_the_guidance(tmp_path: Path):
    found = with_examples(tmp_path, can_i_pst=b"ok to post?\n", out_of_scope=b"lunch?\n")
    assert found == [("C813", "can_i_pst.txt", 1)]


def test_an_example_has_one_topic_and_is_not_too_long(tmp_path: Path):
    long = b"may I? " * 100 + b"\n"
    found = with_examples(
        tmp_path, can_i_post=b"# clerks\nMay I?\n", feedback=b"may i\n", learning=long
    )
    assert found == [("C814", "feedback.txt", 1), ("C815", "learning.txt", 1)]


def test_examples_are_utf_8(tmp_path: Path):
    assert with_examples(tmp_path, feedback=b"caf\xe9\n") == [("C816", "feedback.txt", 1)]
