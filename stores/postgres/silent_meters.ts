/** Meters that used to send readings and do not any more: their silence in an outage says nothing. */
import { type NamedQuery, type Queryable, rowsOf } from '#stores/postgres/pool.ts';

const notHeard: NamedQuery = {
  name: 'meter_not_heard_since',
  text: `
    select hot.meter_key
    from ami_realtime as hot
    where hot.received_at < $1
      -- a utility whose readings all stopped has another trouble: then nobody is told apart
      and exists (select from ami_realtime as other where other.received_at >= $1)
    order by hot.meter_key`,
};
/** Home: operational store. Reads every row of the hot window. */
export const metersNotHeardSince = async (on: Queryable, at: Date) =>
  (await rowsOf<{ meter_key: number }>(on, notHeard, [at])).map((row) => row.meter_key);
