/** A reader of `GET /api/stream`: events as they come, and its end. */
import type { StreamMessages } from '#model/api/live.ts';
import { type RunningCenter, until } from '../running_center.ts';

export interface PushEvent<Name extends keyof StreamMessages = keyof StreamMessages> {
  id: string | undefined;
  name: Name;
  data: StreamMessages[Name];
}

export interface PushReader {
  events: PushEvent[];
  status: number;
  /** the first event from `from` on that fits */
  next<Name extends keyof StreamMessages>(
    name: Name,
    fits?: (data: StreamMessages[Name]) => boolean,
    from?: number,
  ): Promise<PushEvent<Name>>;
  /** id of the last snapshot or delta */
  lastId(): string;
  close(): Promise<void>;
}

export async function readStream(
  center: Pick<RunningCenter, 'url' | 'token'>,
  options: { token?: string; lastEventId?: string } = {},
): Promise<PushReader> {
  const stopping = new AbortController();
  const response = await fetch(`${center.url}/api/stream`, {
    headers: {
      authorization: `Bearer ${options.token ?? center.token}`,
      ...(options.lastEventId ? { 'last-event-id': options.lastEventId } : {}),
    },
    signal: stopping.signal,
  });
  const events: PushEvent[] = [];
  const reading = (async () => {
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) {
        const fields = Object.fromEntries(
          block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        );
        if (fields.event)
          events.push({ id: fields.id, name: fields.event as keyof StreamMessages, data: JSON.parse(fields.data) });
      }
    }
  })().catch(() => undefined);
  return {
    events,
    status: response.status,
    next: (name, fits = () => true, from = 0) =>
      until(
        `a ${name} on the stream`,
        () => events.slice(from).find((event) => event.name === name && fits(event.data as never)) as never,
      ),
    lastId: () => events.findLast((event) => event.id !== undefined)!.id!,
    close: async () => {
      stopping.abort();
      await reading;
    },
  };
}
