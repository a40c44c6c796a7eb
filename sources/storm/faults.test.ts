/** Laws of the weather and of what it breaks. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { edgeKindCode } from '#model/network.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { extentOf, type Fault, type FaultSettings, faultDefaults, faultsOf, vegetationAt } from './faults.ts';
import { arrivalS, gustMsAt, makeFront, strengthAt } from './front.ts';

const network = generateTerritory({ scale: 3000, seed: 2 });
const extent = extentOf(network);
const severe: FaultSettings = { ...faultDefaults, treePerKmH: 6, debrisPerKmH: 1, transformerPerH: 0.05 };
const seeds = fc.integer({ min: 0, max: 1_000_000 });
const shares = fc.record({
  x: fc.double({ min: 0, max: 1, noNaN: true }),
  y: fc.double({ min: 0, max: 1, noNaN: true }),
});
const placeOf = ({ x, y }: { x: number; y: number }): [lon: number, lat: number] => [
  extent.west + x * (extent.east - extent.west),
  extent.south + y * (extent.north - extent.south),
];
const key = ({ edge, cause }: Fault): string => `${edge} ${cause}`;
const middleOf = (edge: number): [number, number] => [
  ((network.node.lonE7[network.edge.from[edge]] + network.node.lonE7[network.edge.to[edge]]) / 2) * 1e-7,
  ((network.node.latE7[network.edge.from[edge]] + network.node.latE7[network.edge.to[edge]]) / 2) * 1e-7,
];

describe('front', () => {
  test('gusts lie between the calm and the peak; beside the path and before the arrival it is calm', () => {
    fc.assert(
      fc.property(seeds, shares, fc.double({ min: 0, max: 30_000, noNaN: true }), (seed, share, atS) => {
        const front = makeFront({ seed, extent, hours: 4 });
        const [lon, lat] = placeOf(share);
        const gust = gustMsAt(front, lon, lat, atS);
        assert.ok(gust >= front.calmMs && gust <= front.peakMs);
        if (strengthAt(front, lon, lat) === 0) assert.equal(gust, front.calmMs);
        // gusts rise over two kilometres before the line
        const riseS = (2 / front.kmPerHour) * 3600 + 1;
        if (atS < arrivalS(front, lon, lat) - riseS) assert.equal(gust, front.calmMs);
      }),
    );
  });

  test('it has crossed the whole territory before its hours are over', () => {
    fc.assert(
      fc.property(seeds, shares, (seed, share) => {
        const front = makeFront({ seed, extent, hours: 4 });
        const at = arrivalS(front, ...placeOf(share));
        assert.ok(at === Number.POSITIVE_INFINITY || at <= 4 * 3600);
      }),
    );
  });
});

describe('faults', () => {
  test('beside the path only the base rate breaks anything', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const front = makeFront({ seed, extent, hours: 3 });
        for (const fault of faultsOf(network, { ...front, halfWidthKm: 0.8 }, 3, { ...severe, basePerKmH: 0 })) {
          // the weather is that of a cell of about a kilometre: its middle must lie in the path
          const [lon, lat] = middleOf(fault.edge).map((degrees) => (Math.floor(degrees * 100) + 0.5) / 100);
          assert.ok(strengthAt({ ...front, halfWidthKm: 0.8 }, lon, lat) > 0, key(fault));
        }
      }),
      { numRuns: 30 },
    );
  });

  test('more exposure only adds faults, and brings none later', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.double({ min: 1, max: 4, noNaN: true }),
        fc.integer({ min: 0, max: 3 }),
        (seed, more, what) => {
          const front = makeFront({ seed, extent, hours: 3 });
          const stronger =
            what === 3
              ? faultsOf(network, { ...front, peakMs: front.peakMs * more }, 3, severe)
              : faultsOf(network, front, 3, {
                  ...severe,
                  treePerKmH: severe.treePerKmH * (what === 0 ? more : 1),
                  debrisPerKmH: severe.debrisPerKmH * (what === 1 ? more : 1),
                  thresholdMs: severe.thresholdMs / (what === 2 ? more : 1),
                });
          const later = new Map(stronger.map((fault) => [key(fault), fault.atS]));
          for (const fault of faultsOf(network, front, 3, severe)) {
            const atS = later.get(key(fault));
            assert.ok(atS !== undefined && atS <= fault.atS + 1e-6, key(fault));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('nothing underground, no device, and no line without vegetation by a tree', () => {
    const front = makeFront({ seed: 5, extent, hours: 3, peakMs: 60 });
    const faults = faultsOf(network, front, 3, severe);
    assert.ok(faults.length > 20);
    for (const { edge, cause } of faults) {
      const kind = network.edge.kind[edge];
      assert.equal(network.edge.underground[edge] === 1 && kind === edgeKindCode.line_segment, false);
      assert.equal(kind, cause === 'lightning' ? edgeKindCode.power_transformer : edgeKindCode.line_segment);
    }
    fc.assert(
      fc.property(seeds, shares, (seed, share) => {
        const vegetation = vegetationAt(seed, ...placeOf(share));
        assert.ok(vegetation >= 0 && vegetation <= 1);
      }),
    );
  });

  test('trees fall after the gusts, too: some late ones come when the place is calm again', () => {
    const front = { ...makeFront({ seed: 5, extent, hours: 8, peakMs: 60 }), depthKm: 0.4 };
    const late = faultsOf(network, front, 8, severe).filter(({ cause }) => cause === 'late tree');
    const inCalm = late.filter(({ edge, atS }) => gustMsAt(front, ...middleOf(edge), atS) < severe.thresholdMs);
    assert.ok(inCalm.length > 0, `${late.length} late ones`);
  });

  test('same seed, same faults; another seed, others', () => {
    const of = (seed: number) => faultsOf(network, makeFront({ seed, extent, hours: 3 }), 3, severe);
    assert.deepEqual(of(7), of(7));
    assert.notDeepEqual(of(7), of(8));
  });
});
