/** What the process measures of itself, in Prometheus' words; domain code only publishes on diagnostics channels. */
import { channel } from 'node:diagnostics_channel';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  registry: Registry;
  observeRequest(route: string, method: string, status: number, seconds: number, bytes: number): void;
  /** values that are asked for when the metrics are read */
  gauge(name: string, help: string, read: () => number): void;
  close(): void;
}

type Listener = (message: unknown, name: string | symbol) => void;

export function makeMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'flux_' });
  const subscriptions: [string, Listener][] = [];
  const on = (name: string, listener: (message: never) => void): void => {
    channel(name).subscribe(listener as unknown as Listener);
    subscriptions.push([name, listener as unknown as Listener]);
  };
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name, help, labelNames, registers: [registry] });
  const buckets = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
  const histogram = (name: string, help: string, labelNames: string[] = []) =>
    new Histogram({ name, help, labelNames, buckets, registers: [registry] });

  const requestSeconds = histogram('flux_http_request_seconds', 'time to answer by route', [
    'route',
    'method',
    'status',
  ]);
  const responseBytes = counter('flux_http_response_bytes_total', 'bytes answered by route', ['route']);

  const landed = counter('flux_readings_landed_total', 'readings durable in bronze and ledger', ['source']);
  const setAside = counter('flux_set_aside_total', 'records set aside with a reason', ['source', 'code']);
  const commitSeconds = histogram('flux_commit_seconds', 'time from batch to durable', ['kind']);
  const events = counter('flux_meter_events_total', 'meter events stored', ['source']);
  on(
    'flux:stream.readings_committed',
    ({
      batch,
      ms,
    }: {
      batch: { source: string; readings: { count: number }; setAside: { code: string }[] };
      ms: number;
    }) => {
      landed.inc({ source: batch.source }, batch.readings.count);
      for (const record of batch.setAside) setAside.inc({ source: batch.source, code: record.code });
      commitSeconds.observe({ kind: 'reading' }, ms / 1000);
    },
  );
  on(
    'flux:stream.events_committed',
    ({
      batch,
      committed,
      ms,
    }: {
      batch: { source: string; setAside: { code: string }[] };
      committed: { eventIds: number[] };
      ms: number;
    }) => {
      events.inc({ source: batch.source }, committed.eventIds.length);
      for (const record of batch.setAside) setAside.inc({ source: batch.source, code: record.code });
      commitSeconds.observe({ kind: 'event' }, ms / 1000);
    },
  );

  const restarts = counter('flux_columnar_restarts_total', 'times a columnar process had to be started again', [
    'engine',
  ]);
  on('flux:columnar.restarted', ({ name }: { name: string }) => restarts.inc({ engine: name }));
  const refreshSeconds = histogram('flux_layer_refresh_seconds', 'time of one refresh of all layers');
  on('flux:layers.refreshed', ({ ms }: { ms: number }) => refreshSeconds.observe(ms / 1000));
  const eventToPush = histogram(
    'flux_event_to_push_seconds',
    'from the receipt of a meter event to the push of its outage',
  );
  on('flux:outages.pushed', ({ ms }: { ms: number }) => eventToPush.observe(ms / 1000));
  const pushed = counter('flux_push_messages_total', 'deltas pushed');
  on('flux:push.sent', () => pushed.inc());
  const slow = counter('flux_push_closed_slow_total', 'subscribers closed because they read too slowly');
  on('flux:push.closed_slow', () => slow.inc());
  const lost = counter('flux_postgres_connections_lost_total', 'idle connections that were lost');
  on('flux:postgres.connection_lost', () => lost.inc());

  return {
    registry,
    observeRequest: (route, method, status, seconds, bytes) => {
      requestSeconds.observe({ route, method, status: String(status) }, seconds);
      responseBytes.inc({ route }, bytes);
    },
    gauge: (name, help, read) => {
      new Gauge({
        name,
        help,
        registers: [registry],
        collect() {
          this.set(read());
        },
      });
    },
    close: () => {
      for (const [name, listener] of subscriptions) channel(name).unsubscribe(listener);
    },
  };
}
