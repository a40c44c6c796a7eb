/** The public folder as a server shows it: with no store, after its maker is gone, and old where it is old. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { makePublicServer, openPublicFiles, type PublicFiles } from './public_files.ts';

let folder: string;
let beside: string;
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
  beside = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-beside-'));
  await fs.writeFile(path.join(beside, 'beside.html'), 'beside');
  await fs.symlink(path.join(beside, 'beside.html'), path.join(folder, 'linked.html'));
  await fs.symlink(beside, path.join(folder, 'linked'));
  await fs.writeFile(path.join(folder, 'huge.html'), '');
  await fs.truncate(path.join(folder, 'huge.html'), 65 * 1024 * 1024);
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
  await fs.rm(beside, { recursive: true, force: true });
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

  test('an encoding that is refused is not sent; each encoding has a tag of its own', async () => {
    const sent = (accepted: string): Record<string, string> => files.answer('', accepted, undefined).headers;
    for (const [accepted, encoding] of [
      ['br;q=0, gzip', 'gzip'],
      ['gzip;q=0, br; q=0.000', undefined],
      ['*;q=0', undefined],
      ['*', 'br'],
      ['BR;Q=0, *', 'gzip'],
      ['gzip;q=0.5, br;q=0.1', 'br'],
      ['abri, x-gzip', undefined],
      ['', undefined],
    ] as const)
      assert.equal(sent(accepted)['content-encoding'], encoding, accepted);
    const tags = ['br', 'gzip', ''].map((accepted) => sent(accepted).etag);
    assert.equal(new Set(tags).size, 3);
    const statusOf = (accepted: string, known: string): number => files.answer('', accepted, known).status;
    assert.equal(statusOf('br', tags[0]), 304);
    assert.equal(statusOf('gzip', tags[0]), 200, 'what is held is in another encoding');
    assert.equal(statusOf('gzip', `"x", W/${tags[1]}`), 304, 'a cache between made it weak');
    assert.equal(statusOf('', '"x"'), 200);
  });

  test('nothing but the folder, and only what is meant for it', async () => {
    for (const address of [
      '/public/secret.key',
      ...['..', '%2e%2e', '..%2f'].map((up) => `/public/${up}/${path.basename(beside)}/beside.html`),
      '/public/linked.html',
      '/public/linked/beside.html',
      '/public/huge.html',
      '/etc/passwd',
      '/public/__proto__',
      '/public/index.html.br',
    ])
      assert.equal((await get(address)).status, 404, address);
    assert.equal((await fetch(`${url}/public/`, { method: 'POST' })).status, 405);
    assert.equal((await get('/')).headers.get('location'), '/public/');
    assert.equal((await get('/restoration?q=x')).status, 503);
  });

  test('a page loads from its origin alone and is in no frame; data are for the pages of others too', async () => {
    const page = await get('/public/');
    const policy = page.headers.get('content-security-policy') ?? '';
    for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"])
      assert.ok(policy.includes(rule), rule);
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(page.headers.get('access-control-allow-origin'), null);
  });

  test('without being asked it looks by itself, and reads what a build replaced', async () => {
    const looking = await openPublicFiles(folder, 10);
    await write('es.html', page('otra'));
    const seen = (): string => String(looking.answer('es.html', '', undefined).body);
    await sleep(100);
    assert.doesNotMatch(seen(), /otra/, 'one file alone is no build');
    await write('current.json', asOf(4));
    for (let tries = 0; tries < 200 && !seen().includes('otra'); tries++) await sleep(20);
    assert.match(seen(), /otra/);
    looking.stop();
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
