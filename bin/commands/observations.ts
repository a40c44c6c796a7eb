import { createReadStream } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { createGunzip } from 'node:zlib';
import type { Command, Option } from 'commander';
import { FluxError, messageOf } from '#model/errors.ts';
import { readErcotPrices } from '#sources/ercot/prices.ts';
import type { FileInput } from '#sources/files/piece.ts';
import { readWeather } from '#sources/weather/observations.ts';
import { type Kept, keepPrices, keepTemperatures } from '#stores/postgres/observations.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { readConfig } from '../config.ts';
import { openStore } from '../store.ts';

interface Flags {
  data?: string;
  year?: string;
  dryRun?: boolean;
  json?: boolean;
}

interface Refused {
  line: number;
  code: string;
  reason: string;
}

interface Piece<Row> {
  rows: Row[];
  refused: Refused[];
}

interface Report {
  read: number;
  added: number;
  changed: number;
  /** the same key stood in the file before; the later one counts */
  repeated: number;
  refused: number;
  refused_lines: Refused[];
  first: string | null;
  last: string | null;
}

/** Refused lines a report names; all are counted. */
const namedLines = 20;
const rowsAtOnce = 20_000;

export function observationCommands(program: Command, dataOption: () => Option): void {
  const add = (
    noun: string,
    what: string,
    work: (file: string, flags: Flags, pool: Pool | undefined) => Promise<Report>,
  ) => {
    const command = program.command(noun).description(`${what}: import`).command('import');
    command
      .description(`load a file of ${what}`)
      .argument('<path>', 'file, also .gz')
      .option('--dry-run', 'read and report, change nothing')
      .addOption(dataOption())
      .option('--json', 'one JSON document');
    if (noun === 'weather') command.option('--year <year>', 'year a typical year (TMY3) stands for');
    command.action((file: string, flags: Flags) => runImport(file, flags, work));
  };
  add('prices', 'ERCOT settlement point prices', importPrices);
  add('weather', 'temperatures (TMY3, or CSV with time,temperature_c)', importWeather);
}

async function runImport(
  file: string,
  flags: Flags,
  work: (file: string, flags: Flags, pool: Pool | undefined) => Promise<Report>,
): Promise<void> {
  const stat = await fs.stat(file).catch(() => undefined);
  if (!stat?.isFile()) throw new FluxError('no_such_file', `${file} is no file that can be read; check the path`);
  yearOf(flags);
  const { config } = readConfig({ dataFolder: flags.data }, process.env);
  const store = flags.dryRun ? undefined : await openStore(config, 'flux import');
  try {
    const report = await work(file, flags, store?.pool);
    if (flags.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    else say(report);
  } finally {
    await store?.leave();
  }
}

function say({ refused_lines: lines, ...facts }: Report): void {
  for (const [name, value] of Object.entries(facts))
    process.stdout.write(
      `${name.padEnd(12)}${typeof value === 'number' ? value.toLocaleString('en-US') : (value ?? '-')}\n`,
    );
  for (const { line, code, reason } of lines) process.stdout.write(`line ${line}: ${code}: ${reason}\n`);
}

function inputOf(file: string): FileInput {
  const raw = () => createReadStream(file);
  const open = async function* (): AsyncGenerator<Uint8Array> {
    if (!file.endsWith('.gz')) return yield* raw();
    try {
      yield* raw().pipe(createGunzip());
    } catch (cause) {
      throw new FluxError('unreadable', `${file} is not a whole gzip file: ${messageOf(cause)}`, { cause });
    }
  };
  return { name: path.basename(file), open };
}

async function importPrices(file: string, _flags: Flags, pool: Pool | undefined): Promise<Report> {
  return keepAll(pricePieces(file), {
    keyOf: (price) => `${price.settlementPoint}/${price.type}/${price.intervalStartS}`,
    atS: (price) => price.intervalStartS,
    keep: pool && ((prices) => keepPrices(pool, 'ercot', prices)),
  });
}

async function* pricePieces(file: string) {
  for await (const { prices, refused } of readErcotPrices(inputOf(file))) yield { rows: prices, refused };
}

function yearOf(flags: Flags): number | undefined {
  const year = flags.year === undefined ? undefined : Number(flags.year);
  if (year === undefined || (Number.isInteger(year) && year >= 2000 && year <= 2100)) return year;
  throw new FluxError('bad_usage', `--year must be a year from 2000 to 2100, not ${flags.year}`);
}

async function importWeather(file: string, flags: Flags, pool: Pool | undefined): Promise<Report> {
  const year = yearOf(flags);
  return keepAll(weatherPieces(file, year), {
    keyOf: (weather) => String(weather.atS),
    atS: (weather) => weather.atS,
    keep: pool && ((temperatures) => keepTemperatures(pool, year === undefined ? 'import' : 'tmy3', temperatures)),
  });
}

async function* weatherPieces(file: string, year: number | undefined) {
  for await (const { temperatures, refused } of readWeather(inputOf(file), year)) yield { rows: temperatures, refused };
}

interface Keeping<Row> {
  keyOf: (row: Row) => string;
  atS: (row: Row) => number;
  keep: ((rows: Row[]) => Promise<Kept>) | undefined;
}

/** Statement by statement; the same file again changes nothing. */
async function keepAll<Row>(pieces: AsyncIterable<Piece<Row>>, { keyOf, atS, keep }: Keeping<Row>): Promise<Report> {
  const report: Report = {
    read: 0,
    added: 0,
    changed: 0,
    repeated: 0,
    refused: 0,
    refused_lines: [],
    first: null,
    last: null,
  };
  let [firstS, lastS] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let waiting = new Map<string, Row>();
  const flush = async (): Promise<void> => {
    const done = waiting.size > 0 && keep ? await keep([...waiting.values()]) : { added: 0, changed: 0 };
    report.added += done.added;
    report.changed += done.changed;
    waiting = new Map();
  };
  for await (const { rows, refused } of pieces) {
    report.read += rows.length + refused.length;
    report.refused += refused.length;
    report.refused_lines.push(...refused.slice(0, namedLines - report.refused_lines.length));
    for (const row of rows) {
      if (waiting.has(keyOf(row))) report.repeated++;
      waiting.set(keyOf(row), row);
      firstS = Math.min(firstS, atS(row));
      lastS = Math.max(lastS, atS(row));
    }
    if (waiting.size >= rowsAtOnce) await flush();
  }
  await flush();
  if (Number.isFinite(firstS)) {
    report.first = new Date(firstS * 1000).toISOString();
    report.last = new Date(lastS * 1000).toISOString();
  }
  return report;
}
