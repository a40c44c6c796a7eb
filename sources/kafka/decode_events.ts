/** Messages of an events topic: what meters report, and the states of devices as telemetry sees them. JSON. */
import { appendEvents, type MeterEventColumns, makeMeterEventColumns, type SetAside } from '#model/reading.ts';
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

const firstCapacity = 1024;

function widened(events: MeterEventColumns): MeterEventColumns {
  const wider = makeMeterEventColumns(events.type.length * 2);
  appendEvents(wider, events);
  return wider;
}

/** @throws FluxError `kafka_damaged_batch` */
export function decodeEvents(
  records: Buffer,
  from: number,
  place: PartitionPlace,
  facts: EventFacts,
  aborted: readonly AbortedTransaction[] = [],
): DecodedEvents {
  let events = makeMeterEventColumns(firstCapacity);
  const devices: DeviceStateColumns = { deviceId: [], eventTimeMs: [], state: [] };
  const setAside: SetAside[] = [];
  const nextOffset = readBatches(
    records,
    from,
    place,
    {
      record: (bytes, offset, _timeMs, _keyFrom, _keyTo, valueFrom, valueTo) => {
        try {
          const fields = asRecord(jsonOf(bytes, valueFrom, valueTo));
          if (fields.device_id !== undefined) takeDevice(fields, facts, devices);
          else {
            if (events.count === events.type.length) events = widened(events);
            decodeEvent(fields, facts, events);
          }
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          const content = contentOf(bytes, valueFrom, valueTo);
          setAside.push({ index: offset - from, offset, code: error.code, reason: error.message, content });
        }
      },
    },
    aborted,
  );
  return { events, devices, setAside, nextOffset };
}
