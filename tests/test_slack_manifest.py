"""Does the manifest ask Slack for the least, in both languages, and within its limits?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bot.channels.slack.manifest import NAME, as_yaml, manifest
from bot.cli import main
from bot.guidance.model import Guidance
from tests.conftest import ROOT
from tests.slack import limits, schemas
from tests.slack.fake import SCOPES

URL = "https://cairn.lakes.example"
GUIDE = ROOT / "docs" / "operators" / "slack.md"


@pytest.mark.parametrize("url", [URL, None])
def test_the_manifest_keeps_to_slacks_types_and_limits(guidance: Guidance, url: str | None):
    found = manifest(guidance, url)
    assert schemas.problems("AppManifest", found) == []
    assert limits.manifest(found).sentences() == []


def test_the_shipped_manifest_is_what_the_command_writes(guidance: Guidance):
    shipped = (ROOT / "deploy" / "slack" / NAME).read_text(encoding="utf-8")
    assert shipped == as_yaml(guidance, URL)


def test_no_scope_and_no_event_reads_what_is_written_in_channels(guidance: Guidance):
    found = manifest(guidance, URL)
    scopes = found["oauth_config"]["scopes"]["bot"]
    reading = re.compile(r"(channels|groups|mpim|files|search|reactions|team|usergroups|admin)")
    # Who is in a channel and who reads it, and nothing of what they write.
    assert [scope for scope in scopes if reading.match(scope)] == ["channels:read", "groups:read"]
    assert [s for s in scopes if s.endswith(":history")] == ["im:history"]
    events = found["settings"]["event_subscriptions"]["bot_events"]
    assert [event for event in events if event.startswith("message.")] == ["message.im"]
    assert "user" not in found["oauth_config"]["scopes"]


def test_only_pinning_may_be_refused_and_slack_wants_it_in_both_lists(guidance: Guidance):
    scopes = manifest(guidance, URL)["oauth_config"]["scopes"]
    assert scopes["bot_optional"] == ["pins:write"]
    assert set(scopes["bot_optional"]) < set(scopes["bot"])


def test_the_fake_slack_grants_what_the_manifest_asks_for(guidance: Guidance):
    assert set(manifest(guidance, URL)["oauth_config"]["scopes"]["bot"]) == SCOPES


def test_the_hint_of_the_command_names_pinning_in_both_languages(guidance: Guidance):
    (command,) = manifest(guidance, URL)["features"]["slash_commands"]
    for word in ("pin", "unpin", "épingler", "retirer"):
        assert word in command["usage_hint"]


def test_every_scope_is_explained_to_the_operator_and_no_other(guidance: Guidance):
    told = set(re.findall(r"^\| `([a-z_:]+)` \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE))
    assert told == set(manifest(guidance, URL)["oauth_config"]["scopes"]["bot"])


def test_shortcuts_are_there_in_both_languages_and_name_their_walk(guidance: Guidance):
    shortcuts = manifest(guidance, URL)["features"]["shortcuts"]
    names = {one["callback_id"]: one["name"] for one in shortcuts}
    assert names == {
        "can_i_post.en": "Can I post this?",
        "can_i_post.fr": "Puis-je publier ceci?",
        "post_reported.en": "A post was reported",
        "post_reported.fr": "Publication signalée",
    }
    assert all(len(name) <= 24 for name in names.values())
    assert all(one["type"] == "global" for one in shortcuts)


def test_without_an_address_the_app_uses_socket_mode_and_names_none(guidance: Guidance):
    found = manifest(guidance, None)
    assert found["settings"]["socket_mode_enabled"] is True
    assert "http" not in as_yaml(guidance, None)
    assert manifest(guidance, URL)["settings"]["socket_mode_enabled"] is False


def test_the_command_writes_the_file_and_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], guidance: Guidance
):
    folder = tmp_path / "new" / "folder"
    assert main(["manifest", "slack", "--url", f"{URL}/", "--out", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == str(folder / NAME)
    written = yaml.safe_load((folder / NAME).read_text(encoding="utf-8"))
    assert written == manifest(guidance, URL)


@pytest.mark.parametrize("url", ["http://cairn.lakes.example", "cairn.lakes.example", "https://"])
def test_an_address_that_slack_would_refuse_is_refused_here(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["manifest", "slack", "--url", url, "--out", str(tmp_path)]) == 2
    assert "https://" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "file").write_text("")
    assert main(["manifest", "slack", "--out", str(tmp_path / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err
