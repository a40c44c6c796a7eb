import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Outage } from '#model/api/outages.ts';
import { plant } from './engine_testbed.ts';
import { makeNeighbours, makeRounds } from './pings_rounds.ts';
import { defaultPings } from './pings_settings.ts';

const outage = (state: Outage['state']) => ({ id: 'OUT-1', state }) as Outage;
const minutes = (count: number): number => count * 60_000;

/** Minutes at which it is asked in so many hours, asked as soon as it is due. */
function askedAt(hours: number, answered?: number): number[] {
  const rounds = makeRounds(defaultPings);
  const asked = [0];
  rounds.asked('OUT-1', [1], 0);
  for (let minute = 1; minute <= hours * 60; minute++) {
    if (minute === answered) rounds.verified('OUT-1');
    if (!rounds.isDue(outage('predicted'), minutes(minute))) continue;
    asked.push(minute);
    rounds.asked('OUT-1', [1], minutes(minute));
  }
  return asked;
}

describe('Q5 an outage is asked about again', () => {
  test('each time twice as late, up to an hour', () => {
    assert.deepEqual(askedAt(5), [0, 5, 15, 35, 75, 135, 195, 255]);
  });
  test('a dark answer takes the hurry out of it', () => {
    assert.deepEqual(askedAt(3, 6), [0, 5, 65, 125]);
  });
  test('nobody is asked about an outage that a crew stands before, nor about one that was never asked about', () => {
    const rounds = makeRounds(defaultPings);
    assert.equal(rounds.isDue(outage('predicted'), minutes(1000)), false);
    rounds.asked('OUT-1', [1], 0);
    assert.equal(rounds.isDue(outage('on_site'), minutes(1000)), false);
    assert.equal(rounds.isDue(outage('en_route'), minutes(1000)), true);
  });
  test('others each time, until it was everybody', () => {
    const rounds = makeRounds(defaultPings);
    rounds.asked('OUT-1', [1, 2], 0);
    assert.deepEqual(rounds.notYetAsked('OUT-1', [1, 2, 3]), [3]);
    rounds.asked('OUT-1', [3], 0);
    assert.deepEqual(rounds.notYetAsked('OUT-1', [1, 2, 3]), [1, 2, 3]);
  });
  test('what is over is forgotten', () => {
    const rounds = makeRounds(defaultPings);
    rounds.asked('OUT-1', [1], 0);
    rounds.keep(new Set());
    assert.equal(rounds.number('OUT-1'), 0);
  });
});

test('Q6 beside a lone dark meter two of its transformer are asked, others in the next round', () => {
  const bed = plant([['breaker', 'B', ['power_transformer', 'T', 9], ['power_transformer', 'U', 9]]]);
  const neighboursOf = makeNeighbours(() => bed.network);
  const [meter] = bed.below('T');
  const [first, second] = [neighboursOf(meter, 0), neighboursOf(meter, 1)];
  assert.equal(new Set([meter, ...first, ...second]).size, 5);
  assert.ok([...first, ...second].every((key) => bed.below('T').includes(key)));
});
