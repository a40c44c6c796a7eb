/** What a Line is in the house model: a conductor, or the switch, fuse, recloser or breaker that it stands for. */
import type { EdgeKind } from '#model/network.ts';
import { elementLabel, isEnabled, type RawElement } from './element_store.ts';
import type { Circuit } from './interpreter.ts';
import type { Findings } from './report.ts';
import { isUsable, parseNumber } from './statement.ts';

export interface LineDevice {
  kind: EdgeKind;
  /** 0 where the element does not say */
  ratedA: number;
  isOpen: boolean;
}

/** The strongest device wins where a line carries several. */
const deviceClasses: readonly [string, EdgeKind][] = [
  ['swtcontrol', 'switch'],
  ['fuse', 'fuse'],
  ['recloser', 'recloser'],
  ['relay', 'breaker'],
];

/** Protection elements by the lower-case name of the line that they open. */
export function protectionByLine(circuit: Circuit, findings: Findings): Map<string, LineDevice> {
  const devices = new Map<string, LineDevice>();
  for (const [className, kind] of deviceClasses) {
    for (const element of circuit.elements.get(className)?.values() ?? []) {
      if (!isEnabled(element)) continue;
      const { properties } = element;
      const target = properties.get('switchedobj') ?? properties.get('monitoredobj') ?? '';
      const [targetClass, ...rest] = target.split('.');
      const name = rest.join('.').toLowerCase();
      if (targetClass.toLowerCase() !== 'line' || circuit.elements.get('line')?.has(name) !== true) {
        findings.warn(
          'device_without_line',
          'A fuse, recloser, relay or switch control sits on no line of the file; it was left out.',
          { file: element.file, line: element.line, element: elementLabel(element) },
          target,
        );
        continue;
      }
      const ratedA = parseNumber(properties.get('ratedcurrent') ?? '0');
      const state = properties.get('normal') ?? properties.get('state') ?? properties.get('action') ?? '';
      const earlier = devices.get(name);
      devices.set(name, {
        kind,
        ratedA: isUsable(ratedA) && ratedA > 0 ? ratedA : (earlier?.ratedA ?? 0),
        isOpen: /^\[?\s*o/i.test(state) || earlier?.isOpen === true,
      });
    }
  }
  return devices;
}

const kindByLineType: Record<string, EdgeKind> = {
  swt_ldbrk: 'switch',
  swt_disc: 'switch',
  swt_elbow: 'switch',
  swt_fuse: 'fuse',
  swt_sect: 'sectionalizer',
  swt_rec: 'recloser',
  swt_brk: 'breaker',
};

const kindByWord: Record<string, EdgeKind> = {
  fuse: 'fuse',
  recloser: 'recloser',
  breaker: 'breaker',
  sectionaliser: 'sectionalizer',
  sectionalizer: 'sectionalizer',
};

/**
 * In this order: a protection element on the line; LineType; the CIM class that CIMHub writes as a comment; for
 * `switch=yes` the word in its name or line code (SMART-DS: `recloser(...)`, `breaker_3`); switch; conductor.
 */
export function lineKind(element: RawElement, isSwitch: boolean, device: EdgeKind | undefined): EdgeKind {
  if (device !== undefined) return device;
  const byType = kindByLineType[(element.properties.get('linetype') ?? '').toLowerCase()];
  if (byType !== undefined) return byType;
  const cim = /\bCIM\s+(\w+)/.exec(element.comment)?.[1].toLowerCase();
  if (cim !== undefined && cim in kindByWord) return kindByWord[cim];
  if (!isSwitch) return 'line_segment';
  const words = `${element.name} ${element.properties.get('linecode') ?? ''}`.toLowerCase();
  const word = /(?:^|[^a-z])(fuse|recloser|breaker|sectionali[sz]er)(?:[^a-z]|$)/.exec(words)?.[1];
  return word === undefined ? 'switch' : kindByWord[word];
}
