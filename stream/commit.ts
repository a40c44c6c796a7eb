/** One batch, exactly once: segment first, then the ledger. The caller's claim moves on only when both are done. */
import { channel } from 'node:diagnostics_channel';
import type {
  Batch,
  Claim,
  CommitOptions,
  Committed,
  CommittedEvents,
  EventBatch,
  Ledger,
  SegmentSink,
} from '#model/stream.ts';

const readingsCommitted = channel('flux:stream.readings_committed');
const eventsCommitted = channel('flux:stream.events_committed');

/** What listeners of `flux:stream.readings_committed` get. */
export interface ReadingsCommitted {
  batch: Batch;
  committed: Committed;
  ms: number;
}
/** What listeners of `flux:stream.events_committed` get. */
export interface EventsCommitted {
  batch: EventBatch;
  committed: CommittedEvents;
  ms: number;
}

/** @throws FluxError `fenced`, `disk_full`, ...: nothing of the batch is committed, the claim stands where it was. */
export async function commitReadings<Transaction>(
  sink: SegmentSink,
  ledger: Ledger<Transaction>,
  claim: Claim,
  batch: Batch,
  options?: CommitOptions<Transaction>,
): Promise<Committed> {
  const startMs = performance.now();
  const manifest = batch.readings.count > 0 ? await sink.write(batch, claim.epoch) : undefined;
  const committed = await ledger.commitReadings(claim, batch, manifest, options);
  claim.nextOffset = batch.offsetTo;
  readingsCommitted.publish({ batch, committed, ms: performance.now() - startMs } satisfies ReadingsCommitted);
  return committed;
}

export async function commitEvents<Transaction>(
  ledger: Ledger<Transaction>,
  claim: Claim,
  batch: EventBatch,
  options?: CommitOptions<Transaction>,
): Promise<CommittedEvents> {
  const startMs = performance.now();
  const committed = await ledger.commitEvents(claim, batch, options);
  claim.nextOffset = batch.offsetTo;
  eventsCommitted.publish({ batch, committed, ms: performance.now() - startMs } satisfies EventsCommitted);
  return committed;
}
