/** Who was left over from an outage: two outages of the record, one interruption of the customer. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { interruptionDetail } from '#services/reliability/interruptions.ts';
import { frozenMs, hour, minute, openTestbed, same, sumOf, type Testbed } from './reliability_testbed.ts';

let server: Testbed['server'];
let service: Testbed['service'];
let forget: Testbed['forget'];
let store: Testbed['store'];
let system: Testbed['system'];
let list: Testbed['list'];

before(async () => {
  ({ server, service, forget, store, system, list } = await openTestbed());
});
after(() => server.stop());

const at = (iso: string): number => Date.parse(iso);

describe('who was left over', () => {
  test('C10 who was left over has one interruption: counted once, with all its minutes, on the day it began', async () => {
    await forget();
    const t = at('2026-02-04T05:30:00Z');
    await store({
      number: 1,
      feeder: 0,
      steps: [[t, t + hour, 10]],
      meters: [{ meter: 1, darkMs: t, litMs: t + hour }],
    });
    const stay = { meter: 1, darkMs: t, litMs: t + 2 * hour };
    await store({ number: 2, nestedIn: 1, steps: [[t + hour, null, 2]] });
    await service.caughtUp();
    const expectOnce = async (customers: number, minutes: number, momentary = 0): Promise<void> => {
      const all = await system('2026-02-03', '2026-02-03');
      assert.deepEqual(
        [all.customers_interrupted, Math.round(all.customer_minutes), all.momentary_customers],
        [customers, minutes, momentary],
      );
      const rows = await list('2026-02-03', '2026-02-03');
      assert.equal(
        sumOf(rows, (row) => row.customers_interrupted),
        customers,
      );
      same(
        sumOf(rows, (row) => row.customer_minutes),
        all.customer_minutes,
      );
    };
    const lasting = Math.round((10 * hour + 2 * (frozenMs - t - hour)) / minute);
    await expectOnce(10, lasting);
    await store({ number: 2, nestedIn: 1, steps: [[t + hour, t + 2 * hour, 2]], meters: [stay] });
    await expectOnce(10, 720);
    await service.caughtUp();
    await expectOnce(10, 720);
    const [parent, nested] = (await list('2026-02-03', '2026-02-03')).toSorted((a, b) => (a.id! < b.id! ? -1 : 1));
    assert.deepEqual([parent.continues, nested.continues, nested.customers_interrupted], [null, 'OUT-1', 0]);
    const detail = await service.ask((on) => interruptionDetail(on, 'OUT-2', service.places()));
    assert.deepEqual([detail.steps_customer_minutes, detail.steps[0].sustained_customers], [120, 2]);
    // CEMI: one customer, one interruption of two hours
    const { cemi, celid } = await service.customers('2026-02-01', '2026-02-28', 'system', null, false);
    assert.deepEqual(
      [cemi, celid].map((rows) => rows.slice(0, 3).map(({ customers }) => customers)),
      [
        [1, 0, 0],
        [1, 1, 0],
      ],
    );
    await store({ number: 1, steps: [[t, t + hour, 10]], state: 'rejected' });
    await service.caughtUp();
    const own = await system('2026-02-04', '2026-02-04');
    assert.deepEqual([own.customers_interrupted, own.customer_minutes], [2, 120], 'the one before does not count');
  });

  test('C10 two short parts make one sustained interruption, known when the customer is restored', async () => {
    await forget();
    const t = at('2026-02-03T12:00:00Z');
    await store({ number: 1, steps: [[t, t + 4 * minute, 10]] });
    await service.caughtUp();
    assert.equal((await system()).momentary_customers, 10);
    await store({ number: 2, nestedIn: 1, steps: [[t + 4 * minute, t + 7 * minute, 2]] });
    const counted = async () => {
      const { customers_interrupted, customer_minutes, momentary_customers } = await system();
      return [customers_interrupted, customer_minutes, momentary_customers];
    };
    assert.deepEqual(await counted(), [2, 14, 8]);
    await service.caughtUp();
    assert.deepEqual(await counted(), [2, 14, 8]);
    // left over once more, and 3 that are new
    await store({ number: 3, nestedIn: 2, steps: [[t + 7 * minute, t + 17 * minute, 5]] });
    await service.caughtUp();
    assert.deepEqual(await counted(), [5, 64, 8]);
    const rows = await list('2026-01-01', '2026-12-31');
    assert.deepEqual(rows.map((row) => [row.id, row.customers_interrupted]).sort(), [
      ['OUT-1', 2],
      ['OUT-2', 0],
      ['OUT-3', 3],
    ]);
  });
});
