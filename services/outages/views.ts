/** The engine's records as the API shows them. */
import type { Outage, OutageDetail } from '#model/api/outages.ts';
import { edgeKinds, phaseNames } from '#model/network.ts';
import type { OutageRecord } from './engine_records.ts';
import { allowedVerbs, isOut } from './lifecycle.ts';
import type { OutageGrid } from './service.ts';
import type { LogRow } from './sql.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

/** Restoration times as the outage shows them, UTC epoch ms. */
export interface OutageEtr {
  p50Ms: number;
  p90Ms: number;
  source: string;
}
type EtrOf = (id: string) => OutageEtr | null;

export const etrFields = (etr: OutageEtr | null): Pick<Outage, 'etr_p50' | 'etr_p90' | 'etr_source'> => ({
  etr_p50: etr && iso(etr.p50Ms),
  etr_p90: etr && iso(etr.p90Ms),
  etr_source: etr?.source ?? null,
});

export function toOutage(grid: OutageGrid, record: OutageRecord, etrOf: EtrOf): Outage {
  const { network } = grid;
  const feeder = network.edge.feeder[record.device];
  const substation = network.feeder.substation[feeder];
  const isMeter = record.meter >= 0;
  const below = isMeter ? 1 : grid.view.customersBelow(record.device);
  return {
    id: record.id,
    state: record.state,
    device_id: isMeter ? network.meter.id.at(record.meter) : network.edge.id.at(record.device),
    device_kind: isMeter ? 'service_point' : edgeKinds[network.edge.kind[record.device]],
    edge_row: record.device,
    phases: (record.phases ?? 0) === 0 ? null : phaseNames(record.phases),
    feeder_id: network.feeder.id.at(feeder),
    feeder_name: network.feeder.name[feeder],
    substation_id: network.substation.id.at(substation),
    substation_name: network.substation.name[substation],
    area_id: network.area.id.at(network.substation.area[substation]),
    ...(isMeter
      ? { lon: network.meter.lonE7[record.meter] * 1e-7, lat: network.meter.latE7[record.meter] * 1e-7 }
      : grid.placeOf(record.device)),
    customers_out: record.customersOut,
    customers_affected: record.customersOut + record.customersRestored,
    critical_out: record.criticalOut,
    meters_dark: record.dark,
    meters_lit: record.lit,
    meters_silent: Math.max(0, below - record.dark - record.lit - record.back),
    meters_called: record.called ?? 0,
    started_at: iso(record.startedMs),
    detected_at: iso(record.detectedMs),
    restored_at: record.restoredMs === null ? null : iso(record.restoredMs),
    ...etrFields(isOut(record.state) ? etrOf(record.id) : null),
    source: record.source,
    crew: record.crew,
    cause: record.cause,
    merged_into: record.mergedInto,
    revision: record.revision,
    updated_at: iso(record.updatedMs),
  };
}

export function toDetail(grid: OutageGrid, record: OutageRecord, log: LogRow[], etrOf: EtrOf): OutageDetail {
  return {
    outage: toOutage(grid, record, etrOf),
    steps: record.steps.map((step, i) => ({
      step: i + 1,
      from: iso(step.fromMs),
      to: step.toMs === null ? null : iso(step.toMs),
      customers_out: step.customersOut,
      customer_minutes: step.customerMinutes,
    })),
    log: log.map(({ log_id: _, ...entry }) => ({
      ...entry,
      at: entry.at.toISOString(),
      from_state: entry.from_state as Outage['state'] | null,
      to_state: entry.to_state as Outage['state'],
    })),
    actions: allowedVerbs(record.state),
  };
}
