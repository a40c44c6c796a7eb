/** Reads a text or sample with a reader, as its tests need it: readings as rows, totals, refusals. */
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { readingQualities } from '#model/reading.ts';
import { type FileFacts, type FileInput, type FileNotes, type FilePiece, makeNotes } from '#sources/files/piece.ts';

export const sharedAmi = path.join(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'ami');

export const sample = (name: string): FileInput => ({
  name: path.basename(name),
  open: () => createReadStream(path.join(sharedAmi, name)),
});

/** A file in memory, cut into chunks of a size that hits the middle of lines and characters. */
export function textInput(text: string | Uint8Array, chunk = 65_536): FileInput {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return {
    name: 'file',
    async *open() {
      for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
    },
  };
}

export interface ReadRow {
  meter: string;
  at: string;
  minutes: number;
  wh: number;
  quality: string;
  decivolt: number;
}

export interface ReadResult {
  rows: ReadRow[];
  sumWh: number;
  refused: { code: string; reason: string; content: string }[];
  codes: Record<string, number>;
  notes: FileNotes;
  pieces: FilePiece[];
}

export type AnyReader = (input: FileInput, facts: FileFacts, notes: FileNotes) => AsyncIterable<FilePiece>;

/** Every id is a meter unless `meterIds` says which are. */
export async function readAll(
  reader: AnyReader,
  input: FileInput,
  { meterIds, ...given }: Partial<FileFacts> & { meterIds?: string[] } = {},
): Promise<ReadResult> {
  const ids: string[] = [];
  const meterRowOf = (id: string): number => {
    if (meterIds && !meterIds.includes(id)) return -1;
    const row = ids.indexOf(id);
    return row >= 0 ? row : ids.push(id) - 1;
  };
  const notes = makeNotes();
  const result: ReadResult = { rows: [], sumWh: 0, refused: [], codes: {}, notes, pieces: [] };
  const facts = { meterRowOf, nowMs: Date.UTC(2026, 10, 1), ...given };
  for await (const piece of reader(input, facts, notes)) {
    result.pieces.push(piece);
    const { readings } = piece;
    for (let i = 0; i < readings.count; i++) {
      result.sumWh += readings.wh[i];
      result.rows.push({
        meter: ids[readings.meterKey[i]],
        at: new Date(readings.intervalStartS[i] * 1000).toISOString(),
        minutes: readings.intervalMinutes[i],
        wh: readings.wh[i],
        quality: readingQualities[readings.quality[i]],
        decivolt: readings.decivolt[i],
      });
    }
    for (const { code, reason, content } of piece.setAside) {
      result.refused.push({ code, reason, content });
      result.codes[code] = (result.codes[code] ?? 0) + 1;
    }
  }
  return result;
}
