import { type NamedQuery, oneRow, type Queryable, rowsOf } from '#stores/postgres/pool.ts';

export const pingPurposes = ['single_customer', 'verification', 'restoration', 'operator'] as const;
export type PingPurpose = (typeof pingPurposes)[number];

const requestInsert: NamedQuery = {
  name: 'ping_request_insert',
  text: `
    with asked as (
      insert into ping_request (outage_id, purpose, asked_by, asked_at, deadline_at) values ($1, $2, $3, $4, $5)
      returning ping_request_id
    ), meters as (
      insert into ping_answer (ping_request_id, meter_key)
      select asked.ping_request_id, meter_key from asked cross join unnest($6::int[]) as meter_key
    )
    select asked.ping_request_id as id from asked`,
};
/** Home: operational store. A question, before it is asked: what nobody knows of can not be answered. */
export const insertPing = async (
  on: Queryable,
  ping: {
    outageId: string | null;
    purpose: PingPurpose;
    by: string;
    atMs: number;
    deadlineMs: number;
    meters: number[];
  },
) => {
  const values = [ping.outageId, ping.purpose, ping.by, new Date(ping.atMs), new Date(ping.deadlineMs), ping.meters];
  return (await oneRow<{ id: number }>(on, requestInsert, values))!.id;
};

const answersSet: NamedQuery = {
  name: 'ping_answer_set',
  text: `
    update ping_answer as answer set answer = given.answer, answered_at = to_timestamp(given.at_ms / 1000)
    from unnest($2::int[], $3::text[], $4::float8[]) as given (meter_key, answer, at_ms)
    where answer.ping_request_id = $1 and answer.meter_key = given.meter_key`,
};
export const setAnswers = (
  on: Queryable,
  requestId: number,
  answers: readonly { meter: number; isLit: boolean; atMs: number }[],
) =>
  rowsOf(on, answersSet, [
    requestId,
    answers.map((one) => one.meter),
    answers.map((one) => (one.isLit ? 'lit' : 'dark')),
    answers.map((one) => one.atMs),
  ]);

const requestEnd: NamedQuery = {
  name: 'ping_request_end',
  text: `
    with silent as (
      update ping_answer set answer = 'none' where ping_request_id = $1 and answer is null
    )
    update ping_request set ended_at = now(), problem = $2 where ping_request_id = $1`,
};
export const endPing = (on: Queryable, requestId: number, problem: string | null) =>
  rowsOf(on, requestEnd, [requestId, problem]);

const requestsLeft: NamedQuery = {
  name: 'ping_request_end_left',
  text: `
    with left_open as (
      update ping_request set ended_at = now(), problem = 'the center ended while answers were awaited'
      where ended_at is null
      returning ping_request_id
    )
    update ping_answer as answer set answer = 'none'
    from left_open where answer.ping_request_id = left_open.ping_request_id and answer.answer is null`,
};
/** Questions of a process that is gone. */
export const endPingsOfBefore = (on: Queryable) => rowsOf(on, requestsLeft);

const askedSince: NamedQuery = {
  name: 'ping_asked_since',
  text: `
    select answer.meter_key, request.outage_id, request.purpose, (extract(epoch from max(request.asked_at)) * 1000)::float8 as at_ms
    from ping_request as request
    join ping_answer as answer on answer.ping_request_id = request.ping_request_id
    where request.asked_at >= $1
    group by answer.meter_key, request.outage_id, request.purpose`,
};
export const askedAfter = (on: Queryable, at: Date) =>
  rowsOf<{ meter_key: number; outage_id: string | null; purpose: PingPurpose; at_ms: number }>(on, askedSince, [at]);

const silentOf: NamedQuery = {
  name: 'meter_silent_member',
  text: `
    select supply.meter_key
    from meter_supply as supply
    where supply.meter_key = any($2::int[]) and supply.outage_id = $1 and supply.state <> 1
    order by supply.meter_key`,
};
/**
 * Home: operational store. Members of an outage that did not say themselves that they are dark.
 * @param members of the outage: rows are found by their meter, where a storm knows hundreds of thousands
 */
export const silentMembers = async (on: Queryable, outageId: string, members: readonly number[]) =>
  (await rowsOf<{ meter_key: number }>(on, silentOf, [outageId, members])).map((row) => row.meter_key);

const unheardOf: NamedQuery = {
  name: 'meter_unheard_since_restoration',
  text: `
    select span.meter_key
    from meter_outage_span as span
    join outage on outage.id = span.outage_id
    left join meter_supply as supply on supply.meter_key = span.meter_key
    where span.outage_id = $1 and (supply.meter_key is null
      or (supply.state <> 1 and supply.outage_id is null and supply.lit_ms < extract(epoch from outage.started_at) * 1000))
    order by span.meter_key`,
};
/** Home: operational store. Former members of a restored outage that count as back without having said so. */
export const unheardMembers = async (on: Queryable, outageId: string) =>
  (await rowsOf<{ meter_key: number }>(on, unheardOf, [outageId])).map((row) => row.meter_key);

export interface PingRow {
  id: number;
  purpose: PingPurpose;
  asked_by: string;
  asked_at: Date;
  deadline_at: Date;
  ended_at: Date | null;
  problem: string | null;
  asked: number;
  lit: number;
  dark: number;
  none: number;
  answers: { meter_key: number; answer: string | null; answered_at: string | null }[];
}
const pingsOf: NamedQuery = {
  name: 'ping_of_outage',
  text: `
    select request.ping_request_id as id, request.purpose, request.asked_by, request.asked_at, request.deadline_at,
           request.ended_at, request.problem, count(*)::int as asked,
           count(*) filter (where answer.answer = 'lit')::int as lit,
           count(*) filter (where answer.answer = 'dark')::int as dark,
           count(*) filter (where answer.answer = 'none')::int as none,
           (jsonb_agg(jsonb_build_object('meter_key', answer.meter_key, 'answer', answer.answer, 'answered_at', answer.answered_at)
                      order by answer.answered_at nulls last, answer.meter_key)) as answers
    from ping_request as request
    join ping_answer as answer on answer.ping_request_id = request.ping_request_id
    where request.outage_id = $1
    group by request.ping_request_id
    order by request.ping_request_id desc
    limit $2`,
};
export const pingsOfOutage = (on: Queryable, outageId: string, limit: number) =>
  rowsOf<PingRow>(on, pingsOf, [outageId, limit]);

const newestOf: NamedQuery = {
  name: 'ping_newest_of_meter',
  text: `
    select answer.answer, answer.answered_at, request.asked_at
    from ping_answer as answer
    join ping_request as request on request.ping_request_id = answer.ping_request_id
    where answer.meter_key = $1
    order by answer.ping_request_id desc
    limit 1`,
};
export const newestPing = (on: Queryable, meter: number) =>
  oneRow<{ answer: string | null; answered_at: Date | null; asked_at: Date }>(on, newestOf, [meter]);
