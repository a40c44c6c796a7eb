/** The dashboard's questions: the rollups answer what a scan over all readings answers, to the last digit. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeReadingColumns } from '#model/reading.ts';
import { askQuestion } from '#services/analytics/ask_question.ts';
import { type QuestionSpan, questions } from '#services/analytics/questions.ts';
import { makeReadingGenerator } from '#sources/generator/generate_readings.ts';
import { lmpUsdPerMwh } from '#sources/generator/price.ts';
import { temperatureC } from '#sources/generator/weather.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { loadDimensions, loadLocalDays } from '#stores/columnar/dimensions.ts';
import { type Engine, rowsFrom, startEngine } from '#stores/columnar/engine.ts';
import { layerMark, prepareCatalogue, refreshLayers } from '#stores/columnar/layers.ts';
import { meterReadings, sealCell, takeSealedPart } from '#stores/columnar/sealing.ts';
import { makeSegmentSink, segmentFolder, sweepSegments } from '#stores/columnar/segments.ts';
import { verifyLayers } from '#stores/columnar/verify_layers.ts';
import { rawQuestions } from '../../bench/history/raw_questions.ts';

const network = generateTerritory({ scale: 300, seed: 4 });
const utc = (text: string): number => Date.parse(text) / 1000;
// Around both changes of clocks of 2026, and the same days a year before.
const spans: [number, number][] = [
  [utc('2026-03-07T00:00:00Z'), utc('2026-03-10T00:00:00Z')],
  [utc('2026-10-31T00:00:00Z'), utc('2026-11-03T00:00:00Z')],
  [utc('2025-11-01T00:00:00Z'), utc('2025-11-03T00:00:00Z')],
];
let folder: string;
let engine: Engine;
let offset = 0;
let segmentId = 0;

/** One day of all meters; `again` sends a part of it once more, corrected. */
async function sendDay(startS: number, again: boolean): Promise<void> {
  const generator = makeReadingGenerator(network, { seed: 4 });
  const readings = makeReadingColumns(97 * network.meter.count);
  for (let i = 0; i < 96; i++)
    if (!again || i % 17 === 0) generator.fillInterval(startS + i * 900, 0, network.meter.count, readings);
  if (again) for (let i = 0; i < readings.count; i += 3) readings.wh[i] += 1000 + i;
  // some come without voltage, some meters are silent in between
  for (let i = 0; i < readings.count; i += 41) readings.decivolt[i] = 0;
  for (let i = 0; i < readings.count; i += 97) readings.decivolt[i] = 2000;
  const offsetTo = offset + readings.count;
  const sink = makeSegmentSink(engine, folder);
  const batch = { source: 'test', partition: 0, offsetFrom: offset, offsetTo, receivedAtMs: 0, readings, setAside: [] };
  const { path: name } = await sink.write(batch, 1);
  offset = offsetTo;
  await refreshLayers(engine, [{ segmentId: ++segmentId, sourceKey: 1, file: path.join(segmentFolder(folder), name) }]);
}

async function observe(): Promise<void> {
  const weather: string[] = [];
  const prices: string[] = [];
  for (const [fromS, toS] of spans) {
    // hourly weather with a gap of five hours; a price a quarter hour, none on one day
    for (let at = fromS; at < toS + 86_400; at += 3600)
      if (at % 86_400 < 10 * 3600 || at % 86_400 >= 15 * 3600) weather.push(`(${at}, ${temperatureC(at, 4)})`);
    for (let at = fromS; at < toS; at += 900) prices.push(`(${at}, ${at % 7200 === 0 ? 140.25 : lmpUsdPerMwh(at, 4)})`);
  }
  await engine.script([
    `insert into weather_interval values ${weather.join(', ')}`,
    `insert into price_interval values ${prices.join(', ')}`,
  ]);
}

before(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-questions-'));
  await sweepSegments(folder, new Set());
  engine = startEngine({
    name: 'questions',
    path: path.join(folder, 'analytics.duckdb'),
    temporaryFolder: folder,
    onOpen: prepareCatalogue,
  });
  await loadDimensions(engine, network);
  await loadLocalDays(engine, 'America/Chicago');
  await observe();
  let part = 0;
  for (const [fromS, toS] of spans) {
    for (let at = fromS; at < toS; at += 86_400) {
      await sendDay(at, false);
      if (at % (2 * 86_400) !== 0) continue;
      const mark = await layerMark(engine);
      const sealed = await sealCell(engine, folder, { dayStartS: at, meterFrom: 0 }, mark);
      await takeSealedPart(engine, folder, {
        ...sealed,
        partId: ++part,
        sealedThroughSegmentId: mark,
        droppedAt: null,
      });
    }
    // corrections of a sealed day and of an open one
    await sendDay(fromS, true);
    await sendDay(fromS + 86_400, true);
  }
});
after(async () => {
  await engine.stop();
  await fs.rm(folder, { recursive: true, force: true });
});

const keysOf = (question: (typeof questions)[number]): (number | null)[] =>
  question.id?.required ? [0, 7] : question.id ? [null, 0] : [null];

describe('questions over rollups, parts, corrections and days of 23 and 25 hours', () => {
  for (const question of questions)
    test(question.name, async () => {
      let rows = 0;
      for (const [fromS, toS] of spans)
        for (const key of keysOf(question).map((k) => (k === 7 && question.id?.level === 'feeder' ? 0 : k)))
          for (const bucketS of [3600, 6 * 3600]) {
            const span: QuestionSpan = { fromS, toS, bucketS, key, limit: 50 };
            const answer = await engine.query(question.sql(span));
            assert.deepEqual(
              answer,
              await engine.query(rawQuestions[question.name](span)),
              `${question.name} of ${key}`,
            );
            rows += Object.values(answer)[0].length;
          }
      assert.ok(rows > 0, 'nothing was compared');
    });

  test('days have 92, 96 and 100 intervals', async () => {
    const needs = {
      engine,
      keyOf: () => 0,
      areaOfAsset: () => null,
      customersOut: async () => new Map(),
    };
    const [fromS] = spans[0];
    const rows = await askQuestion(needs, 'reporting_completeness', null, {
      fromS,
      toS: spans[1][1],
      bucketS: 3600,
      limit: 10_000,
    });
    const of = (date: string) => rows.filter((row) => row.local_date === date);
    const expected = (date: string): number => of(date).reduce((sum, row) => sum + Number(row.expected), 0);
    assert.equal(expected('2026-03-08'), 92 * network.meter.count);
    assert.equal(expected('2026-11-01'), 100 * network.meter.count);
    assert.equal(expected('2026-11-02'), 96 * network.meter.count);
    for (const date of ['2026-03-08', '2026-11-01'])
      for (const row of of(date)) assert.equal(row.present, row.expected, date);
  });

  test('what sums up: daily energy of meters, transformers, feeders and substations is that of all readings', async () => {
    const { readings, ...levels } = await engine.query(
      `select (select sum(wh)::bigint from silver) as readings, (select sum(wh)::bigint from daily_meter) as meters,
              (select sum(wh)::bigint from hourly_meter) as hours, (select sum(wh)::bigint from daily_transformer) as transformers,
              (select sum(wh)::bigint from daily_feeder) as feeders, (select sum(wh)::bigint from daily_substation) as substations`,
    );
    for (const [level, sum] of Object.entries(levels)) assert.deepEqual(sum, readings, level);
  });

  test('one meter is read from the parts that hold it alone, the same rows', async () => {
    const [fromS] = spans[2];
    const [, toS] = spans[1];
    for (const meter of [0, 299]) {
      const ordered = (relation: string): Promise<Record<string, unknown[]>> =>
        engine.query(
          `select meter_key, interval_start_s, wh, decivolt, quality from ${relation} where meter_key = ${meter} order by all`,
        );
      assert.deepEqual(await ordered(await meterReadings(engine, meter, fromS, toS)), await ordered('silver'));
    }
  });

  test('a late or revised observation is in gold at once, an old one is not stretched', async () => {
    const at = spans[0][0] + 3600;
    const condition = async (time: number) =>
      rowsFrom<{ t: number | null; p: number | null }>(
        await engine.query(
          `select temperature_c as t, lmp_usd_per_mwh as p from interval_condition where interval_start_s = ${time}`,
        ),
      )[0];
    await engine.script([`update price_interval set lmp_usd_per_mwh = 777 where interval_start_s = ${at}`]);
    assert.equal((await condition(at)).p, 777);
    const gap = spans[0][0] + 13 * 3600;
    assert.equal((await condition(gap)).t, null);
    await engine.script([`insert into weather_interval values (${gap - 1800}, 21.5)`]);
    assert.equal((await condition(gap)).t, 21.5);
  });

  test('nothing differs from a recomputation', async () => {
    const files = (await fs.readdir(segmentFolder(folder))).sort();
    assert.equal(files.length, segmentId);
    const segments = files.map((name, i) => ({
      segmentId: i + 1,
      sourceKey: 1,
      file: path.join(segmentFolder(folder), name),
    }));
    const differences = await verifyLayers(engine, segments);
    // without the parts, earlier versions of sealed rows carry their own numbers: totals must be equal all the same
    const totals = differences.filter(({ table }) => /^(gold|hourly|daily_(t|f|s)|peak|layer_count)/.test(table));
    assert.deepEqual(totals, []);
  });
});
