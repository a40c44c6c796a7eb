/** The folder of finished pages: whole or not at all, only when something is new, and the last good ones where a disk is full. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Outage } from '#model/api/outages.ts';
import { makeGround } from './drawing.ts';
import { publicPicture } from './picture.ts';
import { cells, masking, meterCount, outageAt, zones } from './picture_testbed.ts';
import { makePublisher, type Publisher, type PublisherNeeds } from './publisher.ts';

const run = promisify(execFile);
let folder: string;
let tiny: string;
/** a file system of 256 kB, where this user may make one */
let hasTiny = false;
before(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'flux-public-'));
  tiny = path.join(folder, 'tiny');
  await fs.mkdir(tiny);
  hasTiny = await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', tiny]).then(
    () => true,
    () => false,
  );
});
after(async () => {
  if (hasTiny) await run('umount', [tiny]);
  await fs.rm(folder, { recursive: true });
});

const ground = makeGround(cells, zones);
function publisherOf(target: string, outages: () => Outage[], more: Partial<PublisherNeeds> = {}): Publisher {
  return makePublisher({
    folder: target,
    picture: () => publicPicture(outages(), masking),
    ground: () => ground,
    currentToMs: Date.now,
    utility: 'Test Electric',
    phone: undefined,
    timeZone: 'UTC',
    everyMs: 3_600_000,
    staleAfterS: 600,
    told: () => undefined,
    report: (message, error) => assert.fail(`${message}: ${String(error)}`),
    ...more,
  });
}

const read = (target: string, name: string): Promise<string> => fs.readFile(path.join(target, name), 'utf8');
const storm = (count: number, customers = 40): Outage[] =>
  Array.from({ length: count }, (_, i) => outageAt(i, (i * 71) % meterCount, customers + (i % 50)));

describe('the folder of public pages', () => {
  test('W3 what a killed process was writing is removed at the start, and nothing else', async () => {
    const target = path.join(folder, 'killed');
    const left = ['index.html.br.tmp-4711', 'assets/public.css.tmp-1', `data/summary.json.gz.tmp-${process.pid}`];
    for (const name of [...left, 'notes.tmp', 'robots.txt']) {
      await fs.mkdir(path.dirname(path.join(target, name)), { recursive: true });
      await fs.writeFile(path.join(target, name), 'half');
    }
    const publisher = publisherOf(target, () => storm(3));
    await publisher.start();
    await publisher.stop();
    const names = await fs.readdir(target, { recursive: true });
    assert.deepEqual(
      left.filter((name) => names.includes(name)),
      [],
    );
    assert.ok(['notes.tmp', 'robots.txt', 'index.html'].every((name) => names.includes(name)));
  });

  test('pages, data and their compressed forms say the same; an outage restored is gone at the next build', async () => {
    const target = path.join(folder, 'pages');
    let outages = storm(3);
    const publisher = publisherOf(target, () => outages);
    await publisher.start();
    const page = await read(target, 'index.html');
    assert.match(page, /<li id="o-/);
    assert.equal(brotliDecompressSync(await fs.readFile(path.join(target, 'index.html.br'))).toString(), page);
    assert.equal(gunzipSync(await fs.readFile(path.join(target, 'index.html.gz'))).toString(), page);
    assert.match(await read(target, 'es.html'), /clientes sin luz/);
    const current = JSON.parse(await read(target, 'current.json')) as { geojson: string; summary: string };
    assert.ok(page.includes(current.geojson) && page.includes(current.summary));
    assert.equal(JSON.parse(await read(target, current.geojson)).features.length, 3);
    for (const [, address] of page.matchAll(/(?:href|src)="([^"#/][^":]*)"/g))
      await fs.access(path.join(target, address));
    outages = outages.slice(1);
    publisher.changed();
    await publisher.build();
    assert.equal((await read(target, 'index.html')).match(/<li id="o-/g)?.length, 2);
    await publisher.stop();
    assert.deepEqual(
      (await fs.readdir(target, { recursive: true })).filter((name) => name.includes('.tmp')),
      [],
    );
  });

  test('nothing new: nothing is written; a store that is away does not renew the time', async () => {
    const target = path.join(folder, 'same');
    const asOfMs = Date.now() - 3_600_000;
    const publisher = publisherOf(target, () => storm(2), { currentToMs: () => asOfMs });
    await publisher.start();
    const { mtimeMs } = await fs.stat(path.join(target, 'index.html'));
    publisher.changed();
    await publisher.build();
    assert.equal(publisher.stats().builds, 1);
    assert.equal((await fs.stat(path.join(target, 'index.html'))).mtimeMs, mtimeMs);
    assert.ok((await read(target, 'index.html')).includes(`data-as-of="${new Date(asOfMs).toISOString()}"`));
    await publisher.stop();
  });

  test('W4 the time is renewed each 30 s while the store answers, and not while it is away', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-07-04T12:00:00Z') });
    const target = path.join(folder, 'renewed');
    let currentToMs = Date.now();
    const publisher = publisherOf(target, () => storm(2), { currentToMs: () => currentToMs });
    await publisher.start();
    const asOf: string[] = [];
    for (const [passMs, answers] of [
      [29_000, true],
      [1000, true],
      [60_000, false],
      [1000, true],
    ] as const) {
      t.mock.timers.setTime(Date.now() + passMs);
      if (answers) currentToMs = Date.now();
      await publisher.build();
      asOf.push(JSON.parse(await read(target, 'current.json')).as_of.slice(14, 19));
    }
    assert.deepEqual(asOf, ['00:00', '00:30', '00:30', '01:31']);
    assert.equal(publisher.stats().builds, 3);
    await publisher.stop();
  });

  test('what a page names stays in all its forms however long nothing is new; what no page names goes', async () => {
    const target = path.join(folder, 'quiet');
    let outages = storm(2);
    const publisher = publisherOf(target, () => outages);
    await publisher.start();
    const named = async (): Promise<string[]> => {
      const current = JSON.parse(await read(target, 'current.json')) as { geojson: string; summary: string };
      return [current.geojson, current.summary].flatMap((name) => [name, `${name}.br`, `${name}.gz`]);
    };
    const files = async (): Promise<string[]> =>
      (await fs.readdir(path.join(target, 'data'))).map((name) => `data/${name}`);
    const first = await named();
    const old = new Date(Date.now() - 600_000);
    const age = async (): Promise<void> => {
      for (const name of await files()) await fs.utimes(path.join(target, name), old, old);
    };
    await age();
    // the summary stays as it is, the outages move
    outages = outages.map((outage) => ({ ...outage, cause: 'lightning' }));
    await publisher.build();
    assert.deepEqual((await files()).toSorted(), (await named()).toSorted());
    outages = storm(2);
    await publisher.build();
    assert.deepEqual(await named(), first);
    await publisher.stop();
  });

  test('a flood of changes is one build, and a page lists no more than it can', async () => {
    const target = path.join(folder, 'storm');
    const outages = storm(1000);
    const publisher = publisherOf(target, () => outages);
    await publisher.start();
    outages.pop();
    for (let i = 0; i < 100_000; i++) publisher.changed();
    await Promise.all(Array.from({ length: 50 }, () => publisher.build()));
    assert.equal(publisher.stats().builds, 2);
    const page = await read(target, 'index.html');
    assert.equal(page.match(/<li id="o-/g)?.length, 200);
    assert.match(page, /799 smaller outages more/);
    await publisher.stop();
  });

  test('a disk that is full leaves the last good files, and says so once; room again, and it goes on', async (t) => {
    if (!hasTiny) {
      if (process.env.CI !== undefined) assert.fail('this user may not mount a file system');
      return t.skip('this user may not mount a file system');
    }
    const target = path.join(tiny, 'public');
    let outages = storm(3);
    const said: string[] = [];
    let wrong: string | null = null;
    const publisher = publisherOf(target, () => outages, {
      report: (message) => said.push(message),
      told: (words) => {
        wrong = words;
      },
    });
    await publisher.start();
    const good = await read(target, 'index.html');
    const filler = path.join(tiny, 'filler');
    await fs.writeFile(filler, Buffer.alloc(1024 * 1024)).catch(() => undefined);
    // room for a compressed form, not for the plain one
    await fs.truncate(filler, (await fs.stat(filler)).size - 40 * 1024);
    outages = storm(400);
    for (let i = 0; i < 3; i++) {
      publisher.changed();
      await publisher.build();
    }
    assert.equal(said.length, 1);
    assert.match(said[0], /the last ones stay/);
    assert.match(String(wrong), /no space left/);
    assert.equal(await read(target, 'index.html'), good);
    assert.equal(brotliDecompressSync(await fs.readFile(path.join(target, 'index.html.br'))).toString(), good);
    const names = (await fs.readdir(target, { recursive: true })).filter((name) => path.extname(name) !== '');
    assert.deepEqual(
      names.filter((name) => name.includes('.tmp')),
      [],
    );
    for (const name of names)
      for (const form of ['', '.br', '.gz']) assert.ok(names.includes(name.replace(/\.(br|gz)$/, '') + form), name);
    await fs.rm(filler);
    outages = storm(4);
    await publisher.build();
    assert.equal(wrong, null);
    assert.equal((await read(target, 'index.html')).match(/<li id="o-/g)?.length, 4);
    await publisher.stop();
  });
});
