/** The published samples give the totals that are known of them: nothing lost, nothing invented. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { readAll, sample, sharedAmi } from './file_testbed.ts';
import { readGreenButton } from './greenbutton.ts';
import { readMappedCsv } from './mapped_csv.ts';
import { csvMapping, readMapping } from './mapping.ts';
import { readNem12 } from './nem12.ts';

/** In CI they are always there. */
const samplesAbsent =
  !existsSync(sharedAmi) && process.env.CI === undefined ? `the samples (${sharedAmi}) are not there` : false;
const root = path.join(import.meta.dirname, '..', '..');

describe('Green Button samples', { skip: samplesAbsent }, () => {
  const truths: [string, number, number, string, string][] = [
    ['15minLP_15Days', 1340, 1_397_734, '2012-03-01T05:00:00.000Z', '2012-03-15T03:45:00.000Z'],
    // 31 days less the hour of spring, 30 days and the hour of autumn
    ['hourlyForMonthMar', 743, 2_278_213, '2011-03-01T05:00:00.000Z', '2011-04-01T03:00:00.000Z'],
    ['hourlyForMonthNov', 721, 2_213_810, '2011-11-01T04:00:00.000Z', '2011-12-01T04:00:00.000Z'],
    ['gba_test_usage_data', 1340, 1_391_666, '2012-03-01T05:00:00.000Z', '2012-03-15T03:45:00.000Z'],
  ];
  for (const [name, count, sumWh, first, last] of truths)
    test(name, async () => {
      const { rows, sumWh: sum, refused } = await readAll(readGreenButton, sample(`greenbutton/${name}.xml`));
      const times = rows.map((row) => row.at).sort();
      assert.deepEqual(
        [rows.length, sum, refused.length, new Set(times).size, times[0], times.at(-1)],
        [count, sumWh, 0, count, first, last],
      );
    });

  test('three usage points: forward and reverse of one become 96 net readings', async () => {
    const { rows, notes, refused } = await readAll(
      readGreenButton,
      sample('greenbutton/BatchFeedThreeUsagePoints_M.xml'),
    );
    assert.deepEqual([rows.length, notes.netted, refused.length], [288, 96, 0]);
    assert.equal(rows.filter((row) => row.meter === '4284792').length, 96);
    // what flows back alone is negative
    assert.ok(rows.filter((row) => row.meter === '4284794').every((row) => row.wh <= 0));
  });
});

describe('NEM12 samples', { skip: samplesAbsent }, () => {
  test('multiple_quality: intervals 1-20 final substitutes, 21-24 actual, 25-48 substitutes; days begin at UTC+10', async () => {
    const { rows, refused } = await readAll(readNem12, sample('nem12/unzipped/Example_NEM12_multiple_quality.csv'));
    assert.deepEqual([rows.length, refused.length], [48, 0]);
    assert.deepEqual(
      rows.map((row) => row.quality),
      [...Array(20).fill('edited'), ...Array(4).fill('actual'), ...Array(24).fill('estimated')],
    );
    assert.deepEqual([rows[0].at, rows[0].wh, rows[47].wh], ['2004-04-16T14:00:00.000Z', 18_023, 14_733]);
  });

  const truths: [string, number, number, Record<string, number>][] = [
    ['unzipped/Example_NEM12_actual_interval.csv', 48, 53_328, { unsupported_channel: 1 }],
    ['unzipped/Example_NEM12_upper_case_units.csv', 48, 53_328, { unsupported_channel: 1 }],
    ['unzipped/Example_NEM12_month_solar.csv', 8928, -318_434, {}],
    // (10 + 100 - 10) of one meter and -20 of the other, 192 quarter hours, in Wh
    ['unzipped/Example_NEM12_multiple_meters.csv', 384, 192 * (100 - 20), { unsupported_channel: 4 }],
    ['unzipped/Example_NEM12_different_interval_length.csv', 48, 374_000, { bad_interval_length: 1 }],
    ['unzipped/Example_NEM12_partialchannel.csv', 288, -14_318, { missing_channel: 8640 }],
    ['unzipped/Example_NEM13_consumption_data.csv', 0, 0, { unsupported_channel: 1 }],
    ['unzipped/Example_NEM13_forward_estimate.csv', 0, 0, { unsupported_channel: 2 }],
    ['unzipped/Example_WesternPower.csv', 48, 0, { unsupported_channel: 2 }],
    ['invalid/Example_NEM12_15min_200_30min_300.csv', 0, 0, { wrong_interval_count: 1, stray_range: 2 }],
    ['invalid/Example_NEM12_15min_200_30min_400.csv', 24, 3_000_000, { no_data: 24, no_quality: 48 }],
    ['invalid/Example_NEM12_30min_200_15min_400.csv', 0, 0, { wrong_interval_count: 1, stray_range: 2 }],
    ['invalid/Example_NEM12_empty.csv', 0, 0, { no_readings: 1 }],
    // the good day beside the bad one lands
    ['invalid/Example_NEM12_incomplete_interval.csv', 48, 53_328, { wrong_interval_count: 1, unsupported_channel: 2 }],
    ['invalid/Example_NEM12_missing_header.csv', 48, 53_328, { missing_header: 1, unsupported_channel: 1 }],
  ];
  for (const [name, count, sumWh, codes] of truths)
    test(name, async () => {
      const result = await readAll(readNem12, sample(`nem12/${name}`));
      assert.deepEqual([result.rows.length, result.sumWh, result.codes], [count, sumWh, codes]);
    });

  test('an empty file, and one that is no NEM12, are refused', async () => {
    await assert.rejects(readAll(readNem12, sample('nem12/invalid/Example_empty_file.csv')), { code: 'empty_file' });
    await assert.rejects(readAll(readNem12, sample('nem12/invalid/Example_NEM12_powercor.csv.zip')), {
      code: 'cut_short',
    });
  });

  test('what is wrong is said with file, line, field and remedy', async () => {
    const { refused } = await readAll(readNem12, sample('nem12/invalid/Example_NEM12_incomplete_interval.csv'));
    assert.match(refused[0].reason, /^Example_NEM12_incomplete_interval\.csv line 3: field QualityMethod \(51\)/);
  });
});

test('the London meter: 2,022 half-hours, 547.414 kWh, two of them twice', { skip: samplesAbsent }, async () => {
  const mapping = csvMapping(readMapping(await fs.readFile(path.join(root, 'docs/mappings/london_lcl.json'), 'utf8')));
  const { rows, sumWh, refused, pieces } = await readAll(
    (input, facts, notes) => readMappedCsv(input, facts, notes, mapping),
    sample('lcl/CC_LCL-FullData.csv'),
    { meters: mapping.meters },
  );
  assert.deepEqual([rows.length, sumWh, refused.length, pieces.length], [2022, 547_414, 0, 1]);
  assert.deepEqual([new Set(rows.map((row) => row.at)).size, rows[0].meter], [2020, 'MTR-0000001']);
});
