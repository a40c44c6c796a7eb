/** The door of a running center: sent until it is taken; what a crash sends again the center knows for a repeat. */
import { FluxError } from '#model/errors.ts';
import { eventRecord, readingRecord } from './records.ts';
import type { RunTarget, TargetNeeds } from './targets.ts';

const recordsPerRequest = 5000;
const patienceS = 60;

export async function httpTarget({ network, url = 'http://localhost:8080', token }: TargetNeeds): Promise<RunTarget> {
  const headers = {
    'content-type': 'application/json',
    ...(token ? { authorization: `Bearer ${token}` } : {}),
  };
  const send = async (address: string, records: object[]): Promise<number> => {
    let bytes = 0;
    for (let at = 0; at < records.length; at += recordsPerRequest)
      bytes += await post(`${url}${address}`, headers, JSON.stringify(records.slice(at, at + recordsPerRequest)));
    return bytes;
  };
  return {
    pieceRows: recordsPerRequest,
    take: async ({ readings, events }, save) => {
      const records = Array.from({ length: readings.count }, (_, i) => readingRecord(readings, i, network));
      const bytes =
        (await send('/api/readings', records)) +
        (await send(
          '/api/events',
          events.map((event) => eventRecord(event, network)),
        ));
      await save(bytes);
      return bytes;
    },
    end: async () => undefined,
  };
}

/** Sends until it is taken: `overloaded` and lost connections are waited out for a minute. */
async function post(url: string, headers: Record<string, string>, body: string): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(url, { method: 'POST', headers, body }).catch((cause: unknown) => {
      if (attempt >= patienceS)
        throw new FluxError('unreachable', `${url} does not answer; is the center running there?`, { cause });
      return undefined;
    });
    if (response?.ok) return Buffer.byteLength(body);
    if (response && response.status !== 503)
      throw new FluxError('refused', `${url} answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
