import type { GeneratorState } from '#model/api/generator.ts';
import type { GeneratorOptions } from '#model/generator.ts';
import { type NamedQuery, oneRow, type Queryable, rowsOf } from '#stores/postgres/pool.ts';

export interface JobRow {
  id: number;
  state: GeneratorState;
  options: GeneratorOptions;
  runner: number;
  meters: number;
  rows_expected: number;
  rows_done: number;
  events_done: number;
  byte_count: number;
  position: unknown;
  readings_per_s: number | null;
  sha256: string | null;
  error: string | null;
  created_by: string;
  created_at: Date;
  updated_at: Date;
  ended_at: Date | null;
}

const jobColumns = `
    job.job_id as id, job.state, job.options, job.runner, job.meters, job.rows_expected, job.rows_done, job.events_done,
    job.byte_count, job.position, job.sha256, job.error, job.created_by, job.created_at, job.updated_at, job.ended_at,
    case when job.updated_at > job.run_began_at
         then (job.rows_done - job.run_began_rows)::float8 / extract(epoch from job.updated_at - job.run_began_at)::float8
    end as readings_per_s`;

const insert: NamedQuery = {
  name: 'generator_job_insert',
  text: `
    insert into generator_job as job (state, options, meters, rows_expected, created_by)
    values ('queued', $1, $2, $3, $4)
    returning ${jobColumns}`,
};
/** Home: operational store. A new run, waiting for its turn. */
export const insertJob = async (
  on: Queryable,
  options: GeneratorOptions,
  meters: number,
  rowsExpected: number,
  createdBy: string,
): Promise<JobRow> => (await oneRow<JobRow>(on, insert, [JSON.stringify(options), meters, rowsExpected, createdBy]))!;

const list: NamedQuery = {
  name: 'generator_job_list',
  text: `select ${jobColumns} from generator_job as job order by job.job_id desc limit $1`,
};
/** Runs, newest first. */
export const listJobs = (on: Queryable, limit: number) => rowsOf<JobRow>(on, list, [limit]);

const byId: NamedQuery = {
  name: 'generator_job_by_id',
  text: `select ${jobColumns} from generator_job as job where job.job_id = $1`,
};
export const jobById = (on: Queryable, id: number) => oneRow<JobRow>(on, byId, [id]);

const nextInTurn: NamedQuery = {
  name: 'generator_job_next',
  text: `
    select ${jobColumns}
    from generator_job as job
    where job.state in ('queued', 'running')
    order by job.state = 'running' desc, job.job_id
    limit 1`,
};
/** The run whose turn it is: one that was running, else the one that waits longest. */
export const nextJob = (on: Queryable) => oneRow<JobRow>(on, nextInTurn);

const move: NamedQuery = {
  name: 'generator_job_move',
  text: `
    update generator_job as job
    set state = $3,
        error = $4,
        updated_at = now(),
        ended_at = case when $3 in ('done', 'failed', 'cancelled') then now() end
    where job.job_id = $1 and job.state = $2
    returning ${jobColumns}`,
};
/** From one state to the next. @returns nothing where the run is no longer in the first */
export const moveJob = (on: Queryable, id: number, from: GeneratorState, to: GeneratorState, error: string | null) =>
  oneRow<JobRow>(on, move, [id, from, to, error]);

const take: NamedQuery = {
  name: 'generator_job_take',
  text: `
    update generator_job as job
    set state = 'running',
        runner = job.runner + 1,
        run_began_at = now(),
        run_began_rows = job.rows_done,
        error = null,
        updated_at = now()
    where job.job_id = $1 and job.state in ('queued', 'running')
    returning ${jobColumns}`,
};
/** A new process for a run: whoever had it before can not write any more. */
export const takeJob = (on: Queryable, id: number) => oneRow<JobRow>(on, take, [id]);

const advance: NamedQuery = {
  name: 'generator_job_advance',
  text: `
    update generator_job as job
    set position = $3, rows_done = $4, events_done = $5, byte_count = job.byte_count + $6, updated_at = now()
    where job.job_id = $1 and job.runner = $2 and job.state = 'running' and job.rows_done <= $4
    returning job.job_id`,
};
/** How far a run got. @returns false where it was paused, cancelled or taken by another process: nothing may be kept */
export const advanceJob = async (
  on: Queryable,
  id: number,
  runner: number,
  position: { rows: number; events: number },
  bytes: number,
): Promise<boolean> =>
  (await oneRow(on, advance, [id, runner, JSON.stringify(position), position.rows, position.events, bytes])) !==
  undefined;

const finish: NamedQuery = {
  name: 'generator_job_finish',
  text: `
    update generator_job as job
    set state = 'done', sha256 = $3, rows_expected = job.rows_done, updated_at = now(), ended_at = now()
    where job.job_id = $1 and job.runner = $2 and job.state = 'running'
    returning job.job_id`,
};
/** Everything is delivered. @returns false where the run is no longer this process's */
export const finishJob = async (on: Queryable, id: number, runner: number, sha256: string): Promise<boolean> =>
  (await oneRow(on, finish, [id, runner, sha256])) !== undefined;

const measured: NamedQuery = {
  name: 'generator_job_measured',
  text: `
    select sum(recent.rows_done)::float8 as rows, sum(recent.byte_count)::float8 as bytes,
           sum(recent.rows_done - recent.run_began_rows)::float8
             / nullif(sum(extract(epoch from recent.ended_at - recent.run_began_at)), 0)::float8 as readings_per_s
    from (
      select job.rows_done, job.byte_count, job.run_began_rows, job.run_began_at, job.ended_at
      from generator_job as job
      where job.state = 'done' and job.options ->> 'target' = $1 and job.options ->> 'live' = 'false'
        and job.options ->> 'rate' is null and job.rows_done >= 100000
      order by job.job_id desc
      limit 5
    ) as recent`,
};
/** What the last runs of a kind came to; nulls where there were none. */
export const measuredRuns = async (on: Queryable, target: string) =>
  (await oneRow<{ rows: number | null; bytes: number | null; readings_per_s: number | null }>(on, measured, [target]))!;

const overlap: NamedQuery = {
  name: 'generator_overlap',
  text: `
    select segment.source, sum(segment.row_count)::bigint as rows
    from segment
    where segment.max_interval_start_s >= $1 and segment.min_interval_start_s < $2
    group by segment.source
    order by rows desc
    limit 5`,
};
/** Sources that hold readings of the interval starts [from, to), UTC seconds. */
export const sourcesBetween = (on: Queryable, fromS: number, toS: number) =>
  rowsOf<{ source: string; rows: number }>(on, overlap, [fromS, toS]);
