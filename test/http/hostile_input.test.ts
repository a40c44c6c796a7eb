/** What senders get wrong, by accident or on purpose: refused by record, with a code, and every record is accounted for. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { ApiError } from '#model/api/common.ts';
import type { Outage } from '#model/api/outages.ts';
import type { LatestReading, Pipeline, Receipt } from '#model/api/readings.ts';
import { type RunningCenter, startCenter } from '../running_center.ts';

let center: RunningCenter;
const meter = 'MTR-0000001';
const intervalMs = 900_000;
/** start of an interval that is over */
const past = (intervals: number): string =>
  new Date(Math.floor(Date.now() / intervalMs) * intervalMs - intervals * intervalMs).toISOString();
const good = (changes: Record<string, unknown> = {}) => ({
  meter_id: meter,
  reading_time: past(4),
  kwh: 0.5,
  ...changes,
});
const post = (address: string, body: unknown) => center.call<Receipt & ApiError>('POST', address, body);
const source = async (name: string) =>
  (await center.call<Pipeline>('GET', '/api/pipeline')).body.sources.find((row) => row.source === name);

before(async () => {
  center = await startCenter({ meters: 500 });
});
after(() => center?.stop());

describe('whole bodies', () => {
  const bodies: [string, string, number, string][] = [
    ['cut short', '[{"meter_id":', 400, 'bad_request'],
    ['nothing', '', 400, 'bad_request'],
    ['an object', '{"meter_id":"x"}', 400, 'bad_request'],
    ['NaN', '[{"kwh":NaN}]', 400, 'bad_request'],
    ['Infinity', '[{"kwh":Infinity}]', 400, 'bad_request'],
    ['a key that would change every object', '[{"__proto__":{"isAdmin":true}}]', 400, 'bad_request'],
    ['a constructor that would', '[{"constructor":{"prototype":{"isAdmin":true}}}]', 400, 'bad_request'],
    ['bytes that are no text', '[\u0000\u0001]', 400, 'bad_request'],
  ];
  for (const [what, body, status, code] of bodies)
    test(`${what}: ${status} ${code}`, async () => {
      for (const address of ['/api/readings', '/api/events']) {
        const answer = await post(address, body);
        assert.deepEqual([answer.status, answer.body.error.code], [status, code]);
        assert.ok(answer.body.error.message.length > 10 && answer.body.error.can_retry === false);
        assert.doesNotMatch(answer.body.error.message, /\/work|node_modules|\.ts:/);
      }
    });

  test('larger than 32 MiB: 413 too_large, before it is read', async () => {
    const { port } = new URL(center.url);
    const socket = net.connect(Number(port), '127.0.0.1');
    socket.write(
      `POST /api/readings HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${center.token}\r\ncontent-type: application/json\r\ncontent-length: ${33 * 1024 * 1024}\r\n\r\n[`,
    );
    let said = '';
    for await (const chunk of socket) {
      said += String(chunk);
      if (said.includes('too_large')) break;
    }
    assert.match(said, /^HTTP\/1\.1 413 /);
  });

  test('another content type: 415', async () => {
    const answer = await center.call<ApiError>('POST', '/api/readings', 'a,b', {
      headers: { 'content-type': 'text/csv' },
    });
    assert.deepEqual([answer.status, answer.body.error.code], [415, 'bad_request']);
  });

  test('a million brackets are one record set aside', async () => {
    const answer = await post('/api/readings', `[${'['.repeat(1e6)}${']'.repeat(1e6)}]`);
    assert.deepEqual([answer.status, answer.body.received, answer.body.set_aside], [200, 1, 1]);
    assert.equal(answer.body.set_aside_records[0].code, 'not_an_object');
  });

  test('an unknown address and an unknown verb: 404 with a code', async () => {
    for (const [verb, address] of [
      ['GET', '/api/nothing'],
      ['PUT', '/api/readings'],
      ['GET', '/api/../../etc/passwd'],
      ['GET', '/%2e%2e/%2e%2e/package.json'],
    ]) {
      const answer = await center.call<ApiError>(verb, address);
      assert.deepEqual([answer.status, answer.body.error.code], [404, 'not_found'], address);
    }
  });

  test('queries out of range say which field', async () => {
    for (const address of [
      '/api/network/search',
      '/api/network/search?q=a&limit=1000000',
      '/api/readings/history?meter=MTR-0000001&from=yesterday',
      '/api/readings/history?meter=MTR-0000001&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
      '/api/network/feeders?bbox=1,2,3',
      '/api/network/feeders?bbox=NaN,0,1,1',
      '/api/analytics/trend?level=planet',
      '/api/readings/latest?meter=%00',
      '/api/outages/%00',
      '/api/crews/%00',
      '/api/calls/standing?address=1%00%20Main',
    ]) {
      const answer = await center.call<ApiError>('GET', address);
      assert.deepEqual([answer.status, answer.body.error.code], [400, 'bad_request'], address);
    }
    for (const address of ['/api/network/assets/nothing', "/api/network/assets/'%3B--", '/api/outages/nothing'])
      assert.equal((await center.call<ApiError>('GET', address)).status, 404, address);
  });
});

describe('single records', () => {
  const refused: [string, unknown, string][] = [
    ['null', null, 'not_an_object'],
    ['an array', [], 'not_an_object'],
    ['no meter', good({ meter_id: undefined }), 'bad_meter_id'],
    ['a number as meter', good({ meter_id: 7 }), 'bad_meter_id'],
    ['an unknown meter', good({ meter_id: 'MTR-NOBODY' }), 'unknown_meter'],
    ['a meter called __proto__', good({ meter_id: '__proto__' }), 'unknown_meter'],
    ['a meter with a NUL', good({ meter_id: 'MTR\u0000' }), 'unknown_meter'],
    ['half a character', good({ meter_id: '\ud83d' }), 'unknown_meter'],
    ['a very long meter', good({ meter_id: 'M'.repeat(100_000) }), 'unknown_meter'],
    ['a local time', good({ reading_time: '2026-01-01T00:00:00' }), 'bad_time'],
    ['a zone that is none', good({ reading_time: '2026-01-01T00:00:00+99:99' }), 'bad_time'],
    ['a named zone', good({ reading_time: '2026-01-01T00:00:00 CST' }), 'bad_time'],
    ['a day that is none', good({ reading_time: '2026-13-01T00:00:00Z' }), 'bad_time'],
    ['the 30th of February', good({ reading_time: '2026-02-30T00:00:00Z' }), 'bad_time'],
    [
      'the future',
      good({ reading_time: new Date(Math.ceil(Date.now() / 36e5) * 36e5 + 36e5).toISOString() }),
      'future_time',
    ],
    ['the last century', good({ reading_time: '1999-12-31T00:00:00Z' }), 'bad_time'],
    ['off the quarter', good({ reading_time: '2026-01-01T00:07:00Z' }), 'unaligned_time'],
    ['no energy', good({ kwh: undefined }), 'bad_kwh'],
    ['energy as text', good({ kwh: '1' }), 'bad_kwh'],
    ['endless energy', good({ kwh: 1e300 }), 'bad_kwh'],
    ['an interval of 7 minutes', good({ interval_minutes: 7 }), 'bad_interval_minutes'],
    ['an unknown quality', good({ quality: 'perfect' }), 'bad_quality'],
    ['a quality of the prototype', good({ quality: 'constructor' }), 'bad_quality'],
    ['a voltage below zero', good({ voltage: -1 }), 'bad_voltage'],
  ];
  for (const [what, record, code] of refused)
    test(`${what}: ${code}`, async () => {
      // between two good ones: they must not suffer for it
      const { status, body } = await post('/api/readings', [good(), record, good({ reading_time: past(5) })]);
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(body.received, 3);
      assert.equal(body.accepted + body.duplicate, 2);
      assert.deepEqual(
        body.set_aside_records.map(({ index, code: why }) => [index, why]),
        [[1, code]],
      );
    });

  test('types of the prototype are no event types', async () => {
    const types = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'LAST_GASP', '', 7, null];
    const { status, body } = await post(
      '/api/events',
      types.map((type) => ({ meter_id: meter, event_time: past(0), type })),
    );
    assert.deepEqual([status, body.accepted, body.set_aside], [200, 0, types.length]);
    assert.ok(body.set_aside_records.every(({ code }) => code === 'bad_type'));
    assert.deepEqual((await center.call<Outage[]>('GET', '/api/outages?state=all')).body, []);
  });

  test('what was set aside can be read, with its reason and its content', async () => {
    await post('/api/readings', [good({ meter_id: 'MTR-LOST-AND-FOUND' })]);
    const { body } = await center.call<{ code: string; reason: string; content: string }[]>(
      'GET',
      '/api/pipeline/set-aside?limit=1',
    );
    assert.equal(body[0].code, 'unknown_meter');
    assert.match(body[0].reason, /MTR-LOST-AND-FOUND/);
    assert.equal(JSON.parse(body[0].content).meter_id, 'MTR-LOST-AND-FOUND');
  });

  test('a better quality wins, a late estimate does not', async () => {
    const reading_time = past(1);
    for (const [quality, kwh] of [
      ['actual', 2],
      ['estimated', 9],
      ['validated', 3],
      ['actual', 8],
    ] as const)
      await post('/api/readings', [good({ reading_time, quality, kwh })]);
    const { body } = await center.call<LatestReading>('GET', `/api/readings/latest?meter=${meter}`);
    assert.deepEqual([body.quality, body.kwh], ['validated', 3]);
  });
});

test('10,000 mixed records: every one is stored, superseded, duplicate or set aside', async () => {
  const before = await source('http');
  const ids = Array.from({ length: 400 }, (_, i) => `MTR-${String(i + 1).padStart(7, '0')}`);
  const makers = [
    (i: number) => good({ meter_id: ids[i % 400], reading_time: past(10 + (i % 50)), kwh: (i % 97) / 10 }),
    (i: number) => good({ meter_id: ids[i % 400], reading_time: past(10 + (i % 50)), quality: 'estimated' }),
    (i: number) => good({ meter_id: ids[i % 7], reading_time: past(10), kwh: 1 }),
    (i: number) => good({ meter_id: `GHOST-${i}` }),
    (i: number) => good({ meter_id: ids[i % 400], kwh: Number.NaN }),
    () => 'no record',
  ];
  const records = Array.from({ length: 10_000 }, (_, i) => makers[i % makers.length](i));
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, part) => post('/api/readings', records.slice(part * 500, part * 500 + 500))),
  );
  let [accepted, duplicate, setAside] = [0, 0, 0];
  for (const { status, body } of answers) {
    assert.equal(status, 200);
    assert.equal(body.received, 500);
    assert.equal(body.received, body.accepted + body.duplicate + body.set_aside);
    accepted += body.accepted;
    duplicate += body.duplicate;
    setAside += body.set_aside;
  }
  const expectedSetAside = records.filter((_, i) => i % makers.length >= 3).length;
  assert.deepEqual([accepted + duplicate, setAside], [10_000 - expectedSetAside, expectedSetAside]);

  await center.call('POST', '/api/pipeline/refresh');
  const then = (await source('http'))!;
  assert.equal(then.received - (before?.received ?? 0), 10_000);
  assert.equal(then.set_aside - (before?.set_aside ?? 0), expectedSetAside);
  assert.equal(then.pending, 0);
  assert.equal(then.received, then.stored + then.superseded + then.duplicate + then.set_aside);
  const { body: verified } = await center.call<{ differences: unknown[] }>('POST', '/api/pipeline/verify');
  assert.deepEqual(verified.differences, []);
});

test('a text no store can hold is refused before the outage is there; the next one is taken', async () => {
  const { body: hits } = await center.call<{ id: string }[]>('GET', '/api/network/search?q=FU-&limit=1');
  const place = (facts: object) =>
    center.call<ApiError & { outage: Outage }>('POST', '/api/outages', { device_id: hits[0].id, ...facts });
  for (const facts of [
    { reason: 'a \u0000 in it' },
    { reason: 'half a character \ud83d' },
    { reason: 'seen hanging', cause: 'tree\u0000' },
    { reason: 'seen hanging', more: [{ '\u0000': 1 }] },
  ]) {
    const answer = await place(facts);
    assert.deepEqual([answer.status, answer.body.error.code], [400, 'bad_request'], JSON.stringify(facts));
  }
  assert.equal((await place({ reason: 'seen hanging 🌳' })).body.outage.state, 'confirmed');
});

test('blanks are no reason, at any door that asks for one; around a reason they do not matter', async () => {
  const { body: hits } = await center.call<{ id: string }[]>('GET', '/api/network/search?q=FU-&limit=1');
  const { body: areas } = await center.call<{ area_id: string }[]>('GET', '/api/storm-mode');
  const [device_id, area] = [hits[0].id, areas[0].area_id];
  const [from, to] = [1, 2].map((hours) => new Date(Date.now() + hours * 3_600_000).toISOString());
  const doors: [string, object][] = [
    ['/api/outages', { device_id }],
    ['/api/storm-mode', { area, on: true }],
    [`/api/network/switches/${device_id}`, { operation: 'open' }],
    ['/api/planned-outages', { device_id, from, to }],
    ['/api/outages/OUT-1/etr', { source: 'operator', p50: to }],
    ['/api/etr/overrides', { zone: area, kind: 'time', restored_at: to, expires_at: to }],
    ['/api/pipeline/set-aside/1/dismiss', {}],
  ];
  for (const [address, facts] of doors)
    for (const reason of ['   ', '  ab\t\n', '\u00a0\u00a0a\u2003']) {
      const { status, body } = await post(address, { ...facts, reason });
      const expected = 'body.reason must say why: 3 characters or more, blanks around it not counted';
      assert.deepEqual([status, body.error.code, body.error.message], [400, 'bad_request', expected], address);
    }
  for (const on of [true, false])
    assert.equal((await post('/api/storm-mode', { area, on, reason: ' ice\n' })).status, 200);
  assert.equal((await post('/api/storm-mode', { area, on: true, reason: 'a b' })).status, 200);
  assert.equal((await post('/api/storm-mode', { area, on: false, reason: 'ab' })).status, 400);
});

test('after all of it nothing had to be logged as an error', () => {
  assert.doesNotMatch(center.said(), /"level":50/);
});
