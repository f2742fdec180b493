"""How is a tree handed to legal, a union or a translator? Every screen in order, both languages.

Two columns side by side, each sentence with its basis and its source, as HTML or Markdown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Final

from bot.guidance.draw import Outline, outline
from bot.guidance.model import Basis, Course, Guidance, Option, Ref, Statement, Tree
from bot.guidance.words import LANGS, Lang, Words, lines, plain

_NOTHING: Final = Words("", "")
_MANY: Final = Words(
    "several may be chosen; the first in the list decides what comes next",
    "plusieurs choix possibles; le premier de la liste détermine la suite",
)
_OFFICES: Final = Words("offices", "bureaux")
_ADDS_OFFICES: Final = Words("adds the office", "ajoute le bureau")
_GO_ON: Final = Words("go on with", "poursuivre avec")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the print-out: what it is, the words in both languages, and a remark."""

    mark: str
    words: Words
    remark: Words = _NOTHING
    strong: bool = False


_KINDS: Final = {
    "do": Words("Do", "À faire"),
    "do_not": Words("Do not", "À éviter"),
    "know": Words("Know", "À savoir"),
    "keep": Words("Keep", "À conserver"),
    "support": Words("Support", "Soutien"),
}


class _Numbers:
    """Numbers the places in sources in the order in which they are first cited."""

    def __init__(self) -> None:
        self.refs: list[Ref] = []

    def of(self, refs: Iterable[Ref]) -> str:
        for ref in refs:
            if ref not in self.refs:
                self.refs.append(ref)
        return ", ".join(str(self.refs.index(ref) + 1) for ref in refs)


def _rows(guidance: Guidance, tree: Tree, numbers: _Numbers) -> Iterator[Row]:
    plan = outline(tree)
    if tree.intro is not None:
        yield Row("", tree.intro)
    for asked in plan.questions:
        question = asked.question
        remark = _MANY if question.many else _NOTHING
        yield Row(str(asked.number), question.ask, remark, strong=True)
        if question.hint is not None:
            yield Row("", question.hint)
        for option in question.options:
            yield Row("☐" if question.many else "○", option.label, _goes(plan, option))
            for statement in option.adds.say:
                yield _said(statement, numbers, Words("adds", "ajoute"))
            if option.adds.offices:
                offices = [guidance.offices[name].name for name in option.adds.offices]
                yield Row("+", _joined(offices), _ADDS_OFFICES)
    for ended in plan.answers:
        answer = ended.answer
        yield Row(ended.letter, answer.title, guidance.phrases[f"tone_{answer.tone}"], strong=True)
        for statement in answer.say:
            yield _said(statement, numbers, None)
        if answer.offices:
            named = [o.name for o in guidance.offices.values() if o.id in answer.offices]
            yield Row("•", _joined(named), _OFFICES)
        if answer.offer:
            yield Row("→", _joined([_title(guidance, name) for name in answer.offer]), _GO_ON)


def _joined(words: Iterable[Words]) -> Words:
    listed = list(words)
    return Words(", ".join(w.en for w in listed), ", ".join(w.fr for w in listed))


def _edition(guidance: Guidance, tree: Tree) -> str:
    day = tree.review_by
    return (
        f"{tree.id} · version {guidance.version} · to be reviewed by {day}"
        f" / à réviser au plus tard le {day}"
    )


def _title(guidance: Guidance, name: str) -> Words:
    return guidance.trees[name].title if name in guidance.trees else guidance.topics[name].title


def _goes(plan: Outline, option: Option) -> Words:
    mark = plan.mark(option.go)[1]
    if option.alone:
        return Words(f"→ {mark}, alone", f"→ {mark}, seul")
    return Words(f"→ {mark}", f"→ {mark}")


def _said(statement: Statement, numbers: _Numbers, adds: Words | None) -> Row:
    cited = numbers.of(statement.refs)
    kind = _KINDS[statement.kind]
    if statement.basis is Basis.STATED:
        basis = Words(f"stated [{cited}]", f"énoncé [{cited}]")
    else:
        basis = Words(f"practice, related [{cited}]", f"pratique, en lien avec [{cited}]")
    open_fr = " (FR ?)" if statement.fr_unverified else ""
    lead = Words(f"{adds.en}: " if adds else "", f"{adds.fr} : " if adds else "")
    remark = Words(f"{lead.en}{kind.en}, {basis.en}", f"{lead.fr}{kind.fr}, {basis.fr}{open_fr}")
    return Row("+" if adds else "•", statement.words, remark)


def print_html(guidance: Guidance, trees: Iterable[Tree]) -> str:
    """Return the trees as one HTML document with both languages in two columns."""
    out = [_HEAD]
    for tree in trees:
        numbers = _Numbers()
        out.append(f'<section><h1><span lang="en">{_html(tree.title.en)}</span> / '
                   f'<span lang="fr">{_html(tree.title.fr)}</span></h1>')  # fmt: skip
        out.append(f"<p>{escape(_edition(guidance, tree))}</p>")
        out.append('<table><thead><tr><th></th><th lang="en">English</th>'
                   '<th lang="fr">Français</th></tr></thead><tbody>')  # fmt: skip
        for row in _rows(guidance, tree, numbers):
            cells = "".join(
                f'<td lang="{lang}">{_html(row.words[lang])}'
                + (f" <small>{escape(row.remark[lang])}</small>" if row.remark[lang] else "")
                + "</td>"
                for lang in LANGS
            )
            strong = ' class="strong"' if row.strong else ""
            out.append(f"<tr{strong}><th>{escape(row.mark)}</th>{cells}</tr>")
        out.append("</tbody></table><h2>Sources</h2><ol>")
        for ref in numbers.refs:
            shown = " / ".join(_source_html(guidance, ref, lang) for lang in LANGS)
            out.append(f"<li>{shown}</li>")
        out.append("</ol>")
        if courses := _courses(guidance, tree):
            out.append("<h2>Learning / Apprentissage</h2><ul>")
            for course in courses:
                shown = " / ".join(_course_html(guidance, course, lang) for lang in LANGS)
                out.append(f"<li>{shown}</li>")
            out.append("</ul>")
        out.append("</section>")
    out.append("</body></html>")
    return "\n".join(out) + "\n"


def _source_html(guidance: Guidance, ref: Ref, lang: Lang) -> str:
    source = guidance.sources[ref.source]
    href = escape(source.url.get(lang, source.url["en"]))
    text = f"{source.title[lang]}, {source.sections[ref.section][lang]}"
    return f'<span lang="{lang}"><a href="{href}">{escape(text)}</a></span>'


def _courses(guidance: Guidance, tree: Tree) -> list[Course]:
    """Return the courses that the topics name from which one comes to the tree."""
    topics = [topic for topic in guidance.topics.values() if topic.tree == tree.id]
    named = {name for topic in topics for name in topic.courses}
    return [course for course in guidance.courses.values() if course.id in named]


def _course_remark(guidance: Guidance, course: Course, lang: Lang) -> str:
    """Return what a course is about, and what must be known before it is looked for."""
    phrases = guidance.phrases
    marks = [phrases["in_english"][lang]] if course.url and lang not in course.url else []
    marks += [phrases[f"network_{course.network}"][lang]] if course.network else []
    marks += [phrases["learn_address"][lang]] if course.url_unverified else []
    about = f" — {plain(course.about[lang])}" if course.about else ""
    return f"{about} ({'; '.join(marks)})" if marks else about


def _course_html(guidance: Guidance, course: Course, lang: Lang) -> str:
    name = escape(f"{course.title[lang]} ({course.id})" if course.url else course.title[lang])
    if course.url:
        name = f'<a href="{escape(course.url.get(lang, course.url["en"]))}">{name}</a>'
    return f'<span lang="{lang}">{name}{escape(_course_remark(guidance, course, lang))}</span>'


def _html(text: str) -> str:
    out = []
    for line in lines(text):
        for span in line.spans:
            inner = escape(span.text)
            if span.strong:
                inner = f"<strong>{inner}</strong>"
            elif span.emphasis:
                inner = f"<em>{inner}</em>"
            elif span.href:
                inner = f'<a href="{escape(span.href)}">{inner}</a>'
            out.append(inner)
    return "".join(out)


def print_markdown(guidance: Guidance, trees: Iterable[Tree]) -> str:
    """Return the trees as one Markdown document with both languages in two columns."""
    out = []
    for tree in trees:
        numbers = _Numbers()
        out += [f"# {tree.title.en} / {tree.title.fr}", ""]
        out += [_edition(guidance, tree), ""]
        out += ["| | English | Français |", "|---|---|---|"]
        for row in _rows(guidance, tree, numbers):
            cells = []
            for lang in LANGS:
                text = plain(row.words[lang]).replace("|", "\\|").replace("\n", " ")
                text = f"**{text}**" if row.strong else text
                cells.append(f"{text} _({row.remark[lang]})_" if row.remark[lang] else text)
            out.append(f"| {row.mark} | {cells[0]} | {cells[1]} |")
        out += ["", "## Sources", ""]
        for number, ref in enumerate(numbers.refs, start=1):
            source = guidance.sources[ref.source]
            shown = " / ".join(
                f"[{source.title[lang]}, {source.sections[ref.section][lang]}]"
                f"({source.url.get(lang, source.url['en'])})"
                for lang in LANGS
            )
            out.append(f"{number}. {shown}")
        if courses := _courses(guidance, tree):
            out += ["", "## Learning / Apprentissage", ""]
            for course in courses:
                shown = " / ".join(_course_markdown(guidance, course, lang) for lang in LANGS)
                out.append(f"- {shown}")
        out.append("")
    return "\n".join(out)


def _course_markdown(guidance: Guidance, course: Course, lang: Lang) -> str:
    name = course.title[lang]
    if course.url:
        name = f"[{name} ({course.id})]({course.url.get(lang, course.url['en'])})"
    return f"{name}{_course_remark(guidance, course, lang)}"


_HEAD: Final = """<!doctype html>
<html lang="en-CA"><head><meta charset="utf-8"><title>Cairn: guidance in two columns</title>
<style>
body{font-family:system-ui,"Noto Sans",Arial,sans-serif;margin:2rem;color:#1c2b30;line-height:1.45}
table{border-collapse:collapse;width:100%;table-layout:fixed}
th,td{border:1px solid #c9cfcc;padding:.4rem .6rem;vertical-align:top;text-align:left}
tr>th:first-child{width:2.6rem;text-align:center}
.strong td,.strong th{background:#e8eeee;font-weight:600}
small{color:#4a5d63;font-weight:400;display:block}
thead{display:table-header-group}tr{break-inside:avoid}section{break-before:page}h1{font-size:1.4rem}h2{font-size:1.1rem}
@media print{body{margin:0;font-size:9.5pt}}
</style></head><body>"""
