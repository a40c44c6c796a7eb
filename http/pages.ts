/** What is no API: the public pages and the built web app. */
import fs from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import type { PublicFiles } from '#http/public_files.ts';

export function servePublic(app: FastifyInstance, files: PublicFiles): void {
  app.get('/public', { schema: { hide: true } }, async (_request, reply) => reply.redirect('/public/'));
  app.get('/public/*', { schema: { hide: true } }, async (request, reply) => {
    const { '*': name } = request.params as { '*': string };
    const tag = request.headers['if-none-match'];
    const { status, headers, body } = files.answer(name, String(request.headers['accept-encoding'] ?? ''), tag);
    return reply.code(status).headers(headers).send(body);
  });
}

export async function serveWeb(app: FastifyInstance, folder: string): Promise<void> {
  if (!fs.existsSync(path.join(folder, 'index.html'))) {
    app.get('/', { schema: { hide: true } }, async (_request, reply) =>
      reply
        .type('text/plain')
        .code(503)
        .send('The web app is not built. Run `npm run build` (needs the development packages), then start again.\n'),
    );
    return;
  }
  await app.register(fastifyStatic, {
    root: folder,
    preCompressed: true,
    setHeaders: (response, file) => {
      response.header(
        'cache-control',
        file.includes(`${path.sep}assets${path.sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache',
      );
    },
  });
}
