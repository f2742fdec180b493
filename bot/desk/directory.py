"""Where does each office work, and who has a special part in it? By the organization's file."""

from __future__ import annotations

from bot.desk.case import Roles
from bot.desk.records import DEPUTY, HEAD
from bot.handoff import MAIL, OfficeDesk
from bot.organization import Contact, Organization
from bot.platforms import Place, Who, ident


class Directory:
    """The offices of an organization that take hand-offs."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization

    @property
    def legal_hold(self) -> bool:
        """Whether nothing at all is erased for now."""
        return self._organization.legal_hold

    def contact(self, office: str) -> Contact:
        """Return how an office is reached; one that is gone from the file is never open late."""
        found = self._organization.contacts.get(office)
        return found if found is not None else Contact(office, self._organization.zone)

    def desk_of(self, office: str) -> OfficeDesk | None:
        """Return where and how an office takes cases; nothing where it does not any more."""
        return self.contact(office).desk

    def place(self, office: str) -> Place | None:
        """Return the channel of an office; nothing where it is reached by e-mail."""
        desk = self.desk_of(office)
        if desk is None or desk.on == MAIL:
            return None
        return Place(desk.on, desk.tenant, desk.channel, desk.service)

    def roles(self, office: str) -> Roles:
        """Return who has a special part in an office."""
        desk = self.desk_of(office)
        if desk is None:
            return Roles()

        def named(user: str | None) -> str | None:
            return ident(desk.on, user) if user else None

        holders = frozenset(ident(desk.on, user) for user in desk.holders)
        return Roles(named(desk.head), named(desk.deputy), holders)

    def special(self, office: str, part: str) -> Who | None:
        """Return the deputy or the head of an office, as they can be written to."""
        desk = self.desk_of(office)
        user = None if desk is None else {DEPUTY: desk.deputy, HEAD: desk.head}[part]
        if desk is None or not user:
            return None
        route = {"service": desk.service} if desk.service else {}
        return Who(desk.on, desk.tenant, user, route=route)
