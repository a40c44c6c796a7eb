/** The servers every store test runs on: the embedded one, and Debian's PostgreSQL 15 with PostGIS as a utility might have. */
import fs from 'node:fs/promises';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { openPool, type Pool } from '#stores/postgres/pool.ts';
import { absent, cleanUp, temporaryFolder } from '../running_center.ts';

const debianBinaries = '/usr/lib/postgresql/15/bin';

export interface ServerUnderTest {
  name: string;
  binaries: string | undefined;
  skip: string | false;
}

export const servers: ServerUnderTest[] = [
  { name: 'embedded PostgreSQL', binaries: undefined, skip: false },
  {
    name: 'PostgreSQL 15 with PostGIS',
    binaries: debianBinaries,
    skip: absent(`${debianBinaries}/postgres`, 'PostgreSQL 15'),
  },
];

export interface TestServer {
  pool: Pool;
  folder: string;
  stop(): Promise<void>;
}

export async function startServer({ binaries }: ServerUnderTest): Promise<TestServer> {
  const folder = await temporaryFolder();
  const server: EmbeddedPostgres = await startEmbeddedPostgres(folder, { ownBinaries: binaries });
  const pool = openPool({ connection: server.connection });
  return {
    pool,
    folder,
    stop: async () => {
      await pool.end();
      await server.stop();
      await cleanUp(folder);
      await fs.rm(folder, { recursive: true, force: true });
    },
  };
}
