/**
 * A watched place (folder or bucket): finds files that have come to rest, copies and hashes them, and loads each content
 * once. What it knows of a file is in file_load; it can be killed at any moment and goes on where the ledger stands.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { FluxError } from '#model/errors.ts';
import type { Ledger, SegmentSink } from '#model/stream.ts';
import { type FilePlace, type SeenFile, SteadyFiles } from '#sources/files/folder.ts';
import { fieldsOf } from '#sources/files/lines.ts';
import type { Ask } from '#sources/files/parquet.ts';
import { makeNotes } from '#sources/files/piece.ts';
import {
  beginFileLoad,
  type FileOrigin,
  type KnownFile,
  knownFiles,
  setFileAside,
  vanishedCode,
} from '#stores/postgres/file_loads.ts';
import type { Client, Pool } from '#stores/postgres/pool.ts';
import { type FileFormat, loadFile, piecesOf } from './file_loading.ts';

export interface WatchNeeds {
  pool: Pool;
  ledger: Ledger<Client>;
  sink: SegmentSink;
  /** the engine that reads Parquet */
  ask: Ask;
  /** meters of the network as it is now */
  meters: () => Promise<{ rowOf: (meterId: string) => number; idOf: (meterKey: number) => string | undefined }>;
  place: FilePlace & { move?: (name: string, to: 'loaded' | 'refused', sha256: string | null) => Promise<void> };
  origin: Exclude<FileOrigin, 'import'>;
  /** name of the source in the ledger */
  source: string;
  /** for copies; emptied at the start */
  spoolFolder: string;
  after: 'keep' | 'move';
  report: (message: string, error: unknown) => void;
  pieceRecords?: number;
}

export interface FileWatch {
  /** One look and the loads it leads to. @throws where the place or the stores do not answer */
  round(): Promise<void>;
  /** ends the round after the piece it is at */
  stop(): void;
}

const formats: Record<string, FileFormat> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.parquet': 'parquet',
};
/** Looks a load's file may be away before it counts as gone: a rename is over long before. */
const looksAway = 3;

class Stopped extends Error {}

export async function makeFileWatch(needs: WatchNeeds): Promise<FileWatch> {
  const { pool, place, origin, spoolFolder } = needs;
  await fs.rm(spoolFolder, { recursive: true, force: true });
  await fs.mkdir(spoolFolder, { recursive: true });
  const known = new Map<string, Omit<KnownFile, 'name'>>();
  for (const { name, ...file } of await knownFiles(pool, origin)) known.set(name, file);
  const steady = new SteadyFiles();
  const away = new Map<string, number>();
  let isStopped = false;

  const isDone = (file: SeenFile): boolean => {
    const before = known.get(file.name);
    return before?.marker === file.marker && before.state !== 'loading';
  };

  async function* stoppable<T>(pieces: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const piece of pieces) {
      if (isStopped) throw new Stopped();
      yield piece;
    }
  }

  async function take(file: SeenFile): Promise<void> {
    const format = formats[path.posix.extname(file.name).toLowerCase()];
    if (!format) return refuseUnread(file);
    const copy = path.join(spoolFolder, `file.${format}`);
    const content = await place.copy(file, copy);
    if (!content) return;
    const begin = await beginFileLoad(pool, { origin, ...file, ...content, readAs: format });
    if (begin.kind === 'duplicate') return remember(file, begin.id, 'duplicate');
    if (begin.kind === 'known') return remember(file, begin.id, begin.state);
    known.set(file.name, { id: begin.id, marker: file.marker, state: 'loading' });
    const problem = await halfWritten(copy, format);
    if (problem) {
      await setFileAside(pool, begin.id, 'half_written', problem);
      return remember(file, begin.id, 'set_aside');
    }
    const meters = await needs.meters();
    const pieces = piecesOf(
      {
        name: file.name,
        path: copy,
        format,
        facts: { meterRowOf: meters.rowOf, nowMs: Date.now(), pieceRecords: needs.pieceRecords },
        ask: needs.ask,
        meterIdOf: meters.idOf,
      },
      makeNotes(),
    );
    const { state } = await loadFile(needs, begin, stoppable(pieces));
    return remember(file, begin.id, state);
  }

  async function refuseUnread(file: SeenFile): Promise<void> {
    const begin = await beginFileLoad(pool, { origin, ...file, sha256: null, readAs: 'unknown' });
    const endings = Object.keys(formats).join(', ');
    await setFileAside(
      pool,
      begin.id,
      'unknown_format',
      `${file.name} is none of ${endings}; load other formats with flux readings import`,
    );
    return remember(file, begin.id, 'set_aside');
  }

  function remember(file: SeenFile, id: number, state: string): void {
    known.set(file.name, { id, marker: file.marker, state });
  }

  /** A load whose file went away before its end, and did not come back under another name. */
  async function noticeVanished(seen: SeenFile[]): Promise<void> {
    const there = new Set(seen.map((file) => file.name));
    for (const [name, { id, state }] of known) {
      if (state !== 'loading' || there.has(name)) {
        away.delete(name);
        continue;
      }
      const looks = (away.get(name) ?? 0) + 1;
      away.set(name, looks);
      if (looks < looksAway) continue;
      away.delete(name);
      known.delete(name);
      // Where the content was found under another name, the row is that name's now.
      const { rows } = await pool.query('select from file_load where file_load_id = $1 and name = $2', [id, name]);
      if (rows.length > 0)
        await setFileAside(pool, id, vanishedCode, `${name} went away before its end; it goes on when it comes back`);
    }
  }

  async function tidy(seen: SeenFile[]): Promise<void> {
    if (needs.after !== 'move' || !place.move) return;
    for (const file of seen.filter(isDone)) {
      const { id, state } = known.get(file.name)!;
      const { rows } = await pool.query('select sha256 from file_load where file_load_id = $1', [id]);
      await place.move(file.name, state === 'set_aside' ? 'refused' : 'loaded', rows[0]?.sha256 ?? null);
    }
  }

  return {
    round: async () => {
      const seen = await place.look();
      let failure: unknown;
      for (const file of steady.take(seen, isDone)) {
        if (isStopped) return;
        try {
          await take(file);
        } catch (error) {
          if (error instanceof Stopped) return;
          needs.report(`${file.name} could not be loaded; it is tried again`, error);
          if (!(error instanceof FluxError)) failure ??= error;
        } finally {
          for (const left of await fs.readdir(spoolFolder)) await fs.rm(path.join(spoolFolder, left), { force: true });
        }
      }
      await noticeVanished(seen);
      await tidy(seen);
      if (failure) throw failure;
    },
    stop: () => {
      isStopped = true;
    },
  };
}

const tailBytes = 65_536;

/** Why a text file looks as if its writer were not done, or undefined. A last line without a newline may be whole. */
async function halfWritten(file: string, format: FileFormat): Promise<string | undefined> {
  if (format === 'parquet') return undefined;
  const handle = await fs.open(file);
  try {
    const { size } = await handle.stat();
    const read = async (from: number): Promise<string> => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(tailBytes, size)), { position: from });
      return buffer.toString('utf8', 0, bytesRead);
    };
    const tail = await read(Math.max(0, size - tailBytes));
    if (size === 0 || tail.endsWith('\n')) return undefined;
    const last = tail.slice(tail.lastIndexOf('\n') + 1);
    if (format === 'csv') {
      const [header] = (await read(0)).split('\n');
      if (fieldsOf(last).length >= fieldsOf(header).length) return undefined;
    } else if (isJson(last)) return undefined;
    return 'the file ends in the middle of a record; write it under another name (*.tmp) and rename it when it is whole';
  } finally {
    await handle.close();
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
