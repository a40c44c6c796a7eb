/** Reads thresholds from a configuration: everything left out keeps its default, everything unknown or wrong is named. */
import { FluxError } from '#model/errors.ts';
import {
  type DeviceThreshold,
  defaultThresholds,
  deviceKinds,
  type OutageMode,
  type OutageSettings,
  type OutageThresholds,
  outageModes,
} from './thresholds.ts';

/** lowest and highest allowed value */
type Range = readonly [number, number];

const settingRanges: Record<string, Range> = {
  holdWindowS: [0, 3600],
  minutesToProbable: [0, 1440],
  branchPercent: [0, 100],
  messageLoss: [0, 0.9],
  wrongLit: [0.0001, 0.5],
  wrongCall: [0.000001, 0.5],
  separationMinutes: [1, 10_080],
  faultImprobability: [0.1, 100],
  simultaneousS: [0, 3600],
  lateBranchImprobability: [0, 100],
  partialImprobability: [0, 100],
};
const generalRanges: Record<string, Range> = {
  leftoverPercent: [0, 100],
  partlyPercent: [0, 100],
  leftoverGraceS: [0, 86_400],
  plannedGraceS: [0, 86_400],
  stepMergeS: [0, 3600],
  minutesToClose: [0, 10_080],
  clockAheadS: [0, 3600],
  maxAgeH: [1, 720],
};

/**
 * Checks a parsed configuration (JSON) and lays it over the defaults. Shape: the fields of `OutageThresholds`, `areas`
 * as an object keyed by area id.
 * @param areaRow the row of an area id, -1 where there is none
 * @throws FluxError `bad_thresholds` naming every wrong field
 */
export function readThresholds(config: unknown, areaRow: (id: string) => number): OutageThresholds {
  const problems: string[] = [];
  const root = asObject(config, 'thresholds', problems);
  const areas: Map<number, { mode?: OutageMode } & Partial<Record<OutageMode, Partial<OutageSettings>>>> = new Map();
  refuseUnknown(root, ['mode', ...outageModes, 'areas', ...Object.keys(generalRanges)], '', problems);
  for (const [id, value] of Object.entries(asObject(root.areas ?? {}, 'areas', problems))) {
    const at = `areas.${id}`;
    const row = areaRow(id);
    if (row < 0) problems.push(`${at}: there is no area with this id`);
    const own = asObject(value, at, problems);
    refuseUnknown(own, ['mode', ...outageModes], `${at}.`, problems);
    areas.set(row, {
      mode: own.mode === undefined ? undefined : oneOf(own.mode, outageModes, `${at}.mode`, problems),
      ...Object.fromEntries(
        outageModes
          .filter((mode) => own[mode] !== undefined)
          .map((mode) => [mode, readSettings(own[mode], defaultsOf(root, mode), `${at}.${mode}`, problems)]),
      ),
    });
  }
  const thresholds: OutageThresholds = {
    ...defaultThresholds,
    ...readNumbers(root, generalRanges, '', problems),
    mode: root.mode === undefined ? defaultThresholds.mode : oneOf(root.mode, outageModes, 'mode', problems),
    blue_sky: readSettings(root.blue_sky ?? {}, defaultThresholds.blue_sky, 'blue_sky', problems),
    storm: readSettings(root.storm ?? {}, defaultThresholds.storm, 'storm', problems),
    areas,
  };
  if (problems.length > 0) {
    throw new FluxError('bad_thresholds', `outage thresholds: ${problems.join('; ')}`, { details: { problems } });
  }
  return thresholds;
}

/** An area's settings stand on those of the mode in the same file. Its problems are reported once, by the mode itself. */
function defaultsOf(root: Record<string, unknown>, mode: OutageMode): OutageSettings {
  return readSettings(root[mode] ?? {}, defaultThresholds[mode], mode, []);
}

function readSettings(config: unknown, base: OutageSettings, at: string, problems: string[]): OutageSettings {
  const given = asObject(config, at, problems);
  refuseUnknown(given, ['rule', 'device', ...Object.keys(settingRanges)], `${at}.`, problems);
  const devices = asObject(given.device ?? {}, `${at}.device`, problems);
  refuseUnknown(devices, deviceKinds, `${at}.device.`, problems);
  return {
    ...base,
    ...readNumbers(given, settingRanges, `${at}.`, problems),
    rule:
      given.rule === undefined
        ? base.rule
        : oneOf(given.rule, ['likelihood', 'thresholds'] as const, `${at}.rule`, problems),
    device: Object.fromEntries(
      deviceKinds.map((kind) => [
        kind,
        readDevice(devices[kind] ?? {}, base.device[kind], `${at}.device.${kind}`, problems),
      ]),
    ) as OutageSettings['device'],
  };
}

function readDevice(config: unknown, base: DeviceThreshold, at: string, problems: string[]): DeviceThreshold {
  const given = asObject(config, at, problems);
  refuseUnknown(given, ['minPercent', 'minCount', 'minCalls', 'need'], `${at}.`, problems);
  const ranges = { minPercent: [0, 100], minCount: [1, 1_000_000], minCalls: [1, 1_000_000] } as const;
  for (const field of ['minCount', 'minCalls']) {
    const value = given[field];
    if (typeof value === 'number' && value >= 1 && !Number.isInteger(value))
      problems.push(`${at}.${field} is ${value}, it must be a whole number`);
  }
  return {
    ...base,
    ...readNumbers(given, ranges, `${at}.`, problems),
    need: given.need === undefined ? base.need : oneOf(given.need, ['both', 'either'] as const, `${at}.need`, problems),
  };
}

function readNumbers(
  given: Record<string, unknown>,
  ranges: Record<string, Range>,
  at: string,
  problems: string[],
): Record<string, number> {
  const read: Record<string, number> = {};
  for (const [field, [least, most]] of Object.entries(ranges)) {
    const value = given[field];
    if (value === undefined) continue;
    if (typeof value === 'number' && value >= least && value <= most) read[field] = value;
    else problems.push(`${at}${field} is ${JSON.stringify(value)}, it must be a number from ${least} to ${most}`);
  }
  return read;
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], at: string, problems: string[]): T {
  if (allowed.includes(value as T)) return value as T;
  problems.push(`${at} is ${JSON.stringify(value)}, it must be one of ${allowed.join(', ')}`);
  return allowed[0];
}

function asObject(value: unknown, at: string, problems: string[]): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  problems.push(`${at} is ${JSON.stringify(value) ?? 'missing'}, it must be an object`);
  return {};
}

function refuseUnknown(given: Record<string, unknown>, known: readonly string[], at: string, problems: string[]): void {
  for (const field of Object.keys(given)) {
    if (!known.includes(field)) problems.push(`${at}${field} is not known; known here: ${known.join(', ')}`);
  }
}
