import { edgeKinds, type NetworkColumns, phaseNames } from '#model/network.ts';
import { boundsOf } from '#services/network/map_bundle.ts';

/**
 * What the map bundle holds, as GeoJSON: every edge as a LineString with its kind, phases, feeder and flags, every
 * substation as a Point. Flags that are not set are left out, coordinates have 6 decimals (11 cm): as small as plain
 * GeoJSON gets. Our bundle has 7.
 */
export function geoJsonOf(network: NetworkColumns, metersOfSubstation: (row: number) => number): Buffer {
  const { edge, vertex, feeder, substation, area } = network;
  const degrees = (e7: number): string => String(Math.round(e7 / 10) / 1e6);
  const place = (lonE7: number, latE7: number): string => `[${degrees(lonE7)},${degrees(latE7)}]`;
  const pieces: Buffer[] = [];
  let text = `{"type":"FeatureCollection","name":${JSON.stringify(network.name)},"bbox":${JSON.stringify(boundsOf(network))},"features":[`;
  const add = (feature: string, isFirst: boolean): void => {
    text += isFirst ? feature : `,${feature}`;
    if (text.length < 1e6) return;
    pieces.push(Buffer.from(text));
    text = '';
  };
  for (let e = 0; e < edge.count; e++) {
    const path: string[] = [];
    for (let v = edge.vertexOffset[e]; v < edge.vertexOffset[e + 1]; v++)
      path.push(place(vertex.lonE7[v], vertex.latE7[v]));
    const properties = {
      kind: edgeKinds[edge.kind[e]],
      phases: phaseNames(edge.phases[e]),
      feeder: feeder.id.at(edge.feeder[e]),
      ...(edge.normallyOpen[e] ? { open: true } : {}),
      ...(edge.underground[e] ? { underground: true } : {}),
    };
    add(
      `{"type":"Feature","geometry":{"type":"LineString","coordinates":[${path.join(',')}]},"properties":${JSON.stringify(properties)}}`,
      e === 0,
    );
  }
  for (let s = 0; s < substation.count; s++) {
    const properties = {
      id: substation.id.at(s),
      name: substation.name[s],
      area: area.id.at(substation.area[s]),
      meters: metersOfSubstation(s),
    };
    add(
      `{"type":"Feature","geometry":{"type":"Point","coordinates":${place(substation.lonE7[s], substation.latE7[s])}},"properties":${JSON.stringify(properties)}}`,
      false,
    );
  }
  pieces.push(Buffer.from(`${text}]}`));
  return Buffer.concat(pieces);
}
