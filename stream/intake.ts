/**
 * Group commit for sources that send many small batches (HTTP): what arrives while a commit is under way goes into the
 * next one. Each submission learns its own duplicates; it is answered after its data is durable. A full queue refuses
 * at once: better a clear "later" than a growing memory.
 */
import { FluxError } from '#model/errors.ts';
import type { SetAside } from '#model/reading.ts';
import type { Claim, Committed } from '#model/stream.ts';

export interface Submitted {
  accepted: number;
  duplicate: number;
  setAside: number;
  /** first offset after the batch this went into */
  position: number;
}

interface Waiting<Rows> {
  rows: Rows;
  count: number;
  setAside: SetAside[];
  resolve: (submitted: Submitted) => void;
  reject: (error: unknown) => void;
}

export interface IntakeOptions<Rows, Result extends Committed> {
  /** most rows in the queue; more is refused with `overloaded` */
  maxQueuedRows: number;
  /** most rows in one commit */
  maxBatchRows: number;
  claim: () => Promise<Claim>;
  /** one batch out of the rows of many submissions */
  join: (parts: Rows[]) => Rows;
  commit: (claim: Claim, rows: Rows, setAside: SetAside[]) => Promise<Result>;
  /** after a commit, in commit order, before the submitters are answered */
  committed?: (rows: Rows, result: Result) => void;
}

export interface Intake<Rows> {
  submit(rows: Rows, count: number, setAside: SetAside[]): Promise<Submitted>;
  queuedRows(): number;
  /** resolves when nothing is queued */
  drained(): Promise<void>;
}

export function makeIntake<Rows, Result extends Committed>(options: IntakeOptions<Rows, Result>): Intake<Rows> {
  const queue: Waiting<Rows>[] = [];
  let queuedRows = 0;
  let claim: Claim | undefined;
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (queue.length > 0) {
      const parts: Waiting<Rows>[] = [];
      for (let rows = 0; queue.length > 0 && (parts.length === 0 || rows + queue[0].count <= options.maxBatchRows); ) {
        const next = queue.shift()!;
        rows += next.count;
        parts.push(next);
      }
      await commitParts(parts);
      for (const part of parts) queuedRows -= part.count + part.setAside.length;
    }
    running = undefined;
  }

  async function commitParts(parts: Waiting<Rows>[]): Promise<void> {
    try {
      claim ??= await options.claim();
      const rows = options.join(parts.map((part) => part.rows));
      const result = await options.commit(claim, rows, setAsideOf(parts));
      options.committed?.(rows, result);
      answer(parts, result, claim.nextOffset);
    } catch (error) {
      // The claim may be stale (fenced) or the outcome unknown (connection lost at commit): claim again next time.
      claim = undefined;
      for (const part of parts) part.reject(error);
    }
  }

  return {
    submit: (rows, count, setAside) => {
      const size = count + setAside.length;
      if (queuedRows > 0 && queuedRows + size > options.maxQueuedRows) {
        return Promise.reject(
          new FluxError(
            'overloaded',
            `the intake holds ${queuedRows} records that are not durable yet; send this batch again in a second`,
            { canRetry: true },
          ),
        );
      }
      queuedRows += size;
      return new Promise((resolve, reject) => {
        queue.push({ rows, count, setAside, resolve, reject });
        running ??= run();
      });
    },
    queuedRows: () => queuedRows,
    drained: async () => {
      while (running) await running;
    },
  };
}

/** Record positions become positions in the joined batch's own order of submissions. */
function setAsideOf<Rows>(parts: Waiting<Rows>[]): SetAside[] {
  return parts.flatMap((part) => part.setAside);
}

function answer<Rows>(parts: Waiting<Rows>[], result: Committed, position: number): void {
  let from = 0;
  let at = 0;
  for (const part of parts) {
    const to = from + part.count;
    let duplicate = 0;
    while (at < result.duplicateRows.length && result.duplicateRows[at] < to) {
      at++;
      duplicate++;
    }
    part.resolve({ accepted: part.count - duplicate, duplicate, setAside: part.setAside.length, position });
    from = to;
  }
}
