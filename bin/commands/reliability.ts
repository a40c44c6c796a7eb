import fs from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Command, Option } from 'commander';
import { type ReliabilityLevel, type ReliabilityRow, reliabilityLevels } from '#model/api/reliability.ts';
import { FluxError, messageOf } from '#model/errors.ts';
import { crewsWorked } from '#services/crews/worked.ts';
import { type BadField, sayBadField } from '#services/reliability/csv.ts';
import { defaultLeastCoverage, readDailyFile } from '#services/reliability/daily_file.ts';
import { keepHistory, ownRecordSince, readHistory } from '#services/reliability/history.ts';
import { leastMedDays, localDate, majorEventDays, medThreshold } from '#services/reliability/med.ts';
import { eventFields, gatherReport, reportFiles } from '#services/reliability/report.ts';
import { lastYear, makeReliabilityService, type ReliabilityService } from '#services/reliability/service.ts';
import { periodOf } from '#services/reliability/snapshot.ts';
import { networkState } from '#stores/postgres/network_tables.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { type Config, readConfig } from '../config.ts';
import { noNetwork, reportToTerminal } from '../stopped_center.ts';
import { openStore } from '../store.ts';
import { table } from '../terminal.ts';
import { loadOrCreateNetwork } from '../territory.ts';

interface Flags {
  data?: string;
  from?: string;
  to?: string;
  by?: string;
  daily?: string;
  customers?: string;
  coverage?: string;
  out?: string;
  history?: string;
  dryRun?: boolean;
  json?: boolean;
}

/** Bad lines that are named; all are counted. */
const namedLines = 20;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const sayJson = (value: unknown): void => say(JSON.stringify(value, null, 2));

export function reliabilityCommands(program: Command, dataOption: () => Option): void {
  const reliability = program
    .command('reliability')
    .description(
      'SAIDI, SAIFI, CAIDI, MAIFI and ASAI of a period, with and without major event days; the center may run',
    )
    .addOption(dataOption())
    .option('--from <day>', 'first local day, e.g. 2026-01-01 (default: a year ago)')
    .option('--to <day>', 'last local day (default: today)')
    .option('--by <level>', reliabilityLevels.join(', '), 'system')
    .option('--json', 'one JSON document')
    .action(showIndices);
  reliability
    .command('med')
    .description('the 2.5 beta threshold of major event days from a file of days')
    .requiredOption('--daily <file>', 'CSV (or .gz): date with customer_minutes or saidi, perhaps coverage')
    .option('--customers <count>', 'customers served, where the file has customer-minutes')
    .option(
      '--coverage <share>',
      'least recorded share of a day, where the file tells it',
      String(defaultLeastCoverage),
    )
    .option('--json', 'one JSON document')
    .action((_: Flags, command: Command) => showThreshold(command.optsWithGlobals<Flags>()));
  reliability
    .command('pack')
    .description('everything a regulator is given about a period: CSV files and a PDF report')
    .addOption(dataOption())
    .requiredOption('--out <folder>', 'where the files go')
    .option('--from <day>', 'first local day')
    .option('--to <day>', 'last local day')
    .option('--json', 'one JSON document')
    .action((_: Flags, command: Command) => writePack(command.optsWithGlobals<Flags>()));
  reliability
    .command('import')
    .description('interruptions of the time before this center, marked as declared history; the center may run')
    .requiredOption(
      '--history <file>',
      'CSV (or .gz): start, end, customers; perhaps feeder, device, cause, planned, id',
    )
    .option('--dry-run', 'read and report, change nothing')
    .addOption(dataOption())
    .option('--json', 'one JSON document')
    .action((_: Flags, command: Command) => importHistory(command.optsWithGlobals<Flags>()));
}

async function textOf(file: string): Promise<string> {
  const bytes = await fs.readFile(file).catch((cause: unknown) => {
    throw new FluxError('no_such_file', `${file} can not be read: ${messageOf(cause)}; check the path`, { cause });
  });
  try {
    return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (cause) {
    throw new FluxError('unreadable', `${file} is not a whole gzip file: ${messageOf(cause)}`, { cause });
  }
}

function numberOf(text: string | undefined, flag: string, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new FluxError('bad_usage', `${flag} must be a number from ${least} to ${most}, not ${text}`);
}

function sayBadLines(bad: readonly BadField[]): void {
  for (const one of bad.slice(0, namedLines)) process.stderr.write(`${sayBadField(one)}\n`);
  if (bad.length > namedLines) process.stderr.write(`and ${bad.length - namedLines} more lines\n`);
}

async function showThreshold(flags: Flags): Promise<void> {
  const file = flags.daily!;
  const customers = numberOf(flags.customers, '--customers', 1, 1e9);
  const leastCoverage = numberOf(flags.coverage, '--coverage', 0, 1)!;
  const { days, uncovered, bad } = readDailyFile(path.basename(file), await textOf(file), { customers, leastCoverage });
  const threshold = medThreshold(days);
  if (!threshold)
    throw new FluxError(
      'too_few_days',
      `${file} has fewer than ${leastMedDays} usable days with interruptions: a threshold needs more`,
    );
  const major = majorEventDays(days, threshold.tMed);
  const answer = {
    file: path.basename(file),
    alpha: threshold.alpha,
    beta: threshold.beta,
    t_med_minutes: threshold.tMed,
    days: days.length,
    zero_days_dropped: threshold.zeroDays,
    days_not_covered: uncovered,
    from: threshold.from,
    to: threshold.to,
    days_above: major.length,
    days_above_list: major,
    bad_lines: bad.length,
    bad: bad.slice(0, namedLines),
  };
  if (flags.json) return sayJson(answer);
  sayBadLines(bad);
  say(
    `alpha       ${threshold.alpha.toFixed(4)}   mean of ln(daily SAIDI), ${threshold.days} days from ${threshold.from} to ${threshold.to}`,
  );
  say(`beta        ${threshold.beta.toFixed(4)}   standard deviation of the sample (n - 1)`);
  say(`T_MED       ${threshold.tMed.toFixed(3)} minutes = exp(alpha + 2.5 beta); it judges the days of the next year`);
  say(`days above  ${major.length} of the same days`);
  say(`left out    ${threshold.zeroDays} zero days, ${uncovered} days recorded in part, ${bad.length} bad lines`);
  if (major.length > 0)
    say(`\n${table(major.map(({ day, saidi }) => ({ day, saidi_minutes: Math.round(saidi * 1000) / 1000 })))}`);
}

/** Works beside a running center: everything is in the operational store. */
async function withStore<T>(config: Config, work: (pool: Pool, service: ReliabilityService) => Promise<T>): Promise<T> {
  const store = await openStore(config, 'flux reliability');
  try {
    if (!(await networkState(store.pool))) throw noNetwork();
    const { network } = await loadOrCreateNetwork(store.pool, config, () => undefined);
    const service = makeReliabilityService({
      pool: store.pool,
      network: () => network,
      zone: config.timeZone,
      crewsWorked: (fromMs, toMs, areas) => crewsWorked(store.pool, fromMs, toMs, areas),
      report: reportToTerminal,
    });
    return await work(store.pool, service);
  } finally {
    await store.leave();
  }
}

function daysOf(flags: Flags, zone: string): { from: string; to: string } {
  const year = lastYear(localDate(Date.now(), zone));
  const days = { from: flags.from ?? (flags.to ? lastYear(flags.to).from : year.from), to: flags.to ?? year.to };
  periodOf(days.from, days.to);
  return days;
}

async function showIndices(flags: Flags): Promise<void> {
  if (!reliabilityLevels.some((level) => level === flags.by))
    throw new FluxError('bad_usage', `--by must be one of ${reliabilityLevels.join(', ')}, not ${flags.by}`);
  const { config } = readConfig({ dataFolder: flags.data }, process.env);
  const days = daysOf(flags, config.timeZone);
  await withStore(config, async (_, service) => {
    await service.caughtUp();
    const rows = await service.rows(days.from, days.to, flags.by as ReliabilityLevel);
    const facts = await service.majorEventDays(days.from, days.to);
    if (flags.json)
      return sayJson({
        ...days,
        time_zone: config.timeZone,
        known_since: facts.known_since,
        served_known_since: facts.served_known_since,
        declared_interruptions: facts.declared,
        thresholds: facts.thresholds,
        major_event_days: facts.days.filter(({ is_major }) => is_major).map(({ day }) => day),
        rows,
      });
    say(`${days.from} to ${days.to}, days of ${config.timeZone}, unplanned interruptions`);
    say(facts.known_since === null ? 'no interruption is known yet' : `the record begins ${facts.known_since}`);
    if (facts.declared > 0)
      say(`${facts.declared.toLocaleString('en-US')} declared interruptions from before this center`);
    if (facts.served_known_since > days.from)
      say(
        `customers served are known since ${facts.served_known_since}; earlier days count with the figure of that day`,
      );
    for (const { year, t_med } of facts.thresholds)
      say(
        `T_MED ${year}: ${t_med === null ? `not known, fewer than ${leastMedDays} days in the five years before` : `${t_med.toFixed(3)} minutes`}`,
      );
    say(`\n${table(rows.flatMap(lines))}`);
  });
}

function lines(row: ReliabilityRow): Record<string, unknown>[] {
  const round = (value: number | null, digits: number): string => (value === null ? '-' : value.toFixed(digits));
  return (['all', 'without_major'] as const).map((days) => ({
    [row.level]: row.id || row.name,
    days: days === 'all' ? 'all' : 'without MED',
    customers: Math.round(row.customers_served),
    interruptions: row[days].interruptions,
    SAIDI_min: round(row[days].saidi, 3),
    SAIFI: round(row[days].saifi, 4),
    CAIDI_min: round(row[days].caidi, 1),
    MAIFI: round(row[days].maifi, 4),
    'ASAI_%': round(row[days].asai === null ? null : row[days].asai * 100, 5),
  }));
}

async function writePack(flags: Flags): Promise<void> {
  const { config } = readConfig({ dataFolder: flags.data }, process.env);
  const days = daysOf(flags, config.timeZone);
  const facts = await withStore(config, async (_, service) => {
    await service.caughtUp();
    return gatherReport(service, days.from, days.to, null);
  });
  const folder = flags.out!;
  await fs.mkdir(folder, { recursive: true });
  const files = await reportFiles(facts);
  for (const { name, bytes } of files) await fs.writeFile(path.join(folder, name), bytes);
  const fields = eventFields(facts);
  if (flags.json) return sayJson({ ...days, folder, files: files.map(({ name }) => name), report: fields });
  say(table(fields.map((field) => ({ ...field }))));
  say(`\nOE-417: ${facts.oe417.events.filter(({ met_at }) => met_at !== null).length} events to report`);
  say(`written to ${folder}: ${files.map(({ name }) => name).join(', ')}`);
}

async function importHistory(flags: Flags): Promise<void> {
  const file = flags.history!;
  const text = await textOf(file);
  const { config } = readConfig({ dataFolder: flags.data }, process.env);
  const answer = await withStore(config, async (pool, service) => {
    const { network } = service.places();
    const read = readHistory(path.basename(file), text, {
      zone: config.timeZone,
      feederRowOf: (id) => network.feeder.id.rowOf(id),
      deviceRowOf: (id) => network.edge.id.rowOf(id),
      feederOfDevice: (row) => network.edge.feeder[row],
      ownSinceMs: await ownRecordSince(pool),
      nowMs: Date.now(),
    });
    const kept = flags.dryRun ? { added: 0, known: 0 } : await keepHistory(pool, read.rows, config.timeZone);
    return {
      file: path.basename(file),
      read: read.rows.length + read.repeated + read.bad.length,
      ...kept,
      repeated: read.repeated,
      refused: read.bad.length,
      refused_lines: read.bad.slice(0, namedLines),
    };
  });
  if (flags.json) return sayJson(answer);
  const { refused_lines: bad, ...facts } = answer;
  for (const [name, value] of Object.entries(facts)) say(`${name.padEnd(12)}${value.toLocaleString('en-US')}`);
  sayBadLines(bad);
  if (answer.refused > bad.length) process.stderr.write(`and ${answer.refused - bad.length} more lines\n`);
}
