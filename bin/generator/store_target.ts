/** Straight through the ledger of a data folder: the position of the run moves in the transaction of its readings. */
import path from 'node:path';
import { FluxError } from '#model/errors.ts';
import { intervalS } from '#model/generator.ts';
import { makeMeterEventColumns, meterEventCode } from '#model/reading.ts';
import { storeObservations } from '#services/pipeline/sql.ts';
import { lmpUsdPerMwh } from '#sources/generator/price.ts';
import type { Piece } from '#sources/generator/run.ts';
import { temperatureC } from '#sources/generator/weather.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink } from '#stores/columnar/segments.ts';
import { makeLedger } from '#stores/postgres/ledger.ts';
import { inTransaction } from '#stores/postgres/pool.ts';
import { commitEvents, commitReadings } from '#stream/commit.ts';
import type { RunTarget, TargetNeeds } from './targets.ts';

/** A commit of a quarter of a second: what a busy PostgreSQL does not notice, and a pause does not wait for. */
const pieceRows = 250_000;

/** @throws FluxError `run_damaged` where the ledger and the run disagree about how far it got */
export async function storeTarget({ options, from, store }: TargetNeeds): Promise<RunTarget> {
  if (!store) throw new FluxError('bad_usage', 'say whose store: --to store needs --data FOLDER');
  const { pool, dataFolder, source } = store;
  const ledger = makeLedger(pool, { announce: true });
  const claim = await ledger.claim(source, 0, 'reading');
  if (claim.nextOffset !== from.rows)
    throw new FluxError(
      'run_damaged',
      `the ledger holds ${claim.nextOffset} readings of ${source}, the run ${from.rows}`,
    );
  const eventClaim = options.events ? await ledger.claim(`${source}-events`, 0, 'event') : undefined;
  const engine = startEngine({
    name: 'generate',
    path: ':memory:',
    threads: 1,
    memoryLimit: '512MB',
    temporaryFolder: path.join(dataFolder, 'tmp'),
  });
  const sink = makeSegmentSink(engine, dataFolder);
  let observedToS = 0;

  /** Weather and price from the model the loads follow; what was observed already stays. */
  async function observe({ readings }: Piece): Promise<void> {
    let newestS = observedToS;
    let oldestS = Number.POSITIVE_INFINITY;
    for (let i = 0; i < readings.count; i++) {
      const at = readings.intervalStartS[i];
      if (at > newestS) newestS = at;
      if (at < oldestS) oldestS = at;
    }
    const atS: number[] = [];
    for (let at = Math.max(oldestS, observedToS + intervalS); at <= newestS; at += intervalS) atS.push(at);
    if (atS.length === 0) return;
    await storeObservations(
      pool,
      source,
      atS,
      atS.map((at) => temperatureC(at, options.seed, options.weather)),
      atS.map((at) => lmpUsdPerMwh(at, options.seed)),
    );
    observedToS = newestS;
  }

  /** Events have a transaction of their own: what an ended run committed of a piece is left out of it. */
  async function takeEvents({ events, from: at }: Piece): Promise<void> {
    if (!eventClaim) return;
    const rest = events.slice(eventClaim.nextOffset - at.events);
    if (rest.length === 0) return;
    const columns = makeMeterEventColumns(rest.length);
    for (const { meter, type, eventTimeMs } of rest) {
      const i = columns.count++;
      columns.meterKey[i] = meter;
      columns.eventTimeMs[i] = eventTimeMs;
      columns.type[i] = meterEventCode[type];
    }
    await commitEvents(ledger, eventClaim, {
      source: eventClaim.source,
      partition: 0,
      offsetFrom: eventClaim.nextOffset,
      offsetTo: eventClaim.nextOffset + rest.length,
      receivedAtMs: Date.now(),
      events: columns,
      setAside: [],
    });
  }

  return {
    pieceRows,
    take: async (piece, save) => {
      await observe(piece);
      await takeEvents(piece);
      const { readings, from: at, to } = piece;
      if (readings.count === 0) {
        await inTransaction(pool, (client) => save(0, client));
        return 0;
      }
      let bytes = 0;
      const measured = {
        write: async (...given: Parameters<typeof sink.write>) => {
          const manifest = await sink.write(...given);
          bytes = manifest.byteCount;
          return manifest;
        },
      };
      await commitReadings(
        measured,
        ledger,
        claim,
        {
          source,
          partition: 0,
          offsetFrom: at.rows,
          offsetTo: to.rows,
          receivedAtMs: Date.now(),
          readings,
          setAside: [],
        },
        { tellDuplicates: false, alongside: (client) => save(bytes, client) },
      );
      return bytes;
    },
    end: () => engine.stop(),
  };
}
