/** Opens the operational store of a center: DATABASE_URL, or the embedded cluster of the data folder. */
import fs from 'node:fs/promises';
import pg from 'pg';
import { FluxError, messageOf } from '#model/errors.ts';
import { type EmbeddedPostgres, freeBytes, startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { defineSpatialViews, migrate } from '#stores/postgres/migrate.ts';
import { openPool, type Pool } from '#stores/postgres/pool.ts';
import type { Config } from './config.ts';

export interface Store {
  pool: Pool;
  /** Starts the embedded server again where it died; nothing to do for a server of the utility's own. */
  revive(): Promise<void>;
  /** Closes the pool and stops the embedded server. */
  close(): Promise<void>;
  /** Closes the pool; stops the embedded server only where this process started it. */
  leave(): Promise<void>;
  /** Closes the pool: another center uses the server, whoever started it. */
  abandon(): Promise<void>;
  connection: string | EmbeddedPostgres['connection'];
  migrated: string[];
}

const leastFreeBytes = 300 * 1024 * 1024;

/** @throws FluxError `data_folder`, `disk_full`, `store_unreachable`, and those of the embedded cluster */
export async function openStore(config: Config, applicationName: string): Promise<Store> {
  await prepareDataFolder(config.dataFolder);
  const start = (): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres(config.dataFolder, { ownBinaries: config.postgresBinaries });
  let embedded = config.databaseUrl ? undefined : await start();
  const connection = config.databaseUrl ?? embedded!.connection;
  const pool = openPool({ connection, max: config.connections, applicationName });
  try {
    const migrated = await migrate(pool);
    await defineSpatialViews(pool);
    return {
      pool,
      connection,
      migrated,
      revive: async () => {
        if (embedded) embedded = await start();
      },
      close: async () => {
        await pool.end();
        await embedded?.stop();
      },
      leave: async () => {
        await pool.end();
        if (embedded?.started) await embedded.stop();
      },
      abandon: () => pool.end(),
    };
  } catch (cause) {
    await pool.end();
    if (embedded?.started) await embedded.stop();
    if (cause instanceof FluxError) throw cause;
    throw new FluxError(
      'store_unreachable',
      `the database does not answer: ${messageOf(cause)}; check ${config.databaseUrl ? 'DATABASE_URL and that the server accepts connections' : 'postgres.log in the data folder'}`,
      { cause },
    );
  }
}

async function prepareDataFolder(folder: string): Promise<void> {
  try {
    await fs.mkdir(folder, { recursive: true });
    await fs.access(folder, fs.constants.W_OK);
    // Root may write anywhere the mode says no: only a real write tells a read-only mount.
    const probe = `${folder}/.write-probe`;
    await fs.writeFile(probe, '');
    await fs.rm(probe);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason =
      code === 'EROFS'
        ? 'is on a read-only file system'
        : code === 'ENOSPC'
          ? 'is on a full disk'
          : `can not be written (${messageOf(cause)})`;
    throw new FluxError('data_folder', `the data folder ${folder} ${reason}; choose another with --data`, { cause });
  }
  const free = await freeBytes(folder);
  if (free < leastFreeBytes) {
    throw new FluxError(
      'disk_full',
      `only ${Math.round(free / 1048576)} MB are free at ${folder}; a center needs at least ${leastFreeBytes / 1048576} MB to start`,
    );
  }
}

/** any constant will do: it only has to be ours */
const centerLock = 7_266_000;

export interface CenterLock {
  /** runs where another process replaced the network */
  onNetworkChanged(listener: (version: number) => void): void;
  release(): Promise<void>;
}

/**
 * One center writes a store at a time: a lock that the database ends with the process that holds it.
 * @throws FluxError `already_running`
 */
export async function holdCenterLock(store: Store, lost: (reason: string) => void): Promise<CenterLock> {
  const options = typeof store.connection === 'string' ? { connectionString: store.connection } : store.connection;
  let client: pg.Client;
  let released = false;
  const listeners: ((version: number) => void)[] = [];

  async function take(): Promise<boolean> {
    client = new pg.Client({ ...options, application_name: 'flux center lock' });
    client.on('error', () => undefined);
    client.on('end', () => {
      if (!released) void regain();
    });
    client.on('notification', (message) => {
      if (message.channel === 'network_changed') for (const listener of listeners) listener(Number(message.payload));
    });
    await client.connect();
    const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [centerLock]);
    if (!rows[0].held) {
      released = true;
      await client.end();
      return false;
    }
    await client.query('listen network_changed');
    return true;
  }

  /** The database went away for a moment: take the lock again before anyone else does. */
  async function regain(): Promise<void> {
    for (let attempt = 0; attempt < 600 && !released; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      try {
        await store.revive();
        if (await take()) return;
        lost('another center took over this store');
        return;
      } catch {
        // still away
      }
    }
    if (!released) lost('the operational store did not come back');
  }

  if (!(await take())) {
    throw new FluxError(
      'already_running',
      'a center is already running on this data; open its page, stop it first, or start with another --data',
    );
  }
  return {
    onNetworkChanged: (listener) => listeners.push(listener),
    release: async () => {
      released = true;
      await client.end().catch(() => undefined);
    },
  };
}
