"""While Cairn runs its files change: what passes the checks is said, what does not is not."""

from __future__ import annotations

import logging
import re
import shutil
from pathlib import Path

import pytest

from bot.app import read_guidance, utc_now
from bot.app.running import reload_of
from bot.conversation import Conversation, Move, Open
from bot.guidance.model import Guidance
from bot.organization import Organization
from bot.privacy import OWN
from bot.reload import Reload, Source
from bot.seal import Bearer, Seal, Spot, Surface, new_key
from bot.settings import HOME, read_settings
from tests.whole import one_now

ORGANIZATION = HOME / "deploy" / "organization.yaml"
TOPIC = "content/topics/learning.yaml"
NOBODY = Bearer("slack", "T1", "U1", Surface.MODAL)


class Running:
    """A conversation whose files are looked at whenever a test says so."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = Source(folder, folder / "organization.yaml")
        known = self.source.stamps()
        self.conversation = Conversation(*self.read(), utc_now)
        self.while_it_rests = lambda: None
        self.reload = Reload(self.source, known, self.read, self.conversation.swap, self.rest)

    def read(self) -> tuple[Guidance, Organization | None]:
        return read_guidance(self.folder, self.source.organization, utc_now().date())

    async def rest(self, _: float) -> None:
        self.while_it_rests()

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")

    def says(self, switch: str) -> None:
        """Have the organization's file say one more thing."""
        self.edit("organization.yaml", "ceiling: unclassified", f"ceiling: unclassified\n{switch}")

    def switches(self) -> list[str]:
        """Return which switches of the organization are in force."""
        organization = self.conversation.organization
        return [name for name in ("offline", "legal_hold") if getattr(organization, name)]

    def title(self) -> str:
        reply = self.conversation.on("slack").respond(Move("home", "en", Open("topic:learning")))
        assert reply.screen.card is not None
        return reply.screen.card.title.en


@pytest.fixture
def running(tmp_path: Path) -> Running:
    for part in ("dialogs", "content"):
        shutil.copytree(HOME / part, tmp_path / part)
    shutil.copy(ORGANIZATION, tmp_path / "organization.yaml")
    return Running(tmp_path)


async def test_without_a_change_nothing_is_read_again(running: Running):
    before = running.conversation.guidance
    assert not await running.reload.look()
    assert running.conversation.guidance is before


async def test_a_changed_sentence_is_said_on_every_channel(running: Running):
    title = running.title()
    running.edit(TOPIC, title, "Courses and more")
    assert await running.reload.look()
    assert running.title() == "Courses and more"
    assert not await running.reload.look()


async def test_what_fails_a_check_is_not_said_and_the_log_says_why(
    running: Running, caplog: pytest.LogCaptureFixture
):
    before = running.conversation.guidance
    running.edit(TOPIC, "topic: learning", "topic: learning\nsurprise: 1")
    with caplog.at_level(logging.ERROR, OWN):
        assert not await running.reload.look()
        assert not await running.reload.look()  # it is told once
    assert running.conversation.guidance is before
    (told,) = caplog.messages
    assert TOPIC in told
    assert "what was said before stays" in told
    assert "\n" not in told


async def test_the_log_repeats_nothing_of_the_organizations_file(
    running: Running, caplog: pytest.LogCaptureFixture
):
    reload = whole_program(running)
    running.edit("organization.yaml", "ceiling: unclassified", "ceiling: Ann of the Lakes")
    assert not await reload.look()
    (told,) = caplog.messages
    assert re.search(r"organization\.yaml:\d+ C\d{3}", told)
    assert "Ann" not in told


async def test_after_it_was_mended_it_is_said(running: Running):
    running.edit(TOPIC, "topic: learning", "topic: learning\nsurprise: 1")
    assert not await running.reload.look()
    running.edit(TOPIC, "\nsurprise: 1", "")
    running.edit(TOPIC, running.title(), "Courses and more")
    assert await running.reload.look()
    assert running.title() == "Courses and more"


async def test_a_file_that_is_still_being_written_is_left_until_it_rests(running: Running):
    title = running.title()
    running.edit(TOPIC, title, "Courses and")
    writes = iter([lambda: running.edit(TOPIC, "Courses and", "Courses and more"), lambda: None])
    running.while_it_rests = lambda: next(writes)()  # noqa: PLW0108 another one each time
    assert not await running.reload.look()
    assert running.title() == title
    assert await running.reload.look()
    assert running.title() == "Courses and more"


async def test_the_organization_changes_with_its_file(running: Running):
    assert running.conversation.organization is not None
    running.edit("organization.yaml", "613-555-0111", "613-555-0199")
    assert await running.reload.look()
    assert running.conversation.organization.contacts["security"].phone == "613-555-0199"


async def test_where_drafts_may_be_pasted_changes_with_the_organization(running: Running):
    teams = running.conversation.on("teams")
    assert "draft" in teams.respond(Move("home", "en", Open("home"))).screen.offer
    running.edit("organization.yaml", "# free_text: [web, terminal, teams]", "free_text: [web] #")
    assert await running.reload.look()
    assert "draft" not in teams.respond(Move("home", "en", Open("home"))).screen.offer


async def test_a_file_that_went_away_or_came_is_a_change(running: Running):
    before = running.source.stamps()
    (running.folder / "content" / "learnt.bin").unlink()
    assert running.source.stamps() != before
    assert await running.reload.look()
    assert running.conversation.guidance.learnt is None


async def test_what_was_locked_before_a_change_is_opened_after_it(running: Running):
    seal = Seal((new_key(),), running.conversation.guidance, utc_now)
    running.conversation.follow(seal.follow)
    spot = Spot("post_reported?channel=media_query", "fr")
    capsule = seal.lock(spot, NOBODY)
    running.edit(
        "dialogs/post_reported.yaml", "id: media_query,", "id: asked_by_media, was: media_query,"
    )
    for path in (running.folder / "dialogs" / "stories").glob("post_reported*"):
        path.unlink()
    assert await running.reload.look()
    opened = seal.open(capsule, NOBODY)
    assert opened.version != running.conversation.guidance.version[:8]
    reply = running.conversation.respond(Move(opened.place, "fr", Open(opened.place)))
    assert reply.screen.trail[0].picked[0].id == "asked_by_media"


def whole_program(running: Running) -> Reload:
    """What the program itself reads with, and has said."""
    settings = read_settings(
        {
            "CAIRN_GUIDANCE": str(running.folder),
            "CAIRN_ORGANIZATION": str(running.source.organization),
        }
    )
    return reload_of(settings, running.source.stamps(), running.conversation, running.rest)


def broken_but_says(running: Running, switch: str) -> Reload:
    """The whole program, over a tree that cannot be read and an organization that says a switch."""
    reload = whole_program(running)
    running.edit("dialogs/can_i_post.yaml", "tree: can_i_post", "tree: [")
    running.says(switch)
    return reload


async def test_no_guidance_is_given_on_an_operators_word_although_a_file_is_broken(
    running: Running, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    reload = broken_but_says(running, "offline: true")
    assert await reload.look()
    reply = running.conversation.respond(Move("home", "en", Open("can_i_post")))
    assert reply.is_offline
    told = [record.getMessage() for record in caplog.records]
    assert "no guidance is given from now on" in told
    broken = [line for line in told if "besides, it could not be used: " in line]
    assert "can_i_post.yaml" in broken[0]
    running.edit("dialogs/can_i_post.yaml", "tree: [", "tree: can_i_post")
    running.edit("organization.yaml", "\noffline: true", "")
    assert await reload.look()
    assert not running.conversation.respond(Move("home", "en", Open("can_i_post"))).is_offline
    assert "guidance is given again" in [record.getMessage() for record in caplog.records]


async def test_nothing_is_erased_on_an_operators_word_although_a_file_is_broken(
    running: Running, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    reload = broken_but_says(running, "legal_hold: true")
    assert await reload.look()
    assert running.switches() == ["legal_hold"]
    told = [record.getMessage() for record in caplog.records]
    assert "no case is erased from now on" in told
    assert any(line.startswith("legal_hold is in force, as ") for line in told)
    # It stays while something is broken, whatever else is said meanwhile.
    running.edit("organization.yaml", "legal_hold: true", "offline: true")
    assert await reload.look()
    assert running.switches() == ["offline", "legal_hold"]


@pytest.mark.parametrize("switch", ["offline", "legal_hold"])
@pytest.mark.parametrize("value", one_now("false", "No"))
async def test_who_writes_that_a_switch_is_off_does_not_switch_it_on(
    running: Running, switch: str, value: str
):
    reload = whole_program(running)
    running.says(f"{switch}: {value}")
    assert not await reload.look(), "a switch is off where it is not written"
    assert running.switches() == []
