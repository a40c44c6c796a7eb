/** Generated readings and events as the door takes them. */
import type { NetworkColumns } from '#model/network.ts';
import { type ReadingColumns, readingQualities } from '#model/reading.ts';
import type { PlannedEvent } from '#sources/generator/run_plan.ts';

export function readingRecord(readings: ReadingColumns, i: number, network: NetworkColumns): object {
  return {
    meter_id: network.meter.id.at(readings.meterKey[i]),
    reading_time: new Date(readings.intervalStartS[i] * 1000).toISOString(),
    interval_minutes: readings.intervalMinutes[i],
    kwh: readings.wh[i] / 1000,
    voltage: readings.decivolt[i] / 10,
    quality: readingQualities[readings.quality[i]],
    source_seq: readings.sourceSeq[i],
  };
}

export function eventRecord({ meter, type, eventTimeMs }: PlannedEvent, network: NetworkColumns): object {
  return { meter_id: network.meter.id.at(meter), event_time: new Date(eventTimeMs).toISOString(), type };
}
