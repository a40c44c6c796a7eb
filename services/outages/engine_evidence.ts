/** Why an outage stands where it stands: who speaks for it, who against, and what every other device would cost. */

import type { Static } from 'typebox';
import type { CandidateDevice, EvidenceMeter, OutageEvidence } from '#model/api/outages.ts';
import { edgeKinds } from '#model/network.ts';
import type { EvidenceIds } from './engine.ts';
import type { EngineCore } from './engine_core.ts';
import { meterBack, meterDark, meterLit } from './engine_meters.ts';
import { engineMayMove } from './lifecycle.ts';
import { type Weighed, weighIsland } from './prediction.ts';
import { deviceKindOf, settingsOf } from './thresholds.ts';

/** Costs the meters below the outage and the dark ones of its island. */
export function explainOutage(core: EngineCore, slot: number, ids: EvidenceIds): OutageEvidence {
  const { book, meters, grid, tree } = core;
  const outage = book.outages[slot];
  // After switching a held outage keeps members that are fed past its device.
  const concerned = new Set(core.membersOf(slot));
  for (const meter of outage.meter >= 0 ? [outage.meter] : grid.metersBelow(outage.device)) concerned.add(meter);
  const dark: number[] = [];
  const supporting: Static<typeof EvidenceMeter>[] = [];
  const contradicting: Static<typeof EvidenceMeter>[] = [];
  let silent = 0;
  const told = (meter: number, state: string, atMs: number) => ({
    meter_id: ids.meterId(meter),
    state,
    at: new Date(atMs).toISOString(),
  });
  for (const meter of concerned) {
    const state = meters.state[meter];
    if (state === meterDark && meters.outage[meter] === slot) {
      dark.push(meter);
      supporting.push(told(meter, 'dark', meters.darkMs[meter]));
    } else if ((state === meterLit || state === meterBack) && meters.litMs[meter] > outage.startedMs) {
      // Who came back was out: it spoke for the device, and speaks no longer for the outage.
      const list = state === meterBack ? supporting : contradicting;
      list.push(told(meter, state === meterBack ? 'restored' : 'lit', meters.litMs[meter]));
    } else if (meters.outage[meter] === slot) silent++;
  }
  const island = core.islandAt(core.topOfOutage(outage));
  const others = [...core.slotsAt(core.topOfOutage(outage))].filter((other) => other !== slot);
  for (const meter of island.dark) {
    const at = meters.outage[meter];
    if (at !== slot && at >= 0 && engineMayMove(book.outages[at].state)) dark.push(meter);
  }
  const weighed = weighIsland(tree, core.thresholds, {
    dark: dark.sort((a, b) => a - b),
    lit: island.lit,
    back: island.back,
    held: others.map((other) => book.outages[other]).filter((other) => !engineMayMove(other.state)),
    darkMs: meters.darkMs,
    litMs: meters.litMs,
  });
  return {
    outage_id: outage.id,
    supporting,
    contradicting,
    silent_count: silent,
    candidates: weighed
      .filter((row) => concerns(core, row, outage.device, weighed))
      .map((row) => describe(core, row, outage.device, outage.meter, ids)),
  };
}

/** The devices above, the device itself, and those right below it: enough to judge, few enough to read. */
function concerns(core: EngineCore, row: Weighed, device: number, rows: Weighed[]): boolean {
  if (row.device === device || (row.parent >= 0 && rows[row.parent].device === device)) return true;
  for (let at = device; at >= 0; at = core.tree.above(at)) if (at === row.device) return true;
  return false;
}

function describe(
  core: EngineCore,
  row: Weighed,
  device: number,
  meter: number,
  ids: EvidenceIds,
): Static<typeof CandidateDevice> {
  const chosen = row.device === device && meter < 0;
  const share = row.customers > 0 ? row.dark / row.customers : 0;
  return {
    device_id: ids.edgeId(row.device),
    device_kind: edgeKinds[core.grid.edgeKind[row.device]],
    customers: row.customers,
    dark: row.dark,
    lit: row.lit,
    share_dark: share,
    chosen,
    why: why(core, row, share, chosen),
  };
}

function why(core: EngineCore, row: Weighed, share: number, chosen: boolean): string {
  const percent = `${Math.round(share * 100)} % of ${row.customers} dark`;
  const scores = `log-likelihood ${row.scoreHere.toFixed(1)} here, ${row.scoreBelow.toFixed(1)} by the devices below`;
  if (chosen && row.verdict !== 'chosen') return `held here; ${percent}, ${scores}`;
  switch (row.verdict) {
    case 'chosen':
      return core.grid.isOpen(row.device) ? `known to be open; ${percent}` : `${percent}, ${scores}`;
    case 'covered':
      return `a device above explains it; ${percent}, ${scores}`;
    case 'one_branch':
      return `only one branch below is affected; ${percent}`;
    case 'contradicted':
      return `a branch below answers lit; ${percent}, ${row.lit} lit`;
    case 'costlier':
      return `the devices below explain it better; ${percent}, ${scores}`;
    case 'below_threshold': {
      const settings = settingsOf(core.thresholds, core.grid.areaOfEdge(row.device));
      const { minPercent, minCount, need } = settings.device[deviceKindOf(core.grid.edgeKind[row.device])!];
      return `below its threshold (${minPercent} % ${need === 'both' ? 'and' : 'or'} ${minCount} meters); ${percent}`;
    }
  }
}
