"""What was received is kept for a while, and not for ever."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from akako.backends.database.pool import Pool
from akako.webhooks import queries

ROWS = """
insert into webhook_messages (message_id, outcome, received_at) values
    ('old', 'dead', now() - interval '91 days'), ('new', 'dead', now() - interval '89 days');
insert into webhook_dead_letters (message_id, reason, body, received_at)
    select message_id, 'because', 'b', received_at from webhook_messages;
insert into ended_sessions (session_id, ended_at) values
    ('old', now() - interval '26 hours'), ('new', now() - interval '24 hours');
"""
LEFT = """
select message_id from webhook_messages union all select message_id from webhook_dead_letters
union all select session_id from ended_sessions
"""


async def test_old_messages_and_sessions_are_forgotten(new_database: Callable[[], str]) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(ROWS)
        pool = Pool(url, size=1)
        await queries.delete_expired(pool)
        await pool.close()
        assert db.execute(LEFT).fetchall() == [("new",)] * 3
