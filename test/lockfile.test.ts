import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

interface LockEntry {
  optionalDependencies?: Record<string, string>;
  resolved?: string;
}

const lock = JSON.parse(readFileSync(path.join(path.dirname(import.meta.dirname), 'package-lock.json'), 'utf8')) as {
  packages: Record<string, LockEntry>;
};

test('the lock file knows the platform packages of every platform, so `npm ci` passes on each', () => {
  const known = Object.keys(lock.packages);
  const missing = Object.values(lock.packages)
    .flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
    .filter((name) => !known.some((key) => key.endsWith(`node_modules/${name}`)));
  assert.deepEqual(
    missing,
    [],
    'write the lock again in an empty folder (npm drops what its registry did not answer for)',
  );
});

test('the lock file names no registry', () => {
  assert.deepEqual(
    Object.entries(lock.packages).filter(([, entry]) => entry.resolved?.startsWith('http')),
    [],
  );
});
