/**
 * A real Apache Kafka for tests and benches, without Docker: one node in KRaft mode from the published jars, on free
 * loopback ports, with its data in a temporary folder. It can be killed and comes back on the same data and ports.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import fs from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Admin } from '@platformatic/kafka';
import { cleanUp, ended, temporaryFolder, until } from '../running_center.ts';

const run = promisify(execFile);
export const kafkaVersion = '4.2.0';
const classpathFile = path.join(os.tmpdir(), `flux-kafka-${kafkaVersion}.classpath`);

/** Why there can be no broker here, false where there can; CI has to have one. */
export function brokerAbsent(): string | false {
  if (process.env.CI !== undefined) return false;
  for (const program of ['java', 'mvn', 'openssl']) {
    try {
      execFileSync(program, [program === 'openssl' ? 'version' : '-version'], { stdio: 'ignore' });
    } catch {
      return `${program} is not installed: apt-get install openjdk-17-jre-headless maven openssl`;
    }
  }
  return false;
}

/** Jars of the broker, from the local Maven repository; fetched the first time, remembered in the temporary folder. */
async function classpath(): Promise<string> {
  const known = await fs.readFile(classpathFile, 'utf8').catch(() => '');
  if (known !== '' && known.split(':').every((jar) => existsSync(jar))) return known;
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-kafka-pom-'));
  try {
    await fs.writeFile(
      path.join(folder, 'pom.xml'),
      `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>flux</groupId>
       <artifactId>broker</artifactId><version>1</version><dependencies><dependency><groupId>org.apache.kafka</groupId>
       <artifactId>kafka_2.13</artifactId><version>${kafkaVersion}</version></dependency></dependencies></project>`,
    );
    const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath';
    await run('mvn', ['-q', '-B', plugin, '-Dmdep.outputFile=classpath', '-DincludeScope=runtime'], { cwd: folder });
    const text = (await fs.readFile(path.join(folder, 'classpath'), 'utf8')).trim();
    await fs.writeFile(`${classpathFile}.${process.pid}`, text);
    await fs.rename(`${classpathFile}.${process.pid}`, classpathFile);
    return text;
  } finally {
    await fs.rm(folder, { recursive: true, force: true });
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<net.Server>((resolve) => {
          const server = net.createServer();
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export interface BrokerOptions {
  /** the broker whose cluster this one is the second of */
  joins?: Broker;
  /** port of a proxy in front of the listener `proxied` */
  proxyPort?: number;
  /** server.properties besides the usual */
  settings?: Record<string, string>;
  heap?: string;
}

/** Name and password of the SASL listener. */
export const saslUser = { user: 'flux', password: 'flux-secret' };

export interface Broker {
  /** bootstrap address without authentication */
  address: string;
  /** of the cluster's metadata: it goes with the first broker */
  controllerPort: number;
  /** the same broker, reached and advertised through the proxy; its own port is `proxiedPort` */
  proxiedPort: number;
  /** bootstrap address of the TLS listener; its certificate is in `certificateFile` */
  tlsAddress: string;
  certificateFile: string;
  /** bootstrap address of the SASL listener (PLAIN and SCRAM-SHA-256/512) */
  saslAddress: string;
  pid(): number;
  createTopic(topic: string, partitions: number, configs?: Record<string, string>, replicas?: number): Promise<void>;
  /** Partitions of a topic by the node that leads them. */
  leaders(topic: string): Promise<Map<number, number[]>>;
  deleteTopic(topic: string): Promise<void>;
  /** As retention does: what is before the offset is gone. */
  deleteRecords(topic: string, partition: number, offset: number): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

function propertiesOf(folder: string, ports: number[], options: BrokerOptions): string {
  const [plain, controller, proxied, sasl, tls] = ports;
  const jaas = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${saslUser.user}="${saslUser.password}";`;
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  const own = options.joins ? '' : `CONTROLLER://127.0.0.1:${controller},`;
  const settings: Record<string, string> = {
    'process.roles': options.joins ? 'broker' : 'broker,controller',
    'node.id': options.joins ? '2' : '1',
    'controller.quorum.voters': `1@127.0.0.1:${options.joins?.controllerPort ?? controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAIN://127.0.0.1:${plain},${own}PROXIED://127.0.0.1:${proxied},AUTH://127.0.0.1:${sasl},TLS://127.0.0.1:${tls}`,
    'advertised.listeners': `PLAIN://127.0.0.1:${plain},PROXIED://127.0.0.1:${options.proxyPort ?? proxied},AUTH://127.0.0.1:${sasl},TLS://localhost:${tls}`,
    'listener.security.protocol.map':
      'PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT,AUTH:SASL_PLAINTEXT,TLS:SSL',
    'inter.broker.listener.name': 'PLAIN',
    'listener.name.auth.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.auth.plain.sasl.jaas.config': jaas,
    'listener.name.auth.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.auth.scram-sha-512.sasl.jaas.config': scram,
    'listener.name.tls.ssl.keystore.type': 'PEM',
    'listener.name.tls.ssl.keystore.location': path.join(folder, 'broker.pem'),
    'log.dirs': path.join(folder, 'log'),
    'auto.create.topics.enable': 'false',
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'broker.heartbeat.interval.ms': '200',
    'leader.imbalance.check.interval.seconds': '1',
    'leader.imbalance.per.broker.percentage': '0',
    'broker.session.timeout.ms': '1000',
    'group.initial.rebalance.delay.ms': '0',
    'group.consumer.min.session.timeout.ms': '1000',
    'group.consumer.session.timeout.ms': '3000',
    'group.consumer.min.heartbeat.interval.ms': '200',
    'group.consumer.heartbeat.interval.ms': '300',
    'num.network.threads': '2',
    'num.io.threads': '2',
    'log.cleaner.dedupe.buffer.size': '4194304',
    'log.cleaner.backoff.ms': '200',
    'log.retention.check.interval.ms': '500',
    'file.delete.delay.ms': '0',
    ...options.settings,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** A certificate of its own for `localhost`; the broker reads it with the key from one file. */
async function makeCertificate(folder: string): Promise<void> {
  const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => path.join(folder, name));
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const files = ['-nodes', '-keyout', key, '-out', certificate, '-days', '2'];
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...files, ...names]);
  const parts = await Promise.all([key, certificate].map((file) => fs.readFile(file, 'utf8')));
  await fs.writeFile(path.join(folder, 'broker.pem'), parts.join(''));
}

export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const jars = await classpath();
  const folder = await temporaryFolder();
  const ports = await freePorts(5);
  await makeCertificate(folder);
  const properties = path.join(folder, 'server.properties');
  await fs.writeFile(properties, propertiesOf(folder, ports, options));
  const scram = (mechanism: string): string[] => [
    '--add-scram',
    `${mechanism}=[name=${saslUser.user},password=${saslUser.password}]`,
  ];
  const format = ['format', '-t', 'MkU3OEVBNTcwNTJENDM2Qg', '-c', properties];
  await run('java', [
    ...['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', jars, 'kafka.tools.StorageTool'],
    // names and passwords are the cluster's: its first broker has them
    ...(options.joins ? format : [...format, ...scram('SCRAM-SHA-256'), ...scram('SCRAM-SHA-512')]),
  ]).catch((error: { stdout?: string; message: string }) => {
    throw new Error(`the broker's folder could not be formatted: ${error.message}\n${error.stdout}`);
  });
  const address = `127.0.0.1:${ports[0]}`;
  let child: ChildProcess;
  let said = '';

  async function start(): Promise<void> {
    const flags = [`-Xmx${options.heap ?? '512m'}`, '-XX:+UseSerialGC', '-cp', jars, 'kafka.Kafka', properties];
    child = spawn('java', flags, { stdio: ['ignore', 'pipe', 'pipe'] });
    const listen = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-20_000);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    const answers = await until(
      `the broker answers; it said ${said}`,
      async () => gone(child) ?? (await reachable(address)),
      60_000,
    );
    if (answers === 'gone') throw new Error(`the broker ended:\n${said}`);
  }

  async function administer<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = new Admin({ clientId: 'flux-test', bootstrapBrokers: [address], retries: 20, retryDelay: 250 });
    try {
      return await work(admin);
    } finally {
      await admin.close();
    }
  }

  await start();
  return {
    address,
    controllerPort: ports[1],
    proxiedPort: ports[2],
    tlsAddress: `localhost:${ports[4]}`,
    certificateFile: path.join(folder, 'certificate.pem'),
    saslAddress: `127.0.0.1:${ports[3]}`,
    pid: () => child.pid!,
    leaders: (topic) =>
      administer(async (admin) => {
        const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
        const parts = Object.entries(topics.get(topic)?.partitions ?? []);
        const led = Map.groupBy(parts, ([, part]) => part.leader);
        return new Map([...led].map(([node, own]) => [node, own.map(([partition]) => Number(partition))]));
      }),
    createTopic: (topic, partitions, configs = {}, replicas = 1) =>
      administer(async (admin) => {
        const pairs = Object.entries(configs).map(([name, value]) => ({ name, value }));
        await admin.createTopics({ topics: [topic], partitions, replicas, configs: pairs });
        await until(`topic ${topic} has leaders`, async () => {
          const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
          const parts = topics.get(topic)?.partitions ?? [];
          return parts.length === partitions && parts.every((part) => part.leader >= 0);
        });
      }),
    deleteTopic: (topic) => administer((admin) => admin.deleteTopics({ topics: [topic] })),
    deleteRecords: async (topic, partition, offset) => {
      const partitions = [{ partition, offset: BigInt(offset) }];
      await administer((admin) => admin.deleteRecords({ topics: [{ name: topic, partitions }] }));
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended(child);
    },
    restart: start,
    stop: async () => {
      child.kill('SIGKILL');
      await ended(child);
      await cleanUp(folder);
    },
  };
}

const gone = (child: ChildProcess): 'gone' | undefined =>
  child.exitCode !== null || child.signalCode !== null ? 'gone' : undefined;

function reachable(address: string): Promise<boolean> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = net.connect(Number(port), host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
