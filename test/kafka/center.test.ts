/** A whole center beside a broker: from the generator's messages to layers, outages, alarms and what the pipeline says. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Alarm } from '#model/api/live.ts';
import type { Outage } from '#model/api/outages.ts';
import type { Pipeline } from '#model/api/readings.ts';
import { startConsumer } from '#sources/kafka/consumer.ts';
import { readBatches } from '#sources/kafka/record_batch.ts';
import { flux, isAlive, type RunningCenter, startCenter, temporaryFolder, until } from '../running_center.ts';
import { edgesOf, postEvents, type SceneEdge } from '../scene.ts';
import { type Broker, brokerAbsent, startBroker } from './broker.ts';
import { openProducer, type TextProducer } from './scene.ts';

describe('a center that reads Kafka', { skip: brokerAbsent() }, () => {
  let broker: Broker;
  let center: RunningCenter;
  let producer: TextProducer;
  const meters = 1000;
  const topic = 'ami_readings';
  before(async () => {
    broker = await startBroker();
    await Promise.all([
      broker.createTopic(topic, 6),
      broker.createTopic('grid_events', 3),
      broker.createTopic('outage_alerts', 2),
    ]);
    producer = openProducer(broker.address);
    const folder = await temporaryFolder();
    const thresholds = path.join(folder, 'thresholds.json');
    await fs.writeFile(thresholds, JSON.stringify({ blue_sky: { holdWindowS: 1 }, stepMergeS: 0 }));
    center = await startCenter({
      folder,
      meters,
      environment: { FLUX_KAFKA: broker.address, FLUX_THRESHOLDS: thresholds },
    });
  });
  after(async () => {
    await producer?.close().catch(() => undefined);
    await center?.stop();
    await broker?.stop();
  });
  const pipeline = async (method = 'GET', address = '/api/pipeline'): Promise<Pipeline> =>
    (await center.call<Pipeline>(method, address)).body;
  const stored = (status: Pipeline): number =>
    status.sources.filter(({ source }) => source === `kafka.${topic}`).reduce((sum, source) => sum + source.stored, 0);

  test('what the generator sends is in the layers, conserved, and the partitions are seen', async () => {
    const sent = await flux([
      'generate',
      '--meters',
      String(meters),
      '--days',
      '0.5',
      '--no-events',
      '--to',
      'kafka',
      '--brokers',
      broker.address,
      '--json',
    ]);
    assert.equal(sent.status, 0, sent.stderr);
    const { rows } = JSON.parse(sent.stdout) as { rows: number };
    assert.equal(rows, meters * 48);
    const status = await until(`all is stored; ${center.said()}`, async () => {
      const now = await pipeline('POST', '/api/pipeline/refresh');
      return stored(now) >= rows && now;
    });
    assert.equal(stored(status), rows);
    for (const source of status.sources) assert.equal(source.balanced, true, source.source);
    assert.equal(status.sources.filter(({ source }) => source === `kafka.${topic}`).length, 6);
    const verified = await center.call<{ differences: unknown[] }>('POST', '/api/pipeline/verify');
    assert.deepEqual(verified.body.differences, []);
    const { consumers } = await until('the process says it is up to date', async () => {
      const now = await pipeline();
      const parts = now.consumers.flatMap((consumer) => consumer.partitions);
      return parts.length === 9 && parts.every(({ lag, state }) => lag === 0 && state === 'reading') && now;
    });
    assert.equal(consumers.length, 1);
    const landed = await center.call<{ RECORD_METADATA: { offset: number } }[]>(
      'GET',
      `/api/pipeline/landing?topic=${topic}&partition=2&offset=5&limit=2`,
    );
    assert.deepEqual(
      landed.body.map((row) => row.RECORD_METADATA.offset),
      [5, 6],
    );
  });

  test('events by Kafka and by the door become outages together, each event once', async () => {
    const all = (await edgesOf(center, 'power_transformer')).filter((edge) => edge.meters.length > 1);
    const byKafka = all.slice(0, 6);
    const byDoor = all.slice(6, 12);
    const at = new Date().toISOString();
    const sendGasps = async (edge: SceneEdge): Promise<void> => {
      const messages = edge.meters.map((meter) => ({
        topic: 'grid_events',
        key: meter,
        value: JSON.stringify({ meter_id: meter, event_time: at, type: 'last_gasp' }),
      }));
      await producer.send({ messages });
    };
    await Promise.all(
      byKafka.map(async (edge, i) => {
        await sendGasps(edge);
        await postEvents(center, 'last_gasp', byDoor[i].meters);
      }),
    );
    const expected = [...byKafka, ...byDoor].flatMap((edge) => edge.meters).length;
    await until(`all ${expected} meters are known to be dark; ${center.said()}`, async () => {
      const { body } = await center.call<Outage[]>('GET', '/api/outages');
      const dark = body.reduce((sum, outage) => sum + outage.meters_dark, 0);
      return dark === expected;
    });
    const { sources } = await pipeline();
    const events = sources.filter(({ kind }) => kind === 'event');
    assert.equal(
      events.reduce((sum, source) => sum + source.stored, 0),
      expected,
    );
  });

  test('what happens to outages is published, keyed by outage', async () => {
    const published = new Map<string, string[]>();
    const consumer = startConsumer({
      access: { brokers: [broker.address] },
      group: 'listener',
      topics: ['outage_alerts'],
      report: () => undefined,
      reader: {
        open: async () => 0,
        outOfRange: async () => 0,
        take: async (place, from, { records }) =>
          readBatches(records, from, place, {
            record: (bytes, _offset, _timeMs, keyFrom, keyTo, valueFrom, valueTo) => {
              const key = bytes.toString('utf8', keyFrom, keyTo);
              const { verb, outage_id: outage } = JSON.parse(bytes.toString('utf8', valueFrom, valueTo)) as {
                verb: string;
                outage_id: string;
              };
              assert.equal(outage, key);
              published.set(key, [...(published.get(key) ?? []), verb]);
            },
          }),
      },
    });
    try {
      const { body } = await center.call<Outage[]>('GET', '/api/outages');
      assert.ok(body.length > 0);
      await until('every outage was told of', () => body.every((outage) => published.has(outage.id)));
    } finally {
      await consumer.stop();
    }
  });

  test('the reading process is killed: another follows, nothing is lost', async () => {
    const before = stored(await pipeline('POST', '/api/pipeline/refresh'));
    const [{ pid }] = (await pipeline()).consumers;
    process.kill(pid, 'SIGKILL');
    const sent = await flux([
      ...['generate', '--meters', String(meters), '--days', '0.125', '--start', '2026-02-01T00:00:00Z', '--no-events'],
      ...['--to', 'kafka', '--brokers', broker.address, '--json'],
    ]);
    const { rows } = JSON.parse(sent.stdout) as { rows: number };
    await until('all is stored', async () => stored(await pipeline('POST', '/api/pipeline/refresh')) === before + rows);
    const others = (await pipeline()).consumers.map((consumer) => consumer.pid).filter((other) => other !== pid);
    assert.equal(others.length, 1);
    assert.ok(isAlive(others[0]));
  });

  test('a topic made again raises an alarm that says what to do; accepted, the alarm ends', async () => {
    await broker.deleteTopic(topic);
    await broker.createTopic(topic, 6);
    const alarms = async (): Promise<Alarm[]> =>
      (await center.call<Alarm[]>('GET', '/api/alarms')).body.filter((alarm) => alarm.id.startsWith('ALM-KAFKA-'));
    const raised = await until('alarms', async () => {
      const found = await alarms();
      return found.length === 6 && found;
    });
    assert.match(raised[0].text, /flux kafka accept ami_readings/);
    const environment = { FLUX_KAFKA: broker.address };
    const accepted = await flux(['kafka', 'accept', topic, '--data', center.folder, '--json'], environment);
    assert.equal(accepted.status, 0, accepted.stderr);
    assert.equal((JSON.parse(accepted.stdout) as { partitions: unknown[] }).partitions.length, 6);
    await until('the alarms are over', async () =>
      (await alarms()).every((alarm) => alarm.state === 'returned_unacknowledged'),
    );
    const again = await flux(['kafka', 'accept', topic, '--data', center.folder], environment);
    assert.match(again.stdout, /nothing to accept/);
  });
});
