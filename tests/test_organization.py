"""What does an organization's file change, and when are its offices open?"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.text import render
from bot.conversation import Conversation, Look, Move, Open
from bot.guidance.load import Files
from bot.guidance.model import Guidance
from bot.guidance.problems import Report
from bot.guidance.shapes import json_schema
from bot.guidance.words import LANGS, Words
from bot.handoff import SERVICE, Mode, OfficeDesk
from bot.organization import (
    Approval,
    Contact,
    Hours,
    Organization,
    extend,
    opening,
)
from bot.organization_file import read_organization
from tests.conftest import ROOT, SAMPLE, still

TORONTO = ZoneInfo("America/Toronto")
WEEK = {day: Hours(time(8, 30), time(16, 30)) for day in range(5)}
OFFICE = Contact("values_ethics", TORONTO, week=WEEK, province="ON")


def at(text: str, zone: str = "America/Toronto") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("now", "is_open", "changes"),
    [
        ("2026-11-20T08:29", False, "2026-11-20T08:30"),  # a Friday, a minute before
        ("2026-11-20T08:30", True, "2026-11-20T16:30"),
        ("2026-11-20T16:30", False, "2026-11-23T08:30"),  # over the weekend
        ("2026-12-24T17:00", False, "2026-12-29T08:30"),  # Christmas, Boxing Day, its Monday
        ("2026-06-30T17:00", False, "2026-07-02T08:30"),  # Canada Day
        ("2026-09-29T17:00", False, "2026-10-01T08:30"),  # Truth and Reconciliation, federal
        ("2026-10-30T17:00", False, "2026-11-02T08:30"),  # clocks go back on the Sunday
    ],
)
def test_an_office_is_open_in_its_own_hours_and_holidays(now: str, is_open: bool, changes: str):
    found = opening(OFFICE, at(now))
    assert found is not None
    assert found.is_open is is_open
    assert found.changes == at(changes)


def test_hours_are_those_of_the_clock_where_the_office_is():
    vancouver = replace(OFFICE, zone=ZoneInfo("America/Vancouver"), province="BC")
    nine_in_toronto = at("2026-11-20T09:00")
    here, there = opening(OFFICE, nine_in_toronto), opening(vancouver, nine_in_toronto)
    assert here is not None
    assert there is not None
    assert (here.is_open, there.is_open) == (True, False)
    assert there.changes is not None
    assert there.changes.tzname() == "PST"


def test_days_that_the_organization_closes_count_as_holidays():
    closed = replace(OFFICE, closed_on=frozenset({date(2026, 11, 20)}))
    found = opening(closed, at("2026-11-20T10:00"))
    assert found is not None
    assert not found.is_open


def test_unknown_hours_are_not_invented():
    assert opening(replace(OFFICE, week={}), at("2026-11-20T10:00")) is None


def test_an_office_that_never_opens_has_no_next_time():
    found = opening(replace(OFFICE, week={6: Hours(time(1), time(2))}, province=None,
                            closed_on=frozenset()), at("2026-11-20T10:00"))  # fmt: skip
    assert found is not None
    assert found.changes == at("2026-11-22T01:00")


@given(st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2028, 1, 1)))
def test_at_any_moment_the_next_change_lies_ahead(naive: datetime):
    now = naive.replace(tzinfo=UTC)
    found = opening(OFFICE, now)
    assert found is not None
    assert found.changes is not None
    assert found.changes > now


def test_additions_add_and_never_replace(
    guidance: Guidance, organized: tuple[Guidance, Organization]
):
    extended, organization = organized
    for name, tree in guidance.trees.items():
        for key, answer in tree.answers.items():
            mine = extended.trees[name].answers[key]
            assert mine.say[: len(answer.say)] == answer.say
            assert all(s.from_organization for s in mine.say[len(answer.say) :])
    assert any(
        s.from_organization for s in extended.trees["can_i_post"].answers["ordinary_care"].say
    )
    assert set(guidance.sources) < set(extended.sources)
    assert organization.additions


def test_an_approval_of_this_very_version_changes_the_footer(
    guidance: Guidance, organized: tuple[Guidance, Organization]
):
    roles = (Words("Head of ethics", "Responsable de l’éthique"),
             Words("Head of communications", "Responsable des communications"))  # fmt: skip
    approval = Approval(guidance.version, roles, date(2026, 11, 2))
    approved = replace(organized[1], approval=approval)
    conversation = Conversation(extend(guidance, approved), approved, still)
    words = conversation.respond(Move("home", "fr", Look())).approval
    assert words.fr == (
        "Approuvé par Responsable de l’éthique, Responsable des communications le 2026-11-02."
    )
    older = replace(approved, approval=replace(approval, version="0" * 12))
    again = Conversation(extend(guidance, older), older, still)
    assert "not yet approved" in again.respond(Move("home", "en", Look())).approval.en


def test_an_office_that_does_not_exist_here_is_said_not_to(department: Conversation):
    card = department.respond(Move("home", "en", Open("office:defence_ethics"))).cards[0]
    assert card.contact is not None
    assert not card.contact.exists


# -- desks: how offices take hand-offs

DEPUTY, HEAD, THIRD, TENANT = (f"AAAAAAAA-0000-4000-8000-{number:012d}" for number in (1, 2, 3, 4))
PAGES = ("docs/operators/offices.md", "docs/operators/bureaux.md")


@pytest.fixture
def read(tmp_path: Path, files: Files, guidance: Guidance):
    """Read an organization with these offices, and further lines; return what is reported too."""

    def reading(offices: str, more: str = "") -> tuple[Organization, list[str]]:
        path = tmp_path / "organization.yaml"
        path.write_text(
            "organization: lakes\n"
            'name: {en: "Lakes (fictional)", fr: "Lacs (fictif)"}\n'
            'timezone: "America/Toronto"\nceiling: protected_a\n'
            'retention: {en: "Nothing is kept.", fr: "Rien n’est conservé."}\n'
            f"{more}\noffices:\n{offices}\n"
        )
        report = Report()
        organization = read_organization(path, files, guidance, report)
        assert organization is not None, report.problems
        return organization, [problem.code for problem in report.sorted()]

    return reading


HOURS = 'hours: {mon: "08:30-16:30"}'


def test_a_desk_on_teams_is_read_and_ids_are_one_whatever_their_case(read):
    organization, problems = read(
        f"""  values_ethics:
    {HOURS}
    desk:
      mode: case
      on: teams
      channel: "19:Aa_b-C9@thread.tacv2"
      tenant: "{TENANT}"
      service: "https://smba.trafficmanager.net/ca/"
      deputy: "{DEPUTY}"
      head: "{HEAD}"
      hold: ["{HEAD}", "{THIRD}"]
      reply_within: 3
      non_sensitive: true""",
        f'tenants: {{teams: ["{TENANT.lower()}"]}}',
    )
    assert problems == []
    assert organization.contacts["values_ethics"].desk == OfficeDesk(
        mode=Mode.CASE,
        on="teams",
        channel="19:Aa_b-C9@thread.tacv2",
        tenant=TENANT.lower(),
        service="https://smba.trafficmanager.net/ca/",
        deputy=DEPUTY.lower(),
        head=HEAD.lower(),
        holders=(HEAD.lower(), THIRD.lower()),
        reply_within=3,
        non_sensitive=True,
    )


def test_what_a_desk_does_not_say_has_a_careful_default(read):
    organization, problems = read(
        f"""  values_ethics:
    {HOURS}
    desk: {{mode: introduction, on: slack, channel: "C0OFFICE1", tenant: "T0CAIRN"}}
  conflict_of_interest:
    {HOURS}
    desk: {{mode: introduction, on: teams, channel: "19:a@thread.v2", tenant: "{TENANT}"}}
  ai_lead: {{email: "ai@lakes.example"}}"""
    )
    assert problems == []
    contacts = organization.contacts
    assert contacts["values_ethics"].desk == OfficeDesk(
        Mode.INTRODUCTION, "slack", channel="C0OFFICE1", tenant="T0CAIRN", reply_within=2
    )
    assert contacts["conflict_of_interest"].desk is not None
    assert contacts["conflict_of_interest"].desk.service == SERVICE
    assert contacts["ai_lead"].desk is None
    assert organization.ceilings == {"slack": "unclassified", "teams": "protected_a"}
    assert not organization.legal_hold


def test_ceilings_and_a_legal_hold_are_read(read):
    organization, problems = read(
        '  ai_lead: {email: "ai@lakes.example"}',
        "ceilings: {slack: protected_a, teams: protected_b}\nlegal_hold: true",
    )
    assert problems == []
    assert organization.ceilings == {"slack": "protected_a", "teams": "protected_b"}
    assert organization.legal_hold


def slack_desk(*lines: str, mode: str = "case", hours: str = HOURS) -> str:
    people = 'deputy: "U0DEPUTY"', 'head: "U0HEAD"', 'hold: ["U0HEAD", "W0OTHER"]'
    where = 'channel: "C0OFFICE1"', 'tenant: "T0CAIRN"'
    keys = {line.split(":")[0]: line for line in (f"mode: {mode}", "on: slack", *where, *people)}
    keys |= {line.split(":")[0]: line for line in lines}
    said = [line for line in keys.values() if not line.endswith(":")]
    return "\n".join(
        ["  values_ethics:", f"    {hours}", "    desk:", *(f"      {s}" for s in said)]
    )


DECLARED = "non_sensitive: true"
CHATS = "free_text: [slack, teams]"


@pytest.mark.parametrize(
    ("offices", "codes"),
    [
        (slack_desk(DECLARED), []),
        (slack_desk(), ["C717"]),
        (slack_desk(mode="introduction"), []),
        (slack_desk(DECLARED, "channel:", "tenant:"), ["C111", "C111"]),
        (slack_desk(DECLARED, 'channel: "#ethics"'), ["C711"]),
        (slack_desk(DECLARED, f'tenant: "{TENANT}"'), ["C711"]),
        (slack_desk(DECLARED, 'head: "ann@lakes.example"'), ["C711"]),
        (slack_desk(DECLARED, 'hold: ["U0A", "B0BOT"]'), ["C711"]),
        (slack_desk(DECLARED, 'hold: ["U0A"]'), ["C713"]),
        (slack_desk(DECLARED, "hold: []"), ["C713"]),
        (slack_desk(DECLARED, 'hold: ["U0A", "U0A"]'), ["C713"]),
        (slack_desk(DECLARED, "hold:", "head:"), ["C714"]),
        (slack_desk(DECLARED, hours="always_open: true"), []),
        (slack_desk(DECLARED, hours='phone: "555-0100"'), ["C716"]),
        (slack_desk(DECLARED, hours="does_not_exist: true"), ["C712", "C716"]),
        (slack_desk(DECLARED, "reply_within: 0"), ["C113"]),
        (slack_desk(DECLARED, "reply_within: 11"), ["C113"]),
        ('  ai_lead: {email: "a@b.example", desk: {mode: introduction, on: mail}}', []),
        (
            '  ai_lead: {email: "a@b.example", desk: {mode: introduction, on: mail, head: "U0A"}}',
            ["C712"],
        ),
        ("  ai_lead: {desk: {mode: case, on: mail}}", ["C709", "C710"]),
    ],
)
def test_each_slip_in_a_desk_is_told(
    tmp_path: Path, files: Files, guidance: Guidance, offices: str, codes: list[str]
):
    path = tmp_path / "organization.yaml"
    head = SAMPLE.read_text().split("\noffices:")[0]
    path.write_text(f"{head}\n{CHATS}\noffices:\n{offices}\n")
    report = Report()
    read_organization(path, files, guidance, report)
    assert [problem.code for problem in report.sorted()] == codes


def test_a_desk_changes_no_screen(organized: tuple[Guidance, Organization]):
    guidance, organization = organized
    desk = OfficeDesk(Mode.CASE, "teams", channel="19:a@thread.tacv2", tenant=TENANT)
    contacts = {k: replace(c, desk=desk) for k, c in organization.contacts.items()}
    without = {k: replace(c, desk=None) for k, c in organization.contacts.items()}
    for lang in LANGS:
        for name in guidance.offices:
            move = Move("home", lang, Open(f"office:{name}"))
            texts = [
                render(
                    Conversation(guidance, replace(organization, contacts=c), still).respond(move)
                )
                for c in (contacts, without)
            ]
            assert texts[0] == texts[1]


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_for_operators_explain_every_key_of_a_desk_and_their_samples_are_right(
    page: str, tmp_path: Path, files: Files, guidance: Guidance
):
    text = (ROOT / page).read_text()
    shape = json_schema("organization")["properties"]
    keys = shape["offices"]["additionalProperties"]["properties"]["desk"]["properties"]
    explained = set(re.findall(r"^\| `([a-z_]+)`", text, re.MULTILINE))
    assert {*keys, "ceilings", "legal_hold"} <= explained
    (sample,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    head = re.split(r"\n# free_text|\noffices:", SAMPLE.read_text())[0]
    path = tmp_path / "organization.yaml"
    path.write_text(f"{head}\n{sample}")
    report = Report()
    assert read_organization(path, files, guidance, report) is not None
    assert report.problems == []


def test_the_sample_has_one_desk_and_it_is_an_introduction_by_mail(
    organized: tuple[Guidance, Organization],
):
    desks = {k: c.desk for k, c in organized[1].contacts.items() if c.desk is not None}
    assert desks == {"media_relations": OfficeDesk(Mode.INTRODUCTION, "mail")}
