/** Reads GET /api/stream as a program does: Server-Sent Events over HTTP. */
import http from 'node:http';
import type { StreamDelta } from '#model/api/live.ts';

export interface DeltaReader {
  bytes(): number;
  close(): void;
}

/** @param onDelta with the moment its last byte came, epoch ms. Resolves when the snapshot is there. */
export function readDeltas(url: string, onDelta: (delta: StreamDelta, atMs: number) => void): Promise<DeltaReader> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let rest = '';
    const { port } = new URL(url);
    const request = http.get({ host: '127.0.0.1', port, path: '/api/stream', agent: false }, (response) => {
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        const atMs = performance.timeOrigin + performance.now();
        bytes += text.length;
        rest += text;
        for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
          const message = rest.slice(0, end);
          rest = rest.slice(end + 2);
          const name = /^event: (\w+)$/m.exec(message)?.[1];
          if (name === 'snapshot') resolve({ bytes: () => bytes, close: () => request.destroy() });
          if (name === 'delta')
            onDelta(JSON.parse(message.slice(message.indexOf('\ndata: ') + 7)) as StreamDelta, atMs);
        }
      });
    });
    request.on('error', reject);
  });
}
