"""What do authors print of the content: its size, its diagrams, its pages, its changes?"""

from __future__ import annotations

import argparse
import json

from bot.app import open_conversation, utc_now
from bot.cli.reader import reader
from bot.errors import ContentError, UsageError
from bot.guidance.build import build
from bot.guidance.changelog import print_changes, print_log
from bot.guidance.check.log import to_write
from bot.guidance.draw import mermaid
from bot.guidance.load import GuidanceError, gather
from bot.guidance.model import Guidance, Tree
from bot.guidance.print import print_html, print_markdown
from bot.guidance.problems import Report, nearest
from bot.guidance.short import longest
from bot.guidance.walk import count_routes
from bot.guidance.words import Lang, Words
from bot.history import guidance_at
from bot.settings import Settings


def run_routes(arguments: argparse.Namespace, settings: Settings) -> int:
    """Tell how large each tree is."""
    from bot.seal import capsule_length

    guidance = open_conversation(settings, preview=True).guidance
    rows = []
    for tree in guidance.trees.values():
        size = count_routes(tree)
        capsule = capsule_length(longest(guidance, tree))
        rows.append(
            {
                "tree": tree.id,
                "questions": len(tree.questions),
                "options": sum(len(q.options) for q in tree.questions.values()),
                "answers": len(tree.answers),
                "routes": size.routes,
                "longest_ticket": size.longest_ticket,
                "longest_capsule": capsule,
            }
        )
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return 0
    print(f"{'':22}" + "".join(f"{name:>16}" for name in list(rows[0])[1:]))
    for row in rows:
        print(f"{row['tree']:22}" + "".join(f"{value:>16}" for value in list(row.values())[1:]))
    return 0


def run_graph(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the diagram of a tree."""
    tree = tree_named(open_conversation(settings, preview=True).guidance, arguments.tree)
    print(mermaid(tree, arguments.lang or reader()), end="")
    return 0


def run_print(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print trees with both languages side by side."""
    guidance = open_conversation(settings, preview=True).guidance
    trees = [tree_named(guidance, name) for name in arguments.trees] or list(
        guidance.trees.values()
    )
    printed = print_html if arguments.format == "html" else print_markdown
    print(printed(guidance, trees), end="")
    return 0


def run_changes(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print what changed in the guidance."""
    lang: Lang = arguments.lang or reader()
    report = Report()
    files = gather(settings.guidance, report)
    guidance = None if report.failed else build(files, report)
    if guidance is None or report.failed:
        raise ContentError(GuidanceError(report.sorted()))
    if arguments.revision is None:
        print(print_log(guidance, lang), end="")
        return 0
    before = guidance_at(settings.guidance, arguments.revision)
    unknown = to_write(files, guidance)
    print(print_changes(before, guidance, unknown, utc_now().date(), lang), end="")
    return 0


def tree_named(guidance: Guidance, name: str) -> Tree:
    """Return a tree by its name.

    Raises:
        UsageError: there is none; the sentence names those that there are.

    """
    tree = guidance.trees.get(name)
    if tree is None:
        near = nearest(name, guidance.trees)
        known = ", ".join(guidance.trees)
        raise UsageError(
            Words(
                f"There is no tree of that name.{f' Did you mean {near}?' if near else ''}"
                f" Trees: {known}.",
                f"Il n’y a pas d’arbre de ce nom.{f' Vouliez-vous dire {near}?' if near else ''}"
                f" Arbres : {known}.",
            )
        )
    return tree
