"""The accounts of a development server."""

from __future__ import annotations

from akako.identity import accounts, roles
from akako.identity.callers import queries
from akako.kernel.core.access import ADMIN, MENTOR, Actor, Policy
from akako.kernel.core.ports import Directory
from akako.kernel.db.database import Database

ADMIN_ID, MENTOR_ID, LEARNER_ID = "user_admin", "user_mentor", "user_123"
EVER_ASSIGNED = "select exists (select from user_roles where user_id = $1 and role = $2)"
STAFF = {ADMIN_ID: (ADMIN, "ENTERPRISE"), MENTOR_ID: (MENTOR, "PRO")}


async def seed_staff(db: Database, directory: Directory) -> dict[str, str]:
    """Create the development admin and mentor if they are missing; return their ids."""
    return {clerk_id: await _seed(db, directory, clerk_id) for clerk_id in STAFF}


async def seed_learner(db: Database, directory: Directory) -> str:
    """Create the development learner if it is missing; return the id."""
    return await _account(db, directory, LEARNER_ID, "FREE")


async def _account(db: Database, directory: Directory, clerk_id: str, plan: str) -> str:
    person = await directory.get_user(clerk_id)
    assert person is not None
    return (await accounts.merge(db, person, Policy(default_plan=plan))).user_id


async def _seed(db: Database, directory: Directory, clerk_id: str) -> str:
    role, plan = STAFF[clerk_id]
    user_id = await _account(db, directory, clerk_id, plan)
    async with db.transaction() as tx:
        # A user who signed in before is a learner. A removed role is not assigned again.
        if not await tx.fetchval(EVER_ASSIGNED, user_id, role):
            await roles.open_window(tx, user_id, role, assigned_by=None)
            await tx.execute("update users set plan = $2 where id = $1", user_id, plan)
    return user_id


async def actor_of(db: Database, clerk_id: str) -> Actor:
    """Return the account as an actor, for actions of the command line."""
    row = await queries.find_actor(db, clerk_id)
    assert row is not None
    return Actor(user_id=row["id"], clerk_id=clerk_id, roles=tuple(row["roles"]), plan=row["plan"])
