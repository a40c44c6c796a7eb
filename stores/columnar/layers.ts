/**
 * bronze (segments) -> silver -> gold -> hourly, brought forward in one DuckDB transaction per refresh, only where new
 * segments touch them. A crash leaves the last mark; the next refresh goes on from there.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import type { NetworkColumns } from '#model/network.ts';
import { type Engine, rowsFrom } from '#stores/columnar/engine.ts';

export interface NewSegment {
  segmentId: number;
  source: string;
  partition: number;
  /** absolute path */
  file: string;
}

/** Layers in the order they are computed, each one SQL file, with how fresh it has to be. */
export const layers = [
  { name: 'silver', table: 'silver_reading', targetLagS: 60 },
  { name: 'gold', table: 'gold_feeder_interval', targetLagS: 60 },
  { name: 'hourly', table: 'hourly_transformer', targetLagS: 60 },
] as const;

const layerFolder = path.join(import.meta.dirname, 'layers');

/** Statements of a layer file: split at semicolons that end a line (the files hold no others). */
async function statementsOf(file: string): Promise<string[]> {
  const text = await fs.readFile(path.join(layerFolder, file), 'utf8');
  return text
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement.replace(/^--.*$/gm, '').trim() !== '');
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Makes the tables where they are missing. */
export async function prepareCatalogue(engine: Engine): Promise<void> {
  await engine.script(await statementsOf('catalogue.sql'));
}

/** The last segment whose rows are in all layers. */
export async function layerMark(engine: Engine): Promise<number> {
  const { segment_id: ids } = await engine.query('select segment_id from layer_mark');
  return Number(ids[0]);
}

/** Brings every layer forward by these segments (in order of their ids, none left out). */
export async function refreshLayers(engine: Engine, segments: NewSegment[]): Promise<void> {
  if (segments.length === 0) return;
  await engine.script(await refreshStatements(segments));
}

async function refreshStatements(segments: NewSegment[]): Promise<string[]> {
  const values = segments
    .map((s) => `(${quoted(s.file)}, ${s.segmentId}, ${quoted(s.source)}, ${s.partition})`)
    .join(', ');
  const paths = `[${segments.map((s) => quoted(s.file)).join(', ')}]`;
  const steps = [
    ...(await statementsOf('silver.sql')),
    ...(await statementsOf('gold.sql')),
    ...(await statementsOf('hourly.sql')),
  ];
  const last = Math.max(...segments.map((s) => s.segmentId));
  return [
    'begin transaction',
    ...steps.map((step) => step.replaceAll('{segments}', () => values).replaceAll('{paths}', () => paths)),
    `update layer_mark set segment_id = ${last}`,
    'commit',
  ];
}

/** Which transformer, feeder and substation a meter belongs to; rewritten as a whole when the network changes. */
export async function loadMeterDimension(engine: Engine, network: NetworkColumns): Promise<void> {
  const { meter, node, feeder } = network;
  const n = meter.count;
  const meterKey = new Int32Array(n);
  const feederKey = new Int32Array(n);
  const substationKey = new Int32Array(n);
  for (let m = 0; m < n; m++) {
    meterKey[m] = m;
    feederKey[m] = node.feeder[meter.node[m]];
    substationKey[m] = feederKey[m] < 0 ? -1 : feeder.substation[feederKey[m]];
  }
  await engine.load(
    'meter_dimension',
    [
      { name: 'meter_key', type: 'integer', values: meterKey },
      { name: 'transformer_key', type: 'integer', values: meter.transformer },
      { name: 'feeder_key', type: 'integer', values: feederKey },
      { name: 'substation_key', type: 'integer', values: substationKey },
      { name: 'customer_class', type: 'utinyint', values: meter.customerClass },
    ],
    n,
    { before: ['begin transaction', 'delete from meter_dimension'], after: ['commit'] },
  );
}

export interface SourceCount {
  source: string;
  partition: number;
  stored: number;
  superseded: number;
  duplicate: number;
}

/** What silver made of each source's rows: received = stored + superseded + duplicate (+ set aside, + pending). */
export async function sourceCounts(engine: Engine): Promise<SourceCount[]> {
  return rowsFrom<SourceCount>(
    await engine.query(
      'select source, partition_no as "partition", stored, superseded, duplicate from source_count order by source, partition_no',
    ),
  );
}

export async function layerRows(engine: Engine): Promise<Record<string, number>> {
  const counts = layers.map(({ name, table }) => `(select count(*) from ${table}) as ${name}`);
  const columns = await engine.query(`select ${counts.join(', ')}`);
  return Object.fromEntries(layers.map(({ name }) => [name, Number(columns[name][0])]));
}

const comparedTables = {
  silver: ['silver_reading', 'silver_earlier'],
  gold: ['gold_feeder_interval'],
  hourly: ['hourly_transformer', 'hourly_feeder', 'hourly_substation'],
  conservation: ['source_count'],
} as const;

export interface LayerDifference {
  table: string;
  /** rows that only the live layer has, rows that only the recomputation has */
  onlyLive: number;
  onlyRecomputed: number;
}

/**
 * Recomputes every layer from the segments in one go, in memory beside the live tables, and compares cell by cell.
 * Refreshes wait meanwhile, so both stand at the same mark.
 * @param segments all segments up to the live mark
 */
export async function verifyLayers(engine: Engine, segments: NewSegment[]): Promise<LayerDifference[]> {
  const { live } = rowsFrom<{ live: string }>(await engine.query('select current_database() as live'))[0];
  const tables = Object.values(comparedTables).flat();
  const counts = tables.map(
    (table) => `select '${table}' as "table",
      (select count(*) from (from ${live}.${table} except all from ${table})) as "onlyLive",
      (select count(*) from (from ${table} except all from ${live}.${table})) as "onlyRecomputed"`,
  );
  try {
    const result = await engine.script([
      "attach ':memory:' as recomputed",
      'use recomputed',
      ...(await statementsOf('catalogue.sql')),
      `insert into meter_dimension select * from ${live}.meter_dimension`,
      ...(segments.length > 0 ? await refreshStatements(segments) : []),
      counts.join(' union all '),
    ]);
    return rowsFrom<LayerDifference>(result).filter((row) => row.onlyLive + row.onlyRecomputed > 0);
  } finally {
    await engine.script([`use ${live}`, 'detach database if exists recomputed']);
  }
}
