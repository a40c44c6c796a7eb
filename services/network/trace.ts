/** Traces as an operator asks for them: what hangs below an asset, what feeds it, what isolates it. */
import type { Trace, TraceDirection } from '#model/api/network.ts';
import { FluxError } from '#model/errors.ts';
import { edgeKindCode, edgeKinds, isSwitchable } from '#model/network.ts';
import { type AssetRef, findAsset } from './assets.ts';
import type { LiveGrid } from './live_grid.ts';
import type { BelowCount } from './topology.ts';
import { isolate } from './trace_isolate.ts';

interface Traced {
  /** edge rows to draw */
  rows: ArrayLike<number>;
  nodes: number;
  below: BelowCount;
  /** edge rows: on the way up, or to open */
  devices: number[];
  feeds: { edge: number; fromNode: number }[];
}

/** @throws FluxError `unknown_asset`; `bad_request` where the direction makes no sense for the asset */
export function traceAsset(grid: LiveGrid, id: string, direction: TraceDirection, withRows: boolean): Trace {
  const startMs = performance.now();
  const ref = findAsset(grid, id);
  const traced = { down: traceDown, up: traceUp, isolate: traceIsolation }[direction](grid, ref, id);
  const { edge } = grid.network;
  const device = (row: number) => ({ id: edge.id.at(row), kind: edgeKinds[edge.kind[row]], edge_row: row });
  let lengthM = 0;
  let transformers = 0;
  for (let i = 0; i < traced.rows.length; i++) {
    lengthM += edge.lengthM[traced.rows[i]];
    if (edge.kind[traced.rows[i]] === edgeKindCode.power_transformer) transformers++;
  }
  return {
    id,
    direction,
    nodes: traced.nodes,
    edges: traced.rows.length,
    customers: traced.below.customers,
    critical_customers: traced.below.critical,
    kw: traced.below.kw,
    length_m: lengthM,
    transformers,
    devices: traced.devices.map(device),
    alternate_feeds: traced.feeds.map((feed) => ({ ...device(feed.edge), feeder_id: feederIdAt(grid, feed.fromNode) })),
    edge_rows: withRows ? new Uint8Array(Uint32Array.from(traced.rows).buffer).toBase64() : '',
    ms: performance.now() - startMs,
  };
}

/** A meter as a trace that holds only itself. */
function onlyMeter({ network }: LiveGrid, row: number): Traced {
  const below = { customers: 1, critical: network.meter.critical[row] > 0 ? 1 : 0, kw: network.meter.peakKw[row] };
  return { rows: [], nodes: 1, below, devices: [], feeds: [] };
}

/** The edge a trace of this asset begins at. */
function edgeOf({ network, operated }: LiveGrid, ref: AssetRef, id: string): number {
  if (ref.type === 'substation')
    throw new FluxError('bad_request', `${id} is a substation: trace it down, or trace one of its feeders`);
  if (ref.type === 'feeder') return network.feeder.headEdge[ref.row];
  const edge = ref.type === 'meter' ? operated.upEdge(network.meter.node[ref.row]) : ref.row;
  if (edge < 0) throw new FluxError('bad_request', `${id} hangs on a source bus directly: nothing lies between`);
  return edge;
}

function traceDown(grid: LiveGrid, ref: AssetRef, id: string): Traced {
  const { network, operated } = grid;
  if (ref.type === 'meter') return onlyMeter(grid, ref.row);
  const heads =
    ref.type === 'substation'
      ? Array.from(network.feeder.headEdge).filter((_, feeder) => network.feeder.substation[feeder] === ref.row)
      : [edgeOf(grid, ref, id)];
  const rows: number[] = [];
  const below = { customers: 0, critical: 0, kw: 0 };
  let nodes = 0;
  for (const head of heads) {
    const count = operated.countBelow(head);
    below.customers += count.customers;
    below.critical += count.critical;
    below.kw += count.kw;
    nodes += operated.nodesBelow(head).length;
    for (const row of operated.edgesBelow(head)) rows.push(row);
  }
  return { rows, nodes, below, devices: [], feeds: [] };
}

function traceUp(grid: LiveGrid, ref: AssetRef, id: string): Traced {
  const { network, operated } = grid;
  const edge = edgeOf(grid, ref, id);
  const isMeter = ref.type === 'meter';
  const rows = isMeter ? operated.pathUpFromNode(network.meter.node[ref.row]) : operated.pathUp(edge);
  const kindOf = (row: number): number => network.edge.kind[row];
  const devices = rows.filter((row) => isSwitchable(kindOf(row)) || kindOf(row) === edgeKindCode.power_transformer);
  const below = isMeter ? onlyMeter(grid, ref.row).below : operated.countBelow(edge);
  return { rows, nodes: rows.length + 1, below, devices, feeds: [] };
}

function traceIsolation(grid: LiveGrid, ref: AssetRef, id: string): Traced {
  const isolation = isolate(grid.operated, edgeOf(grid, ref, id));
  const rows = grid.operated.edgesTouching(isolation.section.nodes);
  return {
    rows,
    nodes: isolation.section.nodes.length,
    below: isolation.section,
    devices: Array.from(isolation.open),
    feeds: isolation.healthy.flatMap((section) => section.feeds),
  };
}

function feederIdAt(grid: LiveGrid, node: number): string {
  const feeder = grid.network.node.feeder[node];
  return feeder < 0 ? '' : grid.network.feeder.id.at(feeder);
}
