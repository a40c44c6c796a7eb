/**
 * A storm through the real pipeline: the field's truth on one side, a center on the other, between them only what a
 * utility hears. Each step is durable before the next begins, so the same seed gives the same score, however fast the
 * machine is.
 */
import type { HeadEnd } from '#model/headend.ts';
import { makeMeterEventColumns, meterEventCode } from '#model/reading.ts';
import { reportStates } from '#services/network/sql.ts';
import { buildTopology } from '#services/network/topology.ts';
import { simulatedDefaults } from '#sources/headend/simulated.ts';
import {
  type BreadthSettings,
  breadthDefaults,
  networkAsBuilt,
  type PlannedWork,
  plannedWorkOf,
} from '#sources/storm/breadth.ts';
import type { FaultSettings } from '#sources/storm/faults.ts';
import { makeStormField, type StormField, type StormNews } from '#sources/storm/field.ts';
import type { MeterMessage } from '#sources/storm/messages.ts';
import { hashUnit, mix } from '#sources/territory/random.ts';
import type { Config } from '../config.ts';
import type { Progress } from '../territory.ts';
import { type DrillCenter, isOutNow, openDrillCenter } from './drill_center.ts';
import { type FieldCrews, makeFieldCrews } from './field_crews.ts';
import { startLookUps } from './look_ups.ts';
import type { ReportCard } from './report_card.ts';
import { leastStepS, makeScorer, quietStepS, round, type Scorer } from './score.ts';
import { scoreOf } from './score_of.ts';
import { stormGridOf } from './truth.ts';

export interface DrillOptions {
  config: Config;
  seed: number;
  hours: number;
  crews: number | undefined;
  faults?: Partial<FaultSettings>;
  /** lost poles, planned work, wrong records of meters */
  breadth?: Partial<BreadthSettings>;
  /** messages that the head-end passes on in a second; what would wait too long it drops */
  headEndPerS?: number;
  /** messages that are evaluated in a second in storm mode; more wait, bellwethers first */
  evaluatedPerS?: number;
  progress: Progress;
  /** the drill stops there even where somebody is still out, hours */
  mostHours?: number;
}

/** A storm season's afternoon, 17:00 UTC: the clock of every drill begins here. */
export const drillStartMs = Date.UTC(2025, 8, 10, 17);
/** so long after the last repair everything has settled */
const afterwardsS = 900;

export async function runDrill(options: DrillOptions): Promise<ReportCard> {
  const { seed, hours, progress } = options;
  const config = { ...options.config, stormMessagesPerS: options.evaluatedPerS ?? options.config.stormMessagesPerS };
  const breadth = { ...breadthDefaults, ...options.breadth };
  const beganMs = performance.now();
  let atS = 0;
  let changed = false;
  const refused: string[] = [];
  let dark: Uint8Array | undefined;
  const center = await openDrillCenter({
    config,
    nowMs: () => drillStartMs + Math.round(atS * 1000),
    crews: options.crews,
    headEnd: drillHeadEnd(
      seed,
      () => drillStartMs + Math.round(atS * 1000),
      (meter) => dark?.[meter] === 1,
    ),
    news: () => {
      changed = true;
    },
    progress: (share, what) => progress(share * 0.1, what),
  });
  try {
    for (const { area_id } of center.storm.service.modes())
      await center.storm.service.set({ area: area_id, on: true, reason: 'drill' }, 'drill');
    const network = center.network.grid().network;
    const normal = buildTopology(network);
    const planned = plannedWorkOf(network, (edge) => normal.metersBelow(edge), seed, hours, breadth);
    await enterPlanned(center, planned);
    const asBuilt = networkAsBuilt(network, seed, breadth);
    const truth = buildTopology(asBuilt.network);
    const field = makeStormField({
      ...{ network: asBuilt.network, grid: stormGridOf(truth), seed, hours, breadth, planned, faults: options.faults },
      messages: options.headEndPerS === undefined ? {} : { perS: options.headEndPerS },
    });
    dark = field.dark;
    const scorer = makeScorer(
      network,
      {
        edgeAbove: (edge) => normal.edgeAbove(edge),
        upEdge: (node) => normal.upEdge(node),
        customersBelow: (edge) => normal.countBelow(edge).customers,
      },
      field,
      (edge) => truth.isEnergised(network.edge.from[edge]),
    );
    const crews = makeFieldCrews({
      ...{ seed, field, crews: center.crews, outages: center.outages, settled: center.settled },
      edgeAbove: (edge) => truth.edgeAbove(edge),
      transformerOf: (meter) => asBuilt.network.meter.transformer[meter],
      deviceId: (edge) => network.edge.id.at(edge),
      nowMs: () => drillStartMs + Math.round(atS * 1000),
      refused: (what) => refused.push(what),
    });
    const lookUps = startLookUps(center.url, pathsOf(center, seed));
    let darkSeconds = 0;
    let mostDark = 0;
    let quietSinceS: number | null = null;
    const lastS = (options.mostHours ?? hours + 72) * 3600;
    const open = () => center.outages.open().filter(isOutNow);

    const leastS = leastStepS(network.meter.count);
    for (let minuteS = 0; atS < lastS; ) {
      const beforeS = atS;
      // what waits for its turn has it every second
      const mostS = center.storm.holdBack.counts().waiting > 0 ? 1 : quietStepS;
      const nextS = Math.max(atS + leastS, Math.min(Math.ceil(field.nextS()), atS + mostS, minuteS));
      darkSeconds += (field.customersDark() - field.customersPlanned(beforeS)) * (nextS - beforeS);
      atS = nextS;
      changed = false;
      await deliver(center, field.advance(atS), scorer);
      if (changed) scorer.look(atS, open());
      if (atS >= minuteS) {
        minuteS += 60;
        await everyMinute(center, crews, scorer, atS);
        progress(
          0.1 + 0.9 * progressOf(field, atS, hours),
          `hour ${(atS / 3600).toFixed(1)}: ${field.customersDark()} customers out`,
        );
      }
      mostDark = Math.max(mostDark, field.customersDark());
      const isQuiet = atS > hours * 3600 && field.customersDark() === 0 && field.openAt.size === 0;
      quietSinceS = isQuiet ? (quietSinceS ?? atS) : null;
      if (quietSinceS !== null && atS - quietSinceS > afterwardsS && crews.working() === 0) break;
    }
    const measured = await lookUps.stop();
    const score = await scoreOf(center, field, scorer, {
      ...{ seed, hours, meters: network.meter.count, mostDark, refused: refused.length, visits: crews.visits },
      fromMs: drillStartMs,
      toMs: drillStartMs + atS * 1000,
      truthMinutes: darkSeconds / 60,
      ...{ planned, misplaced: asBuilt.misplaced },
      allBackS: quietSinceS,
    });
    const wallS = (performance.now() - beganMs) / 1000;
    return {
      score,
      machine: { wall_s: round(wallS, 1), simulated_s: atS, speed: round(atS / wallS, 1), look_ups: measured },
    };
  } finally {
    await center.stop();
  }
}

/** A head-end over the field that is as deaf as the simulated one, and answers within the moment it is asked. */
function drillHeadEnd(seed: number, nowMs: () => number, isDark: (meter: number) => boolean): HeadEnd {
  const { lossShare, muteShare, reserveShare, capPerRequest } = simulatedDefaults;
  let asked = 0;
  return {
    name: 'head-end of the drill',
    capPerRequest,
    async *ping(meters) {
      const answers = meters.flatMap((meter) => {
        const trait = hashUnit(mix(seed, 0x7ead), meter);
        if (trait < muteShare || hashUnit(mix(seed, 0x4ead), asked++) < lossShare) return [];
        const isLit = !isDark(meter);
        return isLit || 1 - trait <= reserveShare ? [{ meter, isLit, atMs: nowMs() }] : [];
      });
      if (answers.length > 0) yield answers;
    },
  };
}

async function deliver(center: DrillCenter, news: StormNews, scorer: Scorer): Promise<void> {
  const { outages } = center;
  const ids = center.network.grid().network;
  if (news.messages.length > 0) {
    scorer.heard(news.messages);
    await center.door.commitFieldEvents(eventsOf(news.messages, (atS) => drillStartMs + atS * 1000));
    await center.settled();
  }
  if (news.calls.length > 0) {
    // stored together, in their order; what is stored wakes the outages
    await Promise.all(
      news.calls.map(({ id, meter, kind, atS }) =>
        center.calls.take(
          { id, meter: ids.meter.id.at(meter), kind, called_at: new Date(drillStartMs + atS * 1000).toISOString() },
          'drill',
        ),
      ),
    );
    await center.settled();
  }
  if (news.devices.length > 0) {
    const states = news.devices.map(({ edge, open, atS }) => ({
      device_id: ids.edge.id.at(edge),
      event_time: new Date(drillStartMs + Math.round(atS * 1000)).toISOString(),
      state: open ? 'open' : 'closed',
    }));
    await reportStates(center.pool, states, 'drill');
    await center.states.caughtUp();
    await center.settled();
  }
  outages.tick();
  await center.settled();
}

/** The office has entered the work of the day before the storm came. */
async function enterPlanned(center: DrillCenter, planned: readonly PlannedWork[]): Promise<void> {
  const { id } = center.network.grid().network.edge;
  const at = (atS: number): string => new Date(drillStartMs + atS * 1000).toISOString();
  for (const { device, fromS, toS } of planned)
    await center.planned.add({ device_id: id.at(device), from: at(fromS), to: at(toS), reason: 'drill' }, 'drill');
  await center.settled();
}

async function everyMinute(center: DrillCenter, crews: FieldCrews, scorer: Scorer, atS: number): Promise<void> {
  await center.storm.service.look();
  await center.pings.look();
  await center.settled();
  await center.etr.refresh();
  await crews.step(atS);
  await center.settled();
  const open = center.outages.open().filter(isOutNow);
  scorer.look(atS, open);
  scorer.minute(atS, open);
}

/** Messages of the field as events of the door. */
export function eventsOf(messages: readonly MeterMessage[], toMs: (atS: number) => number) {
  const events = makeMeterEventColumns(messages.length);
  for (const { meter, type, stampedS } of messages) {
    const at = events.count++;
    events.meterKey[at] = meter;
    events.eventTimeMs[at] = Math.round(toMs(stampedS));
    events.type[at] = meterEventCode[type];
  }
  return events;
}

function progressOf(field: StormField, atS: number, hours: number): number {
  const weather = Math.min(1, atS / (hours * 3600));
  return weather < 1 ? weather * 0.6 : 0.6 + 0.4 / (1 + field.openAt.size / 10);
}

/** Homes and the map, as the public and the operators ask for them. */
function pathsOf(center: DrillCenter, seed: number): string[] {
  const { meter } = center.network.grid().network;
  const homes = Array.from(
    { length: 200 },
    (_, i) => `/api/restoration?meter=${encodeURIComponent(meter.id.at((seed * 31 + i * 7919) % meter.count))}`,
  );
  return homes.flatMap((home, i) => (i % 10 === 0 ? [home, '/api/outages'] : [home]));
}
