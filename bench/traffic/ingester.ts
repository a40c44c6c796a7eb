/**
 * A process that takes readings in as an ingest worker does: columns, a segment, one transaction, several commits a
 * second at an even rate. What it costs the center is what the stores cost, not the parsing of requests.
 */
import { scaleFrom } from '#bin/config.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink } from '#stores/columnar/segments.ts';
import { makeLedger } from '#stores/postgres/ledger.ts';
import { openPool, type PoolOptions } from '#stores/postgres/pool.ts';
import { commitReadings } from '#stream/commit.ts';
import { atRate } from './http_client.ts';
import { readingBatches } from './reading_bodies.ts';

export interface IngesterTask {
  folder: string;
  connection: PoolOptions['connection'];
  scale: string;
  firstIntervalS: number;
}
export interface IngesterRun {
  perSecond: number;
  seconds: number;
}
export interface IngesterReport {
  /** ms from having the columns to durable */
  commitsMs: number[];
}

const commitsPerSecond = 4;

process.once('message', async (task: IngesterTask) => {
  const known = task.scale === 'demo' || task.scale === 'poc';
  const network = generateTerritory({ scale: scaleFrom(known ? task.scale : Number(task.scale)), seed: 1 });
  const pool = openPool({ connection: task.connection, max: 2, applicationName: 'flux bench ingester' });
  const engine = startEngine({ name: 'segments', path: ':memory:', threads: 1, temporaryFolder: task.folder });
  const ledger = makeLedger(pool, { announce: true });
  const sink = makeSegmentSink(engine, task.folder);
  const claim = await ledger.claim('ingester', 0, 'reading');
  const batches = new Map<number, ReturnType<typeof readingBatches>>();
  let startS = task.firstIntervalS;

  async function run({ perSecond, seconds }: IngesterRun): Promise<void> {
    const rows = Math.round(perSecond / commitsPerSecond);
    if (!batches.has(rows)) batches.set(rows, readingBatches(network, startS, rows));
    const commitsMs: number[] = [];
    let last: Promise<unknown> = Promise.resolve();
    await atRate(commitsPerSecond, seconds, () => {
      const readings = batches.get(rows)!.next().value!;
      const given = performance.now();
      startS = readings.intervalStartS[readings.count - 1];
      last = last.then(async () => {
        const offsetFrom = claim.nextOffset;
        await commitReadings(
          sink,
          ledger,
          claim,
          {
            ...{ source: 'ingester', partition: 0, offsetFrom, offsetTo: offsetFrom + rows },
            ...{ receivedAtMs: Date.now(), readings, setAside: [] },
          },
          { tellDuplicates: false },
        );
        commitsMs.push(performance.now() - given);
      });
      return last;
    });
    process.send?.({ commitsMs } satisfies IngesterReport);
  }
  process.on('message', (next: IngesterRun) => void run(next));
  process.on('disconnect', () => process.exit(0));
  process.send?.('ready');
});
