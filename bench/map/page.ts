/** Runs in the browser, on its main thread: one opponent once, and what it took. Downloads are not in the figures. */
import { decodeNetwork } from '../../web/src/map/decode.ts';
import { pathsFromBundle } from './from_bundle.ts';
import { type LineCollection, pathsFromGeoJson } from './from_geojson.ts';
import type { PathArrays } from './path_arrays.ts';

const bytesOf = async (address: string): Promise<ArrayBuffer> => (await fetch(address)).arrayBuffer();
const summary = ({ positions, startIndices, colors, widths }: PathArrays) => ({
  edges: startIndices.length - 1,
  vertices: widths.length,
  // equal among opponents, up to the rounding of their coordinates
  positions: positions.reduce((sum, value) => sum + value, 0) / positions.length,
  colors: colors.reduce((sum, value, i) => (sum + value * ((i % 251) + 1)) % 1_000_003, 0),
  widths: widths.reduce((sum, value) => sum + value, 0),
});

async function ours() {
  const buffer = await bytesOf('/bundle');
  const begin = performance.now();
  const arrays = pathsFromBundle(buffer);
  return { total_ms: performance.now() - begin, ...summary(arrays) };
}

/** Everything the app's worker makes of the bundle: also detail levels, symbols, Mercator, the index for picking. */
async function app() {
  const buffer = await bytesOf('/bundle');
  const begin = performance.now();
  const data = decodeNetwork(buffer);
  return { total_ms: performance.now() - begin, segments: data.segmentCount };
}

async function geojson() {
  const buffer = await bytesOf('/geojson');
  const begin = performance.now();
  const text = new TextDecoder().decode(buffer);
  const decoded = performance.now();
  const collection = JSON.parse(text) as LineCollection;
  const parsed = performance.now();
  const arrays = pathsFromGeoJson(collection);
  const end = performance.now();
  return {
    text_ms: decoded - begin,
    parse_ms: parsed - decoded,
    accessors_ms: end - parsed,
    total_ms: end - decoded,
    ...summary(arrays),
  };
}

Object.assign(globalThis, { opponents: { ours, app, geojson } });
