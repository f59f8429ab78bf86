"""Audit entries count repeated refusals: one entry per actor, operation and hour."""

from alembic import op

revision = "0012"
down_revision = "0011"

SQL = """
alter table audit_log add column count integer not null default 1;
alter table audit_log add column refused_hour timestamptz;
"""


def upgrade() -> None:
    op.execute(SQL)
