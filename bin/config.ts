/** Configuration, parsed once: flags first, then FLUX_* variables, then defaults. Nothing else reads the environment. */
import path from 'node:path';
import { FluxError } from '#model/errors.ts';

export interface Config {
  host: string;
  port: number;
  dataFolder: string;
  databaseUrl: string | undefined;
  /** folder with own PostgreSQL binaries for the embedded cluster */
  postgresBinaries: string | undefined;
  scale: 'demo' | 'poc' | number;
  seed: number;
  simulation: boolean;
  speed: number;
  /** loopback demos only: everyone is signed in */
  open: boolean;
  /** IANA name; what operators see times in */
  timeZone: string;
  /** JSON file with outage thresholds */
  thresholdsFile: string | undefined;
  /** JSON file with validation rules of interval data */
  veeFile: string | undefined;
  /** bound of PostgreSQL connections of this process */
  connections: number;
  secureCookies: boolean;
  analyticsMemory: string;
  logLevel: string;
}

/** Variables and what they set; anything else that begins with FLUX_ is reported. */
const variables: Record<string, keyof Config> = {
  FLUX_HOST: 'host',
  FLUX_PORT: 'port',
  FLUX_DATA: 'dataFolder',
  FLUX_POSTGRES_BIN: 'postgresBinaries',
  FLUX_SCALE: 'scale',
  FLUX_SEED: 'seed',
  FLUX_SIMULATION: 'simulation',
  FLUX_SPEED: 'speed',
  FLUX_OPEN: 'open',
  FLUX_TIME_ZONE: 'timeZone',
  FLUX_THRESHOLDS: 'thresholdsFile',
  FLUX_VEE: 'veeFile',
  FLUX_CONNECTIONS: 'connections',
  FLUX_SECURE_COOKIES: 'secureCookies',
  FLUX_ANALYTICS_MEMORY: 'analyticsMemory',
  FLUX_LOG: 'logLevel',
};

export type Given = Partial<Record<keyof Config, unknown>>;

function numberFrom(name: string, value: unknown, low: number, high: number, isWhole = true): number {
  const number = typeof value === 'number' ? value : Number(String(value).trim() || Number.NaN);
  if (!Number.isFinite(number) || number < low || number > high || (isWhole && !Number.isInteger(number))) {
    throw new FluxError(
      'bad_usage',
      `${name} must be a ${isWhole ? 'whole ' : ''}number from ${low} to ${high}, not ${String(value)}`,
    );
  }
  return number;
}

function booleanFrom(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (['1', 'true', 'yes', 'on'].includes(String(value))) return true;
  if (['0', 'false', 'no', 'off'].includes(String(value))) return false;
  throw new FluxError('bad_usage', `${name} must be true or false, not ${String(value)}`);
}

/** `demo`, `poc`, or a number of meters. @throws FluxError `bad_usage` */
export function scaleFrom(value: unknown): Config['scale'] {
  if (value === 'demo' || value === 'poc') return value;
  return numberFrom('--scale', value, 100, 2_700_000);
}

/**
 * @param given flags of the command line, as far as they were given
 * @returns the configuration and the FLUX_* variables nobody knows
 * @throws FluxError `bad_usage`
 */
export function readConfig(
  given: Given,
  environment: NodeJS.ProcessEnv,
): { config: Config; unknownVariables: string[] } {
  const fromEnvironment: Given = {};
  for (const [variable, key] of Object.entries(variables))
    if (environment[variable]) fromEnvironment[key] = environment[variable];
  const value = {
    ...fromEnvironment,
    ...Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined)),
  } as Given;
  const text = (key: keyof Config, otherwise: string): string =>
    value[key] === undefined ? otherwise : String(value[key]);
  const optional = (key: keyof Config): string | undefined =>
    value[key] === undefined ? undefined : String(value[key]);
  const config: Config = {
    host: text('host', '127.0.0.1'),
    port: numberFrom('--port', value.port ?? 8080, 0, 65_535),
    dataFolder: path.resolve(text('dataFolder', 'data')),
    databaseUrl: environment.DATABASE_URL || undefined,
    postgresBinaries: optional('postgresBinaries'),
    scale: scaleFrom(value.scale ?? 'demo'),
    seed: numberFrom('--seed', value.seed ?? 1, 0, 2 ** 31 - 1),
    simulation: booleanFrom('--simulation', value.simulation ?? true),
    speed: numberFrom('--speed', value.speed ?? 1, 0.1, 100, false),
    open: booleanFrom('--open', value.open ?? false),
    timeZone: text('timeZone', 'America/Chicago'),
    thresholdsFile: optional('thresholdsFile'),
    veeFile: optional('veeFile'),
    connections: numberFrom('FLUX_CONNECTIONS', value.connections ?? 12, 3, 200),
    secureCookies: booleanFrom('FLUX_SECURE_COOKIES', value.secureCookies ?? false),
    analyticsMemory: text('analyticsMemory', '1GB'),
    logLevel: text('logLevel', 'info'),
  };
  checkTogether(config);
  const unknownVariables = Object.keys(environment).filter((name) => name.startsWith('FLUX_') && !variables[name]);
  return { config, unknownVariables };
}

const loopback = ['127.0.0.1', '::1', 'localhost'];

function checkTogether(config: Config): void {
  if (config.open && !loopback.includes(config.host)) {
    throw new FluxError(
      'bad_usage',
      `--open lets everyone in and is for loopback demos only; it can not be combined with --host ${config.host}`,
    );
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone: config.timeZone });
  } catch {
    throw new FluxError(
      'bad_usage',
      `FLUX_TIME_ZONE ${config.timeZone} is not an IANA time zone, e.g. America/Chicago`,
    );
  }
}
