/**
 * Parquet files of readings, read through an analytical engine in pieces. Two layouts: our own segments (`meter_key`,
 * `interval_start_s`, `interval_minutes`, `wh`, `decivolt`, `quality` as a code, `source_seq`), as the generator writes
 * them, and the fields of our API (`meter_id`, `reading_time`, `kwh`, optional `interval_minutes`, `voltage`, `quality`,
 * `source_seq`).
 */
import { FluxError, messageOf } from '#model/errors.ts';
import { readingQualities } from '#model/reading.ts';
import { type FileFacts, type FileInput, type FilePiece, PieceBuilder } from '#sources/files/piece.ts';

/** Asks the engine; columns by name. */
export type Ask = (sql: string) => Promise<Record<string, unknown[]>>;

export interface ParquetInput extends Pick<FileInput, 'name'> {
  path: string;
  ask: Ask;
  /** id of a meter by its row, undefined where there is none: a file of keys is only right for the same network */
  meterIdOf: (meterKey: number) => string | undefined;
}

const keyColumns = ['meter_key', 'interval_start_s', 'interval_minutes', 'wh'];
const idColumns = ['meter_id', 'reading_time', 'kwh'];
const optional = ['interval_minutes', 'decivolt', 'voltage', 'quality', 'source_seq'];
/** beyond any network: a damaged key must not make an array of that length */
const maxMeterKey = 10_000_000;
/** rows asked for at once */
const rowsAtOnce = 50_000;

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** @throws FluxError `unreadable`, `bad_columns` */
export async function* readParquet(input: ParquetInput, facts: FileFacts): AsyncGenerator<FilePiece> {
  const from = `read_parquet(${quoted(input.path)}, file_row_number = true)`;
  const { columns, rowCount } = await inspect(input, from);
  const isKeyed = keyColumns.every((name) => columns.has(name));
  if (!isKeyed && !idColumns.every((name) => columns.has(name)))
    throw new FluxError(
      'bad_columns',
      `the file has the columns ${[...columns.keys()].slice(0, 20).join(', ')}; readings need ${idColumns.join(', ')} or ${keyColumns.join(', ')}`,
    );
  const wanted = [...(isKeyed ? keyColumns : idColumns), ...optional.filter((name) => columns.has(name))];
  const select = [...new Set(wanted)].map((name) => selected(name, columns.get(name)!)).join(', ');
  const out = new PieceBuilder({ name: input.name, open: noBytes }, facts);
  // Each meter comes with every interval: its id is made once.
  const ids: (string | undefined)[] = [];
  const idOf = (key: number): string | undefined => {
    ids[key] ??= input.meterIdOf(key);
    return ids[key];
  };
  for (let row = 0; row < rowCount; row += rowsAtOnce) {
    const rows = await ask(
      input,
      `select ${select} from ${from} where file_row_number >= ${row} and file_row_number < ${row + rowsAtOnce} order by file_row_number`,
    );
    const count = rows[isKeyed ? 'meter_key' : 'meter_id'].length;
    for (let i = 0; i < count; i++) out.take(isKeyed ? keyedRecord(rows, i, idOf) : namedRecord(rows, i), row + i + 1);
    yield* out.full();
  }
  yield* out.rest();
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

async function ask(input: ParquetInput, sql: string): Promise<Record<string, unknown[]>> {
  try {
    return await input.ask(sql);
  } catch (cause) {
    // The engine's own loss is no fault of the file.
    if (cause instanceof FluxError && cause.code !== 'columnar_query_failed') throw cause;
    throw new FluxError('unreadable', `the file is not a whole Parquet file: ${messageOf(cause).slice(0, 300)}`, {
      cause,
    });
  }
}

/** Reads every page of the columns once: a file that is damaged anywhere is refused before any of it lands. */
async function inspect(input: ParquetInput, from: string): Promise<{ columns: Map<string, string>; rowCount: number }> {
  const described = await ask(input, `describe select * from ${from}`);
  const columns = new Map(described.column_name.map((name, i) => [String(name), String(described.column_type[i])]));
  const read = [...keyColumns, ...idColumns, ...optional].filter((name) => columns.has(name));
  const hashes = [...new Set(read)].map((name) => `bit_xor(hash("${name}"))`).join(', ');
  const counted = await ask(input, `select count(*) as n${hashes ? `, ${hashes}` : ''} from ${from}`);
  return { columns, rowCount: Number(counted.n[0]) };
}

/** Times leave the engine as text with a zone, decimals and wide integers as numbers. */
function selected(name: string, type: string): string {
  if (name === 'reading_time' && type === 'TIMESTAMP WITH TIME ZONE')
    return `strftime(${name} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ') as ${name}`;
  if (/^(DECIMAL|HUGEINT|UHUGEINT|FLOAT)/.test(type)) return `${name}::double as ${name}`;
  return /^(TIMESTAMP|DATE|TIME|BLOB)/.test(type) ? `${name}::varchar as ${name}` : name;
}

function keyedRecord(rows: Record<string, unknown[]>, i: number, idOf: (key: number) => string | undefined): unknown {
  const key = Number(rows.meter_key[i] ?? -1);
  const startS = Number(rows.interval_start_s[i] ?? Number.NaN);
  const wh = rows.wh[i];
  const decivolt = rows.decivolt?.[i];
  const quality = rows.quality?.[i];
  const sequence = rows.source_seq?.[i];
  return {
    meter_id: (key >= 0 && key < maxMeterKey ? idOf(key) : undefined) ?? `meter_key ${key}`,
    reading_time: Math.abs(startS) < 8.64e12 ? new Date(startS * 1000).toISOString() : String(rows.interval_start_s[i]),
    interval_minutes: rows.interval_minutes[i],
    kwh: typeof wh === 'number' ? wh / 1000 : wh,
    ...(typeof decivolt === 'number' && decivolt > 0 ? { voltage: decivolt / 10 } : {}),
    ...(quality === undefined || quality === null
      ? {}
      : { quality: typeof quality === 'number' ? (readingQualities[quality] ?? `code ${quality}`) : quality }),
    ...(typeof sequence === 'number' && sequence >= 0 ? { source_seq: sequence } : {}),
  };
}

function namedRecord(rows: Record<string, unknown[]>, i: number): unknown {
  const record: Record<string, unknown> = {};
  for (const [name, values] of Object.entries(rows)) {
    const value = values[i];
    if (value !== null || idColumns.includes(name)) record[name] = value;
  }
  return record;
}
