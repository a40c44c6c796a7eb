/**
 * The map on the wire and on the browser's main thread, beside the same data as GeoJSON; then the first meaningful map
 * of a real center.
 *
 *   flux bench map [--scale poc] [--repetitions 9] [--page-loads 5]
 *
 * The opponent is what a GeoJsonLayer with accessor functions does: JSON.parse, then every feature through getPath,
 * getColor and getWidth into typed arrays. Both sides fill the same arrays. Goal: a tenth of its main-thread time.
 */
import fs from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import { scaleFrom } from '#bin/config.ts';
import { ensureWebApp } from '#bin/web_app.ts';
import { metersBySubstation, networkBundle } from '#services/network/map_bundle.ts';
import { generateTerritory } from '#sources/territory/generate.ts';
import { startBrowser } from '../test/e2e/browser.ts';
import { removeFolder, startCenter, temporaryFolder } from './center/center_process.ts';
import { geoJsonOf } from './map/geojson.ts';
import { median } from './report/quantiles.ts';
import { printReport, say } from './report/report.ts';

const { values: options } = parseArgs({
  options: {
    scale: { type: 'string', default: 'poc' },
    repetitions: { type: 'string', default: '9' },
    'page-loads': { type: 'string', default: '5' },
  },
});
const { scale } = options;
type Figures = Record<string, number>;

/** The same settings as the center's own compression of its bundle. */
const brotli = (bytes: Uint8Array): Promise<Buffer> =>
  promisify(brotliCompress)(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 6,
      [constants.BROTLI_PARAM_LGWIN]: 22,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });

const network = generateTerritory({
  scale: scaleFrom(scale === 'demo' || scale === 'poc' ? scale : Number(scale)),
  seed: 1,
});
const { offset } = metersBySubstation(network);
const metersOf = (row: number): number => offset[row + 1] - offset[row];
const begin = performance.now();
const bundle = await networkBundle(network, '1', metersOf);
const bundleMs = performance.now() - begin;
const geoJson = geoJsonOf(network, metersOf);
const geoJsonBrotli = await brotli(geoJson);
const geoJsonGzip = await promisify(gzip)(geoJson);
say(`bundle ${bundle.length}, GeoJSON ${geoJson.length}, gzip ${geoJsonGzip.length}, brotli ${geoJsonBrotli.length}`);

const browser = await startBrowser();
try {
  const arrays = await measureArrays(browser);
  const { ours, geojson, app } = arrays;
  await printReport('map', {
    scale,
    size: { edges: network.edge.count, vertices: network.vertex.count, substations: network.substation.count },
    chromium: browser.version(),
    bytes: {
      ours_brotli: bundle.length,
      ours_made_in_ms: bundleMs,
      geojson: geoJson.length,
      geojson_gzip: geoJsonGzip.length,
      geojson_brotli: geoJsonBrotli.length,
      ratio_to_gzip: geoJsonGzip.length / bundle.length,
      ratio_to_brotli: geoJsonBrotli.length / bundle.length,
    },
    main_thread: {
      measured:
        'one load in a fresh page, median of all; download and inflating not counted; GeoJSON: JSON.parse and accessors, its text decoding apart',
      ours,
      geojson,
      ratio: geojson.total_ms / ours.total_ms,
      goal_ratio: 10,
      goal_met: geojson.total_ms / ours.total_ms >= 10,
      // in a worker in the app; with detail levels, symbols, projection and spatial index, which the opponent has not
      whole_decode_of_the_app_ms: app.total_ms,
    },
    first_map: await measureApp(browser),
  });
} finally {
  await browser.close();
}

/** Each side in a page of its own, in turns, so that neither finds code that was compiled for an earlier run. */
async function measureArrays(on: Browser) {
  const folder = await temporaryFolder();
  await build({
    configFile: false,
    root: path.dirname(import.meta.dirname),
    logLevel: 'error',
    publicDir: false,
    build: {
      target: 'es2024',
      outDir: folder,
      lib: { entry: path.join(import.meta.dirname, 'map', 'page.ts'), formats: ['es'], fileName: () => 'page.js' },
    },
  });
  const script = await fs.readFile(path.join(folder, 'page.js'));
  await removeFolder(folder);
  const answers: Record<string, { type: string; bytes: Uint8Array; encoding?: string }> = {
    '/': { type: 'text/html', bytes: Buffer.from('<!doctype html><script type="module" src="/page.js"></script>') },
    '/page.js': { type: 'text/javascript', bytes: script },
    '/bundle': { type: 'application/octet-stream', bytes: bundle, encoding: 'br' },
    '/geojson': { type: 'application/geo+json', bytes: geoJsonBrotli, encoding: 'br' },
  };
  const server = http.createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    if (!answer) return response.writeHead(404).end();
    const encoding = answer.encoding ? { 'content-encoding': answer.encoding } : {};
    return response.writeHead(200, { 'content-type': answer.type, ...encoding }).end(answer.bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const runs: Record<'ours' | 'geojson' | 'app', Figures[]> = { ours: [], geojson: [], app: [] };
  try {
    for (let round = 0; round < Number(options.repetitions); round++) {
      for (const name of ['ours', 'geojson', 'app'] as const) {
        const context = await on.newContext();
        const page = await context.newPage();
        await page.goto(url);
        await page.waitForFunction('globalThis.opponents !== undefined');
        runs[name].push(await page.evaluate<Figures>(`opponents.${name}()`));
        await context.close();
      }
      say(
        `arrays: ours ${runs.ours[round].total_ms.toFixed(0)} ms, GeoJSON ${runs.geojson[round].total_ms.toFixed(0)} ms`,
      );
    }
  } finally {
    server.close();
    server.closeAllConnections();
  }
  assertSame(runs.ours[0], runs.geojson[0]);
  return { ours: medians(runs.ours), geojson: medians(runs.geojson), app: medians(runs.app) };
}

/** Both must have made the same thing, or the comparison is worth nothing. */
function assertSame(ours: Figures, theirs: Figures): void {
  for (const name of ['edges', 'vertices', 'colors', 'widths'])
    if (ours[name] !== theirs[name]) throw new Error(`${name} differ: ${ours[name]} here, ${theirs[name]} there`);
  if (Math.abs(ours.positions - theirs.positions) > 1e-6) throw new Error('the positions differ');
}

function medians(runs: Figures[]): Figures {
  return Object.fromEntries(Object.keys(runs[0]).map((name) => [name, median(runs.map((run) => run[name]))]));
}

/** The app on a center of its own, each time with empty caches: what its own marks say, ms since navigation. */
async function measureApp(on: Browser) {
  await ensureWebApp();
  const folder = await temporaryFolder();
  const center = await startCenter({ folder, scale, flags: ['--open', '--no-simulation'] });
  try {
    const loads: Figures[] = [];
    for (let load = 0; load < Number(options['page-loads']) + 1; load++) {
      const context = await on.newContext({ viewport: { width: 1440, height: 900 } });
      const page = await context.newPage();
      await page.goto(center.url);
      // Its policy forbids evaluating strings in the page: its own mark of the first draw is in the document.
      await page.locator('[data-drawn="true"]').waitFor({ timeout: 120_000 });
      loads.push(await page.evaluate<Figures>('({ ...fluxMetrics })'));
      say(`page: first draw after ${loads[load]['map:firstdraw'].toFixed(0)} ms`);
      await context.close();
    }
    const [first, ...later] = loads;
    return {
      measured: "the app's own marks in a new browser context, 1440 x 900, software rendering; median",
      // the center makes and compresses the bundle when it is asked for the first time
      first_page_of_a_center_ms: first['map:firstdraw'],
      ...medians(later),
    };
  } finally {
    await center.stop();
    await removeFolder(folder);
  }
}
