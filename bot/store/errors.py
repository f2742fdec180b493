"""What can go wrong with the store, and what does the operator read then?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Final

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import CairnError
from bot.guidance.words import Words

FAULTS: Final = (
    SQLAlchemyError,
    sqlite3.Error,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    UnicodeDecodeError,
)
"""What SQLAlchemy, the drivers below it, which ``quick`` calls, and the pool raise.

A time that ran out is an OSError too. Of a damaged file SQLite tells in bytes that are no text.
"""


class Trouble(Enum):
    """What is wrong with the database; the value is the sentence, which never holds its address."""

    ADDRESS = Words(
        "The value of CAIRN_DATABASE_URL cannot be used. Write sqlite:///folder/file.db or"
        " postgresql://user:password@host/database.",
        "La valeur de CAIRN_DATABASE_URL ne peut pas être utilisée. Écrivez"
        " sqlite:///dossier/fichier.db ou postgresql://utilisateur:mot_de_passe@hôte/base.",
    )
    NO_FOLDER = Words(
        "The folder of the database file does not exist. Create it or correct CAIRN_DATABASE_URL.",
        "Le dossier du fichier de base de données n’existe pas. Créez-le ou corrigez"
        " CAIRN_DATABASE_URL.",
    )
    FILE = Words(
        "The database file cannot be opened, or is not a database. Check CAIRN_DATABASE_URL, the"
        " permissions of the file and those of its folder.",
        "Le fichier de base de données ne peut pas être ouvert, ou ce n’est pas une base de"
        " données. Vérifiez CAIRN_DATABASE_URL, les droits d’accès au fichier et ceux de son"
        " dossier.",
    )
    NEWER = Words(
        "The database was made by a newer version of Cairn. Install that version, or restore a"
        " copy of the database that this version made.",
        "La base de données a été créée par une version plus récente de Cairn. Installez cette"
        " version ou restaurez une copie de la base faite par la présente version.",
    )
    OLDER = Words(
        "The database is of an older version of Cairn, and this command does not upgrade it. Back"
        " it up and start this version, or use the command of the version that serves.",
        "La base de données est d’une version antérieure de Cairn, et cette commande ne la met pas"
        " à niveau. Sauvegardez-la puis démarrez la présente version, ou prenez la commande de la"
        " version en service.",
    )
    EMPTY = Words(
        "The database holds no tables of Cairn yet: the first cairn serve makes them. Start it, or"
        " correct CAIRN_DATABASE_URL.",
        "La base de données ne contient encore aucune table de Cairn : le premier cairn serve les"
        " crée. Lancez-le ou corrigez CAIRN_DATABASE_URL.",
    )
    DENIED = Words(
        "The user that CAIRN_DATABASE_URL names lacks rights. Make that user the owner of the"
        " database, or grant CREATE on its schema and all rights on Cairn’s tables and sequences.",
        "L’utilisateur que nomme CAIRN_DATABASE_URL n’a pas les droits voulus. Faites-en le"
        " propriétaire de la base, ou accordez-lui CREATE sur son schéma et tous les droits sur les"
        " tables et les séquences de Cairn.",
    )
    READ_ONLY = Words(
        "The database can only be read, so nothing can be kept. On PostgreSQL, name the primary"
        " server in CAIRN_DATABASE_URL, and turn default_transaction_read_only off. On SQLite, let"
        " Cairn write to the file and its folder.",
        "La base de données est en lecture seule; rien ne peut donc être conservé. Avec"
        " PostgreSQL, nommez le serveur primaire dans CAIRN_DATABASE_URL et désactivez"
        " default_transaction_read_only. Avec SQLite, permettez à Cairn d’écrire dans le fichier et"
        " son dossier.",
    )
    FULL = Words(
        "The disk of the database is full: nothing is kept until there is space again. Make space;"
        " nothing needs a restart.",
        "Le disque de la base de données est plein : rien n’est conservé tant que l’espace manque."
        " Libérez de l’espace; aucun redémarrage n’est nécessaire.",
    )
    DAMAGED = Words(
        "The database is damaged. Stop Cairn, keep a copy of the database, and restore the last"
        " backup as docs/operators/backup.md says.",
        "La base de données est endommagée. Arrêtez Cairn, gardez une copie de la base et restaurez"
        " la dernière sauvegarde selon docs/operators/sauvegarde.md.",
    )
    FAILED = Words(
        "The database did not answer as it should. Check that it is running, and that the value of"
        " CAIRN_DATABASE_URL is correct.",
        "La base de données n’a pas répondu comme prévu. Vérifiez qu’elle fonctionne et"
        " que la valeur de CAIRN_DATABASE_URL est exacte.",
    )


_UNCLEAR: Final = (Trouble.FILE, Trouble.FAILED)
"""Of these alone the type of the driver's error tells an operator more than the sentence."""


class StoreError(CairnError):
    """The store cannot be opened or used; ``kind`` is the type of the driver's error, if any."""

    def __init__(self, trouble: Trouble, kind: str = "") -> None:
        self.trouble = trouble
        self.kind = kind
        more = f" ({kind})" if kind and trouble in _UNCLEAR else ""
        super().__init__(Words(trouble.value.en + more, trouble.value.fr + more))


def trouble_of(error: BaseException, otherwise: Trouble) -> Trouble:
    """Return what a driver's error means, by its code."""
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        return _BY_CODE.get(code & _PRIMARY, otherwise)
    for kinds, trouble in _BY_KIND.items():
        if isinstance(error, kinds):
            return trouble
    return otherwise


_PRIMARY: Final = 0xFF
"""SQLite keeps the finer code in the higher bits."""
_BY_CODE: Final = {
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_CORRUPT: Trouble.DAMAGED,
}
_BY_KIND: Final[dict[tuple[type[BaseException], ...], Trouble]] = {
    (asyncpg.DiskFullError,): Trouble.FULL,
    (asyncpg.InsufficientPrivilegeError,): Trouble.DENIED,
    (asyncpg.DataCorruptedError, asyncpg.IndexCorruptedError): Trouble.DAMAGED,
    (UnicodeDecodeError,): Trouble.DAMAGED,
}


def cause_of(error: BaseException) -> BaseException:
    """Return the driver's own error, which says more than what SQLAlchemy wraps it in."""
    wrapped = getattr(error, "orig", None)
    return getattr(wrapped, "__cause__", None) or wrapped or error


@contextmanager
def told() -> Iterator[None]:
    """Put what a driver raises in our words.

    Its own text may hold a row, a host or a user, so only the type of the error is passed on.
    """
    try:
        yield
    except FAULTS as error:
        cause = cause_of(error)
        raise StoreError(trouble_of(cause, Trouble.FAILED), type(cause).__name__) from None
