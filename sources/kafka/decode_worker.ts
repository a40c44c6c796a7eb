/** The decoding thread: a request is answered before the next one is looked at. */
import { parentPort, workerData } from 'node:worker_threads';
import { FluxError, messageOf } from '#model/errors.ts';
import { IdColumn } from '#model/id_column.ts';
import { rowsOfIds } from '#sources/records/reading_json.ts';
import { makeAvroReader, SchemaMissing } from './avro.ts';
import { type BatchArrays, type DecodedReadings, decodeReadings, makeBatchArrays } from './decode_readings.ts';
import type { DecodeAnswer, DecodeRequest, Returned } from './decode_thread.ts';
import { openSchemaRegistry } from './schema_registry.ts';

const { schemaRegistry } = workerData as { schemaRegistry: string | undefined };
const avro = makeAvroReader(schemaRegistry === undefined ? undefined : openSchemaRegistry(schemaRegistry));
const port = parentPort!;
let meterIds = IdColumn.from([]);
let turn: Promise<void> = Promise.resolve();
/** arrays that came back from the store */
let spare: BatchArrays[] = [];
/** After so long without readings they go: what a burst needed is not kept. */
const spareForMs = 5000;
const letGo = setTimeout(() => {
  spare = [];
}, spareForMs).unref();

port.on('message', (message: DecodeRequest | Returned) => {
  if ('returned' in message) {
    spare.push(message.returned);
    letGo.refresh();
  } else turn = turn.then(() => answer(message));
});

async function answer(request: DecodeRequest): Promise<void> {
  if (request.meterIds) meterIds = new IdColumn(request.meterIds.bytes, request.meterIds.offsets);
  try {
    const decoded = await decode(request);
    port.postMessage({ id: request.id, decoded } satisfies DecodeAnswer);
  } catch (error) {
    const { code, canRetry, details } =
      error instanceof FluxError ? error : new FluxError('internal', '', { canRetry: false });
    port.postMessage({
      id: request.id,
      error: { code, message: messageOf(error), canRetry, details },
    } satisfies DecodeAnswer);
  }
}

/** A schema that is not known yet is asked for; then the batch is decoded from its beginning. */
async function decode({ records, from, place, aborted }: DecodeRequest): Promise<DecodedReadings> {
  const facts = {
    ...rowsOfIds(meterIds),
    nowMs: Date.now(),
    avro,
  };
  const bytes = Buffer.from(records.buffer, records.byteOffset, records.byteLength);
  for (;;) {
    try {
      return decodeReadings(bytes, from, place, facts, aborted, spare.pop() ?? makeBatchArrays());
    } catch (error) {
      if (!(error instanceof SchemaMissing)) throw error;
      await avro.load(error.id);
    }
  }
}
