"""Store the encoding of text documents, because texts in legacy encodings are accepted.

The default is right for every existing text and for those that the previous release still adds: it
accepts UTF-8 only. The column has no meaning for other documents.
"""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("alter table documents add column charset text default 'utf-8'")
