/** Each rule with a case that fires and one that must not: a plain history, one thing changed. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { dayOfDate, localDay } from './days.ts';
import { defaultVeeConfig, type RuleName, ruleNames, type VeeConfig } from './rules.ts';
import { type Finding, findingsOf, missingSlots } from './scan.ts';
import type { ScanScope } from './scan_sql.ts';
import { judgedDay as day, onlyRule, openScanTestbed, type ScanTestbed, scopeOf, zone } from './scan_testbed.ts';

let bed: ScanTestbed;
before(async () => {
  bed = await openScanTestbed();
});
after(() => bed.stop());
beforeEach(() => bed.fill(4));

const hour = (n: number): number => day.startS + n * 3600;
const within = (from: number, to: number, meter = 1): string =>
  `meter_key = ${meter} and interval_start_s >= ${hour(from)} and interval_start_s < ${hour(to)}`;
const set = (values: string, from: number, to: number): string =>
  `update silver_reading set ${values} where ${within(from, to)}`;
const remove = (from: number, to: number): string => `delete from silver_reading where ${within(from, to)}`;

async function found(
  rule: RuleName,
  more: Partial<VeeConfig> = {},
  scope: Partial<ScanScope> = {},
  thresholds: Record<string, number> = {},
): Promise<Finding[]> {
  return findingsOf(bed.engine, scopeOf(onlyRule(rule, thresholds, more), scope));
}

test('a plain day breaks no rule, also with every rule on', async () => {
  const config: VeeConfig = { ...defaultVeeConfig, rules: structuredClone(defaultVeeConfig.rules) };
  for (const rule of ruleNames) config.rules[rule].on = true;
  assert.ok(ruleNames.length >= 12);
  assert.deepEqual(await findingsOf(bed.engine, scopeOf(config)), []);
});

interface Case {
  rule: RuleName;
  /** statements after which the rule fires for meter 1 alone */
  fires: string[];
  from: number;
  to: number;
  /** statements after which it must not */
  holds: string[];
  config?: Partial<VeeConfig>;
  thresholds?: Record<string, number>;
}

const copyEarlier = (change: string): string =>
  `insert into silver_earlier select * replace (${change}) from silver_reading where ${within(3, 3.25)}`;

const cases: Case[] = [
  { rule: 'interval_gap', fires: [remove(5, 6)], from: 5, to: 6, holds: [set('quality = 3', 5, 6)] },
  {
    rule: 'conflicting_versions',
    fires: [copyEarlier('wh + 50 as wh')],
    from: 3,
    to: 3.25,
    holds: [copyEarlier('wh + 50 as wh, 3 as quality')],
  },
  { rule: 'high_low_use', fires: [set('wh = wh * 5', 0, 24)], from: 0, to: 24, holds: [set('wh = wh * 2', 0, 24)] },
  {
    rule: 'dynamic_comparison',
    fires: [set('wh = wh + 2000', 9, 10)],
    from: 9,
    to: 10,
    holds: [set('wh = wh + 300', 9, 10)],
  },
  {
    rule: 'inactive_meter',
    fires: [],
    from: 0,
    to: 24,
    holds: [set('wh = 0', 0, 24)],
    config: { inactive: [1] },
  },
  {
    rule: 'interval_size',
    fires: [set('interval_minutes = 30', 4, 5)],
    from: 4,
    to: 5.25,
    holds: [set('wh = 1', 4, 5)],
  },
  { rule: 'spike', fires: [set('wh = 9000', 7, 7.25)], from: 7, to: 7.25, holds: [set('wh = 9000', 7, 7.75)] },
  {
    rule: 'multiplier',
    fires: [set('wh = wh * 10', 0, 24)],
    from: 0,
    to: 24,
    holds: [set('wh = wh * 3', 0, 24)],
  },
  {
    rule: 'negative_use',
    fires: [set('wh = -20', 6, 6.5)],
    from: 6,
    to: 6.5,
    holds: [
      `update silver_reading set wh = -20 where meter_key = 1 and interval_start_s % 86400 = ${hour(6) % 86_400}`,
    ],
  },
  {
    rule: 'prolonged_estimation',
    fires: [set('quality = 3', 2, 16)],
    from: 2,
    to: 16,
    holds: [set('quality = 3', 2, 12)],
  },
  { rule: 'missing_quantity', fires: [remove(4, 12)], from: 0, to: 24, holds: [remove(4, 8)] },
  {
    rule: 'register_sum',
    fires: [set('wh = wh + 1000', 10, 11)],
    from: 0,
    to: 24,
    holds: [],
  },
  { rule: 'unit_of_measure', fires: [set('wh = wh * 1000', 3, 4)], from: 3, to: 4, holds: [set('wh = wh * 20', 3, 4)] },
  { rule: 'zero_run', fires: [set('wh = 0', 8, 15)], from: 8, to: 15, holds: [set('wh = 0', 8, 12)] },
  { rule: 'flat_run', fires: [set('wh = 321', 8, 13)], from: 8, to: 13, holds: [set('wh = 321', 8, 11)] },
  {
    rule: 'voltage_range',
    fires: [set('decivolt = 1050', 8, 10)],
    from: 8,
    to: 10,
    holds: [set('decivolt = 1150', 8, 10)],
  },
  {
    rule: 'clock_shift',
    fires: [
      `update silver_reading set wh = (230 + 150 * sin(2 * pi() * (interval_start_s - ${day.startS} - 7200) / 86400))::integer where ${within(0, 24)}`,
    ],
    from: 0,
    to: 24,
    holds: [set('wh = wh + 30', 0, 24)],
    thresholds: { minWh: 1000 },
  },
];

describe('each rule fires for what it looks for, and for nothing else', () => {
  test('no rule is left out', () => assert.deepEqual(cases.map(({ rule }) => rule).sort(), [...ruleNames].sort()));
  for (const { rule, fires, from, to, holds, config, thresholds } of cases)
    test(rule, async () => {
      let given: Partial<ScanScope> = {};
      if (rule === 'register_sum') {
        const { wh } = await bed.engine.query(
          `select sum(wh)::integer as wh from silver_reading where ${within(0, 24)}`,
        );
        given = { registers: [{ meterKey: 1, fromS: hour(0), toS: hour(24), wh: Number(wh[0]) }] };
      }
      await bed.run(...fires);
      const hits = await found(rule, config, given, thresholds);
      assert.deepEqual(
        hits.map((hit) => [hit.rule, hit.meterKey, (hit.fromS - day.startS) / 3600, (hit.toS - day.startS) / 3600]),
        [[rule, 1, from, to]],
      );
      await bed.fill(4);
      await bed.run(...holds);
      assert.deepEqual(await found(rule, config, given, thresholds), []);
    });
});

test('a rule looks only into its scope, and not at all when it is off', async () => {
  await bed.run(set('wh = 9000', 7, 7.25));
  const config = onlyRule('spike');
  const scoped = (scope: Partial<VeeConfig['rules']['spike']['scope']>): Promise<Finding[]> => {
    const rules = structuredClone(config.rules);
    rules.spike.scope = { ...rules.spike.scope, ...scope };
    return findingsOf(bed.engine, scopeOf({ ...config, rules }));
  };
  assert.equal((await scoped({ feeders: [1] })).length, 1);
  assert.equal((await scoped({ feeders: [0] })).length, 0);
  assert.equal((await scoped({ classes: [3] })).length, 0);
  assert.equal((await scoped({ meters: [0, 2] })).length, 0);
  assert.equal((await scoped({ meters: [] })).length, 0);
  const off = structuredClone(config.rules);
  off.spike.on = false;
  assert.deepEqual(await findingsOf(bed.engine, scopeOf({ ...config, rules: off })), []);
});

test('what is not due is not missing; without supply it is not missing either', async () => {
  await bed.run(remove(5, 8));
  assert.deepEqual(await found('interval_gap', {}, { untilS: hour(5) }), []);
  const dark = [{ meterKey: 1, fromS: hour(5), toS: hour(7) }];
  const [gap] = await found('interval_gap', {}, { dark });
  assert.deepEqual([gap.fromS, gap.toS, gap.value], [hour(7), hour(8), 4]);
  const slots = await missingSlots(bed.engine, scopeOf(defaultVeeConfig, { dark }), true);
  assert.deepEqual([slots.length, slots[0].startS, slots.at(-1)!.startS], [8, hour(5), hour(7) - 900]);
});

test('V6 what the stream as a whole has not come to is late, not missing', async () => {
  await bed.run(remove(5, 8));
  const [gap] = await found('interval_gap', {}, { reachedS: hour(6) });
  assert.deepEqual([gap.fromS, gap.toS], [hour(5), hour(6)]);
  assert.deepEqual(await found('interval_gap', {}, { reachedS: hour(5) }), []);
});

test('before its first reading a meter owes none: a new meter is no gap', async () => {
  await bed.run(`delete from silver_reading where meter_key = 1 and interval_start_s < ${hour(9)}`);
  assert.deepEqual(await found('interval_gap'), []);
  assert.deepEqual(await found('missing_quantity'), []);
});

test('a whole-day rule waits for the end of the day', async () => {
  await bed.run(set('wh = wh * 5', 0, 24));
  assert.equal((await found('high_low_use')).length, 1);
  assert.deepEqual(await found('high_low_use', {}, { untilS: hour(20) }), []);
});

test('days have 23 and 25 hours where clocks change, and the hour is the one the clock shows', () => {
  const spring = dayOfDate('2026-03-08', zone);
  const autumn = dayOfDate('2026-11-01', zone);
  assert.deepEqual([(spring.endS - spring.startS) / 3600, spring.shiftHours], [23, 1]);
  assert.deepEqual([(autumn.endS - autumn.startS) / 3600, autumn.shiftHours], [25, -1]);
  assert.equal(spring.shiftS, spring.startS + 2 * 3600);
  assert.equal(localDay(spring.number + 1, zone).startS, spring.endS);
});
