/** The readings of the integrity tests: reading k is a function of k, so that a checker knows what must be there. */
import type { NetworkColumns } from '#model/network.ts';
import { NetworkBuilder } from '#model/network_builder.ts';
import { makeReadingColumns, type ReadingColumns } from '#model/reading.ts';

export const meterCount = 40;
const firstIntervalS = Date.UTC(2026, 0, 1) / 1000;

export interface SequenceRow {
  meter: number;
  intervalStartS: number;
  wh: number;
}

/** Every meter in turn, interval after interval; each reading has a value of its own. */
export function rowAt(k: number): SequenceRow {
  return {
    meter: k % meterCount,
    intervalStartS: firstIntervalS + Math.floor(k / meterCount) * 900,
    wh: (Math.imul(k, 2_654_435_761) >>> 8) % 100_000,
  };
}

/** Readings [from, to), each with its number as the sender's sequence. */
export function readingsBetween(from: number, to: number): ReadingColumns {
  const readings = makeReadingColumns(to - from);
  for (let k = from; k < to; k++) {
    const i = readings.count++;
    const row = rowAt(k);
    readings.meterKey[i] = row.meter;
    readings.intervalStartS[i] = row.intervalStartS;
    readings.intervalMinutes[i] = 15;
    readings.wh[i] = row.wh;
    readings.decivolt[i] = 2400;
    readings.quality[i] = 1;
    readings.sourceSeq[i] = k;
  }
  return readings;
}

/** One feeder, one transformer, all meters of the sequence. */
export function sequenceNetwork(): NetworkColumns {
  const builder = new NetworkBuilder('integrity');
  const area = builder.addArea({ id: 'A', name: 'A' });
  const substation = builder.addSubstation({ id: 'S', name: 'S', lonE7: 0, latE7: 0, area });
  const feeder = builder.addFeeder({ id: 'F', name: 'F', substation, nominalKv: 12.47 });
  const nodes = [0, 1, 2].map((i) => builder.addNode({ id: `N${i}`, lonE7: i, latE7: 0, feeder }));
  const head = builder.addEdge({ id: 'B', kind: 1, from: nodes[0], to: nodes[1], feeder, phases: 7 });
  const transformer = builder.addEdge({ id: 'X', kind: 6, from: nodes[1], to: nodes[2], feeder, phases: 1 });
  builder.setFeederHead(feeder, nodes[0], head);
  for (let m = 0; m < meterCount; m++) {
    const place = { node: nodes[2], transformer, lonE7: 0, latE7: 0 };
    builder.addMeter({ id: `M${m}`, customerClass: 0, critical: 0, phases: 1, peakKw: 5, ...place });
  }
  return builder.finish();
}
