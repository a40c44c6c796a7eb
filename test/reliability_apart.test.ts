/** An index taken apart: parts of the system, periods, interruptions, steps, meters and messages add up to it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { keepHistory, readHistory } from '#services/reliability/history.ts';
import {
  declaredAgainstMeasured,
  interruptionDetail,
  interruptionEvents,
  interruptionMeters,
  listInterruptions,
} from '#services/reliability/interruptions.ts';
import { periodOf } from '#services/reliability/snapshot.ts';
import { frozenMs, hour, minute, openTestbed, same, sumOf, type Testbed, zone } from './reliability_testbed.ts';

let server: Testbed['server'];
let network: Testbed['network'];
let service: Testbed['service'];
let forget: Testbed['forget'];
let store: Testbed['store'];
let system: Testbed['system'];
let list: Testbed['list'];

before(async () => {
  ({ server, network, service, forget, store, system, list } = await openTestbed());
});
after(() => server.stop());

const at = (iso: string): number => Date.parse(iso);

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

  test('a device that is not there is said to be, and is not "no device in particular"; silly periods are refused', async () => {
    const asked = { level: 'device' as const, planned: null, isMajor: null, limit: 10_000, visible: null };
    const of = (id: string) =>
      service.ask((on) => listInterruptions(on, periodOf(from, to), { ...asked, id }, service.places()));
    await assert.rejects(of('XF-none'), { code: 'unknown_asset' });
    const head = network.edge.id.at(network.feeder.headEdge[0]);
    const [row] = (await service.rows(from, to, 'device')).filter(({ id }) => id === head);
    same(
      sumOf(await of(head), (one) => one.customer_minutes),
      row.all.customer_minutes,
    );
    for (const [first, last] of [
      ['0003-01-01', '0003-01-02'],
      ['1960-01-01', '2026-01-01'],
      ['9999-12-31', '9999-12-31'],
    ])
      await assert.rejects(service.rows(first, last, 'system'), { code: 'bad_request' });
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

  test('causes without major event days are those of the index without them', async () => {
    const [row] = await service.rows('2026-01-01', '2026-12-31', 'system');
    for (const [without, index] of [
      [false, row.all],
      [true, row.without_major],
    ] as const) {
      const causes = await service.causes('2026-01-01', '2026-12-31', 'system', null, without);
      same(
        sumOf(causes, (cause) => cause.customer_minutes),
        index.customer_minutes,
      );
    }
  });

  test('who sees some feeders alone gets their interruptions, and a rest that is theirs: one that lasts, and over', async () => {
    const visible = [1];
    const sees = (limit: number) =>
      service.ask((on) =>
        listInterruptions(
          on,
          periodOf(from, to),
          { level: 'system', id: null, planned: null, isMajor: null, limit, visible },
          service.places(),
        ),
      );
    const mine = network.feeder.id.at(1);
    const all = (await list(from, to)).filter(({ feeder_id }) => feeder_id === mine);
    assert.ok(all.some(({ is_open }) => is_open) && all.length > 5);
    assert.deepEqual(await sees(10_000), all);
    same(
      sumOf(await sees(2), ({ customer_minutes }) => customer_minutes),
      sumOf(all, ({ customer_minutes }) => customer_minutes),
    );
    const compared = await service.ask((on) =>
      declaredAgainstMeasured(on, periodOf(from, to), visible, 1000, service.places()),
    );
    assert.deepEqual(
      compared.map(({ id }) => id).toSorted(),
      all
        .filter(({ origin }) => origin === 'outage')
        .map(({ id }) => id)
        .toSorted(),
    );
  });

  test('ASAI asks which share of the time that has been had supply', async () => {
    const [first, last] = ['2026-01-01', '2030-12-31'];
    const all = await system(first, last);
    const begun = at('2026-01-01T06:00:00Z');
    same(
      all.asai! * 1e6,
      (1 - all.customer_minutes / (service.places().customers * ((frozenMs - begun) / minute))) * 1e6,
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
