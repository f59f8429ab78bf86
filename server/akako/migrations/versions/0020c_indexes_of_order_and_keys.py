"""Indexes of the new order and keys. They replace those by folded and by normalized names."""

from alembic import op

from akako.migrations import online

revision = "0020c"
down_revision = "0020b"

PRESENT = "where deleted_at is null"
SORTED = {
    "education_levels": "sort_key, id",
    "grades": "level_id, sort_key, id",
    "subjects": "grade_id, sort_key, id",
    "topics": "subject_id, sort_key, id",
}
INDEXES = {
    **{f"{table}_sorted": f"on {table} ({key}) {PRESENT}" for table, key in SORTED.items()},
    **{
        f"{table}_deleted": f"on {table} (deleted_at, id) where deleted_at is not null"
        for table in SORTED
    },
    "topics_position": f"on topics (subject_id, position, id) {PRESENT}",
    "topics_content": f"on topics using gin (content_key gin_trgm_ops) {PRESENT}",
    "users_first_name_sorted": f"on users (first_sort_key, id) {PRESENT}",
    "users_last_name_sorted": f"on users (last_sort_key, id) {PRESENT}",
}
REPLACED = ("users_first_name_folded", "users_last_name_folded", *(f"{t}_by_name" for t in SORTED))


def upgrade() -> None:
    for name, definition in INDEXES.items():
        online.create_index(name, definition)
    with op.get_context().autocommit_block():
        for name in REPLACED:
            op.execute(f"drop index concurrently if exists {name}")
