"""Which message can a person send about the guidance, from their own mail? Prepared, never sent.

It names the walk or topic that the person came from, the version and the language, and leaves room
for their words. It holds none of their choices and nothing that was typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from bot.conversation import Reply
from bot.guidance.ticket import read_ticket

_ROOM: Final = "\n\n"
"""Where the person goes on writing."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to a mailbox: who it goes to, its subject, and the start of its body."""

    to: str
    subject: str
    body: str

    @property
    def address(self) -> str:
        """The address that opens it in a mail program, as RFC 6068 has it."""
        body = self.body.replace("\n", "\r\n")
        subject, text = (quote(words, safe="") for words in (self.subject, body))
        return f"mailto:{quote(self.to, safe='@')}?subject={subject}&body={text}"


def letter_of(reply: Reply) -> Letter | None:
    """Return the message of a topic that has a mailbox; nothing on any other screen."""
    card = reply.screen.card
    if card is None or card.mailbox is None:
        return None
    title, subject = _about(reply), reply.phrase("letter_subject")
    about = title or reply.phrase("letter_general")
    return Letter(
        to=card.mailbox,
        subject=f"{subject} – {title}" if title is not None else subject,
        body=reply.phrase("letter_body", title=about, version=reply.guidance.version) + _ROOM,
    )


def rows_to_copy(reply: Reply, letter: Letter) -> list[str]:
    """Return the same message line by line, for whoever has no mail program at hand."""
    head = [
        reply.phrase("letter_to", address=letter.to),
        reply.phrase("letter_subject_line", subject=letter.subject),
    ]
    return [*head, "", *letter.body.rstrip("\n").split("\n")]


def _about(reply: Reply) -> str | None:
    """Return the title of the walk or topic that the person came from; nothing from elsewhere."""
    guidance, place = reply.guidance, reply.came_from or ""
    tree, topic = read_ticket(place).tree, place.removeprefix("topic:")
    if tree in guidance.trees:
        return guidance.trees[tree].title[reply.lang]
    if topic in guidance.topics:
        return guidance.topics[topic].title[reply.lang]
    return None
