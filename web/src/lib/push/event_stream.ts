import type { StreamMessages } from '#model/api/live.ts';
import { retryDelayMs } from './connection.ts';

export type StreamEvent =
  | { [K in keyof StreamMessages]: { name: K; data: StreamMessages[K] } }[keyof StreamMessages]
  /** the stream broke; `refused` where the server said no (HTTP status), so that the session is worth checking */
  | { name: 'failed'; refused: boolean };

const names = ['snapshot', 'delta', 'beat', 'network', 'bye'] as const satisfies (keyof StreamMessages)[];

/**
 * Follows `GET /api/stream`. The browser resumes a dropped stream by Last-Event-ID itself; a refused one is closed by
 * the browser for good and is opened anew here after a growing pause.
 * @returns function that ends it
 */
export function followStream(onEvent: (event: StreamEvent) => void): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let ended = false;

  const open = (): void => {
    source = new EventSource('/api/stream');
    for (const name of names) {
      source.addEventListener(name, (event) => {
        attempt = 0;
        onEvent({ name, data: JSON.parse((event as MessageEvent<string>).data) } as StreamEvent);
      });
    }
    source.onerror = () => {
      const refused = source?.readyState === EventSource.CLOSED;
      onEvent({ name: 'failed', refused });
      if (!refused || ended) return;
      clearTimeout(timer);
      timer = setTimeout(open, retryDelayMs(attempt++, Math.random()));
    };
  };
  open();
  return () => {
    ended = true;
    clearTimeout(timer);
    source?.close();
  };
}
