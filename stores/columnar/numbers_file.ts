/**
 * Where numbers lie on their way to the engine's process: a nameless temporary file that both have open, written and read
 * in the page cache. A message or a pipe would copy them once more, piece by piece, and a message makes memory for each batch.
 */
import { randomBytes } from 'node:crypto';
import fs, { type FileHandle } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { FluxError } from '#model/errors.ts';
import type { SentColumn, WireColumn } from '#stores/columnar/engine_wire.ts';

export interface NumbersFile {
  /** for the child to inherit */
  readonly fd: number;
  /**
   * Writes the numbers of columns and gives what a message says of them; the place is theirs until `work` has ended.
   * @throws FluxError `disk_full`
   */
  during<Result>(columns: readonly WireColumn[], work: (sent: SentColumn[]) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** @throws FluxError `no_temporary_folder` where none can be made */
export async function openNumbersFile(): Promise<NumbersFile> {
  const file = path.join(os.tmpdir(), `flux-numbers-${randomBytes(8).toString('hex')}`);
  const handle = await opened(file);
  // Places in use, in their order. There are few at once, and always some while readings stream in: the first gap that is
  // wide enough is taken, so that the file stays as large as what is under way.
  const places: { from: number; to: number }[] = [];

  function take(bytes: number): { from: number; to: number } {
    let from = 0;
    let i = 0;
    for (; i < places.length && places[i].from - from < bytes; i++) from = places[i].to;
    const place = { from, to: from + bytes };
    places.splice(i, 0, place);
    return place;
  }

  return {
    fd: handle.fd,
    during: async (columns, work) => {
      const place = take(columns.reduce((sum, column) => sum + ('values' in column ? column.values.byteLength : 0), 0));
      let end = place.from;
      const parts: Uint8Array[] = [];
      const sent = columns.map((column): SentColumn => {
        if (column.type === 'varchar') return column;
        const { name, type, values } = column;
        const at = end;
        end += values.byteLength;
        if (values.byteLength > 0) parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
        return { name, type, at, byteLength: values.byteLength };
      });
      try {
        if (parts.length > 0) await written(handle, parts, place.from, end - place.from);
        return await work(sent);
      } finally {
        places.splice(places.indexOf(place), 1);
      }
    },
    close: () => handle.close(),
  };
}

async function opened(file: string): Promise<FileHandle> {
  try {
    const handle = await fs.open(file, 'wx+', 0o600);
    await fs.unlink(file);
    return handle;
  } catch (cause) {
    throw new FluxError('no_temporary_folder', `${file} can not be made; set TMPDIR to a folder that can be written`, {
      cause,
    });
  }
}

async function written(handle: FileHandle, parts: Uint8Array[], from: number, bytes: number): Promise<void> {
  const fullDisk = (cause?: unknown) =>
    new FluxError('disk_full', `the disk of ${os.tmpdir()} is full: nothing was accepted; free space and send again`, {
      cause,
      canRetry: true,
    });
  try {
    const { bytesWritten } = await handle.writev(parts, from);
    if (bytesWritten === bytes) return;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause;
    throw fullDisk(cause);
  }
  throw fullDisk();
}
