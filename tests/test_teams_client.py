"""What does a person do with Cairn in Teams? Shown in the Agents Playground, a real client."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, expect

from bot.guidance.words import Lang
from tests.conftest import ROOT
from tests.playground import NEEDS, cairn, chromium, playground
from tests.teams_client import BOT, Teams

pytestmark = NEEDS

ORGANIZATION = ROOT / "deploy" / "organization.yaml"
DANGER = "Before anything else: is anyone in danger?"
LOOK = "First, the post itself: what comes with it? Choose all that apply."
TOUCHES = "What does the post touch? Choose all that apply."
PEOPLE = "Colleagues or other people, named or shown"
OFFICIAL = "A title, uniform or symbol, or a look that could seem official"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Teams]:
    """A client of Teams, and in it Cairn with the sample organization."""
    folder = tmp_path_factory.mktemp("teams")
    with (
        chromium() as browser,
        cairn(folder, organization=str(ORGANIZATION)) as endpoint,
        playground(browser, endpoint, folder) as teams,
    ):
        teams.card().wait_for()
        yield teams
        if teams.dialog().count():  # a test that failed has left it open
            teams.close()
        assert "(×)" not in teams.log()


@pytest.fixture
def alice(client: Teams) -> Teams:
    """A person whose Teams is English, in her chat with Cairn."""
    client.lang = "en"
    client.home()
    return client


@pytest.fixture
def bob(client: Teams) -> Teams:
    """A person whose Teams is French, in his chat with Cairn."""
    client.lang = "fr"
    client.home()
    return client


def choose(teams: Teams, *labels: str) -> None:
    """Choose one after the other, each at a question of its own."""
    for label in labels:
        teams.pick(label)
        teams.press({"en": "Next", "fr": "Suivant"}[teams.lang])


def ticked(teams: Teams) -> list[str]:
    """The check boxes that are ticked, by their names after those of their question."""
    boxes = teams.card().get_by_role("checkbox", checked=True).all()
    return [re.sub(r"^.*[.?] ", "", name) for name in map(_name, boxes)]


def _name(control: Locator) -> str:
    found = re.search(r'"(.*)"', control.aria_snapshot())
    assert found is not None
    return found[1]


def cards(teams: Teams) -> int:
    return teams.page.locator(".ac-adaptiveCard").count()


def installs(client: Teams, lang: Lang, told: str) -> None:
    """Open an empty chat, in which Cairn welcomes whoever has just installed it."""
    client.lang = lang
    client.reload()
    client.sees(told)
    assert cards(client) == 1
    client.picture(f"welcome-{lang}")


# -- the walk of managers


def test_a_manager_is_welcomed_and_walks_to_an_answer_with_its_sources_and_offices(client: Teams):
    installs(client, "en", "Cairn is a computer program.")
    choose(client, "A post was brought to my attention (for managers)", "A media query")
    client.sees(DANGER)
    client.press("Back")
    expect(client.card().get_by_role("radio", name="A media query")).to_be_checked()
    client.press("Next")
    choose(client, "None of these", "A Canadian Armed Forces member")
    assert client.edited, "what an answer shows was not kept in the chat too"
    client.picture("boxes-en")
    client.tick("It reveals operations, movements or other non-public information")
    client.tick("It threatens, harasses or targets a civilian employee")
    client.press("Next")
    client.sees("A Canadian Armed Forces member: another set of rules")
    client.picture("answer-1-en")
    law = client.card().get_by_role("link", name="Privacy Act").first
    expect(law).to_have_attribute("href", "https://laws-lois.justice.gc.ca/eng/acts/P-21/")
    office = client.card().get_by_role("link", name="security-securite@lakes.example")
    expect(office).to_have_attribute("href", "mailto:security-securite@lakes.example")
    expect(client.card()).to_contain_text("613-555-0111")
    first = client.text()
    client.press("More (2/3)")
    assert client.text() != first
    client.picture("answer-2-en")
    client.press("Previous page")
    assert client.text() == first


def test_a_manager_is_welcomed_and_walks_to_an_answer_in_french(client: Teams):
    installs(client, "fr", "Cairn est un programme informatique.")
    choose(client, "On m’a signalé une publication (pour les gestionnaires)")
    client.sees("Comment la publication vous est-elle parvenue?")
    client.picture("question-fr")
    choose(client, "Une demande des médias", "Rien de tout cela")
    choose(client, "Un ou une militaire des Forces armées canadiennes")
    client.picture("boxes-fr")
    client.tick("Rien de tout cela")
    client.press("Suivant")
    client.sees("Membre des Forces armées canadiennes : un autre régime")
    client.picture("answer-1-fr")
    client.press("Copier sous forme de texte")
    copied = client.card().get_by_role("textbox").input_value()
    assert copied.startswith("Membre des Forces armées canadiennes\u00a0: un autre régime\n")
    client.picture("copy-fr")
    client.press("Retour")
    client.press("La suite (2/2)")
    client.sees("Chaîne de commandement (Forces armées canadiennes)")
    client.picture("answer-2-fr")


def at_an_answer(teams: Teams) -> str:
    """Go the shortest way to an answer, by typing; return what the answer says."""
    teams.ask("A post was reported")
    teams.sees("How did the post reach you?")
    teams.type("1")
    teams.sees(DANGER)
    teams.type("1")
    teams.sees("Safety first: act now")
    return teams.text()


@pytest.mark.long
def test_an_answer_tells_why_is_copied_changed_and_left_for_a_new_beginning(alice: Teams):
    said = at_an_answer(alice)
    alice.press("Why this answer?")
    alice.sees("Each of your choices, what it brought to the answer, and the source.")
    alice.picture("why-en")
    alice.press("Back")
    assert alice.text() == said
    alice.press("Copy as text")
    copied = alice.card().get_by_role("textbox").input_value()
    assert copied.startswith("Safety first: act now\n")
    assert "call 911" in copied
    assert "https://" in copied
    assert "media query" not in copied
    alice.picture("copy-en")
    alice.press("Back")
    assert alice.text() == said
    alice.press("Change a choice")
    alice.picture("change-en")
    choose(alice, "1 · How did the post reach you? — A media query")
    expect(alice.card().get_by_role("radio", name="A media query")).to_be_checked()
    choose(alice, "A comment from a member of the public")
    alice.sees("because you told us: A comment from a member of the public")
    alice.press("Start over")
    alice.sees("How did the post reach you?")
    assert alice.card().get_by_role("radio", checked=True).count() == 0


def test_a_question_is_told_to_assistive_technology_and_answered_by_keyboard_alone(alice: Teams):
    alice.ask("A post was reported")
    alice.sees("How did the post reach you?")
    alice.picture("question-en")
    expect(alice.card()).to_match_aria_snapshot("""
        - heading "A post was brought to my attention" [level=2]
        - paragraph: /The person whose post it is has rights/
        - paragraph: /I keep no record/
        - paragraph: /Pause first.* Choose one\\./
        - radiogroup "How did the post reach you?":
          - radio "A media query"
          - radio "A comment from a member of the public"
          - radio "Seen and reported by a colleague"
          - radio "Highlighted on social media"
          - radio "Shared on a professional network page"
        - button "Next"
        - button "Back"
        - button "See the whole outline"
        - button "Français"
        - button "Home"
        - button "In danger now?"
        - button "Open the private window"
        - paragraph: /This chat belongs to your employer/
        - paragraph: /not yet approved/
    """)

    keyboard, focused = alice.page.keyboard, alice.page.locator(":focus")
    alice.card().focus()
    keyboard.press("Tab")
    expect(focused).to_have_role("radio")
    keyboard.press("Space")
    expect(alice.card().get_by_role("radio", name="A media query")).to_be_checked()
    keyboard.press("Tab")
    expect(focused).to_have_accessible_name("Next")
    keyboard.press("Enter")
    alice.sees(DANGER)


# -- several at once


@pytest.mark.long
def test_several_boxes_are_ticked_and_stay_in_the_other_language_and_after_back(alice: Teams):
    alice.ask("Can I post this?")
    alice.sees("Which of these describes you?")
    alice.type("1")
    alice.sees("What brings you here?")
    alice.type("1")
    alice.sees(LOOK)
    alice.tick(PEOPLE, OFFICIAL)
    alice.press("Français")
    alice.sees("Qu’est-ce qui vous amène?")
    assert ticked(alice) == [
        "Des collègues ou d’autres gens, nommés ou montrés",
        "Un titre, un uniforme, un symbole ou une apparence officielle",
    ]
    alice.picture("boxes-ticked-fr")
    alice.press("English")
    assert ticked(alice) == [PEOPLE, OFFICIAL]
    alice.press("Next")
    alice.sees(TOUCHES)
    alice.sees(f"{LOOK} {PEOPLE}; {OFFICIAL}")
    alice.press("Back")
    alice.sees(LOOK)
    assert ticked(alice) == [PEOPLE, OFFICIAL]


# -- what is typed


def test_what_is_typed_answers_or_asks_and_earlier_cards_still_work(alice: Teams):
    alice.ask("A post was reported")
    alice.sees("How did the post reach you?")
    before = cards(alice)
    alice.type("2")
    alice.sees(DANGER)
    assert cards(alice) == before
    walk = alice.page.locator(".ac-adaptiveCard").nth(before - 1)
    alice.ask("may I use ChatGPT for a briefing note?")
    alice.sees("Using generative AI at work")
    assert cards(alice) == before + 1
    alice.picture("typed-en")
    alice.pick("None of these", on=walk)
    alice.press("Next", on=walk)
    expect(walk).to_contain_text("As far as you know, whose post is it?")
    alice.sees("Using generative AI at work")
    alice.ask("I want to kill myself")
    alice.sees("9-8-8")
    assert alice.text().startswith("If someone is in danger now")
    alice.picture("crisis-en")


# -- check before I post


def test_check_before_i_post_is_walked_in_its_dialog_and_puts_nothing_in_a_message(alice: Teams):
    before = cards(alice)
    alice.extension("check_before_post")
    alice.sees("Which of these describes you?")
    alice.picture("dialog-en")
    choose(alice, "A public servant in a department or agency")
    choose(alice, "Something that I would like to post or comment")
    alice.sees(LOOK)
    alice.picture("dialog-boxes-en")
    alice.close()
    assert alice.draft() == ""
    assert cards(alice) == before


def test_check_before_i_post_reads_no_message_that_it_is_started_on(bob: Teams):
    bob.ask("je veux mourir")
    bob.sees("9-8-8")
    assert bob.text().startswith("Si quelqu’un est en danger")
    bob.picture("crisis-fr")
    bob.extension_on("je veux mourir", "check_before_post")
    bob.sees("Je n’ai pas lu ce message et je n’en garde rien.")
    assert "mourir" not in bob.text()
    assert "Qu’est-ce qui vous décrit le mieux?" in bob.text()
    bob.picture("dialog-fr")


# -- where others read along

WRITTEN = "may I post a picture of the minister?"


def shows_the_way(teams: Teams, first: str, second: str) -> None:
    """The newest card says, in both languages, where to go on, and nothing of what was written."""
    teams.sees(second)
    said = teams.text()
    assert said.index(first) < said.index(second)
    assert "minister" not in said
    address = f"https://teams.microsoft.com/l/chat/0/0?users={quote(BOT['id'])}"
    assert teams.follow("Go to our private chat") == address
    assert teams.follow("Ouvrir notre clavardage privé") == address


@pytest.mark.long
def test_who_names_cairn_in_a_group_is_shown_the_way_to_the_private_chat(bob: Teams):
    bob.open_group_chat()
    bob.mention(WRITTEN)
    shows_the_way(bob, "Parlons plutôt en privé", "Let us talk in private")
    bob.picture("group-fr")


@pytest.mark.long
def test_who_names_cairn_in_a_channel_is_shown_the_way_in_that_thread(alice: Teams):
    alice.open_channel()
    alice.mention(WRITTEN)
    shows_the_way(alice, "Let us talk in private", "Parlons plutôt en privé")
    alice.reply(WRITTEN)
    expect(alice.message().locator(".ac-adaptiveCard")).to_have_count(2)
    shows_the_way(alice, "Let us talk in private", "Parlons plutôt en privé")
    alice.picture("channel-en")
