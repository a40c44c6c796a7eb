/** A switching order as the API shows it. */
import type { SwitchingOrder } from '#model/api/switching.ts';
import { allowedVerbs, lifecycle } from './lifecycle.ts';
import type { OrderRow } from './sql.ts';

export function toOrder(row: OrderRow): SwitchingOrder {
  return {
    id: row.order_id,
    title: row.title,
    state: row.state,
    area_id: row.area_id,
    outage_id: row.outage_id,
    authors: row.authors,
    approver: row.approver,
    steps: row.steps.map((step) => ({
      step: step.step_no,
      device_id: step.device_id,
      operation: step.operation,
      note: step.note,
      foreseen: step.foreseen,
      done_by: step.done_by,
      done_at: step.done_at === null ? null : new Date(step.done_at).toISOString(),
      stopped: step.stopped,
    })),
    actions: allowedVerbs(row.state),
    may_edit: lifecycle[row.state].edit !== 'invalid',
    revision: row.revision,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
