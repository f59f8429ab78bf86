"""Columns for the order of topics, for natural sorting, for searches and for restoring.

Servers of the release before do not know the new columns. Triggers stand in for them: a topic
without a position comes last, a name stored without its sort key gets a similar one, and the sort
keys of a deleted user are cleared.
"""

from alembic import op

revision = "0020a"
down_revision = "0019"

NODES = ("education_levels", "grades", "subjects", "topics")
COLUMNS = """
alter table {table} add column sort_key text collate "C" not null default '';
alter table {table} add column deleted_by text;
create trigger sort_key_set before insert or update of name on {table}
    for each row execute function set_sort_key();
"""
FUNCTIONS = r"""
create function natural_key(shown text) returns text language sql immutable as $$
    select case when shown = '' then '' else left((
        select string_agg(case when part[1] ~ '^[0-9]'
            then lpad(length(ltrim(part[1], '0'))::text, 3, '0') || ltrim(part[1], '0')
            else part[1] end, '' order by n)
        from regexp_matches(
            lower(regexp_replace(normalize(shown, nfkd), '[\u0300-\u036f]', '', 'g')),
            '[0-9]+|[^0-9]+', 'g') with ordinality parts (part, n)
    ), 240) || e'\n' || left(shown, 120) end
$$;

create function set_sort_key() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.sort_key = '' then
            new.sort_key := natural_key(new.name);
        end if;
    elsif new.name is distinct from old.name and new.sort_key = old.sort_key then
        new.sort_key := natural_key(new.name);
    end if;
    return new;
end $$;

create function set_sort_keys_of_user() returns trigger language plpgsql as $$
declare
    first text := coalesce(new.first_name, new.username, '');
    last text := coalesce(new.last_name, new.username, '');
begin
    if tg_op = 'INSERT' then
        if new.first_sort_key = '' then new.first_sort_key := natural_key(first); end if;
        if new.last_sort_key = '' then new.last_sort_key := natural_key(last); end if;
        return new;
    end if;
    if first <> coalesce(old.first_name, old.username, '')
        and new.first_sort_key = old.first_sort_key then
        new.first_sort_key := natural_key(first);
    end if;
    if last <> coalesce(old.last_name, old.username, '')
        and new.last_sort_key = old.last_sort_key then
        new.last_sort_key := natural_key(last);
    end if;
    return new;
end $$;
"""
USERS = """
alter table users add column first_sort_key text collate "C" not null default '';
alter table users add column last_sort_key text collate "C" not null default '';

create trigger sort_keys_set before insert or update of first_name, last_name, username on users
    for each row execute function set_sort_keys_of_user();
"""
SQL = """
alter table topics add column position integer;
alter table topics add column content_key text not null default '';

create function place_topic_last() returns trigger language plpgsql as $$
begin
    new.position := coalesce((select max(t.position) + 1 from topics t
        where t.subject_id = new.subject_id and t.deleted_at is null), 0);
    return new;
end $$;
create trigger placed before insert on topics for each row when (new.position is null)
    execute function place_topic_last();

create function clear_sort_keys() returns trigger language plpgsql as $$
begin
    new.first_sort_key := '';
    new.last_sort_key := '';
    return new;
end $$;
create trigger sort_keys_cleared before update of deleted_at on users
    for each row when (new.deleted_at is not null) execute function clear_sort_keys();
"""


def upgrade() -> None:
    op.execute(FUNCTIONS)
    # First, because an update of a user locks `users` before its trigger reads `subjects`.
    op.execute(USERS)
    for table in NODES:
        op.execute(COLUMNS.format(table=table))
    op.execute(SQL)
