/** Set-aside records: found by what they are, submitted again once, dismissed with a reason; the counts stay right. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ApiError } from '#model/api/common.ts';
import type { Resubmission, SetAsideCount, SetAsideEntry } from '#model/api/pipeline.ts';
import type { Pipeline, Receipt } from '#model/api/readings.ts';
import { type RunningCenter, startCenter } from '../running_center.ts';

let center: RunningCenter;
let meter: string;
before(async () => {
  center = await startCenter({ meters: 500 });
  const { body } = await center.call<{ id: string; type: string }[]>('GET', '/api/network/search?q=M&limit=50');
  meter = body.find((hit) => hit.type === 'meter')!.id;
});
after(() => center?.stop());

const list = async (query = ''): Promise<SetAsideEntry[]> =>
  (await center.call<SetAsideEntry[]>('GET', `/api/pipeline/set-aside${query}`)).body;
const resubmit = (id: number, body: object = {}) =>
  center.call<Resubmission & ApiError>('POST', `/api/pipeline/set-aside/${id}/resubmit`, body);
const reading = (meterId: string, minute = 0) => ({
  meter_id: meterId,
  reading_time: new Date(Date.UTC(2026, 5, 1, 0, minute)).toISOString(),
  kwh: 1.5,
});
const refuse = async (records: object[], address = '/api/readings'): Promise<void> => {
  const { body } = await center.call<Receipt>('POST', address, records);
  assert.equal(body.set_aside, records.length);
};
/** received = stored + superseded + duplicate + set aside (+ pending), of every source. */
async function sources() {
  const { body } = await center.call<Pipeline>('POST', '/api/pipeline/refresh', {});
  for (const source of body.sources) assert.ok(source.balanced, JSON.stringify(source));
  return (name: string) => body.sources.find((entry) => entry.source === name);
}

describe('set-aside records', () => {
  test('tell their place, reason and remedy, and are found by source, code, state and text', async () => {
    await refuse([reading('NOBODY-1'), { ...reading(meter), kwh: 'much' }]);
    await refuse([{ meter_id: meter, event_time: '2026-06-01T00:00:00Z', type: 'yawn' }], '/api/events');
    const [newest, bad, unknown] = await list();
    assert.deepEqual([newest.kind, newest.code, newest.source], ['event', 'bad_type', 'http_events']);
    assert.deepEqual([bad.code, bad.offset, unknown.code, unknown.offset], ['bad_kwh', 1, 'unknown_meter', 0]);
    assert.match(unknown.remedy, /Import the network/);
    assert.deepEqual(
      (await list('?code=bad_kwh')).map((row) => row.id),
      [bad.id],
    );
    assert.deepEqual(
      (await list('?source=http_events')).map((row) => row.id),
      [newest.id],
    );
    assert.deepEqual(
      (await list('?text=nobody-1')).map((row) => row.id),
      [unknown.id],
    );
    assert.deepEqual(await list('?text=%25'), [], 'a percent sign is a percent sign');
    assert.deepEqual(
      (await list(`?before=${bad.id}&limit=1`)).map((row) => row.id),
      [unknown.id],
    );
    assert.deepEqual(await list('?state=dismissed'), []);
    const { body: counts } = await center.call<SetAsideCount[]>('GET', '/api/pipeline/set-aside/counts');
    assert.deepEqual(
      counts.find((row) => row.code === 'unknown_meter'),
      {
        source: 'http',
        code: 'unknown_meter',
        state: 'open',
        count: 1,
      },
    );
  });

  test('corrected, a record lands at its own source; the refusal stays counted and says what became of it', async () => {
    const [row] = await list('?code=unknown_meter');
    const { status, body } = await resubmit(row.id, { record: reading(meter) });
    assert.deepEqual([status, body.submitted, body.accepted, body.refused], [200, 1, 1, 0]);
    const after = (await list('?code=unknown_meter'))[0];
    assert.deepEqual([after.state, after.resolution], ['resubmitted', 'accepted at resubmitted, offset 0']);
    assert.ok(after.resolved_by && after.resolved_at);
    const source = await sources();
    assert.deepEqual([source('resubmitted')?.received, source('resubmitted')?.stored], [1, 1]);
    assert.equal(source('http')?.set_aside, 2);
  });

  test('what is still wrong is set aside again, as a new record', async () => {
    const [row] = await list('?code=bad_kwh');
    const { body } = await resubmit(row.id);
    assert.deepEqual([body.submitted, body.accepted, body.refused], [1, 0, 1]);
    assert.match(body.reasons[0], /finite number/);
    const [again, before] = await list('?code=bad_kwh');
    assert.deepEqual([again.source, again.state, before.state], ['resubmitted', 'open', 'resubmitted']);
    await sources();
  });

  test('an event goes on to the outages', async () => {
    const [row] = await list('?code=bad_type');
    const record = { meter_id: meter, event_time: '2026-06-01T00:00:00Z', type: 'sag' };
    assert.equal((await resubmit(row.id, { record })).body.accepted, 1);
    assert.equal((await sources())('resubmitted_events')?.stored, 1);
  });

  test('two clicks at once: one wins, the other is refused with 409, the record lands once', async () => {
    await refuse([reading('NOBODY-2')]);
    const [row] = await list('?text=NOBODY-2');
    const before = (await sources())('resubmitted')!.received;
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => resubmit(row.id, { record: reading(meter, 15) })),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409, 409, 409, 409]);
    assert.equal((await sources())('resubmitted')!.received, before + 1);
    assert.equal((await resubmit(row.id)).body.error.code, 'conflict');
    assert.equal((await resubmit(999_999)).status, 404);
  });

  test('all of a filter, and nothing else; those refused again are not tried twice', async () => {
    const many = Array.from({ length: 2300 }, (_, i) => reading('NOBODY-3', i * 15));
    await refuse(many);
    await refuse([reading('NOBODY-4')]);
    const { body } = await center.call<Resubmission>('POST', '/api/pipeline/set-aside/resubmit', { text: 'NOBODY-3' });
    assert.deepEqual([body.submitted, body.accepted, body.refused, body.more], [2300, 0, 2300, false]);
    assert.equal((await list('?text=NOBODY-4&state=open')).length, 1);
    const open = await list('?text=NOBODY-3&state=open&limit=500');
    assert.ok(open.every((row) => row.source === 'resubmitted'));
    await sources();
  });

  test('dismissed with a reason, once; what was cut can only be corrected', async () => {
    const [row] = await list('?text=NOBODY-4&state=open');
    const dismiss = (body: object) =>
      center.call<SetAsideEntry>('POST', `/api/pipeline/set-aside/${row.id}/dismiss`, body);
    assert.equal((await dismiss({ reason: '' })).status, 400);
    const { body } = await dismiss({ reason: 'a test of the head-end' });
    assert.deepEqual([body.state, body.resolution], ['dismissed', 'a test of the head-end']);
    assert.equal((await dismiss({ reason: 'again' })).status, 409);
    assert.equal((await resubmit(row.id)).status, 409);
    await refuse([{ ...reading('NOBODY-5'), note: 'x'.repeat(3000) }]);
    const [cut] = await list('?text=NOBODY-5');
    assert.match((await resubmit(cut.id)).body.error.message, /no JSON/);
    assert.equal((await list('?text=NOBODY-5'))[0].state, 'open');
    assert.equal((await resubmit(cut.id, { record: reading(meter, 30) })).body.accepted, 1);
  });

  test('a viewer sees neither records nor counts', async () => {
    for (const address of ['/api/pipeline/set-aside', '/api/pipeline/set-aside/counts', '/api/generator/jobs'])
      assert.equal((await center.call('GET', address, undefined, { token: null })).status, 401);
  });
});
