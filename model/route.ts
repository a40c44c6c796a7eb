/**
 * How a capability declares a route. It says what may be asked, by whom, and which rows belong to which area; the frame
 * (http/) authenticates, checks, filters, caches, compresses, audits and maps errors. Nothing in services/ knows HTTP.
 */
import type { Role, Session } from '#model/api/common.ts';

export interface RouteRequest {
  params: Record<string, string>;
  /** validated and converted by the route's schema */
  query: Record<string, unknown>;
  body: unknown;
  session: Session;
  /** aborts when the client has gone */
  signal: AbortSignal;
}

/** JSON of many records: read only where somebody needs objects. */
export interface RecordsBody {
  bytes: Uint8Array;
  /** @throws what an unreadable body is answered with */
  read(): unknown;
}

/** An answer that is bytes already. */
export interface BinaryAnswer {
  bytes: Uint8Array;
  contentType: string;
  /** set where the bytes are compressed already */
  contentEncoding?: 'br';
}

export function isBinaryAnswer(answer: unknown): answer is BinaryAnswer {
  return typeof answer === 'object' && answer !== null && (answer as BinaryAnswer).bytes instanceof Uint8Array;
}

/** Which part of the answer the areas of responsibility of a session let through. */
export type RouteScope =
  /** no operational data */
  | { kind: 'none' }
  /** totals and reference data that every signed-in user may see */
  | { kind: 'territory' }
  /** the asset a request names lies in this area; null = nowhere in particular; a foreign area answers 403 */
  | { kind: 'asset'; areaOf: (request: RouteRequest) => string | null | Promise<string | null> }
  /** rows of the answer; those of foreign areas are left out */
  | { kind: 'rows'; areaOf: (row: never) => string | null };

/** A JSON Schema (TypeBox builds them); the frame validates with it and publishes it. */
export type Schema = object;

export interface RouteDeclaration {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  /** one line for the API page */
  summary: string;
  /** weakest role that may call it; `public` needs no sign-in */
  role: Role | 'public';
  scope: RouteScope;
  /** seconds a private cache may keep the answer; `immutable` for addresses that carry a version */
  cacheSeconds?: number | 'immutable';
  params?: Schema;
  query?: Schema;
  body?: Schema;
  /** of a JSON answer with status 200 */
  response?: Schema;
  /** most bytes of a request body; 1 MiB unless said */
  maxBodyBytes?: number;
  /** true: the body is a `RecordsBody`, and the handler judges each record; `body` only describes it */
  takesRecords?: boolean;
  /** most calls of one client (its address) in a span; more answer 429 */
  limit?: { calls: number; seconds: number };
  /** true: each call is written to the audit log with its outcome */
  audited?: boolean;
  handle: (request: RouteRequest) => unknown;
  /** makes another form of what `handle` gave, after the rows of foreign areas are left out */
  render?: (answer: unknown) => unknown;
}

/** Of the areas of everything a request touches, the one that decides: the first foreign one. */
export function decidingArea(areas: readonly string[] | null, touched: readonly (string | null)[]): string | null {
  return touched.find((area) => !seesArea(areas, area)) ?? touched[0] ?? null;
}

/** May a session with these areas see something of this area? */
export function seesArea(areas: readonly string[] | null, area: string | null): boolean {
  return areas === null || area === null || areas.includes(area);
}
