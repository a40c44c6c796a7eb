/**
 * One file of readings through the ledger, exactly once: pieces in order, each with the file's own progress in the
 * transaction of its batch. A load that ended in the middle goes on at its record number.
 */
import { createReadStream } from 'node:fs';
import { FluxError, messageOf } from '#model/errors.ts';
import type { Claim, Ledger, SegmentSink } from '#model/stream.ts';
import { readGreenButton } from '#sources/files/greenbutton.ts';
import { readMappedCsv } from '#sources/files/mapped_csv.ts';
import { csvMapping, type Mapping } from '#sources/files/mapping.ts';
import { readNem12 } from '#sources/files/nem12.ts';
import { readJsonLines, readOwnCsv } from '#sources/files/own_records.ts';
import { type Ask, readParquet } from '#sources/files/parquet.ts';
import { type FileFacts, type FileNotes, type FilePiece, pieceAfter } from '#sources/files/piece.ts';
import { readSmartMeterTexas } from '#sources/files/smart_meter_texas.ts';
import { advanceFileLoad, finishFileLoad, setFileAside } from '#stores/postgres/file_loads.ts';
import type { Client, Pool } from '#stores/postgres/pool.ts';
import { commitReadings } from '#stream/commit.ts';

export const fileFormats = ['greenbutton', 'nem12', 'smt', 'csv', 'parquet', 'jsonl'] as const;
export type FileFormat = (typeof fileFormats)[number];

export interface FileSource {
  /** for messages */
  name: string;
  path: string;
  format: FileFormat;
  facts: FileFacts;
  /** of a CSV that is not ours */
  mapping?: Mapping;
  ask: Ask;
  meterIdOf: (meterKey: number) => string | undefined;
}

/** The pieces of a file. @throws FluxError where the file as a whole is not what it should be */
export function piecesOf(source: FileSource, notes: FileNotes): AsyncGenerator<FilePiece> {
  const { name, facts, mapping } = source;
  const input = { name, open: () => createReadStream(source.path, { highWaterMark: 262_144 }) };
  switch (source.format) {
    case 'greenbutton':
      return readGreenButton(input, facts, notes);
    case 'nem12':
      return readNem12(input, facts, notes);
    case 'smt':
      return readSmartMeterTexas(input, facts, notes);
    case 'csv':
      return mapping?.time || mapping?.energy
        ? readMappedCsv(input, facts, notes, csvMapping(mapping))
        : readOwnCsv(input, facts);
    case 'parquet':
      return readParquet({ name, path: source.path, ask: source.ask, meterIdOf: source.meterIdOf }, facts);
    case 'jsonl':
      return readJsonLines(input, facts);
  }
}

export interface LoadNeeds {
  pool: Pool;
  ledger: Ledger<Client>;
  sink: SegmentSink;
  /** name of the source in the ledger */
  source: string;
}

export interface LoadOutcome {
  state: 'loaded' | 'set_aside';
  code?: string;
  reason?: string;
}

/**
 * @param load the file's row in file_load, and how many of its records are durable already
 * @param each hears every piece, also those that are durable already
 * @throws what the stores throw: the load stays where it is and can go on
 */
export async function loadFile(
  needs: LoadNeeds,
  load: { id: number; done: number },
  pieces: AsyncIterable<FilePiece>,
  each: (piece: FilePiece) => void = () => undefined,
): Promise<LoadOutcome> {
  const { pool, ledger, sink, source } = needs;
  let claim: Claim | undefined;
  let at = 0;
  try {
    for await (const piece of pieces) {
      each(piece);
      const size = piece.readings.count + piece.setAside.length;
      const from = Math.max(at, Math.min(load.done, at + size));
      const fresh = from > at ? pieceAfter(piece, from - at) : piece;
      at += size;
      if (from === at) continue;
      claim ??= await ledger.claim(source, 0, 'reading');
      await commitPiece({ ledger, sink, claim }, load.id, from, fresh);
    }
  } catch (error) {
    if (!isFaultOfFile(error)) throw error;
    const reason = `${messageOf(error)}${at > 0 ? `; ${at} records before it landed` : ''}`;
    await setFileAside(pool, load.id, error.code, reason);
    return { state: 'set_aside', code: error.code, reason };
  }
  await finishFileLoad(pool, load.id);
  return { state: 'loaded' };
}

async function commitPiece(
  to: { ledger: Ledger<Client>; sink: SegmentSink; claim: Claim },
  id: number,
  from: number,
  piece: FilePiece,
): Promise<void> {
  const { readings } = piece;
  const offsetFrom = to.claim.nextOffset;
  const setAside = piece.setAside.map((refused, i) => ({
    ...refused,
    index: readings.count + i,
    offset: offsetFrom + readings.count + i,
  }));
  await commitReadings(
    to.sink,
    to.ledger,
    to.claim,
    {
      source: to.claim.source,
      partition: 0,
      offsetFrom,
      offsetTo: offsetFrom + readings.count + setAside.length,
      receivedAtMs: Date.now(),
      readings,
      setAside,
    },
    {
      tellDuplicates: false,
      alongside: (client) => advanceFileLoad(client, id, from, readings.count, setAside.length),
    },
  );
}

const faultsOfFiles = new Set([
  'ambiguous_meter',
  'bad_columns',
  'bad_header',
  'bad_mapping',
  'bad_xml',
  'bad_zone',
  'cut_short',
  'empty_file',
  'half_written',
  'not_green_button',
  'not_readings',
  'unknown_format',
  'unreadable',
]);

/** Is it the file, or the machine around it? */
export function isFaultOfFile(error: unknown): error is FluxError {
  return error instanceof FluxError && faultsOfFiles.has(error.code);
}
