/** Values that did not come from a meter, on their way through the ledger: one commit with the record of how they were made. */
import { makeReadingColumns, type ReadingColumns, readingQualities } from '#model/reading.ts';
import type { Engine } from '#stores/columnar/engine.ts';
import type { Client } from '#stores/postgres/pool.ts';
import { type Estimated, estimateGap, type Gap } from './estimate.ts';
import { joinSlots, surround } from './gaps.ts';
import { type MissingSlot, missingSlots } from './scan.ts';
import { type ScanScope, silver } from './scan_sql.ts';
import { type EstimateRow, writeEstimates } from './sql.ts';

/** Lands readings from source `vee`; what is written alongside is in the same transaction. */
export type Land = (readings: ReadingColumns, alongside: (client: Client) => Promise<void>) => Promise<void>;

export const qualityCode = (name: (typeof readingQualities)[number]): number => readingQualities.indexOf(name);

export interface GapEstimate {
  gap: Gap;
  made: Estimated;
}

/** Estimates for missing intervals of one judged day; gaps that no method covers are left out. */
export async function estimatesFor(
  engine: Engine,
  scope: ScanScope,
  slots: readonly MissingSlot[],
): Promise<GapEstimate[]> {
  const stepS = scope.config.intervalMinutes * 60;
  const gaps = await surround(engine, scope, joinSlots(slots, stepS));
  const left = await registerLeft(engine, scope, gaps);
  return gaps.flatMap((gap) => {
    const made = estimateGap(gap, scope.config.interpolateMinutes * 60, left.get(gap));
    return made ? [{ gap, made }] : [];
  });
}

/** What two register reads leave for a gap that is the only hole between them. */
async function registerLeft(engine: Engine, scope: ScanScope, gaps: readonly Gap[]): Promise<Map<Gap, number>> {
  const left = new Map<Gap, number>();
  for (const { meterKey, fromS, toS, wh } of scope.registers) {
    const inside = gaps.filter((gap) => {
      const endS = gap.fromS + gap.darkS.length * gap.stepS;
      return gap.meterKey === meterKey && gap.fromS >= fromS && endS <= toS;
    });
    if (inside.length !== 1) continue;
    const { wh: sum, seconds } = await engine.query(
      `select coalesce(sum(reading.wh), 0)::double as wh, coalesce(sum(reading.interval_minutes::integer * 60), 0)::double as seconds
       from ${silver} as reading
       where reading.meter_key = $1 and reading.interval_start_s >= $2 and reading.interval_start_s < $3 and reading.quality < 4`,
      [meterKey, fromS, toS],
    );
    const holeS = inside[0].darkS.length * inside[0].stepS;
    if (Number(seconds[0]) + holeS === toS - fromS) left.set(inside[0], wh - Number(sum[0]));
  }
  return left;
}

export interface FillFacts {
  at: Date;
  actor: string;
  exceptionId: string | null;
}

/** Rows to land and to record, in step. */
export function rowsOfEstimates(estimates: readonly GapEstimate[], minutes: number, facts: FillFacts): EstimateRow[] {
  return estimates.flatMap(({ gap, made }) =>
    made.wh.map((wh, i) => ({
      meter_key: gap.meterKey,
      interval_start_s: gap.fromS + i * gap.stepS,
      interval_minutes: minutes,
      wh,
      quality: qualityCode('estimated'),
      method: made.methods[i],
      flag: made.flags[i],
      basis: made.flags[i] === 'outage' ? 'no supply: outage known' : made.basis,
      at: facts.at,
      actor: facts.actor,
      exception_id: facts.exceptionId,
    })),
  );
}

/** Rows of one commit: bounds its transaction. */
const rowsPerCommit = 50_000;

export async function landRows(
  land: Land,
  rows: readonly EstimateRow[],
  decivolt: (i: number) => number = () => 0,
  alongside: (client: Client) => Promise<void> = async () => {},
): Promise<void> {
  for (let from = 0; from < rows.length || from === 0; from += rowsPerCommit) {
    const part = rows.slice(from, from + rowsPerCommit);
    const isLast = from + rowsPerCommit >= rows.length;
    const readings = makeReadingColumns(part.length);
    for (const row of part) {
      const i = readings.count++;
      readings.meterKey[i] = row.meter_key;
      readings.intervalStartS[i] = row.interval_start_s;
      readings.intervalMinutes[i] = row.interval_minutes;
      readings.wh[i] = row.wh;
      readings.decivolt[i] = decivolt(from + i);
      readings.quality[i] = row.quality;
      readings.sourceSeq[i] = -1;
    }
    await land(readings, async (client) => {
      if (part.length > 0) await writeEstimates(client, part);
      if (isLast) await alongside(client);
    });
  }
}

/** Missing intervals of a run's day that are filled without being asked: those without supply, and all where it is set. */
export async function fillDay(
  engine: Engine,
  scope: ScanScope,
  land: Land,
  at: Date,
): Promise<{ filled: number; estimated: number }> {
  const { autoEstimate, fillOutages, intervalMinutes } = scope.config;
  if (!autoEstimate && !fillOutages) return { filled: 0, estimated: 0 };
  const slots = await missingSlots(engine, scope, !autoEstimate);
  const wanted = fillOutages ? slots : slots.map((slot) => ({ ...slot, darkS: 0 }));
  const rows = rowsOfEstimates(await estimatesFor(engine, scope, wanted), intervalMinutes, {
    at,
    actor: 'vee',
    exceptionId: null,
  });
  if (rows.length > 0) await landRows(land, rows);
  const filled = rows.filter((row) => row.method === 'outage').length;
  return { filled, estimated: rows.length - filled };
}
