/**
 * Parts entering and leaving the layers, each in one DuckDB transaction. The manifest in PostgreSQL is the truth: what is
 * listed there and not here is adopted, what is here and dropped there is taken out again.
 */
import path from 'node:path';
import { FluxError } from '#model/errors.ts';
import { type Engine, rowsFrom } from '#stores/columnar/engine.ts';
import { metersPerBlock, rollupStatements, spansOf, statementsOf, viewStatements } from '#stores/columnar/layers.ts';
import { quoted } from '#stores/columnar/literal.ts';
import { type Part, partFolder, partName, partsRelation, type WrittenPart, writePart } from '#stores/columnar/parts.ts';

const daySeconds = 86_400;

export interface CellCount {
  sourceKey: number;
  stored: number;
  superseded: number;
  duplicate: number;
}

/** What the manifest says of a part. */
export interface ManifestPart {
  partId: number;
  dayStartS: number;
  meterFrom: number;
  meterTo: number;
  path: string;
  rowCount: number;
  earlierCount: number;
  sumWh: number;
  sealedThroughSegmentId: number;
  counts: CellCount[];
  droppedAt: Date | null;
}

/** A UTC day of a block of meters. */
export interface Cell {
  dayStartS: number;
  meterFrom: number;
}

const inCell = ({ dayStartS, meterFrom }: Cell, of = ''): string =>
  `${of}interval_start_s >= ${dayStartS} and ${of}interval_start_s < ${dayStartS + daySeconds}
   and ${of}meter_key >= ${meterFrom} and ${of}meter_key < ${meterFrom + metersPerBlock}`;
const ofCell = ({ dayStartS, meterFrom }: Cell): string => `day_start_s = ${dayStartS} and meter_from = ${meterFrom}`;

const partOf = (dataFolder: string, part: ManifestPart): Part => ({
  ...part,
  file: part.droppedAt ? '' : path.join(partFolder(dataFolder), part.path),
});

/** Parts these layers stand on. */
export async function sealedParts(engine: Engine): Promise<Part[]> {
  return rowsFrom<Part>(
    await engine.query(
      `select part_id as "partId", day_start_s as "dayStartS", meter_from as "meterFrom", meter_to as "meterTo", file,
              sealed_through_segment_id as "sealedThroughSegmentId" from sealed_part order by part_id`,
    ),
  );
}

/** The data folder may have moved since: parts are where it is now. @param paths names of files by number of part */
export async function moveParts(engine: Engine, dataFolder: string, paths: ReadonlyMap<number, string>): Promise<void> {
  const fileOf = (part: Part): string => path.join(partFolder(dataFolder), paths.get(part.partId) ?? '');
  const parts = await sealedParts(engine);
  const moved = parts.filter((part) => part.file !== '' && paths.has(part.partId) && part.file !== fileOf(part));
  if (moved.length === 0) return;
  await inTransaction(
    engine,
    moved.map((part) => `update sealed_part set file = ${quoted(fileOf(part))} where part_id = ${part.partId}`),
    parts.map((part) => (moved.includes(part) ? { file: fileOf(part) } : part)),
  );
}

/** Whether the layers hold readings of a cell, open or in a part. */
export async function cellIsKnown(engine: Engine, cell: Cell): Promise<boolean> {
  const { known } = await engine.query(
    `select exists (select 1 from silver_reading where ${inCell(cell)})
         or exists (select 1 from sealed_part where ${ofCell(cell)} and file <> '') as known`,
  );
  return known[0] === true;
}

const insertPart = (part: Part, rowCount: number): string =>
  `insert into sealed_part values (${part.partId}, ${part.dayStartS}, ${part.meterFrom}, ${part.meterTo},
     ${quoted(part.file)}, ${part.file === '' ? 0 : rowCount}, ${part.sealedThroughSegmentId})`;

/** Fails the transaction where a file does not hold what its manifest says: a last look behind the checksum. */
const checkRows = (relation: string, { path: name, rowCount, sumWh }: ManifestPart): string =>
  `select case when count(*) <> ${rowCount} or coalesce(sum(wh), 0) <> ${sumWh}
               then error('part ${name} does not hold the rows of its manifest') end
   from ${relation} where segment_id is null`;

async function inTransaction(engine: Engine, statements: string[], parts: readonly Pick<Part, 'file'>[]) {
  await engine.script([
    'begin transaction',
    ...statements,
    ...(await viewStatements(
      engine,
      parts.filter((part) => part.file !== ''),
    )),
    'commit',
  ]);
}

/** Brings in a part whose cell these layers know nothing of: its rollups are computed from it. */
export async function adoptPart(engine: Engine, dataFolder: string, manifest: ManifestPart): Promise<void> {
  const part = partOf(dataFolder, manifest);
  const counts = manifest.counts.map(
    (c) => `(${c.sourceKey}, ${part.dayStartS}, ${part.meterFrom}, ${c.stored}, ${c.superseded}, ${c.duplicate})`,
  );
  const counted = counts.length > 0 ? [`insert into layer_count values ${counts.join(', ')}`] : [];
  const all = [...(await sealedParts(engine)), part];
  if (part.file === '') return inTransaction(engine, [...counted, insertPart(part, 0)], all);
  const relation = partsRelation([part]);
  const given = spansOf({ firstS: part.dayStartS, lastS: part.dayStartS + daySeconds - 1, touched: [part] });
  const earlier =
    manifest.earlierCount > 0
      ? [
          `insert into silver_earlier select * exclude (sealed_through_segment_id) from ${relation} where segment_id is not null`,
        ]
      : [];
  await inTransaction(
    engine,
    [
      checkRows(relation, manifest),
      `create or replace temp view change as select * exclude (sealed_through_segment_id), 1 as sign from ${relation} where segment_id is null`,
      ...(await rollupStatements(given)),
      ...(await statementsOf('part_daily.sql', { parts: relation, meters: 'true' })),
      ...counted,
      ...earlier,
      insertPart(part, manifest.rowCount),
    ],
    all,
  );
}

/** Puts a part in the place of the rows it was made of: rollups and counts stay as they are. */
export async function takeSealedPart(engine: Engine, dataFolder: string, manifest: ManifestPart): Promise<void> {
  const part = partOf(dataFolder, manifest);
  const relation = partsRelation([part]);
  const isBefore = (other: Part): boolean =>
    other.dayStartS === part.dayStartS && other.meterFrom === part.meterFrom && other.file !== '';
  const others = (await sealedParts(engine)).filter((other) => !isBefore(other));
  await inTransaction(
    engine,
    [
      checkRows(relation, manifest),
      `delete from silver_reading where ${inCell(part)}`,
      `delete from silver_replaced where ${inCell(part)}`,
      `delete from daily_meter_sealed where day_start_s = ${part.dayStartS} and meter_key >= ${part.meterFrom} and meter_key < ${part.meterTo}`,
      `delete from sealed_part where ${ofCell(part)} and file <> ''`,
      `delete from cell_touched where ${ofCell(part)}`,
      insertPart(part, manifest.rowCount),
      ...(await statementsOf('part_daily.sql', { parts: relation, meters: 'true' })),
    ],
    [...others, part],
  );
}

/** Takes a cell without open rows out of every layer: what it added is subtracted, exactly; its counts stay. */
export async function takeOutPart(engine: Engine, dropped: Part): Promise<void> {
  const given = spansOf({ firstS: dropped.dayStartS, lastS: dropped.dayStartS + daySeconds - 1, touched: [dropped] });
  const others = (await sealedParts(engine)).filter((other) => other.partId !== dropped.partId);
  const emptied = ['gold_feeder_interval', 'hourly_transformer', 'hourly_feeder', 'hourly_substation'].concat(
    ['transformer', 'feeder', 'substation'].map((level) => `daily_${level}`),
  );
  await inTransaction(
    engine,
    [
      `create or replace temp view change as
       select *, -1 as sign from silver where ${inCell(dropped)}`,
      ...(await rollupStatements(given)),
      ...emptied.map((table) => `delete from ${table} where readings = 0`),
      `delete from silver_earlier where ${inCell(dropped)}`,
      `delete from daily_meter_sealed where day_start_s = ${dropped.dayStartS} and meter_key >= ${dropped.meterFrom} and meter_key < ${dropped.meterTo}`,
      `update sealed_part set file = '', row_count = 0 where part_id = ${dropped.partId}`,
    ],
    others,
  );
}

export interface SealedCell extends WrittenPart {
  dayStartS: number;
  meterFrom: number;
  meterTo: number;
  rowCount: number;
  earlierCount: number;
  sumWh: number;
  counts: CellCount[];
}

/**
 * Writes what the layers hold of a cell as a part. Nothing refers to the file yet, nothing changed here.
 * @param mark the last segment in the layers
 * @throws FluxError `part_damaged` where the file does not read back as what it was made of
 */
export async function sealCell(engine: Engine, dataFolder: string, cell: Cell, mark: number): Promise<SealedCell> {
  const relations = {
    current: `(select * from silver where ${inCell(cell)})`,
    earlier: `(select * from silver_earlier where ${inCell(cell)})`,
  };
  const written = await writePart(engine, dataFolder, partName(cell.dayStartS, cell.meterFrom, `s${mark}`), relations);
  const sums = (relation: string, where = 'true'): string =>
    `select count(*) as n, coalesce(sum(wh), 0)::bigint as wh, coalesce(sum(hash(meter_key, interval_start_s, wh, decivolt, quality, interval_minutes, source_key)::hugeint), 0)::varchar as hash
     from ${relation} as rows where ${where}`;
  const relation = partsRelation([{ file: path.join(partFolder(dataFolder), written.path) }]);
  const [made, back, earlier] = [
    await engine.script([sums(relations.current)]),
    await engine.script([sums(relation, 'segment_id is null')]),
    await engine.script([sums(relation, 'segment_id is not null')]),
  ];
  if (made.n[0] !== back.n[0] || made.hash[0] !== back.hash[0])
    throw new FluxError('part_damaged', `part ${written.path} did not read back as it was written; the rows stay open`);
  const counts = await engine.query(
    `select source_key as "sourceKey", stored, superseded, duplicate from layer_count where ${ofCell(cell)} order by source_key`,
  );
  return {
    ...written,
    ...cell,
    meterTo: cell.meterFrom + metersPerBlock,
    rowCount: Number(back.n[0]),
    earlierCount: Number(earlier.n[0]),
    sumWh: Number(back.wh[0]),
    counts: rowsFrom<CellCount>(counts),
  };
}

export interface OpenCell extends Cell {
  /** readings that are in no part */
  rows: number;
  /** seconds since something of it came */
  untouchedS: number;
}

/**
 * Cells that rows came for since they were sealed, the oldest day first.
 * @param beforeS days that end up to here, UTC seconds
 * @param untouchedS for which nothing came for so long
 */
export async function openCells(engine: Engine, beforeS: number, untouchedS = 0): Promise<OpenCell[]> {
  const cells = rowsFrom<Omit<OpenCell, 'rows'>>(
    await engine.query(
      `select day_start_s as "dayStartS", meter_from as "meterFrom", epoch(now())::bigint - at_s as "untouchedS" from cell_touched
       where day_start_s + ${daySeconds} <= $1 and epoch(now())::bigint - at_s >= $2 order by all`,
      [Math.floor(beforeS), untouchedS],
    ),
  );
  const open: OpenCell[] = [];
  for (const cell of cells) {
    const { rows } = await engine.query(`select count(*) as rows from silver_reading where ${inCell(cell)}`);
    if (Number(rows[0]) > 0) open.push({ ...cell, rows: Number(rows[0]) });
  }
  return open;
}

/** Cells rows were ever counted in, with the segment they are sealed through (0 = not at all). */
export async function sealedThrough(engine: Engine): Promise<(Cell & { sealedThroughSegmentId: number })[]> {
  return rowsFrom(
    await engine.query(
      `select counted.day_start_s as "dayStartS", counted.meter_from as "meterFrom",
              coalesce(max(part.sealed_through_segment_id), 0) as "sealedThroughSegmentId"
       from (select distinct day_start_s, meter_from from layer_count) as counted
       left join sealed_part as part on part.day_start_s = counted.day_start_s and part.meter_from = counted.meter_from
       group by all`,
    ),
  );
}

/**
 * Current readings of one meter as a relation in parentheses: the open ones and those of the parts that can hold it, a
 * row group each. The view `silver` gives the same, but opens every part there is.
 */
export async function meterReadings(engine: Engine, meterKey: number, fromS: number, toS: number): Promise<string> {
  const parts = await engine.query(
    `select file from sealed_part
     where file <> '' and meter_from <= $1 and meter_to > $1 and day_start_s > $2 - ${daySeconds} and day_start_s < $3`,
    [meterKey, fromS, toS],
  );
  const columns = 'meter_key, interval_start_s, interval_minutes, wh, decivolt, quality, source_key';
  if (parts.file.length === 0) return `(select ${columns} from silver_reading)`;
  const relation = partsRelation((parts.file as string[]).map((file) => ({ file })));
  return `(select ${columns} from silver_reading union all
     select ${columns} from ${relation} as part
     where part.segment_id is null and part.meter_key = ${Number(meterKey)}
       and not exists (select 1 from silver_replaced as replaced
                       where replaced.meter_key = part.meter_key and replaced.interval_start_s = part.interval_start_s))`;
}
