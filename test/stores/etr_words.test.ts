/** What people said of outages that are merged or opened again, on a real store, through restarts. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Outage } from '#model/api/outages.ts';
import { etrDefaults } from '#services/etr/decide.ts';
import { inventHistory } from '#services/etr/history_testbed.ts';
import { fitModel } from '#services/etr/model.ts';
import { type EtrService, makeEtrService } from '#services/etr/service.ts';
import { simulationDefaults } from '#services/etr/simulation.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { servers, startServer, type TestServer } from './servers.ts';

const startMs = Date.parse('2026-07-04T12:00:00Z');
const model = fitModel(inventHistory(300, 5), { source: 'invented', timeZone: 'UTC', trees: 5 });
const minuteMs = 60_000;

for (const kind of servers)
  describe(`words on ${kind.name}`, { skip: kind.skip }, () => {
    let server: TestServer;
    let nowMs = startMs;
    let number = 0;
    let open: Outage[] = [];
    let service: EtrService;

    before(async () => {
      server = await startServer(kind);
      await migrate(server.pool);
      service = made();
      await service.start();
    });
    after(async () => {
      await service?.stop();
      await server?.stop();
    });

    const made = (): EtrService =>
      makeEtrService({
        isDriven: true,
        pool: server.pool,
        model,
        timeZone: 'UTC',
        settings: etrDefaults,
        simulation: { ...simulationDefaults, runs: 30 },
        nowMs: () => nowMs,
        draw: () => () => 0.5,
        open: () => open,
        outage: async (id) =>
          open.find((one) => one.id === id) ??
          ({ ...outageOf(id), state: 'closed', restored_at: iso(nowMs) } as Outage),
        placeOf: () => ({ lat: 29.7, lon: -95.4, zone: 'north', device: 'fuse' }),
        areaOfZone: (zone) => (['north', 'F-1'].includes(zone) ? 'north' : undefined),
        inStorm: () => false,
        crews: async () => ({ crews: [], assumed: false }),
        changed: () => undefined,
        report: (message, error) => {
          throw new Error(message, { cause: error });
        },
      });

    const iso = (ms: number): string => new Date(ms).toISOString();
    const outageOf = (id: string): Outage =>
      ({
        ...{ id, state: 'confirmed', device_id: 'FU-1', device_kind: 'fuse', area_id: 'north', substation_id: 'S-1' },
        ...{ feeder_id: 'F-1', lon: -95.4, lat: 29.7, customers_out: 40, customers_affected: 40, critical_out: 0 },
        ...{
          started_at: iso(nowMs),
          detected_at: iso(nowMs),
          restored_at: null,
          cause: null,
          crew: null,
          updated_at: iso(nowMs),
        },
      }) as Outage;

    async function begin(): Promise<Outage> {
      const outage = outageOf(`O-${++number}`);
      await server.pool.query(
        `insert into outage (id, outage_no, state, device_key, feeder_key, customers_out, customers_affected, critical_out,
           started_at, detected_at, is_open, source, revision, updated_at, record)
         values ($1, $2, 'confirmed', 1, 1, 40, 40, 0, $3, $3, true, 'last_gasp', 1, $3, '{"meter": -1, "stateSinceMs": 0}')`,
        [outage.id, number, new Date(nowMs)],
      );
      open.push(outage);
      service.follow([{ outage }]);
      await service.refresh();
      return outage;
    }
    async function end(id: string): Promise<void> {
      await server.pool.query(`update outage set is_open = false, state = 'restored', restored_at = $2 where id = $1`, [
        id,
        new Date(nowMs),
      ]);
      const over = open.find((one) => one.id === id)!;
      open = open.filter((one) => one !== over);
      service.follow([{ outage: { ...over, state: 'restored', restored_at: iso(nowMs) } }]);
      await service.refresh();
    }
    const rows = async (id: string) => (await service.ledger(id)).revisions;

    async function merge(id: string, into: string): Promise<void> {
      await server.pool.query(
        `update outage set is_open = false, state = 'merged', merged_into = $2, record = record || jsonb_build_object('mergedInto', $2::text)
         where id = $1`,
        [id, into],
      );
      const over = open.find((one) => one.id === id)!;
      open = open.filter((one) => one !== over);
      service.follow([{ outage: { ...over, state: 'merged', merged_into: into } }]);
    }
    async function restart(): Promise<void> {
      await service.stop();
      service = made();
      await service.start();
      await service.refresh();
    }
    const crewSays = (id: string, hours: number) =>
      service.say(id, { source: 'crew', p50: iso(nowMs + hours * 60 * minuteMs), reason: 'pole on order' }, 'cora');

    test("E11 a crew's time goes with the outage into the one that takes it in, where nobody spoke of that", async () => {
      const [{ id: survivor }, { id: first }, { id: second }, { id: other }] = [
        await begin(),
        await begin(),
        await begin(),
        await begin(),
      ];
      await crewSays(first, 9);
      await crewSays(other, 5);
      await merge(first, second);
      await merge(second, survivor);
      await service.refresh();
      const said = nowMs + 9 * 60 * minuteMs;
      assert.deepEqual([service.valueOf(survivor)!.p50Ms, service.valueOf(survivor)!.source], [said, 'crew']);
      const last = (await rows(survivor)).at(-1)!;
      assert.deepEqual([last.author, last.reason], ['cora', `taken over from ${first}: pole on order`]);
      nowMs += 60 * minuteMs;
      await restart();
      assert.deepEqual([service.valueOf(survivor)!.p50Ms, (await rows(survivor)).at(-1)!.source], [said, 'crew']);
      // who has a word of its own keeps it; what was taken back stays taken back
      await merge(other, survivor);
      await service.refresh();
      assert.equal(service.valueOf(survivor)!.p50Ms, said);
      await service.say(survivor, { source: 'crew', withdraw: true, reason: 'crew called off' }, 'cora');
      await restart();
      assert.equal(service.valueOf(survivor)!.source, 'model');
      const count = (await rows(survivor)).filter(({ source }) => source === 'crew').length;
      assert.equal(count, 1);
      await end(survivor);
    });

    test('E11 a merge that the process did not live to see is taken over at the next start', async () => {
      const [{ id: survivor }, { id }] = [await begin(), await begin()];
      await crewSays(id, 7);
      const said = nowMs + 7 * 60 * minuteMs;
      await service.stop();
      await merge(id, survivor);
      await restart();
      assert.equal(service.valueOf(survivor)!.p50Ms, said);
      await end(survivor);
    });

    for (const between of ['a round', 'a restart'])
      test(`E12 an outage that is opened again begins without the word of before: ${between}, then a restart`, async () => {
        const outage = await begin();
        const { id } = outage;
        await crewSays(id, 9);
        await end(id);
        nowMs += 10 * minuteMs;
        await server.pool.query(
          `update outage set is_open = true, state = 'confirmed', restored_at = null where id = $1`,
          [id],
        );
        await server.pool.query(
          `insert into outage_log (outage_id, at, actor, verb, from_state, to_state, revision) values ($1, $2, 'x', 'reopen', 'restored', 'confirmed', 2)`,
          [id, new Date(nowMs)],
        );
        open.push(outage);
        service.follow([{ outage }]);
        if (between === 'a round') await service.refresh();
        await restart();
        assert.equal(service.valueOf(id)!.source, 'model');
        await restart();
        assert.equal(service.valueOf(id)!.source, 'model');
        nowMs += minuteMs;
        await crewSays(id, 3);
        await restart();
        assert.equal(service.valueOf(id)!.source, 'crew');
        await end(id);
      });
  });
