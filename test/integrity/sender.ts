/** A head-end that keeps what was not acknowledged and sends it again, and the account of what must be there. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiError } from '#model/api/common.ts';
import type { Pipeline, Receipt } from '#model/api/readings.ts';
import type { RunningCenter } from '../running_center.ts';

const meters = 500;
const firstMs = Date.UTC(2026, 0, 1);

/** Record k: a meter and interval of its own. */
export const recordAt = (k: number) => ({
  meter_id: `MTR-${String((k % meters) + 1).padStart(7, '0')}`,
  reading_time: new Date(firstMs + Math.floor(k / meters) * 900_000).toISOString(),
  kwh: (Math.imul(k, 2_654_435_761) >>> 12) / 100_000,
});

export interface Sender {
  /** distinct records the center answered 200 for */
  acknowledged: number;
  /** answers that were not 200, by code */
  refused: Map<string, number>;
  stop(): Promise<void>;
}

/** Sends batch after batch until stopped; each batch until it is acknowledged. */
export function startSending(center: RunningCenter, batchRows = 200): Sender {
  const refused = new Map<string, number>();
  let stopped = false;
  const sender: Sender = {
    acknowledged: 0,
    refused,
    stop: async () => {
      stopped = true;
      await running;
    },
  };
  async function send(from: number): Promise<void> {
    const body = Array.from({ length: batchRows }, (_, i) => recordAt(from + i));
    for (let attempt = 0; attempt < 600; attempt++) {
      const answer = await center.call<Receipt & ApiError>('POST', '/api/readings', body).catch(() => undefined);
      if (answer?.status === 200) {
        assert.equal(answer.body.accepted + answer.body.duplicate, batchRows);
        sender.acknowledged += batchRows;
        return;
      }
      const code = answer?.body.error?.code ?? 'no answer';
      refused.set(code, (refused.get(code) ?? 0) + 1);
      await sleep(100);
    }
    throw new Error(`batch ${from} was never taken: ${[...refused.keys()].join(', ')}`);
  }
  const running = (async () => {
    for (let from = 0; !stopped; from += batchRows) await send(from);
  })();
  running.catch(() => undefined);
  return sender;
}

/** Every acknowledged record is there once, what came is accounted for, and the layers equal a recomputation. */
export async function assertNothingLost(center: RunningCenter, records: number): Promise<void> {
  const { body: status } = await center.call<Pipeline>('POST', '/api/pipeline/refresh');
  const http = status.sources.find((source) => source.source === 'http')!;
  assert.equal(http.stored, records, 'one current version of each record');
  assert.deepEqual([http.pending, http.superseded, http.balanced], [0, 0, true]);
  assert.equal(http.received, http.stored + http.duplicate + http.set_aside);
  const { body: verified } = await center.call<{ differences: unknown[] }>('POST', '/api/pipeline/verify');
  assert.deepEqual(verified.differences, []);
}
