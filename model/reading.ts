/** Interval readings and meter events, as columns. Energy in Wh, voltage in decivolt, time in whole UTC seconds. */

/**
 * Quality of a reading; the position is its rank, lower is better. A reading of better quality replaces one of worse;
 * among equals the newer received wins. Append only at the end of a rank group would change ranks: see ADR 0007.
 */
export const readingQualities = ['validated', 'actual', 'edited', 'estimated', 'missing'] as const;
export type ReadingQuality = (typeof readingQualities)[number];

/** One row per reading; all arrays have `count` valid rows. */
export interface ReadingColumns {
  count: number;
  /** meter key (row of the network's meter table) */
  meterKey: Int32Array;
  /** interval start, UTC epoch seconds */
  intervalStartS: Int32Array;
  intervalMinutes: Uint8Array;
  /** energy of the interval; negative where the customer exports */
  wh: Int32Array;
  /** mean voltage in 0.1 V; 0 where the meter sent none */
  decivolt: Uint16Array;
  /** code into `readingQualities` */
  quality: Uint8Array;
  /** the sender's own sequence number, -1 where it sent none */
  sourceSeq: Float64Array;
}

/** @param Memory shared where two threads work on the columns */
export function makeReadingColumns(
  capacity: number,
  Memory: ArrayBufferConstructor | SharedArrayBufferConstructor = ArrayBuffer,
): ReadingColumns {
  return {
    count: 0,
    meterKey: new Int32Array(new Memory(capacity * 4)),
    intervalStartS: new Int32Array(new Memory(capacity * 4)),
    intervalMinutes: new Uint8Array(new Memory(capacity)),
    wh: new Int32Array(new Memory(capacity * 4)),
    decivolt: new Uint16Array(new Memory(capacity * 2)),
    quality: new Uint8Array(new Memory(capacity)),
    sourceSeq: new Float64Array(new Memory(capacity * 8)),
  };
}

/** Types of meter events; the position is the code. Append only. */
export const meterEventTypes = [
  'last_gasp',
  'power_restored',
  'sag',
  'swell',
  'tamper',
  'temperature',
  'ping_lit',
  'ping_dark',
] as const;
export type MeterEventType = (typeof meterEventTypes)[number];
export const meterEventCode = Object.fromEntries(meterEventTypes.map((type, code) => [type, code])) as Record<
  MeterEventType,
  number
>;

const readingFields = [
  'meterKey',
  'intervalStartS',
  'intervalMinutes',
  'wh',
  'decivolt',
  'quality',
  'sourceSeq',
] as const satisfies (keyof ReadingColumns)[];

/** Appends the rows of `part`; `out` has room for them. */
export function appendReadings(out: ReadingColumns, part: ReadingColumns): void {
  for (const field of readingFields) out[field].set(part[field].subarray(0, part.count), out.count);
  out.count += part.count;
}

/** Hours a reading counts as recent: what is older goes to the history only, not to the hot window. */
export const hotWindowHours = 24;

/** One row per meter event. */
export interface MeterEventColumns {
  count: number;
  meterKey: Int32Array;
  /** when it happened by the meter's clock, UTC epoch milliseconds */
  eventTimeMs: Float64Array;
  /** code into `meterEventTypes` */
  type: Uint8Array;
}

export function makeMeterEventColumns(capacity: number): MeterEventColumns {
  return {
    count: 0,
    meterKey: new Int32Array(capacity),
    eventTimeMs: new Float64Array(capacity),
    type: new Uint8Array(capacity),
  };
}

const eventFields = ['meterKey', 'eventTimeMs', 'type'] as const satisfies (keyof MeterEventColumns)[];

/** Appends the rows of `part`; `out` has room for them. */
export function appendEvents(out: MeterEventColumns, part: MeterEventColumns): void {
  for (const field of eventFields) out[field].set(part[field].subarray(0, part.count), out.count);
  out.count += part.count;
}

/** Some rows, in the order given. */
export function pickEvents(events: MeterEventColumns, rows: readonly number[]): MeterEventColumns {
  const picked = makeMeterEventColumns(rows.length);
  for (const field of eventFields) picked[field].set(rows.map((row) => events[field][row]));
  picked.count = rows.length;
  return picked;
}

/** A record the door refused: kept with its reason, counted, shown, never lost. */
export interface SetAside {
  /** position of the record within its batch, counted from 0 */
  index: number;
  /** the record's offset at its source, where that is not the batch's first offset plus `index` */
  offset?: number;
  /** stable code, e.g. `unknown_meter` */
  code: string;
  /** what is wrong and what to do, in words */
  reason: string;
  /** the record as it came, cut to 2,000 characters */
  content: string;
}
