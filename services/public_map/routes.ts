import type { Outage } from '#model/api/outages.ts';
import { causeInWords, causeKind, etrSourceInWords, etrWindow } from '#model/public_words.ts';
import type { BinaryAnswer, RouteDeclaration } from '#model/route.ts';
import { type Feature, geoJson, publicFeatures } from './data.ts';
import { type OdinOutage, odinDocument } from './odin.ts';
import type { PublicPicture } from './picture.ts';

export interface FeedNeeds {
  picture: () => PublicPicture;
  /** least time between two makings of a public feed: what anybody may ask costs no more however many ask */
  everyMs: number;
  /** with customers out, exact: for partners */
  outages: () => Outage[];
  /** customers served in an area, and its name */
  zone: (areaId: string) => { name: string; served: number };
  /** calls a client may make in a minute */
  perMinute: number | undefined;
}

const disclaimer =
  'Preliminary operational data, subject to change. Counts of the public form are rounded down and positions are not exact.';
const answer = (text: string, contentType: string): BinaryAnswer => ({ bytes: Buffer.from(text), contentType });
const xmlType = 'application/xml; charset=utf-8';
const geoJsonType = 'application/geo+json; charset=utf-8';

/** Made at the first question of each span of time, and given to all that ask in it. */
function keptFor(everyMs: number, make: () => BinaryAnswer): () => BinaryAnswer {
  let kept: { answer: BinaryAnswer; untilMs: number } | undefined;
  return () => {
    const nowMs = performance.now();
    if (!kept || nowMs >= kept.untilMs) kept = { answer: make(), untilMs: nowMs + everyMs };
    return kept.answer;
  };
}

export function feedRoutes(needs: FeedNeeds): RouteDeclaration[] {
  const limit = needs.perMinute === undefined ? undefined : { calls: needs.perMinute, seconds: 60 };
  const shared = { method: 'GET', role: 'public', scope: { kind: 'none' }, limit, cacheSeconds: 30 } as const;
  const ofArea = { kind: 'rows' as const, areaOf: (row: { area: string }) => row.area };
  return [
    {
      ...shared,
      path: '/feeds/odin',
      summary: 'outages for ODIN (CIM outage profile, XML), small ones and exact positions left out',
      handle: keptFor(needs.everyMs, () => answer(odinDocument(publicOdin(needs), disclaimer), xmlType)),
    },
    {
      ...shared,
      path: '/feeds/outages.geojson',
      summary: 'outages as GeoJSON, small ones and exact positions left out',
      handle: keptFor(needs.everyMs, () => answer(geoJson(publicFeatures(needs.picture())), geoJsonType)),
    },
    {
      method: 'GET',
      path: '/feeds/odin/exact',
      summary: 'the same for partners: all outages, exact counts and positions, of the areas of the token',
      role: 'viewer',
      scope: ofArea,
      handle: () => needs.outages().map((outage) => ({ area: outage.area_id, row: exactOdin(outage, needs) })),
      render: (rows) =>
        answer(
          odinDocument(
            (rows as { row: OdinOutage }[]).map(({ row }) => row),
            disclaimer,
          ),
          xmlType,
        ),
    },
    {
      method: 'GET',
      path: '/feeds/outages/exact.geojson',
      summary: 'the same for partners: all outages, exact counts and positions, of the areas of the token',
      role: 'viewer',
      scope: ofArea,
      handle: () => needs.outages().map((outage) => ({ area: outage.area_id, row: exactFeature(outage) })),
      render: (rows) => answer(geoJson((rows as { row: Feature }[]).map(({ row }) => row)), geoJsonType),
    },
  ];
}

function publicOdin({ picture, zone }: FeedNeeds): OdinOutage[] {
  return picture().outages.map((outage) => ({
    id: outage.id,
    state: outage.state,
    cause: outage.cause,
    causeWords: causeInWords(outage.cause, 'en'),
    community: zone(outage.zone_id).name,
    metersAffected: outage.customers_out,
    originalMetersAffected: outage.customers_affected,
    customersServed: zone(outage.zone_id).served,
    since: outage.since,
    etr: outage.etr_to,
    etrSpreadS:
      outage.etr_from && outage.etr_to ? (Date.parse(outage.etr_to) - Date.parse(outage.etr_from)) / 1000 : null,
    etrSource: outage.etr_to && etrSourceInWords(outage.etr_source, 'en'),
    hasCrew: outage.has_crew,
    lon: outage.lon,
    lat: outage.lat,
  }));
}

function exactOdin(outage: Outage, { zone }: FeedNeeds): OdinOutage {
  const window = etrWindow(outage);
  return {
    id: outage.id,
    state: outage.state,
    cause: causeKind(outage.cause),
    causeWords: outage.cause ?? 'not known yet',
    community: zone(outage.area_id).name,
    metersAffected: outage.customers_out,
    originalMetersAffected: outage.customers_affected,
    customersServed: zone(outage.area_id).served,
    since: outage.started_at,
    etr: outage.etr_p90,
    etrSpreadS: window ? (window.toMs - window.fromMs) / 1000 : null,
    etrSource: outage.etr_source,
    hasCrew: outage.crew !== null,
    lon: outage.lon,
    lat: outage.lat,
  };
}

function exactFeature({ lon, lat, id, edge_row: _row, ...facts }: Outage): Feature {
  return { type: 'Feature', id, geometry: { type: 'Point', coordinates: [lon, lat] }, properties: facts };
}
