import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { minutesDrawn } from './durations.ts';
import { normalAt, normalShare } from './quantiles.ts';
import { distanceKm } from './runs.ts';
import {
  type CrewFact,
  type Draw,
  type OpenJob,
  oneRun,
  simulate,
  simulationDefaults,
  type Visit,
} from './simulation.ts';
import { traceInWords, traceOf } from './trace.ts';

const nowS = 1_780_000_000;
const settings = { ...simulationDefaults, runs: 40 };

/** A number in [0, 1) from a text and a number. */
const draw: Draw = (outage) => (run, stage) => {
  let h = 2166136261 ^ run;
  for (const c of `${outage}/${stage}`) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  return ((h ^ (h >>> 13)) >>> 0) / 4294967296;
};

const job = (id: string, more: Partial<OpenJob> = {}): OpenJob => ({
  id,
  area: 'north',
  lat: 29.7,
  lon: -95.4,
  customers: 50,
  critical: 0,
  kind: 'fuse',
  promisedS: null,
  crew: null,
  stage: 'waiting',
  stageSinceS: nowS - 1800,
  ...more,
});
const crew = (id: string, more: Partial<CrewFact> = {}): CrewFact => ({
  id,
  area: 'north',
  lat: 29.75,
  lon: -95.35,
  onDutyS: nowS - 4 * 3600,
  offDutyS: nowS + 12 * 3600,
  ...more,
});

const areas = ['north', 'south'];
const jobsArb = fc
  .uniqueArray(
    fc.record({
      id: fc.integer({ min: 1, max: 999 }).map((n) => `O-${n}`),
      area: fc.constantFrom(...areas),
      lat: fc.double({ min: 29.5, max: 30, noNaN: true }),
      lon: fc.double({ min: -95.7, max: -95.1, noNaN: true }),
      customers: fc.integer({ min: 1, max: 3000 }),
      critical: fc.integer({ min: 0, max: 2 }),
      kind: fc.constantFrom('fuse', 'breaker', 'service_point', 'unheard_of'),
    }),
    { minLength: 1, maxLength: 40, selector: ({ id }) => id },
  )
  .map((list) => list.map((one) => job(one.id, one)));
const crewsArb = fc
  .array(fc.record({ area: fc.constantFrom('north', 'south', null), offH: fc.integer({ min: 1, max: 14 }) }), {
    minLength: 1,
    maxLength: 6,
  })
  .map((list) => list.map(({ area, offH }, i) => crew(`C-${i}`, { area, offDutyS: nowS + offH * 3600 })));

/** What must hold of the visits of a run; each breach in words. */
function breaches(visits: readonly Visit[], jobs: readonly OpenJob[], crews: readonly CrewFact[]): string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  const freeS = new Map<string, number>();
  for (const visit of visits) {
    if (seen.has(visit.outage)) found.push('an outage is visited twice');
    seen.add(visit.outage);
    const of = jobs.find(({ id }) => id === visit.outage)!;
    const by = crews.find(({ id }) => id === visit.crew)!;
    if (by.area !== null && by.area !== of.area) found.push('a crew works in a foreign area');
    if (visit.beginsS < (freeS.get(visit.crew) ?? 0)) found.push('a crew is at two places');
    freeS.set(visit.crew, visit.restoredS);
    if (!(visit.beginsS <= visit.arrivesS && visit.arrivesS < visit.assessedS && visit.assessedS < visit.restoredS))
      found.push('stages are out of order');
    if (visit.beginsS < nowS) found.push('work begins in the past');
  }
  return found;
}

test('no outage twice, no crew at two places or in a foreign area, stages in order; planted breaches are found', () => {
  fc.assert(
    fc.property(jobsArb, crewsArb, (jobs, crews) => {
      const visits = oneRun(jobs, crews, nowS, settings, (id, stage) => draw(id)(1, stage));
      assert.deepEqual(breaches(visits, jobs, crews), []);
    }),
  );
  const jobs = [job('O-1'), job('O-2', { area: 'south' })];
  const crews = [crew('C-1')];
  const [visit] = oneRun(jobs, crews, nowS, settings, () => 0.5);
  assert.deepEqual(breaches([visit, { ...visit, beginsS: visit.restoredS, arrivesS: visit.restoredS }], jobs, crews), [
    'an outage is visited twice',
    'stages are out of order',
  ]);
  assert.deepEqual(breaches([{ ...visit, outage: 'O-2' }], jobs, crews), ['a crew works in a foreign area']);
  assert.ok(breaches([visit, { ...visit, outage: 'O-2' }], jobs, crews).includes('a crew is at two places'));
  assert.deepEqual(breaches([{ ...visit, beginsS: nowS - 1 }], jobs, crews), ['work begins in the past']);
});

test('quantiles are ordered and never past; the order of the input says nothing; the curve falls to nobody', () => {
  fc.assert(
    fc.property(jobsArb, crewsArb, (jobs, crews) => {
      const one = simulate(jobs, crews, nowS, settings, draw);
      for (const { id, p50S, p90S } of one.outages) {
        const served = crews.some(({ area }) => area === null || area === jobs.find((j) => j.id === id)!.area);
        assert.equal(p50S !== null, served, `${id} is served where a crew serves its area`);
        if (p50S !== null) assert.ok(p50S > nowS && p50S <= p90S!);
      }
      const { p10, p50, p90 } = one.curve;
      for (let i = 0; i < p50.length; i++) {
        assert.ok(p10[i] <= p50[i] && p50[i] <= p90[i]);
        if (i > 0) assert.ok(p50[i] <= p50[i - 1]);
      }
      assert.equal(
        p50[0],
        jobs.reduce((sum, { customers }) => sum + customers, 0),
      );
      if (one.not_served.length === 0) assert.equal(p90.at(-1), 0);
      const other = simulate([...jobs].reverse(), crews, nowS, settings, draw);
      const sorted = (r: typeof one) => r.outages.toSorted((a, b) => (a.id < b.id ? -1 : 1));
      assert.deepEqual(sorted(other), sorted(one));
      assert.deepEqual(simulate(jobs, crews, nowS, settings, draw), one);
    }),
    { numRuns: 40 },
  );
});

test('critical customers go first, then customers per crew-hour; a crew that is there goes on; a promise is kept', () => {
  const jobs = [
    job('small', { customers: 5 }),
    job('large', { customers: 900 }),
    job('hospital', { customers: 30, critical: 8 }),
    job('begun', { stage: 'on_site', crew: 'C-2', customers: 1 }),
    job('promised', { promisedS: nowS + 5 * 3600, customers: 1 }),
  ];
  const visits = oneRun(jobs, [crew('C-1'), crew('C-2')], nowS, settings, () => 0.5);
  const of = (id: string): Visit => visits.find(({ outage }) => outage === id)!;
  assert.ok(of('hospital').beginsS <= of('large').beginsS && of('large').beginsS <= of('small').beginsS);
  assert.equal(of('hospital').crew, 'C-1', 'C-2 is still at the one it began');
  assert.equal(of('begun').crew, 'C-2');
  assert.equal(of('promised').restoredS, nowS + 5 * 3600);
});

test('each visit is the most worthy of the two dozen its crew weighs, its way counted', () => {
  const { assess, repair, criticalWeight, detour, speedKmh } = settings;
  const worthOf = (one: OpenJob, km: number): number =>
    (Math.max(1, one.customers) + criticalWeight * one.critical) /
    ((km * detour) / speedKmh + (assess.p50 + (repair[one.kind] ?? repair.other).p50) / 60);
  fc.assert(
    fc.property(jobsArb, crewsArb, (jobs, crews) => {
      const order = jobs.toSorted((a, b) => worthOf(b, 0) - worthOf(a, 0) || (a.id < b.id ? -1 : 1));
      const at = new Map<string, { lat: number; lon: number }>(crews.map((one) => [one.id, one]));
      const gone = new Set<string>();
      for (const visit of oneRun(jobs, crews, nowS, settings, (id, stage) => draw(id)(1, stage))) {
        const { area } = crews.find(({ id }) => id === visit.crew)!;
        const weighed = order.filter((one) => !gone.has(one.id) && (area === null || one.area === area)).slice(0, 24);
        const best = Math.max(...weighed.map((one) => worthOf(one, distanceKm(at.get(visit.crew)!, one))));
        assert.ok(Math.abs(visit.worth - best) <= best * 1e-9);
        gone.add(visit.outage);
        at.set(visit.crew, jobs.find(({ id }) => id === visit.outage)!);
      }
    }),
  );
});

test('nothing is begun that is not expected to end within the duty; rest, then the next duty', () => {
  const tired = crew('C-1', { offDutyS: nowS + 1800 });
  const [visit] = oneRun([job('O-1')], [tired], nowS, settings, () => 0.5);
  assert.equal(visit.beginsS, nowS + 1800 + settings.restH * 3600);
  const [rested] = oneRun([job('O-1')], [crew('C-1')], nowS, settings, () => 0.5);
  assert.equal(rested.beginsS, nowS);
});

test('twenty crews more bring customers back sooner, with the same draws', () => {
  const jobs = Array.from({ length: 120 }, (_, i) =>
    job(`O-${i}`, { lat: 29.5 + (i % 11) * 0.05, lon: -95.7 + (i % 13) * 0.05, customers: 1 + ((i * 37) % 400) }),
  );
  const few = Array.from({ length: 5 }, (_, i) => crew(`C-${i}`));
  const many = [...few, ...Array.from({ length: 20 }, (_, i) => crew(`S-${i}`))];
  const before = simulate(jobs, few, nowS, settings, draw);
  const after = simulate(jobs, many, nowS, settings, draw);
  assert.ok(after.customer_minutes < before.customer_minutes / 2);
  assert.ok(after.all_back_p50_s! < before.all_back_p50_s!);
});

test('an area without crews is not served, unless crews help each other', () => {
  const jobs = [job('O-1'), job('O-2', { area: 'south' })];
  assert.deepEqual(simulate(jobs, [crew('C-1')], nowS, settings, draw).not_served, ['O-2']);
  assert.deepEqual(simulate(jobs, [crew('C-1')], nowS, { ...settings, mutualAid: true }, draw).not_served, []);
  const none = simulate(jobs, [], nowS, settings, draw);
  assert.equal(none.all_back_p50_s, null);
  assert.deepEqual(none.not_served, ['O-1', 'O-2']);
  assert.deepEqual(simulate([], [], nowS, settings, draw).outages, []);
});

test('the trace of one outage agrees with the simulation and tells who goes first', () => {
  const jobs = [job('O-1', { customers: 5 }), job('O-2', { customers: 500 })];
  const trace = traceOf('O-1', jobs, [crew('C-1')], nowS, settings, draw)!;
  assert.deepEqual(
    trace.before.map(({ outage }) => outage),
    ['O-2'],
  );
  assert.equal(trace.visit!.turn, 2);
  assert.equal(trace.p50S, simulate(jobs, [crew('C-1')], nowS, settings, draw).outages[0].p50S);
  assert.match(traceInWords(trace, 'America/Chicago'), /O-2 {2}500 customers[\s\S]*then C-1 takes it as its turn 2/);
  assert.equal(traceOf('O-3', jobs, [], nowS, settings, draw), null);
});

test('durations: half below the P50, nine tenths below the P90, and more than what was worked already', () => {
  const spread = { p50: 60, p90: 180 };
  assert.ok(Math.abs(minutesDrawn(spread, 0.5) - 60) < 0.1);
  assert.ok(Math.abs(minutesDrawn(spread, 0.9) - 180) < 0.5);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 0, max: 3000 }), (chance, worked) => {
      assert.ok(minutesDrawn(spread, chance, worked) >= worked);
    }),
  );
  assert.ok(Math.abs(normalShare(normalAt(0.9)) - 0.9) < 0.001);
  assert.ok(Math.abs(distanceKm({ lat: 29.76, lon: -95.37 }, { lat: 30.27, lon: -97.74 }) - 235) < 3);
});

test('a promise is the end of the work; work that has begun is measured by what is left of it', () => {
  const half = () => 0.5;
  const [promised] = oneRun([job('O-1', { promisedS: nowS + 5 * 3600 })], [crew('C-1')], nowS, settings, half);
  assert.equal(promised.restoredS, nowS + 5 * 3600);
  const after = (hours: number): number => {
    const atWork = job('O-1', { crew: 'C-1', stage: 'on_site', stageSinceS: nowS - hours * 3600 });
    return oneRun([atWork], [crew('C-1')], nowS, settings, half)[0].restoredS - nowS;
  };
  // longer than expected already: what is left has a median of its own, and is not a minute
  assert.ok(after(0.5) > 600 && after(6) > 1200, `${after(0.5)} ${after(6)}`);
});

test('a crew whose duty ends rests before it goes on', () => {
  const jobs = Array.from({ length: 12 }, (_, i) => job(`O-${i + 10}`));
  const offDutyS = nowS + 4 * 3600;
  const visits = oneRun(jobs, [crew('C-1', { offDutyS })], nowS, settings, () => 0.5);
  const restS = settings.restH * 3600;
  const gaps = visits.slice(1).map((visit, i) => visit.beginsS - visits[i].restoredS);
  assert.ok(
    visits.some(({ beginsS }) => beginsS >= offDutyS) && gaps.some((gap) => gap >= restS - 4 * 3600),
    `${gaps}`,
  );
  // the last job before the rest goes on beyond the duty: then the whole rest follows it
  const late = oneRun(jobs, [crew('C-1', { offDutyS })], nowS, settings, (_, stage) =>
    stage === 'repair' ? 0.99 : 0.5,
  );
  const over = late.findIndex(({ restoredS }) => restoredS >= offDutyS);
  assert.ok(late[over + 1].beginsS >= late[over].restoredS + restS);
});
