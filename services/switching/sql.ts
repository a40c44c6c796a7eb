import type { LookAhead, OrderState, PlannedStep, StepOperation } from '#model/api/switching.ts';
import { type NamedQuery, oneRow, type Queryable, rowsOf } from '#stores/postgres/pool.ts';

export interface StepRow {
  step_no: number;
  device_id: string;
  operation: StepOperation;
  note: string | null;
  foreseen: LookAhead | null;
  begun_by: string | null;
  done_by: string | null;
  /** ISO 8601 as PostgreSQL writes it into JSON */
  done_at: string | null;
  stopped: string | null;
}

export interface OrderRow {
  order_id: number;
  title: string;
  state: OrderState;
  area_id: string | null;
  outage_id: string | null;
  authors: string[];
  approver: string | null;
  revision: number;
  created_at: Date;
  updated_at: Date;
  steps: StepRow[];
}

const orderColumns = `
    the_order.order_id, the_order.title, the_order.state, the_order.area_id, the_order.outage_id, the_order.authors,
    the_order.approver, the_order.revision, the_order.created_at, the_order.updated_at,
    coalesce((select jsonb_agg(to_jsonb(step) - 'order_id' order by step.step_no)
              from switching_step as step
              where step.order_id = the_order.order_id), '[]') as steps`;

const newest: NamedQuery = {
  name: 'switching_order_list',
  text: `
    select ${orderColumns}
    from switching_order as the_order
    where $2::text[] is null or the_order.area_id is null or the_order.area_id = any($2)
    order by the_order.state in ('done', 'aborted'), the_order.order_id desc
    limit $1`,
};
/** Home: operational store. Orders that go on first, then those that are over, newest first. */
export const listOrders = (on: Queryable, limit: number, areas: readonly string[] | null) =>
  rowsOf<OrderRow>(on, newest, [limit, areas]);

const byId: NamedQuery = {
  name: 'switching_order_by_id',
  text: `select ${orderColumns} from switching_order as the_order where the_order.order_id = $1`,
};
export const orderById = (on: Queryable, id: number) => oneRow<OrderRow>(on, byId, [id]);

const locked: NamedQuery = {
  name: 'switching_order_lock',
  text: 'select 1 from switching_order as the_order where the_order.order_id = $1 for update',
};
/** The order, held against other writers until the transaction ends. */
export async function lockOrder(on: Queryable, id: number): Promise<OrderRow | undefined> {
  // steps are read after the lock is there
  await rowsOf(on, locked, [id]);
  return orderById(on, id);
}

const insert: NamedQuery = {
  name: 'switching_order_insert',
  text: `
    insert into switching_order (title, state, area_id, outage_id, authors, created_at, updated_at)
    values ($1, 'draft', $2, $3, array[$4], $5, $5)
    returning order_id`,
};
export const insertOrder = async (
  on: Queryable,
  order: { title: string; areaId: string | null; outageId: string | null; author: string; at: Date },
): Promise<number> =>
  (await oneRow<{ order_id: number }>(on, insert, [order.title, order.areaId, order.outageId, order.author, order.at]))!
    .order_id;

const update: NamedQuery = {
  name: 'switching_order_update',
  text: `
    update switching_order
    set title = $2, state = $3, area_id = $4, outage_id = $5, authors = $6, approver = $7, updated_at = $8,
        revision = revision + 1
    where order_id = $1`,
};
export const updateOrder = (on: Queryable, order: Omit<OrderRow, 'steps' | 'created_at' | 'revision'>) =>
  rowsOf(on, update, [
    order.order_id,
    order.title,
    order.state,
    order.area_id,
    order.outage_id,
    order.authors,
    order.approver,
    order.updated_at,
  ]);

const stepsClear: NamedQuery = {
  name: 'switching_step_clear',
  text: 'delete from switching_step as step where step.order_id = $1 and step.done_by is null',
};
const stepInsert: NamedQuery = {
  name: 'switching_step_insert',
  text: 'insert into switching_step (order_id, step_no, device_id, operation, note) values ($1, $2, $3, $4, $5)',
};
/** Steps that are not done give way to these; numbers go on after the done ones. */
export async function replaceSteps(
  on: Queryable,
  orderId: number,
  firstNo: number,
  steps: readonly PlannedStep[],
): Promise<void> {
  await rowsOf(on, stepsClear, [orderId]);
  for (const [i, step] of steps.entries())
    await rowsOf(on, stepInsert, [orderId, firstNo + i, step.device_id, step.operation, step.note ?? null]);
}

const stepForeseen: NamedQuery = {
  name: 'switching_step_foreseen',
  text: 'update switching_step set foreseen = $3, stopped = null where order_id = $1 and step_no = $2',
};
export const setForeseen = (on: Queryable, orderId: number, stepNo: number, ahead: LookAhead) =>
  rowsOf(on, stepForeseen, [orderId, stepNo, JSON.stringify(ahead)]);

const stepBegin: NamedQuery = {
  name: 'switching_step_begin',
  text: 'update switching_step set begun_by = $3, stopped = null where order_id = $1 and step_no = $2',
};
/** @param actor null: it did not happen after all */
export const beginStep = (on: Queryable, orderId: number, stepNo: number, actor: string | null) =>
  rowsOf(on, stepBegin, [orderId, stepNo, actor]);

const stepDone: NamedQuery = {
  name: 'switching_step_done',
  text: 'update switching_step set done_by = $3, done_at = $4, stopped = null where order_id = $1 and step_no = $2',
};
export const finishStep = (on: Queryable, orderId: number, stepNo: number, actor: string, at: Date) =>
  rowsOf(on, stepDone, [orderId, stepNo, actor, at]);

const stepStopped: NamedQuery = {
  name: 'switching_step_stopped',
  text: 'update switching_step set stopped = $3 where order_id = $1 and step_no = $2',
};
export const stopStep = (on: Queryable, orderId: number, stepNo: number, why: string) =>
  rowsOf(on, stepStopped, [orderId, stepNo, why]);

const begun: NamedQuery = {
  name: 'switching_step_begun',
  text: `
    select step.order_id
    from switching_step as step
    where step.begun_by is not null and step.done_by is null
    order by step.order_id`,
};
/** Orders with a step whose operation is not recorded. */
export const begunSteps = (on: Queryable) => rowsOf<{ order_id: number }>(on, begun);

export interface TagRow {
  device_id: string;
  kind: 'tag' | 'ground';
  order_id: number;
  node_key: number | null;
  placed_by: string;
  placed_at: Date;
  is_left: boolean;
}
const hanging: NamedQuery = {
  name: 'switching_tag_all',
  text: `
    select tag.device_id, tag.kind, tag.order_id, tag.node_key, tag.placed_by, tag.placed_at,
           the_order.state in ('done', 'aborted') as is_left
    from switching_tag as tag
    join switching_order as the_order on the_order.order_id = tag.order_id
    order by tag.placed_at, tag.device_id, tag.kind`,
};
/** Tags and grounds that hang now. */
export const allTags = (on: Queryable) => rowsOf<TagRow>(on, hanging);

const tagInsert: NamedQuery = {
  name: 'switching_tag_insert',
  text: 'insert into switching_tag (device_id, kind, order_id, node_key, placed_by, placed_at) values ($1, $2, $3, $4, $5, $6)',
};
export const placeTag = (on: Queryable, tag: Omit<TagRow, 'is_left'>) =>
  rowsOf(on, tagInsert, [tag.device_id, tag.kind, tag.order_id, tag.node_key, tag.placed_by, tag.placed_at]);

const tagDelete: NamedQuery = {
  name: 'switching_tag_delete',
  text: `
    delete from switching_tag as tag
    using switching_order as the_order
    where tag.device_id = $1 and tag.kind = $2 and the_order.order_id = tag.order_id
      and (tag.order_id = $3 or the_order.state in ('done', 'aborted'))`,
};
/** The order's own tag, and what orders that are over left behind. */
export const removeTag = (on: Queryable, deviceId: string, kind: TagRow['kind'], orderId: number) =>
  rowsOf(on, tagDelete, [deviceId, kind, orderId]);

export interface OrderLogRow {
  at: Date;
  actor: string;
  verb: string;
  from_state: OrderState | null;
  to_state: OrderState;
  step_no: number | null;
  reason: string | null;
}
const logInsert: NamedQuery = {
  name: 'switching_log_insert',
  text: `
    insert into switching_log (order_id, at, actor, verb, from_state, to_state, step_no, reason)
    values ($1, $2, $3, $4, $5, $6, $7, $8)`,
};
export const appendLog = (on: Queryable, orderId: number, entry: OrderLogRow) =>
  rowsOf(on, logInsert, [
    orderId,
    entry.at,
    entry.actor,
    entry.verb,
    entry.from_state,
    entry.to_state,
    entry.step_no,
    entry.reason,
  ]);

const logOf: NamedQuery = {
  name: 'switching_log_of',
  text: `
    select log.at, log.actor, log.verb, log.from_state, log.to_state, log.step_no, log.reason
    from switching_log as log
    where log.order_id = $1
    order by log.log_id`,
};
export const orderLog = (on: Queryable, orderId: number) => rowsOf<OrderLogRow>(on, logOf, [orderId]);
