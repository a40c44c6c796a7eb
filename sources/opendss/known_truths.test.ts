/**
 * Public feeders against what is known of them: the figures of their publishers, and what the OpenDSS engine itself
 * says (OpenDSSDirect.py 0.9.4: buses, element counts, sum of kW; bench/opponents/opendss_counts.py repeats it).
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isProtective } from '#model/network.ts';
import { type OpenDssOptions, type OpenDssResult, readOpenDss } from './read_opendss.ts';
import type { ImportReport } from './report.ts';
import { fluxError, houston } from './script_testbed.ts';

const folder = fileURLToPath(new URL('../../../shared/data/networks/', import.meta.url));
const skip =
  !existsSync(folder) && process.env.CI === undefined ? 'the shared networks are not beside the repository' : false;

const read = (path: string, options: OpenDssOptions = { place: houston }): OpenDssResult =>
  readOpenDss(`${folder}${path}`, options);

type Counts = Partial<ImportReport>;

function assertReport({ network, report }: OpenDssResult, expected: Counts): void {
  for (const [name, value] of Object.entries(expected)) {
    assert.deepEqual(report[name as keyof ImportReport], value, name);
  }
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report, 'plain JSON');
  for (const [name, entry] of Object.entries(report.classes)) {
    assert.equal(entry.read, entry.accepted + entry.rejected + entry.disabled + entry.notUsed, name);
  }
  assertSound(network, report);
}

/** What holds for every network: one tree from the sources, edges point down it, nobody is left out. */
function assertSound(network: OpenDssResult['network'], report: ImportReport): void {
  const { edge, node, feeder, meter } = network;
  const below = new Map<number, number[]>();
  for (let e = 0; e < edge.count; e++) {
    assert.ok(e === 0 || edge.feeder[e] >= edge.feeder[e - 1]);
    assert.ok(edge.lengthM[e] >= 0 && edge.ratedKva[e] >= 0 && edge.ratedA[e] >= 0 && edge.phases[e] > 0);
    if (edge.normallyOpen[e]) continue;
    below.set(edge.from[e], [...(below.get(edge.from[e]) ?? []), edge.to[e]]);
  }
  const seen = new Set<number>(feeder.sourceNode);
  for (const at of seen) for (const to of below.get(at) ?? []) seen.add(to);
  assert.equal(seen.size, node.count, 'every node is reached along the direction of the edges');
  assert.equal(edge.count - report.normallyOpen, node.count - new Set(feeder.sourceNode).size, 'a tree');
  for (let n = 0; n < node.count; n++) {
    assert.ok(node.feeder[n] >= 0 && Math.abs(node.latE7[n]) < 9e8 && Math.abs(node.lonE7[n]) < 18e8);
  }
  for (const head of feeder.headEdge) assert.ok(isProtective(edge.kind[head]) || edge.kind[head] === 5);
  const kw = meter.peakKw.reduce((sum, value) => sum + value, 0);
  assert.ok(Math.abs(kw - report.totalKw) < 0.01, 'no demand is lost between loads and meters');
}

describe('public feeders', { skip }, () => {
  test('IEEE 8500-Node', () => {
    const result = read('opendss/8500-Node');
    assertReport(result, {
      circuit: 'IEEE8500',
      nodes: 4876,
      edges: 4875,
      components: 1,
      loops: 0,
      loads: 1177,
      meters: 1177,
      transformers: 1190,
      distributionTransformers: 1177,
      substationTransformers: 1,
      regulators: 12,
      // the five disabled switches are its ties
      normallyOpen: 5,
      capacitors: 10,
      rejections: [],
    });
    assert.equal(result.report.totalKw.toFixed(1), '10773.2');
    assert.equal(result.report.totalKvar.toFixed(4), '2700.0109');
    assert.deepEqual(result.report.coordinates.withCoordinates, 4876);
    assert.equal(result.report.coordinates.scale, 'US survey feet');
    assert.equal(result.report.banks.length, 7, 'four regulator banks, three capacitor leads');
    for (const transformer of result.network.meter.transformer) assert.ok(transformer >= 0);
  });

  test('the 8500-Node script with unbalanced loads lacks a file here, and says which', () => {
    assert.throws(
      () => read('opendss/8500-Node/Master-unbal.dss'),
      fluxError('opendss_missing_file', 'Master-unbal.dss, line 20', 'UnbalancedLoads.DSS'),
    );
  });

  test('the 8500-Node study with fuses and a relay', () => {
    const { report } = read('opendss/8500-Node/Run_RecloserSiting.DSS');
    assert.deepEqual([report.fuses, report.breakers, report.edges, report.loops], [30, 1, 4875, 0]);
  });

  test('EPRI ckt5', () => {
    // Published as 2,996 buses and 591 transformers: without the substation transformer and the two buses above it.
    assertReport(read('opendss/ckt5'), {
      nodes: 2998,
      nodesBelowSubstation: 2996,
      edges: 2997,
      components: 1,
      loops: 0,
      loads: 1379,
      transformers: 592,
      distributionTransformers: 591,
      substationTransformers: 1,
      totalKw: 7132.863472,
      totalKvar: 2833.053221,
      rejections: [],
    });
  });

  test('IEEE 123', () => {
    assertReport(read('opendss/123Bus'), {
      nodes: 132,
      edges: 131,
      components: 1,
      loops: 0,
      loads: 91,
      totalKw: 3490,
      totalKvar: 1920,
      transformers: 8,
      regulators: 7,
      rejections: [],
    });
    assertReport(read('opendss/123Bus/IEEE123Switches.dss'), {
      nodes: 130,
      edges: 129,
      normallyOpen: 2,
      loops: 0,
      components: 1,
      totalKw: 3490,
    });
  });

  test('IEEE 13', () => {
    assertReport(read('opendss/13Bus'), {
      nodes: 16,
      edges: 15,
      components: 1,
      loops: 0,
      loads: 15,
      totalKw: 3466,
      totalKvar: 2102,
      transformers: 5,
      regulators: 3,
      capacitors: 2,
      rejections: [],
    });
  });

  test('IEEE 9500: three substations, in Washington State by its own coordinates', () => {
    const result = read('opendss/ieee9500dss', {});
    assertReport(result, {
      nodes: 5294,
      edges: 5293,
      components: 1,
      loops: 0,
      normallyOpen: 11,
      loads: 1275,
      transformers: 1304,
      substationTransformers: 3,
      regulators: 18,
      generators: 9,
      pvSystems: 178,
      storages: 2,
      totalKw: 12302.351,
      totalKvar: 3437.954,
      rejections: [],
    });
    const { report } = result;
    assert.equal(report.coordinates.order, 'lon,lat');
    assert.deepEqual(
      report.feeders.map(({ id, name, headEquipment, meters }) => [id, name, headEquipment, meters]),
      [
        ['source-SUPPLY', 'source supply', 'source-SUPPLY-HEAD', 0],
        ['source-F1', 'hvmv69_11sub1', 'Line.hvmv69s1b2_sw', 268],
        ['source-F2', 'hvmv69_11sub2', 'Line.hvmv69s2b2_sw', 475],
        ['source-F3', 'hvmv69_11sub3', 'Line.hvmv69s3b2_sw', 532],
      ],
    );
  });

  test('SMART-DS, near Santa Rosa', () => {
    // 4,173 is the number of `New Load` statements: 4,170 are the two 120 V legs of 2,085 customers, 3 are three-phase.
    const result = read('smartds', {});
    assertReport(result, {
      nodes: 4583,
      edges: 4582,
      components: 1,
      loops: 0,
      transformers: 337,
      distributionTransformers: 337,
      loads: 4173,
      meters: 2088,
      fuses: 44,
      pvSystems: 928,
      totalKw: 8784.231343,
      totalKvar: 2225.501372,
      rejections: [],
      warnings: [],
    });
    const [west, south, east, north] = result.report.coordinates.bounds;
    assert.ok(west > -122.8 && east < -122.7 && south > 38.4 && north < 38.5);
    assert.equal(result.report.coordinates.withCoordinates, 4583);
    const { customerClass } = result.network.meter;
    const residential = customerClass.reduce((sum, code) => sum + (code === 0 ? 1 : 0), 0);
    assert.equal(residential, 4114 / 2, 'as its load shapes are named');
    const { underground, kind } = result.network.edge;
    assert.ok(underground.some((value) => value === 1) && kind.includes(8));
  });
});
