/**
 * Records that were set aside: found, submitted again, dismissed. A record that is submitted again is received anew at
 * source `resubmitted`, and its first refusal is closed in the same transaction: it stays counted where it was refused.
 */
import type { Resubmission, SetAsideEntry } from '#model/api/pipeline.ts';
import { FluxError } from '#model/errors.ts';
import type { SetAside } from '#model/reading.ts';
import type { Client, Pool } from '#stores/postgres/pool.ts';
import { remedyOf } from './remedies.ts';
import {
  newestSetAsideId,
  openRecords,
  type SetAsideFilter,
  type SetAsideRow,
  setAsideById,
  setAsideRecords,
  settleRecords,
} from './set_aside_sql.ts';

/** What the door made of a batch, before it is committed. */
export interface Taken {
  /** offset of the batch's first record at its new source */
  offsetFrom: number;
  source: string;
  setAside: SetAside[];
}

/**
 * Takes records through the door; `alongside` runs in the transaction that lands them, and what it throws undoes all.
 * @returns how many were repeats of what is known
 */
export type Resubmit = (
  kind: 'reading' | 'event',
  records: unknown[],
  alongside: (client: Client, taken: Taken) => Promise<void>,
) => Promise<{ accepted: number; duplicate: number; setAside: SetAside[] }>;

export interface SetAsideService {
  records(filter: SetAsideFilter, before: number | null, limit: number): Promise<SetAsideEntry[]>;
  /** @param corrected in the place of what was refused. @throws FluxError `not_found`, `conflict`, `bad_request` */
  resubmit(id: number, corrected: unknown, by: string): Promise<Resubmission>;
  /** All open records of a filter, the oldest first, up to a limit. */
  resubmitAll(filter: SetAsideFilter, by: string): Promise<Resubmission>;
  /** @throws FluxError `not_found`, `conflict` */
  dismiss(id: number, reason: string, by: string): Promise<SetAsideEntry>;
}

const recordsPerBatch = 1000;
const recordsPerCall = 50_000;
const reasonsTold = 5;

export function makeSetAsideService({ pool, resubmit }: { pool: Pool; resubmit: Resubmit }): SetAsideService {
  async function entryRow(id: number): Promise<SetAsideRow> {
    const row = await setAsideById(pool, id);
    if (!row) throw new FluxError('not_found', `there is no set-aside record ${id}`);
    return row;
  }

  /** One transaction for records of one kind. @throws FluxError `conflict` where one of them is not open any more */
  async function submit(rows: SetAsideRow[], records: unknown[], by: string): Promise<Resubmission> {
    const ids = rows.map((row) => row.id);
    const done = await resubmit(rows[0].kind, records, async (client, { offsetFrom, source, setAside }) => {
      const refused = new Map(setAside.map((record) => [record.index, record.code]));
      const resolutions = ids.map((_, i) =>
        refused.has(i)
          ? `set aside again (${refused.get(i)}) at ${source}, offset ${offsetFrom + i}`
          : `accepted at ${source}, offset ${offsetFrom + i}`,
      );
      const settled = await settleRecords(client, ids, resolutions, 'resubmitted', by);
      if (settled.length !== ids.length) throw noLongerOpen(ids.find((id) => !settled.includes(id))!);
    });
    return {
      submitted: records.length,
      accepted: done.accepted,
      duplicate: done.duplicate,
      refused: done.setAside.length,
      unreadable: 0,
      more: false,
      reasons: [...new Set(done.setAside.map((record) => record.reason))].slice(0, reasonsTold),
    };
  }

  return {
    records: async (filter, before, limit) => (await setAsideRecords(pool, filter, before, limit)).map(toEntry),

    resubmit: async (id, corrected, by) => {
      const row = await entryRow(id);
      if (row.state !== 'open') throw noLongerOpen(id);
      const record = corrected === undefined ? parsed(row) : { value: corrected };
      if (!record)
        throw new FluxError(
          'bad_request',
          `what was kept of record ${id} is no JSON (it was cut, or came damaged): send the corrected record`,
        );
      return submit([row], [record.value], by);
    },

    resubmitAll: async (filter, by) => {
      // What is refused again comes behind this: nothing is tried twice.
      const upTo = await newestSetAsideId(pool);
      const sum: Resubmission = nothing();
      let after = 0;
      for (let seen = 0; seen < recordsPerCall; ) {
        const page = await openRecords(pool, filter, after, upTo, recordsPerBatch);
        if (page.length === 0) return sum;
        seen += page.length;
        after = page[page.length - 1].id;
        for (const rows of Map.groupBy(page, (row) => row.kind).values()) await addBatch(rows, sum, by);
      }
      return { ...sum, more: (await openRecords(pool, filter, after, upTo, 1)).length > 0 };
    },

    dismiss: async (id, reason, by) => {
      await entryRow(id);
      if ((await settleRecords(pool, [id], [reason], 'dismissed', by)).length === 0) throw noLongerOpen(id);
      return toEntry(await entryRow(id));
    },
  };

  async function addBatch(rows: SetAsideRow[], sum: Resubmission, by: string): Promise<void> {
    const readable = rows.flatMap((row) => {
      const record = parsed(row);
      return record ? [{ row, value: record.value }] : [];
    });
    sum.unreadable += rows.length - readable.length;
    if (readable.length === 0) return;
    const done = await submit(
      readable.map(({ row }) => row),
      readable.map(({ value }) => value),
      by,
    );
    for (const field of ['submitted', 'accepted', 'duplicate', 'refused'] as const) sum[field] += done[field];
    sum.reasons = [...new Set([...sum.reasons, ...done.reasons])].slice(0, reasonsTold);
  }
}

const nothing = (): Resubmission => ({
  submitted: 0,
  accepted: 0,
  duplicate: 0,
  refused: 0,
  unreadable: 0,
  more: false,
  reasons: [],
});

const noLongerOpen = (id: number): FluxError =>
  new FluxError(
    'conflict',
    `record ${id} is not open any more: somebody re-submitted or dismissed it; look at it again`,
  );

function parsed({ content }: SetAsideRow): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(content) };
  } catch {
    return undefined;
  }
}

const toEntry = (row: SetAsideRow): SetAsideEntry => ({
  ...row,
  remedy: remedyOf(row.code),
  received_at: row.received_at.toISOString(),
  resolved_at: row.resolved_at?.toISOString() ?? null,
});
