/** What pages of a PDF report are built of: headings, notes, tables that go on over pages, plots. Lengths in points. */
export type Doc = PDFKit.PDFDocument;

export const margin = 54;
export const ink = '#1a2126';
export const dim = '#4d5a65';
const rule = '#ccd3d8';
const line = '#0a7488';
const bad = '#bd1e12';

/** Standard fonts know Latin-1 only: what is outside would come out as another sign. */
export const plain = (text: string): string =>
  text
    .replaceAll(/[\u2013\u2014]/g, '-')
    .replaceAll(/[\u2018\u2019]/g, "'")
    .replaceAll(/[^\n\x20-\x7e\xa0-\xff]/g, '?');

export const number = (value: number | null, digits: number): string =>
  value === null
    ? '-'
    : value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
export const moment = (at: string | null, zone: string): string =>
  at === null
    ? '-'
    : new Intl.DateTimeFormat('en-CA', {
        timeZone: zone,
        dateStyle: 'short',
        timeStyle: 'short',
        hour12: false,
      })
        .format(Date.parse(at))
        .replace(',', '');

export function heading(doc: Doc, text: string, roomFor = 90): void {
  if (doc.y + roomFor > doc.page.height - margin - 20) doc.addPage();
  doc.moveDown(0.9).font('Helvetica-Bold').fontSize(11.5).fillColor(ink).text(plain(text), margin).moveDown(0.35);
  doc.font('Helvetica').fontSize(9);
}

export function note(doc: Doc, text: string): void {
  doc.font('Helvetica').fontSize(8.5).fillColor(dim).text(plain(text), margin).fillColor(ink).moveDown(0.3);
}

interface Column {
  head: string;
  width: number;
  left?: boolean;
}

/** A table that goes on over pages with its head again; cells are cut, never wrapped. */
export function table(doc: Doc, columns: readonly Column[], rows: readonly string[][]): void {
  const rowHeight = 13;
  const write = (cells: readonly string[], color: string): void => {
    const { y } = doc;
    let x = margin;
    columns.forEach(({ width, left }, i) => {
      const text = cut(doc, plain(cells[i] ?? ''), width - (left && i > 0 ? 14 : 6));
      // beside numbers, which end at their right edge, text begins a little later
      const inset = left && i > 0 ? 8 : 0;
      doc
        .fillColor(color)
        .text(text, x + inset, y, { width: width - 6 - inset, align: left ? 'left' : 'right', lineBreak: false });
      x += width;
    });
    doc.y = y + rowHeight;
  };
  const head = (): void => {
    doc.font('Helvetica').fontSize(8);
    write(
      columns.map((column) => column.head),
      dim,
    );
    const width = columns.reduce((sum, column) => sum + column.width, 0);
    doc
      .moveTo(margin, doc.y - 2)
      .lineTo(margin + width - 6, doc.y - 2)
      .lineWidth(0.5)
      .strokeColor(rule)
      .stroke();
    doc.y += 2;
  };
  head();
  for (const row of rows) {
    if (doc.y + rowHeight > doc.page.height - margin - 16) {
      doc.addPage();
      head();
    }
    write(row, ink);
  }
  doc.x = margin;
}

function cut(doc: Doc, text: string, width: number): string {
  if (doc.widthOfString(text) <= width) return text;
  let end = text.length;
  while (end > 1 && doc.widthOfString(`${text.slice(0, end)}...`) > width) end--;
  return `${text.slice(0, end)}...`;
}

/** Narrower bars than half a point are no bars: of more values each bar is the greatest of some. */
const mostBars = 800;
function barsOf(values: readonly number[]): number[] {
  const each = Math.ceil(values.length / mostBars);
  return Array.from({ length: Math.ceil(values.length / each) }, (_, i) =>
    Math.max(...values.slice(i * each, (i + 1) * each)),
  );
}

/** Bars over the width of the page; the axis carries its greatest value. */
export function plot(
  doc: Doc,
  all: readonly number[],
  options: { height: number; unit: string; from: string; to: string; log?: boolean; mark?: number | null },
): void {
  const { height, log } = options;
  const values = barsOf(all);
  const top = doc.y + 4;
  const width = doc.page.width - 2 * margin - 60;
  const left = margin + 60;
  const positive = values.filter((value) => value > 0);
  const most = Math.max(...positive, options.mark ?? 0, log ? 0.01 : 1);
  const least = log ? Math.min(...positive, options.mark ?? most, most / 10) : 0;
  const share = (value: number): number => {
    if (!log) return value / most;
    return value <= 0 ? 0 : 0.03 + (0.97 * Math.log(value / least)) / Math.log(most / least);
  };
  doc.lineWidth(0.5).strokeColor(rule).rect(left, top, width, height).stroke();
  const step = width / Math.max(1, values.length);
  doc.fillColor(line);
  values.forEach((value, i) => {
    const tall = Math.max(0, share(value)) * height;
    if (tall > 0) doc.rect(left + i * step, top + height - tall, Math.max(0.4, step * 0.9), tall).fill();
  });
  doc.font('Helvetica').fontSize(8).fillColor(dim);
  const write = (text: string, y: number): void =>
    void doc.text(text, margin, y, { width: 54, align: 'right', lineBreak: false });
  write(`${number(most, most < 10 ? 2 : 0)} ${options.unit}`, top - 2);
  write(log ? number(least, 4) : '0', top + height - 8);
  if (options.mark) {
    const y = top + height - share(options.mark) * height;
    doc
      .lineWidth(0.8)
      .strokeColor(bad)
      .moveTo(left, y)
      .lineTo(left + width, y)
      .stroke();
    doc.fillColor(bad).text(`T_MED ${number(options.mark, 3)} min`, left, y - 10, {
      width: width - 4,
      align: 'right',
      lineBreak: false,
    });
  }
  doc.fillColor(dim).text(options.from, left, top + height + 3, { lineBreak: false });
  doc.text(options.to, left, top + height + 3, { width, align: 'right', lineBreak: false });
  doc.fillColor(ink);
  doc.x = margin;
  doc.y = top + height + 16;
}
