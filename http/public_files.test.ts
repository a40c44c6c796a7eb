/** The public folder as a server shows it: with no store, after its maker is gone, and old where it is old. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { makePublicServer, openPublicFiles, type PublicFiles } from './public_files.ts';

let folder: string;
let files: PublicFiles;
let url: string;
let stop: () => void;

async function write(name: string, text: string): Promise<void> {
  const file = path.join(folder, name);
  await fs.mkdir(path.dirname(file), { recursive: true });
  for (const [form, bytes] of [
    ['', Buffer.from(text)],
    ['.br', brotliCompressSync(text)],
    ['.gz', gzipSync(text)],
  ] as const)
    await fs.writeFile(`${file}${form}`, bytes);
}
const page = (words: string): string => `<!doctype html><main data-stale="no"><p>${words}</p></main>`;
const asOf = (ageS: number): string =>
  JSON.stringify({ as_of: new Date(Date.now() - ageS * 1000).toISOString(), stale_after_s: 600 });

before(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-files-'));
  await write('index.html', page('one'));
  await write('current.json', asOf(5));
  await write('data/outages.0123456789abcdef.geojson', '{}');
  await fs.writeFile(path.join(folder, 'secret.key'), 'secret');
  await fs.writeFile(path.join(path.dirname(folder), 'beside.html'), 'beside');
  files = await openPublicFiles(folder, 0);
  const server = makePublicServer(files);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stop = () => {
    server.close();
    server.closeAllConnections();
  };
});
after(async () => {
  stop();
  files.stop();
  await fs.rm(folder, { recursive: true, force: true });
  await fs.rm(path.join(path.dirname(folder), 'beside.html'), { force: true });
});

const get = (address: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}${address}`, { headers, redirect: 'manual' });

describe('the public folder over HTTP', () => {
  test('compressed as the reader takes it, with tag and cache; hashed names for a year', async () => {
    for (const encoding of ['br', 'gzip', 'identity']) {
      const answer = await get('/public/', { 'accept-encoding': encoding });
      assert.equal(await answer.text(), page('one'));
      assert.equal(answer.headers.get('content-encoding'), encoding === 'identity' ? null : encoding);
      assert.match(answer.headers.get('cache-control') ?? '', /max-age=10\b/);
    }
    const tag = (await get('/public/')).headers.get('etag')!;
    assert.equal((await get('/public/', { 'if-none-match': tag })).status, 304);
    const data = await get('/public/data/outages.0123456789abcdef.geojson');
    assert.match(data.headers.get('cache-control') ?? '', /immutable/);
    assert.equal(data.headers.get('access-control-allow-origin'), '*');
  });

  test('nothing but the folder, and only what is meant for it', async () => {
    for (const address of [
      '/public/secret.key',
      '/public/../beside.html',
      '/public/%2e%2e/beside.html',
      '/public/..%2fbeside.html',
      '/etc/passwd',
      '/public/__proto__',
      '/public/index.html.br',
    ])
      assert.equal((await get(address)).status, 404, address);
    assert.equal((await fetch(`${url}/public/`, { method: 'POST' })).status, 405);
    assert.equal((await get('/')).headers.get('location'), '/public/');
    assert.equal((await get('/restoration?q=x')).status, 503);
  });

  test('a new file is shown at the next look; a folder that is gone leaves the last one', async () => {
    await write('index.html', page('another'));
    await files.refresh();
    assert.match(await (await get('/public/')).text(), /another/);
    await fs.rename(folder, `${folder}-gone`);
    await files.refresh();
    assert.match(await (await get('/public/')).text(), /another/);
    await fs.rename(`${folder}-gone`, folder);
  });

  test('an old page says so to readers without script too, and stops when it is new again', async () => {
    await write('current.json', asOf(3600));
    await files.refresh();
    const old = await get('/public/');
    assert.match(await old.text(), /data-stale="yes"/);
    assert.ok((files.ageS() ?? 0) >= 3600);
    await write('index.html', page('two'));
    await files.refresh();
    assert.match(await (await get('/public/')).text(), /data-stale="yes"><p>two/);
    await write('current.json', asOf(1));
    await files.refresh();
    assert.match(await (await get('/public/')).text(), /data-stale="no"/);
  });
});
