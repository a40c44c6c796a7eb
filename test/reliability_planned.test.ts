/** Planned work in the reliability record, through a real store: counted apart, once, and the sums stay sums. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type InterruptionMeters, reliabilityLevels } from '#model/api/reliability.ts';
import { interruptionEvents, interruptionMeters } from '#services/reliability/interruptions.ts';
import { frozenMs, hour, minute, openTestbed, same, sumOf, type Testbed } from './reliability_testbed.ts';

let bed: Testbed;
let meters: number[];
const t = Date.parse('2026-02-03T12:00:00Z');
const [from, to] = ['2026-02-01', '2026-02-28'];

before(async () => {
  bed = await openTestbed();
  const { meter, node } = bed.network;
  meters = Array.from({ length: meter.count }, (_, key) => key)
    .filter((key) => node.feeder[meter.node[key]] === 0)
    .slice(0, 10);
  assert.equal(meters.length, 10);
});
after(() => bed.server.stop());
beforeEach(() => bed.forget());

const plan = (fromMs: number, toMs: number, keys = meters, withdrawnMs: number | null = null) =>
  bed.server.pool.query(
    `insert into planned_outage (meter_keys, from_at, to_at, reason, author, withdrawn_at, withdrawn_by)
     values ($1, $2, $3, 'pole replacement', 'ann', $4, case when $4::timestamptz is not null then 'ann' end)`,
    [keys, new Date(fromMs), new Date(toMs), withdrawnMs === null ? null : new Date(withdrawnMs)],
  );
const dark = (meter: number, ms: number, type = 0) =>
  bed.server.pool.query(
    `insert into meter_event (meter_key, event_time, event_type, source, received_at) values ($1, $2, $3, 'test', now())`,
    [meter, new Date(ms), type],
  );
/** [planned, unplanned] customer-minutes of the system; every other level must add up to them */
async function minutes(): Promise<[planned: number, unplanned: number]> {
  const [system] = await bed.service.rows(from, to, 'system');
  for (const level of reliabilityLevels) {
    const rows = await bed.service.rows(from, to, level);
    for (const part of ['all', 'planned', 'without_major'] as const) {
      same(
        sumOf(rows, (row) => row[part].customer_minutes),
        system[part].customer_minutes,
      );
      assert.equal(
        sumOf(rows, (row) => row[part].interruptions),
        system[part].interruptions,
        `${level} ${part}`,
      );
    }
  }
  const listed = await bed.list(from, to, 10_000, { planned: true });
  same(
    sumOf(listed, (one) => one.customer_minutes),
    system.planned.customer_minutes,
  );
  return [system.planned.customer_minutes, system.all.customer_minutes];
}
/** The interruption's meters, whose sum must be its own. */
async function byMeters(id: string): Promise<InterruptionMeters> {
  const whole = (await bed.list(from, to)).find((one) => one.id === id)!;
  const found = await bed.service.ask((snapshot) => interruptionMeters(snapshot, id, 1000, bed.service.places()));
  same(found.customer_minutes, whole.customer_minutes);
  same(
    sumOf(found.meters, (one) => one.customer_minutes),
    whole.customer_minutes,
  );
  return found;
}

/** At once, and the same when the record was brought forward. */
async function check(planned: number, unplanned = 0): Promise<void> {
  assert.deepEqual(await minutes(), [planned, unplanned]);
  await bed.service.caughtUp();
  assert.deepEqual(await minutes(), [planned, unplanned]);
}

test('C9 a window counts as planned, for all its customers, in no index of the unplanned', async () => {
  await plan(t, t + 2 * hour);
  await check(10 * 120);
  const [one] = await bed.list(from, to);
  assert.deepEqual(
    [one.id, one.origin, one.planned, one.cause, one.customers_interrupted],
    ['PLN-000001', 'planned', true, 'planned work', 10],
  );
  assert.deepEqual(
    (await bed.service.majorEventDays(from, to)).days.map(({ customer_minutes }) => customer_minutes),
    [0],
  );
});

test('S3 a window has a line for each of its meters, with the time it counts by the window, and its messages', async () => {
  await plan(t, t + 2 * hour);
  await dark(meters[3], t + 20 * minute);
  await bed.store({
    number: 1,
    steps: [[t + 30 * minute, t + 90 * minute, 1]],
    meters: [{ meter: meters[0], darkMs: t + 30 * minute, litMs: t + 90 * minute }],
  });
  const { meters: lines, measured_minutes: measured } = await byMeters('PLN-000001');
  const idOf = (key: number): string => bed.network.meter.id.at(key);
  const minutesOf = (key: number): number[] =>
    lines.filter((line) => line.meter_id === idOf(key)).map((line) => line.customer_minutes);
  assert.deepEqual([...new Set(lines.map((line) => line.meter_id))].sort(), meters.map(idOf).sort());
  assert.deepEqual(minutesOf(meters[1]), [100]);
  assert.deepEqual(minutesOf(meters[0]), [10, 30], 'what the outage counts is not the window');
  assert.deepEqual([measured, lines.every((line) => line.measured_from === null)], [0, true], 'declared, not measured');
  const events = await bed.service.ask((snapshot) =>
    interruptionEvents(snapshot, 'PLN-000001', idOf(meters[3]), bed.service.places()),
  );
  assert.equal(events.length, 1);
  await bed.service.caughtUp();
  assert.equal((await byMeters('PLN-000001')).meters.length, 11);
});

test('C9 it began with the first message that said dark, also when that comes late', async () => {
  await plan(t, t + 2 * hour);
  await dark(meters[3], t + 20 * minute);
  await check(10 * 100);
  await dark(meters[4], t + 10 * minute, 7);
  await dark(meters[4], t - 10 * minute);
  await bed.service.caughtUp();
  assert.deepEqual(await minutes(), [10 * 110, 0]);
});

test('C9 withdrawn, it ended then; before its begin, it never was', async () => {
  await plan(t, t + 2 * hour, meters, t + 30 * minute);
  await plan(t + 24 * hour, t + 26 * hour, meters, t + 23 * hour);
  await check(10 * 30);
});

test('C9 times between two milliseconds, as the store gives them, are kept all the same', async () => {
  await plan(t, t + 2 * hour);
  await bed.server.pool.query(
    `update planned_outage set withdrawn_at = to_timestamp($1) + interval '123 microseconds', withdrawn_by = 'ann'`,
    [(t + hour) / 1000],
  );
  await bed.store({
    number: 1,
    steps: [[t + 30 * minute, t + 90 * minute, 1]],
    meters: [{ meter: meters[0], darkMs: t + 30 * minute, litMs: t + 90 * minute }],
  });
  await bed.server.pool.query(`update meter_outage_span set from_at = from_at + interval '77 microseconds'`);
  await check(10 * 60 - 30, 60);
});

test('C9 who is out by an outage counts there, not twice; the outage rejected late, all count by the window', async () => {
  await plan(t, t + 2 * hour);
  const outage = {
    number: 1,
    steps: [[t - hour, t + 30 * minute, 2]] as [number, number, number][],
    meters: meters.slice(0, 2).map((meter) => ({ meter, darkMs: t - hour, litMs: t + 30 * minute })),
  };
  await bed.store(outage);
  await check(10 * 120 - 2 * 30, 2 * 90);
  await bed.store({ ...outage, state: 'rejected' });
  await check(10 * 120);
});

test('C9 who is still dark after a window is out from its end on, and counts by the window up to there', async () => {
  await plan(t, t + hour);
  await bed.store({
    number: 1,
    steps: [[t + hour, t + 2 * hour, 1]],
    meters: [{ meter: meters[0], darkMs: t + minute, litMs: t + 2 * hour }],
  });
  await check(10 * 60, 60);
});

test('C9 windows that overlap count a customer once', async () => {
  await plan(t, t + hour);
  await plan(t + 30 * minute, t + 2 * hour, meters.slice(5));
  await check(10 * 60 + 5 * 60);
});

test('C9 one that lasts counts up to now and is open; over, it is kept though nobody writes', async () => {
  const day = new Intl.DateTimeFormat('en-CA', { timeZone: bed.service.zone }).format(frozenMs - 10 * minute);
  await plan(frozenMs - 10 * minute, Date.now() + 1500);
  await bed.service.caughtUp();
  const [row] = await bed.service.rows(day, day, 'system');
  assert.deepEqual([row.planned.customer_minutes, row.open], [100, 1]);
  const kept = async () => (await bed.server.pool.query('select id from reliability_interruption')).rowCount;
  assert.equal(await kept(), 0);
  await sleep(2000);
  await bed.service.caughtUp();
  assert.equal(await kept(), 1);
});

test('C6 a blink inside planned work is the work, and no momentary interruption', async () => {
  await plan(t, t + hour);
  await dark(meters[0], t + 10 * minute);
  await dark(meters[0], t + 12 * minute, 1);
  await dark(meters[1], t + 2 * hour);
  await dark(meters[1], t + 2 * hour + minute, 1);
  await bed.service.caughtUp();
  assert.equal((await bed.system()).momentary_customers, 1);
});
