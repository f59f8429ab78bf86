"""Index events by age: the job that expires them reads the oldest first."""

from akako.migrations import online

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    online.create_index("outbox_created", "on outbox (created_at)")
