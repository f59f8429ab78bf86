"""Erase a deleted user's personal data from every table, in the transaction of the deletion.

The trigger of revision 0009 runs for every way a user is deleted. It covers now also stored
responses, dead letters, unfinished uploads and audit entries. See docs/decisions.
"""

from alembic import op

revision = "0017"
down_revision = "0016"

SQL = """
create or replace function forget_what_was_written() returns trigger language plpgsql as $$
declare
    id_bytes bytea := convert_to(old.id, 'UTF8');
    clerk_bytes bytea := convert_to(old.clerk_id, 'UTF8');
    quoted_clerk_bytes bytea := convert_to('"' || old.clerk_id || '"', 'UTF8');
    email_bytes bytea := convert_to(old.email, 'UTF8');
    first_bytes bytea := convert_to(old.first_name, 'UTF8');
    last_bytes bytea := convert_to(old.last_name, 'UTF8');
    username_bytes bytea := convert_to(old.username, 'UTF8');
    clerk_first_bytes bytea := convert_to(old.clerk_first_name, 'UTF8');
    clerk_last_bytes bytea := convert_to(old.clerk_last_name, 'UTF8');
begin
    update enrollments set message = null, decision_reason = null
        where user_id = old.id and coalesce(message, decision_reason) is not null;
    update mentor_applications /* allowed: one person's, when they go */
        set motivation = '', qualifications = null, experience = null, decision_reason = null
        where user_id = old.id;
    update user_roles /* allowed: one person's */ set reason = null
        where user_id = old.id and reason is not null;
    update audit_log /* allowed: one person's */ set
        before = case when resource = 'user' and resource_id = old.id
            then before - '{email,username,firstName,lastName,imageUrl}'::text[] else before end,
        after = case when resource = 'user' and resource_id = old.id
            then after - '{email,username,firstName,lastName,imageUrl}'::text[] else after end,
        ip = case when actor_user_id = old.id then null else ip end,
        request_id = case when actor_user_id = old.id then null else request_id end
        where (resource = 'user' and resource_id = old.id) or actor_user_id = old.id;
    -- Responses to this user, and responses to administrators that show this user.
    delete from idempotency_keys /* allowed: at most one day's */
        where caller = old.id or strpos(headers::text, old.id) > 0
        or position(id_bytes in body) > 0 or position(quoted_clerk_bytes in body) > 0
        or position(email_bytes in body) > 0;
    delete from webhook_dead_letters /* allowed: few rows */
        where position(clerk_bytes in body) > 0 or position(email_bytes in body) > 0
        or position(username_bytes in body) > 0
        or (position(first_bytes in body) > 0 and position(last_bytes in body) > 0)
        or (position(clerk_first_bytes in body) > 0 and position(clerk_last_bytes in body) > 0);
    delete from resumable_uploads /* allowed: one person's */ where user_id = old.id;
    if found then
        begin
            perform procrastinate_defer_jobs_v1(array[row('default', 'uploads.sweep', 0, null,
                'uploads.sweep', '{}', null)::procrastinate_job_to_defer_v1]);
        exception when unique_violation then
            null; -- a sweep waits already
        end;
    end if;
    return null;
end $$;

-- A request that began before the deletion and commits after it stores no text. The lock makes it
-- wait for a deletion that has not committed yet.
create function withhold_texts_of_deleted_users() returns trigger language plpgsql as $$
declare
    deletion timestamptz;
begin
    select deleted_at into deletion from users where id = new.user_id for share;
    if deletion is not null and tg_table_name = 'enrollments' then
        new.message := null;
    elsif deletion is not null then
        new.motivation := '';
        new.qualifications := null;
        new.experience := null;
    end if;
    return new;
end $$;

create trigger withheld before insert on enrollments
    for each row execute function withhold_texts_of_deleted_users();
create trigger withheld before insert on mentor_applications
    for each row execute function withhold_texts_of_deleted_users();
"""


def upgrade() -> None:
    op.execute(SQL)
