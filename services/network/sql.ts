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
