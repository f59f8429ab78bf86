"""Levels, grades, subjects and topics; a deleted name may be used again."""

from alembic import op

revision = "0003"
down_revision = "0002"

COMMON = """
    id text primary key,
    name text not null,
    name_key text not null,
    description text not null default '',
    search_key text not null default '',
    image_url text,
    is_active boolean not null default true,
    deleted_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
"""


def _node(table: str, parent: str | None, columns: str) -> str:
    scope = f"{parent}, " if parent else ""
    return f"""
    create table {table} ({COMMON} {columns});
    create unique index {table}_name on {table} ({scope}name_key) where deleted_at is null;
    create index {table}_created on {table} ({scope}created_at, id) where deleted_at is null;
    create index {table}_updated on {table} ({scope}updated_at, id) where deleted_at is null;
    create index {table}_by_name on {table} ({scope}name_key, id) where deleted_at is null;
    create index {table}_search on {table} using gin (search_key gin_trgm_ops)
        where deleted_at is null;
    """


def upgrade() -> None:
    op.execute(_node("education_levels", None, "check (true)"))
    op.execute(
        _node(
            "grades",
            "level_id",
            """level_id text not null references education_levels (id),
            stage text not null check (stage in ('primary', 'secondary', 'higher'))""",
        )
    )
    op.execute(
        _node(
            "subjects",
            "grade_id",
            """grade_id text not null references grades (id),
            mentor_id text references users (id)""",
        )
    )
    op.execute("create index subjects_mentor on subjects (mentor_id)")
    op.execute(
        _node(
            "topics",
            "subject_id",
            """subject_id text not null references subjects (id),
            content text not null default '',
            document_count integer not null default 0 check (document_count >= 0),
            video_key text unique,
            video_file_name text,
            video_mime text,
            video_size bigint,
            video_sha256 text,
            video_version integer not null default 0,
            video_updated_at timestamptz""",
        )
    )
