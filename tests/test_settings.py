"""Do mistakes in the settings stop the start, with one sentence that helps?"""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import HOME, read_settings


def test_without_any_setting_cairn_listens_on_this_machine_only():
    settings = read_settings({})
    assert (settings.host, settings.port, settings.guidance) == ("127.0.0.1", 8080, HOME)
    assert settings.web_on


@pytest.mark.parametrize(
    ("host", "on"),
    [("0.0.0.0", False), ("::1", True), ("localhost", True), ("cairn.example", False)],
)
def test_the_web_chat_is_on_by_itself_for_this_machine_only(host: str, on: bool):
    assert read_settings({"CAIRN_HOST": host}).web_on is on


def test_the_web_chat_can_be_switched_on_for_others_and_off_here():
    assert read_settings({"CAIRN_HOST": "0.0.0.0", "CAIRN_WEB": "true"}).web_on
    assert not read_settings({"CAIRN_WEB": "false"}).web_on


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"CAIRN_PROT": "80"}, "CAIRN_PORT"),
        ({"CAIRN_PORT": "eighty"}, "CAIRN_PORT"),
        ({"CAIRN_PORT": ""}, "empty"),
        ({"CAIRN_port": "80"}, "CAIRN_port"),
        ({"CAIRN_PORT_FILE": "/nowhere"}, "CAIRN_PORT_FILE"),
        ({"CAIRN_PORT": "80", "CAIRN_PORT_FILE": "x"}, "Both"),
    ],
)
def test_a_mistake_stops_the_start_with_a_sentence(environ: dict[str, str], named: str):
    with pytest.raises(SettingsError) as error:
        read_settings(environ)
    assert named in error.value["en"]
    assert error.value["en"] != error.value["fr"]


def test_a_setting_may_stand_in_a_file(tmp_path: Path):
    path = tmp_path / "port"
    path.write_text("9000\n")
    assert read_settings({"CAIRN_PORT_FILE": str(path)}).port == 9000


def test_a_wrong_value_is_never_repeated():
    with pytest.raises(SettingsError) as error:
        read_settings({"CAIRN_PORT": "hunter2"})
    assert "hunter2" not in str(error.value)
