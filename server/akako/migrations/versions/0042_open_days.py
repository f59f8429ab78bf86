"""Counts of the part of today that the last roll-up has read.

Requests, decisions and cancellations of today were counted live up to 1,000 of them, and taken from
the last roll-up above. Now a roll-up stores the counts until ten minutes before it, and only later
moments are counted for a request. The counts are not in `analytics_days`, because servers of the
last release store open days there without the moment until which they counted.
"""

from alembic import op

revision = "0042"
down_revision = "0039"

SQL = """
create table analytics_open_days (
    zone text not null,
    day date not null,
    until timestamptz, -- the counts include earlier moments only; null: not counted yet
    requested integer not null default 0,
    approved integer not null default 0,
    rejected integer not null default 0,
    cancelled integer not null default 0,
    primary key (zone, day)
);

-- The same as before, and for open days.
create or replace function reopen_day() returns trigger language plpgsql as $$
declare noted timestamptz := case when tg_op = 'DELETE' then old.at else new.at end;
begin
    delete from analytics_days /* allowed: one day's */
    where day between noted::date - 1 and noted::date + 1;
    delete from analytics_open_days /* allowed: one day's */
    where day between noted::date - 1 and noted::date + 1;
    delete from analytics_medians /* allowed: one day's */
    where noted::date between first_day - 1 and last_day + 1;
    return null;
end $$;
"""


def upgrade() -> None:
    op.execute(SQL)
