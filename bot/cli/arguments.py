"""Which commands are there, and which arguments do they take?"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from bot.cli.checking import run_check
from bot.cli.content import run_changes, run_graph, run_print, run_routes
from bot.cli.manifests import run_manifest
from bot.cli.operators import run_cases, run_doctor, run_insights, run_purge, run_rekey, run_serve
from bot.cli.reader import reader
from bot.cli.screens import CHANNEL_OF, run_ask, run_chat, run_show
from bot.errors import CairnError, UsageError
from bot.guidance.words import LANGS, Lang, Words
from bot.settings import Settings, read_settings

Command = Callable[[argparse.Namespace, Settings], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; errors are told in the reader's language, and end with status 2."""
    parser = parser_of_all()
    try:
        arguments = parser.parse_args(argv)
        command: Command = arguments.run
        return command(arguments, read_settings())
    except CairnError as error:
        print(f"cairn: {error[reader()]}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


class _Parser(argparse.ArgumentParser):
    """A parser that tells its errors in the reader's language."""

    def error(self, message: str) -> NoReturn:
        del message  # argparse speaks English only, and repeats what was typed
        usage = " ".join(self.format_usage().split()).removeprefix("usage: ")
        raise UsageError(
            Words(
                f"I cannot use these arguments. Usage: {usage}",
                f"Je ne peux pas utiliser ces arguments. Utilisation : {usage}",
            )
        )


def language(text: str) -> Lang:
    """Return the language of that name.

    Raises:
        UsageError: there is none.

    """
    for lang in LANGS:
        if text == lang:
            return lang
    raise UsageError(
        Words(
            "There is no such language here. Write en or fr.",
            "Cette langue n’existe pas ici. Écrivez en ou fr.",
        )
    )


def parser_of_all() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = _Parser(
        prog="cairn",
        description="Walks Canadian federal public servants through published guidance. / Guide les"
        " fonctionnaires fédéraux canadiens dans les orientations publiées.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    def command(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=text, description=text)
        found.set_defaults(run=run)
        return found

    found = command("manifest", run_manifest, "write the app's manifest / écrire le manifeste")
    found.add_argument("platform", choices=("slack", "teams"), metavar="slack|teams")
    found.add_argument("--url", metavar="URL", help="public address; for Slack, without it: Socket"
                       " Mode / adresse publique; pour Slack, sans elle : mode Socket")  # fmt: skip
    found.add_argument("--out", type=Path, required=True, metavar="DIR")
    command("serve", run_serve, "serve every channel that is on / servir chaque canal activé")
    found = command("chat", run_chat, "walk in the terminal / parcourir dans le terminal")
    found.add_argument("--lang", type=language, metavar="en|fr")
    found.add_argument("--tree", metavar="ID")
    found = command(
        "ask", run_ask, "say what questions are about / dire sur quoi portent des questions"
    )
    found.add_argument("--jsonl", action="store_true", required=True, help='{"text"} a line in,'
                       " topics, scope, language, danger out / une question par ligne")  # fmt: skip
    found = command("check", run_check, "check the content / vérifier le contenu")
    found.add_argument("--json", action="store_true")
    found.add_argument("--open", action="store_true", help="what a person must still settle / ce"
                       " qu’une personne doit encore régler")  # fmt: skip
    found.add_argument("path", nargs="?", type=Path, metavar="PATH")
    found = command("routes", run_routes, "how large each tree is / taille de chaque arbre")
    found.add_argument("--json", action="store_true")
    found = command("show", run_show, "print one screen / afficher un écran")
    found.add_argument("ticket", metavar="TICKET")
    found.add_argument("--lang", type=language, default="en", metavar="en|fr")
    found.add_argument("--as", dest="form", choices=tuple(CHANNEL_OF), default="text")
    found = command("graph", run_graph, "a labelled diagram / un diagramme étiqueté")
    found.add_argument("tree", metavar="TREE")
    found.add_argument("--format", choices=("mermaid",), default="mermaid")
    found.add_argument("--lang", type=language, metavar="en|fr")
    found = command(
        "print", run_print, "both languages side by side / les deux langues côte à côte"
    )
    found.add_argument("trees", nargs="*", metavar="TREE")
    found.add_argument("--format", choices=("html", "md"), default="html")
    found = command("changes", run_changes, "what changed in the guidance / ce qui a changé dans"
                    " les orientations")  # fmt: skip
    found.add_argument("revision", nargs="?", metavar="REV", help="since this revision of git, and"
                       " what to write of it / depuis cette révision git, et ce qu’il faut en"
                       " écrire")  # fmt: skip
    found.add_argument("--lang", type=language, metavar="en|fr")
    found = command("insights", run_insights, "how often guidance was opened, by week / combien de"
                    " fois les orientations ont été ouvertes, par semaine")  # fmt: skip
    found.add_argument("--format", choices=("html", "csv"), default="html")
    found.add_argument("--lang", type=language, metavar="en|fr")
    command("doctor", run_doctor, "look at settings, database, keys, clock and platforms, and say"
            " what to do / vérifier réglages, base, clés, horloge et plateformes")  # fmt: skip
    command("cases", run_cases, "how many cases there are / combien de demandes il y a")
    command("purge", run_purge, "erase what is due now / effacer ce qui est échu maintenant")
    command("rekey", run_rekey, "wrap keys by the first of CAIRN_CASE_KEYS / envelopper les clés"
            " par la première de CAIRN_CASE_KEYS")  # fmt: skip
    return parser
