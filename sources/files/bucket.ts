/**
 * An S3-compatible bucket as a place of files: list-objects-v2 with paging, get with `If-Match`, and ranges to go on
 * where a transfer broke off. Requests are signed by aws4fetch (ADR 0018); addresses are path-style, any endpoint.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import fs from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AwsClient } from 'aws4fetch';
import { SaxesParser } from 'saxes';
import { FluxError, messageOf } from '#model/errors.ts';
import type { FilePlace, SeenFile } from '#sources/files/folder.ts';

export interface BucketAddress {
  /** e.g. https://s3.eu-central-1.amazonaws.com/readings/inbox/: endpoint, bucket, prefix */
  url: string;
  region: string;
  keyId: string;
  secret: string;
}

/** transfers in a row that bring nothing */
const attempts = 5;
const waitMs = 500;
const requestMs = 60_000;

/** @throws FluxError `bad_usage` */
export function bucketParts(url: string): { endpoint: string; bucket: string; prefix: string } {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new FluxError('bad_usage', `FLUX_BUCKET must be https://endpoint/bucket/prefix, not ${url}`, { cause });
  }
  const [bucket, ...prefix] = decodeURIComponent(parsed.pathname).split('/').slice(1);
  if (!bucket || !/^https?:$/.test(parsed.protocol))
    throw new FluxError('bad_usage', `FLUX_BUCKET must be https://endpoint/bucket/prefix, not ${url}`);
  return { endpoint: parsed.origin, bucket, prefix: prefix.join('/') };
}

/** @throws FluxError `bucket_unreachable` (can be tried again), `bucket_refused` from both calls */
export function watchedBucket(address: BucketAddress): FilePlace {
  const { endpoint, bucket, prefix } = bucketParts(address.url);
  const client = new AwsClient({
    accessKeyId: address.keyId,
    secretAccessKey: address.secret,
    region: address.region,
    service: 's3',
    retries: 0,
  });
  const objectUrl = (key: string): string =>
    `${endpoint}/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;

  async function ask(url: string, headers: Record<string, string> = {}): Promise<Response> {
    const response = await client
      .fetch(url, { headers, signal: AbortSignal.timeout(requestMs) })
      .catch((cause: unknown) => {
        throw unreachable(messageOf(cause), cause);
      });
    if (response.ok || response.status === 412 || response.status === 404) return response;
    const said = (await response.text().catch(() => '')).slice(0, 300);
    if (response.status >= 500 || response.status === 429) throw unreachable(`${response.status} ${said}`);
    throw new FluxError(
      'bucket_refused',
      `${endpoint}/${bucket} answered ${response.status}: ${said}; check FLUX_BUCKET, its key, secret and region`,
    );
  }

  function unreachable(why: string, cause?: unknown): FluxError {
    return new FluxError('bucket_unreachable', `${endpoint}/${bucket} does not answer (${why}); it is tried again`, {
      cause,
      canRetry: true,
    });
  }

  async function page(token: string | undefined): Promise<{ files: SeenFile[]; next: string | undefined }> {
    const query = new URLSearchParams({ 'list-type': '2', prefix, 'max-keys': '1000' });
    if (token) query.set('continuation-token', token);
    const response = await ask(`${endpoint}/${bucket}?${query}`);
    if (response.status === 404)
      throw new FluxError('bucket_refused', `there is no bucket ${bucket} at ${endpoint}; check FLUX_BUCKET`);
    return listingOf(await response.text(), prefix);
  }

  /** One transfer from `from` on. @returns bytes that are there now; undefined where the object changed or is gone */
  async function transfer(file: SeenFile, target: string, from: number): Promise<number | undefined> {
    const entityTag = file.marker.slice(file.marker.indexOf('-') + 1);
    const response = await ask(objectUrl(prefix + file.name), {
      'if-match': entityTag,
      ...(from > 0 ? { range: `bytes=${from}-` } : {}),
    });
    if (response.status === 412 || response.status === 404 || !response.body) return undefined;
    // A server that takes no ranges begins again: what is there already is skipped.
    let skip = from > 0 && response.status !== 206 ? from : 0;
    async function* count(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of source) {
        const rest = chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - rest.length;
        yield rest;
      }
    }
    try {
      await pipeline(
        Readable.fromWeb(response.body as never),
        count,
        createWriteStream(target, { flags: from > 0 ? 'a' : 'w' }),
      );
    } catch (error) {
      if (['ENOSPC', 'EROFS', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      throw new BrokenOff(error);
    }
    return sizeOf(target);
  }

  return {
    look: async () => {
      const files: SeenFile[] = [];
      let next: string | undefined;
      do {
        const listed = await page(next);
        files.push(...listed.files);
        next = listed.next;
      } while (next);
      return files;
    },
    copy: async (file, target) => {
      let from = 0;
      for (let idle = 1; ; ) {
        try {
          const size = await transfer(file, target, from);
          if (size === undefined) return undefined;
          if (size === file.byteCount) return { sha256: await sha256Of(target), byteCount: size };
          throw new BrokenOff(new Error(`${size} of ${file.byteCount} bytes came`));
        } catch (error) {
          if (!(error instanceof BrokenOff)) throw error;
          // Only what is on the disk counts; a transfer that gets on may break off as often as it will.
          const size = Math.min(await sizeOf(target), file.byteCount);
          idle = size > from ? 1 : idle + 1;
          from = size;
          if (idle > attempts) throw unreachable(messageOf(error.cause), error.cause);
          await new Promise((resolve) => setTimeout(resolve, waitMs * idle));
        }
      }
    },
  };
}

const sizeOf = async (file: string): Promise<number> =>
  (await fs.stat(file).catch((): { size: number } => ({ size: 0 }))).size;

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** The connection went away in the middle of an object. */
class BrokenOff extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

/** @throws FluxError `bucket_refused` where the answer is no listing */
function listingOf(xml: string, prefix: string): { files: SeenFile[]; next: string | undefined } {
  const files: SeenFile[] = [];
  let next: string | undefined;
  let isListing = false;
  let text = '';
  let entry: Record<string, string> = {};
  const parser = new SaxesParser({});
  parser.on('opentag', (tag) => {
    text = '';
    if (tag.name === 'ListBucketResult') isListing = true;
    if (tag.name === 'Contents') entry = {};
  });
  parser.on('text', (piece) => {
    text += piece;
  });
  parser.on('closetag', (tag) => {
    if (tag.name === 'NextContinuationToken') next = text;
    else if (tag.name !== 'Contents') entry[tag.name] = text;
    else if (entry.Key?.startsWith(prefix) && !entry.Key.endsWith('/'))
      files.push({
        name: entry.Key.slice(prefix.length),
        marker: `${entry.Size}-${entry.ETag ?? entry.LastModified}`,
        byteCount: Number(entry.Size),
      });
  });
  try {
    parser.on('error', (error) => {
      throw error;
    });
    parser.write(xml).close();
  } catch (cause) {
    throw new FluxError('bucket_refused', `the bucket's answer is no listing: ${messageOf(cause)}`, { cause });
  }
  if (!isListing)
    throw new FluxError('bucket_refused', 'the answer is no S3 listing; check the endpoint in FLUX_BUCKET');
  const hidden = (name: string): boolean =>
    name.split('/').some((part) => part.startsWith('.')) || name.endsWith('.tmp');
  return { files: files.filter((file) => !hidden(file.name)), next };
}
