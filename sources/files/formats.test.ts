/** What the formats mean: changes of the clock, two channels, units, and what is wrong with a record. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AnyReader, readAll, textInput } from './file_testbed.ts';
import { readGreenButton } from './greenbutton.ts';
import { fieldsOf, linesOf, numberOf } from './lines.ts';
import { readMappedCsv } from './mapped_csv.ts';
import { csvMapping, readMapping } from './mapping.ts';
import { readJsonLines, readOwnCsv } from './own_records.ts';
import { pieceAfter, wholeWh } from './piece.ts';
import { readSmartMeterTexas } from './smart_meter_texas.ts';

const smtHeader =
  'ESIID,USAGE_DATE,REVISION_DATE,USAGE_START_TIME,USAGE_END_TIME,USAGE_KWH,ESTIMATED_ACTUAL,CONSUMPTION_SURPLUSGENERATION';
const clock = (minute: number): string =>
  `${String(Math.floor((minute % 1440) / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** A day of an export: quarter hours by their wall clock minute, consumption and generation in turn. */
function smtDay(date: string, minutes: number[], kwh: (k: number) => string, generation = true): string {
  const lines = [smtHeader];
  minutes.forEach((minute, k) => {
    const times = `${date},${date},${clock(minute)},${clock(minute + 15)}`;
    lines.push(`'1008901023802199999999,${times},${kwh(k)},A,Consumption`);
    if (generation) lines.push(`'1008901023802199999999,${times},${kwh(k) === '' ? '' : '.02'},A,Surplus Generation`);
  });
  return lines.join('\r\n');
}
const quarters = Array.from({ length: 96 }, (_, k) => k * 15);
const springQuarters = quarters.filter((minute) => minute < 120 || minute >= 180);
const autumnQuarters = [...quarters.slice(0, 8), ...quarters.slice(4, 8), ...quarters.slice(8)];

describe('Smart Meter Texas', () => {
  test('a plain day: 96 net readings, an end of 00:00 is the next day', async () => {
    const { rows, notes, refused } = await readAll(
      readSmartMeterTexas,
      textInput(smtDay('07/04/2026', quarters, () => '.25')),
    );
    assert.deepEqual([rows.length, notes.netted, refused.length], [96, 96, 0]);
    assert.deepEqual(rows[0], {
      meter: '1008901023802199999999',
      at: '2026-07-04T05:00:00.000Z',
      minutes: 15,
      wh: 230,
      quality: 'actual',
      decivolt: 0,
    });
    assert.equal(rows[95].at, '2026-07-05T04:45:00.000Z');
    assert.deepEqual(Object.fromEntries(notes.channels), { CONSUMPTION: 96, 'SURPLUS GENERATION': 96 });
  });

  test('spring with 92 rows', async () => {
    const { rows, refused } = await readAll(
      readSmartMeterTexas,
      textInput(smtDay('03/08/2026', springQuarters, () => '1')),
    );
    assert.deepEqual([rows.length, refused.length, rows[91].at], [92, 0, '2026-03-09T04:45:00.000Z']);
  });

  test('spring with empty values for the hour that is not: named, nothing invented', async () => {
    const text = smtDay('03/08/2026', quarters, (k) => (k >= 8 && k < 12 ? '' : '1'));
    const { rows, codes } = await readAll(readSmartMeterTexas, textInput(text));
    assert.deepEqual([rows.length, codes, new Set(rows.map((row) => row.at)).size], [92, { skipped_hour: 8 }, 92]);
  });

  test('autumn with 100 rows: the second 01:00 is an hour later', async () => {
    const text = smtDay('11/02/2025', autumnQuarters, (k) => String(k));
    const { rows, refused } = await readAll(readSmartMeterTexas, textInput(text));
    assert.deepEqual([rows.length, refused.length, new Set(rows.map((row) => row.at)).size], [100, 0, 100]);
    const at = (k: number) => rows.find((row) => row.wh === k * 1000 - 20)?.at;
    assert.deepEqual([at(4), at(8)], ['2025-11-02T06:00:00.000Z', '2025-11-02T07:00:00.000Z']);
  });

  test('consumption alone needs no generation; a value that is none is set aside with its line', async () => {
    const text = smtDay('07/04/2026', quarters.slice(0, 4), (k) => (k === 2 ? 'x' : '1'), false);
    const { rows, refused } = await readAll(readSmartMeterTexas, textInput(text));
    assert.deepEqual([rows.length, refused.length], [3, 1]);
    assert.match(refused[0].reason, /^file line 4: field USAGE_KWH is 'x'/);
  });

  test('an interval that lacks one of two channels is no net value', async () => {
    const text = smtDay('07/04/2026', quarters.slice(0, 4), () => '1')
      .replace(/.*Surplus Generation$/, '')
      .trimEnd();
    const { rows, codes } = await readAll(readSmartMeterTexas, textInput(text));
    assert.deepEqual([rows.length, codes], [3, { missing_channel: 1 }]);
  });

  test('two ESIIDs are not one meter', async () => {
    const text = `${smtDay('07/04/2026', [0], () => '1')}\n'2,07/04/2026,07/05/2026,00:00,00:15,1,A,Consumption\n`;
    await assert.rejects(readAll(readSmartMeterTexas, textInput(text), { meter: 'M' }), { code: 'ambiguous_meter' });
    const { codes } = await readAll(readSmartMeterTexas, textInput(text), { meterIds: ['2'] });
    assert.deepEqual(codes, { unknown_meter: 1 });
  });
});

const entry = (self: string, up: string, related: string, content: string): string =>
  `<entry><link rel="self" href="${self}"/><link rel="up" href="${up}"/>${related ? `<link rel="related" href="${related}"/>` : ''}<content>${content}</content></entry>`;
const reading = (start: number, duration: number, value: number | string): string =>
  `<IntervalReading><timePeriod><duration>${duration}</duration><start>${start}</start></timePeriod><value>${value}</value></IntervalReading>`;
/** A feed whose ReadingType comes last, as feeds have it. */
const feed = (type: string, readings: string): string =>
  `<feed xmlns="http://www.w3.org/2005/Atom">${entry('UsagePoint/7', 'UsagePoint', '', '<UsagePoint xmlns="http://naesb.org/espi"/>')}${entry('UsagePoint/7/MeterReading/1', 'UsagePoint/7/MeterReading', 'ReadingType/1', '<MeterReading xmlns="http://naesb.org/espi"/>')}${entry('UsagePoint/7/MeterReading/1/IntervalBlock/1', 'UsagePoint/7/MeterReading/1/IntervalBlock', '', `<IntervalBlock xmlns="http://naesb.org/espi">${readings}</IntervalBlock>`)}${entry('ReadingType/1', 'ReadingType', '', `<ReadingType xmlns="http://naesb.org/espi">${type}</ReadingType>`)}</feed>`;
const startS = Date.UTC(2026, 0, 1) / 1000;

describe('Green Button', () => {
  test('the multiplier is applied, direction 19 is negative', async () => {
    const type = '<uom>72</uom><powerOfTenMultiplier>3</powerOfTenMultiplier><flowDirection>19</flowDirection>';
    const { rows } = await readAll(readGreenButton, textInput(feed(type, reading(startS, 900, 2))));
    assert.deepEqual([rows[0].wh, rows[0].meter], [-2000, '7']);
  });

  test('readings of 7,200 s and 0 s are set aside, those beside them land', async () => {
    const readings = reading(startS, 7200, 5) + reading(startS, 0, 6) + reading(startS, 900, 7);
    const { rows, codes } = await readAll(readGreenButton, textInput(feed('<uom>72</uom>', readings)));
    assert.deepEqual([rows.map((row) => row.wh), codes], [[7], { bad_interval_length: 2 }]);
  });

  test('other units, registers and gas are other channels', async () => {
    for (const type of [
      '<uom>73</uom>',
      '<uom>72</uom><accumulationBehaviour>3</accumulationBehaviour>',
      '<uom>72</uom><commodity>7</commodity>',
    ]) {
      const { rows, codes } = await readAll(readGreenButton, textInput(feed(type, reading(startS, 900, 7))));
      assert.deepEqual([rows.length, codes], [0, { unsupported_channel: 1 }], type);
    }
  });

  test('a feed that is cut short is refused whole', async () => {
    const text = feed('<uom>72</uom>', reading(startS, 900, 7));
    await assert.rejects(readAll(readGreenButton, textInput(text.slice(0, -30))), { code: 'bad_xml' });
    await assert.rejects(readAll(readGreenButton, textInput('<html/>')), { code: 'not_green_button' });
  });
});

describe('CSV with a mapping', () => {
  const read = (mapping: object): AnyReader => {
    const checked = csvMapping(readMapping(JSON.stringify(mapping)));
    return (input, facts, notes) => readMappedCsv(input, facts, notes, checked);
  };
  const german = {
    delimiter: ';',
    decimal: ',',
    meter: { column: 'Zähler' },
    time: {
      column: 'Datum',
      time_column: 'Zeit',
      format: 'local',
      zone: 'Europe/Berlin',
      order: 'dmy',
      marks: 'ending',
    },
    interval_minutes: 15,
    energy: { column: 'Verbrauch', unit: 'kWh' },
    generation: { column: 'Einspeisung' },
    voltage: { column: 'U' },
    quality: { column: 'Status', map: { W: 'actual', E: 'estimated' } },
  };
  const header = 'Zähler;Datum;Zeit;Verbrauch;Einspeisung;U;Status\n';

  test('ending times, decimal comma, generation, voltage, quality', async () => {
    const { rows, codes } = await readAll(
      read(german),
      textInput(
        `${header}A;01.07.2026;00:15;1.000,5;0,25;230,4;E\nA;01.07.2026;24:00;1;0;;W\nA;01.07.2026;00:30;1;0;;X\n`,
      ),
    );
    assert.deepEqual(rows[0], {
      meter: 'A',
      at: '2026-06-30T22:00:00.000Z',
      minutes: 15,
      wh: 1_000_250,
      quality: 'estimated',
      decivolt: 2304,
    });
    assert.equal(rows[1].at, '2026-07-01T21:45:00.000Z');
    assert.deepEqual(codes, { bad_quality: 1 });
  });

  test('the repeated hour by order, each meter for itself; the hour that is not is set aside', async () => {
    const line = (meter: string, at: string): string => `${meter};25.10.2026;${at};1;0;;W\n`;
    const text = ['02:15', '02:15'].flatMap((at) => [line('A', at), line('B', at)]).join('');
    const { rows, codes } = await readAll(read(german), textInput(`${header}${text}A;29.03.2026;02:30;1;0;;W\n`));
    assert.deepEqual(
      rows.map((row) => [row.meter, row.at.slice(11, 16)]),
      [
        ['A', '00:00'],
        ['B', '00:00'],
        ['A', '01:00'],
        ['B', '01:00'],
      ],
    );
    assert.deepEqual(codes, { bad_time: 1 });
  });

  test('epoch and ISO times, interval length in a column', async () => {
    const base = { energy: { column: 'e', unit: 'Wh' }, interval_minutes: { column: 'm' } };
    for (const [format, value] of [
      ['epoch_s', String(startS)],
      ['epoch_ms', `${startS}000`],
      ['iso', '2025-12-31T18:00:00-06:00'],
    ]) {
      const mapping = { ...base, time: { column: 't', format, marks: 'beginning' } };
      const { rows } = await readAll(read(mapping), textInput(`t,e,m\n${value},41.5,30\n`), { meter: 'M' });
      assert.deepEqual([rows[0].at, rows[0].wh, rows[0].minutes], ['2026-01-01T00:00:00.000Z', 42, 30], format);
    }
  });

  test('a mapping that is wrong is named field by field', () => {
    assert.throws(() => readMapping('{"time": {"column": "t", "format": "guess"}, "meter": 5}'), {
      code: 'bad_mapping',
      message: /meter must be object.*time/s,
    });
    assert.throws(() => csvMapping(readMapping('{}')), { code: 'bad_mapping' });
    const local = { ...german, time: { column: 't', format: 'local', marks: 'ending' } };
    assert.throws(() => csvMapping(readMapping(JSON.stringify(local))), /time\.zone/);
  });

  test('columns that are not there', async () => {
    await assert.rejects(readAll(read(german), textInput('a;b\n')), { code: 'bad_header', message: /'Datum'/ });
  });
});

describe('our own records', () => {
  const record = (k: number): string =>
    JSON.stringify({ meter_id: 'M', reading_time: new Date((startS + k * 900) * 1000).toISOString(), kwh: k / 1000 });

  test('JSON-lines: a line that is none is set aside, those beside it land; the last needs no newline', async () => {
    const { rows, refused } = await readAll(
      readJsonLines,
      textInput(`${record(1)}\n{"a":\n\n${record(2)}\r\n${record(3)}`),
    );
    assert.deepEqual([rows.map((row) => row.wh), refused.length], [[1, 2, 3], 1]);
    assert.match(refused[0].reason, /^file line 2: is not a JSON object/);
  });

  test('CSV: columns in any order, others left alone', async () => {
    const text =
      'kwh,note,reading_time,meter_id,quality\n1.5,x,2026-01-01T00:00:00Z,M,estimated\n,x,2026-01-01T00:15:00Z,M,\n1\n';
    const { rows, codes } = await readAll(readOwnCsv, textInput(text));
    assert.deepEqual([rows[0].wh, rows[0].quality, codes], [1500, 'estimated', { bad_kwh: 1, wrong_field_count: 1 }]);
    await assert.rejects(readAll(readOwnCsv, textInput('a,b\n1,2\n')), { code: 'bad_header' });
  });

  test('events are no readings', async () => {
    const text = '{"meter_id":"M","event_time":"2026-01-01T00:00:00Z","type":"last_gasp"}\n';
    await assert.rejects(readAll(readJsonLines, textInput(text)), { code: 'not_readings' });
  });

  test('pieces are of one size wherever the bytes are cut, and can be taken up at any record', async () => {
    const lines = Array.from({ length: 25 }, (_, k) => (k % 7 === 3 ? 'broken' : record(k))).join('\n');
    const whole = await readAll(readJsonLines, textInput(lines), { pieceRecords: 10 });
    const bytewise = await readAll(readJsonLines, textInput(lines, 1), { pieceRecords: 10 });
    assert.deepEqual(bytewise.rows, whole.rows);
    const sizes = whole.pieces.map(({ readings, setAside }) => readings.count + setAside.length);
    assert.deepEqual(sizes, [10, 10, 5]);
    const [piece] = whole.pieces;
    for (let done = 0; done <= 10; done++) {
      const rest = pieceAfter(piece, done);
      assert.equal(rest.readings.count + rest.setAside.length, 10 - done);
      assert.deepEqual(
        [...rest.readings.wh],
        [...piece.readings.wh.subarray(Math.min(done, piece.readings.count), piece.readings.count)],
      );
    }
  });
});

describe('lines, fields and numbers', () => {
  test('numbers are strict', () => {
    for (const text of ['', ' ', '0x10', '1,5', 'Infinity', 'NaN', '1e', '--1', '1 2'])
      assert.ok(Number.isNaN(numberOf(text)), text);
    assert.deepEqual(['1', '-.5', '+2.', ' 1e3 '].map(numberOf), [1, -0.5, 2, 1000]);
  });

  test('halves are rounded away from zero, binary fractions do not decide', () => {
    assert.deepEqual([0.5, -0.5, 1.0005 * 1000, -1.0005 * 1000, 2.4].map(wholeWh), [1, -1, 1001, -1001, 2]);
  });

  test('a stray quote costs its own line only', () => {
    assert.deepEqual(fieldsOf('a,"b,c",d'), ['a', 'b,c', 'd']);
    assert.deepEqual(fieldsOf('a,"b ""x""",'), ['a', 'b "x"', '']);
    assert.deepEqual(fieldsOf('a,"b,c'), ['a', 'b,c']);
  });

  test('a line without end does not fill the memory', async () => {
    const texts: string[] = [];
    const huge = `first\n${'x'.repeat(3_000_000)}\nlast`;
    for await (const lines of linesOf(textInput(huge))) texts.push(...lines.texts);
    assert.deepEqual(texts, ['first', '\u0000', 'last']);
  });
});
