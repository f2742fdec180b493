"""Which errors does Cairn raise on purpose?

    CairnError
    ├── SettingsError     the operator set something that cannot be used
    ├── ContentError      the guidance or the organization’s file cannot be used
    ├── AddressError      the address to listen on cannot be had
    ├── HistoryError      what the guidance was at another time is not to be had (history.py)
    └── UsageError        a command was called with something that does not exist

Each carries its sentence in both languages; the command line says it in the reader's language.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from bot.guidance.load import GuidanceError
from bot.guidance.words import Lang, Words

_SHOWN: Final = 5


class CairnError(Exception):
    """An error with a sentence in both languages that says what to do."""

    def __init__(self, words: Words) -> None:
        self.words = words
        super().__init__(words.en)

    def __getitem__(self, lang: Lang) -> str:
        return self.words[lang]


class Mistake(Enum):
    """What can be wrong with a setting; the value is the sentence, without the setting's name."""

    UNKNOWN = Words(
        "There is no setting {name}.{near} Remove it or correct its name.",
        "Il n’y a pas de réglage {name}.{near} Retirez-le ou corrigez son nom.",
    )
    EMPTY = Words(
        "The setting {name} is empty. Give it a value or remove it.",
        "Le réglage {name} est vide. Donnez-lui une valeur ou retirez-le.",
    )
    TWICE = Words(
        "Both {name} and {name}_FILE are set. Keep one of them.",
        "{name} et {name}_FILE sont tous deux définis. Gardez l’un des deux.",
    )
    WRONG = Words(
        "The value of {name} cannot be used. README.md says what it may be.",
        "La valeur de {name} ne peut pas être utilisée. LISEZMOI.md dit ce qu’elle peut être.",
    )
    ALONE = Words(
        "The setting {name} also needs {other}. Set both, or remove {name}.",
        "Le réglage {name} exige aussi {other}. Définissez les deux ou retirez {name}.",
    )
    MISSING = Words(
        "This command needs {name}. README.md says what it is.",
        "Cette commande exige {name}. LISEZMOI.md dit ce que c’est.",
    )
    NOT_LOCAL = Words(
        "{name} takes requests from anybody who can reach Cairn, so it works on this machine only."
        " Set {other} to 127.0.0.1, or remove {name}.",
        "{name} accepte les demandes de quiconque peut joindre Cairn; il ne sert donc que sur cette"
        " machine. Réglez {other} sur 127.0.0.1 ou retirez {name}.",
    )
    UNREADABLE = Words(
        "The file that {name} names cannot be read. Check its path and its permissions.",
        "Le fichier que nomme {name} ne peut pas être lu. Vérifiez son chemin et ses droits"
        " d’accès.",
    )


class SettingsError(CairnError):
    """A setting cannot be used; the sentence names the setting, never its value.

    ``near`` is the name that was perhaps meant, or the one that is needed as well.
    """

    def __init__(self, mistake: Mistake, name: str, near: str | None = None) -> None:
        self.mistake = mistake
        meant = Words(f" Did you mean {near}?", f" Vouliez-vous dire {near}?")
        super().__init__(
            Words(
                mistake.value.en.format(name=name, near=meant.en if near else "", other=near),
                mistake.value.fr.format(name=name, near=meant.fr if near else "", other=near),
            )
        )


class ContentError(CairnError):
    """The guidance or the organization's file has errors; the first ones are told."""

    def __init__(self, error: GuidanceError) -> None:
        self.problems = error.problems
        super().__init__(
            Words(
                "The guidance cannot be used:\n" + self._shown("en"),
                "Les orientations ne peuvent pas être utilisées :\n" + self._shown("fr"),
            )
        )

    @property
    def places(self) -> str:
        """Where the first errors are, with their codes: nothing of what stands there."""
        first = self.problems[:_SHOWN]
        return ", ".join(f"{p.file}:{p.line} {p.code}" for p in first)

    def _shown(self, lang: Lang) -> str:
        first, more = self.problems[:_SHOWN], len(self.problems) - _SHOWN
        rows = [f"  {p.file}:{p.line}: {getattr(p, lang)} [{p.code}]" for p in first]
        return "\n".join([*rows, f"  … (+{more})"] if more > 0 else rows)


class AddressError(CairnError):
    """The address to listen on is in use, or cannot be had; ``reason`` is the system's word."""

    def __init__(self, host: str, port: int, reason: str | None) -> None:
        super().__init__(
            Words(
                f"Cannot listen on {host}:{port} ({reason}). Stop what uses it, or set CAIRN_PORT.",
                f"Impossible d’écouter sur {host}:{port} ({reason}). Arrêtez ce qui l’utilise, ou"
                " réglez CAIRN_PORT.",
            )
        )


class UsageError(CairnError):
    """A command was given a name, a file or a language that does not exist."""


class CaseKeyError(CairnError):
    """A case is locked by a key that is not among the operator's."""

    def __init__(self) -> None:
        super().__init__(
            Words(
                "A case is locked by a key that CAIRN_CASE_KEYS does not hold any more. Put the"
                " former key back, after the new one, and run: cairn rekey",
                "Une demande est verrouillée par une clé que CAIRN_CASE_KEYS ne contient plus."
                " Remettez l’ancienne clé après la nouvelle, puis lancez : cairn rekey",
            )
        )
