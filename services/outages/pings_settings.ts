/** When meters are pinged and how many: defaults, and the utility's file laid over them. */
import { FluxError } from '#model/errors.ts';

/** Of the meters that could be asked: all, one of each transformer, or so many percent of each transformer (at least one). */
export type PingShare = 'all' | 'one_per_transformer' | { percentPerTransformer: number };

export interface PingProcess {
  on: boolean;
  share: PingShare;
}

export interface PingSettings {
  /** an outage at a single service point: its meter is asked; if it answers lit, the customer's side is at fault */
  single_customer: PingProcess;
  /** predictions, and what is about to be driven to: meters that were not heard of */
  verification: PingProcess;
  /** after a restoration: who has not said so himself */
  restoration: PingProcess;
  /** a prediction must be this old to be asked about: gasps still come in, s */
  settleS: number;
  /** a meter is not asked again within, s */
  noRepeatS: number;
  /** an outage nobody is at is asked about again, at first after `noRepeatS`, each time twice as late up to, s */
  repeatMostS: number;
  /** an answer counts until so long after the question, s */
  timeToLiveS: number;
  /** meters in one request; the head-end's own cap holds, too */
  capPerRequest: number;
  /** meters asked about one outage at a time */
  capPerOutage: number;
  /** requests that are under way at the same time */
  requestsAtOnce: number;
}

export const defaultPings: PingSettings = {
  single_customer: { on: true, share: 'all' },
  verification: { on: true, share: { percentPerTransformer: 20 } },
  restoration: { on: true, share: 'one_per_transformer' },
  settleS: 30,
  noRepeatS: 300,
  repeatMostS: 3600,
  timeToLiveS: 45,
  capPerRequest: 250,
  capPerOutage: 500,
  requestsAtOnce: 4,
};

export const pingProcesses = ['single_customer', 'verification', 'restoration'] as const;

const ranges: Record<string, readonly [least: number, most: number]> = {
  settleS: [0, 3600],
  noRepeatS: [1, 86_400],
  repeatMostS: [1, 86_400],
  timeToLiveS: [1, 3600],
  capPerRequest: [1, 100_000],
  capPerOutage: [1, 100_000],
  requestsAtOnce: [1, 64],
};

/**
 * Checks a parsed configuration (JSON, the fields of `PingSettings`) and lays it over the defaults.
 * @throws FluxError `bad_pings` naming every wrong field
 */
export function readPingSettings(config: unknown): PingSettings {
  const problems: string[] = [];
  const root = asObject(config, 'the file', problems);
  const known = [...pingProcesses, ...Object.keys(ranges)];
  for (const field of Object.keys(root))
    if (!known.includes(field)) problems.push(`${field} is not known; known are ${known.join(', ')}`);
  const numbers: Record<string, number> = {};
  for (const [field, [least, most]] of Object.entries(ranges)) {
    const value = root[field];
    if (value === undefined) continue;
    if (typeof value === 'number' && value >= least && value <= most) numbers[field] = value;
    else problems.push(`${field} is ${JSON.stringify(value)}, it must be a number from ${least} to ${most}`);
  }
  const processes = Object.fromEntries(
    pingProcesses.map((name) => [name, readProcess(root[name], defaultPings[name], name, problems)]),
  );
  if (problems.length > 0) throw new FluxError('bad_pings', `pings: ${problems.join('; ')}`, { details: { problems } });
  return { ...defaultPings, ...numbers, ...processes };
}

function readProcess(value: unknown, base: PingProcess, at: string, problems: string[]): PingProcess {
  if (value === undefined) return base;
  const given = asObject(value, at, problems);
  for (const field of Object.keys(given))
    if (field !== 'on' && field !== 'share') problems.push(`${at}.${field} is not known; known are on, share`);
  if (given.on !== undefined && typeof given.on !== 'boolean') problems.push(`${at}.on must be true or false`);
  return {
    on: typeof given.on === 'boolean' ? given.on : base.on,
    share: given.share === undefined ? base.share : readShare(given.share, `${at}.share`, problems),
  };
}

function readShare(value: unknown, at: string, problems: string[]): PingShare {
  if (value === 'all' || value === 'one_per_transformer') return value;
  const percent = (value as { percentPerTransformer?: unknown } | null)?.percentPerTransformer;
  if (typeof percent === 'number' && percent > 0 && percent <= 100) return { percentPerTransformer: percent };
  problems.push(
    `${at} is ${JSON.stringify(value)}, it must be "all", "one_per_transformer" or {"percentPerTransformer": more than 0, up to 100}`,
  );
  return 'all';
}

function asObject(value: unknown, at: string, problems: string[]): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  problems.push(`${at} must be an object, not ${JSON.stringify(value) ?? 'missing'}`);
  return {};
}
