"""Which office takes a hand-off, in which way, in which order, and who may claim it?"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.text import render
from bot.channels.wording import absent_words
from bot.conversation import Conversation, Move, Open
from bot.desk.case import MIN_CLAIMERS
from bot.desk.readers import claimers, with_claimers
from bot.guidance.model import Guidance
from bot.guidance.words import Lang
from bot.handoff import LEVELS, Mode, OfficeDesk, lowest, takes_case
from bot.offices import Offer, Way, because, offers, way
from bot.organization import Contact, Hours, Organization, extend
from tests.conftest import NOON, still

TORONTO = ZoneInfo("America/Toronto")
ALL_DAY = {day: Hours(time(8, 30), time(16, 30)) for day in range(5)}
MONDAY = {0: Hours(time(8, 30), time(16, 30))}
TEAMS = OfficeDesk(Mode.CASE, "teams", channel="19:a@thread.tacv2", tenant="t")
SLACK = OfficeDesk(Mode.CASE, "slack", channel="C0OFFICE", tenant="T0CAIRN")
MAIL = OfficeDesk(Mode.INTRODUCTION, "mail")
B = "protected_b"
ABSENT = Contact("", TORONTO, exists=False)


def contact(name: str, desk: OfficeDesk | None = None, **more: object) -> Contact:
    return Contact(name, TORONTO, desk=desk, **more)  # type: ignore[arg-type]


@pytest.fixture
def plain(organized: tuple[Guidance, Organization]) -> Organization:
    """The sample organization without its offices, where everything may be written on Teams."""
    return replace(
        organized[1], contacts={}, free_text=("teams",), ceilings={"slack": LEVELS[0], "teams": B}
    )


def having(organization: Organization, *contacts: Contact, absent: str = "") -> Organization:
    gone = {name: replace(ABSENT, office=name) for name in absent.split()}
    return replace(organization, contacts={**{c.office: c for c in contacts}, **gone})


# -- the way to one office


@pytest.mark.parametrize("platform", ["slack", "teams", "web", "terminal"])
@pytest.mark.parametrize("on", ["slack", "teams"])
@pytest.mark.parametrize("free_text", [(), ("slack",), ("teams",), ("web", "slack", "teams")])
@pytest.mark.parametrize("mode", [Mode.CASE, Mode.INTRODUCTION])
def test_words_go_only_where_both_sides_may_hold_them(
    guidance: Guidance,
    plain: Organization,
    platform: str,
    on: str,
    free_text: tuple[str, ...],
    mode: Mode,
):
    for slack, teams, declared in product(LEVELS, LEVELS, (False, True)):
        ceilings = {"slack": slack, "teams": teams}
        desk = replace(TEAMS if on == "teams" else SLACK, mode=mode, non_sensitive=declared)
        own = replace(
            having(plain, contact("values_ethics", desk)), ceilings=ceilings, free_text=free_text
        )
        found = way(own, guidance.offices, "values_ethics", platform)
        sides = {platform, on}
        if platform in ("web", "terminal"):
            assert found.mode is Mode.CARD
        elif (
            mode is Mode.CASE
            and sides <= set(free_text)
            and (declared or all(ceilings[side] == B for side in sides))
        ):
            assert found.mode is Mode.CASE
        else:
            assert found.mode is Mode.INTRODUCTION


def test_the_level_is_that_of_the_lower_side(guidance: Guidance, plain: Organization):
    own = having(plain, contact("values_ethics", SLACK), contact("dpar", TEAMS))
    for office, platform, level in (
        ("values_ethics", "teams", "unclassified"),
        ("dpar", "slack", "unclassified"),
        ("dpar", "teams", "protected_b"),
        ("dpar", "web", "unclassified"),
    ):
        assert way(own, guidance.offices, office, platform).level == level
    assert lowest({"slack": "protected_a", "teams": B}, "slack", "teams") == "protected_a"
    assert lowest({"teams": B}, "teams", "mail") == "unclassified"


def test_by_mail_an_office_gets_an_introduction_whatever_is_written_of_it(
    guidance: Guidance, plain: Organization
):
    for desk in (MAIL, replace(MAIL, mode=Mode.CASE, non_sensitive=True)):
        own = having(plain, contact("media_relations", desk))
        own = replace(own, free_text=("teams", "slack", "mail"), ceilings={"teams": B, "mail": B})
        found = way(own, guidance.offices, "media_relations", "teams")
        assert found.mode is Mode.INTRODUCTION


def test_an_office_without_a_desk_or_without_a_contact_is_a_card(
    guidance: Guidance, plain: Organization
):
    own = having(plain, contact("values_ethics"))
    for office in ("values_ethics", "conflict_of_interest", "manager"):
        expected = Way(office, Mode.CARD, "unclassified")
        assert way(own, guidance.offices, office, "teams") == expected


def test_what_stays_a_card_is_one_even_if_a_desk_slipped_in(
    guidance: Guidance, plain: Organization
):
    cards = {name for name, office in guidance.offices.items() if office.card_only}
    assert cards == set(
        "ombud psic union eap manager emergency privacy_atip legal caf_ombudsman".split()
    )
    for name in cards:
        own = having(plain, contact(name, replace(TEAMS, non_sensitive=True)))
        assert way(own, guidance.offices, name, "teams").mode is Mode.CARD


# -- who stands in


@pytest.mark.parametrize(
    ("absent", "asked", "office"),
    [
        ("labour_relations", "labour_relations", "values_ethics"),
        ("dpar", "dpar", "psc"),
        ("dpar psc", "dpar", "values_ethics"),
        ("dpar psc values_ethics", "dpar", "manager"),
        ("senior_officer_disclosure", "senior_officer_disclosure", "psic"),
        ("caf_ombudsman ombud", "caf_ombudsman", "eap"),
    ],
)
def test_where_an_office_does_not_exist_the_next_of_its_chain_stands_in(
    guidance: Guidance, plain: Organization, absent: str, asked: str, office: str
):
    own = having(plain, absent=absent)
    for kinds in (guidance.offices, extend(guidance, own).offices):
        found = way(own, kinds, asked, "teams")
        assert (found.office, found.stands_for) == (office, asked)


def test_whoever_stands_in_takes_the_hand_off_in_its_own_way(
    guidance: Guidance, plain: Organization
):
    own = having(plain, contact("values_ethics", TEAMS), absent="labour_relations")
    found = way(own, guidance.offices, "labour_relations", "teams")
    assert found == Way("values_ethics", Mode.CASE, B, "labour_relations")


def test_nobody_stands_in_for_an_office_at_the_end_of_a_chain(
    guidance: Guidance, plain: Organization
):
    own = having(plain, absent="ai_lead manager")
    assert way(own, guidance.offices, "ai_lead", "teams") == Way(
        "ai_lead", Mode.CARD, "unclassified"
    )
    assert offers(guidance, own, "teams", ["ai_lead"], lang="en", now=NOON) == ()


def test_a_circle_that_a_preview_lets_through_ends(guidance: Guidance, plain: Organization):
    kinds = dict(guidance.offices)
    kinds["dpar"] = replace(kinds["dpar"], instead="psc")
    kinds["psc"] = replace(kinds["psc"], instead="dpar")
    own = having(plain, absent="dpar psc")
    assert way(own, kinds, "dpar", "teams").office == "dpar"


def test_every_kind_of_office_leads_to_one_that_everybody_has(guidance: Guidance):
    for name in guidance.offices:
        at = name
        while (instead := guidance.offices[at].instead) is not None:
            at = instead
        assert at in {"emergency", "manager", "psic", "eap", "union"}, name


@pytest.mark.parametrize(
    ("lang", "asked"),
    [
        ("en", "Ask here instead: Values and ethics office."),
        ("fr", "Adressez-vous plutôt ici\u00a0: Bureau des valeurs et de l’éthique."),
    ],
)
def test_the_card_of_an_absent_office_says_where_to_ask_instead(
    guidance: Guidance, plain: Organization, lang: Lang, asked: str
):
    own = having(plain, absent="dpar psc")
    conversation = Conversation(extend(guidance, own), own, still)
    reply = conversation.respond(Move("home", lang, Open("office:dpar")))
    assert absent_words(reply, reply.cards[0]).endswith(asked)
    assert asked in " ".join(line.strip() for line in render(reply).splitlines())


def test_where_nobody_stands_in_the_card_of_an_absent_office_says_no_more(
    guidance: Guidance, plain: Organization
):
    own = having(plain, absent="psic")
    conversation = Conversation(extend(guidance, own), own, still)
    reply = conversation.respond(Move("home", "en", Open("office:psic")))
    assert absent_words(reply, reply.cards[0]) == "Your organization has no such office."


# -- which are offered, and in which order


def desks(plain: Organization) -> Organization:
    """Four offices with desks; it is noon on a Friday."""
    return having(
        plain,
        contact("security", TEAMS, languages=("en",), week=MONDAY),
        contact("dpar", TEAMS, languages=("en", "fr"), week=MONDAY),
        contact("conflict_of_interest", TEAMS, languages=("en", "fr"), week=ALL_DAY),
        contact("values_ethics", TEAMS, languages=("fr",), week=ALL_DAY),
        contact("ai_lead"),
    )


@pytest.mark.parametrize(
    ("lang", "order"),
    [
        ("fr", "conflict_of_interest values_ethics dpar security"),
        ("en", "conflict_of_interest security dpar values_ethics"),
    ],
)
def test_without_an_answer_language_comes_first_and_then_who_is_open(
    guidance: Guidance, plain: Organization, lang: Lang, order: str
):
    found = offers(guidance, desks(plain), "teams", [], lang=lang, now=NOON)
    assert [offer.way.office for offer in found] == order.split()


def test_the_order_of_the_answer_stays_and_no_other_office_is_offered(
    guidance: Guidance, plain: Organization
):
    named = ["manager", "security", "values_ethics"]
    found = offers(guidance, desks(plain), "teams", named, lang="fr", now=NOON)
    assert [offer.way.office for offer in found] == named
    assert [offer.way.mode for offer in found] == [Mode.CARD, Mode.CASE, Mode.CASE]
    assert all("office_because_answer" in offer.reasons for offer in found)


def test_an_office_is_offered_once_and_as_itself_where_the_answer_names_it(
    guidance: Guidance, plain: Organization
):
    own = having(plain, contact("values_ethics", TEAMS), absent="labour_relations ai_lead legal")
    named = ["labour_relations", "ai_lead", "legal", "values_ethics", "nowhere"]
    found = offers(guidance, own, "teams", named, lang="en", now=NOON)
    assert [(o.way.office, o.way.stands_for) for o in found] == [
        ("values_ethics", None), ("manager", "ai_lead")]  # fmt: skip
    assert found[1].reasons == ("office_because_instead",)


def test_each_offer_says_why_in_the_language_of_the_person(guidance: Guidance, plain: Organization):
    own = having(
        plain,
        contact("security", TEAMS, languages=("en",), week=MONDAY),
        contact("values_ethics", TEAMS, always_open=True),
        absent="legal",
    )

    def said(lang: Lang, *named: str) -> list[tuple[str, ...]]:
        found = offers(guidance, own, "teams", named, lang=lang, now=NOON)
        return [because(guidance, offer, lang) for offer in found]

    assert said("en", "security", "legal") == [
        (
            "What you have just read names this office.",
            "It serves you in your language.",
            "It opens Monday, November 23, at 8:30 a.m. (EST).",
        ),
        (
            "It stands in for an office that your organization does not have: Legal services.",
            "It is open now.",
        ),
    ]
    assert said("fr", "security") == [
        (
            "Ce que vous venez de lire nomme ce bureau.",
            "Le bureau ouvre le lundi 23 novembre à 8 h 30 (HNE).",
        )
    ]


def test_hours_that_nobody_gave_are_no_reason(guidance: Guidance, plain: Organization):
    own = having(plain, contact("values_ethics", TEAMS))
    (offer,) = offers(guidance, own, "teams", [], lang="en", now=NOON)
    assert offer == Offer(Way("values_ethics", Mode.CASE, B), ())


def test_on_the_web_every_office_is_a_card(organized: tuple[Guidance, Organization]):
    guidance, own = organized
    for platform in ("web", "terminal"):
        found = offers(guidance, own, platform, list(guidance.offices), lang="en", now=NOON)
        assert len(found) > 10
        assert {offer.way.mode for offer in found} == {Mode.CARD}


@given(
    st.lists(st.sampled_from(["security", "dpar", "legal", "values_ethics", "ombud", "psc"])),
    st.sets(st.sampled_from(["security", "dpar", "legal", "values_ethics", "manager", "psc"])),
    st.sampled_from(["slack", "teams", "web"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
)
def test_whatever_is_named_and_absent_no_office_is_offered_twice_or_though_absent(
    organized: tuple[Guidance, Organization],
    named: list[str],
    absent: set[str],
    platform: str,
    naive: datetime,
):
    guidance, sample = organized
    gone: Mapping[str, Contact] = {name: replace(ABSENT, office=name) for name in absent}
    own = replace(sample, contacts={**sample.contacts, **gone})
    now = naive.replace(tzinfo=TORONTO)
    found = offers(guidance, own, platform, named, lang="fr", now=now)
    names = [offer.way.office for offer in found]
    assert len(set(names)) == len(names)
    assert not absent & set(names)
    for offer in found:
        assert because(guidance, offer, "fr") or not offer.reasons
        assert all("{" not in sentence for sentence in because(guidance, offer, "fr"))


# -- who may claim (T16)


def test_in_ten_thousand_memberships_nobody_excluded_can_claim_and_one_alone_gives_a_card():
    chance = random.Random(16)
    people = [f"teams:{letter}{number}" for letter in "abcdef" for number in range(4)]
    asked = Way("values_ethics", Mode.CASE, B)
    cards = 0
    for _ in range(10_000):
        readers = [_cased(chance, one) for one in chance.sample(people, chance.randint(0, 8))]
        readers += chance.choices(readers, k=chance.randint(0, 2)) if readers else []
        excluded = [_cased(chance, one) for one in chance.sample(people, chance.randint(0, 12))]
        left = claimers(readers, excluded)
        out = {one.lower() for one in excluded}
        assert not {one.lower() for one in left} & out
        assert {one.lower() for one in left} == {one.lower() for one in readers} - out
        assert len({one.lower() for one in left}) == len(left)
        found = with_claimers(asked, left)
        assert (found.mode is Mode.CARD) == (len(left) < 2)
        assert (found.office, found.level) == (asked.office, asked.level)
        cards += found.mode is Mode.CARD
    assert 500 < cards < 9_500  # both happen


def _cased(chance: random.Random, ident: str) -> str:
    return ident.upper() if chance.random() < 0.3 else ident


def test_two_are_enough_and_the_order_of_the_readers_stays():
    assert MIN_CLAIMERS == 2
    assert claimers(["U3", "U1", "U2", "U3"], ["U1"]) == ("U3", "U2")
    assert claimers(["teams:aa", "teams:AA"], []) == ("teams:aa",)  # one person, written twice
    introduced = Way("dpar", Mode.INTRODUCTION, LEVELS[0])
    assert with_claimers(introduced, ("U3", "U2")) == introduced
    assert with_claimers(introduced, ("U3",)).mode is Mode.CARD


def test_a_desk_that_takes_introductions_takes_no_case_however_high_the_ceilings():
    desk = replace(TEAMS, mode=Mode.INTRODUCTION, non_sensitive=True)
    assert not takes_case(desk, "teams", {"teams": B}, ("teams",))
    assert takes_case(TEAMS, "teams", {"teams": B}, ("teams",))
    assert not takes_case(TEAMS, "teams", {}, ("teams",))
