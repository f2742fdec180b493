"""What was the guidance at another time? It is read from the history that git keeps of its folder.

git is only asked for the bytes of files, by their hashes: it checks nothing out, runs no filter
and changes nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from enum import Enum
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from bot.errors import CairnError
from bot.guidance.build import build
from bot.guidance.load import gather
from bot.guidance.model import Guidance
from bot.guidance.problems import Report
from bot.guidance.words import Words

_PARTS: Final = ("dialogs", "content")
_ENDING: Final = ".yaml"
_FILES: Final = (b"100644", b"100755")
"""The modes of files; links and what else git may hold are no content."""
_ELSEWHERE: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
"""What points git to another repository, as it does within its own hooks."""


class Lost(Enum):
    """Why the guidance of another time is not to be had; the value is the sentence."""

    NO_GIT = Words(
        "This command needs git. Install it, or run this where it is installed.",
        "Cette commande exige git. Installez-le, ou lancez-la là où il est installé.",
    )
    NO_REPOSITORY = Words(
        "The folder of the guidance is in no git repository that can be read from here.",
        "Le dossier des orientations n’est dans aucun dépôt git lisible d’ici.",
    )
    NO_REVISION = Words(
        "There is no such revision. Write a commit, a tag or a branch, such as HEAD~1.",
        "Cette révision n’existe pas. Écrivez un commit, une étiquette ou une branche, par exemple"
        " HEAD~1.",
    )
    UNREADABLE = Words(
        "This version of Cairn cannot read the guidance of that revision: its files were missing or"
        " had another form then{where}. Choose a later one.",
        "Cette version de Cairn ne peut pas lire les orientations de cette révision : ses fichiers"
        " manquaient ou avaient alors une autre forme{where}. Choisissez-en une plus récente.",
    )


class HistoryError(CairnError):
    """The guidance of another time is not to be had; ``where`` is the first file that failed."""

    def __init__(self, lost: Lost, where: str = "") -> None:
        self.lost = lost
        super().__init__(
            Words(lost.value.en.format(where=where), lost.value.fr.format(where=where))
        )


def guidance_at(folder: Path, revision: str) -> Guidance:
    """Return the guidance of ``folder`` as it was at a revision of its repository.

    Raises:
        HistoryError: there is no git, no repository or no such revision, or this version cannot
            read what there was.

    """
    _git(folder, "rev-parse", "--git-dir", lost=Lost.NO_REPOSITORY)
    # git takes a word that begins with "-" for an option, and no word of git holds a zero byte.
    if not revision or revision.startswith("-") or "\0" in revision:
        raise HistoryError(Lost.NO_REVISION)
    commit = _git(
        folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}",
        lost=Lost.NO_REVISION,
    ).decode().strip()  # fmt: skip
    with TemporaryDirectory(prefix="cairn-") as place:
        for path, content in _contents(folder, commit):
            target = Path(place, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        report = Report()
        files = gather(Path(place), report)
        guidance = None if report.failed else build(files, report)
    if guidance is None or report.failed:
        first = report.problems[0]
        raise HistoryError(Lost.UNREADABLE, f" ({first.file}: {first.code})")
    return guidance


def _contents(folder: Path, commit: str) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yield each content file at a commit: where it is in the folder, and its bytes."""
    listed = _git(folder, "ls-tree", "-r", "-z", commit, "--", *_PARTS, lost=Lost.UNREADABLE)
    found = []
    for entry in listed.split(b"\0")[:-1]:
        about, _, name = entry.partition(b"\t")
        mode, _, blob = about.split(b" ")
        path = PurePosixPath(os.fsdecode(name))
        inside = path.parts[0] in _PARTS and ".." not in path.parts
        if mode in _FILES and path.suffix == _ENDING and inside:
            found.append((path, blob))
    out = _git(
        folder, "cat-file", "--batch",
        given=b"".join(blob + b"\n" for _, blob in found), lost=Lost.UNREADABLE,
    )  # fmt: skip
    at = 0
    for path, _ in found:
        # Each answer is "<hash> blob <size>", a line end, the bytes, and another line end.
        head = out.index(b"\n", at)
        size = int(out[at:head].rpartition(b" ")[2])
        yield path, out[head + 1 : head + 1 + size]
        at = head + size + 2


def _git(folder: Path, *arguments: str, lost: Lost, given: bytes = b"") -> bytes:
    """Return what git answers in ``folder``; where it does not, ``lost`` says what that means."""
    git = shutil.which("git")
    if git is None:
        raise HistoryError(Lost.NO_GIT)
    kept = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    try:
        done = subprocess.run(  # noqa: S603 - an argument list, no shell; a revision is never an option
            [git, *arguments], cwd=folder, env=kept, input=given, capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        raise HistoryError(lost) from None
    return done.stdout
