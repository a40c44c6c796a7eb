/**
 * The field that a newcomer watches: devices fail, meters gasp, crews repair. It knows the truth (its own switch
 * states); the rest of the system only hears what meters manage to send.
 */
import { edgeKindCode, edgeKinds, type NetworkColumns } from '#model/network.ts';
import { type MeterEventColumns, makeMeterEventColumns, meterEventCode } from '#model/reading.ts';
import { customersInWords } from '#model/words.ts';
import { type Delivery, imperfect } from '#sources/generator/event_faults.ts';
import { Random } from '#sources/territory/random.ts';

/** What the field needs of a topology of its own. */
export interface FieldGrid {
  setOpen(edge: number, open: boolean): { deEnergised: Int32Array; energised: Int32Array };
  isOpen(edge: number): boolean;
  edgesBelow(edge: number): Int32Array;
  countBelow(edge: number): { customers: number };
  /** meters at these nodes */
  metersAt(nodes: Int32Array): Int32Array;
}

export interface FieldOptions {
  network: NetworkColumns;
  grid: FieldGrid;
  seed: number;
  startMs: number;
  /** how much faster than life faults come and crews repair */
  speed: number;
  /** share of last gasps that never arrive */
  gaspLossShare: number;
}

export interface FieldNews {
  events: MeterEventColumns;
  /** in words, with the device they are about */
  notes: { at: string; text: string; edge: number }[];
}

export interface Field {
  /** everything that is delivered up to now */
  advance(nowMs: number): FieldNews;
  /** an operator switches a device: meters feel it */
  operate(edge: number, open: boolean, nowMs: number): void;
  /** meters that were dark when the last run ended and have power now: they come back one by one */
  wake(meters: ArrayLike<number>, nowMs: number): void;
  /** 1 where a meter has no power and therefore reads nothing */
  dark: Uint8Array;
  /** devices that stand open because of a fault */
  faultsOpen(): number;
}

interface Action {
  atMs: number;
  run: (nowMs: number) => void;
}

/** Faults by device kind, as the upper end of each kind's share; most are small. */
const faultMix = [
  { kind: edgeKindCode.power_transformer, upTo: 0.4 },
  { kind: edgeKindCode.fuse, upTo: 0.82 },
  { kind: edgeKindCode.recloser, upTo: 0.92 },
  { kind: edgeKindCode.sectionalizer, upTo: 0.97 },
  { kind: edgeKindCode.breaker, upTo: 1 },
];
/** The first fault comes soon and is of a size a newcomer can follow. */
const firstFaultMs = 6000;
const firstRepairMs = 52_000;
/** However fast the crews: long enough to be detected and looked at. */
const leastRepairMs = 45_000;
const meanBetweenFaultsMs = 110_000;
const repairMs: Record<number, [number, number]> = {
  [edgeKindCode.power_transformer]: [150_000, 420_000],
  [edgeKindCode.fuse]: [100_000, 300_000],
  [edgeKindCode.recloser]: [120_000, 300_000],
  [edgeKindCode.sectionalizer]: [120_000, 300_000],
  [edgeKindCode.breaker]: [90_000, 240_000],
};

export function makeField(options: FieldOptions): Field {
  const { network, grid, speed } = options;
  const { edge } = network;
  const random = new Random(options.seed, 0xf1e1d);
  const dark = new Uint8Array(network.meter.count);
  const faulted = new Set<number>();
  const actions: Action[] = [];
  let deliveries: Delivery<{ meter: number; type: number }>[] = [];
  let notes: FieldNews['notes'] = [];
  let batch = 0;

  const byKind = new Map<number, number[]>();
  for (let e = 0; e < edge.count; e++) {
    if (faultMix.some((m) => m.kind === edge.kind[e])) byKind.getOrInsertComputed(edge.kind[e], () => []).push(e);
  }

  const later = (atMs: number, run: Action['run']): void => {
    actions.push({ atMs, run });
    actions.sort((a, b) => a.atMs - b.atMs);
  };
  const note = (atMs: number, device: number, text: string): void => {
    notes.push({ at: new Date(atMs).toISOString(), text, edge: device });
  };
  const between = ([low, high]: readonly [number, number]): number => (low + random.unit() * (high - low)) / speed;

  function emit(meters: ArrayLike<number>, type: number, atMs: number): void {
    const isGasp = type === meterEventCode.last_gasp;
    const items = Array.from(meters, (meter) => ({ item: { meter, type }, atS: atMs / 1000, source: meter }));
    const sent = imperfect(items, {
      lossShare: isGasp ? options.gaspLossShare : 0,
      duplicateShare: 0.02,
      disorderS: isGasp ? 6 : 8,
      latenessS: 10,
      clockSkewS: 0.5,
      seed: options.seed + batch++,
    });
    deliveries = deliveries.concat(sent.deliveries).sort((a, b) => a.deliverAtS - b.deliverAtS);
  }

  /** Moves a device in the field; meters that lose power gasp, those that get it report. @returns meters that changed */
  function move(device: number, open: boolean, atMs: number): number {
    const result = grid.setOpen(device, open);
    const lost = grid.metersAt(result.deEnergised).filter((meter) => dark[meter] === 0);
    const back = grid.metersAt(result.energised).filter((meter) => dark[meter] === 1);
    for (const meter of lost) dark[meter] = 1;
    for (const meter of back) dark[meter] = 0;
    if (lost.length > 0) emit(lost, meterEventCode.last_gasp, atMs);
    if (back.length > 0) emit(back, meterEventCode.power_restored, atMs);
    return lost.length + back.length;
  }

  function pick(isFirst: boolean): number | undefined {
    for (let attempt = 0; attempt < 60; attempt++) {
      const at = random.unit();
      const kind = isFirst ? edgeKindCode.fuse : (faultMix.find((m) => at < m.upTo)?.kind ?? edgeKindCode.fuse);
      const candidates = byKind.get(kind) ?? byKind.get(edgeKindCode.power_transformer) ?? [];
      if (candidates.length === 0) return undefined;
      const device = candidates[Math.floor(random.unit() * candidates.length)];
      const { customers } = grid.countBelow(device);
      if (grid.isOpen(device) || customers < 4 || (isFirst && (customers < 30 || customers > 160) && attempt < 50))
        continue;
      return device;
    }
    return undefined;
  }

  function fail(nowMs: number, isFirst: boolean): void {
    const device = pick(isFirst);
    if (device === undefined) return;
    const kind = edge.kind[device];
    faulted.add(device);
    const customers = move(device, true, nowMs);
    note(
      nowMs,
      device,
      `Simulated fault: ${edgeKinds[kind].replaceAll('_', ' ')} ${edge.id.at(device)} opened, ${customersInWords(customers)} lost supply`,
    );
    const repairAt = nowMs + Math.max(leastRepairMs, isFirst ? firstRepairMs / speed : between(repairMs[kind]));
    // On a main the part before the next switch can have its power back early: restoration in steps.
    const section = isFirst
      ? undefined
      : Array.from(grid.edgesBelow(device)).find(
          (e) => edge.kind[e] === edgeKindCode.switch && edge.normallyOpen[e] === 0 && !grid.isOpen(e),
        );
    if (section !== undefined && kind !== edgeKindCode.fuse && kind !== edgeKindCode.power_transformer) {
      later(nowMs + (repairAt - nowMs) * 0.45, (at) => {
        move(section, true, at);
        const back = move(device, false, at);
        faulted.delete(device);
        note(
          at,
          device,
          `Simulated crew opened ${edge.id.at(section)} and closed ${edge.id.at(device)}: ${customersInWords(back)} with supply again`,
        );
      });
      later(repairAt, (at) =>
        note(
          at,
          device,
          `Simulated crew repaired the section below ${edge.id.at(section)}: ${customersInWords(move(section, false, at))} with supply again`,
        ),
      );
      return;
    }
    later(repairAt, (at) => {
      faulted.delete(device);
      note(
        at,
        device,
        `Simulated crew closed ${edge.id.at(device)}: ${customersInWords(move(device, false, at))} with supply again`,
      );
    });
  }

  function scheduleFault(afterMs: number, isFirst: boolean): void {
    later(afterMs, (at) => {
      fail(at, isFirst);
      const wait = (-Math.log(1 - random.unit() * 0.98) * meanBetweenFaultsMs) / speed;
      scheduleFault(at + Math.max(12_000 / speed, wait), false);
    });
  }
  scheduleFault(options.startMs + firstFaultMs, true);

  return {
    dark,
    faultsOpen: () => faulted.size,
    advance: (nowMs) => {
      while (actions.length > 0 && actions[0].atMs <= nowMs) {
        const action = actions.shift()!;
        action.run(action.atMs);
      }
      let due = 0;
      while (due < deliveries.length && deliveries[due].deliverAtS * 1000 <= nowMs) due++;
      const events = makeMeterEventColumns(due);
      for (const { item, stampedAtS } of deliveries.slice(0, due)) {
        const i = events.count++;
        events.meterKey[i] = item.meter;
        events.eventTimeMs[i] = Math.round(stampedAtS * 1000);
        events.type[i] = item.type;
      }
      if (due > 0) deliveries = deliveries.slice(due);
      const said = notes;
      notes = [];
      return { events, notes: said };
    },
    operate: (device, open, nowMs) => {
      move(device, open, nowMs);
    },
    wake: (meters, nowMs) => {
      const lit = Array.from(meters).filter((meter) => dark[meter] === 0);
      if (lit.length > 0) emit(lit, meterEventCode.power_restored, nowMs + 2000);
    },
  };
}
