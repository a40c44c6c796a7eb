/** What the screen asks: shares of quality per feeder and hour, versions of an interval, the chart of an exception. */
import path from 'node:path';
import type { VeeQualityRow, VeeVersion } from '#model/api/vee.ts';
import { readingQualities } from '#model/reading.ts';
import { rowsFrom } from '#stores/columnar/engine.ts';
import { quoted } from '#stores/columnar/literal.ts';
import { segmentFolder } from '#stores/columnar/segments.ts';
import { dayOfMoment, localDay } from './days.ts';
import { type RunNeeds, scopeOfDay } from './run.ts';
import { baseOf, silver, silverEarlier, silverWithOrigin } from './scan_sql.ts';
import { type ExceptionRow, estimatesOfMeter, openExceptionSpans, pathOfRecord, runsBetween } from './sql.ts';

const iso = (s: number): string => new Date(s * 1000).toISOString();

interface HourCount {
  feeder: number;
  hour_s: number;
  meters: number;
  received: number;
  estimated: number;
  judged: number;
  doubtful: number;
}

/**
 * Per feeder and hour: how many intervals are expected, received, estimated. Expected are the meters of the feeder that
 * have sent anything in the span; judged is what a run has passed.
 */
export async function qualityRows(
  needs: RunNeeds,
  fromS: number,
  toS: number,
  areaOfFeeder: (feeder: number) => string | null,
): Promise<VeeQualityRow[]> {
  const first = dayOfMoment(fromS, needs.zone);
  const last = dayOfMoment(toS - 1, needs.zone);
  const [runs, spans] = await Promise.all([
    runsBetween(needs.pool, first.number, last.number),
    openExceptionSpans(needs.pool, fromS, toS),
  ]);
  const judged = runs.map((run) => {
    const untilS = Math.floor(run.until_at.getTime() / 1000);
    return `(${localDay(run.day, needs.zone).startS}, ${untilS})`;
  });
  const doubts = spans.map((span) => `(${span.meterKey}, ${span.fromS}, ${span.toS})`);
  const perHour = 60 / needs.config().intervalMinutes;
  const rows = rowsFrom<HourCount>(
    await needs.engine.query(
      `with judged (from_s, to_s) as (${judged.length > 0 ? `values ${judged.join(', ')}` : 'select 0, 0 where false'}),
      doubt (meter_key, from_s, to_s) as (${doubts.length > 0 ? `values ${doubts.join(', ')}` : 'select 0, 0, 0 where false'}),
      reading as (
        select reading.meter_key, dimension.feeder_key, reading.interval_start_s as start_s, reading.quality
        from ${silver} as reading
        join meter_dimension as dimension on dimension.meter_key = reading.meter_key
        where reading.interval_start_s >= $1 and reading.interval_start_s < $2),
      hourly as (
        select reading.feeder_key, reading.start_s - reading.start_s % 3600 as hour_s,
               count(*) filter (where reading.quality <= 2) as received,
               count(*) filter (where reading.quality = 3) as estimated
        from reading group by all),
      meters as (
        select reading.feeder_key, count(distinct reading.meter_key) as meters from reading group by all),
      hours as (select unnest(range($1::bigint - $1::bigint % 3600, $2::bigint, 3600)) as hour_s),
      doubtful as (
        select reading.feeder_key, reading.start_s - reading.start_s % 3600 as hour_s, count(distinct (reading.meter_key, reading.start_s)) as doubtful
        from reading
        join doubt on doubt.meter_key = reading.meter_key and doubt.from_s <= reading.start_s and doubt.to_s > reading.start_s
        where reading.quality in (1, 2)
        group by all)
      select meters.feeder_key as feeder, hours.hour_s, meters.meters, coalesce(hourly.received, 0) as received,
             coalesce(hourly.estimated, 0) as estimated,
             exists (from judged where judged.from_s <= hours.hour_s and judged.to_s >= hours.hour_s + 3600)::integer as judged,
             coalesce(doubtful.doubtful, 0) as doubtful
      from meters cross join hours
      left join hourly on hourly.feeder_key = meters.feeder_key and hourly.hour_s = hours.hour_s
      left join doubtful on doubtful.feeder_key = meters.feeder_key and doubtful.hour_s = hours.hour_s
      where meters.feeder_key >= 0
      order by hours.hour_s, meters.feeder_key`,
      [fromS, toS],
      60_000,
    ),
  );
  const { feeder } = needs.network();
  return rows.map((row) => {
    const validated = row.judged ? row.received - row.doubtful : 0;
    const expected = Math.max(row.meters * perHour, row.received + row.estimated);
    return {
      feeder_id: feeder.id.at(row.feeder),
      feeder_name: feeder.name[row.feeder],
      area_id: areaOfFeeder(row.feeder),
      hour: iso(row.hour_s),
      expected,
      validated,
      unvalidated: row.received - validated,
      estimated: row.estimated,
      missing: expected - row.received - row.estimated,
    };
  });
}

interface VersionRow {
  start_s: number;
  minutes: number;
  wh: number;
  quality: number;
  source: string;
  partition: number;
  /** null in a sealed part, which keeps no offsets */
  record_offset: number | null;
  is_current: boolean;
}

/** Every version of a meter's intervals in [from, to): what is current, what it replaced, and how it came about. */
export async function versionsOf(
  needs: RunNeeds & { dataFolder: string },
  meterKey: number,
  fromS: number,
  toS: number,
): Promise<VeeVersion[]> {
  const columns = `version.interval_start_s as start_s, version.interval_minutes as minutes, version.wh, version.quality,
    version.source, version.partition_no as "partition", version.record_offset`;
  const where = 'version.meter_key = $1 and version.interval_start_s >= $2 and version.interval_start_s < $3';
  const versions = rowsFrom<VersionRow>(
    await needs.engine.query(
      `select ${columns}, true as is_current from ${silverWithOrigin} as version where ${where}
       union all
       select ${columns}, false from ${silverEarlier} as version where ${where}
       order by start_s, is_current desc, quality, record_offset desc
       limit 1000`,
      [meterKey, fromS, toS],
    ),
  );
  const [arrivals, made] = await Promise.all([
    arrivalsOf(needs, versions),
    estimatesOfMeter(needs.pool, meterKey, fromS, toS),
  ]);
  return versions.map((version) => {
    const by = made.findLast(
      (one) =>
        version.source === 'vee' &&
        one.interval_start_s === version.start_s &&
        one.quality === version.quality &&
        one.wh === version.wh,
    );
    return {
      at: iso(version.start_s),
      is_current: version.is_current,
      kwh: version.wh / 1000,
      interval_minutes: version.minutes,
      quality: readingQualities[version.quality],
      source: version.source,
      received_at: arrivals.get(placeOf(version)) ?? null,
      method: by ? `${by.method} (${by.flag}): ${by.basis}` : null,
      by: by?.actor ?? null,
    };
  });
}

const placeOf = (v: VersionRow): string => `${v.source}/${v.partition}/${v.record_offset}`;

/** When records arrived, out of the segment files that hold them. */
async function arrivalsOf(
  needs: RunNeeds & { dataFolder: string },
  versions: readonly VersionRow[],
): Promise<Map<string, string>> {
  const byFile = new Map<string, VersionRow[]>();
  for (const version of versions) {
    if (version.record_offset === null) continue;
    const found = await pathOfRecord(needs.pool, version.source, version.partition, version.record_offset);
    if (found) byFile.set(found, [...(byFile.get(found) ?? []), version]);
  }
  const arrivals = new Map<string, string>();
  for (const [file, held] of byFile) {
    const full = quoted(path.join(segmentFolder(needs.dataFolder), file));
    const { record_offset, received_at_ms } = await needs.engine.query(
      `select record_offset, received_at_ms from read_parquet(${full})
       where record_offset in (${held.map((v) => v.record_offset).join(', ')})`,
    );
    const at = new Map(record_offset.map((offset, i) => [Number(offset), Number(received_at_ms[i])]));
    for (const version of held) {
      const ms = at.get(version.record_offset!);
      if (ms !== undefined) arrivals.set(placeOf(version), new Date(ms).toISOString());
    }
  }
  return arrivals;
}

export interface ExceptionChart {
  time_s: number[];
  kwh: (number | null)[];
  filled_kwh: (number | null)[];
  band_low_kwh: (number | null)[];
  band_high_kwh: (number | null)[];
}

/** The local day of an exception: what was read, what was filled in, and what the meter usually does. */
export async function chartOf(needs: RunNeeds, row: ExceptionRow): Promise<ExceptionChart> {
  const day = dayOfMoment(row.from_at.getTime() / 1000, needs.zone);
  const scope = await scopeOfDay(needs, day, day.endS + 3600, [row.meter_key]);
  const perHour = 60 / scope.config.intervalMinutes;
  const points = await needs.engine.query(
    `${baseOf(scope)}
     select clock.start_s::bigint as time_s,
            any_value(today.wh) / 1000.0 as kwh,
            any_value(case when today.quality in (2, 3) then today.wh end) / 1000.0 as filled_kwh,
            any_value(case when past.mean_wh >= 0 then greatest(0, past.mean_wh - 2 * past.sd_wh) else past.mean_wh - 2 * past.sd_wh end)
              / ${perHour * 1000} as band_low_kwh,
            any_value(past.mean_wh + 2 * past.sd_wh) / ${perHour * 1000} as band_high_kwh
     from clock
     join judged on judged.day = clock.day
     left join today on today.start_s = clock.start_s and today.quality < 4
     left join past_hour as past on past.day = clock.day and past.hour = clock.hour
     group by clock.start_s order by clock.start_s`,
    [],
    20_000,
  );
  return points as unknown as ExceptionChart;
}
