/** What the frame asks of whoever keeps accounts: who is this, and write down what was done. */
import type { Session } from '#model/api/common.ts';

export interface Access {
  /** the session of a token, undefined where it is none */
  sessionOf(token: string): Promise<Session | undefined>;
  /** new session token for a user with the right password, or for a one-time link */
  signIn(user: string, password: string): Promise<string>;
  useLink(token: string): Promise<string>;
  signOut(token: string): Promise<void>;
  changePassword(user: string, current: string | undefined, next: string): Promise<void>;
  audit(entry: {
    actor: string;
    action: string;
    subject: string;
    outcome: string;
    details?: Record<string, unknown>;
  }): Promise<void>;
}
