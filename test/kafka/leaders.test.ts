/** A cluster of two brokers: the leaders of partitions move while readings flow. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openProducer } from '#sources/kafka/producer.ts';
import { until } from '../running_center.ts';
import { type Broker, brokerAbsent, startBroker } from './broker.ts';
import { checkSequence, consumeInto, killConsuming, messageAt, openScene, type Scene, untilReceived } from './scene.ts';

describe('readings from two brokers', { skip: brokerAbsent() }, () => {
  let first: Broker;
  let second: Broker;
  let scene: Scene;
  before(async () => {
    [first, scene] = await Promise.all([startBroker(), openScene()]);
    second = await startBroker({ joins: first });
  });
  after(async () => {
    await killConsuming();
    await second?.stop();
    await first?.stop();
    await scene?.end();
  });

  test('a broker that leads half of the partitions is killed and comes back: all there, once', async () => {
    await first.createTopic('readings', 6, {}, 2);
    const spread = await first.leaders('readings');
    assert.deepEqual([...spread.keys()].sort(), [1, 2], 'both brokers lead partitions');
    const producer = await openProducer({ access: { brokers: [first.address, second.address] }, topic: 'readings' });
    const send = async (from: number, to: number): Promise<void> => {
      for (let k = from; k < to; k++) {
        const message = messageAt(k);
        const key = Buffer.from(message.meter_id);
        producer.add(producer.partitionOf(key), Date.now(), key, Buffer.from(JSON.stringify(message)));
        if (k % 500 === 0) await producer.pump();
      }
      await producer.flush();
    };
    const worker = consumeInto(scene, {
      FLUX_KAFKA: `${first.address},${second.address}`,
      FLUX_KAFKA_GROUP: 'group',
      FLUX_KAFKA_TOPICS: 'readings=readings,events=events',
    });
    try {
      await send(0, 5000);
      await untilReceived(scene, 'readings', 5000, worker.said);
      await second.kill();
      // sent to a leader that is gone, and sent again to the next one
      const moved = send(5000, 10_000);
      await until('the first broker leads all partitions', async () => {
        const leaders = await first.leaders('readings');
        return leaders.get(1)?.length === 6;
      });
      await moved;
      await untilReceived(scene, 'readings', 10_000, worker.said);
      await second.restart();
      const sending = send(10_000, 20_000);
      await until(
        'the second broker leads partitions again',
        async () => ((await first.leaders('readings')).get(2)?.length ?? 0) > 0,
        60_000,
      );
      await sending;
      await send(20_000, 25_000);
      await untilReceived(scene, 'readings', 25_000, worker.said);
      await worker.stop();
    } finally {
      await producer.close().catch(() => undefined);
    }
    assert.deepEqual(await checkSequence(scene, 'readings', 25_000), []);
  });
});
