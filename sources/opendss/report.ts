/** What an OpenDSS import read, took and set aside: a plain JSON document, complete (nothing is cut off silently). */

export interface Rejection {
  file: string;
  line: number;
  /** `Line.LN5502549-1` */
  element: string;
  /** property at fault, '' where it is the element as a whole */
  field: string;
  reason: string;
  remedy: string;
}

/** One kind of remark about elements that were kept. `count` is whole; `examples` are the first few. */
export interface Warning {
  code: string;
  message: string;
  count: number;
  examples: { file: string; line: number; element: string; detail: string }[];
}

/** read = accepted + rejected + disabled + notUsed */
export interface ClassCount {
  read: number;
  accepted: number;
  rejected: number;
  /** `enabled=no` and not an open switch */
  disabled: number;
  /** classes that carry no equipment of the network model (load shapes, monitors, ...) */
  notUsed: number;
}

export interface CoordinateReport {
  withCoordinates: number;
  interpolated: number;
  order: 'lon,lat' | 'lat,lon' | 'projected' | 'none';
  epsg: number | null;
  place: { lon: number; lat: number } | null;
  /** metres for one unit of the file, where `place` was used */
  metresPerUnit: number | null;
  /** what the scale rests on */
  scale: string;
  /** west, south, east, north in degrees */
  bounds: [number, number, number, number];
}

export interface ImportReport {
  format: 'opendss';
  name: string;
  circuit: string;
  master: string;
  files: string[];
  read: number;
  accepted: number;
  rejected: number;
  classes: Record<string, ClassCount>;
  rejections: Rejection[];
  warnings: Warning[];
  /** buses joined by equipment that is in service, as OpenDSS counts them */
  nodes: number;
  /** nodes without those above the substation transformers */
  nodesBelowSubstation: number;
  /** closed connections in the normal state; the single-phase units between the same two buses are one */
  edges: number;
  /** edges of the model that stand for several single-phase units */
  banks: { id: string; units: string[] }[];
  normallyOpen: number;
  components: number;
  /** independent loops in the normal state (edges - nodes + components) */
  loops: number;
  loads: number;
  meters: number;
  totalKw: number;
  totalKvar: number;
  /** every unit of class Transformer, regulators included, as OpenDSS counts them */
  transformers: number;
  /** power transformers that serve low voltage */
  distributionTransformers: number;
  /** power transformers that step high voltage down to the feeders */
  substationTransformers: number;
  /** units of class Transformer with a regulator control between equal voltages */
  regulators: number;
  switches: number;
  fuses: number;
  reclosers: number;
  breakers: number;
  capacitors: number;
  generators: number;
  pvSystems: number;
  storages: number;
  substations: { id: string; name: string }[];
  feeders: {
    id: string;
    name: string;
    substation: string;
    headEquipment: string;
    nominalKv: number;
    edges: number;
    meters: number;
    kw: number;
  }[];
  /** equipment that the file lacks and the model needs, made by the importer */
  synthesized: { id: string; kind: string; reason: string }[];
  coordinates: CoordinateReport;
  /** rows in the network model, synthesized ones included */
  rows: { nodes: number; edges: number; meters: number; feeders: number; substations: number };
}

const examplesKept = 10;

/** Collects rejections and warnings while the script is read and the network is built. */
export class Findings {
  readonly rejections: Rejection[] = [];
  readonly #warnings = new Map<string, Warning>();

  reject(rejection: Rejection): void {
    this.rejections.push(rejection);
  }

  warn(code: string, message: string, at: { file: string; line: number; element: string }, detail = ''): void {
    const warning = this.#warnings.get(code) ?? { code, message, count: 0, examples: [] };
    this.#warnings.set(code, warning);
    warning.count++;
    if (warning.examples.length < examplesKept) {
      warning.examples.push({ file: at.file, line: at.line, element: at.element, detail });
    }
  }

  /** Clear in a script: what was said of the circuit before it is of no concern. */
  clear(): void {
    this.rejections.length = 0;
    this.#warnings.clear();
  }

  get warnings(): Warning[] {
    return [...this.#warnings.values()];
  }
}
