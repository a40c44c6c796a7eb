/**
 * The few pings that decide: which silent meters, if they answered, would give the outage another device, and for how
 * many customers that matters. SPEC.md, E4. Nothing changes: each answer is tried on the island's evidence.
 */
import type { EngineCore } from './engine_core.ts';
import { islandEvidence } from './engine_evidence.ts';
import { meterDark, meterUnknown } from './engine_meters.ts';
import { predict } from './prediction.ts';
import type { IslandEvidence } from './prediction_facts.ts';
import type { Pick } from './prediction_picks.ts';

export interface Ping {
  /** two where there are two: one answer may be wrong */
  meters: number[];
  /** edge row of the device that most of the dark meters would then have; -1 where they would be no outage together */
  ifLit: number;
  ifDark: number;
  /** customers below one of the two devices and not below the other */
  customers: number;
}

/** Transformers that are tried at most; those with the most silent meters first. */
const triedLeaves = 40;
const pingedAtOnce = 2;

/** The pings of one outage, those that decide over the most customers first. */
export function decidingPings(core: EngineCore, slot: number, limit: number): Ping[] {
  const { book, meters } = core;
  const outage = book.outages[slot];
  const evidence = islandEvidence(core, slot);
  if (evidence.dark.length === 0) return [];
  const ours = new Set(core.membersOf(slot).filter((meter) => meters.state[meter] === meterDark));
  const nowMs = core.nowMs + core.thresholds.clockAheadS * 1000 + 1;
  const pings: Ping[] = [];
  for (const leaf of silentLeaves(core, outage.device, outage.phases)) {
    const asked = leaf.slice(0, pingedAtOnce);
    const ifLit = deviceOf(tryAnswer(core, evidence, asked, false, nowMs), ours);
    const ifDark = deviceOf(tryAnswer(core, evidence, asked, true, nowMs), ours);
    if (ifLit === ifDark) continue;
    pings.push({ meters: asked, ifLit, ifDark, customers: differs(core, ifLit, ifDark) });
  }
  return pings.sort((a, b) => b.customers - a.customers || a.meters[0] - b.meters[0]).slice(0, limit);
}

/** Transformers beside an outage that are asked at a time whether they are out, too. */
const besideAsked = 8;

/** A silent meter of each transformer that hangs beside the outage below the next device up; others in each round. Q7 */
export function metersBeside(core: EngineCore, slot: number, round: number): number[] {
  const { device, meter, phases } = core.book.outages[slot];
  if (meter >= 0) return [];
  const below = new Set(core.grid.metersBelow(device));
  const beside = silentLeaves(core, device, phases).filter((leaf) => !below.has(leaf[0]));
  return beside.slice(0, besideAsked).map((leaf) => leaf[round % leaf.length]);
}

/** Silent meters that could answer, by transformer: below the device, and below the next one up. */
function silentLeaves(core: EngineCore, device: number, phases: number): number[][] {
  const { meters, tree, grid } = core;
  const above = tree.above(device);
  const leaves = new Map<number, number[]>();
  for (const meter of grid.metersBelow(above >= 0 ? above : device)) {
    if (meters.state[meter] !== meterUnknown || tree.muted[meter] !== 0 || !core.fedBy(meter, phases)) continue;
    const leaf = tree.ofMeter(meter);
    const list = leaves.get(leaf);
    if (list) list.push(meter);
    else leaves.set(leaf, [meter]);
  }
  return [...leaves.values()].sort((a, b) => b.length - a.length || a[0] - b[0]).slice(0, triedLeaves);
}

function tryAnswer(core: EngineCore, evidence: IslandEvidence, asked: number[], dark: boolean, atMs: number): Pick[] {
  const { meters } = core;
  const times = dark ? meters.darkMs : meters.litMs;
  const kept = asked.map((meter) => times[meter]);
  const oldest = evidence.dark[0];
  for (const meter of asked) times[meter] = dark ? meters.darkMs[oldest] : atMs;
  try {
    return predict(core.weights, {
      ...evidence,
      dark: dark ? [...Array.from(evidence.dark), ...asked].sort((a, b) => a - b) : evidence.dark,
      lit: dark ? evidence.lit : [...evidence.lit, ...asked],
    });
  } finally {
    for (const [i, meter] of asked.entries()) times[meter] = kept[i];
  }
}

/** The device of the pick with the most of these meters, -1 where that is a single service point. */
function deviceOf(picks: Pick[], ours: Set<number>): number {
  let [device, most] = [-1, 0];
  for (const pick of picks) {
    let shared = 0;
    for (const meter of pick.dark) if (ours.has(meter)) shared++;
    if (shared > most) [device, most] = [pick.meter >= 0 ? -1 : pick.device, shared];
  }
  return device;
}

function differs(core: EngineCore, one: number, other: number): number {
  const below = (device: number): Set<number> => new Set(device < 0 ? [] : core.grid.metersBelow(device));
  return below(one).symmetricDifference(below(other)).size;
}
