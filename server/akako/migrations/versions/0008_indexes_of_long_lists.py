"""Indexes that lists of many rows lacked: users by status, deleted users, audit entries by action.

Deleted applicants are found too, so the search index covers all users. A deleted user has an empty
search key.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

SQL = """
drop index users_search;
create index users_search on users using gin (search_key gin_trgm_ops);
create index users_status on users (status, created_at, id) where deleted_at is null;
create index users_deleted on users (created_at, id) where deleted_at is not null;
create index audit_log_action on audit_log (action, at, id);
"""


def upgrade() -> None:
    op.execute(SQL)
