/** Committed copies of what must not change unnoticed. `npm run bless` (BLESS=1) writes them anew. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

/** @param name file under test/snapshots, or an absolute path */
export async function matchesSnapshot(name: string, text: string): Promise<void> {
  const file = path.resolve(import.meta.dirname, 'snapshots', name);
  if (process.env.BLESS) {
    await fs.mkdir(path.dirname(file), { recursive: true });
    await fs.writeFile(file, text);
    return;
  }
  const known = await fs.readFile(file, 'utf8').catch(() => '');
  assert.deepEqual(text.split('\n'), known.split('\n'), `${name} changed; if it is meant, \`npm run bless\``);
}
