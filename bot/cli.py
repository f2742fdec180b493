"""Which commands does Cairn have? Each reads its arguments, calls one function and prints."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from bot.app import (
    examined,
    open_conversation,
    read_guidance,
    serve,
    shown_counts,
    timekeeper,
    utc_now,
)
from bot.channels.data import screen_data
from bot.conversation import Conversation, Move, Open, Reply
from bot.errors import CairnError, ContentError, UsageError
from bot.findings import Grade
from bot.guidance.build import build
from bot.guidance.changelog import print_changes, print_log
from bot.guidance.check import check, check_file
from bot.guidance.check.log import to_write
from bot.guidance.draw import mermaid
from bot.guidance.load import GuidanceError, gather
from bot.guidance.model import Guidance, Tree
from bot.guidance.pages import HOME
from bot.guidance.print import print_html, print_markdown
from bot.guidance.problems import Problem, Report, nearest
from bot.guidance.read import read
from bot.guidance.screen import Trouble
from bot.guidance.short import longest
from bot.guidance.walk import count_routes
from bot.guidance.words import LANGS, Lang, Words
from bot.history import guidance_at
from bot.operating import told_of_cases
from bot.organization_file import read_organization
from bot.privacy import set_up_logging
from bot.settings import Settings, read_settings
from bot.starting import told_at_start
from bot.weeks import last_shown

if TYPE_CHECKING:
    from bot.desk.timekeeping import Counts

_CHANNEL_OF: Final = {
    "screen": "web", "text": "terminal", "html": "web",
    "slack": "slack", "slack-modal": "slack", "teams": "teams",
}  # fmt: skip
"""Whose screen a form is: a channel may keep drafts out."""

_GRADES: Final = {
    Grade.GOOD: Words("ok", "ok"),
    Grade.NOTE: Words("note", "à noter"),
    Grade.FIX: Words("TO DO", "À FAIRE"),
}
_ADDRESS: Final = re.compile(r"https://[^\s/?#@]+(?:/[^\s?#]*)?")
_Command = Callable[[argparse.Namespace, Settings], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; errors are told in the reader's language, and end with status 2."""
    parser = _parser()
    try:
        arguments = parser.parse_args(argv)
        command: _Command = arguments.run
        return command(arguments, read_settings())
    except CairnError as error:
        print(f"cairn: {error[reader()]}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def reader() -> Lang:
    """Return the language of the person at the command line."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "fr" if value.lower().startswith("fr") else "en"
    return "en"


# -- commands


def _serve(_: argparse.Namespace, settings: Settings) -> int:
    set_up_logging()

    def started(conversation: Conversation) -> None:
        print(
            "\n".join(words[reader()] for words in told_at_start(conversation, settings)),
            flush=True,
        )

    try:
        serve(settings, started, set_up_logging)
    except OSError as error:
        raise UsageError(
            Words(
                f"Cannot listen on {settings.host}:{settings.port} ({error.strerror})."
                " Stop what uses it, or set CAIRN_PORT.",
                f"Impossible d’écouter sur {settings.host}:{settings.port} ({error.strerror})."
                " Arrêtez ce qui l’utilise, ou réglez CAIRN_PORT.",
            )
        ) from None
    return 0


def _chat(arguments: argparse.Namespace, settings: Settings) -> int:
    from bot.channels.terminal.chat import chat

    conversation = open_conversation(settings, preview=True)
    lang: Lang = arguments.lang or reader()
    place = arguments.tree or HOME
    if arguments.tree:
        _tree(conversation.guidance, arguments.tree)

    def typed() -> Iterator[str]:
        while True:
            try:
                yield input("> ")
            except (EOFError, KeyboardInterrupt):
                return

    chat(conversation.on("terminal"), lang, place, typed(), print)
    return 0


def _ask(_: argparse.Namespace, settings: Settings) -> int:
    from bot.channels.terminal.ask import ask

    sys.stdin.reconfigure(encoding="utf-8-sig", errors="replace")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    for line in ask(open_conversation(settings, preview=True).guidance, sys.stdin):
        print(line, flush=True)
    return 0


def _check(arguments: argparse.Namespace, settings: Settings) -> int:
    path: Path = arguments.path or settings.guidance
    today = utc_now().date()
    if not path.exists():
        raise UsageError(
            Words(
                f"There is no file or folder {path}.",
                f"Il n’y a ni fichier ni dossier {path}.",
            )
        )
    if path.is_dir():
        checked = check(path, today, settle=arguments.open)
        problems = checked.problems
        if settings.organization and arguments.path is None and checked.guidance is not None:
            problems += _check_organization(settings.organization, settings, arguments)
    elif _first_key(path) == "organization":
        problems = _check_organization(path, settings, arguments)
    else:
        problems = _check_one(path, settings, arguments)
    if arguments.open:
        problems = tuple(p for p in problems if p.severity == "open")
    _print_problems(problems, arguments)
    return int(any(problem.severity == "error" for problem in problems))


def _check_one(
    path: Path, settings: Settings, arguments: argparse.Namespace
) -> tuple[Problem, ...]:
    today, home = utc_now().date(), settings.guidance.resolve()
    inside = path.resolve()
    if inside.is_relative_to(home / "dialogs") or inside.is_relative_to(home / "content"):
        name = inside.relative_to(home).as_posix()
        checked = check(home, today, settle=arguments.open)
        mine = tuple(problem for problem in checked.problems if problem.file == name)
        # Errors of others end the check early; then "no problem" would be a false all-clear.
        return mine if mine or not checked.failed else checked.problems
    return check_file(settings.guidance, path, today, settle=arguments.open).problems


def _first_key(path: Path) -> str:
    document = read(path, path.name, Report())
    return document.key if document is not None else ""


def _check_organization(
    path: Path, settings: Settings, arguments: argparse.Namespace
) -> tuple[Problem, ...]:
    report = Report()
    files = gather(settings.guidance, report)
    guidance = None if report.failed else build(files, report)
    if guidance is not None and not report.failed:
        read_organization(path, files, guidance, report, settle=arguments.open)
    return tuple(report.sorted())


def _print_problems(problems: Sequence[Problem], arguments: argparse.Namespace) -> None:
    if arguments.json:
        fields = ("code", "file", "line", "severity", "en", "fr")
        print(json.dumps([{f: getattr(p, f) for f in fields} for p in problems],
                         ensure_ascii=False, indent=1))  # fmt: skip
        return
    lang = reader()
    for p in problems:
        print(f"{p.file}:{p.line}: {_SEVERITY[p.severity][lang]} {p.code}: {getattr(p, lang)}")
    shown = ("open",) if arguments.open else ("error", "warning")
    count = {name: sum(p.severity == name for p in problems) for name in shown}
    print(", ".join(f"{n} {_plural(name, n, lang)}" for name, n in count.items()))
    if count.get("error"):
        print(_MORE_FOLLOWS[lang])


_SEVERITY: Final = {
    "error": Words("error", "erreur"),
    "warning": Words("warning", "avertissement"),
    "open": Words("to settle", "à régler"),
}
_MORE_FOLLOWS: Final = Words(
    "Form comes first, then what points elsewhere, then words and stories: put these right and"
    " check again.",
    "La forme d’abord, puis les renvois, puis les textes et les récits : corrigez et vérifiez de"
    " nouveau.",
)


def _plural(name: str, count: int, lang: Lang) -> str:
    """Return the word for a number of problems; French has no plural for zero."""
    word = _SEVERITY[name][lang]
    one = count == 1 or (lang == "fr" and count == 0)
    return word if one or name == "open" else f"{word}s"


def _routes(arguments: argparse.Namespace, settings: Settings) -> int:
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


def _show(arguments: argparse.Namespace, settings: Settings) -> int:
    conversation = open_conversation(settings, preview=True).on(_CHANNEL_OF[arguments.form])
    reply = conversation.respond(Move(HOME, arguments.lang, Open(arguments.ticket)))
    if reply.screen.trouble in (Trouble.UNKNOWN_PLACE, Trouble.TOO_LONG):
        print(f"cairn: {reply.phrase(f'trouble_{reply.screen.trouble}')}", file=sys.stderr)
        return 2
    if arguments.form == "screen":
        print(json.dumps(screen_data(reply), ensure_ascii=False, indent=1))
    elif arguments.form == "text":
        from bot.channels.text import render as as_text

        print(as_text(reply), end="")
    elif arguments.form.startswith("slack"):
        print(_as_json(_on_slack(conversation, reply, arguments.form)))
    elif arguments.form == "teams":
        print(_as_json(_on_teams(conversation, reply)))
    else:
        from bot.channels.web.render import renderer

        print(renderer()(reply))
    return 0


def _as_json(found: Mapping[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=1)


def _on_teams(conversation: Conversation, reply: Reply) -> Mapping[str, Any]:
    """Return a screen as the card that Teams gets; its capsule is locked for nobody."""
    from bot.channels.teams.answers import TeamsAnswers
    from bot.channels.teams.decode import Person
    from bot.seal import Seal, Surface, new_key

    answers = TeamsAnswers(conversation, Seal((new_key(),), conversation.guidance, utc_now))
    return answers.card(reply, Person("nowhere", "nobody", "nobody"), Surface.MESSAGE)


def _on_slack(conversation: Conversation, reply: Reply, form: str) -> dict[str, Any]:
    """Return a screen as Slack gets it; its capsule is locked for nobody."""
    from bot.channels.slack.answers import SlackAnswers
    from bot.channels.slack.decode import Person
    from bot.seal import Seal, new_key

    answers = SlackAnswers(conversation, Seal((new_key(),), conversation.guidance, utc_now))
    nobody = Person("T000", "U000")
    shown = answers.message if form == "slack" else answers.modal
    return shown(reply, nobody)


def _manifest(arguments: argparse.Namespace, settings: Settings) -> int:
    made = _slack_manifest if arguments.platform == "slack" else _teams_package
    name, content = made(arguments.url, settings)
    target = arguments.out / name
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as error:
        raise UsageError(
            Words(
                f"The file {target} cannot be written ({error.strerror}).",
                f"Le fichier {target} ne peut pas être écrit ({error.strerror}).",
            )
        ) from None
    print(target)
    return 0


def _slack_manifest(url: str | None, settings: Settings) -> tuple[str, bytes]:
    from bot.channels.slack.manifest import NAME, as_yaml

    if url is not None and not _ADDRESS.fullmatch(url):
        raise UsageError(
            Words(
                "Slack calls only addresses that begin with https://. Write the public address of"
                " Cairn, or leave --url out for Socket Mode.",
                "Slack n’appelle que des adresses qui commencent par https://. Écrivez l’adresse"
                " publique de Cairn, ou omettez --url pour le mode Socket.",
            )
        )
    return NAME, as_yaml(open_conversation(settings, preview=True).guidance, url).encode()


def _teams_package(url: str | None, settings: Settings) -> tuple[str, bytes]:
    from bot.channels.teams.manifest import NAME, NO_APP, package

    if url is None or not _ADDRESS.fullmatch(url):
        raise UsageError(
            Words(
                "Teams calls only addresses that begin with https://. Write the public address of"
                " Cairn, such as --url https://cairn.lakes.example.",
                "Teams n’appelle que des adresses qui commencent par https://. Écrivez l’adresse"
                " publique de Cairn, par exemple --url https://cairn.lakes.example.",
            )
        )
    guidance, organization = read_guidance(settings.guidance, settings.organization, None)
    if not settings.teams_app_id:
        told = Words(
            "CAIRN_TEAMS_APP_ID is not set. The app in this zip has an id of zeros, which Teams"
            " does not take: set it to the id of your app registration and run this again.",
            "CAIRN_TEAMS_APP_ID n’est pas défini. L’application dans ce fichier zip porte un"
            " identifiant fait de zéros, que Teams n’accepte pas : donnez à ce réglage"
            " l’identifiant de votre inscription d’application, puis relancez la commande.",
        )
        print(f"cairn: {told[reader()]}", file=sys.stderr)
    targeted = organization is not None and organization.targeted_messages
    app_id = settings.teams_app_id or NO_APP
    return NAME, package(guidance, url, app_id, targeted=targeted)


def _graph(arguments: argparse.Namespace, settings: Settings) -> int:
    tree = _tree(open_conversation(settings, preview=True).guidance, arguments.tree)
    print(mermaid(tree, arguments.lang or reader()), end="")
    return 0


def _print(arguments: argparse.Namespace, settings: Settings) -> int:
    guidance = open_conversation(settings, preview=True).guidance
    trees = [_tree(guidance, name) for name in arguments.trees] or list(guidance.trees.values())
    printed = print_html if arguments.format == "html" else print_markdown
    print(printed(guidance, trees), end="")
    return 0


def _changes(arguments: argparse.Namespace, settings: Settings) -> int:
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


def _tree(guidance: Guidance, name: str) -> Tree:
    tree = guidance.trees.get(name)
    if tree is None:
        near = nearest(name, guidance.trees)
        known = ", ".join(guidance.trees)
        raise UsageError(
            Words(
                f"There is no tree of that name.{f' Did you mean {near}?' if near else ''}"
                f" Trees: {known}.",
                f"Il n’y a pas d’arbre de ce nom.{f' Vouliez-vous dire {near}?' if near else ''}"
                f" Arbres : {known}.",
            )
        )
    return tree


def _cases(_: argparse.Namespace, settings: Settings) -> int:
    async def counts() -> Counts:
        async with timekeeper(settings) as keeper:
            return await keeper.counts()

    for words in told_of_cases(asyncio.run(counts())):
        print(words[reader()])
    return 0


def _purge(_: argparse.Namespace, settings: Settings) -> int:
    async def purged() -> int:
        async with timekeeper(settings) as keeper:
            return await keeper.purge()

    print(
        Words("Cases erased: {}", "Demandes effacées : {}")[reader()].format(asyncio.run(purged()))
    )
    return 0


def _rekey(_: argparse.Namespace, settings: Settings) -> int:
    async def rewrapped() -> int:
        async with timekeeper(settings) as keeper:
            return await keeper.rekey()

    told = Words("Keys wrapped anew: {}", "Clés enveloppées de nouveau : {}")
    print(told[reader()].format(asyncio.run(rewrapped())))
    return 0


def _doctor(_: argparse.Namespace, settings: Settings) -> int:
    async def told() -> bool:
        amiss = False
        async for finding in examined(settings, utc_now()):
            amiss = amiss or finding.grade is Grade.FIX
            print(f"{_GRADES[finding.grade][reader()]:<10}{finding.words[reader()]}", flush=True)
        return amiss

    set_up_logging()
    return int(asyncio.run(told()))


def _insights(arguments: argparse.Namespace, settings: Settings) -> int:
    from bot.insights.page import as_html
    from bot.insights.report import WEEKS, report
    from bot.insights.table import as_csv

    lang: Lang = arguments.lang or reader()
    guidance, _ = read_guidance(settings.guidance, settings.organization, None)
    now = utc_now()
    found = asyncio.run(shown_counts(settings, now))
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    if arguments.format == "html":
        print(as_html(report(guidance, found, last_shown(now), WEEKS), guidance, lang))
        return 0
    if not found:
        print(f"cairn: {guidance.phrases['insights_none'][lang]}", file=sys.stderr)
    print(as_csv(report(guidance, found, last_shown(now), None), lang), end="")
    return 0


# -- arguments


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


def _language(text: str) -> Lang:
    for lang in LANGS:
        if text == lang:
            return lang
    raise UsageError(
        Words(
            "There is no such language here. Write en or fr.",
            "Cette langue n’existe pas ici. Écrivez en ou fr.",
        )
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="cairn",
        description="Walks Canadian federal public servants through published guidance. / Guide les"
        " fonctionnaires fédéraux canadiens dans les orientations publiées.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    def command(name: str, run: _Command, text: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=text, description=text)
        found.set_defaults(run=run)
        return found

    found = command("manifest", _manifest, "write the app's manifest / écrire le manifeste")
    found.add_argument("platform", choices=("slack", "teams"), metavar="slack|teams")
    found.add_argument("--url", metavar="URL", help="public address; for Slack, without it: Socket"
                       " Mode / adresse publique; pour Slack, sans elle : mode Socket")  # fmt: skip
    found.add_argument("--out", type=Path, required=True, metavar="DIR")
    command("serve", _serve, "serve every channel that is on / servir chaque canal activé")
    found = command("chat", _chat, "walk in the terminal / parcourir dans le terminal")
    found.add_argument("--lang", type=_language, metavar="en|fr")
    found.add_argument("--tree", metavar="ID")
    found = command(
        "ask", _ask, "say what questions are about / dire sur quoi portent des questions"
    )
    found.add_argument("--jsonl", action="store_true", required=True, help='{"text"} a line in,'
                       " topics, scope, language, danger out / une question par ligne")  # fmt: skip
    found = command("check", _check, "check the content / vérifier le contenu")
    found.add_argument("--json", action="store_true")
    found.add_argument("--open", action="store_true", help="what a person must still settle / ce"
                       " qu’une personne doit encore régler")  # fmt: skip
    found.add_argument("path", nargs="?", type=Path, metavar="PATH")
    found = command("routes", _routes, "how large each tree is / taille de chaque arbre")
    found.add_argument("--json", action="store_true")
    found = command("show", _show, "print one screen / afficher un écran")
    found.add_argument("ticket", metavar="TICKET")
    found.add_argument("--lang", type=_language, default="en", metavar="en|fr")
    found.add_argument("--as", dest="form", choices=tuple(_CHANNEL_OF), default="text")
    found = command("graph", _graph, "a labelled diagram / un diagramme étiqueté")
    found.add_argument("tree", metavar="TREE")
    found.add_argument("--format", choices=("mermaid",), default="mermaid")
    found.add_argument("--lang", type=_language, metavar="en|fr")
    found = command("print", _print, "both languages side by side / les deux langues côte à côte")
    found.add_argument("trees", nargs="*", metavar="TREE")
    found.add_argument("--format", choices=("html", "md"), default="html")
    found = command("changes", _changes, "what changed in the guidance / ce qui a changé dans les"
                    " orientations")  # fmt: skip
    found.add_argument("revision", nargs="?", metavar="REV", help="since this revision of git, and"
                       " what to write of it / depuis cette révision git, et ce qu’il faut en"
                       " écrire")  # fmt: skip
    found.add_argument("--lang", type=_language, metavar="en|fr")
    found = command("insights", _insights, "how often guidance was opened, by week / combien de"
                    " fois les orientations ont été ouvertes, par semaine")  # fmt: skip
    found.add_argument("--format", choices=("html", "csv"), default="html")
    found.add_argument("--lang", type=_language, metavar="en|fr")
    command("doctor", _doctor, "look at settings, database, keys, clock and platforms, and say what"
            " to do / vérifier réglages, base, clés, horloge et plateformes")  # fmt: skip
    command("cases", _cases, "how many cases there are / combien de demandes il y a")
    command("purge", _purge, "erase what is due now / effacer ce qui est échu maintenant")
    command("rekey", _rekey, "wrap keys by the first of CAIRN_CASE_KEYS / envelopper les clés par"
            " la première de CAIRN_CASE_KEYS")  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
