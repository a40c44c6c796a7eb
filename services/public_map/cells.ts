/**
 * Where the public map may put a symbol: the centre of a square that holds many homes, never the device. The squares belong
 * to the network alone: no outage moves them.
 */
import type { NetworkColumns } from '#model/network.ts';

export interface Cell {
  /** centre, degrees */
  lon: number;
  lat: number;
  /** width, degrees of latitude */
  size: number;
  /** homes in it */
  served: number;
}

export interface Cells {
  /** The smallest square around a place in which at least `minimumServed` homes are; the widest there is where none has. */
  around(lon: number, lat: number): Cell;
  /** Squares of the finest level with enough homes to be drawn, with the zone that most of their homes belong to. */
  drawn(): DrawnCell[];
}

export interface DrawnCell extends Cell {
  /** area row */
  zone: number;
  /** of the raster; neighbours differ by 1 */
  column: number;
  row: number;
}

/** 0.01 degrees of latitude are 1.1 km; each level is twice as wide. */
const finest = 0.01;
const levels = 7;

/** @param zoneOf area row of a meter, -1 where it has none */
export function makeCells(network: NetworkColumns, minimumServed: number, zoneOf: (meter: number) => number): Cells {
  const { meter } = network;
  let latSum = 0;
  for (let row = 0; row < meter.count; row++) latSum += meter.latE7[row] * 1e-7;
  const middle = meter.count > 0 ? latSum / meter.count : 0;
  // Squares on the ground: a degree of longitude is shorter.
  const stretch = Math.max(1, Math.round(100 / Math.max(0.1, Math.cos((middle * Math.PI) / 180))) / 100);
  const lonStep = finest * stretch;
  const columnOf = (lon: number): number => Math.floor((lon + 180) / lonStep);
  const rowOf = (lat: number): number => Math.floor((lat + 90) / finest);
  const keyOf = (column: number, row: number): number => row * 65_536 + column;

  const served = Array.from({ length: levels }, () => new Map<number, number>());
  const zones = new Map<number, Map<number, number>>();
  for (let m = 0; m < meter.count; m++) {
    const column = columnOf(meter.lonE7[m] * 1e-7);
    const row = rowOf(meter.latE7[m] * 1e-7);
    const key = keyOf(column, row);
    served[0].set(key, (served[0].get(key) ?? 0) + 1);
    const inCell = zones.get(key) ?? new Map<number, number>();
    zones.set(key, inCell);
    const zone = zoneOf(m);
    inCell.set(zone, (inCell.get(zone) ?? 0) + 1);
  }

  // Wider squares are sums of the finest: few of those, many homes.
  for (const [finestKey, homes] of served[0])
    for (let level = 1; level < levels; level++) {
      const key = keyOf((finestKey % 65_536) >> level, Math.floor(finestKey / 65_536) >> level);
      served[level].set(key, (served[level].get(key) ?? 0) + homes);
    }

  function cellAt(column: number, row: number, level: number): Cell {
    const width = 2 ** level;
    return {
      lon: round(((column >> level) + 0.5) * width * lonStep - 180),
      lat: round(((row >> level) + 0.5) * width * finest - 90),
      size: finest * width,
      served: served[level].get(keyOf(column >> level, row >> level)) ?? 0,
    };
  }

  return {
    around: (lon, lat) => {
      const [column, row] = [columnOf(lon), rowOf(lat)];
      for (let level = 0; level < levels - 1; level++) {
        const cell = cellAt(column, row, level);
        if (cell.served >= minimumServed) return cell;
      }
      return cellAt(column, row, levels - 1);
    },
    drawn: () =>
      [...served[0]]
        .filter(([, homes]) => homes >= minimumServed)
        .map(([key]) => {
          const [column, row] = [key % 65_536, Math.floor(key / 65_536)];
          const most = [...zones.get(key)!].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0][0];
          return { ...cellAt(column, row, 0), zone: most, column, row };
        }),
  };
}

const round = (degrees: number): number => Math.round(degrees * 1e5) / 1e5;
