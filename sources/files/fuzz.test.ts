/**
 * Damaged files: whatever is cut off or flipped, a reader ends with readings, set-aside records or a refusal of the file
 * that names its code; it never gives more readings than the file held, nor one that no line of it says.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FluxError } from '#model/errors.ts';
import { type AnyReader, type ReadResult, readAll, textInput } from './file_testbed.ts';
import { readGreenButton } from './greenbutton.ts';
import { readMappedCsv } from './mapped_csv.ts';
import { csvMapping } from './mapping.ts';
import { readNem12 } from './nem12.ts';
import { readJsonLines, readOwnCsv } from './own_records.ts';
import { readSmartMeterTexas } from './smart_meter_texas.ts';

const startMs = Date.UTC(2026, 0, 1);
const times = Array.from({ length: 48 }, (_, k) => new Date(startMs + k * 1_800_000).toISOString());
const mapping = csvMapping({
  meter: { column: 'm' },
  time: { column: 't', format: 'iso', marks: 'beginning' },
  interval_minutes: 30,
  energy: { column: 'e', unit: 'kWh' },
});
const smtLine = (k: number, channel: string): string =>
  `'10089,01/05/2026,01/06/2026,${times[k].slice(11, 16)},${(times[k + 1] ?? times[0]).slice(11, 16)},${k}.5,A,${channel}`;
const blocks = times
  .map(
    (time, k) =>
      `<IntervalReading><timePeriod><duration>1800</duration><start>${Date.parse(time) / 1000}</start></timePeriod><value>${1000 + k}</value></IntervalReading>`,
  )
  .join('\n');
const link = (rel: string, href: string): string => `<link rel="${rel}" href="${href}"/>`;
const espi = 'xmlns="http://naesb.org/espi"';

const files: Record<string, { reader: AnyReader; text: string }> = {
  'JSON-lines': {
    reader: readJsonLines,
    text: times
      .map((time, k) => `{"meter_id":"M","reading_time":"${time}","interval_minutes":30,"kwh":${k}.25}\n`)
      .join(''),
  },
  'our CSV': {
    reader: readOwnCsv,
    text: `meter_id,reading_time,kwh,interval_minutes\n${times.map((time, k) => `M,${time},${k}.25,30\n`).join('')}`,
  },
  'mapped CSV': {
    reader: (input, facts, notes) => readMappedCsv(input, facts, notes, mapping),
    text: `m,t,e\n${times.map((time, k) => `M,${time},${k}.25\n`).join('')}`,
  },
  NEM12: {
    reader: readNem12,
    text: `100,NEM12,202601010000,A,B\n${['E1', 'B1']
      .map(
        (suffix) =>
          `200,NMI1,E1B1,1,${suffix},N1,M1,kWh,30,\n300,20260101,${times.map((_, k) => k + 1).join(',')},V,,,\n400,1,20,A,,\n400,21,48,S14,,\n`,
      )
      .join('')}900\n`,
  },
  'Smart Meter Texas': {
    reader: readSmartMeterTexas,
    text: `ESIID,USAGE_DATE,REVISION_DATE,USAGE_START_TIME,USAGE_END_TIME,USAGE_KWH,ESTIMATED_ACTUAL,CONSUMPTION_SURPLUSGENERATION\n${times
      .map((_, k) => `${smtLine(k, 'Consumption')}\n${smtLine(k, 'Surplus Generation')}\n`)
      .join('')}`,
  },
  'Green Button': {
    reader: readGreenButton,
    text: `<feed xmlns="http://www.w3.org/2005/Atom"><entry>${link('self', 'U/1/MeterReading/1')}${link('related', 'T/1')}<content><MeterReading ${espi}/></content></entry><entry>${link('self', 'T/1')}<content><ReadingType ${espi}><uom>72</uom></ReadingType></content></entry><entry>${link('up', 'U/1/MeterReading/1/IntervalBlock')}<content><IntervalBlock ${espi}>${blocks}</IntervalBlock></content></entry></feed>`,
  },
};

/** A flipped id is no meter of the network. */
const meterIds = ['M', 'NMI1', '10089', '1'];

/** The result, or undefined where the file was refused as a whole. */
async function readDamaged(reader: AnyReader, bytes: Uint8Array): Promise<ReadResult | undefined> {
  try {
    return await readAll(reader, textInput(bytes, 97), { meterIds });
  } catch (error) {
    assert.ok(error instanceof FluxError && error.code !== 'internal', String(error));
    return undefined;
  }
}

const keyOf = ({ meter, at, minutes, wh, quality }: ReadResult['rows'][number]): string =>
  [meter, at, minutes, wh, quality].join(' ');

for (const [name, { reader, text }] of Object.entries(files))
  describe(name, () => {
    const bytes = Buffer.from(text);

    test('whole, it holds 48 readings', async () => {
      const { rows, refused } = await readAll(reader, textInput(bytes, 97));
      assert.deepEqual([rows.length, refused.length], [48, 0]);
    });

    test('cut anywhere, nothing is read that the whole file does not say', async () => {
      const whole = new Set((await readAll(reader, textInput(bytes))).rows.map(keyOf));
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), async (length) => {
          const result = await readDamaged(reader, bytes.subarray(0, length));
          const strange = result?.rows.filter((row) => !whole.has(keyOf(row))) ?? [];
          // A number at the end of a line that is cut is shorter and looks whole; no format of lines can tell.
          const isCutNumber =
            bytes[length - 1] !== 10 && strange.length === 1 && strange[0].at === result?.rows.at(-1)?.at;
          // Before its first line of a second channel a file looks like one of a meter that only takes.
          const isOneChannel = name === 'Smart Meter Texas' && !text.slice(0, length).includes(',A,Surplus');
          assert.ok(strange.length === 0 || isCutNumber || isOneChannel, strange.map(keyOf).join('; '));
        }),
        { numRuns: 200, examples: [[bytes.indexOf('\n', bytes.indexOf('\n') + 1) + 1]] },
      );
    });

    test('with bytes flipped, it neither crashes nor gains readings', async () => {
      const flips = fc.array(
        fc.tuple(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 })),
        {
          minLength: 1,
          maxLength: 6,
        },
      );
      await fc.assert(
        fc.asyncProperty(flips, async (places) => {
          const damaged = Buffer.from(bytes);
          for (const [at, mask] of places) damaged[at] ^= mask;
          const result = await readDamaged(reader, damaged);
          if (!result) return;
          assert.ok(result.rows.length <= 48, `${result.rows.length} readings`);
          for (const { wh, minutes } of result.rows) assert.ok(Math.abs(wh) <= 20e6 && 60 % minutes === 0);
        }),
        { numRuns: 300 },
      );
    });
  });
