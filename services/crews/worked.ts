/** Crews that worked in a period, by kind: what a report asks for as resources. From the crews' log. */
import { type NamedQuery, type Queryable, rowsOf } from '#stores/postgres/pool.ts';

export interface CrewWork {
  kind: string;
  /** that were under way to, or at, an outage */
  crews: number;
  /** in those crews, as the roster has them now */
  people: number;
  outages: number;
  /** crew-hours within the period */
  hoursOnSite: number;
  hoursUnderWay: number;
}

// A status lasts until another one; the last one before the period may reach into it. A job that is queued or dropped
// changes none, and its outage was not worked at. Each crew's log is entered by its index, whatever years it holds.
const worked: NamedQuery = {
  name: 'crew_worked',
  text: `
    with entry as (
      select crew.crew_id, log.to_status, log.outage_id, greatest(log.at, $1) as from_at,
             least(coalesce(lead(log.at) over (partition by crew.crew_id order by log.log_id), $2), $2) as to_at
      from crew
      cross join lateral (
        (select log.log_id, log.at, log.to_status, log.outage_id
         from crew_log as log
         where log.crew_id = crew.crew_id and log.at < $1 and log.from_status is distinct from log.to_status
         order by log.at desc, log.log_id desc
         limit 1)
        union all
        select log.log_id, log.at, log.to_status, log.outage_id
        from crew_log as log
        where log.crew_id = crew.crew_id and log.at >= $1 and log.at < $2 and log.from_status is distinct from log.to_status
      ) as log
      where $3::text[] is null or crew.area_id = any($3)
    ),
    stay as (
      select entry.*, extract(epoch from entry.to_at - entry.from_at)::float8 / 3600 as hours
      from entry
      where entry.to_at > entry.from_at and entry.to_status in ('en_route', 'on_site')
    )
    select crew.kind, count(distinct stay.crew_id)::int as crews,
           (select sum(member.size)::int from crew as member
            where member.kind = crew.kind and member.crew_id = any(array_agg(stay.crew_id))) as people,
           count(distinct stay.outage_id)::int as outages,
           coalesce(sum(stay.hours) filter (where stay.to_status = 'on_site'), 0) as "hoursOnSite",
           coalesce(sum(stay.hours) filter (where stay.to_status = 'en_route'), 0) as "hoursUnderWay"
    from stay
    join crew on crew.crew_id = stay.crew_id
    group by crew.kind
    order by crew.kind`,
};
/** Home: operational store. Of [from, to), up to now; areas null = all. */
export const crewsWorked = (on: Queryable, fromMs: number, toMs: number, areas: readonly string[] | null) =>
  rowsOf<CrewWork>(on, worked, [new Date(fromMs), new Date(Math.min(toMs, Date.now())), areas]);
