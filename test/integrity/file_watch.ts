/** A watch on a real store, in this process: what tests of folder and bucket need. */
import path from 'node:path';
import { makeFileWatch, type WatchNeeds } from '#bin/file_watch.ts';
import { type Engine, startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink, sweepSegments } from '#stores/columnar/segments.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { makeLedger } from '#stores/postgres/ledger.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { openPool, type Pool } from '#stores/postgres/pool.ts';
import { cleanUp, temporaryFolder } from '../running_center.ts';
import { meterCount, rowAt } from './sequence.ts';

export interface WatchBed {
  folder: string;
  pool: Pool;
  engine: Engine;
  /** problems that watches reported since the last `empty` */
  problems: string[];
  needs(place: WatchNeeds['place'], origin: WatchNeeds['origin'], more?: Partial<WatchNeeds>): WatchNeeds;
  empty(): Promise<void>;
  close(): Promise<void>;
}

export async function makeWatchBed(): Promise<WatchBed> {
  const folder = await temporaryFolder();
  const postgres: EmbeddedPostgres = await startEmbeddedPostgres(folder);
  const pool = openPool({ connection: postgres.connection });
  await migrate(pool);
  await sweepSegments(folder, new Set());
  const engine = startEngine({ name: 'files', path: ':memory:', temporaryFolder: folder });
  const problems: string[] = [];
  return {
    folder,
    pool,
    engine,
    problems,
    needs: (place, origin, more = {}) => ({
      pool,
      ledger: makeLedger(pool),
      sink: makeSegmentSink(engine, folder),
      ask: (sql) => engine.query(sql),
      meters: async () => ({
        rowOf: (id) => (/^M\d+$/.test(id) && Number(id.slice(1)) < meterCount ? Number(id.slice(1)) : -1),
        idOf: (key) => (key < meterCount ? `M${key}` : undefined),
      }),
      place,
      origin,
      source: origin === 'folder' ? 'files' : 'bucket',
      spoolFolder: path.join(folder, `spool-${origin}`),
      after: 'keep',
      report: (message, error) => problems.push(`${message}: ${String(error)}`),
      ...more,
    }),
    empty: async () => {
      await pool.query('truncate segment, stream_position, ami_realtime, set_aside, file_load restart identity');
      await sweepSegments(folder, new Set());
      problems.length = 0;
    },
    close: async () => {
      await engine.stop();
      await pool.end();
      await postgres.stop();
      await cleanUp(folder);
    },
  };
}

/** One look makes a file known, the next loads it. */
export async function lookTwice(needs: WatchNeeds): Promise<void> {
  const watch = await makeFileWatch(needs);
  await watch.round();
  await watch.round();
}

export interface LoadRow {
  name: string;
  state: string;
  code: string | null;
  records: number;
  accepted: number;
  set_aside: number;
  replaces: number | null;
  duplicate_of: number | null;
}

export async function loads(pool: Pool): Promise<LoadRow[]> {
  const { rows } = await pool.query<LoadRow>(
    `select load.name, load.state, load.code, load.records, load.accepted, load.set_aside, load.replaces, load.duplicate_of
     from file_load as load order by load.file_load_id`,
  );
  return rows;
}

export async function landed(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>('select coalesce(sum(row_count), 0)::int as n from segment');
  return rows[0].n;
}

/** Readings [from, to) of the sequence as JSON-lines or CSV. */
export function readingsText(format: 'jsonl' | 'csv', from: number, to: number): string {
  let text = format === 'csv' ? 'meter_id,reading_time,kwh,source_seq\n' : '';
  for (let k = from; k < to; k++) {
    const { meter, intervalStartS, wh } = rowAt(k);
    const reading_time = new Date(intervalStartS * 1000).toISOString();
    text +=
      format === 'csv'
        ? `M${meter},${reading_time},${wh / 1000},${k}\n`
        : `${JSON.stringify({ meter_id: `M${meter}`, reading_time, kwh: wh / 1000, source_seq: k })}\n`;
  }
  return text;
}
