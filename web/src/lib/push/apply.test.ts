import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Crew } from '#model/api/crews.ts';
import type { Alarm, Kpi, StreamDelta, StreamSnapshot } from '#model/api/live.ts';
import type { Outage } from '#model/api/outages.ts';
import { packEdgeStatus } from '#model/map.ts';
import { applyDelta, applySnapshot, newerCrew, toSnapshot } from './apply.ts';
import { EdgeStatusStore } from './edge_status.ts';

const at = '2026-07-04T19:32:07.000Z';
const kpi = { customers_out: 0 } as Kpi;
const outage = (id: string, revision: number, state: Outage['state'] = 'confirmed') =>
  ({ id, revision, state }) as Outage;
const alarm = (id: string, state: string) => ({ id, state }) as Alarm;
const snapshot = (part: Partial<StreamSnapshot> = {}): StreamSnapshot => ({
  position: 10,
  at,
  network_version: 'v1',
  kpi,
  outages: [outage('A', 1), outage('B', 1)],
  alarms: [alarm('x', 'unacknowledged')],
  edges: '',
  notes: [],
  ...part,
});
const delta = (position: number, part: Partial<StreamDelta> = {}): StreamDelta => ({ position, at, ...part });

describe('snapshot and deltas', () => {
  test('closed, rejected and merged outages leave the list; normal alarms too', () => {
    const facts = applyDelta(
      applySnapshot(snapshot()),
      delta(11, { outages: [outage('A', 2, 'closed'), outage('C', 1)], alarms: [alarm('x', 'normal')] }),
    );
    assert.deepEqual([...facts.outages.keys()], ['B', 'C']);
    assert.equal(facts.alarms.size, 0);
  });
  test('a delta that was already applied changes nothing', () => {
    const facts = applySnapshot(snapshot());
    assert.equal(applyDelta(facts, delta(10, { outages: [outage('A', 9, 'closed')] })), facts);
  });
  test('an older revision does not undo a newer one', () => {
    let facts = applyDelta(applySnapshot(snapshot()), delta(11, { outages: [outage('A', 5, 'on_site')] }));
    facts = applyDelta(facts, delta(12, { outages: [outage('A', 4, 'assigned')] }));
    assert.equal(facts.outages.get('A')?.state, 'on_site');
  });
  test('of a crew the newest revision holds, then the newest position, whichever way it came', () => {
    const crew = (revision: number, minute: number) =>
      ({ id: 'LN-1', revision, position_at: `2026-07-04T19:${minute}:00.000Z` }) as Crew;
    let facts = applyDelta(applySnapshot(snapshot()), delta(11, { crews: [crew(2, 10)] }));
    facts = applyDelta(facts, delta(12, { crews: [crew(1, 30)] }));
    facts = applyDelta(facts, delta(13, { crews: [crew(2, 20)] }));
    const pushed = facts.crews.get('LN-1')!;
    assert.deepEqual([pushed.revision, pushed.position_at], [2, crew(2, 20).position_at]);
    assert.equal(newerCrew(crew(3, 10), pushed).revision, 3, 'an answer that is newer than the push');
    assert.equal(newerCrew(crew(1, 50), pushed), pushed);
    assert.equal(newerCrew(crew(2, 40), pushed).position_at, crew(2, 40).position_at);
    assert.equal(applySnapshot(snapshot()).crews.size, 0, 'begun anew: read anew');
  });
  test('maps are replaced, not changed in place', () => {
    const before = applySnapshot(snapshot());
    const after = applyDelta(before, delta(11, { outages: [outage('A', 2, 'closed')] }));
    assert.equal(before.outages.has('A'), true);
    assert.equal(after.outages.has('A'), false);
  });
  test('the snapshot for a second window brings it to the same facts', () => {
    const facts = applyDelta(
      applySnapshot(snapshot()),
      delta(11, { outages: [outage('C', 1)], notes: [{ at, text: 'n' }] }),
    );
    const copy = toSnapshot(facts, '');
    assert.ok(copy);
    assert.deepEqual(applySnapshot(copy), facts);
  });
});

test('edge status: any sequence of deltas equals the last status of each row', () => {
  const change = fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 5 }));
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 20 }), { maxLength: 10 }), (deltas) => {
      const store = new EdgeStatusStore();
      const truth = new Map<number, number>();
      const mirror = new Map<number, number>();
      store.subscribe((rows) => {
        for (const row of rows ?? store.abnormal.keys()) mirror.set(row, store.statusOf(row));
      });
      for (const changes of deltas) {
        const last = new Map(changes);
        store.apply(packEdgeStatus([...last.keys()], (row) => last.get(row) ?? 0));
        for (const [row, status] of last) truth.set(row, status);
      }
      for (const [row, status] of truth) {
        assert.equal(store.statusOf(row), status);
        assert.equal(mirror.get(row) ?? 0, status);
      }
      assert.equal([...store.abnormal.values()].includes(0), false);
      const copy = new EdgeStatusStore();
      copy.reset(store.pack());
      assert.deepEqual(new Map([...copy.abnormal].sort()), new Map([...store.abnormal].sort()));
    }),
  );
});
