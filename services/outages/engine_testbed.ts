/** Radial networks, a grid view over them, and messages: for the tests of this folder. */
import type { NetworkColumns } from '#model/network.ts';
import { edgeKindCode } from '#model/network.ts';
import { NetworkBuilder } from '#model/network_builder.ts';
import { type MeterEventColumns, type MeterEventType, makeMeterEventColumns, meterEventCode } from '#model/reading.ts';
import { createOutageEngine, type OutageEngine } from './engine.ts';
import { countingIds } from './engine_book.ts';
import type { GridView } from './grid_view.ts';
import { defaultThresholds, type OutageThresholds } from './thresholds.ts';

export interface Testbed {
  network: NetworkColumns;
  grid: GridView;
  setOpen(edge: number, open: boolean): void;
  edge(id: string): number;
  /** meter keys below a device in the normal state */
  below(id: string): number[];
}

/** A tree of equipment: kind and id, then what hangs below; a number is that many meters. */
export type Plan = [kind: keyof typeof edgeKindCode, id: string, ...below: (Plan | number)[]];

/** @param phasesOf phase bits of a piece of equipment, and of the meters right below it; all phases, and A, where left out */
export function plant(plans: Plan[], phasesOf?: (id: string) => number): Testbed {
  const builder = new NetworkBuilder('testbed');
  const area = builder.addArea({ id: 'A', name: 'A' });
  const substation = builder.addSubstation({ id: 'S', name: 'S', lonE7: 0, latE7: 0, area });
  const feeder = builder.addFeeder({ id: 'F', name: 'F', substation, nominalKv: 12.47 });
  const source = builder.addNode({ id: 'bus', lonE7: 0, latE7: 0, feeder });
  const add = ([kind, id, ...below]: Plan, from: number): void => {
    const to = builder.addNode({ id: `node-${id}`, lonE7: 0, latE7: 0, feeder });
    const edge = builder.addEdge({
      id,
      kind: edgeKindCode[kind],
      from,
      to,
      feeder,
      phases: phasesOf?.(id) ?? 7,
      lengthM: 10,
    });
    for (const item of below) {
      if (typeof item !== 'number') add(item, to);
      else for (let i = 0; i < item; i++) addMeter(builder, to, edge, phasesOf?.(id) ?? 1);
    }
  };
  for (const plan of plans) add(plan, source);
  builder.setFeederHead(feeder, source, 0);
  return testbed(builder.finish());
}

function addMeter(builder: NetworkBuilder, node: number, transformer: number, phases: number): void {
  const key = builder.meterCount;
  builder.addMeter({
    id: `M${key}`,
    node,
    transformer,
    customerClass: 0,
    critical: key % 50 === 7 ? 1 : 0,
    phases,
    lonE7: 0,
    latE7: 0,
    peakKw: 2,
  });
}

function testbed(network: NetworkColumns): Testbed {
  const { edge, meter } = network;
  const up = new Int32Array(network.node.count).fill(-1);
  const childEdges: number[][] = Array.from({ length: network.node.count }, () => []);
  for (let e = 0; e < edge.count; e++) {
    up[edge.to[e]] = e;
    childEdges[edge.from[e]].push(e);
  }
  const metersAt: number[][] = Array.from({ length: network.node.count }, () => []);
  for (let key = 0; key < meter.count; key++) metersAt[meter.node[key]].push(key);
  const open = new Uint8Array(edge.count);
  const below = new Map<number, Int32Array>();
  const metersBelow = (e: number): Int32Array => {
    const known = below.get(e);
    if (known) return known;
    const found: number[] = [];
    const nodes = [edge.to[e]];
    for (const node of nodes) {
      for (const key of metersAt[node]) found.push(key);
      for (const child of childEdges[node]) if (!open[child]) nodes.push(edge.to[child]);
    }
    below.set(e, Int32Array.from(found));
    return below.get(e)!;
  };
  const rowOf = (id: string): number => edge.id.rowOf(id);
  return {
    network,
    grid: {
      meterCount: meter.count,
      edgeCount: edge.count,
      edgeKind: edge.kind,
      edgePhases: edge.phases,
      meterPhases: meter.phases,
      areaOfEdge: () => 0,
      isCritical: (key) => meter.critical[key] > 0,
      isOpen: (e) => open[e] === 1,
      edgeAboveMeter: (key) => up[meter.node[key]],
      edgeAbove: (e) => up[edge.from[e]],
      metersBelow,
      customersBelow: (e) => metersBelow(e).length,
    },
    setOpen(e, isOpen) {
      open[e] = isOpen ? 1 : 0;
      below.clear();
    },
    edge: rowOf,
    below: (id) => [...metersBelow(rowOf(id))],
  };
}

/** `count` transformers of `meters` meters each, named prefix1, prefix2, ... */
export function transformers(prefix: string, count: number, meters: number): Plan[] {
  return Array.from({ length: count }, (_, i): Plan => ['power_transformer', `${prefix}${i + 1}`, meters]);
}

/** breaker B > recloser R > fuses F1 (4 transformers of 6), F2 (3 of 6); breaker B > fuse F3 (3 of 6) */
export const feeder = (): Testbed =>
  plant([
    [
      'breaker',
      'B',
      ['recloser', 'R', ['fuse', 'F1', ...transformers('T', 4, 6)], ['fuse', 'F2', ...transformers('U', 3, 6)]],
      ['fuse', 'F3', ...transformers('V', 3, 6)],
    ],
  ]);

export type Message = [meter: number, type: MeterEventType, atS: number];

/** Message times in seconds after 0. */
export function messages(list: readonly Message[]): MeterEventColumns {
  const events = makeMeterEventColumns(list.length);
  for (const [meter, type, atS] of list) {
    events.meterKey[events.count] = meter;
    events.type[events.count] = meterEventCode[type];
    events.eventTimeMs[events.count++] = atS * 1000;
  }
  return events;
}

export const all = (meters: readonly number[], type: MeterEventType, atS: number): Message[] =>
  meters.map((meter) => [meter, type, atS]);

/** An engine with seconds for a clock. */
export function engineOn(bed: Testbed, thresholds: OutageThresholds = defaultThresholds) {
  const engine: OutageEngine = createOutageEngine(bed.grid, thresholds, countingIds(1));
  return {
    engine,
    send: (list: readonly Message[], nowS: number) => engine.apply(messages(list), nowS * 1000),
    tick: (nowS: number) => engine.tick(nowS * 1000),
    /** "state device customers" of every active outage, in the order of detection */
    active: () =>
      engine
        .outages(true)
        .sort((a, b) => a.number - b.number)
        .map((outage) => {
          const at = bed.network.edge.id.at(outage.device);
          return `${outage.state} ${outage.meter < 0 ? at : `M${outage.meter}@${at}`} ${outage.customersOut}`;
        }),
  };
}
