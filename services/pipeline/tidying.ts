/**
 * What the pipeline does behind itself while serving: runs of small segments become one, days that came to rest are
 * sealed, bronze and history go when their time is over. All by policy, one step a round, never in the way of a refresh.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import type { Engine } from '#stores/columnar/engine.ts';
import { layerMark } from '#stores/columnar/layers.ts';
import { checkPart, partFolder, sweepParts, verifyPart } from '#stores/columnar/parts.ts';
import {
  adoptPart,
  cellIsKnown,
  moveParts,
  openCells,
  sealCell,
  sealedParts,
  sealedThrough,
  takeOutPart,
  takeSealedPart,
} from '#stores/columnar/sealing.ts';
import { mergeSegments, removeSegmentFiles, verifySegment } from '#stores/columnar/segments.ts';
import {
  deleteSegmentRows,
  replaceSegments,
  type SegmentRow,
  segmentsAfter,
  smallSegments,
} from '#stores/postgres/ledger.ts';
import {
  dropPartsBefore,
  type PartRow,
  partFingerprint,
  partsAfter,
  replacePart,
} from '#stores/postgres/part_ledger.ts';
import type { Pool } from '#stores/postgres/pool.ts';

export interface HistoryPolicy {
  /** a UTC day is sealed when it is over and nothing of it came for so many days */
  sealAfterDays: number;
  /** segments are kept at least so many days, and until all their rows are sealed */
  keepBronzeDays: number;
  /** readings older than this are dropped; undefined keeps them for ever */
  keepHistoryDays: number | undefined;
  /** a sealed day is sealed anew when more than this share of it was replaced */
  resealShare: number;
}

export const defaultPolicy: HistoryPolicy = {
  sealAfterDays: 3,
  keepBronzeDays: 14,
  keepHistoryDays: undefined,
  resealShare: 0.01,
};

export interface TidyNeeds {
  pool: Pool;
  engine: Engine;
  dataFolder: string;
  policy: HistoryPolicy;
  /** when this pipeline was made: files that are older and in no manifest are nobody's */
  madeAtMs: number;
  /** what was done behind a running center, in words for its log */
  note: (message: string) => void;
}

const dayS = 86_400;
const dateOf = (atS: number): string => new Date(atS * 1000).toISOString().slice(0, 10);

/** Segments below this are merged, once there are so many in a row. */
const smallSegmentRows = 100_000;
const mergeFrom = 120;
const maxMergedRows = 1_500_000;
/** A merged segment lies within one window of numbers, so that what has to be resolved together stays small. */
const mergeWindow = 4096;

/** The first parts that follow each other without a gap, as many as one file should hold; none where they are few. */
function mergeableRun(parts: SegmentRow[]): SegmentRow[] {
  const run: SegmentRow[] = [];
  let rows = 0;
  for (const part of parts) {
    const follows = run.length === 0 || run[run.length - 1].offsetTo <= part.offsetFrom;
    if (!follows || rows + part.rowCount > maxMergedRows) break;
    run.push(part);
    rows += part.rowCount;
  }
  return run.length >= mergeFrom ? run : [];
}

/** A segment a second would be 86,400 files a day: runs of small ones that all layers have passed become one. */
export async function mergeSmall({ pool, engine, dataFolder }: TidyNeeds): Promise<void> {
  const small = await smallSegments(pool, await layerMark(engine), smallSegmentRows, 4000);
  const windowOf = (row: SegmentRow): string =>
    `${row.source}/${row.partition}/${Math.floor(row.firstSegmentId / mergeWindow)}`;
  for (const parts of Map.groupBy(small, windowOf).values()) {
    const run = mergeableRun(parts);
    if (run.length === 0) continue;
    for (const row of run) await verifySegment(dataFolder, row);
    const merged = await mergeSegments(engine, dataFolder, run);
    await replaceSegments(pool, run, merged);
    await removeSegmentFiles(dataFolder, run);
  }
}

/** What became of the manifest since the last look: adopt, take the place of open rows, take out. */
export async function followManifest(needs: TidyNeeds): Promise<'same' | 'rebuild'> {
  const { pool, engine, dataFolder } = needs;
  const [manifest, here] = await Promise.all([partsAfter(pool), sealedParts(engine)]);
  const known = new Map(here.map((part) => [part.partId, part]));
  await moveParts(engine, dataFolder, new Map(manifest.map((part) => [part.partId, part.path])));
  const mark = await layerMark(engine);
  for (const part of manifest) {
    const own = known.get(part.partId);
    if (own && own.file !== '' && part.droppedAt) {
      await takeOutPart(engine, own);
      await fs.rm(path.join(partFolder(dataFolder), part.path), { force: true });
    } else if (own && !part.droppedAt) await checkPart(dataFolder, part);
    if (own) continue;
    if (!part.droppedAt) await verifyPart(dataFolder, part);
    if (!(await cellIsKnown(engine, part)) || part.droppedAt) await adoptPart(engine, dataFolder, part);
    // A seal whose last step a crash cut off: the open rows are exactly those of the part.
    else if (mark === part.sealedThroughSegmentId) await takeSealedPart(engine, dataFolder, part);
    else return 'rebuild';
  }
  const listed = new Set(manifest.map((part) => part.partId));
  if ((await sealedParts(engine)).some((part) => !listed.has(part.partId))) return 'rebuild';
  const kept = manifest.filter((part) => !part.droppedAt).map((part) => part.path);
  await sweepParts(dataFolder, new Set(kept), needs.madeAtMs);
  return 'same';
}

/** Every part that these layers stand on is what was committed. @throws FluxError `part_damaged` */
export async function verifyParts({ pool, dataFolder }: TidyNeeds): Promise<PartRow[]> {
  const parts = await partsAfter(pool);
  for (const part of parts) if (!part.droppedAt) await verifyPart(dataFolder, part);
  return parts;
}

/** Seals one cell now. The order is the promise: file, manifest, layers, then the file before it goes. */
export async function seal(needs: TidyNeeds, cell: { dayStartS: number; meterFrom: number }): Promise<void> {
  const { pool, engine, dataFolder } = needs;
  const earlier = (await partsAfter(pool)).filter(
    (part) => part.dayStartS === cell.dayStartS && part.meterFrom === cell.meterFrom,
  );
  const mark = await layerMark(engine);
  const { dayStartS, meterFrom } = cell;
  const written = await sealCell(engine, dataFolder, { dayStartS, meterFrom }, mark);
  // What was dropped keeps its own counts.
  const counts = written.counts.map((count) => {
    const gone = earlier
      .filter((part) => part.droppedAt)
      .flatMap((part) => part.counts.filter((c) => c.sourceKey === count.sourceKey));
    const sum = (of: 'stored' | 'superseded' | 'duplicate'): number => gone.reduce((total, c) => total + c[of], 0);
    return {
      sourceKey: count.sourceKey,
      stored: count.stored - sum('stored'),
      superseded: count.superseded - sum('superseded'),
      duplicate: count.duplicate - sum('duplicate'),
    };
  });
  const part = await replacePart(pool, { ...written, counts }, mark);
  await takeSealedPart(engine, dataFolder, part);
  for (const before of earlier)
    if (!before.droppedAt && before.path !== part.path)
      await fs.rm(path.join(partFolder(dataFolder), before.path), { force: true });
  needs.note(`sealed ${part.rowCount} readings of ${dateOf(dayStartS)} (${part.path})`);
}

/** One cell that came to rest. @returns whether there was one */
export async function sealNext(needs: TidyNeeds, nowS = Date.now() / 1000): Promise<boolean> {
  const { policy } = needs;
  const open = await openCells(needs.engine, nowS, policy.sealAfterDays * dayS);
  if (open.length === 0) return false;
  const cellOf = (cell: { dayStartS: number; meterFrom: number }): string => `${cell.dayStartS}/${cell.meterFrom}`;
  const parts = (await partsAfter(needs.pool)).filter((part) => !part.droppedAt);
  const sealedRows = new Map(parts.map((part) => [cellOf(part), part.rowCount]));
  // A few late readings wait for more of them, but not longer than their segments are to be kept.
  const next = open.find(
    (cell) =>
      cell.rows > policy.resealShare * (sealedRows.get(cellOf(cell)) ?? 0) ||
      cell.untouchedS >= policy.keepBronzeDays * dayS,
  );
  if (next) await seal(needs, next);
  return next !== undefined;
}

/** Segments whose rows are all in parts and whose time is over. @returns how many went */
export async function dropBronze(needs: TidyNeeds, nowMs = Date.now()): Promise<number> {
  const { pool, engine, dataFolder, policy } = needs;
  const through = await sealedThrough(engine);
  const mark = await layerMark(engine);
  const old = (await segmentsAfter(pool, 0, 100_000)).filter(
    (row) => row.segmentId <= mark && row.committedAt.getTime() < nowMs - policy.keepBronzeDays * dayS * 1000,
  );
  const isSealed = (row: SegmentRow): boolean =>
    through.every(
      (cell) =>
        cell.sealedThroughSegmentId >= row.segmentId ||
        cell.dayStartS > row.maxIntervalStartS ||
        cell.dayStartS + dayS <= row.minIntervalStartS,
    );
  const gone = old.filter(isSealed);
  if (gone.length === 0) return 0;
  await deleteSegmentRows(
    pool,
    gone.map((row) => row.segmentId),
  );
  await removeSegmentFiles(dataFolder, gone);
  needs.note(`removed ${gone.length} segments whose readings are all sealed`);
  return gone.length;
}

/** Whole parts older than the policy keeps: out of the manifest, out of every layer, then off the disk. */
export async function dropHistory(needs: TidyNeeds, nowS = Date.now() / 1000): Promise<boolean> {
  const { pool, policy } = needs;
  if (policy.keepHistoryDays === undefined) return false;
  const beforeS = Math.floor(nowS / dayS - policy.keepHistoryDays) * dayS;
  // What came for these days since they were sealed goes with them.
  for (const cell of await openCells(needs.engine, beforeS)) await seal(needs, cell);
  const before = await partFingerprint(pool);
  await dropPartsBefore(pool, beforeS);
  if ((await partFingerprint(pool)) === before) return false;
  await followManifest(needs);
  needs.note(`dropped the history before ${dateOf(beforeS)}, as FLUX_KEEP_HISTORY_DAYS says`);
  return true;
}
