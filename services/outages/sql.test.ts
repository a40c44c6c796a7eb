/** When a meter had no supply, as others read it: of members that spoke and of members that did not. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { openPool, type Pool } from '#stores/postgres/pool.ts';
import { callbacks, findCall, insertCalls } from './calls_sql.ts';
import type { MeterRow, OutageRecord } from './engine_records.ts';
import { customersOutTimeline, spansWithoutSupply, storeOutages } from './sql.ts';

let folder: string;
let server: EmbeddedPostgres;
let pool: Pool;
const atS = 1_783_500_000;
const ms = (minutes: number): number => (atS + minutes * 60) * 1000;

before(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-outages-'));
  await fs.chmod(folder, 0o755);
  server = await startEmbeddedPostgres(folder);
  pool = openPool({ connection: server.connection });
  await migrate(pool);
});
after(async () => {
  await pool.end();
  await server.stop();
  await fs.rm(folder, { recursive: true, force: true });
});

const record = (number: number, more: Partial<OutageRecord> = {}): OutageRecord => ({
  id: `OUT-${number}`,
  number,
  state: 'predicted',
  device: 0,
  meter: -1,
  source: 'last_gasp',
  startedMs: ms(0),
  detectedMs: ms(0),
  restoredMs: null,
  stateSinceMs: ms(0),
  updatedMs: ms(0),
  customersOut: 2,
  customersRestored: 0,
  criticalOut: 0,
  dark: 1,
  back: 0,
  lit: 0,
  called: 0,
  phases: 0,
  splitFrom: null,
  crew: null,
  cause: null,
  mergedInto: null,
  nestedIn: null,
  revision: 1,
  steps: [{ fromMs: ms(0), toMs: null, customersOut: 2, customerMinutes: 0 }],
  ...more,
});
const meter = (key: number, outageId: string | null, darkMs: number, litMs: number): MeterRow => ({
  meter: key,
  state: darkMs > litMs ? 1 : 3,
  darkMs,
  litMs,
  ripeMs: 0,
  outageId,
  leftoverOf: null,
});
const write = (outage: OutageRecord, meters: MeterRow[]) =>
  storeOutages(pool, {
    outages: [{ record: outage, feederKey: 0, isOpen: outage.restoredMs === null }],
    log: [],
    meters,
    devices: [],
    rates: [],
    marks: { appliedEventId: 0, appliedCallNo: 0, nextOutageNo: 1 },
  });
const minutesOf = async (): Promise<number[][]> =>
  (await spansWithoutSupply(pool, atS - 10 * 86_400, atS + 86_400)).map((span) => [
    span.meterKey,
    (span.fromS - atS) / 60,
    (span.toS - atS) / 60,
  ]);

test('a member that spoke went dark and came back by its own clock; a silent one with the outage and its step', async () => {
  // the silent one was out three days before, and came back
  await write(record(1), [meter(7, 'OUT-1', ms(1), -1), meter(8, 'OUT-1', ms(-4320), ms(-4300))]);
  const steps = [{ fromMs: ms(0), toMs: ms(90), customersOut: 2, customerMinutes: 180 }];
  await write(record(1, { state: 'restored', restoredMs: ms(90), customersOut: 0, steps }), [
    meter(7, null, ms(1), ms(88)),
    meter(8, null, ms(-4320), ms(-4300)),
  ]);
  assert.deepEqual(await minutesOf(), [
    [7, 1, 88],
    [8, 0, 90],
  ]);
});

test('a prediction that was rejected says nothing about supply', async () => {
  await write(record(2, { startedMs: ms(200) }), [meter(9, 'OUT-2', ms(200), -1)]);
  assert.equal((await minutesOf()).length, 3);
  await write(record(2, { startedMs: ms(200), state: 'rejected' }), [meter(9, null, ms(200), ms(201))]);
  assert.equal((await minutesOf()).length, 2);
});

test('steps that became one again leave no open row: customers out over time fall to nothing', async () => {
  const open = { fromMs: ms(390), toMs: null, customersOut: 1, customerMinutes: 0 };
  const first = { fromMs: ms(300), toMs: ms(390), customersOut: 2, customerMinutes: 180 };
  await write(record(3, { state: 'partly_restored', startedMs: ms(300), customersOut: 1, steps: [first, open] }), []);
  const steps = [{ ...first, toMs: ms(391) }];
  await write(record(3, { state: 'restored', startedMs: ms(300), restoredMs: ms(391), customersOut: 0, steps }), []);
  const { rows } = await pool.query("select step.step_no from outage_step as step where step.outage_id = 'OUT-3'");
  assert.deepEqual(rows, [{ step_no: 1 }]);
});

test('C3 a call is of the outage around it: not of one that came a month later, with its callback', async () => {
  const meter = 77;
  const at = (minutes: number): string => new Date(ms(minutes)).toISOString();
  const call = (id: string, minutes: number) => ({
    ...{ id, meter_key: meter, place: null, kind: 'flicker', words: '', callback: '555-0100', taken_by: 'ann' },
    called_at: at(minutes),
  });
  const month = 30 * 24 * 60;
  await insertCalls(pool, [call('a month before', 0), call('before', month - 20), call('meanwhile', month + 5)]);
  const started = { startedMs: ms(month), detectedMs: ms(month), restoredMs: ms(month + 60) };
  const outage = record(90, { ...started, state: 'restored', steps: [] });
  const dark: MeterRow = {
    meter,
    state: 1,
    darkMs: ms(month),
    litMs: 0,
    ripeMs: 0,
    outageId: 'OUT-90',
    leftoverOf: null,
  };
  const write = { log: [], devices: [], rates: [], marks: { appliedEventId: 0, appliedCallNo: 0, nextOutageNo: 1 } };
  const outages = [{ record: outage, feederKey: 0, isOpen: true }];
  await storeOutages(pool, { ...write, outages, meters: [dark] });
  const of = async (id: string) => (await findCall(pool, id))?.outage_id;
  assert.deepEqual([await of('a month before'), await of('before'), await of('meanwhile')], [null, 'OUT-90', 'OUT-90']);
  const due = await callbacks(pool, 10, null);
  assert.deepEqual(due.map(({ id }) => id).sort(), ['before', 'meanwhile']);
});

test('customers out over time: what each instant says, and the years before cost a question of hours nothing', async () => {
  const old = 30_000;
  const outage = `insert into outage (id, outage_no, state, device_key, feeder_key, customers_out, customers_affected, critical_out,
      started_at, detected_at, is_open, source, revision, updated_at, record)
    select 'OLD-' || n, 100000 + n, case when n % 5 = 0 then 'rejected' else 'closed' end, 1, n % 7, 0, 5, 0, now(), now(), false,
      'last_gasp', 1, now(), '{}'
    from generate_series(1, $1::int) as n`;
  await pool.query(outage, [old]);
  const dayS = 86_400;
  const beginS = atS + 1000 * dayS;
  // each in three steps of twenty minutes; the newest lie in the hours that are asked about, some last
  await pool.query(
    `insert into outage_step (outage_id, step_no, from_at, to_at, customers_out, customer_minutes)
     select 'OLD-' || n, s, to_timestamp($2 - n * 60 + s * 1200),
       case when s < 3 or n % 3 > 0 then to_timestamp($2 - n * 60 + s * 1200 + 1200) end, n % 11 + 3 - s, 0
     from generate_series(1, $1::int) as n, generate_series(1, 3) as s
     where s < 3 or n % 3 > 0 or n < 500`,
    [old, beginS],
  );
  const steps = (
    await pool.query<{ from_s: number; to_s: number | null; customers_out: number; feeder_key: number }>(
      `select extract(epoch from step.from_at)::float8 as from_s, extract(epoch from step.to_at)::float8 as to_s,
         step.customers_out, outage.feeder_key
       from outage_step as step
       join outage on outage.id = step.outage_id and outage.state <> 'rejected' and outage.merged_into is null`,
    )
  ).rows;
  const startedMs = performance.now();
  for (const [fromS, toS, bucketS, feeders] of [
    [beginS - 12 * 3600, beginS, 180, null],
    [beginS - 7201, beginS + 3600, 613, [2, 3]],
    // an end of a step is the end of a bucket
    [beginS - 3600, beginS, 60, null],
  ] as const) {
    const rows = await customersOutTimeline(pool, fromS, toS, bucketS, feeders && [...feeders]);
    for (const row of rows) {
      const endS = row.start_s + bucketS;
      const now = steps.filter(
        (step) =>
          step.from_s < endS &&
          (step.to_s === null || step.to_s >= endS) &&
          (feeders === null || (feeders as readonly number[]).includes(step.feeder_key)),
      );
      const out = now.reduce((sum, step) => sum + step.customers_out, 0);
      assert.deepEqual([row.customers_out, row.outages_open], [out, now.length], `${fromS} + ${row.start_s - fromS}`);
    }
    assert.ok(rows.some((row) => row.customers_out > 0));
  }
  // each step compared with each bucket takes half a minute
  assert.ok(performance.now() - startedMs < 8000, `${performance.now() - startedMs} ms`);
});
