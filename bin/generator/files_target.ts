/** A folder of Parquet segments or JSON lines, and one file of events: what has its name is whole. */
import fs from 'node:fs/promises';
import path from 'node:path';
import { FluxError } from '#model/errors.ts';
import type { Piece } from '#sources/generator/run.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink, segmentFolder, sweepSegments } from '#stores/columnar/segments.ts';
import { eventRecord, readingRecord } from './records.ts';
import type { RunTarget, TargetNeeds } from './targets.ts';

const rowsPerFile = 5_000_000;
const bytesPerWrite = 4e6;

/** @throws FluxError `bad_usage` without a folder */
export async function filesTarget(needs: TargetNeeds): Promise<RunTarget> {
  const { network, options, from } = needs;
  if (!needs.folder) throw new FluxError('bad_usage', 'say where the readings go: --out FOLDER, or --to http');
  const folder = path.resolve(needs.folder);
  await fs.mkdir(folder, { recursive: true });
  // What stands behind the position was written by a process that died before it could keep it; a run of the command
  // that begins leaves what others put into its folder.
  if (from.rows > 0 || needs.store) await removeBehind(folder, from.rows);
  const events = await openEvents(folder, options.events, from.events);
  const readings = options.format === 'jsonl' ? linesWriter(folder, network) : await parquetWriter(folder);
  return {
    pieceRows: rowsPerFile,
    take: async (piece, save) => {
      const bytes = piece.readings.count > 0 ? await readings.take(piece) : 0;
      const eventBytes = await events.append(piece.events.map((event) => eventRecord(event, network)));
      await save(bytes + eventBytes);
      return bytes + eventBytes;
    },
    end: async (finished) => {
      await events.end(finished);
      await readings.end();
    },
  };
}

interface Writer {
  take(piece: Piece): Promise<number>;
  end(): Promise<void>;
}

async function parquetWriter(folder: string): Promise<Writer> {
  await sweepSegments(folder, new Set(await fs.readdir(segmentFolder(folder)).catch(() => [])));
  const engine = startEngine({ name: 'generate', path: ':memory:', temporaryFolder: folder });
  const sink = makeSegmentSink(engine, folder);
  return {
    take: async ({ readings, from, to }) => {
      const place = { source: 'generated', partition: 0, offsetFrom: from.rows, offsetTo: to.rows };
      return (await sink.write({ ...place, receivedAtMs: 0, readings, setAside: [] }, 1)).byteCount;
    },
    end: () => engine.stop(),
  };
}

function linesWriter(folder: string, network: TargetNeeds['network']): Writer {
  return {
    take: async ({ readings, from }) => {
      const file = path.join(folder, `readings-${String(from.rows).padStart(12, '0')}.jsonl`);
      const handle = await fs.open(`${file}.tmp`, 'w');
      let bytes = 0;
      try {
        for (const piece of linesOf(recordsOf(readings, network))) bytes += (await handle.write(piece)).bytesWritten;
      } finally {
        await handle.close();
      }
      await fs.rename(`${file}.tmp`, file);
      return bytes;
    },
    end: async () => undefined,
  };
}

function* recordsOf(readings: Piece['readings'], network: TargetNeeds['network']): Generator<object> {
  for (let i = 0; i < readings.count; i++) yield readingRecord(readings, i, network);
}

const pieceName = /^(?:generated-p0-|readings-)(\d+)[-.]/;

async function removeBehind(folder: string, rows: number): Promise<void> {
  for (const place of [folder, segmentFolder(folder)])
    for (const name of await fs.readdir(place).catch(() => [])) {
      const first = pieceName.exec(name)?.[1];
      if (first !== undefined && Number(first) >= rows) await fs.rm(path.join(place, name), { force: true });
    }
}

function* linesOf(records: Iterable<object>): Generator<string> {
  let piece = '';
  for (const record of records) {
    piece += `${JSON.stringify(record)}\n`;
    if (piece.length < bytesPerWrite) continue;
    yield piece;
    piece = '';
  }
  if (piece) yield piece;
}

/** One file over the whole run; a run that goes on cuts off what it wrote behind its position. */
async function openEvents(folder: string, wanted: boolean, before: number) {
  const file = path.join(folder, 'events.jsonl');
  if (!wanted) return { append: async () => 0, end: async () => undefined };
  const kept = before > 0 ? firstLines(await fs.readFile(`${file}.tmp`, 'utf8').catch(() => ''), before) : '';
  const handle = await fs.open(`${file}.tmp`, 'w');
  await handle.write(kept);
  return {
    append: async (records: object[]): Promise<number> => {
      let bytes = 0;
      for (const piece of linesOf(records)) bytes += (await handle.write(piece)).bytesWritten;
      return bytes;
    },
    end: async (finished: boolean): Promise<void> => {
      await handle.close();
      if (finished) await fs.rename(`${file}.tmp`, file);
    },
  };
}

function firstLines(text: string, count: number): string {
  let at = 0;
  for (let line = 0; line < count; line++) {
    const next = text.indexOf('\n', at);
    if (next < 0)
      throw new FluxError(
        'run_damaged',
        'events.jsonl.tmp is shorter than this run wrote; begin it again without --resume',
      );
    at = next + 1;
  }
  return text.slice(0, at);
}
