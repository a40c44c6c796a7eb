/** The HTTP door joined to the stream: decode, group, commit exactly once, tell the outages. */
import type { IdColumn } from '#model/id_column.ts';
import {
  appendEvents,
  appendReadings,
  type MeterEventColumns,
  makeMeterEventColumns,
  makeReadingColumns,
  pickEvents,
  type ReadingColumns,
} from '#model/reading.ts';
import type { RecordsBody } from '#model/route.ts';
import type { Committed, CommittedEvents, Ledger, SegmentSink } from '#model/stream.ts';
import type { DoorAnswer } from '#services/readings/routes.ts';
import { eventsOf, readingsOf } from '#sources/http/body.ts';
import { rowsOfIds } from '#sources/records/reading_json.ts';
import { commitEvents, commitReadings } from '#stream/commit.ts';
import { type Intake, makeIntake } from '#stream/intake.ts';

export interface DoorNeeds {
  sink: SegmentSink;
  ledger: Ledger;
  meterIds: () => IdColumn;
  /** durable events, in order */
  eventsStored: (events: MeterEventColumns, previousEventId: number, lastEventId: number, receivedMs: number) => void;
  /** UTC epoch ms; the real time where left out */
  nowMs?: () => number;
}

const maxQueuedRows = 400_000;
const maxBatchRows = 50_000;

/** One batch out of many; a single one as it is. */
function joinedBy<Columns extends { count: number }>(
  make: (capacity: number) => Columns,
  append: (out: Columns, part: Columns) => void,
): (parts: Columns[]) => Columns {
  return (parts) => {
    if (parts.length === 1) return parts[0];
    const joined = make(parts.reduce((sum, part) => sum + part.count, 0));
    for (const part of parts) append(joined, part);
    return joined;
  };
}

export interface Door {
  takeReadings(body: RecordsBody): Promise<DoorAnswer>;
  takeEvents(body: RecordsBody): Promise<DoorAnswer>;
  /** events of an in-process source: the simulated field, answers of the head-end */
  commitFieldEvents(events: MeterEventColumns): Promise<void>;
  commitPingAnswers(events: MeterEventColumns): Promise<void>;
  drained(): Promise<void>;
}

export function openDoor(needs: DoorNeeds): Door {
  const { sink, ledger, nowMs = Date.now } = needs;
  const readings: Intake<ReadingColumns> = makeIntake<ReadingColumns, Committed>({
    maxQueuedRows,
    maxBatchRows,
    claim: () => ledger.claim('http', 0, 'reading'),
    join: joinedBy(makeReadingColumns, appendReadings),
    commit: (claim, rows, setAside) =>
      commitReadings(sink, ledger, claim, {
        source: 'http',
        partition: 0,
        offsetFrom: claim.nextOffset,
        offsetTo: claim.nextOffset + rows.count + setAside.length,
        receivedAtMs: nowMs(),
        readings: rows,
        setAside,
      }),
  });
  function eventIntake(source: string): Intake<MeterEventColumns> {
    return makeIntake<MeterEventColumns, CommittedEvents>({
      maxQueuedRows,
      maxBatchRows,
      claim: () => ledger.claim(source, 0, 'event'),
      join: joinedBy(makeMeterEventColumns, appendEvents),
      commit: (claim, events, setAside) =>
        commitEvents(ledger, claim, {
          source,
          partition: 0,
          offsetFrom: claim.nextOffset,
          offsetTo: claim.nextOffset + events.count + setAside.length,
          receivedAtMs: nowMs(),
          events,
          setAside,
        }),
      committed: (events, result) => {
        if (result.eventIds.length > 0)
          needs.eventsStored(
            pickEvents(events, result.eventRows),
            result.previousEventId,
            result.eventIds[result.eventIds.length - 1],
            nowMs(),
          );
      },
    });
  }
  const events = eventIntake('http_events');
  const fieldEvents = eventIntake('simulation_events');
  const pingAnswers = eventIntake('headend_events');
  const facts = () => ({ ...rowsOfIds(needs.meterIds()), nowMs: nowMs() });
  return {
    takeReadings: async (body) => {
      const decoded = await readingsOf(body, facts());
      const done = await readings.submit(decoded.readings, decoded.readings.count, decoded.setAside);
      return {
        accepted: done.accepted,
        duplicate: done.duplicate,
        setAside: decoded.setAside,
        position: done.position,
      };
    },
    takeEvents: async (body) => {
      const decoded = eventsOf(body, facts());
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
    commitPingAnswers: async (columns) => {
      if (columns.count === 0) return;
      await pingAnswers.submit(columns, columns.count, []);
    },
    drained: async () => {
      await Promise.all([readings.drained(), events.drained(), fieldEvents.drained(), pingAnswers.drained()]);
    },
  };
}
