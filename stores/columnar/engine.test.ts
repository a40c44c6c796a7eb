/** The engine's own process and its file. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEngine } from './engine.ts';

const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-test-'));
after(() => fs.rm(folder, { recursive: true, force: true }));

test('a file that another process still holds is opened as soon as that one has ended, with what it committed', async () => {
  const options = { name: 'analytics', path: path.join(folder, 'held.duckdb'), temporaryFolder: folder };
  const holder = startEngine(options);
  await holder.script(['create table kept as select 42 as answer']);
  const next = startEngine(options);
  let isHeld = true;
  let answeredWhileHeld = false;
  const answer = next.query('select answer from kept').finally(() => {
    answeredWhileHeld = isHeld;
  });
  answer.catch(() => undefined);
  try {
    await sleep(1500);
    isHeld = false;
    await holder.stop();
    assert.deepEqual(await answer, { answer: [42] });
    assert.equal(answeredWhileHeld, false);
    assert.equal(next.restarts, 0);
  } finally {
    await next.stop();
  }
});

test('columns of several requests at once arrive whole, whatever their size, from memory that threads share too', async () => {
  const engine = startEngine({ name: 'numbers', path: ':memory:', temporaryFolder: folder });
  try {
    const sizes = [3, 0, 70_001, 3_000_000, 5, 120_000];
    await engine.script(sizes.map((_, k) => `create table t${k} (a integer, b double, c utinyint, d varchar)`));
    const loads = sizes.map((size, k) => {
      const a = new Int32Array(new SharedArrayBuffer((size + 7) * 4)).subarray(7);
      for (let i = 0; i < size; i++) a[i] = i + k;
      const b = new Float64Array(size).map((_, i) => i * 2 ** 20);
      const c = new Uint8Array(size).fill(k);
      return engine.load(
        `t${k}`,
        [
          { name: 'a', type: 'integer', values: a },
          { name: 'b', type: 'double', values: b },
          { name: 'c', type: 'utinyint', values: c },
          { name: 'd', type: 'varchar', texts: new Map([[size - 1, 'last']]) },
        ],
        size,
      );
    });
    await Promise.all(loads);
    for (const [k, size] of sizes.entries()) {
      const sum = (size * (size - 1)) / 2;
      const found = await engine.query(
        `select count(*) as n, sum(a)::double as a, sum(b) / 1048576 as b, sum(c)::double as c, max(d) as d from t${k}`,
      );
      const [a, b, c, d] = size === 0 ? [null, null, null, null] : [sum + size * k, sum, size * k, 'last'];
      assert.deepEqual(found, { n: [size], a: [a], b: [b], c: [c], d: [d] });
    }
  } finally {
    await engine.stop();
  }
});
