"""Writes `known` of the change log anew, and the two pages of the log, once all is described.

For whoever develops Cairn: authors write the lines that `cairn changes HEAD` prints for them.
"""

from __future__ import annotations

import re

from bot.guidance.build import build
from bot.guidance.changelog import PAGES, print_log
from bot.guidance.check.log import GONE
from bot.guidance.load import gather
from bot.guidance.meaning import digests
from bot.guidance.problems import Report
from tests.conftest import ROOT

if __name__ == "__main__":
    report = Report()
    guidance = build(gather(ROOT, report), report)
    assert guidance is not None, report.problems
    path = ROOT / "content" / "changes.yaml"
    entries, _, known = path.read_text().partition("\nknown:")
    gone = dict.fromkeys(re.findall(rf'^  (\S+): "{GONE}"', known, re.MULTILINE), GONE)
    now = {**gone, **digests(guidance)}
    lines = "".join(f'  {thing}: "{digest}"\n' for thing, digest in now.items())
    path.write_text(f"{entries}\nknown:\n{lines}")
    for lang, name in PAGES.items():
        (ROOT / name).write_text(print_log(guidance, lang))
