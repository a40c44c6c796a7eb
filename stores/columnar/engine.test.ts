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
