"""How is the change log read? As Markdown in one language, and as what is left to write in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Final

from bot.guidance.changes import Change, changes
from bot.guidance.meaning import title
from bot.guidance.model import Guidance, Materiality
from bot.guidance.words import LANGS, Lang, Words

MATERIALITY: Final[Mapping[Materiality, Words]] = {
    Materiality.EDITORIAL: Words("Editorial", "De forme"),
    Materiality.CLARIFYING: Words("Clarifying", "De clarté"),
    Materiality.SUBSTANTIVE: Words("Substantive", "De fond"),
}
"""What people read of how much a change matters."""

_MEANING: Final[Mapping[Materiality, Words]] = {
    Materiality.EDITORIAL: Words(
        "spelling or layout; there is nothing to read again",
        "l’orthographe ou la présentation; il n’y a rien à relire",
    ),
    Materiality.CLARIFYING: Words(
        "the same advice, easier to understand", "le même conseil, plus facile à comprendre"
    ),
    Materiality.SUBSTANTIVE: Words(
        "the advice itself changed; read it again", "le conseil lui-même a changé; à relire"
    ),
}
PAGES: Final[Mapping[Lang, str]] = {"en": "CHANGES.md", "fr": "CHANGEMENTS.md"}
"""Where the log stands at the top of the repository."""

_LOG: Final = Words(
    f"# What changed in the guidance\n\n[Français]({PAGES['fr']})\n\n"
    "Written by `cairn changes` from `content/changes.yaml`, the newest first.\n",
    f"# Ce qui a changé dans les orientations\n\n[English]({PAGES['en']})\n\n"
    "Écrit par `cairn changes` à partir de `content/changes.yaml`, le plus récent d’abord.\n",
)
_SHOWN_THINGS: Final = 8
_MORE: Final = Words("and {} others", "et {} autres")
_CONCERNS: Final = Words("Concerns: ", "Concerne\u00a0: ")
_COLON: Final = Words(": ", "\u00a0: ")
_SINCE: Final = Words("# What changed since version {}", "# Ce qui a changé depuis la version {}")
_NOTHING: Final = Words("Nothing changed.", "Rien n’a changé.")
_LANGUAGE: Final[Mapping[Lang, Words]] = {
    "en": Words("English", "Anglais"),
    "fr": Words("French", "Français"),
}
_BEFORE: Final = Words(", before", ", avant")
_NOW: Final = Words(", now", ", maintenant")
_LEFT_BEHIND: Final = Words("## Left behind", "## Langue en retard")
_NONE_LEFT: Final = Words("No language was left behind.", "Aucune langue n’est en retard.")
_DESCRIBE: Final = Words("## To describe it", "## Pour le décrire")
_DESCRIBED: Final = Words(
    "`content/changes.yaml` describes all of it.", "`content/changes.yaml` décrit le tout."
)
_HOW_TO: Final = Words(
    "In `content/changes.yaml`, put this entry at the end of `changes` and fill it in. Then put the"
    " other lines under `known`, in the place of those of the same name.",
    "Dans `content/changes.yaml`, mettez cette entrée à la fin de `changes` et remplissez-la."
    " Mettez ensuite les autres lignes sous `known`, à la place de celles du même nom.",
)


def print_log(guidance: Guidance, lang: Lang) -> str:
    """Return the change log as Markdown, the newest day first."""
    out = [_LOG[lang]]
    out += [f"- **{MATERIALITY[how][lang]}**{_COLON[lang]}{words[lang]}"
            for how, words in _MEANING.items()]  # fmt: skip
    newest_first = reversed(guidance.revisions)
    for on, entries in groupby(newest_first, key=lambda entry: entry.on):
        out += ["", f"## {on}", ""]
        for entry in entries:
            out.append(f"- **{MATERIALITY[entry.how][lang]}.** {entry.words[lang]}")
            out.append(f"  _{_CONCERNS[lang]}{_named(guidance, entry.of, lang)}_")
    return "\n".join(out) + "\n"


def _named(guidance: Guidance, things: Sequence[str], lang: Lang) -> str:
    shown = [title(guidance, thing)[lang] for thing in things[:_SHOWN_THINGS]]
    if more := len(things) - len(shown):
        shown.append(_MORE[lang].format(more))
    return "; ".join(shown)


def print_changes(
    before: Guidance, after: Guidance, unknown: Mapping[str, str], today: date, lang: Lang
) -> str:
    """Return as Markdown what changed, which language was left behind, and what to write of it.

    ``unknown`` are the lines that ``known`` lacks in the change log, as ``to_write`` finds them.
    """
    found = changes(before, after)
    out = [_SINCE[lang].format(before.version)]
    if not found:
        out += ["", _NOTHING[lang]]
    for heading, group in groupby(found, key=lambda change: change.title):
        out += ["", f"## {heading[lang]}", ""]
        for change in group:
            out.append(f"- {change.words[lang]}")
            out += [f"  - {line}" for line in _shown(change, lang)]
    if found:
        out += ["", _LEFT_BEHIND[lang], "", *_left_behind(found, lang)]
    out += ["", _DESCRIBE[lang], ""]
    out += _skeleton(unknown, today, lang) if unknown else [_DESCRIBED[lang]]
    return "\n".join(out) + "\n"


def _shown(change: Change, lang: Lang) -> Iterator[str]:
    """Yield the words of a change in each language that has changed."""
    before, after = change.before, change.after
    for of in LANGS:
        name = _LANGUAGE[of][lang]
        for words, when in ((before, _BEFORE), (after, _NOW)):
            if words is not None and change.left_behind != of:
                at = when[lang] if before is not None and after is not None else ""
                yield f"{name}{at}{_COLON[lang]}{' '.join(words[of].split())}"


def _left_behind(found: Sequence[Change], lang: Lang) -> list[str]:
    lines = []
    for of in LANGS:
        titles = [change.title[lang] for change in found if change.left_behind == of]
        if titles:
            listed = "; ".join(dict.fromkeys(titles))
            lines.append(f"- {_LANGUAGE[of][lang]} ({len(titles)}){_COLON[lang]}{listed}")
    return lines or [_NONE_LEFT[lang]]


def _skeleton(unknown: Mapping[str, str], today: date, lang: Lang) -> list[str]:
    return [
        _HOW_TO[lang],
        "",
        "```yaml",
        f"  - on: {today}",
        f"    how:  # {', '.join(Materiality)}",
        f"    of: [{', '.join(unknown)}]",
        '    en: ""',
        '    fr: ""',
        "```",
        "",
        "```yaml",
        *(f'  {thing}: "{digest}"' for thing, digest in unknown.items()),
        "```",
    ]
