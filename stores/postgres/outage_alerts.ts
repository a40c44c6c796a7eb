/** What happened to outages, for those who are told of it: entries of the outage log after a mark. */
import { type NamedQuery, oneRow, type Pool, rowsOf } from '#stores/postgres/pool.ts';

/** One change of an outage, as it is published. */
export interface OutageAlert {
  log_id: number;
  outage_id: string;
  at: Date;
  actor: string;
  verb: string;
  from_state: string | null;
  to_state: string;
  reason: string | null;
  customers_out: number;
  started_at: Date;
  restored_at: Date | null;
  crew: string | null;
  cause: string | null;
}

const alertsUntold: NamedQuery = {
  name: 'outage_alert_untold',
  text: `
    select entry.log_id, entry.outage_id, entry.at, entry.actor, entry.verb, entry.from_state, entry.to_state, entry.reason,
           outage.customers_out, outage.started_at, outage.restored_at, outage.crew, outage.cause
    from outage_log as entry
    join outage on outage.id = entry.outage_id
    where entry.log_id > (select mark.log_id from kafka_alert_mark as mark)
    order by entry.log_id
    limit $1`,
};
/** Home: operational store. Changes that brokers do not have yet, oldest first. */
export const untoldAlerts = (pool: Pool, limit: number) => rowsOf<OutageAlert>(pool, alertsUntold, [limit]);

const moveMark: NamedQuery = {
  name: 'outage_alert_mark',
  text: 'update kafka_alert_mark set log_id = greatest(log_id, $1)',
};
/** Home: operational store. Brokers have everything up to this entry. */
export async function markTold(pool: Pool, logId: number): Promise<void> {
  await oneRow(pool, moveMark, [logId]);
}
