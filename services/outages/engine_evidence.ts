/** Why an outage stands where it stands: who speaks for it, who against, and what every other device would cost. */

import type { Static } from 'typebox';
import type {
  CandidateDevice,
  DecidingPing,
  EvidenceMeter,
  MappingSuspicion,
  OutageEvidence,
} from '#model/api/outages.ts';
import { edgeKinds, phaseNames } from '#model/network.ts';
import type { EngineCore } from './engine_core.ts';
import { meterBack, meterDark, meterLit } from './engine_meters.ts';
import { decidingPings } from './engine_pings.ts';
import type { OutageRecord } from './engine_records.ts';
import { engineMayMove } from './lifecycle.ts';
import type { HeldOutage, IslandEvidence } from './prediction_facts.ts';
import { verdicts } from './prediction_weights.ts';
import { deviceKindOf } from './thresholds.ts';

export interface EvidenceIds {
  edgeId(edge: number): string;
  meterId(meter: number): string;
}

/** Groups of deciding pings that an answer shows. */
const shownPings = 5;

/** Costs the meters below the outage and the dark ones of its island. */
export function explainOutage(core: EngineCore, slot: number, ids: EvidenceIds): OutageEvidence {
  const { book, meters, tree, weights } = core;
  const outage = book.outages[slot];
  const supporting: Static<typeof EvidenceMeter>[] = [];
  const contradicting: Static<typeof EvidenceMeter>[] = [];
  let [silent, deaf] = [0, 0];
  const told = (meter: number, state: string, atMs: number) => ({
    meter_id: ids.meterId(meter),
    state,
    at: new Date(atMs).toISOString(),
  });
  for (const meter of concernedBy(core, slot)) {
    const state = meters.state[meter];
    if (state === meterDark && meters.outage[meter] === slot) {
      supporting.push(told(meter, meters.called[meter] === 1 ? 'called' : 'dark', meters.darkMs[meter]));
    } else if ((state === meterLit || state === meterBack) && meters.litMs[meter] > outage.startedMs) {
      // Who came back was out: it spoke for the device, and speaks no longer for the outage.
      const list = state === meterBack ? supporting : contradicting;
      list.push(told(meter, state === meterBack ? 'restored' : 'lit', meters.litMs[meter]));
    } else if (meters.outage[meter] === slot) {
      silent++;
      if (tree.muted[meter] !== 0) deaf++;
    }
  }
  const settings = weights.settingsAt(outage.device);
  // Before the weighing below, which goes over the same columns.
  const pings = decidingPings(core, slot, shownPings).map(
    (ping): Static<typeof DecidingPing> => ({
      meter_ids: ping.meters.map((meter) => ids.meterId(meter)),
      if_lit: ping.ifLit < 0 ? null : ids.edgeId(ping.ifLit),
      if_dark: ping.ifDark < 0 ? null : ids.edgeId(ping.ifDark),
      customers: ping.customers,
    }),
  );
  const phases = outage.phases;
  const single = (phases & (phases - 1)) === 0;
  weights.weigh(islandEvidence(core, slot), single ? phases : 0);
  const candidates: Static<typeof CandidateDevice>[] = [];
  for (let row = 0; row < weights.count; row++)
    if (concerns(core, row, outage.device)) candidates.push(describe(core, row, outage, ids));
  return {
    outage_id: outage.id,
    supporting,
    contradicting,
    silent_count: silent,
    no_communication_count: deaf,
    message_loss: settings.messageLoss,
    wrong_lit: settings.wrongLit,
    candidates,
    deciding_pings: pings,
    suspected_mapping: suspicions(core, slot, ids),
  };
}

/** Members, and all below the device: after switching a held outage keeps members that are fed past it. */
function concernedBy(core: EngineCore, slot: number): Set<number> {
  const outage = core.book.outages[slot];
  const concerned = new Set(core.membersOf(slot));
  for (const meter of core.reachOf(outage)) if (core.suffers(meter, outage.phases)) concerned.add(meter);
  return concerned;
}

/** What the island says, with this outage and all other predictions open again. */
export function islandEvidence(core: EngineCore, slot: number): IslandEvidence {
  const { book, meters } = core;
  const outage = book.outages[slot];
  const top = core.topOfOutage(outage);
  const island = core.islands.get(top);
  const held: HeldOutage[] = [];
  for (const other of core.slotsAt(top))
    if (other !== slot && !engineMayMove(book.outages[other].state)) held.push(book.outages[other]);
  const single = outage.phases !== 0 && (outage.phases & (outage.phases - 1)) === 0;
  const dark: number[] = [];
  for (const meter of island?.dark ?? []) {
    const at = meters.outage[meter];
    if (at !== slot && !(at >= 0 && engineMayMove(book.outages[at].state))) continue;
    if (!single || core.suffers(meter, outage.phases)) dark.push(meter);
  }
  return { dark: dark.sort((a, b) => a - b), lit: island?.lit ?? [], back: island?.back ?? [], held };
}

/** The devices above, the device itself, and those right below it: enough to judge, few enough to read. */
function concerns(core: EngineCore, row: number, device: number): boolean {
  const { weights } = core;
  const parent = weights.parent[row];
  if (weights.device[row] === device || (parent >= 0 && weights.device[parent] === device)) return true;
  for (let at = device; at >= 0; at = core.tree.above(at)) if (at === weights.device[row]) return true;
  return false;
}

function describe(
  { weights, grid, settings }: EngineCore,
  row: number,
  outage: OutageRecord,
  ids: EvidenceIds,
): Static<typeof CandidateDevice> {
  const device = weights.device[row];
  const chosen = device === outage.device && outage.meter < 0;
  const customers = weights.customers[row];
  const dark = weights.dark[row];
  const share = customers > 0 ? dark / customers : 0;
  const of = outage.phases === 0 ? '' : ` on phase ${phaseNames(outage.phases)}`;
  const percent = `${Math.round(share * 100)}% of ${customers}${of} dark`;
  const scores = `log-likelihood ${weights.scoreHere[row].toFixed(1)} here, ${weights.scoreBelow[row].toFixed(1)} by the devices below`;
  const why = (): string => {
    const verdict = verdicts[weights.verdict[row]];
    if (chosen && verdict !== 'chosen') return `held here; ${percent}, ${scores}`;
    switch (verdict) {
      case 'chosen':
        return grid.isOpen(device) ? `known to be open; ${percent}` : `${percent}, ${scores}`;
      case 'covered':
        return `a device above explains it; ${percent}, ${scores}`;
      case 'one_branch':
        return `only one branch below is affected; ${percent}`;
      case 'contradicted':
        return `a branch below answers lit; ${percent}, ${weights.lit[row]} lit`;
      case 'costlier':
        return `the devices below explain it better; ${percent}, ${scores}`;
      case 'below_threshold': {
        const { device: by } = settings.of(grid.areaOfEdge(device));
        const { minPercent, minCount, minCalls, need } = by[deviceKindOf(grid.edgeKind[device])!];
        const meters = `${minPercent}% ${need === 'both' ? 'and' : 'or'} ${minCount} meters`;
        return `below its threshold (${meters}; by calls alone ${minCalls}); ${percent}`;
      }
    }
  };
  return {
    device_id: ids.edgeId(device),
    device_kind: edgeKinds[grid.edgeKind[device]],
    customers,
    dark,
    called: weights.calls[row],
    lit: weights.lit[row],
    silent: weights.silent[row],
    share_dark: share,
    score_here: weights.scoreHere[row],
    score_below: weights.scoreBelow[row],
    chosen,
    why: why(),
  };
}

/** Dark members that hang elsewhere by the model, and lit meters whose neighbours at the same transformer are all dark. */
function suspicions(core: EngineCore, slot: number, ids: EvidenceIds): Static<typeof MappingSuspicion>[] {
  const { book, meters, tree, grid } = core;
  const outage = book.outages[slot];
  if (outage.meter >= 0) return [];
  const list: Static<typeof MappingSuspicion>[] = [];
  const suspect = (meter: number, why: string): void => {
    const at = tree.ofMeter(meter);
    list.push({ meter_id: ids.meterId(meter), device_id: at < 0 ? '' : ids.edgeId(at), why });
  };
  const below = new Set(grid.metersBelow(outage.device));
  for (const meter of core.membersOf(slot)) {
    if (meters.state[meter] !== meterDark || (below.has(meter) && core.fedBy(meter, outage.phases))) continue;
    suspect(
      meter,
      below.has(meter)
        ? `dark with phase ${phaseNames(outage.phases)}, though the model has it on another phase`
        : 'dark in the same seconds as this outage and alone among its neighbours',
    );
  }
  const dark = new Map<number, number>();
  for (const meter of core.membersOf(slot))
    if (meters.state[meter] === meterDark) dark.set(tree.ofMeter(meter), (dark.get(tree.ofMeter(meter)) ?? 0) + 1);
  const lit = new Map<number, number[]>();
  for (const meter of below) {
    if (meters.state[meter] !== meterLit || meters.litMs[meter] <= outage.startedMs) continue;
    if (core.fedBy(meter, outage.phases))
      lit.set(tree.ofMeter(meter), [...(lit.get(tree.ofMeter(meter)) ?? []), meter]);
  }
  for (const [leaf, [meter, ...others]] of lit)
    if (others.length === 0 && (dark.get(leaf) ?? 0) >= 2) suspect(meter, 'answers lit among neighbours that are dark');
  return list;
}
