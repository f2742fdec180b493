"""Does the change log say all that changed, of things that exist, the newest at its end?"""

from __future__ import annotations

from datetime import date
from typing import Final

from bot.guidance.fit import text_of
from bot.guidance.load import Files
from bot.guidance.meaning import WHOLE, digests
from bot.guidance.model import Guidance
from bot.guidance.problems import Report, nearest

GONE: Final = "gone"
"""What stands under ``known`` beside a thing that was taken out of the guidance."""


def check_log(files: Files, guidance: Guidance, report: Report) -> None:
    """Check each entry, and that ``known`` names things that exist."""
    there = digests(guidance)
    for document in files.of("changes"):
        known = {**document.root["known"].table} if document.root["known"].table else {}
        for thing, node in known.items():
            if thing not in there and node.text != GONE:
                report("C823", document.file, node.line, thing=thing, near=nearest(thing, there))
        last = date.min
        for node in document.root["changes"].each():
            named = [text_of(item) for item in node["of"].each()]
            if not named:
                report("C827", document.file, node["of"].line)
            for thing in named:
                if thing not in there and thing not in known:
                    near = nearest(thing, {**there, **known})
                    report("C824", document.file, node["of"].line, thing=thing, near=near,
                           whole=", ".join(WHOLE))  # fmt: skip
            on = date.fromisoformat(text_of(node["on"]))
            if on < last:
                report("C825", document.file, node["on"].line, on=on, last=last)
            last = max(last, on)


def check_told(files: Files, guidance: Guidance, today: date, report: Report) -> None:
    """Check that every change is told, and none before its day.

    This is for the whole guidance: one file alone is looked at before its change is described.
    """
    for document in files.of("changes"):
        known = document.root["known"]
        for thing, digest in to_write(files, guidance).items():
            written = known.get(thing)
            if written is None:
                report("C822", document.file, known.line, thing=thing, digest=digest)
            elif digest != GONE:
                report("C821", document.file, written.line, thing=thing, digest=digest)
        for node in document.root["changes"].each():
            on = node["on"]
            if date.fromisoformat(text_of(on)) > today:
                report("C826", document.file, on.line, on=on.text, today=today)


def to_write(files: Files, guidance: Guidance) -> dict[str, str]:
    """Return what is to be written under ``known``, of each thing whose line is not right."""
    found = {}
    for document in files.of("changes"):
        known = {name: node.text for name, node in document.root["known"].entries()}
        there = digests(guidance)
        found = {name: digest for name, digest in there.items() if known.get(name) != digest}
        found |= {name: GONE for name, text in known.items() if name not in there and text != GONE}
    return found
