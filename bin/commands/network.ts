import { existsSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { appendNetwork } from '#model/append_network.ts';
import { FluxError } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import { makeNetworkService } from '#services/network/service.ts';
import { localDate } from '#services/reliability/med.ts';
import { placesOf } from '#services/reliability/places.ts';
import { keepServed } from '#services/reliability/served_sql.ts';
import { readOpenDss } from '#sources/opendss/read_opendss.ts';
import { writeSnapshot } from '#stores/network_snapshot.ts';
import { networkState, type StoredRows, writeNetwork } from '#stores/postgres/network_tables.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { type Config, readConfig } from '../config.ts';
import { openStore } from '../store.ts';
import { progressLine } from '../terminal.ts';
import { loadOrCreateNetwork } from '../territory.ts';

interface ImportFlags {
  format: string;
  data?: string;
  epsg?: string;
  place?: string;
  name?: string;
  dryRun?: boolean;
  json?: boolean;
}

export function networkCommands(program: Command, dataOption: () => Option): void {
  const network = program.command('network').description('the grid: import, trace');
  network
    .command('import')
    .description('read a network into the territory; a running center takes it over at once')
    .argument('<path>', 'master file, or the folder that holds it')
    .requiredOption('--format <format>', 'opendss')
    .option('--epsg <code>', 'coordinate system of the file where it is not lon/lat')
    .option('--place <lon,lat>', 'where to put a network whose coordinates are schematic')
    .option('--name <name>', 'name of the imported network; keeps its ids apart from others')
    .option('--dry-run', 'read and report, change nothing')
    .addOption(dataOption())
    .option('--json', 'one JSON document')
    .action(importNetwork);
  network
    .command('trace')
    .description('what hangs below an asset, what feeds it, or what isolates it')
    .argument('<id>', 'asset id')
    .requiredOption('--direction <direction>', 'down, up or isolate')
    .addOption(dataOption())
    .option('--json', 'one JSON document')
    .action(traceNetwork);
}

function placeFrom(text: string | undefined): { lon: number; lat: number } | undefined {
  if (text === undefined) return undefined;
  const [lon, lat] = text.split(',').map(Number);
  if (!(Math.abs(lon) <= 180 && Math.abs(lat) <= 90))
    throw new FluxError('bad_usage', `--place must be lon,lat in degrees, e.g. --place -95.37,29.76, not ${text}`);
  return { lon, lat };
}

async function importNetwork(source: string, flags: ImportFlags): Promise<void> {
  if (flags.format !== 'opendss')
    throw new FluxError('bad_usage', `--format ${flags.format} is not known; this version reads opendss`);
  if (!existsSync(source))
    throw new FluxError('no_such_file', `${source} does not exist; give the master file (Master.dss) or its folder`);
  const epsg = flags.epsg === undefined ? undefined : Number(flags.epsg);
  if (epsg !== undefined && !Number.isInteger(epsg))
    throw new FluxError('bad_usage', `--epsg must be a number, e.g. --epsg 2278, not ${flags.epsg}`);
  const { network: addition, report } = readOpenDss(source, { epsg, place: placeFrom(flags.place), name: flags.name });
  const { config } = readConfig({ dataFolder: flags.data }, process.env);
  const outcome = flags.dryRun ? { network_version: null, meters_total: null } : await storeAddition(config, addition);
  if (flags.json) process.stdout.write(`${JSON.stringify({ ...report, ...outcome }, null, 2)}\n`);
  else
    process.stdout.write(
      `${JSON.stringify(report, null, 2)}\n${outcome.network_version ? `network version ${outcome.network_version}: ${outcome.meters_total!.toLocaleString('en-US')} meters in all\n` : 'nothing was changed (--dry-run)\n'}`,
    );
}

async function storeAddition(
  config: Config,
  addition: NetworkColumns,
): Promise<{ network_version: number; meters_total: number }> {
  const progress = progressLine();
  const store = await openStore(config, 'flux import');
  try {
    const { base, stored, seed } = await baseNetwork(store.pool, config, progress.show);
    const merged = base ? appendNetwork(base, addition) : addition;
    progress.show(0.6, 'writing the network');
    const sha256 = await writeSnapshot(config.dataFolder, merged);
    const version = await writeNetwork(store.pool, merged, { sha256, seed, stored });
    await keepServed(store.pool, localDate(Date.now(), config.timeZone), placesOf(merged));
    return { network_version: version, meters_total: merged.meter.count };
  } finally {
    progress.done();
    await store.leave();
  }
}

/** The territory as it is, or none where this is the first thing in an empty store. */
async function baseNetwork(
  pool: Pool,
  config: Config,
  progress: (share: number, what: string) => void,
): Promise<{ base?: NetworkColumns; stored?: StoredRows; seed?: number }> {
  if (!(await networkState(pool))) return {};
  const { network: base, seed } = await loadOrCreateNetwork(pool, config, progress);
  return {
    base,
    seed,
    stored: {
      areas: base.area.count,
      substations: base.substation.count,
      feeders: base.feeder.count,
      nodes: base.node.count,
      edges: base.edge.count,
      meters: base.meter.count,
    },
  };
}

async function traceNetwork(id: string, flags: { direction: string; data?: string; json?: boolean }): Promise<void> {
  const { direction } = flags;
  if (direction !== 'down' && direction !== 'up' && direction !== 'isolate')
    throw new FluxError('bad_usage', `--direction must be down, up or isolate, not ${direction}`);
  const { config } = readConfig({ dataFolder: flags.data }, process.env);
  const store = await openStore(config, 'flux trace');
  try {
    if (!(await networkState(store.pool)))
      throw new FluxError(
        'no_network',
        'there is no network here yet; `flux start` makes one, `flux network import` brings one',
      );
    const loaded = await loadOrCreateNetwork(store.pool, config, () => undefined);
    const service = makeNetworkService({ pool: store.pool, operated: () => undefined });
    await service.replace(loaded.network, loaded.version);
    const { edge_rows: _rows, ...trace } = service.trace(id, direction, false);
    if (flags.json) process.stdout.write(`${JSON.stringify(trace, null, 2)}\n`);
    else {
      const { devices, alternate_feeds: feeds, ...facts } = trace;
      for (const [name, value] of Object.entries(facts))
        process.stdout.write(
          `${name.padEnd(20)}${typeof value === 'number' ? Math.round(value * 100) / 100 : value}\n`,
        );
      for (const device of devices)
        process.stdout.write(
          `${direction === 'isolate' ? 'open' : 'through'.padEnd(18)}  ${device.id} (${device.kind})\n`,
        );
      for (const feed of feeds)
        process.stdout.write(`alternate feed      ${feed.id} (${feed.kind}) from ${feed.feeder_id}\n`);
    }
  } finally {
    await store.leave();
  }
}
