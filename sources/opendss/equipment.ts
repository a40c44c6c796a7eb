/** From raw elements to buses, two-terminal equipment and loads, with units resolved and mistakes set aside. */
import { edgeKindCode } from '#model/network.ts';
import { mergeBanks } from './banks.ts';
import { type Branch, phaseBits, plainBranch, setAside, type UnplacedBranch } from './branch.ts';
import { elementLabel, isEnabled, type RawElement } from './element_store.ts';
import type { Circuit } from './interpreter.ts';
import { protectionByLine } from './line_kinds.ts';
import { isSwitchLine, readLine } from './lines.ts';
import { type CircuitLoad, readLoad } from './loads.ts';
import type { ClassCount, Findings } from './report.ts';
import { isUsable, parseBus, parseNumber } from './statement.ts';
import { readTransformer } from './transformers.ts';

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

/** Classes of the network model: those that become its rows, and those that say something about these. */
const usedClasses = new Set([
  'circuit',
  'vsource',
  'line',
  'transformer',
  'autotrans',
  'reactor',
  'load',
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

/** Reads every element once; what is unsound is set aside with a reason, and all of it is counted by class. */
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
  const disabledSwitches: UnplacedBranch[] = [];

  const place = (made: UnplacedBranch): void => {
    branches.push({ ...made, a: busRow(made.busA), b: busRow(made.busB) });
  };

  const readSeries = (element: RawElement): UnplacedBranch[] | undefined => {
    const { properties } = element;
    const a = parseBus(properties.get('bus1') ?? '');
    const b = parseBus(properties.get('bus2') ?? '');
    if (a.bus === '') return setAside(findings, element, 'bus1', 'names no bus', 'write bus1=name');
    // one terminal, or both on one bus: a shunt
    if (b.bus === '' || a.bus.toLowerCase() === b.bus.toLowerCase()) {
      busRow(a.bus);
      return [];
    }
    const ratedA = parseNumber(properties.get('normamps') ?? '0');
    return [
      {
        ...plainBranch(element),
        kind: edgeKindCode.line_segment,
        busA: a.bus,
        busB: b.bus,
        phases: phaseBits(a, parseNumber(properties.get('phases') ?? '3') || 3),
        ratedA: isUsable(ratedA) ? Math.max(0, ratedA) : 0,
      },
    ];
  };

  const readSource = (element: RawElement): void => {
    const bus = parseBus(element.properties.get('bus1') || 'sourcebus').bus || 'sourcebus';
    const kv = parseNumber(element.properties.get('basekv') ?? '115');
    sources.push({ label: elementLabel(element), bus: busRow(bus), kv: isUsable(kv) && kv > 0 ? kv : 115 });
  };

  /** What becomes of an element; false where it was set aside. */
  const accept = (element: RawElement): boolean => {
    const { className } = element;
    const name = element.name.toLowerCase();
    switch (className) {
      case 'circuit':
      case 'vsource':
        readSource(element);
        return true;
      case 'load': {
        const load = readLoad(element, findings);
        if (load !== undefined) loads.push({ ...load, bus: busRow(load.busName) });
        return load !== undefined;
      }
      case 'line':
      case 'transformer':
      case 'autotrans':
      case 'reactor':
      case 'capacitor': {
        const made = readBranches(element, name);
        for (const branch of made ?? []) place(branch);
        return made !== undefined;
      }
      default: {
        const bus = parseBus(element.properties.get('bus1') ?? '').bus;
        if (energyClasses.has(className) && bus !== '') busRow(bus);
        return true;
      }
    }
  };

  const readBranches = (element: RawElement, name: string): UnplacedBranch[] | undefined => {
    if (element.className === 'line') {
      const line = readLine(element, circuit, protection.get(name), findings);
      return line === undefined ? undefined : [line];
    }
    if (element.windings !== undefined) return readTransformer(element, regulated.has(name), findings);
    return readSeries(element);
  };

  const read = (element: RawElement): void => {
    const entry = count(element.className);
    entry.read++;
    if (!isEnabled(element)) {
      const tie =
        element.className === 'line' && isSwitchLine(element)
          ? readLine(element, circuit, protection.get(element.name.toLowerCase()), findings)
          : undefined;
      if (tie !== undefined) disabledSwitches.push(tie);
      else if (element.className === 'line' && isSwitchLine(element)) entry.rejected++;
      else entry.disabled++;
    } else if (!usedClasses.has(element.className)) entry.notUsed++;
    else if (accept(element)) entry.accepted++;
    else entry.rejected++;
  };

  // sources first: the circuit's own is the main one
  for (const className of ['circuit', 'vsource'])
    for (const e of circuit.elements.get(className)?.values() ?? []) read(e);
  for (const [className, elements] of circuit.elements) {
    if (className !== 'circuit' && className !== 'vsource') for (const element of elements.values()) read(element);
  }
  // A disabled switch between two buses that are in service is a normally-open tie. Where a bus exists only on the
  // disabled switch, it leads out of the model (ckt5: connectors to other substations) and is left out.
  for (const tie of disabledSwitches) {
    const isInService = rowOfBus.has(tie.busA.toLowerCase()) && rowOfBus.has(tie.busB.toLowerCase());
    if (isInService) place({ ...tie, open: true });
    count('line')[isInService ? 'accepted' : 'disabled']++;
  }
  for (const [className, notKept] of circuit.notKept) {
    const entry = count(className);
    entry.read += notKept;
    entry.rejected += notKept;
  }
  return { buses, branches: mergeBanks(branches), loads, sources, counts };
}
