import type { FastifyRequest } from 'fastify';
import { FluxError } from '#model/errors.ts';
import type { RouteDeclaration } from '#model/route.ts';

/**
 * Text with a NUL or half a character is refused before anything acts on it: PostgreSQL takes neither, and what has been
 * done in memory by then could never become durable.
 */
export function refuseUnstorableText(routes: readonly RouteDeclaration[]): (request: FastifyRequest) => Promise<void> {
  const recordDoors = new Set(routes.filter((route) => route.takesRecords).map((route) => route.path));
  return async ({ params, query, body, routeOptions }) => {
    // a stack, not recursion: a body may be as deep as it is long
    const left: unknown[] = [params, query, recordDoors.has(routeOptions.url ?? '') ? null : body];
    while (left.length > 0) {
      const given = left.pop();
      if (typeof given === 'string') {
        if (given.includes('\0') || !given.isWellFormed())
          throw new FluxError(
            'bad_request',
            'a text holds a NUL or half a character, which can not be kept; leave it out',
          );
      } else if (typeof given === 'object' && given !== null) left.push(...Object.keys(given), ...Object.values(given));
    }
  };
}
