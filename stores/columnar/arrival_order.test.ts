/**
 * The law of the layers: they depend on the order of arrival alone. However arrivals are cut into segments, segments into
 * refreshes, merged, or sealed into parts in between, every table is that of one refresh over all.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { NetworkBuilder } from '#model/network_builder.ts';
import { makeReadingColumns } from '#model/reading.ts';
import { loadDimensions, loadLocalDays } from '#stores/columnar/dimensions.ts';
import { type Engine, startEngine } from '#stores/columnar/engine.ts';
import {
  layerMark,
  type NewSegment,
  prepareCatalogue,
  refreshLayers,
  refreshLength,
  resetLayers,
} from '#stores/columnar/layers.ts';
import { type ManifestPart, sealCell, takeSealedPart } from '#stores/columnar/sealing.ts';
import {
  makeSegmentSink,
  mergeSegments,
  type PlacedSegment,
  segmentFolder,
  sweepSegments,
} from '#stores/columnar/segments.ts';
import { verifyLayers } from '#stores/columnar/verify_layers.ts';

interface Arrival {
  meter: number;
  interval: number;
  wh: number;
  quality: number;
}
interface Landed extends NewSegment, PlacedSegment {
  firstSegmentId: number;
}

let folder: string;
let engine: Engine;
let writer: Engine;
before(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-order-'));
  await sweepSegments(folder, new Set());
  writer = startEngine({ name: 'writer', path: ':memory:', threads: 1, temporaryFolder: folder });
  engine = startEngine({
    name: 'layers',
    path: path.join(folder, 'analytics.duckdb'),
    temporaryFolder: folder,
    onOpen: prepareCatalogue,
  });
  await loadDimensions(engine, fourMeters());
  await loadLocalDays(engine, 'America/Chicago');
});
after(async () => {
  await Promise.all([engine.stop(), writer.stop()]);
  await fs.rm(folder, { recursive: true, force: true });
});

function fourMeters() {
  const builder = new NetworkBuilder('test');
  const area = builder.addArea({ id: 'A', name: 'A' });
  const substation = builder.addSubstation({ id: 'S', name: 'S', lonE7: 0, latE7: 0, area });
  const feeder = builder.addFeeder({ id: 'F', name: 'F', substation, nominalKv: 12.47 });
  const [from, to] = [0, 1].map((i) => builder.addNode({ id: `N${i}`, lonE7: i, latE7: 0, feeder }));
  const head = builder.addEdge({ id: 'B', kind: 1, from, to, feeder, phases: 7 });
  const transformer = builder.addEdge({ id: 'X', kind: 6, from, to, feeder, phases: 1, ratedKva: 25 });
  builder.setFeederHead(feeder, from, head);
  for (let m = 0; m < 4; m++)
    builder.addMeter({
      id: `M${m}`,
      node: to,
      // the last one is at no transformer
      transformer: m === 3 ? -1 : transformer,
      customerClass: 0,
      critical: 0,
      phases: 1,
      lonE7: 0,
      latE7: 0,
      peakKw: 5,
    });
  return builder.finish();
}

// Around the night when clocks went back in Houston: the 25-hour day 2026-11-01, UTC days 1 and 2 November.
const firstS = Date.parse('2026-11-01T23:00:00Z') / 1000;
const days = [Date.parse('2026-11-01T00:00:00Z') / 1000, Date.parse('2026-11-02T00:00:00Z') / 1000];

const next = { segment: 1, offsets: new Map<number, number>() };

async function land(source: number, arrivals: Arrival[]): Promise<Landed> {
  const readings = makeReadingColumns(arrivals.length);
  for (const arrival of arrivals) {
    const i = readings.count++;
    readings.meterKey[i] = arrival.meter;
    readings.intervalStartS[i] = firstS + arrival.interval * 900;
    readings.intervalMinutes[i] = 15;
    readings.wh[i] = arrival.wh;
    readings.decivolt[i] = arrival.wh === 0 ? 0 : 2390 + arrival.wh;
    readings.quality[i] = arrival.quality;
    readings.sourceSeq[i] = -1;
  }
  const offsetFrom = next.offsets.get(source) ?? 0;
  const offsetTo = offsetFrom + arrivals.length;
  next.offsets.set(source, offsetTo);
  const manifest = await makeSegmentSink(writer, folder).write(
    { source: `s${source}`, partition: 0, offsetFrom, offsetTo, receivedAtMs: 0, readings, setAside: [] },
    1,
  );
  const segmentId = next.segment++;
  return {
    ...manifest,
    segmentId,
    firstSegmentId: segmentId,
    sourceKey: source,
    file: path.join(segmentFolder(folder), manifest.path),
  };
}

/** Merges what one source sent, as the pipeline does behind itself: the rest stays where it was. */
async function merged(segments: Landed[], source: number): Promise<Landed[]> {
  const run = segments.filter((segment) => segment.sourceKey === source);
  if (run.length < 2) return segments;
  const manifest = await mergeSegments(writer, folder, run);
  const whole: Landed = {
    ...manifest,
    segmentId: run[run.length - 1].segmentId,
    firstSegmentId: run[0].segmentId,
    sourceKey: source,
    file: path.join(segmentFolder(folder), manifest.path),
  };
  return [...segments.filter((segment) => segment.sourceKey !== source), whole].sort(
    (a, b) => a.segmentId - b.segmentId,
  );
}

/** Refreshes of about so many segments, cut where the pipeline would. */
function* refreshesOf(segments: Landed[], wanted: number): Generator<Landed[]> {
  for (let from = 0; from < segments.length; ) {
    const length = refreshLength(segments.slice(from), Number.POSITIVE_INFINITY, wanted);
    yield segments.slice(from, from + length);
    from += length;
  }
}

let nextPart = 1;
async function sealDay(dayStartS: number, before: ManifestPart[]): Promise<ManifestPart[]> {
  const mark = await layerMark(engine);
  const cell = { dayStartS, meterFrom: 0 };
  const sealed = await sealCell(engine, folder, cell, mark);
  const part = { ...sealed, partId: nextPart++, sealedThroughSegmentId: mark, droppedAt: null };
  await takeSealedPart(engine, folder, part);
  return [...before.filter((other) => other.dayStartS !== dayStartS), part];
}

const arrival = fc.record({
  meter: fc.integer({ min: 0, max: 3 }),
  interval: fc.integer({ min: 0, max: 7 }),
  wh: fc.integer({ min: -1, max: 1 }),
  quality: fc.integer({ min: 0, max: 2 }),
});
const stream = fc.array(
  fc.record({ source: fc.integer({ min: 1, max: 3 }), arrivals: fc.array(arrival, { minLength: 1, maxLength: 12 }) }),
  { minLength: 2, maxLength: 9 },
);

test('any grouping into refreshes, any merging of segments: the tables of one refresh over all', async () => {
  await fc.assert(
    fc.asyncProperty(
      stream,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      async (sent, size, mergedSource) => {
        const segments: Landed[] = [];
        for (const { source, arrivals } of sent) segments.push(await land(source, arrivals));
        for (const shape of [segments, await merged(segments, mergedSource)]) {
          await resetLayers(engine);
          for (const group of refreshesOf(shape, size)) await refreshLayers(engine, group);
          assert.deepEqual(await verifyLayers(engine, segments), []);
        }
      },
    ),
    { numRuns: 15 },
  );
});

test('the check finds a refresh that tears merged segments apart', async () => {
  const value = (wh: number): Arrival[] => [{ meter: 0, interval: 0, wh, quality: 1 }];
  const segments: Landed[] = [];
  // two sources in turn, each repeats itself: in order of arrival there are four versions
  for (const [source, wh] of [
    [1, 0],
    [2, 1],
    [1, 0],
    [2, 1],
  ])
    segments.push(await land(source, value(wh)));
  const shape = await merged(await merged(segments, 1), 2);
  assert.deepEqual(
    shape.map(({ segmentId, firstSegmentId }) => segmentId - firstSegmentId),
    [2, 2],
  );
  assert.equal(refreshLength(shape, 1, 1), 2);
  await resetLayers(engine);
  for (const segment of shape) await refreshLayers(engine, [segment]);
  const differences = await verifyLayers(engine, segments);
  assert.ok(differences.some(({ table }) => table === 'silver_earlier'));
});

test('sealing a day, at any time and again, changes no current reading and no total; late and re-sent rows find it', async () => {
  await fc.assert(
    fc.asyncProperty(
      stream,
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 9, maxLength: 9 }),
      async (sent, seals) => {
        await resetLayers(engine);
        const segments: Landed[] = [];
        for (const { source, arrivals } of sent) segments.push(await land(source, arrivals));
        let parts: ManifestPart[] = [];
        for (const [i, segment] of segments.entries()) {
          await refreshLayers(engine, [segment]);
          for (const [d, day] of days.entries()) if ((seals[i] >> d) & 1) parts = await sealDay(day, parts);
        }
        // from parts and what came after them
        assert.deepEqual(await verifyLayers(engine, segments, folder, parts), []);
        const live = await contents();
        // from segments alone, as if nothing had ever been sealed
        await resetLayers(engine);
        await refreshLayers(engine, segments);
        assert.deepEqual(live, await contents());
      },
    ),
    { numRuns: 15 },
  );
});

/** What does not depend on where a reading rests: current ones, how many were replaced, all rollups, conservation. */
async function contents(): Promise<Record<string, unknown>> {
  const tables = {
    silver: 'select * from silver order by all',
    earlier: 'select meter_key, interval_start_s, wh, decivolt, quality, source_key from silver_earlier order by all',
    gold: 'select * from gold_feeder_interval order by all',
    hourly: 'select * from hourly_transformer order by all',
    daily: 'select local_date::varchar, * exclude (local_date) from daily_feeder order by all',
    meters: 'select local_date::varchar, * exclude (local_date) from daily_meter order by all',
    peak: 'select local_date::varchar, * exclude (local_date) from peak_substation order by all',
    counts: 'select * from layer_count order by all',
  };
  const found: Record<string, unknown> = {};
  for (const [name, sql] of Object.entries(tables)) found[name] = await engine.query(sql);
  return found;
}
