/**
 * Where the public map may put a symbol. The homes of each zone are parted into regions of many homes: squares of a raster
 * where these hold enough, and what such squares leave over joined in wider ones. A symbol stands in the middle of its
 * region, so it says "one of these homes" and nothing more. The parts belong to the network alone: no outage moves them.
 */
import type { NetworkColumns } from '#model/network.ts';

export interface Region {
  /** middle, degrees */
  lon: number;
  lat: number;
  /** width of the square it was made from, degrees of latitude */
  size: number;
}

export interface DrawnCell {
  lon: number;
  lat: number;
  size: number;
  /** area row that most of its homes belong to */
  zone: number;
  /** of the raster; neighbours differ by 1 */
  column: number;
  row: number;
}

export interface Cells {
  /** The region of a place in a zone (area row); undefined where the zone has too few homes for one. */
  around(lon: number, lat: number, zone: number): Region | undefined;
  /** Squares of the finest raster with enough homes to be drawn. */
  drawn(): DrawnCell[];
}

/** 0.01 degrees of latitude are 1.1 km; each level is twice as wide. */
const finest = 0.01;
const levels = 8;
const perRow = 65_536;

interface Square {
  column: number;
  row: number;
  homes: number;
}

/** @param zoneOf area row of a meter, -1 where it has none */
export function makeCells(network: NetworkColumns, minimumServed: number, zoneOf: (meter: number) => number): Cells {
  const { meter } = network;
  let latSum = 0;
  for (let row = 0; row < meter.count; row++) latSum += meter.latE7[row] * 1e-7;
  const middle = meter.count > 0 ? latSum / meter.count : 0;
  // Squares on the ground: a degree of longitude is shorter.
  const lonStep = finest * Math.max(1, Math.round(100 / Math.max(0.1, Math.cos((middle * Math.PI) / 180))) / 100);
  const columnOf = (lon: number): number => Math.floor((lon + 180) / lonStep);
  const rowOf = (lat: number): number => Math.floor((lat + 90) / finest);
  const lonOf = (column: number): number => (column + 0.5) * lonStep - 180;
  const latOf = (row: number): number => (row + 0.5) * finest - 90;

  /** by zone and square */
  const squares = new Map<number, Map<number, Square>>();
  for (let m = 0; m < meter.count; m++) {
    const zone = zoneOf(m);
    const ofZone = squares.get(zone) ?? new Map<number, Square>();
    squares.set(zone, ofZone);
    const column = columnOf(meter.lonE7[m] * 1e-7);
    const row = rowOf(meter.latE7[m] * 1e-7);
    const square = ofZone.get(row * perRow + column);
    if (square) square.homes++;
    else ofZone.set(row * perRow + column, { column, row, homes: 1 });
  }

  function regionOf(members: readonly Square[], level: number): Region {
    const mean = (of: (square: Square) => number): number =>
      members.reduce((sum, square) => sum + of(square), 0) / members.length;
    return {
      lon: round(mean((square) => lonOf(square.column))),
      lat: round(mean((square) => latOf(square.row))),
      size: finest * 2 ** level,
    };
  }

  const nearest = (regions: readonly Region[], lon: number, lat: number): Region | undefined => {
    const distance = (region: Region): number =>
      ((region.lon - lon) / lonStep) ** 2 + ((region.lat - lat) / finest) ** 2;
    let best = regions[0];
    for (const region of regions) if (distance(region) < distance(best)) best = region;
    return best;
  };

  const zones = new Map<number, { regions: Region[]; bySquare: Map<number, Region> }>();
  for (const [zone, ofZone] of squares) {
    const regions: Region[] = [];
    const bySquare = new Map<number, Region>();
    let left = [...ofZone.values()].sort((a, b) => a.row - b.row || a.column - b.column);
    for (let level = 0; level < levels && left.length > 0; level++) {
      const groups = Map.groupBy(left, ({ column, row }) => (row >> level) * perRow + (column >> level));
      left = [];
      for (const members of groups.values()) {
        if (members.reduce((sum, square) => sum + square.homes, 0) < minimumServed) {
          left.push(...members);
          continue;
        }
        const region = regionOf(members, level);
        regions.push(region);
        for (const { column, row } of members) bySquare.set(row * perRow + column, region);
      }
    }
    zones.set(zone, { regions, bySquare });
  }

  return {
    around: (lon, lat, zone) => {
      const ofZone = zones.get(zone);
      if (!ofZone) return undefined;
      // of no region: too few for the widest square, or a device where no home is
      return ofZone.bySquare.get(rowOf(lat) * perRow + columnOf(lon)) ?? nearest(ofZone.regions, lon, lat);
    },
    drawn: () => {
      const all = new Map<number, DrawnCell & { homes: number; most: number }>();
      for (const [zone, ofZone] of squares)
        for (const [key, { column, row, homes }] of ofZone) {
          const known = all.get(key);
          if (!known) {
            const at = { lon: round(lonOf(column)), lat: round(latOf(row)), size: finest, column, row };
            all.set(key, { ...at, zone, homes, most: homes });
            continue;
          }
          known.homes += homes;
          if (homes <= known.most) continue;
          known.most = homes;
          known.zone = zone;
        }
      return [...all.values()].filter((cell) => cell.homes >= minimumServed);
    },
  };
}

const round = (degrees: number): number => Math.round(degrees * 1e5) / 1e5;
