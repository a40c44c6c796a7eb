/** Runs ingesting processes, kills them, and checks what they left against the sequence. */
import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '#model/errors.ts';
import { type Engine, rowsFrom } from '#stores/columnar/engine.ts';
import { segmentFolder, sweepSegments, verifySegment } from '#stores/columnar/segments.ts';
import { knownSegmentPaths, segmentsAfter } from '#stores/postgres/ledger.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { ended, until } from '../running_center.ts';
import type { ChildTask } from './ingest_child.ts';
import { meterCount, rowAt } from './sequence.ts';

export interface Run {
  /** highest offset the process said was safe, 0 for none */
  acknowledged: number;
  said: string;
}

const childFile = path.join(import.meta.dirname, 'ingest_child.ts');

/** Starts one process and kills it `afterMs` after it begins to ingest; below zero: that long after its start. */
export async function ingestAndKill(task: ChildTask, afterMs: number): Promise<Run> {
  const child = spawn(process.execPath, [childFile, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let problems = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    problems += chunk.toString();
  });
  if (afterMs < 0) await sleep(-afterMs);
  else {
    while (!said.includes('ready') && child.exitCode === null && child.signalCode === null) await sleep(2);
    await Promise.race([sleep(afterMs), ended(child)]);
  }
  child.kill('SIGKILL');
  await ended(child);
  if (child.exitCode !== null) throw new Error(`the process ended by itself:\n${said}${problems}`);
  const last = said.match(/acknowledged (\d+)\n/g)?.at(-1);
  return { acknowledged: Number(last?.match(/\d+/)?.[0] ?? 0), said };
}

/** The server finishes what a killed process had sent it; until then two looks at the store differ. */
async function isQuiet(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ busy: number }>(
    `select count(*)::int as busy from pg_stat_activity
     where backend_type = 'client backend' and pid <> pg_backend_pid() and state <> 'idle'`,
  );
  return rows[0].busy === 0;
}

/**
 * Everything the promise is made of. @param engine any DuckDB, to read the segments with
 * @returns what is wrong, in words; nothing where the promise holds
 */
export async function checkIngest(
  facts: { pool: Pool; engine: Engine; dataFolder: string; source: string },
  acknowledged: number,
): Promise<string[]> {
  const { pool, engine, dataFolder, source } = facts;
  const problems: string[] = [];
  await until('commits of killed processes have ended', () => isQuiet(pool));
  const segments = (await segmentsAfter(pool, 0, 1e7)).filter((segment) => segment.source === source);
  for (const segment of segments)
    await verifySegment(dataFolder, segment).catch((error: unknown) => problems.push(messageOf(error)));
  if (problems.length > 0) return problems;

  const { rows: positions } = await pool.query(
    'select next_offset, received, landed, duplicate, set_aside from stream_position where source = $1',
    [source],
  );
  const position = positions[0] ?? { next_offset: 0, received: 0, landed: 0, set_aside: 0 };
  const n = Number(position.next_offset);
  if (acknowledged > n) problems.push(`lost: ${acknowledged} were acknowledged, the ledger holds ${n}`);
  if (position.received !== n || position.landed + position.set_aside !== n)
    problems.push(`not balanced: received ${position.received}, landed ${position.landed}, offset ${n}`);

  const files = segments.map((segment) => `'${path.join(segmentFolder(dataFolder), segment.path)}'`).join(', ');
  const rows = files
    ? rowsFrom<{ seq: number; record_offset: number; meter_key: number; interval_start_s: number; wh: number }>(
        await engine.query(
          `select source_seq as seq, record_offset, meter_key, interval_start_s, wh from read_parquet([${files}]) order by record_offset, seq`,
        ),
      )
    : [];
  const seen = new Map<number, number>();
  for (const row of rows) {
    seen.set(row.seq, (seen.get(row.seq) ?? 0) + 1);
    const expected = rowAt(row.seq);
    const isRight =
      row.meter_key === expected.meter && row.interval_start_s === expected.intervalStartS && row.wh === expected.wh;
    if (!isRight || row.seq !== row.record_offset)
      problems.push(`offset ${row.record_offset} holds reading ${row.seq}`);
  }
  for (const [seq, times] of seen) if (times > 1) problems.push(`doubled: reading ${seq} is stored ${times} times`);
  for (let k = 0; k < n; k++) if (!seen.has(k)) problems.push(`lost: reading ${k} is in no segment`);
  if (rows.length !== n) problems.push(`${rows.length} rows for ${n} offsets`);

  const { rows: hot } = await pool.query<{ meter_key: number; wh: number; start_s: number }>(
    'select meter_key, wh, extract(epoch from interval_start)::int as start_s from ami_realtime',
  );
  const newest = new Map(hot.map((row) => [row.meter_key, row]));
  for (let k = Math.max(0, n - meterCount); k < n; k++) {
    const { meter, wh, intervalStartS } = rowAt(k);
    const row = newest.get(meter);
    if (row?.wh !== wh || row.start_s !== intervalStartS)
      problems.push(`hot window: meter ${meter} does not show reading ${k}`);
  }

  await sweepSegments(dataFolder, await knownSegmentPaths(pool));
  const left = (await fs.readdir(segmentFolder(dataFolder))).length;
  if (left !== (await segmentsAfter(pool, 0, 1e7)).length)
    problems.push(`${left} files for ${segments.length} segments`);
  return problems.slice(0, 10);
}
