/** Two-terminal equipment, before and after its buses have rows. */
import { elementLabel, type RawElement } from './element_store.ts';
import type { Findings } from './report.ts';
import type { BusSpec } from './statement.ts';

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

/** Equipment whose buses are still names: nothing is added to the circuit until it is known to be sound. */
export interface UnplacedBranch extends Omit<Branch, 'a' | 'b'> {
  busA: string;
  busB: string;
}

/** Facts that only some equipment has. */
export function plainBranch(element: RawElement): Omit<UnplacedBranch, 'kind' | 'busA' | 'busB' | 'phases'> {
  return {
    label: elementLabel(element),
    element,
    units: [element],
    lengthM: 0,
    ratedA: 0,
    ratedKva: 0,
    underground: false,
    open: element.open,
    kvA: 0,
    kvB: 0,
    isTransformer: false,
  };
}

/** Phase bits of the nodes that are phases (1, 2, 3); 1..phases where the script names none. */
export function phaseBits(bus: BusSpec, phases: number): number {
  let bits = 0;
  for (const node of bus.nodes) if (node >= 1 && node <= 3) bits |= 1 << (node - 1);
  if (bits !== 0) return bits;
  return (1 << Math.min(3, Math.max(1, phases))) - 1;
}

/** Sets an element aside; undefined, so that a reader can return it. */
export function setAside(
  findings: Findings,
  element: RawElement,
  field: string,
  reason: string,
  remedy: string,
): undefined {
  findings.reject({ file: element.file, line: element.line, element: elementLabel(element), field, reason, remedy });
  return undefined;
}
