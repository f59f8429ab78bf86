"""The development directory: one person per role, and every person with a development token.

`akako token --user user_bob` adds user_bob to a file in the data folder, which the server reads.
The learners of the demonstration school can be looked up but are not listed.
"""

from __future__ import annotations

import fcntl
from collections.abc import AsyncIterator
from pathlib import Path

from akako.backends.demo_people import DEMO_PEOPLE, JANUARY_2026
from akako.kernel.core.ports import DirectoryUser

ADDED_FILE = "dev-people.txt"


def _person(id: str, email: str, first_name: str, last_name: str | None) -> DirectoryUser:
    return DirectoryUser(
        id=id,
        primary_email=email,
        emails=(email,),
        first_name=first_name,
        last_name=last_name,
        created_at=JANUARY_2026,
        updated_at=JANUARY_2026,
    )


PEOPLE = {
    person.id: person
    for person in (
        _person("user_admin", "admin@example.com", "Ama", "Owusu"),
        _person("user_mentor", "mentor@example.com", "Kofi", "Mensah"),
        _person("user_123", "test@example.com", "Esi", "Boateng"),
    )
}


class DevDirectory:
    """The people of a data folder, for development only."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / ADDED_FILE

    def add(self, clerk_id: str) -> None:
        """Add a person for every server on this data folder."""
        if clerk_id in PEOPLE or clerk_id in DEMO_PEOPLE or clerk_id in self._added():
            return
        with self._file.open("a", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(f"{clerk_id}\n")

    def _added(self) -> list[str]:
        if not self._file.exists():
            return []
        return self._file.read_text(encoding="ascii").split()

    async def get_user(self, clerk_id: str) -> DirectoryUser | None:
        person = PEOPLE.get(clerk_id) or DEMO_PEOPLE.get(clerk_id)
        if person:
            return person
        return _added_person(clerk_id) if clerk_id in self._added() else None

    async def list_users(self) -> AsyncIterator[DirectoryUser]:
        for person in PEOPLE.values():
            yield person
        for clerk_id in self._added():
            yield _added_person(clerk_id)

    async def close(self) -> None:
        """Release nothing: no connection is open."""


def _added_person(clerk_id: str) -> DirectoryUser:
    name = clerk_id.removeprefix("user_")
    return _person(clerk_id, f"{name.lower()}@people.example.com", name[:100].capitalize(), None)
