/** Crews and switching as the frame guards them: roles, areas of responsibility, the audit, what is wrong with a request. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Crew } from '#model/api/crews.ts';
import type { StreamDelta } from '#model/api/live.ts';
import type { SearchHit } from '#model/api/network.ts';
import type { SwitchingOrder } from '#model/api/switching.ts';
import { flux, type RunningCenter, startCenter } from '../running_center.ts';
import { readStream } from './event_stream.ts';

let center: RunningCenter;
const tokens: Record<string, string> = {};
before(async () => {
  center = await startCenter({ meters: 800 });
  const accounts = [
    ['vera', 'viewer'],
    ['olga', 'operator'],
    ['nora', 'operator', '--areas', 'AREA-ELSEWHERE'],
  ];
  for (const [user, role, ...rest] of accounts) {
    await flux(['account', user, '--role', role, ...rest, '--data', center.folder]);
    tokens[user] = (await flux(['token', '--user', user, '--data', center.folder])).stdout.trim();
  }
});
after(() => center?.stop());

const as = (user: string, method: string, path: string, body?: unknown) =>
  center.call<{ error?: { code: string; message: string } }>(method, path, body, { token: tokens[user] });
const aCrew = async (): Promise<Crew> => (await center.call<Crew[]>('GET', '/api/crews')).body[0];

describe('roles and areas', () => {
  test('a viewer looks and studies, an operator acts; each act is in the audit', async () => {
    const crew = await aCrew();
    assert.equal((await as('vera', 'GET', '/api/crews')).status, 200);
    const verb = crew.status === 'off_shift' ? 'sign_on' : 'sign_off';
    const order = { verb, revision: crew.revision };
    assert.equal((await as('vera', 'POST', `/api/crews/${crew.id}/actions`, order)).body.error?.code, 'forbidden');
    assert.equal((await as('olga', 'POST', `/api/crews/${crew.id}/actions`, order)).status, 200);
    assert.equal((await as('vera', 'POST', '/api/switching/study', { steps: [] })).status, 200);
    assert.equal((await as('vera', 'POST', '/api/switching/orders', { title: 'Not mine', steps: [] })).status, 403);
  });

  test('a change of a crew is pushed to who may see it', async () => {
    const [ours, theirs] = [await readStream(center), await readStream(center, { token: tokens.nora })];
    await Promise.all([ours.next('snapshot'), theirs.next('snapshot')]);
    const crew = await aCrew();
    const verb = crew.status === 'off_shift' ? 'sign_on' : 'sign_off';
    await as('olga', 'POST', `/api/crews/${crew.id}/actions`, { verb, revision: crew.revision });
    const { data } = await ours.next('delta', ({ crews }) => (crews ?? []).length > 0);
    assert.deepEqual(data.crews, [await aCrew()]);
    await theirs.next('delta', ({ position }) => position >= data.position);
    assert.ok(theirs.events.every(({ data: one }) => !('crews' in one) || (one as StreamDelta).crews!.length === 0));
    await Promise.all([ours.close(), theirs.close()]);
  });

  test('who answers for another area sees none of ours and moves none', async () => {
    const crew = await aCrew();
    assert.deepEqual((await as('nora', 'GET', '/api/crews')).body, []);
    assert.deepEqual((await as('nora', 'GET', '/api/dispatch/plan')).body, []);
    for (const [path, body] of [
      [`/api/crews/${crew.id}/actions`, { verb: 'sign_off', revision: crew.revision }],
      [`/api/crews/${crew.id}/position`, { lon: 0, lat: 0 }],
      [`/api/crews/${crew.id}/assign`, { outage: 'OUT-1', revision: crew.revision }],
    ] as const)
      assert.equal((await as('nora', 'POST', path, body)).body.error?.code, 'foreign_area', path);
    const { body: hits } = await center.call<SearchHit[]>('GET', '/api/network/search?q=FU-&limit=1');
    const steps = [{ device_id: hits[0].id, operation: 'open' }];
    assert.equal((await as('nora', 'POST', '/api/switching/study', { steps })).body.error?.code, 'foreign_area');
    assert.equal(
      (await as('nora', 'POST', '/api/switching/orders', { title: 'Theirs', steps })).body.error?.code,
      'foreign_area',
    );
    const { body: order } = await center.call<SwitchingOrder>('POST', '/api/switching/orders', {
      title: 'Ours',
      steps,
    });
    assert.equal((await as('nora', 'GET', `/api/switching/orders/${order.id}`)).body.error?.code, 'foreign_area');
    assert.deepEqual((await as('nora', 'GET', '/api/switching/orders')).body, []);
  });

  test('what is wrong is said with a code: unknown crew, outage, device, verb', async () => {
    const crew = await aCrew();
    for (const [path, body, status, code] of [
      ['/api/crews/XX-9/actions', { verb: 'depart', revision: 1 }, 404, 'not_found'],
      [`/api/crews/${crew.id}/actions`, { verb: 'fly', revision: 1 }, 400, 'bad_request'],
      [`/api/crews/${crew.id}/actions`, { verb: 'arrive', revision: crew.revision }, 409, 'invalid_transition'],
      [`/api/crews/${crew.id}/assign`, { outage: 'OUT-9', revision: crew.revision }, 404, 'unknown_outage'],
      ['/api/switching/study', { steps: [{ device_id: 'NOPE', operation: 'open' }] }, 404, 'unknown_asset'],
      ['/api/switching/orders/999/actions', { verb: 'check', revision: 1 }, 404, 'not_found'],
    ] as const) {
      const answer = await center.call<{ error: { code: string } }>('POST', path, body);
      assert.deepEqual([answer.status, answer.body.error.code], [status, code], path);
    }
  });
});
