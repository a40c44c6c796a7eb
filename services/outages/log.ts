/**
 * The outage log as a chain: the hash of an entry covers the entry and the hash before it, so that no entry can be
 * changed, left out or put in without every later hash being wrong.
 */
import { createHash } from 'node:crypto';

export interface LogEntry {
  outage_id: string;
  at: Date;
  actor: string;
  verb: string;
  from_state: string | null;
  to_state: string;
  reason: string | null;
  /** of the outage after the call that wrote the entry; null in entries of before */
  revision: number | null;
}

export interface ChainedEntry extends LogEntry {
  log_id: number;
  hash: Uint8Array | null;
}

/** Before the first entry. */
const noHash = new Uint8Array(0);

/** 32 bytes. The fields stand in fixed order: this is the definition of the chain and must never change. */
export function hashAfter(previous: Uint8Array, entry: LogEntry): Buffer {
  const { outage_id, at, actor, verb, from_state, to_state, reason, revision } = entry;
  const facts = [outage_id, at.toISOString(), actor, verb, from_state, to_state, reason, revision];
  return createHash('sha256').update(previous).update(JSON.stringify(facts)).digest();
}

export interface BrokenEntry {
  log_id: number;
  outage_id: string;
  why: string;
}

/** How far a chain is whole: feed it the entries in order. */
export class ChainCheck {
  entries = 0;
  hash: Uint8Array = noHash;
  broken: BrokenEntry | null = null;

  /** @returns false once the chain is broken */
  take(entry: ChainedEntry): boolean {
    if (this.broken) return false;
    const expected = hashAfter(this.hash, entry);
    if (entry.hash === null || !expected.equals(entry.hash)) {
      const why =
        entry.hash === null
          ? 'it carries no hash'
          : 'its hash does not follow from the entry and the one before it: one of the two was changed, or entries between them are gone';
      this.broken = { log_id: entry.log_id, outage_id: entry.outage_id, why };
      return false;
    }
    this.entries++;
    this.hash = expected;
    return true;
  }
}
