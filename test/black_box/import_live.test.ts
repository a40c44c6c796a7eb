/** Real feeders brought into a running center: taken over live, known to every part of it, operated like its own. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { NetworkSummary, SwitchResult } from '#model/api/network.ts';
import type { Outage } from '#model/api/outages.ts';
import type { LatestReading, Receipt } from '#model/api/readings.ts';
import type { ReliabilityRow } from '#model/api/reliability.ts';
import { edgeStatuses, unpackEdgeStatus } from '#model/map.ts';
import { isSwitchable, type NetworkColumns } from '#model/network.ts';
import { buildTopology } from '#services/network/topology.ts';
import { readOpenDss } from '#sources/opendss/read_opendss.ts';
import { readStream } from '../http/event_stream.ts';
import { assertNothingLost, type Sender, startSending } from '../integrity/sender.ts';
import { absent, flux, type RunningCenter, sharedNetworks, startCenter, until } from '../running_center.ts';

interface Feeder {
  name: string;
  source: string;
  flags: string[];
  loads: number;
}
/** figures of the publishers */
const feeders: Feeder[] = [
  { name: 'EPRI8500', source: 'opendss/8500-Node', flags: ['--place', '-95.2,29.7'], loads: 1177 },
  { name: 'SMARTDS', source: 'smartds', flags: [], loads: 4173 },
];
const own = 500;
const skip = absent(sharedNetworks, 'the folder of public feeders');

/** What was imported, read a second time without the center: ids and what must hang below them. */
function expectation({ name, source, flags }: Feeder): {
  network: NetworkColumns;
  meters: string[];
  /** closed switches with the number of customers below, most first */
  switches: { id: string; customers: number; nodes: number }[];
} {
  const place = flags[1]?.split(',').map(Number);
  const file = path.join(sharedNetworks, source, 'Master.dss');
  const { network } = readOpenDss(file, { name, place: place && { lon: place[0], lat: place[1] } });
  const topology = buildTopology(network);
  const switches = Array.from({ length: network.edge.count }, (_, edge) => edge)
    .filter((edge) => isSwitchable(network.edge.kind[edge]) && !topology.isOpen(edge))
    .map((edge) => ({
      id: network.edge.id.at(edge),
      customers: topology.countBelow(edge).customers,
      nodes: topology.nodesBelow(edge).length,
    }))
    .filter(({ customers }) => customers > 0)
    .sort((a, b) => b.customers - a.customers);
  return { network, meters: Array.from({ length: network.meter.count }, (_, m) => network.meter.id.at(m)), switches };
}

describe('importing OpenDSS feeders into a running center', { skip }, () => {
  let center: RunningCenter;
  let sender: Sender;
  let meters = own;
  before(async () => {
    center = await startCenter({ meters: own });
    // the utility's readings do not stop for an import
    sender = startSending(center);
  });
  after(async () => {
    await sender?.stop();
    await center?.stop();
  });
  const summary = async () => (await center.call<NetworkSummary>('GET', '/api/network/summary')).body;
  const operate = (id: string, operation: 'open' | 'close') =>
    center.call<SwitchResult>('POST', `/api/network/switches/${encodeURIComponent(id)}`, {
      operation,
      reason: 'test of an import',
    });
  const outageAt = async (id: string) =>
    (await center.call<Outage[]>('GET', '/api/outages')).body.find(
      (outage) => outage.device_id === id && outage.customers_out > 0,
    );

  for (const feeder of feeders) {
    describe(feeder.name, () => {
      let wanted: ReturnType<typeof expectation>;
      before(() => {
        wanted = expectation(feeder);
      });

      test('the center takes it over at once: new map version, every customer, nothing of its own lost', async () => {
        const stream = await readStream(center);
        const { data: first } = await stream.next('snapshot');
        const then = await summary();
        const imported = await flux([
          'network',
          'import',
          path.join(sharedNetworks, feeder.source),
          '--format',
          'opendss',
          '--name',
          feeder.name,
          ...feeder.flags,
          '--data',
          center.folder,
          '--json',
        ]);
        assert.equal(imported.status, 0, imported.stderr);
        const report = JSON.parse(imported.stdout);
        meters += wanted.network.meter.count;
        assert.deepEqual([report.loads, report.rejected, report.meters_total], [feeder.loads, 0, meters]);
        assert.equal(report.meters, wanted.network.meter.count);
        assert.notEqual(String(report.network_version), first.network_version);

        const { data: announced } = await stream.next('network');
        assert.equal(announced.version, String(report.network_version));
        await stream.next('snapshot', ({ network_version }) => network_version === announced.version);
        const { body: current } = await center.call<{ version: string }>('GET', '/api/map/current');
        assert.equal(current.version, announced.version);
        assert.equal((await center.call('GET', `/api/map/${first.network_version}/network`)).status, 404);
        assert.equal((await center.call('GET', `/api/map/${current.version}/network`)).status, 200);
        const now = await summary();
        assert.deepEqual(
          [now.meters, now.edges - then.edges, now.nodes - then.nodes, now.components - then.components],
          [meters, wanted.network.edge.count, wanted.network.node.count, 1],
        );
        const served = await center.call<ReliabilityRow[]>('GET', '/api/reliability');
        assert.equal(served.body[0].customers_served, meters, 'indices divide by them, too');
        await stream.close();
        const twice = await flux([
          'network',
          'import',
          path.join(sharedNetworks, feeder.source),
          '--format',
          'opendss',
          '--name',
          feeder.name,
          ...feeder.flags,
          '--data',
          center.folder,
          '--json',
        ]);
        assert.equal(twice.status, 1, 'the same ids a second time');
        assert.doesNotMatch(twice.stderr, /\n\s+at /);
        assert.deepEqual(await summary(), now);
      });

      test('readings of its meters are taken, shown and summed up', async () => {
        const reading_time = new Date(Math.floor(Date.now() / 900_000) * 900_000 - 4 * 900_000).toISOString();
        const records = wanted.meters.map((meter_id, i) => ({ meter_id, reading_time, kwh: i / 100, voltage: 240 }));
        const { body } = await center.call<Receipt>('POST', '/api/readings', records);
        assert.deepEqual([body.accepted, body.set_aside], [wanted.meters.length, 0]);
        const last = wanted.meters.length - 1;
        const latest = await center.call<LatestReading>(
          'GET',
          `/api/readings/latest?meter=${encodeURIComponent(wanted.meters[last])}`,
        );
        assert.equal(latest.body.kwh, last / 100);
        await center.call('POST', '/api/pipeline/refresh');
        const id = wanted.network.feeder.id.at(0);
        const { body: trend } = await center.call<{ load_kw: (number | null)[] }>(
          'GET',
          `/api/analytics/trend?level=feeder&id=${encodeURIComponent(id)}`,
        );
        const kw = (records.reduce((sum, record) => sum + record.kwh, 0) * 60) / 15;
        assert.ok(
          trend.load_kw.some((value) => value !== null && Math.abs(value - kw) < 1),
          `${kw} kW is not in ${trend.load_kw}`,
        );
      });

      test('an opened switch is an outage of exactly the customers below; closed again, they are back', async () => {
        const before = await summary();
        // the largest, one in the middle, the smallest
        const { switches } = wanted;
        for (const { id, customers, nodes } of [switches[0], switches[switches.length >> 1], switches.at(-1)!]) {
          const stream = await readStream(center);
          await stream.next('snapshot');
          const ahead = await center.call<SwitchResult>(
            'GET',
            `/api/network/switches/${encodeURIComponent(id)}/lookahead?operation=open`,
          );
          assert.equal(ahead.body.customers_dropped, customers, id);
          assert.equal((await summary()).de_energised_nodes, before.de_energised_nodes, 'looking changes nothing');

          const opened = await operate(id, 'open');
          assert.deepEqual([opened.status, opened.body.customers_dropped], [200, customers], id);
          const outage = await until('the outage', () => outageAt(id));
          assert.deepEqual([outage.customers_out, outage.source], [customers, 'grid_event'], id);
          assert.equal((await summary()).de_energised_nodes - before.de_energised_nodes, nodes, id);
          const { data: delta } = await stream.next('delta', ({ edges }) => edges !== undefined);
          const shown = new Map<number, string>();
          unpackEdgeStatus(delta.edges!, (row, status) => shown.set(row, edgeStatuses[status]));
          assert.ok(['open', 'outage_device'].includes(shown.get(outage.edge_row)!), id);
          assert.ok([...shown.values()].includes('de_energised') || nodes <= 1);

          const closed = await operate(id, 'close');
          assert.deepEqual([closed.status, closed.body.customers_restored], [200, customers], id);
          await until(`the customers of ${id} are back`, async () => (await outageAt(id)) === undefined);
          assert.equal((await summary()).de_energised_nodes, before.de_energised_nodes);
          await stream.close();
        }
      });
    });
  }

  test('readings came in all the while, and none was lost', async () => {
    await sender.stop();
    assert.deepEqual([...sender.refused], []);
    await assertNothingLost(center, sender.acknowledged + meters - own);
  });

  test('killed and started again: everything is still there, an open switch stays open', async () => {
    const { switches } = expectation(feeders[1]);
    await operate(switches[0].id, 'open');
    await until('the outage', () => outageAt(switches[0].id));
    const before = await summary();
    await center.kill();
    center = await center.again();
    assert.deepEqual(await summary(), before);
    assert.equal((await outageAt(switches[0].id))?.customers_out, switches[0].customers);
    await operate(switches[0].id, 'close');
    await until('they are back', async () => (await outageAt(switches[0].id)) === undefined);
  });

  test('without its snapshot file the network is read from the tables, and is the same', async () => {
    const before = await summary();
    await center.kill();
    await fs.rm(path.join(center.folder, 'network.columns'));
    center = await center.again();
    assert.deepEqual(await summary(), before);
  });
});
