/**
 * Keeps a folder of finished files in step with the outages: rebuilt at most every few seconds and only where something
 * changed, each file replaced as a whole. What can not be written leaves the files that stand. No event costs anything
 * here: events only say that the picture may be old.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { messageOf } from '#model/errors.ts';
import { languages, timeInWords } from '#model/public_words.ts';
import { geoJson, publicFeatures, publicSummary } from './data.ts';
import type { Ground } from './drawing.ts';
import type { FrameFacts } from './frame.ts';
import { publicPage } from './page.ts';
import type { PublicPicture } from './picture.ts';

export interface PublisherNeeds {
  folder: string;
  picture: () => PublicPicture;
  ground: () => Ground;
  /** until when the outages are known, UTC epoch ms */
  currentToMs: () => number;
  utility: string;
  phone: string | undefined;
  timeZone: string;
  /** least time between two builds */
  everyMs: number;
  staleAfterS: number;
  report: (message: string, error: unknown) => void;
  /** after each build: what an operator must know, or null where all is well */
  told: (wrong: string | null) => void;
}

export interface Publisher {
  start(): Promise<void>;
  /** Something may look different now. */
  changed(): void;
  /** Builds at once where anything is new. */
  build(): Promise<void>;
  /** addresses of style and script, for pages beside the folder */
  frame(): FrameFacts;
  stats(): { builds: number; lastBuildMs: number; failed: number; asOfMs: number };
  stop(): Promise<void>;
}

const assetsFolder = path.join(import.meta.dirname, 'assets');
/** The time on the page is renewed this often where nothing else is new. */
const renewMs = 30_000;
/** Data files that no page names any more are kept for pages that are still open. */
const keepDataMs = 5 * 60_000;

const compressBrotli = promisify(brotliCompress);
const compressGzip = promisify(gzip);
const hashOf = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex').slice(0, 16);

const leftover = /\.tmp-\d+$/;

/** Whole or not at all, in all its forms; the plain one comes last. @throws what the file system says */
export async function writeWhole(file: string, content: string | Buffer): Promise<void> {
  const bytes = Buffer.from(content);
  const [br, gz] = await Promise.all([
    compressBrotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }),
    compressGzip(bytes, { level: 6 }),
  ]);
  const forms: [string, Buffer][] = [
    [`${file}.br`, br],
    [`${file}.gz`, gz],
    [file, bytes],
  ];
  const temporary = (name: string): string => `${name}.tmp-${process.pid}`;
  try {
    // All forms are on the disk before the first takes its place: a full disk changes nothing.
    for (const [name, form] of forms) await fs.writeFile(temporary(name), form, { flush: true });
    for (const [name] of forms) await fs.rename(temporary(name), name);
  } catch (error) {
    await Promise.all(forms.map(([name]) => fs.rm(temporary(name), { force: true }).catch(() => undefined)));
    throw error;
  }
}

export function makePublisher(needs: PublisherNeeds): Publisher {
  const { folder } = needs;
  let style = 'assets/public.css';
  let script = 'assets/public.js';
  let hasAssets = false;
  let written = { content: '', atMs: 0, asOfMs: 0 };
  const stats = { builds: 0, lastBuildMs: 0, failed: 0 };
  let isDirty = true;
  let timer: NodeJS.Timeout | undefined;
  let building: Promise<void> | undefined;

  const at = (name: string): string => path.join(folder, name);
  const frame = (): FrameFacts => ({ utility: needs.utility, phone: needs.phone, style, script });

  async function writeAsset(name: string): Promise<string> {
    const content = await fs.readFile(path.join(assetsFolder, name));
    const { name: stem, ext } = path.parse(name);
    const hashed = `assets/${stem}.${hashOf(content)}${ext}`;
    if (!(await fs.stat(at(hashed)).catch(() => undefined))) await writeWhole(at(hashed), content);
    return hashed;
  }

  async function writeAssets(): Promise<void> {
    for (const part of ['', 'assets', 'data']) await fs.mkdir(at(part), { recursive: true });
    await removeLeftovers();
    [style, script] = [await writeAsset('public.css'), await writeAsset('public.js')];
    hasAssets = true;
  }

  /** Names carry the content: the same content is written once. */
  async function writeData(stem: string, extension: string, content: string): Promise<string> {
    const name = `data/${stem}.${hashOf(content)}.${extension}`;
    const now = new Date();
    // its compressed forms too: what nothing names any more goes by its age
    const renew = ['.br', '.gz', ''].map((form) => fs.utimes(at(name + form), now, now));
    if ((await Promise.allSettled(renew)).some(({ status }) => status === 'rejected'))
      await writeWhole(at(name), content);
    return name;
  }

  async function build(): Promise<void> {
    const nowMs = Date.now();
    const asOfMs = Math.min(needs.currentToMs(), nowMs);
    const beginMs = performance.now();
    isDirty = false;
    if (!hasAssets) await writeAssets();
    const picture = needs.picture();
    const content = hashOf(JSON.stringify(picture));
    const isRenewal = nowMs - written.atMs >= renewMs && asOfMs > written.asOfMs;
    if (content === written.content && !isRenewal) return;
    const geojson = await writeData('outages', 'geojson', geoJson(publicFeatures(picture)));
    const summary = await writeData('summary', 'json', publicSummary(picture));
    const asOf = new Date(asOfMs).toISOString();
    const inWords = Object.fromEntries(
      languages.map((language) => [language, timeInWords(asOfMs, needs.timeZone, language)]),
    );
    for (const language of languages) {
      const facts = {
        frame: frame(),
        timeZone: needs.timeZone,
        asOfMs,
        staleAfterS: needs.staleAfterS,
        geojson,
        summary,
      };
      const page = publicPage(picture, needs.ground(), facts, language);
      await writeWhole(at(language === 'en' ? 'index.html' : `${language}.html`), page);
    }
    await writeWhole(
      at('current.json'),
      JSON.stringify({ as_of: asOf, as_of_words: inWords, stale_after_s: needs.staleAfterS, geojson, summary }),
    );
    written = { content, atMs: nowMs, asOfMs };
    stats.builds++;
    stats.lastBuildMs = performance.now() - beginMs;
    await removeOld(nowMs);
  }

  /** A process that was killed left what it was writing. */
  async function removeLeftovers(): Promise<void> {
    for (const part of ['', 'assets', 'data'])
      for (const name of await fs.readdir(at(part)))
        if (leftover.test(name)) await fs.rm(at(path.join(part, name)), { force: true });
  }

  async function removeOld(nowMs: number): Promise<void> {
    for (const name of await fs.readdir(at('data'))) {
      const stat = await fs.stat(at(`data/${name}`)).catch(() => undefined);
      if (stat && nowMs - stat.mtimeMs > keepDataMs) await fs.rm(at(`data/${name}`), { force: true });
    }
  }

  /** One build at a time; a failed one is tried again at the next turn. */
  function buildOnce(): Promise<void> {
    building ??= build()
      .then(() => {
        stats.failed = 0;
        needs.told(null);
      })
      .catch((error: unknown) => {
        isDirty = true;
        needs.told(
          `the public pages can not be written (${messageOf(error)}); the public sees the last ones with their age`,
        );
        if (stats.failed++ === 0)
          needs.report('the public pages could not be written; the last ones stay, tried again until it works', error);
      })
      .finally(() => {
        building = undefined;
      });
    return building;
  }

  return {
    start: async () => {
      await buildOnce();
      timer = setInterval(() => {
        if (isDirty || Date.now() - written.atMs >= renewMs) void buildOnce();
      }, needs.everyMs);
    },
    changed: () => {
      isDirty = true;
    },
    build: buildOnce,
    frame,
    stats: () => ({ ...stats, asOfMs: written.asOfMs }),
    stop: async () => {
      clearInterval(timer);
      await building;
    },
  };
}
