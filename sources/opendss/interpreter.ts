/** Runs an OpenDSS script as far as it describes a network: elements, their properties, switch states, coordinates. */
import { FluxError } from '#model/errors.ts';
import { knownClasses } from './class_properties.ts';
import { resolveCommand } from './commands.ts';
import { type ElementStore, newElementStore, type Place } from './element_store.ts';
import { readLines, resolveInclude, type ScriptFiles } from './files.ts';
import type { Findings } from './report.ts';
import { isUsable, type Parameter, parseBus, parseNumber, parseStatement } from './statement.ts';

export interface BusCoordinate {
  bus: string;
  x: number;
  y: number;
  /** read by LatLongCoords: x is the latitude */
  isLatLon: boolean;
  file: string;
  line: number;
}

export interface Circuit {
  name: string;
  master: string;
  files: string[];
  elements: ElementStore['elements'];
  notKept: ElementStore['notKept'];
  coordinates: BusCoordinate[];
}

const deepestInclude = 64;

/**
 * @throws FluxError `opendss_missing_file`, `opendss_include_cycle`, `opendss_no_circuit`,
 * `opendss_several_circuits`, and those of `readLines`
 */
export function interpret(master: string, files: ScriptFiles, findings: Findings): Circuit {
  const store = newElementStore(findings);
  const read: string[] = [];
  const coordinates: BusCoordinate[] = [];
  const running: string[] = [];

  const include = (written: string, at: Place, command: string): string => {
    const path = resolveInclude(files, written, at.file, master);
    if (path === undefined) {
      throw new FluxError(
        'opendss_missing_file',
        `${at.file}, line ${at.line}: ${command} ${written}: there is no such file beside the script; put it there, or comment the line out with "!" if it is not needed`,
        { details: { file: at.file, line: at.line, include: written } },
      );
    }
    return path;
  };

  const readCoordinates = (path: string, isLatLon: boolean): void => {
    read.push(path);
    for (const [index, text] of readLines(files, path).entries()) {
      const words = parseStatement(text).parameters;
      if (words.length < 2) continue;
      const [bus, x, y] = words.map((word) => (word.name === '' ? word.value : word.name));
      const line = index + 1;
      const [xNumber, yNumber] = [parseNumber(x ?? ''), parseNumber(y ?? '')];
      if (!isUsable(xNumber) || !isUsable(yNumber)) {
        // a heading such as "bus,x,y" is no mistake
        if (line === 1 && /bus|name/i.test(bus)) continue;
        store.countNotKept('buscoord');
        findings.reject({
          file: path,
          line,
          element: `Bus.${bus}`,
          field: 'coordinates',
          reason: `"${x ?? ''}, ${y ?? ''}" are no two numbers; the bus is placed from its neighbours`,
          remedy: 'write bus, x, y',
        });
        continue;
      }
      coordinates.push({ bus: parseBus(bus).bus, x: xNumber, y: yNumber, isLatLon, file: path, line });
    }
  };

  const checkSettings = (settings: Parameter[], at: Place): void => {
    for (const { name, value } of settings) {
      if (/^loadmult$/i.test(name) && parseNumber(value) !== 1) {
        findings.warn('load_multiplier', 'Set LoadMult is a study setting; loads keep the kW of their definition.', {
          ...at,
          element: `LoadMult=${value}`,
        });
      }
    }
  };

  const runStatement = (text: string, at: Place): void => {
    const { parameters, comment } = parseStatement(text);
    if (parameters.length === 0) return;
    const verb = parameters[0].name === '' ? parameters[0].value : parameters[0].name;
    const rest = parameters.slice(1);
    const command = resolveCommand(verb);
    switch (command) {
      case 'new':
        store.define(rest, comment, at);
        return;
      case 'edit':
        store.edit(rest[0]?.value ?? '', rest.slice(1), at);
        return;
      case 'more':
        store.more(rest, comment, at);
        return;
      case 'batchedit':
        store.editMany(rest, at);
        return;
      case 'select':
        store.select(rest[0]?.value ?? '');
        return;
      case 'open':
      case 'close':
        store.setOpen(rest, command === 'open', at);
        return;
      case 'disable':
      case 'enable':
        store.edit(rest[0]?.value ?? '', [{ name: 'enabled', value: command === 'enable' ? 'yes' : 'no' }], at);
        return;
      case 'redirect':
      case 'compile':
        runFile(include(rest[0]?.value ?? '', at, verb), at);
        return;
      case 'buscoords':
      case 'latlongcoords':
        readCoordinates(include(rest[0]?.value ?? '', at, verb), command === 'latlongcoords');
        return;
      case 'clear':
        store.clear();
        findings.clear();
        coordinates.length = 0;
        return;
      case 'set':
        checkSettings(rest, at);
        return;
      case 'skipped':
        return;
      case undefined:
        break;
    }
    // Class.Name.Property=value is an edit in short
    const short = /^([a-z]\w*)\.(.+)\.([^.]+)$/i.exec(verb);
    if (short !== null && knownClasses.has(short[1].toLowerCase())) {
      const value = parameters[0].name === '' ? (rest.shift()?.value ?? '') : parameters[0].value;
      store.edit(`${short[1]}.${short[2]}`, [{ name: short[3], value }, ...rest], at);
      return;
    }
    findings.warn('unknown_command', 'A command that the importer does not know was skipped.', {
      ...at,
      element: verb,
    });
  };

  const runFile = (path: string, from: Place | undefined): void => {
    if (running.includes(path) || running.length >= deepestInclude) {
      throw new FluxError(
        'opendss_include_cycle',
        `${from?.file}, line ${from?.line}: ${path} is being read already (${[...running, path].join(' -> ')}); remove one of these Redirect lines`,
        { details: { file: from?.file, line: from?.line } },
      );
    }
    running.push(path);
    read.push(path);
    let inComment = false;
    for (const [index, text] of readLines(files, path).entries()) {
      const trimmed = text.trimStart();
      if (!inComment && trimmed.startsWith('/*')) inComment = true;
      if (inComment) {
        if (text.includes('*/')) inComment = false;
        continue;
      }
      runStatement(trimmed, { file: path, line: index + 1 });
    }
    running.pop();
  };

  runFile(master, undefined);
  const circuits = [...(store.elements.get('circuit')?.values() ?? [])];
  if (circuits.length === 0) {
    throw new FluxError(
      'opendss_no_circuit',
      `${master} defines no circuit (no "New Circuit.name" in ${read.length} file${read.length === 1 ? '' : 's'}); name the master script that starts with Clear and New Circuit`,
    );
  }
  if (circuits.length > 1) {
    const [first, second] = circuits;
    throw new FluxError(
      'opendss_several_circuits',
      `${second.file}, line ${second.line}: circuit ${second.name} is a second circuit beside ${first.name} (line ${first.line} of ${first.file}); import one master at a time, or put Clear before the second`,
    );
  }
  return {
    name: circuits[0].name,
    master,
    files: read,
    elements: store.elements,
    notKept: store.notKept,
    coordinates,
  };
}

/** Coordinates that no command loads: used when the script loads none. */
export function readLooseCoordinates(path: string, files: ScriptFiles, circuit: Circuit): void {
  for (const [index, text] of readLines(files, path).entries()) {
    const words = parseStatement(text).parameters.map((word) => word.value);
    const [x, y] = [parseNumber(words[1] ?? ''), parseNumber(words[2] ?? '')];
    if (isUsable(x) && isUsable(y)) {
      circuit.coordinates.push({ bus: parseBus(words[0]).bus, x, y, isLatLon: false, file: path, line: index + 1 });
    }
  }
  circuit.files.push(path);
}
