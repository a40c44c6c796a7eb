/** The service of generator runs with processes that behave badly, on a real store: the rules of its SPEC.md. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type GeneratorNeeds,
  makeGeneratorService,
  type Runner,
  type RunnerNews,
} from '#services/generator/service.ts';
import { advanceJob, finishJob, type JobRow, jobById } from '#services/generator/sql.ts';
import { migrate } from '#stores/postgres/migrate.ts';
import { until } from '../running_center.ts';
import { servers, startServer, type TestServer } from '../stores/servers.ts';

describe('the service of generator runs', () => {
  let on: TestServer;
  before(async () => {
    on = await startServer(servers[0]);
    await migrate(on.pool);
  });
  after(() => on?.stop());

  /** A process in the test's hands. */
  interface Hand {
    job: JobRow;
    held: boolean[];
    stopped: boolean;
    end: () => void;
    say: (news: RunnerNews) => void;
  }
  function service(part: Partial<GeneratorNeeds> = {}, started: (hand: Hand) => void = () => undefined) {
    const hands: Hand[] = [];
    const made = makeGeneratorService({
      pool: on.pool,
      dataFolder: on.folder,
      metersOf: () => 10,
      placeOf: (id) => `generator-${id}`,
      freeBytes: async () => 1e12,
      lagS: () => 0,
      start: (job, heard): Runner => {
        const { promise: ended, resolve } = Promise.withResolvers<void>();
        const hand: Hand = { job, held: [], stopped: false, end: resolve, say: heard };
        hands.push(hand);
        queueMicrotask(() => started(hand));
        return {
          ended,
          hold: (isHeld) => hand.held.push(isHeld),
          stop: () => {
            hand.stopped = true;
            resolve();
          },
        };
      },
      report: () => undefined,
      ...part,
    });
    return { made, hands };
  }
  const asked = { start: '2026-01-01T00:00:00Z', days: 1 };

  test('G3: an older process can write no more; nor can one whose run is paused', async () => {
    const { made, hands } = service();
    const { id } = await made.create(asked, 'test');
    await until('it runs', () => hands.length === 1);
    const { runner } = hands[0].job;
    const position = { rows: 5, events: 0 };
    assert.equal(await advanceJob(on.pool, id, runner, position, 1), true);
    hands[0].end();
    await until('another took it up', () => hands.length === 2);
    assert.equal(await advanceJob(on.pool, id, runner, { rows: 9, events: 0 }, 1), false);
    assert.deepEqual(hands[1].job.position, position);
    assert.equal(await advanceJob(on.pool, id, runner + 1, { rows: 4, events: 0 }, 1), false, 'G5: rows only rise');
    await made.act(id, 'pause');
    assert.equal(hands[1].stopped, true);
    assert.equal(await advanceJob(on.pool, id, runner + 1, { rows: 9, events: 0 }, 1), false);
    assert.equal(await finishJob(on.pool, id, runner + 1, 'x'), false);
    await made.act(id, 'cancel');
    await made.stop();
  });

  test('G6: it waits while the layers are behind, and says so', async () => {
    let lagS = 100;
    const { made, hands } = service({ lagS: () => lagS });
    const { id } = await made.create(asked, 'test');
    await until('it is held', () => hands[0]?.held.at(-1) === true);
    assert.match((await made.job(id)).waits_for ?? '', /layers, which are more than 30 s behind/);
    lagS = 1;
    await until('it goes on', () => hands[0].held.at(-1) === false);
    assert.equal((await made.job(id)).waits_for, null);
    await made.act(id, 'cancel');
    await made.stop();
  });

  test('G7: deaths without progress end as failed, with the reason; resume tries again', async () => {
    const dies = (hand: Hand): void => {
      hand.say({ kind: 'failed', message: 'the disk is full', canRetry: true });
      hand.end();
    };
    const { made, hands } = service({}, dies);
    const { id } = await made.create(asked, 'test');
    await until('it failed', async () => (await made.job(id)).state === 'failed');
    assert.equal(hands.length, 5);
    assert.equal((await made.job(id)).error, 'the disk is full');
    await made.act(id, 'resume');
    await until('it is tried again', () => hands.length === 6);
    await made.act(id, 'cancel');
    await made.stop();
  });

  test('G7: what a repetition can not mend fails at once', async () => {
    const { made, hands } = service({}, (hand) => {
      hand.say({ kind: 'failed', message: 'no such feeder', canRetry: false });
      hand.end();
    });
    const { id } = await made.create(asked, 'test');
    await until('it failed', async () => (await made.job(id)).state === 'failed');
    assert.equal(hands.length, 1);
    await made.stop();
  });

  test('G1: what was running when the center ended comes first, the rest in the order asked for', async () => {
    const first = service();
    const one = await first.made.create(asked, 'test');
    const two = await first.made.create(asked, 'test');
    await until('it runs', () => first.hands.length === 1);
    await first.made.stop();
    assert.equal((await jobById(on.pool, one.id))?.state, 'running');
    const order: number[] = [];
    const second = service({}, (hand) => {
      order.push(hand.job.id);
      void finishJob(on.pool, hand.job.id, hand.job.runner, 'x').then(hand.end);
    });
    second.made.start();
    await until('both are done', async () => (await second.made.job(two.id)).state === 'done');
    assert.deepEqual(order, [one.id, two.id]);
    await second.made.stop();
  });
});
