/**
 * Memory for the records of fetched partitions, shared with the decoding thread and used again: buffers made for each
 * answer of a broker would have the heap collected all the time.
 */

export type SharedBytes = Buffer<SharedArrayBuffer>;

/** Partitions whose records are on their way at once; what more was needed is let go. */
const mostSpare = 12;
const spare: SharedArrayBuffer[] = [];

/** The parts as one, in memory that threads share. */
export function recordsOf(parts: readonly Uint8Array[]): SharedBytes {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const at = spare.findIndex((memory) => memory.byteLength >= length);
  const [memory] = at < 0 ? [new SharedArrayBuffer(length)] : spare.splice(at, 1);
  const records = Buffer.from(memory, 0, length);
  let end = 0;
  for (const part of parts) {
    records.set(part, end);
    end += part.length;
  }
  return records;
}

/** Nobody looks at these records any more. */
export function releaseRecords(records: SharedBytes): void {
  if (spare.length === mostSpare) spare.shift();
  spare.push(records.buffer);
}
