-- Who may do what, and who did what.

create table account (
  user_name text primary key,
  password_hash text,
  role text not null check (role in ('viewer', 'operator', 'engineer', 'admin')),
  -- area ids; null = the whole territory
  areas text[],
  must_change_password boolean not null default false,
  created_at timestamptz not null default now(),
  disabled_at timestamptz
);

create table session (
  token_sha256 bytea primary key,
  user_name text not null references account on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);

create table sign_in_link (
  token_sha256 bytea primary key,
  user_name text not null references account on delete cascade,
  expires_at timestamptz not null,
  used_at timestamptz
);

-- Append-only: no update, no delete.
create table audit_log (
  audit_id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  subject text not null,
  outcome text not null,
  details jsonb not null default '{}'
);
create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit_log is append-only';
end $$;
create trigger audit_log_append_only before update or delete or truncate on audit_log
  for each statement execute function refuse_audit_change();
