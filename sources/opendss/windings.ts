/** Windings of transformers: OpenDSS writes them one by one (`wdg=2 bus=... kv=...`) or as arrays (`kvs=[7.2 0.12]`). */
import { type BusSpec, isUsable, parseBus, parseList, parseNumber } from './statement.ts';

export interface Winding {
  bus: BusSpec | undefined;
  kv: number;
  kva: number;
  isDelta: boolean;
}

export interface Windings {
  phases: number;
  list: Winding[];
  active: number;
  /** first value that was no number, as `kva=abc` */
  fault: string;
}

const newWinding = (): Winding => ({ bus: undefined, kv: 12.47, kva: 1000, isDelta: false });

export function isWindingClass(className: string): boolean {
  return className === 'transformer' || className === 'xfmrcode' || className === 'autotrans';
}

/** Three phases, two windings, as OpenDSS starts. */
export function newWindings(): Windings {
  return { phases: 3, list: [newWinding(), newWinding()], active: 0, fault: '' };
}

function resize(windings: Windings, count: number): void {
  while (windings.list.length < count) windings.list.push(newWinding());
  windings.list.length = Math.max(1, count);
}

/** Applies one property; those that say nothing about windings are left alone. */
export function assignWindingProperty(
  windings: Windings,
  property: string,
  value: string,
  code: Windings | undefined,
): void {
  const number = (text: string): number => {
    const parsed = parseNumber(text);
    if (!isUsable(parsed) && windings.fault === '') windings.fault = `${property}=${value}`;
    return parsed;
  };
  const each = (set: (winding: Winding, text: string) => void): void => {
    const values = parseList(value);
    if (values.length > windings.list.length) resize(windings, values.length);
    for (const [index, text] of values.entries()) set(windings.list[index], text);
  };
  const isDelta = (text: string): boolean => /^(d|ll)/i.test(text.trim());
  const active = windings.list[Math.min(windings.active, windings.list.length - 1)];
  switch (property) {
    case 'phases':
      windings.phases = number(value);
      break;
    case 'windings': {
      const count = number(value);
      if (count >= 1 && count <= 16) resize(windings, Math.trunc(count));
      break;
    }
    case 'wdg': {
      const index = number(value);
      if (index >= 1 && index <= 16) {
        windings.active = Math.trunc(index) - 1;
        if (windings.list.length <= windings.active) resize(windings, windings.active + 1);
      }
      break;
    }
    case 'bus':
      active.bus = parseBus(value);
      break;
    case 'kv':
      active.kv = number(value);
      break;
    case 'kva': {
      const kva = number(value);
      // the first winding's rating is taken over by the others
      if (windings.active === 0) for (const winding of windings.list) winding.kva = kva;
      else active.kva = kva;
      break;
    }
    case 'conn':
      active.isDelta = isDelta(value);
      break;
    case 'buses':
      each((winding, text) => {
        winding.bus = parseBus(text);
      });
      break;
    case 'kvs':
      each((winding, text) => {
        winding.kv = number(text);
      });
      break;
    case 'kvas':
      each((winding, text) => {
        winding.kva = number(text);
      });
      break;
    case 'conns':
      each((winding, text) => {
        winding.isDelta = isDelta(text);
      });
      break;
    case 'xfmrcode':
      if (code !== undefined) {
        windings.phases = code.phases;
        resize(windings, code.list.length);
        for (const [index, winding] of code.list.entries()) {
          Object.assign(windings.list[index], { kv: winding.kv, kva: winding.kva, isDelta: winding.isDelta });
        }
      }
      break;
    default:
      break;
  }
}
