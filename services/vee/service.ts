/**
 * Validation, estimation and editing of interval data. Follows the ledger like the layers do: the days that new segments
 * touch are due, and judged some minutes after the hour, one after the other.
 */
import path from 'node:path';
import type {
  VeeAction,
  VeeCount,
  VeeException,
  VeeExceptionDetail,
  VeeQualityRow,
  VeeRun,
  VeeVersion,
} from '#model/api/vee.ts';
import { veeSeverities } from '#model/api/vee.ts';
import { FluxError } from '#model/errors.ts';
import { allDone, oneAtATime } from '#model/one_at_a_time.ts';
import { quoted } from '#stores/columnar/literal.ts';
import { segmentFolder } from '#stores/columnar/segments.ts';
import { type SegmentRow, segmentsAfter } from '#stores/postgres/ledger.ts';
import { act, exceptionOf, proposalOf, toEstimate } from './actions.ts';
import { dayOfDate, dayOfMoment, localDay } from './days.ts';
import { allowedVerbs } from './lifecycle.ts';
import { entryOf } from './rules.ts';
import { type RunNeeds, runDay } from './run.ts';
import {
  dayDone,
  daysDue,
  type ExceptionRow,
  exceptionCounts,
  exceptionQueue,
  logOfException,
  markDaysDue,
  type RunRow,
  runsBetween,
  veeMark,
  writeRegisters,
} from './sql.ts';
import { chartOf, qualityRows, versionsOf } from './views.ts';
import { evidenceInWords } from './words.ts';

export interface VeeNeeds extends RunNeeds {
  dataFolder: string;
  areaOfFeeder: (feeder: number) => string | null;
  report: (message: string, error: unknown) => void;
}

export interface VeeService {
  /** judges local days, from and to included (2026-07-04) */
  run(from: string, to: string): Promise<VeeRun[]>;
  runs(days: number): Promise<VeeRun[]>;
  /** @param feeders feeder rows; null = all */
  queue(open: boolean | null, rule: string | null, feeders: number[] | null, limit: number): Promise<VeeException[]>;
  counts(): Promise<VeeCount[]>;
  detail(id: string): Promise<VeeExceptionDetail>;
  areaOf(id: string): Promise<string | null>;
  act(id: string, action: VeeAction, actor: string): Promise<VeeExceptionDetail>;
  versions(meterId: string, fromS: number, toS: number): Promise<VeeVersion[]>;
  quality(fromS: number, toS: number): Promise<VeeQualityRow[]>;
  takeRegisters(reads: readonly { meter_id: string; at: string; kwh: number }[]): Promise<{ stored: number }>;
  feedersOfAreas(areas: readonly string[] | null): number[] | null;
  /** looks for due days by itself from now on */
  start(): void;
  stop(): Promise<void>;
}

/** Fewer rows than this in a past day: only their meters are judged again. */
const fewRows = 20_000;
/** Segments looked at in one go: a storm of small ones must not leave a backlog. */
const segmentsAtOnce = 2000;
/** Days one turn judges at most; the others wait for the next, newest first. */
const daysPerTurn = 4;
const lookEveryMs = 30_000;

export function makeVeeService(given: VeeNeeds): VeeService {
  const needs: VeeNeeds = { ...given, cancelled: () => stopped };
  const { pool, engine, zone } = needs;
  let timer: NodeJS.Timeout | undefined;
  /** Runs one after another: two of the same day would open things twice. */
  const inTurn = oneAtATime();
  let stopped = false;

  const meterRow = (id: string): number => {
    const row = needs.network().meter.id.rowOf(id);
    if (row < 0) throw new FluxError('unknown_meter', `there is no meter ${id} in the network`);
    return row;
  };

  const toRun = (run: RunRow): VeeRun => ({
    day: localDay(run.day, zone).date,
    readings: run.readings,
    findings: run.findings,
    opened: run.opened,
    resolved: run.resolved,
    filled: run.filled,
    estimated: run.estimated,
    seconds: run.seconds,
    ran_at: run.ran_at.toISOString(),
  });

  function toException(row: ExceptionRow): VeeException {
    const { meter, feeder } = needs.network();
    const hasFeeder = row.feeder_key >= 0 && row.feeder_key < feeder.count;
    return {
      id: row.id,
      rule: row.rule,
      title: entryOf(row.rule).title,
      severity: veeSeverities[row.severity],
      meter_id: meter.id.at(row.meter_key),
      feeder_id: hasFeeder ? feeder.id.at(row.feeder_key) : null,
      feeder_name: hasFeeder ? feeder.name[row.feeder_key] : null,
      area_id: hasFeeder ? needs.areaOfFeeder(row.feeder_key) : null,
      from: row.from_at.toISOString(),
      to: row.to_at.toISOString(),
      evidence: evidenceInWords(row.rule, row.evidence),
      numbers: { ...row.evidence },
      state: row.state,
      owner: row.owner,
      note: row.note,
      opened_at: row.opened_at.toISOString(),
      closed_at: row.closed_at?.toISOString() ?? null,
      updated_at: row.updated_at.toISOString(),
    };
  }

  async function detail(id: string): Promise<VeeExceptionDetail> {
    const row = await exceptionOf(needs, id);
    const [log, chart, proposal] = await Promise.all([
      logOfException(pool, id),
      chartOf(needs, row),
      allowedVerbs(row.state).includes('estimate') ? proposalOf(needs, row, '') : [],
    ]);
    return {
      ...toException(row),
      allowed: allowedVerbs(row.state),
      log: log.map(({ at, actor, verb, from_state, to_state, reason }) => ({
        at: at.toISOString(),
        actor,
        verb,
        from_state,
        to_state,
        reason,
      })),
      ...chart,
      proposal: proposal.map(toEstimate),
    };
  }

  async function lookForDue(): Promise<void> {
    await needs.layersReady();
    while (!stopped && (await takeDue()));
  }

  /** Days that the next segments after the mark touch, with the meters where they are few. @returns whether there may be more */
  async function takeDue(): Promise<boolean> {
    const segments = await segmentsAfter(pool, await veeMark(pool), segmentsAtOnce);
    if (segments.length === 0) return false;
    const nowS = Math.floor(Date.now() / 1000);
    const today = dayOfMoment(nowS, zone).number;
    const byDay = new Map<number, SegmentRow[]>();
    for (const segment of segments) {
      const first = dayOfMoment(segment.minIntervalStartS, zone).number;
      const last = Math.min(today, dayOfMoment(segment.maxIntervalStartS, zone).number);
      for (let day = first; day <= last; day++) byDay.set(day, [...(byDay.get(day) ?? []), segment]);
    }
    const due: { day: number; meter_keys: number[] | null }[] = [];
    for (const [day, touching] of byDay) {
      const rows = touching.reduce((sum, segment) => sum + segment.rowCount, 0);
      const isFew = rows < fewRows && day < today - 1;
      due.push({ day, meter_keys: isFew ? await metersIn(touching) : null });
    }
    // Silence touches nothing: yesterday and today are judged even where no segment speaks of them.
    for (const day of [today - 1, today]) if (!byDay.has(day)) due.push({ day, meter_keys: null });
    await markDaysDue(pool, segments[segments.length - 1].segmentId, due);
    return segments.length === segmentsAtOnce;
  }

  async function metersIn(segments: readonly SegmentRow[]): Promise<number[]> {
    const files = segments.map((segment) => quoted(path.join(segmentFolder(needs.dataFolder), segment.path)));
    const { meter_key } = await engine.query(
      `select distinct bronze.meter_key from read_parquet([${files.join(', ')}]) as bronze order by 1`,
    );
    return meter_key as number[];
  }

  let lookedAtHour = -1;
  /** Once an hour, some minutes after it, what is due is looked up; each turn works off a part of it. */
  async function look(): Promise<void> {
    const nowMs = Date.now();
    const hour = Math.floor((nowMs / 60_000 - needs.config().runAfterMinutes) / 60);
    if (hour !== lookedAtHour) {
      await lookForDue();
      lookedAtHour = hour;
    }
    for (const { day, meter_keys } of await daysDue(pool, daysPerTurn)) {
      if (stopped) return;
      await runDay(needs, localDay(day, zone), Math.floor(Date.now() / 1000), meter_keys);
      await dayDone(pool, day);
    }
  }

  return {
    run: (from, to) =>
      inTurn(async () => {
        const first = dayOfDate(from, zone).number;
        const last = dayOfDate(to, zone).number;
        if (last < first) throw new FluxError('bad_request', 'the last day lies before the first');
        const done: VeeRun[] = [];
        for (let day = first; day <= last; day++)
          done.push(toRun(await runDay(needs, localDay(day, zone), Math.floor(Date.now() / 1000), null)));
        return done;
      }),
    runs: async (days) => {
      const today = dayOfMoment(Math.floor(Date.now() / 1000), zone).number;
      return (await runsBetween(pool, today - days, today)).reverse().map(toRun);
    },
    queue: async (open, rule, feeders, limit) =>
      (await exceptionQueue(pool, open, rule, feeders, limit)).map(toException),
    counts: async () => {
      const { feeder } = needs.network();
      return (await exceptionCounts(pool)).map(({ feeder_key, state, count }) => {
        const hasFeeder = feeder_key >= 0 && feeder_key < feeder.count;
        return {
          feeder_id: hasFeeder ? feeder.id.at(feeder_key) : null,
          area_id: hasFeeder ? needs.areaOfFeeder(feeder_key) : null,
          state: state as VeeCount['state'],
          count,
        };
      });
    },
    detail,
    areaOf: async (id) => {
      const { feeder_key } = await exceptionOf(needs, id);
      return feeder_key >= 0 ? needs.areaOfFeeder(feeder_key) : null;
    },
    act: async (id, action, actor) => {
      await act(needs, id, action, actor);
      if (action.verb !== 'assign') await needs.layersReady();
      return detail(id);
    },
    versions: (meterId, fromS, toS) => {
      if (toS - fromS > 7 * 86_400) throw new FluxError('bad_request', 'ask for at most seven days of versions');
      return versionsOf(needs, meterRow(meterId), fromS, toS);
    },
    quality: (fromS, toS) => {
      if (toS - fromS > 2 * 86_400) throw new FluxError('bad_request', 'ask for at most two days of shares');
      return qualityRows(needs, fromS, toS, needs.areaOfFeeder);
    },
    takeRegisters: async (reads) => {
      const at = reads.map((read) => new Date(read.at));
      const bad = at.findIndex((date) => Number.isNaN(date.getTime()));
      if (bad >= 0) throw new FluxError('bad_request', `record ${bad}: at must be ISO 8601, e.g. 2026-07-04T05:00:00Z`);
      await writeRegisters(
        pool,
        reads.map((read) => meterRow(read.meter_id)),
        at,
        reads.map((read) => Math.round(read.kwh * 1000)),
      );
      return { stored: reads.length };
    },
    feedersOfAreas: (areas) => {
      if (areas === null) return null;
      const { feeder } = needs.network();
      return Array.from({ length: feeder.count }, (_, f) => f).filter((f) =>
        areas.includes(needs.areaOfFeeder(f) ?? ''),
      );
    },
    start: () => {
      let isLooking = false;
      timer = setInterval(() => {
        // a long turn is not followed by all those it kept waiting
        if (isLooking) return;
        isLooking = true;
        void inTurn(look)
          .catch((error: unknown) => {
            if (!stopped) needs.report('interval data could not be validated; tried again in 30 s', error);
          })
          .finally(() => {
            isLooking = false;
          });
      }, lookEveryMs);
    },
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await allDone(inTurn);
    },
  };
}
