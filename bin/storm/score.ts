/**
 * Holds what the product says against what really happened, minute by minute, beside two naive rules fed with the same
 * messages. Pure: truth and outages are given. A device counts as right where it takes supply from the same customers.
 * One that is really open, with no supply at it either, counts neither way; strictly counted it is wrong.
 */
import type { Outage } from '#model/api/outages.ts';
import { isProtective, type NetworkColumns } from '#model/network.ts';
import type { OpenFault, StormField } from '#sources/storm/field.ts';
import type { MeterMessage } from '#sources/storm/messages.ts';

/** The grid in its normal state. */
export interface NormalGrid {
  edgeAbove(edge: number): number;
  upEdge(node: number): number;
  customersBelow(edge: number): number;
}

export interface Ratio {
  precision: number;
  recall: number;
  f1: number;
}

export interface FoundFault {
  fault: OpenFault;
  detectedS: number | null;
  locatedS: number | null;
}

export interface Scorer {
  heard(messages: readonly MeterMessage[]): void;
  /** outages changed: who is found now? */
  look(atS: number, open: readonly Outage[]): void;
  /** once a simulated minute */
  minute(atS: number, open: readonly Outage[]): void;
  found(): FoundFault[];
  /** outages at a device that stood for five minutes or more, and how many of them were right at some moment */
  named(): { outages: number; right: number };
  devices(): { minutes: number; product: Ratio; product_strict: Ratio; lowest_device: Ratio; common_device: Ratio };
  /** devices the product named wrongly, and those it missed, by minutes: where to look first */
  worst(): { wrong: [edge: number, minutes: number][]; missed: [edge: number, minutes: number][] };
  curve: { atS: number[]; dark: number[]; declared: number[] };
}

/** without anything to hear the clock goes on by so much */
export const quietStepS = 5;
/** from so many meters on something is heard in every second: it is handed in by the quiet step, as a head-end would */
const largeMeters = 200_000;
/** Between two deliveries to the center: delays are known to within it. */
export const leastStepS = (meters: number): number => (meters >= largeMeters ? quietStepS : 1);

/** Messages need their way and the hold window: younger faults, and devices that closed just now, are not counted. */
const settleS = 150;
/** shorter predictions nobody would act upon */
const leastMinutes = 5;

interface Tally {
  right: number;
  wrong: number;
  missed: number;
}

export function makeScorer(
  network: NetworkColumns,
  grid: NormalGrid,
  field: StormField,
  isDeviceLive: (edge: number) => boolean,
): Scorer {
  const { edge, meter } = network;
  const names = new Map<number, number>();
  const found: FoundFault[] = [];
  const undetected = new Set<FoundFault>();
  const unlocated = new Set<FoundFault>();
  let known = 0;
  const saidDark = new Map<number, number>();
  const saidLit = new Map<number, number>();
  const closedS = new Map<number, number>();
  let openBefore = new Set<number>();
  const wrongMinutes = new Map<number, number>();
  const missedMinutes = new Map<number, number>();
  const tallies = { product: tally(), strict: tally(), lowest: tally(), common: tally() };
  let minutes = 0;
  const standing = new Map<string, { minutes: number; isRight: boolean }>();
  const curve: Scorer['curve'] = { atS: [], dark: [], declared: [] };

  /** The uppermost edge with the same customers: one name for devices that can not be told apart. */
  function nameOf(device: number): number {
    return names.getOrInsertComputed(device, () => {
      const customers = grid.customersBelow(device);
      let top = device;
      for (
        let row = grid.edgeAbove(device);
        row >= 0 && grid.customersBelow(row) === customers;
        row = grid.edgeAbove(row)
      )
        top = row;
      return top;
    });
  }
  const isAbove = (upper: number, lower: number): boolean => {
    for (let row = lower; row >= 0; row = grid.edgeAbove(row)) if (row === upper) return true;
    return false;
  };
  /** The device below that takes supply from exactly the customers behind a lost pole, where there is one. */
  const sameAsPole = (device: number, behind: Int32Array): number => {
    let at = lowestDevice(behind[0]);
    while (at >= 0 && at !== device && grid.customersBelow(at) < behind.length) at = grid.edgeAbove(at);
    if (at < 0 || at === device || grid.customersBelow(at) !== behind.length) return -1;
    return behind.every((row) => isAbove(at, grid.upEdge(meter.node[row]))) ? nameOf(at) : -1;
  };
  const lowestDevice = (row: number): number => {
    let at = grid.upEdge(meter.node[row]);
    while (at >= 0 && !isProtective(edge.kind[at])) at = grid.edgeAbove(at);
    return at;
  };

  function take(): void {
    for (; known < field.faults.length; known++) {
      const fault = field.faults[known];
      if (fault.isMomentary) continue;
      const one: FoundFault = { fault, detectedS: null, locatedS: null };
      found.push(one);
      undetected.add(one);
      unlocated.add(one);
    }
  }

  /**
   * Devices that really keep customers dark, those in transition that count neither way, and those that are open below
   * another open one: somebody has to close them, but they keep nobody dark yet.
   */
  function truth(atS: number) {
    const devices = new Set<number>();
    const either = new Set<number>();
    const buried = new Set<number>();
    /** another name for a device that lost a pole */
    const same = new Map<number, number>();
    const holding = field.holding();
    for (const { at, sinceS, behindPole } of holding) {
      if (grid.customersBelow(at) === 0) continue;
      const other = behindPole ? sameAsPole(at, behindPole) : -1;
      if (other >= 0) same.set(other, nameOf(at));
      if (!isDeviceLive(at)) buried.add(nameOf(at));
      else if (atS - sinceS < settleS) either.add(nameOf(at));
      else devices.add(nameOf(at));
    }
    const open = new Set(holding.map(({ at }) => at));
    for (const device of openBefore) if (!open.has(device)) closedS.set(device, atS);
    openBefore = open;
    for (const [device, sinceS] of closedS)
      if (atS - sinceS > settleS) closedS.delete(device);
      else either.add(nameOf(device));
    return { devices, either, buried, same };
  }

  function count(
    into: Tally,
    named: ReadonlySet<number>,
    { devices, either, buried }: ReturnType<typeof truth>,
    strict = false,
  ): void {
    for (const one of named)
      if (devices.has(one)) into.right++;
      else if (!either.has(one) && (strict || !buried.has(one))) into.wrong++;
    for (const one of devices) if (!named.has(one)) into.missed++;
  }

  /** Everything below is out, from the lowest device above each dark meter; and from the one all of a feeder share. */
  function naive(): { lowest: Set<number>; common: Set<number> } {
    const lowest = new Set<number>();
    const ways = new Map<number, number[]>();
    for (const [row, sinceS] of saidDark) {
      if ((saidLit.get(row) ?? Number.NEGATIVE_INFINITY) > sinceS) continue;
      const device = lowestDevice(row);
      if (device < 0) continue;
      lowest.add(nameOf(device));
      const way: number[] = [];
      for (let at = device; at >= 0; at = grid.edgeAbove(at)) if (isProtective(edge.kind[at])) way.push(at);
      const head = way[way.length - 1];
      const before = ways.get(head);
      ways.set(head, before ? before.filter((at) => way.includes(at)) : way);
    }
    return { lowest, common: new Set([...ways.values()].map((way) => nameOf(way[0]))) };
  }

  return {
    curve,
    heard: (messages) => {
      for (const { meter: row, type, stampedS } of messages) {
        const into = type === 'last_gasp' ? saidDark : saidLit;
        into.set(row, Math.max(into.get(row) ?? Number.NEGATIVE_INFINITY, stampedS));
      }
    },
    look: (atS, open) => {
      take();
      if (unlocated.size === 0) return;
      const devices = open.map(({ edge_row }) => edge_row);
      const whole = new Set(
        open.filter(({ device_kind }) => device_kind !== 'service_point').map(({ edge_row }) => nameOf(edge_row)),
      );
      for (const one of undetected) {
        if (!devices.some((device) => isAbove(device, one.fault.device) || isAbove(one.fault.device, device))) continue;
        one.detectedS = atS;
        undetected.delete(one);
      }
      for (const one of unlocated) {
        if (one.fault.repairedS !== null) unlocated.delete(one);
        else if (whole.has(nameOf(one.fault.device))) {
          one.locatedS = atS;
          unlocated.delete(one);
        }
      }
    },
    minute: (atS, open) => {
      minutes++;
      const now = truth(atS);
      const meant = (name: number): number => (now.devices.has(name) ? name : (now.same.get(name) ?? name));
      const named = new Set(
        open
          .filter(({ device_kind }) => device_kind !== 'service_point')
          .map(({ edge_row }) => meant(nameOf(edge_row))),
      );
      count(tallies.product, named, now);
      count(tallies.strict, named, now, true);
      for (const one of named)
        if (!now.devices.has(one) && !now.either.has(one) && !now.buried.has(one))
          wrongMinutes.set(one, (wrongMinutes.get(one) ?? 0) + 1);
      for (const one of now.devices) if (!named.has(one)) missedMinutes.set(one, (missedMinutes.get(one) ?? 0) + 1);
      for (const { id, device_kind, edge_row } of open) {
        if (device_kind === 'service_point') continue;
        const one = standing.getOrInsertComputed(id, () => ({ minutes: 0, isRight: false }));
        one.minutes++;
        const name = meant(nameOf(edge_row));
        if (now.devices.has(name) || now.either.has(name) || now.buried.has(name)) one.isRight = true;
      }
      const rules = naive();
      count(tallies.lowest, new Set([...rules.lowest].map(meant)), now);
      count(tallies.common, new Set([...rules.common].map(meant)), now);
      if (minutes % 5 !== 1) return;
      curve.atS.push(atS);
      curve.dark.push(field.customersDark());
      curve.declared.push(open.reduce((sum, { customers_out }) => sum + customers_out, 0));
    },
    named: () => {
      const stood = [...standing.values()].filter((one) => one.minutes >= leastMinutes);
      return { outages: stood.length, right: stood.filter(({ isRight }) => isRight).length };
    },
    worst: () => {
      const most = (of: Map<number, number>): [number, number][] =>
        [...of].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, 5);
      return { wrong: most(wrongMinutes), missed: most(missedMinutes) };
    },
    found: () => found,
    devices: () => ({
      minutes,
      product: ratioOf(tallies.product),
      product_strict: ratioOf(tallies.strict),
      lowest_device: ratioOf(tallies.lowest),
      common_device: ratioOf(tallies.common),
    }),
  };
}

const tally = (): Tally => ({ right: 0, wrong: 0, missed: 0 });

function ratioOf({ right, wrong, missed }: Tally): Ratio {
  const precision = right + wrong === 0 ? 1 : right / (right + wrong);
  const recall = right + missed === 0 ? 1 : right / (right + missed);
  const f1 = precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
  return { precision: round(precision), recall: round(recall), f1: round(f1) };
}

export const round = (value: number, digits = 4): number => Math.round(value * 10 ** digits) / 10 ** digits;
