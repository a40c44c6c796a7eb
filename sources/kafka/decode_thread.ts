/**
 * Readings decoded in a thread of their own: while it works, the process sends what is decoded to the store. On one
 * thread the columns of a batch wait in the pipe until the batches behind it are decoded (ADR 0030).
 */
import { Worker } from 'node:worker_threads';
import { FluxError } from '#model/errors.ts';
import type { IdColumn } from '#model/id_column.ts';
import type { BatchArrays, DecodedReadings } from './decode_readings.ts';
import type { FetchedPartition } from './fetch.ts';
import type { AbortedTransaction, PartitionPlace } from './record_batch.ts';
import { releaseRecords, type SharedBytes } from './records_memory.ts';

/** What the thread is asked; `records` are its own until it answers. */
export interface DecodeRequest {
  id: number;
  records: Uint8Array<SharedArrayBuffer>;
  from: number;
  place: PartitionPlace;
  aborted: AbortedTransaction[];
  /** the meters of the network, where they are not those of the request before */
  meterIds?: { bytes: Uint8Array; offsets: Uint32Array };
}

/** Arrays of an answer that nobody needs any more: the thread's again. */
export interface Returned {
  returned: BatchArrays;
}

export type DecodeAnswer = { id: number } & (
  | { decoded: DecodedReadings }
  | { error: { code: string; message: string; canRetry: boolean; details: Record<string, unknown> } }
);

export interface ReadingDecoder {
  /** The records are the thread's from here on. @throws FluxError `kafka_damaged_batch`, `schema_registry`, `kafka_decoder_lost`: nothing is taken then */
  decode(place: PartitionPlace, from: number, fetched: FetchedPartition): Promise<DecodedReadings>;
  /** Gives the arrays of an answer back once it is stored: nobody may look at them after this. */
  giveBack(decoded: DecodedReadings): void;
  stop(): Promise<void>;
}

export interface DecoderNeeds {
  /** the meters of the present network */
  meterIds: () => IdColumn;
  /** address of the schema registry */
  schemaRegistry: string | undefined;
}

interface Waiting {
  records: SharedBytes;
  resolve: (decoded: DecodedReadings) => void;
  reject: (error: Error) => void;
}

export function startDecoder(needs: DecoderNeeds): ReadingDecoder {
  const waiting = new Map<number, Waiting>();
  let thread: Worker | undefined;
  let known: IdColumn | undefined;
  let nextId = 1;

  function answered(answer: DecodeAnswer): void {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (asked) releaseRecords(asked.records);
    if ('decoded' in answer) asked?.resolve(answer.decoded);
    else {
      const { code, message, canRetry, details } = answer.error;
      asked?.reject(new FluxError(code, message, { canRetry, details }));
    }
  }

  function start(): Worker {
    const started = new Worker(new URL('./decode_worker.ts', import.meta.url), {
      workerData: { schemaRegistry: needs.schemaRegistry },
    });
    const lose = (cause?: unknown): void => {
      if (thread !== started) return;
      thread = undefined;
      known = undefined;
      for (const [id, { reject }] of waiting) {
        waiting.delete(id);
        reject(
          new FluxError(
            'kafka_decoder_lost',
            'the decoding thread ended; it is started again and the batch fetched again',
            {
              canRetry: true,
              cause,
            },
          ),
        );
      }
    };
    started.on('message', answered);
    started.on('error', lose);
    started.on('exit', () => lose());
    return started;
  }

  return {
    decode: (place, from, fetched) => {
      thread ??= start();
      const ids = needs.meterIds();
      const { records } = fetched;
      const { topic, partition } = place;
      const request: DecodeRequest = {
        id: nextId++,
        records,
        from,
        place: { topic, partition },
        aborted: fetched.aborted,
      };
      if (ids !== known) request.meterIds = { bytes: ids.bytes, offsets: ids.offsets };
      known = ids;
      const decoded = new Promise<DecodedReadings>((resolve, reject) =>
        waiting.set(request.id, { resolve, reject, records }),
      );
      thread.postMessage(request);
      return decoded;
    },
    giveBack: ({ readings, offsets, landing: { createTimeMs } }) => {
      thread?.postMessage({ returned: { readings, offsets, createTimeMs } } satisfies Returned);
    },
    stop: async () => {
      const last = thread;
      thread = undefined;
      await last?.terminate();
    },
  };
}
