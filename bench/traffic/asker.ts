/**
 * A process of its own that asks for one thing after the other at an even rate and reports what it took. Started by
 * lookup.bench.ts; apart, so that making and sending readings does not delay its clock.
 */
import fs from 'node:fs';
import pg from 'pg';
import { atRate, makeClient } from './http_client.ts';

export interface AskerTask {
  perSecond: number;
  seconds: number;
  connections: number;
  /** file with one id a line, asked in turn */
  idsFile: string;
  target:
    | { kind: 'http'; url: string; token: string /** addresses before the id */; prefixes: string[] }
    /** a prepared statement with the id as $1 */
    | { kind: 'postgres'; connection: pg.PoolConfig; text: string };
}

export interface AskerReport {
  /** ms per prefix, or of the statement */
  latenciesMs: number[][];
  failed: number;
}

interface Asker {
  kinds: number;
  /** @returns whether there was an answer */
  ask(kind: number, id: string): Promise<boolean>;
  close(): unknown;
}

function askerOf({ target, connections }: AskerTask): Asker {
  if (target.kind === 'http') {
    const client = makeClient(target.url, connections, target.token);
    return {
      kinds: target.prefixes.length,
      ask: async (kind, id) => (await client.send('GET', `${target.prefixes[kind]}${id}`)).status === 200,
      close: () => client.close(),
    };
  }
  const pool = new pg.Pool({ ...target.connection, max: connections });
  return {
    kinds: 1,
    ask: async (_, id) => (await pool.query({ name: 'asked', text: target.text, values: [id] })).rowCount === 1,
    close: () => pool.end(),
  };
}

process.once('message', async (task: AskerTask) => {
  const ids = fs.readFileSync(task.idsFile, 'utf8').split('\n');
  const asker = askerOf(task);
  const latenciesMs: number[][] = Array.from({ length: asker.kinds }, () => []);
  let failed = 0;
  const one = async (index: number): Promise<void> => {
    const kind = index % asker.kinds;
    const sentMs = performance.now();
    if (await asker.ask(kind, ids[index % ids.length])) latenciesMs[kind].push(performance.now() - sentMs);
    else failed++;
  };
  // Connections are open and code is warm before it counts.
  await atRate(task.perSecond, 3, one);
  for (const list of latenciesMs) list.length = 0;
  failed = 0;
  await atRate(task.perSecond, task.seconds, one);
  await asker.close();
  process.send?.({ latenciesMs, failed } satisfies AskerReport, () => process.disconnect?.());
});
