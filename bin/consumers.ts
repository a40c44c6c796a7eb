/**
 * The center's side of Kafka: a consuming process of its own (decoding must not hold up the API), started again where
 * it ends; what any such process commits is heard of from the store; what is wrong with a partition becomes an alarm.
 */
import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { FluxError } from '#model/errors.ts';
import { untoldGaps, type Worker, workersAlive } from '#stores/postgres/kafka_topics.ts';
import { committedChannel } from '#stores/postgres/ledger.ts';
import { listenTo } from '#stores/postgres/listen.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { publishAlerts } from './alerts.ts';
import type { Config } from './config.ts';
import { kafkaAccess } from './kafka_access.ts';
import type { Store } from './store.ts';

export interface ConsumersNeeds {
  config: Config;
  pool: Pool;
  connection: Store['connection'];
  /** another process committed readings, events; also told after the connection was lost, when it may have */
  readingsCommitted: () => void;
  eventsCommitted: () => void;
  /** a condition of the center, null where it is over */
  alarm: (id: string, wrong: { priority: 1 | 2; text: string } | null) => void;
  /** ids of alarms that are not back to normal, also those raised before this start */
  activeAlarms: () => string[];
  report: (message: string, error: unknown) => void;
}

export interface Consumers {
  stop(): Promise<void>;
}

const lookMs = 1000;
const stopWithinMs = 15_000;
/** Waiting for these ends only when somebody does something. */
const needsSomeone = new Set([
  'kafka_topic_recreated',
  'kafka_log_truncated',
  'kafka_damaged_batch',
  'schema_registry',
  'source_kind',
]);
/** What mends itself usually does within this. */
const patienceMs = 30_000;
const settleMs = 5000;

export async function startConsumers(needs: ConsumersNeeds): Promise<Consumers> {
  const { pool, config } = needs;
  const listener = await listenTo(needs.connection, committedChannel, (kind) => {
    if (kind !== 'event') needs.readingsCommitted();
    if (kind !== 'reading') needs.eventsCommitted();
  });
  if (!config.kafka) return { stop: () => listener.close() };

  const { alertsTopic } = config.kafka;
  const alerts = publishAlerts({
    pool,
    access: await kafkaAccess(config.kafka),
    topic: alertsTopic,
    report: needs.report,
  });
  const supervised = supervise(config, needs.report);
  const conditions = makeConditions(needs.alarm, needs.activeAlarms());
  let looking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(async () => {
      const [workers, gaps] = await Promise.all([workersAlive(pool), untoldGaps(pool)]);
      conditions.look(workers);
      for (const gap of gaps) {
        const lost = `topic ${gap.topic} partition ${gap.partition}: offsets ${gap.from} to ${gap.to - 1} were gone before they were read; ask the head-end to send them again, and keep messages longer`;
        needs.alarm(`ALM-KAFKA-GAP-${gap.id}`, { priority: 1, text: lost });
        needs.alarm(`ALM-KAFKA-GAP-${gap.id}`, null);
      }
    });
    // a store that is away is said elsewhere
    looking = looking.catch(() => undefined);
  }, lookMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all([supervised.stop(), alerts.stop()]);
      await looking;
      await listener.close();
    },
  };
}

/** Turns what the processes say of their partitions into conditions that begin and end. */
export function makeConditions(
  alarm: ConsumersNeeds['alarm'],
  before: string[] = [],
  now: () => number = performance.now.bind(performance),
): { look(workers: Worker[]): void } {
  let waitingSince = new Map<string, number>();
  const raised = new Set(before.filter((id) => id.startsWith('ALM-KAFKA-') && !id.startsWith('ALM-KAFKA-GAP-')));
  const startedMs = now();
  let lastAliveMs = startedMs;
  return {
    look: (workers) => {
      // after a start the processes need a moment to say how they stand
      if (now() - startedMs < settleMs) return;
      const wrong = new Map<string, string>();
      const since = new Map<string, number>();
      for (const { partitions } of workers) {
        for (const { topic, partition, state, code, reason } of partitions) {
          if (state !== 'waiting') continue;
          const id = `ALM-KAFKA-${topic}-${partition}`.slice(0, 80);
          since.set(id, waitingSince.get(id) ?? now());
          if (needsSomeone.has(code ?? '') || now() - since.get(id)! > patienceMs)
            wrong.set(id, reason ?? `topic ${topic} partition ${partition} is not read`);
        }
      }
      waitingSince = since;
      if (workers.length > 0) lastAliveMs = now();
      else if (now() - lastAliveMs > patienceMs)
        wrong.set(
          'ALM-KAFKA-CONSUMER',
          'no process reads Kafka; see the log of the center, or start one with --role ingest',
        );
      for (const [id, text] of wrong) alarm(id, { priority: id === 'ALM-KAFKA-CONSUMER' ? 1 : 2, text });
      for (const id of raised) if (!wrong.has(id)) alarm(id, null);
      raised.clear();
      for (const id of wrong.keys()) raised.add(id);
    },
  };
}

/** One consuming process, started again after a pause that grows while it keeps ending. */
function supervise(config: Config, report: ConsumersNeeds['report']): { stop(): Promise<void> } {
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopping = false;
  let failures = 0;
  const entry = path.join(import.meta.dirname, 'flux.ts');

  function start(): void {
    const startedMs = performance.now();
    const started = fork(entry, ['start', '--role', 'ingest', '--data', config.dataFolder], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    child = started;
    started.once('exit', (code, signal) => {
      child = undefined;
      if (stopping) return;
      failures = performance.now() - startedMs > 60_000 ? 1 : failures + 1;
      const pauseMs = Math.min(30_000, 500 * 2 ** Math.min(failures, 6));
      report(
        'the process that reads Kafka ended; it is started again',
        new FluxError(
          'consumer_ended',
          `it ended with ${signal ?? `status ${code}`}; started again in ${pauseMs / 1000} s`,
        ),
      );
      timer = setTimeout(start, pauseMs);
    });
  }
  start();
  return {
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      const last = child;
      if (!last) return;
      const exited = new Promise((resolve) => last.once('exit', resolve));
      last.kill('SIGTERM');
      const deadline = setTimeout(() => last.kill('SIGKILL'), stopWithinMs);
      await exited;
      clearTimeout(deadline);
    },
  };
}
