"""Is somebody one of the organization's own people? What the service tells of them says so.

Guests have an id in the organization's directory, and who is in a shared channel may belong to
another one. Neither reads a case, nor hands one in.
"""

from __future__ import annotations

from typing import Final

from bot.channels.teams.transport import Member

BOT: Final = "28:"
"""How the ids of programs begin, ours among them."""

_OWN: Final = "user"


def stranger(member: Member, tenant: str) -> str | None:
    """Return in a word why somebody is none of a tenant's own people; nothing where they are.

    Of whom the service tells too little, that is ``unknown``.
    """
    if member.role is None or member.tenant is None or not (member.aad and member.name):
        return "unknown"
    if member.tenant.lower() != tenant.lower():
        return "elsewhere"
    return None if member.role == _OWN else "guest"
