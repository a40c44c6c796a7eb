/** Where a center's network comes from: the snapshot file, else the tables, else (first start) the generator. */
import { messageOf } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { networkSha256, readSnapshot, writeSnapshot } from '#stores/network_snapshot.ts';
import { networkState, readNetwork, writeNetwork } from '#stores/postgres/network_tables.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import type { Config } from './config.ts';

export interface LoadedNetwork {
  network: NetworkColumns;
  version: string;
  /** generator seed; 0 for a network that was imported first */
  seed: number;
  /** made by the generator, now or by an earlier start */
  isSynthetic: boolean;
  created: boolean;
}

export type Progress = (share: number, what: string) => void;

export async function loadOrCreateNetwork(pool: Pool, config: Config, progress: Progress): Promise<LoadedNetwork> {
  const state = await networkState(pool);
  if (!state) return createTerritory(pool, config, progress);
  let network = await readSnapshot(config.dataFolder, state.sha256);
  if (!network) {
    progress(0.2, 'the network snapshot is missing or older than the database: writing it again from the tables');
    network = await readNetwork(pool);
    await writeSnapshot(config.dataFolder, network);
    await pool.query('update network_state set sha256 = $1', [networkSha256(network)]);
  }
  const isSynthetic = state.seed !== null;
  return { network, version: String(state.version), seed: state.seed ?? 0, isSynthetic, created: false };
}

async function createTerritory(pool: Pool, config: Config, progress: Progress): Promise<LoadedNetwork> {
  const network = generateTerritory({
    scale: config.scale,
    seed: config.seed,
    onProgress: (share, what) => progress(share * 0.5, what),
  });
  progress(0.5, 'writing the snapshot');
  const sha256 = await writeSnapshot(config.dataFolder, network);
  progress(0.55, `loading ${network.meter.count.toLocaleString('en-US')} meters into the database`);
  const version = await writeNetwork(pool, network, { sha256, seed: config.seed });
  // Fresh statistics now: the first look-ups should not wait for autovacuum.
  progress(0.95, 'analysing tables');
  await pool
    .query('analyze area, substation, feeder, connectivity_node, equipment, meter')
    .catch((error: unknown) => progress(0.95, messageOf(error)));
  return { network, version: String(version), seed: config.seed, isSynthetic: true, created: true };
}
