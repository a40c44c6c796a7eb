/** The port a center listens on, and what is said where it is not to be had. */
import net from 'node:net';
import { FluxError } from '#model/errors.ts';
import type { Config } from './config.ts';

function portTaken(config: Config): FluxError {
  return new FluxError(
    'port_in_use',
    `port ${config.port} of ${config.host} is used by another program; stop it, or choose another with --port (0 = any free one)`,
  );
}

/** Before anything is made: a taken port is the commonest reason a start fails. */
export async function checkPort(config: Config): Promise<void> {
  const probe = net.createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') reject(portTaken(config));
      else
        reject(
          new FluxError('bad_address', `can not listen on ${config.host}:${config.port}: ${error.message}`, {
            cause: error,
          }),
        );
    });
    probe.listen(config.port, config.host, resolve);
  });
  await new Promise((resolve) => probe.close(resolve));
}

export async function listen(
  server: { listen(options: { host: string; port: number }): Promise<string> },
  config: Config,
): Promise<void> {
  await server.listen({ host: config.host, port: config.port }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EADDRINUSE' ? portTaken(config) : error;
  });
}
