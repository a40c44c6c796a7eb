/** From raw elements to buses, two-terminal equipment and loads, with units resolved and mistakes set aside. */
import { edgeKindCode } from '#model/network.ts';
import { mergeBanks } from './banks.ts';
import { elementLabel, isEnabled, type RawElement } from './element_store.ts';
import type { Circuit } from './interpreter.ts';
import { lineKind, protectionByLine } from './line_kinds.ts';
import { type CircuitLoad, readLoad } from './loads.ts';
import type { ClassCount, Findings } from './report.ts';
import { type BusSpec, isUsable, parseBus, parseNumber, parseYesNo } from './statement.ts';

export interface Branch {
  label: string;
  /** the element, or the first unit of a bank */
  element: RawElement;
  /** all elements of the edge: one, or the units of a bank */
  units: RawElement[];
  /** code into `edgeKinds` */
  kind: number;
  /** bus rows, as written: terminal 1, terminal 2 */
  a: number;
  b: number;
  /** phase bits at terminal 1 */
  phases: number;
  /** metres; NaN where the script gives no unit */
  lengthM: number;
  ratedA: number;
  ratedKva: number;
  underground: boolean;
  open: boolean;
  /** transformers: rated line-to-line kV at a and b; 0 elsewhere */
  kvA: number;
  kvB: number;
  /** class Transformer (or AutoTrans) */
  isTransformer: boolean;
}

export interface Source {
  label: string;
  bus: number;
  kv: number;
}

export interface Equipment {
  /** names as first written, of every bus that enabled equipment stands on */
  buses: string[];
  branches: Branch[];
  loads: CircuitLoad[];
  sources: Source[];
  counts: Map<string, ClassCount>;
}

const metresPerUnit: Record<string, number> = {
  mi: 1609.344,
  kft: 304.8,
  km: 1000,
  m: 1,
  me: 1,
  ft: 0.3048,
  in: 0.0254,
  cm: 0.01,
  mm: 0.001,
};

/** Phase bits of the nodes that are phases (1, 2, 3); 1..phases where the script names none. */
export function phaseBits(bus: BusSpec, phases: number): number {
  let bits = 0;
  for (const node of bus.nodes) if (node >= 1 && node <= 3) bits |= 1 << (node - 1);
  if (bits !== 0) return bits;
  return (1 << Math.min(3, Math.max(1, phases))) - 1;
}

/** Classes of which every enabled element is a thing of the network, though not an edge or a load. */
const countedClasses = new Set([
  'capacitor',
  'generator',
  'pvsystem',
  'storage',
  'regcontrol',
  'fuse',
  'recloser',
  'relay',
  'swtcontrol',
  'linecode',
  'xfmrcode',
  'linegeometry',
]);

const energyClasses = new Set(['generator', 'pvsystem', 'storage']);

export function readEquipment(circuit: Circuit, findings: Findings): Equipment {
  const buses: string[] = [];
  const rowOfBus = new Map<string, number>();
  const busRow = (bus: string): number => {
    const key = bus.toLowerCase();
    let row = rowOfBus.get(key);
    if (row === undefined) {
      row = buses.push(bus) - 1;
      rowOfBus.set(key, row);
    }
    return row;
  };
  const branches: Branch[] = [];
  const loads: CircuitLoad[] = [];
  const sources: Source[] = [];
  const counts = new Map<string, ClassCount>();
  const count = (className: string): ClassCount => {
    let entry = counts.get(className);
    if (entry === undefined) {
      entry = { read: 0, accepted: 0, rejected: 0, disabled: 0, notUsed: 0 };
      counts.set(className, entry);
    }
    return entry;
  };
  const protection = protectionByLine(circuit, findings);
  const regulated = new Set<string>();
  for (const control of circuit.elements.get('regcontrol')?.values() ?? []) {
    if (isEnabled(control)) regulated.add((control.properties.get('transformer') ?? '').toLowerCase());
  }
  const openSwitches: { element: RawElement; branch: Omit<Branch, 'a' | 'b'>; busA: string; busB: string }[] = [];

  const reject = (element: RawElement, field: string, reason: string, remedy: string): false => {
    findings.reject({ file: element.file, line: element.line, element: elementLabel(element), field, reason, remedy });
    return false;
  };

  const endsOf = (element: RawElement): [BusSpec, BusSpec] | false => {
    const [a, b] = [parseBus(element.properties.get('bus1') ?? ''), parseBus(element.properties.get('bus2') ?? '')];
    if (a.bus === '') return reject(element, 'bus1', 'names no first bus', 'write bus1=name.1.2.3');
    if (b.bus === '') return reject(element, 'bus2', 'names no second bus', 'write bus2=name.1.2.3');
    if (a.bus.toLowerCase() === b.bus.toLowerCase()) {
      return reject(element, 'bus2', `both ends are on bus ${a.bus}`, 'name two different buses');
    }
    return [a, b];
  };

  const readLine = (element: RawElement): boolean => {
    const ends = endsOf(element);
    if (ends === false) return false;
    const { properties } = element;
    const at = { file: element.file, line: element.line, element: elementLabel(element) };
    const codeName = properties.get('linecode');
    const code = codeName === undefined ? undefined : circuit.elements.get('linecode')?.get(codeName.toLowerCase());
    if (codeName !== undefined && code === undefined) {
      findings.warn('unknown_linecode', 'A line names a LineCode that is not defined; it has no rating.', at, codeName);
    }
    const geometryName = properties.get('geometry');
    const geometry = circuit.elements.get('linegeometry')?.get(geometryName?.toLowerCase() ?? '');
    if (geometryName !== undefined && geometry === undefined) {
      findings.warn('unknown_geometry', 'A line names a LineGeometry that is not defined.', at, geometryName);
    }
    const numberOf = (name: string, text: string | undefined): number | undefined => {
      if (text === undefined) return undefined;
      const value = parseNumber(text);
      if (isUsable(value)) return value;
      findings.warn(
        'not_a_number',
        'A value that is no number was set aside; the element was kept.',
        at,
        `${name}=${text}`,
      );
      return undefined;
    };
    const phases =
      numberOf('phases', properties.get('phases')) ??
      numberOf('nphases', code?.properties.get('nphases')) ??
      numberOf('nphases', geometry?.properties.get('nphases')) ??
      3;
    const isSwitch = parseYesNo(properties.get('switch') ?? 'no') ?? false;
    const units = (properties.get('units') ?? code?.properties.get('units') ?? 'none').toLowerCase();
    const stated = numberOf('length', properties.get('length'));
    // a switch is a point: OpenDSS gives it a token length of 0.001 in any unit
    let lengthM = isSwitch ? 0 : (stated ?? 1) * (metresPerUnit[units] ?? Number.NaN);
    if (isSwitch && stated !== undefined && units in metresPerUnit) lengthM = stated * metresPerUnit[units];
    if (!(lengthM >= 0)) {
      findings.warn('length_without_unit', 'A line has no unit of length; its length is that of its course.', at);
    }
    const wire = circuit.elements.get('wiredata')?.get((geometry?.properties.get('wire') ?? '').toLowerCase());
    const ratedA =
      numberOf('normamps', properties.get('normamps')) ??
      numberOf('normamps', code?.properties.get('normamps')) ??
      numberOf('normamps', geometry?.properties.get('normamps')) ??
      numberOf('normamps', wire?.properties.get('normamps')) ??
      0;
    const device = protection.get(element.name.toLowerCase());
    const branch = {
      label: elementLabel(element),
      element,
      units: [element],
      kind: edgeKindCode[lineKind(element, isSwitch, device?.kind)],
      phases: phaseBits(ends[0], phases),
      lengthM,
      ratedA: device !== undefined && device.ratedA > 0 ? device.ratedA : Math.max(0, ratedA),
      ratedKva: 0,
      underground:
        properties.has('cncables') ||
        properties.has('tscables') ||
        geometry?.properties.has('cncable') === true ||
        geometry?.properties.has('cncables') === true ||
        /^ug/i.test(properties.get('linetype') ?? code?.properties.get('linetype') ?? '') ||
        /(^|[^a-z])ug([^a-z]|$)/i.test(`${codeName ?? ''} ${geometryName ?? ''}`),
      open: element.open || device?.isOpen === true,
      kvA: 0,
      kvB: 0,
      isTransformer: false,
    };
    if (!isEnabled(element)) {
      if (isSwitch) openSwitches.push({ element, branch, busA: ends[0].bus, busB: ends[1].bus });
      else count('line').disabled++;
      return true;
    }
    branches.push({ ...branch, a: busRow(ends[0].bus), b: busRow(ends[1].bus) });
    count('line').accepted++;
    return true;
  };

  const readTransformer = (element: RawElement): boolean => {
    const { windings } = element;
    if (windings === undefined) return false;
    if (windings.fault !== '') {
      return reject(element, windings.fault.split('=')[0], `${windings.fault} is no usable number`, 'write a number');
    }
    const [first, ...others] = windings.list;
    if (first.bus === undefined || first.bus.bus === '') {
      return reject(element, 'bus', 'winding 1 names no bus', 'write wdg=1 bus=name or buses=[...]');
    }
    const seen = new Set([first.bus.bus.toLowerCase()]);
    const regulates = regulated.has(element.name.toLowerCase());
    const a = first.bus;
    const lineToLine = (kv: number): number =>
      windings.phases === 1 && kv >= 1 && a.nodes.filter((node) => node > 0).length < 2 ? kv * Math.sqrt(3) : kv;
    const made: Branch[] = [];
    for (const [index, winding] of others.entries()) {
      if (winding.bus === undefined || winding.bus.bus === '') {
        return reject(element, 'bus', `winding ${index + 2} names no bus`, 'write wdg=n bus=name or buses=[...]');
      }
      const key = winding.bus.bus.toLowerCase();
      if (seen.has(key)) continue;
      seen.add(key);
      const ratio = winding.kv / first.kv;
      made.push({
        label: made.length === 0 ? elementLabel(element) : `${elementLabel(element)}:${index + 2}`,
        element,
        units: [element],
        kind: edgeKindCode[regulates && ratio > 0.8 && ratio < 1.25 ? 'voltage_regulator' : 'power_transformer'],
        a: busRow(a.bus),
        b: busRow(winding.bus.bus),
        phases: phaseBits(a, windings.phases),
        lengthM: 0,
        ratedA: 0,
        ratedKva: Math.max(0, first.kva),
        underground: false,
        open: element.open,
        kvA: lineToLine(first.kv),
        kvB: lineToLine(winding.kv),
        isTransformer: true,
      });
    }
    if (made.length === 0) {
      return reject(element, 'bus', `every winding is on bus ${a.bus}`, 'name two different buses');
    }
    branches.push(...made);
    count(element.className).accepted++;
    return true;
  };

  const readSeries = (element: RawElement): boolean => {
    const { properties } = element;
    const a = parseBus(properties.get('bus1') ?? '');
    const b = parseBus(properties.get('bus2') ?? '');
    if (a.bus === '') return reject(element, 'bus1', 'names no bus', 'write bus1=name');
    // one terminal, or both on one bus: a shunt
    if (b.bus !== '' && a.bus.toLowerCase() !== b.bus.toLowerCase()) {
      const ratedA = parseNumber(properties.get('normamps') ?? '0');
      branches.push({
        label: elementLabel(element),
        element,
        units: [element],
        kind: edgeKindCode.line_segment,
        a: busRow(a.bus),
        b: busRow(b.bus),
        phases: phaseBits(a, parseNumber(properties.get('phases') ?? '3') || 3),
        lengthM: 0,
        ratedA: isUsable(ratedA) ? Math.max(0, ratedA) : 0,
        ratedKva: 0,
        underground: false,
        open: element.open,
        kvA: 0,
        kvB: 0,
        isTransformer: false,
      });
    } else busRow(a.bus);
    count(element.className).accepted++;
    return true;
  };

  const readSource = (element: RawElement): void => {
    const bus = parseBus(element.properties.get('bus1') || 'sourcebus').bus || 'sourcebus';
    const kv = parseNumber(element.properties.get('basekv') ?? '115');
    sources.push({ label: elementLabel(element), bus: busRow(bus), kv: Number.isFinite(kv) && kv > 0 ? kv : 115 });
    count(element.className).accepted++;
  };

  const read = (element: RawElement): void => {
    const { className } = element;
    const entry = count(className);
    entry.read++;
    if (className === 'line') {
      if (!readLine(element)) entry.rejected++;
    } else if (!isEnabled(element)) entry.disabled++;
    else if (className === 'circuit' || className === 'vsource') readSource(element);
    else if (className === 'transformer' || className === 'autotrans') {
      if (!readTransformer(element)) entry.rejected++;
    } else if (className === 'reactor' || className === 'capacitor') {
      if (!readSeries(element)) entry.rejected++;
    } else if (className === 'load') {
      const load = readLoad(element, findings);
      if (load === undefined) entry.rejected++;
      else {
        loads.push({ ...load, bus: busRow(load.busName) });
        entry.accepted++;
      }
    } else if (countedClasses.has(className)) {
      const bus = parseBus(element.properties.get('bus1') ?? '').bus;
      if (energyClasses.has(className) && bus !== '') busRow(bus);
      entry.accepted++;
    } else entry.notUsed++;
  };

  // sources first: the circuit's own is the main one
  for (const className of ['circuit', 'vsource'])
    for (const e of circuit.elements.get(className)?.values() ?? []) read(e);
  for (const [className, elements] of circuit.elements) {
    if (className !== 'circuit' && className !== 'vsource') for (const element of elements.values()) read(element);
  }
  // A disabled switch between two buses that are in service is a normally-open tie. Where a bus exists only on the
  // disabled switch, it leads out of the model (ckt5: connectors to other substations) and is left out.
  for (const { branch, busA, busB } of openSwitches) {
    const [a, b] = [rowOfBus.get(busA.toLowerCase()), rowOfBus.get(busB.toLowerCase())];
    if (a === undefined || b === undefined) count('line').disabled++;
    else {
      branches.push({ ...branch, a, b, open: true });
      count('line').accepted++;
    }
  }
  for (const [className, notKept] of circuit.notKept) {
    const entry = count(className);
    entry.read += notKept;
    entry.rejected += notKept;
  }
  return { buses, branches: mergeBanks(branches), loads, sources, counts };
}
