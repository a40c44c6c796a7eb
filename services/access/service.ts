/** Local accounts: generated first password, one-time sign-in links, sessions, and the audit log. */
import { argon2, type BinaryLike, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Access } from '#model/access.ts';
import type { Role, Session } from '#model/api/common.ts';
import { FluxError } from '#model/errors.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import {
  type AccountRow,
  deleteSession,
  deleteSessionsOf,
  findAccount,
  findSession,
  insertAccount,
  insertAudit,
  insertLink,
  insertSession,
  setPassword,
  takeLink,
} from './sql.ts';

const derive = promisify(argon2) as (
  algorithm: 'argon2id',
  parameters: {
    message: BinaryLike;
    nonce: BinaryLike;
    parallelism: number;
    tagLength: number;
    memory: number;
    passes: number;
  },
) => Promise<Buffer>;
/** OWASP's floor for argon2id: 19 MiB, 2 passes, 1 lane. */
const cost = { parallelism: 1, tagLength: 32, memory: 19_456, passes: 2 };

const sha256 = (token: string): Buffer => createHash('sha256').update(token).digest();

async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16);
  const tag = await derive('argon2id', { message: password, nonce, ...cost });
  return `argon2id$${cost.memory}$${cost.passes}$${nonce.toString('base64url')}$${tag.toString('base64url')}`;
}

async function passwordMatches(password: string, hash: string): Promise<boolean> {
  const [, memory, passes, nonce, tag] = hash.split('$');
  const wanted = Buffer.from(tag, 'base64url');
  const got = await derive('argon2id', {
    message: password,
    nonce: Buffer.from(nonce, 'base64url'),
    ...cost,
    memory: Number(memory),
    passes: Number(passes),
  });
  return timingSafeEqual(got, wanted);
}

/** Lets a wrong user name take as long as a wrong password. */
const nobodysHash = hashPassword(randomBytes(18).toString('base64url'));

export interface AccessService extends Access {
  /** Makes the first administrator where there is no account of that name. @returns the generated password, once */
  ensureAdministrator(user: string): Promise<string | undefined>;
  createAccount(account: { user: string; role: Role; areas: string[] | null }): Promise<string>;
  /** token for `/#signin=...`; works once, for an hour */
  makeSignInLink(user: string): Promise<string>;
  /** long-lived token for programs */
  makeToken(user: string, days: number): Promise<string>;
}

export function makeAccessService(pool: Pool, facts: { timeZone: string }): AccessService {
  // A session is asked for with every request: remembered for a moment, so that a busy page does not cost a query each.
  const remembered = new Map<string, { session: Session; untilMs: number }>();
  const rememberMs = 5000;

  const toSession = (row: AccountRow): Session => ({
    user: row.user_name,
    role: row.role,
    areas: row.areas,
    open: false,
    must_change_password: row.must_change_password,
    utility_time_zone: facts.timeZone,
  });
  const newToken = (): string => randomBytes(24).toString('base64url');
  async function openSession(user: string, hours: number): Promise<string> {
    const token = newToken();
    await insertSession(pool, sha256(token), user, hours);
    return token;
  }

  return {
    sessionOf: async (token) => {
      const known = remembered.get(token);
      if (known && known.untilMs > Date.now()) return known.session;
      remembered.delete(token);
      const row = await findSession(pool, sha256(token));
      if (!row) return undefined;
      if (remembered.size > 10_000) remembered.clear();
      const session = toSession(row);
      remembered.set(token, { session, untilMs: Date.now() + rememberMs });
      return session;
    },
    signIn: async (user, password) => {
      const account = await findAccount(pool, user);
      const matches = await passwordMatches(password, account?.password_hash ?? (await nobodysHash));
      await insertAudit(pool, {
        actor: user,
        action: 'sign in',
        subject: user,
        outcome: account && matches ? 'done' : 'wrong_credentials',
      });
      if (!account?.password_hash || !matches)
        throw new FluxError('wrong_credentials', 'user name or password is wrong');
      return openSession(user, 12);
    },
    useLink: async (token) => {
      const row = await takeLink(pool, sha256(token));
      if (!row)
        throw new FluxError(
          'link_expired',
          'this sign-in link was used already or has expired; `npx flux sign-in` prints a new one',
        );
      await insertAudit(pool, {
        actor: row.user_name,
        action: 'sign in by link',
        subject: row.user_name,
        outcome: 'done',
      });
      return openSession(row.user_name, 12);
    },
    signOut: async (token) => {
      remembered.delete(token);
      await deleteSession(pool, sha256(token));
    },
    changePassword: async (user, current, next) => {
      const account = await findAccount(pool, user);
      if (!account) throw new FluxError('wrong_credentials', 'this account no longer exists');
      // Who came by the one-time link and never had a chosen password has none to repeat.
      const hasToRepeat = account.password_hash && !account.must_change_password;
      if (hasToRepeat && !(current && (await passwordMatches(current, account.password_hash!)))) {
        throw new FluxError('wrong_credentials', 'the current password is wrong');
      }
      await setPassword(pool, user, await hashPassword(next));
      await deleteSessionsOf(pool, user);
      remembered.clear();
    },
    audit: async (entry) => {
      await insertAudit(pool, entry);
    },
    ensureAdministrator: async (user) => {
      if (await findAccount(pool, user)) return undefined;
      const password = randomBytes(12).toString('base64url');
      await insertAccount(pool, {
        user_name: user,
        password_hash: await hashPassword(password),
        role: 'admin',
        areas: null,
        must_change_password: true,
      });
      return password;
    },
    createAccount: async ({ user, role, areas }) => {
      if (await findAccount(pool, user))
        throw new FluxError('conflict', `there is an account ${user} already; choose another name`);
      const password = randomBytes(12).toString('base64url');
      await insertAccount(pool, {
        user_name: user,
        password_hash: await hashPassword(password),
        role,
        areas,
        must_change_password: true,
      });
      return password;
    },
    makeSignInLink: async (user) => {
      const token = newToken();
      await insertLink(pool, sha256(token), user, 60);
      return token;
    },
    makeToken: (user, days) => openSession(user, days * 24),
  };
}
