"""Do the official types and our table of limits catch what Slack would refuse?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.slack import limits, schemas
from tests.slack.samples import (
    NAV,
    SAFE,
    actions,
    button,
    field_of,
    home,
    in_message,
    long,
    many,
    modal,
    option,
    radio,
    rich,
    section,
    words,
)
from tests.slack.state import Json


def test_the_types_know_one_name_of_everything_the_program_sends():
    names = ("MessagePayload", "ModalPayload", "HomePayload", "ViewAnswer", "AppManifest")
    assert [name for name in names if name in schemas.definitions()] == list(names)
    with pytest.raises(KeyError, match="exports no Nonsense"):
        schemas.problems("Nonsense", {})


# ---- the fault matrix: what is caught by the types


BY_TYPES: dict[str, tuple[Json, str]] = {
    "unknown block": (in_message({"type": "nonsense"}), "'nonsense' is not one of the types"),
    "bad style": (
        in_message({"type": "actions", "elements": [button("Go", "go", style="green")]}),
        "/blocks/0/elements/0/style",
    ),
    "mrkdwn in a button": (
        in_message(
            {
                "type": "actions",
                "elements": [{"type": "button", "text": {"type": "mrkdwn", "text": "Go"}}],
            }
        ),
        "/blocks/0/elements/0/text/type",
    ),
    "key with a typing error": (in_message(section("a", blok_id="b")), "'blok_id' was unexpected"),
    "input in actions": (
        in_message({"type": "actions", "elements": [{"type": "plain_text_input"}]}),
        "'plain_text_input' is not one of the types",
    ),
    "header without text": (in_message({"type": "header"}), "'text' is a required property"),
    "image without alt_text": (
        in_message({"type": "image", "image_url": "https://example.invalid/a.png"}),
        "'alt_text' is a required property",
    ),
    "text object as a string": (in_message({"type": "header", "text": "words"}), "/blocks/0/text"),
    "blocks as text": ({"text": "a", "blocks": "[]"}, "[json-pointer:/blocks]"),
}


@pytest.mark.parametrize("name", BY_TYPES)
def test_the_types_catch(name: str):
    payload, said = BY_TYPES[name]
    assert any(said in sentence for sentence in schemas.problems("MessagePayload", payload))


def test_the_types_catch_a_modal_without_title_and_a_home_with_one():
    without = {key: value for key, value in modal(section("a")).items() if key != "title"}
    assert schemas.problems("ModalPayload", without) == [
        "'title' is a required property [json-pointer:]"
    ]
    assert schemas.problems("HomePayload", {**home(section("a")), "title": words("a")})
    assert schemas.problems("ModalPayload", modal(radio("a", "b"), NAV)) == []
    assert schemas.problems("HomePayload", home(section("a"), NAV)) == []


def test_the_types_know_the_answers_to_a_modal():
    good: list[Json] = [
        {"response_action": "clear"},
        {"response_action": "errors", "errors": {"who": "Choose one"}},
        {"response_action": "update", "view": modal(section("a"))},
        {"response_action": "push", "view": modal(section("a"))},
    ]
    assert [problem for said in good for problem in schemas.problems("ViewAnswer", said)] == []
    bad: list[Json] = [
        {"response_action": "close"},
        {"response_action": "update"},
        {"response_action": "errors", "errors": ["Choose one"]},
        {"response_action": "update", "view": home(section("a"))},
        {},
    ]
    assert all(schemas.problems("ViewAnswer", said) for said in bad)


def test_the_types_know_a_manifest():
    good = {
        "display_information": {"name": "Cairn"},
        "oauth_config": {"scopes": {"bot": ["chat:write"], "bot_optional": ["pins:write"]}},
    }
    assert schemas.problems("AppManifest", good) == []
    assert schemas.problems("AppManifest", {**good, "surprise": {}})
    assert schemas.problems(
        "AppManifest", {**good, "oauth_config": {"scopes": {"bot": ["chat:wirte"]}}}
    )


# ---- the fault matrix: what the types cannot say


REFUSED: dict[str, tuple[list[Json], list[Json], str]] = {
    # what is refused, the longest that is not, and where
    "blocks": ([section("a")] * 51, [section("a")] * 50, "/blocks"),
    "section": ([section(long(3001))], [section(long(3000))], "/blocks/0/text/text"),
    "empty text": ([section("")], [section("a")], "/blocks/0/text/text"),
    "field": (
        [{"type": "section", "fields": [words(long(2001))]}],
        [{"type": "section", "fields": [words(long(2000))]}],
        "/blocks/0/fields/0/text",
    ),
    "fields": (
        [{"type": "section", "fields": [words("a")] * 11}],
        [{"type": "section", "fields": [words("a")] * 10}],
        "/blocks/0/fields",
    ),
    "empty section": ([{"type": "section"}], [section("a")], "/blocks/0"),
    "header": (
        [{"type": "header", "text": words(long(151))}],
        [{"type": "header", "text": words(long(150))}],
        "/blocks/0/text/text",
    ),
    "context": (
        [{"type": "context", "elements": [words("a")] * 11}],
        [{"type": "context", "elements": [words("a")] * 10}],
        "/blocks/0/elements",
    ),
    "actions": (
        [actions(*(button("a", f"a{n}") for n in range(26)))],
        [actions(*(button("a", f"a{n}") for n in range(25)))],
        "/blocks/0/elements",
    ),
    "button text": (
        [actions(button(long(76), "a"))],
        [actions(button(long(75), "a"))],
        "/blocks/0/elements/0/text/text",
    ),
    "button value": (
        [actions(button("a", "a", value=long(2001)))],
        [actions(button("a", "a", value=long(2000)))],
        "/blocks/0/elements/0/value",
    ),
    "button url": (
        [actions(button("a", "a", url="https://" + long(2993)))],
        [actions(button("a", "a", url="https://" + long(2992)))],
        "/blocks/0/elements/0/url",
    ),
    "label for screen readers": (
        [actions(button("a", "a", accessibility_label=long(76)))],
        [actions(button("a", "a", accessibility_label=long(75)))],
        "/blocks/0/elements/0/accessibility_label",
    ),
    "action_id": (
        [actions(button("a", long(256)))],
        [actions(button("a", long(255)))],
        "/blocks/0/elements/0/action_id",
    ),
    "block_id": (
        [section("a", block_id=long(256))],
        [section("a", block_id=long(255))],
        "/blocks/0/block_id",
    ),
    "same block_id": (
        [section("a", block_id="b"), section("a", block_id="b")],
        [section("a", block_id="b"), section("a", block_id="c")],
        "/blocks",
    ),
    "same action_id": (
        [actions(button("a", "a"), button("b", "a"))],
        [actions(button("a", "a")), actions(button("b", "a"))],
        "/blocks/0",
    ),
    "radio options": (
        [radio("a", *many(11))],
        [radio("a", *many(10))],
        "/blocks/0/element/options",
    ),
    "check boxes": (
        [radio("a", *many(11), kind="checkboxes")],
        [radio("a", *many(10), kind="checkboxes")],
        "/blocks/0/element/options",
    ),
    "no options": ([radio("a")], [radio("a", "b")], "/blocks/0/element/options"),
    "select options": (
        [radio("a", *many(101), kind="static_select")],
        [radio("a", *many(100), kind="static_select")],
        "/blocks/0/element/options",
    ),
    "overflow": (
        [actions({"type": "overflow", "options": [option(v) for v in many(6)]})],
        [actions({"type": "overflow", "options": [option(v) for v in many(5)]})],
        "/blocks/0/elements/0/options",
    ),
    "option text": (
        [radio("a", long(76))],
        [radio("a", long(75))],
        "/blocks/0/element/options/0/text/text",
    ),
    "option value": (
        [actions({"type": "overflow", "options": [{"text": words("a"), "value": long(151)}]})],
        [actions({"type": "overflow", "options": [{"text": words("a"), "value": long(150)}]})],
        "/blocks/0/elements/0/options/0/value",
    ),
    "option description": (
        [radio("a", "b", options=[{**option("b"), "description": words(long(76))}])],
        [radio("a", "b", options=[{**option("b"), "description": words(long(75))}])],
        "/blocks/0/element/options/0/description/text",
    ),
    "initial option": (
        [radio("a", "b", initial_option={**option("b"), "description": words("c")})],
        [radio("a", "b", initial_option=option("b"))],
        "/blocks/0/element/initial_option",
    ),
    "initial options": (
        [radio("a", "b", kind="checkboxes", initial_options=[option("b"), option("c")])],
        [radio("a", "b", kind="checkboxes", initial_options=[option("b")])],
        "/blocks/0/element/initial_option",
    ),
    "no initial options": (
        [radio("a", "b", kind="checkboxes", initial_options=[])],
        [radio("a", "b", kind="checkboxes")],
        "/blocks/0/element/initial_options",
    ),
    "label": (
        [{**field_of("a"), "label": words(long(2001))}],
        [{**field_of("a"), "label": words(long(2000))}],
        "/blocks/0/label/text",
    ),
    "initial value": (
        [field_of("a", max_length=5, initial_value=long(6))],
        [field_of("a", max_length=5, initial_value=long(5))],
        "/blocks/0/element/initial_value",
    ),
    "max_length": (
        [field_of("a", max_length=3001)],
        [field_of("a", max_length=3000)],
        "/blocks/0/element/max_length",
    ),
    "min_length": (
        [field_of("a", min_length=6, max_length=5)],
        [field_of("a", min_length=5, max_length=5)],
        "/blocks/0/element/min_length",
    ),
    "placeholder": (
        [field_of("a", placeholder=words(long(151)))],
        [field_of("a", placeholder=words(long(150)))],
        "/blocks/0/element/placeholder/text",
    ),
    "confirm": (
        [actions(button("a", "a", confirm={"title": words(long(101)), "text": words("b")}))],
        [actions(button("a", "a", confirm={"title": words(long(100)), "text": words("b")}))],
        "/blocks/0/elements/0/confirm/title/text",
    ),
    "sum of all blocks": (
        [section(long(2999)) for _ in range(4)],
        [section(long(3000)) for _ in range(3)],
        "/blocks",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_limits_catch(name: str):
    bad, good, pointer = REFUSED[name]
    for blocks in (bad, good):
        assert schemas.problems("MessagePayload", in_message(*blocks)) == [], (
            "the types say nothing"
        )
    found = limits.message({**in_message(*bad), **SAFE})
    assert [s for s in found.refused if s.endswith(f"[json-pointer:{pointer}]")]
    assert limits.message({**in_message(*good), **SAFE}).sentences() == []


NOTED: dict[str, tuple[Json, str]] = {
    "no fallback text": ({"blocks": [section("a")]}, "/text"),
    "long fallback text": ({"text": long(4001)}, "/text"),
    "more than our budget": (in_message(*[section(long(2500))] * 4), "/blocks"),
    "more than our budget, in rich text": (in_message(*[rich(long(2500))] * 4), "/blocks"),
    "unfurl": ({"text": "a", "unfurl_links": True}, "/unfurl_links"),
    "@channel": ({"text": "<!channel> look"}, "/text"),
    "@here in a block": (in_message(section("<!here>")), "/blocks/0/text/text"),
    "mention": (in_message(section("ask <@U123>")), "/blocks/0/text/text"),
    "bare ampersand": (in_message(section("R&D")), "/blocks/0/text/text"),
    "bare less-than": (in_message(section("1 < 2")), "/blocks/0/text/text"),
    "bare greater-than": (in_message(section("2 > 1")), "/blocks/0/text/text"),
    "bare ampersand in plain text": (
        in_message({"type": "header", "text": words("R&D")}),
        "/blocks/0/text/text",
    ),
    "http link": (in_message(section("<http://a.example|words>")), "/blocks/0/text/text"),
    "http button": (
        in_message(actions(button("a", "a", url="http://a.example"))),
        "/blocks/0/elements/0/url",
    ),
    "javascript button": (
        in_message(actions(button("a", "a", url="javascript:alert(1)"))),
        "/blocks/0/elements/0/url",
    ),
    "link with a date in disguise": (in_message(section("<!date^1^a|b>")), "/blocks/0/text/text"),
    "direction override": (in_message(section("a\u202eb")), "/blocks/0/text/text"),
    "link_names": ({"text": "a", "link_names": True}, "/parse"),
    "same values": (in_message(radio("a", "b", "b")), "/blocks/0/element/options"),
}


@pytest.mark.parametrize("name", NOTED)
def test_the_limits_note_what_slack_would_take(name: str):
    args, pointer = NOTED[name]
    found = limits.message({**SAFE, **args})
    assert found.refused == []
    assert [s for s in found.noted if s.endswith(f"[json-pointer:{pointer}]")]


def test_what_is_written_well_passes_the_limits():
    text = (
        "*bold* &amp; &lt;b&gt; <https://example.invalid/a?b=1&amp;c=2|words> "
        "<mailto:a@example.invalid|mail> <tel:+18005550100|call>\n> quoted"
    )
    assert limits.message({**in_message(section(text)), **SAFE}).sentences() == []
    assert limits.message({**in_message(rich("1 < 2 & <!channel>")), **SAFE}).sentences() == []
    assert limits.message({"text": "😀" * 1501, **SAFE}).sentences() == []
    assert limits.message({**in_message(section("😀" * 1501)), **SAFE}).refused, "two units each"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"title": words(long(25))}, "/view/title/text"),
        ({"submit": words(long(25))}, "/view/submit/text"),
        ({"close": words(long(25))}, "/view/close/text"),
        ({"private_metadata": long(3001)}, "/view/private_metadata"),
        ({"callback_id": long(256)}, "/view/callback_id"),
        ({"blocks": [section("a")] * 101}, "/view/blocks"),
        ({"submit": None}, "/view/submit"),
        ({"blocks": [field_of("a", focus_on_load=True), field_of("b", focus_on_load=True)]},
         "/view/blocks"),
    ],
)  # fmt: skip
def test_the_limits_of_a_modal(change: Json, pointer: str):
    assert limits.view(modal(radio("who", "me"), NAV)).sentences() == []
    found = limits.view(modal(radio("who", "me"), NAV) | change)
    assert [s for s in found.refused if s.endswith(f"[json-pointer:{pointer}]")]


def test_the_limits_of_a_view_in_bytes_and_of_a_manifest():
    assert limits.view(home(*[section(long(2900))] * 90)).error == "view_too_large"
    shortcut = {"name": "Check before I post", "type": "global", "description": "a"}
    good: Json = {
        "display_information": {"name": "Cairn", "long_description": long(175)},
        "features": {"shortcuts": [shortcut], "slash_commands": [{"command": "/cairn"}]},
    }
    assert limits.manifest(good).sentences() == []
    name = "A post was brought to my attention"
    bad: Json = {
        "display_information": {"name": long(36), "long_description": "short"},
        "features": {
            "shortcuts": [{**shortcut, "name": name}] * 11,
            "slash_commands": [{"command": "Cairn"}],
        },
    }
    assert len(limits.manifest(bad).refused) == 1 + 1 + 1 + 11 + 1


def test_where_node_or_the_types_lack_the_command_that_gets_them_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    assert schemas.missing() is None
    monkeypatch.setattr(schemas, "MODULES", tmp_path)
    assert schemas.missing() == "needs Slack's types from npm: npm ci --prefix tests"
    monkeypatch.setattr(schemas, "NODE", None)
    assert "npm ci --prefix tests" in str(schemas.missing())
