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
  /** asked in turn */
  questions: Question[];
  target: { kind: 'http'; url: string; token: string } | { kind: 'postgres'; connection: pg.PoolConfig };
}

export interface Question {
  /** address before the id, or a prepared statement with the id as $1 */
  text: string;
  /** file with one id a line, asked in turn */
  idsFile: string;
}

export interface AskerReport {
  /** ms per question */
  latenciesMs: number[][];
  failed: number;
}

interface Asker {
  /** @returns whether there was an answer */
  ask(text: string, id: string): Promise<boolean>;
  close(): unknown;
}

function askerOf({ target, connections }: AskerTask): Asker {
  if (target.kind === 'http') {
    const client = makeClient(target.url, connections, target.token);
    return {
      ask: async (text, id) => (await client.send('GET', `${text}${id}`)).status === 200,
      close: () => client.close(),
    };
  }
  const pool = new pg.Pool({ ...target.connection, max: connections });
  return {
    ask: async (text, id) => ((await pool.query({ name: text.slice(0, 60), text, values: [id] })).rowCount ?? 0) > 0,
    close: () => pool.end(),
  };
}

process.once('message', async (task: AskerTask) => {
  const questions = task.questions.map(({ text, idsFile }) => ({
    text,
    ids: fs.readFileSync(idsFile, 'utf8').split('\n'),
  }));
  const asker = askerOf(task);
  const latenciesMs: number[][] = questions.map(() => []);
  let failed = 0;
  const one = async (index: number): Promise<void> => {
    const kind = index % questions.length;
    const { text, ids } = questions[kind];
    const sentMs = performance.now();
    if (await asker.ask(text, ids[index % ids.length])) latenciesMs[kind].push(performance.now() - sentMs);
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
