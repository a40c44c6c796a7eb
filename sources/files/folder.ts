/**
 * A watched folder. A look lists names with size and times; a file is ready once two looks in a row found it the same.
 * What is read is a private copy, hashed while it is copied: nobody can change, rename or remove it under the reader.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FluxError, messageOf } from '#model/errors.ts';

export interface SeenFile {
  /** below the folder, or the object's key below the prefix */
  name: string;
  /** changes where the content may have changed */
  marker: string;
  byteCount: number;
}

/** A copy of one moment of a file. */
export interface Copy {
  sha256: string;
  byteCount: number;
}

export interface FilePlace {
  look(): Promise<SeenFile[]>;
  /**
   * Copies a file and hashes it.
   * @returns undefined where it changed or went away meanwhile: another look finds it again
   */
  copy(file: SeenFile, target: string): Promise<Copy | undefined>;
}

/** Where a place moves what it has dealt with. */
export const doneFolders = { loaded: 'loaded', refused: 'refused' } as const;

const isHidden = (name: string): boolean =>
  name.split('/').some((part) => part.startsWith('.')) || name.endsWith('.tmp');

/** @throws FluxError `no_such_folder` from `look` */
export function watchedFolder(
  folder: string,
): FilePlace & { move(name: string, to: 'loaded' | 'refused', sha256: string | null): Promise<void> } {
  const seenAt = async (name: string): Promise<SeenFile | undefined> => {
    const stat = await fs.stat(path.join(folder, name), { bigint: true }).catch(() => undefined);
    if (!stat?.isFile()) return undefined;
    return { name, marker: `${stat.size}-${stat.mtimeNs}-${stat.ctimeNs}-${stat.ino}`, byteCount: Number(stat.size) };
  };
  return {
    look: async () => {
      const entries = await fs.readdir(folder, { recursive: true }).catch((cause: unknown) => {
        throw new FluxError('no_such_folder', `${folder} can not be read (${messageOf(cause)}); check FLUX_FILES`, {
          cause,
          canRetry: true,
        });
      });
      const names = entries
        .map((name) => name.split(path.sep).join('/'))
        .filter((name) => !isHidden(name) && !Object.values(doneFolders).some((done) => name.startsWith(`${done}/`)))
        .sort();
      const seen = await Promise.all(names.map(seenAt));
      return seen.filter((file) => file !== undefined);
    },
    copy: async (file, target) => {
      const before = await seenAt(file.name);
      if (before?.marker !== file.marker) return undefined;
      try {
        const copy = await copyHashed(createReadStream(path.join(folder, file.name)), target);
        return (await seenAt(file.name))?.marker === file.marker ? copy : undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    move: async (name, to, sha256) => {
      const target = path.join(folder, doneFolders[to], name);
      await fs.mkdir(path.dirname(target), { recursive: true });
      const isTaken = await fs.access(target).then(
        () => true,
        () => false,
      );
      const { dir, name: stem, ext } = path.parse(target);
      const free = isTaken ? path.join(dir, `${stem}.${sha256?.slice(0, 12) ?? Date.now()}${ext}`) : target;
      await fs.rename(path.join(folder, name), free).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    },
  };
}

/** Writes a stream to a file. @returns checksum and size of what was written */
export async function copyHashed(
  from: NodeJS.ReadableStream | AsyncIterable<Uint8Array>,
  target: string,
): Promise<Copy> {
  const hash = createHash('sha256');
  let byteCount = 0;
  const tap = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk);
      byteCount += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(from, tap, createWriteStream(target));
  return { sha256: hash.digest('hex'), byteCount };
}

/** Files that two looks in a row found the same, and that are not `known` with that marker. */
export class SteadyFiles {
  #before = new Map<string, string>();

  take(seen: SeenFile[], known: (file: SeenFile) => boolean): SeenFile[] {
    const steady = seen.filter((file) => this.#before.get(file.name) === file.marker && !known(file));
    this.#before = new Map(seen.map((file) => [file.name, file.marker]));
    return steady;
  }
}
