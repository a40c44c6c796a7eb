/**
 * A process to be killed: ingests the sequence from where the ledger stands, through the real sink and the real ledger,
 * and says after each commit how far it got. Planted bugs end it themselves at the worst moment.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Batch, Ledger, SegmentSink } from '#model/stream.ts';
import { makePipelineService, openAnalytics } from '#services/pipeline/service.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink, sweepSegments } from '#stores/columnar/segments.ts';
import { knownSegmentPaths, makeLedger } from '#stores/postgres/ledger.ts';
import { openPool } from '#stores/postgres/pool.ts';
import { commitReadings } from '#stream/commit.ts';
import { readingsBetween, rowAt, sequenceNetwork } from './sequence.ts';

export interface ChildTask {
  dataFolder: string;
  connection: { host: string; user: string; database: string };
  source: string;
  /** also brings the layers forward, after each commit */
  layers?: boolean;
  /** ends by itself after so many commits */
  batches?: number;
  /** most readings of a batch, 300 unless said */
  rows?: number;
  plant?: 'offsets_first' | 'blind_retry' | 'early_answer' | 'hot_rows_later';
}

const { dataFolder, connection, source, layers, batches, rows, plant } = JSON.parse(process.argv[2]) as ChildTask;
const say = (line: string): void => {
  fs.writeSync(1, `${line}\n`);
};
const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
};

const pool = openPool({ connection, max: 4 });
await sweepSegments(dataFolder, await knownSegmentPaths(pool));
const engine = startEngine({ name: 'segments', path: ':memory:', threads: 1, temporaryFolder: dataFolder });
const sink = makeSegmentSink(engine, dataFolder);
const ledger = makeLedger(pool);

/** How ingestion goes wrong: each is a way somebody could have written it. */
const plants: Record<NonNullable<ChildTask['plant']>, { sink: SegmentSink; ledger: Ledger }> = {
  // the position moves first, the file follows
  offsets_first: {
    sink: {
      write: async (batch, epoch) => ({
        ...(await sink.write(batch, epoch)),
        path: `${batch.offsetFrom}-planned.parquet`,
      }),
    },
    ledger: {
      ...ledger,
      commitReadings: async (claim, batch, manifest) => {
        await ledger.commitReadings(claim, batch, manifest);
        return die();
      },
    },
  },
  // an answer that did not come is taken for a failure, and the rows are sent again behind it
  blind_retry: {
    sink,
    ledger: {
      ...ledger,
      commitReadings: async (claim, batch, manifest) => {
        await ledger.commitReadings(claim, batch, manifest);
        const size = batch.offsetTo - batch.offsetFrom;
        const again: Batch = { ...batch, offsetFrom: batch.offsetTo, offsetTo: batch.offsetTo + size };
        await ledger.commitReadings(claim, again, await sink.write(again, claim.epoch));
        say(`acknowledged ${batch.offsetTo}`);
        return die();
      },
    },
  },
  // answered when the segment is written, before the ledger knows
  early_answer: {
    sink: {
      write: async (batch, epoch) => {
        await sink.write(batch, epoch);
        say(`acknowledged ${batch.offsetTo}`);
        return die();
      },
    },
    ledger,
  },
  // the hot window is not part of the transaction
  hot_rows_later: {
    sink,
    ledger: {
      ...ledger,
      commitReadings: async (claim, batch, manifest) => {
        const before = await pool.query('select * from ami_realtime');
        const done = await ledger.commitReadings(claim, batch, manifest);
        await pool.query('truncate ami_realtime');
        for (const row of before.rows)
          await pool.query('insert into ami_realtime values ($1, $2, $3, $4, $5, $6, $7)', Object.values(row));
        say(`acknowledged ${batch.offsetTo}`);
        return done && die();
      },
    },
  },
};
const used = plant ? plants[plant] : { sink, ledger };

const analytics = layers
  ? startEngine({
      name: 'analytics',
      path: path.join(dataFolder, 'analytics.duckdb'),
      temporaryFolder: dataFolder,
      onOpen: openAnalytics,
    })
  : undefined;
const network = sequenceNetwork();
const pipeline = analytics
  ? makePipelineService({
      pool,
      engine: analytics,
      dataFolder,
      network: () => network,
      report: (message, error) => say(`problem ${message}: ${String(error)}`),
    })
  : undefined;
await pipeline?.networkChanged(network);

const claim = await used.ledger.claim(source, 0, 'reading');
await engine.query('select 1');
say(`ready ${claim.nextOffset}`);
for (let done = 0; done < (batches ?? Number.POSITIVE_INFINITY); done++) {
  const offsetFrom = claim.nextOffset;
  // sizes differ from run to run: a repeated batch is not the same batch
  const offsetTo = offsetFrom + 1 + Math.floor(Math.random() * (rows ?? 300));
  await commitReadings(used.sink, used.ledger, claim, {
    source,
    partition: 0,
    offsetFrom,
    offsetTo,
    // as if each came when its interval ended: older ones would not enter the hot window
    receivedAtMs: rowAt(offsetTo).intervalStartS * 1000,
    readings: readingsBetween(offsetFrom, offsetTo),
    setAside: [],
  });
  say(`acknowledged ${offsetTo}`);
  await pipeline?.caughtUp();
}
process.exit(0);
