/**
 * Seeded storms through the outage engine, scored against what really failed, beside two naive rules in the same run.
 *
 *   flux bench outage_storm
 *
 * One JSON document on stdout. Gasps alone: 10 % lost, 2 % spurious, one in ten twice, up to 30 s late and out of order.
 * Everything: on top of it callers, partial phases, 1 % of meters at the wrong transformer and 1 % on the wrong phase,
 * 5 % without communication. A device counts as found where the named one takes out exactly the same customers.
 */
import {
  everythingBelow,
  fullWeather,
  lowestDevices,
  plainWeather,
  play,
  type Score,
  score,
  seeded,
  storm,
  territory,
  type Weather,
} from '#services/outages/engine_storm_testbed.ts';
import { printReport } from './report/report.ts';

const seeds = Array.from({ length: 20 }, (_, i) => i + 1);

await printReport('outage_storm', {
  storms: seeds.length,
  gasps_alone: figuresOf(plainWeather),
  everything: figuresOf(fullWeather),
});

function figuresOf(weather: Weather): Record<string, unknown> {
  const scores: Record<string, Score[]> = { engine: [], lowest_device: [], everything_below: [] };
  const delays: number[] = [];
  let [meters, faults, messages, cpuUs] = [0, 0, 0, 0];
  for (const seed of seeds) {
    const random = seeded(seed);
    const bed = territory(random);
    const truth = storm(bed, random, weather);
    const before = process.cpuUsage();
    const { engine, delaysS } = play(bed, truth, random);
    const used = process.cpuUsage(before);
    cpuUs += used.user + used.system;
    const dark = new Set(truth.messages.map(([meter]) => meter));
    const devices = engine.outages(true).filter((outage) => outage.meter < 0);
    scores.engine.push(score(bed, devices, truth.faults));
    scores.lowest_device.push(score(bed, lowestDevices(bed, dark), truth.faults));
    scores.everything_below.push(score(bed, everythingBelow(bed, dark), truth.faults));
    delays.push(...delaysS);
    meters += bed.grid.meterCount;
    faults += truth.faults.length;
    messages += truth.messages.length;
  }
  delays.sort((a, b) => a - b);
  return {
    meters,
    faults,
    messages,
    cpu_s: cpuUs / 1e6,
    detected_after_s_p50: delays[delays.length >> 1],
    detected_after_s_p90: delays[Math.floor(delays.length * 0.9)],
    ...Object.fromEntries(Object.entries(scores).map(([rule, list]) => [rule, meansOf(list)])),
  };
}

function meansOf(list: Score[]): Record<string, number> {
  const mean = (field: keyof Score): number => list.reduce((sum, one) => sum + one[field], 0) / list.length;
  return {
    device_precision: mean('precision'),
    device_precision_least: Math.min(...list.map((one) => one.precision)),
    device_recall: mean('recall'),
    device_recall_least: Math.min(...list.map((one) => one.recall)),
    customer_precision: mean('customerPrecision'),
    customer_recall: mean('customerRecall'),
  };
}
