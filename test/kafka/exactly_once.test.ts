/** Kafka -> segments and ledger, exactly once: whoever dies, whatever is cut, whichever process reads which partition. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { type Broker, brokerAbsent, startBroker } from './broker.ts';
import {
  checkSequence,
  emptyScene,
  killConsuming,
  openProducer,
  openScene,
  type Scene,
  sendSequence,
  startConsuming,
  type TextProducer,
  untilReceived,
} from './scene.ts';

describe('readings from Kafka', { skip: brokerAbsent() }, () => {
  let broker: Broker;
  let scene: Scene;
  let producer: TextProducer;
  let topic = '';
  let number = 0;
  before(async () => {
    [broker, scene] = await Promise.all([startBroker(), openScene()]);
    producer = openProducer(broker.address);
  });
  after(async () => {
    await producer?.close().catch(() => undefined);
    await broker?.stop();
    await scene?.end();
  });
  beforeEach(async () => {
    topic = `readings_${++number}`;
    await emptyScene(scene);
    await broker.createTopic(topic, 6);
  });
  afterEach(killConsuming);
  const consume = (environment: Record<string, string> = {}) =>
    startConsuming({
      dataFolder: scene.folder,
      environment: {
        FLUX_KAFKA: broker.address,
        FLUX_KAFKA_GROUP: `group_${number}`,
        FLUX_KAFKA_TOPICS: `readings=${topic},events=events_${number}`,
        DATABASE_URL: `postgresql://${scene.postgres.connection.user}@/${scene.postgres.connection.database}?host=${encodeURIComponent(scene.postgres.connection.host)}`,
        ...environment,
      },
    });

  test('every message is a row, once, with its offset', async () => {
    await sendSequence(producer, topic, 0, 20_000);
    const worker = consume();
    await untilReceived(scene, topic, 20_000, worker.said);
    await worker.stop();
    assert.deepEqual(await checkSequence(scene, topic, 20_000), []);
  });
});
