/**
 * The bucket reader against a real S3-compatible server that checks every signature (moto; a separate program, named by
 * MOTO_SERVER): paging, conditional reads, transfers that break off, and files loaded once.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { AwsClient } from 'aws4fetch';
import type { FileLoad } from '#model/api/files.ts';
import { watchedBucket } from '#sources/files/bucket.ts';
import { ended, flux, startCenter, until } from '../running_center.ts';
import { landed, loads, lookTwice, makeWatchBed, readingsText, type WatchBed } from './file_watch.ts';

/** moto 5.2.5 or later: earlier ones compute other signatures where a name has signs in it. */
const program = process.env.MOTO_SERVER ?? 'moto_server';
const absent =
  process.env.MOTO_SERVER === undefined && process.env.CI === undefined
    ? "no S3-compatible server: MOTO_SERVER does not name one (pip install 'moto[server]==5.2.5')"
    : false;

let bed: WatchBed;
let server: ChildProcess;
let endpoint: string;
let key: { keyId: string; secret: string };
let s3: AwsClient;

/** A user whose key may do everything with S3; from then on the server refuses what is not signed with it. */
async function makeKey(): Promise<void> {
  const root = new AwsClient({ accessKeyId: 'any', secretAccessKey: 'any', region: 'us-east-1', service: 'iam' });
  const ask = async (parameters: Record<string, string>): Promise<string> => {
    const body = new URLSearchParams({ Version: '2010-05-08', ...parameters }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const response = await root.fetch(endpoint, { method: 'POST', body, headers });
    assert.equal(response.status, 200, parameters.Action);
    return response.text();
  };
  await ask({ Action: 'CreateUser', UserName: 'flux' });
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] };
  await ask({ Action: 'PutUserPolicy', UserName: 'flux', PolicyName: 'all', PolicyDocument: JSON.stringify(policy) });
  const made = await ask({ Action: 'CreateAccessKey', UserName: 'flux' });
  const part = (name: string): string => new RegExp(`<${name}>(.+?)</${name}>`).exec(made)![1];
  key = { keyId: part('AccessKeyId'), secret: part('SecretAccessKey') };
  s3 = new AwsClient({ accessKeyId: key.keyId, secretAccessKey: key.secret, region: 'us-east-1', service: 's3' });
}

before(async () => {
  if (absent) return;
  bed = await makeWatchBed();
  server = spawn(program, ['-H', '127.0.0.1', '-p', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, INITIAL_NO_AUTH_ACTION_COUNT: '3' },
  });
  let said = '';
  for (const pipe of [server.stdout, server.stderr])
    pipe?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  endpoint = await until('the S3 server is up', () => /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0]);
  await makeKey();
  assert.equal((await s3.fetch(`${endpoint}/readings`, { method: 'PUT' })).status, 200);
});
after(async () => {
  server?.kill();
  if (server) await ended(server);
  await bed?.close();
});
beforeEach(async () => {
  if (!absent) await bed.empty();
});

const put = async (name: string, body: string): Promise<void> => {
  const response = await s3.fetch(`${endpoint}/readings/${name}`, { method: 'PUT', body });
  assert.equal(response.status, 200, name);
};
const bucket = (prefix: string, at = endpoint, secret = key.secret) =>
  watchedBucket({ url: `${at}/readings/${prefix}`, region: 'us-east-1', keyId: key.keyId, secret });

describe('a watched bucket', { skip: absent }, () => {
  test('objects below the prefix are loaded once, names with blanks and signs too; copies are duplicates', async () => {
    await put('in/a%20b%2B%C3%BC.jsonl', readingsText('jsonl', 0, 100));
    await put('in/2026/c.csv', readingsText('csv', 100, 150));
    await put('in/copy.jsonl', readingsText('jsonl', 0, 100));
    await put('elsewhere/x.jsonl', readingsText('jsonl', 500, 600));
    await lookTwice(bed.needs(bucket('in/'), 'bucket'));
    await lookTwice(bed.needs(bucket('in/'), 'bucket'));
    assert.deepEqual(bed.problems, []);
    assert.deepEqual(
      (await loads(bed.pool)).map(({ name, state }) => [name, state]),
      [
        ['2026/c.csv', 'loaded'],
        ['a b+ü.jsonl', 'loaded'],
        ['copy.jsonl', 'duplicate'],
      ],
    );
    assert.equal(await landed(bed.pool), 150);
    await put('in/2026/c.csv', readingsText('csv', 100, 170));
    await lookTwice(bed.needs(bucket('in/'), 'bucket'));
    const changed = (await loads(bed.pool)).at(-1)!;
    assert.deepEqual([changed.name, changed.state, changed.replaces, changed.records], ['2026/c.csv', 'loaded', 1, 70]);
  });

  test('a listing of more than one page is read to its end', async () => {
    const names = Array.from({ length: 1010 }, (_, k) => `many/${k}.jsonl`);
    for (let from = 0; from < names.length; from += 50)
      await Promise.all(names.slice(from, from + 50).map((name) => put(name, '{}')));
    assert.equal((await bucket('many/').look()).length, 1010);
  });

  test('an object that was replaced after the look is not read', async () => {
    await put('race/a.jsonl', readingsText('jsonl', 0, 10));
    const place = bucket('race/');
    const [seen] = await place.look();
    await put('race/a.jsonl', readingsText('jsonl', 0, 20));
    assert.equal(await place.copy(seen, path.join(bed.folder, 'race')), undefined);
    await s3.fetch(`${endpoint}/readings/race/a.jsonl`, { method: 'DELETE' });
    assert.equal(await place.copy(seen, path.join(bed.folder, 'race')), undefined);
  });

  test('a transfer that breaks off goes on where it was, and gives the same bytes', async () => {
    const text = readingsText('jsonl', 0, 4000);
    await put('big/a.jsonl', text);
    const ranges: (string | undefined)[] = [];
    let cuts = 2;
    const proxy = http.createServer((request, response) => {
      const forward = http.request(
        `${endpoint}${request.url}`,
        { method: request.method, headers: request.headers },
        (answer) => {
          response.writeHead(answer.statusCode!, answer.headers);
          if (!request.url?.includes('a.jsonl')) return void answer.pipe(response);
          ranges.push(request.headers.range);
          let sent = 0;
          answer.on('data', (chunk: Buffer) => {
            sent += chunk.length;
            response.write(chunk);
            if (sent > 100_000 && cuts > 0) {
              cuts--;
              answer.destroy();
              setTimeout(() => response.destroy(), 50);
            }
          });
          answer.on('end', () => response.end());
        },
      );
      request.pipe(forward);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    try {
      const place = bucket('big/', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
      const target = path.join(bed.folder, 'big');
      const copy = await place.copy((await place.look())[0], target);
      assert.equal(copy?.byteCount, text.length);
      assert.equal(await fs.readFile(target, 'utf8'), text);
      assert.equal(ranges.length, 3);
      assert.ok(
        ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range ?? '')),
        String(ranges),
      );
    } finally {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    }
  });

  test('a center loads from the bucket its settings name, and says what is missing in them', async () => {
    const secretFile = path.join(bed.folder, 'secret');
    await fs.writeFile(secretFile, `${key.secret}\n`);
    const environment = {
      FLUX_BUCKET: `${endpoint}/readings/live/`,
      FLUX_BUCKET_KEY_ID: key.keyId,
      FLUX_BUCKET_SECRET_FILE: secretFile,
    };
    const { status, stderr } = await flux(['start', '--data', bed.folder, '--port', '0'], {
      FLUX_BUCKET: environment.FLUX_BUCKET,
    });
    assert.deepEqual([status, /needs FLUX_BUCKET_KEY_ID/.test(stderr)], [2, true]);
    const center = await startCenter({ meters: 500, environment });
    try {
      const record = { meter_id: 'MTR-0000001', reading_time: '2026-01-01T00:00:00Z', kwh: 1 };
      await put('live/a.jsonl', `${JSON.stringify(record)}\n`);
      const [file] = await until('the object is loaded', async () => {
        const { body } = await center.call<FileLoad[]>('GET', '/api/pipeline/files');
        return body[0]?.state === 'loaded' && body;
      });
      assert.deepEqual([file.origin, file.name, file.accepted], ['bucket', 'a.jsonl', 1]);
    } finally {
      await center.stop();
    }
  });

  test('a wrong secret, a bucket that is not there and a server that is away are told apart', async () => {
    await assert.rejects(bucket('in/', endpoint, 'wrong').look(), { code: 'bucket_refused', canRetry: false });
    const other = watchedBucket({ url: `${endpoint}/nobody/`, region: 'us-east-1', ...key });
    await assert.rejects(other.look(), { code: 'bucket_refused' });
    await assert.rejects(bucket('in/', 'http://127.0.0.1:9').look(), { code: 'bucket_unreachable', canRetry: true });
  });
});
