import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { FluxError } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import { makeReadingColumns, meterEventTypes, type ReadingColumns, readingQualities } from '#model/reading.ts';
import type { TransportFaults } from '#sources/generator/event_faults.ts';
import { type GeneratedEvents, generateEvents } from '#sources/generator/generate_events.ts';
import { makeReadingGenerator } from '#sources/generator/generate_readings.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink, segmentFolder, sweepSegments } from '#stores/columnar/segments.ts';
import { scaleFrom } from '../config.ts';
import { progressLine } from '../terminal.ts';
import { generateToStore } from './generate_store.ts';

interface Flags {
  meters: string;
  days: string;
  start?: string;
  seed: string;
  format: string;
  out?: string;
  to?: string;
  data?: string;
  url: string;
  token?: string;
  rate?: string;
  events: boolean;
  faults: string;
  loss: string;
  duplicates: string;
  disorder: string;
  lateness: string;
  skew: string;
  json?: boolean;
}

interface Outcome {
  rows: number;
  /** meter events, as delivered */
  events: number;
  events_lost: number;
  events_duplicated: number;
  bytes: number;
  sha256: string;
  files: number;
  seconds: number;
  readings_per_s: number;
}

const intervalS = 900;
const intervalsPerDay = 96;
const rowsPerFile = 5_000_000;

export function generateCommand(program: Command): void {
  program
    .command('generate')
    .description('interval readings of a generated territory: the same seed gives the same bytes')
    .requiredOption('--meters <number>', 'meters (or demo, poc)')
    .requiredOption('--days <number>', 'days of 96 intervals')
    .option('--start <time>', 'first interval, ISO 8601 (default: 2026-01-01T00:00:00Z)')
    .option('--seed <number>', 'seed', '1')
    .option('--format <format>', 'parquet or jsonl', 'parquet')
    .option('--out <folder>', 'folder to write to')
    .option('--no-events', 'interval readings only, no meter events')
    .option('--faults <number>', 'device faults per 1,000 meters and day', '0.2')
    .option('--loss <share>', 'share of events that never arrive', '0')
    .option('--duplicates <share>', 'share of events that arrive twice', '0')
    .option('--disorder <seconds>', 'events overtake each other by up to this', '0')
    .option('--lateness <seconds>', 'a few events are late by up to this', '0')
    .option('--skew <seconds>', 'meter clocks are off by up to this', '0')
    .option('--rate <number>', 'readings a second at most, with --to http')
    .option('--to <target>', 'http: send to a running center; store: into the data folder of a stopped one')
    .option('--data <folder>', 'the data folder, with --to store')
    .option('--url <address>', 'the center, with --to http', 'http://localhost:8080')
    .option('--token <token>', 'its token (`flux token`), with --to http')
    .option('--json', 'one JSON document')
    .action(async (flags: Flags) => {
      const outcome = flags.to === 'store' ? await generateToStore(flags) : await generate(flags);
      if (flags.json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
      else
        for (const [name, value] of Object.entries(outcome))
          process.stdout.write(
            `${name.padEnd(16)}${typeof value === 'number' ? value.toLocaleString('en-US') : value}\n`,
          );
    });
}

async function generate(flags: Flags): Promise<Outcome> {
  const days = Number(flags.days);
  const startMs = Date.parse(flags.start ?? '2026-01-01T00:00:00Z');
  if (!(days > 0 && days <= 3660))
    throw new FluxError('bad_usage', `--days must be a number from 0 to 3660, not ${flags.days}`);
  if (Number.isNaN(startMs) || startMs % (intervalS * 1000) !== 0)
    throw new FluxError('bad_usage', `--start must be ISO 8601 on a quarter of an hour, not ${flags.start}`);
  const seed = Number(flags.seed);
  const network = generateTerritory({
    scale: scaleFrom(flags.meters === 'poc' || flags.meters === 'demo' ? flags.meters : Number(flags.meters)),
    seed,
  });
  const generator = makeReadingGenerator(network, { seed });
  const write = await writerFor(flags, network);
  const hash = createHash('sha256');
  const progress = progressLine();
  const beganMs = performance.now();
  const { count: meters } = network.meter;
  const intervals = Math.round(days * intervalsPerDay);
  const perFile = Math.max(1, Math.floor(rowsPerFile / meters));
  let rows = 0;
  let bytes = 0;
  let files = 0;
  let happened: GeneratedEvents = { deliveries: [], faults: 0, lost: 0, duplicated: 0 };
  try {
    for (let from = 0; from < intervals; from += perFile) {
      const to = Math.min(intervals, from + perFile);
      const readings = makeReadingColumns((to - from) * meters);
      for (let i = from; i < to; i++) generator.fillInterval(startMs / 1000 + i * intervalS, 0, meters, readings);
      for (const column of [
        readings.meterKey,
        readings.intervalStartS,
        readings.wh,
        readings.decivolt,
        readings.quality,
      ]) {
        hash.update(new Uint8Array(column.buffer, column.byteOffset, column.BYTES_PER_ELEMENT * readings.count));
      }
      bytes += await write.take(readings, rows);
      rows += readings.count;
      files++;
      progress.show(to / intervals, `${rows.toLocaleString('en-US')} readings`);
    }
    if (flags.events) {
      happened = generateEvents(network, {
        startS: startMs / 1000,
        days,
        seed,
        faultsPerThousandMeterDays: numberOf(flags, 'faults', 1000),
        transport: transportOf(flags),
      });
      const records = happened.deliveries.map(({ item, stampedAtS }) => ({
        meter_id: network.meter.id.at(item.meter),
        event_time: new Date(Math.round(stampedAtS * 1000)).toISOString(),
        type: meterEventTypes[item.type],
      }));
      for (const record of records) hash.update(JSON.stringify(record));
      bytes += await write.takeEvents(records);
    }
  } finally {
    progress.done();
    await write.end();
  }
  const seconds = (performance.now() - beganMs) / 1000;
  return {
    rows,
    events: happened.deliveries.length,
    events_lost: happened.lost,
    events_duplicated: happened.duplicated,
    bytes,
    sha256: hash.digest('hex'),
    files,
    seconds: Math.round(seconds * 100) / 100,
    readings_per_s: Math.round(rows / seconds),
  };
}

function numberOf(
  flags: Flags,
  name: 'faults' | 'loss' | 'duplicates' | 'disorder' | 'lateness' | 'skew' | 'rate',
  most: number,
): number {
  const value = Number(flags[name]);
  if (!(value >= 0 && value <= most))
    throw new FluxError('bad_usage', `--${name} must be a number from 0 to ${most}, not ${flags[name]}`);
  return value;
}

function transportOf(flags: Flags): Omit<TransportFaults, 'seed'> {
  return {
    lossShare: numberOf(flags, 'loss', 1),
    duplicateShare: numberOf(flags, 'duplicates', 1),
    disorderS: numberOf(flags, 'disorder', 86_400),
    latenessS: numberOf(flags, 'lateness', 604_800),
    clockSkewS: numberOf(flags, 'skew', 86_400),
  };
}

interface Writer {
  /** @returns bytes written or sent */
  take(readings: ReadingColumns, offset: number): Promise<number>;
  takeEvents(records: object[]): Promise<number>;
  end(): Promise<void>;
}

async function writerFor(flags: Flags, network: NetworkColumns): Promise<Writer> {
  if (flags.to === 'http') return httpWriter(flags, network);
  if (flags.to !== undefined)
    throw new FluxError('bad_usage', `--to ${flags.to} is not known; this version sends to http or store`);
  if (!flags.out) throw new FluxError('bad_usage', 'say where the readings go: --out FOLDER, or --to http');
  const folder = path.resolve(flags.out);
  await fs.mkdir(folder, { recursive: true });
  if (flags.format === 'jsonl') return jsonLinesWriter(folder, network);
  if (flags.format !== 'parquet')
    throw new FluxError('bad_usage', `--format must be parquet or jsonl, not ${flags.format}`);
  await sweepSegments(folder, new Set(await fs.readdir(segmentFolder(folder)).catch(() => [])));
  const engine = startEngine({ name: 'generate', path: ':memory:', temporaryFolder: folder });
  const sink = makeSegmentSink(engine, folder);
  return {
    take: async (readings, offset) =>
      (
        await sink.write(
          {
            source: 'generated',
            partition: 0,
            offsetFrom: offset,
            offsetTo: offset + readings.count,
            receivedAtMs: 0,
            readings,
            setAside: [],
          },
          1,
        )
      ).byteCount,
    takeEvents: (records) => writeLines(path.join(folder, 'events.jsonl'), records),
    end: () => engine.stop(),
  };
}

function recordOf(readings: ReadingColumns, i: number, network: NetworkColumns): object {
  return {
    meter_id: network.meter.id.at(readings.meterKey[i]),
    reading_time: new Date(readings.intervalStartS[i] * 1000).toISOString(),
    interval_minutes: readings.intervalMinutes[i],
    kwh: readings.wh[i] / 1000,
    voltage: readings.decivolt[i] / 10,
    quality: readingQualities[readings.quality[i]],
    source_seq: readings.sourceSeq[i],
  };
}

function jsonLinesWriter(folder: string, network: NetworkColumns): Writer {
  return {
    take: (readings, offset) =>
      writeLines(
        path.join(folder, `readings-${String(offset).padStart(12, '0')}.jsonl`),
        (function* () {
          for (let i = 0; i < readings.count; i++) yield recordOf(readings, i, network);
        })(),
      ),
    takeEvents: (records) => writeLines(path.join(folder, 'events.jsonl'), records),
    end: async () => undefined,
  };
}

/** One record a line, beside and renamed: a file that has its name is whole. @returns bytes */
async function writeLines(file: string, records: Iterable<object>): Promise<number> {
  const handle = await fs.open(`${file}.tmp`, 'w');
  let bytes = 0;
  let piece = '';
  const put = async (): Promise<void> => {
    bytes += (await handle.write(piece)).bytesWritten;
    piece = '';
  };
  try {
    for (const record of records) {
      piece += `${JSON.stringify(record)}\n`;
      if (piece.length > 4e6) await put();
    }
    await put();
  } finally {
    await handle.close();
  }
  await fs.rename(`${file}.tmp`, file);
  return bytes;
}

const rowsPerRequest = 5000;

function httpWriter(flags: Flags, network: NetworkColumns): Writer {
  const headers = {
    'content-type': 'application/json',
    ...(flags.token ? { authorization: `Bearer ${flags.token}` } : {}),
  };
  const perSecond =
    flags.rate === undefined ? Number.POSITIVE_INFINITY : Math.max(1, numberOf(flags, 'rate', 10_000_000));
  const beganMs = performance.now();
  let sent = 0;
  /** Sends one piece; waits first where that would be faster than asked. */
  const send = async (address: string, records: object[]): Promise<number> => {
    const aheadMs = (sent / perSecond) * 1000 - (performance.now() - beganMs);
    if (aheadMs > 0) await new Promise((resolve) => setTimeout(resolve, aheadMs));
    sent += records.length;
    return post(`${flags.url}${address}`, headers, JSON.stringify(records));
  };
  const size = Math.max(1, Math.min(rowsPerRequest, perSecond));
  return {
    take: async (readings) => {
      let bytes = 0;
      for (let from = 0; from < readings.count; from += size) {
        const to = Math.min(readings.count, from + size);
        bytes += await send(
          '/api/readings',
          Array.from({ length: to - from }, (_, k) => recordOf(readings, from + k, network)),
        );
      }
      return bytes;
    },
    takeEvents: async (records) => {
      let bytes = 0;
      for (let from = 0; from < records.length; from += size)
        bytes += await send('/api/events', records.slice(from, from + size));
      return bytes;
    },
    end: async () => undefined,
  };
}

/** Sends until it is taken: `overloaded` and lost connections are waited out for a minute. */
async function post(url: string, headers: Record<string, string>, body: string): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(url, { method: 'POST', headers, body }).catch((cause: unknown) => {
      if (attempt >= 60)
        throw new FluxError('unreachable', `${url} does not answer; is the center running there?`, { cause });
      return undefined;
    });
    if (response?.ok) return body.length;
    if (response && response.status !== 503)
      throw new FluxError('refused', `${url} answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
