/** Stores that die, fill up or can not be written: nothing lost, a clear answer, and on again by itself. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiError } from '#model/api/common.ts';
import type { Pipeline, Receipt } from '#model/api/readings.ts';
import { startEmbeddedPostgres } from '#stores/postgres/embedded.ts';
import { openPool } from '#stores/postgres/pool.ts';
import {
  cleanUp,
  isAlive,
  postgresPid,
  type RunningCenter,
  startCenter,
  temporaryFolder,
  until,
} from '../running_center.ts';
import { engineChildren, residentMiB } from './processes.ts';
import { assertNothingLost, recordAt, startSending } from './sender.ts';

const ready = async (center: RunningCenter): Promise<boolean> =>
  (await center.call('GET', '/api/ready').catch(() => ({ status: 0 }))).status === 200;

describe('PostgreSQL killed with SIGKILL under load', () => {
  let center: RunningCenter;
  before(async () => {
    center = await startCenter();
  });
  after(() => center?.stop());

  test('three times: the center lives, every acknowledged reading is there once', async () => {
    const sender = startSending(center);
    for (let kill = 0; kill < 3; kill++) {
      const goal = sender.acknowledged + 600;
      await until('readings are taken', () => sender.acknowledged >= goal);
      const pid = (await postgresPid(center.folder))!;
      process.kill(pid, 'SIGKILL');
      await until(
        'another server is up',
        async () => ((await postgresPid(center.folder)) ?? pid) !== pid && (await ready(center)),
      );
    }
    const goal = sender.acknowledged + 600;
    await until('readings are taken again', () => sender.acknowledged >= goal);
    await sender.stop();
    assert.equal(center.child.exitCode, null);
    await assertNothingLost(center, sender.acknowledged);
    // refused in words that say so, never as somebody's fault
    const refusals = [...sender.refused.keys()];
    assert.ok(!refusals.includes('internal'), `${refusals.join()}:\n${center.said()}`);
  });

  test('the account finds a segment that went missing from the ledger', async () => {
    const { body } = await center.call<Pipeline>('GET', '/api/pipeline');
    const records = body.sources.find((source) => source.source === 'http')!.stored;
    await assertNothingLost(center, records);
    const { connection } = await startEmbeddedPostgres(center.folder);
    const pool = openPool({ connection });
    await pool.query('delete from segment where segment_id = (select min(segment_id) from segment)');
    await pool.end();
    await assert.rejects(assertNothingLost(center, records));
  });
});

test('a server is never started beside what is left of the one before', async () => {
  const folder = await temporaryFolder();
  const first = await startEmbeddedPostgres(folder);
  const pool = openPool({ connection: first.connection });
  pool.on('error', () => undefined);
  try {
    // a backend that is busy computing does not notice that its server died
    const busy = pool.query('select count(*) from generate_series(1, 15000000)').catch(() => undefined);
    await sleep(200);
    process.kill(first.pid, 'SIGKILL');
    await until('the server is gone', () => !isAlive(first.pid));
    await assert.rejects(startEmbeddedPostgres(folder), { code: 'postgres_start_failed' });
    await busy;
    const second = await until('the backend ended', () => startEmbeddedPostgres(folder).catch(() => undefined), 60_000);
    await second.stop();
  } finally {
    await pool.end();
    await cleanUp(folder);
  }
});

describe('DuckDB killed with SIGKILL under load', () => {
  let center: RunningCenter;
  before(async () => {
    center = await startCenter();
  });
  after(() => center?.stop());

  test('the analytical process: map, look-ups and ingestion go on; the layers catch up', async () => {
    const sender = startSending(center);
    for (let kill = 0; kill < 3; kill++) {
      const pid = await until('the process is there', async () => (await engineChildren(center.child.pid!)).analytics);
      const goal = sender.acknowledged + 1000;
      process.kill(pid, 'SIGKILL');
      for (const address of [
        '/api/ready',
        '/api/network/summary',
        '/api/outages',
        '/api/kpi',
        '/api/network/search?q=FU',
        '/api/map/current',
      ])
        assert.equal((await center.call('GET', address)).status, 200, address);
      const { body } = await center.call<{ version: string }>('GET', '/api/map/current');
      assert.equal((await center.call('GET', `/api/map/${body.version}/network`)).status, 200);
      await until('readings are taken', () => sender.acknowledged >= goal);
    }
    await sender.stop();
    assert.deepEqual([...sender.refused], [], 'no reading had to be sent again');
    const { body } = await center.call<Pipeline>('GET', '/api/pipeline');
    assert.ok(body.analytics.restarts >= 3);
    await until('ready', () => ready(center));
    await assertNothingLost(center, sender.acknowledged);
  });

  test('killed in a refresh when nothing comes after it: the layers catch up by themselves', async () => {
    const pending = async (): Promise<number> =>
      (await center.call<Pipeline>('GET', '/api/pipeline')).body.sources.reduce(
        (sum, source) => sum + source.pending,
        0,
      );
    for (let kill = 0; kill < 3; kill++) {
      const pid = await until('the process is there', async () => (await engineChildren(center.child.pid!)).analytics);
      const sender = startSending(center, 20_000);
      await until('one batch', () => sender.acknowledged > 0);
      await sender.stop();
      // refreshes are gathered for 0.7 s: about now it works
      await sleep(600 + Math.random() * 200);
      process.kill(pid, 'SIGKILL');
      await until(`the process is there again; ${center.said()}`, async () => {
        const { analytics } = await engineChildren(center.child.pid!);
        return analytics !== undefined && analytics !== pid;
      });
      await until('nothing is pending', async () => (await pending()) === 0);
    }
  });

  test('hung: map, look-ups and ingestion go on, it is replaced, and the layers catch up', async () => {
    const pid = await until('the process is there', async () => (await engineChildren(center.child.pid!)).analytics);
    const sender = startSending(center, 500);
    process.kill(pid, 'SIGSTOP');
    const goal = 3000;
    await until('readings are taken', () => sender.acknowledged >= goal);
    for (const address of ['/api/kpi', '/api/map/current', '/api/readings/window?asset=MTR-0000001'])
      assert.equal((await center.call('GET', address)).status, 200, address);
    await sender.stop();
    await until('it is replaced', () => !isAlive(pid), 60_000);
    await until('ready', () => ready(center));
    await until('nothing is pending', async () => {
      const { body } = await center.call<Pipeline>('GET', '/api/pipeline');
      return (
        body.analytics.state === 'ready' && body.sources.every((source) => source.pending === 0 && source.balanced)
      );
    });
  });

  test('a verification under load finds nothing, a refresh under load ends', async () => {
    const sender = startSending(center, 500);
    for (let round = 0; round < 4; round++) {
      const verified = await center.call<{ differences: unknown[] }>('POST', '/api/pipeline/verify');
      assert.deepEqual([verified.status, verified.body.differences], [200, []]);
      assert.equal((await center.call('POST', '/api/pipeline/refresh')).status, 200);
    }
    await sender.stop();
  });

  test('the process that writes segments: refused for a moment, nothing lost', async () => {
    const before = (await center.call<Pipeline>('POST', '/api/pipeline/refresh')).body.sources[0].stored;
    const sender = startSending(center);
    for (let kill = 0; kill < 3; kill++) {
      const goal = sender.acknowledged + 1000;
      const pid = await until('the process is there', async () => (await engineChildren(center.child.pid!)).segments);
      process.kill(pid, 'SIGKILL');
      await until('readings are taken', () => sender.acknowledged >= goal);
    }
    await sender.stop();
    assert.deepEqual(
      [...sender.refused.keys()].filter((code) => code !== 'columnar_engine_lost'),
      [],
    );
    await assertNothingLost(center, Math.max(before, sender.acknowledged));
  });
});

const mountsAllowed = process.getuid?.() === 0 && process.platform === 'linux';
describe('the disk of the segments', {
  skip: mountsAllowed ? false : 'needs root, to mount a small file system',
}, () => {
  let center: RunningCenter;
  let segments: string;
  const remount = (options: string): void => {
    execFileSync('mount', ['-o', `remount,${options}`, segments]);
  };
  const send = (from: number) =>
    center.call<Receipt & ApiError>(
      'POST',
      '/api/readings',
      Array.from({ length: 20_000 }, (_, i) => recordAt(from + i)),
    );

  before(async () => {
    const folder = await temporaryFolder();
    segments = path.join(folder, 'segments');
    await fs.mkdir(segments);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'flux-test', segments]);
    center = await startCenter({ folder });
  });
  after(async () => {
    center?.child.kill('SIGKILL');
    execFileSync('umount', ['-l', segments]);
    await center?.stop();
  });

  test('full, then read-only: 503 with the code, nothing half committed, on again when it is mended', async () => {
    let taken = 0;
    let full: Awaited<ReturnType<typeof send>> | undefined;
    for (let from = 0; !full && from < 4e6; from += 20_000) {
      const answer = await send(from);
      if (answer.status === 200) taken += 20_000;
      else full = answer;
    }
    assert.deepEqual([full?.status, full?.body.error.code, full?.body.error.can_retry], [503, 'disk_full', true]);
    assert.equal(full?.headers.get('retry-after'), '1');
    assert.equal((await send(taken)).body.error.code, 'disk_full');
    assert.equal((await center.call('GET', '/api/kpi')).status, 200);
    await assertNothingLost(center, taken);
    assert.deepEqual(
      (await fs.readdir(segments)).filter((name) => name.endsWith('.tmp')),
      [],
    );

    remount('size=64m');
    assert.equal((await send(taken)).status, 200);
    taken += 20_000;

    remount('ro');
    const refused = await send(taken);
    assert.deepEqual([refused.status, refused.body.error.code], [503, 'disk_read_only']);
    remount('rw');
    assert.equal((await send(taken)).status, 200);
    await assertNothingLost(center, taken + 20_000);
  });
});

describe('more than can be made durable', () => {
  let center: RunningCenter;
  before(async () => {
    center = await startCenter();
  });
  after(() => center?.stop());

  test('503 overloaded with retry-after, memory bounded, and what was taken is all there', async () => {
    const rows = 50_000;
    const body = (part: number): string =>
      JSON.stringify(Array.from({ length: rows }, (_, i) => recordAt(part * rows + i)));
    const post = (part: number) => center.call<Receipt & ApiError>('POST', '/api/readings', body(part));
    await post(0);
    const writer = (await engineChildren(center.child.pid!)).segments!;
    process.kill(writer, 'SIGSTOP');
    const waiting = [];
    try {
      for (let part = 1; part <= 8; part++) {
        waiting.push(post(part));
        await sleep(150);
      }
      const refusedParts = [];
      for (let part = 9; part < 14; part++) refusedParts.push(await post(part));
      const memory = await residentMiB(center.child.pid!);
      for (let round = 0; round < 15; round++) refusedParts.push(await post(14));
      for (const { status, body: answer, headers } of refusedParts) {
        assert.deepEqual([status, answer.error?.code, answer.error?.can_retry], [503, 'overloaded', true]);
        assert.equal(headers.get('retry-after'), '1');
      }
      // 750,000 more records were sent: had they been kept, they would be over 100 MiB
      const grown = (await residentMiB(center.child.pid!)) - memory;
      assert.ok(grown < 250, `memory grew by ${grown} MiB`);
      assert.equal((await center.call('GET', '/api/kpi')).status, 200);
    } finally {
      process.kill(writer, 'SIGCONT');
    }
    for (const { status, body: answer } of await Promise.all(waiting))
      assert.deepEqual([status, answer.accepted], [200, rows]);
    await assertNothingLost(center, 9 * rows);
  });
});
