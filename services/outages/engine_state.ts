/** The engine's state as it is kept, and an engine's core made of it again. SPEC.md, S1 to S3. */
import type { EngineCore } from './engine_core.ts';
import { meterDark } from './engine_meters.ts';
import type { EngineState, OutageRecord } from './engine_records.ts';

export function recallOutage(core: EngineCore, outage: OutageRecord): void {
  // Records kept before these fields existed.
  core.book.keep({ ...{ phases: 0, called: 0, splitFrom: null }, ...structuredClone(outage) });
}

export function restoreState(core: EngineCore, state: EngineState): void {
  const { meters, book } = core;
  core.nowMs = state.nowMs;
  for (const outage of [...state.outages].sort((a, b) => a.number - b.number)) recallOutage(core, outage);
  for (const row of state.meters) {
    meters.restore(row);
    if (row.outageId !== null) core.addMember(book.slotOf(row.outageId), row.meter);
    core.changed(row.meter);
    if (row.ripeMs <= state.nowMs) core.pending.delete(row.meter);
  }
  for (const slot of book.active) core.file(slot);
  core.rates.restore(state.rates ?? []);
  core.setDeaf(state.withoutCommunication ?? []);
  core.replan(core.planned.replace(state.planned ?? []));
  for (const { edge, atMs } of state.devices) core.deviceAtMs.set(edge, atMs);
  core.dirty.clear();
  // Hold windows that ran out while nothing ran: predicted at the next call.
  for (const row of state.meters) {
    const waits = meters.state[row.meter] === meterDark && row.outageId === null && !core.pending.has(row.meter);
    if (waits) core.dirty.add(core.topOfMeter(row.meter));
  }
  core.rows.take();
}
