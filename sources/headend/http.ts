/**
 * A head-end behind HTTP. One request asks: POST {"meters": ["MTR-1", ...], "deadline": "2026-07-04T12:00:30Z"}; the
 * answer is lines of JSON as they come, {"meter": "MTR-1", "power": "on" | "off", "at": "..."} each. A few lines in front
 * of MultiSpeak or IEC 61968-9 speak this.
 */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { FluxError, messageOf } from '#model/errors.ts';
import type { HeadEnd, PingAnswer } from '#model/headend.ts';

export interface HttpHeadEndOptions {
  url: string;
  capPerRequest: number;
  idOf: (meter: number) => string;
  rowOf: (id: string) => number;
  now: () => number;
  /** a line that is no answer, or of a meter that was not asked */
  odd: (line: string, why: string) => void;
}

export function httpHeadEnd(options: HttpHeadEndOptions): HeadEnd {
  const { host } = new URL(options.url);
  return {
    name: `head-end at ${host}`,
    capPerRequest: options.capPerRequest,
    async *ping(meters, deadlineMs, signal) {
      const unavailable = (why: string, cause?: unknown): FluxError =>
        new FluxError('headend_unavailable', `the head-end at ${host} can not be asked: ${why}`, {
          cause,
          canRetry: true,
        });
      const asked = new Set(meters);
      const untilDeadline = AbortSignal.timeout(Math.max(1, deadlineMs - options.now()));
      const ended = AbortSignal.any([signal, untilDeadline]);
      let response: Response;
      try {
        response = await fetch(options.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: 'application/x-ndjson' },
          body: JSON.stringify({ meters: meters.map(options.idOf), deadline: new Date(deadlineMs).toISOString() }),
          signal: ended,
          redirect: 'error',
        });
      } catch (cause) {
        throw unavailable(untilDeadline.aborted ? 'no answer until the deadline' : messageOf(cause), cause);
      }
      if (!response.ok || response.body === null) {
        await response.body?.cancel();
        const code = response.status === 413 || response.status === 400 ? 'headend_refused' : 'headend_unavailable';
        throw new FluxError(code, `the head-end at ${host} answered ${response.status} ${response.statusText}`.trim());
      }
      const lines = createInterface({ input: Readable.fromWeb(response.body as ReadableStream), crlfDelay: Infinity });
      try {
        for await (const line of lines) {
          if (line.trim() === '') continue;
          const answer = answerIn(line, options, asked);
          if (answer) yield [answer];
        }
      } catch (cause) {
        // What came until the deadline counts; a connection that breaks before is trouble.
        if (!ended.aborted) throw unavailable(messageOf(cause), cause);
      } finally {
        lines.close();
      }
    },
  };
}

function answerIn(line: string, options: HttpHeadEndOptions, asked: Set<number>): PingAnswer | undefined {
  let fields: { meter?: unknown; power?: unknown; at?: unknown };
  try {
    fields = JSON.parse(line) as typeof fields;
  } catch {
    options.odd(line, 'it is not JSON');
    return undefined;
  }
  const { meter, power, at } = fields ?? {};
  const row = typeof meter === 'string' ? options.rowOf(meter) : -1;
  const atMs = at === undefined ? options.now() : Date.parse(String(at));
  if (!asked.delete(row)) options.odd(line, 'this meter was not asked, or has answered already');
  else if (power !== 'on' && power !== 'off') options.odd(line, 'power must be "on" or "off"');
  else if (Number.isNaN(atMs)) options.odd(line, 'at is no time');
  else return { meter: row, isLit: power === 'on', atMs };
  return undefined;
}
