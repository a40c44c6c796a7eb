/** Momentary interruptions by the meters' own messages: pairs of dark and lit, in any order and however late. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Given, minute, openTestbed, type Testbed } from './reliability_testbed.ts';

let server: Testbed['server'];
let service: Testbed['service'];
let forget: Testbed['forget'];
let store: Testbed['store'];
let system: Testbed['system'];

before(async () => {
  ({ server, service, forget, store, system } = await openTestbed());
});
after(() => server.stop());

const at = (iso: string): number => Date.parse(iso);

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

  test('C6 the order of arrival does not matter: messages of 600 meters at once, or in three batches', async () => {
    let seed = 5;
    const next = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const sent = Array.from({ length: 600 }, (_, meter) =>
      [...new Set(Array.from({ length: 2 + next(6) }, () => next(14)))].map((atMin) => ({
        batch: next(3),
        event: [meter, t + atMin * minute + meter, next(2)] as [number, number, number],
      })),
    ).flat();
    const found = async (...batches: (typeof sent)[]): Promise<unknown[]> => {
      await forget();
      for (const batch of batches) {
        await send(batch.map(({ event }) => event));
        await service.caughtUp();
      }
      const { rows } = await server.pool.query(
        'select meter_key, from_at, to_at from reliability_momentary order by 1, 3',
      );
      return rows;
    };
    const atOnce = await found(sent);
    assert.ok(atOnce.length > 300);
    const inParts = await found(...[0, 1, 2].map((no) => sent.filter(({ batch }) => batch === no)));
    assert.deepEqual(inParts, atOnce);
  });

  test('a message whose writer is slow is not passed over, though later ones are there before it', async () => {
    await forget();
    await send([[1, t, 0]]);
    const slow = await server.pool.connect();
    try {
      await slow.query('begin');
      await slow.query(
        `insert into meter_event (meter_key, event_time, event_type, source, received_at)
         values (1, $1, 1, 'test', now())`,
        [new Date(t + minute)],
      );
      await send([
        [2, t, 0],
        [2, t + minute, 1],
      ]);
      await service.caughtUp();
      assert.equal(await maifi(), 0, 'waited for');
      await slow.query('commit');
    } finally {
      slow.release();
    }
    await service.caughtUp();
    assert.equal(await maifi(), 2);
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
