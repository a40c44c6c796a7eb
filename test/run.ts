/**
 * All tests, in groups: quick ones first. `--fast` leaves out what needs a browser or minutes; `--bless` rewrites the
 * snapshots; any word picks the files whose path holds it. The last line is `N passed, N failed[, N skipped]`.
 */
import { globSync } from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { parseArgs } from 'node:util';
import { ensureWebApp } from '#bin/web_app.ts';

interface Group {
  name: string;
  files: string[];
  /** files at a time, sized for two cores */
  atOnce: number;
  fast: boolean;
}

interface Outcome {
  file: string;
  name: string;
  state: 'passed' | 'failed' | 'skipped';
  /** why skipped, or what failed */
  words: string;
  ms: number;
}

const root = path.dirname(import.meta.dirname);
const rooms = ['model', 'sources', 'stream', 'stores', 'services', 'http', 'bin', 'bench', 'web/src'];
const groups: Group[] = [
  { name: 'unit', files: [...rooms.map((room) => `${room}/**/*.test.ts`), 'test/*.test.ts'], atOnce: 2, fast: true },
  { name: 'stores', files: ['test/stores/*.test.ts'], atOnce: 2, fast: true },
  { name: 'http', files: ['test/http/*.test.ts'], atOnce: 2, fast: true },
  { name: 'kafka', files: ['test/kafka/*.test.ts'], atOnce: 1, fast: false },
  { name: 'integrity', files: ['test/integrity/*.test.ts'], atOnce: 2, fast: false },
  { name: 'black box', files: ['test/black_box/*.test.ts'], atOnce: 2, fast: false },
  { name: 'screen', files: ['test/e2e/*.test.ts'], atOnce: 1, fast: false },
];
const longestFileMs = 10 * 60_000;

const { values: flags, positionals: words } = parseArgs({
  allowPositionals: true,
  options: { fast: { type: 'boolean' }, bless: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (flags.help) {
  process.stdout.write('node test/run.ts [--fast] [--bless] [words a path must hold ...]\n');
  process.exit(0);
}
if (flags.bless) process.env.BLESS = '1';

function filesOf(group: Group): string[] {
  return globSync(group.files, { cwd: root, exclude: (name) => name.includes('node_modules') })
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort()
    .map((file) => path.join(root, file));
}

async function runGroup(group: Group, files: string[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const events = run({ files, concurrency: group.atOnce, timeout: longestFileMs, cwd: root });
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const error = type === 'test:fail' ? data.details.error : undefined;
    // A suite only repeats what its tests said, unless one of its hooks failed.
    const { failureType } = (error ?? {}) as { failureType?: string };
    if (failureType === 'subtestsFailed' || (data.details?.type === 'suite' && !error)) continue;
    const skipped = type === 'test:pass' && data.skip !== undefined && data.skip !== false;
    outcomes.push({
      file: path.relative(root, data.file ?? data.name),
      name: data.name,
      state: error ? 'failed' : skipped ? 'skipped' : 'passed',
      words: error ? reasonOf(error) : skipped ? String(data.skip === true ? 'no reason given' : data.skip) : '',
      ms: data.details.duration_ms,
    });
  }
  return outcomes;
}

function reasonOf(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause.stack ?? cause.message;
}

const indented = (text: string): string => text.replaceAll(/^/gm, '      ');
const count = (outcomes: Outcome[], state: Outcome['state']): number =>
  outcomes.filter((o) => o.state === state).length;
function summary(outcomes: Outcome[]): string {
  const skipped = count(outcomes, 'skipped');
  return `${count(outcomes, 'passed')} passed, ${count(outcomes, 'failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

// Once, before many centers would each do it.
await ensureWebApp().catch((error: unknown) =>
  process.stdout.write(`the web app could not be built: ${String(error)}\n`),
);

const all: Outcome[] = [];
for (const group of groups) {
  const files = flags.fast && !group.fast ? [] : filesOf(group);
  if (files.length === 0) continue;
  const startMs = performance.now();
  const outcomes = await runGroup(group, files);
  all.push(...outcomes);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  process.stdout.write(`${group.name}: ${summary(outcomes)} (${files.length} files, ${seconds} s)\n`);
  for (const { file, name, words: why } of outcomes.filter((o) => o.state === 'skipped'))
    process.stdout.write(`  skipped  ${file}: ${name}\n${indented(why)}\n`);
  for (const { file, name, words: why } of outcomes.filter((o) => o.state === 'failed'))
    process.stdout.write(`  FAILED   ${file}: ${name}\n${indented(why)}\n`);
}
if (all.length === 0) process.stdout.write(`no test file holds ${words.join(' or ')} in its path\n`);
process.stdout.write(`${summary(all)}\n`);
process.exit(count(all, 'failed') > 0 || all.length === 0 ? 1 : 0);
