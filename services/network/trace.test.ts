import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FluxError } from '#model/errors.ts';
import { edgeKindCode, type NetworkColumns } from '#model/network.ts';
import { NetworkBuilder } from '#model/network_builder.ts';
import { describeAsset, findAsset, searchAssets } from './assets.ts';
import { makeLiveGrid } from './live_grid.ts';
import { boundsOf, homeBoundsOf } from './map_bundle.ts';
import { traceAsset } from './trace.ts';

/** Two feeders of one substation, a tie between their ends: source > breaker > line > switch > line > transformer (2 meters). */
function twoFeeders(farAway = false): NetworkColumns {
  const b = new NetworkBuilder('test');
  const area = b.addArea({ id: 'A', name: 'A' });
  const substation = b.addSubstation({ id: 'SUB', name: 'Main', lonE7: 0, latE7: 0, area });
  const ends: number[] = [];
  for (let f = 0; f < 2; f++) {
    const feeder = b.addFeeder({ id: `F${f}`, name: `Main ${f}`, substation, nominalKv: 12.47 });
    const shift = farAway && f === 1 ? 400_000_000 : 0;
    const n = Array.from({ length: 6 }, (_, i) =>
      b.addNode({ id: `N${f}${i}`, lonE7: i * 1000 + shift, latE7: f * 1000, feeder }),
    );
    const edge = (id: string, kind: keyof typeof edgeKindCode, from: number, to: number) =>
      b.addEdge({
        id: `${id}${f}`,
        kind: edgeKindCode[kind],
        from: n[from],
        to: n[to],
        feeder,
        phases: 7,
        lengthM: 100,
        ratedKva: kind === 'power_transformer' ? 50 : 0,
      });
    b.setFeederHead(feeder, n[0], edge('BRK', 'breaker', 0, 1));
    edge('LNA', 'line_segment', 1, 2);
    edge('SW', 'switch', 2, 3);
    edge('LNB', 'line_segment', 3, 4);
    const transformer = edge('XF', 'power_transformer', 4, 5);
    // The second feeder has one meter more where it lies far away, so that the middle customer is its.
    for (let m = 0; m < 2 + (farAway && f === 0 ? 2 : 0); m++) {
      b.addMeter({
        id: `M${f}${m}`,
        node: n[5],
        transformer,
        customerClass: 0,
        critical: m,
        phases: 7,
        lonE7: 5000 + shift,
        latE7: 0,
        peakKw: 3,
      });
    }
    ends.push(n[4]);
  }
  b.addEdge({
    id: 'TIE',
    kind: edgeKindCode.switch,
    from: ends[0],
    to: ends[1],
    feeder: 0,
    phases: 7,
    normallyOpen: true,
  });
  return b.finish();
}

const grid = () => makeLiveGrid(twoFeeders(), '1');

test('down a feeder, a device, a meter and a whole substation', () => {
  const at = grid();
  assert.equal(traceAsset(at, 'F0', 'down', true).customers, 2);
  assert.deepEqual(
    [traceAsset(at, 'SW1', 'down', true).customers, traceAsset(at, 'SW1', 'down', true).transformers],
    [2, 1],
  );
  assert.deepEqual([traceAsset(at, 'M00', 'down', true).customers, traceAsset(at, 'M00', 'down', true).edges], [1, 0]);
  const all = traceAsset(at, 'SUB', 'down', true);
  assert.deepEqual([all.customers, all.critical_customers, all.kw, all.nodes], [4, 2, 12, 10]);
  const rows = new Uint32Array(Uint8Array.fromBase64(all.edge_rows).buffer);
  assert.equal(rows.length, all.edges);
  assert.equal(new Set(rows).size, rows.length);
  assert.equal(traceAsset(at, 'SUB', 'down', false).edge_rows, '');
});

test('up from a meter names every device on the way', () => {
  const up = traceAsset(grid(), 'M10', 'up', true);
  assert.deepEqual(
    up.devices.map((d) => d.id),
    ['XF1', 'SW1', 'BRK1'],
  );
  assert.deepEqual([up.customers, up.length_m], [1, 500]);
});

test('isolation opens the switch above a fault and offers the tie for what lies healthy below', () => {
  const above = traceAsset(grid(), 'LNA0', 'isolate', true);
  assert.deepEqual(above.devices.map((d) => d.id).sort(), ['BRK0', 'SW0']);
  assert.deepEqual(
    above.alternate_feeds.map((feed) => [feed.id, feed.feeder_id]),
    [['TIE', 'F1']],
  );
});

test('what can not be traced says why', () => {
  for (const direction of ['up', 'isolate'] as const) {
    assert.throws(
      () => traceAsset(grid(), 'SUB', direction, true),
      (error) => error instanceof FluxError && error.code === 'bad_request',
    );
  }
  assert.throws(
    () => traceAsset(grid(), 'NOBODY', 'down', true),
    (error) => error instanceof FluxError && error.code === 'unknown_asset',
  );
});

test('the look of the grid follows switching and outages, and comes back', () => {
  const at = grid();
  const row = (id: string): number => at.network.edge.id.rowOf(id);
  assert.deepEqual(at.abnormalEdges(), []);
  at.setOutageDevice(row('SW0'), true);
  assert.equal(describeAsset(at, findAsset(at, 'SW0')).status, 'outage_device');
  assert.equal(describeAsset(at, findAsset(at, 'XF0')).status, 'de_energised');
  assert.equal(describeAsset(at, findAsset(at, 'M00')).status, 'de_energised');
  assert.equal(describeAsset(at, findAsset(at, 'XF1')).status, 'energised');
  assert.equal(at.operated.isOpen(row('SW0')), false, 'the outage is no switch state');
  at.setOpen(row('BRK1'), true);
  assert.equal(describeAsset(at, findAsset(at, 'BRK1')).status, 'open');
  at.setOpen(row('BRK1'), false);
  at.setOutageDevice(row('SW0'), false);
  assert.deepEqual(at.abnormalEdges(), []);
});

test('search finds ids and names, in either case, each once', () => {
  const at = grid();
  assert.deepEqual(
    searchAssets(at, 'brk', 10).map((hit) => hit.id),
    ['BRK0', 'BRK1'],
  );
  assert.deepEqual(
    searchAssets(at, 'SUB', 10).map((hit) => [hit.id, hit.type]),
    [['SUB', 'substation']],
  );
  assert.deepEqual(
    searchAssets(at, 'main', 10).map((hit) => hit.id),
    ['SUB', 'F0', 'F1'],
  );
  assert.deepEqual(searchAssets(at, 'M0', 1).length, 1);
  // 'K0B' stands in the packed bytes only across two ids: no hit
  assert.deepEqual(searchAssets(at, '0L', 10), []);
});

test('a part of the network far away does not take the map away from the rest', () => {
  const network = twoFeeders(true);
  assert.ok(boundsOf(network)[2] > 39);
  assert.ok(homeBoundsOf(network)[2] < 1);
});
