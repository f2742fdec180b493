"""Do mistakes in the settings stop the start, with one sentence that helps?"""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.guidance.words import LANGS
from bot.settings import HOME, Tls, read_settings


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


KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
CASE_KEY = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA="
SLACK = {"CAIRN_SLACK_BOT_TOKEN": "xoxb-1", "CAIRN_SLACK_SIGNING_SECRETS": "s"}
APP, TENANT, OTHER = (f"0a1b2c3d-0000-4000-8000-00000000ca1{n}" for n in range(3))
TEAMS = {
    "CAIRN_TEAMS_APP_ID": APP,
    "CAIRN_TEAMS_APP_PASSWORD": "teams-secret",
    "CAIRN_TEAMS_TENANTS": TENANT,
}
POSTGRES = {"CAIRN_DATABASE_URL": "postgresql://a:b@host/c"}


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in TEAMS.items() if key != f"CAIRN_{name}"}


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"CAIRN_SLACK_BOT_TOKEN": "x"}, ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRETS")),
        ({"CAIRN_SLACK_SIGNING_SECRETS": "x"}, ("SLACK_SIGNING_SECRETS", "SLACK_BOT_TOKEN")),
        ({"CAIRN_SLACK_APP_TOKEN": "x"}, ("SLACK_APP_TOKEN", "SLACK_BOT_TOKEN")),
        ({"CAIRN_SLACK_TEAMS": "T01"}, ("SLACK_TEAMS", "SLACK_BOT_TOKEN")),
        ({**SLACK, **POSTGRES}, ("DATABASE_URL", "SEAL_KEYS")),
        ({**TEAMS, **POSTGRES}, ("DATABASE_URL", "SEAL_KEYS")),
        ({"CAIRN_TEAMS_LOCAL": "true", **POSTGRES}, ("DATABASE_URL", "SEAL_KEYS")),
        (without("TEAMS_APP_PASSWORD"), ("TEAMS_APP_ID", "TEAMS_APP_PASSWORD")),
        (without("TEAMS_TENANTS"), ("TEAMS_APP_ID", "TEAMS_TENANTS")),
        (without("TEAMS_APP_ID"), ("TEAMS_APP_PASSWORD", "TEAMS_APP_ID")),
        ({"CAIRN_TEAMS_APP_TENANT": TENANT}, ("TEAMS_APP_TENANT", "TEAMS_APP_ID")),
        ({"CAIRN_TEAMS_TENANTS": TENANT}, ("TEAMS_TENANTS", "TEAMS_APP_ID")),
        (
            {"CAIRN_TEAMS_LOCAL": "true", "CAIRN_TEAMS_APP_PASSWORD": "teams-secret"},
            ("TEAMS_APP_PASSWORD", "TEAMS_APP_ID"),
        ),
        (
            {**TEAMS, "CAIRN_TEAMS_TENANTS": f"{TENANT},{OTHER}"},
            ("TEAMS_TENANTS", "TEAMS_APP_TENANT"),
        ),
    ],
)
def test_half_of_what_belongs_together_stops_the_start_and_names_the_other_half(
    given: dict[str, str], names: tuple[str, str]
):
    with pytest.raises(SettingsError) as raised:
        read_settings(given)
    for lang in LANGS:
        assert all(f"CAIRN_{name}" in raised.value[lang] for name in names)
        assert not any(value in raised.value[lang] for value in given.values() if len(value) > 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CAIRN_SEAL_KEYS", "short"),
        ("CAIRN_SEAL_KEYS", f"{KEY},AAAA"),
        ("CAIRN_SEAL_KEYS", "é" * 44),
        ("CAIRN_SEAL_KEYS", ","),
        ("CAIRN_CASE_KEYS", "short"),
        ("CAIRN_CASE_KEYS", f"{KEY},AAAA"),
        ("CAIRN_CASE_KEYS", " , "),
        *(
            ("CAIRN_SMTP_URL", url)
            for url in (
                "mail.lakes.example", "https://mail.lakes.example?from=cairn@lakes.example",
                "smtps://mail.lakes.example", "smtps://mail.lakes.example?from=",
                "smtps://?from=cairn@lakes.example", "SMTPS://mail.lakes.example?from=a@b.ca",
                "smtps://mail.lakes.example?from=cairn", "smtps://mail.lakes.example?from=@b.ca",
                "smtps://mail.lakes.example?from=Cairn%20%3Ccairn@lakes.example%3E",
                "smtps://mail.lakes.example?from=cairn@lakes.example%0D%0ABcc:a@b.ca",
                "smtps://mail.lakes.example?from=c@lakes.example&tls=no",
                "smtps://mail.lakes.example?from=c@lakes.example#x",
                "smtps://mail.lakes.example?tls=no&from=c@lakes.example",
                "smtps://mail.lakes.example/inbox?from=c@lakes.example",
                "smtps://mail.lakes.example:0?from=c@lakes.example",
                "smtps://mail.lakes.example:65536?from=c@lakes.example",
                "smtps://mail.lakes.example:?from=c@lakes.example",
                "smtps://mail.lakes.example:٢٥?from=c@lakes.example",
                "smtps://mail..lakes.example?from=c@lakes.example",
                "smtps://mail_server?from=c@lakes.example",
                "smtps://user@mail.lakes.example?from=c@lakes.example",
                "smtps://user:@mail.lakes.example?from=c@lakes.example",
                "smtps://:pass@mail.lakes.example?from=c@lakes.example",
                "smtps://user:pa@ss@mail.lakes.example?from=c@lakes.example",
                "smtps://user:pa/ss@mail.lakes.example?from=c@lakes.example",
                "smtps://user:pa%00ss@mail.lakes.example?from=c@lakes.example",
                "smtps://user:pa%FFss@mail.lakes.example?from=c@lakes.example",
                "smtps://mail.lakes.example?from=c@lakes.example smtps://b.ca?from=c@b.ca",
            )
        ),
        ("CAIRN_SLACK_SIGNING_SECRETS", " , "),
        ("CAIRN_SLACK_TEAMS", "my workspace"),
        ("CAIRN_SLACK_API_URL", "http://slack.com/api/"),
        ("CAIRN_SLACK_API_URL", "https://slack.com/api"),
        ("CAIRN_SLACK_API_URL", "https://user@slack.com/api/"),
        ("CAIRN_SLACK_API_URL", "ftp://slack.com/"),
        ("CAIRN_TEAMS_APP_ID", "my app"),
        ("CAIRN_TEAMS_APP_ID", APP[:-1]),
        ("CAIRN_TEAMS_APP_ID", f"{{{APP}}}"),
        ("CAIRN_TEAMS_APP_ID", f"{APP},{OTHER}"),
        ("CAIRN_TEAMS_APP_ID", "٠" * 8 + APP[8:]),
        ("CAIRN_TEAMS_APP_TENANT", "ministry.example"),
        ("CAIRN_TEAMS_APP_TENANT", f"{TENANT},{OTHER}"),
        ("CAIRN_TEAMS_TENANTS", "*"),
        ("CAIRN_TEAMS_TENANTS", f"{TENANT};{OTHER}"),
        ("CAIRN_TEAMS_TENANTS", f"{TENANT},ministry.example"),
        ("CAIRN_TEAMS_LOCAL", "perhaps"),
        ("CAIRN_TEAMS_METADATA_URL", "http://login.example/keys"),
        ("CAIRN_TEAMS_METADATA_URL", "https://user@login.example/keys"),
        ("CAIRN_TEAMS_METADATA_URL", "https://login.example"),
        *(
            ("CAIRN_TEAMS_SERVICE_HOSTS", hosts)
            for hosts in (
                "*", "*.*", "*.com", "com", "https://smba.trafficmanager.net", "10.0.0.1", "[::1]",
                "smba.trafficmanager.net:443", "smba.trafficmanager.net/", "a@b.example", "0",
                "smba.trafficmanager.net *.botframework.com", "*smba.trafficmanager.net", "a..b.ca",
                "smba.trafficmanager.net.", "smba.trafficmanager.net,*", "169.254.169.254", " , ",
            )
        ),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_used_stops_the_start_and_is_not_repeated(name: str, value: str):
    with pytest.raises(SettingsError) as raised:
        read_settings({**SLACK, **TEAMS, name: value})
    assert name in raised.value["en"]
    assert value not in raised.value["en"] + repr(raised.value)


def test_secrets_do_not_show_when_settings_are_printed():
    settings = read_settings(
        {"CAIRN_SLACK_BOT_TOKEN": "xoxb-secret", "CAIRN_SLACK_SIGNING_SECRETS": "one-secret, two",
         "CAIRN_SEAL_KEYS": KEY, "CAIRN_DATABASE_URL": "postgresql://a:pass-secret@host/c",
         "CAIRN_CASE_KEYS": f"{CASE_KEY}, {KEY}",
         "CAIRN_SMTP_URL": "smtps://mail-user:pass-secret@host?from=cairn@lakes.example"}
    )  # fmt: skip
    assert settings.slack_secrets == ("one-secret", "two")
    assert settings.keys == (bytes(range(32)),)
    assert settings.case_key_bytes == (bytes(reversed(range(32))), bytes(range(32)))
    assert settings.mail_server is not None
    assert settings.mail_server.password == "pass-secret"
    for told in (repr(settings), str(settings), repr(settings.mail_server)):
        assert not any(
            word in told for word in ("xoxb", "one-", "pass-", "mail-user", KEY, CASE_KEY)
        )


def test_without_their_settings_there_are_no_hand_offs_and_no_letters():
    settings = read_settings({})
    assert settings.case_key_bytes == ()
    assert settings.mail_server is None


@pytest.mark.parametrize(
    ("url", "server"),
    [
        (
            "smtps://user:password@mail.lakes.example:465?from=cairn@lakes.example",
            ("mail.lakes.example", 465, Tls.FROM_THE_START, "user", "password"),
        ),
        (
            "smtps://Mail.Lakes.example/?from=cairn%40lakes.example",
            ("mail.lakes.example", 465, Tls.FROM_THE_START, None, None),
        ),
        (
            "smtp://u%40lakes.example:p%2Fa%3Ass%25@10.1.2.3?from=cairn@lakes.example",
            ("10.1.2.3", 587, Tls.STARTTLS, "u@lakes.example", "p/a:ss%"),
        ),
        (
            "smtp://mail:2525?from=cairn@lakes.example",
            ("mail", 2525, Tls.STARTTLS, None, None),
        ),
        (
            "smtp://localhost.lakes.example?from=cairn@lakes.example",
            ("localhost.lakes.example", 587, Tls.STARTTLS, None, None),
        ),
        ("smtp://localhost?from=cairn@lakes.example", ("localhost", 25, Tls.NONE, None, None)),
        (
            "smtp://127.0.0.1:1025?from=cairn@lakes.example",
            ("127.0.0.1", 1025, Tls.NONE, None, None),
        ),
        (
            "smtps://127.0.0.1?from=cairn@lakes.example",
            ("127.0.0.1", 465, Tls.FROM_THE_START, None, None),
        ),
    ],
)
def test_only_a_mail_server_on_this_machine_is_spoken_to_in_the_clear(
    url: str, server: tuple[str, int, Tls, str | None, str | None]
):
    found = read_settings({"CAIRN_SMTP_URL": url}).mail_server
    assert found is not None
    assert found.sender == "cairn@lakes.example"
    assert (found.host, found.port, found.tls, found.user, found.password) == server


def test_several_workspaces_are_separated_by_commas():
    settings = read_settings({**SLACK, "CAIRN_SLACK_TEAMS": "T01ABC, E02DEF"})
    assert settings.slack_workspaces == {"T01ABC", "E02DEF"}
    assert read_settings(SLACK).slack_workspaces == frozenset()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "cairn.example", "10.1.2.3"])
def test_without_credentials_teams_is_served_to_this_machine_only(host: str):
    with pytest.raises(SettingsError) as raised:
        read_settings({"CAIRN_TEAMS_LOCAL": "true", "CAIRN_HOST": host})
    for lang in LANGS:
        assert all(name in raised.value[lang] for name in ("CAIRN_TEAMS_LOCAL", "CAIRN_HOST"))
        assert host not in raised.value[lang]
    for here in ("127.0.0.1", "::1", "localhost"):
        assert read_settings({"CAIRN_TEAMS_LOCAL": "true", "CAIRN_HOST": here}).teams_on
    assert not read_settings({"CAIRN_TEAMS_LOCAL": "false", "CAIRN_HOST": host}).teams_on


def test_what_belongs_to_teams_is_read_as_it_is_meant():
    settings = read_settings(TEAMS | {"CAIRN_TEAMS_APP_ID": APP.upper()})
    assert (settings.teams_on, settings.teams_app_id) == (True, APP)
    assert (settings.teams_tenant, settings.teams_tenants_served) == (TENANT, {TENANT})
    assert settings.teams_hosts == {"smba.trafficmanager.net", "*.botframework.com"}
    several = f" {OTHER.upper()} , {TENANT},"
    settings = read_settings(
        TEAMS | {"CAIRN_TEAMS_TENANTS": several, "CAIRN_TEAMS_APP_TENANT": TENANT}
    )
    assert (settings.teams_tenant, settings.teams_tenants_served) == (TENANT, {OTHER, TENANT})


def test_the_password_of_teams_may_stand_in_a_file_and_never_shows(tmp_path: Path):
    path = tmp_path / "password"
    path.write_text("teams-secret-in-a-file\n")
    given = without("TEAMS_APP_PASSWORD") | {"CAIRN_TEAMS_APP_PASSWORD_FILE": str(path)}
    settings = read_settings(given)
    assert settings.teams_app_password is not None
    assert settings.teams_app_password.get_secret_value() == "teams-secret-in-a-file"
    for told in (repr(settings), str(settings)):
        assert "teams-secret" not in told
    path.write_text(" \n")
    for wrong in (str(path), str(tmp_path / "nowhere")):
        with pytest.raises(SettingsError) as raised:
            read_settings(given | {"CAIRN_TEAMS_APP_PASSWORD_FILE": wrong})
        assert "CAIRN_TEAMS_APP_PASSWORD_FILE" in raised.value["en"]
        assert wrong not in raised.value["en"]
    with pytest.raises(SettingsError):
        read_settings(given | {"CAIRN_TEAMS_APP_PASSWORD": "teams-secret"})
