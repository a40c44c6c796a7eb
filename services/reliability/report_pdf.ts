/** The report as PDF: numbers first, then what they are made of. Standard fonts, so nothing is embedded but the text. */
import type { ReliabilityIndices } from '#model/api/reliability.ts';
import { type Doc, dim, heading, ink, margin, moment, note, number, plain, plot, table } from './pdf_blocks.ts';
import type { ReportFacts } from './report.ts';
import { resourceFields } from './resources.ts';

/** @param compress false where the text has to be read back without a PDF reader */
export async function drawReport(facts: ReportFacts, compress = true): Promise<Uint8Array> {
  // a tenth of a second of a center's start, for what few ask for
  const { default: PDFDocument } = await import('pdfkit');
  const doc = new PDFDocument({
    size: 'LETTER',
    margin,
    bufferPages: true,
    compress,
    info: {
      Title: `Reliability ${facts.from} to ${facts.to}`,
      Author: plain(facts.territory),
      Creator: 'Flux Operations Center',
      CreationDate: new Date(facts.madeAt),
    },
  });
  const chunks: Buffer[] = [];
  doc.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve) => doc.on('end', () => resolve()));
  doc.fillColor(ink);
  front(doc, facts);
  plots(doc, facts);
  lists(doc, facts);
  footers(doc, facts);
  doc.end();
  await ended;
  return Buffer.concat(chunks);
}

function front(doc: Doc, facts: ReportFacts): void {
  const { system } = facts.levels;
  doc.font('Helvetica-Bold').fontSize(18).text('Reliability report', margin, margin);
  doc.font('Helvetica').fontSize(10.5).fillColor(dim);
  doc.text(plain(`${facts.territory}: ${facts.from} to ${facts.to}, days of ${facts.zone}`));
  doc.fillColor(ink);
  heading(doc, 'Indices (IEEE 1366)');
  const width = 84;
  const line3 = (name: string, one: ReliabilityIndices): string[] => [
    name,
    number(one.saidi, 2),
    number(one.saifi, 4),
    number(one.caidi, 1),
    number(one.maifi, 4),
    one.asai === null ? '-' : `${number(one.asai * 100, 4)} %`,
  ];
  table(
    doc,
    [
      { head: '', width: 150, left: true },
      ...['SAIDI, min', 'SAIFI', 'CAIDI, min', 'MAIFI'].map((head) => ({ head, width: 68 })),
      { head: 'ASAI', width },
    ],
    [
      line3('Unplanned, all days', system.all),
      line3('Unplanned, without major event days', system.without_major),
      line3('Planned', system.planned),
    ],
  );
  const major = facts.days.days.filter(({ is_major }) => is_major);
  note(
    doc,
    `${number(facts.days.customers_served, 0)} customers served on average${facts.days.served_known_since > facts.from ? `; known since ${facts.days.served_known_since}, earlier days count with the figure of that day` : ''}. Sustained: longer than five minutes. An interruption belongs to the day it began. What is not over is counted up to ${moment(facts.madeAt, facts.zone)}.`,
  );
  heading(doc, 'Major event');
  table(
    doc,
    [
      { head: 'Field', width: 230, left: true },
      { head: 'Value', width: 150 },
      { head: 'Unit', width: 120, left: true },
    ],
    fieldsOf(facts),
  );
  heading(doc, 'Major event days (2.5 beta, standard deviation of a sample)');
  table(
    doc,
    [
      { head: 'Year', width: 60, left: true },
      { head: 'T_MED, min', width: 80 },
      { head: 'alpha', width: 70 },
      { head: 'beta', width: 70 },
      { head: 'Days', width: 60 },
      { head: 'From', width: 80 },
      { head: 'To', width: 80 },
    ],
    facts.days.thresholds.map((one) => [
      String(one.year),
      one.t_med === null ? 'not known' : number(one.t_med, 3),
      number(one.alpha, 4),
      number(one.beta, 4),
      String(one.days),
      one.from ?? '-',
      one.to ?? '-',
    ]),
  );
  note(
    doc,
    major.length === 0
      ? 'No day of the period is a major event day.'
      : `Major event days: ${major.map(({ day, saidi }) => `${day} (${number(saidi, 2)} min)`).join(', ')}.`,
  );
  oe417(doc, facts);
}

function fieldsOf(facts: ReportFacts): string[][] {
  const { all } = facts.levels.system;
  const at = facts.peak.customersOut > 0 ? new Date(facts.peak.atMs).toISOString() : null;
  return [
    ['Interruptions', number(all.interruptions, 0), ''],
    ['Customers interrupted', number(all.customers_interrupted, 0), 'customer interruptions'],
    ['Customer-minutes interrupted', number(all.customer_minutes, 1), 'customer-minutes'],
    ['Event SAIDI', number(all.saidi, 2), 'minutes'],
    ['Event SAIFI', number(all.saifi, 4), 'interruptions'],
    ['Event CAIDI', number(all.caidi, 1), 'minutes'],
    ['Peak customers out', number(facts.peak.customersOut, 0), 'customers'],
    ['Peak at', moment(at, facts.zone), facts.zone],
    ...facts.restored.map(({ share, hours }) => [
      `From the peak to ${number(share * 100, 0)} % restored`,
      hours === null ? 'not yet' : number(hours, 1),
      'hours',
    ]),
    ['Crews named by outages', number(facts.crews.crews, 0), `on ${number(facts.crews.outages, 0)} outages`],
    ...resourceFields(facts.resources).map(([field, value, unit]) => [
      field.charAt(0).toUpperCase() + field.slice(1),
      number(value, unit === 'crew-hours' ? 1 : 0),
      unit,
    ]),
  ];
}

function oe417(doc: Doc, facts: ReportFacts): void {
  heading(doc, 'Form OE-417: 50,000 customers for an hour or longer');
  const events = facts.oe417.events.filter(({ met_at }) => met_at !== null);
  if (events.length === 0) {
    note(doc, 'The criterion was not met in the period.');
    return;
  }
  table(
    doc,
    ['From', 'To', 'Criterion met', 'Peak customers', 'First report due', 'Final report due'].map((head, i) => ({
      head,
      width: 84,
      left: i === 0,
    })),
    events.map((one) => [
      moment(one.from, facts.zone),
      one.to === null ? 'lasts' : moment(one.to, facts.zone),
      moment(one.met_at, facts.zone),
      number(one.peak_customers, 0),
      moment(one.first_due_at, facts.zone),
      moment(one.final_due_at, facts.zone),
    ]),
  );
  const filings = events.flatMap((event) => event.filings.map((filing) => ({ event, filing })));
  if (filings.length === 0) {
    note(doc, 'No report was marked as filed.');
    return;
  }
  table(
    doc,
    ['Event from', 'Report', 'Filed', 'Number', 'Said by'].map((head, i) => ({ head, width: 100, left: i !== 2 })),
    filings.map(({ event, filing }) => [
      moment(event.from, facts.zone),
      filing.withdrawn ? `${filing.stage}, taken back` : filing.stage,
      moment(filing.filed_at, facts.zone),
      filing.reference,
      filing.actor,
    ]),
  );
}

function plots(doc: Doc, facts: ReportFacts): void {
  doc.addPage();
  heading(doc, 'Customers without supply: most in each hour');
  if (facts.peak.customersOut === 0) note(doc, 'Nobody was without supply.');
  else
    plot(
      doc,
      facts.curve.map(({ customersOut }) => customersOut),
      { height: 150, unit: '', from: facts.from, to: facts.to },
    );
  heading(doc, 'SAIDI of each day with interruptions, log scale', 220);
  const { days } = facts.days;
  if (days.length === 0) note(doc, 'The period has no interruption.');
  else
    plot(
      doc,
      days.map(({ saidi }) => saidi),
      { height: 150, unit: 'min', from: days[0].day, to: days.at(-1)!.day, log: true, mark: lastMark(facts) },
    );
}

/** The newest threshold of the period that is known, minutes. */
const lastMark = (facts: ReportFacts): number | null =>
  facts.days.thresholds.findLast(({ t_med }) => t_med !== null)?.t_med ?? null;

function lists(doc: Doc, facts: ReportFacts): void {
  heading(doc, 'By cause');
  table(
    doc,
    [
      { head: 'Cause', width: 230, left: true },
      { head: 'Interruptions', width: 80 },
      { head: 'Customers', width: 80 },
      { head: 'Customer-minutes', width: 104 },
    ],
    facts.causes
      .slice(0, 15)
      .map((one) => [
        one.planned ? `${one.cause} (planned)` : one.cause,
        number(one.interruptions, 0),
        number(one.customers_interrupted, 0),
        number(one.customer_minutes, 1),
      ]),
  );
  for (const [title, rows] of [
    ['Areas', facts.levels.areas],
    ['Substations, worst first', facts.levels.substations],
    ['Feeders, worst first', facts.levels.feeders],
  ] as const) {
    const listed = rows.filter(({ all }) => all.interruptions > 0).slice(0, 20);
    heading(doc, `${title}${listed.length < rows.length ? ` (${listed.length} of ${rows.length})` : ''}`);
    table(
      doc,
      [
        { head: 'Name', width: 150, left: true },
        { head: 'Customers', width: 60 },
        ...['SAIDI, min', 'without MED', 'SAIFI', 'without MED', 'CAIDI, min'].map((head) => ({ head, width: 58 })),
      ],
      listed.map((row) => [
        row.name,
        number(row.customers_served, 0),
        number(row.all.saidi, 2),
        number(row.without_major.saidi, 2),
        number(row.all.saifi, 4),
        number(row.without_major.saifi, 4),
        number(row.all.caidi, 1),
      ]),
    );
  }
  heading(doc, 'Largest interruptions');
  table(
    doc,
    [
      { head: 'Interruption', width: 90, left: true },
      { head: 'Began', width: 84, left: true },
      { head: 'Device', width: 90, left: true },
      { head: 'Cause', width: 90, left: true },
      { head: 'Customers', width: 60 },
      { head: 'Customer-minutes', width: 84 },
    ],
    facts.interruptions
      .filter(({ id }) => id !== null)
      .slice(0, 25)
      .map((one) => [
        `${one.id!.slice(0, 12)}${one.is_open ? ' (open)' : ''}`,
        moment(one.started_at, facts.zone),
        one.device ?? '-',
        one.cause ?? '-',
        number(one.customers_interrupted, 0),
        number(one.customer_minutes, 1),
      ]),
  );
  heading(doc, 'Declared and measured customer-minutes, largest difference first');
  if (facts.declared.length === 0) {
    note(doc, 'No interruption of the period has a record of meters.');
    return;
  }
  table(
    doc,
    [
      { head: 'Interruption', width: 110, left: true },
      { head: 'Declared by steps', width: 110 },
      { head: 'Measured by meters', width: 110 },
      { head: 'Difference', width: 110 },
    ],
    facts.declared
      .slice(0, 20)
      .map((one) => [
        one.id,
        number(one.declared_minutes, 1),
        number(one.measured_minutes, 1),
        number(one.difference_minutes, 1),
      ]),
  );
}

function footers(doc: Doc, facts: ReportFacts): void {
  const { start, count } = doc.bufferedPageRange();
  for (let page = start; page < start + count; page++) {
    doc.switchToPage(page);
    // below the margin: without this a footer would begin a page of its own
    doc.page.margins.bottom = 0;
    doc.font('Helvetica').fontSize(8).fillColor(dim);
    const y = doc.page.height - margin + 14;
    doc.text(`Made ${moment(facts.madeAt, facts.zone)} (${facts.zone})`, margin, y, { lineBreak: false });
    doc.text(`Page ${page + 1} of ${count}`, margin, y, {
      width: doc.page.width - 2 * margin,
      align: 'right',
      lineBreak: false,
    });
  }
}
