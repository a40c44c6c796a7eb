/** P1 to P6 of SPEC.md as laws over random outages, each with a planted bug that must be found. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Outage } from '#model/api/outages.ts';
import { type Cells, makeCells } from './cells.ts';
import { geoJson, publicFeatures, publicSummary } from './data.ts';
import { makeGround } from './drawing.ts';
import { publicPage } from './page.ts';
import { type PlannedWork, type PublicPicture, publicPicture } from './picture.ts';
import {
  cells,
  masking,
  meterCount,
  minimumServed,
  network,
  outageAt,
  placeOf,
  smallest,
  zoneOf,
  zones,
} from './picture_testbed.ts';

type Maker = (outages: readonly Outage[]) => PublicPicture;
const real: Maker = (outages) => publicPicture(outages, masking);

const state = fc.constantFrom('predicted', 'confirmed', 'en_route', 'partly_restored') as fc.Arbitrary<Outage['state']>;
const given = fc
  .array(
    fc.record({
      meter: fc.nat(meterCount - 1),
      customers: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 400 })),
      back: fc.nat(12),
      state,
      hasCrew: fc.boolean(),
      cause: fc.constantFrom(null, 'Tree at the Miller home, 12 Elm St', 'lightning'),
    }),
    { maxLength: 25 },
  )
  .map((list) =>
    list.map(({ meter, customers, back, state, hasCrew, cause }, i) =>
      outageAt(i * 3 + 1, meter, customers, {
        state,
        customers_affected: customers + back,
        crew: hasCrew ? 'J. Miller' : null,
        cause,
        etr_p50: i % 2 ? '2026-07-04T20:10:00.000Z' : null,
        etr_p90: i % 2 ? '2026-07-04T21:40:00.000Z' : null,
      }),
    ),
  );

const ground = makeGround(cells, zones);
const documents = (picture: PublicPicture): string[] => {
  const facts = {
    frame: { utility: 'U', phone: undefined, style: 's.css', script: 's.js' },
    timeZone: 'UTC',
    asOfMs: Date.parse('2026-07-04T19:00:00Z'),
    staleAfterS: 600,
    geojson: 'g',
    summary: 's',
  };
  return [
    geoJson(publicFeatures(picture)),
    publicSummary(picture),
    publicPage(picture, ground, facts, 'en'),
    publicPage(picture, ground, facts, 'es'),
  ];
};

const isStep = (count: number): boolean => count % smallest === 0;
const byId = (picture: PublicPicture) => new Map(picture.outages.map((outage) => [outage.id, outage]));

/** P1: every count is a multiple of k, and nothing below k customers is shown. P5: levels add up to the same steps. */
function countViolations(outages: Outage[], make: Maker): string[] {
  const picture = make(outages);
  const wrong: string[] = [];
  const small = outages.filter((outage) => outage.customers_out < smallest);
  for (const outage of small)
    if (byId(picture).has(masking.publicId(outage.id))) wrong.push(`${outage.customers_out} customers are shown`);
  for (const { customers_out, customers_affected } of picture.outages)
    if (!isStep(customers_out) || !isStep(customers_affected) || customers_out < smallest) wrong.push('exact outage');
  for (const zone of picture.zones) {
    const shown = picture.outages.filter((outage) => outage.zone_id === zone.id);
    const rest = zone.customers_out - shown.reduce((sum, outage) => sum + outage.customers_out, 0);
    if (!isStep(zone.customers_out)) wrong.push(`zone tells ${zone.customers_out}`);
    if (rest < 0 || !isStep(rest)) wrong.push(`zone less its outages is ${rest}`);
    if (zone.outages !== shown.length) wrong.push('zone counts outages that are not shown');
  }
  const sum = picture.zones.reduce((total, zone) => total + zone.customers_out, 0);
  if (picture.customers_out !== sum) wrong.push(`total less zones is ${picture.customers_out - sum}`);
  return wrong;
}

/** P2: an outage below k changes nothing but one zone (and the total), by k or not at all. */
function loneHomeViolations(outages: Outage[], meter: number, homes: number, make: Maker): string[] {
  const before = make(outages);
  const after = make([...outages, outageAt(9001, meter, homes)]);
  const wrong: string[] = [];
  if (JSON.stringify(before.outages) !== JSON.stringify(after.outages)) wrong.push('the list of outages changed');
  const changed = before.zones.flatMap((zone, i) => {
    const difference = after.zones[i].customers_out - zone.customers_out;
    return difference === 0 ? [] : [difference];
  });
  if (changed.length > 1 || changed.some((difference) => difference !== smallest)) wrong.push(`zones by ${changed}`);
  if (changed.length === 0 && documents(before).join() !== documents(after).join()) wrong.push('a document changed');
  return wrong;
}

/** P3: one home that comes back between two publications changes every count by 0 or k. */
function oneBackViolations(outages: Outage[], at: number, make: Maker): string[] {
  const before = make(outages);
  const next = outages.map((outage, i) => (i === at ? { ...outage, customers_out: outage.customers_out - 1 } : outage));
  const after = make(next.filter((outage) => outage.customers_out > 0));
  const now = byId(after);
  const differences = [
    ...before.outages.map((outage) => outage.customers_out - (now.get(outage.id)?.customers_out ?? 0)),
    ...before.zones.map((zone, i) => zone.customers_out - after.zones[i].customers_out),
  ];
  return differences.filter((d) => d !== 0 && d !== smallest).map((d) => `a count changed by ${d}`);
}

/**
 * P4: whoever knows the raster, the zones and where every home is learns from a symbol and its zone only that it is one of
 * many homes: those that would be shown at the same place in the same zone.
 */
function positionViolations(outages: Outage[], make: Maker): string[] {
  const counts = homesBySymbol.get(make) ?? countHomes(make);
  return make(outages).outages.flatMap((shown) => {
    const count = counts.get(symbolOf(shown)) ?? 0;
    return count >= minimumServed ? [] : [`${count} homes share a symbol`];
  });
}

const homesBySymbol = new Map<Maker, Map<string, number>>();
const symbolOf = ({ zone_id, lon, lat }: { zone_id: string; lon: number; lat: number }): string =>
  `${zone_id} ${lon} ${lat}`;

/** Every home as an outage of its own: at which symbol would it be shown? */
function countHomes(make: Maker): Map<string, number> {
  const counts = new Map<string, number>();
  for (let meter = 0; meter < meterCount; meter++)
    for (const shown of make([outageAt(1, meter, 50)]).outages)
      counts.set(symbolOf(shown), (counts.get(symbolOf(shown)) ?? 0) + 1);
  homesBySymbol.set(make, counts);
  return counts;
}

/** P6: no id, name, device or free text of the control room gets out. */
function textViolations(outages: Outage[], make: Maker): string[] {
  const all = documents(make(outages)).join('\n');
  return ['OUT-', 'XF-', 'Miller', 'Elm', 'F-1'].filter((secret) => all.includes(secret));
}

const exactZones: Maker = (outages) => {
  const picture = real(outages);
  const zones = picture.zones.map((zone) => {
    const inZone = outages.filter((outage) => outage.area_id === zone.id);
    return { ...zone, customers_out: inZone.reduce((sum, outage) => sum + outage.customers_out, 0) };
  });
  return { ...picture, zones, customers_out: zones.reduce((sum, zone) => sum + zone.customers_out, 0) };
};
const exactTotal: Maker = (outages) => ({
  ...real(outages),
  customers_out: outages.reduce((sum, outage) => sum + outage.customers_out, 0),
});
const smallShown: Maker = (outages) => publicPicture(outages, { ...masking, smallest: 1 });
const around = (place: Cells['around']): Maker => {
  return (outages) => publicPicture(outages, { ...masking, cells: { ...cells, around: place } });
};
const atTheDevice = around((lon, lat) => ({ lon, lat, size: 0.0005 }));
/** Squares that hold two zones: the zone beside the symbol says which few homes of it are meant. */
const zonesShareSquares = around((lon, lat) => makeCells(network, minimumServed, () => 0).around(lon, lat, 0));
/** The smallest square with enough homes in all: one that is wider says that it is none of the dense ones inside. */
const widerSquares = around((lon, lat, zone) => {
  for (let size = 0.01; ; size *= 2) {
    const [west, south] = [Math.floor(lon / size) * size, Math.floor(lat / size) * size];
    let served = 0;
    for (let meter = 0; meter < meterCount; meter++) {
      const home = placeOf(meter);
      const isIn = home.lon >= west && home.lon < west + size && home.lat >= south && home.lat < south + size;
      if (isIn && zoneOf(meter) === zone) served++;
    }
    if (served >= minimumServed || size > 5) return { lon: west + size / 2, lat: south + size / 2, size };
  }
});
const countsHidden: Maker = (outages) => {
  const picture = real(outages);
  const count = (zone: string): number => outages.filter((outage) => outage.area_id === zone).length;
  return { ...picture, zones: picture.zones.map((zone) => ({ ...zone, outages: count(zone.id) })) };
};
const ownIds: Maker = (outages) => publicPicture(outages, { ...masking, publicId: (id) => id });
const freeText: Maker = (outages) => ({
  ...real(outages),
  zones: zones.map((zone) => ({
    ...zone,
    name: outages[0]?.cause ?? '',
    customers_out: 0,
    outages: 0,
    planned: 0,
    planned_to: null,
  })),
});

const laws: {
  name: string;
  property: (make: Maker) => fc.IProperty<unknown>;
  planted: Record<string, Maker>;
  runs?: number;
}[] = [
  {
    name: 'P1, P5: counts are steps of k at each level and between levels',
    property: (make) => fc.property(given, (outages) => assert.deepEqual(countViolations(outages, make), [])),
    planted: { exactZones, exactTotal, smallShown, countsHidden },
  },
  {
    name: 'P2: a home alone changes nothing, or one zone by k',
    property: (make) =>
      fc.property(given, fc.nat(meterCount - 1), fc.integer({ min: 1, max: smallest - 1 }), (outages, meter, homes) =>
        assert.deepEqual(loneHomeViolations(outages, meter, homes, make), []),
      ),
    planted: { exactZones, exactTotal, smallShown, countsHidden },
  },
  {
    name: 'P3: one home that comes back changes counts by 0 or k',
    property: (make) =>
      fc.property(
        given.filter((outages) => outages.length > 0),
        fc.nat(),
        (outages, at) => assert.deepEqual(oneBackViolations(outages, at % outages.length, make), []),
      ),
    planted: { exactZones, smallShown },
  },
  {
    name: 'P4: a symbol and its zone are those of many homes',
    property: (make) => fc.property(given, (outages) => assert.deepEqual(positionViolations(outages, make), [])),
    planted: { atTheDevice, zonesShareSquares, widerSquares },
  },
  {
    name: 'P6: nothing of the control room but what is meant for the public',
    property: (make) => fc.property(given, (outages) => assert.deepEqual(textViolations(outages, make), [])),
    planted: { ownIds, freeText },
  },
];

const work = fc.array(
  fc.record({
    zone: fc.nat(zones.length - 1),
    meters: fc.uniqueArray(fc.nat(60), { minLength: 1, maxLength: 40 }),
    toMs: fc.integer({ min: 1_783_190_000_000, max: 1_783_200_000_000 }),
  }),
  { maxLength: 6 },
);
const toWork = (list: { zone: number; meters: number[]; toMs: number }[]): PlannedWork[] =>
  list.map(({ zone, meters, toMs }) => ({ zone_id: zones[zone].id, meters, toMs }));
type Planner = (windows: readonly PlannedWork[]) => PublicPicture;
/** P7: counts are steps of k of the homes, each once; a window below k changes one zone by k or nothing. */
function plannedViolations(windows: PlannedWork[], small: PlannedWork, make: Planner): string[] {
  const before = make(windows);
  const wrong = before.zones.flatMap((zone) => {
    const homes = new Set(windows.filter(({ zone_id }) => zone_id === zone.id).flatMap(({ meters }) => meters)).size;
    const isRight = isStep(zone.planned) && zone.planned <= homes && homes - zone.planned < smallest;
    return isRight ? [] : [`${zone.planned} of ${homes}`];
  });
  const after = make([...windows, small]);
  for (const [i, { planned, planned_to }] of before.zones.entries()) {
    if (![0, smallest].includes(after.zones[i].planned - planned)) wrong.push('the small window shows');
    if (after.zones[i].planned_to !== planned_to) wrong.push('its end shows');
  }
  return wrong;
}
const plannedLaw = (make: Planner) =>
  fc.property(work, fc.nat(zones.length - 1), fc.integer({ min: 1, max: smallest - 1 }), (list, zone, homes) => {
    const small = { zone, meters: Array.from({ length: homes }, (_, i) => 1000 + i), toMs: 1_783_300_000_000 };
    assert.deepEqual(plannedViolations(toWork(list), toWork([small])[0], make), []);
  });
const plannedBugs: Record<string, Planner> = {
  homesCountedTwice: (windows) =>
    publicPicture(
      [],
      masking,
      windows.map((one, i) => ({ ...one, meters: one.meters.map((meter) => meter + i * 10_000) })),
    ),
  smallestForgotten: (windows) => publicPicture([], { ...masking, smallest: 1 }, windows),
};

describe('what the public sees of planned work', () => {
  test('P7: steps of k, each home once, small windows hidden', () =>
    fc.assert(
      plannedLaw((windows) => publicPicture([], masking, windows)),
      { numRuns: 300 },
    ));
  for (const [bug, make] of Object.entries(plannedBugs))
    test(`P7: finds the planted bug ${bug}`, () =>
      assert.equal(fc.check(plannedLaw(make), { numRuns: 300 }).failed, true));
  test('P7: the page names it in both languages, and says nothing where there is none', () => {
    const meters = Array.from({ length: 12 }, (_, i) => i);
    const windows = [{ zone_id: zones[1].id, meters, toMs: Date.parse('2026-07-04T20:07:00Z') }];
    const [, summary, english, spanish] = documents(publicPicture([], masking, windows));
    assert.match(
      english,
      /<h2>Planned work<\/h2>\n<ul class="outages"><li><b>10 customers<\/b>, Town 1, until <time[^>]*>8:15 PM/,
    );
    assert.match(spanish, /Trabajos programados<\/h2>.*10 clientes/s);
    assert.match(summary, /"planned":10,"planned_to":"2026-07-04T20:15:00.000Z"/);
    assert.doesNotMatch(documents(real([])).join(), /Planned work|Trabajos programados/);
  });
});

describe('what the public sees', () => {
  for (const { name, property, planted } of laws) {
    test(name, () => fc.assert(property(real), { numRuns: 150 }));
    for (const [bug, make] of Object.entries(planted))
      test(`${name}: finds the planted bug ${bug}`, () =>
        assert.equal(fc.check(property(make), { numRuns: 300 }).failed, true));
  }

  test('P4: an outage in a zone too small for a region is not shown, and counts in its zone', () => {
    const hamlet = [...zones, { id: 'AREA-9', name: 'Hamlet', served: minimumServed - 1 }];
    const ofHamlet = makeCells(network, minimumServed, (meter) =>
      meter < minimumServed - 1 ? zones.length : zoneOf(meter),
    );
    const outage = outageAt(1, 0, 20, { area_id: 'AREA-9' });
    const picture = publicPicture([outage], { ...masking, cells: ofHamlet, zones: hamlet });
    assert.deepEqual([picture.outages, picture.customers_out], [[], 20]);
    assert.deepEqual([picture.zones[3].customers_out, picture.zones[3].outages], [20, 0]);
  });

  test('P6: estimates are told outwards, in steps of a quarter of an hour or more', () => {
    const told = (etr_p50: string | null, etr_p90: string) => {
      const [{ etr_from, etr_to }] = real([outageAt(1, 0, 50, { etr_p50, etr_p90 })]).outages;
      return [etr_from, etr_to];
    };
    const at = (time: string): string => `2026-07-04T${time}:00.000Z`;
    assert.deepEqual(told(at('20:10'), at('21:40')), [at('20:00'), at('21:45')]);
    assert.deepEqual(told(at('20:10'), at('23:40')), [at('20:00'), '2026-07-05T00:00:00.000Z']);
    assert.deepEqual(told(null, at('20:15')), [at('20:15'), at('20:30')]);
  });

  test('the order of the outages does not matter, and since is told in steps of five minutes', () => {
    fc.assert(
      fc.property(given, (outages) => {
        assert.deepEqual(real(outages), real(outages.toReversed()));
        for (const outage of real(outages).outages) assert.match(outage.since, /T18:15:00.000Z$/);
      }),
      { numRuns: 50 },
    );
  });
});
