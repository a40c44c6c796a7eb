/**
 * The plan of crews in a storm, beside what a dispatch desk does without one (each outage as it comes takes the crew that
 * is done first), and study mode on a territory: the first one, one again, a step, a proposal for a fault.
 *
 *   flux bench dispatch [--crews 330] [--outages 1000] [--meters 600000] [--seed 1]
 */
import { parseArgs } from 'node:util';
import { makeStudyGrids } from '#bin/study_grid.ts';
import type { CrewNeedRow } from '#model/api/crews.ts';
import { edgeKindCode, isSwitchable } from '#model/network.ts';
import { skillsOfKind } from '#services/crews/needs.ts';
import { type PlanContext, planFor } from '#services/crews/plan.ts';
import type { CrewRow } from '#services/crews/sql.ts';
import { makeLiveGrid } from '#services/network/live_grid.ts';
import { proposeRestoration } from '#services/switching/restoration.ts';
import { type StudyState, studyStep } from '#services/switching/study.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { Random } from '#sources/territory/random.ts';
import { quantiles } from './report/quantiles.ts';
import { printReport, say } from './report/report.ts';

const { values: options } = parseArgs({
  options: {
    crews: { type: 'string', default: '330' },
    outages: { type: 'string', default: '1000' },
    meters: { type: 'string', default: '600000' },
    seed: { type: 'string', default: '1' },
  },
});
const random = new Random(Number(options.seed), 7);
const nowMs = Date.parse('2026-07-04T18:00:00Z');
const place = () => ({ lon: random.between(-95.8, -95), lat: random.between(29.4, 30) });

const crews = Array.from({ length: Number(options.crews) }, (_, i): CrewRow => {
  const kind = (['troubleman', 'line', 'underground', 'line', 'tree'] as const)[i % 5];
  const { lon, lat } = place();
  return {
    crew_id: `C${String(i).padStart(4, '0')}`,
    name: '',
    kind,
    skills: skillsOfKind[kind],
    size: 2,
    area_id: 'A',
    phone: null,
    radio: null,
    home_lon: lon,
    home_lat: lat,
    shifts: [],
    status: 'available',
    status_since: new Date(nowMs),
    lon,
    lat,
    position_at: new Date(nowMs),
    was_in_shift: true,
    revision: 1,
    jobs: [],
  };
});
const outages = Array.from({ length: Number(options.outages) }, (_, i) => ({
  id: `OUT-${String(i).padStart(5, '0')}`,
  state: 'confirmed',
  device_id: `D${i}`,
  device_kind: ['fuse', 'power_transformer', 'service_point', 'recloser'][random.below(4)],
  underground: random.chance(0.2),
  area_id: 'A',
  ...place(),
  customers_out: 1 + random.below(random.chance(0.1) ? 2000 : 60),
  critical_out: random.chance(0.05) ? 1 : 0,
  crew: null,
  cause: random.chance(0.3) ? 'tree' : null,
  merged_into: null,
}));
const context: PlanContext = {
  settings: { kmh: 40, detour: 1.35 },
  nowMs,
  shiftEndOf: () => nowMs + 8 * 3_600_000,
  outageOf: () => undefined,
  withServed: false,
};

function measured(plan: readonly CrewNeedRow[]) {
  const served = plan.filter((row) => row.chosen);
  const customers = served.reduce((sum, row) => sum + row.customers_out, 0);
  const minutes = (row: CrewNeedRow): number => (Date.parse(row.chosen!.done_at) - nowMs) / 60_000;
  const critical = served.filter((row) => row.critical_out > 0);
  return {
    needs: plan.length,
    served: served.length,
    customers_served: customers,
    mean_minutes_per_customer: served.reduce((sum, row) => sum + row.customers_out * minutes(row), 0) / customers,
    critical_needs_served: critical.length,
    critical_needs: plan.filter((row) => row.critical_out > 0).length,
  };
}

/** As they come: every need takes the crew that is done first of those that are left. */
function asTheyCome(): CrewNeedRow[] {
  let left = crews;
  return outages.flatMap((outage) => {
    const rows = planFor(left, [outage], context);
    const used = new Set(rows.map((row) => row.chosen?.crew_id));
    left = left.filter((crew) => !used.has(crew.crew_id));
    return rows;
  });
}

const planMs: number[] = [];
let plan: CrewNeedRow[] = [];
for (let i = 0; i < 20; i++) {
  const begin = performance.now();
  plan = planFor(crews, outages, context);
  planMs.push(performance.now() - begin);
}
say(`plan: ${planMs.at(-1)!.toFixed(0)} ms`);

const network = generateTerritory({ scale: Number(options.meters), seed: Number(options.seed) });
const live = makeLiveGrid(network, '1');
const grids = makeStudyGrids(() => live);
const timed = (work: () => unknown): number => {
  const begin = performance.now();
  work();
  return performance.now() - begin;
};
const firstStudyMs = timed(() => grids.study());
const againMs = Array.from({ length: 20 }, () => timed(() => grids.study()));
const state: StudyState = {
  grid: grids.study(),
  tags: [],
  load: { kwOf: network.meter.peakKw, measuredShare: 0, at: '' },
  orderId: 0,
};
const [stepMs, proposalMs]: number[][] = [[], []];
for (let i = 0; i < 2000 && stepMs.length < 500; i++) {
  const edge = random.below(network.edge.count);
  if (!isSwitchable(network.edge.kind[edge])) continue;
  const operation = state.grid.isOpen(edge) ? 'close' : 'open';
  stepMs.push(timed(() => studyStep(state, { device_id: network.edge.id.at(edge), operation })));
}
for (let i = 0; i < 5000 && proposalMs.length < 300; i++) {
  const edge = random.below(network.edge.count);
  if (network.edge.kind[edge] !== edgeKindCode.line_segment) continue;
  proposalMs.push(
    timed(() => {
      state.grid = grids.study();
      proposeRestoration(state, grids.isolate(edge));
    }),
  );
}
await printReport('dispatch', {
  plan: { crews: crews.length, outages: outages.length, ms: quantiles(planMs), ...measured(plan) },
  as_they_come: measured(asTheyCome()),
  study: {
    meters: network.meter.count,
    edges: network.edge.count,
    first_ms: firstStudyMs,
    again_ms: quantiles(againMs),
    step_ms: quantiles(stepMs),
    proposal_ms: quantiles(proposalMs),
  },
});
