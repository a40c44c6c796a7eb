/** The one place that turns errors into answers; internal ones are logged with an id and hidden behind it. */
import { randomUUID } from 'node:crypto';
import type { FastifyError } from 'fastify';
import { reasonPattern, reasonRule } from '#model/api/common.ts';
import { FluxError } from '#model/errors.ts';
import { escapedHtml } from '#model/html.ts';

const statusOf: Record<string, number> = {
  bad_request: 400,
  not_signed_in: 401,
  wrong_credentials: 401,
  link_expired: 401,
  forbidden: 403,
  foreign_area: 403,
  cross_site: 403,
  not_found: 404,
  unknown_asset: 404,
  unknown_area: 404,
  unknown_meter: 404,
  unknown_outage: 404,
  unknown_account: 404,
  unknown_address: 404,
  old_version: 404,
  not_switchable: 409,
  invalid_transition: 409,
  outage_changed: 409,
  bad_merge: 409,
  bad_split: 409,
  bad_part: 409,
  bad_move: 409,
  already_there: 409,
  nothing_below: 409,
  conflict: 409,
  too_large: 413,
  too_many_requests: 429,
  overloaded: 503,
  not_ready: 503,
  disk_full: 503,
  disk_read_only: 503,
  segment_write_failed: 503,
  columnar_engine_lost: 503,
  columnar_deadline: 504,
  fenced: 503,
};

export interface ErrorAnswer {
  status: number;
  body: { error: { code: string; message: string; can_retry: boolean; details?: Record<string, unknown> } };
  /** true where a person must look at it */
  internal: boolean;
}

export function answerOf(error: unknown): ErrorAnswer {
  if (error instanceof FluxError && statusOf[error.code]) {
    const details = Object.keys(error.details).length > 0 ? { details: error.details } : {};
    return {
      status: statusOf[error.code],
      internal: false,
      body: { error: { code: error.code, message: error.message, can_retry: error.canRetry, ...details } },
    };
  }
  const known = frameworkError(error as FastifyError);
  if (known) return { ...known, internal: false };
  if (isStoreLost(error)) {
    return {
      status: 503,
      internal: true,
      body: {
        error: {
          code: 'store_unavailable',
          message: 'the operational store does not answer; the request was not carried out, try again in a moment',
          can_retry: true,
        },
      },
    };
  }
  const id = randomUUID();
  return {
    status: 500,
    internal: true,
    body: {
      error: {
        code: 'internal',
        message: `an internal error occurred; it is logged as ${id}`,
        can_retry: false,
        details: { id },
      },
    },
  };
}

/** The same for a person who follows a link: without style, so that it needs nothing else. */
export function errorPage(message: string): string {
  const text = escapedHtml(message);
  const words = `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>Not now</title><p>${words}</p><p><a href="/public/">Outage map / Mapa de cortes</a></p></html>\n`;
}

/** Errors of the HTTP framework: parsing, validation, size, rate. */
function frameworkError(error: FastifyError): Omit<ErrorAnswer, 'internal'> | undefined {
  const answer = (status: number, code: string, message: string, canRetry = false) => ({
    status,
    body: { error: { code, message, can_retry: canRetry } },
  });
  if (error.validation) return answer(400, 'bad_request', validationMessage(error));
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return answer(413, 'too_large', 'the body is larger than this address takes; send it in several requests');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return answer(415, 'bad_request', 'send application/json');
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return answer(400, 'bad_request', 'the body is empty; send JSON');
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return answer(400, 'bad_request', `the body is not JSON: ${error.message}`);
    case 'FST_UNDER_PRESSURE':
      return answer(503, 'overloaded', 'the server is busy; try again in a second', true);
  }
  if (error instanceof SyntaxError && error.statusCode === 400)
    return answer(400, 'bad_request', `the body is not JSON: ${error.message}`);
  if (error.statusCode === 429) return answer(429, 'too_many_requests', error.message, true);
  if (error.statusCode && error.statusCode >= 400 && error.statusCode < 500)
    return answer(error.statusCode, 'bad_request', error.message);
  return undefined;
}

function validationMessage(error: FastifyError): string {
  const first = error.validation?.[0];
  const where = `${error.validationContext ?? 'request'}${first?.instancePath?.replaceAll('/', '.') ?? ''}`;
  // a pattern tells a person nothing
  if (first?.params.pattern === reasonPattern) return `${where} must say why: ${reasonRule}`;
  return `${where} ${first?.message ?? 'is not valid'}`;
}

/** PostgreSQL is down, restarting, or cut the connection: 57P0x, 08xxx and socket errors. */
function isStoreLost(error: unknown): boolean {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return (
    /^(57P0|08)/.test(code) ||
    ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE'].includes(code) ||
    /Connection terminated|not queryable|timeout exceeded when trying to connect/.test(message)
  );
}
