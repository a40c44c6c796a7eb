/** What tests of readings share: a reading as it stands in columns, and columns as rows. */
import { makeReadingColumns, type ReadingColumns } from '#model/reading.ts';

/** Every row as numbers: meter, start, minutes, Wh, decivolt, quality, sequence. */
export const rowsOf = ({
  count,
  meterKey,
  intervalStartS,
  intervalMinutes,
  wh,
  decivolt,
  quality,
  sourceSeq,
}: ReadingColumns): number[][] =>
  Array.from({ length: count }, (_, i) =>
    [meterKey, intervalStartS, intervalMinutes, wh, decivolt, quality, sourceSeq].map((column) => column[i]),
  );

/** The second meter at the beginning of an interval, 1.234 kWh, 240.1 V, actual. */
export function oneReading(startMs: number, sequence: number): ReadingColumns {
  const readings = makeReadingColumns(1);
  readings.count = 1;
  readings.meterKey[0] = 1;
  readings.intervalStartS[0] = startMs / 1000;
  readings.intervalMinutes[0] = 15;
  readings.wh[0] = 1234;
  readings.decivolt[0] = 2401;
  readings.quality[0] = 1;
  readings.sourceSeq[0] = sequence;
  return readings;
}
