/** Restoration times on a real store with a clock of the test's own: the ledger, people's words, storms, restarts. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Outage } from '#model/api/outages.ts';
import { etrDefaults } from '#services/etr/decide.ts';
import { inventHistory } from '#services/etr/history_testbed.ts';
import { fitModel } from '#services/etr/model.ts';
import type { EtrNeeds } from '#services/etr/needs.ts';
import { type EtrService, makeEtrService } from '#services/etr/service.ts';
import { type CrewFact, type Draw, simulationDefaults } from '#services/etr/simulation.ts';
import { outagesSince } from '#services/etr/sql.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { until } from '../running_center.ts';
import { servers, startServer, type TestServer } from './servers.ts';

const startMs = Date.parse('2026-07-04T12:00:00Z');
const model = fitModel(inventHistory(1500, 5), { source: 'invented', timeZone: 'UTC', trees: 20 });
const minuteMs = 60_000;

for (const kind of servers)
  describe(`restoration times on ${kind.name}`, { skip: kind.skip }, () => {
    let server: TestServer;
    let nowMs = startMs;
    let number = 0;
    let open: Outage[] = [];
    let storm = new Set<string>();
    let crews: CrewFact[] = [];
    const told: string[] = [];
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

    const made = (more: Partial<EtrNeeds> = {}): EtrService =>
      makeEtrService({
        isDriven: true,
        pool: server.pool,
        model,
        timeZone: 'UTC',
        settings: etrDefaults,
        simulation: { ...simulationDefaults, runs: 30 },
        nowMs: () => nowMs,
        draw: (outage) => (run, stage) => ((run * 37 + outage.length * 11 + (stage === 'repair' ? 5 : 0)) % 97) / 97,
        open: () => open,
        outage: async (id) =>
          open.find((one) => one.id === id) ??
          ({ ...outageOf(id), state: 'closed', restored_at: iso(nowMs) } as Outage),
        placeOf: () => ({ lat: 29.7, lon: -95.4, zone: 'north', device: 'fuse' }),
        areaOfZone: (zone) => (['north', 'F-1'].includes(zone) ? 'north' : undefined),
        inStorm: (area) => storm.has(area),
        crews: async () => ({ crews, assumed: false }),
        changed: (ids) => {
          told.push(...ids);
        },
        report: (message, error) => {
          throw new Error(message, { cause: error });
        },
        ...more,
      });

    const iso = (ms: number): string => new Date(ms).toISOString();
    const outageOf = (id: string, more: Partial<Outage> = {}): Outage =>
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
        ...more,
      }) as Outage;

    async function begin(more: Partial<Outage> = {}): Promise<Outage> {
      const outage = outageOf(`O-${++number}`, more);
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

    test('E2 one revision for a new outage, none for asking again; told after it is durable', async () => {
      const { id } = await begin();
      assert.ok(told.includes(id));
      await service.refresh();
      await service.refresh();
      const [first, ...more] = await rows(id);
      assert.equal(more.length, 0);
      assert.equal(first.source, 'model');
      assert.equal(first.model, model.id);
      assert.deepEqual(service.valueOf(id)!.p50Ms, Date.parse(first.p50));
      await end(id);
      assert.equal(service.valueOf(id), null);
    });

    test('E2 the ledger only grows: the store itself refuses to change, delete or empty it', async () => {
      for (const statement of [
        'update etr_revision set p50_at = now()',
        'delete from etr_revision',
        'truncate etr_revision',
      ])
        await assert.rejects(server.pool.query(statement), /only grows/);
    });

    test('E1 E2 E5 whatever happens in whatever order: ledger only grows, words stand, values are ordered and to come', async () => {
      const act = fc.oneof(
        fc.record({ kind: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 400 }) }),
        fc.record({
          kind: fc.constant('say' as const),
          hours: fc.integer({ min: 1, max: 20 }),
          who: fc.constantFrom('crew' as const, 'operator' as const),
        }),
        fc.record({ kind: fc.constant('withdraw' as const) }),
        fc.record({ kind: fc.constant('delay' as const), minutes: fc.integer({ min: 10, max: 300 }) }),
        fc.record({ kind: fc.constant('storm' as const), on: fc.boolean() }),
        fc.record({ kind: fc.constant('restart' as const) }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(act, { minLength: 4, maxLength: 12 }), async (acts) => {
          storm = new Set();
          crews = [{ id: 'C-1', area: 'north', lat: 29.8, lon: -95.4, onDutyS: 0, offDutyS: 1e10 }];
          const { id } = await begin();
          let standing: { source: string; p50: string } | null = null;
          let before = await rows(id);
          for (const one of acts) {
            if (one.kind === 'wait') nowMs += one.minutes * minuteMs;
            if (one.kind === 'storm') storm = new Set(one.on ? ['north'] : []);
            if (one.kind === 'say') {
              const p50 = iso(nowMs + one.hours * 60 * minuteMs);
              await service.say(id, { source: one.who, p50, reason: 'as told' }, 'ann');
              standing = { source: one.who, p50 };
            }
            if (one.kind === 'withdraw') {
              const asked = service.say(id, { source: 'crew', withdraw: true, reason: 'not so' }, 'ann');
              if (standing) await asked;
              else await assert.rejects(asked, { code: 'conflict' });
              standing = null;
            }
            if (one.kind === 'delay')
              await service.addOverride(
                {
                  zone: 'F-1',
                  kind: 'delay',
                  delay_minutes: one.minutes,
                  expires_at: iso(nowMs + 90 * minuteMs),
                  reason: 'flood',
                },
                'bob',
              );
            if (one.kind === 'restart') {
              await service.stop();
              service = made();
              await service.start();
            }
            await service.refresh();
            const now = await rows(id);
            assert.deepEqual(now.slice(0, before.length), before, 'what was written stays as it is');
            before = now;
            const newest = now.at(-1)!;
            const value = service.valueOf(id)!;
            assert.equal(Date.parse(newest.p50), value.p50Ms, 'what is shown is the newest of the ledger');
            assert.ok(value.p90Ms >= value.p50Ms);
            if (standing) assert.deepEqual({ source: value.source, p50: iso(value.p50Ms) }, standing);
            else assert.ok(value.p50Ms > nowMs, 'a computed promise is never past');
          }
          await end(id);
        }),
        { numRuns: 12 },
      );
    });

    test('E4 a zone whose time is moved by a little is told the new one, once, and not again after a restart', async () => {
      storm = new Set();
      const endAll = async (): Promise<void> => {
        for (const { override_id } of service.overrides()) await service.endOverride(override_id, 'bob');
      };
      await endAll();
      const { id } = await begin();
      const give = async (hours: number): Promise<void> => {
        const [restored_at, expires_at] = [iso(nowMs + hours * 60 * minuteMs), iso(nowMs + 600 * minuteMs)];
        await service.addOverride({ zone: 'F-1', kind: 'time', restored_at, expires_at, reason: 'flood' }, 'bob');
        await service.refresh();
      };
      await give(5);
      await give(5.5);
      const newest = (await rows(id)).at(-1)!;
      assert.equal(Date.parse(newest.p50), Math.ceil((nowMs + 330 * minuteMs) / (5 * minuteMs)) * 5 * minuteMs);
      await service.stop();
      service = made();
      await service.start();
      await service.refresh();
      assert.deepEqual((await rows(id)).at(-1), newest);
      await endAll();
      await end(id);
    });

    test('of more outages than can be remembered the newest are', async () => {
      const all = await outagesSince(server.pool, new Date(0), 1000);
      assert.ok(all.length > 5);
      assert.deepEqual(await outagesSince(server.pool, new Date(0), 3), all.slice(-3));
    });

    test('E8 E9 a storm is simulated with the crews there are; an area that no crew serves keeps the model', async () => {
      await service.stop();
      service = made();
      await service.start();
      storm = new Set(['north', 'south']);
      crews = [{ id: 'C-1', area: 'north', lat: 29.8, lon: -95.4, onDutyS: 0, offDutyS: 1e10 }];
      nowMs += 3 * 3_600_000;
      const all: Outage[] = [];
      for (let i = 0; i < 6; i++) all.push(await begin({ customers_out: 10 + i, customers_affected: 10 + i }));
      const far = await begin({ area_id: 'south' });
      await service.refresh();
      for (const { id } of all) assert.equal(service.valueOf(id)!.source, 'simulation');
      assert.equal(service.valueOf(far.id)!.source, 'model');
      const last = Math.max(...all.map(({ id }) => service.valueOf(id)!.p50Ms));
      const kept = JSON.stringify([
        [...all, far].map(({ id }) => service.valueOf(id)),
        await Promise.all(all.map(({ id }) => rows(id))),
      ]);
      const study = await service.whatIf({ add_crews: 5, area: 'north' });
      assert.ok(study.changed.customer_minutes < study.base.customer_minutes);
      assert.equal(study.base.crews + 5, study.changed.crews);
      assert.equal(
        JSON.stringify([
          [...all, far].map(({ id }) => service.valueOf(id)),
          await Promise.all(all.map(({ id }) => rows(id))),
        ]),
        kept,
      );
      crews = [...crews, ...Array.from({ length: 5 }, (_, i) => ({ ...crews[0], id: `C-${i + 2}` }))];
      nowMs += 31_000;
      await service.refresh();
      assert.ok(Math.max(...all.map(({ id }) => service.valueOf(id)!.p50Ms)) < last, 'more crews, the last is sooner');
      storm = new Set();
      await service.refresh();
      assert.equal(service.valueOf(all[0].id)!.source, 'model');
      for (const { id } of [...all, far]) await end(id);
    });

    test('E8 however often a storm changes, its simulation leaves four fifths of the time to others', async () => {
      await service.stop();
      let runs = 0;
      let slowest = 0;
      const slow: Draw = () => () => {
        if (runs++ === 0) for (const endMs = performance.now() + 100; performance.now() < endMs; ) slowest++;
        return 0.5;
      };
      service = made({ isDriven: false, draw: slow });
      await service.start();
      storm = new Set(['north']);
      crews = [{ id: 'C-1', area: 'north', lat: 29.8, lon: -95.4, onDutyS: 0, offDutyS: 1e10 }];
      const outage = await begin();
      const first = runs;
      assert.ok(first > 0 && slowest > 0);
      const change = async (customers_out: number): Promise<number> => {
        open = open.map((one) => (one.id === outage.id ? { ...one, customers_out } : one));
        await service.refresh();
        return runs;
      };
      assert.equal(await change(30), first, 'at once: not again');
      await until('a rest', async () => (await change(20 + (runs % 2))) > first, 5000);
      storm = new Set();
      await service.stop();
      service = made();
      await service.start();
      await end(outage.id);
    });

    test('E1 a crew on site: the repair time of the device counts from its arrival', async () => {
      const outage = await begin();
      open = open.map((one) =>
        one === outage ? { ...one, state: 'on_site', crew: 'C-1', updated_at: iso(nowMs) } : one,
      );
      await service.refresh();
      const { current } = await service.ledger(outage.id);
      assert.equal(current!.model, 'repair-1');
      const { assess, repair } = simulationDefaults;
      const expectedMin = assess.p50 + repair.fuse.p50;
      assert.ok(Math.abs(Date.parse(current!.p50) - nowMs - expectedMin * minuteMs) <= 5 * minuteMs);
      await end(outage.id);
    });

    test('calibration: promises against restorations, by source, storm, zone, device and cause', async () => {
      const outage = await begin();
      const p50 = iso(nowMs + 60 * minuteMs);
      await service.say(outage.id, { source: 'crew', p50, reason: 'an hour' }, 'ann');
      nowMs += 90 * minuteMs;
      const fromMs = nowMs - minuteMs;
      await end(outage.id);
      const { groups } = await service.calibration(fromMs, nowMs + minuteMs, false);
      const all = groups.find(({ by }) => by === 'all')!;
      assert.deepEqual(
        [all.outages, all.bias_min, all.late_share, all.p90_coverage, all.revisions_per_outage],
        [1, -30, 1, 0, 2],
      );
      assert.deepEqual(
        groups.map(({ by, group }) => `${by}/${group}`),
        ['all/all', 'source/crew', 'storm/blue sky', 'zone/north', 'device/fuse', 'cause/not known'],
      );
      // E10: what was written after the restoration was no promise
      await server.pool.query(
        `insert into etr_revision (outage_id, computed_at, p50_at, p90_at, source, author, inputs)
         values ($1, $2, $2, $2, 'operator', 'late', '{}')`,
        [outage.id, new Date(nowMs + 1000)],
      );
      const { groups: same } = await service.calibration(fromMs, nowMs + minuteMs, false);
      assert.deepEqual(same, groups);
      const first = await service.calibration(fromMs, nowMs + minuteMs, true);
      assert.equal(first.groups.find(({ by }) => by === 'source')!.group, 'model');
      assert.ok(first.own_outages > 5, 'own outages are learned from');
    });

    test('what can not be said is refused with what is wrong', async () => {
      const { id } = await begin();
      const refused = (entry: Parameters<EtrService['say']>[1], message: RegExp) =>
        assert.rejects(service.say(id, entry, 'ann'), { code: 'bad_request', message });
      await refused({ source: 'crew', reason: 'why' }, /p50 is missing/);
      await refused({ source: 'crew', p50: iso(nowMs - 1), reason: 'why' }, /p50 is past/);
      await refused({ source: 'crew', p50: iso(nowMs + 40 * 86_400_000), reason: 'why' }, /30 days/);
      await refused(
        { source: 'crew', p50: iso(nowMs + 2e7), p90: iso(nowMs + 1e7), reason: 'why' },
        /p90 must not be before/,
      );
      const override = {
        zone: 'north',
        kind: 'delay' as const,
        delay_minutes: 5,
        expires_at: iso(nowMs + 1e7),
        reason: 'why',
      };
      await assert.rejects(service.addOverride({ ...override, zone: 'nowhere' }, 'bob'), { code: 'bad_request' });
      await assert.rejects(service.addOverride({ ...override, restored_at: iso(nowMs + 1e6) }, 'bob'), {
        code: 'bad_request',
      });
      await assert.rejects(service.addOverride({ ...override, expires_at: iso(nowMs) }, 'bob'), /expires_at is past/);
      await assert.rejects(service.endOverride(999_999, 'bob'), { code: 'not_found' });
      await end(id);
      await assert.rejects(service.say(id, { source: 'crew', p50: iso(nowMs + 1e7), reason: 'why' }, 'ann'), {
        code: 'invalid_transition',
      });
    });
  });
