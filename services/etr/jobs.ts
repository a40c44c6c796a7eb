/** Open outages as the simulation and the repair times see them. */
import type { Outage } from '#model/api/outages.ts';
import type { Word } from './decide.ts';
import { minutesDrawn, repairOf } from './durations.ts';
import type { OpenJob, SimulationSettings } from './simulation.ts';

export type Stage = OpenJob['stage'];

/** Since when each outage is in its stage, UTC epoch ms. */
export interface StageBook {
  see(outage: Outage, sinceMs?: number): void;
  of(id: string): { stage: Stage; sinceMs: number } | undefined;
  forget(id: string): void;
}

export function stageBook(): StageBook {
  const known = new Map<string, { stage: Stage; sinceMs: number }>();
  return {
    see: (outage, sinceMs = Date.parse(outage.updated_at)) => {
      const stage = stageOf(outage, known.get(outage.id)?.stage);
      if (known.get(outage.id)?.stage !== stage) known.set(outage.id, { stage, sinceMs });
    },
    of: (id) => known.get(id),
    forget: (id) => void known.delete(id),
  };
}

/** Partly restored says nothing of where the crew is: it stays where it was. */
function stageOf({ state }: Outage, before: Stage | undefined): Stage {
  if (state === 'on_site') return 'on_site';
  if (state === 'en_route') return 'en_route';
  return state === 'partly_restored' ? (before ?? 'waiting') : 'waiting';
}

export const startOfStage = (stages: StageBook, { id }: Outage, stage: Stage): number | null => {
  const known = stages.of(id);
  return known?.stage === stage ? known.sinceMs : null;
};

export function jobOf(outage: Outage, word: Word | null, stages: StageBook): OpenJob {
  const stage = stages.of(outage.id);
  return {
    id: outage.id,
    area: outage.area_id,
    lat: outage.lat,
    lon: outage.lon,
    customers: outage.customers_out,
    critical: outage.critical_out,
    kind: outage.device_kind,
    promisedS: word ? Math.floor(word.p50Ms / 1000) : null,
    crew: outage.crew,
    stage: stage?.stage ?? 'waiting',
    stageSinceS: Math.floor((stage?.sinceMs ?? Date.parse(outage.detected_at)) / 1000),
  };
}

/** Minutes left of a repair that a crew works at since `workedMin`, assessment included. */
export function repairLeft(
  outage: Outage,
  workedMin: number,
  settings: SimulationSettings,
): { p50: number; p90: number } {
  const repair = repairOf({ kind: outage.device_kind }, settings);
  const whole = { p50: settings.assess.p50 + repair.p50, p90: settings.assess.p50 + repair.p90 };
  return {
    p50: minutesDrawn(whole, 0.5, workedMin) - workedMin,
    p90: minutesDrawn(whole, 0.9, workedMin) - workedMin,
  };
}
