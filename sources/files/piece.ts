/**
 * What the readers of meter data files share: a file is read as pieces of columns. Every record of the file ends in a
 * piece, landed or set aside with its line; the same bytes give the same pieces, so a load can go on at a record number.
 */
import { makeReadingColumns, type ReadingColumns, type SetAside } from '#model/reading.ts';
import { decodeReadings } from '#sources/records/decode.ts';

/** A file that can be read again from its beginning: formats that need to know their channels first read it twice. */
export interface FileInput {
  /** for messages */
  name: string;
  open(): AsyncIterable<Uint8Array>;
}

export interface FileFacts {
  /** row of a meter id, -1 where it is unknown */
  meterRowOf: (meterId: string) => number;
  nowMs: number;
  /** meter of a file that names none, or one by a foreign id */
  meter?: string;
  /** meter ids by the file's own ids */
  meters?: Record<string, string>;
  /** records of a piece; 100,000 unless said */
  pieceRecords?: number;
}

/** Why a record can not become a reading: a stable code, and what is wrong with what to do. */
export interface Refusal {
  code: string;
  reason: string;
}

export const refusal = (code: string, reason: string): Refusal => ({ code, reason });

/** What a reader counts beside its pieces. */
export interface FileNotes {
  /** channel records that became part of another channel's net reading */
  netted: number;
  channels: Map<string, number>;
}

export interface FilePiece {
  readings: ReadingColumns;
  setAside: SetAside[];
}

/** Reads a file into pieces. @throws FluxError where the file as a whole is not what it should be: nothing of it lands */
export type FileReader = (input: FileInput, facts: FileFacts, notes: FileNotes) => AsyncGenerator<FilePiece>;

export const makeNotes = (): FileNotes => ({ netted: 0, channels: new Map() });

export function countChannel(notes: FileNotes, channel: string, records = 1): void {
  notes.channels.set(channel, (notes.channels.get(channel) ?? 0) + records);
}

/** The meter id a file's own id stands for. */
export function meterIdOf(facts: FileFacts, fileId: string): string {
  return (
    (facts.meters && Object.hasOwn(facts.meters, fileId) ? facts.meters[fileId] : undefined) ?? facts.meter ?? fileId
  );
}

/** A reading on its way to the checks every reading passes. Energy in Wh, not rounded yet. */
export interface FileReading {
  meterId: string;
  /** UTC epoch seconds */
  startS: number;
  minutes: number;
  wh: number;
  volts?: number;
  quality: 'validated' | 'actual' | 'edited' | 'estimated' | 'missing';
  line: number;
}

/** Energies are whole Wh; a half is rounded away from zero, so that +x and -x stay opposites. */
export function wholeWh(wh: number): number {
  // 1.0005 kWh is 1000.4999999999999 Wh in binary: nine digits are the meter's, the rest is not
  const exact = Number(wh.toPrecision(12));
  return Math.sign(exact) * Math.round(Math.abs(exact));
}

const defaultPieceRecords = 100_000;
/** records decoded at once */
const decodeAtOnce = 2048;
const maxContent = 2000;
const columnsOf = ['meterKey', 'intervalStartS', 'intervalMinutes', 'wh', 'decivolt', 'quality', 'sourceSeq'] as const;

/** Gathers records into pieces of one size, wherever the bytes were cut. */
export class PieceBuilder {
  readonly #facts: FileFacts;
  readonly #file: string;
  readonly #capacity: number;
  #readings: ReadingColumns;
  #setAside: SetAside[] = [];
  #records: unknown[] = [];
  #lines: number[] = [];
  #full: FilePiece[] = [];

  constructor(input: FileInput, facts: FileFacts) {
    this.#facts = facts;
    this.#file = input.name;
    this.#capacity = facts.pieceRecords ?? defaultPieceRecords;
    this.#readings = makeReadingColumns(this.#capacity);
  }

  /** A record with the fields of our own API. */
  take(record: unknown, line: number): void {
    this.#records.push(record);
    this.#lines.push(line);
    this.#settle();
  }

  /** A reading out of another format. */
  takeReading({ meterId, startS, minutes, wh, volts, quality, line }: FileReading): void {
    const ms = startS * 1000;
    this.take(
      {
        meter_id: meterId,
        reading_time: Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : String(startS),
        interval_minutes: minutes,
        kwh: wholeWh(wh) / 1000,
        ...(volts === undefined ? {} : { voltage: volts }),
        quality,
      },
      line,
    );
  }

  /** A record that can not become a reading. */
  refuse(line: number, code: string, reason: string, content: string): void {
    this.#decode();
    this.#keep(line, code, reason, content);
    this.#settle();
  }

  /** Pieces that are full. */
  *full(): Generator<FilePiece> {
    while (this.#full.length > 0) yield this.#full.shift()!;
  }

  /** What is left, at the end of the file. */
  *rest(): Generator<FilePiece> {
    this.#decode();
    yield* this.full();
    if (this.#readings.count + this.#setAside.length > 0) yield this.#cut();
  }

  #keep(line: number, code: string, reason: string, content: string): void {
    const index = this.#readings.count + this.#setAside.length;
    this.#setAside.push({
      index,
      code,
      reason: `${this.#file} line ${line}: ${reason}`,
      content: content.slice(0, maxContent),
    });
  }

  #settle(): void {
    const size = this.#readings.count + this.#setAside.length + this.#records.length;
    if (this.#records.length >= decodeAtOnce || size >= this.#capacity) this.#decode();
    if (size >= this.#capacity) this.#full.push(this.#cut());
  }

  #decode(): void {
    if (this.#records.length === 0) return;
    const { readings, setAside } = decodeReadings(this.#records, this.#facts);
    const to = this.#readings;
    for (const column of columnsOf) to[column].set(readings[column].subarray(0, readings.count), to.count);
    to.count += readings.count;
    for (const { index, code, reason, content } of setAside) this.#keep(this.#lines[index], code, reason, content);
    this.#records = [];
    this.#lines = [];
  }

  /** Takes the piece away: readings first, set-aside records behind them, numbered so. */
  #cut(): FilePiece {
    const piece = { readings: this.#readings, setAside: this.#setAside };
    piece.setAside.forEach((refused, i) => {
      refused.index = piece.readings.count + i;
    });
    this.#readings = makeReadingColumns(this.#capacity);
    this.#setAside = [];
    return piece;
  }
}

/** What of a piece lies behind its first `records`. */
export function pieceAfter(piece: FilePiece, records: number): FilePiece {
  const from = Math.min(records, piece.readings.count);
  const readings = makeReadingColumns(piece.readings.count - from);
  readings.count = piece.readings.count - from;
  for (const column of columnsOf) readings[column].set(piece.readings[column].subarray(from, piece.readings.count));
  return { readings, setAside: piece.setAside.slice(Math.max(0, records - piece.readings.count)) };
}
