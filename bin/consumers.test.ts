import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PartitionReport, Worker } from '#stores/postgres/kafka_topics.ts';
import { readConfig } from './config.ts';
import { makeConditions } from './consumers.ts';

function workerOf(parts: Partial<PartitionReport>[]): Worker {
  const partitions = parts.map((part, i) => ({
    ...{ topic: 'ami', partition: i, state: 'reading' as const, next_offset: 0, high_watermark: 0, lag: 0 },
    ...{ records_per_s: 0, code: null, reason: null },
    ...part,
  }));
  return { worker_id: 'w', host: 'h', pid: 1, started_at: new Date(), seen_at: new Date(), partitions };
}

describe('conditions of partitions', () => {
  const recreated = { state: 'waiting' as const, code: 'kafka_topic_recreated', reason: 'made again' };

  function watch(before: string[] = []) {
    let nowMs = 0;
    const told: [string, string | null][] = [];
    const conditions = makeConditions(
      (id, wrong) => told.push([id, wrong?.text ?? null]),
      before,
      () => nowMs,
    );
    return {
      look: (atMs: number, workers: Worker[]): [string, string | null][] => {
        nowMs = atMs;
        told.length = 0;
        conditions.look(workers);
        return [...told];
      },
    };
  }

  test('what needs somebody is said at once, and that it is over', () => {
    const { look } = watch();
    assert.deepEqual(look(10_000, [workerOf([recreated, {}])]), [['ALM-KAFKA-ami-0', 'made again']]);
    assert.deepEqual(look(11_000, [workerOf([{}, {}])]), [['ALM-KAFKA-ami-0', null]]);
    assert.deepEqual(look(12_000, [workerOf([{}, {}])]), []);
  });

  test('what usually mends itself is given its time', () => {
    const { look } = watch();
    const away = { state: 'waiting' as const, code: 'kafka_unreachable', reason: 'no broker' };
    assert.deepEqual(look(10_000, [workerOf([away])]), []);
    assert.deepEqual(look(30_000, [workerOf([away])]), []);
    assert.deepEqual(look(41_000, [workerOf([away])]), [['ALM-KAFKA-ami-0', 'no broker']]);
  });

  test('nobody reads; and an alarm of before the start ends when its reason has', () => {
    const { look } = watch(['ALM-KAFKA-ami-0', 'ALM-KAFKA-GAP-1', 'ALM-O-1']);
    assert.deepEqual(look(1000, []), [], 'the processes need a moment');
    assert.deepEqual(look(31_000, []), [
      ['ALM-KAFKA-CONSUMER', 'no process reads Kafka; see the log of the center, or start one with --role ingest'],
      ['ALM-KAFKA-ami-0', null],
    ]);
    assert.deepEqual(look(32_000, [workerOf([{}])]), [['ALM-KAFKA-CONSUMER', null]]);
  });
});

describe('settings of Kafka', () => {
  const of = (environment: Record<string, string>) => readConfig({}, environment).config.kafka;

  test('none without brokers; topics, group and mechanism as given', () => {
    assert.equal(of({ FLUX_KAFKA_GROUP: 'x' }), undefined);
    const kafka = of({
      FLUX_KAFKA: 'a:9092, b:9092',
      FLUX_KAFKA_TOPICS: 'readings=r.1, events=e-1',
      FLUX_KAFKA_SASL: 'SCRAM-SHA-256',
      FLUX_KAFKA_USER: 'u',
      FLUX_KAFKA_PASSWORD_FILE: '/p',
      FLUX_KAFKA_CA: '/ca.pem',
    })!;
    assert.deepEqual(kafka.brokers, ['a:9092', 'b:9092']);
    assert.deepEqual([kafka.readingsTopic, kafka.eventsTopic, kafka.alertsTopic], ['r.1', 'e-1', 'outage_alerts']);
    assert.deepEqual([kafka.sasl, kafka.tls, kafka.group], ['SCRAM-SHA-256', true, 'flux']);
  });

  const wrong: Record<string, string>[] = [
    { FLUX_KAFKA_SASL: 'kerberos' },
    { FLUX_KAFKA_SASL: 'plain' },
    { FLUX_KAFKA_TOPICS: 'reading=a' },
    { FLUX_KAFKA_TOPICS: 'readings=a b' },
    { FLUX_KAFKA_TOPICS: 'readings=same,events=same' },
    { FLUX_KAFKA_TLS: 'maybe' },
  ];
  for (const settings of wrong)
    test(`${JSON.stringify(settings)} is refused`, () =>
      assert.throws(() => of({ FLUX_KAFKA: 'a:1', ...settings }), { code: 'bad_usage' }));
});
