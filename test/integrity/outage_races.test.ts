/** People, messages and the network at the same time: what one of them does is not lost by what another does meanwhile. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { PlannedWindow } from '#services/outages/engine_records.ts';
import { all, feeder, messages } from '#services/outages/engine_testbed.ts';
import { makePlannedService } from '#services/outages/planned.ts';
import { makeOutageService, type OutageService } from '#services/outages/service.ts';
import { defaultThresholds } from '#services/outages/thresholds.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { writeNetwork } from '#stores/postgres/network_tables.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { servers, startServer, type TestServer } from '../stores/servers.ts';

let on: TestServer;
let service: OutageService;
const bed = feeder();
let lastEventId = 0;
before(async () => {
  on = await startServer(servers[0]);
  await migrate(on.pool);
  await writeNetwork(on.pool, bed.network, { sha256: 'x', seed: 1 });
});
after(() => on?.stop());
afterEach(() => service?.stop());

/** The real pool, a query of which answers late; `connect` is a client for a transaction. */
function slow(name: string, lateMs: (time: number) => number): Pool {
  let times = 0;
  const connect = async (): Promise<unknown> => {
    await delay(lateMs(times++));
    return on.pool.connect();
  };
  const query = async (given: { name?: string }): Promise<unknown> => {
    const answer = await (on.pool.query as (query: unknown) => Promise<unknown>)(given);
    if (given.name === name) await delay(lateMs(times++));
    return answer;
  };
  return new Proxy(on.pool, {
    get: (pool, key) => {
      if (key === 'query') return query;
      if (key === 'connect' && name === 'connect') return connect;
      const value: unknown = Reflect.get(pool, key);
      return typeof value === 'function' ? value.bind(pool) : value;
    },
  });
}

async function start(pool: Pool): Promise<void> {
  service = makeOutageService({
    ...{ pool, thresholds: defaultThresholds },
    grid: () => ({ view: bed.grid, network: bed.network, placeOf: () => ({ lon: 0, lat: 0 }) }),
    etrOf: () => null,
    positions: async () => [],
    planned: async () => [],
    withoutCommunication: async () => [],
    changed: () => undefined,
    report: (message, error) => assert.fail(`${message}: ${String(error)}`),
  });
  await service.start();
}
function send(meters: readonly number[], type: 'last_gasp' | 'power_restored', atS: number): void {
  const before = lastEventId;
  lastEventId += meters.length;
  service.apply(messages(all(meters, type, atS)), before, lastEventId, Date.now());
}

describe('people and the engine', () => {
  test('G4 an action is done while messages never pause and each write takes longer than the next message', async () => {
    await start(slow('connect', () => 100));
    const startS = Math.floor(Date.now() / 1000) - 7200;
    send(bed.below('F1'), 'last_gasp', startS);
    await service.settled();
    const [{ id }] = service.open();
    let sent = 0;
    const storm = setInterval(() => {
      send(bed.below('V1'), sent % 2 === 0 ? 'last_gasp' : 'power_restored', startS + 60 + 300 * sent);
      sent++;
    }, 1);
    try {
      const acted = service.act(id, { verb: 'confirm', reason: 'seen', revision: 1 }, 'ann');
      const done = await Promise.race([acted.then(({ outage }) => outage.state), delay(4000, 'still waiting')]);
      assert.equal(done, 'confirmed');
      assert.ok(sent > 10, `${sent} messages meanwhile`);
    } finally {
      clearInterval(storm);
    }
  });

  test('G4 what a person does while the network is replaced is not forgotten', async () => {
    await start(slow('outage_needed_records', () => 300));
    const [{ id }] = service.open();
    const replaced = service.gridReplaced();
    const acted = service.act(id, { verb: 'assign', crew: 'LN-1' }, 'ann');
    const placed = service.place('F2', { reason: 'seen hanging' }, 'ann');
    await Promise.all([replaced, acted, placed]);
    const open = service.open().filter((outage) => outage.state !== 'restored');
    assert.deepEqual(open.map((outage) => [outage.device_id, outage.state]).sort(), [
      ['F1', 'assigned'],
      ['F2', 'confirmed'],
    ]);
    // the engine knows it, not the store alone
    const next = await service.act(id, { verb: 'depart' }, 'ann');
    assert.deepEqual([next.outage.state, next.outage.crew], ['en_route', 'LN-1']);
  });
});

test('P11 windows entered in the same moment are all told, however late the store answers the first', async () => {
  let told: PlannedWindow[] = [];
  const planned = makePlannedService({
    pool: slow('planned_outage_ending_after', (time) => (time === 0 ? 300 : 0)),
    network: () => bed.network,
    metersBelow: (edge) => bed.grid.metersBelow(edge) as Int32Array,
    areaOfMeter: () => 'A',
    changed: (windows) => {
      told = windows;
    },
  });
  const at = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
  const add = (device_id: string) => planned.add({ device_id, from: at(1), to: at(2), reason: 'pole' }, 'ann');
  const [first] = await Promise.all([add('T1'), add('T2')]);
  assert.equal(told.length, 2);
  await Promise.all([planned.withdraw(first.id, 'ann'), add('T3')]);
  assert.deepEqual(
    told.map(({ toMs, fromMs }) => toMs > fromMs),
    [false, true, true],
  );
});
