"""Which language does the person at the command line read?"""

from __future__ import annotations

import os

from bot.guidance.words import Lang


def reader() -> Lang:
    """Return the language of the person at the command line."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "fr" if value.lower().startswith("fr") else "en"
    return "en"
