import { decodeNetwork } from './decode.ts';
import type { DecodeReply, DecodeRequest } from './map_data.ts';

const post = (reply: DecodeReply, transfer: Transferable[] = []) => self.postMessage(reply, { transfer });

async function load({ version }: DecodeRequest): Promise<void> {
  const started = performance.now();
  const response = await fetch(`/api/map/${encodeURIComponent(version)}/network`);
  if (!response.ok || !response.body) {
    post({ type: 'error', status: response.status, message: `the network answered ${response.status}` });
    return;
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let toldAt = started;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (performance.now() - toldAt > 100) {
      toldAt = performance.now();
      post({ type: 'progress', bytes });
    }
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  const fetched = performance.now();
  const data = decodeNetwork(whole.buffer);
  const decodeMs = performance.now() - fetched;
  post({ type: 'data', data, bytes, fetchMs: fetched - started, decodeMs }, [
    data.segments.buffer as ArrayBuffer,
    data.segmentInfo.buffer as ArrayBuffer,
    data.symbols.buffer as ArrayBuffer,
    data.vertexStart.buffer as ArrayBuffer,
    data.edgeKind.buffer as ArrayBuffer,
    data.edgeFlags.buffer as ArrayBuffer,
    data.edgeFeeder.buffer as ArrayBuffer,
    data.index,
  ]);
}

self.onmessage = (event: MessageEvent<DecodeRequest>) => {
  load(event.data).catch((error: unknown) => {
    post({ type: 'error', status: 0, message: error instanceof Error ? error.message : String(error) });
  });
};
