/** CSV in and out (RFC 4180): a header names the columns; every problem says line, field and what to do. */
import { FluxError } from '#model/errors.ts';

export interface CsvLine {
  /** 1 is the header */
  line: number;
  cells: string[];
}

/** A bad field of a line that is set aside; the lines beside it still count. */
export interface BadField {
  file: string;
  line: number;
  field: string;
  problem: string;
  remedy: string;
}

export const sayBadField = ({ file, line, field, problem, remedy }: BadField): string =>
  `${file}, line ${line}, ${field}: ${problem}; ${remedy}`;

/**
 * Lines of a text; quoted cells may hold commas, quotes and line ends. Empty lines are left out.
 * @throws FluxError `bad_file` where a quoted cell does not end: it would hold all the lines after it
 */
export function parseCsv(file: string, text: string): CsvLine[] {
  const lines: CsvLine[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let lineNo = 1;
  let startedAt = 1;
  const end = (): void => {
    cells.push(cell);
    if (cells.length > 1 || cells[0].trim() !== '') lines.push({ line: startedAt, cells });
    cells = [];
    cell = '';
  };
  const from = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  for (let i = from; i < text.length; i++) {
    const sign = text[i];
    if (sign === '\n') lineNo++;
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[i + 1] === '"') cell += text[++i];
      else quoted = false;
    } else if (sign === '"' && cell === '') quoted = true;
    else if (sign === ',') {
      cells.push(cell);
      cell = '';
    } else if (sign === '\n') {
      end();
      startedAt = lineNo;
    } else if (sign !== '\r') cell += sign;
  }
  if (quoted)
    throw new FluxError(
      'bad_file',
      `${file}, line ${startedAt}: a cell begins with a quote and has none at its end; close it, or double the quotes inside`,
    );
  if (cell !== '' || cells.length > 0) end();
  return lines;
}

/**
 * Where each known column stands; the first name found of each counts.
 * @throws FluxError `bad_file` where a needed column is missing
 */
export function columnsOf<Name extends string>(
  file: string,
  header: CsvLine | undefined,
  names: Record<Name, { names: readonly string[]; needed: boolean }>,
): Record<Name, number> {
  if (!header) throw new FluxError('bad_file', `${file} is empty; the first line names the columns`);
  const given = header.cells.map((cell) => cell.trim().toLowerCase());
  const places = {} as Record<Name, number>;
  for (const [name, { names: known, needed }] of Object.entries(names) as [
    Name,
    { names: readonly string[]; needed: boolean },
  ][]) {
    places[name] = given.findIndex((one) => known.includes(one));
    if (places[name] < 0 && needed)
      throw new FluxError(
        'bad_file',
        `${file}, line ${header.line}: there is no column ${known[0]}; name it so in the first line${known.length > 1 ? ` (or ${known.slice(1).join(', ')})` : ''}`,
      );
  }
  return places;
}

/** A cell that begins like a formula is a text all the same: spreadsheets must not run it. */
function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  const text = String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Rows as CSV with a header; the first row's fields, or `names` where there may be none, are the columns. */
export function toCsv(rows: readonly object[], names: readonly string[] = Object.keys(rows[0] ?? {})): string {
  const lines = rows.map((row) => names.map((name) => cellOf((row as Record<string, unknown>)[name])).join(','));
  return `${[names.join(','), ...lines].join('\n')}\n`;
}
