"""Index enrollments and mentor applications by time and by status, for lists of all states."""

from akako.migrations import online

revision = "0029"
down_revision = "0023"


def upgrade() -> None:
    for table in ("enrollments", "mentor_applications"):
        online.create_index(f"{table}_requested", f"on {table} (requested_at, id)")
        online.create_index(f"{table}_status", f"on {table} (status, requested_at, id)")
