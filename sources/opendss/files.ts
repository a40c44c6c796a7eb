/** Where scripts come from, and how names written on Windows are found on a file system that minds upper case. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { FluxError, messageOf } from '#model/errors.ts';

export interface ScriptFiles {
  read(path: string): Uint8Array;
  /** names in a folder; empty where there is no such folder */
  list(folder: string): string[];
  kind(path: string): 'file' | 'folder' | 'none';
}

export const diskFiles: ScriptFiles = {
  read: (path) => readFileSync(path),
  list: (folder) => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  },
  kind: (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return 'none';
    return stat.isDirectory() ? 'folder' : 'file';
  },
};

/** Longest line taken: an 8,760-hour load shape on one line has some 100 KB. */
const longestLine = 8 * 1024 * 1024;

/**
 * The lines of a script. UTF-8, or Windows-1252 where the bytes are no UTF-8. A stray NUL (one occurs in published
 * feeders) counts as a blank.
 * @throws FluxError `opendss_unreadable`, `opendss_not_text`, `opendss_line_too_long`
 */
export function readLines(files: ScriptFiles, path: string): string[] {
  let bytes: Uint8Array;
  try {
    bytes = files.read(path);
  } catch (cause) {
    throw new FluxError('opendss_unreadable', `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
  let control = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte < 0x09 || (byte > 0x0d && byte < 0x20)) control++;
  }
  // 0x1a: end-of-file mark of old DOS editors
  if (control > 8 && control > bytes.length / 200) {
    throw new FluxError(
      'opendss_not_text',
      `${path} is not an OpenDSS script: ${control} of its ${bytes.length} bytes are no text; name the script, not a result file or an archive`,
    );
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    text = new TextDecoder('windows-1252').decode(bytes);
  }
  const lines = text.split(/\r\n|\n|\r/);
  const long = lines.findIndex((line) => line.length > longestLine);
  if (long >= 0) {
    throw new FluxError(
      'opendss_line_too_long',
      `${path}, line ${long + 1} has ${lines[long].length} characters (at most ${longestLine}); break it with "~" lines`,
    );
  }
  return lines;
}

/** Finds a file as written, else step by step without regard to case. */
function findIgnoringCase(files: ScriptFiles, path: string): string | undefined {
  if (files.kind(path) === 'file') return path;
  const parent = dirname(path);
  if (parent === path) return undefined;
  const folder = files.kind(parent) === 'folder' ? parent : findFolderIgnoringCase(files, parent);
  if (folder === undefined) return undefined;
  const wanted = basename(path).toLowerCase();
  const found = files
    .list(folder)
    .find((name) => name.toLowerCase() === wanted && files.kind(join(folder, name)) === 'file');
  return found === undefined ? undefined : join(folder, found);
}

function findFolderIgnoringCase(files: ScriptFiles, path: string): string | undefined {
  if (files.kind(path) === 'folder') return path;
  const parent = dirname(path);
  if (parent === path) return undefined;
  const folder = findFolderIgnoringCase(files, parent);
  if (folder === undefined) return undefined;
  const wanted = basename(path).toLowerCase();
  const found = files.list(folder).find((name) => name.toLowerCase() === wanted);
  return found === undefined ? undefined : join(folder, found);
}

/** The file that a script means: beside the including file, else beside the master; backslashes are slashes. */
export function resolveInclude(
  files: ScriptFiles,
  written: string,
  includingFile: string,
  masterFile: string,
): string | undefined {
  const name = written.trim().replaceAll('\\', '/');
  for (const folder of [dirname(includingFile), dirname(masterFile)]) {
    const found = findIgnoringCase(files, resolve(folder, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

const isScript = (name: string): boolean => /\.(dss|txt)$/i.test(name);

/**
 * The script to start from: the path itself, or in a folder Master.dss, else the only *Master*.dss, else the only
 * script with `New Circuit`.
 * @throws FluxError `opendss_no_master`
 */
export function findMaster(files: ScriptFiles, path: string): string {
  const kind = files.kind(path);
  if (kind === 'file') return path;
  if (kind === 'none') {
    const found = findIgnoringCase(files, resolve(path));
    if (found !== undefined) return found;
    throw new FluxError('opendss_no_master', `${path} does not exist; give the master script or its folder`);
  }
  const names = files.list(path).filter(isScript).sort();
  const exact = names.filter((name) => name.toLowerCase() === 'master.dss');
  if (exact.length > 0) return join(path, exact[0]);
  const masters = names.filter((name) => /master/i.test(name));
  if (masters.length === 1) return join(path, masters[0]);
  const withCircuit = (masters.length > 0 ? masters : names).filter((name) =>
    readLines(files, join(path, name)).some((line) => /^\s*new\s+(object\s*=\s*)?["']?circuit\./i.test(line)),
  );
  if (withCircuit.length === 1) return join(path, withCircuit[0]);
  throw new FluxError(
    'opendss_no_master',
    withCircuit.length === 0
      ? `${path} holds no OpenDSS master: no Master.dss and no script with "New Circuit." among ${names.length} scripts; name the script itself`
      : `${path} holds several masters (${withCircuit.join(', ')}); name one of them`,
  );
}
