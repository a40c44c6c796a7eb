/** Kafka -> segments and ledger, exactly once: whoever dies, whatever is cut, whichever process reads which partition. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { workersAlive } from '#stores/postgres/kafka_topics.ts';
import { isAlive, until } from '../running_center.ts';
import { type Broker, brokerAbsent, startBroker } from './broker.ts';
import type { ConsumeTask } from './consume_child.ts';
import { type CuttingProxy, startProxy } from './proxy.ts';
import {
  checkSequence,
  consumeInto,
  emptyScene,
  killConsuming,
  openProducer,
  openScene,
  type Scene,
  sendSequence,
  type TextProducer,
  untilReceived,
} from './scene.ts';

describe('readings from Kafka', { skip: brokerAbsent() }, () => {
  let broker: Broker;
  let scene: Scene;
  let producer: TextProducer;
  let proxy: CuttingProxy;
  let topic = '';
  let number = 0;
  before(async () => {
    proxy = await startProxy(() => broker.proxiedPort);
    [broker, scene] = await Promise.all([startBroker({ proxyPort: proxy.port }), openScene()]);
    producer = openProducer(broker.address);
  });
  after(async () => {
    await producer?.close().catch(() => undefined);
    await proxy?.close();
    await broker?.stop();
    await scene?.end();
  });
  beforeEach(async () => {
    topic = `readings_${++number}`;
    await emptyScene(scene);
    await broker.createTopic(topic, 6);
  });
  afterEach(killConsuming);
  const consume = (environment: Record<string, string> = {}, plant?: ConsumeTask['plant']) =>
    consumeInto(
      scene,
      {
        FLUX_KAFKA: broker.address,
        FLUX_KAFKA_GROUP: `group_${number}`,
        FLUX_KAFKA_TOPICS: `readings=${topic},events=events_${number}`,
        ...environment,
      },
      plant,
    );

  test('every message is a row, once, with its offset', async () => {
    await sendSequence(producer, topic, 0, 20_000);
    const worker = consume();
    await untilReceived(scene, topic, 20_000, worker.said);
    await worker.stop();
    assert.deepEqual(await checkSequence(scene, topic, 20_000), []);
  });

  test('three processes share six partitions; one is killed, another joins: nothing lost or doubled', async () => {
    const workers = [consume(), consume(), consume()];
    const said = (): string => workers.map((worker) => worker.said()).join('\n--\n');
    let sent = 0;
    const send = async (count: number): Promise<void> => {
      await sendSequence(producer, topic, sent, sent + count);
      sent += count;
    };
    await send(5000);
    await untilReceived(scene, topic, sent, said);
    await until('each process reads two partitions', async () => {
      const alive = await workersAlive(scene.pool);
      return alive.length === 3 && alive.every(({ partitions }) => partitions.length === 2);
    });
    const sending = send(15_000);
    await workers[0].kill();
    workers.push(consume());
    await sending;
    await send(5000);
    await untilReceived(scene, topic, sent, said);
    await Promise.all(workers.slice(1).map((worker) => worker.stop()));
    assert.deepEqual(await checkSequence(scene, topic, sent), []);
  });

  test('the broker is killed in the middle and comes back: all there, once', async () => {
    const worker = consume();
    await sendSequence(producer, topic, 0, 3000);
    await untilReceived(scene, topic, 1, worker.said);
    const sending = sendSequence(producer, topic, 3000, 15_000);
    await sleep(100);
    await broker.kill();
    await sleep(500);
    await broker.restart();
    await sending;
    await untilReceived(scene, topic, 15_000, worker.said);
    await worker.stop();
    assert.deepEqual(await checkSequence(scene, topic, 15_000), []);
  });

  test('connections cut in the middle of a frame: all there, once', async () => {
    const worker = consume({ FLUX_KAFKA: `127.0.0.1:${proxy.port}` });
    const before = proxy.cuts();
    for (let round = 0; round < 6; round++) {
      // armed first: what is cut is the answer that carries these messages, or a heartbeat's
      proxy.cutAfter(500 + round * 5000);
      await sendSequence(producer, topic, round * 3000, (round + 1) * 3000);
      await until('a connection is cut', () => proxy.cuts() > before + round);
    }
    await untilReceived(scene, topic, 18_000, worker.said);
    await worker.stop();
    assert.deepEqual(await checkSequence(scene, topic, 18_000), []);
  });

  test('the database is killed in the middle and comes back: all there, once', async () => {
    const worker = consume();
    for (let kill = 0; kill < 2; kill++) {
      const sending = sendSequence(producer, topic, kill * 5000, (kill + 1) * 5000);
      await untilReceived(scene, topic, kill * 5000 + 1, worker.said);
      process.kill(scene.postgres.pid, 'SIGKILL');
      await until('the server is gone', () => !isAlive(scene.postgres.pid));
      scene.postgres = await until('another server is up', () =>
        startEmbeddedPostgres(scene.folder).catch(() => undefined),
      );
      await sending;
    }
    await untilReceived(scene, topic, 10_000, worker.said);
    await worker.stop();
    assert.deepEqual(await checkSequence(scene, topic, 10_000), []);
  });

  test('two processes forced onto the same partitions fence each other: all there, once', async () => {
    const workers = ['a', 'b'].map((group) => consume({ FLUX_KAFKA_GROUP: `group_${number}_${group}` }));
    for (let from = 0; from < 20_000; from += 2000) await sendSequence(producer, topic, from, from + 2000);
    await untilReceived(scene, topic, 20_000, () => workers.map((worker) => worker.said()).join('\n'));
    await Promise.all(workers.map((worker) => worker.stop()));
    assert.deepEqual(await checkSequence(scene, topic, 20_000), []);
  });

  test('the check finds offsets that are trusted from Kafka', async () => {
    await sendSequence(producer, topic, 0, 3000);
    const first = consume({}, 'offsets_of_kafka');
    await untilReceived(scene, topic, 3000, first.said);
    await first.stop();
    assert.deepEqual(await checkSequence(scene, topic, 3000), []);
    await sendSequence(producer, topic, 3000, 6000);
    const dying = consume({}, 'offsets_of_kafka_dying');
    await until('it died', () => dying.child.signalCode !== null);
    await sendSequence(producer, topic, 6000, 7000);
    const last = consume({}, 'offsets_of_kafka');
    await untilReceived(scene, topic, 4000, last.said);
    await sleep(1000);
    await last.stop();
    assert.match((await checkSequence(scene, topic, 7000)).join('\n'), /lost: reading/);
  });

  test('the check finds commits without a fence', async () => {
    const workers = ['a', 'b'].map((group) => consume({ FLUX_KAFKA_GROUP: `group_${number}_${group}` }, 'no_fence'));
    const said = (): string => workers.map((worker) => worker.said()).join('\n');
    let from = 0;
    await until('one has forced its rows in', async () => {
      await sendSequence(producer, topic, from, from + 2000);
      from += 2000;
      return said().includes('forced');
    });
    await until('rows are doubled', async () => (await checkSequence(scene, topic, 0)).join().includes('doubled'));
  });
});
