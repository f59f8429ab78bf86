"""Count calls that were refused with 429, by plan subject and day."""

from alembic import op

revision = "0035"
down_revision = "0034"

SQL = "alter table usage_days add column refused bigint not null default 0"


def upgrade() -> None:
    op.execute(SQL)
