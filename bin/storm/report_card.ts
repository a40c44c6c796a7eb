/** What a drill ends with: one part that is the same for the same seed, bit by bit, and one that is of this machine. */
import type { CallCounts } from '#sources/storm/calls.ts';
import type { OpenFault } from '#sources/storm/field.ts';
import type { MessageCounts } from '#sources/storm/messages.ts';
import { table } from '../terminal.ts';
import { type FoundFault, leastStepS, type Ratio, round } from './score.ts';

export interface EtrScore {
  outages: number;
  mae_min: number;
  median_abs_min: number;
  bias_min: number;
  late_share: number;
  p90_coverage: number;
  revisions_per_outage: number;
}

export interface DelayRow {
  customers: string;
  faults: number;
  found: number;
  median_s: number | null;
  p90_s: number | null;
}

export interface DeviceMinutes {
  device: string;
  minutes: number;
}

export interface StormScore {
  seed: number;
  hours: number;
  meters: number;
  crews: number;
  storm: {
    peak_gust_ms: number;
    km_per_hour: number;
    faults: number;
    momentary: number;
    hidden: number;
    /** fuses that lost one pole only */
    lost_poles: number;
    /** windows of planned work, and who is switched off by them */
    planned_work: number;
    planned_customers: number;
    /** meters that hang elsewhere than the records say */
    misplaced_meters: number;
    by_cause: Record<string, number>;
    customers_interrupted: number;
    most_customers_out: number;
    all_back_h: number | null;
  };
  detection: DelayRow[];
  location: DelayRow[];
  devices: { minutes: number; product: Ratio; product_strict: Ratio; lowest_device: Ratio; common_device: Ratio };
  /** outages at devices that stood for five minutes or more; right: their device was open at some moment */
  named: { outages: number; right: number };
  /** devices named wrongly and devices missed for longest */
  worst: { wrong: DeviceMinutes[]; missed: DeviceMinutes[] };
  nested: { hidden: number; could_be_found: number; found: number };
  etr: { first: EtrScore | null; last: EtrScore | null };
  customer_minutes: { truth: number; declared: number; difference_share: number };
  curve: { minute: number[]; dark: number[]; declared: number[] };
  outages: { opened: number; service_points: number; rejected: number; merged: number; open_at_end: number };
  crew_work: { begun: number; repaired: number; nothing_found: number; elsewhere: number; refused: number };
  calls: CallCounts & { stored: number };
  messages: MessageCounts & {
    sent: number;
    on_their_way: number;
    received: number;
    stored: number;
    duplicate: number;
    set_aside: number;
    held_back: number;
    most_held_back: number;
    /** sent = delivered - twice + lost + dropped + on their way; delivered = received = stored + duplicate + set aside */
    conserved: boolean;
  };
}

export interface StormMachine {
  wall_s: number;
  simulated_s: number;
  speed: number;
  look_ups: { asked: number; answered: number; uptime: number; p50_ms: number; p99_ms: number; longest_ms: number };
}

export interface ReportCard {
  score: StormScore;
  machine: StormMachine;
}

const devicesInWords = (of: readonly DeviceMinutes[]): string =>
  of.map(({ device, minutes }) => `${device} ${minutes} min`).join(', ') || 'none';

/** @returns null of nothing */
export function quantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

const sizes: [string, number, number][] = [
  ['all', 1, Number.POSITIVE_INFINITY],
  ['1 to 9', 1, 10],
  ['10 to 99', 10, 100],
  ['100 to 999', 100, 1000],
  ['1,000 and more', 1000, Number.POSITIVE_INFINITY],
];

/** Delay from the fault until it was found, by customers that lost supply. */
export function delays(found: readonly FoundFault[], when: (one: FoundFault) => number | null): DelayRow[] {
  return sizes.flatMap(([customers, from, to]) => {
    const group = found.filter(({ fault }) => fault.customers >= from && fault.customers < to);
    if (group.length === 0) return [];
    const found_ = group.flatMap((one) => {
      const atS = when(one);
      return atS === null ? [] : [round(atS - one.fault.atS, 1)];
    });
    return [
      {
        customers,
        faults: group.length,
        found: found_.length,
        median_s: quantile(found_, 0.5),
        p90_s: quantile(found_, 0.9),
      },
    ];
  });
}

/** Faults that took nobody's supply when they happened: below another one, seen only when that is repaired. */
export function nestedOf(found: readonly FoundFault[]): StormScore['nested'] {
  const hidden = found.filter(({ fault }) => fault.customers === 0);
  // several faults of one open device are one outage: it is found with the first
  const own = hidden.filter(
    ({ fault }) =>
      !found.some(
        (other) => other.fault !== fault && other.fault.device === fault.device && isBefore(other.fault, fault),
      ),
  );
  return {
    hidden: hidden.length,
    could_be_found: own.length,
    found: own.filter(({ locatedS }) => locatedS !== null).length,
  };
}
const isBefore = (a: OpenFault, b: OpenFault): boolean => a.id < b.id && (a.repairedS === null || a.repairedS > b.atS);

export function cardInWords({ score, machine }: ReportCard): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const { storm, devices, nested, etr, messages, calls, customer_minutes: minutes } = score;
  const ratio = (name: string, { precision, recall, f1 }: Ratio) => ({
    rule: name,
    precision: percent(precision),
    recall: percent(recall),
    F1: f1.toFixed(3),
  });
  const etrRow = (name: string, one: EtrScore | null) =>
    one === null
      ? []
      : [
          {
            estimate: name,
            outages: one.outages,
            'MAE min': round(one.mae_min, 1),
            'median min': round(one.median_abs_min, 1),
            'bias min': round(one.bias_min, 1),
            late: percent(one.late_share),
            'P90 covers': percent(one.p90_coverage),
            'revisions each': round(one.revisions_per_outage, 1),
          },
        ];
  const back = storm.all_back_h === null ? 'somebody is still out' : `everybody back after ${storm.all_back_h} h`;
  return [
    `STORM DRILL  seed ${score.seed}, ${score.hours} h of weather over ${count(score.meters)} meters, ${score.crews} crews`,
    `${count(storm.faults)} lasting faults (${Object.entries(storm.by_cause)
      .map(([cause, n]) => `${cause} ${n}`)
      .join(', ')}), ${storm.momentary} momentary; gusts to ${storm.peak_gust_ms} m/s`,
    `${storm.lost_poles} lost a pole only; planned work ${storm.planned_work} windows, ${count(storm.planned_customers)} customers; ${count(storm.misplaced_meters)} meters hang elsewhere than recorded`,
    `${count(storm.customers_interrupted)} interruptions of customers, at most ${count(storm.most_customers_out)} out at once; ${back}`,
    `\nDETECTION  from the fault to an outage that covers it, to within ${leastStepS(score.meters)} s`,
    table(score.detection.map((row) => ({ ...row }))),
    '\nLOCATION  until the right device was named',
    table(score.location.map((row) => ({ ...row }))),
    `hidden below other faults: ${nested.hidden}, of devices of their own ${nested.could_be_found}, found ${nested.found}`,
    `\nDEVICES  mean over ${devices.minutes} minutes`,
    table([
      ratio('prediction', devices.product),
      ratio('  open devices below open ones counted as wrong', devices.product_strict),
      ratio('naive: lowest device above a dark meter', devices.lowest_device),
      ratio('naive: device all dark meters of a feeder share', devices.common_device),
    ]),
    `outages at devices that stood five minutes: ${score.named.outages}, right at some moment ${score.named.right} (${percent(score.named.outages === 0 ? 1 : score.named.right / score.named.outages)})`,
    `named wrongly for longest: ${devicesInWords(score.worst.wrong)}`,
    `missed for longest: ${devicesInWords(score.worst.missed)}`,
    '\nRESTORATION TIMES',
    table([...etrRow('first', etr.first), ...etrRow('last', etr.last)]),
    `\nCUSTOMER-MINUTES  truth ${count(minutes.truth)}, declared ${count(minutes.declared)} (${percent(minutes.difference_share)} off)`,
    `OUTAGES  ${count(score.outages.opened)} opened (${score.outages.service_points} single services), ${score.outages.rejected} rejected, ${score.outages.merged} merged, ${score.outages.open_at_end} open at the end`,
    `CREWS  ${score.crew_work.begun} visits, ${score.crew_work.repaired} repairs, ${score.crew_work.nothing_found} found nothing, ${score.crew_work.elsewhere} fault was elsewhere`,
    `CALLS  ${count(calls.callers)} callers, ${count(calls.taken)} taken, ${count(calls.busy_signals)} busy signals, ${count(calls.gave_up)} gave up`,
    `MESSAGES  ${count(messages.sent)} sent (${messages.spurious} spurious), ${count(messages.lost + messages.lost_in_clumps)} lost, ${count(messages.dropped)} dropped by the head-end, ${count(messages.late)} late, ${count(messages.delivered)} delivered`,
    `          ${count(messages.received)} received = ${count(messages.stored)} stored + ${count(messages.duplicate)} duplicate + ${count(messages.set_aside)} set aside; ${messages.conserved ? 'all accounted for' : 'NOT ALL ACCOUNTED FOR'}; ${count(messages.held_back)} held back, at most ${count(messages.most_held_back)} at once`,
    `\nLOOK-UPS  ${count(machine.look_ups.answered)} of ${count(machine.look_ups.asked)} answered (${percent(machine.look_ups.uptime)}), p50 ${machine.look_ups.p50_ms} ms, p99 ${machine.look_ups.p99_ms} ms`,
    `TIME  ${(machine.simulated_s / 3600).toFixed(1)} h in ${machine.wall_s} s: ${machine.speed} times life`,
  ].join('\n');
}
