import { type NamedQuery, type Queryable, rowsOf } from '#stores/postgres/pool.ts';

export interface SwitchStateRow {
  equipment_key: number;
  is_open: boolean;
  source: string;
}

const abnormalSwitches: NamedQuery = {
  name: 'switch_state_all',
  text: 'select switch_state.equipment_key, switch_state.is_open, switch_state.source from switch_state order by switch_state.equipment_key',
};
/** Home: operational store. Switches that do not stand in their normal state. */
export const switchStates = (on: Queryable) => rowsOf<SwitchStateRow>(on, abnormalSwitches);

const switchUpsert: NamedQuery = {
  name: 'switch_state_set',
  text: `
    insert into switch_state (equipment_key, is_open, source, actor, reason) values ($1, $2, $3, $4, $5)
    on conflict (equipment_key) do update
      set is_open = excluded.is_open, source = excluded.source, actor = excluded.actor, reason = excluded.reason, changed_at = now()`,
};
export const setSwitchState = (
  on: Queryable,
  state: { key: number; isOpen: boolean; source: string; actor: string; reason: string },
) => rowsOf(on, switchUpsert, [state.key, state.isOpen, state.source, state.actor, state.reason]);

const switchNormal: NamedQuery = {
  name: 'switch_state_normal',
  text: 'delete from switch_state where switch_state.equipment_key = $1',
};
/** The switch stands in its normal state again. */
export const clearSwitchState = (on: Queryable, key: number) => rowsOf(on, switchNormal, [key]);

export interface ReportedState {
  id: number;
  device_id: string;
  state: 'open' | 'closed';
  event_ms: number;
  received_ms: number;
}
const statesUntaken: NamedQuery = {
  name: 'device_state_untaken',
  text: `
    select state.device_state_id as id, state.device_id, state.state,
           (extract(epoch from state.event_time) * 1000)::float8 as event_ms,
           (extract(epoch from state.received_at) * 1000)::float8 as received_ms
    from device_state as state
    where state.outcome is null
    order by state.device_state_id
    limit $1`,
};
/** Home: operational store. Reported device states that have not been judged, in order of arrival. */
export const untakenStates = (on: Queryable, limit: number) => rowsOf<ReportedState>(on, statesUntaken, [limit]);

export interface DeviceStateOutcome {
  id: number;
  outcome: 'applied' | 'superseded' | 'refused';
  reason: string | null;
}
const outcomesSet: NamedQuery = {
  name: 'device_state_outcome_set',
  text: `
    update device_state as state set outcome = given.outcome, outcome_reason = given.reason
    from unnest($1::bigint[], $2::text[], $3::text[]) as given (id, outcome, reason)
    where state.device_state_id = given.id`,
};
export const setOutcomes = (on: Queryable, outcomes: DeviceStateOutcome[]) =>
  rowsOf(on, outcomesSet, [
    outcomes.map((one) => one.id),
    outcomes.map((one) => one.outcome),
    outcomes.map((one) => one.reason),
  ]);

export interface DevicePosition {
  equipment_key: number;
  is_open: boolean;
  at_ms: number;
}
const positions: NamedQuery = {
  name: 'device_position_of',
  text: `
    select position.equipment_key, position.is_open, (extract(epoch from position.at) * 1000)::float8 as at_ms
    from device_position as position
    where $1::int[] is null or position.equipment_key = any($1)
    order by position.equipment_key`,
};
/** Home: operational store. Newest known positions; devices null = all that were ever operated or reported. */
export const positionsOf = (on: Queryable, devices: number[] | null) =>
  rowsOf<DevicePosition>(on, positions, [devices]);

const positionsLock: NamedQuery = {
  name: 'device_position_lock',
  text: 'lock table device_position in share row exclusive mode',
};
/** Nobody else sets a position until the transaction ends: also none of a device that has none yet. */
export const lockPositions = (on: Queryable) => rowsOf(on, positionsLock);

const positionSet: NamedQuery = {
  name: 'device_position_set',
  text: `
    insert into device_position (equipment_key, is_open, at) values ($1, $2, to_timestamp($3::float8 / 1000))
    on conflict (equipment_key) do update set is_open = excluded.is_open, at = excluded.at`,
};
export const setPosition = (on: Queryable, key: number, isOpen: boolean, atMs: number) =>
  rowsOf(on, positionSet, [key, isOpen, atMs]);

const stateInsert: NamedQuery = {
  name: 'device_state_report',
  text: `
    insert into device_state (device_id, event_time, state, source, received_at)
    select given.device_id, given.event_time, given.state, $2, now()
    from jsonb_to_recordset($1::jsonb) as given (device_id text, event_time timestamptz, state text)
    on conflict (device_id, event_time, state) do nothing
    returning device_state_id`,
};
/** Home: operational store. States that came by HTTP; one that is known already is there once. */
export const reportStates = (
  on: Queryable,
  states: { device_id: string; event_time: string; state: string }[],
  source: string,
) => rowsOf<{ device_state_id: number }>(on, stateInsert, [JSON.stringify(states), source]);

const statesRefused: NamedQuery = {
  name: 'device_state_refused',
  text: `
    select state.device_id, state.event_time, state.state, state.source, state.received_at, state.outcome_reason as reason
    from device_state as state
    where state.outcome = 'refused'
    order by state.device_state_id desc
    limit $1`,
};
export const refusedStates = (on: Queryable, limit: number) =>
  rowsOf<{
    device_id: string;
    event_time: Date;
    state: string;
    source: string;
    received_at: Date;
    reason: string;
  }>(on, statesRefused, [limit]);
