import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { allDone, oneAtATime } from './one_at_a_time.ts';

test('in the order in which it was asked for, never two at once; what fails holds up nobody', async () => {
  const inTurn = oneAtATime();
  const said: string[] = [];
  const work = (name: string, ms: number) => async (): Promise<string> => {
    said.push(`${name} begins`);
    await setTimeout(ms);
    said.push(`${name} ends`);
    if (name === 'two') throw new Error(name);
    return name;
  };
  const answers = Promise.allSettled([inTurn(work('one', 20)), inTurn(work('two', 5)), inTurn(work('three', 0))]);
  await allDone(inTurn);
  assert.deepEqual(
    said,
    ['one', 'two', 'three'].flatMap((name) => [`${name} begins`, `${name} ends`]),
  );
  assert.deepEqual(
    (await answers).map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});
