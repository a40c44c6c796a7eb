/**
 * History in bulk: a day of a block of meters at a time, written as a part of the history and committed with the source's
 * position in one transaction. Where something of a day is there already, its readings go the ordinary way through silver.
 */
import fs from 'node:fs/promises';
import path from 'node:path';
import { FluxError } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import { makeReadingColumns, type ReadingColumns } from '#model/reading.ts';
import type { Claim, Ledger, SegmentSink } from '#model/stream.ts';
import { intervalMinutes, makeReadingGenerator, type ReadingGenerator } from '#sources/generator/generate_readings.ts';
import type { Engine } from '#stores/columnar/engine.ts';
import { metersPerBlock } from '#stores/columnar/layers.ts';
import { type CellColumns, partFolder, partName, type WrittenPart, writeSortedPart } from '#stores/columnar/parts.ts';
import { commitPart, sourceKeys } from '#stores/postgres/part_ledger.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { commitReadings } from '#stream/commit.ts';

export interface BackfillNeeds {
  pool: Pool;
  ledger: Ledger;
  /** for readings of days that are not empty */
  sink: SegmentSink;
  /** writes parts: one of its own, single-threaded */
  engine: Engine;
  dataFolder: string;
  network: NetworkColumns;
  seed: number;
  /** UTC midnight, epoch seconds */
  startS: number;
  days: number;
  /** name of the source in the ledger; the same name goes on where it stopped */
  source: string;
  progress?: (done: number, readings: number) => void;
  isStopped?: () => boolean;
}

export interface BackfillOutcome {
  readings: number;
  parts: number;
  /** readings that went through silver, because something of their day was there already */
  ordinary: number;
  bytes: number;
  sumWh: number;
}

const intervalsPerDay = 96;
const intervalS = intervalMinutes * 60;
const maxRowsPerCommit = 240_000;

interface GeneratedCell extends CellExtent {
  columns: CellColumns;
  sumWh: number;
}

/** @throws FluxError `misaligned_interval`, `fenced`, `disk_full`: what is committed stays, the same call goes on from there */
export async function backfill(needs: BackfillNeeds): Promise<BackfillOutcome> {
  const { pool, ledger, network, startS, days, source } = needs;
  if (startS % 86_400 !== 0)
    throw new FluxError('misaligned_interval', `a backfill begins at midnight UTC, not at ${startS} s`);
  const claim = await ledger.claim(source, 0, 'reading');
  const [key] = (await sourceKeys(pool, [{ source, partition: 0 }])).filter((k) => k.source === source);
  const generator = makeReadingGenerator(network, { seed: needs.seed });
  const outcome: BackfillOutcome = { readings: 0, parts: 0, ordinary: 0, bytes: 0, sumWh: 0 };
  await needs.engine.script(['set preserve_insertion_order = true']);
  const meters = network.meter.count;
  let offset = 0;
  let writing: Promise<void> = Promise.resolve();
  for (const cell of cellsOf(startS, days, meters)) {
    const rows = (cell.meterTo - cell.meterFrom) * intervalsPerDay;
    offset += rows;
    if (offset <= claim.nextOffset) continue;
    if (needs.isStopped?.()) break;
    // The next cell is made while the engine writes this one.
    const made = generateCell(generator, cell);
    const offsetTo = offset;
    await writing;
    writing = store(needs, claim, key.sourceKey, made, offsetTo, outcome);
    writing.catch(() => undefined);
    needs.progress?.((offsetTo - rows) / (days * meters * intervalsPerDay), outcome.readings);
  }
  await writing;
  return outcome;
}

interface CellExtent {
  dayStartS: number;
  meterFrom: number;
  meterTo: number;
}

/** Days of blocks of meters, in the order of the source's offsets. */
function* cellsOf(startS: number, days: number, meters: number): Generator<CellExtent> {
  for (let day = 0; day < days; day++)
    for (let meterFrom = 0; meterFrom < meters; meterFrom += metersPerBlock)
      yield { dayStartS: startS + day * 86_400, meterFrom, meterTo: Math.min(meters, meterFrom + metersPerBlock) };
}

/** A day of a block of meters, sorted by meter and time. */
function generateCell(generator: ReadingGenerator, { dayStartS, meterFrom, meterTo }: CellExtent): GeneratedCell {
  const meters = meterTo - meterFrom;
  const n = meters * intervalsPerDay;
  const scratch = makeReadingColumns(meters);
  const columns: CellColumns = {
    count: n,
    meterKey: new Int32Array(n),
    intervalStartS: new Int32Array(n),
    wh: new Int32Array(n),
    decivolt: new Uint16Array(n),
    quality: new Uint8Array(n),
    whBase: new Int32Array(n),
  };
  const least = new Int32Array(meters).fill(0x7fffffff);
  let sumWh = 0;
  for (let interval = 0; interval < intervalsPerDay; interval++) {
    scratch.count = 0;
    generator.fillInterval(dayStartS + interval * intervalS, meterFrom, meterTo, scratch);
    for (let m = 0, at = interval; m < meters; m++, at += intervalsPerDay) {
      const wh = scratch.wh[m];
      columns.meterKey[at] = meterFrom + m;
      columns.intervalStartS[at] = dayStartS + interval * intervalS;
      columns.wh[at] = wh;
      columns.decivolt[at] = scratch.decivolt[m];
      columns.quality[at] = scratch.quality[m];
      if (wh < least[m]) least[m] = wh;
      sumWh += wh;
    }
  }
  for (let m = 0; m < meters; m++)
    columns.whBase.fill(least[m] < 0 ? 0 : least[m] >> 6, m * intervalsPerDay, (m + 1) * intervalsPerDay);
  return { dayStartS, meterFrom, meterTo, columns, sumWh };
}

async function store(
  needs: BackfillNeeds,
  claim: Claim,
  sourceKey: number,
  cell: GeneratedCell,
  offsetTo: number,
  outcome: BackfillOutcome,
): Promise<void> {
  const { pool, engine, dataFolder } = needs;
  const { dayStartS, meterFrom, columns, sumWh } = cell;
  const rowCount = columns.count;
  // A run that was killed amid a day that goes the ordinary way is taken up amid it.
  const done = Math.max(0, claim.nextOffset - (offsetTo - rowCount));
  if (done > 0) {
    outcome.ordinary += await throughSilver(needs, claim, columns, done);
    outcome.readings += rowCount - done;
    return;
  }
  const name = partName(dayStartS, meterFrom, `b${sourceKey}e${claim.epoch}`);
  const written = await writeSortedPart(engine, dataFolder, name, columns, { sourceKey, intervalMinutes });
  const manifest = {
    ...written,
    dayStartS,
    meterFrom,
    // The cell is the whole block, also where its last meters do not exist yet.
    meterTo: meterFrom + metersPerBlock,
    rowCount,
    earlierCount: 0,
    sumWh,
    counts: [{ sourceKey, stored: rowCount, superseded: 0, duplicate: 0 }],
  };
  const isPart = await keepPart(pool, claim, manifest, offsetTo, dataFolder);
  if (isPart) {
    outcome.parts++;
    outcome.bytes += written.byteCount;
  } else outcome.ordinary += await throughSilver(needs, claim, columns, 0);
  outcome.readings += rowCount;
  outcome.sumWh += sumWh;
}

async function keepPart(
  pool: Pool,
  claim: Claim,
  manifest: Parameters<typeof commitPart>[2] & WrittenPart,
  offsetTo: number,
  dataFolder: string,
): Promise<boolean> {
  try {
    await commitPart(pool, claim, manifest, offsetTo);
    claim.nextOffset = offsetTo;
    return true;
  } catch (error) {
    await fs.rm(path.join(partFolder(dataFolder), manifest.path), { force: true });
    if (error instanceof FluxError && error.code === 'cell_taken') return false;
    throw error;
  }
}

async function throughSilver(needs: BackfillNeeds, claim: Claim, cell: CellColumns, done: number): Promise<number> {
  for (let from = done; from < cell.count; from += maxRowsPerCommit) {
    const readings = piece(cell, from, Math.min(cell.count, from + maxRowsPerCommit));
    await commitReadings(
      needs.sink,
      needs.ledger,
      claim,
      {
        source: claim.source,
        partition: claim.partition,
        offsetFrom: claim.nextOffset,
        offsetTo: claim.nextOffset + readings.count,
        receivedAtMs: Date.now(),
        readings,
        setAside: [],
      },
      { tellDuplicates: false },
    );
  }
  return cell.count - done;
}

function piece(cell: CellColumns, from: number, to: number): ReadingColumns {
  const readings = makeReadingColumns(to - from);
  readings.count = to - from;
  readings.meterKey.set(cell.meterKey.subarray(from, to));
  readings.intervalStartS.set(cell.intervalStartS.subarray(from, to));
  readings.intervalMinutes.fill(intervalMinutes);
  readings.wh.set(cell.wh.subarray(from, to));
  readings.decivolt.set(cell.decivolt.subarray(from, to));
  readings.quality.set(cell.quality.subarray(from, to));
  for (let i = 0; i < readings.count; i++) readings.sourceSeq[i] = readings.intervalStartS[i] / intervalS;
  return readings;
}
