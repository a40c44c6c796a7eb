/** Readings as messages, written straight into bytes: JSON as every door takes it, Avro in the wire format. */
import type { IdColumn } from '#model/id_column.ts';
import { type ReadingColumns, readingQualities } from '#model/reading.ts';
import { wireHeadBytes } from './avro.ts';

/** Row `i` as a message's value; valid until the next call. */
export type ReadingEncoder = (readings: ReadingColumns, i: number) => Uint8Array;

const longestMessage = 512;

/** The key of a meter's messages. */
export const meterKeyBytes = (ids: IdColumn, meter: number): Uint8Array =>
  ids.bytes.subarray(ids.offsets[meter], ids.offsets[meter + 1]);

export function jsonEncoder(ids: IdColumn): ReadingEncoder {
  const scratch = Buffer.allocUnsafe(longestMessage);
  const heads = Array.from({ length: 4096 }, () => ({ meter: -1, text: '' }));
  let lastS = Number.NaN;
  let time = '';
  return (readings, i) => {
    const meter = readings.meterKey[i];
    const head = heads[meter & 4095];
    if (head.meter !== meter) {
      head.meter = meter;
      head.text = `{"meter_id":${JSON.stringify(ids.at(meter))},"reading_time":"`;
    }
    if (readings.intervalStartS[i] !== lastS) {
      lastS = readings.intervalStartS[i];
      time = new Date(lastS * 1000).toISOString();
    }
    const volts = readings.decivolt[i] > 0 ? `,"voltage":${readings.decivolt[i] / 10}` : '';
    const sequence = readings.sourceSeq[i] >= 0 ? `,"source_seq":${readings.sourceSeq[i]}` : '';
    const quality = readingQualities[readings.quality[i]];
    const text = `${head.text}${time}","interval_minutes":${readings.intervalMinutes[i]},"kwh":${readings.wh[i] / 1000}${volts},"quality":"${quality}"${sequence}}`;
    return scratch.subarray(0, scratch.write(text, 0, 'latin1'));
  };
}

/** @param schemaId of `readingSchema` in the registry */
export function avroEncoder(ids: IdColumn, schemaId: number): ReadingEncoder {
  const bytes = Buffer.alloc(longestMessage);
  bytes.writeInt32BE(schemaId, 1);
  const qualities = readingQualities.map((quality) => Buffer.from(quality));
  let at = 0;
  const long = (value: number): void => {
    let zigzag = value < 0 ? -2 * value - 1 : 2 * value;
    while (zigzag >= 128) {
      bytes[at++] = (zigzag % 128) | 0x80;
      zigzag = Math.floor(zigzag / 128);
    }
    bytes[at++] = zigzag;
  };
  const text = (part: Uint8Array): void => {
    long(part.length);
    bytes.set(part, at);
    at += part.length;
  };
  return (readings, i) => {
    at = wireHeadBytes;
    text(meterKeyBytes(ids, readings.meterKey[i]));
    long(0);
    long(readings.intervalStartS[i] * 1000);
    long(readings.intervalMinutes[i]);
    at = bytes.writeDoubleLE(readings.wh[i] / 1000, at);
    long(readings.decivolt[i] > 0 ? 1 : 0);
    if (readings.decivolt[i] > 0) at = bytes.writeDoubleLE(readings.decivolt[i] / 10, at);
    text(qualities[readings.quality[i]]);
    long(readings.sourceSeq[i] >= 0 ? 1 : 0);
    if (readings.sourceSeq[i] >= 0) long(readings.sourceSeq[i]);
    return bytes.subarray(0, at);
  };
}
