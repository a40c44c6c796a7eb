/** The elements of a circuit while the script runs: definitions, edits, copies. */
import { knownClasses, propertiesOfClass, resolveProperty } from './class_properties.ts';
import type { Findings } from './report.ts';
import { type Parameter, parseYesNo } from './statement.ts';
import { assignWindingProperty, isWindingClass, newWindings, type Windings } from './windings.ts';

export interface Place {
  file: string;
  line: number;
}

export interface RawElement extends Place {
  className: string;
  /** as written */
  name: string;
  comment: string;
  /** full lower-case property name to value; the property assigned last stands last */
  properties: Map<string, string>;
  windings: Windings | undefined;
  /** set by Open, Close */
  open: boolean;
}

const classLabels: Record<string, string> = {
  line: 'Line',
  linecode: 'LineCode',
  transformer: 'Transformer',
  autotrans: 'AutoTrans',
  xfmrcode: 'XfmrCode',
  reactor: 'Reactor',
  capacitor: 'Capacitor',
  load: 'Load',
  fuse: 'Fuse',
  recloser: 'Recloser',
  relay: 'Relay',
  swtcontrol: 'SwtControl',
  regcontrol: 'RegControl',
  vsource: 'Vsource',
  circuit: 'Circuit',
};

/** `Line.LN5502549-1`: the full name as OpenDSS users write it. */
export function elementLabel(element: { className: string; name: string }): string {
  return `${classLabels[element.className] ?? element.className}.${element.name}`;
}

/** Whether an element takes part; `enabled` is yes where the script does not say. */
export function isEnabled(element: RawElement): boolean {
  return parseYesNo(element.properties.get('enabled') ?? 'yes') ?? true;
}

const longestKept = 256;

export interface ElementStore {
  /** class, then lower-case name; in the order of the script */
  readonly elements: Map<string, Map<string, RawElement>>;
  /** elements read and not kept, by class: unknown classes, second definitions */
  readonly notKept: Map<string, number>;
  define(parameters: Parameter[], comment: string, at: Place): void;
  edit(fullName: string, parameters: Parameter[], at: Place): void;
  /** `~` lines: more properties of the element named last */
  more(parameters: Parameter[], comment: string, at: Place): void;
  editMany(parameters: Parameter[], at: Place): void;
  setOpen(parameters: Parameter[], open: boolean, at: Place): void;
  select(fullName: string): void;
  countNotKept(className: string): void;
  clear(): void;
}

export function newElementStore(findings: Findings): ElementStore {
  const elements = new Map<string, Map<string, RawElement>>();
  const notKept = new Map<string, number>();
  let active: RawElement | undefined;

  const find = (fullName: string): RawElement | undefined => {
    const dot = fullName.indexOf('.');
    if (dot < 0) return undefined;
    const className = fullName.slice(0, dot).toLowerCase();
    const name = fullName.slice(dot + 1).toLowerCase();
    const found = elements.get(className)?.get(name);
    // New Circuit makes Vsource.source; scripts edit it under that name
    if (found === undefined && className === 'vsource' && name === 'source') {
      return [...(elements.get('circuit')?.values() ?? [])].at(-1);
    }
    return found;
  };

  const countNotKept = (className: string): void => {
    notKept.set(className, (notKept.get(className) ?? 0) + 1);
  };

  const assign = (element: RawElement, parameters: readonly Parameter[], at: Place): void => {
    const properties = propertiesOfClass(element.className);
    if (properties === undefined) {
      // load shapes carry arrays of 8,760 values; nothing that long is looked at
      for (const { name, value } of parameters) {
        if (name !== '' && value.length <= longestKept) element.properties.set(name.toLowerCase(), value);
      }
      return;
    }
    let next = 0;
    for (const { name, value } of parameters) {
      const property = name === '' ? properties[next] : resolveProperty(properties, name);
      if (property === undefined) {
        findings.warn(
          'unknown_property',
          'A property that the class does not have was set aside; check its spelling.',
          { file: at.file, line: at.line, element: elementLabel(element) },
          name === '' ? `value "${value}" beyond the last property` : `${name}=${value}`,
        );
        continue;
      }
      next = properties.indexOf(property) + 1;
      if (property === 'like') {
        copyFrom(element, value, at);
        continue;
      }
      if (element.windings !== undefined) {
        const code = property === 'xfmrcode' ? elements.get('xfmrcode')?.get(value.toLowerCase())?.windings : undefined;
        if (property === 'xfmrcode' && code === undefined) {
          findings.warn(
            'unknown_xfmrcode',
            'A transformer names an XfmrCode that is not defined before it; its ratings are the defaults.',
            { file: at.file, line: at.line, element: elementLabel(element) },
            value,
          );
        }
        assignWindingProperty(element.windings, property, value, code);
      }
      element.properties.delete(property);
      element.properties.set(property, value);
    }
  };

  const copyFrom = (element: RawElement, name: string, at: Place): void => {
    const model = elements.get(element.className)?.get(name.toLowerCase());
    if (model === undefined || model === element) {
      findings.warn(
        'unknown_like',
        'like= names an element that is not defined before; nothing was copied.',
        { file: at.file, line: at.line, element: elementLabel(element) },
        `like=${name}`,
      );
      return;
    }
    for (const [property, value] of model.properties) element.properties.set(property, value);
    if (model.windings !== undefined) element.windings = structuredClone(model.windings);
  };

  const define = (parameters: Parameter[], comment: string, at: Place): void => {
    active = undefined;
    const [first, ...rest] = parameters;
    const dot = first?.value.indexOf('.') ?? -1;
    if (first === undefined || dot <= 0 || dot === first.value.length - 1) {
      countNotKept('(unnamed)');
      findings.reject({
        ...at,
        element: first?.value ?? '',
        field: '',
        reason: 'New needs Class.Name',
        remedy: 'write New Class.Name property=value ...',
      });
      return;
    }
    const className = first.value.slice(0, dot).toLowerCase();
    const name = first.value.slice(dot + 1);
    if (!knownClasses.has(className)) {
      countNotKept(className);
      findings.reject({
        ...at,
        element: first.value,
        field: '',
        reason: `OpenDSS has no element class "${className}"`,
        remedy: 'check the spelling of the class, or leave the element out',
      });
      return;
    }
    const key = name.toLowerCase();
    let ofClass = elements.get(className);
    if (ofClass === undefined) {
      ofClass = new Map();
      elements.set(className, ofClass);
    }
    const earlier = ofClass.get(key);
    if (earlier !== undefined && className !== 'circuit') {
      countNotKept(className);
      findings.reject({
        ...at,
        element: first.value,
        field: '',
        reason: `stands already in ${earlier.file}, line ${earlier.line}; the first definition was kept`,
        remedy: 'give the second element a name of its own, or write Edit where a change is meant',
      });
      return;
    }
    active = {
      className,
      name,
      ...at,
      comment,
      properties: new Map(),
      windings: isWindingClass(className) ? newWindings() : undefined,
      open: false,
    };
    ofClass.set(key, active);
    assign(active, rest, at);
  };

  const edit = (fullName: string, parameters: Parameter[], at: Place): void => {
    const element = find(fullName);
    if (element === undefined) {
      findings.warn('unknown_element', 'A command names an element that does not exist; the command was skipped.', {
        ...at,
        element: fullName,
      });
      active = undefined;
      return;
    }
    active = element;
    assign(element, parameters, at);
  };

  const editMany = (parameters: Parameter[], at: Place): void => {
    const [first, ...rest] = parameters;
    const dot = first?.value.indexOf('.') ?? -1;
    if (dot <= 0) return;
    let pattern: RegExp;
    try {
      pattern = new RegExp(`^(?:${first.value.slice(dot + 1)})$`, 'i');
    } catch {
      findings.warn('bad_pattern', 'BatchEdit with a pattern that is no regular expression was skipped.', {
        ...at,
        element: first.value,
      });
      return;
    }
    for (const element of elements.get(first.value.slice(0, dot).toLowerCase())?.values() ?? []) {
      if (pattern.test(element.name)) assign(element, rest, at);
    }
  };

  const setOpen = (parameters: Parameter[], open: boolean, at: Place): void => {
    const [target, , conductor] = parameters;
    const element = find(target?.value ?? '');
    if (element === undefined) {
      findings.warn('unknown_element', 'A command names an element that does not exist; the command was skipped.', {
        ...at,
        element: target?.value ?? '',
      });
      return;
    }
    const isOnePhase = element.properties.get('phases') === '1';
    if (conductor !== undefined && Number(conductor.value) > 0 && !isOnePhase) {
      findings.warn(
        'single_phase_switching',
        'One conductor of a switch was opened or closed; the network model switches all phases together.',
        { ...at, element: target.value },
      );
      return;
    }
    element.open = open;
  };

  return {
    elements,
    notKept,
    define,
    edit,
    more: (parameters, comment, at) => {
      if (active === undefined) return;
      if (comment !== '') active.comment += ` ${comment}`;
      assign(active, parameters, at);
    },
    editMany,
    setOpen,
    select: (fullName) => {
      active = find(fullName);
    },
    countNotKept,
    clear: () => {
      elements.clear();
      notKept.clear();
      active = undefined;
    },
  };
}
