/** The score of a drill: the scorer's book, the field's counts, and what the product has in its store. */
import type { PlannedWork } from '#sources/storm/breadth.ts';
import type { StormField } from '#sources/storm/field.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { type DrillCenter, isOutNow } from './drill_center.ts';
import type { FieldCrews } from './field_crews.ts';
import { delays, type EtrScore, nestedOf, type StormScore } from './report_card.ts';
import { round, type Scorer } from './score.ts';

interface DrillFacts {
  seed: number;
  hours: number;
  meters: number;
  mostDark: number;
  refused: number;
  visits: FieldCrews['visits'];
  fromMs: number;
  toMs: number;
  truthMinutes: number;
  planned: readonly PlannedWork[];
  /** meters that hang elsewhere than the records say */
  misplaced: number;
  /** second since which everybody had power; null where somebody has not */
  allBackS: number | null;
}

export async function scoreOf(
  center: DrillCenter,
  field: StormField,
  scorer: Scorer,
  facts: DrillFacts,
): Promise<StormScore> {
  const found = scorer.found();
  const worst = scorer.worst();
  const ids = center.network.grid().network.edge.id;
  const lasting = field.faults.filter(({ isMomentary }) => !isMomentary);
  const byCause: Record<string, number> = {};
  for (const { cause } of lasting) byCause[cause] = (byCause[cause] ?? 0) + 1;
  const stored = await storedCounts(center.pool, new Date(facts.toMs));
  const [first, last] = await Promise.all([
    etrScore(center, facts.fromMs, facts.toMs, true),
    etrScore(center, facts.fromMs, facts.toMs, false),
  ]);
  const held = center.storm.holdBack.counts();
  const { messages } = field;
  const sent = messages.gasps + messages.restores + messages.spurious;
  const onTheirWay =
    sent + messages.duplicated - messages.lost - messages.lost_in_clumps - messages.dropped - messages.delivered;
  const declared = Math.round(stored.customer_minutes);
  const truth = Math.round(facts.truthMinutes);
  return {
    seed: facts.seed,
    hours: facts.hours,
    meters: facts.meters,
    crews: (await center.crews.list()).length,
    storm: {
      peak_gust_ms: round(field.front.peakMs, 1),
      km_per_hour: round(field.front.kmPerHour, 1),
      faults: lasting.length,
      momentary: field.faults.length - lasting.length,
      hidden: lasting.filter(({ customers }) => customers === 0).length,
      lost_poles: lasting.filter(({ phase }) => phase !== 0).length,
      planned_work: facts.planned.length,
      planned_customers: facts.planned.reduce((sum, { meters }) => sum + meters.length, 0),
      misplaced_meters: facts.misplaced,
      by_cause: byCause,
      customers_interrupted: lasting.reduce((sum, { customers }) => sum + customers, 0),
      most_customers_out: facts.mostDark,
      all_back_h: facts.allBackS === null ? null : round(facts.allBackS / 3600, 2),
    },
    detection: delays(found, ({ detectedS }) => detectedS),
    location: delays(found, ({ locatedS }) => locatedS),
    devices: scorer.devices(),
    named: scorer.named(),
    worst: {
      wrong: worst.wrong.map(([edge, minutes]) => ({ device: ids.at(edge), minutes })),
      missed: worst.missed.map(([edge, minutes]) => ({ device: ids.at(edge), minutes })),
    },
    nested: nestedOf(found),
    etr: { first, last },
    customer_minutes: { truth, declared, difference_share: truth === 0 ? 0 : round(declared / truth - 1) },
    curve: {
      minute: scorer.curve.atS.map((atS) => Math.round(atS / 60)),
      dark: scorer.curve.dark,
      declared: scorer.curve.declared,
    },
    outages: { ...stored.outages, open_at_end: center.outages.open().filter(isOutNow).length },
    crew_work: { ...facts.visits, refused: facts.refused },
    calls: { ...field.calls, stored: stored.calls },
    messages: {
      ...messages,
      sent,
      on_their_way: onTheirWay,
      ...stored.events,
      held_back: held.ever,
      most_held_back: held.most,
      conserved:
        onTheirWay >= 0 &&
        held.waiting === 0 &&
        messages.delivered === stored.events.received &&
        stored.events.received === stored.events.stored + stored.events.duplicate + stored.events.set_aside,
    },
  };
}

async function etrScore(center: DrillCenter, fromMs: number, toMs: number, isFirst: boolean): Promise<EtrScore | null> {
  const { groups } = await center.etr.calibration(fromMs, toMs, isFirst);
  const all = groups.find(({ by }) => by === 'all');
  if (!all) return null;
  const { by: _by, group: _group, ...score } = all;
  return Object.fromEntries(Object.entries(score).map(([name, value]) => [name, round(value)])) as unknown as EtrScore;
}

async function storedCounts(pool: Pool, now: Date) {
  const one = async <T>(text: string, values: unknown[] = []): Promise<T> =>
    (await pool.query(text, values)).rows[0] as T;
  return {
    ...(await one<{ customer_minutes: number }>(
      `select coalesce(sum(case when step.to_at is null
                                then step.customers_out * extract(epoch from $1 - step.from_at) / 60
                                else step.customer_minutes end), 0)::float8 as customer_minutes
       from outage_step as step
       join outage on outage.id = step.outage_id and outage.merged_into is null and outage.state <> 'rejected'`,
      [now],
    )),
    outages: await one<Omit<StormScore['outages'], 'open_at_end'>>(
      `select count(*)::int as opened,
              count(*) filter (where (outage.record->>'meter')::int >= 0)::int as service_points,
              count(*) filter (where outage.state = 'rejected')::int as rejected,
              count(*) filter (where outage.state = 'merged')::int as merged
       from outage`,
    ),
    events: await one<{ received: number; stored: number; duplicate: number; set_aside: number }>(
      `select coalesce(sum(position.received), 0)::int as received, coalesce(sum(position.landed), 0)::int as stored,
              coalesce(sum(position.duplicate), 0)::int as duplicate, coalesce(sum(position.set_aside), 0)::int as set_aside
       from stream_position as position
       where position.source = 'simulation_events'`,
    ),
    calls: (await one<{ calls: number }>('select count(*)::int as calls from trouble_call')).calls,
  };
}
