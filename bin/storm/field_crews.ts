/**
 * The people of a storm: a dispatcher who follows the product's own plan, and crews who drive, look, find what is really
 * there and repair it. They know of the truth only what they see on site; what they say goes through the crew service and
 * the outages' verbs like everybody's.
 */

import type { Crew, CrewNeedRow } from '#model/api/crews.ts';
import type { Outage, OutageAction } from '#model/api/outages.ts';
import { isOut } from '#services/outages/lifecycle.ts';
import type { FaultCause } from '#sources/storm/faults.ts';
import type { StormField } from '#sources/storm/field.ts';
import { hashUnit, mix, normalAt } from '#sources/territory/random.ts';

export interface FieldCrewNeeds {
  seed: number;
  field: StormField;
  /** next edge towards the source in the field */
  edgeAbove: (edge: number) => number;
  /** edge row of what really feeds a meter, -1 where nothing does */
  transformerOf: (meter: number) => number;
  deviceId: (edge: number) => string;
  nowMs: () => number;
  crews: {
    list(): Promise<Crew[]>;
    plan(areas: null): Promise<CrewNeedRow[]>;
    assign(id: string, order: { outage: string; revision: number; reason?: string }, actor: string): Promise<Crew>;
    act(
      id: string,
      order: { verb: 'depart' | 'arrive' | 'complete' | 'release'; revision: number; reason?: string },
      actor: string,
    ): Promise<Crew>;
    report(id: string, position: { lon: number; lat: number }): Promise<Crew>;
  };
  outages: {
    open(): Outage[];
    membersOf(id: string): number[];
    act(id: string, action: OutageAction, actor: string): Promise<unknown>;
  };
  settled: () => Promise<void>;
  /** a crew or a dispatcher was refused: told, and gone on */
  refused: (what: string) => void;
}

export interface FieldCrews {
  /** everything due up to then, seconds of the storm; then the dispatcher looks */
  step(atS: number): Promise<void>;
  working(): number;
  visits: { begun: number; repaired: number; nothing_found: number; elsewhere: number };
}

interface Visit {
  crew: string;
  outage: string;
  stage: 'driving' | 'looking' | 'repairing' | 'packing';
  dueS: number;
  lon: number;
  lat: number;
  /** device of the zone that is repaired; -1 before anything was found */
  device: number;
}

/** median minutes of work by what is broken */
const repairMinutes: Record<FaultCause, number> = {
  tree: 60,
  debris: 70,
  'late tree': 60,
  equipment: 90,
  lightning: 110,
};
const assessMinutes = 15;
/** a fault further away than the device the crew was sent to */
const patrolMinutes = 15;
const packMinutes = 3;
/** a prediction is driven to when it has stood so long */
const settledMs = 10 * 60_000;
/** an outage whose supply fails further up is looked at again after */
const lookAgainS = 45 * 60;

export function makeFieldCrews(needs: FieldCrewNeeds): FieldCrews {
  const { seed, field, crews, outages } = needs;
  const visits: Visit[] = [];
  const waitUntilS = new Map<string, number>();
  const counts = { begun: 0, repaired: 0, nothing_found: 0, elsewhere: 0 };
  let draws = 0;
  /** about `median` minutes, log-normal, as seconds */
  const minutes = (median: number, spread: number): number =>
    median * 60 * Math.exp(spread * normalAt(hashUnit(mix(seed, 0xc4e3), draws++)));

  const isAbove = (upper: number, lower: number): boolean => {
    for (let row = lower; row >= 0; row = needs.edgeAbove(row)) if (row === upper) return true;
    return false;
  };

  /** What really keeps the place dark: the device itself, one above it, one below it. */
  function find(outage: Outage): number {
    // who stands at the house sees the wires that lead to it, wherever it is recorded
    const [house] = outage.device_kind === 'service_point' ? outages.membersOf(outage.id) : [];
    const device = house === undefined ? outage.edge_row : needs.transformerOf(house);
    if (field.openAt.has(device)) return device;
    for (let row = device; row >= 0; row = needs.edgeAbove(row)) if (field.openAt.has(row)) return row;
    for (const open of field.openAt.keys()) if (isAbove(device, open)) return open;
    return -1;
  }

  async function order(id: string, verb: 'depart' | 'arrive' | 'complete' | 'release', reason?: string): Promise<void> {
    const crew = (await crews.list()).find((one) => one.id === id)!;
    await crews.act(id, { verb, revision: crew.revision, reason }, id);
  }
  async function tryTo(what: string, work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      needs.refused(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    } finally {
      await needs.settled();
    }
  }

  async function onSite(visit: Visit, atS: number): Promise<void> {
    const outage = outages.open().find(({ id }) => id === visit.outage);
    if (!outage) return leave(visit, atS);
    const device = find(outage);
    if (device < 0) {
      counts.nothing_found++;
      // one meter that is dark by itself has a fault of its own house: nothing for this crew; several had no supply for a while
      const wasOut = outage.state === 'partly_restored' || outage.meters_dark > 1;
      await tryTo('nothing found', () =>
        outages.act(
          outage.id,
          wasOut
            ? { verb: 'restore', reason: 'crew: everybody has power' }
            : { verb: 'reject', reason: 'crew: nothing found, power is on' },
          visit.crew,
        ),
      );
      return leave(visit, atS);
    }
    if (visits.some((other) => other !== visit && other.device === device)) {
      counts.elsewhere++;
      waitUntilS.set(outage.id, atS + lookAgainS);
      return leave(visit, atS, 'the supply fails further up, where others work');
    }
    if (device !== outage.edge_row)
      await tryTo('found elsewhere', () =>
        outages.act(
          outage.id,
          { verb: 'move', device_id: needs.deviceId(device), reason: 'crew: this device is open' },
          visit.crew,
        ),
      );
    visit.device = device;
    visit.stage = 'repairing';
    const switched = field.sectionalise(device, atS);
    const work = field.openAt.get(device)!.map(({ cause }) => minutes(repairMinutes[cause], 0.5));
    const patrol = device === outage.edge_row ? 0 : minutes(patrolMinutes, 0.4);
    visit.dueS = atS + patrol + (switched > 0 ? 300 : 0) + work.reduce((sum, s, i) => sum + (i === 0 ? s : 0.6 * s), 0);
  }

  async function leave(visit: Visit, _atS: number, reason?: string): Promise<void> {
    visits.splice(visits.indexOf(visit), 1);
    const crew = (await crews.list()).find(({ id }) => id === visit.crew);
    if (!crew?.jobs.some(({ outage_id }) => outage_id === visit.outage)) return;
    await tryTo(`${visit.crew} leaves`, () =>
      order(visit.crew, reason === undefined && crew.status === 'on_site' ? 'complete' : 'release', reason),
    );
  }

  async function next(visit: Visit): Promise<void> {
    const atS = visit.dueS;
    if (visit.stage === 'driving') {
      await crews.report(visit.crew, { lon: visit.lon, lat: visit.lat });
      const crew = (await crews.list()).find(({ id }) => id === visit.crew);
      // set free on the way: the outage was merged, restored or rejected meanwhile
      if (!crew?.jobs.some(({ outage_id }) => outage_id === visit.outage)) return leave(visit, atS);
      if (crew.status !== 'on_site') await tryTo(`${visit.crew} arrives`, () => order(visit.crew, 'arrive'));
      visit.stage = 'looking';
      visit.dueS = atS + minutes(assessMinutes, 0.5);
    } else if (visit.stage === 'looking') await onSite(visit, atS);
    else if (visit.stage === 'repairing') {
      field.repair(visit.device, atS);
      counts.repaired++;
      visit.stage = 'packing';
      visit.dueS = atS + packMinutes * 60;
    } else {
      const outage = outages.open().find(({ id }) => id === visit.outage);
      const isOver = !outage || !isOut(outage.state);
      // the crew's word, where meters are slow to say it themselves
      if (!isOver && visit.device === outage.edge_row)
        await tryTo('restored', () =>
          outages.act(outage.id, { verb: 'restore', reason: 'crew: device closed' }, visit.crew),
        );
      else if (!isOver) waitUntilS.set(outage.id, atS + 600);
      await leave(visit, atS);
    }
  }

  async function dispatch(atS: number): Promise<void> {
    const free = (await crews.list()).filter(({ status }) => status === 'available');
    if (free.length === 0 || outages.open().length === 0) return;
    const freeNow = new Map(free.map((crew) => [crew.id, crew]));
    for (const row of await crews.plan(null)) {
      if (freeNow.size === 0) return;
      if ((waitUntilS.get(row.outage_id) ?? 0) > atS) continue;
      const choice = [row.chosen, ...row.others].find((one) => one !== null && freeNow.has(one.crew_id));
      const outage = outages.open().find(({ id }) => id === row.outage_id);
      if (!choice || !outage) continue;
      // messages and pings still move a young prediction; a truck on its way would hold it where it is
      if (outage.state === 'predicted' && needs.nowMs() - Date.parse(outage.detected_at) < settledMs) continue;
      const crew = freeNow.get(choice.crew_id)!;
      freeNow.delete(crew.id);
      const sent = await tryTo(`${crew.id} to ${outage.id}`, async () => {
        const assigned = await crews.assign(crew.id, { outage: outage.id, revision: crew.revision }, 'dispatcher');
        // an outage that another crew left on site takes the new one for there already
        if (assigned.status === 'assigned')
          await crews.act(crew.id, { verb: 'depart', revision: assigned.revision }, crew.id);
      });
      if (!sent) continue;
      counts.begun++;
      const drive = Math.max(2, choice.drive_minutes);
      visits.push({
        ...{ crew: crew.id, outage: outage.id, stage: 'driving', device: -1, lon: outage.lon, lat: outage.lat },
        dueS: atS + minutes(drive, 0.25),
      });
    }
  }

  return {
    visits: counts,
    working: () => visits.length,
    step: async (atS) => {
      for (;;) {
        const due = visits
          .filter(({ dueS }) => dueS <= atS)
          .sort((a, b) => a.dueS - b.dueS || (a.crew < b.crew ? -1 : 1));
        if (due.length === 0) break;
        await next(due[0]);
      }
      await dispatch(atS);
    },
  };
}
