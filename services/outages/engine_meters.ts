/** What is known of each meter, and which message or call changes it. Rules and their numbers: SPEC.md, M1 to M11. */
import type { CallKind } from '#model/api/outages.ts';
import { meterEventCode } from '#model/reading.ts';
import type { EventCounts, MeterRow } from './engine_records.ts';

export const meterUnknown = 0;
export const meterDark = 1;
export const meterLit = 2;
export const meterBack = 3;
/** in kept rows only: dark, and known by a customer's call alone */
const rowCalled = 4;
/** time of what has not happened: before all times, and a number in JSON */
export const never = -1;

export interface TakeRules {
  clockAheadMs: number;
  maxAgeMs: number;
  holdMs: (meter: number) => number;
}

/** heard: the meter itself says dark, what was known by a call */
export type Taken = 'dark' | 'heard' | 'lit' | 'nothing';

const { last_gasp, ping_dark, power_restored, ping_lit } = meterEventCode;

export class MeterEvidence {
  readonly state: Uint8Array;
  /** 1 where a dark meter is known by a customer's call alone */
  readonly called: Uint8Array;
  readonly darkMs: Float64Array;
  readonly litMs: Float64Array;
  readonly ripeMs: Float64Array;
  /** slot of the outage each meter is a member of, -1 */
  readonly outage: Int32Array;
  /** the restored outage a meter is left over from */
  readonly leftoverOf = new Map<number, string>();

  constructor(meterCount: number) {
    this.state = new Uint8Array(meterCount);
    this.called = new Uint8Array(meterCount);
    this.darkMs = new Float64Array(meterCount).fill(never);
    this.litMs = new Float64Array(meterCount).fill(never);
    this.ripeMs = new Float64Array(meterCount);
    this.outage = new Int32Array(meterCount).fill(-1);
  }

  /** Takes one message into account. Answers what it changed; everything else is counted and changes nothing. */
  take(meter: number, type: number, eventMs: number, nowMs: number, rules: TakeRules, counts: EventCounts): Taken {
    counts.received++;
    if (!(meter >= 0 && meter < this.state.length)) return refuse(counts, 'unknownMeter');
    const dark = type === last_gasp || type === ping_dark;
    if (!dark && type !== power_restored && type !== ping_lit) return refuse(counts, 'other');
    const ahead = eventMs > nowMs + rules.clockAheadMs;
    const atMs = ahead ? nowMs : eventMs;
    if (!(nowMs - atMs <= rules.maxAgeMs)) return refuse(counts, 'tooOld');
    let taken: Taken = 'dark';
    if (dark) {
      if (atMs <= this.litMs[meter]) return refuse(counts, 'late');
      if (this.state[meter] === meterDark && this.called[meter] === 1) {
        this.called[meter] = 0;
        this.darkMs[meter] = Math.min(this.darkMs[meter], atMs);
        taken = 'heard';
      } else {
        if (this.state[meter] === meterDark || atMs <= this.darkMs[meter]) return refuse(counts, 'duplicate');
        this.state[meter] = meterDark;
        this.darkMs[meter] = atMs;
        this.ripeMs[meter] = atMs + rules.holdMs(meter);
      }
      counts.dark++;
    } else {
      if (atMs < this.darkMs[meter]) return refuse(counts, 'late');
      if (atMs <= this.litMs[meter]) return refuse(counts, 'duplicate');
      this.state[meter] = type === power_restored ? meterBack : meterLit;
      this.litMs[meter] = atMs;
      this.called[meter] = 0;
      counts.lit++;
      taken = 'lit';
    }
    if (ahead) counts.clockAhead++;
    return taken;
  }

  /** Takes a customer's call into account: dark at once, without a hold window. `phases`: those the meter is on. */
  takeCall(
    meter: number,
    kind: CallKind,
    callMs: number,
    nowMs: number,
    rules: TakeRules,
    phases: number,
    counts: EventCounts,
  ): 'dark' | 'nothing' {
    counts.received++;
    if (!(meter >= 0 && meter < this.state.length)) return refuse(counts, 'unknownMeter');
    // One phase of several is missing: an outage for this customer, too. On a single phase it is the house's own affair.
    const says = kind === 'no_power' || (kind === 'partial_power' && (phases & (phases - 1)) !== 0);
    if (!says) return refuse(counts, 'other');
    const ahead = callMs > nowMs + rules.clockAheadMs;
    const atMs = ahead ? nowMs : callMs;
    if (!(nowMs - atMs <= rules.maxAgeMs)) return refuse(counts, 'tooOld');
    if (atMs <= this.litMs[meter]) return refuse(counts, 'late');
    if (this.state[meter] === meterDark || atMs <= this.darkMs[meter]) return refuse(counts, 'duplicate');
    this.state[meter] = meterDark;
    this.called[meter] = 1;
    this.darkMs[meter] = atMs;
    this.ripeMs[meter] = atMs;
    counts.dark++;
    if (ahead) counts.clockAhead++;
    return 'dark';
  }

  /** The state as rows keep it. */
  rowState(meter: number): number {
    return this.state[meter] === meterDark && this.called[meter] === 1 ? rowCalled : this.state[meter];
  }

  restore(row: MeterRow): void {
    this.state[row.meter] = row.state === rowCalled ? meterDark : row.state;
    this.called[row.meter] = row.state === rowCalled ? 1 : 0;
    this.darkMs[row.meter] = row.darkMs;
    this.litMs[row.meter] = row.litMs;
    this.ripeMs[row.meter] = row.ripeMs;
    if (row.leftoverOf !== null) this.leftoverOf.set(row.meter, row.leftoverOf);
  }
}

function refuse(counts: EventCounts, reason: 'unknownMeter' | 'other' | 'tooOld' | 'late' | 'duplicate'): 'nothing' {
  counts[reason]++;
  return 'nothing';
}
