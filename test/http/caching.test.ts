/** What travels once: the map by its version, compressed; everything else never out of a cache. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';
import type { ApiError } from '#model/api/common.ts';
import type { NetworkSummary } from '#model/api/network.ts';
import { decodeColumns } from '#model/columns.ts';
import type { MapNetworkMeta } from '#model/map.ts';
import { type RunningCenter, startCenter } from '../running_center.ts';

let center: RunningCenter;
let address: string;

before(async () => {
  center = await startCenter({ meters: 2000 });
  const { body } = await center.call<{ version: string }>('GET', '/api/map/current');
  address = `/api/map/${body.version}/network`;
});
after(() => center?.stop());

/** As sent, without the decompression that `fetch` does. */
function raw(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    request(
      `${center.url}${path}`,
      { headers: { authorization: `Bearer ${center.token}`, ...headers } },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, bytes: Buffer.concat(parts) }),
        );
      },
    )
      .on('error', reject)
      .end();
  });
}

test('the map is brotli, immutable under its version, and known by its ETag', async () => {
  const { status, headers, bytes } = await raw(address);
  assert.equal(status, 200);
  assert.equal(headers['content-encoding'], 'br');
  assert.equal(headers['cache-control'], 'private, max-age=31536000, immutable');
  assert.equal(Number(headers['content-length']), bytes.length);
  const plain = brotliDecompressSync(bytes);
  assert.ok(bytes.length * 2 < plain.length, `${bytes.length} of ${plain.length}`);

  const aligned = new Uint8Array(plain);
  const { meta, columns } = decodeColumns(aligned.buffer, 0, aligned.byteLength);
  const { body: summary } = await center.call<NetworkSummary>('GET', '/api/network/summary');
  const { counts, version } = meta as unknown as MapNetworkMeta;
  assert.deepEqual([counts.edges, counts.meters, version], [summary.edges, summary.meters, summary.version]);
  assert.equal(columns['edge.kind'].length, summary.edges);

  const etag = String(headers.etag);
  const known = await raw(address, { 'if-none-match': etag });
  assert.deepEqual([known.status, known.bytes.length], [304, 0]);
  assert.equal((await raw(address, { 'if-none-match': '"other"' })).status, 200);
  assert.deepEqual((await raw(address)).bytes, bytes);
});

test('the meters of a substation come the same way', async () => {
  const { status, headers } = await raw(address.replace('network', 'meters/0'));
  assert.deepEqual([status, headers['content-encoding']], [200, 'br']);
  assert.match(String(headers['cache-control']), /immutable/);
});

test('a version that was replaced is told apart from one that is', async () => {
  const { status, body } = await center.call<ApiError>('GET', '/api/map/999/network');
  assert.deepEqual([status, body.error.code], [404, 'old_version']);
});

test('live answers and errors are never kept', async () => {
  for (const live of ['/api/kpi', '/api/outages', '/api/session', '/api/map/999/network', '/api/nothing'])
    assert.match(String((await raw(live)).headers['cache-control']), /no-store/, live);
});

test('JSON is compressed where it is worth it', async () => {
  const zipped = await raw('/api/network/search?q=MTR&limit=100', { 'accept-encoding': 'br' });
  assert.equal(zipped.headers['content-encoding'], 'br');
  const plain = await raw('/api/network/search?q=MTR&limit=100', { 'accept-encoding': 'identity' });
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.deepEqual(brotliDecompressSync(zipped.bytes), plain.bytes);
});

test('the page: hashed assets for a year, the entry asked for each time', async () => {
  const page = await raw('/');
  assert.equal(page.status, 200, page.bytes.toString().slice(0, 200));
  assert.match(String(page.headers['cache-control']), /no-cache/);
  const script = /assets\/[^"]+\.js/.exec(page.bytes.toString())![0];
  assert.match(String((await raw(`/${script}`)).headers['cache-control']), /immutable/);
});
