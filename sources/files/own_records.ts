/** Files with the records of our own API: JSON-lines, and CSV with our field names as its header. */
import { FluxError } from '#model/errors.ts';
import { fieldsOf, linesOf, numberOf } from '#sources/files/lines.ts';
import { type FileFacts, type FileInput, type FilePiece, PieceBuilder } from '#sources/files/piece.ts';

/** @throws FluxError `not_readings`, `empty_file` */
export async function* readJsonLines(input: FileInput, facts: FileFacts): AsyncGenerator<FilePiece> {
  const out = new PieceBuilder(input, facts);
  let records = 0;
  for await (const { first, texts } of linesOf(input)) {
    for (let i = 0; i < texts.length; i++) {
      const text = texts[i];
      if (text.trim() === '') continue;
      let record: unknown;
      try {
        record = JSON.parse(text);
      } catch {
        out.refuse(first + i, 'bad_json', 'is not a JSON object; write one record a line', text);
        records++;
        continue;
      }
      if (records++ === 0) refuseEvents(record);
      out.take(record, first + i);
    }
    yield* out.full();
  }
  if (records === 0) throw new FluxError('empty_file', 'the file holds no records');
  yield* out.rest();
}

function refuseEvents(record: unknown): void {
  if (typeof record === 'object' && record !== null && 'event_time' in record && !('reading_time' in record))
    throw new FluxError('not_readings', 'the file holds meter events, not readings; send those to POST /api/events');
}

const texts = ['meter_id', 'reading_time', 'quality'];
const numbers = ['interval_minutes', 'kwh', 'voltage', 'source_seq'];
const needed = ['meter_id', 'reading_time', 'kwh'];

/**
 * The header names our fields in any order; other columns are left alone.
 * @throws FluxError `bad_header`, `empty_file`
 */
export async function* readOwnCsv(input: FileInput, facts: FileFacts): AsyncGenerator<FilePiece> {
  const out = new PieceBuilder(input, facts);
  let header: string[] | undefined;
  for await (const { first, texts: lines } of linesOf(input)) {
    for (let i = 0; i < lines.length; i++) {
      if (lines[i].trim() === '') continue;
      const fields = fieldsOf(lines[i]);
      if (!header) header = headerOf(fields);
      else if (fields.length !== header.length)
        out.refuse(
          first + i,
          'wrong_field_count',
          `${fields.length} fields where the header has ${header.length}; write the line whole`,
          lines[i],
        );
      else out.take(recordOf(header, fields), first + i);
    }
    yield* out.full();
  }
  if (!header) throw new FluxError('empty_file', 'the file holds no records');
  yield* out.rest();
}

function headerOf(fields: string[]): string[] {
  const header = fields.map((field) => field.trim());
  const missing = needed.filter((name) => !header.includes(name));
  if (missing.length > 0)
    throw new FluxError(
      'bad_header',
      `line 1 has no column ${missing.join(', ')}; a CSV file of readings begins with the names ${[...texts, ...numbers].join(', ')}; other layouts need a mapping file (flux readings import --format csv)`,
    );
  return header;
}

function recordOf(header: string[], fields: string[]): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (let i = 0; i < header.length; i++) {
    const text = fields[i].trim();
    if (text === '' && !needed.includes(header[i])) continue;
    if (texts.includes(header[i])) record[header[i]] = text;
    else if (numbers.includes(header[i])) {
      const number = numberOf(text);
      // what is no number is shown as it came
      record[header[i]] = Number.isNaN(number) ? text : number;
    }
  }
  return record;
}
