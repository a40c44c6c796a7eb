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
  if (text === known) return;
  const [was, is] = [known.split('\n'), text.split('\n')];
  const first = is.findIndex((line, i) => line !== was[i]);
  const around = (lines: string[]): string => lines.slice(Math.max(0, first - 3), first + 8).join('\n');
  assert.fail(
    `${name} changed at line ${first + 1}; if it is meant, \`npm run bless\`\nwas:\n${around(was)}\nis:\n${around(is)}`,
  );
}
