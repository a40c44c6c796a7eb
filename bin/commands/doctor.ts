import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Command, Option } from 'commander';
import { messageOf } from '#model/errors.ts';
import { startEngine } from '#stores/columnar/engine.ts';
import { freeBytes } from '#stores/postgres/embedded.ts';
import { version } from '../about.ts';
import { type Config, readConfig } from '../config.ts';
import { kafkaAccess } from '../kafka_access.ts';
import { openStore } from '../store.ts';
import { table } from '../terminal.ts';
import { webFolder } from '../web_app.ts';

const run = promisify(execFile);

interface Finding {
  what: string;
  state: 'ok' | 'warning' | 'missing';
  found: string;
  remedy: string;
}

export function doctorCommand(program: Command, dataOption: () => Option): void {
  program
    .command('doctor')
    .description('what is missing or wrong on this machine, and how to mend it')
    .addOption(dataOption())
    .option('--port <number>', 'the port the center would use')
    .option('--json', 'one JSON document')
    .action(async (flags: { data?: string; port?: string; json?: boolean }) => {
      const { config, unknownVariables } = readConfig({ dataFolder: flags.data, port: flags.port }, process.env);
      const findings = await examine(config, unknownVariables);
      const isWell = findings.every((finding) => finding.state !== 'missing');
      if (flags.json) process.stdout.write(`${JSON.stringify({ ok: isWell, version, findings }, null, 2)}\n`);
      else
        process.stdout.write(
          `${table(findings.map((finding) => ({ ...finding, state: { ok: 'ok', warning: '!', missing: 'MISSING' }[finding.state] })))}\n`,
        );
      process.exitCode = isWell ? 0 : 1;
    });
}

async function examine(config: Config, unknownVariables: string[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  const add = (what: string, state: Finding['state'], found: string, remedy = ''): void => {
    findings.push({ what, state, found, remedy });
  };
  const major = Number(process.versions.node.split('.')[0]);
  add(
    'Node',
    major >= 26 ? 'ok' : 'missing',
    process.version,
    major >= 26 ? '' : 'run `npm ci` without --omit=optional, or install Node 26',
  );
  for (const name of unknownVariables) add('setting', 'warning', name, 'not a setting of this version; remove it');

  await fs.mkdir(config.dataFolder, { recursive: true }).catch(() => undefined);
  const free = await freeBytes(config.dataFolder).catch(() => 0);
  add(
    'disk',
    free > 2 ** 30 ? 'ok' : free > 3e8 ? 'warning' : 'missing',
    `${(free / 2 ** 30).toFixed(1)} GB free at ${config.dataFolder}`,
    free > 2 ** 30 ? '' : 'a demo needs about 1 GB; choose another folder with --data',
  );

  const taken = await portTaken(config);
  add(
    'port',
    taken ? 'warning' : 'ok',
    `${config.host}:${config.port} ${taken ? 'is in use' : 'is free'}`,
    taken ? 'a center that is running already, or another program; else --port' : '',
  );

  try {
    const store = await openStore(config, 'flux doctor');
    const { rows } = await store.pool.query<{ version: string; postgis: string | null }>(
      "select current_setting('server_version') as version, (select default_version from pg_available_extensions where name = 'postgis') as postgis",
    );
    await store.leave();
    add('PostgreSQL', 'ok', `${rows[0].version}, ${config.databaseUrl ? 'from DATABASE_URL' : 'embedded'}`);
    add(
      'PostGIS',
      'ok',
      rows[0].postgis ? `${rows[0].postgis} available` : 'not there; not needed',
      rows[0].postgis ? '' : 'for SQL with geometry: a server with PostGIS, by DATABASE_URL',
    );
  } catch (error) {
    add('PostgreSQL', 'missing', messageOf(error), 'see the message');
  }

  const engine = startEngine({ name: 'doctor', path: ':memory:', temporaryFolder: config.dataFolder });
  try {
    const { v } = await engine.query('select version() as v');
    add('DuckDB', 'ok', String(v[0]));
  } catch (error) {
    add('DuckDB', 'missing', messageOf(error), 'run `npm ci` again: @duckdb/node-api has a binary per platform');
  } finally {
    await engine.stop();
  }

  const built = await fs.stat(path.join(webFolder, 'index.html')).catch(() => undefined);
  add(
    'web app',
    built ? 'ok' : 'warning',
    built ? `built ${built.mtime.toISOString()}` : 'not built',
    built ? '' : 'the first start builds it; or `npm run build`',
  );
  add(
    'map tests',
    (await versionOf('chromium')) ? 'ok' : 'warning',
    (await versionOf('chromium')) ?? 'no chromium',
    'only `npm test` needs it: apt-get install chromium',
  );
  await examineKafka(config, add);
  return findings;
}

type Add = (what: string, state: Finding['state'], found: string, remedy?: string) => void;

/** The brokers where some are set; else how to get one for trying things out. */
async function examineKafka(config: Config, add: Add): Promise<void> {
  if (config.kafka) {
    const { brokers, readingsTopic, eventsTopic } = config.kafka;
    try {
      const { openCluster } = await import('#sources/kafka/cluster.ts');
      const cluster = openCluster(await kafkaAccess(config.kafka), 'flux doctor');
      const topics = await cluster.topics([readingsTopic, eventsTopic]).finally(() => cluster.close());
      const missing = [readingsTopic, eventsTopic].filter((topic) => !topics.has(topic));
      add(
        'Kafka',
        missing.length === 0 ? 'ok' : 'warning',
        `${brokers.join(', ')} answers${missing.length === 0 ? '' : `; no topic ${missing.join(', ')}`}`,
        missing.length === 0 ? '' : 'make the topic, or name others with FLUX_KAFKA_TOPICS',
      );
    } catch (error) {
      add('Kafka', 'missing', messageOf(error), 'see the message');
    }
    return;
  }
  const java = await versionOf('java');
  const maven = await versionOf('mvn');
  add(
    'Kafka',
    'ok',
    `not used (FLUX_KAFKA); ${java ? 'java' : 'no java'} and ${maven ? 'mvn' : 'no mvn'} here`,
    `a broker to try things out: Java 17 and the jars of org.apache.kafka:kafka_2.13:4.2.0, see test/kafka/broker.ts${java && maven ? '' : ' (apt-get install openjdk-17-jre-headless maven)'}`,
  );
}

function portTaken(config: Config): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(true));
    probe.listen(config.port, config.host, () => probe.close(() => resolve(false)));
  });
}

async function versionOf(program: string): Promise<string | undefined> {
  return run(program, ['--version']).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}
