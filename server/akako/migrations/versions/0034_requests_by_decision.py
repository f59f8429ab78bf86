"""Index enrollments and mentor applications by the time of their decisions."""

from akako.migrations import online

revision = "0034"
down_revision = "0030"


def upgrade() -> None:
    for table in ("enrollments", "mentor_applications"):
        order = f"on {table} (coalesce(decided_at, requested_at), id)"
        online.create_index(f"{table}_decided", order)
