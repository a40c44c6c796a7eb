/** People, messages and the network at the same time: what one of them does is not lost by what another does meanwhile. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makeDeviceStates } from '#services/network/device_states.ts';
import { makeNetworkService } from '#services/network/service.ts';
import { positionsOf, reportStates } from '#services/network/sql.ts';
import type { PlannedWindow } from '#services/outages/engine_records.ts';
import { all, feeder, messages } from '#services/outages/engine_testbed.ts';
import { makePingService } from '#services/outages/pings.ts';
import { readPingSettings } from '#services/outages/pings_settings.ts';
import { makePlannedService } from '#services/outages/planned.ts';
import { makeOutageService, type OutageNeeds, type OutageService } from '#services/outages/service.ts';
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
afterEach(async () => {
  await service?.stop();
  await on.pool.query(`
    set session_replication_role = replica; -- the log only grows otherwise
    truncate outage, outage_step, outage_log, meter_outage_span, meter_supply cascade;
    set session_replication_role = origin`);
});

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

/** The same inside transactions. */
function slowInTransaction(name: string, lateMs: number): Pool {
  const connect = async (): Promise<unknown> => {
    const client = await on.pool.connect();
    const { query } = client;
    const late = async (given: { name?: string }): Promise<unknown> => {
      const answer = await (query as (query: unknown) => Promise<unknown>).call(client, given);
      if (given.name === name) await delay(lateMs);
      return answer;
    };
    return new Proxy(client, {
      get: (real, key) => {
        if (key === 'query') return late;
        const value: unknown = Reflect.get(real, key);
        return typeof value === 'function' ? value.bind(real) : value;
      },
    });
  };
  return new Proxy(on.pool, { get: (pool, key) => (key === 'connect' ? connect : Reflect.get(pool, key).bind(pool)) });
}

async function start(pool: Pool, more: Partial<OutageNeeds> = {}): Promise<void> {
  service = makeOutageService({
    ...{ pool, thresholds: defaultThresholds },
    grid: () => ({ view: bed.grid, network: bed.network, placeOf: () => ({ lon: 0, lat: 0 }) }),
    etrOf: () => null,
    positions: async () => [],
    planned: async () => [],
    withoutCommunication: async () => [],
    changed: () => undefined,
    report: (message, error) => assert.fail(`${message}: ${String(error)}`),
    ...more,
  });
  await service.start();
}
function send(meters: readonly number[], type: 'last_gasp' | 'power_restored', atS: number): void {
  const before = lastEventId;
  lastEventId += meters.length;
  service.apply(messages(all(meters, type, atS)), before, lastEventId, Date.now());
}

const startS = Math.floor(Date.now() / 1000) - 7200;
async function darkF1(): Promise<string> {
  send(bed.below('F1'), 'last_gasp', startS);
  await service.settled();
  return service.open()[0].id;
}

describe('people and the engine', () => {
  test('G4 an action is done while messages never pause and each write takes longer than the next message', async () => {
    await start(slow('connect', () => 100));
    const id = await darkF1();
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

  test('G4 one who can not listen to a change keeps none from being stored', async () => {
    const reported: string[] = [];
    await start(on.pool, {
      changed: (news) => {
        if (news.some(({ outage }) => outage.device_id === 'V2')) throw new Error('no alarm for this one');
      },
      report: (message) => void reported.push(message),
    });
    for (const device of ['V2', 'V3']) await service.place(device, { reason: 'seen hanging' }, 'ann');
    assert.deepEqual(reported, ['changed outages could not be told']);
  });

  test('G4 what a person does while the network is replaced is not forgotten', async () => {
    await start(slow('outage_needed_records', () => 300));
    const id = await darkF1();
    const replaced = service.gridReplaced();
    const acted = service.act(id, { verb: 'assign', crew: 'LN-1' }, 'ann');
    const placed = service.place('F2', { reason: 'seen hanging' }, 'ann');
    await Promise.all([replaced, acted, placed]);
    const open = service.open();
    assert.deepEqual(open.map((outage) => [outage.device_id, outage.state]).sort(), [
      ['F1', 'assigned'],
      ['F2', 'confirmed'],
    ]);
    // the engine knows it, not the store alone
    const next = await service.act(id, { verb: 'depart' }, 'ann');
    assert.deepEqual([next.outage.state, next.outage.crew], ['en_route', 'LN-1']);
  });
});

test('Q3 two people who ask the meters of an outage in the same moment ask each of them once', async () => {
  await start(on.pool);
  const placed = await service.place('F3', { reason: 'seen hanging' }, 'ann');
  const asked: number[] = [];
  const pings = makePingService({
    ...{ pool: on.pool, settings: readPingSettings({}), network: () => bed.network, drivenMs: Date.now },
    headEnd: () => ({
      ...{ name: 'patient', capPerRequest: 100 },
      ping: async function* (meters) {
        asked.push(...meters);
        yield [];
      },
    }),
    open: () => [],
    membersOf: (id) => service.membersOf(id),
    decidingMeters: async () => [],
    metersBeside: () => [],
    commit: async () => undefined,
    condition: () => undefined,
    report: (message) => assert.fail(message),
  });
  const promised = await Promise.all(['ann', 'ben'].map((by) => pings.askNow(placed.outage, by)));
  await pings.look();
  const [none, some] = promised.toSorted((a, b) => a - b);
  assert.ok(none === 0 && some > 5, `${promised}`);
  assert.deepEqual([asked.length, new Set(asked).size], [some, some]);
  await pings.stop();
});

test('Q7 a meter that lies beside an outage and belongs to it is asked once a round', async () => {
  await start(on.pool);
  await service.place('F3', { reason: 'seen hanging' }, 'ann');
  const rounds: number[][] = [];
  let laterMs = 0;
  const pings = makePingService({
    ...{ pool: on.pool, settings: readPingSettings({}), network: () => bed.network },
    drivenMs: () => Date.now() + laterMs,
    headEnd: () => ({
      ...{ name: 'patient', capPerRequest: 1000 },
      ping: async function* (meters) {
        rounds.push([...meters]);
        yield [];
      },
    }),
    open: service.open,
    membersOf: (id) => service.membersOf(id),
    decidingMeters: async () => [],
    metersBeside: (id) => [...service.membersOf(id), ...service.membersOf(id)],
    commit: async () => undefined,
    condition: () => undefined,
    report: (message, error) => assert.fail(`${message}: ${String(error)}`),
  });
  for (laterMs = 3_600_000; laterMs < 5 * 3_600_000; laterMs += 3_600_000) await pings.look();
  assert.ok(rounds.length > 1, 'asked again with back-off');
  for (const meters of rounds) assert.equal(new Set(meters).size, meters.length);
  await pings.stop();
});

test('D3 what was operated in the moment before a crash is an outage after it; what the engine knew already is not told twice', async () => {
  const F3 = bed.edge('F3');
  const atMs = Date.now() - 5000;
  bed.setOpen(F3, true);
  try {
    // the grid has it stored, the engine was never told
    await start(on.pool, { positions: async () => [{ edge: F3, open: true, atMs }] });
    const [{ id, device_id, state, started_at }] = service.open();
    assert.deepEqual([device_id, state, started_at], ['F3', 'probable', new Date(atMs).toISOString()]);
    const before = await service.detail(id);
    await service.stop();
    await start(on.pool, { positions: async () => [{ edge: F3, open: true, atMs }] });
    assert.deepEqual(await service.detail(id), before);
  } finally {
    bed.setOpen(F3, false);
  }
});

test('D1 a report that is older than what a person does meanwhile does not undo it, known device or not', async () => {
  const network = makeNetworkService({ pool: on.pool, operated: () => undefined });
  await network.replace(bed.network, '1');
  const states = makeDeviceStates({
    pool: slowInTransaction('device_position_of', 300),
    network: () => bed.network,
    moved: network.follow,
    report: (message, error) => assert.fail(`${message}: ${String(error)}`),
  });
  const F3 = bed.edge('F3');
  for (const _ of ['first', 'known']) {
    const event_time = new Date(Date.now() - 1000).toISOString();
    await reportStates(on.pool, [{ device_id: 'F3', event_time, state: 'closed' }], 'http');
    const taken = states.caughtUp();
    await delay(100);
    await network.operate('F3', true, 'ann', 'blown');
    await taken;
    const [position] = await positionsOf(on.pool, [F3]);
    assert.deepEqual([position.is_open, network.grid().operated.isOpen(F3)], [true, true]);
    await network.operate('F3', false, 'ann', 'as it was');
  }
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
