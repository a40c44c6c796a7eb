import { type NamedQuery, oneRow, type Queryable, rowsOf } from '#stores/postgres/pool.ts';

export interface PlannedRow {
  planned_no: number;
  equipment_key: number | null;
  meter_keys: number[];
  from_at: Date;
  to_at: Date;
  reason: string;
  author: string;
  created_at: Date;
  withdrawn_at: Date | null;
  withdrawn_by: string | null;
}

const columns = `
  planned.planned_no, planned.equipment_key, to_json(planned.meter_keys) as meter_keys, planned.from_at, planned.to_at, planned.reason,
  planned.author, planned.created_at, planned.withdrawn_at, planned.withdrawn_by`;

const plannedInsert: NamedQuery = {
  name: 'planned_outage_insert',
  text: `
    insert into planned_outage as planned (equipment_key, meter_keys, from_at, to_at, reason, author)
    values ($1, $2, $3, $4, $5, $6)
    returning ${columns}`,
};
export const insertPlanned = async (
  on: Queryable,
  given: { edge: number | null; meters: number[]; from: string; to: string; reason: string; author: string },
) => {
  const { edge, meters, from, to, reason, author } = given;
  return (await oneRow<PlannedRow>(on, plannedInsert, [edge, meters, from, to, reason, author]))!;
};

const plannedNewer: NamedQuery = {
  name: 'planned_outage_ending_after',
  text: `
    select ${columns}
    from planned_outage as planned
    where coalesce(planned.withdrawn_at, planned.to_at) > $1
    order by planned.from_at, planned.planned_no`,
};
/** Home: operational store. Windows that end, or were withdrawn, after an instant. */
export const plannedAfter = (on: Queryable, at: Date) => rowsOf<PlannedRow>(on, plannedNewer, [at]);

const plannedByNo: NamedQuery = {
  name: 'planned_outage_by_no',
  text: `select ${columns} from planned_outage as planned where planned.planned_no = $1`,
};
export const findPlanned = (on: Queryable, no: number) => oneRow<PlannedRow>(on, plannedByNo, [no]);

const plannedWithdraw: NamedQuery = {
  name: 'planned_outage_withdraw',
  text: `
    update planned_outage as planned set withdrawn_at = now(), withdrawn_by = $2
    where planned.planned_no = $1 and planned.withdrawn_at is null and planned.to_at > now()
    returning ${columns}`,
};
export const withdrawPlanned = (on: Queryable, no: number, by: string) =>
  oneRow<PlannedRow>(on, plannedWithdraw, [no, by]);

const plannedNext: NamedQuery = {
  name: 'planned_outage_of_meter',
  text: `
    select ${columns}
    from planned_outage as planned
    where planned.withdrawn_at is null and planned.to_at > now() and planned.meter_keys @> array[$1::int]
    order by planned.from_at
    limit 1`,
};
/** Home: operational store. The window a meter is in, or the next one. */
export const plannedOfMeter = (on: Queryable, meter: number) => oneRow<PlannedRow>(on, plannedNext, [meter]);
