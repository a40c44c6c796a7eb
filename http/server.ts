/** The frame: one Fastify server from route declarations. It authenticates, scopes, audits, caches and compresses. */
import { createHash } from 'node:crypto';
import fastifyCompress from '@fastify/compress';
import fastifyCookie from '@fastify/cookie';
import fastifyRateLimit from '@fastify/rate-limit';
import fastifySwagger from '@fastify/swagger';
import fastifyUnderPressure from '@fastify/under-pressure';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { documentOf } from '#http/api_document.ts';
import { type ApiDocument, apiPage, apiPageStyle } from '#http/api_page.ts';
import { answerOf, errorPage } from '#http/errors.ts';
import type { Metrics } from '#http/metrics.ts';
import { servePublic, serveWeb } from '#http/pages.ts';
import type { PublicFiles } from '#http/public_files.ts';
import type { Hub } from '#http/push.ts';
import { clientOf, refuseCrossSite, refuseForeignHost, setSecurityHeaders } from '#http/security.ts';
import { refuseUnstorableText } from '#http/storable_text.ts';
import type { Access } from '#model/access.ts';
import type { Session } from '#model/api/common.ts';
import { roles } from '#model/api/common.ts';
import { FluxError } from '#model/errors.ts';
import { isBinaryAnswer, type RecordsBody, type RouteDeclaration, type RouteRequest, seesArea } from '#model/route.ts';

export interface ServerOptions {
  version: string;
  routes: RouteDeclaration[];
  access: Access;
  hub: Hub;
  metrics: Metrics;
  /** the session everyone has in `--open` mode */
  openSession?: Session;
  /** what there is; `store` and `network` must be there, the real-time answers do without the rest for a moment */
  isReady: () => Promise<{ store: boolean; network: boolean } & Record<string, boolean>>;
  /** folder of the built web app; the page says how to build it where it is missing */
  webFolder: string;
  logger: FastifyBaseLogger;
  /** cookies only over TLS */
  secureCookies: boolean;
  /** answered under /public/ */
  publicFiles?: PublicFiles;
  /** addresses whose X-Forwarded-For names the client that is limited */
  trustedProxies?: string;
}

const cookieName = 'flux_session';

declare module 'fastify' {
  interface FastifyRequest {
    /** set by `signedIn`, before the body is read */
    session: Session;
  }
}

/** Routes of the frame itself are declared with it; the page shows them too. */
export async function makeServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 1024 * 1024,
    forceCloseConnections: true,
    ...(options.trustedProxies ? { trustProxy: options.trustedProxies } : {}),
    routerOptions: { maxParamLength: 200 },
    ajv: { customOptions: { coerceTypes: true, removeAdditional: false, allErrors: false } },
  });
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    sendError(
      new FluxError('not_found', `there is nothing at ${request.method} ${request.url.split('?')[0]}; see /api/docs`),
      request,
      reply,
    ),
  );
  app.addHook('onRequest', async (request, reply) => {
    setSecurityHeaders(reply);
    reply.header('cache-control', 'no-store');
    refuseCrossSite(request);
    if (options.openSession) refuseForeignHost(request);
  });
  app.addHook('onResponse', async (request, reply) => {
    const bytes = Number(reply.getHeader('content-length') ?? 0);
    options.metrics.observeRequest(
      request.routeOptions.url ?? 'unknown',
      request.method,
      reply.statusCode,
      reply.elapsedTime / 1000,
      bytes,
    );
  });
  app.addHook('preHandler', refuseUnstorableText(options.routes));
  app.decorateRequest('session');
  await app.register(fastifyCookie);
  await app.register(fastifyCompress, {
    encodings: ['br', 'gzip'],
    threshold: 1400,
    brotliOptions: { params: { 1: 4 } },
  });
  await app.register(fastifyRateLimit, { global: false, keyGenerator: (request) => clientOf(request.ip) });
  await app.register(fastifyUnderPressure, { maxEventLoopDelay: 2000, exposeStatusRoute: false, message: 'busy' });
  await app.register(fastifySwagger, documentOf(options.version, cookieName));
  await app.register(async (scope) => frameRoutes(scope, options));
  for (const route of options.routes)
    if (route.takesRecords) await app.register(async (scope) => declareRecordDoor(scope, route, options));
    else declare(app, route, options);
  app.get('/api/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  app.get('/api/docs', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(apiPage(app.swagger() as ApiDocument)),
  );
  app.get('/api/docs/style.css', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/css; charset=utf-8').send(apiPageStyle),
  );
  if (options.publicFiles) servePublic(app, options.publicFiles);
  await serveWeb(app, options.webFolder);
  return app;
}

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, body, internal } = answerOf(error);
  if (internal) request.log.error({ err: error, details: body.error.details }, 'request failed');
  if (body.error.can_retry) reply.header('retry-after', '1');
  reply.code(status).header('cache-control', 'no-store');
  const isPage = request.url.startsWith('/restoration') && request.headers.accept?.includes('text/html');
  if (isPage) return void reply.type('text/html; charset=utf-8').send(errorPage(body.error.message));
  reply
    .type('application/json')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(body);
}

function tokenOf(request: FastifyRequest): string | undefined {
  const bearer = request.headers.authorization?.match(/^Bearer (.+)$/)?.[1];
  return bearer ?? request.cookies[cookieName];
}

async function sessionOf(request: FastifyRequest, options: ServerOptions): Promise<Session | undefined> {
  if (options.openSession) return options.openSession;
  const token = tokenOf(request);
  return token ? options.access.sessionOf(token) : undefined;
}

/** Nobody: what a public route gets as its session. */
const stranger: Session = {
  user: 'public',
  role: 'viewer',
  areas: [],
  open: false,
  must_change_password: false,
  utility_time_zone: 'UTC',
};

/** Before anything of the request is read or checked: a stranger learns nothing and costs nothing. */
function signedIn(role: RouteDeclaration['role'], options: ServerOptions) {
  return async (request: FastifyRequest): Promise<void> => {
    // What is public asks no store who is asking: it answers while the store is away.
    const session = role === 'public' ? stranger : await sessionOf(request, options);
    if (!session)
      throw new FluxError(
        'not_signed_in',
        'sign in first: open the page, or send a token as `Authorization: Bearer ...`',
      );
    if (role !== 'public' && roles.indexOf(session.role) < roles.indexOf(role)) {
      throw new FluxError(
        'forbidden',
        `${request.method} ${request.routeOptions.url} needs the role ${role}; ${session.user} is ${session.role}`,
      );
    }
    request.session = session;
  };
}

function declare(app: FastifyInstance, route: RouteDeclaration, options: ServerOptions): void {
  app.route({
    method: route.method,
    url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    bodyLimit: route.maxBodyBytes,
    config: {
      tellsErrors: true,
      ...(route.limit ? { rateLimit: { max: route.limit.calls, timeWindow: route.limit.seconds * 1000 } } : {}),
    },
    schema: {
      summary: route.summary,
      description: `Role: ${route.role}. Scope: ${route.scope.kind}.`,
      tags: [route.path.split('/').find((part) => part !== '' && part !== 'api') ?? 'api'],
      ...(route.params ? { params: route.params } : {}),
      ...(route.query ? { querystring: route.query } : {}),
      ...(route.body ? { body: route.body } : {}),
      response: route.response ? { 200: route.response } : {},
    } as never,
    onRequest: signedIn(route.role, options),
    handler: async (request, reply) => {
      const aborted = new AbortController();
      reply.raw.on('close', () => aborted.abort());
      const call: RouteRequest = {
        params: request.params as Record<string, string>,
        query: request.query as Record<string, unknown>,
        body: request.body,
        session: request.session,
        signal: aborted.signal,
      };
      const answer = route.audited ? await audited(route, call, options) : await scoped(route, call);
      return send(request, reply, route, route.render ? route.render(answer) : answer);
    },
  });
}

/** A route that takes records gets its body as bytes: each record is judged by itself, so nobody checks their form before. */
function declareRecordDoor(scope: FastifyInstance, route: RouteDeclaration, options: ServerOptions): void {
  const parse = scope.getDefaultJsonParser('error', 'error');
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    const body: RecordsBody = {
      bytes,
      read: () => {
        let read: unknown;
        void parse(request, bytes.toString(), (error, parsed) => {
          if (error) throw error;
          read = parsed;
        });
        return read;
      },
    };
    done(null, body);
  });
  scope.setValidatorCompiler(() => () => true);
  declare(scope, route, options);
}

/** Runs the handler inside the session's areas of responsibility. */
async function scoped(route: RouteDeclaration, call: RouteRequest): Promise<unknown> {
  const { scope } = route;
  if (scope.kind === 'asset') {
    const area = await scope.areaOf(call);
    if (!seesArea(call.session.areas, area)) {
      throw new FluxError(
        'foreign_area',
        `this belongs to area ${area}, which is not among yours (${call.session.areas?.join(', ') || 'none'})`,
      );
    }
  }
  const answer = await route.handle(call);
  if (scope.kind !== 'rows' || call.session.areas === null) return answer;
  const { areaOf } = scope;
  return (answer as never[]).filter((row) => seesArea(call.session.areas, areaOf(row)));
}

async function audited(route: RouteDeclaration, call: RouteRequest, options: ServerOptions): Promise<unknown> {
  const entry = {
    actor: call.session.user,
    action: `${route.method} ${route.path}`,
    subject: Object.values(call.params).join('/'),
  };
  const details = JSON.stringify(call.body ?? {}).length < 4000 ? { body: call.body ?? {} } : {};
  try {
    const answer = await scoped(route, call);
    await options.access.audit({ ...entry, outcome: 'done', details });
    return answer;
  } catch (error) {
    const code = error instanceof FluxError ? error.code : 'internal';
    await options.access.audit({ ...entry, outcome: code, details }).catch(() => undefined);
    throw error;
  }
}

function send(request: FastifyRequest, reply: FastifyReply, route: RouteDeclaration, answer: unknown): unknown {
  const { cacheSeconds } = route;
  if (cacheSeconds === 'immutable') reply.header('cache-control', 'private, max-age=31536000, immutable');
  else reply.header('cache-control', cacheSeconds ? `private, max-age=${cacheSeconds}` : 'no-store');
  if (!isBinaryAnswer(answer)) return answer;
  const etag = `"${createHash('sha256').update(answer.bytes).digest('base64url').slice(0, 22)}"`;
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  reply.header('etag', etag).type(answer.contentType);
  if (answer.contentEncoding) reply.header('content-encoding', answer.contentEncoding);
  return reply.send(Buffer.from(answer.bytes.buffer, answer.bytes.byteOffset, answer.bytes.byteLength));
}

async function frameRoutes(app: FastifyInstance, options: ServerOptions): Promise<void> {
  const { access, hub, metrics } = options;
  const tags = ['frame'];
  app.get('/api/health', { schema: { summary: 'the process is alive', tags } }, async () => ({
    status: 'ok',
    version: options.version,
  }));
  app.get('/api/ready', { schema: { summary: 'stores reachable, snapshot loaded', tags } }, async (_request, reply) => {
    const parts = await options.isReady();
    const ready = parts.store && parts.network;
    return reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ ready, ...parts });
  });
  const viewer = { onRequest: signedIn('viewer', options) };
  const engineer = { onRequest: signedIn('engineer', options) };
  app.get('/metrics', { ...engineer, schema: { summary: 'Prometheus metrics', tags } }, async (_request, reply) => {
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  const limited = { rateLimit: { max: 10, timeWindow: '1 minute' } };
  const keep = (reply: FastifyReply, token: string): FastifyReply =>
    reply.setCookie(cookieName, token, {
      path: '/',
      httpOnly: true,
      sameSite: 'strict',
      secure: options.secureCookies,
      maxAge: 12 * 3600,
    });
  const text = { type: 'string', minLength: 1, maxLength: 256 };
  const body = (required: string[], properties: object) => ({
    type: 'object',
    required,
    properties,
    additionalProperties: false,
  });
  app.get('/api/session', { ...viewer, schema: { summary: 'who am I', tags } }, async (request) => request.session);
  app.post(
    '/api/session',
    {
      config: limited,
      schema: { summary: 'sign in', tags, body: body(['user', 'password'], { user: text, password: text }) },
    },
    async (request, reply) => {
      const { user, password } = request.body as { user: string; password: string };
      const token = await access.signIn(user, password);
      return keep(reply, token).send(await access.sessionOf(token));
    },
  );
  app.post(
    '/api/session/link',
    {
      config: limited,
      schema: { summary: 'sign in with a one-time link', tags, body: body(['token'], { token: text }) },
    },
    async (request, reply) => {
      const token = await access.useLink((request.body as { token: string }).token);
      return keep(reply, token).send(await access.sessionOf(token));
    },
  );
  app.post(
    '/api/session/password',
    {
      ...viewer,
      config: limited,
      schema: {
        summary: 'change my password',
        tags,
        body: body(['next'], { current: text, next: { ...text, minLength: 12 } }),
      },
    },
    async (request) => {
      const { current, next } = request.body as { current?: string; next: string };
      await access.changePassword(request.session.user, current, next);
      return { changed: true };
    },
  );
  app.delete('/api/session', { schema: { summary: 'sign out', tags } }, async (request, reply) => {
    const token = tokenOf(request);
    if (token) await access.signOut(token);
    return reply.clearCookie(cookieName, { path: '/' }).send({ signed_out: true });
  });
  app.get(
    '/api/stream',
    { ...viewer, schema: { summary: 'live push: a snapshot, then deltas (Server-Sent Events)', tags } },
    async (request, reply) => {
      reply.hijack();
      const headers = {
        ...reply.getHeaders(),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      };
      reply.raw.writeHead(200, headers as Record<string, string>);
      const lastId = request.headers['last-event-id'] ?? (request.query as { position?: string }).position;
      hub.subscribe(reply.raw, request.session.areas, typeof lastId === 'string' ? lastId : undefined);
    },
  );
}
