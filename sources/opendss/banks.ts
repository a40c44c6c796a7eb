/** Single-phase units between the same two buses are one bank: one edge of the network model. */

import type { Branch } from './branch.ts';
import { elementLabel } from './element_store.ts';

/**
 * Merges units of one kind and state that join the same two buses on different phases: regulator and transformer
 * banks, and lines or switches written phase by phase. As separate edges they would read as loops: no trace would find
 * anything below one of them, and no feeder with a regulator would count as radial. Units that share a phase are true
 * parallels and stay apart. ratedKva is the sum of the units.
 */
export function mergeBanks(branches: readonly Branch[]): Branch[] {
  const merged: Branch[] = [];
  const byEnds = new Map<string, Branch[]>();
  const names = new Set(branches.map((branch) => branch.label.toLowerCase()));
  for (const unit of branches) {
    const key = `${Math.min(unit.a, unit.b)} ${Math.max(unit.a, unit.b)} ${unit.kind} ${unit.open}`;
    const banks = byEnds.get(key) ?? [];
    byEnds.set(key, banks);
    const bank = banks.find(
      (other) => (other.phases & unit.phases) === 0 && other.isTransformer === unit.isTransformer,
    );
    if (bank === undefined) {
      const own = { ...unit, units: [...unit.units] };
      banks.push(own);
      merged.push(own);
      continue;
    }
    bank.units.push(...unit.units);
    bank.phases |= unit.phases;
    bank.ratedKva += unit.ratedKva;
    if (bank.ratedA === 0) bank.ratedA = unit.ratedA;
  }
  for (const bank of merged) {
    const name = bank.element.properties.get('bank') ?? '';
    if (bank.units.length < 2 || name === '') continue;
    const label = elementLabel({ className: bank.element.className, name });
    const isOwn = bank.units.some((unit) => unit.name.toLowerCase() === name.toLowerCase());
    if (isOwn || !names.has(label.toLowerCase())) {
      bank.label = label;
      names.add(label.toLowerCase());
    }
  }
  return merged;
}
