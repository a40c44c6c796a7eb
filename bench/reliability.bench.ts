/**
 * Indices over years of outages: five years with two million steps, as the record keeps them; and a center that starts
 * with thousands of windows of planned work, half of them over.
 *
 *   flux bench reliability [--outages 700000] [--years 5] [--feeders 600] [--meters 600000] [--spans 4] [--repetitions 5]
 *                          [--windows 3000] [--window-meters 300]
 *
 * Opponent, in the same run: SQL over the stays of single meters, as the question would be asked of raw tables.
 */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { makePlannedBoard } from '#bin/planned_board.ts';
import type { NetworkColumns } from '#model/network.ts';
import { PlannedWork } from '#services/outages/engine_planned.ts';
import type { PlannedWindow } from '#services/outages/engine_records.ts';
import { makePlannedService } from '#services/outages/planned.ts';
import { makeReliabilityService } from '#services/reliability/service.ts';
import { bringEventsForward, bringOutagesForward } from '#services/reliability/summary.ts';
import { startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { openPool } from '#stores/postgres/pool.ts';
import { median } from './report/quantiles.ts';
import { printReport, say } from './report/report.ts';

const { values: options } = parseArgs({
  options: {
    outages: { type: 'string', default: '700000' },
    years: { type: 'string', default: '5' },
    feeders: { type: 'string', default: '600' },
    meters: { type: 'string', default: '600000' },
    spans: { type: 'string', default: '4' },
    repetitions: { type: 'string', default: '5' },
    windows: { type: 'string', default: '3000' },
    'window-meters': { type: 'string', default: '300' },
  },
});
const outages = Number(options.outages);
const years = Number(options.years);
const feeders = Number(options.feeders);
const meters = Number(options.meters);
const spans = Number(options.spans);
const windows = Number(options.windows);
const windowMeters = Number(options['window-meters']);
const zone = 'America/Chicago';
const lastDay = '2025-12-31';
const firstDay = `${2026 - years}-01-01`;

/** Only what the indices ask of a network: feeders of ten substations each, meters spread evenly. */
function benchNetwork(): NetworkColumns {
  const ids = (prefix: string) => ({
    at: (row: number) => `${prefix}${row}`,
    rowOf: (id: string) => Number(id.slice(1)),
  });
  const substations = Math.ceil(feeders / 10);
  const rows = (count: number, of: (i: number) => number) => Int32Array.from({ length: count }, (_, i) => of(i));
  const names = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
  return {
    name: 'bench',
    area: { count: 4, id: ids('A'), name: names(4, 'A') },
    substation: {
      count: substations,
      id: ids('S'),
      name: names(substations, 'S'),
      area: rows(substations, (i) => i % 4),
    },
    feeder: {
      count: feeders,
      id: ids('F'),
      name: names(feeders, 'F'),
      substation: rows(feeders, (i) => Math.floor(i / 10)),
    },
    node: { count: feeders, feeder: rows(feeders, (i) => i) },
    edge: { count: 0 },
    meter: { count: meters, node: rows(meters, (i) => i % feeders) },
  } as unknown as NetworkColumns;
}

const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-bench-reliability-'));
await fs.chmod(folder, 0o755);
const server = await startEmbeddedPostgres(folder);
const pool = openPool({ connection: server.connection });

async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; answer: T }> {
  const begin = performance.now();
  const answer = await work();
  return { seconds: (performance.now() - begin) / 1000, answer };
}

/** Outages of one to five steps at times spread over the years, each with the stays of some meters. */
async function fill(): Promise<void> {
  await pool.query(
    `insert into outage (id, outage_no, state, device_key, feeder_key, customers_out, customers_affected, critical_out, started_at,
                         detected_at, restored_at, is_open, source, cause, revision, updated_at, record)
     select 'OUT-' || n, n, 'closed', hashint4(n::int) & 65535, (hashint4(n::int * 7) & 1048575) % $2, 0, 10 + n % 90, 0,
            start_at, start_at, start_at + interval '3 hours', false, 'last_gasp',
            (array['tree', 'animal', 'equipment', 'weather'])[1 + n % 4], 1, start_at, '{}'::jsonb
     from (select n, '${firstDay}'::timestamptz + (n::float8 / $1) * $3 * interval '365 days' as start_at
           from generate_series(1, $1) as n) as made`,
    [outages, feeders, years],
  );
  await pool.query(
    `insert into outage_step (outage_id, step_no, from_at, to_at, customers_out, customer_minutes)
     select outage.id, step_no, outage.started_at + (step_no - 1) * interval '35 minutes', outage.started_at + step_no * interval '35 minutes',
            greatest(1, outage.customers_affected - (step_no - 1) * 8), 0
     from outage, generate_series(1, 1 + (outage.outage_no % 5)::int) as step_no`,
  );
  await pool.query(
    `insert into meter_outage_span (meter_key, outage_id, from_at, to_at)
     select ((outage.outage_no * 131 + member) % $1)::int, outage.id, outage.started_at, outage.started_at + interval '35 minutes' * (1 + member % 5)
     from outage, generate_series(1, $2) as member`,
    [meters, spans],
  );
  await pool.query('analyze');
}

/**
 * Windows of working hours over half a year back and half a year ahead, a transformer's street each time, entered out of
 * order; every meter of the first half of the territory sent messages.
 */
async function fillWindows(): Promise<void> {
  await pool.query(
    `insert into meter_event (meter_key, event_time, event_type, source, received_at)
     select (n::bigint * 7919 % $1)::int, now() - (n % 4000) * interval '1 hour', n % 2, 'simulation', now()
     from generate_series(1, $1) as n`,
    [meters],
  );
  await pool.query(
    `insert into planned_outage (equipment_key, meter_keys, from_at, to_at, reason, author)
     select null, array(select (((hashint4(n) & 1048575)::bigint * 977 + member) % $2)::int from generate_series(1, $3) as member),
            begin_at, begin_at + interval '6 hours', 'line work', 'bench'
     from (select n, date_trunc('day', now()) + ((hashint4(n) & 65535) % 364 - 182) * interval '1 day'
                     + (14 + n % 4) * interval '1 hour' as begin_at
           from generate_series(1, $1) as n) as made`,
    [windows, meters, windowMeters],
  );
  await pool.query('analyze');
}

async function measurePlanned() {
  await bringOutagesForward(pool, zone);
  await fillWindows();
  const record = await timed(() => bringOutagesForward(pool, zone));
  say(`${windows} windows of ${windowMeters} meters: record ${record.seconds.toFixed(2)} s`);
  const events = await timed(() => bringEventsForward(pool, zone));
  say(`messages of meters paired: ${events.seconds.toFixed(2)} s`);
  // messages date the begin of some windows otherwise
  await bringOutagesForward(pool, zone);
  let taken: PlannedWindow[] = [];
  const service = makePlannedService({
    pool,
    network: benchNetwork,
    metersBelow: () => new Int32Array(0),
    areaOfMeter: () => 'A0',
    changed: () => undefined,
  });
  const read = await timed(async () => {
    taken = await service.windows();
    makePlannedBoard().take(taken);
    new PlannedWork(meters).replace(taken);
  });
  say(`${taken.length} of them read for the engine and the board: ${read.seconds.toFixed(2)} s`);
  await pool.query(
    "update outage_step set to_at = to_at + interval '1 minute' where outage_id = 'OUT-' || $1 and step_no = 1",
    [outages],
  );
  const late = await timed(() => bringOutagesForward(pool, zone));
  return {
    ...{ windows, meters_each: windowMeters },
    record_s: record.seconds,
    events_s: events.seconds,
    read_s: read.seconds,
    late_outage_s: late.seconds,
  };
}

const perMeter = `
  select outage.feeder_key, sum(extract(epoch from span.to_at - span.from_at)) / 60 as minutes, count(*) as interruptions
  from meter_outage_span as span
  join outage on outage.id = span.outage_id and outage.state not in ('rejected', 'merged')
  where outage.started_at >= $1::timestamptz and outage.started_at < $2::timestamptz + interval '1 day'
    and span.to_at - span.from_at > interval '5 minutes'
  group by outage.feeder_key`;

try {
  await migrate(pool);
  say(`filling ${outages} outages of ${years} years`);
  const filled = await timed(fill);
  const { rows: counted } = await pool.query<{ steps: number; spans: number }>(
    'select (select count(*) from outage_step) as steps, (select count(*) from meter_outage_span) as spans',
  );
  say(`filled in ${filled.seconds.toFixed(1)} s; the record is made of all outages for the first time`);
  const first = await timed(() => bringOutagesForward(pool, zone));
  await pool.query('vacuum analyze reliability_interruption');
  const network = benchNetwork();
  const service = makeReliabilityService({
    crewsWorked: async () => [],
    pool,
    network: () => network,
    zone,
    report: (_, error) => say(String(error)),
  });
  await service.rows(firstDay, lastDay, 'system');
  const own: Record<string, number> = {};
  const questions: [string, () => Promise<unknown>][] = [
    ['system, all years', () => service.rows(firstDay, lastDay, 'system')],
    ['by feeder, all years', () => service.rows(firstDay, lastDay, 'feeder')],
    ['by feeder, last year', () => service.rows('2025-01-01', lastDay, 'feeder')],
    ['days and thresholds, all years', () => service.majorEventDays(firstDay, lastDay)],
    ['CEMI and CELID, last year', () => service.customers('2025-01-01', lastDay, 'system', null, false)],
  ];
  for (const [name, ask] of questions) {
    const times: number[] = [];
    for (let i = 0; i < Number(options.repetitions); i++) times.push((await timed(ask)).seconds);
    own[name] = median(times);
    say(`${name}: ${(median(times) * 1000).toFixed(0)} ms`);
  }
  const opponent: number[] = [];
  for (let i = 0; i < Number(options.repetitions); i++)
    opponent.push((await timed(() => pool.query(perMeter, [firstDay, lastDay]))).seconds);
  // a late change: one outage of years ago gets another end
  await pool.query(
    "update outage_step set to_at = to_at + interval '1 minute' where outage_id = 'OUT-5' and step_no = 1",
  );
  const late = await timed(() => bringOutagesForward(pool, zone));
  const planned = await measurePlanned();
  await printReport('reliability', {
    ...{ outages, years, feeders, meters, steps: counted[0].steps, spans: counted[0].spans },
    first_record_s: first.seconds,
    steps_per_s: Math.round(counted[0].steps / first.seconds),
    seconds: own,
    late_change_s: late.seconds,
    planned,
    opponent: { what: 'SQL over the stays of single meters, by feeder, all years', seconds: median(opponent) },
    times_the_opponent: median(opponent) / own['by feeder, all years'],
  });
} finally {
  await pool.end();
  await server.stop();
  await fs.rm(folder, { recursive: true, force: true });
}
