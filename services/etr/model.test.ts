import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonsOf } from './effects.ts';
import { evaluate, predictHistory } from './evaluate.ts';
import { features, localClock, minutesOf, replay } from './features.ts';
import { asOf, type PastOutage } from './history.ts';
import { firstS, inventHistory } from './history_testbed.ts';
import { type EtrModel, fitModel, modelText, parseModel } from './model.ts';

const history = inventHistory(4000, 7);
const splitS = firstS + 22 * 86_400;
const options = { source: 'invented', timeZone: 'UTC', trees: 80 };
const model = fitModel(history, { ...options, untilS: splitS });
const later = history.filter(({ firstSeenS }) => firstSeenS > splitS);

test('it beats the constant and the hourly median on later outages, and its P90 covers nine of ten', () => {
  const { slices, n, seen_by_the_fit } = evaluate(model, later);
  const [all] = slices;
  const of = (who: string) => all.scores.find((score) => score.who === who)!;
  assert.equal(n, later.length);
  assert.equal(seen_by_the_fit, 0);
  assert.ok(of('model').mae_min < 0.9 * of('constant').mae_min, JSON.stringify(all.scores));
  assert.ok(of('model').mae_min < 0.97 * of('hourly median').mae_min, JSON.stringify(all.scores));
  assert.ok(all.p90_coverage > 0.86 && all.p90_coverage < 0.94, String(all.p90_coverage));
  assert.ok(Math.abs(of('model').late_share - 0.5) < 0.06);
});

/** The outage at `at` and what was known then, with everything after that moment made up anew. */
function otherFuture(outages: readonly PastOutage[], atS: number): PastOutage[] {
  return outages
    .filter(({ firstSeenS }, i) => firstSeenS <= atS || i % 3 === 0)
    .map((outage): PastOutage => {
      if (outage.firstSeenS > atS) return { ...outage, customers: 9999, region: 'R0', lat: 29.5, publishedEtrS: atS };
      if (outage.goneS !== null && outage.goneS <= atS) return outage;
      return { ...outage, lastSeenS: outage.lastSeenS + 90_000, goneS: (outage.goneS ?? atS) + 90_000, cause: 'a car' };
    });
}

test('E6 no leak from the future: another future, the same prediction; the planted leak is found', () => {
  for (const at of [40, 400, 800]) {
    const { firstSeenS } = later[at];
    const told = predictHistory(model, later).filter(({ outage }) => outage.firstSeenS <= firstSeenS);
    const retold = predictHistory(model, otherFuture(later, firstSeenS)).filter(
      ({ outage }) => outage.firstSeenS <= firstSeenS,
    );
    const values = (list: typeof told) => list.map(({ p50, p90, p90Fixed }) => [p50, p90, p90Fixed]);
    assert.deepEqual(values(retold), values(told));
  }
  // planted: customers as they were counted at the end
  const leak = (outages: PastOutage[]) =>
    predictHistory(
      model,
      outages.map((outage) => ({ ...outage, customers: minutesOf(outage).middle })),
    ).slice(0, 400);
  const { firstSeenS } = later[400];
  assert.notDeepEqual(
    leak(otherFuture(later, firstSeenS)).map(({ p50 }) => p50),
    leak(later).map(({ p50 }) => p50),
  );
});

test('a fit until a moment is the fit of what was known then: later ends and later outages do not change a byte', () => {
  const small = inventHistory(900, 3);
  const untilS = firstS + 20 * 86_400;
  const fit = (outages: readonly PastOutage[]) => modelText(fitModel(outages, { ...options, trees: 15, untilS }));
  assert.equal(fit(small), fit(asOf(otherFuture(small, untilS), untilS)));
  assert.equal(fit(small), fit(small), 'the same input gives the same file');
});

test('E7 outages that last at the end are not read as short', () => {
  // cut while a wave of long ones lasts: the naive reading takes them as over at the cut
  const untilS = firstS + 22 * 86_400 + 8 * 3600;
  const cut = asOf(history, untilS).filter(({ firstSeenS }) => firstSeenS > untilS - 3 * 86_400);
  const naive = cut.map((outage) => (outage.goneS === null ? { ...outage, goneS: untilS + 1 } : outage));
  const truth = history.filter(({ firstSeenS }) => firstSeenS <= untilS && firstSeenS > untilS - 3 * 86_400);
  const meanOf = (outages: readonly PastOutage[]): number => {
    const fitted = fitModel(outages, { ...options, trees: 40 });
    const told = predictHistory(fitted, truth, { recalibrate: false });
    return told.reduce((sum, { p90 }) => sum + p90, 0) / told.length;
  };
  const [censored, asOver, known] = [meanOf(cut), meanOf(naive), meanOf(truth)];
  assert.ok(Math.abs(censored - known) < Math.abs(asOver - known), `${censored} ${asOver} ${known}`);
});

test('left-censored outages teach nothing of duration, but count as open', () => {
  const marked = history.slice(0, 1200).map((outage, i) => ({ ...outage, leftCensored: i < 200 }));
  const fitted = fitModel(marked, { ...options, trees: 10 });
  assert.equal(fitted.fitted.used, 1000);
  assert.equal(fitted.fitted.left_censored, 200);
  const open = features.findIndex(({ name }) => name === 'open');
  const [withThem] = [...replay(marked, localClock('UTC'))].slice(-1);
  const [without] = [...replay(marked.slice(200), localClock('UTC'))].slice(-1);
  assert.ok(withThem.row[open] >= without.row[open]);
});

test('the file is read back as it was written, small, and refused where it is none', () => {
  const text = modelText(model);
  assert.ok(text.length < 1_000_000);
  const back = parseModel(text, 'm.json');
  assert.deepEqual(
    predictHistory(back, later.slice(0, 50)).map(({ p90 }) => p90),
    predictHistory(model, later.slice(0, 50)).map(({ p90 }) => p90),
  );
  const broken = (change: (m: EtrModel) => void): string => {
    const copy = structuredClone(back);
    change(copy);
    return JSON.stringify(copy);
  };
  for (const bad of [
    '{',
    '{}',
    broken((m) => {
      (m as { format_version: number }).format_version = 2;
    }),
    broken((m) => m.features.pop()),
    broken((m) => {
      m.deviations[1][3] = Number.NaN;
    }),
    // a walk that would not end
    broken((m) => {
      m.p50.trees[0].left[0] = 0;
    }),
    broken((m) => {
      m.p90.trees[0].feature[0] = 999;
    }),
  ])
    assert.throws(() => parseModel(bad, 'm.json'), { code: 'bad_model', message: /m\.json.*flux etr fit/ });
});

test('it explains itself: effects of every feature, and why one prediction is what it is', () => {
  assert.equal(model.effects[0].feature, 'hour');
  const hour = model.effects[0];
  assert.ok(Math.max(...hour.p50_min) > 1.5 * Math.min(...hour.p50_min), JSON.stringify(hour));
  const [night] = [...replay(later, localClock('UTC'))].filter(({ row }) => row[2] >= 2 && row[2] < 5);
  const [first] = reasonsOf(model.p50, model.effects, night.row);
  assert.equal(first.feature, 'hour');
  assert.ok(first.minutes > 0);
});

test('too little history is said', () => {
  assert.throws(() => fitModel(history.slice(0, 50), options), { code: 'bad_history', message: /50 outages.*300/ });
});

test('minutes are intervals: last seen, not seen any more', () => {
  assert.deepEqual(minutesOf({ ...history[0], firstSeenS: 0, lastSeenS: 600, goneS: 1200 }), {
    least: 10,
    most: 20,
    middle: 15,
  });
  assert.equal(minutesOf({ ...history[0], firstSeenS: 0, lastSeenS: 600, goneS: null }).most, Number.POSITIVE_INFINITY);
});
