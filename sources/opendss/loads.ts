/** Loads: nameplate demand from whichever pair of properties the script gives, and the class of the customer. */
import { type CustomerClass, customerClasses } from '#model/network.ts';
import { elementLabel, type RawElement } from './element_store.ts';
import type { Findings } from './report.ts';
import { type BusSpec, isUsable, parseBus, parseNumber } from './statement.ts';

export interface CircuitLoad {
  label: string;
  element: RawElement;
  busName: string;
  /** bus row */
  bus: number;
  spec: BusSpec;
  phases: number;
  kv: number;
  kw: number;
  kvar: number;
}

const numeric = ['phases', 'kv', 'kw', 'pf', 'kvar', 'kva', 'xfkva', 'allocationfactor', 'kwh', 'kwhdays', 'cfactor'];
const specifiers = new Set(['kw', 'kvar', 'kva', 'xfkva', 'kwh', 'allocationfactor', 'cfactor']);

/** undefined where the load is set aside; `bus` is still to be set. */
export function readLoad(element: RawElement, findings: Findings): CircuitLoad | undefined {
  const { properties } = element;
  const at = { file: element.file, line: element.line, element: elementLabel(element) };
  const spec = parseBus(properties.get('bus1') ?? '');
  if (spec.bus === '') {
    findings.reject({ ...at, field: 'bus1', reason: 'names no bus', remedy: 'write bus1=name.1' });
    return undefined;
  }
  const value: Record<string, number> = {};
  for (const name of numeric) {
    const text = properties.get(name);
    if (text === undefined) continue;
    const number = parseNumber(text);
    if (!isUsable(number)) {
      findings.reject({
        ...at,
        field: name,
        reason: `${name}=${text} is no usable number`,
        remedy: 'write a finite number',
      });
      return undefined;
    }
    value[name] = number;
  }
  const { kw, kvar } = demand(value, [...properties.keys()].filter((name) => specifiers.has(name)).at(-1));
  return {
    label: at.element,
    element,
    busName: spec.bus,
    bus: -1,
    spec,
    phases: value.phases ?? 3,
    kv: value.kv ?? 12.47,
    kw,
    kvar,
  };
}

/** The property assigned last decides which pair holds, as in OpenDSS; its defaults are 10 kW at 0.88. */
function demand(value: Record<string, number>, decider: string | undefined): { kw: number; kvar: number } {
  const pf = value.pf ?? 0.88;
  const kvarAt = (kw: number): number =>
    pf === 0 ? 0 : Math.abs(kw) * Math.sqrt(Math.max(0, 1 / (pf * pf) - 1)) * Math.sign(pf) * Math.sign(kw || 1);
  if (decider === 'kva') {
    const kw = value.kva * Math.abs(pf);
    return { kw, kvar: kvarAt(kw) };
  }
  if (value.xfkva !== undefined && (decider === 'xfkva' || decider === 'allocationfactor')) {
    const kw = value.xfkva * (value.allocationfactor ?? 0.5) * Math.abs(pf);
    return { kw, kvar: kvarAt(kw) };
  }
  if (value.kwh !== undefined && (decider === 'kwh' || decider === 'cfactor')) {
    const kw = (value.kwh / ((value.kwhdays ?? 30) * 24)) * (value.cfactor ?? 4);
    return { kw, kvar: kvarAt(kw) };
  }
  const kw = value.kw ?? 10;
  if (value.kvar !== undefined && (decider === 'kvar' || value.pf === undefined)) return { kw, kvar: value.kvar };
  return { kw, kvar: kvarAt(kw) };
}

/**
 * The class of a customer. The name of its load shape or a remark decides where it says so (`res_kw_370_pu`,
 * `Commercial_MD`); else voltage, phases and demand: single-phase low voltage up to 25 kW is a home, and above that
 * the usual US tariff steps of 100 kW and 1 MW part small, large and industrial customers.
 */
export function customerClassOf(load: { element: RawElement; kv: number; phases: number }, kw: number): number {
  const { properties, comment } = load.element;
  const words = [properties.get('yearly'), properties.get('daily'), properties.get('duty'), comment, load.element.name]
    .join(' ')
    .toLowerCase();
  const code = (name: CustomerClass): number => customerClasses.indexOf(name);
  const commercial = (): number => code(kw >= 100 ? 'large_commercial' : 'small_commercial');
  if (/(^|[^a-z])(street|st)[_ ]?light|lamp/.test(words)) return code('street_lighting');
  if (/(^|[^a-z])res(idential|[^a-z]|$)/.test(words)) return code('residential');
  if (/(^|[^a-z])ind(ustrial|[^a-z]|$)/.test(words)) return code('industrial');
  if (/(^|[^a-z])com(m|mercial|[^a-z]|$)/.test(words))
    return /_(md|lg)\b/.test(words) ? code('large_commercial') : commercial();
  if (kw >= 1000) return code('industrial');
  if (kw > 25 || load.phases === 3) return commercial();
  return code('residential');
}
