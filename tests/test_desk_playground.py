"""Does the desk work in a real client of Teams? Shown in the Agents Playground.

Alice asks, and an office answers in the group chat of the Playground, whose roster says who reads
there. The Playground opens no dialog from a card (task/fetch), so what such dialogs send goes to
Cairn in the form in which Teams sends it. It does open the dialog of the message extension: in
that one Alice goes the whole way to Send with her own hands.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import WebSocket, expect

from bot.guidance.model import Guidance
from bot.guidance.words import LANGS, Lang, Words
from tests.both_app import CASE_KEYS, organization_text
from tests.playground import NEEDS, _front, cairn, chromium, playground
from tests.teams import screen
from tests.teams.fake import FakeTeams
from tests.teams.person import Person
from tests.teams.state import Chat, Message, Shown, User
from tests.teams_client import BOT, PEOPLE, TENANT, Teams
from tests.test_teams_playground import tiny_bot

pytestmark = [*NEEDS, pytest.mark.long]

OFFICE = Words("Values and Ethics, Lakes and Portages", "Valeurs et éthique, Lacs et Portages")
WORDS = Words("Is my picture of the dam all right?", "Ma photo du barrage convient-elle?")
REPLY = Words("You may leave it up.", "Vous pouvez la laisser là.")
NUMBER = re.compile(r"\b[2-9A-HJ-NP-Z]{3}-[2-9A-HJ-NP-Z]{3}\b")
LOCALES = ("en-CA", "fr-CA", "en-CA", "fr-CA", "en-CA", "en-CA")
"""The languages of the six people, each in a Teams of their own."""

WHILE = 2.0
TRIES = 5
"""After how many seconds people press once more, and how often at most."""

Say = Callable[[str], str]
Run = Callable[[Coroutine[Any, Any, None]], None]


class Around(FakeTeams):
    """The people of the Playground, each with what its client was told and with their dialogs.

    What they do there goes to Cairn as Teams sends it; what Cairn sends goes to the Playground.
    """

    def __init__(self, service_url: str, own: str, office: str) -> None:
        super().__init__(rates=False)
        self._service_url = service_url
        self.bot, self.tenant = BOT, TENANT
        users = [
            User(one["id"], one["name"], one["aadObjectId"], TENANT, locale)
            for one, locale in zip(PEOPLE, LOCALES, strict=True)
        ]
        self.people = [Person(self, user) for user in users]
        self.own = Chat(own, "personal", "", TENANT, {users[0].id: users[0]})
        self.office = Chat(office, "groupChat", "", TENANT, {one.id: one for one in users})
        self.chats = {chat.id: chat for chat in (self.own, self.office)}
        self.told: list[str] = []
        """All that was sent to any chat, and all that took its place."""

    @property
    def service_url(self) -> str:
        return self._service_url

    def listen(self, stream: WebSocket) -> None:
        """Note what the client is told from now on."""
        if "_ws_conversation" in stream.url:
            stream.on("framereceived", self._hear)

    def _hear(self, frame: str | bytes) -> None:
        told = json.loads(frame)
        self.told.append(json.dumps(told, ensure_ascii=False))
        chat, message = self.chats[told["actionConversationId"]], told["message"]
        if told["action"] == "updateMessage":
            chat.all[message["messageId"]].store(message)
        else:
            self.put(chat, BOT["id"], message, made_id=message["messageId"])


@dataclass(frozen=True)
class Scene:
    """A client of Teams that is Alice's, and the people around it."""

    teams: Teams
    around: Around
    run: Run
    """Does what people do in their dialogs."""
    guidance: Guidance

    @property
    def phrases(self) -> Mapping[str, Words]:
        return self.guidance.phrases

    def say(self, lang: Lang) -> Say:
        """The words of the bot in a language, by their names."""
        return lambda name: self.phrases[name][lang]

    @property
    def alice(self) -> Person:
        return self.around.people[0]


@contextmanager
def in_a_thread() -> Iterator[Run]:
    """What awaits runs in a thread of its own: the browser has the loop of this one."""
    with ThreadPoolExecutor(1) as pool:
        runner = asyncio.Runner()
        try:
            yield lambda steps: pool.submit(runner.run, steps).result()
        finally:
            pool.submit(runner.close).result()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, guidance: Guidance) -> Iterator[Scene]:
    """Cairn and the Playground, each told of the other: somebody stands in until both are there."""
    folder = tmp_path_factory.mktemp("desk")
    with (
        in_a_thread() as run,
        chromium() as browser,
        tiny_bot() as stand_in,
        _front(stand_in.endpoint) as way,
    ):
        way.teams = SimpleNamespace(lang="en")  # it hands on what it gets as it is
        at = f"http://127.0.0.1:{way.server_port}/api/messages"
        with playground(browser, at, folder) as teams:
            teams.card().wait_for()
            [file] = folder.glob("playground-*/.m365agentsplayground.yml")
            group = json.loads(file.read_text("utf-8"))["groupChat"]["id"]
            around = Around(f"http://localhost:{teams.port}/_connector", teams.personal_chat, group)
            organization = folder / "organization.yaml"
            organization.write_text(organization_of(around), "utf-8")
            settings = {"organization": str(organization), "case_keys": CASE_KEYS}
            with cairn(folder, **settings) as endpoint:
                around.app_url, way.endpoint = endpoint, urlsplit(endpoint)
                teams.page.on("websocket", around.listen)
                teams.reload()
                teams.sees("Cairn is a computer program.")
                run(around.start_sending())
                yield Scene(teams, around, run, guidance)
                run(around.stop_sending())
                if teams.dialog().count():  # a test that failed has left it open
                    teams.close()
                assert "(×)" not in teams.log()
                assert around.violations == []
                assert around.failures == []


def organization_of(around: Around) -> str:
    """The sample organization, whose office is in the group chat."""
    deputy, head = (person.user.aad for person in around.people[-2:])
    return organization_text(
        on="teams",
        channel=around.office.id,
        tenant=TENANT,
        service=around.service_url,
        deputy=deputy,
        head=head,
    )


def at_home(teams: Teams, lang: Lang) -> None:
    """Ask for a first card, in this language."""
    teams.home()
    teams.ask("home")
    other = teams.card().get_by_role("button", name=re.compile("^(English|Français)$"))
    if other.inner_text() == {"en": "English", "fr": "Français"}[lang]:
        teams.press(other.inner_text())
        teams.ask("home")


def has_buttons(teams: Teams, *names: str) -> None:
    """Each of these stands on the newest card."""
    for name in names:
        expect(teams.card().get_by_role("button", name=name, exact=True)).to_be_visible()


def way_to_an_answer(guidance: Guidance) -> Iterator[Words]:
    """What is chosen from the first card to an answer that names the office."""
    tree = guidance.trees["find_office"]
    yield tree.title
    for question, wanted in (("who", "employee"), ("need", "post")):
        options = tree.questions[question].options
        yield next(option.label for option in options if option.id == wanted)


def cards(teams: Teams) -> int:
    return teams.page.locator(".ac-adaptiveCard").count()


def number_in(text: str) -> str:
    """The number of the case that a text tells."""
    found = NUMBER.search(text)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("lang", LANGS)
def test_who_reads_the_first_card_or_an_answer_may_ask_an_office(scene: Scene, lang: Lang):
    teams, words = scene.teams, scene.phrases["desk_write_button"][lang]
    at_home(teams, lang)
    has_buttons(teams, words)
    teams.picture(f"desk-home-{lang}")
    for label in way_to_an_answer(scene.guidance):
        teams.pick(label[lang])
        teams.press(scene.phrases["next"][lang])
    has_buttons(teams, scene.phrases["why"][lang], words)
    teams.picture(f"desk-answer-{lang}")


async def presses(person: Person, where: Shown | Message, do: str, say: Say) -> None:
    """Press, and once more after a while where Cairn could not check who reads.

    It asks for a roster no faster than Teams allows, and people are slower than that.
    """
    await person.press(where, do)
    for _ in range(TRIES):
        if say("desk_try_later") not in screen.text(person.dialog):
            return
        await asyncio.sleep(WHILE)
        await person.press(person.dialog, say("desk_again"))


async def asks(alice: Person, text: str, say: Say, lang: Lang) -> None:
    """Go from the newest card in one's own chat to Send."""
    await alice.press(alice.card, say("desk_write_button"))
    await alice.pick(alice.dialog, say("desk_office"), OFFICE[lang])
    await presses(alice, alice.dialog, say("next"), say)
    await alice.type(alice.dialog, say("desk_text"), text)
    await presses(alice, alice.dialog, say("desk_review"), say)
    review = screen.text(alice.dialog)
    assert text in review
    assert "Bob, Fifth, Fourth, Sixth, Third" in review
    await alice.pick(alice.dialog, say("desk_agree"), say("desk_agree_yes"))
    await alice.press(alice.dialog, say("desk_send"))


async def claims(officer: Person, card: Message, text: str, say: Say) -> None:
    """Take a case, and open it, as somebody without a conflict."""
    await presses(officer, card, "desk:claim", say)
    assert text not in screen.text(officer.dialog)
    await presses(officer, officer.dialog, say("desk_clear"), say)
    assert text in screen.text(officer.dialog)
    assert "Alice" in screen.text(officer.dialog)


async def replies(officer: Person, text: str, say: Say) -> None:
    """Answer the case that one has open."""
    await officer.type(officer.dialog, f"{say('desk_reply')} ({say('optional')})", text)
    await presses(officer, officer.dialog, say("desk_preview"), say)
    assert text in screen.text(officer.dialog)
    await presses(officer, officer.dialog, say("desk_send"), say)
    assert say("desk_replied") in screen.text(officer.dialog)
    officer.close()


async def reads(alice: Person, say: Say) -> None:
    """Press the button of the newest card in one's own chat."""
    await alice.press(alice.card, say("desk_read"))


@pytest.mark.parametrize("lang", LANGS)
def test_an_office_answers_from_its_group_chat_where_no_word_of_the_case_stands(
    scene: Scene, lang: Lang
):
    teams, around, alice = scene.teams, scene.around, scene.alice
    say = scene.say(lang)
    # Whoever takes the case reads the other language.
    officer, theirs = around.people[2], scene.say("en")
    if lang == "en":
        officer, theirs = around.people[3], scene.say("fr")

    at_home(teams, lang)
    scene.run(asks(alice, WORDS[lang], say, lang))
    number = number_in(screen.text(alice.dialog))
    alice.close()

    teams.open_group_chat()
    teams.sees(number)
    has_buttons(teams, both(scene, "desk_claim"), both(scene, "desk_recuse"))
    teams.picture(f"desk-office-new-{lang}")
    teams.click(both(scene, "desk_claim"))
    # The client knows that a dialog is to be opened, and says that it cannot.
    expect(teams.page.locator("#root")).to_contain_text("Task module (task/fetch)")
    shown, card = cards(teams), around.office.messages[-1]
    scene.run(claims(officer, card, WORDS[lang], theirs))
    teams.sees(both(scene, "desk_card_taken"))
    teams.sees(number)
    has_buttons(teams, both(scene, "desk_open"))
    teams.picture(f"desk-office-taken-{lang}")
    scene.run(replies(officer, REPLY[lang], theirs))
    assert cards(teams) == shown
    assert around.office.messages[-1] is card

    teams.open_personal_chat()
    teams.sees(say("desk_notice"))
    teams.sees(number)
    has_buttons(teams, say("desk_read"))
    teams.picture(f"desk-notice-{lang}")
    scene.run(reads(alice, say))
    assert REPLY[lang] in screen.text(alice.dialog)
    alice.close()
    assert any(number in told for told in around.told)
    for told in around.told:
        assert WORDS[lang] not in told
        assert REPLY[lang] not in told


def tries_again(teams: Teams, say: Say) -> bool:
    """Do as Cairn says where it could not check who reads; tell whether it said so."""
    for tries in range(TRIES):
        if say("desk_try_later") not in teams.text():
            return tries > 0
        teams.page.wait_for_timeout(WHILE * 1000)
        teams.press(say("desk_again"))
    return True


@pytest.mark.parametrize("lang", LANGS)
def test_somebody_goes_from_the_message_extension_to_send_and_takes_it_back(
    scene: Scene, lang: Lang
):
    teams, around, say = scene.teams, scene.around, scene.say(lang)
    at_home(teams, lang)
    teams.extension("check_before_post")
    for name in ("home", "desk_write_button"):
        has_buttons(teams, say(name))
        teams.press(say(name))
    teams.sees(say("desk_offices_title"))
    teams.picture(f"desk-dialog-offices-{lang}")
    teams.pick(OFFICE[lang])
    teams.press(say("next"))
    tries_again(teams, say)
    teams.fill(say("desk_text"), WORDS[lang])
    teams.picture(f"desk-dialog-write-{lang}")
    teams.tick("Sixth")
    teams.press(say("desk_review"))
    tries_again(teams, say)
    teams.sees(say("desk_review_title"))
    teams.sees(say("desk_readers").format(names="Bob, Fifth, Fourth, Third"))
    exact = teams.card().get_by_role("textbox", name=say("desk_exact"))
    expect(exact).to_have_value(WORDS[lang])
    teams.press(say("desk_send"))
    teams.sees(say("desk_not_agreed"))
    teams.tick(say("desk_agree_yes"))
    teams.picture(f"desk-dialog-review-{lang}")
    teams.press(say("desk_send"))
    if tries_again(teams, say):  # back at what will be sent, where they agree anew
        teams.tick(say("desk_agree_yes"))
        teams.press(say("desk_send"))
    teams.sees(say("desk_sent_title"))
    number = number_in(teams.text())
    teams.picture(f"desk-dialog-sent-{lang}")
    teams.press(say("desk_withdraw"))
    teams.press(say("desk_withdraw_yes"))
    teams.sees(say("desk_withdrawn"))
    teams.close()
    assert teams.draft() == ""

    teams.open_group_chat()
    teams.sees(number)
    teams.sees(both(scene, "desk_card_gone"))
    expect(teams.card().get_by_role("button")).to_have_count(0)
    assert not any(WORDS[lang] in told for told in around.told)


def both(scene: Scene, name: str) -> str:
    """A sentence as an office reads it that works in both languages."""
    words = scene.phrases[name]
    return f"{words.en} · {words.fr}"
