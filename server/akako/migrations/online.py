"""Change large tables while requests use them."""

from __future__ import annotations

from alembic import op


def create_index(name: str, definition: str, *, unique: bool = False) -> None:
    """Make an index without keeping writers out; `definition` begins with `on TABLE`.

    To be the only thing that its revision does: it cannot be part of a transaction, so what was
    interrupted is run again from its beginning, and what is left of the index is removed first.
    """
    kind = "unique index" if unique else "index"
    with op.get_context().autocommit_block():
        # It waits for transactions, not for a lock that others would queue behind.
        op.execute("set lock_timeout = 0")
        op.execute(f"drop index concurrently if exists {name}")
        op.execute(f"create {kind} concurrently {name} {definition}")
