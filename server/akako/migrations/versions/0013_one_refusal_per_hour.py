"""Let the database decide which refusals share an audit entry."""

from akako.migrations import online

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    online.create_index(
        "audit_log_refusals",
        "on audit_log (actor_clerk_id, (coalesce(impersonator_clerk_id, '')), resource_id, "
        "refused_hour) where refused_hour is not null",
        unique=True,
    )
