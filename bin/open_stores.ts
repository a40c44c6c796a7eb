/** What a center's data rests in: the operational store with the center's lock, the engines, the ledger and the segments. */
import fs from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { FluxError } from '#model/errors.ts';
import type { Ledger, SegmentSink } from '#model/stream.ts';
import { openAnalytics } from '#services/pipeline/service.ts';
import { type Engine, startEngine } from '#stores/columnar/engine.ts';
import { makeSegmentSink, sweepSegments } from '#stores/columnar/segments.ts';
import { knownSegmentPaths, makeLedger, presentOwners } from '#stores/postgres/ledger.ts';
import type { Client } from '#stores/postgres/pool.ts';
import type { Config } from './config.ts';
import { resubmittedSources } from './resubmit.ts';
import { type CenterLock, holdCenterLock, openStore, type Store } from './store.ts';

export interface Stores {
  store: Store;
  lock: CenterLock;
  /** writes segments; holds no data */
  segmentEngine: Engine;
  analytics: Engine;
  ledger: Ledger<Client>;
  sink: SegmentSink;
}

/** Sources that only the process with the center's lock writes. */
const ownSources = new Set(['http', 'simulation', 'vee', ...Object.values(resubmittedSources)]);

/** @throws FluxError `already_running` where another center holds the store, and those of `openStore` */
export async function openStores(config: Config, log: Logger, fail: (error: Error) => void): Promise<Stores> {
  const store = await openStore(config, 'flux');
  const lock = await holdCenterLock(store, (reason) =>
    fail(new FluxError('lock_lost', `${reason}; this center stops`)),
  ).catch(async (error: unknown) => {
    const isHeld = error instanceof FluxError && error.code === 'already_running';
    await (isHeld ? store.abandon() : store.leave());
    throw error;
  });
  const { pool } = store;
  const { dataFolder } = config;
  const temporaryFolder = path.join(dataFolder, 'tmp');
  await fs.mkdir(temporaryFolder, { recursive: true });
  // Owners first: what is committed between the two is in the second.
  const owners = await presentOwners(pool);
  const orphans = await sweepSegments(
    dataFolder,
    await knownSegmentPaths(pool),
    (source, partition, epoch) => !ownSources.has(source) && epoch >= (owners.get(`${source}/${partition}`) ?? 0),
  );
  if (orphans.length > 0) log.info({ orphans: orphans.length }, 'removed segment files that were never committed');
  const segmentEngine = startEngine({
    name: 'segments',
    path: ':memory:',
    memoryLimit: '512MB',
    threads: 1,
    temporaryFolder,
  });
  const analytics = startEngine({
    name: 'analytics',
    path: path.join(dataFolder, 'analytics.duckdb'),
    memoryLimit: config.analyticsMemory,
    background: true,
    temporaryFolder,
    onOpen: openAnalytics,
  });
  return {
    store,
    lock,
    segmentEngine,
    analytics,
    ledger: makeLedger(pool),
    sink: makeSegmentSink(segmentEngine, dataFolder),
  };
}
