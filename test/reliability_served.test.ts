/** Indices of past periods divide by the customers served then; the record of them grows with the network. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { NetworkColumns } from '#model/network.ts';
import { localDate } from '#services/reliability/med.ts';
import { placesOf } from '#services/reliability/places.ts';
import { makeReliabilityService, type ReliabilityService } from '#services/reliability/service.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { frozenMs, hour, minute, openTestbed, same, sumOf, type Testbed, zone } from './reliability_testbed.ts';

let bed: Testbed;
const today = localDate(frozenMs, zone);
const stormMs = Date.parse('2026-03-08T18:00:00Z');
const march = ['2026-03-01', '2026-03-31'] as const;

before(async () => {
  bed = await openTestbed();
  await bed.store({ number: 1, steps: [[stormMs, stormMs + 10 * hour, 90]] });
  await bed.store({ number: 2, feeder: 1, steps: [[stormMs, stormMs + hour, 40]] });
});
after(() => bed.server.stop());

const over = (network: NetworkColumns): ReliabilityService =>
  makeReliabilityService({
    ...{ pool: bed.server.pool, network: () => network, zone, now: () => frozenMs, crewsWorked: async () => [] },
    report: (message, error) => assert.fail(`${message}: ${String(error)}`),
  });
const customerMinutes = (90 * 10 * hour + 40 * hour) / minute;

test('N1 no history known: the first known figure counts, and the answer says since when', async () => {
  const [system] = await bed.service.rows(...march, 'system');
  assert.deepEqual([system.customers_served, system.served_known_since], [bed.network.meter.count, today]);
  same(system.all.saidi!, customerMinutes / bed.network.meter.count);
  const { rows } = await bed.server.pool.query('select sum(customers)::int as customers from customers_served');
  assert.equal(rows[0].customers, bed.network.meter.count);
});

test('N1 who was served then divides: the period by its average, the day by its own; parts make the whole', async () => {
  await bed.server.pool.query(`
    insert into customers_served (day, feeder_key, customers)
    select before.day, served.feeder_key, served.customers / before.divisor
    from customers_served as served, (values (date '2026-01-01', 4), (date '2026-03-16', 2)) as before (day, divisor)
    where served.day = '${today}'`);
  const service = over(bed.network);
  const on = (divisor: number): number =>
    sumOf([...placesOf(bed.network).customersOfFeeder], (customers) => Math.floor(customers / divisor));
  const average = (15 * on(4) + 16 * on(2)) / 31;
  const [system] = await service.rows(...march, 'system');
  same(system.customers_served, average);
  same(system.all.saidi!, customerMinutes / average);
  for (const level of ['area', 'substation', 'feeder'] as const) {
    const rows = await service.rows(...march, level);
    same(
      sumOf(rows, (row) => row.customers_served),
      average,
    );
    same(sumOf(rows, (row) => (row.all.saidi ?? 0) * row.customers_served) / average, system.all.saidi!);
  }
  const facts = await service.majorEventDays(...march);
  same(facts.days[0].saidi, customerMinutes / on(4));
  assert.deepEqual(facts.served, [
    { from: '2026-03-01', customers: on(4) },
    { from: '2026-03-16', customers: on(2) },
  ]);
  assert.equal(facts.served_known_since, '2026-01-01');
  const [before] = await service.rows('2020-03-01', '2020-03-31', 'system');
  assert.equal(before.customers_served, on(4), 'the first known');
  const { customers_served: experienced } = await service.customers(...march, 'system', null, false);
  same(experienced, average);
});

test('N2 more meters are a further figure from their day on, once, and change no day before it', async () => {
  const more = generateTerritory({ scale: 1500, seed: 7, onProgress: () => undefined });
  const [was] = await over(bed.network).rows(...march, 'system');
  const service = over(more);
  const [now] = await service.rows(today, today, 'system');
  assert.equal(now.customers_served, more.meter.count);
  assert.deepEqual((await service.rows(...march, 'system'))[0].all, was.all);
  const count = async () => (await bed.server.pool.query('select count(*)::int as n from customers_served')).rows[0].n;
  const rows = await count();
  await over(more).rows(today, today, 'system');
  assert.equal(await count(), rows, 'asked again');
});
