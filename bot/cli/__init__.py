"""Which commands does Cairn have? Each reads its arguments, calls one function and prints."""

from bot.cli.arguments import main

__all__ = ["main"]
