/** The live simulation joined to the center: readings through the ledger, field events through the same door as everyone's. */
import { FluxError } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { MeterEventColumns } from '#model/reading.ts';
import type { Claim, Ledger, SegmentSink } from '#model/stream.ts';
import { buildTopology, type Topology } from '#services/network/topology.ts';
import { storeObservations } from '#services/pipeline/sql.ts';
import { makeReadingGenerator } from '#sources/generator/generate_readings.ts';
import { lmpUsdPerMwh } from '#sources/generator/price.ts';
import { temperatureC } from '#sources/generator/weather.ts';
import { makeField } from '#sources/simulation/field.ts';
import { makeLiveReadings } from '#sources/simulation/live_readings.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { commitReadings } from '#stream/commit.ts';
import type { Config } from './config.ts';
import { type LiveStormPieces, makeLiveStorm } from './storm/live.ts';

export interface SimulationNeeds {
  config: Config;
  seed: number;
  network: NetworkColumns;
  /** the switch states the simulation begins with */
  grid: Topology;
  pool: Pool;
  sink: SegmentSink;
  ledger: Ledger;
  backfillIntervals: number;
  takeEvents: (events: MeterEventColumns) => Promise<void>;
  /** meters without supply when the last run ended */
  darkMeters: Int32Array;
  say: (text: string, edge: number, at: string) => void;
  report: (message: string, error: unknown) => void;
  storm: LiveStormPieces;
}

export interface Simulation {
  /** the truth, for the simulated head-end alone */
  isDark(meter: number): boolean;
  /** forecast of a storm that is played: the strongest gust that comes to an area */
  gustAhead(area: string): { metresPerS: number; atMs: number } | null;
  operate(edge: number, open: boolean): void;
  stop(): Promise<void>;
}

const fieldStepMs = 200;
const readingsStepMs = 1000;
const maxRowsPerCommit = 250_000;
const gaspLossShare = 0.04;

export function startSimulation(needs: SimulationNeeds): Simulation {
  const { network, config, seed } = needs;
  const isOpen = Uint8Array.from({ length: network.edge.count }, (_, edge) => (needs.grid.isOpen(edge) ? 1 : 0));
  const truth = buildTopology(network, isOpen, needs.grid.graph);
  const { meterOffset, meters } = truth.graph;
  const metersAt = (nodes: Int32Array): Int32Array => {
    const found: number[] = [];
    for (const node of nodes) for (let k = meterOffset[node]; k < meterOffset[node + 1]; k++) found.push(meters[k]);
    return Int32Array.from(found);
  };
  const storm =
    config.stormSeed === undefined
      ? undefined
      : makeLiveStorm(
          {
            ...{ network, truth, seed: config.stormSeed, hours: config.stormHours },
            ...{ startMs: Date.now(), speed: config.speed },
          },
          needs.storm,
        );
  const single = makeField({
    network,
    grid: {
      setOpen: (edge, open) => truth.setOpen(edge, open),
      isOpen: (edge) => truth.isOpen(edge),
      edgesBelow: (edge) => truth.edgesBelow(edge),
      countBelow: (edge) => truth.countBelow(edge),
      metersAt,
    },
    seed: seed ^ Math.floor(Date.now() / 1000),
    startMs: Date.now(),
    speed: config.speed,
    gaspLossShare,
  });
  const field = storm ?? single;
  field.wake(needs.darkMeters, Date.now());
  const live = makeLiveReadings(network, makeReadingGenerator(network, { seed }), field.dark, needs.backfillIntervals);
  let stopped = false;

  /** Runs `work` again and again, one at a time, until stopped; a failure is reported and waited out. */
  function repeat(everyMs: number, work: () => Promise<boolean>): Promise<void> {
    return (async () => {
      let waitMs = everyMs;
      while (!stopped) {
        try {
          waitMs = (await work()) ? 0 : everyMs;
        } catch (error) {
          if (!stopped) needs.report('the simulation could not go on; tried again in 2 s', error);
          waitMs = 2000;
        }
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    })();
  }

  let claim: Claim | undefined;
  const readingsLoop = repeat(readingsStepMs, async () => {
    try {
      claim ??= await needs.ledger.claim('simulation', 0, 'reading');
      const piece = live.next(Date.now(), claim.nextOffset, maxRowsPerCommit);
      if (!piece) return false;
      await observe(needs.pool, piece.newIntervalsS, seed);
      await commitReadings(needs.sink, needs.ledger, claim, {
        source: 'simulation',
        partition: 0,
        offsetFrom: claim.nextOffset,
        offsetTo: piece.offsetTo,
        receivedAtMs: Date.now(),
        readings: piece.readings,
        setAside: [],
      });
      return piece.readings.count === maxRowsPerCommit;
    } catch (error) {
      claim = undefined;
      if (error instanceof FluxError && error.code === 'fenced') return false;
      throw error;
    }
  });
  const unsent: MeterEventColumns[] = [];
  const fieldLoop = repeat(fieldStepMs, async () => {
    const { events, notes } = field.advance(Date.now());
    for (const note of notes) needs.say(note.text, note.edge, note.at);
    unsent.push(events);
    // A head-end keeps what it could not deliver.
    for (; unsent.length > 0; unsent.shift()) await needs.takeEvents(unsent[0]);
    await storm?.settle(Date.now());
    return false;
  });
  return {
    gustAhead: (area) => storm?.gustAhead(area) ?? null,
    isDark: (meter) => field.dark[meter] === 1,
    operate: (edge, open) => field.operate(edge, open, Date.now()),
    stop: async () => {
      stopped = true;
      await Promise.all([readingsLoop, fieldLoop]);
    },
  };
}

/** Weather and price of intervals, from the same model the loads follow. */
async function observe(pool: Pool, intervalsS: number[], seed: number): Promise<void> {
  if (intervalsS.length === 0) return;
  await storeObservations(
    pool,
    'simulation',
    intervalsS,
    intervalsS.map((at) => temperatureC(at, seed)),
    intervalsS.map((at) => lmpUsdPerMwh(at, seed)),
  );
}
