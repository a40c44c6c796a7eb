/** The reliability record against outages as their owner stores them: what counts, what it adds up to, and late changes. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Interruption, ReliabilityIndices } from '#model/api/reliability.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { MeterRow, OutageRecord, OutageStepRow } from '#services/outages/engine_records.ts';
import { storeOutages } from '#services/outages/sql.ts';
import { keepHistory, readHistory } from '#services/reliability/history.ts';
import {
  declaredAgainstMeasured,
  interruptionDetail,
  interruptionEvents,
  interruptionMeters,
  listInterruptions,
} from '#services/reliability/interruptions.ts';
import { makeReliabilityService, type ReliabilityService } from '#services/reliability/service.ts';
import { periodOf } from '#services/reliability/snapshot.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { writeNetwork } from '#stores/postgres/network_tables.ts';
import { servers, startServer, type TestServer } from './stores/servers.ts';

const zone = 'America/Chicago';
const minute = 60_000;
const hour = 60 * minute;
/** what lasts is counted up to this moment */
const frozenMs = Date.now();
let server: TestServer;
let network: NetworkColumns;
let service: ReliabilityService;

before(async () => {
  server = await startServer(servers[0]);
  await migrate(server.pool);
  network = generateTerritory({ scale: 1000, seed: 7, onProgress: () => undefined });
  await writeNetwork(server.pool, network, { sha256: 'x', seed: 7 });
  service = makeReliabilityService({
    pool: server.pool,
    network: () => network,
    zone,
    now: () => frozenMs,
    report: (message, error) => assert.fail(`${message}: ${String(error)}`),
  });
});
after(() => server.stop());

async function forget(): Promise<void> {
  await server.pool.query(
    'truncate outage, outage_step, outage_log, meter_outage_span, meter_supply, meter_event, reliability_due, reliability_interruption, reliability_momentary restart identity cascade',
  );
  await server.pool.query('update reliability_mark set event_id = 0, time_zone = null');
}

interface Given {
  number: number;
  feeder?: number;
  /** [from, to, customers], UTC epoch ms */
  steps: [number, number | null, number][];
  state?: OutageRecord['state'];
  cause?: string | null;
  meters?: { meter: number; darkMs: number; litMs: number }[];
}

async function store({ number, feeder = 0, steps, state, cause = null, meters = [] }: Given): Promise<void> {
  const rows = steps.map(
    ([fromMs, toMs, customersOut]): OutageStepRow => ({
      fromMs,
      toMs,
      customersOut,
      customerMinutes: toMs === null ? 0 : (customersOut * (toMs - fromMs)) / minute,
    }),
  );
  const last = rows.at(-1);
  const isOpen = last?.toMs === null;
  const id = `OUT-${number}`;
  const record: OutageRecord = {
    ...{
      id,
      number,
      state: state ?? (isOpen ? 'confirmed' : 'closed'),
      device: network.feeder.headEdge[feeder],
      meter: -1,
    },
    ...{
      source: 'last_gasp',
      startedMs: steps[0][0],
      detectedMs: steps[0][0],
      restoredMs: isOpen ? null : (last?.toMs ?? null),
    },
    ...{ stateSinceMs: 0, updatedMs: steps[0][0], customersOut: isOpen ? last!.customersOut : 0, customersRestored: 0 },
    ...{ criticalOut: 0, dark: 0, back: 0, lit: 0, crew: null, cause, mergedInto: state === 'merged' ? 'OUT-1' : null },
    ...{ nestedIn: null, splitFrom: null, phases: 0, called: 0, revision: 1, steps: rows },
  };
  const row = (one: { meter: number; darkMs: number; litMs: number }, inside: boolean): MeterRow => ({
    meter: one.meter,
    state: inside ? 1 : 3,
    darkMs: one.darkMs,
    litMs: inside ? -1 : one.litMs,
    ripeMs: 0,
    outageId: inside ? id : null,
    leftoverOf: null,
  });
  const write = (members: MeterRow[]) =>
    storeOutages(server.pool, {
      outages: [{ record, feederKey: feeder, isOpen }],
      ...{
        log: [],
        meters: members,
        devices: [],
        marks: { appliedEventId: 0, appliedCallNo: 0, nextOutageNo: number + 1 },
      },
    });
  await write(meters.map((one) => row(one, true)));
  if (!isOpen && meters.length > 0) await write(meters.map((one) => row(one, false)));
}

const at = (iso: string): number => Date.parse(iso);
const system = async (from = '2026-01-01', to = '2026-12-31'): Promise<ReliabilityIndices> =>
  (await service.rows(from, to, 'system'))[0].all;
const list = (
  from: string,
  to: string,
  limit = 10_000,
  more: { planned?: boolean; isMajor?: boolean } = {},
): Promise<Interruption[]> =>
  service.ask((snapshot) =>
    listInterruptions(
      snapshot,
      periodOf(from, to),
      { level: 'system', id: null, planned: more.planned ?? null, isMajor: more.isMajor ?? null, limit, visible: null },
      service.places(),
    ),
  );
const sumOf = <T>(rows: readonly T[], field: (row: T) => number): number =>
  rows.reduce((sum, row) => sum + field(row), 0);
/** Sums of whole milliseconds, in minutes: the same to the last bit of a division each. */
const same = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`);

describe('what counts', () => {
  test('by hand: SAIDI, SAIFI, CAIDI, MAIFI, ASAI of two outages', async () => {
    await forget();
    const t = at('2026-02-03T12:00:00Z');
    await store({
      number: 1,
      steps: [
        [t, t + 3 * minute, 24],
        [t + 3 * minute, t + 20 * minute, 18],
        [t + 20 * minute, t + hour, 6],
      ],
    });
    await store({ number: 2, feeder: 1, steps: [[t, t + 30 * minute, 100]] });
    await service.caughtUp();
    const { customers } = service.places();
    const all = await system('2026-02-01', '2026-02-28');
    assert.deepEqual([all.interruptions, all.customers_interrupted, all.momentary_customers], [2, 118, 6]);
    assert.equal(all.customer_minutes, 12 * 20 + 6 * 60 + 3000);
    assert.deepEqual(
      [all.saidi, all.saifi, all.caidi, all.maifi],
      [3600 / customers, 118 / customers, 3600 / 118, 6 / customers],
    );
    same(all.asai! * 1e6, (1 - 3600 / (customers * 28 * 1440)) * 1e6);
  });

  test('rejected and merged outages do not count, also when they become so late', async () => {
    await forget();
    const t = at('2026-02-03T12:00:00Z');
    await store({ number: 1, steps: [[t, t + hour, 10]] });
    await store({ number: 2, steps: [[t, t + hour, 5]] });
    await service.caughtUp();
    assert.equal((await system()).customer_minutes, 900);
    await store({ number: 2, steps: [[t, t + hour, 5]], state: 'rejected' });
    assert.equal((await system()).customer_minutes, 600, 'at once, before the record was brought forward');
    await service.caughtUp();
    assert.equal((await system()).customer_minutes, 600);
    await store({ number: 2, steps: [[t, t + hour, 5]], state: 'merged' });
    await service.caughtUp();
    assert.equal((await system()).interruptions, 1);
  });

  test('an open outage counts up to now and is marked; its end is seen at once', async () => {
    await forget();
    const t = frozenMs - 2 * hour;
    const day = new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(t);
    await store({ number: 1, steps: [[t, null, 10]] });
    await service.caughtUp();
    const first = await system(day, day);
    assert.equal(first.customer_minutes, 1200);
    assert.equal((await service.rows(day, day, 'system'))[0].open, 1);
    const [row] = await list(day, day);
    assert.deepEqual([row.is_open, row.ended_at], [true, null]);
    await store({ number: 1, steps: [[t, t + hour, 10]] });
    assert.equal((await system(day, day)).customer_minutes, 600);
    await service.caughtUp();
    assert.deepEqual(
      [(await system(day, day)).customer_minutes, (await service.rows(day, day, 'system'))[0].open],
      [600, 0],
    );
  });

  test('a nested outage begins where the one it is left over from ended: no minute counts twice', async () => {
    await forget();
    const t = at('2026-02-03T12:00:00Z');
    await store({ number: 1, steps: [[t, t + hour, 10]] });
    await store({ number: 2, steps: [[t + hour, t + 2 * hour, 2]] });
    await service.caughtUp();
    assert.equal((await system()).customer_minutes, 10 * 60 + 2 * 60);
  });

  test('a step that the record has no more does not count', async () => {
    await forget();
    const t = at('2026-02-03T12:00:00Z');
    await store({
      number: 1,
      steps: [
        [t, t + hour, 10],
        [t + hour, null, 4],
      ],
    });
    await store({ number: 1, steps: [[t, t + hour, 10]] });
    await service.caughtUp();
    assert.equal((await system()).customer_minutes, 600);
  });

  test('planned interruptions stand apart', async () => {
    await forget();
    const t = at('2026-02-03T12:00:00Z');
    await store({ number: 1, steps: [[t, t + hour, 10]], cause: 'planned maintenance' });
    await store({ number: 2, steps: [[t, t + hour, 3]] });
    await service.caughtUp();
    const [row] = await service.rows('2026-02-01', '2026-02-28', 'system');
    assert.deepEqual([row.all.customer_minutes, row.planned.customer_minutes], [180, 600]);
    assert.deepEqual(
      (await list('2026-02-01', '2026-02-28', 10, { planned: true })).map(({ id }) => id),
      ['OUT-1'],
    );
  });

  test('an interruption belongs to the local day it began in; another zone counts the days anew', async () => {
    await forget();
    // 23:30 on 7 March, over midnight, on the evening before clocks go forward
    const t = at('2026-03-08T05:30:00Z');
    await store({ number: 1, steps: [[t, t + 4 * hour, 10]] });
    await service.caughtUp();
    const days = async (one: ReliabilityService) =>
      (await one.majorEventDays('2026-03-01', '2026-03-31')).days.map(({ day, customer_minutes }) => [
        day,
        customer_minutes,
      ]);
    assert.deepEqual(await days(service), [['2026-03-07', 2400]]);
    const utc = makeReliabilityService({
      pool: server.pool,
      network: () => network,
      zone: 'UTC',
      report: () => undefined,
    });
    await utc.caughtUp();
    assert.deepEqual(await days(utc), [['2026-03-08', 2400]]);
    await service.caughtUp();
    assert.deepEqual(await days(service), [['2026-03-07', 2400]]);
  });
});

describe('momentary interruptions by meter events', () => {
  const send = (events: [meter: number, ms: number, type: number][]) =>
    server.pool.query(
      `insert into meter_event (meter_key, event_time, event_type, source, received_at)
       select * from unnest($1::int[], $2::timestamptz[], $3::smallint[], array_fill('test'::text, array[$4::int]), array_fill(now(), array[$4::int]))`,
      [
        events.map(([meter]) => meter),
        events.map(([, ms]) => new Date(ms).toISOString()),
        events.map(([, , type]) => type),
        events.length,
      ],
    );
  const maifi = async (): Promise<number> => (await system()).momentary_customers;
  const t = at('2026-02-03T12:00:00Z');

  test('dark and lit within five minutes, in any order of arrival; longer, or only one of the two, is none', async () => {
    await forget();
    await send([
      [1, t, 0],
      [1, t + 40_000, 1],
      [2, t, 0],
      [2, t + 5 * minute, 1],
      [3, t, 0],
      [3, t + 5 * minute + 1, 1],
      [4, t, 0],
      [5, t, 1],
    ]);
    await service.caughtUp();
    assert.equal(await maifi(), 2);
    await send([
      [4, t + 20_000, 1],
      [5, t - 20_000, 0],
    ]);
    await service.caughtUp();
    assert.equal(await maifi(), 4);
  });

  test('later messages correct it: an older gasp makes it long, an earlier return shortens it; repeats change nothing', async () => {
    await forget();
    await send([
      [1, t, 0],
      [1, t + 2 * minute, 1],
      [2, t, 0],
      [2, t + 2 * minute, 1],
    ]);
    await service.caughtUp();
    assert.equal(await maifi(), 2);
    await send([
      [1, t - 10 * minute, 0],
      [2, t + minute, 1],
      [2, t + 10_000, 0],
    ]);
    await service.caughtUp();
    assert.equal(await maifi(), 1);
    const { rows } = await server.pool.query('select meter_key, from_at, to_at from reliability_momentary');
    assert.deepEqual(
      rows.map((row: { meter_key: number; from_at: Date; to_at: Date }) => [
        row.meter_key,
        +row.from_at - t,
        +row.to_at - t,
      ]),
      [[2, 0, minute]],
    );
  });

  test('within an outage that counts, the steps count it; when the outage is rejected, the messages do', async () => {
    await forget();
    await send([
      [1, t, 0],
      [1, t + minute, 1],
    ]);
    const outage: Given = {
      number: 1,
      steps: [[t, t + minute, 1]],
      meters: [{ meter: 1, darkMs: t, litMs: t + minute }],
    };
    await store(outage);
    await service.caughtUp();
    assert.equal(await maifi(), 1);
    const { rows } = await server.pool.query('select in_outage from reliability_momentary');
    assert.deepEqual(rows, [{ in_outage: true }]);
    await store({ ...outage, state: 'rejected' });
    await service.caughtUp();
    assert.equal(await maifi(), 1);
    assert.equal((await system()).interruptions, 0);
  });
});

describe('late changes', () => {
  test('make only the touched rows again', async () => {
    await forget();
    const t = at('2026-02-03T12:00:00Z');
    for (let number = 1; number <= 20; number++)
      await store({ number, steps: [[t + number * hour * 24, t + number * hour * 24 + hour, 10]] });
    await service.caughtUp();
    const versions = async (): Promise<Map<string, string>> =>
      new Map(
        (
          await server.pool.query<{ id: string; v: string }>('select id, xmin::text as v from reliability_interruption')
        ).rows.map(({ id, v }) => [id, v]),
      );
    const before = await versions();
    await store({ number: 7, steps: [[t + 7 * hour * 24, t + 7 * hour * 24 + 2 * hour, 10]] });
    assert.equal((await system()).customer_minutes, 19 * 600 + 1200, 'right before the row is made again');
    await service.caughtUp();
    const changed = [...(await versions())].filter(([id, v]) => before.get(id) !== v).map(([id]) => id);
    assert.deepEqual(changed, ['OUT-7']);
    assert.equal((await system()).customer_minutes, 19 * 600 + 1200);
  });

  test('the kept record is what is made of all outages anew, after any history of changes', async () => {
    await forget();
    const start = at('2026-01-05T00:00:00Z');
    const change = fc.record({
      number: fc.integer({ min: 1, max: 6 }),
      feeder: fc.nat(network.feeder.count - 1),
      lengths: fc.array(fc.record({ m: fc.integer({ min: 1, max: 200 }), customers: fc.nat(30) }), {
        minLength: 1,
        maxLength: 4,
      }),
      state: fc.constantFrom('closed' as const, 'rejected' as const, 'restored' as const),
      bring: fc.boolean(),
    });
    const kept = async () =>
      (
        await server.pool.query(
          'select id, day, feeder_key, customers_interrupted, customer_ms, momentary_customers from reliability_interruption order by id',
        )
      ).rows;
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        for (const one of changes) {
          let atMs = start + one.number * 3 * hour;
          const steps = one.lengths.map(({ m, customers }): [number, number, number] => {
            const fromMs = atMs;
            atMs += m * minute;
            return [fromMs, atMs, customers];
          });
          await store({ number: one.number, feeder: one.feeder, steps, state: one.state });
          if (one.bring) await service.caughtUp();
        }
        const asked = await system();
        await service.caughtUp();
        const forward = await kept();
        assert.deepEqual(await system(), asked);
        await server.pool.query(
          'truncate reliability_interruption; insert into reliability_due (outage_id) select id from outage',
        );
        await service.caughtUp();
        assert.deepEqual(await kept(), forward);
      }),
      { numRuns: 15 },
    );
  });
});

describe('an index taken apart', () => {
  const start = at('2026-01-05T06:00:00Z');
  let seed = 11;
  const next = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };

  before(async () => {
    await forget();
    for (let number = 1; number <= 60; number++) {
      let atMs = start + next(300 * 24 * 60) * minute + next(60_000);
      let customers = 5 + next(40);
      const fromMs = atMs;
      const steps: [number, number | null, number][] = [];
      for (let part = 0; part <= next(4); part++) {
        const toMs = atMs + (1 + next(200)) * minute + next(60_000);
        steps.push([atMs, toMs, customers]);
        atMs = toMs;
        customers = Math.max(1, customers - next(9));
      }
      const meters = Array.from({ length: next(30) }, (_, i) => ({
        meter: number * 10 + i,
        darkMs: fromMs + next(9000),
        litMs: atMs - next(90_000),
      }));
      await store({
        number,
        feeder: number % network.feeder.count,
        steps,
        meters,
        cause: ['tree', 'animal', null][number % 3],
      });
    }
    // a storm day, and one that lasts
    const storm = at('2026-07-08T15:00:00Z');
    await store({ number: 61, feeder: 0, steps: [[storm, storm + 30 * hour, 400]], cause: 'storm' });
    await store({ number: 62, feeder: 1, steps: [[frozenMs - 3 * hour, null, 25]] });
    await keepHistory(
      server.pool,
      readHistory(
        'past.csv',
        `start,end,customers,feeder,cause\n${Array.from({ length: 200 }, (_, i) => `2025-0${1 + (i % 9)}-${String(1 + (i % 28)).padStart(2, '0')} 0${i % 10}:00,2025-0${1 + (i % 9)}-${String(1 + (i % 28)).padStart(2, '0')} 1${i % 10}:${String(i % 60).padStart(2, '0')},${1 + (i % 13)},${i % 3 === 0 ? '' : network.feeder.id.at(i % network.feeder.count)},tree`).join('\n')}\n`,
        {
          ...{ zone, nowMs: Date.now(), ownSinceMs: start, deviceRowOf: () => -1, feederOfDevice: () => -1 },
          feederRowOf: (id) => network.feeder.id.rowOf(id),
        },
      ).rows,
      zone,
    );
    await service.caughtUp();
  });
  const from = '2025-01-01';
  const to = '2030-12-31';

  test('every level adds up to the system: feeder SAIDI weighted by customers is system SAIDI', async () => {
    const all = await system(from, to);
    // of 200 declared ones one began in the hour that clocks left out
    assert.ok(all.interruptions === 261 && all.customer_minutes > 700_000, JSON.stringify(all));
    for (const level of ['area', 'substation', 'feeder', 'device'] as const) {
      const rows = await service.rows(from, to, level);
      for (const field of [
        'interruptions',
        'customers_interrupted',
        'customer_minutes',
        'momentary_customers',
      ] as const)
        same(
          sumOf(rows, (row) => row.all[field]),
          all[field],
        );
      if (level === 'device') continue;
      const nowhere = rows.find(({ id }) => id === '')!;
      const weighted = sumOf(rows, (row) => (row.all.saidi ?? 0) * row.customers_served) + nowhere.all.customer_minutes;
      same(weighted / service.places().customers, all.saidi!);
    }
  });

  test('periods that follow each other add up to the whole', async () => {
    const all = await system(from, to);
    const parts = await Promise.all([
      system(from, '2025-12-31'),
      system('2026-01-01', '2026-03-08'),
      system('2026-03-09', '2026-07-08'),
      system('2026-07-09', to),
    ]);
    for (const field of ['interruptions', 'customers_interrupted', 'customer_minutes', 'momentary_customers'] as const)
      same(
        sumOf(parts, (part) => part[field]),
        all[field],
      );
    const { days } = await service.majorEventDays(from, to);
    same(
      sumOf(days, ({ customer_minutes }) => customer_minutes),
      all.customer_minutes,
    );
    const causes = await service.causes(from, to, 'system', null, false);
    same(
      sumOf(causes, ({ customer_minutes }) => customer_minutes),
      all.customer_minutes,
    );
  });

  test('index -> interruptions -> steps -> meters: the sum is the same at each level; a lost one is seen', async () => {
    const all = await system('2026-01-01', to);
    const rows = await list('2026-01-01', to);
    assert.equal(rows.length, 62);
    same(
      sumOf(rows, ({ customer_minutes }) => customer_minutes),
      all.customer_minutes,
    );
    for (const { id, customer_minutes } of rows) {
      const detail = await service.ask((snapshot) => interruptionDetail(snapshot, id!, service.places()));
      same(detail.steps_customer_minutes, customer_minutes);
      same(
        sumOf(detail.steps, (step) => step.customer_minutes),
        customer_minutes,
      );
      const { meters, customer_minutes: byMeters } = await service.ask((snapshot) =>
        interruptionMeters(snapshot, id!, 1000, service.places()),
      );
      same(byMeters, customer_minutes);
      same(
        sumOf(meters, (meter) => meter.customer_minutes),
        customer_minutes,
      );
      if (detail.steps.length > 1 && detail.steps[0].customer_minutes > 0)
        assert.ok(Math.abs(sumOf(detail.steps.slice(1), (step) => step.customer_minutes) - customer_minutes) > 1e-6);
    }
  });

  test('a list with a limit ends with the rest, so that its sum stands', async () => {
    const whole = await list(from, '2026-08-01');
    const some = await list(from, '2026-08-01', 7);
    assert.deepEqual(some.slice(0, 7), whole.slice(0, 7));
    assert.deepEqual([some.length, some[7].origin, some[7].interruptions], [8, 'rest', whole.length - 7]);
    for (const field of ['interruptions', 'customers_interrupted', 'customer_minutes', 'momentary_customers'] as const)
      same(
        sumOf(some, (row) => row[field]),
        sumOf(whole, (row) => row[field]),
      );
  });

  test('the storm day is a major event day by the year before it, and its interruptions are those the index leaves out', async () => {
    const facts = await service.majorEventDays('2026-01-01', '2026-12-31');
    assert.ok(facts.thresholds[0].t_med! > 0, JSON.stringify(facts.thresholds));
    assert.ok(facts.days.some(({ day, is_major }) => day === '2026-07-08' && is_major));
    const [row] = await service.rows('2026-01-01', '2026-12-31', 'system');
    const major = await list('2026-01-01', '2026-12-31', 10_000, { isMajor: true });
    assert.ok(row.without_major.customer_minutes < row.all.customer_minutes);
    same(
      row.all.customer_minutes -
        sumOf(
          major.filter((one) => !one.is_open),
          (one) => one.customer_minutes,
        ),
      row.without_major.customer_minutes,
    );
  });

  test('CEMI and CELID are what the meters one by one went through', async () => {
    const { rows } = await server.pool.query<{ meter_key: number; n: number; s: number }>(
      `select meter_key, count(*)::int as n, sum(extract(epoch from to_at - from_at))::float8 as s from meter_outage_span
       where to_at - from_at > interval '5 minutes' group by 1`,
    );
    assert.ok(rows.length > 100);
    const found = await service.customers('2026-01-01', to, 'system', null, false);
    for (const { n, customers } of found.cemi)
      assert.equal(customers, rows.filter((row) => row.n >= n).length, `CEMI-${n}`);
    for (const { hours, customers } of found.celid)
      assert.equal(customers, rows.filter((row) => row.s >= hours * 3600).length, `CELID-${hours}`);
  });

  test('declared beside measured: the difference is that of the two, largest first; history is not compared', async () => {
    const found = await service.ask((snapshot) =>
      declaredAgainstMeasured(snapshot, periodOf(from, to), null, 1000, service.places()),
    );
    assert.equal(found.length, 62);
    for (const one of found) same(one.difference_minutes, one.declared_minutes - one.measured_minutes);
    const sizes = found.map(({ difference_minutes }) => Math.abs(difference_minutes));
    assert.deepEqual(
      sizes,
      sizes.toSorted((a, b) => b - a),
    );
    assert.equal(found[0].id, 'OUT-61', 'no meter has a record of the storm');
  });

  test('the messages of a meter around an interruption; a meter that was not in it is none', async () => {
    const [row] = await list('2026-01-01', '2026-07-01');
    const { meters } = await service.ask((snapshot) => interruptionMeters(snapshot, row.id!, 1000, service.places()));
    const meter = meters.find(({ meter_id }) => meter_id !== null)!;
    await server.pool.query(
      "insert into meter_event (meter_key, event_time, event_type, source, received_at) values ($1, $2, 0, 'test', now()), ($1, $3, 1, 'test', now())",
      [network.meter.id.rowOf(meter.meter_id!), meter.measured_from, meter.measured_to],
    );
    const events = await service.ask((snapshot) =>
      interruptionEvents(snapshot, row.id!, meter.meter_id!, service.places()),
    );
    assert.deepEqual(
      events.map(({ type, at: moment }) => [type, moment]),
      [
        ['last_gasp', meter.measured_from],
        ['power_restored', meter.measured_to],
      ],
    );
    const elsewhere = network.meter.id.at(999);
    await assert.rejects(
      service.ask((snapshot) => interruptionEvents(snapshot, row.id!, elsewhere, service.places())),
      /was not in interruption/,
    );
  });
});
