"""What does an organization's file change, and when are its offices open?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Conversation, Look, Move, Open
from bot.guidance.model import Guidance
from bot.guidance.words import Words
from bot.organization import Approval, Contact, Hours, Organization, extend, opening
from tests.conftest import still

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
