/**
 * Device states that telemetry reports operate the grid. The newest by event time wins, in whatever order they arrive; at
 * equal times open wins. What can not be applied stays stored with the reason.
 */
import { FluxError } from '#model/errors.ts';
import { isSwitchable, type NetworkColumns } from '#model/network.ts';
import { inTransaction, type Pool } from '#stores/postgres/pool.ts';
import {
  clearSwitchState,
  type DeviceStateOutcome,
  lockPositions,
  positionsOf,
  type ReportedState,
  setOutcomes,
  setPosition,
  setSwitchState,
  untakenStates,
} from './sql.ts';

export interface DeviceStateNeeds {
  pool: Pool;
  network: () => NetworkColumns;
  /** the store has it: the grid follows */
  moved: (move: { edge: number; open: boolean; atMs: number; actor: string; reason: string }) => void;
  report: (message: string, error: unknown) => void;
}

export interface DeviceStates {
  /** something may have been stored: takes all that is untaken */
  wake(): void;
  /** resolves when everything stored before the call is taken; @throws what the store throws */
  caughtUp(): Promise<void>;
}

/** A person who operates a device waits for as many. */
const atOnce = 500;

interface Position {
  isOpen: boolean;
  atMs: number;
}

/** What to do with each state, given the newest positions known; these are brought up to date. Pure. */
export function judgeStates(
  states: readonly ReportedState[],
  newest: Map<number, Position>,
  rowOf: (deviceId: string) => number,
  isDevice: (row: number) => boolean,
): { outcomes: DeviceStateOutcome[]; moves: { edge: number; isOpen: boolean; atMs: number }[] } {
  const moves: { edge: number; isOpen: boolean; atMs: number }[] = [];
  const outcomes = states.map((one): DeviceStateOutcome => {
    const said = (outcome: DeviceStateOutcome['outcome'], reason: string | null) => ({ id: one.id, outcome, reason });
    const edge = rowOf(one.device_id);
    if (edge < 0) return said('refused', `${one.device_id} is not in the network`);
    if (!isDevice(edge)) return said('refused', `${one.device_id} is no switching device`);
    // A clock that is ahead would silence the device until that time has come.
    const atMs = Math.min(one.event_ms, one.received_ms);
    const isOpen = one.state === 'open';
    const known = newest.get(edge);
    if (known && (atMs < known.atMs || (atMs === known.atMs && (known.isOpen || !isOpen))))
      return said(
        'superseded',
        `known to be ${known.isOpen ? 'open' : 'closed'} since ${new Date(known.atMs).toISOString()}`,
      );
    newest.set(edge, { isOpen, atMs });
    moves.push({ edge, isOpen, atMs });
    return said('applied', atMs < one.event_ms ? 'its clock is ahead: the time of arrival counts' : null);
  });
  return { outcomes, moves };
}

export function makeDeviceStates(needs: DeviceStateNeeds): DeviceStates {
  let running: Promise<void> | undefined;
  let more = false;

  async function takeAll(): Promise<void> {
    for (;;) {
      const { edge: edges } = needs.network();
      const states = await untakenStates(needs.pool, atOnce);
      if (states.length === 0) return;
      const rows = [...new Set(states.map((one) => edges.id.rowOf(one.device_id)))].filter((row) => row >= 0);
      const moves = await inTransaction(needs.pool, async (client) => {
        // what a person operates between the look and the write would be undone by an older report
        await lockPositions(client);
        const newest = new Map(
          (await positionsOf(client, rows)).map((one) => [one.equipment_key, { isOpen: one.is_open, atMs: one.at_ms }]),
        );
        const judged = judgeStates(
          states,
          newest,
          (id) => edges.id.rowOf(id),
          (row) => isSwitchable(edges.kind[row]),
        );
        for (const edge of new Set(judged.moves.map((move) => move.edge))) {
          const { isOpen, atMs } = newest.get(edge)!;
          await setPosition(client, edge, isOpen, atMs);
          if ((edges.normallyOpen[edge] === 1) === isOpen) await clearSwitchState(client, edge);
          else
            await setSwitchState(client, {
              key: edge,
              isOpen,
              source: 'telemetry',
              actor: 'telemetry',
              reason: 'reported by the device',
            });
        }
        await setOutcomes(client, judged.outcomes);
        return judged.moves;
      });
      for (const { edge, isOpen, atMs } of moves)
        needs.moved({ edge, open: isOpen, atMs, actor: 'telemetry', reason: 'reported by the device' });
    }
  }

  const states: DeviceStates = {
    caughtUp: () => {
      more = true;
      running ??= (async () => {
        while (more) {
          more = false;
          await takeAll();
        }
      })().finally(() => {
        running = undefined;
      });
      return running;
    },
    wake: () => {
      states.caughtUp().catch((error: unknown) => {
        if (error instanceof FluxError && error.code === 'not_ready') return;
        needs.report('reported device states could not be taken; tried again in a second', error);
        setTimeout(states.wake, 1000).unref();
      });
    },
  };
  return states;
}
