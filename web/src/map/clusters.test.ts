import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clusterFrom, clusterMarks } from './clusters.ts';

const marks = (count: number, spread: number) =>
  Array.from({ length: count }, (_, i) => ({
    id: i,
    x: ((i * 7919) % 1000) * spread,
    y: ((i * 104729) % 1000) * spread,
    customers: i % 50,
    selected: i === 3,
  }));

test('a quiet map has no clusters', () => {
  const { single, clusters } = clusterMarks(marks(clusterFrom - 1, 0), 1000);
  assert.equal(single.length, clusterFrom - 1);
  assert.equal(clusters.length, 0);
});

test('no outage and no customer is lost in clusters; the selected one stands alone', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: clusterFrom, max: 2000 }),
      fc.double({ min: 10, max: 1e6, noNaN: true }),
      (n, pixels) => {
        const all = marks(n, 1e-6);
        const { single, clusters } = clusterMarks(all, pixels);
        const ids = [...single, ...clusters.flatMap(({ members }) => members)].map(({ id }) => id);
        assert.deepEqual(
          ids.sort((a, b) => a - b),
          all.map(({ id }) => id),
        );
        for (const { customers, members } of clusters) {
          assert.equal(
            customers,
            members.reduce((sum, mark) => sum + mark.customers, 0),
          );
        }
        assert.ok(single.some(({ selected }) => selected));
      },
    ),
  );
});

test('far enough in, everything stands alone', () => {
  assert.equal(clusterMarks(marks(500, 1), 1e6).clusters.length, 0);
});
