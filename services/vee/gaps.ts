/** Missing intervals joined to gaps, with what the silver layer knows around them. */
import { type Engine, rowsFrom } from '#stores/columnar/engine.ts';
import type { Gap } from './estimate.ts';
import type { MissingSlot } from './scan.ts';
import { type ScanScope, silver } from './scan_sql.ts';

const weeksBack = [7, 14, 21, 28];
/** Gaps of one statement: bounds its text and its answer. */
const gapsPerStatement = 2000;

/** Consecutive missing intervals of a meter. @param slots ascending by meter and time */
export function joinSlots(slots: readonly MissingSlot[], stepS: number): Gap[] {
  const gaps: (Gap & { darkS: number[] })[] = [];
  for (const slot of slots) {
    const last = gaps.at(-1);
    if (last && last.meterKey === slot.meterKey && last.fromS + last.darkS.length * stepS === slot.startS)
      last.darkS.push(slot.darkS);
    else
      gaps.push({
        meterKey: slot.meterKey,
        fromS: slot.startS,
        stepS,
        darkS: [slot.darkS],
        before: null,
        after: null,
        weeks: [],
        average: [],
        classMean: [],
      });
  }
  return gaps;
}

interface Known {
  gap: number;
  /** interval within the gap; -1 the one before, `count` the one after */
  slot: number;
  /** days back; 0 = own neighbours, -1 = mean of the class */
  back: number;
  wh: number;
}

/** Fills in what is known around gaps of one judged day. */
export async function surround(engine: Engine, scope: ScanScope, gaps: Gap[]): Promise<Gap[]> {
  const filled: Gap[] = [];
  for (let i = 0; i < gaps.length; i += gapsPerStatement)
    filled.push(...(await surroundSome(engine, scope, gaps.slice(i, i + gapsPerStatement))));
  return filled;
}

async function surroundSome(engine: Engine, scope: ScanScope, gaps: Gap[]): Promise<Gap[]> {
  const [day] = scope.days;
  const { lookbackDays } = scope.config;
  const shifts = [...new Set([...lookbackDays, ...weeksBack])].map((back) => {
    const past = scope.zoneDay(day.number - back);
    return { back, deltaS: past.startS - day.startS, isLike: past.isWeekend === day.isWeekend };
  });
  const stepS = scope.config.intervalMinutes * 60;
  const firstS = day.startS + Math.min(...shifts.map((s) => s.deltaS));
  const known = rowsFrom<Known>(
    await engine.query(
      `with gap (gap, meter_key, from_s, count) as (values ${gaps
        .map((gap, i) => `(${i}, ${gap.meterKey}, ${gap.fromS}, ${gap.darkS.length})`)
        .join(', ')}),
      shift (back, delta_s) as (values (0, 0), ${shifts.map((s) => `(${s.back}, ${s.deltaS})`).join(', ')}),
      wanted as (
        select slot.gap, slot.slot, slot.meter_key, shift.back, slot.start_s + shift.delta_s as start_s
        from (select gap.*, unnest(range(-1, gap.count + 1)) as slot, gap.from_s + slot * ${stepS} as start_s from gap) as slot, shift
        where shift.back > 0 and slot.slot >= 0 and slot.slot < slot.count
           or shift.back = 0 and (slot.slot < 0 or slot.slot = slot.count)),
      own as (
        select reading.meter_key, reading.interval_start_s, reading.wh from ${silver} as reading
        where reading.interval_start_s >= ${firstS} and reading.interval_start_s < ${day.endS + stepS} and reading.quality <= 2
          and reading.meter_key in (select gap.meter_key from gap)),
      peers as (
        select wanted.gap, wanted.slot, avg(reading.wh) as wh
        from (select gap.gap, unnest(range(0, gap.count)) as slot, gap.from_s + slot * ${stepS} as start_s,
                     dimension.feeder_key, dimension.customer_class
              from gap join meter_dimension as dimension on dimension.meter_key = gap.meter_key) as wanted
        join meter_dimension as peer
          on peer.feeder_key = wanted.feeder_key and peer.customer_class = wanted.customer_class
        join ${silver} as reading on reading.meter_key = peer.meter_key and reading.interval_start_s = wanted.start_s
        where reading.interval_start_s >= ${day.startS} and reading.interval_start_s < ${day.endS} and reading.quality <= 2
        group by wanted.gap, wanted.slot)
      select wanted.gap, wanted.slot::integer as slot, wanted.back, own.wh::double as wh
      from wanted join own on own.meter_key = wanted.meter_key and own.interval_start_s = wanted.start_s
      union all
      select peers.gap, peers.slot::integer, -1, peers.wh from peers`,
      [],
      120_000,
    ),
  );
  const byGap = Map.groupBy(known, (row) => row.gap);
  return gaps.map((gap, i) => assemble(gap, byGap.get(i) ?? [], shifts));
}

function assemble(gap: Gap, known: Known[], shifts: { back: number; isLike: boolean }[]): Gap {
  const count = gap.darkS.length;
  const at = new Map(known.map((row) => [`${row.back}/${row.slot}`, row.wh]));
  const series = (back: number): (number | null)[] =>
    Array.from({ length: count }, (_, slot) => at.get(`${back}/${slot}`) ?? null);
  const like = shifts.filter((shift) => shift.isLike).map((shift) => series(shift.back));
  return {
    ...gap,
    before: at.get('0/-1') ?? null,
    after: at.get(`0/${count}`) ?? null,
    weeks: weeksBack.map(series),
    average: Array.from({ length: count }, (_, slot) => {
      const values = like.map((one) => one[slot]).filter((value) => value !== null);
      return values.length > 0 ? values.reduce((a, b) => a + b, 0) / values.length : null;
    }),
    classMean: series(-1),
  };
}
