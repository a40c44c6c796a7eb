/**
 * Rebuilds the data files of this folder and the basemap from their public sources; see README.md for the sources.
 * Usage: node sources/territory/data/derive.ts HOUSTON_GEOJSON HOUSTON_LICENSE SUB_CSV_GZ
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type Neighbourhood, neighbourhoodTraits } from './traits.ts';

type Ring = [number, number][];

/** Douglas-Peucker tolerance in degrees, about 4 m. Coarser values open visible gaps between neighbours. */
const toleranceDeg = 4e-5;

function distanceToLine(p: [number, number], a: [number, number], b: [number, number]): number {
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  const squared = dx * dx + dy * dy;
  const t = squared === 0 ? 0 : Math.max(0, Math.min(1, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / squared));
  return Math.hypot(p[0] - a[0] - t * dx, p[1] - a[1] - t * dy);
}

function simplify(line: Ring): Ring {
  if (line.length < 3) return line;
  let farthest = 0;
  let at = 0;
  for (let i = 1; i < line.length - 1; i++) {
    const distance = distanceToLine(line[i], line[0], line[line.length - 1]);
    if (distance > farthest) {
      farthest = distance;
      at = i;
    }
  }
  if (farthest <= toleranceDeg) return [line[0], line[line.length - 1]];
  return [...simplify(line.slice(0, at + 1)).slice(0, -1), ...simplify(line.slice(at))];
}

/** A closed ring has no two far ends: it is cut at the vertex farthest from its first. */
function simplifyRing(ring: Ring): Ring {
  let cut = 0;
  const away = (i: number): number => Math.hypot(ring[i][0] - ring[0][0], ring[i][1] - ring[0][1]);
  for (let i = 1; i < ring.length; i++) if (away(i) > away(cut)) cut = i;
  const whole = [...simplify(ring.slice(0, cut + 1)).slice(0, -1), ...simplify(ring.slice(cut))];
  return whole.map(([lon, lat]) => [Math.round(lon * 1e5) / 1e5, Math.round(lat * 1e5) / 1e5]);
}

function main(geojsonPath: string, licensePath: string, substationsPath: string): void {
  const here = (name: string): URL => new URL(name, import.meta.url);
  const source = JSON.parse(readFileSync(geojsonPath, 'utf8')) as {
    features: { properties: { name: string }; geometry: { coordinates: Ring[][] } }[];
  };
  const neighbourhoods: Neighbourhood[] = source.features
    .map((feature) => {
      const traits = neighbourhoodTraits[feature.properties.name];
      if (!traits) throw new Error(`no traits for neighbourhood ${feature.properties.name}: add a row to traits.ts`);
      const [name, area, metersPerKm2, character] = traits;
      return { name, area, metersPerKm2, character, rings: feature.geometry.coordinates[0].map(simplifyRing) };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  writeFileSync(here('neighbourhoods.json'), `[\n${neighbourhoods.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`);

  const features = neighbourhoods.map((one) => ({
    type: 'Feature',
    properties: { name: one.name, area: one.area },
    geometry: { type: 'Polygon', coordinates: one.rings },
  }));
  writeFileSync(
    here('../../../web/public/basemap/houston.geojson'),
    `{"type":"FeatureCollection","features":[\n${features.map((one) => JSON.stringify(one)).join(',\n')}\n]}\n`,
  );
  const license = readFileSync(licensePath);
  writeFileSync(here('LICENSE-houston.txt'), license);
  writeFileSync(here('../../../web/public/basemap/LICENSE-houston.txt'), license);

  // Columns: sub_id,name,interconnect_sub_id,lat,lon,interconnect
  const sites = gunzipSync(readFileSync(substationsPath))
    .toString('utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(','))
    .filter(
      ([, , , lat, lon]) => Number(lat) > 29.4 && Number(lat) < 30.2 && Number(lon) > -95.85 && Number(lon) < -94.95,
    )
    .map(([, name, , lat, lon]) => [name, Number(lon), Number(lat)]);
  writeFileSync(here('substation_sites.json'), `[\n${sites.map((site) => JSON.stringify(site)).join(',\n')}\n]\n`);
}

main(process.argv[2], process.argv[3], process.argv[4]);
