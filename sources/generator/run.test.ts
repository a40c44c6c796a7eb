import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { commandOf, expectedReadings, type GeneratorOptions, generatorDefaults, problemsOf } from '#model/generator.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { type Piece, type RunPosition, runBegin, runPlan } from './run.ts';
import { makeRunPlan } from './run_plan.ts';

const network = generateTerritory({ scale: 400, seed: 3 });
const meters = network.meter.count;
const plain: GeneratorOptions = { ...generatorDefaults(Date.parse('2026-07-03T00:00:00Z')), seed: 3 };
const faulty: GeneratorOptions = {
  ...plain,
  events: true,
  faults: 40,
  loss: 0.05,
  duplicates: 0.04,
  disorder: 600,
  lateness: 7200,
  skew: 900,
};

class Killed extends Error {}

interface Delivered {
  /** `meter interval Wh` in the order of delivery */
  rows: string[];
  events: string[];
  end: RunPosition;
}

/** Runs to the end; `killAfter` pieces at a time, going on from the last position each time. */
async function deliver(
  options: GeneratorOptions,
  pieceRows = 5000,
  killAfter = Number.POSITIVE_INFINITY,
): Promise<Delivered> {
  const rows: string[] = [];
  const events: string[] = [];
  let at = runBegin;
  for (;;) {
    let pieces = 0;
    const take = async ({ readings, events: some, to }: Piece): Promise<void> => {
      if (pieces++ >= killAfter) throw new Killed();
      for (let i = 0; i < readings.count; i++)
        rows.push(`${readings.meterKey[i]} ${readings.intervalStartS[i]} ${readings.wh[i]}`);
      for (const { meter, type, eventTimeMs } of some) events.push(`${meter} ${type} ${eventTimeMs}`);
      assert.equal(to.rows, rows.length);
      at = to;
    };
    const needs = {
      plan: makeRunPlan(network, options),
      live: false,
      rate: null,
      nowMs: () => 0,
      sleep: async () => {},
    };
    try {
      return { rows, events, end: await runPlan({ ...needs, from: at, pieceRows, take }) };
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
  }
}

describe('a run', () => {
  test('holds exactly 96 readings of each meter and day', async () => {
    const { rows, end } = await deliver({ ...plain, days: 2 });
    assert.equal(rows.length, meters * 96 * 2);
    assert.equal(end.rows, expectedReadings({ ...plain, days: 2 }, meters));
    const perMeterDay = Map.groupBy(rows, (row) => {
      const [meter, startS] = row.split(' ').map(Number);
      return `${meter} ${Math.floor(startS / 86_400)}`;
    });
    assert.equal(perMeterDay.size, meters * 2);
    for (const some of perMeterDay.values()) assert.equal(new Set(some).size, 96);
  });

  test('holds 92 and 100 of them on the local days on which the clocks change', async () => {
    const local = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/Chicago' });
    for (const [start, day, count] of [
      ['2026-03-08T06:00:00Z', '2026-03-08', 92],
      ['2026-11-01T05:00:00Z', '2026-11-01', 100],
    ] as const) {
      const { rows } = await deliver({ ...plain, start, days: 2, meters: 10 });
      const ofDay = rows.filter((row) => local.format(Number(row.split(' ')[1]) * 1000) === day);
      assert.equal(ofDay.length, 10 * count, day);
      assert.equal(new Set(ofDay.map((row) => row.split(' ').slice(0, 2).join())).size, 10 * count);
    }
  });

  test('is the same whatever the size of its pieces and however often it is ended and goes on', async () => {
    for (const options of [plain, faulty]) {
      const whole = await deliver({ ...options, days: 0.5 });
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 50, max: 9000 }),
          fc.integer({ min: 1, max: 9 }),
          async (size, killAfter) => {
            const broken = await deliver({ ...options, days: 0.5 }, size, killAfter);
            assert.deepEqual(broken.end, whole.end);
            assert.deepEqual(broken.rows, whole.rows);
            assert.deepEqual(broken.events, whole.events);
          },
        ),
        { numRuns: 6 },
      );
    }
  });

  test('loses, repeats, delays and skews as told, and counts it', async () => {
    const sent = meters * 96;
    const { rows, events, end } = await deliver(faulty);
    assert.equal(rows.length, sent - end.lost + end.duplicated);
    assert.ok(Math.abs(end.lost / sent - 0.05) < 0.01, `${end.lost} of ${sent} lost`);
    assert.ok(Math.abs(end.duplicated / (sent - end.lost) - 0.04) < 0.01, `${end.duplicated} repeated`);
    assert.equal(new Set(rows).size, sent - end.lost);
    assert.ok(events.length > 0);
    const starts = rows.map((row) => Number(row.split(' ')[1]));
    const behind = starts.map((startS, i) => Math.max(...starts.slice(Math.max(0, i - 50), i + 1)) - startS);
    assert.ok(
      behind.some((s) => s > 3600),
      'some are late by more than an hour',
    );
    const onTime = new Set((await deliver(plain)).rows.map((row) => row.split(' ').slice(0, 2).join()));
    const moved = rows.filter((row) => !onTime.has(row.split(' ').slice(0, 2).join()));
    assert.ok(moved.length > 0, 'clocks that are off stamp intervals outside the day');
  });

  test('delivers by the clock where it is live: nothing before its interval has ended', async () => {
    const startMs = Date.parse(plain.start);
    let clockMs = startMs;
    let rows = 0;
    await runPlan({
      plan: makeRunPlan(network, { ...plain, days: 3 / 96 }),
      from: runBegin,
      live: true,
      rate: null,
      pieceRows: 5000,
      nowMs: () => clockMs,
      sleep: async (ms) => {
        clockMs += ms;
      },
      take: async ({ readings, to }) => {
        for (let i = 0; i < readings.count; i++) assert.ok(readings.intervalStartS[i] * 1000 + 900_000 <= clockMs);
        rows = to.rows;
      },
    });
    assert.equal(rows, meters * 3);
    assert.ok(
      clockMs >= startMs + 4 * 900_000 - 2000,
      'the last meter reports a quarter of an hour after its interval',
    );
  });

  test('keeps to its cap', async () => {
    let clockMs = 0;
    const sleep = async (ms: number): Promise<void> => {
      clockMs += ms;
    };
    const plan = makeRunPlan(network, { ...plain, days: 0.5 });
    const end = await runPlan({
      plan,
      from: runBegin,
      live: false,
      rate: 1000,
      pieceRows: 250_000,
      nowMs: () => clockMs,
      sleep,
      take: async () => {},
    });
    assert.ok(clockMs >= (end.rows / 1000 - 1) * 1000, `${end.rows} readings in ${clockMs} ms`);
  });

  test('follows mix and weather, and is about the meters asked for', async () => {
    const wh = ({ rows }: Delivered, ofClass?: number): number =>
      rows.reduce((sum, row) => {
        const [meter, , energy] = row.split(' ').map(Number);
        return ofClass === undefined || network.meter.customerClass[meter] === ofClass ? sum + energy : sum;
      }, 0);
    const normal = await deliver(plain);
    const doubled = await deliver({ ...plain, mix: { residential: 2 } });
    assert.ok(Math.abs(wh(doubled, 0) / wh(normal, 0) - 2) < 0.01);
    assert.equal(wh(doubled, 1), wh(normal, 1));
    assert.ok(wh(await deliver({ ...plain, weather: 'heat_wave' })) > 1.1 * wh(normal));
    assert.ok(wh(await deliver({ ...plain, weather: 'mild' })) < 0.95 * wh(normal));
    const january = { ...plain, start: '2026-01-15T00:00:00Z' };
    assert.ok(wh(await deliver({ ...january, weather: 'winter_storm' })) > 1.2 * wh(await deliver(january)));
    const larger = generateTerritory({ scale: 6000, seed: 3 });
    const some = makeRunPlan(larger, { ...plain, within: larger.feeder.id.at(1) }).meters;
    assert.ok(some.length > 0 && some.length < larger.meter.count);
    for (const m of some) assert.equal(larger.node.feeder[larger.meter.node[m]], 1);
    const more = makeRunPlan(larger, { ...plain, within: larger.substation.id.at(larger.feeder.substation[1]) }).meters;
    assert.ok(more.length >= some.length);
    assert.equal(makeRunPlan(network, { ...plain, meters: 7 }).meters.length, 7);
    assert.throws(() => makeRunPlan(network, { ...plain, within: 'nowhere' }), { code: 'unknown_asset' });
  });
});

describe('options of a run', () => {
  const nowMs = Date.parse('2026-07-03T10:00:00Z');
  test('the defaults are right; what is wrong is named by its field', () => {
    assert.deepEqual(problemsOf(plain, nowMs), {});
    const wrong: [Partial<GeneratorOptions>, keyof GeneratorOptions][] = [
      [{ days: -1 }, 'days'],
      [{ days: 0.001 }, 'days'],
      [{ days: 30 }, 'days'],
      [{ start: '2026-07-01T00:07:00Z' }, 'start'],
      [{ start: 'soon' }, 'start'],
      [{ loss: 1.5 }, 'loss'],
      [{ seed: 1.5 }, 'seed'],
      [{ meters: 0 }, 'meters'],
      [{ rate: 0 }, 'rate'],
      [{ mix: { residential: -1 } }, 'mix'],
    ];
    for (const [part, field] of wrong)
      assert.deepEqual(Object.keys(problemsOf({ ...plain, ...part }, nowMs)), [field], JSON.stringify(part));
    assert.deepEqual(problemsOf({ ...plain, days: 30, live: true }, nowMs), {});
  });
  test('as a command: what differs from the defaults, and nothing else', () => {
    assert.equal(
      commandOf({ ...plain, loss: 0.01, mix: { industrial: 0.5 }, weather: 'heat_wave', target: 'files' }, './data'),
      'npx flux generate --data ./data --start 2026-07-02T00:00:00.000Z --days 1 --seed 3 --mix industrial=0.5 --weather heat_wave --loss 0.01 --no-events --out ./generated',
    );
  });
});
