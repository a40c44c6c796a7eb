/** A typical year becomes 8,760 hours of the year it stands for; a plain CSV is read as it says. */
import assert from 'node:assert/strict';
import { createReadStream, existsSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { createGunzip } from 'node:zlib';
import type { FileInput } from '#sources/files/piece.ts';
import { readWeather, type Temperature } from './observations.ts';

const austin = path.join(import.meta.dirname, '../../../shared/data/load/TX-Austin_Mueller.tmy3.csv.gz');
const absent = !existsSync(austin) && process.env.CI === undefined ? `the sample (${austin}) is not there` : false;

async function readAll(input: FileInput, year?: number) {
  const all = { temperatures: [] as Temperature[], codes: [] as string[] };
  for await (const { temperatures, refused } of readWeather(input, year)) {
    all.temperatures.push(...temperatures);
    all.codes.push(...refused.map(({ line, code }) => `${line} ${code}`));
  }
  return all;
}
const textInput = (text: string): FileInput => ({
  name: 'file',
  async *open() {
    yield Buffer.from(text);
  },
});
const sample: FileInput = { name: 'tmy3', open: () => createReadStream(austin).pipe(createGunzip()) };

describe('weather', () => {
  test('the typical year of Austin: 8,760 hours, UTC-6 all year', { skip: absent }, async () => {
    const { temperatures, codes } = await readAll(sample, 2026);
    assert.deepEqual([temperatures.length, codes], [8760, []]);
    assert.deepEqual(temperatures[0], { atS: Date.UTC(2026, 0, 1, 7) / 1000, temperatureC: 11.7 });
    const starts = temperatures.map((weather) => weather.atS);
    assert.ok(starts.every((at, k) => at === starts[0] + k * 3600));
    await assert.rejects(readAll(sample), { code: 'bad_usage' });
  });

  test('a CSV of time and temperature', async () => {
    const text =
      'temperature_c,time\n31.5,2026-07-04T12:00:00-05:00\nhot,2026-07-04T18:00:00Z\n20,2026-07-04 18:00\n99,2026-07-04T18:00:00Z\n';
    const { temperatures, codes } = await readAll(textInput(text));
    assert.deepEqual(temperatures, [{ atS: Date.UTC(2026, 6, 4, 17) / 1000, temperatureC: 31.5 }]);
    assert.deepEqual(codes, ['3 bad_temperature', '4 bad_time', '5 bad_temperature']);
    await assert.rejects(readAll(textInput('a,b\n1,2\n')), { code: 'bad_header' });
    await assert.rejects(readAll(textInput('')), { code: 'empty_file' });
  });
});
