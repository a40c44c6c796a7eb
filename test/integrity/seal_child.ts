/** Brings layers forward, seals every day, drops what is sealed; dies at the step it was told to. One argument: the task as JSON. */
import path from 'node:path';
import pg from 'pg';
import { makePipelineService, openAnalytics } from '#services/pipeline/service.ts';
import { type Engine, startEngine } from '#stores/columnar/engine.ts';
import type { EmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { openPool } from '#stores/postgres/pool.ts';
import { sequenceNetwork } from './sequence.ts';

export interface SealTask {
  dataFolder: string;
  connection: EmbeddedPostgres['connection'];
  /** the step after which it dies, counted from 1; 0 = never */
  dieAt: number;
}

const { dataFolder, connection, dieAt } = JSON.parse(process.argv[2]) as SealTask;
let steps = 0;
let armed = false;
/** A step is a request that was sent and may be carried out in part, or a commit before and after. */
function step(enginePid: number | undefined): void {
  if (!armed || ++steps !== dieAt) return;
  // as if the machine went: the engine does not get to finish either
  if (enginePid) process.kill(enginePid, 'SIGKILL');
  process.kill(process.pid, 'SIGKILL');
}

const analytics = startEngine({
  name: 'analytics',
  path: path.join(dataFolder, 'analytics.duckdb'),
  temporaryFolder: dataFolder,
  onOpen: openAnalytics,
});
async function around<T>(work: () => Promise<T>): Promise<T> {
  const answer = work();
  answer.catch(() => undefined);
  step(analytics.pid());
  return answer;
}
const engine: Engine = { ...analytics, script: (statements, ms) => around(() => analytics.script(statements, ms)) };
const asked = pg.Client.prototype.query as (...given: unknown[]) => unknown;
pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
  if (given[0] === 'commit') step(analytics.pid());
  const answer = asked.apply(this, given);
  if (given[0] === 'commit' && answer instanceof Promise)
    return answer.then((result) => {
      step(analytics.pid());
      return result;
    });
  return answer;
} as typeof pg.Client.prototype.query;

const network = sequenceNetwork();
const pool = openPool({ connection });
const pipeline = makePipelineService({
  pool,
  engine,
  dataFolder,
  network: () => network,
  policy: { sealAfterDays: 0, keepBronzeDays: 0 },
  report: (message, error) => process.stdout.write(`problem ${message}: ${String(error)}\n`),
});
pipeline.networkChanged(network);
await analytics.query('select 1');
armed = true;
await pipeline.caughtUp();
await pipeline.sealBefore(Math.floor(Date.now() / 1000));
await pipeline.tidy();
armed = false;
await pipeline.stop();
await analytics.stop();
await pool.end();
process.stdout.write(`steps ${steps}\n`);
