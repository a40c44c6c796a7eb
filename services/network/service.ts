/** The network capability: what is where, what hangs on what, and switching. */
import type { Asset, NetworkSummary, SearchHit, SwitchResult, Trace, TraceDirection } from '#model/api/network.ts';
import { FluxError } from '#model/errors.ts';
import { packEdgeStatus } from '#model/map.ts';
import { edgeKinds, isSwitchable, type NetworkColumns } from '#model/network.ts';
import { inTransaction, type Pool } from '#stores/postgres/pool.ts';
import { areaOf, describeAsset, findAsset, searchAssets } from './assets.ts';
import { type LiveGrid, makeLiveGrid } from './live_grid.ts';
import { boundsOf, meterBundle, metersBySubstation, networkBundle } from './map_bundle.ts';
import { clearSwitchState, setPosition, setSwitchState, switchStates } from './sql.ts';
import { traceAsset } from './trace.ts';
import { components, loops } from './trace_loops.ts';

export interface Operated {
  edge: number;
  open: boolean;
  actor: string;
  reason: string;
  atMs: number;
  changedEdges: number[];
}

export interface NetworkService {
  grid(): LiveGrid;
  /** Takes over a network (first load, import), with the switch states of the store. */
  replace(network: NetworkColumns, version: string): Promise<void>;
  summary(): NetworkSummary;
  asset(id: string): Asset;
  assetOfEdge(row: number): Asset;
  assetOfMeter(key: number): Asset;
  areaOfAsset(id: string): string | null;
  search(words: string, limit: number): SearchHit[];
  trace(id: string, direction: TraceDirection, withRows: boolean): Trace;
  lookAhead(id: string, open: boolean): SwitchResult;
  operate(id: string, open: boolean, actor: string, reason: string): Promise<SwitchResult>;
  /** The store has it already: the grid as operated follows, and those who are told of operations are told. */
  follow(move: Omit<Operated, 'changedEdges'>): void;
  mapNetwork(version: string): Promise<Uint8Array>;
  mapMeters(version: string, substationRow: number): Promise<Uint8Array>;
  packEdges(rows: number[]): string;
}

export interface NetworkNeeds {
  pool: Pool;
  /** told after each switching operation */
  operated: (operation: Operated) => void;
  /** @throws FluxError where a tag or a ground in the field forbids it */
  guard?: (id: string, open: boolean) => Promise<void>;
}

export function makeNetworkService(needs: NetworkNeeds): NetworkService {
  let grid: LiveGrid | undefined;
  let meters: ReturnType<typeof metersBySubstation> | undefined;
  let summary: NetworkSummary | undefined;
  const bundles = new Map<string, Promise<Uint8Array>>();
  const maxMeterBundles = 64;

  /** Sorted when the first map is asked for. */
  function ofSubstation(row: number): Int32Array {
    meters ??= metersBySubstation(now().network);
    return meters.meterKey.subarray(meters.offset[row], meters.offset[row + 1]);
  }

  function now(): LiveGrid {
    if (!grid) throw new FluxError('not_ready', 'the network is not loaded yet', { canRetry: true });
    return grid;
  }

  function bundle(version: string, name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    if (version !== now().version)
      throw new FluxError(
        'old_version',
        `network version ${version} was replaced by ${now().version}; load /api/map/current again`,
      );
    const known = bundles.get(name);
    if (known) return known;
    const made = make();
    made.catch(() => bundles.delete(name));
    bundles.set(name, made);
    // The oldest meter bundle makes room; the network itself stays.
    if (bundles.size > maxMeterBundles)
      for (const key of bundles.keys())
        if (key !== 'network') {
          bundles.delete(key);
          break;
        }
    return made;
  }

  function switchable(id: string): number {
    const ref = findAsset(now(), id);
    if (ref.type !== 'edge' || !isSwitchable(now().network.edge.kind[ref.row])) {
      throw new FluxError(
        'not_switchable',
        `${id} is no switching device; breakers, reclosers, sectionalizers, fuses and switches can be operated`,
      );
    }
    return ref.row;
  }

  return {
    grid: now,
    replace: async (network, version) => {
      const states = await switchStates(needs.pool);
      let isOpen: Uint8Array | undefined;
      if (states.length > 0) {
        isOpen = network.edge.normallyOpen.slice();
        for (const state of states) isOpen[state.equipment_key] = state.is_open ? 1 : 0;
      }
      grid = makeLiveGrid(network, version, isOpen);
      meters = undefined;
      summary = undefined;
      bundles.clear();
    },
    summary: () => {
      summary ??= summarise(now());
      return { ...summary, de_energised_nodes: deadNodes(now()) };
    },
    asset: (id) => describeAsset(now(), findAsset(now(), id)),
    assetOfEdge: (row) => {
      if (!(row >= 0 && row < now().network.edge.count))
        throw new FluxError('unknown_asset', `there is no edge row ${row} in network version ${now().version}`);
      return describeAsset(now(), { type: 'edge', row });
    },
    assetOfMeter: (key) => {
      if (!(key >= 0 && key < now().network.meter.count))
        throw new FluxError('unknown_asset', `there is no meter key ${key} in network version ${now().version}`);
      return describeAsset(now(), { type: 'meter', row: key });
    },
    areaOfAsset: (id) => areaOf(now(), findAsset(now(), id)),
    search: (words, limit) => searchAssets(now(), words, limit),
    trace: (id, direction, withRows) => traceAsset(now(), id, direction, withRows),
    lookAhead: (id, open) => {
      const edge = switchable(id);
      const { operated } = now();
      if (operated.isOpen(edge) === open)
        return { id, open, customers_dropped: 0, customers_restored: 0, nodes_renumbered: 0 };
      // Done and undone on the same arrays: a switching step costs microseconds, a copy of the grid would not.
      const there = operated.setOpen(edge, open);
      const result = resultOf(now(), id, open, there);
      operated.setOpen(edge, !open);
      return result;
    },
    operate: async (id, open, actor, reason) => {
      const edge = switchable(id);
      await needs.guard?.(id, open);
      const isNormal = (now().network.edge.normallyOpen[edge] === 1) === open;
      const atMs = Date.now();
      await inTransaction(needs.pool, async (client) => {
        await setPosition(client, edge, open, atMs);
        if (isNormal) await clearSwitchState(client, edge);
        else await setSwitchState(client, { key: edge, isOpen: open, source: 'operator', actor, reason });
      });
      const done = now().setOpen(edge, open);
      if (done.changed) {
        // components and loops are those of the grid as operated
        summary = undefined;
        needs.operated({ edge, open, actor, reason, atMs, changedEdges: done.changedEdges });
      }
      return resultOf(now(), id, open, done);
    },
    follow: (move) => {
      const done = now().setOpen(move.edge, move.open);
      if (done.changed) summary = undefined;
      needs.operated({ ...move, changedEdges: done.changedEdges });
    },
    mapNetwork: (version) =>
      bundle(version, 'network', () => networkBundle(now().network, version, (row) => ofSubstation(row).length)),
    mapMeters: (version, row) => {
      if (!(row >= 0 && row < now().network.substation.count))
        throw new FluxError('unknown_asset', `there is no substation row ${row}`);
      return bundle(version, `meters ${row}`, () => meterBundle(now().network, version, row, ofSubstation(row)));
    },
    packEdges: (rows) => packEdgeStatus(rows, now().statusOf),
  };
}

function customersAt(grid: LiveGrid, nodes: Int32Array): number {
  if (nodes.length === 0) return 0;
  const { meterOffset } = grid.operated.graph;
  let customers = 0;
  for (const node of nodes) customers += meterOffset[node + 1] - meterOffset[node];
  return customers;
}

function resultOf(
  grid: LiveGrid,
  id: string,
  open: boolean,
  done: { deEnergised: Int32Array; energised: Int32Array; nodesRenumbered: number },
): SwitchResult {
  return {
    id,
    open,
    customers_dropped: customersAt(grid, done.deEnergised),
    customers_restored: customersAt(grid, done.energised),
    nodes_renumbered: done.nodesRenumbered,
  };
}

function deadNodes(grid: LiveGrid): number {
  let dead = 0;
  for (let node = 0; node < grid.network.node.count; node++) if (!grid.operated.isEnergised(node)) dead++;
  return dead;
}

function summarise(grid: LiveGrid): NetworkSummary {
  const { network } = grid;
  const { edge, meter } = network;
  const byKind: Record<string, number> = Object.fromEntries(edgeKinds.map((kind) => [kind, 0]));
  for (let e = 0; e < edge.count; e++) byKind[edgeKinds[edge.kind[e]]]++;
  let critical = 0;
  let peakKw = 0;
  for (let m = 0; m < meter.count; m++) {
    if (meter.critical[m] > 0) critical++;
    peakKw += meter.peakKw[m];
  }
  return {
    name: network.name,
    version: grid.version,
    areas: network.area.count,
    substations: network.substation.count,
    feeders: network.feeder.count,
    nodes: network.node.count,
    edges: edge.count,
    line_segments: byKind.line_segment,
    transformers: byKind.power_transformer,
    meters: meter.count,
    critical_customers: critical,
    peak_kw: Math.round(peakKw),
    components: components(grid.operated).length,
    loops: loops(grid.operated).length,
    de_energised_nodes: 0,
    bounds: boundsOf(network),
    by_kind: byKind,
  };
}
