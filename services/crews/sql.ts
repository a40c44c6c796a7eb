import type { CrewKind, CrewSkill, CrewStatus, ShiftWindow } from '#model/api/crews.ts';
import { type NamedQuery, oneRow, type Queryable, rowsOf } from '#stores/postgres/pool.ts';

export interface JobRow {
  outage_id: string;
  device_id: string;
  assigned_by: string;
  /** ISO 8601 as PostgreSQL writes it into JSON */
  assigned_at: string;
  /** the outage was of one mind with it */
  is_told: boolean;
}

/** What a utility says of a crew: the part of a row that an import writes. */
export interface CrewMaster {
  crew_id: string;
  name: string;
  kind: CrewKind;
  skills: CrewSkill[];
  size: number;
  area_id: string;
  phone: string | null;
  radio: string | null;
  home_lon: number;
  home_lat: number;
  shifts: ShiftWindow[];
}

export interface CrewRow extends CrewMaster {
  status: CrewStatus;
  status_since: Date;
  lon: number | null;
  lat: number | null;
  position_at: Date | null;
  was_in_shift: boolean;
  revision: number;
  /** in order of work */
  jobs: JobRow[];
}

const crewColumns = `
    crew.crew_id, crew.name, crew.kind, crew.skills, crew.size, crew.area_id, crew.phone, crew.radio, crew.home_lon,
    crew.home_lat, crew.shifts, crew.status, crew.status_since, crew.lon, crew.lat, crew.position_at, crew.was_in_shift,
    crew.revision,
    coalesce((select jsonb_agg(jsonb_build_object('outage_id', job.outage_id, 'device_id', job.device_id,
                                                  'assigned_by', job.assigned_by, 'assigned_at', job.assigned_at,
                                                  'is_told', job.is_told)
                               order by job.job_no)
              from crew_job as job
              where job.crew_id = crew.crew_id), '[]') as jobs`;

const all: NamedQuery = { name: 'crew_all', text: `select ${crewColumns} from crew order by crew.crew_id` };
/** Home: operational store. Every crew with its jobs. */
export const allCrews = (on: Queryable) => rowsOf<CrewRow>(on, all);

const any: NamedQuery = { name: 'crew_any', text: 'select exists (select from crew) as any' };
export const hasCrews = async (on: Queryable): Promise<boolean> => (await oneRow<{ any: boolean }>(on, any))!.any;

const byId: NamedQuery = { name: 'crew_by_id', text: `select ${crewColumns} from crew where crew.crew_id = $1` };
export const crewById = (on: Queryable, id: string) => oneRow<CrewRow>(on, byId, [id]);

const locked: NamedQuery = { name: 'crew_lock', text: 'select 1 from crew where crew.crew_id = $1 for update' };
/** The crew, held against other writers until the transaction ends. */
export async function lockCrew(on: Queryable, id: string): Promise<CrewRow | undefined> {
  // jobs are read after the lock is there: a subquery beside `for update` would read them as they were before it
  await rowsOf(on, locked, [id]);
  return crewById(on, id);
}

const update: NamedQuery = {
  name: 'crew_update',
  text: `
    update crew
    set status_since = case when crew.status = $2 then crew.status_since else $3 end,
        status = $2,
        was_in_shift = coalesce($4, crew.was_in_shift),
        revision = crew.revision + 1
    where crew.crew_id = $1`,
};
export const updateCrew = (on: Queryable, id: string, status: CrewStatus, at: Date, wasInShift: boolean | null) =>
  rowsOf(on, update, [id, status, at, wasInShift]);

const rosterSeen: NamedQuery = {
  name: 'crew_roster_seen',
  text: 'update crew set was_in_shift = $2 where crew.crew_id = $1',
};
/** The edge of a shift that changes nothing: the crew has a job at hand, or was signed on before. */
export const markRoster = (on: Queryable, id: string, inShift: boolean) => rowsOf(on, rosterSeen, [id, inShift]);

const jobInsert: NamedQuery = {
  name: 'crew_job_insert',
  text: 'insert into crew_job (crew_id, outage_id, device_id, assigned_by, assigned_at) values ($1, $2, $3, $4, $5)',
};
export const insertJob = (on: Queryable, crew: string, outage: string, device: string, by: string, at: Date) =>
  rowsOf(on, jobInsert, [crew, outage, device, by, at]);

const jobDelete: NamedQuery = {
  name: 'crew_job_delete',
  text: 'delete from crew_job as job where job.crew_id = $1 and job.outage_id = any($2::text[])',
};
export const deleteJobs = (on: Queryable, crew: string, outages: readonly string[]) =>
  rowsOf(on, jobDelete, [crew, outages]);

const jobMoved: NamedQuery = {
  name: 'crew_job_moved',
  text: `
    with job as (
      update crew_job set device_id = $3 where crew_job.crew_id = $1 and crew_job.outage_id = $2 returning crew_job.crew_id
    )
    update crew set revision = crew.revision + 1 from job where crew.crew_id = job.crew_id`,
};
/** The crew knows the outage's new device. */
export const moveJob = (on: Queryable, crew: string, outage: string, device: string) =>
  rowsOf(on, jobMoved, [crew, outage, device]);

const onOutage: NamedQuery = {
  name: 'crew_on_outage',
  text: `
    select ${crewColumns}
    from crew
    join crew_job as here on here.crew_id = crew.crew_id and here.outage_id = $1
    order by here.job_no`,
};
/** Crews with a job at an outage, the one that was sent first in front. */
export const crewsOnOutage = (on: Queryable, outage: string) => rowsOf<CrewRow>(on, onOutage, [outage]);

const withWork: NamedQuery = {
  name: 'crew_outages_with_work',
  text: `
    select job.outage_id from crew_job as job
    union
    select gone.outage_id from crew_left as gone
    order by outage_id`,
};
/** Outages some crew has a job at, or left without the outage having been told. */
export const outagesWithWork = async (on: Queryable): Promise<string[]> =>
  (await rowsOf<{ outage_id: string }>(on, withWork)).map((row) => row.outage_id);

export interface LeftRow {
  crew_id: string;
  actor: string;
  reason: string | null;
  left_no: number;
}

const leftInsert: NamedQuery = {
  name: 'crew_left_insert',
  text: `
    insert into crew_left (crew_id, outage_id, actor, reason) values ($1, $2, $3, $4)
    on conflict (crew_id, outage_id) do update
      set left_no = default, actor = excluded.actor, reason = excluded.reason`,
};
/** The crew gave its job at an outage back, and the outage is to be told. */
export const insertLeft = (on: Queryable, crew: string, outage: string, actor: string, reason: string | null) =>
  rowsOf(on, leftInsert, [crew, outage, actor, reason]);

const leftAt: NamedQuery = {
  name: 'crew_left_at',
  text: `
    select gone.crew_id, gone.actor, gone.reason, gone.left_no from crew_left as gone
    where gone.outage_id = $1
    order by gone.left_no`,
};
export const crewsThatLeft = (on: Queryable, outage: string) => rowsOf<LeftRow>(on, leftAt, [outage]);

const agreed: NamedQuery = {
  name: 'crew_outage_agreed',
  text: `
    with told as (
      update crew_job as job set is_told = true where job.outage_id = $1 and not job.is_told
    )
    delete from crew_left as gone where gone.outage_id = $1`,
};
/** The outage and its crews are of one mind. */
export const markAgreed = (on: Queryable, outage: string) => rowsOf(on, agreed, [outage]);

export interface LogRow {
  at: Date;
  actor: string;
  verb: string;
  from_status: CrewStatus | null;
  to_status: CrewStatus;
  outage_id: string | null;
  reason: string | null;
}

const logInsert: NamedQuery = {
  name: 'crew_log_insert',
  text: `
    insert into crew_log (crew_id, at, actor, verb, from_status, to_status, outage_id, reason)
    values ($1, $2, $3, $4, $5, $6, $7, $8)`,
};
export const appendLog = (on: Queryable, crew: string, entry: LogRow) =>
  rowsOf(on, logInsert, [
    crew,
    entry.at,
    entry.actor,
    entry.verb,
    entry.from_status,
    entry.to_status,
    entry.outage_id,
    entry.reason,
  ]);

const logOf: NamedQuery = {
  name: 'crew_log_of',
  text: `
    select log.at, log.actor, log.verb, log.from_status, log.to_status, log.outage_id, log.reason
    from crew_log as log
    where log.crew_id = $1
    order by log.log_id desc
    limit $2`,
};
/** Newest first. */
export const crewLog = (on: Queryable, crew: string, limit: number) => rowsOf<LogRow>(on, logOf, [crew, limit]);

const position: NamedQuery = {
  name: 'crew_position',
  text: `
    update crew set lon = $2, lat = $3, position_at = $4
    where crew.crew_id = $1 and (crew.position_at is null or crew.position_at <= $4)
    returning crew.crew_id`,
};
/** Not part of the revision: where a crew drives is nobody's decision. An older position than the known one is left out. */
export const storePosition = async (on: Queryable, id: string, lon: number, lat: number, at: Date): Promise<boolean> =>
  (await rowsOf(on, position, [id, lon, lat, at])).length > 0;

const upsert: NamedQuery = {
  name: 'crew_upsert',
  text: `
    insert into crew (crew_id, name, kind, skills, size, area_id, phone, radio, home_lon, home_lat, shifts, status,
                      status_since, was_in_shift)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    on conflict (crew_id) do update
      set name = excluded.name, kind = excluded.kind, skills = excluded.skills, size = excluded.size,
          area_id = excluded.area_id, phone = excluded.phone, radio = excluded.radio, home_lon = excluded.home_lon,
          home_lat = excluded.home_lat, shifts = excluded.shifts, revision = crew.revision + 1
      where (crew.name, crew.kind, crew.skills, crew.size, crew.area_id, crew.phone, crew.radio, crew.home_lon,
             crew.home_lat, crew.shifts)
            is distinct from (excluded.name, excluded.kind, excluded.skills, excluded.size, excluded.area_id,
             excluded.phone, excluded.radio, excluded.home_lon, excluded.home_lat, excluded.shifts)
    returning xmax = 0 as is_new`,
};
/** @param inShift status of a crew that is new; one that is known keeps status, position and jobs */
export async function keepCrew(
  on: Queryable,
  crew: CrewMaster,
  at: Date,
  inShift: boolean,
): Promise<'added' | 'changed' | 'same'> {
  const row = await oneRow<{ is_new: boolean }>(on, upsert, [
    crew.crew_id,
    crew.name,
    crew.kind,
    crew.skills,
    crew.size,
    crew.area_id,
    crew.phone,
    crew.radio,
    crew.home_lon,
    crew.home_lat,
    JSON.stringify(crew.shifts),
    inShift ? 'available' : 'off_shift',
    at,
    inShift,
  ]);
  return row === undefined ? 'same' : row.is_new ? 'added' : 'changed';
}
