"""The people of a development server, as its sign-in page lists them."""

from __future__ import annotations

from akako.kernel.core.ports import Directory, DirectoryUser
from akako.web import rendering


async def ready_people(directory: Directory | None) -> list[dict[str, str]]:
    """Return id, full name and initials of each person of a directory."""
    if directory is None:
        return []
    return [
        {"id": person.id, "name": name, "initials": rendering.initials(name)}
        async for person in directory.list_users()
        if (name := full_name(person))
    ]


def full_name(person: DirectoryUser) -> str:
    names = [name for name in (person.first_name, person.last_name) if name]
    return " ".join(names) or person.id
