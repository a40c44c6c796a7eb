import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pipeline } from '#model/api/readings.ts';
import { conservationOf, groupSources } from './group.ts';

const source = (name: string, partition: number, received: number, stored: number, lastAt: string | null) => ({
  source: name,
  partition,
  kind: 'reading',
  next_offset: received,
  received,
  stored,
  superseded: 0,
  duplicate: 1,
  set_aside: 2,
  pending: 0,
  balanced: received === stored + 3,
  last_at: lastAt,
});
const pipeline = (sources: Pipeline['sources'], throughput?: Pipeline['throughput']): Pipeline => ({
  at: '2026-07-01T00:00:00Z',
  layers: [],
  sources,
  consumers: [],
  refreshes: { count: 0, rows: 0, contested: 0, rebuilds: 0 },
  history: { parts: 0, rows: 0, bytes: 0, dropped_parts: 0 },
  analytics: { state: 'ready', restarts: 0 },
  throughput,
});

describe('sources in groups', () => {
  test('partitions of one source are one row, with sums and the newest time', () => {
    const [kafka, http] = groupSources(
      pipeline([
        source('ami', 1, 13, 10, '2026-07-01T00:00:02Z'),
        source('http', 0, 3, 0, null),
        source('ami', 0, 103, 100, '2026-07-01T00:00:01Z'),
      ]),
    );
    assert.deepEqual([kafka.source, kafka.received, kafka.stored, kafka.duplicate], ['ami', 116, 110, 2]);
    assert.deepEqual(
      kafka.partitions.map((row) => row.partition),
      [0, 1],
    );
    assert.deepEqual([kafka.lastAt, kafka.unbalanced, kafka.missing], ['2026-07-01T00:00:02Z', 0, 0]);
    assert.deepEqual([http.lastAt, http.perS], [null, null]);
  });
  test('a partition that does not balance is seen although another hides it in the sum', () => {
    const groups = groupSources(pipeline([source('a', 0, 13, 9, null), source('a', 1, 13, 11, null)]));
    assert.deepEqual([groups[0].missing, groups[0].unbalanced], [0, 2]);
    assert.deepEqual(conservationOf(groups).unbalanced, 2);
  });
  test('throughput adds up; a gap in all partitions stays a gap', () => {
    const entry = (partition: number, per_s: number, history_per_s: (number | null)[]) => ({
      source: 'a',
      partition,
      per_s,
      history_per_s,
    });
    const [group] = groupSources(
      pipeline([source('a', 0, 3, 0, null), source('a', 1, 3, 0, null)], {
        bucket_s: 30,
        lag_history_s: [],
        sources: [entry(0, 4, [null, 1, 2]), entry(1, 5, [null, null, 3])],
      }),
    );
    assert.deepEqual([group.perS, group.history], [9, [null, 1, 5]]);
  });
});
