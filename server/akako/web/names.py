"""Names of people, as pages show them."""

from __future__ import annotations

from typing import Protocol


class Person(Protocol):
    """A user of the API's responses."""

    id: str
    email: str | None
    username: str | None
    first_name: str | None
    last_name: str | None


def person_name(user: Person) -> str:
    """Return a name to show: names, else username, address or id."""
    names = " ".join(name for name in (user.first_name, user.last_name) if name)
    return names or user.username or user.email or user.id


def given_name(user: Person) -> str:
    """Return the first name, else the name to show."""
    return user.first_name or person_name(user)
