/** Starting: twice, on a taken port, killed in the middle, again and again. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkSummary } from '#model/api/network.ts';
import {
  cleanUp,
  ended,
  flux,
  launchCenter,
  postgresPid,
  type RunningCenter,
  startCenter,
  temporaryFolder,
  until,
} from '../running_center.ts';

describe('one center on one data folder', () => {
  let center: RunningCenter;
  before(async () => {
    center = await startCenter({ meters: 2000 });
  });
  after(() => center?.stop());

  test('a second start is refused and says what to do; the first is not disturbed', async () => {
    const { status, stderr } = await flux(['start', '--port', '0', '--data', center.folder]);
    assert.equal(status, 1);
    assert.match(stderr, /already running on this data/);
    assert.doesNotMatch(stderr, /\n\s+at /);
    assert.equal((await center.call('GET', '/api/ready')).status, 200);
    const layers = await flux(['layers', 'verify', '--data', center.folder, '--json']);
    assert.deepEqual([layers.status, JSON.parse(layers.stdout).error.code], [1, 'already_running']);
  });

  test('a taken port is refused before anything is made', async () => {
    const folder = await temporaryFolder();
    const { status, stderr } = await flux(['start', '--port', new URL(center.url).port, '--data', folder]);
    assert.equal(status, 1);
    assert.match(stderr, /port \d+ of 127\.0\.0\.1 is used by another program/);
    assert.deepEqual(await fs.readdir(folder), []);
    await cleanUp(folder);
  });

  test('trace: down, up and isolate agree with the map, as text and as one JSON document', async () => {
    const { body: hits } = await center.call<{ id: string }[]>('GET', '/api/network/search?q=FU-&limit=1');
    for (const direction of ['down', 'up', 'isolate']) {
      const { status, stdout } = await flux([
        'network',
        'trace',
        hits[0].id,
        '--direction',
        direction,
        '--data',
        center.folder,
        '--json',
      ]);
      assert.equal(status, 0);
      const { ms: _one, edge_rows: _rows, ...fromCommand } = JSON.parse(stdout);
      const { body } = await center.call<Record<string, unknown>>(
        'GET',
        `/api/network/trace/${hits[0].id}?direction=${direction}&rows=false`,
      );
      const { ms: _two, edge_rows: _none, ...fromCenter } = body;
      assert.deepEqual(fromCommand, fromCenter, direction);
    }
    const text = await flux(['network', 'trace', hits[0].id, '--direction', 'down', '--data', center.folder]);
    assert.match(text.stdout, /customers +\d+/);
    const unknown = await flux([
      'network',
      'trace',
      'NOTHING',
      '--direction',
      'down',
      '--data',
      center.folder,
      '--json',
    ]);
    assert.deepEqual([unknown.status, JSON.parse(unknown.stdout).error.code], [1, 'unknown_asset']);
  });

  test('accounts: made once, signed in with, told apart', async () => {
    const made = await flux(['account', 'olga', '--role', 'operator', '--data', center.folder]);
    const signedIn = await center.call(
      'POST',
      '/api/session',
      { user: 'olga', password: made.stdout.trim() },
      { token: null },
    );
    assert.equal(signedIn.status, 200);
    const twice = await flux(['account', 'olga', '--role', 'viewer', '--data', center.folder]);
    assert.equal(twice.status, 1);
    assert.match(twice.stderr, /there is an account olga already/);
    const nobody = await flux(['token', '--user', 'nobody', '--data', center.folder]);
    assert.equal(nobody.status, 1);
    assert.match(nobody.stderr, /there is no such account/);
    const link = await flux(['sign-in', '--url', center.url, '--data', center.folder]);
    const token = /#signin=(\S+)/.exec(link.stdout)![1];
    assert.equal((await center.call('POST', '/api/session/link', { token }, { token: null })).status, 200);
  });

  test('killed and started again: ready, the same territory, the same accounts, no new password', async () => {
    const { body: before } = await center.call<NetworkSummary>('GET', '/api/network/summary');
    await center.kill();
    const again = await center.again();
    assert.deepEqual((await again.call<NetworkSummary>('GET', '/api/network/summary')).body, before);
    assert.equal(again.password, undefined);
    assert.equal((await again.call('GET', '/api/session', undefined, { token: center.token })).status, 200);
    center = again;
  });

  test('stopped in order: PostgreSQL goes with it, the layers verify', async () => {
    center.child.kill('SIGINT');
    await ended(center.child);
    assert.equal(center.child.exitCode, 0, center.said());
    assert.equal(await postgresPid(center.folder), undefined);
    const { status, stdout } = await flux(['layers', 'verify', '--data', center.folder, '--json']);
    assert.deepEqual([status, JSON.parse(stdout).differing_rows], [0, 0]);
    const layers = await flux(['layers', 'status', '--data', center.folder, '--json']);
    assert.equal(layers.status, 0);
    assert.deepEqual(Object.keys(JSON.parse(layers.stdout)).sort(), [
      'analytics',
      'at',
      'consumers',
      'layers',
      'sources',
    ]);
  });
});

describe('killed while it makes its territory', () => {
  // by what it says it does, and by time where it says nothing yet
  const moments: [string, RegExp | number][] = [
    ['at once', 60],
    ['in the making of the cluster', 350],
    ['when the stores start', /starting the stores/],
    ['while streets are laid', /streets of/],
    ['while the snapshot is written', /writing the snapshot/],
    ['while meters are loaded', /loading [\d,]+ meters/],
    ['while tables are analysed', /analysing/],
  ];
  test('at every moment: the next start finishes the work', async () => {
    const folder = await temporaryFolder();
    const flags = ['--port', '0', '--scale', '8000', '--no-simulation'];
    for (const [what, moment] of moments) {
      const { child, said } = launchCenter(folder, flags);
      if (typeof moment === 'number') await sleep(moment);
      else {
        await until(what, () => moment.test(said()) || /is ready/.test(said()) || child.exitCode !== null);
        await sleep(Math.random() * 30);
      }
      assert.equal(child.exitCode, null, `${what}: ended by itself:\n${said()}`);
      child.kill('SIGKILL');
      await ended(child);
    }
    const center = await startCenter({ folder, meters: 8000 });
    const { body } = await center.call<NetworkSummary>('GET', '/api/network/summary');
    assert.equal(body.meters, 8000);
    assert.equal((await center.call('GET', '/api/ready')).status, 200);
    await center.stop();
  });

  test('the cluster killed in its making, again and again', async () => {
    const folder = await temporaryFolder();
    for (let kill = 0; kill < 6; kill++) {
      const { child, said } = launchCenter(folder, ['--port', '0', '--scale', '100', '--no-simulation']);
      await sleep(150 + kill * 150);
      assert.equal(child.exitCode, null, said());
      child.kill('SIGKILL');
      await ended(child);
    }
    const center = await startCenter({ folder, meters: 100 });
    await center.stop();
  });
});

test('a closed data folder of root: the cluster rests where its account may go', {
  skip: process.getuid?.() === 0 ? false : 'only root has that',
}, async () => {
  const folder = await temporaryFolder();
  await fs.chmod(folder, 0o700);
  const center = await startCenter({ folder, meters: 100 });
  const home = (await fs.readFile(`${folder}/postgres.location`, 'utf8')).trim();
  assert.ok((await fs.stat(`${home}/postgres/PG_VERSION`)).isFile());
  await center.stop();
});

test('two first starts at once: one is ready, the other says why not', async () => {
  const folder = await temporaryFolder();
  const starts = [1, 2].map(() => launchCenter(folder, ['--port', '0', '--scale', '500', '--no-simulation']));
  const outcome = async ({ child, said }: (typeof starts)[number]): Promise<string> => {
    await until('ready or over', () => /Ctrl\+C stops it/.test(said()) || child.exitCode !== null, 60_000);
    return child.exitCode === null ? 'ready' : said();
  };
  try {
    const outcomes = await Promise.all(starts.map(outcome));
    const refused = outcomes.filter((words) => words !== 'ready');
    assert.equal(refused.length, 1, outcomes.join('\n---\n'));
    assert.match(refused[0], /flux: .*(already running|starting|another)/);
    assert.doesNotMatch(refused[0], /\n\s+at /);
  } finally {
    for (const { child } of starts) {
      child.kill('SIGKILL');
      await ended(child);
    }
    await cleanUp(folder);
  }
});

test('a port that nobody may listen on', async () => {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.close();
  const folder = await temporaryFolder();
  const { status, stderr } = await flux(['start', '--host', '203.0.113.7', '--data', folder]);
  assert.equal(status, 1);
  assert.match(stderr, /can not listen on 203\.0\.113\.7/);
  await cleanUp(folder);
});
