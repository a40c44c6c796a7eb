/** What messages say: JSON, Avro, drift, poison, events; what becomes of topics; what is kept of a message as it came. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import avro from 'avsc';
import { landing } from '#services/pipeline/landing.ts';
import { readingSchema } from '#sources/kafka/avro.ts';
import { openCluster } from '#sources/kafka/cluster.ts';
import { acceptTopic, untoldGaps, workersAlive } from '#stores/postgres/kafka_topics.ts';
import { until } from '../running_center.ts';
import { type Broker, brokerAbsent, saslUser, startBroker } from './broker.ts';
import { startRegistry, type TestRegistry } from './registry.ts';
import {
  type ConsumingProcess,
  checkSequence,
  consumeInto,
  emptyScene,
  killConsuming,
  messageAt,
  openProducer,
  openScene,
  receivedFrom,
  type Scene,
  sendSequence,
  type TextProducer,
  untilReceived,
} from './scene.ts';

describe('messages from Kafka', { skip: brokerAbsent() }, () => {
  let broker: Broker;
  let scene: Scene;
  let producer: TextProducer;
  let registry: TestRegistry;
  let topic = '';
  let number = 0;
  before(async () => {
    [broker, scene, registry] = await Promise.all([startBroker(), openScene(), startRegistry()]);
    producer = openProducer(broker.address);
  });
  after(async () => {
    await producer?.close().catch(() => undefined);
    await broker?.stop();
    await registry?.close();
    await scene?.end();
  });
  beforeEach(async () => {
    topic = `messages_${++number}`;
    await emptyScene(scene);
    await broker.createTopic(topic, 1);
  });
  afterEach(killConsuming);
  const consume = (environment: Record<string, string> = {}): ConsumingProcess =>
    consumeInto(scene, {
      FLUX_KAFKA: broker.address,
      FLUX_KAFKA_GROUP: `messages_group_${number}`,
      FLUX_KAFKA_TOPICS: `readings=${topic},events=events_of_${number}`,
      FLUX_SCHEMA_REGISTRY: registry.address,
      ...environment,
    });
  const send = (...values: (string | Buffer | undefined)[]) =>
    producer.send({ messages: values.map((value) => ({ topic, key: 'M0', value: value as string })) });
  const refusals = async (): Promise<{ record_offset: number; code: string; content: string; source: string }[]> =>
    (
      await scene.pool.query(
        'select record_offset, code, content, source, reason from set_aside order by source, partition_no, record_offset',
      )
    ).rows;
  const landed = (offset = 0) =>
    landing(
      { pool: scene.pool, engine: scene.engine, dataFolder: scene.folder, network: () => scene.network },
      { topic, partition: 0, offset, limit: 100 },
    );
  const wire = (id: number, body: Buffer): Buffer => {
    const head = Buffer.alloc(5);
    head.writeInt32BE(id, 1);
    return Buffer.concat([head, body]);
  };

  test('poison is set aside with its offset and reason, and the partition goes on', async () => {
    const good = messageAt(0);
    await send(
      JSON.stringify(good),
      'not json at all',
      Buffer.from([0xff, 0xfe, 0x80, 0x01]),
      undefined,
      JSON.stringify({ ...messageAt(1), meter_id: 'NOBODY' }),
      JSON.stringify({ ...messageAt(1), kwh: '1.5' }),
      Buffer.from([0, 0, 0, 0x7f, 0xff, 1, 2, 3]),
      Buffer.from([0]),
      '[1,2,3]',
      JSON.stringify(messageAt(1)),
    );
    const worker = consume();
    await untilReceived(scene, topic, 10, worker.said);
    assert.deepEqual(
      (await refusals()).map(({ record_offset, code }) => [record_offset, code]),
      [
        [1, 'not_json'],
        [2, 'not_json'],
        [3, 'no_value'],
        [4, 'unknown_meter'],
        [5, 'bad_kwh'],
        [6, 'unknown_schema'],
        [7, 'bad_avro'],
        [8, 'not_an_object'],
      ],
    );
    assert.equal((await refusals())[1].content, 'base64://6AAQ==');
    assert.deepEqual(await checkSequence(scene, topic, 2), []);
  });

  test('any message is found again as it came, with its place, time, key and headers', async () => {
    const usual = messageAt(0);
    const unusual = { ...messageAt(1), kwh: 1.23456, firmware: 'x9' };
    await producer.send({
      messages: [
        { topic, key: usual.meter_id, value: JSON.stringify(usual), timestamp: 1_750_000_000_123n },
        {
          topic,
          key: 'another',
          value: JSON.stringify(unusual),
          headers: { from: 'head-end 2' },
          timestamp: 1_750_000_000_005n,
        },
        { topic, value: JSON.stringify(messageAt(2)), timestamp: 1_750_000_000_999n },
      ],
    });
    const worker = consume();
    await untilReceived(scene, topic, 3, worker.said);
    const rows = await landed();
    assert.deepEqual(
      rows.map((row) => JSON.parse(row.RECORD_CONTENT)),
      [usual, unusual, messageAt(2)],
    );
    const place = { topic, partition: 0 };
    assert.deepEqual(
      rows.map((row) => row.RECORD_METADATA),
      [
        { ...place, offset: 0, CreateTime: 1_750_000_000_123, key: 'M0', headers: [] },
        { ...place, offset: 1, CreateTime: 1_750_000_000_005, key: 'another', headers: [['from', 'head-end 2']] },
        { ...place, offset: 2, CreateTime: 1_750_000_000_999, key: null, headers: [] },
      ],
    );
  });

  test('Avro by the registry: ours, one with a new field, one retyped, and each schema is asked for once', async () => {
    const own = avro.Type.forSchema(readingSchema);
    const wider = {
      ...readingSchema,
      name: 'HeadEndReading',
      namespace: 'vendor',
      fields: [
        ...readingSchema.fields.filter((field) => field.name !== 'quality'),
        { name: 'firmware', type: 'string' },
      ],
    };
    const retyped = {
      ...readingSchema,
      fields: readingSchema.fields.map((field) => (field.name === 'kwh' ? { name: 'kwh', type: 'string' } : field)),
    };
    const widerType = avro.Type.forSchema(wider as avro.Schema);
    const retypedType = avro.Type.forSchema(retyped as avro.Schema);
    const plain = (k: number): object => ({
      ...messageAt(k),
      reading_time: Date.parse(String(messageAt(k).reading_time)),
    });
    const [ownId, widerId, retypedId] = [registry.put(readingSchema), registry.put(wider), registry.put(retyped)];
    const before = registry.asked();
    await send(
      ...Array.from({ length: 50 }, (_, k) => wire(ownId, own.toBuffer(plain(k)))),
      wire(widerId, widerType.toBuffer({ ...plain(50), firmware: 'v2' })),
      wire(retypedId, retypedType.toBuffer({ ...plain(51), kwh: '1.0' })),
      wire(ownId, Buffer.from([1, 2, 3])),
      wire(ownId, own.toBuffer(plain(51))),
    );
    const worker = consume();
    await untilReceived(scene, topic, 54, worker.said);
    assert.deepEqual(await checkSequence(scene, topic, 52), []);
    assert.deepEqual(
      (await refusals()).map(({ record_offset, code }) => [record_offset, code]),
      [
        [51, 'schema_drift'],
        [52, 'bad_avro'],
      ],
    );
    assert.equal((JSON.parse((await landed(50))[0].RECORD_CONTENT) as { firmware: string }).firmware, 'v2');
    assert.equal(registry.asked() - before, 3);
  });

  test('a topic that was made again is not read until somebody says so; then from its beginning, offsets going on', async () => {
    await sendSequence(producer, topic, 0, 300);
    const worker = consume();
    await untilReceived(scene, topic, 300, worker.said);
    await broker.deleteTopic(topic);
    await broker.createTopic(topic, 1);
    await until('the new topic takes messages', () =>
      sendSequence(producer, topic, 300, 800).then(
        () => true,
        () => producer.clearMetadata() as undefined,
      ),
    );
    await until('the partition is stopped', async () =>
      (await workersAlive(scene.pool)).some(({ partitions }) =>
        partitions.some(
          (part) => part.code === 'kafka_topic_recreated' && part.reason?.includes(`flux kafka accept ${topic}`),
        ),
      ),
    );
    assert.deepEqual(await checkSequence(scene, topic, 300), []);
    const cluster = openCluster({ brokers: [broker.address] }, 'test');
    const now = (await cluster.topics([topic])).get(topic)!;
    await cluster.close();
    const changed = await acceptTopic(scene.pool, { name: topic, id: now.id, ends: [{ partition: 0, end: 500 }] });
    assert.deepEqual(changed, [{ partition: 0, offset: 0 }]);
    await untilReceived(scene, topic, 800, worker.said);
    assert.deepEqual(await checkSequence(scene, topic, 800), []);
    const [first] = await landed(0);
    assert.deepEqual([first.RECORD_METADATA.offset, JSON.parse(first.RECORD_CONTENT)], [0, messageAt(300)]);
  });

  test('what retention took before it was read is a recorded gap, and reading goes on behind it', async () => {
    await sendSequence(producer, topic, 0, 100);
    const first = consume();
    await untilReceived(scene, topic, 100, first.said);
    await first.stop();
    await sendSequence(producer, topic, 100, 200);
    await broker.deleteRecords(topic, 0, 150);
    const second = consume();
    await untilReceived(scene, topic, 150, second.said);
    assert.deepEqual(
      (await untoldGaps(scene.pool)).map(({ from, to }) => [from, to]),
      [[100, 150]],
    );
    const lost = (await checkSequence(scene, topic, 200)).every((problem) =>
      /reading 1[0-4]\d is in no segment/.test(problem),
    );
    assert.ok(lost, 'only what retention took is missing');
  });

  test('a log that ends before what was read stops the partition; accepted, it goes on with what comes', async () => {
    await sendSequence(producer, topic, 0, 100);
    const first = consume();
    await untilReceived(scene, topic, 100, first.said);
    await first.stop();
    // as if the brokers had lost the last 50 of 150
    await scene.pool.query('update stream_position set next_offset = 150');
    const second = consume();
    await until('the partition is stopped', async () =>
      (await workersAlive(scene.pool)).some(({ partitions }) =>
        partitions.some((part) => part.code === 'kafka_log_truncated'),
      ),
    );
    const cluster = openCluster({ brokers: [broker.address] }, 'test');
    const now = (await cluster.topics([topic])).get(topic)!;
    const { next } = await cluster.offsetsOf(now, 0);
    await cluster.close();
    const changed = await acceptTopic(scene.pool, { name: topic, id: now.id, ends: [{ partition: 0, end: next }] });
    assert.deepEqual(changed, [{ partition: 0, offset: 100 }]);
    await sendSequence(producer, topic, 100, 200);
    await untilReceived(scene, topic, 200, second.said);
    assert.deepEqual(await checkSequence(scene, topic, 200), []);
    assert.equal((await landed(100))[0].RECORD_METADATA.offset, 100);
  });

  test('only committed transactions count, and their markers leave no hole', async () => {
    const transactional = openProducer(broker.address, `transactional_${number}`);
    try {
      for (const [from, keep] of [
        [0, true],
        [1000, false],
        [100, true],
      ] as const) {
        const transaction = await transactional.beginTransaction();
        const messages = Array.from({ length: 100 }, (_, i) => {
          const message = messageAt(from + i);
          return { topic, key: message.meter_id, value: JSON.stringify(message) };
        });
        await transaction.send({ messages });
        await (keep ? transaction.commit() : transaction.abort());
      }
    } finally {
      await transactional.close();
    }
    const worker = consume();
    await untilReceived(scene, topic, 200, worker.said);
    assert.deepEqual(await checkSequence(scene, topic, 200), []);
    await until('the position is behind the markers', async () => {
      const { rows } = await scene.pool.query('select next_offset, received from stream_position');
      return rows[0].next_offset >= 302 && rows[0].received === 200;
    });
  });

  test('every compression', async () => {
    const kinds = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
    for (const [i, compression] of kinds.entries()) {
      const messages = Array.from({ length: 200 }, (_, n) => ({
        topic,
        key: 'M0',
        value: JSON.stringify(messageAt(i * 200 + n)),
      }));
      await producer.send({ messages, compression });
    }
    const worker = consume();
    await untilReceived(scene, topic, 1000, worker.said);
    assert.deepEqual(await checkSequence(scene, topic, 1000), []);
  });

  for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'])
    test(`SASL ${mechanism}${mechanism === 'plain' ? '; a wrong password is said, never shown' : ''}`, async () => {
      await sendSequence(producer, topic, 0, 100);
      const file = path.join(scene.folder, `password-${mechanism}`);
      await fs.writeFile(file, `${saslUser.password}\n`);
      const settings = { FLUX_KAFKA: broker.saslAddress, FLUX_KAFKA_SASL: mechanism, FLUX_KAFKA_USER: saslUser.user };
      const worker = consume({ ...settings, FLUX_KAFKA_PASSWORD_FILE: file });
      await untilReceived(scene, topic, 100, worker.said);
      await worker.stop();
      if (mechanism !== 'plain') return;
      const wrong = `${file}-wrong`;
      await fs.writeFile(wrong, 'pa55-that-is-wrong');
      const refused = consume({ ...settings, FLUX_KAFKA_PASSWORD_FILE: wrong });
      await until('it says so', () => /can not be reached/.test(refused.said()));
      assert.doesNotMatch(refused.said(), /pa55-that/);
    });

  test('TLS with a certificate to trust; without it nothing is read', async () => {
    await sendSequence(producer, topic, 0, 100);
    const trusting = { FLUX_KAFKA: broker.tlsAddress, FLUX_KAFKA_CA: broker.certificateFile };
    const distrusting = consume({ FLUX_KAFKA: broker.tlsAddress, FLUX_KAFKA_TLS: 'true' });
    await until('it says so', () => /can not be reached/.test(distrusting.said()));
    await distrusting.stop();
    assert.equal(await receivedFrom(scene.pool, topic), 0);
    const worker = consume(trusting);
    await untilReceived(scene, topic, 100, worker.said);
    assert.deepEqual(await checkSequence(scene, topic, 100), []);
  });

  test('events of meters and states of devices; unknown ones set aside', async () => {
    const events = `events_of_${number}`;
    await broker.createTopic(events, 3);
    const at = '2026-03-01T12:00:00Z';
    const records = [
      { meter_id: 'M1', event_time: at, type: 'last_gasp' },
      { meter_id: 'M2', event_time: at, type: 'last_gasp' },
      { meter_id: 'M1', event_time: at, type: 'last_gasp' },
      { device_id: 'B', event_time: at, state: 'open' },
      { device_id: 'NONE', event_time: at, state: 'open' },
      { device_id: 'B', event_time: at, state: 'ajar' },
    ];
    await producer.send({
      messages: records.map((record, i) => ({ topic: events, key: `k${i}`, value: JSON.stringify(record) })),
    });
    const worker = consume();
    await untilReceived(scene, events, 6, worker.said);
    const { rows } = await scene.pool.query(
      `select (select count(*) from meter_event)::int as events, (select count(*) from device_state)::int as devices,
              sum(received)::int as received, sum(landed + duplicate + set_aside)::int as accounted, sum(duplicate)::int as duplicate
       from stream_position where kind = 'event'`,
    );
    assert.deepEqual(rows[0], { events: 2, devices: 1, received: 6, accounted: 6, duplicate: 1 });
    assert.deepEqual((await refusals()).map(({ code }) => code).sort(), ['bad_state', 'unknown_device']);
  });
});
