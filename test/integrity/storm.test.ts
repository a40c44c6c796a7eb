/** Promises of the storm: a seed is a score, storm mode outlives a crash, sampling loses nothing, a study touches nothing. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import { after, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { readConfig } from '#bin/config.ts';
import { type DrillOptions, drillStartMs, runDrill } from '#bin/storm/drill.ts';
import { type DrillCenter, openDrillCenter } from '#bin/storm/drill_center.ts';
import { cardInWords, type ReportCard } from '#bin/storm/report_card.ts';
import { edgeKindCode } from '#model/network.ts';
import { makeMeterEventColumns, meterEventCode } from '#model/reading.ts';
import { temporaryFolder } from '../running_center.ts';

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => fs.rm(folder, { recursive: true, force: true }))));

async function configOf(more: Record<string, unknown> = {}, folder?: string) {
  const dataFolder = folder ?? (await temporaryFolder());
  folders.push(dataFolder);
  const { config } = readConfig(
    { dataFolder, scale: 2000, seed: 4, simulation: false, logLevel: 'error', ...more },
    {},
  );
  config.publicFace.lookUpsPerMinute = 0;
  return config;
}

async function drill(seed: number, more: Partial<DrillOptions> = {}): Promise<ReportCard> {
  return runDrill({
    ...{ config: await configOf(), seed, hours: 0.75, crews: 6, mostHours: 3, progress: () => undefined },
    faults: { treePerKmH: 12, debrisPerKmH: 2, transformerPerH: 0.1 },
    breadth: { poleShare: 1, plannedPer10000: 15 },
    ...more,
  });
}

describe('a drill', () => {
  test('same seed, same score, bit by bit, also on a busy machine; and it is a storm worth its name', async (t) => {
    const calm = await drill(9);
    // a neighbour that takes whatever it gets
    const spins = new Worker('for (;;) Math.sqrt(Math.random());', { eval: true });
    const busy = await drill(9).finally(() => spins.terminate());
    assert.equal(JSON.stringify(busy.score), JSON.stringify(calm.score));
    t.diagnostic(cardInWords(calm).split('\n').slice(0, 3).join(' | '));

    const { score } = calm;
    assert.ok(score.storm.faults >= 8, `${score.storm.faults} faults`);
    assert.ok(score.messages.conserved);
    assert.equal(score.messages.received, score.messages.delivered);
    assert.equal(score.calls.stored, score.calls.taken);
    assert.ok(score.detection[0].found >= 0.9 * score.detection[0].faults, 'nearly all are found');
    assert.ok(score.devices.product.f1 > score.devices.lowest_device.f1);
    assert.ok(score.devices.product.f1 > score.devices.common_device.f1);
    assert.ok(Math.abs(score.customer_minutes.difference_share) < 0.3, `${score.customer_minutes.difference_share}`);
    assert.ok(score.crew_work.repaired > 0);
    assert.ok(calm.machine.look_ups.uptime > 0.99);

    const { precision, recall } = score.devices.product;
    assert.ok(precision >= 0.95, `precision ${precision}`);
    assert.ok(recall >= 0.9, `recall ${recall}`);
    assert.ok(score.storm.lost_poles > 0 && score.storm.misplaced_meters > 0, 'the storm is untidy');
    assert.deepEqual([score.storm.planned_work, score.storm.planned_customers > 0], [3, true]);
    assert.deepEqual([score.messages.dropped, score.messages.held_back], [0, 0]);
  });

  test('a head-end that passes on too little drops, and more than is evaluated at once waits: both are counted, all is accounted for', async (t) => {
    const card = await drill(9, { headEndPerS: 3, evaluatedPerS: 2 });
    const { messages } = card.score;
    t.diagnostic(`${messages.dropped} dropped, ${messages.held_back} held back`);
    assert.ok(messages.dropped > 0, 'dropped');
    assert.ok(messages.held_back > 0, 'held back');
    assert.ok(messages.conserved);
    assert.match(cardInWords(card), /[1-9]\d* dropped by the head-end.*\n.*[1-9]\d* held back/);
  });

  test('work that was planned for the storm raises nothing, and its minutes are not held against anybody', async () => {
    const { score } = await drill(9, {
      faults: { treePerKmH: 0, debrisPerKmH: 0, transformerPerH: 0, basePerKmH: 0 },
      breadth: { plannedPer10000: 20, wrongMappingShare: 0 },
      mostHours: 2,
    });
    assert.equal(score.storm.faults, 0);
    assert.ok(score.storm.planned_customers > 0 && score.messages.gasps >= score.storm.planned_customers * 0.9);
    assert.deepEqual([score.outages.opened - score.outages.service_points, score.customer_minutes.truth], [0, 0]);
  });
});

/** A center whose clock the test moves. */
async function open(folder: string, more: Record<string, unknown> = {}) {
  const clock = { ms: drillStartMs };
  const center = await openDrillCenter({
    ...{ config: await configOf(more, folder), crews: 4, news: () => undefined, progress: () => undefined },
    nowMs: () => clock.ms,
    headEnd: { name: 'nobody', capPerRequest: 100, ping: async function* () {} },
  });
  return { center, clock };
}
const areaOf = (center: DrillCenter): string => center.storm.service.modes()[0].area_id;

/** A fuse with many meters: all of them gasp. */
function gasps(center: DrillCenter, atMs: number) {
  const { network, operated } = center.network.grid();
  const counts = Array.from({ length: network.edge.count }, (_, edge) =>
    network.edge.kind[edge] === edgeKindCode.fuse ? operated.countBelow(edge).customers : 0,
  );
  const fuse = counts.indexOf(Math.max(...counts));
  const meters = operated.metersBelow(fuse);
  const events = makeMeterEventColumns(meters.length);
  for (const meter of meters) {
    events.meterKey[events.count] = meter;
    events.eventTimeMs[events.count] = atMs;
    events.type[events.count++] = meterEventCode.last_gasp;
  }
  return { events, fuse: network.edge.id.at(fuse) };
}
async function pass(center: DrillCenter, clock: { ms: number }, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.ms += 1000;
    center.outages.tick();
  }
  await center.settled();
}
const namedDevices = (center: DrillCenter): string[] =>
  center.outages.open().map(({ device_id, customers_out }) => `${device_id} ${customers_out}`);

describe('storm mode', () => {
  test('it is switched with a reason, outlives a restart, ends by itself, and all of it is in a log that only grows', async () => {
    const folder = await temporaryFolder();
    const first = await open(folder);
    const area = areaOf(first.center);
    await assert.rejects(first.center.storm.service.set({ area: 'nowhere', on: true, reason: 'gusts' }, 'anna'), {
      code: 'unknown_area',
    });
    await assert.rejects(first.center.storm.service.set({ area, on: false, reason: 'calm' }, 'anna'), {
      code: 'conflict',
    });
    const set = await first.center.storm.service.set({ area, on: true, reason: 'gusts of 30 m/s', hours: 2 }, 'anna');
    assert.deepEqual([set.on, set.author, set.reason], [true, 'anna', 'gusts of 30 m/s']);
    await first.center.stop();

    const { center, clock } = await open(folder);
    assert.ok(center.storm.service.inStorm(area));
    clock.ms += 2 * 3_600_000;
    await center.storm.service.look();
    assert.equal(center.storm.service.inStorm(area), false);
    assert.deepEqual(
      (await center.storm.service.log(null)).map((entry) => [entry.on, entry.author]),
      [
        [false, 'clock'],
        [true, 'anna'],
      ],
    );
    await assert.rejects(center.pool.query('delete from storm_mode_log'), /only grows/);
    await center.stop();
  });

  test('restoration times come from the simulation while it is on, and from the model again after', async () => {
    const { center, clock } = await open(await temporaryFolder());
    const { events } = gasps(center, clock.ms);
    await center.door.commitFieldEvents(events);
    await pass(center, clock, 60);
    await center.etr.refresh();
    const [outage] = center.outages.open();
    assert.equal(center.etr.valueOf(outage.id)?.source, 'model');
    await center.storm.service.set({ area: outage.area_id, on: true, reason: 'test' }, 'anna');
    await center.etr.refresh();
    assert.equal(center.etr.valueOf(outage.id)?.source, 'simulation');
    await center.storm.service.set({ area: outage.area_id, on: false, reason: 'test' }, 'anna');
    await center.etr.refresh();
    assert.equal(center.etr.valueOf(outage.id)?.source, 'model');
    await center.stop();
  });

  test('many outages within minutes suggest it, in words; nobody switches but a person', async () => {
    const { center, clock } = await open(await temporaryFolder());
    const { network, operated } = center.network.grid();
    const fuses = Array.from({ length: network.edge.count }, (_, edge) => edge).filter(
      (edge) => network.edge.kind[edge] === edgeKindCode.fuse && operated.countBelow(edge).customers > 2,
    );
    for (const edge of fuses.slice(0, 7)) await center.network.operate(network.edge.id.at(edge), true, 'test', 'test');
    await pass(center, clock, 2);
    await center.storm.service.look();
    const [mode] = center.storm.service.modes();
    assert.equal(mode.on, false);
    assert.match(mode.suggestion?.why ?? '', /^\d outages within 15 minutes$/);
    const [board] = await center.storm.service.board();
    assert.equal(board.outages, center.outages.open().length);
    assert.equal(board.customers_out, center.outages.totals().customersOut);
    assert.match(board.public_text.en, /of 2,000 customers are without power/);
    await center.stop();
  });
});

describe('bellwether sampling in a center', () => {
  test('more than is evaluated at once waits, is counted and comes; after a crash in between the outages are the same', async () => {
    const folder = await temporaryFolder();
    const { center, clock } = await open(folder, { stormMessagesPerS: 1 });
    await center.storm.service.set({ area: areaOf(center), on: true, reason: 'test' }, 'anna');
    const { events, fuse } = gasps(center, clock.ms);
    await center.door.commitFieldEvents(events);
    const { waiting } = center.storm.holdBack.counts();
    assert.ok(waiting > 10, `${waiting} wait`);
    await center.settled();
    const { rows } = await center.pool.query('select applied_event_id as id from outage_engine');
    assert.equal(rows[0].id, 0, 'the mark stays before those that wait');
    await pass(center, clock, 5);
    assert.equal(center.storm.holdBack.counts().waiting, waiting - 5, 'one a second has its turn');
    // it falls over: nothing of what waits is evaluated
    center.storm.holdBack.releaseAll();
    await center.stop();

    const again = await open(folder, { stormMessagesPerS: 100_000 });
    again.clock.ms = clock.ms;
    await again.center.outages.caughtUp();
    await pass(again.center, again.clock, 60);
    assert.deepEqual(namedDevices(again.center), [`${fuse} ${events.count}`]);
    assert.equal(again.center.outages.darkMeters().length, events.count, 'every one of them was evaluated');
    await again.center.stop();
  });
});

describe('what if', () => {
  test('twenty more crews shorten the curve; every table is as it was, bit by bit', async () => {
    const { center, clock } = await open(await temporaryFolder());
    await center.storm.service.set({ area: areaOf(center), on: true, reason: 'test' }, 'anna');
    const { network, operated } = center.network.grid();
    const fuses = Array.from({ length: network.edge.count }, (_, edge) => edge).filter(
      (edge) => network.edge.kind[edge] === edgeKindCode.fuse && operated.countBelow(edge).customers > 2,
    );
    for (const edge of fuses.slice(0, 12)) await center.network.operate(network.edge.id.at(edge), true, 'test', 'test');
    await pass(center, clock, 2);
    await center.etr.refresh();
    await center.settled();
    const before = await tables(center);
    const live = JSON.stringify(center.outages.open());
    const answer = await center.etr.whatIf({ add_crews: 20 });
    assert.equal(answer.changed.crews, answer.base.crews + 20);
    assert.ok(answer.changed.customer_minutes < answer.base.customer_minutes);
    assert.equal(JSON.stringify(center.outages.open()), live);
    assert.deepEqual(await tables(center), before);
    await center.stop();
  });
});

/** A hash of the rows of every table. */
async function tables({ pool }: DrillCenter): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' order by 1",
  );
  const hashes: Record<string, string> = {};
  for (const { name } of rows) {
    const { rows: whole } = await pool.query(`select t::text as row from ${name} as t order by 1`);
    hashes[name] = createHash('sha256').update(JSON.stringify(whole)).digest('hex');
  }
  assert.ok(Object.keys(hashes).length > 20);
  return hashes;
}
