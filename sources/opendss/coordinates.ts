/** Bus coordinates: what the columns mean, and where on Earth they lie. */
import { FluxError } from '#model/errors.ts';
import type { Equipment } from './equipment.ts';
import type { BusCoordinate } from './interpreter.ts';
import { projectionOf } from './projections.ts';
import type { CoordinateReport, Findings } from './report.ts';

export interface Located {
  /** degrees, NaN where the file gives none */
  lon: Float64Array;
  lat: Float64Array;
  report: Omit<CoordinateReport, 'interpolated' | 'bounds'>;
}

export interface PlacingOptions {
  epsg?: number;
  place?: { lon: number; lat: number };
}

const metresPerDegree = 111_195;
const usSurveyFoot = 1200 / 3937;
/** A drawing scaled by `place` is kept between these sizes: below, nothing can be clicked; above, it is no feeder. */
const smallestM = 500;
const largestM = 8_000;
const absurdM = 150_000;

interface Points {
  x: Float64Array;
  y: Float64Array;
  count: number;
  isLatLon: boolean;
}

function pointsOf(coordinates: readonly BusCoordinate[], buses: readonly string[], findings: Findings): Points {
  const rowOf = new Map(buses.map((bus, row) => [bus.toLowerCase(), row]));
  const x = new Float64Array(buses.length).fill(Number.NaN);
  const y = new Float64Array(buses.length).fill(Number.NaN);
  let count = 0;
  for (const point of coordinates) {
    const row = rowOf.get(point.bus.toLowerCase());
    const at = { file: point.file, line: point.line, element: `Bus.${point.bus}` };
    if (row === undefined) {
      findings.warn('coordinate_of_unknown_bus', 'Coordinates of a bus that is not in service were not used.', at);
      continue;
    }
    if (Number.isNaN(x[row])) count++;
    else if (x[row] !== point.x || y[row] !== point.y) {
      findings.warn('duplicate_coordinate', 'A bus has two different coordinates; the last one holds.', at);
    }
    x[row] = point.x;
    y[row] = point.y;
  }
  count -= dropOrigin(x, y, buses, findings);
  return { x, y, count, isLatLon: coordinates.length > 0 && coordinates.every((point) => point.isLatLon) };
}

/** Converters write 0, 0 for "unknown": no place where all other buses are far from the origin. */
function dropOrigin(x: Float64Array, y: Float64Array, buses: readonly string[], findings: Findings): number {
  const atOrigin = buses.map((_, bus) => bus).filter((bus) => x[bus] === 0 && y[bus] === 0);
  if (atOrigin.length === 0) return 0;
  const isElsewhere = (_: number, bus: number): boolean => x[bus] !== 0 || y[bus] !== 0;
  const [x0, x1] = rangeOf(x.filter(isElsewhere));
  const [y0, y1] = rangeOf(y.filter(isElsewhere));
  const extent = Math.max(x1 - x0, y1 - y0);
  const distance = Math.hypot(Math.max(x0, -x1, 0), Math.max(y0, -y1, 0));
  const others = x.filter((value) => !Number.isNaN(value)).length - atOrigin.length;
  if (others < 3 || !(distance > 5 * extent)) return 0;
  for (const bus of atOrigin) {
    x[bus] = Number.NaN;
    y[bus] = Number.NaN;
    findings.warn('zero_coordinate', 'A bus at 0, 0, far from all others, was placed from its neighbours.', {
      file: '',
      line: 0,
      element: `Bus.${buses[bus]}`,
    });
  }
  return atOrigin.length;
}

function rangeOf(values: Float64Array): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Share of values with three decimals or more: degrees have them, drawings seldom. */
function shareWithDecimals(values: Float64Array): number {
  let known = 0;
  let fine = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    known++;
    if (Math.abs(value * 100 - Math.round(value * 100)) > 1e-6) fine++;
  }
  return known === 0 ? 0 : fine / known;
}

/**
 * Degrees or not, and which column is the longitude. Degrees lie within +-180 and +-90, span less than 5 degrees, have
 * decimals. A column beyond what a latitude of inhabited land can be (-56 to 72) is the longitude; where both could
 * be, x comes first, as OpenDSS means it.
 */
export function columnOrder(points: {
  x: Float64Array;
  y: Float64Array;
  isLatLon?: boolean;
}): 'lon,lat' | 'lat,lon' | 'projected' {
  const [x0, x1] = rangeOf(points.x);
  const [y0, y1] = rangeOf(points.y);
  const couldBeLatitude = (low: number, high: number): boolean => low >= -56 && high <= 72;
  const isDegrees =
    Math.max(Math.abs(x0), Math.abs(x1)) <= 180 &&
    Math.max(Math.abs(y0), Math.abs(y1)) <= 180 &&
    x1 - x0 < 5 &&
    y1 - y0 < 5 &&
    (couldBeLatitude(x0, x1) || couldBeLatitude(y0, y1));
  if (points.isLatLon === true && isDegrees) return 'lat,lon';
  if (!isDegrees || shareWithDecimals(points.x) < 0.2 || shareWithDecimals(points.y) < 0.2) return 'projected';
  return couldBeLatitude(x0, x1) && !couldBeLatitude(y0, y1) ? 'lat,lon' : 'lon,lat';
}

/**
 * Longitude and latitude of the buses that have coordinates.
 * @throws FluxError `opendss_no_location`, `opendss_wrong_epsg`, `opendss_unknown_epsg`, `opendss_bad_place`
 */
export function locate(
  coordinates: readonly BusCoordinate[],
  equipment: Equipment,
  options: PlacingOptions,
  master: string,
  findings: Findings,
): Located {
  const { place, epsg } = options;
  if (place !== undefined && !(Math.abs(place.lon) <= 180 && Math.abs(place.lat) <= 85)) {
    throw new FluxError('opendss_bad_place', `--place ${place.lon},${place.lat} is no longitude, latitude in degrees`);
  }
  const points = pointsOf(coordinates, equipment.buses, findings);
  const base = { withCoordinates: points.count, epsg: epsg ?? null, place: null, metresPerUnit: null, scale: '' };
  if (points.count === 0) {
    if (place === undefined) {
      throw new FluxError(
        'opendss_no_location',
        `${master} loads no bus coordinates; add "Buscoords FILE" with lon, lat to it, or give --place LON,LAT to draw the circuit as a tree around that point (--epsg N alone does not help)`,
      );
    }
    return { lon: points.x, lat: points.y, report: { ...base, order: 'none', place, scale: 'drawn as a tree' } };
  }
  const order = columnOrder(points);
  if (order !== 'projected') {
    if (place !== undefined || (epsg !== undefined && epsg !== 4326 && epsg !== 4269)) {
      findings.warn(
        'coordinates_are_degrees',
        'The coordinates are longitude and latitude already; --epsg and --place were not used.',
        { file: master, line: 0, element: '' },
      );
    }
    const isLonFirst = order === 'lon,lat';
    return {
      lon: isLonFirst ? points.x : points.y,
      lat: isLonFirst ? points.y : points.x,
      report: { ...base, order, epsg: 4326, scale: 'degrees' },
    };
  }
  if (epsg !== undefined) return project(points, equipment.buses, epsg, base);
  if (place !== undefined) return drawAt(points, equipment, place, base);
  const [x0, x1] = rangeOf(points.x);
  const [y0, y1] = rangeOf(points.y);
  throw new FluxError(
    'opendss_no_location',
    `The coordinates of ${master} are not degrees (x ${x0} to ${x1}, y ${y0} to ${y1}); give --epsg N where they are projected (for example 2278 for Texas South Central in feet, 32615 for UTM 15N), or --place LON,LAT to put the drawing around a point`,
  );
}

type ReportBase = Omit<CoordinateReport, 'interpolated' | 'bounds' | 'order'>;

/** Areas of use are stated to about 0.01 degrees, and lines cross their borders. */
const areaSlack = 0.25;

function project(points: Points, buses: readonly string[], epsg: number, base: ReportBase): Located {
  const projection = projectionOf(epsg);
  const [west, south, east, north] = projection.area;
  const lon = new Float64Array(buses.length).fill(Number.NaN);
  const lat = new Float64Array(buses.length).fill(Number.NaN);
  for (let bus = 0; bus < buses.length; bus++) {
    if (Number.isNaN(points.x[bus])) continue;
    const [x, y] = projection.toLonLat(points.x[bus], points.y[bus]);
    const isInside = x >= west - areaSlack && x <= east + areaSlack && y >= south - areaSlack && y <= north + areaSlack;
    if (!isInside) {
      throw new FluxError(
        'opendss_wrong_epsg',
        `EPSG:${epsg} (${projection.name}) puts bus ${buses[bus]} (x ${points.x[bus]}, y ${points.y[bus]}) at ${Number.isFinite(x) && Number.isFinite(y) ? `${x.toFixed(4)}, ${y.toFixed(4)}` : 'no point on Earth'}, outside its area ${west}..${east}, ${south}..${north}; check zone and unit (feet or metres), or use --place LON,LAT`,
      );
    }
    lon[bus] = x;
    lat[bus] = y;
  }
  return { lon, lat, report: { ...base, order: 'projected', scale: projection.name } };
}

/** Unit of a drawing from the stated lengths of its lines: their median metres per unit, or NaN where there are few. */
function measuredScale(points: Points, equipment: Equipment): number {
  const ratios: number[] = [];
  for (const { a, b, lengthM } of equipment.branches) {
    const distance = Math.hypot(points.x[a] - points.x[b], points.y[a] - points.y[b]);
    if (lengthM > 1 && distance > 0) ratios.push(lengthM / distance);
  }
  if (ratios.length < 5) return Number.NaN;
  ratios.sort((a, b) => a - b);
  return ratios[ratios.length >> 1];
}

function drawAt(points: Points, equipment: Equipment, place: { lon: number; lat: number }, base: ReportBase): Located {
  const [x0, x1] = rangeOf(points.x);
  const [y0, y1] = rangeOf(points.y);
  const size = Math.max(x1 - x0, y1 - y0) || 1;
  const measured = measuredScale(points, equipment);
  let metresPerUnit = usSurveyFoot;
  let scale = 'US survey feet';
  // within 15 % of a metre by the lines' own lengths: a metric drawing
  if (Math.abs(measured - 1) < 0.15) {
    metresPerUnit = 1;
    scale = 'metres, by the lengths of its lines';
  } else if (!(Math.abs(measured / usSurveyFoot - 1) < 0.15) && Number.isFinite(measured)) {
    metresPerUnit = measured;
    scale = 'schematic, by the median length of its lines';
  }
  const isSchematic = metresPerUnit !== usSurveyFoot && metresPerUnit !== 1;
  const extentM = size * metresPerUnit;
  if (extentM < smallestM || extentM > (isSchematic ? largestM : absurdM)) {
    metresPerUnit = (extentM < smallestM ? smallestM : largestM) / size;
    scale = `fitted into ${extentM < smallestM ? smallestM : largestM} m`;
  }
  const middleX = (x0 + x1) / 2;
  const middleY = (y0 + y1) / 2;
  const perLon = metresPerDegree * Math.cos((place.lat * Math.PI) / 180);
  return {
    lon: points.x.map((x) => place.lon + ((x - middleX) * metresPerUnit) / perLon),
    lat: points.y.map((y) => place.lat + ((y - middleY) * metresPerUnit) / metresPerDegree),
    report: { ...base, order: 'projected', epsg: null, place, metresPerUnit, scale },
  };
}
