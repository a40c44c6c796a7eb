/** Messages of an events topic: what meters report, and the states of devices as telemetry sees them. JSON. */
import { type MeterEventColumns, makeMeterEventColumns, type SetAside } from '#model/reading.ts';
import { asRecord, type DoorFacts, decodeEvent, instantMs, Refused } from '#sources/records/rules.ts';
import { contentOf, jsonOf } from './decode_readings.ts';
import { type AbortedTransaction, type PartitionPlace, readBatches } from './record_batch.ts';

export interface EventFacts extends DoorFacts {
  isDevice: (deviceId: string) => boolean;
}

/** One entry per device state. */
export interface DeviceStateColumns {
  deviceId: string[];
  eventTimeMs: number[];
  state: ('open' | 'closed')[];
}

export interface DecodedEvents {
  events: MeterEventColumns;
  devices: DeviceStateColumns;
  setAside: SetAside[];
  /** the first offset that was not read */
  nextOffset: number;
}

function takeDevice(record: { [field: string]: unknown }, facts: EventFacts, devices: DeviceStateColumns): void {
  const { device_id: id, state } = record;
  if (typeof id !== 'string' || !facts.isDevice(id))
    throw new Refused('unknown_device', `device_id ${String(id).slice(0, 128)} is not in the network`);
  if (state !== 'open' && state !== 'closed')
    throw new Refused('bad_state', `state must be open or closed, not ${String(state).slice(0, 40)}`);
  devices.eventTimeMs.push(instantMs(record, 'event_time', facts));
  devices.deviceId.push(id);
  devices.state.push(state);
}

/** @throws FluxError `kafka_damaged_batch` */
export function decodeEvents(
  records: Buffer,
  from: number,
  place: PartitionPlace,
  facts: EventFacts,
  aborted: readonly AbortedTransaction[] = [],
): DecodedEvents {
  const decoded: { record: unknown; offset: number; content: () => string }[] = [];
  const setAside: SetAside[] = [];
  const refuse = (error: unknown, offset: number, content: () => string): void => {
    if (!(error instanceof Refused)) throw error;
    setAside.push({ index: offset - from, offset, code: error.code, reason: error.message, content: content() });
  };
  const nextOffset = readBatches(
    records,
    from,
    place,
    {
      record: (bytes, offset, _timeMs, _keyFrom, _keyTo, valueFrom, valueTo) => {
        const content = (): string => contentOf(bytes, valueFrom, valueTo);
        try {
          decoded.push({ record: jsonOf(bytes, valueFrom, valueTo), offset, content });
        } catch (error) {
          refuse(error, offset, content);
        }
      },
    },
    aborted,
  );
  const events = makeMeterEventColumns(decoded.length);
  const devices: DeviceStateColumns = { deviceId: [], eventTimeMs: [], state: [] };
  for (const { record, offset, content } of decoded) {
    try {
      const fields = asRecord(record);
      if (fields.device_id !== undefined) takeDevice(fields, facts, devices);
      else decodeEvent(fields, facts, events);
    } catch (error) {
      refuse(error, offset, content);
    }
  }
  return { events, devices, setAside: setAside.sort((a, b) => a.index - b.index), nextOffset };
}
