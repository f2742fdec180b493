"""Which keys may a content file have, and in what form? One table for the loader and editors.

``fit`` reports what does not fit; ``json_schema`` turns the same table into hints for editors, so
that the two can never differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.guidance.model import CHANNELS, THEMES


@dataclass(frozen=True, slots=True)
class Text:
    """A text of one form; ``pattern`` is a full match, ``values`` a closed list."""

    en: str
    fr: str
    pattern: str = r"[\s\S]*\S[\s\S]*"
    values: tuple[str, ...] = ()
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; ``single`` when one value may stand for a list of one."""

    of: Shape
    single: bool = False


@dataclass(frozen=True, slots=True)
class TableOf:
    """A table from ids of one form to values of one shape."""

    key: Text
    of: Shape


@dataclass(frozen=True, slots=True)
class Record:
    """A table with known keys, some of which must be there."""

    must: Mapping[str, Shape]
    may: Mapping[str, Shape] = field(default_factory=dict)
    bilingual: bool = False


@dataclass(frozen=True, slots=True)
class Either:
    """A record that is of the first shape when it has ``key``, and of the second otherwise."""

    key: str
    first: Record
    second: Record


Shape = Text | ListOf | TableOf | Record | Either


def _text(en: str, fr: str, pattern: str) -> Text:
    return Text(en, fr, pattern)


def _one_of(*values: str) -> Text:
    listed = ", ".join(values)
    if len(values) == 1:
        return Text(f"the word {listed}", f"le mot {listed}", values=values)
    return Text(f"one of {listed}", f"une valeur parmi {listed}", values=values)


ID = _text(
    "a name in small letters, digits and _",
    "un nom en minuscules, chiffres et _",
    r"[a-z][a-z0-9_]{0,39}",
)
TOPIC_ID = _text(
    "a name of at most 34 small letters, digits and _",
    "un nom d’au plus 34 minuscules, chiffres et _",
    r"[a-z][a-z0-9_]{0,33}",
)
"""With ``topic:`` before it, it is what a case is about, which has forty letters."""

COURSE_ID = _text("a course code", "un code de cours", r"[A-Z0-9][A-Z0-9-]{1,29}")
DATE = _text("a date such as 2027-03-31", "une date comme 2027-03-31", r"\d{4}-\d{2}-\d{2}")
YES = _one_of("true")
URL = _text("a web address", "une adresse Web", r"https?://\S+")
REF = _text(
    "a source and a section, such as “privacy_act s4”",
    "une source et sa section, comme « privacy_act s4 »",
    r"[a-z][a-z0-9_]* [a-z0-9_]+",
)
THING = _text(
    "a tree, topic:name, summary:name, office:name or a word such as promise",
    "un arbre, topic:nom, summary:nom, office:nom ou un mot comme promise",
    r"(?:(?:topic|summary|office):)?[a-z][a-z0-9_]{0,39}",
)
ANY = Text("a text", "un texte")
PROSE = Text("a text", "un texte", quoted=True)
WORDS = Record({"en": PROSE, "fr": PROSE}, bilingual=True)
URLS = Record({"en": URL}, {"fr": URL})
PHRASES = Record({"en": ListOf(PROSE), "fr": ListOf(PROSE)}, bilingual=True)
UNVERIFIED = _one_of("unverified")
NETWORK = _one_of("gc", "defence")
EMAIL = _text("an e-mail address", "une adresse courriel", r"[^@\s]+@[^@\s]+")
KIND = _one_of("do", "do_not", "know", "keep", "support")
TONE = _one_of("usual_care", "weigh", "pause", "act_now")
REFS = ListOf(REF, single=True)

_SAID: Final[Mapping[str, Shape]] = {"en": PROSE, "fr": PROSE}
STATEMENT = Record(
    {**_SAID, "basis": _one_of("stated", "practice")},
    {"kind": KIND, "source": REFS, "rests_on": REFS, "fr_status": UNVERIFIED, "note": ANY},
    bilingual=True,
)
SAY = ListOf(Either("use", Record({"use": ID}), STATEMENT))
ADDS = Record({}, {"say": ListOf(ID), "offices": ListOf(ID), "tone": TONE})
OPTION = Record(
    {"id": ID, **_SAID, "go": ID},
    {
        "adds": ADDS,
        "alone": YES,
        "also": Record({}, {"en": ListOf(PROSE), "fr": ListOf(PROSE)}),
        "was": ID,
        "note": ANY,
    },
    bilingual=True,
)
QUESTION = Record(
    {"ask": WORDS, "options": ListOf(OPTION)},
    {"hint": WORDS, "choose": _one_of("many"), "was": ID, "note": ANY},
)
ANSWER = Record(
    {"tone": TONE, "title": WORDS, "say": SAY},
    {"offices": ListOf(ID), "offer": ListOf(ID), "was": ID, "note": ANY},
)
TREE = Record(
    {
        "tree": ID,
        "title": WORDS,
        "for": _one_of("everyone", "managers"),
        "owner": ID,
        "review_by": DATE,
        "start": ID,
        "questions": TableOf(ID, QUESTION),
        "answers": TableOf(ID, ANSWER),
    },
    {"intro": WORDS, "was": ID, "note": ANY},
)
_CARD: Final[Mapping[str, Shape]] = {"title": WORDS, "tree": ID, "say": SAY, "offices": ListOf(ID)}
TOPIC = Record(
    {"topic": TOPIC_ID, **_CARD},
    {"courses": ListOf(COURSE_ID), "see": ListOf(ID), "mailbox": EMAIL, "note": ANY},
)
SUMMARY = Record({"summary": ID, **_CARD}, {"note": ANY})
STATEMENTS = Record({"statements": TableOf(ID, STATEMENT)})
SOURCES = Record(
    {
        "sources": TableOf(
            ID,
            Record(
                {
                    "title": WORDS,
                    "issuer": WORDS,
                    "url": URLS,
                    "dated": WORDS,
                    "read": DATE,
                    "extent": _one_of("whole", "part", "secondary"),
                    "sections": TableOf(
                        _text("the name of a section", "le nom d’une section", r"[a-z0-9_]{1,40}"),
                        WORDS,
                    ),
                },
                {"network": NETWORK, "fr_status": UNVERIFIED, "note": ANY},
            ),
        )
    }
)
OFFICES = Record(
    {
        "offices": TableOf(
            ID,
            Record(
                {
                    "name": WORDS,
                    "does": ListOf(STATEMENT),
                    "does_not": ListOf(STATEMENT),
                    "promise": ListOf(STATEMENT),
                },
                {
                    "page": URLS,
                    "handoff": _one_of("card"),
                    "instead": ID,
                    "network": NETWORK,
                    "fr_status": UNVERIFIED,
                    "note": ANY,
                },
            ),
        )
    }
)
COURSES = Record(
    {
        "courses": TableOf(
            COURSE_ID,
            Record(
                {"title": WORDS, "source": REF, "theme": _one_of(*THEMES)},
                {
                    "about": WORDS,
                    "url": URLS,
                    "url_status": UNVERIFIED,
                    "network": NETWORK,
                    "fr_status": UNVERIFIED,
                    "note": ANY,
                },
            ),
        )
    }
)
CRISIS = Record(
    {
        "crisis": Record(
            {
                "title": WORDS,
                "say": SAY,
                "numbers": ListOf(
                    Record({"number": PROSE, **_SAID, "source": REFS}, bilingual=True)
                ),
                "offices": ListOf(ID),
                "words": PHRASES,
                "phrases": PHRASES,
            }
        )
    }
)
_DRAFT_PAGE: Final = Record({"title": WORDS, "text": WORDS})
_MARK: Final = Record(
    {**_SAID, "basis": _one_of("stated", "practice"), "picks": TableOf(ID, ListOf(ID))},
    {
        "source": REFS,
        "rests_on": REFS,
        "words": PHRASES,
        "never": PHRASES,
        "names": ListOf(
            Record({"source": REFS, "en": ListOf(PROSE), "fr": ListOf(PROSE)}, bilingual=True)
        ),
    },
    bilingual=True,
)
DRAFT = Record(
    {
        "draft": Record(
            {
                "tree": ID,
                "others": ListOf(ID),
                "pages": Record(
                    dict.fromkeys(("ask", "own", "other", "found", "nothing"), _DRAFT_PAGE)
                ),
                "marks": TableOf(ID, _MARK),
            }
        )
    }
)
PROMISE = Record(
    {
        "promise": Record(
            {
                "line": Record(dict.fromkeys(("always", "no_handoff", "handoff"), WORDS)),
                "sentences": ListOf(
                    Record(
                        {
                            "id": ID,
                            "channels": ListOf(_one_of(*CHANNELS)),
                            **_SAID,
                        },
                        {"when": _one_of("handoff", "no_handoff")},
                        bilingual=True,
                    )
                ),
            }
        )
    }
)
INTERFACE = Record({"phrases": TableOf(ID, WORDS)})
HOSTS = Record({"hosts": ListOf(_text("a host name", "un nom d’hôte", r"[a-z0-9.-]+"))})
AVOID = Record(
    {
        "avoid": Record(
            {
                lang: ListOf(Record({"word": PROSE, "instead": WORDS}, {"unless": ListOf(PROSE)}))
                for lang in ("en", "fr")
            }
        ),
        "never_asked": PHRASES,
    }
)
MENU = Record(
    {
        "menu": Record(
            {"trees": ListOf(ID), "topics": ListOf(ID), "summaries": ListOf(ID)},
        )
    }
)
CHANGES = Record(
    {
        "changes": ListOf(
            Record(
                {
                    "on": DATE,
                    "how": _one_of("editorial", "clarifying", "substantive"),
                    "of": ListOf(THING),
                    **_SAID,
                },
                bilingual=True,
            )
        ),
        "known": TableOf(
            THING,
            Text(
                "what “cairn check” says to write, or gone",
                "ce que « cairn check » dit d’écrire, ou gone",
                r"[0-9a-f]{8}|gone",
                quoted=True,
            ),
        ),
    }
)
STORIES = Record(
    {
        "stories": ListOf(
            Record(
                {
                    "story": PROSE,
                    "tree": ID,
                    "choices": TableOf(ID, ListOf(ID, single=True)),
                    "expect": Record(
                        {"tone": TONE},
                        {
                            "answer": ID,
                            "offices": ListOf(ID),
                            "not_offices": ListOf(ID),
                            "says": ListOf(PROSE),
                            "never_says": ListOf(PROSE),
                        },
                    ),
                },
                {"note": ANY},
            )
        )
    }
)
_LEVEL: Final = _one_of("unclassified", "protected_a", "protected_b")
_DESK: Final = Record(
    {"mode": _one_of("case", "introduction"), "on": _one_of("slack", "teams", "mail")},
    {
        "channel": ANY,
        "tenant": ANY,
        "service": URL,
        "deputy": ANY,
        "head": ANY,
        "hold": ListOf(ANY),
        "reply_within": _one_of(*(str(days) for days in range(1, 11))),
        "non_sensitive": YES,
    },
)
_HOURS = _text("a range of hours such as 08:30-16:30", "une plage comme 08:30-16:30", r"\S+")
ORGANIZATION = Record(
    {
        "organization": ID,
        "name": WORDS,
        "timezone": ANY,
        "ceiling": _LEVEL,
        "retention": WORDS,
        "offices": TableOf(
            ID,
            Record(
                {},
                {
                    "name": WORDS,
                    "email": EMAIL,
                    "phone": PROSE,
                    "url": URLS,
                    "languages": ListOf(_one_of("en", "fr")),
                    "timezone": ANY,
                    "province": ANY,
                    "hours": Record(
                        {}, dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), _HOURS)
                    ),
                    "always_open": YES,
                    "does_not_exist": YES,
                    "about": WORDS,
                    "desk": _DESK,
                },
            ),
        ),
    },
    {
        "ceilings": Record({}, {"slack": _LEVEL, "teams": _LEVEL}),
        "legal_hold": YES,
        "offline": YES,
        "province": ANY,
        "holidays": ListOf(DATE),
        "tenants": Record({}, {"slack": ListOf(ANY), "teams": ListOf(ANY)}),
        "targeted_messages": YES,
        "pin_by_graph": YES,
        "free_text": ListOf(_one_of(*CHANNELS)),
        "approved_ai_tools": ListOf(
            Record({**_SAID}, {"url": URLS, "up_to": WORDS}, bilingual=True)
        ),
        "hosts": ListOf(_text("a host name", "un nom d’hôte", r"[a-z0-9.-]+")),
        "sources": SOURCES.must["sources"],
        "notices": ListOf(
            Record({"begins": DATE, "until": DATE, **_SAID}, {"on": ListOf(ANY)}, bilingual=True)
        ),
        "additions": ListOf(Record({"to": ANY, "say": ListOf(STATEMENT)})),
        "approval": Record({"version": ANY, "by": ListOf(WORDS), "on": DATE}),
        "note": ANY,
    },
)

FILES: Final[Mapping[str, Record]] = {
    "tree": TREE,
    "topic": TOPIC,
    "summary": SUMMARY,
    "statements": STATEMENTS,
    "sources": SOURCES,
    "offices": OFFICES,
    "courses": COURSES,
    "crisis": CRISIS,
    "promise": PROMISE,
    "phrases": INTERFACE,
    "hosts": HOSTS,
    "avoid": AVOID,
    "menu": MENU,
    "draft": DRAFT,
    "changes": CHANGES,
    "stories": STORIES,
    "organization": ORGANIZATION,
}
"""The shape of a file, by the first key in it."""


def json_schema(key: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the files whose first key is ``key``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Cairn: {key}",
        **_schema(FILES[key]),
    }


def _schema(shape: Shape) -> dict[str, Any]:
    match shape:
        case Text(values=values) if values:
            # YAML editors read true and 2 without quotes as no words; Cairn reads words only.
            bare = [True] if values == ("true",) else [int(v) for v in values if v.isdigit()]
            return {"enum": [*bare, *values]}
        case Text():
            return {"type": "string", "pattern": f"^(?:{shape.pattern})$", "description": shape.en}
        case ListOf():
            whole = {"type": "array", "items": _schema(shape.of)}
            return {"anyOf": [_schema(shape.of), whole]} if shape.single else whole
        case TableOf():
            return {
                "type": "object",
                "propertyNames": {"pattern": f"^(?:{shape.key.pattern})$"},
                "additionalProperties": _schema(shape.of),
            }
        case Either():
            return {
                "if": {"required": [shape.key]},
                "then": _schema(shape.first),
                "else": _schema(shape.second),
            }
        case Record():
            return {
                "type": "object",
                "properties": {k: _schema(v) for k, v in {**shape.must, **shape.may}.items()},
                "required": list(shape.must),
                "additionalProperties": False,
            }
