/** What a prediction may know: nothing published later, nothing of outages the fit has seen or nobody saw begin. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Predicted, predictHistory } from './evaluate.ts';
import { sightOf } from './features.ts';
import type { PastOutage } from './history.ts';
import { firstS, inventHistory } from './history_testbed.ts';
import { fitModel } from './model.ts';

const dayS = 86_400;
const history = inventHistory(900, 3);
const untilS = firstS + 20 * dayS;
const model = fitModel(history, { source: 'invented', timeZone: 'UTC', trees: 10, untilS });
const later = history.filter(({ firstSeenS }) => firstSeenS > untilS);
const isAsInTheFile = ({ p90, p90Fixed }: Predicted): boolean => p90 === p90Fixed;

test("E6 the utility's own estimate counts from the moment it was published", () => {
  const told = (publishedAtS: number | null): number | null =>
    sightOf({ ...history[0], firstSeenS: 1000, publishedEtrS: 9000, publishedAtS }).publishedEtrS;
  assert.deepEqual([told(999), told(1000), told(1001), told(null)], [9000, 9000, null, null]);
});

test('E7 how far the model is off is learned from outages it was not fitted on, and from those alone', () => {
  const predicted = predictHistory(model, history);
  const unseen = predicted.filter(({ outage }) => outage.firstSeenS > untilS);
  assert.ok(predicted.filter(({ outage }) => outage.firstSeenS <= untilS).every(isAsInTheFile));
  assert.ok(isAsInTheFile(unseen[0]));
  assert.ok(!unseen.every(isAsInTheFile), 'then it is');
});

test('E7 outages that were there before anybody looked teach nothing of how far the model is off', () => {
  const before = later.slice(0, 150).map((outage): PastOutage => ({ ...outage, leftCensored: true }));
  const next = {
    ...later[200],
    firstSeenS: later[0].firstSeenS + 12 * dayS,
    lastSeenS: later[0].firstSeenS + 13 * dayS,
  };
  const last = predictHistory(model, [...before, { ...next, goneS: next.lastSeenS + 600 }]).at(-1)!;
  assert.ok(isAsInTheFile(last));
});

test('E7 the fit that tells how far the model is off does not know how outages went on after its own end', () => {
  const lastS = history[history.length - 1].firstSeenS;
  // of the first three quarters each tenth lasts beyond everything that is seen: by an hour, or by ten days
  const lasting = (longer: number): PastOutage[] =>
    history.map((outage, i) =>
      i % 10 === 0 && i < 600 ? { ...outage, lastSeenS: lastS + longer, goneS: lastS + longer + 600 } : outage,
    );
  const fit = (longer: number) => fitModel(lasting(longer), { source: 'invented', timeZone: 'UTC', trees: 10 });
  const [one, other] = [fit(3600), fit(10 * dayS)];
  assert.deepEqual(one.deviations, other.deviations);
  assert.notDeepEqual(one.p90, other.p90);
});
