/** A changed file is never read as if it were what was committed: 1,000 mutations of segments and parts, each one refused. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { FluxError } from '#model/errors.ts';
import { makeReadingColumns } from '#model/reading.ts';
import { type Engine, startEngine } from '#stores/columnar/engine.ts';
import { partFolder, partName, partsRelation, verifyPart, writePart } from '#stores/columnar/parts.ts';
import { makeSegmentSink, segmentFolder, sweepSegments, verifySegment } from '#stores/columnar/segments.ts';

interface Committed {
  path: string;
  sha256: string;
  byteCount: number;
}

let folder: string;
let engine: Engine;
let segment: Committed;
let part: Committed;
const dayS = Date.parse('2026-03-06T00:00:00Z') / 1000;

before(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-mutated-'));
  await sweepSegments(folder, new Set());
  engine = startEngine({ name: 'mutated', path: ':memory:', threads: 1, temporaryFolder: folder });
  const readings = makeReadingColumns(960);
  for (let i = 0; i < 960; i++) {
    const k = readings.count++;
    readings.meterKey[k] = i % 10;
    readings.intervalStartS[k] = dayS + Math.floor(i / 10) * 900;
    readings.intervalMinutes[k] = 15;
    readings.wh[k] = (i * 7919) % 2500;
    readings.decivolt[k] = 2390 + (i % 23);
    readings.quality[k] = 1;
    readings.sourceSeq[k] = i;
  }
  const batch = { source: 'test', partition: 0, offsetFrom: 0, offsetTo: 960, receivedAtMs: 0, readings, setAside: [] };
  segment = await makeSegmentSink(engine, folder).write(batch, 1);
  const silver = `(select meter_key, interval_start_s, interval_minutes, wh, decivolt, quality, 1::smallint as source_key
    from read_parquet('${path.join(segmentFolder(folder), segment.path)}'))`;
  const none = `(select *, 0::bigint as segment_id, 0::bigint as record_offset from ${silver} limit 0)`;
  part = await writePart(engine, folder, partName(dayS, 0, 's1'), { current: silver, earlier: none });
});
after(async () => {
  await engine.stop();
  await fs.rm(folder, { recursive: true, force: true });
});

let drawn = 20_261;
const draw = (below: number): number => {
  drawn = (Math.imul(drawn, 1_103_515_245) + 12_345) & 0x7fffffff;
  return drawn % below;
};

/** The ways disks and copies change a file. */
const mutations: Record<string, (bytes: Buffer) => Buffer> = {
  'a flipped bit': (bytes) => {
    bytes[draw(bytes.length)] ^= 1 << draw(8);
    return bytes;
  },
  'a torn end': (bytes) => bytes.subarray(0, draw(bytes.length)),
  'a block of zeros': (bytes) => {
    const from = draw(bytes.length);
    return bytes.fill(0, from, Math.min(bytes.length, from + 1 + draw(512)));
  },
  'bytes that follow': (bytes) => Buffer.concat([bytes, bytes.subarray(0, 1 + draw(64))]),
  'two blocks that changed places': (bytes) => {
    const size = 1 + draw(200);
    const [a, b] = [draw(bytes.length - size), draw(bytes.length - size)];
    const first = Buffer.from(bytes.subarray(a, a + size));
    bytes.copy(bytes, a, b, b + size);
    first.copy(bytes, b);
    return bytes;
  },
};

/** @returns how many of the files DuckDB itself would have read without a word */
async function mutate(file: string, check: () => Promise<void>, code: string, count: number, relation: string) {
  const original = await fs.readFile(file);
  const names = Object.keys(mutations);
  const whole = JSON.stringify(await engine.query(`select sum(hash(columns(*))::hugeint)::varchar from ${relation}`));
  const seen = { silentlyWrong: 0, refused: 0 };
  try {
    for (let i = 0; i < count; i++) {
      const name = names[i % names.length];
      let changed = mutations[name](Buffer.from(original));
      while (changed.equals(original)) changed = mutations[name](Buffer.from(original));
      await fs.writeFile(file, changed);
      await assert.rejects(check(), (error: FluxError) => error.code === code, `${name}, round ${i}`);
      seen.refused++;
      if (i % 10 !== 0) continue;
      const read = await engine
        .query(`select sum(hash(columns(*))::hugeint)::varchar from ${relation}`)
        .catch(() => undefined);
      if (read && JSON.stringify(read) !== whole) seen.silentlyWrong++;
    }
  } finally {
    await fs.writeFile(file, original);
  }
  return seen;
}

describe('files that changed after they were committed', () => {
  test('500 changed segments are refused by their checksum', async (t) => {
    const file = path.join(segmentFolder(folder), segment.path);
    const seen = await mutate(
      file,
      () => verifySegment(folder, segment),
      'segment_damaged',
      500,
      `read_parquet('${file}')`,
    );
    assert.equal(seen.refused, 500);
    t.diagnostic(`${seen.silentlyWrong} of 50 looked at would have been read without a word`);
    await verifySegment(folder, segment);
  });

  test('500 changed parts are refused by their checksum', async (t) => {
    const file = path.join(partFolder(folder), part.path);
    const seen = await mutate(file, () => verifyPart(folder, part), 'part_damaged', 500, partsRelation([{ file }]));
    assert.equal(seen.refused, 500);
    t.diagnostic(`${seen.silentlyWrong} of 50 looked at would have been read without a word`);
    await verifyPart(folder, part);
  });

  test('a missing file is named', async () => {
    await assert.rejects(verifyPart(folder, { ...part, path: 'nothing.parquet' }), { code: 'part_damaged' });
    await assert.rejects(verifySegment(folder, { ...segment, path: 'nothing.parquet' }), { code: 'segment_damaged' });
  });
});
