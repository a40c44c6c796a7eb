/**
 * Runs benchmarks one after the other and keeps what they print in bench/results/<name>.json.
 *
 *   npm run bench                    all
 *   npm run bench -- --list          their names
 *   npm run bench -- lookup push     these
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';

const folder = import.meta.dirname;
const suffix = '.bench.ts';
const known = readdirSync(folder)
  .filter((file) => file.endsWith(suffix))
  .map((file) => file.slice(0, -suffix.length));
const given = process.argv.slice(2);

if (given.includes('--list')) process.stdout.write(`${known.join('\n')}\n`);
else {
  const unknown = given.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    process.stderr.write(`there is no benchmark ${unknown.join(', ')}; there are: ${known.join(', ')}\n`);
    process.exit(2);
  }
  const failed: string[] = [];
  for (const name of given.length > 0 ? given : known) if (!(await keep(name))) failed.push(name);
  if (failed.length > 0) process.stderr.write(`failed: ${failed.join(', ')}\n`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}

/** @returns whether it ended well; results of one that did not stay as they were */
async function keep(name: string): Promise<boolean> {
  process.stderr.write(`\n== ${name}\n`);
  const child = spawn(process.execPath, [path.join(folder, `${name}${suffix}`)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (status !== 0) return false;
  const file = path.join(folder, 'results', `${name}.json`);
  await fs.mkdir(path.dirname(file), { recursive: true });
  await fs.writeFile(`${file}.tmp`, text);
  await fs.rename(`${file}.tmp`, file);
  process.stdout.write(text);
  return true;
}
