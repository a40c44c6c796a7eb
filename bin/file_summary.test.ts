/** The report of an import: repeated intervals and gaps are counted, and the parts make up what was read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeReadingColumns } from '#model/reading.ts';
import { makeNotes } from '#sources/files/piece.ts';
import { makeSummary } from './file_summary.ts';

/** Readings of meter and interval number, with a length in minutes. */
function piece(rows: [meter: number, k: number, minutes?: number][]) {
  const readings = makeReadingColumns(rows.length);
  for (const [meter, k, minutes = 15] of rows) {
    const i = readings.count++;
    readings.meterKey[i] = meter;
    readings.intervalStartS[i] = 1_767_225_600 + k * 900;
    readings.intervalMinutes[i] = minutes;
    readings.wh[i] = 10;
  }
  return { readings, setAside: [{ index: rows.length, code: 'bad_kwh', reason: '', content: '' }] };
}

test('duplicates count once in the sum, gaps by meter, parts make up the whole', () => {
  const notes = { ...makeNotes(), netted: 3 };
  const summing = makeSummary(notes);
  summing.take(
    piece([
      [1, 0],
      [1, 1],
      [1, 4],
      [2, 7],
    ]),
  );
  summing.take(
    piece([
      [1, 1],
      [2, 8],
    ]),
  );
  const { read, accepted, duplicate, set_aside, netted, sum_wh, sum_wh_read, gaps } = summing.summary();
  assert.deepEqual([accepted, duplicate, set_aside, netted, read], [5, 1, 2, 3, 11]);
  assert.deepEqual([sum_wh, sum_wh_read, gaps], [50, 60, 2]);
});

test('gaps are not guessed where lengths differ; nothing read is no gap', () => {
  const summing = makeSummary(makeNotes());
  assert.equal(summing.summary().gaps, 0);
  summing.take(
    piece([
      [1, 0, 15],
      [1, 4, 60],
    ]),
  );
  assert.equal(summing.summary().gaps, null);
});

test('a hundred thousand intervals, each twice', () => {
  const rows = Array.from({ length: 100_000 }, (_, i): [number, number] => [i % 977, Math.floor(i / 977)]);
  const summing = makeSummary(makeNotes());
  summing.take(piece(rows));
  summing.take(piece(rows));
  const { accepted, duplicate } = summing.summary();
  assert.deepEqual([accepted, duplicate], [100_000, 100_000]);
});
