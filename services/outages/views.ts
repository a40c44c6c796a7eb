/** The engine's records as the API shows them. */
import type { Outage } from '#model/api/outages.ts';
import { edgeKinds } from '#model/network.ts';
import type { OutageRecord } from './engine_records.ts';
import type { OutageGrid } from './service.ts';

/** The engine's record as the API shows it. */
export function toOutage(grid: OutageGrid, record: OutageRecord): Outage {
  const { network } = grid;
  const feeder = network.edge.feeder[record.device];
  const substation = network.feeder.substation[feeder];
  const iso = (ms: number): string => new Date(ms).toISOString();
  const isMeter = record.meter >= 0;
  const below = isMeter ? 1 : grid.view.customersBelow(record.device);
  return {
    id: record.id,
    state: record.state,
    device_id: isMeter ? network.meter.id.at(record.meter) : network.edge.id.at(record.device),
    device_kind: isMeter ? 'service_point' : edgeKinds[network.edge.kind[record.device]],
    edge_row: record.device,
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
    started_at: iso(record.startedMs),
    detected_at: iso(record.detectedMs),
    restored_at: record.restoredMs === null ? null : iso(record.restoredMs),
    etr_p50: null,
    etr_p90: null,
    etr_source: null,
    source: record.source,
    crew: record.crew,
    cause: record.cause,
    merged_into: record.mergedInto,
    revision: record.revision,
    updated_at: iso(record.updatedMs),
  };
}
