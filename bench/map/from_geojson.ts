import { edgeKinds } from '#model/network.ts';
import { colorOfKind, makePathArrays, openColor, type PathArrays, type Rgba, widthOf } from './path_arrays.ts';

interface LineFeature {
  geometry: { type: string; coordinates: [number, number][] };
  properties: { kind: string; phases: string; open?: boolean; underground?: boolean; feeder: string };
}
export interface LineCollection {
  bbox: [number, number, number, number];
  features: LineFeature[];
}

const kindCode = new Map<string, number>(edgeKinds.map((kind, code) => [kind, code]));

/** How an application reads a GeoJsonLayer's features: one function per attribute. */
const accessors = {
  getPath: (feature: LineFeature): [number, number][] => feature.geometry.coordinates,
  getColor: ({ properties }: LineFeature): Rgba =>
    properties.open ? openColor : colorOfKind[kindCode.get(properties.kind) ?? 0],
  getWidth: ({ properties }: LineFeature): number => widthOf(properties.phases === 'ABC'),
};

/** The same arrays from parsed GeoJSON: sizes first, then every feature through its accessors, as PathLayer does. */
export function pathsFromGeoJson(collection: LineCollection): PathArrays {
  const lines = collection.features.filter(({ geometry }) => geometry.type === 'LineString');
  const [west, south] = collection.bbox;
  let vertices = 0;
  for (const line of lines) vertices += accessors.getPath(line).length;
  const arrays = makePathArrays(lines.length, vertices);
  const { positions, startIndices, colors, widths } = arrays;
  let v = 0;
  for (let e = 0; e < lines.length; e++) {
    const path = accessors.getPath(lines[e]);
    const color = accessors.getColor(lines[e]);
    const width = accessors.getWidth(lines[e]);
    for (let i = 0; i < path.length; i++, v++) {
      positions[v * 2] = path[i][0] - west;
      positions[v * 2 + 1] = path[i][1] - south;
      colors[v * 4] = color[0];
      colors[v * 4 + 1] = color[1];
      colors[v * 4 + 2] = color[2];
      colors[v * 4 + 3] = color[3];
      widths[v] = width;
    }
    startIndices[e + 1] = v;
  }
  return arrays;
}
