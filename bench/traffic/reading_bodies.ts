import type { NetworkColumns } from '#model/network.ts';
import { makeReadingColumns, type ReadingColumns, readingQualities } from '#model/reading.ts';
import { makeReadingGenerator } from '#sources/generator/generate_readings.ts';

const intervalS = 900;

/** Start of the interval that ended last, UTC epoch seconds. */
export const lastIntervalS = (): number => (Math.floor(Date.now() / 1000 / intervalS) - 1) * intervalS;

/** Readings of consecutive intervals cut into equal batches, as the generator gives them: meter after meter. */
export function* readingBatches(
  network: NetworkColumns,
  firstIntervalS: number,
  rows: number,
): Generator<ReadingColumns> {
  const generator = makeReadingGenerator(network, { seed: 1 });
  const meters = network.meter.count;
  for (let row = 0; ; ) {
    const batch = makeReadingColumns(rows);
    while (batch.count < rows) {
      const meter = row % meters;
      const take = Math.min(rows - batch.count, meters - meter);
      generator.fillInterval(firstIntervalS + Math.floor(row / meters) * intervalS, meter, meter + take, batch);
      row += take;
    }
    yield batch;
  }
}

/** A batch as POST /api/readings takes it. */
export function bodyOf(readings: ReadingColumns, network: NetworkColumns): string {
  const records = Array.from({ length: readings.count }, (_, i) => ({
    meter_id: network.meter.id.at(readings.meterKey[i]),
    reading_time: new Date(readings.intervalStartS[i] * 1000).toISOString(),
    interval_minutes: readings.intervalMinutes[i],
    kwh: readings.wh[i] / 1000,
    voltage: readings.decivolt[i] / 10,
    quality: readingQualities[readings.quality[i]],
  }));
  return JSON.stringify(records);
}
