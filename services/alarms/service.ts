/** Alarms of the operator: raised by what happens to outages, acknowledged by a person, gone when both are over. */
import type { Alarm } from '#model/api/live.ts';
import type { Outage } from '#model/api/outages.ts';
import { FluxError } from '#model/errors.ts';
import { customersInWords } from '#model/words.ts';
import { type NamedQuery, type Pool, rowsOf } from '#stores/postgres/pool.ts';

/** Something that is wrong. */
export interface Condition {
  priority: 1 | 2 | 3 | 4;
  text: string;
  /** area of responsibility it lies in; none = it is of the whole utility */
  area_id?: string | null;
}

export interface AlarmService {
  start(): Promise<void>;
  /** an outage appeared or changed; @returns alarms that changed by it */
  follow(outage: Outage, isOut: boolean): Alarm[];
  /** something is wrong that is no outage, or (null) is not any more; @returns alarms that changed by it */
  condition(id: string, wrong: Condition | null): Alarm[];
  active(): Alarm[];
  acknowledge(id: string, user: string): Promise<Alarm>;
  areaOf(id: string): string | null;
  stop(): Promise<void>;
}

const alarmUpsert: NamedQuery = {
  name: 'alarm_upsert',
  text: `
    insert into alarm (id, priority, state, raised_at, text, feeder_id, area_id, outage_id, device_id, acknowledged_by)
    select given.id, given.priority, given.state, given.at, given.text, given.feeder_id, given.area_id, given.outage_id,
           given.device_id, given.acknowledged_by
    from jsonb_to_recordset($1::jsonb) as given (id text, priority int, state text, at timestamptz, text text, feeder_id text,
                                                 area_id text, outage_id text, device_id text, acknowledged_by text)
    on conflict (id) do update
      set priority = excluded.priority, state = excluded.state, raised_at = excluded.raised_at, text = excluded.text,
          feeder_id = excluded.feeder_id, area_id = excluded.area_id, device_id = excluded.device_id,
          acknowledged_by = excluded.acknowledged_by, changed_at = now()`,
};
const alarmActive: NamedQuery = {
  name: 'alarm_active',
  text: `
    select alarm.id, alarm.priority::int, alarm.state, alarm.raised_at, alarm.text, alarm.feeder_id, alarm.area_id,
           alarm.outage_id, alarm.device_id, alarm.acknowledged_by
    from alarm
    where alarm.state <> 'normal'
    order by alarm.raised_at`,
};

/** 1 = highest. Critical customers first, then size. */
function priorityOf(outage: Outage): number {
  if (outage.critical_out > 0 || outage.customers_out >= 1000) return 1;
  if (outage.customers_out >= 200) return 2;
  return outage.customers_out >= 20 ? 3 : 4;
}

function textOf(outage: Outage): string {
  const device = `${outage.device_kind.replaceAll('_', ' ')} ${outage.device_id}`;
  const customers = customersInWords(outage.customers_affected);
  if (['restored', 'completed', 'closed'].includes(outage.state))
    return `${device} back: ${customers} with supply again`;
  const critical = outage.critical_out > 0 ? `, ${outage.critical_out} critical` : '';
  return `${device} out: ${customers}${critical}`;
}

/** Raised again after it had returned, it counts from then. */
const isStanding = (known: Alarm | undefined): known is Alarm =>
  known !== undefined && known.state !== 'returned_unacknowledged';

export function makeAlarmService(pool: Pool, report: (message: string, error: unknown) => void): AlarmService {
  const alarms = new Map<string, Alarm>();
  const unwritten = new Map<string, Alarm>();
  /** most critical customers out so far, by alarm */
  const criticalOf = new Map<string, number>();
  let writing: Promise<void> | undefined;

  function keep(alarm: Alarm): Alarm {
    if (alarm.state === 'normal') alarms.delete(alarm.id);
    else alarms.set(alarm.id, alarm);
    unwritten.set(alarm.id, alarm);
    writing ??= write().finally(() => {
      writing = undefined;
    });
    return alarm;
  }

  async function write(): Promise<void> {
    while (unwritten.size > 0) {
      const batch = [...unwritten.values()];
      unwritten.clear();
      for (let attempt = 0; ; attempt++) {
        try {
          await rowsOf(pool, alarmUpsert, [JSON.stringify(batch)]);
          break;
        } catch (error) {
          if (attempt === 0) report('alarms could not be stored; tried again until they are', error);
          await new Promise((resolve) => setTimeout(resolve, Math.min(5000, 200 * 2 ** attempt)));
        }
      }
    }
  }

  return {
    start: async () => {
      const rows = await rowsOf<Omit<Alarm, 'at'> & { raised_at: Date }>(pool, alarmActive);
      for (const { raised_at, ...row } of rows) alarms.set(row.id, { ...row, at: raised_at.toISOString() });
    },
    follow: (outage, isOut) => {
      const id = `ALM-${outage.id}`;
      const known = alarms.get(id);
      if (!known && !isOut) return [];
      const priority = known && !isOut ? known.priority : Math.min(priorityOf(outage), known?.priority ?? 4);
      // Worse than what was acknowledged is news again, and so is every further critical customer.
      const moreCritical = outage.critical_out > (criticalOf.get(id) ?? outage.critical_out);
      if (isOut) criticalOf.set(id, Math.max(outage.critical_out, criticalOf.get(id) ?? 0));
      else criticalOf.delete(id);
      const acknowledged =
        known?.acknowledged_by && priority >= known.priority && !moreCritical ? known.acknowledged_by : null;
      // What turned out to be part of another outage, or nothing, never was an alarm of its own.
      const wasMistaken = outage.state === 'merged' || outage.state === 'rejected';
      const state = wasMistaken
        ? 'normal'
        : isOut
          ? acknowledged
            ? 'acknowledged'
            : 'unacknowledged'
          : acknowledged
            ? 'normal'
            : 'returned_unacknowledged';
      const text = textOf(outage);
      const { area_id } = outage;
      const isSame =
        known?.state === state && known.priority === priority && known.text === text && known.area_id === area_id;
      if (isSame) return [];
      return [
        keep({
          id,
          priority,
          state,
          // what ends keeps the time it was raised at
          at: known && (!isOut || isStanding(known)) ? known.at : outage.updated_at,
          text,
          feeder_id: outage.feeder_id,
          area_id,
          outage_id: outage.id,
          device_id: outage.device_id,
          acknowledged_by: acknowledged,
        }),
      ];
    },
    condition: (id, wrong) => {
      const known = alarms.get(id);
      if (!wrong) {
        if (!isStanding(known)) return [];
        return [keep({ ...known, state: known.acknowledged_by ? 'normal' : 'returned_unacknowledged' })];
      }
      const { area_id = null } = wrong;
      if (isStanding(known) && known.text === wrong.text && known.area_id === area_id) return [];
      return [
        keep({
          id,
          priority: wrong.priority,
          state: 'unacknowledged',
          at: isStanding(known) ? known.at : new Date().toISOString(),
          text: wrong.text,
          feeder_id: null,
          area_id,
          outage_id: null,
          device_id: null,
          acknowledged_by: null,
        }),
      ];
    },
    active: () => [...alarms.values()],
    acknowledge: async (id, user) => {
      const alarm = alarms.get(id);
      if (!alarm) throw new FluxError('not_found', `alarm ${id} is not active any more`);
      const state = alarm.state === 'returned_unacknowledged' ? 'normal' : 'acknowledged';
      const kept = keep({ ...alarm, state, acknowledged_by: user });
      await writing;
      return kept;
    },
    areaOf: (id) => alarms.get(id)?.area_id ?? null,
    stop: async () => {
      await writing;
    },
  };
}
