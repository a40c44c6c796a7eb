import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { NetworkBuilder } from '#model/network_builder.ts';
import { makeReadingColumns } from '#model/reading.ts';
import { loadDimensions, loadLocalDays } from '#stores/columnar/dimensions.ts';
import { type Engine, rowsFrom, startEngine } from '#stores/columnar/engine.ts';
import {
  type NewSegment,
  prepareCatalogue,
  refreshLayers,
  resetLayers,
  sourceCounts,
} from '#stores/columnar/layers.ts';
import { makeSegmentSink, segmentFolder, sweepSegments, verifySegment } from '#stores/columnar/segments.ts';
import { verifyLayers } from '#stores/columnar/verify_layers.ts';

interface Arrival {
  meter: number;
  interval: number;
  wh: number;
  quality: number;
}

let folder: string;
let engine: Engine;
let writer: Engine;
before(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-layers-'));
  await sweepSegments(folder, new Set());
  writer = startEngine({ name: 'writer', path: ':memory:', temporaryFolder: folder });
  engine = startEngine({ name: 'layers', path: path.join(folder, 'analytics.duckdb'), temporaryFolder: folder });
});
after(async () => {
  await Promise.all([engine.stop(), writer.stop()]);
  await fs.rm(folder, { recursive: true, force: true });
});

function twoFeeders() {
  const builder = new NetworkBuilder('test');
  const area = builder.addArea({ id: 'A', name: 'A' });
  const substation = builder.addSubstation({ id: 'S', name: 'S', lonE7: 0, latE7: 0, area });
  for (let f = 0; f < 2; f++) {
    const feeder = builder.addFeeder({ id: `F${f}`, name: `F${f}`, substation, nominalKv: 12.47 });
    const nodes = [0, 1, 2].map((i) => builder.addNode({ id: `N${f}-${i}`, lonE7: i, latE7: f, feeder }));
    const head = builder.addEdge({ id: `B${f}`, kind: 1, from: nodes[0], to: nodes[1], feeder, phases: 7 });
    const transformer = builder.addEdge({
      id: `X${f}`,
      kind: 6,
      from: nodes[1],
      to: nodes[2],
      feeder,
      phases: 1,
      ratedKva: 25,
    });
    builder.setFeederHead(feeder, nodes[0], head);
    for (let m = 0; m < 2; m++) {
      builder.addMeter({
        id: `M${f}-${m}`,
        node: nodes[2],
        transformer,
        customerClass: 0,
        critical: 0,
        phases: 1,
        lonE7: 0,
        latE7: 0,
        peakKw: 5,
      });
    }
  }
  return builder.finish();
}

/** What silver must hold, by the plain reading of the rule. */
function expected(arrivals: Arrival[]) {
  const byKey = Map.groupBy(arrivals, (a) => `${a.meter}/${a.interval}`);
  const current = new Map<string, Arrival>();
  let duplicate = 0;
  let superseded = 0;
  for (const [key, list] of byKey) {
    const versions: Arrival[] = [];
    for (const arrival of list) {
      const before = versions.findLast((v) => v.quality === arrival.quality);
      if (before && before.wh === arrival.wh) duplicate++;
      else versions.push(arrival);
    }
    let best = versions[0];
    for (const version of versions) if (version.quality <= best.quality) best = version;
    current.set(key, best);
    superseded += versions.length - 1;
  }
  return { current, duplicate, superseded };
}

let nextSegment = 1;
let nextOffset = 0;
async function land(arrivals: Arrival[]): Promise<NewSegment> {
  const readings = makeReadingColumns(arrivals.length);
  for (const arrival of arrivals) {
    const i = readings.count++;
    readings.meterKey[i] = arrival.meter;
    readings.intervalStartS[i] = arrival.interval * 900;
    readings.intervalMinutes[i] = 15;
    readings.wh[i] = arrival.wh;
    readings.decivolt[i] = 1200;
    readings.quality[i] = arrival.quality;
    readings.sourceSeq[i] = -1;
  }
  const sink = makeSegmentSink(writer, folder);
  const batch = {
    source: 'test',
    partition: 0,
    offsetFrom: nextOffset,
    offsetTo: nextOffset + arrivals.length,
    receivedAtMs: nextOffset,
    readings,
    setAside: [],
  };
  nextOffset += arrivals.length;
  const manifest = await sink.write(batch, 1);
  await verifySegment(folder, manifest);
  return {
    segmentId: nextSegment++,
    sourceKey: 1,
    file: path.join(segmentFolder(folder), manifest.path),
  };
}

test('silver keeps the best quality, then the newest, whatever the grouping; rollups equal a recomputation', async () => {
  await prepareCatalogue(engine);
  await loadDimensions(engine, twoFeeders());
  await loadLocalDays(engine, 'America/Chicago');
  const arrival = fc.record({
    meter: fc.integer({ min: 0, max: 3 }),
    interval: fc.integer({ min: 0, max: 6 }),
    wh: fc.integer({ min: -2, max: 3 }),
    quality: fc.integer({ min: 0, max: 3 }),
  });
  const batches = fc.array(
    fc.array(fc.array(arrival, { minLength: 1, maxLength: 25 }), { minLength: 1, maxLength: 3 }),
    { minLength: 1, maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(batches, async (refreshes) => {
      await resetLayers(engine);
      const all: NewSegment[] = [];
      for (const refresh of refreshes) {
        const segments: NewSegment[] = [];
        for (const arrivals of refresh) segments.push(await land(arrivals));
        await refreshLayers(engine, segments);
        all.push(...segments);
      }
      const wanted = expected(refreshes.flat(2));
      const rows = rowsFrom<{ meter_key: number; interval_start_s: number; wh: number; quality: number }>(
        await engine.query('select meter_key, interval_start_s, wh, quality from silver_reading'),
      );
      assert.equal(rows.length, wanted.current.size);
      for (const row of rows) {
        const best = wanted.current.get(`${row.meter_key}/${row.interval_start_s / 900}`)!;
        assert.deepEqual([row.wh, row.quality], [best.wh, best.quality]);
      }
      const [count] = await sourceCounts(engine);
      assert.deepEqual(
        [count.stored, count.superseded, count.duplicate],
        [wanted.current.size, wanted.superseded, wanted.duplicate],
      );
      assert.equal(count.stored + count.superseded + count.duplicate, refreshes.flat(2).length);
      assert.deepEqual(await verifyLayers(engine, all), []);
    }),
    { numRuns: 12 },
  );
});

test('verify sees one changed cell', async () => {
  await resetLayers(engine);
  const segment = await land([
    { meter: 0, interval: 1, wh: 5, quality: 1 },
    { meter: 2, interval: 1, wh: 7, quality: 1 },
  ]);
  await refreshLayers(engine, [segment]);
  assert.deepEqual(await verifyLayers(engine, [segment]), []);
  await engine.script(['update hourly_feeder set wh = wh + 1 where feeder_key = 0']);
  assert.deepEqual(await verifyLayers(engine, [segment]), [{ table: 'hourly_feeder', onlyLive: 1, onlyRecomputed: 1 }]);
});

test('a refresh that is killed leaves the mark, and the next one repeats it', async () => {
  await resetLayers(engine);
  const segment = await land(
    Array.from({ length: 2000 }, (_, i) => ({ meter: i % 4, interval: i >> 2, wh: i % 9, quality: 1 })),
  );
  const refresh = refreshLayers(engine, [segment]);
  process.kill(engine.pid()!, 'SIGKILL');
  await assert.rejects(refresh, { code: 'columnar_engine_lost' });
  const mark = rowsFrom<{ segment_id: number }>(await engine.query('select segment_id from layer_mark'))[0].segment_id;
  if (mark !== segment.segmentId) await refreshLayers(engine, [segment]);
  assert.deepEqual(await verifyLayers(engine, [segment]), []);
  assert.equal((await sourceCounts(engine))[0].stored, 2000);
});

test('a query over its deadline is ended and the engine is back', async () => {
  await assert.rejects(engine.query('select count(*) from range(1000000000000) a, range(1000000) b', [], 300), {
    code: 'columnar_deadline',
  });
  assert.deepEqual(await engine.query('select 1 as one'), { one: [1] });
});

test('a segment that is not what was committed is named', async () => {
  const segment = await land([{ meter: 0, interval: 0, wh: 1, quality: 1 }]);
  const bytes = await fs.readFile(segment.file);
  await assert.rejects(
    verifySegment(folder, { path: path.basename(segment.file), sha256: '0'.repeat(64), byteCount: bytes.length }),
    { code: 'segment_damaged' },
  );
  await fs.rm(segment.file);
  await assert.rejects(verifySegment(folder, { path: path.basename(segment.file), sha256: '', byteCount: 1 }), {
    code: 'segment_damaged',
  });
});
