/** The built web app: made on first start where the development packages are there, used as it is where they are not. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.dirname(import.meta.dirname);
export const webFolder = path.join(root, 'web', 'dist');
const run = promisify(execFile);

/** Folders whose files go into the bundle. */
const inputs = ['web', 'model'];

async function inputFiles(folder: string): Promise<string[]> {
  const entries = await fs.readdir(folder, { withFileTypes: true });
  const files = await Promise.all(
    entries
      .filter((entry) => entry.name !== 'dist' && entry.name !== 'node_modules' && !entry.name.endsWith('.test.ts'))
      .map((entry) =>
        entry.isDirectory() ? inputFiles(path.join(folder, entry.name)) : [path.join(folder, entry.name)],
      ),
  );
  return files.flat().sort();
}

async function inputHash(): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of inputs) {
    for (const file of await inputFiles(path.join(root, folder)))
      hash.update(path.relative(root, file)).update(await fs.readFile(file));
  }
  return hash.digest('hex');
}

/** Builds where the sources are newer than the bundle. @returns what happened, in words */
export async function ensureWebApp(): Promise<'present' | 'built' | 'missing'> {
  const mark = path.join(webFolder, 'build.sha256');
  const hash = await inputHash();
  if ((await fs.readFile(mark, 'utf8').catch(() => '')) === hash) return 'present';
  const vite = path.join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  if (!(await fs.stat(vite).catch(() => undefined))) {
    return (await fs.stat(path.join(webFolder, 'index.html')).catch(() => undefined)) ? 'present' : 'missing';
  }
  await run(
    process.execPath,
    [vite, 'build', '--config', path.join(root, 'web', 'vite.config.ts'), '--logLevel', 'error'],
    { cwd: root },
  );
  await fs.writeFile(mark, hash);
  return 'built';
}
