import { FluxError } from '#model/errors.ts';
import { inTransaction, type NamedQuery, oneRow, type Pool, type Queryable, rowsOf } from '#stores/postgres/pool.ts';
import { type BrokenEntry, ChainCheck, type ChainedEntry, hashAfter, type LogEntry } from './log.ts';

const headForUpdate: NamedQuery = {
  name: 'outage_log_head_for_update',
  text: 'select head.entries, head.hash from outage_log_head as head for update',
};
const headSet: NamedQuery = {
  name: 'outage_log_head_set',
  text: 'update outage_log_head set entries = $1, hash = $2',
};
interface Head {
  entries: number;
  hash: Uint8Array;
}

const entriesInsert: NamedQuery = {
  name: 'outage_log_insert',
  text: `
    insert into outage_log (outage_id, at, actor, verb, from_state, to_state, reason, revision, hash)
    select given.outage_id, given.at, given.actor, given.verb, given.from_state, given.to_state, given.reason, given.revision,
           decode(given.hash, 'hex')
    from rows from (jsonb_to_recordset($1::jsonb) as (
      outage_id text, at timestamptz, actor text, verb text, from_state text, to_state text, reason text, revision int, hash text))
      with ordinality as given (outage_id, at, actor, verb, from_state, to_state, reason, revision, hash, row_no)
    order by given.row_no`,
};
/** Home: operational store. Entries behind the newest one; the caller gives a client inside a transaction. */
export async function appendLog(on: Queryable, entries: LogEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const head = (await oneRow<Head>(on, headForUpdate))!;
  let { hash } = head;
  const rows = entries.map((entry) => {
    hash = hashAfter(hash, entry);
    return { ...entry, at: entry.at.toISOString(), hash: Buffer.from(hash).toString('hex') };
  });
  await rowsOf(on, entriesInsert, [JSON.stringify(rows)]);
  await rowsOf(on, headSet, [head.entries + rows.length, hash]);
}

const entriesAfter: NamedQuery = {
  name: 'outage_log_after',
  text: `
    select log.log_id, log.outage_id, log.at, log.actor, log.verb, log.from_state, log.to_state, log.reason, log.revision, log.hash
    from outage_log as log
    where log.log_id > $1
    order by log.log_id
    limit $2`,
};
const headNow: NamedQuery = {
  name: 'outage_log_head_now',
  text: 'select head.entries, head.hash from outage_log_head as head',
};
const isolation: NamedQuery = {
  name: 'outage_log_verify_begin',
  text: 'set transaction isolation level repeatable read read only',
};

export interface LogVerdict {
  /** that follow from each other, from the first on */
  entries: number;
  /** of the newest of them, hex: kept elsewhere, it proves later that nothing up to here was rewritten */
  head: string;
  /** the first entry that does not follow; null: the chain is whole */
  broken: BrokenEntry | null;
}

const atOnce = 20_000;

/** Reads the whole log and finds the first entry that does not follow from those before it. */
export function verifyLog(pool: Pool): Promise<LogVerdict> {
  return inTransaction(pool, async (client) => {
    await rowsOf(client, isolation);
    const head = (await oneRow<Head>(client, headNow))!;
    const check = new ChainCheck();
    for (let after = 0; ; ) {
      const rows = await rowsOf<ChainedEntry>(client, entriesAfter, [after, atOnce]);
      for (const row of rows) if (!check.take(row)) break;
      if (check.broken || rows.length < atOnce) break;
      after = rows[rows.length - 1].log_id;
    }
    if (!check.broken && (check.entries !== head.entries || !Buffer.from(head.hash).equals(check.hash))) {
      check.broken = {
        log_id: 0,
        outage_id: '',
        why: `the log ends after ${check.entries} entries, ${head.entries} were written: its end was removed`,
      };
    }
    return { entries: check.entries, head: Buffer.from(check.hash).toString('hex'), broken: check.broken };
  });
}

const unchainedCount: NamedQuery = {
  name: 'outage_log_unchained',
  text: 'select count(*)::int as count, min(log.log_id) as first from outage_log as log where log.hash is null',
};
const chainSet: NamedQuery = {
  name: 'outage_log_chain_set',
  text: `
    update outage_log as log set hash = given.hash
    from unnest($1::bigint[], $2::bytea[]) as given (log_id, hash)
    where log.log_id = given.log_id`,
};
/**
 * Chains the entries that were written before the chain. Once only: while the chain is empty.
 * @throws FluxError `log_broken` where entries without a hash stand behind ones that have one
 */
export async function chainLogOfBefore(pool: Pool): Promise<number> {
  const { count } = (await oneRow<{ count: number }>(pool, unchainedCount))!;
  if (count === 0) return 0;
  return inTransaction(pool, async (client) => {
    const head = (await oneRow<Head>(client, headForUpdate))!;
    if (head.entries > 0) {
      throw new FluxError(
        'log_broken',
        `${count} entries of the outage log carry no hash although the chain has begun; \`flux outages verify-log\` names the first`,
      );
    }
    let hash: Uint8Array = head.hash;
    let entries = 0;
    for (let after = 0; ; ) {
      const rows = await rowsOf<ChainedEntry>(client, entriesAfter, [after, atOnce]);
      const hashes = rows.map((row) => (hash = hashAfter(hash, row)));
      await rowsOf(client, chainSet, [rows.map((row) => row.log_id), hashes]);
      entries += rows.length;
      if (rows.length < atOnce) break;
      after = rows[rows.length - 1].log_id;
    }
    await rowsOf(client, headSet, [entries, hash]);
    return entries;
  });
}
