import type { Role } from '#model/api/common.ts';
import { type NamedQuery, oneRow, type Queryable, rowsOf } from '#stores/postgres/pool.ts';

export interface AccountRow {
  user_name: string;
  password_hash: string | null;
  role: Role;
  areas: string[] | null;
  must_change_password: boolean;
}

const accountByName: NamedQuery = {
  name: 'account_by_name',
  text: `
    select account.user_name, account.password_hash, account.role, account.areas, account.must_change_password
    from account
    where account.user_name = $1 and account.disabled_at is null`,
};
export const findAccount = (on: Queryable, user: string) => oneRow<AccountRow>(on, accountByName, [user]);

const accountOfSession: NamedQuery = {
  name: 'account_of_session',
  text: `
    select account.user_name, account.password_hash, account.role, account.areas, account.must_change_password
    from session
    join account on account.user_name = session.user_name
    where session.token_sha256 = $1 and session.expires_at > now() and account.disabled_at is null`,
};
export const findSession = (on: Queryable, tokenSha256: Buffer) =>
  oneRow<AccountRow>(on, accountOfSession, [tokenSha256]);

const accountInsert: NamedQuery = {
  name: 'account_insert',
  text: `
    insert into account (user_name, password_hash, role, areas, must_change_password) values ($1, $2, $3, $4, $5)
    on conflict (user_name) do nothing`,
};
export const insertAccount = (on: Queryable, account: AccountRow) =>
  rowsOf(on, accountInsert, [
    account.user_name,
    account.password_hash,
    account.role,
    account.areas,
    account.must_change_password,
  ]);

const passwordUpdate: NamedQuery = {
  name: 'account_password',
  text: 'update account set password_hash = $2, must_change_password = false where account.user_name = $1',
};
export const setPassword = (on: Queryable, user: string, hash: string) => rowsOf(on, passwordUpdate, [user, hash]);

const sessionInsert: NamedQuery = {
  name: 'session_insert',
  text: 'insert into session (token_sha256, user_name, expires_at) values ($1, $2, now() + make_interval(hours => $3))',
};
export const insertSession = (on: Queryable, tokenSha256: Buffer, user: string, hours: number) =>
  rowsOf(on, sessionInsert, [tokenSha256, user, hours]);

const sessionDelete: NamedQuery = {
  name: 'session_delete',
  text: 'delete from session where session.token_sha256 = $1 or session.expires_at <= now()',
};
export const deleteSession = (on: Queryable, tokenSha256: Buffer) => rowsOf(on, sessionDelete, [tokenSha256]);

const sessionsOfUserDelete: NamedQuery = {
  name: 'session_delete_of_user',
  text: 'delete from session where session.user_name = $1',
};
export const deleteSessionsOf = (on: Queryable, user: string) => rowsOf(on, sessionsOfUserDelete, [user]);

const linkInsert: NamedQuery = {
  name: 'sign_in_link_insert',
  text: 'insert into sign_in_link (token_sha256, user_name, expires_at) values ($1, $2, now() + make_interval(mins => $3))',
};
export const insertLink = (on: Queryable, tokenSha256: Buffer, user: string, minutes: number) =>
  rowsOf(on, linkInsert, [tokenSha256, user, minutes]);

const linkUse: NamedQuery = {
  name: 'sign_in_link_use',
  text: `
    update sign_in_link set used_at = now()
    where sign_in_link.token_sha256 = $1 and sign_in_link.used_at is null and sign_in_link.expires_at > now()
    returning sign_in_link.user_name`,
};
export const takeLink = (on: Queryable, tokenSha256: Buffer) =>
  oneRow<{ user_name: string }>(on, linkUse, [tokenSha256]);

const auditInsert: NamedQuery = {
  name: 'audit_insert',
  text: 'insert into audit_log (actor, action, subject, outcome, details) values ($1, $2, $3, $4, $5)',
};
export const insertAudit = (
  on: Queryable,
  entry: { actor: string; action: string; subject: string; outcome: string; details?: object },
) =>
  rowsOf(on, auditInsert, [
    entry.actor,
    entry.action,
    entry.subject,
    entry.outcome,
    JSON.stringify(entry.details ?? {}),
  ]);
