/** What the OpenAPI document says beside the routes: errors, title, how to sign in. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { ApiError } from '#model/api/common.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** its errors are part of the document */
    tellsErrors?: boolean;
  }
}

export const documentOf = (version: string, cookieName: string): FastifyDynamicSwaggerOptions => ({
  // Errors are written by `sendError`: here they are only told. A serializer for two of each route would be built at
  // every start, a third of what the whole frame costs.
  transform: ({ schema, url, route }) => ({
    url,
    schema:
      route.config?.tellsErrors === true
        ? { ...schema, response: { ...(schema.response as object), '4xx': ApiError, '5xx': ApiError } }
        : schema,
  }),
  openapi: {
    info: {
      title: 'Flux Operations Center',
      version,
      description: 'Grid operations for electric distribution utilities.',
    },
    components: {
      securitySchemes: {
        cookie: { type: 'apiKey', in: 'cookie', name: cookieName },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
  },
});
