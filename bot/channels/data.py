"""What is a screen as plain data? For tools, and for whoever compares screens."""

from __future__ import annotations

from typing import Any

from bot.conversation import Reply
from bot.guidance.model import Statement
from bot.guidance.screen import by_kind, notes


def screen_data(reply: Reply) -> dict[str, Any]:
    """Return a screen in one language as plain data."""
    screen, lang = reply.screen, reply.lang
    numbered = notes(screen)

    def said(statement: Statement, because: str | None) -> dict[str, Any]:
        return {
            "id": statement.id,
            "kind": statement.kind,
            "text": statement.words[lang],
            "basis": statement.basis,
            "notes": [numbered[ref].number for ref in statement.refs],
            "because": because,
        }

    def group(part: str) -> list[dict[str, Any]]:
        return [
            said(one.statement, one.because.id if one.because else None)
            for _, group in by_kind(getattr(screen, part))
            for one in group
        ]

    question, title = screen.question, screen.answer or screen.card or screen.crisis
    return {
        "sort": screen.sort,
        "place": screen.place,
        "lang": lang,
        "title": title.title[lang] if title else None,
        "trail": [
            {
                "question": step.question.id,
                "ask": step.question.ask[lang],
                "picked": [{"id": o.id, "label": o.label[lang]} for o in step.picked],
            }
            for step in screen.trail
        ],
        "question": None
        if question is None
        else {
            "id": question.id,
            "ask": question.ask[lang],
            "many": question.many,
            "options": [{"id": o.id, "label": o.label[lang]} for o in question.options],
        },
        "answer": screen.answer.id if screen.answer else None,
        "tone": screen.tone,
        "first": group("first"),
        "more": group("more"),
        "offices": [office.id for office in screen.offices],
        "offer": list(screen.offer),
        "notes": [
            {
                "number": note.number,
                "source": ref.source,
                "section": ref.section,
                "title": reply.sources[ref.source].title[lang],
                "url": reply.sources[ref.source].url.get(lang, reply.sources[ref.source].url["en"]),
            }
            for ref, note in numbered.items()
        ],
        "review": screen.review,
        "guidance": reply.guidance.version,
    }
