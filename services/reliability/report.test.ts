/** The report: its numbers are in the PDF as text, tables go on over pages, and every page has its number. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import type { ReliabilityIndices, ReliabilityRow } from '#model/api/reliability.ts';
import { parseCsv } from './csv.ts';
import { eventFields, hourly, type ReportFacts, reportFiles, restorationOf } from './report.ts';
import { drawReport } from './report_pdf.ts';

const hour = 3_600_000;
const start = Date.UTC(2026, 6, 8, 5);
const indices = (saidi: number): ReliabilityIndices => ({
  ...{ interruptions: 3, customers_interrupted: 1200, customer_minutes: saidi * 1000, momentary_customers: 5 },
  ...{ saidi, saifi: 1.2345, caidi: saidi / 1.2345, maifi: 0.005, asai: 0.99987 },
});
const row = (level: ReliabilityRow['level'], id: string, saidi: number): ReliabilityRow => ({
  ...{ level, id, name: `Name of ${id}`, area_id: null, customers_served: 1000, open: 0 },
  served_known_since: '2026-07-10',
  ...{ all: indices(saidi), without_major: indices(saidi / 2), planned: indices(0.5) },
});
const facts: ReportFacts = {
  ...{
    from: '2026-07-08',
    to: '2026-07-09',
    zone: 'America/Chicago',
    madeAt: '2026-07-12T12:00:00.000Z',
    territory: 'Bay – “City”',
  },
  levels: {
    system: row('system', 'system', 87.654),
    areas: [row('area', 'A1', 80)],
    substations: [row('substation', 'S1', 70)],
    feeders: Array.from({ length: 60 }, (_, i) => row('feeder', `F${i}`, 60 - i)),
  },
  days: {
    ...{
      time_zone: 'America/Chicago',
      from: '2026-07-08',
      to: '2026-07-09',
      customers_served: 1000,
      served_known_since: '2026-07-10',
      served: [{ from: '2026-07-08', customers: 1000 }],
      known_since: '2021-01-01',
    },
    ...{ own: 100, declared: 20, declared_from: '2021-01-01', declared_to: '2025-12-31' },
    thresholds: [
      { year: 2026, t_med: 11.418, alpha: -0.3495, beta: 1.1139, days: 440, from: '2021-01-02', to: '2025-12-30' },
    ],
    days: [
      {
        day: '2026-07-08',
        interruptions: 2,
        customers_interrupted: 9,
        customer_minutes: 80_000,
        momentary_customers: 0,
        saidi: 80,
        is_major: true,
      },
      {
        day: '2026-07-09',
        interruptions: 1,
        customers_interrupted: 9,
        customer_minutes: 7654,
        momentary_customers: 0,
        saidi: 7.654,
        is_major: false,
      },
    ],
  },
  causes: [{ cause: 'tree', planned: false, interruptions: 3, customers_interrupted: 1200, customer_minutes: 87_654 }],
  interruptions: [],
  declared: [],
  curve: [{ atMs: start, customersOut: 700 }],
  peak: { atMs: start, customersOut: 700 },
  restored: [
    { share: 0.5, hours: 1.5 },
    { share: 1, hours: null },
  ],
  oe417: {
    ...{
      at: '2026-07-12T12:00:00.000Z',
      state: 'over',
      customers_out: 0,
      threshold_customers: 50_000,
      threshold_minutes: 60,
    },
    events: [
      {
        ...{ from: '2026-07-08T10:00:00.000Z', to: '2026-07-08T14:00:00.000Z', met_at: '2026-07-08T11:00:00.000Z' },
        ...{ peak_customers: 61_234, peak_at: '2026-07-08T10:30:00.000Z' },
        ...{ first_due_at: '2026-07-08T17:00:00.000Z', final_due_at: '2026-07-11T11:00:00.000Z' },
        ...{ first_filed_at: '2026-07-08T15:00:00.000Z', final_filed_at: null },
        filings: [
          {
            ...{ stage: 'first', reference: 'DOE-4711', filed_at: '2026-07-08T15:00:00.000Z', actor: 'ann' },
            ...{ recorded_at: '2026-07-08T15:02:00.000Z', withdrawn: false },
          },
        ],
      },
    ],
    filings_elsewhere: [],
  },
  crews: { crews: 4, outages: 9 },
  resources: [
    { kind: 'line', crews: 3, people: 12, outages: 7, hoursOnSite: 21.25, hoursUnderWay: 4.5 },
    { kind: 'tree', crews: 1, people: 2, outages: 2, hoursOnSite: 3, hoursUnderWay: 0.5 },
  ],
};

/** Text of each page, from the text operators of its content. */
function pagesOf(pdf: Uint8Array): string[] {
  const bytes = Buffer.from(pdf);
  const text = bytes.toString('latin1');
  assert.match(text, /^%PDF-1\.\d/);
  assert.match(text, /%%EOF\s*$/);
  const pages: string[] = [];
  for (const { index, 0: head } of text.matchAll(/stream\r?\n/g)) {
    if (text.slice(index - 3, index) === 'end') continue;
    const from = index + head.length;
    const raw = bytes.subarray(from, text.indexOf('endstream', from));
    let content: string;
    try {
      content = inflateSync(raw).toString('latin1');
    } catch {
      content = raw.toString('latin1');
    }
    const words = [...content.matchAll(/\[([^\]]*)\] TJ/g)].map(([, parts]) =>
      [...parts.matchAll(/<([0-9a-f]*)>/g)].map(([, hex]) => Buffer.from(hex, 'hex').toString('latin1')).join(''),
    );
    if (words.length > 0) pages.push(words.join('\n'));
  }
  return pages;
}

test('the PDF holds the numbers as text, in compressed and in plain form', async () => {
  for (const compress of [true, false]) {
    const pages = pagesOf(await drawReport(facts, compress));
    const all = pages.join('\n');
    for (const said of [
      'Reliability report',
      '87.65',
      '1.2345',
      '99.9870 %',
      '11.418',
      '61,234',
      '2026-07-08 05:00',
      'Name of F0',
      'tree',
      'Bay - ?City?',
    ])
      assert.ok(all.includes(said), `${said} is not in\n${all.slice(0, 3000)}`);
    for (const [i, page] of pages.entries())
      assert.ok(page.includes(`Page ${i + 1} of ${pages.length}`), `page ${i + 1}`);
    assert.ok(pages.length >= 3 && pages.length <= 8, `${pages.length} pages`);
    assert.ok(all.includes('Feeders, worst first (20 of 60)'));
  }
});

test('a period without anything is a report, too', async () => {
  const none = { ...indices(0), saidi: 0, caidi: null };
  const quiet: ReportFacts = {
    ...facts,
    levels: { system: { ...row('system', 'system', 0), all: none }, areas: [], substations: [], feeders: [] },
    days: {
      ...facts.days,
      days: [],
      thresholds: [{ ...facts.days.thresholds[0], t_med: null, alpha: null, beta: null }],
    },
    ...{ causes: [], curve: [], peak: { atMs: start, customersOut: 0 }, restored: [] },
    oe417: { ...facts.oe417, events: [] },
  };
  const all = pagesOf(await drawReport(quiet)).join('\n');
  for (const said of ['not known', 'Nobody was without supply.', 'The criterion was not met', 'no interruption'])
    assert.ok(all.includes(said), said);
});

test('a pack: every file is there, and CSV has the fields of the report', async () => {
  const files = await reportFiles(facts);
  assert.deepEqual(
    files.map(({ name }) => name),
    [
      'indices',
      'major_event_report',
      'days',
      'thresholds',
      'interruptions',
      'causes',
      'customers_out',
      'declared_vs_measured',
      'oe417',
      'oe417_filings',
      'resources',
    ]
      .map((name) => `${name}.csv`)
      .concat('report.pdf'),
  );
  for (const { name, bytes } of files)
    if (name.endsWith('.csv')) {
      const [header, ...lines] = parseCsv('f.csv', Buffer.from(bytes).toString());
      assert.ok(header.cells.length > 1, name);
      for (const { cells } of lines) assert.equal(cells.length, header.cells.length, name);
    }
  const fields = new Map(eventFields(facts).map(({ field, value }) => [field, value]));
  assert.deepEqual(
    [fields.get('event SAIDI'), fields.get('peak customers out'), fields.get('major event days')],
    [87.654, 700, '2026-07-08'],
  );
  assert.deepEqual(
    ['crews that worked', 'people in them', 'at work', 'under way', 'line crews that worked'].map((name) =>
      fields.get(name),
    ),
    [4, 14, 24.25, 5, 3],
  );
});

test('a report of many years is drawn: its hours are more than bars', async () => {
  const curve = Array.from({ length: 40 * 8766 }, (_, i) => ({
    atMs: start + i * hour,
    customersOut: i === 7 ? 9876 : 3,
  }));
  const pdf = await drawReport({ ...facts, curve });
  assert.ok(pdf.length < 300_000, String(pdf.length));
  assert.ok(pagesOf(pdf)[1].includes('9,876'), 'the peak is not lost');
});

test('most customers out in each hour, a short peak included; hours from the peak to parts restored', () => {
  const points = [
    { atMs: start + 0.5 * hour, customersOut: 100 },
    { atMs: start + 1.2 * hour, customersOut: 900 },
    { atMs: start + 1.3 * hour, customersOut: 400 },
    { atMs: start + 3 * hour, customersOut: 0 },
  ];
  assert.deepEqual(
    hourly(points, start, start + 5 * hour).map(({ customersOut }) => customersOut),
    [100, 900, 400, 0, 0],
  );
  assert.deepEqual(
    restorationOf(points, points[1]).map(({ share, hours }) => [
      share,
      hours === null ? null : Math.round(hours * 10) / 10,
    ]),
    [
      [0.5, 0.1],
      [0.8, 1.8],
      [0.95, 1.8],
      [1, 1.8],
    ],
  );
  assert.equal(restorationOf(points.slice(0, 3), points[1]).at(-1)!.hours, null);
});
