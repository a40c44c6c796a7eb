/** The picture for programs: GeoJSON of the outages and a summary by zone. Both say only what the picture says. */
import { causeInWords, crewInWords, etrSourceInWords } from '#model/public_words.ts';
import type { PublicPicture } from './picture.ts';

export interface Feature {
  type: 'Feature';
  id: string;
  geometry: { type: 'Point'; coordinates: [number, number] };
  properties: Record<string, string | number | null>;
}

export function publicFeatures(picture: PublicPicture): Feature[] {
  const zoneName = new Map(picture.zones.map((zone) => [zone.id, zone.name]));
  return picture.outages.map((outage) => ({
    type: 'Feature',
    id: outage.id,
    geometry: { type: 'Point', coordinates: [outage.lon, outage.lat] },
    properties: {
      zone_id: outage.zone_id,
      zone: zoneName.get(outage.zone_id) ?? '',
      customers_out: outage.customers_out,
      customers_affected: outage.customers_affected,
      since: outage.since,
      state: outage.state,
      cause: outage.cause,
      cause_words: causeInWords(outage.cause, 'en'),
      crew_words: crewInWords(outage.state, outage.has_crew, 'en'),
      etr_from: outage.etr_from,
      etr_to: outage.etr_to,
      etr_source_words: outage.etr_to === null ? null : etrSourceInWords(outage.etr_source, 'en'),
      position_uncertainty_degrees: outage.region_size,
    },
  }));
}

export function geoJson(features: readonly unknown[]): string {
  return JSON.stringify({ type: 'FeatureCollection', features });
}

export function publicSummary(picture: PublicPicture): string {
  const { outages, ...facts } = picture;
  return JSON.stringify({ ...facts, outages_shown: outages.length });
}
