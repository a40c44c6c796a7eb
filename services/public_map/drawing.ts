/** The map as a drawing: the zones as squares joined into shapes, a circle for each place with outages. No tiles, no script. */
import { escapedHtml } from '#model/html.ts';
import { clockInWords, type Language } from '#model/public_words.ts';
import type { Cells, DrawnCell } from './cells.ts';
import type { PublicOutage, PublicPicture, Zone } from './picture.ts';

export interface Ground {
  width: number;
  height: number;
  /** shapes of the zones, and their names, the same for every picture */
  shapes: string;
  names: string;
  place(lon: number, lat: number): { x: number; y: number };
}

const width = 800;
const margin = 16;

/** Made once per network. @param zones in the order of the area rows */
export function makeGround(cells: Cells, zones: readonly Zone[]): Ground {
  const squares = cells.drawn();
  if (squares.length === 0)
    return { width, height: 200, shapes: '', names: '', place: () => ({ x: width / 2, y: 100 }) };
  const size = squares[0].size;
  const middleLat = squares.reduce((sum, cell) => sum + cell.lat, 0) / squares.length;
  const narrow = Math.cos((middleLat * Math.PI) / 180);
  const lons = squares.map((cell) => cell.lon);
  const lats = squares.map((cell) => cell.lat);
  const [west, east] = [Math.min(...lons) - size, Math.max(...lons) + size];
  const [south, north] = [Math.min(...lats) - size / 2, Math.max(...lats) + size / 2];
  const scale = Math.min((width - 2 * margin) / ((east - west) * narrow), 900 / (north - south));
  const height = Math.round((north - south) * scale + 2 * margin);
  const left = (width - (east - west) * narrow * scale) / 2;
  const place = (lon: number, lat: number) => ({
    x: one(left + (lon - west) * narrow * scale),
    y: one(margin + (north - lat) * scale),
  });
  const shades = shadesOf(squares);
  const half = (size * scale) / 2 + 0.4;
  const shapes = [...Map.groupBy(squares, (cell) => cell.zone)]
    .sort(([a], [b]) => a - b)
    .map(([zone, members]) => {
      const path = members
        .map(({ lon, lat }) => {
          const { x, y } = place(lon, lat);
          return `M${one(x - half)} ${one(y - half)}h${one(half * 2)}v${one(half * 2)}h-${one(half * 2)}z`;
        })
        .join('');
      return `<path class="zone z${shades.get(zone)}" d="${path}"/>`;
    });
  const names = [...Map.groupBy(squares, (cell) => cell.zone)].map(([zone, members]) => {
    const { x, y } = place(
      members.reduce((sum, cell) => sum + cell.lon, 0) / members.length,
      members.reduce((sum, cell) => sum + cell.lat, 0) / members.length,
    );
    return `<text class="zone-name" x="${x}" y="${y}">${escapedHtml(zones[zone]?.name ?? '')}</text>`;
  });
  return { width, height, shapes: shapes.join(''), names: names.join(''), place };
}

/** A shade of four for each zone, another one than its neighbours have as far as four are enough. */
function shadesOf(squares: readonly DrawnCell[]): Map<number, number> {
  const zoneAt = new Map(squares.map((cell) => [`${cell.column} ${cell.row}`, cell.zone]));
  const beside = new Map<number, Set<number>>();
  for (const { zone, column, row } of squares)
    for (const at of [`${column + 1} ${row}`, `${column} ${row + 1}`]) {
      const other = zoneAt.get(at);
      if (other === undefined || other === zone) continue;
      beside.set(zone, (beside.get(zone) ?? new Set()).add(other));
      beside.set(other, (beside.get(other) ?? new Set()).add(zone));
    }
  const shades = new Map<number, number>();
  for (const zone of [...new Set(squares.map((cell) => cell.zone))].sort((a, b) => a - b)) {
    const taken = new Set([...(beside.get(zone) ?? [])].map((other) => shades.get(other)));
    shades.set(zone, [0, 1, 2, 3].find((shade) => !taken.has(shade)) ?? 3);
  }
  return shades;
}

const one = (value: number): number => Math.round(value * 10) / 10;

/** Circles grow with the square root of the customers: area stands for number. */
const radiusOf = (customers: number): number => one(Math.min(34, 5 + Math.sqrt(customers) * 0.45));

const words = {
  map: { en: 'Map of outages', es: 'Mapa de cortes' },
  customers: { en: 'customers without power', es: 'clientes sin luz' },
  outages: { en: 'outages', es: 'cortes' },
  since: { en: 'since', es: 'desde las' },
} satisfies Record<string, Record<Language, string>>;

export function drawnMap(picture: PublicPicture, ground: Ground, zone: string, language: Language): string {
  const places = [...Map.groupBy(picture.outages, (outage) => `${outage.lon} ${outage.lat}`).values()];
  const marks = places
    .map((outages) => ({ outages, customers: outages.reduce((sum, outage) => sum + outage.customers_out, 0) }))
    .sort((a, b) => b.customers - a.customers)
    .map(({ outages, customers }) => mark(outages, customers, ground, zone, language));
  return `<svg class="map" viewBox="0 0 ${ground.width} ${ground.height}" role="group" aria-label="${words.map[language]}">${ground.shapes}${ground.names}${marks.join('')}</svg>`;
}

function mark(outages: PublicOutage[], customers: number, ground: Ground, zone: string, language: Language): string {
  const [{ id, lon, lat, since, has_crew: hasCrew }] = outages;
  const { x, y } = ground.place(lon, lat);
  const count = `${customers.toLocaleString(language === 'es' ? 'es-US' : 'en-US')} ${words.customers[language]}`;
  const label =
    outages.length === 1
      ? `${count}, ${words.since[language]} ${clockInWords(Date.parse(since), zone, language)}`
      : `${count}, ${outages.length} ${words.outages[language]}`;
  return `<a href="#o-${id}" aria-label="${escapedHtml(label)}"><circle class="outage${hasCrew ? ' crew' : ''}" cx="${x}" cy="${y}" r="${radiusOf(customers)}"><title>${escapedHtml(label)}</title></circle></a>`;
}
