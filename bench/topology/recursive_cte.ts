/** The same traces as recursive queries in PostgreSQL, on an indexed table in a schema of its own. */

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { summarise, type Timing } from './timing.ts';

const down = `
with recursive below (node) as (
  select $1::int
  union all
  select edge.child from flux_bench_topology.edge join below on edge.parent = below.node
)
select count(*)::int as nodes from below`;

const up = `
with recursive above (node) as (
  select $1::int
  union all
  select edge.parent from flux_bench_topology.edge join above on edge.child = above.node
)
select count(*)::int as nodes from above`;

/** @param pairs parent, child, parent, child, ... */
export async function measureCte(
  connection: string | pg.ClientConfig,
  pairs: Int32Array,
  asked: Int32Array,
  budgetS: number,
) {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    const version = (await client.query<{ server_version: string }>('show server_version')).rows[0].server_version;
    await client.query('drop schema if exists flux_bench_topology cascade');
    await client.query('create schema flux_bench_topology');
    const start = performance.now();
    await client.query('create unlogged table flux_bench_topology.edge (parent int not null, child int not null)');
    await pipeline(
      Readable.from(rows(pairs)),
      client.query(copyFrom('copy flux_bench_topology.edge (parent, child) from stdin')),
    );
    await client.query('create index edge_parent on flux_bench_topology.edge (parent) include (child)');
    await client.query('create index edge_child on flux_bench_topology.edge (child) include (parent)');
    await client.query('vacuum analyze flux_bench_topology.edge');
    const buildMs = performance.now() - start;
    const trace = async (text: string, name: string): Promise<Timing> => {
      const times: number[] = [];
      let nodes = 0;
      const began = performance.now();
      for (const node of asked) {
        const at = performance.now();
        nodes += (await client.query<{ nodes: number }>({ name, text, values: [node] })).rows[0].nodes;
        times.push(performance.now() - at);
        if (performance.now() - began > budgetS * 1000) break;
      }
      return summarise(times, nodes);
    };
    return {
      name: 'postgresql recursive cte',
      version,
      build_ms: buildMs,
      down: await trace(down, 'bench_down'),
      up: await trace(up, 'bench_up'),
    };
  } finally {
    await client.query('drop schema if exists flux_bench_topology cascade');
    await client.end();
  }
}

function* rows(pairs: Int32Array): Generator<string> {
  for (let at = 0; at < pairs.length; at += 20_000) {
    let text = '';
    for (let i = at; i < Math.min(pairs.length, at + 20_000); i += 2) text += `${pairs[i]}\t${pairs[i + 1]}\n`;
    yield text;
  }
}
