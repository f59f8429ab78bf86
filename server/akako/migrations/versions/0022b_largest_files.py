"""Indexes for the total size of files and the largest ones."""

from akako.migrations.online import create_index

revision = "0022b"
down_revision = "0022"


def upgrade() -> None:
    create_index(
        "documents_size",
        "on documents (size desc, id) include (topic_id) where status = 'ACTIVE'",
    )
    create_index("topics_video_size", "on topics (video_size desc, id) where video_key is not null")
