/** Lines: ends, phases, length in metres, rating, kind of device. */
import { edgeKindCode } from '#model/network.ts';
import { phaseBits, plainBranch, setAside, type UnplacedBranch } from './branch.ts';
import { elementLabel, type RawElement } from './element_store.ts';
import type { Circuit } from './interpreter.ts';
import { type LineDevice, lineKind } from './line_kinds.ts';
import type { Findings } from './report.ts';
import { isUsable, parseBus, parseNumber, parseYesNo } from './statement.ts';

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

export function isSwitchLine(element: RawElement): boolean {
  return parseYesNo(element.properties.get('switch') ?? 'no') ?? false;
}

/** undefined where the line is set aside. `device` is the protection element that sits on it. */
export function readLine(
  element: RawElement,
  circuit: Circuit,
  device: LineDevice | undefined,
  findings: Findings,
): UnplacedBranch | undefined {
  const [a, b] = [parseBus(element.properties.get('bus1') ?? ''), parseBus(element.properties.get('bus2') ?? '')];
  if (a.bus === '') return setAside(findings, element, 'bus1', 'names no first bus', 'write bus1=name.1.2.3');
  if (b.bus === '') return setAside(findings, element, 'bus2', 'names no second bus', 'write bus2=name.1.2.3');
  if (a.bus.toLowerCase() === b.bus.toLowerCase()) {
    return setAside(findings, element, 'bus2', `both ends are on bus ${a.bus}`, 'name two different buses');
  }
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
  const isSwitch = isSwitchLine(element);
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
  return {
    ...plainBranch(element),
    busA: a.bus,
    busB: b.bus,
    kind: edgeKindCode[lineKind(element, isSwitch, device?.kind)],
    phases: phaseBits(a, phases),
    lengthM,
    ratedA: device !== undefined && device.ratedA > 0 ? device.ratedA : Math.max(0, ratedA),
    underground:
      properties.has('cncables') ||
      properties.has('tscables') ||
      geometry?.properties.has('cncable') === true ||
      geometry?.properties.has('cncables') === true ||
      /^ug/i.test(properties.get('linetype') ?? code?.properties.get('linetype') ?? '') ||
      /(^|[^a-z])ug([^a-z]|$)/i.test(`${codeName ?? ''} ${geometryName ?? ''}`),
    open: element.open || device?.isOpen === true,
  };
}
