"""Every form and card of the desk, as people and officers come to see them, in one language.

    forms, cards = asyncio.run(of_a_case("fr", folder))

They come from the real counter over a real store: a person asks, an officer answers.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.desk.port import Card
from bot.forms import Form, Press, Said, Style, Written
from bot.guidance.words import LANGS, Lang, plain
from tests.desk import BY_MAIL, HOLDERS, OFFICE, OFFICERS, World, person, world

WORDS = {
    "en": "My photo of the dam was shared widely, and a reporter wrote to me.\nWhat should I do?",
    "fr": "Ma photo du barrage a beaucoup circulé, et une revue m’a écrit.\nQue dois-je faire?",
}
PLACE = "can_i_post?who=employee&moment=draft"


class Seen:
    """Presses as one who sees each form does, and keeps the forms by name."""

    def __init__(self, desk: World, lang: Lang) -> None:
        self.desk = desk
        self.lang = lang
        self.forms: dict[str, Form] = {}

    async def press(self, name: str, who, do: str, held: str = "", **fields: object) -> Form:  # type: ignore[no-untyped-def]
        picked = {k: v for k, v in fields.items() if isinstance(v, tuple)}
        written = {k: v for k, v in fields.items() if isinstance(v, str)}
        form = await self.desk.counter.press(who, Press(do, held, picked, written), self.lang)
        self.forms[name] = form
        return form


def filled(form: Form, name: str) -> str:
    """What stands in a field of a form."""
    return next(p.filled for p in form.parts if isinstance(p, Written) and p.name == name)


async def of_a_case(lang: Lang, folder: Path) -> tuple[dict[str, Form], dict[str, Card]]:
    """The forms and cards of one case and one introduction, by name."""
    async with world(f"sqlite:///{folder}/forms-{lang}.db") as desk:
        seen, asker, officer = Seen(desk, lang), person(1), OFFICERS[0]
        press, words = seen.press, WORDS[lang]
        offices = await press("offices", asker, "desk:offices", "topic:leaks")
        offices = await press("offices", asker, "desk:offices", PLACE)
        write = await press("write", asker, "desk:write", offices.held, office=(OFFICE,))
        review = await press(
            "review", asker, "desk:review", write.held, text=words, choices=("yes",),
            out=(OFFICERS[2].id,),
        )  # fmt: skip
        text = filled(review, "text")
        await press("trouble", asker, "desk:send", review.held, text=text)
        sent = await press("sent", asker, "desk:send", review.held, text=text, agree=("yes",))
        number = sent.held
        await desk.deliver()
        cards = {"offer": next(iter(desk.slack.channels["C0ETHICS"].cards.values()))}
        await press("waiting", asker, "desk:read", number)
        await press("withdraw", asker, "desk:withdraw", number)
        await press("check", officer, "desk:claim", number)
        await press("case", officer, "desk:clear", number)
        await press("taken", OFFICERS[1], "desk:open", number)
        preview = await press("preview", officer, "desk:preview", number, reply=words)
        await press("replied", officer, "desk:reply", number, reply=filled(preview, "reply"))
        await desk.deliver()
        cards["notice"] = desk.teams.told[-1][1]
        await press("answered", asker, "desk:read", number)
        await press("mine", asker, "desk:mine")
        await press("transfer", officer, "desk:transfer", number)
        await press("hold", HOLDERS[0], "desk:open", number)
        await press("resolve", officer, "desk:resolve", number)
        await press("resolved", officer, "desk:resolved", number, reason=("answered",))
        await press("export", officer, "desk:export", number)
        await press("close", officer, "desk:close", number)
        await press("closed", officer, "desk:closed", number, record=("exported",))
        await desk.deliver()
        cards["closed"] = next(iter(desk.slack.channels["C0ETHICS"].cards.values()))
        again = await press("again", asker, "desk:offices", PLACE)
        mail = await press("introduction", asker, "desk:write", again.held, office=(BY_MAIL,))
        await press("introduction-review", asker, "desk:review", mail.held, text="613-555-0100")
        writer = person(2)
        number = await desk.opened(writer, words)
        for turn in range(8):
            await desk.service.answer(number, writer, f"{turn + 1}. {words} " * 12)
            await desk.service.reply(number, officer, f"{turn + 1}. {words}")
        newest = await press("long", writer, "desk:read", number)
        await press("long-earlier", writer, newest.buttons[0].do, number)
        await press("long-case", officer, "desk:open", number)
        await press("long-export", officer, "desk:export", number)
        return seen.forms, cards


Shown = tuple[dict[str, Form], dict[str, Card]]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[Lang, Shown]:
    """All of them by language; made in a thread, since a browser has the loop of this one."""

    def make(lang: Lang, folder: Path) -> Shown:
        return asyncio.run(of_a_case(lang, folder))

    folder = tmp_path_factory.mktemp("forms")
    with ThreadPoolExecutor(1) as pool:
        return {lang: pool.submit(make, lang, folder).result() for lang in LANGS}


def words_of(form: Form) -> list[str]:
    """Every line that a form says."""
    return [
        one
        for part in form.parts
        if isinstance(part, Said)
        for one in (part.words if part.style is Style.QUOTED else plain(part.words)).splitlines()
        if one.strip()
    ]
