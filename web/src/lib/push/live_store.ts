import { create } from 'zustand';
import type { Crew } from '#model/api/crews.ts';
import type { Outage } from '#model/api/outages.ts';
import { applyDelta, applySnapshot, type LiveFacts, newerCrew, noFacts, withOutages } from './apply.ts';
import { type Connection, type ConnectionEvent, connectionTable, silenceEvent } from './connection.ts';
import { EdgeStatusStore } from './edge_status.ts';
import { followStream, type StreamEvent } from './event_stream.ts';

interface Live extends LiveFacts {
  connection: Connection;
  /** performance.now() of the newest message */
  heardAtMs: number;
  /** server clock minus browser clock: ages are told by the server's clock */
  clockOffsetMs: number;
  /** snapshots so far: what the stream does not hold whole is read anew with each */
  begun: number;
  /** the server said no: the session may have ended */
  refused: number;
  /** why the server closed the stream, where it said so */
  bye: string | null;
}

export const edgeStatus = new EdgeStatusStore();

export const useLive = create<Live>(() => ({
  ...noFacts,
  connection: 'connecting',
  heardAtMs: performance.now(),
  clockOffsetMs: 0,
  begun: 0,
  refused: 0,
  bye: null,
}));

function move(event: ConnectionEvent): void {
  const { connection } = useLive.getState();
  const next = connectionTable[connection][event];
  if (next !== connection) useLive.setState({ connection: next });
}

function onEvent(event: StreamEvent): void {
  if (event.name === 'failed') {
    move('failed');
    if (event.refused) useLive.setState((live) => ({ refused: live.refused + 1 }));
    return;
  }
  const live = useLive.getState();
  const heard = { heardAtMs: performance.now() };
  if (event.name === 'snapshot') {
    edgeStatus.reset(event.data.edges);
    const begun = live.begun + 1;
    useLive.setState({
      ...applySnapshot(event.data),
      ...heard,
      clockOffsetMs: offsetOf(event.data.at),
      begun,
      bye: null,
    });
  } else if (event.name === 'delta') {
    const facts = applyDelta(live, event.data);
    if (facts !== live && event.data.edges) edgeStatus.apply(event.data.edges);
    useLive.setState({ ...facts, ...heard });
  } else if (event.name === 'network') {
    useLive.setState({ ...heard, networkVersion: event.data.version });
  } else if (event.name === 'bye') {
    useLive.setState({ bye: event.data.reason });
    move('failed');
    return;
  } else {
    useLive.setState({ ...heard, clockOffsetMs: offsetOf(event.data.at) });
  }
  move('message');
}

const offsetOf = (at: string): number => Date.parse(at) - Date.now();

/** The answer to an order is known before the push tells of it: what is decided next is decided on that. */
export function learnOutage(outage: Outage): void {
  useLive.setState((live) => ({ outages: withOutages(live.outages, [outage]) }));
}

export function learnCrew(crew: Crew): void {
  useLive.setState((live) => ({ crews: new Map(live.crews).set(crew.id, newerCrew(live.crews.get(crew.id), crew)) }));
}

/** Joins the browser's one stream (or opens an own one where there are no shared workers). @returns end of it */
export function startLive(): () => void {
  useLive.setState({ connection: 'connecting', heardAtMs: performance.now() });
  const timer = window.setInterval(() => {
    const event = silenceEvent(performance.now() - useLive.getState().heardAtMs);
    if (event) move(event);
  }, 1000);
  const leave = join();
  return () => {
    window.clearInterval(timer);
    leave();
  };
}

/** After a sign-in: the shared stream of other windows must be the new user's, not the one before. */
export function restartSharedStream(): void {
  if (typeof SharedWorker === 'undefined') return;
  const { port } = openShared();
  port.postMessage('restart');
  port.postMessage('leave');
}

function openShared(): SharedWorker {
  return new SharedWorker(new URL('./stream_worker.ts', import.meta.url), { type: 'module', name: 'flux' });
}

function join(): () => void {
  if (typeof SharedWorker === 'undefined') return followStream(onEvent);
  const worker = openShared();
  worker.port.onmessage = (event: MessageEvent<StreamEvent>) => onEvent(event.data);
  worker.port.start();
  const leave = () => worker.port.postMessage('leave');
  window.addEventListener('pagehide', leave);
  return () => {
    window.removeEventListener('pagehide', leave);
    leave();
  };
}
