/**
 * A folder of finished files held in memory and answered without a store: what the public reads when everything else is
 * gone. The folder is looked at once a second; what was read last stays while it can not be read.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { contentSecurityPolicy } from '#http/security.ts';

export interface FileAnswer {
  status: 200 | 304 | 404;
  headers: Record<string, string>;
  body: Buffer | undefined;
}

export interface PublicFiles {
  /** @param name below the folder, without a leading slash; '' is the index */
  answer(name: string, accepted: string, knownTag: string | undefined): FileAnswer;
  /** Looks at the folder now. */
  refresh(): Promise<void>;
  /** age of what is shown, s; undefined where nothing tells it */
  ageS(): number | undefined;
  stop(): void;
}

interface Form {
  body: Buffer;
  headers: Record<string, string>;
}

interface Held {
  /** what of the file on the disk this is: time and size */
  mark: string;
  /** by encoding; '' is plain */
  forms: Map<string, Form>;
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.geojson': 'application/geo+json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};
const maxFileBytes = 64 * 1024 * 1024;
const shortCache = 'public, max-age=10, stale-while-revalidate=30, stale-if-error=86400';
const longCache = 'public, max-age=31536000, immutable';
const hashedName = /\.[\da-f]{16}\.\w+$/;
const fresh = 'data-stale="no"';

/** @param lookEveryMs 0: only when `refresh` is called */
export async function openPublicFiles(folder: string, lookEveryMs = 1000): Promise<PublicFiles> {
  let held = new Map<string, Held>();
  let current = { asOfMs: Number.NaN, staleAfterS: Number.POSITIVE_INFINITY };
  let isStale = false;
  let walked = '';
  let looking: Promise<void> | undefined;
  const missing: FileAnswer = {
    status: 404,
    headers: { ...common('.txt'), 'cache-control': 'no-store' },
    body: Buffer.from('There is nothing here.\n'),
  };

  /** The two files that every build replaces: while they stand, nothing else is new. */
  async function marks(): Promise<string> {
    const stats = await Promise.all(
      ['current.json', 'index.html'].map((name) => fs.stat(path.join(folder, name)).catch(() => undefined)),
    );
    return stats.map((stat) => (stat ? `${stat.mtimeMs} ${stat.ino}` : '')).join();
  }

  async function look(isForced: boolean): Promise<void> {
    const now = await marks();
    const isWalk = isForced || now !== walked;
    const isNew = isWalk && (await walk());
    if (isWalk) walked = now;
    const wasStale = isStale;
    isStale = (Date.now() - current.asOfMs) / 1000 > current.staleAfterS;
    if (isStale && (isNew || !wasStale)) markPages(held, fresh, 'data-stale="yes"');
    if (!isStale && wasStale) markPages(held, 'data-stale="yes"', fresh);
  }

  /** @returns whether a file is new */
  async function walk(): Promise<boolean> {
    const all = await filesBelow(folder).catch(() => []);
    const next = new Map<string, Held>();
    let isNew = false;
    for (const file of all) {
      if (!types[path.extname(file)]) continue;
      const name = path.relative(folder, file).split(path.sep).join('/');
      const known = held.get(name);
      // A name that carries its content never has another.
      if (known && hashedName.test(name)) {
        next.set(name, known);
        continue;
      }
      const stat = await fs.stat(file).catch(() => undefined);
      const mark = stat ? `${stat.mtimeMs} ${stat.size} ${stat.ino}` : '';
      if (known && (known.mark === mark || !stat)) next.set(name, known);
      else if (stat && stat.size <= maxFileBytes) {
        const read = await readForms(file, name, mark).catch(() => known);
        if (read) next.set(name, read);
        isNew = true;
      }
    }
    // An empty look is a folder that can not be read: the last one stays.
    if (next.size > 0) held = next;
    readCurrent();
    return isNew;
  }

  function readCurrent(): void {
    const text = held.get('current.json')?.forms.get('')?.body.toString();
    try {
      const { as_of, stale_after_s } = JSON.parse(text ?? '{}') as { as_of?: string; stale_after_s?: number };
      current = { asOfMs: Date.parse(as_of ?? ''), staleAfterS: stale_after_s ?? Number.POSITIVE_INFINITY };
    } catch {
      // A file of another make: nothing is said of its age.
    }
  }

  const refresh = (isForced = true): Promise<void> => {
    looking ??= look(isForced).finally(() => {
      looking = undefined;
    });
    return looking;
  };
  await refresh();
  const timer = lookEveryMs > 0 ? setInterval(() => void refresh(false), lookEveryMs) : undefined;
  timer?.unref();

  return {
    answer: (name, accepted, knownTag) => {
      const file = held.get(name === '' ? 'index.html' : name);
      if (!file) return missing;
      const form =
        (takes(accepted, 'br') && file.forms.get('br')) ||
        (takes(accepted, 'gzip') && file.forms.get('gzip')) ||
        file.forms.get('')!;
      if (knownTag !== undefined && namesTag(knownTag, form.headers.etag))
        return { status: 304, headers: form.headers, body: undefined };
      return { status: 200, headers: form.headers, body: form.body };
    },
    refresh: () => refresh(),
    ageS: () => (Number.isNaN(current.asOfMs) ? undefined : (Date.now() - current.asOfMs) / 1000),
    stop: () => clearInterval(timer),
  };
}

/** What an `Accept-Encoding` says of an encoding: by its name, else by `*`; a weight of 0 refuses it. */
function takes(accepted: string, encoding: string): boolean {
  const weights = new Map<string, number>();
  for (const part of accepted.toLowerCase().split(',')) {
    const [name, ...parameters] = part.split(';').map((text) => text.trim());
    const weight = parameters.find((parameter) => /^q\s*=/.test(parameter));
    weights.set(name, weight === undefined ? 1 : Number(weight.slice(weight.indexOf('=') + 1)));
  }
  return (weights.get(encoding) ?? weights.get('*') ?? 0) > 0;
}

/** Caches between may have made a tag weak, and may hold several. */
const namesTag = (known: string, tag: string): boolean =>
  known.split(',').some((one) => one.trim().replace(/^W\//, '') === tag || one.trim() === '*');

function common(extension: string): Record<string, string> {
  return {
    'content-type': types[extension],
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy': contentSecurityPolicy,
  };
}

/** Links are neither files nor folders: what lies elsewhere is not public. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await fs.readdir(folder, { withFileTypes: true });
  const found = entries.map((entry) => {
    const name = path.join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(name) : entry.isFile() ? [name] : [];
  });
  return (await Promise.all(found)).flat();
}

async function readForms(file: string, name: string, mark: string): Promise<Held> {
  const [plain, br, gz] = await Promise.all([
    fs.readFile(file),
    fs.readFile(`${file}.br`).catch(() => undefined),
    fs.readFile(`${file}.gz`).catch(() => undefined),
  ]);
  return holding(name, mark, plain, br, gz);
}

function holding(name: string, mark: string, plain: Buffer, br?: Buffer, gz?: Buffer): Held {
  const extension = path.extname(name);
  const hash = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
  const isHashed = hashedName.test(name);
  const shared = {
    ...common(extension),
    vary: 'accept-encoding',
    'cache-control': isHashed ? longCache : shortCache,
    // data for everybody's pages; pages for nobody's frames
    ...(extension === '.geojson' || extension === '.json' ? { 'access-control-allow-origin': '*' } : {}),
  };
  const forms = new Map<string, Form>();
  const add = (encoding: string, body: Buffer | undefined): void => {
    if (!body) return;
    // a strong tag names the very bytes: each encoding has its own
    const headers =
      encoding === ''
        ? { ...shared, etag: `"${hash}"` }
        : { ...shared, etag: `"${hash}-${encoding}"`, 'content-encoding': encoding };
    forms.set(encoding, { body, headers: { ...headers, 'content-length': String(body.length) } });
  };
  add('', plain);
  add('br', br);
  add('gzip', gz);
  return { mark, forms };
}

/** The banner of an old page, also for readers without script: the mark in the page is turned. */
function markPages(held: Map<string, Held>, from: string, to: string): void {
  for (const [name, file] of held) {
    if (!name.endsWith('.html')) continue;
    const text = file.forms.get('')!.body.toString();
    if (!text.includes(from)) continue;
    const plain = Buffer.from(text.replace(from, to));
    const br = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
    held.set(name, holding(name, file.mark, plain, br, gzipSync(plain)));
  }
}

/** A server of its own for such a folder, under `/public/`: no frame, no store, nothing that could wait. */
export function makePublicServer(files: PublicFiles): http.Server {
  const server = http.createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    const url = request.url ?? '/';
    const end = url.indexOf('?');
    const address = end < 0 ? url : url.slice(0, end);
    if (address === '/' || address === '/public') {
      response.writeHead(302, { location: '/public/' }).end();
      return;
    }
    if (address === '/healthz') {
      response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-store' }).end('ok\n');
      return;
    }
    if (address === '/restoration') {
      response.writeHead(503, { ...common('.html'), 'cache-control': 'no-store', 'retry-after': '60' }).end(noLookUp);
      return;
    }
    const { headers: asked } = request;
    const { status, headers, body } = files.answer(
      address.startsWith('/public/') ? address.slice(8) : 'nowhere',
      String(asked['accept-encoding'] ?? ''),
      asked['if-none-match'],
    );
    response.writeHead(status, headers);
    response.end(request.method === 'HEAD' ? undefined : body);
  });
  server.keepAliveTimeout = 20_000;
  server.headersTimeout = 10_000;
  return server;
}

const noLookUp = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Look-up</title><h1>The look-up is not available at the moment.</h1><p>The <a href="/public/">outage map</a> shows the last known state. Please try again in a minute.</p><p lang="es">La búsqueda no está disponible en este momento. El <a href="/public/es.html">mapa de cortes</a> muestra el último estado conocido.</p></html>\n`;
