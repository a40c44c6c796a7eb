/** One local day judged: holes without supply filled, rules run over every range of meters, the queue brought in step. */
import { setImmediate as breathe } from 'node:timers/promises';
import { FluxError } from '#model/errors.ts';
import type { NetworkColumns } from '#model/network.ts';
import type { Engine } from '#stores/columnar/engine.ts';
import { inTransaction, type Pool } from '#stores/postgres/pool.ts';
import { type LocalDay, localDay } from './days.ts';
import { fillDay, type Land } from './fill.ts';
import { reconcile } from './reconcile.ts';
import { entryOf, ruleNames, type VeeConfig } from './rules.ts';
import { findingsOf, metersPerStatement, reachOf, readingCount } from './scan.ts';
import type { DarkSpan, ScanScope } from './scan_sql.ts';
import { lockExceptionsOfDay, type RunRow, registerSpans, writeExceptions, writeLog, writeRun } from './sql.ts';

export interface RunNeeds {
  pool: Pool;
  engine: Engine;
  network: () => NetworkColumns;
  config: () => VeeConfig;
  zone: string;
  land: Land;
  /** resolves when everything committed before is in the silver layer */
  layersReady: () => Promise<void>;
  /** spans without supply that touch [from, to), as the outages know them */
  darkSpans: (fromS: number, toS: number) => Promise<DarkSpan[]>;
  /** true once the center stops: a run ends between two ranges of meters */
  cancelled?: () => boolean;
}

/** What is judged of a day: the range of meters is filled in by who asks. */
export async function scopeOfDay(
  needs: RunNeeds,
  day: LocalDay,
  nowS: number,
  meters: readonly number[] | null,
): Promise<ScanScope> {
  const [dark, registers, reachedS] = await Promise.all([
    needs.darkSpans(day.startS, day.endS),
    registerSpans(needs.pool, day.startS, day.endS, meters),
    reachOf(needs.engine, nowS, needs.config().intervalMinutes),
  ]);
  return {
    days: [day],
    // Only completed hours: what is on its way is not missing.
    untilS: Math.min(day.endS, nowS - (nowS % 3600)),
    reachedS,
    zoneDay: (number) => localDay(number, needs.zone),
    config: needs.config(),
    meterFrom: 0,
    meterTo: needs.network().meter.count,
    meters,
    dark,
    registers,
  };
}

/** The ranges of meters one statement judges each, with what concerns them. */
function rangesOf(scope: ScanScope): ScanScope[] {
  if (scope.meters && scope.meters.length <= metersPerStatement) return [scope];
  const within = (from: number) => (one: { meterKey: number }) =>
    one.meterKey >= from && one.meterKey < from + metersPerStatement;
  return Array.from({ length: Math.ceil(scope.meterTo / metersPerStatement) }, (_, i) => {
    const from = i * metersPerStatement;
    return {
      ...scope,
      meterFrom: from,
      meterTo: Math.min(scope.meterTo, from + metersPerStatement),
      meters: scope.meters?.filter((meterKey) => within(from)({ meterKey })) ?? null,
      dark: scope.dark.filter(within(from)),
      registers: scope.registers.filter(within(from)),
    };
  });
}

export async function runDay(
  needs: RunNeeds,
  day: LocalDay,
  nowS: number,
  meters: readonly number[] | null,
): Promise<RunRow> {
  const startMs = performance.now();
  const at = new Date();
  await needs.layersReady();
  const scope = await scopeOfDay(needs, day, nowS, meters);
  const sums = { filled: 0, estimated: 0, findings: 0, opened: 0, resolved: 0 };
  const ranges = rangesOf(scope);
  for (const range of ranges) {
    goOn(needs);
    const { filled, estimated } = await fillDay(needs.engine, range, needs.land, at);
    sums.filled += filled;
    sums.estimated += estimated;
  }
  if (sums.filled + sums.estimated > 0) await needs.layersReady();
  for (const range of ranges) {
    goOn(needs);
    const findings = await findingsOf(needs.engine, range);
    const { opened, resolved } = await storeFindings(needs, range, findings, at);
    sums.findings += findings.length;
    sums.opened += opened;
    sums.resolved += resolved;
    // What operators ask comes between two ranges.
    await breathe();
  }
  const run: RunRow = {
    day: day.number,
    until_at: new Date(Math.max(day.startS, scope.untilS) * 1000),
    readings: await readingCount(needs.engine, day.startS, day.endS),
    ...sums,
    seconds: (performance.now() - startMs) / 1000,
    ran_at: new Date(),
  };
  await writeRun(needs.pool, run);
  return run;
}

function goOn(needs: RunNeeds): void {
  if (needs.cancelled?.()) throw new FluxError('not_ready', 'the center stops; the day stays due', { canRetry: true });
}

function storeFindings(needs: RunNeeds, scope: ScanScope, findings: Parameters<typeof reconcile>[1], at: Date) {
  const { config, untilS } = scope;
  const [day] = scope.days;
  const isOver = untilS >= day.endS;
  // A rule that was switched off does not answer: what it found is gone as well.
  const judged = ruleNames.filter((rule) => isOver || !entryOf(rule).wholeDay);
  const { node, meter } = needs.network();
  const meters = scope.meters ?? rangeKeys(scope, needs.network().meter.count);
  return inTransaction(needs.pool, async (client) => {
    const existing = await lockExceptionsOfDay(client, day.number, judged, meters);
    const changes = reconcile(existing, findings, {
      day: day.number,
      at,
      config,
      feederOf: (meterKey) => node.feeder[meter.node[meterKey]] ?? -1,
    });
    if (changes.rows.length > 0) await writeExceptions(client, changes.rows);
    if (changes.log.length > 0) await writeLog(client, changes.log);
    return changes;
  });
}

/** Keys of a range; null where it is the whole territory. */
function rangeKeys({ meterFrom, meterTo }: ScanScope, count: number): number[] | null {
  if (meterFrom === 0 && meterTo >= count) return null;
  return Array.from({ length: meterTo - meterFrom }, (_, i) => meterFrom + i);
}
