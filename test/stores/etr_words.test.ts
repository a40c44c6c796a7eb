/** What people said of outages that are merged or opened again, on a real store, through restarts. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { inventHistory } from '#services/etr/history_testbed.ts';
import { fitModel } from '#services/etr/model.ts';
import { makeEtrTestbed, minuteMs } from './etr_testbed.ts';
import { servers } from './servers.ts';

const model = fitModel(inventHistory(300, 5), { source: 'invented', timeZone: 'UTC', trees: 5 });

for (const kind of servers)
  describe(`words on ${kind.name}`, { skip: kind.skip }, () => {
    const bed = makeEtrTestbed(kind, model, () => () => 0.5);
    const { begin, end, rows, iso } = bed;

    before(bed.start);
    after(bed.stop);

    async function merge(id: string, into: string): Promise<void> {
      await bed.server.pool.query(
        `update outage set is_open = false, state = 'merged', merged_into = $2, record = record || jsonb_build_object('mergedInto', $2::text)
         where id = $1`,
        [id, into],
      );
      const over = bed.open.find((one) => one.id === id)!;
      bed.open = bed.open.filter((one) => one !== over);
      bed.service.follow([{ outage: { ...over, state: 'merged', merged_into: into } }]);
    }
    async function restart(): Promise<void> {
      await bed.startAnew();
      await bed.service.refresh();
    }
    const crewSays = (id: string, hours: number) =>
      bed.service.say(
        id,
        { source: 'crew', p50: iso(bed.nowMs + hours * 60 * minuteMs), reason: 'pole on order' },
        'cora',
      );

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
      await bed.service.refresh();
      const said = bed.nowMs + 9 * 60 * minuteMs;
      assert.deepEqual([bed.service.valueOf(survivor)!.p50Ms, bed.service.valueOf(survivor)!.source], [said, 'crew']);
      const last = (await rows(survivor)).at(-1)!;
      assert.deepEqual([last.author, last.reason], ['cora', `taken over from ${first}: pole on order`]);
      bed.nowMs += 60 * minuteMs;
      await restart();
      assert.deepEqual([bed.service.valueOf(survivor)!.p50Ms, (await rows(survivor)).at(-1)!.source], [said, 'crew']);
      // who has a word of its own keeps it; what was taken back stays taken back
      await merge(other, survivor);
      await bed.service.refresh();
      assert.equal(bed.service.valueOf(survivor)!.p50Ms, said);
      await bed.service.say(survivor, { source: 'crew', withdraw: true, reason: 'crew called off' }, 'cora');
      await restart();
      assert.equal(bed.service.valueOf(survivor)!.source, 'model');
      const count = (await rows(survivor)).filter(({ source }) => source === 'crew').length;
      assert.equal(count, 1);
      await end(survivor);
    });

    test('E11 a merge that the process did not live to see is taken over at the next start', async () => {
      const [{ id: survivor }, { id }] = [await begin(), await begin()];
      await crewSays(id, 7);
      const said = bed.nowMs + 7 * 60 * minuteMs;
      await bed.service.stop();
      await merge(id, survivor);
      await restart();
      assert.equal(bed.service.valueOf(survivor)!.p50Ms, said);
      await end(survivor);
    });

    for (const between of ['a round', 'a restart'])
      test(`E12 an outage that is opened again begins without the word of before: ${between}, then a restart`, async () => {
        const outage = await begin();
        const { id } = outage;
        await crewSays(id, 9);
        await end(id);
        bed.nowMs += 10 * minuteMs;
        await bed.server.pool.query(
          `update outage set is_open = true, state = 'confirmed', restored_at = null where id = $1`,
          [id],
        );
        await bed.server.pool.query(
          `insert into outage_log (outage_id, at, actor, verb, from_state, to_state, revision) values ($1, $2, 'x', 'reopen', 'restored', 'confirmed', 2)`,
          [id, new Date(bed.nowMs)],
        );
        bed.open.push(outage);
        bed.service.follow([{ outage }]);
        if (between === 'a round') await bed.service.refresh();
        await restart();
        assert.equal(bed.service.valueOf(id)!.source, 'model');
        await restart();
        assert.equal(bed.service.valueOf(id)!.source, 'model');
        bed.nowMs += minuteMs;
        await crewSays(id, 3);
        await restart();
        assert.equal(bed.service.valueOf(id)!.source, 'crew');
        await end(id);
      });
  });
