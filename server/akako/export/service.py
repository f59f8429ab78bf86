"""Collect the personal data of a user from every room, part by part."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

import msgspec

from akako.activity import queries as activity
from akako.education import queries as education
from akako.enrollment import queries as enrollment
from akako.identity import queries as identity
from akako.identity.schemas import AdminUser
from akako.kernel.core.envelope import DONE, encode
from akako.kernel.db.database import Database
from akako.learning import queries as learning
from akako.library import queries as library
from akako.mentors import queries as mentors
from akako.notes import queries as notes
from akako.notifications import queries as notifications
from akako.ops import retention
from akako.plans import queries as plans
from akako.uploads import queries as uploads

Export = Callable[[Database, str], Awaitable[Mapping[str, object]]]


async def account(db: Database, user_id: str) -> dict[str, object]:
    """Return the account with all role windows, without who assigned them."""
    user = await identity.get_user(db, user_id, AdminUser)
    if user:
        windows = user.user_roles
        user.user_roles = [msgspec.structs.replace(each, assigned_by=None) for each in windows]
    return {"user": user}


# One function per room that stores personal data.
ROOMS: tuple[Export, ...] = (
    account,
    enrollment.export,
    mentors.export,
    education.export,
    library.export,
    uploads.export,
    learning.export,
    notes.export,
    notifications.export,
    activity.export,
    plans.export,
)


async def document(db: Database, user_id: str) -> AsyncGenerator[bytes, None]:
    """Yield the enveloped JSON of everything that is stored about a user.

    One room at a time is in memory, and of the audit log one batch.
    """
    yield b'{"success":true,"data":{'
    for export in ROOMS:
        for name, value in (await export(db, user_id)).items():
            yield encode(name) + b":" + encode(value) + b","
    yield b'"auditEntries":['
    last, separator = 0, b""
    while entries := await retention.export_entries(db, user_id, last):
        last = entries[-1]["id"]
        yield separator + b",".join(encode({**each, "id": str(each["id"])}) for each in entries)
        separator = b","
    yield b']},"message":' + encode(DONE) + b"}"
