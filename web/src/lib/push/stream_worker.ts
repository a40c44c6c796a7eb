/** One live stream for all windows of this browser: HTTP/1.1 allows six connections per origin, a window wall needs more. */
import { applyDelta, applySnapshot, noFacts, toSnapshot } from './apply.ts';
import { EdgeStatusStore } from './edge_status.ts';
import { followStream, type StreamEvent } from './event_stream.ts';

const ports = new Set<MessagePort>();
const edges = new EdgeStatusStore();
let facts = noFacts;
let end: (() => void) | null = null;

function onEvent(event: StreamEvent): void {
  if (event.name === 'snapshot') {
    facts = applySnapshot(event.data);
    edges.reset(event.data.edges);
  } else if (event.name === 'delta') {
    const next = applyDelta(facts, event.data);
    if (next === facts) return;
    facts = next;
    if (event.data.edges) edges.apply(event.data.edges);
  }
  for (const port of ports) port.postMessage(event);
}

function start(): void {
  end?.();
  facts = noFacts;
  end = followStream(onEvent);
}

(self as unknown as SharedWorkerGlobalScope).onconnect = (connect: MessageEvent) => {
  const port = connect.ports[0];
  ports.add(port);
  port.onmessage = (event: MessageEvent<'leave' | 'restart'>) => {
    if (event.data === 'restart') start();
    else ports.delete(port);
    if (ports.size === 0) {
      end?.();
      end = null;
    }
  };
  if (end === null) start();
  else {
    const data = toSnapshot(facts, edges.pack());
    if (data) port.postMessage({ name: 'snapshot', data } satisfies StreamEvent);
  }
};

interface SharedWorkerGlobalScope {
  onconnect: (event: MessageEvent) => void;
}
