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
  /** JSON file that says when meters are pinged */
  pingsFile: string | undefined;
  /** storm mode follows its suggestions by itself */
  stormAutomatic: boolean;
  /** messages a second that are all evaluated at once in an area in storm mode */
  stormMessagesPerS: number;
  /** the simulation plays a storm with this seed in place of single faults, and so many hours of it */
  stormSeed: number | undefined;
  stormHours: number;
  /** address of the head-end that takes pings */
  headEndUrl: string | undefined;
  /** JSON file with validation rules of interval data */
  veeFile: string | undefined;
  /** estimate of drive times: mean speed, and road length over straight line */
  crewKmh: number;
  crewDetour: number;
  /** bound of PostgreSQL connections of this process */
  connections: number;
  secureCookies: boolean;
  analyticsMemory: string;
  /** folder whose files of readings are loaded */
  filesFolder: string | undefined;
  /** what becomes of a file in that folder */
  filesAfter: 'keep' | 'move';
  /** S3-compatible: https://endpoint/bucket/prefix */
  bucketUrl: string | undefined;
  bucketRegion: string;
  bucketKeyId: string | undefined;
  /** file that holds the secret key */
  bucketSecretFile: string | undefined;
  /** when days of readings are sealed, how long segments and history are kept */
  history: { sealAfterDays: number; keepBronzeDays: number; keepHistoryDays: number | undefined };
  /** what the public sees, and how often */
  publicFace: {
    folder: string;
    /** fewest customers of an outage shown by itself, and the step of public counts */
    smallest: number;
    /** least time between two builds of the public pages */
    seconds: number;
    /** a page older than this says so */
    staleMinutes: number;
    /** look-ups of one client; 0 = no limit here */
    lookUpsPerMinute: number;
    utilityName: string | undefined;
    utilityPhone: string | undefined;
    /** addresses of proxies whose X-Forwarded-For names the client */
    trustedProxies: string | undefined;
  };
  logLevel: string;
  /** undefined where the center reads no Kafka */
  kafka: KafkaConfig | undefined;
}

export interface KafkaConfig {
  brokers: string[];
  group: string;
  readingsTopic: string;
  eventsTopic: string;
  /** what happens to outages is published here, where the topic exists */
  alertsTopic: string;
  sasl: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | undefined;
  user: string | undefined;
  /** the first line of this file is the password */
  passwordFile: string | undefined;
  tls: boolean;
  /** PEM file of certificates to trust; the system's where it is not given */
  caFile: string | undefined;
  /** may hold user and password: never to be logged */
  schemaRegistry: string | undefined;
}

/** Settings of Kafka are those of the environment alone: a consuming process is started with the same. */
const kafkaVariables = [
  'FLUX_KAFKA',
  'FLUX_KAFKA_GROUP',
  'FLUX_KAFKA_TOPICS',
  'FLUX_KAFKA_SASL',
  'FLUX_KAFKA_USER',
  'FLUX_KAFKA_PASSWORD_FILE',
  'FLUX_KAFKA_TLS',
  'FLUX_KAFKA_CA',
  'FLUX_SCHEMA_REGISTRY',
] as const;

/** Variables and what they set; anything else that begins with FLUX_ is reported. */
type Setting = keyof Config | keyof Config['history'] | Exclude<keyof Config['publicFace'], 'folder'> | 'publicFolder';
const variables: Record<string, Setting> = {
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
  FLUX_PINGS: 'pingsFile',
  FLUX_STORM_AUTOMATIC: 'stormAutomatic',
  FLUX_STORM_MESSAGES_PER_S: 'stormMessagesPerS',
  FLUX_STORM: 'stormSeed',
  FLUX_STORM_HOURS: 'stormHours',
  FLUX_HEADEND: 'headEndUrl',
  FLUX_VEE: 'veeFile',
  FLUX_CREW_KMH: 'crewKmh',
  FLUX_CREW_DETOUR: 'crewDetour',
  FLUX_CONNECTIONS: 'connections',
  FLUX_SECURE_COOKIES: 'secureCookies',
  FLUX_ANALYTICS_MEMORY: 'analyticsMemory',
  FLUX_FILES: 'filesFolder',
  FLUX_FILES_AFTER: 'filesAfter',
  FLUX_BUCKET: 'bucketUrl',
  FLUX_BUCKET_REGION: 'bucketRegion',
  FLUX_BUCKET_KEY_ID: 'bucketKeyId',
  FLUX_BUCKET_SECRET_FILE: 'bucketSecretFile',
  FLUX_LOG: 'logLevel',
  FLUX_SEAL_AFTER_DAYS: 'sealAfterDays',
  FLUX_KEEP_BRONZE_DAYS: 'keepBronzeDays',
  FLUX_KEEP_HISTORY_DAYS: 'keepHistoryDays',
  FLUX_PUBLIC_FOLDER: 'publicFolder',
  FLUX_PUBLIC_SMALLEST: 'smallest',
  FLUX_PUBLIC_SECONDS: 'seconds',
  FLUX_PUBLIC_STALE_MINUTES: 'staleMinutes',
  FLUX_LOOKUPS_PER_MINUTE: 'lookUpsPerMinute',
  FLUX_UTILITY_NAME: 'utilityName',
  FLUX_UTILITY_PHONE: 'utilityPhone',
  FLUX_TRUSTED_PROXIES: 'trustedProxies',
};

export type Given = Partial<Record<Setting, unknown>>;

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

function urlFrom(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value;
  throw new FluxError('bad_usage', `${name} must be an address like http://head-end:8080/ping, not ${value}`);
}

function afterFrom(value: string): Config['filesAfter'] {
  if (value === 'keep' || value === 'move') return value;
  throw new FluxError('bad_usage', `FLUX_FILES_AFTER must be keep or move, not ${value}`);
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
  const text = (key: Setting, otherwise: string): string => (value[key] === undefined ? otherwise : String(value[key]));
  const optional = (key: Setting): string | undefined => (value[key] === undefined ? undefined : String(value[key]));
  const dataFolder = path.resolve(text('dataFolder', 'data'));
  const config: Config = {
    host: text('host', '127.0.0.1'),
    port: numberFrom('--port', value.port ?? 8080, 0, 65_535),
    dataFolder,
    databaseUrl: environment.DATABASE_URL || undefined,
    postgresBinaries: optional('postgresBinaries'),
    scale: scaleFrom(value.scale ?? 'demo'),
    seed: numberFrom('--seed', value.seed ?? 1, 0, 2 ** 31 - 1),
    simulation: booleanFrom('--simulation', value.simulation ?? true),
    speed: numberFrom('--speed', value.speed ?? 1, 0.1, 100, false),
    open: booleanFrom('--open', value.open ?? false),
    timeZone: text('timeZone', 'America/Chicago'),
    thresholdsFile: optional('thresholdsFile'),
    pingsFile: optional('pingsFile'),
    stormAutomatic: booleanFrom('FLUX_STORM_AUTOMATIC', value.stormAutomatic ?? false),
    stormMessagesPerS: numberFrom('FLUX_STORM_MESSAGES_PER_S', value.stormMessagesPerS ?? 5000, 1, 1_000_000),
    stormSeed: value.stormSeed === undefined ? undefined : numberFrom('--storm', value.stormSeed, 0, 2 ** 31 - 1),
    stormHours: numberFrom('--storm-hours', value.stormHours ?? 6, 0.25, 72, false),
    headEndUrl: urlFrom('FLUX_HEADEND', optional('headEndUrl')),
    veeFile: optional('veeFile'),
    crewKmh: numberFrom('FLUX_CREW_KMH', value.crewKmh ?? 40, 5, 120, false),
    crewDetour: numberFrom('FLUX_CREW_DETOUR', value.crewDetour ?? 1.35, 1, 5, false),
    connections: numberFrom('FLUX_CONNECTIONS', value.connections ?? 12, 3, 200),
    secureCookies: booleanFrom('FLUX_SECURE_COOKIES', value.secureCookies ?? false),
    analyticsMemory: text('analyticsMemory', '1GB'),
    filesFolder: optional('filesFolder'),
    filesAfter: afterFrom(text('filesAfter', 'keep')),
    bucketUrl: optional('bucketUrl'),
    bucketRegion: text('bucketRegion', 'us-east-1'),
    bucketKeyId: optional('bucketKeyId'),
    bucketSecretFile: optional('bucketSecretFile'),
    history: {
      sealAfterDays: numberFrom('FLUX_SEAL_AFTER_DAYS', value.sealAfterDays ?? 3, 0, 3660, false),
      keepBronzeDays: numberFrom('FLUX_KEEP_BRONZE_DAYS', value.keepBronzeDays ?? 14, 0, 3660, false),
      keepHistoryDays:
        value.keepHistoryDays === undefined
          ? undefined
          : numberFrom('FLUX_KEEP_HISTORY_DAYS', value.keepHistoryDays, 1, 36_600),
    },
    publicFace: {
      folder: path.resolve(text('publicFolder', path.join(dataFolder, 'public'))),
      smallest: numberFrom('FLUX_PUBLIC_SMALLEST', value.smallest ?? 5, 3, 1000),
      seconds: numberFrom('FLUX_PUBLIC_SECONDS', value.seconds ?? 15, 1, 3600),
      staleMinutes: numberFrom('FLUX_PUBLIC_STALE_MINUTES', value.staleMinutes ?? 10, 1, 1440),
      lookUpsPerMinute: numberFrom('FLUX_LOOKUPS_PER_MINUTE', value.lookUpsPerMinute ?? 30, 0, 1_000_000),
      utilityName: optional('utilityName'),
      utilityPhone: optional('utilityPhone'),
      trustedProxies: optional('trustedProxies'),
    },
    logLevel: text('logLevel', 'info'),
    kafka: kafkaFrom(environment),
  };
  checkTogether(config);
  const unknownVariables = Object.keys(environment).filter(
    (name) => name.startsWith('FLUX_') && !variables[name] && !kafkaVariables.some((known) => known === name),
  );
  return { config, unknownVariables };
}

const saslMechanisms = { plain: 'PLAIN', 'scram-sha-256': 'SCRAM-SHA-256', 'scram-sha-512': 'SCRAM-SHA-512' } as const;

/** @throws FluxError `bad_usage` */
function kafkaFrom(environment: NodeJS.ProcessEnv): KafkaConfig | undefined {
  const given = (name: (typeof kafkaVariables)[number]): string | undefined => environment[name] || undefined;
  const brokers = (given('FLUX_KAFKA') ?? '')
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');
  if (brokers.length === 0) return undefined;
  const topics = topicsFrom(given('FLUX_KAFKA_TOPICS'));
  const mechanism = given('FLUX_KAFKA_SASL')?.toLowerCase();
  if (mechanism !== undefined && !Object.hasOwn(saslMechanisms, mechanism))
    throw new FluxError('bad_usage', `FLUX_KAFKA_SASL must be one of ${Object.keys(saslMechanisms).join(', ')}`);
  if (mechanism !== undefined && !(given('FLUX_KAFKA_USER') && given('FLUX_KAFKA_PASSWORD_FILE')))
    throw new FluxError('bad_usage', 'FLUX_KAFKA_SASL needs FLUX_KAFKA_USER and FLUX_KAFKA_PASSWORD_FILE');
  return {
    brokers,
    group: given('FLUX_KAFKA_GROUP') ?? 'flux',
    ...topics,
    sasl: mechanism === undefined ? undefined : saslMechanisms[mechanism as keyof typeof saslMechanisms],
    user: given('FLUX_KAFKA_USER'),
    passwordFile: given('FLUX_KAFKA_PASSWORD_FILE'),
    tls: booleanFrom('FLUX_KAFKA_TLS', given('FLUX_KAFKA_TLS') ?? given('FLUX_KAFKA_CA') !== undefined),
    caFile: given('FLUX_KAFKA_CA'),
    schemaRegistry: given('FLUX_SCHEMA_REGISTRY'),
  };
}

/** e.g. `readings=ami_readings,events=grid_events` */
function topicsFrom(text: string | undefined): Pick<KafkaConfig, 'readingsTopic' | 'eventsTopic' | 'alertsTopic'> {
  const topics = { readingsTopic: 'ami_readings', eventsTopic: 'grid_events', alertsTopic: 'outage_alerts' };
  for (const pair of (text ?? '').split(',').filter((part) => part.trim() !== '')) {
    const match = /^\s*(readings|events|alerts)\s*=\s*([A-Za-z0-9._-]{1,200})\s*$/.exec(pair);
    if (!match)
      throw new FluxError(
        'bad_usage',
        `FLUX_KAFKA_TOPICS must be like readings=ami_readings,events=grid_events, not ${pair}`,
      );
    topics[`${match[1] as 'readings' | 'events' | 'alerts'}Topic`] = match[2];
  }
  if (new Set(Object.values(topics)).size < 3)
    throw new FluxError('bad_usage', 'FLUX_KAFKA_TOPICS names one topic for two purposes');
  return topics;
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
