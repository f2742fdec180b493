"""What somebody sees at the counter of the desk, and what they do there; no chat in between.

    alice = AtCounter(desk, person(1), "fr")
    await alice.start("post_reported")          # from a screen of the guidance
    await alice.press("desk:write", office="values_ethics")
    await alice.press("desk:review", text="Some words")

A form is filled in as a client does it: fields keep what stands in them, and only what is there can
be picked, written or pressed. ``forge`` does what no client of ours does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.desk.port import Card
from bot.forms import Form, Picked, Press, Said, Written
from bot.guidance.words import Lang
from bot.platforms import Who
from tests.desk import OFFICE, World


class AtCounter:
    """Somebody at the counter, and the form in front of them."""

    def __init__(self, desk: World, who: Who, lang: Lang = "en") -> None:
        self.desk = desk
        self.who = who
        self.lang: Lang = lang
        self.form = Form(lang, ())
        self.seen: list[Form] = []

    # -- what they do

    async def start(self, place: str = "") -> Form:
        """Ask for the offices, from a place of the guidance."""
        return await self.forge(Press("desk:offices", place))

    async def open(self, card: Card, do: str) -> Form:
        """Press a button of a card."""
        assert do in [one.do for one in card.buttons], f"{do} is not on the card"
        return await self.forge(Press(do, card.value))

    async def press(self, do: str, **fields: str | Iterable[str]) -> Form:
        """Fill in the form and press one of its buttons."""
        assert do in self.ways, f"{do} is not in {self.ways}"
        picked, written = filled(self.form)
        for name, value in fields.items():
            part = field(self.form, name)
            if isinstance(part, Written):
                assert isinstance(value, str)
                written[name] = value
            else:
                chosen = (value,) if isinstance(value, str) else tuple(value)
                assert set(chosen) <= {one for one, _ in part.choices}, f"{chosen} is not offered"
                assert part.many or len(chosen) == 1
                picked[name] = chosen
        return await self.forge(Press(do, self.form.held, picked, written))

    async def forge(self, press: Press) -> Form:
        """Press anything at all."""
        self.form = await self.desk.counter.press(self.who, press, self.lang)
        self.seen.append(self.form)
        return self.form

    async def sends(
        self, text: str = "Some words", *, out: Iterable[str] = (), place: str = "post_reported"
    ) -> str:
        """Go the whole way to Send; return the number of the case."""
        await self.start(place)
        await self.press("desk:write", office=OFFICE)
        await self.press("desk:review", text=text, out=out)
        await self.press("desk:send", agree="yes")
        return self.form.held

    # -- what they see

    @property
    def words(self) -> str:
        """Every word of the form in front of them."""
        return words(self.form)

    def says(self, name: str, /, **places: object) -> bool:
        """Whether the form says one of the bot's own sentences."""
        sentence = self.desk.conversation.guidance.phrases[name][self.lang]
        return (sentence.format(**places) if places else sentence) in self.words

    @property
    def ways(self) -> list[str]:
        """What can be pressed."""
        main = [self.form.main] if self.form.main is not None else []
        return [one.do for one in (*main, *self.form.buttons)]


def filled(form: Form) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """What the fields of a form hold when nobody has touched them."""
    picked = {one.name: tuple(one.picked) for one in form.parts if isinstance(one, Picked)}
    written = {one.name: one.filled for one in form.parts if isinstance(one, Written)}
    return picked, written


def field(form: Form, name: str) -> Picked | Written:
    """A field of a form by its name."""
    found = [one for one in form.parts if not isinstance(one, Said) and one.name == name]
    assert len(found) == 1, f"there is no field {name}"
    return found[0]


def choices(form: Form, name: str) -> list[str]:
    """What can be picked in a field."""
    part = field(form, name)
    assert isinstance(part, Picked)
    return [ident for ident, _ in part.choices]


def words(form: Form) -> str:
    """Every word that a form shows, with what stands in its fields."""
    rows: list[str] = []
    for part in form.parts:
        if isinstance(part, Said):
            rows.append(part.words)
            continue
        rows += [part.label, part.hint or ""]
        rows += [part.filled] if isinstance(part, Written) else [name for _, name in part.choices]
    rows += [one.words for one in ([form.main] if form.main else [])]
    rows += [one.words for one in form.buttons]
    return "\n".join(rows)


def all_of(card: Card) -> str:
    """Every word of a card, its values too."""
    return "\n".join([card.summary, *card.lines, card.value, *(b.words for b in card.buttons)])


def posted(desk: World) -> Mapping[str, list[str]]:
    """Everything that stands in a channel, a chat or a mailbox, by where."""
    channels = [*desk.slack.channels.values(), *desk.teams.channels.values()]
    return {
        "cards": [all_of(card) for channel in channels for card in channel.cards.values()],
        "lines": [line for channel in channels for _, line in channel.lines],
        "told": [all_of(card) for chat in (desk.slack, desk.teams) for _, card in chat.told],
        "letters": ["\n".join(letter) for letter in desk.post.letters],
    }
