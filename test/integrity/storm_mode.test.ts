/** Storm mode that follows its suggestions by itself: against whom it may not, and what a restart may not do. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Outage } from '#model/api/outages.ts';
import { makeStormService, type StormService } from '#services/storm/service.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { servers, startServer, type TestServer } from '../stores/servers.ts';

const minuteMs = 60_000;
let on: TestServer;
let storm: StormService;
let atMs = Date.parse('2026-09-01T12:00:00Z');
/** what the outage service lists; nothing until it is started */
let open: Outage[] = [];
before(async () => {
  on = await startServer(servers[0]);
  await migrate(on.pool);
});
after(() => on?.stop());
afterEach(() => storm.stop());

const fresh = (count: number): Outage[] =>
  Array.from(
    { length: count },
    () => ({ area_id: 'A', customers_out: 5, detected_at: new Date(atMs).toISOString() }) as Outage,
  );
async function start(outages: Outage[]): Promise<void> {
  storm = makeStormService({
    ...{ pool: on.pool, nowMs: () => atMs, timeZone: 'UTC', automatic: true, limitPerS: 100, isDriven: true },
    areas: () => [{ id: 'A', name: 'North', customers: 10_000 }],
    open: () => open,
    crews: async () => [],
    gustAhead: () => null,
    changed: () => undefined,
    say: () => undefined,
    taken: async () => ({ messages: 0, calls: 0 }),
    heldBack: () => ({ waiting: 0, ever: 0, most: 0 }),
    report: (message) => assert.fail(message),
  });
  open = [];
  await storm.start();
  open = outages;
  await storm.watch();
}
const who = async (): Promise<string[]> =>
  (await storm.log(null)).map((entry) => `${entry.on ? 'on' : 'off'} ${entry.author}`).reverse();

test('it goes on and off by itself; a restart in between changes nothing', async () => {
  const outages = fresh(8);
  await start(outages);
  assert.deepEqual(await who(), ['on automatic']);
  await storm.stop();
  await start(outages);
  assert.deepEqual(await who(), ['on automatic']);
  assert.ok(storm.inStorm('A'));
  open = [];
  await storm.look();
  assert.deepEqual(await who(), ['on automatic', 'off automatic']);
});

test('what a person switched, a person switches back: also off, also over a restart, until the next storm', async () => {
  const outages = fresh(8);
  await start(outages);
  await storm.set({ area: 'A', on: false, reason: 'a test of the feeder' }, 'anna');
  const before = await who();
  assert.deepEqual(before.slice(-2), ['on automatic', 'off anna']);
  await storm.look();
  assert.deepEqual(await who(), before);
  await storm.stop();
  await start(outages);
  await storm.look();
  assert.deepEqual(await who(), before);
  // what spoke for it is gone, and comes again
  atMs += 60 * minuteMs;
  open = [];
  await storm.look();
  open = fresh(8);
  await storm.look();
  assert.equal((await who()).at(-1), 'on automatic');
  // and one that a person switched on stays on
  await storm.set({ area: 'A', on: true, reason: 'all night' }, 'anna');
  open = [];
  await storm.look();
  assert.ok(storm.inStorm('A'));
});
