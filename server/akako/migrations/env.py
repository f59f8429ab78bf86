"""Alembic's entry point: runs the migrations on the connection that `steps` hands over."""

from typing import Any

from alembic import context

from akako.migrations.steps import limit_waiting, tell_oldest_code

connection = context.config.attributes["connection"]
# Where tables are made, and nowhere else along the search path.
schema = connection.exec_driver_sql("select current_schema()").scalar()
connection.rollback()  # each revision begins its own transaction, if none is open


def _applied(ctx: Any, step: Any, heads: Any, run_args: Any) -> None:
    scripts = context.script.iterate_revisions(step.up_revision_id, "base")
    tell_oldest_code(ctx.connection, [script.module for script in scripts])
    limit_waiting(ctx.connection, context.config.attributes["lock_seconds"])


context.configure(
    connection=connection,
    transaction_per_migration=True,
    version_table_schema=schema,
    on_version_apply=_applied,
)
with context.begin_transaction():
    context.run_migrations()
