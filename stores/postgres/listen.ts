/** Notifications of other processes, over a connection of its own that is made again where it is lost. */
import pg from 'pg';
import type { PoolOptions } from '#stores/postgres/pool.ts';

export interface Listener {
  close(): Promise<void>;
}

const againMs = 1000;

/**
 * @param heard payload of a notification; undefined after each connection: what was said before it may have been missed
 * @returns at once where the server does not answer yet: it is tried until it does
 */
export async function listenTo(
  connection: PoolOptions['connection'],
  channel: 'flux_committed' | 'network_changed',
  heard: (payload: string | undefined) => void,
): Promise<Listener> {
  let closed = false;
  let current: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    const target = typeof connection === 'string' ? { connectionString: connection } : connection;
    const client = new pg.Client({ ...target, application_name: `flux listens to ${channel}` });
    let isOver = false;
    const again = (): void => {
      if (isOver || closed) return;
      isOver = true;
      client.end().catch(() => undefined);
      timer = setTimeout(() => void connect(), againMs);
    };
    client.on('error', again);
    client.on('end', again);
    client.on('notification', (message) => heard(message.payload ?? ''));
    current = client;
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
      heard(undefined);
    } catch {
      again();
    }
  }
  await connect();
  return {
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await current?.end().catch(() => undefined);
    },
  };
}
