/** The reliability record against outages as their owner stores them: what counts, and late changes. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Oe417FilingRequest } from '#model/api/reliability.ts';
import { declaredAgainstMeasured, interruptionMeters } from '#services/reliability/interruptions.ts';
import { makeReliabilityService, type ReliabilityService } from '#services/reliability/service.ts';
import { periodOf } from '#services/reliability/snapshot.ts';
import { frozenMs, type Given, hour, minute, openTestbed, same, type Testbed, zone } from './reliability_testbed.ts';
import { until } from './running_center.ts';

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

  test('C5 who was left over counts no moment twice by the meters either: CELID, declared beside measured', async () => {
    await forget();
    const t = at('2026-02-03T12:00:00Z');
    const month = '2026-02';
    const left = { meter: 1, darkMs: t };
    await store({ number: 1, steps: [[t, null, 10]], meters: [{ ...left, litMs: -1 }] });
    await store({ number: 1, steps: [[t, t + hour, 10]] });
    const nested: Given = { number: 2, nestedIn: 1, steps: [[t + hour, null, 1]], meters: [{ ...left, litMs: -1 }] };
    const stays = async (): Promise<number[]> => {
      const { celid } = await service.customers(`${month}-01`, `${month}-28`, 'system', null, false);
      return celid.slice(0, 2).map(({ customers }) => customers);
    };
    const measured = async (): Promise<number | undefined> => {
      const period = periodOf(`${month}-01`, `${month}-28`);
      const all = await service.ask((on) => declaredAgainstMeasured(on, period, null, 9, service.places()));
      return all.find(({ id }) => id === 'OUT-2')?.measured_minutes;
    };
    await store(nested);
    same((await measured())!, (frozenMs - t - hour) / minute);
    await store({ ...nested, steps: [[t + hour, t + 1.5 * hour, 1]], meters: [{ ...left, litMs: t + 1.5 * hour }] });
    assert.deepEqual([await stays(), await measured()], [[1, 0], 30], 'before the row is made');
    await service.caughtUp();
    assert.deepEqual([await stays(), await measured()], [[1, 0], 30]);
    const { measured_minutes } = await service.ask((on) => interruptionMeters(on, 'OUT-2', 9, service.places()));
    assert.equal(measured_minutes, 30);
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
      crewsWorked: async () => [],
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
    const dayVersions = async () =>
      (await server.pool.query<{ day: string; v: string }>('select day::text, xmin::text as v from reliability_day'))
        .rows;
    const before = await versions();
    const daysBefore = new Map((await dayVersions()).map(({ day, v }) => [day, v]));
    await store({ number: 7, steps: [[t + 7 * hour * 24, t + 7 * hour * 24 + 2 * hour, 10]] });
    assert.equal((await system()).customer_minutes, 19 * 600 + 1200, 'right before the row is made again');
    await service.caughtUp();
    const changed = [...(await versions())].filter(([id, v]) => before.get(id) !== v).map(([id]) => id);
    assert.deepEqual(changed, ['OUT-7']);
    const days = (await dayVersions()).filter(({ day, v }) => daysBefore.get(day) !== v).map(({ day }) => day);
    assert.deepEqual(days, ['2026-02-10']);
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
    const apart = async (): Promise<unknown[]> =>
      (
        await server.pool.query(
          `(select day, planned, count(*)::int, sum(customer_ms)::bigint, sum(customers_interrupted)::bigint from reliability_interruption group by 1, 2
            except select day, planned, interruptions, customer_ms, customers_interrupted from reliability_day)
           union all
           (select day, planned, interruptions, customer_ms, customers_interrupted from reliability_day
            except select day, planned, count(*)::int, sum(customer_ms)::bigint, sum(customers_interrupted)::bigint from reliability_interruption group by 1, 2)`,
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
        assert.deepEqual(await apart(), []);
        assert.deepEqual(await system(), asked);
        await server.pool.query(
          'truncate reliability_interruption, reliability_day; insert into reliability_due (outage_id) select id from outage',
        );
        await service.caughtUp();
        assert.deepEqual(await kept(), forward);
      }),
      { numRuns: 15 },
    );
    // a row that changed without its day is seen, and healed with the next change of its outage
    await store({ number: 1, steps: [[start, start + hour, 4]] });
    await service.caughtUp();
    await server.pool.query("update reliability_interruption set customer_ms = customer_ms + 1 where id = 'OUT-1'");
    assert.equal((await apart()).length, 2);
    await store({ number: 1, steps: [[start, start + hour, 4]] });
    await service.caughtUp();
    assert.deepEqual(await apart(), []);
  });
});

test('the watch for OE-417 sees outages as they are stored, and the alarm is told when it is due', async () => {
  await forget();
  const fromMs = frozenMs - 2 * hour;
  await store({ number: 1, steps: [[fromMs, null, 30_000]] });
  assert.equal((await service.oe417()).state, 'below');
  await store({ number: 2, feeder: 1, steps: [[fromMs + 30 * minute, null, 25_000]] });
  const due = await service.oe417();
  assert.deepEqual([due.state, due.customers_out, due.events[0].peak_customers], ['due', 55_000, 55_000]);
  assert.equal(Date.parse(due.events[0].first_due_at!), fromMs + 30 * minute + 7 * hour);
  await store({ number: 2, feeder: 1, steps: [[fromMs + 30 * minute, null, 25_000]], state: 'rejected' });
  assert.equal((await service.oe417()).state, 'below');
  await store({ number: 2, feeder: 1, steps: [[fromMs + 30 * minute, null, 25_000]] });
  const told: ({ text: string } | null)[] = [];
  const watching = makeReliabilityService({
    crewsWorked: async () => [],
    ...{ pool: server.pool, network: () => network, zone, now: () => frozenMs },
    report: (message, error) => assert.fail(`${message}: ${String(error)}`),
    alarm: (wrong) => told.push(wrong),
  });
  watching.start();
  await until('the alarm', () => told.length > 0);
  await watching.stop();
  assert.match(told[0]?.text ?? '', /^OE-417: 50,000 customers or more out for an hour/);

  const event = due.events[0].from;
  const file = (more: object) =>
    watching.fileOe417({ event, stage: 'first', reference: 'DOE-4711', ...more } as Oe417FilingRequest, 'ann');
  const refused = { code: 'bad_request' };
  await assert.rejects(file({ filed_at: new Date(frozenMs + hour).toISOString() }), refused);
  await assert.rejects(file({ filed_at: new Date(fromMs).toISOString() }), refused);
  await assert.rejects(file({ withdrawn: true }), refused);
  await assert.rejects(file({ event: new Date(fromMs).toISOString() }), { code: 'not_found' });
  await file({});
  assert.match(told.at(-1)?.text ?? '', /first report filed, final due/);
  const filed = await file({ stage: 'final', reference: 'DOE-4712' });
  assert.deepEqual([filed.state, told.at(-1)], ['filed', null]);
  // another service on the same store: it is kept
  const again = (await service.oe417()).events[0].filings;
  assert.deepEqual(
    again.map(({ stage, reference, actor }) => [stage, reference, actor]),
    [
      ['first', 'DOE-4711', 'ann'],
      ['final', 'DOE-4712', 'ann'],
    ],
  );
  await assert.rejects(server.pool.query('delete from oe417_filing'), /only grows/);
  assert.equal((await file({ stage: 'final', withdrawn: true })).state, 'due', 'marked by mistake');
  assert.match(told.at(-1)?.text ?? '', /first report filed/);
});
