/** What is known of each meter, and which message changes it. Rules and their numbers: SPEC.md, M1 to M8. */
import { meterEventCode } from '#model/reading.ts';
import type { EventCounts } from './engine_records.ts';

export const meterUnknown = 0;
export const meterDark = 1;
export const meterLit = 2;
export const meterBack = 3;
/** time of what has not happened: before all times, and a number in JSON */
export const never = -1;

export interface TakeRules {
  clockAheadMs: number;
  maxAgeMs: number;
  holdMs: (meter: number) => number;
}

export class MeterEvidence {
  readonly state: Uint8Array;
  readonly darkMs: Float64Array;
  readonly litMs: Float64Array;
  readonly ripeMs: Float64Array;
  /** slot of the outage each meter is a member of, -1 */
  readonly outage: Int32Array;
  /** the restored outage a meter is left over from */
  readonly leftoverOf = new Map<number, string>();

  constructor(meterCount: number) {
    this.state = new Uint8Array(meterCount);
    this.darkMs = new Float64Array(meterCount).fill(never);
    this.litMs = new Float64Array(meterCount).fill(never);
    this.ripeMs = new Float64Array(meterCount);
    this.outage = new Int32Array(meterCount).fill(-1);
  }

  /** Takes one message into account. Answers what it changed; everything else is counted and changes nothing. */
  take(
    meter: number,
    type: number,
    eventMs: number,
    nowMs: number,
    rules: TakeRules,
    counts: EventCounts,
  ): 'dark' | 'lit' | 'nothing' {
    counts.received++;
    const dark = type === meterEventCode.last_gasp || type === meterEventCode.ping_dark;
    const lit = type === meterEventCode.power_restored || type === meterEventCode.ping_lit;
    const refuse = (reason: 'unknownMeter' | 'other' | 'tooOld' | 'late' | 'duplicate'): 'nothing' => {
      counts[reason]++;
      return 'nothing';
    };
    if (!(meter >= 0 && meter < this.state.length)) return refuse('unknownMeter');
    if (!dark && !lit) return refuse('other');
    const ahead = eventMs > nowMs + rules.clockAheadMs;
    const atMs = ahead ? nowMs : eventMs;
    if (!(nowMs - atMs <= rules.maxAgeMs)) return refuse('tooOld');
    if (dark) {
      if (atMs <= this.litMs[meter]) return refuse('late');
      if (this.state[meter] === meterDark || atMs <= this.darkMs[meter]) return refuse('duplicate');
      this.state[meter] = meterDark;
      this.darkMs[meter] = atMs;
      this.ripeMs[meter] = atMs + rules.holdMs(meter);
      counts.dark++;
    } else {
      if (atMs < this.darkMs[meter]) return refuse('late');
      if (atMs <= this.litMs[meter]) return refuse('duplicate');
      this.state[meter] = type === meterEventCode.power_restored ? meterBack : meterLit;
      this.litMs[meter] = atMs;
      counts.lit++;
    }
    if (ahead) counts.clockAhead++;
    return dark ? 'dark' : 'lit';
  }
}
