"""Does Teams get a package that it takes, in both languages, that asks for the least?"""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from bot.channels.teams.icons import color_icon, outline_icon
from bot.channels.teams.manifest import (
    EXTENSION,
    NAME,
    NO_APP,
    PERMISSIONS,
    files,
    package,
)
from bot.channels.teams.menu import Menu, Pinning, commands, pin_commands
from bot.cli import main
from bot.guidance import understand
from bot.guidance.model import Guidance
from bot.guidance.pages import at_place
from bot.guidance.words import LANGS, Words
from tests.conftest import ROOT, SAMPLE, TODAY

URL = "https://cairn.lakes.example"
APP = "1f0c3a52-7d0e-4b8e-9a64-2f6c1d8b7e35"
PASSWORD = "not-a-real-password"
SHIPPED = ROOT / "deploy" / "teams"
AZURE = ROOT / "deploy" / "azure"
GUIDE = ROOT / "docs" / "operators" / "teams.md"
SCHEMAS = ROOT / "tests/node_modules/@microsoft/app-manifest/build/json-schemas/teams"

needs_schemas = pytest.mark.skipif(
    not SCHEMAS.exists(), reason="needs Teams' schemas from npm: npm ci --prefix tests"
)
both = pytest.mark.parametrize("targeted", [False, True])


def problems(schema: str, version: str, document: Any) -> list[str]:
    path = SCHEMAS / f"v{version}" / f"MicrosoftTeams.{schema}"
    validator = Draft4Validator(json.loads(path.read_text(encoding="utf-8")))
    return [error.message for error in validator.iter_errors(document)]


def read(guidance: Guidance, *, targeted: bool = False) -> tuple[Any, Any]:
    """The manifest and its French, out of the zip."""
    archive = zipfile.ZipFile(io.BytesIO(package(guidance, URL, APP, targeted=targeted)))
    return json.loads(archive.read("manifest.json")), json.loads(archive.read("fr.json"))


def found_at(manifest: Any, name: str) -> Any:
    """What a key of a localization file points at."""
    for part in re.findall(r"[^.\[\]]+", name):
        manifest = manifest[int(part) if part.isdigit() else part]
    return manifest


def points(png: bytes) -> list[list[tuple[int, ...]]]:
    """The points of a picture, row by row; checks the file on its way."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(png):
        (size,) = struct.unpack_from(">I", png, at)
        name, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", png, at + 8 + size)[0] == zlib.crc32(name + data)
        chunks[name], at = data, at + 12 + size
    wide, high, depth, kind, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, rest) == (8, [0, 0, 0])
    each = {2: 3, 6: 4}[kind]
    raw, line = zlib.decompress(chunks[b"IDAT"]), 1 + wide * each
    assert len(raw) == high * line
    rows = [raw[y * line : (y + 1) * line] for y in range(high)]
    assert {row[0] for row in rows} == {0}
    return [[tuple(row[x : x + each]) for x in range(1, line, each)] for row in rows]


# -- the manifest


@needs_schemas
@both
def test_the_manifest_and_its_french_pass_teams_own_schemas(guidance: Guidance, targeted: bool):
    manifest, french = read(guidance, targeted=targeted)
    version = "1.30" if targeted else "1.25"
    assert manifest["manifestVersion"] == version
    assert manifest["$schema"].endswith(f"/teams/v{version}/MicrosoftTeams.schema.json")
    assert french["$schema"].endswith(f"/teams/v{version}/MicrosoftTeams.Localization.schema.json")
    assert problems("schema.json", version, manifest) == []
    assert problems("Localization.schema.json", version, french) == []


@needs_schemas
def test_the_schemas_refuse_what_teams_would_refuse(guidance: Guidance):
    manifest, french = read(guidance)
    assert problems("schema.json", "1.25", {**manifest, "accentColor": "blue"})
    assert problems("schema.json", "1.25", read(guidance, targeted=True)[0])
    assert problems("Localization.schema.json", "1.25", {**french, "name.shrot": "Cairn"})


@both
def test_every_text_that_people_see_is_there_in_french_too(guidance: Guidance, targeted: bool):
    manifest, french = read(guidance, targeted=targeted)
    del french["$schema"]
    seen = {f"{part}.{size}" for part in ("name", "description") for size in ("short", "full")}
    menus = [("bots", "commandLists", i) for i in range(len(manifest["bots"][0]["commandLists"]))]
    for lists in (*menus, ("composeExtensions", "", 0)):
        prefix = f"{lists[0]}[0].{lists[1]}[{lists[2]}]." if lists[1] else f"{lists[0]}[0]."
        for at in range(len(found_at(manifest, f"{prefix}commands"))):
            seen |= {f"{prefix}commands[{at}].{key}" for key in ("title", "description")}
    assert set(french) == seen
    same = {name for name, text in french.items() if found_at(manifest, name) == text}
    assert same == {"name.short"}


def test_french_is_for_every_country_and_english_for_everyone_else(guidance: Guidance):
    manifest, _ = read(guidance)
    assert manifest["localizationInfo"] == {
        "defaultLanguageTag": "en",
        "additionalLanguages": [{"languageTag": "fr", "file": "fr.json"}],
    }


@both
def test_texts_stay_within_what_every_version_of_teams_takes(guidance: Guidance, targeted: bool):
    for texts in read(guidance, targeted=targeted):
        for name, limit in (("short", 30), ("full", 100)):
            assert 0 < len(texts.get(f"name.{name}") or texts["name"][name]) <= limit
        for name, limit in (("short", 80), ("full", 4000)):
            assert 0 < len(texts.get(f"description.{name}") or texts["description"][name]) <= limit
    manifest, french = read(guidance, targeted=targeted)
    lists = manifest["bots"][0]["commandLists"]
    # The menu behind a slash is only for a Teams that knows targeted messages.
    most = {"slash": 12}
    assert all(
        1 <= len(one["commands"]) <= most.get(*one.get("triggers", [""]), 10) for one in lists
    )
    assert len(lists) <= 3
    offered = [command for one in lists for command in one["commands"]]
    offered += manifest["composeExtensions"][0]["commands"]
    titles = [one["title"] for one in offered]
    titles += [text for name, text in french.items() if name.endswith("].title")]
    abouts = [one["description"] for one in offered]
    abouts += [text for name, text in french.items() if name.endswith("].description")]
    assert max(map(len, titles)) <= 32
    assert max(map(len, abouts)) <= 128


def test_the_app_asks_for_nothing_that_it_does_not_need(guidance: Guidance):
    manifest, _ = read(guidance)
    bot = manifest["bots"][0]
    assert bot["scopes"] == ["personal", "team", "groupChat"]
    assert (bot["supportsFiles"], bot["isNotificationOnly"]) == (False, False)
    assert manifest["permissions"] == list(PERMISSIONS)
    for absent in ("authorization", "webApplicationInfo", "devicePermissions", "configurableTabs",
                   "staticTabs", "connectors", "meetingExtensionDefinition"):  # fmt: skip
        assert absent not in manifest
    assert manifest["validDomains"] == ["cairn.lakes.example"]


@both
def test_an_app_for_teams_says_in_which_channels_it_works_since_teams_refuses_one_that_does_not(
    guidance: Guidance, targeted: bool
):
    assert read(guidance, targeted=targeted)[0]["supportsChannelFeatures"] == "tier1"


def test_every_permission_is_explained_to_the_operator_and_no_other():
    told = re.findall(r"^\| `([A-Za-z]+)` \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert told == list(PERMISSIONS)


def test_the_message_extension_opens_a_dialog_from_a_draft_and_from_a_message(guidance: Guidance):
    manifest, french = read(guidance)
    (extension,) = manifest["composeExtensions"]
    (command,) = extension["commands"]
    assert extension["botId"] == manifest["bots"][0]["botId"] == manifest["id"] == APP
    assert command["id"] == EXTENSION
    assert (command["type"], command["fetchTask"]) == ("action", True)
    assert command["context"] == ["compose", "message"]
    assert command["title"] == "Check before I post"
    assert french["composeExtensions[0].commands[0].title"] == "Vérifier avant de publier"


def test_the_version_is_one_that_teams_takes(guidance: Guidance):
    manifest, _ = read(guidance)
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])


def test_the_addresses_are_those_of_the_address_that_was_given(guidance: Guidance):
    found = files(guidance, "https://intranet.lakes.example:8443/cairn/", APP)
    manifest = json.loads(found["manifest.json"])
    assert manifest["validDomains"] == ["intranet.lakes.example"]
    del manifest["developer"]["name"]
    assert set(manifest["developer"].values()) == {"https://intranet.lakes.example:8443/cairn/"}


# -- commands


def test_every_command_leads_somewhere_in_both_languages(guidance: Guidance):
    for one in commands(guidance):
        if one.place is None:
            named = {lang: understand.command(one.title[lang]) for lang in LANGS}
            assert named == {"en": "french", "fr": "english"}
        else:
            assert at_place(guidance, one.place, TODAY).trouble is None, one.place
            for lang in LANGS:
                assert Menu(guidance).place(one.title[lang], None) == (one.place, lang)
    assert {one.place for one in commands(guidance)} >= {*guidance.trees, "home", "crisis"}


def test_the_commands_about_pins_open_their_dialogs_where_a_team_reads(guidance: Guidance):
    menu = Menu(guidance)
    typed = {"pin": "en", "PIN": "en", "épingler": "fr", "Epingler": "fr"}
    assert {text: menu.pinning(text) for text in typed} == {
        text: (Pinning.CHOOSE, lang) for text, lang in typed.items()
    }
    assert menu.pinning("Unpin") == (Pinning.LEAVE, "en")
    assert menu.pinning("retirer") == (Pinning.LEAVE, "fr")
    for text in ("pin it", "please pin", "pins", "", "unpin this", "p" * 10_000):
        assert menu.pinning(text) is None
    assert menu.place("Épingler", None) == ("topic:pin_summary", "fr")
    assert at_place(guidance, "topic:pin_summary", TODAY).trouble is None


def test_no_two_commands_have_the_same_words(guidance: Guidance):
    offered = (*commands(guidance), *pin_commands(guidance))
    titles = [one.title[lang] for one in offered for lang in LANGS]
    assert len({title.casefold() for title in titles}) == len(titles)


def test_a_new_walk_is_offered_by_its_title_and_never_pushes_help_out(guidance: Guidance):
    tree = replace(guidance.trees["find_office"], id="new", title=Words("New", "Nouveau"))
    more = {f"new_{n}": replace(tree, id=f"new_{n}") for n in range(9)}
    places = [one.place for one in commands(replace(guidance, trees=more))]
    assert places == ["home", *list(more)[:7], "crisis", None]
    assert commands(replace(guidance, trees=more))[1].title == Words("New", "Nouveau")


def test_where_all_can_read_a_mention_the_menu_offers_home_and_pins_alone(guidance: Guidance):
    french = read(guidance)[1]
    personal, shared = read(guidance)[0]["bots"][0]["commandLists"]
    assert personal["scopes"] == ["personal"]
    assert [one["title"] for one in personal["commands"]] == [
        one.title.en for one in commands(guidance)
    ]
    assert shared["scopes"] == ["team", "groupChat"]
    assert [one["title"] for one in shared["commands"]] == ["Home", "pin", "unpin"]
    lists = "bots[0].commandLists[1].commands"
    assert [french[f"{lists}[{n}].title"] for n in (1, 2)] == ["épingler", "retirer"]


def test_with_targeted_messages_everything_is_offered_behind_a_slash(guidance: Guidance):
    manifest, _ = read(guidance, targeted=True)
    bot = manifest["bots"][0]
    personal, mention, slash = bot["commandLists"]
    assert bot["supportsTargetedMessages"] is True
    assert personal["triggers"] == mention["triggers"] == ["mention"]
    assert [one["title"] for one in mention["commands"]] == ["Home", "pin", "unpin"]
    assert (slash["triggers"], slash["scopes"]) == (["slash"], ["team", "groupChat"])
    assert slash["commands"] == [*personal["commands"], *mention["commands"][1:]]
    assert manifest["composeExtensions"][0]["commands"][0]["triggers"] == ["slash"]
    without = json.dumps(read(guidance)[0])
    assert "triggers" not in without
    assert "Targeted" not in without


# -- the pictures


def test_the_colour_icon_is_full_and_keeps_its_cairn_where_teams_never_cuts(guidance: Guidance):
    rows = points(color_icon())
    assert (len(rows), len(rows[0])) == (192, 192)
    background = rows[0][0]
    assert "#" + bytes(background).hex() == read(guidance)[0]["accentColor"]
    drawn = [
        (x, y) for y, row in enumerate(rows) for x, seen in enumerate(row) if seen != background
    ]
    for places in zip(*drawn, strict=True):
        assert min(places) >= 36
        assert max(places) < 156
    assert len(drawn) > 3_000
    assert len({seen for row in rows for seen in row}) > 100  # edges are smooth


def test_the_outline_icon_is_white_and_transparent_and_nothing_else():
    rows = points(outline_icon())
    assert (len(rows), len(rows[0])) == (32, 32)
    assert {seen[:3] for row in rows for seen in row} == {(255, 255, 255)}
    clear = [seen[3] for row in rows for seen in row]
    assert 300 < clear.count(0) < 900
    assert clear.count(255) > 150


def test_four_stones_lie_apart_in_the_small_icon():
    middle = [row[16][3] > 128 for row in points(outline_icon())]
    stones = re.findall("1+", "".join(str(int(is_stone)) for is_stone in middle))
    assert [len(stone) for stone in stones] == [6, 6, 7, 8]


# -- the package


@both
def test_the_same_package_has_the_same_bytes(guidance: Guidance, targeted: bool):
    made = package(guidance, URL, APP, targeted=targeted)
    assert made == package(guidance, URL, APP, targeted=targeted)
    archive = zipfile.ZipFile(io.BytesIO(made))
    assert archive.testzip() is None
    assert archive.namelist() == ["manifest.json", "fr.json", "color.png", "outline.png"]
    assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert made != package(guidance, URL, NO_APP, targeted=targeted)


def test_the_shipped_sample_is_what_the_command_writes(guidance: Guidance):
    made = files(guidance, URL, NO_APP)
    assert sorted(path.name for path in SHIPPED.iterdir()) == sorted(made)
    for name, data in made.items():
        shipped = (SHIPPED / name).read_bytes()
        if name.endswith(".png"):  # the same picture, however it was packed
            assert points(shipped) == points(data)
        else:
            assert shipped == data, f"write it anew: cairn manifest teams --url {URL} --out DIR"


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in (("APP_ID", APP), ("APP_PASSWORD", PASSWORD), ("TENANTS", NO_APP)):
        monkeypatch.setenv(f"CAIRN_TEAMS_{name}", value)
    return monkeypatch


def test_the_command_writes_the_zip_and_says_where(
    settings: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    guidance: Guidance,
):
    folder = tmp_path / "new" / "folder"
    assert main(["manifest", "teams", "--url", URL, "--out", str(folder)]) == 0
    told = capsys.readouterr()
    assert (told.out.strip(), told.err) == (str(folder / NAME), "")
    assert (folder / NAME).read_bytes() == package(guidance, URL, APP)
    assert PASSWORD.encode() not in (folder / NAME).read_bytes()


@pytest.mark.parametrize(("lang", "part"), [("en", "is not set"), ("fr", "n’est pas défini")])
def test_without_an_app_id_the_command_says_what_to_do(
    lang: str,
    part: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    guidance: Guidance,
):
    monkeypatch.setenv("LANG", lang)
    assert main(["manifest", "teams", "--url", URL, "--out", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert told.out.strip() == str(tmp_path / NAME)
    assert f"CAIRN_TEAMS_APP_ID {part}" in told.err
    assert (tmp_path / NAME).read_bytes() == package(guidance, URL, NO_APP)


@pytest.mark.parametrize("has_them", [False, True])
def test_targeted_messages_are_on_where_the_organizations_file_says_so(
    has_them: bool, settings: pytest.MonkeyPatch, tmp_path: Path
):
    text = SAMPLE.read_text(encoding="utf-8")
    assert "# targeted_messages: true" in text
    mine = tmp_path / "organization.yaml"
    mine.write_text(text.replace("# targeted_messages", "targeted_messages") if has_them else text)
    settings.setenv("CAIRN_ORGANIZATION", str(mine))
    assert main(["manifest", "teams", "--url", URL, "--out", str(tmp_path)]) == 0
    archive = zipfile.ZipFile(tmp_path / NAME)
    bot = json.loads(archive.read("manifest.json"))["bots"][0]
    assert bot.get("supportsTargetedMessages", False) is has_them


@pytest.mark.parametrize(
    "url", ["http://cairn.lakes.example", "cairn.lakes.example", "https://", None]
)
def test_an_address_that_teams_would_refuse_is_refused_here(
    url: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    given = ["--url", url] if url else []
    assert main(["manifest", "teams", *given, "--out", str(tmp_path)]) == 2
    assert "https://" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# -- Azure: read as text; docs/operators/teams.md says how far the template was proved


def test_the_registration_is_for_one_tenant_and_holds_no_secret():
    text = (AZURE / "bot.bicep").read_text(encoding="utf-8")
    for line in (
        "kind: 'azurebot'",
        "msaAppType: 'SingleTenant'",
        "msaAppTenantId: tenantId",
        "disableLocalAuth: true",
        "endpoint: '${url}/api/messages'",
        "channelName: 'MsTeamsChannel'",
    ):
        assert text.count(line) == 1, line
    code = re.sub(r"//.*|@description\(.*", "", text).lower()
    for word in ("@secure", "password", "secret", "key:", "luis", "insight"):
        assert word not in code, word


def test_every_parameter_of_the_registration_is_explained_and_the_sample_knows_no_other():
    lines = (AZURE / "bot.bicep").read_text(encoding="utf-8").split("\n\n")
    declared = {}
    for block in lines:
        if match := re.search(r"^param (\w+) string( = .+)?$", block, re.MULTILINE):
            assert block.startswith("@description('"), match[1]
            declared[match[1]] = match[2] is not None
    sample = (AZURE / "sample.bicepparam").read_text(encoding="utf-8")
    assert "using './bot.bicep'" in sample
    given = dict(re.findall(r"^param (\w+) = '(.*)'$", sample, re.MULTILINE))
    assert set(given) <= set(declared)
    assert {name for name, has_default in declared.items() if not has_default} <= set(given)
    assert given["url"] == URL
    assert given["appId"] == given["tenantId"] == NO_APP


def test_what_the_guide_passes_to_the_registration_is_declared():
    guide = GUIDE.read_text(encoding="utf-8")
    passed = re.findall(r"--parameters ((?:\w+=\S+ ?)+)", guide)
    assert passed
    names = {one.partition("=")[0] for line in passed for one in line.split()}
    declared = re.findall(r"^param (\w+) ", (AZURE / "bot.bicep").read_text(), re.MULTILINE)
    assert {"url", "appId"} <= names <= set(declared)
