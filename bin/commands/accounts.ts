import { createReadStream } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { createGunzip } from 'node:zlib';
import type { Command, Option } from 'commander';
import { FluxError, messageOf } from '#model/errors.ts';
import { premiseOf } from '#services/restoration/premises.ts';
import { type Premise, raisePremiseRevision, storePremises } from '#services/restoration/sql.ts';
import { fieldsOf, linesOf } from '#sources/files/lines.ts';
import type { FileInput } from '#sources/files/piece.ts';
import { networkState } from '#stores/postgres/network_tables.ts';
import { inTransaction, type Pool } from '#stores/postgres/pool.ts';
import { readConfig } from '../config.ts';
import { noNetwork } from '../stopped_center.ts';
import { openStore } from '../store.ts';
import { loadOrCreateNetwork } from '../territory.ts';

interface Flags {
  data?: string;
  dryRun?: boolean;
  json?: boolean;
}

interface Report {
  read: number;
  added: number;
  changed: number;
  /** the same meter stood in the file before; the later one counts */
  repeated: number;
  refused: number;
  refused_lines: { line: number; code: string; reason: string }[];
}

/** Refused lines a report names; all are counted. */
const namedLines = 20;
const rowsAtOnce = 5000;
const required = ['account_id', 'meter_id', 'address'] as const;

export function accountsCommands(program: Command, dataOption: () => Option): void {
  const accounts = program.command('accounts').description('customer accounts and service addresses: import');
  accounts
    .command('import')
    .description(
      'load a CSV with account_id, meter_id, address and, where it is known, place; a running center sees it at once',
    )
    .argument('<path>', 'file, also .gz')
    .option('--dry-run', 'read and report, change nothing')
    .addOption(dataOption())
    .option('--json', 'one JSON document')
    .action(importAccounts);
}

async function importAccounts(file: string, flags: Flags): Promise<void> {
  const stat = await fs.stat(file).catch(() => undefined);
  if (!stat?.isFile()) throw new FluxError('no_such_file', `${file} is no file that can be read; check the path`);
  const { config } = readConfig({ dataFolder: flags.data }, process.env);
  const store = await openStore(config, 'flux accounts import');
  try {
    if (!(await networkState(store.pool))) throw noNetwork();
    const { network } = await loadOrCreateNetwork(store.pool, config, () => undefined);
    const report = await keep(file, (id) => network.meter.id.rowOf(id), flags.dryRun ? undefined : store.pool);
    if (flags.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    else say(report);
    if (report.read > 0 && report.refused === report.read) process.exitCode = 1;
  } finally {
    await store.leave();
  }
}

function say({ refused_lines: lines, ...facts }: Report): void {
  for (const [name, value] of Object.entries(facts))
    process.stdout.write(`${name.padEnd(12)}${value.toLocaleString('en-US')}\n`);
  for (const { line, code, reason } of lines) process.stdout.write(`line ${line}: ${code}: ${reason}\n`);
}

function inputOf(file: string): FileInput {
  const open = async function* (): AsyncGenerator<Uint8Array> {
    if (!file.endsWith('.gz')) return yield* createReadStream(file);
    try {
      yield* createReadStream(file).pipe(createGunzip());
    } catch (cause) {
      throw new FluxError('unreadable', `${file} is not a whole gzip file: ${messageOf(cause)}`, { cause });
    }
  };
  return { name: path.basename(file), open };
}

/** Column numbers by name. @throws FluxError `bad_header` */
function headerOf(line: string, file: string): Map<string, number> {
  const names = fieldsOf(line.replace(/^\ufeff/, '')).map((name) => name.trim().toLowerCase());
  const missing = required.filter((name) => !names.includes(name));
  if (missing.length > 0)
    throw new FluxError(
      'bad_header',
      `${path.basename(file)}, line 1: the header must name ${required.join(', ')} (and may name place); ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing`,
    );
  return new Map(names.map((name, at) => [name, at]));
}

/** @param pool undefined: read and report only */
async function keep(file: string, meterRowOf: (id: string) => number, pool: Pool | undefined): Promise<Report> {
  const report: Report = { read: 0, added: 0, changed: 0, repeated: 0, refused: 0, refused_lines: [] };
  let columns: Map<string, number> | undefined;
  let waiting = new Map<number, Premise>();
  const seen = new Set<number>();
  const flush = async (): Promise<void> => {
    const premises = [...waiting.values()];
    waiting = new Map();
    if (!pool || premises.length === 0) return;
    const kept = await inTransaction(pool, (client) => storePremises(client, premises, 'import'));
    report.added += kept.added;
    report.changed += kept.changed;
  };
  const refuse = (line: number, code: string, reason: string): void => {
    report.refused++;
    if (report.refused_lines.length < namedLines) report.refused_lines.push({ line, code, reason });
  };
  for await (const { first, texts } of linesOf(inputOf(file))) {
    for (const [i, text] of texts.entries()) {
      const line = first + i;
      if (!columns) {
        columns = headerOf(text, file);
        continue;
      }
      if (text.trim() === '') continue;
      report.read++;
      const fields = fieldsOf(text);
      if (fields.length !== columns.size) {
        const reason = `has ${fields.length} fields where the header has ${columns.size}; quote fields that hold a comma`;
        refuse(line, 'bad_record', reason);
        continue;
      }
      const field = (name: string): string => fields[columns!.get(name) ?? -1] ?? '';
      const premise = premiseOf(
        { account: field('account_id'), meter: field('meter_id'), address: field('address'), place: field('place') },
        meterRowOf,
      );
      if ('code' in premise) {
        refuse(line, premise.code, premise.reason);
        continue;
      }
      if (seen.has(premise.meter_key)) report.repeated++;
      seen.add(premise.meter_key);
      waiting.set(premise.meter_key, premise);
      if (waiting.size >= rowsAtOnce) await flush();
    }
  }
  if (!columns) throw new FluxError('bad_header', `${path.basename(file)} is empty; its first line names the columns`);
  await flush();
  if (pool && report.added + report.changed > 0) await raisePremiseRevision(pool);
  return report;
}
