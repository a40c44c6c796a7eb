/** Scripts written in a test, as a folder `/model`. */
import { FluxError } from '#model/errors.ts';
import { edgeKinds, type NetworkColumns, phaseNames } from '#model/network.ts';
import type { ScriptFiles } from './files.ts';
import { type OpenDssOptions, type OpenDssResult, readOpenDss } from './read_opendss.ts';

export const houston = { lon: -95.37, lat: 29.76 };

export function scriptFolder(scripts: Record<string, string | Uint8Array>): ScriptFiles {
  const contents = new Map(
    Object.entries(scripts).map(([name, text]) => [
      `/model/${name}`,
      typeof text === 'string' ? new TextEncoder().encode(text) : text,
    ]),
  );
  const names = [...contents.keys()];
  const isFolder = (path: string): boolean => path === '/' || names.some((name) => name.startsWith(`${path}/`));
  return {
    read: (path) => contents.get(path)!,
    list: (folder) => {
      const start = folder === '/' ? '/' : `${folder}/`;
      return [
        ...new Set(
          names.filter((name) => name.startsWith(start)).map((name) => name.slice(start.length).split('/')[0]),
        ),
      ];
    },
    kind: (path) => (contents.has(path) ? 'file' : isFolder(path) ? 'folder' : 'none'),
  };
}

/** Reads the folder, or the one script, from Master.dss. */
export function readScripts(
  scripts: Record<string, string | Uint8Array> | string,
  options: OpenDssOptions = { place: houston },
): OpenDssResult {
  const folder = typeof scripts === 'string' ? { 'Master.dss': scripts } : scripts;
  return readOpenDss('/model/Master.dss', options, scriptFolder(folder));
}

/** For assert.throws: a FluxError of this code whose message has all these parts. */
export function fluxError(code: string, ...parts: (string | RegExp)[]): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof FluxError) || error.code !== code) return false;
    return parts.every((part) => (typeof part === 'string' ? error.message.includes(part) : part.test(error.message)));
  };
}

/** Source at 12.47 kV, one switch, two lines, a transformer, a service line with a load. */
export const smallFeeder = `
Clear
New Circuit.small bus1=src basekv=12.47
New LineCode.oh nphases=3 normamps=400 units=km
New Line.sw bus1=src bus2=a switch=yes
New Line.l1 bus1=a bus2=b linecode=oh length=0.5 units=km
New Line.l2 bus1=c.2 bus2=b.2 phases=1 length=1 units=kft
New Transformer.t1 phases=1 windings=3 buses=(c.2, x.1.0, x.0.2) kvs=(7.2, .12, .12) kvas=(25 25 25)
New Line.drop bus1=x.1.2 bus2=y.1.2 phases=2 length=100 units=ft
New Load.home phases=2 bus1=y.1.2 kv=0.208 kW=5 pf=0.9
Buscoords coords.csv
`;
export const smallCoordinates = `bus,x,y
src, 0, 0
a, 10, 0
b, 1650, 0
c, 2650, 10
`;
export const small = (extra = ''): Record<string, string> => ({
  'Master.dss': smallFeeder + extra,
  'coords.csv': smallCoordinates,
});

export interface EdgeInWords {
  id: string;
  kind: string;
  from: string;
  to: string;
  phases: string;
}

/** An edge by its id; throws where there is none. */
export function edgeOf(network: NetworkColumns, id: string): EdgeInWords {
  const row = network.edge.id.rowOf(id);
  if (row < 0) throw new Error(`no edge ${id}`);
  return {
    id,
    kind: edgeKinds[network.edge.kind[row]],
    from: network.node.id.at(network.edge.from[row]),
    to: network.node.id.at(network.edge.to[row]),
    phases: phaseNames(network.edge.phases[row]),
  };
}

/** Text of a circuit of lines between numbered buses, with bus coordinates for the place. */
export const circuit = (body: string): string => `New Circuit.c bus1=s basekv=12.47\n${body}`;
export const line = (name: string, a: string, b: string, more = 'length=100 units=m'): string =>
  `New Line.${name} bus1=${a} bus2=${b} ${more}`;
