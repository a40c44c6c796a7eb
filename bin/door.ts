/** The HTTP door joined to the stream: decode, group, commit exactly once, tell the outages. */
import {
  type MeterEventColumns,
  makeMeterEventColumns,
  makeReadingColumns,
  type ReadingColumns,
} from '#model/reading.ts';
import type { Committed, CommittedEvents, Ledger, SegmentSink } from '#model/stream.ts';
import type { DoorAnswer } from '#services/readings/routes.ts';
import { decodeEvents, decodeReadings } from '#sources/http/decode.ts';
import { commitEvents, commitReadings } from '#stream/commit.ts';
import { type Intake, makeIntake } from '#stream/intake.ts';

export interface DoorNeeds {
  sink: SegmentSink;
  ledger: Ledger;
  meterRowOf: (meterId: string) => number;
  /** durable events, in order */
  eventsStored: (events: MeterEventColumns, lastEventId: number, receivedMs: number) => void;
}

const maxQueuedRows = 400_000;
const maxBatchRows = 50_000;

function joinReadings(parts: ReadingColumns[]): ReadingColumns {
  if (parts.length === 1) return parts[0];
  const joined = makeReadingColumns(parts.reduce((sum, part) => sum + part.count, 0));
  for (const part of parts) {
    for (const field of [
      'meterKey',
      'intervalStartS',
      'intervalMinutes',
      'wh',
      'decivolt',
      'quality',
      'sourceSeq',
    ] as const) {
      joined[field].set(part[field].subarray(0, part.count), joined.count);
    }
    joined.count += part.count;
  }
  return joined;
}

function joinEvents(parts: MeterEventColumns[]): MeterEventColumns {
  if (parts.length === 1) return parts[0];
  const joined = makeMeterEventColumns(parts.reduce((sum, part) => sum + part.count, 0));
  for (const part of parts) {
    for (const field of ['meterKey', 'eventTimeMs', 'type'] as const)
      joined[field].set(part[field].subarray(0, part.count), joined.count);
    joined.count += part.count;
  }
  return joined;
}

/** The rows that were new, in the order of their ids. */
export function newEvents(events: MeterEventColumns, { eventRows }: CommittedEvents): MeterEventColumns {
  const fresh = makeMeterEventColumns(eventRows.length);
  for (const row of eventRows) {
    const i = fresh.count++;
    fresh.meterKey[i] = events.meterKey[row];
    fresh.eventTimeMs[i] = events.eventTimeMs[row];
    fresh.type[i] = events.type[row];
  }
  return fresh;
}

export interface Door {
  takeReadings(body: unknown): Promise<DoorAnswer>;
  takeEvents(body: unknown): Promise<DoorAnswer>;
  /** events of an in-process source */
  commitFieldEvents(events: MeterEventColumns): Promise<void>;
  drained(): Promise<void>;
}

export function openDoor(needs: DoorNeeds): Door {
  const { sink, ledger } = needs;
  const readings: Intake<ReadingColumns> = makeIntake<ReadingColumns, Committed>({
    maxQueuedRows,
    maxBatchRows,
    claim: () => ledger.claim('http', 0, 'reading'),
    join: joinReadings,
    commit: (claim, rows, setAside) =>
      commitReadings(sink, ledger, claim, {
        source: 'http',
        partition: 0,
        offsetFrom: claim.nextOffset,
        offsetTo: claim.nextOffset + rows.count + setAside.length,
        receivedAtMs: Date.now(),
        readings: rows,
        setAside,
      }),
  });
  function eventIntake(source: string): Intake<MeterEventColumns> {
    return makeIntake<MeterEventColumns, CommittedEvents>({
      maxQueuedRows,
      maxBatchRows,
      claim: () => ledger.claim(source, 0, 'event'),
      join: joinEvents,
      commit: (claim, events, setAside) =>
        commitEvents(ledger, claim, {
          source,
          partition: 0,
          offsetFrom: claim.nextOffset,
          offsetTo: claim.nextOffset + events.count + setAside.length,
          receivedAtMs: Date.now(),
          events,
          setAside,
        }),
      committed: (events, result) => {
        if (result.eventIds.length > 0)
          needs.eventsStored(newEvents(events, result), result.eventIds[result.eventIds.length - 1], Date.now());
      },
    });
  }
  const events = eventIntake('http_events');
  const fieldEvents = eventIntake('simulation_events');
  const facts = () => ({ meterRowOf: needs.meterRowOf, nowMs: Date.now() });
  return {
    takeReadings: async (body) => {
      const decoded = decodeReadings(body, facts());
      const done = await readings.submit(decoded.readings, decoded.readings.count, decoded.setAside);
      return {
        accepted: done.accepted,
        duplicate: done.duplicate,
        setAside: decoded.setAside,
        position: done.position,
      };
    },
    takeEvents: async (body) => {
      const decoded = decodeEvents(body, facts());
      const done = await events.submit(decoded.events, decoded.events.count, decoded.setAside);
      return {
        accepted: done.accepted,
        duplicate: done.duplicate,
        setAside: decoded.setAside,
        position: done.position,
      };
    },
    commitFieldEvents: async (columns) => {
      if (columns.count === 0) return;
      await fieldEvents.submit(columns, columns.count, []);
    },
    drained: async () => {
      await Promise.all([readings.drained(), events.drained(), fieldEvents.drained()]);
    },
  };
}
