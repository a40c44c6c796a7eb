/**
 * One push stream (Server-Sent Events): a snapshot at a position, then deltas at most 20 times a second. A subscriber
 * that comes back with its position gets what it missed, or a new snapshot. One that does not read is closed: it would
 * cost memory and show the past.
 */
import { randomBytes } from 'node:crypto';
import { channel } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import type { StreamDelta, StreamMessages, StreamSnapshot } from '#model/api/live.ts';
import { seesArea } from '#model/route.ts';

export type Change = Omit<StreamDelta, 'position' | 'at' | 'edges'> & { edgeRows?: Iterable<number> };

export interface HubOptions {
  /** the whole state now; the hub adds position and time */
  snapshot: () => Omit<StreamSnapshot, 'position' | 'at'>;
  /** packs the present status of edge rows */
  packEdges: (rows: number[]) => string;
  flushMs?: number;
  beatMs?: number;
  /** deltas kept for those who come back */
  ringSize?: number;
  /** bytes a subscriber may be behind */
  maxBehindBytes?: number;
}

interface Subscriber {
  response: ServerResponse;
  areas: readonly string[] | null;
}

export interface Hub {
  publish(change: Change): void;
  /** Takes over the response. @param lastEventId what the client saw last */
  subscribe(response: ServerResponse, areas: readonly string[] | null, lastEventId?: string): void;
  announceNetwork(version: string): void;
  subscribers(): number;
  position(): number;
  close(): void;
}

const sent = channel('flux:push.sent');
const closedSlow = channel('flux:push.closed_slow');

export function makeHub(options: HubOptions): Hub {
  const { flushMs = 50, beatMs = 1000, ringSize = 1200, maxBehindBytes = 4 * 1024 * 1024 } = options;
  // Positions start again with the process; the boot mark keeps an old position from being taken for a new one.
  const boot = randomBytes(4).toString('hex');
  const subscribers = new Set<Subscriber>();
  const ring: StreamDelta[] = [];
  let position = 0;
  let pending: StreamDelta | undefined;
  let pendingEdges: Set<number> | undefined;
  let flushTimer: NodeJS.Timeout | undefined;
  let lastSentMs = 0;

  function write<Name extends keyof StreamMessages>(
    subscriber: Subscriber,
    name: Name,
    message: StreamMessages[Name],
    text = JSON.stringify(message),
  ): void {
    const id = name === 'snapshot' || name === 'delta' ? `id: ${boot}-${position}\n` : '';
    subscriber.response.write(`${id}event: ${name}\ndata: ${text}\n\n`);
    if (subscriber.response.writableLength > maxBehindBytes) {
      closedSlow.publish({});
      end(subscriber, 'this connection reads too slowly; it is closed and may come back');
    }
  }

  function end(subscriber: Subscriber, reason: string): void {
    if (!subscribers.delete(subscriber)) return;
    subscriber.response.end(`event: bye\ndata: ${JSON.stringify({ reason })}\n\n`);
    // A peer that does not read never drains: its buffers are ours until it is destroyed.
    setTimeout(() => subscriber.response.destroy(), 2000).unref();
  }

  function scoped(delta: StreamDelta, areas: readonly string[] | null): StreamDelta {
    if (areas === null) return delta;
    return {
      ...delta,
      outages: delta.outages?.filter((outage) => seesArea(areas, outage.area_id)),
      alarms: delta.alarms?.filter((alarm) => seesArea(areas, alarm.area_id)),
      crews: delta.crews?.filter((crew) => seesArea(areas, crew.area_id)),
      notes: delta.notes?.filter((note) => seesArea(areas, note.area_id ?? null)),
    };
  }

  function sendSnapshot(subscriber: Subscriber): void {
    flush();
    const state = options.snapshot();
    const { areas } = subscriber;
    write(subscriber, 'snapshot', {
      ...state,
      outages: state.outages.filter((outage) => seesArea(areas, outage.area_id)),
      alarms: state.alarms.filter((alarm) => seesArea(areas, alarm.area_id)),
      notes: state.notes.filter((note) => seesArea(areas, note.area_id ?? null)),
      position,
      at: new Date().toISOString(),
    });
  }

  function flush(): void {
    clearTimeout(flushTimer);
    flushTimer = undefined;
    if (!pending) return;
    const delta = pending;
    if (pendingEdges) delta.edges = options.packEdges([...pendingEdges]);
    pending = undefined;
    pendingEdges = undefined;
    delta.position = ++position;
    delta.at = new Date().toISOString();
    ring.push(delta);
    if (ring.length > ringSize) ring.shift();
    lastSentMs = performance.now();
    const whole = JSON.stringify(delta);
    for (const subscriber of subscribers) {
      if (subscriber.areas === null) write(subscriber, 'delta', delta, whole);
      else write(subscriber, 'delta', scoped(delta, subscriber.areas));
    }
    sent.publish({ subscribers: subscribers.size, bytes: whole.length });
  }

  const beat = setInterval(() => {
    if (performance.now() - lastSentMs < beatMs) return;
    for (const subscriber of subscribers) write(subscriber, 'beat', { at: new Date().toISOString(), position });
  }, beatMs);
  beat.unref();

  return {
    publish: ({ edgeRows, ...change }) => {
      pending ??= { position: 0, at: '' };
      if (change.kpi) pending.kpi = change.kpi;
      if (change.outages) pending.outages = latest([...(pending.outages ?? []), ...change.outages]);
      if (change.alarms) pending.alarms = latest([...(pending.alarms ?? []), ...change.alarms]);
      if (change.crews) pending.crews = latest([...(pending.crews ?? []), ...change.crews]);
      if (change.notes) pending.notes = [...(pending.notes ?? []), ...change.notes];
      if (edgeRows) {
        pendingEdges ??= new Set();
        for (const row of edgeRows) pendingEdges.add(row);
      }
      flushTimer ??= setTimeout(flush, flushMs);
    },
    subscribe: (response, areas, lastEventId) => {
      const subscriber = { response, areas };
      response.on('close', () => subscribers.delete(subscriber));
      response.write('retry: 1000\n\n');
      const [mark, at] = lastEventId?.split('-') ?? [];
      const missed = mark === boot ? position - Number(at) : Number.NaN;
      if (missed >= 0 && missed <= ring.length) {
        for (const delta of ring.slice(ring.length - missed)) {
          response.write(
            `id: ${boot}-${delta.position}\nevent: delta\ndata: ${JSON.stringify(scoped(delta, areas))}\n\n`,
          );
        }
      } else sendSnapshot(subscriber);
      subscribers.add(subscriber);
    },
    announceNetwork: (version) => {
      flush();
      // Edge rows may mean other edges now: nothing before this moment can be resumed, not even by who had seen it all.
      ring.length = 0;
      position++;
      for (const subscriber of subscribers) {
        write(subscriber, 'network', { version });
        sendSnapshot(subscriber);
      }
    },
    subscribers: () => subscribers.size,
    position: () => position,
    close: () => {
      clearInterval(beat);
      flush();
      for (const subscriber of subscribers) end(subscriber, 'the server is going down');
    },
  };
}

/** The last row of each id, in the order of first appearance. */
function latest<Row extends { id: string }>(rows: Row[]): Row[] {
  return [...new Map(rows.map((row) => [row.id, row])).values()];
}
