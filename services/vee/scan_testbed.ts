/** A columnar store with a plain, regular history: what a test changes is what it is about. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Engine, startEngine } from '#stores/columnar/engine.ts';
import { prepareCatalogue } from '#stores/columnar/layers.ts';
import { dayOfDate, type LocalDay, localDay } from './days.ts';
import { defaultVeeConfig, type RuleName, ruleNames, type VeeConfig } from './rules.ts';
import type { ScanScope } from './scan_sql.ts';

export const zone = 'America/Chicago';
export const judgedDay: LocalDay = dayOfDate('2026-07-08', zone);

export interface ScanTestbed {
  engine: Engine;
  /** `meters` meters with 29 days of readings, the judged day the last: a daily wave with a little noise, 120.0 V */
  fill(meters: number): Promise<void>;
  run(...statements: string[]): Promise<void>;
  stop(): Promise<void>;
}

export async function openScanTestbed(): Promise<ScanTestbed> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-vee-'));
  const engine = startEngine({
    name: 'vee',
    path: ':memory:',
    temporaryFolder: folder,
    memoryLimit: '1500MB',
    onOpen: prepareCatalogue,
  });
  return {
    engine,
    fill: async (meters) => {
      const days = Array.from({ length: 29 }, (_, i) => localDay(judgedDay.number - 28 + i, zone));
      await engine.script([
        'delete from silver_reading',
        'delete from silver_earlier',
        'delete from meter_dimension',
        `insert into meter_dimension (meter_key, place_key, transformer_key, feeder_key, substation_key, customer_class, nominal_decivolt)
         select meter, 0, 0, meter % 2, 0, 0, 1200 from range(${meters}) as list (meter)`,
        ...days.map(
          (day) => `
          insert into silver_reading
          select meter, start_s, 15,
                 (200 + 10 * (meter % 7) + 150 * sin(2 * pi() * (start_s - ${day.startS}) / 86400)
                   + hash(meter, start_s) % 40)::integer,
                 1200, 1, 1, 1, row_number() over () - 1
          from range(${meters}) as list (meter), range(${day.startS}, ${day.endS}, 900) as slot (start_s)
          order by start_s, meter`,
        ),
      ]);
    },
    run: async (...statements) => {
      await engine.script(statements);
    },
    stop: async () => {
      await engine.stop();
      await fs.rm(folder, { recursive: true, force: true });
    },
  };
}

/** Only one rule, with thresholds of its own. */
export function onlyRule(
  rule: RuleName,
  thresholds: Record<string, number> = {},
  more: Partial<VeeConfig> = {},
): VeeConfig {
  const rules = Object.fromEntries(
    ruleNames.map((name) => {
      const base = defaultVeeConfig.rules[name];
      return [
        name,
        { ...base, on: name === rule, thresholds: { ...base.thresholds, ...(name === rule ? thresholds : {}) } },
      ];
    }),
  ) as VeeConfig['rules'];
  return { ...defaultVeeConfig, ...more, rules };
}

/** The whole judged day, long after it. */
export function scopeOf(config: VeeConfig, more: Partial<ScanScope> = {}): ScanScope {
  return {
    days: [judgedDay],
    untilS: judgedDay.endS + 86_400,
    reachedS: judgedDay.endS + 86_400,
    zoneDay: (number) => localDay(number, zone),
    config,
    meterFrom: 0,
    meterTo: 1_000_000,
    meters: null,
    dark: [],
    registers: [],
    ...more,
  };
}
