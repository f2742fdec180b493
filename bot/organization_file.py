"""How is a department's own file read and checked? What does not fit is told by its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bot.guidance.build import sources_of, statements_of
from bot.guidance.check.text import check_words
from bot.guidance.fit import optional_text, text_of, urls_of, validate, words_of
from bot.guidance.load import Files
from bot.guidance.model import HANDS_OVER, Guidance, Source, Statement
from bot.guidance.problems import Report, nearest
from bot.guidance.read import Document, Node, read
from bot.guidance.words import LANGS
from bot.handoff import LEVELS, Mode, OfficeDesk, read_desk, same_id, takes_case
from bot.organization import (
    FREE_TEXT,
    Approval,
    Contact,
    Hours,
    Notice,
    Organization,
    Tool,
    stand_in,
)

_ROLES: Final = 2
"""How many roles approve the guidance: one alone would be a person's word."""

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)\Z")
_PROVINCES: Final = ("AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT")
_ZONES: Final = frozenset(
    "America/" + city
    for city in (
        "St_Johns", "Halifax", "Moncton", "Toronto", "Winnipeg", "Regina", "Edmonton", "Vancouver",
        "Whitehorse", "Yellowknife", "Iqaluit", "Rankin_Inlet", "Goose_Bay", "Thunder_Bay",
    )
)  # fmt: skip


def read_organization(
    path: Path, files: Files, guidance: Guidance, report: Report, *, settle: bool = False
) -> Organization | None:
    """Read and check the organization's file at ``path``; problems go to ``report``.

    ``files`` and ``guidance`` are those it adds to. With ``settle``, what a person must still
    settle is reported too. Nothing is returned when the file does not fit its shape.
    """
    document = read(path, path.name, report)
    if document is None or not validate(document, report):
        return None
    if document.key != "organization":
        report("C111", document.file, document.root.line, key="organization")
        return None
    organization = _Builder(document, files, guidance, report).organization()
    _check_desks(document, organization, report)
    check_words([document], files, guidance.hosts | organization.hosts, report)
    if settle:
        _report_open(document, organization, guidance, report)
    return organization


def switched_on(path: Path) -> frozenset[str]:
    """Return which of ``offline`` and ``legal_hold`` a file says, whatever else is wrong in it.

    A switch is on by its line and off without it; whoever writes ``false`` does not mean on.
    """
    document = read(path, path.name, Report())
    if document is None:
        return frozenset()
    said = {name: document.root.get(name) for name in ("offline", "legal_hold")}
    return frozenset(
        name
        for name, node in said.items()
        if node is not None and (node.text or "").lower() not in ("false", "no", "off")
    )


def _check_desks(document: Document, organization: Organization, report: Report) -> None:
    """Report what is wrong with the desks when they are seen together with the rest."""
    channels: dict[tuple[str, str], str] = {}
    for name, contact in organization.contacts.items():
        desk, node = contact.desk, document.root["offices"][name].get("desk")
        if desk is None or node is None or not (desk.channel and desk.tenant):
            continue
        other = channels.setdefault((desk.on, desk.channel), name)
        if other != name:
            report("C715", document.file, node["channel"].line, one=other, other=name)
        if desk.mode is Mode.CASE and not any(
            takes_case(desk, platform, organization.ceilings, organization.free_text)
            for platform in HANDS_OVER
        ):
            report("C717", document.file, node["mode"].line)
        listed = organization.tenants.get(desk.on, ())
        if listed and desk.tenant not in listed:
            near = nearest(desk.tenant, listed)
            line = node["tenant"].line
            report("C718", document.file, line, tenant=desk.tenant, on=desk.on, near=near)


def _report_open(
    document: Document, organization: Organization, guidance: Guidance, report: Report
) -> None:
    root = document.root
    if organization.approval is None:
        report("C904", document.file, root.line, version=guidance.version)
    for name in guidance.offices:
        contact = organization.contacts.get(name)
        if contact is None:
            report("C905", document.file, root["offices"].line, id=name)
        elif not contact.exists:
            instead = stand_in(name, guidance.offices, organization.contacts)
            sent = ("people are sent to “{}” instead", "on renvoie plutôt à « {} »")
            if instead is None:
                sent = ("no other one stands in for it", "aucun autre ne le remplace")
            en, fr = (words.format(instead) for words in sent)
            line = root["offices"][name].line
            report("C906", document.file, line, id=name, instead_en=en, instead_fr=fr)


class _Builder:
    def __init__(
        self, document: Document, files: Files, guidance: Guidance, report: Report
    ) -> None:
        self._root = document.root
        self._file = document.file
        self._guidance = guidance
        self._report = report
        sources = self._root.get("sources")
        self._files = files
        self._sources: Mapping[str, Source] = {}
        if sources is not None:
            own = Document(document.file, "sources", Node(1, table={"sources": sources}), b"")
            for name, node in sources.entries():
                if name in guidance.sources:
                    report("C707", document.file, node.line, id=name)
            self._files = files.with_overlay(own)
            self._sources = sources_of(own, files, report)

    def organization(self) -> Organization:
        root = self._root
        approval = root.get("approval")
        self._province(root.get("province"))
        tenants, tools = root.get("tenants"), root.get("approved_ai_tools")
        free_text = root.get("free_text")
        return Organization(
            id=text_of(root["organization"]),
            name=words_of(root["name"]),
            zone=self._zone(root["timezone"]),
            ceiling=text_of(root["ceiling"]),
            retention=words_of(root["retention"]),
            contacts={name: self._contact(name, node) for name, node in root["offices"].entries()},
            notices=self._notices(),
            tools=tuple(self._tool(node) for node in tools.each()) if tools is not None else (),
            approval=self._approval(approval) if approval is not None else None,
            additions=self._additions(),
            sources=self._sources,
            hosts=frozenset(
                text_of(item) for item in (root.get("hosts") or Node(1, items=())).each()
            ),
            tenants={
                name: tuple(same_id(name, text_of(item)) for item in node.each())
                for name, node in (tenants.entries() if tenants is not None else ())
            },
            targeted_messages=root.get("targeted_messages") is not None,
            pin_by_graph=root.get("pin_by_graph") is not None,
            free_text=tuple(text_of(item) for item in free_text.each())
            if free_text is not None
            else FREE_TEXT,
            ceilings=self._ceilings(),
            legal_hold=root.get("legal_hold") is not None,
            offline=root.get("offline") is not None,
        )

    def _ceilings(self) -> Mapping[str, str]:
        """Return the ceilings of the platforms; on Slack nothing sensitive unless it is said."""
        given = self._root.get("ceilings") or Node(1, table={})
        return {
            "slack": optional_text(given.get("slack")) or LEVELS[0],
            "teams": optional_text(given.get("teams")) or text_of(self._root["ceiling"]),
        }

    def _desk(self, name: str, office: Node) -> OfficeDesk | None:
        node, kind = office.get("desk"), self._guidance.offices.get(name)
        if node is None:
            return None
        if kind is not None and kind.card_only:
            self._report("C708", self._file, node.line, id=name)
            return None
        return read_desk(node, office, self._file, self._report)

    def _zone(self, node: Node) -> ZoneInfo:
        name = text_of(node)
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            near = nearest(name, [z for z in available_timezones() if z in _ZONES])
            self._report("C701", self._file, node.line, zone=name, near=near)
            return ZoneInfo("UTC")

    def _contact(self, name: str, node: Node) -> Contact:
        if name not in self._guidance.offices:
            near = nearest(name, self._guidance.offices)
            self._report("C203", self._file, node.line, id=name, near=near)
        hours, languages, shown = node.get("hours"), node.get("languages"), node.get("name")
        closed = self._root.get("holidays")
        about = node.get("about")
        return Contact(
            office=name,
            zone=self._zone(node.get("timezone") or self._root["timezone"]),
            name=words_of(shown) if shown is not None else None,
            email=optional_text(node.get("email")),
            phone=optional_text(node.get("phone")),
            url=urls_of(node.get("url")),
            languages=tuple(lang for lang in LANGS if any(n.text == lang for n in languages.each()))
            if languages is not None
            else (),
            week=dict(self._hours(hours)) if hours is not None else {},
            province=self._province(node.get("province"))
            or optional_text(self._root.get("province")),
            closed_on=frozenset(date.fromisoformat(text_of(d)) for d in closed.each())
            if closed is not None
            else frozenset(),
            always_open=node.get("always_open") is not None,
            exists=node.get("does_not_exist") is None,
            about=words_of(about) if about is not None else None,
            desk=self._desk(name, node),
        )

    def _province(self, node: Node | None) -> str | None:
        if node is None:
            return None
        if node.text not in _PROVINCES:
            known = ", ".join(_PROVINCES)
            self._report("C706", self._file, node.line, province=node.text, known=known)
            return None
        return node.text

    def _hours(self, node: Node) -> list[tuple[int, Hours]]:
        found = []
        for day, value in node.entries():
            match = _HOURS.match(text_of(value))
            if match is None:
                self._report("C702", self._file, value.line, hours=value.text)
                continue
            h1, m1, h2, m2 = (int(part) for part in match.groups())
            if (h1, m1) >= (h2, m2):
                self._report("C702", self._file, value.line, hours=value.text)
                continue
            found.append((_DAYS.index(day), Hours(time(h1, m1), time(h2, m2))))
        return found

    def _notices(self) -> tuple[Notice, ...]:
        found = []
        for node in (self._root.get("notices") or Node(1, items=())).each():
            begins, until = (date.fromisoformat(text_of(node[k])) for k in ("begins", "until"))
            if until < begins:
                self._report("C703", self._file, node.line, until=until, begins=begins)
            on = node.get("on")
            names = tuple(self._place(item) for item in on.each()) if on is not None else ()
            found.append(Notice(words_of(node), begins, until, frozenset(names)))
        return tuple(found)

    def _additions(self) -> Mapping[str, tuple[Statement, ...]]:
        found: dict[str, tuple[Statement, ...]] = {}
        for node in (self._root.get("additions") or Node(1, items=())).each():
            to = self._place(node["to"])
            before = found.get(to, ())
            owner = f"{to}.{len(before)}"
            said = statements_of(node["say"], owner, self._files, self._report, self._file)
            found[to] = before + said
        return found

    def _place(self, node: Node) -> str:
        name = text_of(node)
        known = [f"topic:{topic}" for topic in self._guidance.topics]
        for tree in self._guidance.trees.values():
            known += [tree.id, *(f"{tree.id}/{answer}" for answer in tree.answers)]
        if name not in known:
            near = nearest(name, known)
            self._report("C704", self._file, node.line, id=name, near=near)
        return name

    def _approval(self, node: Node) -> Approval:
        approval = Approval(
            version=text_of(node["version"]),
            by=tuple(words_of(role) for role in node["by"].each()),
            on=date.fromisoformat(text_of(node["on"])),
        )
        if len({words.en for words in approval.by}) < _ROLES:
            self._report("C719", self._file, node["by"].line)
        elif approval.version != self._guidance.version:
            self._report(
                "C705",
                self._file,
                node.line,
                approved=approval.version,
                version=self._guidance.version,
            )
        return approval

    def _tool(self, node: Node) -> Tool:
        up_to = node.get("up_to")
        return Tool(
            words_of(node), urls_of(node.get("url")), words_of(up_to) if up_to is not None else None
        )
