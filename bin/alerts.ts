/**
 * What happens to outages, published to a topic: keyed by outage, in order, at least once (what was sent before a crash
 * is sent again after it, with the same log_id). From the stored log, so nothing is told that did not last.
 */
import { messageOf } from '#model/errors.ts';
import type { KafkaAccess } from '#sources/kafka/cluster.ts';
import type { KafkaProducer } from '#sources/kafka/producer.ts';
import { markTold, untoldAlerts } from '#stores/postgres/outage_alerts.ts';
import type { Pool } from '#stores/postgres/pool.ts';

export interface Alerts {
  stop(): Promise<void>;
}

const lookMs = 1000;
/** A topic that does not exist, a broker that does not answer. */
const pauseMs = 10_000;
const atOnce = 5000;

export function publishAlerts(needs: {
  pool: Pool;
  access: KafkaAccess;
  topic: string;
  report: (message: string, error: unknown) => void;
}): Alerts {
  let producer: KafkaProducer | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let problem = '';

  async function publish(): Promise<void> {
    const alerts = await untoldAlerts(needs.pool, atOnce);
    if (alerts.length === 0) return;
    const { openProducer } = await import('#sources/kafka/producer.ts');
    producer ??= await openProducer({ access: needs.access, topic: needs.topic });
    for (const alert of alerts) {
      const key = Buffer.from(alert.outage_id);
      producer.add(producer.partitionOf(key), alert.at.getTime(), key, Buffer.from(JSON.stringify(alert)));
    }
    await producer.flush();
    await markTold(needs.pool, alerts[alerts.length - 1].log_id);
  }

  async function look(): Promise<void> {
    let waitMs = lookMs;
    try {
      await publish();
      problem = '';
    } catch (error) {
      if (messageOf(error) !== problem) needs.report('outages are not published; tried again until they are', error);
      problem = messageOf(error);
      // what it holds of a failed attempt must not be sent beside the next one
      await producer?.close();
      producer = undefined;
      waitMs = pauseMs;
    }
    if (!stopped) timer = setTimeout(start, waitMs);
  }
  let looking: Promise<void> = Promise.resolve();
  function start(): void {
    looking = look();
  }
  start();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await looking;
      clearTimeout(timer);
      await producer?.close();
    },
  };
}
