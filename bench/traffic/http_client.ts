/** A plain HTTP client on kept-alive connections: little enough work that the server's share of the time is seen. */
import http from 'node:http';

export interface Answer {
  status: number;
  body: Buffer;
}

export interface Client {
  send(method: string, address: string, body?: string): Promise<Answer>;
  close(): void;
}

/** @param connections at most so many at once; further requests wait for one */
export function makeClient(url: string, connections: number, token?: string): Client {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
  const { port } = new URL(url);
  const authorization = token ? { authorization: `Bearer ${token}` } : {};
  return {
    send: (method, address, body) =>
      new Promise((resolve, reject) => {
        const content =
          body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
        const request = http.request(
          { host: '127.0.0.1', port, path: address, method, agent, headers: { ...authorization, ...content } },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
            response.on('error', reject);
          },
        );
        request.on('error', reject);
        request.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/**
 * Calls `work` at an even rate for a time, whatever its earlier calls are doing: a server that stalls meets all the
 * requests that come meanwhile.
 * @returns when all calls have ended
 */
export async function atRate(
  perSecond: number,
  seconds: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  const begin = performance.now();
  const count = Math.round(perSecond * seconds);
  const running: Promise<unknown>[] = [];
  for (let index = 0; index < count; ) {
    const waitMs = begin + (index * 1000) / perSecond - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    else running.push(work(index++));
  }
  await Promise.all(running);
}
