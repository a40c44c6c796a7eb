/** What restoration times are given: the outages as others keep them, the network, the crews, a clock. */
import type { Outage } from '#model/api/outages.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import type { EtrSettings } from './decide.ts';
import type { EtrModel } from './model.ts';
import type { CrewFact, Draw, SimulationSettings } from './simulation.ts';

export interface EtrNeeds {
  pool: Pool;
  model: EtrModel;
  timeZone: string;
  settings: EtrSettings;
  simulation: SimulationSettings;
  nowMs: () => number;
  /** simulated clock: no rounds of its own, who drives the clock calls `refresh` */
  isDriven?: boolean;
  draw: Draw;
  /** outages with customers out, as the operators see them */
  open: () => Outage[];
  /** any outage, also one that is over. @throws FluxError `unknown_outage` */
  outage: (id: string) => Promise<Outage>;
  /** where the device or the service point of an outage is */
  placeOf: (deviceKey: number, meterKey: number) => { lat: number; lon: number; zone: string; device: string };
  /** area of an area, a substation or a feeder; undefined where there is no such thing */
  areaOfZone: (zone: string) => string | undefined;
  inStorm: (area: string) => boolean;
  /** the roster; an assumed one where none is on file */
  crews: () => Promise<{ crews: CrewFact[]; assumed: boolean }>;
  /** these outages have another value: told after it is durable */
  changed: (ids: string[]) => void;
  report: (message: string, error: unknown) => void;
}
