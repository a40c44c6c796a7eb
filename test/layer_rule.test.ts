/** The structure of the house, enforced: who may import whom, no drawers for odds and ends, no second reader of the environment. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { root } from './running_center.ts';

const rooms = ['model', 'sources', 'stream', 'stores', 'services', 'http', 'web', 'bin', 'bench', 'test'];
const files = globSync(`{${rooms.join(',')}}/**/*.*`, { cwd: root, exclude: ['**/node_modules/**', 'web/dist/**'] });
const sources = files.filter((file) => /\.(ts|tsx|mts)$/.test(file));
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** Beyond their own room; each capability in services/ is a room of its own. */
const mayImport: Record<string, string[]> = {
  model: [],
  sources: ['model'],
  stream: ['model'],
  stores: ['model'],
  services: ['model', 'stores'],
  http: ['model'],
  web: ['model'],
};
/** The one package the pure room may use, for schemas: ADR 0003. */
const modelPackages = { 'model/api': ['typebox'] } as Record<string, string[]>;

const roomOf = (file: string): string => {
  const [room, part] = file.split('/');
  return room === 'services' ? `${room}/${part}` : room;
};
/** Where a specifier leads: a path in the repository, or a package. */
function targetOf(file: string, specifier: string): { path?: string; packageName?: string } {
  if (specifier.startsWith('#')) return { path: specifier.slice(1) };
  if (specifier.startsWith('.')) return { path: path.normalize(path.join(path.dirname(file), specifier)) };
  return { packageName: specifier };
}
const specifiers = (text: string): string[] =>
  [
    ...text.matchAll(/^\s*(?:import|export)\b[^'"`;]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\('([^']+)'\)/gm),
  ].map((match) => match[1] ?? match[2] ?? match[3]);

/** What the table forbids in one file, in words. */
function violations(file: string, text: string): string[] {
  const allowed = mayImport[file.split('/')[0]];
  if (!allowed) return [];
  return specifiers(text).flatMap((specifier) => {
    const { path: target, packageName } = targetOf(file, specifier);
    if (packageName !== undefined) {
      const isFine =
        !file.startsWith('model/') ||
        file.endsWith('.test.ts') ||
        modelPackages[path.dirname(file)]?.includes(packageName);
      return isFine ? [] : [`${file} imports the package ${packageName}`];
    }
    const isFine = roomOf(target!) === roomOf(file) || allowed.includes(target!.split('/')[0]);
    return isFine ? [] : [`${file} imports ${specifier}`];
  });
}

describe('layer rule', () => {
  test('imports go in one direction', () => {
    assert.deepEqual(
      sources.flatMap((file) => violations(file, read(file))),
      [],
    );
  });

  test('the rule sees what it forbids', () => {
    const planted: [string, string][] = [
      ['model/x.ts', "import fs from 'node:fs';"],
      ['model/x.ts', "import { Type } from 'typebox';"],
      ['sources/a/x.ts', "import {\n  b,\n} from '#stream/commit.ts';"],
      ['stream/x.ts', "import { pool } from '#stores/postgres/pool.ts';"],
      ['stores/x.ts', "export { a } from '../stream/commit.ts';"],
      ['services/a/x.ts', "import type { B } from '../b/service.ts';"],
      ['services/a/x.ts', "const http = await import('#http/server.ts');"],
      ['http/x.ts', "import { a } from '#services/a/routes.ts';"],
      ['web/src/x.tsx', "import '../../http/push.ts';"],
    ];
    for (const [file, text] of planted) assert.equal(violations(file, text).length, 1, `${file}: ${text}`);
    assert.deepEqual(
      violations('services/a/x.ts', "import { c } from './c.ts';\nimport { d } from '#stores/d.ts';"),
      [],
    );
    assert.deepEqual(violations('bin/x.ts', "import { a } from '#services/a/service.ts';"), []);
  });

  test('no drawers: what a file is about is in its name', () => {
    // web/src/lib holds api, push and time: named so in the house rules
    const drawers = files.filter(
      (file) => /(^|\/)(utils?|helpers?|common|misc|lib)\//.test(file) && !file.startsWith('web/src/lib/'),
    );
    assert.deepEqual(drawers, []);
  });

  test('a file stays under 400 lines', () => {
    const long = sources.filter((file) => read(file).split('\n').length > 401);
    assert.deepEqual(long, []);
  });

  test('the environment is read in one place', () => {
    const mayRead: [RegExp, string][] = [
      [/^bin\/config\.ts$/, 'the one place'],
      [/^bin\/commands\//, 'hands it to bin/config.ts'],
      [/^bench\//, 'names its opponents'],
      [/(^test\/|\.test\.ts$)/, 'CI, and the browser of the tests'],
    ];
    const readers = sources.filter((file) => /process\.env|import\.meta\.env/.test(read(file)));
    assert.deepEqual(
      readers.filter((file) => !mayRead.some(([pattern]) => pattern.test(file))),
      [],
    );
    for (const file of readers.filter((name) => name.startsWith('bin/commands/')))
      assert.doesNotMatch(read(file), /process\.env\s*[.[]/, `${file} picks a variable of its own`);
  });
});
