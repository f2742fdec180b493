"""Do the commands do what they say, and help where they cannot?"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from bot.cli import main
from tests.conftest import ROOT, SAMPLE
from tests.test_content import TREES


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(arguments)
    told = capsys.readouterr()
    return status, told.out, told.err


@pytest.fixture
def french(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "fr_CA.UTF-8")


def test_check_finds_nothing_wrong_with_what_is_shipped(capsys: pytest.CaptureFixture[str]):
    assert run(capsys, "check") == (0, "0 errors, 0 warnings\n", "")


def test_check_as_json_has_the_fields_that_others_read(capsys: pytest.CaptureFixture[str]):
    bad = next((ROOT / "tests" / "bad").glob("C201*"))
    status, out, _ = run(capsys, "check", "--json", str(bad))
    found = json.loads(out)
    assert status == 1
    assert set(found[0]) == {"code", "file", "line", "severity", "en", "fr"}
    assert found[0]["code"] == "C201"


def test_check_of_one_shipped_file_or_of_an_organization(capsys: pytest.CaptureFixture[str]):
    tree = ROOT / "dialogs" / "can_i_post.yaml"
    assert run(capsys, "check", str(tree))[0] == 0
    assert run(capsys, "check", str(SAMPLE))[:2] == (0, "0 errors, 0 warnings\n")


def test_check_lists_what_a_person_must_still_settle(capsys: pytest.CaptureFixture[str]):
    status, out, _ = run(capsys, "check", "--open", "--json")
    found = json.loads(out)
    assert status == 0
    assert {"C901", "C902", "C903"} <= {problem["code"] for problem in found}
    assert {problem["severity"] for problem in found} == {"open"}


def test_check_speaks_the_language_of_the_reader(capsys: pytest.CaptureFixture[str], french: None):
    bad = next((ROOT / "tests" / "bad").glob("C203*"))
    out = run(capsys, "check", str(bad))[1]
    assert "erreur C203: Il n’y a pas de bureau" in out


def test_routes_counts_every_tree(capsys: pytest.CaptureFixture[str]):
    rows = json.loads(run(capsys, "routes", "--json")[1])
    assert [row["tree"] for row in rows] == TREES
    assert all(row["routes"] > 50 for row in rows)
    assert "can_i_post" in run(capsys, "routes")[1]


def test_show_prints_one_screen_in_each_form(capsys: pytest.CaptureFixture[str]):
    place = "post_reported?channel=media_query"
    screen = json.loads(run(capsys, "show", place, "--lang", "fr", "--as", "screen")[1])
    assert screen["place"] == place
    assert screen["question"]["id"] == "danger"
    assert "Avant tout" in run(capsys, "show", place, "--lang", "fr", "--as", "text")[1]
    assert run(capsys, "show", place, "--as", "html")[1].startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "nothing_here"), "I do not know that place"),
        (("show", "can_i_post?" + "x" * 100_000), "too long"),
        (("show", "../../etc/passwd"), "I do not know that place"),
        (("show", "can_i_post", "--lang", "xx"), "no such language"),
        (("chat", "--tree", "can_i_pots"), "Did you mean can_i_post?"),
        (("graph", "nothing"), "There is no tree of that name"),
        (("check", "nowhere.yaml"), "no file or folder"),
        (("dance",), "I cannot use these arguments"),
        ((), "I cannot use these arguments"),
    ],
)
def test_what_does_not_exist_is_answered_with_a_sentence_and_status_2(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
):
    status, out, err = run(capsys, *arguments)
    assert status == 2
    assert sentence in err
    assert out == ""
    assert "Traceback" not in err
    assert "xxxxxxxx" not in err


def test_the_sentence_comes_in_french_for_a_french_reader(
    capsys: pytest.CaptureFixture[str], french: None
):
    assert "Il n’y a pas d’arbre de ce nom" in run(capsys, "graph", "rien")[2]
    assert "Je ne connais pas cet endroit" in run(capsys, "show", "rien", "--lang", "fr")[2]


def test_guidance_with_an_error_is_not_used(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "dialogs").mkdir()
    (tmp_path / "dialogs" / "x.yaml").write_text("tree: x\n")
    monkeypatch.setenv("CAIRN_GUIDANCE", str(tmp_path))
    status, _, err = run(capsys, "show", "can_i_post")
    assert status == 2
    assert "dialogs/x.yaml:1" in err


def test_an_organization_file_with_an_error_is_not_used(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "mine.yaml"
    path.write_text("organization: mine\n")
    monkeypatch.setenv("CAIRN_ORGANIZATION", str(path))
    status, _, err = run(capsys, "show", "can_i_post")
    assert status == 2
    assert "mine.yaml:1" in err


def helped(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_help_of_every_command_says_all_in_both_languages(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "1000")
    whole = helped(capsys)
    commands = re.findall(r"^    (\w+) {2,}", whole, re.MULTILINE)
    assert {"check", "doctor", "insights"} <= set(commands)
    for told in (whole, *(helped(capsys, name) for name in commands)):
        # A name that is too long has its help on the next line.
        joined = re.sub(r"\n {20,}", "  ", told)
        usage, about, *lines = [line for line in joined.splitlines() if line]
        headings = [line for line in lines if not line.startswith(" ")]
        assert set(headings) <= {"arguments:", "options:", "commands / commandes:"}
        assert about.count(" / ") == 1
        entries = [line.strip() for line in lines if line.startswith(" ")]
        entries = [line for line in entries if line != "COMMAND"]
        assert all(re.search(r" {2,}\S.* / \S", line) for line in entries), entries
        options = set(re.findall(r"--[a-z]+", usage)) | {"--help"}
        assert options == {name for line in entries if (name := _option(line))}


def _option(entry: str) -> str | None:
    found = re.match(r"(?:-h, )?(--[a-z]+)", entry)
    return found[1] if found else None


@pytest.mark.long
@pytest.mark.parametrize("tree", TREES)
def test_the_diagram_names_every_question_answer_and_option(
    capsys: pytest.CaptureFixture[str], tree: str
):
    from bot.app import read_guidance
    from tests.conftest import TODAY

    out = run(capsys, "graph", tree, "--format", "mermaid", "--lang", "fr")[1]
    model = read_guidance(ROOT, None, TODAY)[0].trees[tree]
    assert out.startswith("flowchart TD\n")
    arrows = sum(len(q.options) for q in model.questions.values())
    assert out.count(" -->|") == arrows
    assert out.count(":::") == len(model.answers)


@pytest.mark.parametrize("form", ["html", "md"])
def test_the_print_out_holds_every_word_of_both_languages(
    capsys: pytest.CaptureFixture[str], form: str
):
    from html import unescape

    from bot.app import read_guidance
    from bot.guidance.words import LANGS, plain
    from tests.conftest import TODAY

    out = unescape(run(capsys, "print", "post_reported", "--format", form)[1])
    bare = out.replace("<strong>", "").replace("</strong>", "").replace("<em>", "")
    bare = bare.replace("</em>", "").replace("\\|", "|")
    tree = read_guidance(ROOT, None, TODAY)[0].trees["post_reported"]
    for lang in LANGS:
        for question in tree.questions.values():
            assert question.ask[lang] in bare
            for option in question.options:
                assert option.label[lang] in bare
                for statement in option.adds.say:
                    assert plain(statement.words[lang]) in bare
        for answer in tree.answers.values():
            assert answer.title[lang] in bare
            for statement in answer.say:
                assert plain(statement.words[lang]) in bare


def test_without_names_every_tree_is_printed(capsys: pytest.CaptureFixture[str]):
    assert run(capsys, "print", "--format", "md")[1].count("\n## Sources\n") == len(TREES)


def test_the_schemas_accept_what_is_shipped_and_refuse_a_typing_mistake():
    import yaml

    schema = json.loads((ROOT / "dialogs" / "tree.schema.json").read_text())
    validator = Draft202012Validator(schema)
    text = (ROOT / "dialogs" / "find_office.yaml").read_text()
    tree = yaml.load(text, Loader=yaml.BaseLoader)
    assert list(validator.iter_errors(tree)) == []
    tree["anwsers"] = tree.pop("answers")
    assert list(validator.iter_errors(tree))
