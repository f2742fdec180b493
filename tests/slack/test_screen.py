"""Do the helpers show a message or view as a person reads it?"""

from __future__ import annotations

from tests.slack import screen
from tests.slack.fake import FakeSlack
from tests.slack.person import Person
from tests.slack.program import Program
from tests.slack.samples import (
    actions,
    button,
    field_of,
    home,
    modal,
    option,
    radio,
    rich,
    section,
    words,
)  # fmt: skip
from tests.slack.state import Channel, Json

EVERYTHING: list[Json] = [
    {"type": "header", "text": words("Before you post")},
    section(
        "*Bold*, _italic_, `code`, ~gone~ and snake_case\n<https://a.example/?b=1&amp;c=2|words>"
    ),
    section("With a button", accessory=button("Open", "open", url="https://b.example")),
    {"type": "section", "fields": [words("R&amp;D"), words("&lt;b&gt;")]},
    {"type": "divider"},
    {
        "type": "context",
        "elements": [
            {"type": "image", "image_url": "https://c.example/a.png", "alt_text": "A cairn"},
            words("related"),
        ],
    },
    {"type": "image", "image_url": "https://c.example/b.png", "alt_text": "A pile of stones"},
    rich("first line\nsecond line"),
    {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [{"type": "link", "url": "https://d.example"}],
                    }
                ],
            },
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "a draft"}]},
        ],
    },
    {"type": "markdown", "text": "**as it is**"},
    actions(
        {
            "type": "static_select",
            "action_id": "pick",
            "placeholder": words("Choose"),
            "option_groups": [{"label": words("All"), "options": [option("one"), option("two")]}],
        },
        {"type": "overflow", "action_id": "more", "options": [option("later")]},
    )
    | {"block_id": "row"},
]
READ = """\
# Before you post
Bold, italic, code, gone and snake_case
words
With a button
[ Open ]
R&D
<b>
---
A cairn related
(A pile of stones)
first line
second line
- https://d.example
> a draft
**as it is**
< Choose >
( ) One
( ) Two
... Later"""


async def test_a_message_reads_from_top_to_bottom(
    fake: FakeSlack, program: Program, alice: Person, team: Channel
):
    message = fake.put(team, fake.workspace.bot, "fallback", EVERYTHING)
    assert screen.text(message) == READ
    assert screen.buttons(message) == ["Open"]
    assert screen.options(message, "row") == ["One", "Two", "Later"]
    assert screen.links(message) == ["https://a.example/?b=1&c=2", "https://b.example",
                                     "https://d.example"]  # fmt: skip
    await alice.pick(message, "row", "two", action_id="pick")
    assert screen.lines(message)[-3:] == ["( ) One", "(o) Two", "... Later"]
    assert program.got[0]["actions"][0]["selected_option"] == option("two")


async def test_a_modal_reads_with_its_labels_hints_and_ends(
    fake: FakeSlack, program: Program, alice: Person
):
    told = {**option("me"), "description": words("and nobody else")}
    view = fake.open_view(
        alice.user,
        modal(
            radio("Who?", "", options=[told], kind="checkboxes") | {"hint": words("Choose all")},
            field_of("Why?") | {"optional": True, "dispatch_action": True},
        ),
    )
    assert screen.lines(view) == [
        "== Cairn ==",
        "Who?",
        "[ ] Me — and nobody else",
        "Choose all",
        "Why? (optional)",
        "[____]",
        "[ Close ] [ Next ]",
    ]
    assert await alice.type(view, "Why?", "because") is None
    assert await alice.type(view, "Why?", "because", enter=True) is not None
    assert program.got[0]["actions"][0]["value"] == "because"
    front = fake.new_view(alice.user, "home")
    fake.fill_view(front, home(section("Hello")))
    assert screen.text(front) == "Hello"
