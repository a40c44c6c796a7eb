import type { ApiError } from '#model/api/common.ts';

/** A request that did not succeed: what the server said, or that it could not be reached (status 0). */
export class ApiFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly canRetry: boolean;
  readonly details: Record<string, unknown>;

  constructor(status: number, code: string, message: string, canRetry: boolean, details: Record<string, unknown> = {}) {
    super(message);
    this.name = 'ApiFailure';
    this.status = status;
    this.code = code;
    this.canRetry = canRetry;
    this.details = details;
  }
}

const deadlineMs = 20_000;

/** JSON over the own origin with the session cookie. @throws ApiFailure */
export async function request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const deadline = AbortSignal.timeout(deadlineMs);
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiFailure(0, 'unreachable', 'The server does not answer. Check the connection and try again.', true);
  }
  if (!response.ok) throw await failureOf(response);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

/** The failure in an answer, whatever its body holds. */
export async function failureOf(response: Response): Promise<ApiFailure> {
  const fallback = `The server answered ${response.status} ${response.statusText}`.trim();
  try {
    const { error } = (await response.json()) as ApiError;
    return new ApiFailure(response.status, error.code, error.message, error.can_retry, error.details);
  } catch {
    return new ApiFailure(response.status, `http_${response.status}`, fallback, response.status >= 500);
  }
}
