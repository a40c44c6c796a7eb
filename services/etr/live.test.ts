/** The model beside a running center: what it learns from outages that end, and from which it does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outage } from '#model/api/outages.ts';
import { firstS, inventHistory } from './history_testbed.ts';
import { makeLiveModel } from './live.ts';
import { fitModel } from './model.ts';

const model = fitModel(inventHistory(900, 3), { source: 'invented', timeZone: 'UTC', trees: 40 });
const iso = (atS: number): string => new Date(atS * 1000).toISOString();
const outage = (id: string, startS: number, seenS: number): Outage =>
  ({
    ...{ id, device_id: 'FU-1', device_kind: 'fuse', area_id: 'R0', lat: 29.55, lon: -95.45, customers_affected: 3 },
    ...{ started_at: iso(startS), detected_at: iso(seenS), cause: null },
  }) as Outage;

/** The opinion of an outage after six others took an hour from their first sight each, seen so long after their start. */
function opinionAfter(unseenS: number): object {
  const live = makeLiveModel(model, 'UTC', [], firstS);
  for (let i = 0; i < 6; i++) live.predict(outage(`O-${i}`, firstS - unseenS, firstS), firstS);
  for (let i = 0; i < 6; i++) live.over(`O-${i}`, firstS + 3600, null);
  return live.predict(outage('next', firstS + 7200, firstS + 7200), firstS + 7200).opinion;
}

test('E6 what outages took is counted from their first sight, as the model was fitted', () => {
  assert.deepEqual(opinionAfter(5 * 3600), opinionAfter(0));
});

test('an outage that was none teaches nothing; one that ended does', () => {
  const live = makeLiveModel(model, 'UTC', [], firstS);
  for (const id of ['none', 'over']) live.predict(outage(id, firstS, firstS), firstS);
  live.over('none', null, null);
  assert.equal(live.ownOutages(), 0);
  live.over('over', firstS + 3600, 'tree');
  assert.equal(live.ownOutages(), 1);
});
