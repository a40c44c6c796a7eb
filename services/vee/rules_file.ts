/** Reads a VEE configuration: everything left out keeps its default, everything unknown or wrong is named. */
import { veeSeverities } from '#model/api/vee.ts';
import { FluxError } from '#model/errors.ts';
import { customerClasses, type NetworkColumns } from '#model/network.ts';
import {
  defaultVeeConfig,
  entryOf,
  everywhere,
  type RuleName,
  type RuleScope,
  type RuleSettings,
  ruleNames,
  type VeeConfig,
} from './rules.ts';

type Part = Record<string, unknown>;

const numberRanges = {
  intervalMinutes: [1, 60],
  missingAfterMinutes: [0, 10_080],
  runAfterMinutes: [0, 59],
  interpolateMinutes: [0, 1440],
} as const;
const flags = ['autoEstimate', 'fillOutages'] as const;
const meterLists = ['generating', 'inactive'] as const;
const scopeFields = ['classes', 'areas', 'substations', 'feeders', 'meters'];

/**
 * Checks a parsed configuration (JSON) and lays it over the defaults. Shape: the fields of `VeeConfig`; meters, feeders,
 * substations and areas by their ids; a rule as `{ on, severity, scope, thresholds }`.
 * @throws FluxError `bad_vee_config` naming every wrong field
 */
export function readVeeConfig(config: unknown, network: NetworkColumns): VeeConfig {
  const problems: string[] = [];
  const root = asObject(config, 'vee', problems);
  refuseUnknown(root, [...Object.keys(numberRanges), ...flags, ...meterLists, 'lookbackDays', 'rules'], '', problems);
  const rules = asObject(root.rules ?? {}, 'rules', problems);
  refuseUnknown(rules, ruleNames, 'rules.', problems);
  const read: VeeConfig = {
    ...defaultVeeConfig,
    ...Object.fromEntries(
      Object.entries(numberRanges)
        .filter(([field]) => root[field] !== undefined)
        .map(([field, range]) => [field, numberIn(root[field], range, field, problems)]),
    ),
    ...Object.fromEntries(
      flags.filter((field) => root[field] !== undefined).map((field) => [field, flag(root[field], field, problems)]),
    ),
    ...Object.fromEntries(
      meterLists
        .filter((field) => root[field] !== undefined)
        .map((field) => [field, rowsOfIds(root[field], network.meter.id, 'meter', field, problems)]),
    ),
    lookbackDays: root.lookbackDays === undefined ? defaultVeeConfig.lookbackDays : days(root.lookbackDays, problems),
    rules: Object.fromEntries(
      ruleNames.map((rule) => [rule, readRule(rule, rules[rule] ?? {}, network, problems)]),
    ) as VeeConfig['rules'],
  };
  if (60 % read.intervalMinutes !== 0)
    problems.push(`intervalMinutes is ${read.intervalMinutes}, it must divide an hour: 5, 10, 15, 30, 60, …`);
  if (problems.length > 0)
    throw new FluxError('bad_vee_config', `validation rules: ${problems.join('; ')}`, { details: { problems } });
  return read;
}

function readRule(rule: RuleName, config: unknown, network: NetworkColumns, problems: string[]): RuleSettings {
  const at = `rules.${rule}`;
  const base = defaultVeeConfig.rules[rule];
  const given = asObject(config, at, problems);
  refuseUnknown(given, ['on', 'severity', 'scope', 'thresholds'], `${at}.`, problems);
  const thresholds = asObject(given.thresholds ?? {}, `${at}.thresholds`, problems);
  const known = entryOf(rule).thresholds;
  refuseUnknown(thresholds, Object.keys(known), `${at}.thresholds.`, problems);
  return {
    on: given.on === undefined ? base.on : flag(given.on, `${at}.on`, problems),
    severity:
      given.severity === undefined ? base.severity : oneOf(given.severity, veeSeverities, `${at}.severity`, problems),
    scope: given.scope === undefined ? everywhere : readScope(given.scope, `${at}.scope`, network, problems),
    thresholds: {
      ...base.thresholds,
      ...Object.fromEntries(
        Object.entries(known)
          .filter(([name]) => thresholds[name] !== undefined)
          .map(([name, { least, most }]) => [
            name,
            numberIn(thresholds[name], [least, most], `${at}.thresholds.${name}`, problems),
          ]),
      ),
    },
  };
}

function readScope(config: unknown, at: string, network: NetworkColumns, problems: string[]): RuleScope {
  const given = asObject(config, at, problems);
  refuseUnknown(given, scopeFields, `${at}.`, problems);
  const { area, substation, feeder, meter } = network;
  const rows = (field: string, ids: { rowOf(id: string): number }, what: string): number[] | null =>
    given[field] === undefined ? null : rowsOfIds(given[field], ids, what, `${at}.${field}`, problems);
  const areas = rows('areas', area.id, 'area');
  const substations = rows('substations', substation.id, 'substation');
  const feeders = rows('feeders', feeder.id, 'feeder');
  const isIn = (f: number): boolean =>
    feeders?.includes(f) ||
    substations?.includes(feeder.substation[f]) ||
    areas?.includes(substation.area[feeder.substation[f]]) ||
    false;
  return {
    classes:
      given.classes === undefined
        ? null
        : listOf(given.classes, `${at}.classes`, problems).map((name) =>
            customerClasses.indexOf(oneOf(name, customerClasses, `${at}.classes`, problems)),
          ),
    feeders: areas || substations || feeders ? Array.from({ length: feeder.count }, (_, f) => f).filter(isIn) : null,
    meters: rows('meters', meter.id, 'meter'),
  };
}

function rowsOfIds(
  value: unknown,
  ids: { rowOf(id: string): number },
  what: string,
  at: string,
  problems: string[],
): number[] {
  return listOf(value, at, problems).flatMap((id) => {
    const row = typeof id === 'string' ? ids.rowOf(id) : -1;
    if (row < 0) problems.push(`${at}: there is no ${what} ${JSON.stringify(id)}`);
    return row < 0 ? [] : [row];
  });
}

function days(value: unknown, problems: string[]): number[] {
  const list = listOf(value, 'lookbackDays', problems).map((day) => numberIn(day, [1, 366], 'lookbackDays', problems));
  if (list.length === 0 || list.length > 60) problems.push('lookbackDays must name 1 to 60 days');
  if (list.some((day) => !Number.isInteger(day))) problems.push('lookbackDays must be whole days');
  return [...new Set(list)].sort((a, b) => a - b);
}

function numberIn(value: unknown, [least, most]: readonly [number, number], at: string, problems: string[]): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  problems.push(`${at} is ${JSON.stringify(value)}, it must be a number from ${least} to ${most}`);
  return least;
}

function flag(value: unknown, at: string, problems: string[]): boolean {
  if (typeof value !== 'boolean') problems.push(`${at} is ${JSON.stringify(value)}, it must be true or false`);
  return value === true;
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], at: string, problems: string[]): T {
  if (allowed.includes(value as T)) return value as T;
  problems.push(`${at} is ${JSON.stringify(value)}, it must be one of ${allowed.join(', ')}`);
  return allowed[0];
}

function listOf(value: unknown, at: string, problems: string[]): unknown[] {
  if (Array.isArray(value)) return value;
  problems.push(`${at} is ${JSON.stringify(value)}, it must be a list`);
  return [];
}

function asObject(value: unknown, at: string, problems: string[]): Part {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Part;
  problems.push(`${at} is ${JSON.stringify(value) ?? 'missing'}, it must be an object`);
  return {};
}

function refuseUnknown(given: Part, known: readonly string[], at: string, problems: string[]): void {
  for (const field of Object.keys(given))
    if (!known.includes(field)) problems.push(`${at}${field} is not known; known here: ${known.join(', ')}`);
}
