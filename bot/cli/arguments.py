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
    """A parser that speaks both languages in its help, and the reader's in its errors.

    What is no option goes into ``arguments``: argparse's own heading for it is English only.
    """

    def __init__(self, *, prog: str, description: str) -> None:
        super().__init__(prog=prog, description=description, add_help=False)
        self.arguments = self.add_argument_group("arguments")
        self.add_argument(
            "-h", "--help", action="help", help="show this help / afficher cette aide"
        )

    def error(self, message: str) -> NoReturn:
        del message  # argparse speaks English only, and repeats what was typed
        usage = " ".join(self.format_usage().split()).removeprefix("usage: ")
        raise UsageError(
            Words(
                f"I cannot use these arguments. Usage: {usage}",
                f"Je ne peux pas utiliser ces arguments. Utilisation : {usage}",
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
    commands = parser.add_subparsers(
        title="commands / commandes", required=True, metavar="COMMAND", parser_class=_Parser
    )

    def command(name: str, run: Command, text: str) -> _Parser:
        found = commands.add_parser(name, help=text, description=text)
        found.set_defaults(run=run)
        return found

    found = command("manifest", run_manifest, "write the app's manifest / écrire le manifeste")
    found.arguments.add_argument("platform", choices=("slack", "teams"), metavar="slack|teams",
                                 help="of which platform / de quelle plateforme")  # fmt: skip
    found.add_argument("--url", metavar="URL", help="public address; for Slack, without"
                       " it: Socket Mode / adresse publique; pour Slack, sans elle :"
                       " mode Socket")  # fmt: skip
    found.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder"
                       " that it is written into / le dossier où l’écrire")  # fmt: skip
    command("serve", run_serve, "serve every channel that is on / servir chaque canal activé")
    found = command("chat", run_chat, "walk in the terminal / parcourir dans le terminal")
    _add_language(found)
    found.add_argument("--tree", metavar="ID", help="the walk to begin with / le parcours"
                       " par lequel commencer")  # fmt: skip
    found = command(
        "ask", run_ask, "say what questions are about / dire sur quoi portent des questions"
    )
    found.add_argument("--jsonl", action="store_true", required=True, help='{"text"} a line'
                       " in; topics, scope, language and danger out / une ligne"
                       ' {"text"} en entrée; sujets, portée, langue et danger en'
                       " sortie")  # fmt: skip
    found = command("check", run_check, "check the content / vérifier le contenu")
    _add_json(found)
    found.add_argument("--open", action="store_true", help="what a person must still"
                       " settle / ce qu’une personne doit encore régler")  # fmt: skip
    found.arguments.add_argument("path", nargs="?", type=Path, metavar="PATH", help="a file or a"
                                 " folder; without it the guidance, and the organization's file if"
                                 " one is set / un fichier ou un dossier; à défaut, les"
                                 " orientations et, s’il est réglé, le fichier de"
                                 " l’organisation")  # fmt: skip
    found = command("routes", run_routes, "how large each tree is / taille de chaque arbre")
    _add_json(found)
    found = command("show", run_show, "print one screen / afficher un écran")
    found.arguments.add_argument("ticket", metavar="TICKET", help="the place and the choices, as in"
                                 " can_i_post?who=employee / l’endroit et les choix, comme dans"
                                 " can_i_post?who=employee")  # fmt: skip
    _add_language(found, "en")
    found.add_argument("--as", dest="form", choices=tuple(CHANNEL_OF), default="text",
                       help="in which form; without it text / sous quelle forme; à défaut,"
                       " text")  # fmt: skip
    found = command("graph", run_graph, "a labelled diagram / un diagramme étiqueté")
    found.arguments.add_argument("tree", metavar="TREE", help="of which walk / de quel parcours")
    found.add_argument("--format", choices=("mermaid",), default="mermaid", help="how it is"
                       " written / sous quelle forme")  # fmt: skip
    _add_language(found)
    found = command(
        "print", run_print, "both languages side by side / les deux langues côte à côte"
    )
    found.arguments.add_argument("trees", nargs="*", metavar="TREE", help="which walks; without any"
                                 " all of them / quels parcours; à défaut, tous")  # fmt: skip
    _add_format(found, "html", "md")
    found = command("changes", run_changes, "what changed in the guidance / ce qui a changé dans"
                    " les orientations")  # fmt: skip
    found.arguments.add_argument("revision", nargs="?", metavar="REV", help="since this revision of"
                                 " git, and what to write of it / depuis cette révision git, et ce"
                                 " qu’il faut en écrire")  # fmt: skip
    _add_language(found)
    found = command("insights", run_insights, "how often guidance was opened, by week / combien de"
                    " fois les orientations ont été ouvertes, par semaine")  # fmt: skip
    _add_format(found, "html", "csv")
    _add_language(found)
    command("doctor", run_doctor, "look at settings, database, keys, clock and platforms, and say"
            " what to do / vérifier réglages, base, clés, horloge et plateformes, et dire quoi"
            " faire")  # fmt: skip
    command("cases", run_cases, "how many cases there are / combien de demandes il y a")
    command("purge", run_purge, "erase what is due now / effacer maintenant ce qui doit l’être")
    command("rekey", run_rekey, "wrap keys by the first of CAIRN_CASE_KEYS / envelopper les clés"
            " par la première de CAIRN_CASE_KEYS")  # fmt: skip
    return parser


def _add_language(parser: _Parser, usual: Lang | None = None) -> None:
    text = (
        f"the language; without it {usual} / la langue; à défaut, {usual}"
        if usual
        else "the language; without it that of the system / la langue; à défaut, celle du système"
    )
    parser.add_argument("--lang", type=language, default=usual, metavar="en|fr", help=text)


def _add_json(parser: _Parser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="as JSON, for programs / en JSON, pour des programmes"
    )


def _add_format(parser: _Parser, usual: str, other: str) -> None:
    parser.add_argument(
        "--format",
        choices=(usual, other),
        default=usual,
        help=f"how it is written; without it {usual} / sous quelle forme; à défaut, {usual}",
    )
