"""Cairn without its limit of one person's speed, for tests that do a day's work in a second.

tests/test_speed.py holds the limit itself.
"""

from __future__ import annotations

import time

from bot.channels.slack.channel import SlackChannel
from bot.channels.speed import Speed
from bot.channels.teams.channel import TeamsChannel

UNHURRIED = "import bot.channels.speed; bot.channels.speed.PERSON_BURST = 10**9"
"""Python to run before `cairn serve` in a process of its own."""


def unhurry(channel: SlackChannel | TeamsChannel) -> None:
    """Let each person press as fast as a test does."""
    channel._speed = Speed(time.monotonic, burst=10**9, rate=10.0)
