import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { Command, Option } from 'commander';
import { FluxError, messageOf } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import { copyHashed } from '#sources/files/folder.ts';
import { type Mapping, readMapping } from '#sources/files/mapping.ts';
import { makeNotes } from '#sources/files/piece.ts';
import { type Engine, startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink, segmentFolder } from '#stores/columnar/segments.ts';
import { beginFileLoad } from '#stores/postgres/file_loads.ts';
import { makeLedger } from '#stores/postgres/ledger.ts';
import { networkState } from '#stores/postgres/network_tables.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { readConfig } from '../config.ts';
import { type FileFormat, fileFormats, isFaultOfFile, loadFile, piecesOf } from '../file_loading.ts';
import { type FileSummary, makeSummary } from '../file_summary.ts';
import { openStore } from '../store.ts';
import { loadOrCreateNetwork } from '../territory.ts';

interface ImportFlags {
  format: string;
  meter?: string;
  mapping?: string;
  again?: boolean;
  dryRun?: boolean;
  data?: string;
  json?: boolean;
}

interface FileReport extends Partial<FileSummary> {
  file: string;
  state: 'read' | 'loaded' | 'duplicate' | 'set_aside';
  code?: string;
  reason?: string;
}

export function readingsCommands(program: Command, dataOption: () => Option): void {
  program
    .command('readings')
    .description('meter readings: import')
    .command('import')
    .description('load files of readings, each content once; a center may run meanwhile')
    .argument('<path...>', 'files')
    .requiredOption('--format <format>', fileFormats.join(', '))
    .option('--meter <id>', 'meter of a file that holds one meter under another id')
    .option('--mapping <file>', 'JSON: columns of a CSV, and meter ids by the ids of the file')
    .option('--again', 'load content that was loaded before; what is stored already counts as duplicate')
    .option('--dry-run', 'read and report, change nothing')
    .addOption(dataOption())
    .option('--json', 'one JSON document')
    .action(importReadings);
}

async function importReadings(paths: string[], flags: ImportFlags): Promise<void> {
  const format = fileFormats.find((known) => known === flags.format);
  if (!format)
    throw new FluxError('bad_usage', `--format must be one of ${fileFormats.join(', ')}, not ${flags.format}`);
  for (const file of paths) await checkFile(file);
  const mapping = flags.mapping === undefined ? undefined : await mappingFrom(flags.mapping);
  refuseForOwnRecords(format, flags, mapping);
  const { config } = readConfig({ dataFolder: flags.data }, process.env);
  const store = await openStore(config, 'flux readings import');
  const temporaryFolder = path.join(config.dataFolder, 'tmp');
  const spoolFolder = path.join(temporaryFolder, `files-import-${process.pid}`);
  await fs.mkdir(spoolFolder, { recursive: true });
  let engine: Engine | undefined;
  let giveBack: (() => void) | undefined;
  try {
    if (!(await networkState(store.pool)))
      throw new FluxError('no_network', 'there is no network here yet, so no meter; `flux start` makes one');
    const { network } = await loadOrCreateNetwork(store.pool, config, () => undefined);
    if (!flags.dryRun) giveBack = await takeTurn(store.pool);
    await fs.mkdir(segmentFolder(config.dataFolder), { recursive: true });
    engine = startEngine({ name: 'import', path: ':memory:', memoryLimit: '512MB', temporaryFolder });
    const job: ImportJob = {
      flags,
      format,
      mapping,
      network,
      pool: store.pool,
      engine,
      spoolFolder,
      dataFolder: config.dataFolder,
    };
    const reports: FileReport[] = [];
    for (const file of paths) reports.push(await importFile(job, file));
    say(reports, flags);
    if (reports.some((report) => report.state === 'set_aside')) process.exitCode = 1;
  } finally {
    await engine?.stop();
    giveBack?.();
    await fs.rm(spoolFolder, { recursive: true, force: true });
    await store.leave();
  }
}

/** @throws FluxError `bad_usage` where a meter or mapping would have no effect */
function refuseForOwnRecords(format: FileFormat, flags: ImportFlags, mapping: Mapping | undefined): void {
  const isOurs = format === 'jsonl' || format === 'parquet' || (format === 'csv' && !mapping?.time && !mapping?.energy);
  if (isOurs && (flags.meter !== undefined || mapping !== undefined))
    throw new FluxError(
      'bad_usage',
      '--meter and --mapping are for foreign formats: records of our own name their meter, and a CSV that is not ours needs time, interval_minutes and energy in its mapping',
    );
}

/** any constant will do: it only has to be ours */
const importLock = 7_266_007;

/**
 * One import writes at a time; the lock ends with the process that holds it.
 * @returns what gives it back
 * @throws FluxError `import_running`
 */
async function takeTurn(pool: Pool): Promise<() => void> {
  const client = await pool.connect();
  const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [importLock]);
  if (rows[0].held) return () => client.release(true);
  client.release();
  throw new FluxError('import_running', 'another import is at work on this data; start this one when it has ended');
}

async function checkFile(file: string): Promise<void> {
  const stat = await fs.stat(file).catch(() => undefined);
  if (!stat?.isFile()) throw new FluxError('no_such_file', `${file} is no file that can be read; check the path`);
}

async function mappingFrom(file: string): Promise<Mapping> {
  const text = await fs.readFile(file, 'utf8').catch((cause: unknown) => {
    throw new FluxError('no_such_file', `the mapping ${file} can not be read: ${messageOf(cause)}`, { cause });
  });
  return readMapping(text);
}

interface ImportJob {
  flags: ImportFlags;
  format: FileFormat;
  mapping: Mapping | undefined;
  network: NetworkColumns;
  pool: Pool;
  engine: Engine;
  spoolFolder: string;
  dataFolder: string;
}

/** A dry run reads the file where it is; a load reads a copy that nobody can change under it. */
async function importFile(job: ImportJob, file: string): Promise<FileReport> {
  const { flags, format, mapping, pool } = job;
  const name = path.basename(file);
  const copy = path.join(job.spoolFolder, 'file');
  const content = flags.dryRun ? undefined : await copyHashed(createReadStream(file), copy);
  const notes = makeNotes();
  const summing = makeSummary(notes);
  const pieces = piecesOf(
    {
      name,
      path: flags.dryRun ? path.resolve(file) : copy,
      format,
      facts: {
        meterRowOf: (id) => job.network.meter.id.rowOf(id),
        nowMs: Date.now(),
        meter: flags.meter,
        meters: mapping?.meters,
      },
      mapping,
      ask: (sql) => job.engine.query(sql, [], 300_000),
      meterIdOf: (key) => (key >= 0 && key < job.network.meter.count ? job.network.meter.id.at(key) : undefined),
    },
    notes,
  );
  try {
    if (!content) {
      for await (const piece of pieces) summing.take(piece);
      return { file: name, state: 'read', ...summing.summary() };
    }
    const readAs = readAsOf(format, flags, mapping);
    const found = { origin: 'import', name: path.resolve(file), marker: content.sha256, ...content, readAs } as const;
    const begin = await beginFileLoad(pool, found);
    if (begin.kind !== 'load') {
      const of = begin.kind === 'duplicate' ? begin.of : begin.id;
      return {
        file: name,
        state: 'duplicate',
        reason: `the same content is file load ${of}; nothing was loaded (--again loads it anew)`,
      };
    }
    const ledger = makeLedger(pool, { announce: true });
    const sink = makeSegmentSink(job.engine, job.dataFolder);
    const outcome = await loadFile({ pool, ledger, sink, source: 'import' }, begin, pieces, summing.take);
    return { file: name, ...outcome, ...summing.summary() };
  } catch (error) {
    if (!isFaultOfFile(error)) throw error;
    return { file: name, state: 'set_aside', code: error.code, reason: error.message };
  }
}

/** The same bytes with another meter or mapping are other readings. */
function readAsOf(format: FileFormat, { meter, again }: ImportFlags, mapping: Mapping | undefined): string {
  const options = createHash('sha256').update(JSON.stringify([meter ?? null, mapping ?? null]));
  const read =
    meter === undefined && mapping === undefined ? format : `${format}:${options.digest('hex').slice(0, 16)}`;
  return again ? `${read} again ${new Date().toISOString()}` : read;
}

function say(reports: FileReport[], flags: ImportFlags): void {
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ dry_run: flags.dryRun === true, files: reports }, null, 2)}\n`);
    return;
  }
  for (const { file, state, set_aside_by_code: byCode, channels, ...facts } of reports) {
    process.stdout.write(`${file}: ${flags.dryRun ? 'read, nothing was changed (--dry-run)' : state}\n`);
    for (const [fact, value] of Object.entries(facts))
      if (value !== undefined && value !== null)
        process.stdout.write(
          `  ${fact.padEnd(16)}${typeof value === 'number' ? value.toLocaleString('en-US') : value}\n`,
        );
    for (const [title, counts] of [
      ['set aside', byCode],
      ['channel', channels],
    ] as const)
      for (const [name, count] of Object.entries(counts ?? {}))
        process.stdout.write(`  ${title.padEnd(16)}${name} ${count.toLocaleString('en-US')}\n`);
  }
}
