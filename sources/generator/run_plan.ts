/**
 * A run of the generator as a sequence of delivery slots of a quarter of an hour, the same for every door: slot by slot
 * what arrives, with the transport's faults in it. Any slot can be the first; the checksum goes from slot to slot.
 */
import { createHash } from 'node:crypto';
import { FluxError } from '#model/errors.ts';
import { type GeneratorOptions, intervalS, intervalsPerDay } from '#model/generator.ts';
import type { NetworkColumns } from '#model/network.ts';
import { type MeterEventType, makeReadingColumns, meterEventTypes, type ReadingColumns } from '#model/reading.ts';
import { hashUnit, mix } from '#sources/territory/random.ts';
import type { Delivery, TransportFaults } from './event_faults.ts';
import { type GeneratedEvent, generateEvents } from './generate_events.ts';
import { makeReadingGenerator } from './generate_readings.ts';
import { makeReadingSchedule } from './reading_schedule.ts';

export interface PlannedEvent {
  meter: number;
  type: MeterEventType;
  /** by the meter's own clock, UTC epoch milliseconds */
  eventTimeMs: number;
  /** when it arrives, UTC epoch seconds */
  dueAtS: number;
}

export interface Slot {
  index: number;
  /** when its first delivery is due, UTC epoch seconds: the interval it begins with has just ended */
  startS: number;
  /** in the order of delivery; valid until the next slot is asked for */
  readings: ReadingColumns;
  events: PlannedEvent[];
  lost: number;
  duplicated: number;
  eventsLost: number;
  eventsDuplicated: number;
}

export interface RunPlan {
  /** rows of the meters that report, ascending */
  meters: Int32Array;
  intervals: number;
  /** Slots from one on, to the last in which something arrives. */
  slots(from?: number): Generator<Slot>;
}

/** Meters a run is about, by row, ascending. @throws FluxError `unknown_asset` */
export function metersOf(
  network: NetworkColumns,
  { within, meters }: Pick<GeneratorOptions, 'within' | 'meters'>,
): Int32Array {
  const { meter, feeder, substation } = network;
  let rows = Int32Array.from({ length: meter.count }, (_, m) => m);
  if (within !== null) {
    const feederRow = feeder.id.rowOf(within);
    const substationRow = substation.id.rowOf(within);
    if (feederRow < 0 && substationRow < 0)
      throw new FluxError('unknown_asset', `${within} is no feeder and no substation of this network`);
    rows = rows.filter((m) => {
      const of = network.node.feeder[meter.node[m]];
      return of >= 0 && (feederRow >= 0 ? of === feederRow : feeder.substation[of] === substationRow);
    });
  }
  return meters === null ? rows : rows.subarray(0, meters);
}

/** @throws FluxError `unknown_asset`, `bad_request` where no meter is left */
export function makeRunPlan(network: NetworkColumns, options: GeneratorOptions): RunPlan {
  const meters = metersOf(network, options);
  if (meters.length === 0)
    throw new FluxError('bad_request', `there is no meter in ${options.within ?? 'the network'}`);
  const intervals = Math.round(options.days * intervalsPerDay);
  const startS = Date.parse(options.start) / 1000;
  const transport: TransportFaults = {
    lossShare: options.loss,
    duplicateShare: options.duplicates,
    disorderS: options.disorder,
    latenessS: options.lateness,
    clockSkewS: options.skew,
    seed: options.seed,
  };
  const generator = makeReadingGenerator(network, options);
  const shiftS = intervalShifts(network.meter.count, transport);
  const runs = runsOf(meters);
  const isPerfect = options.loss + options.duplicates + options.disorder + options.lateness === 0;

  function fillPlain(k: number, out: ReadingColumns): void {
    for (const [from, to] of runs) generator.fillInterval(startS + k * intervalS, from, to, out);
  }

  function* slots(from = 0): Generator<Slot> {
    const schedule = makeReadingSchedule(meters, transport);
    const events = eventsOf(network, meters, options, transport);
    events.skipTo(from);
    let out = makeReadingColumns(meters.length);
    const last = isPerfect ? intervals : intervals + schedule.tail;
    // What is still on its way at the first slot was scheduled before it.
    if (!isPerfect)
      for (let k = Math.max(0, from - schedule.tail - 1); k < Math.min(from, intervals); k++) schedule.schedule(k);
    for (let k = from; k < last || !events.isOver(); k++) {
      out.count = 0;
      let counts = { lost: 0, duplicated: 0 };
      if (isPerfect) {
        if (k < intervals) fillPlain(k, out);
      } else if (k < last) {
        if (k < intervals) counts = schedule.schedule(k);
        const due = schedule.take(k);
        if (due.count > out.meterKey.length) out = makeReadingColumns(Math.ceil(due.count * 1.1));
        for (let i = 0; i < due.count; i++) {
          out.count = due.place[i];
          generator.fillInterval(startS + due.interval[i] * intervalS, due.meter[i], due.meter[i] + 1, out);
        }
        out.count = due.count;
      }
      if (shiftS) for (let i = 0; i < out.count; i++) out.intervalStartS[i] += shiftS[out.meterKey[i]];
      yield { index: k, startS: startS + (k + 1) * intervalS, readings: out, ...counts, ...events.take(k) };
    }
  }
  return { meters, intervals, slots };
}

/** Consecutive meter rows as [from, to). */
function runsOf(meters: Int32Array): [number, number][] {
  const runs: [number, number][] = [];
  for (const m of meters) {
    const run = runs.at(-1);
    if (run && run[1] === m) run[1]++;
    else runs.push([m, m + 1]);
  }
  return runs;
}

/** By how much each meter's interval stamps are off, seconds: whole intervals, as a head-end rounds them. */
function intervalShifts(meterCount: number, { clockSkewS, seed }: TransportFaults): Int32Array | undefined {
  if (clockSkewS < intervalS / 2) return undefined;
  const own = mix(seed | 0, 0x7a5) ^ 0x1c10c;
  return Int32Array.from(
    { length: meterCount },
    (_, m) => Math.round(((2 * hashUnit(own, m) - 1) * clockSkewS) / intervalS) * intervalS,
  );
}

/** Longest repair a fault can take, generously: what an earlier day may still send. */
const longestRepairS = 86_400;

/** Meter events, a day at a time: a year at once would be millions of objects. */
function eventsOf(network: NetworkColumns, meters: Int32Array, options: GeneratorOptions, transport: TransportFaults) {
  const days = options.events ? Math.ceil(options.days) : 0;
  const startS = Date.parse(options.start) / 1000;
  const isIn = new Uint8Array(network.meter.count);
  for (const m of meters) isIn[m] = 1;
  const horizonS = longestRepairS + 2 * (transport.disorderS + transport.latenessS);
  let nextDay = 0;
  let waiting: Delivery<GeneratedEvent>[] = [];

  /** Adds one day's events. @returns how many were lost and repeated of the meters that take part */
  function addDay(): { eventsLost: number; eventsDuplicated: number } {
    const day = nextDay++;
    const { deliveries, lost, duplicated } = generateEvents(network, {
      startS: startS + day * 86_400,
      days: Math.min(1, options.days - day),
      seed: options.seed,
      faultsPerThousandMeterDays: options.faults,
      transport,
    });
    waiting.push(...deliveries.filter(({ item }) => isIn[item.meter] === 1));
    waiting.sort((a, b) => a.deliverAtS - b.deliverAtS);
    return { eventsLost: lost, eventsDuplicated: duplicated };
  }
  /** Slot k delivers what is due before its end; the interval it begins with ended at its start. */
  const endOf = (k: number): number => startS + (k + 2) * intervalS;
  const dayOf = (k: number): number => Math.floor((endOf(k) - 1 - startS) / 86_400);

  function take(k: number): Pick<Slot, 'events' | 'eventsLost' | 'eventsDuplicated'> {
    const counts = { eventsLost: 0, eventsDuplicated: 0 };
    while (nextDay < days && nextDay <= dayOf(k)) {
      const added = addDay();
      counts.eventsLost += added.eventsLost;
      counts.eventsDuplicated += added.eventsDuplicated;
    }
    const untilS = endOf(k);
    const cut = waiting.findIndex(({ deliverAtS }) => deliverAtS >= untilS);
    const due = cut < 0 ? waiting : waiting.slice(0, cut);
    waiting = cut < 0 ? [] : waiting.slice(cut);
    const events = due.map(({ item, stampedAtS, deliverAtS }) => ({
      meter: item.meter,
      type: meterEventTypes[item.type],
      eventTimeMs: Math.round(stampedAtS * 1000),
      dueAtS: deliverAtS,
    }));
    return { events, ...counts };
  }
  return {
    take,
    isOver: (): boolean => nextDay >= days && waiting.length === 0,
    /** Makes again what is still on its way at slot k. */
    skipTo: (k: number): void => {
      if (k === 0) return;
      nextDay = Math.max(0, Math.min(days, Math.floor((endOf(k - 1) - horizonS - startS) / 86_400)));
      take(k - 1);
    },
  };
}

/** Checksum of a run that delivered nothing yet. */
export const noChain = '0'.repeat(64);

/** Checksum of everything delivered up to and with this slot, from the one before it. */
export function chainAfter(chain: string, { readings, events }: Slot): string {
  const hash = createHash('sha256').update(Buffer.from(chain, 'hex'));
  const { meterKey, intervalStartS, wh, decivolt, quality, count } = readings;
  for (const column of [meterKey, intervalStartS, wh, decivolt, quality])
    hash.update(new Uint8Array(column.buffer, column.byteOffset, column.BYTES_PER_ELEMENT * count));
  for (const event of events) hash.update(JSON.stringify([event.meter, event.type, event.eventTimeMs]));
  return hash.digest('hex');
}
