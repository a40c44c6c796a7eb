/**
 * A seeded storm on a random radial network, what its meters and customers report of it, and the score of what is made
 * of that: for the tests and the bench of the engine.
 */
import { edgeKindCode } from '#model/network.ts';
import { engineOn, type Message, type Plan, plant, type Testbed } from './engine_testbed.ts';
import { DeviceTree } from './prediction_devices.ts';
import { defaultThresholds, type OutageThresholds } from './thresholds.ts';

export type Random = () => number;

/** Mulberry32: uniform in [0, 1). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const between = (random: Random, low: number, high: number): number => low + Math.floor(random() * (high - low + 1));

/**
 * Feeders: breaker > 2 reclosers > 10 fuses > 2 to 10 transformers > 1 to 15 meters, some transformers off the trunk.
 * Half of the fuses are laterals of one phase, the others carry three with transformers of one phase each.
 */
export function territory(random: Random, feeders = 20): Testbed {
  const phases = new Map<string, number>();
  let serial = 0;
  const named = (letter: string, on: number): string => {
    const id = `${letter}${serial++}`;
    phases.set(id, on);
    return id;
  };
  const onePhase = (): number => 1 << between(random, 0, 2);
  const transformer = (on: number): Plan => ['power_transformer', named('T', on), between(random, 1, 15)];
  const fuse = (): Plan => {
    const on = random() < 0.5 ? onePhase() : 7;
    const below = Array.from({ length: between(random, 2, 10) }, () => transformer(on === 7 ? onePhase() : on));
    return ['fuse', named('F', on), ...below];
  };
  const recloser = (): Plan => [
    'recloser',
    named('R', 7),
    ...Array.from({ length: 10 }, fuse),
    ...Array.from({ length: between(random, 0, 3) }, () => transformer(onePhase())),
  ];
  return plant(
    Array.from({ length: feeders }, (): Plan => ['breaker', named('B', 7), recloser(), recloser()]),
    (id) => phases.get(id)!,
  );
}

export interface Weather {
  /** share of gasps that never arrive */
  lost: number;
  /** gasps of meters with power, as a share of all */
  spurious: number;
  /** share of messages that arrive twice */
  twice: number;
  /** share of meters that the model has at the transformer beside, and as many on another phase */
  wrongMapping: number;
  /** share of meters without communication */
  deaf: number;
  /** share of customers without power who call */
  callers: number;
  /** share of faults on three phases that take one of them */
  partial: number;
  faults: { recloser: number; fuse: number; power_transformer: number };
}

export const plainWeather: Weather = {
  lost: 0.1,
  spurious: 0.02,
  twice: 0.1,
  wrongMapping: 0,
  deaf: 0,
  callers: 0,
  partial: 0,
  faults: { recloser: 3, fuse: 25, power_transformer: 60 },
};

export const fullWeather: Weather = { ...plainWeather, wrongMapping: 0.01, deaf: 0.05, callers: 0.08, partial: 0.25 };

export interface Fault {
  device: number;
  /** phase bits, 0 where the whole device is out */
  phases: number;
  atS: number;
}

export interface Storm {
  faults: Fault[];
  messages: Message[];
  calls: { meter: number; atS: number }[];
  deaf: number[];
  /** meters that hang elsewhere than the model says */
  misplaced: Set<number>;
}

/** Faults on transformers, fuses, reclosers, none inside another; messages of 20 minutes. */
export function storm(bed: Testbed, random: Random, weather: Weather = plainWeather): Storm {
  const { grid, network } = bed;
  const { phases: edgePhases, kind } = network.edge;
  const truth = trueConnections(bed, random, weather.wrongMapping);
  const deaf = new Set<number>();
  for (let meter = 0; meter < grid.meterCount; meter++) if (random() < weather.deaf) deaf.add(meter);
  const faults: Fault[] = [];
  const out = new Set<number>();
  const messages: Message[] = [];
  const calls: Storm['calls'] = [];
  const fail = (candidates: number[]): void => {
    const device = candidates[Math.floor(random() * candidates.length)];
    const part = edgePhases[device] === 7 && random() < weather.partial ? 1 << between(random, 0, 2) : 0;
    if (truth.below(device).some((meter) => out.has(meter))) return;
    const below = truth.below(device).filter((meter) => part === 0 || truth.phases[meter] === part);
    if (below.length === 0) return;
    const atS = Math.floor(random() * 1200);
    faults.push({ device, phases: part, atS });
    for (const meter of below) {
      out.add(meter);
      if (!deaf.has(meter) && random() >= weather.lost)
        messages.push([meter, 'last_gasp', atS + Math.floor(random() * 4)]);
      if (random() < weather.callers) calls.push({ meter, atS: atS + 60 + Math.floor(-Math.log(1 - random()) * 300) });
    }
  };
  for (const [name, count] of Object.entries(weather.faults)) {
    const code = edgeKindCode[name as keyof typeof edgeKindCode];
    const candidates = [...kind.keys()].filter((edge) => kind[edge] === code);
    for (let i = 0; i < count; i++) fail(candidates);
  }
  const strays = Math.round(messages.length * weather.spurious);
  for (let i = 0; i < strays; i++) {
    const meter = Math.floor(random() * grid.meterCount);
    if (!out.has(meter) && !deaf.has(meter)) messages.push([meter, 'last_gasp', Math.floor(random() * 1200)]);
  }
  const twice = messages.filter(() => random() < weather.twice);
  return { faults, messages: [...messages, ...twice], calls, deaf: [...deaf], misplaced: truth.misplaced };
}

/** Where meters really hang: the model is wrong about a few. */
function trueConnections({ grid, network }: Testbed, random: Random, wrong: number) {
  const tree = new DeviceTree(grid);
  const phases = network.meter.phases.slice();
  const at = Int32Array.from({ length: grid.meterCount }, (_, meter) => tree.ofMeter(meter));
  const misplaced = new Set<number>();
  const beside = new Map<number, number[]>();
  for (const device of new Set(at)) {
    const above = tree.above(device);
    beside.set(above, [...(beside.get(above) ?? []), device]);
  }
  for (let meter = 0; meter < grid.meterCount; meter++) {
    const [place, phase] = [random(), random()];
    if (place < wrong) {
      const others = beside.get(tree.above(at[meter]))!.filter((device) => device !== at[meter]);
      if (others.length === 0) continue;
      at[meter] = others[Math.floor(random() * others.length)];
      phases[meter] = network.edge.phases[at[meter]];
      misplaced.add(meter);
    } else if (phase < wrong) {
      // The line is right, the model has the wrong phase written down.
      network.meter.phases[meter] = 1 << between(random, 0, 2);
    }
  }
  const metersAt = new Map<number, number[]>();
  for (const [meter, device] of at.entries()) metersAt.set(device, [...(metersAt.get(device) ?? []), meter]);
  const below = (device: number): number[] => {
    const found = metersAt.get(device)?.slice() ?? [];
    for (const [leaf, meters] of metersAt) {
      let up = tree.above(leaf);
      while (up >= 0 && up !== device) up = tree.above(up);
      if (up >= 0) found.push(...meters);
    }
    return found;
  };
  return { below, phases, misplaced };
}

export interface Score {
  precision: number;
  recall: number;
  /** customers said to be out who are, and customers out who are said to be */
  customerPrecision: number;
  customerRecall: number;
}

/** A device counts as found where the named one takes out the same customers. */
export function score(bed: Testbed, named: { device: number; phases: number }[], faults: Fault[]): Score {
  const reach = ({ device, phases }: { device: number; phases: number }): number[] =>
    [...bed.grid.metersBelow(device)]
      .filter((meter) => phases === 0 || bed.grid.meterPhases[meter] === phases)
      .sort((a, b) => a - b);
  const truth = new Set(faults.map((fault) => reach(fault).join(' ')));
  const told = new Set(named.map((one) => reach(one).join(' ')));
  const right = [...told].filter((one) => truth.has(one)).length;
  const out = new Set(faults.flatMap(reach));
  const said = new Set(named.flatMap(reach));
  const both = said.intersection(out).size;
  return {
    precision: right / told.size,
    recall: right / truth.size,
    customerPrecision: both / said.size,
    customerRecall: both / out.size,
  };
}

/** Naive: every transformer with a dark meter. */
export function lowestDevices(bed: Testbed, dark: Iterable<number>): { device: number; phases: number }[] {
  const tree = new DeviceTree(bed.grid);
  return [...new Set([...dark].map((meter) => tree.ofMeter(meter)))].map((device) => ({ device, phases: 0 }));
}

/** Naive: per feeder the lowest device that has every dark meter below it, and everything below that is out. */
export function everythingBelow(bed: Testbed, dark: Iterable<number>): { device: number; phases: number }[] {
  const tree = new DeviceTree(bed.grid);
  const ways = new Map<number, number[]>();
  for (const meter of dark) {
    const way: number[] = [];
    for (let at = tree.ofMeter(meter); at >= 0; at = tree.above(at)) way.push(at);
    const common = ways.get(way.at(-1)!);
    ways.set(way.at(-1)!, common ? common.filter((device) => way.includes(device)) : way);
  }
  return [...ways.values()].map(([device]) => ({ device, phases: 0 }));
}

const batchS = 5;

/** Plays the storm through an engine: messages arrive up to 30 s late and out of order, in batches of 5 s. */
export function play(
  bed: Testbed,
  weather: Storm,
  random: Random,
  thresholds: OutageThresholds = { ...defaultThresholds, mode: 'storm' },
) {
  const run = engineOn(bed, thresholds);
  const batches = new Map<number, { messages: Message[]; calls: Storm['calls'] }>();
  const batchAt = (atS: number) => {
    const batch = Math.ceil(atS / batchS);
    let parts = batches.get(batch);
    if (!parts) {
      parts = { messages: [], calls: [] };
      batches.set(batch, parts);
    }
    return parts;
  };
  for (const message of weather.messages) batchAt(message[2] + random() * 30).messages.push(message);
  for (const call of weather.calls) batchAt(call.atS).calls.push(call);
  const sinceOf = new Map(weather.faults.map(({ device, phases, atS }) => [`${device}/${phases}`, atS]));
  const delays: number[] = [];
  const see = (nowS: number, changes: { outage: { device: number; phases: number; meter: number } }[]): void => {
    for (const { outage } of changes) {
      const key = `${outage.device}/${outage.phases}`;
      const atS = sinceOf.get(key);
      if (atS === undefined || outage.meter >= 0) continue;
      sinceOf.delete(key);
      delays.push(nowS - atS);
    }
  };
  run.engine.setWithoutCommunication(weather.deaf, 0);
  const last = Math.max(...batches.keys(), 1300 / batchS);
  for (let batch = 0; batch <= last; batch++) {
    const nowS = batch * batchS;
    const parts = batches.get(batch);
    if (!parts) {
      see(nowS, run.tick(nowS).changes);
      continue;
    }
    see(nowS, run.send(parts.messages, nowS).changes);
    const calls = parts.calls.map(({ meter, atS }) => ({ meter, atMs: atS * 1000, kind: 'no_power' as const }));
    if (calls.length > 0) see(nowS, run.engine.takeCalls(calls, nowS * 1000).changes);
  }
  see(last * batchS + 60, run.tick(last * batchS + 60).changes);
  return { ...run, delaysS: delays.sort((a, b) => a - b) };
}
