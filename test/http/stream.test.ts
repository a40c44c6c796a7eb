/** The live stream: a snapshot at a position, then every delta once, also across a broken line. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Hub, makeHub } from '#http/push.ts';
import type { Alarm, Kpi, StreamDelta, StreamSnapshot } from '#model/api/live.ts';
import { unpackEdgeStatus } from '#model/map.ts';
import { type RunningCenter, startCenter, until } from '../running_center.ts';
import { type PushReader, readStream } from './event_stream.ts';

describe('stream of a center', () => {
  let center: RunningCenter;
  before(async () => {
    center = await startCenter({ meters: 500 });
  });
  after(() => center?.stop());

  const operate = async (id: string, operation: 'open' | 'close'): Promise<void> => {
    const { status } = await center.call('POST', `/api/network/switches/${id}`, {
      operation,
      reason: 'test of the stream',
    });
    assert.equal(status, 200);
  };

  test('what was missed comes once, in order; snapshot and deltas add up to the state', async () => {
    const whole = await readStream(center);
    const first = await readStream(center);
    await Promise.all([whole.next('snapshot'), first.next('snapshot')]);
    const { body: fuses } = await center.call<{ id: string }[]>('GET', '/api/network/search?q=FU-&limit=4');
    await operate(fuses[0].id, 'open');
    await first.next('delta', ({ outages }) => (outages ?? []).length > 0);
    const seen = first.lastId();
    await first.close();

    // nobody listens on that line now
    for (const { id } of fuses.slice(1)) await operate(id, 'open');
    await operate(fuses[0].id, 'close');
    await sleep(1500);
    const second = await readStream(center, { lastEventId: seen });
    await until('some deltas', () => second.events.length > 3);
    assert.ok(
      second.events.every(({ name }) => name !== 'snapshot'),
      'resumed, not begun again',
    );
    await Promise.all([first.close(), second.close()]);
    await whole.next('delta', ({ position }) => position >= positionsOf(second).at(-1)!);
    await whole.close();

    const joined = [...positionsOf(first), ...positionsOf(second)];
    assert.deepEqual(
      joined,
      Array.from({ length: joined.length }, (_, i) => joined[0] + i),
      'no gap, no repetition',
    );
    const same = (reader: PushReader) => reader.events.filter(({ name }) => name === 'delta').map(({ data }) => data);
    const missed = same(second) as StreamDelta[];
    const live = (same(whole) as StreamDelta[]).filter(
      ({ position }) => position >= missed[0].position && position <= missed.at(-1)!.position,
    );
    assert.deepEqual(missed, live, 'the same bytes as those who stayed');

    const begun = await readStream(center);
    const { data: snapshot } = await begun.next('snapshot');
    await begun.close();
    assert.deepEqual(edgesAfter([...first.events, ...second.events]), edgesAfter(begun.events));
    assert.ok(snapshot.position >= missed.at(-1)!.position);
  });

  test('an old or foreign position begins again with a snapshot', async () => {
    for (const lastEventId of ['00000000-5', 'nonsense', '-', `${'9'.repeat(400)}`]) {
      const reader = await readStream(center, { lastEventId });
      assert.equal((await reader.next('snapshot')).name, 'snapshot');
      assert.equal(reader.events[0].name, 'snapshot');
      await reader.close();
    }
  });

  test('when the center stops, the stream says goodbye', async () => {
    const reader = await readStream(center);
    await reader.next('snapshot');
    center.child.kill('SIGTERM');
    assert.match((await reader.next('bye')).data.reason, /going down/);
    await reader.close();
  });
});

const positionsOf = (reader: PushReader): number[] =>
  reader.events.flatMap(({ name, data }) => (name === 'delta' ? [(data as StreamDelta).position] : []));

/** Edge status by row after these events. */
function edgesAfter(events: PushReader['events']): Map<number, number> {
  const status = new Map<number, number>();
  for (const { name, data } of events) {
    if (name !== 'snapshot' && name !== 'delta') continue;
    if (name === 'snapshot') status.clear();
    const { edges } = data as StreamSnapshot | StreamDelta;
    if (edges) unpackEdgeStatus(edges, (row, code) => (code === 0 ? status.delete(row) : status.set(row, code)));
  }
  return new Map([...status].sort(([a], [b]) => a - b));
}

describe('hub', () => {
  const kpi = { readings_per_s: 1 } as Kpi;
  let standing: Alarm[] = [];
  let hub: Hub;
  let url: string;
  const server = createServer((incoming, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    // the address names the areas of who subscribes
    const areas = incoming.url!.split('/')[1];
    const lastEventId = incoming.headers['last-event-id'] as string | undefined;
    hub.subscribe(response, areas === 'api' ? null : areas.split(','), lastEventId);
  });
  before(async () => {
    hub = makeHub({
      snapshot: () => ({ network_version: '1', kpi, outages: [], alarms: standing, edges: '', notes: [] }),
      packEdges: () => '',
      flushMs: 1,
      ringSize: 10,
      maxBehindBytes: 200_000,
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  });
  after(() => {
    hub.close();
    server.closeAllConnections();
    server.close();
  });
  const say = async (text: string): Promise<void> => {
    const before = hub.position();
    hub.publish({ notes: [{ at: '', text }] });
    await until('it is sent', () => hub.position() > before);
  };

  test('one that does not read is closed; the others miss nothing', async () => {
    const reader = await readStream({ url, token: '' });
    await reader.next('snapshot');
    const { port } = server.address() as net.AddressInfo;
    const deaf = net.connect(port, '127.0.0.1').pause();
    deaf.on('error', () => undefined);
    deaf.write('GET /api/stream HTTP/1.1\r\nhost: x\r\n\r\n');
    await until('both are subscribed', () => hub.subscribers() === 2);
    // the kernel's buffers come first
    for (let i = 0; i < 400 && hub.subscribers() === 2; i++) await say('x'.repeat(50_000));
    assert.equal(hub.subscribers(), 1);
    await say('last');
    await reader.next('delta', ({ notes }) => notes?.[0].text === 'last');
    const positions = positionsOf(reader);
    assert.deepEqual(
      positions,
      Array.from({ length: positions.length }, (_, i) => positions[0] + i),
    );
    await reader.close();
    deaf.destroy();
  });

  test('alarms of other areas are told to nobody, by snapshot, live or afterwards; those of the whole utility to all', async () => {
    const alarm = (id: string, area_id: string | null): Alarm => ({
      ...{ id, area_id, priority: 2, state: 'unacknowledged', at: '', text: 'left a tag' },
      ...{ feeder_id: null, outage_id: null, device_id: null, acknowledged_by: null },
    });
    const idsOf = (alarms: Alarm[] | undefined): string[] => (alarms ?? []).map(({ id }) => id);
    standing = [alarm('south', 'SOUTH'), alarm('north', 'NORTH'), alarm('all', null)];
    const [north, both, whole] = await Promise.all(
      ['/NORTH', '/NORTH,SOUTH', ''].map((areas) => readStream({ url: `${url}${areas}`, token: '' })),
    );
    const expected = [
      [north, ['north', 'all']],
      [both, ['south', 'north', 'all']],
      [whole, ['south', 'north', 'all']],
    ] as const;
    for (const [reader, ids] of expected) assert.deepEqual(idsOf((await reader.next('snapshot')).data.alarms), ids);
    const seen = north.lastId();
    hub.publish({ alarms: standing });
    for (const [reader, ids] of expected) assert.deepEqual(idsOf((await reader.next('delta')).data.alarms), ids);
    const back = await readStream({ url: `${url}/NORTH`, token: '' }, { lastEventId: seen });
    assert.deepEqual(idsOf((await back.next('delta')).data.alarms), ['north', 'all']);
    standing = [];
    await Promise.all([north, both, whole, back].map((reader) => reader.close()));
  });

  test('more missed than is kept: a snapshot', async () => {
    const reader = await readStream({ url, token: '' });
    await reader.next('snapshot');
    const id = reader.lastId();
    await reader.close();
    for (let i = 0; i < 10; i++) await say(`kept ${i}`);
    const kept = await readStream({ url, token: '' }, { lastEventId: id });
    await until('ten deltas', () => kept.events.length >= 10);
    assert.equal(kept.events[0].name, 'delta');
    await kept.close();
    await say('one too many');
    const gone = await readStream({ url, token: '' }, { lastEventId: id });
    assert.equal((await gone.next('snapshot')).name, 'snapshot');
    await gone.close();
  });

  test('after the network was replaced nobody resumes, also one who had seen everything', async () => {
    const reader = await readStream({ url, token: '' });
    await reader.next('snapshot');
    const id = reader.lastId();
    await reader.close();
    hub.announceNetwork('2');
    const back = await readStream({ url, token: '' }, { lastEventId: id });
    assert.equal((await back.next('snapshot')).name, 'snapshot');
    await back.close();
  });
});
