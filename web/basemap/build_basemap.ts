/**
 * Makes public/basemap/counties.geojson (us-atlas, ISC: US Census counties around the territory) and
 * public/basemap/labels.geojson (one point per neighbourhood of houston.geojson). Run by hand when a source changes:
 * `node web/basemap/build_basemap.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { feature } from 'topojson-client';

const folder = new URL('../public/basemap/', import.meta.url);
/** west, south, east, north: the territory and what surrounds it */
const around = [-97.6, 28.4, -93.4, 31.2];

type Ring = [number, number][];
interface Feature {
  type: 'Feature';
  id?: string;
  properties: Record<string, unknown>;
  geometry: { type: string; coordinates: unknown };
}

function ringsOf({ geometry }: Feature): Ring[] {
  if (geometry.type === 'Polygon') return geometry.coordinates as Ring[];
  return (geometry.coordinates as Ring[][]).flat();
}

function meets(ring: Ring): boolean {
  const [west, south, east, north] = around;
  return ring.some(([lon, lat]) => lon >= west && lon <= east && lat >= south && lat <= north);
}

function area(ring: Ring): number {
  let twice = 0;
  for (let i = 1; i < ring.length; i++) twice += ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
  return twice / 2;
}

function centroid(ring: Ring): [number, number] {
  let x = 0;
  let y = 0;
  let weight = 0;
  for (let i = 1; i < ring.length; i++) {
    const cross = ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
    x += (ring[i - 1][0] + ring[i][0]) * cross;
    y += (ring[i - 1][1] + ring[i][1]) * cross;
    weight += 3 * cross;
  }
  return [Number((x / weight).toFixed(5)), Number((y / weight).toFixed(5))];
}

const collection = (features: unknown[]) => `${JSON.stringify({ type: 'FeatureCollection', features })}\n`;

const atlas = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve('us-atlas/counties-10m.json'), 'utf8'),
) as Parameters<typeof feature>[0];
const counties = feature(atlas, atlas.objects.counties) as unknown as { features: Feature[] };
const near = counties.features
  .filter((county) => ringsOf(county).some(meets))
  .map((county) => ({
    type: 'Feature',
    properties: { name: county.properties.name },
    geometry: {
      type: 'MultiPolygon',
      coordinates: ringsOf(county).map((ring) => [ring.map((at) => at.map((degree) => Number(degree.toFixed(4))))]),
    },
  }));
writeFileSync(new URL('counties.geojson', folder), collection(near));

const houston = JSON.parse(readFileSync(new URL('houston.geojson', folder), 'utf8')) as { features: Feature[] };
const labels = houston.features.map((place) => {
  const ring = ringsOf(place).reduce((a, b) => (Math.abs(area(b)) > Math.abs(area(a)) ? b : a));
  const name = String(place.properties.name).replaceAll(/\s*[/-]\s*(?=[A-Z])/g, ' / ');
  return {
    type: 'Feature',
    properties: { name, rank: -Math.round(Math.abs(area(ring)) * 1e5) },
    geometry: { type: 'Point', coordinates: centroid(ring) },
  };
});
writeFileSync(new URL('labels.geojson', folder), collection(labels));
