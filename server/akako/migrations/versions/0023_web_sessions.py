"""Sessions of the web app, sign-ins under way, and the key that signs the server's own tokens."""

from alembic import op

revision = "0023"
down_revision = "0021"

SQL = """
create table web_sessions (
    id_hash bytea primary key, -- SHA-256 of the cookie
    public_id text not null unique, -- `sid` of the session's tokens; shown to its user
    user_id text not null references users (id),
    form_token text not null,
    user_agent text not null,
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now()
);
create index web_sessions_user on web_sessions (user_id, created_at);
create index web_sessions_seen on web_sessions (seen_at);

create table web_sign_ins (
    state_hash bytea primary key, -- SHA-256 of the OpenID Connect `state`
    nonce text not null,
    verifier text not null,
    return_path text not null,
    created_at timestamptz not null default now()
);
create index web_sign_ins_created on web_sign_ins (created_at);

create table web_keys (
    id text primary key,
    private_key text not null, -- PEM
    created_at timestamptz not null default now()
);

-- Triggers, because accounts end in several ways: administrators, Clerk, reconciliation.
create function end_web_sessions() returns trigger language plpgsql as $$
begin
    delete from web_sessions /* allowed: one person's */ where user_id = new.id;
    return null;
end $$;
create trigger end_web_sessions after update of status, deleted_at on users for each row
    when (new.status <> 'ACTIVE' or new.deleted_at is not null)
    execute function end_web_sessions();

create function refuse_tokens_of_web_session() returns trigger language plpgsql as $$
begin
    insert into ended_sessions (session_id) values (old.public_id) on conflict do nothing;
    return null;
end $$;
create trigger refuse_tokens_of_web_session after delete on web_sessions for each row
    execute function refuse_tokens_of_web_session();
"""


def upgrade() -> None:
    op.execute(SQL)
