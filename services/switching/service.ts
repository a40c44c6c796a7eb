/**
 * Switching orders: written, checked in a study, approved by somebody else, carried out step by step on the live grid.
 * No SCADA: to execute a step records that the field did it. One thing at a time in this process; an order that was given
 * on an older revision is refused.
 */
import type {
  OrderAction,
  OrderDraft,
  OrderEdit,
  PlannedStep,
  RestorationProposal,
  StudyResult,
  SwitchingOrder,
  SwitchingOrderDetail,
  SwitchingTag,
} from '#model/api/switching.ts';
import { FluxError } from '#model/errors.ts';
import { oneAtATime } from '#model/one_at_a_time.ts';
import { type Client, inTransaction, type Pool } from '#stores/postgres/pool.ts';
import { nextState } from './lifecycle.ts';
import { type FaultIsolation, proposeRestoration } from './restoration.ts';
import {
  allTags,
  appendLog,
  beginStep,
  begunSteps,
  finishStep,
  insertOrder,
  listOrders,
  lockOrder,
  type OrderRow,
  orderById,
  orderLog,
  placeTag,
  removeTag,
  replaceSteps,
  type StepRow,
  setForeseen,
  stopStep,
  updateOrder,
} from './sql.ts';
import { customersOut, deviceRow, differenceOf, type StudyState, studyStep, studySteps, whyHeld } from './study.ts';
import type { PresentLoad, StudyGrid } from './study_grid.ts';
import { toOrder } from './view.ts';

export interface SwitchingNeeds {
  pool: Pool;
  nowMs: () => number;
  /** a grid that stands as the live one does now, for this caller alone until the next call */
  study: () => StudyGrid;
  load: () => Promise<PresentLoad>;
  /** of a fault on an edge of the grid that `study` gave last */
  isolate: (edge: number) => FaultIsolation;
  /** the live grid */
  operate: (
    id: string,
    open: boolean,
    actor: string,
    reason: string,
  ) => Promise<{ customers_dropped: number; customers_restored: number }>;
  areaOfDevice: (id: string) => string | null;
  notice: (id: string, text: string, areaId: string | null) => void;
}

export interface SwitchingService {
  start(): Promise<void>;
  /** @param areas areas of responsibility, null = all */
  list(limit: number, areas: readonly string[] | null): Promise<SwitchingOrder[]>;
  detail(id: number): Promise<SwitchingOrderDetail>;
  areaOf(id: number): Promise<string | null>;
  /** devices its steps name */
  devicesOf(id: number): Promise<string[]>;
  /** the steps in study mode, from the grid as it stands now; nothing is kept */
  study(steps: readonly PlannedStep[]): Promise<StudyResult>;
  propose(faultId: string): Promise<RestorationProposal>;
  create(draft: OrderDraft, actor: string): Promise<SwitchingOrder>;
  edit(id: number, edit: OrderEdit, actor: string): Promise<SwitchingOrder>;
  act(id: number, action: OrderAction, actor: string): Promise<SwitchingOrder>;
  /** Records that the field did the next step. @throws FluxError `conflict` where it is not what was approved any more */
  execute(id: number, stepNo: number, revision: number, actor: string): Promise<SwitchingOrder>;
  tags(): Promise<SwitchingTag[]>;
  /** @throws FluxError `conflict` where a tag or a ground is in the way, whoever asks */
  guard(deviceId: string, open: boolean): Promise<void>;
}

export function makeSwitchingService(needs: SwitchingNeeds): SwitchingService {
  const { pool } = needs;
  const inTurn = oneAtATime();

  /**
   * @param work without a pause: the study's grid is one for all callers. A promise given back would be a pause already,
   * in which another study begins.
   */
  async function inStudy<T>(orderId: number, work: (state: StudyState) => T): Promise<T> {
    const [rows, load] = await Promise.all([allTags(pool), needs.load()]);
    const grid = needs.study();
    const tags = rows.map((row) => ({
      device: deviceRow(grid, row.device_id),
      kind: row.kind,
      orderId: row.order_id,
      isLeft: row.is_left,
      node: row.node_key ?? -1,
    }));
    return work({ grid, tags, load, orderId });
  }

  const studied = (steps: readonly PlannedStep[]): Promise<StudyResult> =>
    inStudy(0, (state) => {
      const before = customersOut(state.grid);
      const ahead = studySteps(state, steps);
      return {
        steps: steps.map((step, i) => ({ ...step, look_ahead: ahead[i] })),
        measured_share: Math.round(state.load.measuredShare * 1000) / 1000,
        load_at: state.load.at,
        customers_out_before: before,
        customers_out_after: customersOut(state.grid),
      };
    });

  /** One change of an order: locked, compared, written, logged. */
  async function change(
    id: number,
    revision: number | undefined,
    work: (order: OrderRow, client: Client, at: Date) => Promise<{ verb: string; stepNo?: number; reason?: string }>,
    actor: string,
  ): Promise<SwitchingOrder> {
    const at = new Date(needs.nowMs());
    return inTransaction(pool, async (client) => {
      const order = await lockOrder(client, id);
      if (!order) throw new FluxError('not_found', `there is no switching order ${id}`);
      if (revision !== undefined && revision !== order.revision) throw overtaken(order);
      const before = order.state;
      const { verb, stepNo, reason } = await work(order, client, at);
      await updateOrder(client, { ...order, updated_at: at });
      await appendLog(client, id, {
        at,
        actor,
        verb,
        from_state: before,
        to_state: order.state,
        step_no: stepNo ?? null,
        reason: reason ?? null,
      });
      return toOrder((await orderById(client, id))!);
    });
  }

  async function rowOf(id: number): Promise<OrderRow> {
    const row = await orderById(pool, id);
    if (!row) throw new FluxError('not_found', `there is no switching order ${id}`);
    return row;
  }

  function checkDevices(steps: readonly PlannedStep[]): void {
    const grid = needs.study();
    for (const step of steps) deviceRow(grid, step.device_id);
  }
  const areaOfSteps = (steps: readonly { device_id: string }[]): string | null =>
    steps.length > 0 ? needs.areaOfDevice(steps[0].device_id) : null;
  /** null where they lie in several: a notice of them is for everybody. */
  const areaOfAll = (devices: readonly { device_id: string }[]): string | null => {
    const [first, ...more] = new Set(devices.map((one) => needs.areaOfDevice(one.device_id)));
    return more.length > 0 ? null : (first ?? null);
  };

  const edit = (id: number, { title, outage, steps, revision }: OrderEdit, actor: string): Promise<SwitchingOrder> => {
    checkDevices(steps);
    return change(
      id,
      revision,
      async (order, client) => {
        order.state = nextState(id, order.state, 'edit');
        const done = order.steps.filter((step) => step.done_by !== null);
        const isKept = done.every(
          ({ device_id, operation }, i) => steps[i]?.device_id === device_id && steps[i]?.operation === operation,
        );
        if (!isKept)
          throw new FluxError(
            'conflict',
            `steps 1 to ${done.length} were carried out: they stay as they are, in front`,
          );
        await replaceSteps(client, id, done.length + 1, steps.slice(done.length));
        Object.assign(order, { title, outage_id: outage ?? null, area_id: areaOfSteps(steps), approver: null });
        if (!order.authors.includes(actor)) order.authors.push(actor);
        return { verb: 'edit' };
      },
      actor,
    );
  };

  async function check(order: OrderRow, client: Client): Promise<void> {
    const waiting = order.steps.filter((step) => step.done_by === null);
    if (waiting.length === 0)
      throw new FluxError('conflict', `order ${order.order_id} has no step to carry out; add one`);
    const ahead = await inStudy(order.order_id, (state) => studySteps(state, waiting));
    const at = ahead.findIndex((look) => look.blocked !== null);
    if (at >= 0) throw new FluxError('conflict', `step ${waiting[at].step_no} can not be done: ${ahead[at].blocked}`);
    for (const [i, look] of ahead.entries()) await setForeseen(client, order.order_id, waiting[i].step_no, look);
  }

  const act = (id: number, { verb, revision, reason }: OrderAction, actor: string): Promise<SwitchingOrder> =>
    change(
      id,
      revision,
      async (order, client) => {
        const next = nextState(id, order.state, verb);
        if (verb === 'check') await check(order, client);
        if (verb === 'approve') {
          if (order.authors.includes(actor))
            throw new FluxError(
              'forbidden',
              `${actor} wrote at order ${id}: another person approves it (authors: ${order.authors.join(', ')})`,
            );
          order.approver = actor;
          order.authors = order.authors.slice(0, 1);
        }
        if (verb === 'revise') order.approver = null;
        if (verb === 'abort') await tellLeftTags(order, client);
        order.state = next;
        return { verb, reason };
      },
      actor,
    );

  async function tellLeftTags(order: OrderRow, client: Client): Promise<void> {
    const left = (await allTags(client)).filter((tag) => tag.order_id === order.order_id);
    if (left.length === 0) return;
    const what = left.map((tag) => `${tag.kind} at ${tag.device_id}`).join(', ');
    needs.notice(
      `SWO-${order.order_id}`,
      `Switching order ${order.order_id} was aborted and leaves ${what}`,
      areaOfAll(left),
    );
  }

  async function execute(id: number, stepNo: number, revision: number, actor: string): Promise<SwitchingOrder> {
    const order = await rowOf(id);
    if (order.revision !== revision) throw overtaken(order);
    nextState(id, order.state, 'step');
    const step = order.steps.find((one) => one.done_by === null)!;
    if (step.step_no !== stepNo)
      throw new FluxError('conflict', `step ${step.step_no} of order ${id} comes next, not ${stepNo}`);
    const { state, ahead } = await inStudy(id, (state) => ({ state, ahead: studyStep(state, step) }));
    const difference = step.foreseen ? differenceOf(step.foreseen, ahead) : 'it was never checked';
    if (difference !== null) {
      const stop = async (_order: OrderRow, client: Client) => {
        await stopStep(client, id, stepNo, difference);
        return { verb: 'stopped', stepNo, reason: difference };
      };
      await change(id, revision, stop, actor);
      throw new FluxError(
        'conflict',
        `step ${stepNo} is stopped, it is not what was approved any more: ${difference}. Revise the order, or abort it`,
      );
    }
    if (step.operation === 'open' || step.operation === 'close') await operateLive(order, step, ahead, actor);
    return recordStep(id, step, actor, state);
  }

  async function operateLive(
    order: OrderRow,
    step: StepRow,
    ahead: { customers_dropped: number; customers_picked_up: number },
    actor: string,
  ): Promise<void> {
    const { order_id: id } = order;
    await beginStep(pool, id, step.step_no, actor);
    const reason = `switching order ${id}, step ${step.step_no}`;
    const done = await needs.operate(step.device_id, step.operation === 'open', actor, reason).catch(async (error) => {
      await beginStep(pool, id, step.step_no, null);
      throw error;
    });
    const foreseen = `${ahead.customers_dropped} dropped, ${ahead.customers_picked_up} picked up`;
    const happened = `${done.customers_dropped} dropped, ${done.customers_restored} picked up`;
    // somebody else switched in the same moment: it has happened, so it is told
    if (foreseen !== happened)
      needs.notice(
        `SWO-${id}-${step.step_no}`,
        `Order ${id}, step ${step.step_no}: ${happened}; foreseen ${foreseen}`,
        areaOfAll([step]),
      );
  }

  const recordStep = (id: number, step: StepRow, actor: string, state: StudyState | null, found?: string) =>
    change(
      id,
      undefined,
      async (order, client, at) => {
        await finishStep(client, id, step.step_no, actor, at);
        const { operation, device_id: deviceId } = step;
        if (operation === 'untag' || operation === 'unground')
          await removeTag(client, deviceId, operation === 'untag' ? 'tag' : 'ground', id);
        if (operation === 'tag' || operation === 'ground') {
          const edge = deviceRow(state!.grid, deviceId);
          // the study has hung it up already: what it hangs on is there
          const node = state!.tags.findLast((tag) => tag.device === edge && tag.kind === operation)?.node ?? -1;
          const tag = { device_id: deviceId, kind: operation, order_id: id, node_key: node < 0 ? null : node };
          await placeTag(client, { ...tag, placed_by: actor, placed_at: at });
        }
        const isLast = order.steps.every((one) => one.done_by !== null || one.step_no === step.step_no);
        order.state = nextState(id, order.state, isLast ? 'finish' : 'step');
        return { verb: 'step', stepNo: step.step_no, reason: found ?? `${operation} ${deviceId}` };
      },
      actor,
    );

  /** A step that was begun and not recorded: the grid is asked before anything else happens to its order. */
  async function settleBegun(id: number): Promise<void> {
    const step = (await orderById(pool, id))?.steps.find((one) => one.begun_by !== null && one.done_by === null);
    if (!step) return;
    const { operation, device_id: deviceId } = step;
    const grid = needs.study();
    if (grid.isOpen(deviceRow(grid, deviceId)) === (operation === 'open'))
      await recordStep(id, step, step.begun_by!, null, `${operation} ${deviceId}, found carried out`);
    else await beginStep(pool, id, step.step_no, null);
  }

  const onOrder = <T>(id: number, work: () => Promise<T>): Promise<T> =>
    inTurn(async () => {
      await settleBegun(id);
      return work();
    });

  return {
    start: async () => {
      for (const { order_id: id } of await begunSteps(pool)) await settleBegun(id);
    },
    list: async (limit, areas) => (await listOrders(pool, limit, areas)).map(toOrder),
    detail: async (id) => {
      const [row, log] = await Promise.all([rowOf(id), orderLog(pool, id)]);
      return {
        order: toOrder(row),
        log: log.map(({ step_no: step, ...entry }) => ({ ...entry, step, at: entry.at.toISOString() })),
      };
    },
    areaOf: async (id) => (await orderById(pool, id))?.area_id ?? null,
    devicesOf: async (id) => (await orderById(pool, id))?.steps.map((step) => step.device_id) ?? [],
    study: studied,
    propose: async (faultId) => {
      const { steps, notFed, isolation } = await inStudy(0, (state) => {
        const isolation = needs.isolate(deviceRow(state.grid, faultId));
        return { ...proposeRestoration(state, isolation), isolation };
      });
      return {
        title: `Isolate ${faultId} and feed the rest`,
        steps,
        study: await studied(steps),
        customers_in_section: isolation.section.customers,
        not_fed: notFed,
      };
    },
    create: (draft, actor) =>
      inTurn(async () => {
        checkDevices(draft.steps);
        const at = new Date(needs.nowMs());
        const order = {
          title: draft.title,
          areaId: areaOfSteps(draft.steps),
          outageId: draft.outage ?? null,
          author: actor,
          at,
        };
        return inTransaction(pool, async (client) => {
          const id = await insertOrder(client, order);
          await replaceSteps(client, id, 1, draft.steps);
          const entry = { at, actor, verb: 'create', from_state: null, to_state: 'draft' as const };
          await appendLog(client, id, { ...entry, step_no: null, reason: null });
          return toOrder((await orderById(client, id))!);
        });
      }),
    edit: (id, changes, actor) => onOrder(id, () => edit(id, changes, actor)),
    act: (id, action, actor) => onOrder(id, () => act(id, action, actor)),
    execute: (id, stepNo, revision, actor) => onOrder(id, () => execute(id, stepNo, revision, actor)),
    tags: async () =>
      (await allTags(pool)).map(({ node_key: _node, is_left: _left, ...tag }) => ({
        ...tag,
        placed_at: tag.placed_at.toISOString(),
        area_id: needs.areaOfDevice(tag.device_id),
      })),
    guard: async (deviceId, open) => {
      if ((await allTags(pool)).length === 0) return;
      const why = await inStudy(0, ({ grid, tags }) => {
        const edge = deviceRow(grid, deviceId);
        return grid.isOpen(edge) === open ? null : whyHeld(grid, tags, edge, deviceId, open);
      });
      if (why) throw new FluxError('conflict', why);
    },
  };
}

function overtaken(order: OrderRow): FluxError {
  return new FluxError(
    'conflict',
    `switching order ${order.order_id} has changed since you looked at it: it is ${order.state} now; look again`,
    { details: { revision: order.revision, state: order.state } },
  );
}
