/** Why the simulation says what it says of one outage: the run with middling durations, step by step, and the quantiles. */

import type { Restoration } from './restoration.ts';
import {
  type CrewFact,
  type Draw,
  type OpenJob,
  oneRun,
  type SimulationSettings,
  simulate,
  type Visit,
} from './simulation.ts';

export interface RestorationTrace {
  outage: string;
  area: string;
  customers: number;
  critical: number;
  kind: string;
  crews_of_area: number;
  outages_of_area: number;
  /** those that go first in the area, in the order of their restoration */
  before: { outage: string; crew: string; customers: number; worth: number; restoredS: number }[];
  visit: Visit | null;
  /** over all runs; null where no crew serves the area */
  p50S: number | null;
  p90S: number | null;
  runs: number;
}

/** null where the outage is not open */
export function traceOf(
  outage: string,
  jobs: readonly OpenJob[],
  crews: readonly CrewFact[],
  nowS: number,
  settings: SimulationSettings,
  draw: Draw,
  whole: Restoration = simulate(jobs, crews, nowS, settings, draw),
): RestorationTrace | null {
  const job = jobs.find(({ id }) => id === outage);
  if (!job) return null;
  const visits = oneRun(jobs, crews, nowS, settings, () => 0.5);
  const visit = visits.find((one) => one.outage === outage) ?? null;
  const jobOf = new Map(jobs.map((one) => [one.id, one]));
  const forecast = whole.outages.find(({ id }) => id === outage);
  return {
    outage,
    area: job.area,
    customers: job.customers,
    critical: job.critical,
    kind: job.kind,
    crews_of_area: crews.filter(({ area }) => area === null || area === job.area).length,
    outages_of_area: jobs.filter(({ area }) => area === job.area).length,
    before: visits
      .filter(
        (one) =>
          jobOf.get(one.outage)!.area === job.area && one.outage !== outage && (!visit || one.beginsS < visit.beginsS),
      )
      .sort((a, b) => a.restoredS - b.restoredS)
      .map(({ outage: id, crew, worth, restoredS }) => ({
        outage: id,
        crew,
        customers: jobOf.get(id)!.customers,
        worth,
        restoredS,
      })),
    visit,
    p50S: forecast?.p50S ?? null,
    p90S: forecast?.p90S ?? null,
    runs: settings.runs,
  };
}

/** The trace as a person reads it; times of the zone's clock. */
export function traceInWords(trace: RestorationTrace, timeZone: string): string {
  const clock = (atS: number): string =>
    new Date(atS * 1000).toLocaleString('en-US', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  const { visit } = trace;
  const lines = [
    `${trace.outage}: ${trace.kind}, ${trace.customers.toLocaleString('en-US')} customers (${trace.critical} critical), area ${trace.area}`,
    `${trace.outages_of_area} outages in the area, ${trace.crews_of_area} crews serve it`,
    `P50 ${trace.p50S === null ? '-' : clock(trace.p50S)}, P90 ${trace.p90S === null ? '-' : clock(trace.p90S)}, over ${trace.runs} runs`,
    '',
    `with middling durations ${trace.before.length} go first:`,
    ...trace.before.map(
      (one) =>
        `  ${clock(one.restoredS)}  ${one.outage}  ${one.customers} customers, ${Math.round(one.worth)} an hour, ${one.crew || 'crew at hand'}`,
    ),
    '',
    ...(visit
      ? [
          `then ${visit.crew || 'the crew at hand'} takes it as its turn ${visit.turn}: ${Math.round(visit.worth)} customers per crew-hour, ${visit.waiting} others wait`,
          `  ${clock(visit.beginsS)}  sets out, ${visit.driveKm.toFixed(1)} km`,
          `  ${clock(visit.arrivesS)}  arrives`,
          `  ${clock(visit.assessedS)}  has assessed`,
          `  ${clock(visit.restoredS)}  restored`,
        ]
      : ['no crew serves it']),
  ];
  return lines.join('\n');
}
