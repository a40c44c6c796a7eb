/**
 * The look-up of one home behind the frame, twice: from memory as a center does it, and from Redis with the answer of each
 * meter ready under its key (one GET, the least a Redis application can do). Both follow the same storm: outages that
 * change all the time. A process of its own, so that asking does not delay it.
 */
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { makeMetrics } from '#http/metrics.ts';
import { makeHub } from '#http/push.ts';
import { makeServer } from '#http/server.ts';
import type { Outage } from '#model/api/outages.ts';
import { Restoration } from '#model/api/restoration.ts';
import { FluxError } from '#model/errors.ts';
import type { RouteDeclaration } from '#model/route.ts';
import { restorationRoutes } from '#services/restoration/routes.ts';
import { makeRestorationService } from '#services/restoration/service.ts';

export interface LookUpServerTask {
  meters: number;
  outages: number;
  customersPerOutage: number;
  /** outages that change in a second */
  changesPerSecond: number;
  redisSocket: string;
}

const meterId = (row: number): string => `MTR-${String(row + 1).padStart(7, '0')}`;

function outageOf(number: number, revision: number, customers: number): Outage {
  const now = new Date().toISOString();
  return {
    id: `OUT-${number}`,
    state: 'on_site',
    customers_out: customers,
    crew: 'crew',
    cause: 'tree',
    started_at: now,
    updated_at: now,
    etr_p50: new Date(Date.now() + 3_600_000).toISOString(),
    etr_p90: new Date(Date.now() + 9_000_000).toISOString(),
    etr_source: 'model',
    revision,
  } as Outage;
}

process.once('message', async (task: LookUpServerTask) => {
  const { meters, outages, customersPerOutage } = task;
  const redis = new Redis({ path: task.redisSocket, enableAutoPipelining: true });
  const membersOf = (id: string): number[] => {
    const number = Number(id.slice(4));
    return Array.from({ length: customersPerOutage }, (_, i) => (number * 7919 + i) % meters);
  };
  const service = makeRestorationService({
    meterCount: () => meters,
    meterRowOf: (id) => Number(id.slice(4)) - 1,
    membersOf,
    plannedOf: () => undefined,
    currentToMs: Date.now,
    timeZone: 'America/Chicago',
  });
  const answerOf = (row: number): string => service.answer({ meter: meterId(row) }, 'en');
  const keep = async (rows: number[]): Promise<void> => {
    for (let i = 0; i < rows.length; i += 2000)
      await redis.mset(rows.slice(i, i + 2000).flatMap((row) => [`home:${meterId(row)}`, answerOf(row)]));
  };
  const revisions = new Map<number, number>();
  const change = async (number: number): Promise<void> => {
    const revision = (revisions.get(number) ?? 0) + 1;
    revisions.set(number, revision);
    service.follow([{ outage: outageOf(number, revision, customersPerOutage), isOpen: true }]);
    await keep(membersOf(`OUT-${number}`));
  };
  await keep(Array.from({ length: meters }, (_, row) => row));
  for (let number = 0; number < outages; number++) await change(number);
  let next = 0;
  setInterval(() => {
    for (let i = 0; i < task.changesPerSecond / 10; i++) void change(next++ % outages);
  }, 100);

  const fromRedis: RouteDeclaration = {
    method: 'GET',
    path: '/api/restoration_redis',
    summary: 'the opponent',
    role: 'public',
    scope: { kind: 'none' },
    response: Restoration,
    handle: async ({ query }) => {
      const text = await redis.get(`home:${String(query.meter)}`);
      if (text === null) throw new FluxError('unknown_meter', 'unknown');
      return { bytes: Buffer.from(text), contentType: 'application/json; charset=utf-8' };
    },
  };
  const server = await makeServer({
    version: 'bench',
    logger: pino({ level: 'silent' }),
    // nobody signs in: public routes never ask
    access: {} as never,
    hub: makeHub({ snapshot: () => ({}) as never, packEdges: () => '' }),
    metrics: makeMetrics(),
    isReady: async () => ({ store: true, network: true }),
    webFolder: '/nonexistent',
    secureCookies: false,
    routes: [...restorationRoutes({ service, timeZone: 'UTC', perMinute: undefined, frame: () => '' }), fromRedis],
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  process.send?.(url);
  process.on('disconnect', () => process.exit(0));
});
