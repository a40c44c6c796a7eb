/** Transformers: an edge from the first winding's bus to each other bus; a center tap is one edge. */
import { edgeKindCode } from '#model/network.ts';
import { phaseBits, plainBranch, setAside, type UnplacedBranch } from './branch.ts';
import { elementLabel, type RawElement } from './element_store.ts';
import type { Findings } from './report.ts';

/** undefined where the transformer is set aside. `regulates`: a regulator control sits on it. */
export function readTransformer(
  element: RawElement,
  regulates: boolean,
  findings: Findings,
): UnplacedBranch[] | undefined {
  const { windings } = element;
  if (windings === undefined) return undefined;
  if (windings.fault !== '') {
    return setAside(
      findings,
      element,
      windings.fault.split('=')[0],
      `${windings.fault} is no usable number`,
      'write a number',
    );
  }
  const [first, ...others] = windings.list;
  if (first.bus === undefined || first.bus.bus === '') {
    return setAside(findings, element, 'bus', 'winding 1 names no bus', 'write wdg=1 bus=name or buses=[...]');
  }
  const seen = new Set([first.bus.bus.toLowerCase()]);
  const a = first.bus;
  const lineToLine = (kv: number): number =>
    windings.phases === 1 && kv >= 1 && a.nodes.filter((node) => node > 0).length < 2 ? kv * Math.sqrt(3) : kv;
  const made: UnplacedBranch[] = [];
  for (const [index, winding] of others.entries()) {
    if (winding.bus === undefined || winding.bus.bus === '') {
      return setAside(
        findings,
        element,
        'bus',
        `winding ${index + 2} names no bus`,
        'write wdg=n bus=name or buses=[...]',
      );
    }
    const key = winding.bus.bus.toLowerCase();
    if (seen.has(key)) continue;
    seen.add(key);
    const ratio = winding.kv / first.kv;
    made.push({
      ...plainBranch(element),
      label: made.length === 0 ? elementLabel(element) : `${elementLabel(element)}:${index + 2}`,
      kind: edgeKindCode[regulates && ratio > 0.8 && ratio < 1.25 ? 'voltage_regulator' : 'power_transformer'],
      busA: a.bus,
      busB: winding.bus.bus,
      phases: phaseBits(a, windings.phases),
      ratedKva: Math.max(0, first.kva),
      kvA: lineToLine(first.kv),
      kvB: lineToLine(winding.kv),
      isTransformer: true,
    });
  }
  if (made.length === 0) {
    return setAside(findings, element, 'bus', `every winding is on bus ${a.bus}`, 'name two different buses');
  }
  return made;
}
