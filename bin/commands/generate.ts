import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { FluxError } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import { makeReadingColumns, type ReadingColumns, readingQualities } from '#model/reading.ts';
import { makeReadingGenerator } from '#sources/generator/generate_readings.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink, segmentFolder, sweepSegments } from '#stores/columnar/segments.ts';
import { scaleFrom } from '../config.ts';
import { progressLine } from '../terminal.ts';

interface Flags {
  meters: string;
  days: string;
  start?: string;
  seed: string;
  format: string;
  out?: string;
  to?: string;
  url: string;
  token?: string;
  json?: boolean;
}

interface Outcome {
  rows: number;
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
    .option('--to <target>', 'http: send to a running center instead of writing files')
    .option('--url <address>', 'the center, with --to http', 'http://localhost:8080')
    .option('--token <token>', 'its token (`flux token`), with --to http')
    .option('--json', 'one JSON document')
    .action(async (flags: Flags) => {
      const outcome = await generate(flags);
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
  } finally {
    progress.done();
    await write.end();
  }
  const seconds = (performance.now() - beganMs) / 1000;
  return {
    rows,
    bytes,
    sha256: hash.digest('hex'),
    files,
    seconds: Math.round(seconds * 100) / 100,
    readings_per_s: Math.round(rows / seconds),
  };
}

interface Writer {
  /** @returns bytes written or sent */
  take(readings: ReadingColumns, offset: number): Promise<number>;
  end(): Promise<void>;
}

async function writerFor(flags: Flags, network: NetworkColumns): Promise<Writer> {
  if (flags.to === 'http') return httpWriter(flags, network);
  if (flags.to !== undefined)
    throw new FluxError('bad_usage', `--to ${flags.to} is not known; this version sends to http`);
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
    take: async (readings, offset) => {
      const name = path.join(folder, `readings-${String(offset).padStart(12, '0')}.jsonl`);
      const handle = await fs.open(`${name}.tmp`, 'w');
      let bytes = 0;
      let piece = '';
      for (let i = 0; i < readings.count; i++) {
        piece += `${JSON.stringify(recordOf(readings, i, network))}\n`;
        if (piece.length > 4e6 || i === readings.count - 1) {
          bytes += (await handle.write(piece)).bytesWritten;
          piece = '';
        }
      }
      await handle.close();
      await fs.rename(`${name}.tmp`, name);
      return bytes;
    },
    end: async () => undefined,
  };
}

const rowsPerRequest = 5000;

function httpWriter(flags: Flags, network: NetworkColumns): Writer {
  const headers = {
    'content-type': 'application/json',
    ...(flags.token ? { authorization: `Bearer ${flags.token}` } : {}),
  };
  return {
    take: async (readings) => {
      let bytes = 0;
      for (let from = 0; from < readings.count; from += rowsPerRequest) {
        const to = Math.min(readings.count, from + rowsPerRequest);
        const body = JSON.stringify(Array.from({ length: to - from }, (_, k) => recordOf(readings, from + k, network)));
        bytes += await post(`${flags.url}/api/readings`, headers, body);
      }
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
