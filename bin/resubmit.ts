/** Set-aside records through the door again, at sources of their own: one batch, one transaction, one after another. */
import type { IdColumn } from '#model/id_column.ts';
import { type MeterEventColumns, pickEvents, type SetAside } from '#model/reading.ts';
import type { Claim, Ledger, SegmentSink } from '#model/stream.ts';
import type { Resubmit } from '#services/pipeline/set_aside.ts';
import { decodeEvents, decodeReadings } from '#sources/records/decode.ts';
import type { Client } from '#stores/postgres/pool.ts';
import { commitEvents, commitReadings } from '#stream/commit.ts';

export const resubmittedSources = { reading: 'resubmitted', event: 'resubmitted_events' } as const;

export interface ResubmitNeeds {
  sink: SegmentSink;
  ledger: Ledger<Client>;
  meterIds: () => IdColumn;
  /** durable events, in order */
  eventsStored: (events: MeterEventColumns, previousEventId: number, lastEventId: number, receivedMs: number) => void;
}

export function makeResubmit(needs: ResubmitNeeds): Resubmit {
  const { sink, ledger } = needs;
  const claims = new Map<'reading' | 'event', Claim>();
  let last: Promise<unknown> = Promise.resolve();

  /** Offset of each record that was taken: those refused leave theirs to the refusal. */
  function offsetsOf(count: number, setAside: SetAside[], offsetFrom: number): Float64Array {
    const refused = new Set(setAside.map((record) => record.index));
    return Float64Array.from(
      Array.from({ length: count }, (_, i) => i).filter((i) => !refused.has(i)),
      (i) => offsetFrom + i,
    );
  }

  const resubmit: Resubmit = async (kind, records, alongside) => {
    const claim = claims.get(kind) ?? (await ledger.claim(resubmittedSources[kind], 0, kind));
    claims.set(kind, claim);
    const facts = { meterRowOf: (id: string) => needs.meterIds().rowOf(id), nowMs: Date.now() };
    const offsetFrom = claim.nextOffset;
    const { source } = claim;
    const place = {
      source,
      partition: 0,
      offsetFrom,
      offsetTo: offsetFrom + records.length,
      receivedAtMs: facts.nowMs,
    };
    try {
      if (kind === 'reading') {
        const { readings, setAside } = decodeReadings(records, facts);
        const recordOffsets = offsetsOf(records.length, setAside, offsetFrom);
        const { duplicateRows } = await commitReadings(
          sink,
          ledger,
          claim,
          { ...place, readings, recordOffsets, setAside },
          { alongside: (client) => alongside(client, { offsetFrom, source, setAside }) },
        );
        return counted(readings.count, duplicateRows.length, setAside);
      }
      const { events, setAside } = decodeEvents(records, facts);
      const done = await commitEvents(
        ledger,
        claim,
        { ...place, events, setAside },
        { alongside: (client) => alongside(client, { offsetFrom, source, setAside }) },
      );
      if (done.eventIds.length > 0)
        needs.eventsStored(
          pickEvents(events, done.eventRows),
          done.previousEventId,
          done.eventIds[done.eventIds.length - 1],
          facts.nowMs,
        );
      return counted(events.count, done.duplicateRows.length, setAside);
    } catch (error) {
      claims.delete(kind);
      throw error;
    }
  };

  return (...given) => {
    const turn = last.then(() => resubmit(...given));
    last = turn.catch(() => undefined);
    return turn;
  };
}

const counted = (rows: number, duplicate: number, setAside: SetAside[]) => ({
  accepted: rows - duplicate,
  duplicate,
  setAside,
});
