/** A small territory and outages on it, for tests of what the public sees. */
import type { Outage } from '#model/api/outages.ts';
import type { NetworkColumns } from '#model/network.ts';
import { makeCells } from './cells.ts';
import type { Masking, Zone } from './picture.ts';

export const smallest = 5;
export const minimumServed = 50;
const zoneCount = 3;

/** Three towns that run into each other, each dense in the middle and thin outside; squares on borders hold two zones. */
function towns(): { lonE7: Int32Array; latE7: Int32Array; zone: Int32Array } {
  const places: { lon: number; lat: number; zone: number }[] = [];
  for (let zone = 0; zone < zoneCount; zone++)
    for (let i = 0; i < 400; i++) {
      // A spiral: nearer homes are denser.
      const radius = 0.0004 * i ** 0.8;
      const angle = i * 2.399963;
      const lon = -95.5 + zone * 0.05 + radius * Math.cos(angle);
      places.push({ lon, lat: 29.7 + radius * Math.sin(angle), zone });
    }
  return {
    lonE7: Int32Array.from(places, (place) => Math.round(place.lon * 1e7)),
    latE7: Int32Array.from(places, (place) => Math.round(place.lat * 1e7)),
    zone: Int32Array.from(places, (place) => place.zone),
  };
}

const { lonE7, latE7, zone: zoneOfMeter } = towns();
export const meterCount = lonE7.length;
export const network = { meter: { count: meterCount, lonE7, latE7 } } as NetworkColumns;
export const zones: Zone[] = Array.from({ length: zoneCount }, (_, zone) => ({
  id: `AREA-${zone}`,
  name: `Town ${zone}`,
  served: zoneOfMeter.filter((of) => of === zone).length,
}));
export const cells = makeCells(network, minimumServed, (meter) => zoneOfMeter[meter]);

/** A stand-in for the keyed hash that shows at once where the outage's own id gets out. */
export const publicId = (id: string): string =>
  [...id].map((letter) => String.fromCharCode(97 + ((letter.charCodeAt(0) * 7 + 3) % 26))).join('');
export const masking: Masking = { smallest, cells, zones, publicId };

export const zoneOf = (meter: number): number => zoneOfMeter[meter];

export function placeOf(meter: number): { lon: number; lat: number } {
  return { lon: lonE7[meter] * 1e-7, lat: latE7[meter] * 1e-7 };
}

export function outageAt(number: number, meter: number, customers: number, more: Partial<Outage> = {}): Outage {
  return {
    id: `OUT-${String(number).padStart(7, '0')}`,
    state: 'confirmed',
    device_id: `XF-${meter}`,
    device_kind: 'power_transformer',
    edge_row: meter,
    phases: null,
    meters_called: 0,
    feeder_id: 'F-1',
    feeder_name: 'Feeder 1',
    substation_id: 'S-1',
    substation_name: 'Substation 1',
    area_id: zones[zoneOfMeter[meter]].id,
    ...placeOf(meter),
    customers_out: customers,
    customers_affected: customers,
    critical_out: 0,
    meters_dark: customers,
    meters_lit: 0,
    meters_silent: 0,
    started_at: '2026-07-04T18:17:31.000Z',
    detected_at: '2026-07-04T18:18:00.000Z',
    restored_at: null,
    etr_p50: null,
    etr_p90: null,
    etr_source: null,
    source: 'last_gasp',
    crew: null,
    cause: null,
    merged_into: null,
    revision: 1,
    updated_at: '2026-07-04T18:18:00.000Z',
    ...more,
  };
}
