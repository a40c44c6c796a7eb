/** Runs the rules over days, a range of meters after the other, and gives the findings as columns' rows: there are few. */
import { type Engine, rowsFrom } from '#stores/columnar/engine.ts';
import { type RuleName, ruleNames } from './rules.ts';
import { sameValueExpression, sqlOfRule } from './rules_sql.ts';
import { baseOf, type ScanScope, scopeCondition, silver } from './scan_sql.ts';

/** What a rule found. What the numbers mean depends on the rule: words.ts. */
export interface Finding {
  rule: RuleName;
  meterKey: number;
  fromS: number;
  toS: number;
  value: number;
  expected: number;
  bound: number;
  times: number;
}

/** A missing interval, and how much of it had no supply. */
export interface MissingSlot {
  meterKey: number;
  startS: number;
  darkS: number;
}

/** A day of this many meters is about 2.4 million readings and seven times as many of history: bounds the memory. */
export const metersPerStatement = 25_000;
const deadlineMs = 10 * 60_000;

/** The statement that judges a scope. */
export function scanStatement(scope: ScanScope): string {
  const { config } = scope;
  const queries = ruleNames
    .filter((rule) => config.rules[rule].on)
    .filter((rule) => rule !== 'register_sum' || scope.registers.length > 0)
    .map((rule) => {
      const settings = config.rules[rule];
      const condition = scopeCondition(settings.scope);
      const found = `(${sqlOfRule(rule, settings, config).replaceAll('{silver}', silver)}) as found`;
      const where = condition
        ? `join meter_dimension as dimension on dimension.meter_key = found.meter_key where ${condition}`
        : '';
      return `select '${rule}' as rule, found.meter_key as "meterKey", found.from_s as "fromS", found.to_s as "toS",
                found.value::double as value, found.expected::double as expected, found.bound::double as bound,
                found.times::double as times
         from ${found} ${where}`;
    });
  if (queries.length === 0) return '';
  return `${baseOf(scope)}, ${sameValueExpression}\n${queries.join('\nunion all\n')}`;
}

export async function findingsOf(engine: Engine, scope: ScanScope): Promise<Finding[]> {
  const statement = scanStatement(scope);
  if (statement === '' || scope.days.length === 0) return [];
  return rowsFrom<Finding>(await engine.query(statement, [], deadlineMs));
}

/** Missing intervals of the scope that are due; with `onlyDark` those that had no supply at all. */
export async function missingSlots(engine: Engine, scope: ScanScope, onlyDark: boolean): Promise<MissingSlot[]> {
  if (onlyDark && scope.dark.length === 0) return [];
  const stepS = scope.config.intervalMinutes * 60;
  return rowsFrom<MissingSlot>(
    await engine.query(
      `${baseOf(scope)}
       select slot.meter_key as "meterKey", slot.start_s as "startS", slot.dark_s as "darkS"
       from missing_slot as slot ${onlyDark ? `where slot.dark_s >= ${stepS}` : ''}
       order by slot.meter_key, slot.start_s`,
      [],
      deadlineMs,
    ),
  );
}

const reachWithinS = 2 * 86_400;

/**
 * End of the newest interval that came as a whole: with half as many readings as the fullest of the two days before.
 * A center that fills its past, or takes what waited while it was away, has no gaps behind it yet.
 */
export async function reachOf(engine: Engine, nowS: number, intervalMinutes: number): Promise<number> {
  const { reached_s: reached } = await engine.query(
    `with came as (
       select total.interval_start_s, sum(total.readings) as readings
       from gold_feeder_interval as total
       where total.interval_start_s >= $1 and total.interval_start_s < $2
       group by total.interval_start_s)
     select max(came.interval_start_s) as reached_s
     from came
     where came.readings * 2 >= (select max(came.readings) from came)`,
    [nowS - reachWithinS, nowS],
    deadlineMs,
  );
  // no reading at all for two days is silence by everybody
  return reached[0] === null ? nowS : (reached[0] as number) + intervalMinutes * 60;
}

/** How many readings the judged days hold for these meters. */
export async function readingCount(engine: Engine, fromS: number, toS: number): Promise<number> {
  const { count } = await engine.query(
    `select count(*) as count from ${silver} as reading where reading.interval_start_s >= $1 and reading.interval_start_s < $2`,
    [fromS, toS],
    deadlineMs,
  );
  return Number(count[0]);
}
