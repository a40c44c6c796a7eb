import fs from 'node:fs/promises';
import type http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { type Command, Option } from 'commander';
import { makePublicServer, openPublicFiles } from '#http/public_files.ts';
import { FluxError } from '#model/errors.ts';
import { type Config, readConfig } from '../config.ts';
import { checkPort, listen } from '../listen.ts';

export function publicCommands(program: Command, dataOption: () => Option): void {
  const publicPages = program.command('public').description('the public pages: serve');
  publicPages
    .command('serve')
    .description('serve the finished public pages from their folder; needs no store and no running center')
    .addOption(
      new Option('--dir <folder>', 'folder of the pages (default: public in the data folder, or FLUX_PUBLIC_FOLDER)'),
    )
    .addOption(dataOption())
    .option('--port <number>', 'port to listen on, 0 = any free one (default: 8080)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .action(async (flags: { dir?: string; data?: string; port?: string; host?: string }) => {
      const { config } = readConfig(
        { dataFolder: flags.data, publicFolder: flags.dir, port: flags.port, host: flags.host },
        process.env,
      );
      await runPublic(config);
    });
}

/** Serves the folder until a signal comes. A folder that is not there yet is waited for: the center makes it. */
export async function runPublic(config: Config): Promise<void> {
  const { folder } = config.publicFace;
  await checkPort(config);
  const stat = await fs.stat(path.dirname(folder)).catch(() => undefined);
  if (!stat?.isDirectory())
    throw new FluxError(
      'no_such_folder',
      `${path.dirname(folder)} is no folder; give the folder of the pages with --dir`,
    );
  const files = await openPublicFiles(folder);
  const server: http.Server = makePublicServer(files);
  await listen(
    {
      listen: ({ host, port }) =>
        new Promise((resolve, reject) => {
          server.once('error', reject);
          server.listen(port, host, () => resolve(''));
        }),
    },
    config,
  );
  const { port } = server.address() as AddressInfo;
  const host = config.host === '127.0.0.1' ? 'localhost' : config.host.includes(':') ? `[${config.host}]` : config.host;
  const stop = (): void => {
    files.stop();
    server.close(() => process.exit(0));
    server.closeAllConnections();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const age = files.ageS();
  process.stdout.write(
    [
      `The public pages are at http://${host}:${port}/public/`,
      `  folder    ${folder}`,
      `  as of     ${age === undefined ? 'nothing yet: waiting for a center to write there' : `${Math.round(age)} s ago`}`,
      '  Ctrl+C stops it.',
      '',
    ].join('\n'),
  );
}
