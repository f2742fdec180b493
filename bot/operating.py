"""What may an operator know of cases? Counts of ten and more, and whether all is in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bot.desk.timekeeping import Counts
from bot.guidance.words import Words

FEWEST: Final = 10
"""A smaller count of people is not shown: it could give somebody away."""

_ENDED: Final = frozenset({"closed", "fallback", "withdrawn", "purged"})


def told_of_cases(counts: Counts) -> Iterator[Words]:
    """Yield what an operator may know of cases: no number under ten, and none that gives one away.

    What waits to be sent and what was set aside are no people, so these are told as they are.
    """
    found: dict[tuple[str, bool], int] = {}
    for (office, state), many in counts.cases.items():
        key = (office, state in _ENDED)
        found[key] = found.get(key, 0) + many
    if not found:
        yield Words("There are no cases.", "Il n’y a aucune demande.")
    for (office, ended), many in sorted(found.items()):
        shown = str(many) if many >= FEWEST else None
        en, fr = shown or f"fewer than {FEWEST}", shown or f"moins de {FEWEST}"
        if ended:
            yield Words(f"{office}, ended: {en}", f"{office}, terminées : {fr}")
        else:
            yield Words(f"{office}, open: {en}", f"{office}, ouvertes : {fr}")
    waiting, chain = counts.waiting, counts.chain
    yield Words(
        f"Waiting to be sent: {waiting.count}. Set aside, see the log: {waiting.parked}.",
        f"En attente d’envoi : {waiting.count}. Mis de côté, voir le journal : {waiting.parked}.",
    )
    if chain.broken is None:
        head = chain.head.hex()
        yield Words(
            f"Audit chain: {chain.length} entries, whole. Its last hash, to keep elsewhere: {head}",
            f"Chaîne d’audit : {chain.length} entrées, intacte. Sa dernière empreinte, à garder"
            f" ailleurs : {head}",
        )
    else:
        yield Words(
            f"Audit chain: BROKEN at entry {chain.broken} of {chain.length}. Somebody changed the"
            " database without Cairn; keep a copy of it and call your security office.",
            f"Chaîne d’audit : ROMPUE à l’entrée {chain.broken} sur {chain.length}. Quelqu’un a"
            " modifié la base sans passer par Cairn; gardez-en une copie et appelez la sécurité"
            " ministérielle.",
        )
