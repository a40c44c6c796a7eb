/** Both published layouts; days of 92, 96 and 100 quarter hours add up; types of one settlement point stay apart. */
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { FileInput } from '#sources/files/piece.ts';
import { type Price, type RefusedLine, readErcotPrices } from './prices.ts';

async function readAll(input: FileInput): Promise<{ prices: Price[]; refused: RefusedLine[] }> {
  const all = { prices: [] as Price[], refused: [] as RefusedLine[] };
  for await (const { prices, refused } of readErcotPrices(input)) {
    all.prices.push(...prices);
    all.refused.push(...refused);
  }
  return all;
}
const fixture = (name: string): FileInput => ({
  name,
  open: () => createReadStream(path.join(import.meta.dirname, 'fixtures', name)),
});
const textInput = (text: string): FileInput => ({
  name: 'file',
  async *open() {
    yield Buffer.from(text);
  },
});
const header =
  'DeliveryDate,DeliveryHour,DeliveryInterval,SettlementPointName,SettlementPointType,SettlementPointPrice,DSTFlag\n';
const iso = (price: Price): string => new Date(price.intervalStartS * 1000).toISOString();

/** All rows of a day as they are published. */
function day(date: string, hours: [hour: number, flag: 'Y' | 'N'][]): string {
  const rows = hours.flatMap(([hour, flag]) =>
    [1, 2, 3, 4].map((interval) => `${date},${hour},${interval},LZ_HOUSTON,LZ,${hour}.${interval},${flag}`),
  );
  return `${header}${rows.join('\n')}\n`;
}
const hours = (from: number, to: number): [number, 'N'][] =>
  Array.from({ length: to - from + 1 }, (_, k) => [from + k, 'N']);

describe('ERCOT prices', () => {
  test('the report layout: LZ and LZEW of one point are two prices', async () => {
    const { prices, refused } = await readAll(fixture('report_layout.csv'));
    assert.deepEqual([prices.length, refused.length], [12, 0]);
    assert.deepEqual(
      prices.slice(0, 2).map((price) => [iso(price), price.settlementPoint, price.type, price.usdPerMwh]),
      [
        // hour ending 1, interval 1 begins at midnight of Central time
        ['2026-07-04T05:00:00.000Z', 'LZ_HOUSTON', 'LZ', 23.41],
        ['2026-07-04T05:00:00.000Z', 'LZ_HOUSTON', 'LZEW', 23.4],
      ],
    );
    // hour ending 24, interval 4 is the last quarter of the day
    assert.equal(iso(prices[11]), '2026-07-05T04:45:00.000Z');
  });

  test('the archive layout, with spaces in its names, over the repeated hour', async () => {
    const { prices, refused } = await readAll(fixture('archive_layout.csv'));
    assert.deepEqual([prices.length, refused.length, new Set(prices.map(iso)).size], [16, 0, 16]);
    const at = (usd: number) => iso(prices.find((price) => price.usdPerMwh === usd)!);
    // hour ending 2: 01:00 CDT, and with the flag 01:00 CST
    assert.deepEqual([at(18.2), at(17.9)], ['2025-11-02T06:00:00.000Z', '2025-11-02T07:00:00.000Z']);
  });

  test('days have 96, 92 and 100 quarter hours without a gap or a repetition', async () => {
    const autumn: [number, 'Y' | 'N'][] = [...hours(1, 2), [2, 'Y'], ...hours(3, 24)];
    for (const [text, count] of [
      [day('07/04/2026', hours(1, 24)), 96],
      [day('03/08/2026', [...hours(1, 2), ...hours(4, 24)]), 92],
      [day('11/02/2025', autumn), 100],
    ] as const) {
      const { prices, refused } = await readAll(textInput(text));
      const starts = prices.map((price) => price.intervalStartS);
      assert.deepEqual([prices.length, refused.length], [count, 0]);
      assert.deepEqual(
        starts,
        Array.from({ length: count }, (_, k) => starts[0] + k * 900),
      );
    }
  });

  test('what can not be is refused with its line', async () => {
    const rows = [
      '03/08/2026,3,1,LZ_HOUSTON,LZ,20,N',
      '07/04/2026,2,1,LZ_HOUSTON,LZ,20,Y',
      '07/04/2026,25,1,LZ_HOUSTON,LZ,20,N',
      '07/04/2026,1,5,LZ_HOUSTON,LZ,20,N',
      '07/04/2026,1,1,LZ_HOUSTON,LZ,,N',
      '07/04/2026,1,1,LZ_HOUSTON',
      '07/04/2026,1,1,LZ_HOUSTON,,20,N',
      '07/04/2026,1,1,LZ_HOUSTON,LZ,-251,N',
    ];
    const { prices, refused } = await readAll(textInput(header + rows.join('\n')));
    assert.deepEqual(
      refused.map(({ line, code }) => `${line} ${code}`),
      [
        '2 bad_time',
        '3 bad_flag',
        '4 bad_time',
        '5 bad_time',
        '6 bad_price',
        '7 wrong_field_count',
        '8 bad_settlement_point',
      ],
    );
    assert.equal(prices[0].usdPerMwh, -251);
    await assert.rejects(readAll(textInput('a,b\n')), { code: 'bad_header' });
    await assert.rejects(readAll(textInput('')), { code: 'empty_file' });
  });
});
