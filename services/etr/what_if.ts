/** A study: the same outages with other crews. It is given copies and gives back curves; nothing live knows of it. */
import type { RestorationCurve, WhatIf, WhatIfAnswer } from '#model/api/etr.ts';
import { FluxError } from '#model/errors.ts';
import type { Restoration } from './restoration.ts';
import { type CrewFact, type Draw, type OpenJob, type SimulationSettings, simulating } from './simulation.ts';

export interface StudyState {
  jobs: readonly OpenJob[];
  crews: readonly CrewFact[];
  assumed: boolean;
  nowMs: number;
  settings: SimulationSettings;
  draw: Draw;
}

/** Runs for a few milliseconds at a time: a center serves others meanwhile. */
export async function inSlices<T>(work: Generator<void, T>, sliceMs = 12): Promise<T> {
  for (let began = performance.now(); ; ) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() - began > sliceMs) {
      await new Promise((resolve) => setImmediate(resolve));
      began = performance.now();
    }
  }
}

export async function studyOf(change: WhatIf, state: StudyState): Promise<WhatIfAnswer> {
  const { jobs, crews, nowMs, draw } = state;
  const nowS = Math.floor(nowMs / 1000);
  const settings: SimulationSettings = { ...state.settings, mutualAid: change.mutual_aid ?? state.settings.mutualAid };
  const factor = change.repair_factor ?? 1;
  const changedSettings: SimulationSettings = {
    ...settings,
    repair: Object.fromEntries(
      Object.entries(settings.repair).map(([kind, { p50, p90 }]) => [kind, { p50: p50 * factor, p90: p90 * factor }]),
    ),
  };
  const changedCrews = crewsWith(change, state, nowS);
  const base = await inSlices(simulating(jobs, crews, nowS, state.settings, draw));
  const changed = await inSlices(simulating(jobs, changedCrews, nowS, changedSettings, draw));
  return {
    study: true,
    as_of: new Date(nowMs).toISOString(),
    outages: jobs.length,
    customers_out: jobs.reduce((sum, { customers }) => sum + customers, 0),
    crews_assumed: state.assumed,
    base: curveOf(base, crews.length),
    changed: curveOf(changed, changedCrews.length),
  };
}

/** Added crews begin amid the outages of their area, in turn where most customers are out. */
function crewsWith(change: WhatIf, { jobs, crews, settings }: StudyState, nowS: number): CrewFact[] {
  const areas = Map.groupBy(jobs, ({ area }) => area);
  const known = new Set([...areas.keys(), ...crews.flatMap(({ area }) => area ?? [])]);
  if (change.area !== undefined && !known.has(change.area))
    throw new FluxError('bad_request', `area: neither an outage nor a crew is in "${change.area}"`);
  const mine = ({ area }: CrewFact): boolean => change.area === undefined || area === change.area;
  const gone = new Set(crews.filter(mine).slice(0, change.remove_crews ?? 0));
  const left = crews.filter((crew) => !gone.has(crew));
  const out = (area: string): number => areas.get(area)!.reduce((sum, { customers }) => sum + customers, 0);
  const order =
    change.area !== undefined ? [change.area] : [...areas.keys()].sort((a, b) => out(b) - out(a) || (a < b ? -1 : 1));
  const fromS = nowS + (change.arrive_in_hours ?? 0) * 3600;
  return [
    ...left,
    ...Array.from({ length: order.length > 0 ? (change.add_crews ?? 0) : 0 }, (_, i): CrewFact => {
      const area = order[i % order.length];
      const here = areas.get(area) ?? [];
      const mean = (of: (job: OpenJob) => number): number => here.reduce((sum, job) => sum + of(job), 0) / here.length;
      const base = here.length > 0 ? { lat: mean(({ lat }) => lat), lon: mean(({ lon }) => lon) } : crews.find(mine)!;
      return {
        id: `study-${i + 1}`,
        area,
        lat: base.lat,
        lon: base.lon,
        onDutyS: fromS,
        offDutyS: fromS + settings.shiftH * 3600,
      };
    }),
  ];
}

const iso = (atS: number | null): string | null => (atS === null ? null : new Date(atS * 1000).toISOString());

const curveOf = (restoration: Restoration, crews: number): RestorationCurve => ({
  crews,
  ...restoration.curve,
  customer_minutes: restoration.customer_minutes,
  all_back_p50: iso(restoration.all_back_p50_s),
  all_back_p90: iso(restoration.all_back_p90_s),
  not_served: restoration.not_served.length,
});
