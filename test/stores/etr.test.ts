/** Restoration times on a real store with a clock of the test's own: the ledger, people's words, storms, restarts. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Outage } from '#model/api/outages.ts';
import { inventHistory } from '#services/etr/history_testbed.ts';
import { fitModel } from '#services/etr/model.ts';
import type { EtrService } from '#services/etr/service.ts';
import { type Draw, simulationDefaults } from '#services/etr/simulation.ts';
import { outagesSince } from '#services/etr/sql.ts';
import { until } from '../running_center.ts';
import { makeEtrTestbed, minuteMs } from './etr_testbed.ts';
import { servers } from './servers.ts';

const model = fitModel(inventHistory(1500, 5), { source: 'invented', timeZone: 'UTC', trees: 20 });

for (const kind of servers)
  describe(`restoration times on ${kind.name}`, { skip: kind.skip }, () => {
    const bed = makeEtrTestbed(
      kind,
      model,
      (outage) => (run, stage) => ((run * 37 + outage.length * 11 + (stage === 'repair' ? 5 : 0)) % 97) / 97,
    );
    const { begin, end, rows, iso } = bed;

    before(bed.start);
    after(bed.stop);

    test('E2 one revision for a new outage, none for asking again; told after it is durable', async () => {
      const { id } = await begin();
      assert.ok(bed.told.includes(id));
      await bed.service.refresh();
      await bed.service.refresh();
      const [first, ...more] = await rows(id);
      assert.equal(more.length, 0);
      assert.equal(first.source, 'model');
      assert.equal(first.model, model.id);
      assert.deepEqual(bed.service.valueOf(id)!.p50Ms, Date.parse(first.p50));
      await end(id);
      assert.equal(bed.service.valueOf(id), null);
    });

    test('E2 the ledger only grows: the store itself refuses to change, delete or empty it', async () => {
      for (const statement of [
        'update etr_revision set p50_at = now()',
        'delete from etr_revision',
        'truncate etr_revision',
      ])
        await assert.rejects(bed.server.pool.query(statement), /only grows/);
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
          bed.storm = new Set();
          bed.crews = [{ id: 'C-1', area: 'north', lat: 29.8, lon: -95.4, onDutyS: 0, offDutyS: 1e10 }];
          const { id } = await begin();
          let standing: { source: string; p50: string } | null = null;
          let before = await rows(id);
          for (const one of acts) {
            if (one.kind === 'wait') bed.nowMs += one.minutes * minuteMs;
            if (one.kind === 'storm') bed.storm = new Set(one.on ? ['north'] : []);
            if (one.kind === 'say') {
              const p50 = iso(bed.nowMs + one.hours * 60 * minuteMs);
              await bed.service.say(id, { source: one.who, p50, reason: 'as told' }, 'ann');
              standing = { source: one.who, p50 };
            }
            if (one.kind === 'withdraw') {
              const asked = bed.service.say(id, { source: 'crew', withdraw: true, reason: 'not so' }, 'ann');
              if (standing) await asked;
              else await assert.rejects(asked, { code: 'conflict' });
              standing = null;
            }
            if (one.kind === 'delay')
              await bed.service.addOverride(
                {
                  zone: 'F-1',
                  kind: 'delay',
                  delay_minutes: one.minutes,
                  expires_at: iso(bed.nowMs + 90 * minuteMs),
                  reason: 'flood',
                },
                'bob',
              );
            if (one.kind === 'restart') {
              await bed.startAnew();
            }
            await bed.service.refresh();
            const now = await rows(id);
            assert.deepEqual(now.slice(0, before.length), before, 'what was written stays as it is');
            before = now;
            const newest = now.at(-1)!;
            const value = bed.service.valueOf(id)!;
            assert.equal(Date.parse(newest.p50), value.p50Ms, 'what is shown is the newest of the ledger');
            assert.ok(value.p90Ms >= value.p50Ms);
            if (standing) assert.deepEqual({ source: value.source, p50: iso(value.p50Ms) }, standing);
            else assert.ok(value.p50Ms > bed.nowMs, 'a computed promise is never past');
          }
          await end(id);
        }),
        { numRuns: 12 },
      );
    });

    test('E4 a zone whose time is moved by a little is told the new one, once, and not again after a restart', async () => {
      bed.storm = new Set();
      const endAll = async (): Promise<void> => {
        for (const { override_id } of bed.service.overrides()) await bed.service.endOverride(override_id, 'bob');
      };
      await endAll();
      const { id } = await begin();
      const give = async (hours: number): Promise<void> => {
        const [restored_at, expires_at] = [iso(bed.nowMs + hours * 60 * minuteMs), iso(bed.nowMs + 600 * minuteMs)];
        await bed.service.addOverride({ zone: 'F-1', kind: 'time', restored_at, expires_at, reason: 'flood' }, 'bob');
        await bed.service.refresh();
      };
      await give(5);
      await give(5.5);
      const newest = (await rows(id)).at(-1)!;
      assert.equal(Date.parse(newest.p50), Math.ceil((bed.nowMs + 330 * minuteMs) / (5 * minuteMs)) * 5 * minuteMs);
      await bed.startAnew();
      await bed.service.refresh();
      assert.deepEqual((await rows(id)).at(-1), newest);
      await endAll();
      await end(id);
    });

    test('of more outages than can be remembered the newest are', async () => {
      const all = await outagesSince(bed.server.pool, new Date(0), 1000);
      assert.ok(all.length > 5);
      assert.deepEqual(await outagesSince(bed.server.pool, new Date(0), 3), all.slice(-3));
    });

    test('E8 E9 a storm is simulated with the crews there are; an area that no crew serves keeps the model', async () => {
      await bed.startAnew();
      bed.storm = new Set(['north', 'south']);
      bed.crews = [{ id: 'C-1', area: 'north', lat: 29.8, lon: -95.4, onDutyS: 0, offDutyS: 1e10 }];
      bed.nowMs += 3 * 3_600_000;
      const all: Outage[] = [];
      for (let i = 0; i < 6; i++) all.push(await begin({ customers_out: 10 + i, customers_affected: 10 + i }));
      const far = await begin({ area_id: 'south' });
      await bed.service.refresh();
      for (const { id } of all) assert.equal(bed.service.valueOf(id)!.source, 'simulation');
      assert.equal(bed.service.valueOf(far.id)!.source, 'model');
      const last = Math.max(...all.map(({ id }) => bed.service.valueOf(id)!.p50Ms));
      const kept = JSON.stringify([
        [...all, far].map(({ id }) => bed.service.valueOf(id)),
        await Promise.all(all.map(({ id }) => rows(id))),
      ]);
      const study = await bed.service.whatIf({ add_crews: 5, area: 'north' });
      assert.ok(study.changed.customer_minutes < study.base.customer_minutes);
      assert.equal(study.base.crews + 5, study.changed.crews);
      assert.equal(
        JSON.stringify([
          [...all, far].map(({ id }) => bed.service.valueOf(id)),
          await Promise.all(all.map(({ id }) => rows(id))),
        ]),
        kept,
      );
      bed.crews = [...bed.crews, ...Array.from({ length: 5 }, (_, i) => ({ ...bed.crews[0], id: `C-${i + 2}` }))];
      bed.nowMs += 31_000;
      await bed.service.refresh();
      assert.ok(
        Math.max(...all.map(({ id }) => bed.service.valueOf(id)!.p50Ms)) < last,
        'more crews, the last is sooner',
      );
      bed.storm = new Set();
      await bed.service.refresh();
      assert.equal(bed.service.valueOf(all[0].id)!.source, 'model');
      for (const { id } of [...all, far]) await end(id);
    });

    test('E8 however often a storm changes, its simulation leaves four fifths of the time to others', async () => {
      let runs = 0;
      let slowest = 0;
      const slow: Draw = () => () => {
        if (runs++ === 0) for (const endMs = performance.now() + 100; performance.now() < endMs; ) slowest++;
        return 0.5;
      };
      await bed.startAnew({ isDriven: false, draw: slow });
      bed.storm = new Set(['north']);
      bed.crews = [{ id: 'C-1', area: 'north', lat: 29.8, lon: -95.4, onDutyS: 0, offDutyS: 1e10 }];
      const outage = await begin();
      const first = runs;
      assert.ok(first > 0 && slowest > 0);
      const change = async (customers_out: number): Promise<number> => {
        bed.open = bed.open.map((one) => (one.id === outage.id ? { ...one, customers_out } : one));
        await bed.service.refresh();
        return runs;
      };
      assert.equal(await change(30), first, 'at once: not again');
      await until('a rest', async () => (await change(20 + (runs % 2))) > first, 5000);
      bed.storm = new Set();
      await bed.startAnew();
      await end(outage.id);
    });

    test('E1 a crew on site: the repair time of the device counts from its arrival', async () => {
      const outage = await begin();
      bed.open = bed.open.map((one) =>
        one === outage ? { ...one, state: 'on_site', crew: 'C-1', updated_at: iso(bed.nowMs) } : one,
      );
      await bed.service.refresh();
      const { current } = await bed.service.ledger(outage.id);
      assert.equal(current!.model, 'repair-1');
      const { assess, repair } = simulationDefaults;
      const expectedMin = assess.p50 + repair.fuse.p50;
      assert.ok(Math.abs(Date.parse(current!.p50) - bed.nowMs - expectedMin * minuteMs) <= 5 * minuteMs);
      await end(outage.id);
    });

    test('calibration: promises against restorations, by source, storm, zone, device and cause', async () => {
      const outage = await begin();
      const p50 = iso(bed.nowMs + 60 * minuteMs);
      await bed.service.say(outage.id, { source: 'crew', p50, reason: 'an hour' }, 'ann');
      bed.nowMs += 90 * minuteMs;
      const fromMs = bed.nowMs - minuteMs;
      await end(outage.id);
      const { groups } = await bed.service.calibration(fromMs, bed.nowMs + minuteMs, false);
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
      await bed.server.pool.query(
        `insert into etr_revision (outage_id, computed_at, p50_at, p90_at, source, author, inputs)
         values ($1, $2, $2, $2, 'operator', 'late', '{}')`,
        [outage.id, new Date(bed.nowMs + 1000)],
      );
      const { groups: same } = await bed.service.calibration(fromMs, bed.nowMs + minuteMs, false);
      assert.deepEqual(same, groups);
      const first = await bed.service.calibration(fromMs, bed.nowMs + minuteMs, true);
      assert.equal(first.groups.find(({ by }) => by === 'source')!.group, 'model');
      assert.ok(first.own_outages > 5, 'own outages are learned from');
    });

    test('what can not be said is refused with what is wrong', async () => {
      const { id } = await begin();
      const refused = (entry: Parameters<EtrService['say']>[1], message: RegExp) =>
        assert.rejects(bed.service.say(id, entry, 'ann'), { code: 'bad_request', message });
      await refused({ source: 'crew', reason: 'why' }, /p50 is missing/);
      await refused({ source: 'crew', p50: iso(bed.nowMs - 1), reason: 'why' }, /p50 is past/);
      await refused({ source: 'crew', p50: iso(bed.nowMs + 40 * 86_400_000), reason: 'why' }, /30 days/);
      await refused(
        { source: 'crew', p50: iso(bed.nowMs + 2e7), p90: iso(bed.nowMs + 1e7), reason: 'why' },
        /p90 must not be before/,
      );
      const override = {
        zone: 'north',
        kind: 'delay' as const,
        delay_minutes: 5,
        expires_at: iso(bed.nowMs + 1e7),
        reason: 'why',
      };
      await assert.rejects(bed.service.addOverride({ ...override, zone: 'nowhere' }, 'bob'), { code: 'bad_request' });
      await assert.rejects(bed.service.addOverride({ ...override, restored_at: iso(bed.nowMs + 1e6) }, 'bob'), {
        code: 'bad_request',
      });
      await assert.rejects(
        bed.service.addOverride({ ...override, expires_at: iso(bed.nowMs) }, 'bob'),
        /expires_at is past/,
      );
      await assert.rejects(bed.service.endOverride(999_999, 'bob'), { code: 'not_found' });
      await end(id);
      await assert.rejects(bed.service.say(id, { source: 'crew', p50: iso(bed.nowMs + 1e7), reason: 'why' }, 'ann'), {
        code: 'invalid_transition',
      });
    });
  });
