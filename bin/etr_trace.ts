/** The restoration simulation over what is out in a data folder, beside a running center or a stopped one. */
import { FluxError } from '#model/errors.ts';
import { allCrews } from '#services/crews/sql.ts';
import { isPersons } from '#services/etr/decide.ts';
import type { Stage } from '#services/etr/jobs.ts';
import { type OpenJob, type SimulationSettings, simulationDefaults } from '#services/etr/simulation.ts';
import { newestRevisions, openOutages } from '#services/etr/sql.ts';
import { type RestorationTrace, traceOf } from '#services/etr/trace.ts';
import { placeOfEdge } from '#services/network/assets.ts';
import { networkState } from '#stores/postgres/network_tables.ts';
import type { Config } from './config.ts';
import { crewFacts } from './crews.ts';
import { assumedCrews, hashedDraw, networkPlaces } from './etr.ts';
import { noNetwork } from './stopped_center.ts';
import { openStore } from './store.ts';
import { loadOrCreateNetwork } from './territory.ts';

const stages: readonly string[] = ['en_route', 'on_site'] satisfies Stage[];

/** @throws FluxError `no_network`, `unknown_outage` where it is not open */
export async function traceInFolder(
  config: Config,
  outage: string,
  changes: Partial<SimulationSettings>,
): Promise<RestorationTrace & { crews_assumed: boolean }> {
  const store = await openStore(config, 'flux etr');
  try {
    if (!(await networkState(store.pool))) throw noNetwork();
    const { network } = await loadOrCreateNetwork(store.pool, config, () => undefined);
    const { placeOf } = networkPlaces(
      () => network,
      (edge) => placeOfEdge({ network }, edge),
    );
    const [rows, newest] = await Promise.all([openOutages(store.pool), newestRevisions(store.pool)]);
    const promised = new Map(
      newest
        .filter(({ is_persons, source }) => is_persons && isPersons(source))
        .map(({ outage_id, p50_at }) => [outage_id, Math.floor(p50_at.getTime() / 1000)]),
    );
    const jobs = rows.map((row): OpenJob => {
      const { zone, device, lat, lon } = placeOf(row.device_key, row.meter_key);
      return {
        ...{ id: row.id, area: zone, lat, lon, kind: device, crew: row.crew },
        customers: row.customers_out,
        critical: row.critical_out,
        promisedS: promised.get(row.id) ?? null,
        stage: stages.includes(row.state) ? (row.state as Stage) : 'waiting',
        stageSinceS: Math.floor(row.state_since.getTime() / 1000),
      };
    });
    const settings = { ...simulationDefaults, ...changes };
    const nowS = Math.floor(Date.now() / 1000);
    const roster = crewFacts(await allCrews(store.pool), Date.now());
    const crews = roster.length > 0 ? roster : assumedCrews(network);
    const trace = traceOf(outage, jobs, crews, nowS, settings, hashedDraw(config.seed));
    if (!trace)
      throw new FluxError(
        'unknown_outage',
        `outage ${outage} is not open; ${jobs.length} others are, see GET /api/outages`,
      );
    return { ...trace, crews_assumed: roster.length === 0 };
  } finally {
    await store.leave();
  }
}
