"""Indexes of users sorted without case and accents. They replace those by exact spelling."""

from alembic import op

from akako.migrations import online

revision = "0016"
down_revision = "0015"

FOLDED = r"lower(regexp_replace(normalize({}, nfkd), '[\u0300-\u036f]', '', 'g'))"
INDEXES = {
    "users_email_folded": "coalesce(email_key, '')",
    "users_first_name_folded": FOLDED.format("coalesce(first_name, username, '')"),
    "users_last_name_folded": FOLDED.format("coalesce(last_name, username, '')"),
}


def upgrade() -> None:
    for name, key in INDEXES.items():
        online.create_index(name, f"on users (({key}), id) where deleted_at is null")
    with op.get_context().autocommit_block():
        for name in ("users_email", "users_first_name", "users_last_name"):
            op.execute(f"drop index concurrently if exists {name}")
