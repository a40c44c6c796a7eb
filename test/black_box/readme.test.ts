/** Every command of the README is run, with this test's folders, ports and tokens in the places of the reader's. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { type Broker, brokerAbsent, startBroker } from '../kafka/broker.ts';
import {
  cleanUp,
  ended,
  flux,
  launchCenter,
  type RunningCenter,
  root,
  startCenter,
  temporaryFolder,
  until,
} from '../running_center.ts';
import { outageHandlers } from './readme_outages.ts';

let folder: string;
let started = 0;
let center: RunningCenter;
const readme = await fs.readFile(path.join(root, 'README.md'), 'utf8');

/** A feeder of two customers; coordinates as the caller wants them. */
async function writeModel(name: string, coordinates: string): Promise<string> {
  const home = path.join(folder, name);
  await fs.mkdir(home, { recursive: true });
  await fs.writeFile(path.join(home, 'buses.csv'), coordinates);
  const master = path.join(home, 'Master.dss');
  const lines = [
    'Clear',
    'New Circuit.small bus1=source basekv=12.47',
    'New Line.l1 bus1=source bus2=a length=300 units=m switch=y',
    'New Transformer.t1 phases=1 windings=2 buses=(a.1 b.1) kvs=(7.2 0.24) kvas=(25 25)',
    'New Load.one bus1=b.1 phases=1 kv=0.24 kw=3',
    'New Load.two bus1=b.1 phases=1 kv=0.24 kw=4',
    ...(coordinates ? ['Buscoords buses.csv'] : []),
  ];
  await fs.writeFile(master, lines.join('\n'));
  return master;
}

before(async () => {
  folder = await temporaryFolder();
  center = await startCenter({ meters: 600 });
});
after(async () => {
  await center?.stop();
  await (await brokerStarted)?.stop();
  await fs.rm(folder, { recursive: true, force: true });
});

/** The commands of fenced sh blocks and of the command table, comments cut off. */
function commandsOf(text: string): string[] {
  const fenced = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block]) => block.split('\n'));
  const inTable = [...text.matchAll(/^\| (`npx flux[^|]*) \|/gm)].flatMap(([, cell]) =>
    [...cell.matchAll(/`(npx flux [^`]*)`/g)].map(([, command]) => command),
  );
  return [...fenced, ...inTable].map((line) => line.replace(/\s+#.*$/, '').trim()).filter((line) => line !== '');
}

/** Starts a center with these flags, sees it ready, stops it in order. */
async function starts(
  flags: string[],
  environment: Record<string, string> = {},
  home = path.join(folder, `start-${started++}`),
): Promise<void> {
  const { child, said } = launchCenter(home, ['--port', '0', ...flags], environment);
  try {
    await until('the center is ready', () => child.exitCode !== null || /Ctrl\+C stops it/.test(said()), 120_000);
    const url = /API\s+(\S+)\/api\/docs/.exec(said())?.[1];
    assert.ok(url, said());
    assert.equal((await fetch(`${url}/api/ready`)).status, 200);
    child.kill('SIGINT');
    await ended(child);
    assert.equal(child.exitCode, 0, said());
  } finally {
    child.kill('SIGKILL');
    await cleanUp(home);
  }
}

async function succeeds(args: string[]): Promise<string> {
  const { status, stdout, stderr } = await flux(args);
  assert.equal(status, 0, stderr);
  return stdout;
}

const data = () => ['--data', center.folder];
/** what the program needs to reach the center by HTTP */
const argsOf = (command: string): string[] => command.replace(/^.*npx flux /, '').split(' ');

const scripts = JSON.parse(await fs.readFile(path.join(root, 'package.json'), 'utf8')).scripts as Record<
  string,
  string
>;
const handlers: [RegExp, (command: string) => Promise<unknown>][] = [
  // Installing and running this very suite from inside of it would not end: CI does both on a clean checkout.
  [/^npm ci && npm (start|test)$/, async (command) => assert.ok(scripts[command.split(' ').pop()!])],
  [
    /^npx flux start /,
    (command) =>
      starts(
        argsOf(command)
          .slice(1)
          .join(' ')
          .replace(/--data \S+/, '')
          .replace(/--port \d+/, '')
          .split(' ')
          .filter(Boolean),
      ),
  ],
  [/^DATABASE_URL=\S+ npx flux start$/, startsOnOwnServer],
  [
    /^npx flux network import .* --name east$/,
    async (command) =>
      succeeds([
        ...argsOf(
          command.replace(
            'path/to/Master.dss',
            await writeModel('east', 'source,-95.4,29.7\na,-95.397,29.7\nb,-95.397,29.7001\n'),
          ),
        ),
        ...data(),
      ]),
  ],
  [
    /^npx flux network import .* --epsg 2278$/,
    async (command) =>
      succeeds([
        ...argsOf(
          command.replace(
            'path/to/Master.dss',
            await writeModel('west', 'source,3120000,13840000\na,3121000,13840000\nb,3121000,13840100\n'),
          ),
        ),
        ...data(),
      ]),
  ],
  [
    /^npx flux network import .* --place -95.37,29.76$/,
    async (command) =>
      succeeds([...argsOf(command.replace('path/to/Master.dss', await writeModel('lab', ''))), ...data()]),
  ],
  [
    /^npx flux network trace /,
    async (command) => assert.match(await succeeds([...argsOf(command), ...data()]), /customers\s+2/),
  ],
  [
    /^npx flux token --user admin$/,
    async (command) => assert.match(await succeeds([...argsOf(command), ...data()]), /^\S{20,}\n$/),
  ],
  [
    /^npx flux generate --meters 2000 .*--out generated$/,
    (command) => succeeds(argsOf(command.replace('generated', path.join(folder, 'generated')))),
  ],
  [
    /^npx flux generate .*--to http/,
    async (command) =>
      succeeds(
        argsOf(
          command.replace('demo', '600').replace('http://localhost:8080', center.url).replace('TOKEN', center.token),
        ),
      ),
  ],
  [
    /^npx flux account NAME /,
    async (command) => assert.match(await succeeds([...argsOf(command.replace('NAME', 'ana')), ...data()]), /\S{10,}/),
  ],
  [/^npx flux sign-in$/, async (command) => assert.match(await succeeds([...argsOf(command), ...data()]), /#signin=/)],
  [/^npx flux readings import /, (command) => withFile(command, 'readings.jsonl', readingLines)],
  [/^npx flux prices import /, (command) => withFile(command, 'prices.csv', prices)],
  [/^npx flux weather import /, (command) => withFile(command, 'weather.csv', weather)],
  [/^FLUX_FILES=incoming npx flux start$/, startsWithFolder],
  [/^FLUX_KAFKA=broker:9092 npx flux start/, startsWithKafka],
  [/^npx flux generate .*--to kafka/, generatesToKafka],
  [/^npx flux kafka accept /, acceptsTopic],
  [/^npx flux generate --data data\/mine/, generatesInStoppedCenter],
  [/^npx flux vee rules$/, async (command) => assert.match(await succeeds(argsOf(command)), /spike/)],
  [/^npx flux vee run /, judgesStoppedCenter],
  [/^npx flux layers status$/, layersOfStoppedCenter],
  [
    /^npx flux doctor$/,
    async (command) => assert.match((await flux([...argsOf(command), ...data()])).stdout, /PostgreSQL/),
  ],
  ...outageHandlers({ center: () => center, folder: () => folder }),
  [/^npx flux bench$/, async (command) => assert.match(await succeeds(argsOf(command)), /topology/)],
];

async function startsOnOwnServer(): Promise<void> {
  const home = path.join(folder, 'server');
  await fs.mkdir(home);
  const server = await startEmbeddedPostgres(home);
  try {
    const { host, user, database } = server.connection;
    await starts(['--scale', '300'], { DATABASE_URL: `postgres://${user}@${encodeURIComponent(host)}/${database}` });
  } finally {
    await server.stop();
  }
}

const hourAgo = new Date(Math.floor(Date.now() / 3_600_000 - 1) * 3_600_000).toISOString();
const readingLines = `${JSON.stringify({ meter_id: 'MTR-0000001', reading_time: hourAgo, kwh: 0.4 })}\n`;
const prices =
  'Delivery Date,Delivery Hour,Delivery Interval,Repeated Hour Flag,Settlement Point Name,Settlement Point Type,Settlement Point Price\n07/04/2026,1,1,N,LZ_HOUSTON,LZ,31.5\n';
const weather = 'time,temperature_c\n2026-07-04T05:00:00Z,27.5\n';

/** The command on a file of that name with that content, for the running center. */
async function withFile(command: string, name: string, content: string): Promise<void> {
  const file = path.join(folder, name);
  await fs.writeFile(file, content);
  await succeeds([...argsOf(command.replace(name, file)), ...data()]);
}

async function startsWithFolder(): Promise<void> {
  const incoming = path.join(folder, 'incoming');
  await fs.mkdir(incoming);
  await starts(['--scale', '300'], { FLUX_FILES: incoming });
}

/** One broker for all commands that want one. */
let brokerStarted: Promise<Broker> | undefined;
function broker(): Promise<Broker> {
  brokerStarted ??= startBroker().then(async (one) => {
    await Promise.all([one.createTopic('ami_readings', 6), one.createTopic('grid_events', 3)]);
    return one;
  });
  return brokerStarted;
}

async function startsWithKafka(command: string): Promise<void> {
  const environment = { FLUX_KAFKA: (await broker()).address };
  if (!command.includes('--role ingest')) return starts(['--scale', '300'], environment);
  const { child, said } = launchCenter(center.folder, ['--role', 'ingest'], environment);
  await until('it reads', () => child.exitCode !== null || /reading ami_readings/.test(said()));
  child.kill('SIGTERM');
  await ended(child);
  assert.equal(child.exitCode, 0, said());
}

async function generatesToKafka(command: string): Promise<void> {
  const { address } = await broker();
  await succeeds(argsOf(command.replace('broker:9092', address).replace('demo', '600')));
}

/** There is nothing to accept: the topic is the one it was. */
async function acceptsTopic(command: string): Promise<void> {
  const { stdout, stderr } = await flux([...argsOf(command), ...data()], { FLUX_KAFKA: (await broker()).address });
  assert.match(stdout + stderr, /ami_readings/);
}

/** On the folder of a center that is stopped. */
async function onStoppedCenter(work: (folder: string) => Promise<unknown>): Promise<void> {
  const stopped = await startCenter({ meters: 300, flags: [] });
  await stopped.kill();
  try {
    await work(stopped.folder);
  } finally {
    await cleanUp(stopped.folder);
  }
}

function generatesInStoppedCenter(command: string): Promise<void> {
  return onStoppedCenter((home) =>
    succeeds(
      argsOf(
        command
          .replace('data/mine', home)
          .replace('--days 365', '--days 2')
          .replace('--out generated', `--out ${path.join(folder, 'generated-mine')}`),
      ),
    ),
  );
}

function judgesStoppedCenter(command: string): Promise<void> {
  return onStoppedCenter((home) => succeeds([...argsOf(command), '--data', home]));
}

function layersOfStoppedCenter(): Promise<void> {
  return onStoppedCenter(async (home) => {
    for (const verb of ['status', 'refresh', 'verify']) await succeeds(['layers', verb, '--data', home]);
  });
}

const noBroker = brokerAbsent();
for (const command of commandsOf(readme)) {
  test(command, { skip: /kafka/i.test(command) && noBroker }, async () => {
    const handler = handlers.find(([pattern]) => pattern.test(command));
    assert.ok(handler, 'the README has a command that no test runs: add it here');
    await handler[1](command);
  });
}
