/** A TCP proxy that cuts: what passes is the broker's, until it breaks off in the middle of a frame. */
import net from 'node:net';

export interface CuttingProxy {
  port: number;
  /** Lets this many more bytes of answers pass on each connection, then destroys it. */
  cutAfter(bytes: number): void;
  cuts(): number;
  close(): Promise<void>;
}

/** @param target port of the broker, asked for at each connection */
export async function startProxy(target: () => number): Promise<CuttingProxy> {
  let left = Number.POSITIVE_INFINITY;
  let cuts = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const broker = net.connect(target(), '127.0.0.1');
    const end = (): void => {
      client.destroy();
      broker.destroy();
    };
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    client.pipe(broker);
    broker.on('data', (chunk: Buffer) => {
      if (chunk.length < left) {
        left -= chunk.length;
        client.write(chunk);
        return;
      }
      // the rest of the chunk never comes
      client.write(chunk.subarray(0, left), () => {
        for (const socket of sockets) socket.destroy();
      });
      left = Number.POSITIVE_INFINITY;
      cuts++;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    cutAfter: (bytes) => {
      left = bytes;
    },
    cuts: () => cuts,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
