import type { Crew } from '#model/api/crews.ts';
import type { Alarm, Kpi, LiveNote, StreamDelta, StreamSnapshot } from '#model/api/live.ts';
import type { Outage, OutageState } from '#model/api/outages.ts';

/** What the live stream has told so far. Maps are replaced, never changed in place: a view may hold an old one. */
export interface LiveFacts {
  position: number;
  /** server time of the newest message that carried facts */
  at: string | null;
  networkVersion: string | null;
  kpi: Kpi | null;
  outages: ReadonlyMap<string, Outage>;
  alarms: ReadonlyMap<string, Alarm>;
  /** those that changed since the snapshot */
  crews: ReadonlyMap<string, Crew>;
  notes: readonly LiveNote[];
}

export const noFacts: LiveFacts = {
  position: -1,
  at: null,
  networkVersion: null,
  kpi: null,
  outages: new Map(),
  alarms: new Map(),
  crews: new Map(),
  notes: [],
};

const notesKept = 200;
const gone: ReadonlySet<OutageState> = new Set(['closed', 'rejected', 'merged']);

export function applySnapshot(message: StreamSnapshot): LiveFacts {
  return {
    position: message.position,
    at: message.at,
    networkVersion: message.network_version,
    kpi: message.kpi,
    outages: new Map(message.outages.filter((o) => !gone.has(o.state)).map((outage) => [outage.id, outage])),
    alarms: new Map(message.alarms.filter((a) => a.state !== 'normal').map((alarm) => [alarm.id, alarm])),
    crews: new Map(),
    notes: message.notes.slice(-notesKept),
  };
}

/** A position is no revision. Of two that are alike the pushed one knows the shift better. */
export function newerCrew(known: Crew | undefined, pushed: Crew): Crew {
  if (!known || pushed.revision > known.revision) return pushed;
  if (pushed.revision < known.revision) return known;
  return (known.position_at ?? '') > (pushed.position_at ?? '') ? known : pushed;
}

/** Closed, rejected and merged ones leave; an older revision does not undo a newer one. */
export function withOutages(
  outages: ReadonlyMap<string, Outage>,
  changed: readonly Outage[],
): ReadonlyMap<string, Outage> {
  const next = new Map(outages);
  for (const outage of changed) {
    if (gone.has(outage.state)) next.delete(outage.id);
    else if ((next.get(outage.id)?.revision ?? -1) <= outage.revision) next.set(outage.id, outage);
  }
  return next;
}

/** The facts after a delta; the same object where the delta is older than what is known (a resume sends some twice). */
export function applyDelta(facts: LiveFacts, message: StreamDelta): LiveFacts {
  if (message.position <= facts.position) return facts;
  let { outages, alarms, crews, notes } = facts;
  if (message.outages?.length) outages = withOutages(outages, message.outages);
  if (message.alarms?.length) {
    const next = new Map(alarms);
    for (const alarm of message.alarms) {
      if (alarm.state === 'normal') next.delete(alarm.id);
      else next.set(alarm.id, alarm);
    }
    alarms = next;
  }
  if (message.crews?.length) {
    const next = new Map(crews);
    for (const crew of message.crews) next.set(crew.id, newerCrew(next.get(crew.id), crew));
    crews = next;
  }
  if (message.notes?.length) notes = [...notes, ...message.notes].slice(-notesKept);
  return {
    ...facts,
    position: message.position,
    at: message.at,
    kpi: message.kpi ?? facts.kpi,
    outages,
    alarms,
    crews,
    notes,
  };
}

/** A snapshot that brings a newly opened window to the state of the shared stream. */
export function toSnapshot(facts: LiveFacts, edges: string): StreamSnapshot | null {
  if (!facts.kpi || facts.at === null || facts.networkVersion === null) return null;
  return {
    position: facts.position,
    at: facts.at,
    network_version: facts.networkVersion,
    kpi: facts.kpi,
    outages: [...facts.outages.values()],
    alarms: [...facts.alarms.values()],
    edges,
    notes: [...facts.notes],
  };
}
