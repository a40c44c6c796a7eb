/**
 * bronze (segments) -> silver -> gold -> hourly -> daily, brought forward in one DuckDB transaction per refresh, only
 * where new segments touch them. A crash leaves the last mark; the next refresh goes on from there.
 *
 * The cost of a row that nothing contests: staged, one look for its key, inserted, added to its rollups. Only keys with
 * more than one version are ranked.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { type Engine, rowsFrom } from '#stores/columnar/engine.ts';
import { quoted } from '#stores/columnar/literal.ts';
import { type Part, partsRelation } from '#stores/columnar/parts.ts';

export interface NewSegment {
  segmentId: number;
  /** number of source and partition */
  sourceKey: number;
  /** absolute path */
  file: string;
}

/** Layers in the order they are computed, the tables they are, with how fresh they have to be. */
export const layers = [
  { name: 'silver', tables: ['silver_reading'], targetLagS: 60 },
  { name: 'gold', tables: ['gold_feeder_interval'], targetLagS: 60 },
  { name: 'hourly', tables: ['hourly_transformer', 'hourly_feeder', 'hourly_substation'], targetLagS: 60 },
  {
    name: 'daily',
    tables: ['daily_meter_sealed', 'daily_transformer', 'daily_feeder', 'daily_substation'],
    targetLagS: 60,
  },
] as const;

/** Meters of one part: whole row groups of 1,280 meters and a day. */
export const metersPerBlock = 64_000;

const layerFolder = path.join(import.meta.dirname, 'layers');
const daySeconds = 86_400;

/** Statements of a layer file: split at semicolons that end a line (the files hold no others). */
export async function statementsOf(file: string, given: Record<string, string> = {}): Promise<string[]> {
  const text = (await fs.readFile(path.join(layerFolder, file), 'utf8')).replace(/^\s*--.*$/gm, '');
  const filled = Object.entries(given).reduce((sql, [name, value]) => sql.replaceAll(`{${name}}`, () => value), text);
  return filled
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/** Raise it when a table changes: the file is a cache and is made anew from parts and segments. */
const catalogueVersion = 2;

/** Makes the tables where they are missing; a file of another version is emptied first. */
export async function prepareCatalogue(engine: Engine): Promise<void> {
  const { table_name: tables } = await engine.query(
    "select table_name from duckdb_tables() where schema_name = 'main' and database_name = current_database()",
  );
  const isPresent =
    tables.includes('catalogue_version') &&
    (await engine.query('select version from catalogue_version')).version[0] === catalogueVersion;
  if (!isPresent) await emptyCatalogue(engine, tables as string[]);
  await engine.script([
    `create table if not exists catalogue_version as select ${catalogueVersion} as version`,
    ...(await statementsOf('catalogue.sql')),
    ...(await viewStatements(engine)),
  ]);
}

async function emptyCatalogue(engine: Engine, tables: string[]): Promise<void> {
  const { view_name: views } = await engine.query(
    "select view_name from duckdb_views() where not internal and schema_name = 'main' and database_name = current_database()",
  );
  await engine.script([
    ...(views as string[]).map((view) => `drop view if exists ${view}`),
    ...tables.map((table) => `drop table if exists ${table} cascade`),
  ]);
}

/** Forgets everything that is made from parts and segments; what the network gave stays. */
export async function resetLayers(engine: Engine): Promise<void> {
  await engine.script([
    'begin transaction',
    ...madeTables.map((table) => `delete from ${table}`),
    'delete from sealed_part',
    'delete from cell_touched',
    'update layer_mark set segment_id = 0',
    ...(await viewStatements(engine, [])),
    'commit',
  ]);
}

/** Every table that refreshes write and `verify` compares. */
export const madeTables = [
  'silver_reading',
  'silver_earlier',
  'silver_replaced',
  'layer_count',
  'gold_feeder_interval',
  'hourly_transformer',
  'hourly_feeder',
  'hourly_substation',
  'daily_transformer',
  'daily_feeder',
  'daily_substation',
  'peak_feeder',
  'peak_substation',
  'daily_meter_sealed',
] as const;

/** The views over what is open and the parts that are sealed at the moment. */
export async function viewStatements(engine: Engine, parts?: readonly Pick<Part, 'file'>[]): Promise<string[]> {
  const files =
    parts?.map((part) => part.file) ??
    ((await engine.query("select file from sealed_part where file <> '' order by part_id").catch(() => ({ file: [] })))
      .file as string[]);
  return statementsOf('views.sql', { sealed: partsRelation(files.map((file) => ({ file }))) });
}

/** The last segment whose rows are in all layers. */
export async function layerMark(engine: Engine): Promise<number> {
  const { segment_id: ids } = await engine.query('select segment_id from layer_mark');
  return Number(ids[0]);
}

/**
 * How many of these segments one refresh takes. It ends where no later merged segment reaches back: rows that arrived in
 * between would be resolved too early otherwise, and what they made a duplicate is gone.
 * @param segments in order of their numbers, `firstSegmentId` of the first a merged one stands for
 */
export function refreshLength(
  segments: readonly { segmentId: number; firstSegmentId: number; rowCount: number }[],
  maxRows: number,
  maxSegments: number,
): number {
  let reachesBackTo = Number.POSITIVE_INFINITY;
  const isClosed = segments.map(() => true);
  for (let i = segments.length - 1; i >= 0; i--) {
    isClosed[i] = reachesBackTo > segments[i].segmentId;
    reachesBackTo = Math.min(reachesBackTo, segments[i].firstSegmentId);
  }
  let rows = 0;
  let length = 0;
  for (let i = 0; i < segments.length; i++) {
    rows += segments[i].rowCount;
    if (length > 0 && (rows > maxRows || i >= maxSegments)) break;
    if (isClosed[i]) length = i + 1;
  }
  return length;
}

export interface Refreshed {
  rows: number;
  /** keys that had more than one version */
  contested: number;
}

interface Staged {
  rows: number;
  firstS: number;
  lastS: number;
  touched: Part[];
}

/** Brings every layer forward by these segments (in order of their ids, none left out). */
export async function refreshLayers(engine: Engine, segments: NewSegment[]): Promise<Refreshed> {
  if (segments.length === 0) return { rows: 0, contested: 0 };
  const last = Math.max(...segments.map((s) => s.segmentId));
  const staged = await stage(engine, segments);
  if (staged.rows === 0) {
    await engine.script([`update layer_mark set segment_id = ${last}`]);
    return { rows: 0, contested: 0 };
  }
  const given = spansOf(staged);
  const counted = await engine.script([
    ...(await statementsOf('contested.sql', given)),
    'select count(*) as contested from contested',
  ]);
  const contested = Number(counted.contested[0]);
  await engine.script([
    'begin transaction',
    ...(await statementsOf(contested > 0 ? 'silver.sql' : 'uncontested.sql', given)),
    ...(await statementsOf('arrive.sql', { block: String(metersPerBlock) })),
    ...(await rollupStatements(given)),
    ...(contested > 0 && staged.touched.length > 0 ? await replacedDayStatements(staged.touched) : []),
    `update layer_mark set segment_id = ${last}`,
    'commit',
  ]);
  return { rows: staged.rows, contested };
}

async function stage(engine: Engine, segments: NewSegment[]): Promise<Staged> {
  const first = Math.min(...segments.map((s) => s.segmentId));
  const { newest } = await engine.query('select max(sealed_through_segment_id) as newest from sealed_part');
  const isSealedMaybe = newest[0] !== null && Number(newest[0]) >= first;
  const range = await engine.script([
    ...(await statementsOf('stage.sql', {
      segments: segments.map((s) => `(${quoted(s.file)}, ${s.segmentId}, ${s.sourceKey}::smallint)`).join(', '),
      paths: `[${segments.map((s) => quoted(s.file)).join(', ')}]`,
      unsealed: isSealedMaybe
        ? `not exists (select 1 from sealed_part as part
             where part.day_start_s = bronze.interval_start_s - bronze.interval_start_s % ${daySeconds}
               and part.meter_from = bronze.meter_key - bronze.meter_key % ${metersPerBlock}
               and part.sealed_through_segment_id >= coalesce(bronze.segment_id, segment.segment_id))`
        : 'true',
    })),
    'select count(*) as rows, min(interval_start_s) as first_s, max(interval_start_s) as last_s from staged',
  ]);
  const [rows, firstS, lastS] = [range.rows, range.first_s, range.last_s].map((column) => Number(column[0] ?? 0));
  return { rows, firstS, lastS, touched: newest[0] === null ? [] : await touchedParts(engine, firstS, lastS) };
}

/** Parts with rows of the same day and block of meters as staged ones. */
async function touchedParts(engine: Engine, firstS: number, lastS: number): Promise<Part[]> {
  const parts = await engine.script([
    `with cells as (
       select distinct staged.interval_start_s - staged.interval_start_s % ${daySeconds} as day_start_s,
              staged.meter_key - staged.meter_key % ${metersPerBlock} as meter_from
       from staged
     )
     select part.part_id as "partId", part.day_start_s as "dayStartS", part.meter_from as "meterFrom", part.meter_to as "meterTo",
            part.file, part.sealed_through_segment_id as "sealedThroughSegmentId"
     from sealed_part as part
     semi join cells on cells.day_start_s = part.day_start_s and cells.meter_from = part.meter_from
     where part.file <> '' and part.day_start_s > ${firstS - daySeconds} and part.day_start_s <= ${lastS}`,
  ]);
  return rowsFrom<Part>(parts);
}

/** Bounds by time as literals, so that DuckDB skips whole row groups of what is known. */
export function spansOf({ firstS, lastS, touched }: Pick<Staged, 'firstS' | 'lastS' | 'touched'>) {
  const span = `interval_start_s >= ${firstS} and interval_start_s <= ${lastS}`;
  const day = (at: number): string => `date '${new Date(at * 1000).toISOString().slice(0, 10)}'`;
  return {
    span,
    earlier_span: span,
    interval_span: `total.interval_start_s >= ${firstS} and total.interval_start_s <= ${lastS}`,
    hour_span: `total.hour_start_s >= ${firstS - 3600} and total.hour_start_s <= ${lastS}`,
    // local days begin up to 14 h before and 12 h after the UTC day of the same name
    date_span: `total.local_date >= ${day(firstS - daySeconds)} and total.local_date <= ${day(lastS + daySeconds)}`,
    day_span: `total.interval_start_s >= ${firstS - 2 * daySeconds} and total.interval_start_s <= ${lastS + 2 * daySeconds}`,
    parts: partsRelation(touched),
  };
}

/** Every rollup, from the temporary view `change`. */
export async function rollupStatements(given: Record<string, string>): Promise<string[]> {
  const levels = [
    { level: 'transformer', changes: 'interval_change' },
    { level: 'feeder', changes: 'feeder_change' },
    { level: 'substation', changes: 'feeder_change' },
  ];
  const statements = await statementsOf('gold.sql', given);
  for (const level of levels) {
    statements.push(...(await statementsOf('hourly.sql', { ...given, ...level })));
    statements.push(...(await statementsOf('daily.sql', { ...given, ...level })));
  }
  for (const level of ['feeder', 'substation'])
    statements.push(...(await statementsOf('peak.sql', { ...given, level })));
  return statements;
}

/** The sealed days of meters that lost a reading to a newer version, made anew from what is left of them in their part. */
async function replacedDayStatements(touched: Part[]): Promise<string[]> {
  return [
    `create or replace temp table replaced_day as
     select distinct ranked.meter_key, ranked.interval_start_s - ranked.interval_start_s % ${daySeconds} as day_start_s
     from ranked where ranked.was_sealed and ranked.was_current and not ranked.is_current`,
    `delete from daily_meter_sealed using replaced_day
     where daily_meter_sealed.meter_key = replaced_day.meter_key and daily_meter_sealed.day_start_s = replaced_day.day_start_s`,
    ...(await statementsOf('part_daily.sql', {
      parts: partsRelation(touched),
      meters: `exists (select 1 from replaced_day where replaced_day.meter_key = part.meter_key
                 and replaced_day.day_start_s = part.interval_start_s - part.interval_start_s % ${daySeconds})`,
    })),
  ];
}

export interface SourceCount {
  sourceKey: number;
  stored: number;
  superseded: number;
  duplicate: number;
}

/** What silver made of each source's rows: received = stored + superseded + duplicate (+ set aside, + pending). */
export async function sourceCounts(engine: Engine): Promise<SourceCount[]> {
  return rowsFrom<SourceCount>(
    await engine.query(
      `select source_key as "sourceKey", sum(stored)::bigint as stored, sum(superseded)::bigint as superseded,
              sum(duplicate)::bigint as duplicate
       from layer_count group by all order by source_key`,
    ),
  );
}

export async function layerRows(engine: Engine): Promise<Record<string, number>> {
  const counts = layers.map(
    ({ name, tables }) => `${tables.map((table) => `(select count(*) from ${table})`).join(' + ')} as ${name}`,
  );
  const columns = await engine.query(
    `select ${counts.join(', ')},
            (select coalesce(sum(row_count), 0) from sealed_part) - (select count(*) from silver_replaced) as sealed`,
  );
  const rows = Object.fromEntries(layers.map(({ name }) => [name, Number(columns[name][0])]));
  return { ...rows, silver: rows.silver + Number(columns.sealed[0]), sealed: Number(columns.sealed[0]) };
}
