/** Loads to service points: the two 120 V legs of one customer are one meter with two loads. */
import type { CircuitLoad } from './loads.ts';

export interface ServicePoint {
  /** name of the load, or what the names of its legs share */
  name: string;
  bus: number;
  loads: CircuitLoad[];
}

/**
 * OpenDSS models a 120/240 V service either as one two-phase load or, in SMART-DS, as two loads `x_1` on node 1 and
 * `x_2` on node 2 of one bus: the legs of the center tap. A utility has one meter there, so such a pair is one service
 * point. Three-phase spots written as loads a, b, c (IEEE 13: 634a, 634b, 634c) stay apart: nothing says that they are
 * one customer.
 */
export function servicePoints(
  loads: readonly CircuitLoad[],
  isBelowTransformer: (bus: number) => boolean,
): ServicePoint[] {
  const names = new Set(loads.map((load) => load.element.name.toLowerCase()));
  const byStem = new Map<string, ServicePoint>();
  const points: ServicePoint[] = [];
  for (const load of loads) {
    const stem = legStem(load, isBelowTransformer(load.bus));
    const key = stem === undefined ? '' : `${load.bus} ${stem.toLowerCase()}`;
    const other = stem === undefined ? undefined : byStem.get(key);
    if (other !== undefined && other.loads.length === 1 && other.loads[0].spec.nodes[0] !== load.spec.nodes[0]) {
      other.loads.push(load);
      if (!names.has(stem!.toLowerCase())) other.name = stem!;
      continue;
    }
    const point = { name: load.element.name, bus: load.bus, loads: [load] };
    points.push(point);
    if (stem !== undefined && other === undefined) byStem.set(key, point);
  }
  return points;
}

function legStem(load: CircuitLoad, isBelowTransformer: boolean): string | undefined {
  const nodes = load.spec.nodes.filter((node) => node !== 0);
  if (!isBelowTransformer || load.phases !== 1 || load.kv > 0.15 || nodes.length !== 1) return undefined;
  const leg = /^(.+?)[_-]([12])$/.exec(load.element.name);
  return leg !== null && Number(leg[2]) === nodes[0] ? leg[1] : undefined;
}
