/** The board against a plain model: a map from meter to outage, made anew from all that was told. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Outage } from '#model/api/outages.ts';
import { makeBoard } from './board.ts';

const outage = (id: string, more: Partial<Outage> = {}): Outage =>
  ({ id, state: 'confirmed', customers_out: 1, revision: 1, ...more }) as Outage;

describe('which outage a meter is out by', () => {
  test('out, back by parts, restored, closed', () => {
    const board = makeBoard(10);
    const members: Record<string, number[]> = { A: [1, 2, 3] };
    const tell = (next: Outage, isOpen = true): void => board.take([{ outage: next, isOpen }], (id) => members[id]);
    tell(outage('A'));
    assert.equal(board.at(1)?.outage.id, 'A');
    assert.equal(board.at(1)?.isBack, false);
    assert.equal(board.at(4), undefined);
    members.A = [2, 3];
    tell(outage('A', { state: 'partly_restored', revision: 2 }));
    assert.equal(board.at(1)?.isBack, true);
    assert.equal(board.at(2)?.isBack, false);
    tell(outage('A', { state: 'restored', customers_out: 0, revision: 3 }));
    assert.equal(board.at(3)?.isBack, true);
    tell(outage('A', { state: 'closed', customers_out: 0, revision: 4 }), false);
    assert.equal(board.at(1), undefined);
    assert.deepEqual(board.open(), []);
  });

  test('a home that was back knows nothing of the outage that comes after the closed one', () => {
    const board = makeBoard(4);
    board.take([{ outage: outage('A'), isOpen: true }], () => [1, 2]);
    board.take([{ outage: outage('A', { state: 'partly_restored' }), isOpen: true }], () => [2]);
    board.take([{ outage: outage('A', { state: 'closed', customers_out: 0 }), isOpen: false }], () => []);
    board.take([{ outage: outage('B'), isOpen: true }], () => [3]);
    assert.deepEqual([board.at(1), board.at(2), board.at(3)?.outage.id], [undefined, undefined, 'B']);
  });

  test('a prediction that shrinks lets its homes go without calling them restored', () => {
    const board = makeBoard(10);
    board.take([{ outage: outage('A', { state: 'predicted' }), isOpen: true }], () => [1, 2]);
    board.take([{ outage: outage('A', { state: 'predicted', revision: 2 }), isOpen: true }], () => [1]);
    assert.equal(board.at(2), undefined);
  });

  test('homes taken in by another outage are out by that one, and never between the two', () => {
    const board = makeBoard(10);
    board.take([{ outage: outage('A', { state: 'predicted' }), isOpen: true }], () => [1, 2]);
    // The engine has moved the members on; the news of that is not told yet.
    board.take([{ outage: outage('A', { state: 'predicted', revision: 2 }), isOpen: true }], () => []);
    assert.equal(board.at(1)?.outage.id, 'A');
    board.take(
      [
        { outage: outage('B'), isOpen: true },
        { outage: outage('A', { state: 'merged', customers_out: 0 }), isOpen: false },
      ],
      () => [1, 2, 3],
    );
    for (const meter of [1, 2, 3]) assert.equal(board.at(meter)?.outage.id, 'B');
  });

  test('a network that grows forgets nothing', () => {
    const board = makeBoard(3);
    board.take([{ outage: outage('A'), isOpen: true }], () => [1, 2]);
    board.grow(6);
    assert.equal(board.at(2)?.outage.id, 'A');
    board.take([{ outage: outage('A', { revision: 2 }), isOpen: true }], () => [1, 5]);
    assert.deepEqual([board.at(2), board.at(5)?.outage.id], [undefined, 'A']);
  });

  test('any sequence: the same as the plain model, and slots are used again', () => {
    const step = fc.record({
      id: fc.constantFrom('A', 'B', 'C', 'D'),
      members: fc.uniqueArray(fc.nat(19), { minLength: 1, maxLength: 8 }),
      isOpen: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const board = makeBoard(20);
        const model = new Map<number, string>();
        steps.forEach(({ id, members, isOpen }, i) => {
          board.take([{ outage: outage(id, { revision: i }), isOpen }], () => members);
          for (const [meter, of] of model) if (of === id) model.delete(meter);
          if (isOpen) for (const meter of members) model.set(meter, id);
          for (let meter = 0; meter < 20; meter++) assert.equal(board.at(meter)?.outage.id, model.get(meter));
        });
        assert.ok(board.open().length <= 4);
      }),
    );
  });
});
