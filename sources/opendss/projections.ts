/** Map projections by EPSG code, for `--epsg`: proj4 computes, the definitions and areas of use stand here. */
import proj4 from 'proj4';
import { FluxError } from '#model/errors.ts';
import { statePlaneZones } from './state_plane.ts';

export interface Projection {
  epsg: number;
  name: string;
  /** west, south, east, north in degrees: where the projection is meant to be used */
  area: [number, number, number, number];
  /** projected x, y to WGS 84 lon, lat in degrees */
  toLonLat(x: number, y: number): [number, number];
}

interface Definition {
  name: string;
  proj4: string;
  area: [number, number, number, number];
}

function statePlane(epsg: number): Definition | undefined {
  const row = statePlaneZones.split('\n').find((line) => line.startsWith(`${epsg}|`));
  if (row === undefined) return undefined;
  const [, name, kind, units, parameters, area] = row.split('|');
  const [lat0, lon0, first, second, x0, y0] = parameters.split(' ');
  const shape = kind === 'lcc' ? `+lat_1=${first} +lat_2=${second}` : `+k=${first}`;
  return {
    name: `${name} (${units === 'ft' ? 'ft' : 'US survey ft'})`,
    // NAD83 and its HARN realisation differ from WGS 84 by less than 2 m; no shift is applied
    proj4: `+proj=${kind} +lat_0=${lat0} +lon_0=${lon0} ${shape} +x_0=${x0} +y_0=${y0} +ellps=GRS80 +towgs84=0,0,0 +units=${units} +no_defs`,
    area: area.split(' ').map(Number) as Definition['area'],
  };
}

/** UTM zones: WGS 84 326xx and 327xx, NAD83 269xx, ETRS89 258xx. */
function utm(epsg: number): Definition | undefined {
  const zone = epsg % 100;
  const series = Math.floor(epsg / 100);
  const isSouth = series === 327;
  const isKnown =
    ((series === 326 || isSouth) && zone >= 1 && zone <= 60) ||
    (series === 269 && zone >= 1 && zone <= 23) ||
    (series === 258 && zone >= 28 && zone <= 38);
  if (!isKnown) return undefined;
  const west = zone * 6 - 186;
  return {
    name: `UTM zone ${zone}${isSouth ? 'S' : 'N'}`,
    proj4: `+proj=utm +zone=${zone}${isSouth ? ' +south' : ''} +datum=WGS84 +units=m +no_defs`,
    area: isSouth ? [west, -80, west + 6, 0] : [west, 0, west + 6, 84],
  };
}

function definitionOf(epsg: number): Definition | undefined {
  if (epsg === 4326 || epsg === 4269) {
    return { name: 'longitude, latitude', proj4: '+proj=longlat +datum=WGS84 +no_defs', area: [-180, -90, 180, 90] };
  }
  if (epsg === 3857) {
    return {
      name: 'Web Mercator',
      proj4: '+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +no_defs',
      area: [-180, -85.06, 180, 85.06],
    };
  }
  return utm(epsg) ?? statePlane(epsg);
}

/** @throws FluxError `opendss_unknown_epsg` */
export function projectionOf(epsg: number): Projection {
  const definition = definitionOf(epsg);
  if (definition === undefined) {
    throw new FluxError(
      'opendss_unknown_epsg',
      `EPSG:${epsg} is not among the projections known here: 4326, 3857, UTM (326xx, 327xx, 269xx, 258xx) and the US state-plane zones in feet (2222-2289, 2867-2930); convert the coordinates, or use --place LON,LAT`,
    );
  }
  const converter = proj4(definition.proj4, '+proj=longlat +datum=WGS84 +no_defs');
  return {
    epsg,
    name: definition.name,
    area: definition.area,
    toLonLat: (x, y) => {
      // proj4 throws on what is not finite and on some points far outside
      try {
        const [lon, lat] = converter.forward([x, y]);
        return [lon, lat];
      } catch {
        return [Number.NaN, Number.NaN];
      }
    },
  };
}
