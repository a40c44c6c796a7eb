/**
 * What the public may see of all outages, and nothing else: every page and feed is made from this and adds nothing to it.
 * The rules P1 to P6, and why they hold, stand in SPEC.md. Pure.
 */
import type { Outage } from '#model/api/outages.ts';
import { type CauseKind, causeKind, etrWindow } from '#model/public_words.ts';
import type { Cells, Region } from './cells.ts';

export interface Zone {
  id: string;
  name: string;
  /** customers served */
  served: number;
}

export interface PublicOutage {
  /** stable, and says nothing about how many others there are */
  id: string;
  zone_id: string;
  /** middle of a region with many homes of the zone */
  lon: number;
  lat: number;
  /** width of the region, degrees of latitude */
  region_size: number;
  /** rounded down to a multiple of `smallest` */
  customers_out: number;
  customers_affected: number;
  /** rounded down to five minutes */
  since: string;
  /** the window the public is told */
  etr_from: string | null;
  etr_to: string | null;
  /** as `TellableOutage` has them: words are made from them */
  etr_source: string | null;
  state: Outage['state'];
  cause: CauseKind | null;
  /** not who: only that there is one */
  has_crew: boolean;
}

export interface PublicZone extends Zone {
  /** rounded down to a multiple of `smallest`; 0 means fewer than that */
  customers_out: number;
  /** outages that are shown one by one */
  outages: number;
  /** in planned work now; rounded down, 0 means fewer than `smallest` */
  planned: number;
  /** when the last of the windows with `smallest` customers or more ends, rounded up to a quarter of an hour */
  planned_to: string | null;
}

/** Planned work that lasts. */
export interface PlannedWork {
  zone_id: string;
  /** keys of the meters in it */
  meters: readonly number[];
  toMs: number;
}

export interface PublicPicture {
  /** fewest customers of an outage that is shown, and the step of all counts */
  smallest: number;
  customers_served: number;
  /** sum of the zones */
  customers_out: number;
  zones: PublicZone[];
  /** largest first */
  outages: PublicOutage[];
}

export interface Masking {
  /** k */
  smallest: number;
  cells: Cells;
  /** in the order of the area rows */
  zones: readonly Zone[];
  /** the id the public sees */
  publicId: (outageId: string) => string;
}

const fiveMinutesMs = 300_000;
const quarterMs = 900_000;
export const roundedDown = (count: number, step: number): number => Math.floor(count / step) * step;

/** @param outages those with customers out @param work windows that last now */
export function publicPicture(
  outages: readonly Outage[],
  masking: Masking,
  work: readonly PlannedWork[] = [],
): PublicPicture {
  const { smallest, cells, zones } = masking;
  const rowOfZone = new Map(zones.map((zone, row) => [zone.id, row]));
  const outByZone = new Map<string, number>();
  const shown: PublicOutage[] = [];
  for (const outage of outages) {
    outByZone.set(outage.area_id, (outByZone.get(outage.area_id) ?? 0) + outage.customers_out);
    if (outage.customers_out < smallest) continue;
    const region = cells.around(outage.lon, outage.lat, rowOfZone.get(outage.area_id) ?? -1);
    if (region) shown.push(shownOutage(outage, masking, region));
  }
  shown.sort((a, b) => b.customers_out - a.customers_out || (a.id < b.id ? -1 : 1));
  const countOf = Map.groupBy(shown, (outage) => outage.zone_id);
  const publicZones = zones.map((zone) => ({
    ...zone,
    customers_out: roundedDown(outByZone.get(zone.id) ?? 0, smallest),
    outages: countOf.get(zone.id)?.length ?? 0,
    ...plannedIn(
      work.filter(({ zone_id }) => zone_id === zone.id),
      smallest,
    ),
  }));
  return {
    smallest,
    customers_served: publicZones.reduce((sum, zone) => sum + zone.served, 0),
    customers_out: publicZones.reduce((sum, zone) => sum + zone.customers_out, 0),
    zones: publicZones,
    outages: shown,
  };
}

/** A home in two windows is one; of small windows not even the end is told. */
function plannedIn(work: readonly PlannedWork[], smallest: number): { planned: number; planned_to: string | null } {
  const homes = new Set(work.flatMap(({ meters }) => meters));
  const ends = work.filter(({ meters }) => meters.length >= smallest).map(({ toMs }) => toMs);
  const lastMs = Math.ceil(Math.max(...ends) / quarterMs) * quarterMs;
  return {
    planned: roundedDown(homes.size, smallest),
    planned_to: ends.length === 0 ? null : new Date(lastMs).toISOString(),
  };
}

function shownOutage(outage: Outage, { smallest, publicId }: Masking, region: Region): PublicOutage {
  const window = etrWindow(outage);
  const sinceMs = Date.parse(outage.started_at);
  return {
    id: publicId(outage.id),
    zone_id: outage.area_id,
    lon: region.lon,
    lat: region.lat,
    region_size: region.size,
    customers_out: roundedDown(outage.customers_out, smallest),
    customers_affected: roundedDown(outage.customers_affected, smallest),
    since: new Date(sinceMs - (sinceMs % fiveMinutesMs)).toISOString(),
    etr_from: window ? new Date(window.fromMs).toISOString() : null,
    etr_to: window ? new Date(window.toMs).toISOString() : null,
    etr_source: outage.etr_source,
    state: outage.state,
    cause: causeKind(outage.cause),
    has_crew: outage.crew !== null,
  };
}
