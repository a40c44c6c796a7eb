/** The one pool of a process: bounded, lazy, prepared by name; an idle connection that dies is replaced, not fatal. */
import { channel } from 'node:diagnostics_channel';
import pg from 'pg';

export type Pool = pg.Pool;
export type Client = pg.PoolClient;
/** What a query function needs: the pool, or one client inside a transaction. */
export type Queryable = Pick<pg.Pool, 'query'>;

const connectionLost = channel('flux:postgres.connection_lost');

// int8 (bigint) counters stay below 2^53: numbers, not strings.
pg.types.setTypeParser(20, Number);

export interface PoolOptions {
  /** DATABASE_URL, or the parts for a Unix socket */
  connection: string | { host: string; user: string; database: string };
  /** upper bound of connections of this process */
  max?: number;
  applicationName?: string;
}

export function openPool(options: PoolOptions): Pool {
  const target = typeof options.connection === 'string' ? { connectionString: options.connection } : options.connection;
  const pool = new pg.Pool({
    ...target,
    max: options.max ?? 12,
    idleTimeoutMillis: 60_000,
    connectionTimeoutMillis: 10_000,
    application_name: options.applicationName ?? 'flux',
    options: '-c timezone=UTC',
  });
  pool.on('error', (error) => connectionLost.publish({ error }));
  return pool;
}

/** Runs `work` in one transaction; any throw rolls back. */
export async function inTransaction<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

/** A query with a name: prepared once per connection, the label of its metrics. */
export interface NamedQuery {
  name: string;
  text: string;
}

export async function rowsOf<Row>(on: Queryable, query: NamedQuery, values: unknown[] = []): Promise<Row[]> {
  const result = await on.query({ name: query.name, text: query.text, values });
  return result.rows as Row[];
}

export async function oneRow<Row>(on: Queryable, query: NamedQuery, values: unknown[] = []): Promise<Row | undefined> {
  return (await rowsOf<Row>(on, query, values))[0];
}
