import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { openNumbersFile } from './numbers_file.ts';

test('N1 while requests overlap without end, each finds its own numbers and the file stays as large as what is under way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 4000 }), { minLength: 40, maxLength: 60 }), async (sizes) => {
      const file = await openNumbersFile();
      const under: (() => void)[] = [];
      const done: Promise<void>[] = [];
      try {
        for (const [k, size] of sizes.entries()) {
          const values = new Int32Array(size).fill(k);
          await new Promise<void>((isWritten) => {
            const column = { name: 'a', type: 'integer', values } as const;
            const work = file.during([column], async ([sent]) => {
              assert.ok('at' in sent);
              isWritten();
              await new Promise<void>((resolve) => under.push(resolve));
              const found = new Int32Array(size);
              fs.readSync(file.fd, new Uint8Array(found.buffer), { position: sent.at });
              assert.deepEqual(found, values);
            });
            done.push(work);
          });
          // there is always one under way
          if (under.length > 3) under.splice(k % 3, 1)[0]();
          await new Promise((resolve) => setImmediate(resolve));
        }
        for (const end of under) end();
        await Promise.all(done);
        assert.ok(fs.fstatSync(file.fd).size <= 12 * 4000 * 4, `${fs.fstatSync(file.fd).size} bytes`);
      } finally {
        await file.close();
      }
    }),
    { numRuns: 30 },
  );
});
