import type { Theme } from '../app/screen_store.ts';

/** Colours of the map. Grey is normal; saturation is kept for what is abnormal; shape says it first. */
export interface MapPalette {
  ground: string;
  land: string;
  landLine: string;
  county: string;
  label: string;
  labelHalo: string;
  substationLabel: string;
  clusterLabel: string;
  /** by line class: main overhead, main underground, lateral overhead, lateral underground, device */
  lines: readonly string[];
  symbol: string;
  symbolFill: string;
  substation: string;
  meter: string;
  /** by edge status code (model/map.ts edgeStatuses) */
  status: readonly string[];
  selection: string;
  trace: string;
}

export const mapPalettes: Record<Theme, MapPalette> = {
  dark: {
    ground: '#0d1013',
    land: '#13171b',
    landLine: '#262d34',
    county: '#323b44',
    label: '#8592a0',
    labelHalo: '#0d1013',
    substationLabel: '#aab6c1',
    clusterLabel: '#1c0503',
    lines: ['#78858f', '#6d7f8d', '#4d5962', '#46545f', '#68757f'],
    symbol: '#a3afb9',
    symbolFill: '#171c21',
    substation: '#c3ccd4',
    meter: '#6b7883',
    status: ['#78858f', '#ff5546', '#e674ec', '#ff5546', '#57c785', '#7aa2ff'],
    selection: '#5fe0f5',
    trace: '#5fe0f5',
  },
  light: {
    ground: '#dfe4e7',
    land: '#eff2f4',
    landLine: '#d0d7dc',
    county: '#b9c2c9',
    label: '#5d6a75',
    labelHalo: '#f3f5f6',
    substationLabel: '#38434c',
    clusterLabel: '#ffffff',
    lines: ['#6c7780', '#7c8b97', '#9ba6af', '#a9b6c0', '#7f8a93'],
    symbol: '#505b64',
    symbolFill: '#f6f8f9',
    substation: '#333d45',
    meter: '#7d8993',
    status: ['#6c7780', '#d3271a', '#a81fb3', '#d3271a', '#1b7f4b', '#2f5bd0'],
    selection: '#0889a3',
    trace: '#0889a3',
  },
};

/** `#rrggbb` as three shares of one. */
export function rgb(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

/** Colours as one flat array for a uniform. */
export function rgbArray(hexes: readonly string[]): Float32Array {
  return Float32Array.from(hexes.flatMap(rgb));
}
